"""The rows by which given principals come to places: a grant, a link that names them, or a membership in a "
"group there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from acl_graph.access_rules.forms import VIA_GRANT
from acl_graph.changes import catalogue as fixes
from acl_graph.changes.simulate import Change
from acl_graph.exposure.analysis import Bools, Context, Counts

TABLES = ("grants", "link_users", "members")


@dataclass(frozen=True)
class Causes:
    """One row each: `table` (position in TABLES), `row`, `node` the principal, `at` its scope, or the group it is in.

    `score` is the sum of a score of scopes over the scopes that the row concerns.
    """

    context: Context
    table: Counts
    row: Counts
    node: Counts
    at: Counts
    score: Counts

    def __len__(self) -> int:
        return len(self.row)

    def take(self, keep: Bools) -> Causes:
        """Some of the causes."""
        return Causes(self.context, self.table[keep], self.row[keep], self.node[keep], self.at[keep], self.score[keep])

    def scopes(self, number: int, score: Counts) -> Counts:
        """The scopes that a cause concerns and that have a score."""
        if TABLES[int(self.table[number])] != "members":
            return self.at[number : number + 1]
        nodes = self.context.holding(self.at[number : number + 1])[1]
        found = self.context.scopes_of(nodes)
        return found[score[found] > 0]

    def place(self, number: int) -> str:
        """Where the row puts its principal, in words."""
        table = TABLES[int(self.table[number])]
        if table == "members":
            return f"in {self.context.name(int(self.at[number]))}"
        return f"{'granted on' if table == 'grants' else 'on a link to'} {self.context.place(int(self.at[number]))}"

    def change(self, number: int) -> Change:
        """The removal of the row."""
        table, row = TABLES[int(self.table[number])], int(self.row[number])
        if table == "members":
            return fixes.remove_member(self.context, row)
        if table == "grants":
            return fixes.remove_grant(self.context, row)
        facts = self.context.facts
        link = facts.links.code(str(facts.tenant["link_users"]["link"][row]))
        return fixes.remove_link_user(self.context, link, int(self.node[number]))

    def source(self, number: int) -> tuple[str, int]:
        """(table, row) of the cause."""
        return TABLES[int(self.table[number])], int(self.row[number])

    def identity(self, number: int) -> tuple[str, ...]:
        """What names the case from export to export."""
        table = TABLES[int(self.table[number])]
        at = int(self.at[number])
        where = self.context.id_of(at) if table == "members" else self.context.facts.scopes[at]
        return table, where, self.context.id_of(int(self.node[number]))


def causes(context: Context, nodes: Bools, score: Counts, *, groups: Bools | None = None) -> Causes:
    """Rows that put one of `nodes` (bool[N]) on a scope with a score, or into one of `groups` that stands on one."""
    found = context.opening
    direct = np.flatnonzero(nodes[found.node] & (score[found.scope] > 0) & (found.row >= 0))
    on_link = (found.user_row[direct] >= 0).astype(np.int64)
    row = np.where(on_link == 1, found.user_row[direct], found.row[direct])
    keep = (on_link == 1) | (found.via[direct] == VIA_GRANT)
    direct, on_link, row = direct[keep], on_link[keep], row[keep]
    size = np.int64(len(context.units.families.now.set_of) + 1)
    _, first = np.unique(
        (found.scope[direct].astype(np.int64) * size + found.node[direct]) * 2 + on_link, return_index=True
    )
    direct, on_link, row = direct[first], on_link[first], row[first]

    members = context.units.membership
    people = len(context.facts.people.names)
    inside = nodes[:people][members.member] & (members.row >= 0)
    if groups is not None:
        inside &= groups[:people][members.group]
    at = np.flatnonzero(inside)
    by_node = context.node_score(score)
    which, node = context.holding(members.group[at].astype(np.int64))
    inner = np.zeros(len(at), np.int64)
    np.add.at(inner, which, by_node[node])
    at, inner = at[inner > 0], inner[inner > 0]
    return Causes(
        context=context,
        table=np.concatenate([on_link, np.full(len(at), TABLES.index("members"))]).astype(np.int64),
        row=np.concatenate([row, members.row[at]]).astype(np.int64),
        node=np.concatenate([found.node[direct], members.member[at]]).astype(np.int64),
        at=np.concatenate([found.scope[direct], members.group[at]]).astype(np.int64),
        score=np.concatenate([score[found.scope[direct]], inner]).astype(np.int64),
    )
