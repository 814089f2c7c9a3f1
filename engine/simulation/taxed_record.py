"""The record of a run that was made in one call: its book is asked again what it was asked on the way."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.core.arrays import FloatArray, IntArray
from engine.simulation.kernel.batch.tax_records import BEGINS, DUE, ENDS, REBALANCED, REINVESTED, SOLD_FOR_TAX
from engine.simulation.run_setup import RunSetup
from engine.simulation.tax_account import TaxAccount
from engine.tax.book import TaxBook
from engine.tax.record import TaxRecord


class _Events:
    """What was traded, in order."""

    def __init__(self, rows: IntArray, kinds: IntArray, trades: FloatArray, fees: FloatArray) -> None:
        self.rows, self.kinds, self.trades, self.fees = rows.tolist(), kinds.tolist(), trades, fees
        self.at = 0

    def book(self, book: TaxBook, row: int, kind: int, prices: Sequence[float], units: FloatArray) -> None:
        """Book the next event where it is of that ``kind`` at ``row``; ``units`` (N,) go along."""
        if self.at < len(self.rows) and (self.rows[self.at], self.kinds[self.at]) == (row, kind):
            book.take_trades(row, self.trades[self.at].tolist(), prices, self.fees[self.at].tolist())
            units += self.trades[self.at]
            self.at += 1


def write_record(  # noqa: PLR0913, PLR0917  (all that a run wrote down)
    setup: RunSetup,
    rows: IntArray,
    kinds: IntArray,
    trades: FloatArray,
    fees: FloatArray,
    cash: FloatArray,
    value: FloatArray,
) -> TaxRecord:
    """Return what the taxes of a run were paid for.

    ``rows`` (R,) of its events are the market's, ``kinds`` (R,) those of ``TaxedRunLog``, ``trades`` and ``fees``
    (R, N); ``cash`` and ``value`` (T,) at each close since the opening.
    """
    if setup.taxation is None:
        raise RuntimeError("a run without taxes has no record of them")
    market, calendar, account = setup.market, setup.taxes, TaxAccount(setup.taxation, setup.market, setup.opening)
    book, events, units = account.book, _Events(rows, kinds, trades, fees), np.zeros(len(market.assets))
    padded = np.concatenate([np.zeros(setup.opening), cash])
    for row in sorted({*calendar.rows, *rows.tolist()}):
        prices, before = market.prices[row].tolist(), units.copy()
        if row in calendar.begins:
            book.begin_year(row)
            events.book(book, row, SOLD_FOR_TAX + BEGINS, prices, units)
        if row in calendar.due:
            book.assessed(row)
            events.book(book, row, SOLD_FOR_TAX + DUE, prices, units)
        if row in calendar.paid and market.dividends is not None:
            gross = np.where(before == 0.0, 0.0, before * market.dividends[row]).tolist()
            if any(gross):
                book.take_income(row, before.tolist(), gross)
            events.book(book, row, REINVESTED, prices, units)
        if row in calendar.ends:
            book.take_interest(row, account.interest_until(row, padded, setup.arrays.growth))
            events.book(book, row, SOLD_FOR_TAX + ENDS, prices, units)
        events.book(book, row, REBALANCED, prices, units)
    last = len(market.dates) - 1
    interest = account.interest_until(last, padded, setup.arrays.growth)
    return book.close(last, market.prices[last].tolist(), interest, float(value[-1]))
