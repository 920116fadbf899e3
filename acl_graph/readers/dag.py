"""Data access governance reports: the detailed Everyone report, which has scopes, and counts of sites and users.

Counts are per site and cannot become edges (format trap 36); they are kept to be held against our own expansion.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from acl_graph.raw import RawExport, ReadFile
from acl_graph.readers.addresses import Scopes, locate, scope_kind
from acl_graph.readers.claims import POPULATION_IDS, special_name
from acl_graph.readers.collected import Collected
from acl_graph.readers.files import Sniffed, fold
from acl_graph.readers.records import Found, Record, Where, as_frame, boolean, cover, records, sample, text, words

NAME = "data access governance"
ABOUT = "data access governance reports"

DETAILED = words("siteid scopeid itemtype itemurl roledefinition recipient parentgroupname")
SITES = words("siteid siteurl sitetemplate numberofusershavingaccess")
USERS = words("siteid siteurl displayname itemswithdirectaccesscount")
TEMPLATES = {
    "teamsite": "team",
    "communicationsite": "communication",
    "onedrive": "onedrive",
    "privatechannel": "private_channel",
    "sharedchannel": "shared_channel",
}


def claims(file: Sniffed) -> str | None:
    """By columns that are told apart without case, spaces and the spelling mistakes of some releases."""
    if file.format not in ("csv", "json"):
        return None
    keys = sample(file)
    if keys >= DETAILED:
        return "detailed Everyone report"
    if keys >= SITES:
        return "site permissions"
    return "site permissions for users" if keys >= USERS else None


def read(files: Sequence[tuple[Sniffed, str]], raw: RawExport, told: Callable[[str], None]) -> None:
    """Grants of the detailed report; facts and counts of the others."""
    into = Collected(raw, "The data access governance report")
    scopes: dict[str, dict[str, Any]] = {}
    datasets = set()
    for file, dataset in files:
        told(f"reading {file.relative}")
        rows = list(records(file, raw, "grants"))
        datasets.add(dataset)
        for row, record in rows:
            where = (file.relative, row)
            _say_day(record, file.relative, raw)
            if dataset == "detailed Everyone report":
                _grant(into, record, scopes, where)
            else:
                _site(into, record, where)
        raw.files.append(ReadFile(file.relative, NAME, dataset, len(rows)))
    for cells in _with_parents(scopes):
        into.found.add("scopes", cells)
    sites = list(into.sites.values())
    into.sites = {}
    raw.patch(NAME, "sites", "id", as_frame("sites", sites))
    into.hand_over(NAME)
    _say(raw, datasets)


def _say_day(record: Record, file: str, raw: RawExport) -> None:
    raw.of_tenant(text(record, "tenantid") or "", file)
    with suppress(ValueError):  # a date in a locale's own form says nothing for sure
        day = datetime.fromisoformat(text(record, "reportdate") or "")
        raw.of_day(NAME, day if day.tzinfo else day.replace(tzinfo=UTC), "grants", "members", "links", "link_users")


def _grant(into: Collected, record: Record, scopes: dict[str, dict[str, Any]], where: Where) -> None:
    site, scope = text(record, "siteid"), text(record, "scopeid")
    recipient = text(record, "recipient", "userprincipalname")
    if site is None or scope is None or recipient is None:
        into.raw.reject("grants", *where, "no site, scope or recipient in this row", value=recipient or "")
        return
    site, scope = site.strip("{}").lower(), f"{site}/{scope}".replace("{", "").replace("}", "").lower()
    path = "/" + (text(record, "itemurl") or "").strip("/")
    into.sites.setdefault(site, {"id": site, "source_file": where[0], "source_row": where[1]})
    scopes.setdefault(
        scope,
        {
            "id": scope,
            "site": site,
            "kind": scope_kind(text(record, "itemtype")) or "item",
            "path": path,
            "source_file": where[0],
            "source_row": where[1],
        },
    )
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


def _with_parents(scopes: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    paths = Scopes(Found())
    names: dict[str, str] = {}
    for cells in scopes.values():
        at = paths.add(cells["site"], cells["path"], cells["kind"], (cells["source_file"], cells["source_row"]))
        names.setdefault(at, cells["id"])
    return [cells | {"parent": names.get(paths.above(cells["site"], cells["path"]) or "")} for cells in scopes.values()]


def _site(into: Collected, record: Record, where: Where) -> None:
    site, url = text(record, "siteid"), text(record, "siteurl")
    if site is None:
        into.raw.reject("sites", *where, "site id is missing", value=url or "", column="Site ID")
        return
    site = site.strip("{}").lower()
    shared = boolean(text(record, "externalsharing"))
    if site not in into.sites:
        into.sites[site] = {
            "id": site,
            "url": url.rstrip("/") if url else None,
            "title": text(record, "sitename"),
            "kind": TEMPLATES.get(fold(text(record, "sitetemplate") or "")) or _kind(url),
            "sharing": "Disabled" if shared is False else None,
            "files": text(record, "filecount", "files"),
            "source_file": where[0],
            "source_row": where[1],
        }
    said = text(record, "numberofusershavingaccess")
    if said is not None and said.isdigit():
        into.raw.count("site_users", [[site]], [int(said)], [where[0]], [where[1]])


def _kind(url: str | None) -> str | None:
    return "onedrive" if url and "-my.sharepoint." in locate(url)[0] else None


def _say(raw: RawExport, datasets: set[str]) -> None:
    if "detailed Everyone report" in datasets:
        raw.note(
            "The detailed Everyone report holds what is open to Everyone and to Everyone except external users, a "
            "million rows at most: every other permission is missing."
        )
        cover(raw, {"grants": "partial", "members": "partial", "links": "partial", "link_users": "partial",
                    "items": "absent", "site_admins": "absent"})  # fmt: skip
    if datasets - {"detailed Everyone report"}:
        raw.note(
            "Site permission reports count people of each site after expanding groups, and links only as far as they "
            "were used. Counts are compared with our own; they make no grants."
        )
