"""Weights that are found: what a decision may know, what it must keep to, and what happens where there is no answer."""

from __future__ import annotations

import dataclasses
import json
import re
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import minimize

from engine.analysis.walk_forward import WalkForward, walk_forward
from engine.core.errors import DataError
from engine.optimisation.optimiser import Optimiser
from engine.optimisation.solvers import SOLVERS, SolverResult
from engine.portfolio.costs import BrokerCosts, PerOrderCosts
from engine.portfolio.policy import Decision
from engine.simulation.ledger import Ledger
from engine.simulation.simulate import simulate
from strategies.optimised import Optimised
from strategies.trading_limits import proportional_cost_rates
from tests.support.cli import engine
from tests.support.configs import config, message
from tests.support.limits import limit_named
from tests.support.markets import account, free, market_of, percent

ROOT = Path(__file__).parents[2]
CORE, SATELLITES = ("A", "B", "C"), ("D", "E", "F", "G")
OBJECTIVES = {
    "min_variance": {"kind": "min_variance"},
    "max_sharpe": {"kind": "max_sharpe", "risk_free": "-50%"},
    "mean_variance": {"kind": "mean_variance", "risk_aversion": "4"},
    "risk_parity": {"kind": "risk_parity"},
    "min_cvar": {"kind": "min_cvar", "level": "90%"},
    "max_diversification": {"kind": "max_diversification"},
    "min_tracking_error": {"kind": "min_tracking_error", "to": {"A": "50%", "D": "50%"}},
    "equal_weight": {"kind": "equal_weight"},
    "inverse_volatility": {"kind": "inverse_volatility"},
}
OPENING = 80


def plan(aim: str = "min_variance", /, **changes: object) -> Optimised:
    """Three assets of a core and four satellites, every month on sixty returns."""
    fields = {
        "kind": "optimised",
        "core": list(CORE),
        "satellites": {"universe": list(SATELLITES), "count": {"min": "2", "max": "3"}, "cap": "8%", "floor": "3%"},
        "limits": [{"group": ["C", "satellites"], "max": "45%"}],
        "objective": OBJECTIVES[aim],
        "estimates": {"lookback": "60", "min_history": "30"},
        "rebalance": {"kind": "every", "period": "month"},
    }
    return Optimised.model_validate({**fields, **changes})


@cache
def closes(sessions: int = 230) -> np.ndarray:
    rng = np.random.default_rng(3)
    common = rng.normal(0.0, 0.008, (sessions, 1)) * np.array([1.0, 1.1, 0.9, 1.2, 0.6, 1.0, 0.8])
    own = rng.normal(0.0004, 0.006, (sessions, 7)) * np.array([0.5, 1.2, 1.0, 1.6, 1.4, 1.8, 1.5])
    return 50.0 * np.cumprod(1.0 + common + own, axis=0)


def walk(policy: Optimised, prices: np.ndarray | None = None, *, rate: float = 0.0, **terms: object) -> Ledger:
    market = market_of(closes() if prices is None else prices)
    return simulate(market, policy, account(**terms), percent(rate, 7) if rate else free(7), start=OPENING)


def targets(ledger: Ledger) -> np.ndarray:
    return ledger.targets[ledger.rebalances]


# ---- only the past ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_no_decision_moves_when_later_prices_do(objective: str) -> None:
    """Prices from a decision's session on are multiplied by a thousand, or missing: what was decided is the same."""
    policy = plan(objective, turnover={"max": "30%"})
    honest = walk(policy)
    for poison in (1000.0, np.nan):
        changed = closes().copy()
        day = 150
        changed[day:, 1:] *= poison  # asset A stays, so that the market goes on
        ledger = walk(policy, changed)
        before = [k for k, step in enumerate(honest.steps) if step.row < day]
        assert len(before) >= 3
        for k in before:
            first, second = honest.steps[k], ledger.steps[k]
            assert dataclasses.replace(first, binding={}) == dataclasses.replace(second, binding={})
            assert first.binding == second.binding
            assert targets(honest)[k].tobytes() == targets(ledger)[k].tobytes()


@pytest.mark.parametrize("execution", ["close", "next_close"])
def test_every_step_is_trained_before_it_decides_and_decides_before_it_is_filled(execution: str) -> None:
    market = market_of(closes())
    ledger = simulate(market, plan(), account(execution=execution), free(7), start=OPENING)
    found = walk_forward(ledger, market)
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
            walk_forward(dataclasses.replace(ledger, steps=(bad,)), market)


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
    broker = BrokerCosts(name="interactive_brokers_fixed")
    assert rate(broker) == pytest.approx(np.minimum(broker.tariff.per_share / history.prices[-1], 0.01))


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
    assert policy._optimiser.compilations == 2
    walk(policy, closes() ** 0.5, rate=0.001)
    assert policy._optimiser.compilations == 2


@pytest.mark.parametrize("objective", ["min_variance", "max_sharpe", "min_cvar", "risk_parity"])
def test_the_order_in_which_a_config_names_things_changes_no_bit(objective: str) -> None:
    limits = [{"group": ["C", "satellites"], "max": "45%"}, {"group": ["A"], "max": "60%"}]
    one = walk(plan(objective, limits=limits))
    names = {"universe": ["G", "E", "D", "F"], "count": {"min": "2", "max": "3"}, "cap": "8%", "floor": "3%"}
    turned = [{"group": ["A"], "max": "60%"}, {"group": ["satellites", "C"], "max": "45%"}]
    other = walk(plan(objective, core=["C", "A", "B"], satellites=names, limits=turned))
    assert one.value.tobytes() == other.value.tobytes()
    assert targets(one).tobytes() == targets(other).tobytes()


