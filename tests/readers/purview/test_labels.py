"""Sensitivity labels, their protection, and rules for Copilot."""

# ruff: noqa: E501 - exports are as long as they are

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from acl_graph.readers import read
from acl_graph.tenant import Tenant

LABEL = "c0c0c0c0-aaaa-4bbb-8ccc-000000000001"
OTHER = "c0c0c0c0-aaaa-4bbb-8ccc-000000000002"
SIT_LABEL = "c0c0c0c0-aaaa-4bbb-8ccc-000000000003"
COPILOT = "470f2276-e011-4e9d-a6ec-20768be3a4b0"


def label(**more: Any) -> dict[str, Any]:
    return {
        "Guid": LABEL,
        "DisplayName": "Secret",
        "Priority": 5,
        "ParentId": None,
        "ContentType": "File, Email",
    } | more


def export(folder: Path, **files: Any) -> Tenant:
    for name, content in files.items():
        (folder / f"{name}.json").write_text(json.dumps(content))
    return read(folder)


def rights(tenant: Tenant) -> dict[str, list[str]]:
    return dict(tenant["label_rights"].select("principal", "rights").iter_rows())


def test_a_label_with_its_rights(tmp_path: Path) -> None:
    said = "Staff@birchdale.example:VIEW,EXTRACT;elm.example:VIEW;AuthenticatedUsers:VIEW"
    tenant = export(
        tmp_path,
        labels=[label(EncryptionEnabled=True, EncryptionProtectionType="Template", EncryptionRightsDefinitions=said)],
    )
    assert tenant["labels"].select("id", "name", "rank", "encrypts", "protection").rows() == [
        (LABEL, "Secret", 5, True, "admin")
    ]
    assert rights(tenant) == {
        "staff@birchdale.example": ["VIEW", "EXTRACT"],
        "elm.example": ["VIEW"],
        "authenticated_users": ["VIEW"],
    }
    assert tenant["principals"].select("id", "kind").rows() == [("elm.example", "domain")]
    assert tenant.coverage.complete("label_rights")


def test_rights_inside_label_actions_are_found(tmp_path: Path) -> None:
    settings = [{"Key": "protectiontype", "Value": "template"}, {"Key": "disabled", "Value": "false"},
                {"Key": "rightsdefinitions", "Value": json.dumps([{"Identity": "ana@birchdale.example", "Rights": "OWNER"}])}]  # fmt: skip
    action = json.dumps({"Type": "encrypt", "SubType": None, "Settings": settings})
    tenant = export(tmp_path, labels=[label(LabelActions=[action, json.dumps({"Type": "protectsite"})])])
    assert tenant["labels"]["encrypts"].to_list() == [True]
    assert rights(tenant) == {"ana@birchdale.example": ["OWNER"]}


@pytest.mark.parametrize(
    ("more", "encrypts", "protection"),
    [
        ({"EncryptionEnabled": False}, False, None),
        ({"EncryptionEnabled": True, "EncryptionProtectionType": "UserDefined"}, True, "user_defined"),
        ({"EncryptionEnabled": True, "EncryptionProtectionType": "RemoveProtection"}, False, None),
        ({"EncryptionEnabled": "True", "EncryptionDoubleKeyEncryptionUrl": "https://keys.example"}, True, "double_key"),
    ],
)
def test_kinds_of_protection(tmp_path: Path, more: dict[str, Any], encrypts: bool, protection: str | None) -> None:
    tenant = export(tmp_path, labels=[label(**more)])
    assert tenant["labels"].select("encrypts", "protection").rows() == [(encrypts, protection)]


def test_trap_35_labels_of_one_name_stay_apart_by_id(tmp_path: Path) -> None:
    tenant = export(tmp_path, labels=[label(), label(Guid=OTHER, Priority=6), label(Guid=None)])
    assert tenant["labels"]["id"].to_list() == [LABEL, OTHER]
    assert tenant.rejected["why"].to_list() == ["label has no id"]


def rule(**more: Any) -> dict[str, Any]:
    condition = {
        "Condition": {
            "SubConditions": [{"Value": [{"groups": [{"labels": [{"name": LABEL, "type": "Sensitivity"}]}]}]}]
        }
    }
    return {"Name": "r", "ParentPolicyName": "No secrets", "Disabled": False, "AdvancedRule": json.dumps(condition),
            "RestrictAccess": [{"setting": "ExcludeContentProcessing", "value": "Block"}]} | more  # fmt: skip


def policy(
    inclusions: Any = ({"Type": "Tenant", "Identity": "All"},), exclusions: Any = (), **more: Any
) -> dict[str, Any]:
    locations = [
        {
            "Workload": "Applications",
            "Location": COPILOT,
            "Inclusions": list(inclusions),
            "Exclusions": list(exclusions),
        }
    ]
    return {
        "Name": "No secrets",
        "Mode": "Enable",
        "EnforcementPlanes": ["CopilotExperiences"],
        "Locations": json.dumps(locations),
    } | more


