"""All that is taken apart of a run: what ``summary.json`` has beyond the metrics, and the series beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Final

from engine.analysis.bootstrap import Evidence
from engine.analysis.breakdown.calendar_months import MonthFigures, measure_months, month_table
from engine.analysis.breakdown.contribution import (
    Contributions,
    YearContribution,
    contribution_by_year,
    contributions,
)
from engine.analysis.breakdown.correlation import PairCorrelation, pair_correlations
from engine.analysis.breakdown.drift import Drift, drift
from engine.analysis.breakdown.rebalances import RebalanceEffects, rebalance_effects
from engine.analysis.breakdown.risk import RiskShares, risk_shares
from engine.analysis.breakdown.rivals import first_rival
from engine.analysis.breakdown.series_table import SeriesTable
from engine.analysis.breakdown.session_gains import SessionGains
from engine.analysis.breakdown.start_years import StartYears, start_years
from engine.analysis.comparison import Comparison
from engine.analysis.difference_parts import Plan

_TABLES: Final = ("month_table", "rolling_table")
"""What is no part of the summary: each is a file of its own."""


@dataclass(frozen=True)
class Breakdown:
    """A run taken apart; what it does not have is None.

    Every field but the tables is a key of ``summary.json``. ``month_table`` (M rows) has each portfolio's return by
    calendar month, ``rolling_table`` figures of the 1, 3 and 5 years to each month's end.
    """

    months: MonthFigures | None = None
    month_table: SeriesTable | None = None
    rolling_table: SeriesTable | None = None
    start_years: StartYears | None = None
    rebalances_done: RebalanceEffects | None = None
    contribution: Contributions | None = None
    contribution_by_year: tuple[YearContribution, ...] | None = None
    risk: RiskShares | None = None
    correlation: tuple[PairCorrelation, ...] | None = None
    drift: Drift | None = None

    @property
    def figures(self) -> Mapping[str, object]:
        """What ``summary.json`` has of it, by key."""
        return {one.name: getattr(self, one.name) for one in fields(self) if one.name not in _TABLES}


def break_down(
    comparison: Comparison, plan: Plan, evidence: Evidence | None, *, late_purchases: bool = True
) -> Breakdown:
    """Take a comparison apart.

    ``plan`` is what the strategy's ledger came from, for what is simulated again; ``late_purchases``: whether its
    buy-and-hold buys names that list late (S18). Without ``evidence`` no intervals are drawn.
    """
    months, rival = month_table(comparison), first_rival(comparison)
    own, held = comparison.strategy, comparison.portfolios.get("buy_and_hold")
    gains = SessionGains.of(own.ledger, own.market)
    starts = other = None
    if held is not None:
        other = SessionGains.of(held.ledger, held.market)
        known = comparison.versus["buy_and_hold"].cagr_difference_interval
        starts = start_years(plan, held.ledger, evidence, late=late_purchases, known=known)
    return Breakdown(
        months=measure_months(months, rival.name if rival else ""),
        month_table=months,
        start_years=starts,
        rebalances_done=rebalance_effects(own.ledger, own.market, held.ledger if held else None),
        contribution=contributions(gains, other),
        contribution_by_year=contribution_by_year(gains),
        risk=risk_shares(gains),
        correlation=pair_correlations(own.ledger, own.market, gains.assets),
        drift=drift(own.ledger, own.market, plan.policy.caps()),
    )
