"""Conformance cases: a small tenant, questions about it, and the answers the rules promise; as JSON Lines.

The file format is documented in `docs/semantics/format.md` and names nothing of this program: any engine can read
the cases, answer them, and have its answers judged.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

from acl_graph.errors import BadInput

FORMAT = 1
EVIDENCE = ("documented", "observed", "inferred")
#: askable: about one person and one item. The others need something that an export of permissions does not hold.
KINDS = ("askable", "device", "document", "before_after")
#: parts of an answer that a case may promise
ASSERTED = (
    "open",
    "latent",
    "latent_by",
    "find",
    "copilot",
    "possible_open",
    "stopped_by",
    "stopped_by_all",
    "conditions",
)

Row = dict[str, Any]


@dataclass(frozen=True)
class Ask:
    """One question: who, about what, and the parts of the answer that are promised (`ASSERTED` -> value)."""

    principal: str
    item: str
    expect: Row


@dataclass(frozen=True)
class Case:
    """One case; `tables` has the rows of the tenant folder, `asks` is empty where `kind` is not askable."""

    id: str
    rules: tuple[str, ...]
    evidence: str
    kind: str
    page: str
    about: str = ""
    snapshot: str | None = None
    coverage: Row = field(default_factory=dict)
    switches: Row = field(default_factory=dict)
    tables: dict[str, list[Row]] = field(default_factory=dict)
    asks: tuple[Ask, ...] = ()

    def line(self) -> str:
        """The case as one line of JSON, keys in a fixed order."""
        return json.dumps(
            {
                "format": FORMAT,
                "id": self.id,
                "rules": list(self.rules),
                "evidence": self.evidence,
                "kind": self.kind,
                "page": self.page,
                "about": self.about,
                "snapshot": self.snapshot,
                "coverage": self.coverage,
                "switches": self.switches,
                "tenant": self.tables,
                "asks": [{"principal": a.principal, "item": a.item, "expect": a.expect} for a in self.asks],
            },
            ensure_ascii=False,
        )


def dump(cases: Iterable[Case]) -> str:
    """The text of a cases file."""
    return "".join(case.line() + "\n" for case in cases)


def load(text: str, source: str = "cases.jsonl") -> tuple[Case, ...]:
    """The cases of a cases file.

    Raises
    ------
    BadInput
        A line is not a case of this format, or two cases have one id; the message names the line.
    """
    cases: dict[str, Case] = {}
    for number, line in json_lines(text, source):
        where = f"{source} line {number}"
        if line.get("format") != FORMAT:
            raise BadInput(f"{where}: not a conformance case of format {FORMAT}")
        try:
            case = Case(
                id=line["id"],
                rules=tuple(line["rules"]),
                evidence=line["evidence"],
                kind=line["kind"],
                page=line["page"],
                about=line.get("about", ""),
                snapshot=line["snapshot"],
                coverage=line["coverage"],
                switches=line["switches"],
                tables=line["tenant"],
                asks=tuple(Ask(ask["principal"], ask["item"], dict(ask["expect"])) for ask in line["asks"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise BadInput(f"{where}: {error!r} is missing or of the wrong shape") from None
        if case.evidence not in EVIDENCE or case.kind not in KINDS:
            raise BadInput(f"{where}: {case.evidence!r} is no kind of evidence, or {case.kind!r} no kind of case")
        if case.id in cases:
            raise BadInput(f"{where}: a case {case.id!r} stands further up already")
        cases[case.id] = case
    return tuple(cases.values())


def shipped() -> tuple[Case, ...]:
    """The cases that come with the package."""
    name = "cases.jsonl"
    return load((files("acl_graph.conformance") / name).read_text(encoding="utf-8"), name)


def read_text(path: str | Path) -> str:
    """A file's text. Raises BadInput where there is none."""
    try:
        return Path(path).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{path}: cannot be read ({error.__class__.__name__})") from None


def json_lines(text: str, source: str) -> list[tuple[int, Row]]:
    """(line number, object) for every line that is not blank. Raises BadInput for a line that is not an object."""
    found: list[tuple[int, Row]] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            raise BadInput(f"{source} line {number}: not JSON") from None
        if not isinstance(value, dict):
            raise BadInput(f"{source} line {number}: not an object")
        found.append((number, value))
    return found
