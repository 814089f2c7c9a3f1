"""What was paid into the account of a finished run, or out of it, session by session, and its yearly fees."""

from __future__ import annotations

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
    yearly = run.section("costs").get("yearly", 0.0)
    for row, fee in yearly_fee_shares(dates, 0, yearly if isinstance(yearly, float) else 0.0).items():
        fees[row] = fee
    own = run.summary.portfolios["strategy"]
    if own.last_withdrawal is not None:
        amounts[-1], shares[-1] = -own.last_withdrawal.paid, 0.0
    left = value - amounts
    rows = np.searchsorted(dates, np.array([one.date for one in run.trades], dtype="datetime64[D]"))
    np.add.at(left, rows, [one.cost for one in run.trades])
    sales = [one for one in run.taxes or () if one.kind == "sale"]
    taxed = np.searchsorted(dates, np.array([one.date for one in sales], dtype="datetime64[D]"))
    np.add.at(left, taxed, [one.tax for one in sales])
    kept = 1.0 - fees + shares
    before = np.divide(left, kept, out=np.zeros(len(dates)), where=kept > 0.0)
    paid = fees * before
    if own.last_withdrawal is not None and not np.diff(dates[-2:].astype("datetime64[Y]")).any():
        # a fee is due there only if the window ends there, too: the sum in the summary tells
        without, said = float(paid[:-1].sum()), own.yearly_fees or 0.0
        paid[-1] *= abs(without + paid[-1] - said) < abs(without - said)
    return SessionFlows(amounts + shares * before, paid)
