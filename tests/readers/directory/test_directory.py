"""Licences, segments and roles of the directory."""

# ruff: noqa: E501 - rows of exports are as long as they are

from __future__ import annotations

import json
from pathlib import Path

import pytest

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


def licence(folder: Path, cell: str, header: str = "Licenses", **more: str) -> tuple[str | None, bool]:
    """(what the account's Copilot licence is, whether the column counts as whole)"""
    for name, content in more.items():
        (folder / f"{name}.json").write_text(content)
    tenant = export(folder, f'User principal name;{header}\nana@b.example;"{cell}"\n')
    return tenant["principals"]["copilot"].to_list()[0], tenant.coverage.default_holds("principals", "copilot")


@pytest.mark.parametrize(
    ("cell", "copilot"),
    [
        ("Office 365 E3+Copilot for Microsoft 365", "licensed"),
        ("Microsoft 365 E7", "licensed"),
        ("Microsoft_365_Copilot_EDU", "licensed"),
        ("9a18296a-025f-4e37-9ffa-30bf8d1ce775", "licensed"),
        ("Enterprise Mobility + Security E5+Microsoft Power Automate Free", "none"),
        ("SPE_E5", "none"),
        ("Microsoft Copilot Studio Viral Trial", "none"),
        ("Unlicensed", "none"),
        ("Microsoft 365 E5+Some new bundle", None),
        ("11111111-2222-3333-4444-555555555555", None),
        ("Nicht lizenziert", None),
        ("", None),
        ("System.Object[]", None),
        ("Microsoft.Graph.PowerShell.Models.MicrosoftGraphAssignedLicense", None),
    ],
)
def test_a_licence_that_is_not_known_is_never_none(tmp_path: Path, cell: str, copilot: str | None) -> None:
    assert licence(tmp_path, cell) == (copilot, copilot is not None)


def test_one_row_for_each_licence_is_one_account(tmp_path: Path) -> None:
    tenant = export(
        tmp_path,
        "#TYPE Selected.System\nUserPrincipalName,SkuId,SkuPartNumber\nana@b.example,x,SPE_E5\n"
        "ana@b.example,639dec6b-bb19-468b-871c-c5c441c4b0cb,Microsoft_365_Copilot\nben@b.example,y,NEW_BUNDLE\n",
    )
    assert dict(tenant["principals"].select("id", "copilot").iter_rows()) == {
        "ana@b.example": "licensed",
        "ben@b.example": None,
    }
    assert any("1 accounts have licences of which" in note for note in tenant.notes)


def test_the_tenants_subscriptions_say_what_is_in_a_product(tmp_path: Path) -> None:
    sku = "88888888-aaaa-4bbb-8ccc-000000000001"
    bundle = {"SkuId": sku, "SkuPartNumber": "NEW", "ConsumedUnits": 3,
              "ServicePlans": [{"ServicePlanName": "M365_COPILOT_APPS", "ServicePlanId": "p"}]}  # fmt: skip
    assert licence(tmp_path, sku, skus=json.dumps([bundle]))[0] == "licensed"
    bundle["ServicePlans"] = [{"ServicePlanName": "EXCHANGE", "ServicePlanId": "q"}]
    assert licence(tmp_path, sku, skus=json.dumps([bundle])) == ("none", True)


def test_a_list_that_lacks_an_account_leaves_its_segments_open(tmp_path: Path) -> None:
    (tmp_path / "principals.csv").write_text("id,kind,login\nu1,user,zoe@b.example\n")
    tenant = export(tmp_path, f"UserPrincipalName,InformationBarrierSegments\nana@b.example,{SEGMENT}\n")
    assert not tenant.coverage.default_holds("principals", "segments")


@pytest.mark.parametrize("column", ["InformationBarrierSegments", "Licenses"])
def test_a_list_that_was_whole_is_partial_where_later_files_name_more_users(tmp_path: Path, column: str) -> None:
    cell = SEGMENT if column != "Licenses" else "Microsoft 365 E5"
    key = "principals.segments" if column != "Licenses" else "principals.copilot"
    assert export(tmp_path, f"UserPrincipalName,{column}\nana@b.example,{cell}\n").coverage.entries[key] == "complete"
    row = "Site,S,https://x.sharepoint.com/sites/S,TRUE,ben@b.example,User,Read,Direct Permissions"
    header = "Object,Title,URL,HasUniquePermissions,Users,Type,Permissions,GrantedThrough"
    assert export(tmp_path, f"{header}\n{row}\n", "report.csv").coverage.entries[key] == "partial"


def test_segments_of_accounts_by_their_mail_address(tmp_path: Path) -> None:
    (tmp_path / "principals.csv").write_text("id,kind,login\n77777777-aaaa-4bbb-8ccc-000000000001,user,ana@b.example\n")
    tenant = export(
        tmp_path,
        "PrimarySmtpAddress,ExternalDirectoryObjectId,InformationBarrierSegments\n"
        f"other@b.example,77777777-AAAA-4BBB-8CCC-000000000001,{SEGMENT}\nben@b.example,,System.Object[]\n",
    )
    assert dict(tenant["principals"].select("id", "segments").iter_rows()) == {
        "77777777-aaaa-4bbb-8ccc-000000000001": [SEGMENT],
        "ben@b.example": None,
    }
    assert any("segments of 1 accounts were lost" in note for note in tenant.notes)


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


