"""What a batch takes and gives: named tuples over variants of one batch key, rows counted from their opening.

T sessions, n assets, S variants (a multiple of eight), P patterns of who can be held, C calendars, G delistings.
"""

from __future__ import annotations

from typing import NamedTuple

from engine.core.arrays import BoolArray, FloatArray, IntArray


class BatchMarket(NamedTuple):
    """What the market does to all variants of a batch.

    ``packed`` (T * stride,) closes, 0 before the first, and all else that marking needs, a row a session, as
    :mod:`.mark_to_market` says; ``days`` from the first session to the last; ``fresh``, ``eligible``
    (T, n); ``missing`` (T, n) where an asset in its life has no close; ``pattern`` (T,) which row of
    ``BatchPlans.targets`` holds at a fill; ``stops`` (T + 1,) the next row with something for all; ``period_ends``
    (T + 1,) 1 where a block of returns has ended with the session before, 2 where a year has, 3 where both;
    ``block_ends`` (B,) how many returns there are up to the end of each block; ``delisting_rows``, ``delisted`` (G,)
    the row of each payout and its asset; ``capped`` (K,) columns under a cap; ``watched``: caps bind between
    rebalances; ``excess``: there is a risk-free rate; ``bands``: there are bands; ``periods_per_year`` annualises.
    """

    packed: FloatArray
    days: float
    fresh: BoolArray
    eligible: BoolArray
    missing: BoolArray
    pattern: IntArray
    stops: IntArray
    period_ends: IntArray
    block_ends: IntArray
    delisting_rows: IntArray
    delisted: IntArray
    capped: IntArray
    watched: bool
    excess: bool
    bands: bool
    periods_per_year: float


class BatchPlans(NamedTuple):
    """What the variants of a batch want.

    ``targets`` (P, n, S) weights by pattern; ``core`` (n, S) who takes what a trim brings; ``recipients`` (G, n, S)
    shares of a payout, summing to 1 or 0, and ``tradable_recipients`` (G, n, S) the same among those with a close;
    ``terms`` (len(TERM_REGISTERS), S), costs being the same for all assets of a variant; ``calendar`` (S,) which row of
    ``next_due`` (C, T + 1), the first rebalance at or after a row, is a variant's own; ``proportional``: all costs of
    all of them are small rates; ``judges_orders``: some may not be worth placing (S3).
    """

    targets: FloatArray
    core: FloatArray
    recipients: FloatArray
    tradable_recipients: FloatArray
    terms: FloatArray
    calendar: IntArray
    next_due: IntArray
    proportional: bool
    judges_orders: bool


class BatchSums(NamedTuple):
    """What is left of the runs of S variants, (S,) each; the last five, of B blocks of returns, are (B, S).

    Returns are summed less ``shift``, the first return, and excess returns less ``excess_shift``. Variants that
    ``needs_fallback`` marks met something that only ``simulate`` does; their numbers mean nothing.
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
