"""Who a permission of Microsoft Graph is for, and what a link among them grants."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from acl_graph.readers.identity.claims import LINK_GROUP, decode, domain_of, link_of_group
from acl_graph.readers.identity.principals import People
from acl_graph.readers.identity.row_collector import AUDIENCES, LIMITED
from acl_graph.readers.parsing.records import Found, Where, listed, mapping, objects
from acl_graph.readers.parsing.sniff import fold
from acl_graph.tenant.raw_export import RawExport

Thing = dict[str, Any]
GUID = re.compile(r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$", re.I)
_ZERO = "00000000-0000-0000-0000-000000000000"


def low(name: Any) -> str:
    """An id without braces and case."""
    return str(name or "").strip("{} ").lower()


class Permissions:
    """Turns permission objects into grants, links and link users."""

    def __init__(self, raw: RawExport, found: Found, people: People, counts: Counter[str]) -> None:
        self.raw, self.found, self.people, self.counts = raw, found, people, counts

    def permission(self, scope: str, site: str | None, permission: Thing, where: Where) -> None:
        link = permission.get("link")
        roles = [str(role) for role in listed(permission.get("roles"))]
        if isinstance(link, dict):
            self._link(scope, site, permission, link, where)
            return
        # grantedTo repeats grantedToV2 for old callers; never both
        identity = mapping(permission.get("grantedToV2") or permission.get("grantedTo"))
        several = objects(permission.get("grantedToIdentitiesV2") or permission.get("grantedToIdentities"))
        people = [self._identity(one, site, where) for one in ([identity] if identity else several)]
        invited = mapping(permission.get("invitation")).get("email")
        if not people and invited:
            low = str(invited).lower()
            people = [self.people.known.get(low) or self.people.user(low, where)]
            self.people.state(people[0] or low, "pending")
        if not people:
            self.raw.reject(
                "grants", where[0], where[1], "permission names nobody", value=str(permission.get("id") or "")
            )
        for principal in people:
            for role in roles:
                if principal and fold(role.removeprefix("sp.")) in LIMITED:
                    self.counts["limited"] += 1
                elif principal:
                    self.found.row("grants", where, scope=scope, principal=principal, level=role)

    def _link(self, scope: str, site: str | None, permission: Thing, link: Thing, where: Where) -> None:
        audience = AUDIENCES.get(fold(str(link.get("scope") or "users")))
        name = str(permission.get("id") or "")
        if audience == "existing" or name == _ZERO:
            self.counts["existing"] += 1  # an address for people who have access anyway (rule S01)
            return
        name = name.lower() if GUID.match(name) else name
        level = "blocksDownload" if link.get("preventsDownload") else link.get("type") or "view"
        self.found.row(
            "links", where, id=name, audience=audience, expires=permission.get("expirationDateTime"), origin=scope,
            password=permission.get("hasPassword"),
        )  # fmt: skip
        self.found.row("grants", where, scope=scope, link=name, level=level)
        people = objects(permission.get("grantedToIdentitiesV2") or permission.get("grantedToIdentities"))
        for identity in people:
            principal = self._identity(identity, site, where)
            if principal:
                how = "named" if audience == "people" else None
                self.found.row("link_users", where, link=name, principal=principal, how=how)

    def _identity(self, identity: Thing, site: str | None, where: Where) -> str | None:
        """Who an identity set means: object id, then the claim of the site user, the site's group, the address."""
        shown = {kind: one for kind, one in identity.items() if isinstance(one, dict)}
        local: Thing = mapping(shown.get("siteUser"))
        login = str(local.get("loginName") or "")
        for kind, what in (("user", "user"), ("group", None), ("application", "app")):
            one = shown.get(kind)
            if one and one.get("id"):
                mail = one.get("userPrincipalName") or one.get("email") or (login.rpartition("|")[2] or None)
                return self._object(low(one["id"]), what, one.get("displayName"), mail, login, where)
        if login:
            return self.people.login(login, where, name=local.get("displayName"))
        group = shown.get("siteGroup") or shown.get("sharePointGroup")
        if group:
            title = str(group.get("loginName") or group.get("title") or group.get("displayName") or "")
            if link_of_group(title) or decode(title).kind in (LINK_GROUP, "limited_access"):
                self.counts["limited"] += 1
                return None
            number = group.get("principalId") or group.get("id")
            return self.people.site_group(site, title, str(number) if number is not None else None, where)
        address = (shown.get("user") or local).get("email")
        name = (shown.get("user") or local).get("displayName")
        if address:
            return self.people.user(str(address), where, name=name)
        return self.people.name(str(name), where) if name else None

    def _object(
        self, name: str, kind: str | None, shown: str | None, mail: str | None, login: str, where: Where
    ) -> str:
        claim = decode(login) if login else None
        if claim and claim.owners:
            return self.people.login(login, where, name=shown) or name
        guest = bool(mail and "#ext#" in mail.lower())
        return self.people.object(
            name, where, kind=kind or (claim.kind if claim and claim.kind else "security_group"), name=shown,
            login=str(mail).lower() if mail else None, home="guest" if guest else None,
            domain=domain_of(str(mail)) if guest else None,
        )  # fmt: skip

    def site_permission(self, site: str, permission: Thing, where: Where) -> None:
        scope = f"{site}/root"
        self.found.row("scopes", where, id=scope, site=site, kind="web")
        identities = objects(permission.get("grantedToIdentitiesV2") or permission.get("grantedToIdentities"))
        for identity in identities:
            app = self._identity(identity, site, where)
            for role in listed(permission.get("roles")):
                if app:
                    self.found.row("grants", where, scope=scope, principal=app, level=role)
