"""CSV that people open: no spreadsheet and no terminal acts on a cell, and every cell reads back as it was."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acl_graph.access import Access
from acl_graph.readers import read
from acl_graph.reports.audit_folder import write_tenant
from acl_graph.safe_output.csv_cells import escape, escape_list, unescape, unescape_list
from acl_graph.tenant import Tenant
from acl_graph.tenant.schema import TABLES
from tests.cli.test_cli import folder
from tests.conftest import Runner

HOSTILE = [
    "=cmd|' /C calc'!A0",
    "+1",
    "-2+3",
    "@SUM(A1)",
    "＝1",
    "\\",
    "\\=1",
    "\\\\u{1b}",
    "\\u{1b}",
    "\\0",
    "\\e",
    "a\x1b[2Jb",
    "a\x9b2Jb",
    "two\nlines",
    "two\r\nlines",
    "tab\there",
    "right\u202eleft",
    "a\u2028b",
    "a;b",
    "x;=1",
    'y",=1',
    'say "hi", =2',
    "Aurora - Contracts",
    "naïve 😀",
    "'=1",
    "\ud7ff\ue000",
]


def looks_dangerous(cell: str) -> bool:
    """Whether a spreadsheet of any country would begin a formula in this cell, or a terminal act upon it."""
    return not cell.isprintable() or re.search(r"(^\s*|[,;|\"]\s*)[=+\-@＝＋－＠]", cell) is not None


@pytest.mark.parametrize("text", HOSTILE, ids=repr)
def test_every_text_is_inert_and_comes_back(text: str) -> None:
    assert not looks_dangerous(escape(text))
    assert unescape(escape(text)) == text
    assert not looks_dangerous(escape_list([text, text]))
    assert unescape_list(escape_list([text, text])) == [text, text]


@given(st.text())
def test_any_text_is_inert_and_comes_back(text: str) -> None:
    assert not looks_dangerous(escape(text)) and unescape(escape(text)) == text


@given(st.lists(st.text()))
def test_any_list_is_inert_and_comes_back(values: list[str]) -> None:
    assert not looks_dangerous(escape_list(values)) and unescape_list(escape_list(values)) == values


def hostile_tenant() -> Tenant:
    """A tenant whose names are all of the hostile ones, and whose lists hold them."""

    def rows(table: str, listed: list[dict[str, object]]) -> pl.DataFrame:
        schema = TABLES[table].schema()
        return pl.DataFrame([{name: row.get(name) for name in schema} for row in listed], schema=schema)

    tables = {name: table.empty() for name, table in TABLES.items()}
    tables["principals"] = rows(
        "principals",
        [
            {"id": f"u{n}{text}", "kind": "user", "name": text, "segments": [text, "plain"], "source_file": text}
            for n, text in enumerate(HOSTILE)
        ]
        + [{"id": "no list", "kind": "user"}, {"id": "an empty list", "kind": "user", "segments": []}],
    )
    tables["items"] = rows("items", [{"id": text, "path": f"/sites/{text}", "info_types": [text]} for text in HOSTILE])
    return Tenant(tables=tables, name="\x1b[31mred\u202e")


def test_a_hostile_tenant_reads_back_from_csv_as_it_was(tmp_path: Path) -> None:
    tenant = hostile_tenant()
    write_tenant(tenant, tmp_path / "csv", as_csv=True)
    for path in (tmp_path / "csv").glob("*.csv"):
        with path.open(encoding="utf-8", newline="") as stream:
            for row in csv.reader(stream):
                assert not [cell for cell in row if looks_dangerous(cell)], path.name
    assert (tmp_path / "csv" / "tenant.toml").read_text(encoding="utf-8").replace("\n", "").isprintable()
    back = read(tmp_path / "csv")
    assert back.name == tenant.name
    for table in ("principals", "items"):
        columns = [name for name in tenant[table].columns if name not in ("source_row",)]
        assert back[table].select(columns).equals(tenant[table].select(columns)), table


def test_without_the_word_of_tenant_toml_a_backslash_is_a_backslash(tmp_path: Path) -> None:
    place = folder(
        tmp_path,
        principals="id,kind,name\nann,user,A\\u{41}\n",
        sites="id\ns\n",
        scopes="id,site\nw,s\n",
    )
    assert read(place)["principals"]["name"].to_list() == ["A\\u{41}"]


def test_a_sample_tenant_is_the_same_from_csv_as_from_parquet(run: Runner, northlake: Path, tmp_path: Path) -> None:
    for form in ("csv", "parquet"):
        assert run("convert", northlake, tmp_path / form, "--as", form, "-q").code == 0
    one, two = (Access(read(tmp_path / form)) for form in ("csv", "parquet"))
    for table in TABLES:
        kept = [name for name in one.tenant[table].columns if name not in ("source_file", "source_row")]
        assert one.tenant[table].select(kept).equals(two.tenant[table].select(kept)), table
