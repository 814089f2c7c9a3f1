"""Where a table begins and ends, and what stands beside it: preambles, footers, second tables, blocks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.core.errors import DataError
from engine.data.price_files.grid import CellGrid
from engine.data.price_files.header_rows import find_table, is_date_like
from tests.support.price_files import load

ROWS = "2024-01-02,1,4\n2024-01-03,2,5\n2024-01-04,3,6\n"


def write(path: Path, *texts: str) -> Path:
    path.write_text("".join(texts))
    return path


@pytest.mark.parametrize(
    "preamble",
    [
        "Prices of two funds\n",
        "Exported,2024-01-05\n\n",
        "Date,2024-01-05\nSource,a vendor\n",
        "Currency: EUR,,\nReport,,\n",
        "Ticker,AAA,Exchange,XETR,Currency,EUR\n",
        "Start Date,2024-01-02,\nEnd Date,2024-01-04,\n,,\n",
        "a\nb\nc\nd\ne\nf\n",
    ],
)
@pytest.mark.parametrize(
    "footer", ["", "All rights reserved.\n", "Source,,\n,,\nNote: closes of the home exchange,,\n"]
)
def test_what_stands_above_and_below_a_table_is_no_part_of_it(tmp_path: Path, preamble: str, footer: str) -> None:
    """The header is found below a preamble, and lines without date and number at the end are left out and said."""
    loaded = load(write(tmp_path / "p.csv", preamble, "Date,AAA,BBB\n", ROWS, footer), "AAA", "BBB")
    assert loaded.closes.tolist() == [[1.0, 4.0], [2.0, 5.0], [3.0, 6.0]]
    assert any("hold no dates and are left out" in note for note in loaded.provenance.notes) == bool(footer)
    assert loaded.currencies == (("EUR",) * 2 if "Currency" in preamble else ("", ""))


@pytest.mark.parametrize(
    ("below", "found"),
    [
        ("Annual\nDate,AAA,BBB\n2024-12-31,9,9\n", r"p.csv:5: found 'Annual' between rows of dates.*keep one table"),
        ("2024-01-05,9\n", r"p.csv:5: found 2 cells, expected 3"),
        ("Average,2,5\n", r"p.csv:5: found the date 'Average'"),
        ("2024-01-x5,9,9\n", r"p.csv:5: found the date '2024-01-x5'"),
        (",9,9\n", r"p.csv:5: found the date ''"),
    ],
)
def test_what_may_be_data_is_no_footer(tmp_path: Path, below: str, found: str) -> None:
    """A row with a number or a date is read or refused by its line, never dropped."""
    with pytest.raises(DataError, match=found):
        load(write(tmp_path / "p.csv", "Date,AAA,BBB\n", ROWS, below), "AAA")


@pytest.mark.parametrize("faulty", ["2024-01-x1,9,9\n", "x,9,9\n2024-13-01,9,9\n"])
def test_a_faulty_first_row_is_no_header(tmp_path: Path, faulty: str) -> None:
    """Its line is named; the row below it does not become the first."""
    with pytest.raises(DataError, match=r"p.csv:2: found the date"):
        load(write(tmp_path / "p.csv", "Date,AAA,BBB\n", faulty, ROWS), "AAA")


@pytest.mark.parametrize("name", ["Date", ""])
def test_first_rows_without_a_close_are_rows(tmp_path: Path, name: str) -> None:
    """A wide file may begin before its columns do."""
    loaded = load(write(tmp_path / "p.csv", f"{name},AAA,BBB\n2023-12-28,N/A,N/A\n2023-12-29,,3\n", ROWS), "AAA", "BBB")
    assert np.array_equal(loaded.closes[:2], [[np.nan, 3.0], [1.0, 4.0]], equal_nan=True)


@pytest.mark.parametrize(
    ("header", "why"),
    [
        ("Price,Close,Close\nTicker,AAA,BBB\nDate,,\n", "yfinance"),
        (",Close,Close\n,AAA,BBB\nDate,,\n", "older yfinance"),
        ("Ticker,AAA,BBB\nPrice,Close,Close\nDate,,\n", "group_by ticker"),
        ("Price,Close,\nTicker,AAA,BBB\nDate,,\n", "a merged cell"),
        ("Price,Close,Close\nTicker,AAA,BBB\n", "without the row of the index's name"),
        (",AAA,BBB\nDate,Close,Close\n", "fields below tickers"),
        ("Prices,,\n,AAA,BBB\nDate,Close,Close\n", "and a preamble"),
        ("Name,A Inc,B Inc\nCode,AAA,BBB\n", "Datastream"),
        ("Name,AAA,BBB\nCode,1,2\n", "Datastream, asked for by name"),
        ("Date,AAA.Close,BBB.Close\n", "one row that joins both"),
        ("Date,\"('Close', 'AAA')\",\"('Close', 'BBB')\"\n", "pairs of pandas"),
    ],
)
def test_headers_of_two_rows(tmp_path: Path, header: str, why: str) -> None:
    """Fields and tickers stand in two rows, in either order, or in one name."""
    loaded = load(write(tmp_path / "p.csv", header, ROWS), "AAA", "BBB")
    assert loaded.closes.tolist() == [[1.0, 4.0], [2.0, 5.0], [3.0, 6.0]], why


@pytest.mark.parametrize("tickers", [("OPEN", "LOW"), ("DATA", "NAV"), ("CLOSE", "LAST")])
@pytest.mark.parametrize("turned", [False, True])
def test_tickers_that_are_words_of_fields(tmp_path: Path, tickers: tuple[str, str], *, turned: bool) -> None:
    """OPEN and DATA are companies; what is asked for tells, whichever row it stands in."""
    rows = ["Price,Close,Close\n", f"Ticker,{tickers[0]},{tickers[1]}\n"]
    path = write(tmp_path / "p.csv", *(reversed(rows) if turned else rows), "Date,,\n", ROWS)
    loaded = load(path, *tickers)
    assert dict(zip(loaded.tickers, loaded.closes[0].tolist(), strict=True)) == dict(
        zip(tickers, (1.0, 4.0), strict=True)
    )


@pytest.mark.parametrize(
    ("header", "gap"),
    [
        ("Date,AAA,Date,BBB\n", ","),
        ("Date,AAA,,Date,BBB\n", ",,"),
        ("AAA,,,BBB,\nDate,Close,,Date,Close\n", ",,"),
        ("Date,AAA,Date.1,BBB\n", ","),
        ("Date,AAA,Date2,BBB\n", ","),
        ("Date,AAA,B-Tag,BBB\n", ","),
        ("Datum,AAA,Date,BBB\n", ","),
    ],
)
@pytest.mark.parametrize("longer", ["AAA", "BBB"])
def test_blocks_side_by_side_have_their_own_dates(tmp_path: Path, header: str, gap: str, longer: str) -> None:
    """Each column is read by the dates left of it, however long the other block is."""
    one = ["2024-01-02,1", "2024-01-03,2", "2024-01-04,3"]
    two = ["2024-01-03,7", "2024-01-05,8", "2024-01-08,9"]
    (two if longer == "AAA" else one)[-1] = ","
    text = "".join(f"{left}{gap}{right}\n" for left, right in zip(one, two, strict=True))
    loaded = load(write(tmp_path / "p.csv", header, text), "AAA", "BBB")
    expected = {"2024-01-02": [1, np.nan], "2024-01-03": [2, 7], "2024-01-04": [3, np.nan]}
    expected |= {"2024-01-05": [np.nan, 8], "2024-01-08": [np.nan, 9]}
    del expected["2024-01-08" if longer == "AAA" else "2024-01-04"]
    assert [str(day) for day in loaded.dates] == list(expected)
    assert np.array_equal(loaded.closes, list(expected.values()), equal_nan=True)


def test_blocks_without_a_name_and_twice_the_same(tmp_path: Path) -> None:
    """A block without a name has the number of its first column; one ticker in two blocks is refused."""
    text = "2024-01-02,1,,2024-01-02,2\n2024-01-03,1,,2024-01-03,2\n"
    with pytest.raises(DataError, match=r"the file holds #1, #4; write `rename: "):
        load(write(tmp_path / "p.csv", "Date,Close,,Date,Close\n", text), "AAA")
    with pytest.raises(DataError, match=r"p.csv:1: AAA: found it in several blocks"):
        load(write(tmp_path / "p.csv", "Date,AAA,,Date,AAA\n", text), "AAA")


def test_second_dates(tmp_path: Path) -> None:
    """Another column of other dates is refused; one of the same dates, or of a known other meaning, is none."""
    rows = "2024-01-02,2024-01-03,1\n2024-01-03,2024-01-04,2\n"
    with pytest.raises(DataError, match=r"p.csv:1: found the dates Date and Datum.*`columns: {date: \"#1\"}` or"):
        load(write(tmp_path / "p.csv", "Date,Datum,Close\n", rows), "p")
    with pytest.raises(DataError, match=r"found the dates Start Date and End Date, expected one column"):
        load(write(tmp_path / "p.csv", "Start Date,End Date,Close\n", rows), "p")
    assert len(load(write(tmp_path / "p.csv", "Date,lastupdated,Close\n", rows), "p").dates) == 2
    assert len(load(write(tmp_path / "p.csv", "Trade Date,Settle Date,Close\n", rows), "p").dates) == 2


@pytest.mark.parametrize("written", [str, dt.date.fromisoformat])
def test_the_dates_of_parquet_are_those_that_are_called_so(tmp_path: Path, written: Callable[[str], object]) -> None:
    """The day of a listing, or of a payment, stands before them and may be typed better; two that may be meant are refused."""
    days = ["2024-01-02", "2024-01-03"]
    later = [dt.date(2024, 2, 2), dt.date(2024, 2, 3)]
    own = pa.array([written(day) for day in days])
    pq.write_table(pa.table({"ipo_date": pa.array(later), "date": own, "close": [5.0, 6.0]}), tmp_path / "a.parquet")
    assert [str(day) for day in load(tmp_path / "a.parquet", "a").dates] == days
    pq.write_table(pa.table({"date": own, "Datum": pa.array(later), "close": [5.0, 6.0]}), tmp_path / "b.parquet")
    with pytest.raises(DataError, match=r"found the dates (date|Datum) and (date|Datum), expected one column"):
        load(tmp_path / "b.parquet", "b")


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.lists(st.text(max_size=12), min_size=1, max_size=5).filter(any), min_size=1, max_size=8))
def test_any_grid_has_a_table_or_is_refused(rows: list[list[str]]) -> None:
    """Whatever the cells are, there is a table with rows as wide as its names, or one line that says what is wrong."""
    try:
        table = find_table(CellGrid("g", rows, list(range(1, len(rows) + 1))))
    except DataError as error:
        assert str(error).startswith("g:")
        return
    assert {len(row) for row in table.rows} == {len(table.names)}
    assert len(table.rows) == len(table.lines)


@pytest.mark.parametrize("cell", ["45.30", "2,019.50", "1990.12", "12345", "SPY", "", "Copyright 2024 by us", "USD"])
def test_what_is_no_date(cell: str) -> None:
    """Prices and words do not begin a table."""
    assert not is_date_like(cell)
