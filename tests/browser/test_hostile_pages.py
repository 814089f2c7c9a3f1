"""Names that anybody may choose: no script runs, no link lives, the text is shown letter for letter."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.core.errors import spell_out_controls
from engine.report.charts.time_chart import Line, TimeChart, time_chart
from tests.support.hostile_cells import FORMULAS, OTHERS
from tests.support.specimen_page import specimen_page

pytestmark = [pytest.mark.slow, pytest.mark.browser]
NAMES = (*OTHERS, *FORMULAS[::6])


@pytest.mark.parametrize("number", range(0, len(NAMES), 10))
def test_no_name_runs_anything_and_each_is_shown_letter_for_letter(
    show: Callable[..., Any], tmp_path: Path, number: int
) -> None:
    for which, text in enumerate(NAMES[number : number + 10]):
        path = tmp_path / f"{which}.html"
        path.write_text(specimen_page(text, sessions=60), encoding="utf-8")
        page = show(path, before="globalThis.ran = 0; globalThis.alert = () => { globalThis.ran += 1; };")
        assert page.evaluate("globalThis.ran") == 0
        assert page.evaluate("[...document.querySelectorAll('a')].map((one) => one.getAttribute('href'))") == ["#main"]
        assert page.evaluate("document.scripts.length") == 3
        title = page.get_attribute("[data-line=buy_and_hold]", "title")
        assert title == spell_out_controls(text)
        page.focus("#growth .plot")
        page.keyboard.press("End")
        assert page.is_visible("#tip")
        assert page.evaluate("document.querySelectorAll('#tip img, #tip script, #tip a, #tip iframe').length") == 0


@pytest.mark.parametrize("sessions", [1, 2, 3, 200])
def test_a_page_of_a_few_sessions_lives(show: Callable[..., Any], tmp_path: Path, sessions: int) -> None:
    path = tmp_path / "short.html"
    path.write_text(specimen_page(sessions=max(sessions, 2)), encoding="utf-8")
    page = show(path)
    assert page.get_attribute("html", "class") in {"live", "live charting"}
    dates = np.array(["2020-01-02"], dtype="datetime64[D]")
    assert "M0 " in time_chart(TimeChart("k", "t", dates, [Line("a", np.array([1.0]), 0)], "money"))
