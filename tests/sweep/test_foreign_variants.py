"""Variants that trade in other currencies are their own runs, beside each other or one by one (S17)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.core.yaml_document import parse_document
from engine.sweep.worker import ChunkEvaluator
from tests.support.sweeps import evaluate_as_own_runs

PLAN = """
name: abroad
data: {{source: {{kind: files, path: {path}}}, currencies: {currencies}}}
account: {{currency: EUR}}
strategy: {{kind: fixed_mix, weights: {{AAA: 60%, BBB: 40%}}, rebalance: {{kind: every, period: month}}}}
compare: {{buy_and_hold: false}}
sweep: {{axes: {{costs: [{costs}], strategy.weights.AAA: [60%, 50%, 30%]}}}}
"""
AT_HOME_AND_ABROAD, ALL_ABROAD = "{AAA: EUR, BBB: USD}", "{AAA: GBX, BBB: USD}"


@pytest.mark.parametrize(
    ("currencies", "costs", "batches"),
    [
        (AT_HOME_AND_ABROAD, "{kind: percent, rate: 0.1%}", True),
        (AT_HOME_AND_ABROAD, "{kind: percent, rate: 0.1%, fx: 0.5%}", False),
        (ALL_ABROAD, "{kind: percent, rate: 0.1%, fx: 0.5%}", True),
        (ALL_ABROAD, "{kind: broker, tariff: comdirect, fx: 0.5%}", True),
        (ALL_ABROAD, "{kind: broker, tariff: interactive_brokers_fixed}", False),
        (ALL_ABROAD, "{kind: percent, rate: 0.1%}, {kind: percent, rate: 0.1%, yearly: 1%}", False),
        (ALL_ABROAD, "{kind: none}, {kind: none, fx: 1%}, {kind: broker, tariff: interactive_brokers_fixed}", False),
    ],
)
def test_a_variant_abroad_is_its_own_run(currencies: str, costs: str, batches: bool, tmp_path: Path) -> None:
    """Every figure to the bit, whoever computes it; side by side where an order costs the same in each asset."""
    days = np.busday_offset("2019-01-02", np.arange(300), roll="forward").astype("datetime64[D]")
    closes = 50.0 * np.exp(np.cumsum(np.random.default_rng(5).normal(0.0, 0.02, (300, 2)), axis=0))
    rows = [f"{day},{a!r},{b!r}" for day, (a, b) in zip(days, closes.tolist(), strict=True)]
    (tmp_path / "p.csv").write_text("\n".join(["date,AAA,BBB", *rows]) + "\n")
    text = PLAN.format(path=tmp_path / "p.csv", currencies=currencies, costs=costs)
    sweep, chunk = evaluate_as_own_runs(parse_document(text, "sweep.yaml"))
    assert chunk.point_numbers.tolist() == list(range(sweep.points.count))
    indices = sweep.points.indices_between(0, sweep.points.count)
    assert ChunkEvaluator(sweep.job).runs_in_batches(indices) == batches
