"""What a sweep shows: the distribution, the best and the worst, where a portfolio ranks, what each axis does.

Read from the table alone, column by column; the same table gives the same statistics to the bit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from engine.core.arrays import FloatArray, IntArray, finite_or_none
from engine.sweep.axes import ParameterValue
from engine.sweep.results_table import ResultsReader
from engine.sweep.section_values import flatten_indices
from engine.sweep.space import Parameter, Points, Space

QUANTILES: Final = (0.05, 0.25, 0.5, 0.75, 0.95)
MAX_LISTED: Final = 20
"""Best and worst variants that a summary lists."""

_SMALL_CODE_TYPE, _MAX_SMALL_CODES = np.int16, 2**15
"""Codes of so few labels are sorted by their digits, which takes a tenth of the time."""

LabelCodes: TypeAlias = npt.NDArray[np.int32]
"""(S,) which label of a parameter each variant has."""


@dataclass(frozen=True)
class SweepResults:
    """A results table with the space it is of; S variants in the order of their points.

    ``equal_values`` by axis that has values which state the same (values,): the first that states the same as each.
    """

    table: ResultsReader
    space: Space
    points: Points
    equal_values: Mapping[int, IntArray]

    @cached_property
    def point_numbers(self) -> IntArray:
        """(S,) of the points."""
        return self.table.numbers("point", np.int64)

    def metric(self, name: str) -> FloatArray:
        """Return (S,) a metric, NaN where it does not exist."""
        return self.table.numbers(name, np.float64)

    def codes(self, parameter: Parameter) -> LabelCodes:
        """Return (S,) positions in the parameter's labels."""
        return parameter.codes[self.points.indices_along(self.point_numbers, parameter.axis_number)]

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
class LabelEffect:
    """The variants that share one label of a parameter."""

    label: ParameterValue
    count: int
    mean: float | None
    median: float | None


@dataclass(frozen=True)
class RankedVariant:
    """One variant of a list."""

    point: int
    id: str
    sha256: str
    parameters: Mapping[str, ParameterValue]
    figures: Mapping[str, float | None]


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


def label_effects(codes: LabelCodes, labels: Sequence[ParameterValue], values: FloatArray) -> list[LabelEffect]:
    """Return count, mean and median of ``values`` (S,) for each label."""
    known = np.isfinite(values)
    if not known.all():
        codes, values = codes[known], values[known]
    counts = np.bincount(codes, minlength=len(labels))
    sums = np.bincount(codes, weights=values, minlength=len(labels))
    kind = _SMALL_CODE_TYPE if len(labels) < _MAX_SMALL_CODES else np.int64
    grouped, ends = values[np.argsort(codes.astype(kind), kind="stable")], np.cumsum(counts)
    return [
        LabelEffect(label, count, total / count, float(np.median(grouped[end - count : end])))
        if count
        else LabelEffect(label, 0, None, None)
        for label, count, total, end in zip(labels, counts.tolist(), sums.tolist(), ends.tolist(), strict=True)
    ]


def basket_name_effects(codes: LabelCodes, parameter: Parameter, values: FloatArray) -> list[LabelEffect]:
    """Return for each name in the baskets of a parameter the variants whose basket holds it."""
    baskets = [str(label).split() for label in parameter.labels]
    by_basket = label_effects(codes, parameter.labels, values)
    known = np.isfinite(values)
    result = []
    for name in dict.fromkeys(name for basket in baskets for name in basket):
        holds = np.array([name in basket for basket in baskets])
        rows = known & holds[codes]
        inside = [one for one, held in zip(by_basket, holds, strict=True) if held and one.mean is not None]
        count = sum(one.count for one in inside)
        total = sum(one.count * one.mean for one in inside if one.mean is not None)
        median = float(np.median(values[rows])) if count else None
        result.append(LabelEffect(name, count, total / count if count else None, median))
    return result


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
