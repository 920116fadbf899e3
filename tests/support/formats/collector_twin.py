"""The collector's script once more, in Python: the same requests, the same rows, the same files.

There is no PowerShell here to run the script with. So its columns are taken from the script's own text, its requests are
held against that text, and this twin shows that what it writes is read back as it was meant.
"""

# ruff: noqa: E501 - requests and rows are as long as they are

from __future__ import annotations

import csv
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from acl_graph.collector.collector import script
from tests.support.formats.collector_answers import REQUESTS, Service
from tests.support.formats.truth import Row

ZERO = "00000000-0000-0000-0000-000000000000"
_HIDDEN = re.compile(r"^SharingLinks\.[0-9a-fA-F-]{36}\.([A-Za-z]+)\.([0-9a-fA-F-]{36})$")
_GROUP = re.compile(r"^c:0[ot]\.c\|[^|]+\|([0-9a-f-]{36})(_o)?$")


def columns_of_the_script() -> dict[str, list[str]]:
    """The tables and columns that the script says it writes."""
    block = script().decode("ascii").partition("$Columns = @{")[2].partition("\n}")[0]
    return {table: re.findall(r"'([a-z_]+)'", cells) for table, cells in re.findall(r"(\w+)\s*= @\(([^)]*)\)", block)}


def rows_of_the_script() -> list[tuple[str, list[str]]]:
    """(table, names of cells) of every row that the script makes in one place."""
    text = script().decode("ascii")
    found = re.findall(r"Add-Row -Table '(\w+)' -Cells @\{([^}]*)\}", text)
    return [(table, re.findall(r"(?:^|;)\s*([a-z_]+) = ", cells)) for table, cells in found]


