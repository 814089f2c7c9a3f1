"""How a ticker finds its file: in a folder, by its name or by what stands inside, and what is refused."""

from __future__ import annotations

import datetime as dt
import gzip
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine.core.errors import DataError
from engine.data.price_files.grid import ReadingKeys
from engine.data.price_files.price_table import PriceTable
from engine.data.sources.base import PriceRequest
from engine.data.sources.files import Files
from tests.support.price_files import load


def put(folder: Path, *names: str, content: bytes = b"Date,Close\n2024-01-02,5\n") -> None:
    """Put the same small file under several names."""
    for name in names:
        (folder / name).write_bytes(content)


def test_a_ticker_finds_its_file(tmp_path: Path) -> None:
    """The exact name first, then the leading part, behind a vendor's prefix; BRK is never BRK-B or BRK.B."""
    put(tmp_path, "BRK-B.csv", "BRK.B.csv", "notes.md", ".hidden.csv")
    with pytest.raises(DataError, match=r"BRK: found no file for it, expected BRK.csv.*`rename: "):
        load(tmp_path, "BRK")
    renamed = Files(kind="files", path=tmp_path, rename={"BRK.B": "BRK"})
    assert renamed.load(PriceRequest(("BRK",))).closes.tolist() == [[5.0]]
    put(tmp_path, "BRK_old.csv", content=b"Date,Close\n2024-01-02,1\n")
    assert load(tmp_path, "BRK").closes.tolist() == [[1.0]]
    put(tmp_path, "BRK.csv", content=b"Date,Close\n2024-01-02,2\n")
    assert load(tmp_path, "BRK").closes.tolist() == [[2.0]]
    put(tmp_path, "investing.com_Avaya.csv", content=b"Date,Close\n2024-01-02,3\n")
    assert load(tmp_path, "Avaya").closes.tolist() == [[3.0]]


def test_two_files_for_one_ticker_are_refused(tmp_path: Path) -> None:
    """Both are named."""
    put(tmp_path, "AAA_one.csv", "AAA_two.csv")
    with pytest.raises(DataError, match=r"AAA: found AAA_one.csv, AAA_two.csv, expected one file"):
        load(tmp_path, "AAA")


def test_one_file_for_two_tickers_is_refused(tmp_path: Path) -> None:
    """A_B.csv may belong to A or to A_B, not to both."""
    put(tmp_path, "A_B.csv")
    with pytest.raises(DataError, match="both A and A_B lead to it"):
        load(tmp_path, "A", "A_B")


def test_a_file_that_names_another_ticker_is_refused(tmp_path: Path) -> None:
    """The name says AAA, the inside says BBB."""
    put(tmp_path, "AAA.csv", content=b"date,ticker,close\n2024-01-02,BBB,5\n")
    with pytest.raises(DataError, match=r"AAA.csv: found BBB inside, expected AAA"):
        load(tmp_path, "AAA")


def test_a_ticker_is_found_inside_a_file(tmp_path: Path) -> None:
    """A long file of several tickers serves each of them."""
    put(tmp_path, "all.csv", content=b"date,ticker,close\n2024-01-02,BBB,5\n2024-01-02,NA,6\n2024-01-03,BBB,7\n")
    loaded = load(tmp_path, "BBB", "NA")
    assert np.array_equal(loaded.closes, [[5.0, 6.0], [7.0, np.nan]], equal_nan=True)


def test_a_missing_file_gets_a_suggestion(tmp_path: Path) -> None:
    """Ticker, folder, what is there and the likely name."""
    put(tmp_path, "UNF_classic.csv", "SPY.csv")
    with pytest.raises(DataError, match=r"UFN: found no file.*did you mean UNF\?; the folder holds SPY.csv, UNF_cl"):
        load(tmp_path, "UFN")


def test_an_empty_folder_and_a_missing_path(tmp_path: Path) -> None:
    """Both are named, the second with what stands beside it."""
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=r"empty: found no .csv, .txt, .xlsx or .parquet file"):
        load(tmp_path / "empty", "AAA")
    put(tmp_path, "prices.csv")
    with pytest.raises(DataError, match=r"price.csv: found nothing there.*did you mean prices.csv\?"):
        load(tmp_path / "price.csv", "AAA")


