"""The synthetic market of the reference figures: a linear congruential generator, so that no data file is needed.

``x <- (1664525 x + 1013904223) mod 2^32``, ``u = (x + 0.5) / 2^32``; a daily return is 0.01 times the sum of twelve
consecutive ``u`` less 6, and 0.0001 more for each column, drawn row by row.
"""

from __future__ import annotations

import numpy as np

from engine.core.arrays import FloatArray
from engine.data.market import Market


def synthetic_returns(seed: int, rows: int, columns: int) -> FloatArray:
    """Return (rows, columns) daily returns."""
    x, drawn = seed, np.empty(rows * columns * 12)
    for k in range(drawn.size):
        x = (1664525 * x + 1013904223) % 2**32
        drawn[k] = (x + 0.5) / 2**32
    sums = np.zeros((rows, columns))
    for k in range(12):  # in the order they were drawn, as sums in another order have other last bits
        sums += drawn.reshape(rows, columns, 12)[:, :, k]
    return np.asarray(0.01 * (sums - 6.0) + 0.0001 * np.arange(columns))


def build_synthetic_market() -> Market:
    """Return four assets on every Monday to Friday from 2014-12-31 to 2024-12-31, seed 7."""
    days = np.arange(np.datetime64("2014-12-31"), np.datetime64("2025-01-01"))
    dates = days[np.is_busday(days)]
    moves = synthetic_returns(7, len(dates), 4)
    moves[0] = 0.0
    return Market.build(dates, tuple("ABCD"), np.asarray(100.0 * np.cumprod(1.0 + moves, axis=0), dtype=np.float64))
