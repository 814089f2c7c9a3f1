"""Which years, which months? The return of every portfolio in every calendar year."""

from __future__ import annotations

import numpy as np

from engine.analysis.metrics import period_returns
from engine.backtest.finished_run import FinishedRun
from engine.report import number_format as fmt
from engine.report.run.panel import Panel


def years_panel(run: FinishedRun) -> Panel:
    """Return the panel."""
    summary = run.summary
    content = {"summary": summary, "strategy": summary.portfolios["strategy"], "years": _year_rows(run)}
    return Panel("years", "Years", "Which years, which months?", "years", content=content)


def _year_rows(run: FinishedRun) -> list[tuple[int, str, list[tuple[str, str]]]]:
    """Return every calendar year, the newest first, with the return of each portfolio.

    With each year and each return stands a note of the part it covers, "" for the whole year.
    """
    dates, capital = run.levels.dates, run.summary.account.capital
    returns: list[dict[int, float]] = []
    first_dates: list[str] = []
    for column in run.levels.columns.values():
        held = np.isfinite(column)
        periods, changes = period_returns(np.concatenate([[capital], column[held]]), dates[held], "year")
        returns.append(dict(zip((periods + 1970).tolist(), changes.tolist(), strict=True)))
        first_dates.append(str(dates[held][0]))
    return [
        (
            year,
            _partial_year_note(year, str(dates[0]), str(dates[-1])),
            [
                (fmt.percent(own.get(year)), _partial_year_note(year, first, "9999") if year in own else "")
                for own, first in zip(returns, first_dates, strict=True)
            ],
        )
        for year in sorted({year for own in returns for year in own}, reverse=True)
    ]


def _partial_year_note(year: int, first: str, last: str) -> str:
    """Return which part of ``year`` the sessions from ``first`` to ``last`` cover, "" for all of it."""
    if f"{year}-01-05" < first[:10] and first.startswith(str(year)):
        return f"from {first}"
    return f"to {last}" if last.startswith(str(year)) and last < f"{year}-12-28" else ""
