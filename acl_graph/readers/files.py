"""Looking at files before reading them: format, encoding, delimiter, keys - and bounded ways to read rows.

No reader trusts a file name. A file is sniffed once; readers choose by what the sniff saw.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import json
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import IO, Any, Literal, cast

import msgspec
import polars as pl

from acl_graph.errors import BadInput

Format = Literal["json", "csv", "parquet", "toml", "empty", "unknown"]

#: one JSON record or CSV line longer than this is refused: real records are thousands of times smaller
LONGEST_RECORD = 64 * 1024 * 1024
#: how much of a file the sniff looks at
LOOK = 256 * 1024
#: how deep a JSON value may nest
DEEPEST = 200
#: a .gz that unpacks to more than this many times its size is refused
GZIP_RATIO = 200
CHUNK = 1 << 20
#: lines of JSON decoded in one go: few enough that their objects are still in the processor's cache when they are used
BLOCK = 1 << 16
#: what reading a damaged or shortened .gz raises
CUT_OFF = (EOFError, gzip.BadGzipFile, zlib.error)
SKIPPED_NAMES = ("_success", "_started", "_committed", "expected.toml", "desktop.ini", "thumbs.db")
SKIPPED_FOLDERS = ("metadata", "__macosx", "_delta_log", ".git")


@dataclass(frozen=True)
class Sniffed:
    """What a first look at a file showed. `keys` are column names or the keys of the first JSON object, as written."""

    path: Path
    relative: str
    format: Format
    keys: tuple[str, ...] = ()
    encoding: str = "utf-8"
    delimiter: str = ","
    header_row: int = 0  #: CSV: lines before the header (a #TYPE line, a banner)
    wrapper: Literal["", "array", "value"] = ""  #: JSON: one array, or an object with a `value` array
    first: Any = None  #: JSON: the first object, where it could be decoded from the look alone
    why: str = ""  #: why the format is unknown

    @property
    def folded(self) -> frozenset[str]:
        """Keys without case, spaces and punctuation: what readers compare."""
        return frozenset(fold(key) for key in self.keys)


@lru_cache(maxsize=1 << 14)
def fold(key: str) -> str:
    """A header without case, spaces, punctuation, quotes and byte order marks (format traps 6 and 14)."""
    return "".join(c for c in key.lower() if c.isalnum())


def export_files(root: Path) -> list[Path]:
    """The files of an export in a stable order; job metadata, markers and hidden files left out."""
    if not root.exists():
        raise BadInput(f"{root} does not exist.")
    if root.is_file():
        return [root]
    found = []
    for path in sorted(root.rglob("*")):
        parts = [part.lower() for part in path.relative_to(root).parts]
        hidden = any(part.startswith(".") for part in parts)
        if not path.is_file() or hidden or any(part in SKIPPED_FOLDERS for part in parts[:-1]):
            continue
        if parts[-1] in SKIPPED_NAMES or parts[-1].endswith((".md", ".crc", ".ps1")):
            continue
        found.append(path)
    return found


def sniff(path: Path, root: Path) -> Sniffed:
    """Look at the beginning of one file."""
    relative = path.name if path == root else path.relative_to(root).as_posix()
    name = path.name.lower().removesuffix(".gz")
    try:
        with open_bytes(path) as stream:
            head = stream.read(LOOK)
    except (OSError, *CUT_OFF) as error:
        return Sniffed(path, relative, "unknown", why=f"cannot be read: {plain(error)}")
    if not head.strip():
        return Sniffed(path, relative, "empty")
    if head[:4] == b"PK\x03\x04":
        return Sniffed(path, relative, "unknown", why="is a zip archive or a workbook: unpack it, or save it as CSV")
    if head[:4] == b"PAR1" or name.endswith(".parquet"):
        return _sniff_parquet(path, relative)
    if name.endswith(".toml"):
        return Sniffed(path, relative, "toml")
    encoding = sniff_encoding(head)
    decoded = head.decode(encoding, errors="replace").lstrip("\ufeff")
    text = decoded.lstrip()
    blank = decoded[: len(decoded) - len(text)].count("\n")
    if text[:1] in "{[":
        return _sniff_json(path, relative, encoding, text)
    return _sniff_csv(path, relative, encoding, text, blank)


def sniff_encoding(head: bytes) -> str:
    """The encoding a file shows: a byte order mark, NUL bytes of UTF-16, UTF-8, else the Windows code page."""
    if head.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if len(head) > 3 and head[1] == 0 and head[3] == 0:
        return "utf-16-le"
    if len(head) > 3 and head[0] == 0 and head[2] == 0:
        return "utf-16-be"
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        decoder.decode(head)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def _sniff_parquet(path: Path, relative: str) -> Sniffed:
    try:
        return Sniffed(path, relative, "parquet", keys=tuple(pl.read_parquet_schema(path)))
    except Exception as error:  # polars raises several kinds for a file cut in half
        return Sniffed(path, relative, "unknown", why=f"is not a whole Parquet file ({plain(error)})")


def _sniff_json(path: Path, relative: str, encoding: str, text: str) -> Sniffed:
    wrapper: Literal["", "array", "value"] = "array" if text[0] == "[" else ""
    first: Any = None
    try:
        body = text[1:].lstrip() if wrapper else text
        first, _ = json.JSONDecoder().raw_decode(body)
    except (ValueError, RecursionError):
        first = None
    if isinstance(first, dict) and isinstance(first.get("value"), list) and not wrapper:
        wrapper = "value"
    keys = tuple(first) if isinstance(first, dict) else _keys_in(text)
    return Sniffed(path, relative, "json", keys, encoding, wrapper=wrapper, first=first)


def _keys_in(text: str) -> tuple[str, ...]:
    """The keys of an object too long for the look, so far as it goes: strings followed by a colon at depth one."""
    keys: list[str] = []
    depth, in_string, escaped, start = 0, False, False, 0
    for position, c in enumerate(text[:LOOK]):
        if in_string:
            if escaped:
                escaped = False
            elif c == "\\":
                escaped = True
            elif c == '"':
                in_string = False
                if depth == 1 and text[position + 1 : position + 8].lstrip().startswith(":"):
                    keys.append(text[start:position])
        elif c == '"':
            in_string, start = True, position + 1
        elif c in "{[":
            depth += c == "{" or depth > 0
        elif c in "}]":
            depth -= 1
    return tuple(keys)


def _sniff_csv(path: Path, relative: str, encoding: str, text: str, blank: int) -> Sniffed:
    lines = [line.rstrip("\r") for line in text.split("\n")]
    best = _header(lines)
    if best is None:
        single = next((i for i, line in enumerate(lines[:3]) if line and not line.startswith("#TYPE")), None)
        if single is None or not lines[single].strip('"').replace("_", "").replace(" ", "").isalnum():
            return Sniffed(path, relative, "unknown", encoding=encoding, why="is neither JSON, CSV nor Parquet")
        return Sniffed(path, relative, "csv", (clean_header(lines[single]),), encoding, ",", single + blank)
    return Sniffed(path, relative, "csv", best[3], encoding, best[2], best[1] + blank)


def _header(lines: list[str]) -> tuple[int, int, str, tuple[str, ...]] | None:
    """(cells, row, delimiter, names) of the header: the first line whose names differ and whose next record fits it.

    Where no next record fits, the line with the most names. Counting alone would take a row of data whose cell lists
    many people for the header.
    """
    best: tuple[int, int, str, tuple[str, ...]] | None = None
    for row, line in enumerate(lines[:12]):
        if line.startswith("#TYPE") or (line.lower().startswith("sep=") and len(line) <= 6):
            continue
        fits: list[tuple[int, int, str, tuple[str, ...]]] = []
        for delimiter in (",", ";", "\t", "|"):
            try:
                cells, after = [*islice(csv.reader(lines[row:], delimiter=delimiter), 2), [], []][:2]
            except csv.Error:  # a cell longer than the csv module likes: no header
                continue
            named = [clean_header(cell) for cell in cells]
            if len(named) < 2 or not all(named) or len(set(named)) < len(named):
                continue
            found = (len(named), row, delimiter, tuple(named))
            if len(after) == len(named):
                fits.append(found)
            if best is None or len(named) > best[0]:
                best = found
        if fits:
            return max(fits, key=lambda one: one[0])
    return best


def clean_header(cell: str) -> str:
    """A header cell without byte order marks, literal quotes and spaces around it."""
    return cell.replace("\ufeff", "").replace("ï»¿", "").strip().strip('"').strip()


def open_bytes(path: Path) -> IO[bytes]:
    """Open a file, unpacking `.gz` as it is read; a bomb is refused before it goes off."""
    if path.suffix.lower() != ".gz":
        return path.open("rb")
    return io.BufferedReader(_Guarded(gzip.open(path, "rb"), path), CHUNK)


class _Guarded(io.RawIOBase):
    """A stream that stops with an error once it has given out an unbelievable multiple of its file's size."""

    def __init__(self, inner: Any, path: Path) -> None:
        self.inner, self.path = inner, path
        self.left = max(path.stat().st_size, 1 << 16) * GZIP_RATIO

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self.inner.read(len(buffer))
        self.left -= len(data)
        if self.left < 0:
            raise BadInput(f"{self.path.name} unpacks to more than {GZIP_RATIO} times its size; refused.")
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self.inner.close()
        super().close()


