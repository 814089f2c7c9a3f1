"""The lots of one asset, and which of them a sale takes: first in first out, by cost, by tax, or at average cost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, Literal, NamedTuple, Protocol, TypeAlias

from engine.core.ordered_sum import add_in_order
from engine.tax.fifo_lots import FifoLots
from engine.tax.record import OpenLot
from engine.tax.united_states.holding_period import is_long_term, long_term_from
from engine.tax.united_states.rates import MarginalRates

LotMethod: TypeAlias = Literal["fifo", "hifo", "min_tax", "average"]
"""First in first out; highest cost first; least tax first; average cost, funds only, the holding periods still FIFO."""

LOT_METHOD_WORDS: Final[dict[LotMethod, str]] = {
    "fifo": "lots first in, first out",
    "hifo": "lots of the highest cost first",
    "min_tax": "lots of the least tax first",
    "average": "lots at average cost",
}


class SoldPart(NamedTuple):
    """What a sale takes from one lot: when it was bought, how many units, their cost [currency], since when held.

    ``purchase`` tells purchases of one asset apart; days are proleptic ordinals.
    """

    purchase: int
    row: int
    bought: int
    held_from: int
    units: float
    cost: float


class Sale(NamedTuple):
    """What a sale realises, of each kind [currency], and from which lots."""

    short: float
    long: float
    parts: Sequence[SoldPart]


class HeldLot(NamedTuple):
    """What is left of a purchase: when it was, since when it counts as held, units and their cost [currency]."""

    row: int
    held_from: int
    units: float
    cost: float


class AssetLots(Protocol):
    """The lots of one asset."""

    def buy(self, row: int, day: int, units: float, cost: float) -> None:
        """Add a lot that cost ``cost`` in all, fees included."""

    def sell(self, day: int, units: float, held: float, price: float) -> Sale:
        """Take ``units`` of all ``held`` at ``price`` after fees out of the lots."""

    def in_order(self, day: int, price: float) -> Iterator[HeldLot]:
        """Yield what is held in the order in which a sale at ``price`` would take it."""

    def left(self) -> Iterator[HeldLot]:
        """Yield what is held, oldest first."""

    def copy(self) -> AssetLots:
        """Return lots of their own that are the same now."""


def open_lots(assets: Sequence[AssetLots]) -> tuple[OpenLot, ...]:
    """Return what is left of the lots of each asset, as a record has them."""
    return tuple(OpenLot(j, lot.row, lot.units, lot.cost) for j, lots in enumerate(assets) for lot in lots.left())


class SummedLots:
    """First in, first out, without wash sales: sums that only grow, a sale is a difference of two of them."""

    def __init__(self) -> None:
        """Begin with no purchase."""
        self._lots = FifoLots()
        self._days: list[int] = []

    def buy(self, row: int, day: int, units: float, cost: float) -> None:
        """Add a lot that cost ``cost`` in all, fees included."""
        self._lots.buy(row, units, cost)
        self._days.append(day)

    def sell(self, day: int, units: float, held: float, price: float) -> Sale:
        """Take ``units`` of all ``held`` at ``price`` after fees out of the lots; the oldest are the long-term ones."""
        lots, begin = self._lots, self._lots.sold
        end = lots.end_of_sale(units, held)
        parts = [
            SoldPart(lot, lots.rows[lot], self._days[lot], self._days[lot], taken, cost)
            for lot, taken, cost in lots.parts_until(end)
        ]
        turn = min(max(self._long_term_until(day), begin), end)
        paid = lots.cost_until(begin), lots.cost_until(turn), lots.cost_until(end)
        long = (turn - begin) * price - (paid[1] - paid[0]) if turn > begin else 0.0
        short = (end - turn) * price - (paid[2] - paid[1]) if end > turn else 0.0
        lots.sell_until(end)
        return Sale(short, long, parts)

    def _long_term_until(self, day: int) -> float:
        """Return how many units, of all ever bought, have been held for long on ``day``."""
        lots, at, until = self._lots, self._lots.first, 0.0
        while at < len(self._days) and day >= long_term_from(self._days[at]):
            until = lots.units_to[at]
            at += 1
        return until

    def in_order(self, day: int, price: float) -> Iterator[HeldLot]:
        """Yield what is held, oldest first."""
        return self.left()

    def left(self) -> Iterator[HeldLot]:
        """Yield what is held, oldest first."""
        for lot, units, cost in self._lots.parts_held():
            yield HeldLot(self._lots.rows[lot], self._days[lot], units, cost)

    def copy(self) -> SummedLots:
        """Return lots of their own that are the same now."""
        twin = SummedLots()
        twin._lots, twin._days = self._lots.copy(), self._days.copy()
        return twin


class Lot(NamedTuple):
    """One lot: ``purchase`` it comes from, when bought and since when held, units and their cost [currency].

    ``free``: whether its units have not replaced any that were sold at a loss.
    """

    purchase: int
    row: int
    bought: int
    held_from: int
    units: float
    cost: float
    free: bool = True

    def as_held(self) -> HeldLot:
        """Return it as it is told to others."""
        return HeldLot(self.row, self.held_from, self.units, self.cost)

    def take(self, units: float) -> Lot:
        """Return ``units`` of it at their share of its cost; all of it as it is."""
        return self if units == self.units else self._replace(units=units, cost=self.cost * (units / self.units))

    def without(self, units: float) -> Lot:
        """Return what is left without ``units``."""
        left = self.units - units
        return self._replace(units=left, cost=self.cost * (left / self.units))


class ListedLots:
    """Lots one by one, in the order of their purchases; ``method`` says which of them a sale takes."""

    def __init__(self, method: LotMethod, rates: MarginalRates) -> None:
        """Begin with no lot; ``rates`` are what ``min_tax`` compares by."""
        self.method, self.rates = method, rates
        self.lots: list[Lot] = []
        self._purchases = 0

    def buy(self, row: int, day: int, units: float, cost: float) -> None:
        """Add a lot that cost ``cost`` in all, fees included."""
        self.lots.append(Lot(self._purchases, row, day, day, units, cost))
        self._purchases += 1

    def sell(self, day: int, units: float, held: float, price: float) -> Sale:
        """Take ``units`` of all ``held`` at ``price`` after fees out of the lots."""
        if self.method == "average":
            self._average()
        taken: dict[int, float] = {}
        wanted = units
        for at in self._order(day, price):
            taken[at] = self.lots[at].units if units >= held else min(self.lots[at].units, wanted)
            wanted -= taken[at]
            if wanted <= 0.0 and units < held:
                break
        parts, rest = [], []
        for at, lot in enumerate(self.lots):
            sold = taken.get(at, 0.0)
            if sold > 0.0:
                part = lot.take(sold)
                parts.append(SoldPart(lot.purchase, lot.row, lot.bought, lot.held_from, sold, part.cost))
            if sold < lot.units:
                rest.append(lot.without(sold) if sold > 0.0 else lot)
        self.lots = rest
        gains = [(part.units * price - part.cost, is_long_term(part.held_from, day)) for part in parts]
        short, long = (add_in_order(gain for gain, kind in gains if kind is side) for side in (False, True))
        return Sale(short, long, parts)

    def _order(self, day: int, price: float) -> list[int]:
        numbers = range(len(self.lots))
        if self.method == "hifo":
            return sorted(numbers, key=lambda at: -_unit_cost(self.lots[at]))
        if self.method == "min_tax":
            return sorted(numbers, key=lambda at: self._tax_order(self.lots[at], day, price))
        return list(numbers)

    def _tax_order(self, lot: Lot, day: int, price: float) -> tuple[float, int, float]:
        """Return the tax of a unit; where equal: losses short, long, then gains long, short, the smallest first."""
        gain, long = price - _unit_cost(lot), is_long_term(lot.held_from, day)
        group = (1 if long else 0) if gain < 0.0 else (2 if long else 3)
        return (self.rates.long_term if long else self.rates.ordinary) * gain, group, gain

    def _average(self) -> None:
        """Let every lot cost the average of all."""
        units = add_in_order(lot.units for lot in self.lots)
        if units > 0.0:
            price = add_in_order(lot.cost for lot in self.lots) / units
            self.lots = [lot._replace(cost=lot.units * price) for lot in self.lots]

    def in_order(self, day: int, price: float) -> Iterator[HeldLot]:
        """Yield what is held in the order in which a sale at ``price`` would take it."""
        if self.method == "average":
            self._average()
        return (self.lots[at].as_held() for at in self._order(day, price))

    def left(self) -> Iterator[HeldLot]:
        """Yield what is held, oldest first."""
        if self.method == "average":
            self._average()
        return (lot.as_held() for lot in self.lots)

    def copy(self) -> ListedLots:
        """Return lots of their own that are the same now."""
        twin = ListedLots(self.method, self.rates)
        twin.lots, twin._purchases = self.lots.copy(), self._purchases
        return twin


def _unit_cost(lot: Lot) -> float:
    """Return what a unit cost, for an order in which rounding decides nothing: of equal lots the earliest goes first.

    A replacement bought at the price of the sale that it washes costs what the rest of the sold lot did.
    """
    return float(f"{lot.cost / lot.units:.12g}")
