"""Twenty answers to hold against the service: picked by the program, each with the requests that confirm it.

The pairs are spread over the kinds of ways somebody comes to something. Names are hostile: whatever goes into an
address is percent-encoded, whatever goes into a sentence is made inert.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import quote, urlsplit

import numpy as np
import polars as pl

from acl_graph.access import Access
from acl_graph.access.api import Answer
from acl_graph.access.explain.paths import Step, Witnesses, thing_name
from acl_graph.indexed.indexed_tenant import KINDS as KINDS_BY_CODE
from acl_graph.indexed.indexed_tenant import kind_code
from acl_graph.safe_output.text import inert
from acl_graph.vocabulary import ENTRA_GROUP_KINDS, Gate, Kind, Level

GRAPH = "https://graph.microsoft.com/v1.0"
#: ways to come to something, in the order in which they are picked
KINDS = ("direct", "group", "nested_group", "link", "claim", "admin", "guest", "stopped", "latent", "nothing")
#: how many rows of a table, people and things are looked at: the rest of a large tenant is not searched
ROWS, PEOPLE, THINGS = 60, 80, 80
_GUID = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}")
_MEMBER = ("is a member of", "owns the group of")
#: what a gate is read from: (columns of Get-SPOSite)
_SITE_GATES = {
    Gate.SITE_STATE: "LockState, ArchiveStatus",
    Gate.EXTERNAL_SHARING: "SharingCapability, SharingDomainRestrictionMode",
    Gate.INFORMATION_BARRIER: "Information*",  # the mode's name differs between shells
    Gate.RESTRICTED_ACCESS: "RestrictedAccessControl, RestrictedAccessControlGroups",
    Gate.CONDITIONAL_ACCESS: "ConditionalAccessPolicy, AuthenticationContextName",
    Gate.RESTRICTED_DISCOVERY: "RestrictContentOrgWideSearch, RestrictedContentDiscovery*",
}


@dataclass(frozen=True)
class Call:
    """One request that reads, and what it should show. `body` is sent as JSON with a POST; a POST here only asks."""

    method: str  #: GET, POST or PowerShell
    request: str
    expect: str
    body: str = ""


@dataclass(frozen=True)
class SpotCheck:
    """One pair with our verdict, why it is so, and how to confirm it."""

    kind: str
    principal: str
    login: str
    item: str
    path: str
    open: str
    latent_by: str | None
    possible: str | None  #: the widest `open` where the export has gaps, else None
    stopped_by: tuple[str, ...]
    why: tuple[str, ...]
    calls: tuple[Call, ...]


def spot_checks(access: Access, n: int = 20) -> list[SpotCheck]:
    """`n` pairs spread over `KINDS`, fewer where the export has fewer. The same export gives the same pairs.

    Only people with an address are asked about, and only things whose site's address is known: others could not be
    looked up in the service.
    """
    pool: dict[str, list[tuple[int, int]]] = {kind: [] for kind in KINDS}
    for user, thing in _candidates(access):
        kind = _kind(access, user, thing)
        if len(pool[kind]) < 4 * n:
            pool[kind].append((user, thing))
    picked: list[SpotCheck] = []
    used_users: set[int] = set()
    used_things: set[int] = set()
    while len(picked) < n and any(pool.values()):
        for kind in KINDS:
            if pool[kind] and len(picked) < n:
                pool[kind].sort(key=lambda pair: (pair[0] in used_users) + (pair[1] in used_things))
                user, thing = pool[kind].pop(0)
                used_users.add(user)
                used_things.add(thing)
                picked.append(_described(access, kind, user, thing))
    return sorted(picked, key=lambda check: KINDS.index(check.kind))


def spot_checks_data(checks: Iterable[SpotCheck]) -> list[dict[str, Any]]:
    """The checks as plain dictionaries, for JSON."""
    return [asdict(check) for check in checks]


def spot_checks_text(checks: Iterable[SpotCheck]) -> str:
    """The checks as text for a screen: verdict, path and requests of each."""
    blocks = []
    for number, check in enumerate(checks, start=1):
        verdict = check.open if check.latent_by is None else f"{check.open}, one step away ({check.latent_by})"
        if check.possible:
            verdict += f", possibly {check.possible}"
        if check.stopped_by:
            verdict += f"; stopped by {', '.join(check.stopped_by)}"
        lines = [f"{number}. [{check.kind.replace('_', ' ')}] {inert(check.login)}  ->  {check.path}", f"   {verdict}"]
        lines += [f"   because {step}" for step in check.why]
        for call in check.calls:
            lines += [f"   {call.method} {call.request}", *([f"     {call.body}"] if call.body else [])]
            lines.append(f"     expect {call.expect}")
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks) + ("\n" if blocks else "Nothing in this export can be looked up in the service.\n")


# --- choosing ---------------------------------------------------------------------------------------------------------


def _spread(length: int, most: int) -> list[int]:
    """At most `most` positions, evenly over `length`."""
    return sorted(set(np.linspace(0, length - 1, min(length, most)).astype(int).tolist())) if length else []


def _candidates(access: Access) -> Iterator[tuple[int, int]]:
    """(user, thing) pairs worth a look: along rows of the tables first, then a grid of people and things."""
    facts, people = access.facts, access.facts.people
    askable = _askable(access)
    of_scope = _thing_of_scope(access)
    seen: set[tuple[int, int]] = set()

    def pair(node: int, thing: int | None) -> Iterator[tuple[int, int]]:
        user = int(people.user_of[node]) if node >= 0 else -1
        if thing is not None and user in askable and _site_of(access, thing) is not None and (user, thing) not in seen:
            seen.add((user, thing))
            yield user, thing

    grants = facts.tenant["grants"]
    direct = np.flatnonzero((people.user_of[facts.numbered("grants", "principal")] >= 0) & _known(grants, "principal"))
    for at in _spread(len(direct), ROWS):
        row = int(direct[at])
        scope = int(facts.scopes.code(grants["scope"][row]))
        yield from pair(people.names.code(grants["principal"][row]), of_scope.get(scope))
    users = facts.tenant["link_users"]
    standing = dict(grants.drop_nulls("link").select("link", "scope").unique("link", keep="first").iter_rows())
    for at in _spread(users.height, ROWS):
        scope = facts.scopes.code(standing.get(users["link"][at], ""))
        yield from pair(people.names.code(users["principal"][at]), of_scope.get(scope))
    admins = facts.tenant["site_admins"]
    of_site = _thing_of_site(access)
    for at in _spread(admins.height, ROWS):
        site = facts.sites.code(admins["site"][at])
        yield from pair(people.names.code(admins["principal"][at]), of_site.get(site))
    chosen = sorted(askable)
    every = range(access.sure.n_items) if access.sure.n_items else range(len(of_scope))
    things = [int(every[at]) for at in _spread(len(every), THINGS)]
    if not access.sure.n_items:
        things = [of_scope[scope] for scope in things if scope in of_scope]
    for at in _spread(len(chosen), PEOPLE):
        for thing in things:
            yield from pair(int(people.node_of[chosen[at]]), thing)


def _known(frame: pl.DataFrame, column: str) -> np.ndarray[Any, Any]:
    return frame[column].is_not_null().to_numpy()


def _askable(access: Access) -> set[int]:
    """Users whom the service can be asked about: described, with an address."""
    people = access.facts.people
    logins = access.tenant["principals"]["login"]
    found = set()
    for user in np.flatnonzero(people.kind_of_user == kind_code(Kind.USER)):
        node = int(people.node_of[user])
        login = logins[node] if node < len(logins) else None
        if "@" in (login or people.names[node]):
            found.add(int(user))
    return found


def _login(access: Access, user: int) -> str:
    node = int(access.facts.people.node_of[user])
    logins = access.tenant["principals"]["login"]
    said = (logins[node] if node < len(logins) else None) or access.facts.people.names[node]
    return str(said).rpartition("|")[2]


def _thing_of_scope(access: Access) -> dict[int, int]:
    """For each scope a thing in it: its first file, else the plain item that stands for the scope."""
    scopes, first = np.unique(access.facts.item_scope, return_index=True)
    found = {scope: access.sure.n_items + scope for scope in range(len(access.facts.scopes))}
    return found | {int(s): int(at) for s, at in zip(scopes, first, strict=True) if s >= 0}


def _thing_of_site(access: Access) -> dict[int, int]:
    found: dict[int, int] = {}
    for scope, thing in _thing_of_scope(access).items():
        found.setdefault(int(access.facts.scope_site[scope]), thing)
    return found


def _site_of(access: Access, thing: int) -> str | None:
    """The address of the thing's site, where the export has it."""
    site = int(access.sure.site_of[thing])
    frame = access.tenant["sites"]
    url = frame["url"][site] if 0 <= site < frame.height else None
    return url if url and url.lower().startswith("https://") and _path_of(access, thing) else None