def plain(error: BaseException) -> str:
    """An error's first line without control characters, for a one-line message."""
    text = str(error).splitlines()[0] if str(error) else type(error).__name__
    return "".join(c for c in text if c.isprintable())[:160]


# --- JSON ------------------------------------------------------------------------------------------------------------


def read_json(
    file: Sniffed, *, into: Any = dict[str, Any], otherwise: Callable[[bytes], Any] | None = None
) -> Iterator[tuple[int, Any]]:
    """(record number from 1, record) for each object of a JSON file, in bounded memory.

    Understands one object a line, several objects on one line with nothing between them, indented objects, one array,
    and an object with a `value` array (format trap 1). `into` is a type msgspec decodes each object into. A record that
    does not fit the type goes to `otherwise`, if given. A record that is not JSON, or that `otherwise` cannot read
    either, comes as a `BadRecord` instead of stopping the file.
    """
    for number, records in read_json_batches(file, into=into, otherwise=otherwise):
        yield from enumerate(records, number)


def read_json_batches(
    file: Sniffed, *, into: Any, otherwise: Callable[[bytes], Any] | None = None
) -> Iterator[tuple[int, list[Any]]]:
    """As `read_json`, but (number of the first record, records): a block of plain lines is decoded in one go.

    Records that had to go to `otherwise`, and `BadRecord` items, come alone.
    """
    decode = msgspec.json.Decoder(into).decode
    many = msgspec.json.Decoder(list[into]).decode
    number = 1
    try:
        with open_bytes(file.path) as stream:
            source: IO[bytes] = stream
            if file.encoding not in ("utf-8", "utf-8-sig"):
                source = cast(IO[bytes], _Reencoded(stream, file.encoding))
            if file.wrapper:
                for chunk in _split(source, file):
                    yield number, [_decoded(chunk, decode, otherwise)]
                    number += 1
                return
            lines = _Lines(file)
            for block in _blocks(source, file):
                if not lines.pending:
                    plain_lines = [line for line in block.split(b"\n") if line and line != b"\r"]
                    try:
                        records = many(b"[" + b",".join(plain_lines) + b"]")
                    except (msgspec.DecodeError, RecursionError, ValueError):
                        records = []  # something odd in this block: its lines are looked at one by one
                    if records and len(records) == len(plain_lines):
                        yield number, records
                        number += len(records)
                        continue
                for chunk in lines.objects(block):
                    yield number, [_decoded(chunk, decode, otherwise)]
                    number += 1
            if lines.pending.strip():  # an object that never ends: the decoder says what is wrong with it
                yield number, [_decoded(lines.pending, decode, otherwise)]
    except CUT_OFF as error:
        why = plain(error)
        raise BadInput(f"{file.relative} is cut off or damaged after record {number - 1} ({why}).") from None


