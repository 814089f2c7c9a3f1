"""What must hold for every taxed run, in sentences; hypothesis looks for the run that breaks one."""

from __future__ import annotations

import dataclasses
from collections import defaultdict

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from engine.core.arrays import read_only
from engine.data.market import Market
from engine.simulation.ledger import Ledger, ledger_checks
from engine.simulation.run_setup import BOUGHT_AND_HELD
from engine.tax.record import TaxFlows, TaxRecord
from strategies.fixed_mix import FixedMix
from tests.support.taxed_plans import (
    AT_ONCE,
    FLAT,
    GERMANY,
    LAWS,
    UNITED_STATES,
    TaxedPlan,
    market_of_years,
    taxed_plans,
)

FEW = settings(max_examples=12)
any_law, at_once = st.sampled_from(LAWS), st.sampled_from(AT_ONCE)
ZERO = {"kind": "flat", "gains": "0%", "income": "0%"}


def flows_of(run: Ledger) -> TaxFlows:
    assert run.taxes is not None
    return run.taxes


def record_of(run: Ledger) -> TaxRecord:
    return flows_of(run).record


def left(run: Ledger) -> float:
    """What is there when all taxes are paid and nothing is sold [currency]."""
    return float(run.value[-1]) - record_of(run).accrued


def sold(run: Ledger) -> float:
    """What is there when everything is sold and taxed [currency]."""
    return left(run) - record_of(run).latent


def tax_of_life(run: Ledger) -> float:
    """All taxes, from wherever they were paid, everything sold at the end [currency]."""
    flows, record = flows_of(run), record_of(run)
    paid = flows.paid.sum() + flows.outside.sum() + flows.withheld.sum()
    return float(paid) + record.accrued + record.latent


@FEW
@given(taxed_plans(), any_law)
def test_the_units_in_lots_are_the_units_held(plan: TaxedPlan, law: dict[str, object]) -> None:
    run = plan.taxed(law)
    held = np.zeros(3)
    for lot in record_of(run).lots:
        held[lot.asset] += lot.units
    assert held == pytest.approx(run.units[-1], rel=1e-9, abs=1e-9)


@FEW
@given(taxed_plans(), at_once)
def test_the_tax_of_all_entries_is_the_tax_paid(plan: TaxedPlan, law: dict[str, object]) -> None:
    flows = flows_of(plan.taxed(law))
    owed = sum(entry.tax for entry in flows.record.entries)
    assert owed == pytest.approx(flows.paid.sum() + flows.outside.sum() + flows.record.accrued, abs=1e-6)


@FEW
@given(taxed_plans(), any_law)
def test_the_years_add_up_to_what_was_paid_and_is_owed(plan: TaxedPlan, law: dict[str, object]) -> None:
    flows = flows_of(plan.taxed(law))
    years = sum(year.total for year in flows.record.years)
    assert years == pytest.approx(flows.paid.sum() + flows.outside.sum() + flows.record.accrued, abs=1e-6)
    for year in flows.record.years:
        assert year.total == pytest.approx(year.dividends + year.advance + year.sales + year.interest, abs=1e-6)


@FEW
@given(taxed_plans(), st.sampled_from([FLAT, GERMANY]))
def test_no_year_ends_with_money_from_the_state(plan: TaxedPlan, law: dict[str, object]) -> None:
    assert min(year.total for year in record_of(plan.taxed(law)).years) >= -1e-9


@FEW
@given(taxed_plans(), any_law)
def test_cash_is_explained_and_never_negative(plan: TaxedPlan, law: dict[str, object]) -> None:
    run = plan.taxed(law)
    assert ledger_checks(run, plan.market).worst_cash_residual < 1e-11
    assert run.cash.min() >= 0.0


@FEW
@given(taxed_plans(), any_law)
def test_a_rebalance_reaches_its_targets_after_tax(plan: TaxedPlan, law: dict[str, object]) -> None:
    assert ledger_checks(plan.taxed(law), plan.market).worst_weight_residual < 1e-12


@FEW
@given(taxed_plans(), any_law)
def test_costs_of_lots_and_of_what_was_sold_are_what_was_paid(plan: TaxedPlan, law: dict[str, object]) -> None:
    assume((law.get("lots") != "average" and law.get("wash_sales") == "false") or law["kind"] != "united_states")
    run = plan.taxed(law)
    buys = np.where(run.trades > 0.0, run.trades * run.prices + run.costs, 0.0).sum()
    sales = [entry for entry in record_of(run).entries if entry.kind == "sale"]
    got = np.where(run.trades < 0.0, -run.trades * run.prices - run.costs, 0.0).sum()
    deemed = sum(entry.gain for entry in record_of(run).entries if entry.kind == "advance")
    in_lots = sum(lot.cost for lot in record_of(run).lots)
    still_deemed = sum(lot.deemed for lot in record_of(run).lots)
    cost_sold = got - sum(entry.gain for entry in sales) - (deemed - still_deemed)
    assert in_lots + cost_sold == pytest.approx(buys, rel=1e-9)


