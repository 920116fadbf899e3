"""Writes the tenant folder: CSV as people and the collector write it, NDJSON, Parquet."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import polars as pl

from tests.support.formats import truth
from tests.support.formats.truth import Row


def write(folder: Path, form: str) -> None:
    """One file a table, and `tenant.toml` that says that all of it is there."""
    for table, rows in truth.tables().items():
        path = folder / f"{table}.{form}"
        if form == "csv":
            _csv(path, rows)
        elif form == "ndjson":
            path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
        else:
            pl.DataFrame(rows, infer_schema_length=None).write_parquet(path)
    (folder / "tenant.toml").write_text(toml(), encoding="utf-8")


def toml() -> str:
    """Everything is there, and the switches are known."""
    switches = "".join(f"{name} = {json.dumps(value)}\n" for name, value in truth.SWITCHES.items())
    return f'name = "Alderbrook"\nsnapshot = {truth.DAY}\n[coverage]\ndefault = "complete"\n[switches]\n{switches}'


def _csv(path: Path, rows: list[Row]) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.DictWriter(stream, list(dict.fromkeys(name for row in rows for name in row)))
        writer.writeheader()
        writer.writerows({name: ";".join(c) if isinstance(c, list) else c for name, c in row.items()} for row in rows)
