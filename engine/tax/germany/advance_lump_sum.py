"""Vorabpauschale: what a fund that kept its earnings is deemed to have paid for a calendar year (InvStG § 18)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from engine.core.arrays import FloatArray
from engine.data.market import Market
from engine.data.sessions import calendar_years
from engine.tax.germany.tables import ADVANCE_SHARE


def advance_lump_sum(first: float, last: float, paid: float, base_rate: float) -> float:
    """Return the advance lump sum of one unit that was held all year [EUR].

    ``first`` and ``last`` price of the year, ``paid`` out in it; 70 % of the base rate on the first price, at most what
    the unit gained with what it paid, less what it paid.

    >>> round(advance_lump_sum(10_000.0, 12_000.0, 100.0, 0.0255), 9)
    78.5
    """
    basis = min(ADVANCE_SHARE * max(base_rate, 0.0) * first, max(last - first + paid, 0.0))
    return max(basis - paid, 0.0)


def months_share(month: int) -> float:
    """Return the share of the advance lump sum that a lot bought in ``month`` of its year has (§ 18 (2)).

    >>> months_share(3)
    0.8333333333333334
    """
    return (13 - month) / 12.0


@dataclass(frozen=True)
class AdvanceTable:
    """What each fund is deemed to have paid a unit, year by year.

    Attributes
    ----------
    years : (T,) the calendar year of every row
    months : (T,) its month, 1 to 12
    first_year : the first year of ``per_unit``
    per_unit : by year and column, what a lot held all that year has [EUR]; 0 for what is no fund
    before : by year and column, the sum over the years before it, one year longer than ``per_unit``

    """

    years: tuple[int, ...]
    months: tuple[int, ...]
    first_year: int
    per_unit: tuple[tuple[float, ...], ...]
    before: tuple[tuple[float, ...], ...]

    @classmethod
    def build(
        cls, market: Market, funds: Sequence[bool], base_rate: Callable[[int], float], opening: int
    ) -> AdvanceTable:
        """Return the table of the years that end in ``market`` after its row ``opening``; which are ``funds`` (N,)."""
        years = tuple(calendar_years(market.dates).tolist())
        months = tuple((1 + market.dates.astype("datetime64[M]").astype(np.int64) % 12).tolist())
        first_year, columns, in_order = years[opening], [j for j, fund in enumerate(funds) if fund], np.array(years)
        per_unit = []
        for year in range(first_year, years[-1]):
            values = [0.0] * len(funds)
            rows = slice(*(int(np.searchsorted(in_order, year, side=side)) for side in ("left", "right")))
            rate = base_rate(year) if columns else 0.0
            for j in columns:
                values[j] = _of_year(market, rows, j, rate)
            per_unit.append(tuple(values))
        before = [(0.0,) * len(funds)]
        for values_of_year in per_unit:
            before.append(tuple(sum_before + one for sum_before, one in zip(before[-1], values_of_year, strict=True)))
        return cls(years, months, first_year, tuple(per_unit), tuple(before))

    def of(self, year: int, column: int) -> float:
        """Return the advance lump sum of ``year`` for a unit of ``column`` [EUR]."""
        return self.per_unit[year - self.first_year][column]

    def sum_before(self, year: int, column: int) -> float:
        """Return the sum of those before ``year`` since the first [EUR]."""
        return self.before[year - self.first_year][column]


def _of_year(market: Market, rows: slice, column: int, base_rate: float) -> float:
    """Return the advance lump sum of the year that is ``rows``: of its first and last prices, and all it paid.

    A close of the year before, carried to a session without one, is no price of the year.
    """
    prices: FloatArray = market.prices[rows, column]
    known = np.flatnonzero(market.age[rows, column] == 0)
    if not len(known):
        return 0.0
    paid = 0.0 if market.dividends is None else float(np.nansum(market.dividends[rows, column]))
    return advance_lump_sum(float(prices[known[0]]), float(prices[known[-1]]), paid, base_rate)
