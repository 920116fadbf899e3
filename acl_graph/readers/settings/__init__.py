"""Settings of sites and of the tenant, laid over an export."""
