"""Why a verdict is not simply a fact: the defaults, assumptions and disputed points it hangs on, in sentences.

What a gap of the export adds to the possible world is told in `gaps`. A sentence is given only where the answer about
this pair would be another without it; names in it are free of control characters.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from acl_graph.access.decide import NO, NOT_FOUND, Pairs, Verdicts
from acl_graph.access.explain.paths import name_of
from acl_graph.access.masks import OneUser
from acl_graph.access_rules.forms import (
    ACTIVE_DIRECTORY,
    AUTHENTICATED,
    DIRECTORY,
    EVERYONE,
    VIA_ANYONE,
    VIA_ASSUMED,
    VIA_ORGANIZATION,
    Entries,
)
from acl_graph.access_rules.levels import CANCEL_CHECKOUT, MANAGE_LISTS, VIEW_BITS, levels_of
from acl_graph.access_rules.links import AUDIENCES
from acl_graph.access_rules.site_controls import IB_MODES
from acl_graph.indexed.indexed_tenant import EXTERNAL_MEMBER, OTP_GUEST, kind_code
from acl_graph.safe_output.text import inert
from acl_graph.vocabulary import GATE_NUMBER, STEPS, Gate, Kind, Level, Step
from acl_graph.world.compile import Listed, Units

#: gates that stop opening itself; the others only keep content out of search and Copilot
STOP_OPENING = sum(1 << GATE_NUMBER[gate] for gate in tuple(Gate)[: GATE_NUMBER[Gate.ENCRYPTION] + 1])


@dataclass(frozen=True)
class Asked:
    """One subject and one thing in both worlds, as far as `check` has got: what is held, decided and stopped."""

    surely: OneUser
    possibly: OneUser
    pairs: Pairs
    now: Verdicts
    wide: Verdicts
    stopped: int

    @property
    def units(self) -> Units:
        """The sure world."""
        return self.surely.units

    @property
    def user(self) -> int:
        """The subject's number (U)."""
        return self.surely.user

    @cached_property
    def thing(self) -> int:
        """The thing's number (X)."""
        return int(self.pairs.things[0])

    @cached_property
    def place(self) -> int:
        """Where the thing's list stands (S')."""
        return int(self.units.place_of[self.thing])

    @cached_property
    def site(self) -> int:
        """The thing's site (T), or -1."""
        return int(self.units.site_of[self.thing])

    @cached_property
    def node(self) -> int:
        """The subject among the principals (P)."""
        return int(self.units.facts.people.node_of[self.user])

    @cached_property
    def who(self) -> str:
        """The subject's name for a sentence."""
        return name_of(self.units, self.node)

    @cached_property
    def mask(self) -> int:
        """What the list and administration surely give."""
        return int(self.pairs.mask[0])

    @cached_property
    def surely_in(self) -> set[int]:
        """The subject and every principal he is surely in, whether or not anything stands on it."""
        units, members = self.units, self.units.membership
        bits = units.families.now.user_populations[self.user]
        found = {self.node, *np.flatnonzero(members.populations & bits).tolist()}
        ptr, order = units.groups_of
        waiting = list(found)
        while waiting:
            node = waiting.pop()
            for group in members.group[order[ptr[node] : ptr[node + 1]]].tolist():
                if group not in found:
                    found.add(group)
                    waiting.append(group)
        return found

    @property
    def opens(self) -> bool:
        """Whether it opens."""
        return bool(self.now.open[0] >= Level.VIEW)

    @property
    def surfaces(self) -> bool:
        """Whether it can be found, or Copilot may use or cite it."""
        return bool(self.now.find[0] != NOT_FOUND or self.now.copilot[0] > NO)

    def stops(self, gate: Gate) -> bool:
        """Whether a gate surely stops something."""
        return bool(self.stopped >> GATE_NUMBER[gate] & 1)

    def only_stop(self, *gates: Gate) -> bool:
        """Whether nothing but these gates surely stops opening."""
        return self.stopped & STOP_OPENING & ~sum(1 << GATE_NUMBER[gate] for gate in gates) == 0

    def unset(self, switch: str) -> bool:
        """Whether the export and its tenant.toml are silent about a switch."""
        return self.units.facts.tenant.switches.get(switch) is None

    def site_cell(self, column: str) -> Any:
        """A cell of the thing's site."""
        frame = self.units.facts.tenant["sites"]
        return frame[column][self.site] if 0 <= self.site < frame.height else None


def reasons(asked: Asked) -> tuple[str, ...]:
    """Sentences for everything this answer hangs on that is not a row of the export."""
    from acl_graph.access.explain.gaps import gaps

    people = asked.units.facts.people
    if people.kind[asked.node] == kind_code(Kind.UNRESOLVED):
        return (f"{asked.who} is named in the export and described nowhere: possibly an active user with a licence",)
    return tuple(dict.fromkeys([*_defaults(asked), *_disputed(asked), *gaps(asked)]))


