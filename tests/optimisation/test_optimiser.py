"""The optimiser: published weights, independent methods on random problems, and answers that must be refused."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import brentq, linprog, minimize

from engine.core.errors import DataError
from engine.diagnostics.verify.weights import (
    PARITY_CASES,
    TWO_ASSET_COVARIANCES,
    min_variance_figures,
    risk_parity_figures,
)
from engine.optimisation.certificate import certify
from engine.optimisation.compiled_problem import TradingPenalty
from engine.optimisation.constraints import (
    Bounds,
    Cardinality,
    Constraints,
    GroupConstraint,
    TurnoverLimit,
    long_only_constraints,
)
from engine.optimisation.estimates import Moments
from engine.optimisation.frontier import efficient_frontier, solve_max_return, solve_min_variance
from engine.optimisation.objectives import (
    EqualWeight,
    InverseVolatility,
    MaxDiversification,
    MaxSharpe,
    MeanVariance,
    MinCvar,
    MinTrackingError,
    MinVariance,
    Objective,
    ObjectiveInputs,
    QuadraticForm,
    RiskParity,
    TailLossForm,
)
from engine.optimisation.optimiser import Optimiser
from engine.optimisation.risk_parity import risk_parity_weights
from engine.optimisation.solution import Solution
from engine.optimisation.solvers import SOLVERS, SolverResult
from tests.support.published import Published

PARITIES, LEAST_VARIANCE = Published(risk_parity_figures()), Published(min_variance_figures())
SEVEN = ("GE", "WMT", "T", "XOM", "PFE", "BAC", "JPM")


def names(n: int) -> tuple[str, ...]:
    return tuple(f"A{j:02d}" for j in range(n))


def inputs(
    covariance: np.ndarray, mean: np.ndarray | None = None, returns: np.ndarray | None = None, risk_free: float = 0.0
) -> ObjectiveInputs:
    n = len(covariance)
    moments = Moments(np.zeros(n) if mean is None else mean, np.asarray(covariance, dtype=float), 1000)
    return ObjectiveInputs(names(n), moments, np.zeros((0, n)) if returns is None else returns, risk_free)


def solved(
    objective: Objective,
    given: ObjectiveInputs,
    constraints: Constraints | None = None,
    optimiser: Optimiser | None = None,
) -> Solution:
    found = (optimiser or Optimiser()).solve(objective.form(given), constraints or long_only_constraints(given.assets))
    assert found.weights is not None, found.status
    return found


# ---- published numbers -------------------------------------------------------------------------------------------


def prices(folder: Path):
    import pandas as pd

    path = folder / "oracles" / "stock_prices.csv"
    if not path.exists():
        pytest.skip("oracles/stock_prices.csv is not among the shared data")
    return pd.read_csv(path, index_col="date", parse_dates=True)


@pytest.fixture(scope="module")
def seven(shared_data: Path) -> ObjectiveInputs:
    closes = prices(shared_data).loc["2010-01-04":"2017-12-29", list(SEVEN)].to_numpy()
    returns = closes[1:] / closes[:-1] - 1.0
    assert len(returns) == 2012
    return inputs(np.cov(returns.T) * 252.0, returns=returns)


@pytest.fixture(scope="module")
def twenty(shared_data: Path) -> ObjectiveInputs:
    """PyPortfolioOpt's own estimates: compound means and a covariance of pairs, both over what each stock has."""
    table = prices(shared_data).pct_change(fill_method=None).dropna(how="all")
    mean = (1.0 + table).prod() ** (252.0 / table.count()) - 1.0
    return inputs(table.cov().to_numpy() * 252.0, mean.to_numpy(), risk_free=0.02)


@pytest.mark.parametrize(
    ("objective", "cap", "weights"),
    [
        (
            RiskParity(),
            1.0,
            [0.1200114429, 0.2072007510, 0.1895663801, 0.1485594523, 0.1592731903, 0.0789628098, 0.0964259735],
        ),
        (MinVariance(), 1.0, [0, 0.32876521, 0.34439876, 0.14479187, 0.18204416, 0, 0]),
        (MinVariance(), 0.2, [0.19248166, 0.2, 0.2, 0.2, 0.2, 0, 0.00751834]),
        (
            InverseVolatility(),
            1.0,
            [0.13242664, 0.17279561, 0.18452486, 0.15809509, 0.15895308, 0.08343643, 0.10976828],
        ),
    ],
)
def test_weights_of_seven_stocks(
    seven: ObjectiveInputs, objective: Objective, cap: float, weights: list[float]
) -> None:
    found = solved(objective, seven, long_only_constraints(seven.assets, cap))
    digits = 10 if isinstance(objective, RiskParity) else 8
    assert found.weights == pytest.approx(weights, abs=0.6 * 10.0**-digits)
    assert found.residual <= 1e-15


