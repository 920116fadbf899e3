"""What was not read of a file is never taken for what is not there: coverage falls, or there is no answer at all."""

from __future__ import annotations

import gzip
import json
import os
import random
import time
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from acl_graph.access import Access
from acl_graph.cli import app
from acl_graph.errors import BadInput
from acl_graph.readers import read
from acl_graph.readers.parsing import sniff as reader_files
from acl_graph.tenant import Tenant
from acl_graph.tenant.schema import TABLES as KNOWN_TABLES
from acl_graph.vocabulary import Cover, Level
from tests.cli.test_cli import small
from tests.support.formats import mgdc

TABLES = {
    "principals.csv": "id,kind,login\nada,user,ada@x.example\nbo,user,bo@x.example\ncrew,security_group,\n",
    "members.csv": "group,member\ncrew,ada\n",
    "sites.csv": "id,url\ns1,https://x.sharepoint.com/sites/s1\n",
    "scopes.csv": "id,site,kind,path\nw1,s1,web,/sites/s1\n",
    "grants.csv": "scope,principal,level\nw1,crew,Read\n",
    "items.csv": "id,scope,site,path,label\ni1,w1,s1,/sites/s1/one.docx,\n",
    "tenant.toml": 'name = "X"\nsnapshot = 2026-06-03T00:00:00Z\n[coverage]\ndefault = "complete"\n',
}

GARBAGE = random.Random(1).randbytes(3000)


