"""How do single days and months go? Histograms, percentiles, the best and worst days."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from engine.analysis.breakdown.return_distribution import (
    PERCENTILES,
    ReturnDistribution,
    ReturnDistributions,
    SessionReturn,
)
from engine.backtest.finished_run import FinishedRun
from engine.core.arrays import FloatArray
from engine.core.conventions import Frequency
from engine.core.powers import exponential
from engine.report import number_format as fmt
from engine.report.charts.histogram import Histogram, histogram
from engine.report.phrases import portfolio_label
from engine.report.run.panel import Panel

_SESSIONS: Final[dict[Frequency, str]] = {
    "seven_day": "day",
    "daily": "day",
    "weekly": "week",
    "monthly": "month",
    "quarterly": "quarter",
}
_NO_SPREAD: Final = 1e-9
"""A standard deviation below which returns are all the same."""
_HEIGHT_OF_NORMAL: Final = 0.3989422804014327
"""1 over the root of twice pi."""
_HOW: Final = (
    (
        "Bars are as wide as Freedman and Diaconis advise, twice the distance of the quartiles over the cube root "
        "of the count, and at most 60; where returns reach further, the outermost bars hold all beyond them. The "
        "line is a normal distribution of the same mean and standard deviation."
    ),
    (
        "Percentiles are interpolated; skewness and kurtosis are those of the population, 0 and 3 for a normal "
        "distribution. Value at risk is the 5 % percentile, expected shortfall the mean of the worst 5 %."
    ),
)


def distribution_panel(run: FinishedRun) -> Panel | None:
    """Return the panel, None without figures."""
    found = run.summary.distribution
    if found is None or found.sessions is None:
        return None
    day = _SESSIONS[run.summary.portfolios["strategy"].frequency or "daily"]
    kinds = [(f"{day}s", "sessions", found.sessions)]
    if day in {"day", "week"}:
        kinds.append(("months", "months", found.months))
    content = {
        "charts": [_chart(f"chart-{key}", noun, one) for noun, key, one in kinds if one.count > 1],
        "open_ends": [text for noun, _, one in kinds if (text := _open_ends(noun, one))],
        "heads": [noun.capitalize() for noun, _, _ in kinds],
        "rows": _rows([one for _, _, one in kinds]),
        "rival": portfolio_label(found.rival) if found.rival else "",
        "extremes": [(f"Best {day}s", _listed(found.best)), (f"Worst {day}s", _listed(found.worst))],
    }
    title = f"How do single {day}s{' and months' if len(kinds) > 1 else ''} go?"
    return Panel("distribution", "Single days", title, "distribution", _answer(run, found, day), content, _HOW)


def _answer(run: FinishedRun, found: ReturnDistributions, day: str) -> str:
    own = found.sessions
    assert own is not None  # noqa: S101  (asked before)
    text = (
        f"One {day} in twenty lost {fmt.percent(-own.percentiles['5'])} or more"
        if own.percentiles["5"] < 0.0
        else f"Fewer than one {day} in twenty lost anything"
    )
    total = run.summary.portfolios["strategy"].metrics.get("total_return")
    if found.total_without_best is None or own.count <= 2 * found.left_out or own.deviation <= _NO_SPREAD:
        return f"{text}."
    return (
        f"{text}; without its best {found.left_out} {day}s of {fmt.count(own.count)} the plan would have made "
        f"{fmt.percent(found.total_without_best, 1)} in all instead of {fmt.percent(total, 1)}."
    )


def _chart(key: str, noun: str, one: ReturnDistribution) -> object:
    bins = one.histogram
    edges = np.array([bins.start + bins.width * k for k in range(len(bins.counts) + 1)], dtype=np.float64)
    counts = np.array(bins.counts, dtype=np.float64)
    title = f"{noun.capitalize()} by their return"
    curve = _normal_curve(one, edges)
    chart = Histogram(key, title, edges, counts, "percent", curve=curve, noun=noun)
    return histogram(replace(chart, open_below=bins.open_below, open_above=bins.open_above))


def _open_ends(noun: str, one: ReturnDistribution) -> str:
    """Return what the outermost bars hold, where returns reach beyond them; "" where none does."""
    bins = one.histogram
    low, high = bins.start + bins.width, bins.start + bins.width * (len(bins.counts) - 1)
    below = f"the first bar holds all {noun} below {fmt.percent(low)}" if bins.open_below else ""
    above = f"the last bar all {noun} from {fmt.percent(high)} on" if bins.open_above else ""
    text = ", ".join(part for part in (below, above) if part)
    return f"{text[:1].upper()}{text[1:]}." if text else ""


def _normal_curve(one: ReturnDistribution, edges: FloatArray) -> FloatArray | None:
    """Return how many of a normal distribution's returns a bin would hold around each of the edges."""
    if one.deviation <= _NO_SPREAD:
        return None
    scale = one.count * one.histogram.width / one.deviation * _HEIGHT_OF_NORMAL
    distances = ((edges - one.mean) / one.deviation).tolist()
    return np.array([scale * exponential(-0.5 * z * z) for z in distances])


def _rows(kinds: list[ReturnDistribution]) -> list[tuple[str, list[str]]]:
    """Return the figures below the histograms: title and a cell for each kind of returns."""
    percentiles = [
        (f"{one} % were below", [fmt.percent(kind.percentiles[str(one)]) for kind in kinds]) for one in PERCENTILES
    ]
    return [
        ("How many", [fmt.count(kind.count) for kind in kinds]),
        ("Mean", [fmt.percent(kind.mean, 3) for kind in kinds]),
        ("Standard deviation", [fmt.percent(kind.deviation, 3) for kind in kinds]),
        *percentiles,
        ("Skewness", [fmt.ratio(kind.skewness) for kind in kinds]),
        ("Kurtosis", [fmt.ratio(kind.kurtosis) for kind in kinds]),
        ("Value at risk, 95 %", [fmt.percent(kind.value_at_risk) for kind in kinds]),
        ("Expected shortfall, 95 %", [fmt.percent(kind.expected_shortfall) for kind in kinds]),
        ("Correlation with the one before", [fmt.ratio(kind.autocorrelation) for kind in kinds]),
    ]


def _listed(sessions: tuple[SessionReturn, ...]) -> list[tuple[str, str, str]]:
    return [(one.date, fmt.percent(one.value), fmt.percent(one.rival_return)) for one in sessions]
