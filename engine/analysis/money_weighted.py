"""Money-weighted rates: the root of a present value, found by bracketing and Brent's method, never guessed.

Several roots are reported as ambiguous and none as none; a rate is never 0 for lack of an answer.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from engine.core.arrays import DateArray, FloatArray
from engine.core.conventions import CASH_DAYS_PER_YEAR
from engine.core.powers import power
from engine.simulation.kernel.valuation import present_value

_WIDEST_LOG_RATE: Final = 40.0
"""Rates are sought from exp(-40) - 1 to exp(40) - 1: a quarter may make or lose nearly all."""

_DOUBTFUL_SHARE: Final = 1e-9
"""Up to this share of all flows' present values, the sign of their sum is not left to vectors of numpy (S14)."""


@dataclass(frozen=True)
class InternalRate:
    """The rates at which a present value is zero."""

    roots: tuple[float, ...]

    @property
    def value(self) -> float | None:
        """The rate, when there is exactly one."""
        return self.roots[0] if len(self.roots) == 1 else None


def dated_internal_rates(dates: DateArray, flows: FloatArray) -> InternalRate:
    """Return the annual effective rate of dated ``flows`` (K,) [currency, paid out negative], days / 365."""
    days = (dates - dates.min()).astype("timedelta64[D]").astype(np.float64)
    return _find_roots(days / CASH_DAYS_PER_YEAR, np.asarray(flows, dtype=np.float64))


def internal_rates(flows: FloatArray) -> InternalRate:
    """Return the rate a period of equally spaced ``flows`` (K,).

    >>> round(internal_rates(np.array([-100.0, 0.0, 121.0])).value, 12)
    0.1
    """
    return _find_roots(np.arange(len(flows), dtype=np.float64), np.asarray(flows, dtype=np.float64))


def mirr(flows: FloatArray, finance: float, reinvest: float) -> float:
    """Return the modified rate a period: outflows discounted at ``finance``, inflows compounded at ``reinvest``."""
    periods = np.arange(len(flows), dtype=np.float64)
    paid = -present_value(1.0 + finance, periods, np.minimum(flows, 0.0))
    grown = present_value(1.0 + reinvest, periods - periods[-1], np.maximum(flows, 0.0))
    return power(grown / paid, 1.0 / float(periods[-1])) - 1.0


def modified_dietz(dates: DateArray, flows: FloatArray, begin: float, end: float) -> float | None:
    """Return the gain over a span by the value at its begin and the flows, each weighted by the time it was there.

    ``flows`` (K,) [currency, paid in positive] on ``dates`` (K,), the first and last of which bound the span, come at
    the end of their days (P. O. Dietz 1966, Pension Funds: Measuring Investment Performance). None when nothing was
    there on average.
    """
    days = (dates - dates[0]).astype("timedelta64[D]").astype(np.float64)
    base = begin + math.fsum((flows * (1.0 - days / days[-1])).tolist()) if days[-1] > 0.0 else 0.0
    return (end - begin - math.fsum(flows.tolist())) / base if base > 0.0 else None


def _find_roots(years: FloatArray, flows: FloatArray) -> InternalRate:
    """Return every root on a fine grid of log(1 + rate), polished to the last bits.

    The grid is searched by numpy, whose last bits are the processor's; they decide nothing.
    """
    if not (flows > 0.0).any() or not (flows < 0.0).any() or years.max() == 0.0:
        return InternalRate(())
    from scipy.optimize import brentq  # noqa: PLC0415  (slow, and most runs have no flows)

    widest = min(_WIDEST_LOG_RATE, 600.0 / float(years.max()))
    grid = np.unique(np.concatenate([np.linspace(-widest, widest, 4001), np.linspace(-1.0, 1.0, 4001)]))
    discounts = np.exp(-np.outer(grid, years))
    values = discounts @ flows
    for k in np.flatnonzero(np.abs(values) <= _DOUBTFUL_SHARE * (discounts @ np.abs(flows))).tolist():
        values[k] = present_value(power(math.e, float(grid[k])), years, flows)
    exact = [power(math.e, u) for u in grid[values == 0.0].tolist()]
    change = np.flatnonzero(np.sign(values[:-1]) * np.sign(values[1:]) < 0.0)
    brackets = [(power(math.e, float(grid[k])), power(math.e, float(grid[k + 1]))) for k in change]
    found = [
        float(brentq(present_value, low, high, args=(years, flows), xtol=1e-300, rtol=1e-15)) for low, high in brackets
    ]
    return InternalRate(tuple(growth - 1.0 for growth in sorted([*exact, *found])))
