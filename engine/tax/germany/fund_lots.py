"""Lots of a fund with what was taxed of them in advance, as running sums beside those of their cost.

A lot of a closed year has been taxed, a unit, with ``C - m``: ``C`` the sum of the fund's advance lump sums before this
year, ``m`` what of it the lot was not there for. ``M``, the sum of ``units x m`` over the lots, makes the deemed income
of a sale a difference of two sums, like its cost. Lots of the running year have none yet, and are not in ``M``.
"""

from __future__ import annotations

from engine.tax.fifo_lots import FifoLots
from engine.tax.germany.advance_lump_sum import months_share


class FundLots:
    """The ``lots`` of one fund.

    ``missed``: by lot of a closed year, ``m``; ``missed_to``: the running sums ``M`` [EUR].
    """

    def __init__(self) -> None:
        """Begin with no purchase."""
        self.lots = FifoLots()
        self.missed: list[float] = []
        self.missed_to: list[float] = []

    def deemed(self, end: float, before: float) -> float:
        """Return what was taxed in advance of the units up to the oldest ``end`` that are not sold [EUR]."""
        lots, closed = self.lots, len(self.missed)
        upto = min(end, lots.units_to[closed - 1]) if closed else 0.0
        if upto <= lots.sold:
            return 0.0
        return before * (upto - lots.sold) - (self._missed_until(upto) - self._missed_until(lots.sold))

    def deemed_of_lot(self, lot: int, before: float) -> float:
        """Return what was taxed in advance of one unit of ``lot`` [EUR]."""
        return before - self.missed[lot] if lot < len(self.missed) else 0.0

    def close_year(self, value: float, before: float, months: list[int]) -> list[tuple[int, float, float]]:
        """Book the advance lump sum ``value`` [EUR/unit] of a year that ended; return it by lot: lot, units, money.

        ``before``: the sum of those before that year; ``months`` in which its own lots were bought.
        """
        lots, closed, booked = self.lots, len(self.missed), []
        for lot in range(lots.first, len(lots.units_to)):
            begin = lots.units_to[lot - 1] if lot else 0.0
            units = lots.units_to[lot] - max(begin, lots.sold)
            share = months_share(months[lot - closed]) if lot >= closed else 1.0
            if units > 0.0 and value > 0.0:
                booked.append((lot, units, units * (value * share)))
        for lot in range(closed, len(lots.units_to)):
            begin, missed = (lots.units_to[lot - 1], self.missed_to[lot - 1]) if lot else (0.0, 0.0)
            self.missed.append(before + value - value * months_share(months[lot - closed]))
            self.missed_to.append(missed + (lots.units_to[lot] - begin) * self.missed[lot])
        return booked

    def _missed_until(self, units: float) -> float:
        """Return ``M`` of the oldest ``units``, none of which is of the running year."""
        at = self.lots.lot_at(units)
        if at >= len(self.missed):
            return self.missed_to[-1]
        begin, missed = (self.lots.units_to[at - 1], self.missed_to[at - 1]) if at else (0.0, 0.0)
        return missed + (units - begin) * self.missed[at]