def test_volatilities_of_seven_stocks(seven: ObjectiveInputs) -> None:
    for cap, volatility in ((1.0, 0.1232507665), (0.2, 0.1322725587)):
        found = solved(MinVariance(), seven, long_only_constraints(seven.assets, cap))
        assert np.sqrt(found.objective_value) == pytest.approx(volatility, abs=6e-11)


def test_without_floors_the_least_variance_is_the_closed_form(seven: ObjectiveInputs) -> None:
    published = [0.0099725846, 0.3274487034, 0.3505412884, 0.1786323281, 0.2017948758, -0.0570248631, -0.0113649172]
    inverse = np.linalg.solve(seven.moments.covariance, np.ones(7))
    assert inverse / inverse.sum() == pytest.approx(published, abs=6e-11)
    wide = Constraints(Bounds(seven.assets, np.full(7, -1.0), np.full(7, 1.0)))
    optimiser, form = Optimiser(), MinVariance().form(seven)
    program = optimiser.compiled_problem(form, wide, None)
    x = SOLVERS["clarabel"](program.standard_form(form, wide, None)).x
    assert program.weights(x) == pytest.approx(published, abs=1e-7)


THREE = [[1, 0.0015, -0.0119], [0.0015, 1, -0.0308], [-0.0119, -0.0308, 1]]


@pytest.mark.parametrize(
    ("covariance", "budgets", "weights"),
    [
        (THREE, [0.1594, 0.0126, 0.8280], PARITIES.vector("three assets, weight")),
        *((TWO_ASSET_COVARIANCES[name], budgets, weights) for name, budgets, weights in PARITY_CASES),
    ],
)
def test_published_risk_parities(covariance: list[list[float]], budgets: list[float], weights: list[float]) -> None:
    assert risk_parity_weights(np.array(covariance, dtype=float), np.array(budgets)) == pytest.approx(weights, abs=6e-9)


def of_correlation(volatilities: list[float], pairs: dict[tuple[int, int], float]) -> np.ndarray:
    correlation = np.eye(len(volatilities))
    for (i, j), rho in pairs.items():
        correlation[i, j] = correlation[j, i] = rho
    return correlation * np.outer(volatilities, volatilities)


def test_the_four_assets_of_maillard_roncalli_and_teiletche() -> None:
    given = inputs(of_correlation([0.1, 0.2, 0.3, 0.4], {(0, 1): 0.8, (2, 3): -0.5}))
    equal = solved(RiskParity(), given).weights
    assert equal == pytest.approx(PARITIES.vector("four assets, weight"), abs=6e-9)
    least = solved(MinVariance(), given).weights
    assert least == pytest.approx(LEAST_VARIANCE.vector("weight"), abs=6e-10)
    for w, volatility in (
        (equal, PARITIES["four assets, volatility"]),
        (least, LEAST_VARIANCE["volatility"]),
        (solved(EqualWeight(), given).weights, 0.1151086443),
    ):
        assert np.sqrt(w @ given.moments.covariance @ w) == pytest.approx(volatility, abs=6e-11)
    apart = inputs(of_correlation([0.1, 0.2, 0.3, 0.4], {}))
    assert solved(RiskParity(), apart).weights == pytest.approx(PARITIES.vector("four uncorrelated, weight"), abs=1e-14)


def test_the_three_assets_of_roncalli() -> None:
    given = inputs(of_correlation([0.3, 0.2, 0.15], {(0, 1): 0.8, (0, 2): 0.5, (1, 2): 0.3}))
    budgets = dict(zip(given.assets, (0.5, 0.2, 0.3), strict=True))
    for objective, name in (
        (RiskParity(budgets=budgets), "budgets 50/20/30"),
        (RiskParity(), "equal budgets"),
    ):
        w = solved(objective, given).weights
        assert w == pytest.approx(PARITIES.vector(f"{name}, weight"), abs=6e-9)
        published = PARITIES[f"{name}, volatility"]
        assert np.sqrt(w @ given.moments.covariance @ w) == pytest.approx(published, abs=6e-11)


def performance(given: ObjectiveInputs, w: np.ndarray) -> tuple[float, float, float]:
    mean, volatility = float(given.moments.mean @ w), float(np.sqrt(w @ given.moments.covariance @ w))
    return mean, volatility, (mean - given.risk_free) / volatility


