"""Months, years, falls and windows of a run computed anew from its levels, by loops where the engine has arrays."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Final

import numpy as np

from engine.backtest.finished_run import FinishedRun
from engine.core.arrays import DateArray, FloatArray
from engine.core.conventions import CALENDAR_DAYS_PER_YEAR, PERIODS_PER_YEAR
from engine.diagnostics.verify.figures import FigureGroup, ReferenceFigure
from engine.diagnostics.verify.run_replay import ReplayedRun

_MONTHS: Final = FigureGroup("months", "levels.parquet by calendar month and year, beside months.parquet and by_year")
_FALLS: Final = FigureGroup("falls", "levels.parquet below its highs, beside falls in summary.json")
_WINDOWS: Final = FigureGroup("windows", "levels.parquet over 1, 3 and 5 years, beside rolling.parquet")
_BELOW: Final = -1e-12
"""Nearer to a high than so much is at it: rounding."""


def recompute_series(run: FinishedRun) -> Iterator[ReferenceFigure]:
    """Yield what a run's levels say of its months, years, falls and windows, as far as its files have them."""
    replayed = ReplayedRun(run)
    for name in run.summary.portfolios:
        dates, level = replayed.series("levels", name)
        yield from _months_and_years(run, name, dates, np.concatenate([[run.summary.account.capital], level]))
    dates, level = replayed.series("levels", "strategy")
    yield from _falls(run, dates, np.concatenate([[run.summary.account.capital], level]))
    yield from _windows(run, dates, level)


def _months_and_years(run: FinishedRun, name: str, dates: DateArray, level: FloatArray) -> Iterator[ReferenceFigure]:
    """Yield returns of each period: its last level over the last one before."""
    if run.months is not None:
        written = dict(zip(_numbers(run.months.dates, "M"), run.months.columns[name].tolist(), strict=True))
        for month, change in _period_changes(_numbers(dates, "M"), level):
            text = str(np.datetime64(month, "M"))
            yield _MONTHS.figure(f"{name}: {text}", written.get(month, "no row"), change, 1e-10)
    if run.summary.by_year is not None:
        years = {one.year: one.returns.get(name) for one in run.summary.by_year}
        for number, change in _period_changes(_numbers(dates, "Y"), level):
            yield _MONTHS.compare(f"{name}: {1970 + number}", years.get(1970 + number), change, 1e-10)


def _numbers(dates: DateArray, unit: str) -> list[int]:
    numbers: list[int] = dates.astype(f"datetime64[{unit}]").astype(np.int64).tolist()
    return numbers


def _period_changes(numbers: list[int], level: FloatArray) -> Iterator[tuple[int, float]]:
    before, end = float(level[0]), 0
    for number, rows in groupby(numbers):
        end += len(list(rows))
        last = float(level[end])
        yield number, (last / before if before else 1.0) - 1.0
        before = last


def _falls(run: FinishedRun, dates: DateArray, level: FloatArray) -> Iterator[ReferenceFigure]:
    """Yield how often the strategy fell and each of its deepest falls, found close by close."""
    written = run.summary.falls
    if written is None:
        return
    found, high, inside, below = list[tuple[float, int, int, int]](), float(level[0]), False, 0
    peak = deepest = 0
    for place, value in enumerate(level.tolist()):
        high = max(high, value)
        depth = value / high - 1.0
        if depth < _BELOW:
            peak, deepest = (peak, deepest) if inside else (place - 1, place)
            deepest = place if value < level[deepest] else deepest
            inside, below = True, below + 1
        elif inside:
            found.append((float(level[deepest]) / float(level[: deepest + 1].max()) - 1.0, peak, deepest, place))
            inside = False
    if inside:
        found.append((float(level[deepest]) / float(level[: deepest + 1].max()) - 1.0, peak, deepest, len(level)))
    yield _FALLS.figure("episodes", written.episodes, len(found))
    yield _FALLS.figure("share below a high", written.share_below_high, below / len(dates))
    yield _FALLS.figure("at the end", written.current, float(level[-1] / level.max() - 1.0))
    for one, (depth, first, low, end) in zip(written.deepest, sorted(found, key=lambda fall: fall[0]), strict=False):
        yield _FALLS.figure(f"{one.peak}: depth", one.depth, depth)
        yield _FALLS.figure(f"{one.peak}: high", one.peak, str(dates[max(first - 1, 0)]))
        yield _FALLS.figure(f"{one.peak}: lowest", one.trough, str(dates[low - 1]))
        yield _FALLS.figure(f"{one.peak}: end", one.recovery or "", str(dates[end - 1]) if end < len(level) else "")


def _windows(run: FinishedRun, dates: DateArray, level: FloatArray) -> Iterator[ReferenceFigure]:
    """Yield the growth a year over each window of daily or weekly closes, from the last one by the same day."""
    frequency = run.summary.portfolios["strategy"].frequency or "daily"
    if run.rolling is None or PERIODS_PER_YEAR[frequency] <= PERIODS_PER_YEAR["monthly"]:
        return
    for years in (1, 3, 5):
        column = run.rolling.columns.get(f"strategy/{years}y/cagr")
        for end, written in zip(run.rolling.dates, [] if column is None else column.tolist(), strict=False):
            year, month, day = str(end).split("-")
            last = "28" if (month, day) == ("02", "29") else day
            rows = np.flatnonzero(dates <= np.datetime64(f"{int(year) - years:04d}-{month}-{last}"))
            if not len(rows):
                yield _WINDOWS.figure(f"{years} years to {end}", written if np.isfinite(written) else "", "")
                continue
            span = float((end - dates[rows[-1]]) / np.timedelta64(1, "D")) / CALENDAR_DAYS_PER_YEAR
            growth = float(level[np.searchsorted(dates, end)] / level[rows[-1]])
            yield _WINDOWS.figure(f"{years} years to {end}", written, growth ** (1.0 / span) - 1.0)
