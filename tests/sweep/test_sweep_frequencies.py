"""Variants over closes of different frequency: each as a run of its own config, and as if the others were not there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.backtest.workflow import run_backtest
from engine.sweep.batch.batch_metrics import SWEEP_METRICS
from engine.sweep.variant_lookup import variant_config
from engine.sweep.worker import ChunkEvaluator
from tests.backtest.test_frequencies import COIN, A, B, pd
from tests.support.sweeps import sweeping

pytestmark = pytest.mark.usefixtures("price_store")

PLAN = """
name: mixed
data: {{source: {{kind: files, path: {path}, closes: adjusted, currency: USD}}}}
window: {{start: 2014-01-01}}
account: {{cash: {{rate: 1%}}}}
strategy: {{kind: fixed_mix, weights: {{A: 95%}}, rebalance: {{kind: annual, month: january}}}}
costs: {{kind: percent, rate: 0.1%}}
compare: {{benchmarks: [COIN], risk_free: 2%}}
sweep:
  axes:
    strategy.weights:
      - {{A: 95%}}
      - {{A: 50%, B: 45%}}
      - {{COIN: 95%}}
      - {{A: 50%, COIN: 45%}}
      - {{M: 95%}}
      - {{GAPS: 95%}}
      - {{A: 50%, M: 45%}}
    strategy.rebalance.month: [january, june, november]
"""


def test_every_variant_has_the_figures_of_its_own_run(tmp_path: Path) -> None:
    """Daily, seven-day, monthly and gappy weights in one sweep: lanes and runs agree, a mixture alone is rejected."""
    path = tmp_path / "closes.csv"
    gaps = B.drop(B.index[900:1400:7])
    closes = {"A": A, "B": B, "COIN": COIN, "M": B.resample("BME").last(), "GAPS": gaps}
    pd.DataFrame(closes).sort_index().rename_axis("date").to_csv(path)
    sweep = sweeping("", PLAN.format(path=path))
    points = sweep.points
    evaluator = ChunkEvaluator(sweep.job)
    chunk = evaluator.evaluate(0, points.indices(np.arange(points.count)))
    assert len(chunk.point_numbers) == 18
    assert sum(count for count, _ in chunk.rejections.values()) == 3
    assert "write data.frequency: monthly" in next(iter(chunk.rejections))
    for row, point in enumerate(chunk.point_numbers.tolist()):
        own = variant_config(sweep.base_config, sweep.space, points, point)
        found = run_backtest(own, intervals=False).comparison.strategy
        for name in ("final_value", "cagr", "volatility", "sharpe", "sortino", "max_drawdown", "ulcer", "trades"):
            assert chunk.metrics[row, SWEEP_METRICS.index(name)] == found.metrics[name], (point, name)
        assert chunk.spans[row, 2] == len(found.ledger.dates)
    assert evaluator.runs_in_batches(points.indices(np.arange(18)))
