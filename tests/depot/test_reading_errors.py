"""What is wrong with a broker's file is told at once, each fault with its line and what to do."""

from __future__ import annotations

import os
from decimal import Decimal
from pathlib import Path

import pytest

from engine.core.errors import DataError
from engine.depot.holdings import read_holdings, read_transactions
from tests.support.depot_files import FILES

ISIN = "IE00B4L5Y983"


def refusal(folder: Path, content: str | bytes, name: str = "depot.csv", **options: str) -> list[str]:
    """Return the lines that a file is refused with."""
    raw = content if isinstance(content, bytes) else content.encode()
    (folder / name).write_bytes(raw)
    with pytest.raises(DataError) as told:
        read_holdings(str(folder / name), **options)
    return [str(line).replace(f"{folder}{os.sep}", "") for line in told.value.args]


def changed(name: str, old: str, new: str) -> bytes:
    raw = FILES[name][1]
    encoding = "cp1252" if name == "comdirect.csv" else "utf-8"
    assert old in raw.decode(encoding)
    return raw.decode(encoding).replace(old, new).encode(encoding)


def test_no_layout_has_the_columns(tmp_path: Path) -> None:
    (line,) = refusal(tmp_path, "date;isin;shares;colour\n2025-01-01;a;b;c\n")
    assert line.startswith(
        "depot.csv: found the columns date, isin, shares, colour, expected those of one layout; the nearest"
    )
    assert "--layout NAME" in line


def test_two_layouts_have_the_columns(tmp_path: Path) -> None:
    text = "quantity,ticker,Stück/Nom.,WKN\n1,A,1,2\n"
    (line,) = refusal(tmp_path, text)
    assert line == (
        "depot.csv: found the columns quantity, ticker, stück/nom., wkn, which the layouts plain, comdirect all have; "
        "say which with --layout NAME"
    )
    assert read_holdings(str(tmp_path / "depot.csv"), "plain").positions[0].quantity == Decimal(1)


def test_a_layout_that_the_user_names_wrongly(tmp_path: Path) -> None:
    (line,) = refusal(tmp_path, "quantity,ticker\n1,A\n", layout="commdirect")
    assert line == "--layout: found 'commdirect', expected the name of a layout; did you mean 'comdirect'?"
    (line,) = refusal(tmp_path, "quantity,ticker\n1,A\n", layout="dkb")
    assert line.startswith("depot.csv: found no known columns, expected datum der erstellung, stückzahl, isin;")
    (line,) = refusal(tmp_path, "quantity,ticker\n1,A\n", layout="ibkr-flex")
    assert line.startswith("depot.csv:1: found XML that is not well-formed")


def test_an_export_without_quantities(shared_data: Path) -> None:
    with pytest.raises(
        DataError, match="the export has values only, expected quantities; export the full Depotübersicht"
    ):
        read_holdings(str(shared_data / "samples" / "brokers" / "comdirect-depot-sanitized.csv"))


def test_numbers_and_days_that_do_not_fit_are_told_together(tmp_path: Path) -> None:
    text = f'isin,quantity,date\n{ISIN},"1,5",2025-01-01\n{ISIN},2,2025-02-30\n{ISIN},a cell that is much longer than twenty,\n'
    assert refusal(tmp_path, text) == [
        "depot.csv:2: column 'quantity': found '1,5', expected a number as 1234.56; write it so",
        "depot.csv:3: column 'date': found '2025-02-30', expected a day as 2026-11-27; write it so",
        "depot.csv:4: column 'quantity': found 'a cell that...twenty', expected a number as 1234.56; write it so",
    ]


def test_a_broker_s_own_file_is_not_to_be_mended_by_hand(tmp_path: Path) -> None:
    (line,) = refusal(tmp_path, changed("dkb.csv", ";40,5;", ";40.5;"))
    assert line == (
        "depot.csv:3: column 'stückzahl': found '40.5', expected a number as 1.234,56; "
        "export the file once more, unchanged by another program"
    )


def test_a_check_digit_and_a_missing_code(tmp_path: Path) -> None:
    lines = refusal(tmp_path, "isin,quantity\nIE00B4L5Y984,1\n,2\nXX,3\n")
    assert lines[0].startswith("depot.csv:2: found the ISIN IE00B4L5Y984, expected the check digit 3 at its end;")
    assert lines[1].startswith("depot.csv:3: found neither ticker nor isin")
    assert lines[2].startswith("depot.csv:4: found the ISIN 'XX', expected two letters")


