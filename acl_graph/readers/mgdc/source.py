"""The records of one file, whatever it is written as, in bounded memory; and a place for what could not be read."""

from __future__ import annotations

import gc
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import msgspec
import polars as pl
from msgspec import Struct

from acl_graph.errors import BadInput
from acl_graph.readers.mgdc.shapes import SHAPES
from acl_graph.readers.mgdc.tolerant import Lost, field_names, shaped
from acl_graph.readers.parsing.csv_rows import Misfit, csv_frames
from acl_graph.readers.parsing.row_buffer import BATCH
from acl_graph.readers.parsing.sniff import LOOK, BadRecord, Sniffed, fold, open_bytes, plain, read_json_batches
from acl_graph.tenant.raw_export import RawExport
from acl_graph.tenant.schema import REJECTED

#: cells whose loss loses grants or memberships, and not only a fact about a row
PEOPLE = ("SharedWith", "Members")
_KEY = re.compile(rb'"([A-Za-z_][\w.@]*)"\s*:')


class Reading:
    """One run over the files: how many records each held, and what could not be used, gathered cheaply."""

    def __init__(self, told: Callable[[str], None]) -> None:
        self.told = told
        self.counts: dict[str, int] = {}  #: records by file
        self.rows: list[tuple[str, str, int, str, str, str, bool]] = []

    def record(self, dataset: str, file: str, row: int, why: str, value: str = "", *, kept: bool = False) -> None:
        """A record that is left out, or one that was cut short and `kept` as far as it goes."""
        self.rows.append((dataset, file, row, "", value[:200], why, kept))

    def cells(self, dataset: str, file: str, row: int, lost: list[Lost]) -> None:
        """Cells that are not known now."""
        for field, value in lost:
            self.rows.append((dataset, file, row, field, value[:200], f"{field} cannot be read", True))

    def into(self, raw: RawExport) -> None:
        """Hand over everything gathered."""
        if self.rows:
            frame = pl.DataFrame(self.rows, schema=REJECTED, orient="row")
            raw.rejected.append(frame.sort("source_file", "source_row", maintain_order=True))
            self.rows = []


def records(file: Sniffed, dataset: str, reading: Reading) -> Iterator[tuple[int, Any]]:
    """(record number, record as its type of `SHAPES`) for each readable record of a JSON, CSV or Parquet file."""
    reading.told(f"reading {file.relative}")
    reading.counts[file.relative] = 0
    if file.format == "json":
        for number, found in _json(file, dataset, reading):
            yield from enumerate(found, number)
    elif file.format != "empty":
        yield from _rows(file, dataset, reading)


def _rows(file: Sniffed, dataset: str, reading: Reading) -> Iterator[tuple[int, Any]]:
    shape = SHAPES[dataset]
    lost: list[Lost] = []
    count = 0
    for number, row in _csv(file, dataset, reading) if file.format == "csv" else _parquet(file):
        count += 1
        record = shaped(row, shape, lost)
        _report(dataset, file, number, lost, reading)
        yield number, record
    reading.counts[file.relative] = count


def _json(file: Sniffed, dataset: str, reading: Reading) -> Iterator[tuple[int, list[Any]]]:
    """(number of the first record, records): blocks of records as they come, odd records alone."""
    shape = SHAPES[dataset]
    lost: list[Lost] = []

    def tolerant(chunk: bytes) -> Any:
        lost.clear()
        value = msgspec.json.decode(chunk)
        if not isinstance(value, dict):
            raise ValueError("is no object")
        return shaped(value, shape, lost)

    drifted, strangers = _spelling(file, shape)
    into: Any = dict[str, Any] if drifted else _loose(shape) if strangers else shape
    for number, found in read_json_batches(file, into=into, otherwise=tolerant):
        reading.counts[file.relative] = number + len(found) - 1
        if drifted:
            for at, record in enumerate(found, number):
                if isinstance(record, dict):
                    yield at, [shaped(record, shape, lost)]
                    _report(dataset, file, at, lost, reading)
        if isinstance(found[0], BadRecord):
            bad = found[0]
            reading.record(dataset, file.relative, number, f"record is not readable JSON: {bad.why}", bad.start)
        elif not drifted:
            _report(dataset, file, number, lost, reading)
            yield number, found


def _report(dataset: str, file: Sniffed, number: int, lost: list[Lost], reading: Reading) -> None:
    if lost:
        if any(field in PEOPLE for field, _ in lost):
            file.unread.record(number, "not all people in it can be read")
        reading.cells(dataset, file.relative, number, lost)
        lost.clear()


def _spelling(file: Sniffed, shape: type[Struct]) -> tuple[bool, bool]:
    """(whether keys are spelled in another case than the type's, whether there are keys it does not know)."""
    with open_bytes(file.path) as stream:
        keys = {key.decode() for key in _KEY.findall(stream.read(LOOK))}
    known = field_names(shape)
    folded = {fold(name) for name in known}
    others = keys - known
    return any(fold(key) in folded for key in others), bool(others)


@lru_cache(maxsize=32)
def _loose(shape: type[Struct]) -> type[Struct]:
    """The type with unknown keys read over: for files with columns that nobody documented."""
    return msgspec.defstruct(shape.__name__, [], bases=(shape,), forbid_unknown_fields=False, gc=False)


def _csv(file: Sniffed, dataset: str, reading: Reading) -> Iterator[tuple[int, dict[str, Any]]]:
    def misfit(row: Misfit) -> None:
        if not row.kept:
            file.unread.record(row.line, row.why)
        reading.record(dataset, file.relative, row.line, row.why, row.start, kept=row.kept)

    for frame in csv_frames(file, misfit):
        numbers = frame["source_row"].to_list()
        yield from zip(numbers, frame.drop("source_row").iter_rows(named=True), strict=True)


def _parquet(file: Sniffed) -> Iterator[tuple[int, dict[str, Any]]]:
    at = 0
    while True:
        try:
            frame = pl.scan_parquet(file.path).slice(at, BATCH).collect()
        except Exception as error:  # several kinds for damaged pages
            raise BadInput(f"{file.relative} is not a whole Parquet file ({plain(error)}).") from None
        yield from enumerate(frame.iter_rows(named=True), at + 1)
        if frame.height < BATCH:
            return
        at += BATCH


@contextmanager
def collector_paused() -> Iterator[None]:
    """No garbage collection while millions of records pass: they hold no circles, and walking them costs half again."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


#: cells that say nothing where an id should stand (format trap 8)
NO_ID = ("", "null", "none", "na", "n/a", "00000000-0000-0000-0000-000000000000")


def guid(text: str | None) -> str | None:
    """A GUID without braces and capitals; None for the spellings of nothing."""
    if text is None:
        return None
    text = text.strip(" {}\t").lower()
    return None if text in NO_ID else text


def guid_cells(column: str) -> pl.Expr:
    """The same for a column."""
    text = pl.col(column).str.strip_chars(" {}\t").str.to_lowercase()
    return pl.when(~text.is_in(NO_ID)).then(text).alias(column)


def server_path(column: pl.Expr) -> pl.Expr:
    """A server-relative path with its slash in front: without host, nothing decoded."""
    bare = column.str.replace(r"(?i)^https?://[^/]+", "").str.strip_chars("/")
    return pl.lit("/") + bare