def test_the_frontier_of_twenty_stocks(twenty: ObjectiveInputs) -> None:
    published = {
        MinVariance(): (0.15056821399482578, 0.15915084514118694, 0.8204054077060996),
        MaxSharpe(): (0.3047768672819914, 0.22165566922402932, 1.2847714127003216),
        MeanVariance(risk_aversion=2): (0.3677732711751504, 0.2921342197778279, 1.1904571516463793),
    }
    for objective, figures in published.items():
        assert performance(twenty, solved(objective, twenty).weights) == pytest.approx(figures, rel=1e-9)
    everything, optimiser = long_only_constraints(twenty.assets), Optimiser()
    at = solve_min_variance(optimiser, twenty, everything, 0.25)
    assert np.sqrt(at.objective_value) == pytest.approx(0.18723269942026335, rel=1e-9)
    least = brentq(
        lambda r: np.sqrt(solve_min_variance(optimiser, twenty, everything, r).objective_value) - 0.19,
        0.2,
        0.3,
        xtol=1e-14,
    )
    assert least == pytest.approx(0.2552422849133517, rel=2e-9)  # its own weights have a volatility of 0.1900000002
    assert optimiser.compilations == 1


def test_the_weights_of_twenty_stocks(twenty: ObjectiveInputs, shared_data: Path) -> None:
    columns = list(prices(shared_data).columns)
    published = {
        MaxSharpe(): "GOOG .038354 AAPL .068899 FB .206031 BABA .073146 AMZN .040329 BBY .013235 MA .353487 PFE .195702 SBUX .010816",
        MinVariance(): "GOOG .003058 AAPL .014673 FB .098558 BABA .125583 WMT .177148 GM .116820 T .176920 XOM .188608 BBY .000626 "
        "PFE .087782 SBUX .010224",
    }
    for objective, text in published.items():
        words = text.split()
        expected = np.zeros(20)
        for name, weight in zip(words[::2], words[1::2], strict=True):
            expected[columns.index(name)] = float(weight)
        assert solved(objective, twenty).weights == pytest.approx(expected, abs=6e-7)


def test_whole_shares_miss_the_published_weights_by_less_than_the_published_greedy_ones(shared_data: Path) -> None:
    """Ten thousand in whole shares: S10 rounds by largest remainder, the published allocation buys greedily."""
    from engine.data.market import Market
    from engine.simulation.simulate import simulate
    from strategies.fixed_mix import FixedMix
    from tests.support.markets import account, free

    target = {
        "GOOG": 0.038354, "AAPL": 0.068899, "FB": 0.206031, "BABA": 0.073146, "AMZN": 0.040329,
        "BBY": 0.013235, "MA": 0.353487, "PFE": 0.195702, "SBUX": 0.010816,
    }  # fmt: skip
    published = {"MA": 20, "FB": 12, "PFE": 54, "BABA": 4, "AAPL": 4, "BBY": 2, "SBUX": 1, "GOOG": 1}
    last = prices(shared_data)[list(target)].iloc[-1]
    total = sum(target.values())
    market = Market.build(
        np.array(["2018-04-10", "2018-04-11"], dtype="datetime64[D]"), tuple(target), np.tile(last.to_numpy(), (2, 1))
    )
    mix = FixedMix(weights={name: weight / total for name, weight in target.items()})
    ledger = simulate(market, mix, account(capital=10_000, shares="whole"), free(len(target)))
    ours = dict(zip(ledger.assets, ledger.units[0], strict=True))

    def off(shares: dict[str, float]) -> float:
        money = np.array([shares.get(name, 0) * last[name] for name in target])
        return float(np.sqrt(np.mean((money / money.sum() - np.array(list(target.values()))) ** 2)))

    assert off(ours) < off(published)
    assert ledger.cash[0] >= 0.0
    assert all(units == int(units) for units in ours.values())


def test_risk_budgets_of_twenty_stocks_agree_with_skfolio_s() -> None:
    from skfolio.datasets import load_sp500_dataset
    from skfolio.optimization import RiskBudgeting
    from skfolio.preprocessing import prices_to_returns

    returns = prices_to_returns(load_sp500_dataset())["2018":]
    S = np.cov(returns.to_numpy().T)
    tight = {"tol_gap_abs": 1e-11, "tol_gap_rel": 1e-11, "tol_feas": 1e-11}
    for budgets in (np.full(20, 0.05), np.arange(1.0, 21.0) / 210.0):
        named = dict(zip(returns.columns, budgets, strict=True))
        theirs = RiskBudgeting(risk_budget=named, solver="CLARABEL", solver_params=tight).fit(returns).weights_
        ours = risk_parity_weights(S, budgets)
        shares = ours * (S @ ours)
        assert shares / shares.sum() == pytest.approx(budgets, abs=1e-9)
        assert ours == pytest.approx(theirs, abs=1e-5)


