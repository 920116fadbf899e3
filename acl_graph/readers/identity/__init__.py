"""Who and what a row means: claims, logins, roles, addresses of sites, ids of several exports."""
