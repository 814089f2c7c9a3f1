"""Long files: which column says whose row it is, whatever its name, and two companies below each other."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine.core.errors import DataError
from tests.support.price_files import load

NAMES = (
    "Name",
    "tic",
    "Stock",
    "code",
    "ts_code",
    "symbol",
    "Ticker",
    "Company",
    "Index",
    "asset",
    "Firma",
    "Emittent",
)


def write(folder: Path, name: str, tickers: list[str]) -> list[Path]:
    """Write closes 1, 2, .. of consecutive days, as text and as Parquet."""
    days = [f"2024-01-{1 + at:02d}" for at in range(len(tickers))]
    rows = [f"{day},9,{1 + at},{ticker}" for at, (day, ticker) in enumerate(zip(days, tickers, strict=True))]
    (folder / "all.csv").write_text("\n".join([f"date,open,close,{name}", *rows]) + "\n")
    closes = [1.0 + at for at in range(len(tickers))]
    table = {"date": days, "open": [9.0] * len(days), "close": closes, name: tickers}
    pq.write_table(pa.table(table), folder / "all.parquet")
    return [folder / "all.csv", folder / "all.parquet"]


@pytest.mark.parametrize("name", NAMES)
def test_the_ticker_stands_in_a_column_of_any_name(tmp_path: Path, name: str) -> None:
    """Each ticker gets its own rows, and none of another's."""
    for path in write(tmp_path, name, ["OLD", "OLD", "NEW", "NEW", "NEW"]):
        loaded = load(path, "OLD", "NEW")
        assert loaded.closes[2:, 0].tolist() == [3.0, 4.0, 5.0]
        assert loaded.closes[:2, 1].tolist() == [1.0, 2.0]
        assert load(path, "NEW").closes[:, 0].tolist() == [3.0, 4.0, 5.0]


@pytest.mark.parametrize("name", NAMES)
def test_two_companies_below_each_other_are_never_one(tmp_path: Path, name: str) -> None:
    """Asked for a third ticker, the file is refused, naming one of them or the column."""
    for path in write(tmp_path, name, ["OLD", "OLD", "NEW", "NEW", "NEW"]):
        with pytest.raises(DataError, match=f"OLD|{name}"):
            load(path, "AAA")


def test_a_name_that_stays_the_same_is_no_ticker(tmp_path: Path) -> None:
    """The name of the company beside its closes does not have to be the ticker; a ticker has to."""
    for path in write(tmp_path, "Name", ["Apple Inc."] * 3):
        assert load(path, "AAPL").closes[:, 0].tolist() == [1.0, 2.0, 3.0]
    for path in write(tmp_path, "symbol", ["AAPL.US"] * 3):
        with pytest.raises(DataError, match=r'the file holds AAPL.US; write `rename: {"AAPL.US": AAPL}`'):
            load(path, "AAPL")


def test_texts_that_vary_are_no_companies(tmp_path: Path) -> None:
    """Weekdays and remarks stand beside the closes of one ticker."""
    for path in write(tmp_path, "Kommentar", ["Mo", "Di", "Mo", "Di", "Mo", "Di"]):
        assert len(load(path, "AAA").dates) == 6


def test_dates_in_runs_are_no_companies(tmp_path: Path) -> None:
    """The end of the month beside each day is said once for each of its days."""
    for path in write(tmp_path, "Monatsende", ["2024-01-31"] * 3 + ["2024-02-29"] * 3):
        assert len(load(path, "AAA").dates) == 6


def test_a_row_without_a_ticker_is_refused(tmp_path: Path) -> None:
    """By its line; it may be anybody's."""
    (path, _) = write(tmp_path, "ticker", ["AAA", "", "AAA"])
    with pytest.raises(DataError, match=r"all.csv:3: found a row without a ticker"):
        load(path, "AAA")
