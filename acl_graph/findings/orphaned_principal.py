"""Deleted and disabled accounts that still stand on lists."""

from __future__ import annotations

import numpy as np

from acl_graph.access_rules.forms import VIA_ADMIN
from acl_graph.exposure.analysis import Context
from acl_graph.findings.assess import Case, report
from acl_graph.findings.finding import Finding, Rule, unsupported
from acl_graph.findings.leftover_rows import remains
from acl_graph.indexed.indexed_tenant import DELETED, DISABLED, STATES
from acl_graph.safe_output.plurals import many
from acl_graph.vocabulary import Kind

CODE = "orphaned_principal"
TITLE = "A deleted or disabled account still stands on permission lists"
WHY = (
    "It opens nothing today. Restored or enabled again, it has everything back at once; until then it hides "
    "who really has access."
)
REMEDY = "Take the account off the lists, or remove it from the site's users."
SEVERITY_NOTE = "Low: nobody has access by it today."
RULE = Rule(CODE, TITLE, WHY, REMEDY, SEVERITY_NOTE)


def find(context: Context) -> list[Finding]:
    """Accounts of people that are deleted or disabled and are named by a grant, a link, or as administrators."""
    if not context.known("principals", "state"):
        return [unsupported(RULE, "principals.state is missing, so deleted accounts look like working ones")]
    people = context.facts.people
    gone = context.are(Kind.USER)
    gone[: len(people.names)] &= np.isin(people.state, (DISABLED, DELETED))
    listed, admins = context.units.listed.entries, context.units.admins.entries
    nodes = np.unique(
        np.concatenate(
            [
                listed.node[gone[listed.node] & (listed.scope < context.units.n_scopes) & (listed.row >= 0)],
                admins.node[gone[admins.node] & (admins.via == VIA_ADMIN)],
            ]
        )
    )
    weight = context.node_score(context.weight)[nodes]

    def build(number: int) -> Case | None:
        node = int(nodes[number])
        rows = remains(context, node, listed, admins)
        scopes = context.scopes_of(np.array([node], np.int64))
        return Case(
            identity=(context.id_of(node),),
            what=f"{context.name(node)} is {STATES[people.state[node]]} and is still named by "
            f"{many(len(rows), 'row')}, on "
            f"{many(len(scopes), 'place')} with {many(int(context.sums[scopes, 1].sum()), 'sensitive file')}.",
            scopes=scopes,
            row=rows[0][0],
            change=rows[0][1],
            more=tuple(change for _, change in rows[1:9]),
            population=np.zeros(people.n_users, np.bool_),
            closes=False,
        )

    return report(context, RULE, weight, build)
