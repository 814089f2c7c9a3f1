"""The prints of one asset, as the checks of the quality gate look at them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from engine.core.arrays import BoolArray, DateArray, FloatArray, IntArray
from engine.core.conventions import Frequency
from engine.data.closes import Closes
from engine.data.portfolio_sessions import PERIODS
from engine.data.quality.findings import Finding, Severity
from engine.data.sessions import period_numbers

_TICKS: Final = (100.0, 16.0)
"""Ticks a unit of currency in which exchanges quote, or did: cents, sixteenths."""
_QUOTED_SHARE: Final = 0.9
"""Share of closes on whole ticks from which closes are those that were traded; by chance it is 2 %."""


@dataclass(frozen=True)
class AssetCloses:
    """The prints of one asset.

    Attributes
    ----------
    ticker : its name
    dates, closes, rows : (P,) of the P sessions that have a close
    dividends : (P,) since the print before [currency/share]
    splits : (P,) shares of each day for one of the print before
    later_sessions : how many there are after the last print, of assets that print as often
    window : first and last day that is asked about; what lies before and after is known, and not reported
    sessions : dates on which a close is expected, or None
    frequency : how often it prints
    is_raw : whether the source says that the closes are as traded
    states_splits : whether the source states any splits
    contains_events : whether dividends and splits are in the closes already, as in adjusted ones

    """

    ticker: str
    dates: DateArray
    closes: FloatArray
    rows: IntArray
    dividends: FloatArray
    splits: FloatArray
    later_sessions: int
    window: tuple[np.datetime64, np.datetime64]
    sessions: DateArray | None
    frequency: Frequency
    is_raw: bool
    states_splits: bool
    contains_events: bool

    @classmethod
    def of_column(
        cls,
        closes: Closes,
        column: int,
        bad: BoolArray,
        window: tuple[np.datetime64, np.datetime64],
        sessions: DateArray | None,
    ) -> AssetCloses:
        """Take the prints of one column; ``bad`` (T,) closes, which are no prices, are left out."""
        series = closes.closes[:, column]
        rows = np.flatnonzero(~np.isnan(series) & ~bad)
        frequency = (closes.frequencies[column] if closes.frequencies else None) or "daily"
        dividends, splits = np.zeros(len(rows)), np.ones(len(rows))
        if closes.dividends is not None:
            dividends = np.diff(np.cumsum(closes.dividends[:, column])[rows], prepend=0.0)
        if closes.splits is not None:
            until = np.cumprod(closes.splits[:, column])[rows]
            splits = until / np.concatenate([[1.0], until[:-1]])
        return cls(
            ticker=closes.tickers[column],
            dates=closes.dates[rows],
            closes=series[rows],
            rows=rows,
            dividends=dividends,
            splits=splits,
            later_sessions=_later_sessions(closes, column, int(rows[-1]) if len(rows) else len(series)),
            window=window,
            sessions=expected_sessions(closes.dates[rows], frequency, sessions),
            frequency=frequency,
            is_raw=closes.provenance.closes == "raw",
            states_splits=closes.splits is not None,
            contains_events=closes.traded is not None and bool(np.isfinite(closes.traded[rows, column]).any()),
        )

    @cached_property
    def ratios(self) -> FloatArray:
        """(P-1,) each close over the one before."""
        return self.closes[1:] / self.closes[:-1]

    @cached_property
    def growth(self) -> FloatArray:
        """(P-1,) what a holding is multiplied by from print to print, with the events that closes do not contain."""
        if self.contains_events or (not self.dividends[1:].any() and (self.splits[1:] == 1.0).all()):
            return self.ratios
        return (self.closes[1:] + self.dividends[1:]) * self.splits[1:] / self.closes[:-1]

    @cached_property
    def inside(self) -> BoolArray:
        """(P,) which prints lie in the window."""
        return (self.dates >= self.window[0]) & (self.dates <= self.window[1])

    @cached_property
    def may_hold_splits(self) -> bool:
        """Whether nobody states splits of closes as traded: they are called so, or on the ticks of an exchange."""
        if self.states_splits or self.is_raw:
            return not self.states_splits
        ticks = [np.isclose(self.closes * tick, np.round(self.closes * tick), rtol=0.0, atol=1e-6) for tick in _TICKS]
        return bool(np.logical_or.reduce(ticks).mean() >= _QUOTED_SHARE)

    def finding(
        self, severity: Severity, kind: str, date: np.datetime64 | None, text: str, size: float = 0.0
    ) -> Finding:
        """Return a finding about this asset."""
        return Finding(severity, kind, self.ticker, date, f"{self.ticker}: {text}", size)

    def warning(self, kind: str, date: np.datetime64 | None, text: str, size: float = 0.0) -> Finding:
        """Return a warning about this asset."""
        return self.finding("warning", kind, date, text, size)


def expected_sessions(dates: DateArray, frequency: Frequency, sessions: DateArray | None) -> DateArray | None:
    """Return when a close is expected of an asset that prints on ``dates`` (P,), from the first of them to the last.

    ``sessions`` are the exchange's, for one that prints on each. Below daily frequency it is one in every period: the
    last that there is, or the last weekday of a period that has none.
    """
    if not len(dates) or frequency == "daily":
        return sessions
    every = np.arange(dates[0], dates[-1] + 1)
    if frequency == "seven_day":
        return every
    every = every[np.is_busday(every)]
    every = every[np.append(np.diff(period_numbers(every, PERIODS[frequency])) != 0, [True])]
    missing = ~np.isin(period_numbers(every, PERIODS[frequency]), period_numbers(dates, PERIODS[frequency]))
    return np.union1d(dates, every[missing])


def _later_sessions(closes: Closes, column: int, last: int) -> int:
    """Return how many rows after ``last`` have a close of an asset that prints as often as that of ``column``."""
    after = ~np.isnan(closes.closes[last + 1 :])
    if closes.frequencies and len(after):
        after = after[:, [one == closes.frequencies[column] for one in closes.frequencies]]
    return int(after.any(axis=1).sum())
