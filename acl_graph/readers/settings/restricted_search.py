"""Restricted SharePoint Search: the mode, the list of allowed sites, and the admin centre's list of sites.

The list alone does not switch the restriction on; the admin centre's site list names candidates and allows none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from acl_graph.errors import BadInput
from acl_graph.readers.identity.site_urls import locate
from acl_graph.readers.parsing.csv_header import clean_header
from acl_graph.readers.parsing.records import as_frame, records, sample, text
from acl_graph.readers.parsing.sniff import LONGEST_RECORD, Sniffed, open_bytes, sniff_encoding
from acl_graph.tenant.raw_export import RawExport, ReadFile

NAME = "restricted search"
ABOUT = "restricted SharePoint search"

_URL = re.compile(r"https?://[^\s\"',;|\]]+", re.I)
_MODE_LINE = re.compile(r"restricted\s*search\s*mode\W+(enabled|disabled)", re.I)
MODE_KEYS = ("restrictedsearchmode", "tenantrestrictedsearchmode", "mode")
LIST_KEYS = frozenset({"url", "siteurl", "siteslist", "allowedsiteurl", "sites", "path"})
SITE_LIST_KEYS = frozenset({"sitename", "url", "pageviews", "files"})


def claims(file: Sniffed) -> str | None:
    """By content where there is a header; a bare list of addresses only where the file's name says what it is."""
    keys = sample(file)
    if file.format == "csv" and keys >= SITE_LIST_KEYS:
        return "active sites"
    if file.format in ("csv", "json") and (
        "restrictedsearchmode" in keys or "tenantrestrictedsearchmode" in keys or (keys == {"mode"} and _named(file))
    ):
        return "mode"
    if file.format in ("unknown", "csv", "json"):
        head = _start(file)
        if len(head) < 300 and _MODE_LINE.search(head):  # the sentence is the whole file, or it is somebody else's
            return "mode"
        if _named(file) and _URL.search(head) and (not keys or keys <= LIST_KEYS or keys & {"url", "siteurl"}):
            return "allowed sites"
    return None


def _named(file: Sniffed) -> bool:
    """`RestrictedSearchAllowedList.csv` and the like: a list of addresses does not say what it lists."""
    name = "".join(c for c in file.path.name.lower() if c.isalnum())
    return "restrictedsearch" in name or "allowedlist" in name or "restrictedsharepointsearch" in name


def _start(file: Sniffed, size: int = 4096) -> str:
    try:
        with open_bytes(file.path) as stream:
            head = stream.read(size)
    except (OSError, EOFError):
        return ""
    return head.decode(sniff_encoding(head), errors="replace")


def read(files: Sequence[tuple[Sniffed, str]], raw: RawExport, told: Callable[[str], None]) -> None:
    """Set `restricted_search` and `restricted_search_allowed`; describe the sites of the admin centre's list."""
    listed = False
    for file, dataset in files:
        told(f"reading {file.relative}")
        if dataset == "mode":
            rows = _mode(file, raw)
        elif dataset == "allowed sites":
            rows = _allowed(file, raw)
            listed = True
        else:
            rows = _site_list(file, raw)
        raw.files.append(ReadFile(file.relative, NAME, dataset, rows))
    if listed and "restricted_search" not in raw.switches:
        raw.note(
            "A list of sites allowed in restricted SharePoint search is here, the mode is not: the restriction "
            "is taken to be off. Export Get-SPOTenantRestrictedSearchMode too."
        )
    if raw.switches.get("restricted_search") and not listed and "restricted_search_allowed" not in raw.switches:
        raw.note("Restricted SharePoint search is on, the list of allowed sites is missing: no site counts as allowed.")


def _mode(file: Sniffed, raw: RawExport) -> int:
    said = _MODE_LINE.search(_start(file))
    mode = said[1].lower() if said else None
    if mode is None and file.format != "unknown":
        for row, record in records(file, raw, "switches"):
            word = (text(record, *MODE_KEYS) or "").lower()
            mode = {"1": "enabled", "0": "disabled"}.get(word, word)
            if mode not in ("enabled", "disabled"):
                raw.reject("switches", file.relative, row, "mode is neither Enabled nor Disabled", value=word)
    if mode in ("enabled", "disabled"):
        raw.switches.setdefault("restricted_search", mode == "enabled")
    return 1


def _allowed(file: Sniffed, raw: RawExport) -> int:
    """Every address in the file. Lines without one are listed as rejected, but for the header."""
    with open_bytes(file.path) as stream:
        data = stream.read(LONGEST_RECORD + 1)
    if len(data) > LONGEST_RECORD:
        raise BadInput(f"{file.relative}: a list of 100 sites at most is over {LONGEST_RECORD >> 20} MB; refused.")
    sites = raw.switches.setdefault("restricted_search_allowed", [])
    found = 0
    for number, line in enumerate(data.decode(sniff_encoding(data), errors="replace").splitlines(), start=1):
        urls = _URL.findall(line)
        for url in urls:
            site = locate(url)[0]
            found += 1
            if site not in sites:
                sites.append(site)
        bare = clean_header(line.strip("[]{},; \t"))
        if not urls and bare and number > 1 and not line.startswith("#"):
            raw.reject("switches", file.relative, number, "no site address in this line", value=line)
    return found


def _site_list(file: Sniffed, raw: RawExport) -> int:
    sites: dict[str, dict[str, Any]] = {}
    count = 0
    for row, record in records(file, raw, "sites"):
        count += 1
        url = text(record, "url")
        if url is None or "://" not in url:
            raw.reject("sites", file.relative, row, "url is missing or concealed", value=url or "", column="url")
            continue
        sites.setdefault(
            locate(url)[0],
            {
                "id": locate(url)[0],
                "url": url.rstrip("/"),
                "title": text(record, "sitename"),
                "files": (text(record, "files") or "").replace(",", "").replace(".", "") or None,
                "source_file": file.relative,
                "source_row": row,
            },
        )
    raw.patch(NAME, "sites", "url", as_frame("sites", sites.values()))
    raw.note(f"{file.relative} lists sites and how many files they hold; it does not say which sites search allows.")
    return count
