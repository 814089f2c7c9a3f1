"""The fee for keeping an account (S11): when, of what, who pays it where cash does not serve, and what it leaves alone."""

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
from engine.portfolio.yearly_fee import yearly_fee_shares
from engine.simulation.ledger import Ledger, ledger_checks
from engine.simulation.run_setup import BOUGHT_AND_HELD
from engine.simulation.simulate import simulate
from engine.sweep.batch.planner import VariantColumns, planner_for
from engine.sweep.batch.policy_groups import Variant
from engine.sweep.batch.run_batch import reference_metrics, variant_metric_table
from strategies.fixed_mix import FixedMix
from tests.support.markets import account, market_of
from tests.support.random_markets import closes
from tests.support.rule_book import plans

YEARLY = PercentCosts(rate=0.001, yearly=0.01)
NEVER, JANUARY = {"kind": "never"}, {"kind": "annual", "month": "january"}


def days(*texts: str) -> np.ndarray:
    return np.array(texts, dtype="datetime64[D]")


def run(
    prices: object, costs: NoCosts | PercentCosts | PerOrderCosts, rule: object = NEVER, start="2020-11-02", **terms
) -> tuple[Ledger, Market]:
    """A mix of 60 and 40, or of A alone."""
    market = market_of(np.asarray(prices, dtype=float), start=start)
    weights = {"A": 0.6, "B": 0.4} if len(market.assets) == 2 else {"A": 1.0}
    mix = FixedMix(weights=weights, rebalance=rule)
    return simulate(market, mix, account(**terms), costs.cost_table(len(market.assets))), market


def test_it_is_due_with_each_new_year_and_at_the_end_for_the_days_since_the_last() -> None:
    """Ten days to 4 January, 365 to the next, which has no session, so 368; 20 to the end; nothing on the opening."""
    dates = days("2019-12-02", "2020-12-25", "2021-01-04", "2021-06-30", "2022-01-07", "2022-01-27")
    assert yearly_fee_shares(dates, 1, 0.365) == pytest.approx({2: 0.010, 4: 0.368, 5: 0.020}, rel=1e-14)
    assert yearly_fee_shares(dates, 5, 0.365) == {}
    assert yearly_fee_shares(dates, 0, 0.0) == {}


def test_an_account_of_cash_loses_exactly_the_fee() -> None:
    """1,000 in cash, as no order is large enough: 61 days to 1 January at 1 %, then 31 to the end."""
    ledger, _ = run(np.full((66, 1), 10.0), YEARLY, start="2020-11-01", capital=1000, min_order=1e9)
    assert ledger.dates[0] == np.datetime64("2020-11-02")
    first = 1000.0 * 0.01 * 60 / 365
    last = (1000.0 - first) * 0.01 * 31 / 365
    assert ledger.fees[ledger.fees > 0.0] == pytest.approx([first, last], rel=1e-14)
    assert ledger.dates[ledger.fees > 0.0].tolist() == days("2021-01-01", "2021-02-01").tolist()
    assert ledger.value[-1] == pytest.approx(1000.0 - first - last, rel=1e-14)


def test_what_cash_lacks_the_most_overweight_is_sold_for_costs_included() -> None:
    """A doubles: only A is sold, for the fee and its own 0.1 %; cash is empty before and after."""
    prices = np.full((66, 2), 10.0)
    prices[1:, 0] = 20.0
    ledger, market = run(prices, YEARLY)
    event = ledger.reasons.index("yearly fee")
    row = int(ledger.rows[event])
    value = float(ledger.value[row - 1])
    fee = value * 0.01 * 60 / 365
    assert ledger.fees[row] == pytest.approx(fee, rel=1e-14)
    assert -ledger.order_values[event] == pytest.approx([fee / 0.999, 0.0], rel=1e-12)
    assert ledger.cash[row] == pytest.approx(0.0, abs=1e-9)
    assert ledger_checks(ledger, market).worst_cash_residual < 1e-15


def test_a_fee_does_not_wait_for_a_limit() -> None:
    """Both fall by a tenth on every day of January and trade at 1 % less at most: the fee is raised all the same."""
    prices = np.full((66, 2), 10.0)
    prices[40:] *= 0.9 ** np.arange(26)[:, None]
    ledger, _ = run(prices, YEARLY, capital=1000, execution={"kind": "limit", "margin": "1%"})
    row = int(ledger.rows[ledger.reasons.index("yearly fee")])
    assert prices[row, 0] < 0.99 * prices[row - 1, 0]
    assert ledger.fees[row] > 0.0


def test_at_a_rebalance_it_is_money_less() -> None:
    """In January 60 and 40 of the value less fee and costs, in one vector, and no sale of its own."""
    prices = np.column_stack([np.full(66, 10.0), np.linspace(10.0, 12.0, 66)])
    ledger, _ = run(prices, NoCosts(yearly=0.01), JANUARY)
    january = int(np.flatnonzero(ledger.fees)[0])
    held = ledger.units[january - 1] @ prices[january]
    assert ledger.value[january] == pytest.approx(held * (1.0 - 0.01 * 60 / 365), rel=1e-14)
    assert ledger.units[january] * prices[january] == pytest.approx(ledger.value[january] * np.array([0.6, 0.4]))
    assert ledger.reasons == ("opening", "january", "yearly fee")


