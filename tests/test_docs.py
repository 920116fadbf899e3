"""The pages are true: what they show is run, what they list exists, what is written from the code is up to date."""

from __future__ import annotations

import doctest
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import unquote

import pytest

import acl_graph
from acl_graph.reports import answers
from acl_graph.tenant.schema import TABLES
from acl_graph.vocabulary import COPILOT_VERDICTS, FIND_VERDICTS, Cover, Gate, Kind, Lens, Level, Step
from tests.support import pages
from tests.support.pages import DOCS, ROOT, Block

PAGES = pages.all_pages()
RUNNABLE = ("console", "pycon", "python")
UPDATE = os.environ.get("UPDATE_DOCS") == "1"


def ids(page: Path) -> str:
    """Test ids: the page's path in the repository."""
    return page.relative_to(ROOT).as_posix()


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that looks like the project's root to what a page runs, so that what it writes does not stay."""
    for name in ("sample_tenants", "docs", "acl_graph"):
        (tmp_path / name).symlink_to(ROOT / name, target_is_directory=True)
    monkeypatch.chdir(tmp_path)
    yield tmp_path


def runnable(page: Path) -> list[Block]:
    """The blocks of a page that are run, in order. `bash` blocks install things, and are not."""
    return [block for block in pages.blocks(page) if block.language in RUNNABLE]


@pytest.mark.parametrize("page", [page for page in PAGES if runnable(page)], ids=ids)
def test_what_a_page_shows_is_what_happens(page: Path, desk: Path) -> None:
    names: dict[str, Any] = {"__name__": page.stem}
    code = 0
    for block in runnable(page):
        if block.language == "console":
            for command, expected in pages.commands(block):
                if command == ["echo", "$?"]:
                    shown = f"{code}\n"
                else:
                    assert command[0] == "acl-graph", f"{block.name}: only acl-graph is run here, not {command[0]}"
                    code, shown = pages.run(command[1:])
                assert pages.fits(expected, shown), f"{block.name}: $ {' '.join(command)}\nshows\n{shown}"
        elif block.language == "pycon":
            run_pycon(block, names)
        else:
            exec(compile("\n" * block.line + block.text, ids(page), "exec"), names)


def run_pycon(block: Block, names: dict[str, Any]) -> None:
    """Run a `pycon` block; names stay for the page's next block."""
    example = doctest.DocTestParser().get_doctest(block.text + "\n", names, block.name, ids(block.page), block.line)
    said: list[str] = []
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS, verbose=False)
    failed = runner.run(example, out=said.append, clear_globs=False).failed
    names.update(example.globs)
    assert not failed, "".join(said)


def test_the_first_command_of_the_tour_works_in_a_process_of_its_own(desk: Path) -> None:
    block = next(block for block in pages.blocks(DOCS / "tour.md") if block.language == "console")
    command, expected = next(pages.commands(block))
    done = subprocess.run(
        [sys.executable, "-m", "acl_graph", *command[1:]],
        capture_output=True,
        encoding="utf-8",
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        check=True,
    )
    assert pages.fits(expected, done.stdout), done.stdout
    assert done.stderr == "", "an answer leaves nothing on stderr unless a terminal watches"


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_links_of_a_page_lead_somewhere(page: Path) -> None:
    for link in pages.links(page):
        path, _, anchor = link.partition("#")
        target = (page.parent / unquote(path)).resolve() if path else page
        assert target.exists(), f"{link} leads nowhere"
        assert target.is_relative_to(ROOT), f"{link} leads out of the repository"
        if anchor and target.suffix == ".md":
            assert anchor in pages.anchors(target), f"{link}: {target.name} has no such heading"


@pytest.mark.parametrize("page", list(pages.PARTS), ids=ids)
def test_what_is_written_from_the_code_is_up_to_date(page: Path) -> None:
    name, write = pages.PARTS[page]
    text = page.read_text(encoding="utf-8")
    fresh = pages.fill(text, name, write())
    if UPDATE:
        page.write_text(fresh, encoding="utf-8")
    else:
        assert text == fresh, f"write docs/{page.name} anew: UPDATE_DOCS=1 pytest tests/test_docs.py"


def test_every_page_can_be_reached_from_the_index() -> None:
    reached, todo = set(), [DOCS / "index.md"]
    while todo:
        page = todo.pop()
        if page not in reached and page.suffix == ".md" and page.is_file():
            reached.add(page)
            todo += [(page.parent / unquote(link.partition("#")[0])).resolve() for link in pages.links(page)]
    missing = sorted(ids(page) for page in set(DOCS.rglob("*.md")) - reached)
    assert not missing, f"no link from docs/index.md leads to {', '.join(missing)}"


# --- every word, command, name, table, switch and trap has its place ------------------------------------------------


def bold_words(page: Path) -> set[str]:
    """Words that a page explains: those in bold at the beginning of a list entry or table row."""
    found: set[str] = set()
    for line in pages.prose(page).splitlines():
        if line.startswith(("- **", "| **")):
            first = line.split("|")[1] if line.startswith("|") else line.split(":")[0]
            found |= {bold.strip("`") for bold in re.findall(r"\*\*(.+?)\*\*", first)}
    return found


@pytest.mark.parametrize("words", [Kind, Level, Lens, Gate, Step, Cover], ids=lambda words: words.__name__)
def test_every_word_of_the_vocabulary_is_in_the_glossary(words: type[Enum]) -> None:
    said = {word.name if words is Level else str(word.value) for word in words}
    assert said <= bold_words(DOCS / "glossary.md")


