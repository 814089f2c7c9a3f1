"""What `engine orders` is told beside the plan: cash, prices, rates, days."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.depot_files import PP_STATEMENT
from tests.support.order_commands import HELD, PRICES, OrdersCommand


def price(found: Any, ticker: str) -> tuple[float, str]:
    positions = found["positions"]
    return next((one["price"], one["price_date"]) for one in positions if one["ticker"] == ticker)


def test_prices_are_closes_in_the_accounts_currency_and_a_typed_rate_moves_only_its_own(orders: OrdersCommand) -> None:
    fixed, typed = orders.json("--now"), orders.json("--now", "--fx", "EURUSD=1.2")
    assert price(fixed, "SPY") == (pytest.approx(541.60 / 1.0832), "2026-11-27")
    assert price(typed, "SPY") == (pytest.approx(541.60 / 1.2), "2026-11-27")
    assert price(typed, "VOD") == price(fixed, "VOD") == (pytest.approx(4.5889 / 0.85), "2026-11-27")


def test_prices_of_a_file_are_by_ticker_or_isin_in_their_own_currency_and_have_a_day(orders: OrdersCommand) -> None:
    table = "isin,ticker,price,date,currency\n,EUNL,120,2026-11-27,USD\nUS78462F1030,,600,,\n,VOD,470,2026-11-26,GBX\n"
    found = orders.json("--now", "--prices", str(orders.folder / "own.csv"), own=table)
    assert price(found, "EUNL") == (pytest.approx(120 / 1.0832), "2026-11-27")
    assert price(found, "SPY") == (pytest.approx(600 / 1.0832), "2026-11-30")
    assert price(found, "VOD") == (pytest.approx(4.70 / 0.85), "2026-11-26")
    assert any("SPY: without a date, taken as of 2026-11-30" in one for one in found["warnings"])


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ("ticker,price\nEUNL,x\n", "own.csv:2: found 'x', expected a number as 1234.56"),
        ("ticker,price\nEUNL,0\n", "own.csv:2: found the price '0', expected one above zero"),
        ("ticker,price\nEUNL,1\nEUNL,2\n", "own.csv:3: found a second price of EUNL, expected one as in line 2"),
        ("name,price\nEUNL,1\n", "own.csv:1: found the columns 'name', 'price', expected ticker,price"),
        ("ticker,price,date\nEUNL,110,2026-11-20\n", "EUNL: found a price of 2026-11-20, 5 weekdays before 2026-11-30"),
        ("ticker,price,date\nEUNL,110,2026-12-20\n", "EUNL: found a price of 2026-12-20, expected none after"),
    ],
)
def test_what_is_wrong_with_a_file_of_prices_is_one_line(orders: OrdersCommand, rows: str, told: str) -> None:
    assert orders.run("--prices", str(orders.folder / "own.csv"), own=rows) == 1
    assert told in orders.err
    assert len(orders.err.splitlines()) == 1


def test_an_asset_without_a_fresh_close_is_an_error_that_names_its_age_or_waits(orders: OrdersCommand) -> None:
    """EUNL has no close in the last week."""
    old = "".join(
        line.replace(",110.00,", ",,") if line >= "2026-11-23" else line for line in PRICES.splitlines(keepends=True)
    )
    assert orders.run("--now", prices=old) == 1
    assert "EUNL: found its last close on 2026-11-20" in orders.err
    found = orders.json("--now", "--stale-ok", prices=old)
    assert "EUNL" not in {one["ticker"] for one in found["orders"]}
    assert any("waits for a price" in one and "EUNL" in one for one in found["warnings"])


def test_cash_in_another_currency_is_counted_and_said(orders: OrdersCommand) -> None:
    held = "ticker,quantity,currency\nEUNL,90,\nCASH,1000,EUR\nCASH,10000,USD\n"
    found = orders.json("--fx", "EURUSD=1.0832", held=held)
    assert found["cash"]["before"] == pytest.approx(1000 + 9231.905465, abs=1e-6)
    assert any("10,000.00 USD is counted as 9,231.91 EUR" in one for one in found["assumptions"])


def test_cash_that_cannot_be_converted_is_an_error_with_the_pair(orders: OrdersCommand) -> None:
    held = "ticker,quantity,currency\nEUNL,90,\nCASH,1000,SEK\n"
    assert orders.run(held=held) == 1
    assert "--fx EURSEK=1.0832" in orders.err
    assert "or give all cash in EUR by --cash" in orders.err


def test_a_row_of_a_statement_can_be_named_as_the_cash(orders: OrdersCommand) -> None:
    found = orders.json("--cash", "Verrechnungskonto", held=PP_STATEMENT, name="statement.csv")
    assert found["cash"]["before"] == 1234.56
    assert orders.json("--cash", "7.5", held=PP_STATEMENT, name="statement.csv")["cash"]["before"] == 7.5


@pytest.mark.parametrize("text", ["12,5", "1.234,56", "nan", "-,5"])
def test_a_sum_that_is_written_wrongly_is_no_name_of_a_row(orders: OrdersCommand, text: str) -> None:
    assert orders.run(f"--cash={text}") == 1
    assert "--cash: found" in orders.err


FLEX = """<FlexQueryResponse><FlexStatements><FlexStatement accountId="U1">
<CashReport><CashReportCurrency accountId="U1" currency="EUR" endingCash="10"/></CashReport>
<OpenPositions><OpenPosition accountId="U1" currency="EUR" assetCategory="STK" symbol="EUNL" isin="IE00B4L5Y983"
 reportDate="DATE" position="90" multiplier="1" PRICE levelOfDetail="SUMMARY"/></OpenPositions>
