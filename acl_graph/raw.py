"""What a reader hands over: frames per table as they were read, and everything the export said about itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from acl_graph.tables import REJECTED, TABLES

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


@dataclass
class RawExport:
    """What the readers of one export found, in the order in which they found it.

    Readers only ever add. `tenant.build` sorts it out.
    """

    root: Path
    name: str | None = None
    snapshot: datetime | None = None
    #: (reader, table, frame): rows of a table
    parts: list[tuple[str, str, pl.DataFrame]] = field(default_factory=list)
    #: (reader, table, column, frame): cells that fill or overrule those of rows known by `column`
    patches: list[tuple[str, str, str, pl.DataFrame]] = field(default_factory=list)
    rejected: list[pl.DataFrame] = field(default_factory=list)
    coverage: dict[str, str] = field(default_factory=dict)
    switches: dict[str, Any] = field(default_factory=dict)
    #: sentences about what this export cannot say
    notes: list[str] = field(default_factory=list)
    files: list[ReadFile] = field(default_factory=list)
    unknown_columns: list[tuple[str, str]] = field(default_factory=list)
    counts: list[pl.DataFrame] = field(default_factory=list)
    #: what was read, counted before anything was merged or left out: heading -> what -> how many
    census: dict[str, dict[str, int]] = field(default_factory=dict)

    def add(self, reader: str, table: str, frame: pl.DataFrame, *, source: str | None = None) -> None:
        """Rows of a table. `source` names the file where the frame has no `source_file` column of its own."""
        if source is not None and "source_file" not in frame.columns:
            frame = frame.with_columns(pl.lit(source).alias("source_file"))
        if source is not None and "source_row" not in frame.columns:
            frame = frame.with_row_index("source_row", offset=1)
        known = {column.name for column in TABLES[table].columns} | {"source_file", "source_row"}
        for column in frame.columns:
            if column not in known and (table, column) not in self.unknown_columns:
                self.unknown_columns.append((table, column))
        self.parts.append((reader, table, frame.select([c for c in frame.columns if c in known])))

    def patch(self, reader: str, table: str, on: str, frame: pl.DataFrame) -> None:
        """Facts about rows that another file describes: every non-empty cell of `frame` counts from now on."""
        self.patches.append((reader, table, on, frame))

    def reject(self, table: str, file: str, row: int | None, why: str, *, value: str = "", column: str = "") -> None:
        """A record that could not be used, with its reason."""
        line = {
            "table": table,
            "source_file": file,
            "source_row": row,
            "column": column,
            "value": value[:200],
            "why": why,
            "row_kept": False,
        }
        self.rejected.append(pl.DataFrame([line], schema=REJECTED))

    def count(self, what: str, principals: list[list[str]], said: list[int], file: list[str], row: list[int]) -> None:
        """Counts that the export itself carries: lists of equal length, one entry a count."""
        self.counts.append(pl.DataFrame([[what] * len(said), principals, said, file, row], schema=COUNTS, orient="col"))

    def note(self, sentence: str) -> None:
        """Say once what this export cannot answer."""
        if sentence not in self.notes:
            self.notes.append(sentence)
