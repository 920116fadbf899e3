"""Findings: what is wrong, whom it concerns, what to change, and the proof that the change helps.

One file per rule, each with `CODE`, `TITLE`, `WHY`, `REMEDY`, `SEVERITY_NOTE`, `RULE` and `find(context)`. To add one:
write the file, put it into `RULES`, write its page under docs/findings.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import ModuleType

from acl_graph.access import Access
from acl_graph.access.reach import LensReach
from acl_graph.exposure import Policy
from acl_graph.exposure.analysis import Context
from acl_graph.exposure.policy import Sensitivity
from acl_graph.findings import (
    anyone_link,
    broad_claim,
    broad_site_admin,
    company_wide_dynamic_group,
    direct_grant,
    dormant_principal,
    expired_guest,
    guest_access,
    link_on_folder,
    nested_group_surprise,
    organization_link,
    organization_link_redeemed,
    orphaned_principal,
    oversized_group,
    ownerless_site,
    public_group,
    stale_link,
    unlabelled_sensitive,
    unresolved_principal,
    widening_inheritance,
)
from acl_graph.findings.finding import SEVERITIES, Finding
from acl_graph.vocabulary import Lens

RULES: tuple[ModuleType, ...] = (
    broad_claim,
    public_group,
    anyone_link,
    organization_link,
    organization_link_redeemed,
    guest_access,
    stale_link,
    dormant_principal,
    orphaned_principal,
    direct_grant,
    widening_inheritance,
    oversized_group,
    company_wide_dynamic_group,
    link_on_folder,
    broad_site_admin,
    ownerless_site,
    unlabelled_sensitive,
    unresolved_principal,
    nested_group_surprise,
    expired_guest,
)


def find_all(
    access: Access,
    sensitivity: Sensitivity,
    reach: Mapping[Lens, LensReach],
    policy: Policy,
    told: Callable[[str, float], None] | None = None,
    *,
    context: Context | None = None,
) -> list[Finding]:
    """Every finding of every rule, the most severe first, then the most exposed.

    Parameters
    ----------
    access
        The tenant.
    sensitivity
        What `exposure.weigh` made of it.
    reach
        Bulk reach of the sure world under every lens.
    policy
        Thresholds, and how many cases a rule details; the rest is counted in one finding more.
    told
        Called with the title of each rule and the fraction done.
    context
        What the rules share, where the caller has made it already.
    """
    context = context or Context(access, sensitivity, reach, policy)
    found: list[Finding] = []
    for number, rule in enumerate(RULES):
        if told is not None:
            told(rule.TITLE, number / len(RULES))
        found += rule.find(context)
    return sorted(found, key=lambda one: (-SEVERITIES.index(one.severity), -one.exposure, one.code, one.id))


__all__ = ["RULES", "SEVERITIES", "Context", "Finding", "find_all"]
