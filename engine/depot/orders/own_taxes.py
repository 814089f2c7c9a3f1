"""The taxes of an account of one's own before its orders: its lots, and what was realised this year."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import numpy as np

from engine.core.arrays import FloatArray
from engine.core.shortlist import shortlist
from engine.data.market import Market
from engine.depot.orders.own_lots import AccountHoldings, OwnLot
from engine.simulation.tax_calendar import TaxCalendar
from engine.simulation.tax_state import TaxState, state_of_book
from engine.tax.book import Taxation
from engine.tax.booking_log import TRADES, LoggedBooking, logged, units_of

_MOST_NAMED: Final = 5
_SAME: Final = 1e-9
"""Of the units held: how far those of lots may be from them."""
_ROUNDING: Final = 1e-12
"""Of all units ever traded: how far their sum may be from what is held by rounding."""
_UNDATED: Final = np.timedelta64(367, "D")
"""How long ago lots of no day are taken as bought: gains are long-term then, and no loss was a wash sale."""


def own_taxes(
    taxation: Taxation,
    market: Market,
    holder: AccountHoldings,
    calendar: TaxCalendar,
    saved: tuple[np.datetime64, TaxState] | None,
) -> tuple[TaxState, tuple[str, ...]]:
    """Return the taxes of one's own account before the last session of ``market``, and what was assumed of them.

    ``saved`` before an earlier session, or the same one, counts where its lots add up to what is held; else the lots of
    the file do, and nothing is known of the year. ``calendar`` is that of the plan's run.
    """
    notes: tuple[str, ...] = ()
    if saved is not None:
        day, state = saved
        kept, apart = _as_filled(state, day, holder.units)
        if kept is not None:
            return _carry_on(taxation, market, holder, calendar, kept, day), ()
        names = shortlist((market.assets[j] for j in apart), _MOST_NAMED)
        notes = (f"the lots of the state do not add up to what is held of {names}, and none of them is used",)
    built, assumed = _from_lots(taxation, market, holder)
    return built, (*notes, *assumed)


def _as_filled(state: TaxState, day: np.datetime64, units: FloatArray) -> tuple[TaxState | None, list[int]]:
    """Return a state whose last orders, those of ``day``, were filled as far as ``units`` (N,) say.

    For another it is None, with the columns of which something else is held than was bought and sold.
    """
    count = len(units)
    last = [at for at, one in enumerate(state.bookings) if one.kind in TRADES and state.dates[one.row] == day]
    begun = last[0] if last else len(state.bookings)
    before, after = (np.array(units_of(found, count)) for found in (state.bookings[:begun], state.bookings))
    grace = np.maximum(_SAME * np.maximum(np.maximum(before, after), units), _ROUNDING * _turnover(state, count))
    if (np.abs(after - units) <= grace).all():
        return state, []
    ordered, done = after - before, units - before
    moved = np.abs(ordered) > grace
    filled = np.divide(done, ordered, out=np.zeros(count), where=moved)
    explained = np.where(moved, (filled >= -_SAME) & (filled <= 1.0 + _SAME), np.abs(done) <= grace)
    if not explained.all():
        return None, np.flatnonzero(~explained).tolist()
    kept = [one if at not in last else _in_part(one, filled) for at, one in enumerate(state.bookings)]
    return replace(state, bookings=tuple(one for one in kept if one.kind not in TRADES or one.columns)), []


def _turnover(state: TaxState, count: int) -> FloatArray:
    """Return (N,) all that was ever bought and sold [units]."""
    traded = np.zeros(count)
    for one in state.bookings:
        if one.kind in TRADES:
            traded[list(one.columns)] += np.abs(one.vectors[0])
    return traded


def _in_part(one: LoggedBooking, filled: FloatArray) -> LoggedBooking:
    """Return trades of which (N,) parts were ``filled``."""
    kept = [at for at, j in enumerate(one.columns) if filled[j] > 0.0]
    units, prices, fees = one.vectors
    return one._replace(
        columns=tuple(one.columns[at] for at in kept),
        vectors=(
            tuple(units[at] * float(filled[one.columns[at]]) for at in kept),
            tuple(prices[at] for at in kept),
            tuple(fees[at] * float(filled[one.columns[at]]) for at in kept),
        ),
    )


def _carry_on(
    taxation: Taxation,
    market: Market,
    holder: AccountHoldings,
    calendar: TaxCalendar,
    state: TaxState,
    day: np.datetime64,
) -> TaxState:
    """Book what the sessions from ``day`` to before the last one ask for, with nothing traded in between."""
    row, begin = len(market.dates) - 1, int(np.searchsorted(market.dates, day))
    if begin >= row:
        return state
    book, earned = state.open_book(taxation, market), state.earned
    units = holder.units.tolist()
    for at in range(begin + 1 if state.settled else begin, row):
        if at in calendar.begins:
            book.begin_year(at)
        if at in calendar.due:
            book.assessed(at)
        if at in calendar.paid and market.dividends is not None:
            gross = np.where(holder.units == 0.0, 0.0, holder.units * market.dividends[at])
            if np.count_nonzero(gross):
                book.take_income(at, units, gross.tolist())
        earned += holder.cash * float(market.cash_rate[at]) if at > begin else 0.0
        if at in calendar.ends:
            book.take_interest(at, earned)
            book.wealth_tax(at, float(np.nansum(holder.units * market.prices[at])) + holder.cash)
            earned = 0.0
    return state_of_book(book, market, earned, settled=False)


def _from_lots(taxation: Taxation, market: Market, holder: AccountHoldings) -> tuple[TaxState, tuple[str, ...]]:
    """Return the taxes of who holds the lots of a file, bought at their days, and has realised nothing this year."""
    last = len(market.dates) - 2
    purchases, notes = _purchases(market, holder, last)
    opening = min((row for row, *_ in purchases), default=last)
    book = logged(taxation.open_book(market, opening), len(market.assets), opening)
    due = taxation.assessment_rows(market.dates, opening)
    calendar = TaxCalendar.build(market.dates, opening, due, ())
    rows = {row for row, *_ in purchases} | calendar.begins
    for row in sorted(row for row in rows if row <= last):
        if row in calendar.begins:
            book.begin_year(row)
        for _, j, units, cost in (one for one in purchases if one[0] == row):
            book.take_trades(row, *(_one_hot(len(market.assets), j, value) for value in (units, cost / units, 0.0)))
    book.forget_years(last)
    return state_of_book(book, market, 0.0, settled=False), (_NOTHING_REALISED, *notes)


_NOTHING_REALISED: Final = (
    "nothing was realised or paid out so far this year, no loss is carried but what tax: names, the allowance is unused"
)


def _purchases(
    market: Market, holder: AccountHoldings, last: int
) -> tuple[list[tuple[int, int, float, float]], tuple[str, ...]]:
    """Return row, column, units and cost [currency] of all lots, up to the row ``last``, and what was assumed."""
    shares = market.shares_at(-1)
    year_ago = int(np.searchsorted(market.dates, market.dates[-1] - _UNDATED))
    found, guessed = list[tuple[int, int, float, float]](), _Guessed(market.dates[year_ago], market.dates[0])
    for j, ticker in enumerate(market.assets):
        held, one_share = float(holder.units[j]), 1.0 / float(shares[j])
        if held <= 0.0:
            continue
        lots = holder.lots.get(j, ())
        if abs(sum(lot.quantity for lot in lots) * one_share - held) > _SAME * held:
            lots = (OwnLot(None, held / one_share, None),)
        for lot in lots:
            day = guessed.day_of(ticker, lot)
            cost = guessed.cost_of(ticker, lot, float(market.prices[-1, j]) * one_share)
            row = min(int(np.searchsorted(market.dates, day)), last)
            found.append((row, j, lot.quantity * one_share, lot.quantity * cost))
    return found, tuple(guessed.notes())


class _Guessed:
    """What a file does not say of lots, and what is taken instead."""

    def __init__(self, year_ago: np.datetime64, first: np.datetime64) -> None:
        self._year_ago, self._first = year_ago, first
        self._undated, self._without_cost, self._early = dict[str, None](), dict[str, None](), dict[str, None]()

    def day_of(self, ticker: str, lot: OwnLot) -> np.datetime64:
        """Return when a lot was bought."""
        if lot.day is None:
            self._undated[ticker] = None
            return self._year_ago
        if lot.day < self._first:
            self._early[ticker] = None
        return lot.day

    def cost_of(self, ticker: str, lot: OwnLot, price: float) -> float:
        """Return what a share of a lot has cost; ``price`` is today's."""
        if lot.cost is None:
            self._without_cost[ticker] = None
        return price if lot.cost is None else lot.cost

    def notes(self) -> Iterator[str]:
        """Yield what was taken, a sentence each."""
        if names := ", ".join(self._undated):
            yield f"{names}: no days of purchase, taken as bought on {self._year_ago}"
        if names := ", ".join(self._without_cost):
            yield f"{names}: no cost, taken as bought at the price of today, so that a sale owes no tax"
        if names := ", ".join(self._early):
            yield f"{names}: bought before the prices begin, taken as bought on {self._first}"


def _one_hot(count: int, column: int, value: float) -> list[float]:
    found = [0.0] * count
    found[column] = value
    return found
