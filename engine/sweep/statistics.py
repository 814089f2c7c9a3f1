"""What a sweep shows: the distribution, the best and the worst, where the plan itself stands, what each axis does.

Read from the table alone, column by column; the same table gives the same evidence to the bit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from engine.core.arrays import FloatArray, IntArray
from engine.sweep.axes import Cell
from engine.sweep.results_table import damaged, numbers_of
from engine.sweep.space import Parameter, Points, Space

QUANTILES: Final = (0.05, 0.25, 0.5, 0.75, 0.95)
SHOWN: Final = 20
"""Best and worst variants that a summary lists."""

_GOLDEN: Final = 0x9E3779B97F4A7C15
_MIX = np.array([pow(_GOLDEN, power, 2**64) for power in range(4)], dtype=np.uint64)
"""Odd factors that fold the first 32 digits of an id, four words, into one."""
_SMALL, _MANY = np.int16, 2**15
"""Codes of so few labels are sorted by their digits, which takes a tenth of the time."""

Codes: TypeAlias = npt.NDArray[np.int32]
"""(S,) which label of a parameter each variant has."""


@dataclass(frozen=True)
class Results:
    """A results table with the space it is of; S variants in the order of their points."""

    path: Path
    space: Space
    points: Points

    @cached_property
    def _file(self) -> pq.ParquetFile:
        return pq.ParquetFile(self.path, page_checksum_verification=True)

    @cached_property
    def numbers(self) -> IntArray:
        """(S,) of the points."""
        return self._column("number", "<i8").astype(np.int64, copy=False)

    def figure(self, name: str) -> FloatArray:
        """Return (S,) a figure, NaN where it does not exist."""
        return self._column(name, "<f8").astype(np.float64, copy=False)

    def codes(self, parameter: Parameter) -> Codes:
        """Return (S,) positions in the parameter's labels."""
        return parameter.codes[self.points.digit(self.numbers, parameter.place)]

    def ids(self, rows: Sequence[int]) -> list[str]:
        """Return the ids of some rows."""
        bounds = np.cumsum([0, *(self._file.metadata.row_group(g).num_rows for g in range(self._file.num_row_groups))])
        found: dict[int, str] = {}
        for group in sorted({int(np.searchsorted(bounds, row, side="right")) - 1 for row in rows}):
            column = self._ids(group)
            inside = [row for row in rows if bounds[group] <= row < bounds[group + 1]]
            found |= {row: str(column[row - int(bounds[group])]) for row in inside}
        return [found[row] for row in rows]

    @cached_property
    def distinct(self) -> int:
        """How many different configs there are among the variants, by a hash (64 bits) of half of each id."""
        parts = [np.empty(0, dtype=np.uint64)]
        for group in range(self._file.num_row_groups):  # not all at once: the ids are the largest column
            column = self._ids(group)
            text = np.frombuffer(column.buffers()[2], dtype=np.uint8)[: 64 * len(column)].reshape(-1, 64)
            parts.append((np.ascontiguousarray(text[:, :32]).view("<u8") * _MIX).sum(axis=1, dtype=np.uint64))
        mixed = np.sort(np.concatenate(parts))
        return len(mixed) and 1 + int(np.count_nonzero(mixed[1:] != mixed[:-1]))

    def _ids(self, group: int) -> pa.Array:
        try:
            return self._file.read_row_group(group, columns=["id"]).column("id").combine_chunks()
        except (pa.ArrowException, OSError) as error:
            raise damaged(self.path, error) from None

    def _column(self, name: str, kind: str) -> npt.NDArray[np.generic]:
        try:
            return numbers_of(self._file, name, kind)
        except (pa.ArrowException, OSError) as error:
            raise damaged(self.path, error) from None


@dataclass(frozen=True)
class Spread:
    """How a figure is distributed over the variants that have it; ``missing`` have not."""

    least: float | None
    quantiles: tuple[float, ...]
    mean: float | None
    most: float | None
    missing: int


@dataclass(frozen=True)
class Standing:
    """Where a value stands: ``rank`` 1 is the best, ``better_than`` is the share of variants that are worse."""

    value: float | None
    rank: int | None
    better_than: float | None


