"""Dividends, splits and currencies that a price file states, in text and in Parquet."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine.core.errors import DataError
from engine.data.events import apply_events
from engine.data.sources.base import PriceRequest
from engine.data.sources.files import Files
from tests.support.price_files import load

ROWS = (
    ("2020-01-02", 100.0, 0.0, 1.0),
    ("2020-01-03", 101.0, 0.5, 1.0),
    ("2020-01-06", 51.0, 0.0, 2.0),
)


def write(path: Path, header: str, rows: list[str]) -> Path:
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


@pytest.mark.parametrize(
    ("header", "none"),
    [
        ("date,close,dividend,split", ("0", "1")),
        ("Date,Close,Adj Close,Dividends,Stock Splits", ("0.0", "0.0")),
        ("timestamp,close,adjusted_close,dividend_amount,split_coefficient", ("0.0000", "1.0")),
        ("date,close,adjClose,divCash,splitFactor", ("0.0", "1.0")),
        ("Date,Close,Adj. Close,Ex-Dividend,Split Ratio", ("", "")),
    ],
)
def test_events_of_text_files(tmp_path: Path, header: str, none: tuple[str, str]) -> None:
    """Raw closes carry the events beside them, whatever a vendor calls them and writes where there is none."""
    adjusted = "1," if "," in header.split("lose,", 1)[1] and "dj" in header else ""
    rows = [
        f"{day},{close},{adjusted}{dividend or none[0]},{split if split != 1.0 else none[1]}"
        for day, close, dividend, split in ROWS
    ]
    loaded = load(write(tmp_path / "AAA.csv", header, rows), "AAA", closes="raw")
    assert loaded.dividends is not None
    assert loaded.splits is not None
    assert loaded.closes[:, 0].tolist() == [100.0, 101.0, 51.0]
    assert loaded.dividends[:, 0].tolist() == [0.0, 0.5, 0.0]
    assert loaded.splits[:, 0].tolist() == [1.0, 1.0, 2.0]


def test_a_dividend_of_a_day_without_a_close_is_per_share_of_the_next_close(tmp_path: Path) -> None:
    """A dividend of 1.5 before a split into three pays 0.5 on each of the three, on the first day that has a close."""
    rows = ["2020-01-02,90,0,1", "2020-01-03,,1.5,1", "2020-01-06,,0,3", "2020-01-07,30,0.25,1", "2020-01-08,30,0,1"]
    loaded = load(write(tmp_path / "AAA.csv", "date,close,dividend,split", rows), "AAA", closes="raw")
    assert loaded.dividends is not None
    assert loaded.splits is not None
    assert loaded.dividends[:, 0].tolist() == [0.0, 0.75, 0.0]
    assert loaded.splits[:, 0].tolist() == [1.0, 3.0, 1.0]


def test_capital_gains_count_as_dividends(tmp_path: Path) -> None:
    """Funds pay both; yfinance writes them into columns of their own."""
    header = "Date,Open,High,Low,Close,Adj Close,Volume,Dividends,Stock Splits,Capital Gains"
    rows = ["2024-01-02,9,9,9,10,9,1,0.0,0.0,0.0", "2024-01-03,9,9,9,10,10,1,0.25,0.0,0.75"]
    loaded = load(write(tmp_path / "AAA.csv", header, rows), "AAA", closes="raw")
    assert loaded.dividends is not None
    assert loaded.dividends[:, 0].tolist() == [0.0, 1.0]


def test_adjusted_closes_carry_no_events(tmp_path: Path) -> None:
    """Events are in adjusted closes already; carried beside them they would be counted twice."""
    rows = [f"{day},{close},{close},{dividend},{split}" for day, close, dividend, split in ROWS]
    path = write(tmp_path / "AAA.csv", "date,close,adjusted_close,dividend_amount,split_coefficient", rows)
    loaded = apply_events(load(path, "AAA", closes="adjusted"), "reinvest")
    assert loaded.dividends is None
    assert loaded.splits is None
    assert loaded.closes[:, 0].tolist() == [close for _, close, _, _ in ROWS]


def test_events_of_parquet_files(tmp_path: Path) -> None:
    """A long Parquet file gives each ticker its own events, newest first or not; splits may be written as ratios."""
    days, closes, dividends, _ = zip(*ROWS, strict=True)
    table = {
        "date": [*days, *reversed(days)],
        "ticker": ["AAA"] * 3 + ["BBB"] * 3,
        "close": [*closes, *reversed(closes)],
        "dividend": [*dividends, 0.0, 0.25, None],
        "split": ["1", "1", "2:1", "3/2", "1", ""],
        "currency": ["EUR"] * 3 + ["GBX"] * 3,
    }
    pq.write_table(pa.table(table), tmp_path / "long.parquet")
    loaded = load(tmp_path / "long.parquet", "AAA", "BBB")
    assert loaded.dividends is not None
    assert loaded.splits is not None
    assert np.array_equal(loaded.dividends, [[0.0, 0.0], [0.5, 0.25], [0.0, 0.0]])
    assert np.array_equal(loaded.splits, [[1.0, 1.0], [1.0, 1.0], [2.0, 1.5]])
    assert loaded.currencies == ("EUR", "GBX")


@pytest.mark.parametrize(
    ("row", "found"),
    [
        ("2020-01-07,51,-0.1,1,EUR", "found the dividend -0.1"),
        ("2020-01-07,51,0,-2,EUR", "found the split -2"),
        ("2020-01-07,51,0,2 for one,EUR", "'2 for one'"),
        ("2020-01-07,51,0,2:0,EUR", "'2:0'"),
        ("2020-01-07,51,0,1,USD", "found closes in EUR and USD"),
    ],
)
def test_events_that_cannot_be(tmp_path: Path, row: str, found: str) -> None:
    """A negative event, a text that is no ratio and a second currency are refused by name."""
    rows = [f"{day},{close},{dividend},{split},EUR" for day, close, dividend, split in ROWS]
    path = write(tmp_path / "AAA.csv", "date,close,dividend,split,currency", [*rows, row])
    with pytest.raises(DataError, match=found):
        load(path, "AAA")


def test_events_of_raw_parquet(shared_data: Path) -> None:
    """The splits that the shared raw closes state arrive at their day and ticker."""
    loaded = load(shared_data / "raw.parquet", "MMSI", "SPY")
    assert loaded.splits is not None
    assert loaded.dividends is not None
    split = loaded.splits[:, 0]
    assert split[np.flatnonzero(loaded.dates == np.datetime64("2011-05-06"))[0]] == 1.25
    assert (loaded.splits[:, 1] == 1.0).all()
    assert (loaded.dividends[:, 1] > 0.0).sum() > 100


def test_closes_called_adjusted_that_fall_at_their_splits_are_refused(tmp_path: Path) -> None:
    """In yfinance's layout Close is adjusted; where it halves at the split beside it, it is not, and that is said."""
    days = np.arange("2024-01-01", "2024-03-01", dtype="datetime64[D]")
    rows = [
        f"{day},1,1,1,{(200 if at < 30 else 100) + at % 3},5,0.0,{2.0 if at == 30 else 0.0}"
        for at, day in enumerate(days)
    ]
    (tmp_path / "AAA.csv").write_text("\n".join(["Date,Open,High,Low,Close,Volume,Dividends,Stock Splits", *rows]))
    with pytest.raises(DataError, match="fall at the splits stated beside them, first 2024-01-31, expected"):
        Files(path=tmp_path / "AAA.csv").load(PriceRequest(("AAA",)))
    named = Files.model_validate({"path": tmp_path / "AAA.csv", "columns": {"close": "Close"}})
    assert named.load(PriceRequest(("AAA",))).splits is not None


