"""The tenant with every name as a number, and the way back from numbers to names that people know."""
