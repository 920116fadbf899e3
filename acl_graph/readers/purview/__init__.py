"""Labels, rules for Copilot, Content Explorer and audit logs of Microsoft Purview."""
