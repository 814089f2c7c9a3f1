"""A sweep over closes as traded: variants are their own runs, whatever is split or paid after their window."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.backtest import workflow
from engine.core.errors import DataError
from engine.sweep.batch.run_batch import SWEEP_METRICS
from engine.sweep.variant_lookup import find_variant_config
from engine.sweep.worker import ChunkEvaluator
from tests.support.sweeps import spanned, sweeping

PLAN = """
name: small
data: {{source: {{kind: files, path: {path}}}, dividends: {use}}}
window: {{start: 2006-01-03, end: 2015-12-31}}
account: {{shares: {shares}}}
strategy:
  kind: core_satellite
  core: {{SPY: rest, VB: 15%}}
  satellites: {{MMSI: 2.5%, ITRI: 2.5%, UNF: 2.5%}}
  cap: 3%
costs: {{kind: percent, rate: 0.1%}}
sweep:
"""
AXES = """
  mode: {kind: random, samples: 24, seed: 4}
  axes:
    strategy.satellites: {choose: [3], of: [MMSI, ITRI, UNF, CRS, SRCE], weight: [2%, 3%]}
    strategy.rebalance: [{kind: annual, month: june}, {kind: band, absolute: 2%}]
    costs: [{kind: percent, rate: 0.2%}, {kind: broker, tariff: interactive_brokers_fixed}]
    window.end: [2010-12-31, 2015-12-31]
"""


@pytest.mark.parametrize(
    ("use", "shares"), [("reinvest", "fractional"), ("cash", "fractional"), ("towards_targets", "whole")]
)
def test_variants_on_closes_as_traded_equal_their_own_runs_to_the_last_bit(
    use: str, shares: str, shared_data: Path
) -> None:
    """MMSI splits five for four in 2011, SRCE in 2015: a window that ends before sees nothing of it, to the bit."""
    plan_text = PLAN.format(path=shared_data / "raw.parquet", use=use, shares=shares)
    _, plan, space = spanned(AXES, plan_text)
    points = space.points()
    chunk = ChunkEvaluator(sweeping(AXES, plan_text).job).evaluate(0, points.indices_between(0, points.count))
    assert len(chunk.point_numbers) > 15
    for row in range(0, len(chunk.point_numbers), 3):
        found = find_variant_config(plan, space, str(chunk.point_numbers[row]), str)
        own = workflow.run_backtest(found, intervals=False).comparison.strategy.metrics
        for name, value in zip(SWEEP_METRICS, chunk.metrics[row].tolist(), strict=True):
            if name in own:
                assert value == own[name] or (np.isnan(value) and own[name] is None), (name, row)


def test_variants_that_would_do_different_things_with_dividends_are_refused(shared_data: Path) -> None:
    """Whole shares do not grow by a fraction, fractional ones do by default: one key says it for all."""
    axes = "\n  axes:\n    account.shares: all\n"
    plan = PLAN.format(path=shared_data / "raw.parquet", use="towards_targets", shares="fractional")
    sweeping(axes, plan)
    with pytest.raises(DataError, match=r"write data\.dividends: towards_targets, or cash"):
        sweeping(axes, plan.replace(", dividends: towards_targets", ""))
