"""The page of a sweep in a real browser: its first screen, names of lines, cards on a phone, commands, and paper."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.report.sweep.page import build_sweep_report
from tests.report.test_hostile_text import PAYLOADS
from tests.report.test_sweep_page import poison
from tests.support.runs import sign

pytestmark = [pytest.mark.slow, pytest.mark.browser]
BOXES = """(selector) => [...document.querySelectorAll(selector)].map((one) => {
  const box = one.getBoundingClientRect(); return [box.left, box.top, box.right, box.bottom]; })"""


def overlap(one: list[float], other: list[float]) -> bool:
    """Tell whether two boxes share more than an edge."""
    return min(one[2], other[2]) - max(one[0], other[0]) > 0.5 and min(one[3], other[3]) - max(one[1], other[1]) > 0.5


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (390, 844)])
def test_sentence_figures_and_histogram_are_on_the_first_screen(
    show: Callable[..., Any], pages: Callable[[str], Path], width: int, height: int
) -> None:
    page = show(pages("sweep"), width=width, height=height)
    for selector in ("#varied", "#verdict", ".limits", ".cards", "#spread .plot > svg"):
        (box,) = page.evaluate(BOXES, selector)
        assert 0 <= box[1] < box[3] <= height, selector


@pytest.mark.parametrize("width", [1440, 820, 390, 320])
def test_no_name_of_a_line_covers_another(show: Callable[..., Any], pages: Callable[[str], Path], width: int) -> None:
    page = show(pages("sweep"), width=width)
    boxes = page.evaluate(BOXES, "#spread .names span")
    assert len(boxes) == 4
    assert not [(a, b) for at, a in enumerate(boxes) for b in boxes[at + 1 :] if overlap(a, b)]
    title = page.evaluate(BOXES, "#spread figcaption")[0]
    assert not any(overlap(title, box) for box in boxes)


def test_the_noise_of_the_plan_lies_below_the_axis_as_wide_as_the_picture_at_most(
    show: Callable[..., Any], pages: Callable[[str], Path]
) -> None:
    for width in (1440, 390):
        page = show(pages("sweep"), width=width)
        plot, noise = (page.evaluate(BOXES, one)[0] for one in ("#spread .plot > svg", ".noise b"))
        assert noise[1] >= plot[3]
        assert (noise[0], noise[2]) == (pytest.approx(plot[0], abs=1), pytest.approx(plot[2], abs=1))


def test_variants_are_cards_on_a_phone_and_a_table_elsewhere(
    show: Callable[..., Any], pages: Callable[[str], Path]
) -> None:
    wide = show(pages("sweep"), width=1440)
    assert wide.is_visible(".variants thead")
    narrow = show(pages("sweep"), width=390, height=844)
    assert narrow.is_hidden(".variants thead")
    for box in narrow.evaluate(BOXES, ".variants tbody tr"):
        assert 16 <= box[0] < box[2] <= 374
        assert box[3] - box[1] > 100
    first = narrow.inner_text(".variants tbody tr")
    assert re.match(r"1\.?\s*[0-9a-f]{12}", first)
    assert "Less the plan" in narrow.evaluate(
        "getComputedStyle(document.querySelector('.variants td[data-title^=Less]'), '::before').content"
    )


def test_a_command_is_copied_by_a_button_that_is_there_with_the_script_only(
    show: Callable[..., Any], pages: Callable[[str], Path]
) -> None:
    page = show(pages("sweep"), permissions=["clipboard-read", "clipboard-write"])
    name = page.inner_text("#best code[data-command]")
    page.click("#best .copy")
    page.wait_for_selector("#best .copy:has-text('copied')")
    assert page.evaluate("navigator.clipboard.readText()") == f"engine run config.resolved.yaml --variant {name}"
    still = show(pages("sweep"), live=False, java_script_enabled=False)
    assert not [one for one in still.query_selector_all("button") if one.is_visible()]
    assert len(still.query_selector_all(".variants tbody tr")) == 25
    assert len(still.query_selector_all("#spread .bin")) == 60
    assert len(still.query_selector_all(".interval .point")) > 40


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_cells_of_noise_are_grey_and_the_plan_s_own_has_a_frame_that_is_seen(
    show: Callable[..., Any], pages: Callable[[str], Path], scheme: str
) -> None:
    page = show(pages("sweep"), color_scheme=scheme)
    styles = """(selector) => [...new Set([...document.querySelectorAll(selector)].map((one) => {
      const style = getComputedStyle(one); return style.backgroundColor + " " + style.outlineColor; }))]"""
    assert [one.partition(") ")[0] for one in page.evaluate(styles, ".heat .doubtful")] == ["rgb(240, 237, 232"]
    assert page.evaluate(styles, ".heat .strong") == ["rgb(240, 237, 232) rgb(29, 35, 48)"]


def test_bars_and_cells_are_said_by_keys(show: Callable[..., Any], pages: Callable[[str], Path]) -> None:
    page = show(pages("sweep"))
    page.focus("#spread")
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(280)
    assert re.fullmatch(r"0\.\d+ to 0\.\d+: \d+ variants", page.inner_text("#said"))


def test_paper_has_first_screen_and_effects_on_its_first_pages_and_the_best_lying(
    show: Callable[..., Any], pages: Callable[[str], Path]
) -> None:
    page = show(pages("sweep"))
    page.emulate_media(media="print")
    found = page.pdf(prefer_css_page_size=True)
    sizes = [
        tuple(round(float(part)) for part in box.split()[2:4])
        for box in re.findall(r"MediaBox ?\[([^\]]+)\]", found.decode("latin-1"))
    ]
    assert sizes[0][0] < sizes[0][1]
    assert any(wide > tall for wide, tall in sizes)
    assert len(sizes) <= 16
    assert page.evaluate("getComputedStyle(document.querySelector('.copy')).display") == "none"


def test_payloads_stay_text(show: Callable[..., Any], pages: Callable[[str], Path], tmp_path: Path) -> None:
    folder = shutil.copytree(pages("sweep").parent, tmp_path / "hostile")
    poison(folder, PAYLOADS)
    made = build_sweep_report(folder)
    (folder / "open.html").write_text(
        re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", made.read_text(encoding="utf-8")),
        encoding="utf-8",
    )
    for built in (made, folder / "open.html"):
        page = show(built)
        page.focus("#spread")
        for _ in range(3):
            page.keyboard.press("ArrowRight")
        assert page.evaluate("document.documentElement.hasAttribute('data-pwned')") is False
        assert page.evaluate("[...document.links].every((one) => one.getAttribute('href').startsWith('#'))")
        assert page.evaluate("document.querySelectorAll('iframe, img, math, object, embed').length") == 0
        assert page.evaluate("document.documentElement.scrollWidth") <= 1440


@pytest.mark.parametrize("width", [1440, 320])
def test_twelve_benchmarks_with_long_names_at_one_place_cover_neither_each_other_nor_the_title(
    show: Callable[..., Any], pages: Callable[[str], Path], tmp_path: Path, width: int
) -> None:
    folder = shutil.copytree(pages("sweep").parent, tmp_path / "many")
    summary = json.loads((folder / "summary.json").read_text())
    own = summary["standings"]["strategy"]
    for number in range(12):
        summary["standings"][f"A benchmark with a name of sixty letters, the number {number:02d} of twelve"] = {
            **own,
            "sharpe": {**own["sharpe"], "value": own["sharpe"]["value"] + 0.0004 * number},
        }
    (folder / "summary.json").write_text(json.dumps(summary))
    sign(folder)
    page = show(build_sweep_report(folder), width=width)
    boxes = page.evaluate(BOXES, "#spread .names span")
    assert len(boxes) == 16
    assert not [(a, b) for at, a in enumerate(boxes) for b in boxes[at + 1 :] if overlap(a, b)]
    (title,) = page.evaluate(BOXES, "#spread figcaption")
    assert not any(overlap(title, box) for box in boxes)
    assert all(0 <= box[0] < box[2] <= width for box in boxes)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
