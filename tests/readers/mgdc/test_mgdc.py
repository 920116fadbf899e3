"""Graph Data Connect: every documented quirk of the format has a small export of its own here."""

# ruff: noqa: E501 - rows of exports are as long as they are

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from acl_graph.access import Access
from acl_graph.errors import BadInput
from acl_graph.readers import mgdc, read
from acl_graph.readers.mgdc import source
from acl_graph.readers.parsing import sniff as reader_files
from acl_graph.tenant import Tenant
from acl_graph.tenant.raw_export import RawExport
from acl_graph.tenant.tenant import build

REAL = Path(__file__).parents[4] / "shared" / "real" / "mgdc_samples"
ZERO = "00000000-0000-0000-0000-000000000000"


def gid(kind: str, number: int) -> str:
    """A GUID that can be told apart by eye."""
    return f"{kind.encode().hex()[:8]:0<8}-0000-4000-8000-{number:012x}"


SITE, OTHER = gid("site", 1), gid("site", 2)
WEB, LIST, SCOPE, FILE_SCOPE = gid("web", 1), gid("list", 1), gid("scop", 1), gid("scop", 2)
LINK, TEAM, READERS = gid("link", 1), gid("team", 1), gid("secg", 1)
ADA, BO, CY = gid("user", 1), gid("user", 2), gid("user", 3)
TENANT = gid("tena", 1)
DAY = "2026-06-03T00:00:00Z"


def site(who: str = SITE, **cells: Any) -> dict[str, Any]:
    return {
        "ptenant": TENANT,
        "Id": who,
        "Url": "https://birchdale.sharepoint.com/sites/Ledger",
        "RootWeb": {"Title": "Ledger", "WebTemplate": "STS"},
        "StorageMetrics": {"TotalFileCount": 12},
        "GroupId": ZERO,
        "IsInRecycleBin": False,
        "SnapshotDate": DAY,
        "Operation": "Full",
    } | cells


def permission(*shared: dict[str, Any], **cells: Any) -> dict[str, Any]:
    return {
        "ptenant": TENANT,
        "SiteId": SITE,
        "WebId": WEB,
        "ItemType": "Web",
        "ItemURL": "sites/Ledger",
        "RoleDefinition": "Edit",
        "ScopeId": SCOPE,
        "SharedWith": list(shared),
        "SnapshotDate": DAY,
        "Operation": "Full",
    } | cells


def group(number: int, name: str, *members: dict[str, Any], **cells: Any) -> dict[str, Any]:
    return {
        "ptenant": TENANT,
        "SiteId": SITE,
        "GroupId": number,
        "GroupLinkId": ZERO,
        "GroupType": "SharePointGroup",
        "DisplayName": name,
        "Members": list(members),
        "SnapshotDate": DAY,
        "Operation": "Full",
    } | cells


def a_file(number: int, **cells: Any) -> dict[str, Any]:
    return {
        "ptenant": TENANT,
        "SiteId": SITE,
        "WebId": WEB,
        "ListId": LIST,
        "ItemId": gid("file", number),
        "ScopeId": SCOPE,
        "SiteUrl": "https://birchdale.sharepoint.com/sites/Ledger",
        "DirName": "Shared Documents/Pay",
        "FileName": f"{number}.docx",
        "SensitivityLabelInfo": {},
        "SnapshotDate": DAY,
        "Operation": "Full",
    } | cells


def user(who: str, name: str, **cells: Any) -> dict[str, Any]:
    mail = f"{name.lower()}@birchdale.example"
    return {
        "Type": "Internal",
        "TypeV2": "InternalUser",
        "Name": name,
        "Email": mail,
        "UPN": mail,
        "AadObjectId": who,
        "UserLoginName": f"i:0#.f|membership|{mail}",
        "UserCount": 1,
    } | cells


def sp_group(name: str, **cells: Any) -> dict[str, Any]:
    return {"Type": "SharePointGroup", "TypeV2": "SharePointGroup", "Name": name} | cells


def entra(who: str | None, name: str, login: str | None = None) -> dict[str, Any]:
    cells = {"Type": "SecurityGroup", "TypeV2": "SecurityGroup", "Name": name}
    return cells | ({"AadObjectId": who} if who else {}) | ({"UserLoginName": login} if login else {})


def lines(records: Iterable[dict[str, Any]]) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)


def export(folder: Path, **datasets: list[dict[str, Any]] | str | bytes) -> Tenant:
    """Write one folder a dataset (`__` in the name goes one folder deeper) and read everything."""
    for name, content in datasets.items():
        path = folder / name.replace("__", "/") / "part-0.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        text = content if isinstance(content, str | bytes) else lines(content)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read(folder)


def rows(tenant: Tenant, table: str, *columns: str) -> list[tuple[Any, ...]]:
    return sorted(tenant[table].select(columns).rows(), key=str)


def described(tenant: Tenant) -> dict[str, dict[str, Any]]:
    return {row["id"]: row for row in tenant["principals"].iter_rows(named=True)}


def grants(tenant: Tenant) -> list[tuple[Any, ...]]:
    return rows(tenant, "grants", "scope", "principal", "level", "link")


# --- files and parsing -----------------------------------------------------------------------------------------------


def test_trap_01_objects_on_one_line_indented_or_in_an_array_are_all_read(tmp_path: Path) -> None:
    one, two, three = (permission(user(who, name)) for who, name in ((ADA, "Ada"), (BO, "Bo"), (CY, "Cy")))
    joined = json.dumps(one) + json.dumps(two) + "\n" + json.dumps(three, indent=2) + "\n"
    assert len(export(tmp_path / "a", permissions=joined)["grants"]) == 3
    assert len(export(tmp_path / "b", permissions=json.dumps([one, two, three]))["grants"]) == 3


def test_trap_01_a_line_that_never_ends_costs_only_itself(tmp_path: Path) -> None:
    good = lines([permission(user(ADA, "Ada")), permission(user(BO, "Bo"))]).splitlines()
    tenant = export(tmp_path, permissions="\n".join([good[0], good[1][:90], good[1], ""]))
    assert len(tenant["grants"]) == 2
    assert tenant.rejected["source_row"].to_list() == [2]
    assert "not readable JSON" in tenant.rejected["why"][0]


def test_trap_02_job_metadata_and_markers_are_no_data_and_part_files_are_one_dataset(tmp_path: Path) -> None:
    (tmp_path / "permissions" / "metadata").mkdir(parents=True)
    (tmp_path / "permissions" / "metadata" / "job.json").write_text(lines([permission(user(CY, "Cy"))]))
    (tmp_path / "permissions" / "_SUCCESS").write_text("")
    backwards = dict(reversed(permission(user(BO, "Bo")).items()))
    (tmp_path / "permissions" / "part-1.json").write_text(lines([backwards]))
    tenant = export(tmp_path, permissions=[permission(user(ADA, "Ada"))])
    assert {row[1] for row in grants(tenant)} == {ADA, BO}


def test_trap_03_a_newer_full_pull_replaces_the_older_one(tmp_path: Path) -> None:
    older = permission(user(ADA, "Ada"), ScopeId=FILE_SCOPE, SnapshotDate="2026-05-01T00:00:00Z")
    tenant = export(tmp_path, permissions__1=[older], permissions__2=[permission(user(BO, "Bo"))])
    assert grants(tenant) == [(f"{SITE}/{SCOPE}", BO, "Edit", None)]
    assert ADA not in described(tenant)
    assert any("1 records of older pulls" in note for note in tenant.notes)


