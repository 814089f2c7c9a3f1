"""What did it hold, and did it keep its caps? Weights at every close, and how far capped assets went."""

from __future__ import annotations

import numpy as np
from markupsafe import Markup

from engine.backtest.finished_run import FinishedRun
from engine.core.arrays import FloatArray
from engine.report import number_format as fmt
from engine.report.charts.packed_data import PackedSeries
from engine.report.charts.stacked_chart import Layer, stacked_chart
from engine.report.charts.time_chart import Line, TimeChart, time_chart
from engine.report.run.panel import Panel

LAYERS_SHOWN = 8
"""Assets with a layer of their own; the rest are drawn together."""
LINES_SHOWN = 5
"""Capped assets with a line of their own, those that went furthest above their caps."""


def weights_panel(run: FinishedRun) -> Panel:
    """Return the panel."""
    strategy = run.summary.portfolios["strategy"]
    content = {
        "strategy": strategy,
        "stacked": stacked_chart("chart-weights", "Weights at every close", run.weights.dates, _layers(run)),
        "capped": _capped_chart(run),
        "watched": run.section("strategy").get("caps") == "always",
    }
    title = "What did it hold, and did it keep its caps?"
    how = ("The distance from targets is half the sum of |weight - target| with cash, close by close.",)
    return Panel("weights", "Weights", title, "weights", _answer(run), content, how, follows=True)


def _answer(run: FinishedRun) -> str:
    """Return what went furthest above its cap, how often any did, and how far weights were from their targets."""
    peaks, drift = run.summary.portfolios["strategy"].max_weight, run.summary.drift
    said = []
    if peaks and not any(one.sessions_over_cap for one in peaks.values()):
        said.append("No capped asset was above its cap at any close.")
    elif peaks:
        asset, peak = max(peaks.items(), key=lambda item: item[1].weight - item[1].cap)
        furthest = f"{asset} went furthest above its cap of {fmt.short_percent(peak.cap)}"
        said.append(f"{furthest}: {fmt.percent(peak.weight)} on {peak.date}.")
        if drift:
            often = f"{fmt.count(drift.sessions_over_caps)} of {fmt.count(drift.sessions)}"
            said.append(f"At {often} closes some asset was above its cap.")
        said.append("A cap binds when orders are filled; between them prices move weights past it.")
    if drift and drift.mean is not None:
        mean, most = fmt.percent(drift.mean), fmt.percent(drift.highest)
        said.append(f"Weights were {mean} from their targets on average, {most} at most, on {drift.highest_date}.")
    return " ".join(said)


def _layers(run: FinishedRun) -> list[Layer]:
    """Return the core at the bottom, its largest first, then capped assets, the rest together, and cash on top."""
    caps = run.summary.portfolios["strategy"].max_weight

    def order(name: str) -> tuple[bool, float]:
        return name in caps, -float(run.weights.columns[name].mean())

    assets = sorted((name for name in run.weights.columns if name != "cash"), key=order)
    cash = run.weights.columns.get("cash")
    if len(assets) > LAYERS_SHOWN:
        largest = set(sorted(assets, key=lambda name: -float(run.weights.columns[name].mean()))[: LAYERS_SHOWN - 1])
        own = [name for name in assets if name in largest]
        others: FloatArray = np.sum([run.weights.columns[name] for name in assets if name not in largest], axis=0)
        layers = [_layer(run, name) for name in own]
        layers.append(Layer(f"{len(assets) - len(own)} others", others, _series("")))
    else:
        layers = [_layer(run, name) for name in assets]
    if cash is not None and bool((np.abs(cash) > 1e-6).any()):  # rounding dust needs no colour
        layers.append(_layer(run, "cash"))
    return layers


def _layer(run: FinishedRun, name: str) -> Layer:
    return Layer(name, run.weights.columns[name], _series(name))


def _series(name: str) -> str:
    """Return what the page's script calls the weights of an asset, or of the others: no portfolio is so called."""
    return f"<weight> {name}"


def packed_weights(run: FinishedRun) -> list[PackedSeries]:
    """Return the weights that are drawn, for the page's script."""
    found = {layer.series: layer for layer in _layers(run)}
    found |= {_series(name): _layer(run, name) for name in _capped(run)}
    return [PackedSeries(key, one.label, run.weights.dates, one.values, "share") for key, one in found.items()]


def _capped(run: FinishedRun) -> list[str]:
    """Return the capped assets that have a line, the furthest above its cap first."""
    peaks = run.summary.portfolios["strategy"].max_weight
    furthest = sorted(peaks, key=lambda name: peaks[name].cap - peaks[name].weight)
    return [name for name in furthest if name in run.weights.columns][:LINES_SHOWN]


def _capped_chart(run: FinishedRun) -> Markup | str:
    peaks = run.summary.portfolios["strategy"].max_weight
    names = _capped(run)
    if not names:
        return ""
    lines = [Line(name, _held(run.weights.columns[name]), place, _series(name)) for place, name in enumerate(names)]
    caps = sorted({peaks[name].cap for name in names})
    levels = [(cap, f"cap {fmt.short_percent(cap)}") for cap in caps]
    title = "Capped assets, close by close" + (
        f": the {LINES_SHOWN} furthest above" if len(peaks) > LINES_SHOWN else ""
    )
    return time_chart(TimeChart("chart-caps", title, run.weights.dates, lines, "percent", "held", levels=levels))


def _held(weight: FloatArray) -> FloatArray:
    """Return weights without what was not held: no line is drawn there."""
    return np.where(weight == 0.0, np.nan, weight)
