"""Sharing links as cases: the entries that stand for one link, gathered."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from acl_graph.access_rules.forms import Entries
from acl_graph.exposure.analysis import Bools, Context, Counts


@dataclass(frozen=True)
class Links:
    """Links with the scopes they stand on. `link` int64[L]; `scope`, `entry` with `of` (position in `link`), "
    "gathered."""

    link: Counts
    of: Counts
    scope: Counts
    entry: Counts

    def scopes(self, number: int) -> Counts:
        """Where a link stands."""
        return np.unique(self.scope[self.of == number])

    def total(self, score: Counts) -> Counts:
        """Sum of a score of scopes for each link, each scope once."""
        out = np.zeros(len(self.link), np.int64)
        pairs = np.unique(self.of * len(score) + self.scope)
        np.add.at(out, pairs // max(1, len(score)), score[pairs % max(1, len(score))])
        return out


def links_of(context: Context, found: Entries, keep: Bools) -> Links:
    """The links behind some entries (rows of `grants`)."""
    at = np.flatnonzero(keep & (found.row >= 0))
    named = context.facts.tenant["grants"]["link"].gather(found.row[at].astype(np.uint32))
    code = context.facts.links.codes(named).astype(np.int64)
    link, of = np.unique(code, return_inverse=True)
    return Links(link, of.astype(np.int64), found.scope[at].astype(np.int64), at.astype(np.int64))
