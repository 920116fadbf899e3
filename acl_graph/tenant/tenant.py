"""One tenant on one day: frozen frames, what the export covers, what was rejected, where each row came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

import polars as pl

from acl_graph.tenant.raw_export import COUNTS, Damage, RawExport, ReadFile
from acl_graph.tenant.schema import NOTHING, REJECTED, SOURCE, TABLES
from acl_graph.tenant.validate import settle, sort_out
from acl_graph.vocabulary import Cover

#: tables whose rows describe one thing each, so that two exports can complete each other
DESCRIBING = ("principals", "sites", "scopes", "libraries", "links", "items", "labels")
#: tables of who has access: what an older export says of them may have changed since
AGEING = ("members", "grants", "links", "link_users", "site_admins", "label_rights", "item_rights")
#: cells that a reader works out from paths and not from what the export says; two readers may well differ
WORKED_OUT = (("scopes", "parent"), ("links", "origin"), ("principals", "expanded"))
#: principals that may be named without a row
WELL_KNOWN = ("anonymous", "authenticated_users")
#: (table, column) pairs that name a principal
PRINCIPAL_REFERENCES = (
    ("members", "group"),
    ("members", "member"),
    ("grants", "principal"),
    ("link_users", "principal"),
    ("site_admins", "principal"),
    ("site_restricted_groups", "group"),
    ("principals", "of"),
    ("sites", "group"),
    ("sites", "related_group"),
    ("sites", "owner"),
    ("links", "created_by"),
    ("items", "author"),
    ("items", "owner"),
    ("items", "modified_by"),
    ("items", "protected_by"),
    ("label_rights", "principal"),
    ("item_rights", "principal"),
    ("copilot_dlp", "principal"),
    ("agent_users", "principal"),
    ("app_permissions", "app"),
    ("guest_expiry", "principal"),
    ("usage", "principal"),
)

#: (table, column) pairs that name a site; an export that knows only addresses may write the address there
SITE_REFERENCES = (
    ("sites", "hub"),
    ("principals", "site"),
    ("site_restricted_groups", "site"),
    ("site_admins", "site"),
    ("scopes", "site"),
    ("libraries", "site"),
    ("levels", "site"),
    ("items", "site"),
    ("guest_expiry", "site"),
)

#: two sources that disagree about a cell
CONFLICTS = {"table": pl.String(), "key": pl.String(), "column": pl.String(), "kept": pl.String(), "other": pl.String()}


@dataclass(frozen=True)
class Coverage:
    """How much of each table and column the export holds. Not known is not empty."""

    entries: Mapping[str, str] = field(default_factory=dict)
    present: frozenset[str] = frozenset()

    def table(self, name: str) -> Cover:
        """Coverage of a table: its entry, else the default entry, else complete if it is there and absent if not."""
        said = self.entries.get(name, self.entries.get("default"))
        if said is None:
            return Cover.COMPLETE if name in self.present else Cover.ABSENT
        return Cover(said)

    def complete(self, name: str) -> bool:
        """Whether the table is all there."""
        return self.table(name) is Cover.COMPLETE

    def default_holds(self, table: str, column: str) -> bool:
        """Whether an empty cell of this column surely means the default: only where somebody said "complete"."""
        for key in (f"{table}.{column}", table, "default"):
            if key in self.entries:
                return Cover(self.entries[key]) is Cover.COMPLETE
        return False

    def column_missing(self, table: str, column: str) -> bool:
        """Whether somebody said that this column is not, or not fully, in the export."""
        said = self.entries.get(f"{table}.{column}")
        return said is not None and Cover(said) is not Cover.COMPLETE

    def lacks(self, name: str | None) -> bool:
        """Whether a table, or a column written as `table.column`, is absent; None is lacking anyway."""
        if name is None:
            return True
        return self.entries.get(name) == Cover.ABSENT if "." in name else self.table(name) is Cover.ABSENT


@dataclass(frozen=True)
class Tenant:
    """One export, sorted out. Change means a new one.

    `tables` has every table of `acl_graph.tenant.schema.TABLES`, with every column, plus `source_file` and
    `source_row`.
    """

    tables: Mapping[str, pl.DataFrame]
    name: str = "tenant"
    snapshot: datetime | None = None
    coverage: Coverage = field(default_factory=Coverage)
    switches: Mapping[str, Any] = field(default_factory=dict)
    rejected: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=REJECTED))
    notes: tuple[str, ...] = ()
    files: tuple[ReadFile, ...] = ()
    unknown_columns: tuple[tuple[str, str], ...] = ()
    counts: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=COUNTS))
    conflicts: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=CONFLICTS))
    #: files of which something could not be read
    damage: tuple[Damage, ...] = ()
    #: what was read, counted before anything was merged or left out: heading -> what -> how many
    census: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    def __getitem__(self, table: str) -> pl.DataFrame:
        return self.tables[table]

    def __repr__(self) -> str:
        sizes = ", ".join(f"{name} {frame.height:,}" for name, frame in self.tables.items() if frame.height)
        return f"<Tenant {self.name!r}: {sizes or 'empty'}>"

    def switch(self, name: str, default: Any = None) -> Any:
        """A switch of `tenant.toml`; `default` where it is not known."""
        return self.switches.get(name, default)

    @cached_property
    def unresolved(self) -> pl.DataFrame:
        """Principals that are named but not described: `principal`, `named_in`, `rows`, `source_file`, `source_row`."""
        described = self["principals"].filter(pl.col("kind").is_not_null())["id"]
        named = [
            self[table]
            .select(pl.col(column).alias("principal"), *SOURCE)
            .drop_nulls("principal")
            .with_columns(pl.lit(f"{table}.{column}").alias("named_in"))
            for table, column in PRINCIPAL_REFERENCES
        ]
        exempt = self["sites"].select(pl.col("block_download_exempt").alias("principal"), *SOURCE).explode("principal")
        named.append(
            exempt.drop_nulls("principal").with_columns(pl.lit("sites.block_download_exempt").alias("named_in"))
        )
        bound = pl.DataFrame(
            {"principal": list(self.switch("onedrive_restricted_groups") or [])}, {"principal": pl.String}
        )
        settled = [pl.lit(None, dtype).alias(column) for column, dtype in SOURCE.items()]
        named.append(bound.with_columns(*settled, pl.lit("switches.onedrive_restricted_groups").alias("named_in")))
        kindless = self["principals"].filter(pl.col("kind").is_null())
        named.append(
            kindless.select(pl.col("id").alias("principal"), *SOURCE, pl.lit("principals.id").alias("named_in"))
        )
        return (
            pl.concat(named)
            .filter(~pl.col("principal").is_in(described.implode()) & ~pl.col("principal").is_in(WELL_KNOWN))
            .group_by("principal", "named_in", maintain_order=True)
            .agg(pl.len().alias("rows"), pl.col("source_file").first(), pl.col("source_row").first())
            .sort("principal", "named_in")
        )


def build(raw: RawExport) -> Tenant:
    """Sort out what the readers found: types, duplicates, several sources for one thing, overlays."""
    tables: dict[str, pl.DataFrame] = {}
    rejected = [pl.DataFrame(schema=REJECTED), *raw.settle_rejected()]
    conflicts = [pl.DataFrame(schema=CONFLICTS)]
    coverage, gaps, outgrown = of_one_day(raw)
    lowered, told, torn = as_far_as_read(raw, coverage)
    present = frozenset(name for _, name, _ in raw.parts) | frozenset(name for _, name, _, _ in raw.patches)
    for name, table in TABLES.items():
        readers = newest_first(raw, name)
        frame = table.empty()
        for reader in readers:
            kept, lost = settle(table, pl.concat(raw.take(reader, name), how="diagonal"))
            rejected.append(lost)
            if name == "principals" and (torn or reader in outgrown):  # a list of members may lack some now
                kept = kept.with_columns(pl.col("expanded").replace({True: None}))
            if frame.is_empty():
                frame = kept
            elif name in DESCRIBING:
                frame, disagree = complete(name, frame, kept)
                conflicts.append(disagree)
            else:
                frame, _ = settle(table, pl.concat([frame, kept]))
        for _, patched, on, patch in raw.patches:
            if patched == name:
                frame, lost, disagree = overlay(name, on, frame, patch)
                rejected.append(lost)
                conflicts.append(disagree)
        tables[name] = frame
    switches = by_id(tables, dict(raw.switches))
    lowered |= beyond_lists(raw, tables["principals"], lowered)
    coverage_now = Coverage(lowered, present)
    notes = [note for note in raw.notes if coverage_now.lacks(raw.while_absent.get(note))]
    return Tenant(
        tables=tables,
        name=raw.name or raw.root.resolve().name,
        snapshot=raw.snapshot,
        coverage=coverage_now,
        switches=switches,
        rejected=pl.concat(rejected),
        notes=(*notes, *gaps, *told),
        files=tuple(raw.files),
        damage=tuple(dict.fromkeys(raw.damage)),
        unknown_columns=tuple(raw.unknown_columns),
        counts=pl.concat([pl.DataFrame(schema=COUNTS), *raw.settle_counts()]),
        conflicts=pl.concat(conflicts),
        census=dict(raw.census),
    )


def newest_first(raw: RawExport, table: str) -> list[str]:
    """The readers that have rows of a table, the newest day first: of two descriptions the later one counts.

    A reader that does not say its day keeps its place behind those that do.
    """
    readers = list(dict.fromkeys(reader for reader, part_table, _ in raw.parts if part_table == table))
    days = {reader: raw.dates.get((reader, table)) for reader in readers}
    return sorted(readers, key=lambda reader: -day.timestamp() if (day := days[reader]) else 0.0)


def of_one_day(raw: RawExport) -> tuple[dict[str, str], list[str], set[str]]:
    """(coverage, notes, readers whose members are old): what a gap of more than a day between exports leaves open.

    What changed between an older export and the newest one is not known: a table of who has access that is older than
    the newest day is called partial, which widens what is possible and leaves what is sure as it was exported.
    """
    coverage = dict(raw.coverage)
    notes: list[str] = []
    outgrown: set[str] = set()
    if not raw.dates:
        return coverage, notes, outgrown
    newest = max(raw.dates.values())
    for (reader, table), day in sorted(raw.dates.items(), key=lambda one: (one[0][0], one[0][1])):
        if table not in AGEING or newest - day <= timedelta(days=1):
            continue
        if not any(r == reader and t == table and not frame.is_empty() for r, t, frame in raw.parts):
            continue
        notes.append(
            f"{table} of {reader} are of {day:%Y-%m-%d}, {(newest - day).days} days before the newest export "
            f"({newest:%Y-%m-%d}): what changed since is not known, so they count as partial."
        )
        if coverage.get(table, coverage.get("default", "complete")) == Cover.COMPLETE:
            coverage[table] = Cover.PARTIAL.value
        if table == "members":
            outgrown.add(reader)
    return coverage, notes, outgrown


def as_far_as_read(raw: RawExport, coverage: Mapping[str, str]) -> tuple[dict[str, str], list[str], bool]:
    """(coverage, notes, whether members are lost): what damaged files leave open, whoever said otherwise.

    Tables of a damaged file are partial at best, and so are their columns: an overlay cut short lacks cells of rows.
    """
    lowered = dict(coverage)
    present = {name for _, name, _ in raw.parts} | {name for _, name, _, _ in raw.patches}
    readers = {file.path: file.reader for file in raw.files}
    notes: list[str] = []
    lost: set[str] = set()
    for damage in raw.damage:
        of = damage.tables or tuple(sorted(brought_by(raw, readers.get(damage.file))))
        tail = f"; what it holds of {', '.join(of)} counts as partial" if of else ""
        notes.append(f"{damage.file} was not read completely: {damage.why}{tail}.")
        lost.update(of)
    for table in sorted(lost):
        for key in [key for key in lowered if key.startswith(f"{table}.")]:
            if lowered[key] == Cover.COMPLETE:
                lowered[key] = Cover.PARTIAL.value
        said = lowered.get(table, lowered.get("default", "complete" if table in present else "partial"))
        lowered[table] = Cover.PARTIAL.value if said == Cover.COMPLETE else said
    return lowered, list(dict.fromkeys(notes)), "members" in lost


def beyond_lists(raw: RawExport, principals: pl.DataFrame, coverage: Mapping[str, str]) -> dict[str, str]:
    """Columns that a list gave for all accounts known when it was read, and not for users that other files describe."""
    users = principals.filter(pl.col("kind") == "user")
    return {
        key: Cover.PARTIAL.value
        for key, names in raw.listed.items()
        if coverage.get(key) == Cover.COMPLETE and key not in raw.told
        if not users["id"].str.to_lowercase().is_in(list(names)).all()
    }


def brought_by(raw: RawExport, reader: str | None) -> set[str]:
    """The tables that a reader brought rows or cells of."""
    return {table for r, table, _ in raw.parts if r == reader} | {
        table for r, table, _, _ in raw.patches if r == reader
    }


def by_id(tables: dict[str, pl.DataFrame], switches: dict[str, Any]) -> dict[str, Any]:
    """Replace site addresses that stand where a site's id belongs: settings exports know no ids. Returns the switches.

    Addresses compare without case or trailing slash; one that no site of the export has stays as it is.
    """
    folded = pl.col("url").str.to_lowercase().str.strip_suffix("/")
    known = dict(tables["sites"].select(folded, "id").drop_nulls("url").unique("url", keep="first").iter_rows())
    for table, column in SITE_REFERENCES:
        frame = tables[table]
        if not frame[column].str.starts_with("http").any():
            continue
        address = pl.col(column).str.to_lowercase().str.strip_suffix("/")
        named = pl.coalesce(address.replace_strict(known, default=None, return_dtype=pl.String), pl.col(column))
        tables[table] = frame.with_columns(named.alias(column)).unique(
            list(TABLES[table].key), keep="first", maintain_order=True
        )
    allowed = switches.get("restricted_search_allowed")
    if isinstance(allowed, list):
        switches["restricted_search_allowed"] = [known.get(str(s).lower().rstrip("/"), s) for s in allowed]
    return switches


def complete(name: str, first: pl.DataFrame, second: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Two descriptions of the same things in one: the first source's cell where it has one, else the second's.

    Returns the frame and the cells on which the two disagree (`CONFLICTS`).
    """
    key = TABLES[name].key[0]
    both = first.join(second, on=key, how="left", suffix="_other", maintain_order="left")
    disagree = disagreements(name, both, "", "_other")
    merged = both.select(key if c == key else pl.col(c) if c in SOURCE else _either(name, c) for c in first.columns)
    return pl.concat([merged, second.join(first, on=key, how="anti", maintain_order="left")]), disagree


