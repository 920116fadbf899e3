"""Counting what was read, before anything is merged or left out: for `inspect`, and to hold against other counts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import polars as pl

from acl_graph.readers.identity.claims import link_of_group
from acl_graph.readers.mgdc.people import People

Census = dict[str, dict[str, int]]
TYPE, TYPE_V2 = 0, 1  # places in a naming's key


def census_of(
    counts: dict[str, int],
    permissions: pl.DataFrame,
    recipients: pl.DataFrame,
    groups: pl.DataFrame,
    members: pl.DataFrame,
    sites: pl.DataFrame,
    people: People,
) -> Census:
    """Records by dataset, permissions by item type, link scope and role, recipients and members by type as written."""
    types = [key[TYPE] or key[TYPE_V2] or "none" for key in people.cells]
    named = recipients.with_columns(_types(recipients, types))
    found: Census = {"records": counts}
    if permissions.height:
        found["permissions by item type"] = _tally(permissions["type"])
        found["permissions by link scope"] = _tally(permissions["link_scope_written"])
        found["permissions by role"] = _tally(permissions["role"])
        found["recipients by type"] = _tally(named["type"])
        found["permissions by recipient type"] = _tally(named.unique(["rec", "type"])["type"])
    if groups.height:
        links = [link_of_group(name or "") for name in groups["name"].to_list()]
        kinds = [name.split(".")[2] for name, link in zip(groups["name"].to_list(), links, strict=True) if link]
        found["SharePoint groups"] = {
            "empty": groups.filter(pl.col("size") == 0).height,
            "behind links": len(kinds),
        }
        found["link groups by kind"] = _tally(kinds)
        found["group members by type"] = _tally(members.select(_types(members, types))["type"])
    if sites.height:
        found["sites"] = {"in the recycle bin": sites.filter(pl.col("archive") == "InRecycleBin").height}
    return found


def _types(frame: pl.DataFrame, types: Sequence[str]) -> pl.Series:
    return pl.Series("type", types, pl.String).gather(frame["ident"])


def _tally(values: pl.Series | Iterable[str | None]) -> dict[str, int]:
    counted = pl.Series("value", values, pl.String).fill_null("none").value_counts(sort=True)
    return {str(value): int(count) for value, count in counted.iter_rows()}
