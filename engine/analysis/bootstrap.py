"""How sure a difference is: intervals from the stationary bootstrap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Final

import numpy as np
from pydantic import Field

from engine.core.arrays import FloatArray
from engine.core.fields import ConfigModel, Fraction, WholeNumber

_MIN_RETURNS: Final = 60
"""Returns below which no interval is drawn."""


class Bootstrap(ConfigModel):
    """How the interval of the CAGR difference is drawn; the seed makes it the same every time."""

    samples: Annotated[WholeNumber, Field(ge=100, le=100_000)] = 1000
    seed: Annotated[WholeNumber, Field(ge=0)] = 1
    level: Annotated[Fraction, Field(gt=0.5, lt=1.0)] = 0.95


@dataclass(frozen=True)
class PairedReturns:
    """Two portfolios' ``returns`` and ``other_returns`` (n,) over the same sessions, spanning ``years``."""

    returns: FloatArray
    other_returns: FloatArray
    years: float

    def can_be_drawn_from(self) -> bool:
        """Return whether there are sessions enough, in none of which all is lost."""
        lowest = min(self.returns.min(initial=np.inf), self.other_returns.min(initial=np.inf))
        return len(self.returns) >= _MIN_RETURNS and self.years > 0.0 and lowest > -1.0


def cagr_difference_intervals(pairs: Sequence[PairedReturns], terms: Bootstrap) -> list[tuple[float, float] | None]:
    """Return the percentile interval of one CAGR minus the other for each pair, None with too little to draw from.

    Paired sessions are resampled in blocks of random length (Politis and Romano 1994,
    doi:10.1080/01621459.1994.10476870), the mean length chosen from the difference of the returns (Politis and White
    2004, doi:10.1081/ETC-120028836). Every pair starts from the same seed, so those of one length share their draws.
    """
    intervals: list[tuple[float, float] | None] = [None] * len(pairs)
    by_length: dict[int, list[int]] = {}
    for i, pair in enumerate(pairs):
        if not pair.can_be_drawn_from():
            continue
        if np.array_equal(pair.returns, pair.other_returns):
            intervals[i] = 0.0, 0.0
        else:
            by_length.setdefault(len(pair.returns), []).append(i)
    tail = (1.0 - terms.level) / 2.0
    for places in by_length.values():
        differences = _draw_differences([pairs[i] for i in places], terms)
        bounds = np.percentile(differences, [100.0 * tail, 100.0 * (1.0 - tail)], axis=0)
        for i, (low, high) in zip(places, bounds.T.tolist(), strict=True):
            intervals[i] = low, high
    return intervals


def _draw_differences(pairs: Sequence[PairedReturns], terms: Bootstrap) -> FloatArray:
    """Return (samples, p) differences of resampled growth a year, for ``p`` pairs of the same number of returns."""
    from engine.simulation.kernel.resample import fill_resampled  # noqa: PLC0415  (a config needs no compiler)

    logs = np.log1p(np.array([(pair.returns, pair.other_returns) for pair in pairs]))
    lengths = [round(optimal_block_length(pair.returns - pair.other_returns)) for pair in pairs]
    chances = 1.0 / np.maximum(lengths, 1)
    generator, count = np.random.default_rng(terms.seed), logs.shape[2]
    uniforms, drawn, sums = np.empty(count), np.empty_like(logs), np.empty((terms.samples, *logs.shape[:2]))
    for sample in range(terms.samples):
        sessions = generator.integers(count, size=count)
        generator.random(out=uniforms)
        fill_resampled(sessions, uniforms, chances, logs, drawn)
        drawn.sum(axis=2, out=sums[sample])
    growth: FloatArray = np.exp(sums / np.array([pair.years for pair in pairs])[:, np.newaxis])
    return growth[:, :, 0] - growth[:, :, 1]


def optimal_block_length(series: FloatArray) -> float:
    """Return the mean length of block at which the stationary bootstrap of ``series`` (n,) errs least [sessions].

    Politis and White (2004), doi:10.1081/ETC-120028836, as corrected by Patton, Politis and White (2009),
    doi:10.1080/07474930802459016: autocovariances up to twice the lag after which five or more are insignificant.
    """
    count, centred = len(series), series - series.mean()
    run = max(5, int(np.log10(count)))
    last = int(np.ceil(np.sqrt(count))) + run
    covariance, correlation = np.zeros(last + 1), np.zeros(last + 1)
    for lag in range(last + 1):
        product = centred[lag:] @ centred[: count - lag]
        head, tail = centred[: -(lag + 1)], centred[lag + 1 :]
        covariance[lag], correlation[lag] = product / count, np.abs(product) / np.sqrt((tail @ tail) * (head @ head))
    significant = correlation >= 2.0 * np.sqrt(np.log10(count) / count)
    quiet = (lag for lag in range(last - run + 1) if not significant[lag : lag + run].any())
    bandwidth = min(2 * max(next(quiet, last), 1), last)
    lags = np.arange(1, bandwidth + 1)
    window = np.where(lags / bandwidth <= 0.5, 1.0, 2.0 * (1.0 - lags / bandwidth))
    slope, spectrum = 0.0, covariance[0]
    for lag, weight in zip(lags.tolist(), window.tolist(), strict=True):
        slope += 2.0 * weight * lag * covariance[lag]
        spectrum += 2.0 * weight * covariance[lag]
    length = (2.0 * slope**2 / (2.0 * spectrum**2)) ** (1.0 / 3.0) * count ** (1.0 / 3.0)
    return float(min(length, np.ceil(min(3.0 * np.sqrt(count), count / 3.0))))