@pytest.mark.parametrize("none", ["", "0", "1,0"])
def test_a_ratio_has_no_decimal_sign(none: str, tmp_path: Path) -> None:
    """A 3:2 split in a file of decimal commas was called the number 1.5, which stands nowhere in it, and refused."""
    rows = [
        f"{day}.01.2024;{close};{'3:2' if day == 4 else none}" for day, close in ((2, "30,5"), (3, "31,5"), (4, "21,0"))
    ]
    (tmp_path / "AAA.csv").write_text("\n".join(["Datum;Schlusskurs;Aktiensplit", *rows, ""]))
    splits = load(tmp_path / "AAA.csv", "AAA").splits
    assert splits is not None
    assert splits.ravel().tolist() == [1.0, 1.0, 1.5]


def test_closes_without_their_adjusted_ones_are_said(tmp_path: Path) -> None:
    """A history whose last adjusted close is missing ended a day earlier without a word."""
    rows = "2024-01-02,6,5\n2024-01-03,7,6\n2024-01-04,8,\n"
    (tmp_path / "AAA.csv").write_text(f"Date,Close,Adj Close\n{rows}")
    notes = load(tmp_path / "AAA.csv", "AAA").provenance.notes
    assert any("1 rows have a close and no adjusted one, the last on 2024-01-04" in note for note in notes)
