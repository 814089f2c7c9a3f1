"""Buy and hold: buy once at the opening, never trade again (but for flows and delistings)."""

from __future__ import annotations

from typing import Literal

from strategies.base import SingleMix
from strategies.schedules import Never


class BuyAndHold(SingleMix):
    """Buy ``weights`` at the opening and keep the shares."""

    kind: Literal["buy_and_hold"] = "buy_and_hold"

    @property
    def schedule(self) -> Never:
        """It never decides again."""
        return Never()
