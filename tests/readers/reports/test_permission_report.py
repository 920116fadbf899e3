"""Permission reports of community scripts: every family, and the traps they set."""

# ruff: noqa: E501 - rows of exports are as long as they are

from __future__ import annotations

from pathlib import Path

import pytest

from acl_graph.readers import read
from acl_graph.tenant import Tenant

SITE = "https://birchdale.sharepoint.com/sites/Ledger"
ID = SITE.lower()
LIB = "/sites/Ledger/Shared Documents"
GROUP = "11111111-aaaa-4bbb-8ccc-000000000001"
LINK = "44444444-aaaa-4bbb-8ccc-000000000001"
ITEM = "55555555-aaaa-4bbb-8ccc-000000000001"
DIARY = "Object,Title,URL,HasUniquePermissions,Users,Type,Permissions,GrantedThrough"
AUDIT = "Roles,SiteUrl,SiteTitle,Type,SensitivityLabel,RelativeUrl,ListTitle,MemberType,MemberName,MemberLoginName,ParentGroup"


def report(folder: Path, header: str, *rows: str, name: str = "report.csv", encoding: str = "utf-8") -> Tenant:
    (folder / name).write_bytes(("\r\n".join([header, *rows]) + "\r\n").encode(encoding))
    return read(folder)


def grants(tenant: Tenant) -> set[tuple[str, str, str]]:
    """(path of the scope, principal or link, level)."""
    paths = dict(tenant["scopes"].select("id", "path").iter_rows())
    rows = tenant["grants"].select("scope", "principal", "link", "level").iter_rows()
    return {(paths[scope], principal or link, level) for scope, principal, link, level in rows}


def members(tenant: Tenant) -> set[tuple[str, str]]:
    return set(tenant["members"].select("group", "member").iter_rows())


def kinds(tenant: Tenant) -> dict[str, str]:
    return dict(tenant["principals"].select("id", "kind").iter_rows())


def test_a_diary_report_has_scopes_groups_grants_and_administrators(tmp_path: Path) -> None:
    tenant = report(
        tmp_path,
        DIARY,
        f"Site Collection,Ledger,{SITE},TRUE,Ana Ash; Ben Birch,Site Collection Administrators,Site Owner,Direct Permissions",
        f"Site,Ledger,{SITE},TRUE,Ana Ash; Cy Cedar,SharePointGroup,Edit,SharePoint Group: Ledger Members",
        f'DocumentLibrary,Documents,{LIB},TRUE,Dee Dogwood,User,"Read,Limited Access",Direct Permissions',
        f"File,pay.xlsx,{LIB}/Pay/pay.xlsx,TRUE,Auditors,SecurityGroup,Contribute,Direct Permissions",
    )
    assert grants(tenant) == {
        ("/sites/Ledger", f"{ID}|ledger members", "Edit"),
        (LIB, "name:Dee Dogwood", "Read"),
        (f"{LIB}/Pay/pay.xlsx", "name:Auditors", "Contribute"),
    }
    assert members(tenant) == {(f"{ID}|ledger members", "name:Ana Ash"), (f"{ID}|ledger members", "name:Cy Cedar")}
    assert set(tenant["site_admins"].select("site", "principal").iter_rows()) == {
        (ID, "name:Ana Ash"),
        (ID, "name:Ben Birch"),
    }
    assert dict(tenant["scopes"].select("id", "parent").iter_rows()) == {
        f"{ID}|/sites/ledger": None,
        f"{ID}|{LIB.lower()}": f"{ID}|/sites/ledger",
        f"{ID}|{LIB.lower()}/pay/pay.xlsx": f"{ID}|{LIB.lower()}",
    }
    assert tenant["scopes"]["kind"].to_list() == ["web", "list", "item"]
    assert kinds(tenant)["name:Auditors"] == "security_group"
    groups = dict(tenant["principals"].select("id", "expanded").iter_rows())
    assert groups["name:Auditors"] is False and groups[f"{ID}|ledger members"] is True
    assert any("1 Limited Access" in note for note in tenant.notes)
    assert any("low confidence" in note for note in tenant.notes)
    assert tenant.coverage.table("grants") == "partial" and tenant.coverage.table("items") == "absent"
    assert tenant.rejected.is_empty()


