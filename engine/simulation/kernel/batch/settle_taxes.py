"""What taxes ask of a session before anything is traded, in lanes: ``tax_events.settle_taxes``, variant by variant."""

from __future__ import annotations

from engine.core.arrays import FloatArray
from engine.simulation.kernel.batch import state_layout as reg
from engine.simulation.kernel.batch import tax_records as tr
from engine.simulation.kernel.batch.after_tax_trade import trade_after_tax
from engine.simulation.kernel.batch.law_lanes import begin_year, take_assessed, take_income, take_interest
from engine.simulation.kernel.batch.records import BatchMarket
from engine.simulation.kernel.batch.simd import load, offset, splat, store, where
from engine.simulation.kernel.batch.tax_lots import buy_lot
from engine.simulation.kernel.batch.tax_records import LaneTaxes, TaxedRunLog, TaxMemory
from engine.simulation.kernel.jit import njit_inline, njit_private
from engine.simulation.kernel.records import LANE_COUNT
from engine.simulation.kernel.tolerances import CASH_TOLERANCE


@njit_inline
def settle_taxes(  # noqa: C901  (what is asked, in its order)
    t: int,
    lanes: int,
    state: FloatArray,
    market: BatchMarket,
    proportional: bool,
    judges: bool,
    taxes: LaneTaxes,
    memory: TaxMemory,
    log: TaxedRunLog,
) -> None:
    """Do what session ``t`` asks of the first ``lanes``; interest is in cash already, and prices are in the state."""
    asked, year = taxes.calendar[t], memory.year
    if asked & tr.PAYS:
        for lane in range(lanes):  # of what was held at the close before; a year begins before they are there
            paid = _note_dividends(lane, t, state, taxes, memory)
            state[reg.CASH + lane] = state[reg.CASH + lane] + paid - paid
    if asked & tr.BEGINS:
        for lane in range(lanes):
            year[tr.UNPAID, lane], sound = begin_year(lane, t, taxes, memory)
            if not sound:
                state[reg.NEEDS_FALLBACK + lane] = 1.0
        _pay(t, asked & tr.BEGINS, lanes, state, market, proportional, judges, taxes, memory, log)
    if asked & tr.DUE:
        for lane in range(lanes):
            year[tr.UNPAID, lane] = take_assessed(lane, memory)
        _pay(t, asked & tr.DUE, lanes, state, market, proportional, judges, taxes, memory, log)
    if asked & tr.PAYS:
        for lane in range(lanes):
            _take_dividends(lane, t, state, market, taxes, memory, log)
    if asked & tr.ENDS:
        for lane in range(lanes):
            earned = year[tr.INTEREST, lane]
            year[tr.INTEREST, lane] = 0.0
            year[tr.UNPAID, lane] = take_interest(lane, t, earned, taxes, memory)
        _pay(t, asked & tr.ENDS, lanes, state, market, proportional, judges, taxes, memory, log)


@njit_private
def log_event(t: int, kind: int, memory: TaxMemory, log: TaxedRunLog) -> None:
    """Write down what the first lane has traded, where somebody asks and it has traded anything."""
    if log.rows.size == 0:
        return
    at, any_ = log.filled[0], False
    for a in range(memory.taxable.size):
        log.trades[at, a], log.fees[at, a] = memory.trades[a, 0], memory.fees[a, 0]
        any_ = any_ or memory.trades[a, 0] != 0.0
    if any_:
        log.rows[at], log.kinds[at] = t, kind
        log.filled[0] = at + 1


@njit_private
def _note_dividends(lane: int, t: int, state: FloatArray, taxes: LaneTaxes, memory: TaxMemory) -> float:
    """Write down the gross dividends of a lane, and return their sum [currency]."""
    n, total = memory.taxable.size, 0.0
    for a in range(n):
        units = state[offset(reg.UNITS, a, n) + lane]
        memory.paid_on[lane, a] = units
        memory.money[lane, a] = units * taxes.dividends[t, a] if units != 0.0 else 0.0
        total += memory.money[lane, a]
    return total


