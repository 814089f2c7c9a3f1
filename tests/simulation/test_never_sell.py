"""Assets that are never sold, in whole runs: they keep what they grow to, and all else adapts (S3, S11)."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np
import pytest

from engine.analysis.never_sold import measure_never_sold
from engine.core.errors import AccountError
from engine.portfolio.costs import PercentCosts
from engine.simulation import simulate as simulate_module
from engine.simulation.kernel.records import BELOW_MIN_ORDER, NEVER_SOLD
from engine.simulation.ledger import Ledger
from engine.simulation.run_setup import BOUGHT_AND_HELD
from engine.simulation.simulate import simulate
from engine.simulation.trade_events import LeftOutOrders
from engine.sweep.batch.planner import VariantColumns, planner_for
from engine.sweep.batch.policy_groups import Variant
from strategies.core_satellite import CoreSatellite
from strategies.fixed_mix import FixedMix
from tests.support.markets import account, free, market_of, percent

FIRST = 23  # the first session of the second month


def mix(rebalance: Mapping[str, object] | None = None, **more: object) -> FixedMix:
    """Half in A, which is never sold, the rest in B and C."""
    keys = {"weights": {"A": "50%", "B": "30%", "C": "20%"}, "never_sell": ["A"], **more}
    return FixedMix.model_validate({**keys, "rebalance": rebalance or {"kind": "every", "period": "month"}})


def closes_with(row: int, *changes: float, sessions: int = 40) -> np.ndarray:
    """Closes of 10 until one session, at which each asset changes once and for all."""
    closes = np.full((sessions, len(changes)), 10.0)
    closes[row:] *= 1.0 + np.array(changes)
    return closes


def weights_at(ledger: Ledger, closes: np.ndarray, row: int) -> np.ndarray:
    return ledger.units[row] * closes[row] / ledger.value[row]


def test_one_above_its_target_stays_and_the_others_share_the_rest_pro_rata() -> None:
    """A doubles and C halves: of what A leaves B has three fifths and C two, though both are below their targets."""
    closes = closes_with(FIRST - 1, 1.0, 0.0, -0.5)
    ledger = simulate(market_of(closes), mix(), account(capital=1000), free(3))
    assert ledger.units[-1, 0] == ledger.units[0, 0]
    share = 1000.0 / 1400.0
    assert weights_at(ledger, closes, FIRST) == pytest.approx([share, 0.6 * (1 - share), 0.4 * (1 - share)], abs=1e-15)
    assert ledger.cash[-1] == pytest.approx(0.0, abs=1e-12)
    (note,) = ledger.notes
    assert "strategy.never_sell left out 1 order, the first on 2020-02-03: A 1." in note


def test_one_below_its_target_is_bought_up_to_it() -> None:
    closes = closes_with(FIRST - 1, -0.5, 0.0, 0.0)
    ledger = simulate(market_of(closes), mix(), account(capital=1000), free(3))
    assert weights_at(ledger, closes, FIRST) == pytest.approx([0.5, 0.3, 0.2], abs=1e-15)
    assert not ledger.left_out


def test_a_withdrawal_is_raised_from_the_others_and_an_error_names_what_is_kept_where_they_do_not_suffice() -> None:
    closes = closes_with(FIRST - 1, 1.0, 0.0, 0.0, sessions=70)
    terms = account(capital=1000, contributions={"amount": -150.0, "every": "month"})
    never = mix({"kind": "never"})
    paid = simulate(market_of(closes[:60]), never, terms, free(3))
    assert paid.flows.sum() == -300.0
    assert paid.units[-1, 0] == paid.units[0, 0]
    ample = account(capital=1000, contributions={"amount": -250.0, "every": "month"})
    for plan in (never, mix()):
        with pytest.raises(AccountError, match=r"without A, never sold by strategy\.never_sell"):
            simulate(market_of(closes), plan, ample, free(3))


def test_a_yearly_fee_that_only_what_is_kept_could_pay_is_an_error_that_names_it() -> None:
    closes = np.full((300, 3), 10.0)
    closes[5:, 1:] = 0.001
    costs = PercentCosts(rate=0.0, yearly=0.05).cost_table(3)
    for plan in (mix({"kind": "never"}), mix()):
        with pytest.raises(AccountError, match=r"yearly fee .* without A, never sold by strategy.never_sell"):
            simulate(market_of(closes, start="2020-03-02"), plan, account(capital=1000), costs)


def test_a_delisting_pays_out() -> None:
    closes = closes_with(FIRST - 1, 1.0, 0.0, 0.0)
    closes[30:, 0] = np.nan
    ledger = simulate(market_of(closes), mix(), account(capital=1000), free(3))
    assert ledger.units[-1, 0] == 0.0
    assert ledger.payouts.sum() == 1


@pytest.mark.parametrize("static", [True, False])
def test_after_such_a_rebalance_drift_is_measured_from_what_it_reached(static: bool, monkeypatch) -> None:
    """A doubles once: its band breaks once, though it stays far above its target ever after."""
    if not static:
        monkeypatch.setattr(FixedMix, "fixed_targets", lambda self: None)
    band = mix({"kind": "band", "absolute": "5%"})
    ledger = simulate(market_of(closes_with(20, 1.0, 0.0, -0.5)), band, account(capital=1000), free(3))
    assert ledger.rows.tolist() == [0, 21]
    assert len(ledger.left_out) == 1


@pytest.mark.parametrize("shares", ["fractional", "whole"])
def test_a_run_in_one_call_has_the_money_of_a_run_decision_by_decision(shares: str, monkeypatch) -> None:
    closes = 50.0 * np.cumprod(1.0 + np.random.default_rng(8).normal(0.001, 0.03, (500, 3)), axis=0)
    market, terms, costs = market_of(closes), account(capital=10000, shares=shares), percent(0.001, 3)
    at_once = simulate(market, mix(never_sell=["A", "B"]), terms, costs)
    monkeypatch.setattr(simulate_module, "needs_no_decision", lambda setup: False)
    decided = simulate(market, mix(never_sell=["A", "B"]), terms, costs)
    for field in ("value", "cash", "units", "trades", "costs"):
        assert getattr(at_once, field).tobytes() == getattr(decided, field).tobytes()
    assert [one.causes.tolist() for one in at_once.left_out] == [one.causes.tolist() for one in decided.left_out]
    assert (at_once.trades[:, :2] >= 0.0).all()
    assert any((one.causes == NEVER_SOLD).any() for one in at_once.left_out)


def test_lanes_leave_such_plans_to_the_sequential_run() -> None:
    market = market_of(np.full((60, 3), 10.0))
    for plan, in_lanes in ((mix(), False), (mix(never_sell=[]), True)):
        variant = Variant(plan, account(capital=1000), PercentCosts(rate=0.001), 0, len(market.dates))
        assert (VariantColumns.from_variants(planner_for(market), [variant]) is not None) is in_lanes


def test_figures_are_the_highest_weight_the_sales_left_out_and_the_difference_to_the_run_that_sells() -> None:
    closes = closes_with(FIRST - 1, 1.0, 0.0, 0.0, sessions=300)
    closes[30:, 0] *= np.linspace(1.0, 1.5, 270)
    closes[290:, 0] *= 0.98  # the highest weight is not the last
    closes[:2, 0] = 8.0  # the run begins later
    market, costs, terms = market_of(closes), percent(0.001, 3), account(capital=1000)
    ledger = simulate(market, mix(), terms, costs, start=2)
    selling = simulate(market, mix(never_sell=[]), terms, costs, start=2)
    found = measure_never_sold(market, mix(), terms, costs, ledger)
    assert found is not None
    weights = ledger.units[:, 0] * closes[2:, 0] / ledger.value
    assert found.assets["A"].weight == pytest.approx(weights.max(), rel=1e-15)
    assert found.assets["A"].date == str(ledger.dates[weights.argmax()])
    assert found.assets["A"].sales_left_out == sum(int(one.causes[0] == NEVER_SOLD) for one in ledger.left_out) > 1
    assert found.final_value_difference == ledger.value[-1] - selling.value[-1] > 0.0
    assert found.cagr_difference is not None
    assert found.cagr_difference > 0.0
    assert measure_never_sold(market, mix(never_sell=[]), terms, costs, selling) is None
    small = LeftOutOrders(40, np.array([BELOW_MIN_ORDER, 0, 0]))
    other = dataclasses.replace(ledger, left_out=(*ledger.left_out, small))
    assert measure_never_sold(market, mix(), terms, costs, other) == found


def test_buy_and_hold_keeps_the_same_assets() -> None:
    terms = account(capital=1000, contributions={"amount": -100.0, "every": "month"})
    closes = closes_with(FIRST - 1, 1.0, 0.0, 0.0, sessions=80)
    held = simulate(market_of(closes), mix(), terms, free(3), version=BOUGHT_AND_HELD)
    assert held.units[-1, 0] == held.units[0, 0]
    assert held.units[-1, 1] < held.units[0, 1]


def test_a_sleeve_s_own_rebalance_shares_what_is_left_inside_it() -> None:
    """A, of a sleeve of A, B and C, doubles: D outside is not touched, nor A; B and C have one to one what A leaves."""
    plan = CoreSatellite.model_validate(
        {
            "core": {
                "S": {
                    "weight": "60%",
                    "of": {"A": "40%", "B": "30%", "C": "30%"},
                    "rebalance": {"kind": "every", "period": "month"},
                },
                "D": "10%",
            },
            "satellites": {"E": "10%", "F": "10%", "G": "10%"},
            "cap": "10%",
            "never_sell": ["A"],
            "rebalance": {"kind": "never"},
        }
    )
    closes = closes_with(FIRST - 1, 2.0, 0.0, -0.5, 0.0, 0.0, 0.0, 0.0)
    ledger = simulate(market_of(closes), plan, account(capital=1000), free(7))
    money = ledger.units[-1] * closes[-1]
    assert money == pytest.approx([720.0, 135.0, 135.0, 100.0, 100.0, 100.0, 100.0], abs=1e-12)
    assert ledger.cash[-1] == pytest.approx(0.0, abs=1e-12)