# ---- where there is no answer -------------------------------------------------------------------------------------


HOPELESS = {
    "objective": {"kind": "max_sharpe", "risk_free": "5%"},
    "estimates": {"mean": "zero", "lookback": "60", "min_history": "30"},
}


def broken(status: str, moved: float):
    """Solvers that claim ``status`` for an answer moved off the optimum."""

    def solver(problem: object) -> SolverResult:
        answer = SOLVERS["clarabel"](problem)
        return SolverResult(answer.x + moved * np.arange(1, len(answer.x) + 1), answer.s, -np.abs(answer.z), status)

    return Optimiser(solvers={"one": solver, "two": solver})


@pytest.mark.parametrize("status", ["Solved", "AlmostSolved", "MaxIterations", "PrimalInfeasible"])
def test_an_answer_that_fails_the_check_is_never_traded_whatever_its_status(status: str) -> None:
    policy = plan(satellites=None, limits=[], fallback="previous")
    policy.__dict__["_optimiser"] = broken(status, 1e-3)
    ledger = walk(policy)
    assert [step.fallback for step in ledger.steps][:2] == ["equal_weight", "previous"]
    assert all(step.fallback for step in ledger.steps)
    assert targets(ledger)[0] == pytest.approx(np.array([1, 1, 1, 0, 0, 0, 0]) / 3.0)
    weights = ledger.weights(market_of(closes()))
    for k, step in enumerate(ledger.steps[1:], 1):  # what was held at the close before stays
        assert targets(ledger)[k] == pytest.approx(weights[step.decision_row - OPENING - 1], abs=1e-12)
    assert "one says" in ledger.steps[0].status
    assert "two says" in ledger.steps[0].status


def test_the_second_solver_is_asked_before_any_fallback() -> None:
    policy = plan(satellites=None, limits=[])
    honest = walk(policy)
    second = plan(satellites=None, limits=[])
    second.__dict__["_optimiser"] = Optimiser(solvers={**broken("Solved", 1e-3).solvers, "osqp": SOLVERS["osqp"]})
    ledger = walk(second)
    assert {step.solver for step in ledger.steps} == {"osqp"}
    assert targets(ledger) == pytest.approx(targets(honest), abs=1e-6)


def test_equal_weights_stand_in_within_all_limits() -> None:
    policy = plan(**HOPELESS, fallback="equal_weight")
    ledger = walk(policy)
    assert {step.fallback for step in ledger.steps} == {"equal_weight"}
    assert all("no expected return is above the risk-free rate" in step.status for step in ledger.steps)
    w = targets(ledger)
    assert (w[:, 2:].sum(axis=1) <= 0.45 + 1e-8).all()
    assert (w[:, 3:] <= 0.08).all()
    found = walk_forward(ledger, market_of(closes()))
    assert found.fallbacks == {"equal_weight": len(ledger.steps)}
    assert found.solved == 0


def test_what_is_held_stays_but_for_what_is_above_its_cap() -> None:
    prices = closes().copy()
    prices[100:, 3:] *= np.linspace(1.0, 4.0, 130)[:, None]  # satellites outgrow their caps
    policy = plan(**HOPELESS, fallback="previous")
    ledger = walk(policy, prices)
    assert [step.fallback for step in ledger.steps] == ["equal_weight"] + ["previous"] * (len(ledger.steps) - 1)
    assert (targets(ledger)[:, 3:] <= 0.08 * (1 + 1e-12)).all()
    assert (targets(ledger)[1:, 3:] == 0.08).any()


def holding(w: list[float], able: np.ndarray | None = None) -> Decision:
    """A decision at row 150 of one who holds ``w`` (7,)."""
    able = np.ones(7, bool) if able is None else able
    return Decision(market_of(closes()).history_before(150), np.array(w), 1.0, 150, able, np.zeros(7, bool))


def test_what_is_held_keeps_groups_caps_and_count_while_turnover_leaves_no_answer() -> None:
    prices = closes().copy()
    prices[85:, 2:4] *= np.linspace(1.0, 6.0, 145)[:, None]  # C and D outgrow their group, A its core_cap
    prices[85:, 0] *= np.linspace(1.0, 3.0, 145)
    ledger = walk(plan(core_cap="60%", turnover={"max": "0.1%"}), prices)
    w = targets(ledger)
    instead = [k for k, step in enumerate(ledger.steps) if step.fallback == "previous"]
    assert len(instead) >= 5
    for k in instead:
        assert w[k, 2:].sum() <= 0.45 + 1e-8
        assert w[k, :3].max() <= 0.6 + 1e-8
        assert w[k, 3:].max() <= 0.08 + 1e-12
        assert 2 <= np.count_nonzero(w[k, 3:]) <= 3
        assert ledger.steps[k].residual <= 1e-8 or ledger.steps[k].broken_limit.startswith("satellites.floor")


