"""Closed forms of the rebalance that pays its own costs."""

from __future__ import annotations

import numpy as np
import pytest

from engine.diagnostics.verify.accounting import FEE_CASES
from engine.portfolio.cost_table import CostTable
from engine.portfolio.costs import PerOrderCosts
from engine.simulation.kernel.records import Order, OrderTerms
from engine.simulation.kernel.trade import FILLED, UNAFFORDABLE, trade
from tests.support.kernels import fills, quotes
from tests.support.markets import percent


def rebalance(h: list[float], cash: float, w: list[float], costs: CostTable, price: np.ndarray | None = None):
    """Trade to ``w`` and return value after, fee, trades and cash."""
    n = len(h)
    price = np.full(n, 1.0) if price is None else price
    units = np.array(h, dtype=float) / price
    dq, fees = np.zeros(n), np.zeros(n)
    order = Order(np.array(w, dtype=float), np.ones(n, bool), np.zeros(n))
    terms = OrderTerms(costs, np.full(n, np.inf), False, True)
    status, scaled, cash = trade(units, float(cash), quotes(price), order, terms, fills(dq, fees))
    assert status == FILLED
    assert not scaled
    return float(units @ price) + cash, fees.sum(), dq * price, cash


@pytest.mark.parametrize(("h", "cash", "w", "rate", "after", "fee", "trades"), FEE_CASES)
def test_a_proportional_rebalance_solves_its_own_cost(h, cash, w, rate, after, fee, trades) -> None:
    value, paid, x, left = rebalance(h, cash, w, percent(rate, len(h)))
    assert value == pytest.approx(after, rel=1e-12)
    assert paid == pytest.approx(fee, rel=1e-9)
    assert x == pytest.approx(trades, rel=1e-9)
    assert left == pytest.approx((1 - sum(w)) * value, abs=1e-12 * value)


def test_the_cash_target_of_a_rebalance_is_a_share_of_the_value_after_costs() -> None:
    value, _, _, cash = rebalance([55, 45], 0, [0.5, 0.4], percent(0.002, 2))
    assert cash == pytest.approx(9.997996393508, rel=1e-12)
    assert cash == pytest.approx(0.1 * value, rel=1e-12)


def test_volatility_pumping_grows_where_buy_and_hold_stands_still() -> None:
    """An asset that doubles and halves, held half in cash: 1.125^10 after 20 steps."""
    units, cash = np.zeros(1), 1.0
    dq, fees = np.zeros(1), np.zeros(1)
    order = Order(np.array([0.5]), np.ones(1, bool), np.zeros(1))
    terms = OrderTerms(percent(0.0, 1), np.full(1, np.inf), False, True)
    price = np.array([1.0])
    for step in range(20):
        _, _, cash = trade(units, cash, quotes(price), order, terms, fills(dq, fees))
        price = price * (2.0 if step % 2 == 0 else 0.5)
    assert units[0] * price[0] + cash == pytest.approx(3.247321025468409, rel=1e-13)


def test_a_short_target_series_without_costs_matches_the_shares_of_another_engine() -> None:
    """Vectorbt's documented example, its long part: close 1..5, target 100 %, 0, 100 % from 100."""
    units, cash = np.zeros(1), 100.0
    dq, fees = np.zeros(1), np.zeros(1)
    terms = OrderTerms(percent(0.0, 1), np.full(1, np.inf), False, True)
    seen = []
    for close, target in zip([1.0, 2.0, 3.0, 4.0, 5.0], [1.0, 0.0, 0.0, 0.0, 1.0], strict=True):
        order = Order(np.array([target]), np.ones(1, bool), np.zeros(1))
        _, _, cash = trade(units, cash, quotes(np.array([close])), order, terms, fills(dq, fees))
        seen.append((units[0], cash))
    assert seen == [(100.0, 0.0), (0.0, 200.0), (0.0, 200.0), (0.0, 200.0), (40.0, 0.0)]


@pytest.mark.parametrize("capital", [1.0, 1e3, 1e9])
def test_fixed_and_minimum_fees_leave_exactly_the_target_weights(capital: float) -> None:
    costs = PerOrderCosts(fixed=capital * 5e-5, rate=0.0025, minimum=capital * 1e-4, maximum=capital * 6e-4).cost_table(
        3
    )
    value, fee, _, cash = rebalance([capital * 0.7, capital * 0.3, 0], 0, [0.5, 0.2, 0.2], costs)
    assert value + fee == pytest.approx(capital, rel=1e-14)
    assert cash == pytest.approx(0.1 * value, rel=1e-11)


def test_costs_above_the_value_trade_nothing_and_say_so() -> None:
    units, dq, fees = np.array([1.0, 0.0]), np.zeros(2), np.zeros(2)
    order = Order(np.array([0.5, 0.5]), np.ones(2, bool), np.zeros(2))
    terms = OrderTerms(PerOrderCosts(fixed=100.0).cost_table(2), np.full(2, np.inf), False, True)
    status, _, cash = trade(units, 5.0, quotes(np.array([10.0, 10.0])), order, terms, fills(dq, fees))
    assert status == UNAFFORDABLE
    assert (units.tolist(), cash, dq.any(), fees.any()) == ([1.0, 0.0], 5.0, False, False)


def test_holding_the_targets_already_costs_nothing_even_at_a_fixed_fee() -> None:
    value, fee, x, _ = rebalance([60, 40], 0, [0.6, 0.4], PerOrderCosts(fixed=1.0).cost_table(2))
    assert (value, fee, x.any()) == (100.0, 0.0, False)


def test_permuting_the_assets_permutes_the_trades() -> None:
    h, w = [40000.0, 35000.0, 25000.0], [0.2, 0.5, 0.25]
    _, _, x, _ = rebalance(h, 0, w, percent(0.002, 3))
    _, _, y, _ = rebalance(h[::-1], 0, w[::-1], percent(0.002, 3))
    assert y[::-1] == pytest.approx(x, rel=1e-13)
