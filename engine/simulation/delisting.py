"""Delisted assets: paid out at their last price less a haircut, and the payout reinvested (S8)."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from engine.core.arrays import FloatArray
from engine.simulation.kernel.records import Order
from engine.simulation.order_execution import fill_order
from engine.simulation.portfolio_state import PortfolioState
from engine.simulation.trade_events import PROCEEDS, TradeReason


def pay_out_delisted(state: PortfolioState, row: int, delisted: Iterable[int], haircut: float) -> float:
    """Turn delisted assets into cash at their last price less ``haircut``; return what they bring [currency]."""
    paid = 0.0
    for j in delisted:
        if state.units[j] == 0.0:
            continue
        prices, trades = state.market.prices[row].copy(), np.zeros_like(state.units)
        prices[j] *= 1.0 - haircut
        trades[j] = -state.units[j]
        payout = float(state.units[j] * prices[j])
        state.units[j] = 0.0
        if state.tax is not None:
            payout -= state.tax.take_trades(row, trades, prices, np.zeros_like(trades))
        state.cash += payout
        paid += payout
        name, cut = state.market.assets[j], f" less {haircut:.0%}" if haircut else ""
        reason = TradeReason(f"delisted: {name}{cut}", payout=True)
        state.record_trade(row, trades, np.zeros_like(trades), reason, prices)
        state.notes.append(
            f"{name} has no price after {state.market.dates[row - 1]}: "
            f"taken as delisted and paid out at its last price{cut}"
        )
    return paid


def move_targets(state: PortfolioState, delisted: Iterable[int], recipients: FloatArray) -> None:
    """Let the targets of ``delisted`` go to ``recipients`` (N,), or to cash where there are none."""
    for j in delisted:
        state.reallocate_target(j, recipients)


def reinvest_payout(state: PortfolioState, row: int, recipients: FloatArray, amount: float) -> None:
    """Spend a payout of ``amount`` [currency] on ``recipients`` (N,) pro rata, costs included."""
    shares = state.among_tradable(row, recipients)
    if shares.any():
        order = Order(state.target, state.no_assets, shares, amount)
        fill_order(state, row, order, TradeReason(PROCEEDS))
