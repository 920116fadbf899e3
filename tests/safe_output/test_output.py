"""Output is whole or not there, its owner's only, and never in the place of anything that is not ours."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from acl_graph.errors import CannotWrite, OutputExists
from acl_graph.safe_output import write as output
from acl_graph.safe_output.write import MARKER, whole_file, whole_folder
from tests.cli.test_cli import small
from tests.conftest import ROOT, Runner


def note(text: str) -> Callable[[Path], None]:
    """Fills a folder with one file that says `text`."""
    return lambda folder: (folder / "note.txt").write_text(text) and None


def tree(folder: Path) -> dict[str, bytes]:
    """Every file of a folder, to see that nothing in it changed."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with an export `t` and somebody's thesis in `mine`."""
    small(tmp_path / "t")
    (tmp_path / "mine" / "deep").mkdir(parents=True)
    (tmp_path / "mine" / "deep" / "thesis.docx").write_text("x")
    (tmp_path / "here" / "below").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "here" / "below")
    monkeypatch.setenv("HOME", str(tmp_path / "home" / "me"))
    (tmp_path / "home" / "me").mkdir(parents=True)
    return tmp_path


COMMANDS = {
    "audit": lambda export, out: ("audit", export, "--out", out, "-q", "--force"),
    "convert": lambda export, out: ("convert", export, out, "-q", "--force"),
    "sample": lambda export, out: ("sample", out, "--scale", "0.0001", "-q", "--force"),
}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("target", ["t", ".", "here/below", "here", "home/me", "home", "/"])
def test_force_never_replaces_what_people_live_in(run: Runner, away: Path, command: str, target: str) -> None:
    before = tree(away)
    ran = run(*COMMANDS[command](away / "t", away / target if target != "/" else "/"))
    assert ran.code == 2 and ran.err.count("\n") == 1 and ran.err.startswith("acl-graph: "), ran.err
    assert tree(away) == before


@pytest.mark.parametrize("command", COMMANDS)
def test_force_leaves_what_is_not_ours_where_it_is(run: Runner, away: Path, command: str) -> None:
    mine = away / "mine"
    (mine / "report.html").write_text("of another tool")
    assert run(*COMMANDS[command](away / "t", mine)[:-1]).code == 2
    for _ in range(2):
        assert run(*COMMANDS[command](away / "t", mine)).code == 0
        assert (mine / "deep" / "thesis.docx").read_text() == "x"
    replaced = (mine / "report.html").read_text() != "of another tool"
    assert replaced == (command == "audit")
    assert sorted(path.name for path in away.iterdir()) == ["here", "home", "mine", "t"]


def test_what_a_killed_run_moved_aside_comes_back(tmp_path: Path) -> None:
    out = whole_folder(tmp_path / "out", note("new"))
    left = tmp_path / f"{output._stem(out.resolve())}-999999999-abcd-old"
    left.mkdir()
    (left / "thesis.docx").write_text("x")
    whole_folder(out, note("newer"), force=True)
    assert (out / "thesis.docx").read_text() == "x" and not left.exists()


@pytest.mark.parametrize("command", ["audit", "convert"])
def test_output_inside_the_export_is_no_input_of_the_next_run(run: Runner, away: Path, command: str) -> None:
    words = COMMANDS[command](away / "t", away / "t" / "out")
    before = run("inspect", away / "t", "--format", "json").out
    assert run(*words).code == 0 and run(*words).code == 0
    after = json.loads(run("inspect", away / "t", "--format", "json").out)
    assert "t/out" not in json.dumps(after["files"]) and after["tables"] == json.loads(before)["tables"]
    assert any("out was written by acl-graph" in note for note in after["cannot_say"])


def test_an_export_is_not_mixed_with_one_that_is_written_over_it(run: Runner, away: Path) -> None:
    for name in ("grants.csv", "items.csv", "links.csv", "sites.csv", "tenant.toml"):
        (away / "mine" / name).write_text("x")
    ran = run("convert", away / "t", away / "mine", "--force")
    assert ran.code == 2 and "grants.csv, items.csv, links.csv and 2 more" in ran.err


def test_the_export_is_known_under_any_name(run: Runner, away: Path) -> None:
    (away / "alias").symlink_to(away / "t", target_is_directory=True)
    before = tree(away / "t")
    assert run("audit", away / "t", "--out", away / "alias", "--force", "-q").code == 2
    assert run("convert", away / "alias", away / "t", "--force", "-q").code == 2
    assert run("audit", away / "t" / "grants.csv", "--out", away / "t", "--force", "-q").code == 2
    assert tree(away / "t") == before


