"""Role assignments of REST, CSOM and PnP."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from acl_graph.readers import read
from acl_graph.tenant import Tenant

SITE = "https://birchdale.sharepoint.com/sites/Ledger"
ID = SITE.lower()
LINK = "44444444-aaaa-4bbb-8ccc-000000000001"
ITEM = "55555555-aaaa-4bbb-8ccc-000000000001"
READ = {"Id": 2, "Name": "Read", "RoleTypeKind": 2, "BasePermissions": {"High": "176", "Low": "138612833"}}
OWN = {"Id": 9, "Name": "Lesen plus", "RoleTypeKind": 0, "BasePermissions": {"High": 176, "Low": 138612801}}


def assigned(
    login: str, *levels: dict[str, Any], kind: int | str = 1, title: str | None = None, **more: Any
) -> dict[str, Any]:
    return {
        "PrincipalId": 7,
        "Member": {"LoginName": login, "Title": title or login, "PrincipalType": kind, **more},
        "RoleDefinitionBindings": list(levels),
    }


def object_(*assignments: dict[str, Any], unique: bool = True, **more: Any) -> dict[str, Any]:
    return {"Url": SITE, "HasUniqueRoleAssignments": unique, "RoleAssignments": list(assignments)} | more


def answers(folder: Path, *objects: Any) -> Tenant:
    (folder / "answers.json").write_text("\n".join(json.dumps(one) for one in objects))
    return read(folder)


def grants(tenant: Tenant) -> set[tuple[str, str, str]]:
    paths = dict(tenant["scopes"].select("id", "path").iter_rows())
    rows = tenant["grants"].select("scope", "principal", "link", "level").iter_rows()
    return {(paths[scope], principal or link, level) for scope, principal, link, level in rows}


def test_objects_bring_their_address_and_kind(tmp_path: Path) -> None:
    tenant = answers(
        tmp_path,
        object_(assigned("Ledger Members", READ, kind=8)),
        object_(
            assigned("i:0#.f|membership|ana@birchdale.example", OWN),
            Url=None,
            RootFolder={"ServerRelativeUrl": "/sites/Ledger/Docs"},
        ),
        object_(
            assigned("c:0(.s|true", READ, kind="SecurityGroup", title="Everyone"),
            Url=None,
            FileRef="/sites/Ledger/Docs/a.docx",
            FileSystemObjectType=0,
        ),
    )
    assert grants(tenant) == {
        ("/sites/Ledger", f"{ID}|ledger members", "Read"),
        ("/sites/Ledger/Docs", "ana@birchdale.example", "Lesen plus"),
        ("/sites/Ledger/Docs/a.docx", "everyone", "Read"),
    }
    assert tenant["scopes"]["kind"].to_list() == ["web", "list", "item"]
    assert set(tenant["levels"].select("name", "mask").iter_rows()) == {
        ("Read", "0x000000B008431061"), ("Lesen plus", "0x000000B008431041"),
    }  # fmt: skip


def test_trap_26_an_object_that_inherits_has_no_assignments_of_its_own(tmp_path: Path) -> None:
    tenant = answers(
        tmp_path,
        object_(assigned("a@b.example", READ)),
        object_(assigned("a@b.example", READ), unique=False, Url=f"{SITE}/sub"),
    )
    assert tenant["scopes"].height == 1
    assert any("1 objects inherit" in note for note in tenant.notes)


def test_trap_21_limited_access_is_known_by_its_kind_in_any_language(tmp_path: Path) -> None:
    limited = {"Name": "Beschränkter Zugriff", "RoleTypeKind": 1}
    tenant = answers(tmp_path, object_(assigned("a@b.example", limited, READ), assigned("c@b.example", limited)))
    assert grants(tenant) == {("/sites/Ledger", "a@b.example", "Read")}
    assert any("2 Limited Access" in note for note in tenant.notes)


def test_trap_24_a_localised_level_is_judged_by_its_kind(tmp_path: Path) -> None:
    tenant = answers(tmp_path, object_(assigned("a@b.example", {"Name": "Mitwirken", "RoleTypeKind": 3})))
    assert tenant["levels"].select("name", "mask").rows() == [("Mitwirken", "0x000001B03C4312EF")]


def test_one_name_with_two_masks_in_a_site_becomes_a_mask(tmp_path: Path) -> None:
    other = OWN | {"BasePermissions": {"High": 0, "Low": 1}}
    tenant = answers(
        tmp_path, object_(assigned("a@b.example", OWN)), object_(assigned("a@b.example", other), Url=f"{SITE}/sub")
    )
    assert {level for _, _, level in grants(tenant)} == {"Lesen plus", "0x0000000000000001"}


def test_hidden_groups_of_links_are_links(tmp_path: Path) -> None:
    group = f"SharingLinks.{ITEM}.AnonymousView.{LINK}"
    users = [
        {"LoginName": "i:0#.f|membership|ana@birchdale.example", "Title": "Ana"},
        {"LoginName": "c:0u.c|tenant|abc", "Title": "Guest Contributor"},
    ]
    tenant = answers(
        tmp_path, object_(assigned(group, READ, kind=8, Users=users), Url=None, FileRef="/sites/Ledger/Docs/a.docx")
    )
    assert tenant["links"].select("id", "audience").rows() == [(LINK, "anyone")]
    assert tenant["link_users"]["principal"].to_list() == ["ana@birchdale.example"]
    assert any("stand for a sharing link" in note for note in tenant.notes)


@pytest.mark.parametrize(
    ("call", "kind", "path"),
    [
        ("web/roleassignments?$expand=Member", "web", "/sites/Ledger"),
        (
            "web/GetFileByServerRelativeUrl('/sites/Ledger/Docs/a.docx')/ListItemAllFields/roleassignments",
            "item",
            "/sites/Ledger/Docs/a.docx",
        ),
        (
            "web/GetFolderByServerRelativePath(decodedurl='/sites/Ledger/Docs/F')/ListItemAllFields/roleassignments",
            "folder",
            "/sites/Ledger/Docs/F",
        ),
        ("web/GetList('/sites/Ledger/Docs')/roleassignments", "list", "/sites/Ledger/Docs"),
        ("web/lists/getbytitle('Docs')/roleassignments", "list", "/sites/Ledger/Lists/Docs"),
    ],
)
@pytest.mark.parametrize("style", ["value", "verbose"])
def test_a_request_says_what_was_asked(tmp_path: Path, call: str, kind: str, path: str, style: str) -> None:
    rows = [assigned("a@b.example", READ)]
    body = {"value": rows} if style == "value" else {"d": {"results": rows}}
    tenant = answers(tmp_path, {"url": f"{SITE}/_api/{call}", "body": body})
    assert tenant["scopes"].select("kind", "path").rows() == [(kind, path)]
    assert grants(tenant) == {(path, "a@b.example", "Read")}


def test_groups_and_administrators_of_a_site(tmp_path: Path) -> None:
    tenant = answers(
        tmp_path,
        {
            "url": f"{SITE}/_api/web/sitegroups?$expand=Users",
            "body": {
                "value": [
                    {"Id": 5, "Title": "Ledger Members", "Users": [{"LoginName": "i:0#.f|membership|a@b.example"}]}
                ]
            },
        },
        {
            "url": f"{SITE}/_api/web/siteusers",
            "body": {
                "value": [
                    {"LoginName": "i:0#.f|membership|r@b.example", "IsSiteAdmin": True},
                    {"LoginName": "x", "IsSiteAdmin": False},
                ]
            },
        },
        {"url": f"{SITE}/_api/web/sitegroups(5)/users", "body": {"value": []}},
    )
    assert tenant["members"].select("group", "member").rows() == [(f"{ID}|ledger members", "a@b.example")]
    assert tenant["site_admins"].select("site", "principal").rows() == [(ID, "r@b.example")]
    assert tenant.rejected["why"].to_list() == ["members of a group known by number only: ask by name"]


def test_an_object_without_an_address_is_rejected(tmp_path: Path) -> None:
    tenant = answers(tmp_path, object_(assigned("a@b.example", READ), Url=None), object_())
    assert tenant.rejected["why"].to_list() == ["role assignments without the address of their object"]
