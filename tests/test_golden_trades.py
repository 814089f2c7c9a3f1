"""The shipped plans come out as they did: trades to the byte, figures, verdict; a change has a reason and is told.

`tests/support/golden_trades.py` keeps them anew.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from engine.analysis.metrics_table import METRICS
from tests.support.configs import ROOT
from tests.support.golden_trades import (
    FOUND,
    KEPT,
    PLANS,
    digest,
    figures_of,
    mentioned,
    run_plan,
    trades_of,
    verdict_of,
    write_market,
)

GOLDEN = yaml.load(KEPT.read_text(), getattr(yaml, "CSafeLoader", yaml.SafeLoader))


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("golden")
    write_market(folder)
    return folder


def _marked(plan: Path):
    marks = [pytest.mark.slow] if plan.parent.name in {"rules", "sweeps"} or plan.stem in FOUND else []
    return pytest.param(plan, marks=marks, id=plan.stem)


@pytest.mark.parametrize("plan", [_marked(plan) for plan in PLANS])
def test_a_shipped_plan_comes_out_as_it_did(plan: Path, market: Path) -> None:
    done = run_plan(plan, market)
    found, kept = figures_of(done), GOLDEN["figures"][plan.stem]
    if plan.stem in FOUND:
        for name, metrics in kept.items():
            for metric, value in metrics.items():
                assert found[name][metric] == (value if value is None else pytest.approx(value, rel=1e-6)), metric
        return
    assert trades_of(done) == GOLDEN["trades"][plan.stem]
    assert found == kept


@pytest.mark.slow
@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: plan.stem)
def test_a_shipped_plan_is_judged_as_it_was(plan: Path, market: Path) -> None:
    assert verdict_of(run_plan(plan, market, intervals=True)) == GOLDEN["verdicts"][plan.stem]


def test_every_plan_is_kept_with_every_figure_and_every_change_has_a_reason() -> None:
    names = {plan.stem for plan in PLANS}
    assert set(GOLDEN["figures"]) == set(GOLDEN["verdicts"]) == names
    assert set(GOLDEN["trades"]) == names - FOUND
    assert all(set(metrics) == set(METRICS) for kept in GOLDEN["figures"].values() for metrics in kept.values())
    assert len(set(GOLDEN["trades"].values())) > len(PLANS) - len(FOUND) - 5  # plans of other trades
    assert GOLDEN["reasons"][-1]["sha256"] == digest(GOLDEN)
    assert all(reason["why"] for reason in GOLDEN["reasons"])


def test_a_change_of_the_golden_runs_is_in_the_changelog() -> None:
    """A digest that is not the one that the changelog names first was kept without saying so."""
    assert mentioned((ROOT / "CHANGELOG.md").read_text()) == digest(GOLDEN)[:12]
