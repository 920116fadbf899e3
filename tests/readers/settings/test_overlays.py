"""Settings of sites and of the tenant lie over an export, and say what they do not know."""

# ruff: noqa: E501 - rows of exports are as long as they are

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from acl_graph.readers import read
from acl_graph.tenant import Tenant

BASE = "https://birchdale.sharepoint.com/sites"
GROUP = "11111111-aaaa-4bbb-8ccc-000000000001"
OTHER_GROUP = "11111111-aaaa-4bbb-8ccc-000000000002"
SITE_ID = "22222222-aaaa-4bbb-8ccc-000000000001"


def export(folder: Path, **files: str | bytes) -> Tenant:
    """Write files (name with `__` for the dot) and read the folder."""
    for name, content in files.items():
        path = folder / name.replace("__", ".")
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read(folder)


def sites(tenant: Tenant) -> dict[str, dict[str, Any]]:
    return {row["url"].lower(): row for row in tenant["sites"].iter_rows(named=True)}


def csv(*rows: str) -> str:
    return "\r\n".join(rows) + "\r\n"


ONE = csv(
    '"Url","Title","Template","GroupId","SharingCapability","LockState","RestrictedAccessControl",'
    '"RestrictedAccessControlGroups","SensitivityLabel","ConditionalAccessPolicy","InformationSegment","SiteId"',
    f'"{BASE}/Ledger/","Ledger","GROUP#0","{GROUP}","ExternalUserSharingOnly","ReadOnly","True",'
    f'"{GROUP};{{{OTHER_GROUP.upper()}}}","","AllowLimitedAccess","","{SITE_ID}"',
)


def test_a_single_site_is_described_by_its_settings(tmp_path: Path) -> None:
    tenant = export(tmp_path, site__csv=ONE)
    site = sites(tenant)[f"{BASE}/ledger"]
    assert site["id"] == SITE_ID
    assert (site["kind"], site["group"], site["sharing"]) == ("team", GROUP, "ExternalUserSharingOnly")
    assert (site["lock"], site["restricted_access"], site["conditional_access"]) == (
        "ReadOnly",
        True,
        "AllowLimitedAccess",
    )
    assert site["label"] is None
    assert tenant["site_restricted_groups"].select("site", "group").rows() == [(SITE_ID, GROUP), (SITE_ID, OTHER_GROUP)]
    assert tenant.coverage.complete("site_restricted_groups")
    assert tenant.rejected.is_empty()


def test_settings_lie_over_the_sites_of_another_export_by_address(tmp_path: Path) -> None:
    tenant = export(
        tmp_path,
        sites__csv=f"id,url,title,lock\ns9,{BASE}/LEDGER,Old title,Unlock\n",
        get__csv=csv(
            "Url,LockState,RestrictedAccessControl,RestrictedAccessControlGroups", f"{BASE}/Ledger/,NoAccess,1,{GROUP}"
        ),
    )
    assert tenant["sites"].height == 1
    assert tenant["sites"]["id"].to_list() == ["s9"]
    assert tenant["sites"]["lock"].to_list() == ["NoAccess"]
    assert tenant["site_restricted_groups"]["site"].to_list() == ["s9"]


def test_trap_32_a_long_list_of_defaults_is_not_known(tmp_path: Path) -> None:
    listing = csv(
        "Url,Template,LockState,SharingCapability,ConditionalAccessPolicy,SensitivityLabel,SharingDomainRestrictionMode",
        f"{BASE}/a,STS#3,Unlock,Disabled,AllowFullAccess,,None",
        f"{BASE}/b,GROUP#0,NoAccess,Disabled,AllowFullAccess,,None",
    )
    tenant = export(tmp_path, all__csv=listing)
    assert tenant["sites"]["sharing"].to_list() == [None, None]
    assert tenant["sites"]["lock"].to_list() == ["Unlock", "NoAccess"]
    assert tenant.coverage.column_missing("sites", "sharing")
    assert any("-Identity" in note for note in tenant.notes)


def test_trap_32_one_value_that_is_no_default_makes_the_list_believable(tmp_path: Path) -> None:
    listing = csv(
        "Url,SharingCapability,ConditionalAccessPolicy",
        f"{BASE}/a,Disabled,AllowFullAccess",
        f"{BASE}/b,Disabled,BlockAccess",
    )
    tenant = export(tmp_path, all__csv=listing)
    assert tenant["sites"]["sharing"].to_list() == ["Disabled", "Disabled"]


