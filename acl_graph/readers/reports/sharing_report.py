"""The sharing report of a site or OneDrive owner: one row for each person and object, groups not expanded."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from acl_graph.readers.identity.principals import People
from acl_graph.readers.identity.row_collector import Collected
from acl_graph.readers.identity.site_urls import scope_kind
from acl_graph.readers.parsing.records import Record, Where, cover, records, sample, text, words
from acl_graph.readers.parsing.sniff import Sniffed, fold
from acl_graph.tenant.raw_export import RawExport, ReadFile

NAME = "sharing report"
ABOUT = "sharing reports of site owners"

HEADER = words("resourcepath itemtype permission username userorgrouptype linkid")
GUESTS = words("guest external externaluser guestexternal")
MEMBERS = words("member internal user internaluser memberinternal")
GROUPS = {
    "securitygroup": "security_group",
    "microsoft365group": "m365_group",
    "office365group": "m365_group",
    "group": "security_group",
}


def claims(file: Sniffed) -> str | None:
    """By its columns; the documented spellings differ from those of the file in a hyphen only."""
    return "sharing report" if file.format == "csv" and sample(file) >= HEADER else None


def read(files: Sequence[tuple[Sniffed, str]], raw: RawExport, told: Callable[[str], None]) -> None:
    """Add scopes, grants and links. A site split into several files is one site here."""
    into = Collected(raw, "The sharing report")
    for file, dataset in files:
        told(f"reading {file.relative}")
        count = 0
        for row, record in records(file, raw, "grants"):
            count += 1
            _take(into, record, (file.relative, row))
        raw.files.append(ReadFile(file.relative, NAME, dataset, count))
    into.hand_over(NAME)
    raw.note(
        "A sharing report leaves out Anyone links, links that were mailed and never opened, and who is in a group. It "
        "is about one site; people without an address are known by name only."
    )
    cover(
        raw,
        {
            "grants": "partial",
            "links": "partial",
            "link_users": "partial",
            "members": "absent",
            "site_admins": "absent",
            "items": "absent",
            "principals.state": "absent",
        },
    )


def _take(into: Collected, record: Record, where: Where) -> None:
    path, name = text(record, "resourcepath"), text(record, "username")
    if path is None or not (name or text(record, "useremail")):
        into.raw.reject("grants", *where, "no path or no name in this row", value=path or name or "")
        return
    kind = scope_kind(text(record, "itemtype")) or "item"  # real files have a file's ending here
    scope, site = into.scope(path, kind, where, host=into.host_of(path))
    levels = into.levels(text(record, "permission"), r"[;|]")
    link = text(record, "linkid")
    if link is not None and (fold(name or "") == "sharinglink" or text(record, "useremail") is None):
        into.link(link.strip("{}").lower(), scope, levels, where, audience=text(record, "linktype"))
        return
    if not levels and text(record, "permission"):
        return  # Limited Access, counted
    principal = _who(into.people, record, name, site, where, into)
    through = text(record, "accessvialinkid")
    if through is not None:
        into.link_user(through.strip("{}").lower(), principal, where)
    else:
        into.grant(scope, principal, levels, where)


def _who(people: People, record: Record, name: str | None, site: str, where: Where, into: Collected) -> str | None:
    email, kind = text(record, "useremail"), fold(text(record, "userorgrouptype") or "")
    if kind == "sharepointgroup":
        return None if into.limited_group(name) else people.group(site, name or email or "", where, expanded=False)
    if kind in GROUPS:
        if email and "@" in email:  # two groups may share a name, and never an address
            low = email.lower()
            return people.known.get(low) or people.object(low, where, kind=GROUPS[kind], name=name, login=low)
        return people.name(name or email or "", where, kind=GROUPS[kind])
    if email:
        return people.user(email, where, name=name, guest=True if kind in GUESTS else None)
    return people.login(name or "", where, kind="user")
