"""Scales: every value is inside, ticks are round and inside, bits do not depend on the processor."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.report.charts.labels import spread
from engine.report.charts.scales import Scale, date_ticks, fit_scale

NUMBERS = st.floats(-1e9, 1e9).filter(lambda x: x == 0.0 or abs(x) > 1e-9)


@given(st.lists(NUMBERS, min_size=1, max_size=20), st.booleans(), st.one_of(st.none(), st.sampled_from([0.0, 1.0])))
def test_every_value_and_the_anchor_stand_inside(values: list[float], log: bool, anchor: float | None) -> None:
    log = log and min(values) > 0.0 and anchor != 0.0
    scale = fit_scale([np.array(values)], log=log, anchor=anchor)
    seen = np.array([*values, *([] if anchor is None else [anchor])])
    fractions = scale.fractions(seen)
    assert ((fractions >= -1e-12) & (fractions <= 1.0 + 1e-12)).all()
    ticks = scale.ticks(5)
    assert all(scale.low - 1e-9 * abs(scale.low) <= one <= scale.high + 1e-9 * abs(scale.high) for one in ticks)
    assert 1 <= len(ticks) <= 40


def test_ticks_are_round() -> None:
    assert Scale(0.0, 0.11).ticks(5) == pytest.approx([0.0, 0.025, 0.05, 0.075, 0.1])
    assert Scale(70_016.0, 1_000_000.0, log=True).ticks(6) == [
        100_000.0,
        150_000.0,
        200_000.0,
        300_000.0,
        500_000.0,
        700_000.0,
        1_000_000.0,
    ]
    assert Scale(1.0, 1.2, log=True).ticks(4) == pytest.approx([1.0, 1.05, 1.1, 1.15, 1.2])


def test_an_anchor_at_the_end_is_the_end() -> None:
    scale = fit_scale([np.array([-0.5, -0.1])], anchor=0.0)
    assert scale.high == 0.0
    assert scale.low < -0.5


def test_long_windows_are_marked_by_years_and_short_ones_by_months_or_their_ends() -> None:
    days = np.arange(np.datetime64("2004-02-02"), np.datetime64("2025-11-01"))
    assert [text for _, text in date_ticks(days)] == ["2005", "2010", "2015", "2020", "2025"]
    assert all(str(days[row]).endswith("01-01") for row, _ in date_ticks(days))
    assert [text for _, text in date_ticks(days[:300])] == ["2004-03", "2004-05", "2004-07", "2004-09", "2004-11"]
    assert date_ticks(days[:5]) == [(0, "2004-02-02"), (4, "2004-02-06")]
    assert date_ticks(days[:1]) == [(0, "2004-02-02")]


@given(st.lists(st.floats(0.0, 1.0), max_size=5), st.sampled_from([0.05, 0.11, 0.15]))
def test_labels_keep_their_distance_and_stay_inside(fractions: list[float], gap: float) -> None:
    stacks = spread(fractions, gap)
    assert sorted(which for members, _ in stacks for which in members) == list(range(len(fractions)))
    places = [centre + gap * ((len(members) - 1) / 2 - k) for members, centre in stacks for k in range(len(members))]
    assert all(one - other >= gap - 1e-9 for one, other in pairwise(places))
    assert all(gap / 2 - 1e-9 <= one <= 1.0 - gap / 2 + 1e-9 for one in places)