def dlp(tenant: Tenant) -> set[tuple[str, str, str | None, str]]:
    return set(tenant["copilot_dlp"].select("policy", "label", "principal", "effect").iter_rows())


def test_a_rule_for_copilot_has_the_people_of_its_policy(tmp_path: Path) -> None:
    who = [{"Type": "IndividualResource", "Identity": "ana@birchdale.example"}]
    tenant = export(tmp_path, rules=[rule()], policies=[policy(exclusions=who)])
    assert dlp(tenant) == {
        ("No secrets", LABEL, None, "include"),
        ("No secrets", LABEL, "ana@birchdale.example", "exclude"),
    }
    assert tenant.coverage.complete("copilot_dlp")


def test_rules_that_do_not_act_are_left_out(tmp_path: Path) -> None:
    test = policy(Mode="TestWithNotifications")
    assert dlp(export(tmp_path, rules=[rule()], policies=[test])) == set()
    assert any("only tested" in note for note in read(tmp_path).notes)


def test_a_rule_without_its_policy_holds_nothing_back(tmp_path: Path) -> None:
    tenant = export(tmp_path, rules=[rule()])
    assert dlp(tenant) == set()
    assert any("have no policy" in note for note in tenant.notes)


SIT = {"groups": [{"Operator": "Or", "sensitivetypes": [{"name": "Card number"}], "name": "Default"}]}
SECRET = {"groups": [{"Operator": "Or", "labels": [{"name": LABEL, "type": "Sensitivity"}], "name": "Default"}]}


def tree(operator: str, *values: Any) -> dict[str, Any]:
    """A rule whose condition joins leaves about content; a dictionary with an Operator is taken as it is."""
    leaves = [
        one if "Operator" in one else {"ConditionName": "ContentContainsSensitiveInformation", "Value": [one]}
        for one in values
    ]
    return {"Operator": operator, "SubConditions": leaves}


@pytest.mark.parametrize(
    ("condition", "effects"),
    [
        (tree("And", SECRET), {"include"}),
        (tree("And", SECRET, SIT), {"possibly"}),  # the file may hold none
        (tree("Or", SECRET, SIT), {"include"}),
        (tree("And", SECRET, tree("Not", SIT)), {"possibly"}),
        (tree("And", tree("Not", SECRET)), set()),  # for every other label, and not for this one
        ({"Operator": "And", "SubConditions": [{"ConditionName": "AccessScope", "Value": "x"}, tree("And", SECRET)]}, {"possibly"}),
    ],
)  # fmt: skip
def test_what_a_rule_hangs_on_decides_how_surely_it_holds(tmp_path: Path, condition: Any, effects: set[str]) -> None:
    tenant = export(tmp_path, rules=[rule(AdvancedRule=json.dumps({"Condition": condition}))], policies=[policy()])
    assert set(tenant["copilot_dlp"]["effect"]) == effects


def test_a_rule_that_may_hold_for_any_label_is_listed(tmp_path: Path) -> None:
    advanced = json.dumps({"Condition": tree("Or", SECRET, SIT)})
    tenant = export(tmp_path, rules=[rule(AdvancedRule=advanced)], policies=[policy()])
    assert any("any label" in why for why in tenant.rejected["why"])


def test_an_exception_of_a_rule_makes_it_doubtful(tmp_path: Path) -> None:
    tenant = export(tmp_path, rules=[rule(ExceptIfFrom=["ana@birchdale.example"])], policies=[policy()])
    assert tenant["copilot_dlp"]["effect"].to_list() == ["possibly"]
    assert any("cannot evaluate" in note for note in tenant.notes)


def test_a_rule_without_an_advanced_condition_names_its_labels_plainly(tmp_path: Path) -> None:
    plain = rule(AdvancedRule=None, ContentContainsSensitiveInformation=[SECRET])
    assert dlp(export(tmp_path, rules=[plain], policies=[policy()])) == {("No secrets", LABEL, None, "include")}


@pytest.mark.parametrize("off", [{"Disabled": "True"}, {"Mode": "AuditAndNotify"}])
def test_a_rule_that_is_disabled_or_audits_is_left_out(tmp_path: Path, off: dict[str, Any]) -> None:
    tenant = export(tmp_path, rules=[rule(**off), rule(Name="on")], policies=[policy()])
    assert tenant["copilot_dlp"].height == 1
    assert any("1 rules for Copilot are switched off" in note for note in tenant.notes)


