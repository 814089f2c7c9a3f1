"""Would another start have said the same? A new account from every calendar year."""

from __future__ import annotations

from typing import Final

from engine.analysis.breakdown.start_years import StartYear
from engine.analysis.verdict import confidence_level
from engine.backtest.finished_run import FinishedRun
from engine.report import number_format as fmt
from engine.report.charts.bar_chart import Bar, bar_chart
from engine.report.phrases import plural
from engine.report.run.panel import Panel

_TITLE: Final = "Would another start have said the same?"
_FEW_YEARS: Final = 3.0
"""Years below which a start says little: its bar is hatched."""
_HOW: Final = (
    (
        "A new account with the capital of the plan opens at the first session of each calendar year that leaves "
        "a year before the end, and so does its own buy & hold. Nothing is cut out of one run: there buy & hold "
        "has drifted since the first start."
    ),
    (
        "The interval is drawn as that of the whole run. All starts share their last years, so they are far fewer "
        "observations than their number."
    ),
)


def start_years_panel(run: FinishedRun) -> Panel | None:
    """Return the panel, None without figures."""
    found = run.summary.start_years
    if found is None or not (found.starts or found.missing):
        return None
    if found.missing:
        return Panel("starts", "Starts", _TITLE, "start_years", f"Not asked: {found.missing}.", {"rows": ()})
    confidence = fmt.short_percent(confidence_level(run.config))
    bars = [_bar(one) for one in found.starts]
    content = {
        "rows": [_row(one) for one in reversed(found.starts)],
        "confidence": confidence,
        "chart": bar_chart(
            "chart-starts", f"Plan minus buy & hold a year, with {confidence} intervals", bars, "points"
        ),
        "few": sum(one.years < _FEW_YEARS for one in found.starts),
        "left_out": plural(found.left_out, "year") if found.left_out else "",
    }
    answer = (
        f"Begun anew in each year, the plan was ahead of its own buy & hold from {found.ahead} of "
        f"{plural(len(found.starts), 'start')}; the median difference is {fmt.percentage_points(found.median)} a year."
    )
    return Panel(
        "starts",
        "Starts",
        _TITLE,
        "start_years",
        answer,
        content,
        _HOW,
    )


def _bar(one: StartYear) -> Bar:
    low, high = one.interval or (None, None)
    short = one.years < _FEW_YEARS
    note = f"{one.years:.1f} years" + (", too short to say much" if short else "")
    return Bar(str(one.year), one.difference, low, high, hatched=short, note=note)


def _row(one: StartYear) -> tuple[str, str, str, str, str, str]:
    low, high = one.interval or (None, None)
    interval = fmt.DASH if low is None else f"{fmt.percentage_points(low)} to {fmt.percentage_points(high)}"
    return (
        one.start,
        f"{one.years:.1f}",
        fmt.percentage_points(one.difference),
        interval,
        fmt.percent(one.cagr),
        fmt.percent(one.held),
    )