def test_trap_03_a_missing_operation_is_a_full_pull_and_a_deletion_stays_deleted(tmp_path: Path) -> None:
    full = permission(user(ADA, "Ada"))
    del full["Operation"]
    gone = {
        "SiteId": SITE,
        "ScopeId": SCOPE,
        "RoleDefinition": "Edit",
        "Operation": "Deleted",
        "SnapshotDate": "2026-06-05T00:00:00Z",
    }
    stale = permission(user(BO, "Bo"), Operation="Updated", SnapshotDate="2026-06-04T00:00:00Z")
    tenant = export(tmp_path, permissions__1=[full], permissions__2=[gone], permissions__3=[stale])
    assert grants(tenant) == []


def test_trap_04_a_delta_replaces_the_whole_recipient_list_of_a_direct_grant(tmp_path: Path) -> None:
    link = permission(user(CY, "Cy"), LinkId=LINK, LinkScope="SpecificPeople")
    delta = permission(user(BO, "Bo"), Operation="Updated", SnapshotDate="2026-06-05T00:00:00Z")
    tenant = export(tmp_path, permissions__1=[permission(user(ADA, "Ada")), link], permissions__2=[delta])
    assert grants(tenant) == [(f"{SITE}/{SCOPE}", BO, "Edit", None), (f"{SITE}/{SCOPE}", None, "Edit", LINK)]
    assert rows(tenant, "link_users", "link", "principal") == [(LINK, CY)]


def test_trap_04_groups_files_and_sites_are_merged_by_their_keys(tmp_path: Path) -> None:
    later = {"Operation": "Updated", "SnapshotDate": "2026-06-05T00:00:00Z"}
    tenant = export(
        tmp_path,
        sites=[site(), site(OTHER, Url="https://birchdale.sharepoint.com/sites/Old")],
        sites__delta=[site(RootWeb={"Title": "Ledger 2"}, **later), {"ptenant": TENANT, "Id": OTHER} | later | {"Operation": "Deleted"}],
        permissions=[permission(sp_group("Crew")), permission(user(CY, "Cy"), SiteId=OTHER)],
        groups=[group(5, "Crew", user(ADA, "Ada"))],
        groups__delta=[group(5, "Crew", user(BO, "Bo"), **later)],
        files=[a_file(1), a_file(2)],
        files__delta=[a_file(1, FileName="new.docx", **later), {"ptenant": TENANT, "SiteId": SITE, "ItemId": gid("file", 2)} | later | {"Operation": "Deleted"}],
    )  # fmt: skip
    assert rows(tenant, "sites", "id", "title") == [(SITE, "Ledger 2")]
    assert rows(tenant, "members", "group", "member") == [(f"{SITE}/g5", BO)]
    assert rows(tenant, "items", "id", "path") == [
        (f"{SITE}/{gid('file', 1)}", "/sites/Ledger/Shared Documents/Pay/new.docx")
    ]
    assert {row[0] for row in grants(tenant)} == {f"{SITE}/{SCOPE}"}, "nothing of a deleted site comes back"


def test_trap_05_a_delta_without_rows_changes_nothing(tmp_path: Path) -> None:
    tenant = export(tmp_path, permissions__1=[permission(user(ADA, "Ada"))], permissions__2="")
    assert len(tenant["grants"]) == 1
    assert tenant.rejected.is_empty()


def test_trap_07_dates_of_every_style_are_read_and_malformed_ones_are_reported(tmp_path: Path) -> None:
    styles = [
        "2026-07-01T10:00:00Z",
        "2026-07-01T10:00:00.000Z",
        "2026-07-01T10:00:00.1234567+00:00",
        "2026-07-01T10:00:00",
        "2026-07-01T100:00:00Z",
    ]
    made = [
        permission(LinkId=gid("link", at), LinkScope="Anyone", ScopeId=gid("scop", at), ShareExpirationTime=text)
        for at, text in enumerate(styles)
    ]
    tenant = export(tmp_path, permissions=made)
    expires = tenant["links"].sort("id")["expires"]
    assert [moment and moment.hour for moment in expires] == [10, 10, 10, 10, None]
    assert tenant.rejected.select("table", "column", "row_kept").rows() == [("links", "expires", True)]


def test_trap_08_the_disguises_of_nothing_are_nothing(tmp_path: Path) -> None:
    empty = site(
        GroupId=ZERO,
        HubSiteId=ZERO,
        Owner={},
        SensitivityLabelInfo={},
        RootWeb={},
        ArchiveState="None",
        TeamsChannelType="None",
    )
    bare = permission(
        user(ADA, "Ada"), LinkId=ZERO, LinkScope="", ShareExpirationTime="0001-01-01T00:00:00Z", TotalUserCount=None
    )
    tenant = export(
        tmp_path, sites=[empty], permissions=[bare], files=[a_file(1, Author={}, SensitivityLabelInfo={"Id": ZERO})]
    )
    one = tenant["sites"].row(0, named=True)
    assert [one[name] for name in ("group", "hub", "owner", "label", "title", "archive")] == [None] * 6
    assert grants(tenant) == [(f"{SITE}/{SCOPE}", ADA, "Edit", None)]
    assert tenant["links"].is_empty() and tenant["labels"].is_empty()
    assert tenant["items"]["author"].to_list() == [None]
    assert tenant.rejected.is_empty()


# --- keys ------------------------------------------------------------------------------------------------------------


def test_trap_09_one_scope_id_in_two_sites_is_two_scopes(tmp_path: Path) -> None:
    tenant = export(
        tmp_path,
        permissions=[
            permission(user(ADA, "Ada")),
            permission(user(BO, "Bo"), SiteId=OTHER, ListId=LIST),
            permission(ListId=LIST, ItemType="List", ScopeId=FILE_SCOPE, ItemURL="sites/Ledger/Docs"),
        ],
    )
    assert {row[:2] for row in grants(tenant)} == {(f"{SITE}/{SCOPE}", ADA), (f"{OTHER}/{SCOPE}", BO)}
    assert rows(tenant, "libraries", "id") == [(f"{SITE}/{LIST}",), (f"{OTHER}/{LIST}",)]


def test_trap_10_groups_of_one_name_and_number_in_two_sites_stay_apart(tmp_path: Path) -> None:
    tenant = export(
        tmp_path,
        permissions=[permission(sp_group("Members")), permission(sp_group("MEMBERS"), SiteId=OTHER)],
        groups=[group(5, "Members", user(ADA, "Ada")), group(5, "Members", user(BO, "Bo"), SiteId=OTHER)],
    )
    assert {row[1] for row in grants(tenant)} == {f"{SITE}/g5", f"{OTHER}/g5"}
    assert rows(tenant, "members", "group", "member") == [(f"{SITE}/g5", ADA), (f"{OTHER}/g5", BO)]
    assert described(tenant)[f"{OTHER}/g5"]["site"] == OTHER


def test_trap_11_a_folder_link_copied_onto_children_is_one_link(tmp_path: Path) -> None:
    folder = permission(
        ItemType="Folder",
        ItemURL="sites/Ledger/Docs/Pay",
        ScopeId=gid("scop", 8),
        LinkId=LINK,
        LinkScope="Organization",
    )
    child = permission(
        ItemType="File",
        ItemURL="sites/Ledger/Docs/Pay/a.docx",
        ScopeId=gid("scop", 9),
        LinkId=LINK,
        LinkScope="Organization",
    )
    tenant = export(tmp_path, permissions=[child, folder])
    assert rows(tenant, "links", "id", "audience", "origin") == [(LINK, "organization", f"{SITE}/{gid('scop', 8)}")]
    assert {row[0] for row in grants(tenant)} == {f"{SITE}/{gid('scop', 8)}", f"{SITE}/{gid('scop', 9)}"}


