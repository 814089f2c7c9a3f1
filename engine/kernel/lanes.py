"""A sweep's variants, eight to a register: the run of the spine for plans whose decisions are known beforehand.

The calendar, late listings, delistings, caps and bands that are answered at the next close are done here; what else can
happen (an order that waits, a rule that has to be asked) marks a variant as ``odd``, and the spine runs it. Groups of
eight share nothing, so any number of threads gives the same bits.
"""

from __future__ import annotations

import numpy as np

from engine.arrays import FloatArray
from engine.kernel.compiling import inlined, released
from engine.kernel.lane_records import BLOCKS, LanePlans, LaneSums, LaneTape, LaneTerms
from engine.kernel.lane_trading import Fees, Group, fees_of, lane_trade
from engine.kernel.marking import (
    ABSOLUTE, BEST, BROKE_BAND, BROKE_CAP, CAP, CASH, COSTS, DUE, EXCESS, EXCESS_SHIFT, EXCESS_SQUARES, FALLS, HIGH,
    LAST, LONGEST, LOWEST, MOVED, ODD, ORDERS, OVER_CAP, REBALANCES, RELATIVE, RETURNS, SHIFT, SHORTFALLS, SINCE,
    SQUARES, STATE, TOP_MONEY, TOP_VALUE, TRADED, VALUES, WORST, YEAR, mark,
)
from engine.kernel.measures import OVER
from engine.kernel.vectors import WIDTH, Lanes, Mask, every, load, none_of, size_of, some, store, where


@released
def run_lanes(first: int, last: int, tape: LaneTape, plans: LanePlans, terms: LaneTerms, out: LaneSums) -> None:
    """Run the groups of eight from ``first`` to before ``last``; ``out`` is overwritten for them."""
    n = tape.prices.shape[1]
    room = np.zeros((7, n * WIDTH))
    group = Group(room[0], room[1], room[2], room[3], room[4], room[5], room[6], np.zeros(STATE))
    for number in range(first, last):
        _run_group(number * WIDTH, group, tape, plans, terms, out)


@inlined
def _run_group(at: int, group: Group, tape: LaneTape, plans: LanePlans, terms: LaneTerms, out: LaneSums) -> None:
    """Run the eight variants from ``at`` on."""
    sessions, state = tape.prices.shape[0], group.state
    _open(at, group, tape, plans)
    fees = fees_of(terms, at)
    t, gone, block = 0, 0, 0
    while t < sessions:
        begin = gone
        while gone < tape.gone.size and tape.gone_rows[gone] == t:
            gone += 1
        following = _due(t, at, state, plans)
        _business(t, begin, gone, at, group, tape, plans, fees, terms.proportional)
        if t == 0:
            store(state, TRADED, every(0.0))
        t = mark(t, min(tape.stops[t], following), group, tape)
        if tape.ends[t] & 1:
            block = _end_block(block, at, state, out, t, tape)
        if tape.ends[t] & 2:
            _end_year(state)
    _close(at, state, out)


@inlined
def _open(at: int, group: Group, tape: LaneTape, plans: LanePlans) -> None:
    """Put the capital into cash, and every statistic to where it begins."""
    state, capital = group.state, load(plans.capital, at)
    state[:] = 0.0
    group.units[:] = 0.0
    group.heirs[:] = 0.0
    for row in (CASH, LAST, HIGH, YEAR):
        store(state, row, capital)
    for row in (LOWEST, TOP_VALUE):
        store(state, row, every(1.0))
    store(state, SINCE, every(tape.days[0]))
    store(state, CAP, load(plans.cap, at))
    store(state, ABSOLUTE, load(plans.absolute, at))
    store(state, RELATIVE, load(plans.relative, at))
    store(state, BEST, every(-np.inf))
    store(state, WORST, every(np.inf))


@inlined
def _due(t: int, at: int, state: FloatArray, plans: LanePlans) -> int:
    """Note which variants have a rebalance of their calendar at ``t``; return the next row at which any has."""
    following = plans.next_due.shape[1]
    for lane in range(WIDTH):
        rows = plans.next_due[plans.calendar[at + lane]]
        state[DUE + lane] = 1.0 if rows[t] == t else 0.0
        following = min(following, rows[t + 1])
    return following


