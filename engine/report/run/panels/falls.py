"""How deep, how long? The deepest falls, from high to recovery."""

from __future__ import annotations

from typing import Final

import numpy as np

from engine.analysis.breakdown.falls import Fall, Falls, drawdowns
from engine.backtest.finished_run import FinishedRun
from engine.core.arrays import FloatArray
from engine.core.conventions import CALENDAR_DAYS_PER_YEAR
from engine.report import number_format as fmt
from engine.report.charts.time_chart import Line, TimeChart, time_chart
from engine.report.phrases import plural, portfolio_label
from engine.report.run.panel import Panel
from engine.report.run.run_lines import carry_between

_TITLE: Final = "How deep, how long?"
NUMBERED: Final = 5
"""Deepest falls whose numbers stand in the picture."""
_HOW: Final = (
    (
        "A fall begins at the last session at a high, the capital being the first high, and ends with the first "
        "close that is as high again. Its depth is that of the deepest close; days are calendar days."
    ),
    (
        "Other programs begin a session later, or end a session earlier; depths are the same. Money paid in or "
        "out is no rise or fall."
    ),
)


def falls_panel(run: FinishedRun) -> Panel | None:
    """Return the panel, None without figures."""
    found = run.summary.falls
    if found is None:
        return None
    content = {
        "chart": _chart(run, found) if len(run.levels.dates) > 1 else "",
        "rival": portfolio_label(found.rival) if found.rival else "",
        "rows": [_row(place, one) for place, one in enumerate(found.deepest, 1)],
    }
    return Panel("falls", "Falls", _TITLE, "falls", _answer(found), content, _HOW, follows=True)


def _answer(found: Falls) -> str:
    if not found.deepest:
        return "The plan was never below its high."
    worst = found.deepest[0]
    end = f"made good on {worst.recovery}" if worst.recovery else "not made good by the end"
    now = f"at the end it was {fmt.percent(-found.current)} below" if found.current < 0.0 else "it ended at its high"
    return (
        f"The plan fell deepest by {fmt.percent(-worst.depth)}, from {worst.peak} to {worst.trough}, {end}, "
        f"{_duration(worst.days)} after the high; it stood below a high at {fmt.percent(found.share_below_high, 1)} "
        f"of all closes, in {plural(found.episodes, 'fall')}, and {now}."
    )


def _duration(days: int) -> str:
    if days < CALENDAR_DAYS_PER_YEAR:
        return plural(days, "day")
    return f"{plural(days, 'day')} ({days / CALENDAR_DAYS_PER_YEAR:.1f} years)"


def _chart(run: FinishedRun, found: Falls) -> object:
    lines = [
        Line(portfolio_label(name), _below(run, column), place, name, shown=name in {"strategy", found.rival})
        for place, (name, column) in enumerate(run.levels.columns.items())
    ]
    troughs = np.array([one.trough for one in found.deepest], dtype="datetime64[D]")
    title = "Distance from the highest close before"
    chart = TimeChart(
        "chart-falls",
        title,
        run.levels.dates,
        lines,
        "percent",
        "fall",
        base=0.0,
        fill=0,
        marked=troughs,
        numbered=[(date, str(place)) for place, date in enumerate(troughs[:NUMBERED], 1)],
    )
    return time_chart(chart)


def _below(run: FinishedRun, column: FloatArray) -> FloatArray:
    """Return (T,) how far a portfolio's level is below its high, which is the capital at first."""
    held = np.isfinite(column)
    found = np.full(len(column), np.nan)
    found[held] = drawdowns(np.concatenate([[run.summary.account.capital], column[held]]))[1:]
    return carry_between(found)


def _row(place: int, one: Fall) -> tuple[str, ...]:
    return (
        str(place),
        one.peak,
        one.trough,
        one.recovery or "not yet",
        fmt.percent(one.depth),
        fmt.percent(one.rival_return),
        fmt.count(one.days_down),
        fmt.DASH if one.days_up is None else fmt.count(one.days_up),
        fmt.count(one.days),
    )
