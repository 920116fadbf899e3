"""Permission reports that community scripts write as CSV: recognised by their columns, in any order.

Column sets are the scripts' own; each family is read by a function below, and what it leaves out is said in a note.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from acl_graph.readers.identity.claims import link_of_group
from acl_graph.readers.identity.row_collector import Collected
from acl_graph.readers.identity.site_urls import host_of, locate, scope_kind
from acl_graph.readers.parsing.records import Record, Rows, Where, boolean, cover, doubt, sample, text, words
from acl_graph.readers.parsing.sniff import Sniffed, fold
from acl_graph.readers.reports.permission_families import FAMILIES
from acl_graph.tenant.raw_export import RawExport, ReadFile

NAME = "permission report"
ABOUT = "permission reports of community scripts"

_GROUP = re.compile(r"^share\s*point\s*group\s*:?\s*['\"]?(.*?)['\"]?\s*$", re.I)
_BARE_COMMA = re.compile(r",(?!\s)")
#: CSOM's PrincipalType; a CSV has the name or the number (format trap 33)
_TYPES = {"1": "user", "2": "distributionlist", "4": "securitygroup", "8": "sharepointgroup"}
_KINDS = {"user": "user", "member": "user", "guest": "user", "securitygroup": "security_group",
          "distributionlist": "distribution_group", "group": "security_group",
          "microsoft365group": "m365_group", "office365group": "m365_group"}  # fmt: skip

#: family: folded columns that it must have
HEADERS: dict[str, tuple[frozenset[str], ...]] = {
    "audit": (words("siteurl relativeurl membertype memberloginname parentgroup roles"),),
    "novapoint": (
        words("locationtype locationurl accesstype accounttype users permissionslevels"),
        words("locationtype locationurl accesstype accounttype users permissionlevels"),
    ),
    "effective": (words("siteurl relativeurl user effectivepermissions giventhroughgranted"),),
    "sharing links": (
        words("siteurl relativeurl shareid sharelinkscope"),
        words("siteurl relativeurl sharelink sharelinktype"),
    ),
    "subwebs": (words("siteurl title permissiontype permissionlevels member"),),
    "direct": (words("siteurl username useremail permissionrole"),),
    "diary": (words("object url users permissions grantedthrough"),),
    "diary folders": (
        words("folderurl user type permissions grantedthrough"),
        words("folderurl users type permissions grantedthrough"),
    ),
}


def claims(file: Sniffed) -> str | None:
    """The family whose columns the file has; neither their order nor the file's name matters."""
    if file.format not in ("csv", "json"):
        return None
    keys = sample(file)
    for family, headers in HEADERS.items():
        if any(header <= keys for header in headers):
            return family
    return None


def read(files: Sequence[tuple[Sniffed, str]], raw: RawExport, told: Callable[[str], None]) -> None:
    """Add scopes, grants, groups, links and everybody named; say what the families leave out."""
    into = Collected(raw, "The permission report")
    tables = [(file, family, Rows(file, raw, "grants")) for file, family in files]
    names = _single_names(tables)
    for file, family, rows in tables:
        told(f"reading {file.relative}")
        if family in ("diary", "diary folders"):
            _diary(into, file.relative, rows, names)
        elif family == "subwebs":
            _subwebs(into, file.relative, rows)
        else:
            FAMILIES[family](into, file.relative, rows)
        raw.files.append(ReadFile(file.relative, NAME, family, rows.count or 0))
    if into.counts["inherited"]:
        raw.note(
            f"{into.counts['inherited']:,} rows of permission reports repeat what an object inherits; they are its "
            "parent's and make no scope of their own."
        )
    into.hand_over(NAME)
    _say_gaps(raw, {family for _, family, _ in tables})


