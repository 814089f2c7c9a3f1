"""A sweep's variants, eight to a register: ``simulate`` for plans whose decisions are known beforehand.

The calendar, late listings, delistings, caps and bands that are answered at the next close are done here; what else can
happen (an order that waits, a rule that has to be asked) sets ``NEEDS_FALLBACK``, and ``simulate`` runs the variant.
Groups of eight share nothing, so any number of threads gives the same bits.
"""

from __future__ import annotations

from engine.core.arrays import FloatArray
from engine.simulation.kernel.batch.events import close_stretch, handle_events, initialise, store_outputs
from engine.simulation.kernel.batch.mark_to_market import DAY, mark_stretch
from engine.simulation.kernel.batch.records import BatchMarket, BatchPlans
from engine.simulation.kernel.jit import njit_nogil, njit_private
from engine.simulation.kernel.records import LANE_COUNT


@njit_nogil
def run_lanes(
    first: int,
    last: int,
    market: BatchMarket,
    plans: BatchPlans,
    state: FloatArray,
    outputs: FloatArray,
    block_sums: FloatArray,
) -> None:
    """Run the groups of eight from ``first`` to before ``last``.

    Overwrites ``state`` (state_size(n),), its own thread's, and the groups' columns of ``outputs``
    (len(OUTPUT_REGISTERS), S) and ``block_sums`` (B, len(BLOCK_REGISTERS), S), or (B, K, S) with the first K of them.
    """
    for number in range(first, last):
        _run_group(number * LANE_COUNT, state, market, plans, outputs, block_sums)


@njit_private
def _run_group(
    at: int, state: FloatArray, market: BatchMarket, plans: BatchPlans, outputs: FloatArray, block_sums: FloatArray
) -> None:
    """Run the eight variants from ``at`` on: each session's events, then all sessions up to the next that has any."""
    sessions, n = market.fresh.shape
    packed = market.packed
    initialise(at, state, plans.terms, packed[n + DAY])
    t, block, due = min(0, sessions), 0, 0  # no literal 0, for which all would be compiled once more
    while t < sessions:
        due = handle_events(t, due, at, state, market, plans, packed, t, 1)
        stop = min(market.stops[t], due)
        t = mark_stretch(t, stop, state, packed, 1, market)
        block = close_stretch(t, at, block, state, market, block_sums)
    store_outputs(at, state, outputs)
