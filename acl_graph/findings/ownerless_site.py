"""Sites nobody who works here is responsible for."""

from __future__ import annotations

import numpy as np

from acl_graph.access_rules.hierarchy import site_owner
from acl_graph.access_rules.levels import MANAGE_PERMISSIONS, VIEW_BITS
from acl_graph.access_rules.site_controls import closed_sites
from acl_graph.findings.assessing import Case, report
from acl_graph.findings.context import Context
from acl_graph.findings.finding import Finding, Rule, unsupported
from acl_graph.vocabulary import Cover, Lens

CODE = "ownerless_site"
TITLE = "A site has no owner who works here"
WHY = "Nobody answers for who gets in, nobody is asked when access is reviewed, and requests for access go nowhere."
REMEDY = "Name two owners; where nobody wants the site, archive it."
SEVERITY_NOTE = "Sensitive weight of the site times people who open it."
RULE = Rule(CODE, TITLE, WHY, REMEDY, SEVERITY_NOTE)


def find(context: Context) -> list[Finding]:
    """Open sites without a working administrator, owner, group owner, or person with full control of the site itself."""
    tenant, facts = context.facts.tenant, context.facts
    cover = tenant.coverage.table("site_admins")
    if cover is Cover.ABSENT and not context.known("sites", "owner"):
        return [unsupported(RULE, "site_admins and sites.owner are missing")]
    alive = context.set_sizes[1][context.units.families.now.set_of] > 0
    owned = np.zeros(len(facts.sites), np.bool_)
    admins = context.units.admins.entries
    owned[admins.scope[alive[admins.node]]] = True
    owner = site_owner(facts)
    owned |= (owner >= 0) & np.append(context.works, False)[owner]
    owned |= _group_owned(context)
    top = (facts.scope_kind == 0) | (facts.scope_parent < 0)
    entries = context.units.listed.entries
    at = np.flatnonzero(entries.scope < context.units.n_scopes)
    bits = np.uint64(MANAGE_PERMISSIONS | VIEW_BITS)
    runs = at[top[entries.scope[at]] & ((entries.mask[at] & bits) == bits) & alive[entries.node[at]]]
    sites_of = facts.scope_site[entries.scope[runs]]
    owned[sites_of[sites_of >= 0]] = True
    described = np.zeros(len(facts.sites), np.bool_)
    described[: tenant["sites"].height] = True
    sites = np.flatnonzero(described & ~owned & ~closed_sites(facts))
    score = np.zeros(len(facts.sites), np.int64)
    known = facts.scope_site >= 0
    np.add.at(score, facts.scope_site[known], context.open_score[known])

    def build(number: int) -> Case | None:
        site = int(sites[number])
        scopes = np.flatnonzero(facts.scope_site == site).astype(np.int64)
        people = int(context.reach[Lens.OPEN].users[scopes].max(initial=0))
        return Case(
            identity=(facts.sites[site],),
            what=f"Nobody with a working account administers {context.site_name(site)}, where up to {people:,} people open "
            f"{int(context.sums[scopes, 1].sum()):,} sensitive files in {len(scopes):,} places.",
            scopes=scopes,
            row=("sites", site),
            confidence="sure" if cover is Cover.COMPLETE else "possible",
            sites=(site,),
        )

    return report(context, RULE, score[sites], build)


def _group_owned(context: Context) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Sites whose Microsoft 365 group has an owner whose account works."""
    facts = context.facts
    members = facts.tenant["members"].filter(facts.tenant["members"]["role"] == "owner")
    group, user = facts.principals(members["group"]), facts.people.user_of[facts.principals(members["member"])]
    owned_groups = np.zeros(len(facts.people.names) + 1, np.bool_)
    owned_groups[group[(user >= 0) & np.append(context.works, False)[user]]] = True
    owned_groups[-1] = False
    sites = facts.tenant["sites"]
    found = np.zeros(len(facts.sites), np.bool_)
    found[facts.sites.codes(sites["id"])] = owned_groups[facts.principals(sites["group"])]
    return found
