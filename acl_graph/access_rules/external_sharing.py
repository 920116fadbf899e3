"""External sharing (S10-S18): effective levels, domain lists, files that wait for a scan."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from acl_graph.access_rules.forms import ALL_PASS, GateRows
from acl_graph.access_rules.principals import external
from acl_graph.indexed.ids import Codes, flags, words
from acl_graph.indexed.indexed_tenant import Facts

#: S10: in the order of restrictiveness, which is not the order of the numbers Microsoft gives them
SHARING = (
    "Disabled",
    "ExistingExternalUserSharingOnly",
    "ExternalUserSharingOnly",
    "ExternalUserAndGuestSharing",
)
ANYONE_ALLOWED = 3
SITE_KINDS = ("team", "communication", "onedrive", "private_channel", "shared_channel", "other")
ONEDRIVE, PRIVATE_CHANNEL, SHARED_CHANNEL = 2, 3, 4


def site_column(facts: Facts, values: NDArray[np.int8], missing: int) -> NDArray[np.int8]:
    """A column of the `sites` frame spread over all site numbers, int8[T]."""
    spread = np.full(len(facts.sites), missing, np.int8)
    spread[facts.sites.codes(facts.tenant["sites"]["id"])] = values
    return spread


def site_kinds(facts: Facts) -> NDArray[np.int8]:
    """The kind of each site as a position in `SITE_KINDS`, -1 where it is not known."""
    return site_column(facts, words(facts.tenant["sites"]["kind"], SITE_KINDS), -1)


def effective_sharing(facts: Facts) -> NDArray[np.int8]:
    """The level in force on each site: the most restrictive of tenant, partition and site (S10), int8[T + 1].

    The last entry is for what lies on no known site: the tenant's own levels hold there too.
    """
    sites = facts.tenant["sites"]
    own = site_column(facts, words(sites["sharing"], SHARING, other=ANYONE_ALLOWED), ANYONE_ALLOWED)
    own[own < 0] = ANYONE_ALLOWED
    skips = site_column(facts, flags(sites["override_sharing"]), 0) == 1
    kind = site_kinds(facts)
    tenant = _switch(facts, "sharing")
    partition = np.where(kind == ONEDRIVE, _switch(facts, "onedrive_sharing"), _switch(facts, "core_sharing"))
    known = np.minimum(np.minimum(own, tenant), np.where(skips, ANYONE_ALLOWED, partition))
    return np.append(known, min(tenant, _switch(facts, "core_sharing"))).astype(np.int8)


def _switch(facts: Facts, name: str) -> int:
    said = str(facts.tenant.switch(name) or SHARING[ANYONE_ALLOWED]).lower()
    return next((position for position, word in enumerate(SHARING) if word.lower() == said), ANYONE_ALLOWED)


def domain_of(login: str | None, domain: str | None) -> str | None:
    """The domain of an external account: as exported, else out of a guest's UPN or an address, lower-case."""
    if domain:
        return domain.strip().lower().lstrip("@")
    if not login:
        return None
    low = login.lower().rsplit("|", 1)[-1]
    if "#ext#" in low:
        return low.split("#ext#", 1)[0].rsplit("_", 1)[-1] or None
    return low.rsplit("@", 1)[1] if "@" in low else None


def gate_rows(facts: Facts, rows: GateRows, *, wide: bool) -> Codes:
    """The row of users who pass the external-user gates of each site, int32[T + 1] (S11, S13).

    The last row is for what lies on no known site.
    """
    people = facts.people
    outsider = external(facts)[people.node_of]
    if not outsider.any():
        return np.full(len(facts.sites) + 1, ALL_PASS, np.int32)
    domains = _domains(facts, outsider)
    sharing = effective_sharing(facts)
    known = facts.sites.codes(facts.tenant["sites"]["id"])
    allowed = _lists(facts, known, "domains_allowed")
    blocked = _lists(facts, known, "domains_blocked")
    tenant_allowed = _folded(facts.tenant.switch("allowed_domains"))
    tenant_blocked = _folded(facts.tenant.switch("blocked_domains"))
    made: dict[tuple[bool, tuple[str, ...], tuple[str, ...]], int] = {}
    gate = np.full(len(facts.sites) + 1, ALL_PASS, np.int32)
    # a guest whose domain nobody exported is kept out by an allow list, unless the column may have gaps
    may_fit = wide and not facts.tenant.coverage.default_holds("principals", "domain")
    for site in range(len(gate)):
        key = (bool(sharing[site] == 0), allowed.get(site, ()), blocked.get(site, ()))
        if key not in made:
            passes = ~outsider
            if not key[0]:
                lists = [set(part) for part in (tenant_allowed, key[1]) if part]
                shut = set(tenant_blocked) | set(key[2])
                welcome = {d: d not in shut and all(d in part for part in lists) for d in set(domains.values()) if d}
                nameless = not lists or may_fit
                for user, domain in domains.items():
                    passes[user] = welcome[domain] if domain else nameless
            made[key] = rows.add(passes)
        gate[site] = made[key]
    return gate


def _domains(facts: Facts, outsider: NDArray[np.bool_]) -> dict[int, str | None]:
    frame = facts.tenant["principals"].select("login", "domain")
    logins, domains = frame["login"].to_list(), frame["domain"].to_list()
    return {
        int(user): domain_of(logins[facts.people.node_of[user]], domains[facts.people.node_of[user]])
        for user in np.flatnonzero(outsider)
    }


def _folded(listed: object) -> tuple[str, ...]:
    if isinstance(listed, str):
        listed = listed.replace(",", ";").split(";")
    if not isinstance(listed, (list, tuple)):
        return ()
    return tuple(sorted({str(d).strip().lower().lstrip("@") for d in listed if str(d).strip()}))


def _lists(facts: Facts, known: Codes, column: str) -> dict[int, tuple[str, ...]]:
    cells = facts.tenant["sites"][column].to_list()
    return {int(site): _folded(cell) for site, cell in zip(known, cells, strict=True) if cell}


def unscanned_row(facts: Facts, rows: GateRows) -> int:
    """The row of users who may open a file no DLP policy has scanned yet (S17)."""
    return rows.add(~external(facts)[facts.people.node_of])
