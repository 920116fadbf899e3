"""Reports of SharePoint's admin pages and of PowerShell scripts."""
