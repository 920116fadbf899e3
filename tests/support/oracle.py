"""The slow truth: one (person, item) pair at a time, with plain dictionaries and sets.

This file imports nothing of the program. It is written from the rules alone, so that an error would have to be made
twice to stay unseen. Every function is one rule and carries its number where there is one; `wide` chooses the world:
False is the sure one (defaults, nothing that is not there), True the possible one (whatever would widen reach).

Readings taken where the rules leave room, so that a difference can be argued about and not only be found:

* An attributed failure (a guest's row or an Anyone path that does not count) renames the failing gate from `acl` to
  `external_sharing` or `dlp`; the level is what the rows that do count give, and a latent step is still open.
* Every gate is evaluated for every subject, whatever `na` or `acl` say, except `library`, which asks for the mask.
* Somebody unresolved is stopped by `acl` alone. Nobody has the anonymous principal's grants, not even it.
* With `anon_redeemed_surfaces` or `viewonly_surfaces` off, a Copilot `no` for that reason counts as `copilot_label`.
* What a gap may hide may be a row that the guest rules do not touch, so they do not narrow it.
* A Copilot rule that includes somebody possibly does not narrow the possible world; one that excludes possibly widens.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import wraps
from typing import Any, TypeVar

Row = dict[str, Any]
Answerer = TypeVar("Answerer", bound=Callable[..., Any])

NONE, TRAVERSE, VIEW, READ, EDIT, MANAGE, SITEADMIN = range(7)
LEVELS = ("NONE", "TRAVERSE", "VIEW", "READ", "EDIT", "MANAGE", "SITEADMIN")
LENSES = ("open", "latent", "find", "copilot")
STEPS = ("link_url", "redemption", "join", "eligible", "elevation")
GATES = (
    "account",
    "acl",
    "site_state",
    "external_sharing",
    "information_barrier",
    "restricted_access",
    "conditional_access",
    "dlp",
    "library",
    "encryption",
    "no_crawl",
    "restricted_discovery",
    "restricted_search",
    "copilot_label",
    "copilot_dlp",
    "copilot_licence",
)

SECURITY = ("security_group", "mail_security_group")
MEMBER_GROUPS = (*SECURITY, "m365_group", "group_owners", "directory_role", "sharepoint_group")
ENTRA_GROUPS = (*SECURITY, "m365_group", "directory_role", "distribution_group")
CLAIMS = ("everyone", "everyone_except_external", "authenticated_users")
KINDS = (*MEMBER_GROUPS, "distribution_group", *CLAIMS, "domain", "user", "app", "anonymous")
EXTERNAL = ("guest", "otp_guest")

#: the two bits and their neighbours that the rules name (L01)
BITS = {
    "ViewListItems": 1 << 0,
    "EditListItems": 1 << 2,
    "ApproveItems": 1 << 4,
    "OpenItems": 1 << 5,
    "CancelCheckout": 1 << 8,
    "ManageLists": 1 << 11,
    "Open": 1 << 16,
    "ManagePermissions": 1 << 25,
}
FULL = 0x7FFFFFFFFFFFFFFF
READ_MASK, VIEW_ONLY, EDIT_MASK, LIMITED = 0xB008431061, 0xB008431041, 0x1B03C431AEF, 0x3008011000
NAMED = {
    "read": READ_MASK,
    "view": READ_MASK,
    "review": READ_MASK,
    "embed": READ_MASK,
    "restrictedread": 0x30021,
    "viewonly": VIEW_ONLY,
    "blocksdownload": VIEW_ONLY,
    "restrictedview": VIEW_ONLY,
    "contribute": 0x1B03C4312EF,
    "edit": EDIT_MASK,
    "write": EDIT_MASK,
    "reviewer": READ_MASK,
    "preventsdownload": VIEW_ONLY,
    "design": 0x1B03C5F1BFF,
    "approve": 0x1B03C4313FF,
    "managehierarchy": 0x400001F07EE71BEF,
    "fullcontrol": FULL,
    "owner": FULL,
    "manage": FULL,
    "limitedaccess": LIMITED,
    "webonlylimitedaccess": LIMITED,
    "submitonly": 0,
    "uploadfiles": 0,
    "existingaccess": 0,
}
APP_MASKS = {
    "sites.read.all": READ_MASK,
    "files.read.all": READ_MASK,
    "sites.readwrite.all": EDIT_MASK,
    "files.readwrite.all": EDIT_MASK,
    "sites.manage.all": EDIT_MASK,
    "sites.fullcontrol.all": FULL,
}
SHARING = ("Disabled", "ExistingExternalUserSharingOnly", "ExternalUserSharingOnly", "ExternalUserAndGuestSharing")
ALL_RIGHTS = frozenset({"VIEW", "EXTRACT", "EDIT", "OWNER"})


@dataclass(eq=False)
class World:
    """A tenant as plain rows. Do not change one that has been asked: answers are remembered in `memory`."""

    tables: dict[str, list[Row]]
    switches: dict[str, Any] = field(default_factory=dict)
    coverage: dict[str, str] = field(default_factory=dict)
    snapshot: datetime | None = None
    memory: dict[Any, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, eq=False)
class Thing:
    """What is asked about: an item's row (empty for a plain item of a scope) and where it lies."""

    id: str
    item: Row
    scope: str | None
    site: str | None
    library: Row
    label: Row
    agents: tuple[str, ...]


@dataclass(frozen=True)
class Access:
    """What the list of a scope gives: the union of masks, and whether site administration is among it."""

    mask: int
    admin: bool = False


@dataclass(frozen=True)
class Answer:
    """The verdict in one world; `failed` holds every gate that stops something."""

    open: int
    latent_by: str | None
    find: str
    copilot: str
    failed: frozenset[str]


def remembered(function: Answerer) -> Answerer:
    """Keep answers in the world's memory; arguments after the world must be hashable."""

    @wraps(function)
    def ask(world: World, *args: Any) -> Any:
        key = (function.__name__, *args)
        if key not in world.memory:
            world.memory[key] = function(world, *args)
        return world.memory[key]

    return ask  # type: ignore[return-value]


# ---------------------------------------------------------------- what the tables say, and what they do not


def rows(world: World, table: str) -> list[Row]:
    return world.tables.get(table, [])


@remembered
def rows_by(world: World, table: str, column: str) -> dict[Any, list[Row]]:
    found: dict[Any, list[Row]] = {}
    for row in rows(world, table):
        found.setdefault(row.get(column), []).append(row)
    return found


def row_of(world: World, table: str, name: str | None) -> Row:
    """The first row with this id, or an empty row."""
    if name is None:
        return {}
    return next(iter(rows_by(world, table, "id").get(name, [])), {})


def gap(world: World, table: str) -> bool:
    """Whether the export may lack rows of this table."""
    said = world.coverage.get(table, world.coverage.get("default"))
    return (said or ("complete" if table in world.tables else "absent")) != "complete"


def empty_is_known(world: World, table: str, column: str) -> bool:
    """An empty cell is the default only where somebody said that the column is complete."""
    cover = world.coverage
    return cover.get(f"{table}.{column}", cover.get(table, cover.get("default"))) == "complete"


def column_gap(world: World, table: str, column: str) -> bool:
    return world.coverage.get(f"{table}.{column}") in ("absent", "partial")


