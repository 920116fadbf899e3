"""How a raw frame is sorted into kept and rejected.

A row is kept, or rejected with a reason. A cell that cannot be read becomes *not known* and is reported too.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from acl_graph.tenant.parse import NO_DATE_BEFORE, read_column
from acl_graph.tenant.schema import NOTHING, REJECTED, SOURCE, Column, Table

#: what several rows of one key say together: somebody eligible who is a member now, rights in rows of their own, uses
#: at several times; other columns keep the first row's cell
MERGED: dict[str, dict[str, pl.Expr]] = {
    "members": {
        "assignment": pl.when(pl.col("assignment").ne_missing("eligible").any())
        .then(pl.col("assignment").filter(pl.col("assignment").ne_missing("eligible")).first())
        .otherwise(pl.lit("eligible"))
        .alias("assignment")
    },
    "label_rights": {
        "rights": pl.col("rights").explode(empty_as_null=False, keep_nulls=False).unique(maintain_order=True)
    },
    "item_rights": {
        "rights": pl.col("rights").explode(empty_as_null=False, keep_nulls=False).unique(maintain_order=True)
    },
    "usage": {
        "last": pl.col("last").max(),
        "events": pl.when(pl.col("events").is_not_null().any()).then(pl.col("events").sum()),
        "actor": pl.when((pl.col("actor").is_null() | (pl.col("actor") == "user")).any())
        .then(pl.lit("user"))
        .otherwise(pl.col("actor").first())
        .alias("actor"),
    },
}


def sort_out(table: Table, raw: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Split `raw` into (kept, rejected): kept has the table's columns and types, rejected says why.

    `read_rows` and then `settle`, for rows that come in one frame.

    >>> from acl_graph.tenant.schema import TABLES
    >>> raw = pl.DataFrame({"site": ["s", None], "principal": ["ada", "bo"]})
    >>> kept, rejected = sort_out(TABLES["site_admins"], raw)
    >>> kept["principal"].to_list(), rejected["why"].to_list()
    (['ada'], ['site is missing'])
    """
    rows, unreadable = read_rows(table, raw)
    kept, refused = settle(table, rows)
    return kept, pl.concat([unreadable, refused])


