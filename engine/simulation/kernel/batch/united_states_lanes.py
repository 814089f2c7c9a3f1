"""The book of the United States in lanes: flat rates, first in first out, no wash sales, assessed in the next year.

What :class:`engine.tax.united_states.book.UnitedStatesBook` does, in the same order of additions.
"""

from __future__ import annotations

from engine.core.arrays import FloatArray
from engine.simulation.kernel.batch import tax_records as tr
from engine.simulation.kernel.batch.tax_lots import buy_lot, cost_until, end_of_sale, sell_until
from engine.simulation.kernel.batch.tax_records import RECENT_DIVIDENDS, LaneTaxes, TaxMemory
from engine.simulation.kernel.jit import njit_private
from engine.tax.united_states.flat_tax import flat_tax
from engine.tax.united_states.holding_period import QUALIFYING_DAYS
from engine.tax.united_states.netting import CarriedLosses, net_gains

_net_gains = njit_private(net_gains)
_flat_tax = njit_private(flat_tax)


@njit_private
def take_american_trades(
    lane: int, row: int, prices: FloatArray, first: int, step: int, taxes: LaneTaxes, memory: TaxMemory
) -> bool:
    """Book the lane's trades; return whether there was room for all of it, and nothing of an earlier year changed.

    The price of asset ``a`` is ``prices[first + a * step]``.
    """
    fits = True
    for a in range(memory.sold.shape[1]):
        units, price, fee = memory.trades[a, lane], prices[first + a * step], memory.fees[a, lane]
        if units < 0.0:
            fits = _sell(lane, row, a, -units, memory.held[lane, a], price - fee / -units, taxes, memory) and fits
        elif units > 0.0:
            fits = buy_lot(lane, a, row, units, units * price + fee, memory) and fits
        if units != 0.0:
            memory.held[lane, a] += units
    return fits


@njit_private
def _sell(
    lane: int, row: int, a: int, units: float, held: float, price: float, taxes: LaneTaxes, memory: TaxMemory
) -> bool:
    """Take ``units`` from the oldest lots at ``price`` after fees; the oldest are the long-term ones."""
    year, begin = memory.year, memory.sold[lane, a]
    end = end_of_sale(lane, a, units, held, memory)
    turn = min(max(_long_term_until(lane, row, a, taxes, memory), begin), end)
    paid, turned = cost_until(lane, a, begin, memory), cost_until(lane, a, turn, memory)
    whole = cost_until(lane, a, end, memory)
    year[tr.SHORT, lane] += (end - turn) * price - (whole - turned) if end > turn else 0.0
    year[tr.LONG, lane] += (turn - begin) * price - (turned - paid) if turn > begin else 0.0
    sound = _disqualify(lane, row, a, end, taxes, memory)
    sell_until(lane, a, end, memory)
    return sound


@njit_private
def _long_term_until(lane: int, row: int, a: int, taxes: LaneTaxes, memory: TaxMemory) -> float:
    """Return how many units, of all ever bought, have been held for long at session ``row``."""
    law, at, until = taxes.united_states, memory.places[lane, a, tr.FIRST], 0.0
    while at < memory.places[lane, a, tr.COUNT] and law.days[row] >= law.long_from[memory.rows[lane, a, at]]:
        until = memory.lots[lane, a, tr.UNITS_TO, at]
        at += 1
    return until


