"""The first screen: what a person should know after one look. Text only; the command line prints it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from acl_graph.vocabulary import Lens

if TYPE_CHECKING:
    from acl_graph.auditing import Audit

TITLES = {
    Lens.OPEN: "can open now",
    Lens.LATENT: "one step away, or open",
    Lens.FIND: "can find in search",
    Lens.COPILOT: "Copilot can use",
}
#: changes named on the first screen
FIRST_CHANGES = 3


def first_screen(audit: Audit) -> str:
    """The whole screen as plain text without colour or control characters."""
    s = audit.summary
    inspection = s["inspection"]
    lines = [f"{inspection['tenant']}, state of {inspection['snapshot'] or 'an unknown day'}", ""]
    lines += [*_covered(s), "", *_population(s), "", *_lenses(s), "", *_worst(s), "", *_changes(audit)]
    return "\n".join(lines)


def _covered(s: dict[str, Any]) -> list[str]:
    inspection, files = s["inspection"], s["files"]
    lines = [
        f"Covered: {files['listed']:,} files ({files['sensitive']:,} sensitive), "
        f"{inspection['tables']['scopes']:,} permission scopes, {inspection['tables']['sites']:,} sites."
    ]
    if files["unclassified"]:
        lines.append(f"  {files['unclassified']:,} more files are counted but not listed: unclassified, not harmless.")
    lines.append(f"Not covered: {'; '.join(inspection['not_covered'])}.")
    doubts = [
        (inspection["rejected"]["rows"], "rows rejected"),
        (inspection["unresolved"]["principals"], "principals unresolved"),
        (inspection["agreement"]["counts"] - inspection["agreement"]["agree"], "of the export's own counts differ"),
        (len(inspection["cannot_say"]), "things this export cannot say"),
    ]
    told = ", ".join(f"{count:,} {what}" for count, what in doubts if count)
    if told:
        lines.append(f"Mind: {told} (acl-graph inspect lists them).")
    return lines


def _population(s: dict[str, Any]) -> list[str]:
    p = s["copilot_population"]
    known = f"{p['licensed']:,} licensed, {p['payg']:,} pay-as-you-go, {p['none']:,} without"
    unknown = f", {p['unknown']:,} not known" if p["unknown"] else ""
    return [f"Copilot's population: {known}{unknown}; {p['outside']:,} people from outside, of {p['people']:,} people."]


def _lenses(s: dict[str, Any]) -> list[str]:
    lines = [f"{'':26}{'people with':>22}{'people x':>28}", f"{'':26}{'sensitive files':>22}{'sensitive files':>28}"]
    for lens in Lens:
        said = s["lenses"][lens.value]
        people = _pair(said["people_with_sensitive"], said["people_with_sensitive_possible"])
        pairs = _pair(said["sensitive_pairs"], said["sensitive_pairs_possible"])
        lines.append(f"  {TITLES[lens]:24}{people:>22}{pairs:>28}")
    return lines


def _pair(sure: int, possible: int) -> str:
    return f"{sure:,}" if sure == possible else f"{sure:,} to {possible:,}"


def _worst(s: dict[str, Any]) -> list[str]:
    if not s["worst_sites"]:
        return ["No site has sensitive files that anybody reaches."]
    lines = ["Worst sites (people x sensitive files), and what causes most of it:"]
    for number, site in enumerate(s["worst_sites"], 1):
        lines.append(f"  {number}. {site['people_times_sensitive_files']:>12,}  {site['url']}")
        cause = site["cause"]
        if cause:
            through = f" through {cause['through']}" if cause["through"] else ""
            lines.append(f"     {'':12}  {cause['what']} {cause['name']}{through}")
    return lines


def _changes(audit: Audit) -> list[str]:
    by_severity = audit.summary["findings"]["by_severity"]
    told = ", ".join(f"{count} {word}" for word, count in by_severity.items() if count) or "none"
    lines = [f"Findings: {told}."]
    first = list(_first_changes(audit))
    if first:
        lines.append("Change first:")
    for number, (why, before, after) in enumerate(first, 1):
        lines.append(f"  {number}. {why}")
        lines.append(f"     {before:,} people can open it today, {after:,} after.")
    return lines


def _first_changes(audit: Audit) -> Iterator[tuple[str, int, int]]:
    """The first changes that do something: worst findings first, each change once."""
    named: set[str] = set()
    for finding in audit.findings:
        data = finding.as_dict()
        change, before, after = data.get("change"), data.get("before") or {}, data.get("after") or {}
        if finding.confidence == "unsupported" or not change or "open" not in before or "open" not in after:
            continue
        today, then = before["open"]["people"], after["open"]["people"]
        if then < today and change["why"] not in named:
            named.add(change["why"])
            yield change["why"], today, then
            if len(named) == FIRST_CHANGES:
                return
