"""Bytes to records and rows: which format a file is, and what of it could not be read."""
