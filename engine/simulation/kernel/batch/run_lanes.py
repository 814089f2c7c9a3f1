"""A sweep's variants, eight to a register: ``simulate`` for plans whose decisions are known beforehand.

The calendar, late listings, delistings, caps and bands that are answered at the next close are done here; what else can
happen (an order that waits, a rule that has to be asked) sets ``NEEDS_FALLBACK``, and ``simulate`` runs the variant.
Groups of eight share nothing, so any number of threads gives the same bits.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from engine.core.arrays import FloatArray
from engine.simulation.kernel.batch import state_layout as reg
from engine.simulation.kernel.batch.mark_to_market import DAY, mark_until_trigger_lanes, store_first_return
from engine.simulation.kernel.batch.records import BatchMarket, BatchPlans
from engine.simulation.kernel.batch.simd import Lanes, Mask, any_lane, load, not_, splat, store, where, without_refcount
from engine.simulation.kernel.batch.state_layout import BLOCK_REGISTERS, OUTPUT_REGISTERS, TERM_REGISTERS, offset
from engine.simulation.kernel.batch.trade import trade_lanes
from engine.simulation.kernel.jit import njit_nogil, njit_private
from engine.simulation.kernel.records import LANE_COUNT, RETURN_BLOCKS
from engine.simulation.kernel.valuation import LIMIT_TOLERANCE

RUIN_DRAWDOWN: Final = -0.999
"""Beyond this drawdown the value may have come to zero, where only ``simulate`` knows what a return is."""


@njit_nogil
def run_lanes(
    first: int,
    last: int,
    market: BatchMarket,
    plans: BatchPlans,
    state: FloatArray,
    outputs: FloatArray,
    block_sums: FloatArray,
) -> None:
    """Run the groups of eight from ``first`` to before ``last``.

    Overwrites ``state`` (state_size(n),), its own thread's, and the groups' columns of ``outputs``
    (len(OUTPUT_REGISTERS), S) and ``block_sums`` (RETURN_BLOCKS, len(BLOCK_REGISTERS), S).
    """
    for number in range(first, last):
        _run_group(
            number * LANE_COUNT,
            without_refcount(state),
            without_refcount(market),
            without_refcount(plans),
            without_refcount(outputs),
            without_refcount(block_sums),
        )


@njit_private
def _run_group(  # noqa: C901, PLR0912  (one branch for each thing that can happen)
    at: int, state: FloatArray, market: BatchMarket, plans: BatchPlans, outputs: FloatArray, block_sums: FloatArray
) -> None:
    """Run the eight variants from ``at`` on: each session's business, then all sessions up to the next that has any."""
    sessions, n = market.prices.shape
    watched, excess, bands, caps = market.watched, market.excess, market.bands, market.capped.size > 0
    packed = market.packed
    _initialise(at, state, plans.terms, packed[n + DAY])
    t, payouts, block = min(0, sessions), 0, 0  # no literal 0, for which all would be compiled once more
    while t < sessions:
        following = _mark_due(t, at, state, plans)
        whole = (load(state, reg.DUE) > splat(0.0)) | (load(state, reg.BROKE_BAND) > splat(0.0))
        over = (load(state, reg.BROKE_CAP) > splat(0.0)) & not_(whole)
        begin = payouts
        while payouts < market.delisted.size and market.delisting_rows[payouts] == t:
            payouts += 1
        if begin < payouts:
            paid = _pay_out_delisted(t, begin, payouts, state, market)
            if any_lane(not_(whole)):
                _reinvest_payouts(t, begin, payouts, at, not_(whole), paid, state, market, plans)
        if any_lane(whole):
            _rebalance(t, at, whole, state, market, plans)
        if any_lane(over):
            _trim_to_targets(t, at, over, state, market, plans)
        store(state, reg.BROKE_BAND, splat(0.0))
        store(state, reg.BROKE_CAP, splat(0.0))
        if t == 0:
            store(state, reg.TRADED, splat(0.0))  # the opening purchase is no turnover
        if t == 1:
            store_first_return(n, state, packed, caps)
        stop = min(market.stops[t], following)
        # inlined with literals: a loop without bands, excess or caps has no branch for them
        if watched or excess or bands:
            t = mark_until_trigger_lanes(t, stop, n, state, packed, caps, watched, excess, bands)
        elif caps:
            t = mark_until_trigger_lanes(t, stop, n, state, packed, True, False, False, False)
        else:
            t = mark_until_trigger_lanes(t, stop, n, state, packed, False, False, False, False)
        if t == 1:
            _clear_block_sums(state)  # session 0 has no return
        if market.period_ends[t] & 1:
            block = _store_block_sums(block, at, state, block_sums, t, sessions - 1)
        if market.period_ends[t] & 2:
            _record_year(state)
    ruined = load(state, reg.LOWEST) < splat(RUIN_DRAWDOWN)
    store(state, reg.NEEDS_FALLBACK, where(ruined, splat(1.0), load(state, reg.NEEDS_FALLBACK)))
    rows, size = outputs.ravel(), outputs.shape[1]
    for row in range(len(OUTPUT_REGISTERS)):
        store(rows, row * size + at, load(state, OUTPUT_REGISTERS[row]))


