"""A local stand-in for Yahoo Finance: answers charts over HTTP, from recordings or from series made up in a test.

yfinance runs as it is, with its cookies, crumbs and parsers; only the host of each address is replaced on its way out.
"""

from __future__ import annotations

import functools
import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import parse_qs, unquote, urlsplit

import numpy as np

Chart = dict[str, Any]


def recorded(path: Path) -> Chart:
    """Return the chart of a recording: a bare answer, or one inside ``response`` as ``bodyJson`` or as text."""
    content = json.loads(path.read_text(encoding="utf-8"))
    if "response" in content:
        response = content["response"]
        content = response["bodyJson"] if "bodyJson" in response else json.loads(response["body"])
    return content["chart"]["result"][0]


def made_up(
    ticker: str,
    dates: np.ndarray,
    closes: np.ndarray,
    adjusted: np.ndarray,
    currency: str = "USD",
    events: Chart | None = None,
) -> Chart:
    """Return a chart with a row at 14:30 UTC of each date; ``events`` as :func:`event` writes them, by their kind."""
    stamps = (dates.astype("datetime64[s]").astype(np.int64) + 52200).tolist()
    prices = [None if np.isnan(close) else float(close) for close in closes]
    return {
        "meta": {
            "currency": currency,
            "symbol": ticker,
            "instrumentType": "EQUITY",
            "exchangeTimezoneName": "America/New_York",
            "priceHint": 2,
            "validRanges": ["1d", "max"],
        },
        "timestamp": stamps,
        "indicators": {
            "quote": [dict.fromkeys(("open", "high", "low", "close"), prices) | {"volume": [1000] * len(stamps)}],
            "adjclose": [{"adjclose": [None if np.isnan(one) else float(one) for one in adjusted]}],
        },
        "events": events or {},
    }


def event(date: object, **said: object) -> Chart:
    """Return one entry of ``dividends``, ``splits`` or ``capitalGains``: its stamp, and what it says."""
    stamp = int(np.datetime64(date, "s").astype(np.int64)) + 52200
    return {str(stamp): {"date": stamp, **said}}


@dataclass
class FakeYahoo:
    """Charts by ticker, the requests that came in, and what to fail with: a status, a body, seconds before each byte."""

    charts: dict[str, Chart] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    status: dict[str, int] = field(default_factory=dict)
    body: dict[str, bytes] = field(default_factory=dict)
    encoding: str = ""
    slow: float = 0.0

    def answer(self, path: str) -> tuple[int, bytes]:
        """Return status and body for a request."""
        parts = urlsplit(path)
        if not parts.path.startswith("/v8/finance/chart/"):
            return (200, b"crumb") if parts.path.endswith("getcrumb") else (404, b"{}")
        ticker = unquote(parts.path.rsplit("/", 1)[1])
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        if "period1" in query:
            self.requests.append(ticker)
        if ticker in self.status:
            return self.status[ticker], b"refused"
        if ticker in self.body:
            return 200, self.body[ticker]
        if ticker not in self.charts:
            error = {"code": "Not Found", "description": "No data found, symbol may be delisted"}
            return 404, json.dumps({"chart": {"result": None, "error": error}}).encode()
        result = _between(self.charts[ticker], float(query.get("period1", "-inf")), float(query.get("period2", "inf")))
        return 200, json.dumps({"chart": {"result": [result], "error": None}}).encode()


def _between(chart: Chart, first: float, last: float) -> Chart:
    """Cut a chart to a span of time, as Yahoo does."""
    rows = [row for row, stamp in enumerate(chart.get("timestamp", [])) if first <= stamp < last]

    def cut(table: dict[str, list[Any]]) -> dict[str, list[Any]]:
        return {name: [values[row] for row in rows] for name, values in table.items()}

    quotes = {kind: [cut(table) for table in tables] for kind, tables in chart["indicators"].items()}
    return chart | {"timestamp": [chart["timestamp"][row] for row in rows], "indicators": quotes}


@contextmanager
def serving(yahoo: FakeYahoo) -> Iterator[str]:
    """Serve ``yahoo`` on a free local port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = yahoo.answer(self.path)
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            if yahoo.encoding:
                self.send_header("Content-Encoding", yahoo.encoding)
            self.end_headers()
            step = 1 if yahoo.slow else len(body) or 1
            with suppress(OSError):  # the client has hung up
                for at in range(0, len(body), step):
                    time.sleep(yahoo.slow)
                    self.wfile.write(body[at : at + step])

        def log_message(self, *arguments: object) -> None:
            """Print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


class SetsAttributes(Protocol):
    """pytest's ``monkeypatch``, or what does the same in a process without pytest."""

    def setattr(self, holder: Any, name: str, value: object, /) -> None:
        """Set an attribute."""


def redirect(base: str, monkeypatch: SetsAttributes) -> None:
    """Send every request of yfinance to ``base``, without its caches on disk."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from curl_cffi import requests
        from yfinance import cache, data

    from engine.data.sources import yahoo_session

    send = getattr(requests.Session.request, "__wrapped__", requests.Session.request)  # also when it is called twice

    @functools.wraps(send)
    def send_here(self: requests.Session, method: str, url: str, *arguments: object, **options: object) -> object:
        return send(self, method, re.sub(r"^https?://[^/]+", base, url), *arguments, **options)

    yahoo_session.shared_session.cache_clear()
    monkeypatch.setattr(data.SingletonMeta, "_instances", {})
    monkeypatch.setattr(requests.Session, "request", send_here)
    monkeypatch.setattr(cache._TzCacheManager, "_tz_cache", cache._TzCacheDummy())
    monkeypatch.setattr(cache._CookieCacheManager, "_Cookie_cache", cache._CookieCacheDummy())
