"""Orders that are not worth placing, in whole runs: nothing is paid for them, and the run says so (S3)."""

from __future__ import annotations

import random

import numpy as np
import pytest

from engine.core.errors import AccountError
from engine.portfolio.account import Account
from engine.portfolio.costs import PercentCosts, PerOrderCosts
from engine.simulation.ledger import Ledger, ledger_checks
from engine.simulation.simulate import simulate
from engine.sweep.batch.planner import VariantColumns, planner_for
from engine.sweep.batch.policy_groups import Variant
from engine.sweep.batch.run_batch import batch_metric_table, reference_metrics
from strategies.fixed_mix import FixedMix
from tests.support.batches import steady_market
from tests.support.markets import account, market_of, percent

FLAT = np.full((45, 2), 10.0)
MIX = FixedMix.model_validate({"weights": {"A": "96%", "B": "4%"}, "rebalance": {"kind": "never"}})


def test_the_note_counts_by_asset_and_says_who_was_never_bought_and_why() -> None:
    """4 % of 200 are less than a fee of 9.90, so B is never bought."""
    ledger = simulate(market_of(FLAT), MIX, account(capital=200), PerOrderCosts(fixed=9.9).cost_table(2))
    (note,) = ledger.notes
    assert "Costs would have eaten 1 order, the first on" in note
    assert "B 1 (never bought)" in note
    assert float(ledger.costs.sum()) == 9.9


@pytest.mark.parametrize("weights", [{"A": "100%"}, {"A": "50%", "B": "50%"}, {"A": "60%", "B": "40%"}])
def test_fees_above_the_account_are_told_however_alike_its_orders_are(weights: dict[str, str]) -> None:
    """Nothing is traded where all costs together are more than there is, and every order is counted (S3)."""
    plan = FixedMix.model_validate({"weights": weights, "rebalance": {"kind": "never"}})
    closes = FLAT[:, : len(weights)]
    ledger = simulate(market_of(closes), plan, account(capital=200), PerOrderCosts(fixed=201).cost_table(len(weights)))
    (note,) = ledger.notes
    assert f"Costs would have eaten {len(weights)} order" in note
    assert ledger.value.tolist() == [200.0] * 45


@pytest.mark.parametrize(
    ("terms", "said"),
    [
        ({"min_order": 50}, "account.min_order left out 1 order"),
        ({"shares": "whole", "capital": 100}, "less than one share"),
    ],
)
def test_the_note_names_the_least_order_and_whole_shares(terms: dict[str, object], said: str) -> None:
    (note,) = simulate(market_of(FLAT), MIX, account(**{"capital": 1000, **terms}), percent(0.0, 2)).notes
    assert said in note
    assert "B 1 (never bought)" in note


def test_weights_are_checked_where_all_orders_were_placed() -> None:
    """The identity of 1e-12 holds for what is traded, so a rebalance with an order left out proves nothing."""
    market = market_of(FLAT)
    ledger = simulate(market, MIX, account(capital=1000, min_order=50), percent(0.0, 2))
    assert [(one.row, one.causes.tolist()) for one in ledger.left_out] == [(0, [0, 2])]
    assert ledger_checks(ledger, market).worst_weight_residual == 0.0


def test_a_withdrawal_that_would_need_orders_below_the_least_is_an_error_that_says_so() -> None:
    terms = account(capital=1000, min_order=200, contributions={"amount": -50.0, "every": "month"})
    with pytest.raises(AccountError, match="account\\.min_order"):
        simulate(market_of(FLAT), MIX, terms, percent(0.0, 2))


def test_lanes_leave_out_what_the_sequential_run_leaves_out_to_the_bit() -> None:
    """Small accounts, a broker's minimum and a least order: lanes go on by themselves and have the bits of ``simulate``."""
    market, rng = steady_market(400), random.Random(13)
    variants = []
    for costs in (PerOrderCosts(rate=0.0025, minimum=9.9), PercentCosts(rate=0.001)):
        for _ in range(16):
            row = [rng.randint(1, 9) for _ in market.assets]
            weights = {name: one / sum(row) for name, one in zip(market.assets, row, strict=True)}
            plan = FixedMix.model_validate({"weights": weights, "rebalance": {"kind": "every", "period": "month"}})
            terms = Account(capital=rng.choice([60, 400, 5000]), min_order=rng.choice([0, 15]))
            variants.append(Variant(plan, terms, costs, 0, len(market.dates)))
    for some in (variants[:16], variants[16:]):
        for judged in (True, False):
            alike = [one for one in some if (one.account.min_order > 0 or one.costs.kind != "percent") == judged]
            columns = VariantColumns.from_variants(planner_for(market), alike) if alike else None
            if columns is None:
                continue
            found = batch_metric_table(planner_for(market), columns)
            assert not np.isnan(found[:, 0]).any()
            assert [one.tobytes() for one in found] == [reference_metrics(market, one).tobytes() for one in alike]


def left_out(ledger: Ledger) -> int:
    return sum(int((one.causes > 0).sum()) for one in ledger.left_out)


def test_no_order_of_a_small_account_costs_what_it_moves() -> None:
    """A year of daily bands and monthly flows in 500: orders are left out, those that are placed are worth their fee."""
    closes = 50.0 * np.cumprod(1.0 + np.random.default_rng(3).normal(0.0, 0.02, (250, 2)), axis=0)
    plan = FixedMix.model_validate(
        {"weights": {"A": "70%", "B": "30%"}, "rebalance": {"kind": "band", "absolute": "1%"}}
    )
    for invest in ("towards_targets", "pro_rata"):
        terms = account(capital=500, contributions={"amount": 30, "every": "month", "invest": invest})
        ledger = simulate(market_of(closes), plan, terms, PerOrderCosts(fixed=4.0).cost_table(2))
        assert left_out(ledger) > 10
        assert (np.abs(ledger.order_values)[ledger.trades != 0.0] > 4.0).all()
