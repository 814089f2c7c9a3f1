"""Whether the best of a grid stands on its edge, alone, or on a plateau of variants as good.

A step is one value further on one axis. Along numbers and months that is the next value, months in a circle; of baskets
one name exchanged, at the same weight, or the next weight of the same names; of other values any other one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from engine.core.arrays import BoolArray, FloatArray, IntArray
from engine.data.sessions import MONTH_NAMES
from engine.sweep.space import Axis, Space

_MAX_ANY: Final = 400
"""Values of an axis without an order, up to which each is a step from any other."""


@dataclass(frozen=True)
class AxisSteps:
    """The steps along an axis of V values: (V, K) ``neighbours`` of each, -1 for none.

    ``is_ordered``: it has a first and a last value.
    """

    name: str
    is_ordered: bool
    neighbours: IntArray


def axis_steps(space: Space) -> list[AxisSteps]:
    """Return the steps along every axis of more than one value."""
    return [_steps(axis) for axis in space.axes if len(axis.values) > 1]


def _steps(axis: Axis) -> AxisSteps:
    first = [value.parameters[0] for value in axis.values]
    if len(axis.columns) > 1:
        return AxisSteps(axis.name, is_ordered=False, neighbours=_basket_steps(axis))
    if all(isinstance(one, float) for one in first):
        return AxisSteps(axis.name, is_ordered=True, neighbours=_line_steps([float(one) for one in first]))
    if all(one in MONTH_NAMES for one in first):
        return AxisSteps(axis.name, is_ordered=False, neighbours=_month_steps([str(one) for one in first]))
    count = len(first)
    others = [[other for other in range(count) if other != one] if count <= _MAX_ANY else [] for one in range(count)]
    return AxisSteps(axis.name, is_ordered=False, neighbours=_table(others))


def _line_steps(numbers: Sequence[float]) -> IntArray:
    """Return the next lower and the next higher of each number."""
    order = np.argsort(numbers, kind="stable").tolist()
    place = {at: rank for rank, at in enumerate(order)}
    return _table(
        [[order[near] for near in (place[at] - 1, place[at] + 1) if 0 <= near < len(order)] for at in range(len(order))]
    )


def _month_steps(months: Sequence[str]) -> IntArray:
    """Return the months before and after each, of those that there are, December beside January."""
    order = sorted(range(len(months)), key=lambda at: MONTH_NAMES.index(months[at]))
    place = {at: rank for rank, at in enumerate(order)}
    count = len(order)
    return _table([list({order[(place[at] + step) % count] for step in (-1, 1)} - {at}) for at in range(count)])


def _basket_steps(axis: Axis) -> IntArray:
    """Return for each basket those of one name exchanged, and the same names at the next weights."""
    values = [value.parameters for value in axis.values]
    place = {value: at for at, value in enumerate(values)}
    names = sorted({name for value in values for name in str(value[0]).split()})
    spelled = {(frozenset(str(value[0]).split()), value[2:]): value for value in values}
    weights = sorted({value[2:] for value in values})
    found = []
    for value in values:
        own = frozenset(str(value[0]).split())
        near = [
            spelled.get((own - {out} | {into}, value[2:])) for out in sorted(own) for into in names if into not in own
        ]
        rank = weights.index(value[2:])
        near += [spelled.get((own, weights[at])) for at in (rank - 1, rank + 1) if 0 <= at < len(weights)]
        found.append([place[one] for one in near if one is not None])
    return _table(found)


def _table(neighbours: Sequence[Sequence[int]]) -> IntArray:
    """Return lists of different length as (V, K), padded with -1."""
    result = np.full((len(neighbours), max(map(len, neighbours), default=0)), -1)
    for row, own in enumerate(neighbours):
        result[row, : len(own)] = sorted(own)
    return result


def worst_neighbours(space: Space, steps: Sequence[AxisSteps], figures: FloatArray) -> FloatArray:
    """Return (points,) the lowest of ``figures`` (points,) one step away from each point of a grid.

    What is no variant (NaN) is no neighbour; infinity where there is none.
    """
    lowest = np.full(figures.shape, np.inf)
    known = np.where(np.isnan(figures), np.inf, figures)
    by_name = {one.name: one for one in steps}
    for number, axis in enumerate(space.axes):
        if (own := by_name.get(axis.name)) is None:
            continue
        shape = (-1, len(axis.values), int(np.prod(space.sizes[number + 1 :], dtype=np.int64)))
        values, least = known.reshape(shape), lowest.reshape(shape)
        for column in own.neighbours.T:
            has = np.flatnonzero(column >= 0)
            least[:, has] = np.minimum(least[:, has], values[:, column[has]])
    return lowest


def plateau_pick(worst: FloatArray, region: BoolArray) -> int | None:
    """Return which of the ``region`` (points,) has the best ``worst`` neighbour, the first of equals; None without."""
    usable = region & np.isfinite(worst)
    return int(np.argmax(np.where(usable, worst, -np.inf))) if usable.any() else None


def on_edges(steps: Sequence[AxisSteps], space: Space, indices: Sequence[int]) -> list[str]:
    """Return the ordered axes of which a point with ``indices`` (D,) has the first or the last value."""
    places = {axis.name: int(at) for axis, at in zip(space.axes, indices, strict=True)}
    return [one.name for one in steps if one.is_ordered and (one.neighbours[places[one.name]] >= 0).sum() < 2]
