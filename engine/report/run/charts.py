"""The data of a run's charts, as JSON for the page's own script to draw."""

from __future__ import annotations

import numpy as np

from engine.backtest.finished_run import FinishedRun
from engine.backtest.session_flows import session_flows
from engine.core.arrays import DateArray, FloatArray
from engine.report.chart_data import escape_chart_text, rounded_numbers, script_safe_json
from engine.report.phrases import portfolio_label


def run_chart_json(run: FinishedRun) -> str:
    """Return the data of all charts."""
    levels, equity = run.levels, run.equity
    capital = run.summary.account.capital
    portfolios = [
        {
            "name": escape_chart_text(portfolio_label(name)),
            "level": rounded_numbers(carry_between(level)),
            "value": rounded_numbers(carry_between(equity.columns[name]))
            if name in equity.columns and has_flows(run)
            else None,
        }
        for name, level in levels.columns.items()
    ]
    data = {
        "dates": _date_texts(levels.dates),
        "capital": capital,
        "currency": escape_chart_text(run.summary.account.currency),
        "portfolios": portfolios,
        "paid": rounded_numbers(cumulative_contributions(run)) if has_flows(run) else None,
        "weights": _weight_data(run),
    }
    return script_safe_json(data)


def _weight_data(run: FinishedRun) -> dict[str, object]:
    caps = {ticker: peak.cap for ticker, peak in run.summary.portfolios["strategy"].max_weight.items()}

    def order(name: str) -> tuple[bool, bool, float]:  # the core at the bottom, its largest first; cash on top
        return name == "cash", name in caps, -float(run.weights.columns[name].mean())

    return {
        "dates": _date_texts(run.weights.dates) if len(run.weights.dates) != len(run.levels.dates) else None,
        "assets": [
            {
                "name": escape_chart_text(name),
                "title": name,
                "weight": rounded_numbers(column, 5),
                "cap": caps.get(name),
                "cash": name == "cash",
            }
            for name, column in sorted(run.weights.columns.items(), key=lambda item: order(item[0]))
            if name != "cash" or bool((np.abs(column) > 1e-6).any())  # rounding dust needs no colour
        ],
    }


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


def _date_texts(dates: DateArray) -> list[str]:
    return [str(date) for date in dates.astype("datetime64[D]").astype(str).tolist()]
