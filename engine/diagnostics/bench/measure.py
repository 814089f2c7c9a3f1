"""Timing of jobs in this engine and in others, and of a matrix product for comparison, on one machine."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from engine.core.arrays import FloatArray
from engine.diagnostics.bench import weights
from engine.diagnostics.bench.jobs import ASSETS, SESSIONS, PolicyFactory, TimingJob, core_satellite_job, fixed_mix_job
from engine.diagnostics.bench.peers import PEERS, Peer, PeerFigures, run_quietly
from engine.simulation.simulate import simulate
from engine.sweep.batch.batch_metrics import SWEEP_METRICS
from engine.sweep.batch.planner import VariantColumns
from engine.sweep.batch.run_batch import variant_metric_table

RESULT_TOLERANCE = 1e-9
"""Relative difference up to which two engines have done the same job."""

MILLION_RUNS = 1_000_000
MIX_JOB = "mix of six, every January"


@dataclass(frozen=True)
class Timing:
    """One job in one engine: seconds for each variant (median, lowest, highest of the rounds), results' difference."""

    job: str
    engine: str
    variants: int
    rounds: int
    median: float
    lowest: float
    highest: float
    difference: float | None = None
    flops: float | None = None
    tolerance: float = RESULT_TOLERANCE

    @property
    def variants_per_second(self) -> float:
        """Variants a second."""
        return 1.0 / self.median


@dataclass(frozen=True)
class TimeGrowth:
    """Time over one size of a job, the others kept: sizes, seconds, and the slope of their logarithms."""

    dimension: str
    sizes: tuple[int, ...]
    seconds: tuple[float, ...]

    @property
    def slope(self) -> float:
        """The power of the size that the time grows with; 1 is linear."""
        return float(np.polyfit(np.log(self.sizes), np.log(self.seconds), 1)[0])


@dataclass(frozen=True)
class TimingReport:
    """A timing report: the machine, its matrix product [flop/s], lines, growth, and who is not installed.

    ``million_runs``: seconds and peak memory [bytes] of this process once it has made a million runs.
    """

    machine: dict[str, str]
    dgemm: float
    lines: tuple[Timing, ...]
    growth: tuple[TimeGrowth, ...]
    missing: tuple[str, ...]
    million_runs: tuple[float, int]


def time_jobs(
    make_policy: PolicyFactory, *, rounds: int, threads: int, peers: bool, say: Callable[[str], None]
) -> TimingReport:
    """Time all jobs and return the report; ``say`` is called with what is being timed."""
    say("compiling")
    _batch_run(core_satellite_job(make_policy, 64))()
    say("a million runs")
    counted = _time_million_runs(make_policy, threads)
    lines = list(_own_timings(make_policy, rounds, threads, say))
    growth = tuple(_time_growths(make_policy, rounds, say))
    missing = []
    for peer in PEERS if peers else ():
        if peer.version is None:
            missing.append(peer.title)
        else:
            say(peer.title)
            lines.append(_peer_timing(peer, make_policy, rounds))
    say(weights.WEIGHTS_JOB)
    lines += _weight_timings(rounds, peers=peers)
    say("matrix product")
    return TimingReport(describe_machine(threads), dgemm_rate(rounds), tuple(lines), growth, tuple(missing), counted)


def describe_machine(threads: int) -> dict[str, str]:
    """Return what identifies the machine and its software."""
    cpus = Path("/proc/cpuinfo")
    model = re.search(r"model name\s*:(.*)", cpus.read_text(encoding="utf-8") if cpus.is_file() else "")
    return {
        "processor": model[1].strip() if model else platform.processor() or platform.machine(),
        "cores": str(os.cpu_count()),
        "threads used": str(threads),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "numpy": np.__version__,
    }


def dgemm_rate(rounds: int, size: int = 2000) -> float:
    """Return the rate of a product of two matrices, on as many threads as numpy takes [flop/s]."""
    left, right = np.random.default_rng(1).random((2, size, size))
    return 2.0 * size**3 / statistics.median(_time_rounds(lambda: left @ right, rounds))


def session_flops(assets: int, capped: int) -> int:
    """Return the additions, subtractions, products and divisions of one session of one variant.

    Marking and all statistics, rebalances left out; comparisons, minima, maxima and choices are not counted.
    """
    return 2 * assets + 16 + (capped + 5 if capped else 0)


def _time_rounds(job: Callable[[], object], rounds: int) -> list[float]:
    """Return how long each of ``rounds`` runs took, after one that is not counted."""
    job()
    taken = []
    for _ in range(rounds):
        start = time.perf_counter()
        job()
        taken.append(time.perf_counter() - start)
    return taken


def _timing(job: str, engine: str, variants: int, taken: list[float], **more: float) -> Timing:
    each = [seconds / variants for seconds in taken]
    return Timing(job, engine, variants, len(each), statistics.median(each), min(each), max(each), **more)


def _batch_run(job: TimingJob, threads: int = 1) -> Callable[[], object]:
    """Return the run of a job whose variants are in columns already, as a sweep's are."""
    return partial(variant_metric_table, job.market, VariantColumns.from_variants(job.variants), 0.0, threads)


