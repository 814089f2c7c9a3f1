"""What is timed: this engine's runs and batches, those of its peers, and a product of two matrices."""

from __future__ import annotations

import dataclasses
import importlib.metadata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from engine.analysis.metrics_table import compute_metrics
from engine.analysis.performance import Performance
from engine.core.arrays import FloatArray
from engine.core.extras import is_installed
from engine.diagnostics.bench import weights
from engine.diagnostics.bench.jobs import (
    ASSETS,
    SESSIONS,
    PolicyFactory,
    TimingJob,
    core_satellite_job,
    fixed_mix_job,
    mix_job,
)
from engine.diagnostics.bench.machine import MATRIX_FLOPS, matrix_product, session_flops
from engine.diagnostics.bench.peer_process import RemoteRun
from engine.diagnostics.bench.peers import PEERS, PeerFigures, run_quietly
from engine.diagnostics.bench.stopwatch import LocalRun, RunTime, TimedRun
from engine.diagnostics.bench.timings import (
    CAPS_WATCHED_JOB,
    MATRIX_JOB,
    MIX_JOB,
    ONE_RUN,
    ONE_RUN_METRICS,
    PATHS,
    PATHS_TITLE,
    SATELLITE_JOB,
    Timing,
    lanes_title,
)
from engine.portfolio.policy import Policy
from engine.simulation.ledger import Ledger
from engine.simulation.simulate import simulate
from engine.sweep.batch.batch_metrics import SWEEP_METRICS
from engine.sweep.batch.planner import VariantColumns, planner_for
from engine.sweep.batch.policy_groups import Variant
from engine.sweep.batch.run_batch import batch_metric_table, variant_metric_table
from engine.sweep.batch.run_paths import ResampledHistories, path_metric_table


@dataclass(frozen=True)
class Contender:
    """What is timed, as a line of the report; ``check`` says how far its last result is from the truth."""

    line: Callable[..., Timing]
    run: TimedRun
    check: Callable[[object], float] | None = None

    def timing(self, samples: list[RunTime]) -> Timing:
        """Return its line."""
        return self.line(tuple(samples), difference=self.check(self.run.result) if self.check else None)


def batch_run(job: TimingJob, threads: int = 1) -> Callable[[], FloatArray]:
    """Return the run of a job whose variants are in columns already and their targets in a table, as a sweep's are."""
    planner = planner_for(job.market)
    batch = VariantColumns.from_variants(planner, job.variants)
    if batch is None:
        raise ValueError("a job that does not run in a batch")
    tabulated = dataclasses.replace(batch.group, policies=())
    return partial(batch_metric_table, planner, dataclasses.replace(batch, group=tabulated), 0.0, threads)


def single_run(job: TimingJob) -> Callable[[], Ledger]:
    """Return the run of a job's first variant by itself."""
    one: Variant = job.variants[0]
    policy: Policy = one.policy
    return partial(simulate, job.market, policy, one.account, one.costs.cost_table(job.market.assets))


def _read_ledger(ledger: Ledger) -> object:
    """Return what a ledger makes when it is read: holdings at every close, values of orders, each trade's reason."""
    reasons = [ledger.reason(event, asset) for event, asset in zip(*ledger.trades.nonzero(), strict=True)]
    return ledger.units, ledger.order_values, reasons


def own_contenders(make_policy: PolicyFactory, threads: int) -> Iterator[Contender]:
    """Yield this engine's: single runs, then batches that trade more and more often."""
    mixes, satellites = fixed_mix_job(make_policy, 32_768), core_satellite_job(make_policy, 32_768)
    watched = core_satellite_job(make_policy, 8_192, caps="always")
    one = single_run(mixes)
    fifty = fixed_mix_job(make_policy, 1, assets=50)
    singles = {
        (MIX_JOB, ONE_RUN): one,
        (MIX_JOB, "one run, all of it read"): lambda: _read_ledger(one()),
        (MIX_JOB, ONE_RUN_METRICS): lambda: compute_metrics(Performance.from_ledger(one())),
        (SATELLITE_JOB, ONE_RUN): single_run(satellites),
        (CAPS_WATCHED_JOB, ONE_RUN): single_run(watched),
        ("mix of fifty, every January", ONE_RUN): single_run(fifty),
    }
    for (title, engine), call in singles.items():
        yield Contender(partial(Timing, title, engine), LocalRun(call, own=True))
    for title, job, capped in ((MIX_JOB, mixes, 0), (SATELLITE_JOB, satellites, 4), (CAPS_WATCHED_JOB, watched, 4)):
        for number in sorted({1, threads}):
            flops = float(session_flops(ASSETS, capped) * SESSIONS)
            line = partial(Timing, title, lanes_title(number), variants=len(job.variants), threads=number, flops=flops)
            yield Contender(line, LocalRun(batch_run(job, number), own=True))
    yield _path_contender(mixes)


