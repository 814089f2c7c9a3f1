"""Every fault of a price or rate file ends as one line: where it is, what was found, what was expected, the remedy."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pydantic import ValidationError

from engine.core.errors import DataError
from engine.data.sources.rates import RateFile
from tests.support.price_files import load, wide

OK = ("2024-01-02,1,7", "2024-01-03,2,8")

FAULTS: dict[str, tuple[bytes, str]] = {
    "zero price": (wide("2024-01-02,1,7", "2024-01-03,0,8"), r"p.csv: AAA on 2024-01-03: found the close 0, expected"),
    "negative price": (wide("2024-01-02,-1.5,7"), r"AAA on 2024-01-02: found the close -1.5, expected a finite price"),
    "infinite price": (wide("2024-01-02,inf,7"), r"AAA on 2024-01-02: found the close inf, expected a finite price"),
    "text price": (wide("2024-01-02,about 5,7"), r"p.csv:2: AAA: found 'about 5', expected a number as 1234.5, "),
    "two decimal signs": (
        wide('2024-01-02,"1,5",7', "2024-01-03,1.5,7"),
        r"p.csv:2: AAA: found '1,5' with a decimal comma and in line 3 '1.5' with a point",
    ),
    "thousands or decimals": (
        wide('2024-01-02,"1,234",7', '2024-01-03,"1,235",7'),
        r"p.csv:2: AAA: found '1,234', which may be 1234 or 1.234, .*; write `decimal: '.'` or `decimal: ','` in",
    ),
    "underscore": (wide("2024-01-02,1_000,7"), r"found '1_000', expected a number"),
    "two currencies": (
        wide("2024-01-02,$5,7", "2024-01-03,5 EUR,7"),
        r"p.csv:3: AAA: found '5 EUR' below '\$5', expec",
    ),
    "percent": (wide("2024-01-02,5%,7"), r"p.csv:2: AAA: found '5%', a percentage, expected a price; write `values: r"),
    "duplicate date": (
        wide(*OK, "2024-01-03,3,9"),
        r"AAA: found 2024-01-03 twice, expected each date once.*columns: \{ticker:",
    ),
    "unsorted dates": (
        wide(*OK, "2024-01-01,3,9", "2024-01-04,3,9"),
        r"found 2024-01-01 after 2024-01-03.*sort the rows",
    ),
    "day or month first": (wide("02/01/2024,1,7"), r"p.csv:2: found the date '02/01/2024'.*day or month.*`order: dmy`"),
    "month first with dots": (
        wide("01.31.2024,1,7"),
        r":2: found the date '01.31.2024', read day first, .*`order: mdy`",
    ),
    "days of both orders": (
        wide("31/01/2024,1,7", "01/31/2024,1,7"),
        r"'01/31/2024' in line 3, which is not day first and '31/01/2024' in line 2, which is not month first",
    ),
    "two forms of dates": (wide("2024-01-02,1,7", "03.01.2024,1,7"), r":3: found the date '03.01.2024' \(dots\) below"),
    "a month or a day": (wide("190102,1,7"), r":2: found the date '190102', which may be a month or a day"),
    "a year of long ago": (wide("0024-01-02,1,7"), r":2: found the date '0024-01-02', expected a year from 1800"),
    "no such day": (wide("2024-02-30,1,7"), r"found the date '2024-02-30'"),
    "no date": (wide("2024-01-02,1,7", ",2,8"), r"p.csv:3: found the date '', expected a date"),
    "odd time": (wide("2024-01-02 noon,1,7"), r"p.csv:2: found the date '2024-01-02 noon', expected a date as"),
    "mixed zones": (
        wide("2024-01-02 00:00:00-05:00,1,7", "2024-01-03 00:00:00+09:00,2,8"),
        r"offsets from -5 h to \+9 h, expected one time zone",
    ),
    "empty file": (b"", r"p.csv: found an empty file"),
    "blank file": (b" \n\n", r"p.csv: found an empty file"),
    "header only": (wide(), r"found a header and no rows"),
    "binary": (bytes(range(256)), r"p.csv:2: found text that is neither UTF-8 nor W"),
    "zero bytes": (b"date,AAA\n2024-01-02,\0\n", r"p.csv:2: found the byte 0x00, which no text has"),
    "short row": (wide("2024-01-02,1"), r":2: found 2 cells, expected 3 as in the header"),
    "long row": (wide("2024-01-02,1,2,3"), r":2: found 4 cells, expected 3 as in the header"),
    "open quote": (wide('2024-01-02,"1,7'), r":2: not CSV \(unexpected end of data\)"),
    "no date column": (wide("1,7", header="AAA,BBB"), r"found the header AAA, BBB, expected a column of dates"),
    "column twice": (wide("2024-01-02,1,7", header="date,AAA,AAA"), r"AAA: found 2 columns, expected one"),
    "missing ticker": (wide(*OK, header="date,AAB,BBB"), r"p.csv: AAA: found no such ticker; did you mean AAB\?"),
    "lower case ticker": (wide(*OK, header="date,aaa,BBB"), r"AAA: found no such ticker; did you mean aaa\?"),
    "no close at all": (wide("2024-01-02,,7"), r"AAA: found no close at all"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_of_text_files(tmp_path: Path, fault: str) -> None:
    """Each kind of fault ends as one line that says where, what was found and what was expected."""
    content, expected = FAULTS[fault]
    (tmp_path / "p.csv").write_bytes(content)
    with pytest.raises(DataError, match=expected) as caught:
        load(tmp_path / "p.csv", "AAA")
    assert "\n" not in str(caught.value)
    assert "p.csv" in str(caught.value)
    assert re.search(r"[;(]", str(caught.value)), "a remedy follows"


def parquet(**columns: object) -> Callable[[Path], None]:
    """Write a Parquet file of these columns."""
    return lambda path: pq.write_table(pa.table(columns), path)


DAYS = pa.array([dt.date(2024, 1, 2), dt.date(2024, 1, 3)])

PARQUET_FAULTS: dict[str, tuple[Callable[[Path], object], str]] = {
    "empty": (lambda path: path.write_bytes(b""), "no readable Parquet file"),
    "garbage": (lambda path: path.write_bytes(b"PAR1" + bytes(range(256)) + b"PAR1"), "no readable Parquet file"),
    "a csv": (lambda path: path.write_bytes(wide(*OK)), "no readable Parquet file"),
    "no rows": (parquet(date=DAYS.slice(0, 0), AAA=pa.array([], pa.float64())), "found no rows"),
    "text": (parquet(date=DAYS, AAA=["1", "about 2"]), "p.parquet:2: AAA: found 'about 2', expected a number"),
    "booleans": (parquet(date=DAYS, AAA=[True, False]), "AAA: found a column of bool"),
    "no dates": (parquet(AAA=[1.0, 2.0]), "expected a column of dates"),
    "fractions as dates": (parquet(date=[20240102.0, 20240103.0], AAA=[1.0, 2.0]), "found dates of type double"),
    "a date missing": (parquet(date=pa.array([dt.date(2024, 1, 2), None]), AAA=[1.0, 2.0]), "1 rows without a date"),
    "negative": (parquet(date=DAYS, AAA=[1.0, -2.0]), "AAA on 2024-01-03: found the close -2"),
    "infinite": (parquet(date=DAYS, AAA=[1.0, np.inf]), "AAA on 2024-01-03: found the close inf"),
    "duplicate": (parquet(date=pa.array([dt.date(2024, 1, 2)] * 2), AAA=[1.0, 2.0]), "found 2024-01-02 twice"),
    "no such ticker": (parquet(date=DAYS, AAB=[1.0, 2.0]), r"AAA: found no such ticker; did you mean AAB\?"),
    "row without ticker": (parquet(date=DAYS, ticker=["AAA", None], close=[1.0, 2.0]), "rows without a ticker"),
    "an unknown time zone": (
        parquet(date=DAYS.cast(pa.timestamp("us")).cast(pa.timestamp("us", "Mars/Phobos")), AAA=[1.0, 2.0]),
        "found stamps in the time zone 'Mars/Phobos', expected one that this system knows; write the dates without",
    ),
    "tickers that are no text": (
        parquet(date=DAYS, ticker=[["AAA"], ["AAA"]], close=[1.0, 2.0]),
        "expected tickers as text; convert the column",
    ),
    "two columns of dates": (
        lambda path: pq.write_table(pa.Table.from_arrays([DAYS, DAYS], names=["date", "date"]), path),
        "found several columns date, expected one; remove the others",
    ),
}


@pytest.mark.parametrize("fault", PARQUET_FAULTS)
def test_faults_of_parquet_files(tmp_path: Path, fault: str) -> None:
    """Parquet files fail as plainly as text does."""
    write, expected = PARQUET_FAULTS[fault]
    write(tmp_path / "p.parquet")
    with pytest.raises(DataError, match=expected) as caught:
        load(tmp_path / "p.parquet", "AAA")
    assert "\n" not in str(caught.value)


def test_a_damaged_page_is_refused(tmp_path: Path) -> None:
    """Where a Parquet file has page checksums they are verified."""
    path = tmp_path / "p.parquet"
    values = np.random.default_rng(1).uniform(1, 2, 5000)
    dates = np.arange(np.datetime64("2001-01-01"), np.datetime64("2001-01-01") + 5000)
    pq.write_table(pa.table({"date": dates, "AAA": values}), path, write_page_checksum=True)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(DataError, match="no readable Parquet file"):
        load(path, "AAA")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "date,rate\ntoday,5\n",
            "rates.csv:2: found 'today,5', expected a date and a rate as 2024-01-31,5.25; correct",
        ),
        ("date,rate\nNaT,5\n", "rates.csv:2: found 'NaT,5'"),
        ("date,rate\n2024-02-30,5\n", "rates.csv:2: found '2024-02-30,5'"),
        ("date,rate\n2024-01-02,1_0\n", "rates.csv:2: found '2024-01-02,1_0'"),
        ("date,rate\n2024-01-02,\uff15\n", "rates.csv:2: found '2024-01-02,\uff15'"),
        ("date,rate\n2024-01-02,5\n2024-01-02,6\n", "found 2024-01-02 twice, expected one rate a day; remove one"),
        ("2024-01-02,5\n2024-01-03,6\n", "rates.csv:1: found '2024-01-02,5' in the first line, expected a header"),
        (
            "date,rate\n2024-01-02,500\n",
            r"^compare.risk_free: .*: a rate of 5 \(500% a year\) on 2024-01-02, -50% to 100% is expected",
        ),
    ],
)
def test_faults_of_rate_files(tmp_path: Path, text: str, expected: str) -> None:
    """What is not plainly a dated rate is refused with its line."""
    (tmp_path / "rates.csv").write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=expected):
        RateFile(path=str(tmp_path / "rates.csv"), unit="percent").annual_rates(
            np.array(["2024-01-04"], "datetime64[D]")
        )


def test_a_rate_file_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    """A folder, a home that nobody has, and a path with a zero byte in it."""
    day = np.array(["2024-01-04"], "datetime64[D]")
    for path, expected in ((str(tmp_path), "is no file; name a CSV"), ("~nobody-here/r.csv", "found no home folder")):
        with pytest.raises(DataError, match=expected):
            RateFile(path=path, unit="percent").annual_rates(day)
    with pytest.raises(ValidationError, match="is not a path"):
        RateFile(path="a\0b", unit="percent")


def test_a_file_is_read_by_its_bytes_and_not_by_its_ending(tmp_path: Path) -> None:
    """Text in .xls, Parquet in .csv."""
    (tmp_path / "p.xls").write_bytes(wide(*OK))
    (tmp_path / "q.csv").write_bytes(b"")
    pq.write_table(
        pa.table({"date": [dt.date(2024, 1, 2), dt.date(2024, 1, 3)], "AAA": [1.0, 2.0]}), tmp_path / "p.csv"
    )
    for name in ("p.xls", "p.csv"):
        assert load(tmp_path / name, "AAA").closes.tolist() == [[1.0], [2.0]]
    with pytest.raises(DataError, match=r"q.csv: found an empty file"):
        load(tmp_path / "q.csv", "AAA")


def test_a_file_of_more_bytes_than_prices_need_is_refused_unread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rather than taking all memory."""
    monkeypatch.setattr("engine.data.price_files.read_file.MAX_FILE_BYTES", 10)
    (tmp_path / "p.csv").write_bytes(wide(*OK))
    with pytest.raises(
        DataError, match=r"p.csv: found 43 bytes, expected at most 10; split the file, or write it as Parq"
    ):
        load(tmp_path / "p.csv", "AAA")
