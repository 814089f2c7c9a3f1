"""A price server that breaks every rule: one line, no memory, no waiting without end, and the store as it was."""

from __future__ import annotations

import datetime as dt
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from engine.core.waiting import WAITING, Wait
from engine.data.sources import yahoo_session
from engine.data.sources.base import PriceRequest
from engine.data.sources.price_store import is_absent, read_series, series_path
from engine.data.sources.yahoo import Yahoo
from engine.report.data_terminal import print_fetch
from engine.report.waiting_line import WaitingLine
from tests.support.hostile_charts import CHARTS, honest
from tests.support.hostile_server import PAGES, HostileYahoo, Trials, kinds, listening
from tests.support.hostile_wire import WIRE, Behaviour, answer
from tests.support.yahoo_server import FakeYahoo, made_up, redirect

EVENING = dt.datetime(2024, 3, 8, 22, 0, tzinfo=dt.UTC)
THROUGH = np.datetime64("2024-03-08")

HARMLESS = {
    "close NaN",
    "cookies without number",
    "stamps twice",
    "stamps far ahead",
    "other zone",
    "zone a number",
    "other currency",
    "no currency",
}
"""What a first answer may be: a day without a close, or one that is not over, is left out."""
SHORT = {
    "json null", "json with many figures", "error that steers the terminal", "closes as text", "stamps unsorted",
    "adjusted closes missing", "split of zero", "stall after half the body", "gzip in gzip of 10 GB",
    "headers without end", "reset at once", "redirected elsewhere", "redirected to a file", "503 as Yahoo writes it",
}  # fmt: skip
KINDS: dict[str, Behaviour] = {
    **{
        name: lambda one, alter=alter: one.send([answer(alter(honest("AAA", THROUGH)))])
        for name, alter in CHARTS.items()
    },
    **WIRE,
}


@pytest.fixture
def hostile(price_store: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HostileYahoo]:
    """Serve a hostile Yahoo with an empty store and little time for an answer."""
    with listening(HostileYahoo(THROUGH)) as elsewhere:
        yahoo = HostileYahoo(THROUGH, elsewhere=elsewhere)
        with listening(yahoo) as place:
            redirect(f"http://{place}", monkeypatch)
            monkeypatch.setattr(yahoo_session, "MAX_SECONDS", 1.0)
            yield yahoo


@pytest.mark.parametrize(
    "names", [sorted(SHORT), pytest.param(sorted(set(KINDS) - SHORT), marks=pytest.mark.slow)], ids=["some", "the rest"]
)
def test_each_kind_of_server_ends_in_one_line(hostile: HostileYahoo, names: list[str]) -> None:
    """Nothing of it is stored, and it is no proof that the ticker is gone unless it says so."""
    for name in names:
        hostile.behave = KINDS[name]
        report = Yahoo().fetch(PriceRequest(("AAA",)), now=EVENING)
        if name in HARMLESS:
            assert report.fetched, name
            series_path("yahoo", "AAA").unlink()
            continue
        assert [ticker for ticker, _ in report.failed] == ["AAA"], name
        reason = report.failed[0][1]
        assert "\n" not in reason, name
        assert reason.isprintable(), name
        assert read_series("yahoo", "AAA") is None, name
        gone = name in {"404", "error that steers the terminal", "error of a megabyte", "closes all null"}
        assert is_absent("yahoo", "AAA", THROUGH) is gone, name
        series_path("yahoo", "AAA").with_suffix(".absent").unlink(missing_ok=True)


def test_a_page_that_is_not_found_says_nothing_of_the_ticker(hostile: HostileYahoo) -> None:
    """Only the answer about the ticker itself can say that Yahoo has no prices of it."""
    hostile.pages = {"getcrumb": WIRE["404"], "chart/AAA": WIRE["reset at once"]}
    report = Yahoo().fetch(PriceRequest(("AAA",)), now=EVENING)
    assert report.unknown == ()
    assert "cannot be reached" in report.failed[0][1]


@pytest.mark.parametrize("name", ["crumb is a bomb", "consent page of tags", "every page resets"])
def test_pages_beside_the_chart_have_limits_too(hostile: HostileYahoo, name: str) -> None:
    """Cookies, crumbs, consent and time zones are asked for through the same session."""
    hostile.pages = PAGES[name]
    report = Yahoo().fetch(PriceRequest(("AAA",)), now=EVENING)
    assert [ticker for ticker, _ in report.failed] == ["AAA"]


