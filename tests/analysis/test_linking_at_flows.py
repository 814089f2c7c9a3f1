"""Time-weighted returns are linked at every flow, at the value just before it (S12).

The GIPS standards ask for the same at large flows: sub-period returns by the value at the time of the flow, linked
geometrically (CFA Institute 2020, Global Investment Performance Standards for Firms, section 2.A).
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.analysis.metrics_table import compute_metrics
from engine.analysis.performance import Performance
from engine.data.market import Market
from engine.portfolio.costs import PercentCosts, PerOrderCosts
from engine.simulation.ledger import Ledger
from engine.simulation.simulate import simulate
from strategies.buy_and_hold import BuyAndHold
from strategies.fixed_mix import FixedMix
from tests.reference.engine_runs import ListedFlows
from tests.support.markets import account, free, market_of, percent


def run(closes: list[list[float]], flows: dict[int, float], costs: object, capital: float = 100_000.0) -> Ledger:
    """One asset held for ever, or two half and half, in an account with flows by session."""
    market = market_of(np.array(closes))
    weights = {name: f"{100 // len(market.assets)}%" for name in market.assets}
    paid = account(capital=capital).model_copy(update={"contributions": ListedFlows(flows=flows)})
    return simulate(market, BuyAndHold(weights=weights), paid, costs)  # type: ignore[arg-type]


def test_large_flows_link_sub_periods_as_gips_has_them() -> None:
    """100,000 at 100; at 109 twice that comes in, at 104 half of all is withdrawn, the end is at 110; orders cost 1/400.

    Sub-periods by hand: opening; 100 to 109; the contribution, of which 1/401 goes for its purchase; 109 to 104; the
    withdrawal, for which 1/399 of it is lost; 104 to 110.
    """
    cost, units = Fraction(1, 400), 1000 / Fraction(401, 400)
    before = units * 109
    paid_in = Fraction(200_000)
    bought = paid_in / (1 + cost)
    units += bought / 109
    after_purchase = (before + bought) / (before + paid_in)
    ahead = units * 104
    paid_out = Fraction(150_000)
    sold = paid_out / (1 - cost)
    after_sale = (ahead - sold + paid_out) / ahead
    linked = 1 / (1 + cost) * Fraction(109, 100) * after_purchase * Fraction(104, 109) * after_sale * Fraction(110, 104)
    found = run([[100.0], [109.0], [104.0], [110.0]], {1: 200_000.0, 2: -150_000.0}, percent(0.0025, 1))
    assert compute_metrics(Performance.from_ledger(found))["total_return"] == pytest.approx(
        float(linked - 1), rel=1e-12
    )
    assert found.before_flows == pytest.approx([0.0, float(before), float(ahead), 0.0], rel=1e-12)


@pytest.mark.parametrize(
    ("capital", "flows", "costs", "wanted"),
    [
        (1.0, {1: 500.0, 3: 500.0}, PercentCosts.model_validate({"rate": "0.25%"}), 0.99378265),
        (5.0, {1: 400.0, 3: 400.0, 4: 400.0}, PerOrderCosts.model_validate({"fixed": 2}), 0.59453826),
    ],
)
def test_the_money_before_a_flow_does_not_pay_for_investing_it(
    capital: float, flows: dict[int, float], costs: PercentCosts, wanted: float
) -> None:
    """A flat market, a small account, large flows: what was paid of what was there then, chained; never below -100 %."""
    found = Performance.from_ledger(run([[100.0]] * 6, flows, costs.cost_table(1), capital))
    assert found.level[-1] / capital == pytest.approx(wanted, abs=1e-8)
    assert found.drawdowns.deepest == pytest.approx(wanted - 1.0, abs=1e-8)
    assert compute_metrics(found)["cagr"] is not None


@given(
    closes=st.lists(st.floats(0.05, 20.0), min_size=3, max_size=12),
    flows=st.dictionaries(st.integers(1, 11), st.floats(0.01, 1e6)),
    rate=st.floats(0.0, 0.05),
    fixed=st.floats(0.0, 30.0),
)
def test_nothing_is_lost_beyond_all(closes: list[float], flows: dict[int, float], rate: float, fixed: float) -> None:
    """Whatever flows and fees, no level of a long-only account falls below 0, and no return below -1."""
    costs = PerOrderCosts.model_validate({"fixed": fixed, "rate": rate}).cost_table(1)
    due = {row: money for row, money in flows.items() if row < len(closes)}
    found = Performance.from_ledger(run([[close] for close in closes], due, costs, 40.0))
    assert found.level.min() >= 0.0
    assert found.returns.min() >= -1.0
    assert found.drawdowns.deepest >= -1.0


@given(
    closes=st.lists(st.floats(1.0, 20.0), min_size=3, max_size=12),
    flows=st.dictionaries(st.integers(1, 11), st.floats(1, 1e6)),
)
def test_flows_that_cost_nothing_change_no_return(closes: list[float], flows: dict[int, float]) -> None:
    """With one asset and no costs the level is the asset's own, whatever is paid in."""
    due = {row: money for row, money in flows.items() if row < len(closes)}
    level = Performance.from_ledger(run([[close] for close in closes], due, free(1))).level
    assert level[1:] / level[0] == pytest.approx(np.array(closes) / closes[0], rel=1e-12)


def test_what_a_delisting_pays_is_lost_before_the_flow_of_its_session() -> None:
    """A is worth half and pays out nothing at the session of a flow: the session lost half, of the money that was there."""
    dates = np.arange(np.datetime64("2020-01-01"), np.datetime64("2020-01-05"))
    closes = np.array([[100.0, 100.0], [100.0, 100.0], [np.nan, 100.0], [np.nan, 100.0]])
    plan = FixedMix.model_validate(
        {
            "weights": {"A": "50%", "B": "50%"},
            "rebalance": {"kind": "never"},
            "after_delisting": {"to": "cash", "haircut": "100%"},
        }
    )
    paid = account(capital=1000).model_copy(update={"contributions": ListedFlows(flows={2: 9000.0})})
    ledger = simulate(Market.build(dates, ("A", "B"), closes), plan, paid, free(2))
    found = Performance.from_ledger(ledger)
    assert ledger.before_flows.tolist() == [0.0, 0.0, 500.0, 0.0]
    assert found.returns.tolist() == [0.0, -0.5, 0.0]
    assert ledger.payouts.tolist() == [False, True, False]
    assert found.trades == int((ledger.trades != 0.0).sum()) - 1
