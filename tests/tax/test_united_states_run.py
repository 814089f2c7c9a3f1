"""Runs taxed in the United States: what may not matter does not, and the plan of this project beside another calculation of it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from engine.backtest.loading import open_document, validate_run
from engine.backtest.prices import load_prices
from engine.composition import run_config_class
from engine.data.market import Market
from engine.simulation.ledger import Ledger
from engine.simulation.simulate import simulate
from engine.tax.record import TaxRecord
from engine.tax.united_states.law import UnitedStatesTax
from strategies.fixed_mix import FixedMix
from tests.support.markets import account, free

RATES = {"ordinary": "24%", "long_term": "15%"}
DATES = np.arange(np.datetime64("2018-01-01"), np.datetime64("2022-01-01"), 5)
METHODS = ["fifo", "hifo", "min_tax", "average"]


def law(tickers: tuple[str, ...], **keys: object) -> UnitedStatesTax:
    """Return a law of funds."""
    assets = {ticker: {"fund": "us"} for ticker in tickers}
    return UnitedStatesTax.model_validate({"rates": RATES, "assets": assets, **keys})


def market(names: tuple[str, str, str] = ("A", "B", "C"), seed: int = 4) -> Market:
    """Return three assets that wander and pay, under these names."""
    chance = np.random.default_rng(seed)
    closes = 50.0 * np.cumprod(1.0 + chance.normal(0.001, 0.03, (len(DATES), 3)), axis=0)
    paid = np.where(chance.random((len(DATES), 3)) < 0.06, 0.3, 0.0)
    order = np.argsort(names)
    built = Market.build(DATES, tuple(sorted(names)), closes[:, order])
    return dataclasses.replace(built, dividends=np.ascontiguousarray(paid[:, order]))


def run(prices: Market, weights: dict[str, float], *, capital: float = 100_000.0, **keys: object) -> Ledger:
    """Run a mix that is rebalanced every January; dividends buy more."""
    terms = account(capital=capital)
    taxation = law(prices.assets, **keys).taxation(reinvests=True)
    return simulate(prices, FixedMix(weights=weights), terms, free(3), taxation=taxation)


def taxes(ledger: Ledger) -> TaxRecord:
    assert ledger.taxes is not None
    return ledger.taxes.record


@pytest.mark.parametrize("lots", METHODS)
def test_the_order_of_assets_does_not_matter(lots: str) -> None:
    """The same three under other names: value, and what is owed."""
    plain = run(market(), {"A": 0.5, "B": 0.3, "C": 0.2}, lots=lots)
    turned = run(market(("Z", "M", "D")), {"Z": 0.5, "M": 0.3, "D": 0.2}, lots=lots)
    assert turned.value == pytest.approx(plain.value, rel=1e-11)
    assert taxes(turned).latent == pytest.approx(taxes(plain).latent, rel=1e-9)


@pytest.mark.parametrize("lots", METHODS)
def test_twice_the_capital_is_twice_the_tax(lots: str) -> None:
    """Flat rates have no allowance, and a limit of losses is none where it is large."""
    once, twice = (
        run(market(), {"A": 0.5, "B": 0.3, "C": 0.2}, capital=capital, lots=lots, loss_against_income="1e12")
        for capital in (10_000.0, 20_000.0)
    )
    assert twice.value == pytest.approx(2.0 * once.value, rel=1e-11)
    assert taxes(twice).accrued == pytest.approx(2.0 * taxes(once).accrued, rel=1e-9)


@pytest.mark.parametrize("lots", METHODS)
@pytest.mark.parametrize("wash_sales", ["true", "false"])
def test_lots_are_what_is_held_and_taxes_what_was_paid(lots: str, wash_sales: str) -> None:
    """Units of lots, and the taxes of years that are paid, beside the account's."""
    ledger = run(market(seed=7), {"A": 0.5, "B": 0.3, "C": 0.2}, lots=lots, wash_sales=wash_sales)
    record = taxes(ledger)
    held = [sum(lot.units for lot in record.lots if lot.asset == j) for j in range(3)]
    assert held == pytest.approx(ledger.units[-1], rel=1e-12)
    assert ledger.taxes is not None
    booked = sum(entry.tax for entry in record.entries)
    assert ledger.taxes.paid.sum() + ledger.taxes.outside.sum() == pytest.approx(booked, rel=1e-12)
    assert sum(year.total for year in record.years) == pytest.approx(booked + record.accrued, rel=1e-12)
    for year in record.years:
        sales = [entry.gain for entry in record.entries if entry.kind == "sale" and entry.year == year.year]
        assert year.gains + year.losses == pytest.approx(sum(sales), abs=1e-9)


def test_no_later_price_changes_a_tax_that_is_paid() -> None:
    """Prices after the first of July 2020 are others: taxes up to then are the same."""
    prices, cut = market(), int(np.searchsorted(DATES, np.datetime64("2020-07-01")))
    others = prices.prices.copy()
    others[cut:] *= np.linspace(0.5, 3.0, len(DATES) - cut)[:, None]
    changed = dataclasses.replace(Market.build(DATES, prices.assets, others), dividends=prices.dividends)
    one, two = (run(each, {"A": 0.5, "B": 0.3, "C": 0.2}, lots="min_tax").taxes for each in (prices, changed))
    assert one is not None
    assert two is not None
    assert one.paid[:cut].tolist() == two.paid[:cut].tolist()


def test_a_retirement_account_grows_as_if_there_were_no_tax() -> None:
    """A Roth account is its twin that buys more of what paid."""
    roth = run(market(), {"A": 0.5, "B": 0.3, "C": 0.2}, account="roth")
    taxed = run(market(), {"A": 0.5, "B": 0.3, "C": 0.2})
    assert roth.taxes is not None
    assert roth.taxes.paid.sum() == 0.0
    assert roth.value[-1] > taxed.value[-1]
    held = [sum(lot.units for lot in taxes(roth).lots if lot.asset == j) for j in range(3)]
    assert held == pytest.approx(roth.units[-1], rel=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize(("lots", "sold", "paid"), [("fifo", 0.09140, 19_397.0), ("hifo", 0.09175, 14_699.0)])
def test_the_small_cap_plan_is_left_what_another_calculation_says(
    shared_data: Path, lots: str, sold: float, paid: float
) -> None:
    """Without costs and wash sales, all dividends qualified, the money sold at the end: to 0.001 points a year."""
    plan = Path(__file__).parents[2] / "configs" / "us_small_caps.yaml"
    source = ("data.source.kind=files", f"data.source.path={shared_data / 'raw.parquet'}", "window.end=2024-03-08")
    config = validate_run(open_document(plan, (*source, "data.dividends=cash")), run_config_class())
    own = load_prices(config).sessions_of(config.strategy)
    taxation = law(own.market.assets, lots=lots, wash_sales="false").taxation(reinvests=True)
    costs = free(len(own.market.assets))
    ledger = simulate(own.market, config.strategy, config.account, costs, start=own.start, taxation=taxation)
    years = float((ledger.dates[-1] - ledger.dates[0]).astype(int)) / 365.25
    left = ledger.value[-1] - taxes(ledger).accrued - taxes(ledger).latent
    assert (left / 100_000.0) ** (1.0 / years) - 1.0 == pytest.approx(sold, abs=1e-5)
    assert ledger.taxes is not None
    assert ledger.taxes.paid.sum() == pytest.approx(paid, abs=1.0)
