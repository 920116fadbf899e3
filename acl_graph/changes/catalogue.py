"""The fixes of docs/fixes.md as changes: what goes, the call that does it as data, and what else it does.

Names never become part of a command: a template is a word, and parameters are values that a runner passes on.
"""

from __future__ import annotations

import numpy as np

from acl_graph.access_rules.external_sharing import ONEDRIVE, SHARING
from acl_graph.access_rules.forms import ALL_PASS
from acl_graph.changes.simulate import Change, ChangeKind, Command
from acl_graph.exposure.analysis import CLAIMS, Context
from acl_graph.kernels.csr import spread
from acl_graph.vocabulary import Gate, Kind

ELEVATION = (
    "The account that does it needs site administrator rights, which tenant administrators do not have by themselves."
)
BEYOND = "Membership of this group also counts in Teams, apps and licences, which this export does not show."
#: restricted access control takes at most this many groups (O02)
MOST_GROUPS = 10


def remove_grant(context: Context, row: int) -> Change:
    """F11: take a principal's role away on one scope."""
    grants = context.facts.tenant["grants"]
    scope_id = str(grants["scope"][row])
    scope = context.facts.scopes.code(scope_id)
    node = context.code(grants["principal"][row])
    kind = int(context.facts.scope_kind[scope])
    template = {
        0: "Set-PnPWebPermission -RemoveRole",
        1: "Set-PnPListPermission -RemoveRole",
        2: "Set-PnPFolderPermission -RemoveRole",
        3: "Set-PnPListItemPermission -RemoveRole",
    }.get(kind, "Set-PnPListItemPermission -RemoveRole")
    local = context.is_a(node, Kind.SHAREPOINT_GROUP)
    level = str(grants["level"][row] or "")
    effects = [ELEVATION, "Taking somebody off a site or library may take grants further down with it (verify after)."]
    if local:
        effects.append("Everybody in this SharePoint group loses the place, whoever they are.")
    return Change(
        ChangeKind.REMOVE_GRANT,
        {"scope": scope_id, "principal": context.id_of(node)},
        f"Take {context.name(node)} off {context.place(scope)}",
        "F11",
        Command(
            template,
            {
                "Site": _url(context, int(context.facts.scope_site[scope])),
                "Path": str(context.place(scope)),
                "Group" if local else "User": _login(context, node),
                "RemoveRole": level,
            },
        ),
        True,
        tuple(effects),
    )


def remove_link(context: Context, link: int) -> Change:
    """F07: delete a sharing link where it was made; it is pushed down to everything below (H12)."""
    frame = context.facts.tenant["links"]
    origin = frame["origin"][link] if link < frame.height else None
    scopes = link_scopes(context, link)
    where = context.facts.scopes.code(str(origin)) if origin else -1
    where = where if where >= 0 else (scopes[0] if scopes else -1)
    folder = where >= 0 and int(context.facts.scope_kind[where]) in (0, 1, 2)
    effects = ["A new link would have another address: whoever relied on this one loses it.", ELEVATION]
    if len(scopes) > 1:
        effects.append(f"The link stands on {len(scopes):,} places below its origin, and ends on all of them.")
    return Change(
        ChangeKind.REMOVE_LINK,
        {"link": context.facts.links[link]},
        f"Delete the sharing link on {context.place(where) if where >= 0 else 'an unknown place'}",
        "F07",
        Command(
            "Remove-PnPFolderSharingLink" if folder else "Remove-PnPFileSharingLink",
            {
                "Site": _url(context, int(context.facts.scope_site[where]) if where >= 0 else -1),
                "Folder" if folder else "FileUrl": context.place(where) if where >= 0 else "",
                "Identity": context.facts.links[link],
            },
        ),
        False,
        tuple(effects),
    )


