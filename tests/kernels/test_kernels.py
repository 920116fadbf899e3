"""Kernels run plain or compiled from one source: the same numbers either way, and a closed door."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from acl_graph.access import Access
from acl_graph.access.reach import bulk_reach
from acl_graph.kernels import reach as reach_kernels
from acl_graph.kernels import sets as set_kernels
from acl_graph.kernels.compiled import Kernel
from acl_graph.kernels.csr import checked, gather
from acl_graph.vocabulary import Lens
from tests.conftest import ROOT
from tests.support.makers import tenant_of
from tests.support.worlds import random_world


@pytest.mark.parametrize("seed", range(300, 312))
def test_plain_and_compiled_kernels_give_the_same_numbers(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    tenant = tenant_of(random_world(seed))
    found = []
    for way in ("plain", "compiled"):
        monkeypatch.setenv("ACL_GRAPH_KERNELS", way)
        access = Access(tenant)
        for units in (access.sure, access.possible):
            sums = np.arange(units.n_items * 3, dtype=np.int64).reshape(-1, 3)
            reached = [bulk_reach(units, sums, lens) for lens in Lens]
            found.append((way, [part for r in reached for part in (r.per_user, r.users, r.guests)]))
    half = len(found) // 2
    for (_, plain), (_, fast) in zip(found[:half], found[half:], strict=True):
        assert all((a == b).all() for a, b in zip(plain, fast, strict=True))


def test_every_kernel_is_compiled_for_one_set_of_types_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACL_GRAPH_KERNELS", "compiled")
    for seed in range(4):
        access = Access(tenant_of(random_world(seed)))
        for lens in Lens:
            bulk_reach(access.sure, np.ones((access.sure.n_items, 3), np.int64), lens)
    kernels = [k for module in (reach_kernels, set_kernels) for k in vars(module).values() if isinstance(k, Kernel)]
    assert len(kernels) >= 8
    for kernel in kernels:
        assert len(kernel.compiled().signatures) <= 1, (kernel.__name__, kernel.compiled().signatures)


def test_numbers_out_of_range_do_not_reach_compiled_code() -> None:
    with pytest.raises(IndexError):
        checked(np.array([0, 5]), 5)
    with pytest.raises(IndexError):
        checked(np.array([-1]), 5)
    assert checked(np.array([-1, 4]), 5, or_none=True).tolist() == [-1, 4]
    with pytest.raises(IndexError):
        gather(np.array([3]), 3)


def test_compiling_is_said_only_where_no_cache_holds_the_code(tmp_path: Path) -> None:
    code = (
        "from acl_graph.access.precompile import compiling, warm\n"
        "before = compiling(); warm(); print(before, compiling())"
    )
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path), "PYTHONPATH": str(ROOT)}
    said = [
        subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    ]
    assert said == ["False True\n", "False False\n"]
