"""Wash sales: a loss is not allowed where the same asset was bought within 30 days before or after (IRC § 1091).

Units bought replace as many that were sold, each once, earliest purchase first (Treas. Reg. § 1.1091-1). The loss on
them is added to what the replacement cost, and its holding period grows by theirs (§ 1223). What is left of the very
lot that was sold replaces nothing (Rev. Rul. 56-602).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from engine.tax.united_states.lots import ListedLots, Lot, SoldPart

WINDOW: Final = 30
"""Days before and after a sale at a loss."""


class Disallowed(NamedTuple):
    """A loss that is not allowed, as a positive ``amount`` [currency]; ``booking`` is the number of its sale."""

    booking: int
    amount: float


class OpenLoss(NamedTuple):
    """Units sold at a loss that nothing has replaced yet: when, how many, what each lost, how long they were held."""

    booking: int
    day: int
    units: float
    loss: float
    days_held: int


class WashSales:
    """Matches the losses of one asset with its lots."""

    def __init__(self, lots: ListedLots) -> None:
        """Begin with no loss."""
        self.lots = lots
        self._open: list[OpenLoss] = []

    def copy(self, lots: ListedLots) -> WashSales:
        """Return the same of ``lots`` that are a copy."""
        twin = WashSales(lots)
        twin._open = self._open.copy()
        return twin

    def after_sale(self, day: int, price: float, sold: list[tuple[int, SoldPart]]) -> Iterator[Disallowed]:
        """Yield what is not allowed of the losses of ``sold`` parts, with their bookings, at ``price`` after fees.

        What lots still held do not replace waits for purchases.
        """
        for booking, part in sold:
            loss = part.cost / part.units - price
            if loss > 0.0:
                left = OpenLoss(booking, day, part.units, loss, day - part.held_from)
                for at in self._bought_before(day, part.purchase):
                    yield from self._replace(at, left)
                    left = left._replace(units=left.units - self.lots.lots[at].units)
                    if left.units <= 0.0:
                        break
                else:
                    self._open.append(left)

    def after_purchase(self, day: int) -> Iterator[Disallowed]:
        """Yield what is not allowed any more since the last lot was bought; earliest losses first."""
        waiting = [loss for loss in self._open if day - loss.day <= WINDOW]
        at, self._open = len(self.lots.lots) - 1, []
        for number, loss in enumerate(waiting):
            if at == len(self.lots.lots):
                self._open += waiting[number:]
                return
            yield from self._replace(at, loss)
            left = loss.units - self.lots.lots[at].units
            if left > 0.0:
                self._open.append(loss._replace(units=left))
            at += 1

    def replaced_by_another(self, day: int) -> None:
        """Wait for no replacement of what was sold on ``day``; the lot just bought instead replaces nothing either."""
        self._open = [loss for loss in self._open if loss.day != day]
        self.lots.lots[-1] = self.lots.lots[-1]._replace(free=False)

    def _bought_before(self, day: int, purchase: int) -> Iterator[int]:
        """Yield the numbers of lots that can replace what was sold out of ``purchase`` at ``day``, earliest first."""
        at = 0
        while at < len(self.lots.lots):
            lot = self.lots.lots[at]
            if lot.free and lot.purchase != purchase and day - lot.bought <= WINDOW:
                yield at
            at += 1

    def _replace(self, at: int, loss: OpenLoss) -> Iterator[Disallowed]:
        """Let as much of lot ``at`` as there is of the ``loss`` replace it; what is not needed becomes the next lot."""
        lots, lot = self.lots.lots, self.lots.lots[at]
        units = min(lot.units, loss.units)
        amount = units * loss.loss
        part = lot.take(units)
        lots[at] = _adjusted(part, amount, loss.days_held)
        if units < lot.units:
            lots.insert(at + 1, lot.without(units))
        yield Disallowed(loss.booking, amount)


def _adjusted(lot: Lot, amount: float, days_held: int) -> Lot:
    """Return a replacement with the loss in its cost, and held for the days of what it replaces too."""
    return lot._replace(cost=lot.cost + amount, held_from=lot.bought - days_held, free=False)
