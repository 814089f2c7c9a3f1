"""One's own account, booking by booking, in exact fractions: what was traded, paid and moved at each session."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import numpy as np

from engine.core.arrays import FloatArray, read_only
from engine.core.errors import DataError
from engine.depot.comparison.asset_prices import AssetPrices, count_splits
from engine.depot.comparison.exact import DUST, HELD_AT_START, ZERO, Bookings, ExactCash, ExactTrade
from engine.depot.comparison.own_bookings import OwnBooking, row_of

_NEAR_SPLIT: Final = 10
"""Sessions that a broker may book a split before or after the source has it."""
_SAME_RATIO: Final = 0.02


@dataclass(frozen=True)
class OwnAccount:
    """What an account holds at ``start``, a row of the market, and all that changed it from there on.

    ``opening_units`` and ``opening_cash`` are there before the session trades, with what is paid in at it: together
    they are worth ``opening_value`` at its closes [currency]. Of that ``shared_cash`` is what the plan has beside what
    it holds as well. ``flows`` by later row. ``bookings`` have what is held at the start where the plan does not hold
    it. ``value`` (T,) at each close from there, and ``before`` (T,) that at a session with a flow before the flow and
    any trade [currency]; ``units`` held at the end.
    """

    start: int
    opening_units: Mapping[str, Fraction]
    opening_cash: Fraction
    opening_value: Fraction
    shared_cash: Fraction
    flows: Mapping[int, Fraction]
    bookings: Bookings
    value: FloatArray
    before: FloatArray
    units: Mapping[str, Fraction]


class Replay:
    """Everything that a file books, session by session; rows are the market's."""

    def __init__(self, prices: AssetPrices, path: str) -> None:
        """Start with nothing; ``path`` names the file in what is said of it."""
        self.prices, self.path = prices, path
        self.trades: list[ExactTrade] = []
        self.cash: list[ExactCash] = []
        self.flows: dict[int, Fraction] = defaultdict(lambda: ZERO)
        self.held: dict[str, Fraction] = defaultdict(lambda: ZERO)
        self.faults: list[str] = []
        self.splits_known = 0

    def run(self, bookings: Sequence[OwnBooking], held: Mapping[str, Fraction]) -> None:
        """Replay ``bookings``, the oldest first, from ``held`` units on; raises DataError with all that cannot be."""
        self.held.update(held)
        end = self.prices.rows
        for one in sorted(bookings, key=_order):
            if row_of(self.prices.market.traded, one.date) < end:
                self._book(one, row_of(self.prices.market.traded, one.date))
        if self.faults:
            raise DataError(*self.faults)

    def _book(self, one: OwnBooking, row: int) -> None:
        if one.kind == "split":
            self._split(one, row)
        elif one.quantity:
            self._trade(one, row)
        elif one.kind in {"deposit", "withdrawal"}:
            self.flows[row] += one.money + one.fee + one.tax
            self._charge(one, row)
        elif one.kind == "fee":
            self.cash.append(ExactCash(row, "fee", "", one.money))
        elif one.kind == "tax":
            self.cash.append(ExactCash(row, "tax", "", one.money))
        elif one.money or one.fee or one.tax:
            kind = "interest" if one.kind == "interest" else "dividend"
            ticker = one.ticker if kind == "dividend" else ""
            self.cash.append(ExactCash(row, "interest" if kind == "interest" else "dividend", ticker, _gross(one)))
            self._charge(one, row)

    def _charge(self, one: OwnBooking, row: int) -> None:
        if one.fee:
            self.cash.append(ExactCash(row, "fee", one.ticker, -one.fee))
        if one.tax:
            self.cash.append(ExactCash(row, "tax", one.ticker, -one.tax))

    def _trade(self, one: OwnBooking, row: int) -> None:
        ticker, shares = one.ticker, self.prices.shares_on(one.ticker, one.date)
        units = one.quantity / shares
        there = self.held[ticker] * shares
        if units < 0 and there + one.quantity < -DUST:
            message = (
                f"found {_plain(-one.quantity)} shares of {ticker} going on {one.date}, {_plain(there)} were there"
            )
            remedy = "export all transactions, or give --holdings-at-start FILE"
            self.faults.append(f"{self.path}:{one.line}: {message}; {remedy}")
            return
        self.held[ticker] += units
        if not units:
            return
        if one.kind in {"transfer_in", "transfer_out"}:
            price = self.prices.close(ticker, max(row, 0))
            self.flows[row] += units * price
            words = "moved in" if units > 0 else "moved out"
            self.trades.append(ExactTrade(row, ticker, units, price, words=words))
            if one.money:
                self.cash.append(ExactCash(row, "fee", "", one.money))
            return
        price = -_gross(one) / units
        self.trades.append(ExactTrade(row, ticker, units, price, one.fee, one.tax))

    def _split(self, one: OwnBooking, row: int) -> None:
        ticker = one.ticker
        if ticker not in self.prices.columns and (one.ratio is None or (one.ratio > 0 and not one.money)):
            return  # in the shares that a unit is, already
        if one.ratio is None:
            self._split_of_source(one, row)
            return
        units = self.held[ticker] * (one.ratio - 1)
        words = f"corrected (1 share became {_plain(one.ratio)})"
        if units:
            self.held[ticker] += units
            self.trades.append(ExactTrade(row, ticker, units, -one.money / units, words=words))
        elif one.money:
            self.cash.append(ExactCash(row, "dividend", ticker, one.money))

    def _split_of_source(self, one: OwnBooking, row: int) -> None:
        """Leave out a split that the source has, too: it is in the units already."""
        shares = self.prices.market.traded.shares
        units, column = self.held[one.ticker], self.prices.columns[one.ticker]
        for at in range(max(row - _NEAR_SPLIT, 1), min(row + _NEAR_SPLIT + 1, self.prices.rows)):
            if shares is None or shares[at, column] == shares[at - 1, column] or not units:
                continue
            before = float(units) * float(shares[at - 1, column])
            booked, known = 1.0 + float(one.quantity) / before, float(shares[at, column] / shares[at - 1, column])
            if abs(booked / known - 1.0) <= _SAME_RATIO:
                self.splits_known += 1
                return
        message = f"found a split of {one.ticker} on {one.date} that the prices do not have"
        remedy = "correct the prices, or remove the row and say what happened by --corrections FILE (date, code, ratio)"
        self.faults.append(f"{self.path}:{one.line}: {message}; {remedy}")


