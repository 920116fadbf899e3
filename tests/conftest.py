"""Only fixtures that the whole suite shares live here: the sample tenants, and a way to run the command line."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest

# the suite runs what large tenants run; `test_kernels.py` holds the plain way equal to it
os.environ.setdefault("ACL_GRAPH_KERNELS", "compiled")

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Ran:
    """What a run of the command line left behind."""

    code: int
    out: str
    err: str


Runner = Callable[..., Ran]


@pytest.fixture(scope="session")
def northlake() -> Path:
    """The sample tenant that tells a story."""
    return ROOT / "sample_tenants" / "northlake"


@pytest.fixture(scope="session")
def riverbend() -> Path:
    """The sample tenant with the nasty cases."""
    return ROOT / "sample_tenants" / "riverbend"


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Runner:
    """Run the command line in this process: `run("check", folder, "ann", "file")`."""
    from acl_graph.cli import main

    def runner(*words: object) -> Ran:
        out, err = io.StringIO(), io.StringIO()
        monkeypatch.setattr(sys, "argv", ["acl-graph", *map(str, words)])
        code = 0
        with redirect_stdout(out), redirect_stderr(err):
            try:
                main()
            except SystemExit as end:
                code = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
        return Ran(int(code), out.getvalue(), err.getvalue())

    return runner
