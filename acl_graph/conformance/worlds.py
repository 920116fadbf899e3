"""The notation of the `given` blocks: one line of a page is one fact, and becomes rows of the tenant folder.

The notation is described in `docs/semantics/format.md`. A line that is not understood is an error with its text:
a world that means something else than it says would be worse than none.
"""

from __future__ import annotations

import re
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from acl_graph.errors import BadInput
from acl_graph.tenant.schema import FALSE, TABLES, TRUE, Column
from acl_graph.vocabulary import Kind

Row = dict[str, Any]

#: switches whose value is a list
LIST_SWITCHES = ("restricted_search_allowed", "onedrive_restricted_groups", "blocked_domains", "allowed_domains")
#: nouns of `principals.kind`, with spaces for underscores, longest first
PRINCIPAL_KINDS = sorted(
    (kind.value.replace("_", " ") for kind in Kind if kind is not Kind.UNRESOLVED), key=len, reverse=True
)
_NAME = r"[^\s,:=]+"


@dataclass
class World:
    """Tables by name, each a dictionary from key to row; switches, coverage and the day of the export."""

    tables: dict[str, dict[tuple[Any, ...], Row]] = field(default_factory=dict)
    switches: Row = field(default_factory=dict)
    coverage: Row = field(default_factory=dict)
    snapshot: str | None = None

    def row(self, table: str, **cells: Any) -> Row:
        """Add a row, or add cells to the row that has this key."""
        key = tuple(cells.get(name) for name in TABLES[table].key)
        found = self.tables.setdefault(table, {}).setdefault(key, {})
        found.update({name: value for name, value in cells.items() if value is not None})
        return found

    def has(self, table: str, identity: str) -> bool:
        """Whether a row of a table has this id."""
        return (identity,) in self.tables.get(table, {})

    def rows(self) -> dict[str, list[Row]]:
        """The tables as lists of rows, in the order of the contract; tables without rows are left out."""
        return {name: [dict(r) for r in self.tables[name].values()] for name in TABLES if self.tables.get(name)}


def read_world(text: str, cast: World | None = None) -> World:
    """The world of a `given` block on top of a cast.

    Raises
    ------
    BadInput
        A line is not understood.
    """
    world = deepcopy(cast) if cast is not None else World()
    for line in text.splitlines():
        stripped = line.strip()
        if not stripped or stripped.startswith("#"):
            continue
        for pattern, told in _SENTENCES:
            match = pattern.fullmatch(stripped)
            if match:
                told(world, **{name: (value or "").strip() for name, value in match.groupdict().items()})
                break
        else:
            raise BadInput(f"given: {stripped!r} is not understood")
    return world


def without_unused(world: World, cast: World, asked: set[str]) -> World:
    """The same world less those of the cast that nothing in it names: a case shows what matters and no more."""
    kept = deepcopy(world)
    idle = {
        (table, key)
        for table in ("principals", "sites")
        for key, row in cast.tables.get(table, {}).items()
        if world.tables[table][key] == row
    }
    seen = set(asked)
    for value in world.switches.values():
        seen |= _names(value)
    for table, rows in world.tables.items():
        for key, row in rows.items():
            if (table, key) not in idle:
                seen |= _names(list(row.values()))
    while True:
        wanted = {(table, key) for table, key in idle if key[0] in seen}
        if not wanted:
            break
        idle -= wanted
        for table, key in wanted:
            seen |= _names(list(world.tables[table][key].values()))
    for table, key in idle:
        del kept.tables[table][key]
    return kept


def _names(value: Any) -> set[str]:
    if isinstance(value, str):
        return {value}
    if isinstance(value, list):
        return {part for part in value if isinstance(part, str)}
    return set()


def parts(body: str) -> list[str]:
    """'a, b' -> ['a', 'b']."""
    return [part.strip() for part in body.split(",") if part.strip()]


