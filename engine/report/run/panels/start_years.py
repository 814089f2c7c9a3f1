"""Would another start have said the same? A new account from every calendar year."""

from __future__ import annotations

from itertools import takewhile
from typing import Final

from engine.analysis.breakdown.start_years import StartYear, StartYears
from engine.analysis.verdict import confidence_level, write_difference
from engine.backtest.finished_run import FinishedRun
from engine.report import number_format as fmt
from engine.report.charts.bar_chart import bar_chart
from engine.report.charts.mark import Mark
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
    ("A year that leaves less than a year to the end is no start."),
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
    return Panel(
        "starts",
        "Starts",
        _TITLE,
        "start_years",
        _answer(found, confidence),
        content,
        _HOW,
    )


def _answer(found: StartYears, confidence: str) -> str:
    """Return from how many starts the plan was ahead, which intervals leave zero out, and since when it was behind."""
    told = (
        "Bought anew in each year, and beside it a buy & hold bought on the same day, the plan was ahead from "
        f"{found.ahead} of {plural(len(found.starts), 'start')}; the median difference is "
        f"{fmt.percentage_points(found.median)} a year."
    )
    sides = [one.interval for one in found.starts if one.interval]
    above, below = sum(low > 0.0 for low, _ in sides), sum(high < 0.0 for _, high in sides)
    if sides:
        told += (
            f" Of {len(sides)} intervals ({confidence}) {above or 'none'} lay above zero and {below or 'none'} below."
        )
    last = list(takewhile(lambda one: one.difference < 0.0, reversed(found.starts)))
    if 1 < len(last) < len(found.starts):
        told += f" All {len(last)} starts since {last[-1].year} were behind."
    return told


def _bar(one: StartYear) -> Mark:
    low, high = one.interval or (None, None)
    short = one.years < _FEW_YEARS
    note = f"{one.years:.1f} years" + (", too short to say much" if short else "")
    return Mark(str(one.year), one.difference, low, high, hatched=short, note=note)


def _row(one: StartYear) -> tuple[str, str, str, str, str, str]:
    told = write_difference(one.difference, one.interval or (one.difference, one.difference))
    return (
        one.start,
        f"{one.years:.1f}",
        f"{told.difference} pp",
        f"{told.low} to {told.high} pp" if one.interval else fmt.DASH,
        fmt.percent(one.cagr),
        fmt.percent(one.held),
    )