def _own_timings(make_policy: PolicyFactory, rounds: int, threads: int, say: Callable[[str], None]) -> Iterator[Timing]:
    """Yield the timings of this engine: one run of ``simulate``, then batches that trade more and more often."""
    job = fixed_mix_job(make_policy, 32_768)
    one = job.variants[0]
    say("one run")
    costs = one.costs.cost_table(ASSETS)
    taken = _time_rounds(lambda: simulate(job.market, one.policy, one.account, costs), 5 * rounds)
    yield _timing(MIX_JOB, "one run", 1, taken)
    satellites = "core and four capped satellites"
    sets = (
        (MIX_JOB, job, 0),
        (f"{satellites}, every January to December", core_satellite_job(make_policy, 32_768), 4),
        (f"{satellites}, caps watched", core_satellite_job(make_policy, 8_192, caps="always"), 4),
    )
    for title, many, capped in sets:
        say(title)
        for number in sorted({1, threads}):
            taken = _time_rounds(_batch_run(many, number), rounds)
            count = len(many.variants)
            rate = session_flops(ASSETS, capped) * SESSIONS * count / statistics.median(taken)
            yield _timing(title, f"lanes, {number} thread{'s' * (number > 1)}", count, taken, flops=rate)


def _time_growths(make_policy: PolicyFactory, rounds: int, say: Callable[[str], None]) -> Iterator[TimeGrowth]:
    """Yield how time grows with sessions, assets and variants."""
    cases: dict[str, dict[int, TimingJob]] = {
        "sessions": {n: fixed_mix_job(make_policy, 4096, sessions=n) for n in (SESSIONS, 2 * SESSIONS, 4 * SESSIONS)},
        "assets": {n: fixed_mix_job(make_policy, 4096, assets=n) for n in (6, 12, 24)},
        "variants": {n: fixed_mix_job(make_policy, n) for n in (8_192, 16_384, 32_768)},
    }
    for dimension, jobs in cases.items():
        say(f"growth with {dimension}")
        seconds = [statistics.median(_time_rounds(_batch_run(job), rounds)) for job in jobs.values()]
        yield TimeGrowth(dimension, tuple(jobs), tuple(seconds))


def _time_million_runs(make_policy: PolicyFactory, threads: int, step: int = 50_000) -> tuple[float, int]:
    """Make a million runs in batches of ``step``; return seconds and the peak memory of the process [bytes]."""
    import resource  # noqa: PLC0415  (not there on Windows)

    run = _batch_run(core_satellite_job(make_policy, step), threads)
    start = time.perf_counter()
    for _ in range(MILLION_RUNS // step):
        run()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return time.perf_counter() - start, peak * (1 if sys.platform == "darwin" else 1024)


def _peer_timing(peer: Peer, make_policy: PolicyFactory, rounds: int) -> Timing:
    """Return the timing of another engine, with the largest relative difference to this engine's results."""
    job = fixed_mix_job(make_policy, peer.batch)
    known, timed = comparable_figures(job), peer.prepare(job)
    found: dict[str, FloatArray] = {}

    def run() -> None:
        found.update(run_quietly(timed))

    taken = _time_rounds(run, min(rounds, peer.rounds))
    worst = max(float(np.max(np.abs(values / known[name] - 1.0))) for name, values in found.items())
    return _timing(MIX_JOB, f"{peer.title} {peer.version}", peer.batch, taken, difference=worst)


def _weight_timings(rounds: int, *, peers: bool) -> Iterator[Timing]:
    """Yield the timings of least-variance weights; their difference is the largest of any weight."""
    job, solve, other = weights.WEIGHTS_JOB, weights.own_solver(), weights.skfolio_solver() if peers else None
    yield _timing(job, "optimiser, every answer proved", 1, _time_rounds(solve, 5 * rounds))
    if other is not None:
        worst, taken = float(np.abs(other() - solve()).max()), _time_rounds(other, 5 * rounds)
        peer = f"skfolio {importlib.metadata.version('skfolio')}"
        yield _timing(job, peer, 1, taken, difference=worst, tolerance=weights.SOLVER_TOLERANCE)


def comparable_figures(job: TimingJob) -> PeerFigures:
    """Return this engine's figures by its peers' conventions: vectorbt has a first return of 0, and 365 days."""
    table = variant_metric_table(job.market, job.variants)
    figures: dict[str, FloatArray] = dict(zip(SWEEP_METRICS, table.T, strict=True))
    sums = [sum(figures[f"{kind}_sum_{block:02d}"] for block in range(16)) for kind in ("return", "square")]
    count, one = len(job.market.dates), job.variants[0]
    spread = np.sqrt((sums[1] - sums[0] ** 2 / count) / (count - 1))
    ledger = simulate(job.market, one.policy, one.account, one.costs.cost_table(job.market.prices.shape[1]))
    return {
        **figures,
        "sharpe_365": sums[0] / count / spread * np.sqrt(365.0),
        "value_before_last": ledger.value[-2:-1],
    }