@FEW
@given(taxed_plans(), any_law)
def test_the_order_of_the_assets_changes_nothing(plan: TaxedPlan, law: dict[str, object]) -> None:
    """A is renamed Z, so that it is the last column."""
    names, order = {"A": "Z", "B": "B", "C": "C"}, [1, 2, 0]
    run, market = plan.taxed(law), plan.market
    assert market.dividends is not None
    other = Market.build(market.dates, ("B", "C", "Z"), market.prices[:, order], currency="EUR")
    other = dataclasses.replace(other, dividends=read_only(market.dividends[:, order]))
    weights = {names[ticker]: weight for ticker, weight in plan.policy.fixed_targets().items() if weight}
    policy = type(plan.policy).model_validate({**plan.policy.model_dump(), "weights": weights})
    keys = {**law, "assets": {names[key]: one for key, one in law["assets"].items()}} if "assets" in law else law
    moved = TaxedPlan(other, policy, plan.keys).taxed(keys)
    assert moved.value == pytest.approx(run.value, rel=1e-10)
    assert tax_of_life(moved) == pytest.approx(tax_of_life(run), rel=1e-8, abs=1e-6)


@FEW
@given(taxed_plans(), any_law)
def test_nothing_is_taxed_where_nothing_is_earned(plan: TaxedPlan, law: dict[str, object]) -> None:
    """Prices that only fall, no dividends, no interest: no tax; the United States give back what losses are worth."""
    falling = plan.market.prices[0] * (1.0 - 0.001 * np.arange(len(plan.market.dates)))[:, None]
    run = dataclasses.replace(plan.with_prices(falling).without_dividends(), keys={"currency": "EUR"}).taxed(law)
    assert flows_of(run).paid.max() <= 1e-9
    assert record_of(run).accrued <= 1e-9
    assert record_of(run).latent <= 1e-9


@FEW
@given(taxed_plans(), any_law)
def test_in_a_flat_market_value_and_taxes_are_the_twins(plan: TaxedPlan, law: dict[str, object]) -> None:
    """Without growth a tax costs what it is, no more; dividends wait as cash, as reinvested they would earn more."""
    flat = np.repeat(plan.market.prices[:1], len(plan.market.dates), axis=0)
    still = dataclasses.replace(plan.with_prices(flat), keys={"currency": "EUR", "capital": 100_000})
    run, twin = (still.taxed(one, reinvests=False, version=BOUGHT_AND_HELD) for one in (law, ZERO))
    flows = flows_of(run)
    earned = float(twin.value[-1]) - float(run.value[-1])
    assert earned == pytest.approx(float(flows.paid.sum() + flows.withheld.sum()), rel=1e-9, abs=1e-6)


@FEW
@given(taxed_plans())
def test_a_law_of_no_tax_leaves_the_run_as_it_is(plan: TaxedPlan) -> None:
    """Dividends kept as cash; a run without a law and one whose rates are zero differ by rounding."""
    free, none = plan.taxed(ZERO, reinvests=False), plan.taxed(None)
    assert free.value == pytest.approx(none.value, rel=1e-12)
    assert none.taxes is None


@FEW
@given(
    taxed_plans(),
    st.sampled_from([{**FLAT}, {**GERMANY, "allowance": "0"}, {**UNITED_STATES, "loss_against_income": "0"}]),
)
def test_twice_the_capital_is_twice_everything_without_amounts_in_the_law(
    plan: TaxedPlan, law: dict[str, object]
) -> None:
    one, two = (
        dataclasses.replace(plan, keys={"currency": "EUR", "capital": capital}).taxed(law)
        for capital in (50_000, 100_000)
    )
    assert two.value == pytest.approx(2.0 * one.value, rel=1e-10)
    assert tax_of_life(two) == pytest.approx(2.0 * tax_of_life(one), rel=1e-9, abs=1e-6)


@FEW
@given(taxed_plans(), any_law, st.integers(30, 300))
def test_a_run_cannot_see_beyond_its_session(plan: TaxedPlan, law: dict[str, object], until: int) -> None:
    """Other prices and dividends after a session change neither values nor taxes up to it."""
    market, poison = plan.market, plan.market.prices.copy()
    assert market.dividends is not None
    poison[until:] *= np.linspace(0.3, 3.0, len(poison) - until)[:, None]
    paid = market.dividends.copy()
    paid[until:] *= 3.0
    run, other = plan.taxed(law), plan.with_prices(poison)
    other = dataclasses.replace(other, market=dataclasses.replace(other.market, dividends=read_only(paid)))
    poisoned = other.taxed(law)
    assert (poisoned.value[:until] == run.value[:until]).all()
    assert (flows_of(poisoned).paid[:until] == flows_of(run).paid[:until]).all()


