"""Two axes at once: every cell is held against sums over the table that are made here, row by row."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from engine.sweep.axis_maps import MAX_CELLS, MAX_LABELS, AxisMap, MapSide
from tests.support.sweeps import PLAN, swept
from tests.sweep.test_fair_sweeps import INCOMPLETE, WINDOWS, by_hand

WIDTH = 0.8662
"""The 80 % quantile of Student's t of 15 degrees of freedom, from a table."""


@pytest.fixture(scope="module")
def incomplete(tmp_path_factory: pytest.TempPathFactory):
    """A grid of which a quarter is no valid run, with bands at 60 %: its summary and its table."""
    folder = tmp_path_factory.mktemp("maps") / "small"
    plan = PLAN.replace("cap: 3%", "cap: 2.5%").replace("sweep:\n", "evidence: {level: 60%}\nsweep:\n")
    summary, _ = swept(INCOMPLETE, folder, plan)
    return summary, pq.read_table(folder / "results.parquet").to_pylist()


def has(row: dict, side: MapSide, at: int | None) -> bool:
    """Tell whether a variant belongs to a row or column of a map; to all of them where ``at`` is None."""
    if at is None:
        return True
    first, last = side.labels[at]
    value = row[side.name]
    return first in value.split() if side.held else first <= value <= last


def cell(one: AxisMap, rows: list[dict], down: int | None, across: int | None) -> np.ndarray:
    """Return the mean Sharpe ratio of the variants of a cell, then without each block; empty without any."""
    own = [row for row in rows if has(row, one.rows, down) and has(row, one.columns, across)]
    if not own:
        return np.array([])
    parts = [[row["sharpe"], *(by_hand(row, block) for block in range(16))] for row in own]
    return np.mean(parts, axis=0)


def test_every_cell_is_a_difference_of_means_with_its_own_noise(incomplete) -> None:
    """Of every map of an incomplete grid: sizes, names that baskets hold and weights beside months and caps."""
    summary, rows = incomplete
    assert len(summary.maps) == 12
    names = {side.name + " holds" * side.held for one in summary.maps for side in (one.rows, one.columns)}
    assert names == {"strategy.satellites holds", *summary.sweep.axes}
    beyond = [0, 0]
    for one in summary.maps:
        base = cell(one, rows, one.rows.baseline, one.columns.baseline)
        for down, values in enumerate(one.differences):
            for across, value in enumerate(values):
                own = cell(one, rows, down, across)
                if not own.size:
                    assert (value, one.within[down][across]) == (None, None)
                    continue
                apart = own - base
                assert value == pytest.approx(apart[0], abs=1e-12)
                error = np.sqrt(15 / 16 * np.sum((apart[1:] - apart[1:].mean()) ** 2))
                if abs(abs(apart[0]) - WIDTH * error) > 1e-3 * error:
                    assert one.within[down][across] == (abs(apart[0]) < WIDTH * error)
                    beyond[bool(one.within[down][across])] += 1
    assert min(beyond) > 5


def test_the_plan_s_own_cell_is_nothing_and_what_says_the_same_has_no_map(incomplete) -> None:
    """A basket beside its own size or one of its names would only repeat what the basket does."""
    summary, _ = incomplete
    for one in summary.maps:
        if one.rows.baseline is not None and one.columns.baseline is not None:
            assert one.differences[one.rows.baseline][one.columns.baseline] == 0.0
        plain = {side.name for side in (one.rows, one.columns) if not side.held}
        assert plain != {"strategy.satellites", "strategy.satellites.count"}
    assert (summary.maps[0].rows.name, summary.maps[0].columns.name) == (
        "strategy.satellites.weight",
        "strategy.rebalance.month",
    )


def test_many_numbers_are_put_into_groups(tmp_path: Path) -> None:
    """Of 81 weights a map has twenty groups, each from one to the last of them, and the plan's own is among them."""
    sweep = "\n  axes:\n    strategy.core.SIZE: {from: 5%, to: 25%, step: 0.25%}\n    strategy.cap: [3%, 4%]\n"
    summary, _ = swept(sweep, tmp_path / "small")
    (one,) = summary.maps
    rows = pq.read_table(tmp_path / "small" / "results.parquet").to_pylist()
    assert len(one.rows.labels) == 20
    assert (one.rows.labels[0][0], one.rows.labels[-1][1]) == (0.05, 0.25)
    low, high = one.rows.labels[one.rows.baseline]
    assert low <= 0.15 <= high
    assert all(before[1] < after[0] for before, after in zip(one.rows.labels, one.rows.labels[1:], strict=False))
    base = cell(one, rows, one.rows.baseline, one.columns.baseline)[0]
    assert one.differences[3][1] == pytest.approx(cell(one, rows, 3, 1)[0] - base, abs=1e-12)


