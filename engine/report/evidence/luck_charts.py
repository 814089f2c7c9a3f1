"""The pictures of a plan's luck: dates in strips, starts as bars, baskets as a histogram, histories as a fan."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import numpy as np
from markupsafe import Markup

from engine.report import number_format as fmt
from engine.report.charts.bar_chart import bar_chart
from engine.report.charts.heat_table import HeatCell, HeatTable, heat_table
from engine.report.charts.histogram import Histogram, ValueLine, histogram
from engine.report.charts.mark import Mark
from engine.report.charts.scatter import StripRow, strip_chart
from engine.report.charts.time_chart import Line, PercentileBand, TimeChart, time_chart
from engine.report.evidence.luck_words import month_name

if TYPE_CHECKING:
    from engine.evidence.luck.path import PathLuck
    from engine.evidence.luck.pick import PickLuck
    from engine.evidence.luck.start import StartLuck
    from engine.evidence.luck.timing import TimingLuck

_STEPS: Final = (0.0005, 0.001, 0.002)
"""Distances from the median at which the colour of a date changes [fraction a year]."""


def timing_chart(timing: TimingLuck, config: Mapping[str, object]) -> Markup:
    """Return a strip a month with a dot a session, the plan marked in its own."""
    growth, own = timing.spreads.get("cagr"), plan_month(config)
    if growth is None or not timing.growth:
        return Markup("")
    rows = [
        StripRow(
            month_name(month),
            [one for one in values if one is not None],
            growth.plan if month == own else None,
        )
        for month, values in timing.growth.items()
    ]
    return strip_chart(
        "timing-chart",
        "Growth a year by month: a thin stroke a session, a thick one the median, the dot the plan",
        rows,
        "percent",
    )


def timing_table(timing: TimingLuck) -> Markup:
    """Return the growth of every date, coloured by its distance from the median of all."""
    growth = timing.spreads.get("cagr")
    if growth is None or not timing.growth:
        return Markup("")
    rows = [
        (month_name(month), [_date_cell(one, growth.median) for one in values])
        for month, values in timing.growth.items()
    ]
    caption = f"Growth a year [%] by month and session of it; colours from the median, {fmt.percent(growth.median)}"
    return heat_table(HeatTable("timing-dates", caption, list(map(str, timing.sessions)), rows, "Month", steps=_STEPS))


def _date_cell(growth: float | None, median: float) -> HeatCell:
    return HeatCell(None, fmt.DASH) if growth is None else HeatCell(growth - median, f"{100.0 * growth:.2f}")


def start_chart(start: StartLuck) -> Markup:
    """Return a bar for every start: the plan's growth from there on less that of its own buy-and-hold."""
    if not start.every:
        return Markup("")
    bars = [
        Mark(one.start[:7], one.difference, note=f"{fmt.percent(one.cagr)} against {fmt.percent(one.held)}")
        for one in start.every
    ]
    title = "Difference of growth a year to buy and hold, by month of the opening"
    return bar_chart("start-chart", title, bars, "points")


def pick_chart(pick: PickLuck) -> Markup:
    """Return the growth of all baskets with the plan's and their median; nothing where all are alike."""
    growth, spread = pick.growth, pick.spreads.get("cagr")
    if growth is None or spread is None:
        return Markup("")
    lines = [] if spread.plan is None else [ValueLine("plan", spread.plan, 0)]
    lines.append(ValueLine("median", spread.median, 1))
    title = f"Growth a year of {pick.baskets:,} lists of {pick.names} names"
    counts = np.array(growth.counts, dtype=np.float64)
    return histogram(
        Histogram("pick-chart", title, np.array(growth.edges), counts, "percent", lines=lines, noun="lists")
    )


def path_chart(path: PathLuck, capital: float) -> Markup:
    """Return where 90 % and half of the histories lie each year, their median, and that of buy-and-hold."""
    known = [one for one in path.fan if one.plan is not None and one.held is not None]
    if not known:
        return Markup("")
    dates = np.array([path.start, *(one.date for one in known)], dtype="datetime64[D]")
    found = {
        key: capital * np.array([1.0, *(one.plan[key] for one in known if one.plan is not None)])
        for key in ("5", "25", "50", "75", "95")
    }
    held = capital * np.array([1.0, *(one.held or np.nan for one in known)])
    lowest = min(float(found["5"].min()), float(np.nanmin(held)))
    title = f"Growth of {fmt.money(capital)} over {path.histories:,} histories"
    title += ", flows taken out" if path.has_flows else ""
    return time_chart(
        TimeChart(
            "path-chart",
            f"{title}{', log scale' if lowest > 0.0 else ''}",
            dates,
            [Line("Plan, median", found["50"], 0), Line("Buy & hold, median", held, 1)],
            "money",
            size="tall",
            log=lowest > 0.0,
            bands=[
                PercentileBand("5 to 95 %", found["5"], found["95"]),
                PercentileBand("25 to 75 %", found["25"], found["75"]),
            ],
            levels=[(capital, "capital")],
        )
    )


def plan_month(config: Mapping[str, object]) -> str:
    """Return the month of a plan's yearly rebalance, "" where it has none.

    >>> plan_month({"strategy": {"rebalance": {"kind": "annual", "month": "may"}}})
    'may'
    """
    strategy = config.get("strategy")
    rule = strategy.get("rebalance") if isinstance(strategy, Mapping) else None
    rules = rule.get("of") if isinstance(rule, Mapping) and rule.get("kind") == "any" else [rule]
    months = [
        str(one.get("month", "")) for one in rules or [] if isinstance(one, Mapping) and one.get("kind") == "annual"
    ]
    return next(iter(months), "")
