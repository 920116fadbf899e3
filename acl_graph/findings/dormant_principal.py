"""Accounts nobody has used for long that still open sensitive content."""

from __future__ import annotations

import numpy as np

from acl_graph.exposure.analysis import Context
from acl_graph.findings.assess import Case, report
from acl_graph.findings.finding import Finding, Rule, unsupported
from acl_graph.findings.rows_of_person import reached_scopes, routes
from acl_graph.findings.usage_evidence import confidence, used_since
from acl_graph.safe_output.plurals import many
from acl_graph.vocabulary import Lens

CODE = "dormant_principal"
TITLE = "An account without any use opens sensitive content"
WHY = "Nobody notices when an unused account is taken over, and nobody misses its access."
REMEDY = "Ask whether the account is needed; take its memberships away or block its sign-in."
SEVERITY_NOTE = "Weight of what the account opens, once."
RULE = Rule(CODE, TITLE, WHY, REMEDY, SEVERITY_NOTE)


def find(context: Context) -> list[Finding]:
    """Working accounts of people that open sensitive files and used none of the export's files in the dormant days."""
    sure = confidence(context)
    if sure is None:
        return [unsupported(RULE, "usage is missing, so unused accounts cannot be told from others")]
    days, people = context.policy.thresholds.dormant_days, context.facts.people
    active = np.zeros(len(people.names) + 1, np.bool_)
    active[context.facts.principals(used_since(context, days)["principal"])] = True
    reach = context.reach[Lens.OPEN].per_user
    users = np.flatnonzero(context.works & (reach[:, 1] > 0) & ~active[people.node_of])

    def build(number: int) -> Case | None:
        user = int(users[number])
        node = int(people.node_of[user])
        named = routes(context, user)
        scopes = reached_scopes(context, user)
        alone = np.zeros(people.n_users, np.bool_)
        alone[user] = True
        return Case(
            identity=(context.id_of(node),),
            what=f"{context.user_name(user)} opens {many(int(reach[user, 1]), 'sensitive file')} in up to "
            f"{many(len(scopes), 'place')} "
            f"and has used nothing for {days:,} days.",
            scopes=scopes,
            row=named[0][1] if named else ("principals", node),
            change=named[0][2] if named else None,
            more=tuple(change for _, _, change in named[1:9]),
            population=alone,
            alone=True,
            must_reach=True,
            confidence=sure,
        )

    return report(context, RULE, reach[users, 2], build)
