"""A timing report as one machine might make it, for pages that are looked at."""

from __future__ import annotations

from typing import Final

from engine.diagnostics.bench.stopwatch import RunTime, TimeGrowth
from engine.diagnostics.bench.timings import (
    COMMAND_JOB,
    MATRIX_JOB,
    MIX_JOB,
    ONE_RUN,
    ONE_RUN_METRICS,
    SATELLITE_JOB,
    Timing,
    TimingReport,
    lanes_title,
)


def _line(job: str, engine: str, seconds: float, variants: int = 1, threads: int = 1, **more: object) -> Timing:
    samples = tuple(RunTime(seconds * variants * part, seconds * variants * part) for part in (1.0, 0.9, 1.3))
    return Timing(job, engine, samples, variants, threads, **more)


TIMINGS: Final = TimingReport(
    {"processor": "a processor", "cores": "2", "threads used": "2", "load": "0.10 before, 1.90 at the end"},
    (
        _line(MIX_JOB, ONE_RUN, 2e-4),
        _line(MIX_JOB, ONE_RUN_METRICS, 6.6e-4),
        _line(MIX_JOB, lanes_title(1), 1.1e-5, 32_768, flops=1.5e5),
        _line(MIX_JOB, lanes_title(2), 7.4e-6, 32_768, 2, flops=1.5e5),
        _line(MIX_JOB, "another engine, 1.2", 9e-3, is_peer=True, difference=1e-12),
        _line(MIX_JOB, "<b>one</b> with other results, 0.1", 1e-6, is_peer=True, difference=0.1),
        _line(SATELLITE_JOB, ONE_RUN, 3e-4),
        _line(SATELLITE_JOB, lanes_title(2), 9e-6, 32_768, 2, flops=1.9e5),
        _line(MATRIX_JOB, "1 thread", 0.1, flops=6.75e9),
        _line(MATRIX_JOB, "2 threads", 0.06, threads=2, flops=6.75e9),
        _line(COMMAND_JOB, "engine run", 0.7, memory=150_000_000),
    ),
    (TimeGrowth("sessions", (5_000, 10_000, 20_000), ((1.0, 1.9, 3.7),)),),
    ("a third engine is not installed and was not timed; `pip install '.[bench]'`",),
    (9.4, 400_000_000),
)
