"""Permission levels (L01-L12): names become 64-bit masks, masks become levels."""

from __future__ import annotations

import re

import numpy as np
import polars as pl
from numpy.typing import NDArray

from acl_graph.access_rules.forms import Mask
from acl_graph.indexed.indexed_tenant import Facts, kind_code
from acl_graph.vocabulary import Kind, Level

# L01: value v of PermissionKind is bit v - 1
VIEW_LIST_ITEMS = 1 << 0
EDIT_LIST_ITEMS = 1 << 2
APPROVE_ITEMS = 1 << 4
OPEN_ITEMS = 1 << 5
CANCEL_CHECKOUT = 1 << 8
MANAGE_LISTS = 1 << 11
OPEN = 1 << 16
MANAGE_PERMISSIONS = 1 << 25
#: not a SharePoint bit: the holder administers the site collection (H08)
SITE_ADMIN = 1 << 63

FULL = 0x7FFFFFFFFFFFFFFF
FULL_SENTINEL = 0x00007FFF0000FFFF  # L09: what JSOM writes for "all bits"
READ_MASK = 0xB008431061
EDIT_MASK = 0x1B03C431AEF
CONTRIBUTE_MASK = 0x1B03C4312EF
VIEW_ONLY_MASK = 0xB008431041
LIMITED_MASK = 0x3008011000

VIEW_BITS = OPEN | VIEW_LIST_ITEMS

#: L02 and L11: built-in levels, Graph roles and link types by their folded names
BUILT_IN = {
    "fullcontrol": FULL,
    "owner": FULL,
    "manage": FULL,
    "siteadmin": FULL,
    "sitecollectionadministrator": FULL,
    "design": 0x1B03C5F1BFF,
    "edit": EDIT_MASK,
    "write": EDIT_MASK,
    "contribute": CONTRIBUTE_MASK,
    "approve": 0x1B03C4313FF,
    "managehierarchy": 0x400001F07EE71BEF,
    "read": READ_MASK,
    "view": READ_MASK,
    "review": READ_MASK,
    "reviewer": READ_MASK,
    "embed": READ_MASK,
    "restrictedread": 0x30021,
    "viewonly": VIEW_ONLY_MASK,
    "restrictedview": VIEW_ONLY_MASK,
    "blocksdownload": VIEW_ONLY_MASK,
    "preventsdownload": VIEW_ONLY_MASK,
    "limitedaccess": LIMITED_MASK,
    "webonlylimitedaccess": LIMITED_MASK,
    "submitonly": 0,
    "uploadfiles": 0,
    "existingaccess": 0,
}


def folded(name: pl.Expr) -> pl.Expr:
    """A level's name as it is compared: no case, spaces, hyphens or underscores, no `sp.` in front (L11)."""
    return name.str.to_lowercase().str.replace(r"^sp\.", "").str.replace_all(r"[\s_-]", "")


def read_mask(text: str) -> int | None:
    """A hexadecimal mask (`0x…`, or 16 digits), or None. The full sentinel becomes full (L09)."""
    plain = text.strip().lower()
    if re.fullmatch(r"0x[0-9a-f]{1,16}|[0-9a-f]{16}", plain) is None:
        return None
    mask = int(plain, 16)
    return FULL if mask in (FULL_SENTINEL, (1 << 64) - 1) else mask & FULL


def masks_of_grants(facts: Facts) -> tuple[Mask, NDArray[np.bool_]]:
    """The mask of every row of `grants`, and which rows have a level nobody knows (read as Read, and said so).

    L10: a name means what the scope's nearest web with such a level says, else what the site says, else what is
    built in. L11: names nobody knows are read as Read.
    """
    grants = facts.tenant["grants"]
    levels = facts.tenant["levels"]
    frame = grants.select(
        pl.Series("scope", facts.numbered("grants", "scope")), pl.col("level"), folded(pl.col("level")).alias("name")
    )
    known: dict[str | None, int] = {}
    for text in frame["level"].unique().to_list():
        if text is None:
            continue
        mask = BUILT_IN.get(str(pl.select(folded(pl.lit(text))).item()), read_mask(text))
        if mask is not None:
            known[text] = mask
    spelled = [text for text in known if text is not None]
    values = pl.Series([known[text] for text in spelled], dtype=pl.UInt64)
    found = frame["level"].replace_strict(spelled, values, default=None, return_dtype=pl.UInt64)
    unknown = np.array(found.is_null().to_numpy(), np.bool_)
    masks = np.array(found.fill_null(READ_MASK).to_numpy(), np.uint64)
    if levels.height:
        _apply_custom(facts, levels, frame, masks, unknown)
    return masks, unknown


