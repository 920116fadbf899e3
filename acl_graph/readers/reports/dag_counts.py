"""Data access governance reports that count: people, links and files of each site, labels, and sharing activity.

Counts are per site and cannot become edges (format trap 36). Those of a state are kept to be held against our own
expansion; those of events in a window are evidence and nothing else. Documented headers: Microsoft Learn, data access
governance reports. The headers of the label and activity reports are not documented; what is recognised here are those
of a screenshot, of the admin centre's grid and of other tools.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from acl_graph.readers.identity.row_collector import Collected
from acl_graph.readers.identity.site_urls import locate
from acl_graph.readers.parsing.records import Record, Where, boolean, text, words
from acl_graph.readers.parsing.sniff import fold
from acl_graph.tenant.raw_export import RawExport

SITES, USERS, LABELS = "site permissions", "site permissions for users", "labelled files of sites"
LINKS, SHARED = "sharing links activity", "Everyone activity"
SITE = words("siteid siteurl url")
LABELLED = words("labelleddocuments labeleddocuments labelledfiles labeledfiles labelledfilescount labeledfilescount")
#: columns of events; what stands around these words differs between the reports of one kind
CREATED = re.compile(r"links?created|createdlinks?")
SHARED_WITH = re.compile(r"(items|groups|files|folders)shared")
#: our word for a count: its columns. Headers drift between releases
STATE: dict[str, tuple[str, ...]] = {
    "site_users": ("numberofusershavingaccess",),
    "site_files": ("filecount", "files"),
    "site_unique_items": ("itemswithuniquepermissionscount", "itemswithuniquepermissions"),
    "site_organization_links": ("peopleinyourorglinkcount", "peopleinyourorganizationlinkcount"),
    "site_anyone_links": ("anyonelinkcount",),
    "site_everyone_except_external": ("eeeupermissioncount", "eeeucount"),
    "site_everyone": ("everyonepermissioncount",),
    # what these three count is not documented: people, groups or permissions
    "site_guest_permissions": ("guestuserpermissions",),
    "site_external_participants": ("externalparticipantpermissions", "externalparticipantpermissionst"),
    "site_entra_groups": ("microsoftentragroupcount", "entragroupcount", "microsoftentragrouppermissioncount"),
}
TEMPLATES = {
    "teamsite": "team",
    "communicationsite": "communication",
    "onedrive": "onedrive",
    "privatechannel": "private_channel",
    "sharedchannel": "shared_channel",
}
DEVICES = {
    "none": "AllowFullAccess",
    "allowfullaccess": "AllowFullAccess",
    "limitedwebonlyaccess": "AllowLimitedAccess",
    "blockaccess": "BlockAccess",
}
#: a file name says for whom the links were; no column does
AUDIENCES = (("anyone", "anyone"), ("anonymous", "anyone"), ("guest", "guests"), ("specific", "guests"),
             ("org", "organization"))  # fmt: skip
_GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.I)
_NOTES = {
    SITES: "Site permission reports count people of each site after expanding groups, and links only as far as they "
    "were used. Counts are compared with our own; they make no grants.",
    USERS: "Site permission reports for users count the files somebody reaches in a site, not which. Counts are "
    "compared with our own; they make no grants.",
    LABELS: "Label reports of data access governance count Office files of one label in at most 10,000 sites, without "
    "OneDrive. Which label it is stands in the name of the report and file only.",
    LINKS: "Sharing link reports count links that were created in a window of days: events, not links that are there "
    "now. They are shown as evidence and compared with nothing.",
    SHARED: "Activity reports for Everyone except external users count what was shared in a window of days: events, "
    "not access that is there now. They are shown as evidence and compared with nothing.",
}


def counting_report(keys: frozenset[str]) -> str | None:
    """Which of the counting reports has these (folded) columns."""
    if "numberofusershavingaccess" in keys and keys & SITE:
        return SITES
    if "itemswithdirectaccesscount" in keys and keys & SITE:
        return USERS
    if keys & LABELLED and keys & SITE:
        return LABELS
    if keys & SITE and any(CREATED.search(key) for key in keys):
        return LINKS
    return SHARED if keys & SITE and any(SHARED_WITH.search(key) for key in keys) else None


class Counts:
    """Collects counts and what the reports say about sites; sites go to `into`, counts to `raw`."""

    def __init__(self, into: Collected, raw: RawExport) -> None:
        self.into, self.raw = into, raw
        self.seen: set[str] = set()
        self.nameless: set[str] = set()

    def take(self, report: str, record: Record, where: Where) -> None:
        """One row of a report: the site's facts and its counts."""
        self.seen.add(report)
        site = self._site(record, where)
        if site is None:
            return
        if report == SITES:
            for what, columns in STATE.items():
                self._count(what, [site], text(record, *columns), where, columns[0])
        elif report == USERS:
            self._user(site, record, where)
        elif report == LABELS:
            self._label(site, record, where)
        else:
            self._events(report, site, record, where)

    def _site(self, record: Record, where: Where) -> str | None:
        """The site of a row, described as far as the report does; the address stands for an id that is not there."""
        site, url = text(record, "siteid"), text(record, "siteurl", "url")
        if site is None and (url is None or "://" not in url):
            self.raw.reject("sites", *where, "site id is missing", value=url or "", column="Site ID")
            return None
        name = site.strip("{}").lower() if site else locate(url or "")[0]
        cells: dict[str, Any] = {
            "url": url.rstrip("/") if url and site else name if not site else None,
            "title": text(record, "sitename"),
            "kind": TEMPLATES.get(fold(text(record, "sitetemplate", "template") or "")) or _personal(url),
            "sharing": "Disabled" if _shares_outside(record) is False else None,
            "files": _number(text(record, "filecount", "files")),
            "label": next(_site_label(record), None),
            "conditional_access": DEVICES.get(fold(_unmanaged(record))),
        }
        known = self.into.sites.setdefault(name, {"id": name, "source_file": where[0], "source_row": where[1]})
        known.update({key: value for key, value in cells.items() if value is not None and known.get(key) is None})
        return name

    def _user(self, site: str, record: Record, where: Where) -> None:
        """Files reached directly and through others: one may be in both counts, so their union lies between the two."""
        found = text(record, "microsoftentraobjectid", "entraobjectid", "objectid")
        login = text(record, "userprinciplename", "userprincipalname")
        people = self.into.people
        who = people.known.get((login or "").lower())
        if who is None and found is not None:
            guest = "#ext#" in (login or "").lower()
            who = people.object(
                found.strip("{}").lower(), where, kind="user", name=text(record, "displayname"),
                login=login.lower() if login else None, home="guest" if guest else None,
            )  # fmt: skip
        elif who is None and login is not None and "@" in login:
            who = people.user(login, where, name=text(record, "displayname"))
        if who is None:
            self.raw.reject("principals", *where, "no user in this row", value=text(record, "displayname") or "")
            return
        both = [_whole(text(record, f"itemswith{way}accesscount")) for way in ("direct", "indirect")]
        counts = [count for count in both if count is not None]
        if not counts:
            self.raw.reject("-", *where, "no count of items in this row", value=login or who)
            return
        self._count("user_files_at_least", [who, site], str(max(counts)), where)
        if len(counts) == 2:
            self._count("user_files_at_most", [who, site], str(sum(counts)), where)

    def _label(self, site: str, record: Record, where: Where) -> None:
        label = text(record, "sensitivitylabel", "labelname", "filesensitivitylabel", "labelid")
        if label is None:
            self.nameless.add(where[0])
        about = [site, label or where[0].rpartition("/")[2]]
        self._count("site_label_files", about, text(record, *sorted(LABELLED)), where)

    def _events(self, report: str, site: str, record: Record, where: Where) -> None:
        pattern, name = (CREATED, "links_created") if report == LINKS else (SHARED_WITH, "shared_with_everyone")
        audience = _audience(where[0]) if report == LINKS else ""
        columns = [key for key in record if pattern.search(key)]
        for column in columns:
            told = _audience(column) or audience if report == LINKS else ""
            what = f"{name}:{told}" if told else name if len(columns) == 1 else f"{name}:{column}"
            self._count(what, [site], text(record, column), where, column)

    def _count(self, what: str, about: list[str], said: str | None, where: Where, column: str = "") -> None:
        if said is None:
            return
        number = _whole(said)
        if number is None:
            self.raw.reject("-", *where, f"{what} is not a number", value=said, column=column)
        else:
            self.raw.count(what, [about], [number], [where[0]], [where[1]])

    def say(self) -> None:
        """What the reports that were read cannot answer."""
        for report, sentence in _NOTES.items():
            if report in self.seen:
                self.raw.note(sentence)
        for file in sorted(self.nameless):
            self.raw.note(f"{file} does not name its label in a column: the label is looked for in the file's name.")


