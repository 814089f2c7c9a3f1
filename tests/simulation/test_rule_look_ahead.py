"""No look-ahead with the rule book on: nothing that comes later changes what is before."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from engine.core.errors import AccountError
from engine.evidence.look_ahead import certify
from engine.simulation.simulate import simulate
from tests.support.markets import account, market_of, percent
from tests.support.rule_book import (
    BANDS,
    MONTHLY,
    THESES,
    TOP,
    accounts,
    cost_models,
    executions,
    lives,
    plan_of,
    plans,
    run,
    stormy,
    wild,
)


@given(lives(), plans(), cost_models, accounts, st.integers(8, 120))
def test_cutting_off_later_sessions_changes_nothing_before(prices, plan, costs, fields, cut) -> None:
    """A life that ends at or after the cut is only seen to have ended with the session after it."""
    assume(cut < len(prices) - 1)
    last = len(prices) - 1 - np.isfinite(prices)[::-1].argmax(axis=0)
    gap = (np.isnan(prices[cut - 1]) & (last > cut - 1)) | (last == cut - 1)
    assume(not gap.any())
    try:
        whole, _ = run(prices, plan, costs, **fields)
    except AccountError:
        assume(False)
    part, _ = run(prices[:cut], plan, costs, **fields)
    size = cut - 1
    assert whole.value[:size].tobytes() == part.value[:size].tobytes()
    assert whole.units[:size].tobytes() == part.units[:size].tobytes()
    assert [one for one in whole.reviews if one.row < size] == [one for one in part.reviews if one.row < size]
    early = whole.rows < size
    assert whole.targets[early].tobytes() == part.targets[part.rows < size].tobytes()


SLOW = {"kind": "trend", "sessions": 45}
POLICIES = {
    "momentum": {
        "satellites": {**TOP, "choose": {"kind": "top", "count": 2, "by": "momentum", "lookback": 20, "skip": 3}},
        "rebalance": MONTHLY,
    },
    "low volatility": {
        "satellites": {**TOP, "choose": {"kind": "top", "count": 3, "by": "low_volatility", "lookback": 15}},
        "rebalance": {"kind": "every", "period": "week"},
        "caps": "always",
    },
    "trend": {
        "rebalance": {"kind": "every", "period": "quarter"},
        "loss_review": {"trigger": "10%", "from": "peak", "thesis": SLOW, "unknown": "exit"},
    },
    "own verdicts": {
        "rebalance": MONTHLY,
        "loss_review": {"trigger": "8%", "from": "cost", "thesis": THESES[3], "proceeds": "cash"},
    },
    "whole bands": {"rebalance": {"kind": "any", "of": [MONTHLY, BANDS[0]]}, "caps": "always"},
    "edges of all": {"rebalance": BANDS[1], "trade_to": "edge"},
    "inside of the drifted": {
        "rebalance": BANDS[0],
        "trade_to": {"inside": "0.5%"},
        "trade_only": "drifted",
        "funding": "flows_first",
    },
    "targets of the drifted every two weeks": {"rebalance": BANDS[3], "trade_only": "drifted"},
    "all at once": {
        "satellites": {**TOP, "choose": {"kind": "top", "count": 3, "by": "momentum", "lookback": 20}},
        "rebalance": {"kind": "any", "of": [MONTHLY, {"kind": "band", "absolute": "0.7%"}]},
        "trade_to": "edge",
        "trade_only": "drifted",
        "funding": "flows_first",
        "caps": "always",
        "loss_review": {"trigger": "10%", "from": "rebalance", "thesis": SLOW, "unknown": "top_up"},
    },
}


@pytest.mark.parametrize("execution", ["close", "next_close"])
@pytest.mark.parametrize("name", POLICIES)
def test_no_rule_sees_what_comes_after_it(name: str, execution: str) -> None:
    """Every price after t goes missing, becomes a thousandfold, is reversed: what is done up to t keeps every bit."""
    terms = account(execution=execution, contributions={"amount": 500})
    found = certify(market_of(stormy()), plan_of(**POLICIES[name]), terms, percent(0.001, 6))
    assert found.moved is None
    assert found.sessions == 50


@pytest.mark.parametrize("name", POLICIES)
def test_the_runs_that_look_for_foresight_have_something_to_see(name: str) -> None:
    """Each of them trades for its own reason, often enough for fifty cuts."""
    ledger = simulate(market_of(stormy()), plan_of(**POLICIES[name]), account(), percent(0.001, 6))
    keys = POLICIES[name]
    if "loss_review" in keys:
        assert {one.verdict.action for one in ledger.reviews} >= {"exit", "top_up"}
    if "choose" in str(keys):
        held = {tuple(row > 0.0) for row in ledger.targets[ledger.rebalances][:, 2:]}
        assert len(held) >= 3
    if "trade_to" in keys or "trade_only" in keys:
        assert ledger.partial_rebalances.sum() >= 5


@given(
    wild(),
    st.sampled_from(["momentum", "low_volatility"]),
    st.integers(4, 12),
    st.sampled_from([0, 2]),
    executions,
    st.integers(0, 2**32 - 1),
)
def test_a_choice_uses_nothing_newer_than_the_close_before_its_decision(
    prices, by, lookback, skip, execution, seed
) -> None:
    """Two markets that differ in the closes from the decision's session to its fill choose the same at that fill."""
    choose = {"kind": "top", "count": 2, "by": by, "lookback": lookback, "skip": skip}
    plan = plan_of({**TOP, "choose": choose}, rebalance=MONTHLY)
    ledger, _ = run(prices, plan, execution=execution)
    fills = ledger.rows[ledger.rebalances][1:]
    assume(len(fills) > 0)
    fill, delay = int(fills[-1]), account(execution=execution).fill_delay
    other = prices.copy()
    other[fill - delay : fill + 1] *= np.random.default_rng(seed).uniform(0.2, 5.0, (delay + 1, 6))
    changed, _ = run(other, plan, execution=execution)
    assert np.array_equal(fills, changed.rows[changed.rebalances][1:])
    assert ledger.targets[ledger.rebalances].tobytes() == changed.targets[changed.rebalances].tobytes()


@given(wild(), st.sampled_from(["momentum", "low_volatility"]), executions)
def test_a_choice_does_use_the_close_before_its_decision(prices, by, execution) -> None:
    """A name that trebles there is taken by momentum; one that jumps is not taken for its calm."""
    choose = {"kind": "top", "count": 2, "by": by, "lookback": 6}
    plan = plan_of({**TOP, "choose": choose}, rebalance=MONTHLY)
    ledger, _ = run(prices, plan, execution=execution)
    fills = ledger.rows[ledger.rebalances][1:]
    assume(len(fills) > 0)
    fill, delay = int(fills[-1]), account(execution=execution).fill_delay
    other = prices.copy()
    other[fill - delay - 1, 2] *= 300.0
    changed, _ = run(other, plan, execution=execution)
    chosen_now = changed.targets[changed.rebalances][-1, 2] > 0.0
    assert chosen_now == (by == "momentum")
