"""What a change would do before anybody makes it: rows, gates and sets laid over the compiled units, never a new tenant.

A `Change` names what goes or is set, and the call that does it, as data. `WhatIf.compare` asks the same `decide` that
answers `check`, once with the units as they are and once with the change laid over them, for the things that are
named. Things that the lists and gates treat alike are asked once. `changed_tenant.py` is the slow twin: it changes the
rows and compiles everything anew; `tests/test_what_if.py` holds one against the other.

Only the sure world is asked: a promise to close something must not hang on a gap of the export.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from acl_graph.access_rules import discovery, site_controls
from acl_graph.access_rules.external_sharing import ANYONE_ALLOWED, SHARING, effective_sharing
from acl_graph.access_rules.forms import (
    NONE_PASS,
    VIA_ADMIN,
    VIA_ANYONE,
    VIA_ASSUMED,
    VIA_GRANT,
    VIA_ORGANIZATION,
    Entries,
    GateRows,
)
from acl_graph.access_rules.principals import external
from acl_graph.csr import spread
from acl_graph.descent import Descent
from acl_graph.facts import Facts
from acl_graph.names import Codes
from acl_graph.units import Units
from acl_graph.verdicts import Pairs, decide, lens_holds
from acl_graph.vocabulary import Gate, Kind, Lens

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


@dataclass
class _Overlay:
    """Changes as the numbers they concern."""

    grant_rows: set[int] = field(default_factory=set)
    link_user_rows: set[int] = field(default_factory=set)
    admin_rows: set[int] = field(default_factory=set)
    member_rows: set[int] = field(default_factory=set)
    private: set[int] = field(default_factory=set)
    #: nodes below which somebody may have lost a membership
    touched: set[int] = field(default_factory=set)
    anyone_ends: set[int] = field(default_factory=set)  # sites
    sharing_off: set[int] = field(default_factory=set)
    restricted: dict[int, list[int]] = field(default_factory=dict)  # site -> groups
    undiscovered: set[int] = field(default_factory=set)

    @property
    def gates(self) -> bool:
        return bool(self.sharing_off or self.restricted or self.undiscovered)

    @property
    def sets(self) -> bool:
        return bool(self.member_rows or self.private)


def reach_after(access: Access, changes: Sequence[Change], things: Codes, lens: Lens) -> tuple[Bools, Bools]:
    """(before, after), bool[U] each: which subjects reach at least one of the things under a lens.

    `things` are numbers of items, or of plain items of scopes (`units.plain(scope)`).
    """
    found = WhatIf(access.sure).compare(things, changes, most=len(things))
    return found.before[lens], found.after[lens]


class WhatIf:
    """One world ready to be asked what changes would do. Keeps what it learned about the present."""

    def __init__(self, units: Units) -> None:
        if units.wide:
            raise ValueError("a change is judged in the sure world")
        self.units = units
        self.facts: Facts = units.facts
        self._descent: Descent | None = None
        self._links: dict[int, NDArray[np.int64]] | None = None
        self._own: tuple[Codes, Codes] | None = None
        self._present: dict[int, Bools] = {}
        self._members: dict[int, Bools] = {}

    # --- asking -------------------------------------------------------------------------------------------------

    def compare(
        self, things: Codes, changes: Sequence[Change], files: NDArray[np.int64] | None = None, *, most: int = 32
    ) -> Comparison:
        """Reach of the things before and after the changes. `files`: sensitive files each thing stands for."""
        things = np.asarray(things, np.int64)
        files = np.ones(len(things), np.int64) if files is None else files
        overlay = self._overlay(changes)
        if self._names_rights(overlay):
            return self._slowly(things, changes, files)
        representative, of, key = self._alike(things, overlay)
        size = np.bincount(of, weights=files, minlength=len(representative)).astype(np.int64)
        order = np.argsort(-size, kind="stable")[:most]
        n = self.facts.people.n_users
        human = self.humans
        before, after = (np.zeros((len(LENSES), n), np.bool_) for _ in range(2))
        pairs_before, pairs_after = (np.zeros(len(LENSES), np.int64) for _ in range(2))
        regate = self._regate(overlay)
        for at in order:
            thing = int(representative[at])
            now = self._now(thing, int(key[at]))
            then = self._then(thing, now, overlay, regate)
            before |= now
            after |= then
            pairs_before += size[at] * (now & human).sum(axis=1)
            pairs_after += size[at] * (then & human).sum(axis=1)
        return Comparison(
            before=dict(zip(LENSES, before, strict=True)),
            after=dict(zip(LENSES, after, strict=True)),
            pairs_before={lens: int(value) for lens, value in zip(LENSES, pairs_before, strict=True)},
            pairs_after={lens: int(value) for lens, value in zip(LENSES, pairs_after, strict=True)},
            counted=int(np.isin(of, order).sum()),
            things=len(things),
        )

    @property
    def humans(self) -> Bools:
        """Subjects who are people, bool[U]."""
        people = self.facts.people
        return people.are(Kind.USER)[people.node_of]

    def members(self, node: int) -> Bools:
        """Who is in a node now; kept."""
        if node not in self._members:
            if len(self._members) * self.facts.people.n_users > KEPT_BYTES:
                self._members.clear()
            self._members[node] = self.units.members(node)
        return self._members[node]

    def _now(self, thing: int, key: int) -> Bools:
        if key not in self._present:
            if len(self._present) * len(LENSES) * self.facts.people.n_users > KEPT_BYTES:
                self._present.clear()
            self._present[key] = self._verdicts(thing, None, None, None)
        return self._present[key]

    def _then(self, thing: int, now: Bools, overlay: _Overlay, regate: dict[Gate, dict[int, Bools]] | None) -> Bools:
        """The answer after the changes: only people whom they can touch are asked again."""
        if regate is not None:
            return self._verdicts(thing, overlay, regate, None)
        touched = self._touched(thing, overlay)
        if not touched.any():
            return now
        users = np.flatnonzero(touched).astype(np.int32)
        then = now.copy()
        then[:, users] = self._verdicts(thing, overlay, None, users)
        return then

    def _touched(self, thing: int, overlay: _Overlay) -> Bools:
        units, families = self.units, self.units.families
        nodes = set(overlay.touched)
        gone: list[int] = []
        for listed in (units.listed.at(int(units.place_of[thing])), units.latent.at(int(units.place_of[thing]))):
            gone += listed.node[self._dropped(listed, overlay)].tolist()
        admins = units.admins.at(int(units.site_of[thing]))
        gone += admins.node[self._dropped(admins, overlay)].tolist()
        found = np.zeros(self.facts.people.n_users, np.bool_)
        for node in nodes | set(gone):
            found |= self.members(int(node))
            for family in (families.joining, families.eligible):
                if family is not None:
                    found |= family.members(int(node))
        return found

    def _verdicts(
        self, thing: int, overlay: _Overlay | None, regate: dict[Gate, dict[int, Bools]] | None, users: Codes | None
    ) -> Bools:
        """bool[lenses, users]: who reaches one thing under each lens."""
        units = self.units
        if users is None:
            users = np.arange(self.facts.people.n_users, dtype=np.int32)
        masks = self._masks(thing, overlay, users)
        item, who, waived_gates = units.exceptions
        start, end = np.searchsorted(item, [thing, thing + 1])
        waived = np.zeros(self.facts.people.n_users, np.int64)
        waived[who[start:end]] = waived_gates[start:end]
        number = thing
        if overlay is not None and regate is not None:
            if int(units.site_of[thing]) in overlay.undiscovered:
                waived[self._users_of(thing)] |= 1 << tuple(Gate).index(Gate.RESTRICTED_DISCOVERY)
            units, number = self._alone(thing, regate), 0
        pairs = Pairs(users, np.array([number], np.int32), *masks, waived[users])
        verdicts = decide(units, pairs)
        return np.stack([lens_holds(verdicts, lens) for lens in LENSES])

    def _masks(self, thing: int, overlay: _Overlay | None, users: Codes) -> list[NDArray[np.uint64]]:
        """Held now, without Anyone links, by organization link, by Anyone link, by joining, by activating."""
        units = self.units
        place, site = int(units.place_of[thing]), int(units.site_of[thing])
        now, bare, organization, anyone, joining, eligible = (np.zeros(len(users), np.uint64) for _ in range(6))
        if place < units.n_scopes:
            now |= units.app_mask[users]
            bare |= units.app_mask[users]
        works = units.works[users]
        for found in (units.listed.at(place), units.admins.at(site)):
            kept = found if overlay is None else found.take(~self._dropped(found, overlay))
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
        kept = latent if overlay is None else latent.take(~self._dropped(latent, overlay))
        for node, mask, via in zip(kept.node, kept.mask, kept.via, strict=True):
            by = organization if via == VIA_ORGANIZATION else anyone
            np.bitwise_or(by, mask, out=by, where=self.members(int(node))[users])
        return [now, bare, organization, anyone, joining, eligible]

    def _sets(self, node: int, overlay: _Overlay | None, users: Codes) -> tuple[Bools, Bools | None, Bools | None]:
        families = self.units.families
        if overlay is not None and overlay.sets and self.descent.changes(node, overlay.member_rows, overlay.private):
            found = self.descent.families(node, overlay.member_rows, overlay.private)
            return found[0][users], found[1][users], found[2][users]
        both = [
            family.members(node)[users] if family is not None and family.filled[family.set_of[node]] else None
            for family in (families.joining, families.eligible)
        ]
        return self.members(node)[users], both[0], both[1]

    @property
    def descent(self) -> Descent:
        """Membership walked downwards with rows left out."""
        if self._descent is None:
            self._descent = Descent(self.units)
        return self._descent

    # --- which things are alike ---------------------------------------------------------------------------------

    def _alike(self, things: NDArray[np.int64], overlay: _Overlay) -> tuple[Codes, Codes, NDArray[np.uint64]]:
        """(a thing of each class, class of each thing, key of each class in the present)."""
        units = self.units
        places, back = np.unique(units.place_of[things], return_inverse=True)
        now = np.zeros(len(places), np.uint64)
        then = np.zeros(len(places), np.uint64)
        for part, listed in enumerate((units.listed, units.latent)):
            at, owner = spread(listed.ptr, places.astype(np.int64))
            found = listed.entries.take(at)
            mixed = _mixed(found.node, found.mask, found.via, np.full(len(at), part))
            np.add.at(now, owner, mixed)
            np.add.at(then, owner, np.where(self._dropped(found, overlay), np.uint64(0), mixed))
        excepted = np.where(np.isin(things, units.exceptions[0]), things + 1, 0)
        if overlay.undiscovered:
            excepted = np.where(np.isin(units.site_of[things], list(overlay.undiscovered)), things + 1, excepted)
        same = [rows[things] for rows in units.gates.values()]
        same += [units.edit_row[things], units.download_row[things], units.read_only[things], units.need[things]]
        same += [units.no_anyone[things], units.unreadable_by_index[things], units.user_defined[things]]
        same += [units.agent_copy[things], units.site_of[things], excepted, places[back] < units.n_scopes]
        key = _mixed(now[back], *same)
        both = _mixed(key, then[back])
        _, first, of = np.unique(both, return_index=True, return_inverse=True)
        return things[first].astype(np.int32), of.astype(np.int32), key[first]

    def _dropped(self, found: Entries, overlay: _Overlay) -> Bools:
        """Which entries the changes take away."""
        gone = np.zeros(len(found), np.bool_)
        if not len(found):
            return gone
        administers = found.via == VIA_ADMIN
        assumed = found.via == VIA_ASSUMED
        if overlay.grant_rows:
            gone |= ~administers & ~assumed & (found.row >= 0) & _in(found.row, overlay.grant_rows)
        if overlay.link_user_rows:
            gone |= (found.user_row >= 0) & _in(found.user_row, overlay.link_user_rows)
        if overlay.admin_rows:
            gone |= administers & _in(found.row, overlay.admin_rows)
        if overlay.member_rows:
            gone |= assumed & (found.row >= 0) & _in(found.row, overlay.member_rows)
        if overlay.anyone_ends:
            site = np.append(self.facts.scope_site, -1)[np.minimum(found.scope, len(self.facts.scope_site))]
            ends = (found.via == VIA_ANYONE) & np.isin(site, list(overlay.anyone_ends))
            if self.facts.tenant.switch("link_death_ends_redeemed", True) is False:
                ends &= found.user_row < 0
            gone |= ends
        return gone

    # --- what a change means ------------------------------------------------------------------------------------

    def _overlay(self, changes: Iterable[Change]) -> _Overlay:
        overlay = _Overlay()
        for change in changes:
            _LAY[change.kind](self, change, overlay)
        return overlay

    def _principal(self, change: Change, key: str) -> int:
        return self.facts.people.names.code(change[key])

    def _lay_grant(self, change: Change, overlay: _Overlay) -> None:
        scope, node = self.facts.scopes.code(change["scope"]), self._principal(change, "principal")
        found = self.units.listed.at(scope)
        rows = found.row[(found.via == VIA_GRANT) & (found.node == node)]
        if "level" in change.target:
            levels = self.facts.tenant["grants"]["level"]
            rows = np.array([row for row in rows if levels[int(row)] == change["level"]], np.int64)
        overlay.grant_rows.update(rows.tolist())

    def _rows_of_link(self, link: str) -> NDArray[np.int64]:
        if self._links is None:
            grants = self.facts.tenant["grants"].select("link").with_row_index("row").drop_nulls("link")
            codes = self.facts.links.codes(grants["link"])
            rows = grants["row"].to_numpy().astype(np.int64)
            order = np.argsort(codes, kind="stable")
            codes, rows = codes[order], rows[order]
            starts = np.flatnonzero(np.r_[True, codes[1:] != codes[:-1]]) if len(codes) else np.zeros(0, np.int64)
            self._links = dict(zip(codes[starts].tolist(), np.split(rows, starts[1:]), strict=False))
        return self._links.get(self.facts.links.code(link), np.zeros(0, np.int64))

    def _lay_link(self, change: Change, overlay: _Overlay) -> None:
        overlay.grant_rows.update(self._rows_of_link(change["link"]).tolist())

    def _lay_link_user(self, change: Change, overlay: _Overlay) -> None:
        rows, node = self._rows_of_link(change["link"]), self._principal(change, "principal")
        found = self.units.listed.entries
        at = np.flatnonzero((found.user_row >= 0) & (found.node == node))
        overlay.link_user_rows.update(found.user_row[at[np.isin(found.row[at], rows)]].tolist())

    def _lay_member(self, change: Change, overlay: _Overlay) -> None:
        group, member = self._principal(change, "group"), self._principal(change, "member")
        rows = self.descent.rows(group, member)
        if "role" in change.target:
            roles = self.facts.tenant["members"]["role"]
            wanted = change["role"] == "owner"
            rows = [row for row in rows if (roles[row] == "owner") == wanted]
        overlay.member_rows.update(rows)
        overlay.touched.add(member)

    def _lay_admin(self, change: Change, overlay: _Overlay) -> None:
        site, node = self.facts.sites.code(change["site"]), self._principal(change, "principal")
        found = self.units.admins.at(site)
        overlay.admin_rows.update(found.row[(found.via == VIA_ADMIN) & (found.node == node)].tolist())

    def _lay_private(self, change: Change, overlay: _Overlay) -> None:
        group = self._principal(change, "group")
        overlay.private.add(group)
        overlay.touched.add(group)
        for row, claim in self.descent.default_members_claims(group):
            overlay.member_rows.add(row)
            overlay.touched.add(claim)

    def _lay_restrict(self, change: Change, overlay: _Overlay) -> None:
        groups = change.target["groups"]
        named = self.facts.principals(pl.Series(list(groups), dtype=pl.String))
        overlay.restricted[self.facts.sites.code(change["site"])] = [int(node) for node in named if node >= 0]

    def _lay_discovery(self, change: Change, overlay: _Overlay) -> None:
        overlay.undiscovered.add(self.facts.sites.code(change["site"]))

    def _lay_sharing(self, change: Change, overlay: _Overlay) -> None:
        site, level = self.facts.sites.code(change["site"]), SHARING.index(change["level"])
        if level > int(effective_sharing(self.facts)[site]):
            raise ValueError("a site's sharing level can only be lowered here")
        if level < ANYONE_ALLOWED:
            overlay.anyone_ends.add(site)
        if level == 0:
            overlay.sharing_off.add(site)

    def _lay_expiry(self, change: Change, overlay: _Overlay) -> None:
        moment = datetime.fromisoformat(change["expires"])
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        if self.facts.now is not None and moment <= self.facts.now:
            self._lay_link(change, overlay)

    # --- gates --------------------------------------------------------------------------------------------------

    def _regate(self, overlay: _Overlay) -> dict[Gate, dict[int, Bools]] | None:
        """Gate -> site -> who passes after the changes; None where no gate changes."""
        concerned = self.descent.above_rows(overlay.member_rows) if overlay.member_rows else set()
        if not overlay.gates and not concerned & self._gate_groups:
            return None
        found: dict[Gate, dict[int, Bools]] = {gate: {} for gate in (Gate.RESTRICTED_ACCESS, Gate.EXTERNAL_SHARING)}
        outsiders = external(self.facts)[self.facts.people.node_of]
        for site in overlay.sharing_off:
            found[Gate.EXTERNAL_SHARING][site] = ~outsiders
        found[Gate.RESTRICTED_DISCOVERY] = {
            site: np.zeros(self.facts.people.n_users, np.bool_)
            for site in overlay.undiscovered
            if discovery.site_kinds(self.facts)[site] != discovery.ONEDRIVE
        }

        def users_in(node: int) -> Bools:
            return self.descent.families(node, overlay.member_rows, overlay.private)[0]

        facts = self._with_restriction(overlay)
        rows = GateRows(self.facts.people.n_users)

        def admins_of(site: int) -> Bools:
            listed = self.units.admins.at(site)
            inside = np.zeros(self.facts.people.n_users, np.bool_)
            for node in listed.node[~self._dropped(listed, overlay)]:
                inside |= users_in(int(node))
            return inside

        if overlay.restricted or concerned:
            gate = site_controls.restricted_access(facts, rows, users_in, admins_of, wide=False)
            found[Gate.RESTRICTED_ACCESS] = {site: rows.users(int(row)) for site, row in enumerate(gate) if row}
            barriers = site_controls.information_barriers(facts, rows, users_in, wide=False)
            found[Gate.INFORMATION_BARRIER] = {site: rows.users(int(row)) for site, row in enumerate(barriers) if row}
            exempt = site_controls.download_exempt(facts, rows, users_in)
            found[Gate.CONDITIONAL_ACCESS] = {site: rows.users(int(row)) for site, row in enumerate(exempt) if row}
        return found

    @property
    def _gate_groups(self) -> set[int]:
        """Groups that a site's gate names: when their members change, the gate may."""
        tenant = self.facts.tenant
        named = [
            *tenant["site_restricted_groups"]["group"].to_list(),
            *tenant["sites"]["group"].drop_nulls().to_list(),
            *tenant["sites"]["block_download_exempt"].explode().drop_nulls().to_list(),
            *(tenant.switch("onedrive_restricted_groups") or []),
        ]
        guarded = tenant["sites"].select(
            (pl.col("restricted_access") == True).any()  # noqa: E712 - a polars comparison
            | (pl.col("ib_mode").is_not_null() & (pl.col("ib_mode") != "Open")).any()
            | pl.col("block_download").fill_null(False).any()
        )
        if not guarded.item() and not tenant.switch("onedrive_restricted_groups"):
            return set()
        found = self.facts.principals(pl.Series(named, dtype=pl.String))
        groups = set(found[found >= 0].tolist())
        if tenant.switch("rac_applies_to_site_admins", True) is False:
            groups |= set(self.units.admins.entries.node.tolist())
        return groups

    def _with_restriction(self, overlay: _Overlay) -> Facts:
        from acl_graph.changed_tenant import restricted

        if not overlay.restricted:
            return self.facts
        names = self.facts.people.names
        tenant = self.facts.tenant
        for site, groups in overlay.restricted.items():
            tenant = restricted(tenant, self.facts.sites[site], [names[group] for group in groups])
        return replace(self.facts, tenant=tenant)

    def _alone(self, thing: int, regate: dict[Gate, dict[int, Bools]]) -> Units:
        """Units with one thing only, under the changed gates."""
        units, site = self.units, int(self.units.site_of[thing])
        rows = GateRows(self.facts.people.n_users)
        at = np.array([thing])

        def kept(row: Codes) -> Codes:
            return np.array([rows.add(units.rows.users(int(row[thing])))], np.int32)

        gates = {gate: kept(row) for gate, row in units.gates.items()}
        for gate in (Gate.RESTRICTED_ACCESS, Gate.INFORMATION_BARRIER):
            if gate in regate and (gate is Gate.RESTRICTED_ACCESS or Gate.INFORMATION_BARRIER in regate) and (
                Gate.CONDITIONAL_ACCESS in regate
            ):
                passes = regate[gate].get(site)
                gates[gate] = np.array([0 if passes is None else rows.add(passes)], np.int32)
        if site in regate[Gate.EXTERNAL_SHARING]:
            both = regate[Gate.EXTERNAL_SHARING][site] & units.rows.users(int(units.gates[Gate.EXTERNAL_SHARING][thing]))
            gates[Gate.EXTERNAL_SHARING] = np.array([rows.add(both)], np.int32)
        if site in regate[Gate.RESTRICTED_DISCOVERY]:
            gates[Gate.RESTRICTED_DISCOVERY] = np.array([NONE_PASS], np.int32)
        download = kept(units.download_row)
        if Gate.CONDITIONAL_ACCESS in regate:  # the place where the spared of the block-download policy are kept
            spared = regate[Gate.CONDITIONAL_ACCESS].get(site)
            download = np.array([0 if spared is None else rows.add(spared)], np.int32)
        return replace(
            units,
            place_of=units.place_of[at],
            site_of=units.site_of[at],
            need=units.need[at],
            no_anyone=units.no_anyone[at],
            gates=gates,
            edit_row=kept(units.edit_row),
            download_row=download,
            read_only=units.read_only[at],
            session=units.session[at],
            unreadable_by_index=units.unreadable_by_index[at],
            user_defined=units.user_defined[at],
            agent_copy=units.agent_copy[at],
            rows=rows,
        )

    def _users_of(self, thing: int) -> Codes:
        """Who made or recently used an item: restricted discovery spares them (O13)."""
        if self._own is None:
            owned, owner, used, user = discovery.own_and_recent(self.facts)
            item, who = np.concatenate([owned, used]), np.concatenate([owner, user])
            keep = (item >= 0) & (who >= 0)
            order = np.argsort(item[keep], kind="stable")
            self._own = item[keep][order].astype(np.int32), who[keep][order].astype(np.int32)
        if not discovery.recent_spared(self.facts) or thing >= self.units.n_items:
            return np.zeros(0, np.int32)
        item, who = self._own
        start, end = np.searchsorted(item, [thing, thing + 1])
        return who[start:end]

    # --- the slow way, where a group stands in usage rights -----------------------------------------------------

    def _names_rights(self, overlay: _Overlay) -> bool:
        """Whether a membership changes in a group that usage rights or a rule for Copilot name, or an elevating role."""
        if not overlay.member_rows:
            return False
        tenant = self.facts.tenant
        named = pl.concat([tenant[table]["principal"] for table in ("label_rights", "item_rights", "copilot_dlp")])
        found = self.facts.principals(named.drop_nulls().unique())
        roles = np.flatnonzero(self.facts.people.are(Kind.DIRECTORY_ROLE))
        return bool(self.descent.above_rows(overlay.member_rows) & {*found.tolist(), *roles.tolist()})

    def _slowly(self, things: NDArray[np.int64], changes: Sequence[Change], files: NDArray[np.int64]) -> Comparison:
        from acl_graph.changed_tenant import compare_anew

        return compare_anew(self, things, changes, files)


