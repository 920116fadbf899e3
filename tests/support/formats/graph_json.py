"""Writes saved Microsoft Graph answers: `{"url": ..., "body": ...}` a line, permissions as Graph lists them."""

from __future__ import annotations

import json
from pathlib import Path

from tests.support.formats import truth
from tests.support.formats.truth import EEEU, GROUPS, PEOPLE, Row

GRAPH = "https://graph.microsoft.com/v1.0"
COPILOT = "639dec6b-bb19-468b-871c-c5c441c4b0cb"
ROLES = {"Full Control": "owner", "Edit": "write", "Contribute": "write", "Read": "read"}
SCOPES = {"organization": "organization", "people": "users", "anyone": "anonymous"}


def write(folder: Path, *, directory: bool = True, content: bool = True) -> None:
    """`graph.json`: the directory with members and licences, and files with what is effective on each."""
    answers = (directory_answers() if directory else []) + (content_answers() if content else [])
    lines = "".join(json.dumps(one) + "\n" for one in answers)
    (folder / "graph.json").write_text(lines, encoding="utf-8")


def page(path: str, *things: Row) -> Row:
    return {"url": f"{GRAPH}/{path}", "body": {"value": list(things)}}


def directory_answers() -> list[Row]:
    """Users with state and licences, groups with flags, members and owners of every group."""
    users = [
        {"id": truth.person(name), "displayName": name.title(), "userPrincipalName": truth.upn(name),
         "mail": truth.mail(name), "userType": "Guest" if home == "guest" else "Member",
         "accountEnabled": state != "disabled",
         "externalUserState": "PendingAcceptance" if state == "pending" else "Accepted" if home == "guest" else None,
         "assignedLicenses": [{"skuId": COPILOT}] if licensed else []}
        for name, (_, home, state, licensed) in PEOPLE.items()
    ]  # fmt: skip
    groups = []
    for name, (_, kind, visibility) in GROUPS.items():
        groups.append({
            "id": truth.group(name), "displayName": name.title(),
            "groupTypes": ["Unified"] if kind == "m365_group" else [],
            "mailEnabled": kind in ("m365_group", "mail_security_group", "distribution_group"),
            "securityEnabled": kind in ("security_group", "mail_security_group"),
            "mail": truth.group_mail(name), "visibility": visibility.title() if visibility else None,
        })  # fmt: skip
    answers = [page("users?$select=id", *users), page("groups?$select=id", *groups)]
    for name in GROUPS:
        answers.append(page(f"groups/{truth.group(name)}/members", *map(_object, truth.MEMBERS[name])))
        answers.append(page(f"groups/{truth.group(name)}/owners", *map(_object, truth.OWNERS.get(name, []))))
    return answers


def _object(who: str) -> Row:
    if who in GROUPS:
        return {"@odata.type": "#microsoft.graph.group", "id": truth.group(who), "displayName": who.title()}
    return {"@odata.type": "#microsoft.graph.user", "id": truth.person(who), "displayName": who.title(),
            "userPrincipalName": truth.upn(who)}  # fmt: skip


def content_answers() -> list[Row]:
    """Sites, drives, files, and for every file the permissions that are effective on it."""
    answers = [
        page("sites", *({"id": f"{truth.HOST},{site},{truth.gid('web', 1)}", "webUrl": truth.url(site),
                         "displayName": name} for site, (name, *_) in truth.SITES.items()))
    ]  # fmt: skip
    for library, (site, path, _) in truth.LIBRARIES.items():
        drive = {"id": _drive(library), "driveType": "documentLibrary", "webUrl": f"https://{truth.HOST}{path}",
                 "sharePointIds": {"siteId": site}}  # fmt: skip
        answers.append(page(f"sites/{truth.HOST},{site},{truth.gid('web', 1)}/drives", drive))
    for item, (library, inside, scope, _, author) in truth.ITEMS.items():
        folder, _, name = f"/{inside}".rpartition("/")
        drive, number = _drive(library), item.rpartition("/")[2]
        by = {"user": {"id": truth.person(author), "displayName": author.title()}}
        thing = {
            "id": number, "name": name, "file": {}, "size": 1000, "createdBy": by, "lastModifiedBy": by,
            "parentReference": {"driveId": drive, "path": f"/drives/{drive}/root:{folder}"},
            "sharepointIds": {"siteId": truth.LIBRARIES[library][0], "listItemUniqueId": number},
        }  # fmt: skip
        answers.append({"url": f"{GRAPH}/drives/{drive}/items/{number}", "body": thing})
        answers.append(page(f"drives/{drive}/items/{number}/permissions", *permissions(scope)))
    return answers


def _drive(library: str) -> str:
    return f"b!{library.replace('/', '-')}"


def permissions(scope: str) -> list[Row]:
    """What is effective on everything in a scope: Graph adds nothing from above where inheritance is broken."""
    site, _, _, _, direct, links = truth.SCOPES[scope]
    rows: list[Row] = [
        {"id": f"p{number}", "roles": [ROLES[level]], "grantedToV2": _identity(site, who)}
        for number, (who, level) in enumerate(direct)
    ]
    for link in links:
        audience, level, expires, users = truth.LINKS[link]
        rows.append({
            "id": link, "roles": ["write" if level == "edit" else "read"],
            "expirationDateTime": expires or "0001-01-01T00:00:00Z",
            "link": {"scope": SCOPES[audience], "type": level, "preventsDownload": False},
            "grantedToIdentitiesV2": [_identity(site, who) for who in users],
        })  # fmt: skip
    return rows


def _identity(site: str, who: str | int) -> Row:
    if isinstance(who, int):
        title = truth.title_of(site, who)
        return {"siteGroup": {"id": str(who), "displayName": title, "loginName": title}}
    if who == EEEU:
        return {"siteUser": {"id": "7", "displayName": "Everyone except external users", "loginName": truth.EEEU_LOGIN}}
    if who in GROUPS:
        return {"group": {"id": truth.group(who), "displayName": who.title()}}
    return {"user": {"id": truth.person(who), "displayName": who.title(), "email": truth.mail(who)}}
