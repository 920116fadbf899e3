"""Restricted search leaves in what was given to somebody in person: what happens when that grant goes (O15)."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from acl_graph.access_rules import discovery
from acl_graph.access_rules.forms import VIA_GRANT, VIA_PEOPLE
from acl_graph.access_rules.levels import opening
from acl_graph.changes.overlay import Layer, Overlay
from acl_graph.indexed.ids import Codes
from acl_graph.vocabulary import GATE_NUMBER, Gate
from acl_graph.world.compile import Units

BIT = 1 << GATE_NUMBER[Gate.RESTRICTED_SEARCH]


class SharedDirectly:
    """Says whose exception ends with the rows that a change takes away."""

    def __init__(self, units: Units, layer: Layer) -> None:
        self.units, self.layer = units, layer
        self.matters = bool(units.facts.tenant.switch("restricted_search", False))

    def ends(self, thing: int, overlay: Overlay | None) -> Codes:
        """The subjects to whom a thing was given directly, and is not any more; not those who made or used it."""
        nobody = np.zeros(0, np.int32)
        if overlay is None or not self.matters:
            return nobody
        found = self.units.listed.at(int(self.units.place_of[thing]))
        user = np.append(self.units.facts.people.user_of, np.full(64, -1, np.int32))[found.node]
        named = (found.via == VIA_GRANT) | ((found.via == VIA_PEOPLE) & (found.user_row >= 0))
        given = named & (user >= 0) & opening(found.mask)
        gone = self.layer.dropped(found, overlay)
        lost = np.setdiff1d(user[given & gone], user[given & ~gone])
        item, who = self._own
        start, end = np.searchsorted(item, [thing, thing + 1])
        return np.setdiff1d(lost, who[start:end]).astype(np.int32)

    @cached_property
    def _own(self) -> tuple[Codes, Codes]:
        """(items, subjects who made or used them), sorted by item."""
        return discovery.by_item(discovery.own_and_used(self.units.facts, recent=False))