def _path_of(access: Access, thing: int) -> str | None:
    facts, n_items = access.facts, access.sure.n_items
    table, code = ("items", thing) if thing < n_items else ("scopes", thing - n_items)
    frame = facts.tenant[table]
    return frame["path"][code] if code < frame.height else None


def _kind(access: Access, user: int, thing: int) -> str:
    answer = _answer(access, user, thing)
    if answer.latent:
        return "latent"
    if answer.open < Level.VIEW:
        return "nothing" if Gate.ACL in answer.stopped_by_all or not answer.stopped_by_all else "stopped"
    if str(access.tenant["principals"]["home"][int(access.facts.people.node_of[user])]) in ("guest", "otp_guest"):
        return "guest"
    steps = _path(access, user, thing)
    if not steps:
        return "direct"
    if steps[-1].how.startswith("administers"):
        return "admin"
    if any(step.how == "is on the" for step in steps):
        return "link"
    if any(step.how == "is among" for step in steps):
        return "claim"
    groups = sum(step.how in _MEMBER for step in steps)
    return "direct" if groups == 0 else "group" if groups == 1 else "nested_group"


def _answer(access: Access, user: int, thing: int) -> Answer:
    who = access.facts.people.names[int(access.facts.people.node_of[user])]
    return access.check(who, access.addresses.name_of_thing(thing))


