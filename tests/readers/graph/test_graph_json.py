"""Saved Microsoft Graph answers: what was asked, who is meant, and what is missing."""

# ruff: noqa: E501 - answers are as long as they are

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from acl_graph.readers import read
from acl_graph.readers.graph.answers import route
from acl_graph.tenant import Tenant

GRAPH = "https://graph.microsoft.com/v1.0"
SITE = "22222222-aaaa-4bbb-8ccc-000000000001"
GROUP = "11111111-aaaa-4bbb-8ccc-000000000001"
INNER = "11111111-aaaa-4bbb-8ccc-000000000002"
ANA = "77777777-aaaa-4bbb-8ccc-000000000001"
GUS = "77777777-aaaa-4bbb-8ccc-000000000002"
LINK = "44444444-aaaa-4bbb-8ccc-000000000001"
ITEM = "55555555-aaaa-4bbb-8ccc-000000000001"
COPILOT = "639dec6b-bb19-468b-871c-c5c441c4b0cb"

USERS = [
    {"id": ANA, "displayName": "Ana Ash", "userPrincipalName": "ana@birchdale.example", "mail": "ana@birchdale.example",
     "userType": "Member", "accountEnabled": True, "assignedLicenses": [{"skuId": COPILOT, "disabledPlans": []}]},
    {"id": GUS, "displayName": "Gus", "userPrincipalName": "gus_elm.example#EXT#@birchdale.onmicrosoft.com", "mail": "gus@elm.example",
     "userType": "Guest", "accountEnabled": True, "externalUserState": "PendingAcceptance", "assignedLicenses": []},
]  # fmt: skip


def page(path: str, *things: Any, **more: Any) -> dict[str, Any]:
    return {"url": f"{GRAPH}/{path}", "body": {"value": list(things), **more}}


def answers(folder: Path, *envelopes: Any) -> Tenant:
    (folder / "answers.json").write_text("\n".join(json.dumps(one) for one in envelopes))
    return read(folder)


def people(tenant: Tenant) -> dict[str, dict[str, Any]]:
    return {row["id"]: row for row in tenant["principals"].iter_rows(named=True)}


def drive_item(name: str, folder: str = "", item: str = "01A", **more: Any) -> dict[str, Any]:
    return {
        "id": item,
        "name": name,
        "file": {},
        "parentReference": {"driveId": "b!d", "path": f"/drives/b!d/root:{folder}", "siteId": SITE},
    } | more


def test_users_have_state_home_and_licence(tmp_path: Path) -> None:
    tenant = answers(tmp_path, page("users?$select=id", *USERS))
    ana, gus = people(tenant)[ANA], people(tenant)[GUS]
    assert (ana["home"], ana["state"], ana["copilot"], ana["login"]) == (
        "internal",
        "active",
        "licensed",
        "ana@birchdale.example",
    )
    assert (gus["home"], gus["state"], gus["copilot"], gus["domain"]) == ("guest", "pending", "none", "elm.example")
    assert tenant.coverage.default_holds("principals", "state")


def test_what_was_not_selected_is_not_known(tmp_path: Path) -> None:
    tenant = answers(tmp_path, page("users", {"id": ANA, "userPrincipalName": "ana@birchdale.example"}))
    ana = people(tenant)[ANA]
    assert (ana["state"], ana["copilot"], ana["home"]) == (None, None, None)
    assert tenant.coverage.column_missing("principals", "copilot")


def test_a_licence_is_recognised_by_the_subscriptions_of_the_tenant(tmp_path: Path) -> None:
    sku = "88888888-aaaa-4bbb-8ccc-000000000001"
    bundle = {"skuId": sku, "skuPartNumber": "BUNDLE", "servicePlans": [{"servicePlanName": "M365_COPILOT_APPS"}]}
    user = USERS[1] | {"assignedLicenses": [{"skuId": sku.upper()}]}
    assert people(answers(tmp_path, page("subscribedSkus", bundle), page("users", user)))[GUS]["copilot"] == "licensed"


