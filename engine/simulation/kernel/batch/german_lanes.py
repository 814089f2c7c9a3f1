"""The German book in lanes: what :class:`engine.tax.germany.book.GermanBook` does, in the same order of additions."""

from __future__ import annotations

from engine.core.arrays import FloatArray
from engine.simulation.kernel.batch import tax_records as tr
from engine.simulation.kernel.batch.tax_lots import (
    buy_lot,
    cost_until,
    deemed_income,
    end_of_sale,
    sell_until,
    units_held,
)
from engine.simulation.kernel.batch.tax_records import LaneTaxes, TaxMemory
from engine.simulation.kernel.jit import njit_private
from engine.tax.fifo_lots import ALL_HELD
from engine.tax.germany.advance_lump_sum import months_share
from engine.tax.germany.year import Assessment, LossPots, YearSums, YearTerms, assess_year, sale_gain

_assess_year = njit_private(assess_year)
_sale_gain = njit_private(sale_gain)
_months_share = njit_private(months_share)


@njit_private
def open_german_year(lane: int, stocks: float, other: float, memory: TaxMemory) -> None:
    """Begin a year with the pots that are carried into it."""
    year = memory.year
    year[tr.STOCKS, lane] = year[tr.OTHER, lane] = year[tr.CREDIT, lane] = year[tr.TAX, lane] = 0.0
    year[tr.STOCK_POT, lane], year[tr.OTHER_POT, lane] = stocks, other
    year[tr.STOCKS_LEFT, lane], year[tr.OTHER_LEFT, lane] = stocks, other


@njit_private
def _assess_with(
    lane: int, row: int, stocks: float, other: float, credit: float, taxes: LaneTaxes, memory: TaxMemory
) -> Assessment:
    """Return the tax of the year if these came to its sums."""
    year, law = memory.year, taxes.germany
    sums = YearSums(year[tr.STOCKS, lane] + stocks, year[tr.OTHER, lane] + other, year[tr.CREDIT, lane] + credit)
    pots = LossPots(year[tr.STOCK_POT, lane], year[tr.OTHER_POT, lane])
    terms = YearTerms(law.allowances[taxes.years[row]], law.rate, law.church, law.one_pot, law.cents)
    return _assess_year(sums, pots, terms)


@njit_private
def _book(
    lane: int, row: int, stocks: float, other: float, credit: float, taxes: LaneTaxes, memory: TaxMemory
) -> float:
    """Add to the sums; return how far that moves the tax [currency]."""
    year, after = memory.year, _assess_with(lane, row, stocks, other, credit, taxes, memory)
    moved = float(after.tax - year[tr.TAX, lane])
    year[tr.STOCKS, lane] += stocks
    year[tr.OTHER, lane] += other
    year[tr.CREDIT, lane] += credit
    year[tr.TAX, lane], year[tr.STOCKS_LEFT, lane], year[tr.OTHER_LEFT, lane] = (
        after.tax,
        after.stock_pot,
        after.other_pot,
    )
    return moved


@njit_private
def _gain(
    lane: int, row: int, a: int, units: float, price: float, fee: float, taxes: LaneTaxes, memory: TaxMemory
) -> float:
    """Return the gain of a sale of ``units`` of asset ``a``, after exemption where it is a fund [currency]."""
    law = taxes.germany
    end = end_of_sale(lane, a, units, units_held(lane, a, memory) * ALL_HELD, memory)
    cost = cost_until(lane, a, end, memory) - cost_until(lane, a, memory.sold[lane, a], memory)
    if not law.fund[a]:
        return float(_sale_gain(units, price, fee, cost, 0.0))
    deemed = deemed_income(lane, a, end, law.before[taxes.years[row], a], memory)
    return float((1.0 - law.exempt[a]) * _sale_gain(units, price, fee, cost, deemed))


@njit_private
def _gains(
    lane: int, row: int, prices: FloatArray, first: int, step: int, taxes: LaneTaxes, memory: TaxMemory
) -> tuple[float, float]:
    """Return the gains of the sales among the lane's trades: of stocks, and of funds after their exemption.

    The price of asset ``a`` is ``prices[first + a * step]``.
    """
    stocks, other = 0.0, 0.0
    for a in range(memory.sold.shape[1]):
        traded = memory.trades[a, lane]
        if traded < 0.0:
            gain = _gain(lane, row, a, -traded, prices[first + a * step], memory.fees[a, lane], taxes, memory)
            if taxes.germany.fund[a]:
                other += gain
            else:
                stocks += gain
    return stocks, other


@njit_private
def german_tax_of_trades(
    lane: int, row: int, prices: FloatArray, first: int, step: int, taxes: LaneTaxes, memory: TaxMemory
) -> float:
    """Return how far the sales among the lane's trades move its tax."""
    stocks, other = _gains(lane, row, prices, first, step, taxes, memory)
    return float(_assess_with(lane, row, stocks, other, 0.0, taxes, memory).tax - memory.year[tr.TAX, lane])


@njit_private
def take_german_trades(
    lane: int, row: int, prices: FloatArray, first: int, step: int, taxes: LaneTaxes, memory: TaxMemory
) -> tuple[float, bool]:
    """Book the lane's trades; return the tax that leaves with them, and whether there was room for all lots."""
    stocks, other = _gains(lane, row, prices, first, step, taxes, memory)
    sells, fits = False, True
    for a in range(memory.sold.shape[1]):
        units = memory.trades[a, lane]
        if units < 0.0:
            held = units_held(lane, a, memory) * ALL_HELD
            sell_until(lane, a, end_of_sale(lane, a, -units, held, memory), memory)
            sells = True
        elif units > 0.0:
            cost = units * prices[first + a * step] + memory.fees[a, lane]
            fits = buy_lot(lane, a, row, units, cost, memory) and fits
    if not sells:
        return 0.0, fits
    return _book(lane, row, stocks, other, 0.0, taxes, memory), fits


