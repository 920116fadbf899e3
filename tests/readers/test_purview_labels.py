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
