"""Why somebody reaches something: paths step by step, the export row behind each step, and the smallest cut.

A path goes from a subject through memberships to an entry that stands on the thing's scope, its site, or a link.
Access ends when, for one of the bits it needs, no path is left to an entry that has it; the smallest cut is therefore
the smallest of one minimum edge cut per bit. Steps without a row of their own (being in a population) cannot be cut.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from acl_graph.access_rules.forms import (
    VIA_ADMIN,
    VIA_AGENT,
    VIA_ANYONE,
    VIA_ASSUMED,
    VIA_GRANT,
    VIA_ORGANIZATION,
    VIA_OWNER,
    VIA_PEOPLE,
)
from acl_graph.access_rules.hierarchy import elevating_roles, site_groups
from acl_graph.access_rules.levels import VIEW_BITS, app_grants, levels_of
from acl_graph.indexed.indexed_tenant import kind_code
from acl_graph.kernels.csr import gather
from acl_graph.safe_output.text import inert
from acl_graph.vocabulary import Kind, Level
from acl_graph.vocabulary import Step as Latent
from acl_graph.world.compile import Units

#: simple paths are counted up to here; beyond it the answer says so
MOST_PATHS = 100_000
#: half-finished paths looked at before the search gives up and says so
MOST_TRIED = 1_000_000
LINK_WORDS = {VIA_ANYONE: "Anyone link", VIA_ORGANIZATION: "organization link", VIA_PEOPLE: "people link"}
JOIN, ACTIVATE = "could join", "could activate membership of"
Node = tuple[str, int]  # ("p", principal) or ("e", entry)


@dataclass(frozen=True)
class Step:
    """One step of a path: who, how, to what, and the row of the export that says so (None for a population)."""

    source: str
    how: str
    target: str
    table: str | None
    row: int | None  #: position in the tenant's table
    file: str | None
    line: int | None  #: row of the file

    def as_dict(self) -> dict[str, Any]:
        """The step as the command line prints it."""
        row = None if self.table is None else {"table": self.table, "file": self.file, "row": self.line}
        return {"from": self.source, "how": self.how, "to": self.target, "row": row}

    def sentence(self) -> str:
        """The step on one line."""
        where = f" [{self.file or self.table}:{self.line}]" if self.line is not None else ""
        return f"{self.source} {self.how} {self.target}{where}"


@dataclass(frozen=True)
class _Edge:
    source: Node
    target: Node
    how: str
    rows: tuple[tuple[str, int], ...]  # (table, position); empty: cannot be cut


@dataclass(frozen=True)
class _Entry:
    node: int
    mask: int
    edges: tuple[tuple[str, tuple[str, int] | None], ...]  # (how, row) from the node to the thing
    label: str


class Witnesses:
    """The paths of one subject to one thing, in one world; with `step` those that this one step would open."""

    def __init__(self, units: Units, user: int, thing: int, step: Latent | None = None) -> None:
        self.units, self.user, self.thing, self.step = units, user, thing, step
        self.people = units.facts.people
        self.start: Node = ("p", int(self.people.node_of[user]))
        self.entries = list(_by_elevation(units)) if step is Latent.ELEVATION else list(_entries_on(units, thing))
        if step is Latent.LINK_URL:
            self.entries += _by_address(units, thing)
        if step is not Latent.ELEVATION and units.app_mask[user] and units.place_of[thing] < units.n_scopes:
            self.entries += [
                _Entry(self.start[1], mask, (("may, as an app, open", ("app_permissions", row)),), "")
                for holder, mask, row in app_grants(units.facts, wide=units.wide)
                if holder == user
            ]
            known = 0
            for entry in self.entries:
                known |= entry.mask if entry.node == self.start[1] else 0
            may = int(units.app_mask[user])
            if may & ~known:  # the table that would say so is not all there
                self.entries.append(_Entry(self.start[1], may, (("may, as an app, be allowed to open", None),), ""))
        self.need = VIEW_BITS if step is Latent.ELEVATION else VIEW_BITS | int(units.need[thing])
        self.parents = self._upward()
        self.edges = self._edges()

    # --- the graph ----------------------------------------------------------------------------------------------

    def _upward(self) -> dict[int, list[tuple[int, str, tuple[str, int] | None]]]:
        """Every principal the subject is in -> how it is reached: (member, how, row)."""
        units, people = self.units, self.people
        above = _above(units)
        found: dict[int, list[tuple[int, str, tuple[str, int] | None]]] = {self.start[1]: []}
        queue = deque([self.start[1]])
        for claim, how in [*self._populations(), *self._joinable()]:
            found.setdefault(claim, []).append((self.start[1], how, None))
            queue.append(claim)
        eligible: dict[int, list[tuple[int, int]]] = {}
        if self.step is Latent.ELIGIBLE:
            inside = units.membership
            for group, member, row in zip(
                inside.eligible_group.tolist(),
                inside.eligible_member.tolist(),
                inside.eligible_row.tolist(),
                strict=True,
            ):
                eligible.setdefault(member, []).append((group, row))
        while queue:
            node = queue.popleft()
            for at in above[1][above[0][node] : above[0][node + 1]]:
                group, row = int(units.membership.group[at]), int(units.membership.row[at])
                owner = people.kind[group] == kind_code(Kind.GROUP_OWNERS)
                step = (node, "owns the group of" if owner else "is a member of", ("members", row))
                if group not in found:
                    found[group] = [step]
                    queue.append(group)
                elif step not in found[group]:
                    found[group].append(step)
            for group, row in eligible.get(node, ()):
                step = (node, ACTIVATE, ("members", row))
                if group not in found:
                    queue.append(group)
                found.setdefault(group, []).append(step)
        return found

    def before(self, path: list[Step]) -> list[Step]:
        """The step itself, where it is not on the path: it opens a gate for somebody who is on the list already."""
        if self.step not in (Latent.JOIN, Latent.ELIGIBLE) or any(one.how in (JOIN, ACTIVATE) for one in path):
            return []
        edges = [
            _Edge(("p", member), ("p", node), how, (row,) if row else ())
            for node, steps in self.parents.items()
            for member, how, row in steps
            if how in (JOIN, ACTIVATE)
        ]
        gates = self._gate_groups()
        inside = [edge for edge in edges if self._upward_from(edge.target[1]) & gates]
        return [self._step(edge) for edge in (inside or edges)[:1]]

    def _gate_groups(self) -> set[int]:
        """Groups that a gate of the thing asks for."""
        facts, site = self.units.facts, int(self.units.site_of[self.thing])
        named = set(self.units.restricted_groups.get(site, []))
        named.add(int(site_groups(facts)[site]) if site >= 0 else -1)
        for table in ("label_rights", "item_rights"):
            named |= set(facts.principals(facts.tenant[table]["principal"]).tolist())
        return named

    def _upward_from(self, node: int) -> set[int]:
        above = _above(self.units)
        seen, waiting = {node}, [node]
        while waiting:
            here = waiting.pop()
            for group in self.units.membership.group[above[1][above[0][here] : above[0][here + 1]]].tolist():
                if group not in seen:
                    seen.add(group)
                    waiting.append(group)
        return seen

    def _joinable(self) -> list[tuple[int, str]]:
        """Public groups that the subject could join, where that is the step."""
        if self.step is not Latent.JOIN:
            return []
        inside = self.units.families.now.user_populations[self.user]
        return [(int(node), JOIN) for node in np.flatnonzero(self.units.membership.joinable & inside)]

    def _populations(self) -> list[tuple[int, str]]:
        """Claims (and groups with members the export does not show) whose population holds the subject."""
        units = self.units
        inside = units.families.now.user_populations[self.user]
        held = np.flatnonzero(units.membership.populations & inside)
        sentence = {True: "may be among the unknown members of", False: "is among"}
        return [(int(node), sentence[bool(units.membership.unknown[node])]) for node in held]

    def _edges(self) -> list[_Edge]:
        edges = [
            _Edge(("p", member), ("p", node), how, () if row is None or row[1] < 0 else (row,))
            for node, steps in self.parents.items()
            for member, how, row in steps
        ]
        inside = self.units.families.now.user_populations[self.user]
        n = len(self.people.names)
        for number, entry in enumerate(self.entries):
            source: Node = ("p", entry.node)
            if entry.node >= n:  # a population: everybody who is in it stands there
                if not inside & (1 << (entry.node - n)):
                    continue
                source = self.start
            elif entry.node not in self.parents:
                continue
            for position, (how, row) in enumerate(entry.edges):
                last = position == len(entry.edges) - 1
                target: Node = ("e", number) if last else ("l", number)
                edges.append(_Edge(source, target, how, () if row is None or row[1] < 0 else (row,)))
                source = target
        return edges

    # --- the answers --------------------------------------------------------------------------------------------

    def steps(self) -> list[Step]:
        """Every step that lies on some way from the subject to the thing, parallel rows apart."""
        useful = self._useful({("e", number) for number in range(len(self.entries))})
        found = []
        for edge in self.edges:
            if edge.target in useful:
                rows = edge.rows or (None,)
                found += [self._step(_Edge(edge.source, edge.target, edge.how, (row,) if row else ())) for row in rows]
        return found

    def paths(self, most: int, *, count: bool = True) -> tuple[list[list[Step]], int, bool]:
        """(the shortest `most` paths, how many there are, whether the count is complete).

        Where no single entry opens the thing, paths to entries that do so together are given. With `count=False` the
        search ends at `most`.
        """
        goals = {("e", number) for number, entry in enumerate(self.entries) if entry.mask & self.need == self.need}
        if not self._reaches(goals):
            together = self.need
            goals = {("e", number) for number, entry in enumerate(self.entries) if entry.mask & together}
        shortest: list[list[Step]] = []
        seen = 0
        self.gave_up = False
        for path in self._simple_paths(goals):
            seen += 1
            if len(shortest) < most:
                shortest.append([self._step(edge) for edge in path])
            if seen >= MOST_PATHS or (not count and len(shortest) >= most):
                return shortest, seen, False
        return shortest, seen, not self.gave_up

    def _reaches(self, goals: set[Node]) -> bool:
        return any(edge.target in goals for edge in self.edges)

    def _simple_paths(self, goals: set[Node]) -> Iterator[list[_Edge]]:
        """All paths without repeated nodes, shortest first, by deepening; parallel rows are paths of their own."""
        out: dict[Node, list[_Edge]] = {}
        for edge in self.edges:
            for row in edge.rows or ((),):
                rows = (row,) if row else ()
                out.setdefault(edge.source, []).append(_Edge(edge.source, edge.target, edge.how, rows))
        queue: deque[tuple[Node, list[_Edge], frozenset[Node]]] = deque([(self.start, [], frozenset([self.start]))])
        useful = self._useful(goals)
        tried = 0
        while queue:
            tried += 1
            if tried > MOST_TRIED:
                self.gave_up = True
                return
            node, path, seen = queue.popleft()
            if node in goals:
                yield path
                continue
            for edge in out.get(node, ()):
                if edge.target in useful and edge.target not in seen:
                    queue.append((edge.target, [*path, edge], seen | {edge.target}))

    def _useful(self, goals: set[Node]) -> set[Node]:
        """Nodes from which a goal can be reached at all."""
        back: dict[Node, list[Node]] = {}
        for edge in self.edges:
            back.setdefault(edge.target, []).append(edge.source)
        found = set(goals)
        queue = deque(goals)
        while queue:
            for source in back.get(queue.popleft(), ()):
                if source not in found:
                    found.add(source)
                    queue.append(source)
        return found

    def cut(self) -> list[Step] | None:
        """One smallest set of rows that must all go for access to end; None where no set of rows ends it."""
        best: list[Step] | None = None
        for bit in _bits(self.need):
            goals = {("e", number) for number, entry in enumerate(self.entries) if entry.mask & bit}
            if not self._reaches(goals):
                return []
            found = self._minimum_cut(goals)
            if found is not None and (best is None or len(found) < len(best)):
                best = found
        return best

    def _minimum_cut(self, goals: set[Node]) -> list[Step] | None:
        import networkx as nx

        useful = self._useful(goals)
        by_row: dict[tuple[str, int], list[_Edge]] = {}
        graph = nx.DiGraph()
        graph.add_node(self.start)
        for edge in self.edges:
            if edge.target not in useful or edge.source not in useful:
                continue
            if not edge.rows:
                graph.add_edge(edge.source, edge.target)  # no capacity: infinite
                continue
            for row in edge.rows:
                # one row is one unit however many steps it makes: it is a node with a door of width one
                if row not in by_row:
                    graph.add_edge(("in", row), ("out", row), capacity=1)
                by_row.setdefault(row, []).append(edge)
                graph.add_edge(edge.source, ("in", row))
                graph.add_edge(("out", row), edge.target)
        for goal in goals & useful:
            graph.add_edge(goal, "end")
        if "end" not in graph:
            return []
        try:
            _, (near, far) = nx.minimum_cut(graph, self.start, "end")
        except nx.NetworkXUnbounded:
            return None
        doors = [row for row in by_row if ("in", row) in near and ("out", row) in far]
        return [self._step(_Edge(by_row[r][0].source, by_row[r][0].target, by_row[r][0].how, (r,))) for r in doors]

    def _step(self, edge: _Edge) -> Step:
        table, row = edge.rows[0] if edge.rows else (None, None)
        file = line = None
        if table is not None and row is not None:
            frame = self.units.facts.tenant[table]
            file, line = frame["source_file"][row], frame["source_row"][row]
        return Step(self._name(edge.source), edge.how, self._name(edge.target), table, row, file, line)

    def _name(self, node: Node) -> str:
        kind, number = node
        if kind == "p":
            return name_of(self.units, number)
        if kind == "l":
            return self.entries[number].label
        return thing_name(self.units, self.thing)


def _bits(mask: int) -> list[int]:
    return [1 << position for position in range(64) if mask >> position & 1]


def _above(units: Units) -> tuple[Any, Any]:
    """Membership rows gathered by member; kept on the units, which never change."""
    kept = getattr(units, "_above_rows", None)
    if kept is None:
        kept = gather(units.membership.member, len(units.facts.people.names))
        object.__setattr__(units, "_above_rows", kept)
    return kept


def _entries_on(units: Units, thing: int) -> Iterator[_Entry]:
    """Everything that stands on a thing: its place's list, its site's administrators, what may stand anywhere."""
    place, site = int(units.place_of[thing]), int(units.site_of[thing])
    here = [(units.listed.at(place), False), (units.admins.at(site), True)]
    if place < units.n_scopes:
        here.append((units.everywhere, False))
        if site >= 0:
            here.append((units.on_every_site, True))
    for found, _admin in here:
        for position in range(len(found)):
            node, mask, via = int(found.node[position]), int(found.mask[position]), int(found.via[position])
            row, user_row = int(found.row[position]), int(found.user_row[position])
            level = Level(int(levels_of(np.array([mask], np.uint64))[0])).name
            if via in LINK_WORDS and user_row >= 0:
                label = LINK_WORDS[via]
                if via == VIA_ANYONE and bool(units.no_anyone[thing]):
                    continue
                yield _Entry(
                    node,
                    mask,
                    (("is on the", ("link_users", user_row)), (f"gives {level} on", ("grants", row))),
                    label,
                )
            elif via == VIA_ADMIN:
                yield _Entry(node, mask, (("administers the site of", ("site_admins", row)),), "")
            elif via == VIA_OWNER:
                yield _Entry(node, mask, (("owns the OneDrive that holds", ("sites", row)),), "")
            elif via == VIA_ASSUMED:
                where = ("members", row) if row >= 0 else None
                yield _Entry(node, mask, (("is assumed to have, as the site's group, access to", where),), "")
            elif via == VIA_AGENT:
                yield _Entry(node, mask, (("may use the agent that holds", ("agent_users", row)),), "")
            elif via == VIA_GRANT:
                yield _Entry(node, mask, ((f"has {level} on", ("grants", row)),), "")
            else:
                yield _Entry(node, mask, (("may be granted access, where the export has gaps, to", None),), "")


def _by_address(units: Units, thing: int) -> Iterator[_Entry]:
    """Links on a thing whose address alone would let somebody in."""
    found = units.latent.at(int(units.place_of[thing]))
    for node, mask, via, row in zip(found.node, found.mask, found.via, found.row, strict=True):
        if via == VIA_ANYONE and units.no_anyone[thing]:
            continue
        level = Level(int(levels_of(np.array([mask], np.uint64))[0])).name
        how = f"could open, with the address of an {LINK_WORDS[int(via)]} that gives {level},"
        yield _Entry(int(node), int(mask), ((how, ("grants", int(row)) if row >= 0 else None),), "")


def _by_elevation(units: Units) -> Iterator[_Entry]:
    """Directory roles whose members could give themselves access (H10)."""
    for role in elevating_roles(units.facts):
        yield _Entry(int(role), VIEW_BITS, (("lets its members give themselves access to", None),), "")


def name_of(units: Units, node: int) -> str:
    """A principal's display name with its id, or its id alone; control characters are taken out."""
    people = units.facts.people
    if node >= len(people.names):
        return "anybody"
    identity = people.names[node]
    names = units.facts.tenant["principals"]["name"]
    name = names[node] if node < len(names) else None
    login = units.facts.tenant["principals"]["login"]
    known_as = name or (login[node] if node < len(login) else None)
    return inert(f"{known_as} ({identity})" if known_as and known_as != identity else identity)


def known_as(units: Units, node: int) -> str:
    """A principal's display name, else its login, else its id; inert."""
    people, frame = units.facts.people, units.facts.tenant["principals"]
    if node >= len(people.names):
        return "anybody"
    name = frame["name"][node] if node < frame.height else None
    login = frame["login"][node] if node < frame.height else None
    return inert(name or login or people.names[node])


def thing_name(units: Units, thing: int) -> str:
    """An item's path or id; for a plain item, its scope's."""
    facts = units.facts
    if thing < units.n_items:
        frame, code, names = facts.tenant["items"], thing, facts.items
    else:
        frame, code, names = facts.tenant["scopes"], thing - units.n_items, facts.scopes
    path = frame["path"][code] if code < frame.height else None
    return inert(path or names[code])


__all__ = ["Step", "Witnesses", "name_of", "thing_name"]
