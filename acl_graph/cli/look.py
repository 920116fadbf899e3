"""The command line: the one place that prints and exits. stdout carries answers, stderr the talk.

Nothing heavy is imported until a command runs, so that `--help` answers at once.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from enum import IntEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from acl_graph import __version__
from acl_graph.errors import AclGraphError

if TYPE_CHECKING:
    from acl_graph.access import Access
    from acl_graph.tenant import Tenant


class Exit(IntEnum):
    """What the process says when it ends."""

    CLEAN = 0  #: done, and nothing at or above --fail-on
    FINDINGS = 1  #: done, and findings at or above --fail-on
    ABNORMAL = 2  #: usage, unknown name, unreadable input, or a defect of ours
    REJECTED = 3  #: rows were rejected and --strict was said
    INTERRUPTED = 130


LensName = Literal["open", "latent", "find", "copilot"]
#: bytes of an export from which compiled code is worth waiting for
LARGE = 2 << 20
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

Export = Annotated[Path, typer.Argument(help="Folder (or file) of an export: any mix of the formats in docs/readers.")]
AsJson = Annotated[Literal["text", "json"], typer.Option("--format", help="text for people, json for scripts.")]
LensOption = Annotated[LensName, typer.Option("--lens", help="Which of the four questions.")]
Possible = Annotated[bool, typer.Option("--possible", help="Fill the export's gaps with what would widen reach.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress on stderr.")]
Force = Annotated[bool, typer.Option("--force", help="Replace an output folder that is there already.")]


def say(text: str) -> None:
    """Talk goes to stderr."""
    print(text, file=sys.stderr)


def answer(text: str) -> None:
    """Answers go to stdout."""
    print(text)


def as_json(data: Any) -> str:
    """JSON as scripts read it: one document, text as it is, no invented types."""
    return json.dumps(data, ensure_ascii=False, default=str)


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
        yield lambda sentence, done: bar.update(task, description=escape(sentence), completed=done)


def load(export: Path, *, quiet: bool = False, told: Callable[[str, float], None] | None = None) -> Tenant:
    """Read an export, saying which file is being read."""
    from acl_graph.readers import read

    if told is not None:
        return read(export, told=lambda sentence, done, of: told(sentence, done / max(1, of)))
    with progress(quiet=quiet) as moved:
        return read(export, told=lambda sentence, done, of: moved(sentence, done / max(1, of)))


def opened(export: Path, *, quiet: bool = False) -> Access:
    """An export, ready to be asked."""
    from acl_graph.access import Access

    return Access(load(export, quiet=quiet))


@app.command(rich_help_panel="Ask")
def check(
    export: Export,
    principal: Annotated[str | None, typer.Argument(help="Who: id, UPN, e-mail, claim, object GUID.")] = None,
    item: Annotated[str | None, typer.Argument(help="What: id, server-relative path, URL, or a scope.")] = None,
    queries: Annotated[
        Path | None, typer.Option("--queries", help="CSV of principal,item rows: one JSON object a line.")
    ] = None,
    output: AsJson = "text",
    quiet: Quiet = False,
) -> None:
    """Can this principal open, find, or have Copilot use this item - and what stops it."""
    if queries is not None:
        _check_queries(export, queries, quiet=quiet)
        return
    if principal is None or item is None:
        raise AclGraphError("Name a principal and an item, or give --queries FILE.csv.")
    found = opened(export, quiet=quiet).check(principal, item)
    if output == "json":
        answer(as_json(found.as_dict()))
        return
    from acl_graph.reports.answers import check_text

    answer(check_text(found))


def _check_queries(export: Path, queries: Path, *, quiet: bool) -> None:
    from acl_graph.readers.csv_files import Misfit, read_csv
    from acl_graph.readers.files import sniff

    sniffed = sniff(queries, queries)
    columns = {key.lower(): key for key in sniffed.keys}
    if sniffed.format != "csv" or not {"principal", "item"} <= set(columns):
        raise AclGraphError(f"{queries.name} must be a CSV with the columns principal and item.")
    misfits: list[Misfit] = []
    frame = read_csv(sniffed, misfits.append)
    access = opened(export, quiet=quiet)
    asked = list(frame.select("source_row", columns["principal"], columns["item"]).iter_rows())
    asked += [(misfit.line, misfit, None) for misfit in misfits]
    for _, principal, item in sorted(asked, key=lambda row: row[0]):
        if isinstance(principal, Misfit):
            answer(as_json({"principal": None, "item": None, "error": f"line {principal.line} {principal.why}"}))
            continue
        try:
            answer(as_json(access.check(principal or "", item or "").as_dict()))
        except AclGraphError as error:
            answer(as_json({"principal": principal, "item": item, "error": str(error)}))


@app.command(rich_help_panel="Ask")
def who(
    export: Export,
    item: Annotated[str, typer.Argument(help="Id, server-relative path, URL, or a scope.")],
    lens: LensOption = "open",
    possible: Possible = False,
    output: AsJson = "text",
    quiet: Quiet = False,
) -> None:
    """Everybody who reaches an item, and through what."""
    from acl_graph.reports.answers import who_text

    frame = opened(export, quiet=quiet).who(item, lens, possible=possible, via=True)
    if output == "json":
        answer(as_json(frame.select("principal", "level", "via", "latent_by", "name", "login").to_dicts()))
    else:
        answer(who_text(frame, item, lens))


@app.command(rich_help_panel="Ask")
def what(
    export: Export,
    principal: Annotated[str, typer.Argument(help="Id, UPN, e-mail, claim, object GUID.")],
    lens: LensOption = "open",
    possible: Possible = False,
    output: AsJson = "text",
    quiet: Quiet = False,
) -> None:
    """Every item a principal reaches: its blast radius."""
    from acl_graph.reports.answers import what_text

    frame = opened(export, quiet=quiet).what(principal, lens, possible=possible, via=True)
    if output == "json":
        answer(as_json(frame.select("item", "level", "label", "via", "latent_by", "path", "count").to_dicts()))
    else:
        answer(what_text(frame, principal, lens))


@app.command(rich_help_panel="Ask")
def why(
    export: Export,
    principal: Annotated[str, typer.Argument(help="Id, UPN, e-mail, claim, object GUID.")],
    item: Annotated[str, typer.Argument(help="Id, server-relative path, URL, or a scope.")],
    paths: Annotated[int, typer.Option("--paths", min=0, max=1000, help="How many more paths to show.")] = 3,
    possible: Possible = False,
    output: AsJson = "text",
    quiet: Quiet = False,
) -> None:
    """The paths by which a principal holds an item, row by row, and the smallest set of rows to remove."""
    from acl_graph.reports.answers import why_text

    found = opened(export, quiet=quiet).why(principal, item, paths=paths, possible=possible)
    answer(as_json(found.as_dict()) if output == "json" else why_text(found))


@app.command(rich_help_panel="Look")
def inspect(
    export: Export,
    strict: Annotated[bool, typer.Option("--strict", help="Exit 3 when a row was rejected.")] = False,
    checks: Annotated[
        bool, typer.Option("--spot-checks", help="Twenty answers to confirm in the tenant, each with its REST call.")
    ] = False,
    output: AsJson = "text",
    quiet: Quiet = False,
) -> None:
    """What was read, what was rejected and why, what this export cannot say."""
    from acl_graph.inspection import inspect as look
    from acl_graph.reports.answers import inspect_text

    access = opened(export, quiet=quiet)
    found = look(access)
    lines = [] if output == "json" else [inspect_text(found)]
    if checks:
        from acl_graph import spot_checks as spot

        if output == "json":
            found["spot_checks"] = spot.spot_checks_data(spot.spot_checks(access))
        else:
            lines += ["", spot.spot_checks_text(spot.spot_checks(access))]
    answer(as_json(found) if output == "json" else "\n".join(lines))
    if strict and found["rejected"]["rows"]:
        raise typer.Exit(Exit.REJECTED)


@app.command(rich_help_panel="Look")
def convert(
    export: Export,
    directory: Annotated[Path, typer.Argument(help="Folder to write the tenant folder to.")],
    as_: Annotated[Literal["parquet", "csv"], typer.Option("--as", help="parquet, or csv for people.")] = "parquet",
    force: Force = False,
    strict: Annotated[bool, typer.Option("--strict", help="Exit 3 when a row was rejected.")] = False,
    quiet: Quiet = False,
) -> None:
    """Write what a reader made of an export as a tenant folder."""
    from acl_graph.reports.folder import write_tenant

    tenant = load(export, quiet=quiet)
    write_tenant(tenant, directory, as_csv=as_ == "csv", force=force)
    lost = tenant.rejected.height
    say(f"Wrote {directory}: {tenant!r}" + (f"; {lost:,} rejected rows or cells in rejected.{as_}." if lost else "."))
    if strict and lost:
        raise typer.Exit(Exit.REJECTED)


@app.command(rich_help_panel="Work")
def audit(
    export: Export,
    out: Annotated[Path | None, typer.Option("--out", help="Folder for the tables and the report.")] = None,
    policy: Annotated[Path | None, typer.Option("--policy", help="TOML policy; see `acl-graph policy`.")] = None,
    fail_on: Annotated[
        Literal["low", "medium", "high", "critical", "never"],
        typer.Option("--fail-on", help="Exit 1 when a finding is at least this severe."),
    ] = "never",
    strict: Annotated[bool, typer.Option("--strict", help="Exit 3 when a row was rejected.")] = False,
    force: Force = False,
    output: AsJson = "text",
    quiet: Quiet = False,
) -> None:
    """The main job: everybody's reach under four lenses, what causes it, what to change first."""
    if out is not None and out.is_dir() and any(out.iterdir()) and not force:
        from acl_graph.errors import OutputExists

        raise OutputExists(f"{out} is not empty. Choose another folder, or say --force to replace it.")
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
            found.write(out, force=force)
    from acl_graph.reports.screen import first_screen

    answer(as_json(found.summary) if output == "json" else first_screen(found))
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

        warm()

    started = time.monotonic()
    thread = Thread(target=compile_all, daemon=True)
    thread.start()

    def wait() -> None:
        if thread.is_alive() and time.monotonic() - started > 1.0 and not quiet:
            say("Compiling the fast core, once per machine and version ...")
        thread.join()

    return wait


