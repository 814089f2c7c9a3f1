"""The lines of a run's charts: each portfolio's level, and the strategy's divided by that of what it is set beside."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.backtest.finished_run import FinishedRun
from engine.backtest.session_flows import session_flows
from engine.core.arrays import DateArray, FloatArray
from engine.core.conventions import CALENDAR_DAYS_PER_YEAR
from engine.report.charts.packed_data import PackedSeries
from engine.report.charts.time_chart import Line
from engine.report.phrases import portfolio_label

_LOG_FROM_YEARS = 3.0
_LOG_FROM_RATIO = 2.0
"""From where on growth is drawn on a log scale at first: equal rates are equal slopes there."""


_ROUNDING = 1e-9
"""A ratio that is never further from 1 is 1 throughout."""


MOST_LEVELS = 150_000
"""Levels of all portfolios up to which a page has every one."""
_DAILY_YEARS = 5


@dataclass(frozen=True)
class Ratio:
    """The strategy's level over the rival's, ``values`` (T,) from 1 at their first common session, NaN elsewhere."""

    rival: str
    dates: DateArray
    values: FloatArray

    @property
    def is_flat(self) -> bool:
        """Whether both were equal throughout."""
        known = self.values[np.isfinite(self.values)]
        return bool((known == 1.0).all())


def rival_of(run: FinishedRun) -> str | None:
    """Return what the plan is set beside: buy-and-hold, else the first benchmark; None where it stands alone."""
    return next((name for name in run.summary.versus if name in run.levels.columns), None)


def growth_levels(run: FinishedRun) -> dict[str, FloatArray]:
    """Return (T,) levels by portfolio; one that begins later starts at the strategy's level of that day.

    On dates that only others have, the last level stands.
    """
    own = carry_between(run.levels.columns["strategy"])
    capital = run.summary.account.capital
    levels = {}
    for name, column in run.levels.columns.items():
        level = carry_between(column)
        rows = np.flatnonzero(np.isfinite(level))
        start = int(rows[0]) if len(rows) else 0
        late = name != "strategy" and start > _first_row(own) and np.isfinite(own[start])
        levels[name] = level * (own[start] / capital) if late else level
    return levels


def divide_levels(run: FinishedRun) -> Ratio | None:
    """Return the strategy divided by its rival over the sessions both have; None where they share fewer than two."""
    rival = rival_of(run)
    if rival is None:
        return None
    own, other = (carry_between(run.levels.columns[name]) for name in ("strategy", rival))
    with np.errstate(divide="ignore", invalid="ignore"):
        values = own / other
    values = np.where(np.isfinite(values), values, np.nan)
    rows = np.flatnonzero(np.isfinite(values))
    if len(rows) < 2:
        return None
    if rows[0] > _first_row(own):
        values = values / values[rows[0]]
    if float(np.abs(values[rows] - 1.0).max()) < _ROUNDING:
        values = np.where(np.isfinite(values), 1.0, np.nan)
    return Ratio(rival, run.levels.dates, np.asarray(values))


def growth_lines(run: FinishedRun, shown: tuple[str, ...]) -> list[Line]:
    """Return the lines of the growth chart; those that are not ``shown`` wait for their button."""
    return [
        Line(portfolio_label(name), level, place, name, shown=name in shown)
        for place, (name, level) in enumerate(growth_levels(run).items())
    ]


def log_at_first(run: FinishedRun) -> bool | None:
    """Tell whether growth opens on a log scale; None where it cannot, for a level that is not above zero."""
    seen = np.concatenate([level[np.isfinite(level)] for level in growth_levels(run).values()])
    if not len(seen) or seen.min() <= 0.0:
        return None
    return run.summary.window.years >= _LOG_FROM_YEARS or bool(seen.max() / seen.min() > _LOG_FROM_RATIO)


def weekly_before(run: FinishedRun) -> np.datetime64 | None:
    """Return before which day the page has weekly levels of all portfolios but the plan, None where all are daily."""
    held = sum(int(np.isfinite(column).sum()) for column in run.levels.columns.values())
    if held <= MOST_LEVELS:
        return None
    last = run.levels.dates[-1].astype("datetime64[D]")
    return np.datetime64(last - np.timedelta64(round(_DAILY_YEARS * CALENDAR_DAYS_PER_YEAR), "D"))


def packed_levels(run: FinishedRun) -> list[PackedSeries]:
    """Return every portfolio's level on its own sessions, or on the last of each week, for the page's script."""
    series, daily = [], weekly_before(run)
    for name, column in run.levels.columns.items():
        held = np.isfinite(column)
        dates, values = run.levels.dates[held], column[held]
        thinned = None if name == "strategy" else daily
        if thinned is not None and len(dates):
            weeks = (dates.astype("datetime64[D]").astype(np.int64) + 3) // 7  # they begin on Mondays
            kept = (dates >= thinned) | np.append(weeks[1:] != weeks[:-1], values=True)
            kept[0] = True
            dates, values = dates[kept], values[kept]
        series.append(PackedSeries(name, portfolio_label(name), dates, values, daily_from=thinned))
    return series


def has_flows(run: FinishedRun) -> bool:
    """Tell whether money was paid in or out after the opening, so that value and growth differ."""
    figures = run.summary.portfolios["strategy"].metrics
    return bool(figures.get("paid_in")) or figures.get("xirr") is not None


def cumulative_contributions(run: FinishedRun) -> FloatArray:
    """Return (T,) the capital and all flows up to each session [currency]."""
    held = np.isfinite(run.equity.columns["strategy"])
    total = np.full(len(held), np.nan)
    total[held] = run.summary.account.capital + np.cumsum(session_flows(run).flows)
    return carry_between(total)


def carry_between(column: FloatArray) -> FloatArray:
    """Return (T,) a portfolio's column, with the last value on dates between its own sessions that others have (S1)."""
    rows = np.flatnonzero(np.isfinite(column))
    if not len(rows):
        return column
    whole = np.arange(rows[0], rows[-1] + 1)
    carried = np.full_like(column, np.nan)
    carried[whole] = column[rows[np.searchsorted(rows, whole, side="right") - 1]]
    return carried


def _first_row(level: FloatArray) -> int:
    rows = np.flatnonzero(np.isfinite(level))
    return int(rows[0]) if len(rows) else 0
