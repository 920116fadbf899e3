"""Cells become what their column is, or not known and listed: whatever type a file gave them."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from acl_graph.errors import BadInput
from acl_graph.readers import read
from acl_graph.tenant.schema import TABLES
from acl_graph.tenant.validate import sort_out


def cell(table: str, column: str, value: Any, dtype: pl.DataType | None = None) -> tuple[Any, bool]:
    """(what the cell became, whether it was listed)."""
    key = dict.fromkeys(TABLES[table].key, "x")
    frame = pl.DataFrame([pl.Series(name, [text]) for name, text in key.items() if name != column])
    frame = frame.with_columns(pl.Series(column, [value], dtype=dtype, strict=False))
    kept, rejected = sort_out(TABLES[table], frame)
    return (kept[column][0] if kept.height else None), column in rejected["column"].to_list()


@pytest.mark.parametrize(
    ("table", "column", "value", "dtype", "read"),
    [
        ("items", "count", 3.0, pl.Float64(), 3),
        ("items", "count", "7.0", pl.String(), 7),
        ("items", "count", float("nan"), pl.Float64(), None),  # how pandas writes an empty cell
        ("items", "archived", 1, pl.Int8(), True),
        ("items", "archived", "wahr", pl.String(), True),
        ("items", "modified", date(2026, 6, 3), pl.Date(), datetime(2026, 6, 3)),
        ("items", "modified", "0001-01-01T00:00:00Z", pl.String(), None),
        ("items", "info_types", ["a", "b"], pl.List(pl.String()), ["a", "b"]),
        ("principals", "state", "Disabled", pl.String(), "disabled"),
        ("principals", "kind", "Security Group", pl.String(), "security_group"),
        ("links", "audience", "", pl.String(), None),
    ],
)
def test_a_cell_that_can_be_read_is_read(table: str, column: str, value: Any, dtype: pl.DataType, read: Any) -> None:
    found, listed = cell(table, column, value, dtype)
    found = found.to_list() if isinstance(found, pl.Series) else found
    assert (found.replace(tzinfo=None) if isinstance(found, datetime) else found) == read
    assert not listed


@pytest.mark.parametrize(
    ("table", "column", "value", "dtype"),
    [
        ("items", "count", -2, pl.Int64()),
        ("items", "count", 10**18, pl.Int64()),
        ("items", "count", 1.5, pl.Float64()),
        ("items", "count", float("inf"), pl.Float64()),
        ("items", "count", date(2026, 6, 3), pl.Date()),
        ("items", "archived", 5, pl.Int64()),
        ("items", "archived", "perhaps", pl.String()),
        ("items", "modified", 1780000000, pl.Int64()),
        ("items", "modified", timedelta(1), pl.Duration()),
        ("items", "count", [1], pl.List(pl.Int64())),
        ("items", "path", {"a": 1}, pl.Struct({"a": pl.Int64()})),
        ("items", "path", b"\xff\xfe", pl.Binary()),
        ("principals", "kind", "Sicherheitsgruppe", pl.String()),
        ("principals", "state", "disbled", pl.String()),
        ("principals", "home", "gust", pl.String()),
        ("sites", "lock", "Locked", pl.String()),
    ],
)
def test_a_cell_that_cannot_be_read_is_not_known_and_listed(
    table: str, column: str, value: Any, dtype: pl.DataType
) -> None:
    assert cell(table, column, value, dtype) == (None, True)


@pytest.mark.parametrize(("table", "column"), [("links", "audience"), ("labels", "protection")])
def test_a_strange_word_that_can_widen_access_is_kept_by_name_and_listed(table: str, column: str) -> None:
    assert cell(table, column, "organisation", pl.String()) == ("organisation", True)


def test_a_key_of_the_wrong_type_loses_its_row_with_both_reasons() -> None:
    frame = pl.DataFrame({"id": [{"a": 1}]})
    kept, rejected = sort_out(TABLES["sites"], frame)
    assert kept.is_empty()
    assert rejected["why"].to_list() == ["id is not text", "id is missing"]


def with_toml(folder: Path, text: str) -> Path:
    (folder / "principals.csv").write_text("id,kind\nada,user\n")
    (folder / "tenant.toml").write_text(text)
    return folder


@pytest.mark.parametrize(
    "text",
    [
        '[switches]\nrestricted_search = "maybe"',
        "[switches]\nrestricted_search = 1",
        "[switches]\nblocked_domains = 5",
        "[switches]\nonedrive_restricted_groups = [1]",
        '[switches]\nsharing = "open"',
        'switches = "a"',
        "switches = [1]",
        'coverage = "complete"',
        'notes = "hello"',
        "snapshot = 20260603",
        "snapshot = [1]",
        "snapshot = true",
        "snapshot = 12:00:00",
        "snapshot = nan",
    ],
)
def test_a_setting_of_the_wrong_type_is_refused_by_name(tmp_path: Path, text: str) -> None:
    name = text.replace("[switches]", "").split("=")[0].strip()
    with pytest.raises(BadInput, match=rf"tenant.toml.*{name}"):
        read(with_toml(tmp_path, text))


def test_words_for_switches_are_read_and_strangers_named(tmp_path: Path) -> None:
    text = """
        snapshto = 2026-06-03
        [coverage]
        "principals.stat" = "absent"
        [switches]
        restricted_search = "false"
        show_everyone_clam = true
        blocked_domains = "a.example; b.example"
        sharing = "externalusersharingonly"
    """
    tenant = read(with_toml(tmp_path, text))
    assert tenant.switches == {
        "restricted_search": False,
        "blocked_domains": ["a.example", "b.example"],
        "sharing": "ExternalUserSharingOnly",
    }
    for word in ("snapshto", "principals.stat", "Did you mean show_everyone_claim?"):
        assert any(word in note for note in tenant.notes), word
