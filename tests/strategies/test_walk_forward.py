"""An optimised strategy on its walk: what a decision may know, and what it must keep to."""

from __future__ import annotations

import dataclasses
import itertools
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import minimize

from engine.analysis.walk_forward import summarise_walk_forward
from engine.portfolio.costs import BrokerCosts, PerOrderCosts
from engine.portfolio.policy import Decision
from engine.simulation.simulate import simulate
from strategies.trading_limits import proportional_cost_rates
from tests.support.markets import account, free, market_of, percent
from tests.support.optimised import (
    OBJECTIVES,
    OPENING,
    SATELLITES,
    closes,
    plan,
    targets,
    walk,
)

ROOT = Path(__file__).parents[2]


# ---- only the past ------------------------------------------------------------------------------------------------


DAYS = np.unique(np.linspace(100, 228, 50).astype(int)).tolist()


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("days", [[150], pytest.param(DAYS, marks=pytest.mark.slow)], ids=["a day", "fifty days"])
def test_no_decision_moves_when_later_prices_do(days: list[int], objective: str) -> None:
    """Prices from a decision's session on are multiplied by a thousand, or missing: what was decided is the same."""
    policy = plan(objective, turnover={"max": "30%"})
    honest = walk(policy)
    for day, poison in itertools.product(days, (1000.0, np.nan)):
        changed = closes().copy()
        changed[day:, 1:] *= poison  # asset A stays, so that the market goes on
        ledger = walk(policy, changed)
        before = [k for k, step in enumerate(honest.steps) if step.row < day]
        assert len(before) >= 2
        for k in before:
            first, second = honest.steps[k], ledger.steps[k]
            assert dataclasses.replace(first, binding={}) == dataclasses.replace(second, binding={})
            assert first.binding == second.binding
            assert targets(honest)[k].tobytes() == targets(ledger)[k].tobytes()


@pytest.mark.parametrize("execution", ["close", "next_close"])
def test_every_step_is_trained_before_it_decides_and_decides_before_it_is_filled(execution: str) -> None:
    market = market_of(closes())
    ledger = simulate(market, plan(), account(execution=execution), free(7), start=OPENING)
    found = summarise_walk_forward(ledger, market)
    assert found is not None
    assert len(found.steps) == len(ledger.steps) >= 6
    for step in found.steps:
        assert step.train_first < step.train_last < step.decided <= step.date
        assert np.busday_count(step.train_first, step.train_last) == 60
        assert (step.decided < step.date) == (execution == "next_close" and step is not found.steps[0])


def test_a_step_that_saw_its_own_day_is_a_bug_and_stops() -> None:
    market = market_of(closes())
    ledger = walk(plan())
    step = ledger.steps[2]
    for bad in (
        dataclasses.replace(step, train=(step.train[0], market.dates[step.decision_row])),
        dataclasses.replace(step, decision_row=step.row + 1),
    ):
        with pytest.raises(ValueError, match="was estimated from"):
            summarise_walk_forward(dataclasses.replace(ledger, steps=(bad,)), market)


def test_the_weights_are_those_of_scikit_learn_and_slsqp_on_the_same_sessions() -> None:
    from sklearn.covariance import LedoitWolf

    policy = plan(satellites={"universe": list(SATELLITES), "cap": "8%"})
    ledger = walk(policy)
    for k, step in enumerate(ledger.steps):
        window = closes()[step.decision_row - 61 : step.decision_row]
        S = LedoitWolf().fit(window[1:] / window[:-1] - 1.0).covariance_ * 252.0
        rules = [
            {"type": "eq", "fun": lambda w: w.sum() - 1.0},
            {"type": "ineq", "fun": lambda w: 0.45 - w[2:].sum()},
        ]
        bounds = [(0.0, 1.0)] * 3 + [(0.0, 0.08)] * 4
        best = minimize(
            lambda w, S=S: 1e2 * w @ S @ w,
            np.full(7, 1 / 7),
            jac=lambda w, S=S: 2e2 * S @ w,
            bounds=bounds,
            constraints=rules,
            method="SLSQP",
            options={"ftol": 1e-14, "maxiter": 500},
        )
        assert targets(ledger)[k] == pytest.approx(best.x, abs=2e-6)


# ---- what is kept to ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_every_decision_keeps_caps_floors_counts_limits_and_turnover(objective: str) -> None:
    market = market_of(closes())
    policy = plan(objective, turnover={"max": "15%"})
    ledger = walk(policy, rate=0.001)
    weights = ledger.weights(market)
    for k, step in enumerate(ledger.steps):
        w = targets(ledger)[k]
        held = w[3:][w[3:] > 0.0]
        assert w.sum() == pytest.approx(1.0, abs=1e-12)
        assert not step.fallback, step.status
        assert 2 <= len(held) <= 3
        assert held.min() >= 0.03 - 1e-12
        assert held.max() <= 0.08 + 1e-12
        assert w[2:].sum() <= 0.45 + 1e-8
        assert step.residual <= 1e-8
        if k:
            seen = weights[step.decision_row - OPENING - 1]
            assert np.abs(w - seen).sum() / 2.0 <= 0.15 + 1e-8


