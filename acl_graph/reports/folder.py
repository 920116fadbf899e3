"""Output that appears whole or not at all: written beside its place, for the owner only, then renamed."""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from acl_graph.errors import OutputExists
from acl_graph.reports.html import report
from acl_graph.unfinished import settling, writing

if TYPE_CHECKING:
    from acl_graph.auditing import Audit
    from acl_graph.tenant import Tenant

#: what a spreadsheet would take for a formula at the beginning of a cell
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def write_audit(audit: Audit, directory: Path, *, force: bool = False) -> Path:
    """The output folder of an audit."""

    def fill(folder: Path) -> None:
        write_json(folder / "summary.json", audit.summary)
        write_parquet(folder / "users.parquet", audit.users)
        write_parquet(folder / "scopes.parquet", audit.scopes)
        write_json(folder / "findings.json", [finding.as_dict() for finding in audit.findings])
        write_parquet(folder / "rejected.parquet", audit.access.tenant.rejected)
        write_text(folder / "report.html", report(audit))

    return whole_folder(directory, fill, force=force)


def write_tenant(tenant: Tenant, directory: Path, *, as_csv: bool = False, force: bool = False) -> Path:
    """The tenant folder a reader made: every table with rows, `tenant.toml`, and what was rejected or unresolved."""

    def fill(folder: Path) -> None:
        for name, frame in tenant.tables.items():
            if frame.height or name in tenant.coverage.present:
                _write_table(folder, name, frame, as_csv=as_csv)
        _write_table(folder, "rejected", tenant.rejected, as_csv=as_csv)
        _write_table(folder, "unresolved", tenant.unresolved, as_csv=as_csv)
        write_text(folder / "tenant.toml", tenant_toml(tenant))

    return whole_folder(directory, fill, force=force)


def whole_folder(directory: Path, fill: Callable[[Path], None], *, force: bool = False) -> Path:
    """Let `fill` write into a new folder beside `directory`, then put it in place in one step.

    Raises OutputExists when `directory` holds anything and `force` is not set. With `force` the old folder is moved
    aside first and removed last, so that a failure leaves the old or the new one, never half of each.
    """
    directory = Path(directory)
    if directory.is_file():
        raise OutputExists(f"{directory} is a file; name a folder.")
    filled = directory.is_dir() and any(directory.iterdir())
    if filled and not force:
        raise OutputExists(f"{directory} is not empty. Choose another folder, or say --force to replace it.")
    directory.parent.mkdir(parents=True, exist_ok=True)
    name = f".{directory.name}-{secrets.token_hex(6)}"
    old = directory.with_name(f"{name}-old")
    with writing(directory.with_name(name)) as beside:
        fill(beside)
        with settling():
            if directory.is_dir():
                directory.rename(old)
            try:
                beside.rename(directory)
            except BaseException:
                if old.is_dir():
                    old.rename(directory)
                raise
    shutil.rmtree(old, ignore_errors=True)
    return directory


def _owner_only(path: Path) -> Path:
    if os.name == "posix":
        path.chmod(0o600)
    return path


def write_text(path: Path, text: str) -> None:
    """A text file of ours: UTF-8, readable by its owner only."""
    path.touch(mode=0o600)
    path.write_text(text, encoding="utf-8", newline="\n")
    _owner_only(path)


def write_json(path: Path, data: Any) -> None:
    """JSON with sorted keys where order has no meaning of its own; the same answer gives the same bytes."""
    write_text(path, json.dumps(data, indent=2, ensure_ascii=False, default=str) + "\n")


def write_parquet(path: Path, frame: pl.DataFrame) -> None:
    """A Parquet file readable by its owner only."""
    path.touch(mode=0o600)
    frame.write_parquet(path)
    _owner_only(path)


def _write_table(folder: Path, name: str, frame: pl.DataFrame, *, as_csv: bool) -> None:
    if not as_csv:
        write_parquet(folder / f"{name}.parquet", frame)
        return
    flat = frame.with_columns(
        [pl.col(c).list.join(";") for c, dtype in frame.schema.items() if isinstance(dtype, pl.List)]
    ).with_columns(
        [pl.col(c).dt.strftime("%Y-%m-%dT%H:%M:%SZ") for c, dtype in frame.schema.items() if dtype == pl.Datetime]
    )
    path = folder / f"{name}.csv"
    path.touch(mode=0o600)
    flat.write_csv(path)
    _owner_only(path)


def for_people(frame: pl.DataFrame) -> pl.DataFrame:
    """A frame whose text no spreadsheet takes for a formula: a quote goes before what would start one."""
    text = [name for name, dtype in frame.schema.items() if dtype == pl.String]
    return frame.with_columns(
        [
            pl.when(pl.any_horizontal([pl.col(name).str.starts_with(start) for start in FORMULA_STARTS]))
            .then(pl.lit("'") + pl.col(name))
            .otherwise(pl.col(name))
            .alias(name)
            for name in text
        ]
    )


def tenant_toml(tenant: Tenant) -> str:
    """`tenant.toml` of a tenant: name, snapshot, coverage, switches."""
    lines = [f"name = {_toml(tenant.name)}"]
    if tenant.snapshot is not None:
        lines.append(f"snapshot = {tenant.snapshot.strftime('%Y-%m-%dT%H:%M:%SZ')}")
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
    # a TOML basic string is a JSON string without its \/ and surrogate escapes; DEL must be escaped too
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")