def action(number: int, **cells: Any) -> dict[str, Any]:
    return {
        "ptenant": TENANT,
        "SiteId": SITE,
        "SiteUrl": "https://birchdale.sharepoint.com/sites/Ledger/",
        "ListItemId": gid("file", number),
        "ItemURL": "https://birchdale.sharepoint.com/sites/Ledger/Docs/a.docx",
        "ActionDate": "2026-06-02T14:05:09.4417231+00:00",
        "ActorType": "User",
        "ActorIdType": "AAD",
        "ActorDisplayName": "Ada",
        "ActorEmail": "ADA@birchdale.example",
        "ActionName": "FileDownloaded",
        "SnapshotDate": DAY,
    } | cells


def test_trap_12_a_file_action_finds_its_file_by_the_guid(tmp_path: Path) -> None:
    later = action(1, ActionDate="2026-06-02T18:00:00.0000000+00:00")
    tenant = export(
        tmp_path,
        permissions=[permission(user(ADA, "Ada"), ListItemId=37, UniqueId=gid("file", 1))],
        files=[a_file(1)],
        actions=[
            action(1),
            later,
            action(1),
            action(1, ActorType="System", ActorEmail=None, ActorDisplayName="System Account"),
            action(1, ActorType="User", ActorEmail="", ActorDisplayName="Somebody"),
        ],
    )
    used = tenant["usage"].row(0, named=True)
    assert (used["principal"], used["item"], used["action"], used["events"], used["actor"]) == (
        ADA,
        f"{SITE}/{gid('file', 1)}",
        "FileDownloaded",
        2,
        "user",
    )
    assert used["last"].hour == 18
    assert used["item"] in tenant["items"]["id"].to_list()
    assert tenant.rejected["why"].to_list() == ["the event names nobody"]
    assert any("1 file events by the system" in note for note in tenant.notes)


def test_trap_13_group_link_ids_are_text_and_the_group_of_a_membership_is_pobjectid_or_puser(tmp_path: Path) -> None:
    tenant = export(
        tmp_path,
        permissions=[
            permission(entra(READERS, "Readers"), LinkId=None),
            permission(LinkId=LINK, LinkScope="Anyone", ScopeId=FILE_SCOPE),
        ],
        groups=[
            group(28, f"SharingLinks.{gid('file', 1)}.AnonymousEdit.{LINK}", user(ADA, "Ada"), GroupLinkId=LINK),
            group(29, "Old", GroupLinkId=0),
        ],
        groupmembers__a=[
            {
                "id": BO,
                "displayName": "Bo",
                "userPrincipalName": "bo@birchdale.example",
                "ODataType": "#microsoft.graph.user",
                "pObjectId": READERS,
                "ptenant": TENANT,
            }
        ],
        groupmembers__b=[
            {
                "id": CY,
                "displayName": "Cy",
                "userPrincipalName": "cy@birchdale.example",
                "ODataType": "#microsoft.graph.user",
                "puser": READERS,
                "ptenant": TENANT,
            }
        ],
    )
    assert rows(tenant, "members", "group", "member") == [(READERS, BO), (READERS, CY)]
    assert rows(tenant, "link_users", "link", "principal", "how") == [(LINK, ADA, "redeemed")]
    assert f"{SITE}/g28" not in described(tenant)
    assert described(tenant)[READERS]["expanded"] is True
    assert described(tenant)[CY]["kind"] == "user"


def test_trap_14_keys_ids_and_logins_in_any_spelling_are_the_same(tmp_path: Path) -> None:
    odd = {"siteID": f"{{{SITE.upper()}}}", "SCOPEID": SCOPE.upper(), "itemtype": "web", "ItemUrl": "/sites/Ledger/", "roleDefinition": "Edit", "linkID": LINK.upper(), "LinkScope": "Organization",
           "sharedWith": [{"type": "Internal", "name": "Ada", "EmailAddress": "Ada@birchdale.example", "aadObjectId": ADA.upper(), "userCount": "1"}], "snapshotdate": DAY}  # fmt: skip
    plain = permission(user(ADA, "Ada", AADObjectId=ADA), ScopeId=FILE_SCOPE)
    del plain["SharedWith"][0]["AadObjectId"]
    tenant = export(tmp_path, permissions__1=[odd], permissions__2=[plain])
    assert grants(tenant) == [(f"{SITE}/{SCOPE}", None, "Edit", LINK), (f"{SITE}/{FILE_SCOPE}", ADA, "Edit", None)]
    assert rows(tenant, "link_users", "link", "principal") == [(LINK, ADA)]
    assert tenant.rejected.is_empty()


def test_trap_14_a_column_nobody_documented_is_read_over(tmp_path: Path) -> None:
    tenant = export(
        tmp_path,
        permissions=[
            permission(user(ADA, "Ada"), SomethingNew={"a": [1]}),
            permission(user(BO, "Bo") | {"Odd": 1}, ScopeId=FILE_SCOPE),
        ],
    )
    assert {row[1] for row in grants(tenant)} == {ADA, BO}


def test_documented_rows_take_the_quick_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: Any) -> Any:
        raise AssertionError("a documented row went the tolerant way")

    monkeypatch.setattr(source, "shaped", never)
    tenant = export(
        tmp_path,
        sites=[site(IBSegments=[])],
        permissions=[
            permission(
                user(ADA, "Ada"),
                SharedWithCount=[{"Type": "Internal", "Count": 1}],
                ShareCreatedBy={
                    "Type": "User",
                    "Name": "Bo",
                    "Email": "bo@birchdale.example",
                    "UPN": "bo@birchdale.example",
                },
            )
        ],
        groups=[group(5, "Crew", Owner={"Type": "User"})],
        files=[a_file(1)],
        actions=[action(1)],
    )
    assert len(tenant["grants"]) == 1 and len(tenant["items"]) == 1


def test_trap_15_paths_are_server_relative_with_a_slash_and_nothing_decoded(tmp_path: Path) -> None:
    named = permission(ItemType="File", ItemURL="sites/Ledger/Shared Documents/100%25 done.docx", ScopeId=FILE_SCOPE)
    root = permission(SiteId=OTHER, ScopeId=gid("scop", 7))
    del root["ItemURL"]
    tenant = export(
        tmp_path,
        sites=[site(), site(OTHER, Url="https://birchdale.sharepoint.com")],
        permissions=[permission(), named, root],
        files=[a_file(1, SiteUrl="https://birchdale.sharepoint.com/sites/Ledger/")],
    )
    assert rows(tenant, "scopes", "path", "parent") == [
        ("/", None),
        ("/sites/Ledger", None),
        ("/sites/Ledger/Shared Documents/100%25 done.docx", f"{SITE}/{SCOPE}"),
    ]
    assert tenant["items"]["path"].to_list() == ["/sites/Ledger/Shared Documents/Pay/1.docx"]
    assert rows(tenant, "libraries", "path", "scope") == [("/sites/Ledger/Shared Documents", f"{SITE}/{SCOPE}")]


