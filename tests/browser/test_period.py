"""A chosen period: its figures are Python's to a millionth, however it is chosen; the whole window is as it was written."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.analysis import metrics
from engine.analysis.return_statistics import ReturnStatistics
from engine.report.number_format import DASH
from tests.support.browser_pages import PRICES
from tests.support.specimen_page import CAPITAL, FIGURES, made_up_levels

pytestmark = [pytest.mark.slow, pytest.mark.browser]
RATE = 0.0001
PERIODS = [
    ("2010-03-01", "2021-08-27"), ("2012-01-01", "2012-12-31"), ("2013-05-31", "2018-05-31"), ("2011-06-15", "2011-07-15"),
    ("2014-02-28", "2020-02-29"), ("2010-03-01", "2010-03-02"), ("2009-01-01", "2015-12-31"), ("2021-01-01", "2030-01-01"),
]  # fmt: skip


def choose(page: Any, start: str, end: str) -> None:
    """Type a period."""
    page.fill("#from", start)
    page.fill("#to", end)
    page.press("#to", "Enter")
    page.evaluate("document.activeElement.blur()")


def shown(page: Any) -> dict[tuple[str, str], float | None]:
    """Every figure that follows the period, as the script has it."""
    cells = page.evaluate(
        "[...document.querySelectorAll('[data-figure]')].map(c => [c.dataset.figure, c.dataset.of, c.dataset.value])"
    )
    return {(figure, of): float(value) if value else None for figure, of, value in cells}


def expected(start: str, end: str) -> dict[tuple[str, str], float | None]:
    """The same figures by the engine's own functions."""
    dates, levels = made_up_levels()
    days, found = dates.view(np.int64), {}
    cuts = {}
    for name, column in levels.items():
        held = np.isfinite(column)
        own, level = dates[held], column[held]
        opening = np.datetime64(start) <= own[0]
        a = 0 if opening else int(np.searchsorted(own, np.datetime64(start), side="right")) - 1
        b = int(np.searchsorted(own, np.datetime64(end), side="right")) - 1
        if b <= a:
            found |= dict.fromkeys([(figure, name) for figure in FIGURES])
            continue
        base = CAPITAL if opening else level[a]
        cuts[name] = (own[a : b + 1], level[a : b + 1], base, opening)
        path = np.concatenate([[base], level[a : b + 1]]) if opening else level[a : b + 1]
        returns = level[a + 1 : b + 1] / level[a:b] - 1.0
        plain, over = ReturnStatistics.from_series(returns), ReturnStatistics.from_series(returns, RATE)
        span = float(own[b].astype(np.int64) - own[a].astype(np.int64))
        growth = metrics.cagr(path, span) if span >= 365 else None
        month_days = own[a : b + 1] if opening else own[a + 1 : b + 1]
        _, months = metrics.period_returns(path, month_days, "month")
        deepest = metrics.max_drawdown(path)
        found |= {
            ("final_value", name): level[b], ("total_return", name): path[-1] / path[0] - 1.0, ("cagr", name): growth,
            ("volatility", name): plain.volatility(), ("sharpe", name): over.sharpe(), ("sortino", name): over.sortino(),
            ("max_drawdown", name): deepest, ("calmar", name): metrics.calmar(growth, deepest),
            ("best_month", name): months.max(), ("worst_month", name): months.min(),
        }  # fmt: skip
    found |= {(figure, name): None for figure in FIGURES[10:] for name in levels}
    for name in list(cuts)[1:]:
        (mine, level, base, opening), (theirs, other, other_base, other_opening) = cuts["strategy"], cuts[name]
        _, left, right = np.intersect1d(mine, theirs, return_indices=True)
        if len(left) < 2:
            continue
        together = opening and other_opening and left[0] == right[0] == 0
        span = float(mine[left[-1]].astype(np.int64) - mine[left[0]].astype(np.int64))
        one, two = level[left], other[right]
        rates = [
            metrics.cagr(np.array([start_at if together else path[0], path[-1]]), span) if span >= 365 else None
            for path, start_at in ((one, base), (two, other_base))
        ]
        r, s = one[1:] / one[:-1] - 1.0, two[1:] / two[:-1] - 1.0
        found |= {
            ("difference", name): None if None in rates else rates[0] - rates[1],
            ("tracking_error", name): metrics.tracking_error(r, s), ("information_ratio", name): metrics.information_ratio(r, s),
            ("beta", name): metrics.beta(r, s), ("correlation", name): metrics.correlation(r, s),
        }  # fmt: skip
    assert days[0] < days[-1]
    return found


@pytest.mark.parametrize(("start", "end"), PERIODS)
def test_every_figure_of_a_period_is_pythons_to_a_millionth(
    show: Callable[..., Any], pages: Callable[[str], Path], start: str, end: str
) -> None:
    page = show(pages("specimen"))
    choose(page, start, end)
    found, wanted = shown(page), expected(start, end)
    assert found.keys() == wanted.keys()
    for key, value in wanted.items():
        if value is None:
            assert found[key] is None, key
        else:
            assert found[key] == pytest.approx(value, abs=1e-6, rel=1e-6), key


