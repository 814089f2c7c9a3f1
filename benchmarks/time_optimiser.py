"""How long a walk forward takes: estimate, solve, prove and trade at every decision; and the same job elsewhere.

Ten seeded assets, 240 decisions a month (21 sessions) apart, minimum variance by a Ledoit-Wolf covariance of the last
756 returns, nothing above 40 %: in the engine (``simulate``, accounting and proof of every answer included), in skfolio
(``WalkForward`` and ``cross_val_predict``) and in cvxportfolio (``MarketSimulator``; it has no Ledoit-Wolf, so its own
covariance over as long a window stands in). Then the same with limits, costs and turnover, and 250 assets. Divide a
median by its number of decisions for the time of a step; ``extra_info`` has it in milliseconds.
"""

from __future__ import annotations

import warnings
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest

from engine.data.market import Market
from engine.portfolio.account import Account
from engine.portfolio.costs import NoCosts, PercentCosts
from engine.simulation.simulate import simulate
from strategies.optimised import Optimised

LOOKBACK, MONTH, STEPS, ASSETS, CAP = 756, 21, 240, 10, 0.4
LIMITED = {
    "limits": [{"group": ["A000", "A001", "A002"], "max": "30%"}],
    "turnover": {"penalty": "costs", "max": "20%"},
}


@cache
def market(assets: int, steps: int) -> Market:
    """Return weekdays of seeded prices with three common factors, one decision's worth more than the steps need."""
    rng = np.random.default_rng(2005)
    sessions = LOOKBACK + 2 + (steps + 3) * MONTH
    common = rng.normal(0.0, 0.006, (sessions, 3)) @ rng.uniform(0.2, 1.2, (3, assets))
    own = rng.normal(0.0003, 0.01, (sessions, assets)) * rng.uniform(0.6, 1.6, assets)
    dates = np.busday_offset("2001-01-01", np.arange(sessions), roll="forward")
    return Market.build(dates, tuple(f"A{j:03d}" for j in range(assets)), 50.0 * np.cumprod(1.0 + common + own, axis=0))


class Monthly:
    """Every 21 sessions from the first with a full lookback, as ``WalkForward`` counts; a schedule as any other."""

    decides = True

    def __init__(self, steps: int) -> None:
        """Decide ``steps`` times, the opening included."""
        self.rows = [LOOKBACK + 1 + MONTH * k for k in range(1, steps)]

    def calendar(self, dates: object) -> dict[int, str]:  # noqa: ARG002  (it counts sessions)
        """Return the decisions after the opening."""
        return dict.fromkeys(self.rows, "21 sessions")

    def band(self, dates: object) -> None:
        """Return no band."""


class Walk(Optimised):
    """The optimised strategy on that schedule."""

    steps: int = STEPS

    @property
    def schedule(self) -> Any:
        """When it decides."""
        return Monthly(self.steps)


def plan(assets: int, steps: int, **more: object) -> Walk:
    """Return minimum variance under the cap."""
    fields = {"core": list(market(assets, steps).assets), "core_cap": "40%", "objective": {"kind": "min_variance"}}
    return Walk.model_validate({**fields, "estimates": {"lookback": LOOKBACK}, "steps": steps, **more})


def walked(assets: int, steps: int, costs: Any, **more: object) -> Any:
    """Return what one round runs, and its arguments: a plan of its own, which has compiled nothing yet."""
    table = costs.cost_table(assets)

    def set_up() -> tuple[tuple[object, ...], dict[str, int]]:
        return (market(assets, steps), plan(assets, steps, **more), Account(), table), {"start": LOOKBACK + 1}

    return set_up


def per_step(benchmark: Any, steps: int) -> None:
    """Note the time of a step."""
    benchmark.extra_info["ms a step"] = round(1e3 * benchmark.stats.stats.median / steps, 3)


@pytest.mark.benchmark(group="240 decisions, 10 assets, min variance, cap 40 %")
def test_engine(benchmark) -> None:
    """Time the engine, every problem compiled anew."""
    ledger = benchmark.pedantic(simulate, setup=walked(ASSETS, STEPS, NoCosts()), rounds=7, warmup_rounds=1)
    per_step(benchmark, STEPS)
    assert len(ledger.steps) == STEPS
    assert not any(step.fallback for step in ledger.steps)
    assert max(step.gap for step in ledger.steps) < 1e-8


@pytest.mark.benchmark(group="240 decisions, 10 assets, min variance, cap 40 %")
def test_skfolio(benchmark) -> None:
    """Time skfolio's WalkForward at its defaults, and compare its first weights with the engine's."""
    from skfolio.model_selection import WalkForward, cross_val_predict
    from skfolio.moments import LedoitWolf
    from skfolio.optimization import MeanRisk
    from skfolio.prior import EmpiricalPrior

    returns = frame()
    model = MeanRisk(
        prior_estimator=EmpiricalPrior(covariance_estimator=LedoitWolf()), max_weights=CAP, solver="CLARABEL"
    )
    split = WalkForward(test_size=MONTH, train_size=LOOKBACK)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = benchmark.pedantic(cross_val_predict, (model, returns), {"cv": split}, rounds=2, warmup_rounds=0)
    per_step(benchmark, len(found.portfolios))
    assert len(found.portfolios) >= STEPS
    ledger = simulate(
        market(ASSETS, STEPS), plan(ASSETS, STEPS), Account(), NoCosts().cost_table(ASSETS), start=LOOKBACK + 1
    )
    assert found.portfolios[0].weights == pytest.approx(ledger.targets[0], abs=1e-4)


