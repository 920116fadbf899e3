"""The Entra datasets: groups, direct members, owners and users - and the look-ups that every other dataset needs.

None of them has a SnapshotDate. Where folders carry dates, only the newest date of a dataset counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import polars as pl

from acl_graph.readers.identity.claims import domain_of
from acl_graph.readers.identity.licences import Products
from acl_graph.readers.mgdc.layout import day_of
from acl_graph.readers.mgdc.shapes import GroupDetail, Licence, Membership, User
from acl_graph.readers.mgdc.source import Reading, guid, records
from acl_graph.readers.parsing.row_buffer import Columns
from acl_graph.readers.parsing.sniff import Sniffed
from acl_graph.tenant.raw_export import RawExport

EXTERNAL = "#ext#"
#: no dataset holds the tenant's subscriptions: products are known by Microsoft's own list
PRODUCTS = Products()


@dataclass
class Described:
    """What is known of one principal. The first source fills a field; later ones only complete it."""

    id: str
    kind: str | None = None
    name: str | None = None
    login: str | None = None
    home: str | None = None
    state: str | None = None
    copilot: str | None = None
    domain: str | None = None
    site: str | None = None
    of: str | None = None
    visibility: str | None = None
    role_template: str | None = None
    dynamic: bool | None = None
    synced: bool | None = None
    expanded: bool | None = None
    source_file: str | None = None
    source_row: int | None = None


@dataclass
class Directory:
    """What the Entra datasets say. Ids are object ids in lower case."""

    groups: dict[str, Described] = field(default_factory=dict)
    users: dict[str, Described] = field(default_factory=dict)
    #: principals that only membership rows mention
    mentioned: dict[str, Described] = field(default_factory=dict)
    upn: dict[str, str] = field(default_factory=dict)  #: user principal name -> id
    mail: dict[str, str] = field(default_factory=dict)  #: address -> id of a user; "" where two have it
    group_mail: dict[str, str] = field(default_factory=dict)
    members: Columns = field(
        default_factory=lambda: Columns(
            group=pl.String(), member=pl.String(), role=pl.String(), source_file=pl.String(), source_row=pl.Int64()
        )
    )
    with_members: set[str] = field(default_factory=set)
    with_owners: set[str] = field(default_factory=set)
    deleted_groups: set[str] = field(default_factory=set)
    left_out: dict[str, int] = field(default_factory=dict)  #: kinds of members that grant nothing

    def mail_of(self, address: str, who: str) -> None:
        """Remember an address; one that two people have leads to nobody."""
        if self.mail.setdefault(address, who) != who:
            self.mail[address] = ""


def newest(files: Sequence[tuple[Sniffed, str]], dataset: str) -> list[Sniffed]:
    """The files of the newest dated folder of a dataset (all of them where no folder is dated)."""
    mine = [file for file, name in files if name == dataset]
    days = {file.relative: day_of(file.relative) for file in mine}
    dated = [day for day in days.values() if day]
    return [file for file in mine if not dated or days[file.relative] == max(dated)]


def read_directory(files: Sequence[tuple[Sniffed, str]], reading: Reading) -> Directory:
    """Read the four datasets."""
    found = Directory()
    for file in newest(files, "GroupDetails"):
        for number, detail in records(file, "GroupDetails", reading):
            _group(found, detail, file.relative, number, reading)
    for file in newest(files, "Users"):
        for number, user in records(file, "Users", reading):
            _user(found, user, file.relative, number, reading)
    for dataset, role in (("GroupMembers", "member"), ("GroupOwners", "owner")):
        for file in newest(files, dataset):
            for number, row in records(file, dataset, reading):
                _membership(found, row, role, dataset, file.relative, number, reading)
    return found


def group_kind(detail: GroupDetail) -> str | None:
    """The kind by the directory's own marks: Unified, mailEnabled, securityEnabled (rule P05)."""
    if "unified" in _joined(detail.groupTypes):
        return "m365_group"
    if detail.mailEnabled:
        return "distribution_group" if detail.securityEnabled is False else "mail_security_group"
    if detail.mailEnabled is False or detail.securityEnabled:
        return "security_group"
    return None


def _joined(value: list[str] | str | None) -> str:
    return (" ".join(value) if isinstance(value, list) else value or "").casefold()


