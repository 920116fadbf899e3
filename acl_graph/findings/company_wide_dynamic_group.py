"""Dynamic groups that hold most of the directory: the claim for everybody under another name."""

from __future__ import annotations

import numpy as np

from acl_graph.exposure.analysis import Context
from acl_graph.findings.assess import Case, report
from acl_graph.findings.entry_rows import causes
from acl_graph.findings.finding import Finding, Rule, unsupported
from acl_graph.findings.oversized_group import GROUPS
from acl_graph.safe_output.plurals import many
from acl_graph.vocabulary import Kind, Lens

CODE = "company_wide_dynamic_group"
TITLE = "A rule fills a group with most of the organisation, and it opens sensitive content"
WHY = (
    "A rule puts newcomers into the group on their first day. It is as wide as the claim for everybody, but reports on "
    "that claim do not show it."
)
REMEDY = "Take the group off sensitive places; narrow its rule only if nothing else relies on it."
SEVERITY_NOTE = "Weight times people who lose access."
RULE = Rule(CODE, TITLE, WHY, REMEDY, SEVERITY_NOTE)


def find(context: Context) -> list[Finding]:
    """Dynamic groups with at least the broad share of the directory, on sensitive scopes that as many really open."""
    if not context.known("principals", "dynamic"):
        return [unsupported(RULE, "principals.dynamic is missing, so groups filled by a rule look like others")]
    people = context.facts.people
    size = context.size(np.arange(len(context.units.families.now.set_of)))
    dynamic = np.append(people.dynamic == 1, np.zeros(len(size) - len(people.dynamic), np.bool_))
    wide = context.are(*GROUPS) & dynamic & context.broad(size)
    score = np.where(context.broad(context.reach[Lens.OPEN].users), context.open_score, 0)
    found = causes(context, wide, score, groups=context.are(Kind.SHAREPOINT_GROUP))

    def build(number: int) -> Case | None:
        scopes = found.scopes(number, score)
        node = int(found.node[number])
        share = 100 * int(size[node]) // max(1, context.directory)
        return Case(
            identity=found.identity(number),
            what=f"The dynamic group {context.name(node)} holds {many(int(size[node]), 'person')}, {share} % of "
            f"the directory, and "
            f"{found.place(number)} opens {many(int(context.sums[scopes, 1].sum()), 'sensitive file')} in "
            f"{many(len(scopes), 'place')}.",
            scopes=scopes,
            row=found.source(number),
            change=found.change(number),
            population=context.everybody(node),
            broad=True,
            must_reach=True,
        )

    return report(context, RULE, found.score, build)
