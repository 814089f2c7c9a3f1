"""A taxable account and two that are not, session by session: dividends, assessments, what is owed at the end."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError

from engine.core.arrays import DateArray
from engine.data.market import Market
from engine.simulation.simulate import simulate
from engine.tax.book import TaxBook
from engine.tax.laws import AnyTax
from engine.tax.record import TaxRecord
from engine.tax.united_states.book import UnitedStatesBook
from engine.tax.united_states.law import UnitedStatesTax
from strategies.fixed_mix import FixedMix
from tests.support.markets import account, free

ASSETS = {"A": {"fund": "us"}, "B": {"stock": "US", "qualified": "0%"}}
RATES = {"ordinary": "24%", "long_term": "15%"}
DAYS = np.arange(np.datetime64("2023-01-01"), np.datetime64("2026-01-01"))


def law(**keys: object) -> UnitedStatesTax:
    """Return a law of two assets at 24 and 15 %, unless told otherwise."""
    return UnitedStatesTax.model_validate({"rates": RATES, "assets": ASSETS, **keys})


def market(dates: DateArray = DAYS, dividends: float = 0.0) -> Market:
    """Return two assets at 100 on every day, with a dividend of each on the first of every month."""
    paid = np.zeros((len(dates), 2))
    paid[np.isin(dates, dates.astype("datetime64[M]").astype("datetime64[D]"))] = dividends
    flat = Market.build(dates, ("A", "B"), np.full((len(dates), 2), 100.0))
    return dataclasses.replace(flat, dividends=paid)


def book(**keys: object) -> UnitedStatesBook:
    """Return an empty book."""
    opened = law(**keys).taxation(reinvests=True).open_book(market(), 0)
    assert isinstance(opened, UnitedStatesBook)
    return opened


def row(day: str) -> int:
    return int(np.searchsorted(DAYS, np.datetime64(day)))


def trade(one: TaxBook, day: str, units: float, price: float, fee: float = 0.0) -> None:
    one.take_trades(row(day), [units, 0.0], [price, 100.0], [fee, 0.0])


def close(one: TaxBook, day: str, price: float = 100.0, value: float = 0.0) -> TaxRecord:
    return one.close(row(day), [price, 100.0], 0.0, value)


def test_a_year_is_paid_once_on_the_day_of_the_next() -> None:
    """Ten that cost 1001 with their fee and bring 1199 after it gain 198 short-term: 24 % on 15 April, nothing before."""
    one = book()
    trade(one, "2023-02-01", 10.0, 100.0, 1.0)
    trade(one, "2023-06-01", -10.0, 120.0, 1.0)
    assert one.begin_year(row("2024-01-01")) == 0.0
    assert one.assessed(row("2024-04-14")) == 0.0
    assert one.assessed(row("2024-04-15")) == pytest.approx(0.24 * 198.0)
    assert one.assessed(row("2025-04-15")) == 0.0
    record = close(one, "2025-06-01")
    assert [(year.year, year.total, year.gains) for year in record.years] == [
        (2023, pytest.approx(47.52), pytest.approx(198.0)),
        (2024, 0.0, 0.0),
        (2025, 0.0, 0.0),
    ]
    assert record.accrued == 0.0
    paid = [entry for entry in record.entries if entry.kind == "assessment"]
    assert [(entry.year, entry.tax) for entry in paid if entry.tax] == [(2023, pytest.approx(47.52))]


def test_a_net_loss_pays_back_what_it_saves_elsewhere_and_the_rest_is_carried() -> None:
    """5000 lost short-term: 24 % of 3000 comes back, 2000 are left, and lower other income of the next year."""
    first, one = book(), book()
    for each in (first, one):
        trade(each, "2023-02-01", 100.0, 100.0)
        trade(each, "2023-06-01", -100.0, 50.0)
    ended = close(first, "2023-12-31")
    assert ended.pots == {"short": 2000.0, "long": 0.0}
    assert "2,000.00 are left" in ended.notes[0]
    assert one.assessed(row("2024-04-15")) == pytest.approx(-720.0)
    record = close(one, "2024-06-01")
    assert (record.accrued, record.pots) == (pytest.approx(-480.0), {"short": 0.0, "long": 0.0})


def test_a_loss_of_a_year_that_is_not_paid_yet_is_carried_too() -> None:
    """5000 lost in December; in March 720 is to come back for that year, and 480 for the running one."""
    one = book()
    trade(one, "2023-02-01", 100.0, 100.0)
    trade(one, "2023-12-01", -100.0, 50.0)
    assert close(one, "2024-03-01").accrued == pytest.approx(-720.0 - 480.0)


@pytest.mark.parametrize(("filing", "limit"), [("single", 3000.0), ("separate", 1500.0)])
def test_married_persons_who_file_separately_deduct_half(filing: str, limit: float) -> None:
    """The limit of a loss is the law's, unless it is written."""
    one = book(rates=None, brackets={"filing": filing, "ordinary_income": "100000"})
    trade(one, "2023-02-01", 100.0, 100.0)
    trade(one, "2023-06-01", -100.0, 50.0)
    assert close(one, "2023-12-31").pots["short"] == 5000.0 - limit


