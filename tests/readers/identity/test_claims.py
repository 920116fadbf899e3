"""Login names and claims say what they are meant to be, in any case and with percent signs or without."""

# ruff: noqa: E501 - one claim a line

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acl_graph.readers.identity.claims import Claim, decode, domain_of, link_of_group, special_name

GROUP = "84c536e7-7a7b-4f80-91a2-a3b4c5d6e7f8"
ITEM = "62a314c5-5a5b-4d6e-8f70-8192a3b4c5d6"
LINK = "73b425d6-6a6b-4e7f-9081-92a3b4c5d6e7"
HASH = "ab" * 32


@pytest.mark.parametrize(
    ("login", "claim"),
    [
        ("i:0#.f|membership|Priya.Rao@Birchdale.example", Claim("user", email="priya.rao@birchdale.example", guest=False)),
        (
            "i:0#.f|membership|luca_fabri.example#ext#@birchdale.onmicrosoft.com",
            Claim("user", email="luca_fabri.example#ext#@birchdale.onmicrosoft.com", guest=True),
        ),
        ("i:0#.f|membership|urn%3aspo%3aguest#lu@fabri.example", Claim("user", email="lu@fabri.example", guest=True, otp=True)),
        ("i:0#.f|membership|urn:spo:guest#lu@fabri.example", Claim("user", email="lu@fabri.example", guest=True, otp=True)),
        (f"i:0#.f|membership|urn%3aspo%3aanon#{HASH}", Claim("link")),
        (f"c:0u.c|tenant|{HASH}", Claim("link")),
        ("i:0h.f|membership|1003200000000001@live.com", Claim("user")),
        (f"c:0t.c|tenant|{GROUP}", Claim("security_group", GROUP)),
        (f"C:0T.C|TENANT|{{{GROUP.upper()}}}", Claim("security_group", GROUP)),
        (f"c:0o.c|federateddirectoryclaimprovider|{GROUP}", Claim("m365_group", GROUP)),
        (f"c:0o.c|federateddirectoryclaimprovider|{GROUP}_o", Claim("group_owners", GROUP, owners=True)),
        (f"c:0-.f|rolemanager|spo-grid-all-users/{ITEM}", Claim("everyone_except_external", "everyone_except_external_users")),
        ("c:0-.f|rolemanager|s-1-5-21-1-2-3", Claim("security_group", "s-1-5-21-1-2-3")),
        ("c:0(.s|true", Claim("everyone", "everyone")),
        ("c:0!.s|windows", Claim("authenticated_users", "authenticated_users")),
        ("c:0!.s|forms:membership", Claim("authenticated_users", "authenticated_users")),
        (f"i:0i.t|ms.sp.ext|{GROUP}@{ITEM}", Claim("app", GROUP)),
        ("SHAREPOINT\\system", Claim("system")),
        ("i:0#.w|sharepoint\\system", Claim("system")),
        ("NT AUTHORITY\\authenticated users", Claim("authenticated_users", "authenticated_users")),
        ("app@sharepoint", Claim("system")),
        ("Finance Members", Claim()),
        ("", Claim()),
        ("priya.rao@birchdale.example", Claim("user", email="priya.rao@birchdale.example")),
        (f"SharingLinks.{ITEM}.Flexible.{LINK}", Claim("link_group", LINK)),
        (f"Limited Access System Group For Web {ITEM}", Claim("limited_access")),
        ("Limited Access System Group", Claim("limited_access")),
    ],
)  # fmt: skip
def test_a_login_is_decoded_to_what_it_stands_for(login: str, claim: Claim) -> None:
    assert decode(login) == claim


def test_trap_20_an_owners_claim_is_a_principal_of_its_own_and_a_zero_is_no_o() -> None:
    claim = f"c:0o.c|federateddirectoryclaimprovider|{GROUP}"
    assert decode(f"{claim}_o").principal == f"{GROUP}_o"
    assert decode(claim).principal == GROUP
    assert decode(f"{claim}_0") == Claim()


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Everyone", "everyone"),
        ("everyone except external users", "everyone_except_external"),
        ("Everyoneexceptexternalusers", "everyone_except_external"),
        ("Jeder, außer externen Benutzern", "everyone_except_external"),
        ("Tout le monde sauf les utilisateurs externes", "everyone_except_external"),
        ("Todos excepto los usuarios externos", "everyone_except_external"),
        ("Iedereen behalve externe gebruikers", "everyone_except_external"),
        ("Tutti tranne gli utenti esterni", "everyone_except_external"),
        ("All Users (windows)", "authenticated_users"),
        ("Everyone in Finance", None),
        ("", None),
    ],
)
def test_trap_19_populations_are_known_by_name_in_common_languages(name: str, kind: str | None) -> None:
    assert special_name(name) == kind


def test_the_group_behind_a_link_names_its_item_kind_and_link() -> None:
    assert link_of_group(f" SharingLinks.{ITEM.upper()}.OrganizationEdit.{LINK} ") == (ITEM, "organizationedit", LINK)
    assert link_of_group("SharingLinks.of.my.own") is None


def test_the_domain_of_a_guest_is_the_one_in_front_of_ext() -> None:
    assert domain_of("i:0#.f|membership|a_b_fabri.example#EXT#@birchdale.onmicrosoft.com") == "fabri.example"
    assert domain_of("lu@fabri.example") == "fabri.example"
    assert domain_of("Lu") is None


@given(st.text())
def test_no_text_is_too_odd_to_be_decoded(text: str) -> None:
    for login in (text, f"i:0#.f|{text}", f"c:0o.c|{text}"):
        claim = decode(login)
        assert claim.owners is (claim.kind == "group_owners")
    special_name(text)
    domain_of(text)
    link_of_group(text)
