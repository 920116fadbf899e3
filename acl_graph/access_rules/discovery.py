"""Discovery (O12-O18): what search and Copilot may surface although it can be opened."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from acl_graph.access_rules.external_sharing import ONEDRIVE, site_column, site_kinds
from acl_graph.access_rules.forms import ALL_PASS, NONE_PASS, Exceptions, GateRows
from acl_graph.access_rules.hierarchy import site_owner
from acl_graph.indexed.ids import Codes, flags
from acl_graph.indexed.indexed_tenant import Facts
from acl_graph.vocabulary import Gate

RECENT = timedelta(days=30)  #: "recently interacted" is not defined by Microsoft; a month is what we take (O13)


def not_crawled(facts: Facts) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """(sites, libraries) kept out of the index (O17); the library array has one more entry for "no library"."""
    sites = site_column(facts, flags(facts.tenant["sites"]["no_crawl"]), 0) == 1
    libraries = np.zeros(len(facts.libraries) + 1, np.bool_)
    frame = facts.tenant["libraries"]
    libraries[facts.libraries.codes(frame["id"])] = flags(frame["no_crawl"]) == 1
    return sites, libraries


def restricted_discovery(facts: Facts) -> NDArray[np.bool_]:
    """Sites under restricted content discovery; a flag on a OneDrive does nothing (O12, O14), bool[T]."""
    flagged = site_column(facts, flags(facts.tenant["sites"]["restricted_discovery"]), 0) == 1
    return np.asarray(flagged & (site_kinds(facts) != ONEDRIVE), np.bool_)


def restricted_search(facts: Facts, rows: GateRows) -> Codes:
    """The row of users for whom restricted SharePoint search leaves a site in, int32[T] (O15)."""
    tenant = facts.tenant
    gate = np.full(len(facts.sites), ALL_PASS, np.int32)
    if not tenant.switch("restricted_search", False):
        return gate
    listed = pl.Series(list(tenant.switch("restricted_search_allowed") or []), dtype=pl.String)
    allowed = np.zeros(len(facts.sites) + 1, np.bool_)
    allowed[facts.sites.codes(listed)] = True
    allowed[-1] = False
    sites = tenant["sites"]
    hub = facts.sites.codes(sites["hub"])
    in_allowed_hub = np.zeros(len(facts.sites), np.bool_)
    in_allowed_hub[facts.sites.codes(sites["id"])] = allowed[hub]
    shut = ~(allowed[:-1] | in_allowed_hub)
    kind, owner = site_kinds(facts), site_owner(facts)
    for site in np.flatnonzero(shut):
        gate[site] = NONE_PASS
        if kind[site] == ONEDRIVE and owner[site] >= 0:
            own = np.zeros(facts.people.n_users, np.bool_)
            own[owner[site]] = True
            gate[site] = rows.add(own)
    return gate


def own_and_used(facts: Facts, *, recent: bool) -> list[tuple[Codes, Codes]]:
    """(item, user) pairs of people and their own files, and of people and files they used - lately, if `recent`."""
    items = facts.tenant["items"]
    item = facts.items.codes(items["id"])
    user_of = np.append(facts.people.user_of, -1)
    owned_item, owner = [], []
    for column in ("author", "owner", "modified_by"):
        owned_item.append(item)
        owner.append(user_of[facts.principals(items[column])])
    usage = facts.tenant["usage"].filter(pl.col("actor").is_null() | (pl.col("actor") != "system"))
    if recent and facts.now is not None:
        usage = usage.filter(pl.col("last").is_null() | (pl.col("last") >= facts.now - RECENT))
    used = facts.items.codes(usage["item"])
    user = user_of[facts.principals(usage["principal"])]
    return [(np.concatenate(owned_item), np.concatenate(owner)), (used, user)]


def by_item(pairs: list[tuple[Codes, Codes]]) -> tuple[Codes, Codes]:
    """All these (item, user) pairs whose item and user are known, sorted by item: (items, users)."""
    item, user = (np.concatenate(part) for part in zip(*pairs, strict=True))
    known = (item >= 0) & (user >= 0)
    order = np.argsort(item[known], kind="stable")
    return item[known][order].astype(np.int32), user[known][order].astype(np.int32)


def recent_spared(facts: Facts, *, wide: bool) -> bool:
    """Whether own and recent files are taken to stay discoverable: yes unless the flag says `no`; `unk` is possibly."""
    said = str(facts.tenant.switch("rcd_recent_exception", "yes")).lower()
    return said not in ("no", "false") and (wide or said != "unk")


def recent_exceptions(facts: Facts, sites: NDArray[np.bool_], exceptions: Exceptions, *, wide: bool) -> None:
    """Own and recently used files stay discoverable under restricted content discovery (O13, disputed)."""
    if not recent_spared(facts, wide=wide) or not sites.any():
        return
    in_site = np.append(sites, False)[facts.item_site]
    for item, user in own_and_used(facts, recent=True):
        keep = (item >= 0) & (user >= 0)
        keep[keep] = in_site[item[keep]]
        exceptions.add(item[keep], user[keep], Gate.RESTRICTED_DISCOVERY)


def search_exceptions(
    facts: Facts, gate: Codes, shared: tuple[Codes, Codes], things: tuple[Codes, Codes], exceptions: Exceptions
) -> None:
    """Files one made, ever used or was given directly stay in under restricted search (O15).

    Microsoft caps them at the last 2,000 of each person; no export says which these are, so none is left out. `shared`
    are (scope, user) pairs of role assignments and people links that name the user; `things` are scope and site of
    every thing, plain items included.
    """
    if not facts.tenant.switch("restricted_search", False):
        return
    closed = np.append(gate != ALL_PASS, True)  # what lies on no known site is on no allowed one
    shut = closed[facts.item_site]
    for item, user in own_and_used(facts, recent=False):
        keep = (item >= 0) & (user >= 0)
        keep[keep] = shut[item[keep]]
        exceptions.add(item[keep], user[keep], Gate.RESTRICTED_SEARCH)
    scope, user = shared
    fine = np.isin(np.append(facts.scope_kind, -1)[scope], (2, 3))
    thing_scope, thing_site = things
    thing = np.arange(len(thing_scope), dtype=np.int32)
    hidden = closed[thing_site]
    left = pl.DataFrame({"scope": scope[fine], "user": user[fine]}).unique()
    right = pl.DataFrame({"scope": thing_scope[hidden], "item": thing[hidden]})
    found = left.join(right, on="scope", how="inner").sort("item", "user")
    item = np.array(found["item"].to_numpy(), np.int32)
    exceptions.add(item, np.array(found["user"].to_numpy(), np.int32), Gate.RESTRICTED_SEARCH)
