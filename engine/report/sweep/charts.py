"""The numbers behind a sweep's charts: histograms, heat maps of any two axes, parallel coordinates on a sample."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from engine.core.arrays import FloatArray
from engine.report.phrases import label
from engine.report.run.charts import chart_text, numbers, script_json
from engine.report.sweep.folder import Column, Label, SweepFolder
from engine.report.sweep.labels import cell, style, title

FIGURES: Final = ("sharpe", "cagr", "volatility", "max_drawdown", "sortino", "calmar", "final_value", "turnover")
"""What can be chosen in the charts, after the figure that variants are ranked by."""
BINS: Final = 60
LABELS: Final = 60
"""Labels of a parameter on an axis of a heat map; more numbers are put into ``GROUPS`` groups of equal size."""
GROUPS: Final = 20
MOST_PAIRS: Final = 4_000_000
"""Pairs of labels of two parameters; of more, there is no heat map."""
SAMPLE: Final = 400
"""Variants in the parallel coordinates, drawn with a fixed seed."""
SEED: Final = 1
ROUNDING: Final = 1e-9
"""Figures that differ by less than this share of themselves are the same but for rounding."""


@dataclass(frozen=True)
class View:
    """A parameter as an axis of a chart: ``labels`` (L,), and ``members`` (L, n), 1 where one stands for it."""

    name: str
    labels: tuple[str, ...]
    column: Column
    members: npt.NDArray[np.float64]


def chart_json(sweep: SweepFolder) -> str:
    """Return the data of all charts."""
    names = list(dict.fromkeys([sweep.summary.sweep.rank_by, *FIGURES]))
    shown = views(sweep.parameters)
    maps = [_Map(a, b, shown[a], shown[b]) for a, b in itertools.combinations(range(len(shown)), 2)]
    maps = [one for one in maps if one.is_drawn]
    rows = _sample(sweep.figure(names[0]))
    figures, means, sampled = [], [], {}
    for name in names:  # one figure in memory at a time
        values = sweep.figure(name)
        figures.append({"key": name, "title": title(name), "style": style(name), **_histogram(values)})
        means.append([one.means(values) for one in maps])
        sampled[name] = values[rows]
    return script_json(
        {
            "figures": figures,
            "marks": [
                {"name": chart_text(label(name)), "values": {key: at[key].value for key in names if key in at}}
                for name, at in sweep.summary.standings.items()
            ],
            "views": [
                {"name": chart_text(one.name), "labels": [chart_text(text) for text in one.labels]} for one in shown
            ],
            "heat": [
                {"a": one.a, "b": one.b, "means": dict(zip(names, of_figures, strict=True))}
                for one, of_figures in zip(maps, zip(*means, strict=True), strict=True)
            ],
            "lines": _lines(sweep, rows, sampled),
        }
    )


def views(columns: Sequence[Column]) -> list[View]:
    """Return how each parameter is an axis: as it is, in groups, or by the names that its baskets hold."""
    found = []
    for column in columns:
        n = len(column.labels)
        if n <= LABELS:
            found.append(View(column.name, tuple(cell(one) for one in column.labels), column, np.eye(n)))
        elif all(isinstance(one, float) for one in column.labels):
            found.append(_grouped(column))
        held = [str(one).split() for one in column.labels] if column.basket else []
        names = sorted({name for basket in held for name in basket})
        if names and len(names) <= LABELS:
            members = np.array([[float(name in basket) for basket in held] for name in names])
            found.append(View(f"{column.name} holds", tuple(names), column, members))
    return found


def _grouped(column: Column) -> View:
    """Return many numbers in groups of as many labels each."""
    n = len(column.labels)
    group = np.arange(n) * GROUPS // n
    members = (group == np.arange(GROUPS)[:, None]).astype(np.float64)
    edges = [np.flatnonzero(group == at)[[0, -1]] for at in range(GROUPS)]
    texts = tuple(f"{cell(column.labels[low])} to {cell(column.labels[high])}" for low, high in edges)
    return View(column.name, texts, column, members)


@dataclass(frozen=True)
class Extent:
    """The least and the most of some values; ``wide`` is 0 where they are equal up to rounding."""

    low: float
    high: float

    @property
    def wide(self) -> float:
        """How far the most is from the least."""
        wide = self.high - self.low
        return wide if wide > ROUNDING * max(abs(self.low), abs(self.high)) else 0.0

    def share(self, values: FloatArray) -> FloatArray:
        """Return ``values`` on a scale from the least, 0, to the most, 1; all of them 0 where there is no width."""
        return (values - self.low) / self.wide if self.wide else np.where(np.isfinite(values), 0.0, np.nan)


def extent_of(values: FloatArray) -> Extent | None:
    """Return the extent of the values that are finite, None when none is."""
    known = values[np.isfinite(values)]
    return Extent(float(known.min()), float(known.max())) if len(known) else None


def _histogram(values: FloatArray) -> dict[str, object]:
    extent = extent_of(values)
    if extent is None:
        return {"edges": [], "counts": []}
    known = values[np.isfinite(values)]
    counts, edges = np.histogram(known, bins=BINS, range=(extent.low, extent.high)) if extent.wide else _one_bin(known)
    return {"edges": numbers(edges), "counts": counts.tolist()}


def _one_bin(values: FloatArray) -> tuple[npt.NDArray[np.int64], FloatArray]:
    """Return one bin around values that are equal up to rounding, wide enough to be seen as one."""
    middle = float(values[0])
    half = 0.5 * abs(middle) or 0.5
    return np.array([len(values)]), np.array([middle - half, middle + half])


@dataclass(frozen=True)
class _Map:
    """A heat map: the views numbered ``a`` and ``b``."""

    a: int
    b: int
    first: View
    second: View

    @property
    def is_drawn(self) -> bool:
        """Whether the views are of two parameters, with few enough pairs of labels."""
        pairs = len(self.first.column.labels) * len(self.second.column.labels)
        return self.first.column is not self.second.column and pairs <= MOST_PAIRS

    def means(self, values: FloatArray) -> list[list[float | None]]:
        """Return the mean of ``values`` (S,) for each pair of labels."""
        m, n = len(self.first.column.labels), len(self.second.column.labels)
        known = np.isfinite(values)
        pair = (self.first.column.codes * n + self.second.column.codes)[known]
        count = self._gathered(np.bincount(pair, minlength=m * n).reshape(m, n))
        total = self._gathered(np.bincount(pair, weights=values[known], minlength=m * n).reshape(m, n))
        mean = np.divide(total, count, out=np.full_like(total, np.nan), where=count > 0)
        return [numbers(row, 5) for row in mean]

    def _gathered(self, cells: npt.NDArray[np.generic]) -> FloatArray:
        gathered: FloatArray = self.first.members @ cells.astype(np.float64) @ self.second.members.T
        return gathered


def _sample(values: FloatArray) -> npt.NDArray[np.int64]:
    """Return some rows that have a value, drawn with a fixed seed."""
    known = np.flatnonzero(np.isfinite(values))
    size = min(SAMPLE, len(known))
    return np.sort(np.random.default_rng(SEED).choice(known, size=size, replace=False)) if size else known


def _lines(sweep: SweepFolder, rows: npt.NDArray[np.int64], figures: Mapping[str, FloatArray]) -> dict[str, object]:
    """Return ``rows`` as lines through all parameters and the headline figures of them, each scaled to 0..1."""
    rank_by = sweep.summary.sweep.rank_by
    stands: list[dict[str, object]] = []
    for column in sweep.parameters:
        n = len(column.labels)
        if n == 1 or (n > LABELS and isinstance(column.labels[0], str)):
            continue
        places = column.codes[rows] / (n - 1)
        stands.append({"name": chart_text(column.name), "at": numbers(places, 4), "ticks": _ticks(column.labels)})
    for name in dict.fromkeys([rank_by, "cagr", "volatility", "max_drawdown"]):
        values = figures[name]
        extent = extent_of(values)
        ends = [] if extent is None else [[0.0, extent.low], [1.0, extent.high]] if extent.wide else [[0.0, extent.low]]
        at = numbers(extent.share(values) if extent else values, 4)
        stands.append({"name": title(name), "at": at, "figure": name, "ends": ends})
    return {"stands": stands, "rank": numbers(figures[rank_by], 6), "of": len(rows)}


def _ticks(labels: Sequence[Label]) -> list[list[float | str]]:
    n = len(labels)
    kept = range(n) if n <= 13 else sorted({round(at * (n - 1) / 6) for at in range(7)})
    return [[round(at / (n - 1), 4), chart_text(cell(labels[at]))] for at in kept]
