"""Answers that hang on a default, a disputed point or a gap say so, and only those that hang on it."""

from __future__ import annotations

import random
from typing import Any

import pytest

from acl_graph.access.api import Answer
from tests.support.makers import access_to, things_of
from tests.support.oracle import World, subjects
from tests.support.worlds import Row, random_world
from tests.support.worlds import tenant as by_hand

ANN = {"id": "ann", "kind": "user", "copilot": "licensed"}
GUEST = {"id": "gus", "kind": "user", "home": "guest", "copilot": "licensed"}
STAFF = {"id": "staff", "kind": "security_group"}


def world(
    *principals: Row,
    grants: list[Row] | None = None,
    site: Row | None = None,
    coverage: dict[str, str] | None = None,
    switches: Row | None = None,
    **tables: Any,
) -> World:
    """One file in one site, with the group `staff` and these people."""
    said = {"restricted_access_control": True, "information_barriers_suspended": True, **(switches or {})}
    return by_hand(
        {name: value for name, value in said.items() if value is not None},
        {"default": "complete", **(coverage or {})},
        principals=[STAFF, *principals],
        sites=[{"id": "s", "kind": "communication", **(site or {})}],
        scopes=[{"id": "web", "site": "s", "kind": "web"}],
        grants=[{"scope": "web", "level": "Read", **row} for row in grants or []],
        items=[{"id": "file", "scope": "web"}],
        **tables,
    )


def told(made: World, who: str = "ann") -> str:
    """Everything the answer hangs on, as one text."""
    return " | ".join(ask(made, who).because)


def ask(made: World, who: str = "ann") -> Answer:
    return access_to(made).check(who, "file")


def test_an_answer_that_hangs_on_nothing_says_nothing() -> None:
    answer = ask(world(ANN, grants=[{"principal": "ann"}]))
    assert (answer.open.name, answer.because, answer.possible) == ("READ", (), None)


def test_members_that_are_not_all_in_the_export_are_named() -> None:
    made = world(ANN, grants=[{"principal": "staff"}], coverage={"members": "partial"})
    assert told(made) == "the members of staff are not all in the export"


def test_the_group_inside_the_group_is_the_one_that_is_named() -> None:
    inner = {"id": "inner", "kind": "security_group", "expanded": False}
    made = world(ANN, inner, grants=[{"principal": "staff"}], members=[{"group": "staff", "member": "inner"}])
    assert told(made) == "the members of inner are not all in the export"


def test_a_row_that_nobody_could_have_added_is_named() -> None:
    team = {"id": "team", "kind": "m365_group", "visibility": "private"}
    rows = [{"group": "staff", "member": "team"}, {"group": "team", "member": "ann"}]
    made = world(ANN, team, grants=[{"principal": "staff"}], members=rows)
    assert told(made) == "a row puts team into staff, which Entra and SharePoint would not let one add"


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ("grants", "grants are only partly in the export: anybody may hold one here"),
        ("site_admins", "site_admins are only partly in the export: anybody may be one"),
    ],
)
def test_a_table_with_gaps_is_named(table: str, sentence: str) -> None:
    assert told(world(ANN, grants=[{"principal": "staff"}], coverage={table: "partial"})) == sentence


def test_a_level_nobody_knows_is_named_to_those_who_hold_it() -> None:
    made = world(ANN, grants=[{"principal": "ann", "level": "Leser"}, {"principal": "staff", "level": "Autor"}])
    assert told(made) == "the level 'Leser' is not known and is read as Read"


def test_owners_taken_for_administrators_are_said_to_be_assumed() -> None:
    team = {"id": "team", "kind": "m365_group", "visibility": "private"}
    made = world(ANN, team, site={"group": "team"}, members=[{"group": "team", "member": "ann", "role": "owner"}])
    assert ask(made).open.name == "SITEADMIN"
    assert "taken for its administrators" in told(made)


def test_a_switch_the_export_does_not_hold_is_named() -> None:
    made = world(
        ANN,
        grants=[{"principal": "ann"}],
        site={"restricted_access": True},
        site_restricted_groups=[{"site": "s", "group": "staff"}],
        switches={"restricted_access_control": None},
    )
    assert told(made) == "restricted_access_control is not exported: the site's own flag is taken to count"


def test_a_guest_outside_everyone_hears_of_the_switch_that_would_let_him_in() -> None:
    everyone = {"id": "all", "kind": "everyone"}
    sentence = "show_everyone_claim is not exported: guests"
    grants = [{"principal": "all"}]
    assert told(world(GUEST, everyone, grants=grants), "gus").startswith(sentence)
    assert told(world(GUEST, everyone, grants=grants, switches={"show_everyone_claim": False}), "gus") == ""


def test_disputed_points_are_told_where_they_decide_and_not_where_the_flag_is_set() -> None:
    outer = {"id": "outer", "kind": "security_group"}
    rows = [{"group": "outer", "member": "staff"}, {"group": "staff", "member": "ann"}]
    site = {"restricted_access": True}
    listed = [{"site": "s", "group": "outer"}]
    grants = [{"principal": "ann"}]
    hangs = world(ANN, outer, grants=grants, site=site, members=rows, site_restricted_groups=listed)
    assert "(rac_nested; inferred)" in told(hangs)
    decided = world(
        ANN, outer, grants=grants, site=site, members=rows, site_restricted_groups=listed, switches={"rac_nested": True}
    )
    assert told(decided) == ""
    listed = [{"site": "s", "group": "staff"}]
    direct = world(ANN, grants=grants, site=site, members=rows[1:], site_restricted_groups=listed)
    assert told(direct) == ""


def test_a_file_that_can_only_be_viewed_says_what_copilot_hangs_on() -> None:
    assert "viewonly_surfaces" in told(world(ANN, grants=[{"principal": "ann", "level": "View Only"}]))
    assert told(world(ANN, grants=[{"principal": "ann", "level": "Read"}])) == ""


def test_a_licence_nobody_knows_is_named() -> None:
    made = world({**ANN, "copilot": None}, grants=[{"principal": "ann"}])
    assert told(made) == "whether ann can use Copilot is not known"


def test_somebody_nobody_describes_is_said_to_be_that() -> None:
    made = world(grants=[{"principal": "who@north.example"}])
    assert told(made, "who@north.example").startswith("who@north.example is named in the export and described nowhere")


def test_names_in_sentences_hold_no_control_characters() -> None:
    evil = {"id": "evil", "kind": "security_group", "name": "x\x1b[31m\u202ey\nz", "expanded": False}
    sentence = told(world(ANN, evil, grants=[{"principal": "evil", "level": "a\x07b"}]))
    assert sentence
    assert sentence.isprintable()


def test_whatever_is_possible_beyond_the_sure_answer_has_a_reason() -> None:
    wider = 0
    for seed in range(0, 60, 2):
        made = random_world(seed)
        access = access_to(made)
        for thing in random.Random(seed).sample(things_of(made), 4):
            for person in subjects(made):
                answer = access.check(person, thing)
                assert answer.because or not answer.possible, (seed, person, thing)
                assert all(sentence.isprintable() for sentence in answer.because)
                wider += answer.possible is not None
    assert wider > 300
