"""The hand-worked answers of the sample tenants are what the program says of them."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from acl_graph.access import Access
from acl_graph.access.reach import bulk_reach
from acl_graph.exposure import Policy
from acl_graph.exposure.policy import weigh
from acl_graph.findings import find_all
from acl_graph.inspection.cautions import cautions
from acl_graph.readers import read
from acl_graph.vocabulary import Lens, Level

SAMPLES = Path(__file__).parent.parent / "sample_tenants"
#: keys of expected.toml: those whose entries are questions, and those that have the value as a last word
PLAIN = ("can", "cannot", "latent", "not_latent", "possible")
VALUED = ("levels", "find", "copilot", "stopped")


@cache
def expected(sample: str) -> dict[str, Any]:
    return tomllib.loads((SAMPLES / sample / "expected.toml").read_text(encoding="utf-8"))


@cache
def access(sample: str) -> Access:
    return Access(read(SAMPLES / sample))


def question(entry: str) -> tuple[str, str]:
    """`principal item`, or `login /path with spaces`."""
    if " /" in entry:
        principal, path = entry.split(" /", 1)
        return principal, "/" + path
    principal, item = entry.split(" ")
    return principal, item


def samples() -> list[str]:
    return sorted(path.parent.name for path in SAMPLES.glob("*/expected.toml"))


def entries(*keys: str) -> list[Any]:
    return [
        pytest.param(sample, key, entry, id=f"{sample}-{key}-{number}")
        for sample in samples()
        for key in keys
        for number, entry in enumerate(expected(sample).get(key, []))
    ]


@pytest.mark.parametrize(("sample", "key", "entry"), entries(*PLAIN))
def test_the_answer_worked_out_by_hand_is_given(sample: str, key: str, entry: str) -> None:
    principal, item = question(entry)
    answer = access(sample).check(principal, item)
    if key == "can":
        assert answer.open >= Level.VIEW, answer
    elif key == "cannot":
        assert answer.open < Level.VIEW, answer
    elif key == "latent":
        assert answer.latent and answer.open < Level.VIEW, answer
    elif key == "not_latent":
        assert not answer.latent, answer
    else:
        assert answer.open < Level.VIEW and answer.possible is not None, answer


@pytest.mark.parametrize(("sample", "key", "entry"), entries(*VALUED))
def test_the_level_verdict_or_gate_is_the_one_worked_out(sample: str, key: str, entry: str) -> None:
    asked, value = entry.rsplit(" ", 1)
    principal, item = question(asked)
    answer = access(sample).check(principal, item)
    said = {
        "levels": answer.open.name,
        "find": answer.find,
        "copilot": answer.copilot,
        "stopped": str(answer.stopped_by),
    }
    assert said[key] == value, answer


@pytest.mark.parametrize("sample", samples())
def test_a_sample_has_enough_answers_of_both_kinds(sample: str) -> None:
    said = expected(sample)
    assert said["story"] and said["findings"]
    assert len(said["can"]) >= 15 and len(said["cannot"]) >= 15
    assert not set(said["can"]) & set(said["cannot"])


@pytest.mark.parametrize("sample", samples())
def test_a_sample_is_read_without_a_rejected_row(sample: str) -> None:
    assert read(SAMPLES / sample).rejected.is_empty()


@pytest.mark.parametrize("sample", samples())
def test_the_findings_of_a_sample_are_the_ones_worked_out(sample: str) -> None:
    policy = Policy()
    sensitivity = weigh(access(sample).facts, policy)
    reach = {lens: bulk_reach(access(sample).sure, sensitivity.sums, lens) for lens in Lens}
    found = find_all(access(sample), sensitivity, reach, policy)
    codes = {finding.code for finding in found if finding.confidence != "unsupported"}
    assert codes == set(expected(sample)["findings"])


def test_names_that_bite_come_through_reading_unharmed() -> None:
    names = read(SAMPLES / "riverbend").tables["principals"]["name"].to_list()
    for piece in ("\x1b[31m", "=cmd|'/C calc'!A0", "[red]loud[/red]", "<script>", "\u202e", "\x07", "\r\n", "😈"):
        assert any(piece in name for name in names), piece


def test_what_is_kept_with_a_caution_is_counted() -> None:
    told = {
        one["what"]: (one["rows"], one["taken"], one["file"]) for one in cautions(Access(read(SAMPLES / "riverbend")))
    }
    impossible = (1, "possibly a membership, never surely", "members.csv")
    assert told["a SharePoint group inside a SharePoint group"] == impossible
    assert told["a distribution group in grants"][:2] == (1, "nothing: it is for mail only")
    assert told["the level 'Zauberei', which nobody describes"][:2] == (1, "Read")
    assert told["restricted access control without a group"][1] == "not applied"
