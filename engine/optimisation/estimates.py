"""Trailing estimates: closes up to the session before a decision -> expected returns and their covariance.

Conventions: simple returns; A sessions a year (S1); the sample covariance divides by T - 1, Ledoit-Wolf and OAS by T,
as scikit-learn defines them, so that the two differ by T / (T - 1) even without shrinkage.

What is missing (S7): an asset with fewer than ``min_history`` returns in the lookback is not estimated; the others
are estimated on the sessions on which all of them have a return (complete cases), because a covariance pieced
together from pairs need not be one. The youngest estimated asset therefore sets the length for all.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Final, Literal

import numpy as np
from pydantic import Field

from engine.core.arrays import BoolArray, FloatArray, IntArray, read_only
from engine.core.conventions import SESSIONS_PER_YEAR
from engine.core.errors import DataError
from engine.core.fields import ConfigModel, FieldFault, Positive, WholeNumber, validates_fields
from engine.optimisation.shrinkage import ledoit_wolf_shrinkage, oracle_approximating_covariance

_SINGULARITY_RATIO: Final = 1e-10
"""Smallest eigenvalue, over the largest, at which a sample covariance still says something about every asset."""
_EIGENVALUE_FLOOR: Final = 1e-12
"""Eigenvalues below this share of the largest are raised to it."""


@dataclass(frozen=True)
class Moments:
    """What the past says about returns.

    ``mean`` (N,) expected simple returns [1/yr]; ``covariance`` (N, N) symmetric, positive definite [1/yr], from
    ``observations`` of each asset; ``clipped``: how much its smallest eigenvalue was raised to be positive [1/yr];
    ``condition``: its largest over its smallest eigenvalue; ``shrinkage``: weight of the structured target in it, 0 for
    a sample covariance [fraction].
    """

    mean: FloatArray
    covariance: FloatArray
    observations: int
    clipped: float = 0.0
    condition: float = np.nan
    shrinkage: float = 0.0


@dataclass(frozen=True)
class MomentEstimate:
    """Moments of the assets that can be estimated, and which they are.

    ``moments`` of the n assets that ``known`` (N,) marks, in their order; ``returns`` (observations, n) are the simple
    returns behind them, oldest first, ``rows`` (observations,) the row of the closes at which each return ends.
    """

    moments: Moments
    known: BoolArray
    returns: FloatArray
    rows: IntArray


class Estimates(ConfigModel):
    """How moments are estimated: ``{covariance: ledoit_wolf, mean: shrunk, lookback: 756}``.

    ``lookback`` and ``min_history`` count returns, by default those of three years and of one (S1), ``half_life``
    sessions after which a return counts half; with one, shrinkage is worked out on the weighted returns as if they were
    that many plain ones.
    """

    covariance: Literal["sample", "ledoit_wolf", "oas"] = "ledoit_wolf"
    mean: Literal["zero", "sample", "shrunk"] = "shrunk"
    lookback: Annotated[WholeNumber, Field(ge=2, le=100_000)] | None = None
    half_life: Positive | None = None
    min_history: Annotated[WholeNumber, Field(ge=2, le=100_000)] | None = None

    @validates_fields
    def _history_faults(self) -> Iterator[FieldFault]:
        if self.min_history is not None and self.lookback is not None and self.min_history > self.lookback:
            yield (
                ("min_history",),
                f"min_history {self.min_history} is more than lookback {self.lookback} holds; lower it",
            )

    def lookback_at(self, periods: float) -> int:
        """Return how many returns count at most, where there are ``periods`` a year."""
        return int(3 * periods) if self.lookback is None else self.lookback

    def min_history_at(self, periods: float) -> int:
        """Return how many returns an asset needs at least, where there are ``periods`` a year."""
        return min(int(periods), self.lookback_at(periods)) if self.min_history is None else self.min_history

    def estimate(self, closes: FloatArray, periods: float = SESSIONS_PER_YEAR) -> MomentEstimate:
        """Estimate from ``closes`` (T, N), oldest first, NaN where an asset has no price [currency/share].

        The last ``lookback`` returns count, or as many as there are. Raises DataError when no asset has ``min_history``
        returns, too few sessions have returns of all, or a sample covariance is singular.
        """
        fewest = self.min_history_at(periods)
        window = closes[-self.lookback_at(periods) - 1 :]
        with np.errstate(invalid="ignore", divide="ignore"):
            returns = window[1:] / window[:-1] - 1.0
        present = np.isfinite(returns)
        known = np.asarray(present.sum(axis=0) >= fewest)
        if not known.any():
            most = int(present.sum(axis=0).max(initial=0))
            message = f"estimates.min_history: no asset has {fewest} returns yet, the oldest has {most}"
            raise DataError(f"{message}; lower it, or start later")
        rows = np.flatnonzero(present[:, known].all(axis=1))
        complete = np.ascontiguousarray(returns[rows][:, known])
        if len(complete) < fewest:
            message = f"estimates.min_history: only {len(complete)} sessions have a return of every asset"
            raise DataError(f"{message}, {fewest} expected; lower it, or mend the gaps in the prices")
        ends = rows + (len(closes) - len(window) + 1)
        return MomentEstimate(self.moments(complete, periods), read_only(known), read_only(complete), read_only(ends))

    def moments(self, returns: FloatArray, periods: float = SESSIONS_PER_YEAR) -> Moments:
        """Return the moments of ``returns`` (T, N), all finite, oldest first; raises DataError when singular.

        ``periods``: how many of them there are in a year.
        """
        weights = self._observation_weights(len(returns))
        average = weights @ returns
        raw, shrinkage = self._covariance(returns, weights, average)
        covariance, clipped, condition = repair_covariance(raw * periods)
        if self.covariance == "sample" and not condition < 1.0 / _SINGULARITY_RATIO:
            what = f"the sample covariance of {returns.shape[1]} assets from {len(returns)} returns is singular"
            raise DataError(f"estimates.covariance: {what}; choose ledoit_wolf or oas, or a longer estimates.lookback")
        mean = average * periods
        if self.mean == "zero":
            mean = np.zeros(len(average))
        elif self.mean == "shrunk":
            mean = bayes_stein_mean(mean, covariance, 1.0 / float(weights @ weights), periods)
        return Moments(read_only(mean), read_only(covariance), len(returns), clipped, condition, shrinkage)

    def _observation_weights(self, count: int) -> FloatArray:
        """Return (T,) weights of the returns, summing to 1."""
        if self.half_life is None:
            return np.full(count, 1.0 / count)
        decay = 0.5 ** (np.arange(count - 1, -1, -1) / self.half_life)
        return np.asarray(decay / decay.sum())

    def _covariance(self, returns: FloatArray, weights: FloatArray, average: FloatArray) -> tuple[FloatArray, float]:
        """Return the covariance a session, and how far it is shrunk."""
        centred = (returns - average) * np.sqrt(weights * len(returns))[:, None]
        if self.covariance == "sample":
            return centred.T @ centred / (len(returns) * (1.0 - float(weights @ weights))), 0.0
        if self.covariance == "oas":
            return oracle_approximating_covariance(centred)
        shrinkage = ledoit_wolf_shrinkage(centred)
        sample = centred.T @ centred / len(returns)
        common = float(np.trace(sample)) / len(sample) * np.eye(len(sample))
        return (1.0 - shrinkage) * sample + shrinkage * common, shrinkage


def bayes_stein_mean(
    mean: FloatArray, covariance: FloatArray, observations: float, periods: float = SESSIONS_PER_YEAR
) -> FloatArray:
    """Shrink ``mean`` (N,) [1/yr] towards that of the minimum-variance portfolio (Jorion 1986).

    The weight of the common mean is (N + 2) / (N + 2 + d), d = T (mean - m)' Sigma^-1 (mean - m), everything a
    session: the more the means differ beyond their noise, the less they are shrunk.

    Source: P. Jorion, "Bayes-Stein estimation for portfolio analysis", JFQA 21(3), 1986, doi:10.2307/2331042.
    """
    whitened = np.linalg.solve(covariance, np.column_stack([np.ones_like(mean), mean]))
    common = float(whitened[:, 1].sum() / whitened[:, 0].sum())
    apart = mean - common
    # mean and covariance are both ``periods`` times a session's, so the ratio is that many times too large
    distance = observations * float(apart @ (whitened[:, 1] - common * whitened[:, 0])) / periods
    weight = (len(mean) + 2.0) / (len(mean) + 2.0 + max(distance, 0.0))
    return (1.0 - weight) * mean + weight * common


def repair_covariance(matrix: FloatArray) -> tuple[FloatArray, float, float]:
    """Return the symmetric part with its eigenvalues raised above zero, by how much, and the condition before."""
    symmetric = (matrix + matrix.T) / 2.0
    values, vectors = np.linalg.eigh(symmetric)
    largest = float(values[-1])
    if not largest > 0.0:
        raise DataError("estimates.covariance: the prices of all assets stand still; nothing can be estimated")
    least = _EIGENVALUE_FLOOR * largest
    condition = largest / float(values[0]) if values[0] > 0.0 else np.inf
    if values[0] >= least:
        return symmetric, 0.0, condition
    raised = (vectors * np.maximum(values, least)) @ vectors.T
    return (raised + raised.T) / 2.0, least - float(values[0]), condition
