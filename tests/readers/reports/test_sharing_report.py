"""Sharing reports of site owners."""

from __future__ import annotations

from pathlib import Path

from acl_graph.readers import read
from acl_graph.tenant import Tenant

HEADER = "Resource Path,Item Type,Permission,User Name,User Email,User Or Group Type,Link ID,Link Type,AccessViaLinkID"
LINK = "44444444-aaaa-4bbb-8ccc-000000000001"
FILE = "sites/Ledger/Shared Documents/Pay/pay, old.xlsx"
SITE = "https://birchdale.sharepoint.com/sites/Ledger"


def report(folder: Path, *rows: str, header: str = HEADER) -> Tenant:
    (folder / "report.csv").write_text("\n".join([header, *rows]) + "\n", encoding="utf-8-sig")
    return read(folder)


def test_direct_access_and_groups_are_grants(tmp_path: Path) -> None:
    (tmp_path / "sites.csv").write_text(f"id,url\ns1,{SITE}\n")
    tenant = report(
        tmp_path,
        "sites/Ledger,Web,Edit,Ledger Members,,SharePoint Group,,,",
        f'"{FILE}",xlsx,Contribute,Ana Ash,ana@birchdale.example,Internal,,,',
        f'"{FILE}",xlsx,Read,Gus,gus@elm.example,External,,,',
        f'"{FILE}",xlsx,Read,Auditors,,Security group,,,',
        f'"{FILE}",xlsx,Limited Access,Cy,cy@birchdale.example,Internal,,,',
    )
    assert tenant["sites"]["id"].to_list() == ["s1"]
    assert set(tenant["scopes"]["site"]) == {"s1"}
    web, file = f"{SITE.lower()}|/sites/ledger", f"{SITE.lower()}|/{FILE.lower()}"
    assert set(tenant["grants"].select("scope", "principal", "level").iter_rows()) == {
        (web, f"{SITE.lower()}|ledger members", "Edit"),
        (file, "ana@birchdale.example", "Contribute"),
        (file, "gus@elm.example", "Read"),
        (file, "name:Auditors", "Read"),
    }
    guests = tenant["principals"].filter(home="guest")
    assert guests.select("id", "domain").rows() == [("gus@elm.example", "elm.example")]
    assert not tenant["principals"].filter(kind="sharepoint_group")["expanded"].any()
    assert tenant.coverage.table("members") == "absent"


def test_trap_16_people_of_a_link_are_not_granted_directly(tmp_path: Path) -> None:
    tenant = report(
        tmp_path,
        f'"{FILE}",xlsx,Contribute,Sharing Link,,,{LINK.upper()},Company,',
        f'"{FILE}",xlsx,Contribute,Ana Ash,ana@birchdale.example,Member,,,{LINK}',
    )
    assert tenant["links"].select("id", "audience").rows() == [(LINK, "organization")]
    assert tenant["grants"].select("principal", "link", "level").rows() == [(None, LINK, "Contribute")]
    assert tenant["link_users"].select("link", "principal").rows() == [(LINK, "ana@birchdale.example")]


def test_the_documented_spelling_and_lines_before_the_header_are_understood(tmp_path: Path) -> None:
    header = "Sharing report of Ledger\n" + HEADER.replace("User Email", "User E-mail").replace("User Or", "User or")
    tenant = report(tmp_path, "sites/Ledger,Web,Read,Ana Ash,ana@birchdale.example,Member,,,", header=header)
    assert tenant["grants"]["principal"].to_list() == ["ana@birchdale.example"]


def test_trap_34_a_person_without_an_address_is_a_name_only(tmp_path: Path) -> None:
    tenant = report(tmp_path, 'sites/Ledger,Web,Read,"Ash, Ana",,Internal,,,', ",Web,Read,X,,Internal,,,")
    assert tenant["grants"]["principal"].to_list() == ["name:Ash, Ana"]
    assert any("low confidence" in note for note in tenant.notes)
    assert tenant.rejected["why"].to_list() == ["no path or no name in this row"]


def test_two_groups_of_one_name_are_told_apart_by_their_address(tmp_path: Path) -> None:
    tenant = report(
        tmp_path,
        "sites/Ledger,Web,Edit,Sales,sales@birchdale.example,Microsoft 365 group,,,",
        "sites/Ledger,Web,Read,Sales,Sales.EU@birchdale.example,Security group,,,",
        "sites/Ledger,Web,Read,Gus,gus@elm.example,Guest (external),,,",
    )
    assert set(tenant["grants"]["principal"]) == {
        "sales@birchdale.example",
        "sales.eu@birchdale.example",
        "gus@elm.example",
    }
    assert dict(tenant["principals"].select("id", "kind").iter_rows())["sales@birchdale.example"] == "m365_group"
    assert tenant["principals"].filter(home="guest")["id"].to_list() == ["gus@elm.example"]