NEAREST = {
    "a group above its most": ([0.3, 0.2, 0.4, 0.05, 0.05, 0, 0], [0.325, 0.225, 0.4 - 0.05 / 3, *2 * [0.05 - 0.05 / 3], 0, 0]),
    "a satellite below its floor": ([0.3, 0.2, 0.45, 0.01, 0.04, 0, 0], [0.325, 0.225, 0.41, 0.01, 0.03, 0, 0]),
    "a core asset above core_cap": ([0.8, 0.1, 0.02, 0.04, 0.04, 0, 0], [0.7, 0.125, 0.045, 0.065, 0.065, 0, 0]),
    "too few names": ([0.5, 0.3, 0.15, 0.05, 0, 0, 0], None),
}  # fmt: skip


@pytest.mark.parametrize(("held", "expected"), NEAREST.values(), ids=NEAREST.keys())
def test_what_is_held_beyond_a_limit_moves_to_the_nearest_admissible_weights(held: list, expected: list | None) -> None:
    policy, decision = plan(**HOPELESS, core_cap="70%"), holding(held)
    w = policy.target_weights(decision)
    lowest = np.where(np.array(held) > 0.0, np.minimum(held, [0, 0, 0, *4 * [0.03]]), [0, 0, 0, *4 * [0.03]])
    best = np.inf
    others = ([4], [5], [6], [4, 5], [4, 6], [5, 6])  # one name alone is too few: one or two join it
    for names in ([3, 4],) if held[4] else ([3, *more] for more in others):
        top = np.array([0.7, 0.7, 0.7, 0, 0, 0, 0])
        top[names] = 0.08
        found = minimize(
            lambda x: np.square(x - held).sum(),
            np.full(7, 1 / 7),
            bounds=list(zip(np.minimum(lowest, top), top, strict=True)),
            constraints=[
                {"type": "eq", "fun": lambda x: x.sum() - 1.0},
                {"type": "ineq", "fun": lambda x: 0.45 - x[2:].sum()},
            ],
            method="SLSQP",
            options={"ftol": 1e-16},
        )
        best = min(best, found.fun)
    assert np.square(w - held).sum() == pytest.approx(best, abs=1e-8)
    if expected:
        assert w == pytest.approx(expected, abs=1e-7)
    assert w.sum() == pytest.approx(1.0, abs=1e-12)
    assert decision.steps[0].fallback == "previous"


def test_a_satellite_below_its_floor_and_cash_are_left_alone_and_the_floor_is_said() -> None:
    held = [0.4, 0.3, 0.1, 0.01, 0.04, 0.05, 0]
    decision = holding(held)
    assert plan(**HOPELESS).target_weights(decision) == pytest.approx(held, abs=1e-15)
    step = decision.steps[0]
    assert (step.broken_limit, step.residual) == ("satellites.floor D", pytest.approx(0.02))


def test_where_no_weights_are_admissible_what_is_held_stays_and_the_limit_it_breaks_is_recorded() -> None:
    able = np.array([0, 0, 1, 1, 1, 1, 1], bool)  # only C and satellites, of which 45 % may be held
    decision = holding([0.5, 0, 0.4, 0.05, 0.05, 0, 0], able)
    assert plan(**HOPELESS).target_weights(decision) == pytest.approx([0, 0, 0.9, 0.05, 0.05, 0, 0])
    step = decision.steps[0]
    assert (step.broken_limit, step.residual) == ("limit C, satellites max", pytest.approx(0.55))


def test_nothing_that_can_be_held_is_cash_and_breaks_no_limit() -> None:
    decision = holding([0.5, 0.5, 0, 0, 0, 0, 0], np.zeros(7, bool))
    assert not plan(**HOPELESS, limits=[]).target_weights(decision).any()
    assert (decision.steps[0].broken_limit, decision.steps[0].residual) == ("", 0.0)


def test_the_report_tells_what_fallbacks_break_apart_from_what_answers_do() -> None:
    from engine.report.run.walk_forward import walk_forward_page

    market = market_of(closes())
    ledger = walk(plan())
    steps = [dataclasses.replace(step, residual=1e-16) for step in ledger.steps]
    clean = dataclasses.replace(steps[2], fallback="previous", residual=2e-16, broken_limit="limit C, satellites max")
    over = dataclasses.replace(steps[3], fallback="previous", residual=0.013, broken_limit="satellites.floor D")

    def told(*instead: object) -> tuple[WalkForward, tuple[str, ...], str]:
        some = dataclasses.replace(ledger, steps=(*steps[:2], *instead, *steps[4:]))
        summary = walk_forward(some, market)
        page = walk_forward_page(summary)
        return summary, page.sentences, " ".join(page.steps[3])

    summary, sentences, row = told(clean, over)
    assert sentences[0].endswith("these break no limit by more than 1.0e-16")
    assert (
        "limits broken by up to 1.3 % at 1 of 2 fallbacks, turnover aside (satellites.floor D on "
        f"{summary.steps[3].date})" in sentences
    )
    assert (summary.worst_residual, summary.worst_fallback_residual) == (1e-16, 0.013)
    assert "previous, beyond satellites.floor D" in row
    summary, sentences, _ = told(clean, steps[3])
    assert "no limit broken by more than 2.0e-16 at 1 fallback, turnover aside" in sentences
    summary, sentences, _ = told(steps[2], steps[3])
    assert not any("fallback" in sentence for sentence in sentences)
    assert summary.worst_fallback_residual is None


