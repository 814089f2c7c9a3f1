"""One depot in every broker's layout is one depot."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

import pytest

from engine.depot.documents import open_document
from engine.depot.holdings import HoldingLot, Holdings, Transaction, read_holdings, read_transactions
from engine.depot.layouts.catalogue import LAYOUTS, find_layout
from tests.support.depot_files import CASH, FILES, HELD, WITH_HOLDINGS, WITHOUT_CASH, WKNS

SAMPLES = {
    "plain.csv": "plain",
    "ibkr_flex_positions.xml": "ibkr-flex",
    "comdirect_depot.csv": "comdirect",
    "dkb_depot.csv": "dkb",
    "degiro_portfolio_de.csv": "degiro-portfolio",
    "traderepublic_transactions.csv": "trade-republic",
    "scalable_transactions.csv": "scalable",
    "pp_vermoegensaufstellung.csv": "portfolio-performance-statement",
    "pp_transactions.csv": "portfolio-performance-transactions",
}


def write(folder: Path, name: str) -> str:
    (folder / name).write_bytes(FILES[name][1])
    return str(folder / name)


def held(holdings: Holdings) -> dict[str, Decimal]:
    return {one.codes.isin or WKNS[one.codes.wkn]: one.quantity for one in holdings.positions}


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_of_exactly_the_layout_that_its_columns_tell(tmp_path: Path, name: str) -> None:
    document = open_document(write(tmp_path, name))
    assert [layout.name for layout in LAYOUTS if layout.recognises(document)] == [FILES[name][0]]


def test_every_layout_has_a_file_here() -> None:
    assert {layout for layout, _ in FILES.values()} == {layout.name for layout in LAYOUTS}


@pytest.mark.parametrize("name", WITH_HOLDINGS)
def test_a_depot_is_the_same_in_every_layout(tmp_path: Path, name: str) -> None:
    holdings = read_holdings(write(tmp_path, name))
    assert held(holdings) == HELD
    assert list(holdings.cash.values()) == ([] if name in WITHOUT_CASH else [CASH])
    assert holdings.layout == FILES[name][0]
    assert holdings.notes == ()
    assert all(one.line > 1 for one in holdings.positions)


@pytest.mark.parametrize("name", SAMPLES)
def test_the_sample_depot_is_the_same_in_all_nine_layouts(shared_data: Path, name: str) -> None:
    path = str(shared_data / "samples" / "orders" / name)
    named = {"cash_account": "Verrechnungskonto"} if name.startswith("pp_v") else {}
    holdings = read_holdings(path, **named)
    assert holdings.layout == SAMPLES[name]
    assert held(holdings) == HELD
    assert list(holdings.cash.values()) == ([] if name in {"comdirect_depot.csv", "dkb_depot.csv"} else [CASH])


@pytest.mark.parametrize("name", WITH_HOLDINGS)
def test_columns_may_stand_in_any_order(tmp_path: Path, name: str) -> None:
    """DEGIRO's and the statement's unnamed columns, and XML, have an order of their own."""
    layout, raw = FILES[name]
    if layout in {"degiro-portfolio", "ibkr-statement", "ibkr-flex"}:
        pytest.skip("its columns have no names, or it has no columns")
    text = raw.decode("cp1252" if layout == "comdirect" else "utf-8-sig")
    separator = "," if layout in {"plain", "trade-republic"} else ";"
    lines = [line.split(separator) for line in text.splitlines()]
    width = max(map(len, lines))
    turned = [separator.join(reversed(cells)) if len(cells) == width else separator.join(cells) for cells in lines]
    (tmp_path / "turned.csv").write_text("\n".join(turned) + "\n", encoding="utf-8")
    assert held(read_holdings(str(tmp_path / "turned.csv"))) == HELD


def test_a_column_that_nobody_knows_is_named_once(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("Quantity , colour,TICKER\n1,red,A\n2,blue,B\n")
    holdings = read_holdings(str(tmp_path / "a.csv"))
    assert holdings.notes == ("columns that are not read: colour",)
    assert [one.codes.symbol for one in holdings.positions] == ["A", "B"]


def test_rows_of_one_ticker_in_a_table_of_one_s_own_are_its_lots(tmp_path: Path) -> None:
    world = read_holdings(write(tmp_path, "plain.csv")).positions[0]
    assert world.lots == (
        HoldingLot(day("2025-01-02"), Decimal(60), Decimal("80.00")),
        HoldingLot(day("2025-03-04"), Decimal(40), Decimal("80.00")),
    )
    assert (world.account, world.cost) == ("main", Decimal(80))


def test_a_price_in_another_currency_is_left_for_the_value_in_euros_that_the_cost_is_in_too(tmp_path: Path) -> None:
    emerging = read_holdings(write(tmp_path, "comdirect.csv")).positions[1]
    assert (emerging.currency, emerging.price, emerging.cost) == ("EUR", Decimal(40), Decimal(30))


def test_a_dot_parts_thousands_where_the_layout_is_german_and_decimals_where_it_is_not(tmp_path: Path) -> None:
    telekom = read_holdings(write(tmp_path, "dkb.csv")).positions[2]
    assert (telekom.price, telekom.cost) == (Decimal(1030), None)
    (tmp_path / "a.csv").write_text("ticker,quantity\nA,1.234\n")
    assert read_holdings(str(tmp_path / "a.csv")).positions[0].quantity == Decimal("1.234")


def test_summaries_are_counted_and_lots_are_their_lots(tmp_path: Path) -> None:
    """E20: 100 and 40.5, not 200 and 81."""
    holdings = read_holdings(write(tmp_path, "ibkr_flex.xml"))
    assert [one.quantity for one in holdings.positions[:2]] == [Decimal(100), Decimal("40.5")]
    assert holdings.positions[0].lots == (HoldingLot(day("2025-01-02"), Decimal(100), Decimal(80)),)
    assert (dict(holdings.settled), holdings.date) == ({"EUR": Decimal(1000)}, day("2026-11-27"))


def test_a_byte_order_mark_before_xml_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "bom.xml").write_bytes(b"\xef\xbb\xbf" + FILES["ibkr_flex.xml"][1])
    assert held(read_holdings(str(tmp_path / "bom.xml"))) == HELD


def test_lots_that_stand_alone_are_added(tmp_path: Path) -> None:
    text = FILES["ibkr_flex.xml"][1].decode()
    kept = [line for line in text.splitlines() if 'levelOfDetail="SUMMARY"' not in line]
    (tmp_path / "lots.xml").write_text("\n".join(kept))
    assert held(read_holdings(str(tmp_path / "lots.xml"))) == HELD


def test_pence_are_hundredths_of_a_pound(tmp_path: Path) -> None:
    """E15: 110 shares at 458.89 GBX are 504.779 GBP."""
    text = (
        FILES["ibkr_flex.xml"][1]
        .decode()
        .replace(
            'currency="EUR" fxRateToBase="1" assetCategory="STK" symbol="DTE"',
            'currency="GBX" fxRateToBase="1" assetCategory="STK" symbol="DTE"',
        )
    )
    text = text.replace(
        'position="25" multiplier="1" markPrice="30"', 'position="110" multiplier="1" markPrice="458.89"'
    )
    (tmp_path / "pence.xml").write_text(text)
    share = read_holdings(str(tmp_path / "pence.xml")).positions[2]
    assert share.currency == "GBP"
    assert share.price is not None
    assert share.quantity * share.price == Decimal("504.779")


def test_what_is_neither_shares_nor_a_fund_has_no_code_that_a_plan_could_know(tmp_path: Path) -> None:
    text = (
        FILES["ibkr_flex.xml"][1]
        .decode()
        .replace('assetCategory="STK" symbol="DTE"', 'assetCategory="CMDTY" symbol="DTE"')
    )
    (tmp_path / "gold.xml").write_text(text)
    assert read_holdings(str(tmp_path / "gold.xml")).positions[2].codes == ("", "", "", "3")


def test_the_activity_statement_s_summaries_totals_and_securities_are_told_apart(tmp_path: Path) -> None:
    holdings = read_holdings(write(tmp_path, "ibkr_statement.csv"))
    world = holdings.positions[0]
    assert world.codes == ("IE00B4L5Y983", "", "EUNL", "1")
    assert world.lots == (HoldingLot(day("2025-01-02"), Decimal(100), Decimal(80)),)
    assert (holdings.date, dict(holdings.settled)) == (day("2026-11-27"), {"EUR": Decimal(1000)})


def test_cash_is_a_row_of_a_statement_only_when_the_user_names_it(tmp_path: Path) -> None:
    path = write(tmp_path, "pp_statement.csv")
    assert read_holdings(path).cash == {}
    assert read_holdings(path, cash_account="Verrechnungskonto").cash == {"": CASH}


def test_the_newest_day_of_a_folder_counts(tmp_path: Path) -> None:
    text = FILES["dkb.csv"][1].decode()
    (tmp_path / "b.csv").write_text(text)
    (tmp_path / "c.csv").write_text(text.replace("27.11.2026", "30.12.2025").replace(";100;", ";90;"))
    assert held(read_holdings(str(tmp_path))) == HELD


def _short(one: Transaction) -> tuple[str, str, Decimal, Decimal, Decimal, Decimal, str]:
    return str(one.date), one.kind, one.quantity, one.money, one.fee, one.tax, one.currency


def _expect(*rows: tuple[str, str, str, str, str, str, str]) -> list[tuple[object, ...]]:
    return [(when, kind, *map(Decimal, numbers), currency) for when, kind, *numbers, currency in rows]


BOOKED = {
    "degiro_account.csv": _expect(
        ("2025-01-01", "deposit", "0", "81000", "0", "0", "EUR"),
        ("2025-01-02", "buy", "1000", "-80000", "0", "0", "EUR"),
        ("2025-01-02", "fee", "0", "-1", "1", "0", "EUR"),
        ("2025-01-03", "dividend", "0", "1", "0", "0", "USD"),
        ("2025-01-03", "tax", "0", "-0.15", "0", "0.15", "USD"),
    ),
    "degiro_transactions.csv": _expect(
        ("2025-01-02", "buy", "100", "-8001", "1", "0", "EUR"),
        ("2025-01-02", "buy", "10", "-1003", "3", "0", "EUR"),
        ("2025-06-05", "split", "100", "0", "0", "0", "EUR"),
    ),
    "ibkr_trades.csv": _expect(
        ("2025-01-02", "buy", "1000", "-80000", "0", "0", "EUR"),
        ("2025-01-02", "fee", "0", "-3", "3", "0", "USD"),
        ("2025-01-09", "sell", "-10", "898.5", "1.5", "0", "EUR"),
    ),
    "ibkr_flex.xml": _expect(
        ("2025-01-01", "deposit", "0", "10949.56", "0", "0", "EUR"),
        ("2025-01-02", "buy", "100", "-8003", "3", "0", "EUR"),
        ("2025-06-01", "dividend", "0", "12.5", "0", "0", "EUR"),
    ),
    "trade_republic.csv": _expect(
        ("2025-01-01", "deposit", "0", "10960.56", "0", "0", "EUR"),
        ("2025-01-02", "buy", "100", "-8001", "1", "0", "EUR"),
        ("2025-01-02", "buy", "40.5", "-1215", "0", "0", "EUR"),
        ("2025-01-02", "buy", "25", "-500", "0", "0", "EUR"),
        ("2025-01-03", "withdrawal", "0", "-10", "0", "0", "EUR"),
    ),
    "scalable.csv": _expect(
        ("2025-01-01", "deposit", "0", "10950.55", "0", "0", "EUR"),
        ("2025-01-02", "buy", "100", "-8000.99", "0.99", "0", "EUR"),
        ("2025-01-02", "buy", "40.5", "-1215", "0", "0", "EUR"),
        ("2025-01-02", "buy", "25", "-500", "0", "0", "EUR"),
    ),
    "pp_transactions.csv": _expect(
        ("2025-01-01", "deposit", "0", "10949.56", "0", "0", "EUR"),
        ("2025-01-02", "buy", "100", "-8000", "9.9", "0", "EUR"),
        ("2025-01-02", "buy", "40.5", "-1215", "0", "0", "EUR"),
        ("2025-01-02", "buy", "25", "-500", "0", "0", "EUR"),
    ),
}


@pytest.mark.parametrize("name", BOOKED)
def test_bookings_are_the_oldest_first_and_say_what_the_cash_changed_by(tmp_path: Path, name: str) -> None:
    """Fees of the broker are taken off the money already; exchanges of currency are no bookings."""
    found = [_short(one) for one in read_transactions(write(tmp_path, name)).items]
    assert list(map(_normal, found)) == list(map(_normal, BOOKED[name]))


def _normal(row: tuple[object, ...]) -> tuple[object, ...]:
    return tuple(cell.normalize() + 0 if isinstance(cell, Decimal) else cell for cell in row)


def test_a_price_of_a_foreign_purchase_is_in_the_account_s_currency(tmp_path: Path) -> None:
    acme = next(
        one for one in read_transactions(write(tmp_path, "degiro_transactions.csv")).items if one.name == "ACME"
    )
    assert (acme.price, acme.currency, acme.rate) == (Decimal(100), "EUR", Decimal("1.1000"))


def test_the_real_samples_are_read_or_refused_for_what_they_are(shared_data: Path) -> None:
    """Bookings of each public sample; options, placeholders of ISINs and two accounts are in the tests of errors."""
    samples = shared_data / "samples"
    counts = {
        "brokers/degiro-export.csv": 50,
        "brokers/traderepublic-export.csv": 9,
        "ibkr/ibkr-trades-export.csv": 8,
        "ibkr/flex_statement_08.xml": 3,
        "ibkr/flex_statement_16.xml": 2,
        "ibkr/flex_statement_28.xml": 0,
    }
    found = {name: len(read_transactions(str(samples / name)).items) for name in counts}
    assert found == counts
    assert held_at(samples / "brokers" / "dkb-depot.csv") == {"IE00BJ0KDQ92": Decimal(2)}


def held_at(path: Path) -> dict[str, Decimal]:
    return {one.codes.isin: one.quantity for one in read_holdings(str(path)).positions}


def test_a_layout_that_the_user_names_is_taken(tmp_path: Path) -> None:
    path = write(tmp_path, "dkb.csv")
    assert find_layout(open_document(path), "dkb").name == "dkb"
    assert held(read_holdings(path, "dkb")) == HELD


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
    assert _normal(_short(sale)) == _expect(("2025-01-02", "sell", "-10", "798", "2", "0", "EUR"))[0]
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
