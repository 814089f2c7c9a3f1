"""Weights, volatilities and frontiers that papers and other programs have published."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import brentq

from engine.diagnostics.verify.weights import (
    PARITY_CASES,
    TWO_ASSET_COVARIANCES,
    min_variance_figures,
    risk_parity_figures,
)
from engine.optimisation.constraints import (
    Bounds,
    Constraints,
    long_only_constraints,
)
from engine.optimisation.frontier import efficient_frontier, solve_max_return, solve_min_variance
from engine.optimisation.objectives import (
    EqualWeight,
    InverseVolatility,
    MaxSharpe,
    MeanVariance,
    MinVariance,
    Objective,
    ObjectiveInputs,
    RiskParity,
)
from engine.optimisation.optimiser import Optimiser
from engine.optimisation.risk_parity import risk_parity_weights
from engine.optimisation.solvers import SOLVERS
from tests.support.problems import inputs, of_correlation, solve
from tests.support.published import ExpectedFigures

PARITIES, LEAST_VARIANCE = ExpectedFigures(risk_parity_figures()), ExpectedFigures(min_variance_figures())
SEVEN = ("GE", "WMT", "T", "XOM", "PFE", "BAC", "JPM")


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
    found = solve(objective, seven, long_only_constraints(seven.assets, cap))
    digits = 10 if isinstance(objective, RiskParity) else 8
    assert found.weights == pytest.approx(weights, abs=0.6 * 10.0**-digits)
    assert found.residual <= 1e-15


def test_volatilities_of_seven_stocks(seven: ObjectiveInputs) -> None:
    for cap, volatility in ((1.0, 0.1232507665), (0.2, 0.1322725587)):
        found = solve(MinVariance(), seven, long_only_constraints(seven.assets, cap))
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


def test_the_four_assets_of_maillard_roncalli_and_teiletche() -> None:
    given = inputs(of_correlation([0.1, 0.2, 0.3, 0.4], {(0, 1): 0.8, (2, 3): -0.5}))
    equal = solve(RiskParity(), given).weights
    assert equal == pytest.approx(PARITIES.vector("four assets, weight"), abs=6e-9)
    least = solve(MinVariance(), given).weights
    assert least == pytest.approx(LEAST_VARIANCE.vector("weight"), abs=6e-10)
    for w, volatility in (
        (equal, PARITIES["four assets, volatility"]),
        (least, LEAST_VARIANCE["volatility"]),
        (solve(EqualWeight(), given).weights, 0.1151086443),
    ):
        assert np.sqrt(w @ given.moments.covariance @ w) == pytest.approx(volatility, abs=6e-11)
    apart = inputs(of_correlation([0.1, 0.2, 0.3, 0.4], {}))
    assert solve(RiskParity(), apart).weights == pytest.approx(PARITIES.vector("four uncorrelated, weight"), abs=1e-14)


def test_the_three_assets_of_roncalli() -> None:
    given = inputs(of_correlation([0.3, 0.2, 0.15], {(0, 1): 0.8, (0, 2): 0.5, (1, 2): 0.3}))
    budgets = dict(zip(given.assets, (0.5, 0.2, 0.3), strict=True))
    for objective, name in (
        (RiskParity(budgets=budgets), "budgets 50/20/30"),
        (RiskParity(), "equal budgets"),
    ):
        w = solve(objective, given).weights
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
        assert performance(twenty, solve(objective, twenty).weights) == pytest.approx(figures, rel=1e-9)
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
        assert solve(objective, twenty).weights == pytest.approx(expected, abs=6e-7)


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