def _path(access: Access, user: int, thing: int) -> list[Step]:
    found, _, _ = Witnesses(access.sure, user, thing).paths(1, count=False)
    return found[0] if found else []


# --- describing -------------------------------------------------------------------------------------------------------


def _described(access: Access, kind: str, user: int, thing: int) -> SpotCheck:
    answer = _answer(access, user, thing)
    steps = _path(access, user, thing)
    wider = answer.possible["open"] if answer.possible and answer.possible["open"] != answer.open.name else None
    return SpotCheck(
        kind=kind,
        principal=answer.principal,
        login=_login(access, user),
        item=answer.item,
        path=thing_name(access.sure, thing),
        open=answer.open.name,
        latent_by=answer.latent_by,
        possible=wider,
        stopped_by=answer.stopped_by_all if answer.open < Level.VIEW else (),
        why=tuple(step.sentence() for step in steps),
        calls=tuple(_calls(access, user, thing, answer, steps)),
    )


def encoded(text: str, *, safe: str = "") -> str:
    """Text inside an OData string inside an address: quotes doubled, everything else percent-encoded.

    >>> encoded("/sites/a/it's #1 & 100%.docx", safe="/")
    '/sites/a/it%27%27s%20%231%20%26%20100%25.docx'
    """
    return quote(text.replace("'", "''"), safe=safe)


