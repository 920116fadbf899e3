"""Principals (P01-P22): which memberships count, who the claims stand for, who could join."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from acl_graph.access_rules.forms import (
    ACTIVE_DIRECTORY,
    ACTIVE_LINKABLE,
    ALL_USERS,
    ANYBODY,
    AUTHENTICATED,
    DIRECTORY,
    EVERYONE,
    NO_GUEST,
    Membership,
)
from acl_graph.indexed.ids import Codes
from acl_graph.indexed.indexed_tenant import (
    ACTIVE,
    CHANNEL_EXTERNAL,
    EXTERNAL_MEMBER,
    GUEST,
    INTERNAL,
    KINDS,
    OTP_GUEST,
    Facts,
    kind_code,
)
from acl_graph.vocabulary import ENTRA_GROUP_KINDS, Cover, Kind

NO_EDGE, POSSIBLY, SURELY = range(3)


def _support() -> NDArray[np.int8]:
    """What a row (group of kind i, member of kind j) is worth: P01-P05 as one table, int8[kinds, kinds]."""
    table = np.full((len(KINDS), len(KINDS)), NO_EDGE, np.int8)
    groups = (
        Kind.SECURITY_GROUP,
        Kind.MAIL_SECURITY_GROUP,
        Kind.M365_GROUP,
        Kind.DIRECTORY_ROLE,
        Kind.SHAREPOINT_GROUP,
        Kind.GROUP_OWNERS,
    )

    def put(group: Kind, members: tuple[Kind, ...], worth: int) -> None:
        for member in members:
            table[kind_code(group), kind_code(member)] = worth

    claims = (Kind.EVERYONE, Kind.EVERYONE_EXCEPT_EXTERNAL, Kind.AUTHENTICATED_USERS)
    entra = (Kind.SECURITY_GROUP, Kind.MAIL_SECURITY_GROUP, Kind.M365_GROUP, Kind.DIRECTORY_ROLE)
    for group in groups:
        put(group, (Kind.USER, Kind.APP, *claims), SURELY)
        put(group, (*entra, Kind.GROUP_OWNERS), SURELY if group is not Kind.GROUP_OWNERS else POSSIBLY)
        if group is not Kind.SHAREPOINT_GROUP:
            put(group, (Kind.DIRECTORY_ROLE,), NO_EDGE)  # roles hold people and groups, and are in none
        put(group, (Kind.SHAREPOINT_GROUP, Kind.UNRESOLVED), POSSIBLY)  # P01
    for group in (Kind.SECURITY_GROUP, Kind.MAIL_SECURITY_GROUP):
        put(group, (Kind.M365_GROUP,), POSSIBLY)  # P03
    put(Kind.M365_GROUP, (Kind.SECURITY_GROUP, Kind.MAIL_SECURITY_GROUP, Kind.M365_GROUP), POSSIBLY)
    for group in (Kind.SECURITY_GROUP, Kind.MAIL_SECURITY_GROUP, Kind.M365_GROUP, Kind.DIRECTORY_ROLE):
        put(group, (Kind.GROUP_OWNERS,), POSSIBLY)
    # an undescribed group: its rows may count, whatever they name
    put(Kind.UNRESOLVED, (Kind.USER, Kind.APP, *claims, *groups, Kind.UNRESOLVED), POSSIBLY)
    return table


SUPPORT = _support()
OWNER = "owner"


def external(facts: Facts) -> NDArray[np.bool_]:
    """Principals to whom the guest rules apply, bool[P]."""
    return facts.people.are(Kind.USER) & np.isin(facts.people.home, (GUEST, OTP_GUEST))


def reached_expiry(facts: Facts) -> tuple[Codes, Codes]:
    """(site, principal) pairs whose guest expiry has been reached (S16)."""
    frame = facts.tenant["guest_expiry"]
    if facts.now is None or frame.is_empty():
        return np.zeros(0, np.int32), np.zeros(0, np.int32)
    frame = frame.filter(pl.col("expires") <= facts.now)
    site, principal = facts.sites.codes(frame["site"]), facts.principals(frame["principal"])
    keep = (site >= 0) & (principal >= 0)
    site, principal = site[keep], principal[keep]
    keep = external(facts)[principal]
    return site[keep], principal[keep]


def pair_in(first: Codes, second: Codes, pairs: tuple[Codes, Codes]) -> NDArray[np.bool_]:
    """Which (first[i], second[i]) occur among `pairs`."""
    if not len(pairs[0]):
        return np.zeros(len(first), np.bool_)
    wide = np.int64(1) << np.int64(32)
    return np.isin(first.astype(np.int64) * wide + second, pairs[0].astype(np.int64) * wide + pairs[1])


def membership(facts: Facts, *, wide: bool) -> Membership:
    """The memberships that count in one world (`wide`: the possible one)."""
    people, frame = facts.people, facts.tenant["members"]
    group, member = facts.numbered("members", "group"), facts.numbered("members", "member")
    row = np.arange(frame.height, dtype=np.int64)
    owner = (frame["role"] == OWNER).fill_null(False).to_numpy()
    eligible = (frame["assignment"] == "eligible").fill_null(False).to_numpy()

    worth = SUPPORT[people.kind[group], people.kind[member]].copy()
    # P03: a group found inside a synced group came by sync, or was never allowed
    is_group = people.are(*ENTRA_GROUP_KINDS, Kind.GROUP_OWNERS, Kind.SHAREPOINT_GROUP, Kind.UNRESOLVED)
    into_synced = (people.synced[group] == 1) & is_group[member]
    worth[into_synced & (worth == SURELY)] = POSSIBLY
    counts = (worth >= (POSSIBLY if wide else SURELY)) & ~owner

    barred = _barred(facts, group, member)
    normal = counts & ~eligible & ~barred
    could = counts & eligible & ~barred
    barred &= counts & ~eligible

    owned, owner_member, owner_row = _owners(facts, group, member, row, owner & ~eligible, wide=wide)
    could_own, could_own_member, could_own_row = _owners(facts, group, member, row, owner & eligible, wide=wide)
    shut_out, never = _shut_out(facts, owner_member), _shut_out(facts, could_own_member)
    populations, joinable, unknown = _populations(facts, wide=wide)
    return Membership(
        group=np.concatenate([group[normal], owned[~shut_out]]),
        member=np.concatenate([member[normal], owner_member[~shut_out]]),
        row=np.concatenate([row[normal], owner_row[~shut_out]]),
        eligible_group=np.concatenate([group[could], could_own[~never]]),
        eligible_member=np.concatenate([member[could], could_own_member[~never]]),
        eligible_row=np.concatenate([row[could], could_own_row[~never]]),
        barred_group=np.concatenate([group[barred], owned[shut_out]]),
        barred_member=np.concatenate([member[barred], owner_member[shut_out]]),
        populations=populations,
        joinable=joinable,
        unknown=unknown,
    )


def _barred(facts: Facts, group: Codes, member: Codes) -> NDArray[np.bool_]:
    """Rows of external people that a guest rule takes away: guests in Microsoft 365 groups (P18), expiry (S16)."""
    people = facts.people
    outsider = external(facts)[member]
    barred = pair_in(people.site[group], member, reached_expiry(facts)) & people.are(Kind.SHAREPOINT_GROUP)[group]
    if facts.tenant.switch("group_guest_access", True) is False:
        barred |= outsider & people.are(Kind.M365_GROUP, Kind.GROUP_OWNERS)[group]
    return barred


def _shut_out(facts: Facts, owner: Codes) -> NDArray[np.bool_]:
    """Owners from outside where guests get nothing of what their Microsoft 365 groups are granted (P18)."""
    return external(facts)[owner] & (facts.tenant.switch("group_guest_access", True) is False)


def _owners(
    facts: Facts,
    group: Codes,
    member: Codes,
    row: NDArray[np.int64],
    owner: NDArray[np.bool_],
    *,
    wide: bool,
) -> tuple[Codes, Codes, NDArray[np.int64]]:
    """The owners claim holds the owners of its group, and nobody else's members do (P07, P08)."""
    people = facts.people
    keep = owner & may_own(facts, member, wide=wide)
    claim = np.flatnonzero(people.are(Kind.GROUP_OWNERS) & (people.of >= 0)).astype(np.int32)
    left = pl.DataFrame({"group": people.of[claim], "claim": claim})
    right = pl.DataFrame({"group": group[keep], "member": member[keep], "row": row[keep]})
    found = left.join(right, on="group", how="inner", maintain_order="right_left")
    return (
        np.array(found["claim"].to_numpy(), np.int32),
        np.array(found["member"].to_numpy(), np.int32),
        np.array(found["row"].to_numpy(), np.int64),
    )


