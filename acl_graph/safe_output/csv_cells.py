r"""Text in CSV cells that neither a spreadsheet nor a terminal acts upon, and that reads back without loss.

| written | means |
|---|---|
| `\\` | one backslash |
| `\=`, `\+`, `\-`, `\@` ... | that character, where a spreadsheet would begin a formula |
| `\;` | a semicolon inside one value of a list |
| `\u{1b}` | a character that cannot be seen: control, direction, line break |
| `\0`, `\e` | a list that is known to be empty; an empty value of a list |

`tenant.toml` says `csv_text = "escaped"` where cells are written so; without it a backslash is a backslash.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import polars as pl

#: the key of `tenant.toml`, and the word it has where cells are escaped
KEY, ESCAPED = "csv_text", "escaped"
#: what spreadsheets take for the beginning of a formula, full-width forms included
FORMULA_STARTS = "=+\\-@＝＋－＠"
#: ... at the beginning of a cell, and after whatever a spreadsheet of another country takes for a separator
_FORMULA = rf'(^\s*|[,;|"]\s*)([{FORMULA_STARTS}])'
_UNSEEN = r"[\p{C}\p{Zl}\p{Zp}]"
_NEEDS_ESCAPING = rf"\\|{_UNSEEN}|{_FORMULA}"
_TOKEN = re.compile(r"\\u\{([0-9a-f]{1,6})\}|\\(.)|([^\\;]+|.)", re.DOTALL)
NO_VALUES, EMPTY_VALUE = r"\0", r"\e"


def escape(text: str) -> str:
    r"""One text as a cell.

    >>> print(escape("=1+1"), escape("C:\\"), escape("a\x1b[2J"), escape("Smith, @me"))
    \=1+1 C:\\ a\u{1b}[2J Smith, \@me
    """
    text = text.replace("\\", "\\\\")
    text = re.sub(_FORMULA, r"\1\\\2", text)
    return "".join(c if c.isprintable() else f"\\u{{{ord(c):x}}}" for c in text)


def unescape(cell: str) -> str:
    r"""The text of a cell.

    >>> unescape(escape("\\u{1b};\n=\\"))
    '\\u{1b};\n=\\'
    """
    return ";".join(_values(cell))


def escape_list(values: list[str | None]) -> str:
    r"""Several texts as one cell.

    >>> escape_list(["a;b", "=c"]), escape_list([])
    ('a\\;b;\\=c', '\\0')
    """
    if not values:
        return NO_VALUES
    return ";".join(escape(value).replace(";", "\\;") if value else EMPTY_VALUE for value in values)


def unescape_list(cell: str) -> list[str]:
    r"""The values of a cell.

    >>> unescape_list(escape_list(["a;b", "", "\\e"])), unescape_list(escape_list([]))
    (['a;b', '', '\\e'], [])
    """
    return [] if cell == NO_VALUES else _values(cell)


def _values(cell: str) -> list[str]:
    found = [""]
    for token in _TOKEN.finditer(cell):
        code, escaped, plain = token.groups()
        if plain == ";":
            found.append("")
        elif code is not None:
            found[-1] += chr(int(code, 16)) if int(code, 16) < 0x110000 else "\N{REPLACEMENT CHARACTER}"
        elif escaped is not None:
            found[-1] += "" if escaped == "e" else escaped
        else:
            found[-1] += plain
    return found


def escaped(frame: pl.DataFrame) -> pl.DataFrame:
    """A frame whose lists and texts are cells that nothing acts upon."""
    return frame.with_columns(
        [
            _changed(frame[name], _NEEDS_ESCAPING, escape) if dtype == pl.String else _joined(frame[name])
            for name, dtype in frame.schema.items()
            if dtype == pl.String or isinstance(dtype, pl.List)
        ]
    )


def unescaped(frame: pl.DataFrame, lists: set[str]) -> pl.DataFrame:
    """What `escaped` was given; `lists` are the columns that were lists."""
    texts = [name for name, dtype in frame.schema.items() if dtype == pl.String]
    return frame.with_columns(
        [
            pl.Series(name, [None if cell is None else unescape_list(cell) for cell in frame[name]], pl.List(pl.String))
            if name in lists
            else _changed(frame[name], r"\\", unescape)
            for name in texts
        ]
    )


def _changed(texts: pl.Series, pattern: str, change: Callable[[str], str]) -> pl.Series:
    """The texts, with `change` applied to those that hold the pattern."""
    at = texts.str.contains(pattern).fill_null(False).arg_true()
    return texts.scatter(at, [change(text) for text in texts.gather(at)]) if len(at) else texts


def _joined(lists: pl.Series) -> pl.Series:
    return pl.Series(lists.name, [None if one is None else escape_list(list(one)) for one in lists], pl.String)
