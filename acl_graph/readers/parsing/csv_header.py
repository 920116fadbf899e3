"""Which line of a CSV is its header: banners stand before it, and rows of data look like one to whoever only counts."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from itertools import islice

from acl_graph.tenant.schema import TABLES

DELIMITERS = (",", ";", "\t", "|")
#: lines at the beginning of a file among which the header is looked for, and rows behind it that are held against it
LINES, ROWS = 12, 12
#: names that columns of tables and exports have: a line of at least two of them is a header, whatever else may be
KNOWN = frozenset(column.name.replace("_", "") for table in TABLES.values() for column in table.columns)
#: what stands in cells and not above them: numbers, dates, GUIDs, addresses, paths
_DATA = re.compile(
    r"[-+\d.,:/ ]+|\d{4}-\d\d-\d\d.*|\{?[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}\}?|https?://.*|/.*|[^\s@]+@[^\s@]+", re.I
)


@dataclass(frozen=True)
class Header:
    """The header's line (from 0), the delimiter, the names of its columns, and whether rows behind it fit."""

    row: int
    delimiter: str
    names: tuple[str, ...]
    fits: bool

    @property
    def known(self) -> int:
        """How many of its names are columns of a table."""
        return len(KNOWN.intersection("".join(c for c in name.lower() if c.isalnum()) for name in self.names))

    @property
    def like_data(self) -> bool:
        """Whether most of its cells are what columns hold rather than what they are called."""
        return 2 * sum(bool(_DATA.fullmatch(name)) for name in self.names) >= len(self.names)


def find_header(lines: list[str]) -> Header | None:
    """The first line that rows behind it fit, else the first line that is no banner; known names before both."""
    found = [header for row in range(min(len(lines), LINES)) if (header := _header_at(lines, row)) is not None]
    named = [header for header in found if header.known >= 2 and 2 * header.known >= len(header.names)]
    plain = [header for header in found if not header.like_data] or found
    for choice in (named, [header for header in plain if header.fits]):
        if choice:
            return choice[0]
    # no row fits any of them: a banner has few cells, and rows of data with many come after their header
    return max(plain, key=lambda header: (len(header.names) > 2, -header.row), default=None)


def _header_at(lines: list[str], row: int) -> Header | None:
    line = lines[row]
    if line.startswith("#TYPE") or (line.lower().startswith("sep=") and len(line) <= 6):
        return None
    best: tuple[tuple[int, int], Header] | None = None
    for delimiter in DELIMITERS:
        try:
            cells, *after = islice(csv.reader(lines[row:], delimiter=delimiter), ROWS + 1)
        except (csv.Error, ValueError):  # a cell longer than the csv module likes: no header
            continue
        names = column_names(cells)
        own = [clean_header(cell) for cell in cells]
        if len({name for name in own if name}) < 2 or 2 * sum(map(bool, own)) < len(own):
            continue
        after = [one for one in after if one]
        fitting = sum(len(one) == len(cells) for one in after)
        fits = bool(after) and (len(after[0]) == len(cells) or 2 * fitting >= len(after))
        header = Header(row, delimiter, names, fits)
        score = (int(header.fits), len(names))
        if best is None or score > best[0]:
            best = (score, header)
    return best[1] if best else None


def clean_header(cell: str) -> str:
    """A header cell without byte order marks, literal quotes and spaces around it."""
    return cell.replace("\ufeff", "").replace("ï»¿", "").strip().strip('"').strip()


def column_names(cells: list[str]) -> tuple[str, ...]:
    """Names of columns: an empty one, or one that is taken, gets its place for a name, and so is never mixed up."""
    names: list[str] = []
    for position, cell in enumerate(cells):
        cleaned = clean_header(cell)
        taken = not cleaned or cleaned in names
        names.append(f"{cleaned or 'column'} ({position + 1})" if taken else cleaned)
    return tuple(names)


__all__ = ["Header", "clean_header", "column_names", "find_header"]
