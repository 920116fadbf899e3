"""The collector: constant bytes, commands that only read, and an output that is read back as it was meant."""

# ruff: noqa: E501 - patterns are as long as they are

from __future__ import annotations

import hashlib
import re
import tomllib
from pathlib import Path

import pytest

from acl_graph.access import Access
from acl_graph.collector import write_collector
from acl_graph.collector.collector import NAME, digest, script
from acl_graph.errors import OutputExists
from acl_graph.readers import read
from acl_graph.tenant.schema import TABLES
from acl_graph.vocabulary import Cover, Level
from tests.support.formats import truth
from tests.support.formats.collector_answers import REQUESTS, Service
from tests.support.formats.collector_twin import Twin, columns_of_the_script, rows_of_the_script

DOCS = Path(__file__).parents[2] / "docs"
#: what PowerShell takes for a quote or a dash, and tree-sitter does not
TYPOGRAPHIC = str.maketrans({**dict.fromkeys("\u2018\u2019\u201a\u201b", "'"), **dict.fromkeys("\u201c\u201d\u201e", '"'),
                             **dict.fromkeys("\u2013\u2014\u2015", "-")})  # fmt: skip
#: commands of the module: each of them reads
ASKS = {"Connect-PnPOnline", "Get-PnPTenant", "Get-PnPTenantSite", "Invoke-PnPGraphMethod", "Invoke-PnPSPRestMethod"}
#: commands of PowerShell that touch nothing but this computer
LOCAL = {"ConvertTo-Json", "Export-Csv", "ForEach-Object", "Import-Csv", "Join-Path", "Move-Item", "New-Item", "Out-File",
         "Select-Object", "Start-Sleep", "Test-Path", "Where-Object", "Write-Output", "Write-Progress", "Write-Verbose"}  # fmt: skip


def text() -> str:
    return script().decode("ascii")


def commands(of: str) -> list[tuple[str, str]]:
    """(name, whole command) of every command in PowerShell source, by tree-sitter; a parse error fails the test."""
    tree_sitter = pytest.importorskip("tree_sitter")
    grammar = pytest.importorskip("tree_sitter_powershell")
    source = of.translate(TYPOGRAPHIC).encode()
    root = tree_sitter.Parser(tree_sitter.Language(grammar.language())).parse(source).root_node
    assert not root.has_error
    found, left = [], [root]
    while left:
        node = left.pop()
        left += node.children
        if node.type == "command_name":
            found.append((source[node.start_byte : node.end_byte].decode(), node.parent.text.decode()))
    return found


def functions() -> set[str]:
    return set(re.findall(r"^function ([A-Za-z-]+)", text(), re.M))


def test_the_script_is_the_same_ascii_bytes_for_everybody(tmp_path: Path) -> None:
    written = [write_collector(tmp_path / name).read_bytes() for name in ("one", "two")]
    assert written[0] == written[1] == script()
    assert script().isascii() and b"\r" not in script() and b"\t" not in script()
    assert digest() == hashlib.sha256(script()).hexdigest()
    assert digest() in (tmp_path / "one" / "README.md").read_text(encoding="utf-8")