def test_trap_32_a_read_of_one_site_fills_what_the_list_does_not_know(tmp_path: Path) -> None:
    listing = csv("Url,SharingCapability,LockState", f"{BASE}/a,Disabled,Unlock", f"{BASE}/b,Disabled,Unlock")
    single = csv("Url,SharingCapability,LockState", f"{BASE}/B,Disabled,ReadOnly")
    tenant = export(tmp_path, a_list__csv=listing, b_single__csv=single)
    assert {url: (row["sharing"], row["lock"]) for url, row in sites(tenant).items()} == {
        f"{BASE}/a": (None, "Unlock"),
        f"{BASE}/b": ("Disabled", "ReadOnly"),
    }


def test_trap_32_exactly_two_hundred_sites_may_be_the_default_limit(tmp_path: Path) -> None:
    rows = [f"{BASE}/s{n},Disabled,Unlock" for n in range(200)]
    tenant = export(tmp_path, all__csv=csv("Url,SharingCapability,LockState", *rows))
    assert any("default limit" in note for note in tenant.notes)


def test_trap_33_numbers_of_the_cli_are_the_same_words(tmp_path: Path) -> None:
    record = {
        "Url": f"{BASE}/a",
        "SharingCapability": 0,
        "ConditionalAccessPolicy": 2,
        "SharingDomainRestrictionMode": 1,
        "SharingAllowedDomainList": "elm.example Fir.example",
        "TeamsChannelType": 2,
        "HubSiteId": "00000000-0000-0000-0000-000000000000",
        "GroupOwnerLoginName": "c:0o.c|federateddirectoryclaimprovider|00000000-0000-0000-0000-000000000000_o",
        "IBMode": "",
        "IBSegments": [],
    }
    tenant = export(tmp_path, site__json=json.dumps(record))
    site = tenant["sites"].row(0, named=True)
    assert (site["sharing"], site["conditional_access"], site["kind"]) == ("Disabled", "BlockAccess", "shared_channel")
    assert site["domains_allowed"] == ["elm.example", "fir.example"]
    assert site["domains_blocked"] == []
    assert site["hub"] is None
    assert tenant.coverage.default_holds("sites", "segments")


def test_trap_31_every_overlay_has_its_column(tmp_path: Path) -> None:
    record = {
        "Url": f"{BASE}/a",
        "LockState": "Unlock",
        "ArchiveStatus": "FullyArchived",
        "RestrictContentOrgWideSearch": False,
        "RestrictedContentDiscoveryforCopilotAndAgents": True,
        "InformationBarriersMode": "Owner Moderated",
        "InformationSegment": ["{33333333-AAAA-4BBB-8CCC-000000000001}"],
        "BlockDownloadPolicy": True,
        "ExcludedBlockDownloadGroupIds": [OTHER_GROUP],
        "IsGroupOwnerSiteAdmin": False,
        "NoCrawl": "TRUE",
        "DisableCompanyWideSharingLinks": "Disabled",
    }
    tenant = export(tmp_path, site__json=json.dumps([record]))
    site = tenant["sites"].row(0, named=True)
    assert site["archive"] == "FullyArchived"
    assert site["restricted_discovery"] is True
    assert site["ib_mode"] == "OwnerModerated"
    assert site["segments"] == ["33333333-aaaa-4bbb-8ccc-000000000001"]
    assert site["block_download"] is True and site["block_download_exempt"] == [OTHER_GROUP]
    assert site["group_owners_are_admins"] is False
    assert site["no_crawl"] is True
    assert any("Organization links are switched off" in note for note in tenant.notes)


@pytest.mark.parametrize("lost", ["System.Object[]", "System.Guid[]", "System.Collections.Generic.List`1[System.Guid]"])
def test_restricted_access_whose_groups_were_lost_is_not_known(tmp_path: Path, lost: str) -> None:
    row = f'"{BASE}/a",True,"{lost}",Unlock'
    tenant = export(tmp_path, site__csv=csv("Url,RestrictedAccessControl,RestrictedAccessControlGroups,LockState", row))
    assert tenant["sites"]["restricted_access"].to_list() == [None]
    assert tenant["site_restricted_groups"].is_empty()
    assert any("were lost" in note for note in tenant.notes)