def switch(world: World, wide: bool, name: str, default: Any, widest: Any = None) -> Any:
    """A switch, or its default; `widest` is what the possible world takes where the switch is missing."""
    if world.switches.get(name) is not None:
        return world.switches[name]
    return widest if wide and widest is not None else default


def flag(world: World, name: str, default: Any) -> Any:
    """A flag: a setting, the same in both worlds."""
    value = world.switches.get(name)
    return default if value is None else value


@remembered
def now(world: World) -> datetime | None:
    """The snapshot, else the newest thing that is known to have happened."""
    if world.snapshot is not None:
        return world.snapshot
    seen = [row.get("last") for row in rows(world, "usage")]
    seen += [row.get("modified") for row in rows(world, "items")]
    seen += [row.get("created") for row in rows(world, "links")]
    return max((moment for moment in seen if moment is not None), default=None)


def past(world: World, moment: datetime | None) -> bool:
    today = now(world)
    return moment is not None and today is not None and moment <= today


# ---------------------------------------------------------------- who somebody is


@remembered
def kind(world: World, who: str) -> str:
    said = row_of(world, "principals", who).get("kind")
    if said in KINDS:
        return str(said)
    return "anonymous" if who == "anonymous" else "unresolved"


def home(world: World, who: str) -> str:
    """Somebody undescribed is taken for an active internal user, whatever a row without a kind says."""
    said = None if kind(world, who) == "unresolved" else row_of(world, "principals", who).get("home")
    return said or "internal"


def state(world: World, who: str) -> str:
    said = None if kind(world, who) == "unresolved" else row_of(world, "principals", who).get("state")
    return said or "active"


def is_person(world: World, wide: bool, who: str) -> bool:
    """A user; in the possible world also somebody who is named and not described."""
    return kind(world, who) == "user" or (wide and kind(world, who) == "unresolved")


def may_be_app(world: World, wide: bool, who: str) -> bool:
    """An app; in the possible world also somebody who is named and not described."""
    return kind(world, who) == "app" or (wide and kind(world, who) == "unresolved")


def is_external(world: World, who: str) -> bool:
    return kind(world, who) == "user" and home(world, who) in EXTERNAL


def is_directory_member(world: World, wide: bool, who: str) -> bool:
    """P09, P10: who 'the organisation' is, for links and for everyone-except-external."""
    homes = ["internal"] + (["external_member"] if flag(world, "external_member_in_org", True) else [])
    return is_person(world, wide, who) and home(world, who) in homes


@remembered
def unresolved(world: World) -> frozenset[str]:
    """Everybody who is named by some row and described by none."""
    columns = (
        "principals.id principals.of members.group members.member sites.group sites.related_group sites.owner "
        "sites.block_download_exempt site_restricted_groups.group site_admins.principal grants.principal "
        "links.created_by link_users.principal items.author items.owner items.modified_by items.protected_by "
        "label_rights.principal item_rights.principal copilot_dlp.principal app_permissions.app "
        "guest_expiry.principal agent_users.principal usage.principal"
    )
    named: set[Any] = set(switch(world, False, "onedrive_restricted_groups", []))
    for column in columns.split():
        table, name = column.split(".")
        for row in rows(world, table):
            cell = row.get(name)
            named |= set(cell) if isinstance(cell, list) else {cell}
    return frozenset(n for n in named if n and kind(world, n) == "unresolved" and n != "authenticated_users")


def looks_like_a_person(world: World, who: str) -> bool:
    login = str(row_of(world, "principals", who).get("login") or "")
    return any("@" in text or text.startswith("i:0") for text in (who, login))


def domain_of(world: World, who: str) -> str | None:
    """S13: from the column, else from the login: before #EXT# what follows the last underscore, else after the @."""
    row = row_of(world, "principals", who)
    if row.get("domain"):
        return str(row["domain"]).lower()
    login = str(row.get("login") or "").lower()
    if "#ext#" in login:
        before = login.split("#ext#")[0]
        return before.rpartition("_")[2] or None if "_" in before else None
    return login.rpartition("@")[2] or None if "@" in login else None


def otp_retired(world: World, wide: bool) -> bool:
    """P21: one-time-passcode guests end between July and September 2026."""
    said, today = world.switches.get("otp_guests_retired"), now(world)
    if said is not None:
        return bool(said)
    if today is None or today < datetime(2026, 7, 1, tzinfo=UTC):
        return False
    return today >= datetime(2026, 9, 1, tzinfo=UTC) or not wide


# ---------------------------------------------------------------- memberships


def p03_strength(world: World, group: str, member: str) -> str:
    """P01-P05: whether a membership of this shape counts: 'sure', 'possible' or 'never'."""
    outer, inner = kind(world, group), kind(world, member)
    if "distribution_group" in (outer, inner) or inner in ("domain", "anonymous"):
        return "never"
    if outer == "unresolved":
        return "possible"
    if outer not in MEMBER_GROUPS:
        return "never"
    if inner == "unresolved":
        return "possible"
    if inner in ("user", "app") or inner in CLAIMS:
        return "sure"
    if row_of(world, "principals", group).get("synced"):
        return "possible"
    if outer == "sharepoint_group":
        return "possible" if inner == "sharepoint_group" else "sure"
    if inner in ("sharepoint_group", "group_owners"):
        return "possible"
    if inner == "directory_role":
        return "never"
    if outer == "directory_role":
        return "sure"
    return "sure" if outer in SECURITY and inner in SECURITY else "possible"


def counts_as_edge(world: World, wide: bool, group: str, member: str) -> bool:
    strength = p03_strength(world, group, member)
    return strength == "sure" or (wide and strength == "possible")


def populations(world: World, wide: bool, who: str) -> set[str]:
    """P09-P12: the claims whose population somebody belongs to."""
    if not is_person(world, wide, who) or home(world, who) == "channel_external":
        return set()
    member = home(world, who) in ("internal", "external_member")
    within = {
        "everyone_except_external": is_directory_member(world, wide, who),
        "everyone": member or bool(switch(world, wide, "show_everyone_claim", False, True)),
        "authenticated_users": member or bool(flag(world, "guests_in_allusers", False)),
    }
    return {row["id"] for row in rows(world, "principals") if within.get(str(row.get("kind")))}


def unknown_members(world: World, group: str) -> bool:
    """Whether the export may lack members, or owners, of this group; nobody's guess for what nobody describes."""
    row, what = row_of(world, "principals", group), kind(world, group)
    if what == "unresolved":
        return not looks_like_a_person(world, group)
    if what not in MEMBER_GROUPS:
        return False
    if what == "group_owners" and row.get("of") and unknown_members(world, row["of"]):
        return True
    expanded = row.get("expanded")
    return expanded is False or (gap(world, "members") and expanded is not True)


def expired_guest(world: World, who: str, site: str | None) -> bool:
    """S16: the end of a guest's direct, SharePoint-group and link access to one site."""
    return is_external(world, who) and any(
        row.get("site") == site and past(world, row.get("expires"))
        for row in rows_by(world, "guest_expiry", "principal").get(who, [])
    )


def p18_bars(world: World, who: str, group: str) -> bool:
    """P18: whether a guest gets nothing of what this kind of group is granted, known member or not."""
    closed = flag(world, "group_guest_access", True) is False
    return closed and is_external(world, who) and kind(world, group) in ("m365_group", "group_owners")


