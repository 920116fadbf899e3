"""Parquet files of our tables: columns of types that no table has are told apart here, before they meet a parser."""

from __future__ import annotations

from typing import Any

import polars as pl

from acl_graph.errors import BadInput
from acl_graph.readers.parsing.sniff import Sniffed, plain
from acl_graph.tenant.schema import TABLES, Column


def read_parquet(file: Sniffed, table: str) -> pl.DataFrame:
    """All columns of a file; those of the table as text, numbers, flags, times or lists of text.

    Raises
    ------
    BadInput
        The file is not whole, or a column of the table holds what no cell can hold.
    """
    try:
        frame = pl.read_parquet(file.path)
    except Exception as error:  # several kinds for damaged pages
        raise BadInput(f"{file.relative} is not a whole Parquet file ({plain(error)}).") from None
    columns = {column.name: column for column in TABLES[table].columns}
    return frame.with_columns(
        [
            _plain(frame[name], columns[name.strip().lower()], file)
            if name.strip().lower() in columns
            else pl.Series(name, [None] * frame.height, pl.String)  # only its name is told
            for name in frame.columns
            if name.strip().lower() not in ("source_file", "source_row")
        ]
    )


def _plain(cells: pl.Series, column: Column, file: Sniffed) -> pl.Series:
    dtype = cells.dtype
    if isinstance(dtype, pl.Array):
        cells = cells.arr.to_list()
        dtype = cells.dtype
    if isinstance(dtype, pl.List) and column.type == "list" and not dtype.inner.is_nested() and _says(dtype.inner):
        return cells.cast(pl.List(pl.String))
    if isinstance(dtype, (pl.Categorical, pl.Enum)) or dtype == pl.Null:
        return cells.cast(pl.String)
    if dtype == pl.Binary:  # text of writers that do not mark it as text
        try:
            return cells.cast(pl.String)
        except pl.exceptions.PolarsError:
            pass  # it is no text
    elif _says(dtype):
        return cells
    raise BadInput(f"{file.relative}: the column {cells.name} is of the type {dtype}, which no cell of a table can be.")


def _says(dtype: Any) -> bool:
    """Whether cells of a type say something as text."""
    return bool(dtype.is_numeric()) or dtype in (pl.String, pl.Boolean, pl.Date) or dtype == pl.Datetime


__all__ = ["read_parquet"]
