"""A change laid over the units says what compiling the changed rows anew says."""

from __future__ import annotations

import random
from functools import cache

import numpy as np
import pytest

from acl_graph.access import Access
from acl_graph.access_rules.external_sharing import SHARING, effective_sharing
from acl_graph.changes.recompiled import compare_anew
from acl_graph.changes.simulate import LENSES, Change, ChangeKind, Command, WhatIf, reach_after
from acl_graph.vocabulary import Kind, Lens
from tests.support.makers import access_to
from tests.support.oracle import World, rows
from tests.support.worlds import random_world, tenant

#: a few worlds always, the others with the slow tests
SEEDS = [seed if seed % 9 == 7 else pytest.param(seed, marks=pytest.mark.slow) for seed in range(90)]


def change(kind: ChangeKind, **target: str | tuple[str, ...]) -> Change:
    return Change(kind, target, "because", "F00", Command("none", {}))


@cache
def world(seed: int) -> tuple[World, Access]:
    made = random_world(seed)
    return made, access_to(made)


def changes_of(made: World, access: Access) -> list[Change]:
    """Every change that can be made to a world."""
    found = [
        change(ChangeKind.REMOVE_GRANT, scope=row["scope"], principal=row["principal"])
        for row in rows(made, "grants")
        if row["principal"] and not row["link"]
    ]
    found += [change(ChangeKind.REMOVE_LINK, link=row["id"]) for row in rows(made, "links")]
    found += [
        change(ChangeKind.SET_EXPIRY, link=row["id"], expires=day)
        for row in rows(made, "links")
        for day in ("2019-01-01", "2039-01-01")
    ]
    found += [
        change(ChangeKind.REMOVE_LINK_USER, link=row["link"], principal=row["principal"])
        for row in rows(made, "link_users")
    ]
    found += [
        change(ChangeKind.REMOVE_MEMBER, group=row["group"], member=row["member"]) for row in rows(made, "members")
    ]
    found += [
        change(ChangeKind.REMOVE_SITE_ADMIN, site=row["site"], principal=row["principal"])
        for row in rows(made, "site_admins")
    ]
    found += [
        change(ChangeKind.MAKE_GROUP_PRIVATE, group=row["id"])
        for row in rows(made, "principals")
        if row["kind"] == Kind.M365_GROUP
    ]
    sharing = effective_sharing(access.facts)
    for row in rows(made, "sites"):
        found.append(change(ChangeKind.RESTRICT_ACCESS, site=row["id"], groups=("sg0", "m0")))
        found.append(change(ChangeKind.RESTRICT_DISCOVERY, site=row["id"]))
        site = access.facts.sites.code(row["id"])
        found += [change(ChangeKind.SET_SHARING, site=row["id"], level=word) for word in SHARING[: sharing[site] + 1]]
    return found


@pytest.mark.parametrize("seed", SEEDS)
def test_the_overlay_says_what_the_changed_rows_say(seed: int) -> None:
    made, access = world(seed)
    dice = random.Random(seed)
    whatif = WhatIf(access.sure)
    things = np.arange(access.sure.n_things, dtype=np.int32)
    files = np.array([dice.randint(0, 3) for _ in things], np.int64)
    every = changes_of(made, access)
    by_kind = {kind: [c for c in every if c.kind is kind] for kind in ChangeKind}
    chosen = [[dice.choice(some)] for some in by_kind.values() if some]
    chosen.append(dice.sample(every, min(3, len(every))))
    for changes in chosen:
        fast = whatif.compare(things, changes, files, most=len(things))
        slow = compare_anew(whatif, things.astype(np.int64), changes, files)
        one = np.array([dice.randrange(access.facts.people.n_users)], np.int32)
        alone = whatif.compare(things, changes, files, most=len(things), users=one)
        for lens in LENSES:
            said = [(c.kind, dict(c.target)) for c in changes]
            assert np.array_equal(fast.before[lens], slow.before[lens]), (said, lens)
            assert np.array_equal(fast.after[lens], slow.after[lens]), (said, lens)
            assert np.array_equal(alone.before[lens][one], slow.before[lens][one]), (said, lens)
            assert np.array_equal(alone.after[lens][one], slow.after[lens][one]), (said, lens)
            assert fast.pairs_before[lens] == slow.pairs_before[lens], (said, lens)
            assert fast.pairs_after[lens] == slow.pairs_after[lens], (said, lens)


def test_a_removed_folder_link_is_gone_from_children_that_copied_it() -> None:
    access = access_to(
        tenant(
            principals=[{"id": "bob", "kind": "user"}],
            sites=[{"id": "s"}],
            scopes=[
                {"id": "folder", "site": "s", "kind": "folder"},
                {"id": "file", "site": "s", "kind": "item", "parent": "folder"},
            ],
            links=[{"id": "k", "audience": "people", "origin": "folder"}],
            link_users=[{"link": "k", "principal": "bob"}],
            grants=[{"scope": "folder", "link": "k", "level": "view"}, {"scope": "file", "link": "k", "level": "view"}],
        )
    )
    child = np.array([access.sure.plain(access.facts.scopes.code("file"))], np.int32)
    before, after = reach_after(access, [change(ChangeKind.REMOVE_LINK, link="k")], child, Lens.OPEN)
    assert before.any() and not after.any()


def test_a_private_group_loses_the_claim_in_its_default_members_group_only() -> None:
    everybody = {"id": "eeeu", "kind": "everyone_except_external"}
    access = access_to(
        tenant(
            principals=[
                {"id": "bob", "kind": "user"},
                everybody,
                {"id": "m", "kind": "m365_group", "visibility": "public"},
                {"id": "members", "kind": "sharepoint_group", "site": "s", "name": "Team Members"},
                {"id": "visitors", "kind": "sharepoint_group", "site": "s", "name": "Team Visitors"},
            ],
            members=[
                {"group": "members", "member": "m"},
                {"group": "members", "member": "eeeu"},
                {"group": "visitors", "member": "eeeu"},
            ],
            sites=[{"id": "s", "kind": "team", "group": "m"}],
            scopes=[{"id": "web", "site": "s", "kind": "web"}, {"id": "open", "site": "s", "kind": "folder"}],
            grants=[
                {"scope": "web", "principal": "members", "level": "Edit"},
                {"scope": "open", "principal": "visitors", "level": "Read"},
            ],
        )
    )
    private = [change(ChangeKind.MAKE_GROUP_PRIVATE, group="m")]
    for scope, still in (("web", False), ("open", True)):
        plain = np.array([access.sure.plain(access.facts.scopes.code(scope))], np.int32)
        before, after = reach_after(access, private, plain, Lens.LATENT)
        assert before.any() and after.any() == still


def test_a_change_is_not_judged_in_the_possible_world() -> None:
    with pytest.raises(ValueError, match="sure world"):
        WhatIf(access_to(tenant()).possible)


def test_a_sharing_level_cannot_be_raised_here() -> None:
    access = access_to(tenant(sites=[{"id": "s", "sharing": "Disabled"}]))
    raising = [change(ChangeKind.SET_SHARING, site="s", level="ExternalUserSharingOnly")]
    with pytest.raises(ValueError, match="lowered"):
        WhatIf(access.sure).overlay(raising)
