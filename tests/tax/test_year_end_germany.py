"""What a German plan sells and buys back at a year's end, by hand: the allowance filled, losses taken while they pay."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from engine.data.market import Market
from engine.simulation.simulate import simulate
from engine.tax.germany.book import GermanBook
from engine.tax.germany.law import GermanTax
from strategies.buy_and_hold import BuyAndHold
from tests.support.markets import account, free

DATES = np.array(["2023-01-02", "2023-06-01", "2023-12-29", "2024-01-02", "2024-12-30", "2025-01-02"], "datetime64[D]")
ASSETS = {"A": {"stock": "DE"}, "B": {"stock": "DE"}, "F": {"fund": "equity", "income": "distributing"}}
NO_FEES = [0.0, 0.0, 0.0]
RATE = 0.26375


def law(**keys: object) -> GermanTax:
    """Return the law of one person for three assets: two stocks and an equity fund."""
    return GermanTax.model_validate({"assets": ASSETS, **keys})


def book(**keys: object) -> GermanBook:
    """Return an empty book whose closes stand still."""
    market = Market.build(DATES, tuple(ASSETS), np.full((len(DATES), 3), 100.0))
    return law(**keys).taxation(reinvests=True).open_book(market, 0)


def nothing(asset: int, money: float) -> float:
    """Return that an order costs nothing."""
    return 0.0


def one_percent(asset: int, money: float) -> float:
    """Return one per cent of an order."""
    return 0.01 * money


def sold(one: GermanBook, prices: Sequence[float]) -> list[float]:
    """Return what is sold at the end of 2023."""
    return list(one.year_end_sales(2, prices, nothing))


def test_nothing_is_sold_unless_it_is_asked_for() -> None:
    """The default keeps every lot."""
    one = book()
    one.take_trades(0, [100.0, 0.0, 0.0], [100.0] * 3, NO_FEES)
    assert not sold(one, [130.0, 100.0, 100.0])


def test_gains_fill_what_is_left_of_the_allowance() -> None:
    """A dividend of 400 used some: 600 at 30 a unit are 20 units, no tax leaves, and all of the allowance is used."""
    one = book(use_allowance=True)
    one.take_trades(0, [100.0, 0.0, 0.0], [100.0] * 3, NO_FEES)
    one.take_income(1, [100.0, 0.0, 0.0], [400.0, 0.0, 0.0])
    units = sold(one, [130.0, 100.0, 100.0])
    assert units == pytest.approx([20.0, 0.0, 0.0], abs=1e-12)
    assert one.take_trades(2, [-one for one in units], [130.0, 100.0, 100.0], NO_FEES) == pytest.approx(0.0, abs=1e-9)
    one.buy_back(2, units, [130.0, 100.0, 100.0], NO_FEES)
    record = one.close(2, [130.0, 100.0, 100.0], 0.0, 0.0)
    assert record.years[-1].allowance == pytest.approx(1000.0)
    assert [(lot.units, lot.cost) for lot in record.lots] == [(80.0, 8000.0), (20.0, 2600.0)]


def test_the_largest_gain_for_each_euro_sold_comes_first() -> None:
    """B gains half of what it brings and goes first with all its 500; A then gains the other 500 at 20 a unit.

    The fund gains 30 a unit of 130, of which 21 are taxable: less for each euro than A's 20 of 120.
    """
    one = book(use_allowance=True)
    one.take_trades(0, [100.0, 5.0, 100.0], [100.0] * 3, NO_FEES)
    assert sold(one, [120.0, 200.0, 130.0]) == pytest.approx([25.0, 5.0, 0.0], abs=1e-12)


def test_a_fund_is_counted_after_its_exemption() -> None:
    """Of a gain of 50 a unit 35 are taxable: 1000 of them are 28.571 units."""
    one = book(use_allowance=True)
    one.take_trades(0, [0.0, 0.0, 100.0], [100.0] * 3, NO_FEES)
    assert sold(one, [100.0, 100.0, 150.0]) == pytest.approx([0.0, 0.0, 1000.0 / 35.0], abs=1e-12)


def test_oldest_lots_that_lose_go_along_where_what_follows_gains_more() -> None:
    """Ten units lose 10 each, the next gain 15: the 1100 that are needed are 73.33 of these."""
    one = book(use_allowance=True)
    one.take_trades(0, [10.0, 10.0, 0.0], [30.0, 30.0, 100.0], NO_FEES)
    one.take_trades(1, [100.0, 1.0, 0.0], [5.0, 5.0, 100.0], NO_FEES)
    assert sold(one, [20.0, 20.0, 100.0]) == pytest.approx([10.0 + 1100.0 / 15.0, 0.0, 0.0], abs=1e-12)


def test_stocks_fill_their_pot_before_the_allowance() -> None:
    """A stock loss of 700 this year meets the first 700 of stock gains: 1700 at 50 a unit are 34."""
    one = book(use_allowance=True)
    one.take_trades(0, [100.0, 10.0, 0.0], [100.0] * 3, NO_FEES)
    one.take_trades(1, [0.0, -10.0, 0.0], [100.0, 30.0, 100.0], NO_FEES)
    assert sold(one, [150.0, 30.0, 100.0]) == pytest.approx([34.0, 0.0, 0.0], abs=1e-12)


def test_a_used_allowance_sells_nothing() -> None:
    """Dividends of 1200 are more than it."""
    one = book(use_allowance=True)
    one.take_trades(0, [100.0, 0.0, 0.0], [100.0] * 3, NO_FEES)
    one.take_income(1, [100.0, 0.0, 0.0], [1200.0, 0.0, 0.0])
    assert not any(sold(one, [150.0, 100.0, 100.0]))


def test_fees_of_the_sale_are_gained_as_well_and_a_dear_one_is_left() -> None:
    """One per cent of 130 takes 1.3 off each 30; at 1 % of a price of 104, 2.08 cost more than the tax on 4."""
    one = book(use_allowance=True)
    one.take_trades(0, [100.0, 0.0, 0.0], [100.0] * 3, NO_FEES)
    units = one.year_end_sales(2, [130.0, 100.0, 100.0], one_percent)
    assert units[0] == pytest.approx(1000.0 / 28.7, rel=1e-12)
    assert not any(one.year_end_sales(2, [104.0, 100.0, 100.0], one_percent))


def harvested(dividend: float = 0.0, gain: float = 0.0) -> GermanBook:
    """Return a book that harvests, with 50 units of A and 100 of the fund, and this income in the year."""
    one = book(harvest="year_end", allowance=0)
    one.take_trades(0, [50.0, 10.0, 100.0], [100.0] * 3, NO_FEES)
    if dividend:
        one.take_income(1, [50.0, 10.0, 100.0], [dividend, 0.0, 0.0])
    if gain:
        one.take_trades(1, [0.0, -10.0, 0.0], [100.0, 100.0 + 0.1 * gain, 100.0], NO_FEES)
    return one


def test_a_loss_is_taken_as_far_as_it_lowers_the_tax() -> None:
    """A dividend of 700 is met by 700 of the fund's loss: 40 a unit less the exempt 30 % is 28 a unit, 25 units."""
    one = harvested(dividend=700.0)
    units = sold(one, [100.0, 100.0, 60.0])
    assert units == pytest.approx([0.0, 0.0, 25.0], rel=1e-9)
    due = one.take_trades(2, [-one for one in units], [100.0, 100.0, 60.0], NO_FEES)
    assert due == pytest.approx(-RATE * 700.0, rel=1e-9)


