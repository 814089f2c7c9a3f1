"""CloseSeries and Closes: closing prices and events of one ticker, and of many side by side."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from engine.core.arrays import BoolArray, DateArray, FloatArray, IntArray, read_only
from engine.core.conventions import PERIODS_PER_YEAR, Frequency
from engine.core.errors import DataError
from engine.data.market import Market, Provenance


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
    untaxed : of a run that is taxed, the same as a run without taxes sees it; None of any other

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
    untaxed: Closes | None = None

    @property
    def frequency(self) -> Frequency:
        """How often there is a session: the highest frequency of any ticker."""
        known = [one for one in self.frequencies if one is not None]
        return max(known, key=PERIODS_PER_YEAR.__getitem__, default="daily")

    def to_market(self, currency: str, annual_cash_rate: float | FloatArray = 0.0) -> Market:
        """Return the market these closes make, a unit being one share of the last day (S16).

        ``annual_cash_rate`` is an annual effective rate [fraction], one or (T,) from the session before to each.
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

    def with_empty_columns(self, tickers: tuple[str, ...], currency: str) -> Closes:
        """Return the closes with ``tickers`` of which there is none, as if in ``currency``."""
        if not tickers:
            return self
        every = tuple(sorted((*self.tickers, *tickers)))
        places = np.array([every.index(ticker) for ticker in self.tickers])

        def widen(table: FloatArray | None, empty: float) -> FloatArray | None:
            if table is None:
                return None
            wide = np.full((len(table), len(every)), empty)
            wide[:, places] = table
            return read_only(wide)

        closes = widen(self.closes, np.nan)
        currencies, frequencies = dict(zip(self.tickers, self.currencies, strict=True)), self.frequencies
        often = dict(zip(self.tickers, frequencies, strict=True)) if frequencies else {}
        return dataclasses.replace(
            self,
            tickers=every,
            closes=self.closes if closes is None else closes,
            currencies=tuple(currencies.get(ticker, currency) for ticker in every),
            frequencies=tuple(often.get(ticker) for ticker in every) if frequencies else (),
            dividends=widen(self.dividends, 0.0),
            splits=widen(self.splits, 1.0),
            traded=widen(self.traded, np.nan),
            shares=widen(self.shares, 1.0),
            close_rates=widen(self.close_rates, np.nan),
            untaxed=None if self.untaxed is None else self.untaxed.with_empty_columns(tickers, currency),
        )

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
            untaxed=None if self.untaxed is None else self.untaxed.select(tickers, end),
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
