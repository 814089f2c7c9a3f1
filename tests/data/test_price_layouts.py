"""The user's own files: every layout that is read, and what of it is told."""

from __future__ import annotations

import datetime as dt
import itertools
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from engine.core.errors import DataError
from engine.data.sources.base import PriceRequest
from engine.data.sources.files import Files
from engine.data.sources.sample import Sample
from tests.support.price_files import load, wide

AWKWARD_TICKERS = (
    "NO",
    "ON",
    "TRUE",
    "NULL",
    "NA",
    "007",
    "1E5",
    "nan",
    "None",
    "OPEN",
    "LOW",
    "DATA",
    "BRK.B",
    "BRK",
    "EURUSD=X",
)


@pytest.mark.parametrize(
    ("path", "ticker", "kind", "first", "close", "last", "rows"),
    [
        ("prices.parquet", "SPY", "adjusted", "1993-01-29", None, "2025-12-31", 8288),
        ("raw.parquet", "SPY", "with_events", "1993-01-29", 43.9375, "2025-12-31", 8288),
        ("samples/yfinance", "IWM", "adjusted", "2000-05-26", 32.83599, "2001-12-26", 396),
        ("samples/yfinance", "RKLB", "adjusted", "2020-11-24", 9.744, "2024-03-08", 826),
        ("samples/yfinance", "UNF", "adjusted", "2000-01-03", 11.277571, "2024-03-08", 6084),
        ("samples/yfinance", "SPY", "adjusted", "1993-01-29", 24.526071, "2025-01-02", 8039),
        ("samples/stooq", "CSPX.UK", "adjusted", "2015-03-04", 192.13, "2026-07-02", None),
        ("samples/stooq", "IJR.US", "adjusted", "2005-02-25", 23.3281, "2026-07-02", 5370),
        ("samples/stooq/spy_us_d_polish_header.csv", "SPY", "adjusted", "2005-02-25", 93.6948, "2025-07-28", 5136),
        ("samples/other", "SRCE", "adjusted", "1999-11-01", 14.5393154716, "2020-12-11", 5314),
        ("samples/other/VB_eodhd_unnamed_index.csv", "VB", "adjusted", "2004-01-30", 36.6571, "2024-04-19", 5090),
        ("samples/other/VB_alpaca_iex_feed.csv", "VB", "adjusted", "2020-07-27", 141.39, "2025-04-04", 1180),
        ("delisted", "Avaya", "raw", "2017-12-20", 16.63, "2023-03-10", 1311),
        ("delisted", "Catalent", "raw", "2014-08-01", 19.85, "2024-12-17", None),
        ("delisted", "First", "raw", "2015-10-16", 16.0, "2019-07-26", None),
        ("delisted", "NYSE", "raw", "2009-07-23", 26.94, "2013-11-12", 1082),
        ("oracles/stock_prices.csv", "SHLD", "adjusted", None, None, None, None),
    ],
)
def test_vendor_layouts(
    shared_data: Path,
    path: str,
    ticker: str,
    kind: str,
    first: str | None,
    close: float | None,
    last: str | None,
    rows: int | None,
) -> None:
    """Every vendor's layout gives its first and last close on the right day, and says whether they are adjusted."""
    loaded = load(shared_data / path, ticker)
    assert loaded.tickers == (ticker,)
    assert loaded.provenance.closes == kind
    assert np.isfinite(loaded.closes).all()
    if first:
        assert (str(loaded.dates[0]), str(loaded.dates[-1])) == (first, last)
    if close:
        assert loaded.closes[0, 0] == pytest.approx(close, rel=1e-6)
    if rows:
        assert len(loaded.dates) == rows


def test_a_wide_parquet_file_bit_for_bit(shared_data: Path) -> None:
    """All 71 columns come back as another reader has them."""
    import pandas as pd

    frame = pd.read_parquet(shared_data / "prices.parquet")
    loaded = load(shared_data / "prices.parquet", *frame.columns)
    assert np.array_equal(loaded.closes, frame[sorted(frame.columns)].to_numpy(), equal_nan=True)
    assert np.array_equal(loaded.dates, frame.index.to_numpy().astype("datetime64[D]"))
    assert any("nothing in the file says" in note for note in loaded.provenance.notes)


