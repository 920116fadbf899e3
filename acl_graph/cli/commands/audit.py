"""The main job: audit."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

import typer

from acl_graph.cli.app import SEVERITIES, AsJson, Exit, Export, Force, Quiet, Strict, app
from acl_graph.cli.console import answer, as_json, load, progress, say
from acl_graph.safe_output.write import check_folder

#: bytes of an export from which compiled code is worth waiting for
LARGE = 2 << 20


@app.command(rich_help_panel="Work")
def audit(
    export: Export,
    out: Annotated[Path | None, typer.Option("--out", help="Folder for the tables and the report.")] = None,
    policy: Annotated[Path | None, typer.Option("--policy", help="TOML policy; see `acl-graph policy`.")] = None,
    fail_on: Annotated[
        Literal["low", "medium", "high", "critical", "never"],
        typer.Option("--fail-on", help="Exit 1 when a finding is at least this severe."),
    ] = "never",
    strict: Strict = False,
    force: Force = False,
    output: AsJson = "text",
    quiet: Quiet = False,
) -> None:
    """The main job: everybody's reach under four lenses, what causes it, what to change first."""
    if out is not None:
        check_folder(out, force=force, keep=export)
    with progress(quiet=quiet) as told:
        warming = warm_in_background(export, quiet=quiet)
        from acl_graph.exposure import Policy

        chosen = Policy.load(policy) if policy else Policy()
        tenant = load(export, told=lambda sentence, done: told(sentence, 0.2 * done))
        warming()
        from acl_graph.auditing import audit as run

        found = run(tenant, chosen, told=lambda sentence, done: told(sentence, 0.2 + 0.75 * done))
        if out is not None:
            told("writing", 0.97)
            found.write(out, force=force, keep=export)
    from acl_graph.reports.screen import first_screen

    if output == "json":
        answer(as_json(found.summary))
    else:
        width = shutil.get_terminal_size().columns
        names = {"out": None if out is None else str(out), "policy": None if policy is None else str(policy)}
        answer(first_screen(found, export=str(export), width=width, **names))
    if out is not None:
        say(f"Wrote {out}: summary.json, users, scopes, findings, rejected, report.html.")
    severe = SEVERITIES[SEVERITIES.index(fail_on) :] if fail_on != "never" else ()
    if any(finding.severity in severe and finding.confidence != "unsupported" for finding in found.findings):
        raise typer.Exit(Exit.FINDINGS)
    if strict and tenant.rejected.height:
        raise typer.Exit(Exit.REJECTED)


def warm_in_background(export: Path, *, quiet: bool) -> Callable[[], None]:
    """Compile the kernels while a large export is being read; the first time that takes seconds, and says so."""
    files = [export] if export.is_file() else list(export.rglob("*")) if export.is_dir() else []
    if sum(path.stat().st_size for path in files if path.is_file()) < LARGE:
        return lambda: None
    from threading import Thread

    def compile_all() -> None:
        from acl_graph.access.precompile import warm

        with contextlib.suppress(KeyboardInterrupt):  # polars raises it in any thread; leaving is the main one's
            warm()

    thread = Thread(target=compile_all, daemon=True)
    thread.start()

    def wait() -> None:
        from acl_graph.access.precompile import compiling

        told = quiet
        while thread.is_alive():
            if not told and compiling():
                told = True
                say("Compiling the fast core, once per machine and version ...")
            thread.join(0.2)

    return wait