def enough(mask: int) -> bool:
    """Whether a mask opens."""
    return mask & VIEW_BITS == VIEW_BITS


def _here(listed: Listed, place: int) -> Entries:
    here = slice(listed.ptr[place], listed.ptr[place + 1])
    return listed.entries.take(np.arange(here.start, here.stop, dtype=np.int64))


def _held(asked: Asked) -> Entries:
    """What the subject surely holds on the thing's place."""
    found = _here(asked.units.listed, asked.place)
    return found.take(asked.surely.now[found.node])


def _defaults(asked: Asked) -> Iterator[str]:
    """What the export leaves unsaid and a default says instead."""
    units, tenant = asked.units, asked.units.facts.tenant
    held = _held(asked)
    # on a scope the rows are those of grants; what stands on an agent's copy comes from elsewhere
    grants = held.row[held.row >= 0] if asked.place < units.n_scopes else held.row[:0]
    for row in grants[units.unknown_levels[grants]]:
        yield f"the level {inert(str(tenant['grants']['level'][int(row)]))!r} is not known and is read as Read"
    admins = units.admins.at(asked.site)
    admins = admins.take(asked.surely.now[admins.node] & (admins.via == VIA_ASSUMED))
    if len(admins) or (held.via == VIA_ASSUMED).any():
        yield (
            "no grant and no administrator of the site is exported: the owners of its group are taken for its "
            "administrators and the members for editors"
        )
    yield from _audiences(asked, held)
    yield from _label(asked)
    mode = asked.site_cell("ib_mode")
    if isinstance(mode, str) and mode not in IB_MODES and (asked.opens or asked.now.latent[0]):
        yield f"the information barrier mode {inert(mode)!r} is not known and is taken for Open"
    unsaid = list(_unsaid(asked))
    if unsaid:
        yield f"not in the export, so the default counts: {', '.join(unsaid)}"
    if tenant.snapshot is None and _time_matters(asked, held):
        now = units.facts.now
        taken = "nothing has expired" if now is None else f"it was made on {now:%Y-%m-%d}, its newest date"
        yield f"the export does not say when it was made: {taken}, as far as we know"


def _label(asked: Asked) -> Iterator[str]:
    """A label that no row describes: it may encrypt, and nobody exported for whom."""
    facts = asked.units.facts
    label = int(facts.item_label[asked.thing]) if asked.thing < asked.units.n_items else -1
    if label >= 0 and asked.opens and label not in facts.labels.codes(facts.tenant["labels"]["id"]):
        yield f"the label {inert(facts.labels[label])} is not described in the export: it is taken not to encrypt"


#: what would narrow an answer if it were not as the default has it: table, column and what is taken
_OF_PERSON = (("state", "active"), ("home", "internal"))
_OF_SITE = (("lock", "unlocked"), ("archive", "not archived"), ("ib_mode", "Open"), ("restricted_access", "off"))
_OF_SITE_SHOWN = (("no_crawl", "off"), ("restricted_discovery", "off"))
_OF_ITEM = (("label", "none"), ("dlp", "no block"), ("archived", "no"))
_OF_LABEL = (("encrypts", "no"),)


def _unsaid(asked: Asked) -> Iterator[str]:
    """Cells and tables that the export is silent about and that could have stopped what is not stopped."""
    if not (asked.opens or asked.now.latent[0] or asked.surfaces):
        return
    facts = asked.units.facts
    tenant, outside = facts.tenant, bool(asked.units.outsider[asked.user])
    item = asked.thing if asked.thing < asked.units.n_items else -1
    copy = bool(asked.units.agent_copy[asked.thing])
    label = int(facts.item_label[item]) if item >= 0 else -1
    asks: list[tuple[str, int, tuple[tuple[str, str], ...]]] = [("principals", asked.node, _OF_PERSON)]
    if not copy:
        asks.append(("sites", asked.site, (*_OF_SITE, *(_OF_SITE_SHOWN if asked.surfaces else ()))))
        asks += [("sites", asked.site, (("sharing", "everything allowed"),))] if outside else []
        asks.append(("items", item, _OF_ITEM))
    asks.append(("labels", label, _OF_LABEL))
    for table, at, columns in asks:
        frame = tenant[table]
        for column, taken in columns if at >= 0 else ():
            cell = frame[column][at] if at < frame.height else None
            if cell is None and not tenant.coverage.default_holds(table, column):
                yield f"{table}.{column} ({taken})"
    if outside and not tenant.coverage.complete("guest_expiry"):
        yield "guest_expiry (none)"
    if asked.now.copilot[0] > NO and label >= 0 and not copy and not tenant.coverage.complete("copilot_dlp"):
        yield "copilot_dlp (no rule)"
    encrypted = item >= 0 and bool(asked.units.gates[Gate.ENCRYPTION][asked.thing])
    if encrypted and asked.surfaces and asked.unset("aip_integration"):
        yield "the switch aip_integration (on)"