def may_own(facts: Facts, member: Codes, *, wide: bool) -> NDArray[np.bool_]:
    """Which of these principals count as owners of a group: people and apps; a group among owners only possibly."""
    worth = SUPPORT[kind_code(Kind.GROUP_OWNERS), facts.people.kind[member]]
    return np.asarray(worth >= (POSSIBLY if wide else SURELY))


def _populations(facts: Facts, *, wide: bool) -> tuple[NDArray[np.uint32], NDArray[np.uint32], NDArray[np.bool_]]:
    people, coverage = facts.people, facts.tenant.coverage
    size = len(people.names)
    inside = np.zeros(size, np.uint32)
    inside[people.are(Kind.EVERYONE_EXCEPT_EXTERNAL)] |= DIRECTORY
    inside[people.are(Kind.EVERYONE)] |= EVERYONE
    inside[people.are(Kind.AUTHENTICATED_USERS)] |= AUTHENTICATED
    m365 = people.are(Kind.M365_GROUP)
    public = m365 & (people.visibility == 1)
    if wide and not coverage.default_holds("principals", "visibility"):
        public |= m365 & (people.visibility == -1)
    joinable = np.zeros(size, np.uint32)
    joinable[public] |= ACTIVE_DIRECTORY
    unknown = np.zeros(size, np.bool_)
    if wide:
        unknown = unknown_members(facts)
        inside[unknown] |= ANYBODY
        if facts.tenant.switch("group_guest_access", True) is False:
            inside[unknown & people.are(Kind.M365_GROUP, Kind.GROUP_OWNERS)] = NO_GUEST
    return inside, joinable, unknown


