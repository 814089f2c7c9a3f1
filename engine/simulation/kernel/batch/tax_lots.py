"""First in, first out, in lanes: :class:`engine.tax.fifo_lots.FifoLots` and the lots of funds, sum by sum."""

from __future__ import annotations

from engine.simulation.kernel.batch.tax_records import (
    CLOSED,
    COST_TO,
    COUNT,
    FIRST,
    MISSED,
    MISSED_TO,
    UNIT_COST,
    UNITS_TO,
    TaxMemory,
)
from engine.simulation.kernel.jit import njit_private


@njit_private
def units_held(lane: int, a: int, memory: TaxMemory) -> float:
    """Return what is left in the lots of asset ``a``."""
    count = memory.places[lane, a, COUNT]
    return float(memory.lots[lane, a, UNITS_TO, count - 1] - memory.sold[lane, a]) if count else 0.0


@njit_private
def buy_lot(lane: int, a: int, row: int, units: float, cost: float, memory: TaxMemory) -> bool:
    """Add a lot; return whether there was room for it."""
    lots, count = memory.lots, memory.places[lane, a, COUNT]
    if count == memory.rows.shape[2]:
        return False
    before = lots[lane, a, UNITS_TO, count - 1] if count else 0.0
    paid = lots[lane, a, COST_TO, count - 1] if count else 0.0
    memory.rows[lane, a, count] = row
    lots[lane, a, UNITS_TO, count] = before + units
    lots[lane, a, COST_TO, count] = paid + cost
    lots[lane, a, UNIT_COST, count] = cost / units
    memory.places[lane, a, COUNT] = count + 1
    return True


@njit_private
def end_of_sale(lane: int, a: int, units: float, held: float, memory: TaxMemory) -> float:
    """Return how many units are sold once ``units`` more are; where that is all that is ``held``, all of them."""
    last = memory.lots[lane, a, UNITS_TO, memory.places[lane, a, COUNT] - 1]
    return float(last if units >= held else min(memory.sold[lane, a] + units, last))


@njit_private
def lot_at(lane: int, a: int, units: float, memory: TaxMemory) -> int:
    """Return the lot that the oldest ``units`` end before or within: the first that reaches beyond them."""
    at, count = memory.places[lane, a, FIRST], memory.places[lane, a, COUNT]
    while at < count and memory.lots[lane, a, UNITS_TO, at] <= units:
        at += 1
    return int(at)


@njit_private
def cost_until(lane: int, a: int, units: float, memory: TaxMemory) -> float:
    """Return what the oldest ``units`` have cost [currency]."""
    lots, count, at = memory.lots, memory.places[lane, a, COUNT], lot_at(lane, a, units, memory)
    if at == count:
        return float(lots[lane, a, COST_TO, count - 1]) if count else 0.0
    before = lots[lane, a, UNITS_TO, at - 1] if at else 0.0
    paid = lots[lane, a, COST_TO, at - 1] if at else 0.0
    return float(paid + (units - before) * lots[lane, a, UNIT_COST, at])


@njit_private
def sell_until(lane: int, a: int, end: float, memory: TaxMemory) -> None:
    """Count all up to the oldest ``end`` units as sold."""
    memory.sold[lane, a] = end
    at, count = memory.places[lane, a, FIRST], memory.places[lane, a, COUNT]
    while at < count and memory.lots[lane, a, UNITS_TO, at] <= end:
        at += 1
    memory.places[lane, a, FIRST] = at


@njit_private
def deemed_income(lane: int, a: int, end: float, before: float, memory: TaxMemory) -> float:
    """Return what was taxed in advance of the units up to the oldest ``end`` that are not sold [currency]."""
    closed, sold = memory.places[lane, a, CLOSED], memory.sold[lane, a]
    upto = min(end, memory.lots[lane, a, UNITS_TO, closed - 1]) if closed else 0.0
    if upto <= sold:
        return 0.0
    return float(before * (upto - sold) - (_missed_until(lane, a, upto, memory) - _missed_until(lane, a, sold, memory)))


@njit_private
def _missed_until(lane: int, a: int, units: float, memory: TaxMemory) -> float:
    lots, closed, at = memory.lots, memory.places[lane, a, CLOSED], lot_at(lane, a, units, memory)
    if at >= closed:
        return float(lots[lane, a, MISSED_TO, closed - 1])
    begin = lots[lane, a, UNITS_TO, at - 1] if at else 0.0
    missed = lots[lane, a, MISSED_TO, at - 1] if at else 0.0
    return float(missed + (units - begin) * lots[lane, a, MISSED, at])
