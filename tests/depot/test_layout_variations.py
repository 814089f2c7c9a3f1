"""What brokers vary in their layouts: languages, levels of detail, accounts, events that are no trades."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from engine.depot.holdings import read_holdings, read_transactions
from engine.depot.records import Holdings
from tests.support.depot_files import (
    BOOKED,
    CASH,
    FILES,
    HELD,
    day,
    expect_bookings,
    held,
    normal_booking,
    short_booking,
)


def flex(folder: Path, *changes: tuple[str, str]) -> Holdings:
    """Read the Flex query of the depot with some texts replaced."""
    text = FILES["ibkr_flex.xml"][1].decode()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    (folder / "flex.xml").write_text(text)
    return read_holdings(str(folder / "flex.xml"))


def test_queries_call_the_shares_position_or_quantity_and_write_days_in_two_forms(tmp_path: Path) -> None:
    holdings = flex(tmp_path, (' position="', ' quantity="'), ("20250102;093000", "2025-01-02, 09:30:00"))
    assert held(holdings) == HELD
    assert holdings.positions[0].lots[0].date == day("2025-01-02")


def test_lots_that_do_not_add_up_are_left_out_and_said(tmp_path: Path) -> None:
    lot = 'position="25" multiplier="1" markPrice="30" costBasisPrice="20" levelOfDetail="LOT"'
    holdings = flex(tmp_path, (lot, lot.replace('"25"', '"24"')))
    assert holdings.positions[2].lots == ()
    assert holdings.notes == ("lots that do not add up to the position and are not read: line 14",)


def test_the_sum_of_all_cash_counts_only_where_it_stands_alone(tmp_path: Path) -> None:
    own = '<CashReportCurrency accountId="Kanarienvogel-DE89370400440532013000" currency="EUR" endingCash="1234.56" endingSettledCash="1000" />'
    assert flex(tmp_path, (own, "")).cash == {"EUR": CASH}
    assert flex(tmp_path, (own, own.replace("EUR", "USD") + own)).cash == {"USD": CASH, "EUR": CASH}


def test_a_query_of_two_accounts_has_two(tmp_path: Path) -> None:
    text = FILES["ibkr_flex.xml"][1].decode()
    start, end = text.index("<FlexStatement account"), text.index("</FlexStatements>")
    one = text[start:end]
    (tmp_path / "two.xml").write_text(text[:end] + one.replace("Kanarienvogel", "other") + text[end:])
    assert held(read_holdings(str(tmp_path / "two.xml"), account="account 2")) == HELD
    assert read_holdings(str(tmp_path / "two.xml"), account="account 2").cash == {"EUR": CASH}


def test_an_activity_statement_without_isins_or_currencies_of_cash(tmp_path: Path) -> None:
    text = FILES["ibkr_statement.csv"][1].decode()
    lines = [line for line in text.splitlines() if "Cash,EUR" not in line and "Financial" not in line]
    (tmp_path / "a.csv").write_text("\n".join(lines).replace("Open Positions,", "Long Open Positions,"))
    holdings = read_holdings(str(tmp_path / "a.csv"))
    assert [one.codes for one in holdings.positions] == [("", "", symbol, "") for symbol in ("EUNL", "IS3N", "DTE")]
    assert (dict(holdings.cash), dict(holdings.settled)) == ({"EUR": CASH}, {})


def test_degiro_s_other_languages_and_unnamed_currencies(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(
        "Date,Time,Product,ISIN,Reference exchange,Venue,Quantity,Price,,Local value,,Value,,Exchange rate,"
        "Transaction and/or third,,Total,,Order ID\n"
        "02-01-2025,09:30,WORLD,IE00B4L5Y983,XET,XETA,-10,80.00,EUR,800.00,EUR,800.00,EUR,,-2.00,EUR,798.00,EUR,x\n"
    )
    (sale,) = read_transactions(str(tmp_path / "a.csv")).items
    assert (
        normal_booking(short_booking(sale)) == expect_bookings(("2025-01-02", "sell", "-10", "798", "2", "0", "EUR"))[0]
    )
    assert sale.price == Decimal(80)


def test_a_trade_of_midnight_has_an_order_and_is_no_split(tmp_path: Path) -> None:
    raw = FILES["degiro_transactions.csv"][1].decode().replace(',,,,"-8000,00",\n', ',,,,"-8000,00",a\n')
    (tmp_path / "a.csv").write_text(raw.replace(',,,,"8000,00",\n', ',,,,"8000,00",b\n'))
    kinds = [one.kind for one in read_transactions(str(tmp_path / "a.csv")).items if one.date == day("2025-06-05")]
    assert sorted(kinds) == ["buy", "sell"]


def test_what_degiro_exchanges_for_another_code_at_midnight_left_and_came(tmp_path: Path) -> None:
    """The same code would be a split."""
    raw = FILES["degiro_transactions.csv"][1].decode()
    (tmp_path / "a.csv").write_text(raw.replace("IE00B4L5Y983,TDG,,-100", "IE00BKM4GZ66,TDG,,-100"))
    moves = [one for one in read_transactions(str(tmp_path / "a.csv")).items if one.date == day("2025-06-05")]
    assert [(one.kind, one.codes.isin, one.quantity, one.money) for one in moves] == [
        ("transfer_out", "IE00BKM4GZ66", Decimal(-100), Decimal(0)),
        ("transfer_in", "IE00B4L5Y983", Decimal(200), Decimal(0)),
    ]


def test_an_event_of_a_company_is_no_trade_at_degiro(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(
        "Datum,Tijd,Valutadatum,Product,ISIN,Omschrijving,FX,Mutatie,,Saldo,,Order Id\n"
        '23-02-2023,04:21,23-02-2023,FBR,AU000000FBR4,"PRODUCTWIJZIGING : Koop 500 @ 0,039 EUR",,EUR,0,EUR,18.3,\n'
        "02-04-2024,09:00,02-04-2024,AVIVA,GB00BPQY8M80,Sell 4 AVIVA@496 GBX (GB00BPQY8M80),,GBP,19.84,GBP,1,\n"
    )
    event, sale = read_transactions(str(tmp_path / "a.csv")).items
    assert (event.kind, event.quantity, event.money) == ("transfer_in", Decimal(500), Decimal(0))
    assert (sale.kind, sale.quantity, sale.price, sale.currency) == ("sell", Decimal(-4), Decimal("4.96"), "GBP")


def test_a_coin_has_no_code_that_a_plan_could_take_for_an_isin(tmp_path: Path) -> None:
    raw = (
        FILES["trade_republic.csv"][1]
        .decode()
        .replace('"STOCK","Telekom","DE0005557508"', '"CRYPTO","Coin","XF000BTC0017"')
    )
    (tmp_path / "a.csv").write_text(raw)
    assert read_holdings(str(tmp_path / "a.csv")).positions[2].codes == ("", "", "XF000BTC0017", "")


def test_words_beside_trades_are_booked_as_what_they_are(tmp_path: Path) -> None:
    """Portfolio Performance writes what is paid with or without a sign."""
    header = FILES["pp_transactions.csv"][1].decode().splitlines()[0]
    kinds = ["Zinsen", "Zinsbelastung", "Gebühren", "Gebührenerstattung", "Steuern", "Steuerrückerstattung", "Entnahme"]
    rows = [f"2025-01-0{at};{kind};5,00;EUR;;;;;;;;;;;" for at, kind in enumerate(kinds, 1)]
    rows.append("2025-01-09;Einlage;-5,00;EUR;;;;;;;;;;;")
    (tmp_path / "a.csv").write_text("\n".join([header, *rows]), encoding="utf-8")
    assert [(one.kind, one.money) for one in read_transactions(str(tmp_path / "a.csv")).items] == [
        ("interest", Decimal(5)),
        ("interest", Decimal(-5)),
        ("fee", Decimal(-5)),
        ("fee", Decimal(5)),
        ("tax", Decimal(-5)),
        ("tax", Decimal(5)),
        ("withdrawal", Decimal(-5)),
        ("deposit", Decimal(5)),
    ]


def test_sums_of_executions_are_not_booked_again(tmp_path: Path) -> None:
    text = FILES["ibkr_flex.xml"][1].decode()
    trade = next(line for line in text.splitlines() if 'levelOfDetail="EXECUTION" notes' in line)
    dividend = next(line for line in text.splitlines() if 'type="Dividends"' in line)
    again = trade.replace("EXECUTION", "SYMBOL_SUMMARY") + dividend.replace(
        'type="D', 'levelOfDetail="SUMMARY" type="D'
    )
    (tmp_path / "a.xml").write_text(text.replace("<Trades>", f"<Trades>{again}"))
    found = [normal_booking(short_booking(one)) for one in read_transactions(str(tmp_path / "a.xml")).items]
    assert found == list(map(normal_booking, BOOKED["ibkr_flex.xml"]))


def test_a_cost_in_another_currency_than_the_price_is_no_cost(tmp_path: Path) -> None:
    raw = FILES["dkb.csv"][1].decode().replace('"80,00 €";"110,00 €"', '"80,00 USD";"110,00 €"')
    (tmp_path / "a.csv").write_text(raw)
    world = read_holdings(str(tmp_path / "a.csv")).positions[0]
    assert (world.cost, world.price, world.currency) == (None, Decimal("110.00"), "EUR")


def test_cash_in_another_currency_is_in_that_currency(tmp_path: Path) -> None:
    dollars = 'CASH & CASH FUND & FTX CASH (USD),,,,USD,"100,00","92,00"\nCORE WORLD'
    raw = FILES["degiro_portfolio.csv"][1].decode().replace("CORE WORLD", dollars)
    (tmp_path / "a.csv").write_text(raw, encoding="utf-8")
    assert read_holdings(str(tmp_path / "a.csv")).cash == {"EUR": CASH, "USD": Decimal(100)}
