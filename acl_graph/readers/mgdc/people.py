"""Everybody the SharePoint datasets name, as numbers while reading and as principal ids afterwards.

A recipient is named by up to seven cells; the same person is named differently in different datasets. So reading only
numbers what it sees, and when everything is read, each distinct naming is resolved once: by object id, else by user
principal name, else by e-mail among the people known by then, else by what the row itself says.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import IntEnum
from operator import attrgetter
from typing import NamedTuple

from acl_graph.readers.identity.claims import (
    LIMITED_ACCESS,
    LINK,
    LINK_GROUP,
    POPULATION_IDS,
    SYSTEM,
    Claim,
    decode,
    domain_of,
    link_of_group,
    special_name,
)
from acl_graph.readers.mgdc.directory import EXTERNAL, Described, Directory
from acl_graph.readers.mgdc.shapes import Person
from acl_graph.readers.mgdc.source import guid

#: names of Entra roles that stand in permissions like groups -> role template
ROLES = {
    "global administrator": "global_administrator",
    "company administrator": "global_administrator",
    "sharepoint administrator": "sharepoint_administrator",
    "sharepoint service administrator": "sharepoint_administrator",
    "global reader": "global_reader",
}
#: how the name of an owners claim ends where no login says so, in the languages of the common samples
OWNERS_NAME = re.compile(r"^(.+?)[ _-]?(owners|besitzer|propriétaires|propietarios|proprietari|eigenaren|ägare)$", re.I)
MEMBERS_NAME = re.compile(r"^(.+?)[ _-]?(members|mitglieder|membres|miembros|membri|leden|medlemmar)$", re.I)
#: our own type for people named by e-mail and name only: that resolves them, but describes nobody
AUTHOR = "author"
USER_TYPES = ("internal", "external", "user", "internaluser", "externaluser", "b2buser", AUTHOR)


#: the cells of a person as one tuple
Key = tuple[str | None, ...]
CELLS = attrgetter(
    "Type", "TypeV2", "Name", "Email", "EmailAddress", "AadObjectId", "AADObjectId", "UPN", "UserLoginName", "LoginName"
)


class Means(IntEnum):
    """What a naming turned out to be."""

    PRINCIPAL = 0
    LINK_CLAIM = 1  #: stands for a sharing link: no grant of its own
    LIMITED = 2  #: a Limited Access group: never a grant
    SYSTEM = 3  #: SharePoint itself
    LINK_GROUP = 4  #: the hidden group behind a link; `links` has the link
    NOBODY = 5  #: an entry without any name


class Naming(NamedTuple):
    """One distinct way in which somebody is named."""

    type: str
    name: str | None
    email: str | None
    oid: str | None
    upn: str | None
    login: str | None
    site: str | None
    guest: bool | None
    file: str
    row: int


@dataclass
class People:
    """The register of namings."""

    numbers: dict[Key, int] = field(default_factory=dict)
    cells: list[Key] = field(default_factory=list)  #: by number: `CELLS`, and the site where the naming is of one
    where: list[tuple[str, int]] = field(default_factory=list)

    def number(self, person: Person, site: str | None, file: str, row: int) -> int:
        """The number of a naming. SharePoint groups and bare names are of their site (trap 10).

        Looking up is most of the work of reading, so the key is as short as it can be: an object id with a login
        leaves nothing open but the address.
        """
        oid, login = person.AadObjectId, person.UserLoginName
        key: Key
        if oid and login:
            key = (oid, login, person.Email, person.Type)
        else:
            key = CELLS(person)
            what = key[1] or key[0]
            if (what is not None and what[:10] == "SharePoint") or not (key[3] or key[4] or oid or key[6] or key[7]):
                key = (*key, site)
        number = self.numbers.get(key)
        if number is None:
            number = self.numbers[key] = len(self.where)
            self.cells.append(key if len(key) > 4 else CELLS(person))
            self.where.append((file, row))
        return number

    def author(self, person: Person | str | None, file: str, row: int) -> int:
        """The number of somebody named only by e-mail and name; -1 for nobody."""
        if person is None:
            return -1
        if isinstance(person, str):
            person = Person(Email=person) if "@" in person else Person(Name=person)
        if not person.Type:
            if not (person.Email or person.EmailAddress or person.UPN or person.Name or person.AadObjectId):
                return -1
            person.Type = AUTHOR
        return self.number(person, None, file, row)

    def namings(self) -> list[Naming]:
        """All namings, by number."""
        return [_naming(*key, where=where) for key, where in zip(self.cells, self.where, strict=True)]


def _naming(
    type_: str | None,
    type_v2: str | None,
    name: str | None,
    email: str | None,
    address: str | None,
    oid: str | None,
    other_oid: str | None,
    upn: str | None,
    user_login: str | None,
    other_login: str | None,
    site: str | None = None,
    *,
    where: tuple[str, int],
) -> Naming:
    login = user_login or other_login
    newer = (type_v2 or "").replace(" ", "").casefold()
    older = (type_ or "").replace(" ", "").casefold()
    guest = True if newer in ("b2buser", "externaluser") or older == "external" else False if newer or older else None
    return Naming(
        newer or older,
        name.strip() or None if name else None,
        _told(email or address),
        guid(oid or other_oid),
        _told(upn),
        login.strip() or None if login else None,
        site,
        guest,
        *where,
    )


def _told(text: str | None) -> str | None:
    text = (text or "").strip().casefold()
    return None if text in ("", "null", "none", "n/a") else text


def squeezed(name: str) -> str:
    """A name without its spaces, in lower case."""
    return "".join(name.casefold().split())


@dataclass
class Resolved:
    """For each naming its meaning, principal id and link; and the principals described on the way."""

    means: list[int] = field(default_factory=list)
    ids: list[str | None] = field(default_factory=list)
    links: list[str | None] = field(default_factory=list)
    described: dict[str, Described] = field(default_factory=dict)


@dataclass
class Resolver:
    """Turns namings into principals, knowing the directory, the SharePoint groups and the sites' own groups."""

    directory: Directory
    #: (site, folded name) -> id of the SharePoint group
    sharepoint_groups: dict[tuple[str, str], str]
    #: the same with names without spaces, as older extracts squeeze them; "" where two groups of a site have one
    squeezed_groups: dict[tuple[str, str], str]
    #: ids of groups that are a site's Microsoft 365 group
    site_groups: set[str]
    has_members: bool
    has_owners: bool
    result: Resolved = field(default_factory=Resolved)
    #: object id -> rank and kind of what rows say a group is; the directory overrules
    kinds: dict[str, tuple[int, str]] = field(default_factory=dict)

    def resolve(self, namings: list[Naming]) -> Resolved:
        """Resolve all namings: first learn from those with ids, then decide each."""
        claims = [self._claim(naming) for naming in namings]
        self._learn(namings, claims)
        for naming, claim in zip(namings, claims, strict=True):
            means, who, link = self._decide(naming, claim)
            self.result.means.append(int(means))
            self.result.ids.append(who)
            self.result.links.append(link)
        for who, described in self.result.described.items():
            if described.kind in ("security_group", "m365_group") and who in self.kinds:
                described.kind = self.kinds[who][1]
        return self.result

    def _claim(self, naming: Naming) -> Claim:
        if naming.login:
            claim = decode(naming.login)
            if claim.kind:
                return claim
        name = naming.name or ""
        if name[:3].lower() in ("c:0", "i:0") or name[:4].lower() in ("shar", "limi", "urn:", "syst"):
            return decode(name)  # names can be raw claims
        return Claim()

    def _is_user(self, naming: Naming, claim: Claim) -> bool:
        if claim.kind:
            return claim.kind == "user"
        if naming.type in USER_TYPES:
            return True
        if naming.type:
            return False
        if naming.oid:
            return naming.oid in self.directory.users or (naming.oid not in self.directory.groups and bool(naming.upn))
        known_group = naming.email and naming.email in self.directory.group_mail
        return bool(naming.upn or (naming.email and not known_group))

    def _learn(self, namings: list[Naming], claims: list[Claim]) -> None:
        """Names and addresses of people known by id; which groups are Microsoft 365 groups."""
        directory = self.directory
        known = dict(directory.mail)
        for with_id in (True, False):
            for naming, claim in zip(namings, claims, strict=True):
                if bool(naming.oid) is not with_id or not self._is_user(naming, claim):
                    continue
                upn = naming.upn or claim.email
                if with_id and naming.oid and upn:
                    directory.upn.setdefault(upn, naming.oid)
                who = naming.oid or (directory.upn.get(upn, upn) if upn else None)
                if not who or not naming.email or naming.email in known:
                    continue
                if with_id:
                    directory.mail_of(naming.email, who)
                else:
                    directory.mail.setdefault(naming.email, who)
        members, owners = set(), set()
        for naming, claim in zip(namings, claims, strict=True):
            group = naming.oid or (claim.id if claim.kind in ("security_group", "m365_group", "group_owners") else None)
            if group is None or self._is_user(naming, claim):
                continue
            if claim.kind in ("m365_group", "group_owners") or group in self.site_groups:
                self._rank(group, 2, "m365_group")
            elif claim.kind == "security_group":
                self._rank(group, 1, "security_group")
            if not naming.login and naming.name:
                if MEMBERS_NAME.match(naming.name):
                    members.add(group)
                elif OWNERS_NAME.match(naming.name):
                    owners.add(group)
        for group in members & owners:
            self._rank(group, 2, "m365_group")

    def _rank(self, group: str, rank: int, kind: str) -> None:
        if self.kinds.get(group, (0, ""))[0] < rank:
            self.kinds[group] = (rank, kind)

    def _decide(self, naming: Naming, claim: Claim) -> tuple[Means, str | None, str | None]:
        if claim.kind == LINK:
            return Means.LINK_CLAIM, None, None
        if claim.kind == LIMITED_ACCESS:
            return Means.LIMITED, None, None
        if claim.kind == LINK_GROUP:
            found = link_of_group(naming.name or naming.login or "")
            return Means.LINK_GROUP, None, found[2] if found else claim.id
        if claim.kind == SYSTEM and not naming.oid:
            return Means.SYSTEM, None, None
        if not any((naming.name, naming.email, naming.oid, naming.upn, naming.login)):
            return Means.NOBODY, None, None
        population = claim.kind if claim.kind in POPULATION_IDS else None
        if (
            population is None
            and not naming.oid
            and not naming.email
            and naming.type not in (*USER_TYPES, "sharepointgroup")
        ):
            population = special_name(naming.name or "")
        if population:
            return (
                Means.PRINCIPAL,
                self._describe(Described(POPULATION_IDS[population], population, naming.name), naming),
                None,
            )
        if claim.kind == "app":
            who = claim.id or naming.oid or (naming.login or "").casefold()
            return Means.PRINCIPAL, self._describe(Described(who, "app", naming.name, naming.login), naming), None
        if naming.type == "sharepointgroup":
            return Means.PRINCIPAL, self._sharepoint_group(naming), None
        if self._is_user(naming, claim):
            return Means.PRINCIPAL, self._user(naming, claim), None
        return Means.PRINCIPAL, self._group(naming, claim), None

    def _sharepoint_group(self, naming: Naming) -> str:
        name = naming.name or naming.login or naming.email or naming.oid or ""
        site = naming.site or ""
        known = self.sharepoint_groups.get((site, name.casefold()))
        known = known or self.squeezed_groups.get((site, squeezed(name)))
        if known:
            return known
        who = f"{site}/name:{name}"
        return self._describe(Described(who, "sharepoint_group", name, site=site or None, expanded=False), naming)

    def _user(self, naming: Naming, claim: Claim) -> str:
        directory = self.directory
        upn = naming.upn or claim.email
        who = naming.oid
        for address in (upn, claim.email, naming.email):
            if who or not address:
                continue
            who = directory.upn.get(address) or directory.mail.get(address) or None
        who = who or upn or naming.email or (naming.login or "").casefold() or f"name:{naming.name}"
        if naming.type == AUTHOR:
            return who
        foreign = any(EXTERNAL in (text or "") for text in (upn, claim.email)) or claim.guest
        home = "otp_guest" if claim.otp else "guest" if naming.guest or foreign else "internal"
        told = Described(who, "user", naming.name, upn or naming.email, home)
        if home != "internal":
            told.domain = domain_of(naming.email or "") or domain_of(upn or "")
        return self._describe(told, naming)

    def _group(self, naming: Naming, claim: Claim) -> str:
        directory = self.directory
        group = (claim.id if claim.kind in ("group_owners", "m365_group", "security_group") else None) or naming.oid
        if group is None and naming.email:
            group = directory.group_mail.get(naming.email)
        if group is None:
            who = naming.email or (naming.login or "").casefold() or f"name:{naming.name}"
            return self._describe(self._plain_group(who, naming), naming)
        known = directory.groups.get(group)
        if claim.owners or (not naming.login and self._named_owners(naming, group, known)):
            if known is None:
                self._rank(group, 2, "m365_group")
                self._describe(Described(group, "m365_group", expanded=self._expanded(group)), naming)
            expanded = self.has_owners and (known is not None or group in directory.with_owners)
            told = Described(f"{group}_o", "group_owners", naming.name, of=group, expanded=expanded)
            return self._describe(told, naming)
        return self._describe(self._plain_group(group, naming), naming)

    def _plain_group(self, who: str, naming: Naming) -> Described:
        role = ROLES.get((naming.name or "").casefold())
        if role and not naming.email and who not in self.directory.groups:
            return Described(who, "directory_role", naming.name, role_template=role, expanded=self._expanded(who))
        kind = self.kinds.get(who, (0, "security_group"))[1]
        return Described(who, kind, naming.name, naming.email, expanded=self._expanded(who))

    def _named_owners(self, naming: Naming, group: str, known: Described | None) -> bool:
        """Without a login only the name's ending tells owners from members (trap 29) - of Microsoft 365 groups."""
        if not naming.name or not OWNERS_NAME.match(naming.name):
            return False
        if known is not None:
            unlike = (known.name or "").casefold() != naming.name.casefold()
            return known.kind == "m365_group" and unlike
        return self.kinds.get(group, (0, ""))[1] == "m365_group"

    def _expanded(self, group: str) -> bool:
        return self.has_members and (group in self.directory.with_members or group in self.directory.groups)

    def _describe(self, told: Described, naming: Naming) -> str:
        """Keep the first description of a principal; later ones fill gaps. The directory's own is not touched."""
        who = told.id
        if who in self.directory.users or who in self.directory.groups:
            return who
        kept = self.result.described.get(who)
        if kept is None:
            told.source_file, told.source_row = naming.file, naming.row
            self.result.described[who] = told
            return who
        for name in ("name", "login", "domain", "of", "role_template"):
            if getattr(kept, name) is None:
                setattr(kept, name, getattr(told, name))
        if told.home in ("guest", "otp_guest") and kept.home == "internal":
            kept.home, kept.domain = told.home, kept.domain or told.domain
        return who
