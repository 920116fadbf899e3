"""Small numbers in sentences."""

from __future__ import annotations

PLURALS = {"person": "people", "more person": "more people"}


def many(count: int, word: str) -> str:
    """The count with its word.

    >>> many(1, "place"), many(1200, "place"), many(2, "person")
    ('1 place', '1,200 places', '2 people')
    """
    return f"{count:,} {word if count == 1 else PLURALS.get(word, word + 's')}"