def test_a_short_position_in_every_layout_that_could_have_one(tmp_path: Path) -> None:
    assert refusal(tmp_path, f"isin,quantity\n{ISIN},-3\n") == [
        "depot.csv:2: found -3 shares, expected none below zero; "
        "close the short position first, or leave it out of a copy of the file"
    ]
    (line,) = refusal(tmp_path, changed("ibkr_flex.xml", 'position="25"', 'position="-25"'), "a.xml")
    assert "found -25 shares" in line


@pytest.mark.parametrize("word", ["OPT", "BOND", "FUT"])
def test_options_bonds_and_futures(tmp_path: Path, word: str) -> None:
    raw = changed("ibkr_flex.xml", 'assetCategory="STK" symbol="DTE"', f'assetCategory="{word}" symbol="DTE"')
    assert refusal(tmp_path, raw, "a.xml")[0].startswith(
        "a.xml:14: OpenPosition: found an option, a bond or another contract, expected shares or funds;"
    )


def test_a_multiplier_makes_a_contract(tmp_path: Path) -> None:
    raw = changed("ibkr_flex.xml", 'position="25" multiplier="1"', 'position="25" multiplier="100"')
    assert "found an option, a bond or another contract" in refusal(tmp_path, raw, "a.xml")[0]
    raw = changed("ibkr_statement.csv", "EUR,DTE,-,25,1,", "EUR,DTE,-,25,100,")
    assert "found an option, a bond or another contract" in refusal(tmp_path, raw)[0]


def test_a_bond_of_a_german_bank(tmp_path: Path) -> None:
    assert "found a bond" in refusal(tmp_path, changed("comdirect.csv", '"Aktie";"EUR"', '"Anleihe";"EUR"'))[0]
    assert "found a bond" in refusal(tmp_path, changed("dkb.csv", "-;Aktien", "-;Anleihen"))[0]


def test_two_accounts_and_no_word_which(tmp_path: Path) -> None:
    text = f"ticker,isin,quantity,account\n,{ISIN},1,main\n,IE00BKM4GZ66,2,children\nCASH,,5,children\n"
    (line,) = refusal(tmp_path, text)
    assert line == (
        "depot.csv: found the accounts main, children, expected one; "
        "name it with --account, cash does not move between accounts"
    )
    (line,) = refusal(tmp_path, text, account="mine")
    assert "expected one called 'mine'" in line
    mine = read_holdings(str(tmp_path / "depot.csv"), account="children")
    assert ([one.codes.isin for one in mine.positions], dict(mine.cash)) == (["IE00BKM4GZ66"], {"": Decimal(5)})
    assert read_holdings(str(tmp_path / "depot.csv"), account="main").cash == {}


def test_accounts_of_a_broker_are_numbered_by_us(tmp_path: Path) -> None:
    raw = FILES["dkb.csv"][1].decode().replace("Kanarienvogel-DE89370400440532013000", "501234567", 1).encode()
    (line,) = refusal(tmp_path, raw)
    assert "found the accounts account 1, account 2, expected one" in line
    assert len(read_holdings(str(tmp_path / "depot.csv"), account="account 2").positions) == 2


