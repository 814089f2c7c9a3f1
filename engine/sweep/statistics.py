"""What a sweep shows: the distribution, the best and the worst, where a portfolio ranks, what each axis does.

Read from the table alone, column by column; the same table gives the same statistics to the bit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from engine.core.arrays import FloatArray, IntArray, finite_or_none
from engine.sweep.axes import ParameterValue
from engine.sweep.results_table import ResultsReader
from engine.sweep.space import Parameter, Points, Space

QUANTILES: Final = (0.05, 0.25, 0.5, 0.75, 0.95)
MAX_LISTED: Final = 20
"""Best and worst variants that a summary lists."""

_GOLDEN: Final = 0x9E3779B97F4A7C15
_HASH_FACTORS = np.array([pow(_GOLDEN, power, 2**64) for power in range(4)], dtype=np.uint64)
"""Odd factors that fold the first 32 digits of an id, four words, into one."""
_SMALL_CODE_TYPE, _MAX_SMALL_CODES = np.int16, 2**15
"""Codes of so few labels are sorted by their digits, which takes a tenth of the time."""

LabelCodes: TypeAlias = npt.NDArray[np.int32]
"""(S,) which label of a parameter each variant has."""


@dataclass(frozen=True)
class SweepResults:
    """A results table with the space it is of; S variants in the order of their points."""

    table: ResultsReader
    space: Space
    points: Points

    @cached_property
    def point_numbers(self) -> IntArray:
        """(S,) of the points."""
        return self.table.numbers("number", np.int64)

    def metric(self, name: str) -> FloatArray:
        """Return (S,) a metric, NaN where it does not exist."""
        return self.table.numbers(name, np.float64)

    def codes(self, parameter: Parameter) -> LabelCodes:
        """Return (S,) positions in the parameter's labels."""
        return parameter.codes[self.points.indices_along(self.point_numbers, parameter.axis_number)]

    def ids(self, rows: Sequence[int]) -> list[str]:
        """Return the ids of some rows."""
        file = self.table.file
        bounds = np.cumsum([0, *(file.metadata.row_group(g).num_rows for g in range(file.num_row_groups))])
        groups = np.searchsorted(bounds, rows, side="right") - 1
        columns = {group: self.table.column("id", group) for group in np.unique(groups).tolist()}
        return [str(columns[g][row - int(bounds[g])]) for row, g in zip(rows, groups.tolist(), strict=True)]

    @cached_property
    def distinct_count(self) -> int:
        """How many different configs there are among the variants, by a hash (64 bits) of half of each id."""
        parts = [np.empty(0, dtype=np.uint64)]
        for group in range(self.table.file.num_row_groups):  # not all at once: the ids are the largest column
            column = self.table.column("id", group)
            text = np.frombuffer(column.buffers()[2], dtype=np.uint8)[: 64 * len(column)].reshape(-1, 64)
            parts.append((np.ascontiguousarray(text[:, :32]).view("<u8") * _HASH_FACTORS).sum(axis=1, dtype=np.uint64))
        mixed = np.sort(np.concatenate(parts))
        return len(mixed) and 1 + int(np.count_nonzero(mixed[1:] != mixed[:-1]))


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

    number: int
    id: str
    parameters: Mapping[str, ParameterValue]
    figures: Mapping[str, float | None]


def distribution(values: FloatArray) -> Distribution:
    """Return the distribution of ``values`` (S,), NaN left out."""
    known = values[np.isfinite(values)]
    if not len(known):
        return {"least": None, "mean": None, "most": None, "missing": len(values)}
    quantiles = zip((f"p{round(100 * q):02}" for q in QUANTILES), np.quantile(known, QUANTILES).tolist(), strict=True)
    ends = {"mean": float(known.mean()), "most": float(known.max()), "missing": len(values) - len(known)}
    return {"least": float(known.min()), **dict(quantiles), **ends}


def rank_among_results(value: float | None, values: FloatArray, sign: int) -> Rank:
    """Return where ``value`` stands among ``values`` (S,); ``sign`` 1 where more is better, -1 where less is."""
    known = values[np.isfinite(values)]
    if value is None or not np.isfinite(value) or not len(known):
        return Rank(None, None, None)
    better = int(np.count_nonzero(sign * known > sign * value))
    worse = int(np.count_nonzero(sign * known < sign * value))
    return Rank(float(value), better + 1, worse / len(known))


def rank_rows(values: FloatArray, sign: int) -> IntArray:
    """Return the rows of ``values`` (S,) from the best to the worst, the earlier point first where two are equal."""
    known = np.flatnonzero(np.isfinite(values))
    return known[np.argsort(-sign * values[known], kind="stable")]


def label_effects(codes: LabelCodes, labels: Sequence[ParameterValue], values: FloatArray) -> list[LabelEffect]:
    """Return count, mean and median of ``values`` (S,) for each label."""
    known = np.isfinite(values)
    codes, values = codes[known], values[known]
    counts = np.bincount(codes, minlength=len(labels))
    sums = np.bincount(codes, weights=values, minlength=len(labels))
    rising = np.argsort(values)
    kind = _SMALL_CODE_TYPE if len(labels) < _MAX_SMALL_CODES else np.int64
    grouped = rising[np.argsort(codes[rising].astype(kind), kind="stable")]
    ordered, ends = values[grouped], np.cumsum(counts)
    return [
        LabelEffect(label, count, total / count, _sorted_median(ordered[end - count : end]))
        if count
        else LabelEffect(label, 0, None, None)
        for label, count, total, end in zip(labels, counts.tolist(), sums.tolist(), ends.tolist(), strict=True)
    ]


def _sorted_median(ordered: FloatArray) -> float:
    """Return the median of values in rising order."""
    return float((ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2.0)


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


def list_variants(results: SweepResults, rows: Sequence[int], metrics: Mapping[str, FloatArray]) -> list[RankedVariant]:
    """Return some rows with their parameters and their ``metrics`` (rows,)."""
    numbers = results.point_numbers[list(rows)]
    points = zip(numbers.tolist(), results.ids(rows), results.points.indices(numbers).tolist(), strict=True)
    return [
        RankedVariant(
            number,
            identity,
            results.space.parameter_values(indices),
            {name: finite_or_none(float(column[at])) for name, column in metrics.items()},
        )
        for at, (number, identity, indices) in enumerate(points)
    ]