def _calls(access: Access, user: int, thing: int, answer: Answer, steps: list[Step]) -> Iterator[Call]:
    who = f"i:0#.f|membership|{_login(access, user).lower()}"
    address = _object(access, thing)
    held = Gate.ACL not in answer.stopped_by_all
    mask = "an odd Low: ViewListItems is held" if held else "an even Low: ViewListItems is not held"
    if answer.latent_by == "link_url":
        mask += "; a link on it would change that"
    yield Call("GET", f"{address}/GetUserEffectivePermissions(@u)?@u='{encoded(who)}'", mask)
    if any(step.how == "is on the" for step in steps) or answer.latent_by == "link_url":
        request = f"{address}/roleassignments?$expand=Member,RoleDefinitionBindings"
        yield Call("GET", request, f"a member that stands for the link: its title {_link_title(access, steps)}")
    yield from _memberships(access, user, thing, steps)
    yield from _admins(access, thing, steps)
    yield from _gates(access, user, thing, answer)


def _object(access: Access, thing: int) -> str:
    """The address of a file, folder, list or web in SharePoint's REST interface."""
    facts, n_items = access.facts, access.sure.n_items
    path = _path_of(access, thing) or ""
    web = _web(access, thing)
    kind = -1 if thing < n_items else int(facts.scope_kind[thing - n_items])
    call = {0: "", 1: f"/GetList('{encoded(path, safe='/')}')"}.get(kind)
    if call is None:
        what = "Folder" if kind == 2 else "File"
        call = f"/Get{what}ByServerRelativePath(decodedurl='{encoded(path, safe='/')}')/ListItemAllFields"
    return web + call


def _web(access: Access, thing: int) -> str:
    """The nearest web above in SharePoint's REST interface."""
    host = "https://" + urlsplit(_site_of(access, thing) or "").netloc
    return f"{host}{quote(_web_of(access, thing))}/_api/web"


def _web_of(access: Access, thing: int) -> str:
    """The path of the nearest web above: a request to another web does not find the file."""
    site, path = int(access.sure.site_of[thing]), (_path_of(access, thing) or "").lower()
    top = urlsplit(_site_of(access, thing) or "").path.rstrip("/")
    webs = np.flatnonzero((access.facts.scope_kind == 0) & (access.facts.scope_site == site))
    paths = [str(access.tenant["scopes"]["path"][int(scope)] or "").rstrip("/") for scope in webs]
    above = [web for web in paths if path == web.lower() or path.startswith(f"{web.lower()}/")]
    return max([top, *above], key=len)


def _link_title(access: Access, steps: list[Step]) -> str:
    """How the hidden group of the path's link is called: its last part is the link's own id."""
    rows = [step.row for step in steps if step.table == "link_users" and step.row is not None]
    link = str(access.tenant["link_users"]["link"][rows[0]]) if rows else ""
    return f"begins with SharingLinks and ends with {link}" if _GUID.fullmatch(link) else "begins with SharingLinks"


def _memberships(access: Access, user: int, thing: int, steps: list[Step]) -> Iterator[Call]:
    """The groups on the path: those of the directory in one question, owners and SharePoint groups in one each."""
    members, kinds = access.tenant["members"], access.facts.people
    rows = [step.row for step in steps if step.table == "members" and step.row is not None]
    asked: list[str] = []
    single: list[Call] = []
    for row in rows:
        group, member, role = members.select("group", "member", "role").row(row)
        code = kinds.names.code(group)
        kind = KINDS_BY_CODE[int(kinds.kind[code])] if code >= 0 else None
        if kind is Kind.SHAREPOINT_GROUP:
            title = str(access.tenant["principals"]["name"][code] or "")
            request = f"{_web(access, thing)}/sitegroups/getbyname('{encoded(title)}')/users?$select=LoginName,Title"
            single.append(Call("GET", request, f"a LoginName with {_spelled(access, member)}"))
        elif role == "owner":
            request = f"{GRAPH}/groups/{quote(group)}/owners?$select=id,userPrincipalName"
            single.append(Call("GET", request, _spelled(access, member)))
        elif kind in ENTRA_GROUP_KINDS and group.replace("-", "").isalnum():
            asked.append(group)
    if asked:
        listed = ",".join(f'"{group}"' for group in asked)
        url = f"{GRAPH}/users/{quote(_login(access, user), safe='@')}/checkMemberGroups"
        yield Call("POST", url, "every one of these ids in the answer", f'{{"groupIds":[{listed}]}}')
    yield from single


