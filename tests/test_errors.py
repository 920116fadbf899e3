"""Suggestions for a name that fits nothing: the nearest spelling, quickly also where there are many names."""

from __future__ import annotations

import time

import pytest

from acl_graph.errors import COMPARED, UnknownName

LOGINS = ["zoe.martin@northlake.example", "omar.haddad@northlake.example", "ada@northlake.example"]


@pytest.mark.parametrize(
    ("asked", "hint"),
    [
        ("zoe.martn@northlake.example", "zoe.martin@northlake.example"),
        ("haddad", "omar.haddad@northlake.example"),  # not alike, but part of one
        ("qqqq", ""),
        (" ", ""),
    ],
)
def test_the_hint_is_the_nearest_name_or_one_that_holds_what_was_asked(asked: str, hint: str) -> None:
    message = str(UnknownName(asked, "a principal", LOGINS))
    assert message.endswith(f"Did you mean '{hint}'?" if hint else "is not a principal in this tenant.")


def test_a_name_is_compared_in_one_spelling_and_shown_in_another() -> None:
    shown = {"/sites/finance/payroll": "/sites/Finance/Payroll"}
    assert "'/sites/Finance/Payroll'" in str(UnknownName("/sites/Finance/Payrol", "an item", shown, asked="/payrol"))


def test_a_typo_among_many_names_is_answered_at_once() -> None:
    """A comparison written in Python took more than six seconds here."""
    names = [f"person.{n:06d}@contoso.example" for n in range(COMPARED)]
    began = time.perf_counter()
    message = str(UnknownName("persn.012345@contoso.example", "a principal", names))
    assert "person.012345@contoso.example" in message
    assert time.perf_counter() - began < 2
