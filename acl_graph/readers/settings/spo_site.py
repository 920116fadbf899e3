"""Site settings: `Get-SPOSite`, `Get-PnPTenantSite` and the CLI's `spo tenant site get`, as CSV or JSON.

They say nothing about who was granted what; they lie over the sites of another export, or make sites of their own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from acl_graph.readers.identity.principals import People
from acl_graph.readers.identity.site_urls import locate
from acl_graph.readers.parsing.records import (
    Found,
    Record,
    Where,
    as_frame,
    boolean,
    cover,
    parts,
    records,
    sample,
    text,
    words,
)
from acl_graph.readers.parsing.sniff import Sniffed, fold
from acl_graph.tenant.raw_export import RawExport, ReadFile

NAME = "site settings"
ABOUT = "site settings (Get-SPOSite)"

#: at least one of these beside a Url makes a file one of ours
TELLTALE = words(
    "lockstate sharingcapability restrictedaccesscontrol restrictcontentorgwidesearch conditionalaccesspolicy "
    "restrictedcontentdiscoveryforcopilotandagents disablecompanywidesharinglinks archivestatus blockdownloadpolicy "
    "informationbarriersmode informationbarriermode ibmode informationsegment sitedefinedsharingcapability"
)
SHARING = {
    "0": "Disabled",
    "1": "ExternalUserSharingOnly",
    "2": "ExternalUserAndGuestSharing",
    "3": "ExistingExternalUserSharingOnly",
}
CONDITIONAL_ACCESS = {
    "0": "AllowFullAccess",
    "1": "AllowLimitedAccess",
    "2": "BlockAccess",
    "3": "AuthenticationContext",
}
RESTRICTION_MODE = {"0": "none", "1": "allowlist", "2": "blocklist"}
CHANNELS = {"1": "private_channel", "privatechannel": "private_channel",
            "2": "shared_channel", "sharedchannel": "shared_channel"}  # fmt: skip
#: properties that a list of many sites leaves at these values, whatever they are (format trap 32)
TRUNCATED = {
    "sharingcapability": ("disabled", "0", "externaluserandguestsharing", "2", ""),
    "conditionalaccesspolicy": ("allowfullaccess", "0", ""),
    "sensitivitylabel": ("",),
    "sharingdomainrestrictionmode": ("none", "0", ""),
    "informationsegment": ("",),
    "sharingalloweddomainlist": ("",),
    "sharingblockeddomainlist": ("",),
}
#: our columns that come from those properties
NOT_KNOWN_THEN = ("sharing", "conditional_access", "label", "domains_allowed", "domains_blocked")
DEFAULT_LIMIT = 200
SEGMENTS = ("informationsegment", "informationbarriersegments", "informationbarriersegmentids", "ibsegments")
_OWNERS = re.compile(r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}_o$", re.I)


def claims(file: Sniffed) -> str | None:
    """CSV or JSON with a site's address and at least one property that only these commands give."""
    if file.format not in ("csv", "json"):
        return None
    keys = sample(file)
    return "sites" if "url" in keys and keys & TELLTALE else None


