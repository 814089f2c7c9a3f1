"""Yahoo as a price source, against a local server: what is fetched, what is kept, and what is said when it fails."""

from __future__ import annotations

import dataclasses
import datetime as dt
import socket
from pathlib import Path

import numpy as np
import pytest
from curl_cffi.requests.exceptions import CertificateVerifyError, ConnectTimeout, DNSError, InvalidURL, ReadTimeout

from engine.core.errors import DataError, UnknownTickerError
from engine.core.waiting import WAITING, Wait
from engine.data.sources.base import PriceRequest
from engine.data.sources.exchange_calendar import exchange_sessions
from engine.data.sources.fx_yahoo import YahooRates
from engine.data.sources.price_store import is_absent, mark_absent, read_series, series_path
from engine.data.sources.yahoo import Yahoo
from engine.data.sources.yahoo_download import _unreached
from tests.support.yahoo_server import FakeYahoo, made_up, recorded, redirect

EVENING = dt.datetime(2024, 3, 8, 22, 0, tzinfo=dt.UTC)
"""Friday 8 March 2024, an hour after the close in New York."""


def days(first: str = "2023-01-03", last: str = "2024-03-08") -> np.ndarray:
    """Return the New York sessions of a span."""
    return exchange_sessions("XNYS", np.datetime64(first), np.datetime64(last))


