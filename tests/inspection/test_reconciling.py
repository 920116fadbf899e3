"""Counts of the export beside our own: what agrees, what is a bound, and what is compared with nothing."""

# ruff: noqa: E501 - rows of exports are as long as they are

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from acl_graph.access import open_export
from acl_graph.inspection.inspect import inspect
from acl_graph.inspection.reconcile import agree, evidence
from acl_graph.reports.answers import inspect_text

SITE, OTHER = "22222222-aaaa-4bbb-8ccc-000000000001", "22222222-aaaa-4bbb-8ccc-000000000002"
LABEL = "c0c0c0c0-aaaa-4bbb-8ccc-000000000001"
URL = "https://birchdale.sharepoint.com/sites/Ledger"
#       ana, ben ── g ── Members ── web      Members also holds Everyone except external users
#       cleo ── redeemed an organization link on the folder, dan ── administers the site, eve ── has nothing
FOLDER = {
    "tenant.toml": '[coverage]\ndefault = "complete"\n',
    "principals.csv": "id,kind,site\nana,user,\nben,user,\ncleo,user,\ndan,user,\neve,user,\ng,security_group,\n"
    f"m,sharepoint_group,{SITE}\neeeu,everyone_except_external,\n",
    "members.csv": "group,member\ng,ana\ng,ben\nm,g\nm,eeeu\n",
    "sites.csv": f"id,url\n{SITE},{URL}\n{OTHER},{URL}2\n",
    "site_admins.csv": f"site,principal\n{SITE},dan\n",
    "scopes.csv": f"id,site,kind,path,parent\nw,{SITE},web,/sites/Ledger,\nf,{SITE},folder,/sites/Ledger/Docs/F,w\ni,{SITE},item,/sites/Ledger/Docs/i.docx,w\n",
    "grants.csv": "scope,principal,level,link\nw,m,Edit,\nf,m,Read,\ni,ana,Read,\nf,,view,l1\ni,,view,l1\n",
    "links.csv": "id,audience,origin\nl1,organization,f\n",
    "link_users.csv": "link,principal,how\nl1,cleo,redeemed\n",
    "items.csv": f"id,scope,site,path,label\n1,w,{SITE},/sites/Ledger/Docs/1.docx,{LABEL}\n2,i,{SITE},/sites/Ledger/Docs/i.docx,\n",
    "labels.csv": f"id,name\n{LABEL},Highly Confidential\nl,Confidential\n",
}
BASELINE = "TenantID,Site ID,Site Name,Site URL,Site Template,Number of users having access,Guest user permissions,File count,Items with unique permissions count,People In Your Org link count,Anyone link count,EEEU permission count,Everyone permission count"


def counts(folder: Path, *, without: tuple[str, ...] = (), coverage: str = "", **reports: str) -> pl.DataFrame:
    for name, content in FOLDER.items():
        if name not in without:
            (folder / name).write_text(content + (coverage if name == "tenant.toml" else ""))
    for name, content in reports.items():
        (folder / f"{name.replace('_', ' ')}.csv").write_text(content)
    return agree(open_export(folder))


def said(frame: pl.DataFrame) -> dict[str, tuple[Any, ...]]:
    """what -> (said, ours, possible, agrees)"""
    columns = ("what", "said", "ours", "ours_possible", "agrees")
    return {row[0]: row[1:] for row in frame.select(columns).iter_rows()}


def baseline(users: int, unique: int = 2) -> str:
    return f"{BASELINE}\nt,{SITE},Ledger,{URL},Team site,{users},0,2,{unique},1,0,2,0\n"


def test_a_site_report_that_says_what_we_say_agrees(tmp_path: Path) -> None:
    found = said(counts(tmp_path, baseline=baseline(4)))
    assert found == {
        "site_users": (4, 4, 4, True),  # the claim and the link add nobody who has not come
        "site_files": (2, 2, 2, True),
        "site_unique_items": (2, 1, 2, True),
        "site_organization_links": (1, 1, 1, True),  # one link on two scopes (format trap 11)
        "site_anyone_links": (0, 0, 0, True),
        "site_everyone_except_external": (2, 2, 2, True),
        "site_everyone": (0, 0, 0, True),
        "site_guest_permissions": (0, None, None, None),
    }


def test_a_count_that_differs_is_shown_row_by_row(tmp_path: Path) -> None:
    counts(tmp_path, baseline=baseline(46))
    found = inspect(open_export(tmp_path))
    assert [(row["what"], row["said"], row["ours"], row["source_row"]) for row in found["agreement"]["differ"]] == [
        ("site_users", 46, 4, 2)
    ]
    assert f"site_users {SITE}: export 46, we 4" in inspect_text(found)


def test_a_group_nobody_lists_makes_the_count_a_bound(tmp_path: Path) -> None:
    more = '"members" = "partial"\n'
    assert said(counts(tmp_path, coverage=more, baseline=baseline(5)))["site_users"] == (5, 4, 5, True)


def test_where_grants_are_partial_there_may_be_any_number_more(tmp_path: Path) -> None:
    found = said(counts(tmp_path, coverage='"grants" = "partial"\n', baseline=baseline(400, 77)))
    assert found["site_users"] == (400, 4, None, True)
    assert found["site_unique_items"] == (77, 1, None, True)


def test_a_report_alone_is_compared_with_nothing(tmp_path: Path) -> None:
    (tmp_path / "report.csv").write_text(baseline(46))
    found = agree(open_export(tmp_path))
    assert not found["compared"].any()
    assert inspect(open_export(tmp_path))["agreement"] == {"counts": 0, "agree": 0, "differ": []}


USERS = "Site ID,Site URL,Files,Items with direct access count,Items with indirect access count,Microsoft Entra object ID,User principle name,Display name"


@pytest.mark.parametrize(
    ("direct", "indirect", "agrees"),
    [(1, 2, [True, True]), (0, 2, [True, True]), (3, 0, [False, True]), (0, 1, [True, False])],
)
def test_what_a_user_reaches_lies_between_the_larger_count_and_their_sum(
    tmp_path: Path, direct: int, indirect: int, agrees: list[bool]
) -> None:
    frame = counts(tmp_path, users=f"{USERS}\n{SITE},{URL},2,{direct},{indirect},ana,,Ana\n")
    assert frame["ours"].to_list() == [2, 2]
    assert frame["agrees"].to_list() == agrees


def test_a_label_is_known_by_the_longest_name_in_the_file_name(tmp_path: Path) -> None:
    frame = counts(
        tmp_path,
        Labels_Highly_Confidential_2026=f"Site ID,Site URL,Labelled documents\n{SITE},{URL},1\n{OTHER},{URL}2,1\n",
    )
    # Office files only: we may have more, and never less
    assert frame.select("ours", "ours_possible", "agrees").rows() == [(0, 1, True), (0, 0, False)]


def test_events_of_a_window_are_evidence_and_never_a_difference(tmp_path: Path) -> None:
    frame = counts(tmp_path, Anyone_links=f"Site URL,Links created\n{URL}/,12\n{URL}2,3\n")
    [found] = evidence(frame)
    assert (found["what"], found["counts"], found["sum"]) == ("links_created:anyone", 2, 15)
    assert "events" in found["about"]
    shown = inspect(open_export(tmp_path))
    assert shown["agreement"]["counts"] == 0 and "compared with nothing" in inspect_text(shown)