def test_frontier_points_are_spaced_evenly_and_each_is_the_least_volatile(twenty: ObjectiveInputs) -> None:
    points = efficient_frontier(Optimiser(), twenty, long_only_constraints(twenty.assets), 8)
    means = [p.mean for p in points]
    assert np.diff(means) == pytest.approx(np.full(7, (means[-1] - means[0]) / 7), rel=1e-6)
    assert means[-1] == pytest.approx(twenty.moments.mean.max())
    volatilities = np.array([p.volatility for p in points])
    assert np.all(np.diff(volatilities) > 0.0)
    assert np.all(np.diff(volatilities, 2) > -1e-12)  # convex
    assert solve_max_return(Optimiser(), twenty, long_only_constraints(twenty.assets)).weights.max() == 1.0


# ---- random problems against independent methods ----------------------------------------------------------------


def random_problem(seed: int) -> tuple[ObjectiveInputs, Constraints]:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 12))
    scenarios = 0.0005 + 0.01 * rng.normal(size=(80, n)) @ (np.eye(n) + 0.5 * rng.normal(size=(n, n)) / np.sqrt(n))
    covariance = np.cov(scenarios.T) * 252.0 + 1e-4 * np.eye(n)
    given = inputs(covariance, rng.normal(0.08, 0.06, n), scenarios)
    cap = float(rng.uniform(1.2 / n, 1.0))
    members = rng.random(n) < 0.4
    room = 1.0 - cap * (~members).sum()
    groups = (
        (GroupConstraint("group", members, most=float(rng.uniform(max(room, 0.05), 1.0))),)
        if members.any() and room < 0.9
        else ()
    )
    lower = np.where(members, 0.0, float(rng.uniform(0.0, 0.3 / n)))
    return given, Constraints(Bounds(given.assets, lower, np.full(n, cap)), groups)


def by_slsqp(value, slope, start: np.ndarray, constraints: Constraints) -> float:
    """Return the best objective of scipy's sequential quadratic programming from several starts, feasible to 1e-9."""
    n = len(start)
    rules = [{"type": "eq", "fun": lambda w: w.sum() - 1.0, "jac": lambda w: np.ones(n)}]
    rules += [
        {
            "type": "ineq",
            "fun": lambda w, g=g: g.most - w[g.members].sum(),
            "jac": lambda w, g=g: -g.members.astype(float),
        }
        for g in constraints.groups
    ]
    bounds = list(zip(constraints.bounds.lower, constraints.bounds.upper, strict=True))
    best = np.inf
    for first in (start, np.full(n, 1.0 / n)):
        found = minimize(
            value,
            first,
            jac=slope,
            bounds=bounds,
            constraints=rules,
            method="SLSQP",
            options={"ftol": 1e-15, "maxiter": 500},
        )
        if constraints.violation(found.x) <= 1e-9:
            best = min(best, float(found.fun))
    return best


def variance_of(given: ObjectiveInputs):
    S = given.moments.covariance
    return lambda w: w @ S @ w, lambda w: 2.0 * S @ w


def utility_of(given: ObjectiveInputs):
    S, mu = given.moments.covariance, given.moments.mean
    return lambda w: 2.0 * w @ S @ w - mu @ w, lambda w: 4.0 * S @ w - mu


def ratio_of(excess: np.ndarray, given: ObjectiveInputs):
    S = given.moments.covariance

    def slope(w):
        vol = np.sqrt(w @ S @ w)
        return -excess / vol + (excess @ w) * (S @ w) / vol**3

    return lambda w: -(excess @ w) / np.sqrt(w @ S @ w), slope


def distance_to(target: np.ndarray, S: np.ndarray):
    return lambda w: (w - target) @ S @ (w - target), lambda w: 2.0 * S @ (w - target)


def independent(objective: Objective, given: ObjectiveInputs):
    S, n = given.moments.covariance, len(given.assets)
    vol = np.sqrt(np.diag(S))
    match objective.kind:
        case "min_variance":
            return variance_of(given)
        case "mean_variance":
            return utility_of(given)
        case "max_sharpe":
            return ratio_of(given.moments.mean, given)
        case "max_diversification":
            return ratio_of(vol, given)
        case "min_tracking_error":
            return distance_to(np.eye(n)[0], S)
        case "equal_weight":
            return distance_to(np.full(n, 1 / n), np.eye(n))
        case "inverse_volatility":
            return distance_to((1 / vol) / (1 / vol).sum(), np.eye(n))
        case "risk_parity":
            x = minimize(
                lambda x: 0.5 * x @ S @ x - np.log(x).sum(),
                1 / vol,
                jac=lambda x: S @ x - 1 / x,
                bounds=[(1e-9, None)] * n,
                options={"ftol": 1e-16, "gtol": 1e-12, "maxiter": 5000},
            ).x
            return distance_to(x / x.sum(), np.eye(n))
    raise AssertionError(objective.kind)


