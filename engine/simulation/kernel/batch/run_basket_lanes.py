"""One plan with other names in it, eight baskets to a register: each lane has the closes of its own names.

Closes are gathered from one table of all names while they are marked, as those of drawn histories are made. Names that
are delisted are paid out in their own lanes only; what a lane meets that only ``simulate`` does, an order in a name
without a close of the day, sets ``NEEDS_FALLBACK``.
"""

from __future__ import annotations

from typing import NamedTuple

from engine.core.arrays import BoolArray, FloatArray, IntArray
from engine.simulation.kernel.batch import state_layout as reg
from engine.simulation.kernel.batch.events import (
    close_stretch,
    initialise,
    mark_due,
    store_outputs,
    trade_lanes_due,
)
from engine.simulation.kernel.batch.mark_to_market import (
    DAY,
    PACKED_EXTRAS,
    capped_begin,
    load_price,
    mark_stretch,
    row_stride,
)
from engine.simulation.kernel.batch.records import BatchMarket, BatchPlans
from engine.simulation.kernel.batch.simd import Mask, any_lane, gather, load, not_, offset, splat, store, where
from engine.simulation.kernel.batch.trade import hold_at_prices, trade_lanes
from engine.simulation.kernel.jit import njit_inline, njit_nogil, njit_private
from engine.simulation.kernel.records import LANE_COUNT


class Baskets(NamedTuple):
    """Which names S baskets hold, and what becomes of them.

    ``closes`` (T, N) of all names, 0 before the first, the last one after the last; ``lacks`` (T, N) 1 where a name in
    its life has no close, ``gaps`` (T,) whether any has none; ``places`` (n, S) the name of each asset of a basket;
    ``payout_rows`` (n, S) the row at which it is paid out, -1 for never; ``payouts`` (T,) which of the recipients of
    ``BatchPlans`` take what is paid out at a row, -1 where no name is.
    """

    closes: FloatArray
    lacks: FloatArray
    gaps: BoolArray
    places: IntArray
    payout_rows: FloatArray
    payouts: IntArray


@njit_nogil
def run_basket_lanes(
    market: BatchMarket,
    plans: BatchPlans,
    baskets: Baskets,
    state: FloatArray,
    chunk: FloatArray,
    outputs: FloatArray,
    block_sums: FloatArray,
) -> None:
    """Run ``plans`` over the names of ``baskets``, S of both, a multiple of eight.

    ``market`` has the days, the caps and the interest; its prices are not read. Overwrites ``state`` (state_size(n),)
    and ``chunk`` (chunk_size(n, caps),), the thread's own, ``outputs`` (len(OUTPUT_REGISTERS), S) and ``block_sums``
    (RETURN_BLOCKS, len(BLOCK_REGISTERS), S). ``chunk`` is to hold zeros, or what an earlier run of the plan left.
    """
    for at in range(0, baskets.places.shape[1], LANE_COUNT):
        _run_group(at, market, plans, baskets, state, chunk, outputs, block_sums)


