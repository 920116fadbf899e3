"""A tenant folder is one tenant with one file for each table: two of either are not read as one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from acl_graph.errors import BadInput
from acl_graph.readers.parsing.sniff import Sniffed


def one_of_each(files: Sequence[tuple[Sniffed, str]], root: Path) -> None:
    """Refuse a second `tenant.toml`, and a second file of a table - but for folders as the collector leaves them.

    The collector keeps `directory` and one folder for each site below `sites`, all of one tenant.

    Raises
    ------
    BadInput
        Both places are named.
    """
    first: dict[str, Sniffed] = {}
    for file, dataset in sorted(files, key=lambda one: one[1] != "tenant.toml"):  # two tenants before two tables
        other = first.setdefault(dataset, file)
        one, two = _place(other), _place(file)
        if other is file or (one != two and dataset != "tenant.toml" and _collected(one) and _collected(two)):
            continue
        here, there = one or root.resolve().name, two
        if dataset == "tenant.toml" and one != two:
            raise BadInput(f"{root} holds exports of two tenants: {here} and {there}. Point at one of them.")
        raise BadInput(
            f"{root} holds the table {dataset} twice: {other.relative} and {file.relative}. Keep one of them."
        )


def _place(file: Sniffed) -> str:
    return file.relative.rpartition("/")[0]


def _collected(folder: str) -> bool:
    parts = folder.lower().split("/")
    return parts[-1] == "directory" or (len(parts) > 1 and parts[-2] == "sites")


__all__ = ["one_of_each"]