def test_the_folder_variant_of_a_diary_report_is_read(tmp_path: Path) -> None:
    tenant = report(
        tmp_path,
        "FolderName,FolderURL,User,Type,Permissions,GrantedThrough",
        f"Pay,{LIB}/Pay,Ana Ash,User,Read,Direct Permissions",
    )
    assert grants(tenant) == {(f"{LIB}/Pay", "name:Ana Ash", "Read")}
    assert tenant["scopes"]["kind"].to_list() == ["folder"]


@pytest.mark.parametrize("no", ["FALSE", "False", "0", "Falsch", "Faux", "FALSO"])
def test_trap_26_rows_that_repeat_a_parent_make_no_scope(tmp_path: Path, no: str) -> None:
    tenant = report(
        tmp_path,
        DIARY,
        f"Site,Ledger,{SITE},TRUE,Ana Ash,User,Read,Direct Permissions",
        f"Site,Sub,{SITE}/sub,{no},Ana Ash,User,Read,Direct Permissions",
    )
    assert tenant["scopes"]["path"].to_list() == ["/sites/Ledger"]
    assert any("1 rows of permission reports repeat" in note for note in tenant.notes)


def test_trap_26_an_unreadable_flag_counts_as_own_and_is_listed(tmp_path: Path) -> None:
    tenant = report(tmp_path, DIARY, f"Site,Ledger,{SITE},perhaps,Ana Ash,User,Read,Direct Permissions")
    assert tenant["grants"].height == 1
    assert tenant.rejected.select("column", "value", "row_kept").rows() == [("HasUniquePermissions", "perhaps", True)]


def test_trap_34_names_that_hold_the_joiner_are_not_split(tmp_path: Path) -> None:
    tenant = report(
        tmp_path,
        DIARY,
        f'Site,Ledger,{SITE},TRUE,"Ash, Ana; Birch, Ben",SharePointGroup,Edit,SharePoint Group: One',
        f'Site,Ledger,{SITE},TRUE,"Ash, Ana,Birch, Ben",SharePointGroup,Edit,SharePoint Group: Two',
        f'Site,Ledger,{SITE},TRUE,"Dogwood, Dee",User,Edit,Direct Permissions',
        f'Site,Ledger,{SITE},TRUE,"Dogwood, Dee",SharePointGroup,Edit,SharePoint Group: Three',
        f'Site,Ledger,{SITE},TRUE,"Ana Ash,Cy Cedar",SharePointGroup,Edit,SharePoint Group: Four',
    )
    assert {(group.rpartition("|")[2], member) for group, member in members(tenant)} == {
        ("one", "name:Ash, Ana"), ("one", "name:Birch, Ben"),
        ("two", "name:Ash, Ana"), ("two", "name:Birch, Ben"),
        ("three", "name:Dogwood, Dee"),
        ("four", "name:Ana Ash"), ("four", "name:Cy Cedar"),
    }  # fmt: skip
    assert tenant.rejected.is_empty()


def test_trap_34_a_cell_that_may_be_one_or_two_people_is_nobody_surely(tmp_path: Path) -> None:
    tenant = report(tmp_path, DIARY, f'Site,Ledger,{SITE},TRUE,"Ash, Ana",SharePointGroup,Edit,SharePoint Group: One')
    assert kinds(tenant)["name:Ash, Ana"] is None
    assert dict(tenant["principals"].select("id", "expanded").iter_rows())[f"{ID}|one"] is False
    assert tenant.rejected.select("value", "row_kept").rows() == [("Ash, Ana", True)]
    assert "name:Ash, Ana" in tenant.unresolved["principal"]


def test_trap_34_a_name_never_becomes_an_account_of_another_file(tmp_path: Path) -> None:
    (tmp_path / "principals.csv").write_text("id,kind,name,login\nu1,user,Ana Ash,ana.ash@birchdale.example\n")
    tenant = report(tmp_path, DIARY, f"Site,Ledger,{SITE},TRUE,Ana Ash,User,Read,Direct Permissions")
    assert grants(tenant) == {("/sites/Ledger", "name:Ana Ash", "Read")}


