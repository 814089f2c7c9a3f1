"""A problem as a decision poses it: what was estimated, what is aimed at, what is allowed, what trading costs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.constraints import Constraints
from engine.objectives import Aim, Form, Inputs
from engine.optimiser.program import Costs


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
    remark : what a reader should know of the estimate, "" for nothing

    """

    inputs: Inputs
    form: Form
    aim: Aim
    constraints: Constraints
    costs: Costs | None
    train: tuple[np.datetime64, np.datetime64]
    remark: str = ""
