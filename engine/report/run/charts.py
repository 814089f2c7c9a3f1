"""The charts of a run's page, each by its name."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from markupsafe import Markup

from engine.backtest.finished_run import FinishedRun
from engine.report.charts.bar_chart import bar_chart
from engine.report.charts.chart import Chart, unknown_kind
from engine.report.charts.interval_chart import interval_chart
from engine.report.charts.mark import Mark
from engine.report.charts.waterfall import waterfall
from engine.report.phrases import plural, portfolio_label
from engine.report.run.panel import PanelMaker
from engine.report.run.panels.certainty import difference_marks
from engine.report.run.panels.contribution import contribution_panel
from engine.report.run.panels.distribution import distribution_panel
from engine.report.run.panels.falls import falls_panel
from engine.report.run.panels.growth import growth_panel
from engine.report.run.panels.rebalances import rebalances_panel
from engine.report.run.panels.rolling import rolling_panel
from engine.report.run.panels.start_years import start_years_panel
from engine.report.run.panels.taxes import taxes_panel
from engine.report.run.panels.weights import weights_panel
from engine.report.run.parts_table import PART_TITLES
from engine.report.run.run_lines import rival_of
from engine.report.run.years_and_falls import difference, year_returns

Maker: TypeAlias = Callable[[FinishedRun], Markup | None]


def run_chart(run: FinishedRun, kind: str) -> Chart:
    """Return a chart of a run's page.

    Raises
    ------
    EngineError
        When there is no such chart of this run; the message names those that there are.

    """
    make = _CHARTS.get(kind)
    figure = make(run) if make else None
    if not figure:
        raise unknown_kind(kind, list(run_chart_kinds(run)))
    return Chart(kind, figure)


def run_chart_kinds(run: FinishedRun) -> tuple[str, ...]:
    """Return the names of the charts that this run has, in the order of its page."""
    return tuple(kind for kind, make in _CHARTS.items() if make(run))


def _of_panel(panel: PanelMaker, key: str, place: int | None = None) -> Maker:
    """Return what takes a chart out of the content of a panel, the one at a ``place`` where it has several."""

    def take(run: FinishedRun) -> Markup | None:
        made = panel(run)
        found = made.content.get(key) if made else None
        if place is not None and isinstance(found, tuple | list):
            found = found[place] if -len(found) <= place < len(found) else None
        return found if isinstance(found, Markup) else None

    return take


def _rolling(years: int | None) -> Maker:
    """Return what draws the windows of so many years, the longest without."""

    def take(run: FinishedRun) -> Markup | None:
        panel = rolling_panel(run)
        found = panel.content.get("charts", ()) if panel else ()
        charts = dict(found) if isinstance(found, list | tuple) else {}
        name = next(reversed(charts), "") if years is None else plural(years, "year")
        return charts.get(name)

    return take


def _differences(run: FinishedRun) -> Markup | None:
    marks = list(difference_marks(run).values())
    title = "Growth a year, the plan less each other portfolio"
    return interval_chart("chart-differences", title, marks, "points") if marks else None


def _parts(run: FinishedRun) -> Markup | None:
    """Return the parts of the difference to buy-and-hold, where the page has a table of them."""
    against = run.summary.versus.get("buy_and_hold")
    if against is None or against.parts is None or against.years < 1.0:
        return None
    parts = {key: amount for key, amount in dataclasses.asdict(against.parts).items() if amount}
    marks = [Mark(PART_TITLES[key], parts[key]) for key in PART_TITLES if key in parts]
    total = Mark("sum", math.fsum(parts.values()))
    return waterfall("chart-parts", "What the difference to buy & hold is made of, a year", marks, total, "points")


def _years(run: FinishedRun) -> Markup | None:
    """Return by how much the plan was ahead in each calendar year; where it stands alone, what it returned."""
    rival, years = rival_of(run), year_returns(run)
    if rival is None:
        bars = [Mark(str(one.year), one.returns["strategy"]) for one in years]
        return bar_chart("chart-years", "Return by calendar year", bars, "percent")
    bars = [Mark(str(one.year), difference(one, rival)) for one in years]
    name = "buy & hold" if rival == "buy_and_hold" else portfolio_label(rival)
    return bar_chart("chart-years", f"Return by calendar year, the plan less {name}", bars, "points")


_CHARTS: Final[Mapping[str, Maker]] = {
    "growth": _of_panel(growth_panel, "growth"),
    "ratio": _of_panel(growth_panel, "ratio"),
    "value": _of_panel(growth_panel, "value"),
    "differences": _differences,
    "parts": _parts,
    "starts": _of_panel(start_years_panel, "chart"),
    "rebalances": _of_panel(rebalances_panel, "charts", 0),
    "rebalances_at_end": _of_panel(rebalances_panel, "charts", 1),
    "falls": _of_panel(falls_panel, "chart"),
    "years": _years,
    "rolling": _rolling(None),
    "rolling_1y": _rolling(1),
    "rolling_3y": _rolling(3),
    "rolling_5y": _rolling(5),
    "contribution": _of_panel(contribution_panel, "chart"),
    "weights": _of_panel(weights_panel, "stacked"),
    "caps": _of_panel(weights_panel, "capped"),
    "taxes": _of_panel(taxes_panel, "chart"),
    "days": _of_panel(distribution_panel, "charts", 0),
    "months": _of_panel(distribution_panel, "charts", 1),
}
"""Every chart by its name; what makes it returns nothing where a run has none."""
