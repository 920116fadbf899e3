"""Several exports of one tenant: what one names by address and another by id is one thing, and gets one name.

Only documented keys join: a site's address, a path inside its site, a SharePoint group's title inside its site. A key
that fits two things of one export joins nothing, and what is known by display name alone is never joined.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import polars as pl

from acl_graph.errors import BadInput
from acl_graph.readers.identity.site_urls import locate
from acl_graph.readers.parsing.sniff import Sniffed, fold
from acl_graph.tenant.raw_export import TENANT_ID, RawExport, ReadFile
from acl_graph.tenant.tenant import PRINCIPAL_REFERENCES, SITE_REFERENCES

#: keys under which exports write the tenant's own id
TENANT_KEYS = ("ptenant", "tenantid", "organizationid")
#: (table, column) pairs that name a scope
SCOPE_REFERENCES = (
    ("scopes", "id"),
    ("scopes", "parent"),
    ("libraries", "scope"),
    ("levels", "web"),
    ("grants", "scope"),
    ("links", "origin"),
    ("items", "scope"),
)
#: (table, column) pairs that name a SharePoint group, among others
GROUP_REFERENCES = (("principals", "id"), *PRINCIPAL_REFERENCES)
#: a scope's kind, site and path; a group's site and title
_Key = tuple[str, ...]


@dataclass
class _Names:
    """For each reader: key -> the id it uses, None where it uses several."""

    by_reader: dict[str, dict[_Key, str | None]] = field(default_factory=dict)

    def say(self, reader: str, key: _Key, name: str) -> None:
        mine = self.by_reader.setdefault(reader, {})
        mine[key] = name if mine.get(key, name) == name else None

    def renamed(self) -> dict[str, str]:
        """id -> the id to use instead: the first reader's own id, rather than one made from an address."""
        chosen: dict[_Key, str | None] = {}
        for mine in self.by_reader.values():
            for key, name in mine.items():
                known = chosen.setdefault(key, name)
                if known is not None and name is not None and "|" in known and "|" not in name:
                    chosen[key] = name
        return {
            name: known
            for mine in self.by_reader.values()
            for key, name in mine.items()
            if name is not None and (known := chosen[key]) is not None and known != name
        }


Claimed = dict[str, list[tuple[Sniffed, str]]]


def one_tenant(claimed: Claimed, raw: RawExport) -> Claimed:
    """The files of one tenant, or a refusal.

    A folder below single files is an export of its own: when one of its files names a tenant that those beside it do
    not, all of it is left out, and listed. Otherwise files of one kind that name two tenants are refused. Files of
    different kinds side by side may name two: published samples are made anonymous one by one, and a note says so.

    Raises
    ------
    BadInput
        The folder holds exports of two tenants; the message names both.
    """
    named = {file.relative: tenants_in(file) for files in claimed.values() for file, _ in files}
    beside = {tenant for relative, tenants in named.items() if "/" not in relative for tenant in tenants}
    foreign = {
        relative.split("/")[0] for relative, tenants in named.items() if "/" in relative and beside and tenants - beside
    }
    kept: Claimed = {}
    for reader, files in claimed.items():
        for file, dataset in files:
            if "/" in file.relative and file.relative.split("/")[0] in foreign:
                raw.files.append(ReadFile(file.relative, reader, dataset, 0, "of another tenant's export: left out"))
            else:
                kept.setdefault(reader, []).append((file, dataset))
    for folder in sorted(foreign):
        raw.note(f"The folder {folder} holds an export of another tenant; it was left out. Read it by itself.")
    of_kind: dict[tuple[str, str], str] = {}
    for reader, files in kept.items():
        for file, dataset in files:
            for tenant in sorted(named[file.relative]):
                raw.of_tenant(tenant, file.relative)
                known = of_kind.setdefault((reader, dataset), tenant)
                if known != tenant:
                    raise _two_tenants(raw, known, tenant)
    naming = {file.path.parent for files in kept.values() for file, _ in files if named[file.relative]}
    if len(set(of_kind.values())) > 1 and (len(naming) > 1 or len({reader for reader, _ in of_kind}) > 1):
        one, two = list(raw.tenants)[:2]
        raise _two_tenants(raw, one, two)
    if len(raw.tenants) > 1:
        raw.note("Files of different kinds name different tenants; they were taken for one tenant made anonymous.")
    raw.accepted_tenants = frozenset(raw.tenants)
    return kept


