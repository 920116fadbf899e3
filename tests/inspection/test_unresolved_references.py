"""What rows name and no row describes is listed, and nobody is told that such a thing is closed or harmless."""

from __future__ import annotations

import numpy as np
import pytest

from acl_graph.access import Access
from acl_graph.exposure import Policy
from acl_graph.exposure.policy import label_weights
from acl_graph.inspection.inspect import inspect
from acl_graph.readers import read
from acl_graph.vocabulary import Level

TABLES = {
    "principals.csv": "id,kind\nada,user\nbo,user\n",
    "sites.csv": "id\ns1\n",
    "scopes.csv": "id,site,kind,parent\nw1,s1,web,\nq1,nosite,folder,above\n",
    "links.csv": "id,audience\nl1,anyone\n",
    "labels.csv": "id,name,rank\nplain,General,0\nconf,Confidential,5\n",
    "libraries.csv": "id,site,scope\nb1,s1,w1\nb2,s1,nowhere\n",
    "grants.csv": "scope,principal,level,link\nw1,ada,Read,\nbare,ada,Read,\nw1,,view,nolink\n",
    "items.csv": (
        "id,scope,site,library,label\ni1,w1,s1,b1,conf\ni2,nope,s1,,conf\ni3,bare,s1,,\ni4,,s1,nolib,\n"
        "i5,w1,s9,,strange\ni6,w1,s1,,plain\ni7,,s1,b2,\n"
    ),
    "tenant.toml": 'snapshot = 2026-06-03T00:00:00Z\n[coverage]\ndefault = "complete"\n',
}


@pytest.fixture(scope="module")
def access(tmp_path_factory: pytest.TempPathFactory) -> Access:
    folder = tmp_path_factory.mktemp("dangling")
    for name, text in TABLES.items():
        (folder / name).write_text(text)
    return Access(read(folder))


def test_everything_named_and_not_described_is_listed_with_where_it_is_named(access: Access) -> None:
    found = inspect(access)["unresolved_references"]
    named = {what: [(row["name"], row["named_in"]) for row in one["first"]] for what, one in found.items()}
    assert named == {
        "scopes": [
            ("bare", "grants.scope"),
            ("nope", "items.scope"),
            ("bare", "items.scope"),
            ("nowhere", "libraries.scope"),
            ("above", "scopes.parent"),
        ],
        "sites": [("nosite", "scopes.site"), ("s9", "items.site")],
        "libraries": [("nolib", "items.library")],
        "labels": [("strange", "items.label")],
        "links": [("nolink", "grants.link")],
    }
    assert found["scopes"]["named"] == 4 and found["links"]["first"][0]["source_row"] == 4


@pytest.mark.parametrize("item", ["i2", "i4", "i7"])
def test_a_file_whose_scope_is_a_name_without_a_list_may_be_open_to_anybody(access: Access, item: str) -> None:
    found = access.check("bo", item)
    assert found.open == Level.NONE and found.possible is not None
    assert "no scope is exported for it: anybody may have access" in found.because


def test_a_scope_without_a_row_on_which_a_grant_stands_has_a_list(access: Access) -> None:
    assert access.check("ada", "i3").open == Level.READ
    assert access.check("bo", "i3").possible is None


def test_a_label_that_nobody_describes_is_neither_harmless_nor_surely_without_encryption(access: Access) -> None:
    assert any("label strange is not described" in why for why in access.check("ada", "i5").because)
    assert not any("label" in why for why in access.check("ada", "i6").because)
    policy = Policy()
    weights = dict(zip(access.facts.labels.ids, label_weights(access.facts, policy), strict=True))
    assert weights["strange"] == policy.weights.label_upper_half and weights["plain"] == 0
    silent = policy.model_copy(
        update={"sensitivity": policy.sensitivity.model_copy(update={"labels_from_upper_half": False})}
    )
    assert not np.any(label_weights(access.facts, silent)[access.facts.labels.code("strange")])