def remove_member(context: Context, row: int) -> Change:
    """F10, F14, F15: take a direct member out of a group."""
    members = context.facts.tenant["members"]
    group = context.code(members["group"][row])
    member = context.code(members["member"][row])
    people = context.facts.people
    target = {"group": context.id_of(group), "member": context.id_of(member)}
    if members["role"][row] == "owner":
        target["role"] = "owner"
    why = f"Take {context.name(member)} out of {context.name(group)}"
    if context.is_a(group, Kind.SHAREPOINT_GROUP):
        claim = context.is_a(member, *CLAIMS)
        effects = [ELEVATION, "Every place of the site that names this group is concerned."]
        if claim:
            effects.append("The claim stays wherever it is granted by itself.")
            if public_group_of(context, group) is not None:
                effects.append("The Microsoft 365 group is public: a background job puts the claim back.")
        parameters = {
            "Site": _url(context, int(people.site[group])),
            "Group": _login(context, group),
            "LoginName": _login(context, member),
        }
        return Change(
            ChangeKind.REMOVE_MEMBER,
            target,
            why,
            "F10" if claim else "F14",
            Command("Remove-PnPGroupMember", parameters),
            True,
            tuple(effects),
        )
    effects = [BEYOND]
    if people.dynamic[group] == 1:
        effects.append("The membership is the result of a rule: the rule has to change, not the list.")
    if people.synced[group] == 1:
        effects.append("The group comes from an on-premises directory and is changed there.")
    return Change(
        ChangeKind.REMOVE_MEMBER,
        target,
        why,
        "F15",
        Command(
            "DELETE /groups/{group}/members/{member}/$ref",
            {"group": context.id_of(group), "member": context.id_of(member)},
        ),
        True,
        tuple(effects),
    )


def make_private(context: Context, group: int) -> Change:
    """F12: a public Microsoft 365 group becomes private."""
    return Change(
        ChangeKind.MAKE_GROUP_PRIVATE,
        {"group": context.id_of(group)},
        f"Make {context.name(group)} private",
        "F12",
        Command("Set-PnPMicrosoft365Group -IsPrivate", {"Identity": context.id_of(group)}),
        True,
        (
            "Nobody can join by himself any more; an owner has to add people.",
            "Only the default Members group loses the claim: other groups and places that name it keep it.",
            BEYOND,
        ),
    )


def remove_site_admin(context: Context, row: int) -> Change:
    """Take away the role of site collection administrator."""
    frame = context.facts.tenant["site_admins"]
    site = context.facts.sites.code(str(frame["site"][row]))
    node = context.code(frame["principal"][row])
    return Change(
        ChangeKind.REMOVE_SITE_ADMIN,
        {"site": str(frame["site"][row]), "principal": context.id_of(node)},
        f"Take {context.name(node)} off the administrators of {context.site_name(site)}",
        "F14",
        Command(
            "Set-SPOUser -IsSiteCollectionAdmin $false",
            {"Site": _url(context, site), "LoginName": _login(context, node)},
        ),
        True,
        ("The site must keep at least one administrator who works here.",),
    )


def remove_link_user(context: Context, link: int, node: int) -> Change:
    """F14: take one person off a link."""
    return Change(
        ChangeKind.REMOVE_LINK_USER,
        {"link": context.facts.links[link], "principal": context.id_of(node)},
        f"Take {context.name(node)} off a sharing link",
        "F14",
        Command("Remove-PnPGroupMember", {"Link": context.facts.links[link], "LoginName": _login(context, node)}),
        True,
        ("The link itself stays, and lets in whoever it lets in.", ELEVATION),
    )


def restrict_access(context: Context, site: int, groups: list[int]) -> Change:
    """F01: restricted access control with these groups; the immediate stop."""
    return Change(
        ChangeKind.RESTRICT_ACCESS,
        {"site": context.facts.sites[site], "groups": tuple(context.id_of(group) for group in groups)},
        f"Restrict access to {context.site_name(site)} to {', '.join(context.name(group) for group in groups)}",
        "F01",
        Command(
            "Set-SPOSite -RestrictedAccessControl $true -RestrictedAccessControlGroups",
            {"Identity": _url(context, site), "RestrictedAccessControlGroups": tuple(map(context.id_of, groups))},
        ),
        True,
        (
            "Needs EnableRestrictedAccessControl once for the tenant.",
            "Site administrators, guests and link users outside the groups are shut out too: do it last, with "
            "the account "
            "that does it in one of the groups.",
            "Permissions stay as they are; search may still list what no longer opens.",
        ),
    )


