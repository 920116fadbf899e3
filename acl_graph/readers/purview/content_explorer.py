"""Content Explorer exports: which sensitive information types and labels files hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import msgspec
import polars as pl

from acl_graph.readers.identity.known_items import KnownItems
from acl_graph.readers.identity.site_urls import locate
from acl_graph.readers.parsing.records import Record, Where, boolean, cover, doubt, parts, records, sample, text, words
from acl_graph.readers.parsing.row_buffer import BATCH, Columns
from acl_graph.readers.parsing.sniff import Sniffed, fold
from acl_graph.tenant.raw_export import RawExport, ReadFile

NAME = "content explorer"
ABOUT = "Content Explorer exports"

ROWS = words("filesourceurl fileurl")
HEADER = words("totalcount morepagesavailable recordsreturned")
WORKLOADS = words("spo odb sharepoint onedrive onedriveforbusiness")


def _rows() -> Columns:
    """One row for each entry of the lists."""
    text = pl.String()
    return Columns(
        address=text, guid=text, site=text, info_types=pl.List(text), label=text, modified=text, source_file=text,
        source_row=pl.Int64(),
    )  # fmt: skip


def claims(file: Sniffed) -> str | None:
    """By the columns of a file's row, or of the record that comes before the rows (format trap 37)."""
    if file.format not in ("csv", "json"):
        return None
    keys = sample(file)
    return "files" if keys >= ROWS or keys >= HEADER else None


def read(files: Sequence[tuple[Sniffed, str]], raw: RawExport, told: Callable[[str], None]) -> None:
    """Lay types and labels over the files of the export; a file of several tags has the types of all of them."""
    found = _rows()
    left: Counter[str] = Counter()
    for file, dataset in files:
        told(f"reading {file.relative}")
        rows, more = 0, False
        for row, record in records(file, raw, "items"):
            if "morepagesavailable" in record and text(record, "fileurl") is None:
                more = boolean(record["morepagesavailable"]) is True
                continue
            rows += 1
            _take(record, (file.relative, row), found, left, raw)
        raw.files.append(ReadFile(file.relative, NAME, dataset, rows))
        if more:
            raw.note(f"{file.relative}: more pages were there when it was exported; the last page read is not the end.")
        if not rows:
            raw.note(
                f"{file.relative} holds the header record only. Export-Csv takes its columns from there and leaves the "
                "files out; skip the first element of the answer."
            )
    raw.patch(NAME, "items", "id", _items(found, raw))
    _say(left, raw)


def _take(record: Record, where: Where, found: Columns, left: Counter[str], raw: RawExport) -> None:
    location = fold(text(record, "location") or "spo")
    if location not in WORKLOADS:
        left[location] += 1
        return
    url = text(record, "fileurl")
    if url is None or "://" not in url:
        raw.reject("items", *where, "file has no address", value=text(record, "filename") or "")
        return
    guid = text(record, "uniqueid", "spfileid")
    found.add(
        (
            url, guid.strip("{}").lower() if guid else None, locate(text(record, "filesourceurl") or url)[0],
            _types(record, where, raw), text(record, "sensitivitylabel"), text(record, "lastmodifiedtime"), *where,
        )
    )  # fmt: skip
    found.flush()


def _items(found: Columns, raw: RawExport) -> pl.DataFrame:
    """One row an item: a file stands once for every tag it matches, here by its id, there by its address."""
    files = _together(found.frame().with_columns(pl.col("address").str.to_lowercase().alias("url")), "url")
    items = KnownItems(raw, files["guid"].drop_nulls(), (locate(url)[1].lower() for url in files["url"]))
    described = pl.Series(list(items.known), dtype=pl.String).implode()
    # slice by slice: words of millions of files as Python text would be more than the frame they end up in
    files = pl.concat(
        [_named(part, items, described) for part in files.iter_slices(BATCH)] or [_named(files, items, described)]
    )
    return _together(files, "id")


def _named(files: pl.DataFrame, items: KnownItems, described: pl.Series) -> pl.DataFrame:
    """Files with their ids; site and path only where no earlier file said them."""
    names = [items.find(guid, None, url) or url for guid, url in files.select("guid", "url").iter_rows()]
    paths = [locate(address)[1] for address in files["address"]]
    known = pl.col("id").is_in(described)
    return (
        files.drop("guid", "address", "url")
        .with_columns(pl.Series("id", names, dtype=pl.String), pl.Series("path", paths, dtype=pl.String))
        .with_columns(pl.when(~known).then(name).alias(name) for name in ("path", "site"))
    )


def _together(rows: pl.DataFrame, key: str) -> pl.DataFrame:
    """One row a key: all types, the last label and time said, everything else as it was said first."""
    last = ("label", "modified")
    first = [name for name in rows.columns if name not in (key, "url", "info_types", *last)]
    return rows.group_by(key, maintain_order=True).agg(
        pl.col("info_types").explode(empty_as_null=False, keep_nulls=False).unique(maintain_order=True),
        *[pl.col(name).drop_nulls().last() for name in last],
        *[pl.col(name).drop_nulls().first() for name in first],
    )


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
