"""A step of a walk forward: what one decision was estimated from, how it was solved, and whether that was used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class OptimiserStep:
    """One decision for which weights were asked of an optimiser.

    Attributes
    ----------
    row : session at which the decision is filled [row of the market]
    decision_row : session of the decision: nothing from this row on was known [row of the market]
    train : first and last session whose closes were estimated from; None when there was nothing to estimate from
    observations : returns of each asset in the estimate
    assets : how many could be held
    status : ``optimal``, how far another choice of names may be better, or why there are no weights
    solver : whose answer it is
    metric : what the objective's figure is called
    percent : whether it is shown as a percentage
    value : the figure at the weights; NaN without weights
    residual : most by which the weights break a constraint; of a fallback's, which may trade freely and leave cash as
        it is, most by which they break a floor, a cap, a group or the count (then 1) [weight]
    gap : no admissible weights are better by more, in units of the objective
    binding : by how much the figure improves for each unit of weight that a constraint gives way, by its name
    fallback : what was traded instead, "" when the solver's weights were
    broken_limit : the limit that a fallback's weights break most, "" for none
    remark : what a reader should know of the estimate, "" for nothing

    """

    row: int
    decision_row: int
    train: tuple[np.datetime64, np.datetime64] | None = None
    observations: int = 0
    assets: int = 0
    status: str = ""
    solver: str = ""
    metric: str = ""
    percent: bool = True
    value: float = np.nan
    residual: float = np.nan
    gap: float = np.nan
    binding: Mapping[str, float] = field(default_factory=dict)
    fallback: str = ""
    broken_limit: str = ""
    remark: str = ""
