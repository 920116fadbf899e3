"""Output that is whole or absent, and names in it that act on no terminal, spreadsheet or page."""