def still_one_tenant(raw: RawExport) -> None:
    """Refuse what only showed while reading: rows of a second tenant inside a file, or sites under another name.

    A tenant folder carries no tenant id. The name before `.sharepoint` is the tenant's own, though, and where none of
    the tenant folder's is one of the other exports', they are of two tenants.
    """
    ours, theirs = _hosts(raw, own=True), _hosts(raw, own=False)
    if ours and theirs and not set(ours) & set(theirs):
        (here, one), (there, two) = next(iter(ours.items())), next(iter(theirs.items()))
        raise BadInput(
            f"{raw.root} holds exports of two tenants: {here} ({one}) and {there} ({two}). Point at one of them."
        )
    for name in raw.tenants:
        if name not in raw.accepted_tenants and len(raw.tenants) > 1:
            raise _two_tenants(raw, next(other for other in raw.tenants if other != name), name)


_HOST = r"(?i)^https?://([^/.]+?)(?:-my|-admin)?\.sharepoint\."


def _hosts(raw: RawExport, *, own: bool) -> dict[str, str]:
    """Tenant name in the addresses of sites -> a file that has it: of the tenant folder, or of all other readers."""
    found: dict[str, str] = {}
    for reader, table, frame in raw.parts:
        if table == "sites" and (reader == "tenant folder") is own and {"url", "source_file"} <= set(frame.columns):
            names = frame.select(pl.col("url").str.extract(_HOST).str.to_lowercase(), "source_file").drop_nulls()
            for host, file in names.unique("url", keep="first", maintain_order=True).iter_rows():
                found.setdefault(host, file)
    return found


def _two_tenants(raw: RawExport, one: str, two: str) -> BadInput:
    here, there = raw.tenants.get(one, "?"), raw.tenants.get(two, "?")
    return BadInput(
        f"{raw.root} holds exports of two tenants: {one} ({here}) and {two} ({there}). "
        "Put each tenant into a folder of its own."
    )


def tenants_in(file: Sniffed) -> frozenset[str]:
    """The tenant ids that the first record of a file carries."""
    first = file.first if isinstance(file.first, dict) else {}
    inner = first.get("value")
    found = [
        value.strip(" {}").lower()
        for record in [first, *(inner if isinstance(inner, list) else [])[:1]]
        if isinstance(record, dict)
        for key, value in record.items()
        if fold(str(key)) in TENANT_KEYS and isinstance(value, str)
    ]
    return frozenset(name for name in found if TENANT_ID.fullmatch(name) and name.strip("0-"))


def join(raw: RawExport) -> None:
    """Give scopes, SharePoint groups and sites of later readers the ids that an earlier reader uses for them."""
    readers = list(dict.fromkeys(reader for reader, _, _ in raw.parts))
    if len(readers) < 2:
        return
    sites = _sites(raw)
    scopes, groups = _Names({reader: {} for reader in readers}), _Names({reader: {} for reader in readers})
    for reader, key, name in _shared(_scopes(raw, sites)):
        scopes.say(reader, key, name)
    for reader, key, name in _shared(_groups(raw, sites)):
        groups.say(reader, key, name)
    of_scope, of_group = scopes.renamed(), groups.renamed()
    if of_scope or of_group:
        raw.note(
            f"{len(of_scope) + len(of_group):,} scopes and SharePoint groups that one export names by address or "
            "another number were joined with those of an earlier one, by site and path or by site and title."
        )
    raw.parts = [
        (reader, table, _replaced(table, frame, of_scope, of_group, sites)) for reader, table, frame in raw.parts
    ]


