"""What accounts are worth."""

from __future__ import annotations

import numpy as np

from engine.core.arrays import BoolArray, FloatArray
from engine.core.powers import make_power
from engine.simulation.kernel.jit import njit_cached, njit_inline, njit_nogil, njit_private
from engine.simulation.kernel.records import MarketArrays, Quotes


@njit_inline
def quotes_at(market: MarketArrays, row: int) -> Quotes:
    """Return what orders of a session are filled at and charged by."""
    shares, rates, unfilled = market.shares, market.tariff_rates, market.unfilled
    return Quotes(
        market.prices[row],
        shares[min(row, shares.shape[0] - 1)],
        rates[min(row, rates.size - 1)],
        unfilled[min(row, unfilled.shape[0] - 1)],
    )


@njit_cached
def account_value(units: FloatArray, price: FloatArray, cash: float) -> float:
    """Return what an account is worth; a price that is not known belongs to no holding [currency]."""
    total = 0.0
    for a in range(units.size):
        if units[a] != 0.0:
            total += units[a] * price[a]
    return total + cash


@njit_inline
def paid_dividends(units: FloatArray, dividends: FloatArray) -> float:
    """Return what ``dividends`` (N,) of a unit are for holdings [currency]."""
    total = 0.0
    for a in range(units.size):
        if units[a] != 0.0:
            total += units[a] * dividends[a]
    return total


@njit_cached
def portfolio_weights(units: FloatArray, price: FloatArray, value: float) -> FloatArray:
    """Return (N,) the weights of holdings in ``value``; zeros for an account worth nothing."""
    w = np.zeros(units.size)
    if value > 0.0:
        for a in range(units.size):
            if units[a] != 0.0:
                w[a] = units[a] * price[a] / value
    return w


@njit_cached
def normalise(able: BoolArray, amounts: FloatArray) -> FloatArray:
    """Return (N,) ``amounts`` of those that are ``able``, scaled to a sum of 1, or all zero.

    >>> normalise(np.array([True, False, True]), np.array([30.0, 50.0, 10.0])).tolist()
    [0.75, 0.0, 0.25]
    """
    shares = np.zeros(amounts.size)
    total = 0.0
    for a in range(amounts.size):
        if able[a]:
            shares[a] = amounts[a]
            total += amounts[a]
    if total > 0.0:
        shares /= total
    return shares


@njit_cached
def fill_holdings(units: FloatArray, price: FloatArray, h: FloatArray) -> float:
    """Overwrite ``h`` with the money in each asset and return their sum."""
    total = 0.0
    for a in range(units.size):
        h[a] = units[a] * price[a] if units[a] != 0.0 else 0.0
        total += h[a]
    return total


_power = make_power(njit_private)


@njit_nogil
def elementwise_power(bases: FloatArray, exponents: FloatArray) -> FloatArray:
    """Return ``bases ** exponents`` (S,) to the bits of ``engine.core.powers.power``, without its memory."""
    result = np.empty(bases.size)
    for at in range(bases.size):
        result[at] = _power(bases[at], exponents[at])
    return result


@njit_nogil
def present_value(growth: float, years: FloatArray, flows: FloatArray) -> float:
    """Return what ``flows`` (K,) after ``years`` (K,) are worth now, where a year multiplies by ``growth``."""
    total = 0.0
    for k in range(years.size):
        total += flows[k] * _power(growth, -years[k])
    return total