def test_trap_33_principal_types_may_be_numbers(tmp_path: Path) -> None:
    tenant = report(
        tmp_path,
        DIARY,
        f"Site,Ledger,{SITE},1,Auditors,4,Read,Direct Permissions",
        f"Site,Ledger,{SITE},1,Ana Ash,8,Edit,SharePoint Group: Ledger Members",
    )
    assert kinds(tenant)["name:Auditors"] == "security_group"
    assert members(tenant) == {(f"{ID}|ledger members", "name:Ana Ash")}


def test_trap_24_levels_and_link_groups_are_not_confused(tmp_path: Path) -> None:
    title = f"SharingLinks.{ITEM}.OrganizationEdit.{LINK}"
    tenant = report(
        tmp_path,
        DIARY,
        f'File,a.docx,{LIB}/a.docx,TRUE,Ana Ash,SharePointGroup,"Bearbeiten,FullControl",SharePoint Group: {title}',
    )
    assert grants(tenant) == {(f"{LIB}/a.docx", LINK, "Bearbeiten"), (f"{LIB}/a.docx", LINK, "FullControl")}
    assert tenant["links"].select("id", "audience").rows() == [(LINK, "organization")]
    assert tenant["link_users"].select("link", "principal").rows() == [(LINK, "name:Ana Ash")]
    assert tenant["members"].is_empty()


def test_a_claim_by_name_is_its_population(tmp_path: Path) -> None:
    tenant = report(
        tmp_path,
        DIARY,
        f"Site,Ledger,{SITE},TRUE,Everyone except external users; Ana Ash,SharePointGroup,Read,SharePoint Group: V",
    )
    assert (f"{ID}|v", "everyone_except_external_users") in members(tenant)
    assert kinds(tenant)["everyone_except_external_users"] == "everyone_except_external"


def audit_rows() -> list[str]:
    web = f"{SITE},Ledger,Site,,/sites/Ledger,"
    claim = f"c:0o.c|federateddirectoryclaimprovider|{GROUP}"
    return [
        f"Full Control,{web},Group,Ledger Owners,Ledger Owners,Ledger Owners",
        f"Full Control,{web},GroupMember,Ana Ash,ana.ash@birchdale.example,Ledger Owners",
        f"Full Control,{web},GroupMember,Ben Birch,ben.birch@birchdale.example,Ledger Owners",
        f"Full Control,{web},GroupMember,Ledger Owners,{claim}_o,Ledger Owners",
        f"Edit,{web},Group,Ledger Members,Ledger Members,Ledger Members",
        f"Edit,{web},GroupMember,Ana Ash,ana.ash@birchdale.example,Ledger Members",
        f"Edit,{web},GroupMember,Ledger Members,{claim},Ledger Members",
        f"Edit,{web},GroupMember,Gus Guest,i:0#.f|membership|gus_elm.example#ext#@birchdale.onmicrosoft.com,Ledger Members",
        f"Read,{web},User,Everyone,c:0(.s|true,NA",
        f'"Limited Access",{web},User,Cy Cedar,i:0#.f|membership|cy@birchdale.example,NA',
    ]


def test_an_audit_has_groups_with_their_claims_as_members(tmp_path: Path) -> None:
    tenant = report(tmp_path, AUDIT, *audit_rows())
    guest = "gus_elm.example#ext#@birchdale.onmicrosoft.com"
    assert grants(tenant) == {
        ("/sites/Ledger", f"{ID}|ledger owners", "Full Control"),
        ("/sites/Ledger", f"{ID}|ledger members", "Edit"),
        ("/sites/Ledger", "everyone", "Read"),
    }
    assert members(tenant) == {
        (f"{ID}|ledger owners", f"{GROUP}_o"),
        (f"{ID}|ledger members", GROUP),
        (GROUP, "ana.ash@birchdale.example"),
        (f"{ID}|ledger members", guest),
    }
    person = tenant["principals"].filter(id=guest).row(0, named=True)
    assert (person["home"], person["domain"]) == ("guest", "elm.example")


def test_trap_20_people_before_an_owners_claim_are_not_made_owners(tmp_path: Path) -> None:
    tenant = report(tmp_path, AUDIT, *audit_rows())
    assert not any(group == f"{GROUP}_o" for group, _ in members(tenant))
    assert (f"{ID}|ledger owners", "ben.birch@birchdale.example") not in members(tenant)
    assert any("_0 instead of _o" in note for note in tenant.notes)
    doubts = tenant.rejected.filter(table="members")
    assert doubts["value"].to_list() == ["ana.ash@birchdale.example", "ben.birch@birchdale.example"]
    assert doubts["row_kept"].all()


