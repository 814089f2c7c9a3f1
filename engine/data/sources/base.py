"""What is asked of a price source and what it answers."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeAlias, runtime_checkable

import numpy as np

from engine.core.arrays import BoolArray, DateArray, FloatArray, read_only
from engine.core.errors import DataError
from engine.data.market import Market, Provenance


@dataclass(frozen=True)
class PriceRequest:
    """The closes a run needs.

    ``start`` and ``end`` are the window, both days included, None for all there is; rows before ``start`` are wanted
    too (estimates look back). ``exchange`` names the calendar of the sessions by its market identifier code.
    """

    tickers: tuple[str, ...]
    start: dt.date | None = None
    end: dt.date | None = None
    exchange: str = "XNYS"


@dataclass(frozen=True)
class CloseSeries:
    """One ticker's closes: ``dates (T,)`` strictly increasing, ``closes (T,)`` [currency/share], NaN for no print."""

    dates: DateArray
    closes: FloatArray

    def select(self, rows: BoolArray) -> CloseSeries:
        """Return the rows that are True."""
        return CloseSeries(self.dates[rows], self.closes[rows])


@dataclass(frozen=True)
class Closes:
    """Closing prices as a source has them: nothing filled, carried or invented.

    Attributes
    ----------
    dates : (T,) datetime64[D]; every row has a close of some asset
    tickers : N tickers, sorted
    closes : (T, N) [currency/share]; NaN where there was no print
    currency : of every close
    provenance : source, kind of closes, hash, notes

    """

    dates: DateArray
    tickers: tuple[str, ...]
    closes: FloatArray
    currency: str
    provenance: Provenance

    def to_market(self, annual_cash_rate: float = 0.0) -> Market:
        """Return the market these closes make; ``annual_cash_rate`` is an annual effective rate [fraction]."""
        return Market.build(
            self.dates,
            self.tickers,
            self.closes,
            annual_cash_rate=annual_cash_rate,
            currency=self.currency,
            provenance=self.provenance,
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
        closes = self.closes[:rows, columns]
        printed = ~np.isnan(closes).all(axis=1)
        if not printed.any():
            raise DataError(f"no close of {', '.join(tickers)} up to {end}; choose a later window.end")
        names = tuple(self.tickers[at] for at in columns)
        return dataclasses.replace(
            self, dates=self.dates[:rows][printed], tickers=names, closes=read_only(closes[printed])
        )


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

    def fetch(self, request: PriceRequest, progress: FetchProgress | None = None) -> FetchReport:
        """Bring the store up to the last closed session."""


def closes_sha256(dates: DateArray, tickers: tuple[str, ...], closes: FloatArray) -> str:
    """Return the SHA-256 of dates, tickers and closes: the same prices give the same 64 digits on every machine."""
    digest = hashlib.sha256()
    digest.update(np.asarray(dates, "datetime64[D]").astype("<i8").tobytes())
    digest.update("\0".join(tickers).encode("utf-8"))
    digest.update(np.where(np.isnan(closes), np.nan, closes).astype("<f8").tobytes())  # one NaN of many bit patterns
    return digest.hexdigest()


def combine_series(
    series: Mapping[str, CloseSeries], request: PriceRequest, currency: str, provenance: Provenance
) -> Closes:
    """Set the series of the requested tickers side by side, up to ``request.end``, and sign the result.

    Parameters
    ----------
    series : one entry for every requested ticker
    request : what was asked for
    currency : of every close
    provenance : its ``sha256`` is set here; a ticker whose first close lies after the window adds a note

    Raises
    ------
    DataError
        When not one close is left.

    """
    tickers = tuple(sorted(set(request.tickers)))
    printed = {ticker: series[ticker].select(~np.isnan(series[ticker].closes)) for ticker in tickers}
    end = np.datetime64(request.end or dt.date.max, "D")
    inside = {ticker: one.select(one.dates <= end) for ticker, one in printed.items()}
    dates = (
        np.unique(np.concatenate([one.dates for one in inside.values()])) if inside else np.empty(0, "datetime64[D]")
    )
    if not len(dates):
        wanted = f"{', '.join(tickers) or 'any ticker'} up to {request.end or 'any date'}"
        raise DataError(f"{provenance.source}: no close of {wanted}; choose a later window.end or another source")
    closes = np.full((len(dates), len(tickers)), np.nan)
    for column, ticker in enumerate(tickers):
        closes[np.searchsorted(dates, inside[ticker].dates), column] = inside[ticker].closes
    notes = [_late_note(ticker, printed[ticker]) for ticker in tickers if not len(inside[ticker].dates)]
    sha256 = closes_sha256(dates, tickers, closes)
    signed = dataclasses.replace(provenance, sha256=sha256, notes=(*provenance.notes, *notes))
    return Closes(read_only(dates), tickers, read_only(closes), currency, signed)


def _late_note(ticker: str, series: CloseSeries) -> str:
    first = f"its first is on {series.dates[0]}" if len(series.dates) else "it has none at all"
    return f"{ticker}: no close inside the window; {first}"
