"""Packed series: what is read back is what was packed, to the step; the same bytes every time."""

from __future__ import annotations

import base64
import gzip
import json
import re

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from engine.core.arrays import FloatArray
from engine.report.charts.packed_data import PackedSeries, packed_data

DAYS = np.arange(np.datetime64("2020-01-01"), np.datetime64("2021-01-01"))
STEPS = {"level": 1e-8, "share": 2e-5, "number": 1e-7}


def unpacked(page: str) -> dict[str, tuple[FloatArray, FloatArray]]:
    """Days and values of each series, read by a second hand."""
    meta = json.loads(re.search(r'id="meta">(.*?)</script>', page)[1])
    raw = gzip.decompress(base64.b64decode(re.search(r'id="data">(.*?)</script>', page)[1]))
    at = 0

    def read(size: int, planes: int) -> list[int]:
        nonlocal at
        block = raw[at : at + size * planes]
        at += size * planes
        return [sum(block[k * size + i] << (8 * k) for k in range(planes)) for i in range(size)]

    grids = [one["first"] + np.cumsum(read(one["count"], 2)) for one in meta["grids"]]
    found = {}
    for one in meta["series"]:
        steps = [-(code + 1) // 2 if code % 2 else code // 2 for code in read(one["count"], one["planes"])]
        values = np.cumsum(steps) * STEPS[one["kind"]]
        values = meta["capital"] * np.exp(values) if one["kind"] == "level" else values
        found[one["name"]] = grids[one["grid"]][one["from"] : one["from"] + one["count"]], values
    assert at == len(raw)
    return found


@given(
    st.lists(st.floats(1e-3, 1e12), min_size=1, max_size=60),
    st.lists(st.floats(0.0, 1.0), min_size=1, max_size=60),
    st.lists(st.floats(-1e4, 1e4), min_size=1, max_size=60),
    st.integers(0, 200),
)
def test_series_of_every_kind_come_back_to_half_a_step(
    levels: list[float], shares: list[float], numbers: list[float], late: int
) -> None:
    series = []
    for name, values in (("level", levels), ("share", shares), ("number", numbers)):
        column = np.full(len(DAYS), np.nan)
        column[late : late + len(values)] = values
        series.append(PackedSeries(name, name, DAYS, column, name))
    found = unpacked(packed_data(series, capital=1000.0))
    for name, values in (("level", levels), ("share", shares), ("number", numbers)):
        days, read = found[name]
        assert days.tolist() == DAYS[late : late + len(values)].view(np.int64).tolist()
        away = np.log(read / np.array(values)) if name == "level" else read - np.array(values)
        assert np.abs(away).max() <= STEPS[name] * 0.5000001 + 1e-9 * STEPS[name] * np.abs(values).max()


def test_a_series_with_sessions_missing_in_between_has_days_of_its_own() -> None:
    column = np.full(len(DAYS), np.nan)
    column[[0, 7, 14]] = [100.0, 110.0, 120.0]
    whole = PackedSeries("all", "all", DAYS, np.full(len(DAYS), 100.0))
    found = unpacked(packed_data([whole, PackedSeries("weekly", "weekly", DAYS, column)], capital=100.0))
    assert found["weekly"][0].tolist() == DAYS[[0, 7, 14]].view(np.int64).tolist()
    assert len(found["all"][0]) == len(DAYS)


def test_a_level_of_zero_ends_the_series_and_is_said() -> None:
    column = np.array([100.0, 50.0, 0.0, 0.0])
    page = packed_data([PackedSeries("spent", "spent", DAYS[:4], column)], capital=100.0)
    assert '"spent":true' in page
    assert len(unpacked(page)["spent"][1]) == 2


def test_no_name_ends_the_element_and_the_bytes_are_the_same_twice() -> None:
    series = [PackedSeries("</script><b>&", "x", DAYS, np.full(len(DAYS), 5.0))]
    page = packed_data(series, capital=5.0)
    assert page == packed_data(series, capital=5.0)
    assert page.count("</script>") == 2
    assert "</script><b>&" in unpacked(page)
