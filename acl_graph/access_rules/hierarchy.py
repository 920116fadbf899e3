"""Hierarchy (H01-H18): role assignments on scopes, site administrators, own-items lists and drafts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from acl_graph.access_rules.forms import (
    VIA_ADMIN,
    VIA_ASSUMED,
    VIA_GRANT,
    VIA_OWNER,
    Entries,
    Exceptions,
    Mask,
    entries,
    join_entries,
)
from acl_graph.access_rules.levels import (
    APPROVE_ITEMS,
    CANCEL_CHECKOUT,
    EDIT_LIST_ITEMS,
    EDIT_MASK,
    FULL,
    MANAGE_LISTS,
    SITE_ADMIN,
)
from acl_graph.access_rules.principals import external, may_own, pair_in, reached_expiry
from acl_graph.indexed.ids import Codes, flags, whole, words
from acl_graph.indexed.indexed_tenant import Facts
from acl_graph.vocabulary import Gate, Kind

ADMIN_MASK = FULL | SITE_ADMIN
#: who can hold a role assignment
GRANTEES = (
    Kind.USER,
    Kind.APP,
    Kind.SECURITY_GROUP,
    Kind.MAIL_SECURITY_GROUP,
    Kind.M365_GROUP,
    Kind.GROUP_OWNERS,
    Kind.DIRECTORY_ROLE,
    Kind.SHAREPOINT_GROUP,
    Kind.EVERYONE,
    Kind.EVERYONE_EXCEPT_EXTERNAL,
    Kind.AUTHENTICATED_USERS,
)


@dataclass(frozen=True)
class Assignments:
    """Role assignments on scopes, administrators of sites (`scope` of an `admins` entry is a site), and barred ones."""

    open: Entries
    barred: Entries
    admins: Entries
    barred_admins: Entries


def assignments(facts: Facts, masks: Mask, *, wide: bool) -> Assignments:
    """Who stands on which scope, and who administers which site, in one world (H02, H08, P07)."""
    grants = facts.tenant["grants"]
    scope, node = facts.numbered("grants", "scope"), facts.numbered("grants", "principal")
    direct = (node >= 0) & (scope >= 0) & grants["link"].is_null().to_numpy()
    kinds = (*GRANTEES, Kind.UNRESOLVED) if wide else GRANTEES
    keep = direct.copy()
    keep[direct] = facts.people.are(*kinds)[node[direct]]
    row = np.flatnonzero(keep).astype(np.int64)
    found = entries(scope[keep], node[keep], masks[keep], VIA_GRANT, row)
    expired = reached_expiry(facts)
    barred = pair_in(facts.scope_site[found.scope], found.node, expired)

    frame = facts.tenant["site_admins"]
    site, admin = facts.sites.codes(frame["site"]), facts.principals(frame["principal"])
    keep = (site >= 0) & (admin >= 0)
    keep[keep] = facts.people.are(*kinds)[admin[keep]]
    full = np.full(int(keep.sum()), ADMIN_MASK, np.uint64)
    admins = entries(site[keep], admin[keep], full, VIA_ADMIN, np.flatnonzero(keep).astype(np.int64))
    admins = join_entries(admins, _onedrive_owners(facts, kinds))
    barred_admin = pair_in(admins.scope, admins.node, expired)
    return Assignments(
        open=found.take(~barred),
        barred=found.take(barred),
        admins=admins.take(~barred_admin),
        barred_admins=admins.take(barred_admin),
    )


def _onedrive_owners(facts: Facts, kinds: tuple[Kind, ...]) -> Entries:
    """The owner of a OneDrive is its primary administrator, with or without a row that says so (H18)."""
    sites = facts.tenant["sites"]
    owner = facts.principals(sites["owner"])
    keep = (owner >= 0) & (sites["kind"] == "onedrive").fill_null(False).to_numpy()
    keep[keep] = facts.people.are(*kinds)[owner[keep]]
    at = np.flatnonzero(keep).astype(np.int64)
    full = np.full(len(at), ADMIN_MASK, np.uint64)
    return entries(facts.sites.codes(sites["id"])[keep], owner[keep], full, VIA_OWNER, at)


@dataclass(frozen=True)
class Assumed:
    """P07's default where an export carries neither an administrator nor a grant of a group-connected site."""

    sites: Codes
    groups: Codes
    #: top web scopes of these sites, on which the group's members have Edit
    member_scopes: Codes
    member_groups: Codes


def assumed_defaults(facts: Facts) -> Assumed:
    """Sites whose group's owners are taken for administrators and whose members for editors."""
    sites = facts.tenant["sites"]
    code, group = facts.sites.codes(sites["id"]), facts.principals(sites["group"])
    silent = np.ones(len(facts.sites), np.bool_)
    granted = np.append(facts.scope_site, -1)[facts.numbered("grants", "scope")]
    silent[granted[granted >= 0]] = False
    administered = facts.sites.codes(facts.tenant["site_admins"]["site"])
    silent[administered[administered >= 0]] = False
    wanted = (group >= 0) & silent[code] & (flags(sites["group_owners_are_admins"]) != 0)
    group_of = np.full(len(facts.sites), -1, np.int32)
    group_of[code[wanted]] = group[wanted]
    site_of_scope = facts.scope_site
    top = (facts.scope_kind == 0) | ((facts.scope_kind == -1) & (facts.scope_parent < 0))
    scopes = np.flatnonzero((site_of_scope >= 0) & top & (np.append(group_of, -1)[site_of_scope] >= 0))
    return Assumed(
        sites=code[wanted],
        groups=group[wanted],
        member_scopes=scopes.astype(np.int32),
        member_groups=group_of[site_of_scope[scopes]],
    )