def cvar_by_linprog(returns: np.ndarray, level: float, constraints: Constraints) -> float:
    s, n = returns.shape
    cost = np.concatenate([np.zeros(n), [1.0], np.full(s, 1.0 / (s * (1.0 - level)))])
    rows = [np.hstack([-returns, -np.ones((s, 1)), -np.eye(s)])]
    sides = [np.zeros(s)]
    for g in constraints.groups:
        rows.append(np.concatenate([g.members.astype(float), np.zeros(s + 1)])[None, :])
        sides.append(np.array([g.most]))
    budget = np.concatenate([np.ones(n), np.zeros(s + 1)])[None, :]
    bounds = [*zip(constraints.bounds.lower, constraints.bounds.upper, strict=True), (None, None), *[(0, None)] * s]
    return float(linprog(cost, np.vstack(rows), np.concatenate(sides), budget, [1.0], bounds).fun)


SMOOTH = (
    MinVariance(), MeanVariance(risk_aversion=4), MaxSharpe(), MaxDiversification(), MinTrackingError(to={"A00": 1.0}),
    EqualWeight(), InverseVolatility(), RiskParity(),
)  # fmt: skip


def agree_on(objective: Objective, seeds: range) -> None:
    optimiser, compared = Optimiser(), 0
    for seed in seeds:
        given, constraints = random_problem(seed)
        if isinstance(objective, MaxSharpe) and given.moments.mean.max() <= 0.0:
            continue
        found = optimiser.solve(objective.form(given), constraints)
        if found.weights is None and isinstance(objective, MaxSharpe):
            highest = solve_max_return(optimiser, given, constraints)
            assert given.moments.mean @ highest.weights <= 1e-9, found.status  # no admissible ratio is positive
            continue
        assert found.weights is not None, (seed, found.status)
        assert constraints.violation(found.weights) <= 1e-14
        if isinstance(objective, MinCvar):
            reference = cvar_by_linprog(given.returns, objective.level, constraints)
            assert found.objective_value == pytest.approx(reference, rel=1e-7, abs=1e-10)
        else:
            value, slope = independent(objective, given)
            reference = by_slsqp(value, slope, found.weights, constraints)
            tolerance = 1e-6 * abs(reference) + 1e-10
            if reference == np.inf:  # the other method found nothing feasible: no comparison, and counted as none
                continue
            assert abs(float(value(found.weights)) - reference) <= tolerance, seed
        compared += 1
    assert compared > 0.9 * len(seeds)


@pytest.mark.parametrize("objective", [*SMOOTH, MinCvar(level=0.9)], ids=lambda o: o.kind)
def test_random_problems_agree_with_an_independent_method(objective: Objective) -> None:
    agree_on(objective, range(100))


@pytest.mark.slow
@pytest.mark.parametrize("objective", [*SMOOTH, MinCvar(level=0.9)], ids=lambda o: o.kind)
def test_a_thousand_random_problems_agree_with_an_independent_method(objective: Objective) -> None:
    agree_on(objective, range(100, 1100))


def test_random_admissible_weights_are_never_better() -> None:
    rng = np.random.default_rng(3)
    optimiser = Optimiser()
    for seed in range(20):
        given, constraints = random_problem(seed)
        previous = rng.dirichlet(np.ones(len(given.assets)))
        costs = TradingPenalty(np.full(len(previous), 0.02), previous)
        for objective in (MinVariance(), MeanVariance(), MinCvar(level=0.9)):
            form = objective.form(given)
            found = optimiser.solve(form, constraints, costs)
            assert found.weights is not None, found.status

            def total(w: np.ndarray, form=form, costs=costs) -> float:
                return form.value(w) + float(costs.rate @ np.abs(w - costs.previous))

            for w in rng.dirichlet(np.ones(len(previous)), 200):
                near = found.weights + 0.01 * (w - found.weights)
                assert constraints.violation(near) > 1e-9 or total(near) >= total(found.weights) - found.gap - 1e-12


