"""Sensitive content granted to a person and not to a group: nobody finds it again when the person moves on."""

from __future__ import annotations

import numpy as np

from acl_graph.access_rules.forms import VIA_GRANT
from acl_graph.access_rules.hierarchy import site_owner
from acl_graph.changes import catalogue as fixes
from acl_graph.exposure.analysis import Context
from acl_graph.findings.assess import Case, report
from acl_graph.findings.finding import Finding, Rule
from acl_graph.safe_output.plurals import many
from acl_graph.vocabulary import Kind

CODE = "direct_grant"
TITLE = "Sensitive content is granted to a person directly"
WHY = "A grant to a person is in no group's list: reviews of groups miss it, and it stays when the person changes jobs."
REMEDY = "Take the grant away; put the person into a group that has the access, where it is still needed."
SEVERITY_NOTE = "Weight of the place, once."
RULE = Rule(CODE, TITLE, WHY, REMEDY, SEVERITY_NOTE)


def find(context: Context) -> list[Finding]:
    """Grants to working accounts on sensitive scopes; the owner and the administrators of a site are left out."""
    facts, entries = context.facts, context.opening
    person = context.are(Kind.USER)[entries.node] & (entries.via == VIA_GRANT) & (context.open_score[entries.scope] > 0)
    at = np.flatnonzero(person)
    user = facts.people.user_of[entries.node[at]]
    site = facts.scope_site[entries.scope[at]]
    own = np.append(site_owner(facts), -2)[site] == user
    admins = context.units.admins.entries
    size = np.int64(len(facts.people.names) + 1)
    runs = np.isin(site.astype(np.int64) * size + entries.node[at], admins.scope.astype(np.int64) * size + admins.node)
    at = at[~own & ~runs & context.works[user]]
    _, first = np.unique(entries.scope[at].astype(np.int64) * size + entries.node[at], return_index=True)
    at = at[np.sort(first)]

    def build(number: int) -> Case | None:
        entry = at[number]
        scope, node, row = int(entries.scope[entry]), int(entries.node[entry]), int(entries.row[entry])
        person = np.zeros(facts.people.n_users, np.bool_)
        person[facts.people.user_of[node]] = True
        return Case(
            identity=(facts.scopes[scope], context.id_of(node)),
            what=f"{context.name(node)} has a grant of their own on {context.place(scope)}, which holds "
            f"{many(int(context.sums[scope, 1]), 'sensitive file')}.",
            scopes=np.array([scope], np.int64),
            row=("grants", row),
            change=fixes.remove_grant(context, row),
            population=person,
            must_reach=True,
        )

    return report(context, RULE, context.weight[entries.scope[at]], build)
