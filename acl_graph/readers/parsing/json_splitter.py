"""Where one JSON object ends and the next begins, in text that arrives in pieces and need not be whole.

Every byte is looked at once, whatever is broken. An object that cannot be right any more is given up, and reading goes
on at the next line that begins with an object where objects begin in this file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

OPEN, CLOSE, LIST, END, QUOTE, BACKSLASH, NEWLINE = b'{}[]"\\\n'
_SPACE = b" \t\r\n"
_NEXT = re.compile(rb'["{}\[\]\n]')
_IN_TEXT = re.compile(rb'["\\\n]')
_VALUE = re.compile(rb"[^\s,]")
_END_OF_SCALAR = re.compile(rb"[,\n\]{]")
#: how much of a broken object is kept to show
SHOWN = 200


@dataclass(frozen=True)
class Broken:
    """What stands where an object should: why it is none, how it begins, and whether the rest went with it."""

    why: str
    start: bytes
    rest: bool = False


class Splitter:
    """Objects at the top of a text, or inside one list where `in_list` is given.

    >>> parts = Splitter()
    >>> list(parts.feed(b'{"a":"}"}{"b":[{}]} 5 {"c')), list(parts.finish())[0].why
    ([b'{"a":"}"}', b'{"b":[{}]}', Broken(why='is no object', start=b'5', rest=False)], 'is cut off')
    """

    def __init__(self, *, in_list: bool = False) -> None:
        self.in_list = in_list
        self.closed = False  #: the list has ended; what was fed behind its end is in `buffer`
        self.buffer = bytearray()
        self._at = 0
        self._start = -1
        self._line = 0
        self._column = 0
        self._open = bytearray()
        self._in_text = False
        self._scalar = False
        self._broken = ""
        self._shown = b""

    @property
    def idle(self) -> bool:
        """Whether no object has begun."""
        return self._start < 0 and not self._broken

    def __len__(self) -> int:
        return len(self.buffer)

    def feed(self, data: bytes) -> Iterator[bytes | Broken]:
        """More text; what is whole now comes out."""
        self.buffer += data
        while not self.closed:
            before = (self._at, len(self.buffer), self._start, self._broken)
            found: bytes | Broken | None = None
            if self._broken:
                found = self._skip()
            elif self._start < 0:
                self._begin()
            else:
                found = self._scan()
            if found is not None:
                yield found
            elif before == (self._at, len(self.buffer), self._start, self._broken):
                return

    def finish(self) -> Iterator[bytes | Broken]:
        """The text has ended; what had begun is not whole."""
        if self._broken:
            yield Broken(self._broken, self._shown, rest=True)
        elif self._scalar and not self.in_list:
            yield Broken("is no object", bytes(self.buffer[self._start : self._start + SHOWN]).strip())
        elif self._start >= 0:
            yield Broken("is cut off", bytes(self.buffer[self._start : self._start + SHOWN]), rest=True)
        elif self.in_list and not self.closed:
            yield Broken("the list is not closed: it is cut off", b"", rest=True)
        self._start, self._broken, self._scalar = -1, "", False

    def _drop(self, count: int) -> None:
        """Forget the first bytes of the buffer."""
        del self.buffer[:count]
        self._at -= count
        self._line -= count
        if self._start >= 0:
            self._start -= count

    def _begin(self) -> None:
        found = _VALUE.search(self.buffer, self._at)
        last = self.buffer.rfind(b"\n", self._at, found.start() if found else len(self.buffer))
        if last >= 0:
            self._line = last + 1
        if found is None:
            self._at = len(self.buffer)
            self._drop(min(self._at, max(self._line, 0)))
            return
        at = found.start()
        first = self.buffer[at]
        if first == END and self.in_list:
            self.closed = True
            del self.buffer[: at + 1]
            return
        if not self.buffer[max(self._line, 0) : at].strip():
            self._column = at - self._line
        self._start = self._at = at
        self._scalar = first not in (OPEN, LIST, QUOTE)
        self._in_text = False

    def _scan(self) -> bytes | Broken | None:
        """On to the end of the value that has begun, as far as the text goes."""
        if self._scalar:
            end = _END_OF_SCALAR.search(self.buffer, self._at)
            if end is None:
                self._at = len(self.buffer)
                return None
            return self._emit(max(end.start(), self._start + 1))
        while found := (_IN_TEXT if self._in_text else _NEXT).search(self.buffer, self._at):
            at = found.start()
            byte = self.buffer[at]
            if byte == BACKSLASH:
                if at + 1 >= len(self.buffer):
                    self._at = at
                    return None
                self._at = at + 2
                continue
            self._at = at + 1
            if byte == NEWLINE:
                self._line = at + 1
                if self._in_text:
                    self._break("a text is not closed on its line", at)
                    return None
            elif byte == QUOTE:
                self._in_text = not self._in_text
                if not self._in_text and not self._open:
                    return self._emit(self._at)
            elif byte in (OPEN, LIST):
                if byte == OPEN and self._open and self._begins_anew(at):
                    return self._give_up(at)
                self._open.append(byte)
            elif not self._open or self._open[-1] != (OPEN if byte == CLOSE else LIST):
                self._break("its brackets do not match", at)
                return None
            else:
                self._open.pop()
                if not self._open:
                    return self._emit(self._at)
        self._at = len(self.buffer)
        return None

    def _begins_anew(self, at: int) -> bool:
        """Whether a brace inside an object stands where objects begin, and no value may stand there."""
        if at - self._line != self._column or self.buffer[self._line : at].strip():
            return False
        before = at - 1
        while before > self._start and self.buffer[before] in _SPACE:
            before -= 1
        inside = self._open[-1]
        return self.buffer[before] not in (b":" if inside == OPEN else b",[")

    def _emit(self, end: int) -> bytes | Broken:
        """The value that ends before `end`."""
        data = bytes(self.buffer[self._start : end])
        self._start, self._at, self._scalar = -1, end, False
        if end > self._line:
            self._drop(end)
        else:
            self._drop(min(end, self._line))
        return data if data[:1] == b"{" else Broken("is no object", data[:SHOWN].strip())

    def _give_up(self, at: int) -> Broken:
        """The object is not closed, and another begins at `at`."""
        lost = Broken("is not closed before the next one begins", self._beginning(at))
        self._start, self._at, self._in_text = -1, at, False
        self._open.clear()
        self._drop(at)
        return lost

    def _beginning(self, end: int) -> bytes:
        return bytes(self.buffer[self._start : min(end, self._start + SHOWN)]).strip()

    def _break(self, why: str, at: int) -> None:
        """Nothing that follows can mend this object: look for the next one."""
        self._broken, self._shown = why, self._beginning(at + 1)
        self._start, self._in_text = -1, False
        self._open.clear()
        self._at = at

    def _skip(self) -> Broken | None:
        """On to the line where the next object begins."""
        while (end := self.buffer.find(b"\n", self._at)) >= 0:
            place = end + 1 + self._column
            if place >= len(self.buffer):
                self._at = end
                break
            if self.buffer[place] == OPEN and not self.buffer[end + 1 : place].strip():
                lost = Broken(self._broken, self._shown)
                self._broken = ""
                self._at, self._line = end + 1, end + 1
                self._drop(end + 1)
                return lost
            self._at = end + 1
        else:
            self._at = len(self.buffer)
        self._drop(min(self._at, len(self.buffer)))
        return None


__all__ = ["Broken", "Splitter"]
