"""The room that eight variants are run in: one flat array, a register a line of the cache.

First the registers of the group, eight lanes each, then seven registers for each of its n assets.
"""

from __future__ import annotations

from typing import Final

from engine.simulation.kernel.batch.simd import LANE_COUNT
from engine.simulation.kernel.jit import njit_inline

(
    # what it has [currency]
    CASH,
    LAST,  # value at the close before
    PER_LAST,  # 1 / LAST
    HIGH,  # highest value so far
    PER_HIGH,  # 1 / HIGH
    YEAR_START,  # value at the end of the calendar year before
    HIGH_DAY,  # day of the high [days since the epoch]
    # its course: returns and drawdowns [fraction]
    LONGEST,  # [days] below a high
    LOWEST,  # deepest drawdown, not positive
    SQUARED_FALLS,  # sum of squared drawdowns
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
    HAS_TRADED,  # 1 where the last orders traded anything
    # 1 where true
    NEEDS_FALLBACK,  # it met something that only the spine does
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
    ASSETS_BEGIN,  # here the registers of assets begin
) = range(0, 45 * LANE_COUNT, LANE_COUNT)
"""Where each register of the group begins, and the first of its assets'."""

UNITS, TARGET, DRIFT_BASE, HOLDINGS, TRADES, RECIPIENTS, ACTIVE = range(7)
ASSET_FIELDS: Final = 7
"""An asset's registers: shares held, weight in force, weight drift begins at, money held, money traded, share of what
is set free, 1 where an order goes to its weight."""


@njit_inline
def state_size(n: int) -> int:
    """Return how many numbers a group with ``n`` assets needs."""
    return ASSETS_BEGIN + ASSET_FIELDS * n * LANE_COUNT


@njit_inline
def offset(field: int, a: int, n: int) -> int:
    """Return where asset ``a``'s register of a kind begins."""
    return ASSETS_BEGIN + (field * n + a) * LANE_COUNT
