"""What the figures of a run are made of: ``sum_run`` makes its returns and level, and all sums over them.

Sums run from left to right, those that a sweep makes too in the blocks of :mod:`engine.analysis.summation`; gains,
losses and flows are added pairwise, as numpy adds them.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from engine.core.arrays import FloatArray, IntArray
from engine.simulation.kernel.jit import njit_cached, njit_inline, njit_private
from engine.simulation.kernel.records import RETURN_BLOCKS, EventArrays, LevelSums, PeriodSums, ReturnSums, RunSums
from engine.simulation.kernel.tolerances import FIGURE_TOLERANCE

_NEGLIGIBLE_SHARE: Final = 2.0**-53
"""The share of a value below which nothing of it is left: 1 less it is 1."""

_PAIRWISE_BLOCK: Final = 128
"""Values that pairwise summation adds in eight strands, and does not halve."""


@njit_inline
def _relative_change(after: float, before: float) -> float:
    """Return ``after`` over ``before``, less 1.

    The difference first: it is exact where the two are close, so a small change keeps its digits, which ``a / b - 1``
    loses, and no change is 0. Times the reciprocal, as one of ``before`` serves returns and drawdowns in a sweep. It
    may miss -1 by a bit, which a level chained from returns does not forgive: where only rounding is left, it is -1.
    """
    if abs(after) <= _NEGLIGIBLE_SHARE * before:
        return -1.0
    return (after - before) * (1.0 / before)


@njit_cached
def fill_returns(value: FloatArray, flows: FloatArray, before_flows: FloatArray, returns: FloatArray) -> None:
    """Overwrite ``returns`` (T-1,) with those of ``value`` (T,), linked at ``flows`` (T,) by the values before them."""
    for t in range(returns.size):
        if flows[t + 1] == 0.0:
            returns[t] = _change_if_any(value[t + 1], value[t])
        else:
            until = _change_if_any(before_flows[t + 1], value[t])
            paid_in, paid_out = max(flows[t + 1], 0.0), max(-flows[t + 1], 0.0)
            after = _change_if_any(value[t + 1] + paid_out, before_flows[t + 1] + paid_in)
            returns[t] = max(until + (1.0 + until) * after, -1.0)


@njit_inline
def _change_if_any(after: float, before: float) -> float:
    """Return the relative change, none of what was nothing."""
    return 0.0 if before == 0.0 else _relative_change(after, before)


@njit_cached
def fill_level(capital: float, first_value: float, returns: FloatArray, level: FloatArray) -> None:
    """Overwrite ``level`` (T+1,): the capital, the value after the opening, and ``returns`` (T-1,) chained onto it."""
    grown = 1.0
    level[0], level[1] = capital, first_value
    for t in range(returns.size):
        grown *= 1.0 + returns[t]
        level[t + 2] = first_value * grown


@njit_cached
def sum_level(level: FloatArray, days: IntArray) -> LevelSums:
    """Return the drawdowns of ``level`` (T+1,) in sums; ``days`` (T,) are the dates of all but its first value.

    A close below the high is below it until the next close, or the end: one that is never followed by a lower one is no
    drawdown.
    """
    high, since, longest = level[0], days[0], 0
    deepest, squares, total = 0.0, 0.0, 0.0
    for t in range(level.size):
        high = max(high, level[t])
        below = _relative_change(level[t], high)
        if below < -FIGURE_TOLERANCE:
            longest = max(longest, days[min(t, days.size - 1)] - since)
        else:
            since = days[max(t - 1, 0)]
        deepest = min(deepest, below)
        squares += below * below
        total += level[t] if t > 0 else 0.0
    return LevelSums(deepest, squares / level.size, longest, total)


@njit_private
def pairwise_sum(x: FloatArray) -> float:
    """Return the sum of ``x`` as numpy adds it: halves of halves, the least of them in eight strands."""
    n = x.size
    total: float = 0.0
    if n < 8:
        for t in range(n):
            total += x[t]
        return total
    if n <= _PAIRWISE_BLOCK:
        whole = n - n % 8
        a, b, c, d, e, f, g, h = x[0], x[1], x[2], x[3], x[4], x[5], x[6], x[7]
        for t in range(8, whole, 8):
            a += x[t]
            b += x[t + 1]
            c += x[t + 2]
            d += x[t + 3]
            e += x[t + 4]
            f += x[t + 5]
            g += x[t + 6]
            h += x[t + 7]
        total = ((a + b) + (c + d)) + ((e + f) + (g + h))
        for t in range(whole, n):
            total += x[t]
        return total
    half = n // 2 - n // 2 % 8
    return pairwise_sum(x[:half]) + pairwise_sum(x[half:])


@njit_cached
def sum_returns(x: FloatArray) -> ReturnSums:
    """Return what figures of the returns ``x`` (n,), all of them finite, are made of."""
    n, shift = x.size, x[0] if x.size else 0.0
    sums, squares = np.zeros(RETURN_BLOCKS), np.zeros(RETURN_BLOCKS)
    above, below = np.empty(n), np.empty(n)
    shortfalls, growth, lowest, highest = 0.0, 1.0, np.inf, -np.inf
    for block in range(RETURN_BLOCKS):
        total, square, shortfall = 0.0, 0.0, 0.0
        for r in x[block * n // RETURN_BLOCKS : (block + 1) * n // RETURN_BLOCKS]:
            deviation, loss = r - shift, min(r, 0.0)
            total += deviation
            square += deviation * deviation
            shortfall += loss * loss
            growth *= 1.0 + r
        sums[block], squares[block] = total, square
        shortfalls += shortfall
    for t in range(n):
        above[t], below[t] = max(x[t], 0.0), max(-x[t], 0.0)
        lowest, highest = min(lowest, x[t]), max(highest, x[t])
    gains, losses = pairwise_sum(above), pairwise_sum(below)
    total, square = _sum_blocks(sums), _sum_blocks(squares)
    moments = _central_moments(x, shift + total / max(n, 1))
    return ReturnSums(
        n, shift, sums, squares, total, square, shortfalls, growth, lowest, highest, gains, losses, *moments
    )


@njit_inline
def _central_moments(x: FloatArray, mean: float) -> tuple[float, float, float]:
    """Return the means of the second, third and fourth powers of the distances from ``mean``."""
    n, second, third, fourth = x.size, 0.0, 0.0, 0.0
    for block in range(RETURN_BLOCKS):
        squares, cubes, fourths = 0.0, 0.0, 0.0
        for r in x[block * n // RETURN_BLOCKS : (block + 1) * n // RETURN_BLOCKS]:
            square = (r - mean) * (r - mean)
            squares += square
            cubes += square * (r - mean)
            fourths += square * square
        second += squares
        third += cubes
        fourth += fourths
    return second / max(n, 1), third / max(n, 1), fourth / max(n, 1)


@njit_cached
def sum_products(x: FloatArray, y: FloatArray) -> tuple[float, float, float]:
    """Return the sums of squares of ``x`` (n,) and of ``y`` (n,), and of their products, all about their means."""
    mean, other_mean = 0.0, 0.0
    for t in range(x.size):
        mean += x[t]
        other_mean += y[t]
    mean, other_mean = mean / max(x.size, 1), other_mean / max(x.size, 1)
    squares, other_squares, products = 0.0, 0.0, 0.0
    for t in range(x.size):
        squares += (x[t] - mean) * (x[t] - mean)
        other_squares += (y[t] - other_mean) * (y[t] - other_mean)
        products += (x[t] - mean) * (y[t] - other_mean)
    return squares, other_squares, products


@njit_inline
def _sum_blocks(blocks: FloatArray) -> float:
    """Return the sum of blocks, added in order."""
    total = 0.0
    for block in range(blocks.size):
        total += blocks[block]
    return total


@njit_inline
def _month_of(day: int) -> tuple[int, int]:
    """Return the number of the month that ``day`` lies in, and its first day; both are 0 for 1970-01.

    Years are counted from March, so that a leap day is the last of one (H. Hinnant, chrono-compatible low-level date
    algorithms).
    """
    shifted = day + 719468
    era = shifted // 146097
    of_era = shifted - 146097 * era
    year = (of_era - of_era // 1460 + of_era // 36524 - of_era // 146096) // 365
    of_year = of_era - (365 * year + year // 4 - year // 100)
    month = (5 * of_year + 2) // 153
    number = 12 * (400 * era + year - 1970) + month + 2
    return number, day - (of_year - (153 * month + 2) // 5)


@njit_cached
def month_ends(days: IntArray) -> tuple[IntArray, IntArray]:
    """Return the number of each month that has sessions, and the row of its last one, by the dates ``days`` (T,)."""
    numbers, rows, count = np.empty(days.size, dtype=np.int64), np.empty(days.size, dtype=np.int64), 0
    month, first = _month_of(days[0])
    following = _month_of(first + 31)[1]
    for t in range(1, days.size + 1):
        if t < days.size and days[t] < following:
            continue
        numbers[count], rows[count] = month, t - 1
        count += 1
        if t < days.size:
            adjacent = days[t] < following + 28  # no month is shorter
            month, first = (month + 1, following) if adjacent else _month_of(days[t])
            following = _month_of(first + 31)[1]
    return numbers[:count], rows[:count]


@njit_cached
def period_returns(level: FloatArray, numbers: IntArray, rows: IntArray, months: int) -> tuple[IntArray, FloatArray]:
    """Return number and return of each period of so many ``months``, the first from the capital, the last to the end.

    ``level`` (T+1,) has the capital before the levels of the T sessions; ``numbers`` and ``rows`` are its months' ends.
    """
    periods, returns, count = np.empty(rows.size, dtype=np.int64), np.empty(rows.size), 0
    begin = level[0]
    for k in range(rows.size):
        if k + 1 == rows.size or numbers[k + 1] // months != numbers[k] // months:
            end = level[rows[k] + 1]
            periods[count], returns[count] = numbers[k] // months, (end / begin if begin != 0.0 else 1.0) - 1.0
            begin = end
            count += 1
    return periods[:count], returns[:count]


@njit_inline
def _sum_periods(level: FloatArray, numbers: IntArray, rows: IntArray, months: int) -> PeriodSums:
    """Return the best, the worst and the share of winners among periods of so many ``months``."""
    _, returns = period_returns(level, numbers, rows, months)
    return PeriodSums(returns.max(), returns.min(), (returns > FIGURE_TOLERANCE).sum() / returns.size)


@njit_cached
def sum_run(
    capital: float,
    value: FloatArray,
    flows: FloatArray,
    before_flows: FloatArray,
    days: IntArray,
    events: EventArrays,
) -> RunSums:
    """Return the figures of a run in sums.

    ``value``, ``flows`` and ``before_flows`` (T,) as in a ledger; ``days`` (T,) are its dates.
    """
    returns, level, has_flows = np.empty(value.size - 1), np.empty(value.size + 1), (flows != 0.0).any()
    fill_returns(value, flows, before_flows, returns)
    if has_flows:
        fill_level(capital, value[0], returns, level)
    else:
        level[0], level[1:] = capital, value
    traded, costs, trades, rebalances = 0.0, 0.0, 0, 0
    for k in range(events.opening.size):
        rebalances += events.rebalances[k] or events.partial_rebalances[k]
        for a in range(events.trades.shape[1]):
            costs += events.costs[k, a]
            if events.trades[k, a] != 0.0 and not events.payouts[k]:
                trades += 1
                traded += 0.0 if events.opening[k] else abs(events.trades[k, a] * events.prices[k, a])
    sums, drawdowns = sum_returns(returns), sum_level(level, days)
    values = drawdowns.total
    if has_flows:
        values = 0.0
        for one in value:
            values += one
    numbers, rows = month_ends(days)
    periods = _sum_periods(level, numbers, rows, 1), _sum_periods(level, numbers, rows, 12)
    paid_in = pairwise_sum(flows)
    return RunSums(
        returns, level, sums, drawdowns, *periods, values, paid_in, has_flows, traded, costs, trades, rebalances
    )
