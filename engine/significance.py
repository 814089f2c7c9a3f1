"""How sure a difference is: intervals from the stationary block bootstrap."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field

from engine.arrays import FloatArray
from engine.choice import Choice, Fraction, Whole


class Bootstrap(Choice):
    """How the interval of the CAGR difference is drawn; the seed makes it the same every time."""

    samples: Annotated[Whole, Field(ge=100, le=100_000)] = 2000
    seed: Annotated[Whole, Field(ge=0)] = 1
    level: Annotated[Fraction, Field(gt=0.5, lt=1.0)] = 0.95


def cagr_difference_interval(
    returns: FloatArray, other: FloatArray, years: float, *, samples: int, seed: int, level: float
) -> tuple[float, float] | None:
    """Return the percentile interval of CAGR minus the other's CAGR, or None when there is too little to draw from.

    Paired sessions are resampled in blocks of random length (Politis and Romano 1994,
    doi:10.1080/01621459.1994.10476870), the mean length chosen from the difference of the returns (Politis and White
    2004, doi:10.1081/ETC-120028836).

    Parameters
    ----------
    returns, other : (n,) simple returns of the same sessions
    years : that the n returns span
    samples, seed : of the resampling
    level : of confidence [fraction]

    """
    from arch.bootstrap import StationaryBootstrap, optimal_block_length  # noqa: PLC0415  (a second to import)

    n = len(returns)
    if n < 60 or years <= 0.0 or min(returns.min(), other.min()) <= -1.0:
        return None
    if np.array_equal(returns, other):
        return 0.0, 0.0
    block = float(optimal_block_length(returns - other)["stationary"].iloc[0])
    logs = np.column_stack([np.log1p(returns), np.log1p(other)])

    def difference(sample: FloatArray) -> FloatArray:
        growth = np.exp(sample.sum(axis=0) / years)
        return np.array([growth[0] - growth[1]])

    bootstrap = StationaryBootstrap(max(block, 1.0), logs, seed=np.random.default_rng(seed))
    low, high = bootstrap.conf_int(difference, reps=samples, method="percentile", size=level)[:, 0]
    return float(low), float(high)
