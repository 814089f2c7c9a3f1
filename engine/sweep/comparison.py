"""Variants of equal sessions held against each other: what values of axes do, and who is as near the best as noise.

One pass over the table, a row group at a time: the block sums of a variant are read once and not kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from engine.core.arrays import BoolArray, FloatArray, IntArray
from engine.simulation.kernel.records import RETURN_BLOCKS
from engine.sweep.axes import ParameterValue
from engine.sweep.axis_maps import AxisMap, MapSums
from engine.sweep.batch.batch_metrics import SUM_COLUMNS
from engine.sweep.effects import AxisEffects, AxisSums, PairSums, compare_names, compare_values, pair_partners
from engine.sweep.noise_band import USUAL_WIDTH, BlockFigure, standard_error
from engine.sweep.space import Parameter
from engine.sweep.statistics import SweepResults

_SLICE_ROWS: Final = 2_048
"""Rows that are looked at together: what is computed of so many stays in the cache."""


@dataclass(frozen=True)
class VariantComparison:
    """What a pass over the variants found.

    ``effects`` by parameter, and by ``<parameter> holds`` for the names in its baskets; ``near_best`` counts variants
    no further from the best than noise, those marked in ``near`` (S,), None where there is no band; ``listed``
    (K, rows) the metric of the rows that were asked for, then of it without each block; ``maps`` of two axes at once.
    """

    effects: dict[str, AxisEffects]
    near_best: int | None
    near: BoolArray | None
    listed: FloatArray
    maps: tuple[AxisMap, ...]


def compare_variants(
    results: SweepResults,
    values: FloatArray,
    figure: BlockFigure | None,
    plan_values: Sequence[int],
    listed: Sequence[int],
) -> VariantComparison:
    """Compare the variants of ``results``, whose metric is ``values`` (S,), from the plan's own values of the axes.

    ``figure`` is the metric as a function of block sums, None where it is none; ``listed`` are rows, the best first.
    """
    space, points = results.space, results.points
    kinds, width = (1, USUAL_WIDTH) if figure is None else (1 + RETURN_BLOCKS, figure.width)
    baselines = {one.name: _baseline(one, plan_values[one.axis_number]) for one in space.parameters}
    sums = [AxisSums(len(axis.values), kinds) for axis in space.axes]
    pairs, maps = _empty_pairs(results, baselines, kinds), MapSums.of(space, baselines, kinds)
    there = _points_there(results, values) if pairs else None
    found = np.full((kinds, len(listed)), np.nan)
    places = np.array(listed, dtype=np.int64)
    best = _figures(results, values, figure, places[:1]) if len(listed) else found
    near_rows = np.zeros(len(values), dtype=np.bool_)
    for rows, figures in _slices(results, values, figure):
        inside = np.isin(places, rows)
        found[:, inside] = figures[:, np.searchsorted(rows, places[inside])]
        known = np.isfinite(figures[0])
        numbers, ranked = results.point_numbers[rows], figures
        if not known.all():
            numbers, ranked = numbers[known], figures[:, known]
        near = _is_near(ranked, best, figure.width) if figure is not None else np.zeros(len(numbers), dtype=np.bool_)
        near_rows[rows[known]] = near
        along = [points.indices_along(numbers, axis) for axis in range(len(space.axes))]
        for axis_sums, own in zip(sums, along, strict=True):
            axis_sums.add(own, ranked, near)
        maps.add(along, ranked)
        if there is not None and not there.all():
            for one in pairs.values():
                one.add(numbers, along[one.axis], ranked, there)
    if there is not None and there.all():
        for one in pairs.values():
            one.set_complete(sums[one.axis])
    effects = {
        one.name: compare_values(one, baselines[one.name], sums[one.axis_number], pairs.get(one.name), width)
        for one in space.parameters
    }
    held = {
        f"{one.name} holds": compare_names(one, sums[one.axis_number], width)
        for one in space.parameters
        if one.is_basket
    }
    if figure is None or not listed:
        return VariantComparison(effects | held, None, None, found, maps.maps(sums, width))
    return VariantComparison(effects | held, int(near_rows.sum()), near_rows, found, maps.maps(sums, width))


def _baseline(parameter: Parameter, place: int) -> ParameterValue:
    return parameter.labels[int(parameter.codes[place])]


def _empty_pairs(results: SweepResults, baselines: dict[str, ParameterValue], kinds: int) -> dict[str, PairSums]:
    """Return, for each parameter of a grid that can be matched, sums over no pair."""
    if results.points.sampled is not None:
        return {}
    found = {}
    for one in results.space.parameters:
        partners = pair_partners(results.space, one, baselines[one.name])
        if partners is not None:
            found[one.name] = PairSums(one.axis_number, partners, results.points.stride(one.axis_number), kinds)
    return found


def _points_there(results: SweepResults, values: FloatArray) -> BoolArray:
    """Return (points,) whether each is a variant that has the metric."""
    there = np.zeros(results.points.count, dtype=np.bool_)
    there[results.point_numbers[np.isfinite(values)]] = True
    return there


def _slices(
    results: SweepResults, values: FloatArray, figure: BlockFigure | None
) -> Iterator[tuple[IntArray, FloatArray]]:
    """Yield rows, and (K, rows) their metric and what it is without each block, some at a time."""
    for group, rows, inside in results.row_groups():
        if figure is None:
            yield rows, values[None, rows]
            continue
        columns = results.table.columns(SUM_COLUMNS, group)
        for begin in range(0, len(rows), _SLICE_ROWS):
            cut = rows[begin : begin + _SLICE_ROWS]
            sums = np.array([column[inside[begin : begin + _SLICE_ROWS]] for column in columns])
            without = figure.without_each_block(sums[:RETURN_BLOCKS], sums[RETURN_BLOCKS:])
            yield cut, np.vstack([values[None, cut], without])


def _figures(results: SweepResults, values: FloatArray, figure: BlockFigure | None, places: IntArray) -> FloatArray:
    """Return (K, 1) what :func:`_slices` yields of one row."""
    for group, rows, inside in results.row_groups():
        if figure is not None and places[0] in rows:
            row = inside[rows == places[0]]
            sums = np.array([column[row] for column in results.table.columns(SUM_COLUMNS, group)])
            return np.vstack([values[places], figure.without_each_block(sums[:RETURN_BLOCKS], sums[RETURN_BLOCKS:])])
    return values[None, places]


def _is_near(figures: FloatArray, best: FloatArray, width: float) -> BoolArray:
    """Return (rows,) whether each is no further from the best than noise."""
    apart = figures - best
    near: BoolArray = np.abs(apart[0]) <= width * standard_error(apart[1:])
    return near