def test_reading_needs_no_pandas(shared_data: Path) -> None:
    """A run that reads files does not pay for importing pandas."""
    import subprocess
    import sys

    code = (
        "import sys; from engine.data.sources.files import Files; from engine.data.sources.base import PriceRequest; "
        f"Files(path={str(shared_data / 'prices.parquet')!r}).load(PriceRequest(('SPY', 'IWM'))); "
        f"Files(path={str(shared_data / 'samples/yfinance')!r}).load(PriceRequest(('SPY', 'IWM'))); "
        "sys.exit('pandas' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False, cwd=Path(__file__).parents[2]).returncode == 0


def test_prices_adjusted_and_raw_are_different_columns(shared_data: Path) -> None:
    """``closes: raw`` takes Close, ``adjusted`` takes Adj Close, in every layout that has both."""
    for path, ticker, raw, kind in (
        ("samples/yfinance", "UNF", 12.625, "raw"),
        ("samples/yfinance", "IWM", 45.71875, "raw"),
        ("samples/other", "SRCE", 27.75, "with_events"),
        ("samples/other/VB_eodhd_unnamed_index.csv", "VB", 49.0, "raw"),
    ):
        loaded = load(shared_data / path, ticker, closes="raw")
        assert loaded.closes[0, 0] == raw
        assert loaded.provenance.closes == kind
        assert any("dividends are missing" in note for note in loaded.provenance.notes) == (kind == "raw")


def test_the_sample_needs_no_network_and_no_skfolio_import() -> None:
    """26 tickers from an installed package; an unknown one gets a suggestion."""
    loaded = Sample().load(PriceRequest(("SP500", "AAPL", "MTUM"), end=dt.date(2020, 6, 30)))
    assert loaded.tickers == ("AAPL", "MTUM", "SP500")
    assert (str(loaded.dates[0]), str(loaded.dates[-1])) == ("1990-01-02", "2020-06-30")
    assert np.isnan(loaded.closes[0, 1])
    with pytest.raises(DataError, match=r"APPL; did you mean AAPL\?"):
        Sample().load(PriceRequest(("APPL",)))


def test_a_missing_sample_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without skfolio the message names the package and the command."""
    monkeypatch.setattr("engine.data.sources.sample.importlib.util.find_spec", lambda _: None)
    with pytest.raises(DataError, match=r"run `pip install 'portfolio-engine\[sample\]'`, or name another kind"):
        Sample().load(PriceRequest(("AAPL",)))


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_odd_tickers_survive_as_columns(tmp_path: Path, suffix: str) -> None:
    """NO, TRUE, NA, 007 and 1E5 are names, and BRK is not BRK.B."""
    path = tmp_path / f"prices.{suffix}"
    values = [float(at) for at in range(1, len(AWKWARD_TICKERS) + 1)]
    if suffix == "csv":
        path.write_text(
            f"date,{','.join(AWKWARD_TICKERS)}\n2024-01-02,{','.join(map(str, values))}\n", encoding="utf-8"
        )
    else:
        columns = {name: pa.array([value]) for name, value in zip(AWKWARD_TICKERS, values, strict=True)}
        pq.write_table(pa.table({"date": pa.array([dt.date(2024, 1, 2)])} | columns), path)
    loaded = load(path, *AWKWARD_TICKERS)
    assert dict(zip(loaded.tickers, loaded.closes[0], strict=True)) == dict(zip(AWKWARD_TICKERS, values, strict=True))


def test_odd_tickers_survive_as_file_names(tmp_path: Path) -> None:
    """A folder of NO.csv, NA.csv, 007.csv gives each its own series."""
    for value, ticker in enumerate(AWKWARD_TICKERS, start=1):
        (tmp_path / f"{ticker}.csv").write_bytes(b"Date,Close\n2024-01-02,%d\n" % value)
    loaded = load(tmp_path, *AWKWARD_TICKERS)
    assert dict(zip(loaded.tickers, loaded.closes[0], strict=True)) == dict(zip(AWKWARD_TICKERS, itertools.count(1.0)))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ticker=st.from_regex(r"\^?[A-Za-z0-9][A-Za-z0-9.\-=_]{0,9}", fullmatch=True).filter(lambda name: name != "date"))
def test_any_ticker_survives_in_a_wide_file(tmp_path: Path, ticker: str) -> None:
    """Whatever a config may call a ticker is found letter for letter beside another column."""
    path = tmp_path / "prices.csv"
    path.write_text(f"date,{ticker},OTHER__1\n2024-01-02,5,6\n", encoding="utf-8")
    assert load(path, ticker).closes.tolist() == [[5.0]]


@pytest.mark.parametrize("order", [("Price", "Ticker"), ("Ticker", "Price")])
def test_two_header_rows_with_several_tickers(tmp_path: Path, order: tuple[str, str]) -> None:
    """A download by yfinance of several tickers, by field or by ticker, as CSV."""
    rows = {"Price": "Price,Adj Close,Adj Close,Close,Close", "Ticker": "Ticker,AAA,NA,AAA,NA"}
    text = "\n".join([rows[order[0]], rows[order[1]], "Date,,,,", "2024-01-02,1,2,3,4", "2024-01-03,5,,7,"])
    (tmp_path / "p.csv").write_text(text, encoding="utf-8")
    loaded = load(tmp_path / "p.csv", "NA", "AAA")
    assert loaded.tickers == ("AAA", "NA")
    assert np.array_equal(loaded.closes, [[1.0, 2.0], [5.0, np.nan]], equal_nan=True)
    assert load(tmp_path / "p.csv", "NA", closes="raw").closes.tolist() == [[4.0]]


def test_two_header_rows_in_parquet(tmp_path: Path) -> None:
    """A pair of names is stored by pandas as text; both halves are understood."""
    import pandas as pd

    index = pd.DatetimeIndex(["2024-01-02", "2024-01-03"], name="Date")
    columns = pd.MultiIndex.from_product([["Adj Close", "Close"], ["AAA", "BBB"]], names=["Price", "Ticker"])
    pd.DataFrame(np.arange(1.0, 9.0).reshape(2, 4), index, columns).to_parquet(tmp_path / "p.parquet")
    assert load(tmp_path / "p.parquet", "BBB").closes.tolist() == [[2.0], [6.0]]


def test_a_close_that_may_be_anything_is_named(tmp_path: Path) -> None:
    """A file of Date and Close says nothing of dividends; the owner's word settles it."""
    (tmp_path / "AAA.csv").write_bytes(b"Date,Close\n2024-01-02,5\n")
    assert any("nothing in the file" in note for note in load(tmp_path, "AAA").provenance.notes)
    for kind in ("adjusted", "raw"):
        settled = load(tmp_path, "AAA", closes=kind).provenance
        assert settled.closes == kind
        assert not any("nothing in the file" in note for note in settled.notes)


def test_equal_adjusted_and_raw_closes_are_noted(shared_data: Path) -> None:
    """A feed whose Adj Close repeats Close may not be adjusted at all."""
    notes = load(shared_data / "samples/other/VB_alpaca_iex_feed.csv", "VB").provenance.notes
    assert any("adjusted and raw closes of VB are the same" in note for note in notes)


def test_a_mix_of_adjusted_and_raw_is_refused(tmp_path: Path) -> None:
    """Who has which is named, and the remedy works."""
    (tmp_path / "AAA.csv").write_bytes(b"Date,Close,Adj Close\n2024-01-31,5,4\n")
    (tmp_path / "BBB.csv").write_bytes(
        b'"Date","Price","Open","High","Low","Vol.","Change %"\n"01/31/2024","1,006.50","5","5","5","9K","1%"\n'
    )
    with pytest.raises(DataError, match=r"no adjusted closes of BBB.*AAA adjusted and raw.*BBB raw.*closes: raw"):
        load(tmp_path, "AAA", "BBB")
    assert load(tmp_path, "AAA", "BBB", closes="raw").closes.tolist() == [[5.0, 1006.5]]


ZONES = ("America/New_York", "UTC", "Europe/Berlin", "Asia/Tokyo", "Pacific/Auckland")


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_time_zones_do_not_move_a_day(tmp_path: Path, suffix: str) -> None:
    """The same sessions stamped at midnight in five zones, summer and winter, give the same dates and the same hash."""
    import pandas as pd

    sessions = pd.bdate_range("2023-01-02", "2024-12-30", name="Date")
    closes = np.linspace(10.0, 20.0, len(sessions))
    hashes = set()
    for zone in (None, *ZONES):
        index = sessions if zone is None else sessions.tz_localize(zone)
        path = tmp_path / f"AAA_{str(zone).replace('/', '-')}.{suffix}"
        frame = pd.DataFrame({"AAA": closes}, index=index)
        frame.to_csv(path) if suffix == "csv" else frame.to_parquet(path)
        loaded = load(path, "AAA")
        assert np.array_equal(loaded.dates, sessions.to_numpy().astype("datetime64[D]")), zone
        hashes.add(loaded.provenance.sha256)
    assert len(hashes) == 1


@pytest.mark.parametrize("zone", ["Europe/London", "Europe/Berlin", "Asia/Tokyo", "Australia/Sydney", "Asia/Kolkata"])
def test_midnights_of_another_zone_are_read_as_its_days(tmp_path: Path, zone: str) -> None:
    """Midnights east of London, written in UTC, fall on the evening before, in London in summer only."""
    import pandas as pd

    sessions = pd.bdate_range("2023-01-02", "2024-03-29", name="date")
    index = sessions.tz_localize(zone).tz_convert("UTC")
    frame = pd.DataFrame({"AAA": np.linspace(1, 2, len(index))}, index=index)
    for name in ("p.csv", "p.parquet"):
        frame.to_csv(tmp_path / name) if name.endswith("csv") else frame.to_parquet(tmp_path / name)
        loaded = load(tmp_path / name, "AAA")
        assert np.array_equal(loaded.dates, sessions.to_numpy().astype("datetime64[D]"))
        assert any("midnights of a zone further east" in note for note in loaded.provenance.notes)


@pytest.mark.parametrize("zone", ["Europe/London", "Europe/Berlin"])
def test_midnights_of_an_unnamed_zone_are_refused(tmp_path: Path, zone: str) -> None:
    """The same stamps without a zone may be anything."""
    import pandas as pd

    index = pd.bdate_range("2023-01-02", "2023-09-29", name="date", tz=zone).tz_convert("UTC").tz_localize(None)
    frame = pd.DataFrame({"AAA": np.linspace(1, 2, len(index))}, index=index)
    for name in ("p.csv", "p.parquet"):
        frame.to_csv(tmp_path / name) if name.endswith("csv") else frame.to_parquet(tmp_path / name)
        with pytest.raises(DataError, match=r"stamps .*, expected session dates; they are midnights elsewhere"):
            load(tmp_path / name, "AAA")


@pytest.mark.parametrize("kind", ["date32", "date64", "s", "ms", "us", "ns", "text"])
def test_every_type_of_date_in_parquet(tmp_path: Path, kind: str) -> None:
    """Dates, stamps of any resolution and ISO text mean the same."""
    days = np.array(["2024-01-02", "2024-01-03"], "datetime64[D]")
    types = {"date32": pa.date32(), "date64": pa.date64(), "text": pa.string()}
    column = pa.array([str(day) for day in days]) if kind == "text" else pa.array(days.astype("datetime64[s]"))
    column = column if kind == "text" else column.cast(types.get(kind, pa.timestamp(kind if len(kind) < 3 else "s")))
    name = "date"
    pq.write_table(pa.table({name: column, "AAA": [1.0, None]}), tmp_path / "p.parquet", row_group_size=1)
    loaded = load(tmp_path / "p.parquet", "AAA")
    assert loaded.dates.tolist() == [dt.date(2024, 1, 2)]  # the row without a close is dropped


@pytest.mark.parametrize("kind", ["float32", "int64", "decimal"])
def test_every_type_of_number_in_parquet(tmp_path: Path, kind: str) -> None:
    """Whole, short and decimal numbers are read; short ones are noted for their seven digits."""
    from decimal import Decimal

    column = pa.array([Decimal("5.00"), None]) if kind == "decimal" else pa.array([5, None], kind)
    dates = pa.array([dt.date(2024, 1, 2), dt.date(2024, 1, 3)])
    pq.write_table(pa.table({"date": dates, "AAA": column, "BBB": [1.0, 2.0]}), tmp_path / "p.parquet")
    loaded = load(tmp_path / "p.parquet", "AAA", "BBB")
    assert np.array_equal(loaded.closes, [[5.0, 1.0], [np.nan, 2.0]], equal_nan=True)
    assert any("seven digits" in note for note in loaded.provenance.notes) == (kind == "float32")


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("blank", ["", "\n"])
def test_line_ends_and_byte_order_marks(tmp_path: Path, ending: str, mark: str, blank: str) -> None:
    """BOM, CRLF and a blank first line change nothing."""
    text = mark + blank + ending.join(["date,AAA,Köln", "2024-01-02,1,2", "2024-01-03,,3", ""])
    (tmp_path / "p.csv").write_bytes(text.encode())
    loaded = load(tmp_path / "p.csv", "AAA", "Köln")
    assert np.array_equal(loaded.closes, [[1.0, 2.0], [np.nan, 3.0]], equal_nan=True)


def test_a_file_newest_first_is_turned(tmp_path: Path) -> None:
    """Falling throughout is an order too."""
    (tmp_path / "p.csv").write_bytes(wide("2024-01-04,3,", "2024-01-03,2,", "2024-01-02,1,"))
    assert load(tmp_path / "p.csv", "AAA").closes[:, 0].tolist() == [1.0, 2.0, 3.0]


def test_nothing_is_filled(tmp_path: Path) -> None:
    """Gaps stay gaps, rows of other tickers are dropped, and the window's end cuts."""
    (tmp_path / "p.csv").write_bytes(wide("2024-01-02,1,7", "2024-01-03,,8", "2024-01-04,nan,", "2024-01-05,4,9"))
    both = load(tmp_path / "p.csv", "BBB", "AAA")
    assert np.array_equal(both.closes, [[1, 7], [np.nan, 8], [4, 9]], equal_nan=True)
    assert load(tmp_path / "p.csv", "AAA").closes[:, 0].tolist() == [1.0, 4.0]
    cut = load(tmp_path / "p.csv", "AAA", end=dt.date(2024, 1, 4))
    assert cut.dates.tolist() == [dt.date(2024, 1, 2)]
    with pytest.raises(DataError, match="no close of AAA up to 2023-12-31"):
        load(tmp_path / "p.csv", "AAA", end=dt.date(2023, 12, 31))


def test_a_ticker_that_lists_after_the_window_is_noted(tmp_path: Path) -> None:
    """It stays as an empty column; its first close is named."""
    (tmp_path / "p.csv").write_bytes(wide("2024-01-02,1,", "2024-01-05,4,9"))
    loaded = load(tmp_path / "p.csv", "AAA", "BBB", end=dt.date(2024, 1, 3))
    assert np.isnan(loaded.closes[:, 1]).all()
    assert any(
        "BBB: no close inside the window; its first is on 2024-01-05" in note for note in loaded.provenance.notes
    )


def test_the_hash_covers_dates_tickers_and_closes(tmp_path: Path) -> None:
    """Any change of a date, a name or a close changes it; the order of the request, the file's name and type do not."""
    variants = {
        "base": wide("2024-01-02,1,7", "2024-01-03,2,8"),
        "date": wide("2024-01-02,1,7", "2024-01-04,2,8"),
        "close": wide("2024-01-02,1,7", "2024-01-03,2,8.0000001"),
        "gap": wide("2024-01-02,1,7", "2024-01-03,2,"),
        "name": wide("2024-01-02,1,7", "2024-01-03,2,8", header="date,AAA,BBC"),
    }
    hashes = {}
    for name, content in variants.items():
        (tmp_path / f"{name}.csv").write_bytes(content)
        tickers = ("AAA", "BBC" if name == "name" else "BBB")
        hashes[name] = load(tmp_path / f"{name}.csv", *tickers).provenance.sha256
        assert load(tmp_path / f"{name}.csv", *tickers[::-1]).provenance.sha256 == hashes[name]
    assert len(set(hashes.values())) == len(variants)
    columns = {"date": pa.array([dt.date(2024, 1, 2), dt.date(2024, 1, 3)]), "AAA": [1.0, 2.0], "BBB": [7.0, 8.0]}
    pq.write_table(pa.table(columns), tmp_path / "other.parquet")
    assert load(tmp_path / "other.parquet", "AAA", "BBB").provenance.sha256 == hashes["base"]


def test_closes_make_a_market(tmp_path: Path) -> None:
    """The market carries the provenance and the currency on."""
    (tmp_path / "p.csv").write_bytes(wide("2024-01-02,1,7", "2024-01-03,2,8"))
    source = Files(path=tmp_path / "p.csv", currency="EUR")
    market = source.load(PriceRequest(("BBB", "AAA"))).to_market("EUR", 0.02)
    assert market.assets == ("AAA", "BBB")
    assert market.currency == "EUR"
    assert market.provenance.sha256
    with pytest.raises(ValidationError, match="currency"):
        Files(path=tmp_path / "p.csv", currency="gbp")


def test_second_dates_as_serials_are_refused(tmp_path: Path) -> None:
    """Date.1 beside Date is another column of dates though it holds numbers: BBB has not the dates of AAA."""
    (tmp_path / "p.csv").write_text("Date,AAA,Date.1,BBB\n2024-01-02,1,45295,2\n2024-01-03,1,45294,3\n")
    with pytest.raises(DataError, match=r"found the dates Date and Date.1, expected one column"):
        load(tmp_path / "p.csv", "BBB")
