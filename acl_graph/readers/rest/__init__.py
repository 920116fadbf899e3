"""Saved answers of SharePoint's REST interface."""