def test_a_stock_loss_meets_no_dividend() -> None:
    """A loses half, but only its own pot would know."""
    assert not any(sold(harvested(dividend=700.0), [50.0, 100.0, 100.0]))


def test_a_stock_loss_meets_stock_gains() -> None:
    """B was sold with a gain of 1000: 20 units of A that lose 50 each are enough."""
    assert sold(harvested(gain=1000.0), [50.0, 100.0, 100.0]) == pytest.approx([20.0, 0.0, 0.0], rel=1e-9)


def test_only_the_oldest_lots_are_taken_while_they_lose() -> None:
    """First bought at 100, then at 50, then at 100: at 80 the second gains, and the third stays behind it."""
    one = book(harvest="year_end", allowance=0)
    for price in (100.0, 50.0, 100.0):
        one.take_trades(0, [0.0, 0.0, 10.0], [price] * 3, NO_FEES)
    one.take_income(1, [0.0, 0.0, 30.0], [0.0, 0.0, 5000.0])
    assert sold(one, [100.0, 100.0, 80.0]) == pytest.approx([0.0, 0.0, 10.0], rel=1e-12)


def test_two_orders_have_to_cost_less_than_they_save() -> None:
    """At 95 a unit saves 0.7 * 0.26375 * (5 + 0.95) = 1.0985 and costs 1.90; at 60 7.496 for 1.20.

    There a unit loses 0.7 * 40.6 = 28.42, so that a dividend of 1000 is met by 35.19 of them.
    """
    one = harvested(dividend=1000.0)
    assert not any(one.year_end_sales(2, [100.0, 100.0, 95.0], one_percent))
    units = one.year_end_sales(2, [100.0, 100.0, 60.0], one_percent)
    assert units[2] == pytest.approx(1000.0 / 28.42, rel=1e-9)


