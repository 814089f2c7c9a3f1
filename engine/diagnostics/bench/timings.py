"""The lines of a timing report, and what follows from their samples."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from engine.diagnostics.bench.stopwatch import RunTime, Spread, TimeGrowth

RESULT_TOLERANCE = 1e-9
"""Relative difference up to which two engines have done the same job."""

MIX_JOB = "mix of six, every January"
SATELLITE_JOB = "core and four capped satellites, every January to December"
CAPS_WATCHED_JOB = "core and four capped satellites, caps watched"
MATRIX_JOB = "product of two matrices (dgemm)"
COMMAND_JOB = "whole commands"
PATHS = 10_000
PATHS_TITLE = "paths, 1 thread"
ONE_RUN, ONE_RUN_METRICS = "one run, its ledger", "all figures of one run"


def lanes_title(threads: int) -> str:
    """Return what the batches of this engine are called in a report."""
    return f"lanes, {threads} thread{'s' * (threads > 1)}"


@dataclass(frozen=True)
class Timing:
    """One job in one engine: a sample a round of so many variants together, and how far results differ.

    ``flops`` are those of one variant; ``memory`` [bytes] is known of whole commands;
    ``is_peer`` tells another engine's.
    """

    job: str
    engine: str
    samples: tuple[RunTime, ...]
    variants: int = 1
    threads: int = 1
    flops: float | None = None
    difference: float | None = None
    tolerance: float = RESULT_TOLERANCE
    memory: int | None = None
    is_peer: bool = False

    @property
    def each(self) -> Spread:
        """Wall seconds of one variant."""
        return Spread.of(sample.wall / self.variants for sample in self.samples)

    @property
    def cpu(self) -> Spread:
        """CPU seconds of one variant."""
        return Spread.of(sample.cpu / self.variants for sample in self.samples)

    @property
    def kernel_share(self) -> float | None:
        """The part of the CPU time that is spent in kernels, where it was looked at."""
        shares = [sample.kernel / sample.cpu for sample in self.samples if not math.isnan(sample.kernel)]
        return Spread.of(shares).median if shares else None

    @property
    def agrees(self) -> bool:
        """Whether it did the same job; only then may it be compared."""
        return self.difference is None or self.difference <= self.tolerance

    @property
    def rates(self) -> tuple[float, ...]:
        """Flop/s of each round: one thread by its CPU time, several by the clock on the wall."""
        work = (self.flops or 0.0) * self.variants
        return tuple(work / (sample.cpu if self.threads == 1 else sample.wall) for sample in self.samples)


@dataclass(frozen=True)
class TimingReport:
    """A timing report: the machine, a line for each job and engine, growth, and why others are missing.

    ``million_runs``: seconds and peak memory [bytes] of this process once it has made a million runs.
    """

    machine: Mapping[str, str]
    lines: tuple[Timing, ...]
    growth: tuple[TimeGrowth, ...]
    missing: tuple[str, ...]
    million_runs: tuple[float, int]

    def line(self, job: str, engine: str) -> Timing:
        """Return the line of a job, of the engine whose title begins so."""
        return next(line for line in self.lines if line.job == job and line.engine.startswith(engine))

    def share_of_dgemm(self, line: Timing) -> Spread | None:
        """Return how much of the matrix product's rate on as many threads a line reaches, round by round."""
        if line.flops is None or line.job == MATRIX_JOB:
            return None
        return Spread.of_ratios(line.rates, self.line(MATRIX_JOB, f"{line.threads} ").rates)
