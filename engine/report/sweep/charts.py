"""The data of a sweep's charts: histograms, heat maps of any two axes, parallel coordinates of a sample."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from engine.core.arrays import FloatArray
from engine.report.chart_data import escape_chart_text, rounded_numbers, script_safe_json
from engine.report.sweep.labels import metric_style, metric_title, parameter_text, portfolio_title
from engine.sweep.axes import ParameterValue
from engine.sweep.finished_sweep import FinishedSweep, ParameterColumn
from engine.sweep.statistics import select_finite

CHART_METRICS: Final = ("sharpe", "cagr", "volatility", "max_drawdown", "sortino", "calmar", "final_value", "turnover")
"""Metrics that a reader can choose in the charts, after the one that variants are ranked by."""
HISTOGRAM_BINS: Final = 60
MAX_AXIS_LABELS: Final = 60
"""Labels of a parameter on an axis of a heat map; more numbers are put into ``LABEL_GROUPS`` groups of equal size."""
LABEL_GROUPS: Final = 20
MAX_LABEL_PAIRS: Final = 4_000_000
"""Pairs of labels of two parameters; of more, there is no heat map."""
SAMPLE_SIZE: Final = 400
"""Variants in the parallel coordinates, drawn with a fixed seed."""
SAMPLE_SEED: Final = 1
EQUAL_TOLERANCE: Final = 1e-9
"""Figures that differ by less than this share of themselves are the same but for rounding."""


@dataclass(frozen=True)
class ChartAxis:
    """A parameter as an axis of a chart: ``labels`` (L,), and ``members`` (L, n), 1 where one stands for it."""

    name: str
    labels: tuple[str, ...]
    column: ParameterColumn
    members: npt.NDArray[np.float64]


def sweep_chart_json(sweep: FinishedSweep) -> str:
    """Return the data of all charts."""
    names = list(dict.fromkeys([sweep.summary.sweep.rank_by, *CHART_METRICS]))
    parameters = sweep.read_parameters()
    shown = chart_axes(parameters)
    maps = [_HeatMap(a, b, shown[a], shown[b]) for a, b in itertools.combinations(range(len(shown)), 2)]
    maps = [one for one in maps if one.is_drawn]
    rows = _sample(sweep.metric(names[0]))
    metrics, means, sampled = [], [], {}
    for name in names:  # one metric in memory at a time
        values = sweep.metric(name)
        metrics.append({"key": name, "title": metric_title(name), "style": metric_style(name), **_histogram(values)})
        means.append([one.means(values) for one in maps])
        sampled[name] = values[rows]
    return script_safe_json(
        {
            "figures": metrics,
            "marks": [
                {
                    "name": escape_chart_text(portfolio_title(name)),
                    "values": {key: at[key].value for key in names if key in at},
                }
                for name, at in sweep.summary.standings.items()
            ],
            "views": [
                {"name": escape_chart_text(one.name), "labels": [escape_chart_text(text) for text in one.labels]}
                for one in shown
            ],
            "heat": [
                {"a": one.a, "b": one.b, "means": dict(zip(names, of_metrics, strict=True))}
                for one, of_metrics in zip(maps, zip(*means, strict=True), strict=True)
            ],
            "lines": _parallel_coordinates(names[0], parameters, rows, sampled),
        }
    )


def chart_axes(columns: Sequence[ParameterColumn]) -> list[ChartAxis]:
    """Return each parameter as an axis: by its labels, by groups of them, or by the names that its baskets hold."""
    found = []
    for column in columns:
        n = len(column.labels)
        if n <= MAX_AXIS_LABELS:
            found.append(ChartAxis(column.name, tuple(parameter_text(one) for one in column.labels), column, np.eye(n)))
        elif all(isinstance(one, float) for one in column.labels):
            found.append(_group_labels(column))
        held = [str(one).split() for one in column.labels] if column.is_basket else []
        names = sorted({name for basket in held for name in basket})
        if names and len(names) <= MAX_AXIS_LABELS:
            members = np.array([[float(name in basket) for basket in held] for name in names])
            found.append(ChartAxis(f"{column.name} holds", tuple(names), column, members))
    return found


def _group_labels(column: ParameterColumn) -> ChartAxis:
    """Return an axis of many numbers as groups with the same number of labels each."""
    n = len(column.labels)
    group = np.arange(n) * LABEL_GROUPS // n
    members = (group == np.arange(LABEL_GROUPS)[:, None]).astype(np.float64)
    edges = [np.flatnonzero(group == at)[[0, -1]] for at in range(LABEL_GROUPS)]
    texts = tuple(
        f"{parameter_text(column.labels[low])} to {parameter_text(column.labels[high])}" for low, high in edges
    )
    return ChartAxis(column.name, texts, column, members)


@dataclass(frozen=True)
class ValueRange:
    """The lowest and highest of some values; ``width`` is 0 where they are equal up to rounding."""

    low: float
    high: float

    @property
    def width(self) -> float:
        """The highest less the lowest."""
        width = self.high - self.low
        return width if width > EQUAL_TOLERANCE * max(abs(self.low), abs(self.high)) else 0.0

    def scale(self, values: FloatArray) -> FloatArray:
        """Return ``values`` scaled so that the lowest is 0 and the highest 1; all are 0 where there is no width."""
        return (values - self.low) / self.width if self.width else np.where(np.isfinite(values), 0.0, np.nan)


def value_range(values: FloatArray) -> ValueRange | None:
    """Return the range of the finite values, None when there are none."""
    known = select_finite(values)
    return ValueRange(float(known.min()), float(known.max())) if len(known) else None


def _histogram(values: FloatArray) -> dict[str, object]:
    bounds = value_range(values)
    if bounds is None:
        return {"edges": [], "counts": []}
    known = select_finite(values)
    counts, edges = (
        np.histogram(known, bins=HISTOGRAM_BINS, range=(bounds.low, bounds.high))
        if bounds.width
        else _single_bin(known)
    )
    return {"edges": rounded_numbers(edges), "counts": counts.tolist()}


def _single_bin(values: FloatArray) -> tuple[npt.NDArray[np.int64], FloatArray]:
    """Return one bin around values that are equal up to rounding, wide enough to be seen as one."""
    middle = float(values[0])
    half = 0.5 * abs(middle) or 0.5
    return np.array([len(values)]), np.array([middle - half, middle + half])


@dataclass(frozen=True)
class _HeatMap:
    """A heat map of the axes numbered ``a`` and ``b``."""

    a: int
    b: int
    first: ChartAxis
    second: ChartAxis

    @property
    def is_drawn(self) -> bool:
        """Whether the axes are of two parameters, with few enough pairs of labels."""
        pairs = len(self.first.column.labels) * len(self.second.column.labels)
        return self.first.column is not self.second.column and pairs <= MAX_LABEL_PAIRS

    def means(self, values: FloatArray) -> list[list[float | None]]:
        """Return the mean of ``values`` (S,) for each pair of labels."""
        m, n = len(self.first.column.labels), len(self.second.column.labels)
        pair = np.multiply(self.first.column.codes, n, dtype=np.int64)  # as bincount takes them
        pair += self.second.column.codes
        known = np.isfinite(values)
        if not known.all():
            pair, values = pair[known], values[known]
        count = self._sum_by_label(np.bincount(pair, minlength=m * n).reshape(m, n))
        total = self._sum_by_label(np.bincount(pair, weights=values, minlength=m * n).reshape(m, n))
        mean = np.divide(total, count, out=np.full_like(total, np.nan), where=count > 0)
        return [rounded_numbers(row, 5) for row in mean]

    def _sum_by_label(self, cells: npt.NDArray[np.generic]) -> FloatArray:
        sums = _sum_members(self.second.members, _sum_members(self.first.members, cells.astype(np.float64)).T)
        return sums.T


def _sum_members(members: FloatArray, cells: FloatArray) -> FloatArray:
    """Return (L, ...) the sums of the rows of ``cells`` that are 1 in each row of ``members``, added one by one.

    A matrix product would add them in the order that a processor's library likes.
    """
    return np.array([cells[row > 0.0].sum(axis=0) for row in members])


def _sample(values: FloatArray) -> npt.NDArray[np.int64]:
    """Return some rows that have a value, drawn with a fixed seed."""
    known = np.flatnonzero(np.isfinite(values))
    size = min(SAMPLE_SIZE, len(known))
    return np.sort(np.random.default_rng(SAMPLE_SEED).choice(known, size=size, replace=False)) if size else known


def _parallel_coordinates(
    rank_by: str,
    parameters: Sequence[ParameterColumn],
    rows: npt.NDArray[np.int64],
    metrics: Mapping[str, FloatArray],
) -> dict[str, object]:
    """Return ``rows`` as lines through all parameters and the headline metrics of them, each scaled to 0..1."""
    lines: list[dict[str, object]] = []
    for column in parameters:
        n = len(column.labels)
        if n == 1 or (n > MAX_AXIS_LABELS and isinstance(column.labels[0], str)):
            continue
        places = column.codes[rows] / (n - 1)
        lines.append(
            {"name": escape_chart_text(column.name), "at": rounded_numbers(places, 4), "ticks": _ticks(column.labels)}
        )
    for name in dict.fromkeys([rank_by, "cagr", "volatility", "max_drawdown"]):
        values = metrics[name]
        bounds = value_range(values)
        ends = (
            [] if bounds is None else [[0.0, bounds.low], [1.0, bounds.high]] if bounds.width else [[0.0, bounds.low]]
        )
        at = rounded_numbers(bounds.scale(values) if bounds else values, 4)
        lines.append({"name": metric_title(name), "at": at, "figure": name, "ends": ends})
    return {"stands": lines, "rank": rounded_numbers(metrics[rank_by], 6), "of": len(rows)}


def _ticks(labels: Sequence[ParameterValue]) -> list[list[float | str]]:
    n = len(labels)
    rows = range(n) if n <= 13 else sorted({round(at * (n - 1) / 6) for at in range(7)})
    return [[round(at / (n - 1), 4), escape_chart_text(parameter_text(labels[at]))] for at in rows]
