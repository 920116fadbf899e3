"""What a service would answer to the collector about the small tenant: request -> answer, in the documented shapes."""

from __future__ import annotations

from typing import Any

from tests.support.formats import graph_json, truth
from tests.support.formats.rest_answers import assignments, groups, member
from tests.support.formats.truth import GROUPS, ITEMS, LIBRARIES, SCOPES, SITES, Row

#: the requests of the script, `{}` where something is put in; the test holds each against the script's own text
REQUESTS = {
    "skus": "v1.0/subscribedSkus?$select=skuId,skuPartNumber,servicePlans",
    "users": "v1.0/users?$select=id,displayName,userPrincipalName,mail,userType,accountEnabled,externalUserState,"
    "assignedLicenses&$top=999",
    "groups": "v1.0/groups?$select=id,displayName,mail,groupTypes,mailEnabled,securityEnabled,visibility,"
    "onPremisesSyncEnabled&$top=999",
    "roles": "v1.0/directoryRoles?$select=id,displayName,roleTemplateId",
    "member fields": "?$select=id,displayName,userPrincipalName&$top=999",
    "site": "/_api/site?$select=Id",
    "site groups": "/_api/web/sitegroups?$select=Id,Title,LoginName,PrincipalType",
    "administrators": "/_api/web/siteusers?$filter=IsSiteAdmin%20eq%20true&$select=Id,Title,LoginName,PrincipalType",
    "web": "/_api/web?$select=Id,Url,ServerRelativeUrl,HasUniqueRoleAssignments",
    "webs": "/_api/web/webs?$select=Url",
    "lists": "/_api/web/lists?$expand=RootFolder&$select=Id,BaseType,ItemCount,HasUniqueRoleAssignments,"
    "DraftVersionVisibility,RootFolder/ServerRelativeUrl",
    "assignments": "/roleassignments?$expand=Member,RoleDefinitionBindings",
    "items": "Id,HasUniqueRoleAssignments,FileRef,FileSystemObjectType",
    "file fields": ",File/UniqueId,File/Length,File/TimeLastModified,File/MajorVersion,File/MinorVersion,Author/Name,"
    "Editor/Name",
    "file parts": "&$expand=File,Author,Editor",
}
PAGE = 3  #: items on a page, so that there are several


class Service:
    """Answers requests; counts them; keeps the number of items on a page small."""

    def __init__(self) -> None:
        self.said = _directory() | _sites()
        self.asked: list[str] = []

    def get(self, url: str) -> Any:
        """The answer to a GET; KeyError for a request that nobody expected."""
        self.asked.append(url)
        if "/items?$select=" in url:
            return self._items(url)
        return self.said[url]

    def _items(self, url: str) -> Row:
        address = url.partition("/items?")[0]
        after = int(url.partition("Id%20gt%20")[2].partition("&")[0])
        rows = sorted((row for row in _things(address) if row["Id"] > after), key=lambda row: row["Id"])
        return {"value": rows[:PAGE], "odata.nextLink": "https://never.asked"}


def _directory() -> dict[str, Row]:
    said: dict[str, Row] = {REQUESTS["skus"]: {"value": [{"skuId": graph_json.COPILOT, "skuPartNumber": "X"}]}}
    for answer in graph_json.directory_answers():
        kind = answer["url"].removeprefix(f"{graph_json.GRAPH}/").partition("?")[0]
        if kind in ("users", "groups"):
            rows = answer["body"]["value"]
            # two pages, as in life
            said[REQUESTS[kind]] = {"value": rows[:3], "@odata.nextLink": f"https://graph.microsoft.com/next/{kind}"}
            said[f"https://graph.microsoft.com/next/{kind}"] = {"value": rows[3:]}
        else:
            said[f"v1.0/{kind}{REQUESTS['member fields']}"] = answer["body"]
    role = {"id": truth.ROLE, "displayName": "Global Administrator", "roleTemplateId": truth.ADMIN_TEMPLATE}
    said[REQUESTS["roles"]] = {"value": [role]}
    ivo = {"@odata.type": "#microsoft.graph.user", "id": truth.person("ivo"), "displayName": "Ivo"}
    said[f"v1.0/directoryRoles/{truth.ROLE}/members{REQUESTS['member fields']}"] = {"value": [ivo]}
    return said


