"""A page with every kind of chart on made-up series: two portfolios, one that begins late, and one with gaps."""

from __future__ import annotations

from typing import Final

import numpy as np
from jinja2 import ChoiceLoader, DictLoader
from markupsafe import Markup

from engine.core.arrays import DateArray, FloatArray
from engine.report import html_page
from engine.report.charts.bar_chart import bar_chart, lying_bars
from engine.report.charts.controls import period_bar
from engine.report.charts.heat_table import HeatCell, HeatTable, heat_table
from engine.report.charts.histogram import Histogram, ValueLine, histogram
from engine.report.charts.interval_chart import interval_chart
from engine.report.charts.mark import Mark
from engine.report.charts.packed_data import PackedSeries, packed_data
from engine.report.charts.scatter import Point, Scatter, ScatterAxis, StripRow, scatter, strip_chart
from engine.report.charts.stacked_chart import Layer, stacked_chart
from engine.report.charts.time_chart import Line, PercentileBand, TimeChart, time_chart
from engine.report.charts.transforms import fall_values, growth_values, ratio_values

CAPITAL: Final = 100_000.0
FIGURES: Final = (
    "final_value", "total_return", "cagr", "volatility", "sharpe", "sortino", "max_drawdown", "calmar", "best_month",
    "worst_month", "difference", "tracking_error", "information_ratio", "beta", "correlation",
)  # fmt: skip
_TEMPLATE: Final = """{% extends "base.html.j2" %}{% block title %}Specimen{% endblock %}{% block body %}
<header><h1>Specimen</h1></header><main id="main"><section aria-label="Lines">{{ controls }}
<div class="pair">{{ growth }}{{ ratio }}</div>
<h2>Figures</h2><div class="wide"><table><thead><tr><th scope="col">Figure</th>
{% for name in names %}<th scope="col" class="n">{{ name }}</th>{% endfor %}</tr></thead><tbody>
{% for figure in figures %}<tr><th scope="row">{{ figure }}</th>
{% for name in names %}<td class="n" data-figure="{{ figure }}" data-of="{{ name }}">as written</td>{% endfor %}</tr>{% endfor %}
</tbody></table></div><p data-whole>An interval.</p></section>
<section aria-label="The rest">{{ rest }}</section>
<section aria-labelledby="trades"><h2 id="trades">Trades</h2><input type="search" class="live-only" aria-label="Filter">
<p><span class="shown">2</span> trades</p><table class="rows"><thead><tr><th scope="col">Date</th><th scope="col">Value</th></tr></thead>
<tbody><tr><td>2020-01-02</td><td>1,200</td></tr><tr><td>2020-01-03</td><td>\N{MINUS SIGN}300</td></tr></tbody></table></section></main>{% endblock %}"""


