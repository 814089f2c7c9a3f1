"""What a run is called by depends on what its files contain, not on where they lie (S14)."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from engine.backtest.workflow import run_backtest
from engine.composition import open_document, run_config_class, validate_sweep
from engine.sweep.computation import prepare
from tests.support.configs import config

PLAN = """
name: plan
data: {{source: {{kind: files, path: {place}/prices, closes: adjusted}}}}
strategy: {{kind: fixed_mix, weights: {{A: 60%, B: 40%}}}}
compare: {{risk_free: {{path: {place}/rates.csv, unit: percent}}}}
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Make a folder of prices and a file of rates."""
    place = tmp_path / "here"
    (place / "prices").mkdir(parents=True)
    for ticker in "AB":
        (place / "prices" / f"{ticker}.csv").write_text("Date,Close\n2024-01-02,10\n2024-01-03,11\n")
    (place / "rates.csv").write_text("date,rate\n2024-01-02,5\n")
    return place


def test_copies_elsewhere_are_the_same_plan(place: Path, tmp_path: Path) -> None:
    """A folder of prices and a file of rates, moved: the same hash; the place itself stands in no part of it."""
    there = shutil.copytree(place, tmp_path / "there")
    plans = [config(PLAN.format(place=one)) for one in (place, there)]
    assert plans[0].canonical() != plans[1].canonical()
    assert plans[0].sha256() == plans[1].sha256()


@pytest.mark.parametrize("changed", ["prices/A.csv", "rates.csv"])
def test_another_content_at_the_same_place_is_another_plan(place: Path, changed: str) -> None:
    """Of a folder's file as of a file; a hash once computed is not believed of a file that changed."""
    plan = config(PLAN.format(place=place))
    before = plan.sha256()
    file = place / changed
    file.write_text(file.read_text().replace("2024-01-02", "2024-01-01"))
    assert plan.sha256() != before


def test_a_run_and_a_sweep_of_the_same_prices_know_them_by_one_hash(place: Path, tmp_path: Path) -> None:
    """So that the variants of both are counted together, wherever the prices lie (S15)."""
    there = shutil.copytree(place, tmp_path / "there")
    plan = tmp_path / "plan.yaml"
    plan.write_text(PLAN.format(place=there) + "sweep: {axes: {strategy.rebalance.month: [january, june]}}\n")
    sweep = prepare(*validate_sweep(open_document(plan, ())), run_config_class)
    run = run_backtest(config(PLAN.format(place=place)), intervals=False)
    assert run.summary.data.sha256 == sweep.job.closes.provenance.sha256


def test_another_ticker_of_the_same_prices_is_another_plan(place: Path) -> None:
    """In a folder the names of price files are tickers; other files in it are nobody's business."""
    plan = config(PLAN.format(place=place))
    before = plan.sha256()
    (place / "prices" / "notes.md").write_text("of mine")
    assert plan.sha256() == before
    (place / "prices" / "A.csv").rename(place / "prices" / "C.csv")
    assert plan.sha256() != before
