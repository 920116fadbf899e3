"""Who can really reach it, and what to change. `import acl_graph as ag` is the whole library's front door.

Nothing heavy is imported here: a name is fetched from its room when it is first used, so that
`acl-graph --help` answers before polars, numba or networkx are even looked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_ROOMS = {
    "read": "acl_graph.readers",
    "Tenant": "acl_graph.tenant",
    "Access": "acl_graph.access",
    "open_export": "acl_graph.access",
    "audit": "acl_graph.auditing",
    "Policy": "acl_graph.exposure",
    "write_sample": "acl_graph.samples",
    "AclGraphError": "acl_graph.errors",
    "BadInput": "acl_graph.errors",
    "UnknownName": "acl_graph.errors",
}

__all__ = sorted([*_ROOMS, "__version__"])


def __getattr__(name: str) -> Any:
    """Fetch a public name from the module that owns it (PEP 562)."""
    if name not in _ROOMS:
        raise AttributeError(f"module 'acl_graph' has no attribute {name!r}")
    return getattr(import_module(_ROOMS[name]), name)


def __dir__() -> list[str]:
    return list(__all__)
