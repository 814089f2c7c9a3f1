"""The prices of two runs beside each other: what was revised, and those of the one completed by the other's."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from engine.backtest.kept_prices import KeptPrices
from engine.backtest.prices import Sources
from engine.core.arrays import FloatArray
from engine.core.errors import DataError, UnknownTickerError
from engine.data.closes import Closes, CloseSeries
from engine.data.sources.base import PriceRequest
from engine.data.sources.combine import combine_series
from engine.data.sources.fx_rates import Fixings


@dataclass(frozen=True)
class Revision:
    """What two runs saw otherwise: a ticker, rates of a currency, a file; and the first day, "" where none is told."""

    name: str
    first: str = ""


def series_of(closes: Closes, ticker: str) -> CloseSeries:
    """Return one ticker's closes and events."""
    at = closes.tickers.index(ticker)

    def cut(table: FloatArray | None) -> FloatArray | None:
        return None if table is None else table[:, at]

    events = cut(closes.dividends), cut(closes.splits)
    return CloseSeries(closes.dates, closes.closes[:, at], *events, closes.currencies[at], cut(closes.traded)).printed()


def revisions(one: KeptPrices, other: KeptPrices) -> tuple[Revision, ...]:
    """Return what differs of tickers, rates and files that both have, up to the last day of the shorter one."""
    return tuple(_revisions(one, other))


def _revisions(one: KeptPrices, other: KeptPrices) -> Iterator[Revision]:
    end = min(one.closes.dates[-1], other.closes.dates[-1])
    for ticker in one.closes.tickers:
        if ticker in other.closes.tickers:
            pair = [series_of(kept.closes, ticker).until(end) for kept in (one, other)]
            if (first := _first_difference(*pair)) is not None:
                yield Revision(ticker, first)
    if one.account == other.account:
        for currency in one.fixings:
            if currency in other.fixings:
                first = _first_difference(*(_rates(kept.fixings[currency], end) for kept in (one, other)))
                if first is not None:
                    yield Revision(f"{currency} in {one.account}", first)
    for path, content in one.files.items():
        if other.files.get(path, content) != content:
            yield Revision(path)


def _rates(fixings: Fixings, end: np.datetime64) -> CloseSeries:
    return CloseSeries(fixings.dates, fixings.rates).until(end)


def _first_difference(one: CloseSeries, other: CloseSeries) -> str | None:
    """Return the first day on which two series differ, None for none; "" where it is what all of them is in."""
    if one.currency != other.currency:
        return ""
    days = np.union1d(one.dates, other.dates)
    differs = np.zeros(len(days), dtype=np.bool_)
    for empty, name in ((np.nan, "closes"), (0.0, "dividends"), (1.0, "splits"), (np.nan, "traded")):
        tables = []
        for series in (one, other):
            column = getattr(series, name)
            table = np.full(len(days), empty)
            if column is not None:
                table[np.searchsorted(days, series.dates)] = column
            tables.append(table)
        same = (tables[0] == tables[1]) | (np.isnan(tables[0]) & np.isnan(tables[1]))
        differs |= ~same
    return str(days[differs.argmax()]) if differs.any() else None


@dataclass(frozen=True)
class TwoMarkets:
    """Prices of two runs as a source: those of ``first``, and what only ``second`` has.

    What ``second`` has of later days than ``first`` was asked for continues a ticker of both.
    """

    first: KeptPrices
    second: KeptPrices
    kind: str = "two runs"

    @property
    def sources(self) -> Sources:
        """What a run reads."""
        return Sources(self, self)

    @property
    def files(self) -> KeptPrices:
        """The files of both."""
        one, other = self.first, self.second
        files, hashes = {**other.files, **one.files}, {**other.hashes, **one.hashes}
        return KeptPrices(one.closes, one.missing, one.account, files=files, hashes=hashes)

    def load(self, request: PriceRequest) -> Closes:
        """Return the closes of a request; raises UnknownTickerError for a ticker that neither run has."""
        known = {*self.first.closes.tickers, *self.second.closes.tickers}
        if gone := [ticker for ticker in request.tickers if ticker not in known]:
            missing: Mapping[str, str] = {**self.second.missing, **self.first.missing}
            raise UnknownTickerError(*(missing.get(one, f"{one}: in neither run") for one in gone), tickers=gone)
        series = {ticker: self._series(ticker) for ticker in request.tickers}
        return combine_series(series, request, self.first.closes.provenance)

    def _series(self, ticker: str) -> CloseSeries:
        one, other = self.first.closes, self.second.closes
        if ticker not in one.tickers:
            return series_of(other, ticker)
        if ticker not in other.tickers:
            return series_of(one, ticker)
        own, rest = series_of(one, ticker), series_of(other, ticker)
        return _join(own, rest.select(rest.dates > one.dates[-1]))

    def fixings(self, currency: str, account: str, end: dt.date | None) -> Fixings:  # noqa: ARG002  (as they were)
        """Return the rates of the first run that has them; raises DataError where neither has."""
        for kept in (self.first, self.second):
            if account == kept.account and currency in kept.fixings:
                return kept.fixings[currency]
        raise DataError(f"data.fx: neither run has rates of {currency} in {account}")


def _join(one: CloseSeries, later: CloseSeries) -> CloseSeries:
    if not len(later.dates):
        return one

    def both(name: str, empty: float) -> FloatArray | None:
        columns = [getattr(series, name) for series in (one, later)]
        if all(column is None for column in columns):
            return None
        pair = zip(columns, (one, later), strict=True)
        return np.concatenate([np.full(len(s.dates), empty) if column is None else column for column, s in pair])

    dates, closes = (np.concatenate([getattr(s, name) for s in (one, later)]) for name in ("dates", "closes"))
    return CloseSeries(dates, closes, both("dividends", 0.0), both("splits", 1.0), one.currency, both("traded", np.nan))
