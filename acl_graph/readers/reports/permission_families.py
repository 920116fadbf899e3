"""The families of permission reports that carry logins: PnP samples and NovaPoint. Each function reads one family."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from itertools import pairwise

from acl_graph.readers.identity.claims import decode, link_of_group
from acl_graph.readers.identity.row_collector import Collected
from acl_graph.readers.identity.site_urls import host_of, locate, scope_kind
from acl_graph.readers.parsing.records import Record, Rows, Where, boolean, doubt, parts, text
from acl_graph.readers.parsing.sniff import fold

#: CSOM PermissionKind by bit (rule L01); a report of effective permissions lists these words
BITS = {
    "viewlistitems": 0, "addlistitems": 1, "editlistitems": 2, "deletelistitems": 3, "approveitems": 4, "openitems": 5,
    "viewversions": 6, "deleteversions": 7, "cancelcheckout": 8, "managepersonalviews": 9, "managelists": 11,
    "viewformpages": 12, "anonymoussearchaccesslist": 13, "open": 16, "viewpages": 17, "addandcustomizepages": 18,
    "applythemeandborder": 19, "applystylesheets": 20, "viewusagedata": 21, "createsscsite": 22, "managesubwebs": 23,
    "creategroups": 24, "managepermissions": 25, "browsedirectories": 26, "browseuserinfo": 27,
    "adddelprivatewebparts": 28, "updatepersonalwebparts": 29, "manageweb": 30, "anonymoussearchaccessweblists": 31,
    "useclientintegration": 36, "useremoteapis": 37, "managealerts": 38, "createalerts": 39, "editmyuserinfo": 40,
    "enumeratepermissions": 62,
}  # fmt: skip
FULL_MASK = 0x7FFFFFFFFFFFFFFF
_QUOTED = re.compile(r"'([^']*)'")
_GROUP_CHAIN = re.compile(r"security group\s*'([^']*)'\s*holds", re.I)


def _audit(into: Collected, file: str, rows: Rows) -> None:
    """PnP `spo-get-permission-audit` and its Everyone variant.

    The script writes the people behind a group claim as plain UPNs and the claim itself after them. Because it looks
    for `_0` where owners claims end in `_o`, what stands before an owners claim are the group's members.
    """
    host = host_of(text(record, "siteurl") for _, record in rows)
    pending: list[tuple[str, str | None, Where]] = []
    pending_in: tuple[str, str] | None = None
    unsure = 0
    for row, record in rows:
        where = (file, row)
        site_url = text(record, "siteurl")
        login, name = text(record, "memberloginname"), text(record, "membername")
        kind = scope_kind(text(record, "type"))
        if site_url is None or kind is None or not (login or name):
            into.raw.reject(
                "grants", file, row, "no site, object type or member in this row", value=login or name or ""
            )
            continue
        address = _below(site_url, text(record, "relativeurl"))
        scope, _ = into.scope(address, kind, where, host=host, title=text(record, "sitetitle"))
        site = locate(site_url, host)[0]
        member = fold(text(record, "membertype") or "")
        parent = text(record, "parentgroup")
        levels = into.levels(text(record, "roles"), r"[,;]")
        if member in ("sharinglinks", "sharinglink"):
            _audit_link(into, scope, parent, name, login, levels, where)
            continue
        if into.limited_group(parent) or into.limited_group(login):
            continue
        if member != "groupmember":
            claimed = member == "user" or "|" in (login or "")
            principal = into.people.login(login or name or "", where, name=name, site=None if claimed else site)
            into.grant(scope, principal, levels, where)
            if principal and not claimed:
                into.people.expanded(principal, False)
            continue
        if parent is None:
            into.raw.reject("members", file, row, "a group member without its group", value=login or name or "")
            continue
        if pending_in != (site, parent):
            _release(into, pending, pending_in)
            pending, pending_in = [], (site, parent)
        if login and "|" not in login and "@" in login:
            pending.append((login, name, where))
            continue
        claim = decode(login or "")
        group = into.people.group(site, parent, where)
        into.people.expanded(group, True)
        into.member(group, into.people.login(login or name or "", where, name=name), where)
        if claim.kind in ("m365_group", "security_group") and claim.id:
            for upn, shown, row_of in pending:
                into.member(claim.id, into.people.user(upn, row_of, name=shown), row_of)
            if pending:
                into.people.expanded(claim.id, True)
            pending = []
        elif claim.owners and pending:
            unsure += len(pending)
            for upn, shown, row_of in pending:
                into.people.user(upn, row_of, name=shown)
                doubt(into.raw, "members", row_of, "MemberLoginName", upn, "owner or only a member of the group")
            pending = []
    _release(into, pending, pending_in)
    if unsure:
        into.raw.note(
            f"{file}: {unsure:,} rows stand where the owners of a Microsoft 365 group should be. The script tests for "
            "_0 instead of _o and exports the group's members there, so nobody is made an owner by these rows."
        )


def _release(into: Collected, pending: list[tuple[str, str | None, Where]], group: tuple[str, str] | None) -> None:
    """Plain UPNs that no claim row followed are members of the SharePoint group itself."""
    for upn, name, where in pending:
        if group:
            into.member(into.people.group(*group, where, expanded=True), into.people.user(upn, where, name=name), where)


def _audit_link(
    into: Collected,
    scope: str,
    parent: str | None,
    name: str | None,
    login: str | None,
    levels: list[str],
    where: Where,
) -> None:
    link = into.link_group(parent or "", scope, levels, where)
    scope_word = name if not login else None  # a link nobody has used: the name column holds its scope
    if link is None:
        kind = fold(scope_word or "") or "some"
        link = into.link(f"{scope}|link:{kind}", scope, levels, where, audience=scope_word)
    elif scope_word:
        into.link(link, scope, levels, where, audience=scope_word)
    if login:
        into.link_user(link, into.people.login(login, where, name=name), where)


def _links(into: Collected, file: str, rows: Rows) -> None:
    """PnP `spo-get-sharinglinks`, the version with Graph's permissions and the older one with CSOM's links."""
    host = host_of(text(record, "siteurl") for _, record in rows)
    dead = 0
    for row, record in rows:
        where = (file, row)
        site_url = text(record, "siteurl")
        address = text(record, "relativeurl")
        if site_url is None or address is None:
            into.raw.reject("links", file, row, "no site or no address in this row", value=text(record, "name") or "")
            continue
        if boolean(record.get("isactive")) is False:
            dead += 1
            continue
        kind = scope_kind(text(record, "objecttype")) or "item"
        scope, _ = into.scope(_below(site_url, address), kind, where, host=host)
        url = text(record, "sharelinkurl", "sharelink")
        # the address of a link is a secret: it must not become a name that answers print
        secret = f"{scope}|link:{hashlib.sha256(url.encode()).hexdigest()[:24]}" if url else None
        link = text(record, "shareid") or secret
        if link is None:
            into.raw.reject("links", file, row, "a link without an id or address", value=address)
            continue
        audience = text(record, "sharelinkscope") or (
            "anyone" if boolean(record.get("allowsanonymousaccess")) else text(record, "sharelinktype")
        )
        type_ = text(record, "sharelinkaccess") or (text(record, "sharelinktype") if "shareid" in record else None)
        level = type_ or next(iter(parts(record, "rolelist") or []), "view")
        expires = text(record, "expiration")
        into.link(
            link.lower(), scope, [level], where, audience=audience or "users", expires=expires,
            password=boolean(record.get("requirespassword")),
        )  # fmt: skip
        for user in parts(record, "users", joiners="|;") or []:
            into.link_user(link.lower(), into.people.login(user, where), where)
    if dead:
        into.raw.note(f"{file}: {dead:,} links are not active; left out.")


def _effective(into: Collected, file: str, rows: Rows) -> None:
    """PnP `spo-retrieve-effectivepermissions-user`: what one person can do, object by object."""
    host = host_of(text(record, "siteurl") for _, record in rows)
    for row, record in rows:
        where = (file, row)
        site_url, user = text(record, "siteurl"), text(record, "user")
        if site_url is None or user is None:
            into.raw.reject("grants", file, row, "no site or no user in this row", value=user or site_url or "")
            continue
        kind = scope_kind(text(record, "objecttype")) or "item"
        kind = "web" if fold(text(record, "objecttype") or "") == "site" else kind
        scope, _ = into.scope(_below(site_url, text(record, "relativeurl")), kind, where, host=host)
        mask, strange = 0, []
        for word in parts(record, "effectivepermissions", joiners=",;|") or []:
            folded = fold(word)
            if folded == "fullmask":
                mask = FULL_MASK
            elif folded in BITS:
                mask |= 1 << BITS[folded]
            elif folded != "emptymask":
                strange.append(word)
        if mask:
            into.grant(scope, into.people.login(user, where), [f"0x{mask:016X}"], where)
        if strange:
            into.grant(scope, into.people.login(user, where), into.levels(",".join(strange)), where)


def _direct(into: Collected, file: str, rows: Rows) -> None:
    """PnP `spo-get-m365-users-with-direct-sharepoint-permissions`: users named on sites."""
    host = host_of(text(record, "siteurl") for _, record in rows)
    for row, record in rows:
        where = (file, row)
        site_url, user = text(record, "siteurl"), text(record, "username", "useremail")
        if site_url is None or user is None:
            into.raw.reject("grants", file, row, "no site or no user in this row", value=user or site_url or "")
            continue
        scope, _ = into.scope(site_url, "web", where, host=host, title=text(record, "sitetitle"))
        login = user if "|" in user or "@" in user else text(record, "useremail") or user
        into.grant(scope, into.people.login(login, where), into.levels(text(record, "permissionrole")), where)


def _novapoint(into: Collected, file: str, rows: Rows) -> None:
    """NovaPoint: UPNs joined by spaces, groups as `Security Group 'A' holds Security Group 'B' holds`."""
    host = host_of(text(record, "locationurl") for _, record in rows)
    unread = 0
    site = ""
    for row, record in rows:
        where = (file, row)
        address, access = text(record, "locationurl"), text(record, "accesstype")
        kind = scope_kind(text(record, "locationtype"))
        if address is None or kind is None:
            into.raw.reject("grants", file, row, "no location in this row", value=text(record, "locationname") or "")
            continue
        folded = fold(access or "")
        if folded.startswith("inherit"):
            into.counts["inherited"] += 1
            continue
        if not folded or folded == "nouseraccess":
            unread += not folded
            continue
        if kind == "list":
            address = re.sub(r"(/Forms)?/[^/]+\.aspx$", "", address, flags=re.I)
        scope, site = into.scope(address, kind, where, host=host, title=text(record, "locationname"))
        levels = into.levels(text(record, "permissionslevels", "permissionlevels"), r"[|;]")
        members = _novapoint_accounts(into, record, where)
        if any(fold(level).startswith("sitecollectionadmin") for level in levels):
            for member in members:
                into.admin(site, member, where)
        elif folded.startswith("sharinglink"):
            quoted = _QUOTED.search(access or "")
            word = fold(quoted[1] if quoted else access or "")
            link = into.link(f"{scope}|link:{word}", scope, levels, where, audience=word)
            for member in members:
                into.link_user(link, member, where)
        elif folded.startswith("sharepointgroup"):
            quoted = re.search(r"'(.*)'", access or "")
            title = quoted[1] if quoted else access or ""
            if into.limited_group(title) or link_of_group(title):
                continue
            failed = text(record, "remarks") is not None and not members
            group = into.people.group(site, title, where, expanded=not failed)
            into.grant(scope, group, levels, where)
            for member in members:
                into.member(group, member, where)
        else:
            for member in members:
                into.grant(scope, member, levels, where)
    if unread:
        into.raw.note(f"{file}: the tool could not read {unread:,} locations; what stands there is not known.")


def _novapoint_accounts(into: Collected, record: Record, where: Where) -> list[str | None]:
    """The principals of a row: people, or the outermost group with the people its chain leads to."""
    account = text(record, "accounttype") or ""
    users = [one for one in re.split(r"[\s;,]+", text(record, "users") or "") if "@" in one]
    chain = [into.people.name(title, where, kind="security_group") for title in _GROUP_CHAIN.findall(account)]
    if chain:
        for outer, inner in pairwise(chain):
            into.member(outer, inner, where)
        for user in users:
            into.member(chain[-1], into.people.login(user, where), where)
        if users:
            into.people.expanded(chain[-1], True)
        return [chain[0]]
    if fold(account) in ("user", "users", ""):
        return [into.people.login(user, where) for user in users]
    return [into.people.name(account, where, kind="security_group")]


def _below(site_url: str, relative: str | None) -> str:
    """The address of an object that a report names by site and path, the path server- or site-relative."""
    if not relative:
        return site_url
    if "://" in relative:
        return relative
    site, root = locate(site_url)
    host = site.split("://", 1)[1].partition("/")[0] if "://" in site else ""
    start = f"https://{host}" if host else ""
    path = "/" + relative.strip("/")
    inside = path.lower() == root.lower() or path.lower().startswith(root.lower().rstrip("/") + "/")
    return start + (path if inside else root.rstrip("/") + path)


FAMILIES: dict[str, Callable[[Collected, str, Rows], None]] = {
    "audit": _audit,
    "sharing links": _links,
    "effective": _effective,
    "direct": _direct,
    "novapoint": _novapoint,
}
