"""Sums whose last bits are those of compiled loops."""

from __future__ import annotations

from collections.abc import Iterable


def add_in_order(amounts: Iterable[float]) -> float:
    """Return the sum of ``amounts``, added one after another; ``sum`` compensates from Python 3.12 on, numpy in pairs.

    >>> add_in_order([1.0, 1e100, 1.0, -1e100])
    0.0
    """
    total = 0.0
    for amount in amounts:
        total += amount
    return total
