"""Writes `docs/rules.md`: every rule, what became of it in the program, and which cases hold it to that."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from acl_graph.conformance.cases import KINDS, Case
from acl_graph.conformance.pages import NOT_COMPUTED, Pages, Rule

_HEAD = """# Every rule and what became of it

This page is written from the pages under `semantics/` (see [their format](semantics/format.md)): change those.

Forms: an **edge filter** decides whether a membership, grant or link exists, or only possibly; a **population** is a
set of people that a gate admits; a **mask requirement** asks the list for more bits than reading needs; an
**exception** spares one person one gate on one file; an **addition** says who would have it one step further; a
**mask** says what a grant is worth; an **answer** is formed from the other verdicts or said beside them; **tables**
means that the tables hold it that way, so that nothing needs computing; **reader** means that it is settled when an
export is read. A rule of form *plan* is about changing things, and waits for plans. Cases in brackets are listed and
not asked: they need a device, an open document, or a before and an after.

| rule | what it is about | evidence | implemented | form | where, or why not | tested by |
|---|---|---|---|---|---|---|
"""


def table(pages: Pages) -> str:
    """The text of `docs/rules.md`."""
    by_rule: dict[str, list[Case]] = {}
    for case in pages.cases:
        for number in case.rules:
            by_rule.setdefault(number, []).append(case)
    lines = [_line(rule, by_rule.get(rule.number, [])) for rule in pages.rules]
    return _HEAD + "".join(line + "\n" for line in lines)


def _line(rule: Rule, cases: Iterable[Case]) -> str:
    where = ", ".join(f"`{module}`" for module in rule.where) if rule.computed else rule.why
    cells = [
        f"[{rule.number}](semantics/{rule.page}.md)",
        rule.title,
        rule.evidence,
        "yes" if rule.computed else "no",
        ", ".join(form for form in rule.forms if rule.computed or form in NOT_COMPUTED),
        where,
        _tested(cases),
    ]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _tested(cases: Iterable[Case]) -> str:
    ordered = sorted(cases, key=lambda case: (KINDS.index(case.kind) > 0, case.id))
    found = [(asked, [c.id for c in some]) for asked, some in groupby(ordered, lambda c: c.kind == KINDS[0])]
    return " ".join(", ".join(ids) if asked else f"({', '.join(ids)})" for asked, ids in found)
