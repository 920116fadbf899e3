"""The first screen and the report: what an administrator sees is true, explains itself and fits the terminal."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from pathlib import Path

import pytest

from acl_graph.auditing import Audit, audit
from acl_graph.readers import read
from acl_graph.reports.html import report
from acl_graph.reports.screen import first_screen
from tests.cli.test_cli import folder, small
from tests.conftest import Runner

HOSTILE = "\x1b[31mred\x9b2J\u202e\n"


@pytest.fixture(scope="module")
def story(northlake: Path) -> Audit:
    """The audit of the sample tenant that tells a story."""
    return audit(read(northlake))


def flat(text: str) -> str:
    """A screen without its line breaks."""
    return " ".join(text.split())


@pytest.mark.parametrize("width", [20, 60, 73, 80, 100, 300])
def test_it_fits_the_terminal_and_one_screen(story: Audit, width: int) -> None:
    lines = first_screen(story, export="EXPORT", width=width).splitlines()
    commands = ("acl-graph who", "https://")
    assert all(len(line) <= min(100, max(60, width)) for line in lines if not line.strip().startswith(commands))
    assert len(lines) <= (80 if width <= 60 else 66)


def test_a_cause_names_the_grant_its_place_level_and_row(story: Audit) -> None:
    said = flat(first_screen(story, width=100))
    assert (
        "All Staff has Read on /sites/Finance/Shared Documents/Invoices (Permissions/part-00000.json, row 25)" in said
    )
    assert "Home Visitors (Everyone except external users is in it) has Read on /sites/Home" in said
    assert "principal All Staff" not in said
    rows = {cause["row"]["row"]: cause["sentence"] for cause in (s["cause"] for s in story.summary["worst_sites"])}
    grants = story.access.tenant["grants"].filter(source_file="Permissions/part-00000.json", source_row=25)
    assert rows[25].startswith("All Staff") and set(grants["level"]) == {"Read"}


def test_worst_sites_are_counted_file_by_file_like_the_lenses(riverbend: Path) -> None:
    summary = audit(read(riverbend)).summary
    assert (
        sum(site["people_times_sensitive_files"] for site in summary["worst_sites"])
        <= (summary["lenses"]["open"]["sensitive_pairs"])
    )


def test_first_changes_help_a_worst_site_and_leave_somebody_who_works_there(story: Audit, riverbend: Path) -> None:
    for found in (story, audit(read(riverbend))):
        worst = {site["site"]: site for site in found.summary["worst_sites"]}
        for one in found.summary["first_changes"]:
            assert one["site"] in worst and 0 < one["people_after"] <= one["people_before"]
            before = one["people_times_sensitive_files_before"]
            assert before == worst[one["site"]]["people_times_sensitive_files"]
            assert one["people_times_sensitive_files_after"] <= before * 0.9
    assert [one["what"] for one in story.summary["first_changes"]] == [
        "Take Everyone except external users out of Home Visitors",
        "Make Project Aurora private",
        "Take All Staff off /sites/Finance/Shared Documents/Invoices",
    ]


def only_ann(place: Path, **more: str) -> Path:
    """A site whose one sensitive file is opened by one grant, and by whatever `more` adds."""
    tables = {
        "principals": "id,kind\nann,user\nben,user\ncat,user\ng,security_group\n",
        "members": "group,member\ng,ann\ng,ben\ng,cat\n",
        "sites": "id,url,title\ns,https://x.example/sites/s,Pay\n",
        "scopes": "id,site,kind,path\nw,s,web,/sites/s\n",
        "grants": "scope,principal,level\nw,g,Edit\n",
        "labels": "id,name,rank\nc,Confidential,1\n",
        "items": "id,scope,site,path,label\nf,w,s,/sites/s/f.docx,c\n",
    }
    return folder(place, **(tables | more))


def test_a_change_that_stops_all_work_is_not_proposed(tmp_path: Path) -> None:
    alone = audit(read(only_ann(tmp_path / "a")))
    assert all(one["what"] != "Take g off /sites/s" for one in alone.summary["first_changes"])
    beside = audit(read(only_ann(tmp_path / "b", grants="scope,principal,level\nw,g,Edit\nw,ann,Edit\n")))
    (first,) = beside.summary["first_changes"]
    assert (first["what"], first["people_before"], first["people_after"]) == ("Take g off /sites/s", 3, 1)


def test_the_only_administrator_of_a_site_is_not_taken_away(tmp_path: Path) -> None:
    grants = "scope,principal,level\nw,ann,Edit\n"
    found = audit(read(only_ann(tmp_path, grants=grants, site_admins="site,principal\ns,g\n")))
    assert all("administrators" not in one["what"] for one in found.summary["first_changes"])


def test_use_weighs_against_a_change(tmp_path: Path) -> None:
    def used_by(*people: str) -> Audit:
        rows = "".join(f"{who},f,FileModified,2026-05-30T00:00:00Z\n" for who in people)
        more = {"usage": f"principal,item,action,last\n{rows}"} if people else {}
        grants = "scope,principal,level\nw,g,Edit\nw,ann,Edit\n"
        return audit(read(only_ann(tmp_path / "_".join(("t", *people)), grants=grants, **more)))

    assert used_by().summary["first_changes"][0]["people_who_lose_and_used_it"] is None
    assert used_by("ann").summary["first_changes"][0]["people_who_lose_and_used_it"] == 0
    busy = used_by("ben", "cat")
    assert busy.summary["first_changes"] == []
    assert "No single change" in first_screen(busy)


def test_an_export_without_files_is_never_an_all_clear(run: Runner, northlake: Path, tmp_path: Path) -> None:
    place = tmp_path / "export"
    shutil.copytree(northlake, place)
    shutil.rmtree(place / "Files")
    ran = run("audit", place, "--out", tmp_path / "out", "-q")
    said, page = flat(ran.out), flat((tmp_path / "out" / "report.html").read_text(encoding="utf-8"))
    for text in (said, page):
        assert "not weighed, for without files" in text and not re.search(r"\d+ low", text)
        assert "not known" in text and "72 files of its sites are unclassified" in text
        assert "people x files" not in text and "No sensitive file" not in text and "No site" not in text
    summary = json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8"))
    assert summary["files"] == {"listed": 0, "sensitive": 0, "unclassified": 72, "known": "absent"}


def test_an_export_with_some_files_says_at_least(tmp_path: Path) -> None:
    place = small(tmp_path)
    with (place / "tenant.toml").open("a") as stream:
        stream.write('items = "partial"\n')
    found = audit(read(place))
    assert found.summary["files"]["known"] == "partial"
    said = flat(first_screen(found))
    assert "this export lists only some files" in said and "at least so many" in said


def test_what_could_not_be_read_comes_first(tmp_path: Path) -> None:
    place = small(tmp_path)
    (place / "site_admins.ndjson").write_text('{"site": "s", "principal": "ada"}\n{"site": "s", "prin')
    (place / "README.txt").write_text("hello\n")
    with (place / "grants.csv").open("a") as stream:
        stream.write(",ben,Read\n")
    found = audit(read(place))
    lines = first_screen(found).splitlines()
    assert lines[2].startswith("NOT READ: something of a file, so the numbers below are too small:")
    assert "site_admins.ndjson (a text is not closed on its line" in flat(first_screen(found))
    assert any(line.startswith("NOT USED: ") for line in lines[3:8])
    assert "NOT READ" in report(found)


def test_ranges_licences_and_doubts_are_explained(story: Audit, riverbend: Path, tmp_path: Path) -> None:
    said = flat(first_screen(story))
    assert '"211 to 244": surely 211, possibly up to 244.' in said
    assert "10 licensed, 12 without, 1 not known (add a list of licences" in said
    assert "3 people from outside are left out." in said and "Of 26 people" in said
    assert "1 principal (app@sharepoint) is named and described nowhere" in said
    assert "4 of 88 counts in the export differ from ours, by up to 3 people" in said
    assert "state of 2026-05-28 " in said and "T00:00" not in said
    assert "23 licensed, 1 pay-as-you-go, 1 without" in flat(first_screen(audit(read(riverbend))))
    one = audit(read(small(tmp_path)))
    people = small(tmp_path / "silent") / "principals.csv"
    people.write_text(people.read_text().replace(",licensed", ","))
    silent = flat(first_screen(audit(read(tmp_path / "silent"))))
    assert "licences are not in this export: 2 people not known; add a list of licences" in silent
    assert "Covered: 1 file, 0 of them sensitive, in 1 permission scope on 1 site." in flat(first_screen(one))


def test_an_unknown_day_says_how_to_give_one(run: Runner, tmp_path: Path) -> None:
    place = small(tmp_path)
    (place / "tenant.toml").unlink()
    assert "snapshot = 2026-05-28" in flat(run("audit", place).out)
    (place / "tenant.toml").write_text("snapshot = 2026-05-28\n")
    assert "state of 2026-05-28" in run("audit", place).out


def test_it_ends_with_where_to_look(run: Runner, northlake: Path, tmp_path: Path) -> None:
    policy = tmp_path / "mine.toml"
    policy.write_text("")
    said = flat(run("audit", northlake, "--out", tmp_path / "out", "--policy", policy, "-q").out)
    assert f"{tmp_path / 'out'}/report.html" in said and f"acl-graph inspect {shlex.quote(str(northlake))}" in said
    assert f"the policy {policy}" in said


def test_the_command_of_a_first_change_works_as_it_stands(run: Runner, story: Audit, northlake: Path) -> None:
    screen = first_screen(story, export=str(northlake))
    commands = [line.strip() for line in screen.splitlines() if line.strip().startswith("acl-graph who")]
    assert len(commands) == 3
    for command in commands:
        assert run(*shlex.split(command)[1:]).code == 0


def test_names_of_the_export_and_of_folders_move_no_cursor(run: Runner, tmp_path: Path) -> None:
    place = small(tmp_path / "t")
    (place / "tenant.toml").write_text(f"name = {json.dumps(HOSTILE)}\n", encoding="utf-8")
    (place / "sites.csv").write_text(f'id,url,title\ns,"https://x.example/{HOSTILE}","{HOSTILE}"\n', encoding="utf-8")
    out = tmp_path / HOSTILE
    ran = run("audit", place, "--out", out)
    shown = [ran.out, ran.err, run("convert", place, tmp_path / f"c{HOSTILE}").err, run("inspect", place).out]
    shown += [run("audit", place, "--format", "json").out, run("inspect", tmp_path / f"{HOSTILE}no").err]
    assert ran.err.count("\n") == 1
    for text in shown:
        assert text and "\n".join(text.split("\n")).replace("\n", "").isprintable(), repr(text)
    assert json.loads(run("inspect", place, "--format", "json").out)["tenant"] == HOSTILE


def test_the_progress_bar_moves_no_cursor(monkeypatch: pytest.MonkeyPatch) -> None:
    from rich import progress as rich_progress

    from acl_graph.cli.console import progress

    told: list[str] = []
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setattr(rich_progress.Progress, "update", lambda *words, description, **more: told.append(description))
    with progress(quiet=False) as moved:
        moved(f"reading {HOSTILE}", 0.5)
    assert told and told[0].isprintable()


def test_the_report_leads_to_each_finding_and_says_where_its_row_stands(story: Audit) -> None:
    page = report(story)
    for link in re.findall(r'href="#([^"]+)"', page):
        assert f'id="{link}"' in page
    assert page.count('href="#') >= 20
    assert (
        "In the export: Read on /sites/Finance/Shared Documents/Invoices, Permissions/part-00000.json, row 25" in page
    )
    assert "Can open, or is one step away" in page and "<td>latent</td>" not in page


def test_the_report_escapes_what_an_export_says(tmp_path: Path) -> None:
    place = only_ann(tmp_path, sites="id,url,title\ns,javascript:alert(1),<img src=x onerror=alert(1)>\n")
    page = report(audit(read(place)))
    assert "<img" not in page and 'href="javascript' not in page and "&lt;img" in page
