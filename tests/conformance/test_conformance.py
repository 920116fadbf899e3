"""The conformance suite holds what it promises: pages, cases file, verdicts file, report and table of rules agree."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from acl_graph import conformance
from acl_graph.conformance import cases as cases_module
from acl_graph.conformance.cases import ASSERTED, EVIDENCE, KINDS, Case, dump, load
from acl_graph.conformance.engine import tenant_of
from acl_graph.conformance.pages import COLUMNS, FAMILIES, parse
from acl_graph.conformance.report import judge
from acl_graph.conformance.rules_table import table
from acl_graph.conformance.worlds import read_world
from acl_graph.errors import BadInput
from acl_graph.tenant.schema import TABLES

DOCS = Path(__file__).parents[2] / "docs"
ROOT = DOCS.parent
PAGES = parse(DOCS / "semantics")
#: truth cases that are about a device or session, a document at hand, or a change
NOT_ASKED = {
    "document": {"T058-download", "T059-versions", "T120", "T166"},
    "device": {"T117-site", "T127-site", "T136-device", "T159-desktop"},
    "before_after": {"T128", "T176", "T178", "T179", "T181", "T182", "T184", "T185", "T186", "T189", "T190"},
}
ASKED = (
    "001 002 005 006 007 008 009 011 012 014 015 016 019 020 021 022 024 026 027 029 030 032 033 035 036 037 039 "
    "040 042 044 045 047 048 049 050 051 053 055 056 058 059 061 062 064 065 066 069 070 072 073 074 075 076 078 "
    "080 081 082 084 086 087 088 090 091 093 094 096 097 099 100 101 102 105 106 107 109 111 112 113 115 116 117 "
    "118 121 123 125 127 130 131 133 134 135 136 138 140 141 143 144 145 147 148 149 151 152 154 155 157 159 160 "
    "162 163 165 168 169 170 171 173 174"
)


def line(case: Case) -> dict[str, Any]:
    return json.loads(case.line())  # type: ignore[no-any-return]


def perfect() -> list[dict[str, Any]]:
    """A verdicts file that gives what is promised and nothing else."""
    return [
        {"case": case.id, "principal": ask.principal, "item": ask.item, **ask.expect}
        for case in PAGES.cases
        for ask in case.asks
    ]


def written(folder: Path, lines: list[dict[str, Any]]) -> Path:
    path = folder / "verdicts.jsonl"
    path.write_text("".join(json.dumps(one) + "\n" for one in lines), encoding="utf-8")
    return path


def test_the_shipped_cases_are_those_of_the_pages() -> None:
    shipped = (ROOT / "acl_graph" / "conformance" / "cases.jsonl").read_text(encoding="utf-8")
    assert shipped == dump(PAGES.cases), "run `acl-graph conformance --write-cases`"


def test_the_table_of_rules_is_that_of_the_pages() -> None:
    assert (DOCS / "rules.md").read_text(encoding="utf-8") == table(PAGES), "run `acl-graph conformance --write-cases`"


def test_every_rule_is_listed_once_and_its_modules_exist() -> None:
    expected = [f"{family}{number:02}" for family, last in FAMILIES.items() for number in range(1, last + 1)]
    assert sorted(rule.number for rule in PAGES.rules) == sorted(expected)
    text = (DOCS / "rules.md").read_text(encoding="utf-8")
    for rule in PAGES.rules:
        assert text.count(f"| [{rule.number}](") == 1
        assert rule.text and rule.source
        assert rule.where or rule.why, rule.number
        for module in rule.where:
            assert (ROOT / module).is_file(), (rule.number, module)


def test_every_rule_that_is_computed_from_grants_has_a_case_or_is_a_readers() -> None:
    tested = {number for case in PAGES.cases for number in case.rules if case.asks}
    untested = {rule.number for rule in PAGES.rules if rule.computed and rule.forms != ("reader",)} - tested
    assert untested == set()


def test_every_truth_case_is_asked_or_listed_with_the_reason_why_not() -> None:
    asked = {case.id for case in PAGES.cases if case.kind == "askable"}
    families = {name.split("-")[0] for name in asked}
    assert {f"T{number}" for number in ASKED.split()} <= families
    for kind, names in NOT_ASKED.items():
        assert {case.id for case in PAGES.cases if case.kind == kind} == names


def test_cases_survive_the_way_through_the_file() -> None:
    assert load(dump(PAGES.cases)) == PAGES.cases


def test_no_case_says_more_or_less_than_its_rows() -> None:
    for case in PAGES.cases:
        if case.asks:
            tenant = tenant_of(case)
            assert {name: len(rows) for name, rows in case.tables.items()} == {
                name: tenant[name].height for name in TABLES if tenant[name].height
            }, case.id


def test_the_format_page_names_every_key_word_and_column() -> None:
    text = (DOCS / "semantics" / "format.md").read_text(encoding="utf-8")
    keys = [*line(PAGES.cases[0]), *ASSERTED, *KINDS, *EVIDENCE]
    assert [key for key in keys if f"`{key}`" not in text] == []
    assert [column for column in COLUMNS if column not in text] == []


def test_every_table_and_column_of_the_tenant_folder_can_be_written_in_a_world() -> None:
    samples = {"id": "x", "text": "x", "list": "x + y", "flag": "false", "whole": "3", "time": "2026-06-03"}
    lines = [
        f"row of {name}: " + ", ".join(f"{column.name} = {samples[column.type]}" for column in told.columns)
        for name, told in TABLES.items()
    ]
    rows = read_world("\n".join(lines)).rows()
    for name, told in TABLES.items():
        assert set(rows[name][0]) == {column.name for column in told.columns}


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> tuple[Case, ...]:
    """The suite cut down to some cases: `test_semantics.py` asks every question already."""
    some = PAGES.cases[::12]
    monkeypatch.setattr(conformance, "shipped", lambda: some)
    return some


def test_the_program_passes_its_own_suite(few: tuple[Case, ...]) -> None:
    report = conformance.run_suite()
    assert report.ok, report.lines()
    assert len(report.judged) == sum(len(case.asks) for case in few)
    assert set(report.as_dict()["evidence"]) == set(EVIDENCE)


def test_our_own_verdicts_file_is_judged_as_passed(tmp_path: Path, few: tuple[Case, ...]) -> None:
    path = tmp_path / "ours.jsonl"
    assert conformance.write_verdicts(path) == sum(len(case.asks) for case in few)
    assert conformance.judge(path).ok


def test_a_question_the_program_cannot_answer_is_unanswered_and_does_not_end_the_run() -> None:
    case = next(case for case in PAGES.cases if case.id == "T001")
    asked = replace(case, asks=(replace(case.asks[0], principal="nobody-known"), *case.asks))
    first, second = conformance.verdicts([asked])
    assert "nobody-known" in first["error"] and second["open"] == "EDIT"
    answers = {(one["case"], one["principal"], one["item"]): one for one in (first, second)}
    assert [one.outcome for one in judge([asked], answers).judged] == ["unanswered", "passed"]


def test_cases_can_be_written_to_a_place_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "cases.jsonl"
    assert conformance.write_cases(path) == len(PAGES.cases)
    assert load(path.read_text(encoding="utf-8")) == PAGES.cases


def test_a_perfect_verdicts_file_passes_and_a_wrong_one_fails_under_its_rules_only(tmp_path: Path) -> None:
    lines = perfect()
    assert conformance.judge(written(tmp_path, lines)).ok
    wrong = [dict(one) for one in lines]
    first = next(one for one in wrong if one["case"] == "T001")
    first["open"] = "NONE"
    report = conformance.judge(written(tmp_path, wrong))
    assert not report.ok
    failed = report.as_dict()["failures"]
    assert [(one["case"], one["outcome"]) for one in failed] == [("T001", "failed")]
    assert failed[0]["wrong"] == [{"part": "open", "promised": "EDIT", "given": "NONE"}]
    assert report.counts()["documented"]["failed"] == 1
    assert report.counts()["inferred"]["failed"] == report.counts()["observed"]["failed"] == 0
    failing = {rule for rule, counts in report.by_rule().items() if counts.get("documented", {}).get("failed")}
    assert failing == {"H02", "C01"}
    assert any(text.startswith("failed: T001") for text in report.lines())


def test_the_opposite_of_every_answer_passes_nothing(tmp_path: Path) -> None:
    lines = [
        {key: value if key in ("case", "principal", "item") else "something else" for key, value in one.items()}
        for one in perfect()
    ]
    counts = conformance.judge(written(tmp_path, lines)).counts()
    assert [counts[kind]["passed"] for kind in EVIDENCE] == [0, 0, 0]


def test_an_engine_that_says_nothing_passes_nothing(tmp_path: Path) -> None:
    report = conformance.judge(written(tmp_path, []))
    assert not report.ok
    assert all(one.outcome == "unanswered" for one in report.judged)


def test_an_engine_that_knows_only_one_part_is_unanswered_and_not_failed(tmp_path: Path) -> None:
    lines = [{k: v for k, v in one.items() if k in ("case", "principal", "item", "open")} for one in perfect()]
    outcomes = {one.outcome for one in conformance.judge(written(tmp_path, lines)).judged}
    assert "failed" not in outcomes and "unanswered" in outcomes


def test_a_report_has_no_total_across_the_kinds_of_evidence() -> None:
    report = judge(PAGES.cases, {})
    totals = {sum(one.values()) for one in report.counts().values()}
    grand = len(report.judged)
    numbers = [part for text in report.lines() for part in text.replace(".", " ").replace(":", " ").split()]
    assert grand not in totals
    assert str(grand) not in numbers


def test_answers_from_outside_are_shown_escaped_and_short(tmp_path: Path) -> None:
    lines = perfect()
    lines[0]["open"] = "\x1b[31mEDIT\n" + "x" * 1000
    lines.append({"case": "no\x1bsuch", "principal": "a", "item": "b"})
    report = conformance.judge(written(tmp_path, lines))
    assert report.strangers == (("no\x1bsuch", "a", "b"),)
    assert all("\x1b" not in text and "\n" not in text and len(text) < 1000 for text in report.lines())


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("{", "line 1: not JSON"),
        ("[]", "line 1: not an object"),
        ('{"case": "T001", "principal": "alice"}', "line 1: case, principal and item"),
        ('{"case": 1, "principal": "alice", "item": "I"}', "as text"),
        ('{"case": "a", "principal": "b", "item": "c"}\n' * 2, "line 2: this question has an answer"),
        ("[" * 100_000, "line 1"),
    ],
)
def test_a_broken_verdicts_file_is_refused_with_its_line(tmp_path: Path, content: str, says: str) -> None:
    path = tmp_path / "broken.jsonl"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(BadInput, match=says):
        conformance.judge(path)


def test_a_verdicts_file_that_is_not_there_or_not_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput):
        conformance.judge(tmp_path / "none.jsonl")
    path = tmp_path / "binary.jsonl"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadInput):
        conformance.judge(path)


def test_a_cases_file_of_another_format_or_with_a_case_twice_is_refused() -> None:
    one = line(PAGES.cases[0])
    for broken in ({**one, "format": 2}, {**one, "evidence": "hoped"}, {**one, "kind": "odd"}, {"format": 1}):
        with pytest.raises(BadInput, match=r"line 1"):
            load(json.dumps(broken))
    with pytest.raises(BadInput, match=r"line 2"):
        load(dump([PAGES.cases[0], PAGES.cases[0]]))


def test_a_case_whose_rows_cannot_be_kept_is_refused() -> None:
    case = PAGES.cases[0]
    with pytest.raises(BadInput, match="there is no table"):
        tenant_of(replace(case, tables={"nothing": [{}]}))
    with pytest.raises(BadInput, match="has no column"):
        tenant_of(replace(case, tables={"sites": [{"id": "S", "colour": "red"}]}))
    with pytest.raises(BadInput, match="was rejected"):
        tenant_of(replace(case, tables={"sites": [{"title": "no id"}]}))


@pytest.mark.parametrize(
    "text",
    [
        "user alice bob",
        "user alice: hat = red",
        "list L in W: alice = Read",
        "site S\nweb W of S: Read",
        "site S: no_crawl = perhaps",
        "alice may read I",
        "row of hats: id = x",
        "switch sharing is not known",
    ],
)
def test_a_line_of_a_world_that_is_not_understood_is_an_error(text: str) -> None:
    with pytest.raises(BadInput, match="given"):
        read_world(text)


def pages_with(folder: Path, change: Callable[[str], str]) -> Path:
    """A copy of the pages with another copilot.md."""
    for page in (DOCS / "semantics").glob("*.md"):
        text = page.read_text(encoding="utf-8")
        changed = change(text) if page.name == "copilot.md" else text
        (folder / page.name).write_text(changed, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("### C01 ", "### C1 "),
        ("- Evidence: documented", "- Evidence: rumoured"),
        ("- Form: answer", "- Form: magic"),
        ("| bob | I | VIEW |", "| bob | I | LOOK |"),
        ("| stopped by |", "| stopped |"),
        ("| C01-view | bob | I | VIEW |", "| C01-view | bob | I | VIEW | READ |"),
        ("```given L05", "```given Z99"),
        ("### C02 ", "### C01 "),
        ("| C01-view | carol", "| C01-flag | carol"),
    ],
)
def test_a_page_that_is_not_written_as_it_should_be_is_refused(tmp_path: Path, old: str, new: str) -> None:
    def change(text: str) -> str:
        assert old in text
        return text.replace(old, new, 1)

    with pytest.raises(BadInput):
        parse(pages_with(tmp_path, change))


def test_the_cases_file_lies_beside_the_package_where_the_program_looks_for_it() -> None:
    assert cases_module.shipped() == PAGES.cases
