"""Does it hold over any 1, 3, 5 years? Windows that end with every month."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from engine.analysis.breakdown.rolling_windows import RollingFigures
from engine.analysis.breakdown.series_table import SeriesTable
from engine.backtest.finished_run import FinishedRun
from engine.core.arrays import FloatArray
from engine.report import number_format as fmt
from engine.report.charts.packed_data import PackedSeries
from engine.report.charts.time_chart import Line, TimeChart, time_chart
from engine.report.phrases import plural, portfolio_label
from engine.report.run.panel import Panel

_HOW: Final = (
    (
        "A window ends at the last session of a month and begins at the last one by the same calendar day so many "
        "years before, of monthly and quarterly closes by the same month; its growth a year is over the calendar days "
        "between them. There is none before so many years have passed."
    ),
    (
        "Neighbouring windows share nearly all of their sessions, so no interval is claimed. And buy & hold has "
        "drifted since the start of the run: what a new account would have done, the start years tell."
    ),
    (
        "Volatility and Sharpe ratio are of the returns in the window, beta is to the first benchmark that is a "
        "single asset, else to buy & hold. The volatility of 36 monthly returns is the one that the GIPS "
        "standards ask for."
    ),
)


def rolling_panel(run: FinishedRun) -> Panel | None:
    """Return the panel, None where the run is shorter than a year."""
    found, table = run.summary.rolling, run.rolling
    if not found or table is None:
        return None
    monthly = table.columns.get("strategy/3y/monthly_volatility")
    content = {
        "charts": [(plural(one.years, "year"), _chart(one, table)) for one in found] if len(table.dates) > 1 else (),
        "rival": portfolio_label(found[0].rival) if found[0].rival else "",
        "rows": [_row(one, table) for one in found],
        "monthly": "" if monthly is None else _last(monthly),
    }
    return Panel("rolling", "Any years", _title(found), "rolling", _answer(found), content, _HOW, follows=True)


def _title(found: Sequence[RollingFigures]) -> str:
    years = ", ".join(str(one.years) for one in found[:-1])
    last = plural(found[-1].years, "year")
    return f"Does it hold over any {years} or {last}?" if years else f"Does it hold over any {last}?"


def _answer(found: Sequence[RollingFigures]) -> str:
    one = found[-1]
    text = (
        f"Over any {plural(one.years, 'year')} the plan grew by {fmt.percent(one.worst)} (to {one.worst_date}) to "
        f"{fmt.percent(one.best)} a year (to {one.best_date})"
    )
    if one.ahead_share is not None:
        rival = "buy & hold" if one.rival == "buy_and_hold" else portfolio_label(one.rival)
        text += f", more than {rival} in {fmt.percent(one.ahead_share, 1)} of {plural(one.rival_windows, 'window')}"
    return f"{text}; the run holds {one.disjoint:.1f} such windows that do not overlap."


def _chart(one: RollingFigures, table: SeriesTable) -> object:
    lines = []
    for place, name in enumerate(("strategy", one.rival)):
        column = table.columns.get(f"{name}/{one.years}y/cagr")
        if column is not None:
            lines.append(Line(portfolio_label(name), column, place, _series(name, one.years)))
    there = np.any([np.isfinite(line.values) for line in lines], axis=0)
    lines = [replace(line, values=line.values[there]) for line in lines]
    title = f"Growth a year over the {plural(one.years, 'year')} before each month's end"
    key = f"chart-rolling-{one.years}"
    return time_chart(TimeChart(key, title, table.dates[there], lines, "percent", base=0.0))


def _series(name: str, years: int) -> str:
    """Return what the page's script calls a portfolio's windows of so many years: no portfolio is so called."""
    return f"<{years} years> {name}"


def packed_rolling(run: FinishedRun) -> list[PackedSeries]:
    """Return the growth over the windows that are drawn, for the page's script."""
    table, series = run.rolling, []
    if table is None or len(table.dates) < 2:
        return []
    for one in run.summary.rolling or ():
        for name in ("strategy", one.rival):
            column = table.columns.get(f"{name}/{one.years}y/cagr")
            if column is not None:
                label = portfolio_label(name)
                held = np.isfinite(column)
                series.append(PackedSeries(_series(name, one.years), label, table.dates[held], column[held], "number"))
    return series


def _row(one: RollingFigures, table: SeriesTable) -> tuple[str, ...]:
    latest = (
        _last(table.columns.get(f"strategy/{one.years}y/{name}"), style)
        for name, style in (("cagr", "percent"), ("volatility", "percent"), ("sharpe", "ratio"), ("beta", "ratio"))
    )
    return (
        plural(one.years, "year"),
        fmt.count(one.windows),
        fmt.percent(one.worst),
        one.worst_date,
        fmt.percent(one.best),
        one.best_date,
        fmt.percent(one.ahead_share, 1),
        *latest,
    )


def _last(column: FloatArray | None, style: str = "percent") -> str:
    """Return the value of the latest window as text."""
    value = None if column is None or not np.isfinite(column[-1]) else float(column[-1])
    return fmt.metric(value, style)
