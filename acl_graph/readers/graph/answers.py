"""Microsoft Graph answers saved as JSON: users, groups, members, licences, sites, drives, files and their permissions.

A permission does not name its item and a list of members does not name its group, so a saved answer needs to say what
was asked. Three ways, in this order: an outer object `{"url": ..., "body": ...}`, the answer's `@odata.context`, and
the file's place in the export (`groups/<id>/members.json`, `drives/<id>/items/<id>/permissions.json`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote

import msgspec

from acl_graph.errors import BadInput
from acl_graph.readers.graph.objects import Graph
from acl_graph.readers.parsing.records import Where, objects, sample
from acl_graph.readers.parsing.sniff import LONGEST_RECORD, BadRecord, Sniffed, open_bytes, plain, read_json
from acl_graph.tenant.raw_export import RawExport, ReadFile

NAME = "graph"
ABOUT = "saved Microsoft Graph answers"

_NUMBERED = re.compile(r"[-_. ]?(?:page)?[-_. ]?\d+$", re.I)
_QUOTED_KEY = re.compile(r"\('([^']*)'\)")
#: SharePoint's own REST interface, and Graph answers that other readers know
_OTHERS = ("_api/", "auditlog", "informationprotection/")
#: lists of role assignments; the others of PIM (requests, schedules) say what was asked for, not what holds
_ROLE_LISTS = {
    "roleassignments": "role assignments",
    "roleassignmentscheduleinstances": "role assignments",
    "roleeligibilityscheduleinstances": "role eligibilities",
}
_ITEM_LISTS = ("children", "delta", "items", "root", "search")


@dataclass(frozen=True)
class Asked:
    """What an answer is about: the kind of thing, and the ids that the request's address names."""

    kind: str
    of: str | None = None  #: the group, site or drive
    item: str | None = None


@dataclass(frozen=True)
class Answer:
    """One saved answer with what was asked, and the address of its page where that is known."""

    asked: Asked
    body: Any
    where: Where
    url: str | None


def claims(file: Sniffed) -> str | None:
    """Answers in an outer object, batches, pages with Graph's `@odata.context`, and files in a telling place."""
    if file.format != "json":
        return None
    keys = set(file.keys)
    first = file.first if isinstance(file.first, dict) else {}
    asked = f"{first.get('url', '')} {first.get('@odata.context', '')}".lower()
    if any(word in asked for word in _OTHERS) or "auditdata" in sample(file):
        return None
    if {"url", "body"} <= keys:
        return "answers"
    if isinstance(first.get("responses"), list) and any(
        "body" in one for one in first["responses"] if isinstance(one, dict)
    ):
        return "batch"
    if "@odata.context" in keys:
        return "answers"
    if "value" in keys and route(_place(file)) is not None:
        return "answers"
    return None


def read(files: Sequence[tuple[Sniffed, str]], raw: RawExport, told: Callable[[str], None]) -> None:
    """Join the pages, describe everybody and everything, and say what was not asked."""
    graph = Graph(raw)
    strangers = 0
    pages = _Pages()
    for file, dataset in files:
        told(f"reading {file.relative}")
        count = 0
        for answer in _answers(file, raw):
            count += 1
            if answer.asked.kind == "unknown":
                strangers += 1
                continue
            pages.note(answer)
            graph.take(answer.asked.kind, answer.asked.of, answer.asked.item, answer.body, answer.where)
        raw.files.append(ReadFile(file.relative, NAME, dataset, count))
    if strangers:
        raw.note(f"{strangers:,} saved Graph answers do not say what was asked, or are of a kind that is not read.")
    graph.describe()
    if "permissions" in graph.asked:
        quiet = RawExport(raw.root)  # what cannot be read has been said
        for file, _ in files:
            told(f"reading permissions in {file.relative}")
            for answer in _answers(file, quiet):
                if answer.asked.kind == "permissions":
                    graph.permissions_of(answer.asked.of, answer.asked.item, answer.body, answer.where)
    graph.hand_over(NAME, cut=pages.cut())


class _Pages:
    """Which pages were read and which ones they name: a next link that leads to none of them is a cut (trap 32).

    Addresses are kept as hashes: there is one for every file whose permissions were asked for.
    """

    def __init__(self) -> None:
        self.seen: set[int] = set()
        self.ended: set[int] = set()
        self.following: list[tuple[Asked, int]] = []

    def note(self, answer: Answer) -> None:
        """One page, and whether another follows."""
        following = answer.body.get("@odata.nextLink") if isinstance(answer.body, dict) else None
        if isinstance(following, str):
            self.following.append((answer.asked, hash(_plain_url(following))))
        else:
            self.ended.add(hash(answer.asked))
        if answer.url:
            self.seen.add(hash(_plain_url(answer.url)))

    def cut(self) -> set[str]:
        """The kinds of answers of which pages are missing.

        Where no page says its own address, one without a next link is taken for the last.
        """
        return {
            asked.kind
            for asked, following in self.following
            if following not in self.seen and (self.seen or hash(asked) not in self.ended)
        }


def _plain_url(url: str) -> str:
    return unquote(url).partition("://")[2].lower() or unquote(url).lower()


