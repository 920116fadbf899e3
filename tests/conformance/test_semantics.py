"""Every row of the tables under docs/semantics comes out as it says there."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from acl_graph.conformance import docs_folder, parse, verdicts
from acl_graph.conformance.cases import Ask, Case
from acl_graph.conformance.report import judge

PAGES = parse(docs_folder())
ROWS = [
    pytest.param(case, ask, id=f"{case.rules[0]}-{case.id}-{ask.principal}-{ask.item}")
    for case in PAGES.cases
    for ask in case.asks
]


@cache
def answers(number: int) -> dict[tuple[str, str, str], dict[str, Any]]:
    """The answers to all questions of one case; one tenant is compiled once."""
    found = verdicts([PAGES.cases[number]])
    return {(line["case"], line["principal"], line["item"]): line for line in found}


@pytest.mark.parametrize(("case", "ask"), ROWS)
def test_a_row_of_the_pages_comes_out_as_it_says(case: Case, ask: Ask) -> None:
    given = answers(PAGES.cases.index(case))
    question = (case.id, ask.principal, ask.item)
    report = judge([case], {question: given[question]})
    mine = next(one for one in report.judged if one.question == question)
    assert mine.outcome == "passed", [f"{p}: {want!r} is promised, {got!r} given" for p, want, got in mine.wrong]
