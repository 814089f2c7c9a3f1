"""Which lots a sale takes, beside printed examples: IRS Pub 564, Bogleheads, Morningstar, a forum; and what is long."""

from __future__ import annotations

import datetime as dt
import json
import random
from pathlib import Path

import pytest

from engine.tax.united_states.holding_period import days_held, is_long_term
from engine.tax.united_states.lots import ListedLots, LotMethod, Sale, SummedLots
from engine.tax.united_states.rates import MarginalRates

RATES = MarginalRates(0.25, 0.15)
PURCHASE = dt.date(2020, 1, 2).toordinal()
LATER = dt.date(2024, 1, 2).toordinal()


def lots_of(method: LotMethod, *purchases: tuple[float, float]) -> ListedLots:
    """Return lots of (units, price), one a day."""
    lots = ListedLots(method, RATES)
    for at, (units, price) in enumerate(purchases):
        lots.buy(at, PURCHASE + at, units, units * price)
    return lots


def gain(method: LotMethod, units: float, price: float, *purchases: tuple[float, float]) -> float:
    """Return what a sale of some of these purchases gains."""
    lots = lots_of(method, *purchases)
    sale = lots.sell(LATER, units, sum(bought for bought, _ in purchases), price)
    return sale.short + sale.long


TABLE_3 = ((160.0, 25.0), (240.0, 20.0), (10.0, 30.0))
HUNDREDS = tuple((100.0, price) for price in (30.0, 40.0, 50.0, 60.0))
TENS = tuple((100.0, price) for price in (10.0, 20.0, 30.0, 40.0))
MORNINGSTAR = ((25.0, 9.0), (50.0, 10.0), (25.0, 11.0))


def average_cost(lots: ListedLots) -> float:
    left = list(lots.left())
    return sum(lot.cost for lot in left) / sum(lot.units for lot in left)


def figures() -> dict[str, float]:
    """Return every row of the shared examples that is about lots, by our own functions."""
    averaged = lots_of("average", *TENS)
    later = [averaged.sell(LATER, 143.0, 400.0, 35.0)]
    averaged.buy(9, LATER, 100.0, 3500.0)
    first_average = average_cost(averaged)
    averaged.buy(10, LATER, 100.0, 1500.0)
    highest = gain("hifo", 143.0, 35.0, *TENS)
    return {
        "U1a": gain("average", 100.0, 60.0, *HUNDREDS),
        "U1h": gain("hifo", 100.0, 60.0, *HUNDREDS),
        "U2": 210.0 * 30.0 - gain("fifo", 210.0, 30.0, *TABLE_3),
        "U2a": 210.0 * 30.0 - gain("average", 210.0, 30.0, *TABLE_3),
        "U3": 4800.0 - gain("average", 150.0, 32.0, (150.0, 20.0), (150.0, 12.0)),
        "U4a": gain("average", 30.0, 12.0, *MORNINGSTAR),
        "U5a": later[0].short + later[0].long,
        "U5h": highest,
        "U5n": 143.0 * 35.0 - 0.25 * highest,
        "U5b": first_average,
        "U5c": average_cost(averaged),
    }


def test_every_shared_example_of_lots_is_reproduced(shared_data: Path) -> None:
    """Each row whose source agrees, and no row is left out."""
    rows = [row for row in json.loads((shared_data / "oracles" / "taxes.json").read_text()) if row["id"][0] == "U"]
    ours = figures()
    assert {row["id"] for row in rows} == set(ours)
    for row in rows:
        assert ours[row["id"]] == pytest.approx(row["recomputed"], abs=1e-9), row["what"]
        if row["agrees"]:
            assert ours[row["id"]] == pytest.approx(row["source_value"], abs=row["tolerance"] + 1e-9), row["what"]


def test_first_in_first_out_sells_the_oldest() -> None:
    """Bogleheads: 3000. Pub 564, table 3: a basis of 5000. Morningstar: 85, of chosen lots 35."""
    assert gain("fifo", 100.0, 60.0, *HUNDREDS) == 3000.0
    assert 210.0 * 20.0 - gain("fifo", 210.0, 20.0, *TABLE_3) == 5000.0
    assert gain("fifo", 30.0, 12.0, *MORNINGSTAR) == 85.0
    assert gain("hifo", 30.0, 12.0, *MORNINGSTAR) == 35.0


def test_what_is_long_term_tells_the_kinds_of_a_sale_apart() -> None:
    """Ten at 100 of 2020 and ten at 160 of June 2023; twelve sold at 150 on 2 January 2024."""
    june, january = dt.date(2023, 6, 1).toordinal(), dt.date(2024, 1, 2).toordinal()

    def sale(lots: ListedLots | SummedLots) -> Sale:
        lots.buy(0, PURCHASE, 10.0, 1000.0)
        lots.buy(1, june, 10.0, 1600.0)
        return lots.sell(january, 12.0, 20.0, 150.0)

    for lots in (ListedLots("fifo", RATES), SummedLots()):
        first = sale(lots)
        assert (first.long, first.short) == (500.0, -20.0)
    highest = sale(ListedLots("hifo", RATES))
    assert (highest.long, highest.short) == (100.0, -100.0)
    least = sale(ListedLots("min_tax", RATES))
    assert (least.long, least.short) == (100.0, -100.0)


