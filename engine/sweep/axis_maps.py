"""Two axes at once: for each pair of values how far variants are from those of the plan's own pair, and past noise.

What a cell has is a difference of two means, of the variants with its two values and of those with the plan's, or of
all where there are none of these. Names that baskets hold are a side, too; its baseline are all baskets. An axis of
many numbers is put into groups.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from engine.core.arrays import BoolArray, FloatArray, IntArray, finite_or_none
from engine.sweep.axes import ParameterValue
from engine.sweep.effects import AxisSums
from engine.sweep.noise_band import standard_error
from engine.sweep.space import Parameter, Space

MAX_LABELS: Final = 40
"""Values of a side of a map; more numbers are put into ``LABEL_GROUPS`` groups of about as many."""
LABEL_GROUPS: Final = 20
MAX_CELLS: Final = 3_000
"""Cells of all maps of a sweep together."""
MAX_SUMS: Final = 4_000_000
"""Sums that are kept of two axes; where there would be more, there is no map of them."""


@dataclass(frozen=True)
class MapSide:
    """A parameter as a side of a map.

    ``labels`` are the first and the last value that each row or column stands for, ``baseline`` says which of them is
    the plan's, None where it is all of them; ``held``: names that baskets hold.
    """

    name: str
    labels: tuple[tuple[ParameterValue, ParameterValue], ...]
    baseline: int | None
    held: bool = False


@dataclass(frozen=True)
class AxisMap:
    """The mean of a metric over two sides, less that of the plan's own cell.

    ``differences`` (rows, columns), None where there is no variant; ``within`` (rows, columns) whether noise alone may
    be as large, None where it has no band.
    """

    rows: MapSide
    columns: MapSide
    differences: tuple[tuple[float | None, ...], ...]
    within: tuple[tuple[bool | None, ...], ...]


@dataclass(frozen=True)
class _Side:
    """A side with the ``members`` (L, V) of each of its labels among the values of its axis."""

    shown: MapSide
    parameter: Parameter
    members: BoolArray

    @property
    def axis(self) -> int:
        return self.parameter.axis_number

    @property
    def is_principal(self) -> bool:
        """Whether it is a parameter that the config writes by itself."""
        return not self.parameter.is_derived and not self.shown.held

    @property
    def baseline_members(self) -> BoolArray:
        """(V,) the values of the axis that are the baseline."""
        place = self.shown.baseline
        return np.ones(self.members.shape[1], dtype=np.bool_) if place is None else np.asarray(self.members[place])


def _sides(space: Space, baselines: Mapping[str, ParameterValue]) -> Iterator[_Side]:
    for one in space.parameters:
        count = len(one.labels)
        place = one.labels.index(baselines[one.name])
        if 1 < count <= MAX_LABELS:
            members = one.codes == np.arange(count)[:, None]
            yield _Side(MapSide(one.name, tuple((label, label) for label in one.labels), place), one, members)
        elif count > MAX_LABELS and isinstance(one.labels[0], float):
            group = np.arange(count) * LABEL_GROUPS // count
            ends = [np.flatnonzero(group == at)[[0, -1]].tolist() for at in range(LABEL_GROUPS)]
            labels = tuple((one.labels[low], one.labels[high]) for low, high in ends)
            members = group[one.codes] == np.arange(LABEL_GROUPS)[:, None]
            yield _Side(MapSide(one.name, labels, int(group[place])), one, members)
        if one.is_basket:
            baskets = [str(label).split() for label in one.labels]
            names = list(dict.fromkeys(name for basket in baskets for name in basket))
            if 1 < len(names) <= MAX_LABELS:
                holds = np.array([[name in basket for basket in baskets] for name in names])[:, one.codes]
                yield _Side(MapSide(one.name, tuple((name, name) for name in names), None, held=True), one, holds)


def _has_map(one: _Side, other: _Side) -> bool:
    """Tell whether two sides can differ: what a basket is called says its size and its names."""
    same_axis = one.axis == other.axis
    return one.parameter is not other.parameter and not (
        same_axis and any(side.parameter.is_basket and not side.shown.held for side in (one, other))
    )


@dataclass
class MapSums:
    """The sums that the maps of a sweep are made of, as variants are added."""

    pairs: Sequence[tuple[_Side, _Side]]
    sizes: Sequence[int]
    kinds: int
    _sums: dict[tuple[int, int], tuple[FloatArray, IntArray]] = field(default_factory=dict)

    @classmethod
    def of(cls, space: Space, baselines: Mapping[str, ParameterValue], kinds: int) -> MapSums:
        """Begin with no variant, for as many pairs as fit: first those that the config writes, the largest first."""
        found = [pair for pair in itertools.combinations(_sides(space, baselines), 2) if _has_map(*pair)]
        found.sort(key=_order)
        sizes, cells, chosen = space.sizes, 0, []
        for one, other in found:
            own = len(one.members) * len(other.members)
            fits = one.axis == other.axis or sizes[one.axis] * sizes[other.axis] * kinds <= MAX_SUMS
            if fits and cells + own <= MAX_CELLS:
                cells += own
                chosen.append((one, other))
        sums = cls(chosen, sizes, kinds)
        for axes in {_axes(one, other) for one, other in chosen if one.axis != other.axis}:
            count = sizes[axes[0]] * sizes[axes[1]]
            sums._sums[axes] = np.zeros((kinds, count)), np.zeros(count, dtype=np.int64)
        return sums

    def add(self, along: Sequence[IntArray], figures: FloatArray) -> None:
        """Add variants by their values ``along`` each axis, with ``figures`` (K, variants)."""
        for (first, second), (own, counts) in self._sums.items():
            cell = along[first] * self.sizes[second] + along[second]
            for kind, figure in enumerate(figures):
                own[kind] += np.bincount(cell, weights=figure, minlength=len(counts))
            counts[:] += np.bincount(cell, minlength=len(counts))

    def maps(self, axes: Sequence[AxisSums], width: float) -> tuple[AxisMap, ...]:
        """Return the maps; ``axes`` are sums along each axis, bands reach ``width`` standard errors to each side."""
        found = (self._map(one, other, axes, width) for one, other in self.pairs)
        return tuple(one for one in found if one is not None)

    def _map(self, rows: _Side, columns: _Side, axes: Sequence[AxisSums], width: float) -> AxisMap | None:
        """Return a map; None where no two rows or no two columns have variants."""
        own, counts = self._cells(rows, columns, axes)
        totals, count = _sum_cells(own, counts, rows.members, columns.members)
        base, base_count = _sum_cells(own, counts, rows.baseline_members[None], columns.baseline_members[None])
        there, shown = count > 0, (rows.shown, columns.shown)
        if min(there.any(axis=1).sum(), there.any(axis=0).sum()) < 2:
            return None
        if not base_count.all():  # as often with sampled points: all variants are the baseline
            every = (np.ones((1, side.members.shape[1]), dtype=np.bool_) for side in (rows, columns))
            base, base_count = _sum_cells(own, counts, *every)
            shown = replace(rows.shown, baseline=None), replace(columns.shown, baseline=None)
        apart = totals / np.where(there, count, np.nan) - base / base_count
        errors = standard_error(apart[1:]) if self.kinds > 1 else np.full(count.shape, np.nan)
        within = np.abs(apart[0]) <= width * errors
        return AxisMap(
            *shown,
            tuple(tuple(finite_or_none(value) for value in row) for row in apart[0].tolist()),
            tuple(
                tuple(bool(inside) if np.isfinite(error) else None for inside, error in zip(*row, strict=True))
                for row in zip(within, errors, strict=True)
            ),
        )

    def _cells(self, rows: _Side, columns: _Side, axes: Sequence[AxisSums]) -> tuple[FloatArray, IntArray]:
        """Return sums (K, V, W) and counts (V, W) by the values of both axes; of one axis (K, V) and (V,)."""
        if rows.axis == columns.axis:
            return axes[rows.axis].own, axes[rows.axis].counts
        pair = _axes(rows, columns)
        shape = self.sizes[pair[0]], self.sizes[pair[1]]
        own, counts = self._sums[pair]
        cells, numbers = own.reshape(self.kinds, *shape), counts.reshape(shape)
        return (cells, numbers) if rows.axis == pair[0] else (cells.transpose(0, 2, 1), numbers.T)


def _order(pair: tuple[_Side, _Side]) -> tuple[int, int]:
    """Return what pairs are ordered by: whole baskets last, and before them what follows from baskets."""
    baskets = sum(side.parameter.is_basket and not side.shown.held for side in pair)
    others = sum(not side.is_principal for side in pair)
    return 3 * baskets + others, -len(pair[0].members) * len(pair[1].members)


def _axes(one: _Side, other: _Side) -> tuple[int, int]:
    return min(one.axis, other.axis), max(one.axis, other.axis)


def _sum_cells(own: FloatArray, counts: IntArray, rows: BoolArray, columns: BoolArray) -> tuple[FloatArray, FloatArray]:
    """Return (K, L, M) sums and (L, M) counts of the labels, whose members are ``rows`` (L, V) and ``columns`` (M, W).

    With sums along one axis alone, members of both are among its values.
    """
    totals = np.zeros((len(own), len(rows), len(columns)))
    found = np.zeros((len(rows), len(columns)))
    for at, row in enumerate(rows):
        if own.ndim == 3:
            part, number = own[:, row].sum(axis=1), counts[row].sum(axis=0)
        for place, column in enumerate(columns):
            if own.ndim == 2:
                both = row & column
                totals[:, at, place], found[at, place] = own[:, both].sum(axis=1), counts[both].sum()
            else:
                totals[:, at, place], found[at, place] = part[:, column].sum(axis=1), number[column].sum()
    return totals, found
