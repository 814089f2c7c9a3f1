"""The haircut of a Sharpe ratio: what is left of it after as many tests as were made.

Harvey and Liu (2015), "Backtesting", doi:10.3905/jpm.2015.42.1.013: the p-value of a Sharpe ratio is adjusted for the
other tests, whose own p-values are drawn from what Harvey, Liu and Zhu (2016), doi:10.1093/rfs/hhv059, estimated of 240
months of published factors, and the Sharpe ratio that has the adjusted p-value is what is left.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from engine.core.arrays import FloatArray
from engine.evidence.multiple_tests import adjust_benjamini_yekutieli, adjust_holm

_MONTHLY_VOLATILITY: Final = 0.15 / math.sqrt(12.0)
_FACTOR_MONTHS: Final = 240.0
_CORRELATIONS: Final = (0.0, 0.2, 0.4, 0.6, 0.8)
_WORTHLESS: Final = (0.39660, 0.44589, 0.48604, 0.59902, 0.83901)
"""The share of factors whose true mean is 0, at each of the correlations."""
_MEAN_RETURNS: Final = (0.0054995, 0.0055508, 0.0055413, 0.0055512, 0.0055956)
"""The mean of the others' exponentially distributed true means, at each of the correlations [1/month]."""


@dataclass(frozen=True)
class AdjustedSharpe:
    """A ``p_value`` after all tests, the annual Sharpe ratio that has it, and what that is less than before."""

    p_value: float
    sharpe: float
    haircut: float


@dataclass(frozen=True)
class Haircut:
    """What three methods leave of an annual Sharpe ratio, and what the mean of their p-values leaves."""

    bonferroni: AdjustedSharpe
    holm: AdjustedSharpe
    benjamini_yekutieli: AdjustedSharpe
    mean: AdjustedSharpe


def autocorrelation_factor(correlation: float, periods: int) -> float:
    """Return what an annual Sharpe ratio made of ``periods`` is to be multiplied by, as returns are autocorrelated.

    Lo (2002), doi:10.2469/faj.v58.n4.2453, for returns of which each has the ``correlation`` with the one before.

    >>> round(autocorrelation_factor(0.1, 12), 3)
    0.912
    """
    rest = 1.0 - correlation
    lasting = 1.0 - (1.0 - math.prod((correlation,) * periods)) / (periods * rest)
    return 1.0 / math.sqrt(1.0 + 2.0 * correlation / rest * lasting)


def cut_sharpe_ratio(
    sharpe: float, months: int, others: int, correlation: float, seed: int, draws: int = 2000
) -> Haircut:
    """Return what is left of an annual ``sharpe`` ratio above 0 over ``months`` where ``others`` were tested too.

    ``correlation`` is the mean one among all that were tested, from 0 to 0.8. Of Holm's and Benjamini, Hochberg and
    Yekutieli's p-values the median of all ``draws`` is taken; a draw is a function of ``seed`` and its number.
    """
    from scipy.special import stdtr, stdtrit  # noqa: PLC0415  (a config needs no distributions)

    p_value = 2.0 * float(stdtr(months - 1.0, -sharpe * math.sqrt(months / 12.0)))
    adjusted = np.empty((draws, 2))
    for draw in range(draws):
        panel = np.append(_draw_p_values(others, min(max(correlation, 0.0), 0.8), seed, draw), p_value)
        adjusted[draw] = adjust_holm(panel)[-1], adjust_benjamini_yekutieli(panel)[-1]

    def leave(p: float) -> AdjustedSharpe:
        left = -float(stdtrit(months - 1.0, 0.5 * p)) * math.sqrt(12.0 / months)
        return AdjustedSharpe(p, left, 1.0 - left / sharpe)

    bonferroni = min(p_value * others, 1.0)
    holm, yekutieli = (float(np.median(column)) for column in adjusted.T)
    return Haircut(*map(leave, (bonferroni, holm, yekutieli, (bonferroni + holm + yekutieli) / 3.0)))


def _draw_p_values(count: int, correlation: float, seed: int, draw: int) -> FloatArray:
    """Return the p-values (count,) of factors: normal noise that is correlated, and of some a mean above 0."""
    from scipy.special import log1p, ndtr, ndtri  # noqa: PLC0415

    uniform = np.random.Generator(np.random.Philox(key=seed, counter=[0, 0, 0, draw])).random(3 * count + 1)
    common, own, chance, size = uniform[0], *uniform[1:].reshape(3, count)
    noise = math.sqrt(correlation) * ndtri(common) + math.sqrt(1.0 - correlation) * ndtri(own)
    worthless, mean = (float(np.interp(correlation, _CORRELATIONS, table)) for table in (_WORTHLESS, _MEAN_RETURNS))
    means = np.where(chance > worthless, -mean * log1p(-size), 0.0)
    p_values: FloatArray = 2.0 * ndtr(-np.abs(means * (math.sqrt(_FACTOR_MONTHS) / _MONTHLY_VOLATILITY) + noise))
    return p_values