def test_a_contribution_of_the_day_pays_it_and_the_rest_is_invested() -> None:
    """500 come in with the new year, the fee is less: nothing is sold."""
    terms = {"capital": 1000, "contributions": {"amount": 500, "every": "year"}}
    ledger, _ = run(np.full((60, 1), 10.0), NoCosts(yearly=0.01), **terms)
    row = int(np.flatnonzero(ledger.flows)[0])
    fee = 1000.0 * 0.01 * 60 / 365
    assert ledger.fees[row] == pytest.approx(fee, rel=1e-14)  # of the value before the flow
    assert ledger.order_values[1] == pytest.approx([500.0 - fee], rel=1e-12)
    level = Performance.from_ledger(ledger).level
    assert level[row + 1] / level[row] == pytest.approx((1500.0 - fee) / 1500.0, rel=1e-12)  # S12: all bear it


def test_a_rebalance_whose_sales_are_too_small_is_followed_by_one_that_pays_it() -> None:
    """Orders of less than 5,000 are left out; the fee of 164 is raised all the same, in January by one sale."""
    ledger, _ = run(np.full((60, 2), 10.0), NoCosts(yearly=0.01), JANUARY, min_order=5000)
    january = int(np.flatnonzero(ledger.fees)[0])
    assert [ledger.reasons[k] for k in np.flatnonzero(ledger.rows == january)] == ["yearly fee"]
    assert ledger.value[january] == pytest.approx(100_000.0 * (1.0 - 0.01 * 60 / 365), rel=1e-12)
    assert ledger.cash.min() >= 0.0


def test_an_account_without_a_close_to_sell_at_names_the_fee_and_the_day() -> None:
    """The only asset prints nothing on the first session of the year."""
    prices = np.full((66, 1), 10.0)
    prices[44] = np.nan
    with pytest.raises(
        AccountError, match=r"2021-01-01: 0\.00 of a yearly fee \(costs\.yearly\).*164\.38 can be raised"
    ):
        run(prices, NoCosts(yearly=0.01))


@given(
    closes(assets=6), plans(), st.sampled_from([YEARLY, PerOrderCosts(fixed=1, rate=0.001, minimum=2, yearly=0.02)]),
    st.sampled_from([{}, {"shares": "whole"}, {"contributions": {"amount": 300}}, {"cash": {"rate": "3%"}}]),
)  # fmt: skip
@settings(max_examples=40)
def test_fees_are_shares_of_the_value_before_them_and_with_the_orders_costs_are_all_costs(
    prices, plan, costs, terms
) -> None:
    """Of any plan: each fee is its share of value - flow + costs + fee, cash explains it, and S13 counts it."""
    market = market_of(prices, start="2020-06-01")
    ledger = simulate(market, plan, account(**terms), costs.cost_table(6))
    paid = np.zeros(len(ledger.dates))
    np.add.at(paid, ledger.rows, ledger.costs.sum(axis=1))
    wanted = np.zeros(len(ledger.dates))
    for row, share in yearly_fee_shares(ledger.dates, 0, costs.yearly).items():
        wanted[row] = share * (ledger.value - ledger.flows + paid + ledger.fees)[row]
    assert ledger.fees == pytest.approx(wanted, rel=1e-10)
    assert ledger.fees[-1] > 0.0
    assert ledger_checks(ledger, market).worst_cash_residual < 1e-12
    assert ledger.cash.min() >= 0.0
    found = Performance.from_ledger(ledger).costs
    assert found == pytest.approx(float(ledger.costs.sum() + ledger.fees.sum()), rel=1e-12)


def test_every_portfolio_bears_it_and_the_runs_without_costs_are_without_it() -> None:
    """Buy-and-hold pays it, too; the part called costs is all of the difference that it makes (S18)."""
    prices = 10.0 * np.cumprod(1.0 + np.random.default_rng(2).normal(0.001, 0.02, (300, 2)), axis=0)
    market = market_of(prices)
    plan = FixedMix(weights={"A": 0.6, "B": 0.4}, rebalance={"kind": "every", "period": "month"})
    table = NoCosts(yearly=0.02).cost_table(2)
    found = compare(market, lambda _: PortfolioMarket(market, 0), plan, account(), table, ComparisonTerms())
    assert all(one.ledger.fees.sum() > 0.0 for one in found.portfolios.values())
    parts = found.versus["buy_and_hold"].parts

    def growth(costs: NoCosts, **how: object) -> float:
        return Performance.from_ledger(simulate(market, plan, account(), costs.cost_table(2), **how)).cagr or 0.0

    held = {"version": BOUGHT_AND_HELD}
    paid, free = NoCosts(yearly=0.02), NoCosts()
    expected = (growth(paid) - growth(free)) - (growth(paid, **held) - growth(free, **held))
    assert parts is not None
    assert parts.costs == pytest.approx(expected, abs=1e-15)
    assert growth(free) - growth(paid) == pytest.approx(0.02, abs=4e-3)


def test_a_sweep_runs_it_alone_and_arrives_at_the_same_figures() -> None:
    """The same variant without the fee has a lane; with it, it has none, and the table is that of ``simulate``."""
    prices = 10.0 * np.cumprod(1.0 + np.random.default_rng(2).normal(0.001, 0.02, (300, 2)), axis=0)
    market = market_of(prices)
    plan = FixedMix(weights={"A": 0.6, "B": 0.4}, rebalance=JANUARY)
    charged = Variant(plan, account(), YEARLY, 0, 300)
    free = charged._replace(costs=PercentCosts(rate=0.001))
    assert VariantColumns.from_variants(planner_for(market), [free]) is not None
    assert VariantColumns.from_variants(planner_for(market), [charged]) is None
    assert np.array_equal(
        variant_metric_table(market, [charged])[0], reference_metrics(market, charged), equal_nan=True
    )
