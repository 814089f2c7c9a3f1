"""Every kind of page on every width and in both schemes: nothing is cut, nothing scrolls sideways, all of it can be read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.browser_pages import PAGES

pytestmark = [pytest.mark.slow, pytest.mark.browser]
WIDTHS = (1440, 820, 390, 320)
CUT = """() => [...document.querySelectorAll('body *')].filter((one) => {
  const box = one.getBoundingClientRect();
  if (!box.width || !box.height || one.closest('.sr, .skip, svg')) return false;
  if (box.right <= document.documentElement.clientWidth + 1 && box.left >= -1) return false;
  for (let at = one; at; at = at.parentElement) if (!['visible', 'clip'].includes(getComputedStyle(at).overflowX)) return false;
  return true;
}).map((one) => `${one.tagName}.${one.className} ${one.textContent.trim().slice(0, 40)}`)"""
SMALL = """() => [...document.querySelectorAll('body *')].filter((one) => [...one.childNodes].some((part) => part.nodeType === 3 && part.textContent.trim())
  && one.getClientRects().length && parseFloat(getComputedStyle(one).fontSize) < 11).map((one) => one.textContent.trim().slice(0, 40))"""
TARGETS = """(least) => [...document.querySelectorAll('button, input, select, summary')].filter((one) => {
  const box = (one.closest("label:has(> [type=checkbox], > [type=radio])") ?? one).getBoundingClientRect();
  return one.checkVisibility({ visibilityProperty: true }) && box.width && (box.height < least || box.width < 24);
}).map((one) => `${one.tagName} ${one.textContent.trim().slice(0, 30)} ${Math.round(one.getBoundingClientRect().height)}`)"""
COVERED = """() => [...document.querySelectorAll('.x, .lying.axis i')].flatMap((axis) => {
  const texts = [...axis.children].map((one) => [one.textContent, one.getBoundingClientRect()]).filter(([, box]) => box.width).sort((a, b) => a[1].left - b[1].left);
  return texts.slice(1).filter(([, box], k) => box.left < texts[k][1].right).map(([text]) => `${axis.closest('figure').id} ${text}`);
})"""
LINES = """() => {
  const light = (text) => { const c = text.match(/[\\d.]+/g).slice(0, 3).map((x) => { const v = x / 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; });
    return 0.2126 * c[0] + 0.7152 * c[1] + 0.0722 * c[2]; };
  const paper = light(getComputedStyle(document.body).backgroundColor);
  return [...document.querySelectorAll('.plot path.line, .plot path.value, b.reach, .mark')].map((one) => { const x = light(getComputedStyle(one).color);
    return [one.getAttribute('class'), (Math.max(x, paper) + 0.05) / (Math.min(x, paper) + 0.05)]; }).filter(([, ratio]) => ratio < 3);
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("kind", PAGES)
def test_nothing_is_cut_or_too_small_and_the_page_does_not_scroll_sideways(
    show: Callable[..., Any], pages: Callable[[str], Path], kind: str, width: int, scheme: str
) -> None:
    page = show(pages(kind), width=width, height=900 if width > 500 else 844, color_scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(CUT) == []
    assert page.evaluate(SMALL) == []
    assert page.evaluate(TARGETS, 24 if width > 700 else 44) == []


@pytest.mark.parametrize("years", [None, 1, 3])
@pytest.mark.parametrize("width", [1440, 390, 320])
@pytest.mark.parametrize("kind", ["specimen", "run", "real run", "taxed run", "luck", "comparison", "depot"])
def test_no_text_of_an_axis_covers_another(
    show: Callable[..., Any], pages: Callable[[str], Path], kind: str, width: int, years: int | None
) -> None:
    page = show(pages(kind), width=width)
    button = page.query_selector(f"[data-years='{years}']") if years else None
    if years and button is None:
        return
    if button:
        button.evaluate("(one) => one.click()")
    assert page.evaluate(COVERED) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("kind", PAGES)
def test_axe_finds_no_violation_of_wcag_2_2_a_and_aa_and_lines_have_contrast(
    show: Callable[..., Any], pages: Callable[[str], Path], kind: str, width: int, scheme: str
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python: `make pages`")
    page = show(pages(kind), width=width, color_scheme=scheme)
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"]
    found = axe.Axe().run(page, options={"runOnly": {"type": "tag", "values": tags}, "resultTypes": ["violations"]})
    faults = [(one["id"], [node["html"][:160] for node in one["nodes"][:4]]) for one in found.response["violations"]]
    assert faults == []
    assert page.evaluate(LINES) == []


def test_forced_colours_leave_markers_and_lines(show: Callable[..., Any], pages: Callable[[str], Path]) -> None:
    page = show(pages("specimen"), forced_colors="active")
    assert page.evaluate("getComputedStyle(document.querySelector('.plot path.line')).stroke") not in {
        "none",
        "rgba(0, 0, 0, 0)",
    }
    assert page.evaluate("getComputedStyle(document.querySelector('.ends .mark path')).fill") != "none"
