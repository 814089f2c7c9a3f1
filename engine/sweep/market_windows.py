"""Which market and which of its rows a variant runs over, and where it may share them with others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic

import numpy as np

from engine.backtest.config import RunConfig
from engine.backtest.loading import last_price_day
from engine.backtest.prices import slice_window
from engine.backtest.workflow import risk_free_per_session
from engine.core.arrays import BoolArray, FloatArray
from engine.data.market import Market
from engine.data.sources.base import Closes
from engine.portfolio.policy import PolicyT
from engine.sweep.variants import PlanTerms


@dataclass(frozen=True)
class MarketWindow:
    """A market with the rows that a window takes of it, and the risk-free rate: one a session, or (T,) of them."""

    market: Market
    start: int
    end: int
    risk_free: float | FloatArray


class MarketWindows(Generic[PolicyT]):
    """The markets of a sweep over its ``closes``."""

    def __init__(self, base_config: RunConfig[PolicyT], closes: Closes) -> None:
        """Begin with none."""
        self.closes, self._risk_free = closes, base_config.compare.risk_free
        benchmarks = base_config.compare.benchmarks
        self._benchmark_tickers = tuple(ticker for other in benchmarks for ticker in other.strategy.tickers)
        self._shared: dict[object, tuple[MarketWindow, BoolArray]] = {}
        self._is_gapless: dict[object, bool] = {}

    def own(self, tickers: tuple[str, ...], terms: PlanTerms) -> MarketWindow:
        """Return the market that a variant's own config would load; raises DataError when there is none."""
        return self._slice((*tickers, *self._benchmark_tickers), terms)[0]

    def shared(self, tickers: tuple[str, ...], terms: PlanTerms) -> MarketWindow | None:
        """Return a market of all closes that is as good as a variant's own: the same sessions, and assets nobody wants.

        None when the variant's own assets lack some of the sessions; raises DataError when there is no market.
        """
        window = terms.window
        key = (window.start, window.end, terms.account.cash.rate)
        if key not in self._shared:
            shared, closes = self._slice(self.closes.tickers, terms)
            self._shared[key] = shared, ~np.isnan(closes.closes)
        shared, has_close = self._shared[key]
        assets = (frozenset(tickers), window.end)
        if assets not in self._is_gapless:
            columns = [shared.market.columns[ticker] for ticker in (*tickers, *self._benchmark_tickers)]
            rows = np.logical_or.reduce(has_close[:, columns], axis=1)
            self._is_gapless[assets] = bool(rows[int(rows.argmax()) :].all())
        return shared if self._is_gapless[assets] else None

    def _slice(self, tickers: tuple[str, ...], terms: PlanTerms) -> tuple[MarketWindow, Closes]:
        """Return the market of some tickers with the rows of a window, and their closes."""
        window = terms.window
        closes = self.closes.select(tickers, last_price_day(window.end) if window.end else None)
        market = closes.to_market(terms.account.currency, terms.account.cash.rate)
        cut, start = slice_window(market, window)
        end = len(cut.dates)
        free = risk_free_per_session(self._risk_free, cut.dates[start:], market.periods_per_year)
        if not isinstance(free, float):
            free = np.concatenate([np.full(start, np.nan), free, np.full(len(market.dates) - end, np.nan)])
        return MarketWindow(market, start, end, free), closes