</FlexStatement></FlexStatements></FlexQueryResponse>"""


def flex(date: str, price: str = "") -> str:
    """Return a depot of 90 shares on a day, with their price if there is one."""
    return FLEX.replace("DATE", date).replace("PRICE", f'markPrice="{price}"' if price else "")


def test_a_split_between_the_file_and_the_prices_is_found(orders: OrdersCommand) -> None:
    assert orders.run(held=flex("20261126", "440"), name="flex.xml") == 1
    assert "EUNL: found the price 440 EUR of 2026-11-26, expected about 110 EUR of 2026-11-27" in orders.err
    assert "looks like a split 4:1" in orders.err


def test_holdings_from_before_a_split_that_prices_know_are_told_without_a_price(orders: OrdersCommand) -> None:
    """Four for one on 25 November: the shares of the 24th are too few, those of the 26th are not."""
    rows = ["date,ticker,close,dividend,split"]
    for line in PRICES.splitlines()[1:]:
        day = line[:10]
        rows.append(f"{day},EUNL,{440 if day < '2026-11-25' else 110},0,{4 if day == '2026-11-25' else 0}")
        rows += [f"{day},SPY,541.60,0,0", f"{day},VOD,458.89,0,0"]
    for date, told in (("20261124", True), ("20261126", False)):
        found = orders.json(held=flex(date), name=f"{date}.xml", prices="\n".join(rows) + "\n")
        assert any("EUNL: its shares were split after 2026-11-24" in one for one in found["warnings"]) is told


@pytest.mark.parametrize(("date", "told"), [("20261124", False), ("20261123", True)])
def test_holdings_more_than_three_sessions_older_than_the_closes_are_told(
    orders: OrdersCommand, date: str, *, told: bool
) -> None:
    found = orders.json(held=flex(date), name="flex.xml")
    assert any("4 sessions before the last closes, of 2026-11-27" in one for one in found["warnings"]) is told


def test_an_asset_above_its_cap_between_rebalances_is_told(orders: OrdersCommand) -> None:
    satellites = "{VOD: 2.5%, AAA: 2.5%, BBB: 2.5%}, cap: 3%, rebalance: {kind: annual}}"
    plan = f"strategy={{kind: core_satellite, core: {{EUNL: rest, SPY: 20%}}, satellites: {satellites}"
    currencies = "data.currencies={EUNL: EUR, SPY: USD, VOD: GBX, AAA: EUR, BBB: EUR}"
    head, *rows = PRICES.splitlines()
    table = "\n".join([f"{head},AAA,BBB", *(f"{row},10,10" for row in rows)]) + "\n"
    found = orders.json("--set", plan, "--set", currencies, prices=table)
    assert any("binds when the plan next rebalances: VOD 11.33% of 3.00%" in one for one in found["warnings"])


@pytest.mark.parametrize("flag", ["--contribute=-5", "--withdraw=nan"])
def test_money_paid_in_or_out_is_above_zero(orders: OrdersCommand, flag: str) -> None:
    assert orders.run(flag) == 1
    assert "expected money above zero" in orders.err


def test_nothing_due_says_the_next_day_the_rule_the_drift_and_what_a_rebalance_would_take(
    orders: OrdersCommand,
) -> None:
    assert orders.run("--as-of", "2026-11-28") == 0
    text = " ".join(orders.out.split())
    assert "Nothing is due on Monday 30 November 2026. Next: Monday 4 January 2027" in text
    assert "(on the first session of every January, XETR)" in text
    assert "Drift now, from closes of Friday 27 November 2026: VOD 11.33% of 20.00%, SPY 26.23% of 30.00%" in text
    assert "--now would place 3 orders, fees 2.91 EUR, turnover 13.0%" in text
    assert "XETR is closed on 2026-11-28; the orders are of its next session, 2026-11-30" in text


def test_a_day_that_ends_early_is_told(orders: OrdersCommand) -> None:
    """Frankfurt's shortened sessions: 30 December 2026."""
    days = "".join(f"2026-12-{day:02d},110.00,541.60,458.89\n" for day in (21, 22, 23, 28, 29))
    rates = "".join(f"2026-12-{day:02d},1.0832,0.85\n" for day in (21, 22, 23, 28, 29))
    found = orders.json("--as-of", "2026-12-30", prices="date,EUNL,SPY,VOD\n" + days, rates="date,USD,GBP\n" + rates)
    assert any("closes early on 2026-12-30" in one for one in found["warnings"])