@pytest.mark.parametrize("command", COMMANDS)
def test_force_replaces_what_an_earlier_run_wrote_and_nothing_that_was_put_beside(
    run: Runner, away: Path, command: str
) -> None:
    out = away / "out"
    words = COMMANDS[command](away / "t", out)
    assert run(*words).code == 0 and run(*words).code == 0
    assert run(*words[:-1]).code == 2
    (out / "notes of mine.txt").write_text("kept")
    assert run(*words).code == 0
    assert (out / "notes of mine.txt").read_text() == "kept"


def test_a_tenant_folder_written_by_hand_is_not_ours_to_replace(run: Runner, away: Path) -> None:
    other = small(away / "other")
    assert run("convert", away / "t", other, "--force", "-q").code == 2 and (other / "grants.csv").exists()


@pytest.mark.skipif(os.name != "posix", reason="modes are for POSIX systems")
@pytest.mark.parametrize("form", ["folder", "mgdc"])
def test_everything_we_write_is_its_owners_only(run: Runner, tmp_path: Path, form: str) -> None:
    before = os.umask(0)
    try:
        run("sample", tmp_path / "s", "--scale", "0.0001", "--as", form, "-q")
        run("collector", tmp_path / "c")
        run("conformance", "--write-cases", tmp_path / "cases.jsonl")
    finally:
        os.umask(before)
    paths = [path for path in tmp_path.rglob("*") if path != tmp_path / "c"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in paths if path.is_file()} == {0o600}
    assert {stat.S_IMODE(path.stat().st_mode) for path in paths if path.is_dir()} <= {0o700}


