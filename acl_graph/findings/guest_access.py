"""Guests who open sensitive content, and every row by which each of them does."""

from __future__ import annotations

import numpy as np

from acl_graph.exposure.analysis import Context
from acl_graph.findings.assess import Case, report
from acl_graph.findings.finding import Finding, Rule, unsupported
from acl_graph.findings.rows_of_person import reached_scopes, routes
from acl_graph.indexed.indexed_tenant import GUEST, OTP_GUEST
from acl_graph.safe_output.plurals import many
from acl_graph.vocabulary import Lens

CODE = "guest_access"
TITLE = "A guest opens sensitive content"
WHY = (
    "A guest's account belongs to another organisation: its password, its devices and the day its owner "
    "leaves are not yours to see."
)
REMEDY = "Ask who invited the guest; take the rows away that are no longer needed, or remove the guest."
SEVERITY_NOTE = "Weight of what the guest opens, once."
RULE = Rule(CODE, TITLE, WHY, REMEDY, SEVERITY_NOTE)


def find(context: Context) -> list[Finding]:
    """Guests with any sensitive file within reach."""
    if not context.known("principals", "home"):
        return [unsupported(RULE, "principals.home is missing, so guests cannot be told from others")]
    people = context.facts.people
    guests = np.flatnonzero(context.whatif.humans & np.isin(people.home_of_user, (GUEST, OTP_GUEST)))
    reach = context.reach[Lens.OPEN].per_user
    guests = guests[reach[guests, 1] > 0]

    def build(number: int) -> Case | None:
        user = int(guests[number])
        node = int(people.node_of[user])
        named = routes(context, user)
        scopes = reached_scopes(context, user)
        alone = np.zeros(people.n_users, np.bool_)
        alone[user] = True
        return Case(
            identity=(context.id_of(node),),
            what=f"The guest {context.user_name(user)} opens {many(int(reach[user, 1]), 'sensitive file')} in up to "
            f"{many(len(scopes), 'place')}.",
            scopes=scopes,
            row=named[0][1] if named else ("principals", node),
            change=named[0][2] if named else None,
            more=tuple(change for _, _, change in named[1:9]),
            population=alone,
            alone=True,
            must_reach=True,
        )

    return report(context, RULE, reach[guests, 2], build)
