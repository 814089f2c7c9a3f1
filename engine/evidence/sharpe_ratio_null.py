"""How sure a Sharpe ratio is by the convention of 2025: its error is taken under the null hypothesis, and over ``T``.

Lopez de Prado, Lipton and Zoonekynd (2025), "How to Use the Sharpe Ratio", doi:10.2139/ssrn.5520741. The variance is
that of a Sharpe ratio of ``benchmark``, what the null hypothesis says it is, where :mod:`.sharpe_ratio`, the convention
of 2012, takes it at the estimate: on one example 0.987 here is 0.913 there. Reports give the one of 2012; this one is
here to be compared.

Sharpe ratios are those of one observation, kurtosis is raw (3 for a normal distribution), and observations are taken as
independent of each other.
"""

from __future__ import annotations

import math

from engine.evidence.normal_distribution import normal_probability, normal_quantile
from engine.evidence.sharpe_ratio import sharpe_variance


def null_standard_error(sharpe: float, observations: float, skewness: float, kurtosis: float) -> float:
    """Return the standard error of an estimate where the true Sharpe ratio is ``sharpe``."""
    return math.sqrt(sharpe_variance(sharpe, skewness, kurtosis) / observations)


def null_probabilistic_sharpe_ratio(
    sharpe: float, benchmark: float, observations: float, skewness: float, kurtosis: float
) -> float:
    """Return 1 less the p-value of an observed ``sharpe`` where the true one is ``benchmark``.

    >>> round(null_probabilistic_sharpe_ratio(0.036 / 0.079, 0.0, 24, -2.448, 10.164), 3)
    0.987
    """
    return normal_probability((sharpe - benchmark) / null_standard_error(benchmark, observations, skewness, kurtosis))


def null_minimum_track_record(
    sharpe: float, benchmark: float, skewness: float, kurtosis: float, level: float = 0.95
) -> float:
    """Return how many observations it takes to reject ``benchmark`` at a ``level``; infinite where never."""
    if not sharpe > benchmark:
        return math.inf
    ratio = normal_quantile(level) / (sharpe - benchmark)
    return sharpe_variance(benchmark, skewness, kurtosis) * ratio * ratio


def sharpe_power(
    benchmark: float, alternative: float, observations: float, skewness: float, kurtosis: float, level: float = 0.95
) -> float:
    """Return how probable it is that a test at a ``level`` rejects ``benchmark`` where ``alternative`` is true."""
    error = null_standard_error(benchmark, observations, skewness, kurtosis)
    critical = benchmark + normal_quantile(level) * error
    return normal_probability(
        (alternative - critical) / null_standard_error(alternative, observations, skewness, kurtosis)
    )


def predicted_false_discovery(prior: float, significance: float, miss: float) -> float:
    """Return how probable it is that what a test finds is false (pFDR).

    ``prior`` is how many of all true alternatives there are [fraction], ``significance`` the error of the first kind,
    ``miss`` that of the second.

    >>> round(predicted_false_discovery(0.05, 0.05, 0.315), 3)
    0.581
    """
    false, true = significance * (1.0 - prior), (1.0 - miss) * prior
    return false / (false + true)


def observed_false_discovery(
    sharpe: float, alternative: float, observations: float, skewness: float, kurtosis: float, prior: float
) -> float:
    """Return how probable it is that a Sharpe ratio this high or higher comes of one that is truly 0 (oFDR).

    ``alternative`` is what it is where it is not 0, which a share ``prior`` of all are [fraction].
    """
    false, true = (
        1.0 - null_probabilistic_sharpe_ratio(sharpe, hypothesis, observations, skewness, kurtosis)
        for hypothesis in (0.0, alternative)
    )
    return false * (1.0 - prior) / (false * (1.0 - prior) + true * prior)
