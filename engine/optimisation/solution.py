"""What an optimiser answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from engine.core.arrays import FloatArray
from engine.optimisation.constraints import LimitKey

NO_POSITIVE_RATIO: Final = "objective: no admissible weights have a ratio above 0; choose min_variance"
"""Status where nothing can be said for any weights."""


@dataclass(frozen=True)
class Solution:
    """Weights, or why there are none.

    ``weights`` (N,) add up to 1, None when no answer passed; ``objective_value`` is what the form says of them,
    in annual units, NaN without; ``status`` is ``optimal``, ``infeasible: ...``, or each claim and how its
    answer failed; ``residual`` the most by which they break a constraint [weight]. No admissible weights are better by
    more than ``gap`` in units of the objective, which gains ``binding`` for each unit of weight that a limit gives way.
    """

    weights: FloatArray | None
    objective_value: float
    solver: str
    status: str
    residual: float = np.nan
    gap: float = np.nan
    binding: Mapping[LimitKey, float] = field(default_factory=dict)


def no_solution(status: str) -> Solution:
    """Return no weights, and why."""
    return Solution(None, np.nan, "", status)
