"""Names as people write them: ids, logins, GUIDs, paths and URLs, found in a tenant or refused with a hint."""

from __future__ import annotations

import re
from functools import cached_property
from unicodedata import normalize
from urllib.parse import unquote, urlsplit

from acl_graph.errors import AmbiguousName, UnknownName
from acl_graph.indexed.indexed_tenant import KINDS, Facts
from acl_graph.vocabulary import CLAIM_KINDS, Kind

#: ids of principals of whom the export has no more than a display name, with their site where it is a site's
_NAME_ONLY = re.compile(r"(^|/)name:")
_KIND_WORDS = {
    Kind.M365_GROUP: "a Microsoft 365 group",
    Kind.SHAREPOINT_GROUP: "a SharePoint group",
    Kind.GROUP_OWNERS: "the owners of a group",
}


class Addresses:
    """Finds subjects, principals and things by any name an administrator would use.

    An exact id wins; then a login, address or GUID without regard to case; then, for things, a path or URL.
    """

    def __init__(self, facts: Facts) -> None:
        self.facts = facts

    @cached_property
    def _logins(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        frame = self.facts.tenant["principals"].select("id", "login")
        for code, (identity, login) in enumerate(frame.iter_rows()):
            names = {identity.lower()}
            if login:
                low = login.lower()
                names |= {low, low.rsplit("|", 1)[-1]}
            for name in names:
                found.setdefault(name, []).append(code)
        for code in range(frame.height, len(self.facts.people.names)):
            found.setdefault(self.facts.people.names[code].lower(), []).append(code)
        return found

    def principal(self, name: str) -> int:
        """The number of a principal (P). Raises UnknownName or AmbiguousName."""
        code = self.facts.people.names.code(name.strip())
        if code >= 0:
            return code
        low = name.strip().lower().strip("{}")
        # a claim may be asked where the export has the bare login, and the other way round
        fits = self._logins.get(low) or self._logins.get(low.rsplit("|", 1)[-1], [])
        if len(fits) == 1:
            return fits[0]
        if fits:
            raise AmbiguousName(name, "principal", [self.facts.people.names[fit] for fit in fits])
        return self._by_display_name(name)

    @cached_property
    def _display_names(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for code, name in enumerate(self.facts.tenant["principals"]["name"].to_list()):
            if name:
                found.setdefault(name.strip().lower(), []).append(code)
        return found

    def _by_display_name(self, name: str) -> int:
        """A display name is no address: two people may have it. It is one where the export has nothing else."""
        fits = self._display_names.get(name.strip().lower(), [])
        frame = self.facts.tenant["principals"]
        if len(fits) == 1 and _NAME_ONLY.search(frame["id"][fits[0]]) and not frame["login"][fits[0]]:
            return fits[0]
        if fits:
            type_this = ", or ".join(repr(frame["login"][fit] or frame["id"][fit]) for fit in fits[:3])
            raise UnknownName(
                name, "a principal", hint=f"It is a display name, which others may have: type {type_this}."
            )
        raise UnknownName(name, "a principal", list(self._logins))

    def subject(self, name: str) -> int:
        """The number of somebody who can be asked about (U); groups are refused with a sentence."""
        code = self.principal(name)
        user = int(self.facts.people.user_of[code])
        if user < 0:
            kind = KINDS[self.facts.people.kind[code]]
            if kind in CLAIM_KINDS:
                hint = f"It stands for many people ({kind.value.replace('_', ' ')}): ask about one of them."
            else:
                hint = (
                    f"It is {_KIND_WORDS.get(kind, 'a ' + kind.value.replace('_', ' '))}: ask about one of its members."
                )
            raise UnknownName(name, "a person", hint=hint)
        return user

    @cached_property
    def _paths(self) -> dict[str, list[tuple[str, int]]]:
        """Folded path -> (what, number) of items and scopes."""
        found: dict[str, list[tuple[str, int]]] = {}
        items = self.facts.tenant["items"].select("id", "path")
        hosts = self._hosts
        for what, names, frame, sites in (
            ("item", self.facts.items, items, self.facts.item_site),
            ("scope", self.facts.scopes, self.facts.tenant["scopes"].select("id", "path"), self.facts.scope_site),
        ):
            codes = names.codes(frame["id"])
            for code, path in zip(codes, frame["path"].to_list(), strict=True):
                if not path:
                    continue
                folded = fold_path(path)
                for key in {folded, hosts.get(int(sites[code]), "") + folded}:
                    found.setdefault(key, []).append((what, int(code)))
        return found

    @cached_property
    def _spelled(self) -> dict[str, str]:
        """Folded path -> the path or URL as the export spells it, for hints."""
        found: dict[str, str] = {}
        hosts = self._hosts
        for frame, names, sites in (
            (self.facts.tenant["scopes"], self.facts.scopes, self.facts.scope_site),
            (self.facts.tenant["items"], self.facts.items, self.facts.item_site),
        ):
            for code, path in zip(names.codes(frame["id"]), frame["path"].to_list(), strict=True):
                if path:
                    folded, host = fold_path(path), hosts.get(int(sites[code]), "")
                    found.setdefault(folded, path)
                    if host:
                        found.setdefault(host + folded, f"https://{host}/{path.strip().lstrip('/')}")
        return found

    @cached_property
    def _hosts(self) -> dict[int, str]:
        frame = self.facts.tenant["sites"].select("id", "url").drop_nulls()
        codes = self.facts.sites.codes(frame["id"])
        return {int(c): urlsplit(u).netloc.lower() for c, u in zip(codes, frame["url"].to_list(), strict=True)}

    def thing(self, name: str) -> int:
        """The number of an item, or of the plain item that stands for a scope (X)."""
        asked = name.strip()
        item, scope = self.facts.items.code(asked), self.facts.scopes.code(asked)
        if item >= 0:
            return item
        if scope >= 0:
            return len(self.facts.items) + scope
        low = asked.strip("{}").lower()
        by_case = self._folded_ids.get(low, [])
        by_path = self._paths.get(fold_path(asked), [])
        fits = sorted(set(by_case or by_path))
        if any(what == "item" for what, _ in fits):
            fits = [fit for fit in fits if fit[0] == "item"]
        if len(fits) == 1:
            what, code = fits[0]
            return code if what == "item" else len(self.facts.items) + code
        if fits:
            names = [str((self.facts.items if w == "item" else self.facts.scopes)[c]) for w, c in fits]
            raise AmbiguousName(name, "item", names)
        raise UnknownName(name, "an item or scope", self._spelled, asked=fold_path(asked))

    @cached_property
    def _folded_ids(self) -> dict[str, list[tuple[str, int]]]:
        """Ids without case, and the last part of ids that readers prefix with the site."""
        found: dict[str, list[tuple[str, int]]] = {}
        for what, names in (("item", self.facts.items), ("scope", self.facts.scopes)):
            for code, identity in enumerate(names.ids.to_list()):
                low = identity.lower()
                for key in {low, low.rsplit("/", 1)[-1]}:
                    found.setdefault(key, []).append((what, code))
        return found

    def name_of_thing(self, thing: int) -> str:
        """The id of an item, or of the scope a plain item stands for."""
        n_items = len(self.facts.items)
        return self.facts.items[thing] if thing < n_items else self.facts.scopes[thing - n_items]


def fold_path(path: str) -> str:
    """A path or URL as it is compared: host kept, query dropped, decoded, lower-case, no slash at either end.

    >>> fold_path("https://contoso.sharepoint.com/sites/A/Shared%20Documents/x.docx?web=1")
    'contoso.sharepoint.com/sites/a/shared documents/x.docx'
    >>> fold_path("sites/A/x.docx"), fold_path("/sites/A/x.docx/")
    ('/sites/a/x.docx', '/sites/a/x.docx')
    """
    text = normalize("NFC", path.strip())
    if "://" in text:
        parts = urlsplit(text)
        return parts.netloc.lower() + "/" + normalize("NFC", unquote(parts.path)).strip("/").lower()
    return "/" + text.strip("/").lower()