def test_turnover_is_kept_and_its_optimum_agrees_with_a_split_into_buys_and_sells() -> None:
    optimiser, rng, n = Optimiser(), np.random.default_rng(4), 6
    for _ in range(30):
        scenarios = rng.normal(size=(60, n)) * rng.uniform(0.5, 2.0, n)
        given = inputs(np.cov(scenarios.T), rng.normal(size=n))
        previous, most = rng.dirichlet(np.ones(n)), float(rng.uniform(0.02, 0.3))
        found = solved(
            MeanVariance(risk_aversion=1),
            given,
            replace(long_only_constraints(given.assets), turnover=TurnoverLimit(previous, most)),
            optimiser,
        )
        S, mu = given.moments.covariance, given.moments.mean
        rules = [
            {"type": "eq", "fun": lambda x: x[:n].sum() - x[n:].sum()},
            {"type": "ineq", "fun": lambda x, m=most: m - x.sum() / 2.0},
        ]
        reference = minimize(
            lambda x, p=previous, S=S, mu=mu: 0.5 * (p + x[:n] - x[n:]) @ S @ (p + x[:n] - x[n:]) - mu @ (p + x[:n] - x[n:]),
            np.zeros(2 * n), bounds=[(0, 1)] * n + [(0, q) for q in previous], constraints=rules, method="SLSQP",
            options={"ftol": 1e-14, "maxiter": 1000},
        )  # fmt: skip
        assert np.abs(found.weights - previous).sum() / 2.0 <= most + 1e-12
        assert found.objective_value <= reference.fun + 1e-7 * abs(reference.fun)
        assert found.objective_value == pytest.approx(reference.fun, rel=1e-6, abs=1e-9)


# ---- a choice of names -------------------------------------------------------------------------------------------


def ten_names(seed: int) -> tuple[ObjectiveInputs, Constraints]:
    rng = np.random.default_rng(seed)
    scenarios = 0.0008 + 0.01 * rng.normal(size=(120, 12)) @ (
        np.eye(12) + 0.4 * rng.normal(size=(12, 12)) / np.sqrt(12)
    )
    given = inputs(np.cov(scenarios.T) * 252, scenarios.mean(axis=0) * 252, scenarios)
    members = np.arange(12) >= 2
    upper = np.where(members, 0.15, 0.7)
    choice = Cardinality(members, np.full(12, 0.04), upper, 3, 5)
    return given, Constraints(
        Bounds(given.assets, np.zeros(12), upper), (GroupConstraint("limits[0]", members, 0.5),), None, choice
    )


@pytest.mark.parametrize("objective", [MinVariance(), MaxSharpe()], ids=lambda o: o.kind)
def test_the_best_basket_of_ten_is_the_best_of_all(objective: Objective) -> None:
    given, constraints = ten_names(0)
    choice, optimiser, form = constraints.cardinality, Optimiser(), objective.form(given)
    found = solved(objective, given, constraints, optimiser)
    best = np.inf
    for count in (3, 4, 5):
        for held in itertools.combinations(range(2, 12), count):
            each = optimiser.solve_convex(form, constraints.for_basket(np.isin(np.arange(12), held)))
            best = min(best, each.objective_value)
    assert found.objective_value == pytest.approx(best, rel=1e-9)
    assert found.status == "optimal"
    assert found.gap <= 1e-6 * abs(best)
    assert choice.violation(found.weights) == 0.0
    assert optimiser.compilations == 1


@pytest.mark.parametrize("objective", [MeanVariance(), MaxDiversification(), MinCvar(level=0.9)], ids=lambda o: o.kind)
def test_a_choice_of_names_is_kept_for_every_kind_of_objective(objective: Objective) -> None:
    given, constraints = ten_names(1)
    found = solved(objective, given, constraints)
    assert 3 <= np.count_nonzero(found.weights[2:]) <= 5
    assert constraints.violation(found.weights) <= 1e-10


# ---- answers that must be refused --------------------------------------------------------------------------------

STATUSES = ("Solved", "AlmostSolved", "PrimalInfeasible", "MaxIterations", "solved", "solved inaccurate")


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("moved", [1e-7, 1e-4, np.nan])
@pytest.mark.parametrize("kind", ["budget", "cap", "trade"])
def test_an_answer_that_is_not_the_optimum_is_refused_whatever_its_status(status: str, moved: float, kind: str) -> None:
    given, constraints = random_problem(5)
    form = MinVariance().form(given)
    optimum = solved(MinVariance(), given, constraints).weights
    step = np.zeros(len(optimum))
    step[0] = {"budget": 100.0, "cap": 1e4, "trade": 1e3}[kind] * moved
    if kind == "trade":
        step[-1] = -step[0]

    def wrong(problem) -> SolverResult:
        x = np.zeros(len(problem.q))
        program = optimiser.compiled_problem(form, constraints, None)
        x[program._weights] = optimum + step
        return SolverResult(
            x, np.zeros(len(problem.b)), np.ones(len(problem.b)), status
        )  # every row "binds": past mending

    optimiser = Optimiser(solvers={"fake": wrong})
    found = optimiser.solve(form, constraints)
    assert found.weights is None
    assert found.status.startswith(f"fake says {status}, but ")
    rescued = Optimiser(
        solvers={"fake": lambda p: SolverResult(np.full(len(p.q), np.nan), p.b, p.b, status), **SOLVERS}
    ).solve(form, constraints)
    assert rescued.solver == "clarabel"
    assert rescued.weights == pytest.approx(optimum, abs=1e-9)


