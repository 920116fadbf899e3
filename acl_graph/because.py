"""Why a verdict is not simply a fact: the defaults, disputed points and gaps it hangs on, in sentences."""

from __future__ import annotations

from acl_graph.units import Units
from acl_graph.verdicts import Verdicts


def reasons(sure: Units, possible: Units, user: int, thing: int, is_now: Verdicts, might_be: Verdicts) -> tuple[str, ...]:
    return ()