def _path_contender(mixes: TimingJob) -> Contender:
    """Return one mix over 10,000 histories, drawn in blocks of some 40 sessions from the market's own returns."""
    prices = mixes.market.prices
    histories = ResampledHistories(prices[1:] / prices[:-1] - 1.0, seed=7, mean_block=40.0)
    call = partial(path_metric_table, mixes.market, mixes.variants[0], histories, np.arange(PATHS))
    return Contender(partial(Timing, MIX_JOB, PATHS_TITLE, variants=PATHS), LocalRun(call, own=True))


def matrix_contenders(threads: int) -> Iterator[Contender]:
    """Yield the matrix product on one thread, and on as many as the lanes take."""
    for number in sorted({1, threads}):
        title = f"{number} thread{'s' * (number > 1)}"
        line = partial(Timing, MATRIX_JOB, title, threads=number, flops=MATRIX_FLOPS)
        yield Contender(line, LocalRun(matrix_product(number)))


def peer_contenders(make_policy: PolicyFactory, missing: list[str]) -> Iterator[Contender]:
    """Yield the other engines that are installed; of the others, append to ``missing`` what to do about it."""
    for peer in PEERS:
        known = comparable_figures(fixed_mix_job(make_policy, peer.batch))
        remote = RemoteRun(peer) if peer.elsewhere else None
        version = remote.version if remote else peer.version
        if version is None:
            remedy = "`make bench` gives it an environment of its own" if remote else "`pip install '.[bench]'`"
            missing.append(f"{peer.title} is not installed and was not timed; {remedy}")
            continue
        line = partial(Timing, MIX_JOB, f"{peer.title}, {version}", variants=peer.batch, is_peer=True)
        if remote:
            yield Contender(line, remote, partial(_largest_difference, known, dict))
        else:
            call, figures = peer.prepare(mix_job(peer.batch))
            run = LocalRun(partial(run_quietly, call), rounds=peer.rounds)
            yield Contender(line, run, partial(_largest_difference, known, figures))


def _largest_difference(known: PeerFigures, figures: Callable[[Any], PeerFigures], result: object) -> float:
    """Return the largest relative difference of any figure of any mix from those known."""
    found = figures(result)
    return max(float(np.max(np.abs(np.asarray(values) / known[name] - 1.0))) for name, values in found.items())


def weight_contenders(peers: bool) -> Iterator[Contender]:  # noqa: FBT001
    """Yield weights of least variance; their difference is the largest of any weight."""
    solve = weights.own_solver()
    yield Contender(partial(Timing, weights.WEIGHTS_JOB, "optimiser, proved"), LocalRun(solve))
    if peers and is_installed("skfolio"):
        title = f"skfolio, {importlib.metadata.version('skfolio')}"
        line = partial(Timing, weights.WEIGHTS_JOB, title, tolerance=weights.SOLVER_TOLERANCE, is_peer=True)
        run = LocalRun(weights.skfolio_solver())
        yield Contender(line, run, lambda found: float(np.abs(np.asarray(found) - solve()).max()))


def comparable_figures(job: TimingJob) -> PeerFigures:
    """Return this engine's figures by its peers' conventions: vectorbt has a first return of 0, and 365 days."""
    table = variant_metric_table(job.market, job.variants)
    figures: dict[str, FloatArray] = dict(zip(SWEEP_METRICS, table.T, strict=True))
    sums = [sum(figures[f"{kind}_sum_{block:02d}"] for block in range(16)) for kind in ("return", "square")]
    count = len(job.market.dates)
    spread = np.sqrt((sums[1] - sums[0] ** 2 / count) / (count - 1))
    return {
        **figures,
        "sharpe_365": sums[0] / count / spread * np.sqrt(365.0),
        "value_before_last": single_run(job)().value[-2:-1],
    }
