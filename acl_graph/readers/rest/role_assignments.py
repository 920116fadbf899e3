"""Role assignments as SharePoint's REST interface, CSOM and PnP give them, saved as JSON.

Understood: an object with its `RoleAssignments` and its own address, and REST answers in an outer object
`{"url": "<request>", "body": ...}`, whose request says which web, list, folder or file was asked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from urllib.parse import unquote

from acl_graph.readers.identity.claims import link_of_group
from acl_graph.readers.identity.row_collector import LIMITED, Collected
from acl_graph.readers.identity.site_urls import host_of, locate, scope_kind
from acl_graph.readers.parsing.records import Record, Where, boolean, cover, records, sample, text
from acl_graph.readers.parsing.sniff import Sniffed, fold
from acl_graph.tenant.raw_export import RawExport, ReadFile

NAME = "role assignments"
ABOUT = "role assignments (REST, CSOM, PnP)"

#: masks of the built-in levels by RoleTypeKind, for levels whose name is localised and whose mask was not asked for
MASKS = {"2": 0xB008431061, "3": 0x1B03C4312EF, "4": 0x1B03C5F1BFF, "5": 0x7FFFFFFFFFFFFFFF, "6": 0x1B03C431AEF,
         "reader": 0xB008431061, "contributor": 0x1B03C4312EF, "webdesigner": 0x1B03C5F1BFF,
         "administrator": 0x7FFFFFFFFFFFFFFF, "editor": 0x1B03C431AEF}  # fmt: skip
GUEST_ROLE = ("1", "guest")
_GROUP = ("8", "sharepointgroup")
_PATH_CALL = re.compile(
    r"get(file|folder)by(?:serverrelative|decoded)?(?:url|path)?[a-z]*\((?:decodedurl=)?'([^']*)'\)", re.I
)
_LIST_CALL = re.compile(r"lists(?:/getbytitle)?\((?:guid)?'?([^')]*)'?\)", re.I)
_GET_LIST = re.compile(r"getlist\('([^']*)'\)", re.I)
_ITEM_CALL = re.compile(r"items\((\d+)\)", re.I)


def claims(file: Sniffed) -> str | None:
    """An object with role assignments, or a REST request beside its answer."""
    if file.format != "json":
        return None
    keys = sample(file)
    first = file.first if isinstance(file.first, dict) else {}
    if {"url", "body"} <= keys and "/_api/" in str(first.get("url")).lower():
        return "REST answers"
    if "roleassignments" in keys or {"hasuniqueroleassignments", "permissions"} <= keys:
        return "objects"
    return None


def read(files: Sequence[tuple[Sniffed, str]], raw: RawExport, told: Callable[[str], None]) -> None:
    """Add scopes, grants, levels, groups and administrators."""
    into = Collected(raw, "The role assignments")
    levels: dict[tuple[str, str], tuple[str, int, Where]] = {}
    for file, dataset in files:
        told(f"reading {file.relative}")
        count = 0
        host = ""
        for row, record in records(file, raw, "grants"):
            count += 1
            where = (file.relative, row)
            host = host or host_of([text(record, "url", "weburl", "siteurl")])
            if {"url", "body"} <= set(record):
                _answer(into, str(record["url"]), record["body"], levels, where)
            else:
                _object(into, record, host, levels, where)
        raw.files.append(ReadFile(file.relative, NAME, dataset, count))
    for (site, _), (name, mask, where) in levels.items():
        into.found.row("levels", where, site=site, name=name, mask=f"0x{mask:016X}")
    if into.counts["inherited"]:
        raw.note(
            f"{into.counts['inherited']:,} objects inherit; the role assignments saved with them are their parent's."
        )
    into.hand_over(NAME)
    raw.note("Role assignments list no files and no links' audiences beyond the kind in the name of a hidden group.")
    admins = "partial" if "site_admins" in into.found else "absent"
    cover(raw, {"grants": "partial", "members": "partial", "links": "partial", "link_users": "partial",
                "items": "absent", "site_admins": admins, "principals.state": "absent"})  # fmt: skip


def _answer(
    into: Collected, url: str, body: Any, levels: dict[tuple[str, str], tuple[str, int, Where]], where: Where
) -> None:
    """One REST answer: what its address asks for decides what its rows are."""
    web, _, call = unquote(url).partition("/_api/")
    things = list(_values(body))
    asked = call.lower().split("?")[0]
    host = host_of([web])
    if "sitegroups" in asked and asked.rstrip("/").endswith("users"):
        group = re.search(r"getby(?:name|title)\('([^']*)'\)", call, re.I)
        if group is None:
            into.raw.reject("members", *where, "members of a group known by number only: ask by name", value=url)
            return
        _members(into, locate(web)[0], group[1], things, where)
        return
    if "sitegroups" in asked:
        for thing in things:
            title = text(thing, "title", "loginname")
            if title and "users" in thing:
                _members(into, locate(web)[0], title, list(_values(thing["users"])), where)
        return
    if "siteusers" in asked:
        for thing in things:
            if boolean(thing.get("issiteadmin")):
                into.admin(locate(web)[0], _member(into, thing, locate(web)[0], where), where)
        return
    assignments = things
    if not asked.rstrip("/").endswith("roleassignments"):
        object_ = things[0] if things else {}
        assignments = list(_values(object_.get("roleassignments")))
        if boolean(object_.get("hasuniqueroleassignments")) is False:
            into.counts["inherited"] += 1
            return
    kind, path = _asked(web, call)
    scope, site = into.scope(path, kind, where, host=host)
    _assign(into, scope, site, assignments, levels, where)


def _asked(web: str, call: str) -> tuple[str, str]:
    """(kind, address) of the object a request is about; a list known by id or title has these as its path."""
    by_path = _PATH_CALL.search(call)
    if by_path:
        return ("item" if by_path[1].lower() == "file" else "folder"), by_path[2]
    list_ = _GET_LIST.search(call)
    path = list_[1] if list_ else None
    if path is None:
        named = _LIST_CALL.search(call)
        path = f"{web.rstrip('/')}/Lists/{named[1]}" if named else None
    number = _ITEM_CALL.search(call)
    if path and number:
        return "item", f"{path}/{number[1]}_.000"
    return ("list", path) if path else ("web", web)


def _object(
    into: Collected, record: Record, host: str, levels: dict[tuple[str, str], tuple[str, int, Where]], where: Where
) -> None:
    """An object that brings its own address: a web, list, folder, file or item."""
    root = record.get("rootfolder")
    inner = {fold(key): value for key, value in root.items()} if isinstance(root, dict) else {}
    address = (
        text(record, "fileref", "serverrelativeurl", "serverrelativepath", "path")
        or text(inner, "serverrelativeurl")
        or text(record, "url", "weburl", "siteurl")
    )
    if address is None:
        into.raw.reject("grants", *where, "role assignments without the address of their object")
        return
    if boolean(record.get("hasuniqueroleassignments")) is False:
        into.counts["inherited"] += 1
        return
    word = text(record, "objecttype", "type", "kind", "filesystemobjecttype")
    kind = scope_kind(word)
    if kind is None:
        is_list = inner or any(name in record for name in ("basetype", "basetemplate", "listid"))
        kind = "item" if "fileref" in record else "list" if is_list else "web"
    scope, site = into.scope(address, kind, where, host=host, title=text(record, "title"))
    assignments = record.get("roleassignments", record.get("permissions"))
    _assign(into, scope, site, list(_values(assignments)), levels, where)


def _assign(
    into: Collected,
    scope: str,
    site: str,
    assignments: Sequence[Record],
    levels: dict[tuple[str, str], tuple[str, int, Where]],
    where: Where,
) -> None:
    for assignment in assignments:
        member = assignment.get("member")
        who: Record = {fold(str(k)): v for k, v in member.items()} if isinstance(member, dict) else assignment
        title = text(who, "title", "loginname", "principalname") or ""
        if into.limited_group(title):
            continue
        named = _levels(into, site, assignment, levels, where)
        if not named:
            continue
        link = into.link_group(title, scope, named, where)
        people = list(_values(who.get("users")))
        if link is not None:
            for person in people:
                into.link_user(link, _member(into, person, site, where), where)
            continue
        principal = _member(into, who, site, where)
        into.grant(scope, principal, named, where)
        if principal and "users" in who:
            _members(into, site, title, people, where)


def _levels(
    into: Collected,
    site: str,
    assignment: Record,
    levels: dict[tuple[str, str], tuple[str, int, Where]],
    where: Where,
) -> list[str]:
    """Names of levels, judged by mask (rule L07). A name that has a second mask in a site becomes that mask."""
    found = []
    bindings = assignment.get("roledefinitionbindings", assignment.get("permissionlevels"))
    for binding in bindings if isinstance(bindings, list) else []:
        if not isinstance(binding, dict):
            found += into.levels(str(binding), r";")
            continue
        one = {fold(str(key)): value for key, value in binding.items()}
        name = text(one, "name") or ""
        kind = fold(text(one, "roletypekind") or "")
        mask = _mask(one.get("basepermissions"))
        if kind in GUEST_ROLE or fold(name) in LIMITED:
            into.counts["limited"] += 1
            continue
        if mask is None and scope_word(name) is None:
            mask = MASKS.get(kind)
        if mask is None:
            found += [name] if name else []
            continue
        known = levels.setdefault((site, fold(name)), (name, mask, where))
        found.append(name if name and known[1] == mask else f"0x{mask:016X}")
    return found


def scope_word(name: str) -> str | None:
    """The English name of a built-in level, or None where the name is somebody's own or another language's."""
    return name if fold(name) in _ENGLISH else None


_ENGLISH = ("read", "contribute", "edit", "design", "fullcontrol", "review", "approve", "managehierarchy",
            "viewonly", "restrictedread", "restrictedview")  # fmt: skip


def _mask(said: Any) -> int | None:
    """{High, Low} as two 32 bit numbers, often as text (rule L01)."""
    if not isinstance(said, dict):
        return None
    one = {fold(str(key)): value for key, value in said.items()}
    try:
        return (int(one["high"]) & 0xFFFFFFFF) << 32 | (int(one["low"]) & 0xFFFFFFFF)
    except (KeyError, TypeError, ValueError):
        return None


def _member(into: Collected, who: Record, site: str, where: Where) -> str | None:
    login = text(who, "loginname", "principalname", "userprincipalname", "email", "title")
    name = text(who, "title")
    if login is None:
        return None
    if fold(text(who, "principaltype") or "") in _GROUP:
        return into.people.group(site, name or login, where)
    return into.people.login(login, where, name=name)


def _members(into: Collected, site: str, title: str, people: Sequence[Record], where: Where) -> None:
    if into.limited_group(title):
        return
    hidden = link_of_group(title)
    if hidden is not None:  # the link itself stands in role assignments; here are the people who have used it
        for person in people:
            into.link_user(hidden[2], _member(into, person, site, where), where)
        return
    group = into.people.group(site, title, where)
    into.people.expanded(group, True)
    for person in people:
        into.member(group, _member(into, person, site, where), where)


def _values(body: Any) -> Iterator[Record]:
    """The rows of an answer in any of the three styles of OData, keys folded; or the one object."""
    if isinstance(body, dict):
        inner = body.get("value", body.get("d", body))
        if isinstance(inner, dict):
            inner = inner.get("results", [inner])
    else:
        inner = body
    for one in inner if isinstance(inner, list) else []:
        if isinstance(one, dict):
            yield {fold(str(key)): value for key, value in one.items()}
