"""Answers of Yahoo with nonsense in them: one line each, and nothing in the store that is no close."""

from __future__ import annotations

import datetime as dt
import itertools
import json
import random
from collections.abc import Iterator

import numpy as np
import pytest

from engine.data.sources.base import PriceRequest
from engine.data.sources.price_store import read_series
from engine.data.sources.yahoo import Yahoo
from tests.support.yahoo_server import FakeYahoo, event, made_up

EVENING = dt.datetime(2024, 3, 8, 22, 0, tzinfo=dt.UTC)
DAYS = np.arange(np.datetime64("2023-12-01"), np.datetime64("2024-03-09"))
SESSIONS = DAYS[np.is_busday(DAYS, holidays=["2023-12-25", "2024-01-01", "2024-01-15", "2024-02-19"])]
"""New York's; made here, as its calendar would be kept in the user's store."""
CLOSES = 100 + np.arange(len(SESSIONS)) / 8

NONSENSE = [None, "x", -5, 1e300, [], {}, 0, True]


def break_answer(node: object, chance: random.Random) -> None:
    """Put nonsense, or nothing, in one place of an answer."""
    places = [(node, key) for key in node] if isinstance(node, dict) else []
    places += [(node, at) for at in (0, len(node) // 2, len(node) - 1)] if isinstance(node, list) and node else []
    holder, key = chance.choice(places)
    inside = holder[key]  # type: ignore[index]
    if isinstance(inside, dict | list) and inside and chance.random() < 0.9:
        break_answer(inside, chance)
    else:
        holder[key] = chance.choice(NONSENSE)  # type: ignore[index]


def places(node: object) -> Iterator[tuple[object, object]]:
    """Return every place of an answer, of lists the first, one in the middle and the last."""
    inside: list[tuple[object, object]] = [(node, key) for key in node] if isinstance(node, dict) else []
    inside += (
        [(node, at) for at in sorted({0, len(node) // 2, len(node) - 1})] if isinstance(node, list) and node else []
    )
    for holder, key in inside:
        yield holder, key
        yield from places(holder[key])  # type: ignore[index]


def made_answer() -> dict[str, object]:
    """Return an answer with a dividend and a split."""
    said = {
        "splits": event(SESSIONS[20], numerator=2, denominator=1, splitRatio="2:1"),
        "dividends": event(SESSIONS[30], amount=0.5),
    }
    chart = json.loads(json.dumps(made_up("AAA", SESSIONS, CLOSES, CLOSES, events=said)))
    return {"chart": {"result": [chart], "error": None}}


def is_refused(yahoo: FakeYahoo, answer: object) -> bool:
    """Fetch an answer: it is refused in a line, or the closes that enter the store are those that it had before."""
    yahoo.body["AAA"] = json.dumps(answer).encode()
    report = Yahoo().fetch(PriceRequest(("AAA",)), refresh=True, now=EVENING)
    assert all("\n" not in reason for _, reason in report.failed)
    stored = read_series("yahoo", "AAA")
    if stored is not None:
        assert {*stored.closes} <= {*CLOSES, *(2 * CLOSES)}, "with the split or without"
        assert np.isfinite(stored.adjusted).all()
        assert min(stored.adjusted.min(), stored.splits.min()) > 0
        assert stored.dividends.min() >= 0
        assert (np.diff(stored.dates).astype(int) > 0).all()
    return bool(report.failed)


@pytest.mark.parametrize("count", [40, pytest.param(2000, marks=pytest.mark.slow)])
def test_a_broken_answer_ends_in_one_line(yahoo: FakeYahoo, count: int) -> None:
    """Whatever stands in an answer; some of them are refused, and what nobody reads may be nonsense."""
    chance, refused = random.Random(count), 0
    for _ in range(count):
        answer = made_answer()
        break_answer(answer["chart"]["result"][0], chance)  # type: ignore[index]
        refused += is_refused(yahoo, answer)
    assert count / 5 < refused < count


@pytest.mark.slow
def test_nonsense_at_every_place_of_an_answer(yahoo: FakeYahoo) -> None:
    """No place is left out: each gets each kind of nonsense in turn."""
    count, refused = sum(1 for _ in places(made_answer())), 0
    assert count > 50
    for at, nonsense in itertools.product(range(count), NONSENSE):
        answer = made_answer()
        holder, key = next(itertools.islice(places(answer), at, None))
        holder[key] = nonsense  # type: ignore[index]
        refused += is_refused(yahoo, answer)
    assert refused > count