def p18_row_is_void(world: World, who: str, group: str, member: str) -> bool:
    """P18, S16: a guest's own row that does not count."""
    if member != who or not is_external(world, who):
        return False
    what = kind(world, group)
    if what in ("m365_group", "group_owners") and flag(world, "group_guest_access", True) is False:
        return True
    own_site = row_of(world, "principals", group).get("site")
    return what == "sharepoint_group" and own_site is not None and expired_guest(world, who, own_site)


def closure(world: World, wide: bool, who: str, restored: bool, have: set[str]) -> set[str]:
    """Everything that `have` leads to over memberships that count; ends on circles (P04)."""
    have = set(have)
    while True:
        more: set[str] = set()
        for row in rows(world, "members"):
            group, member = row["group"], row["member"]
            if member not in have or row.get("assignment") == "eligible":
                continue
            if not restored and p18_row_is_void(world, who, group, member):
                continue
            if (row.get("role") or "member") == "member":
                if counts_as_edge(world, wide, group, member):
                    more.add(group)
            else:
                claims = p07_owner_claims(world, group)
                more |= {claim for claim in claims if counts_as_edge(world, wide, claim, member)}
        if more <= have:
            return have
        have |= more


@remembered
def p07_owner_claims(world: World, group: str) -> frozenset[str]:
    """The principals that stand for the owners of a group."""
    found = rows_by(world, "principals", "of").get(group, [])
    return frozenset(row["id"] for row in found if row.get("kind") == "group_owners")


@remembered
def tokens(world: World, wide: bool, who: str, restored: bool = False, step: str = "") -> frozenset[str]:
    """Oneself, the claims and every group; `restored` as if no guest's row were void; `step` 'join' or 'eligible'
    adds what one such step would bring."""
    have = {who}
    if kind(world, who) == "anonymous" or (kind(world, who) == "unresolved" and not wide):
        return frozenset(have)
    have |= populations(world, wide, who)
    if wide:
        named = {row["id"] for row in rows(world, "principals")} | unresolved(world)
        have |= {name for name in named if unknown_members(world, name) and not p18_bars(world, who, name)}
    have = closure(world, wide, who, restored, have)
    if step == "join":
        have = closure(world, wide, who, restored, have | p22_joinable(world, wide, who))
    if step == "eligible":
        have = closure(world, wide, who, restored, have | p22_eligible(world, wide, who, restored, have))
    return frozenset(have)


def p22_joinable(world: World, wide: bool, who: str) -> set[str]:
    """Public Microsoft 365 groups, for members of the organisation."""
    if not is_directory_member(world, wide, who):
        return set()
    found = set()
    for row in rows(world, "principals"):
        seen = row.get("visibility")
        unknown = not seen and not empty_is_known(world, "principals", "visibility")
        if row.get("kind") == "m365_group" and (seen == "public" or (wide and unknown)):
            found.add(row["id"])
    return found


def p22_eligible(world: World, wide: bool, who: str, restored: bool, have: set[str]) -> set[str]:
    """Groups that somebody, or a group one is in, is eligible for; for an eligible owner the claims of the owners."""
    found: set[str] = set()
    for row in rows(world, "members"):
        group, member = row["group"], row["member"]
        if row.get("assignment") != "eligible" or member not in have:
            continue
        if not restored and p18_row_is_void(world, who, group, member):
            continue
        if (row.get("role") or "member") == "member":
            found |= {group} if counts_as_edge(world, wide, group, member) else set()
        else:
            claims = p07_owner_claims(world, group)
            found |= {claim for claim in claims if counts_as_edge(world, wide, claim, member)}
    return found


# ---------------------------------------------------------------- levels


def plain(name: str) -> str:
    """A name as names are compared; `sp.` in front is Graph's way to write a SharePoint level (L11)."""
    return re.sub(r"[\s_-]", "", name.lower().removeprefix("sp."))


def hex_mask(text: str) -> int | None:
    text = text.strip().lower()
    if re.fullmatch(r"0x[0-9a-f]{1,16}|[0-9a-f]{16}", text) is None:
        return None
    mask = int(text, 16)
    # L09: the sentinel of the client library, and all bits
    return FULL if mask in (0x00007FFF0000FFFF, FULL, 0xFFFFFFFFFFFFFFFF) else mask


@remembered
def l10_mask(world: World, scope: str, name: str | None) -> int:
    """The mask of a level's name where it is used: nearest web, whole site, built in, Graph and link words, hex."""
    wanted = plain(name or "")
    site = row_of(world, "scopes", scope).get("site")
    own = [row for row in rows_by(world, "levels", "site").get(site, []) if plain(row["name"]) == wanted]
    own = [row for row in own if hex_mask(row.get("mask") or "") is not None]
    above: str | None = scope
    seen: set[str] = set()
    while above and above not in seen:
        seen.add(above)
        for row in own:
            if row.get("web") == above:
                return hex_mask(row["mask"]) or 0
        above = row_of(world, "scopes", above).get("parent")
    for row in own:
        if not row.get("web"):
            return hex_mask(row["mask"]) or 0
    if wanted in NAMED:
        return NAMED[wanted]
    found = hex_mask(name or "")
    return READ_MASK if found is None else found


def a2_level(access: Access) -> int:
    """A2: the level of a union of masks."""

    def has(*names: str) -> bool:
        return all(access.mask & BITS[name] for name in names)

    if access.admin:
        return SITEADMIN
    if not has("Open"):
        return NONE
    if not has("ViewListItems"):
        return TRAVERSE
    if not has("OpenItems"):
        return VIEW
    if has("ManagePermissions"):
        return MANAGE
    return EDIT if has("EditListItems") else READ


# ---------------------------------------------------------------- links


def s10_sharing(world: World, site: str | None) -> str:
    """S10: the most restrictive of tenant, partition and site."""
    row = row_of(world, "sites", site)
    partition = "onedrive_sharing" if row.get("kind") == "onedrive" else "core_sharing"
    levels = [world.switches.get("sharing"), row.get("sharing")]
    if not row.get("override_sharing"):
        levels.append(world.switches.get(partition))
    return min((str(level) for level in levels if level in SHARING), key=SHARING.index, default=SHARING[3])


def audience_of(link: Row) -> str:
    """A strange word is read as Anyone; no word at all is 'unsaid'."""
    said = link.get("audience")
    return str(said) if said in ("organization", "people", "existing") else "anyone" if said else "unsaid"


def s11_anyone_works(world: World, site: str | None) -> bool:
    channel = row_of(world, "sites", site).get("kind") == "shared_channel"
    return s10_sharing(world, site) == SHARING[3] and not channel


def s07_dead(world: World, wide: bool, link: Row, site: str | None) -> bool:
    """S07, S11: expired, or an Anyone link where Anyone links do not work. One for nobody knows whom may be one."""
    if past(world, link.get("expires")):
        return True
    may_be = ("anyone",) if wide else ("anyone", "unsaid")
    return audience_of(link) in may_be and not s11_anyone_works(world, site)


def s01_admits(world: World, wide: bool, who: str, audience: str) -> bool:
    """Whom a link of this audience can be for."""
    if audience == "organization":
        return is_directory_member(world, wide, who)
    return audience in ("anyone", "people", "unsaid") and is_person(world, wide, who)