class Twin:
    """One run over one site list, into `out`."""

    def __init__(self, service: Service, out: Path, *, files: bool) -> None:
        self.service, self.out, self.files = service, out, files
        self.columns = columns_of_the_script()
        self.rows: dict[str, list[Row]] = defaultdict(list)
        self.known: dict[str, str] = {}
        self.here: set[str] = set()
        self.strangers: set[str] = set()

    def run(self, sites: list[str]) -> None:
        self.directory()
        self.save(self.out / "directory")
        for url in sites:
            self.here = set()
            site = self.site(url)
            self.save(self.out / "sites" / site)
            self.strangers |= self.here
        (self.out / "tenant.toml").write_text(self.toml(), encoding="ascii")

    # --- writing and asking

    def add(self, table: str, **cells: Any) -> None:
        strange = set(cells) - set(self.columns[table])
        assert not strange, f"the script has no column {strange} in {table}"
        self.rows[table].append(cells)

    def save(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        for table, rows in self.rows.items():
            if not rows:
                continue
            with (folder / f"{table}.csv").open("w", encoding="utf-8-sig", newline="") as stream:
                writer = csv.DictWriter(stream, self.columns[table], quoting=csv.QUOTE_ALL)
                writer.writeheader()
                writer.writerows(rows)
        self.rows.clear()

    def pages(self, url: str) -> Iterator[Row]:
        following: str | None = url
        while following:
            page = self.service.get(following)
            yield from page.get("value", [page])
            following = page.get("@odata.nextLink") or page.get("odata.nextLink")

    # --- the directory

    def directory(self) -> None:
        copilot: dict[str, set[str]] = {"639dec6b-bb19-468b-871c-c5c441c4b0cb": set()}
        for sku in self.pages(REQUESTS["skus"]):
            plans = " ".join(plan["servicePlanName"] for plan in sku.get("servicePlans", []))
            if "365_COPILOT" in f"{sku['skuPartNumber']} {plans}":
                of = sku.get("servicePlans", [])
                copilot[sku["skuId"].lower()] = {
                    plan["servicePlanId"].lower() for plan in of if "M365_COPILOT" in plan["servicePlanName"]
                }
        for user in self.pages(REQUESTS["users"]):
            upn = user["userPrincipalName"].lower()
            home = "external_member" if "#ext#" in upn else "internal"
            state = "disabled" if user["accountEnabled"] is False else "active"
            if state == "active" and user["externalUserState"] == "PendingAcceptance":
                state = "pending"
            given = user["assignedLicenses"]
            licence = None if given is None else "none"
            for one in given or []:
                plans = copilot.get(one["skuId"].lower())
                if plans is not None and not (plans and plans <= {p.lower() for p in one.get("disabledPlans", [])}):
                    licence = "licensed"
            self.add("principals", id=user["id"], kind="user", name=user["displayName"], login=upn,
                     home="guest" if user["userType"] == "Guest" else home, state=state,
                     copilot=licence)  # fmt: skip
            self.known[upn] = user["id"]
        for group in self.pages(REQUESTS["groups"]):
            kind = "security_group"
            if "Unified" in group["groupTypes"]:
                kind = "m365_group"
            elif group["mailEnabled"]:
                kind = "mail_security_group" if group["securityEnabled"] else "distribution_group"
            seen = self.members(f"v1.0/groups/{group['id']}/members", group["id"], "member")
            if kind == "m365_group":
                self.members(f"v1.0/groups/{group['id']}/owners", group["id"], "owner")
            visible = (group["visibility"] or "").lower().replace("hiddenmembership", "hidden")
            self.add("principals", id=group["id"], kind=kind, name=group["displayName"], login=group["mail"],
                     visibility=visible, dynamic="false", synced="false", expanded=seen)  # fmt: skip
            self.known[group["id"]] = group["id"]
            if kind == "m365_group":
                owners = f"{group['id']}_o"
                self.add("principals", id=owners, kind="group_owners", name=f"{group['displayName']} Owners",
                         of=group["id"], expanded="true")  # fmt: skip
                self.known[owners] = owners
        for role in self.pages(REQUESTS["roles"]):
            seen = self.members(f"v1.0/directoryRoles/{role['id']}/members", role["id"], "member")
            self.add("principals", id=role["id"], kind="directory_role", name=role["displayName"],
                     role_template="global_administrator", expanded=seen)  # fmt: skip

    def members(self, address: str, group: str, role: str) -> str:
        for member in self.pages(address + REQUESTS["member fields"]):
            self.add("members", group=group, member=member["id"], role=role)
        return "true"

    # --- who is meant

    def stranger(self, who: str, **cells: Any) -> str:
        if who not in self.known and who not in self.strangers and who not in self.here:
            self.here.add(who)
            self.add("principals", id=who, **cells)
        return who

    def principal(self, member: Row, site: str) -> str | None:
        login, title = member["LoginName"].lower(), member["Title"]
        if member["PrincipalType"] == 8:
            name = f"{site}/g{member['Id']}"
            return self.stranger(name, kind="sharepoint_group", name=title, site=site)
        if login.startswith(("sharepoint\\", "c:0u.c|")):
            return None
        if "spo-grid-all-users" in login:
            name = "everyone_except_external_users"
            return self.stranger(name, kind="everyone_except_external", name=title, login=login)
        group = _GROUP.match(login)
        if group and group[2]:
            return self.stranger(f"{group[1]}_o", kind="group_owners", name=title, of=group[1], login=login)
        if group:
            kind = "m365_group" if login.startswith("c:0o.c") else "security_group"
            return self.stranger(group[1], kind=kind, name=title, login=login, expanded="false")
        upn = login.rpartition("|")[2]
        return self.known.get(upn) or self.stranger(upn, name=title, login=upn)

    # --- one site

    def site(self, url: str) -> str:
        site = str(self.service.get(url + REQUESTS["site"])["Id"])
        masks: dict[str, str] = {}
        links: dict[str, Row] = {}
        self.groups(url, site)
        for one in self.pages(url + REQUESTS["administrators"]):
            self.add("site_admins", site=site, principal=self.principal(one, site))
        self.web(url, site, masks, links)
        for link in links.values():
            self.add("links", **link)
        about = self.service.get(f"tenant site {url}")

        def said(name: str) -> Any:
            value = about[name]
            return None if value == ZERO else str(value).lower() if isinstance(value, bool) else value

        self.add(
            "sites", id=site, url=url, no_crawl="false", title=about["Title"], group=said("GroupId"), lock=said("LockState"),
            sharing=said("SharingCapability"), archive=said("ArchiveStatus"), kind="team", segments="",
            restricted_access=said("RestrictedAccessControl"), ib_mode=said("InformationBarriersMode"),
            restricted_discovery=said("RestrictContentOrgWideSearch"), conditional_access=said("ConditionalAccessPolicy"),
        )  # fmt: skip
        for group in about["RestrictedAccessControlGroups"]:
            self.add("site_restricted_groups", site=site, group=group)
        return site

    def groups(self, url: str, site: str) -> None:
        every = list(self.pages(url + REQUESTS["site groups"]))
        self.here |= {f"{site}/g{group['Id']}" for group in every}
        fields = REQUESTS["site groups"].partition("?")[2]
        for group in every:
            hidden = _HIDDEN.match(group["Title"])
            name = f"{site}/g{group['Id']}"
            for user in self.pages(f"{url}/_api/web/sitegroups({group['Id']})/users?{fields}"):
                who = self.principal(user, site)
                if hidden:
                    self.add("link_users", link=hidden[2].lower(), principal=who, how="unknown")
                else:
                    self.add("members", group=name, member=who, role="member")
            if not hidden:
                self.add(
                    "principals", id=name, kind="sharepoint_group", name=group["Title"], site=site, expanded="true"
                )

    def web(self, url: str, site: str, masks: dict[str, str], links: dict[str, Row]) -> None:
        about = self.service.get(f"{url}{REQUESTS['web']},NoCrawl")
        scope = f"{site}/{about['Id']}"
        self.add("scopes", id=scope, site=site, kind="web", path=about["ServerRelativeUrl"], parent="")
        self.assignments(f"{url}/_api/web", scope, site, masks)
        for one in self.pages(f"{url}{REQUESTS['lists']},NoCrawl,ReadSecurity"):
            self.list(one, url, scope, site, masks, links)
        assert list(self.pages(url + REQUESTS["webs"])) == []

    def list(self, one: Row, url: str, web: str, site: str, masks: dict[str, str], links: dict[str, Row]) -> None:
        address = f"{url}/_api/web/lists(guid'{one['Id']}')"
        root, library = one["RootFolder"]["ServerRelativeUrl"], f"{site}/{one['Id']}"
        scope = web
        if one["HasUniqueRoleAssignments"]:
            scope = library
            self.add("scopes", id=scope, site=site, kind="list", path=root, parent=web)
            self.assignments(address, scope, site, masks)
        self.add("libraries", id=library, site=site, scope=scope, path=root, no_crawl="false", read_security="1",
                 draft_visibility="Reader")  # fmt: skip
        select = REQUESTS["items"] + (REQUESTS["file fields"] + REQUESTS["file parts"] if self.files else "")
        folders = {root.lower(): scope}
        own: list[Row] = []
        plain: list[Row] = []
        last = 0
        while True:
            more = f"&$filter=Id%20gt%20{last}&$orderby=Id&$top=1000"
            page = self.service.get(f"{address}/items?$select={select}{more}")["value"]
            if not page:
                break
            for item in page:
                last = max(last, item["Id"])
                if item["HasUniqueRoleAssignments"]:
                    own.append(item)
                    if item["FileSystemObjectType"] == 1:
                        folders[item["FileRef"].lower()] = f"{library}/{item['Id']}"
                elif item["FileSystemObjectType"] == 0:
                    plain.append(item)
        for item in own:
            mine = f"{library}/{item['Id']}"
            kind = "folder" if item["FileSystemObjectType"] == 1 else "item"
            above = _above(item["FileRef"], folders, scope)
            self.add("scopes", id=mine, site=site, kind=kind, path=item["FileRef"], parent=above)
            found = self.assignments(f"{address}/items({item['Id']})", mine, site, masks)
            if found:
                graph = f"v1.0/sites/{site}/lists/{one['Id']}/items/{item['Id']}/driveItem/permissions"
                self.links(found, graph, mine, links)
            if self.files and kind == "item":
                self.file(item, mine, library, site)
        for item in plain if self.files else ():
            self.file(item, _above(item["FileRef"], folders, scope), library, site)

    def assignments(self, address: str, scope: str, site: str, masks: dict[str, str]) -> dict[str, str]:
        found: dict[str, str] = {}
        for assignment in self.pages(address + REQUESTS["assignments"]):
            member = assignment["Member"]
            hidden = _HIDDEN.match(member["Title"])
            if hidden:
                found[hidden[2].lower()] = hidden[1]
            for level in assignment["RoleDefinitionBindings"]:
                if level["RoleTypeKind"] == 1:
                    continue
                bits = level["BasePermissions"]
                mask = f"0x{int(bits['High']):08X}{int(bits['Low']):08X}"
                name, folded = level["Name"], re.sub(r"[\s_-]", "", level["Name"].lower())
                if folded not in masks:
                    masks[folded] = mask
                    self.add("levels", site=site, web="", name=name, mask=mask)
                if masks[folded] != mask:
                    name = mask
                if hidden:
                    self.add("grants", scope=scope, level=name, link=hidden[2].lower())
                else:
                    self.add("grants", scope=scope, principal=self.principal(member, site), level=name)
        return found

    def links(self, found: dict[str, str], address: str, scope: str, links: dict[str, Row]) -> None:
        details = {one["id"].lower(): one for one in self.pages(address) if one.get("link")}
        words = {"anonymous": "anyone", "organization": "organization", "users": "people"}
        for link in found:
            if link not in links:
                one = details[link]
                links[link] = {"id": link, "audience": words[one["link"]["scope"]], "origin": scope,
                               "expires": one.get("expirationDateTime"), "password": None}  # fmt: skip

    def file(self, item: Row, scope: str, library: str, site: str) -> None:
        file = item["File"]
        author = self.known.get(item["Author"]["Name"].rpartition("|")[2])
        self.add("items", id=f"{site}/{file['UniqueId']}", scope=scope, library=library, site=site, path=item["FileRef"],
                 size=file["Length"], author=author, modified_by=author, major=file["MajorVersion"],
                 minor=file["MinorVersion"])  # fmt: skip

    def toml(self) -> str:
        """The script's coverage where everything was seen."""
        whole = ["principals", "principals.state", "principals.copilot", "principals.visibility", "members", "sites",
                 "site_restricted_groups", "site_admins", "scopes", "libraries", "levels", "grants", "links", "link_users"]  # fmt: skip
        absent = (
            "labels label_rights item_rights copilot_dlp app_permissions guest_expiry agent_users agent_files usage"
        )
        note = "Written by the collector, which has not been tried on a live tenant by its makers."
        lines = ['name = "alderbrook"', "snapshot = 2026-06-03T00:00:00Z", f'notes = ["{note}"]']
        lines += ["[coverage]", '"principals.segments" = "absent"']
        lines += [f'"{name}" = "complete"' for name in whole] + [f'{name} = "absent"' for name in absent.split()]
        lines.append(f'items = "{"complete" if self.files else "absent"}"')
        if self.files:
            lines += [f'"items.{one}" = "absent"' for one in ("label", "owner", "protected_by", "info_types", "dlp")]
        return "\n".join(lines) + "\n"


def _above(path: str, folders: dict[str, str], otherwise: str) -> str:
    low = path.lower()
    while "/" in low[1:]:
        low = low.rpartition("/")[0]
        if low in folders:
            return folders[low]
    return otherwise
