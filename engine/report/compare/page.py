"""Plans side by side as a page that opens without a network."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
from markupsafe import Markup

from engine.backtest.output_folders import COMPARISON_KIND
from engine.core.json_files import to_json
from engine.evidence.side_by_side import SideBySide, Standing
from engine.report import number_format as fmt
from engine.report.charts.heat_table import HeatCell, HeatTable, heat_table
from engine.report.charts.interval_chart import interval_chart
from engine.report.charts.mark import Mark
from engine.report.charts.time_chart import Line, TimeChart, time_chart
from engine.report.compare.words import (
    became_text,
    first_text,
    interval_text,
    kind_text,
    rank_number,
    rank_text,
    short_labels,
    side_by_side_json,
    told_apart,
    verdict,
    window_text,
)
from engine.report.html_page import render_page
from engine.report.owned_folder import publish_owned

_LINES: Final = 5
"""Lines of one chart, and no more."""
_CHANCE_STEPS: Final = (0.05, 0.25, 0.5)
"""Where colours of chances change."""


def publish_side_by_side(found: SideBySide, folder: Path) -> list[Path]:
    """Write ``compare.html`` and ``compare.json`` into ``folder``, replacing nothing that is not of this kind."""
    files = {
        "compare.html": render_side_by_side(found).encode("utf-8"),
        "compare.json": to_json(side_by_side_json(found)),
    }
    return publish_owned(folder, files, COMPARISON_KIND, "engine compare")


def render_side_by_side(found: SideBySide) -> str:
    """Return the page."""
    return render_page(
        "compare",
        styles=("page.css", "run_page.css"),
        script="page.js",
        found=found,
        verdict=verdict(found),
        window=window_text(found),
        rows=[
            {
                "rank": rank_number(found, one),
                "name": one.contestant.label,
                "kind": kind_text(one),
                "place": one.contestant.place,
                "window": " to ".join(one.contestant.window),
                "plan": one.contestant.plan,
                "became": became_text(one),
                "cagr": cagr,
                "volatility": volatility,
                "sharpe": one.figures.get("sharpe"),
                "max_drawdown": fall,
                "difference": difference,
                "interval": interval_text(one),
                "first": first_text(one),
                "ranks": rank_text(one),
            }
            for one, cagr, volatility, fall, difference in zip(
                found.standings,
                *(told_apart(_column(found, name), fmt.percent) for name in ("cagr", "volatility", "max_drawdown")),
                told_apart(_column(found, "difference"), fmt.percentage_points),
                strict=True,
            )
        ],
        growth=_growth(found),
        relative=_relative(found),
        differences=_differences(found),
        chances=_chances(found),
    )


def _column(found: SideBySide, name: str) -> list[float | None]:
    return [one.figures.get(name) for one in found.standings]


def _lines(found: SideBySide) -> list[Line]:
    """Return the levels of the first five over the common sessions, as multiples of their capital."""
    first = [one.contestant for one in found.standings[:_LINES]]
    return [
        Line(label, one.level[1:][np.searchsorted(one.dates, found.dates)] / one.level[0], place)
        for place, (label, one) in enumerate(zip(short_labels([one.label for one in first]), first, strict=True))
    ]


def _relative(found: SideBySide) -> Markup | str:
    """Return the same lines over the first of them: plans that grew alike lie on top of one another otherwise."""
    if found.by != "cagr":
        return ""
    lines = _lines(found)
    first = lines[0].values
    if not (first > 0.0).all():
        return ""
    over = [Line(one.label, one.values / first, one.place) for one in lines]
    title = f"Each plan divided by {found.standings[0].contestant.label}"
    return time_chart(TimeChart("relative", title, found.dates, over, "ratio", size="medium", base=1.0))


def _growth(found: SideBySide) -> Markup | str:
    """Return the lines of the first five over the common sessions, where levels may be compared."""
    if found.by != "cagr":
        return ""
    lines = _lines(found)
    positive = all((line.values > 0.0).all() for line in lines)
    title = f"Growth of 1{', log scale' if positive else ''}"
    chart = TimeChart("growth", title, found.dates, lines, "ratio", size="tall", log=positive, base=1.0)
    return time_chart(chart)


def _differences(found: SideBySide) -> Markup | str:
    """Return every plan's difference to its own buy-and-hold with its interval."""
    labels = short_labels([one.contestant.label for one in found.standings])
    known = [
        _interval(place, label, one)
        for place, (label, one) in enumerate(zip(labels, found.standings, strict=True))
        if one.figures["difference"] is not None
    ]
    return interval_chart("differences", "Growth a year beyond its own buy-and-hold", known, "points") if known else ""


def _interval(place: int, label: str, standing: Standing) -> Mark:
    one = standing.contestant
    low, high = one.interval or (None, None)
    return Mark(label, standing.figures["difference"], low, high, place, note=" to ".join(one.window))


def _chances(found: SideBySide) -> Markup | str:
    """Return the chance of every rank of every plan."""
    if found.standings[0].ranks is None:
        return ""
    rows = [
        (one.contestant.label, [HeatCell(chance, fmt.percent(chance, 0)) for chance in one.ranks.probabilities])
        for one in found.standings
        if one.ranks is not None
    ]
    columns = [str(rank + 1) for rank in range(len(found.standings))]
    return heat_table(
        HeatTable("chances", "Share of drawn histories at each rank", columns, rows, corner="Plan", steps=_CHANCE_STEPS)
    )
