"""Content Explorer exports: which sensitive information types and labels files hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from acl_graph.raw import RawExport, ReadFile
from acl_graph.readers.addresses import locate
from acl_graph.readers.files import Sniffed, fold
from acl_graph.readers.items_known import KnownItems
from acl_graph.readers.records import (
    Record,
    Where,
    as_frame,
    boolean,
    cover,
    doubt,
    parts,
    records,
    sample,
    text,
    words,
)

NAME = "content explorer"
ABOUT = "Content Explorer exports"

ROWS = words("filesourceurl fileurl")
HEADER = words("totalcount morepagesavailable recordsreturned")
WORKLOADS = words("spo odb sharepoint onedrive onedriveforbusiness")


@dataclass
class _File:
    where: Where
    address: str
    site: str
    types: dict[str, None] = field(default_factory=dict)
    label: str | None = None
    modified: str | None = None


def claims(file: Sniffed) -> str | None:
    """By the columns of a file's row, or of the record that comes before the rows (format trap 37)."""
    if file.format not in ("csv", "json"):
        return None
    keys = sample(file)
    return "files" if keys >= ROWS or keys >= HEADER else None


def read(files: Sequence[tuple[Sniffed, str]], raw: RawExport, told: Callable[[str], None]) -> None:
    """Lay types and labels over the files of the export; a file of several tags has the types of all of them."""
    found: dict[str, _File] = {}
    guids: dict[str, str] = {}
    left: Counter[str] = Counter()
    for file, dataset in files:
        told(f"reading {file.relative}")
        rows, more = 0, False
        for row, record in records(file, raw, "items"):
            if "morepagesavailable" in record and text(record, "fileurl") is None:
                more = boolean(record["morepagesavailable"]) is True
                continue
            rows += 1
            _take(record, (file.relative, row), found, guids, left, raw)
        raw.files.append(ReadFile(file.relative, NAME, dataset, rows))
        if more:
            raw.note(f"{file.relative}: more pages were there when it was exported; the last page read is not the end.")
        if not rows:
            raw.note(
                f"{file.relative} holds the header record only. Export-Csv takes its columns from there and leaves the "
                "files out; skip the first element of the answer."
            )
    items = KnownItems(raw, guids.values(), (locate(url)[1].lower() for url in found))
    described = items.known
    patch: dict[str, dict[str, Any]] = {}
    for url, one in found.items():
        name = items.find(guids.get(url), None, url) or url
        known = patch.setdefault(
            name, {"id": name, "info_types": [], "source_file": one.where[0], "source_row": one.where[1]}
        )
        known["info_types"] += [type_ for type_ in one.types if type_ not in known["info_types"]]
        known["label"] = one.label or known.get("label")
        if name not in described:
            known |= {"path": locate(one.address)[1], "site": one.site}
        known["modified"] = one.modified or known.get("modified")
    raw.patch(NAME, "items", "id", as_frame("items", patch.values()))
    _say(left, raw)


def _take(
    record: Record, where: Where, found: dict[str, _File], guids: dict[str, str], left: Counter[str], raw: RawExport
) -> None:
    location = fold(text(record, "location") or "spo")
    if location not in WORKLOADS:
        left[location] += 1
        return
    url = text(record, "fileurl")
    if url is None or "://" not in url:
        raw.reject("items", *where, "file has no address", value=text(record, "filename") or "")
        return
    one = found.setdefault(url.lower(), _File(where, url, locate(text(record, "filesourceurl") or url)[0]))
    for type_ in _types(record, where, raw):
        one.types[type_] = None
    one.label = text(record, "sensitivitylabel") or one.label
    one.modified = text(record, "lastmodifiedtime") or one.modified
    guid = text(record, "uniqueid", "spfileid")
    if guid:
        guids[url.lower()] = guid.strip("{}").lower()


def _types(record: Record, where: Where, raw: RawExport) -> list[str]:
    """The types named, less those that the details count zero times at every confidence."""
    named = [one.lower() for one in parts(record, "sensitiveinfotypes") or []]
    details = record.get("sensitiveinfotypesdata")
    if isinstance(details, str) and details.strip():
        try:
            details = msgspec.json.decode(details)
        except (msgspec.DecodeError, RecursionError):
            doubt(raw, "items", where, "SensitiveInfoTypesData", details, "not readable JSON; the list of types counts")
            details = None
    if not isinstance(details, list):
        return named
    matches: dict[str, int] = {}
    for one in details:
        if isinstance(one, dict):
            folded = {fold(str(key)): value for key, value in one.items()}
            said = (str(folded.get(f"{level}confidencematch")) for level in ("low", "medium", "high"))
            matches[str(folded.get("id", "")).lower()] = sum(int(n) for n in said if n.isdigit())
    return [
        *(one for one in named if matches.get(one, 1)),
        *(one for one, n in matches.items() if n and one not in named),
    ]


def _say(left: Counter[str], raw: RawExport) -> None:
    for location, rows in sorted(left.items()):
        raw.note(f"Content Explorer: {rows:,} entries of {location} are no files of SharePoint or OneDrive; left out.")
    raw.note(
        "Content Explorer lists the files of the tags that were asked for; a file that is not in it is not known to "
        "hold nothing."
    )
    cover(raw, {"items": "partial", "items.info_types": "partial"})
