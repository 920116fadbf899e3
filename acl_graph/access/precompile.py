"""Compiling the fast core ahead of time: one tiny tenant through every kernel."""

from __future__ import annotations

import os

import numpy as np
import polars as pl

from acl_graph.access.api import Access
from acl_graph.access.reach import bulk_reach
from acl_graph.kernels.compiled import ALWAYS, KERNELS
from acl_graph.tenant import Tenant
from acl_graph.tenant.schema import TABLES
from acl_graph.vocabulary import Lens


def tiny_tenant() -> Tenant:
    """Two people, a group, a site under restricted discovery: enough to reach every kernel."""

    def rows(table: str, *listed: dict[str, object]) -> pl.DataFrame:
        schema = TABLES[table].schema()
        return pl.DataFrame([{name: row.get(name) for name in schema} for row in listed], schema=schema)

    tables = {name: table.empty() for name, table in TABLES.items()}
    tables["principals"] = rows(
        "principals",
        {"id": "ann", "kind": "user"},
        {"id": "ben", "kind": "user"},
        {"id": "all", "kind": "everyone_except_external"},
        {"id": "team", "kind": "security_group"},
    )
    tables["members"] = rows("members", {"group": "team", "member": "ann"})
    tables["sites"] = rows("sites", {"id": "s", "restricted_discovery": True})
    tables["scopes"] = rows("scopes", {"id": "w", "site": "s", "kind": "web"})
    tables["grants"] = rows(
        "grants",
        {"scope": "w", "principal": "team", "level": "Read"},
        {"scope": "w", "principal": "ben", "level": "Read"},
    )
    tables["items"] = rows("items", {"id": "f", "scope": "w", "site": "s", "author": "ann"})
    return Tenant(tables=tables, name="warm")


def warm() -> None:
    """Compile, or load from the cache, everything that bulk reach runs."""
    before = os.environ.get(ALWAYS)
    os.environ[ALWAYS] = "compiled"
    try:
        units = Access(tiny_tenant()).sure
        bulk_reach(units, np.ones((units.n_items, 3), np.int64), Lens.FIND)
    finally:
        if before is None:
            del os.environ[ALWAYS]
        else:
            os.environ[ALWAYS] = before


def compiling() -> bool:
    """Whether machine code is really made, and not only loaded from the cache: that is what takes seconds."""
    return any(kernel.made_anew() for kernel in KERNELS)
