"""Where the best stands among its neighbours, and what cannot be told from it, as records."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.core.arrays import FloatArray, finite_or_none
from engine.core.errors import shorten
from engine.evidence.plateau import AxisSteps, axis_steps, on_edges, plateau_pick, worst_neighbours
from engine.evidence.robust_region import robust_region
from engine.evidence.sweep_returns import NotTestedError, SweepReturns
from engine.portfolio.policy import PolicyT
from engine.sweep.axes import ParameterValue
from engine.sweep.config import ranking_sign
from engine.sweep.evidence_record import NeighbourRecord, PlateauRecord, RegionRecord
from engine.sweep.examination import ExaminedSweep

MAX_NEIGHBOURS = 20
"""Neighbours of an axis that are listed."""


def describe_plateau(returns: SweepReturns[PolicyT]) -> PlateauRecord:
    """Return whether the best of a grid stands on its edge, and the variant whose worst neighbour is best."""
    one = returns.examined
    results, space = one.results, one.results.space
    if one.best < 0:
        raise NotTestedError("no variant has the metric that they are ranked by")
    if results.points.sampled is not None:
        raise NotTestedError("points of a sample have no neighbours")
    sign, numbers, steps = ranking_sign(one.rank_by), results.point_numbers, axis_steps(space)
    figures = np.full(results.points.count, np.nan)
    figures[numbers] = sign * one.values
    worst = worst_neighbours(space, steps, figures)
    region = np.zeros(len(figures), dtype=np.bool_)
    if one.near is not None:
        region[numbers[one.near]] = True
    best, picked = int(numbers[one.best]), plateau_pick(worst, region)
    pick = results.points.indices(np.array([picked]))[0].tolist() if picked is not None else None
    indices = results.points.indices(np.array([best]))[0].tolist()
    return PlateauRecord(
        metric=one.rank_by,
        figure=float(one.values[one.best]),
        ordered_axes=tuple(step.name for step in steps if step.is_ordered),
        edges=tuple(on_edges(steps, space, indices)),
        neighbours=tuple(_neighbours(one, steps, sign * figures, best, indices)),
        worst_neighbour=finite_or_none(sign * float(worst[best])),
        pick=returns.identify(int(np.searchsorted(numbers, picked))) if picked is not None else None,
        pick_parameters=space.parameter_values(pick) if pick is not None else {},
        pick_figure=sign * float(figures[picked]) if picked is not None else None,
        pick_worst_neighbour=finite_or_none(sign * float(worst[picked])) if picked is not None else None,
    )


def _neighbours(
    one: ExaminedSweep[PolicyT], steps: Sequence[AxisSteps], figures: FloatArray, point: int, indices: Sequence[int]
) -> list[NeighbourRecord]:
    """Return what is one step from a point with ``indices`` (D,), the worst of an axis first."""
    space, by_name, found = one.results.space, {step.name: step for step in steps}, []
    for number, axis in enumerate(space.axes):
        if (step := by_name.get(axis.name)) is None:
            continue
        near = [at for at in step.neighbours[indices[number]].tolist() if at >= 0]
        own = [
            NeighbourRecord(
                axis=axis.name,
                label=_label(axis.values[at].parameters),
                figure=finite_or_none(
                    float(figures[point + (at - indices[number]) * one.results.points.stride(number)])
                ),
            )
            for at in near
        ]
        sign = ranking_sign(one.rank_by)
        own.sort(key=lambda other: sign * other.figure if other.figure is not None else np.inf)
        found += own[:MAX_NEIGHBOURS]
    return found


def _label(parameters: Sequence[ParameterValue]) -> str:
    """Return a value of an axis in words; of a basket its names and their weight."""
    shown = [parameters[0], *parameters[2:]] if len(parameters) > 1 else parameters
    return shorten(" ".join(one if isinstance(one, str) else f"{one:g}" for one in shown), 120)


def describe_region(one: ExaminedSweep[PolicyT]) -> RegionRecord:
    """Return the variants that noise does not tell from the best."""
    if one.near is None or one.best < 0:
        raise NotTestedError(
            f"{one.rank_by} has no noise band: only Sharpe, volatility and CAGR over enough sessions have"
        )
    ranked = int(np.isfinite(one.values).sum())
    return robust_region(one.rank_by, int(one.near.sum()), ranked, one.effects)
