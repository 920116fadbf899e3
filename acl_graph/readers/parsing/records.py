"""Rows of a CSV or JSON file as dictionaries, and rows of our tables on their way out: what small readers share."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import polars as pl

from acl_graph.readers.parsing.csv_rows import SOURCE_ROW, Misfit, csv_frames
from acl_graph.readers.parsing.sniff import BadRecord, Sniffed, fold, read_json
from acl_graph.tenant.raw_export import RawExport
from acl_graph.tenant.schema import FALSE, NOTHING, TABLES, TRUE

#: yes and no as PowerShell, the CLI and spreadsheets write them in other languages (format trap 6)
YES = (*TRUE, "verdadero", "vero", "verdadeiro", "sim", "waar", "sand", "sant", "prawda", "pravda", "tosi", "doğru")
NO = (*FALSE, "falso", "onwaar", "falsk", "falskt", "fałsz", "nepravda", "epätosi", "yanlış")
#: what PowerShell writes for a collection that a script did not join: the content is lost
LOST_COLLECTION = re.compile(
    r"^(System\.((Object|String|Guid)\[\]|Collections\.)|Microsoft\.SharePoint\.Client\.)", re.I
)
_VENDORS = ("System.", "Microsoft.")
_NOTHING = frozenset(NOTHING)
LONGEST_NOTHING = max(map(len, NOTHING))
#: rows held as dictionaries before they become a frame
BATCH = 20_000

Record = dict[str, Any]
#: (file, row) a fact comes from
Where = tuple[str, int]


def records(file: Sniffed, raw: RawExport, table: str) -> Iterator[tuple[int, Record]]:
    """(row, record) for each row of a CSV or object of a JSON file; keys folded (no case, spaces, punctuation).

    A row or record that cannot be read is rejected under `table`. Cells of a CSV are text or None; values of JSON are
    as they were decoded.
    """
    if file.format == "csv":
        for frame in csv_frames(file, misfits_into(raw, table, file)):
            names = [fold(name) if name != SOURCE_ROW else name for name in frame.columns]
            for name, folded in zip(frame.columns, names, strict=True):
                again = frame.columns[names.index(folded)] != name
                if again and (table, name) not in raw.unknown_columns:
                    raw.unknown_columns.append((table, name))
            kept = frame.select(frame.columns[names.index(name)] for name in dict.fromkeys(names) if name != SOURCE_ROW)
            keys = [fold(name) for name in kept.columns]
            for row, cells in zip(frame[SOURCE_ROW], kept.iter_rows(), strict=True):
                yield int(row or 0), dict(zip(keys, cells, strict=True))
        return
    for row, found in read_json(file):
        if isinstance(found, BadRecord):
            raw.reject(table, file.relative, row, f"record is not readable JSON: {found.why}", value=found.start)
            continue
        record = _first_of_each((fold(key), value) for key, value in found.items())
        if len(record) < len(found):
            for key, value in found.items():
                if record[fold(key)] is not value:
                    why = "this key is written twice: the first counts, this one is left out"
                    raw.reject(table, file.relative, row, why, value=str(value), column=key, kept=True)
        yield row, record


def _first_of_each(cells: Iterable[tuple[str, Any]]) -> Record:
    """A record of the first cell of each name: two spellings of one key fold to one name."""
    record: Record = {}
    for name, cell in cells:
        record.setdefault(name, cell)
    return record


def misfits_into(raw: RawExport, table: str, file: Sniffed) -> Callable[[Misfit], None]:
    """Rows of a CSV that cannot be used become rejected rows of `table`, and are noted as not read."""

    def misfit(row: Misfit) -> None:
        if not row.kept:
            file.unread.record(row.line, row.why)
        raw.reject(table, file.relative, row.line, row.why, value=row.start, kept=row.kept)

    return misfit


def sample(file: Sniffed) -> frozenset[str]:
    """The folded keys of the first record: of the header, of the first object, or of the first object of `value`."""
    first = file.first
    if file.wrapper == "value" and isinstance(first, dict):
        inner = next((one for one in first["value"] if isinstance(one, dict)), {})
        return frozenset(fold(key) for key in inner)
    return file.folded


def listed(value: Any) -> list[Any]:
    """The value if it is a list, else an empty one: an odd value in a record is no reason to stop."""
    return value if isinstance(value, list) else []


def objects(value: Any) -> list[dict[str, Any]]:
    """The objects of a list, whatever else is in it."""
    return [one for one in listed(value) if isinstance(one, dict)]


def mapping(value: Any) -> dict[str, Any]:
    """The value if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def words(joined: str) -> frozenset[str]:
    """The words of a text: column names are easier to read that way."""
    return frozenset(joined.split())


def text(record: Record, *names: str) -> str | None:
    """The first of these cells that says something, trimmed; spellings of nothing are None (format trap 8)."""
    for name in names:
        value = record.get(name)
        if value is None or value == "" or isinstance(value, (dict, list)):
            continue
        if type(value) is str:  # nearly always
            said = value.strip()
        else:
            said = ("true" if value else "false") if isinstance(value, bool) else str(value).strip()
        if len(said) <= LONGEST_NOTHING and said.lower() in _NOTHING:
            continue
        if said.startswith(_VENDORS) and LOST_COLLECTION.match(said):
            continue
        return said
    return None


