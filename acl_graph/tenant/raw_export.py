"""What a reader hands over: rows of tables as they are read, and everything the export said about itself."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from acl_graph.tenant.schema import REJECTED, TABLES
from acl_graph.tenant.validate import read_rows

#: rejected records held as tuples before they become a frame
REFUSED_BATCH = 20_000
#: coverage, from least to most
FULLER = ("absent", "partial", "complete")
TENANT_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")

#: counts an export carries about itself, to be held against our own expansion
COUNTS = {
    "what": pl.String(),  # "principal_users" or "row_users"
    "principals": pl.List(pl.String()),  # whom the count is about
    "said": pl.Int64(),
    "source_file": pl.String(),
    "source_row": pl.Int64(),
}


@dataclass(frozen=True)
class ReadFile:
    """One file of the export and what was made of it."""

    path: str
    reader: str
    dataset: str
    rows: int
    note: str = ""


@dataclass(frozen=True)
class Damage:
    """A file of which something could not be read: why, and the tables it belongs to.

    No tables: all that the file's reader brought.
    """

    file: str
    why: str
    tables: tuple[str, ...] = ()


@dataclass
class RawExport:
    """What the readers of one export found, in the order in which they found it.

    Readers only ever add. `tenant.build` sorts it out.
    """

    root: Path
    name: str | None = None
    snapshot: datetime | None = None
    #: (reader, table, frame): rows of a table, its columns of their types
    parts: list[tuple[str, str, pl.DataFrame]] = field(default_factory=list)
    #: (reader, table, column, frame): cells that fill or overrule those of rows known by `column`
    patches: list[tuple[str, str, str, pl.DataFrame]] = field(default_factory=list)
    rejected: list[pl.DataFrame] = field(default_factory=list)
    _refused: list[tuple[Any, ...]] = field(default_factory=list)
    coverage: dict[str, str] = field(default_factory=dict)
    #: keys of `coverage` that a person wrote
    told: set[str] = field(default_factory=set)
    switches: dict[str, Any] = field(default_factory=dict)
    #: sentences about what this export cannot say
    notes: list[str] = field(default_factory=list)
    #: sentence among `notes` -> the table or column that it calls missing: other files may bring it after all
    while_absent: dict[str, str] = field(default_factory=dict)
    #: column of principals -> accounts for which a list gave it; users beyond them make it partial
    listed: dict[str, frozenset[str]] = field(default_factory=dict)
    files: list[ReadFile] = field(default_factory=list)
    #: what of the files was not read; it lowers coverage whatever else was said of it
    damage: list[Damage] = field(default_factory=list)
    unknown_columns: list[tuple[str, str]] = field(default_factory=list)
    counts: list[pl.DataFrame] = field(default_factory=list)
    _counted: list[tuple[Any, ...]] = field(default_factory=list)
    #: what was read, counted before anything was merged or left out: heading -> what -> how many
    census: dict[str, dict[str, int]] = field(default_factory=dict)
    #: (reader, table) -> the day its rows describe, where the export says it
    dates: dict[tuple[str, str], datetime] = field(default_factory=dict)
    #: id of the tenant -> the first file that names it
    tenants: dict[str, str] = field(default_factory=dict)
    #: those of `tenants` that may stand side by side
    accepted_tenants: frozenset[str] = frozenset()

    def add(self, reader: str, table: str, frame: pl.DataFrame, *, source: str | None = None) -> None:
        """Rows of a table, in as many calls as the reader likes: cells get their types at once, text is not kept.

        `source` names the file where the frame has no `source_file` column of its own.
        """
        if source is not None and "source_file" not in frame.columns:
            frame = frame.with_columns(pl.lit(source).alias("source_file"))
        if source is not None and "source_row" not in frame.columns:
            frame = frame.with_row_index("source_row", offset=1)
        known = {column.name for column in TABLES[table].columns} | {"source_file", "source_row"}
        for column in frame.columns:
            if column not in known and (table, column) not in self.unknown_columns:
                self.unknown_columns.append((table, column))
        rows, unreadable = read_rows(TABLES[table], frame)
        if not unreadable.is_empty():
            self.rejected.append(unreadable)
        self.parts.append((reader, table, rows))

    def take(self, reader: str, table: str) -> list[pl.DataFrame]:
        """The rows of a table that a reader found; they are gone from here then, so as not to be held twice."""
        mine = [part for r, t, part in self.parts if (r, t) == (reader, table)]
        self.parts = [one for one in self.parts if one[:2] != (reader, table)]
        return mine

    def patch(self, reader: str, table: str, on: str, frame: pl.DataFrame) -> None:
        """Facts about rows that another file describes: every non-empty cell of `frame` counts from now on."""
        self.patches.append((reader, table, on, frame))

    def reject(
        self, table: str, file: str, row: int | None, why: str, *, value: str = "", column: str = "", kept: bool = False
    ) -> None:
        """A record that could not be used, with its reason; `kept` for a doubt about one cell of a record that was."""
        self._refused.append((table, file, row, column, value[:200], why, kept))
        if len(self._refused) == REFUSED_BATCH:
            self.settle_rejected()

    def settle_rejected(self) -> list[pl.DataFrame]:
        """Everything rejected so far, as frames of `REJECTED`: a file may consist of nothing else."""
        if self._refused:
            self.rejected.append(pl.DataFrame(self._refused, schema=REJECTED, orient="row"))
            self._refused.clear()
        return self.rejected

    def count(self, what: str, principals: list[list[str]], said: list[int], file: list[str], row: list[int]) -> None:
        """Counts that the export itself carries: lists of equal length, one entry a count."""
        self._counted.extend(zip([what] * len(said), principals, said, file, row, strict=True))

    def settle_counts(self) -> list[pl.DataFrame]:
        """All counts so far, as frames of `COUNTS`."""
        if self._counted:
            self.counts.append(pl.DataFrame(self._counted, schema=COUNTS, orient="row"))
            self._counted = []
        return self.counts

    def cover(self, entries: Mapping[str, str]) -> None:
        """Say how much of tables and columns an export holds. Of several exports the fullest counts: rows add up.

        What `tenant.toml` says is somebody's word and stays.
        """
        for key, value in entries.items():
            known = self.coverage.get(key)
            if key not in self.told and (known is None or FULLER.index(value) > FULLER.index(known)):
                self.coverage[key] = value

    def damaged(self, file: str, why: str, *tables: str) -> None:
        """Say that something of a file was not read, so that its tables are partial at best.

        This outlasts what `tenant.toml` says: its author spoke of the export and not of this copy of it.
        """
        self.damage.append(Damage(file, why, tables))

    def of_day(self, reader: str, day: datetime, *tables: str) -> None:
        """Say which day the rows of these tables describe; of several days the newest counts."""
        for table in tables:
            known = self.dates.get((reader, table))
            self.dates[reader, table] = day if known is None else max(day, known)

    def of_tenant(self, name: str, file: str) -> None:
        """Note the tenant's own id that a file carries; anything that is no GUID, or the zero GUID, says nothing."""
        low = name.strip(" {}").lower()
        if TENANT_ID.fullmatch(low) and low.strip("0-"):
            self.tenants.setdefault(low, file)

    def note(self, sentence: str, *, while_absent: str | None = None) -> None:
        """Say once what this export cannot answer; nothing where `while_absent` is covered once all files are read."""
        if sentence not in self.notes:
            self.notes.append(sentence)
            if while_absent is not None:
                self.while_absent[sentence] = while_absent
