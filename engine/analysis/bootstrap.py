"""How sure a difference is: intervals from the stationary bootstrap."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Annotated, Final

import numpy as np
from pydantic import Field

from engine.core.arrays import FloatArray, IntArray
from engine.core.fields import ConfigModel, Fraction, WholeNumber
from engine.core.powers import power

_MIN_RETURNS: Final = 60
"""Returns below which no interval is drawn."""
_LENGTHS: Final = 4096
"""Entries of the table that lengths of blocks are drawn from, a power of two."""
_ROUNDING: Final = 1e-12
"""A difference of two growth factors that is only rounding (S13)."""


class Evidence(ConfigModel):
    """How intervals are drawn: ``draws`` histories, the same for the same ``seed``, at a ``level`` of confidence."""

    seed: Annotated[WholeNumber, Field(ge=0, le=2**63 - 1)] = 1
    draws: Annotated[WholeNumber, Field(ge=100, le=100_000)] = 10_000
    level: Annotated[Fraction, Field(gt=0.5, lt=1.0)] = 0.95


@dataclass(frozen=True)
class PairedReturns:
    """Two portfolios' ``returns`` and ``other_returns`` (n,) over the same sessions, spanning ``years``.

    ``openings`` are the factors by which the purchase at the first of them changed the two: what it cost.
    """

    returns: FloatArray
    other_returns: FloatArray
    years: float
    openings: tuple[float, float] = (1.0, 1.0)

    @property
    def growth(self) -> tuple[float, float]:
        """The growth factors a year of the two."""
        both = zip(self.openings, (self.returns, self.other_returns), strict=True)
        mine, other = (opening * float(np.multiply.reduce(1.0 + returns)) for opening, returns in both)
        return power(mine, 1.0 / self.years), power(other, 1.0 / self.years)


@dataclass(frozen=True)
class DifferenceInterval:
    """The ``bounds`` of a difference of growth a year, or why there are none (``missing``)."""

    bounds: tuple[float, float] | None
    missing: str = ""


def cagr_difference_interval(pair: PairedReturns, difference: float, terms: Evidence) -> DifferenceInterval:
    """Return the interval of the ``difference`` of one CAGR minus the other, or why there is none.

    Paired sessions are resampled in blocks of random length (Politis and Romano 1994,
    doi:10.1080/01621459.1994.10476870); every draw contains the opening costs, as the difference does. The percentiles
    of the draws are taken further out, as Student's t is wider than the normal distribution with as many observations
    as the series has blocks (Hesterberg 2015, doi:10.1080/00031305.2015.1089789, section 5.3).
    """
    count = len(pair.returns)
    if count < _MIN_RETURNS or pair.years <= 0.0:
        return DifferenceInterval(None, "too few sessions for an interval")
    if min(pair.returns.min(), pair.other_returns.min(), *(factor - 1.0 for factor in pair.openings)) <= -1.0:
        return DifferenceInterval(None, "one of the two lost everything, so there is no interval")
    length = block_length(pair)
    with np.errstate(over="ignore", invalid="ignore"):
        differences = np.sort(_draw_differences(pair, terms, length))
    rank = tail_rank(1.0 - terms.level, count / length, terms.draws)
    low, high = float(differences[rank - 1]), float(differences[-rank])
    if not (math.isfinite(low) and math.isfinite(high)):
        return DifferenceInterval(None, "growth is beyond all numbers, so there is no interval")
    near = _ROUNDING * max(pair.growth)
    return DifferenceInterval((_without_rounding(low, difference, near), _without_rounding(high, difference, near)))


def _without_rounding(bound: float, difference: float, near: float) -> float:
    """Return a bound; one that is zero or the difference itself, but for rounding, is that."""
    return next((mark for mark in (0.0, difference) if abs(bound - mark) <= near), bound)


def _draw_differences(pair: PairedReturns, terms: Evidence, length: float) -> FloatArray:
    """Return (draws,) differences of resampled growth a year."""
    from engine.simulation.kernel.resample import fill_resampled  # noqa: PLC0415  (a config needs no compiler)
    from engine.simulation.kernel.valuation import elementwise_power  # noqa: PLC0415

    factors = 1.0 + np.column_stack((pair.returns, pair.other_returns))
    products: FloatArray = np.multiply.accumulate(np.concatenate((np.ones((1, 2)), factors, factors)), axis=0)
    drawn = np.empty((2, terms.draws))
    fill_resampled(drawn, np.array(pair.openings), products, block_lengths(length), terms.seed)
    mine, other = (elementwise_power(growth, np.full(terms.draws, 1.0 / pair.years)) for growth in drawn)
    return mine - other


def block_lengths(mean: float) -> IntArray:
    """Return (4096,) lengths of blocks, all equally likely, that are geometrically distributed with a ``mean``.

    >>> int(block_lengths(1.0).max()), round(float(block_lengths(10.0).mean()), 1)
    (1, 10.0)
    """
    remaining, lengths, survival = _LENGTHS, [], 1.0
    while remaining:
        survival *= 1.0 - 1.0 / mean
        lengths.append(remaining - round(_LENGTHS * survival))
        remaining -= lengths[-1]
    return np.repeat(np.arange(1, len(lengths) + 1), lengths)


def tail_rank(tails: float, blocks: float, draws: int) -> int:
    """Return which of the sorted draws, counted from either end, is the bound that leaves out ``tails`` [fraction]."""
    normal, free = NormalDist(), max(blocks - 1.0, 1.0)
    z = -normal.inv_cdf(0.5 * tails)
    # Student's t by its expansion in 1 / degrees of freedom (Abramowitz and Stegun 1964, 26.7.5)
    t = z + (z**3 + z) / (4.0 * free) + (5.0 * z**5 + 16.0 * z**3 + 3.0 * z) / (96.0 * free**2)
    return max(1, math.floor(normal.cdf(-t * math.sqrt((free + 1.0) / free)) * (draws + 1)))


def block_length(pair: PairedReturns) -> float:
    """Return the mean length of the blocks that a pair is drawn in [sessions].

    The series whose mean the difference of growth is, but for terms of second order, decides: each portfolio's returns
    times its growth.
    """
    growth, other_growth = pair.growth
    return mean_block_length(growth * pair.returns - other_growth * pair.other_returns)


def mean_block_length(series: FloatArray) -> float:
    """Return the mean length of the blocks that a ``series`` (n,) is drawn in, a whole number [sessions].

    It is never below the usual lag of estimates of variance: where no dependence is found there may still be some.
    """
    return float(max(round(optimal_block_length(series)), usual_lag(len(series))))


def usual_lag(count: int) -> int:
    """Return the usual lag of estimates of variance of ``count`` returns, 4 (n / 100)^(2/9).

    Newey and West (1994), doi:10.2307/2297912.

    >>> usual_lag(6500)
    10
    """
    lag: float = 4.0 * (count / 100.0) ** (2.0 / 9.0)
    return round(lag)


def optimal_block_length(series: FloatArray, *, circular: bool = False) -> float:
    """Return the mean length of block at which the stationary bootstrap of ``series`` (n,) errs least [sessions].

    With ``circular`` the length of all blocks of the circular bootstrap (Politis and Romano 1992), whose errors of
    estimated variance are two thirds as large.
    Politis and White (2004), doi:10.1081/ETC-120028836, as corrected by Patton, Politis and White (2009),
    doi:10.1080/07474930802459016: autocovariances up to twice the lag after which five or more are insignificant.
    """
    count, centred = len(series), series - series.mean()
    run = max(5, int(math.log10(count)))
    last = math.ceil(math.sqrt(count)) + run
    squares = np.cumsum(centred * centred)
    if squares[-1] <= (_ROUNDING * np.abs(series).max()) ** 2 * count:
        return 1.0
    covariance, correlation = np.zeros(last + 1), np.zeros(last + 1)
    for lag in range(last + 1):  # sums of products, not dot products: the same bits on every processor (S14)
        product = (centred[lag:] * centred[: count - lag]).sum()
        head, tail = squares[-(lag + 2)], squares[-1] - squares[lag]
        covariance[lag], correlation[lag] = product / count, abs(product) / math.sqrt(max(head * tail, 1e-300))
    significant = correlation >= 2.0 * math.sqrt(math.log10(count) / count)
    quiet = (lag for lag in range(last - run + 1) if not significant[lag : lag + run].any())
    bandwidth = min(2 * max(next(quiet, last), 1), last)
    lags = np.arange(1, bandwidth + 1)
    window = np.where(lags / bandwidth <= 0.5, 1.0, 2.0 * (1.0 - lags / bandwidth))
    slope, spectrum = 0.0, covariance[0]
    for lag, weight in zip(lags.tolist(), window.tolist(), strict=True):
        slope += 2.0 * weight * lag * covariance[lag]
        spectrum += 2.0 * weight * covariance[lag]
    longest = math.ceil(min(3.0 * math.sqrt(count), count / 3.0))
    if spectrum == 0.0:
        return float(longest)
    length: float = min((1.5 if circular else 1.0) * (slope / spectrum) ** 2 * count, longest**3) ** (1.0 / 3.0)
    return length
