"""The commands that make something: convert, sample, collector, warmup."""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import Annotated, Literal

import typer

from acl_graph.cli.app import Exit, Export, Force, Quiet, Strict, app
from acl_graph.cli.console import load, progress, say
from acl_graph.errors import BadUsage
from acl_graph.safe_output.write import check_folder, is_data, whole_folder


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
    from acl_graph.reports.audit_folder import write_tenant

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
    from acl_graph.access.precompile import warm

    started = time.monotonic()
    warm()
    say(f"The fast core is ready ({time.monotonic() - started:.1f} s).")