def test_dividends_are_qualified_unless_their_unit_is_sold_within_sixty_days() -> None:
    """1000 on 100 units of a fund: 150; bought 20 days before and half of them sold after 60 days or 61: 195 or 150."""
    for sold, tax in (("2023-03-13", 0.15 * 500.0 + 0.24 * 500.0), ("2023-03-14", 0.15 * 1000.0)):
        one = book()
        trade(one, "2023-01-12", 100.0, 100.0)
        one.take_income(row("2023-02-01"), [100.0, 0.0], [1000.0, 0.0])
        trade(one, sold, -50.0, 100.0)
        assert close(one, "2023-12-31").years[0].dividends == pytest.approx(tax)


def test_a_sale_of_january_can_disqualify_a_dividend_of_december() -> None:
    """It is the year of the dividend that is taxed more, before it is assessed."""
    one = book()
    trade(one, "2023-12-10", 100.0, 100.0)
    one.take_income(row("2023-12-20"), [100.0, 0.0], [1000.0, 0.0])
    trade(one, "2024-01-15", -100.0, 100.0)
    assert one.assessed(row("2024-04-15")) == pytest.approx(240.0)


def test_a_lot_bought_at_the_ex_date_has_not_received_its_dividend() -> None:
    """It is sold soon, and the dividend of the older lot stays qualified."""
    one = book(lots="hifo")
    trade(one, "2023-01-12", 100.0, 90.0)
    one.take_income(row("2023-06-01"), [100.0, 0.0], [1000.0, 0.0])
    trade(one, "2023-06-01", 10.0, 100.0)
    trade(one, "2023-06-20", -10.0, 100.0)
    assert close(one, "2023-12-31").years[0].dividends == pytest.approx(150.0)


def test_a_share_of_a_funds_dividends_is_ordinary_income() -> None:
    """Nothing of a real estate company's is qualified; interest is not either, and a negative one is no loss."""
    one = book()
    one.take_income(row("2023-06-01"), [10.0, 10.0], [1000.0, 1000.0])
    one.take_interest(row("2023-12-31"), 100.0)
    one.take_interest(row("2024-12-31"), -100.0)
    record = close(one, "2024-12-31")
    assert [(year.dividends, year.interest) for year in record.years] == [
        (pytest.approx(390.0), pytest.approx(24.0)),
        (0.0, 0.0),
    ]


def test_what_is_owed_and_what_selling_would_cost_are_two_figures() -> None:
    """200 short-term of last year and 100 of this are owed; a lot that gained 500 long-term costs 75 more."""
    one = book()
    trade(one, "2023-01-01", 10.0, 100.0)
    trade(one, "2023-02-01", 30.0, 100.0)
    one.begin_year(row("2024-01-01"))
    one.take_trades(row("2024-01-10"), [0.0, 10.0], [100.0, 100.0], [0.0, 0.0])
    one.take_trades(row("2024-02-10"), [0.0, -10.0], [100.0, 110.0], [0.0, 0.0])
    one.income[2023].short += 200.0
    record = close(one, "2024-03-10", price=112.5)
    assert record.accrued == pytest.approx(0.24 * 300.0)
    assert record.latent == pytest.approx(0.15 * 40.0 * 12.5)
    assert sum(lot.units for lot in record.lots) == 40.0


