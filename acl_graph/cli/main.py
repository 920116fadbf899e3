"""The way in and the ways out: every error is one line on stderr, every exit one of `Exit`."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

import typer

from acl_graph.cli.app import Exit, app
from acl_graph.cli.console import say, to_nowhere
from acl_graph.errors import AclGraphError

NAME = "acl-graph"
#: typer names no public base of what it raises for usage
_BadUsage: Any = typer.BadParameter.__base__
_COMPLETION = "_ACL_GRAPH_COMPLETE"


def main(words: Sequence[str] | None = None) -> None:
    """Run the command line with these words, by default those of the process; always ends in an exit code."""
    debug = os.environ.get("ACL_GRAPH_DEBUG") == "1"
    _ready_streams()
    if _COMPLETION in os.environ:
        app(prog_name=NAME)
    try:
        code = _run(list(sys.argv[1:] if words is None else words))
        sys.stdout.flush()
    except AclGraphError as error:
        _fail(str(error))
    except KeyboardInterrupt:
        say("")
        code = Exit.INTERRUPTED
    except BrokenPipeError:
        # whoever reads has enough, as `| head` does: nothing went wrong
        to_nowhere(sys.stdout)
        code = Exit.CLEAN
    except MemoryError:
        _fail("Not enough memory for this export. Close other programs, or take a machine with more.")
    except UnicodeEncodeError as error:
        if debug:
            raise
        _fail(f"A file or folder name is not UTF-8: {error.object[:200]!r}. Rename it, then run again.")
    except OSError as error:
        if debug:
            raise
        to_nowhere(sys.stdout)
        where = f" {error.filename}" if error.filename else " the answer"
        _fail(f"cannot read or write{where}: {error.strerror or type(error).__name__}.")
    except Exception as error:
        if debug:
            raise
        _fail(f"Something went wrong inside acl-graph ({type(error).__name__}). ACL_GRAPH_DEBUG=1 shows where.")
    sys.exit(code)


def _run(words: list[str]) -> int:
    """Run one command. Not by typer's own `main`: it answers a reader who has left with exit code 1."""
    program: Any = typer.main.get_command(app)
    try:
        with program.make_context(NAME, words) as context:
            program.invoke(context)
    except typer.Exit as end:
        return int(end.exit_code)
    except typer.Abort:
        return Exit.ABNORMAL
    except _BadUsage as error:
        _usage(error)
    return Exit.CLEAN


def _usage(error: Any) -> NoReturn:
    if error.ctx is not None and error.format_message() == error.ctx.get_help():  # nothing was asked
        say(*error.format_message().split("\n"))
        sys.exit(Exit.ABNORMAL)
    where = error.ctx.command_path if error.ctx is not None else NAME
    said = " ".join(error.format_message().split()).rstrip(".")
    _fail(f"{said}. See `{where} --help`.")


def _ready_streams() -> None:
    """UTF-8 on both streams; one that was closed leads nowhere, and is not the next file that we open."""
    for number, name in ((1, "stdout"), (2, "stderr")):
        if getattr(sys, name) is None:
            try:
                os.fstat(number)
            except OSError:
                while os.open(os.devnull, os.O_WRONLY) < number:
                    pass
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115
        with contextlib.suppress(AttributeError, ValueError):
            getattr(sys, name).reconfigure(encoding="utf-8", errors="backslashreplace")


def _fail(text: str) -> NoReturn:
    say(f"{NAME}: {text}")
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
    sys.exit(Exit.ABNORMAL)
