"""Text of an export on its way out: nothing in it moves a cursor, changes a colour or turns the line around."""

from __future__ import annotations

import json
from typing import Any


def inert(text: str) -> str:
    """Text without control, bidirectional and other invisible characters: safe to print anywhere."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def json_text(data: Any, *, indent: int | None = None) -> str:
    r"""JSON as scripts read it: one document, no invented types, nothing lost, and no character that cannot be seen.

    >>> print(json_text({"name": "a\x9b2J\u202e"}))
    {"name": "a\u009b2J\u202e"}
    """
    text = json.dumps(data, ensure_ascii=False, default=str, indent=indent)
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in text)
