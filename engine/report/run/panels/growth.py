"""What became of the money? Growth, and the plan divided by buy and hold: the pictures of the first screen."""

from __future__ import annotations

import numpy as np
from markupsafe import Markup

from engine.backtest.finished_run import FinishedRun
from engine.backtest.session_flows import session_flows
from engine.report import number_format as fmt
from engine.report.charts.controls import period_bar
from engine.report.charts.time_chart import Line, TimeChart, time_chart
from engine.report.phrases import flows_text, portfolio_label
from engine.report.run.first_screen import growth_sentence
from engine.report.run.panel import Panel
from engine.report.run.run_lines import (
    Ratio,
    carry_between,
    cumulative_contributions,
    divide_levels,
    growth_lines,
    has_flows,
    log_at_first,
    rival_of,
    weekly_before,
)

MARKS_SHOWN = 80
"""Sessions with orders up to which each is marked below the ratio."""


def growth_panel(run: FinishedRun) -> Panel:
    """Return the panel."""
    summary, ratio = run.summary, divide_levels(run)
    late = [one for one in summary.portfolios.items() if one[1].start > summary.window.start]
    content = {
        "controls": _controls(run),
        "answer": growth_sentence(run),
        "growth": _growth_chart(run),
        "ratio": _ratio_chart(run, ratio) if ratio else "",
        "value": _value_chart(run) if has_flows(run) else "",
        "flow_note": _flow_note(run),
        "late": [(portfolio_label(name), portfolio.start) for name, portfolio in late],
        "linear": log_at_first(run) is None,
        "daily_from": weekly_before(run) or "",
    }
    return Panel("growth", "Growth", "What became of the money?", "growth", content=content, follows=True)


def _shown(run: FinishedRun) -> tuple[str, ...]:
    return ("strategy", rival_of(run) or "strategy")


def _controls(run: FinishedRun) -> Markup:
    lines = [(line.series, line.label, line.place, line.shown) for line in growth_lines(run, _shown(run))]
    window = run.summary.window
    return period_bar(window.start, window.end, lines, log=log_at_first(run))


def _growth_chart(run: FinishedRun) -> Markup:
    log = bool(log_at_first(run))
    title = f"Growth of {fmt.money(run.summary.account.capital)}{', log scale' if log else ''}"
    lines = growth_lines(run, _shown(run))
    return time_chart(TimeChart("chart-growth", title, run.levels.dates, lines, "money", "growth", "tall", log=log))


def _ratio_chart(run: FinishedRun, ratio: Ratio) -> Markup:
    name = "buy & hold" if ratio.rival == "buy_and_hold" else portfolio_label(ratio.rival)
    trades = sorted({one.date for one in run.trades if one.reason != "opening"})
    return time_chart(
        TimeChart(
            "chart-ratio",
            f"The plan divided by {name}",
            ratio.dates,
            [Line("Ratio", ratio.values, 0, "strategy", over=ratio.rival)],
            "ratio",
            "ratio",
            "tall",
            base=1.0,
            fill=0,
            marked=np.array(trades if len(trades) <= MARKS_SHOWN else [], dtype="datetime64[D]"),
            noted=not ratio.is_flat,
        )
    )


def _value_chart(run: FinishedRun) -> Markup:
    """Return the value of each account beside what was paid in, which no growth is made of."""
    lines = [
        Line(portfolio_label(name), carry_between(run.equity.columns[name]), place)
        for place, name in enumerate(_shown(run))
        if name in run.equity.columns
    ]
    paid = Line("Paid in", cumulative_contributions(run), 2)
    title = "Value of the account, with what was paid in and out"
    return time_chart(TimeChart("chart-value", title, run.equity.dates, [*lines[:2], paid], "money"))


def _flow_note(run: FinishedRun) -> str:
    """Return how value and growth differ when money was paid in or out, and what the money itself earned."""
    if not has_flows(run):
        return ""
    metrics = run.summary.portfolios["strategy"].metrics
    return flows_text(metrics, session_flows(run).flows, run.summary.account.currency)