def unknown_members(facts: Facts) -> NDArray[np.bool_]:
    """Groups of which the export may not show every member, bool[P]."""
    people, coverage = facts.people, facts.tenant.coverage
    groups = people.are(
        Kind.SECURITY_GROUP,
        Kind.MAIL_SECURITY_GROUP,
        Kind.M365_GROUP,
        Kind.DIRECTORY_ROLE,
        Kind.SHAREPOINT_GROUP,
        Kind.GROUP_OWNERS,
    )
    if coverage.table("members") is Cover.COMPLETE:
        unknown = groups & (people.expanded == 0)
    else:
        unknown = groups & (people.expanded != 1)
    unknown |= people.are(Kind.UNRESOLVED) & ~people.person_like
    claim = people.are(Kind.GROUP_OWNERS) & (people.of >= 0)
    unknown[claim] |= unknown[people.of[claim]]
    return np.asarray(unknown, np.bool_)


def user_populations(facts: Facts, *, wide: bool) -> NDArray[np.uint32]:
    """Which populations each subject is in, uint32[U] (P09-P12, S01)."""
    people, tenant = facts.people, facts.tenant
    is_user = people.kind_of_user == kind_code(Kind.USER)
    stranger = people.kind_of_user == kind_code(Kind.UNRESOLVED)
    home, state = people.home_of_user, people.state[people.node_of]
    internal = is_user & (home == INTERNAL)
    member = is_user & (home == EXTERNAL_MEMBER)
    guest = is_user & np.isin(home, (GUEST, OTP_GUEST))
    directory = internal | (member if tenant.switch("external_member_in_org", True) else False)
    everyone = internal | member
    authenticated = internal | member
    if tenant.switch("show_everyone_claim", wide):
        everyone = everyone | guest
    if tenant.switch("guests_in_allusers", False):
        authenticated = authenticated | guest
    if wide:
        directory, everyone, authenticated = (part | stranger for part in (directory, everyone, authenticated))
    anyone = is_user | (stranger if wide else False)
    active = state == ACTIVE
    anonymous = people.kind_of_user == kind_code(Kind.ANONYMOUS)
    bits = np.zeros(people.n_users, np.uint32)
    for bit, users in (
        (DIRECTORY, directory),
        (EVERYONE, everyone),
        (AUTHENTICATED, authenticated),
        (ANYBODY, ~anonymous),
        (ALL_USERS, anyone),
        (ACTIVE_DIRECTORY, directory & active),
        (ACTIVE_LINKABLE, (anyone & active) | anonymous),
        (NO_GUEST, ~anonymous & ~guest),
    ):
        bits[users] |= np.uint32(bit)
    return bits


def accounts(facts: Facts, *, wide: bool) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """(can act now, could after accepting an invitation) for each subject (P15-P17, P21), bool[U]."""
    people = facts.people
    state = people.state[people.node_of]
    usable = np.isin(state, (0, 1))
    otp = (people.kind_of_user == kind_code(Kind.USER)) & (people.home_of_user == OTP_GUEST)
    usable &= ~(otp & _otp_retired(facts, wide=wide))
    return usable & (state == ACTIVE), usable & (state == 1)


def _otp_retired(facts: Facts, *, wide: bool) -> bool:
    """P21: one-time-passcode guests end between July and the end of August 2026."""
    said = facts.tenant.switch("otp_guests_retired")
    if said is not None:
        return bool(said)
    if facts.now is None:
        return False
    day = (facts.now.year, facts.now.month)
    return day >= (2026, 9) or (day >= (2026, 7) and not wide)


__all__ = ["CHANNEL_EXTERNAL", "SUPPORT", "accounts", "external", "membership", "reached_expiry", "user_populations"]
