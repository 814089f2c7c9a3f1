"""How long variants take in batches, beside vectorbt and bt on the same weights: the jobs of ``engine bench``.

Equal results are asserted; a round runs many variants, ``extra_info`` has how many a second.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pydantic import TypeAdapter

from engine.diagnostics.bench.jobs import core_satellite_job, fixed_mix_job
from engine.diagnostics.bench.measure import RESULT_TOLERANCE, comparable_figures
from engine.diagnostics.bench.peers import PEERS, Peer, run_quietly
from engine.sweep.batch.planner import VariantColumns
from engine.sweep.batch.run_batch import reference_metrics, variant_metric_table
from strategies import AnyStrategy

PLAN = TypeAdapter(AnyStrategy).validate_python
MANY = 32_768
JOBS = {
    "mixes": lambda: fixed_mix_job(PLAN, MANY),
    "satellites": lambda: core_satellite_job(PLAN, MANY),
    "caps-watched": lambda: core_satellite_job(PLAN, MANY // 4, caps="always"),
}


def a_second(benchmark: Any, variants: int) -> None:
    """Note how many variants a second the median round did."""
    benchmark.extra_info["variants a second"] = round(variants / benchmark.stats.stats.median)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("name", JOBS)
@pytest.mark.benchmark(group="variants of twenty years of six assets")
def test_batches(benchmark, name: str, threads: int) -> None:
    """Time batches; the first variant has the metrics of a run by itself."""
    job = JOBS[name]()
    arguments = (job.market, VariantColumns.from_variants(job.variants), 0.0, threads)
    table = benchmark.pedantic(variant_metric_table, arguments, rounds=5, warmup_rounds=1)
    a_second(benchmark, len(job.variants))
    assert np.array_equal(table[0], reference_metrics(job.market, job.variants[0]), equal_nan=True)


@pytest.mark.parametrize("peer", PEERS[:3], ids=lambda peer: peer.title.replace(", ", "-").replace(" ", "-"))
@pytest.mark.benchmark(group="variants of twenty years of six assets")
@pytest.mark.filterwarnings("ignore")
def test_peer(benchmark, peer: Peer) -> None:
    """Time a peer on as many of the mixes as it takes at a time."""
    if peer.version is None:
        pytest.skip(f"{peer.title} is not installed; pip install '.[bench]'")
    job = fixed_mix_job(PLAN, peer.batch)
    timed, known = peer.prepare(job), comparable_figures(job)
    found = benchmark.pedantic(run_quietly, (timed,), rounds=5, warmup_rounds=1)
    a_second(benchmark, peer.batch)
    for name, values in found.items():
        assert values == pytest.approx(known[name], rel=RESULT_TOLERANCE)


@pytest.mark.parametrize("assets", [6, 12, 24])
@pytest.mark.parametrize("sessions", [5475, 10950, 21900])
@pytest.mark.benchmark(group="growth")
def test_growth(benchmark, sessions: int, assets: int) -> None:
    """Time 4,096 mixes over more sessions and of more assets."""
    job = fixed_mix_job(PLAN, 4096, sessions=sessions, assets=assets)
    table = benchmark.pedantic(variant_metric_table, (job.market, job.variants), rounds=3, warmup_rounds=1)
    assert np.isfinite(table[:, 0]).all()
