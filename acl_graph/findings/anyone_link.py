"""Anyone links that work: no account, no sign-in, no name in the log."""

from __future__ import annotations

import numpy as np

from acl_graph.access_rules.forms import VIA_ANYONE
from acl_graph.changes import catalogue as fixes
from acl_graph.exposure.analysis import Context
from acl_graph.findings.assess import Case, report
from acl_graph.findings.finding import Finding, Rule, unsupported
from acl_graph.findings.link_cases import links_of
from acl_graph.safe_output.plurals import many
from acl_graph.vocabulary import Lens

CODE = "anyone_link"
TITLE = "A link that works for anyone who has its address"
WHY = (
    "Whoever gets hold of the address opens the content without an account. The link can be forwarded, and "
    "nobody is logged by name."
)
REMEDY = "Delete the link and share with named people; where it must stay, give it an end."
SEVERITY_NOTE = (
    "Weight times people who lose access; those one forwarded address away count a tenth. Outsiders cannot be counted."
)
RULE = Rule(CODE, TITLE, WHY, REMEDY, SEVERITY_NOTE)


def find(context: Context) -> list[Finding]:
    """Links for anyone that have not ended and that the sharing level of the site lets work."""
    tenant = context.facts.tenant
    if tenant["links"].is_empty() and not tenant.coverage.complete("links"):
        return [unsupported(RULE, "links are missing")]
    links = links_of(context, context.latent_entries, context.latent_entries.via == VIA_ANYONE)
    score = links.total(context.latent_score)

    def build(number: int) -> Case | None:
        link, scopes = int(links.link[number]), links.scopes(number)
        files = int(context.sums[scopes, 1].sum())
        row = int(context.latent_entries.row[links.entry[np.flatnonzero(links.of == number)[0]]])
        frame = tenant["links"]
        ends = frame["expires"][link] if link < frame.height else None
        until = f"until {ends:%Y-%m-%d}" if ends is not None else "without an end"
        guarded = link < frame.height and frame["password"][link]
        return Case(
            identity=(context.facts.links[link],),
            what=f"An Anyone link {until}{', with a password,' if guarded else ''} opens "
            f"{context.place(int(scopes[0]))} and "
            f"{many(files, 'sensitive file')} in {many(len(scopes), 'place')} to whoever has its address.",
            scopes=scopes,
            row=("links", link) if link < frame.height else ("grants", row),
            change=fixes.remove_link(context, link),
            lens=Lens.LATENT,
            closes=False,
        )

    return report(context, RULE, score, build)
