"""What the output folders hold: an audit's tables and pages, and the tenant folder that a reader made."""

from __future__ import annotations

import json
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from acl_graph.reports.html import report
from acl_graph.safe_output.csv_cells import ESCAPED, KEY, escaped
from acl_graph.safe_output.text import json_text
from acl_graph.safe_output.write import is_data, whole_folder

if TYPE_CHECKING:
    from acl_graph.auditing import Audit
    from acl_graph.tenant import Tenant


def write_audit(audit: Audit, directory: Path, *, force: bool = False, keep: Path | None = None) -> Path:
    """The output folder of an audit; `keep` is the export, which no output may touch."""

    def fill(folder: Path) -> None:
        write_json(folder / "summary.json", audit.summary)
        write_parquet(folder / "users.parquet", audit.users)
        write_parquet(folder / "scopes.parquet", audit.scopes)
        write_json(folder / "findings.json", [finding.as_dict() for finding in audit.findings])
        write_parquet(folder / "rejected.parquet", audit.access.tenant.rejected)
        write_text(folder / "report.html", report(audit))

    return whole_folder(directory, fill, force=force, keep=keep)


def write_tenant(
    tenant: Tenant, directory: Path, *, as_csv: bool = False, force: bool = False, keep: Path | None = None
) -> Path:
    """The tenant folder a reader made: every table with rows, `tenant.toml`, and what was rejected or unresolved."""

    def fill(folder: Path) -> None:
        for name, frame in tenant.tables.items():
            if frame.height or name in tenant.coverage.present:
                _write_table(folder, name, frame, as_csv=as_csv)
        _write_table(folder, "rejected", tenant.rejected, as_csv=as_csv)
        _write_table(folder, "unresolved", tenant.unresolved, as_csv=as_csv)
        write_text(folder / "tenant.toml", tenant_toml(tenant, csv_escaped=as_csv))

    return whole_folder(directory, fill, force=force, keep=keep, clashes=is_data)


def write_text(path: Path, text: str) -> None:
    """A text file of ours: UTF-8, readable by its owner only."""
    path.write_text(text, encoding="utf-8", newline="\n")


def write_json(path: Path, data: Any) -> None:
    """JSON in the order it was made; the same answer gives the same bytes."""
    write_text(path, json_text(data, indent=2) + "\n")


def write_parquet(path: Path, frame: pl.DataFrame) -> None:
    """A Parquet file readable by its owner only."""
    with path.open("wb") as stream:  # a stream: polars takes no path that is not UTF-8
        frame.write_parquet(stream)


def _write_table(folder: Path, name: str, frame: pl.DataFrame, *, as_csv: bool) -> None:
    if not as_csv:
        write_parquet(folder / f"{name}.parquet", frame)
        return
    flat = escaped(frame).with_columns(
        [pl.col(c).dt.strftime("%Y-%m-%dT%H:%M:%S%.fZ") for c, dtype in frame.schema.items() if dtype == pl.Datetime]
    )
    with (folder / f"{name}.csv").open("wb") as stream:
        flat.write_csv(stream)


def tenant_toml(tenant: Tenant, *, csv_escaped: bool = False) -> str:
    """`tenant.toml` of a tenant: name, snapshot, how CSV cells are written, coverage, switches."""
    lines = [f"name = {_toml(tenant.name)}"]
    if tenant.snapshot is not None:
        lines.append(f"snapshot = {tenant.snapshot.astimezone(UTC).isoformat()}")
    if csv_escaped:
        lines.append(f"{KEY} = {_toml(ESCAPED)}")
    lines.append(f"notes = {_toml(list(tenant.notes))}")
    lines.append("\n[coverage]")
    # an entry nobody made is not made here: a table called complete would turn its empty cells into known ones
    lines += [f"{_toml(key)} = {_toml(value)}" for key, value in sorted(tenant.coverage.entries.items())]
    lines.append("\n[switches]")
    lines += [f"{_toml(key)} = {_toml(value)}" for key, value in sorted(tenant.switches.items()) if value is not None]
    return "\n".join(lines) + "\n"


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_toml(part) for part in value) + "]"
    if isinstance(value, (int, float)):
        return str(value)
    # a TOML basic string is a JSON string without its \/ and surrogate escapes; what cannot be seen is escaped too
    text = json.dumps(str(value), ensure_ascii=False)
    return "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in text)
