"""Writes CSV reports: the PnP permission audit, the sharing report of each site, the detailed Everyone report."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.support.formats import truth
from tests.support.formats.truth import EEEU, GROUPS, LINKS, SCOPES, SITE_GROUPS

AUDIT = ("SiteUrl", "SiteTitle", "Type", "SensitivityLabel", "RelativeUrl", "ListTitle", "MemberType", "MemberName",
         "MemberLoginName", "ParentGroup", "Roles")  # fmt: skip
SHARING = ("Resource Path", "Item Type", "Permission", "User Name", "User Email", "User Or Group Type", "Link ID",
           "Link Type", "AccessViaLinkID")  # fmt: skip
EVERYONE = ("TenantId", "SiteId", "WebId", "ListId", "ScopeId", "UniqueId", "ListItemId", "ItemType", "Item Url",
            "Role definition", "LinkId", "LinkScope", "Recipient", "UserPrincipalName", "ParentObjectID",
            "ParentGroupName", "ParentGroupEmail", "ParentGroupType", "TotalUserCount", "ReportDate")  # fmt: skip
KINDS = {("organization", "edit"): "OrganizationEdit", ("organization", "view"): "OrganizationView",
         ("anyone", "view"): "AnonymousView", ("people", "view"): "Flexible"}  # fmt: skip
EVERYBODY = "Everyone except external users"


def _file(folder: Path, name: str, header: Sequence[str], rows: Iterator[Sequence[object]]) -> None:
    with (folder / name).open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(header)
        writer.writerows(rows)


def link_title(link: str) -> str:
    """The title of the hidden group behind a link."""
    audience, level, *_ = LINKS[link]
    return f"SharingLinks.{truth.gid('file', 9)}.{KINDS[audience, level]}.{link}"


def claim(who: str) -> str:
    """The login that SharePoint shows."""
    if who == EEEU:
        return truth.EEEU_LOGIN
    if who.removesuffix("_o") not in GROUPS:
        return f"i:0#.f|membership|{truth.upn(who).lower()}"
    unified = GROUPS[who.removesuffix("_o")][1] == "m365_group"
    head = "c:0o.c|federateddirectoryclaimprovider" if unified else "c:0t.c|tenant"
    return f"{head}|{truth.group(who)}"


def shown(who: str) -> str:
    """The title that SharePoint shows."""
    return EVERYBODY if who == EEEU else who.title()


def permission_audit(folder: Path) -> None:
    """PnP `spo-get-permission-audit`: groups are expanded at the site, and owners' claims as their members."""
    _file(folder, "permission-audit.csv", AUDIT, _audit())


def _audit() -> Iterator[Sequence[object]]:
    types = {"web": "Site", "list": "DocumentLibrary", "folder": "Folder", "item": "File"}
    for site, kind, path, _, direct, links in SCOPES.values():
        start = (truth.url(site), truth.SITES[site][0], types[kind], "", "" if kind == "web" else path, "")
        for who, level in direct:
            if isinstance(who, int):
                title, them = SITE_GROUPS[site, who]
                yield *start, "Group", title, title, "NA", level
                for member in them if kind == "web" else ():
                    for one in sorted(_behind(member.removesuffix("_o"))):
                        yield *start, "GroupMember", one.title(), truth.upn(one), title, level
                    yield *start, "GroupMember", shown(member), claim(member), title, level
            else:
                yield *start, "User", shown(who), claim(who), "NA", level
        for link in links:
            audience, level, _, them = LINKS[link]
            for one in them:
                yield *start, "Sharing Links", one.title(), claim(one), link_title(link), level
            if not them:
                yield *start, "Sharing Links", audience, "", link_title(link), level


def _behind(of: str, seen: frozenset[str] = frozenset()) -> set[str]:
    """Everybody in a group of the directory, groups in groups too."""
    found: set[str] = set()
    for who in truth.MEMBERS.get(of, []) if of not in seen else []:
        found |= _behind(who, seen | {of}) if who in GROUPS else {who}
    return found


def sharing_reports(folder: Path) -> None:
    """One report a site: groups not expanded, Anyone links missing, links only as far as they were used."""
    for site, (name, _, _) in truth.SITES.items():
        _file(folder, f"sharing-report-{name}.csv", SHARING, _sharing(site))


def _sharing(site: str) -> Iterator[Sequence[object]]:
    for of, kind, path, _, direct, links in SCOPES.values():
        if of != site:
            continue
        start = (path.strip("/"), {"item": path.rpartition(".")[2]}.get(kind, kind.title()))
        for who, level in direct:
            if isinstance(who, int):
                yield *start, level, truth.title_of(site, who), "", "SharePoint Group", "", "", ""
            elif who in GROUPS:
                unified = GROUPS[who][1] == "m365_group"
                word = "Microsoft 365 group" if unified else "Security group"
                yield *start, level, shown(who), truth.group_mail(who) or "", word, "", "", ""
            else:
                yield *start, level, shown(who), truth.mail(who), _word(who), "", "", ""
        for link in links:
            audience, level, _, them = LINKS[link]
            if audience == "anyone":
                continue
            role = "Contribute" if level == "edit" else "Read"
            word = {"organization": "Organization", "people": "Specific People"}[audience]
            yield *start, role, "SharingLink", "", "", link, word, ""
            for one in them:
                yield *start, role, shown(one), truth.mail(one), _word(one), "", "", link


def _word(who: str) -> str:
    return "External" if truth.PEOPLE[who][1] == "guest" else "Internal"


def everyone_report(folder: Path) -> None:
    """The detailed report of data access governance: only what is open to Everyone except external users."""
    _file(folder, "everyone.csv", EVERYONE, _everyone())


def _everyone() -> Iterator[Sequence[object]]:
    types = {"web": "Web", "list": "List", "folder": "Folder", "item": "File"}
    for scope, (site, kind, path, _, direct, _) in SCOPES.items():
        for who, level in direct:
            title, them = SITE_GROUPS[site, who] if isinstance(who, int) else ("", [])
            if EEEU in them:
                at = (truth.TENANT, site, truth.gid("web", 1), "", scope.rpartition("/")[2], "", "", types[kind])
                yield (
                    *at,
                    path.strip("/"),
                    level,
                    "",
                    "",
                    EVERYBODY,
                    EVERYBODY,
                    "",
                    title,
                    "",
                    "SharePointGroup",
                    "",
                    "",
                )
