"""Groups walked downwards and upwards with some membership rows left out: the sets of a few nodes after a change.

`sets.families` flattens every group of a tenant at once. A change touches one row, and few groups contain it: those are
walked here, by the same rules (circles end, populations are bits, two steps that nobody has taken are none).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acl_graph.access_rules.principals import accounts
from acl_graph.indexed.ids import Codes
from acl_graph.indexed.indexed_tenant import kind_code
from acl_graph.kernels.csr import gather, spread
from acl_graph.vocabulary import Kind
from acl_graph.world.compile import Units

Bools = NDArray[np.bool_]


class Descent:
    """The membership rows of one world, walked both ways. Nodes are principals; rows are rows of `members`."""

    def __init__(self, units: Units) -> None:
        self.units = units
        people, members = units.facts.people, units.membership
        self.n = len(people.names)
        self.down = gather(members.group, self.n)
        self.up = gather(members.member, self.n)
        self.eligible_down = gather(members.eligible_group, self.n)
        self.eligible_up = gather(members.eligible_member, self.n)
        self.works, _ = accounts(units.facts, wide=False)
        self.bits = units.families.now.user_populations
        self._last: tuple[tuple[frozenset[int], frozenset[int]], set[int]] | None = None
        self._last_rows: tuple[frozenset[int], set[int]] | None = None
        orders = [np.argsort(row, kind="stable") for row in (members.row, members.eligible_row)]
        self._by_row = [(o, row[o]) for o, row in zip(orders, (members.row, members.eligible_row), strict=True)]
        self._claims: dict[int, list[tuple[int, int]]] = {}
        self._sites: tuple[Codes, Codes] | None = None
        self._known: dict[tuple[int, frozenset[int], frozenset[int]], tuple[Bools, Bools, Bools]] = {}

    def rows(self, group: int, member: int) -> list[int]:
        """Rows of `members` that put `member` into `group` or make it an owner, eligible ones included."""
        people, members = self.units.facts.people, self.units.membership
        claims = np.flatnonzero(people.are(Kind.GROUP_OWNERS) & (people.of == group))
        groups = [group, *claims.tolist()]
        at = self.up[1][self.up[0][member] : self.up[0][member + 1]]
        found = members.row[at[np.isin(members.group[at], groups)]].tolist()
        at = self.eligible_up[1][self.eligible_up[0][member] : self.eligible_up[0][member + 1]]
        found += members.eligible_row[at[np.isin(members.eligible_group[at], groups)]].tolist()
        # an owner's row may stand for nothing but the administrator that is assumed of it
        admins = self.units.admins.entries
        assumed = self.units.assumed
        sites = assumed.sites[assumed.groups == group]
        if len(sites):
            found += admins.row[np.isin(admins.scope, sites) & (admins.node == member) & (admins.row >= 0)].tolist()
        return sorted({int(row) for row in found if row >= 0})

    def above(self, nodes: Iterable[int]) -> set[int]:
        """The nodes and every group that contains one of them, now or through an eligible membership."""
        members = self.units.membership
        reached = set(nodes)
        waiting = np.array(sorted(reached), np.int64)
        while len(waiting):
            at, _ = spread(self.up[0], waiting)
            late, _ = spread(self.eligible_up[0], waiting)
            outer = np.unique(
                np.concatenate([members.group[self.up[1][at]], members.eligible_group[self.eligible_up[1][late]]])
            )
            fresh = [int(node) for node in outer if int(node) not in reached]
            reached.update(fresh)
            waiting = np.array(fresh, np.int64)
        return reached

    def above_rows(self, rows: set[int]) -> set[int]:
        """Every group whose members a row of `members` may change."""
        key = frozenset(rows)
        if self._last_rows is None or self._last_rows[0] != key:
            members = self.units.membership
            groups: set[int] = set()
            for (order, ordered), group in zip(self._by_row, (members.group, members.eligible_group), strict=True):
                for row in rows:
                    start, end = np.searchsorted(ordered, [row, row + 1])
                    groups.update(group[order[start:end]].tolist())
            self._last_rows = key, self.above(groups)
        return self._last_rows[1]

    def changes(self, node: int, without: set[int], private: set[int]) -> bool:
        """Whether leaving these rows out, or closing these groups, may change who is in a node."""
        return node < self.n and node in self.concerned(without, private)

    def concerned(self, without: set[int], private: set[int]) -> set[int]:
        """Every group whose members change when rows are left out or groups closed."""
        key = (frozenset(without), frozenset(private))
        if self._last is None or self._last[0] != key:
            self._last = key, self.above_rows(without) | self.above(private)
        return self._last[1]

    def holding(self, user: int, without: set[int], private: set[int]) -> tuple[Bools, Bools, Bools]:
        """(holds now, by joining, by activating): nodes that one subject is in with the rows left out, bool[P] each."""
        members = self.units.membership
        bits = self.bits[user]
        seeds = np.flatnonzero((members.populations & bits) != 0)
        now = self._up_from(np.append(seeds, self.units.facts.people.node_of[user]), without)
        open_groups = (members.joinable & bits) != 0
        open_groups[list(private)] = False
        joining = self._up_from(np.flatnonzero(open_groups), without)
        late = now[members.eligible_member]
        late &= ~np.isin(members.eligible_row, list(without))
        eligible = self._up_from(np.unique(members.eligible_group[late]), without)
        if not self.works[user]:
            joining[:], eligible[:] = False, False
        return now, joining, eligible

    def _up_from(self, nodes: NDArray[np.integer[Any]], without: set[int]) -> Bools:
        members = self.units.membership
        seen = np.zeros(self.n, np.bool_)
        waiting = nodes.astype(np.int64)
        seen[waiting] = True
        while len(waiting):
            edges = self.up[1][spread(self.up[0], waiting)[0]]
            if without:
                edges = edges[~np.isin(members.row[edges], list(without))]
            outer = np.unique(members.group[edges])
            waiting = outer[~seen[outer]].astype(np.int64)
            seen[waiting] = True
        return seen

    def below(self, node: int, without: set[int]) -> NDArray[np.int64]:
        """The node and every principal inside it, directly or not."""
        members = self.units.membership
        seen = np.zeros(self.n, np.bool_)
        seen[node] = True
        waiting = np.array([node], np.int64)
        left_out = np.fromiter(without, np.int64, len(without))
        while len(waiting):
            at, _ = spread(self.down[0], waiting)
            edges = self.down[1][at]
            if len(left_out):
                edges = edges[~np.isin(members.row[edges], left_out)]
            inner = np.unique(members.member[edges])
            waiting = inner[~seen[inner]].astype(np.int64)
            seen[waiting] = True
        return np.flatnonzero(seen)

    def families(self, node: int, without: set[int], private: set[int]) -> tuple[Bools, Bools, Bools]:
        """(in it now, could join, could activate): subjects of one node with the rows left out, bool[U] each."""
        units = self.units
        n_users = units.facts.people.n_users
        if node >= self.n:
            nobody = np.zeros(n_users, np.bool_)
            return units.members(node), nobody, nobody
        key = (node, frozenset(without), frozenset(private))
        if key not in self._known:
            if len(self._known) * n_users > 16_000_000:
                self._known.clear()
            self._known[key] = self._walked(node, without, private)
        return self._known[key]

    def _walked(self, node: int, without: set[int], private: set[int]) -> tuple[Bools, Bools, Bools]:
        units, members = self.units, self.units.membership
        inside = self.below(node, without)
        now = self._subjects(inside)
        open_groups = inside[~np.isin(inside, list(private))]
        joining = self._of_populations(members.joinable[open_groups])
        eligible = np.zeros(units.facts.people.n_users, np.bool_)
        if len(members.eligible_group):
            late, _ = spread(self.eligible_down[0], inside.astype(np.int64))
            rows = self.eligible_down[1][late]
            rows = rows[~np.isin(members.eligible_row[rows], list(without))]
            for member in np.unique(members.eligible_member[rows]):
                eligible |= self._subjects(self.below(int(member), without))
            eligible &= self.works
        return now, joining, eligible

    def _subjects(self, inside: NDArray[np.int64]) -> Bools:
        units = self.units
        users: Codes = units.facts.people.user_of[inside]
        found = self._of_populations(units.membership.populations[inside])
        found[users[users >= 0]] = True
        return found

    def _of_populations(self, bits: NDArray[np.uint32]) -> Bools:
        return np.asarray((self.bits & np.bitwise_or.reduce(bits, initial=np.uint32(0))) != 0)

    def default_members_claims(self, group: int) -> list[tuple[int, int]]:
        """(row, claim) of "everyone except external users" in the default Members group of the group's sites (P14).

        The default Members group of a connected site is the SharePoint group that holds the group itself; where none
        does, one of that site whose name ends in "Members".
        """
        if group not in self._claims:
            self._claims[group] = self._default_members_claims(group)
        return self._claims[group]

    def _default_members_claims(self, group: int) -> list[tuple[int, int]]:
        facts, members = self.units.facts, self.units.membership
        people = facts.people
        if self._sites is None:
            frame = facts.tenant["sites"]
            self._sites = facts.sites.codes(frame["id"]), facts.principals(frame["group"])
        connected = self._sites[0][self._sites[1] == group]
        if not len(connected):
            return []
        local = np.flatnonzero(people.are(Kind.SHAREPOINT_GROUP) & np.isin(people.site, connected))
        at = self.up[1][self.up[0][group] : self.up[0][group + 1]]
        holding = members.group[at[np.isin(members.group[at], local)]]
        if not len(holding):
            names = facts.tenant["principals"]["name"]
            holding = np.array(
                [spg for spg in local if str(names[int(spg)] or "").casefold().rstrip().endswith("members")], np.int32
            )
        at = self.down[1][spread(self.down[0], np.unique(holding).astype(np.int64))[0]]
        claims = people.kind[members.member[at]] == kind_code(Kind.EVERYONE_EXCEPT_EXTERNAL)
        at = at[claims & (members.row[at] >= 0)]
        return [(int(members.row[position]), int(members.member[position])) for position in at]
