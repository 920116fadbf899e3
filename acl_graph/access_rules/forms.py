"""The five forms as arrays. `int32` numbers are principals (P), subjects (U), scopes (S), items (I) of `Facts`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from acl_graph.indexed.ids import Codes
from acl_graph.vocabulary import Gate

Mask = NDArray[np.uint64]
Rows = NDArray[np.int64]

# populations: bits of a user's membership in sets that are never listed one by one
DIRECTORY = 1  #: everybody of the organisation's directory: "everyone except external users" (P09, P10)
EVERYONE = 2
AUTHENTICATED = 4
ANYBODY = 8  #: an unknown member may be anybody (possible world only)
ALL_USERS = 16  #: any signed-in account, as usage rights mean it
ACTIVE_DIRECTORY = 32  #: whom an organization link or a public group could still reach
ACTIVE_LINKABLE = 64  #: whom an Anyone link could still reach: every account, and the anonymous
NO_GUEST = 128  #: an unknown member of a Microsoft 365 group may be anybody but a guest, where guests get nothing by it

# how an entry came to its scope
VIA_GRANT, VIA_ANYONE, VIA_ORGANIZATION, VIA_PEOPLE, VIA_ADMIN, VIA_ASSUMED, VIA_UNKNOWN, VIA_AGENT, VIA_OWNER = range(
    9
)


@dataclass(frozen=True)
class Membership:
    """Who is in which group, in one world. `row` is the row of the `members` table, -1 where there is none."""

    group: Codes
    member: Codes
    row: Rows
    #: eligible memberships: one step away (P22)
    eligible_group: Codes
    eligible_member: Codes
    eligible_row: Rows
    #: memberships of external people that a guest rule takes away (P18, S16): for naming the gate
    barred_group: Codes
    barred_member: Codes
    #: populations inside each principal, uint32[P]
    populations: NDArray[np.uint32]
    #: populations that could join each principal, uint32[P] (P22)
    joinable: NDArray[np.uint32]
    #: principals whose members the export does not fully show, bool[P]
    unknown: NDArray[np.bool_]


@dataclass(frozen=True)
class Entries:
    """What stands on scopes: a principal, a mask, and the rows it comes from.

    `row` is the row of `table` (grants or site_admins); `user_row` the row of link_users for a link's user, else -1.
    """

    scope: Codes
    node: Codes
    mask: Mask
    via: NDArray[np.int8]
    row: Rows
    user_row: Rows

    def __len__(self) -> int:
        return len(self.scope)

    def take(self, keep: NDArray[np.bool_] | Rows) -> Entries:
        """The entries at these positions."""
        return Entries(
            self.scope[keep], self.node[keep], self.mask[keep], self.via[keep], self.row[keep], self.user_row[keep]
        )


def entries(
    scope: Codes, node: Codes, mask: Mask, via: int, row: Rows | None = None, user_row: Rows | None = None
) -> Entries:
    """Entries that all came the same way."""
    nothing = np.full(len(scope), -1, np.int64)
    return Entries(
        scope.astype(np.int32),
        node.astype(np.int32),
        mask.astype(np.uint64),
        np.full(len(scope), via, np.int8),
        nothing if row is None else row.astype(np.int64),
        nothing if user_row is None else user_row.astype(np.int64),
    )


def join_entries(*parts: Entries) -> Entries:
    """Several lists of entries as one."""
    return Entries(*(np.concatenate([getattr(p, f) for p in parts]) for f in Entries.__dataclass_fields__))


ALL_PASS, NONE_PASS = 0, 1


class GateRows:
    """Populations as rows of bits, each distinct one once. Row 0 lets everybody pass, row 1 nobody."""

    def __init__(self, n_users: int) -> None:
        self.n_users = n_users
        self.words = max(1, (n_users + 63) // 64)
        self._bits = np.zeros((16, self.words), np.uint64)
        self._count = 0
        self._known: dict[bytes, int] = {}
        self.add(np.ones(n_users, np.bool_))
        if self.add(np.zeros(n_users, np.bool_)) != NONE_PASS:  # no users at all: both rows are the same
            self._count += 1

    def add(self, users: NDArray[np.bool_]) -> int:
        """The row of a population given as bool[U]."""
        padded = np.zeros(self.words * 64, np.bool_)
        padded[: self.n_users] = users
        return self._keep(np.packbits(padded, bitorder="little").view(np.uint64))

    def both(self, first: int, second: int) -> int:
        """The row of users who pass both."""
        if first in (ALL_PASS, second):
            return second
        if second == ALL_PASS:
            return first
        if NONE_PASS in (first, second):
            return NONE_PASS
        return self._keep(self._bits[first] & self._bits[second])

    def _keep(self, row: NDArray[np.uint64]) -> int:
        key = row.tobytes()
        if key not in self._known:
            if self._count == len(self._bits):
                self._bits = np.concatenate([self._bits, np.zeros_like(self._bits)])
            self._known[key] = self._count
            self._bits[self._count] = row
            self._count += 1
        return self._known[key]

    def users(self, row: int) -> NDArray[np.bool_]:
        """A row as bool[U]."""
        return np.unpackbits(self._bits[row].view(np.uint8), bitorder="little", count=self.n_users).astype(np.bool_)

    def matrix(self) -> NDArray[np.uint64]:
        """All rows so far, uint64[rows, words]; rows never change once added."""
        return self._bits[: self._count]


@dataclass
class Exceptions:
    """(item, user, gate) triples: for this user and item the gate does not count."""

    item: list[Codes] = field(default_factory=list)
    user: list[Codes] = field(default_factory=list)
    gate: list[NDArray[np.int64]] = field(default_factory=list)

    def add(self, item: Codes, user: Codes, gate: Gate) -> None:
        """Waive a gate for pairs; pairs without a user are left out."""
        keep = (user >= 0) & (item >= 0)
        self.item.append(item[keep].astype(np.int32))
        self.user.append(user[keep].astype(np.int32))
        self.gate.append(np.full(int(keep.sum()), 1 << tuple(Gate).index(gate), np.int64))

    def merged(self) -> tuple[Codes, Codes, NDArray[np.int64]]:
        """Distinct (item, user) pairs in order, with the bits of all gates waived for them."""
        if not self.item:
            return np.zeros(0, np.int32), np.zeros(0, np.int32), np.zeros(0, np.int64)
        item, user, gate = np.concatenate(self.item), np.concatenate(self.user), np.concatenate(self.gate)
        order = np.lexsort((user, item))
        item, user, gate = item[order], user[order], gate[order]
        if not len(item):
            return item, user, gate
        starts = np.flatnonzero(np.r_[True, (item[1:] != item[:-1]) | (user[1:] != user[:-1])])
        return item[starts], user[starts], np.bitwise_or.reduceat(gate, starts)


#: node number of a principal -> bool[U], the users in it
UsersIn = Callable[[int], NDArray[np.bool_]]
