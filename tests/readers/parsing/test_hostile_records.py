"""No record, however odd, stops a reader: it is kept, or rejected with a reason."""

# ruff: noqa: E501 - records are as long as they are

from __future__ import annotations

import copy
import json
import random
from pathlib import Path
from typing import Any

import pytest

from acl_graph.errors import AclGraphError
from acl_graph.readers import read

GRAPH = "https://graph.microsoft.com/v1.0"
REST = "https://x.sharepoint.com/sites/S/_api/web"
ODD: list[Any] = [
    None,
    "",
    [],
    {},
    [None],
    [[]],
    {"a": {"b": []}},
    0,
    -1,
    1e308,
    True,
    "\x00\x1b[31m",
    "=1+1",
    "é" * 3000,
    "a|b;c,d",
    "://",
    "i:0#.f|",
    "c:0o.c|x|y_o",
    "{}",
    [1, "x", {"id": 3}],
]
RECORDS: dict[str, dict[str, Any]] = {
    "site settings": {"Url": "https://x.sharepoint.com/sites/S", "LockState": "Unlock", "Owner": "a@b.c", "RestrictedAccessControl": True, "RestrictedAccessControlGroups": ["g"], "SharingCapability": 1, "SharingDomainRestrictionMode": 1, "SharingAllowedDomainList": "a b", "SiteId": "s", "GroupId": "g", "IBSegments": ["s"], "ExcludedBlockDownloadGroupIds": []},
    "tenant settings": {"ShowEveryoneClaim": True, "EnableAIPIntegration": True, "SharingCapability": 1, "SharingDomainRestrictionMode": 2, "SharingBlockedDomainList": "a", "OneDriveRestrictedAccessControlGroups": ["g"]},
    "permission report": {"Object": "Site", "URL": "/sites/S", "HasUniquePermissions": "TRUE", "Users": "A", "Type": "User", "Permissions": "Read", "GrantedThrough": "Direct Permissions"},
    "audit report": {"SiteUrl": "https://x.sharepoint.com/sites/S", "Type": "Site", "RelativeUrl": "/sites/S", "MemberType": "GroupMember", "MemberName": "A", "MemberLoginName": "a@b.c", "ParentGroup": "G", "Roles": "Read"},
    "audit log": {"CreationTime": "2026-01-01T00:00:00", "Operation": "CopilotInteraction", "UserId": "a@b.c", "Workload": "Copilot", "CopilotEventData": {"AccessedResources": [{"SiteUrl": "https://x.sharepoint.com/a", "Id": "x"}]}},
    "file use": {"CreationTime": "2026-01-01T00:00:00", "Operation": "FileAccessed", "UserId": "a@b.c", "Workload": "SharePoint", "ObjectId": "https://x.sharepoint.com/a", "Site": "s", "ItemType": "File", "ListItemUniqueId": "u"},
    "users": {"url": f"{GRAPH}/users", "body": {"value": [{"id": "u", "userPrincipalName": "a@b.c", "userType": "Member", "assignedLicenses": [{"skuId": "s"}]}]}},
    "groups": {"url": f"{GRAPH}/groups", "body": {"value": [{"id": "g", "groupTypes": ["Unified"], "visibility": "Public", "mail": "g@b.c"}]}},
    "items": {"url": f"{GRAPH}/drives/d/root/children", "body": {"value": [{"id": "i", "name": "n", "file": {}, "webUrl": "https://x", "parentReference": {"driveId": "d", "path": "/drives/d/root:/a"}, "sharepointIds": {"siteId": "s", "listItemUniqueId": "u"}, "createdBy": {"user": {"id": "u"}}}]}},
    "permissions": {"url": f"{GRAPH}/drives/d/items/i/permissions", "body": {"value": [{"id": "p", "roles": ["read"], "grantedToV2": {"user": {"id": "u"}, "siteUser": {"loginName": "x"}}}, {"id": "l", "link": {"scope": "users", "type": "view"}, "grantedToIdentitiesV2": [{"siteGroup": {"id": "5", "displayName": "G"}}]}]}},
    "sites": {"url": f"{GRAPH}/sites", "body": {"value": [{"id": "h,s,w", "webUrl": "https://x", "siteCollection": {"archivalDetails": {"archiveStatus": "x"}}}]}},
    "batch": {"requests": [{"id": "1", "url": "/users"}], "responses": [{"id": "1", "body": {"value": [{"id": "u"}]}}]},
    "skus": {"url": f"{GRAPH}/subscribedSkus", "body": {"value": [{"skuId": "s", "skuPartNumber": "x", "servicePlans": [{"servicePlanName": "p"}]}]}},
    "labels of items": {"url": f"{GRAPH}/drives/d/items/i/extractSensitivityLabels", "body": {"value": {"labels": [{"sensitivityLabelId": "l"}]}}},
    "role assignments": {"Url": "https://x.sharepoint.com/sites/S", "HasUniqueRoleAssignments": True, "RoleAssignments": [{"Member": {"LoginName": "G", "PrincipalType": 8, "Users": [{"LoginName": "a@b.c"}]}, "RoleDefinitionBindings": [{"Name": "Read", "RoleTypeKind": 2, "BasePermissions": {"High": 1, "Low": 2}}]}]},
    "REST groups": {"url": f"{REST}/sitegroups?$expand=Users", "body": {"value": [{"Title": "G", "Users": [{"LoginName": "a@b.c"}]}]}},
    "labels": {"Guid": "l", "DisplayName": "L", "Priority": 1, "ParentId": "", "EncryptionEnabled": True, "EncryptionRightsDefinitions": "a@b.c:VIEW", "LabelActions": ['{"Type":"encrypt","Settings":[{"Key":"protectiontype","Value":"template"}]}']},
    "rules": {"ParentPolicyName": "P", "AdvancedRule": '{"labels":[]}', "RestrictAccess": [{"setting": "ExcludeContentProcessing", "value": "Block"}], "Disabled": False, "Name": "r"},
    "policies": {"Name": "P", "EnforcementPlanes": ["CopilotExperiences"], "Locations": [{"Inclusions": [{"Identity": "All"}], "Exclusions": []}], "Mode": "Enable"},
    "content": {"FileUrl": "https://x.sharepoint.com/sites/S/a", "FileSourceUrl": "https://x.sharepoint.com/sites/S", "SensitiveInfoTypes": "a", "SensitiveInfoTypesData": "[]", "Location": "SPO", "UniqueId": "u"},
    "roles": {"roleDefinitionId": "r", "principalId": "p", "directoryScopeId": "/", "assignmentState": "Eligible"},
    "licences": {"userPrincipalName": "a@b.c", "Licenses": "x", "Segments": "s"},
    "detailed report": {"SiteId": "s", "ScopeId": "x", "ItemType": "Web", "Item Url": "sites/S", "Role definition": "Read", "Recipient": "Everyone", "ParentGroupName": "G", "ParentGroupType": "SecurityGroup", "ParentObjectID": "o", "LinkId": "", "LinkScope": ""},
    "site counts": {"Site ID": "s", "Site URL": "https://x", "Site Template": "Team site", "Number of users having access": "3", "File count": "1"},
}  # fmt: skip


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inner:
        found += places(one, (*path, key))
    return found


def changed(record: dict[str, Any], path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    record = copy.deepcopy(record)
    at: Any = record
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    return record


@pytest.mark.parametrize("name", RECORDS)
def test_odd_values_anywhere_in_a_record_do_not_stop_a_reader(tmp_path: Path, name: str) -> None:
    record = RECORDS[name]
    choice = random.Random(name)
    odd = [changed(record, path, value) for path in places(record) for value in choice.sample(ODD, 10)]
    for number in range(0, len(odd), 40):
        lines = [json.dumps(record), *(json.dumps(one) for one in odd[number : number + 40])]
        (tmp_path / "export.json").write_text("\n".join(lines))
        read(tmp_path)


@pytest.mark.parametrize("name", RECORDS)
def test_a_file_cut_anywhere_is_read_or_refused(tmp_path: Path, name: str) -> None:
    text = json.dumps([RECORDS[name], RECORDS[name]], indent=1)
    for end in random.Random(name).sample(range(2, len(text)), 12):
        (tmp_path / "export.json").write_text(text[:end])
        try:
            read(tmp_path)
        except AclGraphError as error:
            assert "\n" not in str(error)