def test_the_owners_claim_of_a_group_owns_its_site(tmp_path: Path) -> None:
    tenant = export(tmp_path, site__csv=csv("Url,LockState,Owner", f"{BASE}/a,Unlock,{GROUP}_o"))
    assert tenant["sites"]["owner"].to_list() == [f"{GROUP}_o"]
    owners = tenant["principals"].filter(id=f"{GROUP}_o").row(0, named=True)
    assert (owners["kind"], owners["of"]) == ("group_owners", GROUP)


def test_a_site_without_an_address_is_rejected(tmp_path: Path) -> None:
    tenant = export(tmp_path, site__csv=csv("Url,LockState", ",Unlock", f"{BASE}/a,Unlock"))
    assert tenant.rejected.select("table", "source_row", "why").rows() == [("sites", 2, "url is missing")]


TENANT = {
    "SharingCapability": 1,
    "CoreSharingCapability": "ExternalUserAndGuestSharing",
    "ODBSharingCapability": "3",
    "ShowEveryoneClaim": False,
    "ShowAllUsersClaim": None,
    "EnableRestrictedAccessControl": "True",
    "EnableAIPIntegration": True,
    "InformationBarriersSuspension": False,
    "IBImplicitGroupBased": True,
    "MarkNewFilesSensitiveByDefault": "BlockExternalSharing",
    "SharingDomainRestrictionMode": 2,
    "SharingBlockedDomainList": "Elm.example fir.example",
    "SharingAllowedDomainList": "never.example",
    "OneDriveRestrictedAccessControlGroups": [GROUP],
}


def test_tenant_settings_become_switches(tmp_path: Path) -> None:
    tenant = export(tmp_path, tenant__json=json.dumps(TENANT))
    assert dict(tenant.switches) == {
        "sharing": "ExternalUserSharingOnly",
        "core_sharing": "ExternalUserAndGuestSharing",
        "onedrive_sharing": "ExistingExternalUserSharingOnly",
        "show_everyone_claim": False,
        "guests_in_allusers": False,
        "restricted_access_control": True,
        "aip_integration": True,
        "information_barriers_suspended": False,
        "ib_implicit_group_based": True,
        "mark_new_files_sensitive": True,
        "blocked_domains": ["elm.example", "fir.example"],
        "onedrive_restricted_groups": [GROUP],
    }


def test_a_setting_that_is_not_exported_stays_not_known(tmp_path: Path) -> None:
    tenant = export(
        tmp_path, tenant__csv=csv("ShowEveryoneClaim,EnableAIPIntegration,SharingCapability", ",True,Disabled")
    )
    assert "show_everyone_claim" not in tenant.switches
    assert tenant.switches["sharing"] == "Disabled"


def test_a_setting_that_cannot_be_read_is_rejected(tmp_path: Path) -> None:
    tenant = export(
        tmp_path, tenant__csv=csv("ShowEveryoneClaim,EnableAIPIntegration,SharingCapability", "maybe,True,7")
    )
    assert tenant.rejected["why"].to_list() == ["show_everyone_claim is not a flag", "sharing is not a sharing level"]


def test_the_group_setting_of_the_directory_is_read_from_graph_and_flat(tmp_path: Path) -> None:
    nested = {
        "value": [{"displayName": "Group.Unified", "values": [{"name": "AllowGuestsToAccessGroups", "value": "False"}]}]
    }
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    assert export(tmp_path / "a", settings__json=json.dumps(nested)).switches == {"group_guest_access": False}
    flat = export(tmp_path / "b", settings__csv=csv("EnableGroupCreation,AllowGuestsToAccessGroups", "true,true"))
    assert flat.switches == {"group_guest_access": True}


def test_allowed_sites_of_restricted_search_become_ids(tmp_path: Path) -> None:
    tenant = export(
        tmp_path,
        sites__csv=f"id,url\ns1,{BASE}/Ledger\n",
        mode__json='{"RestrictedSearchMode":"Enabled"}',
        RestrictedSearchAllowedList__csv=csv("Url", f"{BASE}/ledger/", f"{BASE}/unknown"),
    )
    assert tenant.switches["restricted_search"] is True
    assert tenant.switches["restricted_search_allowed"] == ["s1", f"{BASE}/unknown"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("RestrictedSearchAllowedList.txt", f"{BASE}/a\r\n{BASE}/b\r\n"),
        ("RestrictedSearchAllowedList.json", json.dumps([f"{BASE}/a", f"{BASE}/b"])),
        ("restricted-search-sites.json", json.dumps([{"Url": f"{BASE}/a"}, {"Url": f"{BASE}/b"}])),
    ],
)
def test_a_bare_list_of_addresses_is_known_by_its_name(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content)
    tenant = read(tmp_path)
    assert tenant.switches["restricted_search_allowed"] == [f"{BASE}/a", f"{BASE}/b"]
    assert "restricted_search" not in tenant.switches
    assert any("the mode is not" in note for note in tenant.notes)