@app.command(rich_help_panel="Work")
def sample(
    directory: Annotated[Path, typer.Argument(help="Folder to write to.")],
    scale: Annotated[float, typer.Option("--scale", help="1 is 100,000 users and 1,000,000 scopes.")] = 0.01,
    seed: Annotated[int, typer.Option("--seed", help="The same seed gives the same tenant.")] = 1,
    as_: Annotated[
        Literal["mgdc", "folder"], typer.Option("--as", help="Graph Data Connect, or tenant folder.")
    ] = "folder",
    quiet: Quiet = False,
) -> None:
    """Make a synthetic tenant to try things on."""
    from acl_graph.reports.folder import whole_folder
    from acl_graph.samples import write_sample

    if scale <= 0:
        raise AclGraphError("--scale must be above 0.")
    with progress(quiet=quiet) as told:
        counts: dict[str, int] = {}

        def fill(folder: Path) -> None:
            counts.update(write_sample(folder, scale=scale, seed=seed, as_=as_, progress=told))

        whole_folder(directory, fill)
    say(f"Wrote {directory}: " + ", ".join(f"{name} {rows:,}" for name, rows in counts.items()) + ".")


@app.command(rich_help_panel="Look")
def policy() -> None:
    """Print the default policy, to start one's own from."""
    from acl_graph.exposure import default_policy_text

    answer(default_policy_text().rstrip())