def _sites() -> dict[str, Row]:
    said: dict[str, Row] = {}
    for site in SITES:
        url = truth.url(site)
        said[url + REQUESTS["site"]] = {"Id": site}
        said[url + REQUESTS["site groups"]] = {
            "value": [{name: cell for name, cell in group.items() if name != "Users"} for group in groups(site)]
        }
        for group in groups(site):
            fields = REQUESTS["site groups"].partition("?")[2]
            said[f"{url}/_api/web/sitegroups({group['Id']})/users?{fields}"] = {"value": group["Users"]}
        said[url + REQUESTS["administrators"]] = {"value": [member(site, who) for who in truth.ADMINS[site]]}
        web = {"Id": truth.gid("web", 1), "Url": url, "ServerRelativeUrl": f"/sites/{SITES[site][0]}"}
        said[f"{url}{REQUESTS['web']},NoCrawl"] = web | {"HasUniqueRoleAssignments": True, "NoCrawl": False}
        said[url + REQUESTS["webs"]] = {"value": []}
        top = next(s for s, cells in SCOPES.items() if cells[0] == site and cells[1] == "web")
        said[f"{url}/_api/web{REQUESTS['assignments']}"] = {"value": assignments(top)}
        lists = []
        for library, (of, path, scope) in LIBRARIES.items():
            if of != site:
                continue
            own = SCOPES[scope][1] == "list"
            lists.append({
                "Id": library.rpartition("/")[2], "BaseType": 1, "ItemCount": len(_things(_address(library))),
                "HasUniqueRoleAssignments": own, "DraftVersionVisibility": 0, "NoCrawl": False, "ReadSecurity": 1,
                "RootFolder": {"ServerRelativeUrl": path},
            })  # fmt: skip
            if own:
                said[_address(library) + REQUESTS["assignments"]] = {"value": assignments(scope)}
            for thing in _things(_address(library)):
                if thing["HasUniqueRoleAssignments"]:
                    at = f"{_address(library)}/items({thing['Id']})"
                    mine = _scope_at(thing["FileRef"])
                    said[at + REQUESTS["assignments"]] = {"value": assignments(mine)}
                    guid = library.rpartition("/")[2]
                    graph = f"v1.0/sites/{site}/lists/{guid}/items/{thing['Id']}/driveItem/permissions"
                    said[graph] = {"value": graph_json.permissions(mine)}
        said[f"{url}{REQUESTS['lists']},NoCrawl,ReadSecurity"] = {"value": lists}
        restricted = [truth.group(name) for name in truth.RESTRICTED.get(site, [])]
        said[f"tenant site {url}"] = {
            "Url": url, "Title": SITES[site][0], "Template": "GROUP#0" if SITES[site][2] else "STS#3",
            "GroupId": truth.group(SITES[site][2]) if SITES[site][2] else "00000000-0000-0000-0000-000000000000",
            "SharingCapability": "ExternalUserAndGuestSharing", "LockState": "Unlock",
            "RestrictedAccessControl": bool(restricted), "RestrictedAccessControlGroups": restricted,
            "InformationBarriersMode": "Open", "InformationSegment": [], "ConditionalAccessPolicy": "AllowFullAccess",
            "ArchiveStatus": "NotArchived", "RestrictContentOrgWideSearch": False, "TeamsChannelType": "None",
        }  # fmt: skip
    return said


def _address(library: str) -> str:
    site, _, guid = library.partition("/")
    return f"{truth.url(site)}/_api/web/lists(guid'{guid}')"


def _scope_at(path: str) -> str:
    return next(scope for scope, cells in SCOPES.items() if cells[2] == path)


def _things(address: str) -> list[Row]:
    """The files and folders of a list, numbered; folders first, as people make them."""
    rows: list[Row] = []
    own = {cells[2] for cells in SCOPES.values()}
    for library, (_, path, _) in LIBRARIES.items():
        if _address(library) != address:
            continue
        inside = [(item, cells) for item, cells in ITEMS.items() if cells[0] == library]
        for folder in dict.fromkeys(f"{path}/{c[1].rpartition('/')[0]}" for _, c in inside if "/" in c[1]):
            rows.append({"FileRef": folder, "FileSystemObjectType": 1})
        for item, cells in inside:
            by = {"Name": f"i:0#.f|membership|{truth.upn(cells[4]).lower()}"}
            file = {"UniqueId": item.rpartition("/")[2], "Length": "1000", "MajorVersion": 2, "MinorVersion": 0}
            found = {"FileRef": f"{path}/{cells[1]}", "FileSystemObjectType": 0, "File": file}
            rows.append(found | {"Author": by, "Editor": by})
    return [
        row | {"Id": 5 * number, "HasUniqueRoleAssignments": row["FileRef"] in own}
        for number, row in enumerate(rows, start=1)
    ]


def groups_of_the_directory() -> list[str]:
    """Object ids, for checks of what was asked."""
    return [truth.group(name) for name in GROUPS]
