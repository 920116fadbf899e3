"""What a change to permissions is, and exactly what it would do."""
