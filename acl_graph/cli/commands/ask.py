"""The questions: check, who, what, why."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from acl_graph.cli.app import AsJson, Export, LensOption, Possible, Quiet, app
from acl_graph.cli.console import answer, as_json, opened, say
from acl_graph.errors import AclGraphError, BadUsage
from acl_graph.safe_output.write import shown

if TYPE_CHECKING:
    import polars as pl


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
        if principal is not None or item is not None:
            raise BadUsage("Give --queries, or a principal and an item, not both.")
        _check_queries(export, queries, quiet=quiet)
        return
    if principal is None or item is None:
        raise BadUsage("Name a principal and an item, or give --queries FILE.csv.")
    found = opened(export, quiet=quiet).check(principal, item)
    if output == "json":
        answer(as_json(found.as_dict()))
        return
    from acl_graph.reports.answers import check_text

    answer(check_text(found))


def _check_queries(export: Path, queries: Path, *, quiet: bool) -> None:
    from acl_graph.readers.parsing.csv_rows import Misfit, read_csv
    from acl_graph.readers.parsing.sniff import sniff

    if not queries.is_file():
        raise BadUsage(f"There is no file {shown(queries)} to read questions from.")
    sniffed = sniff(queries, queries)
    columns = {key.lower(): key for key in sniffed.keys}
    if sniffed.format != "csv" or not {"principal", "item"} <= set(columns):
        seen = ", ".join(map(shown, sniffed.keys[:4]))
        raise BadUsage(
            f"{shown(queries)} must be a CSV with the columns principal and item"
            + (f"; it has {seen}." if sniffed.format == "csv" and seen else ".")
        )
    misfits: list[Misfit] = []
    frame = read_csv(sniffed, misfits.append)
    access = opened(export, quiet=quiet)
    asked = list(frame.select("source_row", columns["principal"], columns["item"]).iter_rows())
    asked += [(misfit.line, misfit, None) for misfit in misfits if not misfit.kept]
    for _, principal, item in sorted(asked, key=lambda row: row[0]):
        if isinstance(principal, Misfit):
            answer(as_json({"principal": None, "item": None, "error": f"line {principal.line} {principal.why}"}))
            continue
        try:
            answer(as_json(access.check(principal or "", item or "").as_dict()))
        except AclGraphError as error:
            answer(as_json({"principal": principal, "item": item, "error": str(error)}))


def _listed(asked: Callable[..., pl.DataFrame], *, possible: bool) -> tuple[pl.DataFrame, int]:
    """The list with its paths, and how many more rows it would have if the gaps of the export were filled."""
    frame = asked(possible=possible, via=True)
    return frame, 0 if possible else asked(possible=True).height - frame.height


def _hint(lines: list[str], *, quiet: bool) -> None:
    """What a document for scripts has no place for."""
    if lines and not quiet:
        say(*(line.strip() for line in lines))


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
    from acl_graph.reports.answers import gaps_say, who_text

    frame, more = _listed(partial(opened(export, quiet=quiet).who, item, lens), possible=possible)
    if output == "json":
        answer(as_json(frame.select("principal", "level", "via", "latent_by", "name", "login").to_dicts()))
        _hint(gaps_say(more, "more person"), quiet=quiet)
    else:
        answer(who_text(frame, item, lens, more))


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
    from acl_graph.reports.answers import gaps_say, what_text

    frame, more = _listed(partial(opened(export, quiet=quiet).what, principal, lens), possible=possible)
    if output == "json":
        answer(as_json(frame.select("item", "level", "label", "via", "latent_by", "path", "count").to_dicts()))
        _hint(gaps_say(more, "more row"), quiet=quiet)
    else:
        answer(what_text(frame, principal, lens, more))


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
