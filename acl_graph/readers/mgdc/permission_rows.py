"""`SharePointPermissions_v1`: records to columns, thousands at a time, with recipients as numbers."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter
from typing import Any

import polars as pl

from acl_graph.readers.files import Sniffed, fold
from acl_graph.readers.mgdc.people import People
from acl_graph.readers.mgdc.shapes import Permission
from acl_graph.readers.mgdc.source import Reading, batches, guid, guid_cells

TEXT, WHOLE = pl.String(), pl.Int64()
KINDS = {
    "web": "web",
    "site": "web",
    "list": "list",
    "library": "list",
    "folder": "folder",
    "file": "item",
    "item": "item",
}
AUDIENCES = {
    "anyone": "anyone",
    "anonymous": "anyone",
    "organization": "organization",
    "company": "organization",
    "specificpeople": "people",
    "users": "people",
    "existingaccess": "existing",
}
#: roles that open nothing (format trap 21)
TRAVERSAL_ROLES = ("limitedaccess", "webonlylimitedaccess")
#: what makes two permission rows the same one; the link may be absent, and administrators stand apart from their web
KEY = ("site", "scope", "link_key", "role", "admin")


#: permission column -> field of the record, for those that are taken as they are
TAKEN = {
    "web": "WebId",
    "list": "ListId",
    "type": "ItemType",
    "url": "ItemURL",
    "role": "RoleDefinition",
    "link": "LinkId",
    "scope": "ScopeId",
    "link_scope": "LinkScope",
    "created": "ShareCreatedTime",
    "expires": "ShareExpirationTime",
    "snapshot": "SnapshotDate",
    "op": "Operation",
}
FIELDS = attrgetter(*TAKEN.values())
ROWS = {
    "rec": WHOLE,
    "site": TEXT,
    **dict.fromkeys(TAKEN, TEXT),
    "total": WHOLE,
    "created_by": WHOLE,
    "unsaid": WHOLE,
    "file": WHOLE,
    "source_row": WHOLE,
}
ENTRIES = {"rec": WHOLE, "ident": WHOLE, "users": WHOLE}


def read_permissions(
    files: Sequence[tuple[int, Sniffed]], people: People, reading: Reading
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(rows, recipients): a row per record, a recipient (`rec`, `ident`, `users`) per SharedWith entry."""
    rows = [pl.DataFrame(schema=ROWS)]
    entries = [pl.DataFrame(schema=ENTRIES)]
    sites: dict[str | None, str | None] = {}
    rec = 0
    for index, file in files:
        for numbers, found in batches(file, "Permissions", reading):
            for text in {one.SiteId for one in found} - sites.keys():
                sites[text] = guid(text)
            taken, told = _usable(numbers, found, sites, file.relative, reading)
            homes = [sites[one.SiteId] for one in told]
            rows.append(_columns(taken, told, homes, rec, index, file.relative, people))
            entries.append(_recipients(taken, told, homes, rec, file.relative, people))
            rec += len(told)
    return _tidied(pl.concat(rows)), pl.concat(entries)


def _usable(
    numbers: Sequence[int], found: list[Permission], sites: dict[str | None, str | None], file: str, reading: Reading
) -> tuple[Sequence[int], list[Permission]]:
    """The records that have their keys; the others are reported."""
    odd = [
        at
        for at, one in enumerate(found)
        if one.ScopeId is None or one.Operation == "Deleted" or sites[one.SiteId] is None
    ]
    lost = {at: why for at in odd if (why := _unusable(sites[found[at].SiteId], found[at]))}
    if not lost:
        return numbers, found
    for at, why in lost.items():
        reading.record("Permissions", file, numbers[at], why, found[at].ItemURL or "")
    kept = [at for at in range(len(found)) if at not in lost]
    return [numbers[at] for at in kept], [found[at] for at in kept]


