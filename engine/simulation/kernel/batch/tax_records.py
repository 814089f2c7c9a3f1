"""What lanes need to be taxed: the law and its calendar, each lane's lots and year, and what is left of them."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from engine.core.arrays import BoolArray, FloatArray, IntArray
from engine.simulation.kernel.records import LANE_COUNT

BEGINS: Final = 1
DUE: Final = 2
PAYS: Final = 4
ENDS: Final = 8
"""Bits of ``LaneTaxes.calendar``: a year begins, an assessment may be due, dividends are paid, a year ends."""

UNITS_TO, COST_TO, UNIT_COST, MISSED, MISSED_TO = range(5)
"""What is known of a lot: all units and money up to and including it, its cost a unit; what advances it was not there
for, a unit and as a running sum."""
COUNT, FIRST, CLOSED, DIVIDENDS = range(4)
"""Of an asset's lots: how many there are, the oldest of which any is left, how many are of closed years; and how many
dividends it has paid."""
RECENT_DIVIDENDS: Final = 8
"""The last dividends of an asset that are remembered."""
GERMANY: Final = 0
UNITED_STATES: Final = 1
"""Countries whose law lanes know."""
(
    STOCKS,
    OTHER,
    CREDIT,
    STOCK_POT,
    OTHER_POT,
    TAX,
    STOCKS_LEFT,
    OTHER_LEFT,
    INTEREST,
    PAID_TODAY,
    PAID,
    WITHHELD,
    OUTSIDE,
    UNPAID,
    LATENT,
) = range(15)
"""Of a lane's year: its sums, the pots it began with, its tax so far, the pots it would leave, interest not booked yet,
what was paid at this session; of its whole run what was paid, withheld abroad, paid from elsewhere, what is owed at the
end, and what a sale of everything would add [currency]."""
SHORT, LONG, QUALIFIED, PLAIN, EARNED, CARRIED_SHORT, CARRIED_LONG, ASSESSED = range(8)
"""Of a lane's year in the United States, in place of the first eight: its sums, the losses that are carried into it,
what of the year before is assessed and not paid yet [currency]."""
YEAR_REGISTERS: Final = 15
KEPT, BEFORE, GAP_BEFORE, LOW, HIGH, STEP, LAST_TRY, SEARCHES = range(8)
"""Of a lane's search for its tax: see :mod:`.tax_search`."""
SEARCH_REGISTERS: Final = 8

REBALANCED: Final = 0
REINVESTED: Final = 1
SOLD_FOR_TAX: Final = 16
"""Why something was traded, in a ``TaxedRunLog``; to a sale for a tax the bit of ``calendar`` that asked is added."""


class GermanLaw(NamedTuple):
    """The German law over n assets and Y years from that of the opening on.

    ``fund``, ``exempt``, ``withheld``, ``creditable`` (n,) as the law's terms have them, what is creditable at most the
    rate; ``per_unit`` (Y, n) the advance lump sum of each year [currency/unit], ``before`` (Y, n) the sum of those
    before it; ``allowances`` (Y,) [currency]; ``rate``, ``church``, ``one_pot``, ``cents`` of ``YearTerms``;
    ``pots`` (2,) losses carried in, of stocks and other.
    """

    fund: BoolArray
    exempt: FloatArray
    withheld: FloatArray
    creditable: FloatArray
    per_unit: FloatArray
    before: FloatArray
    allowances: FloatArray
    rate: float
    church: float
    one_pot: bool
    cents: bool
    pots: FloatArray


class UnitedStatesLaw(NamedTuple):
    """The law of the United States at flat rates, first in first out, without wash sales, over n assets and T sessions.

    ``qualified`` (n,) share of dividends; ``days`` (T,) and ``long_from`` (T,), from which day on a lot of each session
    is long-term [days]; rates and the most of a loss that lowers other income as the law has them.
    """

    qualified: FloatArray
    days: IntArray
    long_from: IntArray
    ordinary: float
    long_term: float
    net_investment: float
    state: float
    loss_limit: float


