"""`SharePointFiles_v1` to items and labels, `SharePointFileActions_v1` to usage."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from acl_graph.readers.mgdc.people import People
from acl_graph.readers.mgdc.shapes import Person
from acl_graph.readers.mgdc.source import Reading, guid, guid_cells, records, server_path
from acl_graph.readers.parsing.row_buffer import Columns
from acl_graph.readers.parsing.sniff import Sniffed
from acl_graph.tenant.parse import read_time

TEXT, FLAG, WHOLE = pl.String(), pl.Boolean(), pl.Int64()


def read_files(files: Sequence[tuple[int, Sniffed]], people: People, reading: Reading) -> pl.DataFrame:
    """One row a file record: ids as GUIDs, people as naming numbers (-1 for nobody), the path put together."""
    rows = Columns(
        site=TEXT, item=TEXT, scope=TEXT, list=TEXT, web=TEXT, site_url=TEXT, directory=TEXT, name=TEXT, label=TEXT,
        label_name=TEXT, encrypted=FLAG, size=WHOLE, modified=TEXT, author=WHOLE, modified_by=WHOLE, major=WHOLE,
        minor=WHOLE, snapshot=TEXT, op=TEXT, file=WHOLE, source_row=WHOLE,
    )  # fmt: skip
    for index, file in files:
        for number, one in records(file, "Files", reading):
            if guid(one.SiteId) is None or guid(one.ItemId) is None:
                why = "the file has no SiteId" if guid(one.SiteId) is None else "the file has no ItemId"
                reading.record("Files", file.relative, number, why, one.FileName or "")
                continue
            label = one.SensitivityLabelInfo
            rows.add((
                one.SiteId, one.ItemId, one.ScopeId, one.ListId, one.WebId, one.SiteUrl, one.DirName, one.FileName,
                label.Id if label else None, label.DisplayName if label else None, one.IsLabelEncrypted,
                one.SizeInBytes, one.TimeLastModified, people.author(one.Author, file.relative, number),
                people.author(one.ModifiedBy, file.relative, number), one.MajorVersion, one.MinorVersion,
                one.SnapshotDate, one.Operation, index, number,
            ))  # fmt: skip
            rows.flush()
    parts = [pl.col(name).fill_null("").str.strip_chars("/") for name in ("directory", "name")]
    root = server_path(pl.col("site_url").fill_null(""))
    path = pl.concat_str(root.str.strip_suffix("/"), *parts, separator="/").str.replace("//", "/", literal=True)
    return rows.frame().with_columns(
        *[guid_cells(name) for name in ("site", "item", "scope", "list", "web", "label")],
        pl.when(pl.col("name").is_not_null()).then(path).alias("path"),
    )


def read_actions(files: Sequence[tuple[int, Sniffed]], people: People, reading: Reading) -> tuple[pl.DataFrame, int]:
    """(events, how many by the system itself without an address).

    Events that two pulls hold twice are counted once: same file, actor, action and moment.
    """
    rows = Columns(
        site=TEXT,
        item=TEXT,
        ident=WHOLE,
        actor=TEXT,
        action=TEXT,
        date=TEXT,
        snapshot=TEXT,
        file=WHOLE,
        source_row=WHOLE,
    )
    system = 0
    for index, file in files:
        for number, event in records(file, "FileActions", reading):
            if guid(event.SiteId) is None or guid(event.ListItemId) is None:
                reading.record("FileActions", file.relative, number, "the event has no SiteId or ListItemId")
                continue
            by_system = (event.ActorType or "").casefold() == "system"
            anonymous = (event.ActorIdType or "").casefold() == "anonymous"
            if not event.ActorEmail and not anonymous:
                if by_system:
                    system += 1
                else:
                    reading.record(
                        "FileActions", file.relative, number, "the event names nobody", event.ActorDisplayName or ""
                    )
                continue
            ident = -1
            if not anonymous:
                person = Person(Name=event.ActorDisplayName, Email=event.ActorEmail)
                ident = people.author(person, file.relative, number)
            rows.add((
                event.SiteId, event.ListItemId, ident, "system" if by_system else "user", event.ActionName,
                event.ActionDate, event.SnapshotDate, index, number,
            ))  # fmt: skip
            rows.flush()
    frame = rows.frame().with_columns(guid_cells("site"), guid_cells("item"))
    frame = frame.unique(["site", "item", "ident", "action", "date"], keep="first", maintain_order=True)
    return frame.with_columns(read_time(pl.col("date")).alias("moment")), system


def labels(files: pl.DataFrame, sites: pl.DataFrame) -> pl.DataFrame:
    """Every label named by a file or a site: id, name, and whether a file with it is encrypted."""
    of_files = files.select(
        pl.col("label").alias("id"), pl.col("label_name").alias("name"), "encrypted", "source_file", "source_row"
    )
    of_sites = sites.select(
        pl.col("label").alias("id"),
        pl.col("label_name").alias("name"),
        pl.lit(None, FLAG).alias("encrypted"),
        "source_file",
        "source_row",
    )
    return (
        pl.concat([of_files, of_sites])
        .drop_nulls("id")
        .group_by("id", maintain_order=True)
        .agg(
            pl.col("name").drop_nulls().first(),
            pl.when(pl.col("encrypted").count() > 0).then(pl.col("encrypted").any()).alias("encrypts"),
            pl.col("source_file").first(),
            pl.col("source_row").first(),
        )
    )
