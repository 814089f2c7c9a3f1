"""The state that eight variants are run in: one flat array, a register a line of the cache.

First the registers of the group, eight lanes each, then eight registers for each of its n assets, and a list of n.
"""

from __future__ import annotations

from typing import Final

from engine.simulation.kernel.jit import njit_inline
from engine.simulation.kernel.records import LANE_COUNT

(
    CASH,  # [currency]
    PER_LAST,  # 1 / LAST
    HIGH,  # highest value so far [currency]
    PER_HIGH,  # 1 / HIGH
    YEAR_START,  # value at the end of the calendar year before [currency]
    HIGH_DAY,  # day of the high [days since the epoch]
    HAS_TRADED,  # 1 where the last orders traded anything
    DUE,  # 1 where a rebalance of the calendar is due at the next close
    BROKE_CAP,  # 1 where the last close did
    BROKE_BAND,
    WANTED,  # [weight] of the assets that trade, where the others leave too little for them; else 1
    WITHHELD,  # [currency] in the others then; else 0
    # its terms, in the order of the rows of ``BatchPlans.terms``
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
    MIN_ORDER,  # [currency]
    # what is left of its run, in the order of ``BatchSums``
    LAST,  # value at the close before, the final one at last [currency]
    SHIFT,  # the first return, from which returns are summed
    EXCESS_SHIFT,  # the same of returns above the risk-free one
    VALUES,  # sum of values [currency]
    LOWEST,  # deepest drawdown, not positive [fraction]
    SQUARED_FALLS,  # sum of squared drawdowns
    LONGEST,  # [days] below a high
    BEST,  # highest return of a calendar year
    WORST,  # lowest
    TOP_MONEY,  # [currency] in the capped asset when its weight was the highest, and
    TOP_VALUE,  # [currency] the value then
    OVER_CAP,  # [closes]
    TRADED,  # [currency], either sign positive
    COSTS,  # [currency]
    ORDERS,  # [count]
    REBALANCES,  # [count]
    NEEDS_FALLBACK,  # 1 where it met something that only ``simulate`` does
    # sums that are kept for each block of returns
    RETURNS,
    SQUARES,
    SHORTFALLS,  # of squared returns below the risk-free one
    EXCESS,
    EXCESS_SQUARES,
    ASSETS_BEGIN,  # here the registers of assets begin
) = range(0, 48 * LANE_COUNT, LANE_COUNT)
"""Where each register of the group begins, and the first of its assets'."""

TERM_REGISTERS: Final = tuple(range(CAPITAL, LAST, LANE_COUNT))
OUTPUT_REGISTERS: Final = tuple(range(LAST, RETURNS, LANE_COUNT))
BLOCK_REGISTERS: Final = tuple(range(RETURNS, ASSETS_BEGIN, LANE_COUNT))

UNITS, TARGET, DRIFT_BASE, HOLDINGS, TRADES, RECIPIENTS, ACTIVE, PRICE = range(8)
ASSET_FIELDS: Final = 8
"""An asset's registers: shares held, weight in force, weight drift begins at, money held, money traded, share of what
is set free, 1 where an order goes to its weight, price at which orders are filled."""


def state_size(n: int) -> int:
    """Return how many numbers a group with ``n`` assets needs; not for kernels, so that asking compiles nothing."""
    return ASSETS_BEGIN + ASSET_FIELDS * n * LANE_COUNT + n + -n % LANE_COUNT


@njit_inline
def traded_begin(n: int) -> int:
    """Return where the numbers of the assets begin that orders are placed in."""
    return ASSETS_BEGIN + ASSET_FIELDS * n * LANE_COUNT
