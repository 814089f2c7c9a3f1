"""How sure a difference is: intervals from the stationary block bootstrap."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Final, TypeAlias

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


OptionalInterval: TypeAlias = tuple[float, float] | None
IntervalFunction: TypeAlias = Callable[[Sequence[PairedReturns], Bootstrap], list[OptionalInterval]]
"""Anything that draws the interval of each pair: :func:`draw_intervals`, here or in another process."""


def draw_intervals(pairs: Sequence[PairedReturns], terms: Bootstrap) -> list[OptionalInterval]:
    """Return the interval of each pair's CAGR difference."""
    return [cagr_difference_interval(pair, terms) for pair in pairs]


def cagr_difference_interval(pair: PairedReturns, terms: Bootstrap) -> OptionalInterval:
    """Return the percentile interval of one CAGR minus the other, or None when there is too little to draw from.

    Paired sessions are resampled in blocks of random length (Politis and Romano 1994,
    doi:10.1080/01621459.1994.10476870), the mean length chosen from the difference of the returns (Politis and White
    2004, doi:10.1081/ETC-120028836).
    """
    from arch.bootstrap import StationaryBootstrap, optimal_block_length  # noqa: PLC0415  (a second to import)

    returns, other, years = pair.returns, pair.other_returns, pair.years
    if len(returns) < _MIN_RETURNS or years <= 0.0 or not min(returns.min(), other.min()) > -1.0:
        return None
    if np.array_equal(returns, other):
        return 0.0, 0.0
    block = float(optimal_block_length(returns - other)["stationary"].iloc[0])

    def difference(logs: FloatArray, other_logs: FloatArray) -> FloatArray:
        return np.array([np.exp(logs.sum() / years) - np.exp(other_logs.sum() / years)])

    generator = np.random.default_rng(terms.seed)
    bootstrap = StationaryBootstrap(max(round(block), 1), np.log1p(returns), np.log1p(other), seed=generator)
    low, high = bootstrap.conf_int(difference, reps=terms.samples, method="percentile", size=terms.level)[:, 0]
    return float(low), float(high)
