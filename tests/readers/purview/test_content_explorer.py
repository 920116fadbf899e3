"""Content Explorer exports."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from acl_graph.readers import read
from acl_graph.tenant import Tenant

SITE = "https://birchdale.sharepoint.com/sites/Ledger"
URL = f"{SITE}/Shared Documents/pay.xlsx"
CARD = "e1e1e1e1-aaaa-4bbb-8ccc-000000000001"
NAME = "e1e1e1e1-aaaa-4bbb-8ccc-000000000002"
LABEL = "c0c0c0c0-aaaa-4bbb-8ccc-000000000001"
HEADER = {"TotalCount": 2, "MorePagesAvailable": False, "RecordsReturned": 2, "PageCookie": ""}


def row(**more: Any) -> dict[str, Any]:
    return {
        "Location": "SPO",
        "FileSourceUrl": SITE,
        "FileUrl": URL,
        "FileName": "pay.xlsx",
        "SensitiveInfoTypes": CARD,
    } | more


def export(folder: Path, *rows: dict[str, Any], name: str = "tag.json") -> Tenant:
    (folder / name).write_text(json.dumps(rows))
    return read(folder)


def test_types_lie_over_the_files_of_another_export(tmp_path: Path) -> None:
    (tmp_path / "items.csv").write_text("id,path,site\ni1,/sites/Ledger/Shared Documents/Pay.xlsx,s1\n")
    tenant = export(tmp_path, HEADER, row(SensitivityLabel=LABEL.upper()))
    item = tenant["items"].row(0, named=True)
    assert (tenant["items"].height, item["id"], item["site"]) == (1, "i1", "s1")
    assert (item["info_types"], item["label"]) == ([CARD], LABEL)
    assert tenant.coverage.column_missing("items", "info_types")


def test_trap_37_a_file_of_two_tags_is_one_file_with_both(tmp_path: Path) -> None:
    export(tmp_path, HEADER, row(), name="card.json")
    tenant = export(tmp_path, HEADER, row(SensitiveInfoTypes=f"{CARD},{NAME}"), name="name.json")
    assert tenant["items"].select("info_types").rows() == [([CARD, NAME],)]
    assert tenant["items"]["path"].to_list() == ["/sites/Ledger/Shared Documents/pay.xlsx"]


def test_trap_37_the_header_record_says_whether_pages_are_missing(tmp_path: Path) -> None:
    tenant = export(tmp_path, HEADER | {"MorePagesAvailable": True}, row())
    assert tenant["items"].height == 1
    assert any("more pages" in note for note in tenant.notes)


def test_trap_37_a_careless_csv_holds_the_header_record_only(tmp_path: Path) -> None:
    (tmp_path / "sites.csv").write_text("id\ns1\n")
    (tmp_path / "t.csv").write_text(
        '"TotalCount","MorePagesAvailable","RecordsReturned","PageCookie"\n"2","False","2","x"\n,,,\n,,,\n'
    )
    tenant = read(tmp_path)
    assert tenant["items"].is_empty()
    assert any("header record only" in note for note in tenant.notes)


def test_types_that_were_never_matched_are_left_out(tmp_path: Path) -> None:
    data = [
        {"Id": CARD, "LowConfidenceMatch": 0, "MediumConfidenceMatch": 0, "HighConfidenceMatch": 0},
        {"Id": NAME, "LowConfidenceMatch": 0, "MediumConfidenceMatch": 3, "HighConfidenceMatch": 0},
    ]
    assert export(tmp_path, row(SensitiveInfoTypesData=json.dumps(data)))["items"]["info_types"].to_list() == [[NAME]]


def test_unreadable_details_are_doubtful_and_mail_is_left_out(tmp_path: Path) -> None:
    tenant = export(tmp_path, row(SensitiveInfoTypesData="[{"), row(Location="EXO", FileUrl=""), row(FileUrl="?"))
    assert tenant["items"]["info_types"].to_list() == [[CARD]]
    assert tenant.rejected.select("why", "row_kept").rows() == [
        ("not readable JSON; the list of types counts", True),
        ("file has no address", False),
    ]
    assert any("1 entries of exo" in note for note in tenant.notes)
