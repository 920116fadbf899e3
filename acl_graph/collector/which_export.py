"""Which export answers which question: every route out of a tenant that this program reads, as data and as text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Route:
    """One way to get an export. `how` is a command or a click path, to be run by the administrator and not by us."""

    key: str
    name: str
    how: str
    cost: str
    delay: str
    role: str
    answers: str
    cannot: str
    #: page under docs/ that says how the file is read
    page: str


_ROUTES = (
    Route(
        "mgdc",
        "Microsoft Graph Data Connect",
        "Microsoft 365 admin centre > Settings > Org settings > Microsoft Graph Data Connect: switch it on. Then a "
        "copy activity (Fabric or Azure Data Factory) for SharePointPermissions_v1, SharePointGroups_v1, "
        "SharePointFiles_v1, SharePointSites_v1, GroupDetails_v0, GroupMembers_v0, "
        "GroupOwners_v0 and User_v1; approve each dataset.",
        "0.75 USD for 1,000 objects (Files: for 50,000), as of March 2024; an Azure subscription",
        "data of a day is there after 48 hours and is kept 21 days",
        "Global Administrator to switch on and approve; owner of the Azure resource to run",
        "every grant, link, SharePoint group and file label of the whole tenant, down to single files",
        "account state, licences, restricted access control, rights under labels, permission masks; guests and "
        "disabled accounts are missing among the users",
        "readers/mgdc.md",
    ),
    Route(
        "collector",
        "Our collector script",
        "acl-graph collector DIR, then in PowerShell 7.4: ./collect.ps1 -AdminUrl "
        "https://<tenant>-admin.sharepoint.com -ClientId <your app> "
        "-Tenant <tenant>.onmicrosoft.com -Thumbprint <certificate> -Out <folder>",
        "none; an app registration of your own",
        "minutes for a site, days for a large tenant: it asks object by object and waits when told to",
        "app-only: Sites.FullControl.All (SharePoint; nothing less lists permissions), Directory.Read.All (Graph)",
        "grants with permission masks, groups, links, site properties, Entra groups with owners, account state and "
        "licences; says itself what it could not see",
        "labels of files, use, rights under labels; not run against a live tenant by us",
        "collector.md",
    ),
    Route(
        "graph",
        "Microsoft Graph answers saved as JSON",
        "GET /groups, /groups/{id}/members, /groups/{id}/owners, /users?$select=id,userPrincipalName,mail,userType,"
        "accountEnabled,externalUserState,assignedLicenses, /subscribedSkus, /directoryRoles, "
        "/directoryRoles/{id}/members, /roleManagement/directory/roleEligibilityScheduleInstances; "
        "GET /drives/{id}/items/{id}/permissions. "
        'Save each answer as {"url": "<request>", "body": <answer>}, every page.',
        "none",
        "seconds for the directory; one request for each file for permissions",
        "Directory.Read.All, RoleEligibilitySchedule.Read.Directory for eligible roles; Files.Read.All or "
        "Sites.Read.All for permissions",
        "kinds and members of Entra groups, account state, licences, administrator roles; effective permissions of the "
        "files that were "
        "asked for",
        "which files break inheritance, site administrators, SharePoint groups' members; an owners claim can look like "
        "the group",
        "readers/graph_json.md",
    ),
    Route(
        "pnp",
        "Permission report of a community script",
        "For example spo-get-permission-audit or spo-get-sharinglinks of the PnP script samples; also SharePointDiary "
        "and NovaPoint reports.",
        "none",
        "hours for a large site",
        "site collection administrator, or an app with Sites.FullControl.All",
        "grants of the objects the script was told to look at",
        "hidden lists, a dozen library names, members of groups below the site, inheriting files; some families have "
        "no logins, only display names",
        "readers/permission_report.md",
    ),
    Route(
        "sharing",
        "Sharing report of a site",
        "The site > Site usage > Shared with external users > Run report (OneDrive: Settings > Run sharing report)",
        "none",
        "minutes",
        "owner of the site",
        "direct permissions and redeemed links of one site",
        "Anyone links, links nobody opened, members of groups, files that inherit",
        "readers/sharing_report.md",
    ),
    Route(
        "dag",
        "Data access governance reports",
        "Start-SPODataAccessGovernanceInsight -ReportEntity EveryoneExceptExternalUsers -ReportType Snapshot -Name "
        "eeeu; Get-SPODataAccessGovernanceInsight -ReportEntity EveryoneExceptExternalUsers; "
        "Export-SPODataAccessGovernanceInsight -ReportID <id>",
        "SharePoint Advanced Management (comes with Microsoft 365 Copilot licences)",
        "the first report up to 5 days, later ones 24 hours; data up to 48 hours old",
        "SharePoint Administrator; the detailed report asks for the SharePoint Advanced Management Administrator role",
        "where Everyone and Everyone except external users have access, item by item; counts of people for each site",
        "every other permission: counts cannot become edges",
        "readers/dag.md",
    ),
    Route(
        "site",
        "Site and tenant settings",
        "Get-SPOSite -Limit All -IncludePersonalSite $true | ForEach-Object { Get-SPOSite -Identity $_.Url } | "
        "Select-Object *, @{n='RestrictedAccessControlGroups'; e={$_.RestrictedAccessControlGroups -join ';'}} "
        "-ExcludeProperty RestrictedAccessControlGroups | Export-Csv Get-SPOSite.csv -Encoding UTF8; "
        "Get-SPOTenant | ConvertTo-Json > Get-SPOTenant.json",
        "none",
        "a second or so for each site",
        "SharePoint Administrator",
        "restricted access control, content discovery, locks, archive, sharing levels, barriers, device rules",
        "who was granted what; with -Limit or -Filter alone half of the columns are defaults",
        "readers/get_spo_site.md",
    ),
    Route(
        "roles",
        "Role assignments by REST or CSOM",
        "GET https://<host>/<site>/_api/web/roleassignments?$expand=Member,RoleDefinitionBindings, the same for each "
        "list, folder and file that breaks inheritance, /_api/web/sitegroups?$expand=Users and /_api/web/siteusers; "
        'saved as {"url": "<request>", "body": <answer>}',
        "none",
        "one or two requests for each object",
        "full control of the site, or an app with Sites.FullControl.All",
        "grants with permission masks in any language, members of SharePoint groups, administrators",
        "what a Flexible link is for, members of Entra groups, files that inherit, labels",
        "readers/role_assignments.md",
    ),
    Route(
        "labels",
        "Sensitivity labels and Copilot rules",
        "Connect-IPPSSession; Get-Label -IncludeDetailedLabelActions | ConvertTo-Json -Depth 10; "
        "Get-DlpCompliancePolicy | ConvertTo-Json -Depth 20; Get-DlpComplianceRule | ConvertTo-Json -Depth 20; "
        "Get-OrganizationSegment | ConvertTo-Json",
        "none beyond the Purview licence that has the labels",
        "seconds",
        "Compliance Administrator or Information Protection Reader",
        "rank, encryption and rights of labels; which labels are kept from Copilot, and for whom; names of segments",
        "which file has which label; conditions other than labels",
        "readers/purview_labels.md",
    ),
    Route(
        "content",
        "Content Explorer",
        "Export-ContentExplorerData -TagType SensitiveInformationType -TagName <type> -Workload SPO, and again for ODB "
        "and each tag, every page; leave out the first element of each answer",
        "Purview with content explorer (E5)",
        "new content shows after up to some days",
        "Content Explorer List Viewer",
        "which files hold which sensitive information types, and their labels",
        "a file that is not in it is not proven to hold nothing: only the tags that were asked for are there",
        "readers/content_explorer.md",
    ),
    Route(
        "audit",
        "Audit log",
        "Purview portal > Audit > Search > Export, or Search-UnifiedAuditLog -RecordType SharePointFileOperation "
        "-SessionCommand ReturnLargeSet | Export-Csv",
        "none with standard audit",
        "minutes to hours for a search, events after about an hour",
        "Audit Reader",
        "who used what when, also through Copilot",
        "anything about rights; no event is no proof of no access: 50,000 records a search, repeats left out",
        "readers/audit_log.md",
    ),
)

#: what somebody wants, and which routes together are enough
_DECISIONS = (
    ("The whole tenant, down to files, before Copilot is switched on", ("mgdc", "site", "graph", "labels")),
    ("The same without an Azure subscription, for up to some thousands of sites", ("collector", "site", "labels")),
    ("One site, today, by its owner", ("sharing",)),
    ("One site, today, by an administrator", ("collector",)),
    ("Only what is open to everyone", ("dag", "site")),
    ("Who really used it, so that nobody's work is stopped", ("audit",)),
    ("Which files matter", ("content", "labels")),
)


#: what happens where exports meet, for the page
_TOGETHER = (
    "**Joined** are accounts and groups of the directory by object id, else by login or address; sites by address; "
    "scopes by site, kind and path; SharePoint groups by site and title; links and files by their GUID. Two things "
    "with one key join nothing, and what is known by display name alone is never joined.",
    "**Two descriptions of one thing**: the later day counts, then the order of the readers; settings lie over both. "
    "Every cell on which two exports disagree is listed in `tenant.conflicts`.",
    "**Coverage** is that of the fullest export, table by table; what `tenant.toml` says stays.",
    "**Days apart**: where an export says its day, a table of who has access that is more than a day older than the "
    "newest export counts as partial, and its groups as not fully listed. What is sure stays as it was exported, what "
    "is possible widens, and a note names the table and the days.",
    "**Two tenants** in one folder are refused, by the tenants' own ids.",
)


def routes() -> list[Route]:
    """Every route, in the order of the page."""
    return list(_ROUTES)


def routes_data() -> list[dict[str, Any]]:
    """The routes as plain dictionaries, for JSON."""
    return [asdict(route) for route in _ROUTES]


def routes_text() -> str:
    """The routes as sentences for a screen: first what to choose, then each route."""
    names = {route.key: route.name for route in _ROUTES}
    lines = ["Which export do I need?", ""]
    lines += [f"  {wish}: {' + '.join(names[key] for key in keys)}" for wish, keys in _DECISIONS]
    return "\n".join(lines) + "\n\n" + text(_ROUTES)


def text(chosen: Sequence[Route]) -> str:
    """Some routes as sentences for a screen."""
    blocks = []
    for route in chosen:
        blocks.append(
            f"{route.name}\n"
            f"  get it         {route.how}\n"
            f"  costs          {route.cost}\n"
            f"  takes          {route.delay}\n"
            f"  needs          {route.role}\n"
            f"  answers        {route.answers}\n"
            f"  cannot answer  {route.cannot}\n"
        )
    return "\n".join(blocks)


def page() -> str:
    """The text of `docs/which_export.md`."""
    by_key = {route.key: route for route in _ROUTES}
    lines = [
        "# Which export do I need?",
        "",
        "This page is written from `acl_graph/collector/which_export.py`; `acl-graph routes` prints the same. "
        "Put everything you export into one folder: files are recognised by their content and joined by their ids and "
        "addresses.",
        "",
    ]
    for wish, keys in _DECISIONS:
        lines.append(f"- **{wish}**: {' + '.join(f'[{by_key[k].name}](#{_anchor(by_key[k].name)})' for k in keys)}")
    lines += ["", "| export | cost | delay | who can run it | what it cannot answer |", "|---|---|---|---|---|"]
    lines += [
        f"| [{r.name}](#{_anchor(r.name)}) | {_cell(r.cost)} | {_cell(r.delay)} | {_cell(r.role)} | {_cell(r.cannot)} |"
        for r in _ROUTES
    ]
    lines += [
        "",
        "Prices, delays and roles are Microsoft's and change; look them up before you plan with them. Without "
        "restricted access control, labels' rights or licences the answers widen to what is possible, and say so.",
    ]
    lines += ["", "## Several exports in one folder", "", *(f"- {sentence}" for sentence in _TOGETHER)]
    for route in _ROUTES:
        lines += [
            "",
            f"## {route.name}",
            "",
            f"**Answers** {route.answers}. **Cannot answer** {route.cannot}. "
            f"How it is read: [{route.page}]({route.page}).",
            "",
            "```text",
            route.how,
            "```",
        ]
    return "\n".join(lines) + "\n"


def _anchor(heading: str) -> str:
    return "".join(c for c in heading.lower().replace(" ", "-") if c.isalnum() or c == "-")


def _cell(said: str) -> str:
    return said.replace("|", "\\|")


__all__ = ["Route", "page", "routes", "routes_data", "routes_text", "text"]
