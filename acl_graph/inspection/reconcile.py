"""The counts that an export carries about itself, held against our own expansion row by row.

A count agrees where it lies between what is sure and what is possible. Where the export does not list everything that
the count is about, ours is a lower bound. Counts of which it is not known what they count, and counts of events, are
evidence: shown, and compared with nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from acl_graph.access import Access
from acl_graph.access.decide import decide
from acl_graph.access.masks import OneUser
from acl_graph.access_rules.forms import ANYBODY
from acl_graph.indexed.ids import NOBODY
from acl_graph.indexed.indexed_tenant import kind_code
from acl_graph.kernels.csr import gather
from acl_graph.vocabulary import GATE_NUMBER, Cover, Gate, Kind
from acl_graph.world.compile import Units

#: how long an id must be to be looked for inside a file's name
A_GUID = 32
Bools = NDArray[np.bool_]
#: (at least, at most); at most is None where there may be any number more
Bounds = tuple[int, int | None]
#: what evidence is about, by the first part of its name
ABOUT = {
    "links_created": "links created in the report's window: events, not links that are there now",
    "shared_with_everyone": "things shared with Everyone in the report's window: events, not access that is there now",
    "site_guest_permissions": "guests' permissions as the report counts them; what it counts is not documented",
    "site_external_participants": "external participants of shared channels; what it counts is not documented",
    "site_entra_groups": "groups of the directory with access to a site; what it counts is not documented",
}


def agree(access: Access) -> pl.DataFrame:
    """Every count of the export beside ours.

    Columns: `what`, `principals` (whom or what it is about), `said`, `ours`, `ours_possible` (null: there may be any
    number more), `compared` (false: nothing of ours can be held against it), `agrees` (null where not compared),
    `source_file`, `source_row`.
    """
    counts = access.tenant.counts
    more = {"ours": pl.Int64(), "ours_possible": pl.Int64(), "compared": pl.Boolean(), "agrees": pl.Boolean()}
    if counts.is_empty():
        return pl.DataFrame(schema=counts.schema | more)
    ask = _Asked(access)
    lines: list[tuple[int | None, int | None, bool, bool | None]] = []
    for what, about, said in counts.select("what", "principals", "said").iter_rows():
        bounds = ask.bounds(what, about)
        if bounds is None:
            lines.append((None, None, False, None))
            continue
        least, most = bounds
        low = said >= least or what == "user_files_at_least"
        high = most is None or said <= max(least, most) or what == "user_files_at_most"
        lines.append((least, None if most is None else max(least, most), True, low and high))
    return counts.hstack(pl.DataFrame(lines, schema=more, orient="row"))


def evidence(agreement: pl.DataFrame) -> list[dict[str, Any]]:
    """Counts that were compared with nothing, by what they count: how many, their sum, the largest, and why."""
    left = agreement.filter(~pl.col("compared")).sort("said", descending=True)
    found = []
    for (what,), rows in left.group_by("what", maintain_order=True):
        about = ABOUT.get(str(what).partition(":")[0], "the export does not list what this counts")
        largest = rows.select("principals", "said", "source_file", "source_row").head(5).to_dicts()
        found.append(
            {"what": what, "about": about, "counts": rows.height, "sum": int(rows["said"].sum()), "largest": largest}
        )
    return sorted(found, key=lambda one: str(one["what"]))


class _Asked:
    """Our side of every kind of count; what is needed more than once is kept."""

    def __init__(self, access: Access) -> None:
        self.access, self.facts = access, access.facts
        self.people = access.facts.people
        self.person = self.people.kind_of_user == kind_code(Kind.USER)
        self.expanded: dict[tuple[bool, int], Bools] = {}
        self.at_site: dict[int, Bounds] = {}
        self.named: dict[bool, tuple[NDArray[np.int64], NDArray[np.int32]]] = {}
        self.counted: dict[str, NDArray[np.int64]] = {}
        addresses = access.tenant["sites"].select(pl.col("url").str.to_lowercase().str.strip_suffix("/"), "id")
        self.site_of_url = dict(addresses.drop_nulls().iter_rows())
        of_site: dict[str, Callable[[int], Bounds | None]] = {
            "site_users": self.users_of,
            "site_files": self.files_of,
            "site_unique_items": self.unique_items_of,
            "site_organization_links": lambda site: self.links_of(site, "organization"),
            "site_anyone_links": lambda site: self.links_of(site, "anyone"),
            "site_everyone_except_external": lambda site: self.claims_of(site, Kind.EVERYONE_EXCEPT_EXTERNAL),
            "site_everyone": lambda site: self.claims_of(site, Kind.EVERYONE),
        }
        self.of_site = of_site

    def bounds(self, what: str, about: list[str]) -> Bounds | None:
        """Our own count, or None where nothing can be held against it."""
        if what in ("principal_users", "row_users"):
            return self.members_of(about)
        if what in self.of_site:
            site = self.site(about[0])
            return None if site == NOBODY else self.of_site[what](site)
        if what.startswith("user_files"):
            return self.files_for(about[0], self.site(about[1]))
        return self.labelled(self.site(about[0]), about[1]) if what == "site_label_files" else None

    def site(self, name: str) -> int:
        """The number of a site that a count names by id or address."""
        known = self.site_of_url.get(name.lower().rstrip("/"), name)
        return int(self.facts.sites.codes(pl.Series([known]))[0])

    def lists_all(self, *tables: str) -> bool:
        """Whether the export holds all of these tables."""
        return all(self.access.tenant.coverage.complete(table) for table in tables)

    def lacks(self, table: str) -> bool:
        """Whether the export holds nothing of this table."""
        return self.access.tenant.coverage.table(table) is Cover.ABSENT

    # --- people -----------------------------------------------------------------------------------------------------

    def members_of(self, named: list[str]) -> Bounds:
        """Everybody in any of these principals."""
        nodes = [int(code) for code in self.facts.principals(pl.Series(named, dtype=pl.String)) if code >= 0]
        both = []
        for wide in (False, True):
            together = np.zeros(self.people.n_users, np.bool_)
            for node in nodes:
                if (wide, node) not in self.expanded:
                    units = self.access.possible if wide else self.access.sure
                    self.expanded[wide, node] = units.members(node) & self.person
                together |= self.expanded[wide, node]
            both.append(int(together.sum()))
        return both[0], both[1]

    def users_of(self, site: int) -> Bounds | None:
        """People who have access to a site or to anything in it: groups expanded, claims and unused links not."""
        if self.lacks("grants"):
            return None
        if site not in self.at_site:
            least = int((self._on_site(self.access.sure, site) & self.person).sum())
            most = None
            if self.lists_all("grants", "site_admins", "links", "link_users"):
                most = int((self._on_site(self.access.possible, site) & self.person).sum())
            self.at_site[site] = (least, most)
        return self.at_site[site]

    def _nodes_by_site(self, units: Units) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """(ptr, nodes): who stands on any list of site t, or administers it, is at `nodes[ptr[t]:ptr[t + 1]]`."""
        if units.wide not in self.named:
            listed, admins = units.listed.entries, units.admins.entries
            of_place = np.append(self.facts.scope_site, np.full(units.n_places - units.n_scopes, NOBODY, np.int32))
            site = np.concatenate([of_place[listed.scope], admins.scope])
            node = np.concatenate([listed.node, admins.node])
            ptr, order = gather(site[site >= 0], len(self.facts.sites))
            self.named[units.wide] = ptr, node[site >= 0][order]
        return self.named[units.wide]

    def _on_site(self, units: Units, site: int) -> Bools:
        """bool[U]: subjects named on a list of the site, or in a group that is."""
        ptr, every = self._nodes_by_site(units)
        nodes = np.unique(every[ptr[site] : ptr[site + 1]])
        found = np.zeros(self.people.n_users, np.bool_)
        family = units.families.now
        if units.wide and ((family.populations[family.set_of[nodes]] & ANYBODY) != 0).any():
            return np.asarray(self.person, np.bool_)  # somebody nobody lists may be anybody
        groups = nodes[nodes < len(self.people.names)]
        for number in np.unique(family.set_of[groups]):
            found[family.users[family.ptr[number] : family.ptr[number + 1]]] = True
        for user in self._without_claims(units, [int(group) for group in groups if self._holds_claims(units, group)]):
            found[user] = True
        return found

    @staticmethod
    def _holds_claims(units: Units, node: np.int32) -> bool:
        family = units.families.now
        return bool(family.populations[family.set_of[node]])

    def _without_claims(self, units: Units, nodes: list[int]) -> Iterator[int]:
        """Subjects listed below these groups: a set with a claim in it does not list who is in the claim anyway."""
        ptr, order = units.members_of
        seen, waiting = set(nodes), list(nodes)
        while waiting:
            node = waiting.pop()
            user = int(self.people.user_of[node])
            if user >= 0:
                yield user
            for member in units.membership.member[order[ptr[node] : ptr[node + 1]]]:
                if int(member) not in seen:
                    seen.add(int(member))
                    waiting.append(int(member))

    # --- what stands in a site --------------------------------------------------------------------------------------

    def per_site(self, key: str, count: Callable[[], NDArray[np.int64]]) -> NDArray[np.int64]:
        """A count for every site, int64[T], made once."""
        if key not in self.counted:
            self.counted[key] = count()
        return self.counted[key]

    def _tally(self, site: NDArray[Any], much: NDArray[Any] | None = None) -> NDArray[np.int64]:
        known = site >= 0
        weights = None if much is None else much[known]
        return np.bincount(site[known], weights, minlength=len(self.facts.sites)).astype(np.int64)

    def claims_of(self, site: int, kind: Kind) -> Bounds | None:
        """Permissions of a claim in a site: its own, and those of groups it is directly in."""
        if self.lacks("grants"):
            return None
        pairs = int(self.per_site(kind.value, lambda: self._claims(kind))[site])
        return pairs, pairs if self.lists_all("grants", "members") else None

    def _claims(self, kind: Kind) -> NDArray[np.int64]:
        is_claim = self.people.are(kind)
        group, member = self.facts.numbered("members", "group"), self.facts.numbered("members", "member")
        holds = is_claim.copy()
        holds[group[is_claim[member]]] = True
        grants = self.access.tenant["grants"]
        scope, node = self.facts.scopes.codes(grants["scope"]), self.facts.numbered("grants", "principal")
        here = grants["principal"].is_not_null().to_numpy() & (scope >= 0)
        here[here] = holds[node[here]]
        pairs = pl.DataFrame({"scope": scope[here], "node": node[here]}).unique()
        return self._tally(self.facts.scope_site[pairs["scope"].to_numpy()])

    def links_of(self, site: int, audience: str) -> Bounds | None:
        """Sharing links of an audience that stand in a site; one of unknown audience may be one of them."""
        if self.lacks("links"):
            return None
        least = int(self.per_site(f"links {audience}", lambda: self._links(audience))[site])
        unknown = int(self.per_site("links", lambda: self._links(None))[site])
        return least, least + unknown if self.lists_all("links", "grants") else None

    def _links(self, audience: str | None) -> NDArray[np.int64]:
        grants = self.access.tenant["grants"].drop_nulls("link").select("link", "scope")
        wanted = self.access.tenant["links"].filter(pl.col("audience").eq_missing(audience))["id"]
        scope = self.facts.scopes.codes(grants["scope"])
        site = np.where(scope >= 0, self.facts.scope_site[scope], NOBODY)
        standing = grants.with_columns(pl.Series("site", site)).filter(pl.col("link").is_in(wanted.implode()))
        return self._tally(standing.unique(["link", "site"])["site"].to_numpy())

    def unique_items_of(self, site: int) -> Bounds | None:
        """Scopes of items; whether lists and folders are items for the report is not documented, so they may be."""
        if self.lacks("scopes"):
            return None
        of, kinds = self.facts.scope_site, self.facts.scope_kind
        items = int(self.per_site("items", lambda: self._tally(of[kinds == 3]))[site])
        most = int(self.per_site("below webs", lambda: self._tally(of[kinds != 0]))[site])
        return items, most if self.lists_all("scopes", "grants") else None

    def files_of(self, site: int) -> Bounds | None:
        """Files of a site that the export lists; None where it lists none of them."""
        files = int(self.per_site("files", lambda: self._tally(self.facts.item_site, self.facts.item_count))[site])
        return (files, files if self.lists_all("items") else None) if files else None

    def labelled(self, site: int, label: str) -> Bounds | None:
        """Files of a site under the label that a report or its file's name names; it counts only Office files."""
        named = self._label(label)
        if site == NOBODY or named is None or self.lacks("items"):
            return None
        files = int(self.per_site(f"label {named}", lambda: self._labelled(named))[site])
        return 0, files if self.lists_all("items") else None

    def _labelled(self, label: str) -> NDArray[np.int64]:
        items = self.access.tenant["items"]
        code = self.facts.items.codes(items.filter(pl.col("label").str.to_lowercase() == label)["id"])
        return self._tally(self.facts.item_site[code], self.facts.item_count[code])

    def _label(self, said: str) -> str | None:
        """The id of the one label that is named: by id, by name, or by the longest name inside a file's name."""
        labels = self.access.tenant["labels"]
        folded = _plain(said)
        fits = []
        for name, shown in labels.select("id", "name").iter_rows():
            if name.lower() == said.lower() or (len(name) >= A_GUID and name.lower() in said.lower()):
                return str(name).lower()
            if shown and _plain(shown) in folded:
                fits.append((len(_plain(shown)), str(name).lower()))
        longest = [name for length, name in fits if length == max(fits)[0]]
        return longest[0] if len(longest) == 1 else None

    def files_for(self, who: str, site: int) -> Bounds | None:
        """Files of a site that somebody reaches by its permission lists, whatever gates come after."""
        node = int(self.facts.principals(pl.Series([who], dtype=pl.String))[0])
        things = np.flatnonzero(self.facts.item_site == site).astype(np.int32)
        if node < 0 or site == NOBODY or not len(things) or self.people.user_of[node] < 0 or self.lacks("grants"):
            return None
        user = int(self.people.user_of[node])
        files = []
        for units in (self.access.sure, self.access.possible):
            verdicts = decide(units, OneUser(units, user).of(things))
            held = (np.atleast_1d(verdicts.stopped) >> GATE_NUMBER[Gate.ACL]) & 1 == 0
            files.append(int(self.facts.item_count[things][held].sum()))
        return files[0], files[1] if self.lists_all("grants", "items") else None


def _plain(name: str) -> str:
    return "".join(c for c in name.lower() if c.isalnum())


__all__ = ["agree", "evidence"]