def test_the_parent_of_a_scope_is_the_nearest_one_above_by_path(tmp_path: Path) -> None:
    def at(number: int, kind: str, url: str) -> dict[str, Any]:
        return permission(ScopeId=gid("scop", number), ItemType=kind, ItemURL=url)

    tenant = export(
        tmp_path,
        permissions=[
            at(1, "Web", "sites/Ledger"),
            at(2, "List", "sites/Ledger/Docs"),
            at(3, "Folder", "sites/Ledger/DOCS/A"),
            at(4, "File", "sites/Ledger/Docs/A/B/c.docx"),
            at(5, "Web", "sites/Ledger/sub"),
            at(6, "File", "sites/Ledger/sub/Pages/p.aspx"),
            at(7, "File", "sites/Ledger/Docs2/x.docx"),
            at(8, "File", "elsewhere/y.docx"),
        ],
    )
    found = {row[0][-1:]: row[1] and row[1][-1:] for row in rows(tenant, "scopes", "id", "parent")}
    assert found == {"1": None, "2": "1", "3": "2", "4": "3", "5": "1", "6": "5", "7": "1", "8": "1"}


# --- meaning ---------------------------------------------------------------------------------------------------------


def test_trap_16_people_on_an_organization_link_are_users_of_it_not_its_reach(tmp_path: Path) -> None:
    row = permission(user(ADA, "Ada"), LinkId=LINK, LinkScope="Organization", TotalUserCount=1)
    tenant = export(tmp_path, permissions=[row])
    assert grants(tenant) == [(f"{SITE}/{SCOPE}", None, "Edit", LINK)]
    assert rows(tenant, "link_users", "principal", "how") == [(ADA, "unknown")]
    assert tenant.counts.filter(pl.col("what") == "row_users").is_empty()


def test_trap_17_a_flexible_group_with_an_anyone_link_is_an_anyone_link(tmp_path: Path) -> None:
    name = f"SharingLinks.{gid('file', 1)}.Flexible.{LINK}"
    tenant = export(
        tmp_path,
        permissions=[permission(LinkId=LINK, LinkScope="Anyone", RoleDefinition="Review")],
        groups=[group(9, name, user(ADA, "Ada"), GroupLinkId=LINK)],
    )
    assert rows(tenant, "links", "id", "audience") == [(LINK, "anyone")]
    assert grants(tenant) == [(f"{SITE}/{SCOPE}", None, "Review", LINK)]


def test_trap_17_a_hidden_group_named_as_recipient_is_its_links_grant(tmp_path: Path) -> None:
    flexible, company = gid("link", 5), gid("link", 6)
    shared = [
        sp_group(f"SharingLinks.{gid('file', 1)}.Flexible.{flexible}"),
        sp_group(f"SharingLinks.{gid('file', 1)}.OrganizationEdit.{company}"),
    ]
    tenant = export(tmp_path, permissions=[permission(*shared)])
    assert rows(tenant, "links", "id", "audience") == [(flexible, None), (company, "organization")]
    assert {row[3] for row in grants(tenant)} == {flexible, company}


def test_trap_18_existing_access_links_and_expiry_are_kept_as_what_they_are(tmp_path: Path) -> None:
    tenant = export(
        tmp_path,
        permissions=[
            permission(
                LinkId=LINK,
                LinkScope="ExistingAccess",
                ShareExpirationTime="2026-01-01T00:00:00Z",
                ShareCreatedBy="ada@birchdale.example",
            )
        ],
    )
    link = tenant["links"].row(0, named=True)
    assert (link["audience"], link["expires"].year, link["created_by"]) == ("existing", 2026, "ada@birchdale.example")


def test_trap_19_everyone_claims_are_known_by_claim_first_and_by_name_in_any_spelling(tmp_path: Path) -> None:
    tenant = export(
        tmp_path,
        permissions=[
            permission(entra(None, "Everyoneexceptexternalusers")),
            permission(entra(None, "Alle", "c:0(.s|true"), ScopeId=FILE_SCOPE),
            permission(entra(None, "Jeder, außer externen Benutzern"), ScopeId=gid("scop", 3)),
            permission(entra(None, "x", f"c:0-.f|rolemanager|spo-grid-all-users/{TENANT}"), ScopeId=gid("scop", 4)),
            permission(entra(READERS, "Everyone"), ScopeId=gid("scop", 5)),
        ],
        groups=[group(5, "Crew", entra(None, "Everyone except external users"))],
    )
    kinds = {row[1]: described(tenant)[row[1]]["kind"] for row in grants(tenant)}
    assert kinds == {
        "everyone_except_external_users": "everyone_except_external",
        "everyone": "everyone",
        READERS: "security_group",
    }
    assert rows(tenant, "members", "member") == [("everyone_except_external_users",)]


def test_trap_20_a_claim_that_ends_in_o_means_the_owners(tmp_path: Path) -> None:
    claim = f"c:0o.c|federateddirectoryclaimprovider|{TEAM}"
    tenant = export(
        tmp_path,
        permissions=[
            permission(entra(TEAM, "Ledger Owners", f"{claim}_o"), RoleDefinition="FullControl"),
            permission(entra(TEAM, "Ledger Members", claim)),
        ],
        groupowners=[
            {
                "id": ADA,
                "displayName": "Ada",
                "userPrincipalName": "ada@birchdale.example",
                "ODataType": "#microsoft.graph.user",
                "pObjectId": TEAM,
                "ptenant": TENANT,
            }
        ],
    )
    assert {(row[1], row[2]) for row in grants(tenant)} == {(f"{TEAM}_o", "FullControl"), (TEAM, "Edit")}
    owners = described(tenant)[f"{TEAM}_o"]
    assert (owners["kind"], owners["of"], owners["expanded"]) == ("group_owners", TEAM, True)
    assert described(tenant)[TEAM]["kind"] == "m365_group"
    assert rows(tenant, "members", "group", "member", "role") == [(TEAM, ADA, "owner")]


def test_trap_21_limited_access_grants_nothing_and_is_counted(tmp_path: Path) -> None:
    tenant = export(
        tmp_path,
        permissions=[
            permission(user(ADA, "Ada"), RoleDefinition="Limited Access"),
            permission(user(ADA, "Ada"), RoleDefinition="Web-Only Limited Access"),
            permission(sp_group(f"Limited Access System Group For Web {WEB}")),
        ],
        groups=[group(9, f"Limited Access System Group For List {LIST}", user(ADA, "Ada"))],
    )
    assert grants(tenant) == [] and tenant["members"].is_empty()
    assert f"{SITE}/g9" not in described(tenant)
    assert sum("Limited Access" in note for note in tenant.notes) == 3
    assert len(tenant["scopes"]) == 1


def test_trap_22_claims_of_sharing_links_are_no_groups(tmp_path: Path) -> None:
    claim = "c:0u.c|tenant|" + "ab" * 32
    guest = {"Type": "External", "Name": "anon", "UserLoginName": "i:0#.f|membership|urn%3aspo%3aanon#" + "ab" * 32}
    tenant = export(
        tmp_path,
        permissions=[permission(entra(None, claim), guest, user(ADA, "Ada"))],
        groups=[group(5, "Crew", entra(None, claim))],
    )
    assert {row[1] for row in grants(tenant)} == {ADA}
    assert tenant["members"].is_empty()
    assert any(note.startswith("3 entries naming the claim of a sharing link") for note in tenant.notes)


def test_trap_23_site_admin_rows_are_administrators_of_the_site(tmp_path: Path) -> None:
    admin = permission(user(ADA, "Ada"), entra(READERS, "Keepers"), ItemType="SiteAdmin", RoleDefinition=None)
    del admin["ScopeId"]
    tenant = export(tmp_path, permissions=[admin, permission(user(BO, "Bo"), RoleDefinition=None)])
    assert rows(tenant, "site_admins", "site", "principal") == [(SITE, READERS), (SITE, ADA)]
    assert {row[1] for row in grants(tenant)} == {BO}
    assert tenant.coverage.complete("site_admins")


