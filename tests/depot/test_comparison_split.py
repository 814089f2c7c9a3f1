"""The difference between one's own trades and the plan's, split in exact fractions (ORDERS.md 9, E16, E17)."""

from __future__ import annotations

import random
from collections.abc import Sequence
from fractions import Fraction

import pytest

from engine.depot.comparison.difference import LABELS, ExactDeviation, as_parts, split_difference
from engine.depot.comparison.exact import HELD_AT_START, Bookings, ExactCash, ExactQuotes, ExactTrade, gain
from engine.depot.comparison.trade_pairs import pair_trades, set_reinvested_apart

SESSIONS = 40


def quotes(closes: dict[str, Sequence[Fraction]], growth: Sequence[Fraction] | None = None) -> ExactQuotes:
    count = len(next(iter(closes.values())))
    return ExactQuotes(
        [f"day {row}" for row in range(count)],
        lambda ticker, row: closes[ticker][row],
        lambda _ticker, _row: Fraction(1),
        {ticker: path[-1] for ticker, path in closes.items()},
        growth or [Fraction(1)] * count,
    )


def money_of(found: Sequence[ExactDeviation]) -> dict[str, Fraction]:
    return {kind: sum((one.money for one in found if one.kind == kind), Fraction(0)) for kind in LABELS}


def trade(row: int, ticker: str, quantity: float, price: float, fee: float = 0) -> ExactTrade:
    return ExactTrade(row, ticker, Fraction(quantity), Fraction(price), Fraction(fee))


def test_fewer_and_later_at_another_price_are_a_part_each() -> None:
    """E16: -40 for size, -32 late, +8 for the price, -1 of fees."""
    path = quotes({"A": [Fraction(one) for one in (100, 104, 120)]})
    found = split_difference(Bookings((trade(1, "A", 8, 103, 2),)), Bookings((trade(0, "A", 10, 100, 1),)), path)
    nonzero = {kind: money for kind, money in money_of(found).items() if money}
    assert nonzero == {"size": -40, "late": -32, "price": 8, "fees": -1}
    words = {one.kind: one.words for one in found}
    assert words["late"] == "1 session late"
    assert words["price"] == "bought at 103.00, close 104.00"
    assert words["size"] == "bought 8 instead of 10"


def test_what_was_not_done_and_what_nobody_planned_stand_apart() -> None:
    """E17: -200 not done, -50 not in the plan, fees of +1 and -1."""
    path = quotes({"A": [Fraction(100), Fraction(120)], "B": [Fraction(50), Fraction(40)]})
    found = split_difference(Bookings((trade(0, "B", 5, 50, 1),)), Bookings((trade(0, "A", 10, 100, 1),)), path)
    assert {kind: money for kind, money in money_of(found).items() if money} == {"not_done": -200, "not_planned": -50}
    assert [(one.ticker, one.money) for one in found if one.kind == "fees"] == [("A", 1), ("B", -1)]


def random_depot(seed: int) -> tuple[Bookings, Bookings, ExactQuotes]:
    """Return the plan's bookings and others made from them: later, fewer, dearer, left out, added; dividends, fees."""
    draw = random.Random(seed)
    tickers = ["A", "B", "C"]
    closes = {one: [Fraction(draw.randint(100, 99_999), 100) for _ in range(SESSIONS)] for one in [*tickers, "X"]}
    growth = [Fraction(1) + Fraction(SESSIONS - 1 - row, draw.randint(900, 1100)) for row in range(SESSIONS)]
    growth[-1] = Fraction(1)
    planned, mine = [], []
    for _ in range(draw.randint(1, 12)):
        row, ticker = draw.randrange(SESSIONS), draw.choice(tickers)
        quantity = Fraction(draw.choice([-1, 1]) * draw.randint(1, 5_000), draw.choice([1, 7, 100]))
        planned.append(ExactTrade(row, ticker, quantity, closes[ticker][row], Fraction(draw.randint(0, 900), 100)))
    for one in planned:
        if draw.random() < 0.2:
            continue
        row = min(one.row + draw.choice([0, 0, 1, 3, 6]), SESSIONS - 1)
        for share in draw.choice([(1,), (1,), (Fraction(1, 3), Fraction(2, 3)), (Fraction(4, 5),)]):
            price = one.price * Fraction(draw.randint(97, 103), 100)
            tax = Fraction(draw.randint(0, 50), 10)
            mine.append(ExactTrade(row, one.ticker, one.quantity * share, price, one.fee + draw.randint(0, 2), tax))
    mine += [ExactTrade(draw.randrange(SESSIONS), "X", Fraction(draw.randint(-9, 9) or 1), Fraction(50)) for _ in "12"]
    kinds = ("dividend", "interest", "fee", "tax")

    def cash() -> tuple[ExactCash, ...]:
        chosen = [draw.choice(kinds) for _ in range(draw.randint(0, 8))]
        return tuple(
            ExactCash(
                draw.randrange(SESSIONS), kind, "A" if kind == "dividend" else "", Fraction(draw.randint(-99, 999), 7)
            )
            for kind in chosen
        )

    reinvested = tuple(
        ExactTrade(row, "B", Fraction(1, draw.randint(2, 9)), closes["B"][row])
        for row in draw.sample(range(SESSIONS), 3)
    )
    plan = Bookings(tuple(planned), cash(), reinvested if seed % 2 else ())
    return Bookings(tuple(mine), cash(), plan.reinvested[:1]), plan, quotes(closes, growth)


