"""How sure a Sharpe ratio is, and what is left of it after many were tried: the probabilistic and the deflated one.

The convention of Bailey and Lopez de Prado (2012), doi:10.21314/JOR.2012.255, and (2014),
doi:10.3905/jpm.2014.40.5.094: the error of an estimate is taken at the estimate itself, over ``T - 1``. That of 2025,
taken under the null hypothesis and over ``T``, is :mod:`.sharpe_ratio_null`: the two give different answers.

Every Sharpe ratio is one an observation, never annualised: a daily one for daily returns, a monthly one for monthly
ones. Kurtosis is the raw fourth moment, 3 for a normal distribution.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from engine.core.arrays import FloatArray
from engine.core.powers import logarithm
from engine.evidence.normal_distribution import normal_probability, normal_quantile

_EULER_GAMMA: Final = 0.5772156649015329


@dataclass(frozen=True)
class SharpeMoments:
    """A ``sharpe`` ratio an observation, how many observations it has, and the shape of their distribution."""

    sharpe: float
    observations: int
    skewness: float
    kurtosis: float


@dataclass(frozen=True)
class DeflatedSharpe:
    """The probability that a Sharpe ratio is above its ``benchmark``: what the best of so many reaches by luck."""

    value: float
    benchmark: float


def sharpe_moments(returns: FloatArray) -> SharpeMoments | None:
    """Return the Sharpe ratio and the moments of finite ``returns`` (n,); None where they do not vary.

    The ratio is the mean over the standard deviation with n - 1; skewness and kurtosis are moments over n, as the
    paper's.
    """
    count = len(returns)
    if count < 2 or returns.max() == returns.min():
        return None
    mean = float(returns.sum()) / count
    centred = returns - mean
    squares = centred * centred
    second = float(squares.sum()) / count
    third, fourth = float((squares * centred).sum()) / count, float((squares * squares).sum()) / count
    deviation = math.sqrt(second * count / (count - 1))
    return SharpeMoments(mean / deviation, count, third / (second * math.sqrt(second)), fourth / (second * second))


def sharpe_variance(sharpe: float, skewness: float, kurtosis: float) -> float:
    """Return the variance of a Sharpe ratio times the observations: ``1 - skew SR + (kurt - 1) / 4 SR^2``.

    Mertens (2002) for returns of any distribution, each independent of the others. No distribution has a kurtosis
    below ``1 + skew^2``, so it is never below 0 but by rounding.
    """
    return max(1.0 - skewness * sharpe + 0.25 * (kurtosis - 1.0) * sharpe * sharpe, 0.0)


def sharpe_standard_error(sharpe: float, observations: float, skewness: float, kurtosis: float) -> float:
    """Return the standard error of a Sharpe ratio: the root of its variance over ``T - 1``."""
    return math.sqrt(sharpe_variance(sharpe, skewness, kurtosis) / (observations - 1.0))


def probabilistic_sharpe_ratio(
    sharpe: float, benchmark: float, observations: float, skewness: float, kurtosis: float
) -> float:
    """Return the probability that the true Sharpe ratio is above a ``benchmark``.

    ``Phi((SR - SR*) sqrt(T - 1) / sqrt(1 - skew SR + (kurt - 1) / 4 SR^2))``; Bailey and Lopez de Prado (2012),
    doi:10.21314/JOR.2012.255.

    >>> round(probabilistic_sharpe_ratio(0.458, 0.0, 24, -2.448, 10.164), 3)
    0.913
    """
    error = sharpe_standard_error(sharpe, observations, skewness, kurtosis)
    above = sharpe - benchmark
    if error == 0.0:
        return 0.5 if above == 0.0 else float(above > 0.0)
    return normal_probability(above / error)


def expected_maximum(trials: float) -> float:
    """Return about what the largest of so many independent standard normal numbers is on average.

    ``(1 - g) Phi^-1(1 - 1 / N) + g Phi^-1(1 - 1 / (N e))``, g Euler's constant: the "false strategy" theorem of Bailey
    and Lopez de Prado (2014), doi:10.3905/jpm.2014.40.5.094, for N well above 1. It is not below 0, and 0 for one.

    >>> round(expected_maximum(100.0), 12), expected_maximum(1.0)
    (2.530602893202, 0.0)
    """
    if trials <= 1.0:
        return 0.0
    upper, further = -normal_quantile(1.0 / trials), -normal_quantile(1.0 / (trials * math.e))
    return max((1.0 - _EULER_GAMMA) * upper + _EULER_GAMMA * further, 0.0)


def deflated_sharpe_ratio(
    sharpe: float, observations: float, skewness: float, kurtosis: float, trials: float, variance: float
) -> DeflatedSharpe:
    """Return how probable it is that the best of ``trials`` independent Sharpe ratios is better than luck.

    The probabilistic Sharpe ratio against what luck alone gives the best of them: the expected maximum times the root
    of the ``variance`` of all their Sharpe ratios an observation. Bailey and Lopez de Prado (2014),
    doi:10.3905/jpm.2014.40.5.094.

    >>> round(deflated_sharpe_ratio(2.5 / 250**0.5, 1250, -3.0, 10.0, 100.0, 0.5 / 250).value, 4)
    0.9004
    """
    benchmark = math.sqrt(variance) * expected_maximum(trials)
    return DeflatedSharpe(probabilistic_sharpe_ratio(sharpe, benchmark, observations, skewness, kurtosis), benchmark)


def minimum_track_record(
    sharpe: float, benchmark: float, skewness: float, kurtosis: float, level: float = 0.95
) -> float:
    """Return how many observations it takes to be sure at a ``level`` that a Sharpe ratio is above a ``benchmark``.

    ``1 + (1 - skew SR + (kurt - 1) / 4 SR^2) (Phi^-1(level) / (SR - SR*))^2``; infinite where it is not above. Bailey
    and Lopez de Prado (2012), doi:10.21314/JOR.2012.255.
    """
    if not sharpe > benchmark:
        return math.inf
    ratio = normal_quantile(level) / (sharpe - benchmark)
    return 1.0 + sharpe_variance(sharpe, skewness, kurtosis) * ratio * ratio


@dataclass(frozen=True)
class BacktestLength:
    """How long a backtest has to be, [years] for an annual Sharpe ratio, and what it is never above (``bound``)."""

    minimum: float
    bound: float


def minimum_backtest_length(trials: float, sharpe: float) -> BacktestLength:
    """Return the length below which the best of ``trials`` worthless variants is expected to show this ``sharpe``.

    ``(E[max_N] / SR)^2``, at most ``2 ln N / SR^2``; Bailey, Borwein, Lopez de Prado and Zhu (2014),
    doi:10.1090/noti1105. In years where the Sharpe ratio is annual.
    """
    maximum = expected_maximum(trials)
    return BacktestLength(maximum * maximum / (sharpe * sharpe), 2.0 * logarithm(trials) / (sharpe * sharpe))