def test_a_run_steps_up_its_lots_and_owes_less_when_it_is_sold() -> None:
    """100 units rise by 10 a year: 1000 a year go untaxed, so that of 2000 nothing is latent beyond the open year."""
    closes = np.array([[100.0], [105.0], [110.0], [110.0], [120.0], [120.0]])
    market = Market.build(DATES, ("A",), closes)
    policy = BuyAndHold.model_validate({"weights": {"A": 1.0}})
    ends = []
    for keys in ({}, {"use_allowance": True}):
        taxation = law(**keys).taxation(reinvests=True)
        ledger = simulate(market, policy, account(capital=10_000.0), free(1), taxation=taxation)
        assert ledger.taxes is not None
        ends.append((ledger.value[-1], ledger.taxes.record.latent))
    assert ends == [pytest.approx((12_000.0, RATE * 1000.0)), pytest.approx((12_000.0, 0.0), abs=1e-9)]


def test_what_is_not_listed_yet_is_worth_nothing_at_a_year_end() -> None:
    """B has no close before 2024: its absence is no amount, and the lots of A are renewed as without it."""
    closes = np.array([[100.0, np.nan], [105.0, np.nan], [110.0, np.nan], [110.0, 5.0], [120.0, 5.0], [120.0, 5.0]])
    market = Market.build(DATES, ("A", "B"), closes)
    policy = BuyAndHold.model_validate({"weights": {"A": "100%", "B": "0%"}})
    taxation = law(use_allowance=True).taxation(reinvests=True)
    ledger = simulate(market, policy, account(capital=10_000.0), free(2), taxation=taxation)
    assert ledger.value.tolist() == pytest.approx([10_000.0, 10_500.0, 11_000.0, 11_000.0, 12_000.0, 12_000.0])
    assert ledger.taxes is not None
    assert {lot.row for lot in ledger.taxes.record.lots} == {4}


def random_book(seed: int, **keys: object) -> tuple[GermanBook, list[float]]:
    """Return a book of ten purchases at wandering prices, with some income, and the prices at the year's end."""
    rng = np.random.default_rng(seed)
    one = book(**keys)
    for _ in range(10):
        one.take_trades(0, rng.uniform(0.0, 30.0, 3).tolist(), rng.uniform(60.0, 140.0, 3).tolist(), NO_FEES)
    one.take_trades(1, [-20.0, 0.0, 0.0], [float(rng.uniform(60.0, 140.0)), 100.0, 100.0], NO_FEES)
    one.take_income(1, [1.0] * 3, rng.uniform(0.0, 400.0, 3).tolist())
    return one, rng.uniform(60.0, 140.0, 3).tolist()


@pytest.mark.parametrize("seed", range(20))
def test_no_allowance_is_overrun_and_none_is_left_where_more_could_be_gained(seed: int) -> None:
    """What is sold moves no tax; the allowance is used to the cent, or everything that gains all in all is sold."""
    one, prices = random_book(seed, use_allowance=True, allowance=900)
    before = one.tax_of_year(2, NO_FEES, prices, NO_FEES)
    units = sold(one, prices) or [0.0] * 3
    held = [sum(lot.units for lot in one.close(2, prices, 0.0, 0.0).lots if lot.asset == j) for j in range(3)]
    assert one.take_trades(2, [-part for part in units], prices, NO_FEES) == pytest.approx(0.0, abs=1e-9)
    record = one.close(2, prices, 0.0, 0.0)
    used, pot = record.years[-1].allowance, record.pots["other"]
    assert before > 0.0 or used <= 900.0 + 1e-9
    if before == 0.0 and (used < 900.0 - 1e-6 or pot > 1e-6):
        left = [
            one.tax_of_year(
                2,
                [-(h - u) if k == j else 0.0 for k, (h, u) in enumerate(zip(held, units, strict=True))],
                prices,
                NO_FEES,
            )
            for j in range(3)
        ]
        assert max(left) == 0.0  # nothing that is left would gain more than what is free


@pytest.mark.parametrize("seed", range(20))
def test_a_harvest_saves_more_than_it_costs_and_as_much_as_any_other(seed: int) -> None:
    """The tax falls by more than two orders of a tenth of a per cent; selling another hundredth of a loser saves nothing."""
    one, prices = random_book(seed, harvest="year_end", allowance=0)

    def cost(asset: int, money: float) -> float:
        return 0.001 * money

    def saved(units: Sequence[float]) -> float:
        fees = [cost(j, part * price) for j, (part, price) in enumerate(zip(units, prices, strict=True))]
        tax = one.tax_of_trades(2, [-part for part in units], prices, fees)
        return -tax - 2.0 * sum(fees)

    units = list(one.year_end_sales(2, prices, cost)) or [0.0] * 3
    assert saved(units) >= 0.0
    for j, price in enumerate(prices):
        losing = sum(lot.units for lot in one.lots_for_sale(2, j, price)[:1] if lot.first + lot.second < 0.0)
        for share in (0.01, 0.5, 1.0):
            other = [max(part, share * losing) if k == j else part for k, part in enumerate(units)]
            assert saved(other) <= saved(units) + 0.02
