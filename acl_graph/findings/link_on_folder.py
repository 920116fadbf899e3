"""Links on folders, libraries and webs: they open everything below, also what comes later."""

from __future__ import annotations

import numpy as np

from acl_graph.access_rules.forms import VIA_ANYONE, VIA_ORGANIZATION, VIA_PEOPLE
from acl_graph.changes import catalogue as fixes
from acl_graph.exposure.analysis import Context
from acl_graph.findings.assess import Case, report
from acl_graph.findings.finding import Finding, Rule, unsupported
from acl_graph.findings.link_cases import links_of
from acl_graph.safe_output.plurals import many
from acl_graph.vocabulary import Lens

CODE = "link_on_folder"
TITLE = "A sharing link stands on a folder, library or site"
WHY = (
    "A link on a folder opens every file in it and every file that is put there later, and it is copied to "
    "places below "
    "that have permissions of their own."
)
REMEDY = "Delete the link and share the files that were meant."
SEVERITY_NOTE = "Weight times people who lose access; those one forwarded address away count a tenth."
RULE = Rule(CODE, TITLE, WHY, REMEDY, SEVERITY_NOTE)
WORDS = {0: "site", 1: "library", 2: "folder"}


def find(context: Context) -> list[Finding]:
    """Live links whose origin - or, where that is not known, a place they stand on - is not a single file."""
    facts = context.facts
    tenant = facts.tenant
    if tenant["links"].is_empty() and not tenant.coverage.complete("links"):
        return [unsupported(RULE, "links are missing")]
    if tenant["scopes"].height and not context.known("scopes", "kind"):
        return [unsupported(RULE, "scopes.kind is missing, so folders cannot be told from files")]
    parts = []
    origins = np.append(facts.scopes.codes(tenant["links"]["origin"]), np.full(len(facts.links), -1, np.int32))
    for entries in (context.opening, context.latent_entries):
        links = links_of(context, entries, np.isin(entries.via, (VIA_PEOPLE, VIA_ORGANIZATION, VIA_ANYONE)))
        parts.append(np.stack([links.link[links.of], links.scope]))
    pairs = np.unique(np.concatenate(parts, axis=1), axis=1)
    origin = origins[pairs[0]] if pairs.size else np.zeros(0, np.int32)
    stands = np.where(origin >= 0, origin, pairs[1])
    kind = np.append(facts.scope_kind, -1)[stands]
    wide = np.isin(kind, list(WORDS))
    pairs, stands = pairs[:, wide], stands[wide]
    link, first, of = np.unique(pairs[0], return_index=True, return_inverse=True)
    score = np.zeros(len(link), np.int64)
    np.add.at(score, of, context.latent_score[pairs[1]])

    def build(number: int) -> Case | None:
        scopes = np.unique(pairs[1][of == number])
        where = int(stands[first[number]])
        code = int(link[number])
        files = int(context.sums[scopes, 1].sum())
        return Case(
            identity=(facts.links[code],),
            what=f"A link on the {WORDS[int(facts.scope_kind[where])]} {context.place(where)} opens "
            f"{many(int(context.sums[scopes, 0].sum()), 'file')} in {many(len(scopes), 'place')}, {files:,} of "
            f"them sensitive.",
            scopes=scopes,
            row=("links", code)
            if code < tenant["links"].height
            else ("grants", int(context.whatif.layer.rows_of_link(code)[0])),
            change=fixes.remove_link(context, code),
            lens=Lens.LATENT,
            closes=False,
        )

    return report(context, RULE, score, build)
