"""The tenant folder: our own plain form, one file per table (Parquet, CSV or NDJSON) and `tenant.toml`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import polars as pl

from acl_graph.errors import BadInput
from acl_graph.readers.parsing.csv_rows import csv_frames
from acl_graph.readers.parsing.parquet_tables import read_parquet
from acl_graph.readers.parsing.records import misfits_into
from acl_graph.readers.parsing.sniff import JSON_ENDINGS, BadRecord, Sniffed, plain, read_json
from acl_graph.readers.tenant_folder.toml import read_toml, said_in
from acl_graph.readers.tenant_folder.uniqueness import one_of_each
from acl_graph.safe_output.csv_cells import ESCAPED, KEY, unescaped
from acl_graph.tenant.raw_export import RawExport, ReadFile
from acl_graph.tenant.schema import SOURCE, TABLES

NAME = "tenant folder"
ABOUT = "the tenant folder"
BATCH = 50_000
#: a table's file name as people and browsers vary it: grants (1).csv, grants - Copy.csv, grants_2.csv
_TABLE_NAME = re.compile(r"(?P<table>[a-z_]+?)(?P<copy>[ _-]*\(\d+\)|[ _-]+(copy.*|\d+))?(?P<ending>(\.[a-z0-9]+)*)")
#: the columns of a list of questions, which people keep beside the export
QUESTIONS = {"principal", "item"}
_UNNAMED = re.compile(r"column \(\d+\)")


def claims(file: Sniffed) -> str | None:
    """Files named after a table that have at least one of its columns, and `tenant.toml`."""
    name = file.path.name.lower().removesuffix(".gz")
    stem = name.rsplit(".", 1)[0]
    if name == "tenant.toml" and file.format in ("toml", "empty"):
        return "tenant.toml"
    if stem not in TABLES:
        return None
    known = {column.name for column in TABLES[stem].columns}
    if file.format == "empty":
        return stem
    keys = {key.strip().lower() for key in file.keys}
    if file.wrapper == "value":  # a page of a vendor's answer has keys of its own, one of ours has only columns
        keys = {str(key).strip().lower() for key in _first_inside(file)}
        return stem if keys and keys <= known | set(SOURCE) and len(file.keys) == 1 else None
    if file.format in ("csv", "json", "parquet") and known & keys:
        return stem
    if file.format == "json" and not file.keys and file.first in ([], {}):  # no rows, or a first one without a cell
        return stem
    return None


def _first_inside(file: Sniffed) -> dict[str, Any]:
    listed = file.first["value"] if isinstance(file.first, dict) else []
    return next((one for one in listed if isinstance(one, dict)), {})


def tables_of(dataset: str) -> tuple[str, ...]:
    """The table of a file."""
    return (dataset,) if dataset in TABLES else ()


def misses(file: Sniffed, mine: Sequence[tuple[Sniffed, str]], raw: RawExport) -> bool:
    """A file that is called as a table and cannot be read as one: no answer is better than one without it.

    One that has a table's columns and another name is left out, and the table is no longer complete.

    Raises
    ------
    BadInput
        It lies in an export that has tables; the message says what is wrong with it.
    """
    found = _TABLE_NAME.fullmatch(file.path.name.lower())
    if not any(dataset in TABLES for _, dataset in mine):
        return False
    if found is None or found["table"] not in TABLES:
        table = _resembled(file)
        if table:
            ending = "".join(file.path.suffixes)
            raw.damaged(
                file.relative, f"it has the columns of {table}: a file of them is called {table}{ending}", table
            )
        return bool(table)
    name = f"{found['table']}{found['ending']}"
    if found["copy"]:
        raise BadInput(
            f"{file.relative} is read by nobody: the file of a table must be called {name}. Rename it or take it away."
        )
    columns = ", ".join(column.name for column in TABLES[found["table"]].columns[:4])
    raise BadInput(f"{file.relative} {file.why or f'has none of the columns of {name} ({columns} ...)'}.")


def _resembled(file: Sniffed) -> str:
    """The table that has every column of the file, and whose key the file has, or none."""
    keys = {key.strip().lower() for key in file.keys} - set(SOURCE)
    if file.format not in ("csv", "json", "parquet") or len(keys) < 2 or keys == QUESTIONS:
        return ""
    fitting = [
        table
        for table in TABLES.values()
        if keys <= {column.name for column in table.columns} and keys >= set(table.key[:2])
    ]
    return min(fitting, key=lambda table: len(table.columns)).name if fitting else ""


def read(files: Sequence[tuple[Sniffed, str]], raw: RawExport, told: Callable[[str], None]) -> None:
    """Add every table; take name, snapshot, coverage and switches from `tenant.toml`.

    Raises
    ------
    BadInput
        A file is damaged beyond its rows, or a table lies in two folders of which only one can be meant.
    """
    one_of_each(files, raw.root)
    before = raw.snapshot
    settings = [file for file, dataset in files if dataset == "tenant.toml" and file.format == "toml"]
    escaped = {file.path.parent for file in settings if said_in(file).get(KEY) == ESCAPED}
    # the settings first: an empty table is known to be empty where they say so
    for file, dataset in sorted(files, key=lambda one: one[1] != "tenant.toml"):
        told(f"reading {file.relative}")
        if dataset == "tenant.toml":
            read_toml(file, raw)
            raw.files.append(ReadFile(file.relative, NAME, dataset, 0))
            continue
        rows = 0
        lists = {column.name for column in TABLES[dataset].columns if column.type == "list"}
        for frame in _frames(file, dataset, raw):
            _add(frame, file, dataset, raw, lists if file.path.parent in escaped else None)
            rows += frame.height
        raw.files.append(ReadFile(file.relative, NAME, dataset, rows))
    if raw.snapshot is not None and raw.snapshot is not before:
        raw.of_day(NAME, raw.snapshot, *(dataset for _, dataset in files if dataset in TABLES))


def _frames(file: Sniffed, table: str, raw: RawExport) -> Iterator[pl.DataFrame]:
    """The rows of one file, in parts where it is text; at least one frame, so that an empty table is there."""
    if file.format == "empty":
        if not file.path.name.lower().removesuffix(".gz").endswith(JSON_ENDINGS):
            raise BadInput(f"{file.relative} is empty: a table without rows has a header all the same.")
        if not (table in raw.told or "default" in raw.told) or raw.coverage.get(table, "complete") != "complete":
            why = "this file is empty: a table without rows cannot be told from a lost one"
            raw.reject(table, file.relative, None, why)
            file.unread.rest_from(1, "it is empty")
        yield TABLES[table].empty()
    elif file.format == "csv":
        yield from csv_frames(file, misfits_into(raw, table, file))
    elif file.format == "parquet":
        yield read_parquet(file, table)
    else:
        yield from _read_ndjson(file, table, raw)


def _add(frame: pl.DataFrame, file: Sniffed, table: str, raw: RawExport, escaped: set[str] | None) -> None:
    """Rows of a table; `escaped` are its list columns where the cells of a CSV are written with escapes."""
    frame = _lower(frame)
    if escaped is not None and file.format == "csv":
        frame = unescaped(frame, escaped)
    unnamed = [name for name in frame.columns if _UNNAMED.fullmatch(name) and frame[name].null_count() == frame.height]
    try:
        raw.add(NAME, table, _numbered(frame.drop(unnamed)), source=file.relative)
    except pl.exceptions.PolarsError as error:
        raise BadInput(f"{file.relative} cannot be read as a table of {table}: {plain(error)}.") from None


def _numbered(frame: pl.DataFrame) -> pl.DataFrame:
    """Rows with the number they bring or, where that is none, the one they have in the file."""
    if "source_row" not in frame.columns:
        return frame
    said = frame["source_row"].cast(pl.String, strict=False).cast(pl.Int64, strict=False).alias("said")
    own = pl.int_range(1, frame.height + 1, dtype=pl.Int64)
    return frame.with_columns(pl.when(said > 0).then(said).otherwise(own).alias("source_row"))


def _lower(frame: pl.DataFrame) -> pl.DataFrame:
    seen: set[str] = set()
    names = {}
    for column in frame.columns:
        low = column.strip().lower()
        names[column] = low if low not in seen else column
        seen.add(low)
    return frame.rename(names)


def _read_ndjson(file: Sniffed, table: str, raw: RawExport) -> Iterator[pl.DataFrame]:
    columns = {column.name: column for column in TABLES[table].columns}
    rows: list[dict[str, Any]] = []
    strangers: dict[str, None] = {}
    for number, record in read_json(file):
        if isinstance(record, BadRecord):
            raw.reject(table, file.relative, number, f"record is not readable JSON: {record.why}", value=record.start)
            continue
        row: dict[str, Any] = {"source_row": number}
        for key, value in record.items():
            low = key.strip().lower()
            if low not in columns:
                strangers[low] = None
            elif low in row:
                why = f"{low} is written twice: the first counts, this one is left out"
                raw.reject(table, file.relative, number, why, value=f"{key}: {value}", column=low, kept=True)
            else:
                try:
                    row[low] = _cell(value, as_list=columns[low].type == "list")
                except TypeError as error:
                    why = f"{low} {error}"
                    raw.reject(table, file.relative, number, why, value=str(value), column=low, kept=True)
        rows.append(row)
        if len(rows) == BATCH:
            yield _frame(rows, table)
            rows = []
    yield _frame(rows, table)
    told = set(raw.unknown_columns)
    raw.unknown_columns.extend((table, name) for name in strangers if (table, name) not in told)


def _cell(value: Any, *, as_list: bool) -> Any:
    """A JSON value as the text of a cell. Raises TypeError for what no cell can hold."""
    if value is None:
        return None
    if isinstance(value, dict) or (isinstance(value, list) and not as_list):
        raise TypeError(f"holds {'an object' if isinstance(value, dict) else 'a list'} where one value belongs")
    if isinstance(value, list):
        if any(isinstance(part, (list, dict)) for part in value):
            raise TypeError("holds lists or objects where a list of texts belongs")
        return ";".join(str(part) for part in value if part is not None)
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _frame(rows: list[dict[str, Any]], table: str) -> pl.DataFrame:
    schema = {column.name: pl.String() for column in TABLES[table].columns}
    return pl.DataFrame(rows, schema=schema | {"source_row": pl.Int64()})
