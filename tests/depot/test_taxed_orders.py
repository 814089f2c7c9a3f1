"""Orders of taxed plans beside cases worked by hand: what sales gain, what leaves with them, what is remembered."""

from __future__ import annotations

import copy
import dataclasses
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.backtest.prices import load_prices
from engine.composition import load_run
from engine.core.errors import DataError
from engine.data.market import Market
from engine.data.sources.exchange_calendar import exchange_sessions
from engine.depot.orders.answer_orders import OrderAnswer, answer_orders
from engine.depot.orders.order_flags import OrderFlags
from engine.depot.orders.state_file import read_state, state_json

PLAN = """
name: two
data: {{calendar: XETR, source: {{kind: files, path: {prices}, currency: {currency}}}, dividends: cash}}
account: {{capital: 10000, currency: {currency}, shares: whole}}
window: {{start: 2025-01-02}}
strategy: {{kind: fixed_mix, weights: {{A: 25%, B: 75%}}, rebalance: {{kind: annual, month: january}}}}
orders: {{limit: 0%, max_fee: 100%}}
tax: {tax}
"""
STOCK, FUND = "{stock: DE}", "{fund: equity, income: distributing}"
GERMANY = "{{kind: germany, allowance: 100, assets: {{A: {asset}, B: {fund}}}{more}}}"
UNITED_STATES = "{kind: united_states, rates: {ordinary: 24%, long_term: 15%}, assets: {A: {stock: US}, B: {fund: us}}}"
E10 = "A,10,50,2026-02-02\nA,10,80,2026-06-01\n"
"""Of 15 sold at 100 the cost is 900 and the gain 600 (ORDERS.md, E10)."""


@dataclasses.dataclass
class Asked:
    """`engine orders` of a plan of two assets: A at 100, at 90 on the first session, and B at 50, paying ``dividend``."""

    folder: Path
    dividend: float = 0.0

    def answer(self, tax: str, lots: str, cash: str, day: str = "2026-11-30", **flags: object) -> OrderAnswer:
        """Return the orders for ``lots`` as rows of ticker, quantity, cost and date."""
        sessions = exchange_sessions("XETR", np.datetime64("2025-01-02"), np.datetime64("2027-05-03"))
        rows = ["date,ticker,close,dividend,split"]
        for at, date in enumerate(sessions):
            rows += [f"{date},A,{100 if at else 90},0,1", f"{date},B,50,{self.dividend if at == 200 else 0},1"]
        (self.folder / "prices.csv").write_text("\n".join(rows) + "\n")
        currency = "EUR" if "germany" in tax else "USD"
        path = self.folder / "plan.yaml"
        path.write_text(PLAN.format(prices=self.folder / "prices.csv", currency=currency, tax=tax))
        held = self.folder / "held.csv"
        held.write_text(f"ticker,quantity,cost,date\n{lots}")
        self.config = load_run(path, ())
        asked = {"now": True, **flags}
        return answer_orders(self.config, held, OrderFlags(cash=cash, as_of=day, **asked))  # type: ignore[arg-type]

    def state(self, answer: OrderAnswer) -> Path:
        """Return a file of what is remembered."""
        path = self.folder / "state.json"
        path.write_text(json.dumps(state_json(answer.plan.after, self.config.sha256())))
        return path


@pytest.fixture
def asked(tmp_path: Path) -> Asked:
    return Asked(tmp_path)


def sale(answer: OrderAnswer) -> tuple[float, float | None, float]:
    """Return the shares of A that are sold, what they gain, and their tax."""
    (order,) = [one for one in answer.plan.sized.orders if one.side == "sell"]
    assert order.ticker == "A"
    gain, tax = answer.plan.realised_by(order)
    return order.quantity, gain, tax


def test_without_a_law_the_oldest_lots_say_what_a_sale_gains(asked: Asked) -> None:
    assert sale(asked.answer("{kind: none}", E10, "0")) == (15.0, 600.0, 0.0)
    assert sale(asked.answer("{kind: none}", "A,20,,\n", "0")) == (15.0, None, 0.0)
    assert sale(asked.answer("{kind: none}", "A,20,65,\n", "0")) == (15.0, pytest.approx(525.0), 0.0)