@pytest.mark.parametrize("name", ["AAA.PARQUET", "AAA.pq", "AAA.Parquet"])
def test_parquet_is_known_by_every_spelling_of_its_ending(tmp_path: Path, name: str) -> None:
    """As a file and in a folder."""
    pq.write_table(pa.table({"date": [dt.date(2024, 1, 2), dt.date(2024, 1, 3)], "AAA": [1.0, 2.0]}), tmp_path / name)
    for path in (tmp_path / name, tmp_path):
        assert load(path, "AAA").closes.tolist() == [[1.0], [2.0]]


def test_a_home_that_nobody_has_is_named() -> None:
    """``~`` and a user who does not exist."""
    with pytest.raises(DataError, match=r"data\.source\.path: ~nobody-here/p\.csv: found no home .*; write the whole"):
        load(Path("~nobody-here/p.csv"), "AAA")


def test_a_path_too_long_for_the_system_is_named(tmp_path: Path) -> None:
    """The system's own words, and where the path was written."""
    with pytest.raises(DataError, match=r"data\.source\.path: .*File name too long; check the path"):
        load(tmp_path / ("x" * 300), "AAA")


def test_a_single_series_serves_one_ticker_only(tmp_path: Path) -> None:
    """One requested ticker takes it, with a note; two are refused."""
    put(tmp_path, "mine.csv")
    assert any("taken as SPY" in note for note in load(tmp_path / "mine.csv", "SPY").provenance.notes)
    with pytest.raises(DataError, match="found one series without a ticker, expected columns for SPY, VTI"):
        load(tmp_path / "mine.csv", "SPY", "VTI")


def test_an_unreadable_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Permissions are the owner's to mend."""
    put(tmp_path, "AAA.csv")

    def refuse(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(DataError, match=r"AAA.csv: cannot be read \(Permission denied\)"):
        load(tmp_path / "AAA.csv", "AAA")


@pytest.mark.parametrize(
    "other", ["SPY (1).csv", "SPY(2).csv", "SPY - Copy.csv", "SPY_old.csv", "SPY 2020.csv", "Kopie von SPY.csv"]
)
def test_a_second_download_is_said_to_be_left_aside(tmp_path: Path, other: str) -> None:
    """The exact name wins, but the other file may be the newer one; files of other tickers are not named."""
    put(tmp_path, "SPY.csv", "SPYG.csv", "BRK-B.csv", other)
    notes = load(tmp_path, "SPY").provenance.notes
    assert [note for note in notes if "left aside" in note] == [f"SPY: SPY.csv is read, {other} left aside"]


def test_files_of_other_tickers_are_not_left_aside(tmp_path: Path) -> None:
    """A file that another ticker of the plan is called after is that one's."""
    put(tmp_path, "A.csv", "A_B.csv", "._A.csv", "~$A.csv")
    assert not any("left aside" in note for note in load(tmp_path, "A", "A_B").provenance.notes)


def test_compressed_files_are_found_by_their_ticker(tmp_path: Path) -> None:
    """BRK.B.csv.gz is the file of BRK.B."""
    put(tmp_path, "BRK.B.csv.gz", content=gzip.compress(b"Date,Close\n2024-01-02,3\n"))
    assert load(tmp_path, "BRK.B").closes.tolist() == [[3.0]]


def test_a_folder_is_read_for_its_names_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files that name their tickers inside are not read again for each ticker asked for."""
    from engine.data.price_files import price_folder

    reads: list[Path] = []
    plain = price_folder.read_price_file

    def counted(path: Path, tickers: Iterable[str], keys: ReadingKeys) -> PriceTable:
        reads.append(path)
        return plain(path, tickers, keys)

    monkeypatch.setattr(price_folder, "read_price_file", counted)
    tickers = [f"T{at}" for at in range(6)]
    for at, ticker in enumerate(tickers):
        put(tmp_path, f"{at}.csv", content=f"date,ticker,close\n2024-01-02,{ticker},5\n".encode())
    load(tmp_path, *tickers)
    assert len(reads) == 2 * len(tickers)
