"""How the assets of a portfolio move together: correlations of returns, pair by pair, of sessions and of months."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from engine.core.arrays import BoolArray, DateArray, FloatArray, IntArray
from engine.data.market import Market
from engine.data.sessions import period_numbers
from engine.simulation.ledger import Ledger

MATRIX_ASSETS: Final = 12
"""Assets up to which every pair is kept; of more only the pairs that are correlated most and least."""
_MOST_ASSETS: Final = 40
"""Assets, the heaviest, among which pairs are looked for."""
_EXTREMES: Final = 10
"""Pairs kept of more assets at either end."""
LEAST_SESSIONS: Final = 60
"""Returns that both assets need for a correlation of sessions."""
LEAST_MONTHS: Final = 12
"""Months that both need for a correlation of months."""
_ROUNDING: Final = 1e-12
"""Returns that differ by less, of the largest, are constant."""


@dataclass(frozen=True)
class PairCorrelation:
    """The correlation of two assets' returns from session to session, and of their ``monthly`` ones.

    ``count`` and ``months`` are how many returns both have; None where they are too few, or one of them is constant.
    """

    first: str
    second: str
    correlation: float | None
    count: int
    monthly: float | None
    months: int


def pair_correlations(ledger: Ledger, market: Market, assets: Sequence[str]) -> tuple[PairCorrelation, ...]:
    """Return the correlations of ``assets``, in their order, over the sessions of a run.

    The returns of two assets, dividends in them, are those between closes that both printed. Of more than
    ``MATRIX_ASSETS`` only the ten pairs with the highest and the ten with the lowest correlation of sessions are kept,
    from above.
    """
    rows, few = ledger.session_rows(market), list(assets[:_MOST_ASSETS])
    columns = [market.columns[ticker] for ticker in few]
    prices, printed = market.total_return_prices[rows][:, columns], market.fresh[rows][:, columns]
    ends = _month_ends(ledger.dates, monthly=market.periods_per_year > 12.0)
    found = []
    for i, j in itertools.combinations(range(len(few)), 2):
        both: BoolArray = printed[:, i] & printed[:, j]
        own = prices[both][:, [i, j]]
        daily, count = _correlation(own, LEAST_SESSIONS)
        monthly, months = (None, 0) if ends is None else _correlation(own[_last_of(ends[both])], LEAST_MONTHS)
        found.append(PairCorrelation(few[i], few[j], daily, count, monthly, months))
    if len(assets) <= MATRIX_ASSETS:
        return tuple(found)
    ranked = sorted((one for one in found if one.correlation is not None), key=lambda one: -(one.correlation or 0.0))
    return tuple(ranked if len(ranked) <= 2 * _EXTREMES else [*ranked[:_EXTREMES], *ranked[-_EXTREMES:]])


def _month_ends(dates: DateArray, *, monthly: bool) -> IntArray | None:
    """Return (T,) the number of each session's month, None where sessions are no closer than months."""
    return period_numbers(dates, "month") if monthly else None


def _last_of(numbers: IntArray) -> IntArray:
    """Return the last row of each month of ``numbers`` (K,)."""
    rows: IntArray = np.flatnonzero(np.append(numbers[1:] != numbers[:-1], [True])[: len(numbers)])
    return rows


def _correlation(prices: FloatArray, least: int) -> tuple[float | None, int]:
    """Return the correlation of the returns of two columns of ``prices`` (K, 2), and how many there are."""
    count = max(len(prices) - 1, 0)
    if count < least:
        return None, count
    returns = prices[1:] / prices[:-1] - 1.0
    centred = returns - returns.mean(axis=0)
    (x, y), largest = centred.T, np.abs(returns).max(axis=0)
    squares = (centred * centred).sum(axis=0)
    negligible = _ROUNDING * largest
    if (squares <= negligible * negligible * count).any():
        return None, count
    product = float((x * y).sum())
    return product / float(np.sqrt(squares[0]) * np.sqrt(squares[1])), count
