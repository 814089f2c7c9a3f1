"""Withdrawals that take all there is (S11): the day the money ends, what it still pays, and what that leaves alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.analysis.comparison import ComparisonTerms, PortfolioMarket, compare
from engine.analysis.performance import Performance
from engine.core.errors import AccountError
from engine.data.market import Market
from engine.portfolio.costs import NoCosts, PercentCosts, PerOrderCosts
from engine.simulation.ledger import Ledger, ledger_checks
from engine.simulation.simulate import simulate
from strategies.fixed_mix import FixedMix
from tests.support.markets import account, market_of
from tests.support.random_markets import closes
from tests.support.rule_book import plans

NEVER = {"kind": "never"}
JANUARY = {"kind": "annual", "month": "january"}


def run(prices: object, costs=NoCosts(), rule: object = NEVER, **terms: object) -> tuple[Ledger, Market]:
    """A or A and B in halves, from 2020-01-01 on, in an account that ends when it is spent."""
    market = market_of(np.asarray(prices, dtype=float))
    mix = FixedMix(weights=dict.fromkeys(market.assets, 1.0 / len(market.assets)), rebalance=rule)
    own = account(**{"capital": 100, "when_spent": "stop", **terms})
    return simulate(market, mix, own, costs.cost_table(len(market.assets))), market


def monthly(amount: float, **terms: object) -> dict[str, object]:
    return {"contributions": {"amount": amount, "every": "month", **terms}}


def test_the_last_withdrawal_pays_what_there_is_and_the_run_ends_there() -> None:
    """100 less 40 in February and March leaves 20 of the 40 that are due in April; prices never change."""
    ledger, market = run(np.full((200, 1), 10.0), **monthly(-40))
    assert str(ledger.dates[-1]) == "2020-04-01"
    assert ledger.last_withdrawal == (40.0, 20.0)
    assert ledger.flows[ledger.flows != 0.0].tolist() == [-40.0, -40.0, -20.0]
    assert ledger.value[-2:].tolist() == [20.0, 0.0]
    assert ledger.cash[-1] == 0.0
    assert ledger.reasons[-1] == "last withdrawal"
    found = Performance.from_ledger(ledger)
    assert found.level == pytest.approx(100.0, rel=1e-14)
    assert found.internal_rate is not None
    assert found.internal_rate.value == pytest.approx(0.0, abs=1e-12)
    assert ledger_checks(ledger, market.truncate(ledger.dates[-1])).worst_cash_residual < 1e-15


def test_the_sale_of_everything_pays_its_costs() -> None:
    """1 % of what is sold: 50 of A and 50 of B bring 99 of the 150 that are due."""
    ledger, _ = run(np.full((60, 2), 10.0), PercentCosts(rate=0.01), **monthly(-150))
    held = 100.0 / 1.01
    assert ledger.last_withdrawal == pytest.approx((150.0, held * 0.99), rel=1e-14)
    assert Performance.from_ledger(ledger).level[-1] == pytest.approx(held * 0.99, rel=1e-13)


def test_an_asset_that_costs_more_to_sell_than_it_brings_is_left() -> None:
    """A falls to 0.1, so its 5 shares are worth less than the fee of 1: B is sold, and 0.5 is left."""
    prices = np.full((60, 2), 10.0)
    prices[10:, 0] = 0.1
    ledger, _ = run(prices, PerOrderCosts(fixed=1.0), **monthly(-500))
    units = (100.0 - 2.0) / 2.0 / 10.0
    assert ledger.last_withdrawal == pytest.approx((500.0, units * 10.0 - 1.0), rel=1e-13)
    assert ledger.value[-1] == pytest.approx(units * 0.1, rel=1e-13)
    assert ledger.cash[-1] == 0.0


def test_a_withdrawal_of_exactly_all_is_the_last_one() -> None:
    """All of it is all that can be raised: an account of nothing does not go on."""
    ledger, _ = run(np.full((60, 1), 10.0), **monthly(-100))
    assert ledger.last_withdrawal == (100.0, 100.0)
    everything, _ = run(np.full((60, 1), 10.0), contributions={"percent": "-100%"})
    assert everything.last_withdrawal == (100.0, 100.0)


@pytest.mark.parametrize("rule", [NEVER, JANUARY, {"kind": "every", "period": "month"}])
@pytest.mark.parametrize("invest", ["towards_targets", "pro_rata", "wait"])
def test_it_ends_alike_at_a_rebalance_and_between_two(rule: object, invest: str) -> None:
    """In months of a rebalance and others: 30 a month of 100 is 10 in the fourth."""
    ledger, _ = run(np.full((200, 2), 10.0), rule=rule, **monthly(-30, invest=invest))
    assert str(ledger.dates[-1]) == "2020-05-01"
    assert ledger.last_withdrawal == pytest.approx((30.0, 10.0), rel=1e-12)


def test_what_is_due_after_the_end_is_none() -> None:
    """Neither a later contribution nor the yearly fee of the last part of a year."""
    plan = [{"amount": -60, "every": "month"}, {"amount": 1000, "on": "2020-06-01"}]
    ledger, _ = run(np.full((300, 1), 10.0), NoCosts(yearly=0.01), contributions=plan)
    assert str(ledger.dates[-1]) == "2020-03-02"
    assert ledger.last_withdrawal == (60.0, 40.0)
    assert not ledger.fees.any()


def test_a_fee_of_the_same_day_comes_first() -> None:
    """On 1 January 2021 1 % of 100 for 366 days is paid before what is left of it."""
    terms = {"contributions": {"amount": -500, "every": "year"}}
    for rule in (NEVER, JANUARY):
        ledger, _ = run(np.full((300, 2), 10.0), NoCosts(yearly=0.01), rule, **terms)
        assert ledger.fees[-1] == pytest.approx(100.0 * 0.01 * 366 / 365, rel=1e-14)
        assert ledger.last_withdrawal == pytest.approx((500.0, 100.0 - ledger.fees[-1]), rel=1e-13)


def test_money_that_is_only_stuck_is_not_spent() -> None:
    """B has no close on the day: its 50 are there, and cannot be paid; where even they would not do, A pays its 50."""
    prices = np.full((60, 2), 10.0)
    prices[23, 1] = np.nan  # 2020-02-03, the first session of the month
    with pytest.raises(AccountError, match=r"2020-02-03: a withdrawal of 80\.00 .* what is left has no"):
        run(prices, **monthly(-80))
    ledger, _ = run(prices, **monthly(-120))
    assert ledger.last_withdrawal == (120.0, 50.0)
    assert ledger.value[-1] == 50.0


def test_without_the_rule_it_is_an_error_that_names_it() -> None:
    """One line with the day, what is due, what there is and what to write."""
    with pytest.raises(AccountError) as caught:
        run(np.full((200, 1), 10.0), when_spent="error", **monthly(-40))
    assert str(caught.value) == (
        "2020-04-01: a withdrawal of 40.00 is due and 20.00 can be raised; withdraw less, end the window earlier or "
        "write account.when_spent: stop"
    )


@given(
    closes(assets=6), plans(), st.sampled_from([NoCosts(), PercentCosts(rate=0.002), PerOrderCosts(fixed=1.0)]),
    st.sampled_from([{}, {"shares": "whole"}, {"cash": {"rate": "3%"}}, {"execution": "next_close"}]),
    st.sampled_from([200, 2_000, 6_000, 40_000]),
)  # fmt: skip
@settings(max_examples=30)
def test_until_the_end_it_is_the_run_that_would_be_an_error_there(prices, plan, costs, terms, amount) -> None:
    """To the bit: up to the session before, or to the end of the window where the money lasts."""
    market, terms = market_of(prices), terms | monthly(-amount) | {"capital": 10_000}
    table = costs.cost_table(6)
    try:
        stopped = simulate(market, plan, account(when_spent="stop", **terms), table)
    except AccountError:  # money that is stuck
        return
    last = len(stopped.dates) - (stopped.last_withdrawal is not None)
    try:
        other = simulate(market.truncate(stopped.dates[last - 1]), plan, account(**terms), table)
    except AccountError:  # a rebalance that only goes on because it is asked to
        return
    assert np.array_equal(stopped.value[:last], other.value)
    assert np.array_equal(stopped.cash[:last], other.cash)
    if stopped.last_withdrawal is not None:
        due, paid = stopped.last_withdrawal
        assert due == amount
        assert 0.0 <= paid <= due
        assert stopped.cash[-1] <= 1e-9 * paid
        with pytest.raises(AccountError):
            simulate(market, plan, account(**terms), table)


def test_each_portfolio_ends_by_itself_and_two_are_compared_over_common_sessions() -> None:
    """A doubles by steps, B halves: half of each outlasts B alone, and A outlasts both."""
    steps = np.linspace(0.0, 1.0, 300)
    market = market_of(np.column_stack([10.0 * 2.0**steps, 10.0 * 0.5**steps]))
    both = FixedMix(weights={"A": 0.5, "B": 0.5}, rebalance={"kind": "every", "period": "month"})
    alone = {name: FixedMix(weights={name: 1.0}, rebalance=NEVER) for name in "AB"}
    own = account(capital=100, when_spent="stop", **monthly(-10))
    sessions = PortfolioMarket(market, 0)
    found = compare(market, lambda _: sessions, both, own, NoCosts().cost_table(2), ComparisonTerms(alone))
    ends = {name: one.ledger.dates[-1] for name, one in found.portfolios.items()}
    assert ends["B"] < ends["strategy"] < ends["A"]
    for name, policy in alone.items():
        by_itself = simulate(market, policy, own, NoCosts().cost_table(2))
        assert found.portfolios[name].ledger.last_withdrawal == by_itself.last_withdrawal
        assert found.versus[name].sessions == min(len(by_itself.dates), len(found.strategy.ledger.dates))
    assert found.versus["B"].sessions < found.versus["A"].sessions == len(found.strategy.ledger.dates)
    pair = [found.portfolios[name].performance for name in ("strategy", "B")]
    count = found.versus["B"].sessions
    growth = [one.level[count] / 100.0 for one in pair]
    assert found.versus["B"].total_return == pytest.approx(growth[0] - 1.0, rel=1e-12)
    assert found.versus["B"].other_total_return == pytest.approx(growth[1] - 1.0, rel=1e-12)
    assert found.checks.worst_cash_residual < 1e-14


def test_a_difference_of_runs_that_end_on_other_days_has_no_parts() -> None:
    """Costs of 5 % end the plan a month before the version without them: growth over other sessions is not subtracted."""
    market = market_of(np.column_stack([np.linspace(10.0, 30.0, 300), np.full(300, 10.0)]))
    plan = FixedMix(weights={"A": 0.5, "B": 0.5}, rebalance={"kind": "every", "period": "month"})
    own = account(capital=100, when_spent="stop", **monthly(-11))
    table = PercentCosts(rate=0.05).cost_table(2)
    sessions = PortfolioMarket(market, 0)
    found = compare(market, lambda _: sessions, plan, own, table, ComparisonTerms())
    ends = {one.ledger.dates[-1] for one in found.portfolios.values()}
    free = simulate(market, plan, own, NoCosts().cost_table(2))
    assert len(ends | {free.dates[-1]}) > 1
    assert found.versus["buy_and_hold"].parts is None
    assert "spent" in found.parts_missing


def test_beside_a_buy_and_hold_that_lasts_longer_the_difference_has_no_parts() -> None:
    """A rises sixfold and B does not: who sells A every month for B runs out of money before who keeps it."""
    market = market_of(np.column_stack([np.linspace(10.0, 60.0, 300), np.full(300, 10.0)]))
    plan = FixedMix(weights={"A": 0.5, "B": 0.5}, rebalance={"kind": "every", "period": "month"})
    own, sessions = account(capital=100, when_spent="stop", **monthly(-14)), PortfolioMarket(market, 0)
    found = compare(market, lambda _: sessions, plan, own, NoCosts().cost_table(2), ComparisonTerms())
    strategy, held = (found.portfolios[name].ledger.dates[-1] for name in ("strategy", "buy_and_hold"))
    assert strategy < held
    assert found.parts_missing == "the money of both was spent on different days"
