"""The routes out of a tenant: the page is the data, and no route promises what no reader keeps."""

from __future__ import annotations

import json
from pathlib import Path

from acl_graph.collector.which_export import page, routes, routes_data, routes_text, text
from acl_graph.readers import READERS

DOCS = Path(__file__).parents[2] / "docs"


def test_the_page_is_the_table_that_the_routes_make() -> None:
    assert (DOCS / "which_export.md").read_text(encoding="utf-8") == page()


def test_every_route_says_everything() -> None:
    for route in routes():
        assert all(route.__dict__.values()), route.key
    assert len({route.key for route in routes()}) == len(routes())


def test_every_route_has_a_page_that_says_how_it_is_read() -> None:
    missing = [route.page for route in routes() if not (DOCS / route.page).exists()]
    assert missing == []


def test_every_reader_of_a_vendors_format_has_a_route() -> None:
    pages = {
        "mgdc": "mgdc",
        "graph": "graph_json",
        "permission report": "permission_report",
        "sharing report": "sharing_report",
        "data access governance": "dag",
        "site settings": "get_spo_site",
        "tenant settings": "get_spo_site",
        "restricted search": "get_spo_site",
        "role assignments": "role_assignments",
        "labels": "purview_labels",
        "content explorer": "content_explorer",
        "audit log": "audit_log",
        "directory": "graph_json",
        "segments": "purview_labels",
        "tenant folder": "collector",
    }
    known = {Path(route.page).stem for route in routes()}
    assert {pages[reader.NAME] for reader in READERS} <= known


def test_the_text_of_the_screen_holds_every_route_and_no_escape() -> None:
    said = routes_text()
    assert all(route.name in said and route.cannot in said for route in routes())
    assert said.isprintable() or set(said) - {"\n"} <= set(map(chr, range(32, 127)))
    assert text(routes()[:1]).startswith("Microsoft Graph Data Connect")


def test_the_data_is_what_json_can_hold() -> None:
    assert json.loads(json.dumps(routes_data()))[0]["key"] == "mgdc"
