"""Organization links on sensitive content: one forwarded address away for everybody, and not a day's access before."""

from __future__ import annotations

import numpy as np

from acl_graph.access_rules.forms import VIA_ORGANIZATION
from acl_graph.changes import catalogue as fixes
from acl_graph.exposure.analysis import Context
from acl_graph.findings.assess import Case, report
from acl_graph.findings.finding import Finding, Rule, unsupported
from acl_graph.findings.link_cases import links_of
from acl_graph.safe_output.plurals import many
from acl_graph.vocabulary import Lens

CODE = "organization_link"
TITLE = "A link for the whole organisation leads to sensitive content"
WHY = (
    "Nobody has access by the link until he opens it; neither search nor Copilot shows the files before that. "
    "But everybody "
    "of the organisation who is sent the address is in, and stays in."
)
REMEDY = "Delete the link and share with the people who need it."
SEVERITY_NOTE = "Weight times people who lose access; people who have not opened the link count a tenth."
RULE = Rule(CODE, TITLE, WHY, REMEDY, SEVERITY_NOTE)


def find(context: Context) -> list[Finding]:
    """Live organization links on scopes that hold sensitive files and that more people could open than do."""
    tenant = context.facts.tenant
    if tenant["links"].is_empty() and not tenant.coverage.complete("links"):
        return [unsupported(RULE, "links are missing")]
    entries = context.latent_entries
    gain = np.where(
        context.weight > 0, context.weight * (context.reach[Lens.LATENT].users - context.reach[Lens.OPEN].users), 0
    )
    links = links_of(context, entries, (entries.via == VIA_ORGANIZATION) & (gain[entries.scope] > 0))
    score = links.total(gain)

    def build(number: int) -> Case | None:
        link, scopes = int(links.link[number]), links.scopes(number)
        scopes = scopes[gain[scopes] > 0]
        files = int(context.sums[scopes, 1].sum())
        could = int((context.reach[Lens.LATENT].users - context.reach[Lens.OPEN].users)[scopes].max(initial=0))
        row = int(entries.row[links.entry[np.flatnonzero(links.of == number)[0]]])
        return Case(
            identity=(context.facts.links[link],),
            what=f"An organization link on {context.place(int(scopes[0]))} leads to {many(files, 'sensitive file')} in "
            f"{many(len(scopes), 'place')}: up to {many(could, 'more person')} could open them with its address.",
            scopes=scopes,
            row=("links", link) if link < tenant["links"].height else ("grants", row),
            change=fixes.remove_link(context, link),
            lens=Lens.LATENT,
            closes=False,
            must_help=True,
        )

    return report(context, RULE, score, build)
