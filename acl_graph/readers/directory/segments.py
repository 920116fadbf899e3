"""Information barrier segments as they are defined: `Get-OrganizationSegment`.

A definition says by which attribute somebody belongs to a segment. No attribute is in an export, so no filter is
evaluated: who is in a segment is known only where a list of accounts says so, and not known elsewhere. What a
definition does give is its names. A segment has a name, a GUID and an Exchange id; sites carry the last (Set-SPOSite,
`-AddInformationSegment`), lists of accounts any of the three. All of them become the Exchange id here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import polars as pl

from acl_graph.readers.parsing.records import Record, cover, records, sample, text, words
from acl_graph.readers.parsing.sniff import Sniffed
from acl_graph.tenant.raw_export import RawExport, ReadFile

NAME = "segments"
ABOUT = "information barrier segments (Get-OrganizationSegment)"

FILTER = words("usergroupfilter friendlyrecipientfilter recipientfilter")
IDS = ("exosegmentid", "guid", "immutableid", "id")
NAMES = ("name", "displayname")


def claims(file: Sniffed) -> str | None:
    """Definitions by their filter, or by the Exchange id that only segments have."""
    if file.format not in ("csv", "json"):
        return None
    keys = sample(file)
    defined = keys & FILTER and keys & {"exosegmentid", "guid"}
    return "segments" if (defined or "exosegmentid" in keys) and keys & set(NAMES) else None


def read(files: Sequence[tuple[Sniffed, str]], raw: RawExport, told: Callable[[str], None]) -> None:
    """Give the segments of sites and accounts that earlier readers found one name each, and say what is not known."""
    spelled: dict[str, str | None] = {}
    defined: dict[str, str] = {}
    for file, dataset in files:
        told(f"reading {file.relative}")
        count = 0
        for row, record in records(file, raw, "-"):
            count += 1
            segment = _learn(record, spelled)
            if segment is None:
                raw.reject("-", file.relative, row, "segment has no id", value=text(record, *NAMES) or "")
            else:
                defined[segment] = text(record, *NAMES) or segment
        raw.files.append(ReadFile(file.relative, NAME, dataset, count))
    names = {said: segment for said, segment in spelled.items() if segment is not None and said != segment}
    raw.parts = [(reader, table, _renamed(table, frame, names)) for reader, table, frame in raw.parts]
    raw.patches = [(reader, table, on, _renamed(table, frame, names)) for reader, table, on, frame in raw.patches]
    _say(raw, defined)


def _learn(record: Record, spelled: dict[str, str | None]) -> str | None:
    """The segment's id, with all its spellings noted; a spelling that two segments have is none."""
    ids = [one.strip("{} ").lower() for one in (text(record, name) for name in IDS) if one]
    if not ids:
        return None
    for said in (*ids, *(one.lower() for one in (text(record, name) for name in NAMES) if one)):
        spelled[said] = ids[0] if spelled.get(said, ids[0]) == ids[0] else None
    return ids[0]


def _renamed(table: str, frame: pl.DataFrame, names: dict[str, str]) -> pl.DataFrame:
    if table not in ("sites", "principals") or not names or not isinstance(frame.schema.get("segments"), pl.List):
        return frame
    low = pl.element().str.strip_chars("{} ").str.to_lowercase()
    return frame.with_columns(pl.col("segments").list.eval(low.replace(names)))


def _say(raw: RawExport, defined: dict[str, str]) -> None:
    shown = ", ".join(sorted(defined.values())[:10]) + (" ..." if len(defined) > 10 else "")
    raw.note(
        f"{len(defined):,} information barrier segments are defined ({shown}). Their filters look at attributes "
        "that no export has and are not evaluated: accounts whose segments no list gives may be in any of them."
    )
    told = raw.coverage.get("principals", raw.coverage.get("default"))
    if told != "complete":  # a tenant folder that says that it is whole stays whole
        cover(raw, {"principals.segments": "absent"})


__all__ = ["ABOUT", "NAME", "claims", "read"]
