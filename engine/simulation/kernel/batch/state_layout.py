"""The room that eight variants are run in: one flat array, a register a line of the cache.

First the registers of the group, eight lanes each, then seven registers for each of its n assets.
"""

from __future__ import annotations

from typing import Final

from engine.simulation.kernel.batch.simd import WIDTH
from engine.simulation.kernel.jit import inlined

(
    # what it has [currency]
    CASH,
    LAST,  # value at the close before
    PER_LAST,  # 1 / LAST
    HIGH,  # highest value so far
    PER_HIGH,  # 1 / HIGH
    YEAR,  # value at the end of the calendar year before
    SINCE,  # day of the high [days since the epoch]
    # its course: returns and drawdowns [fraction]
    LONGEST,  # [days] below a high
    LOWEST,  # deepest drawdown, not positive
    FALLS,  # sum of squared drawdowns
    VALUES,  # sum of values [currency]
    SHIFT,  # the first return, from which returns are summed
    RETURNS,
    SQUARES,
    SHORTFALLS,  # sum of squared returns below the risk-free one
    EXCESS_SHIFT,  # the same of returns above the risk-free one
    EXCESS,
    EXCESS_SQUARES,
    BEST,  # highest return of a calendar year
    WORST,  # lowest
    TOP_MONEY,  # [currency] in the capped asset when its weight was the highest, and
    TOP_VALUE,  # [currency] the value then
    OVER_CAP,  # [closes]
    # what it traded
    COSTS,  # [currency]
    ORDERS,  # [count]
    TRADED,  # [currency], either sign positive
    REBALANCES,  # [count]
    MOVED,  # 1 where the last orders traded anything
    # 1 where true
    ODD,  # it met something that only the spine does
    DUE,  # what is to be done at the next close, from here on
    BROKE_CAP,
    BROKE_BAND,
    # its terms
    CAPITAL,  # [currency]
    CAP,  # [weight]
    HAIRCUT,  # [fraction of the last price]
    ABSOLUTE,  # band [weight]
    RELATIVE,  # band [fraction of the target]
    RATE,  # [fraction of the traded money]
    FIXED,  # [currency/order]
    PER_SHARE,  # [currency/share]
    MINIMUM,  # [currency/order]
    MAXIMUM,  # [currency/order]
    MAXIMUM_RATE,  # [fraction of the traded money]
    SPREAD,  # [fraction of the traded money]
    REGISTERS,  # here the registers of assets begin
) = range(0, 45 * WIDTH, WIDTH)
"""Where each register of the group begins, and the first of its assets'."""

UNITS, TARGET, REFERENCE, HOLDINGS, TRADES, HEIRS, ACTIVE = range(7)
FIELDS: Final = 7
"""An asset's registers: shares held, weight in force, weight drift begins at, money held, money traded, share of what
is set free, 1 where an order goes to its weight."""


@inlined
def size_of_room(n: int) -> int:
    """Return how many numbers a group with ``n`` assets needs."""
    return REGISTERS + FIELDS * n * WIDTH


@inlined
def spot(field: int, a: int, n: int) -> int:
    """Return where asset ``a``'s register of a kind begins."""
    return REGISTERS + (field * n + a) * WIDTH
