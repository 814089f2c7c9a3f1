"""Calendar years and falls of a run: those of its summary, which folders of earlier versions have none in."""

from __future__ import annotations

from collections.abc import Sequence

from engine.analysis.breakdown.calendar_years import YearReturns
from engine.analysis.breakdown.falls import Fall, list_falls
from engine.analysis.metrics import period_returns
from engine.backtest.finished_run import FinishedRun


def year_returns(run: FinishedRun) -> tuple[YearReturns, ...]:
    """Return what every portfolio returned in each calendar year."""
    return run.summary.by_year or _years_of_levels(run)


def difference(year: YearReturns, rival: str | None) -> float | None:
    """Return by how much the strategy earned more in a year that both have."""
    own, other = year.returns.get("strategy"), year.returns.get(rival) if rival else None
    return None if own is None or other is None else own - other


def deepest_falls(run: FinishedRun) -> Sequence[Fall]:
    """Return the deepest falls of the strategy, the deepest first."""
    found = run.summary.falls
    return found.deepest if found else list_falls(*run.own_level("strategy"))


def _years_of_levels(run: FinishedRun) -> tuple[YearReturns, ...]:
    """Return the years of a folder of an earlier version, whose summary has none."""
    found: dict[str, dict[int, float]] = {}
    for name in run.levels.columns:
        dates, level = run.own_level(name)
        periods, changes = period_returns(level, dates, "year")
        found[name] = dict(zip((periods + 1970).tolist(), changes.tolist(), strict=True))
    start, end = str(run.levels.dates[0]), str(run.levels.dates[-1])
    years = sorted({year for own in found.values() for year in own})
    return tuple(YearReturns(year, start, end, {name: own.get(year) for name, own in found.items()}) for year in years)