@njit_private
def _initialise(at: int, state: FloatArray, terms: FloatArray, day: float) -> None:
    """Put the capital into cash, the terms into their registers, and every statistic to where it begins."""
    state[:] = 0.0
    rows, size = terms.ravel(), terms.shape[1]
    for row in range(len(TERM_REGISTERS)):
        store(state, TERM_REGISTERS[row], load(rows, row * size + at))
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
def _mark_due(t: int, at: int, state: FloatArray, plans: BatchPlans) -> int:
    """Note which variants have a rebalance of their calendar at ``t``; return the next row at which any has."""
    next_due = plans.next_due
    following = int(next_due.shape[1])
    for lane in range(LANE_COUNT):
        own = plans.calendar[at + lane]
        state[reg.DUE + lane] = 1.0 if next_due[own, t] == t else 0.0
        following = min(following, int(next_due[own, t + 1]))
    return following


@njit_private
def _rebalance(t: int, at: int, whole: Mask, state: FloatArray, market: BatchMarket, plans: BatchPlans) -> None:
    """Trade the variants in ``whole`` to their targets; what would wait for a price needs the fallback (S3, S9)."""
    zero, one, n = splat(0.0), splat(1.0), market.prices.shape[1]
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
    trade_lanes(whole, zero, state, market.prices, t, plans.proportional, False)
    store(state, reg.REBALANCES, load(state, reg.REBALANCES) + load(state, reg.HAS_TRADED))


@njit_private
def _pay_out_delisted(t: int, begin: int, end: int, state: FloatArray, market: BatchMarket) -> Lanes:
    """Turn delisted assets into cash at their last price less the haircut (S8); return what they bring."""
    zero, one, n, delisted = splat(0.0), splat(1.0), market.prices.shape[1], market.delisted
    paid, cash, orders, money = zero, load(state, reg.CASH), load(state, reg.ORDERS), load(state, reg.TRADED)
    for k in range(begin, end):
        units = load(state, offset(reg.UNITS, delisted[k], n))
        payout = units * (splat(market.prices[t, delisted[k]]) * (one - load(state, reg.HAIRCUT)))
        cash, paid, money = cash + payout, paid + payout, money + payout
        orders = where(units == zero, orders, orders + one)
        store(state, offset(reg.UNITS, delisted[k], n), zero)
    store(state, reg.CASH, cash)
    store(state, reg.ORDERS, orders)
    store(state, reg.TRADED, money)
    return paid


@njit_private
def _reinvest_payouts(
    t: int,
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
    zero, n, total = splat(0.0), market.prices.shape[1], splat(0.0)
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
    trade_lanes(spends, paid, state, market.prices, t, plans.proportional, True)


@njit_private
def _trim_to_targets(t: int, at: int, over: Mask, state: FloatArray, market: BatchMarket, plans: BatchPlans) -> None:
    """Sell what was over its cap at the close before down to its target; the core takes what that brings (S6).

    Without a core that can buy, the scalar code scales what waits: such a variant needs the fallback.
    """
    zero, one, n = splat(0.0), splat(1.0), market.prices.shape[1]
    prices, fresh, capped = market.prices, market.fresh, market.capped
    last, cash, slack = load(state, reg.LAST), load(state, reg.CASH), splat(1.0 + LIMIT_TOLERANCE)
    limit, value, found, total = load(state, reg.CAP) * slack, zero, zero, zero
    for a in range(n):
        value = value + load(state, offset(reg.UNITS, a, n)) * splat(prices[t, a])
        store(state, offset(reg.ACTIVE, a, n), zero)
    value = value + cash
    for k in range(capped.size):
        if fresh[t, capped[k]]:
            units = load(state, offset(reg.UNITS, capped[k], n))
            seen = units * splat(prices[t - 1, capped[k]]) / last
            goal = load(state, offset(reg.TARGET, capped[k], n)) * value * slack
            sells = over & (seen > limit) & (units * splat(prices[t, capped[k]]) > goal)
            store(state, offset(reg.ACTIVE, capped[k], n), where(sells, one, zero))
            found = where(sells, one, found)
    for a in range(n):
        able = (load(state, offset(reg.ACTIVE, a, n)) == zero) if fresh[t, a] and market.eligible[t, a] else zero > one
        share = where(able, load(plans.core[a], at), zero)
        store(state, offset(reg.RECIPIENTS, a, n), share)
        total = total + share
    for a in range(n):
        share = load(state, offset(reg.RECIPIENTS, a, n))
        store(state, offset(reg.RECIPIENTS, a, n), where(total > zero, share / total, share))
    on = over & (found > zero)
    store(state, reg.NEEDS_FALLBACK, where(on & (total <= zero), one, load(state, reg.NEEDS_FALLBACK)))
    trade_lanes(on, zero, state, prices, t, plans.proportional, True)


@njit_private
def _clear_block_sums(state: FloatArray) -> None:
    """Begin a block of returns."""
    for row in range(len(BLOCK_REGISTERS)):
        store(state, BLOCK_REGISTERS[row], splat(0.0))


@njit_private
def _store_block_sums(block: int, at: int, state: FloatArray, block_sums: FloatArray, t: int, returns: int) -> int:
    """Store the sums of every block of returns that ends before ``t``; return the next block.

    The first block's come from its registers.
    """
    rows, size = block_sums.ravel(), block_sums.shape[2]
    while block < RETURN_BLOCKS and (block + 1) * returns // RETURN_BLOCKS < t:
        for row in range(len(BLOCK_REGISTERS)):
            store(rows, (block * len(BLOCK_REGISTERS) + row) * size + at, load(state, BLOCK_REGISTERS[row]))
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
