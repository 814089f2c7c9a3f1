"""The shipped plans trade what they traded before, to the byte; a change has a reason (`tests/support/golden_trades.py`)."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.support.golden_trades import KEPT, PLANS, digest, trades_of, write_market

GOLDEN = yaml.safe_load(KEPT.read_text())


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("golden") / "market.parquet"
    write_market(path)
    return path


def _marked(plan: Path):
    marks = [pytest.mark.slow] if plan.parent.name in {"rules", "sweeps"} else []
    return pytest.param(plan, marks=marks, id=plan.stem)


@pytest.mark.parametrize("plan", [_marked(plan) for plan in PLANS])
def test_a_shipped_plan_trades_what_it_did(plan: Path, market: Path) -> None:
    assert trades_of(plan, market) == GOLDEN["trades"][plan.stem]


def test_every_plan_is_kept_and_every_change_has_a_reason() -> None:
    assert set(GOLDEN["trades"]) == {plan.stem for plan in PLANS}
    assert len(PLANS) >= 20
    assert len(set(GOLDEN["trades"].values())) > len(PLANS) - 5  # plans of other trades
    assert GOLDEN["reasons"][-1]["sha256"] == digest(GOLDEN["trades"])
    assert all(reason["why"] for reason in GOLDEN["reasons"])
