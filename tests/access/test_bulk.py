"""Bulk reach and witnesses against the oracle and networkx: the same numbers, whatever is shared or counted once."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest

from acl_graph.access import Access
from acl_graph.access.decide import decide, lens_holds
from acl_graph.access.explain.paths import Witnesses
from acl_graph.access.masks import one_thing
from acl_graph.access.reach import bulk_reach
from acl_graph.access_rules.principals import membership
from acl_graph.auditing import Audit, audit
from acl_graph.indexed.indexed_tenant import kind_code, number
from acl_graph.vocabulary import Kind, Lens, Level, Step
from acl_graph.world.group_sets import families
from tests.support import oracle, worlds
from tests.support.makers import tenant_of


@pytest.mark.parametrize("seed", range(40))
def test_audit_numbers_are_the_sums_of_the_oracles_verdicts(seed: int) -> None:
    world = worlds.random_world(seed)
    found: Audit = audit(tenant_of(world))
    counts = oracle.counts(world)
    users = {(p, lens): (items, more) for p, lens, items, more in found.users.select(
        "principal", "lens", "items", "items_possible").iter_rows()}  # fmt: skip
    scopes = {(s, lens): (people, more) for s, lens, people, more in found.scopes.select(
        "scope", "lens", "users", "users_possible").iter_rows()}  # fmt: skip
    assert users == counts["users"]
    assert scopes == {key: value for key, value in counts["scopes"].items() if key in scopes}
    assert set(counts["scopes"]) <= set(scopes)


def behind_public_groups(seed: int) -> oracle.World:
    """A random world whose sites are restricted to public groups, with links for the organization and grants to groups.

    Joining then opens a gate and fills a list, while a link leads to the same files without opening any gate.
    """
    world = worlds.random_world(seed)
    groups = [row["id"] for row in world.tables["principals"] if row["kind"] == "m365_group"]
    for row in world.tables["principals"]:
        if row["kind"] == "m365_group":
            row["visibility"] = "public"
    for row in world.tables.get("members", []):
        row["assignment"] = "active"
    for at, site in enumerate(world.tables["sites"]):
        site["restricted_access"] = True
        world.tables.setdefault("site_restricted_groups", []).append(
            {"site": site["id"], "group": groups[at % len(groups)]}
        )
    for link in world.tables.get("links", []):
        link.update(audience="organization", expires=None)
    for at, scope in enumerate(world.tables["scopes"]):
        given = [{"principal": groups[(at + seed) % len(groups)], "link": None}]
        given += [{"principal": None, "link": link["id"]} for link in world.tables.get("links", [])[:1]]
        world.tables.setdefault("grants", []).extend({"scope": scope["id"], "level": "Read", **one} for one in given)
    world.switches["restricted_access_control"] = True
    return world


def test_worlds_behind_public_groups_have_files_with_two_ways() -> None:
    units = [Access(tenant_of(behind_public_groups(seed))).sure for seed in range(20)]
    assert sum(Step.JOIN in one.after and len(one.latent.entries) > 0 for one in units) >= 10


@pytest.mark.parametrize(
    "world",
    [
        *(pytest.param(worlds.random_world(seed), id=f"any-{seed}") for seed in range(1000, 1040)),
        *(pytest.param(behind_public_groups(seed), id=f"behind-{seed}") for seed in range(40)),
    ],
)
def test_bulk_equals_decide_thing_by_thing_for_any_weights(world: oracle.World) -> None:
    access = Access(tenant_of(world))
    for units in (access.sure, access.possible):
        facts = access.facts
        sums = np.stack([facts.item_count, np.arange(units.n_items) * 7, np.arange(units.n_items) ** 2], axis=1)
        every = np.concatenate([sums, np.zeros((units.n_scopes, 3), np.int64)])
        person = facts.people.kind_of_user == kind_code(Kind.USER)
        for lens in Lens:
            per_user = np.zeros((facts.people.n_users, 3), np.int64)
            together = np.zeros((units.n_scopes, facts.people.n_users), np.bool_)
            for thing in range(units.n_things):
                holds = lens_holds(decide(units, one_thing(units, thing)), lens) & person
                per_user[holds] += every[thing]
                if units.place_of[thing] < units.n_scopes:
                    together[units.place_of[thing]] |= holds
            found = bulk_reach(units, sums.astype(np.int64), lens)
            assert (found.per_user == per_user).all()
            assert (found.users == together.sum(axis=1)).all()


@pytest.mark.parametrize("seed", range(500, 520))
def test_why_has_a_path_exactly_where_the_list_opens_and_cutting_ends_it(seed: int) -> None:
    tenant = tenant_of(worlds.random_world(seed, gates=False))
    access = Access(tenant)
    pairs = [
        (user, thing) for user in range(access.facts.people.n_users) for thing in range(0, access.sure.n_things, 3)
    ]
    for user, thing in pairs:
        witnesses = Witnesses(access.sure, user, thing)
        paths, count, _ = witnesses.paths(3)
        held = int(access._asked(access.sure, user).of(np.array([thing], np.int32)).mask[0])
        opens = held & witnesses.need == witnesses.need
        assert opens <= (count > 0)
        for path in paths:
            for step in path:
                assert step.table is None or tenant[step.table].height > (step.row or 0) >= 0
        if not opens:
            continue
        cut = witnesses.cut()
        assert cut
        rows = {(step.table, step.row) for step in cut}
        left = nx.DiGraph(
            (edge.source, edge.target) for edge in witnesses.edges for row in (edge.rows or (None,)) if row not in rows
        )
        still = 0
        for at, entry in enumerate(witnesses.entries):
            if ("e", at) in left and witnesses.start in left and nx.has_path(left, witnesses.start, ("e", at)):
                still |= entry.mask
        assert still & witnesses.need != witnesses.need


def test_flattened_groups_are_networkx_ancestors_on_500_tenants() -> None:
    """Who is in a group, by numbers and circles condensed, is who networkx reaches it from."""
    for seed in range(2000, 2500):
        facts = number(tenant_of(worlds.random_world(seed, gates=False)))
        people = facts.people
        member_of = membership(facts, wide=False)
        every = np.arange(len(people.names), dtype=np.int64)
        sets = families(facts, member_of, every, wide=False).now
        graph = nx.DiGraph()
        graph.add_nodes_from(range(len(people.names)))
        graph.add_edges_from(zip(member_of.member.tolist(), member_of.group.tolist(), strict=True))
        for node in np.flatnonzero(~people.are(Kind.USER, Kind.APP, Kind.ANONYMOUS, Kind.UNRESOLVED)):
            below = nx.ancestors(graph, int(node)) | {int(node)}
            expected = {member for member in below if people.user_of[member] >= 0 and people.described[member]}
            for member in below:
                among = np.flatnonzero(sets.user_populations & member_of.populations[member])
                expected |= set(people.node_of[among].tolist())
            found = people.node_of[np.flatnonzero(sets.members(int(node)))]
            assert set(found[people.described[found]].tolist()) == expected


def test_levels_of_an_answer_are_ordered() -> None:
    assert list(Level) == sorted(Level)
