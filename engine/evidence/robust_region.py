"""The robust region: the variants that the noise of this history does not tell from the best, by value of each axis.

A variant is in it where its distance to the best is within Student's quantile of 15 degrees of freedom (2.131 at 95 %)
times the standard error of that distance, by the jackknife over 16 blocks of :mod:`engine.sweep.noise_band`.
"""

from __future__ import annotations

from typing import Final

from engine.sweep.effects import AxisEffects
from engine.sweep.evidence_record import RegionAxis, RegionRecord, RegionValue

MAX_LISTED: Final = 24
"""Values of an axis that are listed."""


def robust_region(metric: str, count: int, ranked: int, effects: dict[str, AxisEffects]) -> RegionRecord:
    """Return the region of ``count`` among ``ranked`` variants; ``effects`` know how many each value has in it."""
    axes = {name: axis for name, one in effects.items() if (axis := _region_axis(one)) is not None}
    return RegionRecord(metric, count, count / ranked, axes)


def _region_axis(effects: AxisEffects) -> RegionAxis | None:
    """Return how the values of an axis share in the region; None for an axis of one value."""
    shares = [
        RegionValue(one.label, one.near_best / one.count)
        for one in effects.values
        if one.count and one.near_best is not None
    ]
    if len(shares) < 2:
        return None
    numbers = [one.share for one in shares]
    if len(shares) > MAX_LISTED:
        shares = sorted(shares, key=lambda one: one.share)[:MAX_LISTED]
    present, whole = (sum(test) for test in ((one > 0.0 for one in numbers), (one == 1.0 for one in numbers)))
    return RegionAxis(len(numbers), present, whole, min(numbers), tuple(shares))
