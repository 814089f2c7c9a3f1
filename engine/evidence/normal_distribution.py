"""The standard normal distribution, with the same bits on every processor and with every mathematical library (S14)."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Final

from engine.core.powers import exponential

_ROOT_OF_TWO_PI: Final = 2.5066282746310002
_TAIL: Final = 3.0
"""Where the series ends and the continued fraction begins."""
_FRACTIONS: Final = 60
"""Terms of the continued fraction: beyond ``_TAIL`` the double no longer changes after 40."""
_LARGEST: Final = 37.6
"""Beyond it no more probability is left than the numbers of full precision can say."""


def normal_density(x: float) -> float:
    """Return the density at ``x``."""
    return exponential(-0.5 * x * x) / _ROOT_OF_TWO_PI


def normal_probability(x: float) -> float:
    """Return the probability of no more than ``x``.

    Near the middle by the series ``x + x^3 / 3 + x^5 / 15 + ...`` times the density (Marsaglia 2004,
    doi:10.18637/jss.v011.i04), in the tails by Laplace's continued fraction for Mills' ratio, ``1 / (x + 1 / (x + 2 /
    (x + ...)))``: a small probability keeps its digits.

    >>> normal_probability(0.0), round(normal_probability(-8.0) * 1e16, 9)
    (0.5, 6.220960574)
    """
    distance = abs(x)
    if distance < _TAIL:
        total, term, odd = distance, distance, 1.0
        while term > total * 1e-17:
            odd += 2.0
            term *= distance * distance / odd
            total += term
        half = total * normal_density(x)
        return 0.5 + half if x > 0.0 else 0.5 - half
    tail = _tail_probability(distance)
    return 1.0 - tail if x > 0.0 else tail


def _tail_probability(x: float) -> float:
    """Return the probability of more than ``x``, at least ``_TAIL``."""
    if not x < math.inf:
        return math.nan if math.isnan(x) else 0.0
    below = x
    for number in range(_FRACTIONS, 0, -1):
        below = x + number / below
    return normal_density(x) / below


@lru_cache(maxsize=256)
def normal_quantile(probability: float) -> float:
    """Return what is not exceeded with a ``probability`` between 0 and 1: where ``normal_probability`` reaches it.

    By halving, so that no bit depends on where the search began.

    >>> normal_quantile(0.5), round(normal_quantile(0.95), 12), normal_quantile(0.0)
    (0.0, 1.644853626951, -inf)
    """
    if not 0.0 < probability < 1.0:
        return -math.inf if probability == 0.0 else math.inf if probability == 1.0 else math.nan
    if probability == 0.5:
        return 0.0
    if probability > 0.5:  # 1 - p is exact
        return -normal_quantile(1.0 - probability)
    low, high = -_LARGEST, 0.0
    while low < (middle := 0.5 * (low + high)) < high:
        if normal_probability(middle) < probability:
            low = middle
        else:
            high = middle
    return high
