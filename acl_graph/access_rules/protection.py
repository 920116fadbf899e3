"""Protection of content (O30, E01-E14): DLP blocks, label encryption and usage rights."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from acl_graph.access_rules.external_sharing import domain_of
from acl_graph.access_rules.forms import ALL_PASS, NONE_PASS, Exceptions, GateRows, UsersIn
from acl_graph.access_rules.hierarchy import site_owner
from acl_graph.access_rules.principals import external
from acl_graph.indexed.ids import Codes, flags
from acl_graph.indexed.indexed_tenant import CHANNEL_EXTERNAL, Facts, kind_code
from acl_graph.vocabulary import Gate, Kind

VIEW_RIGHTS = ("VIEW", "OWNER")
EXTRACT_RIGHTS = ("EXTRACT", "COPY", "OWNER")
EDIT_RIGHTS = ("EDIT", "DOCEDIT", "OWNER")


@dataclass(frozen=True)
class Rights:
    """Who has which usage right, as rows per item, int32[I]; everybody where nothing is encrypted."""

    view: Codes
    extract: Codes
    edit: Codes
    #: encrypted files nobody's index can read (E06, E07), bool[I]
    unreadable_by_index: NDArray[np.bool_]
    #: files under a second key that Microsoft's services never have (E07), bool[I]
    two_keys: NDArray[np.bool_]
    #: files under user-defined permissions (E07), bool[I]
    user_defined: NDArray[np.bool_]


@dataclass(frozen=True)
class Blocks:
    """DLP blocks of every item (O30): the row of users let through, and whom a block of everybody spares."""

    row: Codes
    #: items on which Anyone links do not count, bool[I]
    no_anyone: NDArray[np.bool_]
    #: users a per-user block stops, bool[U], and the items it stands on, bool[I]
    outside: NDArray[np.bool_]
    per_user: NDArray[np.bool_]
    everybody: NDArray[np.bool_]


def dlp_blocks(facts: Facts, rows: GateRows, maybe_own: NDArray[np.bool_]) -> Blocks:
    """Whom data loss prevention lets open each item (O30).

    `maybe_own` bool[I]: items of which anybody may be the owner, so that a block of everybody may spare anybody.
    """
    people = facts.people
    items = facts.tenant["items"]
    item = facts.items.codes(items["id"])
    told = items["dlp"].list.eval(pl.element().str.to_lowercase().str.replace_all(r"[\s_-]", ""))

    def blocked(word: str) -> NDArray[np.bool_]:
        found = np.zeros(len(facts.items), np.bool_)
        found[item] = told.list.contains(word).fill_null(False).to_numpy()
        return found

    everybody, per_user, per_anonymous = blocked("all"), blocked("peruser"), blocked("peranonymoususer")
    is_user = people.kind_of_user == kind_code(Kind.USER)
    outside = external(facts)[people.node_of] | (is_user & (people.home_of_user == CHANNEL_EXTERNAL))
    anonymous = people.kind_of_user == kind_code(Kind.ANONYMOUS)
    gate = np.full(len(facts.items), ALL_PASS, np.int32)
    gate[per_anonymous] = rows.add(~anonymous)
    gate[per_user] = rows.add(~outside)
    gate[per_user & per_anonymous] = rows.add(~(outside | anonymous))
    gate[everybody & ~maybe_own] = NONE_PASS
    return Blocks(gate, per_anonymous, outside, per_user, everybody)


def dlp_exceptions(facts: Facts, blocks: Blocks, exceptions: Exceptions) -> None:
    """A block of everybody spares owner, last modifier, author and the site's owner (O30)."""
    if not blocks.everybody.any():
        return
    items = facts.tenant["items"]
    item = facts.items.codes(items["id"])
    user_of = np.append(facts.people.user_of, -1)
    every = np.flatnonzero(blocks.everybody).astype(np.int32)
    spared = [(item, user_of[facts.principals(items[column])]) for column in ("owner", "modified_by", "author")]
    spared.append((every, np.append(site_owner(facts), -1)[facts.item_site[every]]))
    outside = np.append(blocks.outside, False)
    for where, whom in spared:
        keep = blocks.everybody[where] & (whom >= 0) & ~(blocks.per_user[where] & outside[whom])
        exceptions.add(where[keep].astype(np.int32), whom[keep].astype(np.int32), Gate.DLP)


