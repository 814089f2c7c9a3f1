"""What a portfolio is simulated and measured on; no compiler is needed to say it."""

from __future__ import annotations

from typing import NamedTuple

from engine.core.arrays import FloatArray
from engine.data.market import Market
from engine.simulation.ledger import Ledger


class PortfolioMarket(NamedTuple):
    """A market of the sessions of one portfolio (S1), the row its window starts at, and the risk-free rate.

    ``risk_free`` is a rate a session, or one for each from row ``start`` on; ``note``: what is to be said of them.
    """

    market: Market
    start: int
    risk_free: float | FloatArray = 0.0
    note: str = ""

    def until(self, ledger: Ledger) -> PortfolioMarket:
        """Return the same up to the end of a run, which is earlier than the market's where its money was spent."""
        if ledger.last_withdrawal is None:
            return self
        market, free = self.market.truncate(ledger.dates[-1]), self.risk_free
        if not isinstance(free, float):
            free = free[: len(free) - (len(self.market.dates) - len(market.dates))]
        return self._replace(market=market, risk_free=free)
