"""One small tenant, known exactly: what every writer of a format starts from and every answer is held against.

Rows are those of the tenant folder's tables; ids are the directory's and SharePoint's own, as an export would have them.
"""

# ruff: noqa: E501 - one row a line

from __future__ import annotations

from typing import Any

Row = dict[str, Any]

TENANT = "0e0e0e0e-1111-4222-8333-444444444444"
HOST = "alderbrook.sharepoint.com"
DOMAIN = "alderbrook.example"
DAY = "2026-06-03T00:00:00Z"
EEEU = "everyone_except_external_users"
EEEU_LOGIN = f"c:0-.f|rolemanager|spo-grid-all-users/{TENANT}"
SECRET, PLAIN = "1abe1000-0000-4000-8000-000000000001", "1abe1000-0000-4000-8000-000000000002"


def gid(kind: str, number: int) -> str:
    """A GUID that can be told apart by eye."""
    return f"{kind.encode().hex()[:8]:0<8}-0000-4000-8000-{number:012x}"


#: name -> (number, home, state, licensed)
PEOPLE: dict[str, tuple[int, str, str, bool]] = {
    "ada": (1, "internal", "active", True),
    "ben": (2, "internal", "active", False),
    "cyd": (3, "internal", "active", False),
    "dot": (4, "internal", "disabled", False),
    "eli": (5, "guest", "active", False),
    "fay": (6, "guest", "pending", False),
    "gus": (7, "external_member", "active", False),
    "hua": (8, "internal", "active", False),
    "ivo": (9, "internal", "active", False),
    "joy": (10, "internal", "active", True),
    "kai": (11, "internal", "active", False),
    "lea": (12, "internal", "active", True),
}
FOREIGN = {"eli": "fern.example", "fay": "moss.example", "gus": "heath.example"}
#: name -> (number, kind, visibility)
GROUPS: dict[str, tuple[int, str, str | None]] = {
    "team": (1, "m365_group", "private"),
    "club": (2, "m365_group", "public"),
    "outer": (3, "security_group", None),
    "inner": (4, "security_group", None),
    "mailers": (5, "mail_security_group", None),
    "news": (6, "distribution_group", None),
}
ROLE = gid("role", 1)
ADMIN_TEMPLATE = "62e90394-69f5-4237-9190-012177145e10"


def person(name: str) -> str:
    """The object id of somebody."""
    return gid("user", PEOPLE[name][0])


def group(name: str) -> str:
    """The object id of a group of the directory; `team_o` are the owners of `team`."""
    return gid("grou", GROUPS[name.removesuffix("_o")][0]) + ("_o" if name.endswith("_o") else "")


def upn(name: str) -> str:
    """The user principal name."""
    if name in FOREIGN:
        return f"{name}_{FOREIGN[name]}#EXT#@alderbrook.onmicrosoft.com"
    return f"{name}@{DOMAIN}"


def mail(name: str) -> str:
    """The address: a foreign account's own one."""
    return f"{name}@{FOREIGN.get(name, DOMAIN)}"


def group_mail(name: str) -> str | None:
    """The address of a group; security groups have none."""
    return None if GROUPS[name][1] == "security_group" else f"{name}@{DOMAIN}"


LEDGER, COMMONS, VAULT = gid("site", 1), gid("site", 2), gid("site", 3)
#: site -> (name, kind, group)
SITES = {
    LEDGER: ("Ledger", "team", "team"),
    COMMONS: ("Commons", "communication", None),
    VAULT: ("Vault", "other", None),
}
#: (site, number) -> (title, members); EEEU stands for the claim
SITE_GROUPS: dict[tuple[str, int], tuple[str, list[str]]] = {
    (LEDGER, 3): ("Ledger Owners", ["team_o"]),
    (LEDGER, 4): ("Ledger Visitors", ["outer"]),
    (LEDGER, 5): ("Ledger Members", ["team"]),
    (COMMONS, 4): ("Commons Visitors", [EEEU]),
    (COMMONS, 5): ("Commons Members", ["club"]),
    (VAULT, 3): ("Vault Owners", ["hua"]),
    (VAULT, 5): ("Vault Members", ["outer", "eli", "ben"]),
}
ADMINS = {LEDGER: ["hua", "team_o"], COMMONS: ["hua"], VAULT: ["hua"]}

#: link -> (audience, level, expires, users)
LINKS: dict[str, tuple[str, str, str | None, list[str]]] = {
    gid("link", 1): ("organization", "edit", None, ["lea"]),
    gid("link", 2): ("people", "view", None, ["eli", "fay"]),
    gid("link", 3): ("anyone", "view", None, ["gus"]),
    gid("link", 4): ("organization", "view", "2026-05-01T00:00:00Z", ["kai"]),
}
L_ORG, L_PEOPLE, L_ANYONE, L_DEAD = LINKS