def individual_path(world: World, wide: bool, who: str, link_id: str, site: str | None, restored: bool) -> bool:
    """Somebody named or redeemed in person, on a link that lives (or whose death ends nothing)."""
    link = row_of(world, "links", link_id)
    if not link:
        return wide and kind(world, who) != "anonymous"
    dead = s07_dead(world, wide, link, site)
    if dead and flag(world, "link_death_ends_redeemed", True) is not False:
        return False
    if wide and gap(world, "link_users"):
        if audience_of(link) in ("people", "unsaid") and not dead:
            return kind(world, who) != "anonymous"  # it may name a group that holds anybody, an app too
        return s01_admits(world, wide, who, audience_of(link))
    named = {row["principal"] for row in rows_by(world, "link_users", "link").get(link_id, [])}
    if wide and audience_of(link) in ("anyone", "organization"):
        strangers = {name for name in named if kind(world, name) == "unresolved"}
        if any(unknown_members(world, name) for name in strangers):
            return kind(world, who) != "anonymous"  # whoever that is, it stands for nobody in particular
    void = not restored and expired_guest(world, who, site)
    if (
        audience_of(link) == "people"
        and is_external(world, who)
        and row_of(world, "sites", site).get("kind") == "shared_channel"
    ):
        return False  # H11: from outside only the channel's own people
    return who in named and not void and s01_admits(world, wide, who, audience_of(link))


def group_path(world: World, wide: bool, who: str, have: Iterable[str], link_id: str, site: str | None) -> bool:
    """S03, S04: a group opens on a people link only."""
    link = row_of(world, "links", link_id)
    for_people = ("people", "unsaid") if wide else ("people",)
    if not link or audience_of(link) not in for_people or s07_dead(world, wide, link, site):
        return False
    named = {row["principal"] for row in rows_by(world, "link_users", "link").get(link_id, [])}
    return bool((named - {who}) & set(have))


def s03_url_mask(world: World, wide: bool, who: str, thing: Thing) -> int:
    """S03, S05: what the address of a link would give to somebody who got hold of it."""
    mask = 0
    for grant in rows_by(world, "grants", "scope").get(thing.scope, []) if thing.scope else []:
        link = row_of(world, "links", grant.get("link"))
        if not grant.get("link") or (not link and not wide) or s07_dead(world, wide, link, thing.site):
            continue
        audience = audience_of(link)
        nobody_in_particular = kind(world, who) == "anonymous"
        maybe = wide and audience == "unsaid"
        anyone = audience == "anyone" or (maybe and s11_anyone_works(world, thing.site))
        anyone = anyone and (is_person(world, wide, who) or nobody_in_particular)
        anyone = anyone and (nobody_in_particular or not o30_blocks_anyone_paths(thing))
        organization = audience == "organization" or (maybe and bool(link))
        if anyone or (organization and is_directory_member(world, wide, who)):
            mask |= l10_mask(world, grant["scope"], grant.get("level"))
    if wide and gap(world, "grants") and thing.scope and s11_anyone_works(world, thing.site):
        mask |= FULL if kind(world, who) == "anonymous" else 0  # everybody else may hold a grant in person
    return mask


# ---------------------------------------------------------------- the list of a scope


def p07_assumed(world: World, site: str | None) -> str | None:
    """The group whose owners and members are assumed to hold a site of which no admin and no grant is known."""
    row = row_of(world, "sites", site)
    if not row.get("group") or row.get("group_owners_are_admins") is False:
        return None
    if rows_by(world, "site_admins", "site").get(site):
        return None
    own = {scope for scope in all_scopes(world) if site_of_scope(world, scope) == site}
    return None if any(grant["scope"] in own for grant in rows(world, "grants")) else str(row["group"])


def owns(world: World, wide: bool, who: str, have: Iterable[str], group: str, restored: bool) -> bool:
    """Whether somebody is an owner of a group, as the owners' claim would see it."""
    if wide and unknown_members(world, group):
        return True
    for row in rows_by(world, "members", "group").get(group, []):
        if row.get("role") != "owner" or row.get("assignment") == "eligible" or row["member"] not in have:
            continue
        inner = kind(world, row["member"])
        sure = inner in ("user", "app") or inner in CLAIMS
        never = inner in ("distribution_group", "domain", "anonymous", "directory_role")
        if (sure or (wide and not never)) and (restored or not p18_row_is_void(world, who, group, row["member"])):
            return True
    return False


def h08_admin(world: World, wide: bool, who: str, thing: Thing, have: frozenset[str], restored: bool) -> bool:
    """Site collection administration, by row, by a gap, or assumed from the group."""
    if thing.site is None:
        return False
    if wide and gap(world, "site_admins"):
        return True
    own_row_void = not restored and expired_guest(world, who, thing.site)
    admins = [row["principal"] for row in rows_by(world, "site_admins", "site").get(thing.site, [])]
    if row_of(world, "sites", thing.site).get("kind") == "onedrive":
        admins.append(row_of(world, "sites", thing.site).get("owner"))  # H18
    if any(admin in have and not (own_row_void and admin == who) for admin in admins):
        return True
    assumed = p07_assumed(world, thing.site)
    return assumed is not None and owns(world, wide, who, have, assumed, restored)


@remembered
def granted(
    world: World, wide: bool, who: str, thing: Thing, restored: bool, anyone_paths: bool, step: str = ""
) -> Access:
    """The union of everything the list gives. `anyone_paths` False leaves redeemed Anyone links out."""
    if kind(world, who) == "anonymous":
        return Access(0)
    have = tokens(world, wide, who, restored, step)
    mask = 0
    for grant in rows_by(world, "grants", "scope").get(thing.scope, []) if thing.scope else []:
        if grant.get("link"):
            link_id = grant["link"]
            link = row_of(world, "links", link_id)
            direct = individual_path(world, wide, who, link_id, thing.site, restored)
            of_anyone = ("anyone",) if wide else ("anyone", "unsaid")
            if link and audience_of(link) in of_anyone and not anyone_paths:
                direct = False
            opens = direct or group_path(world, wide, who, have, link_id, thing.site)
        else:
            void = grant["principal"] == who and not restored and expired_guest(world, who, thing.site)
            opens = grant["principal"] in have and not void
        if opens:
            mask |= l10_mask(world, grant["scope"], grant.get("level"))
    if wide and (gap(world, "grants") or thing.scope is None):
        mask |= FULL
    assumed = p07_assumed(world, thing.site)
    scope = row_of(world, "scopes", thing.scope)
    top = scope.get("kind") == "web" or (not scope.get("kind") and not scope.get("parent"))
    if assumed in have and scope and top:
        mask |= EDIT_MASK
    mask |= p19_app_mask(world, wide, who) if thing.scope else 0
    admin = h08_admin(world, wide, who, thing, have, restored)
    return Access(FULL if admin else mask, admin)


def p19_app_mask(world: World, wide: bool, who: str) -> int:
    """P19: application permissions hold everywhere, delegated ones give nothing of their own."""
    mask = 0
    if may_be_app(world, wide, who):
        if wide and gap(world, "app_permissions"):
            return FULL
        for row in rows_by(world, "app_permissions", "app").get(who, []):
            if row.get("type") != "delegated":
                mask |= APP_MASKS.get(str(row["permission"]).lower(), 0)
    return mask


# ---------------------------------------------------------------- the gates


