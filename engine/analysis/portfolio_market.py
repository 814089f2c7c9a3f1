"""What a portfolio is simulated and measured on; no compiler is needed to say it."""

from __future__ import annotations

from typing import NamedTuple

from engine.core.arrays import FloatArray
from engine.data.market import Market


class PortfolioMarket(NamedTuple):
    """A market of the sessions of one portfolio (S1), the row its window starts at, and the risk-free rate.

    ``risk_free`` is a rate a session, or one for each from row ``start`` on; ``note``: what is to be said of them.
    """

    market: Market
    start: int
    risk_free: float | FloatArray = 0.0
    note: str = ""