def rights(
    facts: Facts, rows: GateRows, users_in: UsersIn, maybe_protected: NDArray[np.bool_], *, wide: bool
) -> Rights:
    """Usage rights of every item: its own where there are some, else its label's (E01-E07).

    `maybe_protected` bool[I]: items whose protection anybody may have applied.
    """
    tenant = facts.tenant
    n = len(facts.items)
    labels = tenant["labels"]
    label = facts.labels.codes(labels["id"])
    encrypts = np.zeros(len(facts.labels) + 1, np.bool_)
    encrypts[label] = flags(labels["encrypts"]) == 1
    user_defined = np.zeros(len(facts.labels) + 1, np.bool_)
    double_key = np.zeros(len(facts.labels) + 1, np.bool_)
    user_defined[label] = (labels["protection"] == "user_defined").fill_null(False).to_numpy()
    double_key[label] = (labels["protection"] == "double_key").fill_null(False).to_numpy()

    own = tenant["item_rights"]
    own_item = facts.items.codes(own["item"])
    has_own = np.zeros(n, np.bool_)
    has_own[own_item[own_item >= 0]] = True
    by_label = encrypts[facts.item_label] & ~has_own & ~user_defined[facts.item_label]
    by_item = has_own | (encrypts[facts.item_label] & user_defined[facts.item_label])

    # nobody unknown has rights that nobody signed in for
    signed_in = rows.add(facts.people.kind_of_user != kind_code(Kind.ANONYMOUS))
    found = {name: np.full(n, ALL_PASS, np.int32) for name in ("view", "extract", "edit")}
    members = _Members(facts, users_in, wide=wide)
    label_known = tenant.coverage.complete("label_rights") or not wide
    item_known = tenant.coverage.complete("item_rights") or not wide
    label_frame = tenant["label_rights"]
    holders = _holders(facts.labels.codes(label_frame["label"]), label_frame, facts)
    own_holders = _holders(own_item, own, facts)
    for name, sufficient in (("view", VIEW_RIGHTS), ("extract", EXTRACT_RIGHTS), ("edit", EDIT_RIGHTS)):
        of_label = np.full(len(facts.labels) + 1, NONE_PASS if label_known else signed_in, np.int32)
        if label_known:
            for number, listed in holders.items():
                of_label[number] = rows.add(members.with_any(listed, sufficient))
        found[name][by_label] = of_label[facts.item_label[by_label]]
        found[name][by_item] = NONE_PASS if item_known else signed_in
        if item_known:
            for number, listed in own_holders.items():
                found[name][number] = rows.add(members.with_any(listed, sufficient))
        found[name][maybe_protected & (by_label | by_item)] = signed_in
    indexed = tenant.switch("aip_integration", True) is not False
    return Rights(
        view=found["view"],
        extract=found["extract"],
        edit=found["edit"],
        unreadable_by_index=(by_label | by_item) & (double_key[facts.item_label] | (not indexed)),
        two_keys=(by_label | by_item) & double_key[facts.item_label],
        user_defined=by_item,
    )


def owner_exceptions(facts: Facts, given: Rights, exceptions: Exceptions) -> None:
    """Whoever protected a file keeps every right on it (E04)."""
    items = facts.tenant["items"]
    item = facts.items.codes(items["id"])
    owner = np.append(facts.people.user_of, -1)[facts.principals(items["protected_by"])]
    encrypted = (given.view[item] != ALL_PASS) | (given.extract[item] != ALL_PASS) | (given.edit[item] != ALL_PASS)
    exceptions.add(item[encrypted], owner[encrypted], Gate.ENCRYPTION)
    exceptions.add(item[encrypted], owner[encrypted], Gate.COPILOT_LABEL)


def _holders(number: Codes, frame: pl.DataFrame, facts: Facts) -> dict[int, list[tuple[int, set[str]]]]:
    listed: dict[int, list[tuple[int, set[str]]]] = {}
    holder = facts.principals(frame["principal"])
    for position, cell in enumerate(frame["rights"].to_list()):
        if number[position] >= 0 and holder[position] >= 0:
            granted = {right.strip().upper() for part in cell or [] for right in part.split(",")}
            listed.setdefault(int(number[position]), []).append((int(holder[position]), granted))
    return listed


class _Members:
    """Whom a principal named in usage rights stands for: people, groups, everybody signed in, a domain."""

    def __init__(self, facts: Facts, users_in: UsersIn, *, wide: bool) -> None:
        self.facts, self.users_in, self.wide = facts, users_in, wide
        self.known: dict[int, NDArray[np.bool_]] = {}

    def with_any(self, listed: list[tuple[int, set[str]]], sufficient: tuple[str, ...]) -> NDArray[np.bool_]:
        """Users who hold at least one of the sufficient rights."""
        found = np.zeros(self.facts.people.n_users, np.bool_)
        for node, granted in listed:
            if granted.intersection(sufficient):
                found |= self._of(node)
        return found

    def _of(self, node: int) -> NDArray[np.bool_]:
        if node not in self.known:
            kind = self.facts.people.kind[node]
            if kind == kind_code(Kind.AUTHENTICATED_USERS):
                self.known[node] = self._everybody()
            elif kind == kind_code(Kind.DOMAIN):
                self.known[node] = self._in_domain(node)
            else:
                self.known[node] = self.users_in(node)
        return self.known[node]

    def _everybody(self) -> NDArray[np.bool_]:
        kinds = [Kind.USER, Kind.UNRESOLVED] if self.wide else [Kind.USER]
        return np.isin(self.facts.people.kind_of_user, [kind_code(kind) for kind in kinds])

    def _in_domain(self, node: int) -> NDArray[np.bool_]:
        people = self.facts.people
        frame = self.facts.tenant["principals"].select("id", "login", "domain", "name")
        described = frame.height
        wanted = domain_of(frame["login"][node], frame["domain"][node]) if node < described else None
        wanted = wanted or people.names[node].lower()
        logins, domains = frame["login"].to_list(), frame["domain"].to_list()
        # the domain of somebody nobody describes is not known either
        found = (people.kind_of_user == kind_code(Kind.UNRESOLVED)) & self.wide
        for user in np.flatnonzero(people.kind_of_user == kind_code(Kind.USER)):
            at = people.node_of[user]
            found[user] = domain_of(logins[at], domains[at]) == wanted
        return np.asarray(found, np.bool_)
