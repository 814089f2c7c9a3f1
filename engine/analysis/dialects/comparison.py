"""A run's figures beside those of another tool's formulas: figure, here, there, because."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from engine.analysis.dialects import empyrical, ffn, lean, portfolio_visualizer, quantstats, vectorbt
from engine.analysis.dialects.reasons import Reason
from engine.analysis.dialects.series import DialectFigure, DialectSeries
from engine.core.arrays import finite_or_none

_EQUAL: Final = 1e-9
"""Relative; a difference below it is rounding."""


@dataclass(frozen=True)
class Dialect:
    """Another tool's formulas, true for its ``version``; a figure that is not among them it does not have."""

    name: str
    version: str
    figures: Mapping[str, DialectFigure]


@dataclass(frozen=True)
class DialectRow:
    """A figure ``here`` and ``there``, each None where it does not exist, and why they differ."""

    figure: str
    title: str
    style: str
    style_there: str
    here: float | None
    there: float | None
    reason: Reason


DIALECTS: Final[Mapping[str, Dialect]] = {
    one.name: one
    for one in (
        Dialect("quantstats", quantstats.VERSION, quantstats.FIGURES),
        Dialect("ffn", ffn.VERSION, ffn.FIGURES),
        Dialect("empyrical", empyrical.VERSION, empyrical.FIGURES),
        Dialect("vectorbt", vectorbt.VERSION, vectorbt.FIGURES),
        Dialect("portfolio-visualizer", portfolio_visualizer.VERSION, portfolio_visualizer.FIGURES),
        Dialect("lean", lean.VERSION, lean.FIGURES),
    )
}
"""By the names of ``engine report --dialect``; one place to add one."""

_TITLES: Final[Mapping[str, tuple[str, str]]] = {
    "total_return": ("Total return", "percent"),
    "cagr": ("CAGR", "percent"),
    "volatility": ("Volatility", "percent"),
    "sharpe": ("Sharpe", "ratio"),
    "sharpe_annual_rate": ("Sharpe, annual rate given", "ratio"),
    "sortino": ("Sortino", "ratio"),
    "max_drawdown": ("Max drawdown", "percent"),
    "calmar": ("Calmar", "ratio"),
    "ulcer": ("Ulcer index", "percent"),
    "upi": ("Ulcer performance", "ratio"),
    "var_95": ("VaR 95 %", "percent"),
    "cvar_95": ("CVaR 95 %", "percent"),
    "skew": ("Skewness", "ratio"),
    "kurtosis": ("Kurtosis", "ratio"),
    "information_ratio": ("Information ratio", "ratio"),
    "turnover": ("Turnover", "percent"),
    "best_day": ("Best day", "percent"),
    "worst_day": ("Worst day", "percent"),
    "best_month": ("Best month", "percent"),
    "worst_month": ("Worst month", "percent"),
    "best_year": ("Best year", "percent"),
    "worst_year": ("Worst year", "percent"),
}
"""Title and style of every figure, in the order of the table."""


def compare_dialect(
    dialect: Dialect, series: DialectSeries, here: Mapping[str, float | int | None]
) -> list[DialectRow]:
    """Return the rows of a table; ``here`` has this engine's figures by name."""
    own = {
        **here,
        "sharpe_annual_rate": here.get("sharpe"),
        "upi": _ulcer_performance(here, series.risk_free),
    }
    twice = "sharpe_annual_rate" in dialect.figures and series.risk_free != 0.0
    shown = [name for name in _TITLES if name != "sharpe_annual_rate" or twice]
    return [_row(name, dialect.figures.get(name), series, own.get(name)) for name in shown]


def _ulcer_performance(here: Mapping[str, float | int | None], risk_free: float) -> float | None:
    """Return (CAGR - rf) / Ulcer index, ffn's definition; a run has no such figure of its own."""
    growth, ulcer = here.get("cagr"), here.get("ulcer")
    return (growth - risk_free) / ulcer if growth is not None and ulcer else None


def _row(name: str, figure: DialectFigure | None, series: DialectSeries, here: float | None) -> DialectRow:
    title, style = _TITLES[name]
    if figure is None:
        return DialectRow(name, title, style, style, here, None, Reason.MISSING)
    there = _compute(figure, series)
    same = here is not None and there is not None and math.isclose(here, there, rel_tol=_EQUAL, abs_tol=1e-12)
    reason = Reason.MISSING if there is None else Reason.SAME if same else figure.reason
    return DialectRow(name, title, style, figure.style or style, here, there, reason)


def _compute(figure: DialectFigure, series: DialectSeries) -> float | None:
    """Return a figure; None where its formula divides by zero or has too few returns."""
    try:
        with np.errstate(all="ignore"):
            return finite_or_none(figure.formula(series))
    except (ArithmeticError, ValueError):
        return None
