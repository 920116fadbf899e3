"""Data access governance reports."""

# ruff: noqa: E501 - rows of exports are as long as they are

from __future__ import annotations

from pathlib import Path

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
    assert tenant.counts.select("what", "principals", "said").rows() == [("site_users", [SITE], 46)]
    assert tenant["grants"].is_empty()
    assert tenant.rejected["why"].to_list() == ["site id is missing"]


def test_the_report_for_users_describes_sites_only(tmp_path: Path) -> None:
    header = "TenantID,Site ID,Site Name,Site URL,Site Template,ExternalSharing,Files,Is site shared,Items with direct access count,Items with indirect access count,Microsoft Entra object ID,User principle name,Display name,Report Date"
    row = f"t,{SITE},Ledger,https://birchdale-my.sharepoint.com/personal/a,x,Yes,412,Yes,1,411,u,a@b.example,Ana,2026-06-03"
    tenant = report(tmp_path, header, row, row.replace("Ana", "Ben"))
    assert tenant["sites"].select("id", "files", "kind", "sharing").rows() == [(SITE, 412, "onedrive", None)]
    assert tenant["grants"].is_empty() and tenant.rejected.is_empty()


def test_trap_39_rows_without_a_scope_are_rejected(tmp_path: Path) -> None:
    tenant = report(tmp_path, DETAILED, f"t,{SITE},w,,,,,Web,sites/Ledger,Read,,,{EEEU},{EEEU},,,,,,2026-06-03")
    assert tenant.rejected["why"].to_list() == ["no site, scope or recipient in this row"]
