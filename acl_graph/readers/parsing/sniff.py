"""Looking at files before reading them: format, encoding, delimiter, keys - and bounded ways to read rows.

No reader trusts a file name. A file is sniffed once; readers choose by what the sniff saw.
"""

from __future__ import annotations

import codecs
import gzip
import io
import json
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import IO, Any, Literal, cast

import msgspec
import polars as pl

from acl_graph.errors import BadInput
from acl_graph.readers.parsing.csv_header import clean_header, find_header
from acl_graph.readers.parsing.damage import Unread, Watched
from acl_graph.readers.parsing.json_splitter import Broken, Splitter

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
JSON_ENDINGS = (".json", ".ndjson", ".jsonl")
_FIRST_OBJECT = re.compile(r"^\{", re.M)
#: lines of JSON decoded in one go: few enough that their objects are still in the processor's cache when they are used
BLOCK = 1 << 16
#: what reading a damaged or shortened .gz raises
CUT_OFF = (EOFError, gzip.BadGzipFile, zlib.error)


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
    broken: bool = False  #: nobody could look into it: it may hold anything
    #: what reading leaves behind of the file; filled while it is read
    unread: Unread = field(default_factory=Unread, compare=False, repr=False)

    @property
    def folded(self) -> frozenset[str]:
        """Keys without case, spaces and punctuation: what readers compare."""
        return frozenset(fold(key) for key in self.keys)


@lru_cache(maxsize=1 << 14)
def fold(key: str) -> str:
    """A header without case, spaces, punctuation, quotes and byte order marks (format traps 6 and 14)."""
    return "".join(c for c in key.lower() if c.isalnum())


def sniff(path: Path, root: Path) -> Sniffed:
    """Look at the beginning of one file."""
    relative = path.name if path == root else path.relative_to(root).as_posix()
    name = path.name.lower().removesuffix(".gz")
    try:
        with open_bytes(path) as stream:
            head = stream.read(LOOK)
    except (OSError, *CUT_OFF) as error:
        return Sniffed(path, relative, "unknown", why=f"cannot be read: {_reason(error)}", broken=True)
    if not head.strip():
        return Sniffed(path, relative, "empty")
    if head[:4] == b"PK\x03\x04":
        return Sniffed(path, relative, "unknown", why="is a zip archive or a workbook: unpack it, or save it as CSV")
    if head[:4] == b"PAR1" or name.endswith(".parquet"):
        return _sniff_parquet(path, relative)
    if name.endswith(".toml"):
        return Sniffed(path, relative, "toml")
    unread = Unread()
    encoding = sniff_encoding(head, unread)
    decoded = head.decode(encoding, errors="replace").lstrip("\ufeff")
    text = decoded.lstrip()
    blank = decoded[: len(decoded) - len(text)].count("\n")
    if text[:1] in "{[" and text:
        return _sniff_json(path, relative, encoding, text, unread)
    if name.endswith(JSON_ENDINGS) and (begin := _FIRST_OBJECT.search(text)):
        return _sniff_json(path, relative, encoding, text[begin.start() :], unread)
    return _sniff_csv(path, relative, encoding, text, blank, unread)


def sniff_encoding(head: bytes, unread: Unread | None = None) -> str:
    """The encoding a file shows: a byte order mark, NUL bytes of UTF-16 and UTF-32, UTF-8, else the Windows code page.

    Text with more of UTF-8 in it than of anything else is UTF-8, and `unread` is told that it is damaged.
    """
    if head.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return "utf-32"
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if len(head) > 3 and head[1:4] == b"\0\0\0" and head[0]:
        return "utf-32-le"
    if len(head) > 3 and head[:3] == b"\0\0\0" and head[3]:
        return "utf-32-be"
    if len(head) > 3 and head[1] == 0 and head[3] == 0:
        return "utf-16-le"
    if len(head) > 3 and head[0] == 0 and head[2] == 0:
        return "utf-16-be"
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        decoder.decode(head)
        return "utf-8"
    except UnicodeDecodeError:
        pass
    if unread is not None:
        unread.invalid_text = True
    lenient = head.decode("utf-8", "replace")
    right, wrong = sum(c > "\x7f" and c != "\ufffd" for c in lenient), lenient.count("\ufffd")
    return "utf-8" if right >= wrong else "cp1252"


