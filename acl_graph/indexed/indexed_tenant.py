"""A tenant's tables as arrays: every name a number, every word a small code. Both worlds are compiled from these.

Axes: P principals (described first, then those only named), U subjects (who can ask: users, apps, the anonymous,
the unresolved), T sites, S scopes, L libraries, I items.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from acl_graph.indexed.ids import NOBODY, Codes, Names, flags, whole, words
from acl_graph.tenant import Tenant
from acl_graph.tenant.tenant import WELL_KNOWN
from acl_graph.vocabulary import SUBJECT_KINDS, Kind

KINDS = tuple(Kind)
HOMES = ("internal", "external_member", "guest", "otp_guest", "channel_external")
STATES = ("active", "pending", "disabled", "deleted")
LICENCES = ("unknown", "none", "payg", "licensed")
INTERNAL, EXTERNAL_MEMBER, GUEST, OTP_GUEST, CHANNEL_EXTERNAL = range(5)
ACTIVE, PENDING, DISABLED, DELETED = range(4)
UNKNOWN_LICENCE, NO_LICENCE, PAYG, LICENSED = range(4)


def kind_code(kind: Kind) -> int:
    """The position of a kind in `KINDS`."""
    return KINDS.index(kind)


@dataclass(frozen=True)
class People:
    """Principals as arrays of length P, and the subjects among them (length U)."""

    names: Names
    kind: NDArray[np.int8]
    home: NDArray[np.int8]
    state: NDArray[np.int8]
    licence: NDArray[np.int8]
    visibility: NDArray[np.int8]  # 1 public, 0 anything else, -1 not known
    of: Codes
    site: Codes
    dynamic: NDArray[np.int8]
    synced: NDArray[np.int8]
    expanded: NDArray[np.int8]
    described: NDArray[np.bool_]
    person_like: NDArray[np.bool_]  # unresolved, yet evidently somebody and not a group
    user_of: Codes  # P -> U or NOBODY
    node_of: Codes  # U -> P
    anonymous: int  # P

    def are(self, *kinds: Kind) -> NDArray[np.bool_]:
        """Which principals are of one of these kinds."""
        wanted = np.zeros(len(KINDS), np.bool_)
        wanted[[kind_code(kind) for kind in kinds]] = True
        return np.asarray(wanted[self.kind])

    @cached_property
    def home_of_user(self) -> NDArray[np.int8]:
        """Home of each subject."""
        return self.home[self.node_of]

    @cached_property
    def kind_of_user(self) -> NDArray[np.int8]:
        """Kind of each subject."""
        return self.kind[self.node_of]

    @property
    def n_users(self) -> int:
        """How many subjects."""
        return len(self.node_of)


@dataclass(frozen=True)
class Facts:
    """The tenant, numbered. Frames stay at hand for the columns that only some rules need."""

    tenant: Tenant
    people: People
    sites: Names
    scopes: Names
    libraries: Names
    items: Names
    links: Names
    labels: Names
    scope_site: Codes  # S -> T
    scope_parent: Codes  # S -> S
    scope_kind: NDArray[np.int8]  # 0 web, 1 list, 2 folder, 3 item, -1 not known
    item_scope: Codes  # I -> S, from the item or its library
    item_site: Codes
    item_library: Codes
    item_label: Codes
    item_count: NDArray[np.int64]
    now: datetime | None
    _numbered: dict[tuple[str, str], Codes] = field(default_factory=dict, repr=False, compare=False)

    def numbered(self, table: str, column: str) -> Codes:
        """The numbers of a long column of names, looked up once for both worlds."""
        if (table, column) not in self._numbered:
            names = {"scope": self.scopes, "link": self.links, "site": self.sites, "item": self.items}
            found = names.get(column, self.people.names).codes(self.tenant[table][column])
            found.setflags(write=False)
            self._numbered[table, column] = found
        return self._numbered[table, column]

    def principals(self, column: pl.Series) -> Codes:
        """Principal numbers of a column of ids."""
        return self.people.names.codes(column)

    def segments_of_users(self) -> dict[str, NDArray[np.int32]]:
        """Segment name -> subjects in it."""
        frame = self.tenant["principals"].select("id", "segments").explode("segments").drop_nulls()
        frame = frame.with_columns(pl.Series("node", self.principals(frame["id"])))
        found: dict[str, NDArray[np.int32]] = {}
        for (segment,), rows in frame.group_by("segments"):
            users = self.people.user_of[rows["node"].to_numpy()]
            found[str(segment).lower()] = users[users >= 0]
        return found


def number(tenant: Tenant) -> Facts:
    """Give every name its number. Ids that are only named get one too: nothing that is referenced is lost."""
    people = _people(tenant)
    sites = _all_ids(tenant, "sites", ("scopes", "site"), ("items", "site"), ("libraries", "site"))
    scopes = _all_ids(
        tenant, "scopes", ("grants", "scope"), ("items", "scope"), ("libraries", "scope"), ("scopes", "parent")
    )
    libraries = _all_ids(tenant, "libraries", ("items", "library"))
    items = _all_ids(tenant, "items", ("agent_files", "item"))
    links = _all_ids(tenant, "links", ("grants", "link"), ("link_users", "link"))
    labels = _all_ids(tenant, "labels", ("items", "label"), ("label_rights", "label"))

    scope_site = np.full(len(scopes), NOBODY, np.int32)
    scope_parent = np.full(len(scopes), NOBODY, np.int32)
    scope_kind = np.full(len(scopes), -1, np.int8)
    frame = tenant["scopes"]
    described = scopes.codes(frame["id"])
    scope_site[described] = sites.codes(frame["site"])
    scope_parent[described] = scopes.codes(frame["parent"])
    scope_kind[described] = words(frame["kind"], ("web", "list", "folder", "item"))

    library_frame = tenant["libraries"]
    library_code = libraries.codes(library_frame["id"])
    library_scope = np.full(len(libraries), NOBODY, np.int32)
    library_site = np.full(len(libraries), NOBODY, np.int32)
    library_scope[library_code] = scopes.codes(library_frame["scope"])
    library_site[library_code] = sites.codes(library_frame["site"])

    frame = tenant["items"]
    code = items.codes(frame["id"])
    item_scope = np.full(len(items), NOBODY, np.int32)
    item_site = np.full(len(items), NOBODY, np.int32)
    item_library = np.full(len(items), NOBODY, np.int32)
    item_label = np.full(len(items), NOBODY, np.int32)
    item_count = np.ones(len(items), np.int64)
    item_library[code] = libraries.codes(frame["library"])
    item_scope[code] = scopes.codes(frame["scope"])
    item_site[code] = sites.codes(frame["site"])
    item_label[code] = labels.codes(frame["label"])
    item_count[code] = whole(frame["count"], 1)
    in_library = item_library >= 0
    fill = in_library & (item_scope < 0)
    item_scope[fill] = library_scope[item_library[fill]]
    fill = (item_site < 0) & (item_scope >= 0)
    item_site[fill] = scope_site[item_scope[fill]]
    fill = in_library & (item_site < 0)
    item_site[fill] = library_site[item_library[fill]]
    # a scope that no row describes still has its items' site: its gates must not vanish with the row
    orphan = (item_scope >= 0) & (item_site >= 0)
    known_through_items = np.full(len(scopes), NOBODY, np.int32)
    known_through_items[item_scope[orphan]] = item_site[orphan]
    scope_site = np.where(scope_site < 0, known_through_items, scope_site).astype(np.int32)
    # a scope that no row describes and on which nothing stands is a name without a list: its items have no known scope
    named_only = np.ones(len(scopes) + 1, np.bool_)
    named_only[described] = False
    named_only[scopes.codes(tenant["grants"]["scope"].unique())] = False
    named_only[NOBODY] = False
    item_scope[named_only[item_scope]] = NOBODY
    return Facts(
        tenant=tenant,
        people=people,
        sites=sites,
        scopes=scopes,
        libraries=libraries,
        items=items,
        links=links,
        labels=labels,
        scope_site=scope_site,
        scope_parent=scope_parent,
        scope_kind=scope_kind,
        item_scope=item_scope,
        item_site=item_site,
        item_library=item_library,
        item_label=item_label,
        item_count=item_count,
        now=_now(tenant),
    )


def _now(tenant: Tenant) -> datetime | None:
    """The export's "now": its snapshot, else the newest date it holds (`because` says so), else none."""
    if tenant.snapshot is not None:
        return tenant.snapshot.astimezone(UTC)
    newest = [
        moment
        for table, column in (("usage", "last"), ("items", "modified"), ("links", "created"))
        if isinstance(moment := tenant[table][column].max(), datetime)
    ]
    return max(newest, default=None)


