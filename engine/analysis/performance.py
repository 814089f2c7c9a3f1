"""What a ledger earned: the numbers that every metric is computed from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.analysis.metrics import chain_level, time_weighted_returns
from engine.analysis.money_weighted import InternalRate, dated_internal_rates
from engine.analysis.summation import sum_sequential
from engine.core.arrays import DateArray, FloatArray, read_only
from engine.simulation.ledger import Ledger


@dataclass(frozen=True)
class Performance:
    """What one ledger earned; every figure is computed from these.

    ``level`` (T+1,), ``returns`` (T-1,), ``dates`` (T,), ``traded`` [currency, opening left out], ``mean_value``,
    ``costs``, ``trades`` and ``rebalances`` [count], ``final_value``, ``risk_free`` a session (one rate, or (T-1,)),
    ``internal_rate`` the XIRR when there are flows.
    """

    dates: DateArray
    level: FloatArray
    returns: FloatArray
    final_value: float
    traded: float
    mean_value: float
    costs: float
    trades: int
    rebalances: int
    paid_in: float
    risk_free: float | FloatArray = 0.0
    internal_rate: InternalRate | None = None

    @property
    def days(self) -> float:
        """Calendar days from the first session to the last."""
        return float((self.dates[-1] - self.dates[0]) / np.timedelta64(1, "D"))

    @classmethod
    def from_ledger(cls, ledger: Ledger, risk_free: float | FloatArray = 0.0) -> Performance:
        """Return the performance of a ledger; ``risk_free`` is a rate a session, or one for each of the last."""
        nothing = np.zeros_like(ledger.flows)
        returns = time_weighted_returns(ledger.value, at_start=nothing, at_end=ledger.flows)
        after = ledger.rows > 0
        money = np.abs(ledger.order_values)
        return cls(
            dates=ledger.dates,
            level=read_only(_level_series(ledger, returns)),
            returns=read_only(returns),
            final_value=float(ledger.value[-1]),
            traded=sum_sequential(money[after].ravel()),
            mean_value=sum_sequential(ledger.value) / len(ledger.value),
            costs=sum_sequential(ledger.costs.ravel()),
            trades=int(np.count_nonzero(ledger.trades)),
            rebalances=int((ledger.rebalances | ledger.partial_rebalances).sum()),
            paid_in=float(ledger.flows.sum()),
            risk_free=risk_free if isinstance(risk_free, float) else risk_free[len(risk_free) - len(returns) :],
            internal_rate=_internal_rate(ledger) if ledger.flows.any() else None,
        )


def _level_series(ledger: Ledger, returns: FloatArray) -> FloatArray:
    """Return (T+1,) the capital and what became of it; without flows that is the value itself."""
    if ledger.flows.any():
        return chain_level(ledger.capital, float(ledger.value[0]), returns)
    return np.concatenate([[ledger.capital], ledger.value])


def _internal_rate(ledger: Ledger) -> InternalRate:
    """Return the XIRR of capital, flows and final value, seen from the investor's pocket."""
    flows = -ledger.flows
    flows[0] -= ledger.capital
    flows[-1] += ledger.value[-1]
    paid = flows != 0.0
    return dated_internal_rates(ledger.dates[paid], flows[paid])
