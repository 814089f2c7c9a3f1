"""Losses that an account in the United States takes at a year's end, by hand: which lots, what for, and what is bought."""

from __future__ import annotations

import numpy as np
import pytest

from engine.data.market import Market
from engine.simulation.simulate import simulate
from engine.tax.united_states.book import UnitedStatesBook
from engine.tax.united_states.law import UnitedStatesTax
from strategies.buy_and_hold import BuyAndHold
from tests.support.markets import account, free

DATES = np.array(
    ["2022-01-03", "2023-06-01", "2023-12-15", "2023-12-29", "2024-01-02", "2024-04-15", "2024-12-31", "2025-01-02"],
    "datetime64[D]",
)
YEAR_END = 3
ASSETS = {"F": {"fund": "us"}, "S": {"stock": "US"}}
NO_FEES = [0.0, 0.0]


def law(**keys: object) -> UnitedStatesTax:
    """Return the law for a fund and a stock, losses harvested."""
    rates = {"ordinary": "24%", "long_term": "15%"}
    return UnitedStatesTax.model_validate({"rates": rates, "assets": ASSETS, "harvest": "year_end", **keys})


def book(**keys: object) -> UnitedStatesBook:
    """Return the empty book of a taxable account."""
    market = Market.build(DATES, tuple(ASSETS), np.full((len(DATES), 2), 100.0))
    opened = law(**keys).taxation(reinvests=True).open_book(market, 0)
    assert isinstance(opened, UnitedStatesBook)
    return opened


def test_a_retirement_account_has_no_losses_to_harvest() -> None:
    """No loss inside is taxed."""
    with pytest.raises(ValueError, match="no loss is taxed"):
        law(account="roth")


def three_lots(**keys: object) -> UnitedStatesBook:
    """Return a book with ten units of the fund for 100, 50 and 90 each, and a stock for 100."""
    one = book(**keys)
    for row, price in ((0, 100.0), (1, 50.0), (2, 90.0)):
        one.take_trades(row, [10.0, 10.0 if row == 0 else 0.0], [price, 100.0], NO_FEES)
    return one


def nothing(asset: int, money: float) -> float:
    """Return that an order costs nothing."""
    return 0.0


def test_nothing_is_sold_unless_it_is_asked_for() -> None:
    """The default keeps every lot."""
    assert not three_lots(harvest="none").year_end_sales(YEAR_END, [80.0, 80.0], nothing)


@pytest.mark.parametrize(("lots", "units"), [("fifo", 10.0), ("hifo", 20.0), ("min_tax", 20.0)])
def test_losers_are_taken_in_the_order_of_sales_and_stocks_are_kept(lots: str, units: float) -> None:
    """At 80 the first and the third lot lose: in the order of purchases the second one stands between them."""
    assert three_lots(lots=lots).year_end_sales(YEAR_END, [80.0, 80.0], nothing) == [units, 0.0]


def test_at_average_cost_all_lose_or_none() -> None:
    """The average of 100, 50 and 90 is 80."""
    one = three_lots(assets={**ASSETS, "F": {"fund": "us", "lots": "average"}})
    assert list(one.year_end_sales(YEAR_END, [79.0, 80.0], nothing)) == [30.0, 0.0]
    assert not any(one.year_end_sales(YEAR_END, [81.0, 80.0], nothing))


def test_two_orders_have_to_cost_less_than_the_loss_is_worth() -> None:
    """A long-term loss of 200 is worth 15 % of it, 30; orders of 16 each cost more, of 14 less."""
    one = three_lots()
    assert not any(one.year_end_sales(YEAR_END, [80.0, 80.0], lambda asset, money: 16.0))
    assert one.year_end_sales(YEAR_END, [80.0, 80.0], lambda asset, money: 14.0) == [10.0, 0.0]


def harvest(one: UnitedStatesBook) -> None:
    """Sell and buy back at 80 what the book names."""
    units = one.year_end_sales(YEAR_END, [80.0, 80.0], nothing)
    one.take_trades(YEAR_END, [-sold for sold in units], [80.0, 80.0], NO_FEES)
    one.buy_back(YEAR_END, units, [80.0, 80.0], NO_FEES)


def test_what_is_bought_instead_replaces_nothing_and_is_held_from_that_day() -> None:
    """All the loss of 200 + 100 counts, 300 off ordinary income at 24 %; the new lots cost 80 and begin to be held."""
    one = three_lots(lots="hifo")
    harvest(one)
    record = one.close(YEAR_END, [80.0, 80.0], 0.0, 0.0)
    assert record.accrued == pytest.approx(-0.24 * 300.0)
    assert [(lot.row, lot.units, lot.cost) for lot in record.lots if lot.asset == 0] == [(1, 10, 500), (3, 20, 1600)]


def test_lots_of_the_last_30_days_that_are_still_held_replace_what_was_sold() -> None:
    """Oldest first, the lot of two weeks before stays, and takes the loss of 20 a unit into its cost of 90."""
    one = three_lots()
    harvest(one)
    record = one.close(YEAR_END, [80.0, 80.0], 0.0, 0.0)
    assert record.accrued == 0.0
    assert (2, 10.0, 1100.0) in [(lot.row, lot.units, lot.cost) for lot in record.lots]


def test_what_is_bought_in_the_days_that_follow_is_more_of_the_other_fund() -> None:
    """Five units in January take nothing of the harvested loss."""
    one = three_lots(lots="hifo")
    harvest(one)
    one.begin_year(4)
    one.take_trades(4, [5.0, 0.0], [81.0, 80.0], NO_FEES)
    assert one.assessed(5) == pytest.approx(-0.24 * 300.0)


def test_a_run_harvests_and_is_paid_back_in_april() -> None:
    """A fund falls from 100 to 80 and rises to 120: 24 % of 3000, of a loss of 20,000, come back on 15 April."""
    closes = np.array([[100.0], [100.0], [90.0], [80.0], [80.0], [90.0], [120.0], [120.0]])
    market = Market.build(DATES, ("F",), closes)
    policy = BuyAndHold.model_validate({"weights": {"F": 1.0}})
    taxation = law().taxation(reinvests=True)
    ledger = simulate(market, policy, account(capital=100_000.0), free(1), taxation=taxation)
    assert ledger.taxes is not None
    assert ledger.taxes.paid.tolist() == pytest.approx([0, 0, 0, 0, 0, -720.0, 0, 0])
    assert ledger.taxes.record.lots == ((0, 3, 1000.0, 80_000.0, 0.0),)