def _sniff_parquet(path: Path, relative: str) -> Sniffed:
    try:
        return Sniffed(path, relative, "parquet", keys=tuple(pl.read_parquet_schema(path)))
    except Exception as error:  # polars raises several kinds for a file cut in half
        return Sniffed(path, relative, "unknown", why=f"is not a whole Parquet file ({plain(error)})", broken=True)


def _sniff_json(path: Path, relative: str, encoding: str, text: str, unread: Unread) -> Sniffed:
    lines = text[0] == "[" and _FIRST_OBJECT.search(text) and "{" not in text.partition("\n")[0]
    if lines and text.partition("\n")[0].rstrip().endswith("]"):  # a list of no objects, and objects behind it
        text = text[_FIRST_OBJECT.search(text).start() :]  # type: ignore[union-attr]
    wrapper: Literal["", "array", "value"] = "array" if text[0] == "[" else ""
    first: Any = None
    try:
        body = text[1:].lstrip() if wrapper else text
        first, _ = json.JSONDecoder().raw_decode(body)
    except (ValueError, RecursionError):
        first = None
    if isinstance(first, dict) and isinstance(first.get("value"), list) and not wrapper:
        wrapper = "value"
    if wrapper == "array" and not text[1:].strip(" \t\r\n]"):
        first = []  # a list of nothing
    keys = tuple(first) if isinstance(first, dict) else _keys_in(text)
    return Sniffed(path, relative, "json", keys, encoding, wrapper=wrapper, first=first, unread=unread)


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


def _sniff_csv(path: Path, relative: str, encoding: str, text: str, blank: int, unread: Unread) -> Sniffed:
    lines = [line.rstrip("\r") for line in text.split("\n")]
    header = find_header(lines)
    if header is None:
        single = next((i for i, line in enumerate(lines[:3]) if line and not line.startswith("#TYPE")), None)
        if single is None or not lines[single].strip('"').replace("_", "").replace(" ", "").isalnum():
            return Sniffed(path, relative, "unknown", encoding=encoding, why="is neither JSON, CSV nor Parquet")
        names = (clean_header(lines[single]),)
        return Sniffed(path, relative, "csv", names, encoding, ",", single + blank, unread=unread)
    return Sniffed(path, relative, "csv", header.names, encoding, header.delimiter, header.row + blank, unread=unread)


def open_bytes(path: Path) -> IO[bytes]:
    """Open a file, unpacking `.gz` as it is read; a bomb is refused before it goes off."""
    if path.suffix.lower() != ".gz":
        return path.open("rb")
    return io.BufferedReader(_Guarded(gzip.open(path, "rb"), path), CHUNK)


def open_watched(file: Sniffed) -> IO[bytes]:
    """The same for a file that was sniffed; text that is not the UTF-8 it seemed to be is noted in `file.unread`."""
    stream = open_bytes(file.path)
    if file.encoding not in ("utf-8", "utf-8-sig"):
        return stream
    return cast(IO[bytes], Watched(stream, file.unread))


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


def _reason(error: BaseException) -> str:
    """Why a file could not be opened, without its name."""
    return str(error.strerror) if isinstance(error, OSError) and error.strerror else plain(error)


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
    one, many = msgspec.json.Decoder(into).decode, msgspec.json.Decoder(list[into]).decode
    number = 1
    try:
        for chunk in _chunks(file, many):
            if isinstance(chunk, list):
                yield number, chunk
                number += len(chunk)
                continue
            found = _decoded(chunk, one, otherwise)
            if isinstance(found, BadRecord):
                file.unread.record(number, found.why)
            if isinstance(chunk, Broken) and chunk.rest:
                file.unread.rest_from(number, chunk.why)
            yield number, [found]
            number += 1
    except CUT_OFF as error:
        why = plain(error)
        raise BadInput(f"{file.relative} is cut off or damaged after record {number - 1} ({why}).") from None


def _chunks(file: Sniffed, many: Callable[[bytes], list[Any]]) -> Iterator[list[Any] | bytes | Broken]:
    """Blocks of lines as records, decoded by `many`; single objects; and what stands where an object should."""
    with open_watched(file) as stream:
        source: IO[bytes] = stream
        if file.encoding not in ("utf-8", "utf-8-sig"):
            source = cast(IO[bytes], _Reencoded(stream, file.encoding))
        yield from _listed(source, file) if file.wrapper else _lines(source, file, many)


