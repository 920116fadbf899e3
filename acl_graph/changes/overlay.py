"""Changes as the rows, sites and groups they concern: what `what_if.py` lays over the compiled units."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray

from acl_graph.access_rules.external_sharing import ANYONE_ALLOWED, SHARING, effective_sharing
from acl_graph.access_rules.forms import VIA_ADMIN, VIA_AGENT, VIA_ANYONE, VIA_ASSUMED, VIA_GRANT, VIA_OWNER, Entries
from acl_graph.world.compile import Units
from acl_graph.world.group_walk import Descent

if TYPE_CHECKING:
    from acl_graph.changes.simulate import Change

Bools = NDArray[np.bool_]
#: so few rows are looked for one by one: faster than any set on the short lists of a place
FEW = 16


@dataclass
class Overlay:
    """Rows that go, groups that close, sites whose gates change. Numbers are those of the tables and of `Facts`."""

    grant_rows: set[int] = field(default_factory=set)
    link_user_rows: set[int] = field(default_factory=set)
    admin_rows: set[int] = field(default_factory=set)
    member_rows: set[int] = field(default_factory=set)
    private: set[int] = field(default_factory=set)
    #: nodes that may lose a membership: only people below them can be touched by it
    touched: set[int] = field(default_factory=set)
    anyone_ends: set[int] = field(default_factory=set)  # sites
    sharing_off: set[int] = field(default_factory=set)
    restricted: dict[int, list[int]] = field(default_factory=dict)  # site -> groups
    undiscovered: set[int] = field(default_factory=set)

    @property
    def gates(self) -> bool:
        """Whether a gate of a site changes by itself."""
        return bool(self.sharing_off or self.restricted or self.undiscovered)

    @property
    def sets(self) -> bool:
        """Whether memberships change."""
        return bool(self.member_rows or self.private)


class Layer:
    """Turns changes into overlays over one world."""

    def __init__(self, units: Units, descent: Descent) -> None:
        self.units, self.facts, self.descent = units, units.facts, descent
        self._links: dict[int, NDArray[np.int64]] | None = None
        self._named_by_links: NDArray[np.int64] | None = None
        self._sharing: NDArray[np.int8] | None = None

    def lay(self, changes: Iterable[Change]) -> Overlay:
        """All changes together."""
        overlay = Overlay()
        for change in changes:
            how: Callable[[Change, Overlay], None] = getattr(self, f"_{change.kind.value}")
            how(change, overlay)
        return overlay

    def dropped(self, found: Entries, overlay: Overlay) -> Bools:
        """Which entries the changes take away, bool[entries]."""
        gone = np.zeros(len(found), np.bool_)
        if not len(found):
            return gone
        administers = found.via == VIA_ADMIN
        assumed = found.via == VIA_ASSUMED
        if overlay.grant_rows:  # the rows of these are rows of other tables
            elsewhere = np.isin(found.via, (VIA_ADMIN, VIA_ASSUMED, VIA_OWNER, VIA_AGENT))
            gone |= ~elsewhere & (found.row >= 0) & _in(found.row, overlay.grant_rows)
        if overlay.link_user_rows:
            gone |= (found.user_row >= 0) & _in(found.user_row, overlay.link_user_rows)
        if overlay.admin_rows:
            gone |= administers & _in(found.row, overlay.admin_rows)
        if overlay.member_rows:
            gone |= assumed & (found.row >= 0) & _in(found.row, overlay.member_rows)
        if overlay.anyone_ends:
            site = np.append(self.facts.scope_site, -1)[np.minimum(found.scope, len(self.facts.scope_site))]
            ends = (found.via == VIA_ANYONE) & np.isin(site, list(overlay.anyone_ends))
            if self.facts.tenant.switch("link_death_ends_redeemed", True) is False:
                ends &= found.user_row < 0
            gone |= ends
        return gone

    def rows_of_link(self, link: int) -> NDArray[np.int64]:
        """Rows of `grants` that put a link on a scope: the origin's, and those of scopes that copied it (H12)."""
        if self._links is None:
            grants = self.facts.tenant["grants"].select("link").with_row_index("row").drop_nulls("link")
            codes = self.facts.links.codes(grants["link"])
            rows = grants["row"].to_numpy().astype(np.int64)
            order = np.argsort(codes, kind="stable")
            codes, rows = codes[order], rows[order]
            starts = np.flatnonzero(np.r_[True, codes[1:] != codes[:-1]]) if len(codes) else np.zeros(0, np.int64)
            self._links = dict(zip(codes[starts].tolist(), np.split(rows, starts[1:]), strict=False))
        return self._links.get(link, np.zeros(0, np.int64))

    def _node(self, change: Change, key: str) -> int:
        return self.facts.people.names.code(change[key])

    # --- one method per kind of change, named as the kind is -----------------------------------------------------

    def _remove_grant(self, change: Change, overlay: Overlay) -> None:
        scope, node = self.facts.scopes.code(change["scope"]), self._node(change, "principal")
        found = self.units.listed.at(scope)
        rows = found.row[(found.via == VIA_GRANT) & (found.node == node)]
        if "level" in change.target:
            levels = self.facts.tenant["grants"]["level"]
            rows = np.array([row for row in rows if levels[int(row)] == change["level"]], np.int64)
        overlay.grant_rows.update(rows.tolist())

    def _remove_link(self, change: Change, overlay: Overlay) -> None:
        overlay.grant_rows.update(self.rows_of_link(self.facts.links.code(change["link"])).tolist())

    def _remove_link_user(self, change: Change, overlay: Overlay) -> None:
        rows, node = self.rows_of_link(self.facts.links.code(change["link"])), self._node(change, "principal")
        found = self.units.listed.entries
        if self._named_by_links is None:
            self._named_by_links = np.flatnonzero(found.user_row >= 0)
        at = self._named_by_links[found.node[self._named_by_links] == node]
        overlay.link_user_rows.update(found.user_row[at[np.isin(found.row[at], rows)]].tolist())

    def _remove_member(self, change: Change, overlay: Overlay) -> None:
        group, member = self._node(change, "group"), self._node(change, "member")
        rows = self.descent.rows(group, member)
        if "role" in change.target:
            roles = self.facts.tenant["members"]["role"]
            rows = [row for row in rows if (roles[row] == "owner") == (change["role"] == "owner")]
        overlay.member_rows.update(rows)
        overlay.touched.add(member)

    def _remove_site_admin(self, change: Change, overlay: Overlay) -> None:
        site, node = self.facts.sites.code(change["site"]), self._node(change, "principal")
        found = self.units.admins.at(site)
        overlay.admin_rows.update(found.row[(found.via == VIA_ADMIN) & (found.node == node)].tolist())

    def _make_group_private(self, change: Change, overlay: Overlay) -> None:
        group = self._node(change, "group")
        overlay.private.add(group)
        overlay.touched.add(group)
        for row, claim in self.descent.default_members_claims(group):
            overlay.member_rows.add(row)
            overlay.touched.add(claim)

    def _restrict_access(self, change: Change, overlay: Overlay) -> None:
        groups = change.target["groups"]
        named = self.facts.principals(pl.Series([groups] if isinstance(groups, str) else list(groups), dtype=pl.String))
        overlay.restricted[self.facts.sites.code(change["site"])] = [int(node) for node in named if node >= 0]

    def _restrict_discovery(self, change: Change, overlay: Overlay) -> None:
        overlay.undiscovered.add(self.facts.sites.code(change["site"]))

    def _set_sharing(self, change: Change, overlay: Overlay) -> None:
        if self._sharing is None:
            self._sharing = effective_sharing(self.facts)
        site, level = self.facts.sites.code(change["site"]), SHARING.index(change["level"])
        if level > int(self._sharing[site]):
            raise ValueError("a site's sharing level can only be lowered here")
        if level < ANYONE_ALLOWED:
            overlay.anyone_ends.add(site)
        if level == 0:
            overlay.sharing_off.add(site)

    def _set_expiry(self, change: Change, overlay: Overlay) -> None:
        moment = datetime.fromisoformat(change["expires"])
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        if self.facts.now is not None and moment <= self.facts.now:
            self._remove_link(change, overlay)


def _in(values: NDArray[np.int64], wanted: set[int]) -> Bools:
    if len(wanted) <= FEW:
        found = np.zeros(len(values), np.bool_)
        for one in wanted:
            found |= values == one
        return found
    return np.isin(values, np.fromiter(wanted, np.int64, len(wanted)))
