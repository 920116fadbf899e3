"""What reading left behind of a file: gathered where it shows, deep in a parser, and told once the file is done."""

from __future__ import annotations

import codecs
from dataclasses import dataclass, field
from typing import IO, Any


@dataclass
class Unread:
    """Records of one file that nobody could read, and whether its text was what its encoding says."""

    records: set[int] = field(default_factory=set)
    why: str = ""  #: of the first
    #: the rest of the file behind some record was lost, not only records here and there
    rest: str = ""
    invalid_text: bool = False

    def record(self, number: int, why: str) -> None:
        """A record or row that could not be read; a file that is gone over twice counts it once."""
        if not self.records:
            self.why = f"record {number:,}: {why}"
        self.records.add(number)

    def rest_from(self, number: int, why: str) -> None:
        """Nothing from this record on could be read."""
        self.rest = f"{why}; nothing from record {number:,} on was read"

    def __bool__(self) -> bool:
        return bool(self.records or self.rest)

    def __str__(self) -> str:
        if self.rest:
            return self.rest
        count = len(self.records)
        return self.why if count == 1 else f"{count:,} records or rows, the first at {self.why}"


class Watched:
    """A stream of UTF-8 that notes where it is not: what follows reads it leniently, and somebody has to say so."""

    def __init__(self, stream: IO[bytes], unread: Unread) -> None:
        self.stream, self.unread = stream, unread
        self.decoder = codecs.getincrementaldecoder("utf-8")()

    def read(self, size: int = -1) -> bytes:
        """The next bytes, as they are."""
        block = self.stream.read(size)
        if not self.unread.invalid_text and (self.decoder.getstate()[0] or not block.isascii() or not block):
            try:
                self.decoder.decode(block, final=not block)
            except UnicodeDecodeError:
                self.unread.invalid_text = True
        return block

    def __enter__(self) -> Watched:
        return self

    def __exit__(self, *_: Any) -> None:
        self.stream.close()
