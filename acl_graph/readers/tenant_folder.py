"""The tenant folder: our own plain form, one file per table (Parquet, CSV or NDJSON) and `tenant.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import polars as pl

from acl_graph.errors import BadInput
from acl_graph.inert_cells import ESCAPED, KEY, unescaped
from acl_graph.raw import RawExport, ReadFile
from acl_graph.readers.csv_files import csv_frames
from acl_graph.readers.files import BadRecord, Sniffed, plain, read_json
from acl_graph.readers.records import misfits_into
from acl_graph.switches import read_switches
from acl_graph.tables import TABLES
from acl_graph.vocabulary import Cover

NAME = "tenant folder"
ABOUT = "the tenant folder"
BATCH = 50_000


def claims(file: Sniffed) -> str | None:
    """Files named after a table that have at least one of its columns, and `tenant.toml`."""
    name = file.path.name.lower().removesuffix(".gz")
    stem = name.rsplit(".", 1)[0]
    if name == "tenant.toml":
        return "tenant.toml"
    if stem not in TABLES:
        return None
    known = {column.name for column in TABLES[stem].columns}
    if file.format == "empty":
        return stem
    if file.format in ("csv", "json", "parquet") and known & {key.strip().lower() for key in file.keys}:
        return stem
    return None


def read(files: Sequence[tuple[Sniffed, str]], raw: RawExport, told: Callable[[str], None]) -> None:
    """Add every table; take name, snapshot, coverage and switches from `tenant.toml`."""
    before = raw.snapshot
    escaped = {
        file.path.parent for file, dataset in files if dataset == "tenant.toml" and _says(file).get(KEY) == ESCAPED
    }
    for file, dataset in files:
        told(f"reading {file.relative}")
        if dataset == "tenant.toml":
            _read_toml(file, raw)
            raw.files.append(ReadFile(file.relative, NAME, dataset, 0))
            continue
        rows = 0
        lists = {column.name for column in TABLES[dataset].columns if column.type == "list"}
        for frame in _frames(file, dataset, raw):
            cells = _lower(frame)
            if file.format == "csv" and file.path.parent in escaped:
                cells = unescaped(cells, lists)
            raw.add(NAME, dataset, cells, source=file.relative)
            rows += frame.height
        raw.files.append(ReadFile(file.relative, NAME, dataset, rows))
    if raw.snapshot is not None and raw.snapshot is not before:
        raw.of_day(NAME, raw.snapshot, *(dataset for _, dataset in files if dataset in TABLES))


def _frames(file: Sniffed, table: str, raw: RawExport) -> Iterator[pl.DataFrame]:
    """The rows of one file, in parts where it is text; at least one frame, so that an empty table is there."""
    if file.format == "empty":
        yield TABLES[table].empty()
    elif file.format == "csv":
        yield from csv_frames(file, misfits_into(raw, table, file))
    elif file.format == "parquet":
        yield _read_parquet(file)
    else:
        yield from _read_ndjson(file, table, raw)


def _lower(frame: pl.DataFrame) -> pl.DataFrame:
    seen: set[str] = set()
    names = {}
    for column in frame.columns:
        low = column.strip().lower()
        names[column] = low if low not in seen else column
        seen.add(low)
    return frame.rename(names)


def _read_parquet(file: Sniffed) -> pl.DataFrame:
    try:
        return pl.read_parquet(file.path)
    except Exception as error:  # several kinds for damaged pages
        raise BadInput(f"{file.relative} is not a whole Parquet file ({plain(error)}).") from None


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
            else:
                row[low] = _cell(value, as_list=columns[low].type == "list")
        rows.append(row)
        if len(rows) == BATCH:
            yield _frame(rows, table)
            rows = []
    yield _frame(rows, table)
    raw.unknown_columns.extend((table, name) for name in strangers if (table, name) not in raw.unknown_columns)


def _cell(value: Any, *, as_list: bool) -> Any:
    if value is None:
        return None
    if as_list:
        return ";".join(str(part) for part in value) if isinstance(value, list) else str(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, dict)):
        return ";".join(str(part) for part in value)
    return str(value)


def _frame(rows: list[dict[str, Any]], table: str) -> pl.DataFrame:
    schema = {column.name: pl.String() for column in TABLES[table].columns}
    return pl.DataFrame(rows, schema=schema | {"source_row": pl.Int64()})


def _says(file: Sniffed) -> dict[str, Any]:
    try:
        with file.path.open("rb") as stream:
            return tomllib.load(stream)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadInput(f"{file.relative} is not valid TOML: {plain(error)}.") from None


def _read_toml(file: Sniffed, raw: RawExport) -> None:
    said = _says(file)
    raw.name = str(said.get("name", raw.root.name))
    raw.snapshot = _moment(said.get("snapshot"), file) or raw.snapshot
    for key, value in _flat(_table(said, "coverage", file)):
        if value not in tuple(Cover):
            raise BadInput(f"{file.relative}: coverage of {key} must be complete, partial or absent, not {value!r}.")
        table, _, column = key.partition(".")
        if table not in TABLES and table != "default":
            raw.note(f"{file.relative} speaks of the coverage of {table!r}, which is no table.")
        elif column and column not in {one.name for one in TABLES[table].columns}:
            raw.note(f"{file.relative} speaks of the coverage of {key!r}, which is no column.")
        raw.coverage[key] = value
        raw.told.add(key)
    switches, strangers = read_switches(_table(said, "switches", file), file.relative)
    raw.switches.update(switches)
    notes = said.get("notes", [])
    if not isinstance(notes, list):
        raise BadInput(f"{file.relative}: notes must be a list of texts.")
    strangers += [
        f"{file.relative}: the entry {key[:60]!r} is not known and changes nothing."
        for key in said
        if key not in ("name", "snapshot", "coverage", "switches", "notes")
    ]
    for note in [*map(str, notes), *strangers]:
        raw.note(note)


def _table(said: dict[str, Any], name: str, file: Sniffed) -> dict[str, Any]:
    found = said.get(name, {})
    if not isinstance(found, dict):
        raise BadInput(f"{file.relative}: [{name}] must be a table of names and values.")
    return found


def _moment(said: Any, file: Sniffed) -> datetime | None:
    """The day or instant the export describes, in UTC where no zone is said."""
    if said is None:
        return None
    try:
        if isinstance(said, str):
            said = datetime.fromisoformat(said)
        if not isinstance(said, datetime):
            said = datetime(said.year, said.month, said.day, tzinfo=UTC)
    except (ValueError, AttributeError):
        raise BadInput(f"{file.relative}: snapshot {str(said)[:40]!r} is not an ISO 8601 time.") from None
    moment: datetime = said
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _flat(entries: dict[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """`principals.state = "absent"` may be written quoted or as a nested table; both mean the same."""
    flat: list[tuple[str, str]] = []
    for key, value in entries.items():
        if isinstance(value, dict):
            flat += _flat(value, f"{prefix}{key}.")
        else:
            flat.append((f"{prefix}{key}", str(value).lower()))
    return flat
