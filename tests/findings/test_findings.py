"""Every rule speaks where it should, stays silent in the case next to it, and proves its change."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from acl_graph.access import Access
from acl_graph.access.reach import bulk_reach
from acl_graph.changes.simulate import ChangeKind
from acl_graph.exposure import Policy
from acl_graph.exposure.policy import Thresholds, weigh
from acl_graph.findings import RULES, Finding, find_all
from acl_graph.findings.finding import SEVERITIES, finding_id, severity_of
from acl_graph.vocabulary import Lens
from tests.support.makers import access_to
from tests.support.oracle import Row
from tests.support.worlds import SNAPSHOT, tenant

PAGES = Path(__file__).parents[2] / "docs" / "findings"
POLICY = Policy(thresholds=Thresholds(oversized_group=3, many_admins=2, broad_share=0.6))  # type: ignore[call-arg]
LONG_AGO, LATELY = SNAPSHOT - timedelta(days=400), SNAPSHOT - timedelta(days=3)


def office(coverage: dict[str, str] | None = None, **more: list[Row]) -> Access:
    """Four people who use their files, a site that Ana runs, a folder with a secret that only Ana opens."""
    people = [{"id": name, "kind": "user", "name": name.title(), "home": "internal"} for name in NAMES]
    tables: dict[str, list[Row]] = {
        "principals": people,
        "sites": [{"id": "s", "title": "Site", "kind": "team", "url": "https://north.example/sites/s"}],
        "site_admins": [{"site": "s", "principal": "ana"}],
        "scopes": [
            {"id": "web", "site": "s", "kind": "web", "path": "/sites/s"},
            {"id": "folder", "site": "s", "kind": "folder", "path": "/sites/s/Docs/F", "parent": "web"},
        ],
        "items": [
            {"id": "secret", "scope": "folder", "info_types": ["iban"], "label": "conf", "path": "/sites/s/Docs/F/a"},
            {"id": "plain", "scope": "web", "path": "/sites/s/Docs/b"},
        ],
        "labels": [{"id": "conf", "name": "Confidential", "rank": 1}],
        "usage": [{"principal": name, "item": "plain", "action": "read", "last": LATELY} for name in NAMES],
    }
    for table, rows in more.items():
        tables[table] = tables.get(table, []) + rows
    return access_to(tenant(coverage=coverage, **tables))


NAMES = ("ana", "bob", "cyd", "dan")
EEEU = {"id": "eeeu", "kind": "everyone_except_external", "name": "Everyone except external users"}
GUEST = {"id": "gus", "kind": "user", "name": "Gus", "home": "guest", "login": "gus@partner.example"}


def group(name: str, *members: str, kind: str = "security_group", **cells: Any) -> dict[str, list[Row]]:
    return {
        "principals": [{"id": name, "kind": kind, "name": name, **cells}],
        "members": [{"group": name, "member": member} for member in members],
    }


def grant(scope: str, principal: str, level: str = "Read") -> Row:
    return {"scope": scope, "principal": principal, "level": level}


def link(audience: str, *people: str, scope: str = "folder", **cells: Any) -> dict[str, list[Row]]:
    return {
        "links": [{"id": "k", "audience": audience, "origin": scope, "created": LATELY, **cells}],
        "link_users": [{"link": "k", "principal": one, "how": "redeemed"} for one in people],
        "grants": [{"scope": scope, "link": "k", "level": "view"}],
    }


def joined(*parts: dict[str, list[Row]]) -> dict[str, list[Row]]:
    whole: dict[str, list[Row]] = {}
    for part in parts:
        for table, rows in part.items():
            whole[table] = whole.get(table, []) + rows
    return whole


def grants(*rows: Row) -> dict[str, list[Row]]:
    return {"grants": list(rows)}


def people(*rows: Row) -> dict[str, list[Row]]:
    return {"principals": list(rows)}


def public(visibility: str) -> dict[str, list[Row]]:
    return joined(group("m", "bob", kind="m365_group", visibility=visibility), grants(grant("folder", "m")))


def file_link(audience: str, *named: str, **cells: Any) -> dict[str, list[Row]]:
    """A link on a single file of its own, with a secret in it."""
    return joined(
        {
            "scopes": [{"id": "file", "site": "s", "kind": "item", "path": "/sites/s/Docs/c", "parent": "web"}],
            "items": [{"id": "c", "scope": "file", "info_types": ["iban"], "label": "conf"}],
        },
        link(audience, *named, scope="file", **cells),
    )


ALL = group("large", *NAMES)
DEEP = joined(
    group("payroll", "quarter"),
    group("quarter", "support"),
    group("support", "bob"),
    grants(grant("folder", "payroll")),
)
#: rule -> (tables that trigger it, tables next to them that must not)
WORLDS: dict[str, tuple[dict[str, list[Row]], dict[str, list[Row]]]] = {
    "broad_claim": (
        joined(people(EEEU), grants(grant("folder", "eeeu"))),
        joined(people(EEEU), grants(grant("web", "eeeu"))),  # nothing sensitive there
    ),
    "public_group": (public("public"), public("private")),
    "anyone_link": (file_link("anyone"), file_link("anyone", expires=LONG_AGO)),
    "organization_link": (file_link("organization"), file_link("people", "bob")),
    "organization_link_redeemed": (file_link("organization", "bob"), file_link("organization")),
    "guest_access": (
        joined(people(GUEST), grants(grant("folder", "gus"))),
        joined(people(GUEST), grants(grant("web", "gus"))),
    ),
    "stale_link": (file_link("people", "bob", created=LONG_AGO), file_link("people", "bob")),
    "dormant_principal": (
        joined(people({"id": "idle", "kind": "user", "home": "internal"}), grants(grant("folder", "idle"))),
        grants(grant("folder", "bob")),
    ),
    "orphaned_principal": (
        joined(people({"id": "old", "kind": "user", "state": "deleted"}), grants(grant("folder", "old"))),
        joined(people({"id": "old", "kind": "user", "state": "deleted"})),
    ),
    "direct_grant": (
        grants(grant("folder", "bob")),
        joined(group("some", "bob"), grants(grant("folder", "some"))),
    ),
    "widening_inheritance": (
        joined(group("some", "bob"), grants(grant("folder", "some"))),
        joined(group("some", "bob"), grants(grant("folder", "some"), grant("web", "some"))),
    ),
    "oversized_group": (
        joined(ALL, grants(grant("folder", "large"))),
        joined(group("small", "bob", "cyd"), grants(grant("folder", "small"))),
    ),
    "company_wide_dynamic_group": (
        joined(group("rule", *NAMES, dynamic=True), grants(grant("folder", "rule"))),
        joined(group("rule", *NAMES, dynamic=False), grants(grant("folder", "rule"))),
    ),
    "link_on_folder": (link("people", "bob"), file_link("people", "bob")),
    "broad_site_admin": (
        joined(group("some", "bob"), {"site_admins": [{"site": "s", "principal": "some"}]}),
        {"site_admins": [{"site": "s", "principal": "bob"}]},
    ),
    "ownerless_site": (
        joined(
            people({"id": "old", "kind": "user", "state": "disabled"}),
            {
                "sites": [{"id": "t", "kind": "communication"}],
                "scopes": [{"id": "t-web", "site": "t", "kind": "web"}],
                "site_admins": [{"site": "t", "principal": "old"}],
            },
        ),
        {
            "sites": [{"id": "t", "kind": "communication", "owner": "bob"}],
            "scopes": [{"id": "t-web", "site": "t", "kind": "web"}],
        },
    ),
    "unlabelled_sensitive": (
        {"items": [{"id": "bare", "scope": "folder", "info_types": ["iban"]}]},
        {"items": [{"id": "bare", "scope": "folder"}]},
    ),
    "unresolved_principal": (grants(grant("folder", "ghost")), grants(grant("folder", "bob"))),
    "nested_group_surprise": (
        DEEP,
        joined(group("payroll", "quarter"), group("quarter", "bob"), grants(grant("folder", "payroll"))),
    ),
    "expired_guest": (
        joined(
            people(GUEST),
            grants(grant("folder", "gus")),
            {"guest_expiry": [{"site": "s", "principal": "gus", "expires": LONG_AGO}]},
        ),
        joined(
            people(GUEST),
            grants(grant("folder", "gus")),
            {"guest_expiry": [{"site": "s", "principal": "gus", "expires": SNAPSHOT + timedelta(days=9)}]},
        ),
    ),
}
#: rules whose change ends something that reaches nobody any more, or that have no change to offer
NOTHING_TO_LOSE = (
    "orphaned_principal",
    "unresolved_principal",
    "expired_guest",
    "ownerless_site",
    "unlabelled_sensitive",
)
#: what an export must leave out for a rule to say that it cannot be answered
GAPS = {
    "public_group": ({"default": "complete", "principals.visibility": "absent"}, group("m", kind="m365_group")),
    "dormant_principal": ({"default": "complete", "usage": "absent"}, {}),
    "stale_link": ({"default": "complete", "usage": "absent"}, {}),
    "orphaned_principal": ({"default": "complete", "principals.state": "absent"}, {}),
    "expired_guest": ({"default": "complete", "guest_expiry": "absent"}, {}),
    "oversized_group": ({"default": "complete", "members": "absent"}, {}),
    "nested_group_surprise": ({"default": "complete", "members": "absent"}, {}),
    "company_wide_dynamic_group": ({"default": "complete", "principals.dynamic": "absent"}, {}),
    "organization_link_redeemed": ({"default": "complete", "link_users": "absent"}, {}),
    "anyone_link": ({"default": "complete", "links": "absent"}, {}),
    "organization_link": ({"default": "complete", "links": "absent"}, {}),
    "link_on_folder": ({"default": "complete", "links": "absent"}, {}),
    "broad_site_admin": ({"default": "complete", "site_admins": "absent"}, {}),
    "ownerless_site": ({"default": "complete", "site_admins": "absent", "sites.owner": "absent"}, {}),
}


def findings(access: Access, policy: Policy = POLICY) -> list[Finding]:
    sensitivity = weigh(access.facts, policy)
    reach = {lens: bulk_reach(access.sure, sensitivity.sums, lens) for lens in Lens}
    return find_all(access, sensitivity, reach, policy)


@cache
def triggered(code: str) -> list[Finding]:
    return [finding for finding in findings(office(**WORLDS[code][0])) if finding.code == code]


def codes(found: list[Finding]) -> set[str]:
    return {finding.code for finding in found if finding.confidence != "unsupported"}


def test_every_rule_has_a_case_and_a_case_next_to_it() -> None:
    assert set(WORLDS) == {rule.CODE for rule in RULES}


@pytest.mark.parametrize("code", WORLDS)
def test_a_rule_speaks_where_it_should(code: str) -> None:
    assert code in codes(triggered(code))


@pytest.mark.parametrize("code", WORLDS)
def test_a_rule_is_silent_in_the_case_next_to_it(code: str) -> None:
    assert code not in codes(findings(office(**WORLDS[code][1])))


@pytest.mark.parametrize("code", [code for code in WORLDS if code not in NOTHING_TO_LOSE])
def test_the_change_of_a_rule_lets_fewer_people_in(code: str) -> None:
    finding = triggered(code)[0]
    assert finding.change is not None
    lenses = ("open", "latent")
    assert any(finding.after[lens]["people"] < finding.before[lens]["people"] for lens in lenses), finding
    assert all(finding.after[lens]["people"] <= finding.before[lens]["people"] for lens in lenses), finding


@pytest.mark.parametrize("code", WORLDS)
def test_a_finding_names_its_row_and_is_plain_data(code: str) -> None:
    finding = triggered(code)[0]
    said = finding.as_dict()
    assert json.loads(json.dumps(said)) == said
    assert finding.row is not None and set(finding.row) == {"table", "source_file", "source_row"}
    assert finding.severity in SEVERITIES and finding.why and finding.what.endswith(".")


@pytest.mark.parametrize("code", GAPS)
def test_a_rule_that_the_export_cannot_support_says_what_is_missing(code: str) -> None:
    coverage, more = GAPS[code]
    said = [f for f in findings(office(coverage, **more)) if f.code == code]
    assert [finding.confidence for finding in said if finding.confidence == "unsupported"], said
    assert all(finding.change is None for finding in said if finding.confidence == "unsupported")


def test_a_removal_that_leaves_a_path_is_not_called_a_fix() -> None:
    world = joined(people(EEEU), group("some", "bob"), grants(grant("folder", "bob"), grant("folder", "some")))
    finding = next(f for f in findings(office(**world)) if f.code == "direct_grant")
    assert finding.leaves.startswith("This removal alone will not help")
    assert "some" in finding.leaves


def test_two_broad_paths_are_closed_together() -> None:
    everyone = {"id": "all", "kind": "everyone", "name": "Everyone"}
    world = joined(people(EEEU, everyone), grants(grant("folder", "eeeu"), grant("folder", "all")))
    access = office(**world)
    finding = next(f for f in findings(access) if f.code == "broad_claim")
    assert finding.leaves.startswith("This removal alone will not help")
    assert {str(change.target["principal"]) for change in finding.closing} == {"eeeu", "all"}


def test_the_immediate_stop_keeps_existing_groups_and_says_that_administrators_are_bound() -> None:
    world = joined(people(EEEU), group("some", "bob"), grants(grant("folder", "eeeu"), grant("folder", "some")))
    finding = next(f for f in findings(office(**world)) if f.code == "broad_claim")
    assert finding.stop is not None and finding.stop.kind is ChangeKind.RESTRICT_ACCESS
    assert finding.stop.target["groups"] == ("some",)
    assert any("administrators" in effect for effect in finding.stop.side_effects)


def test_a_claim_in_the_default_members_group_of_a_public_group_is_fixed_by_making_it_private() -> None:
    world = joined(
        people(EEEU),
        group("m", "bob", kind="m365_group", visibility="public"),
        group("site members", "m", "eeeu", kind="sharepoint_group", site="t"),
        {
            "sites": [{"id": "t", "kind": "team", "group": "m"}],
            "scopes": [{"id": "t-web", "site": "t", "kind": "web"}],
            "items": [{"id": "t-secret", "scope": "t-web", "label": "conf"}],
        },
        grants(grant("t-web", "site members", "Edit")),
    )
    finding = next(f for f in findings(office(**world)) if f.code == "broad_claim")
    assert finding.change is not None and finding.change.kind is ChangeKind.MAKE_GROUP_PRIVATE


def test_cases_beyond_the_detail_are_counted() -> None:
    policy = Policy(thresholds=Thresholds(detail=1))  # type: ignore[call-arg]
    found = findings(office(**grants(grant("folder", "bob"), grant("folder", "cyd"), grant("folder", "dan"))), policy)
    direct = [finding for finding in found if finding.code == "direct_grant"]
    assert len(direct) == 2 and direct[-1].affected["cases"] == 2
    assert "2 more cases" in direct[-1].what


def test_findings_come_most_severe_first_and_keep_their_ids() -> None:
    world = joined(people(EEEU, GUEST), grants(grant("folder", "eeeu"), grant("folder", "gus")), public("public"))
    first, second = findings(office(**world)), findings(office(**world))
    assert [f.id for f in first] == [f.id for f in second]
    ranks = [(-SEVERITIES.index(f.severity), -f.exposure) for f in first]
    assert ranks == sorted(ranks)


def test_ids_depend_on_code_and_identity_alone() -> None:
    assert finding_id("a", "b", "c") == finding_id("a", "b", "c")
    assert len({finding_id("a", "bc"), finding_id("a", "b", "c"), finding_id("ab", "c")}) == 3


@pytest.mark.parametrize(
    ("exposure", "word"), [(0, "low"), (99, "low"), (100, "medium"), (1000, "high"), (10_000, "critical")]
)
def test_severity_follows_the_published_rule(exposure: int, word: str) -> None:
    assert severity_of(exposure) == word


def test_names_that_bite_are_harmless_in_the_data_of_a_finding() -> None:
    nasty = "\x1b[31mred\u202e\x07"
    world = joined(people({"id": "evil", "kind": "user", "name": nasty}), grants(grant("folder", "evil")))
    said = json.dumps([finding.as_dict() for finding in findings(office(**world))], ensure_ascii=False)
    assert not any(character in said for character in ("\x1b", "\u202e", "\x07"))
    assert "red" in said


def test_progress_is_told_once_per_rule() -> None:
    access = office()
    sensitivity = weigh(access.facts, POLICY)
    reach = {lens: bulk_reach(access.sure, sensitivity.sums, lens) for lens in Lens}
    told: list[tuple[str, float]] = []
    keep: Callable[[str, float], None] = lambda title, done: told.append((title, done))  # noqa: E731
    find_all(access, sensitivity, reach, POLICY, keep)
    assert [title for title, _ in told] == [rule.TITLE for rule in RULES]
    assert all(0 <= done < 1 for _, done in told)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.CODE)
def test_every_rule_has_its_page_and_its_words(rule: Any) -> None:
    page = (PAGES / f"{rule.CODE}.md").read_text(encoding="utf-8")
    assert page.startswith(f"# {rule.TITLE}") and rule.CODE in page
    assert rule.WHY and rule.REMEDY and rule.SEVERITY_NOTE
    assert f"({rule.CODE}.md)" in (PAGES / "index.md").read_text(encoding="utf-8")


def test_dates_of_links_are_shown_as_days() -> None:
    day = datetime(2027, 1, 2, tzinfo=UTC)
    finding = next(f for f in findings(office(**file_link("anyone", expires=day))) if f.code == "anyone_link")
    assert "until 2027-01-02" in finding.what