GERMAN = [
    # 600 of a stock, 100 of it free: 26.375 % of 500
    ("stock", GERMANY.format(asset=STOCK, fund=FUND, more=""), E10, 600.0, 131.875),
    # of a fund of stocks 30 % is exempt: 26.375 % of 420 - 100
    ("fund", GERMANY.format(asset=FUND, fund=FUND, more=""), E10, 600.0, 84.40),
    # with church tax of 9 %: 25 % of 500 / 1.0225, and of that 5.5 % and 9 % more
    ("church", GERMANY.format(asset=STOCK, fund=FUND, more=", church: 9%"), E10, 600.0, 139.97555012224938),
    # other losses of 300 carried in: 26.375 % of 600 - 300 - 100
    ("pots", GERMANY.format(asset=STOCK, fund=FUND, more=", opening_pots: {stocks: 0, other: 300}"), E10, 600.0, 52.75),
    # lots of 2025 are taxed in advance: 0.7 x 2.53 % x 90 a unit, 11 and 7 twelfths of it, which the gain is less
    (
        "advance",
        GERMANY.format(asset=FUND, fund=FUND, more=""),
        "A,10,50,2025-02-03\nA,10,80,2025-06-02\n",
        600.0 - 10 * 1.5939 * 11 / 12 - 5 * 1.5939 * 7 / 12,
        80.84419173,
    ),
]


@pytest.mark.parametrize(("law", "lots", "gain", "tax"), [one[1:] for one in GERMAN], ids=[one[0] for one in GERMAN])
def test_a_german_sale_keeps_its_tax_back_to_the_cent(
    asked: Asked, law: str, lots: str, gain: float, tax: float
) -> None:
    """Cash is the tax and a cent, so that 15 shares are sold of 2,000 and 30 of B are bought for 1,500."""
    answer = asked.answer(law, lots, f"{tax + 0.01:.2f}")
    assert sale(answer) == (15.0, pytest.approx(gain, abs=1e-9), pytest.approx(tax, abs=1e-7))
    plan = answer.plan
    assert plan.sized.tax == pytest.approx(tax, abs=1e-7)
    assert {one.ticker: one.quantity for one in plan.sized.orders if one.side == "buy"} == {"B": 30.0}
    spent = sum((1 if one.side == "buy" else -1) * one.money for one in plan.sized.orders)
    assert plan.sized.cash == pytest.approx(plan.cash - spent - plan.sized.tax, abs=1e-9)
    assert 0.0 <= plan.sized.worst_cash < 0.02


def test_a_year_s_first_orders_pay_its_advance_lump_sum_first_and_a_sale_that_day_gains_that_much_less(
    asked: Asked,
) -> None:
    """20 units bought in February 2025 have 11 twelfths of 0.7 x 2.53 % x 90 each; 70 % of it is taxed at 26.375 %."""
    advance = 0.7 * 0.0253 * 90 * 11 / 12
    before, gain = 20 * advance * 0.7 * 0.26375, 15 * (50 - advance)
    law = GERMANY.format(asset=FUND, fund=FUND, more="").replace("allowance: 100", "allowance: 0")
    cash = f"{before + 0.7 * gain * 0.26375 + 0.01:.2f}"
    answer = asked.answer(law, "A,20,50,2025-02-03\n", cash, "2026-01-02", now=False)
    assert answer.plan.tax_before == pytest.approx(before)
    assert sale(answer) == (15.0, pytest.approx(gain), pytest.approx(0.7 * gain * 0.26375))
    assert 0.0 <= answer.plan.sized.worst_cash < 0.02
    filled = "A,5,,\nB,30,,\n"
    again = asked.answer(law, filled, "0.01", "2026-01-02", now=False, state=asked.state(answer))
    assert again.plan.tax_before == 0.0
    assert not again.plan.sized.orders


