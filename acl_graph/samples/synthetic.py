"""The synthetic tenant as arrays: who is in which group, what is granted where. Knows no file format.

Axes: u users, g security groups, s sites, c scopes, n rows of a relation. A *principal number* counts through users,
security groups, team groups, owners claims, SharePoint groups (three a site: Owners, Visitors, Members) and, last, the
claim of everyone except external users.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from acl_graph.samples import plan
from acl_graph.samples.guids import guids
from acl_graph.samples.plan import Progress, Sizes
from acl_graph.samples.structure import Scopes, build_scopes

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

#: position of a site's three SharePoint groups among its own
OWNERS, VISITORS, MEMBERS = range(3)


@dataclass(frozen=True)
class Numbers:
    """Where each sort of principal begins in the common numbering."""

    users: int
    groups: int
    sites: int

    @property
    def first_group(self) -> int:
        return self.users

    @property
    def first_team(self) -> int:
        return self.users + self.groups

    @property
    def first_owners_claim(self) -> int:
        return self.first_team + self.sites

    @property
    def first_site_group(self) -> int:
        return self.first_owners_claim + self.sites

    @property
    def everyone_internal(self) -> int:
        return self.first_site_group + 3 * self.sites

    def site_group(self, site: Ints, which: int) -> Ints:
        """Principal numbers of the SharePoint groups in position `which` of the sites numbered `site`."""
        return self.first_site_group + 3 * site + which


@dataclass(frozen=True)
class Members:
    """Direct memberships as principal numbers: member[n] is in group[n]; owner[n] says in the role of owner."""

    group: Ints
    member: Ints
    owner: Flags
    on_circle: Ints  #: principal numbers of the security groups that are, through others, in themselves


@dataclass(frozen=True)
class Grants:
    """Role assignments, sorted by scope, link, level, principal; link[n] is -1 for those with a principal."""

    scope: Ints
    principal: Ints
    level: Ints
    link: Ints


@dataclass(frozen=True)
class Links:
    """Sharing links: audience[l] and level[l] index the plan's lists, day offsets count from the snapshot."""

    audience: Ints
    level: Ints
    origin: Ints
    created_by: Ints
    created_days: Ints  #: days before the snapshot
    expires_days: Ints  #: days after the snapshot, negative when past; 0 for never
    user_link: Ints  #: the link of each person named or redeemed, sorted
    user: Ints


@dataclass(frozen=True)
class Usage:
    """Who used which scope's file, at most once per pair: seconds before the snapshot, and the number of the action."""

    user: Ints
    scope: Ints
    seconds: Ints
    action: Ints


@dataclass(frozen=True)
class Synthetic:
    """The whole tenant. Names and ids are made from the numbers by the two forms alike."""

    sizes: Sizes
    numbers: Numbers
    tenant_id: str
    user_ids: list[str]
    group_ids: list[str]
    team_ids: list[str]
    site_ids: list[str]
    label_ids: list[str]
    link_ids: list[str]
    guest: Flags  #: per user
    licensed: Flags  #: per user
    mail_group: Flags  #: per security group
    public_team: Flags  #: per site
    restricted_discovery: Flags  #: per site
    members: Members
    scopes: Scopes
    grants: Grants
    links: Links
    usage: Usage
    label: Ints  #: per scope, -1 for none
    files: Ints  #: per scope, how many files alike


def build(scale: float, seed: int, progress: Progress = plan.silent) -> Synthetic:
    """Draw the tenant of `scale` from PCG64(`seed`). The same two numbers give the same arrays."""
    rng = np.random.Generator(np.random.PCG64(seed))
    size = plan.sizes(scale)
    numbers = Numbers(size.users, size.groups, size.sites)
    progress("principals", 0.02)
    (tenant_id,) = guids(rng, 1)
    user_ids, group_ids = guids(rng, size.users), guids(rng, size.groups)
    team_ids, site_ids = guids(rng, size.sites), guids(rng, size.sites)
    label_ids = guids(rng, len(plan.LABELS))
    guest = np.zeros(size.users, dtype=np.bool_)
    guest[size.users - max(1, round(size.users * plan.GUEST_SHARE)) :] = True
    licensed = (rng.random(size.users) < plan.LICENSED_SHARE) & ~guest
    mail_group = rng.random(size.groups) < plan.MAIL_GROUP_SHARE
    public_team = rng.random(size.sites) < plan.PUBLIC_GROUP_SHARE
    restricted_discovery = rng.random(size.sites) < plan.RESTRICTED_DISCOVERY
    progress("memberships", 0.05)
    members = _members(rng, numbers)
    progress("scopes", 0.15)
    scopes = build_scopes(rng, size)
    label = np.where(
        rng.random(size.scopes) < plan.SENSITIVE,
        rng.choice(np.array([2, 3]), size.scopes),
        rng.choice(np.array([-1, 0, 1]), size.scopes),
    )
    files = 1 + rng.poisson(np.array(plan.FURTHER_FILES)[scopes.kind])
    progress("links", 0.25)
    links, link_rows = _links(rng, numbers, scopes)
    progress("grants", 0.30)
    grants = _grants(rng, numbers, scopes, members.on_circle, links, link_rows)
    usage = _usage(rng, numbers, grants, size.scopes)
    progress("tenant built", 0.40)
    return Synthetic(
        sizes=size,
        numbers=numbers,
        tenant_id=tenant_id,
        user_ids=user_ids,
        group_ids=group_ids,
        team_ids=team_ids,
        site_ids=site_ids,
        label_ids=label_ids,
        link_ids=guids(rng, len(links.origin)),
        guest=guest,
        licensed=licensed,
        mail_group=mail_group,
        public_team=public_team,
        restricted_discovery=restricted_discovery,
        members=members,
        scopes=scopes,
        grants=grants,
        links=links,
        usage=usage,
        label=label,
        files=files,
    )


