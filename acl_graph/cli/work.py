"""The commands that write something: audit, convert, sample, collector, warmup."""

from __future__ import annotations

import contextlib
import math
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

import typer

from acl_graph.cli.front import SEVERITIES, AsJson, Exit, Export, Force, Quiet, Strict, app
from acl_graph.cli.talk import answer, as_json, load, progress, say
from acl_graph.errors import BadUsage
from acl_graph.output import check_folder, is_data, whole_folder

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
        from acl_graph.warm import warm

        with contextlib.suppress(KeyboardInterrupt):  # polars raises it in any thread; leaving is the main one's
            warm()

    thread = Thread(target=compile_all, daemon=True)
    thread.start()

    def wait() -> None:
        from acl_graph.warm import compiling

        told = quiet
        while thread.is_alive():
            if not told and compiling():
                told = True
                say("Compiling the fast core, once per machine and version ...")
            thread.join(0.2)

    return wait


@app.command(rich_help_panel="Look")
def convert(
    export: Export,
    directory: Annotated[Path, typer.Argument(help="Folder to write the tenant folder to.")],
    as_: Annotated[Literal["parquet", "csv"], typer.Option("--as", help="parquet, or csv for people.")] = "parquet",
    force: Force = False,
    strict: Strict = False,
    quiet: Quiet = False,
) -> None:
    """Write what a reader made of an export as a tenant folder."""
    from acl_graph.reports.folder import write_tenant

    check_folder(directory, force=force, keep=export, clashes=is_data)
    tenant = load(export, quiet=quiet)
    write_tenant(tenant, directory, as_csv=as_ == "csv", force=force, keep=export)
    lost = tenant.rejected.height
    say(f"Wrote {directory}: {tenant!r}" + (f"; {lost:,} rejected rows or cells in rejected.{as_}." if lost else "."))
    if strict and lost:
        raise typer.Exit(Exit.REJECTED)


@app.command(rich_help_panel="Work")
def sample(
    directory: Annotated[Path, typer.Argument(help="Folder to write to.")],
    scale: Annotated[float, typer.Option("--scale", help="1 is 100,000 users and 1,000,000 scopes.")] = 0.01,
    seed: Annotated[int, typer.Option("--seed", help="The same seed gives the same tenant.")] = 1,
    as_: Annotated[
        Literal["mgdc", "folder"], typer.Option("--as", help="Graph Data Connect, or tenant folder.")
    ] = "folder",
    force: Force = False,
    quiet: Quiet = False,
) -> None:
    """Make a synthetic tenant to try things on."""
    if not (math.isfinite(scale) and scale > 0):
        raise BadUsage(f"--scale must be a number above 0, not {scale}.")
    if seed < 0:
        raise BadUsage(f"--seed must be a whole number from 0, not {seed}.")
    check_folder(directory, force=force, clashes=is_data)
    from acl_graph.samples import write_sample

    with progress(quiet=quiet) as told:
        counts: dict[str, int] = {}

        def fill(folder: Path) -> None:
            counts.update(write_sample(folder, scale=scale, seed=seed, as_=as_, progress=told))

        whole_folder(directory, fill, force=force, clashes=is_data)
    say(f"Wrote {directory}: " + ", ".join(f"{name} {rows:,}" for name, rows in counts.items()) + ".")


@app.command(rich_help_panel="Work")
def collector(
    directory: Annotated[Path, typer.Argument(help="Folder to write the script to.")],
    force: Force = False,
) -> None:
    """Write out a read-only PowerShell script that collects a tenant folder; we have not run it on a live tenant."""
    from acl_graph.collector import write_collector

    say(f"Wrote {write_collector(directory, force=force)}. Read it before you run it.")


@app.command(rich_help_panel="Work")
def warmup() -> None:
    """Compile the fast core now, so that the next command need not."""
    from acl_graph.warm import warm

    started = time.monotonic()
    warm()
    say(f"The fast core is ready ({time.monotonic() - started:.1f} s).")
