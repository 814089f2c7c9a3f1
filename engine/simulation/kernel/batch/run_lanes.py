"""A sweep's variants, eight to a register: the run of the spine for plans whose decisions are known beforehand.

The calendar, late listings, delistings, caps and bands that are answered at the next close are done here; what else can
happen (an order that waits, a rule that has to be asked) marks a variant as ``odd``, and the spine runs it. Groups of
eight share nothing, so any number of threads gives the same bits.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from engine.core.arrays import BoolArray, FloatArray, IntArray
from engine.simulation.kernel.batch.mark_to_market import DAY, first_return, mark
from engine.simulation.kernel.batch.records import ACCOUNTS, BLOCKED, KEPT, LanePlans, LaneTape
from engine.simulation.kernel.batch.simd import WIDTH, Lanes, Mask, borrowed, every, load, none_of, some, store, where
from engine.simulation.kernel.batch.state_layout import (
    ACTIVE,
    BEST,
    BROKE_BAND,
    BROKE_CAP,
    CAP,
    CAPITAL,
    CASH,
    DUE,
    HAIRCUT,
    HEIRS,
    HIGH,
    LAST,
    LOWEST,
    MOVED,
    ODD,
    ORDERS,
    PER_HIGH,
    PER_LAST,
    REBALANCES,
    REFERENCE,
    SINCE,
    TARGET,
    TOP_VALUE,
    TRADED,
    UNITS,
    WORST,
    YEAR,
    spot,
)
from engine.simulation.kernel.batch.trade import lane_trade
from engine.simulation.kernel.jit import inner, released
from engine.simulation.kernel.records import BLOCKS
from engine.simulation.kernel.valuation import OVER

RUIN: Final = -0.999
"""Beyond this drawdown the value may have come to zero, where only the spine knows what a return is."""


@released
def run_lanes(
    first: int,
    last: int,
    tape: LaneTape,
    plans: LanePlans,
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
            number * WIDTH,
            borrowed(room),
            borrowed(tape.prices),
            borrowed(tape.strip),
            borrowed(tape.fresh),
            borrowed(tape.eligible),
            borrowed(tape.missing),
            borrowed(tape.pattern),
            borrowed(tape.stops),
            borrowed(tape.ends),
            borrowed(tape.gone_rows),
            borrowed(tape.gone),
            borrowed(tape.capped),
            tape.watched,
            tape.excess,
            tape.bands,
            borrowed(plans.targets),
            borrowed(plans.core),
            borrowed(plans.heirs),
            borrowed(plans.takers),
            borrowed(plans.accounts),
            borrowed(plans.calendar),
            borrowed(plans.next_due),
            plans.simple,
            borrowed(kept),
            borrowed(blocks),
        )


@inner
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
    _open(at, room, accounts, strip[n + DAY])
    t, payouts, block = min(0, sessions), 0, 0  # no literal 0, for which all would be compiled once more
    while t < sessions:
        following = _due(t, at, room, calendar, next_due)
        whole = (load(room, DUE) > every(0.0)) | (load(room, BROKE_BAND) > every(0.0))
        over = (load(room, BROKE_CAP) > every(0.0)) & none_of(whole)
        begin = payouts
        while payouts < gone.size and gone_rows[payouts] == t:
            payouts += 1
        if begin < payouts:
            paid = _pay_out(t, begin, payouts, room, prices, gone)
            if some(none_of(whole)):
                _reinvest(t, begin, payouts, at, none_of(whole), paid, room, prices, gone, heirs, takers, simple)
        if some(whole):
            _rebalance(t, at, whole, room, prices, missing, targets[pattern[t]], simple)
        if some(over):
            _trim(t, at, over, room, prices, fresh, eligible, capped, core, simple)
        store(room, BROKE_BAND, every(0.0))
        store(room, BROKE_CAP, every(0.0))
        if t == 0:
            store(room, TRADED, every(0.0))  # the opening purchase is no turnover
        if t == 1:
            first_return(n, room, strip, caps)
        stop = min(stops[t], following)
        # inlined with literals: a loop without bands, excess or caps has no branch for them
        if watched or excess or bands:
            t = mark(t, stop, n, room, strip, caps, watched, excess, bands)
        elif caps:
            t = mark(t, stop, n, room, strip, True, False, False, False)
        else:
            t = mark(t, stop, n, room, strip, False, False, False, False)
        if t == 1:
            _clear(room)  # session 0 has no return
        if ends[t] & 1:
            block = _end_blocks(block, at, room, blocks, t, sessions - 1)
        if ends[t] & 2:
            _end_year(room)
    ruined = load(room, LOWEST) < every(RUIN)
    store(room, ODD, where(ruined, every(1.0), load(room, ODD)))
    rows, size = kept.ravel(), kept.shape[1]
    for row in range(len(KEPT)):
        store(rows, row * size + at, load(room, KEPT[row]))


@inner
def _open(at: int, room: FloatArray, accounts: FloatArray, day: float) -> None:
    """Put the capital into cash, the terms into their registers, and every statistic to where it begins."""
    room[:] = 0.0
    rows, size = accounts.ravel(), accounts.shape[1]
    for row in range(len(ACCOUNTS)):
        store(room, ACCOUNTS[row], load(rows, row * size + at))
    for lane in range(WIDTH):
        capital = room[CAPITAL + lane]
        room[CASH + lane] = room[LAST + lane] = room[HIGH + lane] = room[YEAR + lane] = capital
        room[PER_LAST + lane] = room[PER_HIGH + lane] = 1.0 / capital
        room[TOP_VALUE + lane] = 1.0
        room[SINCE + lane] = day
        room[BEST + lane], room[WORST + lane] = -np.inf, np.inf


@inner
def _due(t: int, at: int, room: FloatArray, calendar: IntArray, next_due: IntArray) -> int:
    """Note which variants have a rebalance of their calendar at ``t``; return the next row at which any has."""
    following = int(next_due.shape[1])
    for lane in range(WIDTH):
        own = calendar[at + lane]
        room[DUE + lane] = 1.0 if next_due[own, t] == t else 0.0
        following = min(following, int(next_due[own, t + 1]))
    return following


@inner
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
    zero, one, n = every(0.0), every(1.0), prices.shape[1]
    odd = load(room, ODD)
    for a in range(n):
        target = where(whole, load(targets[a], at), load(room, spot(TARGET, a, n)))
        store(room, spot(TARGET, a, n), target)
        store(room, spot(REFERENCE, a, n), where(whole, target, load(room, spot(REFERENCE, a, n))))
        if missing[t, a]:
            odd = where(whole & ((load(room, spot(UNITS, a, n)) > zero) | (target > zero)), one, odd)
    store(room, ODD, odd)
    store(room, CASH, lane_trade(whole, load(room, CASH), zero, room, prices, t, simple, False))
    store(room, REBALANCES, load(room, REBALANCES) + load(room, MOVED))


@inner
def _pay_out(t: int, begin: int, end: int, room: FloatArray, prices: FloatArray, gone: IntArray) -> Lanes:
    """Turn delisted assets into cash at their last price less the haircut (S8); return what they bring."""
    zero, one, n = every(0.0), every(1.0), prices.shape[1]
    paid, cash, orders, money = zero, load(room, CASH), load(room, ORDERS), load(room, TRADED)
    for k in range(begin, end):
        units = load(room, spot(UNITS, gone[k], n))
        payout = units * (every(prices[t, gone[k]]) * (one - load(room, HAIRCUT)))
        cash, paid, money = cash + payout, paid + payout, money + payout
        orders = where(units == zero, orders, orders + one)
        store(room, spot(UNITS, gone[k], n), zero)
    store(room, CASH, cash)
    store(room, ORDERS, orders)
    store(room, TRADED, money)
    return paid


@inner
def _reinvest(
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
    zero, n, total = every(0.0), prices.shape[1], every(0.0)
    for k in range(begin, end):
        for field in (TARGET, REFERENCE):
            left = load(room, spot(field, gone[k], n))
            for a in range(n):
                before = load(room, spot(field, a, n))
                moved = zero if a == gone[k] else before + left * load(heirs[k, a], at)
                store(room, spot(field, a, n), where(on, moved, before))
    for a in range(n):
        share = load(takers[begin, a], at)
        total = total + share
        store(room, spot(HEIRS, a, n), share)
        store(room, spot(ACTIVE, a, n), zero)
    spends = on & (paid > zero) & (total > zero)
    store(room, CASH, lane_trade(spends, load(room, CASH), paid, room, prices, t, simple, True))


@inner
def _trim(
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
    zero, one, n = every(0.0), every(1.0), prices.shape[1]
    last, cash, slack = load(room, LAST), load(room, CASH), every(1.0 + OVER)
    limit, value, found, total = load(room, CAP) * slack, zero, zero, zero
    for a in range(n):
        value = value + load(room, spot(UNITS, a, n)) * every(prices[t, a])
        store(room, spot(ACTIVE, a, n), zero)
    value = value + cash
    for k in range(capped.size):
        if fresh[t, capped[k]]:
            units = load(room, spot(UNITS, capped[k], n))
            seen = units * every(prices[t - 1, capped[k]]) / last
            goal = load(room, spot(TARGET, capped[k], n)) * value * slack
            sells = over & (seen > limit) & (units * every(prices[t, capped[k]]) > goal)
            store(room, spot(ACTIVE, capped[k], n), where(sells, one, zero))
            found = where(sells, one, found)
    for a in range(n):
        able = (load(room, spot(ACTIVE, a, n)) == zero) if fresh[t, a] and eligible[t, a] else zero > one
        share = where(able, load(core[a], at), zero)
        store(room, spot(HEIRS, a, n), share)
        total = total + share
    for a in range(n):
        share = load(room, spot(HEIRS, a, n))
        store(room, spot(HEIRS, a, n), where(total > zero, share / total, share))
    on = over & (found > zero)
    store(room, ODD, where(on & (total <= zero), one, load(room, ODD)))
    store(room, CASH, lane_trade(on, cash, zero, room, prices, t, simple, True))


@inner
def _clear(room: FloatArray) -> None:
    """Begin a block of returns."""
    for row in range(len(BLOCKED)):
        store(room, BLOCKED[row], every(0.0))


@inner
def _end_blocks(block: int, at: int, room: FloatArray, blocks: FloatArray, t: int, returns: int) -> int:
    """Write down the blocks of returns that end before ``t``, the first from its registers; return the next one."""
    rows, size = blocks.ravel(), blocks.shape[2]
    while block < BLOCKS and (block + 1) * returns // BLOCKS < t:
        for row in range(len(BLOCKED)):
            store(rows, (block * len(BLOCKED) + row) * size + at, load(room, BLOCKED[row]))
        _clear(room)
        block += 1
    return block


@inner
def _end_year(room: FloatArray) -> None:
    """Take in a calendar year's return."""
    value, best, worst = load(room, LAST), load(room, BEST), load(room, WORST)
    earned = value / load(room, YEAR) - every(1.0)
    store(room, BEST, where(earned > best, earned, best))
    store(room, WORST, where(earned < worst, earned, worst))
    store(room, YEAR, value)