@njit_private
def _disqualify(lane: int, row: int, a: int, end: float, taxes: LaneTaxes, memory: TaxMemory) -> bool:
    """Make dividends of units sold within 60 days ordinary income; return whether all were of this year."""
    days, begin, sound = taxes.united_states.days, memory.sold[lane, a], True
    at, count, dividends = (
        memory.places[lane, a, tr.FIRST],
        memory.places[lane, a, tr.COUNT],
        memory.places[lane, a, tr.DIVIDENDS],
    )
    while at < count and begin < end:
        upto = min(memory.lots[lane, a, tr.UNITS_TO, at], end)
        bought = memory.rows[lane, a, at]
        if upto > begin:
            if days[row] - days[bought] <= QUALIFYING_DAYS:
                kept = max(0, dividends - RECENT_DIVIDENDS)
                if kept > 0 and memory.paid_rows[lane, a, kept % RECENT_DIVIDENDS] > bought:
                    sound = False
                for k in range(kept, dividends):
                    paid = memory.paid_rows[lane, a, k % RECENT_DIVIDENDS]
                    if paid > bought:
                        amount = (upto - begin) * memory.paid_units[lane, a, k % RECENT_DIVIDENDS]
                        memory.year[tr.QUALIFIED, lane] -= amount
                        memory.year[tr.PLAIN, lane] += amount
                        sound = sound and taxes.years[paid] == taxes.years[row]
            begin = upto
        at += 1
    return sound


@njit_private
def begin_american_year(lane: int, taxes: LaneTaxes, memory: TaxMemory) -> bool:
    """Assess the year that ended, and carry its losses on; return whether nothing else was waiting to be paid."""
    year, waits = memory.year, memory.year[tr.ASSESSED, lane] != 0.0
    tax, carried = _settle(lane, taxes, memory)
    year[tr.ASSESSED, lane] = tax
    year[tr.CARRIED_SHORT, lane], year[tr.CARRIED_LONG, lane] = carried.short, carried.long
    for register in range(tr.EARNED + 1):
        year[register, lane] = 0.0
    return not waits


@njit_private
def _settle(lane: int, taxes: LaneTaxes, memory: TaxMemory) -> tuple[float, CarriedLosses]:
    """Return the tax of the year as it stands, and the losses that are carried on."""
    year, law = memory.year, taxes.united_states
    carried = CarriedLosses(year[tr.CARRIED_SHORT, lane], year[tr.CARRIED_LONG, lane])
    net = _net_gains(year[tr.SHORT, lane], year[tr.LONG, lane], carried, law.loss_limit)
    ordinary = net.short - net.deducted + year[tr.EARNED, lane] + year[tr.PLAIN, lane]
    preferential = net.long + year[tr.QUALIFIED, lane]
    tax = _flat_tax(ordinary, preferential, law.ordinary, law.long_term, law.net_investment, law.state)
    return tax, net.carried


@njit_private
def take_american_income(lane: int, row: int, taxes: LaneTaxes, memory: TaxMemory) -> None:
    """Book the dividends in the lane's ``memory.money``; nothing is due."""
    year, law = memory.year, taxes.united_states
    for a in range(memory.taxable.size):
        money = memory.money[lane, a]
        if money != 0.0:
            qualified = money * law.qualified[a]
            year[tr.QUALIFIED, lane] += qualified
            year[tr.PLAIN, lane] += money - qualified
            at = memory.places[lane, a, tr.DIVIDENDS]
            memory.paid_rows[lane, a, at % RECENT_DIVIDENDS] = row
            memory.paid_units[lane, a, at % RECENT_DIVIDENDS] = qualified / memory.paid_on[lane, a]
            memory.places[lane, a, tr.DIVIDENDS] = at + 1


@njit_private
def close_american_book(
    lane: int, row: int, prices: FloatArray, first: int, step: int, interest: float, taxes: LaneTaxes, memory: TaxMemory
) -> bool:
    """Write down what is owed at the last session ``row``, and would be besides on a sale of everything."""
    year = memory.year
    year[tr.EARNED, lane] += max(interest, 0.0)
    unpaid = 0.0 + year[tr.ASSESSED, lane]
    accrued = unpaid + _settle(lane, taxes, memory)[0]
    sound = True
    for a in range(memory.sold.shape[1]):
        if memory.held[lane, a] > 0.0:
            sound = (
                _sell(lane, row, a, memory.held[lane, a], memory.held[lane, a], prices[first + a * step], taxes, memory)
                and sound
            )
    year[tr.UNPAID, lane], year[tr.LATENT, lane] = accrued, unpaid + _settle(lane, taxes, memory)[0] - accrued
    return sound
