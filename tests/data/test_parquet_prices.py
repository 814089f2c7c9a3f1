"""Parquet files whose columns, names and metadata are not those that pandas writes by itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine.core.errors import DataError
from engine.data.closes import Closes
from engine.data.sources.base import PriceRequest
from engine.data.sources.files import Files
from tests.support.price_files import load

DAYS = np.array(["2024-01-02", "2024-01-03", "2024-01-31"], "datetime64[D]")
SECONDS = DAYS.astype("datetime64[s]").astype(np.int64)
TEXTS = [str(day) for day in DAYS]


def read(path: Path, table: dict[str, object], **keys: object) -> Closes:
    """Write a file of these columns and load AAA and BBB from it."""
    pq.write_table(pa.table(table), path)
    return Files(path=str(path), **keys).load(PriceRequest(("AAA", "BBB")))


@pytest.mark.parametrize(
    "dates",
    [
        pa.array([20240102, 20240103, 20240131]),
        pa.array(SECONDS),
        pa.array(SECONDS * 1000),
        pa.array(["02.01.2024", "03.01.2024", "31.01.2024"]),
        pa.array(TEXTS).dictionary_encode(),
        pa.array(TEXTS, pa.large_string()),
    ],
    ids=["digits", "seconds", "milliseconds", "german", "dictionary", "large text"],
)
def test_dates_of_every_kind(tmp_path: Path, dates: pa.Array) -> None:
    """Whole numbers and texts are read as in a file of text."""
    closes = read(tmp_path / "p.parquet", {"date": dates, "AAA": [1.0, 2.0, 3.0], "BBB": [4, 5, None]})
    np.testing.assert_array_equal(closes.dates, DAYS)
    np.testing.assert_array_equal(closes.closes, [[1.0, 4.0], [2.0, 5.0], [3.0, np.nan]])


def test_closes_written_as_text(tmp_path: Path) -> None:
    """By the rules of text: their decimal sign is proven, said, or asked for."""
    table = {"date": DAYS, "AAA": ["1.234,50", "30,41", None], "BBB": pa.array(["7", "-", "8"]).dictionary_encode()}
    closes = read(tmp_path / "p.parquet", table)
    np.testing.assert_array_equal(closes.closes, [[1234.5, 7.0], [30.41, np.nan], [np.nan, 8.0]])
    table["AAA"] = ["1.234", "2.345", "3.456"]
    with pytest.raises(DataError, match=r"p.parquet:1: AAA: found '1.234'.*write `decimal: '.'` or"):
        read(tmp_path / "p.parquet", table)
    assert read(tmp_path / "p.parquet", table, decimal=",").closes[:, 0].tolist() == [1234.0, 2345.0, 3456.0]


@pytest.mark.parametrize("kind", [pa.struct({"a": pa.float64()}), pa.list_(pa.float64()), pa.bool_(), pa.time64("us")])
@pytest.mark.parametrize("column", ["date", "AAA"])
def test_a_column_of_another_type_is_refused_by_name(tmp_path: Path, kind: pa.DataType, column: str) -> None:
    """Nothing of it is guessed."""
    table = {"date": DAYS, "AAA": [1.0, 2.0, 3.0], "BBB": [4.0, 5.0, 6.0], column: pa.nulls(3, kind)}
    if column == "date":
        table["date"] = pa.array([[("a", 1.0)]] * 3, pa.map_(pa.string(), pa.float64()))
    with pytest.raises(DataError, match=r"p.parquet: .*found .*(expected numbers|expected dates or stamps); convert"):
        read(tmp_path / "p.parquet", table)


def test_damage_beside_the_prices(tmp_path: Path) -> None:
    """A name that is no text ends in one line; metadata that no reader of JSON follows are only a hint lost."""
    table = pa.table({"date": DAYS, "AAA": [1.0, 2.0, 3.0], "BBBB": [4.0, 5.0, 6.0]})
    pq.write_table(table.replace_schema_metadata({"pandas": "[" * 20_000}), tmp_path / "p.parquet")
    assert load(tmp_path / "p.parquet", "AAA").closes[:, 0].tolist() == [1.0, 2.0, 3.0]
    pq.write_table(table, tmp_path / "p.parquet", store_schema=False)
    content = (tmp_path / "p.parquet").read_bytes()
    (tmp_path / "p.parquet").write_bytes(content.replace(b"BBBB", b"BB\xc3("))
    with pytest.raises(DataError, match=r"p.parquet: found no readable Parquet file .'utf-8' codec.*; write it again"):
        load(tmp_path / "p.parquet", "AAA")


@pytest.mark.parametrize(
    ("most", "message"),
    [
        (("arrow_prices.MAX_ROWS", 2), "3 rows, expected at most 2; write a file of fewer tickers"),
        (("grid.MAX_COLUMNS", 1), "2 columns, expected at most 1; split the file"),
    ],
    ids=["rows", "columns"],
)
def test_a_file_larger_than_any_of_prices_is_refused_by_its_head(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: tuple[str, int], message: str
) -> None:
    """A billion equal rows take a few kilobytes of a Parquet file."""
    monkeypatch.setattr(f"engine.data.price_files.{most[0]}", most[1])
    with pytest.raises(DataError, match=rf"p.parquet: found {message}"):
        read(tmp_path / "p.parquet", {"date": DAYS, "AAA": [1.0, 2.0, 3.0]})
