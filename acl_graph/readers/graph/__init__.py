"""Saved answers of Microsoft Graph."""
