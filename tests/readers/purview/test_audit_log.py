"""Audit log exports: evidence, joined with the files and accounts of the export."""

# ruff: noqa: E501 - records are as long as they are

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from acl_graph.readers import read

SITE = "22222222-aaaa-4bbb-8ccc-000000000001"
ITEM = "55555555-aaaa-4bbb-8ccc-000000000001"
LINK = "44444444-aaaa-4bbb-8ccc-000000000001"
URL = "https://birchdale.sharepoint.com/sites/Ledger/Shared Documents/pay.xlsx"


def event(operation: str = "FileAccessed", **more: Any) -> dict[str, Any]:
    return {
        "CreationTime": "2026-06-02T14:05:09", "Operation": operation, "UserType": 0, "RecordType": 6, "Workload": "SharePoint",
        "ObjectId": URL, "UserId": "Ana@Birchdale.example", "Site": SITE, "ItemType": "File", "ListItemUniqueId": ITEM,
    } | more  # fmt: skip


def search(path: Path, *events: dict[str, Any], date: str = "2026-06-02T14:05:09.0000000Z ") -> None:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["RecordId", "CreationDate", "RecordType", "Operation", "UserId", "AuditData"])
    for number, one in enumerate(events):
        writer.writerow([f"r{number}", date, 6, one.get("Operation"), one.get("UserId"), json.dumps(one)])
    path.write_text(out.getvalue())


def known(folder: Path) -> None:
    (folder / "principals.csv").write_text("id,kind,login\nu1,user,ana@birchdale.example\n")
    (folder / "items.csv").write_text(f"id,path\n{SITE}/{ITEM},/sites/Ledger/Shared Documents/pay.xlsx\n")


def test_uses_are_counted_for_each_person_item_and_action(tmp_path: Path) -> None:
    known(tmp_path)
    search(tmp_path / "log.csv", event(), event(CreationTime="2026-06-05T08:00:00"), event("FileDownloaded"))
    usage = read(tmp_path)["usage"]
    assert usage.select("principal", "item", "action", "events", "actor").rows() == [
        ("u1", f"{SITE}/{ITEM}", "FileAccessed", 2, "user"),
        ("u1", f"{SITE}/{ITEM}", "FileDownloaded", 1, "user"),
    ]
    assert usage["last"][0].isoformat() == "2026-06-05T08:00:00+00:00"


def test_trap_38_copilot_names_files_by_encoded_address(tmp_path: Path) -> None:
    known(tmp_path)
    resource = {"ID": "AAMkAGI=", "listItemUniqueId": "AAMkAGI=", "SiteUrl": URL.replace(" ", "%20") + "?web=1"}
    mail = {"Id": "AAMk", "SiteUrl": "https://outlook.office365.com/x"}
    record = {"RecordType": 261, "Operation": "CopilotInteraction", "CreationTime": "2026-06-02T15:11:00", "UserId": "ana@birchdale.example",
              "Workload": "Copilot", "CopilotEventData": {"AccessedResources": [resource, mail]}}  # fmt: skip
    (tmp_path / "log.json").write_text(json.dumps([record]))
    tenant = read(tmp_path)
    assert tenant["usage"].select("principal", "item", "actor").rows() == [("u1", f"{SITE}/{ITEM}", "copilot")]
    assert any("1 records name no file" in note for note in tenant.notes)


@pytest.mark.parametrize(
    "who", [{"UserId": "app@sharepoint"}, {"UserType": 5}, {"UserId": "SHAREPOINT\\system", "UserType": 4}]
)
def test_trap_38_system_accounts_are_marked(tmp_path: Path, who: dict[str, Any]) -> None:
    search(tmp_path / "log.csv", event(**who))
    assert read(tmp_path)["usage"]["actor"].to_list() == ["system"]


def test_trap_38_one_record_in_two_files_counts_once(tmp_path: Path) -> None:
    one = event(Id="99999999-aaaa-4bbb-8ccc-000000000001")
    search(tmp_path / "a.csv", one)
    (tmp_path / "b.json").write_text(json.dumps(one))
    tenant = read(tmp_path)
    assert tenant["usage"]["events"].to_list() == [1]
    assert any("1 records stand in more than one file" in note for note in tenant.notes)


def test_people_of_the_log_are_not_described(tmp_path: Path) -> None:
    search(tmp_path / "log.csv", event(UserId="gone@birchdale.example"))
    tenant = read(tmp_path)
    assert tenant["principals"].is_empty()
    assert tenant.unresolved["principal"].to_list() == ["gone@birchdale.example"]
    assert tenant.coverage.table("usage") == "partial"


def test_redeemed_links_have_their_people(tmp_path: Path) -> None:
    search(
        tmp_path / "log.csv",
        event("CompanyLinkUsed", UniqueSharingId=LINK.upper()),
        event("CompanyLinkUsed", UniqueSharingId=LINK, CreationTime="2026-05-01T00:00:00"),
        event("AnonymousLinkUsed", UserId="urn:spo:anon#abc", UniqueSharingId=LINK),
    )
    tenant = read(tmp_path)
    row = tenant["link_users"].row(0, named=True)
    assert (tenant["link_users"].height, row["link"], row["how"], row["since"].month) == (1, LINK, "redeemed", 5)
    assert any("no person" in note for note in tenant.notes)


def test_other_workloads_and_operations_are_counted(tmp_path: Path) -> None:
    search(tmp_path / "log.csv", event(Workload="Exchange"), event("SharingSet"), event())
    tenant = read(tmp_path)
    assert tenant["usage"].height == 1
    assert any("1 records are of other workloads" in note for note in tenant.notes)
    assert any("1 records are about sharing" in note for note in tenant.notes)


def test_trap_06_damaged_audit_data_is_rejected(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text(
        'CreationDate,UserIds,Operations,AuditData\n2026-06-02,a@b.c,FileAccessed,"{""Operation"": "\n'
    )
    assert read(tmp_path).rejected["why"].to_list() == ["AuditData is not readable JSON"]


def test_trap_07_a_date_in_a_locale_is_doubtful(tmp_path: Path) -> None:
    one = event()
    del one["CreationTime"]
    search(tmp_path / "log.csv", one, date="9/8/2026 4:05:03 AM")
    tenant = read(tmp_path)
    assert tenant["usage"]["last"].to_list() == [None]
    assert tenant.rejected["value"].to_list() == ["9/8/2026 4:05:03 AM"]


def test_graph_audit_records_are_read(tmp_path: Path) -> None:
    record = {
        "id": "x",
        "createdDateTime": "2026-06-02T14:05:09Z",
        "operation": "FileAccessed",
        "userId": "a",
        "auditData": event(),
    }
    (tmp_path / "log.json").write_text(json.dumps({"value": [record]}))
    assert read(tmp_path)["usage"]["item"].to_list() == [f"{SITE}/{ITEM}"]
