"""The keys that settle how a price file is read: columns, rename, scale, values."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pydantic import ValidationError

from engine.core.errors import DataError
from engine.data.closes import Closes
from engine.data.sources.base import PriceRequest
from engine.data.sources.files import Files

DAYS = ("2024-01-02", "2024-01-03", "2024-01-04")


def read(path: Path, *tickers: str, **keys: object) -> Closes:
    """Load tickers with keys as a config states them."""
    return Files.model_validate({"path": str(path), **keys}).load(PriceRequest(tickers or ("AAA",)))


def write(path: Path, header: str, *columns: tuple[object, ...]) -> Path:
    """Write a file of three days."""
    rows = [",".join(map(str, row)) for row in zip(DAYS, *columns, strict=True)]
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


@pytest.mark.parametrize(
    ("columns", "closes", "kind"),
    [
        ({"close": "Price"}, [1, 2, 3], "unsaid"),
        ({"close": "#3"}, [4, 5, 6], "unsaid"),
        ({"adjusted": "Close"}, [4, 5, 6], "adjusted"),
        ({"close": "Close", "adjusted": "Price"}, [1, 2, 3], "adjusted"),
    ],
)
def test_columns_settle_which_is_the_close(
    tmp_path: Path, columns: dict[str, str], closes: list[float], kind: str
) -> None:
    """By name or by number, in text and in Parquet; whether it is adjusted is said by the same key."""
    path = write(tmp_path / "AAA.csv", "Date,Price,Close", (1, 2, 3), (4, 5, 6))
    pq.write_table(pa.table({"Date": DAYS, "Price": [1, 2, 3], "Close": [4, 5, 6]}), tmp_path / "AAA.parquet")
    for file in (path, tmp_path / "AAA.parquet"):
        loaded = read(file, columns=columns)
        assert loaded.closes[:, 0].tolist() == closes
        assert any("nothing in the file says" in note for note in loaded.provenance.notes) == (kind == "unsaid")


def test_columns_settle_every_role(tmp_path: Path) -> None:
    """Names that nobody could know are read by what their owner says."""
    rows = ["D1,T,P,X,Y,Z"]
    rows += [
        f"{day},{ticker},{close * share},0.1,{split},EUR"
        for ticker, close in (("AAA", 5), ("BBB", 7))
        for day, split, share in zip(DAYS, (1, "2:1", 1), (2, 1, 1), strict=True)
    ]
    (tmp_path / "x.csv").write_text("\n".join(rows) + "\n")
    keys = {"date": "D1", "ticker": "T", "close": "P", "dividend": "X", "split": "Y", "currency": "Z"}
    loaded = read(tmp_path / "x.csv", "AAA", "BBB", columns=keys, closes="raw")
    assert loaded.closes.tolist() == [[10.0, 14.0], [5.0, 7.0], [5.0, 7.0]]
    assert loaded.dividends is not None
    assert loaded.splits is not None
    assert loaded.dividends.tolist() == [[0.1, 0.1]] * 3
    assert loaded.splits[:, 0].tolist() == [1.0, 2.0, 1.0]
    assert loaded.currencies == ("EUR", "EUR")


@pytest.mark.parametrize(
    ("columns", "found"),
    [
        ({"close": "Clos"}, r"AAA.csv:1: columns: close: found no column Clos; did you mean Close\?"),
        ({"close": "#9"}, "found no column #9"),
        ({"close": "#0"}, "found no column #0"),
        ({"date": "Price"}, r"AAA.csv:2: found|AAA.csv:2"),
    ],
)
def test_columns_that_are_not_there_are_refused(tmp_path: Path, columns: dict[str, str], found: str) -> None:
    """The key, what it names and what there is."""
    path = write(tmp_path / "AAA.csv", "Date,Price,Close", ("x", "y", "z"), (4, 5, 6))
    with pytest.raises(DataError, match=found):
        read(path, columns=columns)
    with pytest.raises(ValidationError):
        read(path, columns={"closing": "Close"})


def test_a_table_without_names_is_read_by_numbers(tmp_path: Path) -> None:
    """Its first row is data: asked for by a key with the numbers, and kept when the key is there."""
    path = write(tmp_path / "AAA.csv", f"{DAYS[0].replace('-02', '-01')},9,4", (9, 9, 9), (5, 6, 7))
    with pytest.raises(DataError, match=r"found no names above the first row.*`columns: {date: \"#1\", close: "):
        read(path)
    assert read(path, columns={"date": "#1", "close": "#3"}).closes[:, 0].tolist() == [4.0, 5.0, 6.0, 7.0]


def test_rename_makes_a_name_in_the_file_the_plan_s(tmp_path: Path) -> None:
    """Of a column, of rows, of a Parquet column, and of a file in a folder; the refusal names the key to write."""
    path = write(tmp_path / "wide.csv", "Date,AAA US Equity,BBB US Equity", (1, 2, 3), (4, 5, 6))
    with pytest.raises(DataError, match=r'write `rename: {"AAA US Equity": AAA}` in data.source if it is AAA'):
        read(path)
    rename = {"AAA US Equity": "AAA", "BBB US Equity": "BBB"}
    assert read(path, "AAA", "BBB", rename=rename).closes[0].tolist() == [1.0, 4.0]
    (tmp_path / "long.csv").write_text("date,ticker,close\n2024-01-02,600519.SH,5\n2024-01-02,7,6\n")
    assert read(tmp_path / "long.csv", rename={"600519.SH": "AAA"}).closes.tolist() == [[5.0]]
    pq.write_table(pa.table({"date": DAYS, "ticker": ["X"] * 3, "close": [1, 2, 3]}), tmp_path / "p.parquet")
    assert read(tmp_path / "p.parquet", rename={"X": "AAA"}).closes[:, 0].tolist() == [1.0, 2.0, 3.0]
    folder = tmp_path / "folder"
    folder.mkdir()
    write(folder / "apple.csv", "Date,Close", (1, 2, 3))
    assert read(folder, rename={"apple": "AAA"}).closes[:, 0].tolist() == [1.0, 2.0, 3.0]


def test_two_names_for_one_ticker_are_refused(tmp_path: Path) -> None:
    """A rename must not chain two companies."""
    (tmp_path / "l.csv").write_text("date,ticker,close\n2024-01-02,OLD,5\n2024-01-03,NEW,6\n")
    wide = write(tmp_path / "w.csv", "Date,OLD,NEW", (1, 2, 3), (4, 5, 6))
    pq.write_table(
        pa.table({"date": DAYS, "ticker": ["OLD", "OLD", "NEW"], "close": [1, 2, 3]}), tmp_path / "p.parquet"
    )
    for path in (tmp_path / "l.csv", wide, tmp_path / "p.parquet"):
        with pytest.raises(DataError, match=r"AAA|OLD and NEW"):
            read(path, rename={"OLD": "AAA", "NEW": "AAA"})


def test_scale_multiplies_closes_and_dividends(tmp_path: Path) -> None:
    """Pence become pounds, ratios of splits stay."""
    path = write(tmp_path / "AAA.csv", "Date,Close,Dividend,Split", (250, 251, 126), (0, 50, 0), (1, 1, 2))
    loaded = read(path, scale="0.01")
    assert loaded.dividends is not None
    assert loaded.splits is not None
    np.testing.assert_allclose(loaded.closes[:, 0], [2.5, 2.51, 1.26], rtol=1e-15)
    assert loaded.dividends[1, 0] == 0.5
    assert loaded.splits[2, 0] == 2.0


@pytest.mark.parametrize(
    ("header", "cells", "keys"),
    [
        ("Date,AAA", ("0.10", "-0.20", "0.05"), {}),
        ("Date,Return", ("10%", "-20%", "5%"), {}),
        ("Date,ret", ("10", "-20", "5"), {"scale": "0.01"}),
        ("Date,Close,Return", ("9,10%", "9,-20%", "9,5%"), {}),
    ],
)
def test_returns_are_chained_where_the_key_says_so(
    tmp_path: Path, header: str, cells: tuple[str, ...], keys: dict[str, str]
) -> None:
    """Closes whose changes are the returns, whatever the returns are written in."""
    loaded = read(write(tmp_path / "AAA.csv", header, cells), values="returns", **keys)
    np.testing.assert_allclose(loaded.closes[1:, 0] / loaded.closes[:-1, 0] - 1.0, [-0.2, 0.05], rtol=1e-12)
    assert any("made of its returns" in note for note in loaded.provenance.notes)


@pytest.mark.parametrize(
    ("header", "cells", "keys", "found"),
    [
        (
            "Date,Return",
            ("0.1", "0.2", "0.1"),
            {},
            r"AAA.csv:1: found Return, expected prices; write `values: returns`",
        ),
        ("Date,AAA", ("0.1", "-0.2", "0.1"), {}, r"if these are returns, write `values: returns`"),
        (
            "Date,AAA",
            ("1.5", "-2.5", "1"),
            {"values": "returns"},
            r"found the return -2.5.*`scale: 0.01` if they are per",
        ),
        ("Date,AAA", ("0.9", "-0.8", "0.7"), {"values": "returns"}, r"which may be percent; write `scale: 0.01`"),
        ("Date,AAA", ("0.9", "-1", "0.7"), {"values": "returns", "scale": "1"}, r"found the return -1, .*; correct it"),
    ],
)
def test_returns_are_recognised(
    tmp_path: Path, header: str, cells: tuple[str, ...], keys: dict[str, str], found: str
) -> None:
    """Never taken for prices, nor percent for fractions; the key is named."""
    with pytest.raises(DataError, match=found):
        read(write(tmp_path / "AAA.csv", header, cells), **keys)


def test_a_missing_return_leaves_no_close(tmp_path: Path) -> None:
    """The next close stands on the last one that there is."""
    loaded = read(
        write(tmp_path / "w.csv", "Date,AAA,BBB", (0.1, "", 0.1), (0.1, 0.1, 0.1)), "AAA", "BBB", values="returns"
    )
    np.testing.assert_allclose(loaded.closes[:, 0], [1.1, np.nan, 1.21], rtol=1e-12)