ROLE, ANA, BEN = (f"77777777-aaaa-4bbb-8ccc-00000000000{n}" for n in (1, 2, 3))
GRAPH = "https://graph.microsoft.com/v1.0"


def page(path: str, *things: object) -> dict[str, object]:
    return {"url": f"{GRAPH}/{path}", "body": {"value": list(things)}}


def roles(tenant: Tenant) -> set[tuple[str, str, str]]:
    return set(tenant["members"].select("group", "member", "assignment").iter_rows())


PAGES = [
    page("users", {"id": ANA, "userPrincipalName": "ana@b.example"}),
    page("directoryRoles", {"id": ROLE, "displayName": "Globaler Administrator", "roleTemplateId": GA.upper()}),
    page(f"directoryRoles/{ROLE}/members", {"@odata.type": "#microsoft.graph.user", "id": ANA}),
    page("roleManagement/directory/roleEligibilityScheduleInstances?$filter=x", {"principalId": BEN, "roleDefinitionId": GA, "directoryScopeId": "/"}),
]  # fmt: skip


def test_a_role_and_its_template_are_one_role(tmp_path: Path) -> None:
    tenant = export(tmp_path, "\n".join(json.dumps(one) for one in PAGES), "graph.json")
    role = tenant["principals"].filter(kind="directory_role")
    assert role.select("id", "name", "role_template").rows() == [
        (ROLE, "Globaler Administrator", "global_administrator")
    ]
    assert roles(tenant) == {(ROLE, ANA, "active"), (ROLE, BEN, "eligible")}


def test_roles_inside_a_batch_are_read(tmp_path: Path) -> None:
    asked = [{"id": str(n), "url": str(one["url"]).removeprefix(GRAPH)} for n, one in enumerate(PAGES)]
    answered = [{"id": str(n), "status": 200, "body": one["body"]} for n, one in enumerate(PAGES)]
    tenant = export(tmp_path, json.dumps({"requests": asked, "responses": answered}), "batch.json")
    assert roles(tenant) == {(ROLE, ANA, "active"), (ROLE, BEN, "eligible")}


def test_members_of_a_role_may_be_asked_for_by_its_template(tmp_path: Path) -> None:
    by_template = page(
        f"directoryRoles(roleTemplateId='{GA}')/members", {"id": ANA, "@odata.type": "#microsoft.graph.user"}
    )
    tenant = export(tmp_path, json.dumps(by_template), "graph.json")
    assert roles(tenant) == {(GA, ANA, "active")}
    assert tenant["principals"].filter(kind="directory_role")["role_template"].to_list() == ["global_administrator"]


def test_an_activated_role_is_active_and_expanded_objects_name_both(tmp_path: Path) -> None:
    row = {"principal": {"id": ANA}, "roleDefinition": {"id": GA, "displayName": "Global Administrator"},
           "roleDefinitionId": None, "linkedRoleEligibilityScheduleId": "x", "directoryScopeId": "/"}  # fmt: skip
    tenant = export(
        tmp_path, json.dumps(page("roleManagement/directory/roleAssignmentScheduleInstances", row)), "a.json"
    )
    assert roles(tenant) == {(GA, ANA, "active")}


def test_a_role_known_by_an_id_only_is_said(tmp_path: Path) -> None:
    tenant = export(tmp_path, json.dumps(PAGES[2]), "a.json")
    assert any("1 directory roles are known by an id only" in note for note in tenant.notes)


def test_an_assignment_that_was_revoked_gives_nothing(tmp_path: Path) -> None:
    tenant = export(
        tmp_path,
        "Role;Principal Name;Principal ID;Assignment state;Status;Directory scope\n"
        f"Global Administrator;Ana;{ANA};Active;Provisioned;Directory\nGlobal Administrator;Ben;{BEN};Active;Revoked;/\n",
    )
    assert {member for _, member, _ in roles(tenant)} == {ANA}


def test_an_account_of_a_licence_list_is_the_one_another_export_names_by_mail(tmp_path: Path) -> None:
    (tmp_path / "direct.csv").write_text(
        "SiteUrl,SiteTitle,UserName,UserEmail,PermissionRole\n"
        "https://b.sharepoint.com/sites/a,A,gus@elm.example,gus@elm.example,Read\n"
    )
    guest = "gus_elm.example#ext#@b.onmicrosoft.com"
    tenant = export(tmp_path, f"User principal name,Licenses\n{guest},Unlicensed\n")
    assert tenant["principals"].select("id", "home").rows() == [(guest, "guest")]
    assert tenant["grants"]["principal"].to_list() == [guest]
