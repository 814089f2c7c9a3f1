"""Orders that a session does not fill: those beyond their limit, and sales of what is never sold."""

from __future__ import annotations

from typing import Final

import numpy as np

from engine.core.arrays import BoolArray, ByteArray
from engine.data.market import Market
from engine.simulation.kernel.records import BUY_OFF_LIMIT, NO_SALE, SALE_OFF_LIMIT, MarketArrays

_ROUNDING: Final = 1e-12
"""By how much a close may miss its limit and still be at it [fraction]."""


def arrays_under_limits(market: Market, arrays: MarketArrays, margin: float | None, opening: int) -> MarketArrays:
    """Return ``arrays`` of the market with what limits of ``margin`` [fraction] leave unfilled; the opening has none.

    The same object without a margin.
    """
    if margin is None:
        return arrays
    unfilled = _beyond_limits(market, margin)
    unfilled[opening] = 0
    return arrays._replace(unfilled=unfilled)


def arrays_without_sales(arrays: MarketArrays, never_sold: BoolArray | None) -> MarketArrays:
    """Return ``arrays`` of the market with sales of ``never_sold`` (N,) unfilled; the same object for None."""
    if never_sold is None:
        return arrays
    return arrays._replace(unfilled=arrays.unfilled | (NO_SALE * never_sold).astype(np.uint8))


def _beyond_limits(market: Market, margin: float) -> ByteArray:
    """Return (T, N) bits of ``Quotes.unfilled``.

    A limit stands in the asset's own currency, ``margin`` from the last close before the session: above it for a
    purchase, below it for a sale.
    """
    closes = market.prices / market.rates if market.foreign.any() else market.prices
    unfilled = np.zeros(closes.shape, dtype=np.uint8)
    before, now = closes[:-1], closes[1:]
    unfilled[1:][now > before * (1.0 + margin) * (1.0 + _ROUNDING)] |= BUY_OFF_LIMIT
    unfilled[1:][now < before * (1.0 - margin) * (1.0 - _ROUNDING)] |= SALE_OFF_LIMIT
    return unfilled
