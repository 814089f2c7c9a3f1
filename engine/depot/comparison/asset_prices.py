"""What a share is worth at each session: by the plan's source, or where it knows nothing by one's own file."""

from __future__ import annotations

import bisect
import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from engine.core.arrays import FloatArray
from engine.depot.comparison.exact import DUST, ZERO
from engine.depot.comparison.own_bookings import OwnBooking, PrintedPrice, row_of
from engine.depot.comparison.priced_market import PricedMarket


@dataclass
class OwnQuotes:
    """What is known of an asset that the source does not have: splits and prices, by session, in order of time.

    ``last_day`` is that of the last price, which may be before the first session.
    """

    splits: list[tuple[int, Fraction]] = field(default_factory=list)
    prices: list[tuple[int, Fraction]] = field(default_factory=list)
    last_day: dt.date | None = None

    def shares(self, row: int) -> Fraction:
        """Return the shares of a session that one of the last session is."""
        later = ZERO + 1
        for at, ratio in self.splits:
            if at > row:
                later *= ratio
        return 1 / later

    def close(self, row: int) -> Fraction | None:
        """Return the last price known at a session, else the first one after it, else None."""
        if not self.prices:
            return None
        return self.prices[max(bisect.bisect_right([at for at, _ in self.prices], row) - 1, 0)][1]


class AssetPrices:
    """Closes and shares of every asset that the plan or one's own account holds, in exact fractions."""

    def __init__(self, market: PricedMarket, tickers: Iterable[str]) -> None:
        """Take closes from the source for all that it has."""
        self.market = market
        known = market.traded.columns
        self.columns: dict[str, int] = {
            ticker: known[ticker]
            for ticker in dict.fromkeys([*tickers])
            if ticker in known and ticker not in market.missing
        }
        self.own: dict[str, OwnQuotes] = {}
        self._closes: dict[tuple[str, int], Fraction] = {}
        self._last: dict[str, Fraction] = {}

    @property
    def rows(self) -> int:
        """Sessions of the market."""
        return len(self.market.traded.dates)

    def quotes_of(self, ticker: str) -> OwnQuotes:
        """Return what one's own file knows of an asset that the source does not have."""
        return self.own.setdefault(ticker, OwnQuotes())

    def shares(self, ticker: str, row: int) -> Fraction:
        """Return the shares of a session that one unit of the asset is."""
        if ticker in self.columns:
            return self.market.shares(self.columns[ticker], row)
        return self.quotes_of(ticker).shares(row)

    def shares_on(self, ticker: str, day: dt.date) -> Fraction:
        """Return the shares of a day that one unit is: those of the last session up to it."""
        at = int(np.searchsorted(self.market.traded.dates, np.datetime64(day), side="right")) - 1
        return self.shares(ticker, min(max(at, 0), self.rows - 1))

    def close(self, ticker: str, row: int) -> Fraction:
        """Return a unit's close at a session, 0 where nobody knows any."""
        key = ticker, row
        if key not in self._closes:
            if ticker in self.columns:
                column = self.columns[ticker]
                known = bool(np.isfinite(self.market.traded.prices[row, column]))
                self._closes[key] = self.market.close(column, row) if known else ZERO
            else:
                self._closes[key] = self.quotes_of(ticker).close(row) or ZERO
        return self._closes[key]

    def last(self, ticker: str) -> Fraction:
        """Return a unit's price at the end."""
        return self._last.get(ticker, self.close(ticker, self.rows - 1))

    def path(self, ticker: str) -> FloatArray:
        """Return (T,) closes of a unit as floats."""
        if ticker in self.columns:
            path = np.array(self.market.traded.prices[:, self.columns[ticker]])
        else:
            path = np.array([float(self.close(ticker, row)) for row in range(self.rows)])
        path[-1] = float(self.last(ticker))
        return path

    def learn_prices(self, ticker: str, at: Iterable[tuple[int, Fraction]], last_day: dt.date) -> None:
        """Take prices of units at sessions from one's own trades, the last one of which is of a day."""
        own = self.quotes_of(ticker)
        own.last_day = max(own.last_day or last_day, last_day)
        own.prices = sorted([*own.prices, *((row, price) for row, price in at if price > 0)], key=lambda one: one[0])
        self._closes.clear()

    def set_end_prices(self, given: Sequence[PrintedPrice], held: Mapping[str, Fraction], max_age: int) -> list[str]:
        """Take prices at the end from a file where the source has none that is new enough; return which are missing.

        ``held`` are the units at the end. What the source has a close of later only pauses, and is no matter of a file.
        """
        traded, end = self.market.traded, self.rows - 1
        day, by_ticker = traded.dates[end], {one.ticker: one for one in given}
        faults = []
        for ticker in sorted(one for one, units in held.items() if abs(units) > DUST):
            age, last = self._age_at_end(ticker)
            pauses = ticker in self.columns and bool(traded.listed[end, self.columns[ticker]])
            one = by_ticker.get(ticker)
            if one is not None and not pauses and (ticker not in self.columns or not 0 <= age <= max_age):
                age = 0 if one.date is None else max(int(np.busday_count(np.datetime64(one.date), day)), 0)
                last, self._last[ticker] = str(one.date or day), one.price * self.shares(ticker, end)
            if not 0 <= age <= max_age:
                found = f"found its last price on {last}, expected one at most {max_age} sessions before {day}"
                remedy = (
                    "choose a day as --end on which it has a close"
                    if pauses
                    else "give it by --prices FILE (ticker or isin, price), or name a ticker of the source for it in "
                    "identifiers"
                )
                faults.append(f"{ticker}: held at the end, and {found} (orders.max_age); {remedy}")
        return faults

    def _age_at_end(self, ticker: str) -> tuple[int, str]:
        """Return the sessions or weekdays that the last price is old at the end, -1 for none, and its day."""
        traded, end = self.market.traded, self.rows - 1
        if ticker in self.columns:
            age = int(traded.age[end, self.columns[ticker]])
            return age, str(traded.dates[end - age]) if age >= 0 else "none"
        known = self.quotes_of(ticker).last_day
        age = -1 if known is None else int(np.busday_count(np.datetime64(known), traded.dates[end]))
        return age, str(known or "none")


def count_splits(ticker: str, bookings: Iterable[OwnBooking], prices: AssetPrices) -> list[tuple[int, Fraction]]:
    """Return the splits that a file books of an asset which the source does not have: session, and what one became."""
    held, found = ZERO, list[tuple[int, Fraction]]()
    for one in bookings:
        if one.ticker != ticker:
            continue
        if one.kind == "split":
            is_split = one.ratio is None or (one.ratio > 0 and not one.money)
            ratio = one.ratio if one.ratio is not None else (held + one.quantity) / held if held > 0 else ZERO
            if is_split and ratio > 0:
                found.append((row_of(prices.market.traded, one.date), ratio))
                held *= ratio
        else:
            held += one.quantity
    return found
