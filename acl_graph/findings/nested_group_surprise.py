"""People who open sensitive content through a group in a group in a group, whose names do not tell."""

from __future__ import annotations

import re

import numpy as np

from acl_graph.changes import catalogue as fixes
from acl_graph.exposure.analysis import Bools, Context, Counts
from acl_graph.findings.assess import Case, report
from acl_graph.findings.finding import Finding, Rule, unsupported
from acl_graph.kernels.csr import spread
from acl_graph.safe_output.plurals import many
from acl_graph.vocabulary import Cover, Kind

CODE = "nested_group_surprise"
TITLE = "Groups inside groups open sensitive content to people nobody would expect"
WHY = (
    "The group on the list has a harmless name and few direct members; the people come from two steps further "
    "down, where "
    "another owner adds them for another reason."
)
REMEDY = "Take the inner group out, or grant the content to the people who need it."
SEVERITY_NOTE = "Weight times people who lose access."
RULE = Rule(CODE, TITLE, WHY, REMEDY, SEVERITY_NOTE)
GROUPS = (Kind.SECURITY_GROUP, Kind.MAIL_SECURITY_GROUP, Kind.M365_GROUP)
#: words that say nothing about whom a group is for
EMPTY_WORDS = {"group", "groups", "team", "teams", "members", "member", "readers", "users", "user", "owners", "staff"}


def find(context: Context) -> list[Finding]:
    """Membership rows two steps below a group of Entra that stands on sensitive content, under unrelated names."""
    if context.facts.tenant.coverage.table("members") is Cover.ABSENT:
        return [unsupported(RULE, "members are missing, so nothing is nested")]
    members = context.units.membership
    entra = context.facts.people.are(*GROUPS)
    by_node = context.node_score(context.open_score)[: len(entra)].copy()
    # what a SharePoint group holds counts for the groups in it: being in one is not yet nesting
    local = context.facts.people.are(Kind.SHAREPOINT_GROUP)
    inside = local[members.group] & entra[members.member]
    np.add.at(by_node, members.member[inside], context.node_score(context.open_score)[members.group[inside]])
    tops = np.flatnonzero(entra & (by_node > 0)).astype(np.int64)
    first, top = _below(context, tops, entra)
    second, via = _below(context, first[1], entra)
    row, child = second
    fresh = child != tops[top[via]]
    row, child, top = row[fresh], child[fresh], top[via][fresh]
    rows, of = np.unique(row, return_inverse=True)
    score = np.zeros(len(rows), np.int64)
    best = np.full(len(rows), -1, np.int64)
    named: dict[int, set[str]] = {}
    for at in np.argsort(by_node[tops[top]], kind="stable"):
        outer, inner = int(tops[top[at]]), int(child[at])
        for node in (outer, inner):
            if node not in named:
                named[node] = _words(context.name(node))
        if not named[outer] & named[inner]:
            score[of[at]], best[of[at]] = by_node[outer], outer
    rows, score, best = rows[best >= 0], score[best >= 0], best[best >= 0]
    order = np.argsort(members.row, kind="stable")
    position = order[np.searchsorted(members.row[order], rows)]

    def build(number: int) -> Case | None:
        at = int(position[number])
        outer, middle, inner = int(best[number]), int(members.group[at]), int(members.member[at])
        scopes = context.scopes_of(context.holding(np.array([outer], np.int64))[1])
        scopes = scopes[context.open_score[scopes] > 0]
        alone = context.everybody(inner)
        return Case(
            identity=(context.id_of(outer), context.id_of(middle), context.id_of(inner)),
            what=f"{context.name(inner)} with {many(int((alone & context.works).sum()), 'person')} opens "
            f"{many(int(context.sums[scopes, 1].sum()), 'sensitive file')} in {many(len(scopes), 'place')} that "
            f"were given to "
            f"{context.name(outer)}, because it is in {context.name(middle)}.",
            scopes=scopes,
            row=("members", int(rows[number])),
            change=fixes.remove_member(context, int(rows[number])),
            population=alone,
            must_help=True,
        )

    return report(context, RULE, score, build)


def _below(context: Context, groups: Counts, entra: Bools) -> tuple[tuple[Counts, Counts], Counts]:
    """((rows, groups inside), which of `groups` each is in)."""
    members = context.units.membership
    ptr, order = context.whatif.descent.down
    at, owner = spread(ptr, groups)
    edge = order[at]
    keep = entra[members.member[edge]] & (members.row[edge] >= 0)
    return (members.row[edge[keep]].astype(np.int64), members.member[edge[keep]].astype(np.int64)), owner[keep]


def _words(name: str) -> set[str]:
    return {word for word in re.findall(r"\w{4,}", name.casefold()) if word not in EMPTY_WORDS}
