"""Limit orders in whole runs: what a close beyond its limit leaves undone, and what that is worth (S3)."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from engine.analysis.limit_orders import measure_limit_orders
from engine.analysis.rule_effect import measure_effect
from engine.core.errors import AccountError
from engine.portfolio.costs import PercentCosts
from engine.simulation.kernel.records import BELOW_MIN_ORDER, NOT_AT_LIMIT
from engine.simulation.ledger import Ledger
from engine.simulation.simulate import simulate
from engine.simulation.trade_events import LeftOutOrders
from engine.sweep.batch.planner import VariantColumns, planner_for
from engine.sweep.batch.policy_groups import Variant
from strategies.base import AfterDelisting
from strategies.fixed_mix import FixedMix
from strategies.schedules import Never
from tests.support.markets import account, market_of, percent

MIX = FixedMix.model_validate({"weights": {"A": "60%", "B": "40%"}, "rebalance": {"kind": "every", "period": "month"}})
BAND = FixedMix.model_validate({"weights": {"A": "60%", "B": "40%"}, "rebalance": {"kind": "band", "absolute": "5%"}})


def terms(margin: str = "1%", **more: object) -> object:
    return account(capital=1000, execution={"kind": "limit", "margin": margin}, **more)


def closes_with(row: int, a: float, b: float, sessions: int = 45) -> np.ndarray:
    """Closes of 10 until one session, at which each asset changes once and for all."""
    closes = np.full((sessions, 2), 10.0)
    closes[row:] *= (1.0 + a, 1.0 + b)
    return closes


FIRST = 23  # the first session of the second month


@pytest.mark.parametrize(
    ("a", "b", "bought", "sold"),
    [
        (-0.01, 0.01, True, True),  # to the last bit of a double: at the limit is filled
        (-0.02, -0.02, None, None),  # nothing to rebalance
        (0.05, 0.0, True, True),  # A rose and is sold, B is bought at the close before
        (-0.05, 0.0, True, True),  # A fell and is bought, B is sold
        (0.08, 0.02, False, True),  # B has risen by more than a purchase of it may cost
        (-0.03, -0.02, True, False),  # B has fallen by more than a sale of it may give up: A is bought with nothing
    ],
)
def test_a_close_beyond_its_limit_leaves_the_order_out(a: float, b: float, bought: bool, sold: bool) -> None:
    closes = closes_with(FIRST, a, b, FIRST + 5)
    market = market_of(closes)
    ledger = simulate(market, MIX, terms(), percent(0.0, 2))
    assert str(market.dates[FIRST])[:7] != str(market.dates[FIRST - 1])[:7]
    traded = np.array(ledger.trades[ledger.rows == FIRST]).sum(axis=0)
    left_out = [one.causes.tolist() for one in ledger.left_out]
    if bought is None:
        assert not traded.any()
        assert left_out == []
    elif bought and sold:
        assert (traded != 0.0).all()
        assert left_out == []
    elif sold:
        assert traded[0] < 0.0 == traded[1]
        assert ledger.cash[-1] > 0.0
        assert left_out == [[0, NOT_AT_LIMIT]]
    else:
        assert not traded.any()  # without cash nothing pays for A
        assert left_out == [[0, NOT_AT_LIMIT]]


@pytest.mark.parametrize(
    ("margin", "before", "b"), [("1%", 9.1, 9.191), ("0.5%", 9.0, 9.045), ("1%", 9.4, 9.306), ("2%", 9.8, 9.604)]
)
def test_a_close_at_its_limit_in_cents_is_filled_where_their_product_in_binary_numbers_misses_it(
    margin: str, before: float, b: float
) -> None:
    """B is bought at 1 % above 9.10, where 9.1 x 1.01 is below 9.191 in the last bit; and sold at 1 % below 9.40."""
    closes = np.tile([10.0, before], (FIRST + 1, 1))
    closes[FIRST] = 12.0 if b > before else 8.0, b
    ledger = simulate(market_of(closes), MIX, terms(margin), percent(0.0, 2))
    assert ledger.trades[-1, 1] != 0.0
    assert not any(one.causes[1] for one in ledger.left_out)


@pytest.mark.parametrize("filled", [True, False])
def test_a_limit_stands_in_the_asset_s_own_currency(filled: bool) -> None:
    """B is bought where the euro alone rose, and left out where its own close did, whatever that is in dollars."""
    rates = np.ones(FIRST + 1)
    rates[FIRST] = 1.05 if filled else 1.0 / 1.05
    closes = closes_with(FIRST, 0.5, 0.0 if filled else 0.05, FIRST + 1) * np.stack([np.ones(FIRST + 1), rates], 1)
    market = dataclasses.replace(market_of(closes), currencies=("USD", "EUR"), fx={"EUR": rates})
    ledger = simulate(market, MIX, terms(), percent(0.0, 2))
    assert [one.causes.tolist() for one in ledger.left_out] == ([] if filled else [[0, NOT_AT_LIMIT]])


def test_the_opening_has_no_limit_and_a_missing_close_is_no_error() -> None:
    closes = np.full((60, 2), 10.0)
    closes[1] = 20.0  # a change at the opening
    closes[FIRST + 1 : FIRST + 12, 1] = np.nan
    closes[FIRST:, 0] = 21.0
    ledger = simulate(market_of(closes), BAND, terms("0%"), percent(0.0, 2), start=1)
    assert (ledger.trades[0] > 0.0).all()
    assert {cause for one in ledger.left_out for cause in one.causes.tolist()} == {0, NOT_AT_LIMIT}
    (note,) = ledger.notes
    assert "The close was beyond the limit, or missing, for" in note


def test_a_withdrawal_whose_sales_are_not_at_their_limit_is_an_error_that_says_so() -> None:
    paid = terms(contributions={"amount": -50.0, "every": "month"})
    with pytest.raises(AccountError, match="not at their limit"):
        simulate(market_of(closes_with(FIRST, -0.05, -0.05)), MIX, paid, percent(0.0, 2))


def test_what_waiting_gained_or_cost_is_the_difference_to_the_same_run_without_limits() -> None:
    """B rises by 2 % on the day of its purchase, which is not filled, and by 10 % after it."""
    closes = closes_with(FIRST, 0.08, 0.02)
    closes[FIRST + 1 :, 1] *= 1.1
    closes[:2, 0] = 8.0  # the run begins later
    market, costs = market_of(closes), percent(0.0, 2)
    ledger = simulate(market, MIX, terms(), costs, start=2)
    found = measure_limit_orders(market, MIX, terms(), costs, ledger)
    plain = simulate(market, MIX, account(capital=1000), costs, start=2)
    assert found is not None
    assert found.unfilled == sum(int((one.causes == NOT_AT_LIMIT).sum()) for one in ledger.left_out) > 0
    assert found.filled == np.count_nonzero(ledger.trades[1:])
    assert found.final_value_difference == ledger.value[-1] - plain.value[-1] < 0.0
    assert found.cagr_difference is not None
    assert found.cagr_difference < 0.0
    assert measure_limit_orders(market, MIX, account(capital=1000), costs, plain) is None
    small = LeftOutOrders(40, np.array([BELOW_MIN_ORDER, 0]))
    other = dataclasses.replace(ledger, left_out=(*ledger.left_out, small))
    assert measure_limit_orders(market, MIX, terms(), costs, other) == found


def test_a_payout_is_no_order_that_was_filled() -> None:
    """Both are bought and never sold; B is delisted."""
    closes, never = closes_with(FIRST, 0.0, 0.0), MIX.model_copy(update={"rebalance": Never()})
    closes[FIRST:, 1] = np.nan
    market, costs = market_of(closes), percent(0.0, 2)
    policy = never.model_copy(update={"after_delisting": AfterDelisting(to="cash")})
    ledger = simulate(market, policy, terms(), costs)
    assert ledger.payouts.any()
    found = measure_limit_orders(market, policy, terms(), costs, ledger)
    assert found is not None
    assert (found.filled, found.unfilled, found.final_value_difference) == (0, 0, 0.0)


def test_a_rule_s_effect_is_not_known_where_the_run_without_it_fails_or_ends_on_another_day() -> None:
    market, costs = market_of(closes_with(FIRST, 0.1, 0.0)), percent(0.0, 2)
    ledger, shorter = (simulate(one, MIX, terms(), costs) for one in (market, market.truncate(market.dates[-2])))

    def fails() -> Ledger:
        raise AccountError("no money")

    assert measure_effect(ledger, lambda: ledger, 252.0) == (0.0, 0.0)
    assert measure_effect(ledger, lambda: shorter, 252.0) == measure_effect(ledger, fails, 252.0) == (None, None)


def test_a_margin_that_nothing_exceeds_gives_the_run_without_limits_to_the_bit() -> None:
    closes = 50.0 * np.cumprod(1.0 + np.random.default_rng(5).normal(0.0, 0.01, (250, 2)), axis=0)
    for plan in (MIX, BAND):
        wide = simulate(market_of(closes), plan, terms("90%"), percent(0.001, 2))
        plain = simulate(market_of(closes), plan, account(capital=1000), percent(0.001, 2))
        assert wide.value.tobytes() == plain.value.tobytes()


def test_lanes_leave_plans_with_limits_to_the_sequential_run() -> None:
    market = market_of(np.full((60, 2), 10.0))
    variant = Variant(MIX, terms(), PercentCosts(rate=0.001), 0, len(market.dates))
    assert VariantColumns.from_variants(planner_for(market), [variant]) is None