def test_an_open_purchase_has_no_lot_yet(asked: Asked) -> None:
    """Of 2,500 a quarter is 6 of A and the rest 38 of B, of which 10 are bought already; no day of theirs is assumed."""
    pending = asked.folder / "open.csv"
    pending.write_text("side,code,quantity,limit\nbuy,B,10,50\n")
    law = GERMANY.format(asset=STOCK, fund=FUND, more="").replace("allowance: 100", "allowance: 1000")
    answer = asked.answer(law, E10, "500", pending=pending)
    assert {one.ticker: one.quantity for one in answer.plan.sized.orders} == {"A": 14.0, "B": 28.0}
    assert sale(answer) == (14.0, pytest.approx(580.0), 0.0)
    assert not any("no days of purchase" in one for one in answer.assumptions)


def test_a_loss_brings_back_nothing_that_purchases_count_on(asked: Asked) -> None:
    answer = asked.answer(GERMANY.format(asset=STOCK, fund=FUND, more=""), "A,20,120,2026-02-02\n", "0")
    assert sale(answer) == (15.0, pytest.approx(-300.0), 0.0)
    assert answer.plan.sized.worst_cash >= 0.0


def test_in_the_united_states_nothing_leaves_with_a_sale_and_april_has_the_tax_of_the_year(asked: Asked) -> None:
    """500 are long-term, 100 short-term: 15 % of 500 and 24 % of 100 are due on 15 April."""
    first = asked.answer(UNITED_STATES, "A,10,50,2025-02-03\nA,10,80,2026-06-01\n", "0")
    assert sale(first) == (15.0, pytest.approx(600.0), 0.0)
    state = asked.state(first)
    later = asked.answer(UNITED_STATES, "A,5,,\nB,30,,\n", "120", "2027-04-15", now=False, state=state)
    assert later.plan.tax_before == pytest.approx(99.0)
    assert later.plan.sized.cash == pytest.approx(21.0)
    assert any("99.00 USD of taxes are due on 2027-04-15" in one for one in later.assumptions)


def test_a_retirement_account_is_asked_for_no_tax(asked: Asked) -> None:
    law = "{kind: united_states, account: roth, assets: {A: {stock: US}, B: {fund: us}}}"
    assert sale(asked.answer(law, E10, "0"))[::2] == (15.0, 0.0)


def test_a_flat_tax_is_that_of_average_lots_where_it_says_so(asked: Asked) -> None:
    """A cost of 65 each: 25 % of 525."""
    law = "{kind: flat, gains: 25%, income: 25%, lots: average}"
    assert sale(asked.answer(law, E10, "131.26")) == (15.0, pytest.approx(525.0), pytest.approx(131.25))


def test_what_the_file_does_not_say_of_lots_is_assumed_and_said(asked: Asked) -> None:
    law = GERMANY.format(asset=STOCK, fund=FUND, more="")
    answer = asked.answer(law, "A,20,,\n", "0")
    assert sale(answer) == (15.0, pytest.approx(0.0), 0.0)
    told = "\n".join(answer.assumptions)
    assert "A: no days of purchase, taken as bought on 2025-11-28" in told
    assert "A: no cost, taken as bought at the price of today" in told
    assert "nothing was realised or paid out so far this year" in told


FILLED = [
    # 8 of the 15 were sold for a gain of 400, which has used the allowance; 7 more gain 2 x 50 + 5 x 20
    ("a part", "A,12,,\nB,10,,\n", "352.76", (7.0, 200.0, 52.75)),
    ("nothing", "A,20,,\n", "131.89", (15.0, 600.0, 131.875)),
]


@pytest.mark.parametrize(("held", "cash", "sold"), [one[1:] for one in FILLED], ids=[one[0] for one in FILLED])
def test_a_state_counts_as_far_as_its_orders_were_filled(
    asked: Asked, held: str, cash: str, sold: tuple[float, float, float]
) -> None:
    """The file has no lots any more: what is sold costs what the state says."""
    law = GERMANY.format(asset=STOCK, fund=FUND, more="")
    state = asked.state(asked.answer(law, E10, "131.89"))
    later = asked.answer(law, held, cash, "2026-12-07", state=state)
    assert sale(later) == pytest.approx(sold)
    assert not any("do not add up" in one for one in later.assumptions)


