"""Rows of a relation gathered by their first column: offsets and values, the one shape kernels read."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def gather(keys: NDArray[Any], size: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(ptr, order): `order[ptr[k]:ptr[k+1]]` are the positions whose key is k, in their order. Keys lie in 0..size-1.

    >>> ptr, order = gather(np.array([2, 0, 2]), 3)
    >>> ptr.tolist(), order.tolist()
    ([0, 1, 1, 3], [1, 0, 2])
    """
    if len(keys) and (keys.min() < 0 or keys.max() >= size):
        raise IndexError(f"a key is outside 0..{size - 1}")
    ptr = np.zeros(size + 1, np.int64)
    np.cumsum(np.bincount(keys, minlength=size), out=ptr[1:])
    return ptr, np.argsort(keys, kind="stable").astype(np.int64)


def spread(ptr: NDArray[np.int64], rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(positions, owner): all positions of the given rows of a gathered relation, and which entry of `rows` owns each.

    >>> positions, owner = spread(np.array([0, 1, 1, 3]), np.array([2, 0]))
    >>> positions.tolist(), owner.tolist()
    ([1, 2, 0], [0, 0, 1])
    """
    counts = ptr[rows + 1] - ptr[rows]
    owner = np.repeat(np.arange(len(rows), dtype=np.int64), counts)
    before = np.cumsum(counts) - counts
    return np.repeat(ptr[rows] - before, counts) + np.arange(int(counts.sum()), dtype=np.int64), owner


def checked(numbers: NDArray[Any], size: int, *, or_none: bool = False) -> NDArray[Any]:
    """The door to compiled code: numbers must lie in 0..size-1 (-1 too with `or_none`), or IndexError.

    A kernel does not look: a number out of range there is a crash, or worse, an answer.
    """
    if len(numbers) and (numbers.min() < (-1 if or_none else 0) or numbers.max() >= size):
        raise IndexError(f"a number is outside 0..{size - 1}: it must not reach compiled code")
    return numbers
