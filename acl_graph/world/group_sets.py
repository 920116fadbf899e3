"""Principals as sets of subjects: what is in each group, directly or not, and who could step into it.

A set is a bit mask of populations (never listed one by one) and a list of subjects who are in none of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from acl_graph.access_rules.forms import Membership
from acl_graph.access_rules.principals import accounts, user_populations
from acl_graph.indexed.ids import Codes
from acl_graph.indexed.indexed_tenant import Facts, kind_code
from acl_graph.kernels import sets as kernel
from acl_graph.kernels.csr import checked, gather
from acl_graph.vocabulary import Kind

#: numbers after the principals stand for populations: P + k is the population of bit k
N_POPULATIONS = 8


@dataclass(frozen=True)
class Sets:
    """One family of sets over all nodes (principals, then populations).

    `set_of` int32[N]: the set of each node, circles share one · `ptr` int64, `users` int32: listed subjects ·
    `populations` uint32 per set.
    """

    set_of: Codes
    ptr: NDArray[np.int64]
    users: Codes
    populations: NDArray[np.uint32]
    user_populations: NDArray[np.uint32]

    @property
    def filled(self) -> NDArray[np.bool_]:
        """Which sets hold anybody."""
        return np.asarray((np.diff(self.ptr) > 0) | (self.populations != 0), np.bool_)

    def members(self, node: int) -> NDArray[np.bool_]:
        """bool[U]: who is in this node's set."""
        number = self.set_of[node]
        inside = (self.user_populations & self.populations[number]) != 0
        inside[self.users[self.ptr[number] : self.ptr[number + 1]]] = True
        return np.asarray(inside, np.bool_)

    def holding(self, user: int, populations: int | None = None) -> NDArray[np.bool_]:
        """bool per set: the sets this subject is in, or would be in if he were in these populations."""
        bits = self.user_populations[user] if populations is None else np.uint32(populations)
        inside = (self.populations & bits) != 0
        at = np.flatnonzero(self.users == user)
        inside[np.searchsorted(self.ptr, at, side="right") - 1] = True
        return np.asarray(inside, np.bool_)


@dataclass(frozen=True)
class Graph:
    """The membership graph of one world, ready to be flattened from any seeds."""

    component: Codes
    member_ptr: NDArray[np.int64]
    members: Codes
    child_ptr: NDArray[np.int64]
    children: Codes  # components
    n_nodes: int
    wanted: NDArray[np.bool_]


def group_graph(facts: Facts, membership: Membership, wanted: NDArray[np.int64]) -> Graph:
    """Condense the groups that `wanted` nodes contain; groups nobody asks for are left alone."""
    people = facts.people
    n = len(people.names) + N_POPULATIONS
    is_person = people.are(Kind.USER, Kind.APP, Kind.ANONYMOUS)
    nested = ~is_person[membership.member]
    ptr, order = gather(membership.group[nested], n)
    children = np.ascontiguousarray(checked(membership.member[nested][order], n), np.int32)
    reached = kernel.below(ptr, children, checked(np.unique(wanted), n).astype(np.int32))
    keep = reached[membership.group[nested][order]]
    ptr, order = gather(membership.group[nested][order][keep], n)
    children = np.ascontiguousarray(children[keep][order], np.int32)
    component = kernel.components(ptr, children)
    member_ptr, members = gather(component, int(component.max(initial=-1)) + 1)
    return Graph(
        component=component,
        member_ptr=member_ptr,
        members=members.astype(np.int32),
        child_ptr=ptr,
        children=component[children].astype(np.int32),
        n_nodes=n,
        wanted=reached,
    )


def flatten(
    graph: Graph,
    nodes: Codes,
    users: Codes,
    populations: NDArray[np.uint32],
    user_populations: NDArray[np.uint32],
) -> Sets:
    """Collect, for every wanted node, the subjects that rows (nodes[i], users[i]) and populations put below it."""
    keep = graph.wanted[nodes]
    user_ptr, order = gather(nodes[keep], graph.n_nodes)
    user_list = np.ascontiguousarray(checked(users[keep][order], len(user_populations)), np.int32)
    n_sets = len(graph.member_ptr) - 1
    inside = np.zeros(n_sets, np.uint32)
    np.bitwise_or.at(inside, graph.component, populations)
    set_ptr = np.zeros(n_sets + 1, np.int64)
    room = np.empty(max(1024, 4 * len(user_list)), np.int32)
    seen = np.full(max(1, len(user_populations)), -1, np.int32)
    done = 0
    while True:
        done = kernel.flatten(
            done,
            graph.member_ptr,
            graph.members,
            graph.child_ptr,
            graph.children,
            user_ptr,
            user_list,
            inside,
            user_populations,
            set_ptr,
            room,
            seen,
        )
        if done >= n_sets:
            break
        room = np.concatenate([room, np.empty(len(room), np.int32)])
    return Sets(graph.component, set_ptr, room[: set_ptr[-1]].copy(), inside, user_populations)


@dataclass(frozen=True)
class Families:
    """Who is in each node now, and who is one step from being in it."""

    now: Sets
    #: by joining a public group (P22)
    joining: Sets | None
    #: by activating an eligible membership (P22)
    eligible: Sets | None


def families(facts: Facts, membership: Membership, wanted: NDArray[np.int64], *, wide: bool) -> Families:
    """All sets of one world. Paths with two steps that have not been taken yet are none (the step comes first)."""
    people = facts.people
    bits = user_populations(facts, wide=wide)
    wanted = np.concatenate([wanted, membership.eligible_member.astype(np.int64)])
    graph = group_graph(facts, membership, wanted)
    empty = np.zeros(0, np.int32)

    populations = np.zeros(graph.n_nodes, np.uint32)
    populations[: len(people.names)] = membership.populations
    populations[len(people.names) :] = 1 << np.arange(N_POPULATIONS, dtype=np.uint32)
    user = people.user_of[membership.member]
    person = user >= 0
    # somebody nobody describes is surely nobody, not even himself: only the possible world takes him for a user
    own = np.flatnonzero((people.kind_of_user != kind_code(Kind.UNRESOLVED)) | wide).astype(np.int32)
    now = flatten(
        graph,
        np.concatenate([membership.group[person], people.node_of[own]]),
        np.concatenate([user[person], own]),
        populations,
        bits,
    )

    joining: Sets | None = None
    if membership.joinable.any():
        seeds = np.zeros(graph.n_nodes, np.uint32)
        seeds[: len(people.names)] = membership.joinable
        joining = flatten(graph, empty, empty, seeds, bits)
    eligible: Sets | None = None
    if len(membership.eligible_group):
        nodes, users = _eligible_seeds(facts, membership, now, wide=wide)
        eligible = flatten(graph, nodes, users, np.zeros(graph.n_nodes, np.uint32), bits)
    return Families(now, joining, eligible)


def _eligible_seeds(facts: Facts, membership: Membership, now: Sets, *, wide: bool) -> tuple[Codes, Codes]:
    """(group, user) rows of everybody who could activate a membership; only accounts that work can."""
    works, _ = accounts(facts, wide=wide)
    nodes: list[Codes] = []
    users: list[Codes] = []
    for group, member in zip(membership.eligible_group, membership.eligible_member, strict=True):
        found = np.flatnonzero(now.members(int(member)) & works).astype(np.int32)
        nodes.append(np.full(len(found), group, np.int32))
        users.append(found)
    return np.concatenate(nodes), np.concatenate(users)
