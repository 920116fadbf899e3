"""What a login name or claim string says about the principal behind it. Every reader asks here, none guesses alone.

A prefix says what a claim *is meant to be*; whether a GUID is a security group, a mail-enabled one or a role is the
directory's to say, so readers use `kind` only where no directory export describes the GUID.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote

#: ids that the tenant folder uses for the three populations
EVERYONE = "everyone"
EEEU = "everyone_except_external_users"
ALL_USERS = "authenticated_users"
POPULATION_IDS = {
    "everyone": EVERYONE,
    "everyone_except_external": EEEU,
    "authenticated_users": ALL_USERS,
}

#: kinds that are not principals of the tenant folder: callers decide what to make of them
LINK = "link"  #: `c:0u.c|tenant|<hex>` and `urn:spo:anon`: stands for a sharing link, looks like a group or user
LINK_GROUP = "link_group"  #: `SharingLinks.<item>.<kind>.<link>`; `id` is the link
LIMITED_ACCESS = "limited_access"  #: `Limited Access System Group ...`: the way to something, never content
SYSTEM = "system"  #: SHAREPOINT\system and its kin

_GUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_GUID_CLAIM = re.compile(rf"\{{?({_GUID})\}}?(_o)?$")
_LINK_GROUP = re.compile(rf"sharinglinks\.\{{?({_GUID})\}}?\.([a-z]+)\.\{{?({_GUID})\}}?$")
_ADDRESS = re.compile(r"[^\s|@,;]+@[^\s|@,;]+$")
_EXTERNAL = "#ext#"

#: names without spaces and punctuation, in lower case. Only for principals that carry no id and no claim: a group of
#: one's own may be called "Everyone" too. Microsoft publishes no list; these are the ones seen in public code.
_EVERYONE_NAMES = (
    "everyone", "jeder", "tout le monde", "todos", "iedereen", "tutti", "alla", "alle", "wszyscy", "kaikki", "全員",
)  # fmt: skip
_EEEU_NAMES = (
    "everyone except external users",  # en
    "jeder außer externen benutzern",  # de
    "alle außer externen benutzern",  # de, newer
    "tout le monde sauf les utilisateurs externes",  # fr
    "todos excepto los usuarios externos",  # es
    "todos exceto os usuários externos",  # pt-BR
    "todos exceto os utilizadores externos",  # pt-PT
    "iedereen behalve externe gebruikers",  # nl
    "tutti tranne gli utenti esterni",  # it
    "alla utom externa användare",  # sv
    "alle undtagen eksterne brugere",  # da
    "alle bortsett fra eksterne brukere",  # nb
    "kaikki paitsi ulkoiset käyttäjät",  # fi
    "wszyscy oprócz użytkowników zewnętrznych",  # pl
    "všichni kromě externích uživatelů",  # cs
    "外部ユーザー以外のすべてのユーザー",  # ja
)
_ALL_USERS_NAMES = ("all users (windows)", "all users (membership)", "all users (authenticated)", "all users")


def _folded(name: str) -> str:
    return "".join(c for c in name.casefold() if c.isalnum())


_NAMES = {
    **{_folded(name): "everyone" for name in _EVERYONE_NAMES},
    **{_folded(name): "everyone_except_external" for name in _EEEU_NAMES},
    **{_folded(name): "authenticated_users" for name in _ALL_USERS_NAMES},
}


@dataclass(frozen=True)
class Claim:
    """What a login name says. Empty parts are not said.

    `kind` is a principal kind of the tenant folder, or `LINK`, `LINK_GROUP`, `LIMITED_ACCESS`, `SYSTEM`; None for
    plain text, which is a SharePoint group's title in a login column and somebody's name anywhere else.
    """

    kind: str | None = None
    id: str | None = None  #: GUID or SID in lower case; of the group, for owners claims; a population's fixed id
    email: str | None = None  #: UPN or address in lower case
    guest: bool | None = None  #: for users: whether the login shows an external account
    owners: bool = False  #: the claim means the owners of the group `id`, not its members
    otp: bool = False  #: a guest of e-mail codes, without an account in any directory

    @property
    def principal(self) -> str | None:
        """The id to use in the tenant folder: owners claims are principals of their own."""
        return f"{self.id}_o" if self.owners else self.id or self.email


@lru_cache(maxsize=1 << 16)
def decode(login: str) -> Claim:
    r"""Read a login name or claim (compared without case).

    >>> decode("i:0#.f|membership|Luca_fabri.example#EXT#@northlake.onmicrosoft.com").guest
    True
    >>> decode("c:0o.c|federateddirectoryclaimprovider|84c536e7-7a7b-4f80-91a2-a3b4c5d6e7f8_o").principal
    '84c536e7-7a7b-4f80-91a2-a3b4c5d6e7f8_o'
    >>> decode("c:0-.f|rolemanager|spo-grid-all-users/7c1f0a52-3b7e-4f0a-9a44-1d2c8e6b5f01").kind
    'everyone_except_external'
    >>> decode("Finance Members")
    Claim(kind=None, id=None, email=None, guest=None, owners=False, otp=False)
    """
    text = unquote(login).strip().casefold() if "%" in login else login.strip().casefold()
    head, _, rest = text.partition("|")
    value = rest.rpartition("|")[2] if rest else text
    if not rest or not head.startswith(("i:0", "c:0")):
        return _bare(text)
    if head.startswith("i:"):
        return _identity(head, rest, value)
    return _group(head, rest, value)


def _identity(head: str, rest: str, value: str) -> Claim:
    if head == "i:0i.t":
        app, _, _ = value.partition("@")
        return Claim(SYSTEM) if app == "app" else Claim("app", app or None)
    if "urn:spo:anon" in value:
        return Claim(LINK)
    if "urn:spo:guest" in value:
        return Claim("user", email=value.partition("#")[2] or None, guest=True, otp=True)
    if head == "i:0h.f":
        return Claim("user")  # a numeric passport id stands in front of the @: no address of anybody
    if _ADDRESS.match(value):
        return Claim("user", email=value, guest=_EXTERNAL in value)
    return _bare(value) if "\\" in value else Claim("user")


def _group(head: str, rest: str, value: str) -> Claim:
    if head == "c:0(.s" and value == "true":
        return Claim("everyone", EVERYONE)
    if head == "c:0!.s":
        return Claim("authenticated_users", ALL_USERS)
    if head == "c:0u.c":
        return Claim(LINK)
    if value.startswith("spo-grid-all-users"):
        return Claim("everyone_except_external", EEEU)
    if value.startswith("s-1-"):
        return Claim("security_group", value)
    guid = _GUID_CLAIM.search(value)
    if guid is None:
        return Claim()
    if guid[2]:
        return Claim("group_owners", guid[1], owners=True)
    return Claim("m365_group" if head == "c:0o.c" else "security_group", guid[1])


def _bare(text: str) -> Claim:
    if text.startswith("sharinglinks."):
        link = _LINK_GROUP.match(text)
        return Claim(LINK_GROUP, link[3] if link else None)
    if text.startswith("limited access system group"):
        return Claim(LIMITED_ACCESS)
    if text.startswith(("sharepoint\\", "app@sharepoint")) or text == "system account":
        return Claim(SYSTEM)
    if text.startswith("nt authority\\"):
        everybody = text.endswith("authenticated users")
        return Claim("authenticated_users", ALL_USERS) if everybody else Claim(SYSTEM)
    if text.startswith("urn:spo:guest#"):
        return Claim("user", email=text[14:] or None, guest=True, otp=True)
    if text.startswith("urn:spo:anon"):
        return Claim(LINK)
    if _ADDRESS.match(text):
        return Claim("user", email=text, guest=True if _EXTERNAL in text else None)
    return Claim()


@lru_cache(maxsize=1 << 14)
def special_name(name: str) -> str | None:
    """The population a display name stands for, or None. Spaces, case and punctuation do not matter.

    To be asked only for principals that carry neither an id nor a claim: the name alone proves nothing.

    >>> special_name("Everyoneexceptexternalusers"), special_name("Jeder, außer externen Benutzern")
    ('everyone_except_external', 'everyone_except_external')
    """
    return _NAMES.get(_folded(name))


def link_of_group(name: str) -> tuple[str, str, str] | None:
    """(item, kind, link) of a `SharingLinks.<item>.<kind>.<link>` group name, in lower case; None for other names.

    The kind is only a name: Flexible groups stand behind Anyone links too (format trap 17).
    """
    found = _LINK_GROUP.match(name.strip().casefold())
    return (found[1], found[2], found[3]) if found else None


def domain_of(login: str) -> str | None:
    """The home domain of an external account: what stands before `#ext#` after the last `_`, else after the `@`.

    >>> domain_of("luca.neri_fabri.example#EXT#@northlake.onmicrosoft.com"), domain_of("luca@fabri.example")
    ('fabri.example', 'fabri.example')
    """
    text = login.strip().casefold().rpartition("|")[2]
    if _EXTERNAL in text:
        before = text.partition(_EXTERNAL)[0]
        return before.rpartition("_")[2] if "_" in before else None
    return text.rpartition("@")[2] if _ADDRESS.match(text) else None