def names(body: str) -> list[str]:
    """The ids of a list of ids. Raises BadInput for one with a space: a comma was forgotten."""
    found = parts(body)
    for name in found:
        if " " in name:
            raise BadInput(f"given: {name!r} is not one name")
    return found


def cells(table: str, body: str) -> Row:
    """'kind = team, no_crawl, segments = HR + Legal' -> cells of a table, typed; a flag alone means true."""
    columns = {column.name: column for column in TABLES[table].columns}
    found: Row = {}
    for part in parts(body):
        name, equals, value = (text.strip() for text in part.partition("="))
        column = columns.get(name)
        if column is None:
            raise BadInput(f"given: {name!r} is not a column of {table}")
        found[name] = cell(column, value if equals else "true")
    return found


def cell(column: Column, text: str) -> Any:
    """One cell as its column's type: text, list (joined with +), flag or whole number. Times stay text."""
    if column.type == "list":
        return [part.strip() for part in text.split("+") if part.strip()]
    if column.type == "whole":
        return int(text)
    if column.type == "flag":
        return truth(text)
    return text


def truth(text: str) -> bool:
    """A flag's value. Raises BadInput for anything that is neither true nor false."""
    low = text.lower()
    if low not in (*TRUE, *FALSE):
        raise BadInput(f"given: {text!r} is neither true nor false")
    return low in TRUE


def _principals(world: World, kind: str, ids: str, body: str) -> None:
    for identity in names(ids):
        world.row("principals", id=identity, kind=kind.replace(" ", "_"), **cells("principals", body))


def _things(world: World, table: str, ids: str, body: str, **more: Any) -> None:
    for identity in names(ids):
        world.row(table, id=identity, **more, **cells(table, body))


def _site(world: World, ids: str, body: str) -> None:
    _things(world, "sites", ids, body)


def _scope(world: World, kind: str, id: str, above: str, body: str) -> None:
    """A place with a list of its own, `of` a site or `in` another place; after the colon, who has which level."""
    kind = "web" if kind == "subweb" else kind
    parent = world.tables.get("scopes", {}).get((above,))
    if parent is None and not world.has("sites", above):
        raise BadInput(f"given: {id} lies in {above!r}, which no line above describes")
    site = above if parent is None else parent["site"]
    world.row("scopes", id=id, site=site, kind=kind, parent=None if parent is None else above)
    for part in parts(body):
        who, equals, level = (text.strip() for text in part.rpartition("="))
        if not equals or not who:
            raise BadInput(f"given: {part!r} should read somebody = level")
        link = who.removeprefix("link ").strip() if who.startswith("link ") else None
        world.row("grants", scope=id, principal=None if link else who, link=link, level=level)


def _file(world: World, ids: str, above: str, body: str) -> None:
    _things(world, "items", ids, body, scope=above)


def _library(world: World, ids: str, above: str, body: str) -> None:
    _things(world, "libraries", ids, body, site=above)


def _label(world: World, ids: str, body: str) -> None:
    _things(world, "labels", ids, body)


def _link(world: World, audience: str, id: str, body: str) -> None:
    _things(world, "links", id, body, audience=audience)


def _members(world: World, what: str, id: str, body: str) -> None:
    role = "owner" if what.endswith("owners") else "member"
    assignment = "eligible" if what.startswith("eligible") else None
    for part in names(body):
        world.row("members", group=id, member=part, role=role, assignment=assignment)


def _link_users(world: World, id: str, body: str) -> None:
    for part in parts(body):
        who, _, how = (text.strip() for text in part.partition(" as "))
        world.row("link_users", link=id, principal=who, how=how or None)


def _admins(world: World, id: str, body: str) -> None:
    for part in names(body):
        world.row("site_admins", site=id, principal=part)


def _restricted(world: World, id: str, body: str) -> None:
    for part in names(body):
        world.row("site_restricted_groups", site=id, group=part)


def _rights(world: World, what: str, id: str, body: str) -> None:
    table, column = ("label_rights", "label") if what == "under" else ("item_rights", "item")
    for part in parts(body):
        who, _, given = (text.strip() for text in part.partition("="))
        rights = [right.strip() for right in given.split("+") if right.strip()]
        world.row(table, principal=who, rights=rights, **{column: id})


