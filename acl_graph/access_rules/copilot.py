"""Copilot (C01-C08): licences, DLP rules for Copilot, agents with uploaded copies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from acl_graph.access_rules.external_sharing import ONEDRIVE, site_kinds
from acl_graph.access_rules.forms import ALL_PASS, VIA_AGENT, Entries, GateRows, UsersIn, entries
from acl_graph.access_rules.hierarchy import GRANTEES, site_owner
from acl_graph.access_rules.levels import READ_MASK
from acl_graph.indexed.ids import Codes
from acl_graph.indexed.indexed_tenant import EXTERNAL_MEMBER, INTERNAL, LICENSED, NO_LICENCE, PAYG, Facts, kind_code
from acl_graph.vocabulary import Kind

NOT_APPLICABLE, NOT_KNOWN, CAN_USE = range(3)


def licences(facts: Facts, *, wide: bool) -> NDArray[np.int8]:
    """Whether Copilot works for each subject: not applicable, not known, or it does, int8[U] (C08)."""
    people = facts.people
    licence = people.licence[people.node_of]
    billing = str(facts.tenant.switch("copilot_billing", "unknown")).lower()
    state = np.full(people.n_users, NOT_KNOWN, np.int8)
    state[np.isin(licence, (PAYG, LICENSED))] = CAN_USE
    if billing == "licensed":
        state[licence == NO_LICENCE] = NOT_APPLICABLE
    member = (people.kind_of_user == kind_code(Kind.USER)) & np.isin(people.home_of_user, (INTERNAL, EXTERNAL_MEMBER))
    stranger = people.kind_of_user == kind_code(Kind.UNRESOLVED)
    if wide:
        state[state == NOT_KNOWN] = CAN_USE
        state[stranger] = CAN_USE
    state[~(member | stranger)] = NOT_APPLICABLE
    return state


def licence_rows(facts: Facts, rows: GateRows) -> Codes:
    """The row of users whose licence reaches a site: pay-as-you-go does not reach others' OneDrive, int32[T] (C08).

    It is the most that an account without a licence can have.
    """
    gate = np.full(len(facts.sites), ALL_PASS, np.int32)
    payg = np.isin(facts.people.licence[facts.people.node_of], (PAYG, NO_LICENCE))
    if payg.any():
        owner = site_owner(facts)
        for site in np.flatnonzero(site_kinds(facts) == ONEDRIVE):
            passes = ~payg
            if owner[site] >= 0:
                passes[owner[site]] = True
            gate[site] = rows.add(passes)
    return gate


def dlp_rows(facts: Facts, rows: GateRows, users_in: UsersIn, surely_in: UsersIn, *, wide: bool) -> Codes:
    """The row of users for whom no Copilot DLP rule excludes a label, int32[labels + 1] (C04).

    The rule narrows: whom it includes must be surely in (`surely_in`), whom it spares may be possibly (`users_in`). A
    rule that may hold or not (`possibly`) narrows what is sure and leaves what is possible as it is.
    """
    frame = facts.tenant["copilot_dlp"]
    if wide:
        settled = frame.filter(pl.col("effect").ne_missing("possibly"))
        named = frame.filter(pl.col("effect").eq_missing("possibly")).select("policy", "label")
        alone = settled.filter(pl.col("effect").ne_missing("exclude")).select("policy", "label")
        # exceptions to a rule that only may hold are not a rule for everybody else
        doubtful = named.join(alone, on=["policy", "label"], how="anti")
        frame = settled.join(doubtful, on=["policy", "label"], how="anti", maintain_order="left")
    gate = np.full(len(facts.labels) + 1, ALL_PASS, np.int32)
    if frame.is_empty():
        return gate
    label, principal = facts.labels.codes(frame["label"]), facts.principals(frame["principal"])
    everybody = frame["principal"].is_null().to_numpy()
    policies: dict[tuple[str, int], list[tuple[bool, int | None]]] = {}
    for position, (policy, effect) in enumerate(frame.select("policy", "effect").iter_rows()):
        if label[position] >= 0:
            who = None if everybody[position] else int(principal[position])
            policies.setdefault((policy, int(label[position])), []).append((effect == "exclude", who))
    excluded_by: dict[int, NDArray[np.bool_]] = {}
    for (_, number), listed in policies.items():
        bound = np.zeros(facts.people.n_users, np.bool_)
        spared = np.zeros(facts.people.n_users, np.bool_)
        if all(spares for spares, _ in listed):
            bound[:] = True  # exclusions without an inclusion: everybody else
        for spares, who in listed:
            inside = users_in if spares else surely_in
            whom = np.ones_like(bound) if who is None else inside(who) if who >= 0 else np.zeros_like(bound)
            if spares:
                spared |= whom
            else:
                bound |= whom
        excluded_by[number] = excluded_by.get(number, np.zeros_like(bound)) | (bound & ~spared)
    for number, users in excluded_by.items():
        gate[number] = rows.add(~users)
    return gate


@dataclass(frozen=True)
class Agents:
    """Uploaded copies: their items, and who may use the agents that hold them.

    `item` are items, `place` the pseudo-scope of each (0, 1, ... within agents), `original` the item copied or -1;
    `entries.scope` are places.
    """

    item: Codes
    place: Codes
    original: Codes
    entries: Entries
    #: places whose audience the export does not fully show
    unknown: Codes


def agents(facts: Facts, *, wide: bool) -> Agents:
    """Agents' audiences as lists of their own, one per copy (C06)."""
    files, users = facts.tenant["agent_files"], facts.tenant["agent_users"]
    names = pl.concat([files["agent"], users["agent"]]).unique(maintain_order=True)
    number = {name: position for position, name in enumerate(names.to_list())}
    item = facts.items.codes(files["item"])
    # a copy that stands in several agents is readable through each of them
    copies, place_of_copy = np.unique(item, return_inverse=True)
    agent = np.array([number[name] for name in files["agent"].to_list()], np.int32)
    original = np.full(len(copies), -1, np.int32)
    original[place_of_copy] = facts.items.codes(files["of"])
    audience = facts.principals(users["principal"])
    of_agent = np.array([number[name] for name in users["agent"].to_list()], np.int32)
    kinds = (*GRANTEES, Kind.UNRESOLVED) if wide else GRANTEES
    fit = facts.people.are(*kinds)[audience]
    listed = pl.DataFrame({"agent": of_agent[fit], "node": audience[fit], "row": np.flatnonzero(fit).astype(np.int64)})
    copied = pl.DataFrame({"agent": agent, "place": place_of_copy.astype(np.int32)})
    pairs = copied.join(listed, on="agent", how="inner")
    places = np.arange(len(copies), dtype=np.int32)
    mask = np.full(pairs.height, READ_MASK, np.uint64)
    incomplete = wide and not facts.tenant.coverage.complete("agent_users")
    return Agents(
        item=copies.astype(np.int32),
        place=places,
        original=original,
        entries=entries(
            np.array(pairs["place"].to_numpy(), np.int32),
            np.array(pairs["node"].to_numpy(), np.int32),
            mask,
            VIA_AGENT,
            np.array(pairs["row"].to_numpy(), np.int64),
        ),
        unknown=places if incomplete else places[:0],
    )