def folder(path: Path, **changed: str | bytes | None) -> Path:
    """A small tenant folder that means what it says; `items_csv="..."` changes a file and None takes it away."""
    path.mkdir(exist_ok=True)
    texts: dict[str, str | bytes | None] = {**TABLES}
    texts |= {name.replace("__", " ").replace("_", "."): text for name, text in changed.items()}
    for name, text in texts.items():
        if text is not None:
            (path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def notes(tenant: Tenant, file: str) -> list[str]:
    return [note for note in tenant.notes if note.startswith(file)]


def test_a_record_that_cannot_be_read_overrules_the_word_that_all_is_there(tmp_path: Path) -> None:
    whole = read(folder(tmp_path / "whole"))
    assert whole.coverage.complete("grants")
    assert Access(whole).check("bo", "i1").possible is None
    torn = read(folder(tmp_path / "torn", grants_csv="scope,principal,level\nw1,crew,Read\nw1,bo,Edit, or so,x\n"))
    assert torn.coverage.table("grants") is Cover.PARTIAL and torn.coverage.complete("items")
    assert "grants.csv was not read completely" in notes(torn, "grants.csv")[0]
    found = Access(torn).check("bo", "i1")
    assert found.open == Level.NONE and found.possible is not None and found.possible["open"] != Level.NONE
    assert any("grants are only partly in the export" in why for why in found.because)


def test_groups_may_lack_members_where_a_row_of_members_was_lost(tmp_path: Path) -> None:
    principals = "id,kind,expanded\nada,user,\nbo,user,\ncrew,security_group,true\n"
    members = "group,member\ncrew,ada\ncrew,b,o\n"
    torn = Access(read(folder(tmp_path, principals_csv=principals, members_csv=members)))
    assert torn.check("bo", "i1").possible is not None


def test_a_lost_group_of_restricted_access_control_may_let_anybody_in(tmp_path: Path) -> None:
    grants = "scope,principal,level\nw1,ada,Read\nw1,bo,Read\n"
    on = TABLES["tenant.toml"] + "[switches]\nrestricted_access_control = true\n"
    path = folder(tmp_path, sites_csv="id,restricted_access\ns1,true\n", grants_csv=grants, tenant_toml=on)
    (path / "site_restricted_groups.csv").write_text("site,group\ns1,crew\n")
    found = Access(read(path)).check("bo", "i1")
    assert found.stopped_by == "restricted_access" and found.possible is None
    (path / "site_restricted_groups.csv").write_text("site,group\ns1,crew\ns1,bo,and others\n")
    found = Access(read(path)).check("bo", "i1")
    assert found.possible is not None and found.possible["open"] == "READ"
    assert any("site_restricted_groups are only partly in the export" in why for why in found.because)


def test_a_part_file_that_breaks_off_makes_its_tables_partial(tmp_path: Path) -> None:
    mgdc.write(tmp_path)
    assert read(tmp_path).coverage.complete("grants")
    part = tmp_path / "Permissions" / "part-00000.json"
    part.write_bytes(part.read_bytes()[:-150])
    tenant = read(tmp_path)
    assert tenant.coverage.table("grants") is Cover.PARTIAL and tenant.coverage.complete("members")
    assert "cut off" in notes(tenant, "Permissions/part-00000.json")[0]


@pytest.mark.parametrize("content", [b"", GARBAGE, b"PAR1 and no more"])
def test_a_part_file_that_says_nothing_makes_its_tables_partial(tmp_path: Path, content: bytes) -> None:
    mgdc.write(tmp_path)
    name = "part-00001.parquet" if content.startswith(b"PAR1") else "part-00001.json"
    (tmp_path / "GroupMembers" / name).write_bytes(content)
    tenant = read(tmp_path)
    assert tenant.coverage.table("members") is Cover.PARTIAL and tenant.coverage.complete("grants")
    assert tenant.rejected["source_file"].to_list() == [f"GroupMembers/{name}"]
    assert not tenant["principals"].filter(kind="security_group")["expanded"].any()
    (tmp_path / "GroupMembers" / "_SUCCESS").write_bytes(b"")  # Spark writes such parts for partitions without rows
    assert read(tmp_path).coverage.complete("members") == (content == b"")


def test_a_pull_of_empty_parts_beside_another_is_a_delta_without_changes(tmp_path: Path) -> None:
    mgdc.write(tmp_path)
    later = tmp_path / "Permissions" / "2026" / "06" / "09"
    later.mkdir(parents=True)
    (later / "part-00000.json").write_bytes(b"")
    tenant = read(tmp_path)
    assert tenant.coverage.complete("grants") and tenant.rejected.is_empty()


def test_a_table_that_cannot_be_read_at_all_is_an_error(tmp_path: Path) -> None:
    pl.DataFrame({"scope": ["w1"], "principal": ["ada"]}).write_parquet(tmp_path / "whole.parquet")
    half = (tmp_path / "whole.parquet").read_bytes()[:60]
    for number, (changed, said) in enumerate(
        [
            ({"grants_csv": None, "grants_parquet": half}, "grants.parquet is not a whole Parquet file"),
            ({"grants_csv": b""}, "grants.csv is empty"),
            ({"grants_csv": b" \n\n"}, "grants.csv is empty"),
            ({"grants_csv": b"one,two\n1,2\n"}, "grants.csv has none of the columns"),
            ({"grants_csv": None, "grants_ndjson": b'{"a":' * 5000}, "grants.ndjson has none of the columns"),
            ({"grants_csv": GARBAGE}, "grants.csv (is neither|has none)"),
            ({"grants_csv": None, "grants__(1)_csv": TABLES["grants.csv"].encode()}, "must be called grants.csv"),
        ]
    ):
        with pytest.raises(BadInput, match=said):
            read(folder(tmp_path / str(number), **changed))  # type: ignore[arg-type]


def test_an_empty_table_of_json_lines_may_be_one_without_rows_or_a_lost_one(tmp_path: Path) -> None:
    silent = TABLES["tenant.toml"].partition("[coverage]")[0]
    tenant = read(folder(tmp_path, grants_csv=None, grants_ndjson=b"", tenant_toml=silent))
    assert tenant.coverage.table("grants") is Cover.PARTIAL and tenant.rejected.height == 1
    (tmp_path / "tenant.toml").write_text(silent + '[coverage]\ndefault = "complete"\n')
    tenant = read(tmp_path)
    assert tenant.coverage.complete("grants") and tenant.rejected.is_empty()


def test_a_file_without_permission_is_an_error_where_it_is_a_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    really = reader_files.open_bytes

    def opened(path: Path) -> object:
        if path.name in ("grants.csv", "part-00001.json", "secret.bin"):
            raise PermissionError(13, "Permission denied", str(path))
        return really(path)

    monkeypatch.setattr(reader_files, "open_bytes", opened)
    with pytest.raises(BadInput, match=r"^grants.csv cannot be read: Permission denied.$"):
        read(folder(tmp_path / "tables"))
    mgdc.write(tmp_path / "parts")
    (tmp_path / "parts" / "Groups" / "part-00001.json").write_text("{}")
    tenant = read(tmp_path / "parts")
    assert tenant.coverage.table("members") is Cover.PARTIAL and tenant.coverage.complete("grants")
    (tmp_path / "parts" / "secret.bin").write_text("?")
    tenant = read(tmp_path / "parts")
    assert not tenant.coverage.complete("grants"), "it may hold anything"


def test_a_folder_that_cannot_be_entered_may_hold_anything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder(tmp_path)
    (tmp_path / "more").mkdir()
    really = os.scandir

    def listed(path: Path) -> object:
        if Path(path).name == "more":
            raise PermissionError(13, "Permission denied", str(path))
        return really(path)

    monkeypatch.setattr(os, "scandir", listed)
    tenant = read(tmp_path)
    assert tenant.coverage.table("grants") is Cover.PARTIAL and notes(tenant, "more")
    assert tenant.rejected["source_file"].to_list() == ["more"]


def test_links_are_followed_once_and_those_that_lead_nowhere_are_listed(tmp_path: Path) -> None:
    folder(tmp_path / "export", grants_csv=None)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "grants.csv").write_text(TABLES["grants.csv"])
    (tmp_path / "export" / "linked").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "export" / "again").symlink_to(tmp_path / "export")
    (tmp_path / "elsewhere" / "back").symlink_to(tmp_path / "elsewhere")
    tenant = read(tmp_path / "export")
    assert tenant["grants"].height == 1 and tenant.coverage.complete("grants") and tenant.rejected.is_empty()
    (tmp_path / "export" / "self").symlink_to("self")
    tenant = read(tmp_path / "export")
    assert not tenant.coverage.complete("grants") and notes(tenant, "self")


