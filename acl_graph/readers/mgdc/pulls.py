"""The state that a series of pulls describes: a newer full pull replaces, deltas are laid over it in order.

Rows of one pull with one key stand beside each other (a flattened pull has one row per recipient); a later pull's rows
with that key take their place as a whole, and a deleted key is gone (format traps 3 to 5).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import polars as pl

from acl_graph.tenant.parse import read_time
from acl_graph.tenant.raw_export import RawExport

FULL = ("full", "")


def dated(frame: pl.DataFrame, folder_days: Sequence[date | None]) -> pl.DataFrame:
    """Add `day` (of SnapshotDate, else of the folder; may be null), `full` and `deleted`.

    `frame` has `snapshot` and `op` as text and `file`, an index into `folder_days`.
    """
    operation = pl.col("op").fill_null("").str.strip_chars().str.to_lowercase()
    # a handful of dates on millions of rows: each spelling is read once
    spelled = frame.select("snapshot").drop_nulls().unique()
    read = spelled.with_columns(read_time(pl.col("snapshot")).alias("_moment"))
    read = read.with_columns(pl.when(pl.col("_moment").dt.year() > 1900).then("_moment").dt.date())
    frame = frame.join(read, on="snapshot", how="left", maintain_order="left")
    folder = pl.Series("folder", list(folder_days) or [None], pl.Date)
    return frame.with_columns(
        pl.coalesce("_moment", folder.gather(frame["file"]).alias("folder")).alias("day"),
        operation.is_in(FULL).alias("full"),
        (operation == "deleted").alias("deleted"),
    ).drop("_moment")


def current(
    frame: pl.DataFrame,
    key: Sequence[str],
    dataset: str,
    regions: Mapping[str, str],
    raw: RawExport,
    site: str = "site",
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(rows that hold now, keys whose last word is a deletion) of a `dated` frame.

    Regions are pulled one by one, so a full pull replaces older ones of its own region only; a site whose region is
    not known belongs to every pull (format trap 40).
    """
    if frame.is_empty():
        return frame, frame
    if frame["full"].all() and frame["day"].n_unique() == 1:
        return frame, frame.clear()
    region = pl.lit(None, pl.String)
    if regions:
        region = pl.col(site).replace_strict(dict(regions), default=None, return_dtype=pl.String)
    frame = frame.with_columns(region.alias("region"))
    newest = pl.col("day").filter(pl.col("full")).max()
    frame = frame.with_columns(
        pl.when(pl.col("region").is_null()).then(newest).otherwise(newest.over("region")).alias("newest")
    )
    outdated = pl.col("newest").is_not_null() & (
        (pl.col("day") < pl.col("newest")) | (pl.col("day").is_null() & pl.col("full"))
    )
    older = frame.filter(outdated).height
    frame = frame.filter(~outdated)
    deltas = frame.filter(~pl.col("full")).height
    if older:
        raw.note(f"{dataset}: {older:,} records of older pulls are replaced by a newer full pull.")
    if deltas:
        raw.note(f"{dataset}: {deltas:,} records of delta pulls were merged, in order of their day.")
    if not frame["full"].any():
        raw.note(f"{dataset}: there are delta records and no full pull; only what changed is known.")
    if not deltas and frame["day"].n_unique() == 1:
        return frame, frame.clear()
    last_day = pl.lit(frame["day"].max(), pl.Date)
    # a delta without a day comes after everything, a full pull without one before
    order = pl.coalesce("day", pl.when(~pl.col("full")).then(last_day)).fill_null(date(1, 1, 1))
    frame = frame.with_columns((order.to_physical() * 2 + (~pl.col("full")).cast(pl.Int32)).alias("order"))
    frame = frame.filter(pl.col("order") == pl.col("order").max().over(key))
    kept = frame.filter(~pl.col("deleted"))
    gone = frame.filter(pl.col("deleted")).join(kept, on=list(key), how="anti", nulls_equal=True)
    return kept, gone


def newest_day(*frames: pl.DataFrame) -> date | None:
    """The newest SnapshotDate of all."""
    days = [day for frame in frames if frame.height and isinstance(day := frame["day"].max(), date)]
    return max(days, default=None)
