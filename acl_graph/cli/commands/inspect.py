"""Looking at an export and at the program: inspect, policy, routes, conformance."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from acl_graph.cli.app import AsJson, Exit, Export, Force, Quiet, Strict, app
from acl_graph.cli.console import answer, as_json, opened, say


@app.command(rich_help_panel="Look")
def inspect(
    export: Export,
    strict: Strict = False,
    checks: Annotated[
        bool, typer.Option("--spot-checks", help="Twenty answers to confirm in the tenant, each with its REST call.")
    ] = False,
    output: AsJson = "text",
    quiet: Quiet = False,
) -> None:
    """What was read, what was rejected and why, what this export cannot say."""
    from acl_graph.inspection.inspect import inspect as look
    from acl_graph.reports.answers import inspect_text

    access = opened(export, quiet=quiet)
    found = look(access)
    lines = [] if output == "json" else [inspect_text(found)]
    if checks:
        from acl_graph.inspection import spot_checks as spot

        if output == "json":
            found["spot_checks"] = spot.spot_checks_data(spot.spot_checks(access))
        else:
            lines += ["", spot.spot_checks_text(spot.spot_checks(access))]
    answer(as_json(found) if output == "json" else "\n".join(lines))
    if strict and found["rejected"]["rows"]:
        raise typer.Exit(Exit.REJECTED)


@app.command(rich_help_panel="Look")
def policy() -> None:
    """Print the default policy, to start one's own from."""
    from acl_graph.exposure.policy import default_policy_text

    answer(default_policy_text().rstrip())


@app.command(rich_help_panel="Look")
def routes(output: AsJson = "text") -> None:
    """Which export do I need? For each route its cost, delay, role, what it answers and what it cannot."""
    from acl_graph.collector.which_export import routes_data, routes_text

    answer(as_json(routes_data()) if output == "json" else routes_text())


@app.command(rich_help_panel="Look")
def conformance(
    write_cases: Annotated[
        Path | None, typer.Option("--write-cases", help="Write the engine-neutral cases to this file.")
    ] = None,
    verdicts: Annotated[
        Path | None, typer.Option("--verdicts", help="Judge another engine's verdicts (docs/semantics/format.md).")
    ] = None,
    force: Force = False,
    output: AsJson = "text",
) -> None:
    """Run the conformance suite: passed and failed per rule and per kind of evidence."""
    from acl_graph import conformance as suite

    if write_cases is not None:
        say(f"Wrote {suite.write_cases(write_cases, force=force)} cases to {write_cases}.")
        return
    report = suite.judge(verdicts) if verdicts is not None else suite.run_suite()
    answer(as_json(report.as_dict()) if output == "json" else "\n".join(report.lines()))
    if not report.ok:
        raise typer.Exit(Exit.FINDINGS)
