"""Many tests at once: p-values as they stand after all of them, a haircut of a Sharpe ratio, trials that count.

Bonferroni and Holm (1979) keep the chance of one false finding among all; Benjamini and Yekutieli (2001),
doi:10.1214/aos/1013699998, keep the share of false ones among the findings, whatever their dependence. The haircut is
Harvey and Liu's (2015), doi:10.3905/jpm.2015.42.1.013.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from engine.core.arrays import FloatArray


def adjust_bonferroni(p_values: FloatArray) -> FloatArray:
    """Return (M,) p-values times their number, at most 1.

    >>> adjust_bonferroni(np.array([0.01, 0.02, 0.5, 0.9])).tolist()
    [0.04, 0.08, 1.0, 1.0]
    """
    return np.minimum(p_values * len(p_values), 1.0)


def adjust_holm(p_values: FloatArray) -> FloatArray:
    """Return (M,) p-values after Holm: the k-th smallest times M + 1 - k, none below the one before, at most 1.

    >>> adjust_holm(np.array([0.01, 0.02, 0.5, 0.9])).tolist()
    [0.04, 0.06, 1.0, 1.0]
    """
    count = len(p_values)
    order = np.argsort(p_values, kind="stable")
    adjusted = np.empty(count)
    adjusted[order] = np.maximum.accumulate(p_values[order] * np.arange(count, 0, -1))
    return np.minimum(adjusted, 1.0)


def adjust_benjamini_yekutieli(p_values: FloatArray) -> FloatArray:
    """Return (M,) p-values after Benjamini, Hochberg and Yekutieli.

    The k-th smallest times ``c M / k``, none above the one after, at most 1; ``c = 1 + 1/2 + ... + 1/M``.
    """
    count = len(p_values)
    order = np.argsort(p_values, kind="stable")
    ranks = np.arange(1.0, count + 1.0)
    raised = p_values[order] * (count * float(np.add.accumulate(1.0 / ranks)[-1])) / ranks
    adjusted = np.empty(count)
    adjusted[order] = np.minimum.accumulate(raised[::-1])[::-1]
    return np.minimum(adjusted, 1.0)


def effective_trials(mean_correlation: float, count: float) -> float:
    """Return how many independent trials ``count`` correlated ones are worth: ``rho + (1 - rho) M``, from 1 to M.

    Bailey and Lopez de Prado (2014), doi:10.3905/jpm.2014.40.5.094, appendix 3. It is a straight line between its two
    ends, one trial where all are the same and M where none is like another, and no more than that: of a hundred groups
    of a hundred copies, mean correlation 0.01, it makes 9,901 trials where there are 100. Where variants come in
    groups it errs towards too many, which deflates too much.

    >>> effective_trials(0.75, 101.0), effective_trials(-0.01, 5.0)
    (26.0, 5.0)
    """
    return min(max(mean_correlation + (1.0 - mean_correlation) * count, 1.0), count)


def mean_correlation(sums: FloatArray, count: int) -> float | None:
    """Return the mean correlation of all pairs of ``count`` series from the sum of what they are when standardised.

    ``sums`` (P,) adds up the series, period by period, each less its mean and over its standard deviation with P - 1:
    ``(|sums|^2 / (P - 1) - S) / (S (S - 1))``, exact, in S steps where pairs would be S^2. None of fewer than two.
    """
    if count < 2:
        return None
    squares = float((sums * sums).sum())
    return (squares / (len(sums) - 1) - count) / (count * (count - 1.0))


@dataclass
class CorrelationSum:
    """The mean correlation of many series, of which a slab at a time is there.

    ``count`` series vary and are in; one that does not has no correlation. The series are added one after the other,
    so the bits depend on their order, and not on how they were cut into slabs.
    """

    count: int = 0
    _sums: FloatArray = field(default_factory=lambda: np.zeros(0))

    def add(self, slab: FloatArray) -> None:
        """Add the series in the columns of ``slab`` (P, W)."""
        from engine.simulation.kernel.standardised_sums import add_standardised  # noqa: PLC0415  (needs the compiler)

        if not self._sums.size:
            self._sums = np.zeros(len(slab))
        self.count += add_standardised(np.ascontiguousarray(slab), self._sums)

    @property
    def mean(self) -> float | None:
        """The mean correlation of all pairs; None of fewer than two series."""
        return mean_correlation(self._sums, self.count)
