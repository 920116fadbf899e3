"""What the possible world takes for granted about one pair: the gaps of the export that widen it, in sentences."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import numpy as np
import polars as pl
from numpy.typing import NDArray

from acl_graph.access.decide import FOUND, YES
from acl_graph.access.explain.assumptions import Asked
from acl_graph.access.explain.paths import name_of
from acl_graph.access_rules.copilot import CAN_USE
from acl_graph.access_rules.forms import VIA_UNKNOWN
from acl_graph.access_rules.hierarchy import elevating_roles
from acl_graph.indexed.indexed_tenant import kind_code
from acl_graph.safe_output.text import inert
from acl_graph.vocabulary import GATE_NUMBER, STEPS, Cover, Gate, Kind, Level, Step
from acl_graph.world.compile import Units

#: how many paths through unknown memberships are told; one is enough to make the point, all would be a list
TOLD = 3
#: how many groups are looked into for them
LOOKED_INTO = 2_000


def gaps(asked: Asked) -> Iterator[str]:
    """Sentences for what widens the possible answer; none where it is the sure one."""
    now, wide = asked.now, asked.wide
    opens, finds = wide.open[0] > now.open[0], wide.find[0] > now.find[0]
    copilot, latent = wide.copilot[0] > now.copilot[0], bool(wide.latent[0]) and not now.latent[0] and not asked.opens
    if not (opens or finds or copilot or latent):
        return
    if opens or latent or not asked.opens:
        yield from _list(asked)
    if latent:
        yield from _addresses(asked)
    yield from _gates(asked, opening=opens or latent, showing=finds or copilot)
    if latent and wide.open[0] < Level.VIEW:
        yield from _joining(asked)
    licence, wider = asked.units.licence[asked.user], asked.possibly.units.licence[asked.user]
    if wide.copilot[0] == YES and licence != CAN_USE and wider == CAN_USE and now.copilot[0] != YES:
        yield f"whether {asked.who} can use Copilot is not known"


def _incomplete(asked: Asked, table: str) -> str | None:
    """'grants are only partly in the export', or None where the table is complete."""
    cover = asked.units.facts.tenant.coverage.table(table)
    if cover is Cover.COMPLETE:
        return None
    return f"{table} are not in the export" if cover is Cover.ABSENT else f"{table} are only partly in the export"


def _list(asked: Asked) -> Iterator[str]:
    """Rows that may stand on the list, and memberships that may lead to a row that does."""
    units = asked.possibly.units
    possibly = asked.possibly.now
    real = asked.place < units.n_scopes
    if real and len(units.everywhere) and possibly[units.everywhere.node].any():
        yield f"{_incomplete(asked, 'grants')}: anybody may hold one here"
    if asked.site >= 0 and len(units.on_every_site) and possibly[units.on_every_site.node].any():
        yield f"{_incomplete(asked, 'site_admins')}: anybody may be one"
    if not real:
        copies = _incomplete(asked, "agent_users") if units.agent_copy[asked.thing] else None
        where = "no scope is exported for it: anybody may have access"
        yield f"{copies}: anybody may use the agent" if copies else where
        if not units.agent_copy[asked.thing]:
            return
    here = units.listed.at(asked.place)
    here = here.take(possibly[here.node])
    lost = here.row[(here.via == VIA_UNKNOWN) & (here.row >= 0)]
    grants, links = units.facts.tenant["grants"], units.facts.tenant["links"]
    for row in lost[:TOLD]:
        code = units.facts.links.code(grants["link"][int(row)])
        if not 0 <= code < links.height:
            yield "a link on it is not described in the export: it may be for anybody"
        else:
            yield f"{_incomplete(asked, 'link_users')}: a link on it may have let anybody in whom it admits"
    admins = units.admins.at(asked.site)
    admins = admins.take(possibly[admins.node])
    if (admins.via == VIA_UNKNOWN).any():
        group = units.facts.principals(units.facts.tenant["sites"]["group"].slice(asked.site, 1))
        name = name_of(units, int(group[0]))
        yield f"the owners of {name} are not all in the export, and they are taken for administrators"
    nodes = {int(node) for node in [*here.node[here.via != VIA_UNKNOWN], *admins.node[admins.via != VIA_UNKNOWN]]}
    before = {int(node) for node in [*asked.units.listed.at(asked.place).node, *asked.units.admins.at(asked.site).node]}
    for node in sorted(nodes - before):
        if node in asked.surely_in and units.facts.people.kind[node] != kind_code(Kind.UNRESOLVED):
            yield f"a row makes {name_of(units, node)} an owner of the site's group, which Entra would not let one add"
    told = (sentence for node in sorted(nodes - asked.surely_in) for sentence in why_in(asked, node))
    yield from islice(dict.fromkeys(told), TOLD)
    silent = _incomplete(asked, "app_permissions")
    if silent and units.app_mask[asked.user] & ~asked.units.app_mask[asked.user]:
        yield f"{silent}: an app may have any"


def _addresses(asked: Asked) -> Iterator[str]:
    """Links whose address may let in whom the export does not say."""
    units, facts = asked.possibly.units, asked.units.facts
    found = units.latent.at(asked.place)
    found = found.take(asked.possibly.now[found.node])
    grants, links = facts.tenant["grants"]["link"], facts.tenant["links"]["audience"]
    for row in dict.fromkeys(found.row.tolist()):
        if row < 0:
            yield f"{_incomplete(asked, 'grants')}: a link for anybody who has its address may stand here"
            continue
        link = facts.links.code(grants[row])
        if not 0 <= link < len(links):
            yield "a link on it is not described in the export: it may be for anybody"
        elif links[link] is None:
            yield f"the audience of the link {inert(grants[row])} is not exported: it may be for anybody"


def why_in(asked: Asked, node: int) -> Iterator[str]:
    """Why the subject is possibly in a group and not surely: members that nobody exported, or rows nobody could add."""
    units, sure = asked.possibly.units, asked.units
    possibly = asked.possibly.now
    n_principals = len(units.facts.people.names)
    ptr, order = units.members_of
    seen, waiting = {node}, [node]
    while waiting and len(seen) < LOOKED_INTO:
        group = waiting.pop()
        if group >= n_principals:
            continue
        if units.membership.unknown[group]:
            yield _unknown(units, group)
            continue
        for at in order[ptr[group] : ptr[group + 1]]:
            member = int(units.membership.member[at])
            if not (member == asked.node or possibly[member]):
                continue
            if member in asked.surely_in:
                if not _is_member(sure, group, member):
                    inner, outer = name_of(units, member), name_of(units, group)
                    yield f"a row puts {inner} into {outer}, which Entra and SharePoint would not let one add"
            elif member not in seen:
                seen.add(member)
                waiting.append(member)
        if units.membership.populations[group] & ~sure.membership.populations[group] == 0 and _by_claim(asked, group):
            yield "show_everyone_claim is not exported: guests may be in Everyone"


def _unknown(units: Units, group: int) -> str:
    """The sentence on a group whose members are not known."""
    name = name_of(units, group)
    if units.facts.people.kind[group] == kind_code(Kind.UNRESOLVED):
        return f"{name} is named in the export and described nowhere: anybody may be in it"
    return f"the members of {name} are not all in the export"


def _is_member(units: Units, group: int, member: int) -> bool:
    ptr, order = units.members_of
    return bool((units.membership.member[order[ptr[group] : ptr[group + 1]]] == member).any())


def _by_claim(asked: Asked, group: int) -> bool:
    """Whether a claim inside the group holds the subject in the possible world only."""
    populations = int(asked.units.membership.populations[group])
    before = int(asked.units.families.now.user_populations[asked.user])
    after = int(asked.possibly.units.families.now.user_populations[asked.user])
    return bool(populations & after & ~before)


def _joining(asked: Asked) -> Iterator[str]:
    """Groups that may be public, one of which would open it, and roles whose members could give themselves access."""
    units, sure = asked.possibly.units, asked.units
    if asked.wide.step[0] == STEPS.index(Step.ELEVATION):
        for role in elevating_roles(units.facts):
            if asked.possibly.now[role] and int(role) not in asked.surely_in:
                yield from islice(why_in(asked, int(role)), 1)
    nodes = units.listed.at(asked.place).node
    nodes = nodes[nodes < len(units.facts.people.names)]
    for node in nodes[(units.membership.joinable[nodes] != 0) & (sure.membership.joinable[nodes] == 0)][:TOLD]:
        yield f"whether {name_of(units, int(node))} is public is not exported: anybody of the organisation may join it"
        return
    if asked.wide.step[0] in (STEPS.index(Step.JOIN), STEPS.index(Step.ELIGIBLE)):
        yield "a group one could join or activate may lead here, by members or rows of which the export is not sure"


def _gates(asked: Asked, *, opening: bool, showing: bool) -> Iterator[str]:
    """Gates that stop surely and possibly do not."""
    units, wide = asked.units, asked.possibly.units
    for gate in Gate:
        if gate in units.gates:
            lifted = not _passes(asked, units, units.gates[gate]) and _passes(asked, wide, wide.gates[gate])
        else:
            lifted = bool(int(asked.now.stopped[0]) & ~int(asked.wide.stopped[0]) & (1 << GATE_NUMBER[gate]))
        opens = GATE_NUMBER[gate] <= GATE_NUMBER[Gate.ENCRYPTION]
        waived = int(asked.pairs.waived[0]) >> GATE_NUMBER[gate] & 1
        if lifted and not waived and (opening or (showing and (not opens or asked.wide.find[0] == FOUND))):
            yield from _gate(asked, gate)
    if opening:
        if not _passes(asked, units, units.edit_row) and _passes(asked, wide, wide.edit_row):
            yield from _gate(asked, Gate.ENCRYPTION)
        if not _passes(asked, units, units.download_row) and _passes(asked, wide, wide.download_row):
            yield f"{asked.who} is possibly in a group that the block download policy spares"


def _passes(asked: Asked, units: Units, rows: NDArray[np.int32]) -> bool:
    """Whether the subject is in the row of users let through at the thing."""
    word = int(units.gate_bits[rows[asked.thing], asked.user >> 6])
    return bool(word >> (asked.user & 63) & 1)


def _gate(asked: Asked, gate: Gate) -> Iterator[str]:
    if gate is Gate.EXTERNAL_SHARING:
        yield f"the domain of {asked.who} is not exported: a list of allowed domains may hold it"
    elif gate is Gate.INFORMATION_BARRIER:
        yield from _barrier(asked)
    elif gate is Gate.RESTRICTED_ACCESS:
        unlisted = _incomplete(asked, "site_restricted_groups")
        if unlisted:
            yield f"{unlisted}: groups may be admitted that are not named"
            return
        groups = [] if asked.unset("restricted_access_control") else asked.units.restricted_groups.get(asked.site, [])
        if asked.site_cell("kind") == "onedrive":
            named = list(asked.units.facts.tenant.switch("onedrive_restricted_groups") or [])
            groups = [*groups, *asked.units.facts.principals(pl.Series(named, dtype=pl.String)).tolist()]
        for group in groups:
            if asked.possibly.now[group] and group not in asked.surely_in:
                yield from islice(why_in(asked, group), 1)
    elif gate in (Gate.DLP, Gate.LIBRARY):
        yield from _people_of_the_file(asked, "author" if gate is Gate.LIBRARY else "author, owner, modified_by")
    elif gate in (Gate.ENCRYPTION, Gate.COPILOT_LABEL):
        tables = [_incomplete(asked, table) for table in ("label_rights", "item_rights")]
        missing = [sentence for sentence in tables if sentence]
        yield (
            f"{missing[0]}: anybody may have a right on it"
            if missing
            else ("somebody with usage rights is a group whose members are not all in the export, or is not exported")
        )
    elif gate in (Gate.RESTRICTED_DISCOVERY, Gate.RESTRICTED_SEARCH):
        used = _incomplete(asked, "usage")
        if used:
            yield f"{used}: anybody may have used it lately"
        yield from _people_of_the_file(asked, "author, owner, modified_by")
        if gate is Gate.RESTRICTED_DISCOVERY and asked.units.facts.tenant.switch("rcd_recent_exception") == "unk":
            yield "whether one's own and recently used files stay discoverable is not known (rcd_recent_exception)"
        if gate is Gate.RESTRICTED_SEARCH and not used:
            shared = filter(None, (_incomplete(asked, table) for table in ("grants", "link_users")))
            yield from (f"{sentence}: it may have been shared with anybody in person" for sentence in shared)
    elif gate is Gate.COPILOT_DLP:
        yield f"{asked.who} is possibly in a group that a data loss prevention rule for Copilot spares"


def _barrier(asked: Asked) -> Iterator[str]:
    if asked.unset("information_barriers_suspended"):
        yield "information_barriers_suspended is not exported: barriers are surely taken to be on"
        return
    facts = asked.units.facts
    group = facts.principals(facts.tenant["sites"]["group"].slice(asked.site, 1))
    if asked.site_cell("ib_mode") in ("Implicit", "OwnerModerated") and len(group) and asked.possibly.now[group[0]]:
        yield from islice(why_in(asked, int(group[0])), 1)
        return
    theirs = facts.tenant["principals"]["segments"]
    cell = theirs[asked.node] if asked.node < len(theirs) else None
    if cell is None and not facts.tenant.coverage.default_holds("principals", "segments"):
        yield f"the segments of {asked.who} are not exported: they may match the site's"
    else:
        yield "the segments of the site are not exported: they may match anybody's"


def _people_of_the_file(asked: Asked, columns: str) -> Iterator[str]:
    coverage, items = asked.units.facts.tenant.coverage, asked.units.facts.tenant["items"]
    missing = [
        column
        for column in columns.split(", ")
        if asked.thing < items.height
        and items[column][asked.thing] is None
        and not coverage.default_holds("items", column)
    ]
    if missing:
        yield f"items.{', items.'.join(missing)} of this file is not known: anybody may be meant"


__all__ = ["gaps"]
