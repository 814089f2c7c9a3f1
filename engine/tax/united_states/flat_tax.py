"""The tax at flat rates: a plain function of floats, so that the compiled runs call the very same one."""

from __future__ import annotations


def flat_tax(
    ordinary: float, preferential: float, rate: float, long_rate: float, investment_rate: float, state_rate: float
) -> float:
    """Return the tax of ``ordinary`` income and of what long-term rates are for [currency]; compiled runs call it too.

    >>> flat_tax(1000.0, 2000.0, 0.24, 0.15, 0.0, 0.0)
    540.0
    """
    total = ordinary + preferential
    return rate * ordinary + long_rate * preferential + investment_rate * max(0.0, total) + state_rate * total
