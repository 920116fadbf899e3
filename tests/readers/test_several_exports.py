"""Several exports of one tenant in one folder: joined by documented keys, disagreements listed, gaps said."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from acl_graph.access import Access, open_export
from acl_graph.errors import BadInput
from acl_graph.readers import read
from acl_graph.vocabulary import Cover, Level
from tests.support.formats import graph_json, mgdc, reports, rest_answers, settings, tenant_folder, truth


def everything(folder: Path) -> None:
    """Seven exports of the small tenant side by side."""
    mgdc.write(folder)
    graph_json.write(folder)
    settings.write(folder)
    reports.permission_audit(folder)
    reports.sharing_reports(folder)
    reports.everyone_report(folder)
    rest_answers.write(folder)


@pytest.fixture(scope="module")
def together(tmp_path_factory: pytest.TempPathFactory) -> Access:
    folder = tmp_path_factory.mktemp("together")
    everything(folder)
    return open_export(folder)


def test_seven_exports_answer_as_the_tenant_does(together: Access, tmp_path: Path) -> None:
    tenant_folder.write(tmp_path, "csv")
    plain = open_export(tmp_path)
    for name, item in truth.pairs():
        one, other = together.check(truth.upn(name), truth.item_path(item)), plain.check(truth.upn(name), item)
        same = ("open", "latent", "latent_by", "find", "copilot")
        assert [getattr(one, part) for part in same] == [getattr(other, part) for part in same], (name, item)
        if truth.ITEMS[item][3] != truth.SECRET:  # who applied an encryption is in none of them
            assert one.possible == other.possible, (name, item)


def test_one_thing_has_one_name(together: Access) -> None:
    tenant = together.tenant
    assert tenant.unresolved.is_empty()
    assert tenant["sites"]["id"].sort().to_list() == sorted(truth.SITES)
    groups = tenant["principals"].filter(tenant["principals"]["kind"] == "sharepoint_group")
    assert sorted(groups["id"]) == sorted(f"{site}/g{number}" for site, number in truth.SITE_GROUPS)
    own = tenant["scopes"].filter(~tenant["scopes"]["id"].is_in(tenant["items"]["id"].implode()))
    assert sorted(own["id"]) == sorted(truth.SCOPES)
    assert any("were joined with those of an earlier one" in note for note in tenant.notes)


def test_the_fullest_coverage_counts(together: Access) -> None:
    coverage = together.tenant.coverage
    assert all(coverage.complete(table) for table in ("grants", "members", "links", "items", "label_rights"))
    assert coverage.default_holds("principals", "state")


def test_exports_that_agree_have_no_conflicts(together: Access) -> None:
    assert together.tenant.conflicts.is_empty(), together.tenant.conflicts


def test_what_a_person_wrote_about_coverage_is_not_overruled(tmp_path: Path) -> None:
    mgdc.write(tmp_path)
    graph_json.write(tmp_path, content=False)
    (tmp_path / "tenant.toml").write_text('[coverage]\nmembers = "partial"\n')
    assert read(tmp_path).coverage.table("members") == Cover.PARTIAL


def test_settings_lie_over_facts_and_what_they_overrule_is_listed(tmp_path: Path) -> None:
    mgdc.write(tmp_path)
    row = f"{truth.url(truth.VAULT)},NoAccess,Disabled"
    (tmp_path / "Get-SPOSite.csv").write_text(f"Url,LockState,SharingCapability\n{row}\n")
    tenant = read(tmp_path)
    vault = tenant["sites"].filter(tenant["sites"]["id"] == truth.VAULT).row(0, named=True)
    assert (vault["lock"], vault["sharing"]) == ("NoAccess", "Disabled")
    listed = {(row["table"], row["key"], row["column"], row["kept"]) for row in tenant.conflicts.iter_rows(named=True)}
    assert ("sites", truth.VAULT, "lock", "NoAccess") in listed


def test_two_exports_that_disagree_about_a_link_are_listed(tmp_path: Path) -> None:
    mgdc.write(tmp_path)
    permission = {
        "id": truth.L_PEOPLE,
        "roles": ["read"],
        "link": {"scope": "anonymous", "type": "view"},
        "grantedToIdentitiesV2": [],
    }
    url = f"{graph_json.GRAPH}/drives/b!x/items/01A/permissions"
    (tmp_path / "graph.json").write_text(json.dumps({"url": url, "body": {"value": [permission]}}))
    rows = [row for row in read(tmp_path).conflicts.iter_rows(named=True) if row["column"] == "audience"]
    assert [(row["table"], row["key"], row["kept"], row["other"]) for row in rows] == [
        ("links", truth.L_PEOPLE, "people", "anyone")
    ]


def test_two_tenants_in_one_folder_are_refused_by_name(tmp_path: Path) -> None:
    mgdc.write(tmp_path / "a", entra=False)
    other = "aaaaaaaa-1111-4222-8333-444444444444"
    row = json.dumps(mgdc.users()[0] | {"ptenant": other})
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "users.json").write_text(row + "\n")
    with pytest.raises(BadInput, match=f"{truth.TENANT}.*{other}"):
        read(tmp_path)


def test_a_report_in_csv_of_another_tenant_is_refused_too(tmp_path: Path) -> None:
    mgdc.write(tmp_path, entra=False)
    reports.everyone_report(tmp_path)
    path = tmp_path / "everyone.csv"
    path.write_text(path.read_text("utf-8-sig").replace(truth.TENANT, "AAAAAAAA-1111-4222-8333-444444444444"))
    with pytest.raises(BadInput, match="two tenants"):
        read(tmp_path)


def test_one_tenant_is_one_in_braces_and_capitals(tmp_path: Path) -> None:
    mgdc.write(tmp_path, entra=False)
    reports.everyone_report(tmp_path)
    path = tmp_path / "everyone.csv"
    path.write_text(path.read_text("utf-8-sig").replace(truth.TENANT, f"{{{truth.TENANT.upper()}}}"))
    assert read(tmp_path)["sites"].height == 3


def test_people_known_by_display_name_are_never_joined(tmp_path: Path) -> None:
    mgdc.write(tmp_path)
    header = "Object,Title,URL,HasUniquePermissions,Users,Type,Permissions,GrantedThrough"
    row = f"Site,Vault,{truth.url(truth.VAULT)},TRUE,Kai,User,Full Control,Direct Permissions"
    (tmp_path / "report.csv").write_text(f"{header}\n{row}\n")
    access = open_export(tmp_path)
    assert access.check(truth.upn("kai"), "/sites/Vault/Documents/memo.docx").open == Level.NONE
    names = access.tenant["principals"].filter(access.tenant["principals"]["name"] == "Kai")["id"].to_list()
    assert sorted(names) == sorted([truth.person("kai"), "name:Kai"])
    assert any("low confidence" in note for note in access.tenant.notes)


def test_one_title_in_two_sites_is_two_groups(tmp_path: Path) -> None:
    mgdc.write(tmp_path)
    header = "SiteUrl,SiteTitle,Type,RelativeUrl,MemberType,MemberName,MemberLoginName,ParentGroup,Roles"
    row = f"{truth.url(truth.COMMONS)},Commons,Site,,Group,Vault Members,Vault Members,NA,Read"
    (tmp_path / "report.csv").write_text(f"{header}\n{row}\n")
    groups = read(tmp_path)["grants"]["principal"].drop_nulls().to_list()
    assert f"{truth.url(truth.COMMONS).lower()}|vault members" in groups


def _moved(folder: Path, dataset: str, day: str) -> None:
    path = folder / dataset / "part-00000.json"
    path.write_text(path.read_text().replace(truth.DAY, day))


def test_a_gap_between_days_widens_what_is_possible_and_is_said(tmp_path: Path) -> None:
    mgdc.write(tmp_path)
    _moved(tmp_path, "Groups", "2026-05-20T00:00:00Z")
    access = open_export(tmp_path)
    assert access.tenant.coverage.table("members") == Cover.PARTIAL
    assert access.tenant.coverage.complete("grants")
    assert any("members of mgdc are of 2026-05-20, 14 days before" in note for note in access.tenant.notes)
    answer = access.check(truth.upn("kai"), "/sites/Ledger/Shared Documents/plan.docx")
    assert answer.open == Level.NONE and answer.possible is not None


def test_a_day_apart_is_one_export(tmp_path: Path) -> None:
    mgdc.write(tmp_path)
    _moved(tmp_path, "Groups", "2026-06-02T00:00:00Z")
    tenant = read(tmp_path)
    assert tenant.coverage.complete("members")
    assert not any("before the newest export" in note for note in tenant.notes)


def test_the_later_of_two_descriptions_counts(tmp_path: Path) -> None:
    mgdc.write(tmp_path)
    (tmp_path / "links.csv").write_text(f"id,audience\n{truth.L_PEOPLE},organization\n")
    for day, kept, other in (("2026-06-09", "organization", "people"), ("2026-05-09", "people", "organization")):
        (tmp_path / "tenant.toml").write_text(f"snapshot = {day}T00:00:00Z\n")
        tenant = read(tmp_path)
        found = tenant["links"].filter(tenant["links"]["id"] == truth.L_PEOPLE)["audience"].to_list()
        assert found == [kept]
        assert [row["other"] for row in tenant.conflicts.iter_rows(named=True)] == [other]
