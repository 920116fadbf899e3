"""Sharing links (S01-S20): whom a link lets in now, and whom only with its address."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from acl_graph.access_rules.external_sharing import ANYONE_ALLOWED, SHARED_CHANNEL, effective_sharing, site_kinds
from acl_graph.access_rules.forms import (
    ACTIVE_DIRECTORY,
    ACTIVE_LINKABLE,
    ALL_USERS,
    ANYBODY,
    DIRECTORY,
    VIA_ANYONE,
    VIA_ORGANIZATION,
    VIA_PEOPLE,
    VIA_UNKNOWN,
    Entries,
    Mask,
    entries,
    join_entries,
)
from acl_graph.access_rules.levels import FULL
from acl_graph.access_rules.principals import external, pair_in, reached_expiry
from acl_graph.indexed.ids import Codes, words
from acl_graph.indexed.indexed_tenant import EXTERNAL_MEMBER, INTERNAL, Facts
from acl_graph.vocabulary import Kind

AUDIENCES = ("anyone", "organization", "people", "existing")
#: a word that nobody knows is read as Anyone; no word at all is not known
ANYONE, ORGANIZATION, PEOPLE, EXISTING, STRANGE, UNSAID = range(6)


@dataclass(frozen=True)
class LinkRules:
    """What links add: entries that open now, entries barred by guest expiry, and entries one step away.

    In `latent` and `unknown`, `node` is a population bit and not a principal. `unnamed` are scopes where a people link
    stands that may name anybody (possible world).
    """

    open: Entries
    barred: Entries
    latent: Entries
    unknown: Entries
    unnamed: Codes
    #: whom a link let in before it died, where its death is taken to end that (S07)
    ended: Entries


@dataclass(frozen=True)
class _Stands:
    """Rows of `grants` that put a link on a scope, with the link's facts."""

    scope: Codes
    link: Codes
    mask: Mask
    row: NDArray[np.int64]
    audience: NDArray[np.int8]
    alive: NDArray[np.bool_]
    described: NDArray[np.bool_]
    #: Anyone links work where this stands
    anyone_works: NDArray[np.bool_]

    def take(self, keep: NDArray[np.bool_]) -> _Stands:
        return _Stands(*(getattr(self, f)[keep] for f in self.__dataclass_fields__))


def link_rules(facts: Facts, masks: Mask, *, wide: bool) -> LinkRules:
    """Whom every link on every scope lets in, in one world. `masks` are those of the rows of `grants`."""
    stands = _stands(facts, masks, wide=wide)
    users = _link_users(facts)
    open_now, barred, ended = _named(facts, stands, users, wide=wide)
    alive = stands.take(stands.alive & stands.described)
    unsaid = (alive.audience == UNSAID) & wide
    of_anyone = np.isin(alive.audience, (ANYONE, STRANGE)) | (unsaid & alive.anyone_works)
    latent = [
        _population(alive.take((alive.audience == ORGANIZATION) | unsaid), ACTIVE_DIRECTORY, VIA_ORGANIZATION),
        _population(alive.take(of_anyone), ACTIVE_LINKABLE, VIA_ANYONE),
    ]
    unknown: list[Entries] = []
    nothing = stands.take(np.zeros(len(stands.scope), np.bool_))
    unnamed = nothing
    if wide:
        # a people link may name a group with anybody in it; the others let individuals in, as far as they admit them
        unnamed = stands.take(~stands.described)
        unknown.append(_population(unnamed, ANYBODY, VIA_UNKNOWN))
        # it may be an Anyone link; and where grants are missing, one may stand anywhere that such links work
        latent.append(_population(unnamed.take(unnamed.anyone_works), ACTIVE_LINKABLE, VIA_ANYONE))
        if not facts.tenant.coverage.complete("grants"):
            latent.append(_anyone_anywhere(facts))
        if not facts.tenant.coverage.complete("link_users"):
            keeps = facts.tenant.switch("link_death_ends_redeemed", True) is False
            listed = stands.take(stands.described & (stands.alive | keeps))
            organization, people = listed.audience == ORGANIZATION, np.isin(listed.audience, (PEOPLE, UNSAID))
            anyone = (listed.audience == ANYONE) | (listed.audience == STRANGE)
            unknown.append(_population(listed.take(organization), DIRECTORY, VIA_UNKNOWN))
            unknown.append(_population(listed.take(people & listed.alive), ANYBODY, VIA_UNKNOWN))
            unknown.append(_population(listed.take(people & ~listed.alive), ALL_USERS, VIA_UNKNOWN))
            unknown.append(_population(listed.take(anyone), ALL_USERS, VIA_ANYONE))
            may_name = np.isin(stands.audience, (PEOPLE, UNSAID))
            unnamed = stands.take(~stands.described | (may_name & (stands.alive | keeps)))
    return LinkRules(
        open=open_now,
        barred=barred,
        latent=join_entries(*latent),
        unknown=join_entries(_population(nothing, ANYBODY, VIA_UNKNOWN), *unknown),
        unnamed=unnamed.scope,
        ended=ended,
    )


def _population(stands: _Stands, bit: int, via: int) -> Entries:
    return entries(stands.scope, np.full(len(stands.scope), bit, np.int32), stands.mask, via, stands.row)


