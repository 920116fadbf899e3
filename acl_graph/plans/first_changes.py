"""What to change first: for each of the worst sites the change that takes most exposure away and leaves work alone.

A change is weighed by people x sensitive files that end with it, and the less the more of those who lose the site have
used it. Grants of one principal on several places of a site go together. One that leaves nobody who can open the site's
sensitive files is no proposal, whatever it takes away.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acl_graph.changes import catalogue as fixes
from acl_graph.changes.simulate import Change, ChangeKind
from acl_graph.exposure.analysis import Bools, Context
from acl_graph.exposure.worst_sites import Cause, WorstSite
from acl_graph.findings import Finding
from acl_graph.findings.finding import change_as_dict, harmless
from acl_graph.vocabulary import Cover, Kind, Lens

#: changes that are tried for one site: of its heaviest causes, and of its most exposed findings
OF_CAUSES, OF_FINDINGS = 3, 3
#: different lists of a site that are asked to compare candidates, and to count what the best one does
ROUGHLY, CLOSELY = 60, 600
#: grants of one principal that go together
TOGETHER = 50
FIRST = 3
#: a first change takes at least one in so many of the site's people x sensitive files away
WORTHWHILE = 10


@dataclass(frozen=True)
class FirstChange:
    """What goes together on one site, with what is open before and after it. `lose_with_use` None: no use is known."""

    site: WorstSite
    changes: tuple[Change, ...]
    people_before: int
    people_after: int
    pairs_before: int
    pairs_after: int
    lose_with_use: int | None
    #: whether every list of the site was asked; else there may be more people, before and after
    whole: bool

    @property
    def value(self) -> float:
        """Exposure that ends, less the share of those who lose something they used."""
        lost = max(1, self.people_before - self.people_after)
        return (self.pairs_before - self.pairs_after) * (1 - (self.lose_with_use or 0) / lost)

    @property
    def worthwhile(self) -> bool:
        """Whether enough ends with it to be named first."""
        return self.value * WORTHWHILE >= self.pairs_before > 0


def first_changes(context: Context, worst: Sequence[WorstSite], findings: Sequence[Finding]) -> list[FirstChange]:
    """At most three, the most valuable first; one for each site, and none twice."""
    found: list[FirstChange] = []
    for site in worst:
        tried = [_tried(context, site, these, ROUGHLY) for these in _candidates(context, site, findings)]
        worthwhile = [one for one in tried if one is not None and one.worthwhile]
        for one in sorted(worthwhile, key=lambda one: -one.value)[:1]:
            counted = _tried(context, site, one.changes, CLOSELY)
            found += [counted] if counted is not None and counted.worthwhile else []
    chosen: dict[tuple[Any, ...], FirstChange] = {}
    for one in sorted(found, key=lambda one: (-one.value, -one.people_after)):
        chosen.setdefault(_key(one.changes), one)
    return list(chosen.values())[:FIRST]


def exactly(context: Context, worst: Sequence[WorstSite]) -> list[WorstSite]:
    """The sites with people x sensitive files counted file by file, where they were estimated place by place.

    A site with more different lists than are asked keeps its estimate, which is never too small.
    """
    counted = []
    for site in worst:
        things, files = context.things_of(site.scopes)
        asked = context.whatif.compare(things, [], files, most=CLOSELY)
        exact = asked.counted == asked.things
        counted.append(replace(site, exposure=asked.pairs_before[Lens.OPEN]) if exact else site)
    return sorted((site for site in counted if site.exposure), key=lambda site: -site.exposure)


def _tried(context: Context, site: WorstSite, changes: tuple[Change, ...], most: int) -> FirstChange | None:
    """The changes, tried on the sensitive files of the site; None where it leaves nobody to open or administer it."""
    takes_admin = any(change.kind is ChangeKind.REMOVE_SITE_ADMIN for change in changes)
    if takes_admin and len(set(context.units.admins.at(site.site).node.tolist())) < 2:
        return None
    things, files = context.things_of(site.scopes)
    tried = context.whatif.compare(things, changes, files, most=most)
    humans = context.whatif.humans
    before, after = tried.before[Lens.OPEN] & humans, tried.after[Lens.OPEN] & humans
    if not after.any():
        return None
    used = _used(context, site)
    # where a site has more lists than are asked, what they hold beside is taken to stay
    pairs_before = (
        max(site.exposure, tried.pairs_before[Lens.OPEN]) if most == CLOSELY else tried.pairs_before[Lens.OPEN]
    )
    return FirstChange(
        site=site,
        changes=changes,
        people_before=int(before.sum()),
        people_after=int(after.sum()),
        pairs_before=pairs_before,
        pairs_after=pairs_before - tried.pairs_before[Lens.OPEN] + tried.pairs_after[Lens.OPEN],
        lose_with_use=None if used is None else int((before & ~after & used).sum()),
        whole=tried.counted == tried.things,
    )


def _candidates(context: Context, site: WorstSite, findings: Sequence[Finding]) -> Iterator[tuple[Change, ...]]:
    """Changes for the heaviest causes of a site, then those of its most exposed findings; each once."""
    seen: set[tuple[Any, ...]] = set()
    name = context.facts.sites[site.site]
    found = [
        (f.change,) for f in findings if f.change and f.confidence != "unsupported" and name in f.affected["sites"]
    ]
    own = [these for cause in site.causes[:OF_CAUSES] for these in _against(context, cause)]
    for these in (*own, *found[:OF_FINDINGS]):
        if _key(these) not in seen:
            seen.add(_key(these))
            yield these


def _against(context: Context, cause: Cause) -> Iterator[tuple[Change, ...]]:
    """What would end a cause without ending the work of a site: never the removal of a whole SharePoint group."""
    if cause.row < 0:
        return
    if cause.what == "link":
        yield (fixes.remove_link(context, cause.number),)
    elif cause.what == "administrator":
        if cause.table == "site_admins":
            yield (fixes.remove_site_admin(context, cause.row),)
    elif not context.is_a(cause.number, Kind.SHAREPOINT_GROUP):
        yield tuple(fixes.remove_grant(context, row) for row in cause.rows[:TOGETHER] if row >= 0)
    else:
        public = fixes.public_group_of(context, cause.number)
        if public is not None:
            yield (fixes.make_private(context, public),)
        elif cause.number in context.claims_in:
            yield (fixes.remove_member(context, context.claims_in[cause.number]),)
        else:
            members, groups = context.units.membership, context.are(Kind.SECURITY_GROUP, Kind.M365_GROUP)
            inside = (members.group == cause.number) & groups[members.member] & (members.row >= 0)
            for at in np.flatnonzero(inside):  # the team that works there is no mistake; half the directory is
                if context.broad(context.size(members.member[at : at + 1]))[0]:
                    yield (fixes.remove_member(context, int(members.row[at])),)


def _used(context: Context, site: WorstSite) -> Bools | None:
    """Who used a file of the site, by the export; None where it says nothing of use."""
    facts = context.facts
    usage = facts.tenant["usage"]
    if usage.is_empty() or facts.tenant.coverage.table("usage") is Cover.ABSENT:
        return None
    item, node = facts.items.codes(usage["item"]), facts.people.names.codes(usage["principal"])
    people = (usage["actor"].fill_null("user") != "system").to_numpy()
    here = people & (item >= 0) & (node >= 0)
    here[here] = facts.item_site[item[here]] == site.site
    used: NDArray[np.bool_] = np.zeros(facts.people.n_users, np.bool_)
    users = facts.people.user_of[node[here]]
    used[users[users >= 0]] = True
    return used


def _key(changes: tuple[Change, ...]) -> tuple[Any, ...]:
    return tuple(sorted((change.kind, *sorted(map(str, change.target.items()))) for change in changes))


def change_data(context: Context, first: FirstChange, site: dict[str, Any]) -> dict[str, Any]:
    """A first change as `summary.json` has it; `site` is the site's own entry there."""
    heaviest = int(first.site.scopes[np.argmax(context.sums[first.site.scopes, 1])])
    said = {
        "site": site["site"],
        "url": site["url"],
        "title": site["title"],
        "what": _in_words(context, first),
        "changes": [change_as_dict(change) for change in first.changes],
        "sensitive_files": first.site.files,
        "people_before": first.people_before,
        "people_after": first.people_after,
        "people_times_sensitive_files_before": first.pairs_before,
        "people_times_sensitive_files_after": first.pairs_after,
        "people_who_lose_and_used_it": first.lose_with_use,
        "all_counted": first.whole,
        "ask_about": _asked_place(context, first, heaviest),
    }
    plain = harmless(said)
    assert isinstance(plain, dict)
    return plain


def _in_words(context: Context, first: FirstChange) -> str:
    if len(first.changes) == 1:
        return first.changes[0].why
    whom = context.name(context.code(first.changes[0]["principal"]))
    return f"Take {whom} off {len(first.changes)} places of {context.site_name(first.site.site)}"


def _asked_place(context: Context, first: FirstChange, heaviest: int) -> str:
    """The place to ask `acl-graph who` about: where the change is made, else the heaviest place of the site."""
    scope = first.changes[0].target.get("scope") if len(first.changes) == 1 else None
    at = context.facts.scopes.code(scope) if isinstance(scope, str) else heaviest
    at = at if at >= 0 else heaviest
    place = context.place(at)
    paths = context.facts.tenant["scopes"]["path"].str.to_lowercase()
    # a list and its root folder share a path: then only the id says which is meant
    return place if int((paths == place.lower()).sum()) <= 1 else context.facts.scopes[at]