def gate_account(world: World, wide: bool, who: str) -> bool:
    """True: fails. P15-P17, P21."""
    if kind(world, who) == "unresolved":
        return False
    retired = kind(world, who) == "user" and home(world, who) == "otp_guest" and otp_retired(world, wide)
    return retired or state(world, who) in ("deleted", "disabled", "pending")


def gate_site_state(world: World, thing: Thing) -> bool:
    """O19, O20."""
    site = row_of(world, "sites", thing.site)
    archived = str(site.get("archive") or "none").lower() not in ("none", "notarchived")
    return site.get("lock") == "NoAccess" or archived or thing.item.get("archived") is True


def gate_external_sharing(world: World, wide: bool, who: str, thing: Thing) -> bool:
    """S11, S13, S17: for guests."""
    if not is_external(world, who):
        return False
    if s10_sharing(world, thing.site) == "Disabled":
        return True
    if world.switches.get("mark_new_files_sensitive") and thing.item.get("scanned") is False:
        return True
    site, domain = row_of(world, "sites", thing.site), domain_of(world, who)
    allow = [world.switches.get("allowed_domains"), site.get("domains_allowed")]
    block = [world.switches.get("blocked_domains"), site.get("domains_blocked")]
    if domain is None:
        unknown = wide and not empty_is_known(world, "principals", "domain")
        return any(allow) and not unknown
    lists = [{name.lower() for name in names} for names in allow if names]
    blocked = {name.lower() for names in block if names for name in names}
    return any(domain not in names for names in lists) or domain in blocked


def segments_match(world: World, wide: bool, who: str, thing: Thing) -> bool:
    site, person = row_of(world, "sites", thing.site), row_of(world, "principals", who)
    theirs, ours = ({s.lower() for s in row.get("segments") or []} for row in (person, site))
    if wide and kind(world, who) != "anonymous":
        if not theirs and not empty_is_known(world, "principals", "segments"):
            return True
        modes = ("Explicit", "Mixed")
        if not ours and site.get("ib_mode") in modes and not empty_is_known(world, "sites", "segments"):
            return True
    return bool(theirs & ours)


def gate_information_barrier(world: World, wide: bool, who: str, thing: Thing, have: frozenset[str]) -> bool:
    """O25, O26."""
    if switch(world, wide, "information_barriers_suspended", False, True) or may_be_app(world, wide, who):
        return False
    site = row_of(world, "sites", thing.site)
    mode, group = site.get("ib_mode"), site.get("group")
    if mode == "Explicit":
        return not segments_match(world, wide, who, thing)
    if mode == "Mixed":
        segmented = bool(row_of(world, "principals", who).get("segments"))
        return segmented and not segments_match(world, wide, who, thing)
    if mode == "Implicit" and group:
        if flag(world, "ib_implicit_group_based", True) is False:
            return not segments_match(world, wide, who, thing)
        return group not in have
    if mode == "OwnerModerated" and group:
        return group not in have
    return False


def o07_direct_member(world: World, wide: bool, who: str, group: str) -> bool:
    """With `rac_nested` off only somebody's own row in the group counts."""
    if wide and unknown_members(world, group) and kind(world, who) != "anonymous":
        return True
    return any(
        row["member"] == who
        and (row.get("role") or "member") == "member"
        and row.get("assignment") != "eligible"
        and counts_as_edge(world, wide, group, who)
        and not p18_row_is_void(world, who, group, who)
        for row in rows_by(world, "members", "group").get(group, [])
    )


def gate_restricted_access(
    world: World, wide: bool, who: str, thing: Thing, have: frozenset[str], site_admin: bool
) -> bool:
    """O01-O07, O10, O11, and the restriction of apps."""
    site = row_of(world, "sites", thing.site)
    app = may_be_app(world, wide, who)
    if kind(world, who) == "app" and site.get("app_restricted"):
        return True
    service = world.switches.get("onedrive_restricted_groups")
    if service and site.get("kind") == "onedrive" and not app and not set(service) & have:
        return True
    if not site.get("restricted_access") or not switch(world, wide, "restricted_access_control", True, False):
        return False
    if wide and gap(world, "site_restricted_groups"):
        return False  # groups may be admitted that the export does not name
    groups = [row["group"] for row in rows_by(world, "site_restricted_groups", "site").get(thing.site, [])]
    groups = groups or ([site["group"]] if site.get("group") else [])
    if not groups:
        return False
    checked = kind(world, who) == "user" and home(world, who) in ("internal", "external_member")
    if site.get("kind") == "shared_channel" and not checked:
        return False
    if flag(world, "rac_applies_to_site_admins", True) is False and (site_admin or app):
        return False
    if flag(world, "rac_nested", True) is False:
        return not any(o07_direct_member(world, wide, who, group) for group in groups)
    return not set(groups) & have


def is_in_column(world: World, wide: bool, who: str, thing: Thing, column: str) -> bool:
    """Whether somebody is an item's author, owner ..., or may be because the column has gaps."""
    if not thing.item:
        return False
    named = thing.item.get(column)
    if not named and wide and not empty_is_known(world, "items", column):
        return column != "protected_by" or kind(world, who) != "anonymous"
    return bool(named) and named == who


def has_touched(world: World, wide: bool, who: str, thing: Thing) -> bool:
    return any(is_in_column(world, wide, who, thing, column) for column in ("owner", "author", "modified_by"))


def o30_blocks_anyone_paths(thing: Thing) -> bool:
    return "PerAnonymousUser" in (thing.item.get("dlp") or [])


def gate_dlp(world: World, wide: bool, who: str, thing: Thing) -> bool:
    """O30."""
    blocks = thing.item.get("dlp") or []
    if "All" in blocks:
        site_owner = row_of(world, "sites", thing.site).get("owner") == who
        if not site_owner and not has_touched(world, wide, who, thing):
            return True
    outside = kind(world, who) == "user" and home(world, who) in (*EXTERNAL, "channel_external")
    if "PerUser" in blocks and outside:
        return True
    return "PerAnonymousUser" in blocks and kind(world, who) == "anonymous"


def gate_library(world: World, wide: bool, who: str, thing: Thing, access: Access) -> bool:
    """H14, H15: own items only, and drafts that never were published."""
    author = is_in_column(world, wide, who, thing, "author")
    if thing.library.get("read_security") == 2 and not author:
        bit = BITS[flag(world, "readsecurity_bypass_bit", "CancelCheckout")]
        if not access.mask & bit:
            return True
    if thing.item.get("major") == 0 and (thing.item.get("minor") or 0) > 0:
        drafts = thing.library.get("draft_visibility")
        if drafts == "Author":
            return not access.mask & BITS["EditListItems"]
        if drafts == "Approver":
            return not author and not access.mask & BITS["ApproveItems"]
    return False


def is_encrypted(world: World, thing: Thing) -> bool:
    return thing.label.get("encrypts") is True or has_own_rights(world, thing)


def has_own_rights(world: World, thing: Thing) -> bool:
    return bool(thing.item) and bool(rows_by(world, "item_rights", "item").get(thing.id))


def e07_user_defined(world: World, thing: Thing) -> bool:
    """E07: somebody set the rights by hand, by a label that asks for it or on the one file."""
    by_label = thing.label.get("encrypts") is True and thing.label.get("protection") == "user_defined"
    return by_label or has_own_rights(world, thing)


