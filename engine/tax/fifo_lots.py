"""First in, first out: the lots of one asset as sums that only grow, so that a sale is a difference of two of them.

Of all units bought so far the oldest ``sold`` are gone. What they cost is read off the running sums of units and money,
which are straight inside a lot. The compiled runs have the same sums, and so the same bits.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

ALL_HELD: Final = 1.0 - 1e-12
"""Of what is held, a sale of so much is one of all: units of an account and of its lots differ in their last bits."""


class LotPart(NamedTuple):
    """What is taken from one lot: its number, ``units`` of it and what they cost [currency]."""

    lot: int
    units: float
    cost: float


class FifoLots:
    """The purchases of one asset in order.

    ``rows`` of the purchases; ``units_to`` and ``cost_to``: all units and money up to and including each; ``price``:
    its cost a unit, fees included; ``sold``: units sold so far; ``first``: the oldest lot of which any is left.
    """

    def __init__(self) -> None:
        """Begin with no purchase."""
        self.rows: list[int] = []
        self.units_to: list[float] = []
        self.cost_to: list[float] = []
        self.price: list[float] = []
        self.sold = 0.0
        self.first = 0

    @property
    def held(self) -> float:
        """Units that are left."""
        return self.units_to[-1] - self.sold if self.units_to else 0.0

    def copy(self) -> FifoLots:
        """Return lots of their own that are the same now."""
        twin = FifoLots()
        twin.rows, twin.units_to, twin.cost_to = self.rows.copy(), self.units_to.copy(), self.cost_to.copy()
        twin.price, twin.sold, twin.first = self.price.copy(), self.sold, self.first
        return twin

    def parts_held(self) -> Iterator[LotPart]:
        """Yield what is left of each lot, oldest first."""
        return self.parts_until(self.units_to[-1] if self.units_to else 0.0)

    def buy(self, row: int, units: float, cost: float) -> None:
        """Add a lot of ``units`` that cost ``cost`` in all, fees included."""
        before, paid = (self.units_to[-1], self.cost_to[-1]) if self.units_to else (0.0, 0.0)
        self.rows.append(row)
        self.units_to.append(before + units)
        self.cost_to.append(paid + cost)
        self.price.append(cost / units)

    def end_of_sale(self, units: float, held: float) -> float:
        """Return how many units are sold once ``units`` more are; where that is all that is ``held``, all of them."""
        return self.units_to[-1] if units >= held else min(self.sold + units, self.units_to[-1])

    def cost_until(self, units: float) -> float:
        """Return what the oldest ``units``, of which no lot before ``first`` is the last, have cost [currency]."""
        at = self.lot_at(units)
        if at == len(self.units_to):
            return self.cost_to[-1] if self.cost_to else 0.0
        before, paid = (self.units_to[at - 1], self.cost_to[at - 1]) if at else (0.0, 0.0)
        return paid + (units - before) * self.price[at]

    def lot_at(self, units: float) -> int:
        """Return the lot that the oldest ``units`` end before or within: the first that reaches beyond them."""
        at, ends = self.first, self.units_to
        while at < len(ends) and ends[at] <= units:
            at += 1
        return at

    def parts_until(self, end: float) -> Iterator[LotPart]:
        """Yield what a sale up to the oldest ``end`` units takes from each lot."""
        at, begin = self.first, self.sold
        while at < len(self.units_to) and begin < end:
            upto = min(self.units_to[at], end)
            if upto > begin:
                yield LotPart(at, upto - begin, (upto - begin) * self.price[at])
                begin = upto
            at += 1

    def sell_until(self, end: float) -> None:
        """Count all up to the oldest ``end`` units as sold."""
        self.sold = end
        while self.first < len(self.units_to) and self.units_to[self.first] <= end:
            self.first += 1