def test_a_server_that_answers_nobody_is_given_up_on(hostile: HostileYahoo, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three tickers without an answer are enough; the rest are named with them, in one line for each reason."""
    monkeypatch.setattr(yahoo_session, "MAX_SECONDS", 0.1)
    asked: list[str] = []
    hostile.pages = {"chart/A": lambda one: (asked.append(one.path), WIRE["stall before the answer"](one))[1]}
    names = tuple(f"A{n:02}" for n in range(50))
    with pytest.raises(Exception, match="try again later") as caught:
        print_fetch(Yahoo(), PriceRequest((*names, "B")))
    assert len({path.partition("?")[0] for path in asked}) <= 3  # time may be up before a chart is asked for
    first, second = caught.value.args
    assert first == "A00, A01, A02: Yahoo did not answer within 0 seconds; try again later"
    assert second.startswith("A03, A04")
    assert second.endswith("and 36 more: not asked for, as Yahoo left 3 before it unanswered; try again later")


def test_an_interrupt_ends_a_wait(hostile: HostileYahoo, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is felt while nothing comes in; the next download has a session of its own."""
    Yahoo().fetch(PriceRequest(("BBB",)), now=EVENING)
    hostile.behave = WIRE["stall before the answer"]
    monkeypatch.setattr(yahoo_session, "MAX_SECONDS", 60.0)

    def interrupt(wait: Wait | None) -> None:
        if wait and wait.seconds > 0.1:
            raise KeyboardInterrupt

    monkeypatch.setattr(WAITING, "listener", interrupt)
    with pytest.raises(KeyboardInterrupt):
        Yahoo().fetch(PriceRequest(("AAA",)), now=EVENING)
    assert read_series("yahoo", "AAA") is None
    monkeypatch.setattr(WAITING, "listener", None)
    hostile.behave = None
    assert Yahoo().fetch(PriceRequest(("AAA",)), now=EVENING).fetched == ("AAA",)


@pytest.mark.parametrize("terminal", [True, False])
def test_a_wait_is_shown_once_it_takes_long(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, terminal: bool
) -> None:
    """On a terminal the line is replaced and taken away at the end; elsewhere there is one now and then."""
    clock = iter(np.arange(0.0, 100.0, 1.0))
    monkeypatch.setattr("time.monotonic", lambda: next(clock))
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
    line = WaitingLine()
    for seconds in range(14):
        line(Wait("AAA\x1b from Yahoo", 1, 9, seconds))
    line(None)
    said = capsys.readouterr().err
    one = "waiting for AAA\\x1b from Yahoo, {} s (2 of 9)"
    if terminal:
        assert said == "".join(f"\r\x1b[K{one.format(seconds)}" for seconds in range(2, 14)) + "\r\x1b[K"
    else:
        assert said == f"{one.format(2)}\n{one.format(12)}\n"


@pytest.mark.slow
def test_two_hundred_tickers(
    yahoo: FakeYahoo, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What can be fetched is kept, what cannot is told in a line for each reason, and each ticker was shown."""
    days = np.arange(np.datetime64("2024-02-01"), THROUGH + 1)
    days = days[np.is_busday(days)]
    for at in range(200):
        name = f"T{at:03}"
        if at % 10 == 0:
            yahoo.status[name] = 503
        elif at % 10 != 1:
            yahoo.charts[name] = made_up(name, days, 100 + np.arange(len(days)) / 8, 100 + np.arange(len(days)) / 8)
    shown: list[str] = []
    monkeypatch.setattr(WAITING, "listener", lambda wait: shown.append(wait.what) if wait else None)
    with pytest.raises(Exception, match="HTTP 503") as caught:
        print_fetch(Yahoo(), PriceRequest(tuple(f"T{at:03}" for at in range(200))))
    assert len(caught.value.args) <= 3
    assert len(set(shown)) == 200
    assert "160 fetched, 0 up to date, 40 failed" in capsys.readouterr().out
    assert read_series("yahoo", "T199") is not None


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        "gzip of 10 GB",
        "3 GB as they are",
        "json with one long text",
        "consent page of tags",
        "no TLS where it is expected",
    ],
)
def test_a_process_of_its_own_stays_small(tmp_path: Path, name: str) -> None:
    """The command line, with all its libraries, has its exit code, its line, its time and its memory."""
    assert kinds(Trials(tmp_path))[name]().faults(limit=60) == []


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX")
def test_control_c_while_a_server_stalls(tmp_path: Path) -> None:
    """Exit code 130 long before the download's time is up, and the store as it was."""
    trials = Trials(tmp_path)
    store = tmp_path / "copy"
    shutil.copytree(tmp_path / "store", store)
    with listening(HostileYahoo(trials.through, WIRE["stall after half the body"])) as place:
        command, environment = trials.command(f"http://{place}", 600), trials.environment(store)
        with subprocess.Popen(
            command, env=environment, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
        ) as fetch:
            assert fetch.stderr is not None
            assert fetch.stderr.readline().startswith("waiting for AAA from Yahoo, 2 s (1 of 2)")
            fetch.send_signal(signal.SIGINT)
            said = fetch.communicate(timeout=60)[1]
    assert fetch.returncode == 130
    assert said.splitlines()[0] == "interrupted"
    assert trials.stored_fault(store, 130, also_other=False) == ""
    assert not list(store.rglob("*.tmp"))
