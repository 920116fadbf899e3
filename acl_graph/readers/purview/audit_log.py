"""Purview audit exports: who used which file, with Copilot or without, and who redeemed which link.

Evidence only. What is not in a log may have happened all the same; rights are not read from it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import polars as pl

from acl_graph.readers.identity.claims import SYSTEM, decode
from acl_graph.readers.identity.known_items import KnownItems
from acl_graph.readers.identity.principals import People
from acl_graph.readers.identity.site_urls import locate
from acl_graph.readers.parsing.records import (
    Found,
    Record,
    Where,
    cover,
    doubt,
    mapping,
    objects,
    records,
    sample,
    text,
    words,
)
from acl_graph.readers.parsing.row_buffer import Columns
from acl_graph.readers.parsing.sniff import Sniffed, fold
from acl_graph.tenant.raw_export import RawExport, ReadFile

NAME = "audit log"
ABOUT = "audit log searches"

ROW_CAP = 50_000
_GUID = re.compile(r"^\{?[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\}?$", re.I)
_TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")
_TICKS = re.compile(r"^\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d)?")
#: system, application, service principal, policies
SYSTEM_TYPES = words("4 5 6 7 8 system application serviceprincipal custompolicy systempolicy")
WORKLOADS = words("sharepoint onedrive onedriveforbusiness copilot")
FILES = words("1 11 file page")
#: operations that say that a link was used
REDEEMED = words("anonymouslinkused companylinkused securelinkused sharinglinkused")
_DECODER = msgspec.json.Decoder(dict[str, Any])


def _uses() -> Columns:
    """One row for each use of a file: who, which file by id or address, how, and when."""
    text = ("principal", "guid", "site", "address", "action", "actor", "time", "source_file")
    return Columns(**dict.fromkeys(text, pl.String()), source_row=pl.Int64())


@dataclass
class _Log:
    uses: Columns = field(default_factory=_uses)
    redeemed: dict[tuple[str, str], tuple[str | None, Where]] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    seen: set[str] = field(default_factory=set)


def claims(file: Sniffed) -> str | None:
    """A column `AuditData`, or the records themselves (Management Activity API, Graph's auditLogRecord)."""
    if file.format not in ("csv", "json"):
        return None
    keys = sample(file)
    if "auditdata" in keys:
        return "audit search"
    return (
        "audit records"
        if {"operation", "creationtime", "userid"} <= keys and keys & {"recordtype", "workload"}
        else None
    )


def read(files: Sequence[tuple[Sniffed, str]], raw: RawExport, told: Callable[[str], None]) -> None:
    """Add usage, one row for each person, item and action, and who redeemed links."""
    log = _Log()
    people = People(raw)
    for file, dataset in files:
        told(f"reading {file.relative}")
        rows = 0
        for row, record in records(file, raw, "usage"):
            rows += 1
            data = _data(record, file.relative, row, raw)
            if data is not None:
                _take(data, record, (file.relative, row), log, people, raw)
        raw.files.append(ReadFile(file.relative, NAME, dataset, rows))
        if rows and rows % ROW_CAP == 0:
            raw.note(f"{file.relative} holds exactly {rows:,} records, the limit of one audit search: it is cut.")
    _hand_over(log, raw)


def _data(record: Record, file: str, row: int, raw: RawExport) -> Record | None:
    """The audit record itself, keys folded: a JSON text in a CSV cell, an object in Graph's, or the record."""
    inner = record.get("auditdata", record)
    if isinstance(inner, str):
        try:
            inner = _DECODER.decode(inner)
        except (msgspec.DecodeError, RecursionError):
            raw.reject("usage", file, row, "AuditData is not readable JSON", value=inner, column="AuditData")
            return None
    if not isinstance(inner, dict):
        raw.reject("usage", file, row, "AuditData is missing", column="AuditData")
        return None
    data = {fold(str(key)): value for key, value in inner.items()}
    raw.of_tenant(text(data, "organizationid") or "", file)
    return data


def _take(data: Record, outer: Record, where: Where, log: _Log, people: People, raw: RawExport) -> None:
    identity = text(data, "id") or text(outer, "recordid", "identity", "id")
    if identity:
        if identity in log.seen:
            log.counts["repeated"] += 1
            return
        log.seen.add(identity)
    operation = text(data, "operation") or text(outer, "operation", "operations") or ""
    workload = fold(text(data, "workload") or "")
    if workload and workload not in WORKLOADS:
        log.counts["elsewhere"] += 1
        return
    user = text(data, "userid") or text(outer, "userid", "userids") or ""
    principal = people.find(user)
    system = fold(text(data, "usertype") or "") in SYSTEM_TYPES or decode(user).kind == SYSTEM
    if principal is None and system:
        principal = user.strip().lower()
    if not principal:
        raw.reject("usage", where[0], where[1], "record names nobody", column="UserId", value=operation)
        return
    time = _time(data, outer, where, raw)
    if fold(operation) in REDEEMED:
        _redeem(data, principal, time, where, log)
    for guid, site, address, actor in _things(data, operation, system=system):
        if guid is None and address is None:
            log.counts["no item"] += 1
            continue
        log.uses.add((principal, guid, site, address, operation, actor, time, *where))
    log.uses.flush()
    if not (fold(operation).startswith(("file", "page", "copilotinteraction")) or fold(operation) in REDEEMED):
        log.counts["other"] += 1


def _things(data: Record, operation: str, *, system: bool) -> Iterator[tuple[str | None, str | None, str | None, str]]:
    """(file id, site id, address, actor) of the files a record is about."""
    folded = fold(operation)
    if folded == "copilotinteraction":
        for resource in objects(mapping(data.get("copiloteventdata")).get("AccessedResources")):
            one = {fold(str(key)): value for key, value in resource.items()}
            address = text(one, "siteurl")
            if address is None or "sharepoint" not in address.lower():
                address = None
            yield _guid(text(one, "listitemuniqueid", "id")), None, address, "copilot"
        return
    kind = fold(text(data, "itemtype") or "file")
    if not folded.startswith(("file", "page")) or kind not in FILES:
        return
    address = text(data, "objectid")
    if address is not None and "://" not in address:
        address = None
    guid = _guid(text(data, "listitemuniqueid"))
    yield guid, _guid(text(data, "site")), address, "system" if system else "user"


def _guid(said: str | None) -> str | None:
    return said.strip("{}").lower() if said and _GUID.match(said) else None


def _time(data: Record, outer: Record, where: Where, raw: RawExport) -> str | None:
    """UTC with a Z: inside, times are UTC without one; outside they have a trailing space or a locale's form."""
    said = text(data, "creationtime", "createddatetime") or text(outer, "creationdate", "createddatetime")
    if said is None:
        return None
    if _TICKS.match(said):
        moment = said.replace(" ", "T")
        return (moment if _TIME.match(moment) else f"{moment[:16]}:00")[:19] + "Z"
    doubt(raw, "usage", where, "CreationTime", said, "not a time that can be told without knowing the locale")
    return None


def _redeem(data: Record, principal: str, time: str | None, where: Where, log: _Log) -> None:
    link = _guid(text(data, "uniquesharingid"))
    if link is None or principal == "anonymous":
        log.counts["anonymous or unnamed"] += 1
        return
    known = log.redeemed.get((link, principal))
    earliest = min(filter(None, (known[0] if known else None, time)), default=None)
    log.redeemed[link, principal] = (earliest, known[1] if known else where)


def _hand_over(log: _Log, raw: RawExport) -> None:
    raw.add(NAME, "usage", _by_item(_counted(log.uses.frame(), "guid", "site", "address"), raw))
    found = Found()
    for (link, principal), (since, where) in log.redeemed.items():
        found.row("link_users", where, link=link, principal=principal, how="redeemed", since=since)
    found.hand_over(raw, NAME)
    cover(raw, {"usage": "partial"})
    _say(log, raw)


def _counted(uses: pl.DataFrame, *item: str) -> pl.DataFrame:
    """One row for each person, item and action: how often, when last, the first row that says so."""
    events = pl.col("events").sum() if "events" in uses.columns else pl.len().alias("events")
    return uses.group_by("principal", *item, "action", maintain_order=True).agg(
        events,
        pl.col("time").max(),
        pl.col("actor").max(),  # "user" comes after "copilot" and "system": one person's event is evidence enough
        pl.col("source_file").first(),
        pl.col("source_row").first(),
    )


def _by_item(uses: pl.DataFrame, raw: RawExport) -> pl.DataFrame:
    """The same by the item's id in the export: one file may be named by its id here and by its address there."""
    named = uses.select("guid", "site", "address").unique(maintain_order=True)
    paths = (locate(address)[1].lower() for address in named["address"].drop_nulls())
    items = KnownItems(raw, named["guid"].drop_nulls(), paths)
    names = [items.find(*one) for one in named.iter_rows()]
    named = named.with_columns(pl.Series("item", names, dtype=pl.String)).drop_nulls("item")
    uses = uses.join(named, on=["guid", "site", "address"], nulls_equal=True, maintain_order="left")
    return _counted(uses, "item").rename({"time": "last"})


def _say(log: _Log, raw: RawExport) -> None:
    raw.note(
        "The audit log is evidence of use in a window of time; repeated reads within five minutes, and whatever "
        "retention or the search's limit cut off, are not in it. No use in the log does not prove no access."
    )
    for key, sentence in (
        ("repeated", "records stand in more than one file; counted once"),
        ("elsewhere", "records are of other workloads; left out"),
        ("other", "records are about sharing, lists or settings and not about the use of a file; left out"),
        ("no item", "records name no file that can be found again; left out"),
        ("anonymous or unnamed", "uses of links name no person or no link"),
    ):
        if log.counts[key]:
            raw.note(f"Audit log: {log.counts[key]:,} {sentence}.")