def assumed_entries(assumed: Assumed) -> Entries:
    """The Edit that members of an assumed group have on the top webs."""
    mask = np.full(len(assumed.member_scopes), EDIT_MASK, np.uint64)
    return entries(assumed.member_scopes, assumed.member_groups, mask, VIA_ASSUMED)


def assumed_admins(facts: Facts, assumed: Assumed, *, wide: bool) -> tuple[Entries, Entries]:
    """The owners of assumed groups as administrators of their sites; `row` is the row of `members`.

    The second part are owners from outside whom the rule on guests in groups takes away (P18).
    """
    frame = (
        facts.tenant["members"]
        .with_row_index("row")
        .filter((pl.col("role") == "owner") & (pl.col("assignment").is_null() | (pl.col("assignment") != "eligible")))
    )
    group, member = facts.principals(frame["group"]), facts.principals(frame["member"])
    keep = may_own(facts, member, wide=wide)
    left = pl.DataFrame({"group": assumed.groups, "site": assumed.sites})
    right = pl.DataFrame({"group": group[keep], "member": member[keep], "row": frame["row"].to_numpy()[keep]})
    found = left.join(right, on="group", how="inner", maintain_order="left_right")
    mask = np.full(found.height, ADMIN_MASK, np.uint64)
    site = np.array(found["site"].to_numpy(), np.int32)
    node = np.array(found["member"].to_numpy(), np.int32)
    admins = entries(site, node, mask, VIA_ASSUMED, np.array(found["row"].to_numpy(), np.int64))
    shut_out = external(facts)[node] & (facts.tenant.switch("group_guest_access", True) is False)
    return admins.take(~shut_out), admins.take(shut_out)


@dataclass(frozen=True)
class Needs:
    """What an item asks of the list beyond reading: bits that must be there too, uint64[I]."""

    bits: Mask
    #: what it asks of its author: only drafts that editors alone may see
    of_author: Mask
    #: items that ask less of their author (own items, own drafts)
    author_spared: NDArray[np.bool_]


def library_needs(facts: Facts) -> Needs:
    """Own-items lists (H14) and drafts that are hidden (H15)."""
    libraries = facts.tenant["libraries"]
    code = facts.libraries.codes(libraries["id"])
    own_only = np.zeros(len(facts.libraries) + 1, np.bool_)
    own_only[code] = whole(libraries["read_security"], 1) == 2
    drafts = np.zeros(len(facts.libraries) + 1, np.int8)
    drafts[code] = np.maximum(words(libraries["draft_visibility"], ("Reader", "Author", "Approver")), 0)

    items = facts.tenant["items"]
    item = facts.items.codes(items["id"])
    unpublished = np.zeros(len(facts.items), np.bool_)
    unpublished[item] = (whole(items["major"], 1) == 0) & (whole(items["minor"], 0) > 0)
    own = own_only[facts.item_library]
    draft = np.where(unpublished, drafts[facts.item_library], 0)

    said = str(facts.tenant.switch("readsecurity_bypass_bit", "CancelCheckout"))
    bypass = MANAGE_LISTS if said.lower() == "managelists" else CANCEL_CHECKOUT
    bits = np.zeros(len(facts.items), np.uint64)
    bits[own] |= np.uint64(bypass)
    bits[draft == 1] |= np.uint64(EDIT_LIST_ITEMS)
    bits[draft == 2] |= np.uint64(APPROVE_ITEMS)
    of_author = np.where(draft == 1, np.uint64(EDIT_LIST_ITEMS), np.uint64(0))
    return Needs(bits, of_author, own | (draft == 2))


def author_exceptions(facts: Facts, needs: Needs, exceptions: Exceptions) -> None:
    """Authors see their own items and drafts (H14, H15)."""
    items = facts.tenant["items"]
    item, author = facts.items.codes(items["id"]), facts.principals(items["author"])
    spared = needs.author_spared[item] & (author >= 0)
    exceptions.add(item[spared], facts.people.user_of[author[spared]], Gate.LIBRARY)


def site_owner(facts: Facts) -> Codes:
    """The owner of each site as a subject, int32[T]."""
    sites = facts.tenant["sites"]
    owner = np.full(len(facts.sites), -1, np.int32)
    named = facts.principals(sites["owner"])
    owner[facts.sites.codes(sites["id"])] = np.where(named >= 0, np.append(facts.people.user_of, -1)[named], -1)
    return owner


def site_groups(facts: Facts) -> Codes:
    """The Microsoft 365 group of each site as a principal, int32[T]."""
    sites = facts.tenant["sites"]
    group = np.full(len(facts.sites), -1, np.int32)
    group[facts.sites.codes(sites["id"])] = facts.principals(sites["group"])
    return group


def elevating_roles(facts: Facts) -> Codes:
    """Directory roles whose members can give themselves access (H10)."""
    frame = facts.tenant["principals"].select("id", "role_template", "kind")
    template = frame["role_template"].str.to_lowercase().str.replace_all(r"[\s_-]", "")
    wanted = template.is_in(["globaladministrator", "sharepointadministrator"]) & (
        frame["kind"] == Kind.DIRECTORY_ROLE.value
    )
    return facts.principals(frame.filter(wanted.fill_null(False))["id"])
