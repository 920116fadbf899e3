"""Groups of very many people on sensitive content."""

from __future__ import annotations

import numpy as np

from acl_graph.exposure.analysis import Context
from acl_graph.findings.assess import Case, report
from acl_graph.findings.entry_rows import causes
from acl_graph.findings.finding import Finding, Rule, unsupported
from acl_graph.safe_output.plurals import many
from acl_graph.vocabulary import Cover, Kind, Lens

CODE = "oversized_group"
TITLE = "A very large group opens sensitive content"
WHY = "A group of this size was made for mail or news. Nobody who adds a newcomer to it thinks of the files it opens."
REMEDY = "Replace the group by one that holds the people who work there."
SEVERITY_NOTE = "Weight times people who lose access."
RULE = Rule(CODE, TITLE, WHY, REMEDY, SEVERITY_NOTE)
GROUPS = (Kind.SECURITY_GROUP, Kind.MAIL_SECURITY_GROUP, Kind.M365_GROUP, Kind.DIRECTORY_ROLE)


def find(context: Context) -> list[Finding]:
    """Groups of Entra with at least so many people, or such a share of the directory, as the policy names, "
    "where so many really open."""
    if context.facts.tenant.coverage.table("members") is Cover.ABSENT:
        return [unsupported(RULE, "members are missing, so no group has a size")]
    size = np.zeros(len(context.units.families.now.set_of), np.int64)
    size[:] = context.size(np.arange(len(size)))
    large = context.are(*GROUPS) & ((size >= max(1, context.policy.thresholds.oversized_group)) | context.broad(size))
    users = context.reach[Lens.OPEN].users
    effective = (users >= max(1, context.policy.thresholds.oversized_group)) | context.broad(users)
    score = np.where(effective, context.open_score, 0)
    found = causes(context, large, score, groups=context.are(Kind.SHAREPOINT_GROUP))

    def build(number: int) -> Case | None:
        scopes = found.scopes(number, score)
        node = int(found.node[number])
        files = int(context.sums[scopes, 1].sum())
        return Case(
            identity=found.identity(number),
            what=f"{context.name(node)} with {many(int(size[node]), 'person')}, {found.place(number)}, opens "
            f"{many(files, 'sensitive file')} "
            f"in {many(len(scopes), 'place')}.",
            scopes=scopes,
            row=found.source(number),
            change=found.change(number),
            population=context.everybody(node),
            broad=True,
            must_reach=True,
        )

    return report(context, RULE, found.score, build)