def _decoded(chunk: bytes, decode: Callable[[bytes], Any], otherwise: Callable[[bytes], Any] | None) -> Any:
    try:
        try:
            return decode(chunk)
        except msgspec.ValidationError:
            if otherwise is None:
                raise
            return otherwise(chunk)
    except (msgspec.DecodeError, RecursionError, ValueError) as error:
        return BadRecord(plain(error), chunk[:120].decode("utf-8", "replace"))


@dataclass(frozen=True)
class BadRecord:
    """A record that could not be read, in place of the record."""

    why: str
    start: str


class _Lines:
    """Objects of line-delimited JSON where a line is not always one object; `pending` is an object not yet whole."""

    def __init__(self, file: Sniffed) -> None:
        self.file = file
        self.pending = b""

    def objects(self, block: bytes) -> Iterator[bytes]:
        """The whole objects of a block of lines."""
        for line in block.split(b"\n"):
            if not self.pending:
                text = line.strip()
                if not text:
                    continue
                if _whole_object(text):
                    yield text
                    continue
            elif line[:2] == b'{"' and self.pending.find(b"\n") > 2 and _whole_object(line):
                # a line of its own after one that never ended: only the broken line is lost, not the rest of the file
                yield self.pending
                yield line.strip()
                self.pending = b""
                continue
            self.pending += line + b"\n"
            if len(self.pending) > LONGEST_RECORD:
                raise BadInput(f"{self.file.relative}: a record is longer than {LONGEST_RECORD >> 20} MB; refused.")
            pieces, self.pending = split_objects(self.pending)
            yield from pieces


