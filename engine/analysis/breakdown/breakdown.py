"""All that is taken apart of a run: what ``summary.json`` has beyond the metrics, and the series beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from engine.analysis.bootstrap import Evidence
from engine.analysis.breakdown.calendar_months import measure_months, month_table
from engine.analysis.breakdown.calendar_years import account_by_year, returns_by_year
from engine.analysis.breakdown.contribution import contribution_by_year, contributions
from engine.analysis.breakdown.correlation import pair_correlations
from engine.analysis.breakdown.drift import drift
from engine.analysis.breakdown.falls import measure_falls
from engine.analysis.breakdown.figures import FIGURES, BreakdownFigures
from engine.analysis.breakdown.level_ratio import measure_ratio
from engine.analysis.breakdown.rebalances import rebalance_effects
from engine.analysis.breakdown.return_distribution import measure_distribution
from engine.analysis.breakdown.risk import risk_shares
from engine.analysis.breakdown.rivals import first_fund, first_rival
from engine.analysis.breakdown.rolling_windows import measure_rolling, rolling_table, run_years
from engine.analysis.breakdown.series_table import SeriesTable
from engine.analysis.breakdown.session_gains import SessionGains
from engine.analysis.breakdown.start_years import start_years
from engine.analysis.common_sessions import CommonSessions
from engine.analysis.comparison import Comparison
from engine.analysis.difference_parts import Plan


@dataclass(frozen=True)
class Breakdown(BreakdownFigures):
    """A run taken apart: the figures, and the series beside them, each a file of its own.

    ``month_table`` (M rows) has each portfolio's return by calendar month, ``rolling_table`` figures of the 1, 3 and 5
    years to each month's end.
    """

    month_table: SeriesTable | None = None
    rolling_table: SeriesTable | None = None

    @property
    def figures(self) -> Mapping[str, object]:
        """What ``summary.json`` has of it, by key."""
        return {name: getattr(self, name) for name in FIGURES}


def break_down(
    comparison: Comparison, plan: Plan, evidence: Evidence | None, *, late_purchases: bool = True
) -> Breakdown:
    """Take a comparison apart.

    ``plan`` is what the strategy's ledger came from, for what is simulated again; ``late_purchases``: whether its
    buy-and-hold buys names that list late (S18). Without ``evidence`` no intervals are drawn.
    """
    mine, rival, fund = comparison.strategy.performance, first_rival(comparison), first_fund(comparison)
    name = rival.name if rival else ""
    beside = CommonSessions.of(mine, rival.performance) if rival else None
    months = month_table(comparison)
    own_months = months.columns["strategy"]
    windows = rolling_table(
        mine, (name, beside) if beside else None, CommonSessions.of(mine, fund.performance) if fund else None
    )
    found = Breakdown(
        falls=measure_falls(mine, name, rival.performance if rival else None),
        ratio=measure_ratio(beside, name) if beside else None,
        by_year=returns_by_year(comparison),
        account_by_year=account_by_year(comparison.strategy),
        months=measure_months(months, name),
        rolling=measure_rolling(windows, name, run_years(mine)) or None,
        distribution=measure_distribution(mine, own_months[np.isfinite(own_months)], name, beside),
        month_table=months,
        rolling_table=windows,
    )
    return _add_causes(found, comparison, plan, evidence, late=late_purchases)


def _add_causes(
    found: Breakdown, comparison: Comparison, plan: Plan, evidence: Evidence | None, *, late: bool
) -> Breakdown:
    """Add where the return and the risk came from, and what another start would have come to."""
    own, held = comparison.strategy, comparison.portfolios.get("buy_and_hold")
    gains = SessionGains.of(own.ledger, own.market)
    starts = other = None
    if held is not None:
        other = SessionGains.of(held.ledger, held.market)
        known = comparison.versus["buy_and_hold"].cagr_difference_interval
        starts = start_years(plan, held.ledger, evidence, late=late, known=known)
    return replace(
        found,
        start_years=starts,
        rebalances_done=rebalance_effects(own.ledger, own.market, held.ledger if held else None),
        contribution=contributions(gains, other),
        contribution_by_year=contribution_by_year(gains),
        risk=risk_shares(gains),
        correlation=pair_correlations(own.ledger, own.market, gains.assets),
        drift=drift(own.ledger, own.market, plan.policy.caps()),
    )
