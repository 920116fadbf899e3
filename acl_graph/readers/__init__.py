"""One file per export format; each knows a vendor's quirks and nothing else. `read` chooses by looking at the content.

To add a format: write a module with `NAME`, `ABOUT`, `claims(file)` and `read(files, raw, told)`, and put it into
`READERS` below. Nothing else has to change. A reader may also say `tables_of(dataset)`, the tables that are partial
where one of its files was not read completely, and `misses(file, mine, raw)`, told of every file that nobody
understands: whether it belongs beside `mine`, and what is wrong then.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType

from acl_graph.errors import AclGraphError, BadInput
from acl_graph.readers import mgdc
from acl_graph.readers.directory import lists as directory
from acl_graph.readers.directory import segments
from acl_graph.readers.graph import answers as graph_json
from acl_graph.readers.identity.merge_ids import join, one_tenant, still_one_tenant
from acl_graph.readers.parsing.discover import Walked, walk
from acl_graph.readers.parsing.sniff import Sniffed, sniff
from acl_graph.readers.purview import audit_log, content_explorer
from acl_graph.readers.purview import labels as purview_labels
from acl_graph.readers.reports import dag, permission_report, sharing_report
from acl_graph.readers.rest import role_assignments
from acl_graph.readers.settings import restricted_search, spo_site, spo_tenant
from acl_graph.readers.tenant_folder import tables as tenant_folder
from acl_graph.tenant import Tenant
from acl_graph.tenant.raw_export import RawExport, ReadFile
from acl_graph.tenant.schema import TABLES
from acl_graph.tenant.tenant import build

#: in the order in which they are asked whether a file is theirs
READERS: tuple[ModuleType, ...] = (
    dag,  # before Graph Data Connect: its detailed report has the columns of a permissions dataset, and more
    mgdc,  # before the tenant folder: a dataset may lie in a file called sites.json
    tenant_folder,
    graph_json,
    directory,
    purview_labels,
    # settings before what names things by address only, so that a site's own id is known first
    spo_site,
    spo_tenant,
    restricted_search,
    segments,  # after what carries segments: it gives the sites' and the accounts' spellings one name
    role_assignments,
    permission_report,
    sharing_report,
    # evidence last: it is held against the files and accounts that the others describe
    content_explorer,
    audit_log,
)

#: told what is being read: (sentence, files done, files in all)
Told = Callable[[str, int, int], None]


def read(path: str | Path, *, told: Told | None = None) -> Tenant:
    """Read an export - a folder or one file - into a tenant.

    Parameters
    ----------
    path
        The folder that holds the export's files, or a single file.
    told
        Called before each file with a sentence, the number of files done and the number in all.

    Returns
    -------
    Tenant
        Frozen frames with their coverage; what was rejected is in `tenant.rejected` with its reason.

    Raises
    ------
    BadInput
        There is nothing to read here, no file has a known format, or a file is damaged beyond its rows.
    """
    root = Path(path)
    told = told or (lambda sentence, done, of: None)
    walked = walk(root)
    files = [sniff(found, root) for found in walked.files]
    # what nobody could look into is a stranger like any other
    files += [Sniffed(root / name, name, "unknown", why=why, broken=True) for name, why in walked.unread]
    raw = RawExport(root)
    for name in walked.ours:
        raw.note(f"The folder {name} was written by acl-graph and is left out.")
    claimed = one_tenant(_share_out(files, raw, walked), raw)
    done = 0
    for reader in READERS:
        mine = claimed.get(reader.NAME, [])
        if mine:
            told(f"reading {reader.ABOUT}", done, len(files))
            reader.read(mine, raw, lambda sentence, so_far=done: told(sentence, so_far, len(files)))
            _say_unread(reader, mine, raw)
            done += len(mine)
    still_one_tenant(raw)
    join(raw)
    told("sorting rows out", len(files), len(files))
    return build(raw)


def _share_out(files: Sequence[Sniffed], raw: RawExport, walked: Walked) -> dict[str, list[tuple[Sniffed, str]]]:
    """Give every file to the first reader that knows it; say which ones nobody knows."""
    claimed: dict[str, list[tuple[Sniffed, str]]] = {}
    strangers: list[Sniffed] = []
    for file in files:
        for reader in READERS:
            dataset = reader.claims(file)
            if dataset:
                claimed.setdefault(reader.NAME, []).append((file, dataset))
                break
        else:
            strangers.append(file)
    if not claimed:
        raise BadInput(_nothing_known(raw.root, files, walked))
    for file in strangers:
        why = "is empty" if file.format == "empty" else file.why or "has columns of no known export"
        raw.files.append(ReadFile(file.relative, "-", "not recognised", 0, why))
        if any(_misses(reader, file, claimed.get(reader.NAME, []), raw) for reader in READERS):
            raw.reject("-", file.relative, None, f"this file {why}")
        elif file.broken:  # it may hold rows of any table
            raw.reject("-", file.relative, None, f"this file {why}")
            raw.damaged(file.relative, f"it {why}", *TABLES)
        elif file.format == "unknown":
            raw.reject("-", file.relative, None, f"this file {why}")
    return claimed


def _misses(reader: ModuleType, file: Sniffed, mine: Sequence[tuple[Sniffed, str]], raw: RawExport) -> bool:
    """Whether a file that nobody understands should have been this reader's."""
    misses: Callable[..., bool] | None = getattr(reader, "misses", None)
    return misses is not None and bool(mine) and misses(file, mine, raw)


def _say_unread(reader: ModuleType, mine: Sequence[tuple[Sniffed, str]], raw: RawExport) -> None:
    """Lower the coverage of what was not read of a reader's files, and say which text was not what it seemed."""
    tables_of: Callable[[str], tuple[str, ...]] = getattr(reader, "tables_of", lambda dataset: ())
    for file, dataset in mine:
        if file.unread:
            raw.damaged(file.relative, str(file.unread), *tables_of(dataset))
        if file.unread.invalid_text:
            how = "as Windows-1252" if file.encoding == "cp1252" else "as UTF-8, a wrong byte as \ufffd"
            raw.note(f"{file.relative} is not valid UTF-8; it was read {how}.")


def _nothing_known(root: Path, files: Sequence[Sniffed], walked: Walked) -> str:
    if not files and walked.skipped:
        return f"{root} holds no files but those in {walked.skipped[0]}, where job metadata lies. Point at that folder."
    if not files:
        return f"{root} holds no files. Point at the folder your export was saved to."
    damaged = [file for file in files if file.why]
    if damaged:
        return f"{damaged[0].relative} {damaged[0].why}. Nothing else in {root} is a known export."
    seen = "; ".join(f"{f.relative} ({', '.join(f.keys[:4]) or 'empty'})" for f in files[:3])
    return f"No file in {root} looks like an export I know. Seen: {seen}. See docs/which_export.md."


__all__ = ["READERS", "AclGraphError", "read"]