def _sites(raw: RawExport) -> dict[str, str]:
    """Address -> id of every site that has an id of its own."""
    known: dict[str, str] = {}
    frames = [f for _, t, f in raw.parts if t == "sites"] + [f for _, t, _, f in raw.patches if t == "sites"]
    for frame in frames:
        if {"id", "url"} <= set(frame.columns):
            for name, url in frame.select("id", "url").drop_nulls().iter_rows():
                if not str(name).startswith(("http", "/")):
                    known.setdefault(locate(str(url))[0], str(name).strip("{} ").lower())
    return known


def _shared(keyed: list[pl.DataFrame]) -> Iterator[tuple[str, _Key, str]]:
    """(reader, key, id) for every key that more than one reader has; most of a large export has none of them."""
    if len({frame["reader"][0] for frame in keyed if frame.height}) < 2:
        return
    every = pl.concat(keyed).drop_nulls(["id", "where", "what"])
    several = every.group_by("kind", "where", "what").agg(pl.col("reader").n_unique().alias("readers"))
    wanted = several.filter(pl.col("readers") > 1)
    rows = every.join(wanted, on=["kind", "where", "what"], how="semi", nulls_equal=True, maintain_order="left")
    for reader, kind, where, what, name in rows.select("reader", "kind", "where", "what", "id").iter_rows():
        yield reader, (str(kind), where, what), name


def _keyed(reader: str, frame: pl.DataFrame, kind: pl.Expr, what: pl.Expr, sites: dict[str, str]) -> pl.DataFrame:
    address = pl.col("site").cast(pl.String).str.to_lowercase().str.strip_chars("{} ").str.strip_suffix("/")
    where = pl.coalesce(address.replace_strict(sites, default=None, return_dtype=pl.String), address)
    return frame.select(
        pl.lit(reader).alias("reader"),
        kind.cast(pl.String).alias("kind"),
        where.alias("where"),
        what.alias("what"),
        pl.col("id").cast(pl.String),
    )


def _scopes(raw: RawExport, sites: dict[str, str]) -> list[pl.DataFrame]:
    """Scopes by kind, site and path. A list and its root folder share a path: the kind keeps them apart."""
    path = pl.col("path").cast(pl.String).str.to_lowercase().str.strip_suffix("/")
    return [
        _keyed(reader, frame, pl.col("kind") if "kind" in frame.columns else pl.lit(None), path, sites)
        for reader, table, frame in raw.parts
        if table == "scopes" and {"id", "site", "path"} <= set(frame.columns)
    ]


def _groups(raw: RawExport, sites: dict[str, str]) -> list[pl.DataFrame]:
    """SharePoint groups by site and title."""
    title = pl.col("name").cast(pl.String).str.strip_chars().str.to_lowercase()
    return [
        _keyed(reader, frame.filter(pl.col("kind") == "sharepoint_group"), pl.lit("group"), title, sites)
        for reader, table, frame in raw.parts
        if table == "principals" and {"id", "kind", "name", "site"} <= set(frame.columns)
    ]


def _replaced(
    table: str, frame: pl.DataFrame, scopes: dict[str, str], groups: dict[str, str], sites: dict[str, str]
) -> pl.DataFrame:
    changes: list[pl.Expr] = []
    for references, names in ((SCOPE_REFERENCES, scopes), (GROUP_REFERENCES, groups)):
        columns = [c for t, c in references if t == table and names and frame.schema.get(c) == pl.String]
        changes += [pl.col(column).replace(names) for column in columns]
    for of, column in SITE_REFERENCES:
        if of == table and frame.schema.get(column) == pl.String and frame[column].str.starts_with("http").any():
            address = pl.col(column).str.to_lowercase().str.strip_suffix("/")
            known = address.replace_strict(sites, default=None, return_dtype=pl.String)
            changes.append(pl.coalesce(known, column).alias(column))
    return frame.with_columns(changes) if changes else frame


__all__ = ["TENANT_KEYS", "join", "one_tenant"]
