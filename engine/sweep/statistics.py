"""What a sweep shows: the distribution, the best and the worst, where a portfolio ranks, what each axis does.

Read from the table alone, column by column; the same table gives the same statistics to the bit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final, TypeAlias

import numpy as np

from engine.core.arrays import BoolArray, FloatArray, IntArray, finite_or_none
from engine.sweep.axes import ParameterValue
from engine.sweep.noise_band import Band
from engine.sweep.results_table import ResultsReader
from engine.sweep.section_values import flatten_indices
from engine.sweep.space import Points, Space

QUANTILES: Final = (0.05, 0.25, 0.5, 0.75, 0.95)
MAX_LISTED: Final = 20
"""Best and worst variants that a summary lists."""


@dataclass(frozen=True)
class SweepResults:
    """A results table with the space it is of; S variants in the order of their points, all or some ``rows`` of them.

    ``equal_values`` by axis that has values which state the same (values,): the first that states the same as each.
    """

    table: ResultsReader
    space: Space
    points: Points
    equal_values: Mapping[int, IntArray]
    rows: IntArray | None = None

    def restrict(self, chosen: BoolArray) -> SweepResults:
        """Return those variants of all that are ``chosen`` (S,)."""
        return self if chosen.all() else replace(self, rows=np.flatnonzero(chosen))

    @cached_property
    def point_numbers(self) -> IntArray:
        """(S,) of the points."""
        numbers = self.table.numbers("point", np.int64)
        return numbers if self.rows is None else numbers[self.rows]

    def metric(self, name: str) -> FloatArray:
        """Return (S,) a metric, NaN where it does not exist."""
        values = self.table.numbers(name, np.float64)
        return values if self.rows is None else values[self.rows]

    def row_groups(self) -> Iterator[tuple[int, IntArray, IntArray]]:
        """Yield each row group of the table, which of the variants are in it, and where in it they are."""
        end = 0
        for group in range(self.table.file.num_row_groups):
            begin, end = end, end + self.table.file.metadata.row_group(group).num_rows
            inside = np.arange(begin, end)
            if self.rows is None:
                yield group, inside, inside - begin
            else:
                chosen = np.arange(*np.searchsorted(self.rows, [begin, end]))
                yield group, chosen, self.rows[chosen] - begin

    @cached_property
    def distinct_count(self) -> int:
        """How many different plans there are among the variants: points with equal values state the same."""
        numbers = self.point_numbers
        if not self.equal_values:
            return len(numbers)
        indices = self.points.indices(numbers)
        for axis, first in self.equal_values.items():
            indices[:, axis] = first[indices[:, axis]]
        return len(np.unique(flatten_indices(indices, list(enumerate(self.space.axes)))))


Distribution: TypeAlias = dict[str, int | float | None]
"""How a metric is distributed over the variants that have it: ``least``, the quantiles ``p05`` to ``p95``, ``mean`` and
``most``; ``missing`` have not. Without any there are no quantiles."""


@dataclass(frozen=True)
class Rank:
    """Where a value stands: ``rank`` 1 is the best, ``better_than`` is the share of variants that are worse."""

    value: float | None
    rank: int | None
    better_than: float | None


@dataclass(frozen=True)
class RankedVariant:
    """One variant of a list."""

    point: int
    id: str
    sha256: str
    parameters: Mapping[str, ParameterValue]
    figures: Mapping[str, float | None]
    difference: float | None = None
    band: Band | None = None
    near_best: bool | None = None


def distribution(values: FloatArray) -> Distribution:
    """Return the distribution of ``values`` (S,), NaN left out."""
    known = select_finite(values)
    if not len(known):
        return {"least": None, "mean": None, "most": None, "missing": len(values)}
    quantiles = zip((f"p{round(100 * q):02}" for q in QUANTILES), np.quantile(known, QUANTILES).tolist(), strict=True)
    ends = {"mean": float(known.mean()), "most": float(known.max()), "missing": len(values) - len(known)}
    return {"least": float(known.min()), **dict(quantiles), **ends}


def rank_among_results(value: float | None, values: FloatArray, sign: int) -> Rank:
    """Return where ``value`` stands among ``values`` (S,); ``sign`` 1 where more is better, -1 where less is."""
    count = int(np.count_nonzero(np.isfinite(values)))
    if value is None or not np.isfinite(value) or not count:
        return Rank(None, None, None)
    above, below = int(np.count_nonzero(values > value)), int(np.count_nonzero(values < value))
    better, worse = (above, below) if sign > 0 else (below, above)
    return Rank(float(value), better + 1, worse / count)


def rank_rows(values: FloatArray, sign: int, most: int) -> IntArray:
    """Return the ``most`` best rows of ``values`` (S,), the earlier first where two are equal; NaN has no rank."""
    order = -values if sign > 0 else values
    most = min(most, int(np.count_nonzero(np.isfinite(values))))
    if not most:
        return np.empty(0, dtype=np.int64)
    rows = np.flatnonzero(order <= np.partition(order, most - 1)[most - 1])
    return rows[np.argsort(order[rows], kind="stable")][:most]


def select_finite(values: FloatArray) -> FloatArray:
    """Return the finite ones of ``values``, which are not copied where all of them are."""
    finite = np.isfinite(values)
    return values if finite.all() else values[finite]


def list_variants(
    results: SweepResults,
    rows: Sequence[int],
    metrics: Mapping[str, FloatArray],
    identify: Callable[[int], tuple[str, str]],
) -> list[RankedVariant]:
    """Return some rows with their parameters and their ``metrics`` (rows,).

    ``identify`` returns the id of a point and the SHA-256 of its config.
    """
    numbers = results.point_numbers[list(rows)]
    return [
        RankedVariant(
            point,
            *identify(point),
            results.space.parameter_values(indices),
            {name: finite_or_none(float(column[at])) for name, column in metrics.items()},
        )
        for at, (point, indices) in enumerate(
            zip(numbers.tolist(), results.points.indices(numbers).tolist(), strict=True)
        )
    ]
