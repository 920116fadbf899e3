"""What all commands share: the program itself, its exit codes, and the options that mean the same everywhere."""

from __future__ import annotations

from enum import IntEnum
from pathlib import Path
from typing import Annotated, Literal

import typer

from acl_graph import __version__
from acl_graph.cli.console import answer


class Exit(IntEnum):
    """What the process says when it ends."""

    CLEAN = 0  #: done, and nothing at or above --fail-on
    FINDINGS = 1  #: done, and findings at or above --fail-on
    ABNORMAL = 2  #: usage, unknown name, unreadable input, or a defect of ours
    REJECTED = 3  #: rows were rejected and --strict was said
    INTERRUPTED = 130


LensName = Literal["open", "latent", "find", "copilot"]
SEVERITIES = ("low", "medium", "high", "critical")

app = typer.Typer(
    name="acl-graph",
    help="Who can really reach it, and what to change. Reads exported SharePoint and OneDrive permissions; "
    "no credentials, no network, nothing written to a tenant.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Export = Annotated[
    Path, typer.Argument(help="Folder (or file) of an export, formats mixed as you have them; see `acl-graph routes`.")
]
AsJson = Annotated[Literal["text", "json"], typer.Option("--format", help="text for people, json for scripts.")]
LensOption = Annotated[LensName, typer.Option("--lens", help="Which of the four questions.")]
Possible = Annotated[bool, typer.Option("--possible", help="Fill the export's gaps with what would widen reach.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress on stderr.")]
Strict = Annotated[bool, typer.Option("--strict", help="Exit 3 when a row was rejected.")]
Force = Annotated[
    bool,
    typer.Option(
        "--force",
        help="Replace what an earlier run wrote there, and files of the same names. Whatever else lies there stays.",
    ),
]


def _version(wanted: bool) -> None:
    if wanted:
        answer(f"acl-graph {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and leave.", is_eager=True, callback=_version)
    ] = False,
) -> None:
    """Every command reads an export first; none of them writes to a tenant."""
