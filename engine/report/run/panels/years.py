"""Which years, which months? The return of every portfolio by calendar year, and of two of them by month."""

from __future__ import annotations

from typing import Final

from engine.analysis.breakdown.calendar_months import MonthFigures
from engine.analysis.breakdown.calendar_years import YearReturns
from engine.backtest.finished_run import FinishedRun
from engine.report import number_format as fmt
from engine.report.charts.bar_chart import cell_bar
from engine.report.phrases import plural
from engine.report.run.month_tables import month_tables
from engine.report.run.panel import Panel
from engine.report.run.run_lines import rival_of
from engine.report.run.years_and_falls import difference, year_returns

_TITLE: Final = "Which years, which months?"
_HOW: Final = (
    (
        "The last close of a period over the last close of the one before, less 1; the first is from the capital "
        "on, with the opening's costs in it. Money paid in or out is no return. The months of a year multiply to "
        "the year."
    ),
    "A part of a year or month is not made into a whole one.",
)


def years_panel(run: FinishedRun) -> Panel:
    """Return the panel."""
    summary, rival = run.summary, rival_of(run)
    years = year_returns(run)
    differences = [difference(one, rival) for one in years]
    longest = max((abs(one) for one in differences if one is not None), default=0.0)
    content = {
        "summary": summary,
        "strategy": summary.portfolios["strategy"],
        "rival": rival,
        "years": [
            (
                *_year_row(run, one, (years[0].start, years[-1].end)),
                fmt.percentage_points(difference),
                cell_bar(difference, longest),
            )
            for one, difference in zip(reversed(years), reversed(differences), strict=True)
        ],
        "months": month_tables(run, years, rival) if run.months else (),
    }
    return Panel("years", "Years", _TITLE, "years", _answer(years, summary.months), content, _HOW)


def _answer(years: tuple[YearReturns, ...], months: MonthFigures | None) -> str:
    if months is None or months.count < 2:
        return ""
    known = [(one.returns["strategy"], one.year) for one in years]
    returns = [(own, year) for own, year in known if own is not None]
    best, worst = max(returns), min(returns)
    ahead = f" and {fmt.percent(months.ahead_share, 1)} were ahead of the rival's" if months.rival else ""
    if months.rival == "buy_and_hold":
        ahead = ahead.replace("the rival's", "buy & hold's")
    said = f"{fmt.percent(months.positive_share, 1)} of {plural(months.count, 'month')} were above zero{ahead}."
    if len(returns) == 1:
        return said
    return (
        f"The best year was {best[1]} with {fmt.percent(best[0])}, the worst {worst[1]} with "
        f"{fmt.percent(worst[0])}; {said}"
    )


def _year_row(run: FinishedRun, one: YearReturns, window: tuple[str, str]) -> tuple[int, str, list[tuple[str, str]]]:
    """Return a year, which part of it there is, and each return with a note of the part it covers."""
    cells = [
        (fmt.percent(own), "" if own is None else _partial_year_note(one.year, portfolio.start, "9999"))
        for name, portfolio in run.summary.portfolios.items()
        for own in [one.returns.get(name)]
    ]
    return one.year, _partial_year_note(one.year, *window), cells


def _partial_year_note(year: int, first: str, last: str) -> str:
    """Return which part of ``year`` the sessions from ``first`` to ``last`` cover, "" for all of it."""
    if f"{year}-01-05" < first[:10] and first.startswith(str(year)):
        return f"from {first}"
    return f"to {last}" if last.startswith(str(year)) and last < f"{year}-12-28" else ""
