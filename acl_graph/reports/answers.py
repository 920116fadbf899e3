"""Answers for people: what `check`, `who`, `what`, `why` and `inspect` print without --format json."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from acl_graph.reports.sentences import heading
from acl_graph.safe_output.plurals import many
from acl_graph.safe_output.text import inert

if TYPE_CHECKING:
    from acl_graph.access.api import Answer, Why

#: rows a listing prints; the rest is counted, and complete with --format json
ROWS = 200
STOPS = {
    "account": "the account cannot sign in",
    "acl": "no permission, link or group gives it",
    "site_state": "the site or file is locked, archived or deleted",
    "external_sharing": "external sharing rules keep this person out",
    "information_barrier": "an information barrier",
    "restricted_access": "restricted access control",
    "conditional_access": "conditional access",
    "dlp": "a data loss prevention rule",
    "library": "the library shows it to others only",
    "encryption": "the label's encryption",
    "no_crawl": "the site or library is kept out of search",
    "restricted_discovery": "restricted content discovery",
    "restricted_search": "restricted SharePoint search",
    "copilot_label": "the label withholds EXTRACT",
    "copilot_dlp": "a data loss prevention rule for Copilot",
    "copilot_licence": "no Copilot licence applies",
}


def check_text(found: Answer) -> str:
    """One answer on a few lines."""
    lines = [
        inert(f"{found.principal_name} -> {found.item_name}"),
        f"  open     {found.open.name}",
        f"  latent   {'yes, by ' + str(found.latent_by) if found.latent else 'no'}",
        f"  find     {found.find}",
        f"  copilot  {found.copilot}",
    ]
    if found.possible:
        said = ", ".join(f"{key} {value}" for key, value in found.possible.items())
        lines.append(f"  possibly {said}")
    for number, gate in enumerate(found.stopped_by_all):
        lines.append(f"  {'stopped by' if not number else '       and'} {gate}: {STOPS.get(gate, gate)}")
    lines += [f"  condition: {condition}" for condition in found.conditions]
    lines += [inert(f"  because: {reason}") for reason in found.because]
    return "\n".join(lines)


def who_text(frame: pl.DataFrame, item: str, lens: str, more: int = 0) -> str:
    """People, their level, and the way they come in; `more` people would reach it if the export's gaps were filled."""
    lines = [inert(f"{frame.height:,} reach {item} under the lens {lens!r}")]
    for row in frame.head(ROWS).iter_rows(named=True):
        name = row["name"] or row["login"] or row["principal"]
        lines.append(inert(f"  {row['level']:9} {name}") + (f"  ({row['latent_by']})" if row["latent_by"] else ""))
        lines += [inert(f"            {step}") for step in row["via"]]
    return "\n".join([*lines, *_rest(frame), *gaps_say(more, "more person")])


def what_text(frame: pl.DataFrame, principal: str, lens: str, more: int = 0) -> str:
    """Items, the level, and the way to each; `more` rows would be there if the export's gaps were filled."""
    files = int(frame["count"].fill_null(1).sum()) if frame.height else 0
    lines = [inert(f"{principal} reaches {files:,} files in {frame.height:,} rows under the lens {lens!r}")]
    for row in frame.head(ROWS).iter_rows(named=True):
        lines.append(
            inert(f"  {row['level']:9} {row['path'] or row['item']}")
            + (f"  [{inert(row['label'])}]" if row["label"] else "")
        )
        if row["via"]:
            lines.append(inert(f"            {' / '.join(row['via'])}"))
    return "\n".join([*lines, *_rest(frame), *gaps_say(more, "more row")])


def gaps_say(more: int, things: str) -> list[str]:
    """The line under a list that is the sure part of a longer one; none where the export leaves nothing open."""
    return [f"  possibly {many(more, things)}, where the export has gaps: --possible lists them"] if more else []


def _rest(frame: pl.DataFrame) -> list[str]:
    more = frame.height - ROWS
    return [f"  ... and {more:,} more: --format json has them all"] if more > 0 else []


