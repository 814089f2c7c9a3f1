"""What a German investor sells and buys back at a year's end: gains that the allowance covers, losses that save tax.

Both are accepted on the same day (BFH IX R 60/07), and the new lots cost what they are worth. A fund's new lot is one
of December: of the year's advance lump sum it carries a twelfth.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, NamedTuple, TypeAlias

from engine.core.ordered_sum import add_in_order
from engine.tax.book import OrderCost

_MOST_ROUNDS: Final = 50
_HALVINGS: Final = 60
_FLAT: Final = 1e-12
"""Of a fall of the tax: what is no fall any more."""
_CENT: Final = 0.01


class LotPiece(NamedTuple):
    """One lot, oldest first: its ``units``, and the taxable ``gain`` of one of them [EUR], negative of a loser."""

    units: float
    gain: float


class _Stretch(NamedTuple):
    """Lots ``first`` to before ``last`` of column ``asset``: gain for each euro sold, and ``gain`` in all [EUR]."""

    asset: int
    first: int
    last: int
    density: float
    gain: float


@dataclass(frozen=True)
class Holdings:
    """What can be sold at ``prices`` (N,): the lots of each column, and which columns are ``stocks``."""

    pieces: Sequence[Sequence[LotPiece]]
    prices: Sequence[float]
    stocks: Sequence[bool]

    def money(self, units: Sequence[float]) -> list[float]:
        """Return what ``units`` (N,) are worth [EUR]; nothing of what has no price."""
        return [one * price if one else 0.0 for one, price in zip(units, self.prices, strict=True)]

    def gain_of(self, asset: int, units: float) -> float:
        """Return the taxable gain of the oldest ``units`` of a column [EUR]."""
        taken = 0.0
        for piece in self.pieces[asset]:
            part = min(piece.units, units)
            taken += part * piece.gain
            units -= part
            if units <= 0.0:
                break
        return taken


class Room(NamedTuple):
    """What gains still go untaxed this year [EUR]: up to ``base``, and of stocks ``pot`` more, which meets its pot."""

    base: float
    pot: float


def gains_within(
    holdings: Holdings, room: Room, rate: float, shares_taxed: Sequence[float], cost: OrderCost
) -> list[float]:
    """Return (N,) units whose gains, less the fees of their sale, fill ``room``, or as much of it as there is.

    The largest gain for each euro sold comes first, inside an asset its oldest lots: a loser goes along only where what
    comes after it gains more. Where two orders cost what the gain would be taxed with at ``rate``, an asset stays.
    ``shares_taxed`` (N,) of a fee lowers the gain.
    """
    left_out: set[int] = set()
    fees, units = 0.0, [0.0] * len(holdings.prices)
    for _ in range(_MOST_ROUNDS):
        units = _fill(holdings, Room(room.base + fees, room.pot), left_out)
        charged = [cost(j, money) if money else 0.0 for j, money in enumerate(holdings.money(units))]
        dear = {j for j, fee in enumerate(charged) if units[j] and 2.0 * fee >= rate * holdings.gain_of(j, units[j])}
        left_out |= dear
        before, fees = fees, add_in_order(fee * share for fee, share in zip(charged, shares_taxed, strict=True))
        if not dear and fees == before:
            break
    return units


def _fill(holdings: Holdings, room: Room, left_out: Iterable[int]) -> list[float]:
    """Return (N,) units whose gains fill ``room`` before fees."""
    stretches = [
        stretch
        for j in range(len(holdings.prices))
        if j not in left_out
        for stretch in _stretches(j, holdings.pieces[j], holdings.prices[j])
    ]
    of_stocks = add_in_order(one.gain for one in stretches if holdings.stocks[one.asset])
    units, left, pot = [0.0] * len(holdings.prices), room.base, room.pot
    if of_stocks <= pot:
        stretches = [one for one in stretches if not holdings.stocks[one.asset]]
    for stretch in sorted(stretches, key=lambda one: (pot > 0.0 and holdings.stocks[one.asset], -one.density)):
        if left <= 0.0:
            break
        eaten = min(pot, stretch.gain) if holdings.stocks[stretch.asset] else 0.0
        pieces = holdings.pieces[stretch.asset][stretch.first : stretch.last]
        wanted = left + eaten
        units[stretch.asset] += _units_for(pieces, wanted)
        left -= min(stretch.gain, wanted) - eaten
        pot -= eaten
    return units


def _stretches(asset: int, pieces: Sequence[LotPiece], price: float) -> list[_Stretch]:
    """Return the lots of an asset in stretches, each the one that gains most for a euro from where the last ended."""
    found, first = [], 0
    while first < len(pieces):
        best, gain, money = _Stretch(asset, first, first, 0.0, 0.0), 0.0, 0.0
        for last in range(first, len(pieces)):
            gain += pieces[last].units * pieces[last].gain
            money += pieces[last].units * price
            if money > 0.0 and gain > 0.0 and gain / money >= best.density:
                best = _Stretch(asset, first, last + 1, gain / money, gain)
        if best.last == first:
            break
        found.append(best)
        first = best.last
    return found


def _units_for(pieces: Sequence[LotPiece], gain: float) -> float:
    """Return of how many units the gain first comes to ``gain``; all of them where it does not."""
    units = so_far = 0.0
    for piece in pieces:
        more = piece.units * piece.gain
        if so_far + more >= gain:
            return units + (gain - so_far) / piece.gain
        so_far += more
        units += piece.units
    return units


TaxOf: TypeAlias = Callable[[Sequence[float], Sequence[float]], float]
"""Returns how far sales of (N,) units at (N,) fees would move the tax of the running year [EUR]."""


def losses_worth_taking(holdings: Holdings, tax_of: TaxOf, cost: OrderCost) -> list[float]:
    """Return (N,) units of the oldest lots that lose, as far as they lower the year's tax by more than two orders cost.

    The assets that lose most for each euro sold come first; each goes as far as saves most.
    """
    losers = [_losing(pieces) for pieces in holdings.pieces]
    order = sorted(
        (j for j, pieces in enumerate(losers) if pieces),
        key=lambda j: (
            add_in_order(piece.units * piece.gain for piece in losers[j])
            / (add_in_order(piece.units for piece in losers[j]) * holdings.prices[j])
        ),
    )
    units, fees = [0.0] * len(holdings.prices), [0.0] * len(holdings.prices)

    def try_out(j: int, sold: float) -> float:
        units[j], fees[j] = sold, cost(j, sold * holdings.prices[j]) if sold else 0.0
        return tax_of(units, fees)

    for j in order:
        before, best, most = tax_of(units, fees), 0.0, _CENT
        reached = 0.0
        for piece in losers[j]:
            sold = _as_far_as_it_falls(partial(try_out, j), reached, reached + piece.units)
            saved = before - try_out(j, sold) - 2.0 * fees[j]
            if saved > most:
                best, most = sold, saved
            reached += piece.units
            if sold < reached:
                break
        try_out(j, best)
    return units


def _losing(pieces: Sequence[LotPiece]) -> list[LotPiece]:
    """Return the oldest lots as long as they lose."""
    found = []
    for piece in pieces:
        if piece.gain >= 0.0:
            break
        found.append(piece)
    return found


def _as_far_as_it_falls(tax: Callable[[float], float], begin: float, end: float) -> float:
    """Return where in units from ``begin`` to ``end`` the tax, straight until it is flat, falls no more."""
    low, middle, high = tax(begin), tax(0.5 * (begin + end)), tax(end)
    if high >= low:
        return begin
    near = _FLAT * (low - high)
    if middle - high >= 0.5 * (low - high) - near:
        return end
    for _ in range(_HALVINGS):
        between = 0.5 * (begin + end)
        begin, end = (begin, between) if tax(between) <= high + near else (between, end)
    return end
