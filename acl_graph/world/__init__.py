"""The compiled model that every question reads: expanded groups, distinct access control lists, gates, accounts."""