#: scope -> (site, kind, path, parent, [(grantee, level)], [links]); a grantee is a name, a group, or a site group's number
SCOPES: dict[str, tuple[str, str, str, str | None, list[tuple[str | int, str]], list[str]]] = {
    f"{LEDGER}/{gid('scop', 1)}": (
        LEDGER, "web", "/sites/Ledger", None, [(3, "Full Control"), (5, "Edit"), (4, "Read")], []),
    f"{LEDGER}/{gid('scop', 2)}": (
        LEDGER, "folder", "/sites/Ledger/Shared Documents/Pay", f"{LEDGER}/{gid('scop', 1)}",
        [("ben", "Contribute"), ("club", "Read")], [L_PEOPLE]),
    f"{LEDGER}/{gid('scop', 3)}": (
        LEDGER, "item", "/sites/Ledger/Shared Documents/Pay/pay, 2026.xlsx", f"{LEDGER}/{gid('scop', 2)}",
        [("ada", "Read")], [L_ORG]),
    f"{LEDGER}/{gid('scop', 4)}": (
        LEDGER, "item", "/sites/Ledger/Shared Documents/=open.docx", f"{LEDGER}/{gid('scop', 1)}",
        [(5, "Edit")], [L_ANYONE, L_DEAD]),
    f"{COMMONS}/{gid('scop', 1)}": (
        COMMONS, "web", "/sites/Commons", None, [(4, "Read"), (5, "Contribute")], []),
    f"{COMMONS}/{gid('scop', 2)}": (
        COMMONS, "list", "/sites/Commons/Plans", f"{COMMONS}/{gid('scop', 1)}", [("mailers", "Edit")], []),
    f"{VAULT}/{gid('scop', 1)}": (
        VAULT, "web", "/sites/Vault", None, [(3, "Full Control"), (5, "Read")], []),
}  # fmt: skip
_S = list(SCOPES)
#: library -> (site, path, scope)
LIBRARIES = {
    f"{LEDGER}/{gid('list', 1)}": (LEDGER, "/sites/Ledger/Shared Documents", _S[0]),
    f"{COMMONS}/{gid('list', 1)}": (COMMONS, "/sites/Commons/Documents", _S[4]),
    f"{COMMONS}/{gid('list', 2)}": (COMMONS, "/sites/Commons/Plans", _S[5]),
    f"{VAULT}/{gid('list', 1)}": (VAULT, "/sites/Vault/Documents", _S[6]),
}
_L = list(LIBRARIES)
#: item -> (library, path inside the library, scope, label, author)
ITEMS: dict[str, tuple[str, str, str, str | None, str]] = {
    f"{LEDGER}/{gid('file', 1)}": (_L[0], "plan.docx", _S[0], None, "ada"),
    f"{LEDGER}/{gid('file', 2)}": (_L[0], "Pay/list \u00e9t\u00e9.docx", _S[1], None, "ben"),
    f"{LEDGER}/{gid('file', 3)}": (_L[0], "Pay/pay, 2026.xlsx", _S[2], PLAIN, "ben"),
    f"{LEDGER}/{gid('file', 4)}": (_L[0], "=open.docx", _S[3], None, "ada"),
    f"{COMMONS}/{gid('file', 1)}": (_L[1], "hello.docx", _S[4], None, "lea"),
    f"{COMMONS}/{gid('file', 2)}": (_L[2], "map.docx", _S[5], None, "gus"),
    f"{VAULT}/{gid('file', 1)}": (_L[3], "deed.docx", _S[6], SECRET, "hua"),
    f"{VAULT}/{gid('file', 2)}": (_L[3], "memo.docx", _S[6], None, "ben"),
}
LABELS = {SECRET: ("Secret", 9, True), PLAIN: ("Confidential", 5, False)}
LABEL_RIGHTS = {SECRET: {"cyd": ["VIEW", "EXTRACT"], "club": ["VIEW", "EXTRACT"], "ben": ["VIEW"]}}
#: members of directory groups, and owners
MEMBERS = {
    "team": ["ada", "ben"],
    "club": ["lea"],
    "outer": ["inner", "dot"],
    "inner": ["cyd", "outer"],
    "mailers": ["gus", "kai"],
    "news": ["ben"],
}
OWNERS = {"team": ["joy"]}
#: restricted access control of the Vault
RESTRICTED = {VAULT: ["inner", "club"]}
SWITCHES: Row = {
    "restricted_access_control": True,
    "show_everyone_claim": False,
    "information_barriers_suspended": False,
    "sharing": "ExternalUserAndGuestSharing",
    "core_sharing": "ExternalUserAndGuestSharing",
    "onedrive_sharing": "ExternalUserAndGuestSharing",
    "aip_integration": True,
    "mark_new_files_sensitive": False,
    "group_guest_access": True,
}