@pytest.mark.benchmark(group="240 decisions, 10 assets, min variance, cap 40 %")
def test_cvxportfolio(benchmark) -> None:
    """Time cvxportfolio's MarketSimulator on period returns, its covariance over as many months as the lookback has."""
    cvx = pytest.importorskip(
        "cvxportfolio", reason="cvxportfolio is not installed; `make bench` gives it an environment"
    )
    prices = market(ASSETS, STEPS)
    rows = slice(None, None, MONTH)
    closes = pd.DataFrame(prices.prices[rows], index=pd.DatetimeIndex(prices.dates[rows]), columns=list(prices.assets))
    periods = closes.pct_change().shift(-1).iloc[:-1]
    periods["cash"] = 0.0
    opening = LOOKBACK // MONTH
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data = cvx.UserProvidedMarketData(returns=periods, cash_key="cash", min_history=pd.Timedelta(0))
        simulator = cvx.MarketSimulator(market_data=data, costs=[])
        risk = cvx.FullCovariance(
            cvx.forecast.HistoricalFactorizedCovariance(rolling=pd.Timedelta(days=3 * 365.25), kelly=False)
        )

        def backtest() -> Any:
            bounds = [cvx.LongOnly(), cvx.NoCash(), cvx.MaxWeights(CAP)]
            policy = cvx.SinglePeriodOptimization(-risk, bounds, solver="CLARABEL")
            return simulator.backtest(
                policy, start_time=periods.index[opening], end_time=periods.index[opening + STEPS]
            )

        result = benchmark.pedantic(backtest, rounds=3, warmup_rounds=1)
    per_step(benchmark, STEPS)
    assert len(result.w) >= STEPS
    assert (result.w + result.z).iloc[:-1, :-1].to_numpy().max() <= CAP + 1e-4


@pytest.mark.benchmark(group="240 decisions, 10 assets, with limits, costs and turnover")
def test_engine_with_everything(benchmark) -> None:
    """Time a group limit, 0.1 % costs as a penalty and a turnover ceiling, each decision starting from what is held."""
    costs = PercentCosts(rate=0.001)
    ledger = benchmark.pedantic(simulate, setup=walked(ASSETS, STEPS, costs, **LIMITED), rounds=7, warmup_rounds=1)
    per_step(benchmark, STEPS)
    assert not any(step.fallback for step in ledger.steps)
    assert any("turnover.max" in step.binding for step in ledger.steps) or ledger.costs.sum() > 0.0


@pytest.mark.benchmark(group="60 decisions, 250 assets, min variance, cap 40 %")
def test_engine_large(benchmark) -> None:
    """Time 250 assets."""
    ledger = benchmark.pedantic(simulate, setup=walked(250, 60, NoCosts()), rounds=1, warmup_rounds=0)
    per_step(benchmark, 60)
    assert not any(step.fallback for step in ledger.steps)


@pytest.mark.benchmark(group="one problem of 10 assets solved again with new numbers")
def test_resolve(benchmark) -> None:
    """Time the optimiser alone: new moments in, proved weights out."""
    from engine.optimisation.blas_threads import single_blas_thread
    from engine.optimisation.estimates import Estimates
    from engine.optimisation.objectives import MinVariance, ObjectiveInputs
    from engine.optimisation.optimiser import Optimiser

    prices = market(ASSETS, STEPS).prices
    constraints = plan(ASSETS, STEPS).constraints_for(market(ASSETS, STEPS).assets)
    forms = []
    for k in range(50):
        estimate = Estimates(lookback=LOOKBACK).estimate(prices[k * MONTH : k * MONTH + LOOKBACK + 1])
        forms.append(MinVariance().form(ObjectiveInputs(constraints.bounds.assets, estimate.moments, estimate.returns)))
    optimiser = Optimiser()

    def solve_all() -> list[Any]:
        with single_blas_thread():
            return [optimiser.solve(form, constraints) for form in forms]

    found = benchmark.pedantic(solve_all, rounds=10, warmup_rounds=1)
    per_step(benchmark, len(forms))
    assert all(solution.status == "optimal" for solution in found)


def frame() -> pd.DataFrame:
    """Return daily returns from the row whose first window ends where the engine's opening does."""
    prices = market(ASSETS, STEPS)
    closes = pd.DataFrame(prices.prices, index=pd.DatetimeIndex(prices.dates), columns=list(prices.assets))
    return closes.pct_change().iloc[1 : LOOKBACK + 1 + STEPS * MONTH]