def disable_sharing(context: Context, site: int) -> Change:
    """F18: no external sharing on a site."""
    return Change(
        ChangeKind.SET_SHARING,
        {"site": context.facts.sites[site], "level": SHARING[0]},
        f"Switch external sharing off for {context.site_name(site)}",
        "F18",
        Command("Set-SPOSite -SharingCapability", {"Identity": _url(context, site), "SharingCapability": SHARING[0]}),
        True,
        ("All guests of the site lose it.", "Switched on again, old links and guests resume."),
    )


def link_scopes(context: Context, link: int) -> list[int]:
    """The scopes on which a link stands."""
    rows = context.whatif.layer.rows_of_link(link)
    grants = context.facts.tenant["grants"]
    return [context.facts.scopes.code(str(grants["scope"][int(row)])) for row in rows]


def roster(context: Context, site: int) -> list[int]:
    """Existing Entra groups that work on a site and are not broad: whom restricted access control could keep."""
    facts, members = context.facts, context.units.membership
    listed = context.units.listed
    at, _ = spread(listed.ptr, np.flatnonzero(facts.scope_site == site).astype(np.int64))
    nodes = np.unique(listed.entries.node[at]).astype(np.int64)
    ptr, order = context.whatif.descent.down
    local = nodes[context.are(Kind.SHAREPOINT_GROUP)[nodes]]
    inner = members.member[order[spread(ptr, local)[0]]]
    own = facts.tenant["sites"]["group"]
    connected = facts.people.names.code(str(own[site])) if site < len(own) and own[site] else -1
    groups = np.unique(np.concatenate([nodes, inner, [connected] if connected >= 0 else []])).astype(np.int64)
    groups = groups[context.are(Kind.SECURITY_GROUP, Kind.M365_GROUP)[groups]]
    size = context.size(groups)
    fit = (size > 0) & ~context.broad(size)
    groups, size = groups[fit], size[fit]
    return [int(node) for node in groups[np.lexsort((groups, -size))][:MOST_GROUPS]]


def can_restrict(context: Context, site: int) -> bool:
    """Whether restricted access control can be proposed: a known site, not a OneDrive, not restricted already."""
    if not 0 <= site < context.facts.tenant["sites"].height or context.kinds[site] == ONEDRIVE:
        return False
    scope = int(np.argmax(context.facts.scope_site == site))
    return int(context.units.gates[Gate.RESTRICTED_ACCESS][context.units.plain(scope)]) == ALL_PASS


def public_group_of(context: Context, local: int) -> int | None:
    """The public Microsoft 365 group whose default Members group this is: a background job fills it again."""
    site = int(context.facts.people.site[local]) if local < len(context.facts.people.names) else -1
    frame = context.facts.tenant["sites"]
    if not 0 <= site < frame.height or not frame["group"][site]:
        return None
    group = context.facts.people.names.code(str(frame["group"][site]))
    if group < 0 or context.facts.people.visibility[group] != 1:
        return None
    rows = {row for row, _ in context.whatif.descent.default_members_claims(group)}
    return group if context.claims_in.get(local, -1) in rows else None


def _login(context: Context, node: int) -> str:
    frame = context.facts.tenant["principals"]
    if node >= frame.height:
        return context.id_of(node)
    if context.is_a(node, Kind.SHAREPOINT_GROUP):
        return context.name(node)
    return str(frame["login"][node] or frame["id"][node])


def _url(context: Context, site: int) -> str:
    frame = context.facts.tenant["sites"]
    if not 0 <= site < frame.height:
        return ""
    return str(frame["url"][site] or frame["id"][site])