def test_trap_21_limited_access_levels_and_groups_are_counted_and_left_out(tmp_path: Path) -> None:
    web = f"{SITE},Ledger,Site,,/sites/Ledger,"
    group = "Limited Access System Group For Web 66666666-aaaa-4bbb-8ccc-000000000001"
    tenant = report(
        tmp_path,
        AUDIT,
        f"Read,{web},Group,{group},{group},{group}",
        f"Read,{web},GroupMember,Ana Ash,i:0#.f|membership|ana@birchdale.example,{group}",
        f"Limited Access,{web},User,Ana Ash,i:0#.f|membership|ana@birchdale.example,NA",
    )
    assert tenant["grants"].is_empty() and tenant["members"].is_empty()
    assert any("3 Limited Access entries" in note for note in tenant.notes)


def test_links_of_an_audit_have_their_audience_from_the_group_or_the_scope(tmp_path: Path) -> None:
    file = f"{SITE},Ledger,File,,{LIB}/a.docx,Documents"
    other = LINK[:-1] + "2"
    tenant = report(
        tmp_path,
        AUDIT,
        f"edit,{file},Sharing Links,Ana Ash,i:0#.f|membership|ana@birchdale.example,SharingLinks.{ITEM}.Flexible.{LINK}",
        f"view,{file},Sharing Links,anonymous,,SharingLinks.{ITEM}.AnonymousView.{other}",
    )
    assert set(tenant["links"].select("id", "audience").iter_rows()) == {(LINK, "people"), (other, "anyone")}
    assert tenant["link_users"].select("link", "principal").rows() == [(LINK, "ana@birchdale.example")]
    assert grants(tenant) == {(f"{LIB}/a.docx", LINK, "edit"), (f"{LIB}/a.docx", other, "view")}
    assert any("Flexible" in note for note in tenant.notes)


LINKS = (
    "SiteUrl,listUrl,Name,RelativeURL,ObjectType,ShareId,RoleList,Users,ShareLinkUrl,ShareLinkType,ShareLinkScope,"
    "Expiration,BlocksDownload,RequiresPassword"
)


def test_sharing_links_have_people_expiry_and_password(tmp_path: Path) -> None:
    tenant = report(
        tmp_path,
        LINKS,
        f"{SITE},{LIB},a.docx,{LIB}/a.docx,File,{LINK.upper()},write,ana@birchdale.example|gus@elm.example,"
        "https://birchdale.sharepoint.com/:w:/s/secret,edit,users,2026-09-30T00:00:00Z,,False",
        f"{SITE},{LIB},b.docx,{LIB}/b.docx,File,,read,,https://birchdale.sharepoint.com/:w:/s/secret2,view,anonymous,,,True",
    )
    first, second = tenant["links"].iter_rows(named=True)
    assert (first["id"], first["audience"], first["password"]) == (LINK, "people", False)
    assert first["expires"].isoformat() == "2026-09-30T00:00:00+00:00"
    assert (second["audience"], second["password"]) == ("anyone", True)
    assert "secret" not in second["id"]
    assert set(tenant["link_users"]["principal"]) == {"ana@birchdale.example", "gus@elm.example"}
    assert tenant.coverage.table("links") == "partial" and tenant.coverage.table("grants") == "partial"


def test_the_older_link_report_leaves_out_links_that_are_not_active(tmp_path: Path) -> None:
    header = "SiteUrl,listUrl,Name,RelativeURL,ObjectType,ShareLink,ShareLinkAccess,HasExternalGuestInvitees,ShareLinkType,AllowsAnonymousAccess,IsActive,Expiration"
    tenant = report(
        tmp_path,
        header,
        f"{SITE},{LIB},a,{LIB}/a.docx,File,https://x.sharepoint.com/:w:/1,Edit,False,Flexible,True,True,",
        f"{SITE},{LIB},a,{LIB}/a.docx,File,https://x.sharepoint.com/:w:/2,ViewOnly,False,OrganizationView,False,False,",
    )
    assert tenant["links"]["audience"].to_list() == ["anyone"]
    assert any("1 links are not active" in note for note in tenant.notes)


