"""Scopes, grants, links and groups of exports that name things by path: what the CSV reports have in common."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import polars as pl

from acl_graph.readers.identity.claims import LIMITED_ACCESS, decode, link_of_group
from acl_graph.readers.identity.principals import People
from acl_graph.readers.identity.site_urls import Scopes, locate
from acl_graph.readers.parsing.records import Found, Where, as_frame
from acl_graph.readers.parsing.sniff import fold
from acl_graph.tenant.raw_export import RawExport

#: levels that only let somebody pass (rules L03, H07)
LIMITED = ("limitedaccess", "webonlylimitedaccess", "existingaccess")
#: who a link is for, by the words of Graph, PowerShell, CSOM's LinkKind and the reports
AUDIENCES = {
    "anyone": "anyone", "anonymous": "anyone", "anonymousview": "anyone", "anonymousedit": "anyone",
    "anonymousaccess": "anyone", "4": "anyone", "5": "anyone",
    "organization": "organization", "organizationview": "organization", "organizationedit": "organization",
    "company": "organization", "peopleinyourorganization": "organization", "2": "organization", "3": "organization",
    "users": "people", "people": "people", "specificpeople": "people", "flexible": "people", "direct": "people",
    "6": "people", "existingaccess": "existing", "existing": "existing",
}  # fmt: skip


class Collected:
    """What one reader collects from its files before it hands everything over."""

    def __init__(self, raw: RawExport, what: str) -> None:
        self.raw = raw
        self.what = what
        self.found = Found()
        self.people = People(raw)
        self.scopes = Scopes(self.found)
        self.counts: Counter[str] = Counter()
        self.sites: dict[str, dict[str, Any]] = {}
        self.flexible = 0
        self._hosts: dict[str, set[str]] | None = None

    def scope(
        self, address: str, kind: str, where: Where, *, host: str = "", title: str | None = None
    ) -> tuple[str, str]:
        """(scope, site) for an address; the site is described too."""
        site, path = locate(address, host)
        self.site(site, where, title=title if kind == "web" and site.endswith(path.lower()) else None)
        return self.scopes.add(site, path, kind, where), site

    def site(self, site: str, where: Where, **cells: Any) -> None:
        """A site, described as far as `cells` do."""
        known = self.sites.setdefault(site, {"id": site, "url": site, "source_file": where[0], "source_row": where[1]})
        known.update({name: value for name, value in cells.items() if value is not None and name not in known})

    def host_of(self, address: str) -> str:
        """The host of a path's site, where an earlier file describes just one site at that path."""
        if self._hosts is None:
            self._hosts = {}
            frames = [f for _, t, f in self.raw.parts if t == "sites"] + [
                f for _, t, _, f in self.raw.patches if t == "sites"
            ]
            for frame in frames:
                for url in frame["url"].drop_nulls() if "url" in frame.columns else ():
                    host = str(url).partition("://")[2].partition("/")[0].lower()
                    self._hosts.setdefault(locate(locate(str(url))[1])[0], set()).add(host)
        hosts = self._hosts.get(locate(address)[0], set())
        return next(iter(hosts)) if len(hosts) == 1 else ""

    def levels(self, cell: str | None, joiners: str = r"[;,|]") -> list[str]:
        """Permission levels of a joined cell; Limited Access opens nothing and is counted (format trap 21)."""
        kept = []
        for level in re.split(joiners, cell or ""):
            if fold(level) in LIMITED:
                self.counts["limited"] += 1
            elif level.strip():
                kept.append(level.strip())
        return kept

    def grant(self, scope: str, principal: str | None, levels: list[str], where: Where) -> None:
        """The principal has these levels on the scope."""
        for level in levels if principal else ():
            self.found.row("grants", where, scope=scope, principal=principal, level=level)

    def admin(self, site: str, principal: str | None, where: Where) -> None:
        """A site collection administrator."""
        if principal:
            self.found.row("site_admins", where, site=site, principal=principal)

    def member(self, group: str, member: str | None, where: Where, role: str = "member") -> None:
        """A direct membership."""
        if member and member != group:
            self.found.row("members", where, group=group, member=member, role=role)

    def link(
        self, link: str, scope: str, levels: list[str], where: Where, *, audience: str | None = None, **cells: Any
    ) -> str:
        """A sharing link that stands on the scope; of all scopes it is met on the shortest path is its origin."""
        self.found.row("links", where, id=link, origin=scope, audience=AUDIENCES.get(fold(audience or "")), **cells)
        self.flexible += fold(audience or "") in ("flexible", "6")
        for level in levels or ["view"]:
            self.found.row("grants", where, scope=scope, link=link, level=level)
        return link

    def link_group(self, title: str, scope: str, levels: list[str], where: Where) -> str | None:
        """The link whose hidden group has this title, or None where the title is no such group's."""
        named = link_of_group(title)
        return self.link(named[2], scope, levels, where, audience=named[1]) if named else None

    def link_user(self, link: str, principal: str | None, where: Where, how: str | None = None) -> None:
        """Somebody the link names, or who has redeemed it."""
        if principal:
            self.found.row("link_users", where, link=link, principal=principal, how=how)

    def limited_group(self, title: str | None) -> bool:
        """Whether this is one of the Limited Access system groups (counted); their members are real people."""
        limited = bool(title) and decode(title or "").kind == LIMITED_ACCESS
        self.counts["limited"] += limited
        return limited

    def hand_over(self, reader: str) -> None:
        """Give everything to the export. Sites lie over those of other files with the same address."""
        if self.sites:
            self.raw.patch(reader, "sites", "url", as_frame("sites", self.sites.values()))
        self.scopes.find_parents()
        if "links" in self.found:
            self.found.replace("links", [one_row_each(self.found.frame("links"))])
        self.people.describe(self.found, self.raw, self.what)
        if self.counts["limited"]:
            limited = f"{self.counts['limited']:,} Limited Access entries left out; they open nothing"
            self.raw.note(f"{self.what}: {limited}.")
        if self.flexible:
            self.raw.note(
                f"{self.what}: {self.flexible:,} links are known by a hidden group named Flexible and taken for "
                "specific-people links; some of these can be Anyone links, which this export cannot tell."
            )
        self.found.hand_over(self.raw, reader)


def one_row_each(links: pl.DataFrame) -> pl.DataFrame:
    """One row a link of all the places it was met in: the first that says something counts, the shortest path first."""
    origin = pl.col("origin")
    said = [pl.col(name).drop_nulls().first() for name in links.columns if name not in ("id", "origin")]
    return links.group_by("id", maintain_order=True).agg(origin.get(origin.str.len_chars().arg_min()), *said)
