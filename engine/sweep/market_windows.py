"""Which market and which of its rows a variant runs over, shared with all that have the same sessions."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final, Generic

import numpy as np

from engine.backtest.config import RunConfig
from engine.backtest.loading import last_price_day
from engine.backtest.prices import market_of_account, risk_free_per_session, slice_window
from engine.core.arrays import FloatArray
from engine.data.closes import Closes
from engine.data.market import Market
from engine.data.portfolio_sessions import OwnSessions, own_sessions
from engine.portfolio.policy import Policy, PolicyT
from engine.sweep.batch.planner import Memo
from engine.sweep.variants import PlanTerms

MAX_CACHED_MARKETS: Final = 64
"""Markets that are kept at a time; assets with gaps of their own each have one."""
MAX_CACHED_SESSIONS: Final = 1_024
"""Sets of assets whose sessions are kept."""


@dataclass(frozen=True)
class MarketWindow:
    """A market with the rows that a window takes of it, and the risk-free rate: one a session, or (T,) of them."""

    market: Market
    start: int
    end: int
    risk_free: float | FloatArray


class MarketWindows(Generic[PolicyT]):
    """The markets of a sweep over its ``closes``: the same object for variants with the same sessions."""

    def __init__(self, base_config: RunConfig[PolicyT], closes: Closes) -> None:
        """Begin with none."""
        self.closes, self._risk_free, self._read_at = closes, base_config.compare.risk_free, base_config.data.frequency
        others = (benchmark.strategy for benchmark in base_config.compare.benchmarks)
        self._beside = frozenset(ticker for other in others for ticker in other.tickers)  # what a run of its own loads
        self._until: Memo[Closes] = Memo(MAX_CACHED_MARKETS)
        self._sessions: Memo[OwnSessions] = Memo(MAX_CACHED_SESSIONS)
        self._windows: Memo[MarketWindow] = Memo(MAX_CACHED_MARKETS)

    def of(self, policy: Policy, terms: PlanTerms) -> MarketWindow:
        """Return all assets on the sessions of ``policy`` (S1), as if nothing stood beside them.

        Raises DataError when there are none, or too few in the window.
        """
        window = terms.window
        closes = self._until.recall(window.end, lambda: self._closes_until(window.end))
        outlives, tickers, since = policy.haircut > 0.0, policy.tickers, window.start
        own = self._sessions.recall(
            (frozenset(tickers), outlives, since, window.end),
            lambda: own_sessions(closes, tickers, self._read_at, since, outlives=outlives, beside=self._beside),
        )
        key = own.key, window.start, window.end, terms.account.cash.rate
        return self._windows.recall(key, lambda: self._slice(own.of(closes), terms))

    def _closes_until(self, end: dt.date | None) -> Closes:
        return self.closes.select(self.closes.tickers, last_price_day(end) if end else None)

    def _slice(self, closes: Closes, terms: PlanTerms) -> MarketWindow:
        """Return the market of ``closes`` with the rows of a window."""
        market = market_of_account(closes, terms.account, terms.window)
        cut, start = slice_window(market, terms.window)
        end = len(cut.dates)
        free = risk_free_per_session(self._risk_free, cut.dates[start:], market.periods_per_year)
        if not isinstance(free, float):
            free = np.concatenate([np.full(start, np.nan), free, np.full(len(market.dates) - end, np.nan)])
        return MarketWindow(market, start, end, free)
