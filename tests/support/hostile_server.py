"""A hostile price server, and the engine's command line pointed at it: a table of what becomes of each kind of answer.

``python -m tests.support.hostile_server [PART OF A NAME]``; one process for each kind, with less time for a download
than a user has. AAA gets the hostile answer and BBB an honest one; both have an earlier series in the store.
"""

from __future__ import annotations

import copy
import datetime as dt
import itertools
import os
import re
import shutil
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from socketserver import BaseRequestHandler, ThreadingTCPServer
from subprocess import PIPE
from typing import Final

import numpy as np
import pyarrow.parquet as pq

from engine.core.errors import shorten
from tests.support.hostile_charts import CHARTS, body, honest
from tests.support.hostile_wire import WIRE, Behaviour, Connection, answer
from tests.support.yahoo_server import Chart

SECONDS: Final = 3.0
"""Of a download here; a user's has forty."""
MOST_MEGABYTES: Final = 300
_MOST_SECONDS: Final = 60
"""Of a process: two downloads of each ticker, and a start that takes its time where others work beside it."""
PLAN: Final = """
name: hostile
data: {source: {kind: yahoo}}
window: {start: 2024-02-01}
strategy: {kind: fixed_mix, weights: {AAA: 60%, BBB: 40%}, rebalance: {kind: annual}}
"""


@dataclass
class HostileYahoo:
    """Charts of any ticker up to ``through``; ``behave`` answers for AAA's history, ``pages`` for parts of paths."""

    through: np.datetime64
    behave: Behaviour | None = None
    pages: Mapping[str, Behaviour] = field(default_factory=dict)
    elsewhere: str = ""

    def handle(self, connection_socket: object, path: str) -> None:
        """Answer a request."""
        asked, _, _ = path.partition("?")
        ticker = asked.rpartition("/")[2]
        is_chart = "/chart/" in asked
        honestly = body(honest(ticker, self.through)) if is_chart else b"crumb"
        connection = Connection(connection_socket, honestly, path, self.elsewhere)  # type: ignore[arg-type]
        page = next((one for part, one in self.pages.items() if part in asked), None)
        if page:
            page(connection)
        elif self.behave and is_chart and ticker == "AAA" and "period1" in path:
            self.behave(connection)
        else:
            connection.send([answer(honestly)])


@contextmanager
def listening(yahoo: HostileYahoo, context: ssl.SSLContext | None = None) -> Iterator[str]:
    """Serve ``yahoo`` on a free local port and give its address."""

    class Handler(BaseRequestHandler):
        def handle(self) -> None:
            with suppress(OSError):  # the client has gone, as it should
                self.request.settimeout(60)
                channel = context.wrap_socket(self.request, server_side=True) if context else self.request
                asked = channel.recv(2**16).split(b" ")
                if len(asked) > 1:
                    yahoo.handle(channel, asked[1].decode("latin-1"))

    with ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads, server.block_on_close = True, False
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@dataclass(frozen=True)
class Outcome:
    """How the command ended."""

    exit: int
    said: str
    seconds: float
    megabytes: int
    stored: str

    @property
    def error(self) -> str:
        """What is said of the fault."""
        return self.said[self.said.index("error: ") :].rstrip() if "error: " in self.said else ""

    def faults(self, limit: float) -> list[str]:
        """Return what is wrong with it."""
        checks = {
            f"exit {self.exit}": self.exit not in {0, 1},
            "not one line about AAA": self.exit == 1 and ("AAA" not in self.error or "\n" in self.error),
            "no remedy": self.exit == 1 and not re.search("try again|check|name another|if that is", self.error),
            "traceback": "Traceback" in self.said or "bug of the engine" in self.said,
            "steers the terminal": re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", self.said) is not None,
            f"{self.seconds:.0f} s": self.seconds > limit,
            f"{self.megabytes} MB": self.megabytes > MOST_MEGABYTES,
            self.stored: bool(self.stored),
        }
        return [what for what, wrong in checks.items() if wrong]


