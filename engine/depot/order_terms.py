"""``orders:`` of a config: how what a rule asks for becomes orders at a broker."""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

from engine.core.fields import ConfigModel, NonNegative, Positive, Weight, WholeNumber

_GRACE = 1e-9


class OrderRules(ConfigModel):
    """How orders are sized and limited.

    ``unknown``: what becomes of holdings that the plan does not name. ``limit``: how far a limit is from the sizing
    price, at least half the asset's spread; ``tick``: the step of limits [currency]. ``max_fee``: an order whose fee is a
    larger share of its money is left out. ``reserve``: cash that stays [currency]. ``max_age``: sessions that a price may
    be old. ``step``: shares that orders are multiples of, 1 for whole ones.
    """

    unknown: Literal["ignore", "fail", "sell"] = "ignore"
    limit: Weight = 0.005
    tick: Positive = 0.01
    max_fee: Weight = 0.01
    reserve: NonNegative = 0.0
    max_age: WholeNumber = 3
    step: Positive | None = None


class OrderTerms(NamedTuple):
    """The same as numbers, with the account's least order; ``step`` is what quantities are multiples of, 0 for none."""

    limit: float
    tick: float
    max_fee: float
    min_order: float
    step: float

    @property
    def whole_purchases(self) -> bool:
        """Whether only whole shares are bought."""
        return self.step == 1.0

    @property
    def whole_sales(self) -> bool:
        """Whether only whole shares are sold by limit."""
        return self.step == 1.0

    def round_purchase(self, units: float, price: float) -> float:
        """Return the units that can be ordered of those wanted."""
        del price
        return units if not self.step else math.floor(units / self.step + _GRACE) * self.step

    def round_sale(self, units: float) -> float:
        """Return the units that can be sold of those wanted."""
        return units if not self.step else math.floor(units / self.step + _GRACE) * self.step

    def purchase_step(self, price: float) -> float:
        """Return the least by which a purchase can be smaller [shares]."""
        return self.step or self.tick / price

    def floor_tick(self, price: float) -> float:
        """Return the highest limit at or below ``price``."""
        return round(math.floor(price / self.tick + _GRACE) * self.tick, 10)

    def ceil_tick(self, price: float) -> float:
        """Return the lowest limit at or above ``price``."""
        return round(math.ceil(price / self.tick - _GRACE) * self.tick, 10)
