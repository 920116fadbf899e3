"""`SharePointPermissions_v1`: records to columns, thousands at a time, with recipients as numbers."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter

import polars as pl

from acl_graph.readers.mgdc.people import People
from acl_graph.readers.mgdc.shapes import Permission
from acl_graph.readers.mgdc.source import Reading, guid, guid_cells, records
from acl_graph.readers.parsing.row_buffer import BATCH, Columns
from acl_graph.readers.parsing.sniff import Sniffed, fold

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
    "total": "TotalUserCount",
}
FIELDS = attrgetter(*TAKEN.values())
ROWS = {
    "rec": WHOLE,
    "site": TEXT,
    **{column: WHOLE if column == "total" else TEXT for column in TAKEN},
    "created_by": WHOLE,
    "unsaid": WHOLE,
    "file": WHOLE,
    "source_row": WHOLE,
}
ENTRIES = {"rec": WHOLE, "ident": WHOLE, "users": WHOLE}


def read_permissions(
    files: Sequence[tuple[int, Sniffed]], people: People, reading: Reading
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(rows, recipients): a row per record, a recipient (`rec`, `ident`, `users`) per SharedWith entry.

    Everything about a record is done while it is fresh in the processor's cache: passing over the same records once
    for each column takes twice as long.
    """
    rows, entries = Columns(**ROWS), Columns(**ENTRIES)
    add, add_entry = rows.add, entries.add
    number_of = people.number
    sites: dict[str | None, str | None] = {None: None}
    rec = 0
    for index, file in files:
        name = file.relative
        for number, one in records(file, "Permissions", reading):
            written = one.SiteId
            if written not in sites:
                sites[written] = guid(written)
            site = sites[written]
            odd = site is None or one.ScopeId is None or one.Operation == "Deleted"
            if odd and (why := _unusable(site, one)):
                reading.record("Permissions", name, number, why, one.ItemURL or "")
                continue
            shared, creator = one.SharedWith, one.ShareCreatedBy
            unsaid = 0
            if shared:
                for person in shared:
                    add_entry((rec, number_of(person, site, name, number), person.UserCount))
            elif one.SharedWithCount:
                unsaid = sum(part.Count or 0 for part in one.SharedWithCount)
            made_by = -1 if creator is None else people.author(creator, name, number)
            add((rec, site, *FIELDS(one), made_by, unsaid, index, number))
            rec += 1
            if not rec % BATCH:
                rows.flush(1)
                entries.flush(1)
    return _tidied(rows.frame()), entries.frame()


def _unusable(site: str | None, one: Permission) -> str | None:
    if site is None:
        return "the permission has no SiteId"
    admin = fold(one.ItemType or "") == "siteadmin"
    if one.ScopeId is None and not admin:
        return "the permission has no ScopeId"
    if (one.Operation or "").casefold() == "deleted" and one.RoleDefinition is None and not admin:
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