def read(files: Sequence[tuple[Sniffed, str]], raw: RawExport, told: Callable[[str], None]) -> None:
    """Lay what the files say about sites over the sites other files brought; lists first, single sites over them."""
    found = Found()
    people = People(raw)
    sites: dict[str, dict[str, Any]] = {}
    groups: dict[str, list[str]] = {}
    lists: list[tuple[Sniffed, list[tuple[int, Record]]]] = []
    for file, dataset in files:
        told(f"reading {file.relative}")
        rows = list(records(file, raw, "sites"))
        raw.files.append(ReadFile(file.relative, NAME, dataset, len(rows)))
        lists.append((file, rows))
    columns: set[str] = set()
    truncated = False
    for file, rows in sorted(lists, key=lambda one: -len(one[1])):
        cut = _truncated([record for _, record in rows])
        truncated |= cut
        if cut:
            _say_truncated(file.relative, len(rows), raw)
        for row, record in rows:
            columns |= set(record)
            where = (file.relative, row)
            url = text(record, "url")
            if url is None:
                raw.reject("sites", file.relative, row, "url is missing", column="url")
                continue
            site = locate(url)[0]
            cells = _site(record, site, url, where, people, raw)
            if cut:
                cells |= dict.fromkeys(NOT_KNOWN_THEN)
                if text(record, "informationsegment") is None:
                    cells["segments"] = None
            _restricted(record, cells, site, groups, raw)
            known = sites.setdefault(site, {"source_file": where[0], "source_row": where[1]})
            known.update({name: value for name, value in cells.items() if value is not None})
    settings = as_frame("sites", sites.values())
    raw.patch(NAME, "sites", "url", settings)
    for site, named in groups.items():
        where = (sites[site]["source_file"], sites[site]["source_row"])
        for group in named:
            found.row("site_restricted_groups", where, site=site, group=people.login(group, where) or group)
    people.describe(found, raw, "The site settings")
    found.hand_over(raw, NAME)
    _coverage(raw, columns, truncated=truncated)
    # what another export calls missing is here, for the sites that these files name
    here = [f"sites.{column.name}" for column in settings if column.null_count() < len(column)]
    cover(raw, {key: "partial" for key in here if raw.coverage.get(key) == "absent" and key != "sites.segments"})


def _site(record: Record, site: str, url: str, where: Where, people: People, raw: RawExport) -> dict[str, Any]:
    mode = _word(record, RESTRICTION_MODE, "sharingdomainrestrictionmode")
    discovery = [
        boolean(record.get(name))
        for name in ("restrictcontentorgwidesearch", "restrictedcontentdiscoveryforcopilotandagents")
    ]
    cells: dict[str, Any] = {
        "id": text(record, "siteid") or site,
        "url": url.rstrip("/"),
        "title": text(record, "title"),
        "kind": _kind(record, site),
        "group": text(record, "groupid"),
        "related_group": text(record, "relatedgroupid"),
        "group_owners_are_admins": boolean(record.get("isgroupownersiteadmin")),
        "label": text(record, "sensitivitylabel"),
        "hub": text(record, "hubsiteid"),
        "sharing": _word(record, SHARING, "sharingcapability"),
        "override_sharing": boolean(record.get("overridesharingcapability")),
        "lock": text(record, "lockstate"),
        "archive": text(record, "archivestatus"),
        "restricted_access": boolean(record.get("restrictedaccesscontrol")),
        "restricted_discovery": True if True in discovery else False if False in discovery else None,
        "no_crawl": boolean(record.get("nocrawl")),
        "ib_mode": text(record, "informationbarriersmode", "informationbarriermode", "ibmode"),
        "segments": _listed(record, *SEGMENTS),
        "conditional_access": _word(record, CONDITIONAL_ACCESS, "conditionalaccesspolicy"),
        "block_download": boolean(record.get("blockdownloadpolicy")),
        "block_download_exempt": _exempt(record, site, where, people, raw),
    }
    if mode is not None:
        allowed, blocked = "sharingalloweddomainlist", "sharingblockeddomainlist"
        cells["domains_allowed"] = _listed(record, allowed, joiners=" ,;|\n") if mode == "allowlist" else []
        cells["domains_blocked"] = _listed(record, blocked, joiners=" ,;|\n") if mode == "blocklist" else []
    owner = text(record, "ownerloginname", "owner")
    if owner:
        login = f"c:0o.c|federateddirectoryclaimprovider|{owner}" if _OWNERS.match(owner) else owner
        if not login.endswith("|00000000-0000-0000-0000-000000000000_o"):
            cells["owner"] = people.login(login, where)
    if (text(record, "disablecompanywidesharinglinks") or "").lower() in ("disabled", "1"):
        raw.note(
            "Organization links are switched off for some sites. That stops new ones; whether links made earlier still "
            "open is not documented, so they count."
        )
    return cells


