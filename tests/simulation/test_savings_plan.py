"""Spreads by name, what a savings plan charges, and what was paid by kind and year (S3, S11)."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from pydantic import ValidationError

from engine.analysis.fees import YearFees, fees_by_year, uncharged_fees
from engine.data.market import Market
from engine.portfolio.costs import AnyCosts, BrokerCosts, NoCosts, PercentCosts
from engine.portfolio.tariffs import load_tariffs
from engine.report.run.fees_table import fees_share, fees_table, fees_text
from engine.simulation.ledger import Ledger
from engine.simulation.simulate import simulate
from engine.sweep.batch.policy_groups import Variant
from engine.sweep.batch.run_batch import reference_metrics, variant_metric_table
from strategies.fixed_mix import FixedMix
from tests.support.markets import account, market_of

SPREAD = {"A": "0.1%", "rest": "0.02%"}
NEVER = FixedMix(weights={"A": 0.5, "B": 0.5}, rebalance={"kind": "never"})
PLAN = BrokerCosts(tariff="comdirect", savings_plan=True)


def paid(costs: AnyCosts, sessions: int = 300, **fields: object) -> tuple[Ledger, float]:
    """Run half A, half B at constant prices with 500 a month; return the ledger and what the first contribution cost."""
    market = market_of([[100.0, 100.0]] * sessions)
    terms = account(**{"capital": 40_000, "contributions": {"amount": 500, "every": "month"}, **fields})
    ledger = simulate(market, NEVER, terms, costs.cost_table(market.assets))
    first = int(np.flatnonzero(ledger.contributions)[0])
    return ledger, float(ledger.costs[first].sum())


def test_a_contribution_pays_the_savings_plan_and_the_opening_its_orders() -> None:
    """500 euros at 1.5 % buy 500 / 1.015; two orders of 19,950 cost 54.78 each."""
    ledger, cost = paid(PLAN, contributions={"amount": 500, "every": "month", "invest": "pro_rata"})
    assert cost == pytest.approx(500 - 500 / 1.015, abs=1e-9)
    opening = np.abs(ledger.order_values[0])
    assert ledger.costs[0] == pytest.approx(4.9 + 0.0025 * opening)


def test_without_it_a_contribution_is_an_order_like_any_other() -> None:
    """Two orders of a contribution cost the minimum of an order each."""
    _, cost = paid(
        BrokerCosts(tariff="comdirect"), contributions={"amount": 500, "every": "month", "invest": "pro_rata"}
    )
    assert cost == pytest.approx(2 * 9.90)


def test_a_contribution_at_a_rebalance_pays_as_its_orders_do() -> None:
    """Nothing is charged by the plan where every contribution falls on a rebalance."""
    market = market_of([[100.0, 100.0]] * 300)
    monthly = FixedMix(weights={"A": 0.5, "B": 0.5}, rebalance={"kind": "every", "period": "month"})
    terms = account(capital=40_000, contributions={"amount": 500, "every": "month", "invest": "wait"})
    one, other = (simulate(market, monthly, terms, c.cost_table(2)) for c in (PLAN, BrokerCosts(tariff="comdirect")))
    assert not one.contributions.any()
    assert one.value.tobytes() == other.value.tobytes()


def test_what_a_broker_charges_is_said_with_both_sources() -> None:
    """The savings plan has a source and a date of its own."""
    said, tariff = PLAN.describe(), load_tariffs()["comdirect"]
    assert tariff.savings_plan is not None
    assert "but contributions between rebalances cost 1.5 % of the money by its savings plan" in said
    assert (
        f"(source: {tariff.source}, {tariff.as_of}; of the savings plan: {tariff.savings_plan.source}, 2026-05)" in said
    )
    assert "savings plan" not in BrokerCosts(tariff="comdirect").describe()


def test_each_asset_pays_its_own_spread_and_the_others_the_rest() -> None:
    """A named asset's spread is its own; the plain forms say the same of all."""
    costs = NoCosts.model_validate({"spread": SPREAD})
    assert costs.cost_table(("A", "B")).spread.tolist() == [0.001, 0.0002]
    assert costs.cost_table(("A", "B"), np.array([True, False])).spread.tolist() == [0.001, 0.0002]
    assert NoCosts(spread="0.07%").cost_table(1).spread.tolist() == NoCosts(spread=7).cost_table(1).spread.tolist()
    assert NoCosts.model_validate(costs.model_dump()) == costs
    assert "0.1 % for A, 0.02 % for the rest" in costs.describe()
    with pytest.raises(TypeError, match="names"):
        costs.cost_table(2)