def distinct(keys: Ints) -> Ints:
    """The sorted distinct values of `keys`: `np.unique` without its hash table, twenty times as fast here."""
    ordered = np.sort(keys)
    keep = np.ones(len(ordered), dtype=np.bool_)
    keep[1:] = ordered[1:] != ordered[:-1]
    return ordered[keep]


def on_circles(parent: Ints) -> Ints:
    """The nodes that lie on a circle when node i hangs under parent[i] (-1: under none), sorted.

    With one parent each, walking up for as many steps as there are nodes either leaves the graph or ends on a circle,
    and every node of a circle is such an end. The steps are doubled, so this takes log2(nodes) rounds.

    >>> on_circles(np.array([1, 2, 0, 0, -1, 4]))
    array([0, 1, 2])
    """
    nodes = len(parent)
    jump = np.append(np.where(parent < 0, nodes, parent), nodes)
    for _ in range(max(1, nodes).bit_length()):
        jump = jump[jump]
    ends = distinct(jump)
    return ends[ends < nodes]


def _nesting(rng: np.random.Generator, groups: int) -> Ints:
    """The parent of each security group or -1: 60 % have one, and the first of them stand in deliberate circles."""
    order = rng.permutation(groups)
    nested = order[: round(groups * plan.NESTED_SHARE)]
    parent = np.full(groups, -1, dtype=np.int64)
    # "another": drawn from one fewer and moved past itself
    other = rng.integers(0, groups - 1, len(nested))
    parent[nested] = other + (other >= nested)
    circles = max(2, round(groups * plan.CIRCLES_PER_THOUSAND / 1000))
    start = 0
    for number in range(circles):
        length = plan.CIRCLE_LENGTHS[number % len(plan.CIRCLE_LENGTHS)]
        ring = nested[start : start + length]
        parent[ring] = np.roll(ring, -1)
        start += length
    return parent