@inlined
def _business(
    t: int, begin: int, end: int, at: int, group: Group, tape: LaneTape, plans: LanePlans, fees: Fees,
    proportional: bool,
) -> None:
    """Do what the session asks for before it is marked: payouts, then rebalances, or reinvestments and trims."""
    state, zero = group.state, every(0.0)
    whole = (load(state, DUE) > zero) | (load(state, BROKE_BAND) > zero)
    over = (load(state, BROKE_CAP) > zero) & none_of(whole)
    if begin < end:
        paid = _pay_out(t, begin, end, at, group, tape, plans)
        if some(none_of(whole)):
            _reinvest(t, begin, end, at, none_of(whole), paid, group, tape, plans, fees, proportional)
    if some(whole):
        _rebalance(t, at, whole, group, tape, plans, fees, proportional)
    if some(over):
        _trim(t, at, over, group, tape, plans, fees, proportional)
    store(state, BROKE_BAND, zero)
    store(state, BROKE_CAP, zero)


@inlined
def _rebalance(
    t: int, at: int, whole: Mask, group: Group, tape: LaneTape, plans: LanePlans, fees: Fees, proportional: bool
) -> None:
    """Trade the variants in ``whole`` to their targets (S3)."""
    state, zero, one, n = group.state, every(0.0), every(1.0), tape.prices.shape[1]
    size = plans.capital.size
    targets, first = plans.targets.ravel(), tape.pattern[t] * n * size + at
    for a in range(n):
        lane = a * WIDTH
        target = where(whole, load(targets, first + a * size), load(group.target, lane))
        store(group.target, lane, target)
        store(group.reference, lane, where(whole, target, load(group.reference, lane)))
        store(group.active, lane, one)
        if tape.missing[t, a]:
            waits = whole & ((load(group.units, lane) > zero) | (target > zero))
            store(state, ODD, where(waits, one, load(state, ODD)))
    cash = lane_trade(
        whole, load(state, CASH), zero, group, tape.prices[t], fees, state[COSTS:REBALANCES], proportional, False
    )
    store(state, CASH, cash)
    store(state, REBALANCES, load(state, REBALANCES) + load(state, MOVED))


@inlined
def _pay_out(t: int, begin: int, end: int, at: int, group: Group, tape: LaneTape, plans: LanePlans) -> Lanes:
    """Turn delisted assets into cash at their last price less the haircut (S8); return what they bring."""
    state, zero, one = group.state, every(0.0), every(1.0)
    paid, cash = zero, load(state, CASH)
    for k in range(begin, end):
        a = tape.gone[k]
        units = load(group.units, a * WIDTH)
        held = none_of(units == zero)
        payout = units * (every(tape.prices[t, a]) * (one - load(plans.haircut, at)))
        cash = cash + payout
        paid = paid + payout
        store(group.units, a * WIDTH, zero)
        store(state, ORDERS, where(held, load(state, ORDERS) + one, load(state, ORDERS)))
        store(state, TRADED, load(state, TRADED) + payout)
    store(state, CASH, cash)
    return paid


@inlined
def _reinvest(
    t: int, begin: int, end: int, at: int, on: Mask, paid: Lanes, group: Group, tape: LaneTape, plans: LanePlans,
    fees: Fees, proportional: bool,
) -> None:
    """Spend payouts on their heirs pro rata; the targets of what is gone move along (S8)."""
    state, zero, n = group.state, every(0.0), tape.prices.shape[1]
    size = plans.capital.size
    heirs, takers = plans.heirs.ravel(), plans.takers.ravel()
    for k in range(begin, end):
        gone = tape.gone[k]
        weight, begun = load(group.target, gone * WIDTH), load(group.reference, gone * WIDTH)
        for a in range(n):
            heir = load(heirs, (k * n + a) * size + at)
            for weights, part in ((group.target, weight), (group.reference, begun)):
                moved = load(weights, a * WIDTH) + part * heir
                moved = zero if a == gone else moved
                store(weights, a * WIDTH, where(on, moved, load(weights, a * WIDTH)))
    total = zero
    for a in range(n):
        share = load(takers, (begin * n + a) * size + at)
        total = total + share
        store(group.heirs, a * WIDTH, share)
        store(group.active, a * WIDTH, zero)
    spends = on & (paid > zero) & (total > zero)
    cash = lane_trade(
        spends, load(state, CASH), paid, group, tape.prices[t], fees, state[COSTS:REBALANCES], proportional, True
    )
    store(state, CASH, cash)


