"""Data access governance reports."""

# ruff: noqa: E501 - rows of exports are as long as they are

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from acl_graph.readers import read
from acl_graph.tenant import Tenant

SITE = "22222222-aaaa-4bbb-8ccc-000000000001"
SCOPE = "66666666-aaaa-4bbb-8ccc-000000000001"
FILE = "66666666-aaaa-4bbb-8ccc-000000000002"
LINK = "44444444-aaaa-4bbb-8ccc-000000000001"
DETAILED = "TenantId,SiteId,WebId,ListId,ScopeId,UniqueId,ListItemId,ItemType,Item Url,Role definition,LinkId,LinkScope,Recipient,UserPrincipalName,ParentObjectID,ParentGroupName,ParentGroupEmail,ParentGroupType,TotalUserCount,ReportDate"
EEEU = "Everyone except external users"


def report(folder: Path, header: str, *rows: str) -> Tenant:
    (folder / "report.csv").write_text("\n".join([header, *rows]) + "\n", encoding="utf-8-sig")
    return read(folder)


def counts(tenant: Tenant) -> dict[tuple[str, ...], int]:
    """what and whom it is about -> the number the report says."""
    rows = tenant.counts.select("what", "principals", "said").iter_rows()
    return {(what, *about): said for what, about, said in rows}


def test_the_detailed_report_has_scopes_groups_and_links(tmp_path: Path) -> None:
    tenant = report(
        tmp_path,
        DETAILED,
        f"t,{SITE},w,,{SCOPE},,,Web,sites/Ledger,Read,,,{EEEU},{EEEU},,Ledger Visitors,,SharePointGroup,,2026-06-03",
        f"t,{SITE.upper()},w,l,{FILE},u,7,File,sites/Ledger/Docs/a.docx,Contribute,,,Everyone,Everyone,,,,,,2026-06-03",
        f"t,{SITE},w,l,{FILE},u,7,File,sites/Ledger/Docs/a.docx,Read,{LINK},Organization,{EEEU},{EEEU},,,,,,2026-06-03",
    )
    group = f"{SITE}|ledger visitors"
    assert set(tenant["grants"].select("scope", "principal", "link", "level").iter_rows()) == {
        (f"{SITE}/{SCOPE}", group, None, "Read"),
        (f"{SITE}/{FILE}", "everyone", None, "Contribute"),
        (f"{SITE}/{FILE}", None, LINK, "Read"),
    }
    assert tenant["members"].select("group", "member").rows() == [(group, "everyone_except_external_users")]
    assert dict(tenant["scopes"].select("id", "parent").iter_rows()) == {
        f"{SITE}/{SCOPE}": None,
        f"{SITE}/{FILE}": f"{SITE}/{SCOPE}",
    }
    assert tenant["links"].select("id", "audience").rows() == [(LINK, "organization")]
    assert tenant.coverage.table("grants") == "partial"


def test_trap_36_counts_of_sites_make_no_grants(tmp_path: Path) -> None:
    header = "Tenant ID,Site ID,Site Name,Site URL,Site Template,Primary admin,Primary admin email,External sharing,Site Privacy,Site Sensitivity,Number of users having access,Guest user permissions,External participant permissionst,Entra group count,File count"
    tenant = report(
        tmp_path,
        header,
        f"t,{SITE},Ledger,https://birchdale.sharepoint.com/sites/Ledger,Team site,Ana,a@b.example,No,Private,,46,2,0,3,412",
        "t,,X,,,,,,,,1,,,,",
    )
    site = tenant["sites"].row(0, named=True)
    assert (site["id"], site["title"], site["kind"], site["sharing"], site["files"]) == (
        SITE,
        "Ledger",
        "team",
        "Disabled",
        412,
    )
    assert counts(tenant) == {
        ("site_users", SITE): 46,
        ("site_files", SITE): 412,
        ("site_guest_permissions", SITE): 2,
        ("site_external_participants", SITE): 0,
        ("site_entra_groups", SITE): 3,
    }
    assert tenant["grants"].is_empty()
    assert tenant.rejected["why"].to_list() == ["site id is missing"]


USERS = "TenantID,Site ID,Site Name,Site URL,Site Template,ExternalSharing,Files,Is site shared,Items with direct access count,Items with indirect access count,Microsoft Entra object ID,User principle name,Display name,Report Date"
ANA, BEN = "77777777-aaaa-4bbb-8ccc-000000000001", "77777777-aaaa-4bbb-8ccc-000000000002"


