"""The terms of orders as numbers: how quantities and limits are rounded, and which orders are not worth placing."""

from __future__ import annotations

import math
from typing import Final, NamedTuple

_GRACE: Final = 1e-9


class OrderTerms(NamedTuple):
    """``orders:`` of a config with the account's least order; quantities are multiples of ``step``, 0 for any."""

    limit: float
    tick: float
    max_fee: float
    min_order: float
    step: float

    @property
    def whole(self) -> bool:
        """Whether orders are of whole shares."""
        return self.step == 1.0

    def round_down(self, units: float) -> float:
        """Return the shares that can be ordered of those wanted."""
        return units if not self.step else math.floor(units / self.step + _GRACE) * self.step

    def floor_tick(self, price: float) -> float:
        """Return the highest limit at or below ``price``."""
        return round(math.floor(price / self.tick + _GRACE) * self.tick, 10)

    def ceil_tick(self, price: float) -> float:
        """Return the lowest limit at or above ``price``."""
        return round(math.ceil(price / self.tick - _GRACE) * self.tick, 10)
