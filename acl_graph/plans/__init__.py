"""Which changes to make, and in which order."""