@pytest.mark.parametrize("mode", ["TestWithoutNotifications", "Disable", "PendingDeletion"])
def test_a_policy_that_is_not_enforced_keeps_nothing_out(tmp_path: Path, mode: str) -> None:
    assert dlp(export(tmp_path, rules=[rule()], policies=[policy(Mode=mode)])) == set()
    assert dlp(export(tmp_path, rules=[rule()], policies=[policy(Enabled=False)])) == set()


def test_trap_33_a_mode_in_numbers_is_not_known(tmp_path: Path) -> None:
    tenant = export(tmp_path, rules=[rule()], policies=[policy(Mode=1)])
    assert tenant["copilot_dlp"]["effect"].to_list() == ["possibly"]


def test_only_the_location_of_copilot_says_for_whom(tmp_path: Path) -> None:
    team = {"Workload": "Applications", "Location": "Copilot.M365",
            "Inclusions": [{"Type": "Group", "Identity": "sales@birchdale.example"}]}  # fmt: skip
    mail = {"Workload": "Exchange", "Location": "All", "Inclusions": [{"Type": "Tenant", "Identity": "All"}]}
    tenant = export(tmp_path, rules=[rule()], policies=[policy() | {"Locations": [mail, team]}])
    assert dlp(tenant) == {("No secrets", LABEL, "sales@birchdale.example", "include")}


def test_an_inclusion_that_names_nobody_is_not_everybody(tmp_path: Path) -> None:
    who = [{"Type": "Group", "Identity": "", "DisplayName": "Sales"}]
    tenant = export(tmp_path, rules=[rule()], policies=[policy(inclusions=who)])
    assert [principal for *_, principal, _ in dlp(tenant)] == ["sales"]
    assert tenant.unresolved["principal"].to_list() == ["sales"]


def test_a_label_by_its_name_is_found_where_one_label_has_it(tmp_path: Path) -> None:
    by_name = {"groups": [{"labels": [{"name": "Secret"}, {"name": "Twice"}]}]}
    advanced = json.dumps({"Condition": tree("And", by_name)})
    twins = [label(Guid=OTHER, DisplayName="Twice"), label(Guid=SIT_LABEL, DisplayName="Twice")]
    tenant = export(tmp_path, labels=[label(), *twins], rules=[rule(AdvancedRule=advanced)], policies=[policy()])
    assert dlp(tenant) == {("No secrets", LABEL, None, "include")}
    assert tenant.rejected["value"].to_list() == ["Twice"]


def test_trap_6_collections_lost_by_export_csv_are_said(tmp_path: Path) -> None:
    (tmp_path / "policies.csv").write_text(
        "#TYPE Deserialized.Policy\nName;Mode;EnforcementPlanes;Locations\nNo secrets;Enable;CopilotExperiences;x\n"
        "Other;Enable;System.Object[];System.Collections.ArrayList\n",
        encoding="utf-8-sig",
    )
    (tmp_path / "rules.csv").write_text(
        "Name;ParentPolicyName;Disabled;AdvancedRule;RestrictAccess\n"
        "r;No secrets;False;{};System.Collections.ArrayList\nq;Other;False;{};x\n"
    )
    tenant = read(tmp_path)
    assert tenant["copilot_dlp"].is_empty()
    assert all("lost in the export" in why for why in tenant.rejected["why"]) and tenant.rejected.height == 2


def test_rules_that_only_look_at_prompts_are_counted(tmp_path: Path) -> None:
    looks = rule(RestrictAccess=[{"setting": "UploadText", "value": "Block"}])
    assert any("look at prompts" in note for note in export(tmp_path, rules=[looks], policies=[policy()]).notes)


def test_a_doubtful_rule_is_a_bound_of_the_copilot_verdict(tmp_path: Path) -> None:
    from acl_graph.access import open_export

    tables = {
        "principals": [{"id": "ana", "kind": "user", "copilot": "licensed"}],
        "sites": [{"id": "s", "url": "https://x.example/sites/s"}],
        "scopes": [{"id": "w", "site": "s", "kind": "web", "path": "/sites/s"}],
        "items": [{"id": "f", "scope": "w", "site": "s", "label": "l", "path": "/sites/s/f"}],
        "grants": [{"scope": "w", "principal": "ana", "level": "Read"}],
        "labels": [{"id": "l"}],
        "copilot_dlp": [{"policy": "p", "label": "l", "effect": "possibly"},
                        {"policy": "p", "label": "l", "principal": "ben", "effect": "exclude"}],
    }  # fmt: skip
    for name, rows in tables.items():
        (tmp_path / f"{name}.ndjson").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "tenant.toml").write_text('[coverage]\ndefault = "complete"\n')
    answer = open_export(tmp_path).check("ana", "f")
    assert answer.copilot == "cite" and answer.possible is not None and answer.possible["copilot"] == "yes"
