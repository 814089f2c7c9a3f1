"""Runs timed in turns, in this process: wall and CPU time, and how much of it is spent in compiled code."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol

import numpy as np

from engine.diagnostics.bench.kernel_clock import clock_kernels

SHORTEST_SAMPLE: Final = 0.05
"""Seconds: what takes less is run several times for one sample."""


class RunTime(NamedTuple):
    """One run: wall and CPU seconds of all threads; of the latter those in kernels, where they were looked at."""

    wall: float
    cpu: float
    kernel: float = math.nan


class Spread(NamedTuple):
    """Median, lowest and highest of several rounds."""

    median: float
    lowest: float
    highest: float

    @classmethod
    def of(cls, values: Iterable[float]) -> Spread:
        """Return those of ``values``."""
        known = list(values)
        return cls(statistics.median(known), min(known), max(known))

    @classmethod
    def of_ratios(cls, above: Iterable[float], below: Iterable[float]) -> Spread:
        """Return those of the ratios, round by round, as far as both were timed."""
        return cls.of(one / other for one, other in zip(above, below, strict=False))


class TimedRun(Protocol):
    """Something that is timed again and again, ``rounds`` at most; ``result`` is what its last run returned."""

    result: object
    rounds: int

    def warm_up(self) -> None:
        """Run once without being timed."""

    def sample(self) -> RunTime:
        """Run and say how long it took."""


@dataclass
class LocalRun:
    """A call in this process. ``own``: it is this engine's, so its kernels are looked at, in a run by itself."""

    call: Callable[[], object]
    own: bool = False
    rounds: int = 100
    result: object = None
    repeats: int = 1

    def warm_up(self) -> None:
        """Run twice: the first run may compile, the second says how many make one sample."""
        self.call()
        self.repeats = max(1, math.ceil(SHORTEST_SAMPLE / self._timed(1).wall))

    def sample(self) -> RunTime:
        """Return the mean of some runs."""
        found = self._timed(self.repeats)
        if not self.own:
            return found
        with clock_kernels() as clock:
            watched = self._timed(self.repeats)
        # what the clock itself takes is left out, so the share is carried over to the runs without it
        return found._replace(kernel=found.cpu * clock.seconds / (watched.cpu * self.repeats))

    def _timed(self, repeats: int) -> RunTime:
        wall, cpu = time.perf_counter(), time.process_time()
        for _ in range(repeats):
            self.result = self.call()
        return RunTime((time.perf_counter() - wall) / repeats, (time.process_time() - cpu) / repeats)


def time_in_turns(
    runs: Sequence[TimedRun], rounds: int, say: Callable[[int], None] = lambda _: None
) -> list[list[RunTime]]:
    """Return the samples of each run: all run once, then all again, so that what the machine does meanwhile hits all.

    ``say`` is called with the round that begins, 0 for the one that is not timed.
    """
    say(0)
    for run in runs:
        run.warm_up()
    samples: list[list[RunTime]] = [[] for _ in runs]
    for number in range(1, rounds + 1):
        say(number)
        for run, taken in zip(runs, samples, strict=True):
            if number <= run.rounds:
                taken.append(run.sample())
    return samples


@dataclass(frozen=True)
class TimeGrowth:
    """Time over one size of a job, the others kept: sizes, and (rounds, sizes) CPU seconds."""

    dimension: str
    sizes: tuple[int, ...]
    seconds: tuple[tuple[float, ...], ...]

    @property
    def medians(self) -> tuple[float, ...]:
        """The median seconds of each size."""
        return tuple(statistics.median(each) for each in zip(*self.seconds, strict=True))

    @property
    def power(self) -> Spread:
        """The power of the size that the time grows with, the slope of their logarithms; 1 is linear."""
        return Spread.of(float(np.polyfit(np.log(self.sizes), np.log(taken), 1)[0]) for taken in self.seconds)
