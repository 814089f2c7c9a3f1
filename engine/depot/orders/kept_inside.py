"""Funds that a config has keep their dividends while their prices are those of one that pays them: no price at all."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from engine.backtest.config import RunConfig
from engine.backtest.prices import load_prices
from engine.core.errors import DataError
from engine.data.market import Market
from engine.portfolio.policy import PolicyT

_OTHER: Final = 1e-6
"""How far closes that have kept dividends are from those that paid them, at least."""


def refuse_kept_inside(config: RunConfig[PolicyT], market: Market, tickers: Collection[str]) -> None:
    """Raise DataError for those of ``tickers`` whose closes in ``market`` have grown by dividends that they pay."""
    kept = [ticker for ticker in sorted(tickers) if config.tax.accumulates(ticker)]
    if not kept:
        return
    last, paying = (_last_closes(one, kept) for one in (market, load_prices(config.before_tax).market))
    grown = [ticker for ticker in kept if abs(last[ticker] / paying[ticker] - 1.0) > _OTHER]
    if grown:
        found = f"found closes of {', '.join(grown)} that pay dividends, expected those of a fund that keeps them"
        remedy = "give its price by --prices FILE, or write income: distributing"
        raise DataError(f"tax.assets: {found} (income: accumulating); {remedy}")


def _last_closes(market: Market, tickers: Collection[str]) -> dict[str, float]:
    return {ticker: float(market.share_prices[-1, market.column_index(ticker)]) for ticker in tickers}
