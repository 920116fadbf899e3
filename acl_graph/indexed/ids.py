"""Names as numbers: the id of every principal, site, scope and item, and its place in an array."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

Codes = NDArray[np.int32]

FEW = 32

NOBODY = -1  #: the number of "no name here, or none that is known"


class Names:
    """The ids of one kind of thing, numbered from 0 in the order given.

    A reference is matched exactly; one that fits nothing exactly may fit one id without regard to case (GUIDs and
    logins are compared so, format trap 14). Two ids that differ only by case stay two, and only exact references count.
    """

    def __init__(self, ids: pl.Series) -> None:
        self.ids = ids.cast(pl.String).rename("id")

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, code: int) -> str:
        return str(self.ids[int(code)])

    @cached_property
    def _table(self) -> pl.DataFrame:
        return pl.DataFrame({"id": self.ids, "code": np.arange(len(self.ids), dtype=np.int32)})

    @cached_property
    def _folded(self) -> pl.DataFrame:
        folded = self._table.select(pl.col("id").str.to_lowercase().alias("folded"), "code")
        return folded.filter(pl.col("folded").is_unique())

    @cached_property
    def _exact(self) -> dict[str, int]:
        return {name: code for code, name in enumerate(self.ids.to_list())}

    @cached_property
    def _folds(self) -> dict[str, int]:
        folds: dict[str, int] = {}
        for code, name in enumerate(self.ids.to_list()):
            low = name.lower()
            folds[low] = NOBODY if low in folds else code
        return folds

    def codes(self, named: pl.Series) -> Codes:
        """The number of each name, int32; `NOBODY` for null and for names that are not known."""
        if len(named) <= FEW:  # a join costs more than looking up a few names one by one
            return np.array([NOBODY if name is None else self._one(name) for name in texts(named)], dtype=np.int32)
        asked = pl.DataFrame({"id": named.cast(pl.String)})
        found = asked.join(self._table, on="id", how="left", maintain_order="left")["code"]
        if found.null_count() > asked["id"].null_count():
            again = asked.select(pl.col("id").str.to_lowercase().alias("folded"))
            second = again.join(self._folded, on="folded", how="left", maintain_order="left")["code"]
            found = pl.select(pl.coalesce(found, second)).to_series()
        return np.array(found.fill_null(NOBODY).to_numpy(), dtype=np.int32)

    def _one(self, name: str) -> int:
        found = self._exact.get(name, NOBODY)
        return found if found != NOBODY else self._folds.get(name.lower(), NOBODY)

    def code(self, name: str) -> int:
        """The number of one id, or `NOBODY`."""
        return self._exact.get(name, NOBODY)


def whole(column: pl.Series, missing: int) -> NDArray[np.int64]:
    """A nullable whole-number column as int64 without a detour through float64; null becomes `missing`."""
    return np.array(column.cast(pl.Int64).fill_null(missing).to_numpy(), dtype=np.int64)


def flags(column: pl.Series) -> NDArray[np.int8]:
    """A nullable flag as int8: 1 true, 0 false, -1 not known."""
    return np.array(column.cast(pl.Int8).fill_null(-1).to_numpy(), dtype=np.int8)


def words(column: pl.Series, known: tuple[str, ...], *, other: int = -1) -> NDArray[np.int8]:
    """A text column as the position of each word in `known`; null is -1, any other word is `other`."""
    if len(column) <= FEW:
        numbers: dict[str | None, int] = {word: position for position, word in enumerate(known)} | {None: -1}
        return np.array([numbers.get(word, other) for word in column.to_list()], dtype=np.int8)
    coded = column.replace_strict(
        {word: position for position, word in enumerate(known)}, default=other, return_dtype=pl.Int8
    )
    coded = pl.select(pl.when(column.is_not_null()).then(coded)).to_series()
    return np.array(coded.fill_null(-1).to_numpy(), dtype=np.int8)


def texts(column: pl.Series) -> list[str | None]:
    """A column of names as Python values."""
    return column.cast(pl.String).to_list()
