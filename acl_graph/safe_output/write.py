"""How output gets to disk: whole or not at all, for its owner only, and never over anything that is not ours.

A folder we write holds `.acl-graph`, a list of what we put there. `--force` replaces these files, and files of the same
names; whatever else somebody saved in the folder stays in it.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import secrets
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from acl_graph.errors import CannotWrite, OutputExists
from acl_graph.safe_output.interrupts import removed_on_leaving, settling, writing

MARKER = ".acl-graph"
_HEAD = "# Written by acl-graph. --force replaces these files, and leaves whatever else lies here.\n"
_SYSTEM_SAYS = re.compile(r"\(os error (\d+)\)")
#: whether a file that is not ours must not stay beside what is written
Clashes = Callable[[str], bool]
#: names that a refusal lists, and how much of a path a message shows
NAMED, SHOWN = 3, 160


def check_folder(
    directory: Path, *, force: bool = False, keep: Path | None = None, clashes: Clashes = lambda name: False
) -> Path:
    """Whether an output folder may be written here, asked before the work begins; the real place of the folder.

    `keep` is the export: neither it nor anything around it is ever a target.

    Raises
    ------
    OutputExists
        Something is there that must stay, or may only be replaced with `force`.
    CannotWrite
        The system would not let us.
    """
    with plainly(directory):
        if directory.is_symlink() and not directory.exists():
            raise CannotWrite(f"cannot write {shown(directory)}: it is a link that leads nowhere.")
        place = directory.resolve()
        _not_where_people_live(directory, place)
        if keep is not None:
            _not_the_export(directory, place, keep)
        if place.exists() and not place.is_dir():
            raise OutputExists(f"{shown(directory)} is a file; name a folder.")
        if place.is_dir() and any(place.iterdir()):
            _replaceable(directory, place, clashes, force=force)
        _writable(directory, place)
    return place


def whole_folder(
    directory: Path,
    fill: Callable[[Path], None],
    *,
    force: bool = False,
    keep: Path | None = None,
    clashes: Clashes = lambda name: False,
) -> Path:
    """Let `fill` write into a new folder beside `directory`, then put it in place in one step.

    What may be replaced, and what is raised, is said by `check_folder`. The old folder is moved aside first and removed
    last, when everything in it that is not ours has come over, so that a failure leaves the old or the new one.
    """
    directory = Path(directory)
    place = check_folder(directory, force=force, keep=keep, clashes=clashes)
    with plainly(directory):
        place.parent.mkdir(parents=True, exist_ok=True)
        stem = _stem(place)
        _sweep(place, stem)
        name = f"{stem}-{os.getpid()}-{secrets.token_hex(4)}"
        old = place.with_name(f"{name}-old")
        with writing(place.with_name(name)) as beside:
            fill(beside)
            _seal(beside)
            with settling():
                if place.is_dir():
                    place.rename(old)
                try:
                    beside.rename(place)
                except BaseException:
                    if old.is_dir():
                        old.rename(place)
                    raise
                if old.is_dir():
                    _bring_over(old, place)
        shutil.rmtree(old, ignore_errors=True)
    return directory


def check_file(path: Path, data: bytes | None = None, *, force: bool = False) -> None:
    """Whether a file may be written here; one that already holds `data` may."""
    with plainly(path):
        if path.is_dir():
            raise OutputExists(f"{shown(path)} is a folder; name a file.")
        if path.exists() and not force and (data is None or path.read_bytes() != data):
            raise OutputExists(f"{shown(path)} is there already. Name another file, or say --force to replace it.")
        _writable(path, path.resolve())


def whole_file(path: Path, data: bytes, *, force: bool = False) -> Path:
    """A file for its owner only, written beside its place and then put there in one step."""
    check_file(path, data, force=force)
    with plainly(path):
        place = path.resolve()
        place.parent.mkdir(parents=True, exist_ok=True)
        beside = place.with_name(f"{_stem(place)}-{os.getpid()}-{secrets.token_hex(4)}")
        with removed_on_leaving(beside):
            with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
                stream.write(data)
            beside.replace(place)
    return path


@contextlib.contextmanager
def plainly(path: Path) -> Iterator[None]:
    """What the system says against writing, as one sentence about the path that was asked for."""
    try:
        yield
    except Exception as error:  # what compiled libraries raise is an OSError only sometimes, and names the number
        number = _SYSTEM_SAYS.search(str(error))
        if number is None and not isinstance(error, OSError):
            raise
        reason = os.strerror(int(number[1])) if number else getattr(error, "strerror", None) or type(error).__name__
        raise CannotWrite(f"cannot write {shown(path)}: {reason}.") from None


def shown(path: Path | str) -> str:
    """A path for a message: its beginning and end where it is long."""
    text = str(path)
    return text if len(text) <= SHOWN else f"{text[: SHOWN // 2]}...{text[-SHOWN // 2 :]}"


def _not_where_people_live(directory: Path, place: Path) -> None:
    """A folder that holds the current directory, the home or the file system is not an output folder."""
    for what, where in (("the current directory", Path.cwd()), ("your home", _home())):
        if where is not None and _within(where, place):
            which = "is" if _within(place, where) else "holds"
            raise OutputExists(f"{shown(directory)} {which} {what} and is never replaced. Name a folder of its own.")
    if place == Path(place.anchor):
        raise OutputExists(f"{shown(directory)} is the root of the file system. Name a folder of its own.")


def _home() -> Path | None:
    try:
        return Path.home().resolve()
    except RuntimeError:  # no HOME, and no such user
        return None


def _not_the_export(directory: Path, place: Path, keep: Path) -> None:
    export = keep.resolve()
    if _within(export, place):
        which = "is" if _within(place, export) else "holds"
        raise OutputExists(f"{shown(directory)} {which} the export itself and is never replaced. Name another folder.")


def _within(inner: Path, outer: Path) -> bool:
    """Whether `inner` is `outer` or lies in it, by what the file system says and not by how they are spelt."""
    if inner == outer or outer in inner.parents:
        return True
    if not outer.exists():
        return False
    return any(path.exists() and path.samefile(outer) for path in (inner, *inner.parents))


def _replaceable(directory: Path, place: Path, clashes: Clashes, *, force: bool) -> None:
    if not force:
        raise OutputExists(f"{shown(directory)} is not empty. Choose another folder, or say --force to replace it.")
    strangers = [name for top in _strangers(place) for name in _files_of(place, top) if clashes(name)]
    if strangers:
        more = f" and {len(strangers) - NAMED:,} more" if len(strangers) > NAMED else ""
        named = ", ".join(shown(name) for name in strangers[:NAMED])
        raise OutputExists(
            f"{shown(directory)} holds an export that acl-graph did not write ({named}{more}) and is not replaced, "
            "not even with --force. Choose another folder, or empty this one yourself."
        )


def _files_of(folder: Path, name: str) -> list[str]:
    path = folder / name
    if path.is_symlink() or not path.is_dir():
        return [name]
    return sorted(one.relative_to(folder).as_posix() for one in path.rglob("*") if not one.is_dir())


def is_data(name: str) -> bool:
    """Whether a reader may take a file of this name for part of an export."""
    return name.lower().endswith((".csv", ".json", ".jsonl", ".ndjson", ".parquet", ".toml", ".gz"))


def _bring_over(old: Path, place: Path) -> None:
    """What is not ours goes on lying in the folder; a file of ours takes the place of one with its name."""
    for name in _strangers(old):
        source, target = old / name, place / name
        if os.path.lexists(source) and not os.path.lexists(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            source.rename(target)


def _strangers(folder: Path) -> list[str]:
    """What is in a folder and not on its list of ours; without a list, everything at its top."""
    marker = folder / MARKER
    if marker.is_symlink() or not marker.is_file():
        return sorted(path.name for path in folder.iterdir())
    ours = {MARKER, *marker.read_text(encoding="utf-8", errors="replace").splitlines()}
    folders = {parent for name in ours for parent in _parents(name)}
    found = []
    for path in folder.rglob("*"):
        name = path.relative_to(folder).as_posix()
        known = name in folders if path.is_dir() and not path.is_symlink() else name in ours
        if path.is_symlink() or not known:
            found.append(name)
    return sorted(found)


def _parents(name: str) -> list[str]:
    parts = name.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts))]


def _seal(folder: Path) -> None:
    """Everything in a finished folder is its owner's only, and on the list."""
    names = []
    for path in folder.rglob("*"):
        if os.name == "posix":
            path.chmod(0o700 if path.is_dir() else 0o600)
        if not path.is_dir():
            names.append(path.relative_to(folder).as_posix())
    marker = folder / MARKER
    marker.touch(mode=0o600)
    marker.write_text(_HEAD + "".join(f"{name}\n" for name in sorted(names)), encoding="utf-8", newline="\n")