def _apply_custom(
    facts: Facts, levels: pl.DataFrame, frame: pl.DataFrame, masks: Mask, unknown: NDArray[np.bool_]
) -> None:
    by_web: dict[tuple[int, str], int] = {}
    by_site: dict[tuple[int, str], int] = {}
    name = levels.select(folded(pl.col("name")))["name"].to_list()
    site = facts.sites.codes(levels["site"])
    web = facts.scopes.codes(levels["web"])
    for position, text in enumerate(levels["mask"].to_list()):
        mask = read_mask(text or "")
        if mask is None:
            continue
        if levels["web"][position] is not None:
            by_web[(int(web[position]), name[position])] = mask
        else:
            by_site[(int(site[position]), name[position])] = mask
    custom = set(name)
    wanted = frame.with_row_index("row").filter(pl.col("name").is_in(list(custom)) & (pl.col("scope") >= 0))
    for row, scope, level in wanted.select("row", "scope", "name").iter_rows():
        mask = _nearest(facts, by_web, scope, level)
        if mask is None:
            mask = by_site.get((int(facts.scope_site[scope]), level))
        if mask is not None:
            masks[row] = mask
            unknown[row] = False


def _nearest(facts: Facts, by_web: dict[tuple[int, str], int], scope: int, level: str) -> int | None:
    seen: set[int] = set()
    while scope >= 0 and scope not in seen:
        if (scope, level) in by_web:
            return by_web[(scope, level)]
        seen.add(scope)
        scope = int(facts.scope_parent[scope])
    return None


def levels_of(masks: Mask) -> NDArray[np.int8]:
    """The level each mask gives: tests on bits, never on names (L04, L07)."""
    opens = masks & np.uint64(OPEN) != 0
    views = opens & (masks & np.uint64(VIEW_LIST_ITEMS) != 0)
    reads = views & (masks & np.uint64(OPEN_ITEMS) != 0)
    level = np.zeros(masks.shape, np.int8)
    level[opens] = Level.TRAVERSE
    level[views] = Level.VIEW
    level[reads] = Level.READ
    level[reads & (masks & np.uint64(EDIT_LIST_ITEMS) != 0)] = Level.EDIT
    level[reads & (masks & np.uint64(MANAGE_PERMISSIONS) != 0)] = Level.MANAGE
    level[masks & np.uint64(SITE_ADMIN) != 0] = Level.SITEADMIN
    return level


#: P19: what an application permission lets an app do on every site
APP_PERMISSIONS = {
    ("sites", "files"): {"read": READ_MASK, "readwrite": EDIT_MASK},
    ("sites",): {"manage": EDIT_MASK, "fullcontrol": FULL},
}


def app_grants(facts: Facts, *, wide: bool) -> list[tuple[int, int, int]]:
    """(subject, mask, row of app_permissions) for every application permission that holds on all sites (P19).

    In the possible world (`wide`) somebody nobody describes may be the app. `Sites.Selected` and its kin give nothing
    by themselves, delegated permissions nothing without a user.
    """
    frame = facts.tenant["app_permissions"]
    users = np.append(facts.people.user_of, -1)[facts.principals(frame["app"])]
    kinds = (Kind.APP, Kind.UNRESOLVED) if wide else (Kind.APP,)
    may_be_app = np.isin(facts.people.kind_of_user, [kind_code(kind) for kind in kinds])
    found: list[tuple[int, int, int]] = []
    for row, (permission, kind) in enumerate(frame.select("permission", "type").iter_rows()):
        parts = (permission or "").lower().split(".")
        if users[row] < 0 or not may_be_app[users[row]] or kind == "delegated" or len(parts) != 3 or parts[2] != "all":
            continue
        for areas, verbs in APP_PERMISSIONS.items():
            if parts[0] in areas and parts[1] in verbs:
                found.append((int(users[row]), verbs[parts[1]], row))
    return found


def opening(mask: Mask) -> NDArray[np.bool_]:
    """Which masks let anybody view an item."""
    return np.asarray(mask & np.uint64(VIEW_BITS) == np.uint64(VIEW_BITS))


def app_masks(facts: Facts, *, wide: bool) -> Mask:
    """What each subject may do everywhere as an app with application permissions, uint64[U] (P19)."""
    masks = np.zeros(facts.people.n_users, np.uint64)
    for user, mask, _ in app_grants(facts, wide=wide):
        masks[user] |= np.uint64(mask)
    if wide and not facts.tenant.coverage.complete("app_permissions"):
        masks[np.isin(facts.people.kind_of_user, [kind_code(kind) for kind in (Kind.APP, Kind.UNRESOLVED)])] = FULL
    return masks