def _audiences(asked: Asked, held: Entries) -> Iterator[str]:
    """Links whose audience nobody said: read as Anyone, the widest."""
    facts = asked.units.facts
    latent = _here(asked.units.latent, asked.place)
    latent = latent.take(asked.surely.now[latent.node])
    links = facts.tenant["links"]
    for found in (held, latent):
        for row in found.row[(found.via == VIA_ANYONE) & (found.row >= 0)]:
            link = facts.tenant["grants"]["link"][int(row)]
            at = facts.links.code(link)
            said = links["audience"][at] if 0 <= at < links.height else None
            if said is not None and said not in AUDIENCES:
                yield f"the audience {inert(said)!r} of the link {inert(link)} is not known: it is taken for Anyone"
            elif 0 <= at < links.height and said is None:
                yield f"the audience of the link {inert(link)} is not exported: it lets in surely whom it names only"


def _time_matters(asked: Asked, held: Entries) -> bool:
    """Whether an expiry or a window of recent use could bear on this pair."""
    units, tenant = asked.units, asked.units.facts.tenant
    linked = bool((held.user_row >= 0).any() or np.isin(held.via, (VIA_ANYONE, VIA_ORGANIZATION)).any())
    linked = linked or any(len(_here(listed, asked.place)) for listed in (units.latent, units.ended))
    if linked and tenant["links"]["expires"].null_count() < tenant["links"].height:
        return True
    if units.outsider[asked.user] and tenant["guest_expiry"].height:
        return True
    window = (Gate.RESTRICTED_DISCOVERY, Gate.RESTRICTED_SEARCH)
    narrowed = any(units.gates[gate][asked.thing] for gate in window)
    return bool(narrowed and tenant["usage"].height)


def _disputed(asked: Asked) -> Iterator[str]:
    """Points on which Microsoft's pages disagree or are silent; each has a flag of its own."""
    yield from _populations(asked)
    yield from _links(asked)
    yield from _surfacing(asked)
    yield from _restricted_access(asked)
    yield from _other_gates(asked)


def _mask_in(asked: Asked, populations: int, *, organization: bool = True) -> int:
    """What the list would give if the subject were in other populations, with or without organization links."""
    other = asked.surely.in_populations(populations)
    found = _here(asked.units.listed, asked.place)
    held = found.take(other[found.node] & ((found.via != VIA_ORGANIZATION) | organization))
    admins = asked.units.admins.at(asked.site)
    masks = np.concatenate([held.mask, admins.mask[other[admins.node]]])
    return int(np.bitwise_or.reduce(masks, initial=np.uint64(0)))


def _level(mask: int) -> int:
    return int(levels_of(np.array([mask], np.uint64))[0])


def _populations(asked: Asked) -> Iterator[str]:
    people, units = asked.units.facts.people, asked.units
    bits = int(units.families.now.user_populations[asked.user])
    if people.home[asked.node] == EXTERNAL_MEMBER and asked.unset("external_member_in_org"):
        without = _mask_in(asked, bits & ~(DIRECTORY | ACTIVE_DIRECTORY), organization=False)
        step, by_anyone = int(asked.now.step[0]), int(asked.pairs.by_anyone[0])
        by_link = step == STEPS.index(Step.LINK_URL) and not enough(asked.mask | by_anyone)
        if by_link or step == STEPS.index(Step.JOIN) or (asked.opens and _level(without) < _level(asked.mask)):
            yield "external members are taken to belong to the organisation (external_member_in_org; pages disagree)"
    if not units.outsider[asked.user] or not asked.only_stop(Gate.ACL) or enough(asked.mask):
        return
    if asked.unset("guests_in_allusers") and enough(_mask_in(asked, bits | AUTHENTICATED)):
        yield "guests are taken not to be in All Users (guests_in_allusers; the documented default contradicts itself)"
    if asked.unset("show_everyone_claim") and enough(_mask_in(asked, bits | EVERYONE)):
        yield "show_everyone_claim is not exported: guests are surely not in Everyone, possibly they are"


