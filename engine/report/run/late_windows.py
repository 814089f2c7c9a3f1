"""The plan's figures over the shorter window of a portfolio that begins later: what can be set beside its own."""

from __future__ import annotations

import math

import numpy as np

from engine.analysis import metrics as m
from engine.analysis.return_statistics import ReturnStatistics
from engine.backtest.finished_run import FinishedRun
from engine.core.conventions import PERIODS_PER_YEAR
from engine.report.run.run_lines import carry_between


def late_figures(run: FinishedRun) -> dict[str, dict[str, float | None]]:
    """Return for each portfolio that begins after the strategy the strategy's figures from its first close on.

    Only those that follow from the level are there; none that a risk-free rate enters that the folder does not hold.
    """
    summary = run.summary
    own = run.levels.columns["strategy"]
    held = np.isfinite(own)
    level, dates = own[held], run.levels.dates[held]
    periods = PERIODS_PER_YEAR[summary.portfolios["strategy"].frequency or "daily"]
    rate = run.section("compare").get("risk_free", 0.0)
    found = {}
    for name, portfolio in summary.portfolios.items():
        if portfolio.start <= summary.window.start or name not in run.levels.columns:
            continue
        theirs = run.levels.dates[np.isfinite(carry_between(run.levels.columns[name]))]
        row = int(np.searchsorted(dates, theirs[0])) if len(theirs) else len(dates)
        if row > len(dates) - 2:
            continue
        window = np.ascontiguousarray(level[row:])
        statistics = ReturnStatistics.from_series(window[1:] / window[:-1] - 1.0)
        days = float((dates[-1] - dates[row]).item().days)
        sums = m.level_sums(window)
        found[name] = {
            "total_return": m.total_return(window),
            "cagr": m.cagr(window, days) if days >= 365.0 else None,
            "volatility": statistics.volatility(periods),
            "max_drawdown": sums.deepest,
            "ulcer": math.sqrt(sums.mean_square),
        }
        if isinstance(rate, float | int):
            free = float(m.rate_per_session(float(rate), periods))
            excess = ReturnStatistics.from_series(statistics.returns, free)
            found[name] |= {"sharpe": excess.sharpe(periods), "sortino": excess.sortino(periods)}
    return found