@dataclass(frozen=True)
class Effect:
    """The variants that share one label of a parameter."""

    label: Cell
    count: int
    mean: float | None
    median: float | None


@dataclass(frozen=True)
class Listed:
    """One variant of a list."""

    number: int
    id: str
    parameters: Mapping[str, Cell]
    figures: Mapping[str, float | None]


def spread(values: FloatArray) -> Spread:
    """Return the distribution of ``values`` (S,), NaN left out."""
    known = values[np.isfinite(values)]
    if not len(known):
        return Spread(None, (), None, None, len(values))
    quantiles = tuple(np.quantile(known, QUANTILES).tolist())
    return Spread(float(known.min()), quantiles, float(known.mean()), float(known.max()), len(values) - len(known))


def standing(value: float | None, values: FloatArray, sign: int) -> Standing:
    """Return where ``value`` stands among ``values`` (S,); ``sign`` 1 where more is better, -1 where less is."""
    known = values[np.isfinite(values)]
    if value is None or not np.isfinite(value) or not len(known):
        return Standing(None, None, None)
    better = int(np.count_nonzero(sign * known > sign * value))
    worse = int(np.count_nonzero(sign * known < sign * value))
    return Standing(float(value), better + 1, worse / len(known))


def ranked(values: FloatArray, sign: int) -> IntArray:
    """Return the rows of ``values`` (S,) from the best to the worst, the earlier point first where two are equal."""
    known = np.flatnonzero(np.isfinite(values))
    return known[np.argsort(-sign * values[known], kind="stable")]


def effects(codes: Codes, labels: Sequence[Cell], values: FloatArray) -> list[Effect]:
    """Return count, mean and median of ``values`` (S,) for each label."""
    known = np.isfinite(values)
    codes, values = codes[known], values[known]
    counts = np.bincount(codes, minlength=len(labels))
    sums = np.bincount(codes, weights=values, minlength=len(labels))
    rising = np.argsort(values)
    kind = _SMALL if len(labels) < _MANY else np.int64
    grouped = rising[np.argsort(codes[rising].astype(kind), kind="stable")]
    ordered, ends = values[grouped], np.cumsum(counts)
    return [
        Effect(label, count, total / count, _middle(ordered[end - count : end]))
        if count
        else Effect(label, 0, None, None)
        for label, count, total, end in zip(labels, counts.tolist(), sums.tolist(), ends.tolist(), strict=True)
    ]


def _middle(ordered: FloatArray) -> float:
    """Return the median of values in rising order."""
    half = len(ordered) // 2
    return float(ordered[half]) if len(ordered) % 2 else float((ordered[half - 1] + ordered[half]) / 2.0)


def name_effects(codes: Codes, parameter: Parameter, values: FloatArray) -> list[Effect]:
    """Return for each name in the baskets of a parameter the variants whose basket holds it."""
    baskets = [str(label).split() for label in parameter.labels]
    by_basket = effects(codes, parameter.labels, values)
    known = np.isfinite(values)
    result = []
    for name in dict.fromkeys(name for basket in baskets for name in basket):
        holds = np.array([name in basket for basket in baskets])
        rows = known & holds[codes]
        inside = [one for one, held in zip(by_basket, holds, strict=True) if held and one.mean is not None]
        count = sum(one.count for one in inside)
        total = sum(one.count * one.mean for one in inside if one.mean is not None)
        median = float(np.median(values[rows])) if count else None
        result.append(Effect(name, count, total / count if count else None, median))
    return result


def listed(results: Results, rows: Sequence[int], figures: Mapping[str, FloatArray]) -> list[Listed]:
    """Return some rows with their parameters and their ``figures`` (rows,)."""
    numbers = results.numbers[list(rows)]
    digits = results.points.of(numbers).tolist()
    ids = results.ids(rows)
    return [
        Listed(
            int(number),
            identity,
            results.space.cells(own),
            {name: _figure(column[at]) for name, column in figures.items()},
        )
        for at, (number, identity, own) in enumerate(zip(numbers.tolist(), ids, digits, strict=True))
    ]


def _figure(value: np.float64) -> float | None:
    return float(value) if np.isfinite(value) else None
