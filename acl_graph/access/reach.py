"""Bulk reach: how many items every subject reaches and how many subjects reach every scope, under each lens.

Nothing is proportional to (user, file) pairs. Things that share a list of sets and a gate row are one class; what
classes share is counted once (`kernels/reach.py`). Five rarities are asked pair by pair instead, by the same `decide`
that answers `check`: lists whose masks only together open something, pairs with a waived gate, administrators who
could elevate themselves, scopes where an item lets in somebody a plain file would not, and things that activating a
membership opens a gate of.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from acl_graph.access.decide import decide, lens_holds
from acl_graph.access.masks import OneUser, one_thing
from acl_graph.access_rules.copilot import CAN_USE
from acl_graph.access_rules.forms import NONE_PASS
from acl_graph.access_rules.levels import OPEN_ITEMS, VIEW_BITS
from acl_graph.indexed.ids import Codes
from acl_graph.indexed.indexed_tenant import GUEST, OTP_GUEST, kind_code
from acl_graph.kernels import reach as kernel
from acl_graph.kernels.csr import checked, gather
from acl_graph.vocabulary import GATE_NUMBER, Gate, Kind, Lens, Step
from acl_graph.world.acls import Lists, lists_of
from acl_graph.world.compile import Units

Sums = NDArray[np.int64]
#: classes per kernel call: well under a second of work, so that Ctrl-C and progress come through
CHUNK = 4096

#: what the lists of the lens `latent` count besides what is there now
STEPS_AWAY = (Step.JOIN, Step.ELIGIBLE, Step.LINK_URL)

OPEN_GATES = (
    Gate.SITE_STATE,
    Gate.EXTERNAL_SHARING,
    Gate.INFORMATION_BARRIER,
    Gate.RESTRICTED_ACCESS,
    Gate.DLP,
    Gate.ENCRYPTION,
)
FIND_GATES = (
    Gate.SITE_STATE,
    Gate.EXTERNAL_SHARING,
    Gate.INFORMATION_BARRIER,
    Gate.RESTRICTED_ACCESS,
    Gate.DLP,
    Gate.NO_CRAWL,
    Gate.RESTRICTED_DISCOVERY,
    Gate.RESTRICTED_SEARCH,
)
LENS_GATES = {
    Lens.OPEN: OPEN_GATES,
    Lens.LATENT: OPEN_GATES,
    Lens.FIND: FIND_GATES,
    Lens.COPILOT: (
        *OPEN_GATES,
        Gate.NO_CRAWL,
        Gate.RESTRICTED_DISCOVERY,
        Gate.RESTRICTED_SEARCH,
        Gate.COPILOT_LABEL,
        Gate.COPILOT_DLP,
        Gate.COPILOT_LICENCE,
    ),
}


@dataclass(frozen=True)
class LensReach:
    """Reach under one lens in one world.

    `per_user` int64[U, 3]: items, sensitive items and weight each subject reaches (zero for apps and the anonymous) ·
    `users`, `guests` int64[S]: people who reach at least one item of a scope, or would if it held a plain one.
    """

    per_user: Sums
    users: NDArray[np.int64]
    guests: NDArray[np.int64]


def bulk_reach(units: Units, sums: Sums, lens: Lens, *, told: Callable[[float], None] | None = None) -> LensReach:
    """Reach of everybody under one lens. `sums` int64[I, 3]: items, sensitive items and weight of each item row."""
    return _Bulk(units, sums, lens).run(told or (lambda done: None))


class _Bulk:
    """One run over one world and lens."""

    def __init__(self, units: Units, sums: Sums, lens: Lens) -> None:
        self.units, self.lens = units, lens
        people = units.facts.people
        self.is_user = people.kind_of_user == kind_code(Kind.USER)
        self.is_guest = (self.is_user & np.isin(people.home_of_user, (GUEST, OTP_GUEST))).astype(np.int64)
        self.sums = np.concatenate([sums, np.zeros((units.n_scopes, 3), np.int64)])
        self.exact_users = np.flatnonzero(units.elevates & self.is_user) if lens is Lens.LATENT else np.zeros(0, int)
        tenant = units.facts.tenant
        want = VIEW_BITS
        bare = units.no_anyone
        self.spared_view = lens is Lens.COPILOT and tenant.switch("viewonly_surfaces", True) is False
        if self.spared_view:
            want |= OPEN_ITEMS
        if lens is Lens.COPILOT and tenant.switch("anon_redeemed_surfaces", True) is False:
            bare = np.ones(units.n_things, np.bool_)
        self.want, self.bare = want, bare
        self.lists = lists_of(units, steps=STEPS_AWAY if lens is Lens.LATENT else (), want=want, bare=bare)

    def run(self, told: Callable[[float], None]) -> LensReach:
        units = self.units
        row = self._rows()
        variant = self.lists.variant
        odd = self.lists.flagged[variant] | self._wider_than_plain(row)
        added = self._two_ways & ~self._moved(Step.ELIGIBLE) & ~self._spared_things()
        odd |= self._two_ways & ~added
        if added.any():
            joined = lists_of(units, steps=(Step.JOIN,), want=self.want, bare=self.bare)
            row_joined = self._rows(joined=True)
            odd |= (joined.flagged[joined.variant] & added) | self._wider_than_plain(row_joined)
        special = self._whole_scopes(odd)
        normal = np.flatnonzero(~special)
        per_user = np.zeros((units.facts.people.n_users, 3), np.int64)
        thing_users = np.zeros(units.n_things, np.int64)
        thing_guests = np.zeros(units.n_things, np.int64)
        self._classes(normal, self.lists, row, (per_user, thing_users, thing_guests), told)
        if added.any():
            both = (per_user, thing_users, thing_guests)
            self._add_joined(np.flatnonzero(added & ~special), joined, row, row_joined, both)
        users, guests = thing_users[units.n_items :], thing_guests[units.n_items :]
        self._exceptions(special, row, per_user, users, guests)
        self._thing_by_thing(np.flatnonzero(special), per_user, users, guests)
        self._user_by_user(per_user, users, guests)
        per_user[~self.is_user] = 0
        return LensReach(per_user, users, guests)

    def _add_joined(
        self,
        things: NDArray[np.int64],
        joined: Lists,
        row: Codes,
        row_joined: Codes,
        into: tuple[Sums, NDArray[np.int64], NDArray[np.int64]],
    ) -> None:
        """Add who comes in by joining alone, on things where the other steps have been counted with today's gates.

        Let L be the whole list, J those who are on it now or by joining, A and B those who pass now and after joining.
        (L and A) or (J and B) is asked for. J is part of L and A part of B, so its size is LA + JB - JA.
        """
        for sign, rows in ((1, row_joined), (-1, row)):
            more = tuple(np.zeros_like(count) for count in into)
            self._classes(things, joined, rows, (more[0], more[1], more[2]), lambda done: None)
            for total, count in zip(into, more, strict=True):
                total += sign * count

    # --- which gate row counts for each thing -------------------------------------------------------------------

    def _rows(self, *, joined: bool = False) -> Codes:
        """Who passes all gates of each thing; `joined`: once everybody has joined what he can, on every thing."""
        units, lens = self.units, self.lens
        account = {
            Lens.OPEN: units.works,
            Lens.LATENT: units.works | units.pending,
            Lens.FIND: units.works,
            Lens.COPILOT: units.works & (units.licence == CAN_USE),
        }[lens] & self.is_user
        if len(self.exact_users):
            account = account.copy()
            account[self.exact_users] = False
        row = np.full(units.n_things, units.rows.add(account), np.int32)
        for gate in LENS_GATES[lens]:
            row = self._both(row, self._gate(gate, joined=joined))
        shut = np.zeros(units.n_things, np.bool_)
        if lens in (Lens.FIND, Lens.COPILOT):
            shut |= units.unreadable_by_index
        if lens is Lens.FIND:
            shut |= units.agent_copy
        if lens is Lens.COPILOT:
            shut |= units.user_defined
        if self.spared_view:
            row = self._both(row, units.download_row)
        row[shut] = NONE_PASS
        return checked(row, len(units.rows.matrix()))

    def _gate(self, gate: Gate, *, joined: bool = False) -> Codes:
        """The gate's rows; an uploaded copy needs EXTRACT already to be opened (C06)."""
        units = self.units
        rows = self._row_of(gate, joined=joined)
        if gate is Gate.ENCRYPTION and units.agent_copy.any():
            extract = self._row_of(Gate.COPILOT_LABEL, joined=joined)
            rows = np.where(units.agent_copy, self._both(rows, extract), rows)
        return rows.astype(np.int32)

    def _row_of(self, gate: Gate, *, joined: bool) -> Codes:
        """The gate's rows under this lens: those of people who have joined what they can, where joining is the step.

        Whoever passes now passes then too, and a list holds whoever could join, so these rows count both at once.
        """
        rows = self.units.gates[gate]
        if self.lens is not Lens.LATENT:
            return rows
        then = self.units.after.get(Step.JOIN, {}).get(gate)
        if then is None:
            return rows
        return then if joined else np.where(self._two_ways, rows, then).astype(np.int32)

    @cached_property
    def _two_ways(self) -> NDArray[np.bool_]:
        """Things that a step opens a gate of, and that another step leads to as well: the two must not be mixed."""
        units = self.units
        found = np.zeros(units.n_things, np.bool_)
        if self.lens is not Lens.LATENT or not units.after:
            return found
        by_link = np.diff(units.latent.ptr)[units.place_of] > 0
        others = np.ones_like(found) if units.families.eligible is not None else by_link
        return np.asarray(self._moved(Step.ELIGIBLE) | (self._moved(Step.JOIN) & others), np.bool_)

    def _moved(self, step: Step) -> NDArray[np.bool_]:
        """Things with a gate that a step opens."""
        units = self.units
        moved = np.zeros(units.n_things, np.bool_)
        for gate, then in units.after.get(step, {}).items():
            moved |= then != units.gates[gate]
        return moved

    def _spared_things(self) -> NDArray[np.bool_]:
        """Things on which a gate of this lens is waived for somebody."""
        thing, _, waived = self.units.exceptions
        spared = np.zeros(self.units.n_things, np.bool_)
        spared[thing[(waived & self._relevant()) != 0]] = True
        return spared

    def _relevant(self) -> int:
        return sum(1 << GATE_NUMBER[gate] for gate in (*LENS_GATES[self.lens], Gate.LIBRARY))

    def _both(self, first: Codes, second: Codes) -> Codes:
        if not second.any():  # ALL_PASS is 0
            return first
        gated = np.flatnonzero(second)
        left, right = first[gated], second[gated]
        names = np.empty(len(gated), np.int32)
        example = np.empty(len(gated), np.int64)
        pairs = example[: kernel.name_pairs(left, right, names, example)]
        both = [self.units.rows.both(int(a), int(b)) for a, b in zip(left[pairs], right[pairs], strict=True)]
        combined = first.copy()
        combined[gated] = np.array(both, np.int32)[names]
        return combined

    # --- counting -----------------------------------------------------------------------------------------------

    def _classes(
        self,
        things: NDArray[np.int64],
        lists: Lists,
        row: Codes,
        into: tuple[Sums, NDArray[np.int64], NDArray[np.int64]],
        told: Callable[[float], None],
    ) -> None:
        """Count things whose lists and gates are ordinary: per user, and people and guests of each thing."""
        units, variant, pool = self.units, lists.variant, lists.pool
        per_user, thing_users, thing_guests = into
        if not len(things):
            return
        of = np.empty(len(things), np.int32)
        example = np.empty(len(things), np.int64)
        n_instances = kernel.name_pairs(variant[things], row[things], of, example)
        inst_variant, inst_row = variant[things][example[:n_instances]], row[things][example[:n_instances]]
        inst_sums = np.zeros((n_instances, 3), np.int64)
        kernel.totals(of, self.sums[things], inst_sums)
        of_class = np.empty(n_instances, np.int32)
        class_example = np.empty(n_instances, np.int64)
        n_classes = kernel.name_pairs(lists.list_name[inst_variant], inst_row, of_class, class_example)
        inst_ptr, inst_order = gather(of_class, n_classes)
        head = class_example[:n_classes]
        c_variant = inst_variant[head]
        c_row = inst_row[head]
        c_start, c_length = lists.start[c_variant], lists.length[c_variant]
        c_sums = np.zeros((n_classes, 3), np.int64)
        kernel.totals(of_class, inst_sums, c_sums)
        c_base = np.zeros(n_classes, np.uint32)
        c_big = np.zeros(n_classes, np.int32)
        kernel.spans(c_start, c_length, lists.groups, pool.ptr, pool.populations, c_base, c_big)
        order = np.lexsort((c_big, c_base, c_row)).astype(np.int64)
        same = (
            (c_row[order][1:] == c_row[order][:-1])
            & (c_base[order][1:] == c_base[order][:-1])
            & (c_big[order][1:] == c_big[order][:-1])
        )
        borders = np.r_[0, np.flatnonzero(~same) + 1, n_classes]
        inst_users = np.zeros(n_instances, np.int64)
        inst_guests = np.zeros(n_instances, np.int64)
        n_users = len(self.is_user)
        stamp, seen = np.zeros(max(1, n_users), np.int64), np.zeros(max(1, n_users), np.int64)
        tokens, buffer = np.zeros(2, np.int64), np.zeros(max(1, n_users), np.int64)
        ordered_sums, ordered_variant = inst_sums[inst_order], inst_variant[inst_order]
        bits = units.rows.matrix()
        low = 0
        while low < n_classes:
            high = int(borders[np.searchsorted(borders, min(low + CHUNK, n_classes), side="left")])
            kernel.reach(
                low, high, order, c_start, c_length, lists.groups, c_base, c_big, c_row, c_sums,
                inst_ptr, ordered_sums, ordered_variant, lists.extra_ptr, lists.extras,
                pool.ptr, pool.users, units.families.now.user_populations, bits, self.is_guest,
                per_user, inst_users, inst_guests, stamp, seen, tokens, buffer,
            )  # fmt: skip
            low = high
            told(low / n_classes)
        back = np.empty(n_instances, np.int64)
        back[inst_order] = np.arange(n_instances)
        thing_users[things] = inst_users[back[of]]
        thing_guests[things] = inst_guests[back[of]]

    def _wider_than_plain(self, row: Codes) -> NDArray[np.bool_]:
        """Things of scopes where an item lets somebody in whom a plain file would not, exceptions aside."""
        units = self.units
        special = np.zeros(units.n_things, np.bool_)
        place = units.place_of[: units.n_items]
        real = np.flatnonzero(place < units.n_scopes)
        plain_row = row[units.n_items :]
        odd = np.zeros(units.n_scopes, np.bool_)
        odd[place[real][units.site_of[real] != units.facts.scope_site[place[real]]]] = True
        other = real[row[real] != plain_row[place[real]]]
        if len(other):
            item_row, scope_row = row[other], plain_row[place[other]]
            names = np.empty(len(other), np.int32)
            example = np.empty(len(other), np.int64)
            first = example[: kernel.name_pairs(item_row, scope_row, names, example)]
            bits = units.rows.matrix()
            wider = (bits[item_row[first]] & ~bits[scope_row[first]]).any(axis=1)
            odd[place[other][wider[names]]] = True
        special[units.n_items :] = odd
        return special

    def _whole_scopes(self, special: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """A scope with one special thing is asked thing by thing altogether: its people are counted in one place."""
        units = self.units
        real = units.place_of < units.n_scopes
        odd = np.zeros(units.n_scopes, np.bool_)
        odd[units.place_of[special & real]] = True
        whole = special.copy()
        whole[real] |= odd[units.place_of[real]]
        return whole

    # --- rarities -----------------------------------------------------------------------------------------------

    def _exceptions(
        self,
        special: NDArray[np.bool_],
        row: Codes,
        per_user: Sums,
        users: NDArray[np.int64],
        guests: NDArray[np.int64],
    ) -> None:
        """Add the pairs for whom a gate that stops them is waived."""
        units = self.units
        variant, base_variant = self.lists.variant, self.lists.base_variant
        thing, user, waived = units.exceptions
        gates = LENS_GATES[self.lens]
        keep = (
            ~special[thing] & ((waived & self._relevant()) != 0) & self.is_user[user] & ~np.isin(user, self.exact_users)
        )
        thing, user, waived = thing[keep], user[keep], waived[keep]
        if not len(thing):
            return
        bits = units.rows.matrix()

        def passes(rows: Codes) -> NDArray[np.bool_]:
            word = bits[rows, user >> 6] >> (user & 63).astype(np.uint64)
            return np.asarray(word & np.uint64(1) != 0)

        counted = self.lists.on_lists(variant[thing], user) & passes(row[thing])
        spared = (waived & (1 << GATE_NUMBER[Gate.LIBRARY])) != 0
        listed = self.lists.on_lists(np.where(spared, base_variant[thing], variant[thing]).astype(np.int32), user)
        opens = listed & self._bare_account()[user]
        for gate in gates:
            opens &= passes(self._gate(gate)[thing]) | ((waived & (1 << GATE_NUMBER[gate])) != 0)
        if self.lens in (Lens.FIND, Lens.COPILOT):
            opens &= ~units.unreadable_by_index[thing]
        if self.lens is Lens.FIND:
            opens &= ~units.agent_copy[thing]
        if self.lens is Lens.COPILOT:
            opens &= ~units.user_defined[thing]
        if self.spared_view:
            opens &= passes(units.download_row[thing])
        new = opens & ~counted
        np.add.at(per_user, user[new], self.sums[thing[new]])
        scope = units.place_of[thing[new]]
        who = user[new]
        real = scope < units.n_scopes
        scope, who = scope[real], who[real]
        if not len(scope):
            return
        plain = units.n_items + scope
        user = who
        in_plain = self.lists.on_lists(variant[plain], who) & passes(row[plain])
        pairs = np.unique(np.stack([scope[~in_plain].astype(np.int64), who[~in_plain].astype(np.int64)]), axis=1)
        np.add.at(users, pairs[0], 1)
        np.add.at(guests, pairs[0], self.is_guest[pairs[1]])

    def _bare_account(self) -> NDArray[np.bool_]:
        units = self.units
        if self.lens is Lens.LATENT:
            return units.works | units.pending
        return units.works & (units.licence == CAN_USE) if self.lens is Lens.COPILOT else units.works

    def _thing_by_thing(
        self, things: NDArray[np.int64], per_user: Sums, users: NDArray[np.int64], guests: NDArray[np.int64]
    ) -> None:
        """Ask about special things one by one; a scope's people are those of all its things together."""
        units = self.units
        together: dict[int, NDArray[np.bool_]] = {}
        for thing in things:
            found = lens_holds(decide(units, one_thing(units, int(thing))), self.lens) & self.is_user
            found[self.exact_users] = False
            per_user[found] += self.sums[thing]
            place = int(units.place_of[thing])
            if place < units.n_scopes:
                together[place] = together.get(place, np.zeros_like(found)) | found
        for scope, found in together.items():
            users[scope] = found.sum()
            guests[scope] = self.is_guest[found].sum()

    def _user_by_user(self, per_user: Sums, users: NDArray[np.int64], guests: NDArray[np.int64]) -> None:
        """Ask for administrators who could elevate themselves: they are one step from almost everything."""
        units = self.units
        things = np.arange(units.n_things, dtype=np.int32)
        for user in self.exact_users:
            found = lens_holds(decide(units, OneUser(units, int(user)).of(things)), self.lens)
            per_user[user] = self.sums[found].sum(axis=0)
            scopes = units.place_of[found]
            scopes = np.unique(scopes[scopes < units.n_scopes])
            users[scopes] += 1
            guests[scopes] += self.is_guest[user]
