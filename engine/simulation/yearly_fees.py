"""The fee for keeping the account: taken from cash before the session's trading, raised by sales where cash lacks."""

from __future__ import annotations

from engine.core.errors import AccountError
from engine.simulation.kernel.tolerances import CASH_TOLERANCE
from engine.simulation.order_execution import execute_flow_trades, never_sold_clause
from engine.simulation.portfolio_state import PortfolioState
from engine.simulation.trade_events import WITHDRAWAL, YEARLY_FEE, TradeReason


def take_fee(state: PortfolioState, row: int, fee: float) -> None:
    """Take ``fee`` out of cash before a rebalance, which trades what is left."""
    state.cash -= fee
    state.fees[row] = fee


def raise_shortfall(state: PortfolioState, row: int) -> None:
    """Raise what a rebalance left cash below zero, as its orders were too small to be placed or had no price."""
    due = float(state.fees[row] - min(state.flows[row], 0.0))
    state.cash += due
    _raise_cash(state, row, due)
    state.cash = max(state.cash - due, 0.0)


def pay_fee(state: PortfolioState, row: int, fee: float) -> None:
    """Pay ``fee`` out of cash; what it lacks the most overweight are sold for (S11)."""
    if state.cash < fee:
        _raise_cash(state, row, fee)
    state.cash = max(state.cash - fee, 0.0)
    state.fees[row] = fee


def _raise_cash(state: PortfolioState, row: int, due: float) -> None:
    """Sell until ``due`` is there, by orders of any size and without a limit: who is owed it does not wait."""
    only_flow = state.flows[row] < 0.0 and not state.fees[row]
    reason = TradeReason(WITHDRAWAL if only_flow else YEARLY_FEE)
    execute_flow_trades(state, row, due, 0.0, reason, owed=True)
    if state.cash < due * (1.0 - CASH_TOLERANCE):
        without = never_sold_clause(state)
        what = "a withdrawal" if only_flow else "a yearly fee (costs.yearly) and withdrawals"
        raise AccountError(
            f"{state.market.dates[row]}: {max(state.cash, 0.0):,.2f} of {what} of "
            f"{due:,.2f} can be raised{without}: the other assets have no close or cost more to sell than they bring; "
            "hold cash for it, or fill the gap in the prices"
        )