class Trials:
    """Runs ``engine data fetch`` against hostile servers, each time with a store that has earlier series."""

    def __init__(self, folder: Path) -> None:
        """Fill the store that every trial begins with."""
        self.folder = folder
        (folder / "plan.yaml").write_text(PLAN, encoding="utf-8")
        self._store = folder / "store"
        through = np.datetime64(dt.datetime.now(dt.UTC).date(), "D")
        self.through = np.busday_offset(through, -1, roll="backward")
        earlier = HostileYahoo(np.busday_offset(self.through, -3))
        with listening(earlier) as place:
            self._execute(f"http://{place}", self._store)
        self.earlier = {ticker: _file(self._store, ticker).read_bytes() for ticker in ("AAA", "BBB")}

    def run(
        self,
        yahoo: HostileYahoo,
        scheme: str = "http",
        context: ssl.SSLContext | None = None,
        *,
        also_other: bool = True,
    ) -> Outcome:
        """Fetch from a server and say what became of it; ``also_other``: BBB has to be fetched."""
        store = Path(tempfile.mkdtemp(dir=self.folder)) / "store"
        shutil.copytree(self._store, store)
        try:
            with listening(yahoo, context) as place:
                started = time.monotonic()
                code, said, megabytes = self._execute(f"{scheme}://{place}", store)
                seconds = time.monotonic() - started
            return Outcome(code, said, seconds, megabytes, self.stored_fault(store, code, also_other=also_other))
        finally:
            shutil.rmtree(store.parent)

    def command(self, base: str, seconds: float = SECONDS) -> list[str]:
        """Return the command that fetches from ``base``."""
        verb = ("data", "fetch", str(self.folder / "plan.yaml"))
        return [sys.executable, "-m", "tests.support.redirected_engine", base, str(seconds), *verb]

    def environment(self, store: Path) -> dict[str, str]:
        """Return the variables of a trial."""
        return {**os.environ, "PORTFOLIO_ENGINE_STORE": str(store)}

    def _execute(self, base: str, store: Path) -> tuple[int, str, int]:
        with subprocess.Popen(
            self.command(base), env=self.environment(store), stdout=PIPE, stderr=PIPE, text=True, errors="replace"
        ) as fetch:
            try:
                said, _, peak = fetch.communicate(timeout=10 * _MOST_SECONDS)[1].rpartition("peak ")
            except subprocess.TimeoutExpired:
                fetch.kill()
                return -1, "", 0
        return fetch.returncode, said, int(peak or 0)

    def stored_fault(self, store: Path, code: int, *, also_other: bool = True) -> str:
        """Say what is wrong in a store: what failed must be as it was, what was fetched has figures that can be."""
        hostile, other = _file(store, "AAA").read_bytes(), _file(store, "BBB").read_bytes()
        if code and hostile != self.earlier["AAA"]:
            return "something was stored"
        if also_other and other == self.earlier["BBB"]:
            return "the other ticker is lost"
        table = pq.read_table(_file(store, "AAA"))
        if min(min(table[name].to_pylist()) for name in ("close", "adjusted", "split")) <= 0:
            return "wrong figures are stored"
        dates = table["date"].to_pylist()
        if sorted(set(dates)) != dates or table.schema.metadata[b"currency"] != b"USD":
            return "a wrong series is stored"
        return ""


def _file(store: Path, ticker: str) -> Path:
    return next((store / "yahoo").glob(f"{ticker.lower()}-*.parquet"))


def changing(chart: Chart) -> Behaviour:
    """Return a server that answers with other closes each time."""
    times = itertools.count(1)
    return lambda connection: connection.send([answer(body(_times(chart, next(times))))])


def _times(chart: Chart, factor: int) -> Chart:
    quotes = chart["indicators"]["quote"][0]
    closes = [close * factor for close in quotes["close"]]
    return chart | {"indicators": {"quote": [quotes | {"close": closes}], "adjclose": [{"adjclose": closes}]}}


