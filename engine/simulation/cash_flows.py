"""Invest contributions and pay withdrawals, at a rebalance and outside one (S11)."""

from __future__ import annotations

import numpy as np

from engine.core.arrays import FloatArray
from engine.core.errors import AccountError
from engine.simulation.kernel.cash_flows import most_raised
from engine.simulation.kernel.records import Order
from engine.simulation.kernel.tolerances import CASH_TOLERANCE, LIMIT_TOLERANCE
from engine.simulation.ledger import LastWithdrawal
from engine.simulation.order_execution import (
    END_EARLIER,
    STOP_WHEN_SPENT,
    execute_flow_trades,
    fill_order,
    never_sold_clause,
    shortfall_error,
)
from engine.simulation.portfolio_state import PortfolioState
from engine.simulation.trade_events import LAST_WITHDRAWAL, WITHDRAWAL, TradeReason


def is_last(state: PortfolioState, row: int, flow: float) -> bool:
    """Return whether ``flow`` withdraws all that can be raised, or more, in an account that ends with it (S11)."""
    if flow >= 0.0 or not state.account.stops_when_spent:
        return False
    raised = most_raised(state.units, state.cash, state.quotes(row), state.fresh(row), state.terms.costs)
    return raised - _tax_on_everything(state, row) <= -flow


def _tax_on_everything(state: PortfolioState, row: int) -> float:
    """Return the tax that leaves with the sale of all that has a close, before its costs [currency]."""
    if state.tax is None:
        return 0.0
    sold, prices = np.where(state.fresh(row), -state.units, 0.0), state.market.prices[row]
    return state.tax.tax_of_trades(row, sold, prices, np.zeros_like(sold))


def pay_last_withdrawal(state: PortfolioState, row: int, due: float) -> None:
    """Sell everything and pay out what that brings: the account ends at ``row``."""
    everything = 2.0 * (state.value(row) + due)  # more than there is: all that brings anything is sold
    execute_flow_trades(state, row, everything, 0.0, TradeReason(LAST_WITHDRAWAL), owed=True)
    paid = min(state.cash, due)
    state.add_flow(row, -paid)
    state.last_withdrawal = LastWithdrawal(due, paid)


def apply_flow(state: PortfolioState, row: int, flow: float) -> None:
    """Take a contribution in, or a withdrawal out, before a rebalance trades what is then there."""
    if flow < 0.0:
        _require_funds(state, row, -flow)
    state.add_flow(row, flow)


def invest_contribution(state: PortfolioState, row: int, amount: float) -> None:
    """Bring a contribution, received already, into the assets."""
    invest, reason = state.account.invest, TradeReason("contribution", contribution=True)
    if invest == "pro_rata":
        amount = min(amount, state.cash)
        recipients = _recipients_below_caps(state, row, amount)
        if recipients.any():
            order = Order(state.target, state.no_assets, recipients, amount)
            fill_order(state, row, order, reason)
    elif invest == "towards_targets":
        execute_flow_trades(state, row, 0.0, 0.0, reason)


def pay_withdrawal(state: PortfolioState, row: int, due: float) -> None:
    """Raise ``due`` out of the assets as far as cash does not serve, and pay it out."""
    _require_funds(state, row, due)
    invest = state.account.invest
    if invest == "pro_rata":
        _sell_pro_rata(state, row, due)
    elif invest == "towards_targets" or state.cash < due:
        spare = 0.0 if invest == "wait" else max(1.0 - float(state.target.sum()), 0.0)
        execute_flow_trades(state, row, due, spare, TradeReason(WITHDRAWAL))
    if state.cash < due * (1.0 - CASH_TOLERANCE):
        raise shortfall_error(state, row, state.cash, due)
    state.add_flow(row, -due)
    state.cash = max(state.cash, 0.0)


def _require_funds(state: PortfolioState, row: int, due: float) -> None:
    """Raise AccountError when a withdrawal of ``due`` is all that can be sold and paid at ``row``, or more."""
    able = state.cash + float(state.holdings(row)[state.fresh(row) & ~state.never_sold].sum())
    if able <= due:
        remedy = f"withdraw less{END_EARLIER}{STOP_WHEN_SPENT}"
        if state.account.stops_when_spent:
            remedy = "what is left has no close on that day; fill the gap in the prices or withdraw on another"
        if state.never_sells:
            remedy = f"withdraw less{END_EARLIER} or take a name off strategy.never_sell"
        raise AccountError(
            f"{state.market.dates[row]}: a withdrawal of {due:,.2f} is due and {able:,.2f} can be raised"
            f"{never_sold_clause(state)}; {remedy}"
        )


def _sell_pro_rata(state: PortfolioState, row: int, amount: float) -> None:
    recipients = state.among_tradable(row, state.holdings(row))
    if recipients.any():
        fill_order(state, row, Order(state.target, state.no_assets, recipients, -amount), TradeReason(WITHDRAWAL))


def _recipients_below_caps(state: PortfolioState, row: int, amount: float) -> FloatArray:
    """Return (N,) shares of a contribution by target, without assets it would lift over their caps."""
    money = state.holdings(row)
    recipients = state.among_tradable(row, state.target)
    for _ in range(len(recipients)):
        most = state.terms.caps * (state.value(row) * (1.0 + LIMIT_TOLERANCE))
        tight = (recipients > 0.0) & (money + recipients * amount > most)
        if not tight.any():
            break
        recipients = state.among_tradable(row, np.where(tight, 0.0, recipients))
    return recipients
