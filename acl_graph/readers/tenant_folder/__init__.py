"""Our own plain form of an export: a file for each table, and tenant.toml."""