def licences(folder: Path, *licences: Any, more: tuple[Any, ...] = ()) -> str | None:
    found = people(answers(folder, *more, page("users", USERS[1] | {"assignedLicenses": list(licences)})))
    copilot = found[GUS]["copilot"]
    return None if copilot is None else str(copilot)


def test_a_product_nobody_describes_is_not_known_to_lack_copilot(tmp_path: Path) -> None:
    sku = "88888888-aaaa-4bbb-8ccc-000000000001"
    assert licences(tmp_path, {"skuId": sku}) is None
    assert any("/subscribedSkus" in note for note in read(tmp_path).notes)
    assert read(tmp_path).coverage.column_missing("principals", "copilot")
    plain = {"skuId": sku, "skuPartNumber": "X", "servicePlans": [{"servicePlanName": "EXCHANGE_S"}]}
    assert licences(tmp_path, {"skuId": sku}, more=(page("subscribedSkus", plain),)) == "none"
    assert licences(tmp_path, {"skuId": sku}, {"skuId": COPILOT}) == "licensed"


def test_a_licence_with_every_plan_of_copilot_switched_off_brings_nothing(tmp_path: Path) -> None:
    plans = [{"servicePlanName": f"M365_COPILOT_{n}", "servicePlanId": n} for n in ("APPS", "TEAMS")]
    sold = page("subscribedSkus", {"skuId": COPILOT, "skuPartNumber": "Microsoft_365_Copilot", "servicePlans": plans})
    assert licences(tmp_path, {"skuId": COPILOT, "disabledPlans": ["APPS"]}, more=(sold,)) == "licensed"
    assert licences(tmp_path, {"skuId": COPILOT, "disabledPlans": ["APPS", "TEAMS"]}, more=(sold,)) == "none"


def test_licence_details_belong_to_the_user_that_was_asked(tmp_path: Path) -> None:
    plan = {"servicePlanName": "M365_COPILOT_APPS", "provisioningStatus": "Success"}
    detail = {"skuId": "88888888-aaaa-4bbb-8ccc-000000000001", "skuPartNumber": "NEW", "servicePlans": [plan]}
    bare = {key: value for key, value in USERS[0].items() if key != "assignedLicenses"}
    tenant = answers(tmp_path, page("users", bare), page("users/ana@birchdale.example/licenseDetails", detail))
    assert people(tenant)[ANA]["copilot"] == "licensed"
    assert not tenant.coverage.column_missing("principals", "copilot")


@pytest.mark.parametrize(
    ("flags", "kind"),
    [
        ({"groupTypes": ["Unified"], "mailEnabled": True, "securityEnabled": False}, "m365_group"),
        ({"groupTypes": [], "mailEnabled": False, "securityEnabled": True}, "security_group"),
        ({"groupTypes": [], "mailEnabled": True, "securityEnabled": True}, "mail_security_group"),
        ({"groupTypes": [], "mailEnabled": True, "securityEnabled": False}, "distribution_group"),
        ({}, None),
    ],
)
def test_the_flags_of_a_group_decide_its_kind(tmp_path: Path, flags: dict[str, Any], kind: str | None) -> None:
    tenant = answers(tmp_path, page("groups", {"id": GROUP, "visibility": "HiddenMembership", **flags}))
    assert (people(tenant)[GROUP]["kind"], people(tenant)[GROUP]["visibility"]) == (kind, "hidden")


def test_members_and_owners_belong_to_the_group_that_was_asked(tmp_path: Path) -> None:
    nested = {"@odata.type": "#microsoft.graph.group", "id": INNER, "displayName": "Inner"}
    tenant = answers(
        tmp_path,
        page("groups", {"id": GROUP, "groupTypes": ["Unified"]}),
        page(f"groups/{GROUP}/members", {"@odata.type": "#microsoft.graph.user", "id": ANA}, nested),
        page(f"groups/{GROUP}/owners", {"@odata.type": "#microsoft.graph.user", "id": GUS}),
    )
    assert set(tenant["members"].select("group", "member", "role").iter_rows()) == {
        (GROUP, ANA, "member"), (GROUP, INNER, "member"), (GROUP, GUS, "owner"),
    }  # fmt: skip
    assert people(tenant)[GROUP]["expanded"] is True
    assert people(tenant)[INNER]["expanded"] is False
    assert tenant.coverage.table("members") == "partial"


