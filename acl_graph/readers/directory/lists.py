"""Facts about accounts from the directory's lists: licences, information barrier segments, administrator roles."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import polars as pl

from acl_graph.readers.identity.directory_roles import LOGIN, Roles, is_role_list
from acl_graph.readers.identity.licences import LICENSED, Products, is_subscription, licences_of
from acl_graph.readers.identity.principals import People
from acl_graph.readers.parsing.records import (
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
from acl_graph.readers.parsing.sniff import Sniffed, fold
from acl_graph.tenant.raw_export import RawExport, ReadFile

NAME = "directory"
ABOUT = "licences, segments and roles of the directory"

#: what a list of accounts knows them by, the surest first
OBJECT = ("externaldirectoryobjectid", "objectid", "userid", "id")
ADDRESS = (*LOGIN, "windowsliveid", "primarysmtpaddress", "windowsemailaddress", "emailaddress", "user", "member")
LICENCES = words("licenses licences assignedlicenses licenseassignments products skupartnumber skuid licensedetails")
SEGMENTS = words(
    "informationbarriersegments informationbarriersegment ibsegments segments segment segmentname segmentids"
)


def claims(file: Sniffed) -> str | None:
    """Lists of accounts with licences or segments, lists of roles with their members."""
    if file.format not in ("csv", "json"):
        return None
    keys = sample(file)
    if is_subscription(keys):
        return "subscriptions"
    if is_role_list(keys):
        return "roles"
    if "roletemplateid" in keys and "id" in keys:
        return "roles of the tenant"
    if not keys & {*LOGIN, "windowsliveid", "primarysmtpaddress", "windowsemailaddress"}:
        return "segments" if keys & SEGMENTS and keys & set(ADDRESS) and "url" not in keys else None
    if keys & SEGMENTS:
        return "segments"
    return "licences" if keys & LICENCES else None


def read(files: Sequence[tuple[Sniffed, str]], raw: RawExport, told: Callable[[str], None]) -> None:
    """Lay licences and segments over the accounts of the export; add roles with their members."""
    found = Found()
    people = People(raw)
    roles = Roles(raw, people)
    accounts = Accounts(raw, people)
    # what the tenant has subscribed to comes first: it says what is in its products
    for file, dataset in sorted(files, key=lambda one: one[1] != "subscriptions"):
        told(f"reading {file.relative}")
        count = 0
        for row, record in records(file, raw, "principals"):
            count += 1
            where = (file.relative, row)
            if dataset == "subscriptions":
                accounts.products.learn(record)
            elif dataset == "roles":
                roles.assignment(record, where)
            elif dataset == "roles of the tenant":
                roles.role(record, where)
            else:
                accounts.take(record, where)
        raw.files.append(ReadFile(file.relative, NAME, dataset, count))
    raw.patch(NAME, "principals", "id", as_frame("principals", accounts.described()))
    roles.hand_over(found)
    found.hand_over(raw, NAME)
    accounts.say()


class Accounts:
    """Collects what lists say of accounts; one that stands in several rows or files is one."""

    def __init__(self, raw: RawExport, people: People) -> None:
        self.raw, self.people = raw, people
        self.products = Products()
        self.rows: dict[str, dict[str, Any]] = {}
        #: account -> what its licences say, row by row (one row for each licence in some exports)
        self.licences: dict[str, list[str | None]] = {}
        self.segments: dict[str, list[str]] = {}
        self.lost = 0

    def take(self, record: Record, where: Where) -> None:
        """One row of a list of accounts."""
        login = text(record, *ADDRESS)
        if login is None or "@" not in login:
            self.raw.reject(
                "principals", *where, "account has no user principal name", value=login or "", column="login"
            )
            return
        name = self.people.find(login) or login.lower()
        if name.lower() not in self.people.ids:
            name = self._by_object(record) or name
        one = self.rows.setdefault(name, {"id": name, "source_file": where[0], "source_row": where[1]})
        one.setdefault("login", login.lower())
        if name.lower() not in self.people.ids:
            kind = fold(text(record, "usertype") or "")
            external = "#ext#" in login.lower()
            one["kind"] = "user"
            one["name"] = one.get("name") or text(record, "displayname")
            one["home"] = "guest" if kind == "guest" or (external and kind != "member") else None
        blocked = boolean(text(record, "blockcredential", "blocksignin", "signinblocked"))
        enabled = boolean(text(record, "accountenabled"))
        if blocked is not None or enabled is not None:
            one["state"] = "disabled" if blocked or enabled is False else "active"
        if set(record) & LICENCES:
            self.licences.setdefault(name, []).append(self._licensed(record))
        if set(record) & SEGMENTS:
            self._segments(name, record)

    def _by_object(self, record: Record) -> str | None:
        """The account by its object id, where an earlier file describes it; later files know it by its login."""
        ids = [(text(record, column) or "").strip("{} ").lower() for column in OBJECT]
        return next((one for one in ids if one in self.people.ids), None)

    def _licensed(self, record: Record) -> str | None:
        """What one row says: of the columns about licences the one that knows most counts."""
        if text(record, "skuid") or text(record, "skupartnumber"):
            return self.products.of_licences([record])
        said = []
        for column in sorted(LICENCES & set(record)):
            value = record[column]
            inner = licences_of(value)
            said.append(self.products.of_text(str(value or "")) if inner is None else self.products.of_licences(inner))
        return LICENSED if LICENSED in said else next((one for one in said if one is not None), None)

    def _segments(self, name: str, record: Record) -> None:
        listed = parts(record, *sorted(SEGMENTS))
        empty = all(record.get(column) in (None, "", [], "{}") for column in SEGMENTS & set(record))
        if listed is None and not empty:
            self.lost += 1
        else:
            mine = self.segments.setdefault(name, [])
            mine += [one for part in listed or [] if (one := part.strip("{}").lower()) not in mine]

    def described(self) -> list[dict[str, Any]]:
        """The rows of all accounts. A licence that is not known leaves it open, unless another one brings Copilot."""
        for name, said in self.licences.items():
            copilot = LICENSED if LICENSED in said else None if None in said else "none"
            if copilot is not None:
                self.rows[name]["copilot"] = copilot
        for name, segments in self.segments.items():
            self.rows[name]["segments"] = segments
        return list(self.rows.values())

    def _lists_everybody(self) -> bool:
        """Whether every user that earlier files describe is in the lists: of the others nothing is known."""
        users = (
            str(name).lower()
            for _, table, frame in self.raw.parts
            if table == "principals" and {"id", "kind"} <= set(frame.columns)
            for name in frame.filter(pl.col("kind") == "user")["id"].drop_nulls()
        )
        mine = {name.lower() for name in self.rows}
        return all(name in mine for name in users)

    def say(self) -> None:
        """How much of the columns is known now."""
        for column, asked in (("copilot", self.licences), ("segments", self.segments)):
            if asked or (column == "segments" and self.lost):
                whole = bool(self.rows) and all(column in one for one in self.rows.values()) and self._lists_everybody()
                cover(self.raw, {f"principals.{column}": "complete" if whole else "partial"})
                self.raw.listed[f"principals.{column}"] = frozenset(name.lower() for name in self.rows)
        open_ = sum("copilot" not in self.rows[name] for name in self.licences)
        if open_:
            self.raw.note(
                f"{open_:,} accounts have licences of which it is not known whether Copilot is in them; whether these "
                "people have it is not known. Add the tenant's subscriptions (Get-MgSubscribedSku)."
            )
        if self.lost:
            self.raw.note(
                f"The segments of {self.lost:,} accounts were lost in the export (a collection that was not joined)."
            )
