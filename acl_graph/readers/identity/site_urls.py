"""Addresses of SharePoint things: which site a URL or path belongs to, and the server-relative path inside it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import unquote

import polars as pl

from acl_graph.readers.parsing.records import Found, Where
from acl_graph.readers.parsing.sniff import fold

#: managed paths: the site collection is the segment after one of these, else the root site
MANAGED = ("sites", "teams", "personal", "portals")
_ENCODED = re.compile(r"%[0-9A-Fa-f]{2}")
_KINDS = {
    "web": ("site", "web", "sitecollection", "rootweb", "rootsite", "subsite", "subweb", "root"),
    "list": ("list", "library", "documentlibrary", "genericlist", "listorlibrary", "listlibrary", "listandlibrary"),
    "folder": ("folder", "1", "rootfolder"),
    "item": ("file", "item", "listitem", "document", "0"),
}
_KIND_OF = {word: kind for kind, words in _KINDS.items() for word in words}


@lru_cache(maxsize=1 << 12)
def locate(address: str, host: str = "") -> tuple[str, str]:
    """(site, path) of an absolute URL or a server-relative path, with or without its leading slash (format trap 15).

    The site is its address in lower case without a trailing slash - only the path where no host is known. The path is
    server-relative, decoded where it is percent-encoded, without trailing slash, `?web=1` and the like.

    >>> locate("https://Northlake.sharepoint.com/sites/Finance/Shared%20Documents/a.docx?web=1")
    ('https://northlake.sharepoint.com/sites/finance', '/sites/Finance/Shared Documents/a.docx')
    >>> locate("sites/Finance/", "northlake.sharepoint.com")
    ('https://northlake.sharepoint.com/sites/finance', '/sites/Finance')
    """
    rest = address.strip()
    if rest[:8].lower().startswith(("https://", "http://")):
        host, _, rest = rest.split("://", 1)[1].partition("/")
    base, mark, query = rest.partition("?")
    if mark:
        keeps = "dispform" in base.lower() or "editform" in base.lower()  # a list item is only its number
        rest = f"{base}{mark}{query}" if keeps else base
    if "%" in rest and _ENCODED.search(rest) and " " not in rest:
        rest = unquote(rest)
    path = "/" + rest.strip("/")
    segments = path.split("/")
    root = "/".join(segments[:3]) if len(segments) > 2 and segments[1].lower() in MANAGED else ""
    site = (f"https://{host.lower()}{root.lower()}" if host else root.lower()) or "/"
    return site, path


def host_of(addresses: Iterable[str | None]) -> str:
    """The host of the first absolute address: what server-relative paths of the same file are taken to belong to."""
    for address in addresses:
        if address and re.match(r"(?i)https?://[^/]+", address.strip()):
            return address.strip().split("://", 1)[1].partition("/")[0].lower()
    return ""


def scope_kind(word: str | None) -> str | None:
    """web, list, folder or item for the words that exports use, None for others.

    >>> scope_kind("Document Library"), scope_kind("Site Collection"), scope_kind("docx")
    ('list', 'web', None)
    """
    folded = fold(word or "")
    if folded in _KIND_OF:
        return _KIND_OF[folded]
    return "list" if folded.endswith(("list", "library", "lists")) else None


class Scopes:
    """Scopes of an export that names them by path: `site|path` in lower case, parents by containment."""

    def __init__(self, into: Found) -> None:
        self.into = into
        self.known: dict[str, str] = {}  #: `site|path` -> id
        self.own: set[str] = set()

    def add(self, site: str, path: str, kind: str, where: Where, *, own: str | None = None) -> str:
        """The id of the scope at `path`, or its own id where it has one; the first row that names it describes it."""
        at = self.name(site, path)
        if own is None and at in self.known:
            return self.known[at]
        if own is not None:
            if own in self.own:
                return own
            self.own.add(own)
        name = own or at
        self.known.setdefault(at, name)
        self.into.row("scopes", where, id=name, site=site, kind=kind, path=path)
        return name

    @staticmethod
    def name(site: str, path: str) -> str:
        """The id a scope at `path` has."""
        return f"{site}|{path.lower()}"

    def above(self, site: str, path: str) -> str | None:
        """The nearest scope above `path` in its site, itself left out."""
        low = path.lower()
        while low not in ("/", ""):
            low = low.rpartition("/")[0] or "/"
            name = self.known.get(f"{site}|{low}")
            if name is not None:
                return name
        return None

    def find_parents(self) -> None:
        """Say of every scope which one it hangs under, now that all are known."""
        if self.known:
            self.into.replace("scopes", map(self._with_parents, self.into.parts("scopes")))

    def _with_parents(self, part: pl.DataFrame) -> pl.DataFrame:
        parents = [self.above(site, path) for site, path in part.select("site", "path").iter_rows()]
        return part.with_columns(pl.Series("parent", parents, dtype=pl.String))
