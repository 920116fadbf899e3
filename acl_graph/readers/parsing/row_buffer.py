"""Millions of rows on their way into a frame."""

from __future__ import annotations

from typing import Any

import polars as pl

#: rows held as tuples before they become a frame
BATCH = 50_000


class Columns:
    """Rows gathered as tuples, turned into a frame every `BATCH` rows so that memory stays that of the frames."""

    def __init__(self, **schema: Any) -> None:
        self.schema: dict[str, pl.DataType] = schema
        self.rows: list[tuple[Any, ...]] = []
        self.frames: list[pl.DataFrame] = []
        #: one row, its cells in the order of the schema
        self.add = self.rows.append

    def flush(self, at_least: int = BATCH) -> None:
        """Make a frame of what has gathered, if it is `at_least` so many rows."""
        if len(self.rows) >= max(at_least, 1):
            columns = zip(self.schema, zip(*self.rows, strict=True), strict=True)
            self.frames.append(pl.DataFrame({name: list(cells) for name, cells in columns}, schema=self.schema))
            self.rows.clear()

    def frame(self) -> pl.DataFrame:
        """Everything, as one frame."""
        self.flush(1)
        whole = pl.concat([pl.DataFrame(schema=self.schema), *self.frames])
        self.frames = []
        return whole
