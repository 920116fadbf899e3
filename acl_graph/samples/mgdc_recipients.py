"""Recipients as a Graph Data Connect delivery writes them, in `SharedWith` and in a SharePoint group's `Members`."""

from __future__ import annotations

from typing import Any

from acl_graph.samples import plan
from acl_graph.samples.naming import SITE_GROUPS, Names, everyone_internal
from acl_graph.samples.synthetic import Synthetic

Row = dict[str, Any]


class Recipients:
    """Turns principal numbers into the structures by which permissions and groups name them."""

    def __init__(self, tenant: Synthetic, names: Names) -> None:
        self.tenant = tenant
        self.numbers = tenant.numbers
        self.team_names = names.team_names.to_list()
        self.group_names = names.group_names.to_list()
        self.user_names = names.user_names.to_list()
        self.logins = names.logins.to_list()
        self.claim = everyone_internal(tenant)

    def of_group(self, principal: int) -> Row:
        """One entry of a SharePoint group's `Members`: its login field is `LoginName`, its type of a person `User`."""
        entry = self.of_grant(principal)
        entry["LoginName"] = entry.pop("UserLoginName")
        entry.pop("UserCount", None)
        if principal < self.numbers.users:
            entry["Type"] = "User"
        return entry

    def of_grant(self, principal: int) -> Row:
        """One recipient of `SharedWith`."""
        numbers, tenant = self.numbers, self.tenant
        if principal < numbers.users:
            return self._user(principal)
        if principal == numbers.everyone_internal:
            return _group("Everyone except external users", "", None, self.claim)
        if principal >= numbers.first_site_group:
            site, position = divmod(principal - numbers.first_site_group, len(SITE_GROUPS))
            title = f"{self.team_names[site]} {SITE_GROUPS[position][0]}"
            return {
                "Type": "SharePointGroup",
                "Name": title,
                "TypeV2": "SharePointGroup",
                "UserLoginName": title,
            }
        if principal >= numbers.first_team:
            owners = principal >= numbers.first_owners_claim
            site = principal - (numbers.first_owners_claim if owners else numbers.first_team)
            title, group_id = self.team_names[site], tenant.team_ids[site]
            claim = f"c:0o.c|federateddirectoryclaimprovider|{group_id}"
            mail = f"{title.lower().replace(' ', '')}@{plan.DOMAIN}"
            role = "Owners" if owners else "Members"
            return _group(f"{title} {role}", mail, group_id, claim + "_o" * owners)
        group = principal - numbers.first_group
        group_id = tenant.group_ids[group]
        return _group(self.group_names[group], "", group_id, f"c:0t.c|tenant|{group_id}")

    def _user(self, user: int) -> Row:
        guest, login = bool(self.tenant.guest[user]), self.logins[user]
        mail = login.split("#", 1)[0].replace("_", "@") if guest else login
        return {
            "Type": "External" if guest else "Internal",
            "Name": self.user_names[user],
            "Email": mail,
            "AadObjectId": self.tenant.user_ids[user],
            "UPN": login,
            "TypeV2": "B2BUser" if guest else "InternalUser",
            "UserCount": 1,
            "UserLoginName": f"i:0#.f|membership|{login.lower()}",
        }

    def sort(self, principal: int) -> str:
        """The word under which `SharedWithCount` counts this recipient."""
        numbers = self.numbers
        if principal < numbers.users:
            return "External" if self.tenant.guest[principal] else "Internal"
        site_group = numbers.first_site_group <= principal < numbers.everyone_internal
        return "SharePointGroup" if site_group else "SecurityGroup"


def _group(title: str, mail: str, group_id: str | None, claim: str) -> Row:
    entry: Row = {"Type": "SecurityGroup", "Name": title, "TypeV2": "SecurityGroup", "UserLoginName": claim}
    if mail:
        entry["Email"] = mail
    if group_id:
        entry["AadObjectId"] = group_id
    return entry