def test_spreads_by_name_need_a_rest() -> None:
    """What no name says would otherwise be free."""
    with pytest.raises(ValidationError, match="rest"):
        NoCosts.model_validate({"spread": {"A": "0.1%"}})


@pytest.mark.parametrize("tariff", [name for name, one in load_tariffs().items() if one.savings_plan is None])
def test_a_broker_without_a_savings_plan_is_refused_with_those_that_have_one(tariff: str) -> None:
    """The message lists the brokers that publish one."""
    with pytest.raises(
        ValidationError, match="comdirect, trade_republic, scalable_free, scalable_prime_plus, ing, dkb"
    ):
        BrokerCosts(tariff=tariff, savings_plan=True)


@pytest.mark.parametrize(
    "costs",
    [
        NoCosts(),
        PercentCosts(rate=0.002),
        PercentCosts(rate=0.002, fx="0.25%", yearly="0.1%"),
        BrokerCosts.model_validate(
            {"tariff": "dkb", "savings_plan": True, "spread": SPREAD, "fx": "1%", "yearly": "1%"}
        ),
        BrokerCosts.model_validate({"tariff": "ing", "savings_plan": True, "spread": SPREAD}),
    ],
    ids=["free", "rate", "rate and more", "all", "free plan"],
)
def test_what_was_paid_by_kind_and_year_adds_up_to_all_costs(costs: AnyCosts) -> None:
    """The parts come from the kernel's charge, each by itself, and leave nothing out."""
    prices = np.cumprod(1.0 + 0.02 * np.random.default_rng(3).standard_normal((600, 2)), axis=0)
    market, foreign = market_of((100.0 * prices).tolist()), np.array([False, True])
    mix = FixedMix(weights={"A": 0.5, "B": 0.5}, rebalance={"kind": "annual", "month": "january"})
    terms = account(capital=40_000, contributions={"amount": 500, "every": "month"})
    ledger = simulate(market, mix, terms, costs.cost_table(market.assets, foreign))
    fees = fees_by_year(ledger, market, costs.tables_by_kind(market.assets, foreign))
    total = float(ledger.costs.sum() + ledger.fees.sum())
    assert sum(year.total for year in fees) == pytest.approx(total, rel=1e-12, abs=1e-9)
    assert all(year.total > 0.0 for year in fees)
    if costs.savings_plan_price():
        planned = sum(year.savings_plan for year in fees)
        spread_and_fx = (
            ledger.contributions @ np.abs(ledger.order_values) @ costs.cost_table(("A", "B"), foreign).spread
        )
        assert planned == pytest.approx(float(ledger.costs[ledger.contributions].sum() - spread_and_fx), abs=1e-9)


def gone(costs: AnyCosts) -> tuple[Ledger, Market]:
    """Run from the 200th session on, with 200 a month and B delisted half a year later."""
    closes = 40.0 * np.cumprod(1.0 + 0.02 * np.random.default_rng(4).standard_normal((600, 2)), axis=0)
    closes[330:, 1] = np.nan
    market = market_of(closes)
    terms = account(capital=40_000, contributions={"amount": 200, "every": "month"})
    ledger = simulate(market, NEVER, terms, costs.cost_table(market.assets), start=200)
    assert ledger.payouts.sum() == 1
    return ledger, market


def test_each_year_has_the_costs_of_its_own_sessions_and_a_payout_none() -> None:
    """By the share, at the price of the session, in a run that begins later than the market and outlives an asset."""
    costs = BrokerCosts(tariff="interactive_brokers_fixed", spread=7)
    ledger, market = gone(costs)
    assert costs.tables_by_kind(market.assets, market.foreign).keys() == {"orders", "spread"}
    years = [str(day)[:4] for day in ledger.dates[ledger.rows]]
    own = {int(one): float(ledger.costs[[year == one for year in years]].sum()) for one in years}
    fees = fees_by_year(ledger, market, costs.tables_by_kind(market.assets, market.foreign))
    assert {one.year: one.total for one in fees} == pytest.approx(own, rel=1e-12)
    assert len(own) == 3


def test_only_orders_of_the_broker_are_counted_in_what_it_does_not_charge() -> None:
    """Neither what is not traded at a session, nor a payout; two currencies of one day are two exchanges."""
    prime, tiered = BrokerCosts(tariff="scalable_prime_plus"), BrokerCosts(tariff="interactive_brokers_tiered")
    ledger, market = gone(prime)
    orders = np.abs(ledger.order_values[~ledger.payouts])
    assert (orders == 0.0).any()
    assert uncharged_fees(ledger, market, prime)[0].startswith(f"{np.sum((orders > 0.0) & (orders < 250.0))} orders")
    abroad = dataclasses.replace(market, currencies=("CHF", "GBP"))
    assert uncharged_fees(ledger, abroad, tiered)[0].endswith(f"there were {np.count_nonzero(orders)}.")