def test_costs_hold_trading_back_and_count_as_the_schedule_pays_them() -> None:
    still = plan(turnover={"penalty": "costs"})
    dear = walk(still, rate=0.01)
    free_to_move = walk(plan(), rate=0.01)
    assert np.abs(dear.order_values[1:]).sum() < 0.5 * np.abs(free_to_move.order_values[1:]).sum()
    yearly = plan(turnover={"penalty": "costs"}, rebalance={"kind": "annual", "month": "may"})
    decision = Decision(
        market_of(closes()).history_before(150),
        np.full(7, 1 / 7),
        1.0,
        150,
        np.ones(7, bool),
        np.zeros(7, bool),
        percent(0.01, 7),
    )
    monthly, once = (policy.problem(decision).costs.rate for policy in (still, yearly))
    assert monthly == pytest.approx(12.0 * once)
    assert once == pytest.approx(np.full(7, 0.01 * 2.0 / 4.0))  # a variance is worth half the risk aversion of 4


def test_what_must_be_sold_counts_as_turnover() -> None:
    able = np.ones(7, bool)
    able[0] = False  # A cannot be held any longer
    held = np.array([0.3, 0.4, 0.3, 0, 0, 0, 0])
    decision = Decision(market_of(closes()).history_before(150), held, 1.0, 150, able, np.zeros(7, bool))
    policy = plan(satellites=None, limits=[], turnover={"max": "30%"})
    turnover = policy.problem(decision).constraints.turnover
    assert turnover.elsewhere == pytest.approx(0.3)
    w = policy.target_weights(decision)
    assert w[0] == 0.0
    assert np.abs(w - held).sum() / 2.0 <= 0.3 + 1e-8
    barred = dataclasses.replace(decision, eligible=np.ones(7, bool), barred=~able)
    assert policy.target_weights(barred)[0] == 0.0


def test_of_a_tariff_what_grows_with_the_order_is_weighed() -> None:
    history = market_of(closes()).history_before(100)
    none = np.zeros(7, bool)

    def rate(costs: object) -> np.ndarray:
        return proportional_cost_rates(Decision(history, np.zeros(7), 1.0, 100, ~none, none, costs.cost_table(7)))

    per_order = PerOrderCosts(fixed=5, rate=0.002, minimum=10, maximum=60, spread=3)
    assert rate(per_order) == pytest.approx(np.full(7, 0.0023))
    broker = BrokerCosts(tariff="interactive_brokers_fixed")
    assert rate(broker) == pytest.approx(np.minimum(broker.published.per_share / history.prices[-1], 0.01))


def test_a_young_asset_waits_for_its_history_and_one_that_is_gone_is_left_out() -> None:
    prices = closes().copy()
    prices[:100, 1] = np.nan  # B begins at row 100, and has thirty returns at row 130
    prices[190:, 0] = np.nan  # A ends
    ledger = walk(plan(), prices)
    rows = [step.row for step in ledger.steps]
    w = targets(ledger)
    assert all(w[k, 1] == 0.0 for k, row in enumerate(rows) if row <= 130)
    assert any(w[k, 1] > 0.0 for k, row in enumerate(rows) if row > 131)
    assert all(w[k, 0] == 0.0 for k, row in enumerate(rows) if row > 190)
    assert {step.assets for step in ledger.steps} == {6, 7}
    assert not any(step.fallback for step in ledger.steps if step.row <= 190)


def test_of_fewer_satellites_than_asked_for_all_are_in() -> None:
    prices = closes().copy()
    prices[:, 4:] *= np.where(np.arange(230)[:, None] < 226, np.nan, 1.0)
    ledger = walk(plan(limits=[]), prices)
    assert not any(step.fallback for step in ledger.steps)
    assert (targets(ledger)[:, 3] >= 0.03 - 1e-12).all()


# ---- compiled once, the same whatever the order -------------------------------------------------------------------


def test_a_walk_compiles_two_problems_the_opening_and_all_others() -> None:
    policy = plan(satellites=None, limits=[], turnover={"max": "30%", "penalty": "costs"})
    ledger = walk(policy, rate=0.001)
    assert len(ledger.steps) >= 7
    assert policy.optimiser.compilations == 2
    walk(policy, closes() ** 0.5, rate=0.001)
    assert policy.optimiser.compilations == 2


@pytest.mark.parametrize("objective", ["min_variance", "max_sharpe", "min_cvar", "risk_parity"])
def test_the_order_in_which_a_config_names_things_changes_no_bit(objective: str) -> None:
    limits = [{"group": ["C", "satellites"], "max": "45%"}, {"group": ["A"], "max": "60%"}]
    one = walk(plan(objective, limits=limits))
    names = {"universe": ["G", "E", "D", "F"], "count": {"min": "2", "max": "3"}, "cap": "8%", "floor": "3%"}
    turned = [{"group": ["A"], "max": "60%"}, {"group": ["satellites", "C"], "max": "45%"}]
    other = walk(plan(objective, core=["C", "A", "B"], satellites=names, limits=turned))
    assert one.value.tobytes() == other.value.tobytes()
    assert targets(one).tobytes() == targets(other).tobytes()
