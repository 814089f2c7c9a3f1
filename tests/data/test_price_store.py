"""The price store: what is written comes back, and no damage goes unnoticed."""

from __future__ import annotations

import os
import random
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest

from engine.core.errors import DataError, OutputError
from engine.data.sources import exchange_calendar as calendar
from engine.data.sources import price_store as store
from engine.data.sources.exchange_calendar import exchange_sessions, last_closed_session
from engine.data.sources.price_store import StoredSeries
from engine.data.sources.store_files import stored_files, verify_stored

TICKERS = (
    "BRK-B",
    "brk-b",
    "BRK.B",
    "^GSPC",
    "EURUSD=X",
    "CON",
    "con",
    "NUL",
    "NO",
    "007",
    "1E5",
    "NA",
    "nan",
    "A" * 20,
)


def series(length: int = 600, level: float = 100.0) -> StoredSeries:
    """Make up a series of some length."""
    dates = np.arange(np.datetime64("2020-01-01"), np.datetime64("2020-01-01") + length)
    closes = level + np.sin(np.arange(length))
    dividends = np.where(np.arange(length) % 63 == 5, 0.25, 0.0)
    splits = np.where(np.arange(length) == 9, 2.0, 1.0)
    return StoredSeries(dates, closes, closes * 0.9, dividends, splits, "USD", dates[-1])


@pytest.mark.usefixtures("price_store")
@pytest.mark.parametrize("length", [1, 2, 600, 12_000])
def test_what_is_written_comes_back(length: int) -> None:
    """Dates, both closes, events, currency and the session it answers for, bit for bit."""
    written = series(length)
    store.write_series("yahoo", "SPY", written)
    loaded = store.read_series("yahoo", "SPY")
    assert loaded is not None
    for name in ("dates", "closes", "adjusted", "dividends", "splits"):
        assert np.array_equal(getattr(loaded, name), getattr(written, name))
        assert not getattr(loaded, name).flags.writeable
    assert (loaded.currency, loaded.through, loaded.sha256) == ("USD", written.through, written.sha256)


@pytest.mark.usefixtures("price_store")
def test_a_missing_series_is_none() -> None:
    """Nothing stored is not an error."""
    assert store.read_series("yahoo", "SPY") is None


@pytest.mark.usefixtures("price_store")
def test_the_store_is_ordinary_parquet() -> None:
    """Any Parquet reader opens a file of the store."""
    import pyarrow.parquet as pq

    store.write_series("yahoo", "SPY", series())
    assert pq.read_table(store.series_path("yahoo", "SPY")).column_names == [
        "date",
        "close",
        "adjusted",
        "dividend",
        "split",
    ]


@pytest.mark.usefixtures("price_store")
def test_every_ticker_has_a_file_of_its_own() -> None:
    """Names differ even where the file system ignores case; none is reserved, none leaves the folder."""
    names = [store.series_path("yahoo", ticker).name.lower() for ticker in (*TICKERS, "../../etc/passwd", "a/b")]
    assert len(set(names)) == len(names)
    assert all(not set(name) & set('/\\:*?"<>|^=') for name in names)
    assert not {name.split(".")[0].upper() for name in names} & {"CON", "NUL", "PRN", "AUX"}
    for level, ticker in enumerate(TICKERS, start=50):
        store.write_series("yahoo", ticker, series(20, level))
    for level, ticker in enumerate(TICKERS, start=50):
        loaded = store.read_series("yahoo", ticker)
        assert loaded is not None
        assert loaded.closes[0] == level