def e02_rights(world: World, wide: bool, who: str, thing: Thing, have: frozenset[str]) -> set[str]:
    """E01-E04: the usage rights of somebody on an encrypted item."""
    if is_in_column(world, wide, who, thing, "protected_by"):
        return set(ALL_RIGHTS)
    own = rows_by(world, "item_rights", "item").get(thing.id, [])
    if own or thing.label.get("protection") == "user_defined":
        table, listed = "item_rights", own
    else:
        table, listed = "label_rights", rows_by(world, "label_rights", "label").get(thing.label.get("id"), [])
    if wide and gap(world, table) and kind(world, who) != "anonymous":
        return set(ALL_RIGHTS)
    rights: set[str] = set()
    for row in listed:
        named = row["principal"]
        everybody = named == "authenticated_users" or kind(world, named) == "authenticated_users"
        meant = named in have or (everybody and is_person(world, wide, who))
        if kind(world, named) == "domain":
            wanted = row_of(world, "principals", named).get("domain") or named
            fits = kind(world, who) == "user" and domain_of(world, who) == str(wanted).lower()
            meant = fits or (wide and kind(world, who) == "unresolved")
        if meant:
            rights |= {right.upper().replace("COPY", "EXTRACT") for right in row.get("rights") or []}
    return set(ALL_RIGHTS) if "OWNER" in rights else rights


def e06_not_indexable(world: World, thing: Thing) -> bool:
    """E06, E07: encryption that the service cannot look into. A copy in an agent lies in no index to begin with."""
    if not is_encrypted(world, thing):
        return False
    no_integration = world.switches.get("aip_integration") is False and not thing.agents
    return no_integration or thing.label.get("protection") == "double_key"


def gate_no_crawl(world: World, thing: Thing) -> bool:
    """O17."""
    return row_of(world, "sites", thing.site).get("no_crawl") is True or thing.library.get("no_crawl") is True


def recent_use(world: World, wide: bool, who: str, thing: Thing, ever: bool = False) -> bool:
    if wide and gap(world, "usage"):
        return True
    today = now(world)
    for row in rows_by(world, "usage", "principal").get(who, []):
        last = row.get("last")
        fresh = ever or last is None or today is None or last >= today - timedelta(days=30)
        if thing.item and row["item"] == thing.id and (row.get("actor") or "user") != "system" and fresh:
            return True
    return False


def gate_restricted_discovery(world: World, wide: bool, who: str, thing: Thing) -> bool:
    """O12-O14."""
    site = row_of(world, "sites", thing.site)
    if not site.get("restricted_discovery") or site.get("kind") == "onedrive":
        return False
    spares = flag(world, "rcd_recent_exception", "yes")
    if spares in ("no", False) or (spares == "unk" and not wide):
        return True
    return not (has_touched(world, wide, who, thing) or recent_use(world, wide, who, thing))


def shared_directly(world: World, wide: bool, who: str, thing: Thing) -> bool:
    """O15: a grant or people link to the person itself, on an item or a folder."""
    if row_of(world, "scopes", thing.scope).get("kind") not in ("item", "folder"):
        return False
    if wide and gap(world, "grants"):
        return True
    content = BITS["Open"] | BITS["ViewListItems"]
    for grant in rows_by(world, "grants", "scope").get(thing.scope, []):
        opens = l10_mask(world, grant["scope"], grant.get("level")) & content == content
        if grant.get("link"):
            link = row_of(world, "links", grant["link"])
            people = audience_of(link) in (("people", "unsaid") if wide else ("people",)) if link else wide
            # one that may name anybody may also give a level that nobody knows
            opens = opens or not link or (wide and gap(world, "link_users"))
            if not opens:
                continue
            if people and individual_path(world, wide, who, grant["link"], thing.site, False):
                return True
        elif opens and grant["principal"] == who and not expired_guest(world, who, thing.site):
            return True
    return False


def gate_restricted_search(world: World, wide: bool, who: str, thing: Thing) -> bool:
    """O15."""
    if not world.switches.get("restricted_search"):
        return False
    allowed = world.switches.get("restricted_search_allowed") or []
    site = row_of(world, "sites", thing.site)
    if thing.site in allowed or site.get("hub") in allowed:
        return False
    if site.get("kind") == "onedrive" and site.get("owner") == who:
        return False
    return not (
        shared_directly(world, wide, who, thing)
        or has_touched(world, wide, who, thing)
        or recent_use(world, wide, who, thing, ever=True)
    )


def c04_copilot_dlp(world: World, wide: bool, who: str, thing: Thing) -> bool:
    """C04: a rule that names the item's label, for this person. Possible exclusion widens, possible inclusion not.

    A rule of which it is not known whether it holds (`possibly`) holds where it narrows, and not where it widens.
    """
    label = thing.item.get("label")
    policies: dict[str, list[Row]] = {}
    for row in rows_by(world, "copilot_dlp", "label").get(label, []) if label else []:
        policies.setdefault(row["policy"], []).append(row)
    sure, have = tokens(world, False, who), tokens(world, wide, who)
    for listed in policies.values():
        excludes = [row for row in listed if row.get("effect") == "exclude"]
        maybe = [row for row in listed if row.get("effect") == "possibly"]
        includes = [row for row in listed if row not in excludes and not (wide and row in maybe)]
        if maybe and not includes:
            continue
        included = not includes or any(not row.get("principal") or row["principal"] in sure for row in includes)
        excluded = any(not row.get("principal") or row["principal"] in have for row in excludes)
        if included and not excluded:
            return True
    return False


def c08_licence(world: World, wide: bool, who: str) -> str:
    """C08: licensed, payg, unknown or na."""
    if kind(world, who) == "unresolved":
        return "licensed"
    if kind(world, who) != "user" or home(world, who) in (*EXTERNAL, "channel_external"):
        return "na"
    said = row_of(world, "principals", who).get("copilot") or "unknown"
    if said == "none" and flag(world, "copilot_billing", "unknown") == "licensed":
        return "na"
    if said in ("licensed", "payg"):
        return str(said)
    return "licensed" if wide else "unknown"


# ---------------------------------------------------------------- the verdict


@remembered
def answer(world: World, wide: bool, who: str, name: str) -> Answer:
    """The verdict in one world."""
    thing = thing_of(world, name)
    if kind(world, who) == "unresolved" and not wide:
        return Answer(NONE, None, "no", "no", frozenset({"acl"}))
    if thing.agents:
        return agent_answer(world, wide, who, thing)
    have = tokens(world, wide, who)
    counted = not o30_blocks_anyone_paths(thing)
    access = granted(world, wide, who, thing, False, counted)
    level = a2_level(access)

    gates, rights = closing_gates(world, wide, who, thing, have, access.admin)
    asked = access if level >= VIEW else granted(world, wide, who, thing, False, True)
    own_items = {"library"} if a2_level(asked) >= VIEW and gate_library(world, wide, who, thing, asked) else set()
    missing = missing_grant(world, wide, who, thing, counted) if level < VIEW else set()

    opened = NONE if gates or own_items else capped(world, thing, have, level, rights)
    step = latent_step(world, wide, who, thing, access, gates, counted) if opened < VIEW else None

    failed = gates | own_items | missing
    not_indexed = e06_not_indexable(world, thing)
    discovery: set[str] = set()
    if gate_no_crawl(world, thing):
        discovery.add("no_crawl")
    if gate_restricted_discovery(world, wide, who, thing):
        discovery.add("restricted_discovery")
    if gate_restricted_search(world, wide, who, thing):
        discovery.add("restricted_search")

    find = "possible" if failed & {"restricted_access", "dlp"} else "yes"
    hidden = not_indexed or bool(discovery)
    if hidden or failed - {"restricted_access", "dlp", "encryption"} or kind(world, who) in ("app", "anonymous"):
        find = "no"

    failed |= discovery | ({"encryption"} if not_indexed else set())
    copilot, stops = copilot_verdict(world, wide, who, thing, opened, hidden, rights)
    return Answer(opened, step, find, copilot, frozenset(failed | stops))


