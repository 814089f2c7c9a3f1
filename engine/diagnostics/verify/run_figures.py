"""The figures in a run's ``summary.json`` computed anew from the levels and values beside it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import numpy as np

from engine.backtest.finished_run import FinishedRun
from engine.backtest.run_summary import PortfolioSummary
from engine.core.arrays import DateArray, FloatArray
from engine.core.conventions import PERIODS_PER_YEAR
from engine.core.json_files import Json
from engine.diagnostics.verify.figures import FigureGroup, ReferenceFigure
from engine.diagnostics.verify.level_metrics import (
    annual_growth,
    days_between,
    deviation,
    level_metrics,
    level_returns,
)
from engine.diagnostics.verify.run_replay import ReplayedRun

_FIGURES = FigureGroup("figures", "levels.parquet and equity.parquet, beside the portfolios of summary.json")
_DIFFERENCES = FigureGroup("differences", "levels.parquet over common sessions, beside summary.json's versus")


def recompute_figures(run: FinishedRun) -> Iterator[ReferenceFigure]:
    """Yield every figure of ``summary.json`` that the other files determine."""
    replayed = ReplayedRun(run)
    for name, summary in run.summary.portfolios.items():
        yield from _portfolio(replayed, name, summary)
    written = run.summary.to_plain()["versus"]
    for name, versus in written.items() if isinstance(written, dict) else ():
        if isinstance(versus, dict):
            yield from _versus(replayed, name, versus)


def _portfolio(replayed: ReplayedRun, name: str, summary: PortfolioSummary) -> Iterator[ReferenceFigure]:
    dates, value = replayed.series("equity", name)
    level_dates, level = replayed.series("levels", name)
    yield _FIGURES.figure(f"{name}: start", summary.start, str(dates[0]))
    yield _FIGURES.figure(f"{name}: end", summary.end, str(dates[-1]))
    yield _FIGURES.figure(f"{name}: sessions", summary.sessions, len(dates))
    if not np.array_equal(dates, level_dates):  # which the levels say
        return
    capital = replayed.run.summary.account.capital
    periods = PERIODS_PER_YEAR[summary.frequency or "daily"]
    found = level_metrics(np.concatenate([[capital], level]), dates, periods, replayed.risk_free)
    for key, figure in {"final_value": float(value[-1]), **found}.items():
        if key in summary.metrics:
            yield _FIGURES.compare(f"{name}: {key}", summary.metrics[key], figure)
    yield from _flows(replayed, name, summary, float(value[-1]), dates)


def _flows(
    replayed: ReplayedRun, name: str, summary: PortfolioSummary, final: float, dates: DateArray
) -> Iterator[ReferenceFigure]:
    """Yield what was paid in, where known, and that at the XIRR all flows are worth nothing, of all that was paid."""
    flows = replayed.flows_of(name, dates)
    if flows is None:
        return
    yield _FIGURES.compare(f"{name}: paid_in", summary.metrics.get("paid_in"), float(flows.sum()))
    rate = summary.metrics.get("xirr")
    if rate is None or (summary.tax is not None and summary.tax.outside):  # on days that the files do not tell
        return
    flows[0] += replayed.run.summary.account.capital
    years = (dates - dates[0]) / np.timedelta64(365, "D")
    worth = np.append(flows * np.power(1.0 + rate, -years), -final * math.pow(1.0 + rate, -float(years[-1])))
    yield _FIGURES.figure(f"{name}: worth of all flows at xirr", 0.0, float(worth.sum() / np.abs(worth).sum()))


def _versus(replayed: ReplayedRun, name: str, versus: Mapping[str, Json]) -> Iterator[ReferenceFigure]:
    """Yield the differences to a portfolio, if its sessions are of the same frequency."""
    if not replayed.has_frequency_of(name):
        return
    dates, pair = common_levels(replayed, name)
    yield _DIFFERENCES.compare(f"{name}: start", versus["start"], str(dates[0]) if len(dates) else "")
    yield _DIFFERENCES.compare(f"{name}: sessions", versus["sessions"], len(dates))
    growth, other_growth = (annual_growth(level, days_between(dates)) for level in pair)
    gap = None if growth is None or other_growth is None else growth - other_growth
    yield _DIFFERENCES.compare(f"{name}: cagr_difference", versus["cagr_difference"], gap)
    parts = versus.get("parts")
    if isinstance(parts, dict):
        total = math.fsum(part for part in parts.values() if isinstance(part, float | int))
        yield _DIFFERENCES.compare(f"{name}: sum of parts", versus["cagr_difference"], total, 1e-12)
    returns, others = (level_returns(level[-len(dates) :]) for level in pair)
    periods = PERIODS_PER_YEAR[replayed.run.summary.portfolios[name].frequency or "daily"]
    for key, figure in _relative(returns, others, periods).items():
        yield _DIFFERENCES.compare(f"{name}: {key}", versus[key], figure)


def common_levels(replayed: ReplayedRun, name: str) -> tuple[DateArray, tuple[FloatArray, FloatArray]]:
    """Return the sessions that the strategy shares with a portfolio and both levels, from the capital if both open."""
    (dates, level), (other_dates, other) = (replayed.series("levels", one) for one in ("strategy", name))
    both, rows, other_rows = np.intersect1d(dates, other_dates, assume_unique=True, return_indices=True)
    if len(both) and not (rows[0] or other_rows[0]):
        capital = replayed.run.summary.account.capital
        return both, (np.append(capital, level[rows]), np.append(capital, other[other_rows]))
    return both, (level[rows], other[other_rows])


def _relative(returns: FloatArray, others: FloatArray, periods: float) -> dict[str, float | None]:
    gaps = returns - others
    spread, mine, theirs = deviation(gaps), deviation(returns), deviation(others)
    product = float(np.mean((returns - returns.mean()) * (others - others.mean()))) if len(returns) > 1 else 0.0
    covariance = product * len(returns) / (len(returns) - 1) if len(returns) > 1 else 0.0
    return {
        "tracking_error": float(np.std(gaps, ddof=1)) * math.sqrt(periods) if len(gaps) > 1 else None,
        "information_ratio": float(gaps.mean()) / spread * math.sqrt(periods) if spread else None,
        "beta": covariance / theirs**2 if theirs else None,
        "correlation": covariance / (mine * theirs) if mine and theirs else None,
    }
