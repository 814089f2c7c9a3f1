"""Formulas that several tools share: plain functions of arrays."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np

from engine.core.arrays import FloatArray
from engine.core.powers import power


def growth(returns: FloatArray) -> float:
    """Return what 1 becomes."""
    return float(np.multiply.reduce(1.0 + returns))


def growth_by_count(returns: FloatArray, periods: float) -> float:
    """Return the growth a year, years being returns / ``periods``."""
    return power(growth(returns), periods / len(returns)) - 1.0


def deviation(returns: FloatArray) -> float:
    """Return the standard deviation (n - 1)."""
    centred = returns - returns.mean()
    return math.sqrt(float((centred * centred).sum()) / (len(returns) - 1))


def volatility(returns: FloatArray, periods: float) -> float:
    """Return the standard deviation (n - 1), annualised by ``periods``."""
    return deviation(returns) * math.sqrt(periods)


def downside(returns: FloatArray) -> float:
    """Return the root mean square of what is below 0."""
    below = np.minimum(returns, 0.0)
    return math.sqrt(float((below * below).mean()))


def sharpe(excess: FloatArray, periods: float) -> float:
    """Return mean over standard deviation (n - 1), annualised by ``periods``."""
    return float(excess.mean()) / deviation(excess) * math.sqrt(periods)


def sortino(excess: FloatArray, periods: float) -> float:
    """Return mean over downside deviation, annualised by ``periods``."""
    return float(excess.mean()) / downside(excess) * math.sqrt(periods)


def drawdowns(level: FloatArray) -> FloatArray:
    """Return the drawdown of every entry of a level that stays above 0."""
    found: FloatArray = level / np.maximum.accumulate(level) - 1.0
    return found


def compound(returns: FloatArray) -> FloatArray:
    """Return (n+1,) what 1 becomes, from the 1 on."""
    return np.multiply.accumulate(np.concatenate(([1.0], 1.0 + returns)))


def deepest(returns: FloatArray) -> float:
    """Return the deepest drawdown of what 1 becomes."""
    return float(drawdowns(compound(returns)).min())


def root_mean_square(values: FloatArray, count: int) -> float:
    """Return the root of the sum of squares over ``count``."""
    return math.sqrt(float((values * values).sum()) / count)


def sample_skewness(returns: FloatArray) -> float:
    """Return the third moment, corrected for the sample (Joanes and Gill 1998, doi:10.1111/1467-9884.00122)."""
    n, centred = len(returns), returns - returns.mean()
    second, third = float((centred * centred).sum()) / n, float((centred * centred * centred).sum()) / n
    return math.sqrt(n * (n - 1)) / (n - 2) * third / (second * math.sqrt(second))


def sample_excess_kurtosis(returns: FloatArray) -> float:
    """Return the fourth moment less 3, corrected for the size of the sample (same source)."""
    n, centred = len(returns), returns - returns.mean()
    squares = centred * centred
    second, fourth = float(squares.sum()) / n, float((squares * squares).sum()) / n
    return (n - 1) / ((n - 2) * (n - 3)) * ((n + 1) * (fourth / (second * second) - 3.0) + 6.0)


def quantile(returns: FloatArray, share: float) -> float:
    """Return a quantile, between the two returns nearest to it."""
    return float(np.quantile(returns, share))


def normal_quantile(returns: FloatArray, share: float) -> float:
    """Return a quantile of the normal distribution with the mean and the deviation of the returns."""
    return float(returns.mean()) + NormalDist().inv_cdf(share) * deviation(returns)


def mean_of_lowest(returns: FloatArray, share: float) -> float:
    """Return the mean of the whole returns that are at most as high as the one at a ``share`` of all."""
    last = int((len(returns) - 1) * share)
    return float(np.partition(returns, last)[: last + 1].mean())


def plain_information_ratio(pair: FloatArray | None) -> float | None:
    """Return mean over standard deviation of the differences of a pair (2, K) of returns, not annualised."""
    if pair is None:
        return None
    return float((pair[0] - pair[1]).mean()) / deviation(pair[0] - pair[1])
