"""American lots: which are sold first, how long they were held, and what a wash sale makes of them (IRC § 1091, § 1222)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from fractions import Fraction

from tests.reference.rules import ZERO, tidy

WINDOW = 30  # days before and after a sale at a loss
QUALIFIES_AFTER = 60  # days held


@dataclass
class Lot:
    """What is left of one purchase, or of the part of it that replaced a sold one; ``basis`` is of one unit.

    ``since`` is when its holding period began, earlier than ``day`` where it carries a sold lot's. ``dividends`` were
    received on it within sixty days of its purchase: year, and money of one unit that is qualified.
    """

    number: int  # of the purchase
    row: int
    day: date
    units: Fraction
    basis: Fraction
    since: date
    replaces: bool = False
    dividends: list[tuple[int, Fraction]] = field(default_factory=list)

    def split(self, units: Fraction) -> Lot:
        """Take ``units`` out of it as a lot like it."""
        self.units -= units
        return replace(self, units=units, dividends=list(self.dividends))


@dataclass(frozen=True)
class Piece:
    """What one sale takes of one lot, as the lot was then."""

    lot: Lot
    units: Fraction
    gain: Fraction  # of one unit, after fees
    long: bool


@dataclass
class OpenLoss:
    """Units sold at a loss that nothing has replaced yet."""

    year: int
    day: date
    number: int
    units: Fraction
    loss: Fraction  # of one unit, positive
    held: timedelta
    long: bool


def is_long(since: date, sold: date) -> bool:
    """Tell whether a lot was held for more than a year: the year begins the day after the purchase."""
    begins = since + timedelta(days=1)
    leap = begins.month == 2 and begins.day == 29
    year_later = date(begins.year + 1, 3, 1) if leap else begins.replace(year=begins.year + 1)
    return sold >= year_later


def sold_first(
    lots: list[Lot], units: Fraction, rank: Callable[[Lot], tuple[Fraction, ...]]
) -> list[tuple[Lot, Fraction]]:
    """Return which lots a sale comes from by rank, the earliest of those that are equal; and how many units of each."""
    taken, left = [], units
    for lot in sorted(lots, key=rank):
        part = min(lot.units, left)
        if part > 0:
            taken.append((lot, part))
        left -= part
    return taken


def pieces_of(taken: Sequence[tuple[Lot, Fraction]], price: Fraction, fees: Fraction, sold: date) -> list[Piece]:
    """Return gains by lot; fees of the sale are shared by units."""
    fee = fees / sum((part for _, part in taken), ZERO) if taken else ZERO
    return [Piece(lot, part, tidy(price - fee - lot.basis), is_long(lot.since, sold)) for lot, part in taken]


def replace_with(lots: list[Lot], lot: Lot, loss: OpenLoss) -> Fraction:
    """Let a lot take up as much of a loss as it has units; return how many: what it carries is a lot of its own."""
    units = min(lot.units, loss.units)
    if units < lot.units:
        part = lot.split(units)
        lots.insert(lots.index(lot), part)
        lot = part
    lot.basis += loss.loss
    lot.since = lot.since - loss.held
    lot.replaces = True
    loss.units -= units
    return units
