"""``trade`` for eight variants whose orders owe a tax at once: what ``fill_after_tax`` does, lane by lane (S3, S19).

Trades are solved for in lanes, for all of them again until each has found the money to keep back; gains and taxes are
found lane by lane, as each has lots of its own.
"""

from __future__ import annotations

from engine.core.arrays import FloatArray
from engine.simulation.kernel.batch import state_layout as reg
from engine.simulation.kernel.batch import tax_records as tr
from engine.simulation.kernel.batch.law_lanes import take_trades, tax_of_trades
from engine.simulation.kernel.batch.simd import Lanes, Mask, fabs, load, not_, offset, splat, store, where
from engine.simulation.kernel.batch.state_layout import traded_begin
from engine.simulation.kernel.batch.tax_records import LaneTaxes, TaxMemory
from engine.simulation.kernel.batch.tax_search import begin_searches, try_next
from engine.simulation.kernel.batch.trade import (
    ALL,
    SHARED,
    affordable_lanes,
    list_traded,
    order_cost_lanes,
    shares_of,
    solve_lanes,
)
from engine.simulation.kernel.jit import njit_private
from engine.simulation.kernel.records import LANE_COUNT
from engine.simulation.kernel.tolerances import CASH_TOLERANCE


@njit_private
def trade_after_tax(
    row: int,
    on: Mask,
    release: Lanes,
    lanes: int,
    state: FloatArray,
    n: int,
    proportional: bool,
    judges: bool,
    shared: bool,
    taxes: LaneTaxes,
    memory: TaxMemory,
) -> None:
    """Fill the orders of the variants in ``on``, of which the first ``lanes`` count, and pay what they owe at once.

    All assets go to their weights or, where ``shared``, recipients get ``release`` [currency], or sell for it. What the
    scalar code would leave out or scale needs the fallback.
    """
    count = list_traded(state, n, shared)
    money = splat(0.0)
    for a in range(n):
        h = load(state, offset(reg.UNITS, a, n)) * load(state, offset(reg.PRICE, a, n))
        store(state, offset(reg.HOLDINGS, a, n), h)
        money = money + h
    begin_searches(on, memory.search)
    searching = True
    while searching:
        _fill_with_kept(on, money, release, state, n, count, proportional, judges, shared, memory)
        searching = False
        for lane in range(lanes):
            if memory.search[tr.SEARCHES, lane] > 0.0:
                owed, value = tax_of_lane(lane, row, state, n, taxes, memory), abs(lane_value(lane, state, n))
                if try_next(lane, owed, value, memory.search):
                    searching = True
                else:
                    memory.search[tr.SEARCHES, lane] = 0.0
    _settle(row, on, lanes, state, n, taxes, memory)


@njit_private
def tax_of_lane(lane: int, row: int, state: FloatArray, n: int, taxes: LaneTaxes, memory: TaxMemory) -> float:
    """Return what the orders of a lane owe; nothing where there are none."""
    for a in range(n):
        if memory.trades[a, lane] != 0.0:
            return tax_of_trades(lane, row, state, offset(reg.PRICE, 0, n) + lane, LANE_COUNT, taxes, memory)
    return 0.0


@njit_private
def lane_value(lane: int, state: FloatArray, n: int) -> float:
    """Return what a lane is worth before its orders."""
    total = 0.0
    for a in range(n):
        total += state[offset(reg.HOLDINGS, a, n) + lane]
    return float(total + state[reg.CASH + lane])


