"""Orders filled and written down: whole rebalances, orders that waited, contributions and withdrawals."""

from __future__ import annotations

from typing import Final

import numpy as np

from engine.core.arrays import FloatArray
from engine.core.errors import AccountError
from engine.simulation.kernel.cash_flows import invest_cash, raise_cash
from engine.simulation.kernel.records import NEVER_SOLD, NO_SALE, NOT_AT_LIMIT, Order, OrderTerms, Quotes
from engine.simulation.kernel.tolerances import CASH_TOLERANCE, TRADE_TOLERANCE
from engine.simulation.kernel.trade import FILLED, UNAFFORDABLE, trade
from engine.simulation.kernel.triggers import record_rebalance
from engine.simulation.kernel.valuation import account_value
from engine.simulation.pending_orders import ticker_list
from engine.simulation.portfolio_state import PortfolioState
from engine.simulation.tax_budget import weights_within_budget
from engine.simulation.tax_fixpoint import fill_after_tax, with_tax
from engine.simulation.trade_events import TradeReason

END_EARLIER: Final = ", end the window earlier"
STOP_WHEN_SPENT: Final = " or write account.when_spent: stop"
"""What else can be done about a withdrawal that an account cannot pay, where it is one of a run."""


def fill_order(state: PortfolioState, row: int, order: Order, reason: TradeReason) -> bool:
    """Fill ``order`` at the prices of ``row`` and write it down; return whether targets were scaled to fit.

    Where a rebalance does not bring what a yearly fee took, or a withdrawal that is not the account's end, cash is left
    below zero for the caller to raise.
    """
    quotes, terms = state.quotes(row), state.terms_of(reason)
    if state.tax is None:
        status, scaled, cash = trade(state.units, state.cash, quotes, order, terms, state.fills)
    else:
        status, scaled, cash = trade_after_tax(state, row, quotes, order, terms)
    raised_later = reason.full_rebalance and (state.fees[row] > 0.0 or state.account.stops_when_spent)
    if status != FILLED:
        if status == UNAFFORDABLE and cash < 0.0 and not raised_later:
            raise AccountError(
                f"{state.market.dates[row]}: a withdrawal takes all that costs would leave of the account; "
                f"withdraw less{END_EARLIER}{STOP_WHEN_SPENT}"
            )
        state.record_left_out(row)
    if cash < 0.0:
        before = account_value(state.units, quotes.prices, cash) + float(state.fills.fees.sum())
        short = cash < -CASH_TOLERANCE * abs(before)
        if short and state.flows[row] < 0.0 and not raised_later:
            raise shortfall_error(state, row, cash - state.flows[row], -state.flows[row])
        cash = cash if short and raised_later else clear_cash_rounding(cash, before)
    state.record_order(row, cash, reason)
    return bool(scaled)


def trade_after_tax(
    state: PortfolioState, row: int, quotes: Quotes, order: Order, terms: OrderTerms
) -> tuple[int, bool, float]:
    """Fill ``order`` as ``trade`` does, and pay what it owes at once."""
    before = state.units.copy()

    def attempt(kept: float, terms: OrderTerms) -> tuple[int, bool, float]:
        state.units[:] = before
        return trade(state.units, state.cash - kept, quotes, with_tax(order, kept), terms, state.fills)

    return fill_after_tax(state, row, quotes, terms, attempt)


def rebalance(state: PortfolioState, row: int, target: FloatArray, reason: TradeReason) -> None:
    """Trade everything to ``target`` (N,); what has no close at ``row`` waits (S3, S9)."""
    state.target = target
    if (reachable := weights_within_budget(state, row, target)) is not None:
        _rebalance_part_of_the_way(state, row, reachable, reason)
        return
    if not state.pending.is_empty or np.count_nonzero(state.fresh(row)) < len(target):
        _rebalance_with_missing_prices(state, row, reason)
    else:  # nearly always, and a third of a run's time
        fill_order(state, row, Order(target, state.all_assets, state.no_recipients), reason)
    record_rebalance(state.reviews.watch, state.units, state.market.prices[row])
    from_reached = state.terms.whole_shares or (state.never_sells and bool((state.fills.left_out == NEVER_SOLD).any()))
    state.drift_base = state.weights(row) if from_reached else target


def _rebalance_part_of_the_way(state: PortfolioState, row: int, reachable: FloatArray, reason: TradeReason) -> None:
    """Trade to ``reachable`` (N,) weights; targets stay in force, drift begins where the trade ends."""
    fill_order(state, row, Order(reachable, state.fresh(row), state.no_recipients), reason)
    record_rebalance(state.reviews.watch, state.units, state.market.prices[row])
    state.drift_base = state.weights(row)


