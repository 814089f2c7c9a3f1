"""Every kind of chart: complete without a script, described in words, safe with any name, whole at its edges."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser

import numpy as np
import pytest
from markupsafe import Markup

from engine.report.charts.bar_chart import bar_chart, cell_bar, lying_bars
from engine.report.charts.heat_table import HeatCell, HeatTable, heat_table
from engine.report.charts.histogram import Histogram, ValueLine, histogram
from engine.report.charts.interval_chart import interval_cell, interval_chart
from engine.report.charts.mark import Mark, mark_scale
from engine.report.charts.scatter import Point, Scatter, ScatterAxis, StripRow, scatter, strip_chart
from engine.report.charts.stacked_bars import BarPart, stacked_bars
from engine.report.charts.stacked_chart import Layer, stacked_chart
from engine.report.charts.time_chart import Line, PercentileBand, TimeChart, time_chart
from engine.report.charts.transforms import fall_values

NAME = '</svg><script>"&\u202e'
DAYS = np.arange(np.datetime64("2020-01-01"), np.datetime64("2021-01-01"))


class Reader(HTMLParser):
    """Reads a piece of HTML: every tag closed, no script, no attribute that runs."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.words: list[str] = []
        self.ids: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag != "script"
        assert not any(name.startswith("on") for name, _ in attrs)
        self.ids += [value for name, value in attrs if name == "id" and value]
        self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def level_of(days: int) -> np.ndarray:
    return 100.0 * (1.0 + 0.1 * np.sin(np.arange(days) / 30.0))


CHARTS: dict[str, Callable[[int], Markup]] = {
    "lines": lambda n: time_chart(
        TimeChart(
            "k",
            NAME,
            DAYS[:n],
            [Line(NAME, level_of(n), 0, NAME), Line("b", level_of(n) * 1.1, 1, "b")],
            "money",
            log=True,
            noted=True,
            marked=DAYS[:2],
        )
    ),
    "falls": lambda n: time_chart(
        TimeChart(
            "k",
            NAME,
            DAYS[:n],
            [Line(NAME, fall_values(level_of(n), 100.0), 0)],
            "percent",
            "fall",
            base=0.0,
            fill=0,
            levels=[(-0.05, NAME)],
        )
    ),
    "fan": lambda n: time_chart(
        TimeChart(
            "k",
            NAME,
            DAYS[:n],
            [Line(NAME, level_of(n), 0)],
            "money",
            log=True,
            bands=[PercentileBand(NAME, level_of(n) / 2, level_of(n) * 2)],
        )
    ),
    "stack": lambda n: stacked_chart(
        "k", NAME, DAYS[:n], [Layer(NAME, np.full(n, 0.75)), Layer("cash", np.full(n, 0.25))]
    ),
    "bars": lambda n: bar_chart(
        "k", NAME, [Mark(f"{NAME}{k}", 0.01 * (-1) ** k, -0.02, 0.02, hatched=True) for k in range(n % 30)], "points"
    ),
    "parts": lambda n: stacked_bars(
        "k",
        NAME,
        [f"{NAME}{k}" for k in range(n)],
        [BarPart(NAME, level_of(n).tolist(), 0), BarPart("b", (-level_of(n)).tolist(), 3)],
        "money",
    ),
    "lying": lambda n: lying_bars(
        "k", NAME, [Mark(NAME, float(k), 1.0, 9.0) for k in range(1, n % 30)], "seconds", log=True
    ),
    "intervals": lambda n: interval_chart("k", NAME, [Mark(NAME, 0.003, -0.002, 0.009), Mark("none", None)], "points"),
    "histogram": lambda n: histogram(
        Histogram(
            "k",
            NAME,
            np.linspace(0.0, 1.0, n + 1),
            np.ones(n),
            "percent",
            lines=[ValueLine(NAME, 0.4, 0), ValueLine("b", 0.41, 1)],
            band=(0.2, 0.6),
        )
    ),
    "scatter": lambda n: scatter(
        Scatter(
            "k",
            NAME,
            [Point(0.1, 0.2, NAME, "named"), Point(0.2, 0.3)],
            ScatterAxis(NAME, "percent"),
            ScatterAxis("y", "percent"),
            joined=[(0.1, 0.1), (0.2, 0.3)],
        )
    ),
    "strip": lambda n: strip_chart("k", NAME, [StripRow(NAME, level_of(n).tolist(), 100.0)], "money"),
    "heat": lambda n: heat_table(
        HeatTable("k", NAME, [NAME], [(NAME, [HeatCell(-0.06, NAME, NAME)])], foot=[("mean", [HeatCell(0.1, "x")])])
    ),
}