def test_trap_24_role_names_are_kept_as_written(tmp_path: Path) -> None:
    names = ["FullControl", "Full Control", "Lecture", "Our own level", "=HYPERLINK(1)"]
    tenant = export(tmp_path, permissions=[permission(user(ADA, "Ada"), RoleDefinition=name) for name in names])
    assert {row[2] for row in grants(tenant)} == set(names)
    assert tenant.coverage.table("levels") == "absent"


def test_trap_25_files_find_their_scope_by_id_and_not_by_path(tmp_path: Path) -> None:
    tenant = export(
        tmp_path,
        permissions=[
            permission(user(ADA, "Ada")),
            permission(
                user(BO, "Bo"), ScopeId=FILE_SCOPE, ItemType="Folder", ItemURL="sites/Ledger/Shared Documents/Pay"
            ),
        ],
        files=[a_file(1), a_file(2, ScopeId=gid("scop", 77))],
    )
    assert rows(tenant, "items", "scope") == [(f"{SITE}/{SCOPE}",), (f"{SITE}/{gid('scop', 77)}",)]
    access, open_to_anybody = Access(tenant), "no scope is exported for it: anybody may have access"
    assert open_to_anybody not in access.check(BO, f"{SITE}/{gid('file', 1)}").because
    assert open_to_anybody in access.check(BO, f"{SITE}/{gid('file', 2)}").because
    assert any(note.startswith("1 scopes that files name have no permission row") for note in tenant.notes)


def detail(who: str, name: str, **cells: Any) -> dict[str, Any]:
    return {
        "id": who,
        "displayName": name,
        "groupTypes": [],
        "mailEnabled": False,
        "securityEnabled": True,
        "pObjectId": who,
        "ptenant": TENANT,
        "ODataType": "#microsoft.graph.group",
    } | cells


def member(of: str, who: str, name: str, what: str = "user") -> dict[str, Any]:
    return {
        "id": who,
        "displayName": name,
        "userPrincipalName": f"{name.lower()}@birchdale.example" if what == "user" else None,
        "ODataType": f"#microsoft.graph.{what}",
        "pObjectId": of,
        "ptenant": TENANT,
    }


def test_trap_28_members_are_direct_nested_and_may_be_circular(tmp_path: Path) -> None:
    inner = gid("secg", 2)
    tenant = export(
        tmp_path,
        permissions=[permission(entra(READERS, "Readers"))],
        groupdetails=[detail(READERS, "Readers"), detail(inner, "Inner")],
        groupmembers=[
            member(READERS, inner, "Inner", "group"),
            member(inner, READERS, "Readers", "group"),
            member(inner, ADA, "Ada"),
            member(inner, gid("devi", 1), "Laptop", "device"),
        ],
    )
    assert rows(tenant, "members", "group", "member") == [(READERS, inner), (inner, READERS), (inner, ADA)]
    assert tenant.coverage.complete("members")
    assert any(note.startswith("1 devices") for note in tenant.notes)


def test_kinds_of_groups_come_from_the_directory_and_not_from_their_claim(tmp_path: Path) -> None:
    mail, lists, dynamic, synced, gone = (gid("secg", number) for number in range(11, 16))
    details = [
        detail(TEAM, "Ledger", groupTypes=["Unified"], mailEnabled=True, securityEnabled=False, visibility="Public"),
        detail(mail, "M", mailEnabled=True),
        detail(lists, "L", mailEnabled=True, securityEnabled=False),
        detail(dynamic, "D", groupTypes=["DynamicMembership"], membershipRule="x"),
        detail(synced, "S", onPremisesSyncEnabled=True, visibility="HiddenMembership"),
        detail(gone, "G", deletedDateTime="2026-01-01T00:00:00Z"),
    ]
    shared = entra(mail, "M", f"c:0o.c|federateddirectoryclaimprovider|{mail}")
    tenant = export(
        tmp_path, permissions=[permission(shared)], groupdetails=details, groupmembers=[member(gone, ADA, "Ada")]
    )
    found = described(tenant)
    assert [found[who]["kind"] for who in (TEAM, mail, lists, dynamic)] == [
        "m365_group",
        "mail_security_group",
        "distribution_group",
        "security_group",
    ]
    assert (
        found[TEAM]["visibility"],
        found[dynamic]["dynamic"],
        found[synced]["synced"],
        found[synced]["visibility"],
    ) == ("public", True, True, "hidden")
    assert tenant["members"].is_empty() and any("deleted groups" in note for note in tenant.notes)


def test_trap_29_without_logins_the_ending_of_the_name_tells_owners_from_members(tmp_path: Path) -> None:
    tenant = export(
        tmp_path,
        permissions=[
            permission(sp_group("Ledger Owners")),
            permission(sp_group("Ledger Members"), RoleDefinition="Read"),
        ],
        groups=[
            group(3, "Ledger Owners", entra(TEAM, "Ledger Owners")),
            group(5, "Ledger Members", entra(TEAM, "Ledger Members")),
            group(6, "Others", entra(READERS, "Printer Owners")),
        ],
    )
    assert rows(tenant, "members", "group", "member") == [
        (f"{SITE}/g3", f"{TEAM}_o"),
        (f"{SITE}/g5", TEAM),
        (f"{SITE}/g6", READERS),
    ]
    assert described(tenant)[TEAM]["kind"] == "m365_group"
    assert described(tenant)[READERS]["kind"] == "security_group"


def test_trap_30_people_that_no_user_dataset_lists_exist_and_blank_counts_are_no_zero(tmp_path: Path) -> None:
    row = permission(user(ADA, "Ada"), sp_group("Crew", UserCount=7), sp_group("Empty"), TotalUserCount=8)
    users = [
        {
            "id": BO,
            "displayName": "Bo",
            "mail": "bo@birchdale.example",
            "userPrincipalName": "bo@birchdale.example",
            "userType": "Member",
            "accountEnabled": True,
            "puser": BO,
            "ptenant": TENANT,
        }
    ]
    tenant = export(tmp_path, permissions=[row], groups=[group(5, "Crew"), group(6, "Empty")], users=users)
    found = described(tenant)
    assert (found[ADA]["kind"], found[ADA]["home"], found[BO]["state"]) == ("user", "internal", "active")
    said = tenant.counts.select("what", "principals", "said").rows()
    assert said == [("principal_users", [f"{SITE}/g5"], 7), ("row_users", [ADA, f"{SITE}/g5", f"{SITE}/g6"], 8)]
    assert any("leaves out guests" in note for note in tenant.notes)