def _either(name: str, column: str) -> pl.Expr:
    """The first source's cell, else the second's. That one of them lists all members is enough to have them all."""
    first, second = pl.col(column), pl.col(f"{column}_other")
    if (name, column) == ("principals", "expanded"):
        return pl.coalesce(pl.when(first | second).then(True), first, second).alias(column)
    return pl.coalesce(first, second).alias(column)


def disagreements(name: str, both: pl.DataFrame, kept: str, other: str) -> pl.DataFrame:
    """The cells (`CONFLICTS`) on which two sources disagree; `kept` and `other` are endings of their columns' names.

    Text compares without case, addresses without a trailing slash. Cells that readers work out are not compared, and a
    list of permissions that is one file's effective one is no other opinion about its scope.
    """
    key = TABLES[name].key[0]
    found = [pl.DataFrame(schema=CONFLICTS)]
    for column in TABLES[name].columns:
        mine, theirs = f"{column.name}{kept}", f"{column.name}{other}"
        if column.name == key or (name, column.name) in WORKED_OUT or theirs not in both.columns:
            continue
        one, two = pl.col(mine), pl.col(theirs)
        if column.type in ("id", "text"):
            one, two = (cell.str.to_lowercase().str.strip_suffix("/") for cell in (one, two))
        differ = one.is_not_null() & (one != two)
        if (name, column.name) == ("items", "scope"):
            differ &= pl.col(theirs) != pl.col(key)
        found.append(
            both.filter(differ).select(
                pl.lit(name).alias("table"),
                pl.col(key).alias("key"),
                pl.lit(column.name).alias("column"),
                _shown(both, mine).alias("kept"),
                _shown(both, theirs).alias("other"),
            )
        )
    return pl.concat(found)