def _anyone_anywhere(facts: Facts) -> Entries:
    """An Anyone link with full control on every scope where such links work."""
    scope = np.flatnonzero(_anyone_works(facts, facts.scope_site)).astype(np.int32)
    nothing = np.full(len(scope), -1, np.int64)
    return entries(
        scope, np.full(len(scope), ACTIVE_LINKABLE, np.int32), np.full(len(scope), FULL), VIA_ANYONE, nothing
    )


def _anyone_works(facts: Facts, site: Codes) -> NDArray[np.bool_]:
    """S11: Anyone links live and die with the effective level; H11: they do not work on shared channel sites."""
    shared_channel = np.append(site_kinds(facts), -1)[site] == SHARED_CHANNEL
    return np.asarray((effective_sharing(facts)[site] == ANYONE_ALLOWED) & ~shared_channel)


def _stands(facts: Facts, masks: Mask, *, wide: bool) -> _Stands:
    links = facts.tenant["links"]
    scope, link = facts.numbered("grants", "scope"), facts.numbered("grants", "link")
    audience = np.full(len(facts.links), STRANGE, np.int8)
    described = np.zeros(len(facts.links), np.bool_)
    expired = np.zeros(len(facts.links), np.bool_)
    known = facts.links.codes(links["id"])
    read = words(links["audience"], AUDIENCES, other=STRANGE)
    audience[known] = np.where(read < 0, UNSAID, read)
    described[known] = True
    if facts.now is not None:
        ended = links.select((pl.col("expires") <= facts.now).fill_null(False)).to_series()
        expired[known] = ended.to_numpy()
    keep = (link >= 0) & (scope >= 0)
    scope, link = scope[keep], link[keep]
    works = _anyone_works(facts, facts.scope_site[scope])
    of_anyone = np.isin(audience[link], (ANYONE, STRANGE) if wide else (ANYONE, STRANGE, UNSAID))
    alive = ~expired[link] & ~(of_anyone & ~works)
    row = np.flatnonzero(keep).astype(np.int64)
    return _Stands(scope, link, masks[keep], row, audience[link], alive, described[link], works)


def _link_users(facts: Facts) -> pl.DataFrame:
    frame = facts.tenant["link_users"]
    return pl.DataFrame(
        {
            "link": facts.numbered("link_users", "link"),
            "node": facts.numbered("link_users", "principal"),
            "user_row": np.arange(frame.height, dtype=np.int64),
        }
    ).filter((pl.col("link") >= 0) & (pl.col("node") >= 0))


def _named(facts: Facts, stands: _Stands, users: pl.DataFrame, *, wide: bool) -> tuple[Entries, Entries, Entries]:
    """The people and groups a link names, as far as its audience admits them (S01-S05).

    Those it lets in now, those whom guest expiry keeps out, and those it let in until it died.
    """
    people = facts.people
    pairs = pl.DataFrame({"link": stands.link, "at": np.arange(len(stands.link), dtype=np.int64)}).join(
        users, on="link", how="inner", maintain_order="left_right"
    )
    at = np.array(pairs["at"].to_numpy(), np.int64)
    node = np.array(pairs["node"].to_numpy(), np.int32)
    user_row = np.array(pairs["user_row"].to_numpy(), np.int64)
    audience = stands.audience[at]
    individual = people.are(Kind.USER)[node]
    unresolved = people.are(Kind.UNRESOLVED)[node]
    if wide:
        individual = individual | unresolved
    directory = (people.home[node] == INTERNAL) | (
        (people.home[node] == EXTERNAL_MEMBER) & bool(facts.tenant.switch("external_member_in_org", True))
    )
    group = people.are(
        Kind.SECURITY_GROUP,
        Kind.MAIL_SECURITY_GROUP,
        Kind.M365_GROUP,
        Kind.GROUP_OWNERS,
        Kind.DIRECTORY_ROLE,
        Kind.SHAREPOINT_GROUP,
        Kind.EVERYONE,
        Kind.EVERYONE_EXCEPT_EXTERNAL,
        Kind.AUTHENTICATED_USERS,
    )[node]
    for_people = (audience == PEOPLE) | ((audience == UNSAID) & wide)
    # H11: on the site of a shared channel a people link lets in nobody from outside but the channel's own people
    channel = np.append(site_kinds(facts), -1)[facts.scope_site[stands.scope[at]]] == SHARED_CHANNEL
    stranger = (audience == PEOPLE) & channel & external(facts)[node]
    admitted = np.select(
        [audience == ORGANIZATION, for_people, audience == EXISTING],
        [individual & directory, (individual & ~stranger) | group, np.zeros(len(node), np.bool_)],
        individual,
    ).astype(np.bool_)
    # S07: the death of a link ends those who redeemed it, unless the tenant's flag says otherwise
    living = stands.alive[at]
    if facts.tenant.switch("link_death_ends_redeemed", True) is False:
        living = living | individual
    keep = admitted & living & (stands.described[at])
    barred = pair_in(facts.scope_site[stands.scope[at]], node, reached_expiry(facts)) & keep
    via = np.select([audience == ORGANIZATION, for_people], [VIA_ORGANIZATION, VIA_PEOPLE], VIA_ANYONE).astype(np.int8)
    found = Entries(stands.scope[at], node, stands.mask[at], via, stands.row[at], user_row)
    ended = admitted & individual & stands.described[at] & ~living
    return found.take(keep & ~barred), found.take(barred), found.take(ended)