def test_people_are_the_same_person_by_id_name_or_address(tmp_path: Path) -> None:
    old = {
        "DisplayName": "Bo",
        "PrimarySmtpAddress": "bo@birchdale.example",
        "UserPrincipalName": "bo@birchdale.example",
        "EmailAddresses": ["smtp:bobby@birchdale.example"],
        "puser": BO,
        "ptenant": TENANT,
    }
    tenant = export(
        tmp_path,
        users=[old],
        permissions=[
            permission(
                user(ADA, "Ada", Email="ada.l@birchdale.example"),
                {"Type": "Internal", "Name": "Bo", "Email": "BOBBY@birchdale.example"},
                {"Type": "Internal", "Name": "Dee", "Email": "dee@birchdale.example"},
            )
        ],
        files=[
            a_file(
                1,
                Author={"Email": "ada.l@birchdale.example", "Name": "Ada"},
                ModifiedBy={"Email": "gone@birchdale.example", "Name": "Gone"},
            ),
            a_file(2, Author={"Name": "System Account"}),
        ],
    )
    assert {row[1] for row in grants(tenant)} == {ADA, BO, "dee@birchdale.example"}
    assert rows(tenant, "items", "author", "modified_by") == [(ADA, "gone@birchdale.example"), (None, None)]
    assert tenant.unresolved["principal"].to_list() == ["gone@birchdale.example"]


def test_an_address_of_two_people_leads_to_neither(tmp_path: Path) -> None:
    tenant = export(
        tmp_path,
        permissions=[
            permission(user(ADA, "Ada", Email="desk@birchdale.example"), user(BO, "Bo", Email="desk@birchdale.example"))
        ],
        files=[a_file(1, Author={"Email": "desk@birchdale.example"})],
    )
    assert tenant["items"]["author"].to_list() == ["desk@birchdale.example"]
    assert any("more than one account" in note for note in tenant.notes)


def test_guests_are_guests_by_type_or_by_login(tmp_path: Path) -> None:
    foreign = user(
        CY,
        "Cy",
        UPN="cy_fabri.example#EXT#@birchdale.onmicrosoft.com",
        Email="cy@fabri.example",
        UserLoginName="i:0#.f|membership|cy_fabri.example#ext#@birchdale.onmicrosoft.com",
    )
    code = {
        "Type": "External",
        "TypeV2": "ExternalUser",
        "Name": "Lu",
        "Email": "lu@fabri.example",
        "UserLoginName": "i:0#.f|membership|urn%3aspo%3aguest#lu@fabri.example",
    }
    old = {"Type": "External", "Name": "Mo", "Email": "mo@fabri.example"}
    tenant = export(tmp_path, permissions=[permission(foreign, code, old)])
    found = described(tenant)
    assert [(found[who]["home"], found[who]["domain"]) for who in (CY, "lu@fabri.example", "mo@fabri.example")] == [
        ("guest", "fabri.example"),
        ("otp_guest", "fabri.example"),
        ("guest", "fabri.example"),
    ]


def test_roles_of_the_directory_and_apps_are_told_from_groups(tmp_path: Path) -> None:
    app = gid("appl", 1)
    tenant = export(
        tmp_path,
        permissions=[
            permission(
                entra(READERS, "Global Administrator", f"c:0t.c|tenant|{READERS}"),
                {"Type": "External", "Name": "Tool", "UserLoginName": f"i:0i.t|ms.sp.ext|{app}@{TENANT}"},
            )
        ],
    )
    found = described(tenant)
    assert (found[READERS]["kind"], found[READERS]["role_template"]) == ("directory_role", "global_administrator")
    assert found[app]["kind"] == "app"


def test_a_group_the_groups_dataset_lacks_is_kept_and_marked_unknown(tmp_path: Path) -> None:
    tenant = export(
        tmp_path,
        permissions=[permission(sp_group("Lost Crew")), permission(sp_group("LedgerOwners"), ScopeId=FILE_SCOPE)],
        groups=[group(3, "Ledger Owners")],
    )
    who = f"{SITE}/name:Lost Crew"
    assert {row[1] for row in grants(tenant)} == {who, f"{SITE}/g3"}, "names that differ in spaces only are one"
    assert (described(tenant)[who]["kind"], described(tenant)[who]["expanded"]) == ("sharepoint_group", False)
    assert tenant.rejected.is_empty()


def test_trap_35_site_labels_and_file_labels_are_kept_apart(tmp_path: Path) -> None:
    container, secret = gid("labl", 1), gid("labl", 2)
    tenant = export(
        tmp_path,
        sites=[site(SensitivityLabelInfo={"Id": container, "DisplayName": "Internal"})],
        files=[
            a_file(1, SensitivityLabelInfo={"Id": secret, "DisplayName": "Secret"}, IsLabelEncrypted=True),
            a_file(2, IsLabelEncrypted=False),
        ],
    )
    assert tenant["sites"]["label"].to_list() == [container]
    assert tenant["items"]["label"].to_list() == [secret, None]
    assert rows(tenant, "labels", "id", "name", "encrypts", "rank") == [
        (container, "Internal", None, None),
        (secret, "Secret", True, None),
    ]


def test_trap_39_principals_that_join_nothing_are_reported_and_not_dropped(tmp_path: Path) -> None:
    tenant = export(
        tmp_path,
        permissions=[permission(entra(READERS, "Readers"))],
        groups=[group(5, "Crew", SnapshotDate="2026-05-01T00:00:00Z")],
    )
    assert described(tenant)[READERS]["expanded"] is False
    assert tenant.coverage.table("members") == "partial"
    assert any("no GroupMembers dataset" in note for note in tenant.notes)
    assert tenant.snapshot is not None and tenant.snapshot.date().isoformat() == "2026-06-03"


def test_trap_40_pulls_of_two_regions_are_united_whatever_their_dates(tmp_path: Path) -> None:
    earlier = {"SnapshotDate": "2026-06-01T00:00:00Z"}
    tenant = export(
        tmp_path,
        eu__sites=[site(GeoLocation="EUR", **earlier)],
        us__sites=[site(OTHER, GeoLocation="NAM", Url="https://birchdalena.sharepoint.com/sites/Ledger")],
        eu__permissions=[permission(user(ADA, "Ada"), **earlier)],
        us__permissions=[permission(user(BO, "Bo"), SiteId=OTHER)],
    )
    assert {row[1] for row in grants(tenant)} == {ADA, BO}
    assert len(tenant["sites"]) == 2


# --- sites, coverage, layouts ----------------------------------------------------------------------------------------


def test_sites_are_mapped_column_by_column(tmp_path: Path) -> None:
    made = [
        site(
            Owner={"AadObjectId": ADA, "Name": "Ada"},
            GroupId=TEAM,
            RootWeb={"Title": "T", "WebTemplate": "GROUP"},
            Privacy="Public",
            ReadLocked=True,
            IBMode="Owner Moderated",
            IsExternalSharingEnabled=False,
            BlockDownloadOfAllFilesOnUnmanagedDevices=True,
            HubSiteId=gid("hubs", 1),
        ),
        site(
            gid("site", 3),
            Url="https://birchdale-my.sharepoint.com/personal/ada",
            IsOneDrive=False,
            IsInRecycleBin=True,
        ),
        site(
            gid("site", 4),
            IsTeamsChannelSite=True,
            TeamsChannelType="SharedChannel",
            RelatedGroupId=TEAM,
            ReadOnly=True,
            BlockAccessFromUnmanagedDevices=True,
        ),
        site(
            gid("site", 5),
            IsCommunicationSite=True,
            ArchiveState="Archived",
            ReadLocked=False,
            IBMode="Explicit",
            IBSegments=f"{gid('segm', 1)};{gid('segm', 2)}",
        ),
    ]
    tenant = export(tmp_path, sites=made)
    one, two, three, four = tenant["sites"].iter_rows(named=True)
    assert (
        one["kind"],
        one["group"],
        one["owner"],
        one["lock"],
        one["ib_mode"],
        one["sharing"],
        one["conditional_access"],
        one["hub"],
        one["files"],
    ) == ("team", TEAM, ADA, "NoAccess", "OwnerModerated", "Disabled", "AllowLimitedAccess", gid("hubs", 1), 12)
    assert (two["kind"], two["archive"]) == ("onedrive", "InRecycleBin")
    assert (three["kind"], three["related_group"], three["lock"], three["conditional_access"]) == (
        "shared_channel",
        TEAM,
        "ReadOnly",
        "BlockAccess",
    )
    assert (four["kind"], four["archive"], four["lock"], four["segments"]) == (
        "communication",
        "Archived",
        "Unlock",
        [gid("segm", 1), gid("segm", 2)],
    )
    assert (described(tenant)[TEAM]["kind"], described(tenant)[TEAM]["visibility"]) == ("m365_group", "public")


