"""Definitions of information barrier segments: names for what sites and accounts carry, and nothing evaluated."""

# ruff: noqa: E501 - rows of exports are as long as they are

from __future__ import annotations

import json
from pathlib import Path

from acl_graph.access import open_export
from acl_graph.readers import read

URL = "https://birchdale.sharepoint.com/sites/Ledger"
EXO, GUID = "d0d0d0d0-aaaa-4bbb-8ccc-000000000001", "d0d0d0d0-aaaa-4bbb-8ccc-000000000002"
DEFINED = {"Name": "Sales", "Guid": GUID, "ExoSegmentId": EXO.upper(), "UserGroupFilter": "Department -eq 'Sales'"}
SITE = f"Url;LockState;InformationBarrierMode;InformationSegment\n{URL};Unlock;Explicit;{{{EXO.upper()}}}\n"


def test_the_three_names_of_a_segment_are_one(tmp_path: Path) -> None:
    (tmp_path / "segments.json").write_text(json.dumps([DEFINED]))
    (tmp_path / "site.csv").write_text(SITE)
    (tmp_path / "users.csv").write_text(
        f"UserPrincipalName;Segments\nana@b.example;sales\nben@b.example;{GUID}\ncleo@b.example;{EXO}\ndan@b.example;Research\n"
    )
    tenant = read(tmp_path)
    assert tenant["sites"]["segments"].to_list() == [[EXO]]
    assert tenant["principals"]["segments"].to_list() == [[EXO], [EXO], [EXO], ["research"]]


def test_a_name_that_two_segments_have_names_neither(tmp_path: Path) -> None:
    twin = DEFINED | {"Guid": None, "ExoSegmentId": "d0d0d0d0-aaaa-4bbb-8ccc-000000000009"}
    (tmp_path / "segments.json").write_text(json.dumps([DEFINED, twin, {"Name": "x", "ExoSegmentId": ""}]))
    (tmp_path / "users.csv").write_text("UserPrincipalName;Segments\nana@b.example;Sales\n")
    tenant = read(tmp_path)
    assert tenant["principals"]["segments"].to_list() == [["sales"]]
    assert tenant.rejected["why"].to_list() == ["segment has no id"]


def test_a_filter_is_not_evaluated_and_stays_a_bound(tmp_path: Path) -> None:
    (tmp_path / "Get-OrganizationSegment.csv").write_text(
        f'#TYPE x\n"Name","Type","Guid","ExoSegmentId","UserGroupFilter"\n"Sales","Segment","{GUID}","{EXO}","Department -eq \'Sales\'"\n',
        encoding="utf-8-sig",
    )
    (tmp_path / "Get-SPOSite.csv").write_text(SITE)
    (tmp_path / "principals.csv").write_text("id,kind,login\nana,user,ana@b.example\n")
    (tmp_path / "scopes.csv").write_text(f"id,site,kind,path\nw,{URL.lower()},web,/sites/Ledger\n")
    (tmp_path / "grants.csv").write_text("scope,principal,level\nw,ana,Read\n")
    access = open_export(tmp_path)
    answer = access.check("ana", "w")
    assert answer.stopped_by == "information_barrier"
    assert answer.possible is not None and answer.possible["open"] != "NONE"
    assert any("are not evaluated" in note and "Sales" in note for note in access.tenant.notes)
