"""What Yahoo sends is stored as it was traded and paid; what cannot be true, or is of another paper, never is."""

from __future__ import annotations

import datetime as dt
import gzip
from pathlib import Path

import numpy as np
import pytest

from engine.core.errors import DataError
from engine.data.events import apply_events, require_dividends
from engine.data.sources import price_store, yahoo_session
from engine.data.sources.base import PriceRequest
from engine.data.sources.price_store import StoredSeries, read_series, series_path
from engine.data.sources.yahoo import Yahoo
from tests.support.yahoo_server import Chart, FakeYahoo, event, made_up

EVENING = dt.datetime(2024, 3, 8, 22, 0, tzinfo=dt.UTC)
DAYS = np.arange(np.datetime64("2023-12-01"), np.datetime64("2024-03-09"))
SESSIONS = DAYS[np.is_busday(DAYS, holidays=["2023-12-25", "2024-01-01", "2024-01-15", "2024-02-19"])]
"""New York's; made here, as its calendar would be kept in the user's store."""
CLOSES = 100 + np.arange(len(SESSIONS)) / 8


def chart(closes: np.ndarray = CLOSES, adjusted: np.ndarray | None = None, **said: object) -> Chart:
    """Return a chart of AAA with these closes; ``said`` goes into it, or into its meta."""
    made = made_up("AAA", SESSIONS[: len(closes)], closes, closes if adjusted is None else adjusted)
    return {**made, **{key: one for key, one in said.items() if key in made}, "meta": {**made["meta"], **said}}


def fetch(yahoo: FakeYahoo, answer: Chart, *, refresh: bool = False) -> tuple[StoredSeries, tuple[str, ...]]:
    """Fetch AAA; return what is in the store then, and the notes."""
    yahoo.charts["AAA"] = answer
    report = Yahoo().fetch(PriceRequest(("AAA",)), refresh=refresh, now=EVENING)
    assert not report.failed
    stored = read_series("yahoo", "AAA")
    assert stored is not None
    return stored, report.notes


def refusal(yahoo: FakeYahoo, answer: Chart) -> str:
    """Fetch AAA, which must fail and leave the store as it was; return the reason."""
    path = series_path("yahoo", "AAA")
    before = path.read_bytes() if path.exists() else b""
    yahoo.charts["AAA"] = answer
    report = Yahoo().fetch(PriceRequest(("AAA",)), refresh=True, now=EVENING)
    assert (path.read_bytes() if path.exists() else b"") == before
    ((ticker, reason),) = report.failed
    assert ticker == "AAA"
    assert "\n" not in reason
    return reason


def test_closes_and_dividends_are_stored_as_they_were_traded_and_paid(yahoo: FakeYahoo) -> None:
    """Of 2:1 and 3:2 splits, closes before both are tripled, between them half as much again; dividends likewise."""
    splits = event(SESSIONS[20], numerator=2, denominator=1, splitRatio="2:1")
    splits |= event(SESSIONS[40], numerator=3, denominator=2, splitRatio="3:2")
    dividends = event(SESSIONS[10], amount=0.25) | event(SESSIONS[30], amount=0.25) | event(SESSIONS[40], amount=0.25)
    stored, _ = fetch(yahoo, chart(events={"splits": splits, "dividends": dividends}))
    rows = np.arange(len(SESSIONS))
    factor = np.select([rows < 20, rows < 40], [3.0, 1.5], 1.0)
    assert np.array_equal(stored.closes, CLOSES * factor)
    assert np.array_equal(stored.adjusted, CLOSES)
    assert {int(at): stored.dividends[at] for at in np.flatnonzero(stored.dividends)} == {10: 0.75, 30: 0.375, 40: 0.25}
    assert {int(at): stored.splits[at] for at in np.flatnonzero(stored.splits != 1)} == {20: 2.0, 40: 1.5}


def test_an_event_on_a_day_without_a_close_moves_to_the_next(yahoo: FakeYahoo) -> None:
    """A dividend and a split of a day that Yahoo left empty are not lost."""
    closes = CLOSES.copy()
    closes[20] = np.nan
    said = {
        "splits": event(SESSIONS[20], numerator=2, denominator=1, splitRatio="2:1"),
        "dividends": event(SESSIONS[20], amount=0.5),
    }
    stored, _ = fetch(yahoo, chart(closes, events=said))
    at = int(np.flatnonzero(stored.splits == 2)[0])
    assert stored.dates[at] == SESSIONS[21]
    assert stored.dividends[at] == 0.5
    assert np.array_equal(stored.closes[:20], CLOSES[:20] * 2)


