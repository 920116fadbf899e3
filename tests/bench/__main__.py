"""The figures in docs/numbers.md, measured: `python -m tests.bench` (add `--write` to rewrite the page's table).

Answers are compared before anything is timed; a peer gets the same distinct lists, the same flattened groups and the
same populations, and a clock without imports. Medians of several runs in one go on one machine.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from acl_graph.world.compile import Units

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "numbers.md"
START, END = "<!-- measured: begin -->", "<!-- measured: end -->"


def timed(run: Callable[[], object], runs: int = 7) -> tuple[float, float, float]:
    """(median, least, most) seconds of several runs after one that does not count."""
    run()
    taken = []
    for _ in range(runs):
        started = time.perf_counter()
        run()
        taken.append(time.perf_counter() - started)
    return statistics.median(taken), min(taken), max(taken)


def process(*words: str, cache: str | None = None) -> tuple[float, float]:
    """(wall seconds, peak MB) of a whole `acl-graph` process."""
    environment = dict(os.environ)
    if cache is not None:
        environment["NUMBA_CACHE_DIR"] = cache
    started = time.perf_counter()
    child = subprocess.Popen(
        [sys.executable, "-m", "acl_graph", *words], env=environment, cwd=ROOT, stdout=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    assert child.returncode == 0, words
    return time.perf_counter() - started, usage.ru_maxrss / 1024


def reach_against_scipy(folder: Path) -> list[tuple[str, str, str]]:
    """Bulk reach under one lens against scipy.sparse on distinct lists, answers compared first."""
    import scipy.sparse as sp

    from acl_graph.access import Access
    from acl_graph.access.reach import _Bulk, bulk_reach
    from acl_graph.exposure import Policy
    from acl_graph.exposure.policy import weigh
    from acl_graph.readers import read
    from acl_graph.vocabulary import Lens

    access = Access(read(folder))
    units = access.sure
    sums = weigh(access.facts, Policy()).sums
    bulk = _Bulk(units, sums, Lens.OPEN)
    row = bulk._rows()
    bulk_lists, variant = bulk.lists, bulk.lists.variant
    assert not bulk.exact_users.size
    pool, n_users = bulk_lists.pool, units.facts.people.n_users
    bits = units.rows.matrix()
    # the peer's inputs: distinct (list, gate row) classes, sets with populations written out, extras per instance
    keys, of = np.unique(np.stack([bulk_lists.list_name[variant], row]), axis=1, return_inverse=True)
    first = np.zeros(keys.shape[1], np.int64)
    first[of[::-1]] = np.arange(len(of))[::-1]
    inside = (units.families.now.user_populations[None, :] & pool.populations[:, None]) != 0
    listed = sp.csr_matrix(
        (np.ones(len(pool.users), np.float32), pool.users, pool.ptr), (len(pool.populations), n_users)
    )
    sets = (listed + sp.csr_matrix(inside.astype(np.float32))).tocsr()
    lists = [
        bulk_lists.groups[bulk_lists.start[v] : bulk_lists.start[v] + bulk_lists.length[v]] for v in variant[first]
    ]
    ptr = np.r_[0, np.cumsum([len(part) for part in lists])]
    classes = sp.csr_matrix((np.ones(ptr[-1], np.float32), np.concatenate(lists), ptr), (len(lists), sets.shape[0]))
    passes = np.unpackbits(bits[keys[1]].view(np.uint8), axis=1, bitorder="little", count=n_users).astype(bool)
    things = np.repeat(np.arange(len(variant)), np.diff(bulk_lists.extra_ptr)[variant])
    extra_users = np.concatenate(
        [bulk_lists.extras[bulk_lists.extra_ptr[v] : bulk_lists.extra_ptr[v + 1]] for v in variant]
    )
    pairs = np.unique(things.astype(np.int64) * n_users + extra_users)
    thing, user = pairs // n_users, pairs % n_users
    allowed = passes[of[thing], user]
    thing, user = thing[allowed], user[allowed]
    # accounts nobody's list lets in are left out of the sets; only lists with a narrower gate are intersected
    works = passes.any(axis=0)
    sets = (sets @ sp.diags(works.astype(np.float32))).tocsr()
    sets.eliminate_zeros()
    narrow = np.flatnonzero(passes.sum(axis=1) < works.sum())
    gate = sp.diags(np.ones(0)) if not len(narrow) else sp.csr_matrix(passes[narrow].astype(np.float32))
    person = bulk.is_user.astype(np.float32)

    def peer() -> tuple[np.ndarray, np.ndarray]:
        reached = classes @ sets
        reached.data[:] = 1
        if len(narrow):
            left = np.ones(reached.shape[0], np.float32)
            left[narrow] = 0
            spread = sp.csr_matrix((np.ones(len(narrow)), (narrow, np.arange(len(narrow)))), (len(lists), len(narrow)))
            reached = sp.diags(left) @ reached + spread @ reached[narrow].multiply(gate)
            reached = reached.tocsr()
        weights = np.zeros((len(lists), 3))
        np.add.at(weights, of, bulk.sums)
        users = np.asarray(reached @ person).ravel()[of].astype(np.int64)
        per_user = np.asarray(reached.T @ weights)
        new = np.asarray(reached[of[thing], user]).ravel() == 0
        np.add.at(per_user, user[new], bulk.sums[thing[new]])
        users += np.bincount(thing[new], weights=person[user[new]], minlength=len(users)).astype(np.int64)
        return per_user.astype(np.int64), users

    ours = bulk_reach(units, sums, Lens.OPEN)
    per_user, users = peer()
    assert (per_user[bulk.is_user] == ours.per_user[bulk.is_user]).all(), "the peer's answer differs"
    assert (users[units.n_items :] == ours.users).all(), "the peer's answer differs"
    mine = timed(lambda: bulk_reach(_fresh(units), sums, Lens.OPEN))
    theirs = timed(peer, 5)
    pairs_reached = int(ours.per_user[:, 0].sum())
    return [
        ("reachable (person, file) pairs under `open`", f"{pairs_reached:,}", ""),
        ("bulk reach, one lens, naming of lists included", seconds(mine), "`bulk_reach`"),
        ("scipy.sparse on the same distinct lists and sets", seconds(theirs), "product, sums, extras"),
        ("ratio (scipy / ours, medians)", f"{theirs[0] / mine[0]:.1f}", "same run"),
    ]


def _fresh(units: Units) -> Units:
    """The same units without the lists that an earlier run may have kept."""
    return replace(units)


def gates_cost(folder: Path) -> tuple[str, str, str]:
    """Bulk reach under all lenses with every site gate set, against the same tenant without any."""
    import polars as pl

    from acl_graph.access import Access
    from acl_graph.access.reach import bulk_reach
    from acl_graph.exposure import Policy
    from acl_graph.exposure.policy import weigh
    from acl_graph.readers import read
    from acl_graph.tenant import Tenant
    from acl_graph.vocabulary import Lens

    def variant(tenant: Tenant, *, gated: bool) -> Tenant:
        sites = tenant["sites"]
        third = pl.int_range(sites.height) % 3 == 0
        changed = sites.with_columns(
            (third & gated).alias("restricted_access"),
            (pl.int_range(sites.height) % 5 == 0).and_(pl.lit(gated)).alias("restricted_discovery"),
            (pl.int_range(sites.height) % 7 == 0).and_(pl.lit(gated)).alias("no_crawl"),
            pl.when((pl.int_range(sites.height) % 4 == 0) & gated).then(pl.lit("Implicit")).alias("ib_mode"),
            pl.when((pl.int_range(sites.height) % 11 == 0) & gated).then(pl.lit("ReadOnly")).alias("lock"),
            pl.when((pl.int_range(sites.height) % 13 == 0) & gated).then(pl.lit("Disabled")).alias("sharing"),
            pl.when((pl.int_range(sites.height) % 17 == 0) & gated)
            .then(pl.lit("BlockAccess"))
            .alias("conditional_access"),
        )
        return Tenant(
            tables={**tenant.tables, "sites": changed},
            name=tenant.name,
            snapshot=tenant.snapshot,
            coverage=tenant.coverage,
            switches=tenant.switches,
        )

    tenant = read(folder)
    taken = []
    for gated in (False, True):
        access = Access(variant(tenant, gated=gated))
        units, sums = access.sure, weigh(access.facts, Policy()).sums
        taken.append(timed(lambda u=units, s=sums: [bulk_reach(u, s, lens) for u in [_fresh(u)] for lens in Lens], 5))  # type: ignore[misc]
    ratio = taken[1][0] / taken[0][0]
    return (
        "bulk reach, four lenses, every site gate set / none",
        f"{ratio:.2f}",
        f"{seconds(taken[1])} / {seconds(taken[0])}",
    )


def seconds(taken: tuple[float, float, float]) -> str:
    """Median with spread."""
    return f"{taken[0]:.3f} s ({taken[1]:.3f} to {taken[2]:.3f})"


def measure(scale: float) -> list[tuple[str, str, str]]:
    """All figures as (what, figure, note)."""
    rows: list[tuple[str, str, str]] = []
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        northlake = str(ROOT / "sample_tenants" / "northlake")
        cold, _ = process("audit", northlake, "-q", cache=str(folder / "cold"))
        rows.append(
            (
                "first audit of northlake, empty compilation cache",
                f"{cold:.1f} s",
                "`acl-graph audit sample_tenants/northlake`",
            )
        )
        warm = [process("audit", northlake, "-q", cache=str(folder / "cold"))[0] for _ in range(5)]
        rows.append(("the next one", f"{statistics.median(warm):.2f} s", "median of 5"))
        helped = [process("--help")[0] for _ in range(7)]
        rows.append(("`acl-graph --help`", f"{statistics.median(helped):.2f} s", "median of 7"))
        sample = folder / "sample"
        process("sample", str(sample), "--scale", str(scale), "-q")
        audits = [process("audit", str(sample), "-q") for _ in range(3)]
        name = f"audit of `sample --scale {scale}` as a tenant folder, warm"
        rows.append(
            (
                name,
                f"{statistics.median(a[0] for a in audits):.1f} s, {max(a[1] for a in audits):,.0f} MB",
                "median of 3, highest peak",
            )
        )
        rows += reach_against_scipy(sample)
        rows.append(gates_cost(sample))
    return rows


def main() -> None:
    """Measure, print, and with --write put the table into the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=0.1)
    parser.add_argument("--write", action="store_true")
    asked = parser.parse_args()
    rows = measure(asked.scale)
    import numba
    import polars
    import scipy

    versions = (
        f"numba {numba.__version__}, polars {polars.__version__}, numpy {np.__version__}, scipy {scipy.__version__}"
    )
    machine = f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.system()} {platform.machine()}"
    head = (
        f"Measured on {datetime.now(UTC):%Y-%m-%d}: {machine}; {versions}. Command: `python -m tests.bench --write`.\n"
    )
    table = "\n".join(["| what | figure | how |", "| --- | --- | --- |", *(f"| {a} | {b} | {c} |" for a, b, c in rows)])
    print(head, table, sep="\n")
    if asked.write:
        page = PAGE.read_text(encoding="utf-8")
        before, rest = page.split(START)
        after = rest.split(END)[1]
        PAGE.write_text(f"{before}{START}\n{head}\n{table}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
