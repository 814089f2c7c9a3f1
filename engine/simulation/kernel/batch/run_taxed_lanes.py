"""A sweep's taxed variants, eight to a register, or one of them with all that it does.

Rebalances of the calendar and of bands, late listings, dividends, years and their taxes are done here; what else can
happen sets ``NEEDS_FALLBACK``, and ``simulate`` runs the variant decision by decision.
"""

from __future__ import annotations

from engine.core.arrays import FloatArray
from engine.simulation.kernel.batch import state_layout as reg
from engine.simulation.kernel.batch import tax_records as tr
from engine.simulation.kernel.batch.after_tax_trade import trade_after_tax
from engine.simulation.kernel.batch.events import close_stretch, initialise, mark_due, store_outputs, take_targets
from engine.simulation.kernel.batch.law_lanes import close_book, open_book
from engine.simulation.kernel.batch.mark_to_market import (
    DAY,
    GROWTH,
    load_price,
    mark_until_trigger_lanes,
    row_stride,
    store_first_return,
)
from engine.simulation.kernel.batch.records import BatchMarket, BatchPlans
from engine.simulation.kernel.batch.settle_taxes import log_event, settle_taxes
from engine.simulation.kernel.batch.simd import Lanes, any_lane, load, offset, splat, store
from engine.simulation.kernel.batch.tax_records import LaneTaxes, TaxedRunLog, TaxMemory
from engine.simulation.kernel.jit import njit_inline, njit_nogil, njit_private
from engine.simulation.kernel.records import LANE_COUNT


@njit_nogil
def run_taxed_lanes(
    first: int,
    last: int,
    lanes: int,
    market: BatchMarket,
    plans: BatchPlans,
    taxes: LaneTaxes,
    memory: TaxMemory,
    state: FloatArray,
    outputs: FloatArray,
    block_sums: FloatArray,
    tax_outputs: FloatArray,
    log: TaxedRunLog,
) -> None:
    """Run the groups of eight from ``first`` to before ``last``; of each the first ``lanes`` are variants that count.

    As ``run_lanes`` does; ``tax_outputs`` (YEAR_REGISTERS, S) is overwritten too, and ``log`` where it has room.
    """
    for number in range(first, last):
        _run_group(
            number * LANE_COUNT, lanes, market, plans, taxes, memory, state, outputs, block_sums, tax_outputs, log
        )


@njit_private
def _run_group(
    at: int,
    lanes: int,
    market: BatchMarket,
    plans: BatchPlans,
    taxes: LaneTaxes,
    memory: TaxMemory,
    state: FloatArray,
    outputs: FloatArray,
    block_sums: FloatArray,
    tax_outputs: FloatArray,
    log: TaxedRunLog,
) -> None:
    """Run the eight variants from ``at`` on: each session's taxes and events, then all up to the next that has any."""
    sessions, n = market.fresh.shape
    packed = market.packed
    initialise(at, state, plans.terms, packed[n + DAY])
    _open_books(taxes, memory)
    t, block, due, width = min(0, sessions), 0, 0, min(1, n)  # no literals, for which all would be compiled once more
    while t < sessions:
        due = _handle_events(t, due, at, lanes, state, market, plans, taxes, memory, log)
        stop = min(market.stops[t], due, taxes.next_row[t + 1])
        begin, cash = t, load(state, reg.CASH)
        t = mark_until_trigger_lanes(
            t, stop, n, state, packed, width, market.capped.size > 0, market.watched, market.excess, market.bands
        )
        if taxes.growth.size > 0:
            _count_interest(begin, t, cash, taxes, memory)
        if log.rows.size > 0:
            store(memory.search, 0, cash)
            _log_sessions(begin, t, memory.search[0, 0], state, market, log)
        block = close_stretch(t, at, block, state, market, block_sums)
    place = (sessions - 1) * row_stride(n, market.capped.size > 0, 1)
    for lane in range(lanes):
        if not close_book(lane, sessions - 1, packed, place, min(1, n), memory.year[tr.INTEREST, lane], taxes, memory):
            state[reg.NEEDS_FALLBACK + lane] = 1.0
    store_outputs(at, state, outputs)
    for row in range(tax_outputs.shape[0]):
        store(tax_outputs, row * tax_outputs.shape[1] + at, load(memory.year, row * LANE_COUNT))


