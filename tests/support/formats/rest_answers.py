"""SharePoint's REST answers, recorded beside their requests: role assignments with masks, groups, administrators.

`recorded` is also what the collector's twin asks instead of a tenant.
"""

from __future__ import annotations

import json
from pathlib import Path

from tests.support.formats import truth
from tests.support.formats.reports import claim, link_title, shown
from tests.support.formats.truth import EEEU, GROUPS, LINKS, SCOPES, SITE_GROUPS, Row

#: level -> (name, RoleTypeKind, High, Low) as SharePoint gives them
LEVELS = {
    "Full Control": ("Full Control", 5, "2147483647", "4294967295"),
    "Edit": ("Edit", 6, "432", "1011030767"),
    "Contribute": ("Contribute", 3, "432", "1011028719"),
    "Read": ("Read", 2, "176", "138612833"),
    "edit": ("Contribute", 3, "432", "1011028719"),
    "view": ("Read", 2, "176", "138612833"),
    "limited": ("Limited Access", 1, "48", "134287360"),
}
_LINK_NUMBERS = {link: 100 + number for number, link in enumerate(LINKS)}


def write(folder: Path) -> None:
    """Role assignments, groups and administrators, an answer a line."""
    lines = [
        json.dumps({"url": url, "body": body})
        for url, body in recorded().items()
        if "/_api/" in url and any(word in url for word in ("roleassignments", "sitegroups", "siteusers"))
    ]
    (folder / "role-assignments.json").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _level(name: str) -> Row:
    shown_as, kind, high, low = LEVELS[name]
    return {
        "Id": 1073741824 + kind,
        "Name": shown_as,
        "RoleTypeKind": kind,
        "BasePermissions": {"High": high, "Low": low},
    }


def member(site: str, who: str | int) -> Row:
    """A site user or site group."""
    if isinstance(who, int):
        title = truth.title_of(site, who)
        return {"Id": who, "Title": title, "LoginName": title, "PrincipalType": 8}
    people = who != EEEU and who.removesuffix("_o") not in GROUPS
    return {"Id": 40 + len(who), "Title": shown(who), "LoginName": claim(who), "PrincipalType": 1 if people else 4}


def assignments(scope: str) -> list[Row]:
    """The role assignments of a scope; whoever got something below is there with Limited Access, as in life."""
    site, kind, _, _, direct, links = SCOPES[scope]
    rows = [{"Member": member(site, who), "RoleDefinitionBindings": [_level(level)]} for who, level in direct]
    for link in links:
        title = link_title(link)
        hidden = {"Id": _LINK_NUMBERS[link], "Title": title, "LoginName": title, "PrincipalType": 8}
        rows.append({"Member": hidden, "RoleDefinitionBindings": [_level(LINKS[link][1])]})
    if kind == "web":
        rows.append({"Member": member(site, "kai"), "RoleDefinitionBindings": [_level("limited")]})
    return rows


def groups(site: str) -> list[Row]:
    """The site's groups, hidden ones of links too, with their users."""
    rows = [
        member(site, number) | {"Users": [member(site, who) for who in them]}
        for (of, number), (_, them) in SITE_GROUPS.items()
        if of == site
    ]
    for of, _, _, _, _, links in SCOPES.values():
        for link in links if of == site else ():
            title = link_title(link)
            users = [member(site, who) for who in LINKS[link][3]]
            hidden = {"Id": _LINK_NUMBERS[link], "Title": title, "LoginName": title, "PrincipalType": 8}
            rows.append(hidden | {"Users": users})
    return rows


def recorded() -> dict[str, Row]:
    """request -> answer for everything about the sites."""
    said: dict[str, Row] = {}
    for site in truth.SITES:
        web = f"{truth.url(site)}/_api/web"
        said[f"{web}/sitegroups?$expand=Users"] = {"value": groups(site)}
        said[f"{web}/siteusers"] = {
            "value": [member(site, who) | {"IsSiteAdmin": True} for who in truth.ADMINS[site]]
            + [member(site, "kai") | {"IsSiteAdmin": False}]
        }
    for scope, (site, kind, path, _, _, _) in SCOPES.items():
        quoted = path.replace("'", "''")
        call = {
            "web": "",
            "list": f"/GetList('{quoted}')",
            "folder": f"/GetFolderByServerRelativePath(decodedurl='{quoted}')/ListItemAllFields",
            "item": f"/GetFileByServerRelativePath(decodedurl='{quoted}')/ListItemAllFields",
        }[kind]
        url = f"{truth.url(site)}/_api/web{call}/roleassignments?$expand=Member,RoleDefinitionBindings"
        said[url] = {"value": assignments(scope)}
    return said
