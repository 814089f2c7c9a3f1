"""Caps with the rule book on: a watched cap is kept at the close of its answer."""

from __future__ import annotations

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.support.markets import account
from tests.support.rule_book import (
    DRIFT,
    MONTHLY,
    SATELLITES,
    ExpectedTriggers,
    accounts,
    can_be_watched,
    cheapest,
    cost_models,
    executions,
    plan_of,
    plans,
    run,
    wild,
)


@settings(max_examples=150)
@given(
    wild(),
    plans(st.just(SATELLITES)),
    cost_models,
    accounts,
    st.lists(st.integers(1, 120), max_size=4),
    st.integers(2, 4),
)
def test_a_watched_cap_is_kept_at_the_close_of_its_answer_unless_it_could_not_trade(
    prices, plan, costs, fields, holes, j
) -> None:
    """An asset found above its cap is not above it at the close of the fill.

    Unless it had no close there; or the trim would have brought no more than its costs; or a flow after the trim
    made the rest of the account smaller, itself or by its costs, than that of which the weight is a share, as the costs
    of trimming another do after a band, or the market itself, has brought this one to its cap; or whole shares cannot
    be split.
    """
    assume(plan.watch_caps and can_be_watched(plan, fields))
    prices = prices.copy()
    prices[[row for row in holes if row < len(prices) - 1], j] = np.nan
    ledger, market = run(prices, plan, costs, **fields)
    watch = ExpectedTriggers(ledger, market, plan, account(**fields).fill_delay)
    table = costs.cost_table(6)
    for asked in watch.asked:
        t, still = asked.fill, set(asked.over) & set(watch.over(asked.fill))
        for a in still:
            stale = market.age[t, a] > 0
            before = ledger.value[t] - min(ledger.flows[t], 0.0) + ledger.costs[ledger.rows == t].sum()
            target = ledger.targets[ledger.rows <= t][-1, a]
            shrunk = ledger.flows[t] != 0.0 and watch.weights[t, a] * ledger.value[t] <= target * before * (1.0 + 1e-9)
            traded = ledger.trades[ledger.rows == t]
            beside = len(traded) > 1 or not traded[:, a].any()
            shrunk |= beside and watch.weights[t, a] * ledger.value[t] <= watch.caps[a] * before * (1.0 + 1e-9)
            left_out = any("left out" in note for note in ledger.notes)
            excess = (watch.weights[t, a] - target) * ledger.value[t]
            eaten = left_out and 0.9 * excess < sum(cheapest(table, excess, b) for b in (a, 0, 1))
            assert stale or shrunk or eaten, (t, a)


@given(wild(), cost_models, executions)
def test_caps_alone_bind_whatever_the_band_traded_is(prices, costs, execution) -> None:
    """A partial rebalance answers no cap, so that one is asked about beside the band and kept at the same fill."""
    plan = plan_of(caps="always", rebalance={"kind": "any", "of": [MONTHLY, DRIFT]}, trade_to="edge", trade_only="all")
    ledger, market = run(prices, plan, costs, execution=execution)
    watch = ExpectedTriggers(ledger, market, plan, account(execution=execution).fill_delay)
    left_out = any("left out" in note for note in ledger.notes)
    assume(not left_out)
    for asked in watch.asked:
        late = {int(j) for j in np.flatnonzero(market.age[asked.fill] > 0)}
        assert set(watch.over(asked.fill)) & set(asked.over) <= late
