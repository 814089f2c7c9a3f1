"""The sum of many series, each less its mean and over its deviation: what their mean correlation is made of."""

from __future__ import annotations

import numpy as np

from engine.core.arrays import FloatArray
from engine.simulation.kernel.jit import njit_nogil


@njit_nogil
def add_standardised(slab: FloatArray, sums: FloatArray) -> int:
    """Add the standardised columns of ``slab`` (P, W) to ``sums`` (P,) from left to right; return how many vary.

    A column that does not vary, or in which a number is missing, is left out.
    """
    periods, width = slab.shape
    mean, scale = np.zeros(width), np.zeros(width)
    low, high = slab[0].copy(), slab[0].copy()
    for t in range(periods):
        for w in range(width):
            mean[w] += slab[t, w]
            low[w] = min(low[w], slab[t, w])
            high[w] = max(high[w], slab[t, w])
    for w in range(width):
        mean[w] /= periods
    for t in range(periods):
        for w in range(width):
            scale[w] += (slab[t, w] - mean[w]) * (slab[t, w] - mean[w])
    count = 0
    for w in range(width):
        varies = high[w] > low[w] and scale[w] > 0.0  # NaN is not
        scale[w] = np.sqrt((periods - 1) / scale[w]) if varies else 0.0
        count += varies
    for t in range(periods):
        total = sums[t]
        for w in range(width):
            if scale[w] != 0.0:
                total += (slab[t, w] - mean[w]) * scale[w]
        sums[t] = total
    return count