FAILING = {
    "all expected returns below the rate": (
        HOPELESS,
        "objective max_sharpe: no expected return is above the risk-free rate",
    ),
    "a lookback longer than the history": (
        {"estimates": {"lookback": "500", "min_history": "30"}},
        "estimates.lookback: 500 returns are asked for, there are 79 so far",
    ),
    "a singular covariance": (
        {"estimates": {"covariance": "sample", "lookback": "60", "min_history": "30"}},
        "estimates.covariance: the sample covariance of 7 assets from 60 returns is singular",
    ),
    "a benchmark of what is not there": (
        {"objective": {"kind": "min_tracking_error", "to": {"B": "100%"}}},
        "objective.to: B is not among the assets estimated",
    ),
    "a turnover that the limits do not allow": (
        {"turnover": {"max": "0.01%"}, "limits": [{"group": ["A"], "min": "50%", "max": "50%"}]},
        "turnover.max 0.01 %: trades of",
    ),
}


@pytest.mark.parametrize(("changes", "words"), FAILING.values(), ids=FAILING.keys())
def test_under_fail_the_run_stops_with_one_line_that_names_the_key(changes: dict, words: str) -> None:
    prices = closes().copy()
    if "singular" in words:
        prices[:, 5] = prices[:, 4]
    if "benchmark" in words or "objective.to" in words:
        prices[:100, 1] = np.nan
    with pytest.raises(DataError) as caught:
        walk(plan(**{"fallback": "fail", **changes}), prices)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "fallback: fail" in str(caught.value)
    kept = walk(plan(**changes), prices)  # the same goes on under `previous`, counted or remarked on
    assert any(step.fallback or step.remark for step in kept.steps)


def test_where_not_even_equal_weights_are_allowed_the_run_ends_whatever_the_fallback() -> None:
    prices = closes().copy()
    prices[:200, :2] = np.nan  # only C and the satellites are there, and they may be 45 %
    with pytest.raises(
        DataError, match=r"there are no weights after the close of .*, nor equal ones: .*limit C, satellites"
    ):
        walk(plan(), prices)


def test_a_benchmark_s_missing_asset_is_with_its_others_until_it_has_a_past() -> None:
    prices = closes().copy()
    prices[:100, 1] = np.nan
    tracking = {"kind": "min_tracking_error", "to": {"A": "30%", "B": "40%", "C": "30%"}}
    ledger = walk(plan(objective=tracking, satellites=None, limits=[]), prices)
    early = [k for k, step in enumerate(ledger.steps) if step.remark]
    assert early == [k for k, step in enumerate(ledger.steps) if step.row <= 130]
    assert ledger.steps[0].remark == "objective.to: the weight of B is with the others, pro rata"
    for k in range(len(ledger.steps)):
        expected = [0.5, 0.0, 0.5] if k in early else [0.3, 0.4, 0.3]
        assert targets(ledger)[k, :3] == pytest.approx(expected, abs=1e-12)
        assert ledger.steps[k].value == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("to", ["redistribute", "cash"])
def test_a_delisted_asset_pays_the_core_or_cash(to: str) -> None:
    prices = closes().copy()
    prices[160:, 0] = np.nan
    ledger = walk(
        plan("equal_weight", satellites=None, limits=[], after_delisting={"to": to, "haircut": "50%"}), prices
    )
    row = 160 - OPENING
    assert any(reason.startswith("delisted: A less 50%") for reason in ledger.reasons)
    assert (ledger.cash[row] > 1000.0) == (to == "cash")
    before, after = ledger.units[row - 1, 1:3], ledger.units[row, 1:3]
    if to == "redistribute":  # pro rata to what the core holds, as seen at the close before
        assert (after / before)[0] == pytest.approx((after / before)[1], rel=1e-2)
        assert (after > before).all()
    else:
        assert (after == before).all()


def test_what_the_core_takes_is_shared_as_it_is_held_and_equally_where_it_is_not() -> None:
    able, none = np.array([0, 1, 1, 1, 1, 1, 1], bool), np.zeros(7, bool)
    history = market_of(closes()).history_before(150)
    held = Decision(history, np.array([0.5, 0.3, 0.1, 0.1, 0, 0, 0]), 1.0, 150, able, none)
    assert plan().reallocation_weights(held) == pytest.approx(np.array([0, 0.75, 0.25, 0, 0, 0, 0]))
    empty = dataclasses.replace(held, weights=np.zeros(7))
    assert plan().reallocation_weights(empty) == pytest.approx(np.array([0, 0.5, 0.5, 0, 0, 0, 0]))
    assert not plan(after_delisting={"to": "cash"}).reallocation_weights(held).any()
    assert not plan().reallocation_weights(dataclasses.replace(held, eligible=none)).any()


def test_watched_caps_bind_between_decisions() -> None:
    prices = closes().copy()
    prices[100:, 3:] *= np.linspace(1.0, 4.0, 130)[:, None]
    weights = {}
    for caps in ("at_rebalance", "always"):
        ledger = walk(plan(caps=caps), prices)
        weights[caps] = ledger.weights(market_of(prices))[:, 3:].max()
        assert any("cap" in reason for reason in ledger.reasons) == (caps == "always")
    assert weights["always"] < weights["at_rebalance"]


