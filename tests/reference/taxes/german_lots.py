"""German lots: the oldest first, each with what it cost and what has been taxed already (EStG § 20 (4), InvStG § 19)."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from tests.reference.rules import ZERO, tidy


@dataclass
class Lot:
    """What is left of one purchase; ``cost`` and ``deemed`` are of one unit."""

    row: int
    units: Fraction
    cost: Fraction
    deemed: Fraction = ZERO


def sold_first(lots: list[Lot], units: Fraction) -> list[tuple[Lot, Fraction]]:
    """Return which lots ``units`` come from, and how many of each; all there is may lack rounding."""
    taken, left = [], units
    for lot in lots:
        part = min(lot.units, left)
        if part > 0:
            taken.append((lot, part))
        left -= part
    return taken


def gains_of(taken: list[tuple[Lot, Fraction]], price: Fraction, fees: Fraction) -> list[Fraction]:
    """Return the gains of a sale by lot: proceeds less fees, shared by units, cost, and deemed income booked."""
    units = sum((part for _, part in taken), ZERO)
    return [part * (price - lot.cost - lot.deemed) - fees * part / units for lot, part in taken]


def take_away(lots: list[Lot], taken: list[tuple[Lot, Fraction]]) -> None:
    """Take what was sold out of the lots."""
    for lot, part in taken:
        lot.units -= part
    lots[:] = [lot for lot in lots if lot.units > 0]


def bought(row: int, units: Fraction, price: Fraction, fees: Fraction) -> Lot:
    """Return the lot of a purchase, whose fees are cost."""
    return Lot(row, units, tidy(price + fees / units))