def _members(rng: np.random.Generator, numbers: Numbers) -> Members:
    users, groups, sites = numbers.users, numbers.groups, numbers.sites
    parent = _nesting(rng, groups)
    circle = on_circles(parent)
    assert len(circle) >= min(plan.CIRCLE_LENGTHS), "the synthetic tenant must hold circles of groups"
    nested = np.flatnonzero(parent >= 0)

    drawn = np.rint(rng.lognormal(*plan.GROUP_SIZE, groups)).astype(np.int64).clip(1, users // 2)
    in_groups = distinct(np.repeat(np.arange(groups), drawn) * users + rng.integers(0, users, drawn.sum()))
    drawn = np.rint(rng.lognormal(*plan.TEAM_SIZE, sites)).astype(np.int64).clip(1, users // 2)
    in_teams = distinct(np.repeat(np.arange(sites), drawn) * users + rng.integers(0, users, drawn.sum()))
    internal = users - max(1, round(users * plan.GUEST_SHARE))
    owning = np.repeat(np.arange(sites), plan.OWNERS_PER_TEAM)
    owners = distinct(owning * users + rng.integers(0, internal, len(owning)))

    site = np.arange(sites)
    visited = np.flatnonzero(rng.random(sites) < plan.OPEN_VISITORS)
    parts = [
        (numbers.first_group + in_groups // users, in_groups % users, False),
        (numbers.first_group + parent[nested], numbers.first_group + nested, False),
        (numbers.first_team + in_teams // users, in_teams % users, False),
        (numbers.first_team + owners // users, owners % users, True),
        (numbers.site_group(site, OWNERS), numbers.first_owners_claim + site, False),
        (numbers.site_group(site, MEMBERS), numbers.first_team + site, False),
        (numbers.site_group(visited, VISITORS), np.full(len(visited), numbers.everyone_internal), False),
    ]
    return Members(
        group=np.concatenate([group for group, _, _ in parts]),
        member=np.concatenate([member for _, member, _ in parts]),
        owner=np.concatenate([np.full(len(group), owner) for group, _, owner in parts]),
        on_circle=numbers.first_group + circle,
    )


def _links(rng: np.random.Generator, numbers: Numbers, scopes: Scopes) -> tuple[Links, tuple[Ints, Ints]]:
    """The links and, as (scope, link), every scope on which one stands: its origin and the copies on scopes below."""
    below_web = np.flatnonzero(scopes.kind != plan.WEB)
    origin = np.sort(rng.choice(below_web, max(3, round(len(scopes.kind) * plan.LINKED)), replace=False))
    count = len(origin)
    # one of each audience stands first, so that a small tenant lacks none
    audience = rng.choice(len(plan.AUDIENCES), count, p=plan.LINK_SHARES)
    audience[: len(plan.AUDIENCES)] = np.arange(len(plan.AUDIENCES))
    expired = rng.random(count) < plan.EXPIRED_LINKS
    ahead = rng.integers(1, 181, count) * (rng.random(count) < 0.5)
    redeemers = rng.poisson(plan.REDEEMERS, count)
    redeemers[audience == plan.PEOPLE] += 1
    who = rng.integers(0, numbers.users, redeemers.sum())
    named = distinct(np.repeat(np.arange(count), redeemers) * numbers.users + who)
    created_by = rng.integers(0, numbers.users - max(1, round(numbers.users * plan.GUEST_SHARE)), count)

    link_of = np.full(len(scopes.kind), -1, dtype=np.int64)
    link_of[origin] = np.arange(count)
    above = np.where(scopes.parent >= 0, link_of[scopes.parent], -1)
    copied = np.flatnonzero((above >= 0) & (rng.random(len(above)) < plan.COPIED_LINK))
    rows = (np.concatenate([origin, copied]), np.concatenate([np.arange(count), above[copied]]))
    links = Links(
        audience=audience,
        level=rng.choice(np.array([plan.READ, plan.CONTRIBUTE]), count),
        origin=origin,
        created_by=created_by,
        created_days=rng.integers(190, 700, count),
        expires_days=np.where(expired, -rng.integers(1, 181, count), ahead),
        user_link=named // numbers.users,
        user=named % numbers.users,
    )
    return links, rows


def _grants(
    rng: np.random.Generator,
    numbers: Numbers,
    scopes: Scopes,
    on_circle: Ints,
    links: Links,
    link_rows: tuple[Ints, Ints],
) -> Grants:
    count = len(scopes.kind)
    keeps = (rng.random(count) < plan.KEEPS_SITE_GROUPS) | (scopes.kind == plan.WEB)
    kept = np.flatnonzero(keeps)
    direct = rng.poisson(plan.DIRECT_USERS, count)
    # an empty access list would not show in an export by permissions: who lost the site's groups has somebody
    direct[~keeps] = direct[~keeps].clip(1)
    pairs = distinct(np.repeat(np.arange(count), direct) * numbers.users + rng.integers(0, numbers.users, direct.sum()))
    extra = np.flatnonzero(rng.random(count) < plan.EXTRA_GROUP)
    extra_group = numbers.first_group + rng.integers(0, numbers.groups, len(extra))
    # the circles must matter: the first extra grants go to groups on them
    ringed = min(len(extra), len(on_circle))
    extra_group[:ringed] = on_circle[:ringed]
    wide = np.flatnonzero(rng.random(count) < plan.OPEN_TO_ALL)
    linked, link = link_rows

    def level(n: int, *of: int) -> Ints:
        return rng.choice(np.array(of), n)

    site = scopes.site[kept]
    parts = [
        (kept, numbers.site_group(site, OWNERS), np.full(len(kept), plan.FULL)),
        (kept, numbers.site_group(site, MEMBERS), np.full(len(kept), plan.EDIT)),
        (kept, numbers.site_group(site, VISITORS), np.full(len(kept), plan.READ)),
        (pairs // numbers.users, pairs % numbers.users, level(len(pairs), plan.READ, plan.CONTRIBUTE, plan.VIEW_ONLY)),
        (extra, extra_group, level(len(extra), plan.READ, plan.CONTRIBUTE)),
        (wide, np.full(len(wide), numbers.everyone_internal), np.full(len(wide), plan.READ)),
        (linked, np.full(len(linked), -1), links.level[link]),
    ]
    scope = np.concatenate([part[0] for part in parts])
    principal = np.concatenate([part[1] for part in parts])
    levels = np.concatenate([part[2] for part in parts])
    of_link = np.concatenate([np.full(len(scope) - len(linked), -1), link])
    order = np.lexsort((principal, levels, of_link, scope))
    return Grants(scope[order], principal[order], levels[order], of_link[order])


def _usage(rng: np.random.Generator, numbers: Numbers, grants: Grants, scopes: int) -> Usage:
    """Evidence for some of the people who hold a grant of their own; the many others never used theirs."""
    own = np.flatnonzero((grants.principal >= 0) & (grants.principal < numbers.users))
    used = np.sort(rng.choice(own, min(len(own), max(1, round(scopes * plan.USAGE_PER_SCOPE))), replace=False))
    return Usage(
        user=grants.principal[used],
        scope=grants.scope[used],
        seconds=rng.integers(0, plan.USAGE_DAYS * 86_400, len(used)),
        action=rng.integers(0, 3, len(used)),
    )
