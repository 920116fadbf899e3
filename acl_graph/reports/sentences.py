"""Sentences about an audit that the first screen and the report both say, made from `summary.json` alone."""

from __future__ import annotations

from typing import Any

from acl_graph.safe_output.plurals import many

#: files named one by one where they could not be read
NAMED = 3
#: notes of files that are no part of an export, and nothing to worry about
HARMLESS = ("has columns of no known export", "is empty")


def day(s: dict[str, Any]) -> str:
    """The day the export speaks of; how to give one where it has none."""
    moment = s["inspection"]["snapshot"]
    hint = "a line such as snapshot = 2026-05-28 in a file tenant.toml of the export gives one"
    return str(moment[:10]) if moment else f"an unknown day ({hint})"


def heading(s: dict[str, Any]) -> str:
    """Whose tenant, and of when."""
    return f"{s['inspection']['tenant']}, state of {day(s)}"


def unread(s: dict[str, Any]) -> list[str]:
    """What could not be read: it makes everything below it smaller than it is."""
    inspection = s["inspection"]
    told = []
    damaged = [f"{one['file']} ({one['why']})" for one in inspection["not_read"]]
    named = {one["file"] for one in inspection["not_read"]}
    damaged += [
        f"{file['file']} {file['note'] or 'is of no known form'}"
        for file in inspection["files"]
        if file["reader"] == "-" and file["note"] not in HARMLESS and file["file"] not in named
    ]
    if damaged:
        more = f", and {len(damaged) - NAMED:,} more" if len(damaged) > NAMED else ""
        files = "of a file" if len(damaged) == 1 else f"of {len(damaged):,} files"
        told.append(
            f"NOT READ: something {files}, so the numbers below are too small: {'; '.join(damaged[:NAMED])}{more}."
        )
    by_table: dict[str, int] = {}
    for row in inspection["rejected"]["by_reason"]:
        if not row["row_kept"] and row["table"] != "-":
            by_table[row["table"]] = by_table.get(row["table"], 0) + row["rows"]
    if by_table:
        tables = ", ".join(f"{count:,} of {table}" for table, count in by_table.items())
        told.append(f"NOT USED: {many(sum(by_table.values()), 'row')} ({tables}); who reaches what may be more.")
    return told


def covered(s: dict[str, Any]) -> str:
    """What the export holds."""
    files, tables = s["files"], s["inspection"]["tables"]
    places = f"{many(tables['scopes'], 'permission scope')} on {many(tables['sites'], 'site')}"
    if not classified(s):
        return f"Covered: {places}; no files."
    some = " (this export lists only some files)" if files["known"] == "partial" else ""
    said = f"Covered: {many(files['listed'], 'file')}{some}, {files['sensitive']:,} of them sensitive, in {places}."
    if files["unclassified"]:
        more = "1 more file is" if files["unclassified"] == 1 else f"{files['unclassified']:,} more files are"
        said += f" {more} counted and not listed: unclassified, not harmless."
    return said


def not_covered(s: dict[str, Any]) -> str:
    """What no export holds."""
    return f"Not covered: {'; '.join(s['inspection']['not_covered'])}."


def classified(s: dict[str, Any]) -> bool:
    """Whether the export lists files, so that some can be called sensitive."""
    return bool(s["files"]["listed"])


def nothing_classified(s: dict[str, Any]) -> str:
    """What to say instead of a number where no file is listed: never that all is well."""
    count = s["files"]["unclassified"]
    how_many = f"{many(count, 'file')} of its sites" if count else "all files of its sites, however many they are,"
    are = "is" if count == 1 else "are"
    return (
        f"Sensitive files: not known. This export lists no files; {how_many} {are} unclassified, which is not "
        "harmless. Add a list of files (acl-graph routes says which exports have one). Who reaches a site can be asked:"
    )


