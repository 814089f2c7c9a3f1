"""What happens to eight variants between two closes: rebalances, payouts of delistings, trims; and what is kept after.

The prices at which orders are filled are read into the state first. From there on it does not matter whether all eight
variants see one market or each its own.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from engine.core.arrays import FloatArray, IntArray
from engine.simulation.kernel.batch import state_layout as reg
from engine.simulation.kernel.batch.mark_to_market import load_price, row_stride, store_first_return
from engine.simulation.kernel.batch.records import BatchMarket, BatchPlans
from engine.simulation.kernel.batch.simd import Lanes, Mask, any_lane, load, not_, offset, splat, store, where
from engine.simulation.kernel.batch.state_layout import BLOCK_REGISTERS, OUTPUT_REGISTERS, TERM_REGISTERS
from engine.simulation.kernel.batch.trade import hold_at_prices, trade_lanes
from engine.simulation.kernel.jit import njit_inline, njit_private
from engine.simulation.kernel.records import LANE_COUNT
from engine.simulation.kernel.tolerances import LIMIT_TOLERANCE

RUIN_DRAWDOWN: Final = -0.999
"""Beyond this drawdown the value may have come to zero, where only ``simulate`` knows what a return is."""


@njit_inline
def handle_events(
    t: int,
    due: int,
    at: int,
    state: FloatArray,
    market: BatchMarket,
    plans: BatchPlans,
    packed: FloatArray,
    row: int,
    width: int,
) -> int:
    """Do what session ``t`` asks for before its close; return the next row at which any variant has a rebalance.

    ``due`` is that row as it was known before. The plans of the eight begin at column ``at``; the session's prices are
    row ``row`` of ``packed``, those of the session before, where there is one, the row before that.
    """
    n = market.fresh.shape[1]
    whole = load(state, reg.BROKE_BAND) > splat(0.0)
    if t == due:
        due = mark_due(t, at, state, plans)
        whole = whole | (load(state, reg.DUE) > splat(0.0))
    over = (load(state, reg.BROKE_CAP) > splat(0.0)) & not_(whole)
    place = row * row_stride(n, market.capped.size > 0, width)
    for a in range(n):
        store(state, offset(reg.PRICE, a, n), load_price(packed, place, a, width))
    if market.delisted.size > 0:
        _settle_delistings(t, at, whole, state, market, plans)
    trade_lanes_due(t, at, whole, over, state, market, plans, packed, row, width)
    return due


@njit_inline
def trade_lanes_due(
    t: int,
    at: int,
    whole: Mask,
    over: Mask,
    state: FloatArray,
    market: BatchMarket,
    plans: BatchPlans,
    packed: FloatArray,
    row: int,
    width: int,
) -> None:
    """Rebalance what is due at ``t``, in the lanes of ``whole``, and trim those ``over`` a cap; nothing is broken then.

    The session's prices are in their registers already, and in row ``row`` of ``packed``.
    """
    n, caps = market.fresh.shape[1], market.capped.size > 0
    if any_lane(whole):
        rebalance_lanes(t, at, whole, state, market, plans)
    if any_lane(over):
        before = (row - 1) * row_stride(n, True, width)
        trim_to_targets(t, at, over, state, market, plans, packed, before, width)
    store(state, reg.BROKE_BAND, splat(0.0))
    store(state, reg.BROKE_CAP, splat(0.0))
    if t == 0:
        store(state, reg.TRADED, splat(0.0))  # the opening purchase is no turnover
    if t == 1:
        store_first_return(n, state, packed, row, width, caps)


@njit_inline
def close_stretch(t: int, at: int, block: int, state: FloatArray, market: BatchMarket, block_sums: FloatArray) -> int:
    """Keep what ends before session ``t``: a block of returns, a calendar year; return the next block."""
    if t == 1:
        _clear_block_sums(state)  # session 0 has no return
    if market.period_ends[t] & 1:
        block = _store_block_sums(block, at, state, block_sums, t, market.block_ends)
    if market.period_ends[t] & 2:
        _record_year(state)
    return block


@njit_private
def store_outputs(at: int, state: FloatArray, outputs: FloatArray) -> None:
    """Write what is left of the runs into their columns."""
    ruined = load(state, reg.LOWEST) < splat(RUIN_DRAWDOWN)
    store(state, reg.NEEDS_FALLBACK, where(ruined, splat(1.0), load(state, reg.NEEDS_FALLBACK)))
    for row in range(len(OUTPUT_REGISTERS)):
        store(outputs, row * outputs.shape[1] + at, load(state, OUTPUT_REGISTERS[row]))


@njit_private
def initialise(at: int, state: FloatArray, terms: FloatArray, day: float) -> None:
    """Put the capital into cash, the terms into their registers, and every statistic to where it begins."""
    state[:] = 0.0
    for row in range(len(TERM_REGISTERS)):
        store(state, TERM_REGISTERS[row], load(terms, row * terms.shape[1] + at))
    for lane in range(LANE_COUNT):
        capital = state[reg.CAPITAL + lane]
        state[reg.CASH + lane] = state[reg.LAST + lane] = state[reg.HIGH + lane] = state[reg.YEAR_START + lane] = (
            capital
        )
        state[reg.PER_LAST + lane] = state[reg.PER_HIGH + lane] = 1.0 / capital
        state[reg.TOP_VALUE + lane] = 1.0
        state[reg.HIGH_DAY + lane] = day
        state[reg.BEST + lane], state[reg.WORST + lane] = -np.inf, np.inf


@njit_private
def mark_due(t: int, at: int, state: FloatArray, plans: BatchPlans) -> int:
    """Note which variants have a rebalance of their calendar at ``t``; return the next row at which any has."""
    next_due = plans.next_due
    following = int(next_due.shape[1])
    for lane in range(LANE_COUNT):
        own = plans.calendar[at + lane]
        state[reg.DUE + lane] = 1.0 if next_due[own, t] == t else 0.0
        following = min(following, int(next_due[own, t + 1]))
    return following


@njit_inline
def rebalance_lanes(t: int, at: int, whole: Mask, state: FloatArray, market: BatchMarket, plans: BatchPlans) -> None:
    """Trade the variants in ``whole`` to their targets; what would wait for a price needs the fallback (S3, S9)."""
    n = market.fresh.shape[1]
    take_targets(t, at, whole, state, market, plans)
    trade_lanes(whole, hold_at_prices(state, n), splat(0.0), state, n, plans.proportional, plans.judges_orders, False)
    store(state, reg.REBALANCES, load(state, reg.REBALANCES) + load(state, reg.HAS_TRADED))


@njit_inline
def take_targets(t: int, at: int, whole: Mask, state: FloatArray, market: BatchMarket, plans: BatchPlans) -> None:
    """Let the variants in ``whole`` want their targets, from where drift begins; who would wait needs the fallback."""
    zero, one, n = splat(0.0), splat(1.0), market.fresh.shape[1]
    targets = plans.targets[market.pattern[t]]
    fallback = load(state, reg.NEEDS_FALLBACK)
    for a in range(n):
        target = where(whole, load(targets[a], at), load(state, offset(reg.TARGET, a, n)))
        store(state, offset(reg.TARGET, a, n), target)
        store(state, offset(reg.DRIFT_BASE, a, n), where(whole, target, load(state, offset(reg.DRIFT_BASE, a, n))))
        if market.missing[t, a]:
            trades = whole & ((load(state, offset(reg.UNITS, a, n)) > zero) | (target > zero))
            fallback = where(trades, one, fallback)
    store(state, reg.NEEDS_FALLBACK, fallback)


@njit_private
def _settle_delistings(t: int, at: int, whole: Mask, state: FloatArray, market: BatchMarket, plans: BatchPlans) -> None:
    """Pay out what is delisted at ``t``; who has no rebalance then, those in ``whole``, reinvests it at once."""
    begin = 0
    while begin < market.delisted.size and market.delisting_rows[begin] < t:
        begin += 1
    end = begin
    while end < market.delisted.size and market.delisting_rows[end] == t:
        end += 1
    if begin < end:
        paid = _pay_out_delisted(begin, end, state, market)
        if any_lane(not_(whole)):
            _reinvest_payouts(begin, end, at, not_(whole), paid, state, market, plans)


@njit_inline
def _pay_out_delisted(begin: int, end: int, state: FloatArray, market: BatchMarket) -> Lanes:
    """Turn delisted assets into cash at their last price less the haircut (S8); return what they bring."""
    zero, one, n, delisted = splat(0.0), splat(1.0), market.fresh.shape[1], market.delisted
    paid, cash = zero, load(state, reg.CASH)
    for k in range(begin, end):
        units = load(state, offset(reg.UNITS, delisted[k], n))
        payout = units * (load(state, offset(reg.PRICE, delisted[k], n)) * (one - load(state, reg.HAIRCUT)))
        cash, paid = cash + payout, paid + payout
        store(state, offset(reg.UNITS, delisted[k], n), zero)
    store(state, reg.CASH, cash)
    return paid


@njit_inline
def _reinvest_payouts(
    begin: int,
    end: int,
    at: int,
    on: Mask,
    paid: Lanes,
    state: FloatArray,
    market: BatchMarket,
    plans: BatchPlans,
) -> None:
    """Spend payouts on their recipients pro rata; the targets of what is delisted move along (S8)."""
    zero, n, total = splat(0.0), market.fresh.shape[1], splat(0.0)
    for k in range(begin, end):
        gone = market.delisted[k]
        for field in (reg.TARGET, reg.DRIFT_BASE):
            left = load(state, offset(field, gone, n))
            for a in range(n):
                before = load(state, offset(field, a, n))
                moved = zero if a == gone else before + left * load(plans.recipients[k, a], at)
                store(state, offset(field, a, n), where(on, moved, before))
    for a in range(n):
        share = load(plans.tradable_recipients[begin, a], at)
        total = total + share
        store(state, offset(reg.RECIPIENTS, a, n), share)
        store(state, offset(reg.ACTIVE, a, n), zero)
    spends = on & (paid > zero) & (total > zero)
    trade_lanes(spends, hold_at_prices(state, n), paid, state, n, plans.proportional, plans.judges_orders, True)


@njit_inline
def trim_to_targets(
    t: int,
    at: int,
    over: Mask,
    state: FloatArray,
    market: BatchMarket,
    plans: BatchPlans,
    packed: FloatArray,
    before: int,
    width: int,
) -> None:
    """Sell what was over its cap at the close before down to its target; the core takes what that brings (S6).

    ``before`` is where the row of that close begins in ``packed``. Without a core that can buy, the scalar code scales
    what waits: such a variant needs the fallback.
    """
    zero, one, n = splat(0.0), splat(1.0), market.fresh.shape[1]
    fresh, capped = market.fresh, market.capped
    last, slack = load(state, reg.LAST), splat(1.0 + LIMIT_TOLERANCE)
    limit, value, found, total = load(state, reg.CAP) * slack, hold_at_prices(state, n), zero, zero
    for a in range(n):
        store(state, offset(reg.ACTIVE, a, n), zero)
    for k in range(capped.size):
        if fresh[t, capped[k]]:
            seen = load(state, offset(reg.UNITS, capped[k], n)) * load_price(packed, before, capped[k], width) / last
            goal = load(state, offset(reg.TARGET, capped[k], n)) * value * slack
            sells = over & (seen > limit) & (load(state, offset(reg.HOLDINGS, capped[k], n)) > goal)
            store(state, offset(reg.ACTIVE, capped[k], n), where(sells, one, zero))
            found = where(sells, one, found)
    for a in range(n):
        able = (load(state, offset(reg.ACTIVE, a, n)) == zero) if fresh[t, a] and market.eligible[t, a] else zero > one
        share = where(able, load(plans.core[a], at), zero)
        store(state, offset(reg.RECIPIENTS, a, n), share)
        total = total + share
    whole = where(total > zero, total, one)
    for a in range(n):
        share = load(state, offset(reg.RECIPIENTS, a, n))
        if any_lane(share > zero):
            store(state, offset(reg.RECIPIENTS, a, n), share / whole)
    on = over & (found > zero)
    store(state, reg.NEEDS_FALLBACK, where(on & (total <= zero), one, load(state, reg.NEEDS_FALLBACK)))
    trade_lanes(on, value, zero, state, n, plans.proportional, plans.judges_orders, True)


@njit_private
def _clear_block_sums(state: FloatArray) -> None:
    """Begin a block of returns."""
    for row in range(len(BLOCK_REGISTERS)):
        store(state, BLOCK_REGISTERS[row], splat(0.0))


@njit_private
def _store_block_sums(block: int, at: int, state: FloatArray, block_sums: FloatArray, t: int, ends: IntArray) -> int:
    """Store the sums of every block of returns that ends before ``t``; return the next block.

    ``block_sums`` has room for the first of the registers, or for all. The first block's come from its registers.
    """
    rows, size = block_sums.shape[1], block_sums.shape[2]
    while block < ends.size and ends[block] < t:
        for row in range(rows):
            store(block_sums, (block * rows + row) * size + at, load(state, BLOCK_REGISTERS[row]))
        _clear_block_sums(state)
        block += 1
    return block


@njit_private
def _record_year(state: FloatArray) -> None:
    """Take in a calendar year's return."""
    value, best, worst = load(state, reg.LAST), load(state, reg.BEST), load(state, reg.WORST)
    earned = value / load(state, reg.YEAR_START) - splat(1.0)
    store(state, reg.BEST, where(earned > best, earned, best))
    store(state, reg.WORST, where(earned < worst, earned, worst))
    store(state, reg.YEAR_START, value)
