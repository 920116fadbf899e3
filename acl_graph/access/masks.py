"""What the lists hold for one user and many things, or for one thing and many users: the two ways to ask."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from acl_graph.access.decide import Pairs
from acl_graph.access_rules.forms import VIA_ANYONE, VIA_ORGANIZATION, Mask
from acl_graph.access_rules.levels import VIEW_BITS
from acl_graph.indexed.ids import Codes
from acl_graph.kernels.csr import spread
from acl_graph.vocabulary import GATE_NUMBER, Gate
from acl_graph.world.compile import Units
from acl_graph.world.group_sets import Sets

NOTHING = np.zeros(1, np.uint64)
ACL, EXTERNAL_SHARING, DLP = (1 << GATE_NUMBER[gate] for gate in (Gate.ACL, Gate.EXTERNAL_SHARING, Gate.DLP))


class OneUser:
    """All that one subject holds, place by place. The subject's sets are looked up once."""

    def __init__(self, units: Units, user: int) -> None:
        self.units, self.user = units, user
        self.now = self._nodes(units.families.now)
        joining, eligible = units.families.joining, units.families.eligible
        self.joining = None if joining is None or not units.works[user] else self._nodes(joining)
        self.eligible = None if eligible is None or not units.works[user] else self._nodes(eligible)

    def _nodes(self, family: Sets) -> NDArray[np.bool_]:
        """bool[N]: the nodes this subject is in."""
        return family.holding(self.user)[family.set_of]

    def in_populations(self, populations: int) -> NDArray[np.bool_]:
        """bool[N]: the nodes this subject would be in as one of these populations instead of his own."""
        family = self.units.families.now
        return family.holding(self.user, populations)[family.set_of]

    def administers(self, site: int) -> bool:
        """Whether this subject is an administrator of a site."""
        return site >= 0 and bool(self._site_masks[0][site])

    def of(self, things: Codes) -> Pairs:
        """This subject and these things."""
        units = self.units
        at = units.place_of[things]
        if len(things) == 1:
            masks = self._at_one(int(at[0]))
        elif len(things) * 4 > units.n_things:
            masks = [part[at] for part in self._place_masks(np.arange(units.n_places, dtype=np.int64))]
        else:
            places, back = np.unique(at, return_inverse=True)
            masks = [part[back] for part in self._place_masks(places.astype(np.int64))]
        now, bare, organization, anyone, joining, eligible = masks
        site = units.site_of[things]
        by_site, by_joining, by_activating = self._site_masks
        anywhere = by_site[site] | np.where(at < units.n_scopes, self._everywhere, np.uint64(0))
        return Pairs(
            users=np.array([self.user], np.int32),
            things=things,
            mask=now | anywhere,
            mask_no_anyone=bare | anywhere,
            by_organization=organization,
            by_anyone=anyone,
            by_joining=joining | by_joining[site],
            by_activating=eligible | by_activating[site],
            waived=self._waived(things),
        )

    def _at_one(self, place: int) -> list[Mask]:
        """`_place_masks` of a single place, without the machinery for many."""
        listed, latent = self.units.listed, self.units.latent
        here = slice(listed.ptr[place], listed.ptr[place + 1])
        node, mask, via = listed.entries.node[here], listed.entries.mask[here], listed.entries.via[here]
        held = self.now[node]
        found = [mask[held], mask[held & (via != VIA_ANYONE)]]
        here = slice(latent.ptr[place], latent.ptr[place + 1])
        within, organization = self.now[latent.entries.node[here]], latent.entries.via[here] == VIA_ORGANIZATION
        found += [latent.entries.mask[here][within & organization], latent.entries.mask[here][within & ~organization]]
        found += [mask[:0] if family is None else mask[family[node]] for family in (self.joining, self.eligible)]
        return [np.bitwise_or.reduce(part, keepdims=True) if len(part) else NOTHING for part in found]

    def _place_masks(self, places: NDArray[np.int64]) -> list[Mask]:
        """Per place: held now, without Anyone links, by organization link, by Anyone link, joining, activating."""
        listed, latent = self.units.listed, self.units.latent
        at, owner = spread(listed.ptr, places)
        node, mask, via = (part[at] for part in (listed.entries.node, listed.entries.mask, listed.entries.via))
        size = len(places)
        now = _gather(owner, np.where(self.now[node], mask, 0), size)
        bare = _gather(owner, np.where(self.now[node] & (via != VIA_ANYONE), mask, 0), size)
        at_latent, latent_owner = spread(latent.ptr, places)
        node_l, mask_l, via_l = (
            part[at_latent] for part in (latent.entries.node, latent.entries.mask, latent.entries.via)
        )
        within = self.now[node_l]
        organization = _gather(latent_owner, np.where(within & (via_l == VIA_ORGANIZATION), mask_l, 0), size)
        anyone = _gather(latent_owner, np.where(within & (via_l != VIA_ORGANIZATION), mask_l, 0), size)
        empty = np.zeros(size, np.uint64)
        joining = empty if self.joining is None else _gather(owner, np.where(self.joining[node], mask, 0), size)
        eligible = empty if self.eligible is None else _gather(owner, np.where(self.eligible[node], mask, 0), size)
        return [now, bare, organization, anyone, joining, eligible]

    @cached_property
    def _site_masks(self) -> tuple[Mask, Mask, Mask]:
        """Administrator masks per site: held now, by joining, by activating; one more entry for "no site"."""
        units = self.units
        found = units.admins.entries
        masks = []
        for family in (self.now, self.joining, self.eligible):
            of_site = np.zeros(len(units.facts.sites) + 1, np.uint64)
            if family is not None:
                held = family[found.node]
                np.bitwise_or.at(of_site, found.scope[held], found.mask[held])
            masks.append(of_site)
        for mask in units.on_every_site.mask[self.now[units.on_every_site.node]]:
            masks[0][:-1] |= mask
        return masks[0], masks[1], masks[2]

    @cached_property
    def _everywhere(self) -> np.uint64:
        found = self.units.everywhere
        held = found.mask[self.now[found.node]]
        return np.uint64(np.bitwise_or.reduce(held, initial=self.units.app_mask[self.user]))

    def _waived(self, things: Codes) -> NDArray[np.int64]:
        item, user, gates = self.units.exceptions
        if len(things) == 1:
            start, end = np.searchsorted(item, (things[0], things[0] + 1))
            at = start + int(np.searchsorted(user[start:end], self.user))
            return gates[at : at + 1] if at < end and user[at] == self.user else np.zeros(1, np.int64)
        ptr, order = self.units.exceptions_by_user
        mine = order[ptr[self.user] : ptr[self.user + 1]]
        if not len(mine):
            return np.zeros(len(things), np.int64)
        all_things = np.zeros(self.units.n_things, np.int64)
        all_things[item[mine]] = gates[mine]
        return all_things[things]

    def attributed(self, pairs: Pairs, stopped: int) -> int:
        """The failing gates of this subject and one thing, each credited with what it stops.

        A guest whose grant a guest rule takes away is stopped by that rule, not by having no grant.
        """
        thing = int(pairs.things[0])
        if not stopped & ACL or not self.units.outsider[self.user]:
            return stopped
        barred, without_anyone = self._barred(thing)
        if (int(pairs.mask[0]) | barred) & VIEW_BITS != VIEW_BITS:
            return stopped
        stopped = (stopped & ~ACL) | EXTERNAL_SHARING
        left = int(pairs.mask_no_anyone[0]) | without_anyone
        return stopped | DLP if self.units.no_anyone[thing] and left & VIEW_BITS != VIEW_BITS else stopped

    def _barred(self, thing: int) -> tuple[int, int]:
        """What guest rules take away from this subject on a thing (P18, S16): all of it, and without Anyone links."""
        units = self.units
        place, site = int(units.place_of[thing]), int(units.site_of[thing])
        node = int(units.facts.people.node_of[self.user])
        membership = units.membership
        groups = _above(units, membership.barred_group[membership.barred_member == node].tolist())
        mask = bare = 0
        own = [(found, {node}) for found in (units.barred.at(place), units.barred_admins.at(site))]
        for found, who in [*own, *((found, groups) for found in (units.listed.at(place), units.admins.at(site)))]:
            for held, its, via in zip(found.node.tolist(), found.mask.tolist(), found.via.tolist(), strict=True):
                if held in who:
                    mask |= its
                    bare |= its if via != VIA_ANYONE else 0
        return mask, bare


