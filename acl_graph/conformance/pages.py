"""Reads the pages under `docs/semantics/`: rules with their evidence, and the cases of their tables.

A page is plain Markdown. A heading `### H02 ...` starts a rule; `- Evidence:` and `- Form:` lines describe it;
a fenced block `given` describes a small tenant, and the tables after it ask about it. `docs/semantics/format.md` says
the rest.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from acl_graph.conformance.cases import EVIDENCE, KINDS, Ask, Case, read_text
from acl_graph.conformance.worlds import World, read_world, without_unused
from acl_graph.errors import BadInput
from acl_graph.vocabulary import COPILOT_VERDICTS, FIND_VERDICTS, GATES, STEPS, Level

PAGES = ("hierarchy", "principals", "levels", "links", "controls", "labels", "copilot")
FAMILIES = {"H": 18, "P": 22, "L": 12, "S": 20, "O": 30, "E": 14, "C": 8}
#: forms a rule takes in the program; the last three mean that nothing of it is computed
FORMS = (
    "edge filter",
    "population",
    "mask requirement",
    "exception",
    "addition",
    "mask",
    "answer",
    "tables",
    "reader",
    "plan",
    "not applicable",
    "not implemented",
)
NOT_COMPUTED = FORMS[-3:]
#: columns a table of cases may have
COLUMNS = (
    "case",
    "who",
    "on",
    "open",
    "latent",
    "find",
    "copilot",
    "possible",
    "stopped by",
    "all stops",
    "conditions",
    "evidence",
)
NOT_ASKED = ("case", "kind", "question", "evidence")

_RULE = re.compile(r"### ([HPLSOEC]\d\d) (.+)")
_EVIDENCE = re.compile(r"- Evidence: (\w+)([^;]*); (.+)")
_FORM = re.compile(r"- Form: ([\w ,]+?); (.+)")
_MODULE = re.compile(r"`(acl_graph/[\w/]+\.py)`")


@dataclass(frozen=True)
class Rule:
    """One rule: what it says, how it is known, and what became of it in the program."""

    number: str
    title: str
    text: str
    evidence: str
    source: str
    forms: tuple[str, ...]
    #: modules, or the reason why nothing is computed
    where: tuple[str, ...]
    why: str
    page: str

    @property
    def computed(self) -> bool:
        """Whether the program computes anything for this rule."""
        return any(form not in NOT_COMPUTED for form in self.forms)


@dataclass(frozen=True)
class Pages:
    """What the pages say."""

    rules: tuple[Rule, ...]
    cases: tuple[Case, ...]


def docs_folder() -> Path:
    """Where the pages lie in a checkout. Raises BadInput where the package was installed without them."""
    folder = Path(__file__).parents[2] / "docs" / "semantics"
    if not (folder / "index.md").is_file():
        raise BadInput("the pages of docs/semantics are not here: this works in a checkout of the project only")
    return folder


def parse(folder: str | Path) -> Pages:
    """Rules and cases of a folder of pages.

    Raises
    ------
    BadInput
        A page is missing, a rule misses its evidence or form, a world or table is not understood, a case id is taken.
    """
    root = Path(folder)
    cast = read_world("\n".join(text for _, text in _fences(read_text(root / "index.md"), "given")))
    rules: list[Rule] = []
    cases: dict[str, Case] = {}
    for page in PAGES:
        for rule, text in _sections(read_text(root / f"{page}.md"), page):
            rules.append(rule)
            for case in _cases(text, rule, cast):
                if case.id in cases:
                    raise BadInput(f"{page}.md, {rule.number}: case {case.id} stands elsewhere already")
                cases[case.id] = case
    taken = [rule.number for rule in rules]
    twice = sorted({number for number in taken if taken.count(number) > 1})
    if twice:
        raise BadInput(f"rules described twice: {', '.join(twice)}")
    unknown = sorted({number for case in cases.values() for number in case.rules} - set(taken))
    if unknown:
        raise BadInput(f"cases name rules that no page describes: {', '.join(unknown)}")
    return Pages(tuple(rules), tuple(sorted(cases.values(), key=lambda case: case.id)))


def _fences(text: str, word: str) -> Iterator[tuple[str, str]]:
    """(rest of the info line, content) of the fenced blocks of a kind."""
    for match in re.finditer(rf"^```{word}([^\n]*)\n(.*?)^```$", text, re.M | re.S):
        yield match[1].strip(), match[2]


def _sections(text: str, page: str) -> Iterator[tuple[Rule, str]]:
    starts = list(re.finditer(r"^### .*$", text, re.M))
    for number, match in enumerate(starts):
        heading = _RULE.fullmatch(match[0].strip())
        if heading is None:
            raise BadInput(f"{page}.md: {match[0]!r} is not the heading of a rule")
        end = starts[number + 1].start() if number + 1 < len(starts) else len(text)
        body = text[match.end() : end]
        yield _rule(heading[1], heading[2], body, page), body


def _rule(number: str, title: str, body: str, page: str) -> Rule:
    evidence, form = (re.search(pattern.pattern, body, re.M) for pattern in (_EVIDENCE, _FORM))
    if evidence is None or evidence[1] not in EVIDENCE or form is None:
        raise BadInput(f"{page}.md, {number}: the lines '- Evidence: ...; ...' and '- Form: ...; ...' are wanted")
    forms = tuple(part.strip() for part in form[1].split(","))
    modules = tuple(_MODULE.findall(form[2]))
    for word in forms:
        if word not in FORMS:
            raise BadInput(f"{page}.md, {number}: {word!r} is not a form")
    if not modules and any(word not in NOT_COMPUTED for word in forms):
        raise BadInput(f"{page}.md, {number}: a form that is computed needs a module")
    paragraph = body.strip().split("\n- Evidence:")[0].split("\n\n- ")[0]
    return Rule(
        number=number,
        title=title.strip(),
        text=" ".join(paragraph.split()),
        evidence=evidence[1],
        source=evidence[3].strip(),
        forms=forms,
        where=modules,
        why="" if modules else form[2].strip(),
        page=page,
    )


def _cases(body: str, rule: Rule, cast: World) -> Iterator[Case]:
    """The cases of a rule's section, in order."""
    world: World | None = None
    rules: tuple[str, ...] = (rule.number,)
    for kind, info, content in _pieces(body):
        if kind == "given":
            world = read_world(content, cast)
            rules = tuple(dict.fromkeys((rule.number, *info.split())))
            continue
        header, rows = _table(content)
        where = f"{rule.page}.md, {rule.number}"
        if header == list(NOT_ASKED):
            for row in rows:
                yield _not_asked(row, rule, where)
        elif header[:1] == ["case"]:
            if world is None or not set(header) <= set(COLUMNS):
                raise BadInput(f"{where}: a table without a world before it, or with a column nobody knows: {header}")
            for case in _asked(rows, world, cast, rules, where):
                yield replace(case, page=rule.page)


