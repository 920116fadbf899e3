"""`SharePointSites_v1` to the sites table, and what a site says about its Microsoft 365 group."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import polars as pl

from acl_graph.readers.mgdc.people import People
from acl_graph.readers.mgdc.shapes import Site
from acl_graph.readers.mgdc.source import Reading, guid, records
from acl_graph.readers.parsing.row_buffer import Columns
from acl_graph.readers.parsing.sniff import Sniffed

ONEDRIVE_TEMPLATE = 21
TEXT, FLAG, WHOLE = pl.String(), pl.Boolean(), pl.Int64()


def read_sites(files: Sequence[tuple[int, Sniffed]], people: People, reading: Reading) -> pl.DataFrame:
    """One row a record, with the columns of the sites table and what merging needs."""
    rows = Columns(
        id=TEXT, url=TEXT, title=TEXT, kind=TEXT, group=TEXT, related_group=TEXT, owner=WHOLE, label=TEXT,
        label_name=TEXT, hub=TEXT, sharing=TEXT, lock=TEXT, archive=TEXT, ib_mode=TEXT, segments=pl.List(TEXT),
        conditional_access=TEXT, files=WHOLE, visibility=TEXT, region=TEXT, snapshot=TEXT, op=TEXT, file=WHOLE,
        source_row=WHOLE,
    )  # fmt: skip
    for index, file in files:
        for number, site in records(file, "Sites", reading):
            who = guid(site.Id)
            if who is None:
                reading.record("Sites", file.relative, number, "the site has no Id")
                continue
            rows.add((who, *_facts(site, people, file.relative, number), index, number))
    return rows.frame()


def _facts(site: Site, people: People, file: str, row: int) -> tuple[Any, ...]:
    group = guid(site.GroupId)
    label = site.SensitivityLabelInfo
    return (
        site.Url or None,
        site.RootWeb.Title if site.RootWeb else None,
        kind_of(site, group),
        group,
        guid(site.RelatedGroupId),
        people.author(site.Owner, file, row),
        guid(label.Id) if label else None,
        label.DisplayName if label else None,
        guid(site.HubSiteId),
        "Disabled" if site.IsExternalSharingEnabled is False else None,
        _lock(site),
        "InRecycleBin" if site.IsInRecycleBin else site.ArchiveState,
        site.IBMode,
        _segments(site.IBSegments),
        _unmanaged(site),
        site.StorageMetrics.TotalFileCount if site.StorageMetrics else None,
        {"public": "public", "private": "private"}.get((site.Privacy or "").casefold()) if group else None,
        (site.GeoLocation or "").strip().upper() or None,
        site.SnapshotDate,
        site.Operation,
    )


def kind_of(site: Site, group: str | None) -> str | None:
    """What kind of site it is. The documented example calls a personal site no OneDrive, so its address counts too."""
    template = ((site.RootWeb.WebTemplate if site.RootWeb else None) or "").upper()
    if site.IsOneDrive or is_personal(site.Url) or template == "SPSPERS":
        return "onedrive"
    if site.RootWeb and site.RootWeb.WebTemplateId == ONEDRIVE_TEMPLATE:
        return "onedrive"
    channel = (site.TeamsChannelType or "").casefold()
    if site.IsTeamsChannelSite or template == "TEAMCHANNEL" or channel not in ("", "none"):
        return "shared_channel" if "shared" in channel else "private_channel"
    if site.IsCommunicationSite or template == "SITEPAGEPUBLISHING":
        return "communication"
    if template == "GROUP" or group:
        return "team"
    return "other" if template else None


def is_personal(url: str | None) -> bool:
    """Whether an address is that of a OneDrive: its host ends in `-my`."""
    return bool(url) and "-my." in urlsplit(url or "").netloc.lower()


def path_of(url: str | None) -> str | None:
    """The server-relative path of a site's address; "/" for the root site."""
    if not url:
        return None
    return "/" + re.sub(r"(?i)^https?://[^/]*", "", url).strip("/")


def _lock(site: Site) -> str | None:
    if site.ReadLocked:
        return "NoAccess"
    if site.ReadOnly:
        return "ReadOnly"
    return "Unlock" if site.ReadLocked is False or site.ReadOnly is False else None


def _unmanaged(site: Site) -> str | None:
    flags = (
        site.BlockAccessFromUnmanagedDevices,
        site.BlockDownloadOfAllFilesOnUnmanagedDevices,
        site.BlockDownloadOfViewableFilesOnUnmanagedDevices,
    )
    if flags[0]:
        return "BlockAccess"
    if flags[1] or flags[2]:
        return "AllowLimitedAccess"
    return "AllowFullAccess" if False in flags else None


def _segments(value: list[str] | str | None) -> list[str] | None:
    if value is None:
        return None
    parts = value if isinstance(value, list) else re.split(r"[;,]", value)
    return [guid(part) or part for part in (text.strip() for text in parts) if part] or None
