"""The taxes of one run: its book, and when money left for them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from engine.core.arrays import DateArray, FloatArray, read_only
from engine.data.market import Market
from engine.tax.book import Taxation, TaxBook
from engine.tax.budget import BudgetedTaxation
from engine.tax.record import TaxFlows


class TaxAccount:
    """What one run owes and has paid: ``paid``, ``withheld`` and ``outside`` (T,) as :class:`TaxFlows` has them.

    ``interest_from``: the first row whose interest on cash no year's end has booked, nor ``earned`` knows of;
    ``settled``: the last row whose taxes before trading were settled before this account was opened; ``taken``: by row,
    what was taken out of its dividends [currency]; ``budget`` of tax a year, if there is one; ``stayed``: rows of
    rebalances that it ended before their targets, and what part of the portfolio stayed away from them.
    """

    def __init__(self, taxation: Taxation, market: Market, opening: int) -> None:
        """Open the book of a portfolio at row ``opening``."""
        self.taxation = taxation
        self.book: TaxBook = taxation.open_book(market, opening)
        self.paid, self.withheld, self.outside = np.zeros((3, len(market.dates)))
        self.interest_from, self.earned, self.settled = opening + 1, 0.0, opening - 1
        self.taken: dict[int, float] = {}
        self.budget = taxation.budget if isinstance(taxation, BudgetedTaxation) else None
        self.stayed: list[tuple[int, float]] = []

    def take_trades(self, row: int, trades: FloatArray, prices: FloatArray, fees: FloatArray) -> float:
        """Book what was traded; return the tax that leaves with it, negative where some comes back [currency]."""
        if not np.count_nonzero(trades):
            return 0.0
        due = self.book.take_trades(row, trades.tolist(), prices.tolist(), fees.tolist())
        self.paid[row] += due
        return due

    def tax_of_trades(self, row: int, trades: FloatArray, prices: FloatArray, fees: FloatArray) -> float:
        """Return what ``take_trades`` would, and book nothing."""
        if not self.book.at_once or not np.count_nonzero(trades):
            return 0.0
        return self.book.tax_of_trades(row, trades.tolist(), prices.tolist(), fees.tolist())

    def taken_from_dividends(self, row: int) -> float:
        """Return the tax, here and abroad, on the dividends of ``row`` [currency]."""
        return self.taken.get(row, 0.0)

    def budget_notes(self, dates: DateArray) -> Iterator[str]:
        """Yield how far from its targets the budget kept the portfolio, if it ever did."""
        if self.budget is not None and self.stayed:
            shares = [100.0 * share for _, share in self.stayed]
            most = max(range(len(shares)), key=shares.__getitem__)
            yield (
                f"tax.budget: {self.budget.money:,.0f} a year ended {len(shares)} rebalances before their targets; "
                f"{sum(shares) / len(shares):.2f} % of the portfolio stayed away from them on average, "
                f"{shares[most]:.2f} % at most, on {dates[self.stayed[most][0]]}. Income counts towards what is used, "
                "and is not held back."
            )

    def interest_until(self, row: int, cash: FloatArray, growth: FloatArray) -> float:
        """Return the interest on ``cash`` (T,) from the last year's end up to ``row``, and begin anew [currency]."""
        earned = self.interest_so_far(row, cash, growth)
        self.interest_from, self.earned = row + 1, 0.0
        return earned

    def interest_so_far(self, row: int, cash: FloatArray, growth: FloatArray) -> float:
        """Return the interest on ``cash`` (T,) from the last year's end up to ``row``, and leave it to be booked."""
        earned = self.earned
        for t in range(self.interest_from, row + 1):
            if growth[t] != 1.0:
                earned += float(cash[t - 1]) * (float(growth[t]) - 1.0)
        return earned

    def flows(self, opening: int, end: int, prices: FloatArray, interest: float, value: float) -> TaxFlows:
        """Return what was paid in the sessions from ``opening`` to before ``end``, seen from the last of them.

        ``prices`` (N,) and ``value`` are those at its close; ``interest`` is what no year's end has booked.
        """
        record = self.book.close(end - 1, prices.tolist(), interest, value)
        paid, withheld, outside = (read_only(each[opening:end]) for each in (self.paid, self.withheld, self.outside))
        stopped = tuple(row - opening for row, _ in self.stayed)
        return TaxFlows(paid, withheld, outside, lambda: record, stopped)