@njit_private
def begin_german_year(lane: int, row: int, taxes: LaneTaxes, memory: TaxMemory) -> float:
    """Roll the pots, and book what funds are deemed to have paid for the year that ended; return what is due."""
    year, law, deemed = memory.year, taxes.germany, 0.0
    open_german_year(lane, year[tr.STOCKS_LEFT, lane], year[tr.OTHER_LEFT, lane], memory)
    for a in range(memory.sold.shape[1]):
        if law.fund[a]:
            deemed = _close_year_of_fund(lane, row, a, deemed, taxes, memory)
    return _book(lane, row, 0.0, deemed, 0.0, taxes, memory)


@njit_private
def _close_year_of_fund(lane: int, row: int, a: int, deemed: float, taxes: LaneTaxes, memory: TaxMemory) -> float:
    """Add what each lot of a fund is deemed to have earned to ``deemed``, and close the lots of the year that ended."""
    law, lots, places, ended = taxes.germany, memory.lots, memory.places, taxes.years[row - 1]
    value, before, closed = law.per_unit[ended, a], law.before[ended, a], places[lane, a, tr.CLOSED]
    count, sold = places[lane, a, tr.COUNT], memory.sold[lane, a]
    for lot in range(places[lane, a, tr.FIRST], count):
        begin = lots[lane, a, tr.UNITS_TO, lot - 1] if lot else 0.0
        units = lots[lane, a, tr.UNITS_TO, lot] - max(begin, sold)
        if units > 0.0 and value > 0.0:
            share = _months_share(taxes.months[memory.rows[lane, a, lot]]) if lot >= closed else 1.0
            money = units * (value * share)
            deemed += money - law.exempt[a] * money
    for lot in range(closed, count):
        begin = lots[lane, a, tr.UNITS_TO, lot - 1] if lot else 0.0
        missed = lots[lane, a, tr.MISSED_TO, lot - 1] if lot else 0.0
        own = before + value - value * _months_share(taxes.months[memory.rows[lane, a, lot]])
        lots[lane, a, tr.MISSED, lot] = own
        lots[lane, a, tr.MISSED_TO, lot] = missed + (lots[lane, a, tr.UNITS_TO, lot] - begin) * own
    places[lane, a, tr.CLOSED] = count
    return deemed


@njit_private
def take_german_income(lane: int, row: int, taxes: LaneTaxes, memory: TaxMemory) -> tuple[float, float]:
    """Book the dividends in the lane's ``money``, and take what is due out of it; return it, and what is withheld."""
    law, money, taxable = taxes.germany, memory.money, memory.taxable
    credit, other = 0.0, 0.0
    for a in range(taxable.size):
        taxable[a] = 0.0
        if money[lane, a] != 0.0:
            credit += law.creditable[a] * money[lane, a]
            taxable[a] = money[lane, a] - law.exempt[a] * money[lane, a]
            other += taxable[a]
    moved = _book(lane, row, 0.0, other, credit, taxes, memory)
    return _allot(lane, moved, taxes, memory)


@njit_private
def _allot(lane: int, moved: float, taxes: LaneTaxes, memory: TaxMemory) -> tuple[float, float]:
    """Take a tax from the lane's ``money`` by what is taxable, and what is withheld; return the sums of both."""
    law, money, taxable = taxes.germany, memory.money, memory.taxable
    whole, sizes, taken, abroad = 0.0, 0.0, 0.0, 0.0
    for a in range(taxable.size):
        if money[lane, a] != 0.0:
            whole += max(taxable[a], 0.0) if moved > 0.0 else max(-taxable[a], 0.0)
            sizes += abs(taxable[a])
    by_size = whole == 0.0
    whole = sizes if by_size else whole
    for a in range(taxable.size):
        if money[lane, a] != 0.0:
            part = max(taxable[a], 0.0) if moved > 0.0 else max(-taxable[a], 0.0)
            part = abs(taxable[a]) if by_size else part
            tax = moved * (part / whole) if whole != 0.0 else 0.0
            withheld = law.withheld[a] * money[lane, a]
            taken += tax
            abroad += withheld
            money[lane, a] = money[lane, a] - tax - withheld
    return taken, abroad


@njit_private
def take_german_interest(lane: int, row: int, amount: float, taxes: LaneTaxes, memory: TaxMemory) -> float:
    """Book the year's interest; what cash has cost is no loss."""
    return _book(lane, row, 0.0, amount, 0.0, taxes, memory) if amount > 0.0 else 0.0


@njit_private
def close_german_book(
    lane: int, row: int, prices: FloatArray, first: int, step: int, interest: float, taxes: LaneTaxes, memory: TaxMemory
) -> None:
    """Write down what is owed at the last session ``row``, and would be besides on a sale of everything."""
    year = memory.year
    year[tr.UNPAID, lane] = take_german_interest(lane, row, interest, taxes, memory)
    for a in range(memory.sold.shape[1]):
        memory.trades[a, lane], memory.fees[a, lane] = -units_held(lane, a, memory), 0.0
    stocks, other = _gains(lane, row, prices, first, step, taxes, memory)
    year[tr.LATENT, lane] = _assess_with(lane, row, stocks, other, 0.0, taxes, memory).tax - year[tr.TAX, lane]
