"""The pages of `docs/` as data: their blocks, links and headings, and the parts of them that are written from the code.

A part written from the code stands between `<!-- begin NAME -->` and `<!-- end NAME -->`. `UPDATE_DOCS=1 pytest
tests/test_docs.py` writes them anew; without it the tests only compare.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import typer

from acl_graph import cli
from acl_graph.tenant.schema import TABLES, Column, Table

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
README = ROOT / "README.md"
#: lines that a cold or loaded machine may add
TALK = ("Compiling the fast core",)
FENCE = re.compile(r"^(?P<ticks>`{3,})(?P<language>[^`]*)$")
TYPE_WORDS = {
    "id": "id",
    "text": "text",
    "list": "list",
    "flag": "true or false",
    "whole": "whole number",
    "time": "time",
}


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, the line it begins on (counted from 1), and what stands in it."""

    page: Path
    language: str
    line: int
    text: str

    @property
    def name(self) -> str:
        """Where the block is, for people and for test ids."""
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def all_pages() -> list[Path]:
    """README and everything below `docs/`, in the order of their paths."""
    return [page for page in (README, *sorted(DOCS.rglob("*.md"))) if page.is_file()]


def blocks(page: Path) -> list[Block]:
    """The fenced blocks of a page. A fence ends with at least as many ticks as it began with."""
    found: list[Block] = []
    lines: list[str] = []
    ticks, language, start = "", "", 0
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
        fence = FENCE.match(line)
        if not ticks and fence:
            ticks, language, start, lines = fence["ticks"], fence["language"].strip(), number, []
        elif ticks and line.startswith(ticks) and not line.strip("`"):
            found.append(Block(page, language, start, "\n".join(lines)))
            ticks = ""
        elif ticks:
            lines.append(line)
    if ticks:
        raise ValueError(f"{page}:{start}: this block never ends")
    return found


def prose(page: Path) -> str:
    """The page without its fenced blocks and inline code: what can hold links and headings."""
    text = page.read_text(encoding="utf-8")
    for block in blocks(page):
        text = text.replace(block.text, "", 1) if block.text else text
    return text


def links(page: Path) -> list[str]:
    """Targets of the page's links that point into this repository."""
    text = re.sub(r"`[^`\n]*`", "", prose(page))
    targets = re.findall(r"\]\(<?([^)\s>]+)>?\)", text)
    return [target for target in targets if not re.match(r"[a-z]+:", target)]


def anchors(page: Path) -> set[str]:
    """The anchors that a page's headings make, as forges make them, and explicit ones."""
    found: dict[str, int] = {}
    names: set[str] = set()
    for heading in re.findall(r"^#+ +(.*?) *#*$", prose(page), flags=re.MULTILINE):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").lower()
        slug = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
        times = found.get(slug, 0)
        found[slug] = times + 1
        names.add(f"{slug}-{times}" if times else slug)
    return names | set(re.findall(r'<a (?:id|name)="([^"]+)"', page.read_text(encoding="utf-8")))


# --- running what the pages show -------------------------------------------------------------------------------------


def run(command: list[str]) -> tuple[int, str]:
    """Run `acl-graph` with these arguments in this process; exit code, and what a terminal would show."""
    shown = io.StringIO()

    with (
        patch.dict(os.environ, {"COLUMNS": "80", "LINES": "25"}),
        contextlib.redirect_stdout(shown),
        contextlib.redirect_stderr(shown),
    ):
        try:
            cli.main(command)
            code = 0
        except SystemExit as left:
            code = left.code if isinstance(left.code, int) else 1
    return code, shown.getvalue()


def commands(block: Block) -> Iterator[tuple[list[str], str]]:
    """The commands of a console block, each with the output that the page expects."""
    command: str | None = None
    expected: list[str] = []
    for line in block.text.splitlines():
        if line.startswith("$ "):
            if command is not None:
                yield shlex.split(command), "\n".join(expected)
            command, expected = line[2:], []
        elif command is None:
            raise ValueError(f"{block.name}: a console block begins with `$ `")
        elif command.endswith("\\"):
            command = command[:-1] + line.removeprefix(">")
        else:
            expected.append(line)
    if command is not None:
        yield shlex.split(command), "\n".join(expected)