_REFUSED: Final = answer(b"{}", "401 Unauthorized")
PAGES: Final[Mapping[str, Mapping[str, Behaviour]]] = {
    "crumb stalls": {"getcrumb": WIRE["stall before the answer"]},
    "crumb is a bomb": {"getcrumb": WIRE["gzip of 420 MB"]},
    "crumb of 8 MB": {"getcrumb": lambda one: one.send([answer(b"x" * 8_000_000)])},
    "crumb steers the terminal": {"getcrumb": lambda one: one.send([answer(b"\x1b[2J\r\n\r\n")])},
    "zone stalls": {"chart/AAA": WIRE["stall before the answer"]},
    "zone is a bomb": {"chart/AAA": WIRE["gzip of 420 MB"]},
    "zone is a page of tags": {"chart/AAA": WIRE["a page of tags"]},
    "zone is refused": {"chart/AAA": WIRE["503 as Yahoo writes it"]},
    "every page stalls": {"": WIRE["stall before the answer"]},
    "every page is a bomb": {"": WIRE["gzip of 420 MB"]},
    "every page resets": {"": WIRE["reset at once"]},
    "every page refuses": {"": WIRE["429, wait for 30 years"]},
    "consent page of tags": {"consent": WIRE["a page of tags"], "": lambda one: one.send([_REFUSED])},
    "consent page byte by byte": {"consent": WIRE["body byte by byte"], "": lambda one: one.send([_REFUSED])},
}
"""What the pages do that yfinance asks for before a chart, by a part of their path; "" is every page and BBB's chart."""


def kinds(trials: Trials) -> dict[str, Callable[[], Outcome]]:
    """Return every kind of hostile server and what tries it."""
    chart = honest("AAA", trials.through)

    def on_wire(behave: Behaviour) -> Outcome:
        with listening(HostileYahoo(trials.through)) as elsewhere:
            return trials.run(HostileYahoo(trials.through, behave, elsewhere=elsewhere))

    def on_pages(pages: Mapping[str, Behaviour]) -> Outcome:
        return trials.run(HostileYahoo(trials.through, pages=pages), also_other=False)

    found: dict[str, Callable[[], Outcome]] = {}
    for name, alter in CHARTS.items():
        found[name] = partial(on_wire, lambda one, alter=alter: one.send([answer(alter(copy.deepcopy(chart)))]))
    found |= {name: partial(on_wire, behave) for name, behave in WIRE.items()}
    found["other closes each time"] = partial(on_wire, changing(chart))
    found |= {name: partial(on_pages, pages) for name, pages in PAGES.items()}
    found["no TLS where it is expected"] = partial(trials.run, HostileYahoo(trials.through), "https", also_other=False)
    if shutil.which("openssl"):
        context = own_certificate(trials.folder)
        honestly = HostileYahoo(trials.through)
        found["TLS by nobody's certificate"] = partial(trials.run, honestly, "https", context, also_other=False)
    return found


def own_certificate(folder: Path) -> ssl.SSLContext:
    """Return a server's side of TLS with a certificate that nobody vouches for."""
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    options = ["-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate, "-subj", "/CN=127.0.0.1"]
    subprocess.run(["openssl", "req", "-x509", *options], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


def main(part: str = "") -> int:
    """Try every kind whose name has ``part`` in it; print the table and return how many had a fault."""
    faulty = 0
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(os.cpu_count()) as pool:
        trials = Trials(Path(folder))
        chosen = {name: run for name, run in kinds(trials).items() if part in name}
        sys.stdout.write(f"{'kind':40} exit     s   MB  what is said, and what is wrong\n")
        for name, outcome in zip(chosen, pool.map(lambda run: run(), chosen.values()), strict=True):
            faults = outcome.faults(_MOST_SECONDS)
            faulty += bool(faults)
            said = outcome.error.replace(f"error: {folder}/plan.yaml: ", "")
            wrong = f"  FAULT: {', '.join(faults)}" if faults else ""
            figures = f"{outcome.exit:4} {outcome.seconds:5.1f} {outcome.megabytes:4}"
            sys.stdout.write(f"{name:40} {figures}  {shorten(said, 120)}{wrong}\n")
            sys.stdout.flush()
    sys.stdout.write(f"{len(chosen)} kinds, {faulty} with a fault\n")
    return faulty


if __name__ == "__main__":
    sys.exit(bool(main(*sys.argv[1:])))
