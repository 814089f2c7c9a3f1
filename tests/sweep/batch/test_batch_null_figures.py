"""What rounding would decide does not exist in a sweep either, and has no rank there (S13)."""

from __future__ import annotations

import numpy as np
import pytest

from engine.data.market import Market
from engine.portfolio.account import Account
from engine.portfolio.costs import NoCosts
from engine.sweep.batch.batch_metrics import SWEEP_METRICS
from engine.sweep.batch.policy_groups import Variant
from engine.sweep.batch.run_batch import reference_metrics, variant_metric_table
from strategies.fixed_mix import FixedMix
from tests.support.markets import market_of


def variants(market: Market, plan: dict[str, object] | None = None) -> list[Variant]:
    """Nine mixes of the market's two assets, the first of A alone."""
    policies = [
        FixedMix.model_validate(
            {
                "weights": {"A": 1.0 - k / 10, "B": k / 10},
                "rebalance": {"kind": "annual", "month": "may"},
                **(plan or {}),
            }
        )
        for k in range(9)
    ]
    return [Variant(policy, Account(), NoCosts(), 0, len(market.dates)) for policy in policies]


def columns(market: Market, free: float = 0.0, plan: dict[str, object] | None = None) -> dict[str, np.ndarray]:
    """Every figure of the nine mixes in lanes, which is to the bit what ``simulate`` finds."""
    own = variants(market, plan)
    table = variant_metric_table(market, own, free)
    for row, variant in zip(table, own, strict=True):
        np.testing.assert_array_equal(row, reference_metrics(market, variant, free))
    return dict(zip(SWEEP_METRICS, table.T, strict=True))


@pytest.mark.parametrize("rate", [0.001, -0.0005, 0.0])
@pytest.mark.parametrize("free", [0.0, 1e-4])
def test_a_straight_line_in_a_lane_has_no_ratios(rate: float, free: float) -> None:
    """All nine mixes of one line are that line: no Sharpe ratio, so none is the best by it; a fall has a Calmar ratio."""
    line = 100.0 * (1.0 + rate) ** np.arange(300)
    found = columns(market_of(np.stack([line, line], axis=1)), free)
    assert np.isnan(found["sharpe"]).all()
    assert np.isnan(found["sortino"]).all() == (rate >= free)
    assert np.isnan(found["calmar"]).all() == (rate >= 0.0)
    if rate >= 0.0:
        assert not found["longest_drawdown"].any()


def test_the_longest_drawdown_of_lanes_counts_falls_only() -> None:
    """All rises but for one Tuesday: Monday's close to Wednesday's, two days, though weekends between highs are three."""
    line = 100.0 * 1.001 ** np.arange(60)
    closes = np.stack([line, line], axis=1)
    closes[4] = closes[3] * 0.999
    market = market_of(closes, start="2020-01-01")
    assert str(market.dates[4]) == "2020-01-07"
    assert columns(market)["longest_drawdown"].tolist() == [2.0] * 9


def test_a_payout_in_a_lane_is_neither_a_trade_nor_turnover() -> None:
    """A is delisted and its half waits in cash: the opening's orders are all that was traded."""
    closes = np.tile([100.0, 50.0], (40, 1))
    closes[20:, 0] = np.nan
    found = columns(market_of(closes), plan={"after_delisting": {"to": "cash"}, "rebalance": {"kind": "never"}})
    assert found["trades"].tolist() == [1.0] + [2.0] * 8
    assert not found["turnover"].any()
