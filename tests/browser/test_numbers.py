"""The page's numbers are Python's, letter for letter."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from engine.report import number_format as fmt
from engine.report.charts.scales import Scale, date_ticks
from engine.report.charts.styles import write_figure, write_tick
from engine.report.html_page import asset_text

pytestmark = [pytest.mark.slow, pytest.mark.browser]
STYLES = ("money", "percent", "points", "ratio", "count", "seconds")


@pytest.fixture(scope="module")
def script(browser: Any) -> Any:
    """Return a page that has the script's functions and nothing else."""
    page = browser.new_page()
    parts = "\n".join(asset_text(f"page/{name}.js") for name in ("numbers", "series", "figures", "scales"))
    page.evaluate(
        f"() => {{ {parts}\nObject.assign(globalThis, {{ writeFigure, writeTick, Scale, dateTicks, shortNumber }}); }}"
    )
    return page


def numbers() -> list[float]:
    """Ten thousand numbers: of every size and sign, ties, edges, and what rounds to zero."""
    rng = np.random.default_rng(11)
    sizes = np.exp(rng.uniform(-25.0, 30.0, 6000)) * rng.choice([-1.0, 1.0], 6000)
    ties = rng.integers(-(10**6), 10**6, 3000) / rng.choice([2.0, 4.0, 8.0, 16.0, 200.0, 2000.0], 3000)
    edges = [
        0.0,
        -0.0,
        0.5,
        1.5,
        2.5,
        -0.5,
        999.995,
        999.5,
        1000.0,
        999.9999,
        0.005,
        0.015,
        0.025,
        1e15,
        -1e-12,
        1e21,
        1.23e22,
    ]
    return [*sizes.tolist(), *ties.tolist(), *edges, *rng.uniform(-1.0, 1.0, 10_000 - 9000 - len(edges)).tolist()]


@pytest.mark.parametrize("style", STYLES)
def test_ten_thousand_figures_are_written_alike(script: Any, style: str) -> None:
    given = numbers()
    assert len(given) == 10_000
    theirs = script.evaluate("([all, style]) => all.map((x) => writeFigure(x, style))", [given, style])
    for value, text in zip(given, theirs, strict=True):
        assert text == write_figure(value, style), value


@pytest.mark.parametrize("style", STYLES)
def test_round_values_at_axes_are_written_alike(script: Any, style: str) -> None:
    given = [
        sign * part * 10.0**power
        for power in range(-6, 9)
        for part in (1.0, 1.5, 2.0, 2.5, 3.0, 5.0, 7.0)
        for sign in (1, -1)
    ]
    theirs = script.evaluate("([all, style]) => all.map((x) => writeTick(x, style))", [given, style])
    assert theirs == [write_tick(value, style) for value in given]


def test_ticks_of_scales_and_dates_are_the_same(script: Any) -> None:
    rng = np.random.default_rng(12)
    lows = np.exp(rng.uniform(-8.0, 12.0, 400))
    pairs = [
        (float(low), float(low * (1.0 + span)), bool(log))
        for low, span, log in zip(lows, np.exp(rng.uniform(-4, 9, 400)), rng.integers(0, 2, 400), strict=True)
    ]
    pairs += [(-0.55, 0.0, False), (0.0, 1.0, False), (-3.0, 8.0, False)]
    theirs = script.evaluate("(all) => all.map(([low, high, log]) => new Scale(low, high, log).ticks(5))", pairs)
    assert theirs == [Scale(low, high, log).ticks(5) for low, high, log in pairs]
    days = np.arange(np.datetime64("1999-11-17"), np.datetime64("2026-01-01"))
    for start, size in zip(
        rng.integers(0, 9000, 200).tolist(), np.exp(rng.uniform(0.0, 9.0, 200)).astype(int).tolist(), strict=True
    ):
        some = days[start : start + size]
        some = some[np.is_busday(some)] if np.is_busday(some).any() else some
        found = script.evaluate("(days) => dateTicks(Int32Array.from(days))", some.view(np.int64).tolist())
        assert [tuple(one) for one in found] == date_ticks(some)


def test_what_is_missing_is_a_dash(script: Any) -> None:
    assert script.evaluate("[writeFigure(null, 'money'), writeFigure(NaN, 'percent')]") == [fmt.DASH, fmt.DASH]
