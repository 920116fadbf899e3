"""Organization links on sensitive content that people have opened: they hold it now, search and Copilot included."""

from __future__ import annotations

import numpy as np

from acl_graph.access_rules.forms import VIA_ORGANIZATION
from acl_graph.changes import catalogue as fixes
from acl_graph.exposure.analysis import Context
from acl_graph.findings.assess import Case, report
from acl_graph.findings.finding import Finding, Rule, unsupported
from acl_graph.findings.link_cases import links_of
from acl_graph.safe_output.plurals import many
from acl_graph.vocabulary import Cover

CODE = "organization_link_redeemed"
TITLE = "People hold sensitive content by an organization link they opened"
WHY = (
    "Whoever opened the link keeps the access: the files come up in search, and Copilot answers from them. "
    "Membership lists of the site do not show these people."
)
REMEDY = "Delete the link; share with those of them who need it by name."
SEVERITY_NOTE = "Weight times people who have no other way in; where all have one, times those who opened the link."
RULE = Rule(CODE, TITLE, WHY, REMEDY, SEVERITY_NOTE)


def find(context: Context) -> list[Finding]:
    """Individuals on live organization links that stand on sensitive scopes."""
    if context.facts.tenant.coverage.table("link_users") is Cover.ABSENT:
        return [unsupported(RULE, "link_users are missing, so nobody knows who has opened a link")]
    entries = context.opening
    redeemed = (entries.via == VIA_ORGANIZATION) & (entries.user_row >= 0) & (context.open_score[entries.scope] > 0)
    links = links_of(context, entries, redeemed)
    pairs = np.unique(np.stack([links.of, links.scope, entries.node[links.entry].astype(np.int64)]), axis=1)
    score = np.zeros(len(links.link), np.int64)
    np.add.at(score, pairs[0], context.weight[pairs[1]])

    def build(number: int) -> Case | None:
        link, scopes = int(links.link[number]), links.scopes(number)
        at = links.entry[links.of == number]
        users = np.unique(context.facts.people.user_of[entries.node[at]])
        holders = np.zeros(context.facts.people.n_users, np.bool_)
        holders[users[users >= 0]] = True
        files = int(context.sums[scopes, 1].sum())
        return Case(
            identity=(context.facts.links[link],),
            what=f"An organization link on {context.place(int(scopes[0]))} was opened by "
            f"{many(int(holders.sum()), 'person')}: "
            f"it gives {many(files, 'sensitive file')} in {many(len(scopes), 'place')}.",
            scopes=scopes,
            row=("link_users", int(entries.user_row[at[0]])),
            change=fixes.remove_link(context, link),
            population=holders,
        )

    return report(context, RULE, score, build)
