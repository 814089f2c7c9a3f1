"""A chunk as bytes, and which of what can be decoded are whole: every point once, with figures that can be."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from engine.sweep.batch.batch_metrics import SWEEP_METRICS
from engine.sweep.chunk import Chunk, decode_chunk

COUNT = len(SWEEP_METRICS)


def chunk(first: int = 4, *, numbers: tuple[int, ...] = (4, 6, 7)) -> Chunk:
    """Points 4 to 8, of which two were refused."""
    rows = len(numbers)
    spans = np.tile(np.array([10, 20, 5], np.int32), (rows, 1)).reshape(rows, 3)
    metrics = (np.arange(rows * COUNT) / 7.0).reshape(rows, COUNT)
    metrics[:, 1] = np.nan
    return Chunk(first, 9, np.array(numbers, np.int64), spans, metrics, {"too small": (1, 5), "no": (1, 8)})


def test_what_is_encoded_is_decoded_as_it_was() -> None:
    """Every array in its own numbers, one line of JSON before them."""
    one = chunk()
    line, _, body = one.encode().partition(b"\n")
    assert json.loads(line) == {"first": 4, "last": 9, "rows": 3, "refused": {"too small": [1, 5], "no": [1, 8]}}
    assert body == one.point_numbers.tobytes() + one.spans.tobytes() + one.metrics.tobytes()
    found = decode_chunk(one.encode())
    assert found is not None
    assert (found.first, found.last, found.rejections) == (4, 9, one.rejections)
    np.testing.assert_array_equal(found.point_numbers, one.point_numbers)
    np.testing.assert_array_equal(found.spans, one.spans)
    np.testing.assert_array_equal(found.metrics, one.metrics)
    assert found.is_whole
    with pytest.raises(AttributeError):
        found.first = 5


def test_a_chunk_may_be_of_one_point_or_of_none_that_is_valid() -> None:
    """Point 0 is a point; a day may be its own last, of a single session."""
    one = Chunk(0, 1, np.array([0]), np.array([[3, 3, 1]], np.int32), np.zeros((1, COUNT)))
    none = replace(chunk(numbers=()), rejections={"no": (5, 4)})
    late = replace(one, first=1000, last=1001, point_numbers=np.array([1000]))
    for whole in (one, none, late):
        assert whole.is_whole
        assert decode_chunk(whole.encode()) is not None
    assert one.rejections == {}


def changed(name: str, row: int, column: int, value: float) -> Chunk:
    array = getattr(chunk(), name).copy()
    array[row, column] = value
    return replace(chunk(), **{name: array})


NOT_WHOLE = {
    "a figure without end": changed("metrics", 2, 3, np.inf),
    "a figure without end below": changed("metrics", 0, COUNT - 1, -np.inf),
    "no final value": changed("metrics", 1, 0, np.nan),
    "no session": changed("spans", 1, 2, 0),
    "fewer sessions than none": changed("spans", 1, 2, -1),
    "a last day before the first": changed("spans", 2, 1, 9),
    "a point before": replace(chunk(), point_numbers=np.array([3, 6, 7])),
    "a point after": replace(chunk(), point_numbers=np.array([4, 6, 9])),
    "a point twice": replace(chunk(), point_numbers=np.array([4, 6, 6])),
    "points that fall": replace(chunk(), point_numbers=np.array([4, 7, 6])),
    "a point too few": replace(chunk(), last=10),
    "a point too many": replace(chunk(), last=8, rejections={"no": (2, 5)}),
    "a reason without points": replace(chunk(), rejections={"no": (2, 5), "none": (0, 5)}),
    "a reason before": replace(chunk(), rejections={"no": (2, 3)}),
    "a reason after": replace(chunk(), rejections={"no": (2, 9)}),
    "a reason long after": replace(chunk(), rejections={"no": (2, 10)}),
    "points below none": Chunk(-1, 0, np.array([-1]), np.array([[3, 3, 1]], np.int32), np.zeros((1, COUNT))),
    "fewer points than none": replace(chunk(), rejections={"no": (3, 5), "less": (-1, 5)}),
    "no point": Chunk(3, 3, np.array([], np.int64), np.zeros((0, 3), np.int32), np.zeros((0, COUNT))),
    "a number that is true": replace(chunk(numbers=(2, 3, 4, 5, 6, 7, 8)), first=True, rejections={"no": (1, 5)}),
    "half a point": replace(chunk(), first=4.0),
}


@pytest.mark.parametrize("wrong", NOT_WHOLE.values(), ids=list(NOT_WHOLE))
def test_a_chunk_that_cannot_be_is_none(wrong: Chunk) -> None:
    assert chunk().is_whole
    assert not wrong.is_whole
    assert decode_chunk(wrong.encode()) is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"[1]",
        b"[" * 100_000,
        b"\xff\n",
        b'{"rows": Infinity}\n',
        b'{"first": 4, "last": 9, "rows": 0, "refused": []}\n',
        chunk().encode()[:-8],
        chunk().encode() + b"\0" * 8,
    ],
)
def test_what_is_no_chunk_is_none(content: bytes) -> None:
    """Whatever it is instead, and with a figure too few or too many."""
    assert decode_chunk(content) is None
