"""What the command line says when it is asked for something that is not there: what is wrong, and what to type."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.test_cli import folder, small
from tests.conftest import Runner
from tests.safe_output.test_output import spoken


def test_a_display_name_is_answered_with_what_to_type(run: Runner, northlake: Path) -> None:
    assert "type 'zoe.martin@northlake.example'" in spoken(run, "check", northlake, "Zoe Martin", "/sites/Board")


def test_a_display_name_is_an_address_where_there_is_nothing_else(run: Runner, tmp_path: Path) -> None:
    place = folder(
        tmp_path,
        principals="id,kind,name,login\nname:Ann Lee,user,Ann Lee,\nname:Bo,user,Bo,\nb2,user,Bo,bo@x.example\n",
        sites="id,url\ns,https://x.example/sites/s\n",
        scopes="id,site,kind,path\nw,s,web,/sites/s\n",
        grants="scope,principal,level\nw,name:Ann Lee,Read\n",
    )
    assert "open     READ" in run("check", place, "ann lee", "/sites/s").out
    said = spoken(run, "check", place, "Bo", "/sites/s")
    assert "'name:Bo'" in said and "'bo@x.example'" in said


@pytest.mark.parametrize(
    ("principal", "said"),
    [
        ("everyone", "It stands for many people (everyone): ask about one of them."),
        ("sg-a", "It is a security group: ask about one of its members."),
    ],
)
def test_groups_and_claims_are_named_in_plain_words(run: Runner, riverbend: Path, principal: str, said: str) -> None:
    assert said in spoken(run, "check", riverbend, principal, "/sites/plain")


@pytest.mark.parametrize(
    ("asked", "hint"),
    [
        ("https://other.example/sites/Finance", "'https://northlake.sharepoint.example/sites/Finance'"),
        ("/sites/finanse", "'/sites/Finance'"),
        (
            "https://northlake.sharepoint.example/sites/Finance/Shared%20Documents/Payrol",
            "'https://northlake.sharepoint.example/sites/Finance/Shared Documents/Payroll'",
        ),
    ],
)
def test_suggested_addresses_keep_their_spelling(run: Runner, northlake: Path, asked: str, hint: str) -> None:
    assert f"Did you mean {hint}?" in spoken(run, "who", northlake, asked)


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("check", "zoe", "/sites/Finance"), "'zoe.martin@northlake.example'"),
        (("who", "Payroll"), "'/sites/Finance/Shared Documents/Payroll'"),
        (("who", "bonus PLAN"), "'/sites/Finance/Shared Documents/Payroll/Bonus plan.xlsx'"),
    ],
)
def test_part_of_a_name_is_enough_for_a_hint(run: Runner, northlake: Path, words: tuple[str, ...], hint: str) -> None:
    assert f"Did you mean {hint}?" in spoken(run, words[0], northlake, *words[1:])


def test_long_names_are_cut(run: Runner, northlake: Path) -> None:
    for words in (("x" * 5000, "/sites/Board"), ("zoe.martin@northlake.example", "/" + "y" * 5000)):
        assert len(spoken(run, "check", northlake, *words)) < 400


def test_each_way_to_get_queries_wrong_has_its_own_words(run: Runner, tmp_path: Path) -> None:
    place = small(tmp_path / "t")
    assert "There is no file" in spoken(run, "check", place, "--queries", tmp_path / "no.csv")
    wrong = tmp_path / "wrong.csv"
    wrong.write_text("who,what\nann,f\n")
    assert "columns principal and item; it has who, what." in spoken(run, "check", place, "--queries", wrong)
    assert "not both" in spoken(run, "check", place, "ann", "f", "--queries", wrong)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[weights]\npat = 1\n", "there is no weights.pat; known are label_word"),
        ("[weigths]\n", "there is no weigths; known are sensitivity, weights, thresholds"),
        ("[weights]\npath = 1.5\n", "weights.path must be a whole number, not '1.5'"),
        ("weights = 3\n", "weights must be a section, such as [weights], not '3'"),
        ("[sensitivity]\npaths = 'x'\n", 'sensitivity.paths must be a list of texts, such as ["payroll"]'),
        ("[sensitivity]\ninfo_types = 'maybe'\n", "sensitivity.info_types must be true or false"),
        ("[thresholds]\nbroad_share = nan\n", "thresholds.broad_share must be a number"),
        ("[thresholds\n", "is not valid TOML"),
    ],
)
def test_a_policy_that_is_wrong_is_said_in_our_words(run: Runner, tmp_path: Path, text: str, said: str) -> None:
    policy = tmp_path / "p.toml"
    policy.write_text(text)
    assert said in spoken(run, "audit", small(tmp_path / "t"), "--policy", policy)


def test_a_policy_that_cannot_be_read_is_one_line(run: Runner, tmp_path: Path) -> None:
    place = small(tmp_path / "t")
    assert "No such file" in spoken(run, "audit", place, "--policy", tmp_path / "no.toml")
    policy = tmp_path / "p.toml"
    policy.write_bytes(b"\xff\xfe")
    assert "not UTF-8" in spoken(run, "audit", place, "--policy", policy)


def test_a_name_that_is_not_utf8_is_one_line(run: Runner, tmp_path: Path) -> None:
    place = small(tmp_path / "t")
    try:
        (tmp_path / "a\udcff").mkdir()
    except (OSError, UnicodeEncodeError):
        pytest.skip("this file system takes no such name")
    place.rename(tmp_path / "a\udcff" / "t")
    assert "is not UTF-8" in spoken(run, "audit", tmp_path / "a\udcff" / "t")


def test_help_says_what_force_replaces(run: Runner) -> None:
    for command in ("audit", "convert", "sample", "collector", "conformance"):
        assert "Replace what an earlier run wrote there" in " ".join(run(command, "--help").out.split())


def test_a_list_that_gaps_may_lengthen_says_so(run: Runner, tmp_path: Path) -> None:
    """Without a list of administrators and without links, anybody may be one."""
    place = small(tmp_path / "t")
    (place / "tenant.toml").write_text('[coverage]\nsite_admins = "absent"\nlinks = "absent"\ndefault = "complete"\n')
    assert "1 reach f under the lens 'open'" in run("who", place, "f").out
    assert "  possibly 1 more person, where the export has gaps: --possible lists them" in run("who", place, "f").out
    assert "possibly" not in run("who", place, "f", "--possible").out
    assert "  possibly 1 more row, where" in run("what", place, "ben").out
    why = run("why", place, "ben", "f").out
    assert "  possibly open SITEADMIN, where the export has gaps: --possible shows how" in why
    ran = run("who", place, "f", "--format", "json")
    assert len(json.loads(ran.out)) == 1 and "possibly 1 more person" in ran.err
    assert not run("who", place, "f", "--format", "json", "-q").err
    (place / "tenant.toml").write_text('[coverage]\ndefault = "complete"\n')
    assert "possibly" not in run("who", place, "f").out
