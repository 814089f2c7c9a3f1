"""Average cost: all units of one asset cost the same, whenever they were bought; the twin of ``FifoLots``."""

from __future__ import annotations

from collections.abc import Iterator

from engine.tax.fifo_lots import LotPart


class AverageLots:
    """The purchases of one asset as one pool.

    ``bought`` and ``sold``: units so far; ``cost`` of those that are left [currency]; ``rows`` of the first purchase.
    """

    def __init__(self) -> None:
        """Begin with no purchase."""
        self.rows: list[int] = []
        self.bought = self.sold = self.cost = 0.0

    @property
    def held(self) -> float:
        """Units that are left."""
        return self.bought - self.sold

    def buy(self, row: int, units: float, cost: float) -> None:
        """Add ``units`` that cost ``cost`` in all, fees included."""
        if not self.rows:
            self.rows.append(row)
        self.bought += units
        self.cost += cost

    def end_of_sale(self, units: float, held: float) -> float:
        """Return how many units are sold once ``units`` more are; where that is all that is ``held``, all of them."""
        return self.bought if units >= held else min(self.sold + units, self.bought)

    def parts_until(self, end: float) -> Iterator[LotPart]:
        """Yield the one part that a sale up to ``end`` units takes out of the pool."""
        if end > self.sold:
            yield LotPart(0, end - self.sold, self._cost_of(end))

    def parts_held(self) -> Iterator[LotPart]:
        """Yield the pool, where anything is left of it."""
        return self.parts_until(self.bought)

    def sell_until(self, end: float) -> None:
        """Count all up to ``end`` units as sold."""
        self.cost = self.cost - self._cost_of(end) if end < self.bought else 0.0
        self.sold = end

    def _cost_of(self, end: float) -> float:
        return self.cost * ((end - self.sold) / self.held)
