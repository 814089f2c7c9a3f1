"""Series of single tickers set side by side, up to the end of a request, and signed."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence

import numpy as np

from engine.core.arrays import DateArray, FloatArray, IntArray, read_only
from engine.core.errors import DataError, UnknownTickerError
from engine.data.closes import Closes, CloseSeries, closes_sha256
from engine.data.market import Provenance
from engine.data.sources.base import PriceRequest


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
        lines = (f"{provenance.source}: {ticker}: found no close at all, {remedy}" for ticker in empty)
        raise UnknownTickerError(*lines, tickers=empty)
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