def _columns(
    numbers: Sequence[int],
    told: list[Permission],
    homes: list[str | None],
    rec: int,
    index: int,
    file: str,
    people: People,
) -> pl.DataFrame:
    taken = zip(*map(FIELDS, told), strict=True) if told else [[] for _ in TAKEN]
    cells: dict[str, Any] = {"rec": range(rec, rec + len(told)), "site": homes}
    cells |= {column: list(values) for column, values in zip(TAKEN, taken, strict=True)}
    cells["total"] = [one.TotalUserCount for one in told]
    cells["created_by"] = [
        -1 if one.ShareCreatedBy is None else people.author(one.ShareCreatedBy, file, number)
        for number, one in zip(numbers, told, strict=True)
    ]
    cells["unsaid"] = [
        sum(part.Count or 0 for part in one.SharedWithCount) if one.SharedWithCount and not one.SharedWith else 0
        for one in told
    ]
    cells["file"] = [index] * len(told)
    cells["source_row"] = numbers
    return pl.DataFrame(cells, schema=ROWS)


def _recipients(
    numbers: Sequence[int], told: list[Permission], homes: list[str | None], rec: int, file: str, people: People
) -> pl.DataFrame:
    number_of = people.number
    found = [
        (at, number_of(person, home, file, number), person.UserCount)
        for at, (one, home, number) in enumerate(zip(told, homes, numbers, strict=True), rec)
        if one.SharedWith
        for person in one.SharedWith
    ]
    return pl.DataFrame(found, schema=ENTRIES, orient="row") if found else pl.DataFrame(schema=ENTRIES)


def _unusable(site: str | None, one: object) -> str | None:
    if site is None:
        return "the permission has no SiteId"
    kind = getattr(one, "ItemType", None)
    if getattr(one, "ScopeId", None) is None and fold(kind or "") != "siteadmin":
        return "the permission has no ScopeId"
    deleted = (getattr(one, "Operation", None) or "").casefold() == "deleted"
    if deleted and getattr(one, "RoleDefinition", None) is None and fold(kind or "") != "siteadmin":
        return "the deleted permission has no RoleDefinition, so it is not known which one it was"
    return None


def _tidied(rows: pl.DataFrame) -> pl.DataFrame:
    """Ids as GUIDs; `kind`, `admin`, `audience`, `link_key` and `traversal` worked out."""
    plain = pl.col("type").str.to_lowercase().str.replace_all(r"[\s_-]", "")
    link_scope = pl.col("link_scope").str.to_lowercase().str.replace_all(r"[\s_-]", "")
    role = pl.col("role").fill_null("").str.to_lowercase().str.replace_all(r"[\s_-]", "")
    ids = [guid_cells(name) for name in ("web", "list", "link", "scope")]
    rows = rows.with_columns(*ids, pl.col("link_scope").alias("link_scope_written")).with_columns(
        plain.replace_strict(KINDS, default=None, return_dtype=pl.String).alias("kind"),
        (plain == "siteadmin").fill_null(False).alias("admin"),
        pl.when(~link_scope.is_in(["", "none", "null"])).then(link_scope).alias("link_scope"),
        role.is_in(TRAVERSAL_ROLES).alias("traversal"),
    )
    # a link row without its LinkId (a column left out of the pull) still is no direct grant
    stand_in = pl.concat_str("site", pl.lit("/"), "scope", pl.lit("/link:"), "link_scope")
    return rows.with_columns(
        pl.coalesce("link", pl.when(pl.col("link_scope").is_not_null()).then(stand_in)).alias("link"),
        pl.col("link_scope").replace_strict(AUDIENCES, default=None, return_dtype=pl.String).alias("audience"),
    ).with_columns(pl.col("link").fill_null("").alias("link_key"))


def with_deleted_admins(rows: pl.DataFrame) -> pl.DataFrame:
    """Deleted rows that carry no ItemType may be an administrator's: they count for both."""
    bare = rows.filter((pl.col("op").fill_null("").str.to_lowercase() == "deleted") & pl.col("type").is_null())
    return rows if bare.is_empty() else pl.concat([rows, bare.with_columns(pl.lit(True).alias("admin"))])