def _pieces(body: str) -> Iterator[tuple[str, str, str]]:
    """('given', info, block) and ('table', '', text), in the order of the page."""
    pattern = re.compile(r"^```given([^\n]*)\n(.*?)^```$|^(\|[^\n]*\|(?:\n\|[^\n]*\|)*)$", re.M | re.S)
    for match in pattern.finditer(body):
        if match[3] is not None:
            yield "table", "", match[3]
        else:
            yield "given", match[1].strip(), match[2]


def _table(text: str) -> tuple[list[str], list[dict[str, str]]]:
    lines = [
        [cell.strip() for cell in line.strip().removeprefix("|").removesuffix("|").split("|")]
        for line in text.splitlines()
    ]
    header = lines[0]
    for line in lines[2:]:
        if len(line) != len(header):
            raise BadInput(f"a row of a table has {len(line)} cells and its header {len(header)}: {' | '.join(line)}")
    return header, [dict(zip(header, line, strict=True)) for line in lines[2:]]


def _not_asked(row: dict[str, str], rule: Rule, where: str) -> Case:
    if row["kind"] not in KINDS[1:] or row["evidence"] not in EVIDENCE:
        raise BadInput(f"{where}, case {row['case']}: kind {row['kind']!r} or evidence {row['evidence']!r} is unknown")
    return Case(row["case"], (rule.number,), row["evidence"], row["kind"], rule.page, row["question"])


def _asked(rows: list[dict[str, str]], world: World, cast: World, rules: tuple[str, ...], where: str) -> Iterator[Case]:
    by_case: dict[str, list[dict[str, str]]] = {}
    for row in rows:
        by_case.setdefault(row["case"], []).append(row)
    for identity, asked in by_case.items():
        evidence = {row["evidence"] for row in asked}
        if len(evidence) != 1 or not evidence <= set(EVIDENCE):
            raise BadInput(f"{where}, case {identity}: one kind of evidence is wanted, not {sorted(evidence)}")
        asks = tuple(Ask(row["who"], row["on"], _expected(row, f"{where}, case {identity}")) for row in asked)
        if any(not ask.expect for ask in asks) or len({(a.principal, a.item) for a in asks}) != len(asks):
            raise BadInput(f"{where}, case {identity}: a row promises nothing, or two rows ask the same")
        shown = without_unused(world, cast, {ask.principal for ask in asks})
        yield Case(
            id=identity,
            rules=rules,
            evidence=evidence.pop(),
            kind="askable",
            page="",
            snapshot=shown.snapshot,
            coverage=shown.coverage,
            switches=shown.switches,
            tables=shown.rows(),
            asks=asks,
        )


def _expected(row: dict[str, str], where: str) -> dict[str, Any]:
    """What a row of a table promises; a blank cell promises nothing."""
    levels = [level.name for level in Level]
    found: dict[str, Any] = {}

    def take(column: str, key: str, words: list[str]) -> None:
        said = row.get(column, "")
        if said and said not in words:
            raise BadInput(f"{where}: {said!r} is not a word of column {column!r}")
        if said:
            found[key] = said

    take("open", "open", levels)
    take("find", "find", list(FIND_VERDICTS))
    take("copilot", "copilot", list(COPILOT_VERDICTS))
    take("possible", "possible_open", levels)
    steps = [step.value for step in STEPS]
    take("latent", "latent", ["yes", "no", *steps])
    if found.get("latent") in steps:
        found |= {"latent": "yes", "latent_by": found["latent"]}
    gates = [gate.value for gate in GATES]
    take("stopped by", "stopped_by", ["nothing", *gates])
    if found.get("stopped_by") == "nothing":
        found["stopped_by"] = None
    if row.get("all stops"):
        found["stopped_by_all"] = [gate for gate in row["all stops"].split(" + ") if gate in gates]
        if " + ".join(found["stopped_by_all"]) != row["all stops"]:
            raise BadInput(f"{where}: {row['all stops']!r} are not gates")
    if row.get("conditions"):
        found["conditions"] = [] if row["conditions"] == "none" else row["conditions"].split(" + ")
    return found
