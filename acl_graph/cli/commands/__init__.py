"""The commands, one file for each panel of `acl-graph --help`."""