def read_rows(table: Table, raw: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(rows with the columns that `raw` has, of the table's types; cells that could not be read, as `REJECTED`).

    `raw` may hold any columns; unknown ones are left out here (the reader lists them). Text is trimmed, spellings of
    nothing become null, GUIDs lose braces and case. No row is lost here, so a table may be read in as many parts as its
    reader likes.
    """
    columns: list[pl.Series] = []
    unreadable = [pl.DataFrame(schema=REJECTED)]
    for column in table.columns:
        if column.name not in raw.columns:
            continue
        before = raw[column.name]
        after = read_column(before, column)
        lost, why = _lost(before, after, column)
        if lost.any():
            unreadable.append(_rejected(table, raw.filter(lost), column.name, why, kept=True))
        if column.words and not column.keeps_strange:
            after = after.set(lost, None)
        columns.append(after)
    columns += [raw[name].cast(dtype) for name, dtype in SOURCE.items() if name in raw.columns]
    return pl.DataFrame(columns), pl.concat(unreadable)


def _lost(before: pl.Series, after: pl.Series, column: Column) -> tuple[pl.Series, str]:
    """(cells that say something and could not be read, why): of a column of words those that are none of them."""
    if column.words:
        strange = (after.is_not_null() & ~after.is_in(column.words)).fill_null(False)
        taken = "taken as it widens access" if column.keeps_strange else "taken as not known"
        return strange, f"{column.name} is none of the words of this column: {taken}"
    if after.null_count() <= before.null_count():
        return pl.repeat(False, len(before), dtype=pl.Boolean, eager=True), ""
    present = before.is_not_null()
    if before.dtype == pl.String:
        present &= ~before.str.strip_chars().str.to_lowercase().is_in(NOTHING).fill_null(True)
        if column.type == "time":
            present &= ~before.str.contains(r"^\s*0?001-01-01").fill_null(True)
    elif before.dtype.is_float():
        present &= before.is_not_nan()
    elif before.dtype in (pl.Date, pl.Datetime) and column.type == "time":
        present &= before.dt.year() >= NO_DATE_BEFORE
    what = {"flag": "true or false", "whole": f"a whole number from 0 to {column.most:,}", "time": "a time"}
    return present & after.is_null(), f"{column.name} is not {what.get(column.type, 'text')}"


def settle(table: Table, rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(kept, rejected) of rows that were read: every column of the table, and one row for each key.

    A row without a key, and another row with a key that is taken, are rejected (`row_kept` false). The same row twice
    is one row, and rows that say more about one thing together than each alone (`MERGED`) become one.
    """
    missing_columns = {name: dtype for name, dtype in table.schema().items() if name not in rows.columns}
    frame = rows.with_columns([pl.lit(None, dtype).alias(name) for name, dtype in missing_columns.items()])
    frame = frame.select([*table.schema()])
    rejected = [pl.DataFrame(schema=REJECTED)]
    for key in table.key:
        if key in table.optional:
            continue
        missing = frame[key].is_null()
        if missing.any():
            rejected.append(_rejected(table, frame.filter(missing), key, f"{key} is missing", kept=False))
            frame = frame.filter(~missing)
    again = _repeated(frame, table.key)
    if again.any():
        frame = frame.filter(~_repeated(frame, [c.name for c in table.columns]))
        if table.name in MERGED:
            frame = _merged(table, frame)
        taken = _repeated(frame, table.key)
        if taken.any():
            rejected.append(
                _rejected(table, frame.filter(taken), table.key[0], "this key is taken by an earlier row", kept=False)
            )
            frame = frame.filter(~taken)
    return frame, pl.concat(rejected)


def _merged(table: Table, frame: pl.DataFrame) -> pl.DataFrame:
    """Rows of one key in one row, where the first of them stands."""
    how = MERGED[table.name]
    return (
        frame.group_by(table.key, maintain_order=True)
        .agg([how.get(name, pl.col(name).first()) for name in frame.columns if name not in table.key])
        .select(frame.columns)
    )


def _repeated(frame: pl.DataFrame, columns: Sequence[str]) -> pl.Series:
    """bool per row: an earlier row has the same cells in these columns.

    Hashes first, cells only where two hashes agree: a table of millions would be copied to compare it whole.
    """
    hashes = frame.select(pl.struct(columns).hash()).to_series()
    agree = hashes.is_duplicated()
    if not agree.any():
        return agree
    at = agree.arg_true()
    first = frame[at].select(pl.struct(columns).is_first_distinct()).to_series()
    repeated = np.zeros(frame.height, np.bool_)
    repeated[at.to_numpy()[~first.to_numpy()]] = True
    return pl.Series(repeated)


def _rejected(table: Table, rows: pl.DataFrame, column: str, why: str, *, kept: bool) -> pl.DataFrame:
    rows = rows.with_columns([pl.lit(None, dtype).alias(name) for name, dtype in SOURCE.items() if name not in rows])
    text = _shown(rows[column])
    return rows.select(
        pl.lit(table.name).alias("table"),
        "source_file",
        pl.col("source_row").cast(pl.Int64),
        pl.lit(column).alias("column"),
        text.str.slice(0, 200).alias("value"),
        pl.lit(why).alias("why"),
        pl.lit(kept).alias("row_kept"),
    )


def _shown(cells: pl.Series) -> pl.Series:
    """Cells of any type as text for people."""
    if cells.dtype == pl.List(pl.String):
        return cells.list.join(";")
    if cells.dtype.is_nested() or cells.dtype in (pl.Binary, pl.Duration, pl.Object):
        return pl.Series(cells.name, [None if cell is None else str(cell) for cell in cells], dtype=pl.String)
    return cells.cast(pl.String, strict=False)