def test_what_is_not_in_the_export_is_absent_and_said(tmp_path: Path) -> None:
    tenant = export(tmp_path, permissions=[permission(user(ADA, "Ada"))])
    said = {
        key: tenant.coverage.table(key)
        for key in ("grants", "links", "items", "usage", "members", "site_admins", "link_users", "label_rights")
    }
    assert said == {
        "grants": "complete",
        "links": "complete",
        "items": "absent",
        "usage": "absent",
        "members": "absent",
        "site_admins": "partial",
        "link_users": "partial",
        "label_rights": "absent",
    }
    assert tenant.coverage.column_missing("sites", "restricted_access")
    assert tenant.coverage.column_missing("principals", "state")
    assert tenant.switches == {}
    assert any("never zero" in note for note in tenant.notes)


def test_recipients_left_out_of_the_pull_make_grants_partial(tmp_path: Path) -> None:
    row = permission(SharedWithCount=[{"Type": "Internal", "Count": 4}])
    del row["SharedWith"]
    tenant = export(tmp_path, permissions=[row])
    assert tenant.coverage.table("grants") == "partial"
    assert any("without naming them" in note for note in tenant.notes)


def test_rows_without_their_keys_are_rejected_with_a_reason(tmp_path: Path) -> None:
    tenant = export(
        tmp_path,
        permissions=[
            permission(SiteId=None),
            permission(ScopeId=None),
            permission(user(ADA, "Ada"), TotalUserCount="many"),
        ],
    )
    assert tenant.rejected.select("source_row", "why", "row_kept").rows() == [
        (1, "the permission has no SiteId", False),
        (2, "the permission has no ScopeId", False),
        (3, "TotalUserCount cannot be read", True),
    ]
    assert len(tenant["grants"]) == 1


def test_the_merged_folder_of_a_pipeline_stands_for_its_raw_pulls(tmp_path: Path) -> None:
    tenant = export(
        tmp_path,
        raw__permissions__2026__06__01__run=[permission(user(BO, "Bo"))],
        latest__permissions=[permission(user(ADA, "Ada"))],
        deleted__permissions=[permission(user(CY, "Cy"), Operation="Deleted")],
        temp__permissions=[permission(user(CY, "Cy"))],
        latest__spogroupmembers=[group(5, "Crew") | {"GroupCompositeKey": "x"}],
    )
    assert {row[1] for row in grants(tenant)} == {ADA}
    assert any("'latest'" in note for note in tenant.notes)
    assert any(file.dataset == "derived" for file in tenant.files)


def test_directory_datasets_of_several_days_count_with_their_newest(tmp_path: Path) -> None:
    tenant = export(
        tmp_path,
        raw__groupmembers__2026__06__01=[member(READERS, ADA, "Ada")],
        raw__groupmembers__2026__06__02=[member(READERS, BO, "Bo")],
        permissions=[permission(entra(READERS, "Readers"))],
    )
    assert rows(tenant, "members", "member") == [(BO,)]


@pytest.mark.parametrize("joiner", ["_", "."])
def test_a_flattened_table_has_one_row_per_recipient(tmp_path: Path, joiner: str) -> None:
    flat = [
        {
            "SiteId": SITE,
            "ScopeId": SCOPE,
            "ItemType": "Web",
            "ItemURL": "sites/Ledger",
            "RoleDefinition": "Edit",
            "LinkId": None,
            "TotalUserCount": 2,
            f"SharedWith{joiner}Name": name,
            f"SharedWith{joiner}TypeV2": "InternalUser",
            f"SharedWith{joiner}AADObjectId": who,
            "SnapshotDate": DAY,
            "Operation": "Full",
        }
        for who, name in ((ADA, "Ada"), (BO, "Bo"))
    ]
    for folder, write in (("csv", pl.DataFrame.write_csv), ("parquet", pl.DataFrame.write_parquet)):
        (tmp_path / folder / "permissions").mkdir(parents=True)
        write(pl.DataFrame(flat), tmp_path / folder / "permissions" / f"part.{folder}")
        (tmp_path / folder / "sites").mkdir()
        sites = pl.DataFrame(
            [
                {
                    "ptenant": TENANT,
                    "Id": SITE,
                    "Url": "https://birchdale.sharepoint.com/sites/Ledger",
                    f"RootWeb{joiner}Title": "Ledger",
                    f"StorageMetrics{joiner}TotalFileCount": 3,
                    "ReadOnly": "TRUE",
                }
            ]
        )
        write(sites, tmp_path / folder / "sites" / f"part.{folder}")
        tenant = read(tmp_path / folder)
        assert {row[1] for row in grants(tenant)} == {ADA, BO}
        assert tenant.counts.select("principals", "said").rows() == [([ADA, BO], 2)]
        assert tenant["sites"].select("title", "files", "lock").row(0) == ("Ledger", 3, "ReadOnly")


