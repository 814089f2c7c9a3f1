"""What was paid into the account of a finished run, or out of it, session by session, and its yearly fees."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from engine.backtest.finished_run import FinishedRun
from engine.core.arrays import FloatArray
from engine.portfolio.yearly_fee import yearly_fee_shares


class SessionFlows(NamedTuple):
    """``flows`` and yearly ``fees`` (T,) of the strategy's sessions, as the config plans them [currency]."""

    flows: FloatArray
    fees: FloatArray


def session_flows(run: FinishedRun) -> SessionFlows:
    """Return flows and fees; a percentage is of the value before both, which values and costs in the files tell."""
    held = np.isfinite(run.equity.columns["strategy"])
    dates, value = run.equity.dates[held], run.equity.columns["strategy"][held]
    amounts, shares, fees = np.zeros((3, len(dates)))
    for row, flow in run.account.flows_by_row(dates, 0).items():
        amounts[row], shares[row] = flow
    costs = run.config.get("costs") if isinstance(run.config, Mapping) else None
    yearly = costs.get("yearly", 0.0) if isinstance(costs, Mapping) else 0.0
    for row, fee in yearly_fee_shares(dates, 0, yearly if isinstance(yearly, float) else 0.0).items():
        fees[row] = fee
    if (last := run.summary.portfolios["strategy"].last_withdrawal) is not None:
        amounts[-1], shares[-1] = -last.paid, 0.0
        if len(dates) > 1 and not np.diff(dates[-2:].astype("datetime64[Y]")):  # no year begins, and no window ends
            fees[-1] = 0.0
    left = value - amounts
    rows = np.searchsorted(dates, np.array([one.date for one in run.trades], dtype="datetime64[D]"))
    np.add.at(left, rows, [one.cost for one in run.trades])
    kept = 1.0 - fees + shares
    before = np.divide(left, kept, out=np.zeros(len(dates)), where=kept > 0.0)
    return SessionFlows(amounts + shares * before, fees * before)
