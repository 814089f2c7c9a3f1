"""What the lanes take and give: named tuples over one family of variants, rows counted from their opening.

T sessions, n assets, S variants (a multiple of eight), P patterns of who can be held, C calendars, G delistings.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from engine.core.arrays import BoolArray, FloatArray, IntArray
from engine.simulation.kernel.batch import state_layout as room


class BatchMarket(NamedTuple):
    """What the market does to all of a family.

    ``prices`` (T, n) [currency/share], 0 before the first; ``packed`` (T * stride,) all that marking needs, a row
    a session, as :mod:`.marking` says; ``days`` from the first session to the last;
    ``fresh``, ``eligible`` (T, n); ``missing`` (T, n) where an asset in its life has no close;
    ``pattern`` (T,) which row of ``LanePlans.targets`` holds at a fill; ``stops`` (T + 1,) the next row with something
    for all;
    ``period_ends`` (T + 1,) 1 where a block of returns has ended with the session before, 2 where a year has, 3 where both;
    ``delisting_rows``, ``delisted`` (G,) delistings: the row of the payout and the asset; ``capped`` (K,) columns under a cap;
    ``watched``: caps bind between rebalances; ``excess``: there is a risk-free rate; ``bands``: there are bands.
    """

    prices: FloatArray
    packed: FloatArray
    days: float
    fresh: BoolArray
    eligible: BoolArray
    missing: BoolArray
    pattern: IntArray
    stops: IntArray
    period_ends: IntArray
    delisting_rows: IntArray
    delisted: IntArray
    capped: IntArray
    watched: bool
    excess: bool
    bands: bool


class BatchPlans(NamedTuple):
    """What a family's variants want.

    ``targets`` (P, n, S) weights by pattern; ``core`` (n, S) who takes what a trim brings; ``recipients`` (G, n, S) shares
    of a payout, summing to 1 or 0, and ``tradable_recipients`` (G, n, S) the same among those with a close; ``terms``
    (len(ACCOUNTS), S); ``calendar`` (S,) which row of ``next_due`` (C, T + 1), the first rebalance at or after a row,
    is a variant's own; ``proportional``: all costs of all of them are small rates.
    """

    targets: FloatArray
    core: FloatArray
    recipients: FloatArray
    tradable_recipients: FloatArray
    terms: FloatArray
    calendar: IntArray
    next_due: IntArray
    proportional: bool


TERM_REGISTERS: Final = (
    room.CAPITAL,
    room.CAP,
    room.HAIRCUT,
    room.ABSOLUTE,
    room.RELATIVE,
    room.RATE,
    room.FIXED,
    room.PER_SHARE,
    room.MINIMUM,
    room.MAXIMUM,
    room.MAXIMUM_RATE,
    room.SPREAD,
)
"""Registers in the order of the rows of ``LanePlans.terms``; costs are the same for all assets of a variant."""

OUTPUT_REGISTERS: Final = (
    room.LAST,
    room.SHIFT,
    room.EXCESS_SHIFT,
    room.VALUES,
    room.LOWEST,
    room.SQUARED_FALLS,
    room.LONGEST,
    room.BEST,
    room.WORST,
    room.TOP_MONEY,
    room.TOP_VALUE,
    room.OVER_CAP,
    room.TRADED,
    room.COSTS,
    room.ORDERS,
    room.REBALANCES,
    room.NEEDS_FALLBACK,
)
"""Registers in the order of the rows that ``run_lanes`` keeps; ``BatchSums`` names them."""

BLOCK_REGISTERS: Final = (room.RETURNS, room.SQUARES, room.SHORTFALLS, room.EXCESS, room.EXCESS_SQUARES)
"""Registers whose sums are kept for each block of returns."""


class BatchSums(NamedTuple):
    """What is left of the runs of S variants, (S,) each: the rows of ``kept``, then of ``blocks``, (BLOCKS, S).

    Returns are summed less ``shift``, the first return, and excess returns less ``excess_shift``. ``needs_fallback`` variants met
    something that only the spine does; their numbers mean nothing.
    """

    final_value: FloatArray
    shift: FloatArray
    excess_shift: FloatArray
    values: FloatArray
    max_drawdown: FloatArray
    squared_drawdowns: FloatArray
    longest_drawdown: FloatArray
    best_year: FloatArray
    worst_year: FloatArray
    top_money: FloatArray
    top_value: FloatArray
    over_cap: FloatArray
    traded: FloatArray
    costs: FloatArray
    trades: FloatArray
    rebalances: FloatArray
    needs_fallback: FloatArray
    returns: FloatArray
    squares: FloatArray
    shortfalls: FloatArray
    excess: FloatArray
    excess_squares: FloatArray
