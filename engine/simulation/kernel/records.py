"""The records that the kernel's functions take: named tuples, which numba unpacks at compile time.

Importing them compiles nothing.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from engine.core.arrays import BoolArray, ByteArray, FloatArray, IntArray
from engine.portfolio.cost_table import CostTable

RETURN_BLOCKS: Final = 16
"""Blocks of sessions, as equal as they can be, whose sums are kept apart: see :mod:`engine.analysis.summation`."""

LANE_COUNT: Final = 8
"""Lanes of one register: variants whose state is kept side by side."""

EATEN_BY_COSTS: Final = 1
BELOW_MIN_ORDER: Final = 2
NO_WHOLE_SHARE: Final = 3
NOTHING_TO_SELL: Final = 4
NOT_AT_LIMIT: Final = 5
NEVER_SOLD: Final = 6
"""Why an order was left out (S3): costs as large as what it moves; smaller than ``min_order``; a first purchase of less
than one share; nothing that could be sold to pay for it; a close beyond its limit, or none; a sale of what is never
sold. 0: it was not."""

BUY_OFF_LIMIT: Final = 1
SALE_OFF_LIMIT: Final = 2
NO_SALE: Final = 4
"""Bits of ``Quotes.unfilled``: the close is above the limit of a purchase, below that of a sale; it is never sold."""


class Order(NamedTuple):
    """One netted vector: some assets go to their weight, others share what is left, the rest stay.

    ``weights`` (N,) are targets of the ``active`` (N,) assets, as shares of ``V1 - withheld_cash``; ``recipients`` (N,)
    shares of the money set free, zero for all when cash takes it; ``released_cash`` [currency] is what cash gives them.
    With ``recipients_sell`` they also sell, to pay for what the active buy; otherwise they only ever gain.
    ``tax`` [currency] is due on what the vector sells, and is taken from what it sets free; cash has paid it already.
    """

    weights: FloatArray
    active: BoolArray
    recipients: FloatArray
    released_cash: float = 0.0
    withheld_cash: float = 0.0
    recipients_sell: bool = False
    tax: float = 0.0


class OrderTerms(NamedTuple):
    """How orders are filled: ``costs``, ``caps`` (N,) [weight, infinity is none], whole shares or not.

    Orders below ``min_order`` [currency] are left out (S3).
    """

    costs: CostTable
    caps: FloatArray
    whole_shares: bool
    spend_remainder: bool
    min_order: float = 0.0


class OrderFills(NamedTuple):
    """What became of one vector of orders; each (N,) is overwritten.

    ``dq`` signed [shares], ``fees`` [currency], ``left_out`` why an order was not placed, 0 where it was.
    """

    dq: FloatArray
    fees: FloatArray
    left_out: IntArray

    @classmethod
    def allocate(cls, count: int) -> OrderFills:
        """Return room for orders in ``count`` assets."""
        return cls(np.zeros(count), np.zeros(count), np.zeros(count, np.int64))


class Quotes(NamedTuple):
    """What orders of one session are filled at and charged by.

    ``prices`` (N,) [currency/unit]; ``shares`` (N,) of the day that one unit is, by which brokers count and charge;
    ``tariff_rate`` [account's currency for one unit of the tariff's]; ``unfilled`` (N,) bits of the orders that the
    session does not fill: BUY_OFF_LIMIT, SALE_OFF_LIMIT, NO_SALE.
    """

    prices: FloatArray
    shares: FloatArray
    tariff_rate: float
    unfilled: ByteArray


class MarketArrays(NamedTuple):
    """What the market does.

    ``prices`` (T, N) carried forward, ``growth`` (T,) of cash into each session, ``fresh`` (T, N) which closes were
    printed, ``eligible`` (T, N) which assets may be bought: in their life at this session and the one before.
    ``shares`` (T, N), ``tariff_rates`` (T,) and ``unfilled`` (T, N) are those of ``Quotes``, one row where every
    session's are the same.
    ``dividends`` (T, N) are paid for each unit held at the close before [currency/unit]; without a row where none is.
    """

    prices: FloatArray
    growth: FloatArray
    fresh: BoolArray
    eligible: BoolArray
    shares: FloatArray
    tariff_rates: FloatArray
    dividends: FloatArray
    unfilled: ByteArray


class Thresholds(NamedTuple):
    """What is watched between decisions: bands around ``drift_base`` (N,) at the rows of ``check_rows`` (T,), and caps.

    ``absolute`` and ``relative`` [fraction], infinity is no band; ``caps`` (N,), infinity is not watched; ``target``
    (N,) the weights in force, which a trim sells down to. ``full_rebalance``: a broken band is answered by a full
    rebalance; ``calendar`` (T,) where one is due that ``advance`` may make on its own.
    """

    drift_base: FloatArray
    check_rows: BoolArray
    absolute: float
    relative: float
    caps: FloatArray
    target: FloatArray
    full_rebalance: bool
    calendar: BoolArray


class ReviewWatch(NamedTuple):
    """The state of loss reviews, each asset by itself.

    ``reviewed`` (N,) which assets are reviewed, ``reference_price`` (N,) what a loss is measured from [currency/share],
    ``watching`` (N,) which wait for a breach, ``breached`` (N,) which had one since it was last cleared;
    ``threshold_ratio`` is the share of the reference at which a breach lies. The reference is the highest close
    (``from_peak``), what was paid on average, or the price at the last rebalance.
    """

    enabled: bool
    reviewed: BoolArray
    reference_price: FloatArray
    watching: BoolArray
    breached: BoolArray
    threshold_ratio: float
    from_peak: bool
    from_average_cost: bool
    from_last_rebalance: bool


class StandingOrders(NamedTuple):
    """What trades without a decision need: ``terms``, the ``core`` (N,) that takes what is cut, who is ``barred`` (N,).

    ``fixed_targets`` (N,) are those of every rebalance at which all of them can be held, where ``static`` is true.
    """

    terms: OrderTerms
    core: FloatArray
    barred: BoolArray
    fixed_targets: FloatArray
    static: bool


class TradeBuffer(NamedTuple):
    """What ``advance`` traded on its own: how many in ``filled`` (1,), then at most K of them.

    ``rows`` and ``kinds`` (K,): CAP_TRIGGER is a trim, BAND_TRIGGER a rebalance for a band, NO_TRIGGER one of the
    calendar; ``dq``, ``fees`` and ``left_out`` (K, N) as ``trade`` gives them, ``weights_before`` (K, N) those at the
    close before, ``drift_base`` (K, N) where drift begins after it.
    """

    filled: IntArray
    rows: IntArray
    kinds: IntArray
    dq: FloatArray
    fees: FloatArray
    left_out: IntArray
    weights_before: FloatArray
    drift_base: FloatArray

    @classmethod
    def allocate(cls, size: int, count: int) -> TradeBuffer:
        """Return an empty buffer for ``size`` trades of ``count`` assets."""
        rows, kinds, left_out = np.zeros(size, np.int64), np.zeros(size, np.int64), np.zeros((size, count), np.int64)
        dq, fees, before, drift_base = (np.zeros((size, count)) for _ in range(4))
        return cls(np.zeros(1, np.int64), rows, kinds, dq, fees, left_out, before, drift_base)


class StateHistory(NamedTuple):
    """Where ``advance`` writes: ``value`` (T,), ``cash`` (T,), ``units`` (T, N) at each close."""

    value: FloatArray
    cash: FloatArray
    units: FloatArray


class RunContext(NamedTuple):
    """What stays the same all through a run, and the arrays it writes to."""

    market: MarketArrays
    orders: StandingOrders
    reviews: ReviewWatch
    history: StateHistory
    buffer: TradeBuffer


class RunOutputs(NamedTuple):
    """What ``run_fixed_targets`` writes: T sessions from the opening on, K rebalances with the opening.

    ``value`` and ``cash`` (T,) at each close; ``dq``, ``fees`` and ``left_out`` (K, N) as ``trade`` gives them,
    ``traded`` (K,) whether there was anything to trade.
    """

    value: FloatArray
    cash: FloatArray
    dq: FloatArray
    fees: FloatArray
    left_out: IntArray
    traded: BoolArray

    @classmethod
    def allocate(cls, sessions: int, rebalances: int, count: int) -> RunOutputs:
        """Return room for a run of ``count`` assets."""
        (dq, fees), left_out = np.empty((2, rebalances, count)), np.empty((rebalances, count), np.int64)
        return cls(np.empty(sessions), np.empty(sessions), dq, fees, left_out, np.empty(rebalances, np.bool_))


class LevelSums(NamedTuple):
    """Drawdowns of a level: the ``deepest``, a negative number; their ``mean_square``; the ``longest`` [days].

    ``total`` is the sum of all but the capital it starts with.
    """

    deepest: float
    mean_square: float
    longest: int
    total: float


class ReturnSums(NamedTuple):
    """What figures of n returns are made of, gathered in one pass.

    ``shift`` is the first return, ``sums`` (RETURN_BLOCKS,) are of the deviations from it, ``squares`` of their
    squares, ``total`` and ``total_squares`` those of all blocks; ``shortfalls`` is of the squares of what is below 0.
    ``growth`` is the product of 1 + return, ``gains`` and ``losses`` are the sums of what is above and below 0, both
    positive; ``second``, ``third`` and ``fourth`` the means of powers of the distance from the mean.
    """

    size: int
    shift: float
    sums: FloatArray
    squares: FloatArray
    total: float
    total_squares: float
    shortfalls: float
    growth: float
    lowest: float
    highest: float
    gains: float
    losses: float
    second: float
    third: float
    fourth: float


class PeriodSums(NamedTuple):
    """Calendar periods: the ``best`` and the ``worst`` return, and the share of those ``won``, above rounding."""

    best: float
    worst: float
    won: float


class EventArrays(NamedTuple):
    """The events of a ledger, as they stand there: R events, N assets.

    ``opening`` (R,) are the opening purchase, ``payouts`` (R,) no orders.
    """

    opening: BoolArray
    payouts: BoolArray
    trades: FloatArray
    prices: FloatArray
    costs: FloatArray
    rebalances: BoolArray
    partial_rebalances: BoolArray


class RunSums(NamedTuple):
    """What the figures of a run are made of.

    ``returns`` (T-1,) and ``level`` (T+1,) with their sums, calendar ``months`` and ``years``; ``values`` is the sum of
    the value at every close, ``paid_in`` of the flows, where it ``has_flows``; ``traded`` [currency] and
    ``trades`` leave payouts out, ``traded`` the opening purchase too; ``costs`` [currency] and ``rebalances``.
    """

    returns: FloatArray
    level: FloatArray
    return_sums: ReturnSums
    drawdowns: LevelSums
    months: PeriodSums
    years: PeriodSums
    values: float
    paid_in: float
    has_flows: bool
    traded: float
    costs: float
    trades: int
    rebalances: int