def test_a_subweb_report_is_read(tmp_path: Path) -> None:
    tenant = report(
        tmp_path,
        "Site URL,Site Title,Title,PermissionType,PermissionLevels,Member,HasUniquePermissions",
        f"{SITE},Ledger,Ana Ash,SharePointGroup,Edit,Ledger Members,True",
        f"{SITE},Ledger,Ben Birch,User,Read,Direct Permission,True",
        f"{SITE}/sub,Sub,Ben Birch,User,Read,Direct Permission,False",
    )
    assert grants(tenant) == {
        ("/sites/Ledger", f"{ID}|ledger members", "Edit"),
        ("/sites/Ledger", "name:Ben Birch", "Read"),
    }
    assert members(tenant) == {(f"{ID}|ledger members", "name:Ana Ash")}


def test_effective_permissions_are_kept_as_a_mask(tmp_path: Path) -> None:
    tenant = report(
        tmp_path,
        "SiteUrl,listUrl,Name,RelativeURL,ObjectType,User,EffectivePermissions,GivenThroughGranted",
        f'{SITE},,,{SITE},site,i:0#.f|membership|ana@birchdale.example,"ViewListItems,OpenItems,Open,ViewPages",Direct',
        f"{SITE},{LIB},,{LIB},list/library,i:0#.f|membership|ana@birchdale.example,FullMask,Ledger Owners",
    )
    assert grants(tenant) == {
        ("/sites/Ledger", "ana@birchdale.example", "0x0000000000030021"),
        (LIB, "ana@birchdale.example", "0x7FFFFFFFFFFFFFFF"),
    }


def test_direct_permissions_of_users_are_read(tmp_path: Path) -> None:
    tenant = report(
        tmp_path,
        "SiteUrl,SiteTitle,UserName,UserEmail,PermissionRole",
        f'{SITE},Ledger,i:0#.f|membership|ana@birchdale.example,ana@birchdale.example,"Read, Edit"',
    )
    assert grants(tenant) == {
        ("/sites/Ledger", "ana@birchdale.example", "Read"),
        ("/sites/Ledger", "ana@birchdale.example", "Edit"),
    }


def test_a_novapoint_report_has_groups_inside_groups(tmp_path: Path) -> None:
    tenant = report(
        tmp_path,
        "LocationType,LocationName,LocationUrl,AccessType,AccountType,Users,PermissionsLevels,Remarks",
        f"Site,Ledger,{SITE},Direct Permissions,User,root@birchdale.example,Site Collection Administrator,",
        f"Site,Ledger,{SITE},SharePoint Group 'Ledger Members',User,ana@birchdale.example ben@birchdale.example,Edit | Read,",
        f"Site,Ledger,{SITE},SharePoint Group 'Ledger Members',Security Group 'Outer' holds Security Group 'Inner' holds ,cy@birchdale.example,Edit,",
        f"Site,Ledger,{SITE},Direct Permissions,Everyone except external users,All internal users,Read,",
        f"DocumentLibrary,Documents,{LIB}/Forms/AllItems.aspx,Inheriting Permissions,,,,",
        f"File,a.docx,{LIB}/a.docx,Sharing Link 'People in your organization',User,ana@birchdale.example,Contribute,",
        f"File,b.docx,{LIB}/b.docx,No user access,No user access,No user access,No user access,No user access",
    )
    assert tenant["site_admins"]["principal"].to_list() == ["root@birchdale.example"]
    assert members(tenant) == {
        (f"{ID}|ledger members", "ana@birchdale.example"),
        (f"{ID}|ledger members", "ben@birchdale.example"),
        (f"{ID}|ledger members", "name:Outer"),
        ("name:Outer", "name:Inner"),
        ("name:Inner", "cy@birchdale.example"),
    }
    assert ("/sites/Ledger", "everyone_except_external_users", "Read") in grants(tenant)
    assert tenant["links"].select("audience").rows() == [("organization",)]
    assert tenant["link_users"]["principal"].to_list() == ["ana@birchdale.example"]


