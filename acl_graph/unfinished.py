"""Output that is being written, and what becomes of it when somebody presses Ctrl-C.

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

INTERRUPTED = 130
SHOW_CURSOR = "\x1b[?25h"

_beside: set[Path] = set()
_state = {"settling": False, "interrupted": False}


@contextlib.contextmanager
def writing(folder: Path) -> Iterator[Path]:
    """Make this folder, for its owner only; it is taken away again unless `settling` put it in its place."""
    _beside.add(folder)
    try:
        folder.mkdir(mode=0o700)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        _beside.discard(folder)


@contextlib.contextmanager
def settling() -> Iterator[None]:
    """The few renames that put a finished folder in its place: an interruption waits until they are done."""
    _state["settling"] = True
    try:
        yield
    finally:
        _state["settling"] = False
        if _state["interrupted"]:
            leave(0, None)


def leave(number: int, frame: FrameType | None) -> None:
    """What Ctrl-C does: take unfinished output away and leave, without unwinding anything."""
    if _state["settling"]:
        _state["interrupted"] = True
        return
    for folder in list(_beside):
        shutil.rmtree(folder, ignore_errors=True)
    with contextlib.suppress(OSError, ValueError):
        os.write(2, (SHOW_CURSOR if sys.stderr.isatty() else "").encode() + b"\n")
    os._exit(INTERRUPTED)
