"""What a ledger earned: the numbers that every metric is computed from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from engine.analysis.metrics import cagr
from engine.analysis.money_weighted import InternalRate, dated_internal_rates
from engine.analysis.return_statistics import PeriodRate, ReturnStatistics
from engine.core.arrays import BoolArray, DateArray, FloatArray, IntArray, read_only
from engine.core.conventions import SESSIONS_PER_YEAR
from engine.simulation.kernel.records import EventArrays, LevelSums, PeriodSums
from engine.simulation.kernel.series_sums import sum_run
from engine.simulation.ledger import Ledger


@dataclass(frozen=True)
class Performance:
    """What one ledger earned; every figure is computed from these.

    ``level`` (T+1,) with its ``drawdowns``, ``months`` and ``years``, ``returns`` (T-1,) with their ``statistics``,
    ``dates`` (T,), ``traded`` [currency, opening left out], ``mean_value``, ``costs``, ``trades`` and ``rebalances``
    [count], ``final_value``, ``risk_free`` a session (one rate, or (T-1,)), ``pocket`` (T,) what the investor
    paid (negative) and has [currency] when there are flows, ``periods_per_year`` the number of sessions by which
    figures are annualised.
    """

    dates: DateArray
    level: FloatArray
    drawdowns: LevelSums
    months: PeriodSums
    years: PeriodSums
    returns: FloatArray
    statistics: ReturnStatistics
    final_value: float
    traded: float
    mean_value: float
    costs: float
    trades: int
    rebalances: int
    paid_in: float
    risk_free: PeriodRate = 0.0
    pocket: FloatArray | None = None
    periods_per_year: float = SESSIONS_PER_YEAR

    @cached_property
    def days(self) -> float:
        """Calendar days from the first session to the last."""
        return float((self.dates[-1] - self.dates[0]).item().days)

    @cached_property
    def excess(self) -> ReturnStatistics:
        """Figures of the returns above the risk-free rate."""
        free = isinstance(self.risk_free, float) and self.risk_free == 0.0
        return self.statistics if free else ReturnStatistics.from_series(self.returns, self.risk_free)

    @cached_property
    def internal_rate(self) -> InternalRate | None:
        """The XIRR when there are flows; found when it is asked for, for that takes longer than all else."""
        if self.pocket is None:
            return None
        paid = self.pocket != 0.0
        return dated_internal_rates(self.dates[paid], self.pocket[paid])

    @cached_property
    def cagr(self) -> float | None:
        """The growth rate a year."""
        return cagr(self.level, self.days)

    @classmethod
    def from_ledger(
        cls, ledger: Ledger, risk_free: PeriodRate = 0.0, periods_per_year: float = SESSIONS_PER_YEAR
    ) -> Performance:
        """Return the performance of a ledger; ``risk_free`` is a rate a session, or one for each of the last."""
        events = EventArrays(
            ledger.opening,
            ledger.payouts,
            ledger.trades,
            ledger.prices,
            ledger.costs,
            ledger.rebalances,
            once_a_session(ledger.partial_rebalances, ledger.rows),
        )
        days: IntArray = ledger.dates.view(np.int64)
        run = sum_run(ledger.capital, ledger.value, ledger.flows, ledger.before_flows, days, events)
        return cls(
            dates=ledger.dates,
            level=read_only(run.level),
            drawdowns=run.drawdowns,
            months=run.months,
            years=run.years,
            returns=read_only(run.returns),
            statistics=ReturnStatistics(run.returns, run.return_sums),
            final_value=float(ledger.value[-1]),
            traded=run.traded,
            mean_value=run.values / len(ledger.value),
            costs=run.costs + float(ledger.fees.sum()),
            trades=run.trades,
            rebalances=run.rebalances,
            paid_in=run.paid_in,
            risk_free=risk_free if isinstance(risk_free, float) else risk_free[len(risk_free) - len(run.returns) :],
            pocket=_pocket_flows(ledger) if run.has_flows or _pays_tax(ledger) else None,
            periods_per_year=periods_per_year,
        )


def once_a_session(events: BoolArray, rows: IntArray) -> BoolArray:
    """Return (R,) the first of the ``events`` of each of their ``rows``: two sleeves may trade at one close."""
    at = np.flatnonzero(events)
    if not len(at):
        return events
    first = np.zeros_like(events)
    first[at[np.unique(rows[at], return_index=True)[1]]] = True
    return first


def _pocket_flows(ledger: Ledger) -> FloatArray:
    """Return (T,) capital, flows and final value, seen from the investor's pocket [currency, paid out negative].

    Taxes that are paid from elsewhere come out of it, too (S19).
    """
    flows = -ledger.flows
    if ledger.taxes is not None:
        flows -= ledger.taxes.outside
    flows[0] -= ledger.capital
    flows[-1] += ledger.value[-1]
    return flows


def _pays_tax(ledger: Ledger) -> bool:
    """Tell whether the investor pays any tax from elsewhere."""
    return ledger.taxes is not None and bool(ledger.taxes.outside.any())