def test_least_tax_sells_a_long_gain_before_a_smaller_short_one_that_costs_more() -> None:
    """A short gain of 8 a unit at 25 % costs more than a long one of 10 at 15 %; losses go before both."""
    lots = ListedLots("min_tax", RATES)
    lots.buy(0, PURCHASE, 1.0, 90.0)  # long, gains 10: 1.5
    lots.buy(1, PURCHASE, 1.0, 110.0)  # long, loses 10: -1.5
    lots.buy(2, LATER - 9, 1.0, 92.0)  # short, gains 8: 2.0
    lots.buy(3, LATER - 8, 1.0, 108.0)  # short, loses 8: -2.0
    sales = [lots.sell(LATER, 1.0, 4.0 - sold, 100.0) for sold in range(4)]
    assert [sale.parts[0].row for sale in sales] == [3, 1, 0, 2]


def test_least_tax_is_that_of_the_rates() -> None:
    """A long loss of 100 at 15 % saves more than a short one of 1 at 25 %; where long-term is free, losses go first."""
    lots = ListedLots("min_tax", RATES)
    lots.buy(0, PURCHASE, 1.0, 200.0)
    lots.buy(1, LATER - 9, 1.0, 101.0)
    assert lots.sell(LATER, 1.0, 2.0, 100.0).parts[0].row == 0
    free = ListedLots("min_tax", MarginalRates(0.12, 0.0))
    for row, cost in enumerate((80.0, 120.0, 90.0)):
        free.buy(row, PURCHASE, 1.0, cost)
    assert [free.sell(LATER, 1.0, 3.0 - sold, 100.0).parts[0].row for sold in range(3)] == [1, 2, 0]
    equal = ListedLots("min_tax", MarginalRates(0.15, 0.15))
    equal.buy(0, PURCHASE, 1.0, 110.0)
    equal.buy(1, LATER - 9, 1.0, 110.0)
    assert equal.sell(LATER, 1.0, 2.0, 100.0).parts[0].row == 1


def test_average_cost_keeps_the_holding_periods_of_first_in_first_out() -> None:
    """The oldest go first, and are long-term, at the cost of all."""
    lots = ListedLots("average", RATES)
    lots.buy(0, PURCHASE, 10.0, 100.0)
    lots.buy(1, LATER - 5, 10.0, 300.0)
    sale = lots.sell(LATER, 15.0, 20.0, 30.0)
    assert (sale.long, sale.short) == (100.0, 50.0)
    assert average_cost(lots) == 20.0


def test_sums_that_only_grow_say_what_lots_one_by_one_say() -> None:
    """Three hundred random purchases and sales: both kinds of gain, and what is left, to rounding."""
    chance = random.Random(5)
    summed, listed, held = SummedLots(), ListedLots("fifo", RATES), 0.0
    for row in range(300):
        day, price = PURCHASE + 7 * row, chance.uniform(50.0, 150.0)
        if held and chance.random() < 0.5:
            units = held if chance.random() < 0.05 else held * chance.uniform(0.0, 0.6)
            ours, theirs = (lots.sell(day, units, held, price) for lots in (summed, listed))
            assert (ours.short, ours.long) == pytest.approx((theirs.short, theirs.long), abs=1e-8)
            assert sum(part.units for part in ours.parts) == pytest.approx(units, rel=1e-12)
            held -= units
        else:
            units = chance.uniform(1.0, 20.0)
            for lots in (summed, listed):
                lots.buy(row, day, units, units * price)
            held += units
        left = [list(lots.left()) for lots in (summed, listed)]
        assert sum(lot.cost for lot in left[0]) == pytest.approx(sum(lot.cost for lot in left[1]), abs=1e-6)


@pytest.mark.parametrize(
    ("bought", "sold", "long"),
    [
        ("2005-01-01", "2006-01-01", False),
        ("2005-01-01", "2006-01-02", True),
        ("2012-09-19", "2013-09-19", False),
        ("2012-09-19", "2013-09-20", True),
        ("1998-11-01", "1999-11-01", False),
        ("1998-11-01", "1999-11-02", True),
        ("2023-02-28", "2024-02-29", False),
        ("2023-02-28", "2024-03-01", True),
        ("2024-02-28", "2025-02-28", False),
        ("2024-02-28", "2025-03-01", True),
        ("2024-02-29", "2025-03-01", True),
        ("2023-05-31", "2024-05-31", False),
        ("2023-05-31", "2024-06-01", True),
    ],
)
def test_a_lot_is_long_term_from_the_day_after_a_year(bought: str, sold: str, *, long: bool) -> None:
    """The day of the purchase does not count: fool.com, J.K. Lasser; a leap day before or after, a month's last day."""
    assert is_long_term(dt.date.fromisoformat(bought).toordinal(), dt.date.fromisoformat(sold).toordinal()) is long


def test_days_held_count_without_the_purchase_and_with_the_sale() -> None:
    """Pub 550 (2024): 34 days; its second example prints 63 for what are 64, with the same outcome."""

    def days(bought: str, sold: str) -> int:
        return days_held(dt.date.fromisoformat(bought).toordinal(), dt.date.fromisoformat(sold).toordinal())

    assert days("2024-07-05", "2024-08-08") == 34
    assert days("2024-07-11", "2024-09-13") == 64


def test_the_first_session_of_january_is_rarely_a_year_after_the_last(shared_data: Path) -> None:
    """Long-term in 2005, 2010, 2016 and 2021 only, of 26 years."""
    lines = (shared_data / "oracles" / "first_january_session.csv").read_text().splitlines()[1:]
    first = [dt.date.fromisoformat(line.split(",")[1]) for line in lines]
    days = {day.year: day.toordinal() for day in first}
    years = [year for year in range(2001, 2027) if year in days and year - 1 in days]
    assert {year for year in years if is_long_term(days[year - 1], days[year])} == {2005, 2010, 2016, 2021}