@app.command(rich_help_panel="Look")
def routes(output: AsJson = "text") -> None:
    """Which export do I need? For each route its cost, delay, role, what it answers and what it cannot."""
    from acl_graph.routes import routes_data, routes_text

    answer(as_json(routes_data()) if output == "json" else routes_text())


@app.command(rich_help_panel="Work")
def collector(
    directory: Annotated[Path, typer.Argument(help="Folder to write the script to.")],
    force: Force = False,
) -> None:
    """Write out a read-only PowerShell script that collects a tenant folder; we have not run it on a live tenant."""
    from acl_graph.collector import write_collector

    say(f"Wrote {write_collector(directory, force=force)}. Read it before you run it.")


@app.command(rich_help_panel="Look")
def conformance(
    write_cases: Annotated[
        Path | None, typer.Option("--write-cases", help="Write the engine-neutral cases to this file.")
    ] = None,
    verdicts: Annotated[
        Path | None, typer.Option("--verdicts", help="Judge another engine's verdicts (docs/semantics/format.md).")
    ] = None,
    output: AsJson = "text",
) -> None:
    """Run the conformance suite: passed and failed per rule and per kind of evidence."""
    from acl_graph import conformance as suite

    if write_cases is not None:
        say(f"Wrote {suite.write_cases(write_cases)} cases to {write_cases}.")
        return
    report = suite.judge(verdicts) if verdicts is not None else suite.run_suite()
    answer(as_json(report.as_dict()) if output == "json" else "\n".join(report.lines()))
    if not report.ok:
        raise typer.Exit(Exit.FINDINGS)


@app.command(rich_help_panel="Work")
def warmup() -> None:
    """Compile the fast core now, so that the next command need not."""
    from acl_graph.warm import warm

    started = time.monotonic()
    warm()
    say(f"The fast core is ready ({time.monotonic() - started:.1f} s).")


def main() -> None:
    """Run the command line; every error is one line, every exit one of `Exit`."""
    debug = os.environ.get("ACL_GRAPH_DEBUG") == "1"
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, ValueError):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")  # type: ignore[union-attr]
    try:
        app(prog_name="acl-graph")
    except AclGraphError as error:
        _fail(str(error))
    except KeyboardInterrupt:
        print(file=sys.stderr)
        sys.exit(Exit.INTERRUPTED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(Exit.CLEAN)
    except MemoryError:
        _fail("Not enough memory for this export. Close other programs, or take a machine with more.")
    except Exception as error:
        if debug:
            raise
        _fail(f"Something went wrong inside acl-graph ({type(error).__name__}). ACL_GRAPH_DEBUG=1 shows where.")


def _fail(text: str) -> None:
    line = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    print(f"acl-graph: {line}", file=sys.stderr)
    sys.exit(Exit.ABNORMAL)