def _in(values: NDArray[np.int64], wanted: set[int]) -> Bools:
    if len(wanted) == 1:
        return np.asarray(values == next(iter(wanted)))
    return np.isin(values, np.fromiter(wanted, np.int64, len(wanted)))


def _mixed(*columns: NDArray[Any]) -> NDArray[np.uint64]:
    """One 64-bit number for each row of the columns (splitmix64): equal rows are equal, others are not, in practice."""
    mixed = np.full(len(columns[0]), 0x9E3779B97F4A7C15, np.uint64)
    for column in columns:
        mixed = mixed ^ column.astype(np.uint64)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        mixed = mixed ^ (mixed >> np.uint64(31))
    return mixed


_LAY = {
    ChangeKind.REMOVE_GRANT: WhatIf._lay_grant,
    ChangeKind.REMOVE_LINK: WhatIf._lay_link,
    ChangeKind.REMOVE_LINK_USER: WhatIf._lay_link_user,
    ChangeKind.REMOVE_MEMBER: WhatIf._lay_member,
    ChangeKind.REMOVE_SITE_ADMIN: WhatIf._lay_admin,
    ChangeKind.MAKE_GROUP_PRIVATE: WhatIf._lay_private,
    ChangeKind.RESTRICT_ACCESS: WhatIf._lay_restrict,
    ChangeKind.RESTRICT_DISCOVERY: WhatIf._lay_discovery,
    ChangeKind.SET_SHARING: WhatIf._lay_sharing,
    ChangeKind.SET_EXPIRY: WhatIf._lay_expiry,
}
