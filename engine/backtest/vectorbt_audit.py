"""An independent engine's word: the run's own trades replayed through vectorbt, equity compared day by day."""

from __future__ import annotations

import dataclasses

import numpy as np

from engine.backtest.outputs import RunResult
from engine.core.arrays import FloatArray, IntArray
from engine.data.market import Market
from engine.simulation.ledger import Ledger


def audit_run(run: RunResult) -> RunResult:
    """Return the run with the largest relative difference of each portfolio's equity to vectorbt's."""
    portfolios = run.comparison.portfolios
    differences = {name: largest_difference(one.ledger, one.market) for name, one in portfolios.items()}
    return dataclasses.replace(run, audit=differences)


def largest_difference(ledger: Ledger, market: Market) -> float:
    """Return max |ours / vectorbt's - 1| over all sessions [fraction].

    vectorbt knows no flows, interest or dividends: it starts with all the cash that ever comes in, and what had come in
    by each session is put to its account beside its value. Shares, prices, fees, cash and values are its own.
    """
    return float(np.abs(ledger.value / replay_value(ledger, market) - 1.0).max())


def replay_value(ledger: Ledger, market: Market) -> FloatArray:
    """Return (T,) the value that vectorbt gives the ledger's trades [currency]."""
    import vectorbt as vbt  # noqa: PLC0415  (seconds to import)

    offset = len(market.dates) - len(ledger.dates)
    used = np.flatnonzero(ledger.trades.any(axis=0))
    close = np.nan_to_num(market.prices[offset:, used], nan=1.0)
    size, price, fees, at = _order_arrays(ledger, used, close)
    interest = np.concatenate([[0.0], ledger.cash[:-1] * market.cash_rate[offset + 1 :]])
    inflow = interest + ledger.flows + ledger.dividends(market)
    reserve = float(np.maximum(inflow, 0.0).sum())
    portfolio = vbt.Portfolio.from_orders(
        close=close[at],
        size=size,
        price=price,
        fixed_fees=fees,
        init_cash=ledger.capital + reserve,
        cash_sharing=True,
        group_by=True,
        call_seq="auto",
        freq="1D",
    )
    value = np.asarray(portfolio.value(), dtype=np.float64).reshape(-1)
    last = np.concatenate([at[1:] != at[:-1], [True]])
    result: FloatArray = value[last] - reserve + np.cumsum(inflow)
    return result


def _order_arrays(
    ledger: Ledger, used: IntArray, close: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray, IntArray]:
    """Return sizes, prices, fees (L, M) and the sessions of L lines: one a session, more where events share it."""
    at = np.sort(np.concatenate([np.setdiff1d(np.arange(len(close)), ledger.rows), ledger.rows]))
    within = np.arange(len(ledger.rows)) - np.searchsorted(ledger.rows, ledger.rows)  # of events that share a session
    lines = np.searchsorted(at, ledger.rows) + within
    size = np.zeros((len(at), len(used)))
    price = close[at].copy()
    fees = np.zeros_like(size)
    size[lines] = ledger.trades[:, used]
    traded = ledger.trades[:, used] != 0.0
    paid = np.maximum(ledger.prices[:, used], np.finfo(float).tiny)  # vectorbt refuses a payout at a price of zero
    price[lines] = np.where(traded, paid, price[lines])
    fees[lines] = ledger.costs[:, used]
    return size, price, fees, at