def test_what_a_tariff_does_not_charge_is_told_with_its_money() -> None:
    """DKB: both orders of the opening are above 10,000 and cost 15 more each; Prime+: every part of a 500 is below 250."""
    dkb, prime = BrokerCosts(tariff="dkb"), BrokerCosts(tariff="scalable_prime_plus")
    ledger, _ = paid(dkb, contributions={"amount": 500, "every": "month", "invest": "pro_rata"})
    market = market_of([[100.0, 100.0]] * 300)
    assert uncharged_fees(ledger, market, dkb) == [
        "2 orders above 10,000 EUR cost 25.00 each at dkb, 30.00 EUR more in all than was charged"
    ]
    small, subscription = uncharged_fees(ledger, market, prime)
    parts = 2 * int(ledger.contributions.sum())
    assert small.startswith(
        f"{parts} orders below 250 EUR cost 0.99 each at scalable_prime_plus, {0.99 * parts:,.2f} EUR"
    )
    assert subscription.startswith("The subscription of scalable_prime_plus, 59.88 EUR a year, is not charged")
    in_dollars = dataclasses.replace(market, tariff_rates=np.full(300, 2.0))
    assert uncharged_fees(ledger, in_dollars, dkb) == []
    abroad = dataclasses.replace(market, currencies=(market.currency, "CHF"))
    exchange = "An exchange of currency costs 0.002 % of the money, at least 2.00, in USD at interactive_brokers_tiered"
    for fx, charged in (("0", "nothing was"), ("0.03%", "0.03 % of such trades was")):
        broker = BrokerCosts.model_validate({"tariff": "interactive_brokers_tiered", "fx": fx})
        assert uncharged_fees(ledger, market, broker) == []
        assert uncharged_fees(ledger, abroad, broker) == [
            f"{exchange}; {charged} charged for it. With one exchange for each currency and day of trading, there were "
            f"{np.count_nonzero(ledger.order_values[:, 1])}."
        ]
    planned = BrokerCosts(tariff="scalable_prime_plus", savings_plan=True)
    assert len(uncharged_fees(ledger, market, planned)) == 1
    assert uncharged_fees(ledger, market, PLAN) == uncharged_fees(ledger, market, NoCosts()) == []


def test_a_sweep_runs_spreads_by_name_as_each_plan_runs_alone() -> None:
    """Lanes know one spread for all: a plan with several beside one without gets its own figures, to the bit."""
    market = market_of(100.0 * np.cumprod(1.0 + 0.01 * np.random.default_rng(5).standard_normal((400, 2)), axis=0))
    mix = FixedMix(weights={"A": 0.5, "B": 0.5}, rebalance={"kind": "annual", "month": "january"})
    costs = [NoCosts.model_validate({"spread": SPREAD}), NoCosts(spread="0.1%"), NoCosts(spread="0.02%")]
    variants = [Variant(mix, account(), one, 0, 400) for one in costs]
    table = variant_metric_table(market, variants)
    for row, variant in zip(table, variants, strict=True):
        assert row.tobytes() == reference_metrics(market, variant).tobytes()
    assert len({row.tobytes() for row in table}) == 3


def test_the_table_of_fees_has_a_column_for_each_kind_that_was_paid() -> None:
    """The last row adds the years up; one kind alone needs no words."""
    fees = (YearFees(2020, orders=10.0, savings_plan=5.5), YearFees(2021, orders=1.0))
    assert fees_table(fees) == [
        ["year", "orders", "savings plan", "sum"],
        ["2020", "10.00", "5.50", "15.50"],
        ["2021", "1.00", "0", "1.00"],
        ["all years", "11.00", "5.50", "16.50"],
    ]
    assert fees_text(fees, "EUR", 2.0) == (
        "orders 11.00, savings plan 5.50: 16.50 EUR in all, 8.25 EUR a year; the page has them by year"
    )
    assert fees_text((YearFees(2020, orders=1.0),), "EUR", 2.0) == ""
    assert fees_table(()) == []
    share = "1.65 % of the 1,000 EUR that were paid in"
    assert fees_share(fees, "EUR", 1_000.0, 2.0) == f"16.50 EUR in all, 8.25 EUR a year, {share}"
    assert fees_share(fees, "EUR", 1_000.0, 0.5) == f"16.50 EUR in all, {share}"
    assert fees_share(fees, "EUR", 0.0, 2.0) == fees_share((), "EUR", 1_000.0, 2.0) == ""