@FEW
@given(taxed_plans())
def test_the_advance_lump_sum_is_only_earlier_and_never_more(plan: TaxedPlan) -> None:
    """Paid from outside and without allowance, all taxes of a fund that is held are those on its gain (InvStG § 19)."""
    one = {"fund": "equity", "income": "accumulating"}
    law = {"kind": "germany", "allowance": "0", "short_of_cash": "outside", "assets": dict.fromkeys("ABC", one)}
    grown = plan.market.prices[0] * np.linspace(1.0, 2.5, len(plan.market.dates))[:, None]
    held = dataclasses.replace(plan.with_prices(grown).without_dividends(), keys={"currency": "EUR"})
    run = held.taxed(law, version=BOUGHT_AND_HELD)
    gains = float(run.value[-1]) - run.capital
    assume(gains > 0.0)
    assert tax_of_life(run) == pytest.approx(0.26375 * 0.7 * gains, rel=1e-9)
    assert any(entry.kind == "advance" for entry in record_of(run).entries)


@FEW
@given(taxed_plans(), st.sampled_from([0, 100, 500, 2000]), st.sampled_from([0, 100, 500, 2000]))
def test_a_larger_allowance_leaves_no_less(plan: TaxedPlan, one: int, two: int) -> None:
    runs = [plan.taxed({**GERMANY, "allowance": str(money)}, version=BOUGHT_AND_HELD) for money in sorted((one, two))]
    assert sold(runs[0]) <= sold(runs[1]) * (1.0 + 1e-12)


@FEW
@given(taxed_plans())
def test_a_higher_church_tax_leaves_no_more(plan: TaxedPlan) -> None:
    values = [sold(plan.taxed({**GERMANY, "church": rate}, version=BOUGHT_AND_HELD)) for rate in ("none", "8%", "9%")]
    assert values == sorted(values, reverse=True)


@FEW
@given(taxed_plans())
def test_one_loss_pot_never_leaves_a_buyer_and_holder_less_than_two(plan: TaxedPlan) -> None:
    two, one = (sold(plan.taxed({**GERMANY, "pots": pots}, version=BOUGHT_AND_HELD)) for pots in ("two", "one"))
    assert one >= two * (1.0 - 1e-12)


@FEW
@given(taxed_plans(), any_law)
def test_lots_are_bought_before_they_are_sold_and_belong_to_their_asset(
    plan: TaxedPlan, law: dict[str, object]
) -> None:
    run = plan.taxed(law)
    bought = defaultdict(set)
    for event, row in enumerate(run.rows.tolist()):
        for j in np.flatnonzero(run.trades[event] > 0.0).tolist():
            bought[j].add(row)
    for entry in record_of(run).entries:
        if entry.kind == "sale" and entry.lot_row >= 0:
            assert entry.lot_row <= entry.row
            assert entry.lot_row in bought[entry.asset]


@FEW
@given(taxed_plans(), any_law)
def test_the_same_run_twice_has_the_same_bits(plan: TaxedPlan, law: dict[str, object]) -> None:
    first, second = plan.taxed(law), plan.taxed(law)
    assert first.value.tobytes() == second.value.tobytes()
    assert record_of(first) == record_of(second)


def test_what_is_delisted_is_sold_and_taxed() -> None:
    """C doubles and ends; its payout is a sale: at 25 % a quarter of its gain leaves."""
    prices = np.full((200, 3), 100.0)
    prices[:, 2] = np.linspace(100.0, 200.0, 200)
    prices[120:, 2] = np.nan
    market = market_of_years(prices)
    policy = {"kind": "fixed_mix", "weights": {"A": "50%", "C": "50%"}, "rebalance": {"kind": "never"}}
    plan = TaxedPlan(market, FixedMix.model_validate(policy), {"currency": "EUR"})
    run = plan.taxed(FLAT)
    sale = [entry for entry in record_of(run).entries if entry.kind == "sale"]
    assert len(sale) == 1
    assert sale[0].gain == pytest.approx(-sale[0].units * prices[119, 2] - 50_000.0, rel=0.002)
    assert flows_of(run).paid.sum() == pytest.approx(0.25 * sale[0].gain)
    assert {lot.asset for lot in record_of(run).lots} == {0}
