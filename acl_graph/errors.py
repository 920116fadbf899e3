"""Everything that can go wrong, named for what is wrong. All of it is shown as one line by the command line.

AclGraphError
  · BadInput            a file or folder that cannot be read as what it should be
  · UnknownName         nobody, or nothing, in this tenant has that name
  · AmbiguousName       two have it
  · BadUsage            options or arguments that do not go together
  · OutputExists        the answer would overwrite something
  · CannotWrite         the system does not let the answer be written
  · BadPolicy           the policy file says something that cannot be meant
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice


class AclGraphError(Exception):
    """The base of every error this package raises on purpose."""


class BadInput(AclGraphError):
    """A file or folder is not what it should be; the message names the file and, where there is one, the row."""


class BadPolicy(AclGraphError):
    """The policy file holds an unknown key or a value out of range."""


class OutputExists(AclGraphError):
    """Something is there already that the answer must not replace, or only with `--force`."""


class CannotWrite(AclGraphError):
    """The system refuses to write: no permission, no room, no such place."""


class BadUsage(AclGraphError):
    """Options or arguments that do not go together, or a value that cannot be meant."""


#: how much of a name a message shows, and how many names it lists
LONG, LISTED = 120, 10
#: how much of a name, and how many names, are compared to suggest one
LONGEST, COMPARED = 400, 200_000
#: how alike a suggestion must be, of 100: twice the letters in common, by the letters of both
ALIKE = 60


def cut(name: str) -> str:
    """A name in quotes, cut where it is long."""
    return repr(name if len(name) <= LONG else f"{name[:LONG]}...")


def _nearest(asked: str, known: Sequence[str]) -> str:
    """The one of `known` that is spelled most alike, else the shortest that holds what was asked; "" for none."""
    from rapidfuzz import fuzz, process

    alike = process.extractOne(asked, known, scorer=fuzz.ratio, score_cutoff=ALIKE)
    if alike or not asked.strip():
        return alike[0] if alike else ""
    low = asked.strip().lower()
    holding = (name for name in known if low in name.lower())
    return min(holding, key=lambda name: (not name.lower().startswith(low), len(name), name), default="")


class UnknownName(AclGraphError):
    """Nobody, or nothing, in this tenant has that name.

    `known` are names to suggest; where they are compared in another spelling than shown, compared -> shown.
    """

    def __init__(
        self, name: str, what: str, known: Iterable[str] | Mapping[str, str] = (), *, asked: str = "", hint: str = ""
    ) -> None:
        near = _nearest((asked or name)[:LONGEST], list(islice(known, COMPARED)))
        shown = known.get(near, near) if isinstance(known, Mapping) else near
        hint = hint or (f"Did you mean {cut(shown)}?" if shown else "")
        super().__init__(f"{cut(name)} is not {what} in this tenant.{' ' if hint else ''}{hint}")


class AmbiguousName(AclGraphError):
    """A name fits more than one; the message lists them, so that the caller can choose by id."""

    def __init__(self, name: str, what: str, fits: Iterable[str]) -> None:
        listed = sorted(fits)
        more = f" and {len(listed) - LISTED:,} more" if len(listed) > LISTED else ""
        super().__init__(f"{cut(name)} fits more than one {what}: {', '.join(listed[:LISTED])}{more}. Use the id.")
