"""Flat rates by hand: gains, income, losses, lots, credits, wealth, and when each leaves the account."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from pydantic import ValidationError

from engine.core.arrays import FloatArray
from engine.data.market import Market
from engine.simulation.ledger import ledger_checks
from engine.simulation.simulate import simulate
from engine.tax.flat import FlatTax
from engine.tax.flat_book import FlatBook
from strategies.buy_and_hold import BuyAndHold
from tests.support.markets import account, free

DATES = np.array(["2020-01-02", "2020-06-01", "2020-12-31", "2021-01-04", "2021-07-01", "2021-12-31", "2022-07-04"])
NO_FEES = [0.0, 0.0]


def market(closes: FloatArray | None = None) -> Market:
    """Return two assets, flat at 100 unless told otherwise."""
    closes = np.full((len(DATES), 2), 100.0) if closes is None else closes
    return Market.build(DATES.astype("datetime64[D]"), ("A", "B"), closes)


def book(**keys: object) -> FlatBook:
    """Return the empty book of a law with these keys, gains at 25 % and income at 20 % unless told otherwise."""
    law = FlatTax.model_validate({"gains": "25%", "income": "20%", **keys})
    return law.taxation(reinvests=True).open_book(market(), 0)


def bought(**keys: object) -> FlatBook:
    """Return the book of 10 units of each, bought at 100."""
    opened = book(**keys)
    assert opened.take_trades(0, [10.0, 10.0], [100.0, 100.0], NO_FEES) == 0.0
    return opened


def test_a_gain_is_taxed_when_it_is_realised() -> None:
    """Four of ten units at 150 gain 200, less 8 of fees: 25 % of 192."""
    assert bought().take_trades(1, [-4.0, 0.0], [150.0, 100.0], [8.0, 0.0]) == pytest.approx(48.0, abs=1e-12)


def test_asking_for_the_tax_of_trades_books_nothing() -> None:
    """The same question has the same answer twice, and the answer is what booking it returns."""
    one = bought()
    asked = [one.tax_of_trades(1, [-4.0, -1.0], [150.0, 90.0], NO_FEES) for _ in range(2)]
    assert asked == [one.take_trades(1, [-4.0, -1.0], [150.0, 90.0], NO_FEES)] * 2


def test_a_later_loss_of_the_year_is_paid_back() -> None:
    """A gain of 500 costs 125; a loss of 200 after it gives 50 back, and one of 1000 the other 75, not more."""
    one = bought()
    assert one.take_trades(1, [-10.0, 0.0], [150.0, 100.0], NO_FEES) == pytest.approx(125.0)
    assert one.take_trades(1, [0.0, -5.0], [150.0, 60.0], NO_FEES) == pytest.approx(-50.0)
    assert one.take_trades(2, [0.0, -5.0], [150.0, 0.0], NO_FEES) == pytest.approx(-75.0)


@pytest.mark.parametrize(("losses", "tax"), [("none", 125.0), ("year", 125.0), ("carry", 75.0)])
def test_a_loss_of_the_year_before_meets_a_gain_only_where_it_is_carried(losses: str, tax: float) -> None:
    """200 lost in 2020, 500 gained in 2021."""
    one = bought(losses=losses)
    one.take_trades(1, [0.0, -5.0], [100.0, 60.0], NO_FEES)
    one.begin_year(3)
    assert one.take_trades(3, [-10.0, 0.0], [150.0, 60.0], NO_FEES) == pytest.approx(tax)


@pytest.mark.parametrize(("against", "tax"), [("gains", 80.0), ("all", 40.0)])
def test_losses_meet_income_where_they_may(against: str, tax: float) -> None:
    """200 lost, 400 of dividends at 20 %."""
    one = bought(losses_against=against)
    one.take_trades(1, [0.0, -5.0], [100.0, 60.0], NO_FEES)
    assert sum(one.take_income(1, [10.0, 5.0], [300.0, 100.0]).tax) == pytest.approx(tax)


def test_austria_sets_a_loss_of_50_off_against_a_gain_of_100() -> None:
    """13.75 of tax (EStR 2000, § 93 (6) EStG)."""
    one = bought(gains="27.5%", income="27.5%", lots="average", losses="year", losses_against="all")
    first = one.take_trades(1, [0.0, -10.0], [100.0, 95.0], NO_FEES)
    assert first + one.take_trades(1, [-10.0, 0.0], [110.0, 95.0], NO_FEES) == pytest.approx(13.75)


@pytest.mark.parametrize(("lots", "gain"), [("fifo", 3000.0), ("average", 1500.0)])
def test_the_oldest_lot_or_the_average_is_sold(lots: str, gain: float) -> None:
    """100 units each at 30, 40, 50 and 60, 100 sold at 60 (bogleheads.org, Cost basis methods)."""
    one = book(lots=lots, gains="100%")
    for price in (30.0, 40.0, 50.0, 60.0):
        one.take_trades(0, [100.0, 0.0], [price, 100.0], NO_FEES)
    assert one.take_trades(1, [-100.0, 0.0], [60.0, 100.0], NO_FEES) == pytest.approx(gain)


def test_averages_after_a_sale_are_those_of_what_is_left() -> None:
    """160 at 25, 240 at 20, 10 at 30, 210 sold: they cost 4660.98 (IRS Pub 564, 2009, table 3)."""
    one = book(lots="average", gains="100%")
    for units, price in ((160.0, 25.0), (240.0, 20.0), (10.0, 30.0)):
        one.take_trades(0, [units, 0.0], [price, 100.0], NO_FEES)
    gain = one.take_trades(1, [-210.0, 0.0], [40.0, 100.0], NO_FEES)
    assert 210.0 * 40.0 - gain == pytest.approx(4660.98, abs=0.005)
    left = one.close(6, [40.0, 100.0], 0.0, 0.0).lots
    assert [(lot.units, round(lot.cost, 2)) for lot in left] == [(200.0, 4439.02)]


def test_an_allowance_is_used_by_gains_and_then_by_income() -> None:
    """600 are free: 500 of gains, and 100 of the dividends of 400 at 20 %."""
    one = bought(allowance="600")
    assert one.take_trades(1, [-10.0, 0.0], [150.0, 100.0], NO_FEES) == 0.0
    assert sum(one.take_income(2, [0.0, 10.0], [0.0, 400.0]).tax) == pytest.approx(60.0)


def test_tax_withheld_abroad_leaves_and_its_creditable_part_is_set_off() -> None:
    """Of 100 abroad keeps 30; 15 of it are set off against 20 at home."""
    one = bought(assets={"A": {"withheld": "30%", "creditable": "15%"}})
    paid = one.take_income(1, [10.0, 10.0], [100.0, 100.0])
    assert list(paid.withheld) == [30.0, 0.0]
    assert sum(paid.tax) == pytest.approx(25.0)


def test_an_assessment_is_due_on_its_day_of_the_next_year() -> None:
    """What 2020 owes is paid on the first session from 1 July 2021 on, and until then it is owed."""
    law = FlatTax.model_validate({"gains": "25%", "income": "20%", "collect": "assessment", "wealth": "1%"})
    assert list(law.taxation(reinvests=True).assessment_rows(market().dates, 0)) == [4, 6]
    one = bought(collect="assessment", wealth="1%")
    assert one.take_trades(1, [-10.0, 0.0], [150.0, 100.0], NO_FEES) == 0.0
    assert one.wealth_tax(2, 2500.0) == 0.0
    assert one.begin_year(3) == 0.0
    assert [one.assessed(row) for row in (3, 4, 5)] == [0.0, pytest.approx(150.0), 0.0]


def test_what_is_not_paid_yet_is_accrued_and_unrealised_gains_are_latent() -> None:
    """Interest of 50 is owed at 20 %; everything sold at 150 and 90 gains 400."""
    record = bought().close(1, [150.0, 90.0], 50.0, 2450.0)
    assert (record.accrued, record.latent) == (pytest.approx(10.0), pytest.approx(100.0))
    assert [(lot.asset, lot.units, lot.cost) for lot in record.lots] == [(0, 10.0, 1000.0), (1, 10.0, 1000.0)]


def test_the_kinds_of_a_year_add_up_to_its_tax_and_so_do_its_entries() -> None:
    """Sales, dividends, interest and wealth of one year, collected by a bank."""
    one = bought(wealth="0.5%", allowance="100")
    paid = one.take_trades(1, [-4.0, -2.0], [150.0, 80.0], NO_FEES)
    paid += sum(one.take_income(1, [6.0, 8.0], [60.0, 0.0]).tax)
    paid += one.take_interest(2, 10.0) + one.wealth_tax(2, 2000.0)
    one.begin_year(3)
    record = one.close(3, [150.0, 80.0], 0.0, 1540.0)
    year = record.years[0]
    assert year.total == pytest.approx(paid)
    assert year.dividends + year.sales + year.interest + 10.0 == pytest.approx(paid)
    assert sum(entry.tax for entry in record.entries) == pytest.approx(paid)
    assert (year.gains, year.losses, year.allowance) == (pytest.approx(200.0), pytest.approx(-40.0), 100.0)


@pytest.mark.parametrize("collect", ["bank", "assessment"])
def test_a_market_that_stands_still_owes_nothing(collect: str) -> None:
    """No gain, no income: what is there at the end is what was there at the beginning."""
    law = FlatTax.model_validate({"gains": "25%", "income": "20%", "collect": collect})
    held = BuyAndHold.model_validate({"weights": {"A": "50%", "B": "50%"}})
    ledger = simulate(market(), held, account(capital=1000.0), free(2), taxation=law.taxation(reinvests=True))
    assert ledger.value[-1] == pytest.approx(1000.0, abs=1e-9)
    assert ledger.taxes is not None
    assert not ledger.taxes.paid.any()


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ({"pay_on": "02-29"}, "is no day of every year; write month and day, as 07-01"),
        ({"assets": {"A": {"withheld": "15%", "creditable": "20%"}}}, "creditable share that is at most"),
    ],
)
def test_faults_of_a_flat_tax_say_what_to_write(keys: dict[str, object], told: str) -> None:
    """Each is one line."""
    with pytest.raises(ValidationError, match=told):
        FlatTax.model_validate({"gains": "25%", "income": "20%", **keys})


def test_a_tax_that_takes_all_there_is_leaves_cash_explained() -> None:
    """Half of the account is due in July, when it is worth a hundredth: all of it leaves, and nothing stays."""
    closes = np.array([[100.0, 100.0]] * 4 + [[1.07, 0.93]] * 3)
    policy = BuyAndHold.model_validate({"weights": {"A": "37%", "B": "53%"}})
    law = FlatTax.model_validate({"gains": "25%", "income": "20%", "collect": "assessment", "wealth": "50%"})
    taxation, own = law.taxation(reinvests=True), market(closes)
    ledger = simulate(own, policy, account(capital=1000.03), free(2), taxation=taxation)
    assert ledger.taxes is not None
    assert ledger.value[4:].tolist() == [0.0, 0.0, 0.0]
    assert ledger.taxes.outside[4] == pytest.approx(500.015 - ledger.taxes.paid[4])
    assert ledger_checks(ledger, own).worst_cash_residual < 1e-12


@pytest.mark.parametrize("reinvests", [True, False])
def test_a_dividend_whose_taxes_are_more_than_it_is_leaves_no_debt(reinvests: bool) -> None:
    """Of 10 a unit A loses 20 % abroad and all again at home, B nothing but the tax: a fifth more leaves than A paid."""
    law = FlatTax.model_validate({"gains": "0%", "income": "100%", "assets": {"A": {"withheld": "20%"}}})
    own = market()
    paid = np.zeros_like(own.prices)
    paid[1] = 10.0, 5.0
    own = dataclasses.replace(own, dividends=paid)
    policy = BuyAndHold.model_validate({"weights": {"A": "50%", "B": "50%"}})
    taxation = law.taxation(reinvests=reinvests)
    ledger = simulate(own, policy, account(capital=1000.0), free(2), taxation=taxation)
    assert ledger.taxes is not None
    assert (ledger.taxes.paid[1], ledger.taxes.withheld[1]) == (75.0, 10.0)
    assert ledger.value.tolist() == [1000.0] + [990.0] * 6
    assert not ledger.cash.any()


def test_what_one_dividend_leaves_buys_no_more_than_is_there_after_the_taxes_of_another() -> None:
    """A's taxes take 12 of 10 a unit, B's half of 10: 3 of the 5 that B leaves are there to be reinvested."""
    assets = {"A": {"withheld": "70%"}, "B": {"withheld": "0%"}}
    law = FlatTax.model_validate({"gains": "0%", "income": "50%", "assets": assets})
    own = market()
    paid = np.zeros_like(own.prices)
    paid[1] = 10.0
    own = dataclasses.replace(own, dividends=paid)
    policy = BuyAndHold.model_validate({"weights": {"A": "50%", "B": "50%"}})
    ledger = simulate(own, policy, account(capital=1000.0), free(2), taxation=law.taxation(reinvests=True))
    assert ledger.taxes is not None
    assert ledger.value.tolist() == pytest.approx([1000.0] + [1015.0] * 6)
    assert ledger.units[-1].tolist() == pytest.approx([5.0, 5.15])
    assert ledger_checks(ledger, own).worst_cash_residual < 1e-12