def test_blank_lines_at_the_end_are_no_rows(tmp_path: Path) -> None:
    tenant = read(folder(tmp_path, items_csv=TABLES["items.csv"] + "\n\n,,,,\n\n"))
    assert tenant["items"].height == 1 and tenant.rejected.is_empty() and tenant.coverage.complete("items")


def test_strangers_are_listed_and_do_not_lower_anything(tmp_path: Path) -> None:
    tenant = read(folder(tmp_path, holiday_csv="when,where\n1,2\n", plan_xlsx=b"PK\x03\x04..."))
    listed = {file.path: file.note for file in tenant.files if file.dataset == "not recognised"}
    assert set(listed) == {"holiday.csv", "plan.xlsx"}
    assert tenant.coverage.complete("grants")


def test_a_folder_called_metadata_may_be_the_export_itself(tmp_path: Path) -> None:
    folder(tmp_path / "metadata")
    assert read(tmp_path / "metadata")["grants"].height == 1
    with pytest.raises(BadInput, match="Point at that folder"):
        read(tmp_path)


# --- text ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-32", "utf-32-be"])
def test_every_encoding_of_unicode_is_read(tmp_path: Path, encoding: str) -> None:
    told = TABLES["tenant.toml"].replace("X", "Zürich").encode(encoding)
    tenant = read(folder(tmp_path, items_csv=TABLES["items.csv"].encode(encoding), tenant_toml=told))
    assert tenant["items"]["id"].to_list() == ["i1"] and tenant.name == "Zürich"


def test_a_compressed_tenant_toml_is_the_same_file(tmp_path: Path) -> None:
    folder(tmp_path, tenant_toml=None)
    (tmp_path / "tenant.toml.gz").write_bytes(gzip.compress(TABLES["tenant.toml"].encode()))
    assert read(tmp_path).name == "X"