@inlined
def _trim(
    t: int, at: int, over: Mask, group: Group, tape: LaneTape, plans: LanePlans, fees: Fees, proportional: bool
) -> None:
    """Sell what was over its cap at the close before down to its target; the core takes what that brings (S6)."""
    state, zero, one, n = group.state, every(0.0), every(1.0), tape.prices.shape[1]
    limit, size = load(state, CAP) * every(1.0 + OVER), plans.capital.size
    core = plans.core.ravel()
    value = zero
    for a in range(n):
        value = value + load(group.units, a * WIDTH) * every(tape.prices[t, a])
        store(group.active, a * WIDTH, zero)
    value = value + load(state, CASH)
    found, total = zero, zero
    for k in range(tape.capped.size):
        a = tape.capped[k]
        units = load(group.units, a * WIDTH)
        seen = units * every(tape.prices[t - 1, a]) / load(state, LAST)
        goal = load(group.target, a * WIDTH) * value * every(1.0 + OVER)
        sells = over & (seen > limit) & (units * every(tape.prices[t, a]) > goal)
        if tape.fresh[t, a]:
            store(group.active, a * WIDTH, where(sells, one, zero))
            found = where(sells, one, found)
    for a in range(n):
        able = load(group.active, a * WIDTH) == zero
        share = where(able, load(core, a * size + at), zero)
        share = share if tape.fresh[t, a] and tape.eligible[t, a] else zero
        store(group.heirs, a * WIDTH, share)
        total = total + share
    for a in range(n):
        share = load(group.heirs, a * WIDTH)
        store(group.heirs, a * WIDTH, where(total > zero, share / total, share))
    on = over & (found > zero)
    store(state, ODD, where(on & none_of(total > zero), one, load(state, ODD)))  # the scalar code scales what waits
    cash = lane_trade(
        on, load(state, CASH), zero, group, tape.prices[t], fees, state[COSTS:REBALANCES], proportional, True
    )
    store(state, CASH, cash)


@inlined
def _end_block(block: int, at: int, state: FloatArray, out: LaneSums, t: int, tape: LaneTape) -> int:
    """Write down a block of returns and begin the next; blocks without a return end with it too."""
    while True:
        for lane in range(WIDTH):
            out.returns[block, at + lane] = state[RETURNS + lane]
            out.squares[block, at + lane] = state[SQUARES + lane]
            out.shortfalls[block, at + lane] = state[SHORTFALLS + lane]
            out.excess[block, at + lane] = state[EXCESS + lane]
            out.excess_squares[block, at + lane] = state[EXCESS_SQUARES + lane]
        for row in (RETURNS, SQUARES, SHORTFALLS, EXCESS, EXCESS_SQUARES):
            state[row : row + WIDTH] = 0.0
        block += 1
        returns = tape.prices.shape[0] - 1
        if block >= BLOCKS or (block + 1) * returns // BLOCKS >= t:
            return block


@inlined
def _end_year(state: FloatArray) -> None:
    """Take in a calendar year's return."""
    value, best, worst = load(state, LAST), load(state, BEST), load(state, WORST)
    earned = value / load(state, YEAR) - every(1.0)
    store(state, BEST, where(earned > best, earned, best))
    store(state, WORST, where(earned < worst, earned, worst))
    store(state, YEAR, value)


@inlined
def _close(at: int, state: FloatArray, out: LaneSums) -> None:
    """Write down what is left of the run."""
    for lane in range(WIDTH):
        out.final[at + lane] = state[LAST + lane]
        out.shift[at + lane] = state[SHIFT + lane]
        out.excess_shift[at + lane] = state[EXCESS_SHIFT + lane]
        out.values[at + lane] = state[VALUES + lane]
        out.lowest[at + lane] = state[LOWEST + lane]
        out.falls[at + lane] = state[FALLS + lane]
        out.longest[at + lane] = state[LONGEST + lane]
        out.best_year[at + lane] = state[BEST + lane]
        out.worst_year[at + lane] = state[WORST + lane]
        out.top_money[at + lane] = state[TOP_MONEY + lane]
        out.top_value[at + lane] = state[TOP_VALUE + lane]
        out.over_cap[at + lane] = state[OVER_CAP + lane]
        out.traded[at + lane] = state[TRADED + lane]
        out.costs[at + lane] = state[COSTS + lane]
        out.trades[at + lane] = state[ORDERS + lane]
        out.rebalances[at + lane] = state[REBALANCES + lane]
        out.odd[at + lane] = state[ODD + lane]
