"""Writes what lies over other exports: Get-SPOSite, Get-SPOTenant, Get-Label, and the roles of the portal."""

# ruff: noqa: E501 - rows of exports are as long as they are

from __future__ import annotations

import csv
import json
from pathlib import Path

from tests.support.formats import truth
from tests.support.formats.truth import LABEL_RIGHTS, LABELS

#: switch -> property of Get-SPOTenant
PROPERTIES = {
    "restricted_access_control": "EnableRestrictedAccessControl",
    "show_everyone_claim": "ShowEveryoneClaim",
    "information_barriers_suspended": "InformationBarriersSuspension",
    "sharing": "SharingCapability",
    "core_sharing": "CoreSharingCapability",
    "onedrive_sharing": "ODBSharingCapability",
    "aip_integration": "EnableAIPIntegration",
}


def write(folder: Path) -> None:
    """Everything."""
    sites(folder)
    tenant(folder)
    labels(folder)
    roles(folder)


def sites(folder: Path) -> None:
    """`Get-SPOSite.csv` as a script writes it that joins the groups."""
    columns = ("Url", "Title", "GroupId", "SharingCapability", "LockState", "RestrictedAccessControl",
               "RestrictedAccessControlGroups", "ConditionalAccessPolicy", "InformationSegment", "RestrictContentOrgWideSearch",
               "ArchiveStatus", "InformationBarriersMode")  # fmt: skip
    with (folder / "Get-SPOSite.csv").open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(columns)
        for site, (name, _, of) in truth.SITES.items():
            groups = ";".join(truth.group(one) for one in truth.RESTRICTED.get(site, []))
            zero = "00000000-0000-0000-0000-000000000000"
            cells = [truth.url(site), name, truth.group(of) if of else zero, "ExternalUserAndGuestSharing", "Unlock"]
            more = [site in truth.RESTRICTED, groups, "AllowFullAccess", "", False, "NotArchived", "Open"]
            writer.writerow(cells + more)


def tenant(folder: Path) -> None:
    """`Get-SPOTenant.json`, and the directory's setting for guests in groups."""
    said = {name: truth.SWITCHES[switch] for switch, name in PROPERTIES.items()}
    said["MarkNewFilesSensitiveByDefault"] = "AllowExternalSharing"
    (folder / "Get-SPOTenant.json").write_text(json.dumps(said), encoding="utf-8")
    values = [{"name": "AllowGuestsToAccessGroups", "value": "True"}]
    (folder / "groupSettings.json").write_text(json.dumps({"value": [{"values": values}]}), encoding="utf-8")


def labels(folder: Path) -> None:
    """`Get-Label | ConvertTo-Json`: rights are given to addresses."""
    rows = []
    for label, (name, rank, encrypts) in LABELS.items():
        rights = ";".join(f"{_address(who)}:{','.join(them)}" for who, them in LABEL_RIGHTS.get(label, {}).items())
        rows.append({
            "Guid": label, "DisplayName": name, "Priority": rank, "ContentType": "File, Email",
            "EncryptionEnabled": encrypts, "EncryptionProtectionType": "Template" if encrypts else None,
            "EncryptionRightsDefinitions": rights or None,
        })  # fmt: skip
    (folder / "Get-Label.json").write_text(json.dumps(rows), encoding="utf-8")


def _address(who: str) -> str:
    return str(truth.group_mail(who)) if who in truth.GROUPS else truth.mail(who)


def roles(folder: Path) -> None:
    """The roles of the directory with their members, as the portal lists them."""
    line = f"Global Administrator,Ivo,{truth.upn('ivo')},Active"
    text = f"Role,Display name,User principal name,Assignment state\n{line}\n"
    (folder / "roles.csv").write_text(text, encoding="utf-8-sig")