def doubts(s: dict[str, Any]) -> str:
    """What makes the numbers uncertain, and how much."""
    inspection = s["inspection"]
    told = []
    unresolved = inspection["unresolved"]["principals"]
    if unresolved:
        whom = inspection["unresolved"]["first"][0]["principal"] if inspection["unresolved"]["first"] else ""
        named = f" ({whom})" if unresolved == 1 else f" ({whom}, ...)"
        are, them = ("is", "it") if unresolved == 1 else ("are", "them")
        told.append(
            f"{many(unresolved, 'principal')}{named} {are} named and described nowhere, so people behind {them} "
            "are missing"
        )
    agreement = inspection["agreement"]
    differ = agreement["counts"] - agreement["agree"]
    if differ:
        differs = "differs" if differ == 1 else "differ"
        told.append(
            f"{differ:,} of {many(agreement['counts'], 'count')} in the export {differs} from ours"
            f"{_by_how_much(agreement['differ'])}"
        )
    if inspection["cannot_say"]:
        told.append(f"{many(len(inspection['cannot_say']), 'thing')} that this export cannot say")
    return f"Mind: {'; '.join(told)}." if told else ""


def _by_how_much(differ: list[dict[str, Any]]) -> str:
    gaps = []
    for row in differ:
        most = row["ours_possible"]
        gaps.append(max(row["ours"] - row["said"], row["said"] - most if most is not None else 0))
    largest = max(gaps, default=0)
    return f", by up to {many(largest, 'person')}" if largest > 0 else ""


def population(s: dict[str, Any]) -> str:
    """Who Copilot works for, as far as licences are known; outsiders are left out."""
    p = s["copilot_population"]
    known = [
        f"{p[key]:,} {words}"
        for key, words in (("licensed", "licensed"), ("payg", "pay-as-you-go"), ("none", "without"))
        if p[key]
    ]
    lists = "a list of licences, such as Active users > Export of the admin centre"
    if not known and p["unknown"]:
        said = f"licences are not in this export: {many(p['unknown'], 'person')} not known; add {lists}"
    else:
        unknown = [f"{p['unknown']:,} not known (add {lists})"] if p["unknown"] else []
        said = ", ".join([*known, *unknown]) or "nobody"
    outside = ""
    if p["outside"]:
        outside = f" {many(p['outside'], 'person')} from outside {'is' if p['outside'] == 1 else 'are'} left out."
    return f"Copilot's population: {said}.{outside}"


def of_how_many(s: dict[str, Any]) -> str:
    """The line above the lenses."""
    people = s["copilot_population"]["people"]
    least = "at least " if s["files"]["known"] == "partial" or s["files"]["unclassified"] else ""
    return f"Of {many(people, 'person')}, {least}so many reach sensitive files:"


def findings(s: dict[str, Any]) -> str:
    """How many findings there are and how bad; without files nobody can say how bad."""
    counted = s["findings"]
    if counted["total"] and not classified(s):
        return f"Findings: {counted['total']:,}, not weighed, for without files nothing says how bad they are"
    told = ", ".join(f"{count:,} {word}" for word, count in counted["by_severity"].items() if count)
    return f"Findings: {told or 'none'}"


def cause(said: dict[str, Any]) -> str:
    """What lets people in, with the row of the export that says so."""
    row = said["row"]
    return f"{said['sentence']} ({row['file']}, row {row['row']})" if row["file"] else said["sentence"]


def effect(one: dict[str, Any]) -> str:
    """What a change does to the sensitive files of its site."""
    before, after, used = one["people_before"], one["people_after"], one["people_who_lose_and_used_it"]
    pairs = [one[f"people_times_sensitive_files_{when}"] for when in ("before", "after")]
    least = "" if one["all_counted"] else "at least "
    site = f"{one['title'] or one['url']}: {many(one['sensitive_files'], 'sensitive file')}"
    people = f"open to {least}{many(before, 'person')} today, {least}{after:,} after"
    said = f"{site}, {people}; people x files {pairs[0]:,} to {pairs[1]:,}"
    lost = before - after
    if used is None or not lost or not one["all_counted"]:
        return f"{said}."
    return f"{said}; {used:,} of the {lost:,} who lose all used the site."
