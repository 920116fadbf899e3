"""Controls of a site (O01-O11, O19-O29): state, restricted access, information barriers, sessions."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from acl_graph.access_rules.external_sharing import ONEDRIVE, SHARED_CHANNEL, site_column, site_kinds
from acl_graph.access_rules.forms import ALL_PASS, NONE_PASS, GateRows, Membership, UsersIn
from acl_graph.access_rules.hierarchy import site_groups
from acl_graph.indexed.ids import Codes, flags, words
from acl_graph.indexed.indexed_tenant import EXTERNAL_MEMBER, INTERNAL, Facts, kind_code
from acl_graph.vocabulary import Kind

IB_MODES = ("Open", "Explicit", "Implicit", "OwnerModerated", "Mixed")
SESSIONS = ("AllowFullAccess", "AllowLimitedAccess", "BlockAccess", "AuthenticationContext")
LIMITED, BLOCK, CONTEXT = 1, 2, 3


def closed_sites(facts: Facts) -> NDArray[np.bool_]:
    """Sites nobody can open: locked, archived, in the recycle bin (O19, O20), bool[T]."""
    sites = facts.tenant["sites"]
    locked = words(sites["lock"], ("Unlock", "ReadOnly", "NoAccess")) == 2
    archive = sites["archive"].str.to_lowercase().str.replace_all(r"[\s_-]", "")
    archived = (~archive.is_in(["none", "notarchived", "active", ""])).fill_null(False).to_numpy()
    return np.asarray(site_column(facts, (locked | archived).astype(np.int8), 0) == 1, np.bool_)


def read_only_sites(facts: Facts) -> NDArray[np.bool_]:
    """Sites where nobody has more than Read (O19), bool[T]."""
    lock = words(facts.tenant["sites"]["lock"], ("Unlock", "ReadOnly", "NoAccess"))
    return np.asarray(site_column(facts, lock, 0) == 1, np.bool_)


def sessions(facts: Facts) -> NDArray[np.int8]:
    """The site's policy for a session as a position in `SESSIONS` (O22, O23), int8[T]."""
    return np.maximum(site_column(facts, words(facts.tenant["sites"]["conditional_access"], SESSIONS), 0), 0)


def _apps(facts: Facts, *, wide: bool = False) -> NDArray[np.bool_]:
    """Apps; in the possible world also whoever nobody describes: that may be an app."""
    kinds = (Kind.APP, Kind.UNRESOLVED) if wide else (Kind.APP,)
    return np.isin(facts.people.kind_of_user, [kind_code(kind) for kind in kinds])


def restricted_access(
    facts: Facts, rows: GateRows, inside: Membership, users_in: UsersIn, admins_of: UsersIn, *, wide: bool
) -> Codes:
    """The row of users whom restricted access control lets through, per site, int32[T] (O01-O11, P19).

    `users_in(principal)` are the members in this world, `inside` the rows they come from; `admins_of(site)` the site's
    administrators.
    """
    tenant, people = facts.tenant, facts.people
    gate = np.full(len(facts.sites), ALL_PASS, np.int32)
    kind = site_kinds(facts)
    internal = (people.kind_of_user == kind_code(Kind.USER)) & np.isin(people.home_of_user, (INTERNAL, EXTERNAL_MEMBER))
    exempt = _apps(facts, wide=wide)
    admins_bound = tenant.switch("rac_applies_to_site_admins", True) is not False
    nested = tenant.switch("rac_nested", True) is not False

    # more groups than the export names may be admitted
    unlisted = wide and not tenant.coverage.complete("site_restricted_groups")
    if tenant.switch("restricted_access_control", not wide) and not unlisted:
        for bound, groups in restricted_groups(facts).items():
            passes = _in_any(facts, groups, users_in) if nested else _directly_in(facts, groups, inside, users_in)
            if kind[bound] == SHARED_CHANNEL:
                passes = passes | ~internal  # O04: only the tenant's own users are checked
            if not admins_bound:
                passes = passes | admins_of(bound) | exempt
            gate[bound] = rows.add(passes)

    service = facts.principals(pl.Series(list(tenant.switch("onedrive_restricted_groups") or []), dtype=pl.String))
    if len(service):
        # O11 speaks of users: an app is none, and the flags of restricted access control are not this control's
        row = rows.add(_in_any(facts, [int(group) for group in service if group >= 0], users_in) | exempt)
        for site in np.flatnonzero(kind == ONEDRIVE):
            gate[site] = rows.both(int(gate[site]), row)

    app_free = site_column(facts, flags(tenant["sites"]["app_restricted"]), 0) == 1
    if app_free.any():
        row = rows.add(~_apps(facts))
        for site in np.flatnonzero(app_free):
            gate[site] = rows.both(int(gate[site]), row)
    return gate