_GAPS = {
    "diary": "A SharePointDiary-style report has no logins, skips empty groups, and shows links only as groups; "
    "lists and items are in it only if the script was told to look at them.",
    "diary folders": "A folder report has no logins and does not say which folders have permissions of their own; the "
    "site's and libraries' own permissions are not in it.",
    "audit": "The PnP permission audit leaves out hidden lists and a dozen library names (Site Assets, Style Library, "
    "Preservation Hold ...), site administrators, subsites, and the members of groups that stand only below the site.",
    "sharing links": "A sharing-link report holds links only: no direct permissions, groups or administrators.",
    "subwebs": "A subweb report holds sites only - no lists, folders, files, administrators - and no logins.",
    "effective": "An effective-permissions report is about one person: what that person can do is in it, through what "
    "is not, so no change can be planned from it.",
    "direct": "A direct-permissions report holds users named on sites only: groups, lists and items are missing.",
    "novapoint": "A NovaPoint report names sharing links by kind only: links of one kind on one object are one here. "
    "Groups inside groups are in it as far as the tool could read them.",
}


def _say_gaps(raw: RawExport, families: set[str]) -> None:
    for family in sorted(families):
        raw.note(_GAPS[family])
    links = bool(families & {"audit", "sharing links", "novapoint", "diary"})
    raw.note("Permission reports list no files: sites are unclassified, never empty.")
    cover(
        raw,
        {
            "grants": "partial",
            "members": "partial",
            "site_admins": "partial" if families & {"diary", "novapoint"} else "absent",
            "links": "partial" if links else "absent",
            "link_users": "partial" if links else "absent",
            "items": "absent",
            "libraries": "absent",
            "levels": "absent",
            "usage": "absent",
            "principals.state": "absent",
            "principals.copilot": "absent",
            "principals.visibility": "absent",
        },
    )


@dataclass(frozen=True)
class _Names:
    """Display names that the files show alone in a cell: what a joined cell may be split into."""

    all: set[str]
    groups: set[str]


def _single_names(tables: Sequence[tuple[Sniffed, str, Rows]]) -> _Names:
    names = _Names(set(), set())
    if not {family for _, family, _ in tables} & {"diary", "diary folders", "subwebs"}:
        return names  # the others have logins: no cell of theirs has to be split
    for _, family, rows in tables:
        for _, record in rows:
            cell = text(record, "users", "user") if family.startswith("diary") else text(record, "title", "membername")
            kind = _KINDS.get(_type(record, "type" if family.startswith("diary") else "permissiontype"))
            if cell and (kind or not set(cell) & {";", ","}):
                names.all.add(cell)
                if kind and kind != "user":
                    names.groups.add(cell)
    return names


def _type(record: Record, column: str) -> str:
    said = fold(text(record, column) or "")
    return _TYPES.get(said, said)


def split_names(cell: str, known: set[str]) -> tuple[list[str], bool]:
    """(names, certain) of a cell of joined display names, which may hold commas themselves (format trap 34).

    >>> split_names("Rao, Priya; Diaz, Omar", set())
    (['Rao, Priya', 'Diaz, Omar'], True)
    >>> split_names("Priya Rao,Omar Diaz", set())
    (['Priya Rao', 'Omar Diaz'], True)
    >>> split_names("Rao, Priya", set())
    (['Rao, Priya'], False)
    >>> split_names("Priya Rao, Omar Diaz", {"Priya Rao", "Omar Diaz"})
    (['Priya Rao', 'Omar Diaz'], True)
    """
    if cell.strip() in known:
        return [cell.strip()], True
    if ";" in cell:
        return [one.strip() for one in cell.split(";") if one.strip()], True
    if "," not in cell:
        return [cell.strip()], True
    every = [one.strip() for one in cell.split(",") if one.strip()]
    if all(one in known or "@" in one for one in every):
        return every, True
    if ", " not in cell:
        return every, True
    bare = [one.strip() for one in _BARE_COMMA.split(cell) if one.strip()]
    return bare, len(bare) > 1