def test_holdings_that_no_fill_of_the_orders_explains_win_over_the_lots_of_a_state(asked: Asked) -> None:
    law = GERMANY.format(asset=STOCK, fund=FUND, more="")
    state = asked.state(asked.answer(law, E10, "131.89"))
    later = asked.answer(law, "A,25,,\n", "0", "2026-12-07", state=state)
    assert any("the lots of the state do not add up to what is held of A, and none" in one for one in later.assumptions)
    assert sale(later)[1:] == (pytest.approx(0.0), 0.0)


def test_a_state_that_was_changed_by_hand_is_one_line(asked: Asked) -> None:
    law = GERMANY.format(asset=STOCK, fund=FUND, more="")
    state = asked.state(asked.answer(law, E10, "131.89"))
    plain = json.loads(state.read_text())
    plain["tax"]["bookings"][0]["columns"] = [7]
    state.write_text(json.dumps(plain))
    with pytest.raises(DataError, match="a booking of taxes that cannot be one; it was changed by hand"):
        asked.answer(law, E10, "0", "2026-12-07", state=state)


def test_a_fund_that_keeps_what_its_prices_pay_has_no_price_of_its_own(asked: Asked) -> None:
    asked.dividend = 1.0
    law = GERMANY.format(asset=STOCK, fund="{fund: equity, income: accumulating}", more="")
    with pytest.raises(DataError, match="found closes of B that pay dividends, expected those of a fund that keeps"):
        asked.answer(law, E10, "131.89")
    own = asked.folder / "own.csv"
    own.write_text("ticker,price,date\nB,50,2026-11-27\n")
    assert sale(asked.answer(law, E10, "131.89", prices=own)) == pytest.approx((15.0, 600.0, 131.875))


@pytest.mark.parametrize("law", [GERMANY.format(asset=FUND, fund=FUND, more=""), UNITED_STATES], ids=["de", "us"])
def test_a_damaged_state_is_read_or_refused(asked: Asked, law: str) -> None:
    answer = asked.answer(law, "A,10,50,2025-02-03\nA,10,80,2026-06-01\n", "500")
    plain, rng = state_json(answer.plan.after, "a" * 64), random.Random(7)
    path, taxation = asked.folder / "damaged.json", load_prices(asked.config).taxation
    market, refused = answer_market(asked), 0
    assert taxation is not None
    for _ in range(60):
        other = copy.deepcopy(plain)
        damage(other["tax"]["bookings"], rng)  # type: ignore[index, call-overload]
        path.write_text(json.dumps(other))
        try:
            read = read_state(path, "a" * 64)
            assert read.tax is not None
            read.tax.open_book(taxation, market)
        except DataError as error:
            assert "changed by hand" in str(error) or "no state of an account" in str(error)
            refused += 1
    assert 8 < refused < 60


def answer_market(asked: Asked) -> Market:
    """Return the prices up to the day of the orders."""
    return load_prices(asked.config).market.truncate(np.datetime64("2026-11-30"))


def damage(bookings: list[dict[str, Any]], rng: random.Random) -> None:
    """Change a booking into what is none, or none that comes here."""
    at = rng.randrange(len(bookings))
    kinds = ["begin_year", "assessed", "take_trades", "forget_years", "take_interest", "sold"]
    changes: list[Callable[[], object]] = [
        lambda: bookings[at].update(kind=rng.choice(kinds)),
        lambda: bookings[at].update(on=rng.choice([0, 1, 5, -1])),
        lambda: bookings[at].update(columns=[rng.choice([0, 1, 2])]),
        lambda: bookings[at].update(vectors=[[rng.choice([0.0, -1e300, float("nan"), 5.0])] * rng.randrange(3)] * 3),
        lambda: bookings.insert(at, {"on": 0, "kind": "begin_year"}),
        bookings.reverse,
        lambda: bookings.pop(at),
    ]
    rng.choice(changes)()