@pytest.mark.parametrize(("dividend", "fall", "paid"), [(0.5, 2.5, 2.5), (2.5, 2.5, 2.5), (2.5, 4.5, 4.5)])
def test_capital_gains_count_once(yahoo: FakeYahoo, dividend: float, fall: float, paid: float) -> None:
    """A fund's capital gains of 2 are added to its dividends, unless Yahoo has done so: the fall of the close tells."""
    closes = CLOSES - np.where(np.arange(len(CLOSES)) >= 15, fall, 0.0)
    said = {"dividends": event(SESSIONS[15], amount=dividend), "capitalGains": event(SESSIONS[15], amount=2.0)}
    stored, notes = fetch(yahoo, chart(closes, events=said, instrumentType="ETF"))
    assert stored.dividends[15] == paid
    assert any("capital gains" in note for note in notes)


def test_dividends_of_another_currency(yahoo: FakeYahoo) -> None:
    """Pounds become pence beside closes in pence; dollars beside them are refused."""
    said = {"dividends": event(SESSIONS[15], amount=0.02, currency="GBP")}
    stored, _ = fetch(yahoo, chart(events=said, currency="GBp"))
    assert (stored.dividends[15], stored.currency) == (2.0, "GBp")
    said = {"dividends": event(SESSIONS[15], amount=0.02, currency="USD")}
    assert "dividends in USD and closes in GBp" in refusal(yahoo, chart(events=said, currency="GBp"))


def test_the_answer_for_another_ticker_is_refused(yahoo: FakeYahoo) -> None:
    """The figures of another company look right and are the worst of all."""
    assert "answered for ZZZZ" in refusal(yahoo, chart(symbol="ZZZZ"))
    assert "answered for nobody" in refusal(yahoo, chart(symbol=None))


def test_a_pair_of_currencies_may_answer_by_its_short_name(yahoo: FakeYahoo) -> None:
    """Yahoo calls the yen for a dollar JPY=X and USDJPY=X; another pair is another."""
    yahoo.charts["USDJPY=X"] = {**chart(), "meta": {**chart()["meta"], "symbol": "JPY=X"}}
    yahoo.charts["USDCHF=X"] = {**chart(), "meta": {**chart()["meta"], "symbol": "JPY=X"}}
    report = Yahoo().fetch(PriceRequest(("USDJPY=X", "USDCHF=X")), now=EVENING)
    assert report.fetched == ("USDJPY=X",)
    assert "answered for JPY=X" in report.failed[0][1]


def test_monthly_closes_are_refused(yahoo: FakeYahoo) -> None:
    """Yahoo answers with months where it finds a span too long."""
    assert "one close for each 1mo" in refusal(yahoo, chart(dataGranularity="1mo"))


@pytest.mark.parametrize("wrong", [0.0, -1.0, np.inf, 1e300, 1e-9])
@pytest.mark.parametrize("column", ["close", "adjusted"])
def test_a_close_that_is_none_is_refused(yahoo: FakeYahoo, wrong: float, column: str) -> None:
    """One such figure, and the stored history stays as it was; the day and the figure are named."""
    before, _ = fetch(yahoo, chart())
    broken = CLOSES.copy()
    broken[30] = wrong
    answer = chart(broken, CLOSES) if column == "close" else chart(CLOSES, broken)
    if column == "adjusted" and wrong in {1e300, 1e-9}:
        return  # closes adjusted over many reverse splits do get that large, and small
    assert str(SESSIONS[30]) in refusal(yahoo, answer)
    kept = read_series("yahoo", "AAA")
    assert kept is not None
    assert kept.sha256 == before.sha256


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("dividends", {"amount": -0.5}),
        ("dividends", {"amount": 500.0}),
        ("dividends", {"amount": []}),
        ("splits", {"numerator": 1, "denominator": 0, "splitRatio": "1:0"}),
        ("splits", {"numerator": -2, "denominator": 1, "splitRatio": "-2:1"}),
        ("splits", {"numerator": 1e9, "denominator": 1, "splitRatio": "1000000000:1"}),
    ],
)
def test_an_event_that_is_none_is_refused(yahoo: FakeYahoo, kind: str, said: dict[str, object]) -> None:
    """Negative dividends, ones above the close, ones that are no number, and splits into nothing."""
    reason = refusal(yahoo, chart(events={kind: event(SESSIONS[30], **said)}))
    assert "name another source" in reason or "understood" in reason


