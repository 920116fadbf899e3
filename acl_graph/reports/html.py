"""`report.html`: one plain, readable, escaped page without scripts or anything loaded from elsewhere."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from acl_graph.witness import inert

if TYPE_CHECKING:
    from acl_graph.auditing import Audit

#: findings shown in full on the page; the rest is counted and in findings.json
SHOWN = 60


@cache
def _template() -> Any:
    from jinja2 import Environment, StrictUndefined

    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["number"] = lambda value: f"{value:,}" if isinstance(value, (int, float)) else value
    environment.filters["inert"] = lambda value: inert(str(value))
    text = files("acl_graph.reports").joinpath("report.html.j2").read_text(encoding="utf-8")
    return environment.from_string(text)


def report(audit: Audit) -> str:
    """The page for one audit."""
    findings = [finding.as_dict() for finding in audit.findings]
    supported = [finding for finding in findings if finding["confidence"] != "unsupported"]
    return str(
        _template().render(
            s=audit.summary,
            inspection=audit.summary["inspection"],
            findings=supported[:SHOWN],
            n_findings=len(supported),
            unsupported=[finding for finding in findings if finding["confidence"] == "unsupported"],
        )
    )
