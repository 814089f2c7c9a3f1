"""What a taxed comparison says: every figure beside what the ledgers of taxed run and twin have themselves (S19)."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

from engine.analysis.after_tax import TaxTerms
from engine.analysis.breakdown.breakdown import Breakdown, break_down
from engine.analysis.comparison import Comparison, ComparisonTerms, PortfolioMarket, compare
from engine.analysis.difference_parts import Plan, PlanTax
from engine.analysis.performance import Performance
from engine.data.market import Market
from engine.portfolio.account import Account
from engine.portfolio.cost_table import CostTable
from engine.portfolio.policy import Policy
from engine.simulation.run_setup import AS_WRITTEN, BOUGHT_AND_HELD, PolicyVersion
from engine.simulation.simulate import simulate
from engine.tax.book import Taxation
from engine.tax.flat import FlatTax
from strategies.fixed_mix import FixedMix
from tests.support.markets import account, market_of, percent

SESSIONS = 620
NAMES = ("AA", "BB", "CC")
MIX = FixedMix.model_validate(
    {"weights": {"AA": "50%", "BB": "30%", "CC": "15%"}, "rebalance": {"kind": "every", "period": "quarter"}}
)


def market(seed: int = 5, start: str = "2021-03-01") -> Market:
    """Three assets that drift apart and pay dividends four times a year, cash that earns."""
    steps = np.random.default_rng(seed).normal(0.0007, 0.015, (SESSIONS, len(NAMES)))
    plain = market_of(40.0 * np.cumprod(1.0 + steps, axis=0), NAMES, start, annual_cash_rate=0.02)
    dividends = np.zeros_like(plain.prices)
    dividends[20::63] = [0.3, 0.5, 0.0]
    return dataclasses.replace(plain, dividends=dividends)


def law(**changes: object) -> FlatTax:
    keys = {"gains": "25%", "income": "25%", "allowance": 100, "assets": {"BB": {"withheld": "15%"}}}
    return FlatTax.model_validate({**keys, **changes})


def compared(
    tax: FlatTax | None, terms: Account | None = None, costs: CostTable | None = None, policy: Policy = MIX
) -> tuple[Comparison, Plan]:
    sessions, charged, own = PortfolioMarket(market(), 10), costs or percent(0.001, 3), terms or account()
    taxes = None if tax is None else TaxTerms(tax.taxation(reinvests=False), lambda _: sessions)
    found = compare(sessions.market, lambda _: sessions, policy, own, charged, ComparisonTerms(tax=taxes))
    return found, Plan(sessions, policy, own, charged, found.strategy.ledger, PlanTax.of(taxes, policy))


LAWS = {
    "bank": law(),
    "assessment": law(collect="assessment"),
    "outside": law(collect="assessment", short_of_cash="outside", wealth="0.5%"),
    "average": law(lots="average", losses="carry", losses_against="all"),
}


@pytest.fixture(scope="module", params=LAWS)
def taxed(request: pytest.FixtureRequest) -> tuple[FlatTax, Comparison, Plan]:
    own = LAWS[request.param]
    return own, *compared(own)


@pytest.fixture(scope="module")
def broken_down(taxed: tuple[FlatTax, Comparison, Plan]) -> Breakdown:
    return break_down(taxed[1], taxed[2], None)


def test_held_is_the_value_less_what_is_owed_and_sold_less_the_tax_on_selling_all(taxed) -> None:
    for portfolio in taxed[1].portfolios.values():
        ledger, found = portfolio.ledger, portfolio.taxed
        record = ledger.taxes.record
        assert found.after_tax.held.final_value == ledger.value[-1] - record.accrued
        assert found.after_tax.sold.final_value == ledger.value[-1] - (record.accrued + record.latent)
        growth = (found.after_tax.sold.final_value / ledger.value[-1]) * portfolio.performance.level[-1]
        years = portfolio.performance.days / 365.25
        expected = (growth / portfolio.performance.level[0]) ** (1.0 / years) - 1.0
        assert found.after_tax.sold.cagr == pytest.approx(expected, abs=1e-12)


def test_the_twin_is_the_run_that_is_not_taxed(taxed) -> None:
    untaxed, _ = compared(None)
    for name, portfolio in taxed[1].portfolios.items():
        found = portfolio.taxed
        assert found.pre_tax.final_value == untaxed.portfolios[name].ledger.value[-1]
        assert found.pre_tax.cagr == untaxed.portfolios[name].performance.cagr
        assert found.tax.drag == found.pre_tax.cagr - found.after_tax.sold.cagr
        assert 0.0 < found.tax.drag < 0.1
        assert untaxed.portfolios[name].taxed is None


def test_taxes_of_all_years_are_what_was_paid_and_is_owed(taxed) -> None:
    found = taxed[1].strategy.taxed.tax
    due = math.fsum(year.total for year in found.by_year.values())
    assert due == pytest.approx(found.paid + found.outside + found.accrued_unpaid, abs=1e-9)
    assert due > 0.0
    assert found.withheld_abroad > 0.0
    assert taxed[1].checks.worst_tax_residual < 1e-12
    assert taxed[1].checks.worst_lot_residual < 1e-12
    assert taxed[1].checks.worst_cash_residual < 1e-12


def test_the_share_of_taxes_is_what_they_took_of_the_gain_before_tax(taxed) -> None:
    for portfolio in taxed[1].portfolios.values():
        found, capital = portfolio.taxed, portfolio.ledger.capital
        outside = found.tax.outside
        left = found.after_tax.sold.final_value - capital - outside
        assert found.tax.share == pytest.approx(1.0 - left / (found.pre_tax.final_value - capital), abs=1e-12)


def test_the_part_of_taxes_is_what_they_took_of_the_plan_less_what_they_took_of_buy_and_hold(taxed) -> None:
    own, comparison, plan = taxed
    versus = comparison.versus["buy_and_hold"]

    def growth(version: PolicyVersion, taxation: Taxation | None) -> float:
        terms = (plan.sessions.market, MIX, plan.account, plan.costs)
        return Performance.from_ledger(simulate(*terms, start=10, version=version, taxation=taxation)).cagr

    taxation = own.taxation(reinvests=False)
    (p, p1), (b, b1) = (
        [growth(version, law_) for law_ in (taxation, None)] for version in (AS_WRITTEN, BOUGHT_AND_HELD)
    )
    assert versus.parts.taxes == pytest.approx((p - p1) - (b - b1), abs=1e-12)
    assert versus.parts.taxes != 0.0
    assert math.fsum(dataclasses.asdict(versus.parts).values()) == pytest.approx(versus.cagr_difference, abs=1e-12)


def test_the_difference_is_told_before_tax_held_and_sold(taxed) -> None:
    comparison = taxed[1]
    mine, held = (comparison.portfolios[name].taxed for name in ("strategy", "buy_and_hold"))
    found = comparison.versus["buy_and_hold"].after_tax
    assert found.before == pytest.approx(mine.pre_tax.cagr - held.pre_tax.cagr, abs=1e-12)
    assert found.held == pytest.approx(mine.after_tax.held.cagr - held.after_tax.held.cagr, abs=1e-12)
    assert found.sold == pytest.approx(mine.after_tax.sold.cagr - held.after_tax.sold.cagr, abs=1e-12)


def test_gains_by_asset_and_taxes_add_up_to_the_gain(taxed, broken_down: Breakdown) -> None:
    comparison = taxed[1]
    for name, one in (
        ("strategy", broken_down.contribution.strategy),
        ("buy_and_hold", broken_down.contribution.buy_and_hold),
    ):
        ledger = comparison.portfolios[name].ledger
        assert one.taxes == pytest.approx(-ledger.taxes.paid.sum() - ledger.taxes.withheld.sum(), abs=1e-9)
        assert one.gain + one.flows == pytest.approx(ledger.value[-1] - ledger.capital, rel=1e-11)
        total = comparison.portfolios[name].performance.level
        parts = [part.linked for part in one.assets.values()] + list(one.linked_others.values())
        assert math.fsum(parts) == pytest.approx(total[-1] / total[1] - 1.0, abs=1e-12)


def test_the_parts_of_every_year_add_up_to_its_gain(taxed, broken_down: Breakdown) -> None:
    for parts, year in zip(broken_down.contribution_by_year, broken_down.account_by_year, strict=True):
        assert parts.total * parts.begun_with == pytest.approx(year.gain, abs=1e-7)
        assert parts.taxes * parts.begun_with == pytest.approx(-year.taxes, abs=1e-9)
    assert math.fsum(year.taxes for year in broken_down.account_by_year) == pytest.approx(
        taxed[1].strategy.taxed.tax.paid + taxed[1].strategy.taxed.tax.withheld_abroad
    )


def test_rebalances_and_the_rest_with_taxes_add_up_to_the_difference(broken_down: Breakdown) -> None:
    found = broken_down.rebalances_done
    assert found.rest.taxes != 0.0
    assert found.gain_at_end + found.rest.total == pytest.approx(found.difference, abs=1e-7)


def test_shares_of_the_risk_add_up_to_all_of_it(broken_down: Breakdown) -> None:
    found = broken_down.risk
    parts = [one.share for one in found.assets.values()] + list(found.others.values())
    assert "taxes" in found.others
    assert math.fsum(parts) == pytest.approx(1.0, abs=1e-9)


@pytest.mark.parametrize("amount", [500, -300])
def test_returns_with_flows_and_taxes_are_the_sum_of_their_parts(amount: int) -> None:
    terms = account(contributions={"amount": amount, "every": "month"})
    for own in LAWS.values():
        comparison, plan = compared(own, terms)
        found = break_down(comparison, plan, None).contribution
        for name, one in (("strategy", found.strategy), ("buy_and_hold", found.buy_and_hold)):
            portfolio = comparison.portfolios[name]
            parts = [part.linked for part in one.assets.values()] + list(one.linked_others.values())
            level = portfolio.performance.level
            assert math.fsum(parts) == pytest.approx(level[-1] / level[1] - 1.0, abs=1e-11)
            gain = portfolio.ledger.value[-1] - portfolio.ledger.capital
            assert one.gain + one.flows == pytest.approx(gain, rel=1e-9)


def test_tax_from_elsewhere_is_a_flow_of_the_investor() -> None:
    comparison, _ = compared(LAWS["outside"], policy=MIX.model_copy(update={"weights": {"AA": 0.6, "BB": 0.4}}))
    performance, ledger = comparison.strategy.performance, comparison.strategy.ledger
    assert ledger.taxes.outside.sum() > 0.0
    assert performance.pocket is not None
    expected = -ledger.taxes.outside
    expected[0] -= ledger.capital
    expected[-1] += ledger.value[-1]
    np.testing.assert_array_equal(performance.pocket, expected)
    paid_inside = compared(LAWS["bank"])[0].strategy
    assert paid_inside.performance.pocket is None


def test_an_untaxed_comparison_has_no_figure_of_taxes() -> None:
    comparison, plan = compared(None)
    found = break_down(comparison, plan, None)
    assert comparison.checks.worst_tax_residual is None
    assert comparison.versus["buy_and_hold"].after_tax is None
    assert comparison.versus["buy_and_hold"].parts.taxes == 0.0
    assert found.contribution.strategy.taxes is None
    assert "taxes" not in found.risk.others


def test_the_kind_of_a_law_is_never_asked() -> None:
    """Any object with the two methods of a law is one."""
    taxation: Taxation = law().taxation(reinvests=True)
    sessions = PortfolioMarket(market(), 10)
    terms = ComparisonTerms(tax=TaxTerms(taxation, lambda _: sessions))
    found = compare(sessions.market, lambda _: sessions, MIX, account(), percent(0.001, 3), terms)
    assert found.strategy.ledger.payouts.any()
    assert found.checks.worst_lot_residual < 1e-12
    plan = Plan(sessions, MIX, account(), percent(0.001, 3), found.strategy.ledger, PlanTax.of(terms.tax, MIX))
    parts = break_down(found, plan, None).rebalances_done
    assert parts.gain_at_end + parts.rest.total == pytest.approx(parts.difference, abs=1e-7)