def _shown(frame: pl.DataFrame, column: str) -> pl.Expr:
    if isinstance(frame.schema[column], pl.List):
        return pl.col(column).list.join(";")
    return pl.col(column).cast(pl.String)


def overlay(
    name: str, on: str, frame: pl.DataFrame, patch: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Lay the known cells of `patch` over the rows with the same `on` (compared without case or trailing slash).

    A patch row that fits no row becomes a row of its own when it brings the table's key, and is rejected otherwise.
    """
    table = TABLES[name]
    key = table.key[0]
    folded = pl.col(on).str.to_lowercase().str.strip_suffix("/").alias("_on")
    if key not in patch.columns:
        patch = patch.with_columns(pl.lit(None, pl.String).alias(key))
    known = patch.with_columns(folded).join(
        frame.select(folded, pl.col(key).alias("_key")).drop_nulls("_on").unique("_on", keep="first"),
        on="_on",
        how="left",
        maintain_order="left",
    )
    patch = known.with_columns(pl.coalesce("_key", key).alias(key)).drop("_on", "_key")
    typed, lost = sort_out(table, patch)
    lost = lost.with_columns(
        pl.when(pl.col("why") == f"{key} is missing")
        .then(pl.lit(f"no {name[:-1]} of the export has this {on}"))
        .otherwise("why")
        .alias("why")
    )
    both = frame.join(typed, on=key, how="left", suffix="_over", maintain_order="left")
    merged = both.select(c if c == key or c in SOURCE else pl.coalesce(f"{c}_over", c).alias(c) for c in frame.columns)
    new = typed.join(frame, on=key, how="anti", maintain_order="left")
    return pl.concat([merged, new]), lost, disagreements(name, both, "_over", "")


__all__ = ["CONFLICTS", "NOTHING", "Coverage", "Tenant", "build"]
