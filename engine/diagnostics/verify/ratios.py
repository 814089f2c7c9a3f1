"""Metrics of short return series, as other libraries' tests and closed forms give them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from engine.analysis import metrics
from engine.core.arrays import FloatArray
from engine.diagnostics.verify.figures import FigureGroup, ReferenceFigure

MIXED: Final = np.array([np.nan, 1.0, 10.0, -4.0, 2.0, 3.0, 2.0, 1.0, -10.0]) / 100.0
FALLING: Final = np.array([0.0, -6.0, -7.0, -1.0, -9.0, -2.0, -6.0, -8.0, -5.0]) / 100.0
RISING: Final = np.array([1.0, 2.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]) / 100.0
MONTHLY: Final = np.array([0.0, 1.0, 10.0, -4.0, 2.0, 3.0, 2.0, 1.0, -10.0]) / 100.0
YEARLY: Final = np.array([0.259, 0.198, 0.364, -0.081, 0.057, 0.055, 0.188, 0.317, 0.24, 0.184, -0.01, 0.526])
_EIGHT: Final = np.array([0.17, 0.15, 0.23, -0.05, 0.12, 0.09, 0.13, -0.04])
_TWELVE: Final = np.array([0.0089, 0.0012, -0.002, 0.01, -0.0002, 0.02, 0.03, 0.01, -0.003, 0.01, 0.0102, -0.01])


def series_figures() -> Iterator[ReferenceFigure]:
    """Yield returns, volatilities and ratios of six series."""
    origin = FigureGroup("metrics of series", "empyrical tests/test_stats.py")
    yield origin.figure("mixed, cumulative", 0.0389310917, metrics.total_return(_level(MIXED)))
    yield origin.figure("mixed, max drawdown", -0.1, metrics.max_drawdown(_level(MIXED)))
    yield origin.figure("mixed, volatility", 0.9136465399704637, metrics.volatility(MIXED), 1e-12)
    yield origin.figure("mixed, Sharpe", 1.7238613961706866, metrics.sharpe(MIXED), 1e-12)
    yield origin.figure("mixed, Sortino", 2.605531251673693, metrics.sortino(MIXED), 1e-12)
    yield origin.figure("mixed, downside risk", 0.6044832503882965, metrics.downside_deviation(MIXED), 1e-12)
    eight_days = metrics.annual_return_by_count(MIXED)
    yield origin.figure("mixed, annual return of eight days", 2.3302927973, eight_days, 1e-10)
    yield origin.figure("falling, cumulative", -0.36590, metrics.total_return(_level(FALLING)), 1e-5)
    yield origin.figure("falling, Sharpe", -24.406808633910085, metrics.sharpe(FALLING), 1e-12)
    yield origin.figure("falling, Sortino", -13.532743075043401, metrics.sortino(FALLING), 1e-12)
    yield origin.figure("rising, Sharpe", 52.915026221291804, metrics.sharpe(RISING), 1e-12)
    yield origin.figure("rising, max drawdown", 0.0, metrics.max_drawdown(_level(RISING)))
    growth = metrics.annual_return_by_count(MONTHLY, 12)
    yield origin.figure("monthly, annual return", 0.052242061386048144, growth, 1e-12)
    yield origin.figure("monthly, volatility", 0.18663690238892558, metrics.volatility(MONTHLY, 12), 1e-12)
    deepest = metrics.max_drawdown(_level(MONTHLY))
    yield origin.figure("monthly, Calmar", 0.52242061386048144, metrics.calmar(growth, deepest), 1e-12)
    origin = FigureGroup("ratios of series", "pypbo tests/test_metrics.py")
    yield origin.figure("yearly, Sharpe at 5 %", 0.834364, metrics.sharpe(YEARLY, 0.05, 1), 5e-7)
    yield origin.figure("eight years, Sortino", 4.417261, metrics.sortino(_EIGHT, 0.0, 1), 5e-7)
    yield origin.figure("twelve months, Omega at 1 %", 0.463901689, metrics.omega(_TWELVE, 0.01), 1e-9)


def level_figures() -> Iterator[ReferenceFigure]:
    """Yield drawdowns from the first level on, and growth rates by days and by count."""
    origin = FigureGroup("metrics of levels", "pyfolio 179, quantstats 302, 458 and 541, PyPortfolioOpt 220")
    for levels, deepest in (
        ((1.0, 0.9, 0.75), -0.25),
        ((5000.0, 5100.0, 4900.0, 5200.0, 4800.0, 5050.0), -0.076923077),
        ((50.0, 55.0, 52.0, 60.0, 54.0, 58.0), -0.1),
    ):
        yield origin.figure(f"drawdown from {levels[0]:g}", deepest, metrics.max_drawdown(np.array(levels)))
    weekly = np.full(26, 0.006)
    yield origin.figure("26 weeks, total", 0.168281497634, metrics.total_return(_level(weekly)), 1e-11)
    yield origin.figure("26 weeks, by count", 0.364881657713, metrics.annual_return_by_count(weekly, 52), 1e-11)
    by_days = metrics.cagr(_level(weekly), 175.0)
    shorter = None if by_days is None else (1.0 + by_days) ** (365.0 / 365.25) - 1.0
    yield origin.figure("26 weeks, by days", 0.383199371847, shorter, 1e-10)
    months = np.arange(25)
    value = 0.5 * 1.1**months + 0.5 * 1.01**months
    held = metrics.annual_return_by_count(value[1:] / value[:-1] - 1.0, 12)
    yield origin.figure("a held mix", 1.357908747634, held, 1e-11)


def _level(returns: FloatArray) -> FloatArray:
    return np.concatenate([[1.0], np.cumprod(1.0 + returns[np.isfinite(returns)])])
