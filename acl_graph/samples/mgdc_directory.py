"""The Entra datasets of a Graph Data Connect delivery: users, groups, their direct members and owners."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from acl_graph.samples import plan
from acl_graph.samples.mgdc_recipients import Row
from acl_graph.samples.naming import Names
from acl_graph.samples.synthetic import Synthetic

#: licence number of Microsoft 365 Copilot
COPILOT_SKU = "639dec6b-bb19-468b-871c-c5c441c4b0cb"


class Directory:
    """The rows of each directory dataset, made one at a time from the arrays and names."""

    def __init__(self, tenant: Synthetic, names: Names) -> None:
        self.tenant = tenant
        self.numbers = tenant.numbers
        self.team_names = names.team_names.to_list()
        self.group_names = names.group_names.to_list()
        self.user_names = names.user_names.to_list()
        self.logins = names.logins.to_list()

    def users(self) -> Iterator[Row]:
        """Mailboxes only: as in a real delivery, guests have no row here and show where they are members or named."""
        tenant = self.tenant
        for user in np.flatnonzero(~tenant.guest).tolist():
            login = self.logins[user]
            yield {
                "id": tenant.user_ids[user],
                "accountEnabled": True,
                "displayName": self.user_names[user],
                "mail": login,
                "userPrincipalName": login,
                "userType": "Member",
                "assignedLicenses": [{"disabledPlans": [], "skuId": COPILOT_SKU}] if tenant.licensed[user] else [],
                "puser": tenant.user_ids[user],
                "ptenant": tenant.tenant_id,
            }

    def group_details(self) -> Iterator[Row]:
        tenant = self.tenant
        for group, group_id in enumerate(tenant.group_ids):
            yield self._group(group_id, self.group_names[group], [], bool(tenant.mail_group[group]), True, None)
        for site, group_id in enumerate(tenant.team_ids):
            visibility = "Public" if tenant.public_team[site] else "Private"
            yield self._group(group_id, self.team_names[site], ["Unified"], True, False, visibility)

    def _group(
        self, group_id: str, title: str, types: list[str], mail: bool, secure: bool, visibility: str | None
    ) -> Row:
        nick = title.lower().replace(" ", "")
        return {
            "id": group_id,
            "deletedDateTime": None,
            "displayName": title,
            "groupTypes": types,
            "isAssignableToRole": None,
            "mail": f"{nick}@{plan.DOMAIN}" if mail else None,
            "mailEnabled": mail,
            "mailNickname": nick,
            "membershipRule": None,
            "resourceProvisioningOptions": ["Team"] if types else [],
            "securityEnabled": secure,
            "visibility": visibility,
            "ODataType": "#microsoft.graph.group",
            "pObjectId": group_id,
            "ptenant": self.tenant.tenant_id,
        }

    def group_members(self) -> Iterator[Row]:
        return self._directory_rows(owners=False)

    def group_owners(self) -> Iterator[Row]:
        return self._directory_rows(owners=True)

    def _directory_rows(self, *, owners: bool) -> Iterator[Row]:
        """Direct members (or owners) of security and team groups; SharePoint groups are another dataset."""
        members, numbers, tenant = self.tenant.members, self.numbers, self.tenant
        chosen = np.flatnonzero((members.group < numbers.first_owners_claim) & (members.owner == owners))
        for group, member in zip(members.group[chosen].tolist(), members.member[chosen].tolist(), strict=True):
            row: Row = {"id": self._directory_id(member)}
            if member < numbers.users:
                row |= {"userPrincipalName": self.logins[member], "displayName": self.user_names[member]}
                row["ODataType"] = "#microsoft.graph.user"
            else:
                row["displayName"] = self.group_names[member - numbers.first_group]
                row["ODataType"] = "#microsoft.graph.group"
            row |= {"pObjectId": self._directory_id(group), "ptenant": tenant.tenant_id}
            yield row

    def _directory_id(self, principal: int) -> str:
        numbers, tenant = self.numbers, self.tenant
        if principal < numbers.users:
            return tenant.user_ids[principal]
        if principal < numbers.first_team:
            return tenant.group_ids[principal - numbers.first_group]
        return tenant.team_ids[principal - numbers.first_team]