def closing_gates(
    world: World, wide: bool, who: str, thing: Thing, have: frozenset[str], admin: bool
) -> tuple[set[str], set[str]]:
    """(gates that stop opening, apart from the list itself; usage rights) of somebody who is in all of `have`."""
    gates: set[str] = set()
    if gate_account(world, wide, who):
        gates.add("account")
    if gate_site_state(world, thing):
        gates.add("site_state")
    if gate_external_sharing(world, wide, who, thing):
        gates.add("external_sharing")
    if gate_information_barrier(world, wide, who, thing, have):
        gates.add("information_barrier")
    if gate_restricted_access(world, wide, who, thing, have, admin):
        gates.add("restricted_access")
    if gate_dlp(world, wide, who, thing):
        gates.add("dlp")
    rights: set[str] = set(ALL_RIGHTS)
    if is_encrypted(world, thing):
        rights = e02_rights(world, wide, who, thing, have)
        if "VIEW" not in rights:
            gates.add("encryption")
    return gates, rights


def missing_grant(world: World, wide: bool, who: str, thing: Thing, counted: bool) -> set[str]:
    """The gate to name where the list gives too little: `acl`, or the rule that voids what would have been enough."""

    def enough(restored: bool, anyone: bool) -> bool:
        return a2_level(granted(world, wide, who, thing, restored, anyone)) >= VIEW

    if not enough(True, True):
        return {"acl"}
    if enough(False, True):
        return {"dlp"}
    return {"external_sharing"} if enough(True, counted) else {"external_sharing", "dlp"}


def capped(world: World, thing: Thing, have: frozenset[str], level: int, rights: set[str]) -> int:
    """O19, O24, E14: what leaves access but less of it."""
    site = row_of(world, "sites", thing.site)
    if site.get("lock") == "ReadOnly":
        level = min(level, READ)
    if site.get("block_download") and not set(site.get("block_download_exempt") or []) & have:
        level = min(level, VIEW)
    if not rights & {"EDIT", "DOCEDIT", "OWNER"}:
        level = min(level, READ)
    return level


def latent_step(
    world: World, wide: bool, who: str, thing: Thing, access: Access, gates: set[str], counted: bool
) -> str | None:
    """The first single step after which the item would open. Joining and activating count for the gates too (P22)."""

    def opens(reached: Access) -> bool:
        return a2_level(reached) >= VIEW and not gate_library(world, wide, who, thing, reached)

    def after(step: str) -> bool:
        if step == "redemption":
            return state(world, who) == "pending" and gates == {"account"} and opens(access)
        if step == "elevation":
            return gates <= {"restricted_access"} and h10_may_elevate(world, wide, who)
        if step == "link_url":
            return not gates and opens(Access(access.mask | s03_url_mask(world, wide, who, thing), access.admin))
        then = granted(world, wide, who, thing, False, counted, step)
        left, _ = closing_gates(world, wide, who, thing, tokens(world, wide, who, False, step), then.admin)
        return not left and opens(then)

    if state(world, who) == "pending" and otp_gone(world, wide, who):
        return None
    return next((step for step in STEPS if after(step)), None)


def otp_gone(world: World, wide: bool, who: str) -> bool:
    return kind(world, who) == "user" and home(world, who) == "otp_guest" and otp_retired(world, wide)


def h10_may_elevate(world: World, wide: bool, who: str) -> bool:
    """H10: tenant administrators can give themselves access."""
    templates = ("global_administrator", "sharepoint_administrator")
    roles = {
        row["id"]
        for row in rows(world, "principals")
        if row.get("kind") == "directory_role" and row.get("role_template") in templates
    }
    return is_person(world, wide, who) and bool(roles & tokens(world, wide, who))


def copilot_verdict(
    world: World, wide: bool, who: str, thing: Thing, opened: int, hidden: bool, rights: set[str]
) -> tuple[str, set[str]]:
    """C01-C08: what Copilot may do with the content, and the Copilot gates that fail."""
    stops: set[str] = set()
    licence = c08_licence(world, wide, who)
    site = row_of(world, "sites", thing.site)
    said = row_of(world, "principals", who).get("copilot")
    at_most_payg = said in ("payg", "none") and kind(world, who) == "user"
    unpaid = at_most_payg and site.get("kind") == "onedrive" and site.get("owner") != who
    if licence == "na" or unpaid:
        stops.add("copilot_licence")
    user_defined = e07_user_defined(world, thing)
    too_little = opened == VIEW and flag(world, "viewonly_surfaces", True) is False
    no_extract = "EXTRACT" not in rights
    if user_defined or too_little or no_extract:
        stops.add("copilot_label")
    ruled_out = c04_copilot_dlp(world, wide, who, thing)
    if ruled_out:
        stops.add("copilot_dlp")
    only_by_anyone = False
    if opened >= VIEW and flag(world, "anon_redeemed_surfaces", True) is False:
        rest = granted(world, wide, who, thing, False, False)
        only_by_anyone = a2_level(rest) < VIEW or gate_library(world, wide, who, thing, rest)
        if only_by_anyone:
            stops.add("copilot_label")
    if licence == "na":
        return "na", stops
    if opened < VIEW or hidden or user_defined or too_little or unpaid or only_by_anyone:
        return "no", stops
    if no_extract or ruled_out:
        return "cite", stops
    return ("unknown" if licence == "unknown" else "yes"), stops


def agent_answer(world: World, wide: bool, who: str, thing: Thing) -> Answer:
    """C06: a copy inside an agent. Whoever may use the agent reads it; only the label's EXTRACT stands between."""

    def uses(have: frozenset[str]) -> bool:
        if kind(world, who) == "anonymous":
            return False
        listed = rows_by(world, "agent_users", "agent")
        named = {row["principal"] for agent in thing.agents for row in listed.get(agent, [])}
        return bool(named & have) or (wide and gap(world, "agent_users"))

    def after(have: frozenset[str]) -> bool:
        locked = is_encrypted(world, thing)
        return uses(have) and (not locked or e02_rights(world, wide, who, thing, have) >= {"VIEW", "EXTRACT"})

    have = tokens(world, wide, who)
    gates: set[str] = set()
    if gate_account(world, wide, who):
        gates.add("account")
    if is_encrypted(world, thing) and not e02_rights(world, wide, who, thing, have) >= {"VIEW", "EXTRACT"}:
        gates.add("copilot_label")
    reads = uses(have)
    opened = READ if reads and not gates else NONE
    step: str | None = None
    if not opened:
        if gates == {"account"} and state(world, who) == "pending" and not otp_gone(world, wide, who) and reads:
            step = "redemption"
        elif gates <= {"copilot_label"}:
            step = next((s for s in ("join", "eligible") if after(tokens(world, wide, who, False, s))), None)
    failed = set(gates)
    if not reads:
        failed.add("external_sharing" if uses(tokens(world, wide, who, True)) else "acl")
    unreadable = e07_user_defined(world, thing) or e06_not_indexable(world, thing)
    failed |= {"copilot_label"} if e07_user_defined(world, thing) else set()
    failed |= {"encryption"} if e06_not_indexable(world, thing) else set()
    licence = c08_licence(world, wide, who)
    if licence == "na":
        failed.add("copilot_licence")
        copilot = "na"
    elif not opened or unreadable:
        copilot = "no"
    else:
        copilot = "unknown" if licence == "unknown" else "yes"
    return Answer(opened, step, "no", copilot, frozenset(failed))