@pytest.mark.parametrize("at", [0, 300_000])
def test_a_wrong_byte_costs_a_character_and_is_told(tmp_path: Path, at: int) -> None:
    rows = b"".join(b"u%d,user,Zo\xc3\xab\n" % number for number in range(at // 10))
    tenant = read(folder(tmp_path, principals_csv=b"id,kind,name\n" + rows + b"ada,user,\xc3\xab\xff\nbo,user,\n"))
    names = dict(tenant["principals"].select("id", "name").iter_rows())
    assert names["ada"] == "ë\ufffd"
    assert "not valid UTF-8" in notes(tenant, "principals.csv")[0]


def test_a_wrong_byte_in_a_json_record_costs_a_character_and_not_the_record(tmp_path: Path) -> None:
    tenant = read(folder(tmp_path, items_csv=None, items_ndjson=b'{"id":"i1","scope":"w1","path":"/\xc3\xab\xff"}\n'))
    assert tenant["items"]["path"].to_list() == ["/ë\ufffd"] and notes(tenant, "items.ndjson")


# --- headers ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "read_as", "lost"),
    [
        ("id,scope,path\ni1,w1,/one, two\ni2,w1,/three\n", ["i2"], 1),
        ("id,scope,path\ni1,w1,/one, two\n", [], 1),
        ("id,scope,scope,path\ni1,w1,f1,/a\n", ["i1"], 0),
        ("id,scope,,path\ni1,w1,x,/a\n", ["i1"], 0),
        ("id,scope,path,\ni1,w1,/a,\n", ["i1"], 0),
        ('id,scope,path\ni1,w1,"/a\ni2,w1,/b\ni3,w1,/c\n', ["i2", "i3"], 1),
        ("Items of X, 2026\n\nid,scope,path\ni1,w1,/a\n", ["i1"], 0),
    ],
)
def test_the_header_is_found_whatever_the_rows_look_like(
    tmp_path: Path, text: str, read_as: list[str], lost: int
) -> None:
    tenant = read(folder(tmp_path, items_csv=text))
    assert tenant["items"]["id"].to_list() == read_as and tenant.rejected.height == lost
    assert tenant["items"]["scope"].to_list() == ["w1"] * len(read_as)
    assert tenant.coverage.complete("items") is (lost == 0)
    assert ("items", "column (4)") not in tenant.unknown_columns


def test_a_second_column_of_one_name_is_listed(tmp_path: Path) -> None:
    tenant = read(folder(tmp_path, items_csv="id,scope,Scope,scope\ni1,w1,f1,f2\n"))
    assert set(tenant.unknown_columns) == {("items", "Scope"), ("items", "scope (4)")}


# --- JSON ------------------------------------------------------------------------------------------------------------

ROW = '{"id":"i1","scope":"w1"}'


@pytest.mark.parametrize(
    ("text", "found", "lost"),
    [
        (f"[1,2]\n{ROW}\n", 1, 1),
        (f"null\n{ROW}\n", 1, 1),
        (f"// items\n{ROW}\n", 1, 1),
        (f'{{"value":[{ROW}]}}', 1, 0),
        (f'[{ROW},5,"x",[1],null,{{"id":"i2"}}]', 2, 4),
        (f'{ROW}\n[1]\n5\n"a"\nnull\ntrue\n{{"id":"i2"}}\n', 2, 5),
        (f'[{ROW},\n{{"id":"i2","path":"/a}},\n{{"id":"i3"}}]', 2, 1),
        (f'[{ROW},{{"id":"i2"}}', 2, 1),
        (f'[{ROW}]\n[{{"id":"i2"}}]', 2, 0),
        (f"[{ROW}] and more", 1, 1),
    ],
)
def test_nothing_of_a_json_table_is_passed_over(tmp_path: Path, text: str, found: int, lost: int) -> None:
    tenant = read(folder(tmp_path, items_csv=None, items_ndjson=text))
    assert tenant["items"].height == found and tenant.rejected.height == lost
    assert tenant.coverage.complete("items") is (lost == 0)


def test_a_value_of_another_shape_is_no_id(tmp_path: Path) -> None:
    text = '{"id":{"a":1},"scope":"w1"}\n{"id":["x"],"scope":"w1"}\n{"id":"i3","info_types":[{"a":1}]}\n'
    tenant = read(folder(tmp_path, items_csv=None, items_ndjson=text))
    assert tenant["items"]["id"].to_list() == ["i3"]
    assert tenant.rejected.filter("row_kept")["why"].to_list() == [
        "id holds an object where one value belongs",
        "id holds a list where one value belongs",
        "info_types holds lists or objects where a list of texts belongs",
    ]


def test_of_two_spellings_of_a_key_the_first_counts_and_the_other_is_listed(tmp_path: Path) -> None:
    tenant = read(folder(tmp_path, items_csv=None, items_ndjson='{"id":"i1","ID":"i9","scope":"w1"}\n'))
    assert tenant["items"]["id"].to_list() == ["i1"]
    assert tenant.rejected.select("value", "row_kept").rows() == [("ID: i9", True)]


def test_an_object_of_very_many_keys_takes_no_time(tmp_path: Path) -> None:
    row = {"id": "i1", "scope": "w1"} | {f"k{number}": "v" for number in range(60_000)}
    folder(tmp_path, items_csv=None, items_ndjson=json.dumps(row, indent=1))
    began = time.perf_counter()
    assert len(read(tmp_path).unknown_columns) == 60_000
    assert time.perf_counter() - began < 10


# --- Parquet ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "cells"),
    [
        ("scope", pl.Series([["w1"]])),
        ("scope", pl.Series([["w1"]], dtype=pl.Array(pl.String, 1))),
        ("scope", pl.Series([{"a": 1}])),
        ("scope", pl.Series([b"\xff\xfe"])),
        ("modified", pl.Series([1], dtype=pl.Duration("us"))),
        ("info_types", pl.Series([[["a"]]])),
        ("info_types", pl.Series([[{"a": 1}]])),
    ],
)
def test_a_parquet_column_of_a_type_that_no_cell_has_is_an_error_with_its_name(
    tmp_path: Path, column: str, cells: pl.Series
) -> None:
    folder(tmp_path, items_csv=None)
    pl.DataFrame({"id": ["i1"], column: cells}).write_parquet(tmp_path / "items.parquet")
    with pytest.raises(BadInput, match=rf"^items.parquet: the column {column} is of the type "):
        read(tmp_path)