def test_the_tax_of_selling_everything_uses_the_losses_that_are_there() -> None:
    """A short loss of 1000 this year is worth 240 against other income; against a long gain of 1000 it is gone."""
    one = book()
    trade(one, "2023-01-01", 10.0, 100.0)
    one.begin_year(row("2024-01-01"))
    one.take_trades(row("2024-01-10"), [0.0, 10.0], [100.0, 200.0], [0.0, 0.0])
    one.take_trades(row("2024-02-20"), [0.0, -10.0], [100.0, 100.0], [0.0, 0.0])
    record = close(one, "2024-06-10", price=200.0)
    assert (record.accrued, record.latent) == (pytest.approx(-240.0), pytest.approx(240.0))


def test_ten_years_of_ten_percent_leave_nearly_nine_after_tax() -> None:
    """A formula found in print, (1 + CAGR) ** (1 / years) - drag, says 0.96 %."""
    dates = np.array([f"{year}-01-02" for year in range(2010, 2021)], dtype="datetime64[D]")
    opened = law().taxation(reinvests=True).open_book(market(dates), 0)
    opened.take_trades(0, [10.0, 0.0], [100.0, 100.0], [0.0, 0.0])
    value = 1000.0 * 1.1**10
    record = opened.close(10, [value / 10.0, 100.0], 0.0, value)
    after = ((value - record.latent) / 1000.0) ** 0.1 - 1.0
    assert record.latent == pytest.approx(0.15 * (value - 1000.0))
    assert after == pytest.approx(0.0895, abs=1e-4)


def test_a_roth_account_is_never_taxed() -> None:
    """Neither inside nor at the end; it needs no rates and no attributes."""
    free_of_tax = law(account="roth", rates=None, assets={})
    assert not list(free_of_tax.asset_faults(["A", "B"]))
    one = free_of_tax.taxation(reinvests=True).open_book(market(), 0)
    trade(one, "2023-01-01", 10.0, 100.0)
    assert sum(one.take_income(row("2023-06-01"), [10.0, 0.0], [100.0, 0.0]).tax) == 0.0
    one.take_withdrawal(row("2023-07-01"), 100.0)
    record = close(one, "2024-06-01", value=2000.0)
    assert (record.accrued, record.latent, record.entries) == (0.0, 0.0, ())


def test_all_of_a_traditional_account_is_ordinary_income_when_it_leaves() -> None:
    """24 % and a state's 5 % of what is withdrawn and of what is left."""
    one = law(account="traditional", rates={**RATES, "state": "5%"}).taxation(reinvests=True).open_book(market(), 0)
    one.take_withdrawal(row("2023-07-01"), 100.0)
    record = close(one, "2024-06-01", value=2000.0)
    assert [(entry.kind, entry.taxable, entry.tax) for entry in record.entries] == [("withdrawal", 100.0, 0.0)]
    assert "owes 29.00 of the 100.00 withdrawn" in record.notes[0]
    assert record.latent == pytest.approx(580.0)