def test_an_answer_that_unfolds_without_end_is_cut_off(yahoo: FakeYahoo, monkeypatch: pytest.MonkeyPatch) -> None:
    """64 kB of gzip that hold 64 MB, and as many as they are."""
    whole = b" " * (64 * 1024**2)
    for body, encoding in ((gzip.compress(whole), "gzip"), (whole, "")):
        yahoo.charts["AAA"] = chart()
        yahoo.body["AAA"], yahoo.encoding = body, encoding
        report = Yahoo().fetch(PriceRequest(("AAA",)), now=EVENING)
        assert report.failed == (("AAA", "Yahoo's answer has more than 8 MB, no history does; try again later"),)
    del yahoo.body["AAA"]
    assert fetch(yahoo, chart())[0].closes[0] == 100


def test_an_answer_may_not_take_for_ever(yahoo: FakeYahoo, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that sends a byte now and then is left after the ticker's time; the next ticker has its own."""
    yahoo.charts["AAA"] = chart()
    yahoo.slow = 0.1
    with monkeypatch.context() as short:
        short.setattr(yahoo_session, "MAX_SECONDS", 0.4)
        report = Yahoo().fetch(PriceRequest(("AAA",)), now=EVENING)
    assert "did not answer within" in report.failed[0][1] or "cannot be reached" in report.failed[0][1]
    yahoo.slow = 0.0
    assert fetch(yahoo, chart())[0].closes[0] == 100


def test_requests_of_one_ticker_share_its_time(yahoo: FakeYahoo, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the time is up nothing more is asked for, however short each request before was."""
    session = yahoo_session.LimitedSession()
    monkeypatch.setattr(yahoo_session, "MAX_SECONDS", 0.0)
    session.restart()
    with pytest.raises(DataError, match="Yahoo did not answer within 0 seconds"):
        session.get("https://query2.finance.yahoo.com/v8/finance/chart/AAA?period1=0")
    assert yahoo.requests == []


def test_refresh_reads_everything_again(yahoo: FakeYahoo) -> None:
    """What was corrected long ago is found by ``--refresh`` alone; it replaces what is stored, and is said."""
    wrong = CLOSES.copy()
    wrong[5] *= 1.5
    fetch(yahoo, chart(wrong))
    stored, notes = fetch(yahoo, chart())
    assert (stored.closes[5], notes) == (wrong[5], ())
    stored, notes = fetch(yahoo, chart(), refresh=True)
    assert stored.closes[5] == CLOSES[5]
    assert any(str(SESSIONS[5]) in note and "0.666667" in note for note in notes)


def test_an_answer_cut_short_does_not_replace_a_history(yahoo: FakeYahoo) -> None:
    """Half the sessions are not taken for all of them, unless ``--refresh`` says so."""
    fetch(yahoo, chart(CLOSES[:-1]))
    half = made_up("AAA", SESSIONS[30:], CLOSES[30:], CLOSES[30:] * 0.9)
    yahoo.charts["AAA"] = half
    report = Yahoo().fetch(PriceRequest(("AAA",)), now=EVENING)
    assert f"lacks 30 of the {len(SESSIONS) - 1} stored sessions, the first is {SESSIONS[0]}" in report.failed[0][1]
    stored, notes = fetch(yahoo, half, refresh=True)
    assert stored.dates[0] == SESSIONS[30]
    assert any("30 dates are gone" in note for note in notes)


def test_a_file_of_an_earlier_version_is_fetched_anew(yahoo: FakeYahoo, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first version of the store had no events: such a file counts as none, and is replaced."""
    with monkeypatch.context() as earlier:
        earlier.setattr(price_store, "_VERSION", "1")
        fetch(yahoo, chart(CLOSES * 2))
    assert read_series("yahoo", "AAA") is None
    yahoo.charts["AAA"] = chart()
    loaded = Yahoo().load(PriceRequest(("AAA",)), now=EVENING)
    assert np.array_equal(loaded.closes[:, 0], CLOSES)


def test_a_run_sees_adjusted_closes_beside_those_as_traded(yahoo: FakeYahoo) -> None:
    """Total returns stay Yahoo's own; dividends per share and the shares of each day stand beside them."""
    said = {
        "splits": event(SESSIONS[20], numerator=2, denominator=1, splitRatio="2:1"),
        "dividends": event(SESSIONS[40], amount=1.0),
    }
    adjusted = CLOSES * np.where(np.arange(len(CLOSES)) < 40, 1 - 1.0 / CLOSES[39], 1.0)
    yahoo.charts["AAA"] = chart(CLOSES, adjusted, events=said)
    loaded = Yahoo().load(PriceRequest(("AAA",)), now=EVENING)
    assert loaded.provenance.closes == "adjusted"
    assert loaded.traded is not None
    assert loaded.splits is not None
    assert loaded.dividends is not None
    assert np.array_equal(loaded.closes[:, 0], adjusted)
    assert np.array_equal(loaded.traded[:, 0], CLOSES * np.where(np.arange(len(CLOSES)) < 20, 2.0, 1.0))
    assert (loaded.splits[20, 0], loaded.dividends[40, 0]) == (2.0, 1.0)
    assert not any("differ" in note for note in loaded.provenance.notes)


def test_adjusted_closes_that_the_events_do_not_make_are_said(yahoo: FakeYahoo) -> None:
    """A dividend that Yahoo adjusted for and does not state: the day and the size of it stand in the notes."""
    adjusted = CLOSES * np.where(np.arange(len(CLOSES)) < 40, 0.97, 1.0)
    yahoo.charts["AAA"] = chart(CLOSES, adjusted)
    notes = Yahoo().load(PriceRequest(("AAA",)), now=EVENING).provenance.notes
    assert any(note.startswith("AAA: ") and f"on 1 days, the most on {SESSIONS[40]} by 3.09%" in note for note in notes)


@pytest.mark.parametrize("amount", [1.0, 0.0])
def test_dividends_can_be_paid_out(yahoo: FakeYahoo, amount: float) -> None:
    """With ``data.dividends: cash`` closes are those as traded in today's shares, also where nothing was ever paid."""
    said = {"splits": event(SESSIONS[20], numerator=2, denominator=1, splitRatio="2:1")}
    if amount:
        said["dividends"] = event(SESSIONS[10], amount=amount)
    yahoo.charts["AAA"] = chart(CLOSES, CLOSES * 0.9, events=said)
    loaded = Yahoo().load(PriceRequest(("AAA",)), now=EVENING)
    require_dividends(loaded, "cash")
    market = apply_events(loaded, "cash").to_market("USD")
    assert np.array_equal(market.prices[:, 0], CLOSES)
    assert (0.0 if market.dividends is None else market.dividends[10, 0]) == amount
    assert market.shares is not None
    assert market.shares[[19, 20], 0].tolist() == [0.5, 1.0]


def test_the_verb_refreshes(
    yahoo: FakeYahoo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """``engine data fetch --refresh`` replaces a covered history that was corrected, and prints what changed."""
    from engine import cli

    plan = tmp_path / "plan.yaml"
    weights = "strategy: {kind: buy_and_hold, weights: {AAA: 100%}}"
    plan.write_text(f"name: refreshed\ndata: {{source: {{kind: yahoo}}}}\n{weights}\n", encoding="utf-8")
    said = []
    for factor, options in ((2.0, []), (1.0, []), (1.0, ["--refresh"])):
        yahoo.charts["AAA"] = chart(CLOSES * np.where(np.arange(len(CLOSES)) == 5, factor, 1.0))
        monkeypatch.setattr("sys.argv", ["engine", "data", "fetch", str(plan), *options])
        assert cli.main() == 0
        said.append(" ".join(capsys.readouterr().out.split()))
    assert said[0].startswith("1 fetched, 0 up to date")
    assert said[1].startswith("0 fetched, 1 up to date")
    assert f"on 1 dates, first {SESSIONS[5]}: new / old = 0.500000" in said[2]
