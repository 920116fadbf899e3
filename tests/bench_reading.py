"""How long reading takes and how much memory it holds, for about a gigabyte of an export. Run by hand, not by pytest.

    python tests/bench_reading.py mgdc --gigabytes 1
    python tests/bench_reading.py csv graph

Each form is written to a folder of its own, read in a fresh process, and thrown away; time is of the reader alone, memory the
largest that process ever held.
"""

# ruff: noqa: E501 - rows of exports are as long as they are

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TENANT = "0e0e0e0e-1111-4222-8333-444444444444"
PEOPLE, SITES = 50_000, 4_000


def guid(kind: int, number: int) -> str:
    return f"{kind:08x}-0000-4000-8000-{number:012x}"


def mgdc(folder: Path) -> Iterator[tuple[Path, Iterator[str]]]:
    """Permissions of scopes: three people and a group each, every fourth row a link."""

    def rows() -> Iterator[str]:
        number = 0
        while True:
            number += 1
            site = number % SITES
            shared = [
                {"Type": "Internal", "TypeV2": "InternalUser", "Name": f"Person {who}", "Email": f"p{who}@x.example",
                 "AadObjectId": guid(1, who), "UPN": f"p{who}@x.example",
                 "UserLoginName": f"i:0#.f|membership|p{who}@x.example", "UserCount": 1}
                for who in ((number * 7) % PEOPLE, (number * 13) % PEOPLE, (number * 29) % PEOPLE)
            ]  # fmt: skip
            row = {
                "ptenant": TENANT, "SiteId": guid(2, site), "WebId": guid(3, site), "ListId": guid(4, site), "ListItemId": number,
                "UniqueId": guid(5, number), "ItemType": "File", "ItemURL": f"sites/s{site}/Shared Documents/f{number}.docx",
                "FileExtension": "docx", "RoleDefinition": "Read", "ScopeId": guid(6, number), "SharedWith": shared,
                "SharedWithCount": [{"Type": "Internal", "Count": 3}], "TotalUserCount": 3,
                "SnapshotDate": "2026-06-03T00:00:00Z", "Operation": "Full",
            }  # fmt: skip
            if number % 4 == 0:
                row |= {"LinkId": guid(7, number), "LinkScope": "Organization"}
            yield json.dumps(row) + "\n"

    yield folder / "Permissions" / "part-00000.json", rows()


def graph(folder: Path) -> Iterator[tuple[Path, Iterator[str]]]:
    """Saved permissions of files: two people, a site group and a link each."""

    def rows() -> Iterator[str]:
        number = 0
        while True:
            number += 1
            site = number % SITES
            people = [
                {"id": f"a{who}", "roles": ["write"], "grantedToV2": {
                    "user": {"id": guid(1, who), "displayName": f"Person {who}", "email": f"p{who}@x.example"},
                    "siteUser": {"id": "9", "loginName": f"i:0#.f|membership|p{who}@x.example"}}}
                for who in ((number * 7) % PEOPLE, (number * 13) % PEOPLE)
            ]  # fmt: skip
            group = {
                "id": "g",
                "roles": ["write"],
                "grantedToV2": {"siteGroup": {"id": "5", "displayName": "Members", "loginName": "Members"}},
            }
            link = {
                "id": guid(7, number),
                "roles": ["read"],
                "link": {"scope": "organization", "type": "view"},
                "grantedToIdentitiesV2": [],
            }
            url = f"https://graph.microsoft.com/v1.0/drives/b!{guid(4, site)}/items/{guid(5, number)}"
            yield json.dumps({"url": f"{url}/permissions", "body": {"value": [*people, group, link]}}) + "\n"

    yield folder / "graph.json", rows()


def csv(folder: Path) -> Iterator[tuple[Path, Iterator[str]]]:
    """The grants of a tenant folder."""

    def rows() -> Iterator[str]:
        yield "scope,principal,level,link\n"
        number = 0
        while True:
            number += 1
            yield f"{guid(2, number % SITES)}/{guid(6, number // 4)},{guid(1, number * 7 % PEOPLE)},Read,\n"

    yield folder / "grants.csv", rows()


FORMS: dict[str, Callable[[Path], Iterator[tuple[Path, Iterator[str]]]]] = {"mgdc": mgdc, "graph": graph, "csv": csv}


def write(form: str, folder: Path, size: int) -> int:
    """Write about `size` bytes and return the number of rows."""
    lines = 0
    for path, rows in FORMS[form](folder):
        path.parent.mkdir(parents=True, exist_ok=True)
        written = 0
        with path.open("w", encoding="utf-8") as stream:
            for row in rows:
                written += stream.write(row)
                lines += 1
                if written >= size:
                    break
    return lines


def read(folder: Path) -> None:
    """Read and say what it took; run in a process of its own."""
    sys.path.insert(0, str(ROOT))
    from acl_graph.readers import read as read_export

    began = time.perf_counter()
    tenant = read_export(folder)
    took = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": round(took, 1), "peak MB": round(peak), "grants": tenant["grants"].height}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("forms", nargs="*", choices=[*FORMS, []], default=[])
    parser.add_argument("--gigabytes", type=float, default=1.0)
    parser.add_argument("--read", type=Path, help=argparse.SUPPRESS)
    said = parser.parse_args()
    if said.read:
        read(said.read)
        return
    for form in said.forms or FORMS:
        with tempfile.TemporaryDirectory() as place:
            lines = write(form, Path(place), int(said.gigabytes * (1 << 30)))
            done = subprocess.run(
                [sys.executable, __file__, "--read", place], capture_output=True, text=True, check=False
            )
            print(
                f"{form}: {said.gigabytes:g} GB, {lines:,} rows: {done.stdout.strip() or done.stderr.strip()[-400:]}",
                flush=True,
            )


if __name__ == "__main__":
    main()
