"""Objects in text that need not be whole: the same in any pieces, in one pass, and broken ones cost only themselves."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acl_graph.readers.parsing.json_splitter import Broken, Splitter
from acl_graph.readers.parsing.sniff import BadRecord, read_json, sniff


def split(text: bytes, size: int, *, in_list: bool = False) -> list[bytes | Broken]:
    splitter = Splitter(in_list=in_list)
    found: list[bytes | Broken] = []
    for at in range(0, len(text), size):
        found += splitter.feed(text[at : at + size])
    return found + list(splitter.finish())


@pytest.mark.parametrize(
    ("text", "whole", "lost"),
    [
        (b'{"a":"}"}{"b":[{}]}\n{"c":1}\n', [b'{"a":"}"}', b'{"b":[{}]}', b'{"c":1}'], 0),
        (b'{"a":1\n{"b":{"x":1}}\n{"c":2}\n', [b'{"b":{"x":1}}', b'{"c":2}'], 1),
        (b'{\n "a":{"b":1\n}\n{\n "c":2\n}\n', [b'{\n "c":2\n}'], 1),
        (b'{"a":"x\n{"b":1}\n', [b'{"b":1}'], 1),
        (b'{"a":[1,2}\n{"b":1}\n', [b'{"b":1}'], 1),
        (b'{"a":\n{\n"b":[\n{"x":1},\n{"x":2}\n]\n}\n}\n', [b'{"a":\n{\n"b":[\n{"x":1},\n{"x":2}\n]\n}\n}'], 0),
        (b'{"a\\"":1}\n{"a\\\\":2}', [b'{"a\\"":1}', b'{"a\\\\":2}'], 0),
        (b'}\n{"a":1}', [b'{"a":1}'], 1),
        (b'{"a":1', [], 1),
    ],
)
@pytest.mark.parametrize("size", [1, 7, 1000])
def test_broken_objects_cost_only_themselves(text: bytes, whole: list[bytes], lost: int, size: int) -> None:
    found = split(text, size)
    assert [one for one in found if isinstance(one, bytes)] == whole
    assert sum(isinstance(one, Broken) for one in found) == lost


@given(st.lists(st.dictionaries(st.text(), st.recursive(st.text() | st.integers(), st.lists), max_size=4)), st.data())
def test_objects_come_out_as_they_went_in(objects: list[dict[str, object]], data: st.DataObject) -> None:
    indent = data.draw(st.sampled_from([None, 0, 2]))
    size = data.draw(st.integers(1, 40))
    lines = "\n".join(json.dumps(one, indent=indent) for one in objects).encode()
    assert [json.loads(one) for one in split(lines, size)] == objects  # type: ignore[arg-type]
    listed = json.dumps(objects, indent=indent).encode().partition(b"[")[2]
    assert [json.loads(one) for one in split(listed, size, in_list=True)] == objects  # type: ignore[arg-type]


def test_one_object_of_many_lines_and_one_that_never_ends_take_no_time(tmp_path: Path) -> None:
    long = tmp_path / "long.json"
    long.write_text(json.dumps({f"k{number}": "v" for number in range(150_000)}, indent=1))
    lost = tmp_path / "lost.json"
    lines = "".join(json.dumps({"id": str(number), "x": {"y": 1}}, indent=1) + "\n" for number in range(6_000))
    lost.write_text(lines.replace("}", " ", 1))
    began = time.perf_counter()
    assert len(list(read_json(sniff(long, long)))) == 1
    records = [record for _, record in read_json(sniff(lost, lost))]
    assert time.perf_counter() - began < 10
    assert len(records) == 6_000 and sum(isinstance(record, BadRecord) for record in records) == 1
