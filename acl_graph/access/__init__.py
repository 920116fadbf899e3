"""Questions to a compiled tenant: check, who, what, why, and everybody's reach at once."""

from acl_graph.access.api import Access, open_export

__all__ = ["Access", "open_export"]
