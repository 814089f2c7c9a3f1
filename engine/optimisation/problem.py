"""A problem as a decision poses it: what was estimated, what is aimed at, what is allowed, what trading costs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.optimisation.compiled_problem import Costs
from engine.optimisation.constraints import Constraints
from engine.optimisation.objectives import Aim, Form, Inputs


@dataclass(frozen=True)
class Problem:
    """What an optimiser is asked at one decision.

    Attributes
    ----------
    inputs : moments and scenarios of the assets that can be held
    form : the objective in numbers
    aim : what the objective's figure is, for people
    constraints : what weights must satisfy
    costs : penalty on trades, or None
    train : first and last session whose closes were estimated from
    left_out : assets that cannot be bought, or have too little history
    remark : what a reader should know of the estimate, "" for nothing

    """

    inputs: Inputs
    form: Form
    aim: Aim
    constraints: Constraints
    costs: Costs | None
    train: tuple[np.datetime64, np.datetime64]
    left_out: tuple[str, ...] = ()
    remark: str = ""

    def why(self, status: str) -> str:
        """Return why there are no weights, with the assets that were missing."""
        if not self.left_out:
            return status
        return f"{status} ({', '.join(self.left_out)} left out: not listed, or too little history)"
