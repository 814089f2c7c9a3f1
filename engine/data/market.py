"""Market: prices as the engine sees them; History: the same, cut off before a session."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from engine.core.arrays import BoolArray, DateArray, FloatArray, IntArray, read_only
from engine.core.conventions import CASH_DAYS_PER_YEAR, PERIODS_PER_YEAR, SESSIONS_PER_YEAR, Frequency
from engine.core.errors import DataError
from engine.core.powers import powers


@dataclass(frozen=True)
class Provenance:
    """Where prices came from, for the report and the manifest.

    ``source`` names the kind and place; ``closes`` is ``adjusted`` (total return), ``with_events`` (dividends are known
    beside closes as traded) or ``raw`` (price only);
    ``sha256`` covers dates, tickers and prices as used; ``notes`` are facts a reader should know; ``contained`` names
    the tickers whose closes contain their dividends while those of others are beside them.
    """

    source: str
    closes: str
    sha256: str = ""
    notes: tuple[str, ...] = ()
    contained: tuple[str, ...] = ()


_IN_MEMORY = Provenance("memory", "adjusted")


@dataclass(frozen=True, eq=False)
class Market:
    """Closing prices of N assets over T sessions, columns in sorted ticker order.

    Built by :meth:`build`; arrays are read-only; equal and hashed as the object it is.

    Attributes
    ----------
    dates : (T,) datetime64[D], strictly increasing
    assets : N tickers, sorted
    prices : (T, N) last close known at each session [currency/share]; NaN before the first
    listed : (T, N) True from the first to the last close of an asset
    age : (T, N) sessions since the close in ``prices`` was printed; 0 is fresh, -1 before the first
    cash_rate : (T,) what cash earns from the session before to this one [fraction]
    currency : of every price
    provenance : where the prices came from
    frequency : how often there is a session (S1)
    dividends : (T, N) paid for each unit held at the close before [currency/share]; None where none is paid: they are
        in the prices, or nobody knows them
    shares : (T, N) shares of the day that one unit is, 1 on the last day of splits and reinvested dividends; None where
        a unit is a share of every day
    currencies : N, what each asset is quoted in; empty when all are in ``currency``
    fx : (T,) by currency other than the account's: its money for one unit of that [currency/unit], NaN for no rate
    invests_dividends : whether dividends paid are invested at once, or wait for the next rebalance
    close_rates : (T, N) the rate in each close that may be older than its session; None where ``fx`` has it
    tariff_rates : (T,) account's currency for one unit of the currency that costs are in; None where it is the same

    """

    dates: DateArray
    assets: tuple[str, ...]
    prices: FloatArray
    listed: BoolArray
    age: IntArray
    cash_rate: FloatArray
    currency: str = "USD"
    provenance: Provenance = _IN_MEMORY
    frequency: Frequency = "daily"
    dividends: FloatArray | None = None
    shares: FloatArray | None = None
    currencies: tuple[str, ...] = ()
    fx: Mapping[str, FloatArray] = field(default_factory=dict)
    close_rates: FloatArray | None = None
    tariff_rates: FloatArray | None = None
    invests_dividends: bool = False

    @classmethod
    def build(
        cls,
        dates: DateArray,
        assets: tuple[str, ...],
        closes: FloatArray,
        *,
        annual_cash_rate: float | FloatArray = 0.0,
        currency: str = "USD",
        provenance: Provenance = _IN_MEMORY,
    ) -> Market:
        """Sort the columns, carry closes forward within lives, and derive life, age and interest.

        Parameters
        ----------
        dates : (T,) session dates
        assets : N tickers in the order of the columns
        closes : (T, N) closes [currency/share]; NaN where there was no print
        annual_cash_rate : annual effective rate [fraction], one or (T,) from the session before to each

        Raises
        ------
        DataError
            When dates do not increase, a close is not a positive finite number, or a ticker occurs twice.

        Examples
        --------
        >>> days = np.array(["2024-01-02", "2024-01-03"], "datetime64[D]")
        >>> Market.build(days, ("SPY", "AGG"), np.array([[472.0, 98.5], [np.nan, 98.4]])).prices.tolist()
        [[98.5, 472.0], [98.4, 472.0]]

        """
        dates = np.asarray(dates, dtype="datetime64[D]")
        closes = np.asarray(closes, dtype=np.float64)
        _validate_closes(dates, assets, closes)
        order = sorted(range(len(assets)), key=lambda j: assets[j])
        closes = closes[:, order]
        printed = np.isfinite(closes)
        last_print = np.maximum.accumulate(np.where(printed, np.arange(len(dates))[:, None], -1), axis=0)
        seen = last_print >= 0
        prices = np.where(seen, np.take_along_axis(closes, np.maximum(last_print, 0), axis=0), np.nan)
        rows = np.arange(len(dates))[:, None]
        days = np.diff(dates, prepend=dates[:1]).astype(np.float64)
        return cls(
            dates=read_only(dates),
            assets=tuple(assets[j] for j in order),
            prices=read_only(prices),
            listed=read_only(seen & (rows <= last_print[-1])),
            age=read_only(np.where(seen, rows - last_print, -1).astype(np.int64)),
            cash_rate=read_only(powers(1.0 + annual_cash_rate, days / CASH_DAYS_PER_YEAR) - 1.0),
            currency=currency,
            provenance=provenance,
        )

    @property
    def periods_per_year(self) -> float:
        """A: sessions a year, by which figures are annualised (S1)."""
        return PERIODS_PER_YEAR[self.frequency]

    @cached_property
    def foreign(self) -> BoolArray:
        """(N,) which assets are quoted in another currency than the account's."""
        currencies = self.currencies or (self.currency,) * len(self.assets)
        return read_only(np.array([one != self.currency for one in currencies], dtype=np.bool_))

    @cached_property
    def rates(self) -> FloatArray:
        """(T, N) the rate in each price: money of the account for one unit of the asset's own [currency/unit]."""
        rates, rows = np.ones(self.prices.shape), np.arange(len(self.dates))[:, None] - np.maximum(self.age, 0)
        for j in np.flatnonzero(self.foreign).tolist():
            known = self.fx[self.currencies[j]] if self.close_rates is None else self.close_rates[:, j]
            rates[:, j] = known[rows[:, j]]
        return read_only(rates)

    @cached_property
    def fresh(self) -> BoolArray:
        """(T, N) which assets printed a close."""
        return read_only(self.age == 0)

    @cached_property
    def eligible(self) -> BoolArray:
        """(T, N) which assets may be bought: in their life at this session and the one before (S7)."""
        eligible = self.listed.copy()
        eligible[1:] &= self.listed[:-1]
        return read_only(eligible)

    @cached_property
    def life_rows(self) -> tuple[IntArray, IntArray]:
        """(N,) the first and (N,) the last row of each asset's life; T and -1 of one that has none here."""
        sessions, alive = len(self.dates), self.listed.any(axis=0)
        first = np.where(alive, self.listed.argmax(axis=0), sessions)
        last = np.where(alive, sessions - 1 - self.listed[::-1].argmax(axis=0), -1)
        return read_only(first), read_only(last)

    def delistings_from(self, row: int, columns: Sequence[int]) -> tuple[IntArray, IntArray]:
        """Return the rows after the last closes from ``row`` on, where the market goes on, and whose they are (S8).

        The second counts among ``columns``; both are in order of time, at one row in the order of ``columns``.
        """
        last = self.life_rows[1][columns]
        gone = np.flatnonzero((last >= row) & (last < len(self.dates) - 1))
        gone = gone[np.argsort(last[gone], kind="stable")]
        return last[gone] + 1, gone

    def shares_at(self, row: int) -> FloatArray:
        """Return (N,) shares of the day that one unit is at ``row``: brokers count these, a run counts units (S16)."""
        return np.ones(len(self.assets)) if self.shares is None else self.shares[row]

    @cached_property
    def share_prices(self) -> FloatArray:
        """(T, N) prices of one share of the day, as a broker's statement has them [currency/share]."""
        return self.prices if self.shares is None else read_only(self.prices / self.shares)

    @cached_property
    def total_return_prices(self) -> FloatArray:
        """(T, N) prices of a unit whose dividends buy more of it, as estimates of returns take them [currency/unit]."""
        if self.dividends is None:
            return self.prices
        earned = np.where(self.dividends == 0.0, 0.0, self.dividends / self.prices)
        return read_only(self.prices * np.multiply.accumulate(1.0 + earned, axis=0))

    def history_before(self, row: int) -> History:
        """Return everything known before session ``row``: a view that ends with session ``row - 1``."""
        return History(
            self.dates[:row],
            self.assets,
            self.columns,
            self.total_return_prices[:row],
            self.listed[:row],
            self.age[:row],
            self.share_prices[:row],
            self.periods_per_year,
        )

    @cached_property
    def columns(self) -> Mapping[str, int]:
        """Column by ticker."""
        return {ticker: j for j, ticker in enumerate(self.assets)}

    def truncate(self, end: np.datetime64) -> Market:
        """Return the market up to and including ``end``; lives keep what is known of them after it (S8)."""
        rows = int(np.searchsorted(self.dates, end, side="right"))
        by_session = ("dates", "prices", "listed", "age", "cash_rate", "dividends", "shares", "close_rates")
        known = {name: getattr(self, name) for name in (*by_session, "tariff_rates")}
        cut = {name: own[:rows] for name, own in known.items() if own is not None}
        return dataclasses.replace(self, **cut, fx={currency: rates[:rows] for currency, rates in self.fx.items()})

    def without(self, tickers: Sequence[str]) -> Market:
        """Return the market as if ``tickers`` had never been listed: their columns have no close."""
        gone = np.array([ticker in tickers for ticker in self.assets], dtype=np.bool_)
        return dataclasses.replace(
            self,
            prices=read_only(np.where(gone, np.nan, self.prices)),
            listed=read_only(self.listed & ~gone),
            age=read_only(np.where(gone, -1, self.age)),
        )

    def charged_in(self, currency: str | None) -> Market:
        """Return the market with the rates of costs in ``currency``; the same object where that is the account's."""
        if currency is None or currency == self.currency:
            return self
        if currency not in self.fx:
            raise DataError(f"costs are in {currency}, the account is in {self.currency}, and no rates are known here")
        return dataclasses.replace(self, tariff_rates=self.fx[currency])

    def column_index(self, ticker: str) -> int:
        """Return the column of ``ticker``; raises DataError when the market does not hold it."""
        if ticker not in self.columns:
            raise DataError(f"{ticker}: no such asset in this market ({', '.join(self.assets)})")
        return self.columns[ticker]

    def first_close_row(self, tickers: tuple[str, ...], start: int) -> int | None:
        """Return the first row from ``start`` at which any of ``tickers`` has a close, or None (S1)."""
        columns = [self.column_index(ticker) for ticker in tickers]
        if start < len(self.dates) and any(self.fresh[start, column] for column in columns):
            return start  # nearly always, and by the first of them: no need to look further
        fresh = (self.age[start:, columns] == 0).any(axis=1)
        return int(start + fresh.argmax()) if fresh.any() else None


