"""Public Microsoft 365 groups that open sensitive content to whoever joins."""

from __future__ import annotations

import numpy as np

from acl_graph.changes import catalogue as fixes
from acl_graph.exposure.analysis import Context
from acl_graph.findings.assess import Case, report
from acl_graph.findings.finding import Finding, Rule, unsupported
from acl_graph.safe_output.plurals import many
from acl_graph.vocabulary import Kind, Lens

CODE = "public_group"
TITLE = "A public Microsoft 365 group opens sensitive content"
WHY = (
    "Everybody of the organisation can join a public group without asking, and its site usually lets "
    "everybody in already."
)
REMEDY = "Make the group private; invite those who need it."
SEVERITY_NOTE = "Weight times people who lose access; those who could only join count a tenth."
RULE = Rule(CODE, TITLE, WHY, REMEDY, SEVERITY_NOTE)


def find(context: Context) -> list[Finding]:
    """Groups whose visibility is public and that can read, themselves or inside another, where something is "
    "sensitive."""
    people = context.facts.people
    if people.are(Kind.M365_GROUP).any() and not context.known("principals", "visibility"):
        return [unsupported(RULE, "principals.visibility is missing, so public groups look like private ones")]
    groups = np.flatnonzero(people.are(Kind.M365_GROUP) & (people.visibility == 1)).astype(np.int64)
    owner, node = context.holding(groups)
    score = np.zeros(len(groups), np.int64)
    np.add.at(score, owner, context.node_score(context.latent_score)[node])
    groups, score = groups[score > 0], score[score > 0]

    def build(number: int) -> Case | None:
        group = int(groups[number])
        scopes = context.scopes_of(context.holding(groups[number : number + 1])[1])
        scopes = scopes[context.latent_score[scopes] > 0]
        files = int(context.sums[scopes, 1].sum())
        could = int(context.reach[Lens.LATENT].users[scopes].max(initial=0))
        opens = int(context.reach[Lens.OPEN].users[scopes].max(initial=0))
        claims = context.whatif.descent.default_members_claims(group)
        return Case(
            identity=(context.id_of(group),),
            what=f"The public group {context.name(group)} can open {many(files, 'sensitive file')} in "
            f"{many(len(scopes), 'place')}: up to "
            f"{many(opens, 'person')} can today, up to {could:,} could by joining.",
            scopes=scopes,
            row=("members", claims[0][0]) if claims else ("principals", group),
            change=fixes.make_private(context, group),
            population=~context.everybody(group),
            lens=Lens.LATENT,
            broad=True,
        )

    return report(context, RULE, score, build)
