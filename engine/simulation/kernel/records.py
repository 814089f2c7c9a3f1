"""The records that the kernel's functions take: named tuples, which numba unpacks at compile time.

They live beside the kernel, not in it, so that a cost model or a test can make one without loading a compiler.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from engine.core.arrays import BoolArray, FloatArray, IntArray
from engine.portfolio.cost_table import CostTable

BLOCKS: Final = 16
"""Blocks of sessions, as equal as they can be, whose sums are kept apart: see :mod:`engine.sums`."""

WIDTH: Final = 8
"""Lanes of one register: variants whose state is kept side by side."""


class Order(NamedTuple):
    """One netted vector: some assets go to their weight, others share what is left, the rest stay.

    ``weights`` (N,) are targets of the ``active`` (N,) assets, as shares of ``V1 - withheld``; ``heirs`` (N,) shares of
    the money set free, zero for all when cash takes it; ``release`` [currency] is what cash gives to the heirs.
    ``forced`` heirs also sell, to pay for what the active buy; others only ever gain.
    """

    weights: FloatArray
    active: BoolArray
    heirs: FloatArray
    release: float = 0.0
    withheld: float = 0.0
    forced: bool = False


class Terms(NamedTuple):
    """How orders are filled: ``costs``, ``caps`` (N,) [weight, infinity is none], whole shares or not."""

    costs: CostTable
    caps: FloatArray
    whole: bool
    spend_rest: bool


class Tape(NamedTuple):
    """What the market does.

    ``prices`` (T, N) carried forward, ``growth`` (T,) of cash into each session, ``fresh`` (T, N) which closes were
    printed, ``eligible`` (T, N) which assets may be bought: in their life at this session and the one before.
    """

    prices: FloatArray
    growth: FloatArray
    fresh: BoolArray
    eligible: BoolArray


class Watch(NamedTuple):
    """What is looked at between decisions: bands around ``reference`` (N,) at the rows of ``look`` (T,), and caps.

    ``absolute`` and ``relative`` [fraction], infinity is no band; ``caps`` (N,), infinity is not watched; ``target``
    (N,) the weights in force, which a trim sells down to. ``whole``: a band is answered by a whole rebalance;
    ``calendar`` (T,) where one is due that ``hold`` may make on its own.
    """

    reference: FloatArray
    look: BoolArray
    absolute: float
    relative: float
    caps: FloatArray
    target: FloatArray
    whole: bool
    calendar: BoolArray


class Guard(NamedTuple):
    """The loss review's machines, one an asset.

    ``names`` (N,) which assets are reviewed, ``reference`` (N,) what a loss is measured from [currency/share],
    ``watching`` (N,) which wait for a breach, ``breached`` (N,) which had one since it was last cleared; ``keep`` is
    the share of the reference at which a breach lies. The reference is the ``peak`` of the closes, what was paid on
    average (``averages``), or the price at the last rebalance (``resets``).
    """

    on: bool
    names: BoolArray
    reference: FloatArray
    watching: BoolArray
    breached: BoolArray
    keep: float
    peak: bool
    averages: bool
    resets: bool


class Desk(NamedTuple):
    """What trades on the way need: ``terms``, the ``core`` (N,) that takes what is cut, who is ``barred`` (N,).

    ``fixed`` (N,) are the targets of every rebalance at which all of them can be held, where ``static`` is true.
    """

    terms: Terms
    core: FloatArray
    barred: BoolArray
    fixed: FloatArray
    static: bool


class Slips(NamedTuple):
    """What ``hold`` traded on its own: how many in ``made`` (1,), then at most K of them.

    ``rows`` and ``kinds`` (K,): CAP_ALARM is a trim, BAND_ALARM a rebalance for a band, QUIET one of the calendar;
    ``dq`` and ``fees`` (K, N) as ``trade`` gives them, ``seen`` (K, N) the weights at the close before, ``reached``
    (K, N) where drift begins after it, ``refused`` (K,) whether costs would have eaten it.
    """

    made: IntArray
    rows: IntArray
    kinds: IntArray
    dq: FloatArray
    fees: FloatArray
    seen: FloatArray
    reached: FloatArray
    refused: BoolArray


class Track(NamedTuple):
    """Where ``hold`` writes: ``value`` (T,), ``cash`` (T,), ``units`` (T, N) at each close."""

    value: FloatArray
    cash: FloatArray
    units: FloatArray
