"""Cross-validation over all halves as its paper writes it: joined blocks, means, deviations, and ranks by sorting."""

from __future__ import annotations

from itertools import combinations
from typing import NamedTuple

import numpy as np
from scipy import stats


class SplitFigures(NamedTuple):
    """What ``engine.evidence.overfitting`` finds, by another way."""

    probability: float
    loss_probability: float
    slope: float
    mean_logit: float


def cross_validate(returns: np.ndarray, blocks: int, above: int = 1) -> SplitFigures:
    """Figures of ``returns`` (n, N); ``rank / (N + above)`` is the relative rank."""
    parts = np.array_split(returns, blocks)
    chosen, held, logits = [], [], []
    for half in combinations(range(blocks), blocks // 2):
        inside = np.concatenate([parts[b] for b in half])
        outside = np.concatenate([parts[b] for b in range(blocks) if b not in half])
        first, second = (x.mean(axis=0) / x.std(axis=0, ddof=1) for x in (inside, outside))
        best = int(np.argmax(first))
        with np.errstate(divide="ignore"):
            w = stats.rankdata(second)[best] / (returns.shape[1] + above)
            logits.append(np.log(w) - np.log1p(-w))
        chosen.append(first[best])
        held.append(second[best])
    logits = np.array(logits)
    slope = stats.linregress(chosen, held).slope if np.ptp(chosen) > 0 else np.nan
    return SplitFigures((logits <= 0).mean(), (np.array(held) < 0).mean(), slope, logits.mean())
