"""Lots and wash sales beside another implementation of them: ``capital-gains``, in decimals, one asset at a time."""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter
from decimal import Decimal

import numpy as np
import pytest

from engine.data.market import Market
from engine.tax.united_states.book import UnitedStatesBook
from engine.tax.united_states.law import UnitedStatesTax

logic = pytest.importorskip("capital_gains.logic", reason="capital-gains is not installed")
model = pytest.importorskip("capital_gains.model", reason="capital-gains is not installed")

Order = tuple[dt.date, Decimal, Decimal, Decimal]
"""Day, shares (sales negative), price and fee."""
CASES, CENT = 1_000, 0.005


def random_depot(rng: random.Random) -> list[Order]:
    """Up to a dozen orders in one asset, close enough to each other for wash sales."""
    day, held, price, orders = dt.date(2019, rng.randrange(1, 13), 5), Decimal(0), Decimal(50), []
    for _ in range(rng.randrange(3, 12)):
        day += dt.timedelta(days=rng.choice([1, 3, 8, 20, 29, 30, 31, 45, 120, 200]))
        price = max(Decimal(5), (price * Decimal(str(round(rng.uniform(0.8, 1.2), 3)))).quantize(Decimal("0.01")))
        buys = held == 0 or rng.random() < 0.55
        shares = Decimal(rng.randrange(1, 100))
        shares = shares if buys else -min(held, shares)
        held += shares
        orders.append((day, shares, price, Decimal(str(rng.choice([0, 1, 4.95])))))
    return orders


def takes_several_lots_of_late(orders: list[Order]) -> bool:
    """Whether a sale takes more than one lot, one of them bought within 30 days.

    The peer lets that one replace another of the same sale; it is sold itself, and so replaces nothing here.
    """
    lots: list[list] = []
    for day, shares, *_ in orders:
        if shares > 0:
            lots.append([day, shares])
            continue
        left, taken = -shares, []
        while left > 0:
            units = min(left, lots[0][1])
            taken.append(lots[0][0])
            lots[0][1] -= units
            left -= units
            if lots[0][1] == 0:
                lots.pop(0)
        if len(taken) > 1 and any((day - bought).days <= 30 for bought in taken):
            return True
    return False


def of_the_peer(orders: list[Order], *, wash: bool) -> tuple[Counter, Decimal]:
    lots, sales = [], []
    for number, (day, shares, price, fee) in enumerate(orders):
        name = str(number) if shares > 0 else None
        order = model.Transaction(number, day, "X", name, abs(shares), price, fee)
        if shares > 0:
            lots.append(model.Lot(order))
        else:
            sales.append(order)
    gains: Counter = Counter()
    for lot in logic.process_sales(lots, sales, wash):
        gains[lot.sale.date.year] += lot.gain
    return gains, sum((lot.cost_basis for lot in lots), Decimal(0))


def of_the_book(orders: list[Order], *, wash: bool) -> tuple[Counter, float]:
    days = sorted({order[0] for order in orders})
    law = UnitedStatesTax.model_validate(
        {
            "kind": "united_states",
            "wash_sales": str(wash).lower(),
            "rates": {"ordinary": "24%", "long_term": "15%"},
            "assets": {"X": {"stock": "US"}},
        }
    )
    market = Market.build(np.array(days, dtype="datetime64[D]"), ("X",), np.full((len(days), 1), 10.0))
    book = law.taxation(reinvests=True).open_book(market, 0)
    assert isinstance(book, UnitedStatesBook)
    for day, shares, price, fee in orders:
        book.take_trades(days.index(day), [float(shares)], [float(price)], [float(fee)])
    gains: Counter = Counter()
    for entry in book.entries:
        if entry.kind == "sale":
            gains[entry.year] += entry.taxable
    return gains, sum(lot.cost for lot in book.close(len(days) - 1, [10.0], 0.0, 0.0).lots)


@pytest.mark.parametrize("wash", [True, False])
def test_random_depots_have_the_gains_and_costs_of_capital_gains_to_the_cent(wash: bool) -> None:
    """Gains of every year, and what the lots that are left have cost."""
    rng, compared = random.Random(5), 0
    for _ in range(CASES):
        orders = random_depot(rng)
        if wash and takes_several_lots_of_late(orders):
            continue
        theirs, cost = of_the_peer(orders, wash=wash)
        ours, left = of_the_book(orders, wash=wash)
        assert {year: ours[year] for year in theirs} == pytest.approx(
            {year: float(gain) for year, gain in theirs.items()}, abs=CENT
        )
        assert left == pytest.approx(float(cost), abs=CENT)
        compared += 1
    assert compared > 700
