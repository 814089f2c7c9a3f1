"""Workbooks of Excel and LibreOffice give the closes that were written into them, or a line that says what to do."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

from engine.core.errors import DataError
from engine.data.closes import Closes
from engine.data.sources.base import PriceRequest
from engine.data.sources.files import Files
from tests.support.price_files import load
from tests.support.workbooks import Cell, compound_file, ods, xls, xlsx, zip_files

DAYS = [dt.date(2024, 1, 2), dt.date(2024, 1, 3), dt.date(2024, 1, 4)]
ROWS: list[list[Cell]] = [
    ["Date", "AAA", "BBB"],
    [DAYS[0], 30.12, 1e-05],
    [DAYS[1], None, 1234567.891],
    [DAYS[2], 7, 0.1 + 0.2],
]
CLOSES = [[30.12, 1e-05], [np.nan, 1234567.891], [7.0, 0.1 + 0.2]]
NOTES: list[list[Cell]] = [["Source", "a vendor"], ["Mean", 30.0], ["Maximum", 31.0]]


def read(path: Path, content: bytes, *tickers: str, **keys: object) -> Closes:
    """Load AAA and BBB from a workbook with these bytes."""
    path.write_bytes(content)
    return Files(path=str(path), **keys).load(PriceRequest(tickers or ("AAA", "BBB")))


@pytest.mark.parametrize(
    "content",
    [
        xlsx({"P": ROWS}),
        xlsx({"P": ROWS}, serials=True),
        xlsx({"P": ROWS}, since_1904=True),
        ods({"P": ROWS}),
        xls("P", ROWS),
    ],
    ids=["xlsx", "serials", "1904", "ods", "xls"],
)
def test_closes_of_a_workbook_are_those_that_were_written(tmp_path: Path, content: bytes) -> None:
    """Every bit of every number, the days, and an empty cell as no close; whatever the file is called."""
    for name in ("p.xlsx", "p.csv"):
        closes = read(tmp_path / name, content)
        assert closes.dates.astype(object).tolist() == DAYS
        np.testing.assert_array_equal(closes.closes, CLOSES)


def test_a_sheet_may_begin_anywhere(tmp_path: Path) -> None:
    """Empty rows and columns around the table are no part of it, and a message counts the rows of the sheet."""
    moved = [[], [], *([None, None, *row] for row in ROWS)]
    np.testing.assert_array_equal(read(tmp_path / "p.xlsx", xlsx({"P": moved})).closes, CLOSES)
    moved[4][3] = "about 30"
    with pytest.raises(DataError, match=r"p.xlsx.*AAA.*'about 30'"):
        read(tmp_path / "p.xlsx", xlsx({"P": moved}))


def test_the_only_sheet_with_dated_numbers_is_read_and_the_others_are_named(tmp_path: Path) -> None:
    """Notes beside it need no key; neither does a sheet that is hidden."""
    closes = read(tmp_path / "p.xlsx", xlsx({"Notes": NOTES, "Prices": ROWS}))
    np.testing.assert_array_equal(closes.closes, CLOSES)
    assert "p.xlsx: the sheet 'Prices' is read, 'Notes' not" in closes.provenance.notes
    closes = read(tmp_path / "p.xlsx", xlsx({"Old": ROWS[:3], "Prices": ROWS}, hidden=["Old"]))
    np.testing.assert_array_equal(closes.closes, CLOSES)


def test_of_several_sheets_with_prices_one_has_to_be_named(tmp_path: Path) -> None:
    """None is taken because it stands first; the key takes each, a hidden one too."""
    doubled = [[cell * 2 if isinstance(cell, float) else cell for cell in row] for row in ROWS]
    for hidden in ([], ["2024"]):
        book = xlsx({"2023": ROWS, "2024": doubled}, hidden=hidden)
        assert read(tmp_path / "p.xlsx", book, sheet="2023").closes[0, 0] == 30.12
        assert read(tmp_path / "p.xlsx", book, sheet="2024").closes[0, 0] == 60.24
    faults: Sequence[tuple[Mapping[str, Sequence[Sequence[Cell]]], dict[str, object], str]] = [
        (
            {"2023": ROWS, "2024": doubled},
            {},
            r"p.xlsx: found dated numbers in '2023', '2024', expected one.*`sheet: 2023`",
        ),
        ({"A": NOTES, "B": NOTES}, {}, r"no dated numbers in any of 'A', 'B'.*`sheet: A`"),
        ({"Prices": ROWS}, {"sheet": "Price"}, r"no sheet 'Price'; did you mean Prices\?.*correct `sheet:`"),
        ({"A": []}, {}, r"no filled cell in 'A'"),
        ({"A": ROWS}, {"skip_rows": 9}, r"no filled cell from row 10 on.*lower `skip_rows:`"),
    ]
    for sheets, keys, expected in faults:
        with pytest.raises(DataError, match=expected):
            read(tmp_path / "p.xlsx", xlsx(sheets), **keys)


def test_rows_above_the_header_can_be_skipped(tmp_path: Path) -> None:
    """`skip_rows` counts rows of the sheet."""
    book = xlsx({"P": [["as of", dt.date(2020, 5, 5), 3.0], [], *ROWS]})
    np.testing.assert_array_equal(read(tmp_path / "p.xlsx", book, skip_rows=2).closes, CLOSES)


def test_bare_numbers_of_days_since_1904_are_refused(tmp_path: Path) -> None:
    """They would be read as days four years earlier."""
    with pytest.raises(DataError, match="numbers of days since 1904, expected dates; format the column"):
        read(tmp_path / "p.xlsx", xlsx({"P": ROWS}, since_1904=True, serials=True))


def test_numbers_kept_as_text_are_read_with_their_own_decimal_sign(tmp_path: Path) -> None:
    """Those of other columns, which are numbers, have none; where nothing tells, the key does."""
    rows: list[list[Cell]] = [["Date", "AAA", "BBB"], [DAYS[0], "1.234,5", 1.234], [DAYS[1], "30,41", 2.345]]
    assert read(tmp_path / "p.xlsx", xlsx({"P": rows})).closes.tolist() == [[1234.5, 1.234], [30.41, 2.345]]
    rows[1][1], rows[2][1] = "1.234", "5.678"
    with pytest.raises(DataError, match=r"p.xlsx:2: found the number '1.234' as text.*write `decimal: '.'` or"):
        read(tmp_path / "p.xlsx", xlsx({"P": rows}))
    for decimal, factor in ((".", 1.0), (",", 1000.0)):
        closes = read(tmp_path / "p.xlsx", xlsx({"P": rows}), decimal=decimal).closes
        assert closes.tolist() == [[1.234 * factor, 1.234], [5.678 * factor, 2.345]]


def test_a_number_kept_as_text_among_numbers_is_refused(tmp_path: Path) -> None:
    """The spreadsheet took 1.234 of a German export for a number, a thousandth of what it is, and left 30,41 as text."""
    rows: list[list[Cell]] = [["Date", "AAA", "BBB"], [DAYS[0], 1.234, 1.0], [DAYS[1], "30,41", 1.0]]
    with pytest.raises(DataError, match=r"p.xlsx:3: found the text '30,41' in a column of numbers, expected a number"):
        read(tmp_path / "p.xlsx", xlsx({"P": rows}))


FAR = '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (xlsx({"P": ROWS}, end=FAR), "damaged or takes more than 3 GB of memory; open it and save it again"),
        (
            bytes(byte ^ (at == 900) for at, byte in enumerate(xlsx({"P": ROWS}))),
            "damaged workbook .the checksum of xl/",
        ),
        (xlsx({"P": ROWS})[:300], "found a damaged workbook"),
        (xls("P", ROWS)[:700], "no readable Excel or OpenDocument workbook"),
        (compound_file("EncryptedPackage", b"x"), "a workbook with a password, expected one without"),
        (zip_files({"[Content_Types].xml": "<a/>", "word/document.xml": "<a/>"}), "no readable Excel or OpenDocument"),
    ],
    ids=["far cell", "turned", "cut", "cut xls", "password", "a letter"],
)
def test_a_workbook_that_cannot_be_read_is_refused(tmp_path: Path, content: bytes, expected: str) -> None:
    """In one line, without a crash, whatever the library that reads it makes of the bytes."""
    with pytest.raises(DataError, match=expected) as caught:
        read(tmp_path / "p.xlsx", content)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith("p.xlsx: ")


def test_a_workbook_that_unpacks_to_far_more_than_prices_need_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before it is unpacked."""
    monkeypatch.setattr("engine.data.price_files.workbooks.MAX_UNPACKED", 100_000)
    with pytest.raises(
        DataError, match=r"p.xlsx: found a workbook of 2,00.,... bytes unpacked, expected at most 100,000"
    ):
        read(tmp_path / "p.xlsx", xlsx({"P": ROWS}, end="</sheetData>" + " " * 2_000_000))


def test_a_folder_of_workbooks(tmp_path: Path) -> None:
    """One a ticker, as one of text."""
    for ticker, column in (("AAA", 1), ("BBB", 2)):
        (tmp_path / f"{ticker}.ods").write_bytes(ods({"Sheet1": [[row[0], row[column]] for row in ROWS]}))
    np.testing.assert_array_equal(load(tmp_path, "AAA", "BBB").closes, CLOSES)


def test_a_stray_cell_far_from_the_table_is_named(tmp_path: Path) -> None:
    """Before its million empty neighbours are handed over one by one."""
    book = xlsx({"P": ROWS}, end='<row r="60"><c r="XFD60"><v>1</v></c></row></sheetData>')
    with pytest.raises(DataError, match=r"p.xlsx: found the sheet 'P' with no cell between its columns 3 and 16,384"):
        read(tmp_path / "p.xlsx", book)
