"""What Graph's objects mean in our tables: kinds of groups, states of accounts, who a permission is for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from acl_graph.raw import RawExport
from acl_graph.readers.addresses import locate
from acl_graph.readers.claims import domain_of
from acl_graph.readers.directory_roles import Roles
from acl_graph.readers.files import fold
from acl_graph.readers.graph_permissions import GUID, Permissions, Thing, low
from acl_graph.readers.licences import Products, licences_of
from acl_graph.readers.people import People
from acl_graph.readers.records import Found, Where, cover, listed, mapping, objects

#: (drive, item) of Graph
Key = tuple[str | None, str]


def group_kind(group: Thing) -> str | None:
    """The kind of a group by its flags (rule P05); None where they were not asked for.

    >>> group_kind({"groupTypes": [], "mailEnabled": True, "securityEnabled": False})
    'distribution_group'
    """
    if "Unified" in listed(group.get("groupTypes")):
        return "m365_group"
    mail, security = group.get("mailEnabled"), group.get("securityEnabled")
    if security is None and mail is None:
        return None
    if security is False and mail:
        return "distribution_group"
    return "mail_security_group" if mail else "security_group"


def user_state(user: Thing) -> str | None:
    """The state of an account; None where `accountEnabled` was not asked for."""
    if user.get("deletedDateTime") or "@removed" in user:
        return "deleted"
    if user.get("accountEnabled") is False:
        return "disabled"
    if user.get("externalUserState") == "PendingAcceptance":
        return "pending"
    return "active" if user.get("accountEnabled") else None


def user_home(user: Thing) -> str | None:
    """Where the account lives. `#EXT#` and `userType` can disagree: an external account may be a member."""
    external = "#ext#" in str(user.get("userPrincipalName") or "").lower()
    kind = str(user.get("userType") or "").lower()
    if kind == "guest":
        return "guest"
    if kind == "member":
        return "external_member" if external else "internal"
    return "guest" if external else None


class Graph:
    """Collects answers; what depends on the order of files is worked out in `hand_over`."""

    def __init__(self, raw: RawExport) -> None:
        self.raw = raw
        self.found = Found()
        self.people = People(raw)
        self.users: dict[str, tuple[Thing, Where]] = {}
        self.groups: dict[str, tuple[Thing, Where]] = {}
        self.members: dict[tuple[str, str], dict[str, Where]] = {}
        self.sites: dict[str, tuple[Thing, Where]] = {}
        self.drives: dict[str, Thing] = {}
        self.items: dict[Key, tuple[Thing, Where]] = {}
        self.permissions: dict[Key, list[tuple[Thing, Where]]] = {}
        self.site_permissions: list[tuple[str, Thing, Where]] = []
        self.labels: dict[Key, str] = {}
        self.products = Products()
        self.details: dict[str, list[Thing]] = {}
        self.roles = Roles(raw, self.people)
        self.counts: Counter[str] = Counter()
        self.asked: set[str] = set()
        self.rights = Permissions(raw, self.found, self.people, self.counts)

    def take(self, kind: str, of: str | None, item: str | None, body: Any, where: Where) -> None:
        """Note one answer of this kind about `of` (a group, site or drive) and `item`."""
        if isinstance(body, dict) and "error" in body and "value" not in body:
            self.counts["error"] += 1
            return
        self.asked.add(kind)
        if kind == "item labels":
            self._item_label((of, item or ""), body)
            return
        if kind in ("members", "transitivemembers", "owners"):
            self.members.setdefault((low(of), kind), {})
        if kind == "licensedetails":
            self.details.setdefault(low(of), [])
        if kind == "permissions":
            self.permissions.setdefault((of, item or ""), [])
        for thing in _things(body):
            self._one(kind, of, item, thing, where)

    def _one(self, kind: str, of: str | None, item: str | None, thing: Thing, where: Where) -> None:
        name = str(thing.get("id") or "")
        if kind == "users":
            self._directory(thing, where, "user")
        elif kind == "groups":
            self._directory(thing, where, "group")
        elif kind in ("members", "transitivemembers", "owners"):
            self.members[low(of), kind][low(name)] = where
            self._directory(thing, where)
        elif kind == "subscribedskus":
            self.products.learn(thing)
        elif kind == "licensedetails":
            self.details[low(of)].append(thing)
        elif kind == "directoryroles":
            self.roles.role(folded(thing), where)
        elif kind == "rolemembers":
            self._directory(thing, where)
            self.roles.member(low(of), name, where)
        elif kind.startswith("role"):
            self.roles.assignment(folded(thing), where, asked=kind)
        elif kind == "sites":
            self._site(thing, where)
        elif kind == "drives":
            self.drives[name] = thing | ({"siteOf": of} if of else {})
        elif kind == "items":
            self._drive_item(thing, of, where)
        elif kind == "permissions":
            self.permissions[of, item or ""].append((thing, where))
        elif kind == "site permissions" and of:
            self.site_permissions.append((site_guid(of) or of, thing, where))

    def _directory(self, thing: Thing, where: Where, kind: str | None = None) -> None:
        """Users and groups; the fuller description of two stays, with what the other adds."""
        kind = kind or str(thing.get("@odata.type") or "").rpartition(".")[2]
        name = low(thing.get("id"))
        if not name:
            return
        if kind in ("user", "group"):
            known = (self.users if kind == "user" else self.groups).setdefault(name, ({}, where))
            known[0].update({key: value for key, value in thing.items() if value is not None or key not in known[0]})
        elif kind == "servicePrincipal":
            self.found.row("principals", where, id=name, kind="app", name=thing.get("displayName"))
        elif kind:
            self.counts[f"member {kind}"] += 1

    def _site(self, site: Thing, where: Where) -> None:
        guid = site_guid(str(site.get("id") or ""))
        if guid is None:
            self.raw.reject("sites", where[0], where[1], "site has no id", value=str(site.get("webUrl") or ""))
            return
        known = self.sites.get(guid)  # subsites have their site collection's id: the shortest address is the top
        if known is None or len(str(site.get("webUrl") or "")) < len(str(known[0].get("webUrl") or "")):
            self.sites[guid] = (site, where)

    def _drive_item(self, item: Thing, drive: str | None, where: Where) -> None:
        if "deleted" in item or "@removed" in item:
            self.counts["deleted"] += 1
            return
        inside = mapping(item.get("parentReference")).get("driveId") or drive
        inside = None if inside is None else str(inside)
        self.items[inside, str(item.get("id") or "")] = (item, where)

    def _item_label(self, key: Key, body: Any) -> None:
        inner = body.get("value", body) if isinstance(body, dict) else {}
        for label in objects(mapping(inner).get("labels"))[:1]:  # several only where tenants share a file
            self.labels[key] = str(label.get("sensitivityLabelId"))

    # --- working out ------------------------------------------------------------------------------------------------

    def hand_over(self, reader: str, *, cut: set[str]) -> None:
        """Describe everything found; `cut` names the kinds of answers of which pages are missing."""
        self._describe_directory()
        self._describe_sites()
        scopes = self._describe_scopes()
        self._describe_items(scopes)
        for site, permission, where in self.site_permissions:
            self.rights.site_permission(site, permission, where)
        self.roles.hand_over(self.found)
        for cells in self.rights.links.values():
            self.found.add("links", cells)
        self.people.describe(self.found, self.raw, "The saved Graph answers")
        self._say(cut)
        self.found.hand_over(self.raw, reader)

    def _describe_directory(self) -> None:
        for name, (user, where) in self.users.items():
            upn = user.get("userPrincipalName") or user.get("mail")
            home = user_home(user)
            mail = user.get("mail") if home != "internal" else None
            licences = self._licences(name, user)
            copilot = None if licences is None else self.products.of_licences(licences)
            self.counts["licence"] += licences is not None and copilot is None
            self.found.row(
                "principals", where, id=name, kind="user", name=user.get("displayName"), login=upn, home=home,
                state=user_state(user), copilot=copilot,
                domain=domain_of(str(mail or upn)) if home in ("guest", "external_member") else None,
            )  # fmt: skip
            self._known(name, str(upn or ""), str(user.get("mail") or ""))
        for name, (group, where) in self.groups.items():
            visibility = str(group.get("visibility") or "").lower().replace("hiddenmembership", "hidden")
            self.found.row(
                "principals", where, id=name, kind=group_kind(group), name=group.get("displayName"),
                login=group.get("mail"), visibility=visibility or None, synced=group.get("onPremisesSyncEnabled"),
                dynamic="DynamicMembership" in listed(group.get("groupTypes")),
                expanded=(name, "members") in self.members or (name, "transitivemembers") in self.members,
            )  # fmt: skip
            self._known(name)
        for (of, kind), rows in self.members.items():
            if kind == "transitivemembers" and (of, "members") in self.members:
                continue
            for member, where in rows.items():
                role = "owner" if kind == "owners" else "member"
                self.found.row("members", where, group=of, member=member, role=role)

    def _licences(self, name: str, user: Thing) -> list[Any] | None:
        """The user's licences, with the state of every plan where that was asked for; None where nothing was."""
        names = [name, low(user.get("userPrincipalName"))]  # a request may name the user by either
        asked = [self.details[one] for one in names if one in self.details]
        return asked[0] if asked else licences_of(user.get("assignedLicenses"))

    def _known(self, name: str, *spelled: str) -> None:
        self.people.ids.add(name)
        for one in (name, *spelled):
            if one:
                self.people.known.setdefault(one.lower(), name)

    def _describe_sites(self) -> None:
        for guid, (site, where) in self.sites.items():
            collection = mapping(site.get("siteCollection"))
            personal = site.get("isPersonalSite") or "-my.sharepoint." in str(site.get("webUrl"))
            archive = mapping(collection.get("archivalDetails")).get("archiveStatus")
            self.found.row(
                "sites", where, id=guid, url=site.get("webUrl"), title=site.get("displayName") or site.get("name"),
                kind="onedrive" if personal else None, archive=archive,
            )  # fmt: skip

    def _index(self) -> dict[Key, Key]:
        """Other names of an item: its list and number, its drive and `root`, its id where the drive is not named."""
        index: dict[Key, Key] = {}
        for key, (thing, _) in self.items.items():
            ids = mapping(thing.get("sharepointIds"))
            index.setdefault((f"lists/{ids.get('listId')}", str(ids.get("listItemId"))), key)
            index.setdefault((None, key[1]), key)
            if "root" in thing:
                index.setdefault((key[0], "root"), key)
        return index

    def _describe_scopes(self) -> dict[Key, str]:
        """A scope for every item whose permissions were asked for: Graph's list is already the effective one."""
        scopes = {}
        index = self._index()
        for asked, permissions in self.permissions.items():
            key = asked if asked in self.items else index.get(asked) or index.get((None, asked[1])) or asked
            thing, where = self.items.get(key, ({}, permissions[0][1] if permissions else ("", 0)))
            site = self._site_of(key, thing)
            scope = self._name(key, thing)
            kind = "item" if "file" in thing or "package" in thing or not thing else "folder"
            scopes[key] = scope
            self.found.row("scopes", where, id=scope, site=site, kind=kind, path=self._path(key, thing))
            for permission, row in permissions:
                self.rights.permission(scope, site, permission, row)
        return scopes

    def _describe_items(self, scopes: dict[Key, str]) -> None:
        above = {
            (key[0], _inside(self.items[key][0]).lower()): scope for key, scope in scopes.items() if key in self.items
        }
        index = self._index()
        labels = {index.get(key, key): label for key, label in self.labels.items()} | self.labels
        for key, (thing, where) in self.items.items():
            if "file" not in thing and "package" not in thing:
                continue
            path = _inside(thing).lower()
            scope = scopes.get(key)
            while scope is None and path:
                path = path.rpartition("/")[0]
                scope = above.get((key[0], path))
            self.counts["no scope"] += scope is None
            self.found.row(
                "items", where, id=self._name(key, thing), scope=scope, site=self._site_of(key, thing),
                path=self._path(key, thing), size=thing.get("size"), modified=thing.get("lastModifiedDateTime"),
                author=self._person(thing.get("createdBy"), where), label=labels.get(key),
                modified_by=self._person(thing.get("lastModifiedBy"), where),
            )  # fmt: skip

    def _name(self, key: Key, thing: Thing) -> str:
        """`site/item` by SharePoint's own ids where they were asked for, as in other exports; else Graph's ids."""
        ids = mapping(thing.get("sharepointIds"))
        if ids.get("siteId") and ids.get("listItemUniqueId"):
            return f"{low(ids['siteId'])}/{low(ids['listItemUniqueId'])}"
        return f"{key[0] or ''}/{key[1]}"

    def _site_of(self, key: Key, thing: Thing) -> str | None:
        drive = self.drives.get(key[0] or "", {})
        named = (
            mapping(thing.get("sharepointIds")).get("siteId")
            or mapping(thing.get("parentReference")).get("siteId")
            or (drive.get("sharePointIds") or mapping(drive.get("sharepointIds"))).get("siteId")
            or drive.get("siteOf")
            or ((key[0] or "").removeprefix("sites/") if str(key[0]).startswith("sites/") else None)
        )
        return site_guid(str(named)) if named else None

    def _path(self, key: Key, thing: Thing) -> str | None:
        url = str(thing.get("webUrl") or "")
        drive = str(self.drives.get(key[0] or "", {}).get("webUrl") or "")
        if drive and "parentReference" in thing:
            return locate(drive)[1] + _inside(thing)
        return locate(url)[1] if url and "/_layouts/" not in url else None

    def _person(self, identity: Any, where: Where) -> str | None:
        user = (identity or {}).get("user") if isinstance(identity, dict) else None
        if not isinstance(user, dict):
            return None
        if user.get("id"):
            return low(user["id"])
        return self.people.user(user["email"], where, name=user.get("displayName")) if user.get("email") else None

    # --- what it cannot say -----------------------------------------------------------------------------------------

    def _say(self, cut: set[str]) -> None:
        note = self.raw.note
        for kind in sorted(cut):
            note(f"Saved Graph answers: pages of {kind} are missing (a next link leads to a page that is not here).")
        if self.counts["error"]:
            note(f"Saved Graph answers: {self.counts['error']:,} are errors; what they were to say is not known.")
        if self.counts["licence"]:
            note(
                f"{self.counts['licence']:,} accounts have licences of which it is not known whether Copilot is in "
                "them; whether these people have it is not known. Add the tenant's subscriptions (/subscribedSkus)."
            )
        if self.counts["existing"]:
            note(f"Saved Graph answers: {self.counts['existing']:,} links for existing access grant nothing; left out.")
        if self.counts["deleted"]:
            note(f"Saved Graph answers: {self.counts['deleted']:,} deleted files left out.")
        if self.counts["no scope"]:
            note(f"{self.counts['no scope']:,} files have no permissions in the saved answers, nor has a folder above.")
        if "transitivemembers" in self.asked:
            note("Members asked for as transitiveMembers are taken for direct ones: which group leads to whom is lost.")
        if self.asked & {"permissions", "items"}:
            note(
                "Graph lists permissions of files and folders as they take effect, not which of them break inheritance."
            )
        if "site permissions" in self.asked:
            note(
                "Graph's permissions of a site are those of apps: an empty list does not mean that nobody can open it."
            )
        said: dict[str, str] = {}
        if self.asked & {"permissions", "items", "sites", "site permissions"}:
            said |= {"grants": "partial", "links": "partial", "link_users": "partial", "site_admins": "absent"}
            said["items"] = "partial" if "items" in self.asked else "absent"
        if self.groups or self.members:
            expanded = all(
                (g, "members") in self.members or (g, "transitivemembers") in self.members for g in self.groups
            )
            whole = expanded and "groups" in self.asked and not cut & {"members", "transitivemembers", "groups"}
            said["members"] = "complete" if whole else "partial"
            said["principals.visibility"] = (
                "complete" if all("visibility" in g for g, _ in self.groups.values()) else "partial"
            )
        if self.users:
            for column, key in (("state", "accountEnabled"), ("copilot", "assignedLicenses"), ("home", "userType")):
                whole = all(key in user for user, _ in self.users.values()) and "users" not in cut
                if column == "copilot":
                    asked = all(self._licences(name, user) is not None for name, (user, _) in self.users.items())
                    whole = asked and "users" not in cut and not self.counts["licence"]
                said[f"principals.{column}"] = "complete" if whole else "partial"
        cover(self.raw, said)


def _things(body: Any) -> Iterator[Thing]:
    """The objects of a page, or the one object of the answer."""
    if isinstance(body, list):
        inner = body
    elif isinstance(body, dict):
        inner = body["value"] if isinstance(body.get("value"), list) else [body]
    else:
        inner = []
    yield from (one for one in inner if isinstance(one, dict))


def folded(thing: Thing) -> Thing:
    """The object with its keys as small readers compare them."""
    return {fold(str(key)): value for key, value in thing.items()}


def site_guid(name: str) -> str | None:
    """The site's GUID out of `host,site,web`, or the GUID itself."""
    parts = [part for part in name.split(",") if GUID.match(part.strip("{} "))]
    return parts[0].strip("{} ").lower() if parts else None


def _inside(item: Thing) -> str:
    """The path inside the drive: `/Payroll/a.xlsx`; the root is empty."""
    if "root" in item:
        return ""
    reference = mapping(item.get("parentReference"))
    folder = unquote(str(reference.get("path") or "")).partition("root:")[2]
    return f"{folder}/{item.get('name') or ''}"
