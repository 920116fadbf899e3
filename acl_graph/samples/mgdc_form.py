"""Writes the synthetic tenant as a Graph Data Connect delivery: one folder of JSON Lines part files per dataset."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec
import numpy as np

from acl_graph.samples import plan
from acl_graph.samples.mgdc_directory import Directory
from acl_graph.samples.mgdc_recipients import Recipients, Row
from acl_graph.samples.naming import SITE_GROUPS, Names, day, moments, name
from acl_graph.samples.plan import Progress
from acl_graph.samples.synthetic import Ints, Synthetic

#: rows of one part file: a pull is many files, and memory stays that of one
ROWS_PER_PART = 100_000
ZERO = "00000000-0000-0000-0000-000000000000"
STAMP = f"{plan.SNAPSHOT:%Y-%m-%dT%H:%M:%SZ}"
LINK_SCOPES = ("Organization", "SpecificPeople", "Anyone")
ITEM_TYPES = ("Web", "List", "Folder", "File")
#: level names as this export spells them
ROLES = ("FullControl", "Edit", "Contribute", "Read", "ViewOnly")
#: settings of the tenant as `Get-SPOTenant | ConvertTo-Json` writes them: enums are numbers
TENANT = {
    "SharingCapability": 2,
    "CoreSharingCapability": 2,
    "OneDriveSharingCapability": 2,
    "SharingDomainRestrictionMode": 0,
    "SharingAllowedDomainList": "",
    "SharingBlockedDomainList": "",
    "ShowEveryoneClaim": False,
    "EnableRestrictedAccessControl": True,
    "InformationBarriersSuspension": False,
    "EnableAIPIntegration": True,
    "MarkNewFilesSensitiveByDefault": 0,
}

_encode = msgspec.json.Encoder().encode


def write_mgdc(tenant: Synthetic, directory: Path, progress: Progress) -> dict[str, int]:
    """Write every dataset of `tenant` below `directory`, with the two overlays beside them; return rows by dataset."""
    progress("names", 0.42)
    names = name(tenant)
    writer = _Mgdc(tenant, names)
    directory_rows = Directory(tenant, names)
    datasets = {
        "Sites": writer.sites,
        "User": directory_rows.users,
        "GroupDetails": directory_rows.group_details,
        "GroupMembers": directory_rows.group_members,
        "GroupOwners": directory_rows.group_owners,
        "Groups": writer.site_groups,
        "FileActions": writer.file_actions,
        "Permissions": writer.permissions,
        "Files": writer.files,
    }
    rows: dict[str, int] = {}
    for position, (dataset, make) in enumerate(datasets.items()):
        progress(dataset, 0.5 + 0.5 * position / len(datasets))
        rows[dataset] = _write_parts(directory / dataset, make())
    (directory / "Get-SPOTenant.json").write_text(json.dumps(TENANT, indent=4) + "\n", encoding="utf-8")
    rows["Get-SPOSite"] = writer.overlay(directory / "Get-SPOSite.csv")
    return rows


def _write_parts(folder: Path, rows: Iterable[Row]) -> int:
    """One JSON object a line, a new file after `ROWS_PER_PART`; a dataset without rows has one empty file."""
    folder.mkdir(parents=True, exist_ok=True)
    source = iter(rows)
    total = part = 0
    while True:
        written = 0
        with (folder / f"part-{part:05d}.json").open("wb", buffering=1 << 20) as file:
            for row in source:
                file.write(_encode(row))
                file.write(b"\n")
                written += 1
                if written == ROWS_PER_PART:
                    break
        total += written
        part += 1
        if written < ROWS_PER_PART:
            break
    (folder / "_SUCCESS").touch()
    return total


class _Mgdc:
    """The rows of each dataset, made one at a time from the arrays and names."""

    def __init__(self, tenant: Synthetic, names: Names) -> None:
        self.tenant = tenant
        self.numbers = tenant.numbers
        self.team_names = names.team_names.to_list()
        self.user_names = names.user_names.to_list()
        self.logins = names.logins.to_list()
        self.urls = names.urls.to_list()
        self.scope_paths = names.scope_paths
        self.file_paths = names.file_paths
        self.libraries = names.libraries.to_list()
        # a web's id repeats nothing and needs no random number of its own: the id of its scope, turned around
        self.web_ids = [_turned(tenant.scopes.ids[scope]) for scope in tenant.scopes.first]
        self.recipients = Recipients(tenant, names)
        # people are written by the million, so each is encoded once
        self.user_entries = [msgspec.Raw(_encode(self.recipients.of_grant(user))) for user in range(tenant.sizes.users)]

    def sites(self) -> Iterator[Row]:
        tenant = self.tenant
        for site, site_id in enumerate(tenant.site_ids):
            yield {
                "ptenant": tenant.tenant_id,
                "Id": site_id,
                "Url": self.urls[site],
                "ArchiveState": "None",
                "RootWeb": {
                    "Id": self.web_ids[site],
                    "Title": self.team_names[site],
                    "WebTemplate": "GROUP",
                    "WebTemplateId": 64,
                    "Configuration": 0,
                },
                "WebCount": 1,
                "GroupId": tenant.team_ids[site],
                "IsInRecycleBin": False,
                "IsTeamsConnectedSite": True,
                "IsTeamsChannelSite": False,
                "TeamsChannelType": "None",
                "IsHubSite": False,
                "HubSiteId": ZERO,
                "IsCommunicationSite": False,
                "IsOneDrive": False,
                "IsExternalSharingEnabled": True,
                "Privacy": "Public" if tenant.public_team[site] else "Private",
                "SensitivityLabelInfo": {},
                "IBMode": "Open",
                "Owner": {},
                "SecondaryContact": {},
                "ReadLocked": False,
                "ReadOnly": False,
                "SnapshotDate": STAMP,
                "Operation": "Full",
            }

    def site_groups(self) -> Iterator[Row]:
        """Three groups a site, then the hidden group of every link with the people who redeemed or were sent it."""
        tenant, numbers, members = self.tenant, self.numbers, self.tenant.members
        inside: dict[int, list[int]] = {}
        chosen = members.group >= numbers.first_site_group
        for group, member in zip(members.group[chosen].tolist(), members.member[chosen].tolist(), strict=True):
            inside.setdefault(group, []).append(member)
        for site, site_id in enumerate(tenant.site_ids):
            for position, (word, number) in enumerate(SITE_GROUPS):
                entries = [
                    self.recipients.of_group(m) for m in inside.get(numbers.first_site_group + 3 * site + position, [])
                ]
                yield self._site_group(site_id, number, ZERO, f"{self.team_names[site]} {word}", entries, site)
        links = tenant.links
        bounds = np.searchsorted(links.user_link, np.arange(len(links.origin) + 1)).tolist()
        sites = tenant.scopes.site[links.origin].tolist()
        for link, link_id in enumerate(tenant.link_ids):
            users = links.user[bounds[link] : bounds[link + 1]].tolist()
            audience, verb = links.audience[link], "View" if links.level[link] == plan.READ else "Edit"
            kind = ("Organization" + verb, "Flexible", "Anonymous" + verb)[audience]
            title = f"SharingLinks.{tenant.scopes.item_ids[links.origin[link]]}.{kind}.{link_id}"
            entries = [self.recipients.of_group(user) for user in users]
            # numbers below 100 are the site's own groups
            yield self._site_group(tenant.site_ids[sites[link]], 100 + link, link_id, title, entries, sites[link])

    def _site_group(self, site_id: str, number: int, link: str, title: str, members: list[Row], site: int) -> Row:
        return {
            "ptenant": self.tenant.tenant_id,
            "SiteId": site_id,
            "GroupId": number,
            "GroupLinkId": link,
            "GroupType": "SharePointGroup",
            "DisplayName": title,
            "Owner": {
                "Type": "SharePointGroup",
                "Name": f"{self.team_names[site]} Owners",
                "TypeV2": "SharePointGroup",
            },
            "Members": members,
            "SnapshotDate": STAMP,
            "Operation": "Full",
        }

    def permissions(self) -> Iterator[Row]:
        """The administrators of each site, then a row per (scope, level, link or none) with all its recipients."""
        tenant, numbers, grants = self.tenant, self.numbers, self.tenant.grants
        for site in range(tenant.sizes.sites):
            entry = self.recipients.of_grant(numbers.first_owners_claim + site)
            yield {
                "ptenant": tenant.tenant_id,
                "SiteId": tenant.site_ids[site],
                "WebId": self.web_ids[site],
                "ItemType": "SiteAdmin",
                "ItemURL": f"sites/{self.urls[site].rsplit('/', 1)[1]}",
                "RoleDefinition": "FullControl",
                "SharedWithCount": [{"Type": "SecurityGroup", "Count": 1}],
                "SharedWith": [entry],
                "SnapshotDate": STAMP,
                "Operation": "Full",
            }
        starts = np.flatnonzero(
            (np.diff(grants.scope, prepend=-1) != 0)
            | (np.diff(grants.link, prepend=-2) != 0)
            | (np.diff(grants.level, prepend=-1) != 0)
        )
        ends = np.append(starts[1:], len(grants.scope))
        links = tenant.links
        link_bounds = np.searchsorted(links.user_link, np.arange(len(links.origin) + 1))
        for block in range(0, len(starts), ROWS_PER_PART):
            begin, finish = starts[block : block + ROWS_PER_PART], ends[block : block + ROWS_PER_PART]
            paths = self.scope_paths.gather(grants.scope[begin]).to_list()
            facts = zip(
                grants.scope[begin].tolist(),
                grants.level[begin].tolist(),
                grants.link[begin].tolist(),
                begin.tolist(),
                finish.tolist(),
                paths,
                strict=True,
            )
            for scope, level, link, low, high, path in facts:
                if link < 0:
                    yield self._permission(scope, level, path, grants.principal[low:high].tolist(), None)
                else:
                    users = links.user[link_bounds[link] : link_bounds[link + 1]].tolist()
                    yield self._permission(scope, level, path, users, link)

    def _permission(self, scope: int, level: int, path: str, principals: list[int], link: int | None) -> Row:
        tenant, users = self.tenant, self.numbers.users
        scopes = tenant.scopes
        kind, site = int(scopes.kind[scope]), int(scopes.site[scope])
        row: Row = {
            "ptenant": tenant.tenant_id,
            "SiteId": tenant.site_ids[site],
            "WebId": self.web_ids[site],
            "ItemType": ITEM_TYPES[kind],
            "ItemURL": path[1:],
            "RoleDefinition": ROLES[level],
            "ScopeId": scopes.ids[scope],
        }
        if kind != plan.WEB:
            row["ListId"] = self.libraries[scopes.library[scope]]
        if kind == plan.ITEM:
            row |= {"UniqueId": scopes.item_ids[scope], "FileExtension": "docx", "ListItemId": scope + 1}
        if link is not None:
            row |= self._link_facts(link)
        counts: dict[str, int] = {}
        for principal in principals:
            sort = self.recipients.sort(principal)
            counts[sort] = counts.get(sort, 0) + 1
        row["SharedWithCount"] = [{"Type": sort, "Count": count} for sort, count in counts.items()]
        row["SharedWith"] = [self.user_entries[p] if p < users else self.recipients.of_grant(p) for p in principals]
        if all(principal < users for principal in principals) and principals:
            row["TotalUserCount"] = len(principals)
        row |= {"SnapshotDate": STAMP, "Operation": "Full"}
        return row

    def _link_facts(self, link: int) -> Row:
        tenant, links = self.tenant, self.tenant.links
        creator = int(links.created_by[link])
        facts: Row = {
            "LinkId": tenant.link_ids[link],
            "LinkScope": LINK_SCOPES[links.audience[link]],
            "ShareCreatedBy": {
                "Type": "User",
                "Name": self.user_names[creator],
                "Email": self.logins[creator],
                "UPN": self.logins[creator],
            },
            "ShareCreatedTime": f"{day(-int(links.created_days[link])):%Y-%m-%dT%H:%M:%SZ}",
        }
        if links.expires_days[link]:
            facts["ShareExpirationTime"] = f"{day(int(links.expires_days[link])):%Y-%m-%dT%H:%M:%SZ}"
        return facts

    def files(self) -> Iterator[Row]:
        """One row per file; the further files of a scope differ from its first in name and id only."""
        tenant = self.tenant
        scopes = tenant.scopes
        for block in range(0, len(scopes.ids), ROWS_PER_PART):
            here: Ints = np.arange(block, min(block + ROWS_PER_PART, len(scopes.ids)))
            paths = self.file_paths.gather(here).to_list()
            facts = zip(
                here.tolist(),
                scopes.site[here].tolist(),
                scopes.library[here].tolist(),
                tenant.label[here].tolist(),
                tenant.files[here].tolist(),
                paths,
                strict=True,
            )
            for scope, site, library, label, files, path in facts:
                folder, file_name = path.rsplit("/", 1)
                web = self.urls[site][len(plan.HOST) :]
                item = scopes.item_ids[scope]
                row: Row = {
                    "ptenant": tenant.tenant_id,
                    "SiteId": tenant.site_ids[site],
                    "WebId": self.web_ids[site],
                    "ListId": self.libraries[library],
                    "ItemId": item,
                    "ScopeId": scopes.ids[scope],
                    "SiteUrl": self.urls[site],
                    "DirName": folder[len(web) + 1 :],
                    "FileName": file_name,
                    "Extension": "docx",
                    "WebTemplateId": 64,
                    "ListServerTemplate": "DocumentLibrary",
                    "IsLabelEncrypted": False,
                    "MajorVersion": 1,
                    "MinorVersion": 0,
                    "SensitivityLabelInfo": {}
                    if label < 0
                    else {"Id": tenant.label_ids[label], "DisplayName": plan.LABELS[label]},
                    "SnapshotDate": STAMP,
                    "Operation": "Full",
                }
                yield row
                for further in range(1, files):
                    yield row | {
                        "ItemId": f"{item[:24]}{further:012x}",
                        "FileName": f"{file_name[:-5]} ({further}).docx",
                    }

    def file_actions(self) -> Iterator[Row]:
        tenant, usage = self.tenant, self.tenant.usage
        scopes = tenant.scopes
        when = moments(-usage.seconds).dt.strftime("%Y-%m-%dT%H:%M:%S.0000000+00:00").to_list()
        paths = self.file_paths.gather(usage.scope).to_list()
        facts = zip(usage.user.tolist(), usage.scope.tolist(), usage.action.tolist(), when, paths, strict=True)
        for user, scope, action, moment, path in facts:
            site = int(scopes.site[scope])
            yield {
                "ptenant": tenant.tenant_id,
                "SiteId": tenant.site_ids[site],
                "SiteUrl": self.urls[site] + "/",
                "WebId": self.web_ids[site],
                "WebTemplateId": 64,
                "ListId": self.libraries[scopes.library[scope]],
                "ListItemId": scopes.item_ids[scope],
                "ItemURL": plan.HOST + path,
                "ItemName": path.rsplit("/", 1)[1],
                "ItemExtension": "docx",
                "ActionDate": moment,
                "ActorType": "User",
                "ActorIdType": "AAD",
                "ActorDisplayName": self.user_names[user],
                "ActorEmail": self.logins[user],
                "ActionName": plan.ACTIONS[action],
                "SnapshotDate": f"{moment[:10]}T00:00:00Z",
            }

    def overlay(self, path: Path) -> int:
        """What the datasets lack, as `Get-SPOSite | Select-Object … | Export-Csv` writes it, a row per site."""
        header = (
            "Url",
            "SiteId",
            "GroupId",
            "SharingCapability",
            "LockState",
            "RestrictedAccessControl",
            "RestrictedAccessControlGroups",
            "RestrictContentOrgWideSearch",
            "ConditionalAccessPolicy",
            "IsGroupOwnerSiteAdmin",
        )
        tenant = self.tenant
        with path.open("w", encoding="utf-8", newline="") as file:
            rows = csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
            rows.writerow(header)
            for site, url in enumerate(self.urls):
                hidden = str(bool(tenant.restricted_discovery[site]))
                fixed = ("ExternalUserAndGuestSharing", "Unlock", "False", "", hidden, "AllowFullAccess", "True")
                rows.writerow((url, tenant.site_ids[site], tenant.team_ids[site], *fixed))
        return len(self.urls)


def _turned(guid: str) -> str:
    """Another GUID made of this one's digits."""
    digits = guid.replace("-", "")[::-1]
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
