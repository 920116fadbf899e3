"""`SharePointGroups_v1`: groups of a site and their direct members; the hidden groups behind links kept apart."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from acl_graph.readers.identity.claims import LIMITED_ACCESS, LINK_GROUP, decode, link_of_group
from acl_graph.readers.mgdc.people import People
from acl_graph.readers.mgdc.source import Reading, guid, records
from acl_graph.readers.parsing.row_buffer import Columns
from acl_graph.readers.parsing.sniff import Sniffed

TEXT, WHOLE = pl.String(), pl.Int64()
GROUP, LINK, LIMITED = "group", "link", "limited"


def read_groups(
    files: Sequence[tuple[int, Sniffed]], people: People, reading: Reading
) -> tuple[pl.DataFrame, pl.DataFrame, bool]:
    """(groups, members, whether any record has a Members column).

    Groups: `site`, `group` (the number as text), `name`, `what` (group, link, limited), `link`, `size`, `rec`, and
    what merging needs. Members: `rec` (the group's record) and `ident` (the member's naming).
    """
    groups = Columns(
        rec=WHOLE, site=TEXT, group=TEXT, name=TEXT, what=TEXT, link=TEXT, size=WHOLE, snapshot=TEXT, op=TEXT,
        file=WHOLE, source_row=WHOLE,
    )  # fmt: skip
    members = Columns(rec=WHOLE, ident=WHOLE)
    rec, listed = 0, False
    for index, file in files:
        for number, group in records(file, "Groups", reading):
            site = guid(group.SiteId)
            if site is None or group.GroupId is None:
                why = "the group has no SiteId" if site is None else "the group has no GroupId"
                reading.record("Groups", file.relative, number, why, group.DisplayName or "")
                continue
            what, link = behind(group.DisplayName or "", group.GroupLinkId)
            listed = listed or group.Members is not None
            entries = group.Members or ()
            groups.add((
                rec, site, str(group.GroupId).strip(), group.DisplayName, what, link, len(entries), group.SnapshotDate,
                group.Operation, index, number,
            ))  # fmt: skip
            for member in entries:
                members.add((rec, people.number(member, site, file.relative, number)))
            groups.flush()
            members.flush()
            rec += 1
    return groups.frame(), members.frame(), listed


def behind(name: str, link: str | int | None) -> tuple[str, str | None]:
    """What a group is for, and the link it stands behind. `GroupLinkId` is a GUID text, whatever its documentation."""
    claim = decode(name)
    if claim.kind == LIMITED_ACCESS:
        return LIMITED, None
    told = guid(link) if isinstance(link, str) else None
    if told in (None, "0") and claim.kind == LINK_GROUP:
        named = link_of_group(name)
        told = named[2] if named else None
        return LINK, told
    return (LINK, told) if told not in (None, "0") else (GROUP, None)
