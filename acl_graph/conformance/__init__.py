"""The conformance suite: the rules as cases that any engine can be held against.

The pages under `docs/semantics/` are the source; `cases.jsonl` beside this file is written from them and comes with the
package. `acl-graph conformance --write-cases` writes it anew after a page has changed.
"""

from __future__ import annotations

import json
from pathlib import Path

from acl_graph.conformance.cases import Case, dump, load, shipped
from acl_graph.conformance.engine import read_verdicts, verdicts
from acl_graph.conformance.pages import Pages, docs_folder, parse
from acl_graph.conformance.report import Report
from acl_graph.conformance.report import judge as _judge
from acl_graph.conformance.rules_table import table
from acl_graph.errors import BadInput
from acl_graph.safe_output.write import check_file, whole_file


def run_suite() -> Report:
    """Ask this program every question of the suite."""
    cases = shipped()
    answers = {(line["case"], line["principal"], line["item"]): line for line in verdicts(cases)}
    return _judge(cases, answers)


def judge(verdicts_path: str | Path) -> Report:
    """Hold another engine's answers, a verdicts file, against the suite. Raises BadInput where it is not one."""
    return _judge(shipped(), read_verdicts(verdicts_path))


def write_verdicts(path: str | Path) -> int:
    """Write this program's answers as a verdicts file; returns how many there are."""
    lines = [json.dumps(line, ensure_ascii=False) for line in verdicts(shipped())]
    Path(path).write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    return len(lines)


def write_cases(path: str | Path | None = None, *, force: bool = False) -> int:
    """Write the cases of the pages to a file, by default to the one that is shipped and `docs/rules.md` with it.

    Returns how many cases there are. Without the pages (an installed package) the shipped cases are written. A file
    that is there already is replaced with `force` only.

    Raises
    ------
    BadInput
        The pages are not here and no path is given, or a page is not understood.
    OutputExists
        Another file is at `path`, and `force` was not said.
    """
    if path is not None:
        check_file(Path(path), force=force)
    try:
        folder = docs_folder()
    except BadInput:
        if path is None:
            raise
        cases = shipped()
    else:
        pages = parse(folder)
        cases = pages.cases
        if path is None:
            (folder.parent / "rules.md").write_text(table(pages), encoding="utf-8")
    if path is None:
        Path(__file__).with_name("cases.jsonl").write_text(dump(cases), encoding="utf-8")
    else:
        whole_file(Path(path), dump(cases).encode(), force=force)
    return len(cases)


__all__ = [
    "Case",
    "Pages",
    "Report",
    "docs_folder",
    "dump",
    "judge",
    "load",
    "parse",
    "read_verdicts",
    "run_suite",
    "shipped",
    "table",
    "verdicts",
    "write_cases",
    "write_verdicts",
]
