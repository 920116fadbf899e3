"""One tenant on one day: frozen polars frames, what the export covers, and the rows it rejected."""

from acl_graph.tenant.tenant import Coverage, Tenant

__all__ = ["Coverage", "Tenant"]