def _kind(record: Record, site: str) -> str | None:
    template = (text(record, "template") or "").upper()
    channel = CHANNELS.get(fold(text(record, "teamschanneltype") or ""))
    if channel:
        return channel
    if template.startswith("TEAMCHANNEL"):
        return "shared_channel" if template.endswith("#1") else "private_channel"
    if template.startswith("SPSPERS") or "-my.sharepoint." in site:
        return "onedrive"
    if template.startswith("SITEPAGEPUBLISHING"):
        return "communication"
    if template.startswith(("GROUP", "STS#3")):
        return "team"
    return "other" if template else None


def _word(record: Record, numbers: dict[str, str], *names: str) -> str | None:
    """An enum's name; the CLI and ConvertTo-Json write its number (format trap 33)."""
    said = text(record, *names)
    if said is None:
        # "None" is a spelling of nothing elsewhere and a value of the domain restriction
        return "none" if any(str(record.get(name)).lower() == "none" for name in names) and names[0] in record else None
    word = numbers.get(said, said)
    return word.lower() if numbers is RESTRICTION_MODE else word


def _listed(record: Record, *names: str, joiners: str = ";,|\n") -> list[str] | None:
    listed = parts(record, *names, joiners=joiners)
    return [one.lower().strip("{}") for one in listed] if listed is not None else None


def _exempt(record: Record, site: str, where: Where, people: People, raw: RawExport) -> list[str] | None:
    ids = _listed(record, "excludedblockdownloadgroupids")
    titles = parts(record, "excludeblockdownloadsharepointgroups")
    if boolean(record.get("excludeblockdownloadpolicysiteowners")):
        raw.note(
            "Some sites spare their owners from the block download policy. The export does not name those owners, so "
            "the policy is taken to hold for them too."
        )
    if ids is None and titles is None:
        return None
    return [*(ids or []), *(people.group(site, title, where) for title in titles or [])]


def _restricted(record: Record, cells: dict[str, Any], site: str, groups: dict[str, list[str]], raw: RawExport) -> None:
    """Groups of restricted access control; where the list was lost, the control is not claimed to hold."""
    if not cells["restricted_access"]:
        return
    listed = parts(record, "restrictedaccesscontrolgroups")
    if listed is not None:
        groups[site] = [one.strip("{}") for one in listed]
    elif record.get("restrictedaccesscontrolgroups"):
        cells["restricted_access"] = None
        raw.note(
            "The groups of restricted access control were lost in the export (System.Object[] or alike): for these "
            "sites the control is not known, and access is judged without it. Join the groups before Export-Csv."
        )
    elif "restrictedaccesscontrolgroups" not in record:
        raw.note(
            "Restricted access control is on for some sites, but the export does not have its groups: a "
            "group-connected site is taken to be restricted to its own group, elsewhere the control is not applied."
        )


def _truncated(rows: Sequence[Record]) -> bool:
    """Whether a list of several sites shows nothing but defaults where lists show nothing but defaults."""
    if len(rows) < 2:
        return False
    asked = False
    for name, defaults in TRUNCATED.items():
        values = {fold(text(record, name) or "") for record in rows if name in record}
        asked |= name in ("sharingcapability", "conditionalaccesspolicy") and bool(values)
        if len(values) > 1 or (values and values.pop() not in defaults):
            return False
    return asked


def _say_truncated(file: str, sites: int, raw: RawExport) -> None:
    raw.note(
        f"{file} lists {sites:,} sites with default values for sharing, conditional access, label and domain lists, as "
        "Get-SPOSite -Limit and -Filter always do. These columns are taken as not known; read each site with -Identity."
    )
    if sites == DEFAULT_LIMIT:
        raw.note(f"{file} holds exactly {DEFAULT_LIMIT} sites, Get-SPOSite's default limit: others may be missing.")
        cover(raw, {"sites": "partial"})


def _coverage(raw: RawExport, columns: set[str], *, truncated: bool) -> None:
    said = {"site_restricted_groups": "complete" if "restrictedaccesscontrolgroups" in columns else "absent"}
    said["sites.segments"] = "complete" if columns & set(SEGMENTS) and not truncated else "absent"
    if truncated:
        said |= {f"sites.{name}": "absent" for name in NOT_KNOWN_THEN}
    cover(raw, said)
