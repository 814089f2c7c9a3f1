"""What did trading cost? Orders, turnover and costs by year."""

from __future__ import annotations

from math import fsum
from typing import Final

from engine.analysis.breakdown.calendar_years import AccountYear
from engine.backtest.finished_run import FinishedRun
from engine.report import number_format as fmt
from engine.report.phrases import plural
from engine.report.run.panel import Panel

_WHOLE_YEAR: Final = 1.0

_HOW: Final = (
    (
        "Traded one way: half of all that was bought and sold, without the opening and payouts; turnover is that over "
        "the mean of the year's closes. Costs are everything paid for orders, the opening's among them, and the "
        "yearly fee."
    ),
    "The last row has the figures of the whole run; its turnover is a year's on average, a shorter run's whole.",
)


def costs_panel(run: FinishedRun) -> Panel | None:
    """Return the panel, None where nothing was traded after the opening and nothing paid."""
    years, summary = run.summary.account_by_year, run.summary
    if not years or not any(one.traded or one.costs for one in years):
        return None
    metrics, currency = summary.portfolios["strategy"].metrics, summary.account.currency
    whole = (
        "All",
        fmt.count(metrics.get("rebalances")),
        fmt.count(metrics.get("trades")),
        fmt.money(fsum(one.traded for one in years)),
        _turnover(run),
        fmt.cents(metrics.get("costs")),
        "",
    )
    content = {"rows": [_row(one) for one in reversed(years)], "whole": whole, "currency": currency}
    return Panel("costs", "Costs", "What did trading cost?", "costs", _answer(run, years), content, _HOW)


def _answer(run: FinishedRun, years: tuple[AccountYear, ...]) -> str:
    metrics, currency = run.summary.portfolios["strategy"].metrics, run.summary.account.currency
    dearest = max(years, key=lambda one: one.costs)
    costs, fees = metrics.get("costs"), run.summary.portfolios["strategy"].yearly_fees
    paid = f"{fmt.money(costs if costs is None or fees is None else costs - fees)} {currency}"
    text = f"{plural(int(metrics.get('trades') or 0), 'order')} cost {paid}"
    text += " in all" if fees is None else f", yearly fees were {fmt.money(fees)} {currency}"
    if sum(one.costs > 0.0 for one in years) > 1:
        text += f", most of all in {dearest.year}, {fmt.money(dearest.costs)} {currency}"
    traded = _turnover(run)
    a_year = " a year" if run.summary.window.years >= _WHOLE_YEAR else ""
    return f"{text}; {traded} of the account was traded{a_year}." if traded != fmt.DASH else f"{text}."


def _turnover(run: FinishedRun) -> str:
    """Return the turnover of a year on average; that of a shorter run is not annualised."""
    turnover, years = run.summary.portfolios["strategy"].metrics.get("turnover"), run.summary.window.years
    return fmt.percent(turnover if turnover is None else turnover * min(years, _WHOLE_YEAR))


def _row(one: AccountYear) -> tuple[str, ...]:
    points = 1e4 * one.costs / one.mean_value if one.mean_value > 0.0 else None
    return (
        str(one.year),
        fmt.count(one.rebalances),
        fmt.count(one.orders),
        fmt.money(one.traded),
        fmt.percent(one.turnover),
        fmt.cents(one.costs),
        fmt.cents(points),
    )