def _lines(
    source: IO[bytes], file: Sniffed, many: Callable[[bytes], list[Any]]
) -> Iterator[list[Any] | bytes | Broken]:
    """Objects of line-delimited JSON, where a line is not always one object."""
    objects = Splitter()
    for block in _blocks(source, file):
        lines = [line for line in block.split(b"\n") if line and not line.isspace()]
        if objects.idle:
            try:
                records = many(b"[" + b",".join(lines) + b"]")
            except (msgspec.DecodeError, RecursionError, ValueError):
                records = []  # something odd in this block: its lines are looked at one by one
            if len(records) == len(lines):
                if records:
                    yield records
                continue
        for line in lines:
            if objects.idle and _whole_object(line):
                yield line
                continue
            yield from objects.feed(line + b"\n")
            _not_too_long(objects, file)
    yield from objects.finish()


def _listed(source: IO[bytes], file: Sniffed) -> Iterator[bytes | Broken]:
    """The objects of one list, or of several after one another."""
    pending = b""
    objects: Splitter | None = None
    while chunk := source.read(CHUNK):
        pending += chunk
        while pending:
            if objects is None:
                opening = pending.find(b"[") if file.wrapper == "array" else _value_array(pending)
                if opening < 0:
                    break
                objects, pending = Splitter(in_list=True), pending[opening + 1 :]
            yield from objects.feed(pending)
            _not_too_long(objects, file)
            pending = b""
            if objects.closed:
                pending, objects = bytes(objects.buffer), None
        if len(pending) > LONGEST_RECORD:
            raise BadInput(f"{file.relative}: no record in {LONGEST_RECORD >> 20} MB; refused.")
    if objects is not None:
        yield from objects.finish()
    elif file.wrapper == "array" and (behind := pending.strip(b" \t\r\n,;")):
        yield Broken("stands behind the end of the list", behind[:120])


def _not_too_long(objects: Splitter, file: Sniffed) -> None:
    if len(objects) > LONGEST_RECORD:
        raise BadInput(f"{file.relative}: a record is longer than {LONGEST_RECORD >> 20} MB; refused.")


def _decoded(chunk: bytes | Broken, decode: Callable[[bytes], Any], otherwise: Callable[[bytes], Any] | None) -> Any:
    if isinstance(chunk, Broken):
        return BadRecord(chunk.why, chunk.start[:120].decode("utf-8", "replace"))
    try:
        chunk.decode()
    except UnicodeDecodeError:  # one wrong byte costs a character and not the record
        chunk = chunk.decode("utf-8", "replace").encode()
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


def _blocks(source: IO[bytes], file: Sniffed) -> Iterator[bytes]:
    """Whole lines in blocks of about `BLOCK` bytes; the byte order mark left out."""
    begun: list[bytes] = []
    size = 0
    started = False
    while chunk := source.read(BLOCK):
        if not started:
            chunk, started = chunk.lstrip(codecs.BOM_UTF8), True
        head, end, tail = chunk.rpartition(b"\n")
        if end:
            yield b"".join([*begun, head])
            begun, size = [], 0
        begun.append(tail)
        size += len(tail)
        if size > LONGEST_RECORD:
            raise BadInput(f"{file.relative}: a record is longer than {LONGEST_RECORD >> 20} MB; refused.")
    if any(begun):
        yield b"".join(begun)


def _whole_object(line: bytes) -> bool:
    try:
        return isinstance(msgspec.json.decode(line), dict)
    except (msgspec.DecodeError, RecursionError, ValueError):
        return False


def _value_array(data: bytes) -> int:
    at = data.find(b'"value"')
    while at >= 0:
        rest = data[at + 7 : at + 64].lstrip()
        if rest[:1] == b":" and rest[1:].lstrip()[:1] == b"[":
            return data.index(b"[", at)
        at = data.find(b'"value"', at + 7)
    return -1


class _Reencoded(io.RawIOBase):
    """A UTF-16 or code-page file given out as UTF-8."""

    def __init__(self, inner: IO[bytes], encoding: str) -> None:
        self.text = codecs.getreader(encoding)(inner, "replace")

    def read(self, size: int = -1) -> bytes:
        return self.text.read(size, max(size, 1)).encode() if size >= 0 else self.text.read().encode()

    def readline(self, size: int | None = -1) -> bytes:
        return self.text.readline().encode()
