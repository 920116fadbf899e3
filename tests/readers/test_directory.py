"""Licences, segments and roles of the directory."""

from __future__ import annotations

import json
from pathlib import Path

from acl_graph.readers import read
from acl_graph.tenant import Tenant

GA = "62e90394-69f5-4237-9190-012177145e10"
SEGMENT = "d0d0d0d0-aaaa-4bbb-8ccc-000000000001"


def export(folder: Path, content: str, name: str = "list.csv") -> Tenant:
    (folder / name).write_text(content, encoding="utf-8-sig")
    return read(folder)


def test_licences_lie_over_known_accounts(tmp_path: Path) -> None:
    (tmp_path / "principals.csv").write_text("id,kind,login\nu1,user,ana@birchdale.example\n")
    tenant = export(
        tmp_path,
        "User principal name,Display name,Block credential,Licenses\n"
        "Ana@birchdale.example,Ana,False,Microsoft 365 E5+Microsoft 365 Copilot\n"
        "gus_elm.example#EXT#@birchdale.onmicrosoft.com,Gus,True,Unlicensed\nnobody,X,False,\n",
    )
    rows = {row["id"]: row for row in tenant["principals"].iter_rows(named=True)}
    assert (rows["u1"]["copilot"], rows["u1"]["state"]) == ("licensed", "active")
    guest = rows["gus_elm.example#ext#@birchdale.onmicrosoft.com"]
    assert (guest["copilot"], guest["state"], guest["home"], guest["kind"]) == ("none", "disabled", "guest", "user")
    assert tenant.rejected["why"].to_list() == ["account has no user principal name"]


def test_segments_of_accounts(tmp_path: Path) -> None:
    tenant = export(
        tmp_path, f"UserPrincipalName,InformationBarrierSegments\nana@b.example,{{{SEGMENT.upper()}}}\nben@b.example,\n"
    )
    assert dict(tenant["principals"].select("id", "segments").iter_rows()) == {
        "ana@b.example": [SEGMENT],
        "ben@b.example": [],
    }
    assert tenant.coverage.default_holds("principals", "segments")


def test_roles_of_the_portal_are_active_or_eligible(tmp_path: Path) -> None:
    tenant = export(
        tmp_path,
        "Role,Display name,User principal name,Assignment state\n"
        "SharePoint Administrator,Ana,ana@b.example,Active\nSharePoint Administrator,Ben,ben@b.example,Eligible\n",
    )
    role = tenant["principals"].row(0, named=True)
    assert (role["kind"], role["role_template"]) == ("directory_role", "sharepoint_administrator")
    assert tenant["members"].select("member", "assignment").rows() == [
        ("ana@b.example", "active"),
        ("ben@b.example", "eligible"),
    ]


def test_roles_of_graph_are_known_by_their_template(tmp_path: Path) -> None:
    user = "77777777-aaaa-4bbb-8ccc-000000000001"
    page = {
        "@odata.context": "https://graph.microsoft.com/v1.0/$metadata#roleManagement/directory/roleEligibilityScheduleInstances",
        "value": [
            {
                "id": "1",
                "principalId": user,
                "roleDefinitionId": GA,
                "directoryScopeId": "/",
                "roleEligibilityScheduleId": "x",
            },
            {
                "id": "2",
                "principalId": user,
                "roleDefinitionId": GA,
                "directoryScopeId": "/administrativeUnits/1",
                "roleEligibilityScheduleId": "y",
            },
        ],
    }
    tenant = export(tmp_path, json.dumps(page), "roles.json")
    assert tenant["principals"].select("id", "role_template").rows() == [(GA, "global_administrator")]
    assert tenant["members"].select("group", "member", "assignment").rows() == [(GA, user, "eligible")]
    assert any("administrative unit" in note for note in tenant.notes)
