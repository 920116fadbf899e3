"""Lists: for every thing the sets and single subjects that its permissions name, each distinct list once.

Most things take the list of their scope. A library that asks for more than reading, a file on which Anyone links do
not count, or an item on another site than its scope gets a variant of it. Lists do not depend on gates, so lenses share
them.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from acl_graph.access_rules.forms import VIA_ANYONE, VIA_ORGANIZATION
from acl_graph.indexed.ids import Codes
from acl_graph.kernels import reach as kernel
from acl_graph.kernels.csr import checked, gather
from acl_graph.vocabulary import Kind, Step
from acl_graph.world.compile import Units
from acl_graph.world.group_sets import Sets


@dataclass(frozen=True)
class Pool:
    """The sets that lists are made of: those of the nodes, latent ones, and the single administrators of each site."""

    ptr: NDArray[np.int64]
    users: Codes
    populations: NDArray[np.uint32]
    joining: int  # offset of the sets one could join, or -1
    eligible: int
    site_admins: int


def _pool(units: Units, steps: Collection[Step]) -> Pool:
    families = units.families
    parts: list[Sets] = [families.now]
    offsets = {Step.JOIN: -1, Step.ELIGIBLE: -1}
    for step, family in ((Step.JOIN, families.joining), (Step.ELIGIBLE, families.eligible)):
        if step in steps and family is not None:
            offsets[step] = sum(len(part.populations) for part in parts)
            parts.append(family)
    admins = units.admins.entries
    user = np.append(units.facts.people.user_of, -1)[np.minimum(admins.node, len(units.facts.people.user_of))]
    single = (user >= 0) & _direct(units, admins.node)
    n_sites = len(units.facts.sites)
    admin_ptr, order = gather(admins.scope[single], n_sites)
    pointers = [np.zeros(1, np.int64)]
    end = 0
    for ptr in [*(part.ptr for part in parts), admin_ptr]:
        pointers.append(ptr[1:] + end)
        end += int(ptr[-1])
    populations = np.concatenate([*(part.populations for part in parts), np.zeros(n_sites, np.uint32)])
    return Pool(
        ptr=np.concatenate(pointers),
        users=np.concatenate([*(part.users for part in parts), user[single][order]]).astype(np.int32),
        populations=populations,
        joining=offsets[Step.JOIN],
        eligible=offsets[Step.ELIGIBLE],
        site_admins=sum(len(part.populations) for part in parts),
    )


def _direct(units: Units, node: Codes) -> NDArray[np.bool_]:
    """Which nodes are one person or app, and not a set."""
    people = units.facts.people
    single = np.append(people.are(Kind.USER, Kind.APP), np.zeros(64, np.bool_))
    return np.asarray(single[node])


class Lists:
    """All lists of one world. `steps` adds who is one of these steps away: joining, activating, using a link.

    `want` are the bits a mask must have, `bare` bool[X] the things on which Anyone entries do not count.

    After construction: `variant` and `base_variant` int32[X] (what counts, and what counts for an author who is spared
    a library's needs), `flagged` bool[V] (masks only suffice together), `start`, `length` int64[V] into `groups` (set
    numbers of `pool`), `list_name` int32[V] (equal lists have equal names), `extra_ptr` int64[V+1] into `extras`
    (single subjects).
    """

    def __init__(self, units: Units, *, steps: Collection[Step], want: int, bare: NDArray[np.bool_]) -> None:
        self.units, self.steps, self.want, self.bare = units, steps, want, bare
        self.pool = _pool(units, steps)
        self._name_variants()
        self._write()

    def _name_variants(self) -> None:
        """Which list counts for each thing; most take their scope's."""
        units = self.units
        site = units.site_of
        standard_site = np.concatenate([units.facts.scope_site, np.full(units.n_places - units.n_scopes, -1, np.int32)])
        place = units.place_of
        standard = (site == standard_site[place]) & ~self.bare
        base = np.where(standard & (units.need_of_author == 0), place, -1).astype(np.int64)
        variant = np.where(standard & (units.need == 0), place, -1).astype(np.int64)
        keys: dict[tuple[int, int, int, bool], int] = {}
        self.v_place = [np.arange(units.n_places, dtype=np.int32)]
        self.v_site = [standard_site]
        self.v_need = [np.zeros(units.n_places, np.uint64)]
        self.v_bare = [np.zeros(units.n_places, np.bool_)]

        def name(at: int, need: int) -> int:
            key = (int(place[at]), int(site[at]), need, bool(self.bare[at]))
            if key not in keys:
                keys[key] = units.n_places + len(keys)
            return keys[key]

        for at in np.flatnonzero(variant < 0):
            variant[at] = name(int(at), int(units.need[at]))
        for at in np.flatnonzero(base < 0):
            base[at] = name(int(at), int(units.need_of_author[at]))
        if keys:
            more = list(keys)
            self.v_place.append(np.array([key[0] for key in more], np.int32))
            self.v_site.append(np.array([key[1] for key in more], np.int32))
            self.v_need.append(np.array([key[2] for key in more], np.uint64))
            self.v_bare.append(np.array([key[3] for key in more], np.bool_))
        self.variant, self.base_variant = variant.astype(np.int32), base.astype(np.int32)

    def _write(self) -> None:
        """Write every variant's list of sets and extras, and name equal lists alike."""
        units, pool = self.units, self.pool
        place, set_of, user, mask, anyone = self._entries()
        place_ptr, order = gather(place, units.n_places)
        set_of, user, mask, anyone = set_of[order], user[order], mask[order], anyone[order]
        checked(set_of, len(pool.populations), or_none=True)
        checked(user, units.facts.people.n_users, or_none=True)
        admin_site, admin_set = self._admin_sets()
        site_ptr, admin_order = gather(admin_site, len(units.facts.sites))
        v_place = checked(np.concatenate(self.v_place), units.n_places)
        v_site = checked(np.concatenate(self.v_site), len(units.facts.sites), or_none=True)
        want = np.concatenate(self.v_need) | np.uint64(self.want)
        bare = np.concatenate(self.v_bare)
        more_set = units.families.now.set_of[units.everywhere.node]
        more_mask = units.everywhere.mask
        if len(units.on_every_site):
            more_set = np.concatenate([more_set, units.families.now.set_of[units.on_every_site.node]])
            more_mask = np.concatenate([more_mask, units.on_every_site.mask])
        entries_at = place_ptr[v_place + 1] - place_ptr[v_place]
        admins_at = np.append(np.diff(site_ptr), 0)[v_site]
        self.group_ptr = np.zeros(len(v_place) + 1, np.int64)
        self.extra_ptr = np.zeros(len(v_place) + 1, np.int64)
        groups = np.empty(int(entries_at.sum() + admins_at.sum()) + len(v_place) * len(more_set), np.int32)
        extras = np.empty(int(entries_at.sum()), np.int32)
        flagged = kernel.lists(
            v_place, v_site, want, bare, place_ptr, set_of, user, mask, anyone,
            site_ptr, admin_set[admin_order], more_set.astype(np.int32), more_mask,
            self.group_ptr, groups, self.extra_ptr, extras,
        )  # fmt: skip
        self.groups, self.extras = groups, extras[: self.extra_ptr[-1]]
        self.start = np.zeros(len(v_place), np.int64)
        self.length = np.zeros(len(v_place), np.int64)
        self.list_name = np.zeros(len(v_place), np.int32)
        self.n_lists = kernel.name_lists(self.group_ptr, self.groups, self.start, self.length, self.list_name)
        checked(pool.users, units.facts.people.n_users)
        self.flagged = flagged.astype(np.bool_)

    def _entries(self) -> tuple[Codes, Codes, Codes, NDArray[np.uint64], NDArray[np.bool_]]:
        """(place, set or -1, subject or -1, mask, is an Anyone entry) of all that stands on places under this lens."""
        units, found = self.units, self.units.listed.entries
        people = units.facts.people
        single = _direct(units, found.node)
        user = np.where(single, np.append(people.user_of, np.full(64, -1, np.int32))[found.node], -1)
        now = units.families.now.set_of
        parts = [(found.scope, np.where(single, -1, now[found.node]), user, found.mask, found.via == VIA_ANYONE)]
        if Step.LINK_URL in self.steps:
            latent = units.latent.entries
            nobody = np.full(len(latent), -1, np.int32)
            parts.append((latent.scope, now[latent.node], nobody, latent.mask, latent.via != VIA_ORGANIZATION))
        for family, offset in self._stepping():
            at = np.flatnonzero(~single & family.filled[family.set_of[found.node]])
            sets = family.set_of[found.node[at]] + offset
            nobody = np.full(len(at), -1, np.int32)
            parts.append((found.scope[at], sets, nobody, found.mask[at], np.zeros(len(at), np.bool_)))
        place, set_of, subject, mask, anyone = (np.concatenate(column) for column in zip(*parts, strict=True))
        return place, set_of.astype(np.int32), subject.astype(np.int32), mask.astype(np.uint64), anyone

    def _stepping(self) -> list[tuple[Sets, int]]:
        families, pool = self.units.families, self.pool
        steps = ((families.joining, pool.joining), (families.eligible, pool.eligible))
        return [(family, offset) for family, offset in steps if family is not None and offset >= 0]

    def _admin_sets(self) -> tuple[Codes, Codes]:
        """(site, set) rows: the groups that administer a site, and one set for its single administrators."""
        units = self.units
        found = units.admins.entries
        single = _direct(units, found.node)
        sites, sets = [found.scope[~single]], [units.families.now.set_of[found.node[~single]]]
        for family, offset in self._stepping():
            at = ~single & family.filled[family.set_of[found.node]]
            sites.append(found.scope[at])
            sets.append(family.set_of[found.node[at]] + offset)
        own = np.unique(found.scope[single])
        sites.append(own)
        sets.append(own + self.pool.site_admins)
        return np.concatenate(sites).astype(np.int32), np.concatenate(sets).astype(np.int32)

    def on_lists(self, variant: Codes, user: Codes) -> NDArray[np.bool_]:
        """Whether each user is on the list of each variant, pair by pair."""
        asked, of = np.unique(variant, return_inverse=True)
        ptr, order = gather(of, len(asked))
        found = np.zeros(len(user), np.uint8)
        stamp = np.full(max(1, self.units.facts.people.n_users), -1, np.int64)
        pool = self.pool
        kernel.on_lists(
            asked, user[order].astype(np.int32), ptr, self.start, self.length, self.groups, self.extra_ptr, self.extras,
            pool.ptr, pool.users, pool.populations, self.units.families.now.user_populations, stamp, found,
        )  # fmt: skip
        back = np.zeros(len(user), np.bool_)
        back[order] = found != 0
        return back


def lists_of(units: Units, *, steps: tuple[Step, ...], want: int, bare: NDArray[np.bool_]) -> Lists:
    """The lists of a world, made once and kept with its units, which never change."""
    kept: dict[tuple[tuple[Step, ...], int, bytes], Lists] | None = getattr(units, "_lists", None)
    if kept is None:
        kept = {}
        object.__setattr__(units, "_lists", kept)
    key = (steps, want, np.packbits(bare).tobytes())
    if key not in kept:
        kept[key] = Lists(units, steps=steps, want=want, bare=bare)
    return kept[key]