@dataclass(frozen=True)
class History:
    """A market that ends: row ``t`` is the newest thing that can be known.

    Fields and shapes are those of :class:`Market`, with as many rows as have happened; ``prices`` are its
    ``total_return_prices``: what was earned counts, whether it was paid or not.
    """

    dates: DateArray
    assets: tuple[str, ...]
    columns: Mapping[str, int]
    prices: FloatArray
    listed: BoolArray
    age: IntArray
    share_prices: FloatArray
    periods_per_year: float = SESSIONS_PER_YEAR


def _validate_closes(dates: DateArray, assets: tuple[str, ...], closes: FloatArray) -> None:
    """Raise DataError for shapes that do not fit, repeated tickers, dates that do not rise and impossible closes."""
    if closes.shape != (len(dates), len(assets)):
        raise DataError(f"prices of shape {closes.shape} do not fit {len(dates)} dates and {len(assets)} assets")
    if len(set(assets)) != len(assets):
        twice = sorted({ticker for ticker in assets if assets.count(ticker) > 1})
        raise DataError(f"ticker {', '.join(twice)} occurs more than once")
    if not len(dates):
        raise DataError("no dates")
    backward = dates[1:][~(np.diff(dates) > np.timedelta64(0, "D"))]
    if len(backward):
        raise DataError(f"dates must increase from row to row; they do not at {backward[0]}")
    wrong = np.argwhere(np.isinf(closes) | (closes <= 0.0))
    if len(wrong):
        t, j = wrong[0]
        message = f"close {closes[t, j]:g} on {dates[t]} is not a price; correct it or leave it empty"
        raise DataError(f"{assets[j]}: {message}")