def test_what_a_walk_tells_is_what_the_ledger_holds() -> None:
    market = market_of(closes())
    ledger = walk(plan(), rate=0.001)
    found = walk_forward(ledger, market)
    w = targets(ledger)
    for j, asset in enumerate(ledger.assets):
        if not w[:, j].any():
            assert asset not in found.weights
            continue
        spread = found.weights[asset]
        assert (spread.lowest, spread.highest) == (w[:, j].min(), w[:, j].max())
        assert spread.mean == pytest.approx(w[:, j].mean())
        assert spread.held == (w[:, j] > 0.0).sum()
        assert spread.change == pytest.approx(np.abs(np.diff(w[:, j])).mean())
    for name, bound in found.bound.items():
        gains = [step.binding[name] for step in ledger.steps if name in step.binding]
        assert (bound.times, bound.worth) == (len(gains), pytest.approx(np.mean(gains)))
    money = [
        np.abs(ledger.order_values[event]).sum() / 2.0 / ledger.value[row] for event, row in enumerate(ledger.rows)
    ]
    assert [step.turnover for step in found.steps] == pytest.approx(money)
    assert (found.turnover_mean, found.turnover_highest) == pytest.approx((np.mean(money[1:]), max(money[1:])))
    assert sum(found.solvers.values()) == len(ledger.steps)