def left_at_end(account: Bookings, path: ExactQuotes) -> Fraction:
    """Return what is left of nothing: cash and shares, session by session, with nothing but what was booked."""
    cash, held = Fraction(0), dict.fromkeys(path.last, Fraction(0))
    for row in range(SESSIONS):
        for one in (*account.trades, *account.reinvested):
            if one.row == row:
                held[one.ticker] += one.quantity
                cash -= one.quantity * one.price + one.fee + one.tax
        for paid in account.cash:
            cash += paid.money if paid.row == row else 0
    return cash + sum(count * path.last[ticker] for ticker, count in held.items())


@pytest.mark.parametrize("block", range(5))
def test_parts_of_500_random_depots_add_up_without_a_remainder(block: int) -> None:
    for seed in range(100 * block, 100 * block + 100):
        mine, plan, path = random_depot(seed)
        found = split_difference(mine, plan, path)
        apart = left_at_end(mine, path) - left_at_end(plan, path)
        assert sum((one.money for one in found), Fraction(0)) == apart
        assert gain(mine, path.last) - gain(plan, path.last) == apart
        parts = as_parts(found, tuple(path.dates))
        assert sum(part.money for part in parts) == pytest.approx(float(apart), rel=1e-9, abs=1e-6)
        assert all(part.money == pytest.approx(sum(one.money for one in part.deviations)) for part in parts)


def test_the_plan_s_own_trades_leave_nothing_in_any_part_of_500_random_depots() -> None:
    for seed in range(500):
        _, plan, path = random_depot(seed)
        shuffled = list(plan.trades)
        random.Random(seed).shuffle(shuffled)
        assert split_difference(Bookings(tuple(shuffled), plan.cash, plan.reinvested), plan, path) == []


@pytest.mark.parametrize(("row", "pairs"), [(0, False), (3, True), (8, True), (9, False), (10, True), (15, True)])
def test_a_trade_belongs_to_the_plan_s_last_one_of_at_most_five_sessions_before(row: int, pairs: bool) -> None:
    plan = [trade(3, "A", 10, 100), trade(10, "A", 20, 100), trade(8, "A", -5, 100)]
    found, alone = pair_trades([trade(row, "A", 1, 100)], plan)
    assert bool(alone) != pairs
    if pairs:
        assert [one.planned.row for one in found if one.fills] == [10 if row >= 10 else 3]


def test_the_next_trade_of_the_plan_takes_what_comes_after_it() -> None:
    plan = [trade(3, "A", 10, 100), trade(5, "A", 20, 100)]
    found, _ = pair_trades([trade(4, "A", 1, 100), trade(5, "A", 2, 100), trade(6, "A", 3, 100)], plan)
    assert [[fill.quantity for fill in one.fills] for one in found] == [[1], [2, 3]]


def test_what_is_sold_at_once_of_what_was_held_at_the_start_is_less_that_was_held() -> None:
    path = quotes({"A": [Fraction(100), Fraction(120)]})
    held = trade(0, "A", 15, 100)._replace(words=HELD_AT_START)
    found = split_difference(Bookings((held, trade(0, "A", -5, 99))), Bookings((trade(0, "A", 10, 100),)), path)
    assert {kind: money for kind, money in money_of(found).items() if money} == {"price": -5}


def test_a_purchase_that_a_dividend_paid_for_is_a_reinvestment() -> None:
    paid = ExactCash(4, "dividend", "A", Fraction(50))
    small, large, dear = trade(5, "A", 1, 10), trade(6, "A", 1, 50), trade(6, "A", 1, 51)
    charged = trade(5, "A", 1, 49, 1)
    found = set_reinvested_apart(
        Bookings((charged, small, large, dear, trade(6, "B", 1, 50), trade(20, "A", 1, 50)), (paid,))
    )
    assert found.reinvested == (large,)
    assert len(found.trades) == 5