def why_text(found: Why) -> str:
    """Paths and the cut."""
    answer = found.answer
    lines = [inert(f"{answer.principal_name} -> {answer.item_name}: open {answer.open.name}")]
    if answer.stopped_by:
        lines.append(f"  stopped by {', '.join(answer.stopped_by_all)}")
    if not found.witnesses:
        lines.append("  No path of the permission list leads there.")
        if answer.possible and answer.possible["open"] != answer.open.name:
            lines.append(f"  possibly open {answer.possible['open']}, where the export has gaps: --possible shows how")
        return "\n".join(lines)
    count = f"{found.paths:,}" if found.complete else f"at least {found.paths:,}"
    lines.append(f"  {count} path{'s' if found.paths != 1 else ''}; the shortest first:")
    for number, path in enumerate(found.witnesses, 1):
        lines.append(f"  {number}.")
        lines += [f"     {step.sentence()}" for step in path]
    if found.cut is None:
        lines.append("  No removal of rows ends this: it comes from a gap of the export or an assumption.")
    elif found.cut:
        lines.append(f"  Access ends when {'this row goes' if len(found.cut) == 1 else 'all of these rows go'}:")
        lines += [f"     {step.sentence()}" for step in found.cut]
    return "\n".join(lines)


def inspect_text(found: dict[str, Any]) -> str:
    """The export, section by section."""
    lines = [inert(heading({"inspection": found})), "", "Files read"]
    for file in found["files"]:
        note = f"  ({file['note']})" if file["note"] else ""
        lines.append(inert(f"  {file['rows']:>10,}  {file['reader']}: {file['dataset']}  {file['file']}{note}"))
    lines += ["", "Tables and coverage"]
    for table, rows in found["tables"].items():
        lines.append(f"  {rows:>10,}  {table:24} {found['coverage'][table]}")
    for title, counts in found["census"].items():
        lines += ["", inert(title)]
        lines += [inert(f"  {count:>10,}  {what}") for what, count in counts.items()]
    rejected = found["rejected"]
    lines += ["", f"Rejected: {rejected['rows']:,} rows, {rejected['cells']:,} cells"]
    lines += [inert(f"  {row['rows']:>10,}  {row['table']}: {row['why']}") for row in rejected["by_reason"]]
    if found["cautions"]:
        lines += ["", "Kept, with a caution"]
    for one in found["cautions"]:
        lines.append(
            inert(f"  {one['rows']:>10,}  {one['what']}: counts as {one['taken']}  [{one['file']}:{one['row']}]")
        )
    unresolved = found["unresolved"]
    lines += ["", f"Unresolved principals: {unresolved['principals']:,}"]
    lines += [inert(f"  {row['principal']}  ({row['named_in']}, {row['rows']} rows)") for row in unresolved["first"]]
    for what, dangling in found["unresolved_references"].items():
        first = ", ".join(f"{row['name']} ({row['named_in']})" for row in dangling["first"])
        lines.append(inert(f"Named and not described: {dangling['named']:,} {what}: {first}"))
    agreement = found["agreement"]
    if agreement["counts"]:
        lines += [
            "",
            f"The export's own counts: {agreement['agree']:,} of {agreement['counts']:,} agree with ours",
        ]
        for row in agreement["differ"]:
            whom = ", ".join(row["principals"][:3])
            ours = _between(row["ours"], row["ours_possible"])
            where = f"[{row['source_file']}:{row['source_row']}]"
            lines.append(inert(f"  {row['what']} {whom}: export {row['said']}, we {ours}  {where}"))
    if found["evidence"]:
        lines += ["", "Evidence: counted by the export, compared with nothing"]
    for row in found["evidence"]:
        sites = f"{row['sum']:,} in {row['counts']:,} counts"
        lines.append(inert(f"  {row['what'].replace('_', ' ')}: {sites} ({row['about']})"))
    if found["unclassified_files"]:
        lines += ["", f"Unclassified files: {found['unclassified_files']:,} (counted by the export, not listed)"]
    lines += ["", "What this export cannot say"]
    lines += [inert(f"  - {sentence}") for sentence in found["cannot_say"]] or ["  - nothing is known to be missing"]
    lines += ["", "Not covered by any export", *(f"  - {what}" for what in found["not_covered"])]
    return "\n".join(lines)


def _between(least: int, most: int | None) -> str:
    if most is None:
        return f"at least {least}"
    return f"{least} to {most}" if least != most else str(least)
