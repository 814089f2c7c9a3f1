"""Buy and hold: buy once at the opening, never trade again (but for flows and delistings)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from strategies.plan import Plan, Weights
from strategies.rebalance import Never


class BuyAndHold(Plan):
    """Buy ``weights`` at the opening and keep the shares."""

    kind: Literal["buy_and_hold"] = "buy_and_hold"
    weights: Weights

    @property
    def schedule(self) -> Never:
        """It never decides again."""
        return Never()

    @property
    def watch_caps(self) -> bool:
        """It has no caps to watch."""
        return False

    def wanted(self) -> Mapping[str, float]:
        """Return the opening weights."""
        return self.weights

    def core(self) -> Mapping[str, float]:
        """Return the opening weights: all of them take what an absent asset leaves."""
        return self.weights

    def caps(self) -> Mapping[str, float]:
        """Return none."""
        return {}
