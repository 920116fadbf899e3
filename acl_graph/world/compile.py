"""The one compiled model that every question reads: sets, lists on scopes, gates, needs, exceptions.

`compile_world` turns facts into `Units` by asking every rule file once. It is done for the sure world and, where the
export has gaps, again for the possible one. Everything is numpy from here to the answers.

Axes: U subjects · N nodes (principals, then populations) · S' places: scopes, then one place per agent's copy, then
`nowhere` for items without a scope · X things: items, then one plain item for every scope.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from acl_graph.access_rules import (
    copilot,
    discovery,
    external_sharing,
    hierarchy,
    levels,
    links,
    principals,
    protection,
    site_controls,
)
from acl_graph.access_rules.forms import (
    ALL_PASS,
    ANYBODY,
    NONE_PASS,
    VIA_PEOPLE,
    VIA_UNKNOWN,
    Entries,
    Exceptions,
    GateRows,
    Mask,
    Membership,
    join_entries,
)
from acl_graph.indexed.ids import Codes
from acl_graph.indexed.indexed_tenant import Facts, kind_code
from acl_graph.kernels.csr import gather
from acl_graph.vocabulary import Gate, Kind, Step
from acl_graph.world.group_sets import N_POPULATIONS, Families, Sets, families

#: gates that are a row of users per thing
POPULATION_GATES = (
    Gate.SITE_STATE,
    Gate.EXTERNAL_SHARING,
    Gate.INFORMATION_BARRIER,
    Gate.RESTRICTED_ACCESS,
    Gate.DLP,
    Gate.ENCRYPTION,
    Gate.NO_CRAWL,
    Gate.RESTRICTED_DISCOVERY,
    Gate.RESTRICTED_SEARCH,
    Gate.COPILOT_LABEL,
    Gate.COPILOT_DLP,
    Gate.COPILOT_LICENCE,
)


@dataclass(frozen=True)
class Listed:
    """Entries gathered by place: those of place p are `entries[ptr[p]:ptr[p+1]]`."""

    ptr: NDArray[np.int64]
    entries: Entries

    @staticmethod
    def by_place(found: Entries, size: int) -> Listed:
        """Gather entries by their scope number."""
        ptr, order = gather(found.scope, size)
        return Listed(ptr, found.take(order))

    def at(self, place: int) -> Entries:
        """The entries of one place."""
        if place < 0:
            return self.entries.take(np.zeros(0, np.int64))
        return self.entries.take(np.arange(self.ptr[place], self.ptr[place + 1], dtype=np.int64))


@dataclass(frozen=True)
class Units:
    """One world, compiled."""

    facts: Facts
    wide: bool
    membership: Membership
    families: Families
    works: NDArray[np.bool_]  # U: the account can act now
    pending: NDArray[np.bool_]  # U: it could after accepting an invitation
    elevates: NDArray[np.bool_]  # U: an administrator who could give access to himself
    licence: NDArray[np.int8]  # U
    app_mask: Mask  # U: what an app may do on every scope
    listed: Listed  # what stands on places
    admins: Listed  # what stands on sites
    everywhere: Entries  # what may stand on every scope (possible world)
    on_every_site: Entries
    latent: Listed  # link audiences, by place
    barred: Listed
    barred_admins: Listed
    ended: Listed  # whom links let in until they died, by place
    grant_masks: Mask  # rows of grants: what each gives
    unknown_levels: NDArray[np.bool_]  # rows of grants whose level nobody knows
    assumed: hierarchy.Assumed
    place_of: Codes  # X -> S'
    site_of: Codes  # X -> T or -1
    need: Mask  # X: bits the list must have beyond reading
    need_of_author: Mask  # X: the same where the gate LIBRARY is waived for a pair
    no_anyone: NDArray[np.bool_]  # X: Anyone links do not count here
    gates: dict[Gate, Codes]  # X -> row
    after: dict[Step, dict[Gate, Codes]]  # the same once somebody has joined or activated what he can, where it differs
    edit_row: Codes  # X -> row of users without the cap at Read (E14)
    download_row: Codes  # X -> row of users without the cap at View (O24)
    read_only: NDArray[np.bool_]  # X
    session: NDArray[np.int8]  # X
    unreadable_by_index: NDArray[np.bool_]  # X
    user_defined: NDArray[np.bool_]  # X
    agent_copy: NDArray[np.bool_]  # X
    rows: GateRows
    exceptions: tuple[Codes, Codes, NDArray[np.int64]]
    n_items: int
    n_scopes: int
    n_places: int

    @property
    def n_things(self) -> int:
        """Items and plain items."""
        return len(self.place_of)

    def plain(self, scope: int) -> int:
        """The thing that stands for a plain item of a scope."""
        return self.n_items + scope

    @cached_property
    def gate_bits(self) -> NDArray[np.uint64]:
        """All gate rows, uint64[rows, words]."""
        return self.rows.matrix()

    @cached_property
    def members_of(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """(ptr, order): the memberships of principal g as a group are at `order[ptr[g]:ptr[g + 1]]`."""
        return gather(self.membership.group, len(self.facts.people.names))

    @cached_property
    def groups_of(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """(ptr, order): the memberships of principal m as a member are at `order[ptr[m]:ptr[m + 1]]`."""
        return gather(self.membership.member, len(self.facts.people.names))

    @cached_property
    def restricted_groups(self) -> dict[int, list[int]]:
        """The groups of restricted access control in force, per site."""
        return site_controls.restricted_groups(self.facts)

    @cached_property
    def live_gates(self) -> frozenset[Gate]:
        """The gates that stop anybody anywhere."""
        return frozenset(gate for gate, row in self.gates.items() if row.any())  # row 0 lets everybody pass

    @cached_property
    def exceptions_by_user(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """(ptr, order): the exceptions of subject u are at `order[ptr[u]:ptr[u + 1]]`."""
        return gather(self.exceptions[1], self.facts.people.n_users)

    @cached_property
    def outsider(self) -> NDArray[np.bool_]:
        """bool[U]: subjects to whom the guest rules apply."""
        return principals.external(self.facts)[self.facts.people.node_of]

    def members(self, node: int) -> NDArray[np.bool_]:
        """bool[U]: who is in this node now."""
        return self.families.now.members(node)


def compile_world(facts: Facts, *, sure: Units | None = None) -> Units:
    """Ask every rule once and put the answers where questions find them.

    Without `sure` the sure world; with it, the possible world beside it.
    """
    wide = sure is not None
    coverage, tenant = facts.tenant.coverage, facts.tenant
    people = facts.people
    n_scopes, n_items = len(facts.scopes), len(facts.items)
    masks, unknown_levels = (sure.grant_masks, sure.unknown_levels) if sure else levels.masks_of_grants(facts)
    agents = copilot.agents(facts, wide=wide)
    n_places = n_scopes + len(agents.place) + 1
    nowhere = n_places - 1

    membership = principals.membership(facts, wide=wide)
    assigned = hierarchy.assignments(facts, masks, wide=wide)
    linked = links.link_rules(facts, masks, wide=wide)
    assumed = hierarchy.assumed_defaults(facts)
    of_agents = agents.entries
    of_agents = Entries(
        of_agents.scope + n_scopes, of_agents.node, of_agents.mask, of_agents.via, of_agents.row, of_agents.user_row
    )
    anybody = _population_node(facts, ANYBODY)
    maybe: list[Entries] = []
    everywhere, on_every_site = _nothing(), _nothing()
    if wide:
        maybe.append(_as_nodes(facts, linked.unknown))
        maybe.append(_one(nowhere, anybody, levels.FULL))
        for place in agents.unknown:
            maybe.append(_one(int(place) + n_scopes, anybody, levels.READ_MASK))
        if not coverage.complete("grants"):
            everywhere = _one(0, anybody, levels.FULL)
        if not coverage.complete("site_admins"):
            on_every_site = _one(0, anybody, hierarchy.ADMIN_MASK)
    listed = join_entries(assigned.open, linked.open, hierarchy.assumed_entries(assumed), of_agents, *maybe)
    latent = _as_nodes(facts, linked.latent)

    by_default, not_by_default = hierarchy.assumed_admins(facts, assumed, wide=wide)
    unknown_owners = assumed.sites[membership.unknown[assumed.groups]]
    admins = join_entries(
        assigned.admins, by_default, *(_one(int(site), anybody, hierarchy.ADMIN_MASK) for site in unknown_owners)
    )
    sets = families(facts, membership, _wanted(facts, listed, admins), wide=wide)
    n_sites = len(facts.sites)
    admin_list = Listed.by_place(admins, n_sites)

    def users_in(node: int) -> NDArray[np.bool_]:
        return sets.now.members(node)

    def admins_of(site: int) -> NDArray[np.bool_]:
        found = np.zeros(people.n_users, np.bool_)
        for node in admin_list.at(site).node:
            found |= users_in(int(node))
        if len(on_every_site):
            found |= users_in(anybody)
        return found

    works, pending = principals.accounts(facts, wide=wide)
    elevates = np.zeros(people.n_users, np.bool_)
    for role in hierarchy.elevating_roles(facts):
        elevates |= users_in(int(role))
    elevates &= works & np.isin(people.kind_of_user, (kind_code(Kind.USER), kind_code(Kind.UNRESOLVED)))

    label = facts.item_label.copy()
    copied = (agents.original >= 0) & (label[agents.item] < 0)
    label[agents.item[copied]] = facts.item_label[agents.original[copied]]
    labelled = replace(facts, item_label=label)

    rows = GateRows(people.n_users)
    exceptions = Exceptions()
    place_of = np.where(facts.item_scope >= 0, facts.item_scope, nowhere).astype(np.int32)
    place_of[agents.item] = agents.place + n_scopes
    site = facts.item_site.copy()
    site[agents.item] = -1
    is_copy = np.zeros(n_items, np.bool_)
    is_copy[agents.item] = True

    plain_scopes = np.arange(n_scopes, dtype=np.int32)
    thing_site = np.concatenate([site, facts.scope_site])
    no_items = np.zeros(n_scopes, np.bool_)
    copied_thing = np.concatenate([is_copy, no_items])
    position = np.where(copied_thing, n_sites + 1, np.where(thing_site < 0, n_sites, thing_site))

    def by_site(values: NDArray[np.int32]) -> Codes:
        """Rows per site, and one more for no known site where the rule gives one, as rows per thing."""
        rest = np.full(n_sites + 2 - len(values), ALL_PASS, np.int32)
        return np.concatenate([values, rest]).astype(np.int32)[position]

    def plain_too(values: NDArray[np.int32], otherwise: int = ALL_PASS) -> Codes:
        return np.concatenate([values, np.full(n_scopes, otherwise, np.int32)]).astype(np.int32)

    def shut(closed: NDArray[np.bool_]) -> Codes:
        return np.where(closed, NONE_PASS, ALL_PASS).astype(np.int32)

    items = tenant["items"]
    item_code = facts.items.codes(items["id"])
    archived = np.zeros(n_items, np.bool_)
    archived[item_code] = (items["archived"] == True).fill_null(False).to_numpy()  # noqa: E712 - a polars comparison
    archived &= ~is_copy
    unscanned = np.zeros(n_items, np.bool_)
    if tenant.switch("mark_new_files_sensitive", False):
        unscanned[item_code] = (items["scanned"] == False).fill_null(False).to_numpy()  # noqa: E712
        unscanned &= ~is_copy

    gates: dict[Gate, Codes] = {}
    closed = np.append(site_controls.closed_sites(facts), False)[thing_site]
    gates[Gate.SITE_STATE] = shut(closed | np.append(archived, np.zeros(n_scopes, np.bool_)))
    external = by_site(external_sharing.gate_rows(facts, rows, wide=wide))
    if unscanned.any():
        row = external_sharing.unscanned_row(facts, rows)
        both = {int(r): rows.both(int(r), row) for r in np.unique(external[:n_items][unscanned])}
        external[:n_items][unscanned] = [both[int(r)] for r in external[:n_items][unscanned]]
    gates[Gate.EXTERNAL_SHARING] = external
    gates[Gate.INFORMATION_BARRIER] = by_site(site_controls.information_barriers(facts, rows, users_in, wide=wide))
    gates[Gate.RESTRICTED_ACCESS] = by_site(
        site_controls.restricted_access(facts, rows, membership, users_in, admins_of, wide=wide)
    )

    needs = hierarchy.library_needs(facts)
    people_of_files = ("author", "owner", "modified_by", "protected_by")
    may_be = {column: _may_be(facts, column, wide=wide) for column in people_of_files}
    may_own = may_be["author"] | may_be["owner"] | may_be["modified_by"]
    need_bits = np.where(needs.author_spared & may_be["author"], needs.of_author, needs.bits)
    hierarchy.author_exceptions(facts, needs, exceptions)

    blocks = protection.dlp_blocks(facts, rows, may_own)
    protection.dlp_exceptions(facts, blocks, exceptions)
    gates[Gate.DLP] = plain_too(np.where(is_copy, ALL_PASS, blocks.row))

    given = protection.rights(labelled, rows, users_in, may_be["protected_by"], wide=wide)
    protection.owner_exceptions(facts, given, exceptions)
    gates[Gate.ENCRYPTION] = plain_too(given.view)
    gates[Gate.COPILOT_LABEL] = plain_too(given.extract)

    site_hidden, library_hidden = discovery.not_crawled(facts)
    hidden = np.append(site_hidden, False)[thing_site]
    hidden[:n_items] |= library_hidden[facts.item_library] & ~is_copy
    gates[Gate.NO_CRAWL] = shut(hidden)
    may_use = np.append(may_own, no_items) | (wide and not coverage.complete("usage"))
    undiscovered = discovery.restricted_discovery(facts)
    discovery.recent_exceptions(facts, undiscovered, exceptions, wide=wide)
    recent_spared = discovery.recent_spared(facts, wide=wide)
    gates[Gate.RESTRICTED_DISCOVERY] = shut(np.append(undiscovered, False)[thing_site] & ~(may_use & recent_spared))
    searched = discovery.restricted_search(facts, rows)
    # a level that opens nothing comes by itself, as Limited Access above what is shared: it shares nothing (H06)
    people_links = (linked.open.via == VIA_PEOPLE) & (linked.open.user_row >= 0) & levels.opening(linked.open.mask)
    direct = (people.user_of[assigned.open.node] >= 0) & levels.opening(assigned.open.mask)
    shared_scope = np.concatenate([assigned.open.scope[direct], linked.open.scope[people_links]])
    shared_user = np.concatenate(
        [people.user_of[assigned.open.node[direct]], people.user_of[linked.open.node[people_links]]]
    )
    scope_of_thing = np.concatenate([np.where(place_of < n_scopes, place_of, -1), plain_scopes]).astype(np.int32)
    things = (scope_of_thing, thing_site)
    discovery.search_exceptions(facts, searched, (shared_scope, shared_user), things, exceptions)
    # a thing on no known site is on no allowed site either; uploaded copies are not searched at all
    nowhere_row = NONE_PASS if tenant.switch("restricted_search", False) else ALL_PASS
    may_use |= np.append(is_copy, no_items)
    # a gap in grants or links may hide that a file or folder was given to somebody in person
    maybe_shared = np.zeros(n_scopes + 1, np.bool_)
    maybe_shared[:-1] = wide and not coverage.complete("grants")
    maybe_shared[linked.unnamed] = True
    maybe_shared &= np.isin(np.append(facts.scope_kind, -1), (2, 3))
    may_use |= maybe_shared[scope_of_thing]
    left_out = by_site(np.append(searched, nowhere_row))
    gates[Gate.RESTRICTED_SEARCH] = np.where(may_use, ALL_PASS, left_out).astype(np.int32)
    dlp_of_label = copilot.dlp_rows(facts, rows, users_in, sure.members if sure else users_in, wide=wide)
    gates[Gate.COPILOT_DLP] = plain_too(np.where(is_copy, ALL_PASS, dlp_of_label[label]))
    gates[Gate.COPILOT_LICENCE] = by_site(copilot.licence_rows(facts, rows))

    def gates_after(family: Sets) -> dict[Gate, Codes]:
        """The gates that ask for membership, as they will be for whoever has taken this step (P22)."""

        def then_in(node: int) -> NDArray[np.bool_]:
            return users_in(node) | (family.members(node) & works)

        def then_admins_of(site: int) -> NDArray[np.bool_]:
            found = admins_of(site)
            for node in admin_list.at(site).node:
                found |= then_in(int(node))
            return found

        then = protection.rights(labelled, rows, then_in, may_be["protected_by"], wide=wide)
        restricted = site_controls.restricted_access(facts, rows, membership, then_in, then_admins_of, wide=wide)
        found = {
            Gate.RESTRICTED_ACCESS: by_site(restricted),
            Gate.INFORMATION_BARRIER: by_site(site_controls.information_barriers(facts, rows, then_in, wide=wide)),
            Gate.ENCRYPTION: plain_too(then.view),
            Gate.COPILOT_LABEL: plain_too(then.extract),
        }
        return {gate: row for gate, row in found.items() if not np.array_equal(row, gates[gate])}

    taking = ((Step.JOIN, sets.joining), (Step.ELIGIBLE, sets.eligible))
    after = {step: found for step, family in taking if family is not None and (found := gates_after(family))}

    return Units(
        facts=facts,
        wide=wide,
        membership=membership,
        families=sets,
        works=works,
        pending=pending,
        elevates=elevates,
        licence=copilot.licences(facts, wide=wide),
        app_mask=levels.app_masks(facts, wide=wide),
        listed=Listed.by_place(listed, n_places),
        admins=admin_list,
        everywhere=everywhere,
        on_every_site=on_every_site,
        latent=Listed.by_place(latent, n_places),
        barred=Listed.by_place(join_entries(assigned.barred, linked.barred), n_places),
        barred_admins=Listed.by_place(join_entries(assigned.barred_admins, not_by_default), n_sites),
        ended=Listed.by_place(linked.ended, n_places),
        grant_masks=masks,
        unknown_levels=unknown_levels,
        assumed=assumed,
        place_of=np.concatenate([place_of, plain_scopes]),
        site_of=thing_site,
        need=np.concatenate([np.where(is_copy, 0, need_bits), np.zeros(n_scopes, np.uint64)]).astype(np.uint64),
        need_of_author=np.concatenate([needs.of_author, np.zeros(n_scopes, np.uint64)]),
        no_anyone=np.concatenate([blocks.no_anyone & ~is_copy, no_items]),
        gates=gates,
        after=after,
        edit_row=plain_too(given.edit),
        download_row=by_site(site_controls.download_exempt(facts, rows, users_in)),
        read_only=np.append(site_controls.read_only_sites(facts), False)[thing_site],
        session=np.append(site_controls.sessions(facts), np.int8(0))[thing_site],
        # a copy lies in no index: only what Microsoft's services can never decrypt is out of an agent's reach
        unreadable_by_index=np.concatenate([np.where(is_copy, given.two_keys, given.unreadable_by_index), no_items]),
        user_defined=np.concatenate([given.user_defined, no_items]),
        agent_copy=copied_thing,
        rows=rows,
        exceptions=exceptions.merged(),
        n_items=n_items,
        n_scopes=n_scopes,
        n_places=n_places,
    )


def _may_be(facts: Facts, column: str, *, wide: bool) -> NDArray[np.bool_]:
    """Items of which anybody may be the author, owner ...: the cell is empty and nobody said that this is known."""
    found = np.zeros(len(facts.items), np.bool_)
    if wide and not facts.tenant.coverage.default_holds("items", column):
        items = facts.tenant["items"]
        found[facts.items.codes(items["id"])] = items[column].is_null().to_numpy()
    return found


def _population_node(facts: Facts, bit: int) -> int:
    """The node that stands for a population."""
    return len(facts.people.names) + int(bit).bit_length() - 1


def _as_nodes(facts: Facts, found: Entries) -> Entries:
    """Entries whose `node` is a population bit, with the node of that population instead."""
    node = np.array([_population_node(facts, int(bit)) for bit in found.node], np.int32)
    return replace(found, node=node)


def _one(scope: int, node: int, mask: int) -> Entries:
    nothing = np.full(1, -1, np.int64)
    return Entries(
        np.array([scope], np.int32),
        np.array([node], np.int32),
        np.array([mask], np.uint64),
        np.array([VIA_UNKNOWN], np.int8),
        nothing,
        nothing,
    )


def _nothing() -> Entries:
    return _one(0, 0, 0).take(np.zeros(0, np.int64))


def _wanted(facts: Facts, listed: Entries, admins: Entries) -> NDArray[np.int64]:
    """Nodes whose sets some rule asks for: everything that stands somewhere, and every group a gate names."""
    tenant = facts.tenant
    named = [
        facts.principals(tenant[table][column])
        for table, column in (
            ("site_restricted_groups", "group"),
            ("sites", "group"),
            ("label_rights", "principal"),
            ("item_rights", "principal"),
            ("copilot_dlp", "principal"),
        )
    ]
    for lists in (
        tenant["sites"]["block_download_exempt"].explode().drop_nulls(),
        pl.Series(list(tenant.switch("onedrive_restricted_groups") or []), dtype=pl.String),
    ):
        named.append(facts.principals(lists))
    named += [hierarchy.elevating_roles(facts), listed.node, admins.node]
    populations = np.arange(N_POPULATIONS) + len(facts.people.names)
    wanted = np.concatenate([*named, populations]).astype(np.int64)
    return np.unique(wanted[wanted >= 0])
