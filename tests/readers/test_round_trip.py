"""One small tenant, written in every format: the same verdicts, or wider bounds exactly where that format is silent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from acl_graph.access import Access, open_export
from acl_graph.access.api import Answer
from acl_graph.errors import UnknownName
from acl_graph.vocabulary import Level
from tests.support.formats import graph_json, mgdc, reports, rest_answers, settings, tenant_folder, truth
from tests.support.formats.collector_answers import Service
from tests.support.formats.collector_twin import Twin

Writer = Callable[[Path], None]
#: parts of an answer that have to be the same; reasons and file rows are each format's own
FIELDS = ("open", "latent", "latent_by", "find", "copilot", "possible", "stopped_by", "stopped_by_all", "conditions")
OVERLAYS = ("restricted_access", "encryption", "copilot_label")
#: (who, which file): has an ended link, which a format without dates cannot know
ENDED = {("kai", "/sites/Ledger/Shared Documents/=open.docx")}


def _several(*writers: Writer) -> Writer:
    def write(folder: Path) -> None:
        for writer in writers:
            writer(folder)

    return write


def _directory(folder: Path) -> None:
    graph_json.write(folder, content=False)


def _collector(folder: Path) -> None:
    Twin(Service(), folder, files=True).run([truth.url(site) for site in truth.SITES])


COMPLETE: dict[str, Writer] = {
    "tenant folder, CSV": lambda folder: tenant_folder.write(folder, "csv"),
    "tenant folder, NDJSON": lambda folder: tenant_folder.write(folder, "ndjson"),
    "tenant folder, Parquet": lambda folder: tenant_folder.write(folder, "parquet"),
    "Graph Data Connect with the directory, settings and labels": _several(mgdc.write, _directory, settings.write),
}


#: in the others it is not known who applied the encryption of a file, which widens what is possible there
EVERYTHING = [name for name in COMPLETE if name.startswith("tenant folder")]


@dataclass(frozen=True)
class Partial:
    """A format that is silent about something. `silent` are gates it knows nothing of; `ended` whether dates miss too.

    `same` is how many pairs that open something have the exact level all the same: pinned, so that bounds stay tight.
    """

    write: Writer
    silent: tuple[str, ...]
    same: int
    ended: bool = False
    items: bool = field(default=False)  #: whether files are in it; else the scopes above them are asked


PARTIAL: dict[str, Partial] = {
    "Graph Data Connect alone": Partial(mgdc.write, ("account", "restricted_access"), 32, items=True),
    "Graph answers": Partial(graph_json.write, OVERLAYS, 8, ended=True, items=True),
    "PnP permission audit": Partial(reports.permission_audit, ("account", *OVERLAYS), 18, ended=True),
    "PnP permission audit with the directory": Partial(
        _several(reports.permission_audit, _directory), OVERLAYS, 23, ended=True
    ),
    "sharing reports": Partial(reports.sharing_reports, ("account", *OVERLAYS), 3, ended=True),
    "detailed Everyone report with the directory": Partial(_several(reports.everyone_report, _directory), OVERLAYS, 7),
    "role assignments": Partial(rest_answers.write, ("account", *OVERLAYS), 14, ended=True),
    "role assignments with the directory": Partial(_several(rest_answers.write, _directory), OVERLAYS, 33, ended=True),
    "the collector": Partial(_collector, ("encryption", "copilot_label"), 33, items=True),
}


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], Answer]:
    """The answer for every pair from the plain form."""
    folder = tmp_path_factory.mktemp("truth")
    tenant_folder.write(folder, "csv")
    access = open_export(folder)
    return {(name, item): access.check(truth.upn(name), item) for name, item in truth.pairs()}


def test_the_tenant_has_what_makes_formats_differ(known: dict[tuple[str, str], Answer]) -> None:
    gates = {gate for answer in known.values() for gate in answer.stopped_by_all}
    assert {"account", "acl", "restricted_access", "encryption", "copilot_label", "copilot_licence"} <= gates
    assert {answer.latent_by for answer in known.values()} == {None, "link_url", "redemption", "elevation", "join"}
    assert {answer.open for answer in known.values()} >= {Level.NONE, Level.READ, Level.EDIT, Level.SITEADMIN}


@pytest.mark.parametrize("name", COMPLETE)
def test_a_complete_export_gives_the_same_answers(
    name: str, tmp_path: Path, known: dict[tuple[str, str], Answer]
) -> None:
    COMPLETE[name](tmp_path)
    access = open_export(tmp_path)
    assert access.tenant.rejected.is_empty()
    assert access.tenant.unresolved.is_empty()
    for (who, item), truly in known.items():
        answer = access.check(truth.upn(who), truth.item_path(item))
        for part in FIELDS if name in EVERYTHING or truth.ITEMS[item][3] != truth.SECRET else FIELDS[:5]:
            assert getattr(answer, part) == getattr(truly, part), (who, truth.item_path(item), part)


def _asked(access: Access, who: str, item: str, *, items: bool) -> Answer | None:
    """The answer about a file, or about the scope that rules it where files are not known.

    None: the export knows nobody of this name, or nothing of this scope, and says so.
    """
    path = truth.item_path(item) if items else truth.SCOPES[truth.ITEMS[item][2]][2]
    try:
        return access.check(truth.upn(who), path)
    except UnknownName:
        return None


@pytest.mark.parametrize("name", PARTIAL)
def test_a_silent_export_gives_bounds_that_hold_the_truth(
    name: str, tmp_path: Path, known: dict[tuple[str, str], Answer]
) -> None:
    export = PARTIAL[name]
    export.write(tmp_path)
    access = open_export(tmp_path)
    counted: Counter[str] = Counter()
    for (who, item), truly in known.items():
        path = truth.item_path(item)
        answer = _asked(access, who, item, items=export.items)
        if answer is None:
            continue
        most = Level[answer.possible["open"]] if answer.possible else answer.open
        assert truly.open <= most, (who, path)
        silent = set(truly.stopped_by_all) & set(export.silent) or (export.ended and (who, path) in ENDED)
        if not silent:
            assert answer.open <= truly.open, (who, path)
        counted["same"] += truly.open >= Level.VIEW and answer.open == truly.open
    assert counted["same"] == export.same


@pytest.mark.parametrize("name", PARTIAL)
def test_a_silent_export_says_what_it_cannot_answer(name: str, tmp_path: Path) -> None:
    PARTIAL[name].write(tmp_path)
    assert open_export(tmp_path).tenant.notes