def _copilot_rule(world: World, policy: str, label: str, body: str) -> None:
    for part in parts(body):
        effect = "exclude" if part.startswith("not ") else "include"
        who = part.removeprefix("not ").strip()
        world.row(
            "copilot_dlp", policy=policy, label=label, principal=None if who == "everybody" else who, effect=effect
        )


def _agent_users(world: World, id: str, body: str) -> None:
    for part in names(body):
        world.row("agent_users", agent=id, principal=part)


def _row(world: World, table: str, body: str) -> None:
    if table not in TABLES:
        raise BadInput(f"given: there is no table {table!r}")
    world.row(table, **cells(table, body))


def _switch(world: World, name: str, value: str) -> None:
    if name in LIST_SWITCHES:
        world.switches[name] = [part.strip() for part in value.split("+") if part.strip() not in ("", "nothing")]
    elif value.lower() in ("true", "false"):
        world.switches[name] = truth(value)
    else:
        world.switches[name] = value


def _coverage(world: World, name: str, value: str) -> None:
    world.coverage[name] = value


def _not_known(world: World, what: str, name: str) -> None:
    if (world.switches if what == "switch" else world.coverage).pop(name, None) is None:
        raise BadInput(f"given: {what} {name} has no value that could be taken away")


def _snapshot(world: World, value: str) -> None:
    world.snapshot = None if value == "is not known" else value.removeprefix("=").strip()


_BODY = r"(?:\s*:\s*(?P<body>.*))?"
_SENTENCES = [
    (re.compile(pattern), told)
    for pattern, told in (
        (rf"(?P<kind>{'|'.join(PRINCIPAL_KINDS)})\s+(?P<ids>[^:=]+){_BODY}", _principals),
        (rf"site\s+(?P<ids>[^:=]+){_BODY}", _site),
        (rf"(?P<kind>web|subweb|list|folder|item)\s+(?P<id>{_NAME})\s+(?:of|in)\s+(?P<above>{_NAME}){_BODY}", _scope),
        (rf"file\s+(?P<ids>[^:=]+?)\s+in\s+(?P<above>{_NAME}){_BODY}", _file),
        (rf"library\s+(?P<ids>[^:=]+?)\s+of\s+(?P<above>{_NAME}){_BODY}", _library),
        (rf"label\s+(?P<ids>[^:=]+){_BODY}", _label),
        (rf"(?P<audience>anyone|organization|people|existing) link\s+(?P<id>[^:=]+){_BODY}", _link),
        (rf"users of link\s+(?P<id>{_NAME}){_BODY}", _link_users),
        (rf"(?P<what>members|owners|eligible members|eligible owners) of\s+(?P<id>{_NAME}){_BODY}", _members),
        (rf"admins of\s+(?P<id>{_NAME}){_BODY}", _admins),
        (rf"restricted groups of\s+(?P<id>{_NAME}){_BODY}", _restricted),
        (rf"rights (?P<what>under|on)\s+(?P<id>{_NAME}){_BODY}", _rights),
        (rf"Copilot rule\s+(?P<policy>{_NAME})\s+on\s+(?P<label>{_NAME}){_BODY}", _copilot_rule),
        (rf"users of agent\s+(?P<id>{_NAME}){_BODY}", _agent_users),
        (rf"row of (?P<table>\w+){_BODY}", _row),
        (r"switch\s+(?P<name>\w+)\s*=\s*(?P<value>.*)", _switch),
        (r"coverage\s+(?P<name>[\w.]+)\s*=\s*(?P<value>complete|partial|absent)", _coverage),
        (r"(?P<what>switch|coverage)\s+(?P<name>[\w.]+)\s+is not known", _not_known),
        (r"snapshot\s+(?P<value>is not known|=\s*\S+)", _snapshot),
    )
]
