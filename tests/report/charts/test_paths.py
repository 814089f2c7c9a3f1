"""Lines of many points: nothing that was high or low is lost, nothing is drawn where there is no value."""

from __future__ import annotations

import re

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from engine.report.charts.frame import WIDTH
from engine.report.charts.paths import COLUMNS, kept_runs, line_path, picture_paths


def walked(path: str) -> list[list[tuple[int, int]]]:
    """The points of a path, one list for each of its parts."""
    parts = []
    for part in path.split("M")[1:]:
        start, _, moves = part.partition("l")
        numbers = [int(text) for text in re.findall(r"-?\d+", start)][:2]
        points = [(numbers[0], numbers[1])]
        steps = [int(text) for text in re.findall(r"-?\d+", moves)]
        for right, down in zip(steps[::2], steps[1::2], strict=True):
            points.append((points[-1][0] + right, points[-1][1] + down))
        parts.append(points)
    return parts


@given(st.lists(st.one_of(st.floats(-1e6, 1e6), st.just(float("nan"))), max_size=60), st.integers(1, 60))
def test_every_column_keeps_its_lowest_and_its_highest_value_and_no_row_without_a_value_is_drawn(
    few: list[float], times: int
) -> None:
    values = np.repeat(np.array(few), times)
    kept = np.concatenate([np.array([], dtype=np.int64), *kept_runs(values)])
    finite = np.flatnonzero(np.isfinite(values))
    assert set(kept.tolist()) <= set(finite.tolist())
    assert (np.diff(kept) > 0).all()
    for column in np.unique(finite * COLUMNS // max(len(values), 1)):
        inside = finite[finite * COLUMNS // len(values) == column]
        drawn = np.intersect1d(inside, kept)
        assert values[drawn].min() == values[inside].min()
        assert values[drawn].max() == values[inside].max()


def test_a_gap_breaks_the_line() -> None:
    values = np.array([1.0, 2.0, np.nan, 4.0, 5.0])
    assert [run.tolist() for run in kept_runs(values)] == [[0, 1], [3, 4]]
    long = np.arange(5000.0)
    long[2000:2100] = np.nan
    before, after = kept_runs(long)
    assert (before[0], before[-1], after[0], after[-1]) == (0, 1999, 2100, 4999)


def test_a_path_walks_through_its_points() -> None:
    assert walked(line_path(np.array([3, 5, 9]), np.array([10, 4, 4]))) == [[(3, 10), (5, 4), (9, 4)]]


def test_a_line_spans_the_picture_and_its_area_ends_at_the_base() -> None:
    values = np.linspace(0.0, 1.0, 3000)
    line, area = picture_paths(values, values, 400, base=400)
    (points,) = walked(line)
    assert points[0] == (0, 400)
    assert points[-1] == (WIDTH, 0)
    assert area == f"{line}L{WIDTH} 400H0Z"


def test_one_session_is_a_point_and_none_is_nothing() -> None:
    assert picture_paths(np.array([2.0]), np.array([0.5]), 100)[0] == "M0 50h0"
    assert picture_paths(np.array([np.nan]), np.array([np.nan]), 100) == ("", "")
