"""A sweep's variants, eight to a register: the run of the spine for plans whose decisions are known beforehand.

The calendar, late listings, delistings, caps and bands that are answered at the next close are done here; what else can
happen (an order that waits, a rule that has to be asked) marks a variant as ``odd``, and the spine runs it. Groups of
eight share nothing, so any number of threads gives the same bits.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from engine.core.arrays import BoolArray, FloatArray, IntArray
from engine.simulation.kernel.batch.mark_to_market import DAY, mark_until_trigger_lanes, store_first_return
from engine.simulation.kernel.batch.records import (
    BLOCK_REGISTERS,
    OUTPUT_REGISTERS,
    TERM_REGISTERS,
    BatchMarket,
    BatchPlans,
)
from engine.simulation.kernel.batch.simd import (
    LANE_COUNT,
    Lanes,
    Mask,
    any_lane,
    load,
    not_,
    splat,
    store,
    where,
    without_refcount,
)
from engine.simulation.kernel.batch.state_layout import (
    ACTIVE,
    BEST,
    BROKE_BAND,
    BROKE_CAP,
    CAP,
    CAPITAL,
    CASH,
    DRIFT_BASE,
    DUE,
    HAIRCUT,
    HAS_TRADED,
    HIGH,
    HIGH_DAY,
    LAST,
    LOWEST,
    NEEDS_FALLBACK,
    ORDERS,
    PER_HIGH,
    PER_LAST,
    REBALANCES,
    RECIPIENTS,
    TARGET,
    TOP_VALUE,
    TRADED,
    UNITS,
    WORST,
    YEAR_START,
    offset,
)
from engine.simulation.kernel.batch.trade import trade_lanes
from engine.simulation.kernel.jit import njit_nogil, njit_private
from engine.simulation.kernel.records import RETURN_BLOCKS
from engine.simulation.kernel.valuation import LIMIT_TOLERANCE

RUIN_DRAWDOWN: Final = -0.999
"""Beyond this drawdown the value may have come to zero, where only the spine knows what a return is."""


@njit_nogil
def run_lanes(
    first: int,
    last: int,
    tape: BatchMarket,
    plans: BatchPlans,
    room: FloatArray,
    kept: FloatArray,
    blocks: FloatArray,
) -> None:
    """Run the groups of eight from ``first`` to before ``last``.

    Arrays are lent one by one: of a record each would be counted again at every call. Overwrites ``room``
    (size_of_room(n),), its own thread's, and the groups' columns of ``kept`` (len(KEPT), S) and
    ``blocks`` (BLOCKS, len(BLOCKED), S).
    """
    for number in range(first, last):
        _run_group(
            number * LANE_COUNT,
            without_refcount(room),
            without_refcount(tape.prices),
            without_refcount(tape.packed),
            without_refcount(tape.fresh),
            without_refcount(tape.eligible),
            without_refcount(tape.missing),
            without_refcount(tape.pattern),
            without_refcount(tape.stops),
            without_refcount(tape.period_ends),
            without_refcount(tape.delisting_rows),
            without_refcount(tape.delisted),
            without_refcount(tape.capped),
            tape.watched,
            tape.excess,
            tape.bands,
            without_refcount(plans.targets),
            without_refcount(plans.core),
            without_refcount(plans.recipients),
            without_refcount(plans.tradable_recipients),
            without_refcount(plans.terms),
            without_refcount(plans.calendar),
            without_refcount(plans.next_due),
            plans.proportional,
            without_refcount(kept),
            without_refcount(blocks),
        )


@njit_private
def _run_group(  # noqa: C901, PLR0912  (one branch for each thing that can happen)
    at: int,
    room: FloatArray,
    prices: FloatArray,
    strip: FloatArray,
    fresh: BoolArray,
    eligible: BoolArray,
    missing: BoolArray,
    pattern: IntArray,
    stops: IntArray,
    ends: IntArray,
    gone_rows: IntArray,
    gone: IntArray,
    capped: IntArray,
    watched: bool,
    excess: bool,
    bands: bool,
    targets: FloatArray,
    core: FloatArray,
    heirs: FloatArray,
    takers: FloatArray,
    accounts: FloatArray,
    calendar: IntArray,
    next_due: IntArray,
    simple: bool,
    kept: FloatArray,
    blocks: FloatArray,
) -> None:
    """Run the eight variants from ``at`` on: each session's business, then all sessions up to the next that has any."""
    sessions = prices.shape[0]
    n, caps = prices.shape[1], capped.size > 0
    _initialise(at, room, accounts, strip[n + DAY])
    t, payouts, block = min(0, sessions), 0, 0  # no literal 0, for which all would be compiled once more
    while t < sessions:
        following = _mark_due(t, at, room, calendar, next_due)
        whole = (load(room, DUE) > splat(0.0)) | (load(room, BROKE_BAND) > splat(0.0))
        over = (load(room, BROKE_CAP) > splat(0.0)) & not_(whole)
        begin = payouts
        while payouts < gone.size and gone_rows[payouts] == t:
            payouts += 1
        if begin < payouts:
            paid = _pay_out_delisted(t, begin, payouts, room, prices, gone)
            if any_lane(not_(whole)):
                _reinvest_payouts(t, begin, payouts, at, not_(whole), paid, room, prices, gone, heirs, takers, simple)
        if any_lane(whole):
            _rebalance(t, at, whole, room, prices, missing, targets[pattern[t]], simple)
        if any_lane(over):
            _trim_to_targets(t, at, over, room, prices, fresh, eligible, capped, core, simple)
        store(room, BROKE_BAND, splat(0.0))
        store(room, BROKE_CAP, splat(0.0))
        if t == 0:
            store(room, TRADED, splat(0.0))  # the opening purchase is no turnover
        if t == 1:
            store_first_return(n, room, strip, caps)
        stop = min(stops[t], following)
        # inlined with literals: a loop without bands, excess or caps has no branch for them
        if watched or excess or bands:
            t = mark_until_trigger_lanes(t, stop, n, room, strip, caps, watched, excess, bands)
        elif caps:
            t = mark_until_trigger_lanes(t, stop, n, room, strip, True, False, False, False)
        else:
            t = mark_until_trigger_lanes(t, stop, n, room, strip, False, False, False, False)
        if t == 1:
            _clear_block_sums(room)  # session 0 has no return
        if ends[t] & 1:
            block = _store_block_sums(block, at, room, blocks, t, sessions - 1)
        if ends[t] & 2:
            _record_year(room)
    ruined = load(room, LOWEST) < splat(RUIN_DRAWDOWN)
    store(room, NEEDS_FALLBACK, where(ruined, splat(1.0), load(room, NEEDS_FALLBACK)))
    rows, size = kept.ravel(), kept.shape[1]
    for row in range(len(OUTPUT_REGISTERS)):
        store(rows, row * size + at, load(room, OUTPUT_REGISTERS[row]))