@pytest.mark.parametrize(
    ("held", "more", "told"),
    [
        (HELD.replace("90", "9000"), (), "the plan was tested with 20,000"),
        (HELD.replace("CASH,2000", "CASH,9000"), (), "above its target; it waits"),
        (HELD, ("--set", "costs={kind: broker, tariff: comdirect}"), "the tariff comdirect as known in 2025-10"),
        (
            HELD,
            ("--set", "costs={kind: percent, rate: 0.1%, spread: 80}"),
            "half the spread is wider than orders.limit",
        ),
        (HELD, ("--now", "--set", "orders.max_fee=0.11%"), "is left out: its fee of"),
    ],
)
def test_what_a_reader_should_know_is_told(orders: OrdersCommand, held: str, more: tuple[str, ...], told: str) -> None:
    found = orders.json(*more, held=held)
    assert any(told in one for one in found["warnings"]), found["warnings"]


def test_prices_that_ended_long_ago_are_one_line_whatever_is_held(orders: OrdersCommand) -> None:
    for held in ("ticker,quantity\nEUNL,90\nSPY,3\nCASH,1000\n", "ticker,quantity\nXXX,90\nCASH,1000\n"):
        assert orders.run("--as-of", "2027-02-01", held=held) == 1
        assert "found closes up to 2026-11-27, expected some of the 3 weekdays before 2027-02-01" in orders.err
        assert len(orders.err.splitlines()) == 1


def test_a_depot_of_which_nothing_is_known_is_told_how_to_name_it_first_of_all(orders: OrdersCommand) -> None:
    found = orders.json(held="isin,quantity\nIE00BKM4GZ66,90\nCASH,1000\n")
    assert found["cash"]["before"] == 1000.0, "a table of ISINs has its cash there"
    assert found["warnings"][0].startswith("no holding of the file is known as an asset of the plan (EUNL")
    assert "identifiers: {IE00BKM4GZ66: its ticker}" in found["warnings"][0]


@pytest.mark.parametrize(
    ("more", "held", "begins"),
    [
        (("--as-of", "2026-13-01"), HELD, "error: --as-of: found '2026-13-01'"),
        (("--fx", "EURUSD=1,08"), HELD, "error: --fx: found 'EURUSD=1,08'"),
        ((), HELD.replace("90", "9o"), "error: HELD:2: "),
        ((), "ticker,quantity\nEUNL,90\n", "error: HELD: found no cash"),
        (("--as-of", "2026-12-20"), HELD, "error: PLAN: "),
        (("--withdraw", "50000"), HELD, "error: PLAN: "),
    ],
)
def test_an_error_begins_with_the_place_that_it_is_in(
    orders: OrdersCommand, more: tuple[str, ...], held: str, begins: str
) -> None:
    """A flag, a file and its line, or the plan; one line a fault, and none is a traceback."""
    assert orders.run(*more, held=held) == 1
    places = {"HELD": str(orders.folder / "held.csv"), "PLAN": str(orders.folder / "plan.yaml")}
    for name, path in places.items():
        begins = begins.replace(name, path)
    assert orders.err.startswith(begins)
    assert "Traceback" not in orders.err


def test_settled_cash_is_that_of_the_flag(orders: OrdersCommand) -> None:
    assert orders.json("--settled-cash", "12.5")["cash"]["settled"] == 12.5


@pytest.mark.parametrize("day", ["2262-05-01", "9999-12-31", "0001-01-01", "1677-01-03"])
def test_a_day_that_no_exchange_has_is_no_fault_of_the_calendar(day: str, orders: OrdersCommand) -> None:
    assert orders.run("--as-of", day) == 1
    assert f"--as-of: found {day}, expected a day of the years 1900 to 2200" in orders.err
    assert "data.calendar" not in orders.err


def test_what_cannot_be_withdrawn_is_not_to_be_mended_by_the_keys_of_a_run(orders: OrdersCommand) -> None:
    assert orders.run("--withdraw", "999999") == 1
    assert orders.err.rstrip().endswith("a withdrawal of 999,999.00 is due and 19,059.48 can be raised; withdraw less")
