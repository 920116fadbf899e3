"""Data access governance reports: the detailed Everyone report, which has scopes; the others count (`dag_counts`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime

from acl_graph.readers.identity.claims import POPULATION_IDS, special_name
from acl_graph.readers.identity.row_collector import Collected
from acl_graph.readers.identity.site_urls import scope_kind
from acl_graph.readers.parsing.records import Record, Where, as_frame, cover, records, sample, text, words
from acl_graph.readers.parsing.sniff import Sniffed, fold
from acl_graph.readers.reports.dag_counts import Counts, counting_report
from acl_graph.tenant.raw_export import RawExport, ReadFile

NAME = "data access governance"
ABOUT = "data access governance reports"

DETAILED = words("siteid scopeid itemtype itemurl roledefinition recipient parentgroupname")
DETAILED_REPORT = "detailed Everyone report"


def claims(file: Sniffed) -> str | None:
    """By columns that are told apart without case, spaces and the spelling mistakes of some releases."""
    if file.format not in ("csv", "json"):
        return None
    keys = sample(file)
    return DETAILED_REPORT if keys >= DETAILED else counting_report(keys)


def read(files: Sequence[tuple[Sniffed, str]], raw: RawExport, told: Callable[[str], None]) -> None:
    """Grants of the detailed report; facts and counts of the others."""
    into = Collected(raw, "The data access governance report")
    counts = Counts(into, raw)
    datasets = set()
    for file, dataset in files:
        told(f"reading {file.relative}")
        rows = 0
        datasets.add(dataset)
        for row, record in records(file, raw, "grants"):
            rows += 1
            where = (file.relative, row)
            _say_day(record, file.relative, raw)
            if dataset == DETAILED_REPORT:
                _grant(into, record, where)
            else:
                counts.take(dataset, record, where)
        raw.files.append(ReadFile(file.relative, NAME, dataset, rows))
    sites = list(into.sites.values())
    into.sites = {}
    # a site of which only the address is known lies over the one that has it; the others are known by id
    for on in ("id", "url"):
        frame = as_frame("sites", [one for one in sites if ("url" if one["id"] == one.get("url") else "id") == on])
        if not frame.is_empty():
            raw.patch(NAME, "sites", on, frame)
    into.hand_over(NAME)
    _say(raw, datasets)
    counts.say()


def _say_day(record: Record, file: str, raw: RawExport) -> None:
    raw.of_tenant(text(record, "tenantid") or "", file)
    with suppress(ValueError):  # a date in a locale's own form says nothing for sure
        day = datetime.fromisoformat(text(record, "reportdate") or "")
        raw.of_day(NAME, day if day.tzinfo else day.replace(tzinfo=UTC), "grants", "members", "links", "link_users")


def _grant(into: Collected, record: Record, where: Where) -> None:
    site, scope = text(record, "siteid"), text(record, "scopeid")
    recipient = text(record, "recipient", "userprincipalname")
    if site is None or scope is None or recipient is None:
        into.raw.reject("grants", *where, "no site, scope or recipient in this row", value=recipient or "")
        return
    site, scope = site.strip("{}").lower(), f"{site}/{scope}".replace("{", "").replace("}", "").lower()
    path = "/" + (text(record, "itemurl") or "").strip("/")
    into.sites.setdefault(site, {"id": site, "source_file": where[0], "source_row": where[1]})
    into.scopes.add(site, path, scope_kind(text(record, "itemtype")) or "item", where, own=scope)
    who = _population(into, recipient, where)
    level = into.levels(text(record, "roledefinition"), r";")
    link = text(record, "linkid")
    if link is not None:
        name = link.strip("{}").lower()
        into.link(name, scope, level, where, audience=text(record, "linkscope"))
        into.link_user(name, who, where)
        return
    title = text(record, "parentgroupname")
    if title is None:
        into.grant(scope, who, level, where)
        return
    if into.limited_group(title):
        return
    parent = text(record, "parentobjectid")
    sharepoint = fold(text(record, "parentgrouptype") or "sharepointgroup") == "sharepointgroup"
    if parent and not sharepoint:
        group = into.people.object(parent.strip("{}").lower(), where, kind="security_group", name=title)
    else:
        group = into.people.group(site, title, where, expanded=False)
    into.grant(scope, group, level, where)
    into.member(group, who, where)


def _population(into: Collected, recipient: str, where: Where) -> str | None:
    """The report is about two populations only; a name in another language is the one that its words fit best."""
    kind = special_name(recipient)
    if kind in POPULATION_IDS:
        return into.people.login(recipient, where)
    return into.people.login(recipient, where, kind=None)


def _say(raw: RawExport, datasets: set[str]) -> None:
    if DETAILED_REPORT in datasets:
        raw.note(
            "The detailed Everyone report holds what is open to Everyone and to Everyone except external users, a "
            "million rows at most: every other permission is missing."
        )
        cover(raw, {"grants": "partial", "members": "partial", "links": "partial", "link_users": "partial",
                    "items": "absent", "site_admins": "absent"})  # fmt: skip