def test_a_figure_without_block_sums_has_maps_without_noise(tmp_path: Path) -> None:
    """Differences of drawdowns stand there; what is noise among them, nothing says."""
    sweep = "\n  rank_by: max_drawdown\n  axes: {strategy.core.SIZE: [5%, 15%], strategy.rebalance.month: [january, june]}\n"
    summary, _ = swept(sweep, tmp_path / "small")
    (one,) = summary.maps
    assert {value for row in one.within for value in row} == {None}
    assert all(value is not None for row in one.differences for value in row)
    assert summary.plan_band is None


def test_an_axis_of_windows_has_no_map(tmp_path: Path) -> None:
    """Of three starts only the plan's is compared, so there is one column and nothing beside it."""
    summary, _ = swept(WINDOWS, tmp_path / "small")
    assert summary.maps == ()


def test_maps_have_no_more_cells_than_a_page_can_show(tmp_path: Path) -> None:
    """Of three axes of forty values each pair has 1,600 cells: the first fits, no second one; no draw is the plan's own."""
    axes = "".join(
        f"    strategy.satellites.{name}: {{from: 1%, to: 2.95%, step: 0.05%}}\n" for name in ("HD", "JNJ", "PG")
    )
    summary, _ = swept(f"\n  mode: {{kind: random, samples: 300, seed: 1}}\n  axes:\n{axes}", tmp_path / "small")
    assert [len(one.rows.labels) for one in summary.maps] == [MAX_LABELS]
    assert sum(len(one.rows.labels) * len(one.columns.labels) for one in summary.maps) <= MAX_CELLS
    (one,) = summary.maps
    rows = pq.read_table(tmp_path / "small" / "results.parquet").to_pylist()
    own = [row for row in rows if has(row, one.rows, 4) and has(row, one.columns, 3)]
    assert (one.rows.baseline, one.columns.baseline) == (None, None)
    whole = np.mean([row["sharpe"] for row in rows])
    found = one.differences[4][3]
    assert found == (pytest.approx(np.mean([row["sharpe"] for row in own]) - whole, abs=1e-12) if own else None)


def test_the_plan_s_own_noise_and_the_listed_share_of_names_are_those_counted_here(tmp_path: Path) -> None:
    """The band around the plan's Sharpe ratio from its row's block sums; the sample has QUAL from 2014 on."""
    plan = """
name: late
data: {source: {kind: sample}}
window: {start: 2008-01-02, end: 2016-12-30}
strategy: {kind: core_satellite, core: {HD: rest}, satellites: {JNJ: 2%, PG: 2%, QUAL: 2%}, cap: 3%}
sweep:
"""
    axes = "\n  axes: {strategy.satellites: {choose: 3, of: [JNJ, PG, QUAL, KO], weight: 2%}}\n"
    summary, _ = swept(axes, tmp_path / "small", plan)
    rows = pq.read_table(tmp_path / "small" / "results.parquet").to_pylist()
    own = next(row for row in rows if row["strategy.satellites"] == "JNJ PG QUAL")
    parts = np.array([by_hand(own, block) for block in range(16)])
    error = np.sqrt(15 / 16 * np.sum((parts - parts.mean()) ** 2))
    assert summary.plan_band == pytest.approx((own["sharpe"] - 2.131 * error, own["sharpe"] + 2.131 * error), abs=1e-12)
    shares = summary.sweep.listed
    assert (shares["JNJ"], shares["PG"], shares["KO"]) == (1.0, 1.0, 1.0)
    assert shares["QUAL"] == pytest.approx(
        (np.datetime64("2016-12-30") - np.datetime64("2014-01-02")) / np.timedelta64(3285, "D"), abs=0.002
    )


def test_the_order_in_which_axes_are_written_turns_a_map_and_changes_no_cell(tmp_path: Path) -> None:
    """Whatever the engine has as its slowest axis."""
    axes = [
        "    strategy.rebalance.month: [june, january, march]\n",
        "    costs: [{kind: none}, {kind: percent, rate: 0.1%}]\n",
    ]
    found = []
    for number, order in enumerate((axes, axes[::-1])):
        summary, space = swept("\n  axes:\n" + "".join(order), tmp_path / str(number))
        found.append((summary.maps[0], [axis.name for axis in space.axes]))
    (one, slow), (other, also) = found
    assert slow == also
    assert (one.rows, one.columns) == (other.columns, other.rows)
    assert np.array(one.differences) == pytest.approx(np.array(other.differences).T, abs=1e-14)
    assert np.array(one.within).T.tolist() == [list(row) for row in other.within]