def test_somebody_an_earlier_file_describes_keeps_that_id(tmp_path: Path) -> None:
    (tmp_path / "principals.csv").write_text(
        "id,kind,login,home\nu1,user,Ana.Ash@birchdale.example,internal\n"
        "g1,user,gus_elm.example#EXT#@birchdale.onmicrosoft.com,guest\n"
    )
    (tmp_path / "sites.csv").write_text(f"id,url\ns1,{SITE}/\n")
    tenant = report(
        tmp_path,
        LINKS,
        f"{SITE},{LIB},a.docx,{LIB}/a.docx,File,{LINK},write,ana.ash@birchdale.example|gus@elm.example,,edit,users,,,",
    )
    assert set(tenant["link_users"]["principal"]) == {"u1", "g1"}
    assert tenant["principals"].height == 2
    assert tenant["scopes"]["site"].to_list() == ["s1"]
    assert tenant["sites"]["id"].to_list() == ["s1"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "|", "\t"])
def test_trap_06_encodings_and_delimiters(tmp_path: Path, encoding: str, delimiter: str) -> None:
    rows = [DIARY, f"Site,Ledger,{SITE},WAHR,Jürg Ähre,User,Read,Direct Permissions"]
    text = "#TYPE System.Management.Automation.PSCustomObject\r\n" + "\r\n".join(
        delimiter.join(f'"{cell}"' for cell in row.split(",")) for row in rows
    )
    (tmp_path / "r.csv").write_bytes(text.encode(encoding))
    assert grants(read(tmp_path)) == {("/sites/Ledger", "name:Jürg Ähre", "Read")}


def test_trap_06_a_cell_with_many_names_is_not_taken_for_the_header(tmp_path: Path) -> None:
    people = ";".join(f"Person {n}" for n in range(30))
    tenant = report(tmp_path, DIARY, f"Site,L,{SITE},TRUE,{people},SharePointGroup,Read,SharePoint Group: G")
    assert len(members(tenant)) == 30


def test_trap_06_lines_before_the_header_are_skipped(tmp_path: Path) -> None:
    text = f"\r\n\r\nPermission report, created on Monday\r\n{DIARY}\r\nSite,L,{SITE},TRUE,Ana Ash,User,Read,Direct Permissions\r\n"
    (tmp_path / "r.csv").write_text(text, newline="")
    assert grants(read(tmp_path)) == {("/sites/Ledger", "name:Ana Ash", "Read")}


@pytest.mark.parametrize("nothing", ["NA", "None", "{}", "null"])
def test_trap_08_no_parent_group_has_many_spellings(tmp_path: Path, nothing: str) -> None:
    row = f"Read,{SITE},Ledger,Site,,/sites/Ledger,,User,Ana,i:0#.f|membership|ana@birchdale.example,{nothing}"
    assert grants(report(tmp_path, AUDIT, row)) == {("/sites/Ledger", "ana@birchdale.example", "Read")}


def test_trap_07_dates_of_links_in_many_styles(tmp_path: Path) -> None:
    styles = ["2026-09-30", "2026-09-30T00:00:00.0000000Z", "/Date(1790726400000)/", "0001-01-01T00:00:00Z"]
    rows = [
        f"{SITE},{LIB},a,{LIB}/a.docx,File,44444444-aaaa-4bbb-8ccc-00000000000{n},read,,,view,users,{style},,"
        for n, style in enumerate(styles)
    ]
    expires = report(tmp_path, LINKS, *rows)["links"]["expires"].to_list()
    assert expires[0] == expires[1] == expires[2] and expires[3] is None


def test_rows_without_an_object_are_rejected_with_their_reason(tmp_path: Path) -> None:
    tenant = report(
        tmp_path,
        DIARY,
        f"Galaxy,L,{SITE},TRUE,Ana Ash,User,Read,Direct Permissions",
        "Site,L,,TRUE,Ana Ash,User,Read,Direct Permissions",
        f"Site,L,{SITE},TRUE,Ana Ash,User,Read,Direct Permissions",
    )
    assert tenant.rejected["source_row"].to_list() == [2, 3]
    assert tenant["grants"].height == 1


def test_hostile_names_stay_text(tmp_path: Path) -> None:
    name = "=cmd|'/c calc'!A1\x1b[2J"
    tenant = report(tmp_path, DIARY, f"Site,L,{SITE},TRUE,{name},User,Read,Direct Permissions")
    assert name in tenant["principals"]["name"].to_list()
