"""A synthetic tenant of any size, written as a tenant folder or as a Graph Data Connect delivery."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from acl_graph.errors import OutputExists
from acl_graph.samples.folder_form import write_folder
from acl_graph.samples.mgdc_form import write_mgdc
from acl_graph.samples.plan import Progress, silent
from acl_graph.samples.synthetic import build

__all__ = ["Progress", "write_sample"]


def write_sample(
    directory: Path,
    *,
    scale: float = 0.01,
    seed: int = 1,
    as_: Literal["mgdc", "folder"] = "folder",
    progress: Progress | None = None,
) -> dict[str, int]:
    """Write the synthetic tenant of `scale` and `seed` into `directory`; return how many rows each table got.

    At scale 1 it has 100,000 users, 30,000 security groups, 20,000 team sites and 1,000,000 scopes; every number is
    proportional to `scale`. The same scale and seed give the same tenant in both forms: `folder` is Parquet tables with
    a `tenant.toml`, `mgdc` is one folder of JSON Lines part files per dataset, streamed. The tables of the folder form
    are counted by table name, those of the other by dataset name; `items` holds one row per scope with a `count`, and
    the dataset `Files` one row per file, so `Files` is the sum of those counts.

    `progress(what, done)` is called with a word and a fraction between 0 and 1. `directory` is made when it is not
    there. Raises `OutputExists` when it holds anything, so that no part of an earlier sample is mixed in,
    `ValueError` for a scale that is not positive or an unknown form, `OSError` where it cannot be written.
    """
    if not scale > 0:
        raise ValueError(f"scale must be positive, not {scale!r}")
    if as_ not in ("mgdc", "folder"):
        raise ValueError(f"as_ must be 'mgdc' or 'folder', not {as_!r}")
    directory = Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    if any(directory.iterdir()):
        raise OutputExists(f"{directory} is not empty")
    tell = progress or silent
    tenant = build(scale, seed, tell)
    rows = write_folder(tenant, directory, tell) if as_ == "folder" else write_mgdc(tenant, directory, tell)
    tell("done", 1.0)
    return rows
