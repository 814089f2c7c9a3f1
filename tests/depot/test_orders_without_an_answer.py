"""Orders of a plan whose optimiser has no answer today, and orders that go on from a state of other data."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.order_commands import OrdersCommand

OPTIMISED = """
name: optimised
data: {calendar: XETR, source: {kind: files, path: PRICES, closes: raw, currency: EUR}}
account: {capital: 20000, currency: EUR}
strategy:
  kind: optimised
  core: [EUNL, SPY, VOD]
  objective: {kind: min_variance}
  estimates: {lookback: 300, min_history: 252}
  rebalance: {kind: annual, month: january}
  fallback: FALLBACK
"""


@pytest.fixture
def optimised(orders: OrdersCommand) -> OrdersCommand:
    """Return the command for a plan that asks for a year of closes, of which there are ten."""
    orders.config = OPTIMISED
    return orders


def test_no_answer_today_is_an_error_where_the_plan_has_no_other(optimised: OrdersCommand) -> None:
    optimised.config = OPTIMISED.replace("FALLBACK", "fail")
    assert optimised.run("--now") == 1
    assert "strategy.fallback: fail, and there are no weights" in optimised.err
    assert "estimates.lookback: 300 returns are asked for" in optimised.err


@pytest.mark.parametrize("fallback", ["previous", "equal_weight"])
def test_weights_that_no_optimiser_found_are_said_to_be_the_fallbacks(fallback: str, optimised: OrdersCommand) -> None:
    optimised.config = OPTIMISED.replace("FALLBACK", fallback)
    found = optimised.json("--now")
    says = f"assumed: strategy.fallback: {fallback}, for the optimiser has no weights on 2026-11-30: estimates.lookback"
    assert [one for one in found["assumptions"] if one.startswith(says)]


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("assets", ["EUNL", "SPY", "XXX"], "the state is of EUNL, SPY, XXX, and the plan holds EUNL, SPY, VOD"),
        ("opened", "2020-01-02", "the state was opened on 2020-01-02, and this plan opens on 2026-11-16"),
        ("date", "2026-12-24", "found what was decided on 2026-12-24, expected a day up to 2026-11-30"),
    ],
)
def test_a_state_of_other_data_is_refused_in_one_line(
    key: str, value: object, says: str, orders: OrdersCommand, tmp_path: Path
) -> None:
    assert orders.run("--now") == 0
    state = json.loads((tmp_path / "out" / "three" / "2026-11-30" / "state.json").read_text())
    (tmp_path / "other.json").write_text(json.dumps({**state, key: value}))
    assert orders.run("--now", "--state", str(tmp_path / "other.json")) == 1
    assert orders.err.count("\n") == 1
    assert orders.err.startswith("error: --state: ")
    assert says in orders.err
    assert "leave" in orders.err
