"""Every row of the export that names one person and leads to something sensitive, with the change that removes it."""

from __future__ import annotations

import numpy as np

from acl_graph.access_rules.forms import VIA_ADMIN, VIA_GRANT
from acl_graph.changes import catalogue as fixes
from acl_graph.changes.simulate import Change
from acl_graph.exposure.analysis import Context, Counts

Route = tuple[int, tuple[str, int], Change]
#: changes are made for so many rows of one person
MOST = 9


def routes(context: Context, user: int) -> list[Route]:
    """(weight behind it, row, change) of the heaviest rows that name the subject."""
    facts, units, entries = context.facts, context.units, context.opening
    node = int(facts.people.node_of[user])
    found: list[tuple[int, tuple[str, int]]] = []
    links: dict[int, int] = {}
    for at in context.entries_of(np.array([node])):
        weight, row, user_row = int(context.weight[entries.scope[at]]), int(entries.row[at]), int(entries.user_row[at])
        if entries.via[at] == VIA_GRANT:
            found.append((weight, ("grants", row)))
        elif user_row >= 0:
            links[user_row] = links.get(user_row, 0) + weight
    for user_row, weight in links.items():
        found.append((weight, ("link_users", user_row)))
    ptr, order = context.whatif.descent.up
    members = units.membership
    mine = order[ptr[node] : ptr[node + 1]]
    mine = mine[members.row[mine] >= 0]
    owner, holder = context.holding(members.group[mine].astype(np.int64))
    behind = np.bincount(owner, weights=context.node_weight[holder], minlength=len(mine))
    found += [(int(behind[at]), ("members", int(row))) for at, row in enumerate(members.row[mine])]
    admins = units.admins.entries
    for at in np.flatnonzero((admins.node == node) & (admins.via == VIA_ADMIN)):
        weight, row = int(context.weight[facts.scope_site == admins.scope[at]].sum()), int(admins.row[at])
        found.append((weight, ("site_admins", row)))
    heavy = sorted((route for route in found if route[0]), key=lambda route: (-route[0], route[1]))[:MOST]
    return [(weight, row, _removed(context, node, *row)) for weight, row in heavy]


def _removed(context: Context, node: int, table: str, row: int) -> Change:
    if table == "grants":
        return fixes.remove_grant(context, row)
    if table == "members":
        return fixes.remove_member(context, row)
    if table == "site_admins":
        return fixes.remove_site_admin(context, row)
    link = context.facts.links.code(str(context.facts.tenant["link_users"]["link"][row]))
    return fixes.remove_link_user(context, link, node)


def reached_scopes(context: Context, user: int) -> Counts:
    """Sensitive scopes on whose lists, or on whose site's, the subject stands."""
    held = context.units.families.now.holding(user)[context.units.families.now.set_of]
    admins = context.units.admins.entries
    of_sites = np.flatnonzero(np.isin(context.facts.scope_site, admins.scope[held[admins.node]]))
    scopes = np.union1d(context.opening.scope[held[context.opening.node]], of_sites).astype(np.int64)
    return scopes[context.open_score[scopes] > 0]