def test_squares_are_taken_out_of_a_problem_without_changing_it() -> None:
    """The smaller problem has the objective and the feasible points of the one that cvxpy compiled."""
    from scipy import sparse

    from engine.optimisation.compiled_problem import TradingPenalty

    rng = np.random.default_rng(12)
    for objective, costs in ((MinVariance(), False), (MaxDiversification(), False), (MeanVariance(), True)):
        given, constraints = random_problem(21)
        n = len(given.assets)
        paid = TradingPenalty(np.full(n, 0.01), np.full(n, 1.0 / n)) if costs else None
        form = objective.form(given)
        program = Optimiser().compiled_problem(form, constraints, paid)
        small = program.standard_form(form, constraints, paid)
        squares, program._squares = program._squares, None
        whole = program.standard_form(form, constraints, paid)
        assert len(squares.gone) == n
        assert len(small.q) == len(whole.q) - n
        x = rng.normal(size=len(small.q))
        full = np.zeros(len(whole.q))
        full[squares.kept] = x
        left = (whole.b - whole.A @ full)[squares.rows]
        full[squares.gone] = left / whole.A.toarray()[squares.rows, squares.gone]
        assert (whole.A @ full)[squares.rows] == pytest.approx(whole.b[squares.rows], abs=1e-12)
        assert (small.b - small.A @ x) == pytest.approx((whole.b - whole.A @ full)[squares.others], abs=1e-12)

        def value(problem, at: np.ndarray) -> float:
            P = problem.P + sparse.triu(problem.P, 1).T
            return float(at @ (P @ at) / 2.0 + problem.q @ at)

        moved = rng.normal(size=len(small.q))
        other = np.zeros(len(whole.q))
        other[squares.kept] = moved
        left = (whole.b - whole.A @ other)[squares.rows]
        other[squares.gone] = left / whole.A.toarray()[squares.rows, squares.gone]
        assert value(small, x) - value(small, moved) == pytest.approx(value(whole, full) - value(whole, other))


def test_a_certificate_is_no_smaller_than_what_a_better_vector_gains() -> None:
    rng = np.random.default_rng(6)
    for seed in range(30):
        given, constraints = random_problem(seed)
        for objective in (MinVariance(), MaxDiversification(), MinCvar(level=0.9)):
            form = objective.form(given)
            best = solved(objective, given, constraints)
            other = solved(MinTrackingError(to={"A00": 1.0}), given, constraints).weights
            w = best.weights + float(rng.uniform(0.01, 1.0)) * (other - best.weights)
            if isinstance(form, (QuadraticForm, TailLossForm)):
                assert certify(form, constraints, w).gap >= form.value(w) - best.objective_value - 1e-12
            assert certify(form, constraints, best.weights).gap <= 1e-6 * abs(best.objective_value)


@pytest.mark.parametrize("shortfall", [1e-7, 1e-5, 1e-4, 1e-2])
def test_infeasible_caps_have_no_solution_though_solvers_claim_one(shortfall: float) -> None:
    constraints = long_only_constraints(names(5), 0.2 - shortfall)
    given = inputs(np.diag([0.01, 0.02, 0.03, 0.04, 0.05]))
    found = Optimiser().solve(MinVariance().form(given), constraints)
    assert found.weights is None
    assert found.status.startswith("infeasible: the weights' sum of 100 %")
    unproved = Optimiser().solve_convex(MinVariance().form(given), constraints)
    assert unproved.weights is None  # the residuals alone refuse it, too


def test_objectives_that_have_no_meaning_say_so() -> None:
    given = inputs(np.eye(3), np.array([0.01, 0.02, -0.01]), risk_free=0.02)
    with pytest.raises(
        DataError, match=r"objective max_sharpe: no expected return is above the risk-free rate \(2 % at most, 2 %\)"
    ):
        MaxSharpe().form(given)
    with pytest.raises(DataError, match=r"objective\.budgets: none for A02"):
        RiskParity(budgets={"A00": 1, "A01": 1}).form(given)
    with pytest.raises(DataError, match=r"objective\.to: SPY is not among"):
        MinTrackingError(to={"SPY": 1.0}).form(given)
    with pytest.raises(DataError, match="min_cvar: there are no scenarios"):
        MinCvar().form(given)
    with pytest.raises(DataError, match="stands still"):
        RiskParity().form(inputs(np.diag([1.0, 0.0])))


