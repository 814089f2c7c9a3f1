"""Everything can be reached and used by keys alone, and what happens is said."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.browser]


def said(page: Any) -> str:
    """What was read aloud last; there is at most one message in 200 ms."""
    page.wait_for_timeout(280)
    return page.inner_text("#said")


def test_tab_reaches_every_control_chart_and_table_and_the_focus_is_seen(
    show: Callable[..., Any], pages: Callable[[str], Path]
) -> None:
    page = show(pages("specimen"))
    wanted = page.evaluate("document.querySelectorAll('a[href], button, input, [tabindex=\"0\"], summary').length")
    reached = set()
    for _ in range(wanted + 2):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("[...document.querySelectorAll('*')].indexOf(document.activeElement)"))
        style = page.evaluate(
            "(({ outlineStyle, outlineWidth }) => [outlineStyle, outlineWidth])(getComputedStyle(document.activeElement))"
        )
        if page.evaluate("document.activeElement !== document.body"):
            assert style == ["solid", "2px"]
    body = page.evaluate("[...document.querySelectorAll('*')].indexOf(document.body)")
    assert len(reached - {body}) == wanted


def test_arrows_walk_through_sessions_and_say_date_and_values(
    show: Callable[..., Any], pages: Callable[[str], Path]
) -> None:
    page = show(pages("specimen"))
    page.focus("#growth .plot")
    page.keyboard.press("End")
    last = page.input_value("#to")
    assert said(page).startswith(f"{last}, ")
    assert "The plan" in said(page)
    page.keyboard.press("Home")
    assert said(page).startswith("2010-03-01")
    page.keyboard.press("ArrowRight")
    assert said(page).startswith("2010-03-02")
    page.keyboard.press("Shift+ArrowRight")
    assert said(page).startswith("2010-03-31")
    assert page.is_visible("#tip")
    assert page.evaluate("document.querySelectorAll('.rule').length") >= 3


def test_layers_are_walked_and_said_from_the_top_and_follow_the_period(
    show: Callable[..., Any], pages: Callable[[str], Path]
) -> None:
    page = show(pages("specimen"))
    page.focus("#weights .plot")
    page.keyboard.press("Home")
    assert said(page) == "2010-03-01, Buy & hold 2.00\xa0%, AAA 98.00\xa0%"
    assert page.inner_text("#tip").split("\n")[0] == "2010-03-01"
    assert page.evaluate("document.querySelectorAll('#tip .swatch').length") == 2
    page.click("[data-years='10']")
    first = page.get_attribute("#weights .layer:last-child", "d")
    page.click("[data-years='1']")
    assert page.get_attribute("#weights .layer:last-child", "d") != first
    assert page.inner_text("#weights .x").startswith("20")
    page.click("[data-years='10']")
    assert page.get_attribute("#weights .layer:last-child", "d") == first


def test_plus_and_minus_zoom_and_escape_closes_the_tip_then_the_period(
    show: Callable[..., Any], pages: Callable[[str], Path]
) -> None:
    page = show(pages("specimen"))
    page.focus("#growth .plot")
    page.keyboard.press("Home")
    for _ in range(40):
        page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("+")
    assert page.input_value("#from") > "2010-03-01"
    assert page.is_visible("#tip")
    page.keyboard.press("Escape")
    assert page.is_hidden("#tip")
    page.keyboard.press("Escape")
    assert page.input_value("#from") == "2010-03-01"


@pytest.mark.parametrize("chart", ["years", "money", "sure", "variants", "frontier", "timing", "months"])
def test_marks_that_python_drew_are_walked_by_arrows_and_said(
    show: Callable[..., Any], pages: Callable[[str], Path], chart: str
) -> None:
    page = show(pages("specimen"))
    page.evaluate("(id) => { const box = document.getElementById(id); (box.closest('.wide') ?? box).focus(); }", chart)
    page.keyboard.press("ArrowRight")
    first = said(page)
    assert first
    assert page.inner_text("#tip") == first
    page.keyboard.press("End")
    assert said(page)
    page.keyboard.press("Escape")
    assert page.is_hidden("#tip")


def test_the_tip_of_a_pointer_covers_no_point_of_its_own_can_be_reached_and_closes(
    show: Callable[..., Any], pages: Callable[[str], Path]
) -> None:
    page = show(pages("specimen"))
    box = page.query_selector("#growth .plot").bounding_box()
    for share in (0.02, 0.5, 0.98):
        x = box["x"] + share * box["width"]
        page.mouse.move(x, box["y"] + 150)
        tip, rule = page.query_selector("#tip").bounding_box(), page.query_selector("#growth .rule").bounding_box()
        assert not tip["x"] <= rule["x"] <= tip["x"] + tip["width"]
        assert tip["x"] >= 0
        assert tip["x"] + tip["width"] <= 1440
    page.mouse.move(tip["x"] + 10, tip["y"] + 10)
    page.wait_for_timeout(300)
    assert page.is_visible("#tip")
    page.keyboard.press("Escape")
    assert page.is_hidden("#tip")


def test_columns_sort_by_their_heads_and_rows_are_searched(
    show: Callable[..., Any], pages: Callable[[str], Path]
) -> None:
    page = show(pages("specimen"))
    page.click("table.rows th:nth-child(2) button")
    assert page.inner_text("table.rows tbody tr:first-child td:nth-child(2)") == "\N{MINUS SIGN}300"
    assert page.get_attribute("table.rows th:nth-child(2)", "aria-sort") == "ascending"
    page.fill("input[type=search]", "1,200")
    assert page.inner_text(".shown") == "1"
