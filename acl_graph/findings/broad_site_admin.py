"""Sites administered by a group, a claim, or too many people: they see everything, whatever a folder's list says."""

from __future__ import annotations

import numpy as np

from acl_graph.access_rules.forms import VIA_ADMIN
from acl_graph.changes import catalogue as fixes
from acl_graph.exposure.analysis import CLAIMS, Context
from acl_graph.findings.assess import Case, report
from acl_graph.findings.finding import Finding, Rule, unsupported
from acl_graph.safe_output.plurals import many
from acl_graph.vocabulary import Cover, Kind

CODE = "broad_site_admin"
TITLE = "A site has a group or many people as administrators"
WHY = (
    "An administrator of a site opens every file in it, also those whose folders were closed to everybody "
    "else on purpose."
)
REMEDY = "Leave a few named administrators; give the others a role on the site."
SEVERITY_NOTE = "Weight of the site times people who lose access."
RULE = Rule(CODE, TITLE, WHY, REMEDY, SEVERITY_NOTE)
GROUPS = (Kind.SECURITY_GROUP, Kind.MAIL_SECURITY_GROUP, Kind.M365_GROUP, Kind.SHAREPOINT_GROUP, *CLAIMS)


def find(context: Context) -> list[Finding]:
    """Sites with a claim or group (not the owners of its own group) as administrator, or more people than the "
    "policy says."""
    if context.facts.tenant.coverage.table("site_admins") is Cover.ABSENT:
        return [unsupported(RULE, "site_admins are missing")]
    admins = context.units.admins.entries
    at = np.flatnonzero(admins.via == VIA_ADMIN)
    size = context.size(admins.node[at])
    group = context.are(*GROUPS)[admins.node[at]] & (size > 0)
    per_site = np.zeros(len(context.facts.sites), np.int64)
    np.add.at(per_site, admins.scope[at], size)
    wide = np.zeros(len(context.facts.sites), np.bool_)
    wide[admins.scope[at[group]]] = True
    sites = np.flatnonzero(wide | (per_site > context.policy.thresholds.many_admins))
    weight = np.bincount(
        context.facts.scope_site[context.facts.scope_site >= 0],
        weights=context.weight[context.facts.scope_site >= 0],
        minlength=len(context.facts.sites),
    ).astype(np.int64)

    def build(number: int) -> Case | None:
        site = int(sites[number])
        here = at[admins.scope[at] == site]
        order = np.lexsort((-context.size(admins.node[here]), ~context.are(*GROUPS)[admins.node[here]]))
        here = here[order]
        people = np.zeros(context.facts.people.n_users, np.bool_)
        for node in admins.node[here]:
            people |= context.whatif.members(int(node))
        count = int((people & context.works).sum())
        groups = [context.name(int(node)) for node in admins.node[here] if context.are(*GROUPS)[node]]
        if not groups and count <= context.policy.thresholds.many_admins:
            return None
        scopes = np.flatnonzero(context.facts.scope_site == site).astype(np.int64)
        scopes = scopes[context.weight[scopes] > 0] if context.weight[scopes].any() else scopes[:1]
        named = f", by {', '.join(groups[:3])}" if groups else ""
        return Case(
            identity=(context.facts.sites[site],),
            what=f"{context.site_name(site)} is administered by {many(count, 'person')}{named}: each of them "
            f"opens everything in "
            f"it, {many(int(context.sums[scopes, 1].sum()), 'sensitive file')} among them.",
            scopes=scopes,
            row=("site_admins", int(admins.row[here[0]])),
            change=fixes.remove_site_admin(context, int(admins.row[here[0]])),
            population=context.whatif.members(int(admins.node[here[0]])),
            sites=(site,),
        )

    return report(context, RULE, weight[sites] * per_site[sites], build)
