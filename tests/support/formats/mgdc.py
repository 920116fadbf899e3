"""Writes the Microsoft Graph Data Connect datasets: one JSON object a line, in the documented columns."""

from __future__ import annotations

import json
from pathlib import Path

from tests.support.formats import truth
from tests.support.formats.truth import EEEU, GROUPS, PEOPLE, Row

ZERO = "00000000-0000-0000-0000-000000000000"
ROLES = {"view": "Read", "edit": "Contribute"}
SCOPES = {"organization": "Organization", "people": "SpecificPeople", "anyone": "Anyone"}
TYPES = {"web": "Web", "list": "List", "folder": "Folder", "item": "File"}


def write(folder: Path, *, entra: bool = True) -> None:
    """A folder for each dataset; `entra` false leaves the directory datasets out."""
    sets = {
        "Sites": sites(),
        "Permissions": permissions(),
        "Groups": groups(),
        "Files": files(),
    }
    if entra:
        sets |= {"GroupDetails": details(), "GroupMembers": members(), "GroupOwners": owners(), "User": users()}
    for name, rows in sets.items():
        path = folder / name / "part-00000.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def _dated(row: Row) -> Row:
    return {"ptenant": truth.TENANT} | row | {"SnapshotDate": truth.DAY, "Operation": "Full"}


def named(site: str, who: str | int, *, member: bool = False) -> Row:
    """Somebody as a recipient of a permission, or as a member of a SharePoint group."""
    login = "LoginName" if member else "UserLoginName"
    if isinstance(who, int):
        title = truth.title_of(site, who)
        return {"Type": "SharePointGroup", "TypeV2": "SharePointGroup", "Name": title, login: title}
    if who == EEEU:
        name = "Everyone except external users"
        return {"Type": "SecurityGroup", "TypeV2": "SecurityGroup", "Name": name, login: truth.EEEU_LOGIN}
    if who.removesuffix("_o") in GROUPS:
        unified = GROUPS[who.removesuffix("_o")][1] == "m365_group"
        claim = "c:0o.c|federateddirectoryclaimprovider" if unified else "c:0t.c|tenant"
        return {
            "Type": "SecurityGroup",
            "TypeV2": "SecurityGroup",
            "Name": who.removesuffix("_o").title() + (" Owners" if who.endswith("_o") else ""),
            "AadObjectId": truth.group(who.removesuffix("_o")),
            login: f"{claim}|{truth.group(who)}",
        }
    foreign = PEOPLE[who][1] == "guest"
    return {
        "Type": "User" if member else "External" if foreign else "Internal",
        "TypeV2": "B2BUser" if foreign else "InternalUser",
        "Name": who.title(),
        "Email": truth.mail(who),
        "AadObjectId": truth.person(who),
        "UPN": truth.upn(who),
        login: f"i:0#.f|membership|{truth.upn(who).lower()}",
    }


def sites() -> list[Row]:
    rows = []
    for site, (name, kind, of) in truth.SITES.items():
        rows.append(
            _dated({
                "Id": site, "Url": truth.url(site), "ArchiveState": "None",
                "RootWeb": {"Title": name, "WebTemplate": "GROUP" if of else "STS"},
                "StorageMetrics": {"TotalFileCount": 2}, "GroupId": truth.group(of) if of else ZERO,
                "IsInRecycleBin": False, "IsCommunicationSite": kind == "communication", "IsOneDrive": False,
                "IsTeamsChannelSite": False, "TeamsChannelType": "None", "IsExternalSharingEnabled": True,
                "Privacy": "Private" if of else None, "SensitivityLabelInfo": {}, "IBMode": "Open", "Owner": {},
                "ReadLocked": False, "ReadOnly": False, "HubSiteId": ZERO,
            })
        )  # fmt: skip
    return rows


def permissions() -> list[Row]:
    rows = []
    for scope, (site, kind, path, _, direct, links) in truth.SCOPES.items():
        at = {"SiteId": site, "WebId": truth.gid("web", 1), "ItemType": TYPES[kind], "ItemURL": path.strip("/"),
              "ScopeId": scope.rpartition("/")[2]}  # fmt: skip
        if kind == "list":
            at["ListId"] = truth.gid("list", 2)
        levels: dict[str, list[str | int]] = {}
        for who, level in direct:
            levels.setdefault(level, []).append(who)
        for level, them in levels.items():
            role = level.replace(" ", "")
            rows.append(_dated(at | {"RoleDefinition": role, "SharedWith": [named(site, who) for who in them]}))
        for link in links:
            audience, level, expires, users = truth.LINKS[link]
            rows.append(
                _dated(
                    at
                    | {"RoleDefinition": ROLES[level], "LinkId": link, "LinkScope": SCOPES[audience]}
                    | {"SharedWith": [named(site, who) for who in users], "ShareExpirationTime": expires}
                )
            )
        if kind == "web":
            admins = [named(site, who) for who in truth.ADMINS[site]]
            rows.append(_dated(at | {"ItemType": "SiteAdmin", "RoleDefinition": "FullControl", "SharedWith": admins}))
    return rows