@pytest.mark.parametrize(
    ("column", "cells"),
    [
        ("scope", pl.Series([b"w1"])),
        ("scope", pl.Series(["w1"], dtype=pl.Categorical)),
        ("label", pl.Series([None])),
        ("info_types", pl.Series([["a", "b"]], dtype=pl.Array(pl.String, 2))),
        ("size", pl.Series([float("nan")])),
        ("size", pl.Series([float("inf")])),
        ("strange", pl.Series([{"a": 1}])),
        ("source_row", pl.Series(["abc"])),
        ("source_row", pl.Series([-4])),
    ],
)
def test_other_parquet_columns_are_read(tmp_path: Path, column: str, cells: pl.Series) -> None:
    folder(tmp_path, items_csv=None)
    pl.DataFrame({"id": ["i1"], column: cells}).write_parquet(tmp_path / "items.parquet")
    tenant = read(tmp_path)
    assert tenant["items"]["id"].to_list() == ["i1"] and tenant["items"]["source_row"].to_list() == [1]
    if column == "strange":
        assert tenant.unknown_columns == (("items", "strange"),)


def test_a_column_of_row_numbers_that_holds_none_is_passed_over(tmp_path: Path) -> None:
    tenant = read(folder(tmp_path, grants_csv="scope,principal,level,source_row\nw1,ada,Read,abc\nw1,bo,Read,7\n"))
    assert tenant["grants"]["source_row"].to_list() == [1, 7]


