"""What a column is by its name: the spellings of vendors, and which of several columns holds the closes."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.errors import DataError
from engine.data.price_files.roles import column_role, fold_name
from tests.support.price_files import load

ADJUSTED = (
    "Adj Close",
    "Adj. Close",
    "adj_close",
    "adjClose",
    "AdjClose",
    "ADJ_CLOSE",
    "Adj Close**",
    "adjusted",
    "Adjusted",
    "Adj",
    "Adjusted Close",
    "5. adjusted close",
    "closeadj",
    "Close (adj)",
    "Close [adjusted]",
    "Adjusted_close",
    "adj-close",
    "Adj. Price",
    "Schlusskurs (bereinigt)",
    "Bereinigter Schlusskurs",
)


@pytest.mark.parametrize("name", ADJUSTED)
def test_an_adjusted_column_beside_a_close_is_read_whatever_its_spelling(tmp_path: Path, name: str) -> None:
    """The adjusted closes are taken, and those beside them are raw, in text and in Parquet."""
    (tmp_path / "AAA.csv").write_text(f"Date,Close,{name}\n2024-01-02,6,5\n2024-01-03,7,6\n")
    pq.write_table(
        pa.table({"Date": ["2024-01-02", "2024-01-03"], "Close": [6.0, 7.0], name: [5.0, 6.0]}),
        tmp_path / "AAA.parquet",
    )
    for file in ("AAA.csv", "AAA.parquet"):
        assert load(tmp_path / file, "AAA", closes="adjusted").closes.tolist() == [[5.0], [6.0]]
        assert load(tmp_path / file, "AAA", closes="raw").closes.tolist() == [[6.0], [7.0]]


@given(
    word=st.sampled_from(["adj", "Adj", "ADJ", "adjusted", "Adjusted"]),
    before=st.text(st.sampled_from("abcXYZ _.-1"), max_size=6),
    after=st.text(st.sampled_from("abcXYZ _.-1"), max_size=6),
)
def test_a_name_with_adj_is_never_taken_for_a_plain_close(word: str, before: str, after: str) -> None:
    """Whatever stands around it, it is adjusted, unadjusted, another field, or doubtful (and then refused)."""
    assert column_role(f"{before}{word}{after}") in {"adjusted", "unadjusted", "doubtful", "other"}


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("Close/Last", "close"),
        ("PX_LAST", "close"),
        ("Schluß", "close"),
        ("Letzter Kurs (EUR)", "close"),
        ("Close Price adjusted for splits.", "close"),
        ("closeunadj", "unadjusted"),
        ("Unadjusted Close", "unadjusted"),
        ("adj_volume", "other"),
        ("Adj. Open", "other"),
        ("pre_close", "other"),
        ("Stock Splits", "split"),
        ("7. dividend amount", "dividend"),
        ("ts_code", "ticker"),
        ("Datum", "date"),
        ("CloseUSD", "variant"),
        ("SPY", ""),
        ("BRK.B", ""),
    ],
)
def test_roles(name: str, role: str) -> None:
    """One of each kind of spelling."""
    assert column_role(name) == role


@given(st.text())
def test_any_name_has_a_role(name: str) -> None:
    """No header cell is too odd to be looked at, and folding twice is folding once."""
    assert isinstance(column_role(name), str)
    assert fold_name(fold_name(name)) == fold_name(name)


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("Date,Close,Price", r"AAA.csv:1: found Close and Price, 2 columns.*`columns: {close: \"Close\"}` or"),
        ("Date,Close,Close", r"found Close \(#2\) and Close \(#3\).*`columns: {close: \"#2\"}`"),
        ("Date,Close,Close.1", r"found Close and Close.1"),
        ("Date,Last,Settle", r"found Last and Settle"),
        ("Date,NAV,Kurs", r"found NAV and Kurs"),
        ("Date,Adj Close,Adjusted", r"found Adj Close and Adjusted.*`columns: {adjusted: \"Adj Close\"}` or"),
        ("Date,Open,Close,AdjustedX", r"found AdjustedX and Close, something adjusted"),
        ("Date,Close,closeunadj", r"found Close and closeunadj"),
        ("Date,AAA,Adj Close", r"found Adj Close beside AAA, which does not say whose it is"),
        ("Date,Close,CloseUSD", r"no such ticker|found Close and CloseUSD"),
        ("Date,Open,Value", r"found Value, which may be the money that changed hands.*`columns: {close: \"Value\"}`"),
        ("Date,Close,Dividends,Stock Splits", r"write `columns: {adjusted: Close}` or `columns: {close: Close}`"),
    ],
)
def test_two_columns_that_may_be_the_close_are_refused(tmp_path: Path, header: str, found: str) -> None:
    """Both are named, with the key that settles it."""
    values = ",".join(["6"] * header.count(","))
    (tmp_path / "AAA.csv").write_text(f"{header}\n2024-01-02,{values}\n2024-01-03,{values}\n")
    with pytest.raises(DataError, match=found):
        load(tmp_path / "AAA.csv", "AAA")


@pytest.mark.parametrize(
    ("header", "says"),
    [
        ("<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>", "stooq"),
        ("Date,Price,Open,High,Low", "investing.com"),
        ("Date,Open,High,Low,Close,Dividends", "yfinance"),
    ],
)
def test_no_vendor_is_claimed_whose_whole_header_is_not_there(tmp_path: Path, header: str, says: str) -> None:
    """A part of a vendor's header may be anybody's."""
    cells = {"<TICKER>": "AAA", "<PER>": "D", "<DATE>": "20240102", "<TIME>": "000000", "Date": "2024-01-02"}
    row = ",".join(cells.get(name, "5") for name in header.split(","))
    (tmp_path / "AAA.csv").write_text(f"{header}\n{row}\n")
    assert not any(says in note for note in load(tmp_path / "AAA.csv", "AAA").provenance.notes)


def test_value_beside_a_close_is_turnover(tmp_path: Path) -> None:
    """As in the files of exchanges; alone it is what a fund is worth."""
    (tmp_path / "AAA.csv").write_text("Date,Open,Close,Value\n2024-01-02,4,5,9000\n")
    assert load(tmp_path / "AAA.csv", "AAA").closes.tolist() == [[5.0]]
    (tmp_path / "BBB.csv").write_text("Date,Value\n2024-01-02,90\n")
    assert load(tmp_path / "BBB.csv", "BBB").closes.tolist() == [[90.0]]
