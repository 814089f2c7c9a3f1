"""The first screen of a run's page: facts, the plan, the verdict, the limits in a line, four figures."""

from __future__ import annotations

from collections.abc import Sequence

from engine.backtest.finished_run import FinishedRun
from engine.core.conventions import CALENDAR_DAYS_PER_YEAR
from engine.report import number_format as fmt
from engine.report.card import Card
from engine.report.charts.interval_chart import interval_cell
from engine.report.charts.mark import Mark, mark_scale
from engine.report.phrases import plural, portfolio_label
from engine.report.run.run_lines import rival_of
from engine.report.run.verdict import describe_difference
from engine.report.run.years_and_falls import deepest_falls

_ROUNDING = 1e-9
"""A ratio that is never further from 1 is 1 throughout."""


def facts_line(run: FinishedRun) -> str:
    """Return the window in a line: dates, sessions, years, currency."""
    window = run.summary.window
    days = plural(round(window.years * CALENDAR_DAYS_PER_YEAR), "day")
    parts = (
        f"{window.start} to {window.end}",
        plural(window.sessions, "session"),
        f"{window.years:.1f} years" if window.years >= 1.0 else days,
        run.summary.account.currency,
    )
    return " · ".join(parts)


def cards(run: FinishedRun) -> Sequence[Card]:
    """Return the four figures to look at first."""
    return (_growth(run), _fall(run), _difference(run), _costs(run))


def _growth(run: FinishedRun) -> Card:
    """Return growth a year, under a year the total return: part years are not annualised."""
    yearly = run.summary.window.years >= 1.0
    key, title = ("cagr", "Growth a year") if yearly else ("total_return", "Total return")
    rival = rival_of(run)
    mine, theirs = (
        fmt.percent(run.summary.portfolios[name].metrics.get(key)) if name else "" for name in ("strategy", rival)
    )
    note = f"{_name(rival)} {theirs}{_since(run, rival)}" if rival else ""
    return Card(title, mine, "; ".join(one for one in (note, _sold(run, rival) if yearly else "") if one))


def _sold(run: FinishedRun, rival: str | None) -> str:
    """Return growth a year after the tax of selling everything, "" without tax."""
    found = (run.summary.portfolios[name].after_tax for name in ("strategy", rival) if name)
    growths = [fmt.percent(one.sold.cagr) for one in found if one is not None]
    return f"all sold {' and '.join(growths)}" if growths else ""


def _fall(run: FinishedRun) -> Card:
    """Return the deepest fall, with the months of the high before it, of its low and of the recovery."""
    deepest = run.summary.portfolios["strategy"].metrics.get("max_drawdown")
    return Card("Worst fall", fmt.percent(deepest), _fall_span(run))


def _fall_span(run: FinishedRun) -> str:
    """Return from which month to which the deepest fall went, and when it was made good."""
    falls = deepest_falls(run)
    if not falls:
        return "never below its high"
    worst = falls[0]
    end = f"made good {worst.recovery[:7]}" if worst.recovery else "not made good"
    return f"{worst.peak[:7]} to {worst.trough[:7]}, {end}"


def _difference(run: FinishedRun) -> Card:
    """Return the difference of growth a year with its interval; without anything beside it, volatility."""
    rival = rival_of(run)
    if rival is None:
        volatility = run.summary.portfolios["strategy"].metrics.get("volatility")
        return Card("Volatility a year", fmt.percent(volatility), "how widely returns spread")
    versus = run.summary.versus[rival]
    if versus.years < 1.0 and versus.total_return is not None and versus.other_total_return is not None:
        points = fmt.percentage_points(versus.total_return - versus.other_total_return)
        return Card("Difference", points, f"to {_name(rival)}, in {fmt.count(versus.sessions)} sessions")
    told = describe_difference(versus)
    low, high = versus.cagr_difference_interval or (None, None)
    mark = Mark("", versus.cagr_difference, low, high)
    drawn = None if versus.cagr_difference is None or told.is_zero else interval_cell(mark, mark_scale([mark]))
    note = told.interval if low is not None else told.words
    if versus.after_tax is not None:
        note += f"; all sold {fmt.percentage_points(versus.after_tax.sold)}"
    return Card("Difference a year", told.difference, note, drawn)


def _costs(run: FinishedRun) -> Card:
    """Return what trading cost, and how much of it was the opening's; yearly fees are no part of that."""
    currency, own = run.summary.account.currency, run.summary.portfolios["strategy"]
    costs, fees = own.metrics.get("costs"), own.yearly_fees
    first = run.summary.window.start
    opening = sum(trade.cost for trade in run.trades if trade.date == first)
    if costs is None:
        return Card("What trading cost", fmt.DASH, "")
    if fees:
        costs -= fees
    note = f"{_short(opening)} opening, {_short(costs - opening)} since" if opening > 0.0 else ""
    note = note if costs else "orders cost nothing"
    if fees:
        note += f"; and {_short(fees)} yearly fees"
    if own.tax is not None:
        note += f"; and {_short(own.tax.paid + own.tax.outside)} tax"
    return Card("What trading cost", f"{_short(costs)} {currency}", note)


def _short(amount: float) -> str:
    """Return an amount without cents, unless it is so small that they matter."""
    return f"{amount + 0.0:,.0f}" if abs(amount) >= 10.0 else fmt.money(amount)


def _name(rival: str | None) -> str:
    return "buy and hold" if rival == "buy_and_hold" else portfolio_label(rival or "")


def _since(run: FinishedRun, rival: str) -> str:
    start = run.summary.portfolios[rival].start
    return f" since {start}" if start > run.summary.window.start else ""


def _flows(run: FinishedRun) -> str:
    """Return what was paid in or withdrawn after the opening, in words; "" where nothing was."""
    paid = run.summary.portfolios["strategy"].metrics.get("paid_in")
    if not paid:
        return ""
    return f" and {fmt.money(paid)} paid in since" if paid > 0.0 else f" less {fmt.money(-paid)} withdrawn since"


def growth_sentence(run: FinishedRun) -> str:
    """Return what the capital became, and how the plan stood to its rival over time."""
    summary, currency = run.summary, run.summary.account.currency
    rival, ratio = rival_of(run), run.summary.ratio
    end = summary.portfolios["strategy"].metrics.get("final_value")
    told = f"{fmt.money(summary.account.capital)} {currency}{_flows(run)} became {fmt.money(end)} {currency}"
    if rival and summary.portfolios[rival].start == summary.window.start:
        told += f", {_name(rival)}'s {fmt.money(summary.portfolios[rival].metrics.get('final_value'))}"
    if ratio is None:
        return f"{told}."
    if max(abs(ratio.lowest - 1.0), abs(ratio.highest - 1.0)) < _ROUNDING:
        return f"{told}. The plan and {_name(ratio.rival)} were equal at every close."
    return (
        f"{told}. Divided by {_name(ratio.rival)} the plan ended at {ratio.last:.3f}: "
        f"lowest {ratio.lowest:.3f} on {ratio.lowest_date}, "
        f"highest {ratio.highest:.3f} on {ratio.highest_date}, "
        f"above 1 at {fmt.percent(ratio.share_above_one, 1)} of closes."
    )
