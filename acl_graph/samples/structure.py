"""Where the scopes of the synthetic tenant stand: which site, which kind, below which other scope."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from acl_graph.samples import plan
from acl_graph.samples.guids import guids
from acl_graph.samples.plan import Sizes

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Scopes:
    """Scopes sorted by site, each site's web first. All arrays have one entry per scope but `library_*`.

    A library is a list scope, or the default library that each site has and that its web rules:
    library number l < sites is the default one of site l, the others follow in the order of their list scopes.
    """

    ids: list[str]  #: GUIDs of the scopes, without their site
    item_ids: list[str]  #: GUID of the (first) file that the scope rules
    site: Ints
    kind: Ints  #: index into `plan.SCOPE_KINDS`
    parent: Ints  #: number of the nearest scope above, -1 for a web
    depth: Ints  #: 0 for a web
    library: Ints  #: the library in which the scope's files lie
    library_ids: list[str]
    library_scope: Ints
    first: Ints  #: per site: its web's scope


def build_scopes(rng: np.random.Generator, size: Sizes) -> Scopes:
    """Give every site a web, spread the other scopes by Zipf's law over the sites, hang each below an earlier one."""
    weight = 1.0 / np.arange(1, size.sites + 1)
    edges = np.cumsum(weight) / weight.sum()
    ranked = rng.permutation(size.sites)
    drawn = ranked[np.searchsorted(edges, rng.random(size.scopes - size.sites), side="right").clip(0, size.sites - 1)]
    site = np.sort(np.concatenate([np.arange(size.sites), drawn]))
    first = np.searchsorted(site, np.arange(size.sites))
    kind = rng.choice(np.array([plan.LIST, plan.FOLDER, plan.ITEM]), size.scopes, p=plan.KIND_SHARES)
    kind[first] = plan.WEB

    place = np.arange(size.scopes) - first[site]
    candidate = first[site] + (rng.random(size.scopes) * place).astype(np.int64)
    # a list hangs below the web; a folder or item below an earlier list or folder, if that is what was drawn
    holds = (kind[candidate] == plan.LIST) | (kind[candidate] == plan.FOLDER)
    parent = np.where(holds & (kind > plan.LIST), candidate, first[site])
    parent[first] = -1

    lists = np.flatnonzero(kind == plan.LIST)
    library = np.full(size.scopes, -1, dtype=np.int64)
    library[first] = np.arange(size.sites)
    library[lists] = size.sites + np.arange(len(lists))
    depth = np.full(size.scopes, -1, dtype=np.int64)
    depth[first] = 0
    waiting = np.flatnonzero(depth < 0)
    while len(waiting):
        ready = waiting[depth[parent[waiting]] >= 0]
        above = parent[ready]
        depth[ready] = depth[above] + 1
        library[ready] = np.where(library[ready] >= 0, library[ready], library[above])
        waiting = waiting[depth[waiting] < 0]
    return Scopes(
        ids=guids(rng, size.scopes),
        item_ids=guids(rng, size.scopes),
        site=site,
        kind=kind,
        parent=parent,
        depth=depth,
        library=library,
        library_ids=guids(rng, size.sites + len(lists)),
        library_scope=np.concatenate([first, lists]),
        first=first,
    )
