"""What is known of a finished sweep when its evidence is asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeAlias

from engine.backtest.outputs import RunResult
from engine.core.arrays import BoolArray, FloatArray
from engine.portfolio.policy import PolicyT
from engine.sweep.computation import PreparedSweep
from engine.sweep.effects import AxisEffects
from engine.sweep.evidence_record import SweepEvidence
from engine.sweep.noise_band import BlockFigure
from engine.sweep.statistics import RankedVariant, SweepResults


@dataclass(frozen=True)
class ExaminedSweep(Generic[PolicyT]):
    """A sweep's variants with the plan's own sessions, S of them in ``results``, and what was found of them.

    ``values`` (S,) are what they are ranked by and ``figure`` that metric as a function of block sums, None where it is
    none; ``best`` is the best row, -1 where none has the metric, and ``ranked`` what is listed of it; ``near`` (S,)
    tells who is no further from it than noise, None without a band; ``effects`` by parameter. ``run`` is that of the
    base config.
    """

    sweep: PreparedSweep[PolicyT]
    results: SweepResults
    run: RunResult
    values: FloatArray
    figure: BlockFigure | None
    best: int
    ranked: RankedVariant | None
    near: BoolArray | None
    effects: dict[str, AxisEffects]

    @property
    def rank_by(self) -> str:
        """The metric that variants are ranked by."""
        return str(self.results.space.sweep.rank_by)


Examine: TypeAlias = Callable[[ExaminedSweep[PolicyT]], SweepEvidence]
"""Makes the evidence of a sweep."""
