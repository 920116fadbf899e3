"""The synthetic tenant: the same seed gives the same bytes, both forms tell of one tenant, its shape is as promised."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acl_graph.access import Access
from acl_graph.errors import OutputExists
from acl_graph.readers import read
from acl_graph.samples import write_sample
from acl_graph.samples.guids import guids
from acl_graph.samples.synthetic import build, distinct, on_circles
from acl_graph.tenant.schema import TABLES
from acl_graph.tenant.validate import sort_out

SCALE = 0.01
Made = tuple[dict[str, int], dict[str, pl.DataFrame]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Made:
    place = tmp_path_factory.mktemp("folder")
    rows = write_sample(place, scale=SCALE, seed=7)
    return rows, {path.stem: pl.read_parquet(path) for path in place.glob("*.parquet")}


@pytest.fixture(scope="module")
def delivery(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, int], Path]:
    place = tmp_path_factory.mktemp("mgdc")
    return write_sample(place, scale=SCALE, seed=7, as_="mgdc"), place


def rows_of(place: Path, dataset: str) -> Iterator[dict[str, Any]]:
    for part in sorted((place / dataset).glob("part-*.json")):
        for line in part.read_text(encoding="utf-8").splitlines():
            yield json.loads(line)


@pytest.mark.parametrize("form", ["folder", "mgdc"])
def test_the_same_seed_gives_the_same_bytes_and_another_gives_others(form: Any, tmp_path: Path) -> None:
    def written(name: str, seed: int) -> dict[str, bytes]:
        place = tmp_path / name
        write_sample(place, scale=0.001, seed=seed, as_=form)
        return {str(path.relative_to(place)): path.read_bytes() for path in place.rglob("*") if path.is_file()}

    once = written("once", 3)
    assert once == written("again", 3)
    assert once != written("other", 4)


def test_every_table_has_the_rows_that_were_reported_and_keeps_them_all_when_sorted_out(folder: Made) -> None:
    rows, tables = folder
    assert {name: len(frame) for name, frame in tables.items()} == rows
    for name, frame in tables.items():
        kept, rejected = sort_out(TABLES[name], frame)
        assert len(kept) == len(frame) and rejected.is_empty(), name
        assert set(frame.columns) <= {column.name for column in TABLES[name].columns}, name


def test_no_row_names_what_no_other_row_describes(folder: Made) -> None:
    _, tables = folder
    known = {name: set(tables[name]["id"]) for name in ("principals", "sites", "scopes", "links", "items", "labels")}
    for table, column, what in [
        ("members", "group", "principals"),
        ("members", "member", "principals"),
        ("grants", "scope", "scopes"),
        ("grants", "principal", "principals"),
        ("grants", "link", "links"),
        ("links", "origin", "scopes"),
        ("link_users", "principal", "principals"),
        ("scopes", "parent", "scopes"),
        ("items", "label", "labels"),
        ("site_admins", "principal", "principals"),
        ("usage", "item", "items"),
        ("sites", "group", "principals"),
    ]:
        assert set(tables[table][column].drop_nulls()) <= known[what], (table, column)


def test_paths_are_one_of_a_kind_and_lie_below_their_parents(folder: Made) -> None:
    scopes = folder[1]["scopes"]
    assert scopes["path"].n_unique() == len(scopes)
    below = scopes.join(scopes.select(parent="id", above="path"), on="parent")
    assert below.select(pl.col("path").str.starts_with(pl.col("above") + "/").all()).item()
    assert folder[1]["items"]["path"].n_unique() == len(folder[1]["items"])


@pytest.mark.parametrize("seed", range(5))
def test_groups_stand_in_circles_and_a_scope_is_granted_to_one(seed: int) -> None:
    tenant = build(0.001, seed)
    circle = set(tenant.members.on_circle.tolist())
    assert len(circle) >= 2
    above: dict[int, list[int]] = {}
    for group, member in zip(tenant.members.group.tolist(), tenant.members.member.tolist(), strict=True):
        above.setdefault(member, []).append(group)
    for start in circle:
        seen: set[int] = set()
        todo = list(above[start])
        while todo:
            group = todo.pop()
            if group not in seen:
                seen.add(group)
                todo.extend(above.get(group, ()))
        assert start in seen
    assert circle & set(tenant.grants.principal.tolist())


@given(st.lists(st.integers(-1, 11), min_size=12, max_size=12))
def test_on_circles_agrees_with_walking_up_step_by_step(parents: list[int]) -> None:
    def returns(start: int) -> bool:
        node = parents[start]
        for _ in parents:
            if node in (-1, start):
                break
            node = parents[node]
        return node == start

    assert on_circles(np.array(parents)).tolist() == [node for node in range(12) if returns(node)]


def test_shares_and_means_are_roughly_those_promised(folder: Made) -> None:
    rows, tables = folder
    assert (rows["sites"], rows["scopes"], rows["items"]) == (200, 10_000, 10_000)
    kinds = dict(tables["principals"]["kind"].value_counts().iter_rows())
    assert kinds["user"] == 1000
    assert kinds["security_group"] + kinds["mail_security_group"] == 300
    assert (kinds["m365_group"], kinds["group_owners"], kinds["sharepoint_group"]) == (200, 200, 600)

    tenant = build(SCALE, 7)
    numbers, grants = tenant.numbers, tenant.grants
    count = rows["scopes"]
    direct = (grants.principal >= 0) & (grants.principal < numbers.users)
    assert 2.3 < direct.sum() / count < 2.8
    kept = np.isin(grants.principal, numbers.site_group(np.arange(200), 0)).sum()
    assert 0.83 < kept / count < 0.88
    assert 0.005 < (grants.principal == numbers.everyone_internal).sum() / count < 0.02
    extra = (grants.principal >= numbers.first_group) & (grants.principal < numbers.first_team)
    assert 0.085 < extra.sum() / count < 0.115
    assert rows["links"] == 500
    labels = dict(tables["labels"].select("id", "rank").iter_rows())
    sensitive = sum(labels.get(label, 0) >= 2 for label in tables["items"]["label"])
    assert 0.18 < sensitive / count < 0.22
    nested = (tenant.members.member >= numbers.first_group) & (tenant.members.member < numbers.first_team)
    assert nested.sum() == 180
    sizes = np.bincount(tenant.members.group[~tenant.members.owner])[numbers.first_group : numbers.first_team]
    assert sizes.max() > 5 * np.median(sizes), "group sizes have a long tail"
    per_site = np.sort(np.bincount(tenant.scopes.site))[::-1]
    assert per_site[0] > 10 * np.median(per_site), "scopes crowd on few sites"


def test_links_are_of_every_audience_and_some_have_ended_and_some_are_copied(folder: Made) -> None:
    _, tables = folder
    assert set(tables["links"]["audience"]) == {"anyone", "organization", "people"}
    snapshot = pl.datetime(2026, 6, 1, time_zone="UTC")
    assert 0 < tables["links"].filter(pl.col("expires") <= snapshot).height < 100
    named = tables["grants"].filter(pl.col("link").is_not_null())
    assert named.height > tables["links"].height
    assert named["principal"].null_count() == named.height
    people = tables["links"].filter(pl.col("audience") == "people")["id"]
    assert set(people) <= set(tables["link_users"]["link"]), "nobody makes a link for no people"


def test_both_forms_tell_of_the_same_tenant(folder: Made, delivery: tuple[dict[str, int], Path]) -> None:
    rows, tables = folder
    counted, place = delivery
    for dataset in counted:
        if dataset != "Get-SPOSite":
            assert sum(1 for _ in rows_of(place, dataset)) == counted[dataset], dataset
    assert counted["Sites"] == counted["Get-SPOSite"] == rows["sites"]
    assert counted["Files"] == tables["items"]["count"].sum()
    assert counted["FileActions"] == rows["usage"]
    assert counted["Groups"] == 3 * rows["sites"] + rows["links"]

    internal = tables["principals"].filter((pl.col("kind") == "user") & (pl.col("home") == "internal"))
    assert {row["id"] for row in rows_of(place, "User")} == set(internal["id"])
    licensed = {row["id"] for row in rows_of(place, "User") if row["assignedLicenses"]}
    assert licensed == set(internal.filter(pl.col("copilot") == "licensed")["id"])

    owners = {(row["pObjectId"], row["id"]) for row in rows_of(place, "GroupOwners")}
    assert owners == set(tables["members"].filter(pl.col("role") == "owner").select("group", "member").iter_rows())

    spelled = {"FullControl": "Full Control", "ViewOnly": "View Only"}
    groups = {
        (name, site): group
        for group, name, site in tables["principals"]
        .filter(pl.col("kind") == "sharepoint_group")
        .select("id", "name", "site")
        .iter_rows()
    }
    told: set[tuple[str, str | None, str, str | None]] = set()
    for row in rows_of(place, "Permissions"):
        if row["ItemType"] == "SiteAdmin":
            continue
        scope = f"{row['SiteId']}/{row['ScopeId']}"
        level = spelled.get(row["RoleDefinition"], row["RoleDefinition"])
        if "LinkId" in row:
            told.add((scope, None, level, row["LinkId"]))
            continue
        for to in row["SharedWith"]:
            if to["Type"] == "SharePointGroup":
                principal = groups[(to["Name"], row["SiteId"])]
            else:
                principal = to.get("AadObjectId") or to["UserLoginName"]
            told.add((scope, principal, level, None))
    assert told == set(tables["grants"].select("scope", "principal", "level", "link").iter_rows())

    files = {(row["ItemId"], f"{row['SiteId']}/{row['ScopeId']}") for row in rows_of(place, "Files")}
    assert set(tables["items"].select("id", "scope").iter_rows()) <= files


def test_the_addresses_of_permissions_have_no_host_and_no_leading_slash(delivery: tuple[dict[str, int], Path]) -> None:
    assert all(row["ItemURL"].startswith("sites/") for row in rows_of(delivery[1], "Permissions"))


def test_progress_only_moves_forward_and_ends_at_one(tmp_path: Path) -> None:
    heard: list[float] = []
    write_sample(tmp_path, scale=0.0001, progress=lambda what, done: heard.append(done))
    assert heard == sorted(heard) and heard[-1] == 1.0


def test_a_folder_that_holds_anything_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(OutputExists, match="not empty"):
        write_sample(tmp_path, scale=0.0001)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize("wrong", [{"scale": 0.0}, {"scale": -1.0}, {"scale": float("nan")}, {"as_": "csv"}])
def test_a_wrong_scale_or_form_is_refused(wrong: Any, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="must be"):
        write_sample(tmp_path / "new", **wrong)
    assert not (tmp_path / "new").exists()


def test_guids_have_their_shape_and_are_all_different() -> None:
    made = guids(np.random.Generator(np.random.PCG64(5)), 1000)
    assert len(set(made)) == 1000
    shape = r"^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"
    assert pl.Series(made).str.contains(shape).all()


@given(st.lists(st.integers(0, 9)))
def test_distinct_is_the_sorted_set(values: list[int]) -> None:
    assert distinct(np.array(values, dtype=np.int64)).tolist() == sorted(set(values))


def test_the_front_door_does_not_import_polars() -> None:
    code = "import sys, acl_graph; sys.exit('polars' in sys.modules or 'numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_reading_either_form_gives_the_same_verdicts(tmp_path: Path) -> None:

    write_sample(tmp_path / "folder", scale=0.002, seed=7)
    write_sample(tmp_path / "mgdc", scale=0.002, seed=7, as_="mgdc")
    one, other = read(tmp_path / "folder"), read(tmp_path / "mgdc")
    assert other.rejected.is_empty() and other.unresolved.is_empty()
    logins = one.tables["principals"].filter(pl.col("kind") == "user")["login"].to_list()
    paths = one.tables["items"]["path"].to_list()
    first, second = Access(one), Access(other)
    rng = np.random.default_rng(1)
    opened = 0
    for user, path in zip(rng.choice(logins, 600), rng.choice(paths, 600), strict=True):
        here, there = first.check(str(user), str(path)), second.check(str(user), str(path))
        assert (here.open, here.latent, here.find) == (there.open, there.latent, there.find), (user, path)
        opened += here.open > 0
    assert opened > 10