def learn_own_quotes(bookings: Sequence[OwnBooking], prices: AssetPrices) -> tuple[str, ...]:
    """Let what one's own file says of assets that the source does not have be their splits and prices; return these."""
    ordered = sorted(bookings, key=_order)
    unknown = sorted({one.ticker for one in ordered if one.ticker and one.quantity} - prices.columns.keys())
    for ticker in unknown:
        prices.quotes_of(ticker).splits = count_splits(ticker, ordered, prices)
        seen, last = list[tuple[int, Fraction]](), None
        for one in ordered:
            row = row_of(prices.market.traded, one.date)
            if one.ticker == ticker and one.quantity and one.kind != "split" and row < prices.rows:
                shares = prices.shares_on(ticker, one.date)
                moved = one.kind in {"transfer_in", "transfer_out"}
                price = one.price if moved and one.price is not None else -_gross(one) / one.quantity
                seen.append((max(row, 0), price * shares))
                last = one.date
        if last is not None:
            prices.learn_prices(ticker, seen, last)
    return tuple(unknown)


def imply_deposits(replay: Replay) -> int:
    """Let what a file of trades alone lacks be paid in when it is needed; return how often."""
    change: dict[int, Fraction] = defaultdict(lambda: ZERO)
    for trade in replay.trades:
        change[trade.row] -= trade.cost
    for one in replay.cash:
        change[one.row] += one.money
    cash, count = ZERO, 0
    for row, money in sorted(change.items()):
        cash += money
        if cash < 0:
            replay.flows[row] -= cash
            cash, count = ZERO, count + 1
    return count


def first_funded_row(replay: Replay) -> int | None:
    """Return the first row at which more was paid in than out, None where there is none."""
    total = ZERO
    for row, money in sorted(replay.flows.items()):
        total += money
        if total > 0:
            return row
    return None