def test_another_version_is_not_overwritten_unasked(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text("# mine")
    with pytest.raises(OutputExists):
        write_collector(tmp_path)
    assert write_collector(tmp_path, force=True).read_bytes() == script()
    assert write_collector(tmp_path) == tmp_path / NAME


def test_every_command_only_reads() -> None:
    used = {name for name, _ in commands(text())}
    assert used <= ASKS | LOCAL | functions()
    assert not [name for name in used if name.lower().startswith(("set-", "remove-", "clear-", "grant-", "revoke-"))]
    assert not re.search(r"(?i)\b(new|add|set|remove|submit|start|restore)-(pnp|spo|mg)", text())


def test_every_request_is_a_get() -> None:
    for name, whole in commands(text()):
        if name.startswith("Invoke-PnP"):
            assert "-Method Get" in whole and "-Content" not in whole and "-Batch" not in whole
    assert not re.search(r"(?i)-Method\s+(?!Get\b)", text())
    assert not re.search(r"(?i)invoke-(expression|webrequest|restmethod|command)|\biex\b|start-process", text())


def test_no_secret_is_taken_or_written() -> None:
    params = text().partition("param(")[2].partition("\n)\n")[0].lower()
    assert not re.search(r"secret|password|token|credential", params)
    assert not re.search(r"(?i)weburl|shareid|accesstoken|clientsecret|securestring", text())


def test_the_help_says_that_it_was_never_run_on_a_tenant() -> None:
    said = " ".join(text().split())
    assert "NOT been run against a live tenant" in said
    assert ".SYNOPSIS" in said and said.count(".EXAMPLE") == 2 and "#Requires -Version 7.4" in said
    assert "not been run against a live tenant" in (DOCS / "collector.md").read_text(encoding="utf-8")
    params = re.findall(
        r"^\s+(?:\[[^\n]*\] )?\[(?:string|switch|int|string\[\])\] \$(\w+)",
        text().partition("param(")[2].partition("\n)\n")[0],
        re.M,
    )
    assert params and all(f".PARAMETER {name}\n" in text() for name in params)


def test_every_column_of_the_script_is_one_of_the_tenant_folder() -> None:
    for table, columns in columns_of_the_script().items():
        assert set(columns) <= {column.name for column in TABLES[table].columns}, table
        assert set(TABLES[table].key) - set(TABLES[table].optional) <= set(columns), table


def test_every_row_of_the_script_has_columns_that_are_written() -> None:
    columns = columns_of_the_script()
    rows = rows_of_the_script()
    assert {table for table, _ in rows} >= set(columns) - {"sites", "links", "principals"}
    for table, cells in rows:
        assert cells and set(cells) <= set(columns[table]), (table, cells)


def test_every_property_of_a_site_has_a_column() -> None:
    block = text().partition("$SiteProperties = [ordered]@{")[2].partition("\n}")[0]
    names = re.findall(r"([a-z_]+) = '\w+'", block)
    assert len(names) > 10 and set(names) <= set(columns_of_the_script()["sites"])


def test_every_table_of_its_coverage_is_one_of_ours() -> None:
    block = text().partition("function Save-Toml")[2].partition("# --- the run")[0]
    named = set(re.findall(r"^\s+\"(\w+) = `\"", block, re.M)) - {"name", "snapshot"}
    assert named and named <= set(TABLES)


def test_the_twin_asks_what_the_script_asks() -> None:
    plain = text().replace("`$", "$")
    for request in REQUESTS.values():
        assert request in plain or request.removeprefix("/_api/web").removeprefix("v1.0") in plain, request


def collected(folder: Path, *, files: bool) -> tuple[Service, Access]:
    service = Service()
    Twin(service, folder, files=files).run([truth.url(site) for site in truth.SITES])
    return service, Access(read(folder))


def test_recorded_answers_become_a_tenant_that_answers(tmp_path: Path) -> None:
    service, access = collected(tmp_path, files=True)
    assert access.tenant.rejected.is_empty() and access.tenant.unresolved.is_empty()
    assert access.tenant.conflicts.is_empty()
    plan = "/sites/Ledger/Shared Documents/plan.docx"
    assert access.check("ada@alderbrook.example", plan).open == Level.EDIT
    assert access.check("joy@alderbrook.example", plan).open == Level.SITEADMIN
    assert access.check("cyd@alderbrook.example", plan).open == Level.READ
    assert access.check("dot@alderbrook.example", plan).stopped_by == "account"
    opened = "/sites/Ledger/Shared Documents/=open.docx"
    assert access.check("kai@alderbrook.example", opened).open == Level.NONE  # the link has ended
    assert access.check("lea@alderbrook.example", "/sites/Commons/Documents/hello.docx").open == Level.EDIT
    assert not [url for url in service.asked if "never.asked" in url]


def test_without_files_the_scopes_answer(tmp_path: Path) -> None:
    _, access = collected(tmp_path, files=False)
    assert access.tenant["items"].is_empty() and access.tenant.coverage.table("items") == Cover.ABSENT
    folder = "/sites/Ledger/Shared Documents/Pay"
    assert access.check(truth.upn("ben"), folder).open == Level.EDIT
    assert access.check(truth.upn("eli"), folder).open == Level.READ
    assert access.check(truth.upn("ada"), folder).open == Level.NONE


def test_an_account_that_only_a_site_names_is_unresolved(tmp_path: Path) -> None:
    service = Service()
    users = REQUESTS["users"]
    service.said[users] = {"value": [one for one in service.said[users]["value"] if one["displayName"] != "Ben"]} | {
        "@odata.nextLink": service.said[users]["@odata.nextLink"]
    }
    Twin(service, tmp_path, files=True).run([truth.url(site) for site in truth.SITES])
    tenant = read(tmp_path)
    assert "ben@alderbrook.example" in tenant.unresolved["principal"].to_list()
    assert tenant.rejected.is_empty()


def test_licences_count_with_their_plans_and_none_given_out_is_not_known(tmp_path: Path) -> None:
    sku = "639dec6b-bb19-468b-871c-c5c441c4b0cb"
    plans = [{"servicePlanName": f"M365_COPILOT_{name}", "servicePlanId": name} for name in ("APPS", "TEAMS")]
    service = Service()
    service.said[REQUESTS["skus"]] = {"value": [{"skuId": sku, "skuPartNumber": "X", "servicePlans": plans}]}
    given: dict[str, list[dict[str, object]] | None] = {
        "Ada": [{"skuId": sku, "disabledPlans": ["apps", "TEAMS"]}],
        "Ben": [{"skuId": sku, "disabledPlans": ["APPS"]}],
        "Cyd": None,
        "Dot": [],
    }
    for page in service.said.values():
        for one in page.get("value", []):
            if isinstance(one, dict) and "assignedLicenses" in one:
                one["assignedLicenses"] = given.get(one["displayName"], [])
    Twin(service, tmp_path, files=False).run([truth.url(site) for site in truth.SITES])
    told = dict(read(tmp_path)["principals"].filter(kind="user").select("name", "copilot").iter_rows())
    assert [told[name] for name in given] == ["none", "licensed", None, "none"]
    script_text = text()
    assert (
        "disabledPlans" in script_text and "if ($null -ne $user.assignedLicenses) { $licence = 'none' }" in script_text
    )


def test_coverage_that_the_script_would_write_is_toml(tmp_path: Path) -> None:
    collected(tmp_path, files=False)
    said = tomllib.loads((tmp_path / "tenant.toml").read_text(encoding="ascii"))
    assert said["coverage"]["principals.segments"] == "absent"
