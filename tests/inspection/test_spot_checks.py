"""Spot checks: spread over the kinds of paths, the same each time, and safe with any name."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from acl_graph.access import Access, open_export
from acl_graph.inspection.spot_checks import KINDS, encoded, spot_checks, spot_checks_data, spot_checks_text
from acl_graph.vocabulary import Level
from tests.support.formats import tenant_folder, truth

#: nothing but what an address may hold: no space, quote of any kind, backtick, control character
ADDRESS = re.compile(r"^https://[A-Za-z0-9.-]+/[\x21-\x7e]*$")


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Access:
    folder = tmp_path_factory.mktemp("small")
    tenant_folder.write(folder, "csv")
    return open_export(folder)


def test_twenty_checks_are_spread_over_every_kind_of_path(small: Access) -> None:
    checks = spot_checks(small)
    assert len(checks) == 20
    assert {check.kind for check in checks} == set(KINDS)
    assert len({(check.principal, check.item) for check in checks}) == 20


def test_the_same_export_gives_the_same_checks(small: Access) -> None:
    assert spot_checks(small) == spot_checks(Access(small.tenant))


def test_fewer_are_given_where_fewer_are_asked_for(small: Access) -> None:
    assert [check.kind for check in spot_checks(small, 3)] == ["direct", "group", "nested_group"]
    assert spot_checks(small, 0) == []


def test_every_verdict_is_the_one_of_check(small: Access) -> None:
    for check in spot_checks(small):
        answer = small.check(check.principal, check.item)
        assert (check.open, check.latent_by) == (answer.open.name, answer.latent_by)
        opens = Level[check.open] >= Level.VIEW
        assert opens == (check.kind not in ("stopped", "latent", "nothing"))
        assert bool(check.why) or not opens


def test_every_check_asks_for_effective_permissions_of_that_person_on_that_file(small: Access) -> None:
    for check in spot_checks(small):
        first = check.calls[0]
        assert first.method == "GET" and "/GetUserEffectivePermissions(@u)?@u='" in first.request
        assert unquote(first.request.partition("?@u=")[2]) == f"'i:0#.f|membership|{check.login.lower()}'"
        assert truth.item_path(check.item).replace("'", "''") in unquote(first.request)
        assert ("odd" in first.expect) == (check.kind not in ("nothing", "latent")) or check.latent_by == "redemption"


def test_what_stops_somebody_has_a_request_of_its_own(small: Access) -> None:
    stopped = [check for check in spot_checks(small, 40) if check.kind == "stopped"]
    asked = " ".join(call.request for check in stopped for call in check.calls)
    assert "accountEnabled" in asked and "RestrictedAccessControlGroups" in asked


def test_groups_of_the_directory_are_asked_for_by_id(small: Access) -> None:
    nested = [check for check in spot_checks(small, 40) if check.kind == "nested_group"]
    bodies = [json.loads(call.body) for check in nested for call in check.calls if call.body]
    assert bodies and all(re.fullmatch(r"[0-9a-f-]{36}", one) for body in bodies for one in body["groupIds"])


def calls_of(access: Access, kind: str) -> str:
    """All requests of one kind of check with what is expected, decoded."""
    checks = [check for check in spot_checks(access, 60) if check.kind == kind]
    return "\n".join(f"{unquote(call.request)} -> {call.expect}" for check in checks for call in check.calls)


def test_a_group_of_the_site_is_asked_for_its_members(small: Access) -> None:
    asked = calls_of(small, "nested_group")
    assert f"https://{truth.HOST}/sites/Ledger/_api/web/sitegroups/getbyname('Ledger Members')/users" in asked
    assert f"-> a LoginName with {truth.group('team')}" in asked
    assert "spo-grid-all-users" in calls_of(small, "claim")


def test_a_link_is_named_by_the_id_in_its_hidden_group(small: Access) -> None:
    asked = calls_of(small, "link")
    assert any(f"begins with SharingLinks and ends with {link}" in asked for link in truth.LINKS)


def test_administrators_and_owners_are_asked_for_where_they_decide(small: Access) -> None:
    asked = calls_of(small, "admin")
    assert "/_api/web/siteusers?$filter=IsSiteAdmin eq true" in asked
    assert f"/groups/{truth.group('team')}/owners?$select=id,userPrincipalName -> {truth.upn('joy')}" in asked


def test_a_site_gate_is_not_said_to_be_the_permission_list(small: Access) -> None:
    stops = [call.expect for check in spot_checks(small, 60) for call in check.calls if call.method == "PowerShell"]
    assert stops and not any("acl" in expect for expect in stops)


def test_an_eligible_role_is_looked_for_among_eligible_ones(tmp_path: Path) -> None:
    ana, role = "77777777-aaaa-4bbb-8ccc-000000000001", "62e90394-69f5-4237-9190-012177145e10"
    (tmp_path / "sites.csv").write_text("id,url\ns,https://x.example/sites/s\n")
    (tmp_path / "scopes.csv").write_text("id,site,kind,path\nw,s,web,/sites/s\n")
    (tmp_path / "principals.csv").write_text(
        f"id,kind,login,role_template\n{ana},user,ana@x.example,\n{role},directory_role,,global_administrator\n"
    )
    (tmp_path / "members.csv").write_text(f"group,member,assignment\n{role},{ana},eligible\n")
    (tmp_path / "grants.csv").write_text(f"scope,principal,level\nw,{role},Read\n")
    (tmp_path / "tenant.toml").write_text('[coverage]\ndefault = "complete"\n')
    asked = calls_of(open_export(tmp_path), "latent")
    assert f"roleEligibilityScheduleInstances?$filter=principalId eq '{ana}'" in asked
    assert "transitiveMemberOf" not in asked


def test_every_request_only_reads(small: Access) -> None:
    for check in spot_checks(small, 60):
        for call in check.calls:
            assert call.method in ("GET", "POST", "PowerShell")
            assert call.method != "POST" or call.request.endswith("/checkMemberGroups")
            assert call.method != "PowerShell" or call.request.startswith("Get-SPOSite -Identity 'https://")


HOSTILE = (
    "a'b.docx",
    "it\u2019s \u2018q\u2019.docx",
    'say "hi".docx',
    "100% #1 & ?x=1.docx",
    "$(calc)`whoami`.docx",
    "=cmd|' !A0.docx",
    "line\nbreak\x1b[31m.docx",
    "\u202egpj.docx",
    "x';Remove-Item y;'.docx",
)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Access:
    """A site whose files and people have the worst names."""
    folder = tmp_path_factory.mktemp("hostile")
    site = {"id": "s", "url": "https://x.example/sites/it's %20 'here'", "title": "x"}
    tables = {
        "sites": [site],
        "scopes": [{"id": "s/w", "site": "s", "kind": "web", "path": "/sites/it's %20 'here'"}],
        "items": [
            {"id": f"i{at}", "site": "s", "scope": "s/w", "path": f"/sites/it's %20 'here'/Docs/{name}"}
            for at, name in enumerate(HOSTILE)
        ],
        "principals": [
            {"id": f"u{at}", "kind": "user", "name": name, "login": f"o'{at}&#?{name[:3]}@x.example"}
            for at, name in enumerate(HOSTILE)
        ],
        "grants": [{"scope": "s/w", "principal": f"u{at}", "level": "Read"} for at in range(len(HOSTILE))],
    }
    for table, rows in tables.items():
        (folder / f"{table}.ndjson").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    (folder / "tenant.toml").write_text('[coverage]\ndefault = "complete"\n')
    return open_export(folder)


def test_hostile_names_stay_inside_their_place(hostile: Access) -> None:
    checks = spot_checks(hostile)
    assert len(checks) == 20
    for check in checks:
        for call in check.calls:
            if call.method == "PowerShell":
                assert len(shlex.split(call.request.replace("|", " "))) >= 4
                continue
            assert ADDRESS.match(call.request), call.request
            parts = urlsplit(call.request)
            assert parts.netloc in ("x.example", "graph.microsoft.com") and not parts.fragment
            # quotes come in pairs around what was put in, whatever that was
            assert call.request.count("'") % 2 == 0


def test_the_text_of_a_screen_holds_no_control_character(hostile: Access, small: Access) -> None:
    for access in (hostile, small):
        said = spot_checks_text(spot_checks(access))
        assert all(c.isprintable() or c == "\n" for c in said)
        assert said.count(" expect ") >= 20


def test_nothing_to_look_up_is_said(tmp_path: Path) -> None:
    (tmp_path / "principals.csv").write_text("id,kind\nada,user\n")
    assert spot_checks(open_export(tmp_path)) == []
    assert "Nothing in this export" in spot_checks_text([])


def test_the_data_is_what_json_can_hold(small: Access) -> None:
    rows = json.loads(json.dumps(spot_checks_data(spot_checks(small))))
    assert rows[0]["calls"][0]["method"] == "GET"


def test_encoding_keeps_every_character() -> None:
    for name in HOSTILE:
        assert unquote(encoded(name)).replace("''", "'") == name