class LaneTaxes(NamedTuple):
    """What taxes all variants of a batch, over T sessions from their opening on.

    ``calendar`` (T,) what taxes ask of a session, ``next_row`` (T + 1,) the next one at or after it with anything;
    ``years`` (T,) counted from that of the opening, ``months`` (T,) 1 to 12; ``dividends`` (T, n) gross
    [currency/unit]; ``growth`` (T,) of cash into each session, without a row where there is no interest. Dividends are
    reinvested in what paid them where it ``reinvests``; taxes that cash lacks are paid from ``outside``, or sold for.
    The law of the ``country`` holds, the other is empty.
    """

    calendar: IntArray
    next_row: IntArray
    years: IntArray
    months: IntArray
    dividends: FloatArray
    growth: FloatArray
    reinvests: bool
    outside: bool
    country: int
    germany: GermanLaw
    united_states: UnitedStatesLaw


class TaxMemory(NamedTuple):
    """The lots and years of eight lanes, a thread's own.

    ``lots`` (8, n, 5, B) at most B of each asset, their ``rows`` (8, n, B); ``places`` (8, n, 4); ``sold`` (8, n);
    ``paid_rows`` and ``paid_units`` (8, n, RECENT_DIVIDENDS), when dividends were paid and what counts as qualified
    [currency/unit];
    ``year`` (YEAR_REGISTERS, 8), ``search`` (SEARCH_REGISTERS, 8); ``trades`` and ``fees`` (n, 8) of the vector that is
    being filled; ``held`` (8, n) units in all lots; ``paid_on`` (8, n)
    units that dividends of a session, ``money`` (8, n), are paid on, ``taxable`` (n,) of one lane's.
    """

    lots: FloatArray
    rows: IntArray
    places: IntArray
    sold: FloatArray
    paid_rows: IntArray
    paid_units: FloatArray
    year: FloatArray
    search: FloatArray
    trades: FloatArray
    fees: FloatArray
    held: FloatArray
    paid_on: FloatArray
    money: FloatArray
    taxable: FloatArray

    @classmethod
    def allocate(cls, n: int, most_lots: int) -> TaxMemory:
        """Return memory for ``n`` assets with so many lots each."""
        per_lane = (LANE_COUNT, n)
        return cls(
            np.zeros((*per_lane, 5, most_lots)),
            np.zeros((*per_lane, most_lots), dtype=np.int64),
            np.zeros((*per_lane, 4), dtype=np.int64),
            np.zeros(per_lane),
            np.zeros((*per_lane, RECENT_DIVIDENDS), dtype=np.int64),
            np.zeros((*per_lane, RECENT_DIVIDENDS)),
            np.zeros((YEAR_REGISTERS, LANE_COUNT)),
            np.zeros((SEARCH_REGISTERS, LANE_COUNT)),
            np.zeros((n, LANE_COUNT)),
            np.zeros((n, LANE_COUNT)),
            np.zeros(per_lane),
            np.zeros(per_lane),
            np.zeros(per_lane),
            np.zeros(n),
        )


class TaxedRunLog(NamedTuple):
    """What the first lane did, where somebody asks; nothing has any room where nobody does.

    ``filled`` (1,) of E events, their ``rows`` and ``kinds`` (E,), ``trades`` and ``fees`` (E, n); over T sessions
    ``value``, ``cash``, ``paid``, ``withheld`` and ``outside`` (T,). ``closes`` (n, T) are read.
    """

    filled: IntArray
    rows: IntArray
    kinds: IntArray
    trades: FloatArray
    fees: FloatArray
    value: FloatArray
    cash: FloatArray
    paid: FloatArray
    withheld: FloatArray
    outside: FloatArray
    closes: FloatArray

    @classmethod
    def allocate(cls, events: int, closes: FloatArray) -> TaxedRunLog:
        """Return room for so many events over ``closes`` (n, T); for none, no room at all."""
        n, sessions = closes.shape
        filled, rows, kinds = np.zeros(1, np.int64), np.zeros(events, np.int64), np.zeros(events, np.int64)
        (trades, fees), series = np.zeros((2, events, n)), np.zeros((5, sessions if events else 0))
        value, cash, paid, withheld, outside = series
        return cls(filled, rows, kinds, trades, fees, value, cash, paid, withheld, outside, closes)
