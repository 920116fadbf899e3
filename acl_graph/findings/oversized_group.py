"""Groups of very many people on sensitive content."""

from __future__ import annotations

import numpy as np

from acl_graph.findings.assessing import Case, report
from acl_graph.findings.causes import causes
from acl_graph.findings.context import Context
from acl_graph.findings.finding import Finding, Rule, unsupported
from acl_graph.vocabulary import Cover, Kind

CODE = "oversized_group"
TITLE = "A very large group opens sensitive content"
WHY = "A group of this size was made for mail or news. Nobody who adds a newcomer to it thinks of the files it opens."
REMEDY = "Replace the group by one that holds the people who work there."
SEVERITY_NOTE = "Weight times people who lose access."
RULE = Rule(CODE, TITLE, WHY, REMEDY, SEVERITY_NOTE)
GROUPS = (Kind.SECURITY_GROUP, Kind.MAIL_SECURITY_GROUP, Kind.M365_GROUP, Kind.DIRECTORY_ROLE)


def find(context: Context) -> list[Finding]:
    """Groups of Entra with at least so many people, or such a share of the directory, as the policy names."""
    if context.facts.tenant.coverage.table("members") is Cover.ABSENT:
        return [unsupported(RULE, "members are missing, so no group has a size")]
    size = np.zeros(len(context.units.families.now.set_of), np.int64)
    size[:] = context.size(np.arange(len(size)))
    large = context.are(*GROUPS) & ((size >= max(1, context.policy.thresholds.oversized_group)) | context.broad(size))
    found = causes(context, large, context.open_score, groups=context.are(Kind.SHAREPOINT_GROUP))

    def build(number: int) -> Case | None:
        scopes = found.scopes(number, context.open_score)
        node = int(found.node[number])
        files = int(context.sums[scopes, 1].sum())
        return Case(
            identity=found.identity(number),
            what=f"{context.name(node)} with {int(size[node]):,} people, {found.place(number)}, opens {files:,} sensitive files "
            f"in {len(scopes):,} places.",
            scopes=scopes,
            row=found.source(number),
            change=found.change(number),
            population=context.everybody(node),
            broad=True,
        )

    return report(context, RULE, found.score, build)
