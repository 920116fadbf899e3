"""Lists of people, groups, roles, licences and segments."""