def _whole(said: str | None) -> int | None:
    """A count as admin centres write it: `1,204`, `1.204` and `1 204` are one number."""
    plain = re.sub(r"(?<=\d)[,.\s\u00a0\u202f](?=\d{3}(\D|$))", "", (said or "").strip())
    found = re.fullmatch(r"(\d{1,18})(\.0+)?", plain)
    return int(found[1]) if found else None


def _number(said: str | None) -> str | None:
    """A count without its thousands; what is no count stays as it is, to be listed."""
    number = _whole(said)
    return said if number is None else str(number)


def _shares_outside(record: Record) -> bool | None:
    said = text(record, "externalsharing", "siteexternalsharing", "externalsharingstatus")
    return {"on": True, "off": False}.get((said or "").lower(), boolean(said))


def _unmanaged(record: Record) -> str:
    return str(record.get("siteunmanageddevicepolicy") or record.get("unmanageddevicepolicy") or "")


def _site_label(record: Record) -> Iterator[str]:
    """The site's label, where a column of the site's sensitivity holds a GUID; names of labels are not ids."""
    for key, value in record.items():
        if key.startswith("sitesensitivi") and isinstance(value, str) and _GUID.fullmatch(value.strip(" {}")):
            yield value.strip(" {}").lower()


def _personal(url: str | None) -> str | None:
    return "onedrive" if url and "-my.sharepoint." in locate(url)[0] else None


def _audience(name: str) -> str:
    folded = fold(name.rpartition("/")[2])
    return next((audience for word, audience in AUDIENCES if word in folded), "")
