"""What a reader sees before scrolling: plan, verdict, limits, four figures, and the picture of the question."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.backtest.workflow import run_backtest
from engine.composition import load_run
from engine.report.run.page import build_run_report
from tests.support.runs import sign

pytestmark = [pytest.mark.slow, pytest.mark.browser]
NAMES = [f"SAT{number:02}" for number in range(14)]
LONGEST = (
    "After tax and a sale at the end the plan grew 0.0012 pp a year more than buy and hold since 2019-03-28, when buy and "
    "hold begins (before tax +0.32 pp), but the 95 % interval before that sale, \N{MINUS SIGN}0.2412 to +0.9234 pp, does "
    "not agree with that figure: this history cannot tell the two apart."
)
BOTTOMS = """() => ['.verdict', '.limits', '.card:nth-child(1)', '.card:nth-child(4)', '#chart-ratio', '#chart-growth'].map(
  (one) => document.querySelector(one).getBoundingClientRect().bottom)"""


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the page of a run with 14 satellites, a name of 60 characters and the longest verdict."""
    folder = tmp_path_factory.mktemp("crowded")
    dates = np.busday_offset("2015-01-02", np.arange(1500), roll="forward")
    rng = np.random.default_rng(3)
    closes = 50.0 * np.exp(np.cumsum(rng.normal(0.0003, 0.011, (1500, 16)), axis=0))
    lines = [",".join(["date", "CORE", "WIDE", *NAMES])]
    lines += [
        ",".join([str(day), *(f"{one:.4f}" for one in row)]) for day, row in zip(dates, closes.tolist(), strict=True)
    ]
    (folder / "closes.csv").write_text("\n".join(lines))
    satellites = ", ".join(f"{name}: {2 + 0.1 * number:.1f}%" for number, name in enumerate(NAMES))
    (folder / "plan.yaml").write_text(
        f"name: {'a-plan-with-a-long-name-' * 2}{'x' * 12}\n"
        f"data: {{source: {{kind: files, path: {folder / 'closes.csv'}}}}}\n"
        f"strategy: {{kind: fixed_mix, weights: {{CORE: 47.9%, WIDE: 15%, {satellites}}}}}\n"
        "account: {contributions: {amount: 500}}\n"
    )
    run_backtest(load_run(folder / "plan.yaml")).write(folder / "run")
    summary = json.loads((folder / "run" / "summary.json").read_text())
    assert len(summary["name"]) == 60
    summary["verdict"]["sentence"] = LONGEST
    (folder / "run" / "summary.json").write_text(json.dumps(summary))
    sign(folder / "run")
    return build_run_report(folder / "run")


def _page(kind: str, pages: Callable[[str], Path], crowded: Path) -> Path:
    return crowded if kind == "crowded" else pages(kind)


@pytest.mark.parametrize("kind", ["run", "real run", "crowded"])
def test_a_laptop_shows_verdict_figures_and_both_charts(
    show: Callable[..., Any], pages: Callable[[str], Path], crowded: Path, kind: str
) -> None:
    page = show(_page(kind, pages, crowded))
    assert max(page.evaluate(BOTTOMS)) <= 900


@pytest.mark.parametrize("kind", ["run", "real run", "crowded"])
def test_a_phone_shows_verdict_figures_and_the_ratio_which_its_bar_does_not_cover(
    show: Callable[..., Any], pages: Callable[[str], Path], crowded: Path, kind: str
) -> None:
    page = show(_page(kind, pages, crowded), width=390, height=844)
    bar = page.evaluate("document.getElementById('controls').getBoundingClientRect().top")
    assert max(page.evaluate(BOTTOMS)[:5]) <= min(844, bar)


def test_a_long_plan_is_read_whole_on_a_phone_by_keys_too(show: Callable[..., Any], crowded: Path) -> None:
    page = show(crowded, width=390, height=844)
    height = "document.querySelector('.plan p').getBoundingClientRect().height"
    before = page.evaluate(height)
    page.focus("#whole-plan")
    page.keyboard.press("Space")
    assert page.evaluate(height) > before
