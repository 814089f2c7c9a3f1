"""Charts with nonsense in them, as a broken or hostile price server may send: one for each kind of nonsense."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np

from tests.support.yahoo_server import Chart, event, made_up

FIRST: Final = np.datetime64("2024-01-02")


def honest(ticker: str, through: np.datetime64, closes_by: float = 1.0) -> Chart:
    """Return a chart of every weekday from 2024 on, with a dividend and a split."""
    days = np.arange(FIRST, through + 1)
    days = days[np.is_busday(days)]
    closes = (100 + np.arange(len(days)) / 16) * closes_by
    said = {
        "dividends": event(days[30], amount=0.5),
        "splits": event(days[20], numerator=2, denominator=1, splitRatio="2:1"),
    }
    return made_up(ticker, days, closes, closes, events=said)


def body(chart: object) -> bytes:
    """Return the answer with a chart in it."""
    return json.dumps({"chart": {"result": [chart], "error": None}}).encode()


def _set(*path: str | int, to: object) -> Callable[[Chart], bytes]:
    """Return what puts a value at one place of a chart, or takes it away where the value is ``...``."""

    def alter(chart: Chart) -> bytes:
        node: Any = chart
        for key in path[:-1]:
            node = node[key]
        if to is ...:
            del node[path[-1]]
        else:
            node[path[-1]] = to(node[path[-1]]) if callable(to) else to
        return body(chart)

    return alter


_QUOTE: Final = ("indicators", "quote", 0)
_CLOSE: Final = (*_QUOTE, "close")
_ADJUSTED: Final = ("indicators", "adjclose", 0, "adjclose")


def _last(value: object) -> Callable[[list[object]], list[object]]:
    return lambda values: [*values[:-1], value]


def _fill(value: object) -> Callable[[list[object]], list[object]]:
    return lambda values: [value] * len(values)


def _raw(old: bytes, new: bytes) -> Callable[[Chart], bytes]:
    """Return what replaces the last close by something that Python would not write."""
    return lambda chart: _set(*_CLOSE, to=_last(123456.5))(chart).replace(old, new)


def _event(kind: str, **said: object) -> Callable[[Chart], bytes]:
    return _set("events", kind, to=lambda events: {key: one | said for key, one in events.items()})


def _text(content: bytes) -> Callable[[Chart], bytes]:
    return lambda _: content


_CONTROLS: Final = "\x1b]0;owned\x07\x1b[2J\u202e\u0085 evil"

CHARTS: Final[Mapping[str, Callable[[Chart], bytes]]] = {
    "empty": _text(b""),
    "no json": _text(b"<html>Sorry</html>"),
    "json null": _text(b"null"),
    "json list": _text(b"[]"),
    "json number": _text(b"12"),
    "json string": _text(b'"chart"'),
    "json cut off": lambda chart: body(chart)[:-100],
    "json of two": lambda chart: body(chart) * 2,
    "json a million deep": _text(b"[" * 1_000_000),
    "json objects deep": _text(b'{"chart":' * 200_000),
    "json with many lists": _text(b'{"chart":[' + b"[]," * 2_000_000 + b"[]]}"),
    "json with many figures": _text(b'{"chart":[' + b"1," * 3_900_000 + b"1]}"),
    "json with one long number": _text(b'{"chart":' + b"9" * 7_000_000 + b"}"),
    "json with one long text": _text(b'{"chart":"' + "\N{GRINNING FACE}".encode() * 1_900_000 + b'"}'),
    "json in bytes that are no text": _text(b"\xff\xfe\xfd" * 1000),
    "chart null": _text(b'{"chart": null}'),
    "chart empty": _text(b'{"chart": {}}'),
    "chart a list": _text(b'{"chart": []}'),
    "result null": _text(b'{"chart": {"result": null, "error": null}}'),
    "result empty": _text(b'{"chart": {"result": [], "error": null}}'),
    "result of null": lambda _: body(None),
    "result of text": lambda _: body("x"),
    "error that steers the terminal": lambda _: json.dumps(
        {"chart": {"result": None, "error": {"code": _CONTROLS, "description": _CONTROLS}}}
    ).encode(),
    "error of a megabyte": lambda _: json.dumps(
        {"chart": {"result": None, "error": {"code": "x" * 1000, "description": "x" * 1_000_000}}}
    ).encode(),
    "error that is a number": _text(b'{"chart": {"result": null, "error": 5}}'),
    "close NaN": _raw(b"123456.5", b"NaN"),
    "close infinite": _raw(b"123456.5", b"Infinity"),
    "close 1e400": _raw(b"123456.5", b"1e400"),
    "close negative": _set(*_CLOSE, to=_last(-5.0)),
    "close zero": _set(*_CLOSE, to=_last(0)),
    "close 1e15": _set(*_CLOSE, to=_fill(1e15)),
    "closes as text": _set(*_CLOSE, to=_fill("100.5")),
    "closes as words": _set(*_CLOSE, to=_fill("dear")),
    "closes as lists": _set(*_CLOSE, to=_fill([1])),
    "closes all null": _set(*_CLOSE, to=_fill(None)),
    "closes missing": _set(*_CLOSE, to=...),
    "closes too few": _set(*_CLOSE, to=lambda closes: closes[:-7]),
    "closes too many": _set(*_CLOSE, to=lambda closes: closes * 2),
    "adjusted closes missing": _set("indicators", "adjclose", to=...),
    "adjusted closes too few": _set(*_ADJUSTED, to=lambda closes: closes[3:]),
    "adjusted closes negative": _set(*_ADJUSTED, to=_last(-1.0)),
    "quotes missing": _set("indicators", "quote", to=...),
    "indicators null": _set("indicators", to=None),
    "stamps missing": _set("timestamp", to=...),
    "stamps too few": _set("timestamp", to=lambda stamps: stamps[:-7]),
    "stamps unsorted": _set("timestamp", to=lambda stamps: [*stamps[40:], *stamps[:40]]),
    "stamps twice": _set("timestamp", to=lambda stamps: [*stamps[:-1], stamps[-2]]),
    "stamps all the same": _set("timestamp", to=lambda stamps: [stamps[0]] * len(stamps)),
    "stamps far ahead": _set("timestamp", to=_last(4_000_000_000)),
    "stamps 1e18": _set("timestamp", to=_last(10**18)),
    "stamps 1e30": _set("timestamp", to=_last(10**30)),
    "stamps before Christ": _set("timestamp", to=lambda stamps: [-70_000_000_000, *stamps[1:]]),
    "stamps as text": _set("timestamp", to=_last("yesterday")),
    "other ticker": _set("meta", "symbol", to="ZZZZ"),
    "no ticker": _set("meta", "symbol", to=...),
    "ticker that steers the terminal": _set("meta", "symbol", to=_CONTROLS),
    "other currency": _set("meta", "currency", to="EUR"),
    "no currency": _set("meta", "currency", to=None),
    "currency that steers the terminal": _set("meta", "currency", to=_CONTROLS),
    "meta missing": _set("meta", to=...),
    "other zone": _set("meta", "exchangeTimezoneName", to="Asia/Tokyo"),
    "zone of a file": _set("meta", "exchangeTimezoneName", to="../../../../etc/passwd"),
    "zone a number": _set("meta", "exchangeTimezoneName", to=7),
    "zone missing": _set("meta", "exchangeTimezoneName", to=...),
    "weekly closes": _set("meta", "dataGranularity", to="1wk"),
    "split of zero": _event("splits", numerator=0, denominator=1),
    "split by zero": _event("splits", numerator=2, denominator=0),
    "split negative": _event("splits", numerator=-2, denominator=1),
    "split 1e300": _event("splits", numerator=1e300, denominator=1),
    "dividend above the close": _event("dividends", amount=1e6),
    "dividend negative": _event("dividends", amount=-1),
    "dividend as text": _event("dividends", amount="much"),
    "dividend in another currency": _event("dividends", amount=1, currency="JPY"),
    "events a list": _set("events", to=[1, 2]),
}
"""What each kind of nonsense makes of an honest chart."""