@pytest.mark.parametrize("days", [1, 2, 200])
@pytest.mark.parametrize("kind", CHARTS)
def test_a_chart_is_well_formed_with_any_name_and_any_length(kind: str, days: int) -> None:
    page = CHARTS[kind](days)
    read = Reader(page)
    assert read.ids[0] == "k"
    assert len(set(read.ids)) == len(read.ids)
    assert "nan" not in page.lower().replace("name", "")
    assert "\u202e" not in page
    assert "⟨U+202E⟩" in page


@pytest.mark.parametrize("kind", [kind for kind in CHARTS if kind != "heat"])
def test_a_chart_says_in_words_what_it_shows(kind: str) -> None:
    page = CHARTS[kind](200)
    assert re.search(r'role="img" aria-labelledby="k-title k-says"|data-say="', page)
    assert "k-title" in page


def test_a_hatched_bar_has_slanting_lines_that_stay_inside_it() -> None:
    """Other bars have none; a bar of no height has no room for any."""
    bars = [
        Mark("plain", 2.0),
        Mark("tall", 2.0, hatched=True),
        Mark("low", -0.5, hatched=True),
        Mark("none", 0.0, hatched=True),
    ]
    shapes = re.findall(r'class="bar [^"]*" data-say="[^"]*" d="([^"]*)"', str(bar_chart("k", "t", bars, "ratio")))
    counts = []
    for shape in shapes:
        left, zero, top, width = (int(one) for one in re.match(r"M(\d+) (\d+)V(\d+)h(\d+)", shape).groups())
        ends = [tuple(int(one) for one in pair) for pair in re.findall(r"[ML](\d+) (\d+)", shape.partition("Z")[2])]
        assert all(left <= x <= left + width and min(zero, top) <= y <= max(zero, top) for x, y in ends)
        counts.append(len(ends) // 2)
    assert counts[0] == counts[3] == 0
    assert counts[1] > counts[2] > 2


def test_a_description_has_ends_and_the_lowest_day() -> None:
    line = Line("The plan", np.array([100.0, 80.0, 130.0]), 0)
    page = time_chart(TimeChart("k", "t", DAYS[:3], [line, Line("Other", np.array([1.0, 2.0, 3.0]), 1)], "count"))
    assert "The plan from 100 to 130; lowest 80 on 2020-01-02; Other ends at 3." in page


def test_a_line_has_one_marker_at_its_end_or_beside_its_label_in_a_stack() -> None:
    far = [Line("a", np.array([1.0, 9.0]), 0), Line("b", np.array([1.0, 2.0]), 1)]
    near = [Line("a", np.array([1.0, 9.0]), 0), Line("b", np.array([1.0, 9.0]), 1)]
    for lines, at_ends in ((far, 2), (near, 0)):
        page = time_chart(TimeChart("k", "t", DAYS[:2], lines, "count")).split('class="ends"')[1]
        assert page.count('class="mark') == 2
        assert page.count("<i ") == at_ends


def test_numbers_stand_at_the_first_line_on_their_days() -> None:
    line = Line("a", np.array([0.0, -0.5, -0.1]), 0, "a")
    numbered = [(DAYS[1], "1"), (np.datetime64("1999-01-01"), "2")]
    page = time_chart(TimeChart("k", "t", DAYS[:3], [line], "percent", "fall", base=0.0, numbered=numbered))
    assert re.findall(r'<b style="left:50%;bottom:[\d.]+%">(\d)</b>', page) == ["1"]


def test_a_bar_that_is_longest_fills_half_its_cell_to_its_own_side() -> None:
    assert "left:0%;width:50%" in cell_bar(-2.0, 2.0)
    assert "left:50%;width:25%" in cell_bar(1.0, 2.0)
    assert cell_bar(None, 2.0) == ""


def test_no_interval_is_cut() -> None:
    rows = [Mark("a", 0.01, -0.3, 0.5), Mark("b", 0.0, 0.0, 0.0)]
    scale = mark_scale(rows)
    assert scale.low < -0.3
    assert scale.high > 0.5
    assert 'class="reach' in interval_cell(rows[0], scale)


def test_a_stack_ends_where_its_weights_do() -> None:
    page = stacked_chart("k", "t", DAYS[:2], [Layer("A", np.array([0.5, 0.6])), Layer("B", np.array([0.5, 0.4]))])
    assert "A 60.00" in page
    assert "B 40.00" in page
    assert "On 2020-01-02: A 60.00\xa0%, B 40.00\xa0%." in page
