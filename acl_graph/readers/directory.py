"""Facts about accounts from the directory's lists: licences, information barrier segments, administrator roles."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from acl_graph.raw import RawExport, ReadFile
from acl_graph.readers.files import Sniffed, fold
from acl_graph.readers.graph_objects import COPILOT_SKUS
from acl_graph.readers.people import People
from acl_graph.readers.records import (
    Found,
    Record,
    Where,
    as_frame,
    boolean,
    cover,
    parts,
    records,
    sample,
    text,
    words,
)

NAME = "directory"
ABOUT = "licences, segments and roles of the directory"

LOGIN = ("userprincipalname", "userprinciplename", "upn", "signinname")
LICENCES = words("licenses licences assignedlicenses licenseassignments products")
SEGMENTS = words("informationbarriersegments segments ibsegments informationbarriersegment")
#: template ids of the two roles that can give themselves access to any site
ROLES = {
    "62e90394-69f5-4237-9190-012177145e10": "global_administrator",
    "f28a1f50-f6e7-4571-818b-6a12f2af6b6c": "sharepoint_administrator",
    "globaladministrator": "global_administrator",
    "companyadministrator": "global_administrator",
    "sharepointadministrator": "sharepoint_administrator",
    "sharepointserviceadministrator": "sharepoint_administrator",
}
ROLE_NAME = ("roledefinitionid", "roletemplateid", "roleid", "role", "rolename", "roledisplayname", "assignedrole")
MEMBER = ("principalid", "memberid", "userid", "objectid", *LOGIN, "principalname", "email")
_COPILOT = re.compile(r"365[ _]?copilot", re.I)


def claims(file: Sniffed) -> str | None:
    """Lists of accounts with licences or segments, lists of roles with their members."""
    if file.format not in ("csv", "json"):
        return None
    keys = sample(file)
    if (
        keys & set(ROLE_NAME)
        and keys & set(MEMBER)
        and ("roledefinitionid" in keys or keys & {"roletemplateid", "role", "rolename", "roledisplayname"})
    ):
        return "roles"
    if not keys & set(LOGIN):
        return None
    if keys & SEGMENTS:
        return "segments"
    return "licences" if keys & LICENCES else None


def read(files: Sequence[tuple[Sniffed, str]], raw: RawExport, told: Callable[[str], None]) -> None:
    """Lay licences and segments over the accounts of the export; add roles with their members."""
    found = Found()
    people = People(raw)
    accounts: dict[str, dict[str, Any]] = {}
    kinds = set()
    known: set[str] = set()
    for file, dataset in files:
        told(f"reading {file.relative}")
        kinds.add(dataset)
        count = 0
        for row, record in records(file, raw, "principals"):
            count += 1
            where = (file.relative, row)
            if dataset == "roles":
                _role(record, where, found, people, known, raw)
            else:
                _account(record, where, accounts, people, raw)
        raw.files.append(ReadFile(file.relative, NAME, dataset, count))
    raw.patch(NAME, "principals", "id", as_frame("principals", accounts.values()))
    found.hand_over(raw, NAME)
    columns = {
        f"principals.{column}": "complete" if all(column in one for one in accounts.values()) else "partial"
        for column in ("copilot", "segments")
        if any(column in one for one in accounts.values())
    }
    cover(raw, columns)
    if "roles" in kinds:
        raw.note(
            "Of the directory's roles only those that can give themselves access to sites matter; others are kept."
        )


def _account(record: Record, where: Where, accounts: dict[str, dict[str, Any]], people: People, raw: RawExport) -> None:
    login = text(record, *LOGIN)
    if login is None or "@" not in login:
        raw.reject("principals", *where, "account has no user principal name", value=login or "", column="login")
        return
    name = people.find(login) or login.lower()
    one = accounts.setdefault(name, {"id": name, "source_file": where[0], "source_row": where[1]})
    one["login"] = login.lower()
    if name.lower() not in people.ids:
        kind = fold(text(record, "usertype") or "")
        external = "#ext#" in login.lower()
        one["kind"] = "user"
        one["name"] = text(record, "displayname")
        one["home"] = "guest" if kind == "guest" or (external and kind != "member") else None
    blocked = boolean(text(record, "blockcredential", "blocksignin", "signinblocked"))
    enabled = boolean(text(record, "accountenabled"))
    if blocked is not None or enabled is not None:
        one["state"] = "disabled" if blocked or enabled is False else "active"
    if set(record) & LICENCES:
        one["copilot"] = "licensed" if _licensed(record) else "none"
    if set(record) & SEGMENTS:
        one["segments"] = [part.strip("{}").lower() for part in parts(record, *sorted(SEGMENTS)) or []]


def _licensed(record: Record) -> bool:
    for column in LICENCES & set(record):
        said = str(record[column] or "")
        if _COPILOT.search(said) or any(sku in said.lower() for sku in COPILOT_SKUS):
            return True
    return False


def _role(record: Record, where: Where, found: Found, people: People, known: set[str], raw: RawExport) -> None:
    role = text(record, *ROLE_NAME)
    member = text(record, *MEMBER)
    if role is None or member is None:
        raw.reject("members", *where, "no role or no member in this row", value=member or role or "")
        return
    template = ROLES.get(role.lower()) or ROLES.get(fold(role))
    name = role.lower() if re.fullmatch(r"[0-9a-f-]{36}", role.lower()) else f"role:{fold(role)}"
    shown = text(record, "roledisplayname", "rolename", "role") or template
    if name not in known:
        known.add(name)
        found.row("principals", where, id=name, kind="directory_role", name=shown, role_template=template)
    scope = text(record, "directoryscopeid")
    if scope not in (None, "/"):
        raw.note("Roles that are limited to an administrative unit give no access to sites; left out.")
        return
    # Graph says it by a property's name, the portal's list by a word
    eligible = any(
        "eligib" in key or (key in _STATE and "eligib" in str(value).lower()) for key, value in record.items()
    )
    assigned = "eligible" if eligible else "active"
    found.row("members", where, group=name, member=people.find(member) or member, role="member", assignment=assigned)


_STATE = words("assignmentstate assignmenttype state membertype status odatatype type")
