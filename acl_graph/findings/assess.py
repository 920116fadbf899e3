"""From a case to a finding: try its change, count who is left, look for other paths, and say so.

A change that leaves paths is not called a fix (docs/fixes.md). Then the smallest set found that closes the case is
offered too, and for broad audiences restricted access control as the immediate stop.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acl_graph.access_rules.forms import VIA_ADMIN, VIA_GRANT
from acl_graph.changes import catalogue as fixes
from acl_graph.changes.simulate import Change, Comparison
from acl_graph.exposure.analysis import Bools, Context, Counts
from acl_graph.findings.finding import Finding, Rule, exposure_of, finding_id, severity_of
from acl_graph.indexed.ids import Codes
from acl_graph.vocabulary import Lens

#: the lenses whose counts a finding shows
SHOWN = (Lens.OPEN, Lens.LATENT, Lens.COPILOT)
#: how many names, scopes, items a finding lists
NAMES, LISTED = 10, 20
#: how many different lists are asked for one case; a case with more says so
CLASSES = 2
#: ... and where only a few people are asked about
FEW_CLASSES = 40
#: a closing set is looked for among so many other paths
OTHER_PATHS = 8


@dataclass(frozen=True)
class Case:
    """One case of a rule before it is weighed.

    `scopes` are what it concerns; `population` bool[U] whom it should not let in (None: whoever reaches now). `lens` is
    the one under which the change is to help. `broad` cases also get an immediate stop.
    """

    identity: tuple[str, ...]
    what: str
    scopes: Counts
    row: tuple[str, int]
    change: Change | None = None
    population: Bools | None = None
    lens: Lens = Lens.OPEN
    broad: bool = False
    closes: bool = True
    confidence: str = "sure"
    sites: tuple[int, ...] = ()
    more: tuple[Change, ...] = field(default_factory=tuple)
    #: the case is one only if its change takes something away, or only if the population reaches something
    must_help: bool = False
    must_reach: bool = False
    #: counts are about the population alone: it is a few people in many places
    alone: bool = False


def report(
    context: Context,
    rule: Rule,
    scores: NDArray[Any],
    build: Callable[[int], Case | None],
) -> list[Finding]:
    """Findings of one rule: cases numbered as in `scores`, the heaviest in detail, the rest as one count."""
    order = np.argsort(-np.asarray(scores), kind="stable")
    found: list[Finding] = []
    seen = 0
    for number in order:
        if len(found) == context.detail or seen == 2 * context.detail + 10:
            break
        seen += 1
        case = build(int(number))
        if case is not None:
            finding = assess(context, rule, case)
            if finding is not None:
                found.append(finding)
    rest = len(order) - seen
    if rest > 0:
        heaviest = int(scores[order[seen]])
        found.append(_rest(rule, rest, heaviest))
    return found


def _rest(rule: Rule, count: int, heaviest: int) -> Finding:
    cases = f"{count:,} more case is" if count == 1 else f"{count:,} more cases are"
    return Finding(
        code=rule.code,
        id=finding_id(rule.code, "not detailed"),
        severity=severity_of(heaviest),
        confidence="sure",
        title=rule.title,
        what=f"{cases} counted and not detailed here; each is at most as exposed as those that are.",
        why=rule.why,
        who={"count": 0, "names": []},
        affected={"scopes": [], "items": [], "sites": [], "n_scopes": 0, "n_items": 0, "n_sites": 0, "cases": count},
        remedy="Raise `detail` under [thresholds] of the policy to see them all.",
        exposure=heaviest,
    )


def assess(context: Context, rule: Rule, case: Case) -> Finding | None:
    """Weigh one case; None where it is none on a closer look."""
    things, files = context.things_of(case.scopes)
    changes = [] if case.change is None else [case.change]
    few = np.flatnonzero(case.population).astype(np.int32) if case.alone and case.population is not None else None
    tried = _compare(context, things, changes, files, few)
    humans = context.whatif.humans
    before, after = tried.before[case.lens] & humans, tried.after[case.lens] & humans
    closed = before & ~after
    if case.must_help and not closed.any() and not (tried.before[Lens.OPEN] & ~tried.after[Lens.OPEN] & humans).any():
        return None
    concerned = before if case.population is None else before & case.population
    if case.must_reach and not concerned.any():
        return None
    leaves, closing = "", (*changes, *case.more)
    if case.change is not None and case.closes:
        leaves, closing = _other_paths(context, case, things, files, concerned & after, int(closed.sum()))
    weight = int(context.weight[case.scopes].sum())
    people = closed if closed.any() or (changes and not case.closes) else concerned
    opens = int((people & tried.before[Lens.OPEN]).sum())
    exposure = exposure_of(weight, opens, int(people.sum()) - opens)
    items = context.items_of(case.scopes)
    sites = sorted({int(site) for site in context.facts.scope_site[case.scopes] if site >= 0} | set(case.sites))
    counted = (
        ""
        if tried.counted == tried.things
        else f" Counted on the {tried.counted:,} heaviest of {tried.things:,} things."
    )
    return Finding(
        code=rule.code,
        id=finding_id(rule.code, *case.identity),
        severity=severity_of(exposure),
        confidence=case.confidence,
        title=rule.title,
        what=case.what + counted,
        why=rule.why,
        remedy=rule.remedy,
        who={"count": int(people.sum()), "names": names(context, people)},
        affected={
            "scopes": [context.facts.scopes[int(scope)] for scope in case.scopes[:LISTED]],
            "items": [context.facts.items[int(item)] for item in items[:LISTED]],
            "sites": [context.facts.sites[site] for site in sites[:LISTED]],
            "n_scopes": len(case.scopes),
            "n_items": int(context.sums[case.scopes, 1].sum()),
            "n_sites": len(sites),
        },
        row=context.row(*case.row),
        change=case.change,
        before=_counts(context, tried.before, tried.pairs_before),
        after=_counts(context, tried.after, tried.pairs_after) if changes else {},
        leaves=leaves,
        closing=closing if len(closing) > 1 else (),
        stop=_stop(context, case, sites),
        exposure=exposure,
    )


def names(context: Context, people: Bools) -> list[str]:
    """The first of these people, those with the heaviest reach first."""
    users = np.flatnonzero(people)
    heavy = context.reach[Lens.OPEN].per_user[users, 2]
    return [context.user_name(int(user)) for user in users[np.argsort(-heavy, kind="stable")[:NAMES]]]


def _compare(
    context: Context, things: Any, changes: Sequence[Change], files: Counts, users: Codes | None = None
) -> Comparison:
    most = CLASSES if users is None else FEW_CLASSES
    return context.whatif.compare(things, changes, files, most=most, users=users)


def _counts(context: Context, reached: Any, pairs: Any) -> dict[str, dict[str, int]]:
    humans = context.whatif.humans
    return {
        lens.value: {"people": int((reached[lens] & humans).sum()), "sensitive_files_times_people": int(pairs[lens])}
        for lens in SHOWN
    }


def _other_paths(
    context: Context, case: Case, things: Any, files: Counts, still: Bools, closed: int
) -> tuple[str, tuple[Change, ...]]:
    """What else lets the people in, in words, and the set of changes that closes the case."""
    assert case.change is not None
    if not still.any():
        return "", (case.change,)
    total = closed + int(still.sum())
    paths = _paths(context, case, still)
    told = "; ".join(f"{what} ({count:,})" for count, what, _ in paths[:5])
    said = "This removal alone will not help: " if not closed else ""
    said += f"{int(still.sum()):,} of {total:,} keep a way in"
    said += f", by {told}." if told else "."
    wanted = [change for _, _, change in paths if change is not None]
    together = [case.change, *case.more, *wanted[:OTHER_PATHS]]
    together = list({(c.kind, tuple(sorted(map(str, c.target.items())))): c for c in together}.values())
    if len(together) == 1:
        return said, (case.change,)
    few = np.flatnonzero(still).astype(np.int32) if case.alone else None
    after = _compare(context, things, together, files, few).after[case.lens] & context.whatif.humans & still
    if int(after.sum()) < int(still.sum()):
        said += f" {len(together)} changes together leave {int(after.sum()):,}."
        return said, tuple(together)
    return said, (case.change,)


def _paths(context: Context, case: Case, still: Bools) -> list[tuple[int, str, Change | None]]:
    """(people, words, change) of entries on the heaviest scopes that let the people in, those with most "
    "people first."""
    units = context.units
    overlay = context.whatif.overlay([case.change] if case.change else [])
    found: dict[tuple[int, int], tuple[int, str, Change | None]] = {}
    heavy = case.scopes[np.argsort(-context.weight[case.scopes], kind="stable")[:2]]
    for scope in heavy:
        site = int(context.facts.scope_site[scope])
        for listed in (units.listed.at(int(scope)), units.admins.at(site)):
            kept = listed.take(~context.whatif.layer.dropped(listed, overlay))
            for node, via, row in zip(kept.node, kept.via, kept.row, strict=True):
                concerned = still & context.whatif.members(int(node))
                if overlay.member_rows and context.whatif.descent.changes(
                    int(node), overlay.member_rows, overlay.private
                ):
                    gone = context.whatif.descent.families(int(node), overlay.member_rows, overlay.private)[0]
                    concerned &= gone
                count = int(concerned.sum())
                where = context.site_name(site) if via == VIA_ADMIN else context.place(int(scope))
                key = (int(node), site if via == VIA_ADMIN else int(scope))
                if not count or key in found:
                    continue
                how = {VIA_GRANT: "granted on", VIA_ADMIN: "administrator of"}.get(int(via), "on a link to")
                change = None
                if case.broad and via == VIA_GRANT and context.broad(context.size(np.array([node]))[0]):
                    change = _closing(context, int(node), int(row))
                found[key] = (count, f"{context.name(int(node))} {how} {where}", change)
    return sorted(found.values(), key=lambda path: -path[0])


def _closing(context: Context, node: int, row: int) -> Change:
    """How to close a path that is broad too: by the claim inside a SharePoint group, else by the grant."""
    claims = context.claims_in
    return fixes.remove_member(context, claims[node]) if node in claims else fixes.remove_grant(context, row)


def _stop(context: Context, case: Case, sites: list[int]) -> Change | None:
    if not case.broad or len(sites) != 1 or not fixes.can_restrict(context, sites[0]):
        return None
    groups = fixes.roster(context, sites[0])
    return fixes.restrict_access(context, sites[0], groups) if groups else None
