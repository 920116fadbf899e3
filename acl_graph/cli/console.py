"""stdout carries answers, stderr the talk; nothing that goes to either can move a cursor or change a colour."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from acl_graph.errors import BadInput
from acl_graph.safe_output.text import inert
from acl_graph.safe_output.text import json_text as as_json
from acl_graph.safe_output.write import shown

if TYPE_CHECKING:
    from acl_graph.access import Access
    from acl_graph.tenant import Tenant


def say(*lines: str) -> None:
    """Talk goes to stderr, line by line. Nobody may be listening there, and that is no reason to fail."""
    try:
        print(*map(inert, lines), sep="\n", file=sys.stderr, flush=True)
    except (OSError, ValueError):
        to_nowhere(sys.stderr)


def answer(text: str) -> None:
    """Answers go to stdout."""
    print(text)


def to_nowhere(stream: TextIO) -> None:
    """Whatever is still to be written to a stream is dropped, so that leaving does not fail on it again."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


@contextlib.contextmanager
def progress(*, quiet: bool) -> Iterator[Callable[[str, float], None]]:
    """A bar on stderr while a terminal watches, nothing otherwise; `told(sentence, fraction)` moves it."""
    if quiet or not sys.stderr.isatty():
        yield lambda sentence, done: None
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("starting", total=1.0)
        yield lambda sentence, done: bar.update(task, description=escape(inert(sentence)), completed=done)


def load(export: Path, *, quiet: bool = False, told: Callable[[str, float], None] | None = None) -> Tenant:
    """Read an export, saying which file is being read."""
    from acl_graph.readers import read

    _names_are_text(export)
    if told is not None:
        return read(export, told=lambda sentence, done, of: told(sentence, done / max(1, of)))
    with progress(quiet=quiet) as moved:
        return read(export, told=lambda sentence, done, of: moved(sentence, done / max(1, of)))


def _names_are_text(export: Path) -> None:
    """Names that are not UTF-8 cannot be handed to the library that reads Parquet: its files would be passed over."""
    for path in (export, *(export.rglob("*") if export.is_dir() else ())):
        try:
            str(path).encode()
        except UnicodeEncodeError:
            raise BadInput(f"The name of {shown(path)} is not UTF-8. Rename it, then run again.") from None


def opened(export: Path, *, quiet: bool = False) -> Access:
    """An export, ready to be asked."""
    from acl_graph.access import Access

    return Access(load(export, quiet=quiet))


__all__ = ["answer", "as_json", "load", "opened", "progress", "say", "to_nowhere"]