@njit_private
def _take_dividends(
    lane: int,
    t: int,
    state: FloatArray,
    market: BatchMarket,
    taxes: LaneTaxes,
    memory: TaxMemory,
    log: TaxedRunLog,
) -> None:
    """Take dividends into cash and their taxes out of it, and let what is left buy more of what paid them."""
    n, money, paid = memory.taxable.size, memory.money, 0.0
    for a in range(n):
        paid += money[lane, a]
    state[reg.CASH + lane] += paid
    if paid == 0.0:
        return
    taken, abroad = take_income(lane, t, taxes, memory)
    if taken + abroad > state[reg.CASH + lane]:  # what cash lacks is sold for
        state[reg.NEEDS_FALLBACK + lane] = 1.0
    state[reg.CASH + lane] -= taken + abroad
    memory.year[tr.PAID_TODAY, lane] += taken
    memory.year[tr.WITHHELD, lane] += abroad
    if log.rows.size > 0 and lane == 0:
        log.withheld[t] += abroad
    if taxes.reinvests:
        _reinvest(lane, t, state, market, memory)
        if lane == 0:
            log_event(t, tr.REINVESTED + lane, memory, log)


@njit_private
def _reinvest(lane: int, t: int, state: FloatArray, market: BatchMarket, memory: TaxMemory) -> None:
    """Buy with the money that each asset has paid more of it, free of cost."""
    n, spent = memory.taxable.size, 0.0
    for a in range(n):
        memory.trades[a, lane] = memory.fees[a, lane] = 0.0
        money = memory.money[lane, a]
        if money > 0.0 and market.fresh[t, a]:
            spent += money
            price = state[offset(reg.PRICE, a, n) + lane]
            units = money / price
            memory.trades[a, lane] = units
            state[offset(reg.UNITS, a, n) + lane] += units
            memory.held[lane, a] += units
            if not buy_lot(lane, a, t, units, units * price + 0.0, memory):
                state[reg.NEEDS_FALLBACK + lane] = 1.0
    if spent > state[reg.CASH + lane] * (1.0 + CASH_TOLERANCE):  # one asset's taxes took what another has paid
        state[reg.NEEDS_FALLBACK + lane] = 1.0
    if spent != 0.0:
        state[reg.CASH + lane] = max(state[reg.CASH + lane] - spent, 0.0)


@njit_private
def _pay(
    t: int,
    asked: int,
    lanes: int,
    state: FloatArray,
    market: BatchMarket,
    proportional: bool,
    judges: bool,
    taxes: LaneTaxes,
    memory: TaxMemory,
    log: TaxedRunLog,
) -> None:
    """Pay what is unpaid of each lane, by no order; what cash lacks is sold for, or paid from elsewhere."""
    year, lacks = memory.year, False
    for lane in range(LANE_COUNT):
        due, cash = year[tr.UNPAID, lane] if lane < lanes else 0.0, state[reg.CASH + lane]
        short = due > cash and due != 0.0 and not taxes.outside
        memory.search[tr.GAP_BEFORE, lane] = max(cash, 0.0) - due if short else 0.0
        lacks = lacks or short
    if lacks:
        _sell_for(t, lanes, state, market, proportional, judges, taxes, memory)
        log_event(t, tr.SOLD_FOR_TAX + asked, memory, log)
    for lane in range(lanes):
        due = year[tr.UNPAID, lane]
        if due != 0.0:
            cash = state[reg.CASH + lane]
            paid = min(due, max(cash, 0.0))
            if due - paid <= CASH_TOLERANCE * due:
                paid, cash = due, max(cash - due, 0.0)
            else:
                cash -= paid
                year[tr.OUTSIDE, lane] += due - paid
                if log.rows.size > 0 and lane == 0:
                    log.outside[t] += due - paid
            state[reg.CASH + lane] = cash
            year[tr.PAID_TODAY, lane] += paid


@njit_inline
def _sell_for(
    t: int,
    lanes: int,
    state: FloatArray,
    market: BatchMarket,
    proportional: bool,
    judges: bool,
    taxes: LaneTaxes,
    memory: TaxMemory,
) -> None:
    """Sell all holdings pro rata until the money that lanes lack is there, whatever the size of the orders."""
    zero, n, total = splat(0.0), memory.taxable.size, splat(0.0)
    lacking = load(memory.search, tr.GAP_BEFORE * LANE_COUNT)
    on = lacking < zero
    for a in range(n):
        h = load(state, offset(reg.UNITS, a, n)) * load(state, offset(reg.PRICE, a, n))
        if market.missing[t, a]:
            held = on & (h > zero)
            store(state, reg.NEEDS_FALLBACK, where(held, splat(1.0), load(state, reg.NEEDS_FALLBACK)))
        total = total + h
    whole = where(total > zero, total, splat(1.0))
    for a in range(n):
        h = load(state, offset(reg.UNITS, a, n)) * load(state, offset(reg.PRICE, a, n))
        store(state, offset(reg.RECIPIENTS, a, n), h / whole)
        store(state, offset(reg.ACTIVE, a, n), zero)
    trade_after_tax(t, on, lacking, lanes, state, n, proportional, judges, n > 0, taxes, memory)  # no literal True
