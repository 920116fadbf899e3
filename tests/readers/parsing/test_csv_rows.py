"""CSV in blocks: the two parsers say the same, and what does not fit is said with its line."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acl_graph.errors import BadInput
from acl_graph.readers import read
from acl_graph.readers.parsing import csv_rows as csv_files
from acl_graph.readers.parsing.csv_rows import Misfit, csv_frames
from acl_graph.readers.parsing.sniff import sniff


def rows(path: Path) -> tuple[list[tuple[object, ...]], list[Misfit]]:
    """(rows as (line, *cells), misfits)."""
    misfits: list[Misfit] = []
    frame = pl.concat(list(csv_frames(sniff(path, path), misfits.append)))
    names = [name for name in frame.columns if name != "source_row"]
    return list(frame.select("source_row", *names).iter_rows()), misfits


def written(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "some.csv"
    path.write_bytes(text.encode(encoding))
    return path


def test_lines_are_counted_past_line_breaks_in_cells(tmp_path: Path) -> None:
    path = written(tmp_path, 'a,b\n1,2\n"x\ny",3\n\n4,5\n')
    assert rows(path) == ([(2, "1", "2"), (3, "x\ny", "3"), (6, "4", "5")], [])


def test_a_row_with_more_cells_than_the_header_is_a_misfit_and_empty_ones_are_none(tmp_path: Path) -> None:
    found, misfits = rows(written(tmp_path, "a,b\n1,2\nRao, Priya,3\n4,5,,\n6\n"))
    assert found == [(2, "1", "2"), (4, "4", "5"), (5, "6", None)]
    assert [(one.line, one.why[:11], one.start, one.kept) for one in misfits] == [
        (3, "has 3 cells", "Rao, Priya,3", False),
        (5, "has 1 cells", "6", True),
    ]


def test_a_short_row_is_said_with_and_without_quotes(tmp_path: Path) -> None:
    for text in ("a,b,c\n1,2,3\n4,5\n", 'a,b,c\n1,2,"3"\n4,"5"\n', 'a,b,c\n"1",2,\n4,"5"\n'):
        found, misfits = rows(written(tmp_path, text))
        assert found[1] == (3, "4", "5", None)
        assert [(one.line, one.kept) for one in misfits] == [(3, True)]


def test_a_quote_that_swallows_more_than_a_cell_may_hold_costs_its_own_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_files, "LONGEST_RECORD", 1 << 10)
    found, misfits = rows(written(tmp_path, 'a,b\n1,2\n"x,3\n' + "4,5\n" * 1000))
    assert len(found) == 1001 and [one.line for one in misfits] == [3]


@pytest.mark.parametrize("end", ["\n", ""])
def test_a_quote_that_is_never_closed_costs_its_own_row(tmp_path: Path, end: str) -> None:
    found, misfits = rows(written(tmp_path, f'a,b\n1,2\n"x,3\n4,5\n6,7{end}'))
    assert found == [(2, "1", "2"), (4, "4", "5"), (5, "6", "7")]
    assert [one.line for one in misfits] == [3]


def test_a_quote_closed_by_a_later_row_does_not_swallow_those_between(tmp_path: Path) -> None:
    found, misfits = rows(written(tmp_path, 'a,b\n1,2\n"x,3\n4,5\n6,7\n8,"y"\n9,10\n'))
    assert found == [(2, "1", "2"), (4, "4", "5"), (5, "6", "7"), (6, "8", "y"), (7, "9", "10")]
    assert [one.line for one in misfits] == [3]


def test_blocks_join_where_a_record_goes_over_their_border(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_files, "BLOCK", 7)
    text = "a,b\r\n" + "".join(f'{n},"é{n}\r\nü"\r\n' if n % 3 == 0 else f"{n},é{n}\r\n" for n in range(40))
    found, misfits = rows(written(tmp_path, text))
    assert not misfits
    assert [row[1:] for row in found] == [(str(n), f"é{n}\r\nü" if n % 3 == 0 else f"é{n}") for n in range(40)]
    assert [row[0] for row in found] == [2 + n + (n + 2) // 3 for n in range(40)]


def test_a_line_without_end_is_refused_before_it_is_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_files, "BLOCK", 1 << 10)
    monkeypatch.setattr(csv_files, "LONGEST_RECORD", 1 << 12)
    path = written(tmp_path, "a,b\n" + "x" * (1 << 14))
    with pytest.raises(BadInput, match="a line is longer"):
        rows(path)


def test_misfits_are_rejected_rows_of_the_tenant(tmp_path: Path) -> None:
    (tmp_path / "members.csv").write_text("group,member\ng,ada\ng,Rao, Priya\n")
    tenant = read(tmp_path)
    assert tenant["members"]["member"].to_list() == ["ada"]
    assert tenant.rejected.select("table", "source_row", "row_kept").rows() == [("members", 3, False)]


cells = st.text(st.sampled_from('ab ,;"\n\r\té😈'), max_size=6)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.tuples(cells, cells, cells), max_size=12), st.sampled_from([",", ";"]), st.sampled_from([5, 1 << 20])
)
def test_what_the_csv_module_writes_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, table: list[tuple[str, str, str]], delimiter: str, block: int
) -> None:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter)
    writer.writerow(("one", "two", "three"))
    writer.writerows(table)
    path = written(tmp_path_factory.mktemp("csv"), out.getvalue())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_files, "BLOCK", block)
        found, misfits = rows(path)
    # a row of three that goes over several lines may look like rows swallowed by a quote: never a silent loss
    expected = [tuple(_plain(cell) for cell in row) for row in table if any(row)]
    if not misfits:
        assert [tuple(_plain(cell) for cell in row[1:]) for row in found] == expected


def _plain(cell: object) -> str | None:
    """A cell without the difference between nothing and empty, and between a lone carriage return and a space."""
    text = str(cell or "")
    return "".join(" " if c == "\r" and text[i + 1 : i + 2] != "\n" else c for i, c in enumerate(text)) or None