def made_up_levels(sessions: int = 3000, seed: int = 3) -> tuple[DateArray, dict[str, FloatArray]]:
    """Return dates and levels of portfolios, NaN where one has none."""
    rng = np.random.default_rng(seed)
    dates = np.busday_offset("2010-03-01", np.arange(sessions), roll="forward").astype("datetime64[D]")
    walks = np.exp(np.cumsum(rng.normal(0.0004, 0.011, (sessions, 4)), axis=0))
    levels = {
        name: 0.999 * CAPITAL * walks[:, k] for k, name in enumerate(("strategy", "buy_and_hold", "LATE", "GAPS"))
    }
    levels["buy_and_hold"] = 0.5 * (levels["strategy"] + levels["buy_and_hold"])
    levels["LATE"] = levels["LATE"] / levels["LATE"][sessions // 3] * 0.998 * CAPITAL
    levels["LATE"][: sessions // 3] = np.nan
    levels["GAPS"][5::7] = np.nan
    return dates, levels


def specimen_page(name: str = "Buy & hold", sessions: int = 3000) -> str:
    """Return the page; ``name`` is that of the second portfolio, as anybody may have called it."""
    dates, levels = made_up_levels(sessions)
    labels = {"strategy": "The plan", "buy_and_hold": name}
    own, other = levels["strategy"], levels["buy_and_hold"]

    def lines(transform: str) -> list[Line]:
        return [
            Line(
                labels.get(one, one),
                growth_values(level, own, CAPITAL) if transform == "growth" else fall_values(level, CAPITAL),
                place,
                one,
                shown=place < 2,
            )
            for place, (one, level) in enumerate(levels.items())
        ]

    share = 0.02 + 0.01 * np.abs(np.sin(np.arange(sessions) / 200.0))
    weights = {"AAA": 1.0 - share, name: share}
    html_page._environment().loader = ChoiceLoader(
        [DictLoader({"specimen.html.j2": _TEMPLATE}), html_page._environment().loader]
    )
    series = [PackedSeries(one, labels.get(one, one), dates, level) for one, level in levels.items()]
    series += [PackedSeries(f"weight {one}", one, dates, column, "share") for one, column in weights.items()]
    return html_page.render_page(
        "specimen",
        styles=("page.css",),
        script="page.js",
        data=packed_data(series, capital=CAPITAL, risk_free=0.0001),
        names=list(levels),
        figures=FIGURES,
        controls=period_bar(
            str(dates[0]), str(dates[-1]), [(one, labels.get(one, one), k, k < 2) for k, one in enumerate(levels)], log=True
        ),
        growth=time_chart(TimeChart("growth", "Growth", dates, lines("growth"), "money", "growth", "tall", log=True)),
        ratio=time_chart(
            TimeChart(
                "ratio", "Ratio", dates,
                [Line("Ratio", ratio_values(own, other), 0, "strategy", over="buy_and_hold")],
                "ratio", "ratio", "tall", base=1.0, fill=0, noted=True, marked=dates[::250],
            )
        ),
        rest=Markup("").join(_rest(dates, own, name, lines("fall"), weights)),
    )  # fmt: skip


def _rest(
    dates: DateArray, own: FloatArray, name: str, falls: list[Line], weights: dict[str, FloatArray]
) -> list[Markup]:
    rng = np.random.default_rng(5)
    held = [Line(one, column, k, f"weight {one}") for k, (one, column) in enumerate(weights.items())][1:]
    edges = np.linspace(0.05, 0.15, 31)
    return [
        time_chart(TimeChart("falls", "Falls", dates, falls, "percent", "fall", base=0.0, fill=0)),
        time_chart(TimeChart("caps", "Caps", dates, held, "percent", "held", levels=[(0.03, "cap 3 %")])),
        time_chart(TimeChart("fan", "Fan", dates, [Line("Median", own, 0)], "money", log=True, bands=[PercentileBand("half", own / 2, own * 2)])),
        stacked_chart("weights", "Weights", dates, [Layer(one, column, f"weight {one}") for one, column in weights.items()]),
        bar_chart("years", "Years", [Mark(str(2004 + k), float(x), float(x) - 0.01, float(x) + 0.01, hatched=k > 18) for k, x in enumerate(rng.normal(0, 0.01, 21))], "points"),
        lying_bars("money", "Money", [Mark(name, 30_000.0), Mark("CRS", -12_000.0, place=1)], "money"),
        lying_bars("times", "Times", [Mark("engine", 7e-6, 6e-6, 9e-6), Mark(name, 0.01, 0.009, 0.02, place=2)], "seconds", log=True),
        interval_chart("sure", "Differences", [Mark(name, 0.0032, -0.0024, 0.0092, 1), Mark("none", None)], "points"),
        histogram(
            Histogram(
                "variants", "Variants", edges, np.histogram(rng.normal(0.1, 0.01, 4000), edges)[0].astype(np.float64), "percent",
                lines=[ValueLine("The plan", 0.109, 0), ValueLine(name, 0.1058, 1), ValueLine("SPY", 0.1071, 2)], band=(0.1, 0.118),
            )
        ),
        scatter(
            Scatter(
                "frontier", "Frontier", [*(Point(float(a), float(b)) for a, b in rng.uniform(0.05, 0.2, (60, 2))), Point(0.1, 0.08, name, "named")],
                ScatterAxis("Volatility", "percent"), ScatterAxis("Return", "percent"), joined=[(0.08, 0.05), (0.13, 0.11)],
            )
        ),
        strip_chart("timing", "Timing", [StripRow("January", rng.normal(0.1, 0.005, 21).tolist(), 0.103)], "percent"),
        heat_table(
            HeatTable("months", "Months", [f"{k:02}" for k in range(1, 13)], [(str(y), [HeatCell(float(x), f"{100 * x:+.1f}", f"{y}: {x:.3f}") for x in rng.normal(0, 0.03, 12)]) for y in range(2010, 2022)], corner="Year")
        ),
    ]  # fmt: skip
