"""Cases whose answers somebody else wrote down: 663 questions of transitive membership, asked of one tenant folder.

Each case becomes people, groups and items with names of its own. A set of everybody (`user:*`) becomes a group that
holds every subject of that type in the case. A subject stands twice: as himself, inside the sets of everybody, and
alone, outside them, because the authors list by name only who is in by name. Every group has a probe, a person who is
in that group and nothing else: whatever holds the probe holds the group.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from acl_graph.access import Access
from acl_graph.readers import read

CASES = Path(__file__).resolve().parents[3] / "shared" / "real" / "rebac" / "openfga_cases.jsonl"

pytestmark = pytest.mark.skipif(not CASES.exists(), reason="the cases are not beside this repository")


def is_group(name: str) -> bool:
    """`object#relation`, or everybody of a type."""
    return "#" in name or name.endswith(":*")


def type_of(name: str) -> str:
    """'user' of user:ann, 'group#member' of group:x#member."""
    kind, _, rest = name.partition(":")
    return f"{kind}#{rest.partition('#')[2]}" if "#" in rest else kind


@dataclass
class Folder:
    """The rows of the tenant folder in the making."""

    rows: dict[str, list[dict[str, str]]] = field(default_factory=dict)

    def add(self, table: str, **cells: str) -> None:
        self.rows.setdefault(table, []).append(cells)

    def add_case(self, case: dict[str, Any]) -> None:
        """People, groups, memberships and one item a group, all named after the case."""

        def own(name: str) -> str:
            return f"{case['id']} {name}"

        named = {name for pair in case["memberships"] for name in pair}
        named |= {name for check in case["checks"] for name in check[:2]}
        named |= {row[0] for row in case["list_users"]} | {row[0] for row in case["list_objects"]}
        named |= {found for row in case["list_users"] for found in row[2]}
        stars = {name for name in named if name.endswith(":*")}
        for name in sorted(named):
            if is_group(name):
                self.add("principals", id=own(name), kind="security_group")
                self.add("principals", id=own(f"probe {name}"), kind="user", copilot="licensed")
                self.add("members", group=own(name), member=own(f"probe {name}"))
                if not name.endswith(":*"):
                    self.add("scopes", id=own(f"scope {name}"), site="site", kind="item")
                    self.add("grants", scope=own(f"scope {name}"), principal=own(name), level="read")
                    self.add("items", id=own(f"item {name}"), scope=own(f"scope {name}"))
            else:
                self.add("principals", id=own(name), kind="user", copilot="licensed")
                self.add("principals", id=own(f"alone {name}"), kind="user", copilot="licensed")
                for star in stars & {f"{type_of(name)}:*"}:
                    self.add("members", group=own(star), member=own(name))
        for member, group in case["memberships"]:
            self.add("members", group=own(group), member=own(member))
            if not is_group(member):
                self.add("members", group=own(group), member=own(f"alone {member}"))

    def write(self, directory: Path) -> Path:
        """The folder, one CSV a table."""
        directory.mkdir()
        self.add("sites", id="site", kind="communication")
        for table, rows in self.rows.items():
            frame = pl.DataFrame(rows, infer_schema_length=None).unique(maintain_order=True)
            frame.write_csv(directory / f"{table}.csv")
        (directory / "tenant.toml").write_text('name = "cases"\n[coverage]\ndefault = "complete"\n', encoding="utf-8")
        return directory


@pytest.fixture(scope="module")
def cases() -> list[dict[str, Any]]:
    return [json.loads(line) for line in CASES.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def access(cases: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory) -> Access:
    """All cases as one tenant, read from its folder."""
    folder = Folder()
    for case in cases:
        folder.add_case(case)
    tenant = read(folder.write(tmp_path_factory.mktemp("rebac") / "tenant"))
    assert tenant.rejected.is_empty()
    assert tenant.unresolved.is_empty()
    return Access(tenant)


def asker(case: dict[str, Any], name: str) -> str:
    """Who asks for a subject: himself, or the probe of a group."""
    return f"{case['id']} probe {name}" if is_group(name) else f"{case['id']} {name}"


def test_all_663_answers_are_those_of_their_authors(cases: list[dict[str, Any]], access: Access) -> None:
    asked: Counter[str] = Counter()
    wrong: list[Any] = []
    for case in cases:
        prefix = f"{case['id']} "
        for subject, group, expected in case["checks"]:
            answer = access.check(asker(case, subject), f"{prefix}item {group}")
            asked["checks"] += 1
            if answer.reaches("open") is not expected or answer.possible is not None:
                wrong.append((case["id"], subject, group, expected, answer))
        for group, kind, expected_names in case["list_users"]:
            holders = set(access.who(f"{prefix}item {group}")["principal"])
            alone = {name.removeprefix(f"{prefix}alone ") for name in holders if name.startswith(f"{prefix}alone ")}
            probes = {name.removeprefix(f"{prefix}probe ") for name in holders if name.startswith(f"{prefix}probe ")}
            listed = {name for name in alone if type_of(name) == kind}
            listed |= {name for name in probes if name == f"{kind}:*" or ("#" in name and type_of(name) == kind)}
            asked["list_users"] += 1
            if listed != set(expected_names):
                wrong.append((case["id"], group, kind, expected_names, listed))
        for subject, kind, relation, expected_names in case["list_objects"]:
            items = {name.removeprefix(f"{prefix}item ") for name in access.what(asker(case, subject))["item"]}
            listed = {name.partition("#")[0] for name in items if type_of(name) == f"{kind}#{relation}"}
            asked["list_objects"] += 1
            if listed != set(expected_names):
                wrong.append((case["id"], subject, kind, relation, expected_names, listed))
    assert not wrong
    assert asked == {"checks": 357, "list_users": 175, "list_objects": 131}
    assert len(cases) == 149
