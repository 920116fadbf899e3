"""What a change would do before anybody makes it: rows, gates and sets laid over the compiled units, no new tenant.

A `Change` names what goes or is set, and the call that does it, as data. `WhatIf.compare` asks the same `decide` that
answers `check`, once with the units as they are and once with the change laid over them, for the things that are
named. Things that the lists and gates treat alike are asked once. `changed_tenant.py` is the slow twin: it changes the
rows and compiles everything anew; `tests/changes/test_what_if.py` holds one against the other.

Only the sure world is asked: a promise to close something must not hang on a gap of the export.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from acl_graph.access.decide import Pairs, decide, lens_holds
from acl_graph.access.masks import OneUser
from acl_graph.access_rules.forms import VIA_ANYONE, VIA_ORGANIZATION, Entries, Mask
from acl_graph.changes.gates import Gates, GatesAfter
from acl_graph.changes.overlay import Layer, Overlay
from acl_graph.changes.recompiled import compare_anew
from acl_graph.changes.shared_directly import BIT, SharedDirectly
from acl_graph.indexed.ids import Codes
from acl_graph.indexed.indexed_tenant import Facts
from acl_graph.kernels.csr import spread
from acl_graph.vocabulary import Kind, Lens
from acl_graph.world.compile import Listed, Units
from acl_graph.world.group_walk import Descent

if TYPE_CHECKING:
    from acl_graph.access import Access

Bools = NDArray[np.bool_]
LENSES = tuple(Lens)
#: how many bytes of answers about the present are kept
KEPT_BYTES = 64_000_000


class ChangeKind(StrEnum):
    """What a change does. The words in brackets are the keys of its target."""

    REMOVE_GRANT = "remove_grant"  #: a principal's role assignments on one scope (scope, principal, perhaps level)
    REMOVE_LINK = "remove_link"  #: a sharing link, wherever it was copied to: it is pushed down (link; H12)
    REMOVE_LINK_USER = "remove_link_user"  #: one recipient or redeemer of a link (link, principal)
    REMOVE_MEMBER = "remove_member"  #: a direct membership (group, member, perhaps role)
    REMOVE_SITE_ADMIN = "remove_site_admin"  #: a site collection administrator (site, principal)
    MAKE_GROUP_PRIVATE = "make_group_private"  #: ends self-join and the claim in the default Members group (group; P14)
    RESTRICT_ACCESS = "restrict_access"  #: restricted access control with exactly these groups (site, groups)
    RESTRICT_DISCOVERY = "restrict_discovery"  #: out of organisation-wide search and Copilot; opens stay (site)
    SET_SHARING = "set_sharing"  #: a lower external sharing level of a site (site, level)
    SET_EXPIRY = "set_expiry"  #: a date on which a link ends (link, expires)


@dataclass(frozen=True)
class Command:
    """The call that makes a change: the name of a template, and its parameters as data. Nothing is ever spliced."""

    template: str
    parameters: Mapping[str, str | tuple[str, ...]]


@dataclass(frozen=True)
class Change:
    """One change: what (`kind`, `target` of ids), why, by which fix of the catalogue, and what else it does."""

    kind: ChangeKind
    target: Mapping[str, str | tuple[str, ...]]
    why: str
    fix: str
    command: Command
    reversible: bool = True
    side_effects: tuple[str, ...] = ()

    def __getitem__(self, key: str) -> str:
        value = self.target[key]
        if not isinstance(value, str):
            raise TypeError(f"{key} is a list")
        return value


@dataclass(frozen=True)
class Comparison:
    """Who reaches the things before and after. `before`, `after`: lens -> bool[U], everybody who reaches one of them.

    `pairs_before`, `pairs_after`: lens -> sensitive files times people. `counted` of `things` things were asked about;
    fewer than all only where more than `most` different lists would have had to be asked.
    """

    before: Mapping[Lens, Bools]
    after: Mapping[Lens, Bools]
    pairs_before: Mapping[Lens, int]
    pairs_after: Mapping[Lens, int]
    counted: int
    things: int


def reach_after(access: Access, changes: Sequence[Change], things: Codes, lens: Lens) -> tuple[Bools, Bools]:
    """(before, after), bool[U] each: which subjects reach at least one of the things under a lens.

    `things` are numbers of items, or of plain items of scopes (`units.plain(scope)`).
    """
    found = WhatIf(access.sure).compare(things, changes, most=max(1, len(things)))
    return found.before[lens], found.after[lens]


class WhatIf:
    """One world ready to be asked what changes would do. Keeps what it learned about the present.

    Raises ValueError for the possible world.
    """

    def __init__(self, units: Units) -> None:
        if units.wide:
            raise ValueError("a change is judged in the sure world")
        self.units = units
        self.facts: Facts = units.facts
        self.humans: Bools = self.facts.people.are(Kind.USER)[self.facts.people.node_of]
        self._present: dict[int, Bools] = {}
        self._members: dict[int, Bools] = {}

    @cached_property
    def descent(self) -> Descent:
        """Membership walked with rows left out."""
        return Descent(self.units)

    @cached_property
    def layer(self) -> Layer:
        """Changes as overlays."""
        return Layer(self.units, self.descent)

    @cached_property
    def gates(self) -> GatesAfter:
        """Gates after changes."""
        return GatesAfter(self.units, self.descent, self.layer)

    @cached_property
    def shared(self) -> SharedDirectly:
        """Whose exception under restricted search ends."""
        return SharedDirectly(self.units, self.layer)

    def overlay(self, changes: Sequence[Change]) -> Overlay:
        """The rows, groups and sites that changes concern."""
        return self.layer.lay(changes)

    def compare(
        self,
        things: Codes,
        changes: Sequence[Change],
        files: NDArray[np.int64] | None = None,
        *,
        most: int = 32,
        users: Codes | None = None,
    ) -> Comparison:
        """Reach of the things before and after the changes. `files`: sensitive files each thing stands for.

        With `users` only these subjects are asked about, and nobody else is counted.
        """
        number = np.asarray(things, np.int64)
        weight = np.ones(len(number), np.int64) if files is None else files
        overlay = self.overlay(changes)
        if self._names_rights(overlay):
            return compare_anew(self, number, changes, weight)
        representative, of, key = self._alike(number, overlay)
        size = np.bincount(of, weights=weight, minlength=len(representative)).astype(np.int64)
        order = np.argsort(-size, kind="stable")[:most]
        n = self.facts.people.n_users
        before, after = (np.zeros((len(LENSES), n), np.bool_) for _ in range(2))
        pairs_before, pairs_after = (np.zeros(len(LENSES), np.int64) for _ in range(2))
        gates = self.gates.changed(overlay)
        if users is not None and len(users) == 1 and gates is None:
            user, asked = int(users[0]), representative[order]
            sides = (self._of_one(user, asked, None), self._of_one(user, asked, overlay))
            counts = size[order] * int(self.humans[user])
            for held, pairs, total in zip(sides, (pairs_before, pairs_after), (before, after), strict=True):
                pairs += (held * counts).sum(axis=1)
                total[:, user] = held.any(axis=1)
            order, done = order[:0], order
        else:
            done = order
        for at in order:
            thing = int(representative[at])
            if users is None:
                now = self.now(thing, int(key[at]))
                then = self._then(thing, now, overlay, gates)
            else:
                now, then = np.zeros((2, len(LENSES), n), np.bool_)
                now[:, users] = self._verdicts(thing, None, None, users)
                then[:, users] = self._verdicts(thing, overlay, gates, users)
            before |= now
            after |= then
            pairs_before += size[at] * (now & self.humans).sum(axis=1)
            pairs_after += size[at] * (then & self.humans).sum(axis=1)
        return Comparison(
            before=dict(zip(LENSES, before, strict=True)),
            after=dict(zip(LENSES, after, strict=True)),
            pairs_before={lens: int(value) for lens, value in zip(LENSES, pairs_before, strict=True)},
            pairs_after={lens: int(value) for lens, value in zip(LENSES, pairs_after, strict=True)},
            counted=int(np.isin(of, done).sum()),
            things=len(number),
        )

    def members(self, node: int) -> Bools:
        """Who is in a node that stands on a list, bool[U]; kept."""
        if node not in self._members:
            if len(self._members) * self.facts.people.n_users > KEPT_BYTES:
                self._members.clear()
            self._members[node] = self.units.members(node)
        return self._members[node]

    def now(self, thing: int, key: int) -> Bools:
        """bool[lenses, U]: who reaches a thing as things are; `key` names all things that have the same answer."""
        if key not in self._present:
            if len(self._present) * len(LENSES) * self.facts.people.n_users > KEPT_BYTES:
                self._present.clear()
            self._present[key] = self._verdicts(thing, None, None, None)
        return self._present[key]

    def _then(self, thing: int, now: Bools, overlay: Overlay, gates: Gates | None) -> Bools:
        """The answer after the changes: only people whom they can touch are asked again."""
        if gates is not None:
            return self._verdicts(thing, overlay, gates, None)
        users = np.flatnonzero(self._touched(thing, overlay)).astype(np.int32)
        if not len(users):
            return now
        then = now.copy()
        then[:, users] = self._verdicts(thing, overlay, None, users)
        return then

    def _touched(self, thing: int, overlay: Overlay) -> Bools:
        units = self.units
        place, site = int(units.place_of[thing]), int(units.site_of[thing])
        nodes = set(overlay.touched)
        for listed in (units.listed.at(place), units.latent.at(place), units.admins.at(site)):
            nodes.update(listed.node[self.layer.dropped(listed, overlay)].tolist())
        found = np.zeros(self.facts.people.n_users, np.bool_)
        for node in nodes:  # not all of them stand on lists: the compiled sets may not hold them
            for family in self.descent.families(int(node), set(), set()):
                found |= family
        return found

    def _verdicts(self, thing: int, overlay: Overlay | None, gates: Gates | None, users: Codes | None) -> Bools:
        """bool[lenses, users]: who reaches one thing under each lens."""
        units = self.units
        if users is None:
            users = np.arange(self.facts.people.n_users, dtype=np.int32)
        masks = self._masks(thing, overlay, users)
        # whoever stands on no list reaches nothing; only administrators can help themselves without
        listed = np.flatnonzero(np.bitwise_or.reduce(masks) | units.elevates[users])
        found = np.zeros((len(LENSES), len(users)), np.bool_)
        if not len(listed):
            return found
        users, masks = users[listed], [mask[listed] for mask in masks]
        item, who, bits = units.exceptions
        start, end = np.searchsorted(item, [thing, thing + 1])
        waived = np.zeros(self.facts.people.n_users, np.int64)
        waived[who[start:end]] = bits[start:end]
        waived[self.shared.ends(thing, overlay)] &= ~BIT
        number = thing
        if gates is not None:
            spared, bit = self.gates.waived(thing, gates)
            waived[spared] |= bit
            units, number = self.gates.alone(thing, gates), 0
        now, bare, organization, anyone, joining, eligible = masks
        pairs = Pairs(
            users=users,
            things=np.array([number], np.int32),
            mask=now,
            mask_no_anyone=bare,
            by_organization=organization,
            by_anyone=anyone,
            by_joining=joining,
            by_activating=eligible,
            waived=waived[users],
        )
        verdicts = decide(units, pairs)
        found[:, listed] = np.stack([lens_holds(verdicts, lens) for lens in LENSES])
        return found

    def _of_one(self, user: int, things: Codes, overlay: Overlay | None) -> Bools:
        """bool[lenses, things]: what one subject reaches, all things at once; for changes that leave gates alone."""
        asked = OneUser(self.units, user)
        pairs = asked.of(things)
        if overlay is None:
            return self._lenses(pairs)
        units = self.units
        now, joining, eligible = asked.now.copy(), asked.joining, asked.eligible
        if overlay.sets:
            changed = sorted(self.descent.concerned(overlay.member_rows, overlay.private))
            held = self.descent.holding(user, overlay.member_rows, overlay.private)
            now[changed] = held[0][changed]
            joining = None if joining is None else joining.copy()
            eligible = None if eligible is None else eligible.copy()
            for family, after in ((joining, held[1]), (eligible, held[2])):
                if family is not None:
                    family[changed] = after[changed]
        places, back = np.unique(units.place_of[things], return_inverse=True)
        sites, back_site = np.unique(units.site_of[things], return_inverse=True)
        listed = self._kept(units.listed, places, overlay)
        latent = self._kept(units.latent, places, overlay)
        admins = self._kept(units.admins, sites[sites >= 0], overlay)
        first = int((sites < 0).sum())  # things on no site come first

        def held_by(family: Bools | None, spare: int | None = None) -> Mask:
            at_place, at_site = np.zeros(len(places), np.uint64), np.zeros(len(sites), np.uint64)
            for masks, (found, owner), start in ((at_place, listed, 0), (at_site, admins, first)):
                if family is not None:
                    counts = family[found.node] & (found.via != spare if spare is not None else True)
                    np.bitwise_or.at(masks, owner[counts] + start, found.mask[counts])
            return np.asarray(at_place[back] | at_site[back_site])

        def by_link(organization: bool) -> Mask:
            masks = np.zeros(len(places), np.uint64)
            found, owner = latent
            counts = now[found.node] & ((found.via == VIA_ORGANIZATION) == organization)
            np.bitwise_or.at(masks, owner[counts], found.mask[counts])
            return np.asarray(masks[back])

        waived = pairs.waived
        if self.shared.matters:
            touched = np.isin(units.place_of[things], self._places_of(user))
            ended = [
                at and user in self.shared.ends(int(thing), overlay) for thing, at in zip(things, touched, strict=True)
            ]
            waived = np.where(ended, pairs.waived & ~BIT, pairs.waived)
        app = np.where(units.place_of[things] < units.n_scopes, units.app_mask[user], np.uint64(0))
        return self._lenses(
            replace(
                pairs,
                mask=held_by(now) | app,
                mask_no_anyone=held_by(now, VIA_ANYONE) | app,
                by_organization=by_link(True),
                by_anyone=by_link(False),
                by_joining=held_by(joining),
                by_activating=held_by(eligible),
                waived=waived,
            )
        )

    def _places_of(self, user: int) -> Codes:
        """Where a subject stands on lists in person."""
        found = self.units.listed.entries
        return np.unique(found.scope[found.node == self.facts.people.node_of[user]])

    def _kept(self, listed: Listed, places: Codes, overlay: Overlay) -> tuple[Entries, NDArray[np.int64]]:
        """(entries of some places that stay, position of the place of each)."""
        at, owner = spread(listed.ptr, places.astype(np.int64))
        found = listed.entries.take(at)
        stays = ~self.layer.dropped(found, overlay)
        return found.take(stays), owner[stays]

    def _lenses(self, pairs: Pairs) -> Bools:
        verdicts = decide(self.units, pairs)
        return np.stack([lens_holds(verdicts, lens) for lens in LENSES])

    def _masks(self, thing: int, overlay: Overlay | None, users: Codes) -> list[Mask]:
        """Held now, without Anyone links, by organization link, by Anyone link, by joining, by activating."""
        units = self.units
        place, site = int(units.place_of[thing]), int(units.site_of[thing])
        now, bare, organization, anyone, joining, eligible = (np.zeros(len(users), np.uint64) for _ in range(6))
        if place < units.n_scopes:
            now |= units.app_mask[users]
            bare |= units.app_mask[users]
        works = units.works[users]
        for found in (units.listed.at(place), units.admins.at(site)):
            kept = found if overlay is None else found.take(~self.layer.dropped(found, overlay))
            for node, mask, via in zip(kept.node, kept.mask, kept.via, strict=True):
                held, joins, activates = self._sets(int(node), overlay, users)
                np.bitwise_or(now, mask, out=now, where=held)
                if via != VIA_ANYONE:
                    np.bitwise_or(bare, mask, out=bare, where=held)
                if joins is not None:
                    np.bitwise_or(joining, mask, out=joining, where=joins & works)
                if activates is not None:
                    np.bitwise_or(eligible, mask, out=eligible, where=activates & works)
        latent = units.latent.at(place)
        kept = latent if overlay is None else latent.take(~self.layer.dropped(latent, overlay))
        for node, mask, via in zip(kept.node, kept.mask, kept.via, strict=True):
            by = organization if via == VIA_ORGANIZATION else anyone
            np.bitwise_or(by, mask, out=by, where=self.members(int(node))[users])
        return [now, bare, organization, anyone, joining, eligible]

    def _sets(self, node: int, overlay: Overlay | None, users: Codes) -> tuple[Bools, Bools | None, Bools | None]:
        families = self.units.families
        if overlay is not None and overlay.sets and self.descent.changes(node, overlay.member_rows, overlay.private):
            found = self.descent.families(node, overlay.member_rows, overlay.private)
            return found[0][users], found[1][users], found[2][users]
        joining, eligible = (
            family.members(node)[users] if family is not None and filled[family.set_of[node]] else None
            for family, filled in zip((families.joining, families.eligible), self._filled, strict=True)
        )
        return self.members(node)[users], joining, eligible

    @cached_property
    def _filled(self) -> tuple[Bools, Bools]:
        families = (self.units.families.joining, self.units.families.eligible)
        nobody = np.zeros(0, np.bool_)
        joining, eligible = (nobody if family is None else family.filled for family in families)
        return joining, eligible

    def _alike(self, things: NDArray[np.int64], overlay: Overlay) -> tuple[Codes, Codes, NDArray[np.uint64]]:
        """(a thing of each class, class of each thing, key of each class in the present)."""
        units = self.units
        places, back = np.unique(units.place_of[things], return_inverse=True)
        now = np.zeros(len(places), np.uint64)
        then = np.zeros(len(places), np.uint64)
        for part, listed in enumerate((units.listed, units.latent)):
            at, owner = spread(listed.ptr, places.astype(np.int64))
            found = listed.entries.take(at)
            each = _mixed(found.node, found.mask, found.via, np.full(len(at), part))
            np.add.at(now, owner, each)
            np.add.at(then, owner, np.where(self.layer.dropped(found, overlay), np.uint64(0), each))
        alone = np.where(np.isin(things, units.exceptions[0]), things + 1, 0)
        if overlay.undiscovered:  # who made or used a file is spared: every file is a case of its own
            alone = np.where(np.isin(units.site_of[things], list(overlay.undiscovered)), things + 1, alone)
        same: list[NDArray[Any]] = [rows[things] for rows in units.gates.values()]
        same += [rows[things] for then in units.after.values() for rows in then.values()]
        same += [units.edit_row[things], units.download_row[things], units.read_only[things], units.need[things]]
        same += [units.no_anyone[things], units.unreadable_by_index[things], units.user_defined[things]]
        same += [units.need_of_author[things], units.agent_copy[things], units.site_of[things], alone]
        same.append(places[back] < units.n_scopes)
        key = _mixed(now[back], *same)
        _, first, of = np.unique(_mixed(key, then[back]), return_index=True, return_inverse=True)
        return things[first].astype(np.int32), of.astype(np.int32), key[first]

    @cached_property
    def _rights_groups(self) -> set[int]:
        tenant = self.facts.tenant
        named = pl.concat([tenant[table]["principal"] for table in ("label_rights", "item_rights", "copilot_dlp")])
        found = self.facts.principals(named.drop_nulls().unique())
        roles = np.flatnonzero(self.facts.people.are(Kind.DIRECTORY_ROLE))
        return {*found[found >= 0].tolist(), *roles.tolist()}

    def _names_rights(self, overlay: Overlay) -> bool:
        """Whether members change of a group that usage rights or a rule for Copilot name, or of an elevating role."""
        if not overlay.sets or not self._rights_groups:
            return False
        return bool(self.descent.concerned(overlay.member_rows, overlay.private) & self._rights_groups)


def _mixed(*columns: NDArray[Any]) -> NDArray[np.uint64]:
    """One 64-bit number for each row of the columns (splitmix64): equal rows are equal, others are not, in practice."""
    mixed = np.full(len(columns[0]), 0x9E3779B97F4A7C15, np.uint64)
    for column in columns:
        mixed = mixed ^ column.astype(np.uint64)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        mixed = mixed ^ (mixed >> np.uint64(31))
    return mixed