@njit_private
def _open_books(taxes: LaneTaxes, memory: TaxMemory) -> None:
    """Begin with no lots, and the pots that are carried in."""
    memory.year[:] = 0.0
    memory.sold[:] = 0.0
    memory.places[:] = 0
    memory.held[:] = 0.0
    for lane in range(LANE_COUNT):
        open_book(lane, taxes, memory)


@njit_inline
def _handle_events(
    t: int,
    due: int,
    at: int,
    lanes: int,
    state: FloatArray,
    market: BatchMarket,
    plans: BatchPlans,
    taxes: LaneTaxes,
    memory: TaxMemory,
    log: TaxedRunLog,
) -> int:
    """Do what session ``t`` asks for before its close; return the next row at which any variant has a rebalance."""
    n, caps = market.fresh.shape[1], market.capped.size > 0
    place = t * row_stride(n, caps, 1)
    for a in range(n):
        store(state, offset(reg.PRICE, a, n), load_price(market.packed, place, a, 1))
    if taxes.calendar[t] != 0:
        settle_taxes(t, lanes, state, market, plans.proportional, plans.judges_orders, taxes, memory, log)
    whole = load(state, reg.BROKE_BAND) > splat(0.0)
    if t == due:
        due = mark_due(t, at, state, plans)
        whole = whole | (load(state, reg.DUE) > splat(0.0))
    if any_lane(whole):
        take_targets(t, at, whole, state, market, plans)
        proportional, judges = plans.proportional, plans.judges_orders
        trade_after_tax(
            t, whole, splat(0.0), lanes, state, n, proportional, judges, n < 0, taxes, memory
        )  # no literals
        store(state, reg.REBALANCES, load(state, reg.REBALANCES) + load(state, reg.HAS_TRADED))
        log_event(t, tr.REBALANCED * n, memory, log)
    store(state, reg.BROKE_BAND, splat(0.0))
    _count_paid(t, memory, log)
    if t == 0:
        store(state, reg.TRADED, splat(0.0))  # the opening purchase is no turnover
    if t == 1:
        store_first_return(n, state, market.packed, t, 1, caps)
    return due


@njit_private
def _count_paid(t: int, memory: TaxMemory, log: TaxedRunLog) -> None:
    """Count what was paid at session ``t``."""
    today = load(memory.year, tr.PAID_TODAY * LANE_COUNT)
    store(memory.year, tr.PAID * LANE_COUNT, load(memory.year, tr.PAID * LANE_COUNT) + today)
    if log.rows.size > 0:
        log.paid[t] = memory.year[tr.PAID_TODAY, 0]
    store(memory.year, tr.PAID_TODAY * LANE_COUNT, splat(0.0))


@njit_private
def _count_interest(begin: int, end: int, cash: Lanes, taxes: LaneTaxes, memory: TaxMemory) -> None:
    """Count the interest on ``cash`` from session ``begin`` up to that into session ``end``."""
    earned = load(memory.year, tr.INTEREST * LANE_COUNT)
    for t in range(begin + 1, min(end + 1, taxes.growth.size)):
        growth = taxes.growth[t]
        if growth != 1.0:
            earned = earned + cash * splat(growth - 1.0)
            cash = cash * splat(growth)
    store(memory.year, tr.INTEREST * LANE_COUNT, earned)


@njit_private
def _log_sessions(begin: int, end: int, cash: float, state: FloatArray, market: BatchMarket, log: TaxedRunLog) -> None:
    """Write down what the first lane is worth from session ``begin`` to before ``end``, added asset by asset."""
    n, closes, value = market.fresh.shape[1], log.closes, log.value
    stride, growth = row_stride(n, market.capped.size > 0, 1), n + GROWTH
    for a in range(n):
        units = state[offset(reg.UNITS, a, n)]
        if a == 0:
            for t in range(begin, end):
                value[t] = units * closes[0, t]
        else:
            for t in range(begin, end):
                value[t] += units * closes[a, t]
    for t in range(begin, end):
        log.cash[t] = cash
        value[t] += cash
        cash *= market.packed[t * stride + growth]