def test_collector_and_cases_do_not_overwrite(run: Runner, tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("mine")
    ran = run("collector", tmp_path)
    assert ran.code == 2 and "README.md" in ran.err and not (tmp_path / "collect.ps1").exists()
    assert (tmp_path / "README.md").read_text() == "mine"
    assert run("collector", tmp_path, "--force").code == 0 and run("collector", tmp_path).code == 0
    cases = tmp_path / "cases.jsonl"
    cases.write_text("mine")
    assert run("conformance", "--write-cases", cases).code == 2 and cases.read_text() == "mine"
    assert run("conformance", "--write-cases", cases, "--force").code == 0 and cases.stat().st_size > 1000


def test_a_second_rename_that_fails_leaves_the_old_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "out"
    whole_folder(out, note("old"))
    real = Path.rename

    def rename(path: Path, target: Path) -> Path:
        if target == out and not path.name.endswith("-old"):
            raise OSError(28, "No space left on device")
        return real(path, target)

    monkeypatch.setattr(Path, "rename", rename)
    with pytest.raises(CannotWrite, match="No space left"):
        whole_folder(out, note("new"), force=True)
    assert (out / "note.txt").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def dead_pid() -> int:
    """The number of a process that is gone."""
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return child.pid


@pytest.mark.skipif(os.name != "posix", reason="elsewhere nothing is swept")
def test_what_a_killed_run_left_is_swept_and_what_it_moved_aside_comes_back(tmp_path: Path) -> None:
    out = tmp_path / "out"
    stem, pid = output._stem(out), dead_pid()
    for name, text in ((f"{stem}-{pid}-ab", "half"), (f"{stem}-{pid}-ab-old", "old"), (f"{stem}-{os.getpid()}-cd", "")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "note.txt").write_text(text)
    with pytest.raises(ZeroDivisionError):
        whole_folder(out, lambda folder: 1 // 0)
    assert (out / "note.txt").read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"{stem}-{os.getpid()}-cd", "out"]


@pytest.mark.skipif(os.name != "posix", reason="signals are for POSIX systems")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_writing_leaves_nothing_behind(tmp_path: Path, number: int) -> None:
    code = (
        "import signal, time; from pathlib import Path; from acl_graph.safe_output.write import whole_folder\n"
        "import acl_graph.__main__ as entry\n"
        "def fill(folder): (folder / 'half').write_text('x'); print('ready', flush=True); time.sleep(60)\n"
        f"import acl_graph.cli; acl_graph.cli.main = lambda: whole_folder(Path({str(tmp_path / 'out')!r}), fill)\n"
        "entry.main()"
    )
    child = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert child.stdout is not None and child.stdout.readline() == b"ready\n"
    child.send_signal(number)
    _, err = child.communicate(timeout=60)
    assert child.returncode == 128 + number and b"Traceback" not in err
    assert not list(tmp_path.iterdir())


def spoken(run: Runner, *words: object) -> str:
    """The one line that a refused command says."""
    ran = run(*words)
    assert ran.code == 2 and ran.err.count("\n") == 1 and "Something went wrong" not in ran.err, ran.err
    assert not ran.out
    return ran.err


@pytest.mark.parametrize("command", COMMANDS)
def test_places_that_cannot_be_written_are_one_line_before_the_work_begins(
    run: Runner, away: Path, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from acl_graph.cli.commands import audit as work

    def never(*words: object, **options: object) -> None:
        raise AssertionError("the work has begun")

    for name in ("load", "progress"):
        monkeypatch.setattr(work, name, never)
    (away / "file").write_text("x")
    (away / "nowhere").symlink_to(away / "gone")
    words = COMMANDS[command]
    assert "is a file" in spoken(run, *words(away / "t", away / "file"))
    assert "cannot write" in spoken(run, *words(away / "t", away / "file" / "x"))
    assert "too long" in spoken(run, *words(away / "t", away / ("x" * 300)))
    assert "leads nowhere" in spoken(run, *words(away / "t", away / "nowhere"))
    monkeypatch.setattr(os, "access", lambda path, mode: not mode & os.W_OK)
    assert "Permission denied" in spoken(run, *words(away / "t", away / "out"))


def test_a_name_of_any_length_the_system_takes_works(run: Runner, away: Path) -> None:
    assert run("convert", away / "t", away / ("x" * 250), "-q").code == 0


def test_a_full_disk_is_one_line_whoever_notices_it() -> None:
    with pytest.raises(CannotWrite, match=r"cannot write out: No space left on device\."), output.plainly(Path("out")):
        raise RuntimeError("parquet: underlying IO error: No space left on device (os error 28)")
    with pytest.raises(RuntimeError, match="else"), output.plainly(Path("out")):
        raise RuntimeError("something else")


def test_values_that_cannot_be_meant_are_one_line(run: Runner, tmp_path: Path) -> None:
    for words in (("--scale", "nan"), ("--scale", "inf"), ("--scale", "0"), ("--seed", "-5")):
        assert words[0] in spoken(run, "sample", tmp_path / "s", *words)
    policy = tmp_path / "p.toml"
    policy.write_text(f"[weights]\npath = {10**19}\n")
    assert "weights.path" in spoken(run, "audit", small(tmp_path / "t"), "--policy", policy)


def test_a_file_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "file"
    whole_file(path, b"one")
    with pytest.raises(OutputExists):
        whole_file(path, b"two")
    assert whole_file(path, b"two", force=True).read_bytes() == b"two"
    assert [one.name for one in path.parent.iterdir()] == ["file"]


def test_a_folder_we_wrote_lists_what_is_in_it(tmp_path: Path) -> None:
    whole_folder(tmp_path / "out", note("x"))
    assert (tmp_path / "out" / MARKER).read_text().splitlines()[1:] == ["note.txt"]
    (tmp_path / "out" / "link").symlink_to("note.txt")
    whole_folder(tmp_path / "out", note("y"), force=True)
    assert (tmp_path / "out" / "link").is_symlink() and (tmp_path / "out" / "link").read_text() == "y"


# --- streams that go away -------------------------------------------------------------------------------------------


def shell(command: str) -> subprocess.CompletedProcess[str]:
    """Run a pipeline in bash as a script would; its exit code is that of `acl-graph`."""
    script = f'ag() {{ {shlex.quote(sys.executable)} -m acl_graph "$@"; }}\n{command}'
    return subprocess.run(
        ["bash", "-c", script], cwd=ROOT, capture_output=True, encoding="utf-8", timeout=120, check=False
    )


needs_bash = pytest.mark.skipif(shutil.which("bash") is None, reason="pipelines need a shell")


@needs_bash
@pytest.mark.parametrize(
    "command",
    ["what sample_tenants/northlake zoe.martin@northlake.example", "routes", "--help", "check --help", "policy"],
)
def test_a_reader_who_has_enough_is_no_error(command: str) -> None:
    done = shell(f"ag {command} | true; exit ${{PIPESTATUS[0]}}")
    assert (done.returncode, done.stderr) == (0, "")


@needs_bash
def test_closed_streams_change_no_exit_code(tmp_path: Path) -> None:
    audit = f"ag audit sample_tenants/northlake --force --out {tmp_path / 'out'}"
    for redirect in ("2>&-", "2>/dev/full", "0<&- 2>&-", "0<&- >&- 2>&-"):
        done = shell(f"{audit} {redirect}; exit $?")
        assert done.returncode == 0, redirect
        assert json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8"))
    assert shell("ag frobnicate 2>&-; exit $?").returncode == 2
    full = shell("ag routes >/dev/full; exit $?")
    assert full.returncode == 2 and "No space left" in full.stderr


@pytest.mark.parametrize(
    "words", [("frobnicate",), ("check",), ("audit", "x", "--lens", "y"), ("who", "a", "b", "--lens", "z")]
)
def test_usage_is_one_line(run: Runner, words: tuple[str, ...]) -> None:
    assert "--help" in spoken(run, *words)
