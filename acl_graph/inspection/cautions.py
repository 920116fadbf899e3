"""Rows that are kept and count for less, or more, than they say: each kind with its number and its first row."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from acl_graph.access import Access
from acl_graph.access_rules.principals import OWNER, POSSIBLY, SUPPORT
from acl_graph.indexed.ids import flags
from acl_graph.indexed.indexed_tenant import KINDS, kind_code
from acl_graph.vocabulary import ENTRA_GROUP_KINDS, Kind

Bools = NDArray[np.bool_]


def cautions(access: Access) -> list[dict[str, Any]]:
    """One entry a kind: `what`, `taken` (how it is read), `rows`, and `file` and `row` of the first of them."""
    return [*_memberships(access), *_mailing_lists(access), *_levels(access), *_flags(access)]


def shown(kind: int) -> str:
    """A kind of principal with its article."""
    words = KINDS[kind].value.replace("_", " ").replace("m365", "Microsoft 365").replace("sharepoint", "SharePoint")
    return f"{'an' if words.startswith('everyone') else 'a'} {words}"


def _told(frame: pl.DataFrame, which: Bools, what: str, taken: str) -> list[dict[str, Any]]:
    at = np.flatnonzero(which)
    if not len(at):
        return []
    first = frame.row(int(at[0]), named=True)
    row = {"what": what, "taken": taken, "rows": len(at), "file": first["source_file"], "row": first["source_row"]}
    return [row]


def _memberships(access: Access) -> list[dict[str, Any]]:
    """Groups in groups that Entra or SharePoint would not let one add (P01, P03): never sure, always possible."""
    facts, frame = access.facts, access.tenant["members"]
    people = facts.people
    group, member = people.kind[facts.numbered("members", "group")], people.kind[facts.numbered("members", "member")]
    stranger = kind_code(Kind.UNRESOLVED)
    described = (group != stranger) & (member != stranger) & ~(frame["role"] == OWNER).fill_null(False).to_numpy()
    found: list[dict[str, Any]] = []
    taken = "possibly a membership, never surely"
    odd = described & (SUPPORT[group, member] == POSSIBLY)
    for outer, inner in sorted(set(zip(group[odd].tolist(), member[odd].tolist(), strict=True))):
        what = f"{shown(inner)} inside {shown(outer)}"
        found += _told(frame, odd & (group == outer) & (member == inner), what, taken)
    nested = people.are(*ENTRA_GROUP_KINDS, Kind.GROUP_OWNERS)[facts.numbered("members", "member")]
    synced = described & nested & (people.synced[facts.numbered("members", "group")] == 1)
    return found + _told(frame, synced & ~odd, "a group inside a synced group", taken)


def _mailing_lists(access: Access) -> list[dict[str, Any]]:
    """Distribution groups grant nothing wherever they stand (P05)."""
    found: list[dict[str, Any]] = []
    for table, columns in (
        ("members", ("group", "member")),
        ("grants", ("principal",)),
        ("site_admins", ("principal",)),
    ):
        frame = access.tenant[table]
        named = [access.facts.principals(frame[column]) for column in columns]
        lists = np.append(access.facts.people.are(Kind.DISTRIBUTION_GROUP), False)
        which = np.any([lists[node] for node in named], axis=0)
        found += _told(frame, which, f"a distribution group in {table}", "nothing: it is for mail only")
    return found


def _levels(access: Access) -> list[dict[str, Any]]:
    """Permission levels that nobody knows are kept by name and read as Read (L11)."""
    frame, unknown = access.tenant["grants"], access.sure.unknown_levels
    found: list[dict[str, Any]] = []
    for name in frame["level"].filter(pl.Series(unknown)).unique(maintain_order=True).head(20).to_list():
        what = "a grant without a level" if name is None else f"the level {name!r}, which nobody describes"
        found += _told(
            frame, unknown & frame["level"].eq_missing(pl.Series([name], dtype=pl.String)).to_numpy(), what, "Read"
        )
    return found


def _flags(access: Access) -> list[dict[str, Any]]:
    """Controls that are set where they do nothing (O02, O14)."""
    sites = access.tenant["sites"]
    discovery = (flags(sites["restricted_discovery"]) == 1) & (sites["kind"] == "onedrive").fill_null(False).to_numpy()
    found = _told(sites, discovery, "restricted discovery on a OneDrive", "nothing: it is not for OneDrive")
    applied = np.isin(access.facts.sites.codes(sites["id"]), list(access.sure.restricted_groups))
    idle = (flags(sites["restricted_access"]) == 1) & ~applied
    return found + _told(sites, idle, "restricted access control without a group", "not applied")


__all__ = ["cautions"]
