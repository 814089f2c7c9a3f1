"""Figures from one compiled pass are those of their definitions in numpy, to the bit."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.analysis.metrics import day_numbers, period_returns
from engine.analysis.metrics_table import METRICS, compute_metrics
from engine.analysis.performance import Performance
from engine.analysis.return_statistics import ReturnStatistics
from engine.core.arrays import FloatArray
from engine.portfolio.costs import PercentCosts
from engine.simulation.kernel.jit import njit_inline
from engine.simulation.kernel.series_sums import month_ends, pairwise_sum
from engine.simulation.simulate import simulate
from strategies.fixed_mix import FixedMix
from tests.reference.cases import random_rule_case
from tests.reference.engine_runs import engine_ledger
from tests.reference.ledger import LedgerError, run
from tests.support.markets import account, market_of
from tests.support.numpy_figures import numpy_figures, worst_twentieth


@pytest.mark.parametrize("sessions", [1, 2, 3, 17, 250, 1031, 5475])
@pytest.mark.parametrize("flow", [0.0, 500.0, -200.0])
@pytest.mark.parametrize("dated", [False, True], ids=["one rate", "dated rates"])
def test_all_figures_of_a_mix_are_those_of_numpy(sessions: int, flow: float, dated: bool) -> None:
    draws = np.random.default_rng(sessions)
    closes = 40.0 * np.cumprod(1.0 + draws.normal(3e-4, 0.012, (sessions, 3)), axis=0)
    terms = account(capital=100_000, cash={"rate": "2%"}, contributions={"amount": flow})
    plan = FixedMix.model_validate({"weights": {"A": "50%", "B": "30%", "C": "15%"}})
    ledger = simulate(market_of(closes), plan, terms, PercentCosts(rate=0.001).cost_table(3))
    risk_free = draws.uniform(0.0, 2e-4, sessions + 9) if dated else 0.0
    figures = compute_metrics(Performance.from_ledger(ledger, risk_free))
    assert figures == numpy_figures(ledger, risk_free)
    assert list(figures) == list(METRICS)


@pytest.mark.parametrize(
    ("seed", "cases"), [("figures", 150), pytest.param("many figures", 1100, marks=pytest.mark.slow)]
)
def test_all_figures_of_runs_under_any_rules_are_those_of_numpy(seed: str, cases: int) -> None:
    rng, compared = random.Random(seed), 0
    for number in range(cases):
        case = random_rule_case(rng)
        try:
            run(case)
        except LedgerError:
            continue
        ledger, _ = engine_ledger(case)
        risk_free = rng.choice([0.0, 1e-4])
        assert compute_metrics(Performance.from_ledger(ledger, risk_free)) == numpy_figures(ledger, risk_free), number
        compared += 1
    assert compared > 0.9 * cases


@njit_inline
def _sum_in_halves(x: FloatArray) -> float:
    return pairwise_sum(x)  # which only kernels can call


@given(st.integers(0, 3000), st.integers(0, 2**32 - 1))
def test_halves_are_added_as_numpy_adds_them(count: int, seed: int) -> None:
    x = np.random.default_rng(seed).normal(0.0, 1.0, count) * 10.0 ** np.random.default_rng(seed).integers(-9, 9, count)
    assert _sum_in_halves(x) == x.sum()


@given(st.lists(st.floats(-0.3, 0.4), min_size=1, max_size=400).map(np.array))
def test_moments_and_tails_are_those_of_numpy(x: np.ndarray) -> None:
    found, centred = ReturnStatistics.from_series(x), x - x.mean()
    assert found.value_at_risk == np.quantile(x, 0.05)
    assert found.expected_shortfall == pytest.approx(worst_twentieth(x), rel=1e-14, abs=1e-15)
    if (spread := float(np.sqrt(np.mean(centred**2)))) > 0.0 and np.ptp(x) > 1e-6:
        assert found.skewness == pytest.approx(np.mean(centred**3) / spread**3, rel=1e-10, abs=1e-10)
        assert found.kurtosis == pytest.approx(np.mean(centred**4) / spread**4, rel=1e-10)


@given(st.integers(-200_000, 200_000), st.lists(st.integers(1, 70), max_size=200))
def test_months_and_years_end_where_the_calendar_says(first: int, steps: list[int]) -> None:
    dates = np.cumsum([first, *steps]).astype("datetime64[D]")
    months = dates.astype("datetime64[M]").astype(np.int64)
    last = np.flatnonzero(np.append(months[1:] != months[:-1], True))
    numbers, rows = month_ends(day_numbers(dates))
    assert (numbers.tolist(), rows.tolist()) == (months[last].tolist(), last.tolist())
    years = dates.astype("datetime64[Y]").astype(np.int64)
    assert period_returns(np.ones(len(dates) + 1), dates, "year")[0].tolist() == sorted(set(years.tolist()))


def test_a_return_that_is_no_number_is_left_out() -> None:
    with_gap = np.array([0.01, np.nan, -0.02, 0.005])
    found, expected = ReturnStatistics.from_series(with_gap), ReturnStatistics.from_series(with_gap[[0, 2, 3]])
    assert (found.volatility(), found.value_at_risk) == (expected.volatility(), expected.value_at_risk)
