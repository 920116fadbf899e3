"""The gates of sites after a change: the same rules asked again, for the sites and groups the change concerns."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from acl_graph.access_rules import discovery, site_controls
from acl_graph.access_rules.external_sharing import ONEDRIVE, site_kinds
from acl_graph.access_rules.forms import NONE_PASS, GateRows, Membership, UsersIn
from acl_graph.access_rules.principals import external
from acl_graph.changes.overlay import Layer, Overlay
from acl_graph.changes.recompiled import restricted
from acl_graph.indexed.ids import Codes
from acl_graph.indexed.indexed_tenant import Facts
from acl_graph.vocabulary import GATE_NUMBER, Gate, Step
from acl_graph.world.compile import Units
from acl_graph.world.group_walk import Descent

Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Gates:
    """Site -> who passes, where a gate differs from the compiled one. `None`: that gate is as it was.

    A site that is missing from `access`, `barrier` or `download` lets everybody pass.
    """

    external: dict[int, Bools]
    undiscovered: frozenset[int]
    access: dict[int, Bools] | None
    barrier: dict[int, Bools] | None
    download: dict[int, Bools] | None
    #: access and barrier for whoever has taken a step
    after: dict[Step, dict[Gate, dict[int, Bools]]]


class GatesAfter:
    """Asks the gates' rules again."""

    def __init__(self, units: Units, descent: Descent, layer: Layer) -> None:
        self.units, self.facts, self.descent, self.layer = units, units.facts, descent, layer
        self._groups: set[int] | None = None
        self._own: tuple[Codes, Codes] | None = None

    def changed(self, overlay: Overlay) -> Gates | None:
        """The gates after the changes; None where no gate changes."""
        concerned = self.descent.concerned(overlay.member_rows, overlay.private) if overlay.sets else set()
        by_members = bool(concerned & self.groups)
        # where administrators are spared by restricted access control, losing the role may mean losing the site
        by_members |= bool(overlay.admin_rows) and not self._admins_bound
        if not overlay.gates and not by_members:
            return None
        outsiders = external(self.facts)[self.facts.people.node_of]
        kinds = site_kinds(self.facts)
        access: dict[int, Bools] | None = None
        barrier: dict[int, Bools] | None = None
        download: dict[int, Bools] | None = None
        after: dict[Step, dict[Gate, dict[int, Bools]]] = {}
        if overlay.restricted or by_members:
            access, barrier, download, after = self._asked_again(overlay)
        return Gates(
            external=dict.fromkeys(overlay.sharing_off, ~outsiders),
            undiscovered=frozenset(site for site in overlay.undiscovered if kinds[site] != ONEDRIVE),
            access=access,
            barrier=barrier,
            download=download,
            after=after,
        )

    def _asked_again(
        self, overlay: Overlay
    ) -> tuple[dict[int, Bools], dict[int, Bools], dict[int, Bools], dict[Step, dict[Gate, dict[int, Bools]]]]:
        rows = GateRows(self.facts.people.n_users)
        facts = self._restricted(overlay)
        families = self.units.families

        def by_site(gate: Codes) -> dict[int, Bools]:
            return {int(site): rows.users(int(gate[site])) for site in np.flatnonzero(gate)}

        def asked(step: int) -> tuple[UsersIn, dict[int, Bools], dict[int, Bools]]:
            """(who is in a node, access, barrier) now (0), once joined (1) or activated (2)."""

            def users_in(node: int) -> Bools:
                found = self.descent.families(node, overlay.member_rows, overlay.private)
                return found[0] if not step else found[0] | (found[step] & self.units.works)

            def admins_of(site: int) -> Bools:
                listed = self.units.admins.at(site)
                inside = np.zeros(self.facts.people.n_users, np.bool_)
                for node in listed.node[~self.layer.dropped(listed, overlay)]:
                    inside |= users_in(int(node))
                return inside

            inside = self._inside(overlay)
            access = site_controls.restricted_access(facts, rows, inside, users_in, admins_of, wide=False)
            return (
                users_in,
                by_site(access),
                by_site(site_controls.information_barriers(facts, rows, users_in, wide=False)),
            )

        users_in, access, barrier = asked(0)
        after: dict[Step, dict[Gate, dict[int, Bools]]] = {}
        for number, (step, family) in enumerate(((Step.JOIN, families.joining), (Step.ELIGIBLE, families.eligible)), 1):
            if family is not None:
                _, then, apart = asked(number)
                after[step] = {Gate.RESTRICTED_ACCESS: then, Gate.INFORMATION_BARRIER: apart}
        return access, barrier, by_site(site_controls.download_exempt(facts, rows, users_in)), after

    def _inside(self, overlay: Overlay) -> Membership:
        members = self.units.membership
        keep = ~np.isin(members.row, list(overlay.member_rows))
        return replace(members, group=members.group[keep], member=members.member[keep], row=members.row[keep])

    def _restricted(self, overlay: Overlay) -> Facts:
        tenant = self.facts.tenant
        if not overlay.restricted:
            return self.facts
        for site, groups in overlay.restricted.items():
            tenant = restricted(tenant, self.facts.sites[site], [self.facts.people.names[group] for group in groups])
        return replace(self.facts, tenant=tenant)

    @property
    def _admins_bound(self) -> bool:
        return self.facts.tenant.switch("rac_applies_to_site_admins", True) is not False

    @property
    def groups(self) -> set[int]:
        """Groups that a site's gate names: when their members change, the gate may."""
        if self._groups is None:
            self._groups = self._named()
        return self._groups

    def _named(self) -> set[int]:
        tenant = self.facts.tenant
        sites = tenant["sites"].filter(
            pl.col("restricted_access").fill_null(False)
            | (pl.col("ib_mode").is_not_null() & (pl.col("ib_mode") != "Open"))
            | pl.col("block_download").fill_null(False)
        )
        service = pl.Series(list(tenant.switch("onedrive_restricted_groups") or []), dtype=pl.String)
        named = pl.concat(
            [
                sites["group"],
                sites["block_download_exempt"].explode(),
                tenant["site_restricted_groups"]["group"],
                service,
            ]
        )
        found = self.facts.principals(named.drop_nulls().unique())
        groups = set(found[found >= 0].tolist())
        if not self._admins_bound and not sites.is_empty():
            groups |= set(self.units.admins.entries.node.tolist())
        return groups

    def waived(self, thing: int, gates: Gates) -> tuple[Codes, int]:
        """(subjects, gate bit): who is spared by restricted discovery on one thing, own and recent files (O13)."""
        bit = 1 << GATE_NUMBER[Gate.RESTRICTED_DISCOVERY]
        nobody = np.zeros(0, np.int32)
        if int(self.units.site_of[thing]) not in gates.undiscovered or not discovery.recent_spared(
            self.facts, wide=self.units.wide
        ):
            return nobody, bit
        if self._own is None:
            self._own = discovery.by_item(discovery.own_and_used(self.facts, recent=True))
        if thing >= self.units.n_items:
            return nobody, bit
        item, who = self._own
        start, end = np.searchsorted(item, [thing, thing + 1])
        return who[start:end], bit

    def alone(self, thing: int, gates: Gates) -> Units:
        """Units that hold one thing only, under the changed gates."""
        units, site = self.units, int(self.units.site_of[thing])
        rows = GateRows(self.facts.people.n_users)
        at = np.array([thing])

        def kept(row: Codes) -> Codes:
            return np.array([rows.add(units.rows.users(int(row[thing])))], np.int32)

        def given(row: Codes, after: dict[int, Bools] | None) -> Codes:
            if after is None:
                return kept(row)
            return np.array([rows.add(after[site]) if site in after else 0], np.int32)

        compiled = {gate: kept(row) for gate, row in units.gates.items()}
        compiled[Gate.RESTRICTED_ACCESS] = given(units.gates[Gate.RESTRICTED_ACCESS], gates.access)
        compiled[Gate.INFORMATION_BARRIER] = given(units.gates[Gate.INFORMATION_BARRIER], gates.barrier)
        then = {step: {gate: kept(row) for gate, row in found.items()} for step, found in units.after.items()}
        for step, found in gates.after.items():
            for gate, users in found.items():
                then.setdefault(step, {})[gate] = given(units.gates[gate], users)
        if site in gates.external:
            both = gates.external[site] & units.rows.users(int(units.gates[Gate.EXTERNAL_SHARING][thing]))
            compiled[Gate.EXTERNAL_SHARING] = np.array([rows.add(both)], np.int32)
        if site in gates.undiscovered:
            compiled[Gate.RESTRICTED_DISCOVERY] = np.array([NONE_PASS], np.int32)
        return replace(
            units,
            place_of=units.place_of[at],
            site_of=units.site_of[at],
            need=units.need[at],
            need_of_author=units.need_of_author[at],
            no_anyone=units.no_anyone[at],
            gates=compiled,
            after=then,
            edit_row=kept(units.edit_row),
            download_row=given(units.download_row, gates.download),
            read_only=units.read_only[at],
            session=units.session[at],
            unreadable_by_index=units.unreadable_by_index[at],
            user_defined=units.user_defined[at],
            agent_copy=units.agent_copy[at],
            rows=rows,
        )
