"""The closes that claims are checked on, with dividends and without, and one fund's among them."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import numpy as np

from engine.backtest.config_sections import Data, Window
from engine.backtest.loading import last_price_day
from engine.backtest.prices import load_closes, quality_findings
from engine.core.arrays import DateArray, FloatArray
from engine.core.conventions import PERIODS_PER_YEAR, SESSIONS_PER_YEAR
from engine.core.errors import DataError, UnknownTickerError
from engine.core.fields import ConfigModel, Exchange
from engine.data.closes import Closes
from engine.data.events import apply_events
from engine.data.quality.findings import raise_error_findings
from engine.data.sources import AnyPriceSource
from engine.data.sources.base import PriceRequest

ClosesKind: TypeAlias = Literal["total_return", "price"]
"""Whether what was paid out counts: reinvested at the close of its ex-date, or left out."""

CLOSES_KINDS: Final[tuple[ClosesKind, ...]] = ("total_return", "price")


class ClaimData(ConfigModel):
    """Where closes come from: ``source`` as in a run; ``price_source`` has those as traded where it has not.

    Closes are taken in the currency that they are in.
    """

    source: AnyPriceSource
    price_source: AnyPriceSource | None = None
    calendar: Exchange = "XNYS"


@dataclass(frozen=True)
class PriceSeries:
    """One fund's ``closes`` (T,) at its ``dates`` (T,), none is missing: of total returns or of prices [any unit].

    ``periods_per_year`` is by how many of them figures are annualised.
    """

    dates: DateArray
    closes: FloatArray
    periods_per_year: float = SESSIONS_PER_YEAR

    def __len__(self) -> int:
        """Return how many closes there are."""
        return len(self.dates)

    def between(self, start: np.datetime64 | None, end: np.datetime64 | None) -> PriceSeries:
        """Return the closes from ``start`` to ``end``, both days included."""
        first = 0 if start is None else int(np.searchsorted(self.dates, start))
        last = len(self) if end is None else int(np.searchsorted(self.dates, end, side="right"))
        return dataclasses.replace(self, dates=self.dates[first:last], closes=self.closes[first:last])

    def at(self, dates: DateArray) -> PriceSeries:
        """Return the closes at ``dates``, each of which has one."""
        return dataclasses.replace(self, dates=dates, closes=self.closes[np.searchsorted(self.dates, dates)])

    def at_month_ends(self) -> PriceSeries:
        """Return the last close of each calendar month; the same where there is no more than one a month."""
        monthly = PERIODS_PER_YEAR["monthly"]
        if self.periods_per_year <= monthly or not len(self):
            return self
        months = self.dates.astype("datetime64[M]")
        last = np.append(months[1:] != months[:-1], [True])
        return PriceSeries(self.dates[last], self.closes[last], monthly)

    @property
    def returns(self) -> FloatArray:
        """(T-1,) the simple returns."""
        return self.closes[1:] / self.closes[:-1] - 1.0

    @property
    def days(self) -> float:
        """Calendar days from the first close to the last."""
        return float((self.dates[-1] - self.dates[0]) / np.timedelta64(1, "D"))


@dataclass(frozen=True)
class ClaimPrices:
    """Closes by kind, those that there are, and the ``window`` of the file."""

    closes: Mapping[ClosesKind, Closes]
    window: Window

    def has(self, kind: ClosesKind, tickers: Sequence[str]) -> bool:
        """Return whether there are closes of a kind of every one of ``tickers``."""
        return not self.absent(kind, tickers)

    def absent(self, kind: ClosesKind, tickers: Sequence[str]) -> list[str]:
        """Return those of ``tickers`` of which there is no close of a kind."""
        known = self.closes[kind].tickers if kind in self.closes else ()
        return [ticker for ticker in tickers if ticker not in known]

    def series(self, kind: ClosesKind, ticker: str) -> PriceSeries:
        """Return a ticker's own closes, all there are; raises DataError when there are none."""
        if not self.has(kind, [ticker]):
            raise DataError(f"no closes of {ticker}")
        closes = self.closes[kind]
        at = closes.tickers.index(ticker)
        column = closes.closes[:, at]
        printed = ~np.isnan(column)
        often = closes.frequencies[at] if closes.frequencies else None
        return PriceSeries(closes.dates[printed], column[printed], PERIODS_PER_YEAR[often or "daily"])


def load_claim_prices(data: ClaimData, window: Window, tickers: tuple[str, ...], end: dt.date | None) -> ClaimPrices:
    """Load the closes of ``tickers`` up to ``end``, with dividends and without, as far as the sources have them.

    ``window`` is that of the file, in which their quality is looked at.

    Raises DataError when closes cannot be used as they are.
    """
    stated = _load_known(data.source, data, window, tickers, end)
    found: dict[ClosesKind, Closes] = {}
    if stated is not None and stated.provenance.closes != "raw":
        found["total_return"] = apply_events(stated, "reinvest")
    traded = _load_known(data.price_source, data, window, tickers, end) if data.price_source else stated
    if traded is not None and (prices := _without_dividends(traded)) is not None:
        found["price"] = prices
    return ClaimPrices(found, window)


def _load_known(
    source: AnyPriceSource, data: ClaimData, window: Window, tickers: tuple[str, ...], end: dt.date | None
) -> Closes | None:
    """Return the closes of those of ``tickers`` that a source has; None where it has none of them."""
    last = last_price_day(end) if end else None
    section = Data(source=source, calendar=data.calendar)
    while tickers:
        try:
            closes = load_closes(section, PriceRequest(tickers, window.start, last, data.calendar))
        except UnknownTickerError as error:
            if not error.tickers:
                raise
            tickers = tuple(ticker for ticker in tickers if ticker not in error.tickers)
        else:
            raise_error_findings(quality_findings(closes, data.calendar, window))
            return closes
    return None


def _without_dividends(closes: Closes) -> Closes | None:
    """Return prices of a share of the last day without what it paid; None where only adjusted closes are known."""
    known = closes.provenance.closes != "adjusted"
    if closes.traded is not None:
        known = True
        inside = tuple(t for at, t in enumerate(closes.tickers) if not np.isnan(closes.traded[:, at]).all())
        closes = closes.select(inside)
    return dataclasses.replace(apply_events(closes, "cash"), dividends=None) if known else None
