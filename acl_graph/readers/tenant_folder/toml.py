"""`tenant.toml`: the name, the moment, the switches, and somebody's word on how much of the tenant the tables hold."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime
from typing import Any

from acl_graph.errors import BadInput
from acl_graph.readers.parsing.sniff import CUT_OFF, Sniffed, open_bytes, plain, sniff_encoding
from acl_graph.safe_output.csv_cells import KEY
from acl_graph.tenant.raw_export import RawExport
from acl_graph.tenant.schema import TABLES
from acl_graph.tenant.switches import read_switches
from acl_graph.vocabulary import Cover

#: what may stand at the top
ENTRIES = ("name", "snapshot", "coverage", "switches", "notes", KEY)


def read_toml(file: Sniffed, raw: RawExport) -> None:
    """Take everything over; a file saved with a byte order mark, in UTF-16 or as `.gz` is the same file.

    Raises
    ------
    BadInput
        It is no TOML, or says something that cannot be.
    """
    said = said_in(file)
    for key, kind in (("coverage", dict), ("switches", dict), ("notes", list)):
        if not isinstance(said.get(key, kind()), kind):
            raise BadInput(f"{file.relative}: {key} must be {'a list' if kind is list else f'a table, [{key}]'}.")
    raw.name = str(said.get("name", raw.root.name))
    raw.snapshot = _moment(said.get("snapshot"), file) or raw.snapshot
    _cover(said.get("coverage", {}), file, raw)
    switches, strangers = read_switches(said.get("switches", {}), file.relative)
    raw.switches.update(switches)
    strangers += [
        f"{file.relative}: the entry {key[:60]!r} is not known and changes nothing."
        for key in said
        if key not in ENTRIES
    ]
    for note in [*map(str, said.get("notes", [])), *strangers]:
        raw.note(note)


def said_in(file: Sniffed) -> dict[str, Any]:
    """The whole document. Raises BadInput where it is no TOML."""
    try:
        with open_bytes(file.path) as stream:
            data = stream.read()
        return tomllib.loads(data.decode(sniff_encoding(data)).lstrip("\ufeff").replace("\r\n", "\n"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError, *CUT_OFF) as error:
        raise BadInput(f"{file.relative} is not valid TOML: {plain(error)}.") from None


def _cover(said: dict[str, Any], file: Sniffed, raw: RawExport) -> None:
    for key, value in _flat(said):
        if value not in tuple(Cover):
            raise BadInput(f"{file.relative}: coverage of {key} must be complete, partial or absent, not {value!r}.")
        table, _, column = key.partition(".")
        if table not in TABLES and table != "default":
            raw.note(f"{file.relative} speaks of the coverage of {table!r}, which is no table.")
        elif column and column not in {one.name for one in TABLES[table].columns}:
            raw.note(f"{file.relative} speaks of the coverage of {key!r}, which is no column.")
        raw.coverage[key] = value
        raw.told.add(key)


def _moment(said: Any, file: Sniffed) -> datetime | None:
    """The day or instant the export describes, in UTC where no zone is said."""
    if said is None:
        return None
    try:
        if isinstance(said, str):
            said = datetime.fromisoformat(said)
        if not isinstance(said, datetime):
            said = datetime(said.year, said.month, said.day, tzinfo=UTC)
    except (ValueError, AttributeError):
        what = "an ISO 8601 time" if isinstance(said, str) else "a date or time"
        raise BadInput(f"{file.relative}: snapshot {str(said)[:40]!r} is not {what}.") from None
    moment: datetime = said
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _flat(entries: dict[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """`principals.state = "absent"` may be written quoted or as a nested table; both mean the same."""
    flat: list[tuple[str, str]] = []
    for key, value in entries.items():
        if isinstance(value, dict):
            flat += _flat(value, f"{prefix}{key}.")
        else:
            flat.append((f"{prefix}{key}", str(value).lower()))
    return flat