def _above(units: Units, groups: list[int]) -> set[int]:
    """The groups and all groups that contain them."""
    reached = set(groups)
    waiting = list(groups)
    while waiting:
        group = waiting.pop()
        for outer in units.membership.group[units.membership.member == group]:
            if int(outer) not in reached:
                reached.add(int(outer))
                waiting.append(int(outer))
    return reached


def one_thing(units: Units, thing: int) -> Pairs:
    """One thing and every subject, users in order."""
    place, site = int(units.place_of[thing]), int(units.site_of[thing])
    n = units.facts.people.n_users
    here = [units.listed.at(place), units.admins.at(site)]
    if place < units.n_scopes:
        here.append(units.everywhere)
        if site >= 0:
            here.append(units.on_every_site)
    now, bare, joining, eligible = (np.zeros(n, np.uint64) for _ in range(4))
    if place < units.n_scopes:
        now |= units.app_mask
        bare |= units.app_mask
    sets = units.families
    for found in here:
        for node, mask, via in zip(found.node, found.mask, found.via, strict=True):
            members = sets.now.members(int(node))
            now[members] |= mask
            if via != VIA_ANYONE:
                bare[members] |= mask
            if sets.joining is not None:
                joining[sets.joining.members(int(node)) & units.works] |= mask
            if sets.eligible is not None:
                eligible[sets.eligible.members(int(node)) & units.works] |= mask
    by_link = {via: np.zeros(n, np.uint64) for via in (VIA_ORGANIZATION, VIA_ANYONE)}
    latent = units.latent.at(place)
    for node, mask, via in zip(latent.node, latent.mask, latent.via, strict=True):
        by_link[VIA_ORGANIZATION if via == VIA_ORGANIZATION else VIA_ANYONE][sets.now.members(int(node))] |= mask
    item, user, gates = units.exceptions
    start, end = np.searchsorted(item, [thing, thing + 1])
    waived = np.zeros(n, np.int64)
    waived[user[start:end]] = gates[start:end]
    return Pairs(
        users=np.arange(n, dtype=np.int32),
        things=np.array([thing], np.int32),
        mask=now,
        mask_no_anyone=bare,
        by_organization=by_link[VIA_ORGANIZATION],
        by_anyone=by_link[VIA_ANYONE],
        by_joining=joining,
        by_activating=eligible,
        waived=waived,
    )


def _gather(owner: NDArray[np.int64], masks: Mask, size: int) -> Mask:
    """OR of the masks of each owner; owners come in order."""
    out = np.zeros(size, np.uint64)
    if len(owner):
        starts = np.flatnonzero(np.r_[True, owner[1:] != owner[:-1]])
        out[owner[starts]] = np.bitwise_or.reduceat(masks.astype(np.uint64), starts)
    return out