def test_an_account_that_its_owner_called_by_a_number_is_numbered_by_us_too(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(f"isin,quantity,account\n{ISIN},1,DE89370400440532013000\n")
    assert read_holdings(str(tmp_path / "a.csv")).positions[0].account == "account 1"


def test_an_account_that_stands_in_two_statements(tmp_path: Path) -> None:
    """Added, its shares would be there twice."""
    text = FILES["ibkr_flex.xml"][1].decode()
    start, end = text.index("<FlexStatement account"), text.index("</FlexStatements>")
    lines = refusal(tmp_path, text[:end] + text[start:end] + text[end:], "a.xml")
    assert lines[0].startswith("a.xml:26: FlexStatement: found a second statement of the same account;")


def test_one_code_at_prices_in_two_currencies(tmp_path: Path) -> None:
    raw = changed("ibkr_flex.xml", 'isin="IE00BKM4GZ66"', f'isin="{ISIN}"').replace(
        b'currency="EUR" fxRateToBase="1" assetCategory="STK" symbol="IS3N"',
        b'currency="USD" fxRateToBase="1" assetCategory="STK" symbol="IS3N"',
    )
    (line,) = refusal(tmp_path, raw, "a.xml")
    assert line.startswith(f"a.xml:12: found {ISIN} at a price in USD, expected EUR as in line 10;")


def test_one_isin_in_two_currencies_without_prices_is_one_position(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(f"isin,quantity,currency\n{ISIN},1,EUR\n{ISIN},2,USD\n")
    (one,) = read_holdings(str(tmp_path / "a.csv")).positions
    assert (one.quantity, one.currency) == (Decimal(3), "")


def test_a_file_that_ends_after_its_header_is_no_empty_depot(tmp_path: Path) -> None:
    assert refusal(tmp_path, "ticker,quantity\n") == [
        "depot.csv: found neither positions nor cash; a depot that is empty is a table with the one row CASH"
    ]
    (tmp_path / "a.csv").write_text("ticker,quantity\nCASH,1000\n")
    assert read_holdings(str(tmp_path / "a.csv")).cash == {"": Decimal(1000)}


def test_zero_quantities_are_dropped_and_no_quantity_is_none(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(f"isin,quantity\n{ISIN},0\nIE00BKM4GZ66,1\n")
    assert [one.line for one in read_holdings(str(tmp_path / "a.csv")).positions] == [3]
    assert "found no quantity" in refusal(tmp_path, f"isin,quantity,cost\n{ISIN},,3\n")[0]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"quantity,ticker\n1,A\0\n", "depot.csv: found a zero byte, expected a text file"),
        (
            b"PK\x03\x04quantity,ticker\n1,A\n",
            "depot.csv: found a workbook or a packed file (zip), expected a text file",
        ),
        (b"\xd0\xcf\x11\xe0\0\0", "depot.csv: found an old Excel workbook, expected a text file; export it as CSV"),
        (b"\x1f\x8b\x08\0", "depot.csv: found a packed file (gzip), expected a text file; export it as CSV"),
        (b"%PDF-1.7\nquantity,ticker\n", "depot.csv: found a PDF, expected a text file; export it as CSV or XML"),
        (
            b"quantity,ticker\n1,\x81\n",
            "depot.csv: found text that is neither UTF-8 nor Windows' own (cp1252) at byte 18",
        ),
        (b"", "depot.csv: found no known columns, expected those of one layout"),
        (b"quantity,ticker\n1,A,5\n", "depot.csv:2: found 3 cells, expected 2 as in the header"),
        (b"quantity,ticker\n1\n", "depot.csv:2: found 1 cells, expected 2 as in the header"),
        (b"quantity,ticker,ticker\n1,A,B\n", "depot.csv:1: column 'ticker' stands there twice"),
        (b"quantity,ticker\n1,A" + b"x" * 100_001, "depot.csv:2: found a line of 100,004 characters"),
        (b"quantity,ticker\n" + b"\n" * 200_000, "depot.csv: more than 200,000 lines; is this the file you mean?"),
        (b"<FlexQueryResponse>" + b"<Trade/>" * 200_001, "depot.csv:1: found more than 200,000 elements"),
        (b"<a/>", "depot.csv: found XML, expected a FlexQueryResponse"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><FlexQueryResponse>&b;</FlexQueryResponse>', "depot.csv:1: found a DOCTYPE"),
        (b"<FlexQueryResponse>" + b"<a>" * 10, "depot.csv:1: found elements inside elements, 11 deep"),
        (b"<FlexQueryResponse></b>", "depot.csv:1: found XML that is not well-formed (mismatched tag)"),
        (b"<FlexQueryResponse></FlexQueryResponse>", "depot.csv: found no open positions"),
    ],
)
def test_files_that_no_broker_wrote(tmp_path: Path, content: bytes, message: str) -> None:
    assert refusal(tmp_path, content)[0].startswith(message)


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "depot.csv").open("wb") as file:
        file.truncate(50_000_001)
    with pytest.raises(DataError, match=r"more than 50,000,000 bytes; is this the file you mean\?"):
        read_holdings(str(tmp_path / "depot.csv"))


def test_a_footer_is_no_row_but_a_row_that_is_cut_off_is_a_fault(tmp_path: Path) -> None:
    raw = changed("comdirect.csv", ';"ETF";"EUR";"110,00"', "")
    (line,) = refusal(tmp_path, raw)
    assert (
        line
        == "depot.csv:3: found 15 cells, expected 18 as in the header; export the file once more; it may be cut off"
    )


