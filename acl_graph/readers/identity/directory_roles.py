"""Roles of the directory with their members: active, or eligible through privileged identity management.

A role has two ids: its template, the same in every tenant, which role assignments name, and the object's own id in this
tenant, which `directoryRoles` and SharePoint's claims name. They are one role here, under the object's id.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from acl_graph.readers.identity.principals import People
from acl_graph.readers.parsing.records import Found, Record, Where, mapping, text, words
from acl_graph.readers.parsing.sniff import fold
from acl_graph.tenant.raw_export import RawExport

#: template ids and names of the two roles that can give themselves access to any site
ROLES = {
    "62e90394-69f5-4237-9190-012177145e10": "global_administrator",
    "f28a1f50-f6e7-4571-818b-6a12f2af6b6c": "sharepoint_administrator",
    "globaladministrator": "global_administrator",
    "companyadministrator": "global_administrator",
    "sharepointadministrator": "sharepoint_administrator",
    "sharepointserviceadministrator": "sharepoint_administrator",
}
ROLE_NAME = ("roledefinitionid", "roletemplateid", "roleid", "role", "rolename", "roledisplayname", "assignedrole")
LOGIN = ("userprincipalname", "userprinciplename", "upn", "signinname")
MEMBER = ("principalid", "memberid", "userid", "objectid", *LOGIN, "principalname", "email")
_GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_STATE = words("assignmentstate assignmenttype state membertype status odatatype type")
#: states of a request or schedule that give nothing (any more, or not yet)
_OVER = words("revoked canceled cancelled denied failed pendingapproval expired")


class Roles:
    """Collects roles and their members, and hands them over once every role's own id is known."""

    def __init__(self, raw: RawExport, people: People) -> None:
        self.raw, self.people = raw, people
        #: template or name -> the object's id
        self.own: dict[str, str] = {}
        self.rows: dict[str, tuple[dict[str, Any], Where]] = {}
        self.members: list[tuple[str, str, str, Where]] = []
        self.left_out: dict[str, int] = {"unit": 0, "over": 0}

    def role(self, thing: Record, where: Where) -> None:
        """A `directoryRole`: `id`, `roleTemplateId`, `displayName`."""
        own, template = (text(thing, "id") or "").lower(), (text(thing, "roletemplateid") or "").lower()
        if not own:
            self.raw.reject("principals", *where, "role has no id", value=text(thing, "displayname") or "")
            return
        self._describe(own, template, text(thing, "displayname"), where)
        if template:
            self.own[template] = own

    def member(self, role: str, member: str, where: Where) -> None:
        """Somebody among the members of a `directoryRole`: Graph lists those whose role is active."""
        name = role.lower()
        self._describe(name, "", None, where)
        self.members.append((name, member.lower(), "active", where))

    def assignment(self, record: Record, where: Where, *, asked: str = "") -> None:
        """A row that names role and member. `asked` is the request: an eligible one is told by it or by the row."""
        role, member = text(record, *ROLE_NAME), text(record, *MEMBER)
        definition, principal = _folded(record.get("roledefinition")), _folded(record.get("principal"))
        role = role or text(definition, "templateid", "id", "displayname")
        member = member or text(principal, "id", *LOGIN)
        if role is None or member is None:
            self.raw.reject("members", *where, "no role or no member in this row", value=member or role or "")
            return
        low = role.strip("{} ").lower()
        name = low if _GUID.fullmatch(low) else f"role:{fold(role)}"
        shown = text(record, "roledisplayname", "rolename", "role") or text(definition, "displayname")
        template = text(record, "roletemplateid") or text(definition, "templateid") or low
        self._describe(name, template.lower(), shown, where)
        if text(record, "directoryscopeid", "directoryscope") not in (None, "/", "Directory", "directory"):
            self.left_out["unit"] += 1
            return
        if fold(text(record, "status") or "") in _OVER or fold(text(record, "action") or "") == "adminremove":
            self.left_out["over"] += 1
            return
        eligible = "eligib" in asked.lower() or _eligible(record)
        self.members.append((name, self.people.find(member) or member, "eligible" if eligible else "active", where))

    def _describe(self, name: str, template: str, shown: str | None, where: Where) -> None:
        cells, _ = self.rows.setdefault(name, ({"id": name, "kind": "directory_role"}, where))
        known = ROLES.get(template) or ROLES.get(name) or ROLES.get(fold(shown or "")) or ROLES.get(name[5:])
        cells["name"] = cells.get("name") or shown
        cells["role_template"] = cells.get("role_template") or known

    def hand_over(self, found: Found) -> None:
        """Rows for every role and member; a template that a role of the tenant has is that role."""
        merged: dict[str, tuple[dict[str, Any], Where]] = {}
        for name, (cells, where) in self.rows.items():
            own = self.own.get(name, name)
            kept, _ = merged.setdefault(own, (cells | {"id": own}, where))
            kept.update({key: value for key, value in cells.items() if value is not None and kept.get(key) is None})
        for cells, where in merged.values():
            cells["name"] = cells.get("name") or cells.get("role_template")
            found.row("principals", where, **cells)
        for group, member, assignment, where in self.members:
            name = self.own.get(group, group)
            found.row("members", where, group=name, member=member, role="member", assignment=assignment)
        nameless = sum(not cells.get("name") for cells, _ in merged.values())
        if nameless:
            self.raw.note(
                f"{nameless:,} directory roles are known by an id only; whether they can give themselves access to "
                "sites is not known. Add /directoryRoles."
            )
        if self.left_out["unit"]:
            self.raw.note("Roles that are limited to an administrative unit give no access to sites; left out.")
        if self.left_out["over"]:
            self.raw.note(f"{self.left_out['over']:,} role assignments have ended or were never granted; left out.")
        if self.rows:
            self.raw.note(
                "Of the directory's roles only those that can give themselves access to sites matter; others are kept."
            )


def is_role_list(keys: Iterable[str]) -> bool:
    """Whether folded keys are those of rows that name a role and a member."""
    have = set(keys)
    named = have & {"roledefinitionid", "roletemplateid", "role", "rolename", "roledisplayname"}
    return bool(named and have & set(MEMBER))


def _eligible(record: Record) -> bool:
    """Graph says it by a property's name, the portal's list by a word."""
    return any(
        ("eligib" in key and not key.startswith("linked") and value not in (None, "", False))
        or (key in _STATE and "eligib" in str(value).lower())
        for key, value in record.items()
    )


def _folded(value: Any) -> Record:
    return {fold(str(key)): inner for key, inner in mapping(value).items()}