def fits(expected: str, shown: str) -> bool:
    """Whether output is as expected: `...` alone on a line stands for any lines, inside a line for anything."""
    lines = [line.rstrip() for line in shown.splitlines() if not line.startswith(TALK)]
    pattern = ""
    for line in expected.rstrip().splitlines():
        if line.strip() == "...":
            pattern += r"(?:.*\n)*?"
        else:
            pattern += ".*".join(re.escape(part) for part in line.rstrip().split("...")) + r"\n"
    while lines and not lines[-1]:
        lines.pop()
    return re.fullmatch(pattern, "".join(f"{line}\n" for line in lines)) is not None


# --- parts of pages that are written from the code -------------------------------------------------------------------


def fill(text: str, name: str, body: str) -> str:
    """`text` with the part called `name` replaced by `body`."""
    begin, end = f"<!-- begin {name} -->", f"<!-- end {name} -->"
    if text.count(begin) != 1 or text.count(end) != 1:
        raise ValueError(f"a page needs exactly one {begin} and one {end}")
    before, rest = text.split(begin)
    return f"{before}{begin}\n\n{body.strip()}\n\n{end}{rest.split(end)[1]}"


def tables_part() -> str:
    """Every table of the tenant folder with its columns, from `acl_graph/tenant/schema.py`."""
    rows = [f"| [`{name}`](#{name}) | {_cell(table.about)} | {_key(table)} |" for name, table in TABLES.items()]
    overview = ["| table | one row is | key |", "|---|---|---|", *rows]
    return "\n\n".join(["\n".join(overview), *(_table(table) for table in TABLES.values())])


def _table(table: Table) -> str:
    rows = [f"| {_column(table, c)} | {TYPE_WORDS[c.type]} | {_about(c)} | {_default(c)} |" for c in table.columns]
    head = [f"### {table.name}", "", f"{table.about} Key: {_key(table)}.", ""]
    return "\n".join([*head, "| column | type | meaning | default |", "|---|---|---|---|", *rows])


def _key(table: Table) -> str:
    return ", ".join(f"`{name}`" + (" (may be empty)" if name in table.optional else "") for name in table.key)


def _column(table: Table, column: Column) -> str:
    return f"**`{column.name}`**" if column.name in table.key else f"`{column.name}`"


def _about(column: Column) -> str:
    about = _cell(column.about)
    for word in column.words:
        about = re.sub(rf"(?<=[:,] ){re.escape(word)}(?=,|$)", f"`{word}`", about)
    return about


def _default(column: Column) -> str:
    return f"*{column.default}*" if column.default is not None else ""


def _cell(text: str) -> str:
    return text.replace("|", r"\|")


def command_names() -> list[str]:
    """Every command of the command line, in the order in which `--help` lists them."""
    group = typer.main.get_command(cli.app)
    return list(group.commands)  # type: ignore[attr-defined]


def cli_part() -> str:
    """`--help` of the program and of every command."""
    parts = [f"```text\n{_help([])}\n```"]
    parts += [f"### {name}\n\n```text\n{_help([name])}\n```" for name in command_names()]
    return "\n\n".join(parts)


def _help(command: list[str]) -> str:
    code, shown = run([*command, "--help"])
    if code:
        raise RuntimeError(f"{command} --help left with {code}: {shown}")
    return "\n".join(line.rstrip() for line in shown.strip().splitlines())


def trap_tests() -> dict[int, list[tuple[str, str]]]:
    """Number of a format trap -> (file below `tests/`, test) of every test that is named after it."""
    found: dict[int, list[tuple[str, str]]] = {}
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for name, number in re.findall(r"^def (test_trap_(\d\d)_\w+)", path.read_text(encoding="utf-8"), re.MULTILINE):
            found.setdefault(int(number), []).append((path.relative_to(ROOT).as_posix(), name))
    return found


def traps_part() -> str:
    """Which tests hold which format trap."""
    rows = []
    for number, tests in sorted(trap_tests().items()):
        by_file: dict[str, list[str]] = {}
        for file, name in tests:
            by_file.setdefault(file, []).append(f"`{name}`")
        rows.append(f"| {number} | " + "<br>".join(f"`{f}`: {', '.join(names)}" for f, names in by_file.items()) + " |")
    return "\n".join(["| trap | tests |", "|---|---|", *rows])


def policy_part() -> str:
    """The default policy file."""
    return f"```toml\n{(ROOT / 'acl_graph' / 'exposure' / 'policy.toml').read_text(encoding='utf-8').strip()}\n```"


#: page -> (name of the part, what writes it)
PARTS = {
    DOCS / "tables.md": ("tables", tables_part),
    DOCS / "cli.md": ("help", cli_part),
    DOCS / "traps.md": ("tests", traps_part),
    DOCS / "policy.md": ("policy", policy_part),
}