@remembered
def all_scopes(world: World) -> list[str]:
    """Scopes that a row describes, then those that are only named."""
    named = [row["id"] for row in rows(world, "scopes")]
    for table, column in (("scopes", "parent"), ("grants", "scope"), ("items", "scope"), ("libraries", "scope")):
        named += [row[column] for row in rows(world, table) if row.get(column)]
    return list(dict.fromkeys(named))


@remembered
def site_of_scope(world: World, scope: str | None) -> str | None:
    """A scope nobody describes lies where its items lie."""
    if scope is None or row_of(world, "scopes", scope):
        return row_of(world, "scopes", scope).get("site")
    found = None
    for item in rows(world, "items"):
        library = row_of(world, "libraries", item.get("library"))
        if (item.get("scope") or library.get("scope")) == scope:
            found = item.get("site") or library.get("site") or found
    return found


@remembered
def thing_of(world: World, name: str) -> Thing:
    """An item, or a plain item of a scope. KeyError for a name found nowhere."""
    item = row_of(world, "items", name)
    if not item:
        if name not in all_scopes(world):
            raise KeyError(name)
        return Thing(name, {}, name, site_of_scope(world, name), {}, {}, ())
    library = row_of(world, "libraries", item.get("library"))
    scope_id = item.get("scope") or library.get("scope")
    site = item.get("site") or site_of_scope(world, scope_id) or library.get("site")
    if not row_of(world, "scopes", scope_id) and not rows_by(world, "grants", "scope").get(scope_id):
        scope_id = None  # a name without a list
    copies = rows_by(world, "agent_files", "item").get(name, [])
    label = item.get("label")
    for copy in copies:
        label = label or row_of(world, "items", copy.get("of")).get("label")
    agents = tuple(copy["agent"] for copy in copies)
    return Thing(name, item, scope_id, site, library, row_of(world, "labels", label), agents)


def conditions(world: World, who: str, name: str, opened: int) -> list[str]:
    """O22, O23: what the verdict supposes of the session."""
    thing = thing_of(world, name)
    if opened < VIEW or kind(world, who) in ("app", "anonymous") or thing.agents:
        return []
    if a2_level(granted(world, False, who, thing, False, False)) < VIEW:
        return []  # O22: an Anyone link asks for no device
    policy = row_of(world, "sites", thing.site).get("conditional_access")
    if policy == "AllowLimitedAccess" and opened > VIEW:
        return ["managed_device (otherwise VIEW)"]
    if policy == "BlockAccess":
        return ["managed_device (otherwise NONE)"]
    return ["authentication_context (otherwise NONE)"] if policy == "AuthenticationContext" else []


def four(found: Answer) -> dict[str, Any]:
    return {
        "open": LEVELS[found.open],
        "latent": "yes" if found.latent_by else "no",
        "find": found.find,
        "copilot": found.copilot,
    }


def verdict(world: World, principal_id: str, name: str) -> dict[str, Any]:
    """The answer about one pair: open, latent, latent_by, find, copilot, possible, stopped_by, stopped_by_all,
    conditions. KeyError for a name found nowhere, ValueError for a group as the asker."""
    what = kind(world, principal_id)
    if what == "unresolved" and principal_id not in unresolved(world):
        raise KeyError(principal_id)
    if what not in ("user", "app", "anonymous", "unresolved"):
        raise ValueError(f"{principal_id} is a group")
    sure, wide = answer(world, False, principal_id, name), answer(world, True, principal_id, name)
    # more on the list may mean that a library's own rule is asked at last: no less is possible than is sure
    possible = {**four(wide), "open": LEVELS[max(sure.open, wide.open)]}
    failed = [gate for gate in GATES if gate in sure.failed]
    return {
        **four(sure),
        "latent_by": sure.latent_by,
        "possible": possible if possible != four(sure) else None,
        "stopped_by": failed[0] if failed else None,
        "stopped_by_all": failed,
        "conditions": conditions(world, principal_id, name, sure.open),
    }


# ---------------------------------------------------------------- sets of pairs


def subjects(world: World) -> list[str]:
    """Who can be asked about: users, apps, the anonymous principal where it has a row, and the unresolved."""
    described = [row["id"] for row in rows(world, "principals") if row.get("kind") in ("user", "app", "anonymous")]
    return [*described, *sorted(unresolved(world))]


def reaches(found: dict[str, Any], lens: str) -> bool:
    """What a lens calls reaching; `found` is a verdict or its `possible` part."""
    if lens == "open":
        return LEVELS.index(found["open"]) >= VIEW
    if lens == "latent":
        return LEVELS.index(found["open"]) >= VIEW or found["latent"] == "yes"
    return bool(found[lens] == "yes")


def who(world: World, name: str, lens: str) -> set[str]:
    return {person for person in subjects(world) if reaches(verdict(world, person, name), lens)}


def what(world: World, principal_id: str, lens: str) -> set[str]:
    return {row["id"] for row in rows(world, "items") if reaches(verdict(world, principal_id, row["id"]), lens)}


def counts(world: World) -> dict[str, dict[tuple[str, str], tuple[int, int]]]:
    """{'users': {(user, lens): (items, items possibly)}, 'scopes': {(scope, lens): (users, users possibly)}}.

    Users of any state have item counts; only active and pending ones are counted at a scope.
    """
    users = [row["id"] for row in rows(world, "principals") if row.get("kind") == "user"]
    reached: dict[tuple[str, str], tuple[int, int]] = {}
    at_scope: dict[tuple[str, str], tuple[int, int]] = {}

    def both(person: str, name: str, lens: str) -> tuple[bool, bool]:
        found = verdict(world, person, name)
        return reaches(found, lens), reaches(found["possible"] or found, lens)

    weight = {row["id"]: 1 if row.get("count") is None else int(row["count"]) for row in rows(world, "items")}
    for lens in LENSES:
        for person in users:
            pairs = [(both(person, name, lens), many) for name, many in weight.items()]
            reached[person, lens] = (
                sum(many for (sure, _), many in pairs if sure),
                sum(many for (_, wide), many in pairs if wide),
            )
        for scope in all_scopes(world):
            names = [scope]
            for item in weight:
                place = thing_of(world, item)
                if place.scope == scope and not place.agents:
                    names.append(item)
            counted = [person for person in users if state(world, person) in ("active", "pending")]
            found = [[both(person, name, lens) for name in names] for person in counted]
            at_scope[scope, lens] = (
                sum(any(sure for sure, _ in pairs) for pairs in found),
                sum(any(wide for _, wide in pairs) for pairs in found),
            )
    return {"users": reached, "scopes": at_scope}