def _blocks(source: IO[bytes], file: Sniffed) -> Iterator[bytes]:
    """Whole lines in blocks of about `BLOCK` bytes; the byte order mark left out."""
    left = b""
    started = False
    while chunk := source.read(BLOCK):
        left += chunk
        if not started:
            left = left.lstrip(codecs.BOM_UTF8)
            started = True
        end = left.rfind(b"\n")
        if end >= 0:
            yield left[:end]
            left = left[end + 1 :]
        elif len(left) > LONGEST_RECORD:
            raise BadInput(f"{file.relative}: a record is longer than {LONGEST_RECORD >> 20} MB; refused.")
    if left:
        yield left


def _whole_object(line: bytes) -> bool:
    try:
        return isinstance(msgspec.json.decode(line), dict)
    except (msgspec.DecodeError, RecursionError, ValueError):
        return False


def _split(source: IO[bytes], file: Sniffed) -> Iterator[bytes]:
    """The objects of one array."""
    pending = b""
    inside = False
    while chunk := source.read(CHUNK):
        pending += chunk
        if not inside:
            opening = pending.find(b"[") if file.wrapper == "array" else _value_array(pending)
            if opening < 0:
                if len(pending) > LONGEST_RECORD:
                    raise BadInput(f"{file.relative}: no record in the first {LONGEST_RECORD >> 20} MB; refused.")
                continue
            pending, inside = pending[opening + 1 :], True
        pieces, pending = split_objects(pending)
        yield from pieces
        if len(pending) > LONGEST_RECORD:
            raise BadInput(f"{file.relative}: a record is longer than {LONGEST_RECORD >> 20} MB; refused.")
    left = pending.strip().strip(b",")
    if left[:1] == b"{":
        yield left
    elif not left.startswith(b"]"):
        yield b"{"  # the array was never closed: reported as one unreadable record


def _value_array(data: bytes) -> int:
    at = data.find(b'"value"')
    while at >= 0:
        rest = data[at + 7 : at + 64].lstrip()
        if rest[:1] == b":" and rest[1:].lstrip()[:1] == b"[":
            return data.index(b"[", at)
        at = data.find(b'"value"', at + 7)
    return -1


def split_objects(data: bytes) -> tuple[list[bytes], bytes]:
    """Whole top-level objects in `data`, and the rest. Braces inside strings do not count.

    >>> split_objects(b'{"a":"}"}{"b":[{}]}\\n{"c"')
    ([b'{"a":"}"}', b'{"b":[{}]}'], b'{"c"')
    """
    pieces: list[bytes] = []
    depth, start, in_string = 0, 0, False
    end_of_last = 0
    position, size = 0, len(data)
    while position < size:
        c = data[position]
        if in_string:
            quote = data.find(b'"', position)
            if quote < 0:
                break
            slashes = 0
            while data[quote - 1 - slashes] == 0x5C:
                slashes += 1
            position = quote + 1
            in_string = slashes % 2 == 1
            continue
        if c == 0x22:
            in_string = True
        elif c == 0x7B:
            if depth == 0:
                start = position
            depth += 1
        elif c == 0x7D and depth:
            depth -= 1
            if depth == 0:
                pieces.append(data[start : position + 1])
                end_of_last = position + 1
        position += 1
    return pieces, data[end_of_last:].lstrip(b" \t\r\n,") if not depth else data[start:]


class _Reencoded(io.RawIOBase):
    """A UTF-16 or code-page file given out as UTF-8."""

    def __init__(self, inner: IO[bytes], encoding: str) -> None:
        self.text = codecs.getreader(encoding)(inner, "replace")

    def read(self, size: int = -1) -> bytes:
        return self.text.read(size, max(size, 1)).encode() if size >= 0 else self.text.read().encode()

    def readline(self, size: int | None = -1) -> bytes:
        return self.text.readline().encode()