def _rebalance_with_missing_prices(state: PortfolioState, row: int, reason: TradeReason) -> None:
    stuck = state.untradable(row, state.target)
    scaled = fill_order(state, row, Order(state.target, ~stuck, state.no_recipients), reason)
    value, scaled_down = state.value(row), ~stuck & (state.target > 0.0) & scaled & ~state.was_left_out()
    stuck &= np.abs(state.target * value - state.holdings(row)) > TRADE_TOLERANCE * value  # else nothing waits
    if state.account.limit_margin is not None:
        if stuck.any():
            state.leave_out(row, np.flatnonzero(stuck).tolist(), NOT_AT_LIMIT)
        return
    state.pending.start(row, stuck, scaled_down)
    state.pending.raise_if_overdue(row, state.market)
    if stuck.any():
        names = ticker_list(state.market, stuck)
        state.notes.append(f"{names} had no close on {state.market.dates[row]}: the order waited")


def retry_pending(state: PortfolioState, row: int) -> None:
    """Fill orders that waited, when a price they waited for is there, with those that were scaled down (S9)."""
    state.pending.raise_if_overdue(row, state.market)
    due = state.pending.fillable(state.fresh(row))
    if due.any():
        order = Order(state.target, due, state.no_recipients)
        since = int(state.pending.since[due & state.pending.mask].max())
        scaled = fill_order(state, row, order, TradeReason("waited for a price", since=since))
        state.pending.remove_filled(row, state.market, due & (state.target > 0.0) & scaled & ~state.was_left_out())


def execute_flow_trades(
    state: PortfolioState, row: int, due: float, spare: float, reason: TradeReason, *, owed: bool = False
) -> None:
    """Buy the most underweight with spare cash, or sell the most overweight until ``due`` is there (S11).

    What is ``owed`` does not wait: its orders are of any size, and have no limit; what is never sold stays.
    """
    order, quotes = Order(state.target, state.fresh(row), state.no_recipients), state.quotes(row)
    terms = state.terms_of(reason)
    if owed:
        quotes, terms = quotes._replace(unfilled=quotes.unfilled & np.uint8(NO_SALE)), terms._replace(min_order=0.0)
    if state.tax is None:
        status, _, cash = _trade_on_flow(state, due, spare, 0.0, (quotes, order, terms))
    else:
        units = state.units.copy()

        def attempt(kept: float, terms: OrderTerms) -> tuple[int, bool, float]:
            state.units[:] = units
            return _trade_on_flow(state, due, spare, kept, (quotes, order, terms))

        status, _, cash = fill_after_tax(state, row, quotes, terms, attempt)
    if status != FILLED:
        state.record_left_out(row)
    if cash < 0.0:
        before = account_value(state.units, quotes.prices, cash) + float(state.fills.fees.sum())
        cash = clear_cash_rounding(cash, before)
    state.record_order(row, cash, reason)


def _trade_on_flow(
    state: PortfolioState, due: float, spare: float, kept: float, rest: tuple[Quotes, Order, OrderTerms]
) -> tuple[int, bool, float]:
    """Raise what is ``due`` and the money ``kept`` back for its tax, or spend spare cash; return as ``trade`` does."""
    quotes, order, terms = rest
    if due > 0.0:
        status, cash = raise_cash(state.units, state.cash, due + kept, spare, quotes, order, terms, state.fills)
        return status, False, cash - kept
    status, cash = invest_cash(state.units, state.cash - kept, quotes, order, terms, state.fills)
    return status, False, cash


def clear_cash_rounding(cash: float, value: float) -> float:
    """Return cash with rounding below zero removed; more than rounding is a bug (S5)."""
    if cash < -CASH_TOLERANCE * abs(value):
        raise RuntimeError(f"cash fell to {cash!r} at a value of {value!r}")
    return max(cash, 0.0)


def shortfall_error(state: PortfolioState, row: int, raised: float, due: float) -> AccountError:
    """Return the error of a withdrawal of ``due`` of which only ``raised`` is there [currency]."""
    without = never_sold_clause(state)
    return AccountError(
        f"{state.market.dates[row]}: {raised:,.2f} of a withdrawal of {due:,.2f} can be raised{without}; "
        f"{_shortfall_cause(state, row)} or withdraw less"
    )


def never_sold_clause(state: PortfolioState) -> str:
    """Return which holdings may not be sold for what is due, as a clause; nothing where none is kept."""
    kept = ticker_list(state.market, state.never_sold & (state.units > 0.0)) if state.never_sells else ""
    return f" without {kept}, never sold by strategy.never_sell" if kept else ""


def _shortfall_cause(state: PortfolioState, row: int) -> str:
    if state.never_sells:
        return "take a name off strategy.never_sell, hold cash for withdrawals"
    if state.left_out and state.left_out[-1].row == row:
        causes = "cost more than they bring, are below account.min_order or are not at their limit"
        return f"the other sales {causes}; hold cash for withdrawals"
    return "too few assets have a close; fill the gap in the prices"