@njit_private
def _initialise(at: int, room: FloatArray, accounts: FloatArray, day: float) -> None:
    """Put the capital into cash, the terms into their registers, and every statistic to where it begins."""
    room[:] = 0.0
    rows, size = accounts.ravel(), accounts.shape[1]
    for row in range(len(TERM_REGISTERS)):
        store(room, TERM_REGISTERS[row], load(rows, row * size + at))
    for lane in range(LANE_COUNT):
        capital = room[CAPITAL + lane]
        room[CASH + lane] = room[LAST + lane] = room[HIGH + lane] = room[YEAR_START + lane] = capital
        room[PER_LAST + lane] = room[PER_HIGH + lane] = 1.0 / capital
        room[TOP_VALUE + lane] = 1.0
        room[HIGH_DAY + lane] = day
        room[BEST + lane], room[WORST + lane] = -np.inf, np.inf


@njit_private
def _mark_due(t: int, at: int, room: FloatArray, calendar: IntArray, next_due: IntArray) -> int:
    """Note which variants have a rebalance of their calendar at ``t``; return the next row at which any has."""
    following = int(next_due.shape[1])
    for lane in range(LANE_COUNT):
        own = calendar[at + lane]
        room[DUE + lane] = 1.0 if next_due[own, t] == t else 0.0
        following = min(following, int(next_due[own, t + 1]))
    return following


@njit_private
def _rebalance(
    t: int,
    at: int,
    whole: Mask,
    room: FloatArray,
    prices: FloatArray,
    missing: BoolArray,
    targets: FloatArray,
    simple: bool,
) -> None:
    """Trade the variants in ``whole`` to ``targets`` (n, S); what would wait for a price is odd (S3, S9)."""
    zero, one, n = splat(0.0), splat(1.0), prices.shape[1]
    odd = load(room, NEEDS_FALLBACK)
    for a in range(n):
        target = where(whole, load(targets[a], at), load(room, offset(TARGET, a, n)))
        store(room, offset(TARGET, a, n), target)
        store(room, offset(DRIFT_BASE, a, n), where(whole, target, load(room, offset(DRIFT_BASE, a, n))))
        if missing[t, a]:
            odd = where(whole & ((load(room, offset(UNITS, a, n)) > zero) | (target > zero)), one, odd)
    store(room, NEEDS_FALLBACK, odd)
    store(room, CASH, trade_lanes(whole, load(room, CASH), zero, room, prices, t, simple, False))
    store(room, REBALANCES, load(room, REBALANCES) + load(room, HAS_TRADED))


@njit_private
def _pay_out_delisted(t: int, begin: int, end: int, room: FloatArray, prices: FloatArray, gone: IntArray) -> Lanes:
    """Turn delisted assets into cash at their last price less the haircut (S8); return what they bring."""
    zero, one, n = splat(0.0), splat(1.0), prices.shape[1]
    paid, cash, orders, money = zero, load(room, CASH), load(room, ORDERS), load(room, TRADED)
    for k in range(begin, end):
        units = load(room, offset(UNITS, gone[k], n))
        payout = units * (splat(prices[t, gone[k]]) * (one - load(room, HAIRCUT)))
        cash, paid, money = cash + payout, paid + payout, money + payout
        orders = where(units == zero, orders, orders + one)
        store(room, offset(UNITS, gone[k], n), zero)
    store(room, CASH, cash)
    store(room, ORDERS, orders)
    store(room, TRADED, money)
    return paid