def _links(asked: Asked) -> Iterator[str]:
    ended = _here(asked.units.ended, asked.place)
    ended = ended.take(asked.surely.now[ended.node])
    once = asked.mask | int(np.bitwise_or.reduce(ended.mask, initial=np.uint64(0)))
    fell = enough(once) and not enough(asked.mask) and asked.only_stop(Gate.ACL)
    if fell and asked.unset("link_death_ends_redeemed"):
        yield "a link that no longer works is taken to end what people had redeemed (link_death_ends_redeemed)"
    spared = int(asked.pairs.mask_no_anyone[0])
    if asked.now.copilot[0] > NO and asked.unset("anon_redeemed_surfaces") and not enough(spared):
        yield "Copilot is taken to use what was opened through an Anyone link only (anon_redeemed_surfaces; inferred)"


def _surfacing(asked: Asked) -> Iterator[str]:
    units, waived = asked.units, int(asked.pairs.waived[0])
    if asked.now.copilot[0] > NO and asked.now.open[0] == Level.VIEW and asked.unset("viewonly_surfaces"):
        yield "Copilot is taken to use what can be viewed but not downloaded (viewonly_surfaces; not stated anywhere)"
    row = int(units.gates[Gate.RESTRICTED_DISCOVERY][asked.thing])
    recent = waived >> GATE_NUMBER[Gate.RESTRICTED_DISCOVERY] & 1
    if recent and row and asked.surfaces and asked.unset("rcd_recent_exception"):
        yield (
            "one's own and recently used files are taken to stay discoverable under restricted content discovery "
            "(rcd_recent_exception; Microsoft's pages disagree)"
        )


def _restricted_access(asked: Asked) -> Iterator[str]:
    units = asked.units
    groups = units.restricted_groups.get(asked.site)
    if not groups:
        return
    fails = asked.stops(Gate.RESTRICTED_ACCESS)
    if asked.unset("restricted_access_control") and fails:
        yield "restricted_access_control is not exported: the site's own flag is taken to count"
        return
    people = units.facts.people
    ptr, order = units.groups_of
    direct = set(units.membership.group[order[ptr[asked.node] : ptr[asked.node + 1]]].tolist())
    inside = any(asked.surely.now[group] for group in groups)
    if inside and not fails and asked.opens and not direct & set(groups) and asked.unset("rac_nested"):
        yield "a member of a group inside the group is taken to pass restricted access control (rac_nested; inferred)"
    governs = bool(asked.surely.administers(asked.site)) or people.kind[asked.node] == kind_code(Kind.APP)
    if fails and governs and asked.only_stop(Gate.RESTRICTED_ACCESS) and asked.unset("rac_applies_to_site_admins"):
        yield (
            "restricted access control is taken to bind site administrators and apps too "
            "(rac_applies_to_site_admins; apps are not addressed anywhere)"
        )


def _other_gates(asked: Asked) -> Iterator[str]:
    units, facts = asked.units, asked.units.facts
    people, now = facts.people, facts.now
    by_now = now is not None and (now.year, now.month) >= (2026, 7)
    if by_now and people.home[asked.node] == OTP_GUEST and asked.unset("otp_guests_retired"):
        yield "guests who sign in with a one-time passcode are taken to be retired by now (otp_guests_retired)"
    need = int(units.need[asked.thing])
    if need & (CANCEL_CHECKOUT | MANAGE_LISTS) and enough(asked.mask) and asked.unset("readsecurity_bypass_bit"):
        spared = asked.pairs.waived[0] >> GATE_NUMBER[Gate.LIBRARY] & 1
        if not spared and bool(asked.mask & CANCEL_CHECKOUT) != bool(asked.mask & MANAGE_LISTS):
            yield (
                "only Override List Behaviors is taken to show other people's items "
                "(readsecurity_bypass_bit; sources disagree)"
            )
    barrier = asked.site_cell("ib_mode") == "Implicit" and asked.site_cell("group") is not None
    if barrier and asked.unset("ib_implicit_group_based") and enough(asked.mask):
        theirs, ours = _segments(asked)
        suspended = facts.tenant.switch("information_barriers_suspended", False)
        if not suspended and bool(theirs & ours) is asked.stops(Gate.INFORMATION_BARRIER):
            yield (
                "an implicit information barrier is taken to go by the site's group and not by segments "
                "(ib_implicit_group_based; it depends on when barriers were enabled)"
            )


def _segments(asked: Asked) -> tuple[set[str], set[str]]:
    frame = asked.units.facts.tenant["principals"]
    theirs = frame["segments"][asked.node] if asked.node < frame.height else None
    ours = asked.site_cell("segments")

    def folded(cell: Any) -> set[str]:
        return set() if cell is None else {str(segment).lower() for segment in cell}

    return folded(theirs), folded(ours)


__all__ = ["Asked", "reasons"]