@pytest.mark.parametrize("text", ["[]", "[ ]\n"])
def test_a_list_of_nothing_is_a_table_without_rows(tmp_path: Path, text: str) -> None:
    tenant = read(folder(tmp_path, items_csv=None, items_ndjson=text))
    assert tenant["items"].is_empty() and tenant.coverage.complete("items") and tenant.rejected.is_empty()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("coverage = 5", "coverage must be a table"),
        ('switches = ["a"]', "switches must be a table"),
        ("notes = 3", "notes must be a list"),
        ("snapshot = true", "snapshot 'True' is not a date or time"),
        ("snapshot = 07:00:00", "snapshot '07:00:00' is not a date or time"),
        ("snapshot = [1]", "is not a date or time"),
    ],
)
def test_a_tenant_toml_that_says_what_cannot_be_is_an_error(tmp_path: Path, line: str, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        read(folder(tmp_path, tenant_toml=line))


@pytest.mark.parametrize("line", ["2020-01-01", "2020-01-01T10:00:00", '"2020-01-01"'])
def test_a_snapshot_may_be_a_date_a_time_or_a_text(tmp_path: Path, line: str) -> None:
    moment = read(folder(tmp_path, tenant_toml=f"snapshot = {line}")).snapshot
    assert moment is not None and moment.year == 2020


# --- one tenant ------------------------------------------------------------------------------------------------------


def test_two_tenant_folders_are_not_read_as_one(tmp_path: Path) -> None:
    folder(tmp_path / "one")
    folder(tmp_path / "two")
    with pytest.raises(BadInput, match=r"exports of two tenants: one and two\. Point at one of them"):
        read(tmp_path)


def test_a_table_in_two_folders_is_not_read_twice(tmp_path: Path) -> None:
    folder(tmp_path)
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "grants.csv").write_text(TABLES["grants.csv"])
    with pytest.raises(BadInput, match=r"the table grants twice: grants.csv and old/grants.csv"):
        read(tmp_path)


def test_a_table_in_two_files_is_not_read_twice(tmp_path: Path) -> None:
    folder(tmp_path, grants_ndjson='{"scope":"w1","principal":"bo","level":"Read"}\n')
    with pytest.raises(BadInput, match=r"the table grants twice: grants.csv and grants.ndjson"):
        read(tmp_path)


def test_folders_of_different_tenants_are_an_error_that_names_both() -> None:
    result = CliRunner().invoke(app, ["inspect", str(Path(__file__).parents[3] / "sample_tenants")])
    said = str(result.exception) if result.exception else result.output
    assert result.exit_code != 0 and "riverbend" in said and "northlake" in said


def test_two_languages_of_one_list_are_one_page(tmp_path: Path) -> None:
    """A page saved from the Graph interface under a table's name stays Graph's."""
    page = {"@odata.context": "https://graph.microsoft.com/v1.0/$metadata#sites", "value": [{"id": "a,b,c"}]}
    (tmp_path / "sites.json").write_text(json.dumps(page))
    assert [file.reader for file in read(tmp_path).files] == ["graph"]


@pytest.mark.parametrize(
    ("name", "header", "table"),
    [
        ("assignments.csv", "scope,principal,level", "grants"),
        ("grants_finance.csv", "Scope,Principal,Level,Link", "grants"),
        ("groups.csv", "group,member", "members"),
        ("people.csv", "id,kind,name,login", "principals"),
        ("questions.csv", "principal,item", None),
        ("notes.csv", "id,remark", None),
        ("budget.csv", "scope,principal,level,euro", None),
    ],
)
def test_a_table_under_another_name_is_not_read_and_leaves_its_table_incomplete(
    tmp_path: Path, name: str, header: str, table: str | None
) -> None:
    place = small(tmp_path / "t")
    before = read(place)
    (place / name).write_text(header + "\n" + "x," * header.count(",") + "x\n", encoding="utf-8")
    after = read(place)
    assert [damage.file for damage in after.damage] == ([name] if table else [])
    for known in KNOWN_TABLES:
        expected = Cover.PARTIAL if known == table else before.coverage.table(known)
        assert after.coverage.table(known) is expected
    if table:
        assert f"called {table}.csv" in after.damage[0].why
