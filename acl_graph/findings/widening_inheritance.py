"""A place below that opens to more people than the place above it, with something sensitive in it."""

from __future__ import annotations

import numpy as np

from acl_graph.access_rules.forms import VIA_GRANT
from acl_graph.changes import catalogue as fixes
from acl_graph.exposure.analysis import Bools, Context
from acl_graph.findings.assess import Case, report
from acl_graph.findings.finding import Finding, Rule
from acl_graph.safe_output.plurals import many
from acl_graph.vocabulary import Lens

CODE = "widening_inheritance"
TITLE = "A folder or file is open wider than the place it lies in"
WHY = (
    "Whoever looks at the site's permissions sees fewer people than really get in: the wider list stands further down."
)
REMEDY = "Take the added grants off, or move the content to a place that is meant for so many."
SEVERITY_NOTE = "Weight times people who lose access by taking the widest added grant off."
RULE = Rule(CODE, TITLE, WHY, REMEDY, SEVERITY_NOTE)


def find(context: Context) -> list[Finding]:
    """Sensitive scopes that more people open than their parent, by a grant the parent does not have."""
    facts, entries = context.facts, context.opening
    users = context.reach[Lens.OPEN].users
    parent = facts.scope_parent
    wider = (parent >= 0) & (context.weight > 0) & (users > np.append(users, 0)[parent])
    size = np.int64(len(context.units.families.now.set_of) + 1)
    asked = np.zeros(len(users) + 1, np.bool_)
    asked[parent[wider]] = True
    at = np.flatnonzero(asked[entries.scope])
    here = entries.scope[at].astype(np.int64) * size + entries.node[at]
    candidate = np.flatnonzero((entries.via == VIA_GRANT) & wider[entries.scope])
    above = parent[entries.scope[candidate]].astype(np.int64) * size + entries.node[candidate]
    added = candidate[~np.isin(above, here)]
    people = context.size(entries.node[added])
    order = np.lexsort((-people, entries.scope[added]))
    added, people = added[order], people[order]
    scopes, first = np.unique(entries.scope[added], return_index=True)
    score = context.weight[scopes] * (users[scopes] - users[parent[scopes]])

    def build(number: int) -> Case | None:
        scope = int(scopes[number])
        start = first[number]
        end = first[number + 1] if number + 1 < len(first) else len(added)
        rows = list(dict.fromkeys(int(row) for row in entries.row[added[start:end]]))
        widest = int(entries.node[added[start]])
        more = int(users[scope] - users[parent[scope]])
        return Case(
            identity=(facts.scopes[scope],),
            what=f"{context.place(scope)} opens {many(int(context.sums[scope, 1]), 'sensitive file')} to "
            f"{many(int(users[scope]), 'person')}, "
            f"{more:,} more than {context.place(int(parent[scope]))} above it; grants added: {end - start:,}, "
            f"the widest "
            f"to {context.name(widest)}.",
            scopes=np.array([scope], np.int64),
            row=("grants", rows[0]),
            change=fixes.remove_grant(context, rows[0]),
            more=tuple(fixes.remove_grant(context, row) for row in rows[1:8]),
            population=~_open(context, int(parent[scope])),
        )

    return report(context, RULE, score, build)


def _open(context: Context, scope: int) -> Bools:
    """Who opens a scope, bool[U]."""
    things, _ = context.things_of(np.array([scope], np.int64))
    return np.asarray(context.whatif.compare(things, []).before[Lens.OPEN])
