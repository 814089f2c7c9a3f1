"""One depot in every broker's layout is one depot."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from engine.depot.documents import open_document
from engine.depot.holdings import read_holdings, read_transactions
from engine.depot.layouts.catalogue import LAYOUTS, find_layout
from engine.depot.records import HoldingLot
from tests.support.depot_files import (
    BOOKED,
    CASH,
    FILES,
    HELD,
    WITH_HOLDINGS,
    WITHOUT_CASH,
    day,
    held,
    normal_booking,
    short_booking,
    write_file,
)

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


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_of_exactly_the_layout_that_its_columns_tell(tmp_path: Path, name: str) -> None:
    document = open_document(write_file(tmp_path, name))
    assert [layout.name for layout in LAYOUTS if layout.recognises(document)] == [FILES[name][0]]


def test_every_layout_has_a_file_here() -> None:
    assert {layout for layout, _ in FILES.values()} == {layout.name for layout in LAYOUTS}


@pytest.mark.parametrize("name", WITH_HOLDINGS)
def test_a_depot_is_the_same_in_every_layout(tmp_path: Path, name: str) -> None:
    holdings = read_holdings(write_file(tmp_path, name))
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
    world = read_holdings(write_file(tmp_path, "plain.csv")).positions[0]
    assert world.lots == (
        HoldingLot(day("2025-01-02"), Decimal(60), Decimal("80.00")),
        HoldingLot(day("2025-03-04"), Decimal(40), Decimal("80.00")),
    )
    assert (world.account, world.cost) == ("main", Decimal(80))


def test_a_price_in_another_currency_is_left_for_the_value_in_euros_that_the_cost_is_in_too(tmp_path: Path) -> None:
    emerging = read_holdings(write_file(tmp_path, "comdirect.csv")).positions[1]
    assert (emerging.currency, emerging.price, emerging.cost) == ("EUR", Decimal(40), Decimal(30))


def test_a_dot_parts_thousands_where_the_layout_is_german_and_decimals_where_it_is_not(tmp_path: Path) -> None:
    telekom = read_holdings(write_file(tmp_path, "dkb.csv")).positions[2]
    assert (telekom.price, telekom.cost) == (Decimal(1030), None)
    (tmp_path / "a.csv").write_text("ticker,quantity\nA,1.234\n")
    assert read_holdings(str(tmp_path / "a.csv")).positions[0].quantity == Decimal("1.234")


def test_summaries_are_counted_and_lots_are_their_lots(tmp_path: Path) -> None:
    """E20: 100 and 40.5, not 200 and 81."""
    holdings = read_holdings(write_file(tmp_path, "ibkr_flex.xml"))
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
    holdings = read_holdings(write_file(tmp_path, "ibkr_statement.csv"))
    world = holdings.positions[0]
    assert world.codes == ("IE00B4L5Y983", "", "EUNL", "1")
    assert world.lots == (HoldingLot(day("2025-01-02"), Decimal(100), Decimal(80)),)
    assert (holdings.date, dict(holdings.settled)) == (day("2026-11-27"), {"EUR": Decimal(1000)})


def test_cash_is_a_row_of_a_statement_only_when_the_user_names_it(tmp_path: Path) -> None:
    path = write_file(tmp_path, "pp_statement.csv")
    assert read_holdings(path).cash == {}
    assert read_holdings(path, cash_account="Verrechnungskonto").cash == {"": CASH}


def test_the_newest_day_of_a_folder_counts(tmp_path: Path) -> None:
    text = FILES["dkb.csv"][1].decode()
    (tmp_path / "b.csv").write_text(text)
    (tmp_path / "c.csv").write_text(text.replace("27.11.2026", "30.12.2025").replace(";100;", ";90;"))
    assert held(read_holdings(str(tmp_path))) == HELD


@pytest.mark.parametrize("name", BOOKED)
def test_bookings_are_the_oldest_first_and_say_what_the_cash_changed_by(tmp_path: Path, name: str) -> None:
    """Fees of the broker are taken off the money already; exchanges of currency are no bookings."""
    found = [short_booking(one) for one in read_transactions(write_file(tmp_path, name)).items]
    assert list(map(normal_booking, found)) == list(map(normal_booking, BOOKED[name]))


def test_a_price_of_a_foreign_purchase_is_in_the_account_s_currency(tmp_path: Path) -> None:
    acme = next(
        one for one in read_transactions(write_file(tmp_path, "degiro_transactions.csv")).items if one.name == "ACME"
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
    path = write_file(tmp_path, "dkb.csv")
    assert find_layout(open_document(path), "dkb").name == "dkb"
    assert held(read_holdings(path, "dkb")) == HELD