# ---- how it is solved ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("objective", ["min_variance", "max_sharpe", "risk_parity"])
def test_solving_each_basket_and_searching_among_them_find_the_same(
    objective: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from engine.optimisation import cardinality

    each = walk(plan(objective, turnover={"max": "20%"}))
    monkeypatch.setattr(cardinality, "MAX_BASKETS_ENUMERATED", 0)
    searched = walk(plan(objective, turnover={"max": "20%"}))
    assert {step.solver for step in each.steps} == {"clarabel"}
    assert {step.solver for step in searched.steps} == {"highs, clarabel"}
    assert [step.value for step in searched.steps] == pytest.approx([step.value for step in each.steps], rel=1e-6)


def test_a_basket_that_no_solver_solves_is_said() -> None:
    calls = iter(range(10_000))

    def moody(problem: object) -> SolverResult:
        answer = SOLVERS["clarabel"](problem)
        return answer if next(calls) % 3 else SolverResult(answer.x + 1.0, answer.s, -np.abs(answer.z), "Solved")

    policy = plan()
    policy.__dict__["_optimiser"] = Optimiser(solvers={"moody": moody})
    step = walk(policy).steps[0]
    assert step.status == "best of 6 baskets; 4 could not be solved"
    assert step.gap == np.inf
    assert step.residual <= 1e-8


def test_linear_algebra_has_one_thread_while_weights_are_found() -> None:
    from threadpoolctl import threadpool_info

    seen = set()

    def watching(problem: object) -> SolverResult:
        seen.update(one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas")
        return SOLVERS["clarabel"](problem)

    policy = plan(satellites=None, limits=[])
    policy.__dict__["_optimiser"] = Optimiser(solvers={"watching": watching})
    walk(policy)
    assert seen == {1}


# ---- configs ------------------------------------------------------------------------------------------------------

GOOD = """\
name: plan
data:
  source: {kind: sample}
window: {start: 2014-01-02, end: 2022-12-28}
strategy:
  kind: optimised
  core: [QUAL, SIZE, MTUM]
  satellites: {universe: [HD, JNJ, PG, UNH], count: {min: 2, max: 3}, cap: 3%, floor: 2%}
  limits: [{group: [SIZE, satellites], max: 30%}]
  objective: {kind: min_variance}
  estimates: {lookback: 756, half_life: null, min_history: 252}
  turnover: {penalty: costs, max: 40%}
  rebalance: {kind: annual, month: january}
"""
SET = "plan.yaml:8: strategy.satellites"
BAD = {
    "a benchmark of more than there is": (
        ("kind: min_variance", "kind: min_tracking_error, to: {QUAL: 90%, SIZE: 90%}"),
        "plan.yaml:10: strategy.objective.to: adds up to 180 %; a benchmark's weights make 100 %, change them",
    ),
    "a benchmark of less than a whole": (
        ("kind: min_variance", "kind: min_tracking_error, to: {QUAL: 50%}"),
        "plan.yaml:10: strategy.objective.to: adds up to 50 %; a benchmark's weights make 100 %, change them",
    ),
    "an unknown objective": (
        ("kind: min_variance", "kind: min_varience"),
        "plan.yaml:10: strategy.objective: unknown kind 'min_varience'; did you mean 'min_variance'?; known: min_variance, "
        "max_sharpe, mean_variance, risk_parity, min_cvar, max_diversification, min_tracking_error, equal_weight, "
        "inverse_volatility",
    ),
    "a floor above the cap": (("floor: 2%", "floor: 5%"), f"{SET}.floor: floor 5% is above cap 3%; swap them"),
    "more than there are": (
        ("min: 2, max: 3", "min: 5, max: 6"),
        f"{SET}.count: at least 5 of 4 names cannot be held; lower min, or name more",
    ),
    "a count turned round": (("min: 2, max: 3", "min: 4, max: 3"), f"{SET}.count: min 4 is above max 3; swap them"),
    "a count without a floor": (
        (", floor: 2%", ""),
        f"{SET}.count: count needs a floor above 0%, for a name at 0% is not held; add floor: 1%, or remove count",
    ),
    "a name twice": (
        ("[HD, JNJ, PG, UNH]", "[HD, JNJ, PG, HD]"),
        f"{SET}.universe.3: HD is written twice; remove one",
    ),
    "core and satellite": (
        ("core: [QUAL", "core: [HD, QUAL"),
        "plan.yaml:7: strategy.core: HD is core and satellite at once; keep one of the two",
    ),
    "a limit that leaves too little": (
        ("core: [QUAL, SIZE, MTUM]", "core: [SIZE]"),
        "plan.yaml:9: strategy.limits: satellites.count: whichever 2 to 3 are held, at best the weights' sum of 100 %: "
        "70 % missing because of limit SIZE, satellites max; raise one of these",
    ),
    "caps that leave too little": (
        ("limits: [{group: [SIZE, satellites], max: 30%}]", "core_cap: 30.333%"),
        "plan.yaml:9: strategy.core_cap: satellites.count: whichever 2 to 3 are held, at best the weights' sum of 100 %: "
        "0.001 % missing because of satellites.cap HD, satellites.cap JNJ, core_cap MTUM, satellites.cap PG, core_cap QUAL, "
        "core_cap SIZE; raise one of these",
    ),
    "a limit on a stranger": (
        ("[SIZE, satellites]", "[SIZE, satelites]"),
        "plan.yaml:9: strategy.limits.0: limit names satelites, which is neither core nor satellite; correct the name",
    ),
    "a limit turned round": (
        ("max: 30%}]", "min: 40%, max: 30%}]"),
        "plan.yaml:9: strategy.limits.0: min 40% is above max 30%; swap them",
    ),
    "less history than is asked for": (
        ("lookback: 756", "lookback: 200"),
        "plan.yaml:11: strategy.estimates.min_history: min_history 252 is more than lookback 200 holds; lower it",
    ),
    "a covariance that must be singular": (
        ("lookback: 756, half_life: null, min_history: 252", "covariance: sample, lookback: 6, min_history: 3"),
        "plan.yaml:11: strategy.estimates.lookback: a sample covariance of 7 assets from 6 returns is singular; raise "
        "lookback, or choose covariance: ledoit_wolf",
    ),
    "costs without a price": (
        ("kind: min_variance", "kind: risk_parity"),
        "plan.yaml:12: strategy.turnover.penalty: risk_parity has no figure that costs could be weighed against; remove it, "
        "or bound trading by turnover.max",
    ),
    "a benchmark of a stranger": (
        ("kind: min_variance", "kind: min_tracking_error, to: {SPY: 100%}"),
        "plan.yaml:10: strategy.objective.to.SPY: SPY is neither core nor satellite; add or remove it",
    ),
    "a fallback that is none": (
        ("  turnover:", "  fallback: previos\n  turnover:"),
        "plan.yaml:12: strategy.fallback: found 'previos'; did you mean 'previous'?; expected 'previous', 'equal_weight' or 'fail'",
    ),
}


@pytest.mark.parametrize(("change", "expected"), BAD.values(), ids=BAD.keys())
def test_a_bad_optimiser_is_one_line_that_names_its_key(change: tuple[str, str], expected: str) -> None:
    assert change[0] in GOOD
    assert message(GOOD.replace(*change)) == expected


def test_a_universe_s_file_gives_names_and_sectors(tmp_path: Path) -> None:
    path = tmp_path / "universe.yaml"
    stocks = [("HD", "retail", "[one]"), ("JNJ", "health", "[one, two]"), ("UNH", "health", "[two]")]
    lines = (f"  - {{ticker: {t}, name: {t}, sector: {s}, brokers: {b}}}\n" for t, s, b in stocks)
    path.write_text("names:\n" + "".join(lines))
    text = GOOD.replace(
        "universe: [HD, JNJ, PG, UNH], count: {min: 2, max: 3}", f"universe: {path}, available_at: [two]"
    )
    found = config(text.replace("[SIZE, satellites]", "sector").replace("max: 30%", "max: 5%")).strategy
    assert found.satellites.names == ("JNJ", "UNH")
    group = found.constraints_for(found.tickers).groups[0]
    assert (group.name, group.most, int(group.members.sum())) == ("limit health", 0.05, 2)


def test_the_readme_s_optimiser_is_the_one_that_is_shipped() -> None:
    text = (ROOT / "README.md").read_text().split("```yaml\n")[3].split("```")[0]
    plan = config(f"name: shown\ndata: {{source: {{kind: sample}}}}\n{text}").strategy
    shipped = config((ROOT / "configs" / "optimised.yaml").read_text()).strategy
    assert plan == shipped


def test_every_objective_is_written_down() -> None:
    text = (ROOT / "docs" / "semantics.md").read_text()
    for kind in OBJECTIVES:
        assert f"`{kind}`" in text
        assert kind in (ROOT / "README.md").read_text() or kind in {
            "min_tracking_error",
            "equal_weight",
            "inverse_volatility",
        }


# ---- as a user meets it -------------------------------------------------------------------------------------------

SHORT = ("--set", "compare.bootstrap.samples=100", "--set", "window.start=2016-01-02", "--set", "window.end=2020-12-31")


def test_a_run_tells_how_stable_the_weights_were_and_a_failing_one_leaves_it_alone(tmp_path: Path) -> None:
    (tmp_path / "plan.yaml").write_text(GOOD)
    done = engine("run", "plan.yaml", *SHORT, cwd=tmp_path)
    for words in ("How stable the weights were", "5 decisions, 5 solved", "a point more is worth", "satellites.cap"):
        assert words in done.stdout
    folder = tmp_path / "runs" / "plan"
    summary = json.loads((folder / "summary.json").read_text())["optimiser"]
    assert (summary["decisions"], summary["solved"], summary["fallbacks"]) == (5, 5, {})
    assert all(step["train_last"] < step["decided"] <= step["date"] for step in summary["steps"])
    assert summary["weights"]["QUAL"]["highest"] <= 1.0
    page = (folder / "report.html").read_text()
    for words in ("How stable the weights were", "How often each limit bound", summary["steps"][0]["train_first"]):
        assert words in page
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    failed = ("--set", "strategy.fallback=fail", "--set", "strategy.estimates.lookback=9000")
    done = engine("run", "plan.yaml", *SHORT, *failed, cwd=tmp_path, check=1)
    assert done.stderr.startswith(
        "error: plan.yaml: strategy.fallback: fail, and there are no weights after the close of 2015-12-31"
    )
    assert "estimates.lookback: 9000 returns are asked for" in done.stderr
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert [path.name for path in folder.parent.iterdir()] == ["plan"]


def test_a_run_says_what_its_fallbacks_break_on_the_terminal_the_page_and_in_the_summary(tmp_path: Path) -> None:
    (tmp_path / "plan.yaml").write_text(GOOD)
    done = engine("run", "plan.yaml", *SHORT, "--set", "strategy.turnover.max=0.01%", cwd=tmp_path)
    folder = tmp_path / "runs" / "plan"
    summary = json.loads((folder / "summary.json").read_text())["optimiser"]
    instead = [step for step in summary["steps"] if step["fallback"] == "previous"]
    worst = max(instead, key=lambda step: step["residual"])
    assert worst["broken"].startswith("satellites.floor")
    assert summary["worst_fallback_residual"] == worst["residual"] > 1e-8
    assert summary["worst_residual"] <= 1e-8
    printed = " ".join(done.stdout.split())
    most = f"{100 * worst['residual']:.6g} %"
    for words in (f"limits broken by up to {most} at", f"at worst, {worst['broken']} is broken by {most} on"):
        assert words in printed
        assert words in (folder / "report.html").read_text()


@pytest.mark.parametrize("path", sorted((ROOT / "configs").glob("optimised*.yaml")), ids=lambda path: path.stem)
def test_a_shipped_optimiser_runs_on_real_prices_and_every_answer_is_proved(
    path: Path, shared_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from engine.backtest.workflow import run_backtest
    from engine.composition import load_run

    monkeypatch.chdir(ROOT)  # a universe's path starts at the working directory
    source = ["data.source.kind=files", f"data.source.path={shared_data / 'prices.parquet'}", "window.end=2012-12-31"]
    config = load_run(path, source)
    result = run_backtest(config, draw=lambda pairs, terms: [None] * len(pairs))
    found = result.summary.optimiser
    assert found.solved == found.decisions >= 9
    assert found.worst_residual <= 1e-8
    assert all(step.gap <= 1e-6 for step in found.steps)
    assert {"strategy", "buy_and_hold", "by hand", "equal weight"} <= set(result.comparison.portfolios)
    assert found.turnover_highest <= config.strategy.turnover.max + 0.02  # a session's drift comes on top


def test_a_notebook_gets_every_decision_as_a_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import engine as package

    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    (tmp_path / "plan.yaml").write_text(GOOD)
    changes = [*SHORT[1::2], "window.end=2018-12-31"]
    found = package.run(tmp_path / "plan.yaml", *changes).decisions
    assert len(found) == 3
    assert (found.train_last < found.decided).all()
    assert (found.decided <= found.date).all()
    plain = package.run(ROOT / "configs" / "quickstart.yaml", "compare.bootstrap.samples=100", "window.end=2015-12-31")
    assert len(plain.decisions) == 0


def test_weights_for_one_date_are_those_that_a_run_trades_to(tmp_path: Path) -> None:
    text = GOOD.replace("penalty: costs, max: 40%", "")
    (tmp_path / "plan.yaml").write_text(text.replace("{}", "{penalty: none}"))
    run = json.loads(engine("run", "plan.yaml", *SHORT, "--json", cwd=tmp_path).stdout)["optimiser"]["steps"][2]
    done = engine("optimise", "plan.yaml", "--as-of", run["date"], cwd=tmp_path)
    for words in ("What the limits cost", "bp of volatility", "Efficient frontier", "marginal risk"):
        assert words in done.stdout
    found = json.loads((tmp_path / "runs" / "plan" / "optimal.json").read_text())
    assert found["decided"] == run["date"]
    assert found["train"] == {"first": run["train_first"], "last": run["train_last"]}
    assert found["objective"]["value"] == run["value"]
    assert sum(one["weight"] for one in found["weights"].values()) == pytest.approx(1.0, abs=1e-12)
    assert sum(one["risk_share"] for one in found["weights"].values()) == pytest.approx(1.0)
    volatilities = [point["volatility"] for point in found["frontier"]]
    assert len(volatilities) == 15
    assert volatilities[0] == min(volatilities) == pytest.approx(found["expected"]["volatility"])
    page = (tmp_path / "runs" / "plan" / "optimal.html").read_text()
    assert "<script" not in page
    assert "<polyline" in page
    assert "http" not in page.replace("http-equiv", "")
    printed = engine("optimise", "plan.yaml", "--as-of", run["date"], "--json", cwd=tmp_path).stdout
    assert json.loads(printed) == found


def test_weights_for_one_date_refuse_what_they_cannot_answer(tmp_path: Path) -> None:
    from engine.backtest.allocation import parse_as_of, propose_weights
    from engine.composition import load_run

    (tmp_path / "plan.yaml").write_text(GOOD.replace("turnover: {penalty: costs, max: 40%}", "turnover: {max: 40%}"))
    mixed = "strategy={kind: fixed_mix, weights: {QUAL: 100%}}"
    hopeless = "strategy.objective={kind: max_sharpe, risk_free: 90%}"
    asked = {
        (None, "1980-01-01"): "--as-of 1980-01-01: the prices begin on",
        (None, "2013-06-03"): "(MTUM, QUAL, SIZE left out: not listed, or too little history)",
        (mixed, None): "strategy.kind: only `optimised` finds weights",
        (hopeless, None): "objective max_sharpe: no expected return",
    }
    for (change, day), words in asked.items():
        with pytest.raises(DataError) as caught:
            propose_weights(load_run(tmp_path / "plan.yaml", [change] if change else []), parse_as_of(day))
        assert words in str(caught.value)
        assert "\n" not in str(caught.value)
    for day in ("2018", "20190102", "2019-W01-1", "2019-02-30"):
        done = engine("optimise", "plan.yaml", "--as-of", day, cwd=tmp_path, check=1)
        assert done.stderr == f"error: plan.yaml: --as-of {day}: is not a date; write year-month-day, as 2004-02-01\n"
    assert not (tmp_path / "runs").exists()


def test_a_day_beyond_the_prices_is_the_next_decision_and_said_so(tmp_path: Path) -> None:
    (tmp_path / "plan.yaml").write_text(GOOD.replace("turnover: {penalty: costs, max: 40%}", "turnover: {max: 40%}"))
    done = engine("optimise", "plan.yaml", "--as-of", "9999-12-31", "--json", cwd=tmp_path)
    found = json.loads(done.stdout)
    assert re.search(r"prices end on 20\d\d-\d\d-\d\d: there is no decision on 9999-12-31 yet", found["remark"])
    again = json.loads(engine("optimise", "plan.yaml", "--as-of", found["decided"], "--json", cwd=tmp_path).stdout)
    assert again["remark"] == found["remark"].rpartition("prices end")[0].removesuffix("; ")
    assert {**again, "remark": ""} == {**found, "remark": ""}


def test_a_plan_that_names_its_weights_loads_no_solver(tmp_path: Path) -> None:
    import subprocess
    import sys

    code = (
        "import sys; from engine.composition import load_run; from engine.backtest.workflow import run_backtest; from pathlib import Path\n"
        f"run_backtest(load_run(Path({str(ROOT / 'configs' / 'quickstart.yaml')!r})), intervals=False)\n"
        "print([name for name in ('cvxpy', 'clarabel', 'osqp', 'sklearn', 'threadpoolctl') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout.strip() == "[]"


def test_what_a_limit_costs_is_what_the_objective_gains_without_it() -> None:
    from engine.optimisation.constraints import LimitKey
    from engine.optimisation.relaxation import remove_limit

    policy = plan()
    decision = Decision(
        market_of(closes()).history_before(150), np.zeros(7), 1.0, 150, np.ones(7, bool), np.zeros(7, bool)
    )
    problem = policy.problem(decision)
    held = Optimiser().solve(problem.form, problem.constraints)
    for limit in [*held.binding, problem.constraints.cardinality.key]:
        free_of_it = remove_limit(problem.constraints, limit)
        assert free_of_it.violation(held.weights) <= 1e-8
        assert Optimiser().solve(problem.form, free_of_it).objective_value <= held.objective_value + 1e-12
    with pytest.raises(IndexError):
        remove_limit(problem.constraints, LimitKey("most", 9, "nothing"))


def test_what_binds_is_worth_what_a_little_room_improves_the_figure_by() -> None:
    decision = Decision(
        market_of(closes()).history_before(150), np.zeros(7), 1.0, 150, np.ones(7, bool), np.zeros(7, bool)
    )
    for objective in ("min_variance", "max_diversification", "mean_variance"):
        figures = []
        for cap in ("40%", "40.01%"):
            policy = plan(objective, core_cap=cap, satellites=None, limits=[{"group": ["B"], "max": "35%"}])
            policy.target_weights(decision)
            figures.append(decision.steps.pop())
        gained = abs(figures[1].value - figures[0].value)
        assert gained / 1e-4 == pytest.approx(
            sum(g for n, g in figures[0].binding.items() if "core_cap" in n), rel=0.02
        )


def test_each_limit_can_be_taken_away() -> None:
    from engine.optimisation.constraints import TurnoverLimit
    from engine.optimisation.relaxation import remove_limit

    policy = plan(core_cap="70%", limits=[{"group": ["A", "B"], "min": "10%", "max": "90%"}])
    held = np.array([0.5, 0.5, 0, 0, 0, 0, 0])
    rules = dataclasses.replace(policy.constraints_for(policy.tickers), turnover=TurnoverLimit(held, 0.01))
    w = np.array([0.0, 0.05, 0.75, 0.02, 0.09, 0.09, 0.0])
    broken_ones = {
        "core_cap C",
        "satellites.floor D",
        "satellites.cap E",
        "satellites.cap F",
        "limit A, B min",
        "turnover.max",
    }
    for name in broken_ones:
        rules = remove_limit(rules, limit_named(rules, name))
    assert rules.turnover is None
    assert rules.violation(w) <= 1e-12
    assert remove_limit(rules, limit_named(rules, "satellites.count")).cardinality is None
    assert remove_limit(rules, limit_named(rules, "limit A, B max")).groups[0].most == 1.0
