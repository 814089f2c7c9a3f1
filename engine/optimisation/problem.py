"""A problem as a decision poses it: what was estimated, what is aimed at, what is allowed, what trading costs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.optimisation.constraints import Constraints
from engine.optimisation.objectives import ObjectiveForm, ObjectiveInputs, ObjectiveMetric, Penalty


@dataclass(frozen=True)
class OptimisationProblem:
    """What an optimiser is asked at one decision.

    ``inputs`` are the moments and scenarios of the assets that can be held, ``form`` is the objective in numbers and
    ``metric`` its figure for people, ``costs`` a penalty on trades, ``train`` the first and last session whose closes
    were estimated from. ``left_out`` cannot be bought, or has too little history; ``remark`` is what a reader should
    know of the estimate, "" for nothing.
    """

    inputs: ObjectiveInputs
    form: ObjectiveForm
    metric: ObjectiveMetric
    constraints: Constraints
    costs: Penalty | None
    train: tuple[np.datetime64, np.datetime64]
    left_out: tuple[str, ...] = ()
    remark: str = ""

    def explain(self, status: str) -> str:
        """Return why there are no weights, with the assets that were missing."""
        if not self.left_out:
            return status
        return f"{status} ({', '.join(self.left_out)} left out: not listed, or too little history)"
