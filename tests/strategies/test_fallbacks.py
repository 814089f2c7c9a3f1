"""Decisions without an answer: what is traded instead, what is said of it, and when the run ends."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import minimize

from engine.analysis.walk_forward import WalkForward, summarise_walk_forward
from engine.core.errors import DataError
from engine.optimisation.solvers import SOLVERS, Solver, SolverResult
from engine.portfolio.policy import Decision
from tests.support.markets import market_of
from tests.support.optimised import (
    OPENING,
    closes,
    plan,
    targets,
    walk,
)

ROOT = Path(__file__).parents[2]


# ---- where there is no answer -------------------------------------------------------------------------------------


HOPELESS = {
    "objective": {"kind": "max_sharpe", "risk_free": "5%"},
    "estimates": {"mean": "zero", "lookback": "60", "min_history": "30"},
}


def broken(status: str, moved: float) -> dict[str, Solver]:
    """Solvers that claim ``status`` for an answer moved off the optimum."""

    def solver(problem: object) -> SolverResult:
        answer = SOLVERS["clarabel"](problem)
        return SolverResult(answer.x + moved * np.arange(1, len(answer.x) + 1), answer.s, -np.abs(answer.z), status)

    return {"one": solver, "two": solver}


@pytest.mark.parametrize("status", ["Solved", "AlmostSolved", "MaxIterations", "PrimalInfeasible"])
def test_an_answer_that_fails_the_check_is_never_traded_whatever_its_status(status: str) -> None:
    policy = plan(satellites=None, limits=[], fallback="previous")
    policy.optimiser.solvers = broken(status, 1e-3)
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
    second.optimiser.solvers = {**broken("Solved", 1e-3), "osqp": SOLVERS["osqp"]}
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
    found = summarise_walk_forward(ledger, market_of(closes()))
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
        summary = summarise_walk_forward(some, market)
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
    found = summarise_walk_forward(ledger, market)
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