def _admins(access: Access, thing: int, steps: list[Step]) -> Iterator[Call]:
    """Who administers the site, where the path ends so."""
    last = steps[-1] if steps else None
    if last is not None and last.how.startswith("administers"):
        request = f"{_web(access, thing)}/siteusers?$filter=IsSiteAdmin%20eq%20true&$select=LoginName,Title"
        yield Call("GET", request, f"a LoginName with {_spelled(access, last.source.rpartition('(')[2].rstrip(')'))}")


def _spelled(access: Access, principal: str) -> str:
    """What a claim or a list of the service shows of somebody: a login, or an object id."""
    code = access.facts.people.names.code(principal)
    logins = access.tenant["principals"]["login"]
    login = logins[code] if 0 <= code < len(logins) else None
    kind = KINDS_BY_CODE[int(access.facts.people.kind[code])] if code >= 0 else None
    if kind is Kind.EVERYONE_EXCEPT_EXTERNAL:
        return "spo-grid-all-users"
    return inert(str(login if login and kind is Kind.USER else principal))


def _gates(access: Access, user: int, thing: int, answer: Answer) -> Iterator[Call]:
    """What else decides: effective permissions know nothing of accounts, site controls and labels."""
    site = quote(_site_of(access, thing) or "", safe=":/")
    person = f"{GRAPH}/users/{quote(_login(access, user), safe='@')}"
    stopping = [Gate(gate) for gate in answer.stopped_by_all if answer.open < Level.VIEW]
    if Gate.ACCOUNT in stopping or answer.latent_by == "redemption":
        request = f"{person}?$select=accountEnabled,externalUserState"
        yield Call("GET", request, "accountEnabled false, or PendingAcceptance")
    columns = [_SITE_GATES[gate] for gate in stopping if gate in _SITE_GATES]
    if columns:
        request = f"Get-SPOSite -Identity '{site}' | Select-Object {', '.join(columns)}"
        stops = ", ".join(gate.value for gate in stopping if gate in _SITE_GATES)
        yield Call("PowerShell", request, f"what stops: {stops}")
    if answer.latent_by == "eligible":
        yield from _eligible(access, user)
    if answer.latent_by == "elevation":
        yield Call("GET", f"{person}/transitiveMemberOf/microsoft.graph.directoryRole", "the administrator role")
    if answer.latent_by == "join":
        yield Call("GET", f"{GRAPH}/groups?$filter=visibility%20eq%20'Public'&$select=id,displayName", "the group")


def _eligible(access: Access, user: int) -> Iterator[Call]:
    """Roles and groups somebody could activate: eligible memberships are in no list of memberships."""
    name = access.facts.people.names[int(access.facts.people.node_of[user])]
    only = f"$filter=principalId%20eq%20'{name}'&" if _GUID.fullmatch(name) else ""
    login = inert(_login(access, user))
    roles = f"{GRAPH}/roleManagement/directory/roleEligibilityScheduleInstances"
    yield Call("GET", f"{roles}?{only}$expand=principal,roleDefinition", f"an administrator role for {login}, or")
    if only:
        groups = f"{GRAPH}/identityGovernance/privilegedAccess/group/eligibilityScheduleInstances"
        yield Call("GET", f"{groups}?{only}$expand=group", f"a group that {login} may activate")


__all__ = ["Call", "SpotCheck", "encoded", "spot_checks", "spot_checks_data", "spot_checks_text"]
