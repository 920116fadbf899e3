"""Holds answers against what the cases promise, and counts: per rule and per kind of evidence, never across kinds.

A promise that rests on a page of Microsoft's and one that rests on a conclusion of ours do not weigh the same, so there
is no grand total anywhere.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from acl_graph.conformance.cases import EVIDENCE, KINDS, Case
from acl_graph.conformance.engine import Question

OUTCOMES = ("passed", "failed", "unanswered")
FAMILIES = {
    "H": "hierarchy",
    "P": "principals",
    "L": "levels",
    "S": "links",
    "O": "controls",
    "E": "labels",
    "C": "Copilot",
}

Counts = dict[str, dict[str, int]]


@dataclass(frozen=True)
class Judged:
    """One question and what became of it. `wrong` has (part, promised, given)."""

    case: Case
    question: Question
    outcome: str
    wrong: tuple[tuple[str, Any, Any], ...] = ()


@dataclass(frozen=True)
class Report:
    """The outcome of a run of the suite."""

    judged: tuple[Judged, ...]
    not_asked: tuple[Case, ...]
    #: answers to questions that the suite does not ask
    strangers: tuple[Question, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether everything that was asked was answered as promised."""
        return bool(self.judged) and all(one.outcome == "passed" for one in self.judged)

    def counts(self) -> Counts:
        """Kind of evidence -> passed, failed, unanswered questions."""
        return {
            kind: {word: sum(o.outcome == word and o.case.evidence == kind for o in self.judged) for word in OUTCOMES}
            for kind in EVIDENCE
        }

    def by_rule(self) -> dict[str, Counts]:
        """Rule -> kind of evidence -> outcomes. A question counts under each rule its case is about."""
        found: dict[str, Counts] = {}
        for one in self.judged:
            for rule in one.case.rules:
                counts = found.setdefault(rule, {}).setdefault(one.case.evidence, dict.fromkeys(OUTCOMES, 0))
                counts[one.outcome] += 1
        order = list(FAMILIES)
        return dict(sorted(found.items(), key=lambda pair: (order.index(pair[0][0]), pair[0])))

    def by_family(self) -> dict[str, Counts]:
        """Family letter -> kind of evidence -> outcomes. A question counts once in each family its case is about."""
        found: dict[str, Counts] = {}
        for one in self.judged:
            for family in {rule[0] for rule in one.case.rules}:
                counts = found.setdefault(family, {}).setdefault(one.case.evidence, dict.fromkeys(OUTCOMES, 0))
                counts[one.outcome] += 1
        return {family: found[family] for family in FAMILIES if family in found}

    def waiting(self) -> Counts:
        """Kind of case that is not asked -> kind of evidence -> how many."""
        return {
            kind: {word: sum(c.kind == kind and c.evidence == word for c in self.not_asked) for word in EVIDENCE}
            for kind in KINDS[1:]
        }

    def as_dict(self) -> dict[str, Any]:
        """The report as plain data; there is no total across the kinds of evidence."""
        return {
            "ok": self.ok,
            "evidence": self.counts(),
            "families": self.by_family(),
            "rules": self.by_rule(),
            "not_asked": self.waiting(),
            "failures": [
                {
                    "case": one.question[0],
                    "principal": one.question[1],
                    "item": one.question[2],
                    "rules": list(one.case.rules),
                    "evidence": one.case.evidence,
                    "outcome": one.outcome,
                    "wrong": [{"part": p, "promised": promised, "given": given} for p, promised, given in one.wrong],
                }
                for one in self.judged
                if one.outcome != "passed"
            ],
            "strangers": [list(question) for question in self.strangers],
        }

    def lines(self) -> list[str]:
        """The report for people, line by line."""
        table = [["rule", *(f"{kind} {word}" for kind in EVIDENCE for word in ("passed", "failed"))]]
        for name, counts in (*self.by_rule().items(), *((FAMILIES[f], c) for f, c in self.by_family().items())):
            table.append([name, *_numbers(counts)])
        table.append(["all rules", *_numbers(self.counts())])
        widths = [max(len(row[i]) for row in table) for i in range(len(table[0]))]
        lines = ["  ".join([row[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True))])
                 for row in table]  # fmt: skip
        lines.append("A question counts under every rule it is about. The kinds of evidence are not added up.")
        for kind, waiting in self.waiting().items():
            said = ", ".join(f"{number} {word}" for word, number in waiting.items() if number)
            if said:
                lines.append(f"Not asked, {_WHY[kind]}: {said}.")
        unanswered = ", ".join(f"{c['unanswered']} {kind}" for kind, c in self.counts().items() if c["unanswered"])
        if unanswered:
            lines.append(f"Without an answer: {unanswered}.")
        for one in self.judged:
            if one.outcome == "passed":
                continue
            case, principal, item = one.question
            what = "; ".join(f"{part} should be {_shown(want)} and is {_shown(got)}" for part, want, got in one.wrong)
            about = f"{case} ({', '.join(one.case.rules)}; {one.case.evidence}) {principal} on {item}"
            lines.append(f"{one.outcome}: {about}: {what or 'no answer'}")
        if self.strangers:
            shown = ", ".join(_shown(" ".join(question)) for question in self.strangers[:5])
            lines.append(f"{len(self.strangers)} answers to questions that are not asked: {shown}")
        return lines


_WHY = {
    "device": "since they need a device or session",
    "document": "since they need a document at hand",
    "before_after": "since they compare before and after a change",
}


def _numbers(counts: Mapping[str, Mapping[str, int]]) -> list[str]:
    return [str(counts[k][word]) if k in counts else "" for k in EVIDENCE for word in ("passed", "failed")]


def _shown(value: Any) -> str:
    """A value from somebody's file for a terminal: escaped and short."""
    return json.dumps(value, default=str)[:120]


def judge(cases: Iterable[Case], answers: Mapping[Question, Mapping[str, Any]]) -> Report:
    """Hold answers against the cases.

    A question fails where any promised part is answered otherwise; where none is, but one is not answered at all, it is
    unanswered. Neither counts as passed.
    """
    cases = tuple(cases)
    judged: list[Judged] = []
    asked: set[Question] = set()
    for case in cases:
        for ask in case.asks:
            question = (case.id, ask.principal, ask.item)
            asked.add(question)
            answer = answers.get(question, {})
            wrong = tuple((p, v, answer[p]) for p, v in ask.expect.items() if p in answer and not _same(answer[p], v))
            open_parts = any(part not in answer for part in ask.expect)
            outcome = "failed" if wrong else "unanswered" if open_parts else "passed"
            judged.append(Judged(case, question, outcome, wrong))
    strangers = tuple(sorted(set(answers) - asked))
    return Report(tuple(judged), tuple(case for case in cases if case.kind != "askable"), strangers)


def _same(given: Any, promised: Any) -> bool:
    """Equal and of the same type: `1` is not `true`, and no order is forgiven in `stopped_by_all`."""
    return type(given) is type(promised) and bool(given == promised)