def route(address: str) -> Asked | None:
    """What a request address, a context or a file's place asks for; None where it is nothing that is read.

    >>> route("https://graph.microsoft.com/v1.0/groups/g1/members?$top=999")
    Asked(kind='members', of='g1', item=None)
    >>> route("drives('b%21x')/items('01A')/permissions")
    Asked(kind='permissions', of='b!x', item='01A')
    """
    path = _QUOTED_KEY.sub(r"/\1", address.partition("#")[2] or address).split("?")[0]
    path = re.sub(r"(?i)^https?://[^/]+/", "", path)
    parts = [unquote(part) for part in path.split("/") if part and part.lower() not in ("v1.0", "beta", "$entity")]
    if not parts:
        return None
    head, last = parts[0].lower(), parts[-1].lower().partition("(")[0]
    if not head.startswith("collection("):
        head = head.partition("(")[0]
    inside = [part.lower() for part in parts]
    if last == "extractsensitivitylabels" or (last == "permissions" and {"items", "root", "driveitem"} & set(inside)):
        return Asked("permissions" if last == "permissions" else "item labels", *_item(parts, inside))
    if head == "sites" and last == "permissions":
        return Asked("site permissions", parts[1] if len(parts) > 2 else None)
    if last in _ROLE_LISTS and "rolemanagement" in inside and "directory" in inside:
        return Asked(_ROLE_LISTS[last])
    if head == "directoryroles" and last in ("members", "transitivemembers") and len(parts) > 1:
        return Asked("rolemembers", _object_id(parts[-2]))
    if head == "users" and last == "licensedetails" and len(parts) > 2:
        return Asked(last, parts[1])
    if head == "groups" and last in ("members", "transitivemembers", "owners") and len(parts) > 2:
        return Asked(last, parts[-2])
    if head in ("users", "groups", "subscribedskus", "directoryroles") and len(parts) <= 2:
        return Asked(head)
    if last in ("drive", "drives") or (head == "drives" and len(parts) <= 2):
        return Asked("drives", parts[1] if head == "sites" and len(parts) > 2 else None)
    if last in _ITEM_LISTS and ("drives" in inside or "drive" in inside):
        return Asked("items", _item(parts, inside)[0])
    if "items" in inside and len(parts) - inside.index("items") == 2 and ("drives" in inside or "drive" in inside):
        return Asked("items", _item(parts, inside)[0])
    if (head == "sites" and (len(parts) <= 2 or last == "sites")) or head.startswith("collection(microsoft.graph.site"):
        return Asked("sites")
    return None


def _object_id(key: str) -> str:
    """A role's id; an alternate key names its template (`directoryRoles(roleTemplateId='…')`)."""
    return key.partition("=")[2].strip("'\")") if "=" in key else key


def _item(parts: list[str], inside: list[str]) -> tuple[str | None, str | None]:
    """(drive, item) of an address; a list item's drive is `lists/<list>`."""
    after = {
        name: parts[at + 1] for at, name in enumerate(inside[:-1]) if name in ("drives", "items", "lists", "sites")
    }
    drive = after.get("drives")
    if drive is None and "lists" in after:
        drive = f"lists/{after['lists']}"
    elif drive is None and "sites" in after:
        drive = f"sites/{after['sites']}"
    item = after.get("items") or ("root" if "root" in inside else None)
    return drive, None if item in ("permissions", "children") else item


def _place(file: Sniffed) -> str:
    """The file's path as if it were an address: without ending and page number."""
    path = file.relative.replace("\\", "/").removesuffix(".gz").rsplit(".", 1)[0]
    parts = path.split("/")
    parts[-1] = _NUMBERED.sub("", parts[-1]) or parts[-1]
    start = next((at for at, part in enumerate(parts) if part.lower() in ("groups", "drives", "sites", "users")), 0)
    return "/".join(parts[start:])


def _answers(file: Sniffed, raw: RawExport) -> Iterator[Answer]:
    for row, record in _records(file, raw):
        where = (file.relative, row)
        if {"url", "body"} <= set(record):
            yield from _unpack(str(record["url"]), record["body"], where, file)
        else:
            yield from _unpack(None, record, where, file)


def _unpack(url: str | None, body: Any, where: Where, file: Sniffed) -> Iterator[Answer]:
    if isinstance(body, str):
        try:
            body = msgspec.json.decode(body)
        except msgspec.DecodeError:
            body = {}
    if isinstance(body, dict) and isinstance(body.get("responses"), list):
        asked = {str(one.get("id")): one.get("url") for one in objects(body.get("requests"))}
        for response in body["responses"]:
            if isinstance(response, dict):
                yield from _unpack(asked.get(str(response.get("id"))), response.get("body"), where, file)
        return
    context = body.get("@odata.context") if isinstance(body, dict) else None
    for address in (url, context, _place(file)):
        found = route(address) if isinstance(address, str) else None
        if found is not None:
            yield Answer(found, body, where, url)
            return
    yield Answer(Asked("unknown"), body, where, url)


def _records(file: Sniffed, raw: RawExport) -> Iterator[tuple[int, dict[str, Any]]]:
    """Whole answers: a page is one record, whatever is in its `value`."""
    if file.wrapper == "value" or (file.first is None and file.wrapper == ""):
        with open_bytes(file.path) as stream:
            data = stream.read(LONGEST_RECORD + 1)
        if len(data) > LONGEST_RECORD:
            raise BadInput(f"{file.relative}: an answer is longer than {LONGEST_RECORD >> 20} MB; refused.")
        try:
            yield 1, msgspec.json.decode(data.decode(file.encoding, "replace").lstrip("\ufeff"), type=dict[str, Any])
            return
        except msgspec.DecodeError as error:
            if file.wrapper == "value" and b"\n{" not in data:
                raw.reject("-", file.relative, 1, f"answer is not readable JSON: {plain(error)}")
                file.unread.rest_from(1, plain(error))
                return
    for row, record in read_json(_lines(file)):
        if isinstance(record, BadRecord):
            raw.reject("-", file.relative, row, f"answer is not readable JSON: {record.why}", value=record.start)
        else:
            yield row, record


def _lines(file: Sniffed) -> Sniffed:
    """The same file read as objects after one another, for pages that stand on lines of their own."""
    return replace(file, wrapper="array" if file.wrapper == "array" else "", first=None)
