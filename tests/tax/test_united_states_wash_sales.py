"""Wash sales beside printed examples: Pub 550, IRS training, Rev. Rul. 56-602, forums; and their faults not made."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from engine.data.market import Market
from engine.tax.record import TaxRecord
from engine.tax.united_states.book import UnitedStatesBook
from engine.tax.united_states.law import UnitedStatesTax

FIRST = np.datetime64("2009-06-01")
DATES = FIRST + np.arange(900)


class Account:
    """One asset on every day from June 2009 on."""

    def __init__(self, **keys: object) -> None:
        """Open it; no tables matter here."""
        law = {"rates": {"ordinary": "25%", "long_term": "15%"}, "assets": {"A": {"fund": "us"}}, **keys}
        market = Market.build(DATES, ("A",), np.ones((len(DATES), 1)))
        opened = UnitedStatesTax.model_validate(law).taxation(reinvests=False).open_book(market, 0)
        assert isinstance(opened, UnitedStatesBook)
        self.book = opened

    def trade(self, day: int | str, units: float, money: float) -> Account:
        """Buy or sell units for ``money`` in all on a day, counted from the first or written."""
        row = day if isinstance(day, int) else int((np.datetime64(day) - FIRST).astype(int))
        self.book.take_trades(row, [units], [money / abs(units)], [0.0])
        return self

    def record(self) -> TaxRecord:
        """Return what was booked."""
        return self.book.close(len(DATES) - 1, [1.0], 0.0, 0.0)

    def allowed(self) -> float:
        """Return the gains and losses that count."""
        return sum(entry.taxable for entry in self.record().entries if entry.kind == "sale")

    def basis(self) -> float:
        """Return what all lots that are left cost."""
        return sum(lot.cost for lot in self.record().lots)


def test_a_loss_bought_back_within_thirty_days_is_not_allowed_and_raises_the_basis() -> None:
    """IRS training: 100 for 1000, sold for 750, bought back for 800. Basis 1050; another: 80 at 50 sold at 30."""
    account = Account().trade(0, 100.0, 1000.0).trade(50, -100.0, 750.0).trade(70, 100.0, 800.0)
    assert (account.allowed(), account.basis()) == (0.0, 1050.0)
    forum = Account().trade(0, 80.0, 4000.0).trade(50, -80.0, 2400.0).trade(70, 80.0, 2560.0)
    assert forum.basis() == 80.0 * 52.0
    assert forum.trade(200, -80.0, 80.0 * 55.0).allowed() == pytest.approx(80.0 * 3.0)


def test_purchases_before_the_sale_replace_too() -> None:
    """Pub 550: 100 sold at a loss of 1000 with 75 bought in December: 250 is allowed, 750 goes into their basis."""
    account = Account().trade("2009-09-24", 100.0, 5000.0).trade("2009-12-18", 50.0, 2750.0)
    account.trade("2009-12-28", 25.0, 1125.0).trade("2010-01-07", -100.0, 4000.0)
    assert account.allowed() == -250.0
    assert account.basis() == 2750.0 + 1125.0 + 750.0
    assert [year.losses for year in account.record().years if year.losses] == [-1000.0]


@pytest.mark.parametrize(
    ("sold", "bought", "price", "allowed", "basis"),
    [(100.0, 50.0, 20.0, -500.0, 30.0), (3.0, 1.0, 100.0, -20.0, 110.0)],
)
def test_only_as_many_as_are_bought_back_are_replaced(
    sold: float, bought: float, price: float, allowed: float, basis: float
) -> None:
    """Units that lose 10 each: 100 with 50 bought back, 3 with 1."""
    account = Account().trade(0, sold, sold * 40.0).trade(60, -sold, sold * 30.0).trade(75, bought, bought * price)
    assert account.allowed() == allowed
    assert account.basis() == bought * basis


def test_a_chain_of_wash_sales_carries_the_loss_on() -> None:
    """100 at 100, 90, 95 with a sale in between each: a basis of 10,500, and 500 gained at 110."""
    account = Account().trade(0, 100.0, 10_000.0).trade(60, -100.0, 9_000.0).trade(61, 100.0, 9_000.0)
    account.trade(90, -100.0, 9_000.0 - 0.0).trade(95, 100.0, 9_500.0)
    assert (account.allowed(), account.basis()) == (0.0, 10_500.0)
    assert account.trade(400, -100.0, 11_000.0).allowed() == 500.0
    simple = Account().trade(0, 100.0, 2500.0).trade(60, -100.0, 2200.0).trade(70, 100.0, 2250.0)
    assert simple.basis() == 2550.0


def test_what_is_left_of_the_lot_that_was_sold_replaces_nothing() -> None:
    """Rev. Rul. 56-602: 100 of 200 bought ten days before lose 1000, which counts; an answer on a forum denies it."""
    account = Account().trade(0, 200.0, 8000.0).trade(10, -100.0, 3000.0)
    assert (account.allowed(), account.basis()) == (-1000.0, 4000.0)


def test_nothing_kept_and_nothing_bought_is_no_wash_sale() -> None:
    """200 at 11 sold at 9.50 are 1900, a loss of 300: the source writes 1950 and 250."""
    account = Account().trade(0, 100.0, 1100.0).trade(20, 100.0, 1100.0).trade(25, -200.0, 1900.0)
    assert account.allowed() == -300.0


def test_the_loss_goes_to_as_many_units_as_replace_and_not_to_all_that_were_bought() -> None:
    """100 at 80, 200 at 60 within thirty days before, 100 sold at 60: 100 of the 200 cost 80, the others 60."""
    account = Account().trade(0, 100.0, 8000.0).trade(50, 200.0, 12_000.0).trade(60, -100.0, 6000.0)
    assert account.allowed() == 0.0
    lots = account.record().lots
    assert [(lot.units, lot.cost) for lot in lots] == [(100.0, 8000.0), (100.0, 6000.0)]


@pytest.mark.parametrize(("days", "allowed"), [(30, 0.0), (31, -250.0)])
def test_the_window_is_thirty_days_and_not_sessions_on_either_side(days: int, allowed: float) -> None:
    """Day 30 is inside, day 31 is not."""
    after = Account().trade(0, 100.0, 1000.0).trade(100, -100.0, 750.0).trade(100 + days, 100.0, 800.0)
    before = Account().trade(0, 100.0, 1000.0).trade(100 - days, 100.0, 800.0).trade(100, -100.0, 750.0)
    assert (after.allowed(), before.allowed()) == (allowed, allowed)


def test_several_purchases_replace_what_is_left_of_a_loss_and_one_may_replace_several() -> None:
    """100 that lost 2 each: 30 and 30 bought back leave 80 of it; two sales are replaced by one purchase of 50."""
    account = Account().trade(0, 100.0, 1000.0).trade(60, -100.0, 800.0)
    account.trade(65, 30.0, 240.0).trade(70, 30.0, 240.0)
    assert (account.allowed(), account.basis()) == (-80.0, 600.0)
    two = Account().trade(0, 60.0, 600.0).trade(60, -20.0, 160.0).trade(61, -20.0, 160.0).trade(62, 50.0, 400.0)
    assert (two.allowed(), two.basis()) == (0.0, 200.0 + 400.0 + 80.0)


def test_a_unit_replaces_once() -> None:
    """Two sales lose, and 100 bought in between serve the first; the second loss counts."""
    account = Account().trade(0, 100.0, 1000.0).trade(1, 100.0, 1000.0).trade(60, -100.0, 800.0)
    account.trade(70, 100.0, 800.0).trade(75, -100.0, 700.0)
    assert account.allowed() == -300.0
    assert account.basis() == 1000.0


def test_a_gain_is_never_a_wash_sale() -> None:
    """It is taxed, and the basis is what was paid."""
    account = Account().trade(0, 100.0, 1000.0).trade(60, -100.0, 1200.0).trade(61, 100.0, 1200.0)
    assert (account.allowed(), account.basis()) == (200.0, 1200.0)


def test_a_replacement_was_held_as_long_as_what_it_replaces_too() -> None:
    """Held 200 days before: 170 days after the purchase more than a year has gone by, without it not."""
    washed = Account().trade(0, 10.0, 1000.0).trade(200, -10.0, 900.0).trade(201, 10.0, 900.0).trade(371, -10.0, 1200.0)
    plain = Account(wash_sales="false")
    plain.trade(0, 10.0, 1000.0).trade(200, -10.0, 900.0).trade(201, 10.0, 900.0).trade(371, -10.0, 1200.0)
    assert sum(washed.book.long_term.values()) == 1
    assert sum(plain.book.long_term.values()) == 0


def test_a_loss_of_december_is_taken_back_by_a_purchase_of_january() -> None:
    """The year before is not assessed until then: its loss lowers nothing."""
    account = Account().trade("2009-07-01", 10.0, 1000.0).trade("2009-12-20", -10.0, 900.0)
    account.trade("2010-01-10", 10.0, 900.0)
    assert next(iter(account.record().years)).total == 0.0


def test_without_wash_sales_every_loss_counts() -> None:
    """As where they are not looked for."""
    account = Account(wash_sales="false").trade(0, 100.0, 1000.0).trade(50, -100.0, 750.0).trade(70, 100.0, 800.0)
    assert (account.allowed(), account.basis()) == (-250.0, 800.0)


@pytest.mark.parametrize("method", ["fifo", "hifo", "min_tax", "average"])
def test_what_was_paid_is_what_was_sold_for_and_what_is_left_whatever_is_disallowed(method: str) -> None:
    """Basis of lots and of sales add up to the purchases; disallowed losses only move between them."""
    chance, account, held, paid, received = np.random.default_rng(3), Account(lots=method), 0.0, 0.0, 0.0
    for day in range(0, 880, 6):
        price = float(chance.uniform(50.0, 150.0))
        if held and chance.random() < 0.45:
            units = held if chance.random() < 0.1 else held * float(chance.uniform(0.1, 0.9))
            account.trade(day, -units, units * price)
            held, received = held - units, received + units * price
        else:
            units = float(chance.uniform(1.0, 10.0))
            account.trade(day, units, units * price)
            held, paid = held + units, paid + units * price
    record = account.record()
    assert any(entry.exempt for entry in record.entries)
    assert sum(lot.units for lot in record.lots) == pytest.approx(held, abs=1e-9)
    assert received - account.allowed() == pytest.approx(paid - sum(lot.cost for lot in record.lots), rel=1e-12)
    sales = [entry for entry in record.entries if entry.kind == "sale"]
    assert all(entry.gain <= entry.taxable <= 1e-12 for entry in sales if entry.gain < 0.0)
    assert all(dt.date.fromordinal(account.book.days[entry.row]).year == entry.year for entry in sales)


def test_what_one_purchase_leaves_of_a_loss_waits_for_the_next() -> None:
    """Two sales lose 10 a unit, 20 and 10 of them; purchases of 5 and of 25 replace all 30."""
    account = Account().trade(0, 20.0, 2000.0).trade(1, 10.0, 1000.0)
    account.trade(100, -20.0, 1800.0).trade(101, -10.0, 900.0).trade(110, 5.0, 450.0).trade(111, 25.0, 2250.0)
    assert account.allowed() == pytest.approx(0.0)
    assert account.basis() == pytest.approx(450.0 + 2250.0 + 300.0)
