"""A chosen period: what of a run's page cannot follow it is dimmed and says that it is of the whole window."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.backtest.finished_run import read_run
from engine.report.run import run_lines
from engine.report.run.page import render_run

pytestmark = [pytest.mark.slow, pytest.mark.browser]
SAID = "(one) => getComputedStyle(one, '::after').content"
WHOLE = '" (whole window)"'


@pytest.fixture(scope="module")
def dated(pages: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run's page whose risk-free rate is a series, which is not in its folder."""
    run = read_run(pages("run").parent)
    assert isinstance(run.config, Mapping)
    compare = {**run.section("compare"), "risk_free": {"path": "bills.csv"}}
    path = tmp_path_factory.mktemp("dated") / "report.html"
    path.write_text(render_run(replace(run, config={**run.config, "compare": compare})), encoding="utf-8")
    return path


def row(page: Any, title: str) -> Any:
    """The row of a figure among all portfolios."""
    return page.query_selector(f"table.figures tr:has(> th summary:text-is('{title}'))")


@pytest.mark.parametrize("kind", ["a constant rate", "a dated rate"])
def test_sharpe_and_sortino_follow_a_period_or_say_that_they_do_not(
    show: Callable[..., Any], pages: Callable[[str], Path], request: pytest.FixtureRequest, kind: str
) -> None:
    page = show(pages("run") if kind == "a constant rate" else request.getfixturevalue("dated"))
    titles = [one.text_content() for one in page.query_selector_all("table.figures th summary")]
    wanted = [one for one in titles if "Sharpe" in one or "Sortino" in one]
    assert len(wanted) == 2
    before = [row(page, title).query_selector("td").text_content() for title in wanted]
    page.click("[data-years='1']")
    for title, text in zip(wanted, before, strict=True):
        one = row(page, title)
        follows = one.query_selector("td").text_content() != text
        assert follows == (kind == "a constant rate"), title
        assert (one.query_selector("th").evaluate(SAID) == WHOLE) == (not follows), title
    assert row(page, "Volatility").query_selector("th").evaluate(SAID) == "none"


@pytest.mark.parametrize("chart", ["growth", "weights", "fan"])
def test_the_data_of_a_chart_over_time_is_a_table_of_month_ends(
    show: Callable[..., Any], pages: Callable[[str], Path], chart: str
) -> None:
    page = show(pages("specimen"))
    told = page.text_content(f"#{chart}-says")
    assert page.is_hidden(f"#{chart} table")
    page.click(f"#{chart} summary")
    page.wait_for_selector(f"#{chart} tbody th")
    dates = page.eval_on_selector_all(f"#{chart} tbody th", "all => all.map(one => one.textContent)")
    assert dates[:2] == ["2010-03-31", "2010-04-30"]
    assert len(dates) == 138
    last = page.eval_on_selector_all(f"#{chart} tbody tr:last-child td", "all => all.map(one => one.textContent)")
    assert all(one in told for one in last)
    page.click("[data-years='1']")
    if chart != "fan":
        assert page.eval_on_selector_all(f"#{chart} tbody th", "all => all.length") == 13
        assert page.text_content(f"#{chart}-says") != told or chart == "weights"
    page.click("[data-years='0']")
    assert page.text_content(f"#{chart}-says") == told


def test_the_five_deepest_falls_have_their_numbers_in_the_picture_and_a_period_those_in_it(
    show: Callable[..., Any], pages: Callable[[str], Path]
) -> None:
    page = show(pages("run"))
    numbers = "all => all.map(one => [one.textContent, one.style.left, one.style.bottom])"
    before = page.eval_on_selector_all("#chart-falls .numbers b", numbers)
    assert [one[0] for one in before] == ["1", "2", "3", "4", "5"]
    page.click("[data-years='1']")
    assert len(page.eval_on_selector_all("#chart-falls .numbers b", numbers)) < 5
    page.click("[data-years='0']")
    assert page.eval_on_selector_all("#chart-falls .numbers b", numbers) == before


def test_a_page_of_many_levels_has_weekly_ones_before_its_last_five_years_and_says_so(
    show: Callable[..., Any], pages: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Figures of a period in the last five years are the same as with all levels; of one before there are the plan's."""
    run, path = read_run(pages("run").parent), tmp_path / "report.html"
    whole = render_run(run)
    monkeypatch.setattr(run_lines, "MOST_LEVELS", 1000)
    path.write_text(render_run(run), encoding="utf-8")
    assert len(path.read_text(encoding="utf-8")) < len(whole)
    thin, full = show(path), show(pages("run"))
    assert "weekly ones before" in thin.inner_text("#growth")
    figures = "all => all.map(one => [one.dataset.figure, one.dataset.of, one.dataset.value])"
    found = []
    for page in (thin, full):
        page.click("[data-years='3']")
        late = page.eval_on_selector_all("[data-figure]", figures)
        page.fill("#from", "2014-06-02")
        page.press("#from", "Enter")
        found.append((late, page.eval_on_selector_all("[data-figure]", figures)))
    assert found[0][0] == found[1][0]
    for one, other in zip(found[0][1], found[1][1], strict=True):
        assert one == (other if other[1] == "strategy" else [*other[:2], ""])


def test_every_panel_follows_or_says_so_and_is_dimmed_but_can_be_read(
    show: Callable[..., Any], pages: Callable[[str], Path]
) -> None:
    page = show(pages("run"))
    page.click("[data-years='1']")
    for section in page.query_selector_all("main > section:has(> h2)"):
        heading, follows = section.query_selector("h2"), section.query_selector("[data-chart], [data-figure]")
        assert (heading.evaluate(SAID) == WHOLE) == (follows is None), heading.text_content()
        if follows is None:
            assert section.evaluate("(one) => getComputedStyle(one).color") == "rgb(86, 96, 114)"
    for chart in page.query_selector_all(".chart:not([data-chart])"):
        said = (
            chart.query_selector("figcaption").evaluate(SAID),
            chart.evaluate_handle("(one) => one.closest('section').querySelector('h2')").as_element().evaluate(SAID),
        )
        assert WHOLE in said, chart.get_attribute("id")
    for answer in page.query_selector_all(".answer"):
        heading = answer.evaluate_handle("(one) => one.closest('section').querySelector('h2')").as_element()
        assert WHOLE in {answer.evaluate(SAID), heading.evaluate(SAID)}
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python: `make pages`")
    found = axe.Axe().run(page, options={"runOnly": {"type": "rule", "values": ["color-contrast"]}})
    assert [node["html"][:160] for one in found.response["violations"] for node in one["nodes"][:6]] == []