def test_trap_28_transitive_members_serve_where_direct_ones_are_missing(tmp_path: Path) -> None:
    user = {"@odata.type": "#microsoft.graph.user", "id": ANA}
    tenant = answers(
        tmp_path,
        page(f"groups/{GROUP}/transitiveMembers", user),
        page(f"groups/{INNER}/transitiveMembers", user),
        page(f"groups/{INNER}/members"),
    )
    assert tenant["members"].select("group", "member").rows() == [(GROUP, ANA)]
    assert any("transitiveMembers" in note for note in tenant.notes)


def test_a_file_in_a_telling_place_needs_no_envelope(tmp_path: Path) -> None:
    folder = tmp_path / "dump" / "groups" / GROUP
    folder.mkdir(parents=True)
    page_ = {
        "@odata.context": f"{GRAPH}/$metadata#directoryObjects",
        "value": [{"@odata.type": "#microsoft.graph.user", "id": ANA}],
    }
    (folder / "members-2.json").write_text(json.dumps(page_, indent=2))
    assert read(tmp_path)["members"].select("group", "member").rows() == [(GROUP, ANA)]


def test_an_answer_that_does_not_say_what_was_asked_is_counted(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(
        json.dumps({"@odata.context": f"{GRAPH}/$metadata#directoryObjects", "value": [{"id": ANA}]})
    )
    (tmp_path / "b.json").write_text(json.dumps(page("users", USERS[0])))
    assert any("1 saved Graph answers do not say" in note for note in read(tmp_path).notes)


def test_trap_32_a_next_link_without_its_page_is_a_gap(tmp_path: Path) -> None:
    first = page("users", USERS[0], **{"@odata.nextLink": f"{GRAPH}/users?$skiptoken=2"})
    second = {"url": f"{GRAPH}/users?$skiptoken=2", "body": {"value": [USERS[1]]}}
    (tmp_path / "cut").mkdir()
    (tmp_path / "whole").mkdir()
    cut, whole = answers(tmp_path / "cut", first), answers(tmp_path / "whole", first, second)
    assert cut.coverage.column_missing("principals", "state")
    assert any("pages of users are missing" in note for note in cut.notes)
    assert not whole.coverage.column_missing("principals", "state")
    assert whole["principals"].height == 2


def test_trap_32_pages_of_a_context_without_a_last_page_are_a_gap(tmp_path: Path) -> None:
    context = f"{GRAPH}/$metadata#users(id)"
    (tmp_path / "users.json").write_text(
        json.dumps({"@odata.context": context, "@odata.nextLink": "https://x/2", "value": [USERS[0]]})
    )
    assert any("pages of users" in note for note in read(tmp_path).notes)


def test_a_batch_is_unpacked_with_its_requests(tmp_path: Path) -> None:
    batch = {
        "requests": [{"id": "1", "url": f"/groups/{GROUP}/members"}, {"id": "2", "url": "/users"}],
        "responses": [
            {"id": "1", "status": 200, "body": {"value": [{"@odata.type": "#microsoft.graph.user", "id": ANA}]}},
            {"id": "2", "status": 429, "body": {"error": {"code": "tooManyRequests"}}},
        ],
    }
    (tmp_path / "batch.json").write_text(json.dumps(batch))
    tenant = read(tmp_path)
    assert tenant["members"].select("group", "member").rows() == [(GROUP, ANA)]
    assert any("1 are errors" in note for note in tenant.notes)


def permission_page(*permissions: Any, item: str = "01A") -> dict[str, Any]:
    return page(f"drives/b!d/items/{item}/permissions", *permissions)


def test_permissions_are_grants_on_the_item_that_was_asked(tmp_path: Path) -> None:
    ids = {"siteId": SITE, "listItemUniqueId": ITEM.upper()}
    tenant = answers(
        tmp_path,
        page(
            "sites",
            {
                "id": f"birchdale.sharepoint.com,{SITE},99999999-aaaa-4bbb-8ccc-000000000001",
                "webUrl": "https://birchdale.sharepoint.com/sites/Ledger",
            },
        ),
        page(
            f"sites/{SITE}/drives",
            {"id": "b!d", "webUrl": "https://birchdale.sharepoint.com/sites/Ledger/Shared%20Documents"},
        ),
        page("drives/b!d/root/children", drive_item("pay.xlsx", "/Pay%20roll", sharepointIds=ids)),
        permission_page(
            {
                "id": "a",
                "roles": ["owner"],
                "grantedToV2": {
                    "user": {"id": ANA, "displayName": "Ana", "email": "ana@birchdale.example"},
                    "siteUser": {"id": "9", "loginName": "i:0#.f|membership|ana@birchdale.example"},
                },
                "grantedTo": {"user": {"id": GUS}},
            },
            {
                "id": "b",
                "roles": ["write"],
                "grantedToV2": {
                    "siteGroup": {"id": "5", "loginName": "Ledger Members", "displayName": "Ledger Members"}
                },
            },
            {
                "id": "c",
                "roles": ["read"],
                "grantedToV2": {
                    "siteUser": {
                        "id": "7",
                        "loginName": "c:0-.f|rolemanager|spo-grid-all-users/x",
                        "displayName": "Tout le monde",
                    }
                },
            },
            {"id": "d", "roles": ["read"], "grantedToV2": {"group": {"id": GROUP.upper(), "displayName": "Ledger"}}},
        ),
    )
    scope = f"{SITE}/{ITEM}"
    assert set(tenant["grants"].select("scope", "principal", "level").iter_rows()) == {
        (scope, ANA, "owner"),
        (scope, f"{SITE}/g5", "write"),
        (scope, "everyone_except_external_users", "read"),
        (scope, GROUP, "read"),
    }
    item = tenant["items"].row(0, named=True)
    assert (item["id"], item["scope"], item["site"]) == (scope, scope, SITE)
    assert item["path"] == "/sites/Ledger/Shared Documents/Pay roll/pay.xlsx"
    assert people(tenant)[GROUP]["expanded"] is False


def test_trap_18_links_for_existing_access_and_dates_of_never(tmp_path: Path) -> None:
    tenant = answers(
        tmp_path,
        page("drives/b!d/root/children", drive_item("a.docx")),
        permission_page(
            {"id": LINK.upper(), "roles": ["write"], "expirationDateTime": "0001-01-01T00:00:00Z", "hasPassword": False,
             "link": {"scope": "organization", "type": "edit"}, "grantedToIdentitiesV2": [{"user": {"id": ANA}}], "grantedToIdentities": [{"user": {"id": GUS}}]},
            {"id": "00000000-0000-0000-0000-000000000000", "roles": ["read"], "link": {"scope": "existingAccess", "type": "view"}},
            {"id": "x", "roles": ["read"], "link": {"type": "view", "preventsDownload": True}, "grantedToIdentities": [{"user": {"id": GUS}}]},
        ),
    )  # fmt: skip
    assert tenant["links"].select("id", "audience", "expires").rows() == [
        (LINK, "organization", None),
        ("x", "people", None),
    ]
    assert set(tenant["link_users"].select("link", "principal").iter_rows()) == {(LINK, ANA), ("x", GUS)}
    assert tenant["grants"].select("link", "level").rows() == [(LINK, "edit"), ("x", "blocksDownload")]
    assert any("1 links for existing access" in note for note in tenant.notes)


def test_trap_25_an_item_without_permissions_follows_the_folder_above(tmp_path: Path) -> None:
    folder = drive_item("Pay", item="01F", folder="") | {"folder": {"childCount": 1}}
    del folder["file"]
    tenant = answers(
        tmp_path,
        page("drives/b!d/root/children", folder, drive_item("a.docx", "/Pay/Deep"), drive_item("b.docx", item="01B")),
        permission_page(
            {"id": "a", "roles": ["read"], "inheritedFrom": {"id": "root"}, "grantedToV2": {"user": {"id": ANA}}},
            item="01F",
        ),
    )
    assert dict(tenant["items"].select("id", "scope").iter_rows()) == {"b!d/01A": "b!d/01F", "b!d/01B": None}
    assert tenant["grants"].height == 1
    assert any("1 files have no permissions" in note for note in tenant.notes)


def test_trap_27_permissions_of_a_site_are_those_of_apps(tmp_path: Path) -> None:
    app = "99999999-aaaa-4bbb-8ccc-000000000009"
    tenant = answers(
        tmp_path,
        page(
            f"sites/{SITE}/permissions",
            {
                "id": "a",
                "roles": ["read"],
                "grantedToIdentitiesV2": [{"application": {"id": app, "displayName": "Sync"}}],
            },
        ),
    )
    assert tenant["grants"].select("scope", "principal", "level").rows() == [(f"{SITE}/root", app, "read")]
    assert people(tenant)[app]["kind"] == "app"
    assert tenant.coverage.table("grants") == "partial"


def test_trap_35_a_file_label_is_kept_and_a_locked_file_is_unknown(tmp_path: Path) -> None:
    label = "66666666-aaaa-4bbb-8ccc-000000000001"
    tenant = answers(
        tmp_path,
        page("drives/b!d/root/children", drive_item("a.docx"), drive_item("b.docx", item="01B")),
        {
            "url": f"{GRAPH}/drives/b!d/items/01A/extractSensitivityLabels",
            "body": {"value": {"labels": [{"sensitivityLabelId": label}]}},
        },
        {
            "url": f"{GRAPH}/drives/b!d/items/01B/extractSensitivityLabels",
            "body": {"error": {"code": "fileDoubleKeyEncrypted"}},
        },
    )
    assert dict(tenant["items"].select("id", "label").iter_rows()) == {"b!d/01A": label, "b!d/01B": None}
    assert any("errors" in note for note in tenant.notes)


def test_an_invitation_that_was_not_redeemed_is_a_pending_account(tmp_path: Path) -> None:
    tenant = answers(
        tmp_path, permission_page({"id": "a", "roles": ["read"], "invitation": {"email": "new@elm.example"}})
    )
    assert people(tenant)["new@elm.example"]["state"] == "pending"


def test_unreadable_answers_are_rejected(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps(page("users", USERS[0])) + '\n{"url": "x", "body": {\n')
    tenant = read(tmp_path)
    assert tenant["principals"].height == 1
    assert tenant.rejected["why"].str.starts_with("answer is not readable JSON").to_list() == [True]


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("/users/delta?$select=id", "users"),
        (f"{GRAPH}/me/drive/root/children", "items"),
        (f"{GRAPH}/sites/{SITE}/drive/items/01A/permissions", "permissions"),
        (f"{GRAPH}/sites/{SITE}/lists/l1/items/7/driveItem/permissions", "permissions"),
        (f"{GRAPH}/$metadata#drives('b%21d')/items('01A')/permissions", "permissions"),
        (f"{GRAPH}/$metadata#sites/$entity", "sites"),
        (f"{GRAPH}/$metadata#users(id,displayName)", "users"),
        (f"{GRAPH}/drives/b!d/root/delta?token=1", "items"),
        (f"{GRAPH}/drives/b!d/items/01A", "items"),
        (f"{GRAPH}/planner/tasks", None),
    ],
)
def test_addresses_say_what_was_asked(address: str, kind: str | None) -> None:
    found = route(address)
    assert (found.kind if found else None) == kind
