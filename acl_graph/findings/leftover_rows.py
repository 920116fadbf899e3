"""The rows that still name somebody who has no access by them any more."""

from __future__ import annotations

import numpy as np

from acl_graph.access_rules.forms import VIA_ADMIN, VIA_GRANT, Entries
from acl_graph.changes import catalogue as fixes
from acl_graph.changes.simulate import Change
from acl_graph.exposure.analysis import Context


def remains(
    context: Context, node: int, listed: Entries, admins: Entries, site: int | None = None
) -> list[tuple[tuple[str, int], Change]]:
    """(row, change) of every entry of `listed` and `admins` that names the principal, on one site or on all."""
    facts = context.facts
    found: dict[tuple[str, int], Change] = {}
    for at in np.flatnonzero(listed.node == node):
        scope, row, user_row = int(listed.scope[at]), int(listed.row[at]), int(listed.user_row[at])
        if scope >= context.units.n_scopes or (site is not None and facts.scope_site[scope] != site):
            continue
        if user_row >= 0:
            link = facts.links.code(str(facts.tenant["link_users"]["link"][user_row]))
            found[("link_users", user_row)] = fixes.remove_link_user(context, link, node)
        elif listed.via[at] == VIA_GRANT and row >= 0:
            found[("grants", row)] = fixes.remove_grant(context, row)
    for at in np.flatnonzero((admins.node == node) & (admins.via == VIA_ADMIN)):
        if site is None or int(admins.scope[at]) == site:
            row = int(admins.row[at])
            found[("site_admins", row)] = fixes.remove_site_admin(context, row)
    return sorted(found.items(), key=lambda pair: pair[0])
