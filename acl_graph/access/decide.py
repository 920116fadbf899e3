"""From masks and gates to the four answers. One function decides; who asks about how many pairs does not matter.

`Pairs` holds subjects and things as arrays that broadcast against each other: one user and many things, many users
and one thing, or pair by pair. `decide` is the definition that bulk reach is held against.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from acl_graph.access_rules.copilot import CAN_USE, NOT_APPLICABLE
from acl_graph.access_rules.forms import Mask
from acl_graph.access_rules.levels import VIEW_BITS, levels_of
from acl_graph.indexed.ids import Codes
from acl_graph.indexed.indexed_tenant import kind_code
from acl_graph.vocabulary import (
    COPILOT_VERDICTS,
    FIND_VERDICTS,
    GATE_NUMBER,
    GATES,
    STEPS,
    Gate,
    Kind,
    Lens,
    Level,
    Step,
)
from acl_graph.world.compile import Units

Bools = NDArray[np.bool_]

NA, NO, UNKNOWN, CITE, YES = range(len(COPILOT_VERDICTS))
NOT_FOUND, POSSIBLY_FOUND, FOUND = range(len(FIND_VERDICTS))
NO_STEP = -1
ONE, NOTHING, VIEW = np.uint64(1), np.uint64(0), np.uint64(VIEW_BITS)
APP, UNRESOLVED = kind_code(Kind.APP), kind_code(Kind.UNRESOLVED)


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
        return np.asarray(self.step != NO_STEP, np.bool_)


def decide(units: Units, pairs: Pairs) -> Verdicts:
    """The four verdicts and every failing gate of each pair."""
    shape = np.broadcast_shapes(pairs.users.shape, pairs.things.shape, pairs.mask.shape)
    users = np.broadcast_to(pairs.users, shape)
    things = np.broadcast_to(pairs.things, shape)
    switch = units.facts.tenant.switch
    word, bit = users >> 6, (users & 63).astype(np.uint64)

    def passes(row: Codes) -> Bools:
        return np.asarray((units.gate_bits[row, word] >> bit) & ONE != 0)

    def waived(gate: Gate) -> Bools:
        return np.asarray((pairs.waived & (1 << GATE_NUMBER[gate])) != 0)

    def ok(gate: Gate) -> Bools:
        if gate not in units.live_gates:
            return everybody
        through = passes(units.gates[gate][things])
        return np.asarray(through | waived(gate)) if some_waived else through

    everybody = np.ones(shape, np.bool_)
    some_waived = bool(pairs.waived.any())
    kind = units.facts.people.kind_of_user[users]
    anonymous = kind == kind_code(Kind.ANONYMOUS)
    works, licence = units.works[users], units.licence[users]
    copy, no_anyone = units.agent_copy[things], units.no_anyone[things]
    need, need_of_author = units.need[things], units.need_of_author[things]
    of_author = waived(Gate.LIBRARY)

    def enough(mask: Mask) -> Bools:
        return np.asarray((mask & VIEW) == VIEW)

    def suits(mask: Mask) -> Bools:
        return np.asarray(((mask & need) == need) | (of_author & ((mask & need_of_author) == need_of_author)))

    held = np.where(anonymous, NOTHING, pairs.mask)
    spared = np.where(anonymous, NOTHING, pairs.mask_no_anyone)
    counted = np.where(no_anyone, spared, held)
    acl, listed = enough(held), enough(counted)
    suited = suits(counted)
    # what Anyone links alone would open, where these do not count, is asked about its library all the same
    library = np.where(listed, suited, ~acl | suits(held))
    site_state, external, barrier = ok(Gate.SITE_STATE), ok(Gate.EXTERNAL_SHARING), ok(Gate.INFORMATION_BARRIER)
    restricted, dlp = ok(Gate.RESTRICTED_ACCESS), ok(Gate.DLP)
    # where only Anyone links would have been enough and do not count, it is the block that stops and not the list
    blocked = ~dlp | (no_anyone & acl & ~listed)
    view, extract = ok(Gate.ENCRYPTION), ok(Gate.COPILOT_LABEL)
    readable = view & (extract | ~copy)  # C06: an agent reads nothing out to people who may not extract it

    around = site_state & external & barrier & dlp & readable
    level = levels_of(counted)
    level[~(works & around & restricted & library)] = Level.NONE
    level[units.read_only[things]] = np.minimum(level, Level.READ)[units.read_only[things]]
    for row, cap, spares in (
        (units.edit_row, Level.READ, waived(Gate.ENCRYPTION)),
        (units.download_row, Level.VIEW, False),
    ):
        capped = ~(passes(row[things]) | spares)
        level[capped] = np.minimum(level[capped], cap)
    opens = level >= Level.VIEW

    ready = around & restricted & ~opens
    link = pairs.by_organization | np.where(no_anyone, NOTHING, pairs.by_anyone)

    def adds(extra: Mask, taken: Step | None = None) -> Bools:
        """Who would open with this on the list, and with the gates as they are for whoever has taken the step."""
        then = units.after.get(taken, {}) if taken else {}
        if not extra.any() and not then:
            return ~everybody
        mask = counted | extra
        return np.asarray(works & (ready_after(then) if then else ready) & enough(mask) & suits(mask))

    def ready_after(then: dict[Gate, Codes]) -> Bools:
        def passed(gate: Gate, now: Bools) -> Bools:
            return np.asarray(passes(then[gate][things]) | waived(gate)) if gate in then else now

        reads = passed(Gate.ENCRYPTION, view) & (passed(Gate.COPILOT_LABEL, extract) | ~copy)
        inside = passed(Gate.INFORMATION_BARRIER, barrier) & passed(Gate.RESTRICTED_ACCESS, restricted)
        return np.asarray(site_state & external & dlp & reads & inside & ~opens)

    step = np.full(shape, NO_STEP, np.int8)
    if not opens.all():
        taken = {
            Step.LINK_URL: adds(link),
            Step.REDEMPTION: units.pending[users] & ready & listed & suited,
            Step.JOIN: adds(pairs.by_joining, Step.JOIN),
            Step.ELIGIBLE: adds(pairs.by_activating, Step.ELIGIBLE),
            Step.ELEVATION: units.elevates[users] & around & ~opens & ~copy,
        }
        for number, word_ in reversed(list(enumerate(STEPS))):
            step[taken[word_]] = number

    no_crawl, discovery, search = ok(Gate.NO_CRAWL), ok(Gate.RESTRICTED_DISCOVERY), ok(Gate.RESTRICTED_SEARCH)
    indexed = ~units.unreadable_by_index[things]
    shown = no_crawl & discovery & search & indexed
    searcher = (kind != APP) & ~anonymous & ~copy
    hit = works & acl & site_state & external & barrier & library & shown & searcher
    find = hit.astype(np.int8)  # NOT_FOUND or POSSIBLY_FOUND
    find[hit & restricted & ~blocked] = FOUND

    dlp_copilot, licence_row = ok(Gate.COPILOT_DLP), ok(Gate.COPILOT_LICENCE)
    content = ~units.user_defined[things]
    if switch("viewonly_surfaces", True) is False:
        content = content & (level != Level.VIEW)
    if switch("anon_redeemed_surfaces", True) is False:
        content = content & ~(opens & ~(enough(spared) & suits(spared)))
    copilot = np.where(licence == CAN_USE, YES, UNKNOWN).astype(np.int8)
    copilot[~(extract & dlp_copilot)] = CITE
    copilot[~(opens & shown & content & licence_row)] = NO
    copilot[licence == NOT_APPLICABLE] = NA

    failing = {
        Gate.ACCOUNT: ~works,
        Gate.ACL: ~acl,
        Gate.SITE_STATE: ~site_state,
        Gate.EXTERNAL_SHARING: ~external,
        Gate.INFORMATION_BARRIER: ~barrier,
        Gate.RESTRICTED_ACCESS: ~restricted,
        Gate.CONDITIONAL_ACCESS: ~everybody,  # it depends on the session: a condition of the answer
        Gate.DLP: blocked,
        Gate.LIBRARY: ~library,
        Gate.ENCRYPTION: ~(view | copy) | ~indexed,
        Gate.NO_CRAWL: ~no_crawl,
        Gate.RESTRICTED_DISCOVERY: ~discovery,
        Gate.RESTRICTED_SEARCH: ~search,
        Gate.COPILOT_LABEL: ~extract | (copy & ~view) | ~content,
        Gate.COPILOT_DLP: ~dlp_copilot,
        Gate.COPILOT_LICENCE: (licence == NOT_APPLICABLE) | ~licence_row,
    }
    bits = np.packbits(np.stack([failing[gate] for gate in GATES]), axis=0, bitorder="little").astype(np.int64)
    stopped = bits[0] | (bits[1] << 8)
    if not units.wide:  # of a principal nobody describes only one thing is known: nothing surely reaches it
        stopped[kind == UNRESOLVED] = 1 << GATE_NUMBER[Gate.ACL]
    return Verdicts(level, step, find, copilot, stopped)


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
