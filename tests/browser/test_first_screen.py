"""What a reader sees before scrolling: verdict, four figures and the pictures, also with long names; and on paper."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.backtest.finished_run import read_run
from engine.report.run.page import render_run

pytestmark = [pytest.mark.slow, pytest.mark.browser]
BOTTOM = "(one) => document.querySelector(one).getBoundingClientRect().bottom"
LONG = "a plan whose name has sixty characters and not a letter more"


@pytest.fixture(scope="module")
def named(pages: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The real run's page, called by a long name."""
    run = read_run(pages("real run").parent)
    path = tmp_path_factory.mktemp("named") / "report.html"
    path.write_text(render_run(replace(run, summary=run.summary.model_copy(update={"name": LONG}))), encoding="utf-8")
    return path


@pytest.mark.parametrize("name", ["its own name", "a long name"])
def test_verdict_figures_and_both_pictures_are_on_a_desk_s_first_screen(
    show: Callable[..., Any], pages: Callable[[str], Path], request: pytest.FixtureRequest, name: str
) -> None:
    page = show(pages("real run") if name == "its own name" else request.getfixturevalue("named"))
    for part in (".verdict", ".cards", "#chart-growth .plot", "#chart-ratio .plot"):
        assert page.evaluate(BOTTOM, part) <= 900, part


@pytest.mark.parametrize("name", ["its own name", "a long name"])
def test_verdict_figures_and_the_ratio_are_on_a_phone_s_first_screen(
    show: Callable[..., Any], pages: Callable[[str], Path], request: pytest.FixtureRequest, name: str
) -> None:
    page = show(
        pages("real run") if name == "its own name" else request.getfixturevalue("named"), width=390, height=844
    )
    for part in (".verdict", ".cards", "#chart-ratio .plot"):
        assert page.evaluate(BOTTOM, part) <= 844, part
    ratio, growth = (page.evaluate(BOTTOM, f"#chart-{one}") for one in ("ratio", "growth"))
    assert ratio < growth


def test_a_page_of_twenty_years_and_five_portfolios_is_small(pages: Callable[[str], Path]) -> None:
    assert pages("real run").stat().st_size <= 700_000


@pytest.mark.parametrize("paper", ["A4", "Letter"])
def test_a_run_prints_on_six_sheets_and_the_first_is_a_factsheet(
    show: Callable[..., Any], pages: Callable[[str], Path], tmp_path: Path, paper: str
) -> None:
    if shutil.which("pdftotext") is None:
        pytest.skip("pdftotext is not installed: `apt-get install poppler-utils`")
    page = show(pages("real run"))
    page.click("[data-years='1']")  # paper has the whole window all the same
    verdict, figures = (
        page.inner_text(".verdict"),
        [one.inner_text() for one in page.query_selector_all(".card strong")],
    )
    page.pdf(path=tmp_path / "page.pdf", format=paper, print_background=True)
    text = subprocess.run(
        ["pdftotext", "-layout", tmp_path / "page.pdf", "-"], capture_output=True, text=True, check=True
    ).stdout
    sheets = text.rstrip("\f\n").split("\f")
    assert len(sheets) <= 6
    first = " ".join(sheets[0].split())
    assert " ".join(verdict.split()) in first
    assert len(figures) == 4
    assert [one for one in figures if " ".join(one.split()) not in first] == []
    assert len(re.findall(r"\d{4}-\d\d-\d\d +\d{4}-\d\d-\d\d +\d{4}-\d\d-\d\d", sheets[0])) == 5  # the five falls
    assert "2005" in first
    assert "2025" in first


def test_the_real_page_without_its_script_has_its_charts_and_no_dead_button(
    show: Callable[..., Any], pages: Callable[[str], Path]
) -> None:
    page = show(pages("real run"), live=False, java_script_enabled=False)
    assert page.evaluate("document.querySelectorAll('.chart svg path').length") > 20
    assert [
        one.inner_text()
        for one in page.query_selector_all("button, select, input:not([type=radio])")
        if one.is_visible()
    ] == []
