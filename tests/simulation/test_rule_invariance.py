"""Order, scale and sums with the rule book on: what may not change a bit, and every penny accounted for."""

from __future__ import annotations

import copy
import random
from typing import Any

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from engine.core.errors import AccountError
from engine.data.market import Market
from engine.portfolio.costs import PercentCosts
from engine.simulation.ledger import Ledger, ledger_checks
from engine.simulation.simulate import simulate
from strategies.core_satellite import CoreSatellite
from tests.support.markets import account, market_of
from tests.support.rule_book import (
    SATELLITES,
    ExpectedTriggers,
    accounts,
    can_be_watched,
    cost_models,
    executions,
    lives,
    plans,
    run,
    same,
    wild,
)


def shuffled(keys: Any, rng: random.Random) -> Any:
    """Write every mapping and every list of names in another order."""
    if isinstance(keys, dict):
        items = [(key, shuffled(value, rng)) for key, value in keys.items()]
        rng.shuffle(items)
        return dict(items)
    if isinstance(keys, list | tuple):
        items = [shuffled(value, rng) for value in keys]
        rng.shuffle(items)
        return items
    return copy.copy(keys)


@given(
    lives(),
    plans(),
    cost_models,
    accounts,
    st.lists(
        st.sampled_from(
            [
                {"group": ["C", "D"], "max": "10%"},
                {"group": "satellites", "max": "18%"},
                {"group": ["B", "satellites"], "max": "45%"},
            ]
        ),
        max_size=3,
    ),
    st.integers(0, 10**6),
)
def test_the_order_of_names_in_the_yaml_changes_no_bit(prices, plan, costs, fields, limits, seed) -> None:
    keys = {**plan.model_dump(by_alias=True), "limits": limits}
    try:
        one, _ = run(prices, CoreSatellite.model_validate(keys), costs, **fields)
    except AccountError:
        assume(False)
    other = shuffled(keys, random.Random(seed))
    if "of" in (plan.model_dump()["rebalance"] or {}):  # where two rules fall together the first gives the reason
        other["rebalance"] = keys["rebalance"]
    two, _ = run(prices, CoreSatellite.model_validate(other), costs, **fields)
    assert same(one, two)


@given(lives(), plans(), cost_models, accounts, st.permutations(range(6)))
def test_the_order_of_columns_in_the_market_changes_no_bit(prices, plan, costs, fields, order) -> None:
    market = market_of(prices)
    mixed = Market.build(market.dates, tuple("ABCDEF"[j] for j in order), prices[:, order])
    try:
        one = simulate(market, plan, account(**fields), costs.cost_table(6))
    except AccountError:
        assume(False)
    assert same(one, simulate(mixed, plan, account(**fields), costs.cost_table(6)))


@given(wild(), plans(), st.sampled_from([0.0, 0.001, 0.01]), executions, st.sampled_from([2.0**-6, 2.0**20]))
def test_at_proportional_costs_a_larger_capital_is_the_same_run_in_larger_money(
    prices, plan, rate, execution, scale
) -> None:
    """A power of two is exact in binary: not a bit of any weight may move."""
    terms = {"execution": execution, "contributions": {"amount": 1024, "every": "week"}}
    one, _ = run(prices, plan, PercentCosts(rate=rate), capital=2.0**17, **terms)
    terms["contributions"] = {"amount": 1024 * scale, "every": "week"}
    many, _ = run(prices, plan, PercentCosts(rate=rate), capital=2.0**17 * scale, **terms)
    assert np.array_equal(one.value * scale, many.value)
    assert np.array_equal(one.units * scale, many.units)
    assert one.reasons == many.reasons
    assert one.reviews == many.reviews


@settings(max_examples=150)
@given(lives(), plans(), cost_models, accounts)
def test_every_penny_is_accounted_for_with_every_rule_on(prices, plan, costs, fields) -> None:
    """Value is cash and units at their prices, nothing is owed, and cash and units move by recorded trades alone."""
    try:
        ledger, market = run(prices, plan, costs, **fields)
    except AccountError:
        assume(False)
    start = ledger.opening_row(market)
    held = np.where(ledger.units == 0.0, 0.0, ledger.units * market.prices[start:])
    assert np.allclose(ledger.value, ledger.cash + held.sum(axis=1), rtol=1e-14, atol=0)
    assert ledger.cash.min() >= 0.0
    assert ledger.units.min() >= -1e-12
    found = ledger_checks(ledger, market)
    assert found.worst_cash_residual < 1e-12
    if fields.get("shares") == "whole":
        assert np.array_equal(ledger.units, np.round(ledger.units))
    else:
        assert found.worst_weight_residual < 1e-12 or any("left out" in note for note in ledger.notes)
    moved = np.zeros_like(ledger.units)
    np.add.at(moved, ledger.rows, ledger.trades)
    assert np.allclose(np.cumsum(moved, axis=0), ledger.units, rtol=0, atol=1e-9 * max(1.0, ledger.units.max()))


@settings(max_examples=150)
@given(wild(), plans(st.just(SATELLITES)), cost_models, accounts)
def test_nothing_is_traded_where_no_rule_asks_for_it(prices, plan, costs, fields) -> None:
    """Every session with a trade is a scheduled fill, a flow, or the answer to what an earlier close broke."""
    assume(can_be_watched(plan, fields))
    ledger, market = run(prices, plan, costs, **fields)
    terms = account(**fields)
    watch = ExpectedTriggers(ledger, market, plan, terms.fill_delay)
    due = {0, *(row + terms.fill_delay for row in plan.schedule.calendar(market.dates) if row > 0)}
    due |= {one.fill for one in watch.asked} | set(np.flatnonzero(ledger.flows != 0.0).tolist())
    assert set(ledger.rows.tolist()) <= due
    left_out = any("left out" in note for note in ledger.notes)
    for asked in watch.asked:
        if asked.band and not asked.breaches and watch.band.is_full_rebalance and not left_out:
            assert any(why.startswith("band: ") for why in reasons_at(ledger, asked.fill)) or asked.fill in watch.wholes


def reasons_at(ledger: Ledger, row: int) -> list[str]:
    return [ledger.reasons[event] for event in np.flatnonzero(ledger.rows == row)]
