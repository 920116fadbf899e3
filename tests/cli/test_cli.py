"""The command line keeps its word: answers on stdout, talk on stderr, exit codes, one line for every error."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest

from tests.conftest import ROOT, Runner
from tests.support.makers import tenant_of
from tests.support.worlds import random_world

BONUS = "/sites/Finance/Shared Documents/Payroll/Bonus plan.xlsx"
ZOE = "zoe.martin@northlake.example"


def folder(place: Path, **tables: str) -> Path:
    """A tenant folder written by hand: table name = CSV text."""
    place.mkdir(parents=True, exist_ok=True)
    for name, text in tables.items():
        (place / f"{name}.csv").write_text(text, encoding="utf-8")
    (place / "tenant.toml").write_text(
        'name = "hand"\nsnapshot = 2026-06-01T00:00:00Z\n[coverage]\ndefault = "complete"\n'
    )
    return place


def small(place: Path) -> Path:
    return folder(
        place,
        principals="id,kind,login,copilot\nann,user,ann@x.example,licensed\nben,user,ben@x.example,licensed\ng,security_group,,\n",
        members="group,member\ng,ann\n",
        sites="id,url\ns,https://x.example/sites/s\n",
        scopes="id,site,kind,path\nw,s,web,/sites/s\n",
        grants="scope,principal,level\nw,g,Read\n",
        items="id,scope,site,path\nf,w,s,/sites/s/docs/f.docx\n",
    )


def test_check_answers_one_object_with_the_keys_of_the_contract(run: Runner, tmp_path: Path) -> None:
    ran = run("check", small(tmp_path), "ann", "f", "--format", "json")
    said = json.loads(ran.out)
    assert ran.code == 0
    assert set(said) == {
        "principal", "item", "open", "latent", "latent_by", "find", "copilot", "possible", "stopped_by",
        "stopped_by_all", "conditions", "because",
    }  # fmt: skip
    assert (said["open"], said["latent"], said["find"], said["copilot"], said["stopped_by"]) == (
        "READ",
        "no",
        "yes",
        "yes",
        None,
    )


def test_queries_answer_line_by_line_in_order_and_name_unknown_ones(run: Runner, tmp_path: Path) -> None:
    asked = tmp_path / "asked.csv"
    asked.write_text("principal,item\nben,f\nnobody,f\nann,/sites/s/docs/f.docx\nann,no such file\ng,f\n")
    ran = run("check", small(tmp_path / "t"), "--queries", asked)
    lines = [json.loads(line) for line in ran.out.splitlines()]
    assert ran.code == 0 and len(lines) == 5
    assert lines[0]["stopped_by"] == "acl" and lines[2]["open"] == "READ"
    assert all("error" in lines[at] for at in (1, 3, 4))


@pytest.mark.parametrize("name", ["ann@x.example", "ANN@X.EXAMPLE", "ann"], ids=["login", "login in capitals", "id"])
@pytest.mark.parametrize(
    "item",
    ["f", "/sites/s/docs/f.docx", "sites/s/docs/F.docx", "https://x.example/sites/s/docs/f.docx?web=1"],
    ids=["id", "path", "path in another case", "address"],
)
def test_names_resolve_in_every_way_people_write_them(run: Runner, tmp_path: Path, name: str, item: str) -> None:
    assert json.loads(run("check", small(tmp_path), name, item, "--format", "json").out)["open"] == "READ"


def test_a_name_that_fits_two_is_an_error_that_lists_both(run: Runner, tmp_path: Path) -> None:
    place = small(tmp_path)
    (place / "principals.csv").write_text("id,kind,login\nann,user,a@x.example\nbob,user,A@x.example\n")
    ran = run("check", place, "a@X.example", "f")
    assert ran.code == 2 and "ann" in ran.err and "bob" in ran.err and not ran.out


def test_who_what_and_why_agree_with_check(run: Runner, northlake: Path) -> None:
    reached = json.loads(run("who", northlake, BONUS, "--format", "json").out)
    zoe = next(row for row in reached if row["login"] == ZOE)
    assert zoe["level"] == "READ" and len(zoe["via"]) == 5
    items = json.loads(run("what", northlake, ZOE, "--format", "json").out)
    assert any(row["path"] == BONUS and row["level"] == "READ" for row in items)
    why = json.loads(run("why", northlake, ZOE, BONUS, "--format", "json").out)
    assert why["paths"] == 1 and len(why["cut"]) == 1
    assert all(step["row"]["file"].endswith(".json") for step in why["witnesses"][0])


def test_audit_writes_the_folder_of_the_contract_for_its_owner_only(
    run: Runner, northlake: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    ran = run("audit", northlake, "--out", out, "-q", "--format", "json")
    assert ran.code == 0
    names = {path.name for path in out.iterdir()}
    assert names == {
        ".acl-graph",  # what we wrote, so that --force replaces nothing else
        "summary.json",
        "users.parquet",
        "scopes.parquet",
        "findings.json",
        "rejected.parquet",
        "report.html",
    }
    if os.name == "posix":
        assert stat.S_IMODE(out.stat().st_mode) == 0o700
        assert {stat.S_IMODE(path.stat().st_mode) for path in out.iterdir()} == {0o600}
    assert json.loads(ran.out) == json.loads((out / "summary.json").read_text(encoding="utf-8"))
    assert pl.read_parquet(out / "users.parquet").columns[:5] == [
        "principal",
        "lens",
        "items",
        "sensitive_items",
        "weight",
    ]
    again = run("audit", northlake, "--out", out, "-q")
    assert again.code == 2 and "--force" in again.err
    assert run("audit", northlake, "--out", out, "-q", "--force").code == 0


def test_two_audits_of_one_export_are_the_same_bytes(run: Runner, northlake: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        run("audit", northlake, "--out", tmp_path / name, "-q")
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes(), path.name


def test_fail_on_makes_findings_an_exit_code(run: Runner, northlake: Path) -> None:
    assert run("audit", northlake, "-q", "--fail-on", "low").code == 1
    assert run("audit", northlake, "-q").code == 0


def test_strict_makes_rejected_rows_an_exit_code(run: Runner, tmp_path: Path) -> None:
    place = small(tmp_path / "t")
    assert run("inspect", place, "--strict").code == 0
    with (place / "grants.csv").open("a") as stream:
        stream.write(",ben,Read\n")
    assert run("inspect", place, "--strict").code == 3
    assert run("convert", place, tmp_path / "o", "--strict", "-q").code == 3
    assert run("inspect", place).code == 0


def test_convert_and_read_back_is_the_same_tenant(run: Runner, tmp_path: Path) -> None:
    from acl_graph.access import Access
    from acl_graph.readers import read
    from acl_graph.reports.audit_folder import write_tenant

    for seed in range(6):
        tenant = tenant_of(random_world(seed))
        for as_csv in (False, True):
            write_tenant(tenant, tmp_path / f"{seed}{as_csv}", as_csv=as_csv)
            back = Access(read(tmp_path / f"{seed}{as_csv}"))
            before = Access(tenant)
            for person in before.facts.people.node_of[:4]:
                name = before.facts.people.names[int(person)]
                for item in before.facts.items.ids.to_list()[:5]:
                    assert back.check(name, item) == before.check(name, item)


BAD = {
    "an empty folder": {},
    "a folder of something else": {"notes.txt": b"hello there\nnothing to see\n"},
    "JSON cut in half": {"items.ndjson": b'{"id": "a", "sco'},
    "half a Parquet file": {"grants.parquet": b"PAR1" + b"\0" * 50},
    "bad TOML": {"tenant.toml": b"name = ", "items.csv": b"id,scope\na,b\n"},
    "an unknown coverage word": {"tenant.toml": b'[coverage]\ndefault = "some"\n', "items.csv": b"id,scope\na,b\n"},
}


@pytest.mark.parametrize("files", BAD.values(), ids=BAD)
def test_bad_input_is_one_line_and_exit_2_or_a_rejected_row(
    run: Runner, tmp_path: Path, files: dict[str, bytes]
) -> None:
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    ran = run("inspect", tmp_path)
    assert "Traceback" not in ran.err
    if ran.code == 2:
        assert ran.err.startswith("acl-graph: ") and ran.err.count("\n") == 1 and not ran.out
    else:
        assert "Rejected: 1 rows" in ran.out


def test_a_missing_folder_and_a_missing_argument_say_so(run: Runner, tmp_path: Path) -> None:
    assert run("inspect", tmp_path / "no").code == 2
    assert run("check", small(tmp_path), "ann").code == 2
    assert run("audit").code == 2
    assert run("frobnicate").code == 2


def test_ten_thousand_groups_inside_each_other_end(run: Runner, tmp_path: Path) -> None:
    place = small(tmp_path)
    n = 10_000
    groups = "".join(f"g{i},security_group,,\n" for i in range(n))
    (place / "principals.csv").write_text("id,kind,login,copilot\nann,user,ann@x.example,licensed\n" + groups)
    chain = "".join(f"g{i},g{i + 1}\n" for i in range(n - 1))
    (place / "members.csv").write_text(f"group,member\n{chain}g{n - 1},ann\ng{n - 1},g0\n")
    (place / "grants.csv").write_text("scope,principal,level\nw,g0,Read\n")
    assert json.loads(run("check", place, "ann", "f", "--format", "json").out)["open"] == "READ"
    assert json.loads(run("why", place, "ann", "f", "--format", "json").out)["paths"] == 1


def test_hostile_names_come_out_inert_everywhere(run: Runner, riverbend: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    texts = [
        run("inspect", riverbend).out,
        run("audit", riverbend, "--out", out, "-q").out,
        (out / "report.html").read_text(encoding="utf-8"),
    ]
    for text in texts:
        assert "\x1b" not in text and "\u202e" not in text and "\x00" not in text
    assert "<script>" not in texts[2]


def test_no_ansi_and_no_progress_off_a_terminal(run: Runner, northlake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    ran = run("audit", northlake)
    assert "\x1b" not in ran.out and "\x1b" not in ran.err


def test_utf16_boms_and_semicolons_are_read(run: Runner, tmp_path: Path) -> None:
    place = small(tmp_path)
    text = (place / "grants.csv").read_text().replace(",", ";")
    (place / "grants.csv").write_bytes(text.encode("utf-16"))
    (place / "members.csv").write_bytes(b"\xef\xbb\xbf" + (place / "members.csv").read_bytes())
    assert json.loads(run("check", place, "ann", "f", "--format", "json").out)["open"] == "READ"


def test_ids_that_differ_by_case_stay_two(run: Runner, tmp_path: Path) -> None:
    place = small(tmp_path)
    (place / "principals.csv").write_text("id,kind\nann,user\nAnn,user\ng,security_group\n")
    assert json.loads(run("check", place, "ann", "f", "--format", "json").out)["open"] == "READ"
    assert json.loads(run("check", place, "Ann", "f", "--format", "json").out)["open"] == "NONE"


def test_duplicate_ids_are_rejected_with_their_row(run: Runner, tmp_path: Path) -> None:
    place = small(tmp_path)
    with (place / "principals.csv").open("a") as stream:
        stream.write("ann,user,other@x.example,none\n")
    said = json.loads(run("inspect", place, "--format", "json").out)
    assert said["rejected"]["rows"] == 1
    assert said["rejected"]["first"][0]["source_row"] == 5


@pytest.mark.parametrize("after", [0.0, 0.3, 1.5])
def test_interrupting_is_clean_and_leaves_nothing_behind(tmp_path: Path, after: float) -> None:
    from acl_graph.samples import write_sample

    write_sample(tmp_path / "sample", scale=0.02)
    code = (
        "import signal; from acl_graph.safe_output.interrupts import leave; signal.signal(signal.SIGINT, leave)\n"
        "print('ready', flush=True); from acl_graph.__main__ import main; main()"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code, "audit", str(tmp_path / "sample"), "--out", str(tmp_path / "out")],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"  # the interpreter itself is up: from here on the answer is ours
    time.sleep(after)
    child.send_signal(signal.SIGINT)
    _, err = child.communicate(timeout=120)
    assert child.returncode in (130, 0) and "Traceback" not in err
    if child.returncode == 130:
        assert sorted(path.name for path in tmp_path.iterdir()) == ["sample"]


def test_help_is_quick_to_import_and_lists_every_command(run: Runner) -> None:
    ran = run("--help")
    for command in ("check", "who", "what", "why", "inspect", "convert", "audit", "sample", "conformance"):
        assert command in ran.out
    assert run("--version").out.startswith("acl-graph ")
