"""The files of an export: where they lie, which are left alone, and what nobody could look into.

Links to folders are followed; a folder is entered once, by whatever name it is met first, so a circle of links ends.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from acl_graph.errors import BadInput
from acl_graph.safe_output.write import MARKER

SKIPPED_NAMES = ("_success", "_started", "_committed", "expected.toml", "desktop.ini", "thumbs.db")
SKIPPED_FOLDERS = ("metadata", "__macosx", "_delta_log", ".git")
SKIPPED_ENDINGS = (".md", ".crc", ".ps1")


@dataclass
class Walked:
    """What lies below a root: files in a stable order, and what could not be entered or followed with the reason."""

    files: list[Path] = field(default_factory=list)
    unread: list[tuple[str, str]] = field(default_factory=list)
    #: folders left alone by their name; said where nothing else is there
    skipped: list[str] = field(default_factory=list)
    #: folders inside an export that earlier runs of this program wrote
    ours: list[str] = field(default_factory=list)


def walk(root: Path) -> Walked:
    """Everything below `root`; job metadata, markers and hidden files left out. The root itself may have any name."""
    if not root.exists():
        raise BadInput(f"{root} does not exist.")
    found = Walked()
    if root.is_file():
        found.files.append(root)
        return found
    seen: set[tuple[int, int]] = set()
    waiting: list[Path] = [root]
    linked: list[Path] = []
    while waiting or linked:  # links last, so that a folder is known by its own name and not by a link's
        folder = waiting.pop() if waiting else linked.pop()
        if not _enter(folder, seen):
            continue
        try:
            entries = list(os.scandir(folder))
        except OSError as error:
            if folder == root:
                raise BadInput(f"{root} cannot be read: {error.strerror}.") from None
            found.unread.append((_relative(folder, root), f"is a folder that cannot be read: {error.strerror}"))
            continue
        if folder != root and any(entry.name == MARKER for entry in entries):
            found.ours.append(_relative(folder, root))
            continue
        for entry in entries:
            _sort(entry, root, found, waiting, linked)
    found.files.sort(key=lambda path: path.relative_to(root))
    found.unread.sort()
    found.ours.sort()
    return found


def export_files(root: Path) -> list[Path]:
    """The files alone."""
    return walk(root).files


def _sort(entry: os.DirEntry[str], root: Path, found: Walked, waiting: list[Path], linked: list[Path]) -> None:
    path, name = Path(entry.path), entry.name.lower()
    if name.startswith("."):
        return
    try:
        is_folder = entry.is_dir()
    except OSError:  # a link that leads to itself
        is_folder = False
    if is_folder:
        if name in SKIPPED_FOLDERS:
            found.skipped.append(_relative(path, root))
        else:
            (linked if entry.is_symlink() else waiting).append(path)
    elif name in SKIPPED_NAMES or name.endswith(SKIPPED_ENDINGS):
        return
    elif path.is_file():
        found.files.append(path)
    elif entry.is_symlink():
        found.unread.append((_relative(path, root), "is a link that leads nowhere"))


def _enter(folder: Path, seen: set[tuple[int, int]]) -> bool:
    try:
        status = folder.stat()
    except OSError:
        return True  # what is wrong with it shows when it is listed
    mark = (status.st_dev, status.st_ino)
    if mark in seen and mark != (0, 0):
        return False
    seen.add(mark)
    return True


def _relative(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix()


__all__ = ["Walked", "export_files", "walk"]