@pytest.mark.usefixtures("price_store")
def test_every_flipped_bit_is_detected() -> None:
    """One flipped bit at 1,000 places over the whole file: all are refused, and the file is left as it is."""
    store.write_series("yahoo", "SPY", series())
    path = store.series_path("yahoo", "SPY")
    content = path.read_bytes()
    chance = random.Random(7)
    for _ in range(1000):
        damaged = bytearray(content)
        damaged[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
        path.write_bytes(damaged)
        with pytest.raises(DataError, match=r"spy-\w+\.parquet: these stored prices are damaged.*engine data fetch"):
            store.read_series("yahoo", "SPY")
        assert path.read_bytes() == bytes(damaged)


@pytest.mark.usefixtures("price_store")
def test_every_truncation_is_detected() -> None:
    """A file cut off anywhere, an empty one and one with a tail are refused."""
    store.write_series("yahoo", "SPY", series(100))
    path = store.series_path("yahoo", "SPY")
    content = path.read_bytes()
    for damaged in [content[:cut] for cut in range(0, len(content), 37)] + [content + b"\0", b"\0" * len(content)]:
        path.write_bytes(damaged)
        with pytest.raises(DataError, match="damaged"):
            store.read_series("yahoo", "SPY")


@pytest.mark.usefixtures("price_store")
def test_another_tickers_file_is_detected() -> None:
    """A whole and undamaged file under the wrong name is refused."""
    store.write_series("yahoo", "SPY", series())
    store.series_path("yahoo", "VTI").write_bytes(store.series_path("yahoo", "SPY").read_bytes())
    with pytest.raises(DataError, match="it holds SPY of yahoo"):
        store.read_series("yahoo", "VTI")


@pytest.mark.usefixtures("price_store")
def test_a_faulty_encoder_does_not_reach_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is written is read back first; a difference leaves the old file."""
    store.write_series("yahoo", "SPY", series())
    old = store.series_path("yahoo", "SPY").read_bytes()
    encode = store.encode_series
    monkeypatch.setattr(store, "encode_series", lambda source, ticker, stored: encode(source, ticker, series(5)))
    with pytest.raises(DataError, match="does not read back"):
        store.write_series("yahoo", "SPY", series(700))
    assert store.series_path("yahoo", "SPY").read_bytes() == old


def test_a_store_that_cannot_be_written_is_named(price_store: Path) -> None:
    """The message names the file when the folder is a file."""
    price_store.write_bytes(b"")
    with pytest.raises(OutputError, match="cannot write"):
        store.write_series("yahoo", "SPY", series())


def _write_often(level: float) -> None:
    for _ in range(60):
        store.write_series("yahoo", "SPY", series(500, level))


@pytest.mark.usefixtures("price_store")
def test_two_writers_race_and_no_reading_is_torn() -> None:
    """Two processes refresh the same ticker 60 times each; every reading is one of the two series."""
    store.write_series("yahoo", "SPY", series(500, 50.0))
    context = get_context("spawn")
    writers = [context.Process(target=_write_often, args=(level,)) for level in (50.0, 80.0)]
    for writer in writers:
        writer.start()
    while any(writer.is_alive() for writer in writers):
        loaded = store.read_series("yahoo", "SPY")
        assert loaded is not None
        assert loaded.closes[0] in {50.0, 80.0}
    for writer in writers:
        writer.join()
        assert writer.exitcode == 0


@pytest.mark.usefixtures("price_store")
def test_sessions_against_an_outside_list(shared_data: Path) -> None:
    """The first session of January, 2000 to 2026 on ten exchanges, is what the exchanges' lists say."""
    import csv

    with (shared_data / "oracles" / "first_january_session.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 27
    for exchange in set(rows[0]) - {"year"}:
        sessions = exchange_sessions(exchange, np.datetime64("2000-01-01"), np.datetime64("2026-12-31"))
        for row in rows:
            first = sessions[np.searchsorted(sessions, np.datetime64(f"{row['year']}-01-01"))]
            assert str(first) == row[exchange], exchange


def test_a_warm_calendar_needs_no_library(price_store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second call reads a small file; a damaged file is made again, whichever bit it is."""
    span = ("XNYS", np.datetime64("2020-02-03"), np.datetime64("2020-12-31"))
    cold = exchange_sessions(*span)
    path = next((price_store / "calendars").iterdir())
    content = path.read_bytes()
    monkeypatch.setattr(calendar, "compute_sessions", lambda *_: pytest.fail("the library was asked"))
    assert np.array_equal(exchange_sessions(*span), cold)
    monkeypatch.undo()
    monkeypatch.setenv("PORTFOLIO_ENGINE_STORE", str(price_store))
    for at in range(0, len(content), 211):
        damaged = bytearray(content)
        damaged[at] ^= 16
        path.write_bytes(damaged)
        assert np.array_equal(exchange_sessions(*span), cold)


@pytest.mark.usefixtures("price_store")
def test_an_unknown_exchange_is_named() -> None:
    """A misspelt exchange gets a suggestion; a path in its place gets nowhere."""
    with pytest.raises(DataError, match=r"XNYX: no such calendar.*did you mean XNYS"):
        exchange_sessions("XNYX", np.datetime64("2020-01-01"), np.datetime64("2020-02-01"))
    with pytest.raises(DataError, match="market identifier code"):
        exchange_sessions("../XNYS", np.datetime64("2020-01-01"), np.datetime64("2020-02-01"))


@pytest.mark.usefixtures("price_store")
def test_an_exchange_whose_calendar_cannot_be_made_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some calendars of the library do not get along with some versions of pandas."""
    import exchange_calendars

    def fail(*_: object, **__: object) -> None:
        raise NotImplementedError("implemented by subclasses")

    monkeypatch.setattr(exchange_calendars, "get_calendar", fail)
    with pytest.raises(DataError, match=r"data\.calendar: exchange_calendars cannot serve XBSE .*; name another"):
        exchange_sessions("XBSE", np.datetime64("2020-01-01"), np.datetime64("2020-02-01"))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no archive", b"PK\x05\x06" + bytes(18)])
def test_a_calendar_file_of_another_kind_is_made_again(price_store: Path, content: bytes) -> None:
    """An empty file and archives, which a reader of arrays would open differently."""
    span = ("XNYS", np.datetime64("2020-02-03"), np.datetime64("2020-12-31"))
    cold = exchange_sessions(*span)
    next((price_store / "calendars").iterdir()).write_bytes(content)
    assert np.array_equal(exchange_sessions(*span), cold)


def test_a_store_in_a_home_that_nobody_has_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable is named, for nothing else says where the path came from."""
    monkeypatch.setenv(store.FOLDER_VARIABLE, "~nobody-here/prices")
    with pytest.raises(DataError, match=r"PORTFOLIO_ENGINE_STORE: ~nobody-here/prices: found no home folder"):
        store.store_folder()


@pytest.mark.usefixtures("price_store")
def test_a_session_is_closed_when_its_closing_time_has_passed() -> None:
    """In winter, in summer, on a half day, at a weekend and on New Year's Day."""
    import datetime as dt

    for moment, session in (
        ("2024-03-08T20:59", "2024-03-07"),
        ("2024-03-08T21:00", "2024-03-08"),
        ("2024-07-08T20:00", "2024-07-08"),
        ("2024-11-29T17:59", "2024-11-27"),
        ("2024-11-29T18:00", "2024-11-29"),
        ("2024-03-10T12:00", "2024-03-08"),
        ("2025-01-01T12:00", "2024-12-31"),
    ):
        assert str(last_closed_session("XNYS", dt.datetime.fromisoformat(moment).replace(tzinfo=dt.UTC))) == session


@pytest.mark.usefixtures("price_store")
def test_a_calendar_with_a_beginning_of_its_own() -> None:
    """Tokyo's calendar begins in 1997; earlier sessions are left out, not invented."""
    tokyo = exchange_sessions("XTKS", np.datetime64("1990-01-01"), np.datetime64("1997-12-31"))
    assert str(tokyo[0]) >= "1997-01-01"
    assert len(tokyo) > 200
    assert not len(exchange_sessions("XTKS", np.datetime64("1990-01-01"), np.datetime64("1995-12-31")))


def test_every_file_of_a_store_is_verified(price_store: Path) -> None:
    """Series, marks and calendars are counted, and each that a bit, a name or a pipe spoils is named; others' are not."""
    store.write_series("yahoo", "SPY", series())
    store.mark_absent("yahoo", "GONE", np.datetime64("2024-01-02"))
    exchange_sessions("XNYS", np.datetime64("2020-02-03"), np.datetime64("2020-12-31"))
    (price_store / "yahoo" / "notes.txt").write_text("mine")
    files = [path for _, path in stored_files(price_store)]
    assert verify_stored(stored_files(price_store)) == {"calendars": 1, "missing tickers": 1, "series": 1}
    assert verify_stored(stored_files(price_store / "yahoo")) == {"missing tickers": 1, "series": 1}
    assert stored_files(price_store / "nowhere") == stored_files(price_store.parent / "tmp") == []
    for path in files:
        content = path.read_bytes()
        path.write_bytes(content[:-9] + bytes([content[-9] ^ 1]) + content[-8:])
    os.mkfifo(pipe := price_store / "yahoo" / "pipe-0123456789ab.parquet")
    store.write_series("yahoo", "VTI", series())
    other = store.series_path("yahoo", "VTI").rename(price_store / "yahoo" / f"other-{'0' * 12}.parquet")
    with pytest.raises(DataError) as raised:
        verify_stored(stored_files(price_store))
    assert sorted(line.split(":")[0] for line in raised.value.args) == sorted(map(str, [*files, pipe, other]))
    assert not store.is_absent("yahoo", "GONE", np.datetime64("2024-01-02"))
