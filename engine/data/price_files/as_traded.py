"""Closes as traded from closes in shares of the last day, which vendors write beside the splits they contain."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Final

import numpy as np

from engine.core.arrays import FloatArray
from engine.core.errors import DataError
from engine.data.closes import CloseSeries

_DECISIVE: Final = 5.0
"""How many usual daily moves one reading of a ticker's splits must be nearer to its closes than the other."""
_LEAST_MOVE: Final = 0.002
"""A usual daily move of closes that hardly move, or whose moves are known from adjusted ones [log]."""


def undo_split_adjustment(series: CloseSeries) -> CloseSeries:
    """Return closes and dividends per share of the day, of a series that states them per share of its last day.

    >>> days = np.array(["2020-01-02", "2020-01-03"], "datetime64[D]")
    >>> undo_split_adjustment(CloseSeries(days, np.array([50.0, 51.0]), splits=np.array([1.0, 2.0]))).closes.tolist()
    [100.0, 51.0]
    """
    if series.splits is None:
        return series
    later = np.ones_like(series.splits)
    later[:-1] = np.multiply.accumulate(series.splits[:0:-1])[::-1]
    dividends = None if series.dividends is None else series.dividends * later
    return dataclasses.replace(series, closes=series.closes * later, dividends=dividends)


def are_split_adjusted(
    series: Mapping[str, CloseSeries], adjusted: Mapping[str, CloseSeries]
) -> dict[str, bool | None]:
    """Return of each ticker whether its closes contain the splits stated beside them; None where nothing tells.

    A close as traded falls by the split, one in shares of the last day does not. ``adjusted`` closes, where there are
    some of the same days, say what the day did besides. A ticker whose own splits are too small to tell is read as the
    others of the source are.

    Raises DataError when a ticker's closes fall at one of its splits and not at another.
    """
    own = {ticker: _evidence(ticker, one.printed(), adjusted.get(ticker)) for ticker, one in series.items()}
    whole = sum(own.values())
    common = None if abs(whole) < _DECISIVE else whole > 0.0
    return {ticker: found > 0.0 if abs(found) >= _DECISIVE else common for ticker, found in own.items()}


def _evidence(ticker: str, series: CloseSeries, adjusted: CloseSeries | None) -> float:
    """Return by how many usual moves closes that contain their splits are the likelier; negative for as traded."""
    if series.splits is None or len(series.dates) < 2:
        return 0.0
    at = np.flatnonzero(series.splits[1:] != 1.0)
    moves = np.diff(np.log(series.closes))
    usual = float(np.median(np.abs(moves)))
    if adjusted is not None:
        moves = moves - _moves_between(adjusted, series)
        usual = _LEAST_MOVE
    falls, splits = moves[at], np.log(series.splits[1:][at])
    nearer = np.nan_to_num(np.abs(falls + splits) - np.abs(falls)) / max(usual, _LEAST_MOVE)
    if len(at) and nearer.min() <= -_DECISIVE and nearer.max() >= _DECISIVE:
        falls_at, stands_at = (at[k] + 1 for k in (int(nearer.argmin()), int(nearer.argmax())))
        raise DataError(
            f"{ticker}: closes fall at the split of {series.splits[falls_at]:g} on {series.dates[falls_at]} and not at "
            f"that of {series.splits[stands_at]:g} on {series.dates[stands_at]}; correct the column of splits"
        )
    return float(nearer.sum())


def _moves_between(adjusted: CloseSeries, series: CloseSeries) -> FloatArray:
    """Return (T - 1,) what adjusted closes did between the days of ``series`` [log]; NaN where one of them has none."""
    known = dict(zip(adjusted.dates.tolist(), adjusted.closes.tolist(), strict=True))
    return np.diff(np.log([known.get(day, np.nan) for day in series.dates.tolist()]))
