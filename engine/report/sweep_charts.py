"""The numbers behind a sweep's charts: histograms, heat maps of any two axes, parallel coordinates on a sample."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from engine.arrays import FloatArray
from engine.report.charts import chart_text, numbers, script_json
from engine.report.sweep_folder import Column, Label, SweepFolder
from engine.report.sweep_words import cell, style, title
from engine.report.words import label

FIGURES: Final = ("sharpe", "cagr", "volatility", "max_drawdown", "sortino", "calmar", "final_value", "turnover")
"""What can be chosen in the charts, after the figure that variants are ranked by."""
BINS: Final = 60
LABELS: Final = 60
"""Labels of a parameter on an axis of a heat map; more numbers are put into ``GROUPS`` groups of equal size."""
GROUPS: Final = 20
LARGEST: Final = 4_000_000
"""Pairs of labels that are counted at once."""
SAMPLE: Final = 400
"""Variants in the parallel coordinates, drawn with a fixed seed."""
SEED: Final = 1
ROUNDING: Final = 1e-9
"""Figures that differ by less than this share of themselves are the same but for rounding."""


@dataclass(frozen=True)
class View:
    """A parameter as an axis of a chart: L ``labels``, and which of the parameter's n own each stands for, (L, n)."""

    name: str
    labels: tuple[str, ...]
    column: Column
    members: npt.NDArray[np.float64]


def chart_json(sweep: SweepFolder) -> str:
    """Return the data of all charts."""
    names = list(dict.fromkeys([sweep.summary.sweep.rank_by, *FIGURES]))
    figures = {name: sweep.figure(name) for name in names}
    shown = views(sweep.parameters)
    return script_json(
        {
            "figures": [
                {"key": name, "title": title(name), "style": style(name), **_histogram(figures[name])} for name in names
            ],
            "marks": [
                {"name": chart_text(label(name)), "values": {key: at[key].value for key in names if key in at}}
                for name, at in sweep.summary.standings.items()
            ],
            "views": [
                {"name": chart_text(one.name), "labels": [chart_text(text) for text in one.labels]} for one in shown
            ],
            "heat": _heat(shown, figures),
            "lines": _lines(sweep, figures),
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


def _heat(shown: Sequence[View], figures: dict[str, FloatArray]) -> list[dict[str, object]]:
    """Return the mean of every figure for each pair of labels of each pair of views."""
    maps: list[dict[str, object]] = []
    for (a, first), (b, second) in itertools.combinations(enumerate(shown), 2):
        m, n = len(first.column.labels), len(second.column.labels)
        if first.column is second.column or m * n > LARGEST:
            continue
        pair = first.column.codes * n + second.column.codes
        means = {}
        for name, values in figures.items():
            known = np.isfinite(values)
            count = _gathered(np.bincount(pair[known], minlength=m * n).reshape(m, n), first, second)
            total = _gathered(
                np.bincount(pair[known], weights=values[known], minlength=m * n).reshape(m, n), first, second
            )
            mean = np.divide(total, count, out=np.full_like(total, np.nan), where=count > 0)
            means[name] = [numbers(row, 5) for row in mean]
        maps.append({"a": a, "b": b, "means": means})
    return maps


def _gathered(cells: npt.NDArray[np.generic], first: View, second: View) -> FloatArray:
    gathered: FloatArray = first.members @ cells.astype(np.float64) @ second.members.T
    return gathered


def _lines(sweep: SweepFolder, figures: dict[str, FloatArray]) -> dict[str, object]:
    """Return a sample of variants as lines through all parameters and the headline figures, each scaled to 0..1."""
    rank_by = sweep.summary.sweep.rank_by
    known = np.flatnonzero(np.isfinite(figures[rank_by]))
    size = min(SAMPLE, len(known))
    rows = np.sort(np.random.default_rng(SEED).choice(known, size=size, replace=False)) if size else known
    stands: list[dict[str, object]] = []
    for column in sweep.parameters:
        n = len(column.labels)
        if n == 1 or (n > LABELS and isinstance(column.labels[0], str)):
            continue
        places = column.codes[rows] / (n - 1)
        stands.append({"name": chart_text(column.name), "at": numbers(places, 4), "ticks": _ticks(column.labels)})
    for name in dict.fromkeys([rank_by, "cagr", "volatility", "max_drawdown"]):
        values = figures[name][rows]
        extent = extent_of(values)
        ends = [] if extent is None else [[0.0, extent.low], [1.0, extent.high]] if extent.wide else [[0.0, extent.low]]
        at = numbers(extent.share(values) if extent else values, 4)
        stands.append({"name": title(name), "at": at, "figure": name, "ends": ends})
    return {"stands": stands, "rank": numbers(figures[rank_by][rows], 6), "of": size}


def _ticks(labels: Sequence[Label]) -> list[list[float | str]]:
    n = len(labels)
    kept = range(n) if n <= 13 else sorted({round(at * (n - 1) / 6) for at in range(7)})
    return [[round(at / (n - 1), 4), chart_text(cell(labels[at]))] for at in kept]