def groups() -> list[Row]:
    rows = [
        _dated({
            "SiteId": site, "GroupId": number, "GroupLinkId": ZERO, "GroupType": "SharePointGroup",
            "DisplayName": title, "Members": [named(site, who, member=True) for who in them],
        })
        for (site, number), (title, them) in truth.SITE_GROUPS.items()
    ]  # fmt: skip
    number = 100
    for _, (site, _, _, _, _, links) in truth.SCOPES.items():
        for link in links:
            number += 1
            name = f"SharingLinks.{truth.gid('file', 9)}.Flexible.{link}"
            them = [named(site, who, member=True) for who in truth.LINKS[link][3]]
            rows.append(
                _dated({"SiteId": site, "GroupId": number, "GroupLinkId": link, "GroupType": "SharePointGroup",
                        "DisplayName": name, "Members": them})
            )  # fmt: skip
    return rows


def files() -> list[Row]:
    rows = []
    for item, (library, inside, scope, label, author) in truth.ITEMS.items():
        site, path, _ = truth.LIBRARIES[library]
        folder, _, name = f"{path.split('/', 3)[3]}/{inside}".rpartition("/")
        by = {"Email": truth.mail(author), "Name": author.title()}
        rows.append(
            _dated({
                "SiteId": site, "WebId": truth.gid("web", 1), "ListId": library.rpartition("/")[2],
                "ItemId": item.rpartition("/")[2], "ScopeId": scope.rpartition("/")[2], "SiteUrl": truth.url(site),
                "DirName": folder, "FileName": name, "Extension": name.rpartition(".")[2],
                "ListServerTemplate": "DocumentLibrary", "IsLabelEncrypted": bool(label and truth.LABELS[label][2]),
                "MajorVersion": 2, "MinorVersion": 0,
                "SensitivityLabelInfo": {"Id": label, "DisplayName": truth.LABELS[label][0]} if label else {},
                "SizeInBytes": 1000, "Author": by, "ModifiedBy": by,
            })
        )  # fmt: skip
    return rows


def details() -> list[Row]:
    rows = []
    for name, (_, kind, visibility) in GROUPS.items():
        mail = kind in ("m365_group", "mail_security_group", "distribution_group")
        rows.append({
            "id": truth.group(name), "deletedDateTime": None, "displayName": name.title(),
            "groupTypes": ["Unified"] if kind == "m365_group" else [], "mailEnabled": mail,
            "mail": truth.group_mail(name),
            "securityEnabled": kind in ("security_group", "mail_security_group"),
            "visibility": visibility.title() if visibility else None, "ODataType": "#microsoft.graph.group",
            "pObjectId": truth.group(name), "ptenant": truth.TENANT,
        })  # fmt: skip
    return rows


def members() -> list[Row]:
    return _lists(truth.MEMBERS)


def owners() -> list[Row]:
    return _lists(truth.OWNERS)


def _lists(lists: dict[str, list[str]]) -> list[Row]:
    rows = []
    for of, them in lists.items():
        for who in them:
            is_group = who in GROUPS
            rows.append({
                "id": truth.group(who) if is_group else truth.person(who),
                "userPrincipalName": None if is_group else truth.upn(who), "displayName": who.title(),
                "ODataType": f"#microsoft.graph.{'group' if is_group else 'user'}", "pObjectId": truth.group(of),
                "ptenant": truth.TENANT,
            })  # fmt: skip
    return rows


def users() -> list[Row]:
    """Active people with a mailbox only, as the dataset has them."""
    return [
        {"id": truth.person(name), "accountEnabled": True, "displayName": name.title(), "mail": truth.mail(name),
         "userPrincipalName": truth.upn(name), "userType": "Member", "puser": truth.person(name),
         "ptenant": truth.TENANT}
        for name, (_, home, state, _) in PEOPLE.items()
        if home != "guest" and state == "active"
    ]  # fmt: skip
