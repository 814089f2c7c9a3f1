"""Lanes: many variants of a plan at once, with the figures that each would have by itself, to the last bit.

``family`` says which variants may run side by side, ``run`` runs them through :mod:`engine.kernel.lanes` and
``run_spine`` runs one through ``simulate``. Both end in the same figures, from the same sums in the same order
(:mod:`engine.sums`).
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Final

import numpy as np

from engine.arrays import FloatArray
from engine.kernel.lane_records import BLOCKED, BLOCKS, KEPT, LanePlans, LaneSums, LaneTape
from engine.kernel.lanes import run_lanes
from engine.kernel.vectors import WIDTH
from engine.lane_figures import FIGURES, figures_of, figures_of_ledger
from engine.lane_plans import Family, Planner, Variant, planner_of
from engine.lane_tape import Course, course_of, plans_of
from engine.market import Market
from engine.simulation import simulate

__all__ = ["FIGURES", "Family", "Variant", "family", "run", "run_spine"]

CHUNK: Final = 8192
"""Variants that are prepared at a time: what bounds the room that ``run`` needs beside its answer."""


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
    planner = planner_of(market)
    shared = planner.family(variants[0])
    if shared is None:
        return np.array([run_spine(market, variant, risk_free) for variant in variants])
    course = course_of(planner, shared, risk_free)
    result = np.empty((len(variants), len(FIGURES)))
    for begin in range(0, len(variants), CHUNK):
        some = variants[begin : begin + CHUNK]
        result[begin : begin + CHUNK] = _run_some(planner, shared, course, some, threads)
    for number in np.flatnonzero(np.isnan(result[:, 0])).tolist():
        result[number] = run_spine(market, variants[number], risk_free)
    return result


def _run_some(
    planner: Planner, shared: Family, course: Course, variants: Sequence[Variant], threads: int
) -> FloatArray:
    """Run a few thousand variants; those that only the spine can run come back without a final value."""
    when = [id(planner.asked(variant.policy, shared.end).when) for variant in variants]
    order = sorted(range(len(variants)), key=when.__getitem__)  # those that trade together side by side
    order += order[-1:] * (-len(order) % WIDTH)
    lanes = [variants[number] for number in order]
    plans = plans_of(planner, shared, course, lanes)
    kept, blocks = np.empty((len(KEPT), len(lanes))), np.empty((BLOCKS, len(BLOCKED), len(lanes)))
    groups = len(lanes) // WIDTH
    cuts = [groups * part // threads for part in range(threads + 1)]
    with ThreadPoolExecutor(threads) as pool:
        jobs = [pool.submit(_work, first, last, course.tape, plans, kept, blocks) for first, last in pairwise(cuts)]
        for job in jobs:
            job.result()
    sums = LaneSums(*kept, *blocks.transpose(1, 0, 2))
    figures = figures_of(sums, plans.accounts[0], course.tape)
    result = np.empty((len(variants), len(FIGURES)))
    result[order] = figures
    return result


def _work(first: int, last: int, tape: LaneTape, plans: LanePlans, kept: FloatArray, blocks: FloatArray) -> None:
    """Run groups; what a mask leaves out may divide by nothing."""
    with np.errstate(all="ignore"):
        run_lanes(first, last, tape, plans, kept, blocks)


def run_spine(market: Market, variant: Variant, risk_free: float | FloatArray = 0.0) -> FloatArray:
    """Return (len(FIGURES),) the same figures through ``simulate``; arguments as in :func:`run`."""
    cut = planner_of(market).cut(variant.end)
    costs = variant.costs.table(len(cut.assets))
    ledger = simulate(cut, variant.policy, variant.account, costs, start=variant.start)
    free = risk_free if isinstance(risk_free, float) else risk_free[: variant.end]
    return figures_of_ledger(ledger, cut, variant.policy, free)
