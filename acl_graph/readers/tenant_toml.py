"""`tenant.toml`: the name, the moment, the switches, and somebody's word on how much of the tenant the tables hold."""

from __future__ import annotations

import tomllib
from datetime import UTC, date, datetime
from typing import Any

from acl_graph.errors import BadInput
from acl_graph.raw import RawExport
from acl_graph.readers.files import CUT_OFF, Sniffed, open_bytes, plain, sniff_encoding
from acl_graph.tables import TABLES
from acl_graph.vocabulary import Cover


def read_toml(file: Sniffed, raw: RawExport) -> None:
    """Take everything over; a file saved with a byte order mark, in UTF-16 or as `.gz` is the same file.

    Raises
    ------
    BadInput
        It is no TOML, or says something that cannot be.
    """
    try:
        with open_bytes(file.path) as stream:
            data = stream.read()
        said = tomllib.loads(data.decode(sniff_encoding(data)).lstrip("\ufeff").replace("\r\n", "\n"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError, *CUT_OFF) as error:
        raise BadInput(f"{file.relative} is not valid TOML: {plain(error)}.") from None
    for key, kind in (("coverage", dict), ("switches", dict), ("notes", list)):
        if not isinstance(said.get(key, kind()), kind):
            raise BadInput(f"{file.relative}: {key} must be {'a list' if kind is list else f'a table, [{key}]'}.")
    raw.name = str(said.get("name", raw.root.name))
    moment: Any = said.get("snapshot")
    if isinstance(moment, str):
        try:
            moment = datetime.fromisoformat(moment)
        except ValueError:
            raise BadInput(f"{file.relative}: snapshot {moment[:40]!r} is not an ISO 8601 time.") from None
    if moment is not None:
        if not isinstance(moment, date):
            raise BadInput(f"{file.relative}: snapshot {str(moment)[:40]!r} is not a date or time.")
        if not isinstance(moment, datetime):
            moment = datetime(moment.year, moment.month, moment.day, tzinfo=UTC)
        raw.snapshot = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    for key, value in _flat(said.get("coverage", {})):
        if value not in tuple(Cover):
            raise BadInput(f"{file.relative}: coverage of {key} must be complete, partial or absent, not {value!r}.")
        table = key.split(".")[0]
        if table not in TABLES and table != "default":
            raw.note(f"tenant.toml speaks of the coverage of {table!r}, which is no table.")
        raw.coverage[key] = value
        raw.told.add(key)
    raw.switches.update(said.get("switches", {}))
    for note in said.get("notes", []):
        raw.note(str(note))


def _flat(entries: dict[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """`principals.state = "absent"` may be written quoted or as a nested table; both mean the same."""
    flat: list[tuple[str, str]] = []
    for key, value in entries.items():
        if isinstance(value, dict):
            flat += _flat(value, f"{prefix}{key}.")
        else:
            flat.append((f"{prefix}{key}", str(value).lower()))
    return flat
