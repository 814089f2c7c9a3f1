"""The money that an order keeps back for its own tax, in lanes: the secants of ``simulation.tax_fixpoint``."""

from __future__ import annotations

from typing import Final

import numpy as np

from engine.core.arrays import FloatArray
from engine.simulation.kernel.batch.simd import Mask, splat, store, where
from engine.simulation.kernel.batch.tax_records import (
    BEFORE,
    GAP_BEFORE,
    HIGH,
    KEPT,
    LAST_TRY,
    LOW,
    SEARCHES,
    STEP,
)
from engine.simulation.kernel.jit import njit_private
from engine.simulation.kernel.records import LANE_COUNT

MOST_STEPS: Final = 64
"""Secants before what is left of the bracket is halved, and halvings after that."""
EXACT: Final = 1e-15
"""Of the account's value: what may be left between the tax owed and the money kept back for it."""


@njit_private
def begin_searches(on: Mask, search: FloatArray) -> None:
    """Keep nothing back in any lane; those of ``on`` search."""
    store(search, KEPT * LANE_COUNT, splat(0.0))
    store(search, STEP * LANE_COUNT, splat(-1.0))
    store(search, LAST_TRY * LANE_COUNT, splat(0.0))
    store(search, SEARCHES * LANE_COUNT, where(on, splat(1.0), splat(0.0)))


@njit_private
def try_next(lane: int, owed: float, value: float, search: FloatArray) -> bool:
    """Take in what is ``owed`` with the money kept back; return whether there is another amount to try."""
    kept = search[KEPT, lane]
    gap = owed - kept
    if search[STEP, lane] < 0.0:
        search[STEP, lane] = 0.0
        if gap == 0.0:
            return False
        search[LOW, lane], search[HIGH, lane] = (kept, np.inf) if gap > 0.0 else (-np.inf, kept)
        search[BEFORE, lane], search[GAP_BEFORE, lane], search[KEPT, lane] = kept, gap, gap
        return True
    if search[LAST_TRY, lane] > 0.0 or abs(gap) <= EXACT * value:
        return False
    if gap > 0.0:
        search[LOW, lane] = max(search[LOW, lane], kept)
    else:
        search[HIGH, lane] = min(search[HIGH, lane], kept)
    return _choose_next(lane, kept, gap, search)


@njit_private
def _choose_next(lane: int, kept: float, gap: float, search: FloatArray) -> bool:
    low, high = search[LOW, lane], search[HIGH, lane]
    slope = (gap - search[GAP_BEFORE, lane]) / (kept - search[BEFORE, lane])
    ahead = kept - gap / slope if slope < 0.0 else kept + gap
    search[BEFORE, lane], search[GAP_BEFORE, lane] = kept, gap
    step = search[STEP, lane]
    if not low < ahead < high or step >= MOST_STEPS:
        if np.isinf(low) or np.isinf(high):
            ahead = kept + gap
        else:
            ahead = 0.5 * (low + high)
            if not low < ahead < high:
                ahead = high
                search[LAST_TRY, lane] = 1.0
    if ahead == kept:
        return False
    search[KEPT, lane], search[STEP, lane] = ahead, step + 1.0
    if step + 1.0 >= 2 * MOST_STEPS:
        search[LAST_TRY, lane] = 1.0
    return True
