"""Who is meant by a login, an address or a bare name: the id an earlier file gave, else one that the login makes."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import Any

from acl_graph.readers.identity.claims import (
    LIMITED_ACCESS,
    LINK,
    LINK_GROUP,
    POPULATION_IDS,
    SYSTEM,
    decode,
    domain_of,
    special_name,
)
from acl_graph.readers.parsing.records import Found, Where
from acl_graph.readers.parsing.sniff import fold
from acl_graph.tenant.raw_export import RawExport

#: what is left out of every export, with the reason that is told
_LEFT_OUT = {
    LINK: "stand for a sharing link and not for a person or group (c:0u.c or urn:spo:anon claims)",
    LINK_GROUP: "are the hidden group of a sharing link where no link can stand",
    LIMITED_ACCESS: "are Limited Access system groups, which open nothing",
    SYSTEM: "are system accounts",
}
#: names of the two directory roles that can give themselves access, as SharePoint shows them
_ROLES = {"globaladministrator": "global_administrator", "companyadministrator": "global_administrator",
          "sharepointadministrator": "sharepoint_administrator"}  # fmt: skip
#: a member that a name-only export lists under such a name is a group, whatever the column says
_GROUP_ENDINGS = (" members", " owners", " visitors")
_GUID = re.compile(r"\{?[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}\}?")


@dataclass
class _Described:
    cells: dict[str, Any]
    where: Where


class People:
    """Collects principals of one reader. Somebody an earlier reader described by the same login keeps that id."""

    def __init__(self, raw: RawExport) -> None:
        self.described: dict[str, _Described] = {}
        self.left_out: Counter[str] = Counter()
        self.name_only = 0
        self.known: dict[str, str] = {}
        self.ids: set[str] = set()
        # a list of licences or segments lies over accounts, and makes those that nothing else describes
        laid_over = [(reader, table, frame) for reader, table, _, frame in raw.patches]
        for _, table, frame in [*raw.parts, *laid_over]:
            if table != "principals" or "id" not in frame.columns:
                continue
            logins = frame["login"] if "login" in frame.columns else [None] * frame.height
            for name, login in zip(frame["id"], logins, strict=True):
                if name is not None:
                    self.ids.add(str(name).lower())
                    for spelled in _spellings(str(login) if login else "") | _spellings(str(name)):
                        self.known.setdefault(spelled, str(name))

    def login(
        self, login: str, where: Where, *, name: str | None = None, site: str | None = None, kind: str | None = None
    ) -> str | None:
        """The id of whoever has this login, e-mail address or claim; None (and counted) for what is no principal.

        Plain text is the SharePoint group of that title where `site` is given, else a bare name. `kind` is what the
        export's own type column says, where it says it.
        """
        if _GUID.fullmatch(login.strip()):
            return login.strip(" {}").lower()  # an object id: named here, described by the directory or nowhere
        claim = decode(login)
        if claim.kind in _LEFT_OUT:
            self.left_out[str(claim.kind)] += 1
            return None
        population = claim.kind or (special_name(login) if kind != "sharepoint_group" else None)
        if population in POPULATION_IDS:
            return self._describe(POPULATION_IDS[population], where, kind=population, name=name or login, login=login)
        role = _ROLES.get(fold(name or ""))
        if claim.kind in ("security_group", "m365_group") and claim.id:
            if role:
                return self._describe(
                    claim.id, where, kind="directory_role", name=name, login=login, role_template=role, expanded=False
                )
            return self._describe(claim.id, where, kind=claim.kind, name=name, login=login, expanded=False)
        if claim.owners and claim.id:
            self._describe(claim.id, where, kind="m365_group", expanded=False)
            return self._describe(
                f"{claim.id}_o", where, kind="group_owners", of=claim.id, name=name, login=login, expanded=False
            )
        if claim.kind == "app" and claim.id:
            return self._describe(claim.id, where, kind="app", name=name, login=login)
        if claim.email:
            return self.user(claim.email, where, name=name, guest=claim.guest, otp=claim.otp, kind=kind)
        if site is not None:
            return self.group(site, login, where)
        return self.name(name or login, where, kind=kind)

    def user(
        self,
        login: str,
        where: Where,
        *,
        name: str | None = None,
        guest: bool | None = None,
        otp: bool = False,
        kind: str | None = None,
    ) -> str:
        """The id of the person with this UPN or address."""
        low = login.strip().lower()
        for spelled in _spellings(low):
            if spelled in self.known:
                return self.known[spelled]
        home = "otp_guest" if otp else "guest" if guest else None
        domain = domain_of(low) if guest or otp else None
        return self._describe(low, where, kind=kind or "user", name=name, login=low, home=home, domain=domain)

    def find(self, login: str) -> str | None:
        """The id of an account without describing it: evidence names people who may be long gone. None: no person."""
        claim = decode(login)
        if claim.kind == LINK or login.strip().lower() == "anonymous":
            return "anonymous"
        if claim.kind in _LEFT_OUT or not login.strip():
            return None
        low = claim.email or login.strip().lower()
        return next((self.known[one] for one in _spellings(low) if one in self.known), low)

    def group(self, site: str, title: str, where: Where, *, expanded: bool | None = None) -> str:
        """The id of the SharePoint group of that title: titles repeat in every site (format trap 10)."""
        return self._describe(
            f"{site}|{title.strip().lower()}",
            where,
            kind="sharepoint_group",
            name=title.strip(),
            site=site,
            expanded=expanded,
        )

    def name(self, name: str, where: Where, *, kind: str | None = "user") -> str:
        """The id of somebody of whom only a display name is known: never merged with anybody of another source."""
        population = special_name(name)
        if population:
            return self._describe(POPULATION_IDS[population], where, kind=population, name=name)
        role = _ROLES.get(fold(name))
        plain = name.strip()
        if role:
            return self._describe(
                f"name:{plain}", where, kind="directory_role", name=plain, role_template=role, expanded=False
            )
        if kind == "user" and plain.lower().endswith(_GROUP_ENDINGS):
            kind = "security_group"
        self.name_only += 1
        expanded = False if kind and kind != "user" else None
        return self._describe(f"name:{plain}", where, kind=kind, name=plain, expanded=expanded)

    def site_group(self, site: str | None, title: str, number: str | None, where: Where) -> str:
        """A SharePoint group by the number it has in its site, as exports with site ids name it; else by title."""
        if site is None or number is None:
            return self.group(site or "", title, where, expanded=False)
        return self._describe(
            f"{site}/g{number}", where, kind="sharepoint_group", name=title, site=site, expanded=False
        )

    def object(self, principal: str, where: Where, **cells: Any) -> str:
        """A directory object by its id, described as far as `cells` do."""
        group = cells.get("kind") not in ("user", "app", None)
        return self._describe(principal, where, **cells, expanded=False if group else None)

    def state(self, principal: str, state: str) -> None:
        """The state of an account this reader describes."""
        if principal in self.described:
            self.described[principal].cells["state"] = state

    def expanded(self, principal: str, known: bool) -> None:
        """Whether the export lists the members of a group it describes."""
        if principal in self.described:
            self.described[principal].cells["expanded"] = known

    def _describe(self, principal: str, where: Where, **cells: Any) -> str:
        if principal.lower() in self.ids:
            return principal
        known = self.described.setdefault(principal, _Described({}, where))
        for column, value in cells.items():
            if value is not None and known.cells.get(column) is None:
                known.cells[column] = value
        return principal

    def describe(self, into: Found, raw: RawExport, what: str) -> None:
        """Put a row for each principal into `into`, and say what was left out of `what`."""
        for principal, known in self.described.items():
            into.row("principals", known.where, id=principal, **known.cells)
        for reason, rows in self.left_out.items():
            raw.note(f"{what}: {rows:,} entries {_LEFT_OUT[reason]}; left out.")
        if self.name_only:
            raw.note(
                f"{what} names people by display name only. Two people of one name are one here, and nobody is joined "
                "with an account of another file: read these results with low confidence."
            )


def _spellings(login: str) -> set[str]:
    """The forms under which a login is met: itself, without its claim prefix, a guest's own address."""
    low = login.strip().lower().rpartition("|")[2]
    if not low:
        return set()
    found = {low}
    if "#ext#" in low:
        user, _, domain = low.partition("#ext#")[0].rpartition("_")
        if user and domain:
            found.add(f"{user}@{domain}")
    return found