def _group(found: Directory, detail: GroupDetail, file: str, row: int, reading: Reading) -> None:
    who = guid(detail.id) or guid(detail.pObjectId)
    if who is None:
        reading.record("GroupDetails", file, row, "the group has no id")
        return
    visibility = (detail.visibility or "").casefold()
    kind = group_kind(detail)
    deleted = bool(detail.deletedDateTime) and not str(detail.deletedDateTime).startswith("0001")
    found.groups.setdefault(
        who,
        Described(
            who,
            kind,
            detail.displayName,
            detail.mail,
            state="deleted" if deleted else None,
            visibility={"hiddenmembership": "hidden"}.get(visibility, visibility) or None,
            dynamic="dynamicmembership" in _joined(detail.groupTypes) or bool(detail.membershipRule),
            synced=bool(detail.onPremisesSyncEnabled),
            source_file=file,
            source_row=row,
        ),
    )
    if deleted:
        found.deleted_groups.add(who)
    if detail.mail:
        found.group_mail.setdefault(detail.mail.casefold(), who)


def _user(found: Directory, user: User, file: str, row: int, reading: Reading) -> None:
    who = guid(user.id) or guid(user.puser)
    if who is None:
        reading.record("Users", file, row, "the user has no id")
        return
    mail = user.mail or user.PrimarySmtpAddress
    upn = user.userPrincipalName or mail
    home = home_of(user.userType, upn)
    found.users.setdefault(
        who,
        Described(
            who,
            "user",
            user.displayName,
            upn,
            home,
            state=None if user.accountEnabled is None else "active" if user.accountEnabled else "disabled",
            copilot=copilot_of(user.assignedLicenses),
            domain=(domain_of(mail or "") or domain_of(upn or "")) if home != "internal" else None,
            source_file=file,
            source_row=row,
        ),
    )
    if upn:
        found.upn.setdefault(upn.casefold(), who)
    for address in [mail, *_addresses(user.proxyAddresses), *_addresses(user.EmailAddresses)]:
        if address:
            found.mail_of(address.casefold().removeprefix("smtp:"), who)


def copilot_of(licences: list[Licence] | None) -> str | None:
    """What somebody's licences say about Copilot; None where there is no such column, or a product is not known."""
    if licences is None:
        return None
    return PRODUCTS.of_licences({"skuid": one.skuId, "disabledplans": one.disabledPlans} for one in licences)


def _addresses(value: list[str] | str | None) -> list[str]:
    entries = value if isinstance(value, list) else (value or "").replace(",", ";").split(";")
    return [
        entry.strip() for entry in entries if "@" in entry and not entry.strip().lower().startswith(("sip:", "x500:"))
    ]


def home_of(user_type: str | None, upn: str | None) -> str:
    """Where an account lives: the directory's userType and whether the name shows a foreign account."""
    foreign = EXTERNAL in (upn or "").casefold()
    if (user_type or "").casefold() == "guest" or (not user_type and foreign):
        return "guest"
    return "external_member" if foreign else "internal"


def _membership(
    found: Directory, row: Membership, role: str, dataset: str, file: str, number: int, reading: Reading
) -> None:
    group = guid(row.pObjectId) or guid(row.puser)
    member = guid(row.id)
    if group is None or member is None:
        reading.record(dataset, file, number, f"the row names no {'group' if group is None else 'member'}")
        return
    (found.with_members if role == "member" else found.with_owners).add(group)
    what = (row.ODataType or "").casefold().rpartition(".")[2]
    if what in ("device", "orgcontact"):
        found.left_out[what] = found.left_out.get(what, 0) + 1
        return
    if group in found.deleted_groups:
        found.left_out["deleted"] = found.left_out.get("deleted", 0) + 1
        return
    found.members.add((group, member, role, file, number))
    found.members.flush()
    upn = row.userPrincipalName
    if member not in found.users and member not in found.groups and member not in found.mentioned:
        kind = {"user": "user", "group": None, "serviceprincipal": "app"}.get(what, "user" if upn else None)
        home = home_of(None, upn) if kind == "user" else None
        found.mentioned[member] = Described(
            member,
            kind,
            row.displayName,
            upn,
            home,
            domain=domain_of(upn or "") if home == "guest" else None,
            source_file=file,
            source_row=number,
        )
        if what == "group":
            found.mentioned[member].kind = "security_group"
    if upn:
        found.upn.setdefault(upn.casefold(), member)


def finish(found: Directory, raw: RawExport, has_members: bool, has_owners: bool) -> None:
    """Say of every group whether its members are all here, and note what was left out of them."""
    for who, group in found.groups.items():
        group.expanded = has_members and (who not in found.deleted_groups)
    for who, mention in found.mentioned.items():
        if mention.kind == "security_group":
            mention.expanded = has_members and who in found.with_members
    words = {
        "device": "devices as members of groups: they open nothing and were left out",
        "orgcontact": "mail contacts as members of groups: they open nothing and were left out",
        "deleted": "memberships of deleted groups: they grant nothing and were left out",
    }
    for what, count in found.left_out.items():
        raw.note(f"{count:,} {words[what]}.")
    if not has_owners:
        raw.note("There is no GroupOwners dataset: whom an owners claim stands for is not known.")
