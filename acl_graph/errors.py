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

from collections.abc import Iterable
from difflib import get_close_matches


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


class UnknownName(AclGraphError):
    """Nobody, or nothing, in this tenant has that name."""

    def __init__(self, name: str, what: str, known: Iterable[str] = ()) -> None:
        close = get_close_matches(name, list(known)[:200_000], n=1)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        super().__init__(f"{name!r} is not {what} in this tenant.{hint}")


class AmbiguousName(AclGraphError):
    """A name fits more than one; the message lists them, so that the caller can choose by id."""

    def __init__(self, name: str, what: str, fits: Iterable[str]) -> None:
        super().__init__(f"{name!r} fits more than one {what}: {', '.join(sorted(fits))}. Use the id.")