# ---- one compilation, the same bytes, any order ------------------------------------------------------------------


def test_a_problem_is_compiled_once_and_resolved_with_new_numbers() -> None:
    optimiser = Optimiser()
    rng = np.random.default_rng(7)
    for _ in range(20):
        scenarios = rng.normal(size=(40, 6))
        given = inputs(np.cov(scenarios.T), rng.normal(0.1, 0.05, 6))
        constraints = replace(
            long_only_constraints(given.assets, float(rng.uniform(0.2, 1.0))),
            groups=(GroupConstraint("g", np.arange(6) < 2, 0.3),),
        )
        fresh = solved(MinVariance(), given, constraints)
        again = solved(MinVariance(), given, constraints, optimiser)
        assert again.weights.tobytes() == fresh.weights.tobytes()
        solved(MeanVariance(risk_aversion=3), given, constraints, optimiser)  # the same form
    assert optimiser.compilations == 1
    solved(MaxDiversification(), given, constraints, optimiser)
    solved(MinVariance(), given, long_only_constraints(given.assets), optimiser)
    assert optimiser.compilations == 3


@pytest.mark.parametrize("objective", [MinVariance(), MaxDiversification(), MinCvar(level=0.9)], ids=lambda o: o.kind)
def test_a_hundred_solves_give_the_same_bytes(objective: Objective) -> None:
    given, constraints = random_problem(8)
    optimiser = Optimiser()
    assert len({solved(objective, given, constraints, optimiser).weights.tobytes() for _ in range(100)}) == 1


@pytest.mark.parametrize("objective", SMOOTH, ids=lambda o: o.kind)
def test_the_order_of_assets_permutes_the_weights(objective: Objective) -> None:
    given, constraints = random_problem(9)
    n = len(given.assets)
    order = np.random.default_rng(9).permutation(n)
    moments = Moments(given.moments.mean[order], given.moments.covariance[np.ix_(order, order)], 1000)
    turned = ObjectiveInputs(tuple(given.assets[j] for j in order), moments, given.returns[:, order])
    bounds = Bounds(turned.assets, constraints.bounds.lower[order], constraints.bounds.upper[order])
    groups = tuple(replace(g, members=g.members[order]) for g in constraints.groups)
    straight, other = solved(objective, given, constraints), solved(objective, turned, Constraints(bounds, groups))
    assert other.weights == pytest.approx(straight.weights[order], abs=1e-9)


def test_duals_are_what_a_little_room_gains() -> None:
    S = of_correlation([0.1, 0.2, 0.3, 0.25], {(0, 1): 0.3, (2, 3): 0.2})
    given = inputs(S)
    room = Constraints(
        Bounds(given.assets, np.zeros(4), np.array([0.4, 1, 1, 1])),
        (GroupConstraint("limits[0]", np.array([0, 1, 0, 0], bool), 0.25),),
    )
    found = solved(MinVariance(), given, room)
    binding = {limit.name: gain for limit, gain in found.binding.items()}
    assert set(binding) == {"cap A00", "limits[0] max"}
    wider = replace(room, groups=(replace(room.groups[0], most=0.25 + 1e-6),))
    gained = found.objective_value - solved(MinVariance(), given, wider).objective_value
    assert gained / 1e-6 == pytest.approx(binding["limits[0] max"], rel=1e-3)


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e4])
def test_the_unit_of_the_covariance_changes_nothing(scale: float) -> None:
    given, constraints = random_problem(10)
    other = inputs(given.moments.covariance * scale)
    assert solved(MinVariance(), other, constraints).weights == pytest.approx(
        solved(MinVariance(), given, constraints).weights, abs=1e-9
    )


@pytest.mark.parametrize(
    "covariance", [np.ones((3, 3)), np.diag([1.0, 1.0, 0.0]), np.eye(1)], ids=["duplicates", "constant", "one"]
)
def test_degenerate_covariances_still_have_an_answer(covariance: np.ndarray) -> None:
    found = solved(MinVariance(), inputs(covariance))
    assert math.fsum(found.weights) == 1.0
    assert found.objective_value == pytest.approx(0.0 if covariance[-1, -1] == 0.0 else 1.0, abs=1e-9)
