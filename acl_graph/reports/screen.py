"""The first screen: what a person should know after one look. Text only; the command line prints it."""

from __future__ import annotations

import shlex
import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from acl_graph.reports import sentences as say
from acl_graph.safe_output.text import inert
from acl_graph.vocabulary import Lens

if TYPE_CHECKING:
    from acl_graph.auditing import Audit

TITLES = {
    Lens.OPEN: "can open now",
    Lens.LATENT: "one step away, or open",
    Lens.FIND: "can find in search",
    Lens.COPILOT: "Copilot can use",
}
#: the narrowest and the widest the screen gets, whatever the terminal
NARROW, WIDE, USUAL = 60, 100, 80


def first_screen(
    audit: Audit, *, export: str = "EXPORT", out: str | None = None, policy: str | None = None, width: int = USUAL
) -> str:
    """The whole screen as plain text without colour or control characters.

    `export`, `out` and `policy` are what the user called them: the screen ends in commands to go on with.
    """
    s = audit.summary
    page = _Page(min(WIDE, max(NARROW, width)))
    page.line(say.heading(s))
    _unread(page, s)
    page.gap()
    for sentence in (say.covered(s), say.not_covered(s), say.doubts(s), say.population(s)):
        page.line(sentence, hang=2)
    page.gap()
    if say.classified(s):
        _lenses(page, s)
        page.gap()
        _worst(page, s)
        page.gap()
    else:
        page.line(say.nothing_classified(s), hang=2)
        page.command(f"acl-graph who {shlex.quote(export)} SITE", indent=2)
        page.gap()
    _changes(page, s, export)
    _more(page, s, export, out, policy)
    return "\n".join(page.lines)


class _Page:
    """Lines no wider than the page, every one of them inert. Commands are never broken: they are to be copied."""

    def __init__(self, width: int) -> None:
        self.width, self.lines = width, list[str]()

    def line(self, text: str, *, indent: int = 0, hang: int = 0) -> None:
        """A sentence, wrapped; `hang` is how much further its next lines are indented."""
        if text:
            self.lines += textwrap.wrap(
                inert(text),
                self.width,
                initial_indent=" " * indent,
                subsequent_indent=" " * (indent + hang),
                break_long_words=False,
                break_on_hyphens=False,
            )

    def command(self, text: str, *, indent: int) -> None:
        """A command as it is."""
        self.lines.append(" " * indent + inert(text))

    def row(self, *cells: str) -> None:
        """A row of a table: the first cell to the left, numbers to the right, all of it within the width."""
        first, *numbers = cells
        self.lines.append(f"  {first:24}" + "".join(f"{number:>17}" for number in numbers).rstrip())

    def gap(self) -> None:
        """One empty line."""
        if self.lines and self.lines[-1]:
            self.lines.append("")


def _unread(page: _Page, s: dict[str, Any]) -> None:
    told = say.unread(s)
    if told:
        page.gap()
    for sentence in told:
        page.line(sentence, hang=2)


def _lenses(page: _Page, s: dict[str, Any]) -> None:
    page.line(say.of_how_many(s))
    page.row("", "people", "people x files")
    ranges: list[str] = []
    for lens in Lens:
        said = s["lenses"][lens.value]
        cells = []
        for key in ("people_with_sensitive", "sensitive_pairs"):
            sure, possible = said[key], said[f"{key}_possible"]
            cells.append(f"{sure:,}" if sure == possible else f"{sure:,} to {possible:,}")
            if sure != possible:
                ranges.append(f'"{cells[-1]}": surely {sure:,}, possibly up to {possible:,}.')
        page.row(TITLES[lens], *cells)
    page.line("People x files: a sensitive file counts once for each person who reaches it. " + "".join(ranges[:1]))


def _worst(page: _Page, s: dict[str, Any]) -> None:
    if not s["worst_sites"]:
        page.line("No sensitive file that this export lists can be opened by anybody.")
        return
    page.line("Worst sites by people x files, and what lets most people in:")
    widest = max(len(f"{site['people_times_sensitive_files']:,}") for site in s["worst_sites"])
    for number, site in enumerate(s["worst_sites"], 1):
        indent = widest + 7
        page.line(f"  {number}. {site['people_times_sensitive_files']:>{widest},}  {site['url']}", hang=indent)
        if site["cause"]:
            page.line(say.cause(site["cause"]), indent=indent, hang=2)


def _changes(page: _Page, s: dict[str, Any], export: str) -> None:
    first = s["first_changes"]
    if first:
        page.line("Change first:")
    for number, one in enumerate(first, 1):
        page.line(f"{number}. {one['what']}", indent=2, hang=3)
        page.line(say.effect(one), indent=5)
        page.command(f"acl-graph who {shlex.quote(export)} {shlex.quote(inert(one['ask_about']))}", indent=5)
    if not first and s["worst_sites"]:
        page.line("No single change takes much away and leaves the work alone; the findings say what each would do.")
    if s["worst_sites"]:
        page.gap()


def _more(page: _Page, s: dict[str, Any], export: str, out: str | None, policy: str | None) -> None:
    where = f"{out}/report.html has each with its change" if out else "--out DIR writes a report with each"
    page.line(f"{say.findings(s)}; {where}.", hang=2)
    for sentence in _ends(export, policy):
        page.line(sentence, hang=2)


def _ends(export: str, policy: str | None) -> Iterator[str]:
    yield f"What was read, and what not: acl-graph inspect {shlex.quote(export)}"
    in_force = f"the policy {policy}" if policy else "the default policy (acl-graph policy prints it)"
    yield f"What counts as sensitive: {in_force}."