@njit_private
def _reinvest_payouts(
    t: int,
    begin: int,
    end: int,
    at: int,
    on: Mask,
    paid: Lanes,
    room: FloatArray,
    prices: FloatArray,
    gone: IntArray,
    heirs: FloatArray,
    takers: FloatArray,
    simple: bool,
) -> None:
    """Spend payouts on their heirs pro rata; the targets of what is gone move along (S8)."""
    zero, n, total = splat(0.0), prices.shape[1], splat(0.0)
    for k in range(begin, end):
        for field in (TARGET, DRIFT_BASE):
            left = load(room, offset(field, gone[k], n))
            for a in range(n):
                before = load(room, offset(field, a, n))
                moved = zero if a == gone[k] else before + left * load(heirs[k, a], at)
                store(room, offset(field, a, n), where(on, moved, before))
    for a in range(n):
        share = load(takers[begin, a], at)
        total = total + share
        store(room, offset(RECIPIENTS, a, n), share)
        store(room, offset(ACTIVE, a, n), zero)
    spends = on & (paid > zero) & (total > zero)
    store(room, CASH, trade_lanes(spends, load(room, CASH), paid, room, prices, t, simple, True))


@njit_private
def _trim_to_targets(
    t: int,
    at: int,
    over: Mask,
    room: FloatArray,
    prices: FloatArray,
    fresh: BoolArray,
    eligible: BoolArray,
    capped: IntArray,
    core: FloatArray,
    simple: bool,
) -> None:
    """Sell what was over its cap at the close before down to its target; the core takes what that brings (S6).

    Without a core that can buy, the scalar code scales what waits: such a variant is odd.
    """
    zero, one, n = splat(0.0), splat(1.0), prices.shape[1]
    last, cash, slack = load(room, LAST), load(room, CASH), splat(1.0 + LIMIT_TOLERANCE)
    limit, value, found, total = load(room, CAP) * slack, zero, zero, zero
    for a in range(n):
        value = value + load(room, offset(UNITS, a, n)) * splat(prices[t, a])
        store(room, offset(ACTIVE, a, n), zero)
    value = value + cash
    for k in range(capped.size):
        if fresh[t, capped[k]]:
            units = load(room, offset(UNITS, capped[k], n))
            seen = units * splat(prices[t - 1, capped[k]]) / last
            goal = load(room, offset(TARGET, capped[k], n)) * value * slack
            sells = over & (seen > limit) & (units * splat(prices[t, capped[k]]) > goal)
            store(room, offset(ACTIVE, capped[k], n), where(sells, one, zero))
            found = where(sells, one, found)
    for a in range(n):
        able = (load(room, offset(ACTIVE, a, n)) == zero) if fresh[t, a] and eligible[t, a] else zero > one
        share = where(able, load(core[a], at), zero)
        store(room, offset(RECIPIENTS, a, n), share)
        total = total + share
    for a in range(n):
        share = load(room, offset(RECIPIENTS, a, n))
        store(room, offset(RECIPIENTS, a, n), where(total > zero, share / total, share))
    on = over & (found > zero)
    store(room, NEEDS_FALLBACK, where(on & (total <= zero), one, load(room, NEEDS_FALLBACK)))
    store(room, CASH, trade_lanes(on, cash, zero, room, prices, t, simple, True))


@njit_private
def _clear_block_sums(room: FloatArray) -> None:
    """Begin a block of returns."""
    for row in range(len(BLOCK_REGISTERS)):
        store(room, BLOCK_REGISTERS[row], splat(0.0))


@njit_private
def _store_block_sums(block: int, at: int, room: FloatArray, blocks: FloatArray, t: int, returns: int) -> int:
    """Write down the blocks of returns that end before ``t``, the first from its registers; return the next one."""
    rows, size = blocks.ravel(), blocks.shape[2]
    while block < RETURN_BLOCKS and (block + 1) * returns // RETURN_BLOCKS < t:
        for row in range(len(BLOCK_REGISTERS)):
            store(rows, (block * len(BLOCK_REGISTERS) + row) * size + at, load(room, BLOCK_REGISTERS[row]))
        _clear_block_sums(room)
        block += 1
    return block


@njit_private
def _record_year(room: FloatArray) -> None:
    """Take in a calendar year's return."""
    value, best, worst = load(room, LAST), load(room, BEST), load(room, WORST)
    earned = value / load(room, YEAR_START) - splat(1.0)
    store(room, BEST, where(earned > best, earned, best))
    store(room, WORST, where(earned < worst, earned, worst))
    store(room, YEAR_START, value)
