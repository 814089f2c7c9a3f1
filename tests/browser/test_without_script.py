"""A page without its script, or in a browser that lacks a part of it, shows the same pictures and has no dead button."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytestmark = [pytest.mark.slow, pytest.mark.browser]
CHARTS = ("growth", "ratio", "falls", "caps", "fan", "weights", "years", "variants")


def pixels(page: Any, chart: str) -> np.ndarray:
    """The picture of a chart, without the words around it."""
    image = pytest.importorskip("PIL.Image")
    page.evaluate("document.activeElement.blur()")
    shot = page.query_selector(f"#{chart} .plot > svg").screenshot()
    return np.asarray(image.open(io.BytesIO(shot)).convert("RGB")).astype(np.int64)


def redrawn(page: Any) -> None:
    """Have the script draw all of it: another period, and back."""
    page.click("[data-years='1']")
    page.click("[data-years='0']")
    page.mouse.move(0, 0)


@pytest.mark.parametrize("how", ["no script", "no decompression"])
def test_the_pictures_are_those_that_the_script_draws(
    show: Callable[..., Any], pages: Callable[[str], Path], how: str
) -> None:
    live = show(pages("specimen"))
    redrawn(live)
    live.add_style_tag(
        content=".live-only { display: none !important; }"
    )  # as without the script: all else stands there
    if how == "no script":
        still = show(pages("specimen"), live=False, java_script_enabled=False)
    else:
        still = show(pages("specimen"), live=False, before="delete window.DecompressionStream")
        still.wait_for_selector("html.still", state="attached")
    for chart in CHARTS:
        one, other = pixels(live, chart), pixels(still, chart)
        assert np.abs(np.subtract(one.shape, other.shape)).max() <= 1, chart  # of a box that begins between two pixels
        height, width = np.minimum(one.shape, other.shape)[:2]
        one, other = one[:height, :width], other[:height, :width]
        assert (np.abs(one - other).max(axis=2) <= 24).mean() >= 0.95, chart


@pytest.mark.parametrize("more", [{"java_script_enabled": False}, {"before": "delete window.DecompressionStream"}])
def test_nothing_is_left_that_would_do_nothing(
    show: Callable[..., Any], pages: Callable[[str], Path], more: dict[str, Any]
) -> None:
    page = show(pages("specimen"), live=False, **more)
    page.wait_for_timeout(200)
    for kind in ("button", "input", "select", "[tabindex='0']:not(.wide)"):
        assert [one for one in page.query_selector_all(kind) if one.is_visible()] == [], kind


def test_every_table_is_filled(show: Callable[..., Any], pages: Callable[[str], Path]) -> None:
    page = show(pages("specimen"), live=False, java_script_enabled=False)
    assert [one for one in page.query_selector_all("td") if not one.text_content().strip()] == []
