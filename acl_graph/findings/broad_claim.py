"""Everybody of the organisation, by one claim, on sensitive content."""

from __future__ import annotations

import numpy as np

from acl_graph.changes import catalogue as fixes
from acl_graph.exposure.analysis import CLAIMS, Context
from acl_graph.findings.assess import Case, report
from acl_graph.findings.entry_rows import causes
from acl_graph.findings.finding import Finding, Rule
from acl_graph.safe_output.plurals import many
from acl_graph.vocabulary import Lens

CODE = "broad_claim"
TITLE = "A claim for everybody opens sensitive content"
WHY = (
    "One row lets in everybody of the organisation, today and in future. Copilot answers each of them from "
    "these files, and "
    "a prompt smuggled into anything they read reaches as far as they do."
)
REMEDY = "Take the claim out of the group or off the place; keep those who work there by a group of their own."
SEVERITY_NOTE = "Weight of the sensitive files times people who lose access."
RULE = Rule(CODE, TITLE, WHY, REMEDY, SEVERITY_NOTE)


def find(context: Context) -> list[Finding]:
    """Claims granted, named by a link, or inside a group, where a broad share of the directory really opens."""
    effective = context.broad(context.reach[Lens.OPEN].users)
    score = np.where(effective, context.open_score, 0)
    found = causes(context, context.are(*CLAIMS), score)

    def build(number: int) -> Case | None:
        scopes = found.scopes(number, score)
        node = int(found.node[number])
        public = fixes.public_group_of(context, int(found.at[number])) if found.table[number] == 2 else None
        files, people = int(context.sums[scopes, 1].sum()), int(context.reach[Lens.OPEN].users[scopes].max(initial=0))
        return Case(
            identity=found.identity(number),
            what=f"{context.name(node)} {found.place(number)} opens {many(files, 'sensitive file')} in "
            f"{many(len(scopes), 'place')} "
            f"to up to {many(people, 'person')}.",
            scopes=scopes,
            row=found.source(number),
            change=found.change(number) if public is None else fixes.make_private(context, public),
            population=context.everybody(node),
            broad=True,
            must_reach=True,
        )

    return report(context, RULE, found.score, build)
