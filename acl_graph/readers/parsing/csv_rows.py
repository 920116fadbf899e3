"""CSV in blocks: every row with the line it begins on, rows that do not fit said so, memory that does not grow.

Two parsers share the work. polars reads blocks in which every line is a record of its own and has the header's cells;
the csv module, slower and exact, reads what is left: cells with line breaks in them, rows that are too long, quotes
that nobody closed.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import IO

import numpy as np
import polars as pl

from acl_graph.errors import BadInput
from acl_graph.readers.parsing.csv_header import column_names
from acl_graph.readers.parsing.sniff import CUT_OFF, LONGEST_RECORD, Sniffed, open_watched, plain

#: text read in one go: large enough for polars to be fast, small beside what a tenant holds anyway
BLOCK = 16 << 20
#: records of the exact parser that make a frame
RECORDS = 50_000
SOURCE_ROW = "source_row"
_LONE_RETURN = re.compile(r"\r(?!\n)")
#: a record no file has, put behind the last one: when it comes back inside a cell, a quote was never closed
_END = "\x00end\x00"


@dataclass(frozen=True)
class Misfit:
    """A row that cannot be used, or (`kept`) only as far as it goes: the line it begins on, why, and how it begins."""

    line: int
    why: str
    start: str
    kept: bool = False


#: told of every row that does not fit its header
OnMisfit = Callable[[Misfit], None]


def csv_frames(file: Sniffed, misfit: OnMisfit) -> Iterator[pl.DataFrame]:
    """Frames of text columns (header cleaned) and `source_row`: the line on which the record begins, from 1.

    Empty cells are null and blank lines are no rows. A row with fewer cells than the header is kept, the others not
    known, and said; cells beyond the header are passed over where they are empty, and cost the row where they are not:
    one unquoted delimiter has shifted the others. A column `source_row` is taken as what an earlier reading said.

    Raises
    ------
    BadInput
        A cell or line is longer than 64 MB, or a compressed file is damaged.
    """
    rows = _Rows(file, misfit)
    try:
        with open_watched(file) as stream:
            yield from (_numbered(frame) for frame in rows.frames(_as_utf8(stream, file.encoding)))
    except CUT_OFF as error:
        raise BadInput(f"{file.relative} is cut off or damaged near line {rows.line:,} ({plain(error)}).") from None


def read_csv(file: Sniffed, misfit: OnMisfit = lambda row: None) -> pl.DataFrame:
    """All frames in one, for files that are known to be small."""
    frames = list(csv_frames(file, misfit))
    return pl.concat(frames)


def _numbered(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(pl.col(SOURCE_ROW).cast(pl.Int64, strict=False))


def _as_utf8(stream: IO[bytes], encoding: str) -> Iterator[bytes]:
    """Blocks of UTF-8 of about `BLOCK` bytes, whatever the file is written in."""
    blocks = iter(lambda: stream.read(BLOCK), b"")
    if encoding == "utf-8":
        yield from blocks
        return
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    yield from (decoder.decode(block).encode("utf-8", "replace") for block in blocks)
    yield decoder.decode(b"", final=True).encode("utf-8", "replace")


class _Rows:
    """One run over a file; `line` is the next line to be read."""

    def __init__(self, file: Sniffed, misfit: OnMisfit) -> None:
        self.file, self.misfit = file, misfit
        self.line = 1
        self.names: list[str] = []
        self.own_numbers = False  #: the file has a column `source_row` itself

    def frames(self, blocks: Iterator[bytes]) -> Iterator[pl.DataFrame]:
        """Read the header, then the blocks; at least one frame comes, so that the columns are known."""
        lines = _whole_lines(blocks, self.file)
        rest = self._header(lines)
        yield self._frame({name: [] for name in self.names}, [])
        for block in chain([rest], lines):
            if not block:
                continue
            if _every_line_is_whole(block):
                frame = self._fast(block)
                if frame is None:
                    yield from self._exact(iter([block]))
                else:
                    self.line += frame[0]
                    yield frame[1]
            else:  # a record goes over several lines, perhaps over several blocks: from here on all is read exactly
                yield from self._exact(chain([block], lines))
                return

    def _header(self, lines: Iterator[bytes]) -> bytes:
        """Take the names of the columns from the first block; what is left of it."""
        block = next(lines, b"").removeprefix(codecs.BOM_UTF8)
        for _ in range(self.file.header_row):
            block = block.partition(b"\n")[2]
        self.line = self.file.header_row + 1
        feed = _Feed(iter([block]))
        reader = csv.reader(feed, delimiter=self.file.delimiter)
        cells = next(reader, [])
        self.line += reader.line_num
        self.names = list(column_names(cells))
        self.own_numbers = SOURCE_ROW in self.names
        return "".join(feed.left()).encode()

    def _fast(self, block: bytes) -> tuple[int, pl.DataFrame] | None:
        """(lines, frame) of a block of one-line records; None where polars finds rows that do not fit."""
        header = self.file.delimiter.join(f"c{at}" for at in range(len(self.names))).encode() + b"\n"
        lines = block.count(b"\n") + (not block.endswith(b"\n"))
        try:
            frame = pl.read_csv(
                io.BytesIO(header + block), separator=self.file.delimiter, infer_schema=False, encoding="utf8-lossy"
            )
        except pl.exceptions.PolarsError:
            return None
        whole = frame.height == lines and frame.width == len(self.names)
        if not whole or not self._every_row_is_full(block, lines, frame):
            return None
        frame.columns = self.names
        if not self.own_numbers:
            frame = frame.with_columns(pl.int_range(self.line, self.line + lines, dtype=pl.Int64).alias(SOURCE_ROW))
        return lines, frame.filter(~pl.all_horizontal(pl.col(self.names).is_null()))

    def _every_row_is_full(self, block: bytes, lines: int, frame: pl.DataFrame) -> bool:
        """Whether no row can have fewer cells than the header: polars fills them up without a word."""
        if b'"' in block:  # delimiters may stand inside cells: a last cell says that those before it are there
            return not frame[:, -1].null_count()
        return block.count(self.file.delimiter.encode()) == lines * (len(self.names) - 1)

    def _exact(self, blocks: Iterator[bytes]) -> Iterator[pl.DataFrame]:
        """The same by the csv module, record by record."""
        columns: list[list[str | None]] = [[] for _ in self.names]
        numbers: list[int] = []
        width = len(self.names)
        for line, cells in self._records(blocks):
            if len(cells) > width and any(cells[width:]):
                why = f"has {len(cells)} cells where the header has {width}: is a {self.file.delimiter!r} not quoted?"
                self.misfit(Misfit(line, why, self.file.delimiter.join(cells)[:200]))
                continue
            if not any(cells):
                continue
            if len(cells) < width:
                why = f"has {len(cells)} cells where the header has {width}: the others are not known"
                self.misfit(Misfit(line, why, self.file.delimiter.join(cells)[:200], kept=True))
            for position, column in enumerate(columns):
                column.append((cells[position] or None) if position < len(cells) else None)
            numbers.append(line)
            if len(numbers) == RECORDS:
                yield self._frame(dict(zip(self.names, columns, strict=True)), numbers)
                columns, numbers = [[] for _ in self.names], []
        if numbers:
            yield self._frame(dict(zip(self.names, columns, strict=True)), numbers)

    def _frame(self, columns: dict[str, list[str | None]], numbers: list[int]) -> pl.DataFrame:
        frame = pl.DataFrame(columns, schema=dict.fromkeys(self.names, pl.String()))
        if not self.own_numbers:
            frame = frame.with_columns(pl.Series(SOURCE_ROW, numbers, dtype=pl.Int64))
        return frame

    def _records(self, blocks: Iterator[bytes]) -> Iterator[tuple[int, list[str]]]:
        """(line, cells) of each record. A quote that is never closed costs its own line and not those behind it."""
        feed = _Feed(blocks)
        csv.field_size_limit(LONGEST_RECORD)
        while True:
            begin, reader = self.line, csv.reader(feed, delimiter=self.file.delimiter)
            try:
                for cells in reader:
                    line, self.line = self.line, begin + reader.line_num
                    taken = feed.taken()
                    if cells == [_END]:
                        return
                    if len(taken) > 1 and (_END in cells[-1] or self._swallows_rows(taken)):
                        self._unclosed(line, taken)
                        feed.give_back(taken[1:])
                        self.line = line + 1
                        break
                    yield line, cells
                else:
                    return
            except csv.Error:  # a cell that goes on and on: a quote was not closed
                taken = feed.taken()
                self._unclosed(self.line, taken)
                feed.give_back(taken[1:])
                self.line += 1

    def _swallows_rows(self, lines: list[str]) -> bool:
        """Whether lines inside one quoted cell look like rows themselves: as many cells as the header, two at least."""
        inner = lines[1:-1]
        return (
            bool(inner)
            and len(self.names) > 1
            and all(len(cells) == len(self.names) for cells in csv.reader(inner, delimiter=self.file.delimiter))
        )

    def _unclosed(self, line: int, lines: list[str]) -> None:
        self.misfit(
            Misfit(line, "opens a quote that is not closed on this line, nor before rows begin again", lines[0][:200])
        )


class _Feed:
    """Lines of text out of blocks of whole lines, with a record of our own behind the last.

    Remembers the lines of the record being read. A carriage return that ends no line is read as a space: the csv module
    takes it for the end of one.
    """

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._lines = chain(chain.from_iterable(map(_lines, blocks)), ["\n", f"{_END}\n"])
        self._taken: list[str] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self._taken.append(line)
        return line

    def taken(self) -> list[str]:
        """The lines since the last call."""
        taken, self._taken = self._taken, []
        return taken

    def give_back(self, lines: list[str]) -> None:
        """Lines to be read again, next."""
        self._lines = chain(lines, self._lines)

    def left(self) -> list[str]:
        """All lines not yet read, without the record behind the last."""
        return list(self._lines)[:-2]


def _lines(block: bytes) -> list[str]:
    text = _LONE_RETURN.sub(" ", block.decode("utf-8", "replace"))
    lines = text.split("\n")
    last = lines.pop()
    return [f"{line}\n" for line in lines] + ([last] if last else [])


def _whole_lines(blocks: Iterator[bytes], file: Sniffed) -> Iterator[bytes]:
    """The same bytes in blocks that end where a line ends."""
    begun: list[bytes] = []
    for block in blocks:
        head, end, tail = block.rpartition(b"\n")
        if end:
            yield b"".join([*begun, head, end])
            begun = []
        begun.append(tail)
        if sum(map(len, begun)) > LONGEST_RECORD:
            raise BadInput(f"{file.relative}: a line is longer than {LONGEST_RECORD >> 20} MB; refused.")
    if any(begun):
        yield b"".join(begun)


def _every_line_is_whole(block: bytes) -> bool:
    """Whether no quoted cell goes over the end of a line: an even number of quotes on each."""
    if b'"' not in block:
        return True
    characters = np.frombuffer(block, np.uint8)
    quotes, ends = np.flatnonzero(characters == 0x22), np.flatnonzero(characters == 0x0A)
    return len(quotes) % 2 == 0 and not (np.searchsorted(quotes, ends) & 1).any()
