"""Reading a cell: the text of an export as a word, a number, a time or a list, or not known."""

from __future__ import annotations

import polars as pl

from acl_graph.tenant.schema import DTYPES, FALSE, NOTHING, TRUE, Column

NO_DATE_BEFORE = 1900
#: the words of other tools for ours: column -> word without case, spaces and dashes -> ours
OTHER_SPELLINGS = {
    "copilot": {"true": "licensed", "false": "none"},
    "audience": {"anonymous": "anyone", "company": "organization", "users": "people", "specificpeople": "people",
                 "existingaccess": "existing"},
}  # fmt: skip


def read_column(cells: pl.Series, column: Column) -> pl.Series:
    """A raw column as the column's type; unreadable cells become null.

    What a cell says depends on its text alone, so each different text is read once: columns of millions hold few.
    """
    nothing = pl.repeat(None, len(cells), dtype=DTYPES[column.type], eager=True).alias(column.name)
    if cells.null_count() == len(cells):
        return nothing
    if cells.dtype.is_nested() and column.type != "list":
        return nothing  # a structure where a word or number should be
    if cells.dtype != pl.String or column.type in ("list", "time"):
        try:
            return cells.to_frame().select(read_cells(column, cells.dtype).alias(column.name)).to_series()
        except pl.exceptions.PolarsError:
            return nothing
    texts = cells.unique()
    said = texts.to_frame().select(read_cells(column, pl.String()).alias(column.name)).to_series()
    if column.type in ("id", "text"):
        differ = texts.ne_missing(said)
        return cells.replace(texts.filter(differ), said.filter(differ)) if differ.any() else cells
    return cells.replace_strict(texts, said, return_dtype=DTYPES[column.type])


def read_cells(column: Column, dtype: pl.DataType) -> pl.Expr:
    """The expression that turns a raw column of `dtype` into the column's type; unreadable cells become null."""
    cell = pl.col(column.name)
    if column.type in ("id", "text"):
        text = _text_cells(cell.cast(pl.String), guid=column.type == "id", keeps_none=column.keeps_none)
        return _words(text, column) if column.words else text
    if column.type == "list":
        if isinstance(dtype, pl.List):
            return cell.cast(pl.List(pl.String))
        parts = cell.cast(pl.String).str.split(";").list.eval(pl.element().str.strip_chars())
        return parts.list.eval(pl.element().filter(~pl.element().str.to_lowercase().is_in(NOTHING)))
    if column.type == "flag":
        if dtype == pl.Boolean:
            return cell
        low = cell.cast(pl.String).str.strip_chars().str.to_lowercase()
        return pl.when(low.is_in(TRUE)).then(True).when(low.is_in(FALSE)).then(False)
    if column.type == "whole":
        if dtype.is_integer():
            number = cell.cast(pl.Int64, strict=False)
        else:
            text = cell.cast(pl.String).str.strip_chars()
            number = text.str.replace(r"\.0+$", "").cast(pl.Int64, strict=False)
        return pl.when(number.is_between(0, column.most)).then(number)
    if isinstance(dtype, pl.Datetime):
        moment = cell.dt.replace_time_zone("UTC") if dtype.time_zone is None else cell.dt.convert_time_zone("UTC")
        moment = moment.cast(pl.Datetime("us", "UTC"))
    elif dtype == pl.Date:
        moment = cell.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    else:
        moment = read_time(cell.cast(pl.String))
    return pl.when(moment.dt.year() >= NO_DATE_BEFORE).then(moment)


def _text_cells(cell: pl.Expr, *, guid: bool, keeps_none: bool) -> pl.Expr:
    text = cell.str.strip_chars()
    if guid:
        # a GUID in braces or capitals is the same GUID (format trap 14); no other id is touched
        shape = r"^\{?[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}\}?$"
        text = pl.when(text.str.contains(shape)).then(text.str.strip_chars("{}").str.to_lowercase()).otherwise(text)
    nothing = [word for word in NOTHING if not (keeps_none and word == "none")]
    return pl.when(~text.str.to_lowercase().is_in(nothing)).then(text)


def _words(text: pl.Expr, column: Column) -> pl.Expr:
    spelled = {word.lower().replace("_", ""): word for word in column.words}
    spelled |= OTHER_SPELLINGS.get(column.name, {})
    plain = text.str.to_lowercase().str.replace_all(r"[\s_-]", "")
    return plain.replace_strict(spelled, default=text, return_dtype=pl.String)


def read_time(text: pl.Expr) -> pl.Expr:
    """Times as exports write them: `Z`, offsets, 3 or 7 fractional digits, no zone (UTC), a bare date, `/Date(ms)/`."""
    plain = text.str.strip_chars().str.replace(r"(\.\d{6})\d+", "$1").str.replace(" ", "T")
    ticks = plain.str.extract(r"^/Date\((-?\d+)").cast(pl.Int64, strict=False)
    zoned = plain.str.contains(r"(Z|[+-]\d\d:?\d\d)$")
    utc = "UTC"
    return pl.coalesce(
        (ticks * 1000).cast(pl.Datetime("us")).dt.replace_time_zone(utc),
        pl.when(zoned)
        .then(plain)
        .str.to_datetime("%Y-%m-%dT%H:%M:%S%.f%#z", time_unit="us", time_zone=utc, strict=False),
        pl.when(zoned).then(plain).str.to_datetime("%Y-%m-%dT%H:%M%#z", time_unit="us", time_zone=utc, strict=False),
        plain.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", time_unit="us", strict=False).dt.replace_time_zone(utc),
        plain.str.to_datetime("%Y-%m-%dT%H:%M", time_unit="us", strict=False).dt.replace_time_zone(utc),
        plain.str.to_date("%Y-%m-%d", strict=False).cast(pl.Datetime("us")).dt.replace_time_zone(utc),
    )
