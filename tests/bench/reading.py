"""How long reading takes and how much memory it holds, for about a gigabyte of an export. Run by hand, not by pytest.

    python -m tests.bench.reading mgdc --gigabytes 1
    python -m tests.bench.reading audit_log graph

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
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from tests.support.formats.reports import AUDIT, EVERYONE, SHARING

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "numbers.md"
START, END = "<!-- reading: begin -->", "<!-- reading: end -->"
TENANT = "0e0e0e0e-1111-4222-8333-444444444444"
PEOPLE, SITES = 50_000, 4_000


def guid(kind: int, number: int) -> str:
    return f"{kind:08x}-0000-4000-8000-{number:012x}"


def mgdc(folder: Path) -> Iterator[tuple[Path, Iterator[str]]]:
    """Permissions of scopes: three people and a group each, every fourth row a link."""

    def rows() -> Iterator[str]:
        for number in count(1):
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
        for number in count(1):
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


def folder_csv(folder: Path) -> Iterator[tuple[Path, Iterator[str]]]:
    """The grants of a tenant folder."""

    def rows() -> Iterator[str]:
        yield "scope,principal,level,link\n"
        for number in count():
            yield f"{guid(2, number % SITES)}/{guid(6, number // 4)},{guid(1, number * 7 % PEOPLE)},Read,\n"

    yield folder / "grants.csv", rows()


def folder_ndjson(folder: Path) -> Iterator[tuple[Path, Iterator[str]]]:
    """The same as JSON lines."""

    def rows() -> Iterator[str]:
        for number in count():
            scope, who = f"{guid(2, number % SITES)}/{guid(6, number // 4)}", guid(1, number * 7 % PEOPLE)
            yield f'{{"scope":"{scope}","principal":"{who}","level":"Read"}}\n'

    yield folder / "grants.ndjson", rows()


def permission_audit(folder: Path) -> Iterator[tuple[Path, Iterator[str]]]:
    """A PnP permission audit: a group and three people on every folder, the group expanded at the site."""

    def rows() -> Iterator[str]:
        yield ",".join(AUDIT) + "\n"
        for number in count():
            url = f"https://x.sharepoint.example/sites/s{number % SITES}"
            path = f"/sites/s{number % SITES}/Shared Documents/Folder {number}"
            start = f'{url},Site,Folder,,"{path}",Documents'
            yield f"{start},Group,Members,Members,NA,Edit\n"
            for who in (number * 7 % PEOPLE, number * 13 % PEOPLE, number * 29 % PEOPLE):
                yield f"{start},User,Person {who},i:0#.f|membership|p{who}@x.example,NA,Read\n"

    yield folder / "permission-audit.csv", rows()


def sharing_report(folder: Path) -> Iterator[tuple[Path, Iterator[str]]]:
    """Site sharing reports: a group, two people and a link with somebody who used it on every file."""

    def rows() -> Iterator[str]:
        yield ",".join(SHARING) + "\n"
        for number in count():
            path = f"sites/s{number % SITES}/Shared Documents/File {number}.docx"
            yield f"{path},docx,Edit,Members,,SharePoint Group,,,\n"
            for who in (number * 7 % PEOPLE, number * 13 % PEOPLE):
                yield f"{path},docx,Read,Person {who},p{who}@x.example,Internal,,,\n"
            yield f"{path},docx,Read,SharingLink,,,{guid(7, number)},Organization,\n"
            yield f"{path},docx,Read,Person 5,p5@x.example,Internal,,,{guid(7, number)}\n"

    yield folder / "sharing-report.csv", rows()


def everyone_report(folder: Path) -> Iterator[tuple[Path, Iterator[str]]]:
    """The detailed Everyone report of data access governance, longer than the million rows it may have."""

    def rows() -> Iterator[str]:
        yield ",".join(EVERYONE) + "\n"
        eeeu = "Everyone except external users"
        for number in count():
            at = f"{TENANT},{guid(2, number % SITES)},{guid(3, 1)},{guid(4, 1)},{guid(6, number)},{guid(5, number)},{number}"
            path = f"sites/s{number % SITES}/Shared Documents/File {number}.docx"
            yield f"{at},File,{path},Read,,,{eeeu},{eeeu},,Visitors,,SharePointGroup,,2026-06-03\n"

    yield folder / "everyone.csv", rows()


def role_assignments(folder: Path) -> Iterator[tuple[Path, Iterator[str]]]:
    """REST answers beside their requests: a group and two people on every folder."""

    def rows() -> Iterator[str]:
        read = {"Name": "Read", "RoleTypeKind": 2, "BasePermissions": {"High": "176", "Low": "138612833"}}
        for number in count():
            people = [
                {"Member": {"Id": who, "PrincipalType": 1, "Title": f"Person {who}",
                            "LoginName": f"i:0#.f|membership|p{who}@x.example"}, "RoleDefinitionBindings": [read]}
                for who in (number * 7 % PEOPLE, number * 13 % PEOPLE)
            ]  # fmt: skip
            group = {"Member": {"Id": 5, "PrincipalType": 8, "Title": "Members", "LoginName": "Members"},
                     "RoleDefinitionBindings": [read]}  # fmt: skip
            site = f"https://x.sharepoint.example/sites/s{number % SITES}"
            path = f"/sites/s{number % SITES}/Shared Documents/Folder {number}"
            url = (
                f"{site}/_api/web/GetFolderByServerRelativePath(decodedUrl='{path}')/ListItemAllFields/roleassignments"
            )
            yield json.dumps({"url": url, "body": {"value": [group, *people]}}) + "\n"

    yield folder / "assignments.json", rows()


def audit_log(folder: Path) -> Iterator[tuple[Path, Iterator[str]]]:
    """An audit search: files opened."""

    def rows() -> Iterator[str]:
        yield "RecordId,CreationDate,RecordType,Operation,UserId,AuditData,AssociatedAdminUnits,AssociatedAdminUnitsNames\n"
        for number in count():
            site = f"https://x.sharepoint.example/sites/s{number % SITES}"
            who, file = f"p{number * 7 % PEOPLE}@x.example", f"File {number % 1_000_003}.docx"
            data = {
                "Id": guid(8, number), "RecordType": 6, "CreationTime": "2026-06-02T14:05:09", "Operation": "FileAccessed",
                "OrganizationId": TENANT, "UserType": 0, "Workload": "SharePoint", "UserId": who, "ItemType": "File",
                "ObjectId": f"{site}/Shared Documents/{file}", "Site": guid(2, number % SITES),
                "ListItemUniqueId": guid(5, number % 1_000_003), "SiteUrl": f"{site}/", "SourceFileName": file,
            }  # fmt: skip
            quoted = json.dumps(data).replace('"', '""')
            yield f'{guid(8, number)},2026-06-02T14:05:09.0000000Z ,6,FileAccessed,{who},"{quoted}",,\n'

    yield folder / "audit.csv", rows()


def content_explorer(folder: Path) -> Iterator[tuple[Path, Iterator[str]]]:
    """Content Explorer: files that hold a sensitive info type."""

    def rows() -> Iterator[str]:
        yield "Location,FileSourceUrl,FileUrl,FileName,SensitiveInfoTypes,SensitivityLabel,LastModifiedTime\n"
        for number in count():
            site = f"https://x.sharepoint.example/sites/s{number % SITES}"
            file = f"File {number}.docx"
            yield f"SPO,{site},{site}/Shared Documents/{file},{file},{guid(9, number % 40)},,2026-05-30T15:21:09Z\n"

    yield folder / "SensitiveInformationType.csv", rows()


Form = Callable[[Path], Iterator[tuple[Path, Iterator[str]]]]
FORMS: dict[str, Form] = {
    form.__name__: form
    for form in (
        mgdc, graph, folder_csv, folder_ndjson, permission_audit, sharing_report, everyone_report, role_assignments,
        audit_log, content_explorer,
    )
}  # fmt: skip


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
    from acl_graph.readers import read as read_export

    began = time.perf_counter()
    tenant = read_export(folder)
    took = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        json.dumps(
            {
                "seconds": round(took, 1),
                "peak MB": round(peak),
                "rows": sum(frame.height for frame in tenant.tables.values()),
            }
        )
    )


def measure(form: str, gigabytes: float) -> tuple[str, str, str, str, str]:
    """A row of the page's table: the form, its size, records written, time, the most memory the process ever held."""
    with tempfile.TemporaryDirectory() as place:
        lines = write(form, Path(place), int(gigabytes * (1 << 30)))
        command = [sys.executable, "-m", "tests.bench.reading", "--read", place]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    if done.returncode:
        return form, f"{gigabytes:g} GB", f"{lines:,}", "failed", done.stderr.strip()[-200:]
    found = json.loads(done.stdout)
    return form, f"{gigabytes:g} GB", f"{lines:,}", f"{found['seconds']} s", f"{found['peak MB']:,} MB"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("forms", nargs="*", choices=[*FORMS, []], default=[])
    parser.add_argument("--gigabytes", type=float, default=1.0)
    parser.add_argument("--write", action="store_true", help="put the table into docs/numbers.md")
    parser.add_argument("--read", type=Path, help=argparse.SUPPRESS)
    said = parser.parse_args()
    if said.read:
        read(said.read)
        return
    table = ["| export | size | records | time | peak memory |", "| --- | --- | --- | --- | --- |"]
    for form in said.forms or FORMS:
        table.append("| " + " | ".join(measure(form, said.gigabytes)) + " |")
        print(table[-1], flush=True)
    if said.write:
        page = PAGE.read_text(encoding="utf-8")
        before, rest = page.split(START)
        head = f"Measured on {datetime.now(UTC):%Y-%m-%d}. Command: `python -m tests.bench.reading --write`."
        PAGE.write_text(
            f"{before}{START}\n{head}\n\n" + "\n".join(table) + f"\n{END}{rest.split(END)[1]}", encoding="utf-8"
        )


if __name__ == "__main__":
    main()