def _diary(into: Collected, file: str, rows: Rows, names: _Names) -> None:
    host = host_of(text(record, "url", "folderurl") for _, record in rows)
    for row, record in rows:
        where = (file, row)
        address = text(record, "url", "folderurl")
        word = text(record, "object") or ("Folder" if "folderurl" in record else None)
        kind = scope_kind(word)
        if address is None or kind is None:
            into.raw.reject("grants", file, row, "no object or no address in this row", value=word or address or "")
            continue
        if not _own(into, record, where):
            continue
        through = text(record, "grantedthrough") or ""
        type_ = _type(record, "type")
        cell = text(record, "users", "user") or ""
        if "administrator" in fold(through) + type_ or fold(text(record, "permissions") or "") == "siteowner":
            site = locate(address, host)[0]
            into.site(site, where, title=text(record, "title"))
            for name, known_as in _people(into, cell, names, where)[0]:
                into.admin(site, _named(into, name, where, known_as), where)
            continue
        scope, site = into.scope(address, kind, where, host=host, title=text(record, "title"))
        levels = into.levels(text(record, "permissions"))
        group = _GROUP.match(through)
        if group and group[1]:
            _through_group(into, group[1], _people(into, cell, names, where), levels, scope, site, where)
        elif type_ == "sharepointgroup":
            _through_group(into, cell, ([], False), levels, scope, site, where)
        else:  # one principal a row: a comma belongs to its name
            into.grant(scope, _named(into, cell, where, _KINDS.get(type_)), levels, where)


#: names with what they are taken for, and whether the cell could be split with certainty
_People = tuple[list[tuple[str, str | None]], bool]


def _through_group(
    into: Collected, title: str, people: _People, levels: list[str], scope: str, site: str, where: Where
) -> None:
    """A grant to a SharePoint group with its members as names; a link's hidden group is a link."""
    if into.limited_group(title):
        return
    members, certain = people
    if link_of_group(title):
        link = into.link_group(title, scope, levels, where) or ""
        for name, kind in members:
            into.link_user(link, _named(into, name, where, kind), where)
        return
    group = into.people.group(site, title, where, expanded=certain and bool(members))
    into.grant(scope, group, levels, where)
    for name, kind in members:
        into.member(group, _named(into, name, where, kind), where)


def _subwebs(into: Collected, file: str, rows: Rows) -> None:
    host = host_of(text(record, "siteurl") for _, record in rows)
    for row, record in rows:
        where = (file, row)
        address, name = text(record, "siteurl"), text(record, "title")
        if address is None or name is None:
            into.raw.reject("grants", file, row, "no site or no name in this row", value=address or name or "")
            continue
        if not _own(into, record, where):
            continue
        scope, site = into.scope(address, "web", where, host=host, title=text(record, "sitetitle"))
        levels = into.levels(text(record, "permissionlevels"))
        through = text(record, "member") or ""
        if fold(through) in ("directpermission", "directpermissions", ""):
            kind = _KINDS.get(_type(record, "permissiontype"), "user")
            into.grant(scope, _named(into, name, where, kind), levels, where)
        else:
            _through_group(into, through, ([(name, "user")], True), levels, scope, site, where)


def _own(into: Collected, record: Record, where: Where) -> bool:
    """Whether the object has permissions of its own; a row that only repeats its parent's is counted (trap 26)."""
    cell = text(record, "hasuniquepermissions")
    unique = boolean(cell)
    if cell is not None and unique is None:
        doubt(into.raw, "scopes", where, "HasUniquePermissions", cell, "neither true nor false: taken for its own")
    into.counts["inherited"] += unique is False
    return unique is not False


def _people(into: Collected, cell: str, names: _Names, where: Where) -> _People:
    """The people of a joined cell. What may be several is nobody in particular: it reaches nothing surely."""
    if not cell:
        return [], False
    split, certain = split_names(cell, names.all)
    if not certain:
        doubt(into.raw, "principals", where, "Users", cell, "one name with a comma, or several people: kept whole")
        return [(cell, None)], False
    return [(name, "security_group" if name in names.groups else "user") for name in split], True


def _named(into: Collected, name: str, where: Where, kind: str | None) -> str | None:
    if "@" in name or "|" in name:
        return into.people.login(name, where, kind=kind)
    return into.people.name(name, where, kind=kind)


__all__ = ["ABOUT", "NAME", "claims", "read", "split_names"]
