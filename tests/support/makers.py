"""Made-up worlds as tenants of the program: what the slow truth is asked about, the program is asked about too."""

from __future__ import annotations

import polars as pl

from acl_graph.access import Access
from acl_graph.tenant import Coverage, Tenant
from acl_graph.tenant.schema import SOURCE, TABLES
from tests.support.oracle import World, rows
from tests.support.worlds import as_frames

#: every part of an answer that the slow truth gives too
FIELDS = (
    "open",
    "latent",
    "latent_by",
    "find",
    "copilot",
    "possible",
    "stopped_by",
    "stopped_by_all",
    "conditions",
)


def tenant_of(world: World) -> Tenant:
    """The world's rows as a reader would have left them: they are clean and typed, so nothing is sorted out."""
    found = as_frames(world)
    source = [pl.lit(None, dtype).alias(name) for name, dtype in SOURCE.items()]
    tables = {
        name: found[name].with_columns(source).select([*table.schema()]) if name in found else table.empty()
        for name, table in TABLES.items()
    }
    coverage = Coverage(dict(world.coverage), frozenset(found))
    return Tenant(tables, "made up", world.snapshot, coverage, dict(world.switches))


def access_to(world: World) -> Access:
    """The program, ready to be asked about a world."""
    return Access(tenant_of(world))


def things_of(world: World) -> list[str]:
    """Everything that can be asked about: items, then scopes for a plain item in each."""
    return [row["id"] for table in ("items", "scopes") for row in rows(world, table)]
