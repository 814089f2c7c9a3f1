"""Lanes: many variants of a plan at once, with the figures that each would have by itself, to the last bit.

``family`` says which variants may run side by side, ``run`` runs them through :mod:`engine.kernel.lanes` and
``run_spine`` runs one through ``simulate``. Both end in the same figures, from the same sums in the same order
(:mod:`engine.sums`).
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import Final, NamedTuple

import numpy as np

from engine.core.arrays import FloatArray, IntArray
from engine.data.market import Market
from engine.simulation.kernel.batch.records import BLOCKED, KEPT, LaneSums
from engine.simulation.kernel.batch.run_lanes import run_lanes
from engine.simulation.kernel.batch.simd import WIDTH
from engine.simulation.kernel.batch.state_layout import size_of_room
from engine.simulation.kernel.records import BLOCKS
from engine.simulation.simulate import simulate
from engine.sweep.batch.batch_inputs import Roster, roster_of
from engine.sweep.batch.batch_metrics import FIGURES, figures_of, figures_of_ledger
from engine.sweep.batch.market_arrays import Course, course_of
from engine.sweep.batch.planner import Columns, Family, Variant, forget, planner_of

__all__ = ["FIGURES", "Columns", "Family", "Variant", "family", "forget", "run", "run_columns", "run_spine"]

CHUNK: Final = 4096
"""Variants that a thread prepares, runs and evaluates at a time."""


def family(variant: Variant, market: Market) -> Family | None:
    """Return what variants must share to be run in one call of :func:`run`; None when only the spine can run it.

    ``market`` must be the same object for all variants of a sweep, its cash rate that of the variant's account.
    """
    return planner_of(market).family(variant)


def run(
    market: Market, variants: Sequence[Variant], risk_free: float | FloatArray = 0.0, threads: int = 1
) -> FloatArray:
    """Return (S, len(FIGURES)) the figures of ``variants``, all of one family; NaN where one does not exist.

    Parameters
    ----------
    market : as given to :func:`family`
    variants : S of one family, in any order
    risk_free : a rate a session, or (T,) one for each of the market's
    threads : how many work at a time; the bits do not depend on it

    """
    return run_columns(market, Columns.of(variants), risk_free, threads)


def run_columns(market: Market, columns: Columns, risk_free: float | FloatArray = 0.0, threads: int = 1) -> FloatArray:
    """Run variants in columns; otherwise as :func:`run`."""
    planner, count = planner_of(market), len(columns.kind)
    shared = planner.family(columns.kinds[0])
    if shared is None:
        return np.array([run_spine(market, columns.variant(number), risk_free) for number in range(count)])
    course = course_of(planner, shared, risk_free)
    roster = roster_of(planner, shared, course, columns)
    result = np.empty((count, len(FIGURES)))
    scratch: SimpleQueue[_Scratch] = SimpleQueue()
    for _ in range(threads):
        scratch.put(_Scratch.of(len(shared.assets), min(CHUNK, count)))

    def work(lanes: IntArray) -> None:
        mine = scratch.get()
        try:
            result[lanes] = _run_some(course, roster, lanes, mine)
        finally:
            scratch.put(mine)

    order = roster.order
    # the first is half as long, so that threads do not all come to the interpreter at the same time
    chunks = [order[max(begin, 0) : begin + CHUNK] for begin in range(-CHUNK // 2, len(order), CHUNK)]
    if threads == 1 or len(chunks) == 1:
        list(map(work, chunks))
    else:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(work, chunks))
    for number in np.flatnonzero(np.isnan(result[:, 0])).tolist():
        result[number] = run_spine(market, columns.variant(number), risk_free)
    return result


class _Scratch(NamedTuple):
    """A thread's own memory, used again for every chunk: fresh pages would cost as much as the figures.

    ``room`` (size_of_room(n),) begins where a line of the cache does, as each of its registers will; ``kept``
    (len(KEPT), S), ``blocks`` (BLOCKS, len(BLOCKED), S), ``table`` (S, len(FIGURES)).
    """

    room: FloatArray
    kept: FloatArray
    blocks: FloatArray
    table: FloatArray

    @classmethod
    def of(cls, assets: int, count: int) -> _Scratch:
        """Return memory for ``count`` variants of so many assets."""
        size, width = size_of_room(assets), _row(count)
        room = np.empty(size + WIDTH)
        begin = -(room.ctypes.data // room.itemsize) % WIDTH
        return cls(
            room[begin : begin + size],
            np.empty((len(KEPT), width)),
            np.empty((BLOCKS, len(BLOCKED), width)),
            np.empty((width, len(FIGURES))),
        )


def _run_some(course: Course, roster: Roster, lanes: IntArray, mine: _Scratch) -> FloatArray:
    """Return the figures of some variants, by number; those that only the spine can run have no final value.

    They are (S, len(FIGURES)) of the scratch memory, so good until its next use.
    """
    count, groups = len(lanes), -(-len(lanes) // WIDTH)
    plans = roster.plans(np.append(lanes, np.repeat(lanes[-1:], _row(count) - count)))
    with np.errstate(all="ignore"):  # what a mask leaves out may divide by nothing
        run_lanes(0, groups, course.tape, plans, mine.room, mine.kept, mine.blocks)
    sums = LaneSums(*mine.kept[:, :count], *mine.blocks[:, :, :count].transpose(1, 0, 2))
    figures_of(sums, plans.accounts[0, :count], course.tape, mine.table[:count])
    return mine.table[:count]


def _row(count: int) -> int:
    """Return how long a row of ``count`` variants is: whole groups, and one more.

    Rows of a power of two would all begin in the same few places of the cache, and drive each other out of it.
    """
    return count + -count % WIDTH + WIDTH


def run_spine(market: Market, variant: Variant, risk_free: float | FloatArray = 0.0) -> FloatArray:
    """Return (len(FIGURES),) the same figures through ``simulate``; arguments as in :func:`run`."""
    cut, policy = planner_of(market).cut(variant.end), variant.own
    costs = variant.costs.table(len(cut.assets))
    ledger = simulate(cut, policy, variant.account, costs, start=variant.start)
    free = risk_free if isinstance(risk_free, float) else risk_free[: variant.end]
    return figures_of_ledger(ledger, cut, policy, free)