def test_trades_alone_do_not_say_what_is_held(tmp_path: Path) -> None:
    for name in ("ibkr_trades.csv", "degiro_account.csv", "degiro_transactions.csv"):
        (line,) = refusal(tmp_path, FILES[name][1])
        assert "which does not say what is held; export the positions" in line


def test_positions_alone_are_no_bookings(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(FILES["dkb.csv"][1])
    with pytest.raises(DataError, match="the layout dkb, which has no transactions; export the transactions"):
        read_transactions(str(tmp_path / "a.csv"))


def test_a_split_whose_number_can_mean_two_things_is_asked_about(tmp_path: Path) -> None:
    split = '"2025-01-03T08:32:00.000Z","2025-01-03","DEFAULT","CORPORATE_ACTION","SPLIT","FUND","W","IE00B4L5Y983","200","","","","","EUR","","","","","t9","","","",""\n'
    raw = FILES["trade_republic.csv"][1].decode() + split
    (line,) = refusal(tmp_path, raw)
    assert line.startswith(
        "depot.csv:7: found a split, whose shares can be those added or all there are then; write SPLIT_ADDED"
    )
    (tmp_path / "a.csv").write_text(raw.replace('"SPLIT"', '"SPLIT_ADDED"'))
    assert read_holdings(str(tmp_path / "a.csv")).positions[0].quantity == Decimal(300)


def test_a_kind_of_booking_that_nobody_knows_is_not_guessed(tmp_path: Path) -> None:
    (line,) = refusal(tmp_path, changed("scalable.csv", "Security;Savings plan", "Security;Spin-off"))
    assert line.startswith("depot.csv:4: found a kind of booking that is not known; known are buy, savings plan, sell")
    raw = changed("degiro_account.csv", "EM,IE00BKM4GZ66,Dividendbelasting", "EM,IE00BKM4GZ66,Spin-off")
    (tmp_path / "a.csv").write_bytes(raw)
    with pytest.raises(DataError, match=r"a.csv:2: found a booking of a kind that is not known"):
        read_transactions(str(tmp_path / "a.csv"))


def test_a_purchase_whose_money_fits_neither_reading_of_its_shares(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(changed("degiro_account.csv", "Koop 1.000 @ 80 EUR", "Koop 1.000 @ 70 EUR"))
    with pytest.raises(DataError, match=r"a.csv:6: found a trade whose numbers do not fit each other"):
        read_transactions(str(tmp_path / "a.csv"))


def test_the_options_and_placeholders_of_the_public_samples(shared_data: Path) -> None:
    samples = shared_data / "samples" / "ibkr"
    for name, message in {
        "flex_statement_02.xml": ":7: Trade: found a trade of an option, a bond or another contract",
        "flex_statement_26.xml": ": found the accounts account 1, account 2, expected one",
        "flex_statement_29.xml": ":19: CashTransaction: found the ISIN US1234567890, expected the check digit 9",
    }.items():
        with pytest.raises(DataError) as told:
            read_transactions(str(samples / name))
        assert str(told.value).startswith(f"{samples / name}{message}")
    assert len(read_transactions(str(samples / "flex_statement_26.xml"), account="account 2").items) > 0


def test_every_fault_is_counted_and_no_more_printed_than_can_be_read(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("ticker,quantity\n" + "A,x\n" * 5000)
    with pytest.raises(DataError) as told:
        read_holdings(str(tmp_path / "a.csv"))
    assert str(told.value).count("\n") == 50
    assert str(told.value).endswith("and 4,950 more; mend these first")


@pytest.mark.parametrize("path", ["", "nowhere.csv", "x" * 5000, "a\0b", "~nobody-of-this-name/a.csv"])
def test_no_file_there(path: str) -> None:
    for read in (read_holdings, read_transactions):
        with pytest.raises(DataError, match=r"found no (such file|path)"):
            read(path)


def test_files_of_a_folder_that_are_not_one_depot(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="found 0 CSV files, expected 1 to 200"):
        read_holdings(str(tmp_path))
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_bytes(FILES["dkb.csv"][1])
    with pytest.raises(DataError, match="found 2 files of the layouts dkb and 1 days"):
        read_holdings(str(tmp_path))


def test_two_days_in_one_file_of_a_depot(tmp_path: Path) -> None:
    raw = FILES["dkb.csv"][1].decode().replace("27.11.2026", "26.11.2026", 1)
    assert refusal(tmp_path, raw)[0].startswith(
        "depot.csv:3: found the day 2026-11-27, expected 2026-11-26 as in line 2"
    )
