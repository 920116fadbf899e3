"""The program and the slow truth give the same answer, field by field, on made-up tenants and on whole families."""

from __future__ import annotations

import random
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from acl_graph.access import Access
from acl_graph.readers import read
from tests.support.makers import FIELDS, access_to, tenant_of, things_of
from tests.support.oracle import LENSES, World, reaches, subjects, verdict
from tests.support.worlds import all_worlds, random_world, side_by_side, write_folder

Pair = tuple[str, str]
#: (seeds, pairs of each): the first is asked always, the others make it 1,000 worlds and more than 20,000 pairs
QUICK = (range(100), 30)
REST = [(range(low, low + 100), 21) for low in range(100, 1000, 100)]


@lru_cache(maxsize=128)
def made(seed: int) -> tuple[World, Access]:
    """A random world and the program that has compiled it."""
    world = random_world(seed)
    return world, access_to(world)


def askable(world: World) -> list[str]:
    """Everybody who can be asked about; the anonymous principal needs no row for it."""
    return sorted({*subjects(world), "anonymous"})


def some_pairs(world: World, seed: int, most: int) -> list[Pair]:
    """Up to `most` pairs of somebody and something, the same ones for a seed."""
    pairs = [(person, thing) for person in askable(world) for thing in things_of(world)]
    return random.Random(seed).sample(pairs, min(most, len(pairs)))


def told(access: Access, person: str, thing: str) -> dict[str, Any]:
    """What the program answers, in the shape of the slow truth."""
    answer = access.check(person, thing).as_dict()
    return {name: answer[name] for name in FIELDS}


def differences(world: World, access: Access, pairs: Iterable[Pair], prefix: str = "") -> list[tuple[Any, ...]]:
    """(person, thing, field, truth, answer) wherever the two differ."""
    found: list[tuple[Any, ...]] = []
    for person, thing in pairs:
        truth = verdict(world, person, thing)
        answer = told(access, person if person == "anonymous" else prefix + person, prefix + thing)
        found += [(person, thing, name, truth[name], answer[name]) for name in FIELDS if truth[name] != answer[name]]
    return found


def ask(seeds: range, most: int) -> int:
    """Compare on these worlds; returns how many pairs were asked."""
    asked = 0
    for seed in seeds:
        world, access = made(seed)
        pairs = some_pairs(world, seed, most)
        assert not differences(world, access, pairs), f"seed {seed}"
        asked += len(pairs)
    return asked


def test_check_gives_every_verdict_of_the_slow_truth_on_random_tenants() -> None:
    assert ask(*QUICK) == 3000


@pytest.mark.slow
@pytest.mark.parametrize(("seeds", "most"), REST, ids=[str(seeds) for seeds, _ in REST])
def test_check_gives_every_verdict_of_the_slow_truth_on_many_more_random_tenants(seeds: range, most: int) -> None:
    assert ask(seeds, most) == 2100


def test_a_thousand_tenants_and_twenty_thousand_pairs_are_asked_in_all() -> None:
    blocks = [QUICK, *REST]
    assert sum(len(seeds) for seeds, _ in blocks) == 1000
    assert sum(len(seeds) * most for seeds, most in blocks) > 20_000


def together(family: str) -> list[tuple[World, Access, list[World]]]:
    """The worlds of a family, those with the same settings as one tenant."""
    groups: dict[str, list[World]] = {}
    for world in all_worlds(family):
        groups.setdefault(repr((sorted(world.switches.items()), world.coverage, world.snapshot)), []).append(world)
    return [(whole := side_by_side(worlds), access_to(whole), worlds) for worlds in groups.values()]


@pytest.mark.parametrize(
    ("family", "people", "worlds"),
    [("nesting", ("u0", "u1"), 2048), ("links", ("u", "anonymous"), 4800), ("one_gate", None, 49)],
)
def test_check_agrees_on_every_world_of_a_family(family: str, people: tuple[str, ...] | None, worlds: int) -> None:
    asked = 0
    for _, access, members in together(family):
        for number, world in enumerate(members):
            pairs = [(person, row["id"]) for row in world.tables["items"] for person in people or subjects(world)]
            assert not differences(world, access, pairs, f"{number}/"), world.tables
            asked += 1
    assert asked == worlds


def test_who_and_what_list_exactly_those_that_check_says_reach() -> None:
    listed = 0
    for seed in QUICK[0]:
        world, access = made(seed)
        dice = random.Random(seed)
        items = dice.sample([row["id"] for row in world.tables["items"]], 1)
        people = dice.sample(subjects(world), 1)
        for item in items:
            answers = {person: access.check(person, item) for person in askable(world)}
            for lens in LENSES:
                expected = {person for person, answer in answers.items() if answer.reaches(lens)}
                frame = access.who(item, lens)
                assert set(frame["principal"]) == expected, (seed, item, lens)
                levels = dict(zip(frame["principal"], frame["level"], strict=True))
                assert all(answers[person].open.name == level for person, level in levels.items())
                listed += len(expected)
        for person in people:
            answers = {row["id"]: access.check(person, row["id"]) for row in world.tables["items"]}
            for lens in LENSES:
                expected = {item for item, answer in answers.items() if answer.reaches(lens)}
                assert set(access.what(person, lens)["item"]) == expected, (seed, person, lens)
                listed += len(expected)
    assert listed > 1000


def test_the_possible_lists_are_those_of_the_possible_answers() -> None:
    for seed in range(1, 40, 3):
        world, access = made(seed)
        item = world.tables["items"][0]["id"]
        for lens in LENSES:
            expected = set()
            for person in askable(world):
                truth = verdict(world, person, item)
                if reaches(truth["possible"] or truth, lens):
                    expected.add(person)
            assert set(access.who(item, lens, possible=True)["principal"]) == expected, (seed, lens)


def test_a_world_written_to_a_folder_and_read_back_gives_the_same_answers(tmp_path: Path) -> None:
    for seed in range(3, 12):
        world, direct = made(seed)
        read_back = Access(read(write_folder(world, tmp_path / str(seed), seed)))
        for person, thing in some_pairs(world, seed, 40):
            assert told(read_back, person, thing) == told(direct, person, thing), (seed, person, thing)


def test_worlds_side_by_side_answer_as_they_do_alone() -> None:
    worlds = list(all_worlds("nesting"))[700:710]
    whole = side_by_side(worlds)
    for number, world in enumerate(worlds):
        for person in ("u0", "u1"):
            assert verdict(whole, f"{number}/{person}", f"{number}/i0") == verdict(world, person, "i0")
    assert tenant_of(whole)["principals"].height == 50


@pytest.mark.parametrize("seed", range(0, 100, 4))
def test_whatever_is_one_step_away_has_a_witness_that_names_the_step(seed: int) -> None:
    words = {
        "link_url": "with the address of",
        "join": "could join",
        "eligible": "could activate",
        "elevation": "give themselves access",
        "redemption": "",
    }
    access = access_to(random_world(seed))
    for node in access.facts.people.node_of:
        for possible in (False, True):
            found = access.what(access.facts.people.names[node], "latent", possible=possible, via=True)
            for row in found.filter(pl.col("latent_by").is_not_null()).iter_rows(named=True):
                known = access.addresses.thing(row["item"])
                units = access.possible if possible else access.sure
                if units.place_of[known] == units.n_places - 1 and row["latent_by"] == "redemption":
                    continue  # no scope is known: anybody may hold it, by no row
                assert any(words[row["latent_by"]] in step for step in row["via"]), row