def parts(record: Record, *names: str, joiners: str = ";,|\n") -> list[str] | None:
    """The entries of a collection cell: a JSON list or a joined text. None: not there, or lost in the export."""
    for name in names:
        value = record.get(name)
        if isinstance(value, list):
            return [str(one).strip() for one in value if str(one).strip().lower() not in NOTHING]
        if isinstance(value, str) and LOST_COLLECTION.match(value.strip()):
            return None
        if isinstance(value, str) and value.strip():
            bare = value.strip().removeprefix("{").removesuffix("}")  # Format-List and -join leave {a, b}
            split = re.split(f"[{re.escape(joiners)}]", bare)
            return [one.strip() for one in split if one.strip().lower() not in NOTHING]
    return None


def boolean(value: Any) -> bool | None:
    """Yes or no in the spellings of exports, None where it cannot be told.

    >>> boolean("WAHR"), boolean("0"), boolean("perhaps")
    (True, False, None)
    """
    if isinstance(value, bool):
        return value
    said = str(value).strip().lower() if value is not None else ""
    return True if said in YES else False if said in NO else None


def cover(raw: RawExport, entries: dict[str, str]) -> None:
    """Say how much of a table this export holds; of several exports the fullest counts."""
    raw.cover(entries)


def doubt(raw: RawExport, table: str, where: Where, column: str, value: str, why: str) -> None:
    """A cell that could be read in more than one way: the row is kept, the doubt is listed beside the rejected rows."""
    raw.reject(table, *where, why, value=value, column=column, kept=True)


class Found:
    """Rows of our tables as a reader finds them: dictionaries while there are few, then frames of text.

    A dictionary of a row takes ten times what the row takes in a frame, and exports have millions.
    """

    def __init__(self) -> None:
        self._rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self._frames: dict[str, list[pl.DataFrame]] = defaultdict(list)

    def row(self, table: str, where: Where, **cells: Any) -> None:
        """One row of `table`; cells left out are not known."""
        cells["source_file"], cells["source_row"] = where
        self.add(table, cells)

    def add(self, table: str, cells: dict[str, Any]) -> None:
        """One row of `table`, its source among the cells."""
        rows = self._rows[table]
        rows.append(cells)
        if len(rows) == BATCH:
            self._press(table)

    def _press(self, table: str) -> None:
        self._frames[table].append(as_frame(table, self._rows.pop(table, [])))

    def __contains__(self, table: str) -> bool:
        """Whether a row of this table was found."""
        return any(frame.height for frame in self._frames.get(table, [])) or bool(self._rows.get(table))

    def parts(self, table: str) -> list[pl.DataFrame]:
        """The rows of `table` so far, in parts: text columns, list columns as lists."""
        if table in self._rows or table not in self._frames:
            self._press(table)
        return self._frames[table]

    def frame(self, table: str) -> pl.DataFrame:
        """The same as one frame."""
        return pl.concat(self.parts(table), how="diagonal")

    def replace(self, table: str, parts: Iterable[pl.DataFrame]) -> None:
        """These parts instead of those found so far."""
        self._rows.pop(table, None)
        self._frames[table] = list(parts)

    def hand_over(self, raw: RawExport, reader: str, *, patches: dict[str, str] | None = None) -> None:
        """Give every table to `raw`; tables named in `patches` ({table: column}) lie over rows other files brought."""
        for table in list(dict.fromkeys([*self._frames, *self._rows])):
            on = (patches or {}).get(table)
            if on is not None:
                raw.patch(reader, table, on, self.frame(table))
            else:
                for part in self.parts(table):
                    raw.add(reader, table, part)


def as_frame(table: str, rows: Iterable[dict[str, Any]]) -> pl.DataFrame:
    """Rows as a frame of text and list columns: `RawExport.add` gives the cells their types.

    It has the columns that some row has, and all columns where there are no rows.
    """
    rows = list(rows)
    lists = {c.name for c in TABLES[table].columns if c.type == "list"}
    names = dict.fromkeys(name for row in rows for name in row) if rows else [c.name for c in TABLES[table].columns]
    columns: list[pl.Series] = []
    for name in names:
        cells = [row.get(name) for row in rows]
        if name == "source_row":
            columns.append(pl.Series(name, cells, dtype=pl.Int64))
        elif name in lists:
            columns.append(pl.Series(name, cells, dtype=pl.List(pl.String)))
        else:
            said = [cell if cell is None or type(cell) is str else _said(cell) for cell in cells]
            columns.append(pl.Series(name, said, dtype=pl.String))
    return pl.DataFrame(columns)


def _said(value: Any) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


class Rows:
    """The rows of one file, to be gone over as often as needed without holding them: each time the file is read again.

    `count` is how many there were, once all have been gone over; what cannot be read is rejected then, once.
    """

    def __init__(self, file: Sniffed, raw: RawExport, table: str) -> None:
        self.file, self.raw, self.table = file, raw, table
        self.count: int | None = None

    def __iter__(self) -> Iterator[tuple[int, Record]]:
        refusing = RawExport(self.raw.root)
        count = 0
        for found in records(self.file, refusing, self.table):
            count += 1
            yield found
        if self.count is None:  # a look at the first rows only says nothing yet
            self.raw.rejected += refusing.settle_rejected()
        self.count = count
