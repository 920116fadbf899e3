"""The slow twin of `what_if.py`: the rows are changed, and a new tenant is compiled from them.

Used where a change reaches into usage rights, and by the tests that hold the fast way against this one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray

from acl_graph.access.decide import decide, lens_holds
from acl_graph.access.masks import one_thing
from acl_graph.indexed.ids import Names
from acl_graph.indexed.indexed_tenant import Facts, number
from acl_graph.tenant import Tenant
from acl_graph.tenant.schema import SOURCE
from acl_graph.vocabulary import Lens
from acl_graph.world.compile import Units, compile_world

if TYPE_CHECKING:
    from acl_graph.changes.simulate import Change, Comparison, WhatIf


def changed_tenant(whatif: WhatIf, changes: Sequence[Change]) -> Tenant:
    """The tenant after the changes. Who was assumed to administer a site stays the same: P07 is about the export."""
    from acl_graph.changes.simulate import ChangeKind

    facts = whatif.facts
    tenant = facts.tenant
    assumed = pl.Series("id", [facts.sites[int(site)] for site in whatif.units.assumed.sites], pl.String)
    sites = tenant["sites"].with_columns(
        pl.when(pl.col("id").is_in(assumed.implode()))
        .then(pl.col("group_owners_are_admins"))
        .otherwise(False)
        .alias("group_owners_are_admins")
    )
    tables = {**tenant.tables, "sites": sites}

    def without(table: str, rows: set[int]) -> None:
        drop = np.zeros(tenant[table].height, np.bool_)
        drop[list(rows)] = True
        tables[table] = tenant[table].filter(pl.Series(~drop))

    overlay = whatif.overlay(changes)
    for table, rows in (
        ("grants", overlay.grant_rows),
        ("link_users", overlay.link_user_rows),
        ("members", overlay.member_rows),
        ("site_admins", overlay.admin_rows),
    ):
        if rows:
            without(table, rows)
    after = replace(tenant, tables=tables)
    for change in changes:
        if change.kind is ChangeKind.MAKE_GROUP_PRIVATE:
            after = _set(after, "principals", change["group"], "visibility", "private")
        elif change.kind is ChangeKind.RESTRICT_ACCESS:
            groups = change.target["groups"]
            after = restricted(after, change["site"], [groups] if isinstance(groups, str) else list(groups))
        elif change.kind is ChangeKind.RESTRICT_DISCOVERY:
            after = _set(after, "sites", change["site"], "restricted_discovery", True)
        elif change.kind is ChangeKind.SET_SHARING:
            after = _set(after, "sites", change["site"], "sharing", change["level"])
    return after


def restricted(tenant: Tenant, site: str, groups: list[str]) -> Tenant:
    """The tenant with restricted access control on for a site, for exactly these groups."""
    after = _set(tenant, "sites", site, "restricted_access", True)
    frame = tenant["site_restricted_groups"].filter(pl.col("site") != site)
    rows = pl.DataFrame({"site": [site] * len(groups), "group": groups}, schema={"site": pl.String, "group": pl.String})
    rows = rows.with_columns([pl.lit(None, dtype).alias(column) for column, dtype in SOURCE.items()])
    tables = {**after.tables, "site_restricted_groups": pl.concat([frame, rows.select(frame.columns)])}
    return replace(after, tables=tables, switches={**tenant.switches, "restricted_access_control": True})


def _set(tenant: Tenant, table: str, name: str, column: str, value: str | bool) -> Tenant:
    frame = tenant[table]
    cell = pl.when(pl.col("id") == name).then(pl.lit(value, frame.schema[column])).otherwise(pl.col(column))
    return replace(tenant, tables={**tenant.tables, table: frame.with_columns(cell.alias(column))})


def compiled_anew(whatif: WhatIf, changes: Sequence[Change]) -> Units:
    """The sure world of the changed tenant."""
    return compile_world(number(changed_tenant(whatif, changes)))


def compare_anew(
    whatif: WhatIf, things: NDArray[np.int64], changes: Sequence[Change], files: NDArray[np.int64]
) -> Comparison:
    """`WhatIf.compare` by way of a new tenant: slow, and free of every shortcut."""
    from acl_graph.changes.simulate import LENSES, Comparison

    units, after = whatif.units, compiled_anew(whatif, changes)
    subjects = _same(whatif.facts, after.facts)
    human = whatif.humans
    nobody = [np.zeros(world.facts.people.n_users, np.bool_) for world in (units, after)]
    found = np.zeros((2, len(LENSES), len(subjects)), np.bool_)
    pairs = np.zeros((2, len(LENSES)), np.int64)
    for thing, weight in zip(things, files, strict=True):
        for side, (world, number_) in enumerate(((units, int(thing)), (after, _thing(units, after, int(thing))))):
            verdicts = None if number_ < 0 else decide(world, one_thing(world, number_))
            for lens_at, lens in enumerate(LENSES):
                holds = nobody[side] if verdicts is None else lens_holds(verdicts, lens)
                if side:
                    holds = np.append(holds, False)[subjects]
                found[side, lens_at] |= holds
                pairs[side, lens_at] += int(weight) * int((holds & human).sum())
    return Comparison(
        before=_by_lens(found[0]),
        after=_by_lens(found[1]),
        pairs_before={lens: int(pairs[0, at]) for at, lens in enumerate(LENSES)},
        pairs_after={lens: int(pairs[1, at]) for at, lens in enumerate(LENSES)},
        counted=len(things),
        things=len(things),
    )


def _by_lens(found: NDArray[np.bool_]) -> dict[Lens, NDArray[np.bool_]]:
    from acl_graph.changes.simulate import LENSES

    return dict(zip(LENSES, found, strict=True))


def _same(before: Facts, after: Facts) -> NDArray[np.int64]:
    """For each subject of before, its number after; one past the end where nothing names it any more."""
    node = after.people.names.codes(before.people.names.ids.gather(before.people.node_of.astype(np.uint32)))
    user = np.where(node >= 0, np.append(after.people.user_of, -1)[node], -1)
    return np.where(user >= 0, user, after.people.n_users).astype(np.int64)


def _thing(before: Units, after: Units, thing: int) -> int:
    def other(first: Names, second: Names, code: int) -> int:
        return second.code(first[code])

    if thing < before.n_items:
        return other(before.facts.items, after.facts.items, thing)
    scope = other(before.facts.scopes, after.facts.scopes, thing - before.n_items)
    return -1 if scope < 0 else after.plain(scope)
