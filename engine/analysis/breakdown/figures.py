"""The figures that a run is taken apart into, in one place: what is measured, written and read back."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final

from engine.analysis.breakdown.calendar_months import MonthFigures
from engine.analysis.breakdown.calendar_years import AccountYear, YearReturns
from engine.analysis.breakdown.contribution import Contributions, YearContribution
from engine.analysis.breakdown.correlation import PairCorrelation
from engine.analysis.breakdown.drift import Drift
from engine.analysis.breakdown.falls import Falls
from engine.analysis.breakdown.level_ratio import LevelRatio
from engine.analysis.breakdown.rebalances import RebalanceEffects
from engine.analysis.breakdown.return_distribution import ReturnDistributions
from engine.analysis.breakdown.risk import RiskShares
from engine.analysis.breakdown.rolling_windows import RollingFigures
from engine.analysis.breakdown.start_years import StartYears


@dataclass(frozen=True)
class BreakdownFigures:
    """Figures of a run taken apart, None where it has none: every field is a key of ``summary.json``, in this order."""

    falls: Falls | None = None
    ratio: LevelRatio | None = None
    by_year: tuple[YearReturns, ...] | None = None
    account_by_year: tuple[AccountYear, ...] | None = None
    months: MonthFigures | None = None
    start_years: StartYears | None = None
    rebalances_done: RebalanceEffects | None = None
    contribution: Contributions | None = None
    contribution_by_year: tuple[YearContribution, ...] | None = None
    risk: RiskShares | None = None
    correlation: tuple[PairCorrelation, ...] | None = None
    drift: Drift | None = None
    rolling: tuple[RollingFigures, ...] | None = None
    distribution: ReturnDistributions | None = None


FIGURES: Final = tuple(one.name for one in fields(BreakdownFigures))
"""Their keys."""
