"""What every rule looks at: the compiled world, what is sensitive, who reaches what - as arrays, each made once.

Axes: U subjects · N nodes (principals, then populations) · S scopes. An *opening* entry is one on a scope whose mask
is enough to read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from acl_graph.access import Access
from acl_graph.access.reach import LensReach
from acl_graph.access_rules.external_sharing import site_kinds
from acl_graph.access_rules.forms import ACTIVE_DIRECTORY, Entries
from acl_graph.access_rules.levels import VIEW_BITS
from acl_graph.changes.simulate import WhatIf
from acl_graph.exposure.policy import Policy, Sensitivity
from acl_graph.indexed.ids import Codes
from acl_graph.indexed.indexed_tenant import KINDS, Facts
from acl_graph.kernels.csr import gather, spread
from acl_graph.vocabulary import Kind, Lens
from acl_graph.world.compile import Units

Bools = NDArray[np.bool_]
Counts = NDArray[np.int64]
CLAIMS = (Kind.EVERYONE_EXCEPT_EXTERNAL, Kind.EVERYONE, Kind.AUTHENTICATED_USERS)


@dataclass(frozen=True)
class Context:
    """The sure world of one tenant, with everything the rules share."""

    access: Access
    sensitivity: Sensitivity
    reach: Mapping[Lens, LensReach]
    policy: Policy

    @cached_property
    def units(self) -> Units:
        """The compiled sure world."""
        return self.access.sure

    @property
    def facts(self) -> Facts:
        """The tenant, numbered."""
        return self.access.facts

    @cached_property
    def whatif(self) -> WhatIf:
        """Where changes are tried."""
        return WhatIf(self.units)

    @property
    def detail(self) -> int:
        """How many cases a rule details."""
        return self.policy.thresholds.detail

    # --- what is sensitive --------------------------------------------------------------------------------------

    @cached_property
    def sums(self) -> Counts:
        """Files, sensitive files and weight of each scope, int64[S, 3]."""
        sums = np.zeros((self.units.n_places, 3), np.int64)
        np.add.at(sums, self.units.place_of[: self.units.n_items], self.sensitivity.sums)
        return sums[: self.units.n_scopes]

    @property
    def weight(self) -> Counts:
        """Sensitive weight of each scope."""
        return self.sums[:, 2]

    @cached_property
    def open_score(self) -> Counts:
        """Sensitive weight times people who can open, per scope."""
        return np.asarray(self.weight * self.reach[Lens.OPEN].users)

    @cached_property
    def latent_score(self) -> Counts:
        """Sensitive weight times people who can open or are one step away, per scope."""
        return np.asarray(self.weight * self.reach[Lens.LATENT].users)

    @cached_property
    def _items_by_scope(self) -> tuple[Counts, Counts]:
        item = np.flatnonzero(
            self.sensitivity.sensitive & (self.units.place_of[: self.units.n_items] < self.units.n_scopes)
        )
        ptr, order = gather(self.units.place_of[item], self.units.n_scopes)
        return ptr, item[order].astype(np.int64)

    def items_of(self, scopes: Counts) -> Counts:
        """The sensitive items of scopes."""
        ptr, items = self._items_by_scope
        return items[spread(ptr, np.asarray(scopes, np.int64))[0]]

    def things_of(self, scopes: Counts) -> tuple[Codes, Counts]:
        """(things to ask about, sensitive files each stands for): sensitive items, a plain one where there are none."""
        scopes = np.asarray(scopes, np.int64)
        items = self.items_of(scopes)
        bare = scopes[self.sums[scopes, 1] == 0]
        things = np.concatenate([items, self.units.n_items + bare]).astype(np.int32)
        files = np.concatenate([self.sensitivity.sums[items, 1], np.zeros(len(bare), np.int64)])
        return things, files

    # --- who ----------------------------------------------------------------------------------------------------

    @cached_property
    def works(self) -> Bools:
        """People whose account works, bool[U]."""
        return self.units.works & self.whatif.humans

    @cached_property
    def directory(self) -> int:
        """How many people the organisation's directory holds."""
        bits = self.units.families.now.user_populations
        return int((self.works & ((bits & ACTIVE_DIRECTORY) != 0)).sum())

    def set_sizes_of(self, counted: Bools) -> Counts:
        """How many of the counted subjects are in each set of the family `now`."""
        now = self.units.families.now
        listed = np.concatenate([[0], np.cumsum(counted[now.users])])
        size = (listed[now.ptr[1:]] - listed[now.ptr[:-1]]).astype(np.int64)
        for bits in np.unique(now.populations):
            if bits:
                size[now.populations == bits] += int((counted & ((now.user_populations & bits) != 0)).sum())
        return np.asarray(size)

    @cached_property
    def set_sizes(self) -> Counts:
        """How many people with a working account are in each set of the family `now`."""
        return self.set_sizes_of(self.works)

    def size(self, nodes: NDArray[Any]) -> Counts:
        """How many working accounts of people are in each node that stands on a list."""
        return np.asarray(self.set_sizes[self.units.families.now.set_of[nodes]])

    def broad(self, size: Counts | int) -> Any:
        """Whether a number of people is broad: the share of the directory the policy names."""
        return np.asarray(size) >= max(1.0, self.policy.thresholds.broad_share * self.directory)

    # --- what stands where --------------------------------------------------------------------------------------

    @cached_property
    def opening(self) -> Entries:
        """Entries on scopes that are enough to read."""
        found = self.units.listed.entries
        bits = np.uint64(VIEW_BITS)
        return found.take((found.scope < self.units.n_scopes) & ((found.mask & bits) == bits))

    @cached_property
    def latent_entries(self) -> Entries:
        """Audiences of links on scopes that are enough to read."""
        found = self.units.latent.entries
        bits = np.uint64(VIEW_BITS)
        return found.take((found.scope < self.units.n_scopes) & ((found.mask & bits) == bits))

    @cached_property
    def _by_node(self) -> tuple[Counts, Counts]:
        return gather(self.opening.node, len(self.units.families.now.set_of))

    def entries_of(self, nodes: Counts) -> Counts:
        """Positions of opening entries of these nodes."""
        ptr, order = self._by_node
        return order[spread(ptr, np.asarray(nodes, np.int64))[0]]

    def scopes_of(self, nodes: Counts) -> Counts:
        """Scopes on which one of these nodes may read."""
        return np.unique(self.opening.scope[self.entries_of(nodes)]).astype(np.int64)

    def node_score(self, score: Counts) -> Counts:
        """Sum of a score of scopes over the scopes on which each node may read, int64[N]."""
        out = np.zeros(len(self.units.families.now.set_of), np.int64)
        np.add.at(out, self.opening.node, score[self.opening.scope])
        return out

    @cached_property
    def node_weight(self) -> Counts:
        """Sensitive weight of the scopes on which each node may read."""
        return self.node_score(self.weight)

    def are(self, *kinds: Kind) -> Bools:
        """Which nodes are principals of one of these kinds, bool[N]."""
        found = self.facts.people.are(*kinds)
        return np.append(found, np.zeros(len(self.units.families.now.set_of) - len(found), np.bool_))

    @cached_property
    def kinds(self) -> NDArray[np.int8]:
        """The kind of each site."""
        return site_kinds(self.facts)

    # --- names --------------------------------------------------------------------------------------------------

    def id_of(self, node: int) -> str:
        """The id of a principal."""
        return self.facts.people.names[node]

    def code(self, named: object) -> int:
        """The number of a principal that a row names; spellings as forgiving as everywhere."""
        names = self.facts.people.names
        found = names.code(str(named))
        return found if found >= 0 else int(names.codes(pl.Series([str(named)]))[0])

    def is_a(self, node: int, *kinds: Kind) -> bool:
        """Whether a principal is of one of these kinds."""
        kind = self.facts.people.kind
        return node < len(kind) and KINDS[kind[node]] in kinds

    def name(self, node: int) -> str:
        """A principal as people know it."""
        frame = self.facts.tenant["principals"]
        if node >= frame.height:
            return self.id_of(node) if node < len(self.facts.people.names) else "everybody"
        named = frame["name"][node] or frame["login"][node] or frame["id"][node]
        return str(named)

    def user_name(self, user: int) -> str:
        """A subject as people know it: name, and login where there is one."""
        node = int(self.facts.people.node_of[user])
        frame = self.facts.tenant["principals"]
        login = frame["login"][node] if node < frame.height else None
        name = self.name(node)
        return f"{name} ({login})" if login and login != name else name

    def place(self, scope: int) -> str:
        """A scope as people know it: its path, else its id."""
        frame = self.facts.tenant["scopes"]
        path = frame["path"][scope] if scope < frame.height else None
        return str(path or self.facts.scopes[scope])

    def site_name(self, site: int) -> str:
        """A site as people know it."""
        frame = self.facts.tenant["sites"]
        if not 0 <= site < frame.height:
            return self.facts.sites[site] if site >= 0 else "an unknown site"
        return str(frame["title"][site] or frame["url"][site] or frame["id"][site])

    def row(self, table: str, row: int) -> dict[str, Any] | None:
        """Where a row came from."""
        if row < 0:
            return None
        frame = self.facts.tenant[table]
        return {"table": table, "source_file": frame["source_file"][row], "source_row": frame["source_row"][row]}

    def known(self, table: str, column: str) -> bool:
        """Whether the export says anything in a column, or says that its emptiness means the default."""
        tenant = self.facts.tenant
        if tenant.coverage.column_missing(table, column):
            return tenant[table][column].null_count() < tenant[table].height
        return tenant[table][column].null_count() < tenant[table].height or tenant.coverage.default_holds(table, column)

    def cells(self, table: str, *columns: str) -> pl.DataFrame:
        """Some columns of a table."""
        return self.facts.tenant[table].select(columns)

    @cached_property
    def claims_in(self) -> dict[int, int]:
        """Group -> the row of `members` by which a claim is in it."""
        members = self.units.membership
        claims = self.facts.people.are(*CLAIMS)[members.member] & (members.row >= 0)
        return {int(members.group[at]): int(members.row[at]) for at in np.flatnonzero(claims)[::-1]}

    def holding(self, groups: Counts) -> tuple[Counts, Counts]:
        """(which of `groups`, node): each group itself and every group that contains it, directly or not."""
        members = self.units.membership
        ptr, order = self.whatif.descent.up
        owner = np.arange(len(groups), dtype=np.int64)
        node = np.asarray(groups, np.int64)
        size = np.int64(len(self.facts.people.names) + 1)
        seen = np.unique(owner * size + node)
        while len(node):
            at, of = spread(ptr, node)
            key = np.unique(owner[of] * size + members.group[order[at]])
            fresh = key[~np.isin(key, seen)]
            seen = np.concatenate([seen, fresh])
            owner, node = fresh // size, fresh % size
        seen.sort()
        return seen // size, seen % size

    def everybody(self, node: int) -> Bools:
        """Who is in any principal, whether or not it stands on a list."""
        return self.whatif.descent.families(node, set(), set())[0]
