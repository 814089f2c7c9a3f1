"""What a strategy is held against where one other portfolio is enough."""

from __future__ import annotations

from engine.analysis.comparison import Comparison, PortfolioResult


def first_rival(comparison: Comparison) -> PortfolioResult | None:
    """Return buy-and-hold, else the first benchmark; None where the strategy stands alone."""
    others = [one for name, one in comparison.portfolios.items() if name != "strategy"]
    return comparison.portfolios.get("buy_and_hold") or (others[0] if others else None)


def first_fund(comparison: Comparison) -> PortfolioResult | None:
    """Return the first benchmark that only ever held one asset, else buy-and-hold; None where there is neither."""
    for name, one in comparison.portfolios.items():
        if name not in {"strategy", "buy_and_hold"} and (one.ledger.trades != 0.0).any(axis=0).sum() == 1:
            return one
    return comparison.portfolios.get("buy_and_hold")