def settle_account(
    replay: Replay, start: int, held: Mapping[str, Fraction], cash: Fraction, shared: Collection[str] = ()
) -> OwnAccount:
    """Return the account from row ``start`` on; what was booked before it is held there.

    ``held`` and ``cash`` were there before all bookings; of the tickers ``shared`` the plan holds the same then.
    """
    prices = replay.prices
    units: dict[str, Fraction] = defaultdict(lambda: ZERO)
    units.update(held)
    for trade in replay.trades:
        if trade.row < start:
            units[trade.ticker] += trade.quantity
            cash -= trade.cost
    cash += sum((one.money for one in replay.cash if one.row < start), ZERO)
    cash += sum((money for row, money in replay.flows.items() if row <= start), ZERO)
    opening = {ticker: one for ticker, one in units.items() if one}
    later = [one for one in replay.trades if one.row >= start]
    booked = tuple(one for one in replay.cash if one.row >= start)
    value = cash + sum((one * prices.close(ticker, start) for ticker, one in opening.items()), ZERO)
    taken_over = [
        ExactTrade(start, ticker, one, prices.close(ticker, start), words=HELD_AT_START)
        for ticker, one in sorted(opening.items())
        if ticker not in shared
    ]
    shared_cash = cash + sum((one.quantity * one.price for one in taken_over), ZERO)
    flows = {row: money for row, money in sorted(replay.flows.items()) if row > start and money}
    bookings = Bookings((*taken_over, *later), booked)
    path, before = _mark(prices, start, opening, cash, Bookings(tuple(later), booked), flows)
    at_end = {ticker: one for ticker, one in replay.held.items() if one}
    return OwnAccount(start, opening, cash, value, shared_cash, flows, bookings, path, before, at_end)


def _mark(
    prices: AssetPrices,
    start: int,
    opening: Mapping[str, Fraction],
    cash: Fraction,
    bookings: Bookings,
    flows: Mapping[int, Fraction],
) -> tuple[FloatArray, FloatArray]:
    """Return (T,) values at the closes from ``start`` on, and before flows and trades at sessions with a flow."""
    sessions = prices.rows - start
    changes: dict[str, dict[int, Fraction]] = defaultdict(lambda: defaultdict(lambda: ZERO))
    for ticker, units in opening.items():
        changes[ticker][start] += units
    money, income = [ZERO] * sessions, [ZERO] * sessions
    money[0] = cash
    for trade in bookings.trades:
        changes[trade.ticker][trade.row] += trade.quantity
        money[trade.row - start] -= trade.cost
    for one in bookings.cash:
        income[one.row - start] += one.money
    for row, flow in flows.items():
        money[row - start] += flow
    total, purse = ZERO, np.zeros((2, sessions))
    for t in range(sessions):
        purse[0, t] = float(total + income[t])  # as it is before flows and trades
        total += money[t] + income[t]
        purse[1, t] = float(total)
    value, before = purse[1].copy(), purse[0].copy()
    for ticker, by_row in sorted(changes.items()):
        path, held, at = prices.path(ticker)[start:], ZERO, np.zeros(sessions + 1)
        for row, units in sorted(by_row.items()):
            held += units
            at[row - start + 1 :] = float(held)
        value += np.where(at[1:] == 0.0, 0.0, at[1:] * path)
        before += np.where(at[:-1] == 0.0, 0.0, at[:-1] * path)
    has_flow = np.zeros(sessions, dtype=np.bool_)
    has_flow[[row - start for row in flows]] = True
    return read_only(value), read_only(np.where(has_flow, before, 0.0))


def _order(one: OwnBooking) -> tuple[object, int, int]:
    """Return what bookings are in order by: of one day splits first, and purchases before sales."""
    return one.date, 0 if one.kind == "split" else 1 if one.quantity >= 0 else 2, one.line


def _gross(one: OwnBooking) -> Fraction:
    """Return the money of a booking before fee and tax."""
    return one.money + one.fee + one.tax


def _plain(number: Fraction) -> str:
    return f"{float(number):,.6f}".rstrip("0").rstrip(".")
