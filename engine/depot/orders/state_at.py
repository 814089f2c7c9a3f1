"""The account of a run before any session, from which orders go on: its state, and what it holds."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import NamedTuple

import numpy as np

from engine.analysis.portfolio_market import PortfolioMarket
from engine.backtest.config import RunConfig
from engine.backtest.prices import LoadedPrices, load_prices
from engine.core.errors import DataError
from engine.data.sources.exchange_calendar import exchange_sessions
from engine.depot.orders.decision import PlanTerms
from engine.depot.orders.order_session import append_session, let_pause
from engine.portfolio.policy import PolicyT
from engine.simulation.account_state import AccountState, state_before
from engine.simulation.spine import Spine

_LOOK_AHEAD = np.timedelta64(30, "D")


class AccountAt(NamedTuple):
    """A run's account before a session trades: its ``state``, and by ticker the shares of that day that it holds."""

    state: AccountState
    held: dict[str, Decimal]


def account_at(config: RunConfig[PolicyT], prices: LoadedPrices, day: dt.date) -> AccountAt:
    """Return the account of ``config`` before the first session on or after ``day``, whatever its window ends with.

    ``prices`` are those of the run; for a later day they are loaded anew. Raises DataError for a day before the
    opening and for an account that has ended.
    """
    wanted = np.datetime64(day)
    if prices.market.dates[-1] < wanted:
        window = config.window.model_copy(update={"end": day})
        prices = load_prices(config.model_copy(update={"window": window}))
    sessions = _with_session(prices.sessions_of(config.strategy), wanted, config.data.calendar)
    market = sessions.market
    costs = config.costs.cost_table(market.assets, market.foreign)
    spine = Spine.open(PlanTerms(config.strategy, config.account, costs, sessions.start, prices.taxation).setup(market))
    row, opening = int(np.searchsorted(market.dates, wanted)), spine.setup.opening
    if row <= opening:
        raise DataError(f"--state-at {day}: the account opens on {market.dates[opening]}; name a later day")
    state = state_before(spine, row)
    shares = market.shares_at(row - 1)
    held = {ticker: Decimal(repr(float(x))) for ticker, x in zip(market.assets, state.units * shares, strict=True) if x}
    return AccountAt(state, held)


def _with_session(sessions: PortfolioMarket, day: np.datetime64, exchange: str) -> PortfolioMarket:
    """Return the sessions with one on or after ``day``, the exchange's next where there are no closes yet.

    A close that is missing at the end of the data is a pause, as orders take it.
    """
    market = let_pause(sessions.market)
    sessions = sessions._replace(market=market)
    if market.dates[-1] >= day:
        return sessions
    ahead = exchange_sessions(exchange, day, day + _LOOK_AHEAD)
    return sessions._replace(market=append_session(market, ahead[0], market.prices[-1], market.age[-1] == 0))