def _writable(path: Path, place: Path) -> None:
    """Whether the nearest folder that exists lets us make something in it, and whether the name is possible."""
    there = next(parent for parent in place.parents if parent.exists())
    with contextlib.suppress(FileNotFoundError):
        place.lstat()  # a name too long, or one the system does not take, is said here
    if not there.is_dir():
        raise CannotWrite(f"cannot write {shown(path)}: {shown(there)} is a file.")
    if not os.access(there, os.W_OK | os.X_OK) or (place.is_dir() and not os.access(place, os.W_OK | os.X_OK)):
        raise CannotWrite(f"cannot write {shown(path)}: Permission denied.")


def _stem(place: Path) -> str:
    """What names of unfinished output for this place begin with: short, however long the place's own name is."""
    return f".acl-graph-{hashlib.sha256(os.fsencode(place.name)).hexdigest()[:8]}"


def _sweep(place: Path, stem: str) -> None:
    """Take away what a killed run left beside this place; what it had moved aside and not replaced comes back."""
    if os.name != "posix":  # elsewhere there is no harmless way to ask whether a process lives
        return
    for left in sorted(place.parent.glob(f"{stem}-*")):
        pid = left.name.removeprefix(f"{stem}-").split("-")[0]
        if not pid.isdigit() or _lives(int(pid)):
            continue
        if left.name.endswith("-old") and not place.exists():
            left.rename(place)
        elif left.is_dir() and not left.is_symlink():
            if left.name.endswith("-old"):
                _bring_over(left, place)
            shutil.rmtree(left, ignore_errors=True)
        else:
            left.unlink(missing_ok=True)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True
