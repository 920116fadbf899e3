"""What Graph's objects mean in our tables: kinds of groups, states of accounts, who a permission is for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from sys import intern
from typing import Any
from urllib.parse import unquote

from msgspec import Struct

from acl_graph.readers.graph.permissions import GUID, Permissions, Thing, low
from acl_graph.readers.identity.claims import domain_of
from acl_graph.readers.identity.directory_roles import Roles
from acl_graph.readers.identity.licences import Products, licences_of
from acl_graph.readers.identity.principals import People
from acl_graph.readers.identity.row_collector import one_row_each
from acl_graph.readers.identity.site_urls import locate
from acl_graph.readers.parsing.records import Found, Where, cover, listed, mapping, objects
from acl_graph.readers.parsing.sniff import fold
from acl_graph.tenant.raw_export import RawExport

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


class DriveItem(Struct, gc=False, frozen=True):
    """What is kept of a `driveItem` until every answer is in: a tenth of the object."""

    where: Where
    inside: str  #: path inside the drive
    in_drive: bool  #: the drive's address and `inside` make its path
    url: str
    is_file: bool
    is_root: bool
    site: str | None
    unique: str | None  #: SharePoint's own id
    in_list: tuple[str, str] | None  #: list and number
    size: Any
    modified: str | None
    author: tuple[str, str, str | None] | None  #: id, address, display name
    modified_by: tuple[str, str, str | None] | None

    @classmethod
    def of(cls, item: Thing, where: Where) -> DriveItem:
        """The item as it is kept."""
        ids, parent = mapping(item.get("sharepointIds")), mapping(item.get("parentReference"))
        numbered = ids.get("listId"), ids.get("listItemId")
        site = ids.get("siteId") or parent.get("siteId")
        return cls(
            where=where,
            inside=_inside(item),
            in_drive="parentReference" in item,
            url=str(item.get("webUrl") or ""),
            is_file="file" in item or "package" in item,
            is_root="root" in item,
            site=str(site) if site else None,
            unique=f"{low(ids['siteId'])}/{low(ids['listItemUniqueId'])}"
            if ids.get("siteId") and ids.get("listItemUniqueId")
            else None,
            in_list=(str(numbered[0]), str(numbered[1])) if numbered[0] else None,
            size=item.get("size"),
            modified=item.get("lastModifiedDateTime"),
            author=_who(item.get("createdBy")),
            modified_by=_who(item.get("lastModifiedBy")),
        )


class Graph:
    """Collects answers; what depends on the order of files is worked out in `describe` and `hand_over`.

    Permissions name neither their item nor its site, and there are many times more of them than of anything else: they
    come in a second reading, `permissions_of`, when all items are known.
    """

    def __init__(self, raw: RawExport) -> None:
        self.raw = raw
        self.found = Found()
        self.people = People(raw)
        self.users: dict[str, tuple[Thing, Where]] = {}
        self.groups: dict[str, tuple[Thing, Where]] = {}
        self.members: dict[tuple[str, str], dict[str, Where]] = {}
        self.sites: dict[str, tuple[Thing, Where]] = {}
        self.drives: dict[str, Thing] = {}
        self.items: dict[Key, DriveItem] = {}
        self.scopes: dict[Key, str] = {}
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
            return
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
        inside = None if inside is None else intern(str(inside))
        self.items[inside, str(item.get("id") or "")] = DriveItem.of(item, where)

    def _item_label(self, key: Key, body: Any) -> None:
        inner = body.get("value", body) if isinstance(body, dict) else {}
        for label in objects(mapping(inner).get("labels"))[:1]:  # several only where tenants share a file
            self.labels[key] = str(label.get("sensitivityLabelId"))

    # --- working out ------------------------------------------------------------------------------------------------

    def describe(self) -> None:
        """Describe people, groups and sites, now that everything but permissions has been read."""
        self._describe_directory()
        self._describe_sites()
        self.index = self._index()

    def hand_over(self, reader: str, *, cut: set[str]) -> None:
        """Describe everything else; `cut` names the kinds of answers of which pages are missing."""
        self._describe_items()
        for site, permission, where in self.site_permissions:
            self.rights.site_permission(site, permission, where)
        self.roles.hand_over(self.found)
        if "links" in self.found:
            self.found.replace("links", [one_row_each(self.found.frame("links"))])
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
        for key, item in self.items.items():
            if item.in_list:
                index.setdefault((f"lists/{item.in_list[0]}", item.in_list[1]), key)
            index.setdefault((None, key[1]), key)
            if item.is_root:
                index.setdefault((key[0], "root"), key)
        return index

    def permissions_of(self, of: str | None, name: str | None, body: Any, where: Where) -> None:
        """One page of an item's permissions: a scope, for Graph's list is already the effective one."""
        if isinstance(body, dict) and "error" in body and "value" not in body:
            return
        asked = (None if of is None else intern(of), name or "")
        key = asked if asked in self.items else self.index.get(asked) or self.index.get((None, asked[1])) or asked
        item = self.items.get(key)
        site = self._site_of(key, item)
        if key not in self.scopes:
            self.scopes[key] = self._name(key, item)
            kind = "item" if item is None or item.is_file else "folder"
            self.found.row(
                "scopes", item.where if item else where, id=self.scopes[key], site=site, kind=kind,
                path=self._path(key, item),
            )  # fmt: skip
        for permission in _things(body):
            self.rights.permission(self.scopes[key], site, permission, where)

    def _describe_items(self) -> None:
        above = {
            (key[0], self.items[key].inside.lower()): scope for key, scope in self.scopes.items() if key in self.items
        }
        labels = {self.index.get(key, key): label for key, label in self.labels.items()} | self.labels
        for key, item in self.items.items():
            if not item.is_file:
                continue
            path = item.inside.lower()
            scope = self.scopes.get(key)
            while scope is None and path:
                path = path.rpartition("/")[0]
                scope = above.get((key[0], path))
            self.counts["no scope"] += scope is None
            self.found.row(
                "items", item.where, id=self._name(key, item), scope=scope, site=self._site_of(key, item),
                path=self._path(key, item), size=item.size, modified=item.modified,
                author=self._person(item.author, item.where), label=labels.get(key),
                modified_by=self._person(item.modified_by, item.where),
            )  # fmt: skip

    def _name(self, key: Key, item: DriveItem | None) -> str:
        """`site/item` by SharePoint's own ids where they were asked for, as in other exports; else Graph's ids."""
        return item.unique if item and item.unique else f"{key[0] or ''}/{key[1]}"

    def _site_of(self, key: Key, item: DriveItem | None) -> str | None:
        drive = self.drives.get(key[0] or "", {})
        named = (
            (item.site if item else None)
            or (drive.get("sharePointIds") or mapping(drive.get("sharepointIds"))).get("siteId")
            or drive.get("siteOf")
            or ((key[0] or "").removeprefix("sites/") if str(key[0]).startswith("sites/") else None)
        )
        return site_guid(str(named)) if named else None

    def _path(self, key: Key, item: DriveItem | None) -> str | None:
        if item is None:
            return None
        drive = str(self.drives.get(key[0] or "", {}).get("webUrl") or "")
        if drive and item.in_drive:
            return locate(drive)[1] + item.inside
        return locate(item.url)[1] if item.url and "/_layouts/" not in item.url else None

    def _person(self, identity: tuple[str, str, str | None] | None, where: Where) -> str | None:
        if identity is None:
            return None
        name, mail, shown = identity
        if name:
            return name
        return self.people.user(mail, where, name=shown) if mail else None

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


def _who(identity: Any) -> tuple[str, str, str | None] | None:
    """(id, address, display name) of the user in an identity set."""
    user = identity.get("user") if isinstance(identity, dict) else None
    if not isinstance(user, dict):
        return None
    shown = user.get("displayName")
    return intern(low(user.get("id"))), str(user.get("email") or ""), str(shown) if shown else None


def _inside(item: Thing) -> str:
    """The path inside the drive: `/Payroll/a.xlsx`; the root is empty."""
    if "root" in item:
        return ""
    reference = mapping(item.get("parentReference"))
    folder = unquote(str(reference.get("path") or "")).partition("root:")[2]
    return f"{folder}/{item.get('name') or ''}"
