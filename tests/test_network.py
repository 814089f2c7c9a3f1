"""The whole command line opens connections to Yahoo alone, and none without a limit of size and time."""

from __future__ import annotations

import socket
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from engine import cli
from engine.cli.verbs import data_app
from engine.data.sources import yahoo_session
from tests.support.yahoo_server import FakeYahoo, made_up, redirect, serving

pytestmark = pytest.mark.slow

PLAN = """
name: NAME
data: {source: {kind: SOURCE}}
window: {start: 2021-07-01, end: 2022-03-31}
strategy: STRATEGY
"""
FIXED = "{kind: fixed_mix, weights: {QUAL: 60%, HD: 40%}, rebalance: {kind: annual}}"
OPTIMISED = "{kind: optimised, core: [QUAL, HD], objective: {kind: min_variance}, rebalance: {kind: annual}}"
SWEEP = "sweep: {axes: {strategy.rebalance.kind: [annual, never]}}\n"
EUROS = "account: {capital: 10000, currency: EUR}\n"
CLAIMS = """name: arithmetic
data: {source: {kind: sample}}
claims:
- {sentence: 1 % is 20 %, compute: {kind: compounding, rate: 1%, years: 20}, claimed: 20%}
"""
FX = "data: {source: {kind: yahoo}, fx: {kind: yahoo}}"

OFFLINE = (
    ["init", "new.yaml"],
    ["validate", "sample.yaml"],
    ["run", "sample.yaml"],
    ["sweep", "sample-sweep.yaml"],
    ["optimise", "sample-optimised.yaml"],
    ["luck", "sample.yaml", "--universe", "names.txt"],
    ["claims", "claims.yaml"],
    ["trials"],
    ["report", "runs/sample"],
    ["export", "runs/sample", "--to", "csv"],
    ["compare", "runs/sample", "runs/sample-sweep.sweep"],
    ["verify", "runs/sample"],
    ["replay", "runs/sample"],
    ["diff", "runs/sample", "runs/sample"],
    ["schema"],
    ["tariffs"],
    ["data", "fetch", "sample.yaml"],
    ["data", "check", "sample.yaml"],
)
HEAVY = (["verify"], ["bench", "--rounds", "1", "--threads", "1", "--no-peers"])
ONLINE = (
    ["data", "fetch", "yahoo.yaml"],
    ["data", "check", "yahoo.yaml"],
    ["run", "yahoo.yaml"],
    ["sweep", "yahoo-sweep.yaml"],
    ["optimise", "yahoo-optimised.yaml"],
    ["run", "yahoo-euros.yaml"],
)


class Network:
    """What went over the network: addresses that Python connected to, and limits of each of libcurl's transfers."""

    def __init__(self) -> None:
        self.addresses: list[object] = []
        self.milliseconds: list[object] = []
        self.receivers: list[object] = []
        self.watching = True
        sys.addaudithook(self._hear)

    def _hear(self, event: str, arguments: tuple[object, ...]) -> None:
        watched = {"socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto", "urllib.Request"}
        if self.watching and event in watched:
            self.addresses.append((event, arguments[1:]))


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> Iterator[Network]:
    """Watch Python's sockets and libcurl."""
    from curl_cffi import Curl, CurlOpt

    found = Network()
    setopt, perform = Curl.setopt, Curl.perform
    limits: dict[int, dict[CurlOpt, object]] = {}

    def set_option(curl: Curl, option: CurlOpt, value: object) -> int:
        limits.setdefault(id(curl), {})[option] = value
        return setopt(curl, option, value)

    def transfer(curl: Curl, *arguments: object, **options: object) -> None:
        limit = limits.pop(id(curl), {})
        found.milliseconds.append(limit.get(CurlOpt.TIMEOUT_MS))
        found.receivers.append(getattr(limit.get(CurlOpt.WRITEFUNCTION), "__self__", None))
        perform(curl, *arguments, **options)

    monkeypatch.setattr(Curl, "setopt", set_option)
    monkeypatch.setattr(Curl, "perform", transfer)
    yield found
    found.watching = False


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Enter a folder with plans of every kind on the prices that are installed, and on Yahoo's."""
    for source in ("sample", "yahoo"):
        for ending, strategy, more in (
            ("", FIXED, ""),
            ("-sweep", FIXED, SWEEP),
            ("-optimised", OPTIMISED, ""),
            ("-euros", FIXED, EUROS),
        ):
            name = f"{source}{ending}"
            plan = PLAN.replace("SOURCE", source).replace("STRATEGY", strategy).replace("NAME", name) + more
            if ending == "-euros":
                plan = plan.replace("data: {source: {kind: yahoo}}", FX)
            (tmp_path / f"{name}.yaml").write_text(plan, encoding="utf-8")
    (tmp_path / "claims.yaml").write_text(CLAIMS, encoding="utf-8")
    (tmp_path / "names.txt").write_text("HD\nJNJ\nPG\nUNH\nXOM\nKO\nPEP\n", encoding="utf-8")
    monkeypatch.setenv("PORTFOLIO_ENGINE_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(verb: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Run a verb in this process; it has to succeed."""
    monkeypatch.setattr(sys, "argv", ["engine", *verb])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert cli.main() == 0, verb


def test_every_verb_is_tried() -> None:
    """A new verb has to be added here."""
    names = {one.callback.__name__ for one in cli.app.registered_commands if one.callback}
    assert names == {verb[0] for verb in (*OFFLINE, *HEAVY)} - {"data"}
    assert {one.callback.__name__ for one in data_app.registered_commands if one.callback} == {"fetch", "check"}


def test_nothing_but_yahoo_needs_a_network(home: Path, network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every verb on prices that are at hand opens no connection and looks no name up."""
    for verb in OFFLINE:
        run(verb, monkeypatch)
        assert (network.addresses, network.milliseconds) == ([], []), verb
    with socket.socket() as closed, pytest.raises(OSError):
        closed.connect(("127.0.0.1", 1))
    assert network.addresses  # the watch itself works
    assert (home / "runs" / "sample" / "report.html").exists()


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("verb", HEAVY, ids=lambda verb: verb[0])
def test_what_takes_minutes_needs_no_network(
    home: Path, network: Network, monkeypatch: pytest.MonkeyPatch, verb: list[str]
) -> None:
    """Figures are reproduced and jobs timed from data that are at hand."""
    run(verb, monkeypatch)
    assert (network.addresses, network.milliseconds) == ([], [])
    assert home.exists()


def test_every_transfer_from_yahoo_has_limits(home: Path, network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each verb that downloads does it with a limit of time that libcurl keeps and a receiver that counts bytes."""
    days = np.arange(np.datetime64("2020-01-02"), np.datetime64("2022-04-30"))
    days = days[np.is_busday(days)]
    closes = 100 + 10 * np.sin(np.arange(len(days)) / 9)
    yahoo = FakeYahoo({name: made_up(name, days, closes, closes) for name in ("QUAL", "HD", "USDEUR=X")})
    with serving(yahoo) as base:
        redirect(base, monkeypatch)
        for verb in ONLINE:
            before = len(network.milliseconds)
            for kept in (home / "store" / "yahoo").glob("*"):
                kept.unlink()
            run(verb, monkeypatch)
            assert len(network.milliseconds) > before, verb
    assert all(isinstance(limit, int) and 0 < limit <= 40_000 for limit in network.milliseconds)
    assert all(isinstance(receiver, yahoo_session._Receiver) for receiver in network.receivers)
    assert network.addresses == []  # Python's own sockets were not used