def _all_ids(tenant: Tenant, table: str, *references: tuple[str, str]) -> Names:
    ids = tenant[table]["id"]
    described = Names(ids)
    more = [ids]
    for other, column in references:
        named = tenant[other][column].drop_nulls().unique()
        more.append(named.filter(described.codes(named) < 0).sort())
    return Names(pl.concat(more).unique(maintain_order=True))


def _people(tenant: Tenant) -> People:
    frame = tenant["principals"]
    described_names = Names(frame["id"])
    named = tenant.unresolved["principal"].unique().sort()
    strangers = named.filter(described_names.codes(named) < 0).to_list()
    strangers += [name for name in WELL_KNOWN if described_names.code(name) < 0]
    names = Names(pl.concat([frame["id"], pl.Series("id", strangers, pl.String)]))
    size, known = len(names), frame.height

    def spread(values: NDArray[np.int8], missing: int) -> NDArray[np.int8]:
        out = np.full(size, missing, np.int8)
        out[:known] = np.where(values < 0, missing, values)
        return out

    kind = spread(words(frame["kind"], tuple(KINDS)), kind_code(Kind.UNRESOLVED))
    anonymous = names.code("anonymous")
    kind[anonymous] = kind_code(Kind.ANONYMOUS)
    signed_in = names.code("authenticated_users")
    if signed_in >= known:  # usage rights may name it without a row
        kind[signed_in] = kind_code(Kind.AUTHENTICATED_USERS)
    ids = names.ids
    logins = pl.concat([frame["login"], pl.Series("login", [None] * len(strangers), pl.String)])
    shape = pl.select(
        (ids.str.contains("@|^i:0") | logins.str.contains("@|^i:0").fill_null(False)).alias("p")
    ).to_series()
    unresolved = kind == kind_code(Kind.UNRESOLVED)
    of = np.full(size, NOBODY, np.int32)
    of[:known] = names.codes(frame["of"])
    site = np.full(size, NOBODY, np.int32)
    site[:known] = Names(tenant["sites"]["id"]).codes(frame["site"])
    visibility = np.full(size, -1, np.int8)
    visibility[:known] = words(frame["visibility"].replace({"hidden": "private"}), ("private", "public"), other=0)
    three = {name: np.full(size, -1, np.int8) for name in ("dynamic", "synced", "expanded")}
    for name, values in three.items():
        values[:known] = flags(frame[name])
    subject = np.isin(kind, [kind_code(k) for k in SUBJECT_KINDS])
    node_of = np.flatnonzero(subject).astype(np.int32)
    user_of = np.full(size, NOBODY, np.int32)
    user_of[node_of] = np.arange(len(node_of), dtype=np.int32)
    return People(
        names=names,
        kind=kind,
        # somebody of an unknown kind is taken for an active internal user where he counts at all
        home=np.where(unresolved, np.int8(INTERNAL), spread(words(frame["home"], HOMES), INTERNAL)),
        state=np.where(unresolved, np.int8(ACTIVE), spread(words(frame["state"], STATES, other=ACTIVE), ACTIVE)),
        licence=spread(words(frame["copilot"], LICENCES), UNKNOWN_LICENCE),
        visibility=visibility,
        of=of,
        site=site,
        dynamic=three["dynamic"],
        synced=three["synced"],
        expanded=three["expanded"],
        described=~unresolved,
        person_like=unresolved & shape.to_numpy(),
        user_of=user_of,
        node_of=node_of,
        anonymous=anonymous,
    )
