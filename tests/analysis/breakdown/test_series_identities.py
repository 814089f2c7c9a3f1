"""Months multiply to years and years to the whole, and the account's years add up to what the metrics say."""

from __future__ import annotations

from math import fsum, prod

import numpy as np
import pytest

from engine.analysis.breakdown.calendar_months import month_table
from engine.analysis.breakdown.calendar_years import account_by_year, returns_by_year
from engine.analysis.breakdown.level_ratio import measure_ratio
from engine.analysis.breakdown.rivals import first_fund, first_rival
from engine.analysis.common_sessions import CommonSessions
from engine.analysis.comparison import Comparison
from tests.support.runs import eventful_run, make_run


@pytest.fixture(scope="module", params=["plain", "flows", "eventful"])
def comparison(request: pytest.FixtureRequest) -> Comparison:
    """Return a run with a late benchmark, one with money paid in every month, one with reviews and a delisting."""
    made = {"plain": make_run, "flows": lambda: make_run(flows=500.0), "eventful": eventful_run}
    return made[request.param]().comparison


def test_the_months_of_a_year_multiply_to_it_and_the_years_to_the_total_return(comparison: Comparison) -> None:
    months, years = month_table(comparison), returns_by_year(comparison)
    for name, portfolio in comparison.portfolios.items():
        for one in years:
            inside = months.columns[name][months.dates.astype("datetime64[Y]") == np.datetime64(str(one.year))]
            inside = inside[np.isfinite(inside)].tolist()
            assert (one.returns[name] is None) == (not inside)
            if inside:
                assert prod(1.0 + change for change in inside) - 1.0 == pytest.approx(one.returns[name], abs=1e-12)
        whole = prod(1.0 + one.returns[name] for one in years if one.returns[name] is not None) - 1.0
        assert whole == pytest.approx(portfolio.metrics["total_return"], abs=1e-12)


def test_the_months_have_the_last_session_of_any_portfolio_in_each(comparison: Comparison) -> None:
    sessions = np.unique(np.concatenate([one.performance.dates for one in comparison.portfolios.values()]))
    months = sessions.astype("datetime64[M]")
    last = [sessions[months == month].max() for month in np.unique(months)]
    assert month_table(comparison).dates.tolist() == [day.item() for day in last]


def test_orders_costs_and_flows_of_the_years_are_those_of_the_run(comparison: Comparison) -> None:
    for portfolio in comparison.portfolios.values():
        years, performance = account_by_year(portfolio), portfolio.performance
        assert sum(one.orders for one in years) == performance.trades
        assert sum(one.rebalances for one in years) == performance.rebalances
        assert fsum(one.costs for one in years) == pytest.approx(performance.costs, rel=1e-12)
        assert fsum(one.traded for one in years) == pytest.approx(performance.traded / 2.0, rel=1e-12, abs=1e-9)
        net = fsum(one.paid_in - one.withdrawn for one in years)
        assert net == pytest.approx(performance.paid_in, abs=1e-6)
        gained = fsum(one.gain for one in years)
        assert gained == pytest.approx(performance.final_value - portfolio.ledger.capital - net, abs=1e-6)
        assert years[-1].value == performance.final_value


def test_the_last_ratio_is_the_quotient_of_the_levels_ends(comparison: Comparison) -> None:
    mine, rival = comparison.strategy.performance, first_rival(comparison)
    found = measure_ratio(CommonSessions.of(mine, rival.performance), rival.name)
    assert found.last == mine.level[-1] / rival.performance.level[-1]
    assert found.lowest <= min(1.0, found.last) <= found.last <= found.highest


def test_the_rival_is_buy_and_hold_and_the_fund_the_first_benchmark_of_one_asset(comparison: Comparison) -> None:
    assert first_rival(comparison).name == "buy_and_hold"
    assert first_fund(comparison).name == ("AAA" if "AAA" in comparison.portfolios else "buy_and_hold")
