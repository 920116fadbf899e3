"""The tolerant way into a record type: keys in any case, flattened columns, numbers and flags as text.

Taken for records that do not fit the type as they are, and for every row of a CSV or Parquet file.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import Raw, Struct

from acl_graph.readers.parsing.sniff import fold
from acl_graph.tenant.schema import FALSE, NOTHING, TRUE

#: a cell that could not be read: (field, value)
Lost = tuple[str, str]


def shaped(record: Mapping[str, Any], shape: type[Struct], lost: list[Lost]) -> Any:
    """The record as `shape`. Keys are compared folded; `SharedWith_Name`, `SharedWith.Name` go into the part they name.

    A flattened list (`SharedWith`, `Members`) becomes a list of the one entry that the row holds. Keys that the shape
    does not know are left out. Cells that cannot be read are appended to `lost`.
    """
    plan = _plan(shape)
    values: dict[str, Any] = {}
    parts: dict[str, dict[str, Any]] = {}
    for key, value in record.items():
        target = plan.get(_folded(key))
        if target is None:
            continue
        field, inner, kind = target
        if inner:
            if not _nothing(value):
                parts.setdefault(field, {}).setdefault(inner, value)
        elif values.get(field) is None:
            values[field] = _cell(value, kind, field, lost)
        elif not _nothing(value) and not isinstance(value, Raw) and _cell(value, kind, field, []) != values[field]:
            lost.append((field, f"a second time, as {key}: {value}"))  # the first of two spellings counts
    for field, part in parts.items():
        if not values.get(field):
            _, _, kind = plan[_folded(field)]
            values[field] = _cell([part] if kind[0] == "structs" else part, kind, field, lost)
    return shape(**values)


@lru_cache(maxsize=4096)
def _folded(key: str) -> str:
    return fold(key)


Kind = tuple[str, Any]
Target = tuple[str, str, Kind]


@lru_cache(maxsize=64)
def _plan(shape: type[Struct]) -> dict[str, Target]:
    """Folded key -> (field, key inside the field or "", what the field holds)."""
    plan: dict[str, Target] = {}
    nested: list[tuple[str, type[Struct], Kind]] = []
    for name, hint in typing.get_type_hints(shape).items():
        kind = _kind(hint)
        if kind[0] == "skip":
            continue
        plan.setdefault(fold(name), (name, "", kind))
        if kind[0] in ("struct", "structs"):
            nested.append((name, kind[1], kind))
    for name, inner, kind in nested:
        for field in typing.get_type_hints(inner):
            plan.setdefault(fold(name) + fold(field), (name, field, kind))
    return plan


def _kind(hint: Any) -> Kind:
    options = [hint]
    if isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union:
        options = [part for part in typing.get_args(hint) if part is not type(None)]
    if Raw in options:
        return "skip", None
    for option in options:
        if typing.get_origin(option) is list:
            (inner,) = typing.get_args(option)
            if isinstance(inner, type) and issubclass(inner, Struct):
                return "structs", inner
            return "texts", None
        if isinstance(option, type) and issubclass(option, Struct):
            return "struct", option
    if str in options:
        return "text", None
    return ("flag", None) if bool in options else ("whole", None)


def _nothing(value: Any) -> bool:
    return value is None or value == "" or value == {} or value == []


def _cell(value: Any, kind: Kind, field: str, lost: list[Lost]) -> Any:
    what, inner = kind
    if isinstance(value, Iterable) and hasattr(value, "to_list"):
        value = value.to_list()
    if isinstance(value, str) and what in ("struct", "structs", "texts") and value.lstrip()[:1] in ("{", "["):
        try:
            value = msgspec.json.decode(value)
        except msgspec.DecodeError:
            lost.append((field, value))
            return None
    if value is None or (_nothing(value) and what != "structs"):
        return None
    if what == "text":
        return _text(value)
    if what == "whole":
        return _whole(value, field, lost)
    if what == "flag":
        return _flag(value, field, lost)
    if what == "texts":
        return [text for part in (value if isinstance(value, list) else [value]) if (text := _text(part))]
    if what == "structs":
        entries = value if isinstance(value, list) else [value]
        plan = _plan(inner)
        for part in entries:
            if isinstance(part, Mapping) and part and not any(_folded(key) in plan for key in part):
                lost.append((field, msgspec.json.encode(part, enc_hook=str).decode()))
        return [entry for part in entries if (entry := _struct(part, inner, field, lost)) is not None]
    return _struct(value, inner, field, lost)


def _struct(value: Any, inner: type[Struct], field: str, lost: list[Lost]) -> Any:
    if isinstance(value, Mapping):
        return shaped(value, inner, lost) if value else None
    if isinstance(value, str) and value.strip():
        # older extracts carry a plain string where a person should stand
        key = "Email" if "@" in value else "Name"
        fields = typing.get_type_hints(inner)
        return inner(**{key: value}) if key in fields else inner(**{next(iter(fields)): value})
    if not _nothing(value):
        lost.append((field, str(value)))
    return None


def _text(value: Any) -> str | None:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, list):
        return ";".join(str(part) for part in value) or None
    if isinstance(value, Mapping):
        return msgspec.json.encode(value).decode() if value else None
    return str(value)


def _whole(value: Any, field: str, lost: list[Lost]) -> int | None:
    if isinstance(value, str) and value.strip().lower() in NOTHING:
        return None
    try:
        return int(value) if isinstance(value, int) else int(float(value))
    except (TypeError, ValueError, OverflowError):
        lost.append((field, str(value)))
        return None


def _flag(value: Any, field: str, lost: list[Lost]) -> bool | None:
    if isinstance(value, bool):
        return value
    text = str(value).strip().lower()
    if text in TRUE:
        return True
    if text in FALSE:
        return False
    if text not in NOTHING:
        lost.append((field, str(value)))
    return None


@lru_cache(maxsize=64)
def field_names(shape: type[Struct]) -> frozenset[str]:
    """Every key a record of the shape may have, at any depth, as the shape spells it."""
    names: set[str] = set()
    for name, hint in typing.get_type_hints(shape).items():
        names.add(name)
        kind, inner = _kind(hint)
        if kind in ("struct", "structs"):
            names |= field_names(inner)
    return frozenset(names)
