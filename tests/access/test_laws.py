"""What must hold whatever the tenant: laws of widening and narrowing, of names and order, and of gaps in an export.

Each law is tried on a few random tenants always and on more than two hundred with the slow tests. A law says for which
lenses it holds; where it needs a premise (an assumption that a first grant ends, a group that is known), it says so.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import pytest

from acl_graph.access.decide import decide, lens_holds
from acl_graph.access.masks import one_thing
from acl_graph.vocabulary import COPILOT_VERDICTS, STEPS, Lens, Level, Step
from acl_graph.world.compile import Units
from tests.support.makers import access_to, things_of
from tests.support.oracle import World, row_of, rows
from tests.support.worlds import SHARING, Row, random_world, renamed

Reached = set[tuple[str, str]]
LAW = pytest.mark.parametrize(
    "seeds", [range(12), pytest.param(range(12, 220), marks=pytest.mark.slow)], ids=["some", "many"]
)


@dataclass(frozen=True)
class Grid:
    """Every verdict of one world: (principal, thing) -> level, and the rest; and who reaches what under each lens."""

    level: dict[tuple[str, str], int]
    other: dict[tuple[str, str], tuple[int, ...]]
    reached: dict[Lens, Reached]


def grid(units: Units, things: list[str]) -> Grid:
    """Ask everybody about everything."""
    facts = units.facts
    names = [facts.people.names[node] for node in facts.people.node_of]
    level: dict[tuple[str, str], int] = {}
    other: dict[tuple[str, str], tuple[int, ...]] = {}
    reached: dict[Lens, Reached] = {lens: set() for lens in Lens}
    for thing in things:
        item, scope = facts.items.code(thing), facts.scopes.code(thing)
        found = decide(units, one_thing(units, item if item >= 0 else units.plain(scope)))
        for at, name in enumerate(names):
            level[name, thing] = int(found.open[at])
            other[name, thing] = tuple(int(part[at]) for part in (found.step, found.find, found.copilot, found.stopped))
        for lens in Lens:
            reached[lens] |= {(names[at], thing) for at in np.flatnonzero(lens_holds(found, lens))}
    return Grid(level, other, reached)


@lru_cache(maxsize=16)
def base(seed: int) -> tuple[World, Grid]:
    """A random world and all its sure verdicts."""
    world = random_world(seed)
    return world, grid(access_to(world).sure, things_of(world))


def sure(world: World) -> Grid:
    """All sure verdicts of a world."""
    return grid(access_to(world).sure, things_of(world))


def changed(world: World, **tables: list[Row]) -> World:
    """The world with other rows in some tables."""
    return World({**world.tables, **tables}, world.switches, world.coverage, world.snapshot)


def with_site(world: World, site: str, **cells: Any) -> World:
    """The world with some cells of one site changed."""
    return changed(world, sites=[{**row, **cells} if row["id"] == site else row for row in rows(world, "sites")])


def try_on(seeds: range, law: Callable[[int, random.Random], bool], at_least: float) -> None:
    """Try a law on every seed; it says whether its premise held, and must not be idle too often."""
    tried = sum(law(seed, random.Random(seed)) for seed in seeds)
    assert tried >= at_least * len(seeds)


@LAW
def test_one_more_grant_takes_no_lens_away_and_lowers_no_level(seeds: range) -> None:
    def law(seed: int, dice: random.Random) -> bool:
        world, before = base(seed)
        granted = {row_of(world, "scopes", row["scope"]).get("site") for row in rows(world, "grants")}
        # the first grant of a site ends what was assumed of its group
        scopes = [row["id"] for row in rows(world, "scopes") if row["site"] in granted]
        if not scopes:
            return False
        principal = dice.choice([row["id"] for row in rows(world, "principals")])
        level = dice.choice(["Read", "Edit", "0x10001"])
        grant = {"scope": dice.choice(scopes), "principal": principal, "level": level}
        after = sure(changed(world, grants=[*rows(world, "grants"), grant]))
        assert all(content(after.level[pair]) >= content(level) for pair, level in before.level.items()), (seed, grant)
        for lens in Lens:
            assert before.reached[lens] <= after.reached[lens], (seed, grant, lens)
        return True

    try_on(seeds, law, 0.9)


@LAW
def test_a_control_put_on_a_site_gives_no_lens_to_anybody(seeds: range) -> None:
    def law(seed: int, dice: random.Random) -> bool:
        world, before = base(seed)
        site = dice.choice(rows(world, "sites"))
        own = SHARING.index(site["sharing"] or SHARING[3])
        controls: list[Row] = [{"lock": "NoAccess"}, {"archive": "Archived"}]
        controls += [{"sharing": dice.choice(SHARING[: own + 1])}]
        controls += [{"no_crawl": True}, {"restricted_discovery": True}, {"app_restricted": True}]
        controls += [{"block_download": True}] if not site["block_download"] else []
        controls += [{"restricted_access": True}] * 3 if not site["restricted_access"] else []
        control = dice.choice(controls)
        after = sure(with_site(world, site["id"], **control))
        for lens in Lens:
            assert after.reached[lens] <= before.reached[lens], (seed, site["id"], control, lens)
        assert all(level <= before.level[pair] for pair, level in after.level.items()), (seed, site["id"], control)
        return True

    try_on(seeds, law, 1.0)


@LAW
def test_a_second_group_in_restricted_access_control_only_gives(seeds: range) -> None:
    def law(seed: int, dice: random.Random) -> bool:
        world, _ = base(seed)
        site = dice.choice(rows(world, "sites"))["id"]
        one = {"site": site, "group": dice.choice(["sg0", "sg1", "m0"])}
        listed = [row for row in rows(world, "site_restricted_groups") if row["site"] != site]
        bound = with_site(changed(world, site_restricted_groups=[*listed, one]), site, restricted_access=True)
        two = {"site": site, "group": dice.choice(["sg2", "mesg0", "m1"])}
        before, after = sure(bound), sure(changed(bound, site_restricted_groups=[*listed, one, two]))
        for lens in (Lens.OPEN, Lens.FIND, Lens.COPILOT, Lens.LATENT):
            assert before.reached[lens] <= after.reached[lens], (seed, site, lens)
        assert all(after.level[pair] >= level for pair, level in before.level.items()), (seed, site)
        return True

    try_on(seeds, law, 1.0)


@LAW
def test_other_names_for_everybody_and_everything_change_nothing_but_names(seeds: range) -> None:
    def law(seed: int, dice: random.Random) -> bool:
        world, before = base(seed)
        # what nobody describes is judged by its name: those keep theirs
        known = {row["id"] for row in rows(world, "principals") if row["kind"] and row["kind"] != "thing"}
        known |= {row["id"] for table in ("sites", "scopes", "items", "links", "labels") for row in rows(world, table)}
        fresh = [f"{dice.getrandbits(40):x}-{number}" for number in range(len(known))]
        names = dict(zip(sorted(known), fresh, strict=True))

        def new(name: str) -> str:
            return str(names.get(name, name))

        after = sure(renamed(world, new))
        for (who, what), level in before.level.items():
            pair = (who if who == "anonymous" else new(who), new(what))
            assert (after.level[pair], after.other[pair]) == (level, before.other[who, what]), (seed, who, what)
        return True

    try_on(seeds, law, 1.0)


@LAW
def test_the_order_of_rows_says_nothing(seeds: range) -> None:
    def law(seed: int, dice: random.Random) -> bool:
        world, _ = base(seed)
        mixed = {table: dice.sample(listed, len(listed)) for table, listed in world.tables.items()}
        other = World(mixed, world.switches, world.coverage, world.snapshot)
        one, two = access_to(world), access_to(other)
        things = things_of(world)
        assert grid(one.sure, things) == grid(two.sure, things), seed
        assert grid(one.possible, things) == grid(two.possible, things), seed
        return True

    try_on(seeds, law, 1.0)


@LAW
def test_what_copilot_uses_can_be_opened_in_both_worlds(seeds: range) -> None:
    used = 0
    for seed in seeds:
        world, _ = base(seed)
        access = access_to(world)
        for units in (access.sure, access.possible):
            found = grid(units, things_of(world))
            assert found.reached[Lens.COPILOT] <= found.reached[Lens.OPEN], seed
            yes_or_cite = (COPILOT_VERDICTS.index("yes"), COPILOT_VERDICTS.index("cite"))
            assert all(found.level[pair] >= Level.VIEW for pair, rest in found.other.items() if rest[2] in yes_or_cite)
            used += len(found.reached[Lens.COPILOT])
    assert used > len(seeds)


def whole(seed: int) -> World:
    """A random world that says it is complete: its sure verdicts are the truth. No group claims to be known alone."""
    made = random_world(seed + 400)
    people = [{**row, "expanded": None} for row in rows(made, "principals")]
    return World({**made.tables, "principals": people}, made.switches, {"default": "complete"}, made.snapshot)


@LAW
@pytest.mark.parametrize("table", ["members", "grants", "links", "link_users", "site_admins", "principals"])
def test_rows_left_out_of_an_export_never_move_the_truth_out_of_its_bounds(seeds: range, table: str) -> None:
    def law(seed: int, dice: random.Random) -> bool:
        world = whole(seed)
        if world.snapshot is None:
            return False  # without one the newest date is taken for now, and that may be left out too
        truth = sure(world)
        share = 0.2 if table == "site_admins" else 0.7
        needed = anchors(world) if table in ("grants", "site_admins") else []
        kept = [row for row in rows(world, table) if row in needed or dice.random() < share]
        coverage = {"default": "complete", table: "partial"}
        thin = World({**world.tables, table: kept}, world.switches, coverage, world.snapshot)
        access = access_to(thin)
        low, high = grid(access.sure, things_of(world)), grid(access.possible, things_of(world))
        for pair, level in truth.level.items():
            if pair in low.level:  # somebody nobody names any more cannot be asked about
                assert content(low.level[pair]) <= content(level) <= content(high.level[pair]), (seed, table, pair)
        assert low.reached[Lens.LATENT] <= truth.reached[Lens.LATENT], (seed, table)
        # what is not guessed: a link that would let in whoever has no name, and a lost row that was a role's
        latent = {pair for pair in truth.reached[Lens.LATENT] if pair in low.level and pair[0] != "anonymous"}
        if table == "principals":
            latent -= {pair for pair in latent if truth.other[pair][0] == STEPS.index(Step.ELEVATION)}
        assert latent <= high.reached[Lens.LATENT], (seed, table)
        return len(kept) < len(rows(world, table))

    try_on(seeds, law, 0.1 if table == "site_admins" else 0.3)


def content(level: int) -> int:
    """A level as far as it shows anything: the way to something below is none.

    More on the list may turn it into nothing at all, where a library shows its readers their own items only.
    """
    return 0 if level == Level.TRAVERSE else level


def anchors(world: World) -> list[Row]:
    """A grant or administrator of each site: a site of which neither is left would be taken for its group's."""
    found: dict[Any, Row] = {}
    for row in [*rows(world, "grants"), *rows(world, "site_admins")]:
        found.setdefault(row.get("site") or row_of(world, "scopes", row.get("scope")).get("site"), row)
    return list(found.values())
