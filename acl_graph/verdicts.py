"""From masks and gates to the four answers. One function decides; who asks about how many pairs does not matter.

`Pairs` holds subjects and things as arrays that broadcast against each other: one user and many things, many users
and one thing, or pair by pair. `decide` is the definition that bulk reach is held against.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from acl_graph.access_rules.copilot import CAN_USE, NOT_APPLICABLE
from acl_graph.access_rules.forms import ALL_PASS, Mask
from acl_graph.access_rules.levels import VIEW_BITS, levels_of
from acl_graph.facts import kind_code
from acl_graph.names import Codes
from acl_graph.units import Units
from acl_graph.vocabulary import COPILOT_VERDICTS, FIND_VERDICTS, GATE_NUMBER, STEPS, Gate, Kind, Lens, Level, Step

Bools = NDArray[np.bool_]

NA, NO, UNKNOWN, CITE, YES = range(len(COPILOT_VERDICTS))
NOT_FOUND, POSSIBLY_FOUND, FOUND = range(len(FIND_VERDICTS))
NO_STEP = -1


@dataclass(frozen=True)
class Pairs:
    """Who asks about what, and what the lists say. All arrays broadcast to one shape."""

    users: Codes
    things: Codes
    #: what the subject has on the thing's place now; without Anyone links
    mask: Mask
    mask_no_anyone: Mask
    #: what an organization link, an Anyone link, joining a group, activating a membership would add
    by_organization: Mask
    by_anyone: Mask
    by_joining: Mask
    by_activating: Mask
    #: gates that do not count for a pair, bits of `GATE_NUMBER`
    waived: NDArray[np.int64]


@dataclass(frozen=True)
class Verdicts:
    """Answers for the pairs: `open` levels, `step` (position in STEPS or -1), `find` and `copilot` positions.

    `stopped` has a bit for every gate that fails for open, find or copilot.
    """

    open: NDArray[np.int8]
    step: NDArray[np.int8]
    find: NDArray[np.int8]
    copilot: NDArray[np.int8]
    stopped: NDArray[np.int64]

    @property
    def latent(self) -> Bools:
        """Whether the pair is one step from opening."""
        return self.step != NO_STEP


def decide(units: Units, pairs: Pairs) -> Verdicts:
    """The four verdicts and every failing gate of each pair (parts A1-A3 of the rules)."""
    shape = np.broadcast_shapes(pairs.users.shape, pairs.things.shape, pairs.mask.shape)
    users = np.broadcast_to(pairs.users, shape)
    things = np.broadcast_to(pairs.things, shape)
    tenant = units.facts.tenant

    def passes(row: Codes) -> Bools:
        if not (row != ALL_PASS).any():
            return np.ones(shape, np.bool_)
        word = units.gate_bits[row, users >> 6]
        return (word >> (users & 63).astype(np.uint64)) & np.uint64(1) != 0

    def waived(gate: Gate) -> Bools:
        return (pairs.waived & np.int64(1 << GATE_NUMBER[gate])) != 0

    def ok(gate: Gate) -> Bools:
        return passes(units.gates[gate][things]) | waived(gate)

    kind = units.facts.people.kind_of_user[users]
    anonymous = users == units.facts.people.user_of[units.facts.people.anonymous]
    app = kind == kind_code(Kind.APP)
    works = units.works[users]
    need, need_of_author = units.need[things], units.need_of_author[things]
    of_author = waived(Gate.LIBRARY)
    no_anyone = units.no_anyone[things]
    copy = units.agent_copy[things]

    def enough(mask: Mask) -> Bools:
        return (mask & np.uint64(VIEW_BITS)) == np.uint64(VIEW_BITS)

    def suits(mask: Mask) -> Bools:
        return ((mask & need) == need) | (of_author & ((mask & need_of_author) == need_of_author))

    nothing = np.uint64(0)
    held = np.where(anonymous, nothing, pairs.mask)
    spared = np.where(anonymous, nothing, pairs.mask_no_anyone)
    counted = np.where(no_anyone, spared, held)
    acl = enough(held)
    site_state, external, barrier = ok(Gate.SITE_STATE), ok(Gate.EXTERNAL_SHARING), ok(Gate.INFORMATION_BARRIER)
    restricted = ok(Gate.RESTRICTED_ACCESS)
    dlp = ok(Gate.DLP)
    # A3: where only Anyone links would have been enough and do not count, it is the block that stops and not the list
    blocked = ~dlp | (no_anyone & acl & ~enough(spared))
    library = suits(counted) | ~enough(counted)
    view, extract = ok(Gate.ENCRYPTION), ok(Gate.COPILOT_LABEL)
    usable_copy = ~copy | (view & extract)
    readable = np.where(copy, usable_copy, view)

    around = site_state & external & barrier & dlp & readable
    standing = levels_of(counted)
    level = np.where(works & around & restricted & (library | (standing < Level.VIEW)), standing, Level.NONE)
    edit_free = passes(units.edit_row[things]) | waived(Gate.ENCRYPTION)
    capped_read = units.read_only[things] | ~edit_free
    level = np.where(capped_read, np.minimum(level, Level.READ), level)
    level = np.where(passes(units.download_row[things]), level, np.minimum(level, Level.VIEW)).astype(np.int8)
    opens = level >= Level.VIEW

    step = _steps(units, pairs, counted, around, restricted, opens, no_anyone, users, things, enough, suits)

    no_crawl, discovery = ok(Gate.NO_CRAWL), ok(Gate.RESTRICTED_DISCOVERY)
    search = ok(Gate.RESTRICTED_SEARCH)
    indexed = ~units.unreadable_by_index[things]
    can_search = ~app & ~anonymous & ~copy
    lists = acl & enough(counted) if no_anyone.any() else acl
    hit = works & acl & site_state & external & barrier & library & no_crawl & discovery & search & indexed & can_search
    find = np.where(hit & restricted & ~blocked & lists, FOUND, np.where(hit, POSSIBLY_FOUND, NOT_FOUND)).astype(np.int8)

    dlp_copilot, licence_row = ok(Gate.COPILOT_DLP), ok(Gate.COPILOT_LICENCE)
    licence = units.licence[users]
    content = ~units.user_defined[things]
    if tenant.switch("viewonly_surfaces", True) is False:
        content = content & ~(opens & (level == Level.VIEW))
    if tenant.switch("anon_redeemed_surfaces", True) is False:
        content = content & ~(opens & ~(enough(spared) & suits(spared)))
    surfaces = opens & no_crawl & discovery & search & indexed & content & licence_row
    copilot = np.where(licence == CAN_USE, YES, UNKNOWN)
    copilot = np.where(extract & dlp_copilot, copilot, CITE)
    copilot = np.where(surfaces, copilot, NO)
    copilot = np.where(licence == NOT_APPLICABLE, NA, copilot).astype(np.int8)

    failing = {
        Gate.ACCOUNT: ~works,
        Gate.ACL: ~acl,
        Gate.SITE_STATE: ~site_state,
        Gate.EXTERNAL_SHARING: ~external,
        Gate.INFORMATION_BARRIER: ~barrier,
        Gate.RESTRICTED_ACCESS: ~restricted,
        Gate.DLP: blocked,
        Gate.LIBRARY: ~library,
        Gate.ENCRYPTION: (~view & ~copy) | ~indexed,
        Gate.NO_CRAWL: ~no_crawl,
        Gate.RESTRICTED_DISCOVERY: ~discovery,
        Gate.RESTRICTED_SEARCH: ~search,
        Gate.COPILOT_LABEL: ~(extract & usable_copy) | ~content,
        Gate.COPILOT_DLP: ~dlp_copilot,
        Gate.COPILOT_LICENCE: (licence == NOT_APPLICABLE) | ~licence_row,
    }
    stopped = np.zeros(shape, np.int64)
    for gate, fails in failing.items():
        stopped |= np.where(fails, np.int64(1 << GATE_NUMBER[gate]), 0)
    if not units.wide:  # of a principal nobody describes only one thing is known: nothing surely reaches it
        stranger = kind == kind_code(Kind.UNRESOLVED)
        stopped = np.where(stranger, np.int64(1 << GATE_NUMBER[Gate.ACL]), stopped)
    return Verdicts(level, step, find, copilot, stopped)


def _steps(
    units: Units,
    pairs: Pairs,
    counted: Mask,
    around: Bools,
    restricted: Bools,
    opens: Bools,
    no_anyone: Bools,
    users: Codes,
    things: Codes,
    enough: object,
    suits: object,
) -> NDArray[np.int8]:
    """The first of the five steps that would open the thing, where it is not open (S03-S05, P17, P22, H10)."""
    assert callable(enough) and callable(suits)
    works, pending = units.works[users], units.pending[users]
    by_link = pairs.by_organization | np.where(no_anyone, np.uint64(0), pairs.by_anyone)
    inside = around & restricted

    def would(extra: Mask) -> Bools:
        mask = counted | extra
        return np.asarray(enough(mask) & suits(mask) & ~(enough(counted) & suits(counted)))

    taken = {
        Step.LINK_URL: works & inside & would(by_link),
        Step.REDEMPTION: pending & inside & enough(counted) & suits(counted),
        Step.JOIN: works & inside & would(pairs.by_joining),
        Step.ELIGIBLE: works & inside & would(pairs.by_activating),
        Step.ELEVATION: units.elevates[users] & around & ~units.agent_copy[things],
    }
    step = np.full(opens.shape, NO_STEP, np.int8)
    for number, word in reversed(list(enumerate(STEPS))):
        step = np.where(taken[word] & ~opens, np.int8(number), step)
    return step.astype(np.int8)


def lens_holds(verdicts: Verdicts, lens: Lens) -> Bools:
    """Which pairs reach under a lens."""
    opens = verdicts.open >= Level.VIEW
    if lens is Lens.OPEN:
        return np.asarray(opens)
    if lens is Lens.LATENT:
        return np.asarray(opens | verdicts.latent)
    if lens is Lens.FIND:
        return np.asarray(verdicts.find == FIND_VERDICTS.index("yes"))
    return np.asarray(verdicts.copilot == COPILOT_VERDICTS.index("yes"))
