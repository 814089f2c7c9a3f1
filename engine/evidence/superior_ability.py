"""Whether the best of many variants is better than luck: Hansen's, White's and Romano and Wolf's tests.

All ask the same of the differences of every variant to one benchmark, period by period: how often does the best of as
many variants look as good when none of them is any better? The dependence among variants and in time is kept, because
whole periods are drawn in blocks (stationary bootstrap), the same for all variants.

- Superior predictive ability (Hansen 2005, doi:10.1198/073500105000000063): T = max(0, max_k sqrt(n) mean_k / omega_k)
  against draws recentred in three ways: p lies between the ``lower`` and the ``upper`` bound, and ``consistent`` is the
  one to quote.
- Reality check (White 2000, doi:10.1111/1468-0262.00152): max_k sqrt(n) mean_k, not studentised.
- StepM (Romano and Wolf 2005, doi:10.1111/j.1468-0262.2005.00615.x), studentised and with the consistent recentring, as
  arch has it (Hsu, Hsu and Kuan 2010, doi:10.1016/j.jempfin.2010.01.001): which variants are better, so that the chance
  of naming any that is not is held. What is rejected is left out, and the rest is tested again.
- Romano and Wolf's step-down test (2016, doi:10.1016/j.spl.2016.02.012): the same with the upper recentring, which
  assumes nothing of variants that are worse.

Of the studentised tests the draws are put as far out as statistics of so few periods lie (``Maxima.as_students``):
without that they reject more often than they say. How often they do is in ``benchmarks/studies/evidence.md``.

A p-value is (1 + #{T* >= T}) / (draws + 1) (Romano and Wolf 2016; Davison and Hinkley 1997, chapter 4):
the history itself counts as one of the draws, so p is never 0. arch counts
#{T* > T} / draws. A variant is rejected where its p among those that are left is at most 1 - ``level``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

import numpy as np

from engine.analysis.bootstrap import optimal_block_length, usual_lag
from engine.core.arrays import BoolArray, FloatArray, IntArray
from engine.evidence.resampled_maxima import DifferenceMoments, Draws, Maxima, MaximaStream, Slabs

MIN_PERIODS: Final = 16
"""Periods below which nothing is tested."""
MAX_STEPS: Final = 5
"""Times that a space is streamed at most."""


@dataclass(frozen=True)
class Superiority:
    """What the tests found, of S variants.

    ``lower``, ``consistent``, ``upper`` and ``reality_check`` are p-values, ``statistic`` Hansen's T [standard errors],
    ``best`` the variant that has it, or the first of several. ``studentised`` (S,) is NaN where a variant cannot be
    tested: it has no figures or is the benchmark; ``count`` variants can. ``step_m`` and ``romano_wolf`` are the
    variants that are better, in order. ``complete`` is False where the last of the allowed ``steps`` still found some,
    so that more may be better than are named.
    """

    lower: float
    consistent: float
    upper: float
    reality_check: float
    statistic: float
    best: int
    count: int
    studentised: FloatArray
    step_m: IntArray
    romano_wolf: IntArray
    steps: int
    complete: bool

    @property
    def left_out(self) -> int:
        """How many variants cannot be tested."""
        return len(self.studentised) - self.count


def test_superiority(
    slabs: Slabs,
    draws: int,
    seed: int,
    mean_block: float,
    level: float,
    threads: int = 1,  # noqa: PT028  (no test of pytest's)
) -> Superiority | None:
    """Return what the tests say of a whole space; None where it has fewer than 16 periods, or no variant to test.

    Parameters
    ----------
    slabs : yields differences (n, W) of variants to the benchmark, period by period; called once for every step
    draws : resampled histories
    seed : of the draws, which are counted and not remembered
    mean_block : mean length of blocks [periods], at least 1
    level : of confidence, such as 0.95
    threads : how many work at a time; no bit depends on it

    """
    with ThreadPoolExecutor(threads) as pool:
        steps = _Steps(slabs, lambda periods: MaximaStream(Draws(draws, seed, mean_block, periods), pool, threads))
        found = steps.first()
        if found is None:
            return None
        moments, maxima, periods = found
        t, usable = moments.studentised(periods), moments.usable
        rejected, taken, complete = steps.go_down(t, maxima, 1.0 - level)
    statistic = max(0.0, float(t[usable].max()))
    plain = max(0.0, float(moments.mean[usable].max()) * math.sqrt(periods))
    return Superiority(
        lower=p_value(maxima.lower, statistic),
        consistent=p_value(maxima.consistent, statistic),
        upper=p_value(maxima.upper, statistic),
        reality_check=p_value(maxima.plain, plain),
        statistic=statistic,
        best=int(np.nanargmax(t)),
        count=int(usable.sum()),
        studentised=t,
        step_m=np.flatnonzero(rejected[0]),
        romano_wolf=np.flatnonzero(rejected[1]),
        steps=taken,
        complete=complete,
    )


def adjusted_p_values(differences: FloatArray, draws: int, seed: int, mean_block: float) -> FloatArray:
    """Return (S,) p-values adjusted for how many were tried, of variants in memory; NaN where one cannot be tested.

    Romano and Wolf (2016): the p-value of a variant among all that have no greater statistic than it, or
    the greatest of the variants before it. Those at most ``size`` are rejected by the step-down test at that size.
    ``differences`` (n, S) need 16 periods; the time is that of sixteen times as many variants in a stream.
    """
    with ThreadPoolExecutor(1) as pool:
        stream = MaximaStream(Draws(draws, seed, mean_block, len(differences)), pool)
        moments = stream.moments(differences)
        t, recentrings = moments.studentised(len(differences)), moments.recentrings(len(differences))
        order = np.argsort(t, kind="stable")[: int(moments.usable.sum())]
        result = np.full(len(t), np.nan)
        chosen = np.zeros(len(t), dtype=np.bool_)
        for variant in order.tolist():
            chosen[:] = False
            chosen[variant] = True
            stream.add(differences, chosen, recentrings)
            upper = stream.maxima.as_students(stream.draws).upper
            result[variant] = p_value(upper, max(0.0, float(t[variant])))
    result[order[::-1]] = np.maximum.accumulate(result[order[::-1]])
    return result


def fitting_block(series: FloatArray) -> float:
    """Return the mean length of blocks that tests draw in [periods], as ``series`` (n,) asks for.

    Politis and White's, in whole periods, and never below the usual lag of estimates of variance, as for intervals:
    where a period remembers a fifth of the one before, which no test of 240 of them sees every time, single periods
    rejected 10 % at 5 %, and with this 7 to 8 % (``benchmarks/studies/evidence.md``).
    """
    return float(max(round(optimal_block_length(series)), usual_lag(len(series)), 1))


def p_value(maxima: FloatArray, statistic: float) -> float:
    """Return the p-value of a statistic among (draws,) maxima, neither of which is ever below 0 (Hansen 2005).

    >>> p_value(np.array([0.5, 1.0, 2.0, -1.0]), 1.0), p_value(np.array([0.5, 1.0, 2.0, -1.0]), 0.0)
    (0.6, 1.0)
    """
    return (1 + int((np.maximum(maxima, 0.0) >= statistic).sum())) / (len(maxima) + 1)


def critical_value(maxima: FloatArray, size: float) -> float:
    """Return what a statistic has to exceed for a p-value of at most ``size``; infinite where draws are too few.

    >>> critical_value(np.arange(1.0, 20.0), 0.05), critical_value(np.arange(1.0, 40.0), 0.05)
    (19.0, 38.0)
    """
    allowed = math.floor(size * (len(maxima) + 1) * (1.0 + 1e-12)) - 1
    return float(np.sort(np.maximum(maxima, 0.0))[-1 - allowed]) if allowed >= 0 else math.inf


class _Steps:
    """Streams a space, once for every step."""

    def __init__(self, slabs: Slabs, make_stream: Callable[[int], MaximaStream]) -> None:
        self._slabs, self._make_stream = slabs, make_stream

    def first(self) -> tuple[DifferenceMoments, Maxima, int] | None:
        """Return the moments of all variants, their maxima and the number of periods, or None."""
        found: list[DifferenceMoments] = []
        stream: MaximaStream | None = None
        for slab in self._slabs():
            if len(slab) < MIN_PERIODS:
                return None
            if stream is None:
                stream = self._make_stream(len(slab))
            moments = stream.moments(slab)
            stream.add(slab, moments.usable, moments.recentrings(len(slab)))
            found.append(moments)
        if stream is None or not any(moments.usable.any() for moments in found):
            return None
        self._moments, self._periods = DifferenceMoments.join(found), stream.draws.periods
        return self._moments, stream.maxima.as_students(stream.draws), self._periods

    def go_down(self, t: FloatArray, maxima: Maxima, size: float) -> tuple[tuple[BoolArray, BoolArray], int, bool]:
        """Return (S,) what StepM and Romano and Wolf's test reject, in how many steps, and whether these were all.

        ``t`` (S,) are the statistics, ``maxima`` those over all variants.
        """
        by_step_m, by_romano_wolf = np.zeros(len(t), dtype=np.bool_), np.zeros(len(t), dtype=np.bool_)
        for step in range(1, MAX_STEPS + 1):
            if step > 1:
                maxima = self._again(by_step_m, by_romano_wolf)
            found = (t > critical_value(maxima.consistent, size)) & ~by_step_m
            others = (t > critical_value(maxima.upper, size)) & ~by_romano_wolf
            by_step_m, by_romano_wolf = by_step_m | found, by_romano_wolf | others
            if not (found | others).any() or by_romano_wolf.sum() == self._moments.usable.sum():
                return (by_step_m, by_romano_wolf), step, True
        return (by_step_m, by_romano_wolf), MAX_STEPS, False

    def _again(self, by_step_m: BoolArray, by_romano_wolf: BoolArray) -> Maxima:
        """Return maxima over the variants that are not rejected yet.

        StepM rejects all that the other test does: the consistent recentring never gives a greater value.
        """
        stream, end = self._make_stream(self._periods), 0
        for slab in self._slabs():
            begin, end = end, end + slab.shape[1]
            own = DifferenceMoments(
                *(of[begin:end] for of in (self._moments.mean, self._moments.variance, self._moments.long_run))
            )
            recentrings = own.recentrings(self._periods)
            recentrings[by_step_m[begin:end], 2] = -np.inf
            stream.add(slab, own.usable & ~by_romano_wolf[begin:end], recentrings)
        return stream.maxima.as_students(stream.draws)
