"""The only purchases of who buys and holds after the opening: each name that listed late, once (S18)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from engine.portfolio.policy import Policy
from engine.simulation.kernel.valuation import normalise
from engine.simulation.opening import opening_decision
from engine.simulation.partial_trades import trade_with_funding
from engine.simulation.portfolio_state import PortfolioState
from engine.simulation.trade_events import LATE_PURCHASE, TradeReason


def buy_late_names(state: PortfolioState, row: int, targets: Mapping[int, float], policy: Policy) -> None:
    """Buy the assets of ``targets`` at these weights; what has held their weight since the opening pays for them.

    That is what ``before_listing`` named then: the core pro rata, a proxy, or cash. Where it is gone, the core pays.
    """
    opening = opening_decision(state.market, state.account.capital, state.opening, state.terms.costs)
    wanted = np.zeros(len(state.market.assets))
    wanted[list(targets)] = list(targets.values())
    holders = policy.weights_before_listing(opening)
    named = wanted > 0.0
    held = (state.units > 0.0) & ~named & ~state.never_sold
    funding = state.among_tradable(row, normalise(held, holders))
    if holders.any() and not funding.any():
        funding = state.among_tradable(row, normalise(held, state.orders.core))
    # a core asset that listed late has taken its share of the payouts of delistings since
    lacking = np.where(named, np.maximum(wanted - state.target, 0.0), 0.0)
    state.target = np.maximum(state.target - lacking.sum() * funding, 0.0) + lacking
    trade_with_funding(state, row, state.target, named, funding, TradeReason(LATE_PURCHASE))