def test_the_report_for_users_counts_what_each_of_them_reaches(tmp_path: Path) -> None:
    row = f"t,{SITE},Ledger,https://birchdale-my.sharepoint.com/personal/a,x,Yes,412,Yes,1,411,{ANA},A@b.example,Ana,2026-06-03"
    tenant = report(
        tmp_path,
        USERS,
        row,
        row.replace("Ana", "Ben").replace(ANA, BEN).replace(",1,411", ",,7"),
        row.replace(ANA, "").replace("A@b.example", ""),
    )
    assert tenant["sites"].select("id", "files", "kind", "sharing").rows() == [(SITE, 412, "onedrive", None)]
    assert tenant["grants"].is_empty()
    assert counts(tenant) == {
        ("user_files_at_least", ANA, SITE): 411,
        ("user_files_at_most", ANA, SITE): 412,  # a file may be in both counts
        ("user_files_at_least", BEN, SITE): 7,
    }
    assert tenant["principals"].filter(id=ANA).select("name", "login", "kind").rows() == [
        ("Ana", "a@b.example", "user")
    ]
    assert tenant.rejected["why"].to_list() == ["no user in this row"]


LEDGER = "https://birchdale.sharepoint.com/sites/Ledger"


@pytest.mark.parametrize("labelled", ["Labelled documents", "Labeled files"])
def test_a_label_report_counts_files_of_the_label_in_its_name(tmp_path: Path, labelled: str) -> None:
    container = "c0c0c0c0-aaaa-4bbb-8ccc-000000000009"
    (tmp_path / "Highly Confidential_2026.csv").write_text(
        f"Site ID,Site URL,Primary Admin,Primary Admin Email,{labelled},Site Sensitivity ID,Site Sensitivity,Site Unmanaged Device Policy,Site External Sharing\n"
        f'{{{SITE.upper()}}},{LEDGER},Ana,a@b.example,"1,204",{container},Secret,"Limited, web-only access",FALSE\n',
        encoding="utf-8-sig",
    )
    tenant = read(tmp_path)
    assert counts(tenant) == {("site_label_files", SITE, "Highly Confidential_2026.csv"): 1204}
    assert tenant["sites"].select("label", "conditional_access", "sharing").rows() == [
        (container, "AllowLimitedAccess", "Disabled")
    ]
    assert any("file's name" in note for note in tenant.notes)


def test_trap_36_link_activity_is_counted_as_events(tmp_path: Path) -> None:
    (tmp_path / "Anyone links report.csv").write_text(
        f"Site name;Site URL;Links created;Template;External sharing\nLedger;{LEDGER}/;12;Team site;On\nX;;1;;\nY;{LEDGER}2;many;;\n",
        encoding="utf-8-sig",
    )
    tenant = read(tmp_path)
    assert counts(tenant) == {("links_created:anyone", LEDGER.lower()): 12}
    assert tenant["links"].is_empty() and tenant["grants"].is_empty()
    assert tenant.rejected["why"].to_list() == ["site id is missing", "links_created:anyone is not a number"]
    assert any("events, not links" in note for note in tenant.notes)


def test_trap_36_the_grid_of_everyone_activity_is_evidence(tmp_path: Path) -> None:
    tenant = report(
        tmp_path,
        '"\ufeff""Site name""",URL,Items shared,Primary admin,Teams,Template,Sensitivity,External sharing,Privacy',
        f"Ledger,{LEDGER},5,Group owners,Yes,Team site,,Off,Private",
    )
    assert counts(tenant) == {("shared_with_everyone", LEDGER.lower()): 5}
    assert tenant["sites"].select("title", "sharing").rows() == [("Ledger", "Disabled")]


@pytest.mark.parametrize("files", ["12,000", "12.000", "12 000", "12000", "12000.0"])
def test_trap_6_thousands_of_files_are_one_number(tmp_path: Path, files: str) -> None:
    tenant = report(
        tmp_path, "Site ID;Site URL;Number of users having access;File count", f'{SITE};{LEDGER};1;"{files}"'
    )
    assert tenant["sites"]["files"].to_list() == [12000]
    assert tenant.rejected.is_empty()


def test_a_site_known_by_address_only_lies_over_the_one_with_an_id(tmp_path: Path) -> None:
    (tmp_path / "sites.csv").write_text(f"id,url\n{SITE},{LEDGER}\n")
    (tmp_path / "links.csv").write_text(f"Site URL,Links created\n{LEDGER.upper()}/,3\n")
    assert read(tmp_path)["sites"]["id"].to_list() == [SITE]


def test_trap_39_rows_without_a_scope_are_rejected(tmp_path: Path) -> None:
    tenant = report(tmp_path, DETAILED, f"t,{SITE},w,,,,,Web,sites/Ledger,Read,,,{EEEU},{EEEU},,,,,,2026-06-03")
    assert tenant.rejected["why"].to_list() == ["no site, scope or recipient in this row"]


def test_a_zip_of_reports_says_that_it_wants_unpacking(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "users.zip", "w") as archive:
        archive.writestr("part1.csv", USERS)
    (tmp_path / "links.csv").write_text(f"Site URL,Links created\n{LEDGER},3\n")
    assert read(tmp_path).rejected["why"].to_list() == [
        "this file is a zip archive or a workbook: unpack it, or save it as CSV"
    ]
