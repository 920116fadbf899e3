"""Guests whose time on a site is over and whose rows are still there."""

from __future__ import annotations

import numpy as np
import polars as pl

from acl_graph.access_rules.principals import reached_expiry
from acl_graph.changes import catalogue as fixes
from acl_graph.changes.simulate import Change
from acl_graph.exposure.analysis import Context
from acl_graph.findings.assess import Case, report
from acl_graph.findings.finding import Finding, Rule, unsupported
from acl_graph.findings.leftover_rows import remains
from acl_graph.safe_output.plurals import many
from acl_graph.vocabulary import Cover

CODE = "expired_guest"
TITLE = "A guest's time on a site is over, and the permissions are still there"
WHY = (
    "Moving the end makes all of them work again. Access through a group of the directory never ended: it is "
    "not concerned by the end."
)
REMEDY = "Take the rows away; look whether the guest still comes in through a group."
SEVERITY_NOTE = "Weight of what the guest still opens on the site, once; low where that is nothing."
RULE = Rule(CODE, TITLE, WHY, REMEDY, SEVERITY_NOTE)


def find(context: Context) -> list[Finding]:
    """Pairs of guest and site whose end has been reached, with a grant, link, membership or role left."""
    facts = context.facts
    if facts.tenant.coverage.table("guest_expiry") is Cover.ABSENT:
        return [unsupported(RULE, "guest_expiry is missing")]
    sites, guests = reached_expiry(facts)
    rows = [_rows(context, int(site), int(guest)) for site, guest in zip(sites, guests, strict=True)]
    kept = [number for number, found in enumerate(rows) if found]

    def build(number: int) -> Case | None:
        at = kept[number]
        site, guest, found = int(sites[at]), int(guests[at]), rows[at]
        alone = np.zeros(facts.people.n_users, np.bool_)
        alone[facts.people.user_of[guest]] = True
        scopes = np.flatnonzero(facts.scope_site == site).astype(np.int64)
        scopes = scopes[context.weight[scopes] > 0] if context.weight[scopes].any() else scopes
        return Case(
            identity=(facts.sites[site], context.id_of(guest)),
            what=f"The time of {context.name(guest)} on {context.site_name(site)} is over; it is still named "
            f"there by {many(len(found), 'row')}.",
            scopes=scopes,
            row=found[0][0],
            change=found[0][1],
            more=tuple(change for _, change in found[1:9]),
            population=alone,
            alone=True,
        )

    return report(context, RULE, np.array([len(rows[at]) for at in kept], np.int64), build)


def _rows(context: Context, site: int, guest: int) -> list[tuple[tuple[str, int], Change]]:
    found = remains(context, guest, context.units.barred.entries, context.units.barred_admins.entries, site)
    members = context.facts.tenant["members"].with_row_index("at").filter(pl.col("member") == context.id_of(guest))
    groups = context.facts.principals(members["group"])
    local = (groups >= 0) & (context.facts.people.site[groups] == site)
    for row in members["at"].to_numpy()[local]:
        found.append((("members", int(row)), fixes.remove_member(context, int(row))))
    return found