def test_a_period_typed_dragged_and_in_the_address_has_the_same_figures(
    show: Callable[..., Any], pages: Callable[[str], Path]
) -> None:
    page = show(pages("specimen"))
    box = page.query_selector("#growth .plot").bounding_box()
    page.mouse.move(box["x"] + 100, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + 320, box["y"] + 80)
    page.mouse.up()
    dragged, start, end = shown(page), page.input_value("#from"), page.input_value("#to")
    assert start > "2010-03-01"
    assert page.url.endswith(f"#from={start}&to={end}")
    page.click("[data-years='0']")
    choose(page, start, end)
    assert shown(page) == dragged
    other = show(pages("specimen"), address=f"#from={start}&to={end}")
    assert shown(other) == dragged


def test_buttons_end_at_the_last_session_and_reach_back_whole_years(
    show: Callable[..., Any], pages: Callable[[str], Path]
) -> None:
    page = show(pages("specimen"))
    last = page.input_value("#to")
    for years in (1, 3, 5, 10):
        page.click(f"[data-years='{years}']")
        assert page.input_value("#from") == f"{int(last[:4]) - years}{last[4:]}"
    page.click("[data-years='0']")
    assert page.input_value("#from") == "2010-03-01"
    assert "#" not in page.url


def test_the_whole_window_has_what_was_written_and_a_part_says_what_does_not_follow(
    show: Callable[..., Any], pages: Callable[[str], Path]
) -> None:
    page = show(pages("specimen"))
    cell = "[data-figure=cagr][data-of=strategy]"
    assert page.inner_text(cell) == "as written"
    choose(page, "2012-01-01", "2012-06-30")
    assert page.inner_text(cell) == DASH
    assert (
        page.evaluate("getComputedStyle(document.querySelector('[data-whole]'), '::after').content")
        == '" (whole window)"'
    )
    assert "Intervals" in page.inner_text("#period-note")
    page.click("[data-years='0']")
    assert page.inner_text(cell) == "as written"
    assert page.inner_text("#period-note") == ""


@pytest.mark.parametrize(
    ("start", "end", "words"),
    [
        ("2012-02-30", "2013-01-01", "“2012-02-30” is no date"),
        ("yesterday", "2013-01-01", "“yesterday” is no date"),
        ("2013-01-01", "2012-01-01", "2013-01-01 is after 2012-01-01"),
        ("2012-03-03", "2012-03-04", "fewer than two sessions"),
    ],
)
def test_bad_dates_are_refused_in_words_and_change_nothing(
    show: Callable[..., Any], pages: Callable[[str], Path], start: str, end: str, words: str
) -> None:
    page = show(pages("specimen"))
    page.fill("#from", start)
    page.press("#from", "Enter")
    before = shown(page)
    choose(page, start, end)
    assert words in page.inner_text("#period-note")
    assert shown(page) == before


def test_a_bad_address_is_read_in_part_and_says_so(show: Callable[..., Any], pages: Callable[[str], Path]) -> None:
    page = show(pages("specimen"), address="#from=2012-99-01&to=2015-12-31&hide=nobody&log=7")
    assert page.input_value("#to") == "2015-12-31"
    assert "from is no date" in page.inner_text("#period-note")
    page = show(pages("specimen"), address="#hide=strategy,LATE&log=0")
    pressed = page.evaluate("[...document.querySelectorAll('[data-line]')].map(b => b.getAttribute('aria-pressed'))")
    assert pressed == ["false", "true", "false", "true"]
    assert page.get_attribute("#log", "aria-pressed") == "false"


def test_the_last_line_cannot_be_hidden(show: Callable[..., Any], pages: Callable[[str], Path]) -> None:
    page = show(pages("specimen"))
    for name in ("buy_and_hold", "strategy"):
        page.click(f"[data-line={name}]")
    page.wait_for_timeout(300)
    assert page.inner_text("#said") == "The last line cannot be hidden."
    assert page.get_attribute("[data-line=strategy]", "aria-pressed") == "true"


@pytest.mark.skipif(not PRICES.is_file(), reason="the folder shared/data with real prices is not beside this checkout")
def test_periods_of_the_real_run_are_those_of_the_oracles(
    show: Callable[..., Any], pages: Callable[[str], Path]
) -> None:
    oracles = json.loads((PRICES.parent / "oracles" / "report.json").read_text())
    page = show(pages("real run"))
    wanted = {tuple(key.split("/")[1:]): one["value"] for key, one in oracles.items() if key.startswith("period/")}
    for span, group in itertools.groupby(wanted.items(), key=lambda item: item[0][0]):
        choose(page, *span.split(".."))
        found = shown(page)
        for (_, figure), value in group:
            of = "buy_and_hold" if figure.startswith("buy_and_hold_") else "strategy"
            key = figure.removeprefix("buy_and_hold_"), of
            assert found[key] is None if value is None else found[key] == pytest.approx(value, abs=1e-6), (span, key)
    page.click("[data-years='0']")
    found = shown(page)
    for key, one in oracles.items():
        _, of, figure = (*key.split("/"), "", "")[:3]
        if key.startswith("headline/") and (figure, of) in found:
            assert found[figure, of] == pytest.approx(one["value"], rel=1e-6, abs=1e-6), key
