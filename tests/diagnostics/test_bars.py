"""The table of bars of ``make bench`` and ``make sweeps``, on timings that are made up."""

from __future__ import annotations

import pytest

from benchmarks import bars
from engine.diagnostics.bench.stopwatch import RunTime, Spread, TimeGrowth
from engine.diagnostics.bench.timings import (
    CAPS_WATCHED_JOB,
    COMMAND_JOB,
    MATRIX_JOB,
    MIX_JOB,
    ONE_RUN,
    ONE_RUN_METRICS,
    PATHS_TITLE,
    SATELLITE_JOB,
    Timing,
    TimingReport,
    lanes_title,
)


def report(raptor_difference: float = 0.0) -> TimingReport:
    def line(job: str, engine: str, seconds: float, **more) -> Timing:
        return Timing(job, engine, (RunTime(seconds, seconds, 0.5 * seconds),), **more)

    lanes = [line(job, lanes_title(1), 1.0, variants=1000, flops=10.0) for job in (MIX_JOB, SATELLITE_JOB)]
    return TimingReport(
        {},
        (
            line(MIX_JOB, ONE_RUN, 1.0),
            line(MIX_JOB, ONE_RUN_METRICS, 3.0),
            *lanes,
            line(MIX_JOB, PATHS_TITLE, 8.0, variants=1000),
            line(MIX_JOB, "raptorbt, 1", 2.0, difference=raptor_difference),
            line(MIX_JOB, "vectorbt, slow", 80.0, variants=20, difference=0.0),
            line(MIX_JOB, "vectorbt, fast", 60.0, variants=20, difference=0.0),
            line(CAPS_WATCHED_JOB, lanes_title(1), 3.0, variants=1000),
            line(MATRIX_JOB, "1 thread", 1.0, flops=40_000.0),
            line(COMMAND_JOB, "python", 0.25),
            line(COMMAND_JOB, "engine run", 1.0),
        ),
        (TimeGrowth("assets", (1, 2), ((1.0, 2.0),)),),
        (),
        (1.0, 1),
    )


def test_every_bar_is_a_ratio_of_the_report() -> None:
    found = {bar.what: bar.found.median for bar in bars.process_bars(report(), 1)}
    assert found == {
        "static run with its ledger / raptorbt": 0.5,
        "run and all figures / raptorbt": 1.5,
        "`engine run` with report: CPU / CPU of `import numba`": 4.0,
        "`engine run` with report: wall": 1.0,
        "lanes / dgemm, one core: mix": 50.0,
        "lanes / dgemm, one core: core and satellites": 50.0,
        "caps watched / core and satellites": 3.0,
        "10,000 paths / 10,000 lanes of a mix, CPU": 8.0,
        "vectorbt's faster engine / a mix with all figures, 1 threads": 3000.0,
        "power of CPU time in assets: lanes": pytest.approx(1.0),
    }


def test_a_peer_that_did_another_job_sets_no_bar() -> None:
    assert not any("raptorbt" in bar.what for bar in bars.process_bars(report(raptor_difference=0.5), 1))


def test_a_bar_is_met_on_its_own_side_only() -> None:
    spread = Spread(2.0, 1.0, 3.0)
    assert bars.Bar("a", "3", 2.5, spread).row() == "| a | 3 | <= 2.5 | 2.00 | 1.00 to 3.00 | yes |"
    assert bars.Bar("a", "3", 2.5, spread, at_least=True).row() == "| a | 3 | >= 2.5 | 2.00 | 1.00 to 3.00 | no |"
