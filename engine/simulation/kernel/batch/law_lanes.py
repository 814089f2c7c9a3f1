"""What a book is asked, in lanes: the law of whichever country holds."""

from __future__ import annotations

from engine.core.arrays import FloatArray
from engine.simulation.kernel.batch import german_lanes as german
from engine.simulation.kernel.batch import tax_records as tr
from engine.simulation.kernel.batch import united_states_lanes as american
from engine.simulation.kernel.batch.tax_records import GERMANY, LaneTaxes, TaxMemory
from engine.simulation.kernel.jit import njit_inline


@njit_inline
def open_book(lane: int, taxes: LaneTaxes, memory: TaxMemory) -> None:
    """Begin the first year with the pots that are carried in."""
    if taxes.country == GERMANY:
        german.open_german_year(lane, taxes.germany.pots[0], taxes.germany.pots[1], memory)


@njit_inline
def begin_year(lane: int, row: int, taxes: LaneTaxes, memory: TaxMemory) -> tuple[float, bool]:
    """Close the year before session ``row``; return what is due now, and whether lanes can go on."""
    due, sound = 0.0, True
    if taxes.country == GERMANY:
        due = german.begin_german_year(lane, row, taxes, memory)
    else:
        sound = american.begin_american_year(lane, taxes, memory)
    return due, sound


@njit_inline
def take_assessed(lane: int, memory: TaxMemory) -> float:
    """Return what is assessed and due, and count it as paid."""
    due = memory.year[tr.ASSESSED, lane]
    memory.year[tr.ASSESSED, lane] = 0.0
    return float(due)


@njit_inline
def take_income(lane: int, row: int, taxes: LaneTaxes, memory: TaxMemory) -> tuple[float, float]:
    """Book the dividends in the lane's money and take what is due out of it; return it, and what is withheld abroad."""
    taken, abroad = 0.0, 0.0
    if taxes.country == GERMANY:
        taken, abroad = german.take_german_income(lane, row, taxes, memory)
    else:
        american.take_american_income(lane, row, taxes, memory)
    return taken, abroad


@njit_inline
def take_interest(lane: int, row: int, amount: float, taxes: LaneTaxes, memory: TaxMemory) -> float:
    """Book the interest of the year; return what is due now."""
    due = 0.0
    if taxes.country == GERMANY:
        due = german.take_german_interest(lane, row, amount, taxes, memory)
    else:
        memory.year[tr.EARNED, lane] += max(amount, 0.0)
    return due


@njit_inline
def tax_of_trades(
    lane: int, row: int, prices: FloatArray, first: int, step: int, taxes: LaneTaxes, memory: TaxMemory
) -> float:
    """Return what the lane's trades owe at once; the price of asset ``a`` is ``prices[first + a * step]``."""
    owed = 0.0
    if taxes.country == GERMANY:
        owed = german.german_tax_of_trades(lane, row, prices, first, step, taxes, memory)
    return owed


@njit_inline
def take_trades(
    lane: int, row: int, prices: FloatArray, first: int, step: int, taxes: LaneTaxes, memory: TaxMemory
) -> tuple[float, bool]:
    """Book the lane's trades; return the tax that leaves with them, and whether lanes can go on."""
    due, sound = 0.0, True
    if taxes.country == GERMANY:
        due, sound = german.take_german_trades(lane, row, prices, first, step, taxes, memory)
    else:
        sound = american.take_american_trades(lane, row, prices, first, step, taxes, memory)
    return due, sound


@njit_inline
def close_book(
    lane: int, row: int, prices: FloatArray, first: int, step: int, interest: float, taxes: LaneTaxes, memory: TaxMemory
) -> bool:
    """Write down what is owed at the last session, and on a sale of everything; return whether lanes could say."""
    sound = True
    if taxes.country == GERMANY:
        german.close_german_book(lane, row, prices, first, step, interest, taxes, memory)
    else:
        sound = american.close_american_book(lane, row, prices, first, step, interest, taxes, memory)
    return sound
