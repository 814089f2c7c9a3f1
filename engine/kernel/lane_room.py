"""The room that eight variants are run in: one flat array, so that compiled code counts no references while it works.

First the registers of the group, eight lanes each, then seven registers for each of its n assets.
"""

from __future__ import annotations

from typing import Final

from engine.kernel.compiling import inlined
from engine.kernel.vectors import WIDTH

CASH: Final = 0 * WIDTH
LAST: Final = 1 * WIDTH
HIGH: Final = 2 * WIDTH
SINCE: Final = 3 * WIDTH
LONGEST: Final = 4 * WIDTH
LOWEST: Final = 5 * WIDTH
FALLS: Final = 6 * WIDTH
VALUES: Final = 7 * WIDTH
SHIFT: Final = 8 * WIDTH
RETURNS: Final = 9 * WIDTH
SQUARES: Final = 10 * WIDTH
SHORTFALLS: Final = 11 * WIDTH
EXCESS_SHIFT: Final = 12 * WIDTH
EXCESS: Final = 13 * WIDTH
EXCESS_SQUARES: Final = 14 * WIDTH
TOP_MONEY: Final = 15 * WIDTH
TOP_VALUE: Final = 16 * WIDTH
OVER_CAP: Final = 17 * WIDTH
YEAR: Final = 18 * WIDTH
BEST: Final = 19 * WIDTH
WORST: Final = 20 * WIDTH
COSTS: Final = 21 * WIDTH
ORDERS: Final = 22 * WIDTH
TRADED: Final = 23 * WIDTH
REBALANCES: Final = 24 * WIDTH
MOVED: Final = 25 * WIDTH
ODD: Final = 26 * WIDTH
DUE: Final = 27 * WIDTH
BROKE_CAP: Final = 28 * WIDTH
BROKE_BAND: Final = 29 * WIDTH
CAPITAL: Final = 30 * WIDTH
CAP: Final = 31 * WIDTH
HAIRCUT: Final = 32 * WIDTH
ABSOLUTE: Final = 33 * WIDTH
RELATIVE: Final = 34 * WIDTH
RATE: Final = 35 * WIDTH
FIXED: Final = 36 * WIDTH
PER_SHARE: Final = 37 * WIDTH
MINIMUM: Final = 38 * WIDTH
MAXIMUM: Final = 39 * WIDTH
MAXIMUM_RATE: Final = 40 * WIDTH
SPREAD: Final = 41 * WIDTH
REGISTERS: Final = 42 * WIDTH
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
