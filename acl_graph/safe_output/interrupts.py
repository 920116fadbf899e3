"""Output that is being written, and what becomes of it when somebody presses Ctrl-C or ends the process.

An exception is no way out: it can be lost inside compiled code, and it waits for threads. The command line leaves at
once instead, and what is not finished goes with it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

#: a process that a signal ended says 128 and the signal's number: 130 for Ctrl-C
SIGNALLED = 128
SHOW_CURSOR = "\x1b[?25h"

_beside: set[Path] = set()
_state = {"settling": False, "signal": 0}


@contextlib.contextmanager
def writing(folder: Path) -> Iterator[Path]:
    """Make this folder, for its owner only; it is taken away again unless `settling` put it in its place."""
    with removed_on_leaving(folder):
        folder.mkdir(mode=0o700)
        yield folder


@contextlib.contextmanager
def removed_on_leaving(path: Path) -> Iterator[None]:
    """Whatever is at this path when the block ends, or the process, goes."""
    _beside.add(path)
    try:
        yield
    finally:
        _remove(path)
        _beside.discard(path)


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


@contextlib.contextmanager
def settling() -> Iterator[None]:
    """The few renames that put a finished folder in its place: a signal waits until they are done."""
    _state["settling"] = True
    try:
        yield
    finally:
        _state["settling"] = False
        if _state["signal"]:
            leave(_state["signal"], None)


def leave(number: int, frame: FrameType | None) -> None:
    """What Ctrl-C and SIGTERM do: take unfinished output away and leave, without unwinding anything."""
    if _state["settling"]:
        _state["signal"] = number
        return
    for path in list(_beside):
        _remove(path)
    with contextlib.suppress(OSError, ValueError, AttributeError):
        os.write(2, (SHOW_CURSOR if sys.stderr.isatty() else "").encode() + b"\n")
    os._exit(SIGNALLED + number)
