"""What is asked of a price source and what it answers."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias, runtime_checkable

import numpy as np

from engine.core.arrays import BoolArray, DateArray, FloatArray, IntArray, read_only
from engine.core.conventions import PERIODS_PER_YEAR, Frequency
from engine.core.errors import DataError
from engine.data.market import Market, Provenance


@dataclass(frozen=True)
class PriceRequest:
    """The closes a run needs.

    ``start`` and ``end`` are the window, both days included, None for all there is; rows before ``start`` are wanted
    too (estimates look back). ``exchange`` names the calendar of the sessions by its market identifier code,
    ``tariffs`` the currencies of what orders cost, whose rates are needed too.
    """

    tickers: tuple[str, ...]
    start: dt.date | None = None
    end: dt.date | None = None
    exchange: str = "XNYS"
    tariffs: tuple[str, ...] = ()


@dataclass(frozen=True)
class CloseSeries:
    """One ticker's closes and events, as a source states them.

    Attributes
    ----------
    dates : (T,) datetime64[D], strictly increasing
    closes : (T,) [currency/share], NaN for no print
    dividends : (T,) of each ex-date [currency/share], 0 on other days; None where the source states none
    splits : (T,) shares of each day for one of the day before, 1 on other days; None where the source states none
    currency : three letters, or as a vendor writes pence and cents; ``""`` where nothing says
    traded : (T,) closes as traded, to which the events belong, where ``closes`` are adjusted ones [currency/share]

    """

    dates: DateArray
    closes: FloatArray
    dividends: FloatArray | None = None
    splits: FloatArray | None = None
    currency: str = ""
    traded: FloatArray | None = None

    def select(self, rows: BoolArray | slice) -> CloseSeries:
        """Return the rows that are True, or those of a slice."""

        def cut(column: FloatArray | None) -> FloatArray | None:
            return None if column is None else column[rows]

        events = cut(self.dividends), cut(self.splits)
        return CloseSeries(self.dates[rows], self.closes[rows], *events, self.currency, cut(self.traded))

    def until(self, end: np.datetime64) -> CloseSeries:
        """Return the rows up to ``end``."""
        count = int(np.searchsorted(self.dates, end, side="right"))
        return self if count == len(self.dates) else self.select(slice(count))

    def printed(self) -> CloseSeries:
        """Return the rows that have a close; events of other rows move to the next one that has.

        A dividend that moves past a split is then one of the more shares, or fewer, that the split made.
        """
        rows = ~np.isnan(self.closes)
        if rows.all():
            return self
        kept, ends = self.select(rows), np.flatnonzero(rows)
        begins = np.concatenate([[0], ends[:-1] + 1]) if len(ends) else ends
        dividends, splits = kept.dividends, kept.splits
        if self.dividends is not None and len(ends):
            paid = self.dividends[: ends[-1] + 1]
            if self.splits is not None:
                grown = np.multiply.accumulate(self.splits[: len(paid)])
                paid = paid * (grown / np.repeat(grown[ends], ends - begins + 1))
            dividends = np.add.reduceat(paid, begins)
        if self.splits is not None and len(ends):
            splits = np.multiply.reduceat(self.splits[: ends[-1] + 1], begins)
        return dataclasses.replace(kept, dividends=dividends, splits=splits)


@dataclass(frozen=True)
class Closes:
    """Closing prices and events as a source has them: nothing filled, carried or invented.

    Attributes
    ----------
    dates : (T,) datetime64[D]; every row has a close of some asset
    tickers : N tickers, sorted
    closes : (T, N) [currency/share]; NaN where there was no print
    currencies : N, one a ticker, of the closes as the source has them; ``""`` where nothing says
    provenance : source, kind of closes, hash, notes
    dividends : (T, N) of each ex-date [currency/share], 0 on other days; None where no ticker has any
    splits : (T, N) shares of each day for one of the day before, 1 on other days; None where no ticker has any
    frequencies : N, how often each prints, None where too few closes say; empty where it was not looked at
    traded : (T, N) closes as traded beside adjusted ``closes``, NaN where there are none; None where no ticker has any
    shares : (T, N) shares of the day that one unit is, once events are applied; ``closes`` and ``dividends`` are then
        those of a unit. None where a unit is a share, or nothing says what it is
    invests_dividends : whether dividends are invested at once when they are paid
    fx : (T,) by currency, once closes are in the account's: its money for one unit of each other currency, NaN where
        there is no rate
    close_rates : (T, N) the rate in each close, NaN where there is no close; None where it is that of the session

    """

    dates: DateArray
    tickers: tuple[str, ...]
    closes: FloatArray
    currencies: tuple[str, ...]
    provenance: Provenance
    dividends: FloatArray | None = None
    splits: FloatArray | None = None
    frequencies: tuple[Frequency | None, ...] = ()
    traded: FloatArray | None = None
    shares: FloatArray | None = None
    invests_dividends: bool = False
    fx: Mapping[str, FloatArray] = field(default_factory=dict)
    close_rates: FloatArray | None = None

    @property
    def frequency(self) -> Frequency:
        """How often there is a session: the highest frequency of any ticker."""
        known = [one for one in self.frequencies if one is not None]
        return max(known, key=PERIODS_PER_YEAR.__getitem__, default="daily")

    def to_market(self, currency: str, annual_cash_rate: float = 0.0) -> Market:
        """Return the market these closes make, a unit being one share of the last day (S16).

        ``annual_cash_rate`` is an annual effective rate [fraction].
        """
        unit = None if self.shares is None else self.shares[-1]

        def per_unit(table: FloatArray | None) -> FloatArray | None:
            return table if table is None or unit is None else read_only(table / unit)

        market = Market.build(
            self.dates,
            self.tickers,
            self.closes if unit is None else self.closes / unit,
            annual_cash_rate=annual_cash_rate,
            currency=currency,
            provenance=self.provenance,
        )
        return dataclasses.replace(
            market,
            frequency=self.frequency,
            dividends=per_unit(self.dividends),
            shares=per_unit(self.shares),
            invests_dividends=self.invests_dividends,
            currencies=self.currencies if self.fx else (),
            fx=self.fx,
            close_rates=self.close_rates,
        )

    def with_notes(self, *notes: str) -> Closes:
        """Return the closes with more to be said of them."""
        provenance = dataclasses.replace(self.provenance, notes=(*self.provenance.notes, *notes))
        return dataclasses.replace(self, provenance=provenance)

    def take(self, rows: BoolArray) -> Closes:
        """Return the rows that are True."""
        if rows.all():
            return self

        def cut(table: FloatArray | None) -> FloatArray | None:
            return None if table is None else read_only(table[rows])

        return dataclasses.replace(
            self,
            dates=read_only(self.dates[rows]),
            closes=read_only(self.closes[rows]),
            dividends=cut(self.dividends),
            splits=cut(self.splits),
            traded=cut(self.traded),
            shares=cut(self.shares),
            close_rates=cut(self.close_rates),
            fx={currency: read_only(rates[rows]) for currency, rates in self.fx.items()},
        )

    def select(self, tickers: tuple[str, ...], end: dt.date | None = None) -> Closes:
        """Return the closes that a request of ``tickers`` up to ``end`` would have had from the same source.

        Raises DataError when a ticker is not among these, or not one close is left.
        """
        missing = sorted(set(tickers) - set(self.tickers))
        if missing:
            raise DataError(f"{', '.join(missing)}: not among the closes that were loaded")
        columns = [at for at, ticker in enumerate(self.tickers) if ticker in tickers]
        rows = len(self.dates) if end is None else int(np.searchsorted(self.dates, np.datetime64(end), side="right"))
        closes = self.closes[:, columns]
        printed: BoolArray = ~np.isnan(closes).all(axis=1) & (np.arange(len(self.dates)) < rows)
        if not printed.any():
            raise DataError(f"no close of {', '.join(tickers)} up to {end}; choose a later window.end")

        def cut(table: FloatArray | None) -> FloatArray | None:
            return None if table is None else read_only(table[:, columns])

        return dataclasses.replace(
            self,
            tickers=tuple(self.tickers[at] for at in columns),
            closes=read_only(closes),
            currencies=tuple(self.currencies[at] for at in columns),
            frequencies=tuple(self.frequencies[at] for at in columns) if self.frequencies else (),
            dividends=cut(self.dividends),
            splits=cut(self.splits),
            traded=cut(self.traded),
            shares=cut(self.shares),
            close_rates=cut(self.close_rates),
        ).take(printed)

    def at_sessions(self, rows: IntArray) -> Closes:
        """Return the closes of some sessions only, in order; what happened between two belongs to the later one.

        Each has the last close of every ticker since the session before it, all dividends and all splits.
        """
        begins = np.concatenate([[0], rows[:-1] + 1])

        def last_print(table: FloatArray) -> FloatArray:
            printed = np.where(np.isnan(table), -1, np.arange(len(table))[:, None])
            last = np.maximum.accumulate(printed, axis=0)[rows]
            closes = np.take_along_axis(table, np.maximum(last, 0), axis=0)
            return read_only(np.where(last >= begins[:, None], closes, np.nan))

        def gather(table: FloatArray | None, add: np.ufunc) -> FloatArray | None:
            return None if table is None else read_only(add.reduceat(table[: rows[-1] + 1], begins, axis=0))

        return dataclasses.replace(
            self,
            dates=read_only(self.dates[rows]),
            closes=last_print(self.closes),
            dividends=gather(self.dividends, np.add),
            splits=gather(self.splits, np.multiply),
            traded=None if self.traded is None else last_print(self.traded),
            shares=None if self.shares is None else read_only(self.shares[rows]),
            fx={currency: read_only(rates[rows]) for currency, rates in self.fx.items()},
            close_rates=last_print(self._rates_of_closes()) if self.fx else None,
        )

    def _rates_of_closes(self) -> FloatArray:
        """Return (T, N) the rate of each close's own day, 1 in the account's currency, NaN where there is no close."""
        if self.close_rates is not None:
            return self.close_rates
        ones = np.ones(len(self.dates))
        rates = np.column_stack([self.fx.get(currency, ones) for currency in self.currencies])
        return np.where(np.isnan(self.closes), np.nan, rates)


class PriceSource(Protocol):
    """What every price source can do."""

    @property
    def kind(self) -> str:
        """What a config calls it."""
        ...

    def load(self, request: PriceRequest) -> Closes:
        """Return the closes of exactly the requested tickers, all history up to ``request.end``."""
        ...


FetchProgress: TypeAlias = Callable[[str, int, int], None]
"""Called with the ticker at work, how many are done, and how many there are."""


@dataclass(frozen=True)
class FetchReport:
    """What a refresh of the store did: tickers fetched and already covered, (ticker, reason) failed, and notes."""

    fetched: tuple[str, ...] = ()
    covered: tuple[str, ...] = ()
    failed: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()


@runtime_checkable
class SupportsFetch(Protocol):
    """A source that keeps a store and can fill it."""

    def fetch(
        self, request: PriceRequest, progress: FetchProgress | None = None, *, refresh: bool = False
    ) -> FetchReport:
        """Bring the store up to the last closed session; ``refresh`` reads what it has again, too."""


def closes_sha256(closes: Closes) -> str:
    """Return the SHA-256 of what was loaded: the same prices give the same 64 digits on every machine."""
    digest = hashlib.sha256()
    digest.update(np.asarray(closes.dates, "datetime64[D]").astype("<i8").tobytes())
    digest.update("\0".join(closes.tickers).encode("utf-8"))
    digest.update(np.where(np.isnan(closes.closes), np.nan, closes.closes).astype("<f8").tobytes())  # one NaN of many
    for name, events in (("dividends", closes.dividends), ("splits", closes.splits)):
        if events is not None:
            digest.update(name.encode() + events.astype("<f8").tobytes())
    if set(closes.currencies) - {"", "USD"}:
        digest.update("\0".join(closes.currencies).encode("utf-8"))
    return digest.hexdigest()


def combine_series(
    series: Mapping[str, CloseSeries], request: PriceRequest, provenance: Provenance, currency: str = ""
) -> Closes:
    """Set the series of the requested tickers side by side, up to ``request.end``, and sign the result.

    Parameters
    ----------
    series : one entry for every requested ticker
    request : what was asked for
    provenance : its ``sha256`` is set here; a ticker whose first close lies after the window adds a note
    currency : of every series that does not say

    Raises
    ------
    DataError
        When not one close is left, or a ticker has none at any time.

    """
    tickers = tuple(sorted(set(request.tickers)))
    printed = {ticker: series[ticker].printed() for ticker in tickers}
    if empty := [ticker for ticker in tickers if not len(printed[ticker].dates)]:
        remedy = "expected closes; supply them or take it out of the plan"
        raise DataError(*(f"{provenance.source}: {ticker}: found no close at all, {remedy}" for ticker in empty))
    end = np.datetime64(request.end or dt.date.max, "D")
    inside = {ticker: one.until(end) for ticker, one in printed.items()}
    dates = _union_of_dates([one.dates for one in inside.values()])
    if not len(dates):
        wanted = f"{', '.join(tickers) or 'any ticker'} up to {request.end or 'any date'}"
        raise DataError(f"{provenance.source}: no close of {wanted}; choose a later window.end or another source")
    rows = [_find_rows(dates, inside[ticker].dates) for ticker in tickers]

    def table(columns: list[FloatArray | None], empty: float) -> FloatArray | None:
        if all(column is None or (column == empty).all() for column in columns):
            return None
        whole = np.full((len(dates), len(tickers)), empty)
        for at, column in enumerate(columns):
            if column is not None:
                whole[rows[at], at] = column
        return read_only(whole)

    closes = np.full((len(dates), len(tickers)), np.nan)
    for at, ticker in enumerate(tickers):
        closes[rows[at], at] = inside[ticker].closes
    notes = [_late_note(ticker, printed[ticker]) for ticker in tickers if not len(inside[ticker].dates)]
    whole = Closes(
        dates=read_only(dates),
        tickers=tickers,
        closes=read_only(closes),
        currencies=tuple(inside[ticker].currency or currency for ticker in tickers),
        provenance=dataclasses.replace(provenance, notes=(*provenance.notes, *notes)),
        dividends=table([inside[ticker].dividends for ticker in tickers], 0.0),
        splits=table([inside[ticker].splits for ticker in tickers], 1.0),
        traded=table([inside[ticker].traded for ticker in tickers], np.nan),
    )
    return dataclasses.replace(whole, provenance=dataclasses.replace(whole.provenance, sha256=closes_sha256(whole)))


def _union_of_dates(columns: Sequence[DateArray]) -> DateArray:
    """Return all dates of sorted columns, sorted; most columns have those of the longest, or its last ones."""
    dates: DateArray = max(columns, key=len, default=np.empty(0, "datetime64[D]"))
    for own in columns:
        if isinstance(_find_rows(dates, own), slice) or np.isin(own, dates).all():
            continue
        dates = np.union1d(dates, own)
    return dates


def _find_rows(dates: DateArray, own: DateArray) -> slice | IntArray:
    """Return where ``own`` stand among ``dates``, both sorted: a slice where nothing stands between them."""
    if own is dates:
        return slice(len(dates))
    first = int(np.searchsorted(dates, own[0])) if len(own) else 0
    span = slice(first, first + len(own))
    return span if np.array_equal(dates[span], own) else np.searchsorted(dates, own)


def _late_note(ticker: str, series: CloseSeries) -> str:
    return f"{ticker}: no close inside the window; its first is on {series.dates[0]}"