def flat(dates: np.ndarray, level: float = 100.0, factor: float = 1.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Dates, closes that rise slowly, and the same adjusted by ``factor``."""
    closes = level * 1.0005 ** np.arange(len(dates))
    return dates, closes, closes * factor


def test_recordings(yahoo: FakeYahoo, shared_data: Path) -> None:
    """Every recorded answer gives its own closes, on the exchange's own days, in its own currency."""
    folder = shared_data / "samples" / "yahoo_chart"
    known = {
        "chart-AAPL-2020-08-31-to-2020-11-07.json": ("AAPL", "XNYS", "USD", "2020-08-31", 49),
        "historical-via-chart-MSFT-dividends-2021-02-01-to-2022-01-31.csv.json": (
            "MSFT",
            "XNYS",
            "USD",
            "2021-02-01",
            252,
        ),
        "historical-via-chart-NVDA-split-2021-02-01-to-2022-01-31.csv.json": ("NVDA", "XNYS", "USD", "2021-02-01", 252),
        "chart-EPAC-2020-01-01-to-2020-01-03.json": ("EPAC", "XNYS", "USD", "2020-01-02", 1),
        "chart-QQQ-2020-01-01-to-2020-01-03.json": ("QQQ", "XNYS", "USD", "2020-01-02", 1),
        "chart-WSU.DE-2023-08-04-to-2023-08-09.json": ("WSU.DE", "XETR", "EUR", "2023-08-04", 3),
        "chart-EURUSD=X-2020-01-01-to-2020-01-03.json": ("EURUSD=X", "XNYS", "USD", "2020-01-02", 2),
        "chart-0P000071W8.TO-2020-01-01-to-2020-01-03.json": ("0P000071W8.TO", "XTSE", "CAD", "2020-01-02", 1),
        "pp_response_yahoo_historical02.json": ("MUV2.DE", "XETR", "EUR", None, None),
    }
    for name, (ticker, exchange, currency, first, count) in known.items():
        chart = yahoo.charts[ticker] = recorded(folder / name)
        closes = Yahoo().load(PriceRequest((ticker,), exchange=exchange), now=dt.datetime(2025, 11, 8, tzinfo=dt.UTC))
        adjusted = np.array(chart["indicators"]["adjclose"][0]["adjclose"], dtype=np.float64)
        assert closes.currencies == (currency,)
        assert np.isin(closes.closes, adjusted).all()
        if count:
            assert len(closes.dates) == count, name
            assert str(closes.dates[0]) == first


def test_an_incomplete_answer_is_refused(yahoo: FakeYahoo, shared_data: Path) -> None:
    """An answer that lacks a field yfinance needs ends as one line that names the field."""
    yahoo.charts["MUV2.DE"] = recorded(shared_data / "samples/yahoo_chart/pp_response_yahoo_historical01.json")
    with pytest.raises(DataError, match=r"MUV2.DE: .*understood .*volume"):
        Yahoo().load(PriceRequest(("MUV2.DE",), exchange="XETR"), now=dt.datetime(2020, 11, 8, tzinfo=dt.UTC))


def test_a_covered_window_needs_no_network(yahoo: FakeYahoo) -> None:
    """Once stored, the same window is read without a single request, and gives the same hash."""
    yahoo.charts["SPY"] = made_up("SPY", *flat(days()))
    first = Yahoo().load(PriceRequest(("SPY",)), now=EVENING)
    yahoo.requests.clear()
    again = Yahoo().load(PriceRequest(("SPY",), end=dt.date(2024, 3, 8)), now=EVENING + dt.timedelta(days=300))
    assert yahoo.requests == []
    assert again.provenance.sha256 == first.provenance.sha256
    assert any("local price store" in note for note in again.provenance.notes)


def test_adjusted_closes_are_used(yahoo: FakeYahoo) -> None:
    """The run sees total returns: closes adjusted for dividends, declared as adjusted."""
    dates, closes, adjusted = flat(days(), factor=0.9)
    yahoo.charts["KO"] = made_up("KO", dates, closes, adjusted)
    loaded = Yahoo().load(PriceRequest(("KO",)), now=EVENING)
    assert np.array_equal(loaded.closes[:, 0], adjusted)
    assert loaded.provenance.closes == "adjusted"
    stored = read_series("yahoo", "KO")
    assert stored is not None
    assert np.array_equal(stored.closes, closes)


def test_a_refresh_fetches_only_the_tail(yahoo: FakeYahoo) -> None:
    """New sessions are appended after the overlap has been compared."""
    dates, closes, adjusted = flat(days())
    yahoo.charts["SPY"] = made_up("SPY", dates[:-5], closes[:-5], adjusted[:-5])
    Yahoo().load(PriceRequest(("SPY",), end=dates[-6].item()), now=EVENING - dt.timedelta(days=7))
    yahoo.requests.clear()
    yahoo.charts["SPY"] = made_up("SPY", dates, closes, adjusted)
    loaded = Yahoo().load(PriceRequest(("SPY",)), now=EVENING)
    assert yahoo.requests == ["SPY"]
    assert np.array_equal(loaded.closes[:, 0], adjusted)
    assert not any("rewrote" in note for note in loaded.provenance.notes)


def test_a_rewritten_history_is_fetched_anew_and_reported(yahoo: FakeYahoo) -> None:
    """A dividend rewrites every adjusted close before it: ticker, first date and ratio are named."""
    dates, closes, adjusted = flat(days())
    yahoo.charts["KO"] = made_up("KO", dates[:-5], closes[:-5], adjusted[:-5])
    Yahoo().fetch(PriceRequest(("KO",)), now=EVENING - dt.timedelta(days=7))
    paid = adjusted * np.where(dates < dates[-3], 0.98, 1.0)
    yahoo.charts["KO"] = made_up("KO", dates, closes, paid)
    loaded = Yahoo().load(PriceRequest(("KO",)), now=EVENING)
    assert np.array_equal(loaded.closes[:, 0], paid)
    note = next(note for note in loaded.provenance.notes if "rewrote" in note)
    assert note.startswith("KO: ")
    assert str(dates[0]) in note
    assert "0.980000" in note


def test_a_split_is_noticed_like_a_dividend(yahoo: FakeYahoo) -> None:
    """After a 2:1 split the stored half would be twice the fetched one; the series is replaced as a whole."""
    dates, closes, adjusted = flat(days())
    yahoo.charts["NVDA"] = made_up("NVDA", dates[:-5], closes[:-5], adjusted[:-5])
    Yahoo().fetch(PriceRequest(("NVDA",)), now=EVENING - dt.timedelta(days=7))
    yahoo.charts["NVDA"] = made_up("NVDA", dates, closes / 2, adjusted / 2)
    report = Yahoo().fetch(PriceRequest(("NVDA",)), now=EVENING)
    assert any("0.500000" in note for note in report.notes)
    stored = read_series("yahoo", "NVDA")
    assert stored is not None
    assert np.abs(np.diff(stored.adjusted) / stored.adjusted[:-1]).max() < 0.01


def test_vanished_days_are_reported(yahoo: FakeYahoo) -> None:
    """A day that Yahoo drops from the overlap leads to a whole new series and a note."""
    dates, closes, adjusted = flat(days())
    yahoo.charts["KO"] = made_up("KO", dates[:-5], closes[:-5], adjusted[:-5])
    Yahoo().fetch(PriceRequest(("KO",)), now=EVENING - dt.timedelta(days=7))
    kept = np.arange(len(dates)) != len(dates) - 8
    yahoo.charts["KO"] = made_up("KO", dates[kept], closes[kept], adjusted[kept])
    report = Yahoo().fetch(PriceRequest(("KO",)), now=EVENING)
    assert any("1 dates are gone" in note and str(dates[-8]) in note for note in report.notes)


def test_a_price_during_the_session_is_not_a_close(yahoo: FakeYahoo) -> None:
    """At noon the running session's row is left out and named; after the close it is there."""
    yahoo.charts["SPY"] = made_up("SPY", *flat(days()))
    noon = Yahoo().load(PriceRequest(("SPY",)), now=EVENING.replace(hour=17))
    assert str(noon.dates[-1]) == "2024-03-07"
    assert any("2024-03-08" in note and "not closed" in note for note in noon.provenance.notes)
    assert str(Yahoo().load(PriceRequest(("SPY",)), now=EVENING).dates[-1]) == "2024-03-08"


@pytest.mark.parametrize("fault", ["empty last row", "missing last row", "tomorrow's row"])
def test_the_last_row_may_be_wrong(yahoo: FakeYahoo, fault: str) -> None:
    """An empty or missing last row ends the series a day early and is asked for again; tomorrow's row is left out."""
    dates, closes, adjusted = flat(days(last="2024-03-11"))
    today = len(dates) - 1
    if fault == "empty last row":
        closes, adjusted = closes.copy(), adjusted.copy()
        closes[today - 1] = adjusted[today - 1] = np.nan
    rows = {"empty last row": today, "missing last row": today - 1, "tomorrow's row": today + 1}[fault]
    yahoo.charts["SPY"] = made_up("SPY", dates[:rows], closes[:rows], adjusted[:rows])
    loaded = Yahoo().load(PriceRequest(("SPY",)), now=EVENING)
    expected = "2024-03-08" if fault == "tomorrow's row" else "2024-03-07"
    assert str(loaded.dates[-1]) == expected
    yahoo.requests.clear()
    Yahoo().load(PriceRequest(("SPY",)), now=EVENING)
    assert bool(yahoo.requests) == (fault != "tomorrow's row")


def test_what_trades_on_seven_days_keeps_them(yahoo: FakeYahoo) -> None:
    """A coin's Saturdays and Sundays are closes like others; the frequency of its column depends on them."""
    every = np.arange(np.datetime64("2023-12-01"), np.datetime64("2024-03-09"))
    yahoo.charts["BTC-USD"] = made_up("BTC-USD", *flat(every))
    loaded = Yahoo().load(PriceRequest(("BTC-USD",)), now=EVENING)
    assert np.array_equal(loaded.dates, every)


def test_rows_that_are_no_sessions_are_left_out_and_counted(yahoo: FakeYahoo) -> None:
    """A currency pair has prices on New Year's Day; the exchange has no session then."""
    every = np.arange(np.datetime64("2023-12-25"), np.datetime64("2024-01-06"))
    every = every[np.is_busday(every)]
    yahoo.charts["EURUSD=X"] = made_up("EURUSD=X", *flat(every))
    loaded = Yahoo().load(PriceRequest(("EURUSD=X",), end=dt.date(2024, 1, 5)), now=EVENING)
    assert np.array_equal(loaded.dates, days("2023-12-25", "2024-01-05"))
    assert any("no sessions of XNYS, the first 2023-12-25" in note for note in loaded.provenance.notes)


def test_a_pair_s_closes_are_rates_on_holidays_too(yahoo: FakeYahoo) -> None:
    """`data.fx: {kind: yahoo}` takes the pair of a day on which New York is closed; an unknown pair is named."""
    every = np.arange("2023-12-25", "2024-01-06", dtype="datetime64[D]")
    every = every[np.is_busday(every)]
    dates, closes, adjusted = flat(every, 1.25)
    yahoo.charts["EURUSD=X"] = made_up("EURUSD=X", dates, closes, adjusted)
    found = YahooRates().fixings("EUR", "USD", dt.date(2024, 1, 5))
    assert np.array_equal(found.dates, every)
    np.testing.assert_allclose(found.rates, closes, rtol=1e-12)
    with pytest.raises(DataError, match=r"data\.fx: CHFUSD=X"):
        YahooRates().fixings("CHF", "USD", dt.date(2024, 1, 5))


def test_an_ended_series_is_not_asked_for_again(yahoo: FakeYahoo) -> None:
    """A ticker whose last close lies weeks back counts as ended; the store then answers for today."""
    yahoo.charts["GONE"] = made_up("GONE", *flat(days(last="2024-01-12")))
    Yahoo().load(PriceRequest(("GONE",)), now=EVENING)
    yahoo.requests.clear()
    loaded = Yahoo().load(PriceRequest(("GONE",)), now=EVENING)
    assert yahoo.requests == []
    assert str(loaded.dates[-1]) == "2024-01-12"


def test_an_unknown_ticker_is_named_and_the_others_are_stored(yahoo: FakeYahoo) -> None:
    """One failure does not lose what was fetched beside it."""
    yahoo.charts["AAA"] = made_up("AAA", *flat(days()))
    yahoo.charts["ZZZ"] = made_up("ZZZ", *flat(days()))
    with pytest.raises(DataError, match="MISSPELT: Yahoo has no prices of it"):
        Yahoo().load(PriceRequest(("AAA", "MISSPELT", "ZZZ")), now=EVENING)
    assert read_series("yahoo", "AAA") is not None
    assert read_series("yahoo", "ZZZ") is not None


def test_fetch_reports(yahoo: FakeYahoo, monkeypatch: pytest.MonkeyPatch) -> None:
    """``fetch`` says what was fetched, covered and failed, and tells what it waits for."""
    yahoo.charts["AAA"] = made_up("AAA", *flat(days()))
    seen: list[tuple[str, int, int] | None] = []

    def listen(wait: Wait | None) -> None:
        seen.append(wait and (wait.what, wait.done, wait.total))

    monkeypatch.setattr(WAITING, "listener", listen)
    report = Yahoo().fetch(PriceRequest(("AAA", "NONE")), now=EVENING)
    assert (report.fetched, report.covered, [ticker for ticker, _ in report.failed]) == (("AAA",), (), ["NONE"])
    assert list(dict.fromkeys(seen)) == [("AAA from Yahoo", 0, 2), ("NONE from Yahoo", 1, 2), None]
    assert Yahoo().fetch(PriceRequest(("AAA",)), now=EVENING).covered == ("AAA",)


def test_names_of_a_list_that_are_gone_are_asked_for_once(yahoo: FakeYahoo, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a network a run still has what the store covers; a name that is needed, or not gone, is asked for anew."""
    yahoo.charts["AAA"] = made_up("AAA", *flat(days()))
    request = PriceRequest(("AAA", "GONE"), end=dt.date(2024, 3, 1), optional=frozenset({"GONE"}))
    for wanted in (request, request):
        with pytest.raises(UnknownTickerError) as caught:
            Yahoo().load(wanted, now=EVENING)
        assert tuple(caught.value.tickers) == ("GONE",)
        monkeypatch.setattr("engine.data.sources.yahoo._refresh_store", refuse)
    assert "had no prices of it when last asked" in str(caught.value)
    with pytest.raises(LookupError, match="GONE"):
        Yahoo().load(dataclasses.replace(request, optional=frozenset()), now=EVENING)
    assert Yahoo().load(PriceRequest(("AAA",), end=dt.date(2024, 3, 1)), now=EVENING).tickers == ("AAA",)


def test_a_name_that_came_back_is_no_longer_gone(yahoo: FakeYahoo) -> None:
    """What is fetched takes the mark away; a mark that nobody can read is none."""
    mark_absent("yahoo", "AAA", np.datetime64("2024-03-01"))
    assert is_absent("yahoo", "AAA", np.datetime64("2024-03-01"))
    assert not is_absent("yahoo", "AAA", np.datetime64("2024-03-02"))
    series_path("yahoo", "AAA").with_suffix(".absent").write_text("x")
    assert not is_absent("yahoo", "AAA", np.datetime64("2024-03-01"))
    yahoo.charts["AAA"] = made_up("AAA", *flat(days()))
    assert Yahoo().fetch(PriceRequest(("AAA",)), now=EVENING).fetched == ("AAA",)
    assert not series_path("yahoo", "AAA").with_suffix(".absent").exists()


def refuse(tickers: list[str], *_: object) -> None:
    raise LookupError(", ".join(tickers))


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (429, None, "refuses more requests"),
        (500, b"<html>", r"error \(HTTP 500\)"),
        (None, b"not json", "cannot be reached or"),
    ],
)
def test_a_failing_server_is_explained(yahoo: FakeYahoo, status: int | None, body: bytes | None, expected: str) -> None:
    """Refusals, errors and garbage end as one line that names the ticker and what to do."""
    yahoo.charts["SPY"] = made_up("SPY", *flat(days()))
    if status:
        yahoo.status["SPY"] = status
    if body:
        yahoo.body["SPY"] = body
    with pytest.raises(DataError, match=f"SPY: .*{expected}.*engine data fetch") as caught:
        Yahoo().load(PriceRequest(("SPY",)), now=EVENING)
    assert "\n" not in str(caught.value)


def test_without_a_network(yahoo: FakeYahoo, monkeypatch: pytest.MonkeyPatch) -> None:
    """The store carries a run whose window it covers; a later window names what is missing and how to go on."""
    yahoo.charts["SPY"] = made_up("SPY", *flat(days()))
    Yahoo().load(PriceRequest(("SPY",)), now=EVENING)
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        redirect(f"http://127.0.0.1:{closed.getsockname()[1]}", monkeypatch)
    later = EVENING + dt.timedelta(days=30)
    covered = Yahoo().load(PriceRequest(("SPY",), end=dt.date(2024, 3, 8)), now=later)
    assert str(covered.dates[-1]) == "2024-03-08"
    with pytest.raises(
        DataError, match=r"SPY: .*store holds it through 2024-03-08, closes up to 2024-04-05 are needed"
    ) as caught:
        Yahoo().load(PriceRequest(("SPY",)), now=later)
    assert str(caught.value) == (
        "SPY: Yahoo cannot be reached (no connection); the store holds it through 2024-03-08, closes up to 2024-04-05 are "
        "needed: connect and run `engine data fetch`, or end the run earlier with `--set window.end=2024-02-22`"
    )
    assert Yahoo().fetch(PriceRequest(("SPY",)), now=later).failed == (
        ("SPY", "Yahoo cannot be reached (no connection); connect and try again"),
    )


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (DNSError("curl: (6) Could not resolve host. See https://curl.se/ first"), "its address is not found"),
        (CertificateVerifyError("curl: (60)"), "no secure connection"),
        (ConnectTimeout("curl: (28)"), "no connection"),
        (ReadTimeout("curl: (28)"), "no answer in time"),
        (InvalidURL("curl: (3)"), ""),
        (ConnectionError("another library's"), ""),
    ],
)
def test_what_kept_a_request_from_an_answer_is_said_in_few_words(error: Exception, words: str) -> None:
    assert _unreached(error) == words


def test_a_damaged_store_is_only_replaced_by_fetch(yahoo: FakeYahoo) -> None:
    """A run refuses a damaged file and leaves it; ``engine data fetch`` gets the series again and says so."""
    yahoo.charts["SPY"] = made_up("SPY", *flat(days()))
    Yahoo().load(PriceRequest(("SPY",)), now=EVENING)
    path = series_path("yahoo", "SPY")
    damaged = bytearray(path.read_bytes())
    damaged[100] ^= 4
    path.write_bytes(damaged)
    with pytest.raises(DataError, match=r"prices are damaged.*engine data fetch"):
        Yahoo().load(PriceRequest(("SPY",)), now=EVENING)
    assert path.read_bytes() == bytes(damaged)
    report = Yahoo().fetch(PriceRequest(("SPY",)), now=EVENING)
    assert report.fetched == ("SPY",)
    assert any("damaged" in note for note in report.notes)
    assert read_series("yahoo", "SPY") is not None


def test_each_ticker_is_in_its_own_currency(yahoo: FakeYahoo) -> None:
    """Pence, euros and dollars stand side by side as Yahoo quotes them; the account converts them."""
    for ticker, currency in (("SPY", "USD"), ("VOD.L", "GBp"), ("WSU.DE", "EUR")):
        yahoo.charts[ticker] = made_up(ticker, *flat(days()), currency=currency)
    loaded = Yahoo().load(PriceRequest(("SPY", "VOD.L", "WSU.DE")), now=EVENING)
    assert loaded.currencies == ("USD", "GBp", "EUR")
    assert loaded.closes[0].tolist() == pytest.approx([100.0, 100.0, 100.0])


def test_only_requested_tickers_and_no_later_rows(yahoo: FakeYahoo) -> None:
    """Rows before the window are kept for lookbacks, rows after it are cut, other tickers are absent."""
    for ticker in ("AAA", "BBB"):
        yahoo.charts[ticker] = made_up(ticker, *flat(days()))
    Yahoo().fetch(PriceRequest(("AAA", "BBB")), now=EVENING)
    request = PriceRequest(("BBB",), start=dt.date(2024, 1, 2), end=dt.date(2024, 2, 1))
    loaded = Yahoo().load(request, now=EVENING)
    assert loaded.tickers == ("BBB",)
    assert (str(loaded.dates[0]), str(loaded.dates[-1])) == ("2023-01-03", "2024-02-01")
