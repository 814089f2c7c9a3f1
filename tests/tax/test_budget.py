"""A budget of tax a year in a run: by hand, and never more than it in a year's rebalance."""

from __future__ import annotations

import numpy as np
import pytest

from engine.backtest.tax_budget import with_budget
from engine.data.market import Market
from engine.simulation.ledger import Ledger
from engine.simulation.simulate import simulate
from engine.tax.germany.law import GermanTax
from engine.tax.law import TaxLaw
from engine.tax.united_states.law import UnitedStatesTax
from strategies.fixed_mix import FixedMix
from tests.support.markets import account, free, percent

ASSETS = ("A", "B", "C")
GERMAN = GermanTax.model_validate({"assets": {name: {"stock": "DE"} for name in ASSETS}, "allowance": 0})
RATES = {"ordinary": "24%", "long_term": "15%"}


def american(**keys: object) -> UnitedStatesTax:
    """Return the law of the United States for three stocks."""
    return UnitedStatesTax.model_validate(
        {"assets": {name: {"stock": "US"} for name in ASSETS}, "rates": RATES, **keys}
    )


LAWS = (GERMAN, american(), american(lots="hifo"), american(lots="min_tax", wash_sales=False))


def mix(*weights: float) -> FixedMix:
    """Return fixed weights, rebalanced every January."""
    named = dict(zip(ASSETS, weights, strict=False))
    return FixedMix.model_validate({"weights": named, "rebalance": {"kind": "annual"}})


def run(
    law: TaxLaw, budget: float | None, closes: np.ndarray, dates: np.ndarray, policy: FixedMix, rate: float = 0.0
) -> Ledger:
    """Run a mix under a law that keeps to a budget."""
    count = closes.shape[1]
    market = Market.build(dates, ASSETS[:count], closes)
    costs = percent(rate, count) if rate else free(count)
    taxation = with_budget(law.taxation(reinvests=True), budget)
    return simulate(market, policy, account(capital=10_000.0), costs, taxation=taxation)


@pytest.mark.parametrize(("law", "budget"), [(GERMAN, 263.75), (american(), 150.0)])
def test_a_budget_sells_what_it_pays_for(law: TaxLaw, budget: float) -> None:
    """100 units bought at 50 are at 150: a gain of 1000 is what 26.375 % or 15 % make the budget of, 10 units."""
    dates = np.array(["2022-06-01", "2023-01-03", "2023-12-29", "2024-01-02", "2024-01-03"], "datetime64[D]")
    closes = np.array([[50.0, 50.0], [50.0, 50.0], [150.0, 50.0], [150.0, 50.0], [150.0, 50.0]])
    ledger = run(law, budget, closes, dates, mix(0.5, 0.5))
    assert ledger.trades[-1][0] == pytest.approx(-10.0, rel=1e-9)
    left = 1500.0 - (263.75 if law is GERMAN else 0.0)
    assert ledger.trades[-1][1] == pytest.approx(left / 50.0, rel=1e-9)
    assert ledger.taxes is not None
    assert ledger.taxes.record.years[-1].sales == pytest.approx(budget, rel=1e-9)
    assert "1 rebalances before their targets" in ledger.notes[0]
    assert ledger.taxes.stopped == (3,)
    assert ledger.targets.tolist() == [[0.5, 0.5]] * 2


def test_a_budget_that_is_enough_changes_nothing() -> None:
    """The same orders, to the bit."""
    dates, closes = random_market(3)
    plain, budgeted = (run(GERMAN, money, closes, dates, mix(0.5, 0.3, 0.2)) for money in (None, 1e9))
    assert np.array_equal(plain.trades, budgeted.trades)
    assert not budgeted.notes


def random_market(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the weeks of eight years, and three stocks that rise and fall in them."""
    rng = np.random.default_rng(seed)
    dates = np.arange(np.datetime64("2015-01-05"), np.datetime64("2023-01-05"), 7)
    return dates, 100.0 * np.cumprod(1.0 + rng.normal(0.003, 0.04, (len(dates), 3)), axis=0)


@pytest.mark.parametrize("law", LAWS, ids=("germany", "fifo", "hifo", "min_tax"))
@pytest.mark.parametrize("budget", [0.0, 40.0])
def test_no_rebalance_brings_a_year_beyond_its_budget(law: TaxLaw, budget: float) -> None:
    """The only sales are those of January: no year's tax is above the budget, and some trading is left where it is not 0."""
    for seed in (1, 2):
        dates, closes = random_market(seed)
        ledger = run(law, budget, closes, dates, mix(0.5, 0.3, 0.2), rate=0.001)
        assert ledger.taxes is not None
        rebalanced = {str(date)[:4] for date in ledger.dates[ledger.rows[ledger.rebalances]]}
        paid_elsewhere = law.kind == "united_states"  # in April, by sales of their own
        for year in ledger.taxes.record.years:
            if str(year.year) in rebalanced and not paid_elsewhere:
                assert year.sales <= budget + 1e-6
        for row, trades in zip(ledger.rows[ledger.rebalances], ledger.trades[ledger.rebalances], strict=True):
            assert row == 0 or budget == 0.0 or np.any(trades != 0.0)
        assert np.min(ledger.cash) >= 0.0


def test_a_budget_needs_flat_rates_in_a_taxable_account() -> None:
    """Brackets and retirement accounts are refused."""
    brackets = {"filing": "single", "ordinary_income": 90_000}
    for keys in ({"brackets": brackets, "rates": None}, {"account": "roth"}):
        with pytest.raises(ValueError, match="flat rates"):
            american(budget=500, **keys)