def grantee(site: str, who: str | int) -> str:
    """The id of whom a grant is for."""
    if isinstance(who, int):
        return f"{site}/g{who}"
    if who == EEEU:
        return EEEU
    return group(who) if who.removesuffix("_o") in GROUPS else person(who)


def url(site: str) -> str:
    """The address of a site."""
    return f"https://{HOST}/sites/{SITES[site][0]}"


def item_path(item: str) -> str:
    """The server-relative path of a file."""
    library, inside, *_ = ITEMS[item]
    return f"{LIBRARIES[library][1]}/{inside}"


def title_of(site: str, number: int) -> str:
    """The title of a SharePoint group."""
    return SITE_GROUPS[site, number][0]


def tables() -> dict[str, list[Row]]:
    """The tenant as rows of the tenant folder's tables."""
    principals: list[Row] = [
        {"id": person(name), "kind": "user", "name": name.title(), "login": upn(name).lower(), "home": home,
         "state": state, "copilot": "licensed" if licensed else "none",
         "domain": FOREIGN.get(name)}
        for name, (_, home, state, licensed) in PEOPLE.items()
    ]  # fmt: skip
    for name, (_, kind, visibility) in GROUPS.items():
        cells = {"id": group(name), "kind": kind, "name": name.title(), "login": group_mail(name)}
        principals.append(cells | {"visibility": visibility})
    principals.append({"id": group("team_o"), "kind": "group_owners", "name": "Team Owners", "of": group("team")})
    principals.append({"id": EEEU, "kind": "everyone_except_external", "name": "Everyone except external users"})
    principals.append(
        {"id": ROLE, "kind": "directory_role", "name": "Global Administrator", "role_template": "global_administrator"}
    )
    members: list[Row] = [{"group": ROLE, "member": person("ivo"), "role": "member"}]
    for role, lists in (("member", MEMBERS), ("owner", OWNERS)):
        members += [
            {"group": group(of), "member": grantee("", who), "role": role} for of, them in lists.items() for who in them
        ]
    for (site, number), (title, them) in SITE_GROUPS.items():
        principals.append({"id": f"{site}/g{number}", "kind": "sharepoint_group", "name": title, "site": site})
        members += [{"group": f"{site}/g{number}", "member": grantee(site, who), "role": "member"} for who in them]
    grants: list[Row] = []
    for scope, (site, _, _, _, direct, links) in SCOPES.items():
        grants += [{"scope": scope, "principal": grantee(site, who), "level": level} for who, level in direct]
        grants += [{"scope": scope, "level": LINKS[link][1], "link": link} for link in links]
    return {
        "principals": principals,
        "members": members,
        "sites": [
            {"id": site, "url": url(site), "title": name, "kind": kind, "group": group(of) if of else None,
             "sharing": "ExternalUserAndGuestSharing", "restricted_access": site in RESTRICTED,
             "ib_mode": "Open", "lock": "Unlock", "conditional_access": "AllowFullAccess"}
            for site, (name, kind, of) in SITES.items()
        ],
        "site_restricted_groups": [{"site": s, "group": group(g)} for s, them in RESTRICTED.items() for g in them],
        "site_admins": [{"site": s, "principal": grantee(s, who)} for s, them in ADMINS.items() for who in them],
        "scopes": [
            {"id": scope, "site": site, "kind": kind, "path": path, "parent": parent}
            for scope, (site, kind, path, parent, _, _) in SCOPES.items()
        ],
        "libraries": [{"id": i, "site": site, "path": path, "scope": s} for i, (site, path, s) in LIBRARIES.items()],
        "grants": grants,
        "links": [
            {"id": link, "audience": audience, "expires": expires, "origin": _origin(link)}
            for link, (audience, _, expires, _) in LINKS.items()
        ],
        "link_users": [
            {"link": link, "principal": person(who), "how": "named" if audience == "people" else "redeemed"}
            for link, (audience, _, _, them) in LINKS.items()
            for who in them
        ],
        "items": [
            {"id": item, "scope": scope, "library": library, "site": LIBRARIES[library][0], "path": item_path(item),
             "label": label, "author": person(author), "modified_by": person(author), "major": 2, "minor": 0}
            for item, (library, _, scope, label, author) in ITEMS.items()
        ],
        "labels": [{"id": i, "name": name, "rank": rank, "encrypts": on} for i, (name, rank, on) in LABELS.items()],
        "label_rights": [
            {"label": label, "principal": grantee("", who), "rights": rights}
            for label, them in LABEL_RIGHTS.items()
            for who, rights in them.items()
        ],
    }  # fmt: skip


def _origin(link: str) -> str:
    return next(scope for scope, cells in SCOPES.items() if link in cells[5])


def pairs() -> list[tuple[str, str]]:
    """(somebody's name, item) for everybody and every file."""
    return [(name, item) for name in PEOPLE for item in ITEMS]
