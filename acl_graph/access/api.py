"""The questions: check, who, what, why, reach. Everything reads the same units.

>>> from acl_graph.access import Access, open_export      # doctest: +SKIP
>>> access = open_export("sample_tenants/northlake")      # doctest: +SKIP
>>> access.check("priya.rao@northlake.example", "/sites/finance")   # doctest: +SKIP
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from acl_graph.access.decide import NO_STEP, Verdicts, decide, lens_holds
from acl_graph.access.explain.assumptions import Asked, reasons
from acl_graph.access.explain.paths import Step, Witnesses, name_of, thing_name
from acl_graph.access.masks import OneUser, one_thing
from acl_graph.access.resolve import Addresses
from acl_graph.access_rules.levels import VIEW_BITS
from acl_graph.indexed.indexed_tenant import Facts, number
from acl_graph.tenant import Tenant
from acl_graph.vocabulary import COPILOT_VERDICTS, FIND_VERDICTS, GATES, STEPS, Lens, Level
from acl_graph.world.compile import Units, compile_world

if TYPE_CHECKING:
    import networkx as nx


@dataclass(frozen=True)
class Answer:
    """The answer to one `check`: four verdicts, what stops them, and what they hang on."""

    principal: str
    item: str
    #: the two as people know them: a display name, a path
    principal_name: str
    item_name: str
    open: Level
    latent: bool
    latent_by: str | None
    find: str
    copilot: str
    #: the same four where the export's gaps leave room for more, else None
    possible: dict[str, str] | None
    stopped_by: str | None
    stopped_by_all: tuple[str, ...]
    conditions: tuple[str, ...]
    because: tuple[str, ...]

    def reaches(self, lens: Lens | str) -> bool:
        """Whether this answer counts as reaching under a lens."""
        lens = Lens(lens)
        if lens is Lens.OPEN:
            return self.open >= Level.VIEW
        if lens is Lens.LATENT:
            return self.open >= Level.VIEW or self.latent
        if lens is Lens.FIND:
            return self.find == "yes"
        return self.copilot == "yes"

    def as_dict(self) -> dict[str, Any]:
        """The object of the command-line contract."""
        return {
            "principal": self.principal,
            "item": self.item,
            "open": self.open.name,
            "latent": "yes" if self.latent else "no",
            "latent_by": self.latent_by,
            "find": self.find,
            "copilot": self.copilot,
            "possible": self.possible,
            "stopped_by": self.stopped_by,
            "stopped_by_all": list(self.stopped_by_all),
            "conditions": list(self.conditions),
            "because": list(self.because),
        }


class Access:
    """A tenant, compiled and ready to be asked.

    Parameters
    ----------
    tenant
        What a reader made of an export. It is compiled on the first question.
    """

    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant
        self._users: dict[tuple[bool, int], OneUser] = {}

    def __repr__(self) -> str:
        return f"<Access to {self.tenant!r}>"

    @cached_property
    def facts(self) -> Facts:
        """The tenant, numbered."""
        return number(self.tenant)

    @cached_property
    def sure(self) -> Units:
        """The world of defaults: what is not in the export is not there."""
        return compile_world(self.facts)

    @cached_property
    def possible(self) -> Units:
        """The world in which every gap of the export is filled with whatever would widen reach."""
        return compile_world(self.facts, sure=self.sure)

    @cached_property
    def addresses(self) -> Addresses:
        """Names as people write them."""
        return Addresses(self.facts)

    def check(self, principal: str, item: str) -> Answer:
        """What `principal` can do with `item`.

        Parameters
        ----------
        principal
            Id, login (UPN or e-mail), claim or object GUID of a person, an app, or `anonymous`.
        item
            Id, server-relative path or absolute URL of a file; or a scope, answered for a plain file in it.

        Raises
        ------
        UnknownName, AmbiguousName
            The name fits nothing, or two things.
        """
        user, thing = self.addresses.subject(principal), self.addresses.thing(item)
        return self._answer(principal, item, user, thing)

    def check_many(self, pairs: Iterable[tuple[str, str]]) -> Iterator[Answer]:
        """`check` for many pairs; what was looked up for a person is kept."""
        for principal, item in pairs:
            yield self.check(principal, item)

    def _asked(self, units: Units, user: int) -> OneUser:
        key = (units.wide, user)
        if key not in self._users:
            if len(self._users) > 4096:
                self._users.clear()
            self._users[key] = OneUser(units, user)
        return self._users[key]

    def _answer(self, principal: str, item: str, user: int, thing: int) -> Answer:
        asked = np.array([thing], np.int32)
        surely = self._asked(self.sure, user)
        pairs = surely.of(asked)
        sure = decide(self.sure, pairs)
        possibly = self._asked(self.possible, user)
        possible = decide(self.possible, possibly.of(asked))
        four, wider = _four(sure), _four(possible)
        # more on the list may mean that a library's own rule is asked at last: no less is possible than is sure
        wider["open"] = Level(max(int(sure.open[0]), int(possible.open[0]))).name
        stopped = surely.attributed(pairs, int(sure.stopped[0]))
        all_gates = tuple(gate.value for number_, gate in enumerate(GATES) if stopped >> number_ & 1)
        return Answer(
            principal=self.facts.people.names[self.sure.facts.people.node_of[user]],
            item=self.addresses.name_of_thing(thing),
            principal_name=name_of(self.sure, int(self.facts.people.node_of[user])),
            item_name=thing_name(self.sure, thing),
            open=Level(int(sure.open[0])),
            latent=bool(sure.latent[0]),
            latent_by=None if sure.step[0] == NO_STEP else STEPS[int(sure.step[0])].value,
            find=four["find"],
            copilot=four["copilot"],
            possible=wider if wider != four else None,
            stopped_by=all_gates[0] if all_gates else None,
            stopped_by_all=all_gates,
            conditions=conditions(self.sure, user, thing, int(sure.open[0]), int(pairs.mask_no_anyone[0])),
            because=reasons(Asked(surely, possibly, pairs, sure, possible, stopped)),
        )

    def who(
        self, item: str, lens: Lens | str = Lens.OPEN, *, possible: bool = False, via: bool = False
    ) -> pl.DataFrame:
        """Everybody who reaches an item under a lens.

        Returns a frame of `principal`, `level`, `latent_by`, `name`, `login`, `kind`, `home`, sorted by principal; with
        `via=True` also `via`, the shortest path of each as sentences.
        """
        units = self.possible if possible else self.sure
        thing = self.addresses.thing(item)
        verdicts = decide(units, one_thing(units, thing))
        found = np.flatnonzero(lens_holds(verdicts, Lens(lens)))
        people = self.facts.people
        frame = _levels(people.names.ids.gather(people.node_of[found].astype(np.uint32)), "principal", verdicts, found)
        if via:
            paths = [
                [step.sentence() for step in self._shortest(units, int(user), thing, int(verdicts.step[user]))]
                for user in found
            ]
            frame = frame.with_columns(pl.Series("via", paths, pl.List(pl.String)))
        about = self.tenant["principals"].select(pl.col("id").alias("principal"), "name", "login", "kind", "home")
        return frame.join(about, on="principal", how="left", maintain_order="left").sort("principal")

    def what(
        self, principal: str, lens: Lens | str = Lens.OPEN, *, possible: bool = False, via: bool = False
    ) -> pl.DataFrame:
        """Every item a principal reaches under a lens.

        Returns a frame of `item`, `level`, `latent_by`, `path`, `label`, `site`, `count`, sorted by item; with
        `via=True` also `via`, the shortest path to each as sentences.
        """
        units = self.possible if possible else self.sure
        user = self.addresses.subject(principal)
        things = np.arange(units.n_items, dtype=np.int32)
        verdicts = decide(units, self._asked(units, user).of(things))
        found = np.flatnonzero(lens_holds(verdicts, Lens(lens)))
        frame = _levels(self.facts.items.ids.gather(found.astype(np.uint32)), "item", verdicts, found)
        if via:
            by_place: dict[tuple[int, ...], list[Step]] = {}
            paths = []
            for thing in found:
                latent = int(verdicts.step[thing])
                key = (int(units.place_of[thing]), int(units.site_of[thing]), int(units.need[thing]), latent)
                if key not in by_place:
                    by_place[key] = self._shortest(units, user, int(thing), latent)
                steps = by_place[key]
                last = [replace(steps[-1], target=thing_name(units, int(thing)))] if steps else []
                paths.append([step.sentence() for step in [*steps[:-1], *last]])
            frame = frame.with_columns(pl.Series("via", paths, pl.List(pl.String)))
        about = self.tenant["items"].select(pl.col("id").alias("item"), "path", "label", "site", "count")
        return frame.join(about, on="item", how="left", maintain_order="left").sort("item")

    def _shortest(self, units: Units, user: int, thing: int, latent: int) -> list[Step]:
        """The shortest path now, or the one that the latent step (a position in `STEPS`, or none) would open."""
        step = None if latent == NO_STEP else STEPS[latent]
        witnesses = Witnesses(units, user, thing, step)
        found, _, _ = witnesses.paths(1, count=False)
        return [*witnesses.before(found[0]), *found[0]] if found else []

    def why(self, principal: str, item: str, *, paths: int = 4, possible: bool = False) -> Why:
        """How a principal comes to hold an item: the shortest paths, how many there are, and the smallest cut.

        The paths are those of the permission list; whether a gate stops the principal all the same is in `check`.
        """
        units = self.possible if possible else self.sure
        user, thing = self.addresses.subject(principal), self.addresses.thing(item)
        witnesses = Witnesses(units, user, thing)
        shortest, count, complete = witnesses.paths(paths + 1)
        return Why(self.check(principal, item), shortest, count, complete, witnesses.cut() if count else [])

    def to_networkx(self, principal: str, item: str, *, possible: bool = False) -> nx.MultiDiGraph:
        """The neighbourhood that connects a principal with an item, as a networkx graph to draw or explore.

        Nodes are names, edges carry `how`, `table`, `file` and `row`. Control characters are taken out of names, so
        that GraphML written from it can be read back.
        """
        import networkx as nx

        units = self.possible if possible else self.sure
        user, thing = self.addresses.subject(principal), self.addresses.thing(item)
        graph = nx.MultiDiGraph()
        for step in Witnesses(units, user, thing).steps():
            where = {"table": step.table or "", "file": step.file or "", "row": -1 if step.line is None else step.line}
            graph.add_edge(step.source, step.target, how=step.how, **where)
        return graph


@dataclass(frozen=True)
class Why:
    """The paths by which a principal holds an item, shortest first, and the smallest set of rows that ends them."""

    answer: Answer
    witnesses: list[list[Step]]
    paths: int
    #: False when there are more paths than anybody would count; `paths` is then a lower bound
    complete: bool
    #: None where no removal of rows ends it (a gap of the export, or an assumption, gives it)
    cut: list[Step] | None

    def as_dict(self) -> dict[str, Any]:
        """The object of the command-line contract."""
        return {
            "principal": self.answer.principal,
            "item": self.answer.item,
            "open": self.answer.open.name,
            "stopped_by": self.answer.stopped_by,
            "witnesses": [[step.as_dict() for step in path] for path in self.witnesses],
            "paths": self.paths,
            "paths_complete": self.complete,
            "cut": None if self.cut is None else [step.as_dict() for step in self.cut],
        }


def _levels(ids: pl.Series, name: str, verdicts: Verdicts, found: Any) -> pl.DataFrame:
    return pl.DataFrame(
        {
            name: ids.to_list(),
            "level": [Level(int(level)).name for level in verdicts.open[found]],
            "latent_by": [None if s == NO_STEP else STEPS[int(s)].value for s in verdicts.step[found]],
        },
        schema={name: pl.String, "level": pl.String, "latent_by": pl.String},
    )


def _four(verdicts: Verdicts) -> dict[str, str]:
    return {
        "open": Level(int(verdicts.open[0])).name,
        "latent": "yes" if verdicts.latent[0] else "no",
        "find": FIND_VERDICTS[int(verdicts.find[0])],
        "copilot": COPILOT_VERDICTS[int(verdicts.copilot[0])],
    }


def conditions(units: Units, user: int, thing: int, level: int, without_anyone: int) -> tuple[str, ...]:
    """What the verdict takes for granted about the session, and what it is otherwise (O22, O23).

    `without_anyone` is what the list gives without Anyone links: these ask for no managed device.
    """
    from acl_graph.access_rules.site_controls import BLOCK, CONTEXT, LIMITED
    from acl_graph.indexed.indexed_tenant import kind_code
    from acl_graph.vocabulary import Kind

    session = int(units.session[thing])
    if level < Level.VIEW or units.facts.people.kind_of_user[user] != kind_code(Kind.USER) or units.agent_copy[thing]:
        return ()
    if without_anyone & VIEW_BITS != VIEW_BITS:
        return ()
    if session == LIMITED and level > Level.VIEW:
        return ("managed_device (otherwise VIEW)",)
    if session == BLOCK:
        return ("managed_device (otherwise NONE)",)
    if session == CONTEXT:
        return ("authentication_context (otherwise NONE)",)
    return ()


def open_export(path: str | Path, **options: Any) -> Access:
    """Read an export and make it ready to be asked: `open_export(path).check(who, what)`."""
    from acl_graph.readers import read

    return Access(read(path, **options))


__all__ = ["Access", "Answer", "Why", "open_export"]