@njit_private
def _fill_with_kept(
    on: Mask,
    money: Lanes,
    release: Lanes,
    state: FloatArray,
    n: int,
    count: int,
    proportional: bool,
    judges: bool,
    shared: bool,
    memory: TaxMemory,
) -> None:
    """Write down shares and fees of the orders with what each lane keeps back now; nothing moves yet."""
    zero, one, kept = splat(0.0), splat(1.0), load(memory.search, tr.KEPT * LANE_COUNT)
    cash = load(state, reg.CASH) - kept
    V, release = money + cash, release - kept
    V1, fee = solve_lanes(V, release, state, n, count, proportional, SHARED if shared else ALL)
    sound, _ = affordable_lanes(V, V1, fee, cash, release, state, n, count, shared)
    fallback = where(on & not_(sound), one, load(state, reg.NEEDS_FALLBACK))
    least = zero if shared else load(state, reg.MIN_ORDER)
    for a in range(n):
        store(memory.trades, a * LANE_COUNT, zero)
        store(memory.fees, a * LANE_COUNT, zero)
    begin = traded_begin(n)
    for k in range(count):
        a = int(state[begin + k])
        price, x = load(state, offset(reg.PRICE, a, n)), load(state, offset(reg.TRADES, a, n))
        dq = where(on & not_(x == zero), shares_of(a, x, state, n), zero)
        value, moved = dq * price, not_(dq == zero)
        fee = where(moved, order_cost_lanes(value, price, state, proportional), zero)
        if judges:
            eaten = moved & ((fee >= fabs(value)) | (fabs(value) < least))
            fallback = where(eaten, one, fallback)
        store(memory.trades, a * LANE_COUNT, dq)
        store(memory.fees, a * LANE_COUNT, fee)
    store(state, reg.NEEDS_FALLBACK, fallback)


@njit_private
def _settle(row: int, on: Mask, lanes: int, state: FloatArray, n: int, taxes: LaneTaxes, memory: TaxMemory) -> None:
    """Move shares and money, and pay the tax; counts what ``trade_lanes`` does."""
    zero, one, kept = splat(0.0), splat(1.0), load(memory.search, tr.KEPT * LANE_COUNT)
    before = load(state, reg.CASH)
    cash = before - kept
    paid, orders, turned, any_ = load(state, reg.COSTS), load(state, reg.ORDERS), load(state, reg.TRADED), zero
    for a in range(n):
        dq, fee = load(memory.trades, a * LANE_COUNT), load(memory.fees, a * LANE_COUNT)
        moved, value = not_(dq == zero), dq * load(state, offset(reg.PRICE, a, n))
        store(state, offset(reg.UNITS, a, n), load(state, offset(reg.UNITS, a, n)) + dq)
        cash = where(moved, cash - (value + fee), cash)
        paid = paid + fee
        orders = where(moved, orders + one, orders)
        turned = turned + fabs(value)
        any_ = where(moved, one, any_)
    store(state, reg.COSTS, paid)
    store(state, reg.ORDERS, orders)
    store(state, reg.TRADED, turned)
    store(state, reg.HAS_TRADED, any_)
    values = zero
    for a in range(n):
        values = values + load(state, offset(reg.HOLDINGS, a, n))
    values = fabs(values + before)
    store(state, reg.CASH, where(on, cash + kept, before))
    store(memory.search, tr.BEFORE * LANE_COUNT, values)
    for lane in range(lanes):
        if memory.search[tr.KEPT, lane] != 0.0 or state[reg.HAS_TRADED + lane] > 0.0:
            _pay_for_trades(lane, row, state, n, taxes, memory)


@njit_private
def _pay_for_trades(lane: int, row: int, state: FloatArray, n: int, taxes: LaneTaxes, memory: TaxMemory) -> None:
    """Book a lane's trades and take their tax from its cash."""
    cash, value = state[reg.CASH + lane], memory.search[tr.BEFORE, lane]
    if state[reg.HAS_TRADED + lane] > 0.0:
        due, fits = take_trades(lane, row, state, offset(reg.PRICE, 0, n) + lane, LANE_COUNT, taxes, memory)
        memory.year[tr.PAID_TODAY, lane] += due
        cash -= due
        if not fits:
            state[reg.NEEDS_FALLBACK + lane] = 1.0
    if cash < 0.0:
        if cash < -2.0 * CASH_TOLERANCE * value:
            state[reg.NEEDS_FALLBACK + lane] = 1.0
        cash = 0.0
    state[reg.CASH + lane] = cash
