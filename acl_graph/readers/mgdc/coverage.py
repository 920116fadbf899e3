"""What this export covers and what it cannot say: coverage entries and one sentence each."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from acl_graph.tenant.raw_export import RawExport

#: columns of the sites table that no site record has
NO_SITE_COLUMNS = (
    "restricted_access",
    "restricted_discovery",
    "no_crawl",
    "override_sharing",
    "domains_allowed",
    "domains_blocked",
    "block_download",
    "block_download_exempt",
    "app_restricted",
    "group_owners_are_admins",
)
NO_ITEM_COLUMNS = ("info_types", "owner", "protected_by", "dlp", "scanned", "archived")


def cover(
    raw: RawExport, datasets: Collection[str], has_admins: bool, has_licences: bool, dropped: Mapping[str, int]
) -> None:
    """Set coverage where no other source has set it, and note what is not here."""
    there = set(datasets)
    entries = {
        "principals": "partial",
        "principals.state": "absent",
        # licences are a column that a pull may leave out, and guests are in no User dataset
        "principals.copilot": "partial" if has_licences else "absent",
        "principals.segments": "absent",
        "members": "complete" if "GroupMembers" in there else "partial" if "Groups" in there else "absent",
        "sites": "complete" if "Sites" in there else "partial" if there & {"Permissions", "Files"} else "absent",
        **{f"sites.{column}": "absent" for column in NO_SITE_COLUMNS},
        "sites.sharing": "partial",
        "sites.conditional_access": "partial",
        "site_admins": "complete" if has_admins else "partial" if "Permissions" in there else "absent",
        "scopes": "complete" if "Permissions" in there else "absent",
        "libraries": "partial",
        "levels": "absent",
        "grants": "absent" if "Permissions" not in there else "partial" if dropped.get("unsaid_direct") else "complete",
        "links": "complete" if "Permissions" in there else "absent",
        "links.password": "absent",
        "link_users": "complete" if {"Groups", "Permissions"} <= there and not dropped.get("unsaid") else "partial",
        "items": "complete" if "Files" in there else "absent",
        **({f"items.{column}": "absent" for column in NO_ITEM_COLUMNS} if "Files" in there else {}),
        "labels": "partial" if "Files" in there else "absent",
        "label_rights": "absent",
        "item_rights": "absent",
        "usage": "partial" if "FileActions" in there else "absent",
    }
    raw.cover(entries)
    _notes(raw, there, has_admins)
    _left_out(raw, dropped)


def _notes(raw: RawExport, there: set[str], has_admins: bool) -> None:
    note = raw.note
    if "Files" not in there:
        note("There is no Files dataset: files are unclassified, never zero; sites count with their number of files.")
    else:
        note("Files carry labels but no sensitive information types, and no block by data loss prevention rules.")
    if "Permissions" not in there:
        note("There is no Permissions dataset: who is granted what is not known.")
    elif not has_admins:
        note("No SiteAdmin rows: site collection administrators are not known for sure.")
    if "Sites" not in there:
        note("There is no Sites dataset: locks, archive state, owners and sharing settings of sites are not known.")
    for column, what in (
        ("restricted_access", "Restricted access control"),
        ("restricted_discovery", "Restricted content discovery"),
    ):
        note(f"{what} of sites is not in this export; add a Get-SPOSite export.", while_absent=f"sites.{column}")
    if "Groups" not in there:
        note("There is no Groups dataset: members of SharePoint groups, and who used a link, are not known.")
    if "GroupMembers" not in there:
        note("There is no GroupMembers dataset: members of Entra groups are not known.")
    if "GroupDetails" not in there:
        note("There is no GroupDetails dataset: kinds of groups follow their claims, which misread mail-enabled ones.")
    if "Users" in there:
        note(
            "The User dataset leaves out guests, disabled accounts and accounts without a mailbox: totals for everyone "
            "are low, and findings about orphaned accounts stay silent."
        )
    else:
        note("There is no User dataset: only people whom another dataset names are known.")
    note("Whether an account is disabled is not in this export.", while_absent="principals.state")
    note("Who has a Copilot licence is not in this export.", while_absent="principals.copilot")
    if "FileActions" in there:
        note("FileActions reach back 21 days at most, and hold a region's users only: no event is no proof of no use.")
    note("Usage rights under labels are not in this export.", while_absent="label_rights")
    note("Masks of permission levels made by hand are not in this export.", while_absent="levels")


def _left_out(raw: RawExport, dropped: Mapping[str, int]) -> None:
    sentences = {
        "traversal": "permission rows with a Limited Access role: they open nothing and were left out",
        "limited": "entries naming a Limited Access System Group: never a grant, left out",
        "limited_groups": "Limited Access System Groups among the SharePoint groups: never a grant, left out",
        "link_claims": "entries naming the claim of a sharing link (c:0u.c, urn:spo:anon): they stand for the link, "
        "whose own row grants, and were left out",
        "system": "entries naming SharePoint's own system account: left out",
        "system_events": "file events by the system without an account: left out",
        "nobody": "entries without any name: left out",
        "lonely_links": "groups of sharing links belong to no permission row: nothing is granted through them",
        "unsaid": "permission rows count recipients without naming them (a column was left out of the pull)",
        "bare_scopes": "scopes that files name have no permission row: who reaches these files is not known",
        "bare_sites": "sites are named by rows but not described by the Sites dataset",
        "gone_sites": "records belong to sites that were deleted: left out",
        "unnamed_groups": "SharePoint groups are named by permissions but missing from the Groups dataset: "
        "their members are not known",
        "same_mail": "e-mail addresses belong to more than one account: rows with the address alone stay unresolved",
    }
    for key, sentence in sentences.items():
        if dropped.get(key):
            raw.note(f"{dropped[key]:,} {sentence}.")