def test_every_verdict_is_in_the_glossary() -> None:
    text = (DOCS / "glossary.md").read_text(encoding="utf-8")
    assert all(f"`{word}`" in text for word in (*FIND_VERDICTS, *COPILOT_VERDICTS))


def test_every_gate_that_an_answer_names_has_words_for_people() -> None:
    assert set(answers.STOPS) == {gate.value for gate in Gate}


def test_every_command_is_documented() -> None:
    text = (DOCS / "cli.md").read_text(encoding="utf-8")
    assert all(f"\n### {name}\n" in text for name in pages.command_names())
    prose = pages.prose(DOCS / "cli.md").split("<!-- begin help -->")[0]
    missing = [name for name in pages.command_names() if f"`acl-graph {name}" not in prose]
    assert not missing, f"docs/cli.md does not say what these are for: {', '.join(missing)}"


def test_every_public_name_is_documented() -> None:
    text = (DOCS / "library.md").read_text(encoding="utf-8")
    missing = [name for name in acl_graph.__all__ if f"`ag.{name}" not in text]
    assert not missing, f"docs/library.md does not mention {', '.join(missing)}"


@pytest.mark.parametrize("name", acl_graph.__all__)
def test_a_public_name_is_not_hidden_by_the_module_it_comes_from(name: str) -> None:
    first, second = getattr(acl_graph, name), getattr(acl_graph, name)
    assert first is second
    assert not isinstance(second, ModuleType)


def test_every_method_people_call_is_documented() -> None:
    text = (DOCS / "library.md").read_text(encoding="utf-8")
    for owner in (acl_graph.Access, acl_graph.Tenant):
        verbs = [name for name, found in vars(owner).items() if callable(found) and not name.startswith("_")]
        missing = [verb for verb in verbs if f".{verb}(" not in text]
        assert not missing, f"docs/library.md does not show {owner.__name__}.{', '.join(missing)}"


def test_every_switch_the_rules_read_is_documented() -> None:
    read = set()
    for path in (ROOT / "acl_graph").rglob("*.py"):
        read |= set(re.findall(r'\.switch\(\s*"(\w+)"', path.read_text(encoding="utf-8")))
    missing = read - bold_words(DOCS / "tables.md")
    assert not missing, f"docs/tables.md does not explain {', '.join(sorted(missing))}"


def test_every_switch_that_is_documented_is_read() -> None:
    code = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "acl_graph").rglob("*.py"))
    switches = [word for word in bold_words(DOCS / "tables.md") if word not in columns()]
    assert switches
    assert all(f'"{word}"' in code for word in switches)


def columns() -> set[str]:
    """Every column name of the tenant folder."""
    return {column.name for table in TABLES.values() for column in table.columns}


def test_every_format_trap_is_listed_and_tested() -> None:
    headings = re.findall(r"^### (\d+)\. ", (DOCS / "traps.md").read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert [int(number) for number in headings] == list(range(1, 41))
    assert set(pages.trap_tests()) == set(range(1, 41))


def test_every_reader_a_trap_names_exists() -> None:
    named = set(re.findall(r"`((?:readers/)?[\w/]+\.py)`", pages.prose(DOCS / "traps.md").split("<!-- begin")[0]))
    assert named
    for path in sorted(named):
        assert (ROOT / "acl_graph" / path).is_file(), f"{path} is not there"


def test_every_room_of_the_house_is_in_the_picture() -> None:
    text = (DOCS / "how_it_works.md").read_text(encoding="utf-8")
    rooms = [path for path in (ROOT / "acl_graph").iterdir() if not path.name.startswith(("_", "."))]
    missing = [
        room.name
        for room in rooms
        if (room.suffix == ".py" or (room.is_dir() and any(room.glob("*.py")))) and f"`{room.name}" not in text
    ]
    assert not missing, f"docs/how_it_works.md does not show {', '.join(sorted(missing))}"


def test_the_catalogue_of_fixes_lists_what_pages_and_code_name() -> None:
    rows = dict(re.findall(r"^\| (F\d\d)( \*computed\*)? \|", (DOCS / "fixes.md").read_text(encoding="utf-8"), re.M))
    assert list(rows) == [f"F{number:02}" for number in range(1, 35)]
    code = (ROOT / "acl_graph" / "changes" / "catalogue.py").read_text(encoding="utf-8")
    assert set(re.findall(r'"(F\d\d)"', code)) == {fix for fix, computed in rows.items() if computed}


def test_the_policy_page_explains_every_key() -> None:
    text = (DOCS / "policy.md").read_text(encoding="utf-8")
    policy = acl_graph.Policy().model_dump()
    keys = [f"{part}.{key}" for part, said in policy.items() for key in said]
    assert all(f"`{key}`" in text for key in keys)


# --- the tools of this file -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expected", "shown", "fit"),
    [
        ("a\nb", "a\nb\n", True),
        ("a", "a\nb\n", False),
        ("a\n...", "a\nb\nc\n", True),
        ("...\nc", "a\nb\nc\n", True),
        ("...", "", True),
        ("", "", True),
        ("", "a\n", False),
        ("a ... c", "a b c\n", True),
        ("a ... c", "a b\nc\n", False),
    ],
)
def test_dots_stand_for_lines_or_for_what_is_left_of_one(expected: str, shown: str, fit: bool) -> None:
    assert pages.fits(expected, shown) is fit


def test_a_part_of_a_page_is_found_by_its_name_and_nothing_else_changes() -> None:
    page = "before\n<!-- begin x -->old<!-- end x -->\nafter"
    assert pages.fill(page, "x", "new") == "before\n<!-- begin x -->\n\nnew\n\n<!-- end x -->\nafter"
    with pytest.raises(ValueError, match="exactly one"):
        pages.fill(page, "y", "new")
