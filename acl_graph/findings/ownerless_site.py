"""Sites nobody who works here is responsible for."""

from __future__ import annotations

import numpy as np

from acl_graph.access_rules.hierarchy import site_owner
from acl_graph.access_rules.levels import MANAGE_PERMISSIONS, VIEW_BITS
from acl_graph.access_rules.site_controls import closed_sites
from acl_graph.exposure.analysis import Bools, Context
from acl_graph.findings.assess import Case, report
from acl_graph.findings.finding import Finding, Rule, unsupported
from acl_graph.safe_output.plurals import many
from acl_graph.vocabulary import Cover, Lens

CODE = "ownerless_site"
TITLE = "A site has no owner who works here"
WHY = "Nobody answers for who gets in, nobody is asked when access is reviewed, and requests for access go nowhere."
REMEDY = "Name two owners; where nobody wants the site, archive it."
SEVERITY_NOTE = "Sensitive weight of the site times people who open it."
RULE = Rule(CODE, TITLE, WHY, REMEDY, SEVERITY_NOTE)


def find(context: Context) -> list[Finding]:
    """Open sites without a working administrator, owner, group owner, or person with full control of the site "
    "itself."""
    tenant, facts = context.facts.tenant, context.facts
    cover = tenant.coverage.table("site_admins")
    if cover is Cover.ABSENT and not context.known("sites", "owner"):
        return [unsupported(RULE, "site_admins and sites.owner are missing")]
    # an account that is only named on lists, while others have a state, may be gone: then nobody is known to answer
    stated = np.append(
        tenant["principals"]["state"].is_not_null().to_numpy(), np.ones(len(facts.people.names), np.bool_)
    )
    vague = not tenant.coverage.default_holds("principals", "state") and bool(
        stated[: tenant["principals"].height].any()
    )
    known = context.works & (stated[facts.people.node_of] | (not vague))
    owned, surely_owned = _owned(context, context.works), _owned(context, known)
    described = np.zeros(len(facts.sites), np.bool_)
    described[: tenant["sites"].height] = True
    sites = np.flatnonzero(described & ~surely_owned & ~closed_sites(facts))
    score = np.zeros(len(facts.sites), np.int64)
    placed = facts.scope_site >= 0
    np.add.at(score, facts.scope_site[placed], context.open_score[placed])

    def build(number: int) -> Case | None:
        site = int(sites[number])
        scopes = np.flatnonzero(facts.scope_site == site).astype(np.int64)
        people = int(context.reach[Lens.OPEN].users[scopes].max(initial=0))
        return Case(
            identity=(facts.sites[site],),
            what=f"Nobody {'whose account is known to work' if owned[site] else 'with a working account'} "
            f"administers {context.site_name(site)}, where up to {many(people, 'person')} open "
            f"{many(int(context.sums[scopes, 1].sum()), 'sensitive file')} in {many(len(scopes), 'place')}.",
            scopes=scopes,
            row=("sites", site),
            confidence="sure" if cover is Cover.COMPLETE and not owned[site] else "possible",
            sites=(site,),
        )

    return report(context, RULE, score[sites], build)


def _owned(context: Context, works: Bools) -> Bools:
    """Sites with an administrator, an owner or somebody with full control among the people who work, bool[T]."""
    facts = context.facts
    alive = context.set_sizes_of(works)[context.units.families.now.set_of] > 0
    owned = np.zeros(len(facts.sites), np.bool_)
    admins = context.units.admins.entries
    owned[admins.scope[alive[admins.node]]] = True
    owner = site_owner(facts)
    owned |= (owner >= 0) & np.append(works, False)[owner]
    owned |= _group_owned(context, works)
    top = (facts.scope_kind == 0) | (facts.scope_parent < 0)
    entries = context.units.listed.entries
    at = np.flatnonzero(entries.scope < context.units.n_scopes)
    bits = np.uint64(MANAGE_PERMISSIONS | VIEW_BITS)
    runs = at[top[entries.scope[at]] & ((entries.mask[at] & bits) == bits) & alive[entries.node[at]]]
    sites = facts.scope_site[entries.scope[runs]]
    owned[sites[sites >= 0]] = True
    return owned


def _group_owned(context: Context, works: Bools) -> Bools:
    """Sites whose Microsoft 365 group has an owner whose account works, bool[T]."""
    facts = context.facts
    members = facts.tenant["members"].filter(facts.tenant["members"]["role"] == "owner")
    group, user = facts.principals(members["group"]), facts.people.user_of[facts.principals(members["member"])]
    owned_groups = np.zeros(len(facts.people.names) + 1, np.bool_)
    owned_groups[group[(user >= 0) & np.append(works, False)[user]]] = True
    owned_groups[-1] = False
    sites = facts.tenant["sites"]
    found = np.zeros(len(facts.sites), np.bool_)
    found[facts.sites.codes(sites["id"])] = owned_groups[facts.principals(sites["group"])]
    return found