@njit_private
def _run_group(
    at: int,
    market: BatchMarket,
    plans: BatchPlans,
    baskets: Baskets,
    state: FloatArray,
    chunk: FloatArray,
    outputs: FloatArray,
    block_sums: FloatArray,
) -> None:
    """Run eight baskets: each stretch's closes, and in it each session's events and all sessions up to the next."""
    sessions, n = market.fresh.shape
    stride = row_stride(n, market.capped.size > 0, LANE_COUNT)
    initialise(at, state, plans.terms, market.packed[n + DAY])
    t, block, due, begin, ready = min(0, sessions), 0, 0, 0, 0
    while t < sessions:
        if t == ready:
            begin, last = t, (ready - begin) * stride
            for place in range(stride):
                chunk[place] = chunk[last + place]
            ready = min(t + chunk.size // stride - 1, sessions)
            _fill_closes(t, ready, at, chunk, market, baskets)
        row = t - begin + 1
        due = _handle_events(t, due, at, state, market, plans, baskets, chunk, row)
        stop = min(market.stops[t], due, ready) - begin + 1
        row = mark_stretch(row, stop, state, chunk, LANE_COUNT, market)
        t = begin + row - 1
        block = close_stretch(t, at, block, state, market, block_sums)
    store_outputs(at, state, outputs)


@njit_private
def _fill_closes(begin: int, end: int, at: int, chunk: FloatArray, market: BatchMarket, baskets: Baskets) -> None:
    """Overwrite ``chunk`` with the sessions from ``begin`` to before ``end``, after one row for the session before.

    It is a part of ``packed`` whose prices are registers.
    """
    n, caps, names = market.fresh.shape[1], market.capped.size > 0, baskets.closes.shape[1]
    stride, facts_stride = row_stride(n, caps, LANE_COUNT), row_stride(n, caps, 1)
    own, place = capped_begin(n, LANE_COUNT), stride
    for session in range(begin, end):
        for a in range(n):
            store(chunk, place + a * LANE_COUNT, gather(baskets.closes, baskets.places[a], at, session * names))
        for k in range(market.capped.size):
            price = place + market.capped[k] * LANE_COUNT
            store(chunk, price + own, load(chunk, price))
        for k in range(PACKED_EXTRAS):
            chunk[place + n * LANE_COUNT + k] = market.packed[session * facts_stride + n + k]
        place += stride


@njit_inline
def _handle_events(
    t: int,
    due: int,
    at: int,
    state: FloatArray,
    market: BatchMarket,
    plans: BatchPlans,
    baskets: Baskets,
    packed: FloatArray,
    row: int,
) -> int:
    """Do what session ``t`` asks for before its close; return the next row at which any basket has a rebalance.

    As :func:`engine.simulation.kernel.batch.events.handle_events` does it, but for payouts and missing closes.
    """
    n = market.fresh.shape[1]
    whole = load(state, reg.BROKE_BAND) > splat(0.0)
    if t == due:
        due = mark_due(t, at, state, plans)
        whole = whole | (load(state, reg.DUE) > splat(0.0))
    over = (load(state, reg.BROKE_CAP) > splat(0.0)) & not_(whole)
    place = row * row_stride(n, market.capped.size > 0, LANE_COUNT)
    for a in range(n):
        store(state, offset(reg.PRICE, a, n), load_price(packed, place, a, LANE_COUNT))
    if baskets.gaps[t]:
        _refuse_missing(t, at, whole | over, state, n, baskets)
    if baskets.payouts[t] >= 0:
        _settle_delistings(t, at, whole, state, n, plans, baskets)
    trade_lanes_due(t, at, whole, over, state, market, plans, packed, row, LANE_COUNT)
    return due


@njit_private
def _refuse_missing(t: int, at: int, trades: Mask, state: FloatArray, n: int, baskets: Baskets) -> None:
    """Note which baskets would trade, or pay out a name, while one of their names has no close of the day."""
    zero, one, now, names = splat(0.0), splat(1.0), splat(float(t)), baskets.closes.shape[1]
    for a in range(n):
        trades = trades | (load(baskets.payout_rows[a], at) == now)
    for a in range(n):
        waits = trades & (gather(baskets.lacks, baskets.places[a], at, t * names) > zero)
        store(state, reg.NEEDS_FALLBACK, where(waits, one, load(state, reg.NEEDS_FALLBACK)))


@njit_private
def _settle_delistings(
    t: int, at: int, whole: Mask, state: FloatArray, n: int, plans: BatchPlans, baskets: Baskets
) -> None:
    """Pay out the names that are delisted at ``t``; who has no rebalance then, not in ``whole``, reinvests it (S8)."""
    zero, one, now, k = splat(0.0), splat(1.0), splat(float(t)), baskets.payouts[t]
    paid, lost, cash = zero, zero, load(state, reg.CASH)
    for a in range(n):
        gone, units = load(baskets.payout_rows[a], at) == now, load(state, offset(reg.UNITS, a, n))
        payout = units * (load(state, offset(reg.PRICE, a, n)) * (one - load(state, reg.HAIRCUT)))
        payout = where(gone, payout, zero)
        cash, paid = cash + payout, paid + payout
        store(state, offset(reg.UNITS, a, n), where(gone, zero, units))
        lost = where(gone, one, lost)
    store(state, reg.CASH, cash)
    on = (lost > zero) & not_(whole)
    if any_lane(on):
        total = zero
        for g in range(n):
            gone = on & (load(baskets.payout_rows[g], at) == now)
            if any_lane(gone):
                _move_targets(g, k, at, gone, state, n, plans)
        for a in range(n):
            share = load(plans.tradable_recipients[k, a], at)
            total = total + share
            store(state, offset(reg.RECIPIENTS, a, n), share)
            store(state, offset(reg.ACTIVE, a, n), zero)
        spends = on & (paid > zero) & (total > zero)
        trade_lanes(spends, hold_at_prices(state, n), paid, state, n, plans.proportional, plans.judges_orders, True)


@njit_private
def _move_targets(gone: int, k: int, at: int, on: Mask, state: FloatArray, n: int, plans: BatchPlans) -> None:
    """Give the targets of a delisted asset to the recipients of its payout, in the lanes of ``on`` (S8)."""
    zero = splat(0.0)
    for field in (reg.TARGET, reg.DRIFT_BASE):
        left = load(state, offset(field, gone, n))
        for a in range(n):
            before = load(state, offset(field, a, n))
            moved = zero if a == gone else before + left * load(plans.recipients[k, a], at)
            store(state, offset(field, a, n), where(on, moved, before))
