"""What a finding is: a case of one rule, whom it concerns, what to change, and the proof that the change helps."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from acl_graph.changes.simulate import Change
from acl_graph.safe_output.text import inert

SEVERITIES = ("low", "medium", "high", "critical")
#: the least exposure (sensitive weight times people) of medium, high and critical
MEDIUM, HIGH, CRITICAL = 100, 1_000, 10_000
#: somebody who is one step away counts a tenth of somebody who is in
LATENT_SHARE = 10


@dataclass(frozen=True)
class Rule:
    """What a rule says of every case: its code, and why it matters in words for an administrator."""

    code: str
    title: str
    why: str
    remedy: str
    severity_note: str


@dataclass(frozen=True)
class Finding:
    """One case. `before` and `after`: lens -> `people` and `sensitive_files_times_people`, exact, by what-if.

    `change` is what to do first; `closing` what closes the case for good where `change` alone leaves paths (`leaves`);
    `stop` restricted access control as the immediate stop. `confidence` is sure, possible or unsupported: the last
    says that the export cannot answer, and why.
    """

    code: str
    id: str
    severity: str
    confidence: str
    title: str
    what: str
    why: str
    who: Mapping[str, Any]
    affected: Mapping[str, Any]
    remedy: str = ""
    row: Mapping[str, Any] | None = None
    change: Change | None = None
    before: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    after: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    leaves: str = ""
    closing: tuple[Change, ...] = ()
    stop: Change | None = None
    #: sensitive weight times people: what findings of one severity are sorted by
    exposure: int = 0

    def as_dict(self) -> dict[str, Any]:
        """Plain data, ready for JSON, without a control character anywhere."""
        said = {
            "code": self.code,
            "id": self.id,
            "severity": self.severity,
            "confidence": self.confidence,
            "title": self.title,
            "what": self.what,
            "why": self.why,
            "remedy": self.remedy,
            "who": self.who,
            "affected": self.affected,
            "row": self.row,
            "change": change_as_dict(self.change),
            "before": self.before,
            "after": self.after,
            "leaves": self.leaves,
            "closing": [change_as_dict(change) for change in self.closing],
            "stop": change_as_dict(self.stop),
            "exposure": self.exposure,
        }
        plain = harmless(said)
        assert isinstance(plain, dict)
        return plain


def change_as_dict(change: Change | None) -> dict[str, Any] | None:
    """A change as plain data."""
    if change is None:
        return None
    return {
        "kind": change.kind.value,
        "target": dict(change.target),
        "why": change.why,
        "fix": change.fix,
        "command": {"template": change.command.template, "parameters": dict(change.command.parameters)},
        "reversible": change.reversible,
        "side_effects": list(change.side_effects),
    }


def harmless(value: Any) -> Any:
    """The value with every text freed of control and direction characters."""
    if isinstance(value, str):
        return inert(value)
    if isinstance(value, Mapping):
        return {inert(str(key)): harmless(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [harmless(part) for part in value]
    return value


def exposure_of(weight: int, people: int, latent: int = 0) -> int:
    """Sensitive weight times people; those who are one step away count a tenth."""
    return weight * people + weight * latent // LATENT_SHARE


def severity_of(exposure: int) -> str:
    """The published rule: critical from 10,000, high from 1,000, medium from 100.

    >>> severity_of(exposure_of(weight=5, people=200)), severity_of(0)
    ('high', 'low')
    """
    return SEVERITIES[sum(exposure >= least for least in (MEDIUM, HIGH, CRITICAL))]


def finding_id(code: str, *identity: str) -> str:
    """A name for a case that stays the same from export to export as long as the ids do.

    >>> finding_id("anyone_link", "link-1") == finding_id("anyone_link", "link-1")
    True
    """
    digest = hashlib.sha256("\x1f".join((code, *identity)).encode("utf-8", "surrogatepass")).hexdigest()
    return f"{code}-{digest[:12]}"


def unsupported(rule: Rule, missing: str) -> Finding:
    """The one finding of a rule that this export cannot support; `missing` names the table or column."""
    return Finding(
        code=rule.code,
        id=finding_id(rule.code, "unsupported"),
        severity="low",
        confidence="unsupported",
        title=rule.title,
        what=f"This export cannot say: {missing}.",
        why=rule.why,
        who={"count": 0, "names": []},
        affected={"scopes": [], "items": [], "sites": [], "n_scopes": 0, "n_items": 0, "n_sites": 0},
        remedy=f"Add {missing.split(' ', 1)[0]} to the export and run again.",
    )
