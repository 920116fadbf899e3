"""`report.html`: one plain, readable, escaped page without scripts or anything loaded from elsewhere."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import polars as pl

from acl_graph.reports import sentences
from acl_graph.safe_output.text import inert
from acl_graph.vocabulary import Lens

if TYPE_CHECKING:
    from acl_graph.auditing import Audit

#: findings shown in full on the page; the rest is counted and in findings.json
SHOWN = 60
LENSES = {
    Lens.OPEN: ("Can open now", "what SharePoint would show this person today"),
    Lens.LATENT: ("Can open, or is one step away", "a link to follow, a public group to join, a role to switch on"),
    Lens.FIND: ("Can find in search", "without knowing that it is there"),
    Lens.COPILOT: ("Copilot can use", "in answers to a person who has it"),
}


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
    shown = [finding | _whereabouts(audit, finding) for finding in supported[:SHOWN]]
    return str(
        _template().render(
            s=audit.summary,
            say=sentences,
            inspection=audit.summary["inspection"],
            lenses={lens.value: words for lens, words in LENSES.items()},
            findings=shown,
            n_findings=len(supported),
            unsupported=[finding for finding in findings if finding["confidence"] == "unsupported"],
        )
    )


def _whereabouts(audit: Audit, finding: dict[str, Any]) -> dict[str, Any]:
    """`site_names` of a finding, and `row_text`: what its row of the export says, and where it stands."""
    facts = audit.access.facts
    about = facts.tenant["sites"]
    names = []
    for site in finding["affected"]["sites"][:3]:
        code = facts.sites.code(site)
        known = about.row(code, named=True) if 0 <= code < about.height else {}
        names.append(str(known.get("title") or known.get("url") or site))
    return {"site_names": names, "row_text": _row_text(audit, finding["row"])}


def _row_text(audit: Audit, row: dict[str, Any] | None) -> str:
    if not row or row["source_file"] is None:
        return ""
    frame = audit.access.tenant[row["table"]]
    same = (pl.col("source_file") == row["source_file"]) & (pl.col("source_row") == row["source_row"])
    found = frame.filter(same).head(1).to_dicts()
    said = found[0] if found else {}
    level = f"{said['level']} " if said.get("level") else ""
    scopes = audit.access.facts.scopes
    code = scopes.code(str(said["scope"])) if said.get("scope") else -1
    paths = audit.access.tenant["scopes"]["path"]
    path = paths[code] if 0 <= code < len(paths) else None
    where = f"on {path or said['scope']}, " if said.get("scope") else ""
    return f"{level}{where}{row['source_file']}, row {row['source_row']}"
