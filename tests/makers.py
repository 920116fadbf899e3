"""Made-up worlds as tenants of the program: what the slow truth is asked about, the program is asked about too."""

from __future__ import annotations

from pathlib import Path

from acl_graph.access import Access
from acl_graph.raw import RawExport
from acl_graph.tenant import Tenant, build
from tests.oracle import World, rows
from tests.worlds import as_frames

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
    """The world's rows, sorted out by the program as if a reader had found them."""
    raw = RawExport(Path("."), name="made up", snapshot=world.snapshot)
    raw.coverage = dict(world.coverage)
    raw.switches = dict(world.switches)
    for table, frame in as_frames(world).items():
        raw.add("made up", table, frame, source=table)
    return build(raw)


def access_to(world: World) -> Access:
    """The program, ready to be asked about a world."""
    return Access(tenant_of(world))


def things_of(world: World) -> list[str]:
    """Everything that can be asked about: items, then scopes for a plain item in each."""
    return [row["id"] for table in ("items", "scopes") for row in rows(world, table)]