def test_packed_files_are_read_and_cut_ones_refused(tmp_path: Path) -> None:
    (tmp_path / "permissions").mkdir()
    path = tmp_path / "permissions" / "part-0.json.gz"
    path.write_bytes(gzip.compress(lines([permission(user(ADA, "Ada"))]).encode()))
    assert len(read(tmp_path)["grants"]) == 1
    many = gzip.compress(
        lines(permission(user(ADA, f"Ada {at}"), ScopeId=gid("scop", at)) for at in range(3000)).encode()
    )
    path.write_bytes(many[: len(many) * 3 // 4])
    with pytest.raises(BadInput, match=r"part-0\.json\.gz is cut off or damaged after record \d+"):
        read(tmp_path)


def test_datasets_are_known_by_their_keys_whatever_their_file_is_called(tmp_path: Path) -> None:
    (tmp_path / "sites.json").write_text(lines([site()]))
    (tmp_path / "a.json").write_text(lines([permission(user(ADA, "Ada"))]))
    (tmp_path / "b.json").write_text(lines([group(5, "Crew")]))
    tenant = read(tmp_path)
    assert {file.dataset for file in tenant.files} == {"Sites", "Permissions", "Groups"}
    assert tenant["sites"]["title"].to_list() == ["Ledger"]


def test_every_row_says_where_it_comes_from(tmp_path: Path) -> None:
    tenant = export(
        tmp_path,
        permissions=[permission(), permission(user(ADA, "Ada"), ScopeId=FILE_SCOPE)],
        groups=[group(5, "Crew", user(BO, "Bo"))],
    )
    assert tenant["grants"].select("source_file", "source_row").row(0) == ("permissions/part-0.json", 2)
    assert tenant["members"].select("source_file", "source_row").row(0) == ("groups/part-0.json", 1)
    for name, frame in tenant.tables.items():
        assert frame.filter(pl.col("source_file").is_null() | pl.col("source_row").is_null()).is_empty(), name


def test_hostile_text_changes_nothing_but_itself(tmp_path: Path) -> None:
    name = "=cmd|' /C calc'!A0\x1b[31m\u202e\n"
    tenant = export(
        tmp_path,
        permissions=[
            permission(
                {"Type": "Internal", "Name": name, "Email": name},
                sp_group(name),
                RoleDefinition=name,
                ItemURL=f"sites/{name}/../x",
            )
        ],
    )
    assert len(tenant["grants"]) == 2


def test_the_census_counts_what_was_read_before_anything_is_merged(tmp_path: Path) -> None:
    older = permission(user(ADA, "Ada"), SnapshotDate="2026-05-01T00:00:00Z")
    tenant = export(
        tmp_path, permissions=[older, permission(user(BO, "Bo"), sp_group("Crew"), LinkId=LINK, LinkScope="Anyone")]
    )
    assert tenant.census["records"] == {"Permissions": 2}
    assert tenant.census["permissions by link scope"] == {"none": 1, "Anyone": 1}
    assert tenant.census["recipients by type"] == {"Internal": 2, "SharePointGroup": 1}


@pytest.mark.skipif(not REAL.is_dir(), reason="the published samples are not here")
def test_the_published_samples_give_the_counts_that_were_taken_independently() -> None:
    permissions = mgdc.census(REAL / "BasicDataSet_v0.SharePointPermissions_v1.json")
    assert permissions["records"] == {"Permissions": 154}
    assert permissions["permissions by item type"] == {"File": 78, "Web": 35, "Folder": 32, "List": 9}
    assert permissions["permissions by link scope"] == {
        "none": 107,
        "SpecificPeople": 17,
        "Anyone": 16,
        "Organization": 14,
    }
    assert permissions["permissions by role"] == {
        "Read": 44,
        "Contribute": 38,
        "FullControl": 38,
        "Edit": 30,
        "Review": 3,
        "ViewOnly": 1,
    }
    assert permissions["recipients by type"] == {
        "SharePointGroup": 105,
        "Internal": 34,
        "External": 17,
        "SecurityGroup": 10,
    }
    assert permissions["permissions by recipient type"] == {
        "SharePointGroup": 103,
        "Internal": 22,
        "External": 12,
        "SecurityGroup": 9,
    }
    groups = mgdc.census(REAL / "BasicDataSet_v0.SharePointGroups_v1.json")
    assert groups["SharePoint groups"] == {"empty": 239, "behind links": 46}
    assert groups["group members by type"] == {"User": 215, "SecurityGroup": 69}
    assert groups["link groups by kind"] == {
        "Flexible": 17,
        "OrganizationEdit": 13,
        "AnonymousEdit": 12,
        "AnonymousView": 2,
        "OrganizationView": 2,
    }
    sites = mgdc.census(REAL / "BasicDataSet_v0.SharePointSites_v1.json")
    assert (sites["records"], sites["sites"]) == ({"Sites": 120}, {"in the recycle bin": 3})


@pytest.mark.skipif(not REAL.is_dir(), reason="the published samples are not here")
def test_the_published_samples_are_read_whole() -> None:
    # the samples are anonymised with two tenant ids, so they are read as one export below the check for that
    raw = RawExport(REAL)
    sniffed = [reader_files.sniff(path, REAL) for path in sorted(REAL.glob("*.json"))]
    mgdc.read([(file, str(mgdc.claims(file))) for file in sniffed], raw, lambda sentence: None)
    tenant = build(raw)
    assert tenant.rejected.is_empty()
    assert tenant["scopes"]["site"].n_unique() == 14
    assert any(note.startswith("10 groups of sharing links belong to no permission row") for note in tenant.notes)
    anyone = tenant["links"].filter(pl.col("audience") == "anyone")["id"].to_list()
    listed = pl.col("source_file").str.contains("Permissions")
    users = tenant["link_users"].filter(pl.col("link").is_in(anyone) & listed)["principal"].to_list()
    assert [described(tenant)[who]["kind"] for who in users].count("security_group") == 1


@pytest.mark.skipif(not REAL.is_dir(), reason="the published samples are not here")
@pytest.mark.parametrize("dataset", ["permissions", "groups", "sites", "files", "fileactions"])
def test_the_single_records_of_the_newer_schema_are_read(dataset: str) -> None:
    for path in sorted((REAL / "docs_json").glob(f"sharepoint{dataset}_*.json")):
        tenant = read(path)
        assert tenant.rejected.is_empty(), path.name
        assert [file.rows for file in tenant.files] == [1]


def test_objects_run_together_on_a_line_and_over_it_are_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text('{"a":1}{"a":{}}{"a":2,"b":{}\n}\n  {"a":3} {"a":4} \n')
    found = [record for _, record in reader_files.read_json(reader_files.sniff(path, tmp_path))]
    assert [record["a"] for record in found] == [1, {}, 2, 3, 4]


# --- what was found later --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "shared",
    [{"x": [user(ADA, "Ada")]}, [{"Who": "Ada"}]],
)
def test_recipients_in_another_shape_make_the_grants_partial(tmp_path: Path, shared: object) -> None:
    tenant = export(tmp_path, permissions=[permission() | {"SharedWith": shared}, permission(user(BO, "Bo"))])
    assert tenant.rejected.select("column", "source_row").rows() == [("SharedWith", 1)]
    assert tenant.coverage.entries["grants"] == "partial"


def test_of_two_spellings_of_a_key_the_first_counts_and_the_other_is_listed(tmp_path: Path) -> None:
    tenant = export(tmp_path, permissions=[permission(user(ADA, "Ada")) | {"scopeid": FILE_SCOPE}])
    assert [row[0] for row in grants(tenant)] == [f"{SITE}/{SCOPE}"]
    assert tenant.rejected["column"].to_list() == ["ScopeId"]


COPILOT = "639dec6b-bb19-468b-871c-c5c441c4b0cb"


@pytest.mark.parametrize(
    ("licences", "copilot"),
    [
        ([{"disabledPlans": [], "skuId": COPILOT}], "licensed"),
        ([{"disabledPlans": [], "skuId": "05e9a617-0261-4cee-bb44-138d3ef5d965"}], "none"),
        ([{"disabledPlans": [], "skuId": gid("prod", 1)}], None),
        ([], "none"),
        (None, None),
    ],
)
def test_licences_of_the_user_dataset(tmp_path: Path, licences: object, copilot: str | None) -> None:
    row = {"id": ADA, "puser": ADA, "ptenant": TENANT, "userPrincipalName": "a@b.example", "mail": "a@b.example"}
    tenant = export(tmp_path, User=[row | {"displayName": "Ada", "assignedLicenses": licences}])
    assert described(tenant)[ADA]["copilot"] == copilot
    assert tenant.coverage.entries["principals.copilot"] == ("partial" if copilot else "absent")
    assert any("Copilot licence" in note for note in tenant.notes) is (copilot is None)


def test_notes_on_what_is_missing_are_silent_where_another_file_brings_it(tmp_path: Path) -> None:
    tenant = export(tmp_path, permissions=[permission(user(ADA, "Ada"))])
    assert sum("Restricted" in note for note in tenant.notes) == 2
    header = "Url,LockState,RestrictedAccessControl,RestrictContentOrgWideSearch"
    (tmp_path / "Get-SPOSite.csv").write_text(
        f"{header}\nhttps://birchdale.sharepoint.com/sites/Ledger,Unlock,True,False\n"
    )
    assert not any(note.startswith("Restricted") and "not in this export" in note for note in read(tmp_path).notes)