def test_a_line_without_an_address_is_rejected(tmp_path: Path) -> None:
    (tmp_path / "RestrictedSearchAllowedList.txt").write_text(f"{BASE}/a\nledger\n")
    assert read(tmp_path).rejected["value"].to_list() == ["ledger"]


def test_the_pnp_sentence_about_the_mode_is_read(tmp_path: Path) -> None:
    (tmp_path / "mode.txt").write_text("Tenant restricted search mode: Disabled\n")
    assert read(tmp_path).switches == {"restricted_search": False}


def test_trap_06_the_admin_centre_list_has_a_double_byte_order_mark_and_allows_nothing(tmp_path: Path) -> None:
    text = (
        f'"Site name",URL,Page views,Files,Last activity (UTC)\r\n"Ledger, old",{BASE}/Ledger,10,"1,204",2026-05-01\r\n'
    )
    (tmp_path / "active.csv").write_bytes(b"\xef\xbb\xbf\xef\xbb\xbf" + text.encode())
    tenant = read(tmp_path)
    assert tenant["sites"].select("title", "files").rows() == [("Ledger, old", 1204)]
    assert "restricted_search_allowed" not in tenant.switches
    assert any("does not say which sites search allows" in note for note in tenant.notes)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "cp1252"])
def test_trap_06_settings_are_read_in_any_encoding_with_a_type_line(tmp_path: Path, encoding: str) -> None:
    text = f'#TYPE Microsoft.Online.SharePoint.PowerShell.SPOSite\r\n"Url";"Title";"LockState"\r\n"{BASE}/a";"Büro";"Unlock"\r\n'
    (tmp_path / "s.csv").write_bytes(text.encode(encoding))
    assert read(tmp_path)["sites"]["title"].to_list() == ["Büro"]


@pytest.mark.parametrize("word", ["TRUE", "1", "wahr", "Vrai", "VERDADERO", "Waar"])
def test_trap_06_yes_is_read_in_other_languages(tmp_path: Path, word: str) -> None:
    tenant = export(tmp_path, s__csv=csv("Url,LockState,NoCrawl", f"{BASE}/a,Unlock,{word}"))
    assert tenant["sites"]["no_crawl"].to_list() == [True]


@pytest.mark.parametrize("nothing", ["", "{}", "[]", "None", "NA", "00000000-0000-0000-0000-000000000000"])
def test_trap_08_nothing_in_disguise_is_nothing(tmp_path: Path, nothing: str) -> None:
    row = f'{BASE}/a,Unlock,"{nothing}","{nothing}"'
    tenant = export(tmp_path, s__csv=csv("Url,LockState,GroupId,SensitivityLabel", row))
    assert tenant["sites"].select("group", "label").rows() == [(None, None)]


def test_hostile_text_is_kept_as_text(tmp_path: Path) -> None:
    title = "=HYPERLINK(1)\x1b[31m\x07"
    tenant = export(tmp_path, s__json=json.dumps({"Url": f"{BASE}/a", "LockState": "Unlock", "Title": title}))
    assert tenant["sites"]["title"].to_list() == [title]


def test_of_two_spellings_of_a_property_the_first_counts_and_the_other_is_listed(tmp_path: Path) -> None:
    (tmp_path / "site.json").write_text(
        '{"Url":"https://x.sharepoint.com/sites/S","LockState":"NoAccess","lockState":"Unlock"}'
    )
    tenant = read(tmp_path)
    assert tenant["sites"]["lock"].to_list() == ["NoAccess"]
    assert tenant.rejected.select("column", "value", "row_kept").rows() == [("lockState", "Unlock", True)]
    (tmp_path / "site.json").unlink()
    (tmp_path / "site.csv").write_text("Url,LockState,Lock State\nhttps://x.sharepoint.com/sites/S,NoAccess,Unlock\n")
    tenant = read(tmp_path)
    assert tenant["sites"]["lock"].to_list() == ["NoAccess"] and ("sites", "Lock State") in tenant.unknown_columns
