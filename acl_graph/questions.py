"""What the lists hold for one user and many things, or for one thing and many users: the two ways to ask."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from acl_graph.access_rules.forms import VIA_ANYONE, VIA_ORGANIZATION, Mask
from acl_graph.csr import spread
from acl_graph.names import Codes
from acl_graph.sets import Sets
from acl_graph.units import Units
from acl_graph.verdicts import Pairs


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

    def of(self, things: Codes) -> Pairs:
        """This subject and these things."""
        units = self.units
        everything = len(things) * 4 > units.n_things
        if everything:
            place = self._place_masks(np.arange(units.n_places, dtype=np.int64))
            masks = [part[units.place_of[things]] for part in place]
            site = self._site_masks()[units.site_of[things]]
        else:
            places, back = np.unique(units.place_of[things], return_inverse=True)
            masks = [part[back] for part in self._place_masks(places.astype(np.int64))]
            site = self._site_masks()[units.site_of[things]]
        now, bare, organization, anyone, joining, eligible = masks
        real = units.place_of[things] < units.n_scopes
        everywhere = np.where(real, self._everywhere(), np.uint64(0))
        admin_joins, admin_activates = self._latent_site_masks()
        return Pairs(
            users=np.array([self.user], np.int32),
            things=things,
            mask=now | site | everywhere,
            mask_no_anyone=bare | site | everywhere,
            by_organization=organization,
            by_anyone=anyone,
            by_joining=joining | admin_joins[units.site_of[things]],
            by_activating=eligible | admin_activates[units.site_of[things]],
            waived=self._waived(things),
        )

    def _place_masks(self, places: NDArray[np.int64]) -> list[Mask]:
        """Per asked place: held now, without Anyone links, by organization link, by Anyone link, joining, activating."""
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

    def _site_masks(self) -> Mask:
        """Administrator masks per site; one more entry for "no site"."""
        units = self.units
        masks = np.zeros(len(units.facts.sites) + 1, np.uint64)
        found = units.admins.entries
        held = self.now[found.node]
        np.bitwise_or.at(masks, found.scope[held], found.mask[held])
        for mask in units.on_every_site.mask[self.now[units.on_every_site.node]]:
            masks[:-1] |= mask
        return masks

    def _latent_site_masks(self) -> tuple[Mask, Mask]:
        units = self.units
        found = units.admins.entries
        both = []
        for family in (self.joining, self.eligible):
            masks = np.zeros(len(units.facts.sites) + 1, np.uint64)
            if family is not None:
                held = family[found.node]
                np.bitwise_or.at(masks, found.scope[held], found.mask[held])
            both.append(masks)
        return both[0], both[1]

    def _everywhere(self) -> np.uint64:
        found = self.units.everywhere
        held = found.mask[self.now[found.node]]
        return np.bitwise_or.reduce(held, initial=self.units.app_mask[self.user])

    def _waived(self, things: Codes) -> NDArray[np.int64]:
        item, user, gates = self.units.exceptions
        mine = user == self.user
        if not mine.any():
            return np.zeros(len(things), np.int64)
        all_things = np.zeros(self.units.n_things, np.int64)
        all_things[item[mine]] = gates[mine]
        return all_things[things]

    def barred_mask(self, thing: int) -> np.uint64:
        """What guest rules take away from this subject on a thing (P18, S16): for naming the gate."""
        units = self.units
        place, site = int(units.place_of[thing]), int(units.site_of[thing])
        node = units.facts.people.node_of[self.user]
        reached = {int(node)}
        groups = units.membership.barred_group[units.membership.barred_member == node]
        reached |= _above(units, [int(group) for group in groups])
        mask = np.uint64(0)
        for found in (units.barred.at(place), units.barred_admins.at(site)):
            for held in found.mask[found.node == node]:
                mask |= held
        reached.discard(int(node))
        for found in (units.listed.at(place), units.admins.at(site)):
            for held in found.mask[np.isin(found.node, list(reached))]:
                mask |= held
        return mask


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