def restricted_groups(facts: Facts) -> dict[int, list[int]]:
    """The groups that flagged sites admit: those listed, else the site's own. With neither it is not applied (O02)."""
    flagged = site_column(facts, flags(facts.tenant["sites"]["restricted_access"]), 0) == 1
    own, listed = site_groups(facts), _listed_groups(facts)
    found: dict[int, list[int]] = {}
    for site in np.flatnonzero(flagged):
        groups = listed.get(int(site)) or ([int(own[site])] if own[site] >= 0 else [])
        if groups:
            found[int(site)] = groups
    return found


def _listed_groups(facts: Facts) -> dict[int, list[int]]:
    frame = facts.tenant["site_restricted_groups"]
    listed: dict[int, list[int]] = {}
    for site, group in zip(facts.sites.codes(frame["site"]), facts.principals(frame["group"]), strict=True):
        if site >= 0 and group >= 0:
            listed.setdefault(int(site), []).append(int(group))
    return listed


def _in_any(facts: Facts, groups: list[int], users_in: UsersIn) -> NDArray[np.bool_]:
    """Members of at least one group, directly or not."""
    found = np.zeros(facts.people.n_users, np.bool_)
    for group in groups:
        found |= users_in(group)
    return found


def _directly_in(facts: Facts, groups: list[int], inside: Membership, users_in: UsersIn) -> NDArray[np.bool_]:
    """Users with a row of their own in at least one group (O07 with `rac_nested` off), or possibly with one."""
    found = np.zeros(facts.people.n_users, np.bool_)
    users = facts.people.user_of[inside.member[np.isin(inside.group, groups)]]
    found[users[users >= 0]] = True
    for group in groups:
        if inside.unknown[group]:
            found |= users_in(group)
    return found


def information_barriers(facts: Facts, rows: GateRows, users_in: UsersIn, *, wide: bool) -> Codes:
    """The row of users whom information barriers let through, per site, int32[T] (O25-O28)."""
    tenant, people = facts.tenant, facts.people
    gate = np.full(len(facts.sites), ALL_PASS, np.int32)
    if tenant.switch("information_barriers_suspended", wide):
        return gate
    modes = site_column(facts, words(tenant["sites"]["ib_mode"], IB_MODES), -1)
    if not (modes > 0).any():
        return gate
    segments = facts.segments_of_users()
    has_segment = np.zeros(people.n_users, np.bool_)
    for users in segments.values():
        has_segment[users] = True
    group = site_groups(facts)
    by_members = tenant.switch("ib_implicit_group_based", True) is not False
    open_segments = wide and not tenant.coverage.default_holds("principals", "segments")
    somebody = people.kind_of_user != kind_code(Kind.ANONYMOUS)
    may_match = ~has_segment & somebody & open_segments
    unknown_site = wide and not tenant.coverage.default_holds("sites", "segments")
    listed = {
        int(site): [str(s).lower() for s in cell]
        for site, cell in zip(
            facts.sites.codes(tenant["sites"]["id"]), tenant["sites"]["segments"].to_list(), strict=True
        )
        if cell
    }
    free = _apps(facts, wide=wide)
    for site in np.flatnonzero(modes > 0):
        mode = IB_MODES[modes[site]]
        match = may_match.copy()
        for segment in listed.get(int(site), []):
            match[segments.get(segment, np.zeros(0, np.int32))] = True
        if unknown_site and int(site) not in listed and mode in ("Explicit", "Mixed"):
            match |= somebody
        if mode == "Mixed":
            passes = match | ~has_segment
        elif mode == "Explicit":
            passes = match
        elif group[site] < 0:  # Implicit and OwnerModerated bind sites of groups only
            continue
        elif mode == "Implicit" and not by_members:
            passes = match
        else:
            passes = users_in(int(group[site]))
        passes = passes | free
        gate[site] = rows.add(passes) if not passes.all() else ALL_PASS
    return gate


def download_exempt(facts: Facts, rows: GateRows, users_in: UsersIn) -> Codes:
    """The row of users whom the block-download policy spares, per site; everybody where there is none (O24)."""
    sites = facts.tenant["sites"]
    gate = np.full(len(facts.sites), ALL_PASS, np.int32)
    code = facts.sites.codes(sites["id"])
    exempt = sites["block_download_exempt"].to_list()
    for position in np.flatnonzero(flags(sites["block_download"]) == 1):
        spared = np.zeros(facts.people.n_users, np.bool_)
        for node in facts.principals(pl.Series(exempt[position] or [], dtype=pl.String)):
            if node >= 0:
                spared |= users_in(int(node))
        gate[code[position]] = rows.add(spared) if spared.any() else NONE_PASS
    return gate