@pytest.mark.parametrize("lots", ["fifo", "hifo", "min_tax"])
def test_without_prices_that_move_tax_and_value_are_the_twin(lots: str) -> None:
    """A flat market has only dividends to tax: what was paid, withheld nowhere, is all that the value lacks."""
    prices, policy = market(dividends=1.0), FixedMix(weights={"A": 0.6, "B": 0.4})
    taxed = simulate(prices, policy, account(), free(2), taxation=law(lots=lots).taxation(reinvests=False))
    twin = simulate(prices, policy, account(), free(2))
    assert taxed.taxes is not None
    record = taxed.taxes.record
    assert taxed.taxes.paid.sum() + record.accrued == pytest.approx(sum(year.total for year in record.years))
    assert 0.9 * twin.value[-1] < taxed.value[-1] < twin.value[-1]
    for j in range(2):
        assert sum(lot.units for lot in record.lots if lot.asset == j) == pytest.approx(taxed.units[-1, j], rel=1e-12)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"rates": None}, "missing; write rates"),
        ({"brackets": {"filing": "single", "ordinary_income": "9"}}, "keep one of them"),
        ({"account": "traditional", "rates": None}, "flat rate"),
        ({"lots": "average"}, "B lots: fifo"),
        ({"assets": {"A": {"stock": "US", "lots": "average"}}}, "funds only"),
        ({"assets": {"A": {"fund": "us", "stock": "US"}}}, "a fund or a stock"),
        ({"pay_on": "02-01"}, "write 03-02 or later"),
        ({"pay_on": "13-01"}, "no day of every year"),
    ],
)
def test_what_the_law_does_not_know_is_refused_with_a_remedy(keys: dict[str, object], said: str) -> None:
    """Each in one line."""
    with pytest.raises(ValidationError, match=said):
        law(**keys)


def test_assets_without_attributes_are_named_together() -> None:
    """Two of three."""
    faults = list(law().asset_faults(["A", "C", "D"]))
    assert [keys for keys, _ in faults] == [("assets",)]
    assert "C, D" in faults[0][1].replace(" and ", ", ")


def test_the_law_of_each_year_is_known_from_2013_to_2026() -> None:
    """Earlier years are refused; later ones only where thresholds are asked for."""
    assert not list(law().window_faults(1990, 2030))
    own = law(law="of_the_year")
    assert [keys for keys, _ in own.window_faults(2012, 2030)] == [("law",)]
    brackets = law(law="of_the_year", rates=None, brackets={"filing": "joint", "ordinary_income": "90000"})
    assert len(list(brackets.window_faults(2012, 2030))) == 2
    assert not list(brackets.window_faults(2013, 2026))


def test_thresholds_are_of_the_year_where_that_is_asked_for() -> None:
    """A long gain on 45,000 of other income: free up to 49,450 today, up to 47,025 in 2024."""
    taxes = []
    for kind in ("current", "of_the_year"):
        one = book(law=kind, rates=None, brackets={"filing": "single", "ordinary_income": "45000"})
        trade(one, "2023-01-01", 50.0, 100.0)
        trade(one, "2024-06-01", -50.0, 300.0)
        taxes.append(close(one, "2024-12-31").years[-1].total)
    assert taxes == [pytest.approx(0.15 * (55_000 - 49_450)), pytest.approx(0.15 * (55_000 - 47_025))]


def test_what_a_broker_would_not_know_is_told() -> None:
    """Other accounts' wash sales, estimated payments, today's law; what a retirement account leaves out."""
    told = " ".join(law().caveats(["A"], 2004))
    for word in ("Wash sales", "Estimated payments", "2026"):
        assert word in told
    assert "76 %" in " ".join(law(account="traditional").caveats(["A"], 2004))
    assert "not looked for" in " ".join(law(wash_sales="false").caveats(["A"], 2004))


def test_an_asset_is_described_by_what_is_special_about_it() -> None:
    """A fund as any other, a stock whose dividends are ordinary income, one with lots of its own."""
    own = law(assets={**ASSETS, "C": {"fund": "us", "qualified": "95%", "lots": "average"}})
    assert own.describe("A") == "US fund"
    assert own.describe("B") == "US stock, 0 % of its dividends can be qualified"
    assert own.describe("C") == "US fund, 95 % of its dividends can be qualified, lots at average cost"


def test_the_kind_names_the_law() -> None:
    """``AnyTax`` reads it by its kind, and its words can be read back."""
    written = law(lots="hifo").model_dump(mode="json")
    assert TypeAdapter(AnyTax).validate_python(written) == law(lots="hifo")
