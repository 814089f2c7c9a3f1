"""Sweeps that nearly are none: figures equal up to rounding, figures nobody has, no valid point, axes half written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from engine.core.errors import ConfigError
from engine.report.sweep.histogram import HISTOGRAM_BINS, count_bins, draw_histogram, value_range
from engine.report.sweep.page import worst_variants
from engine.report.sweep.terminal import print_sweep
from engine.sweep.config import RANKING_SIGNS
from engine.sweep.finished_sweep import read_sweep
from tests.support.sweeps import PLAN, digest, spanned, swept

SHORT = PLAN.replace("end: 2021-12-30", "end: 2018-01-04").replace("{kind: percent, rate: 0.1%}", "{kind: none}")
BAND = PLAN.replace("  cap: 3%", "  cap: 3%\n  rebalance: {kind: band, absolute: 5%}\n  funding: flows_first").replace(
    "costs:", "account: {contributions: {amount: 100}}\ncosts:"
)


def message(sweep: str, plan: str = PLAN) -> str:
    with pytest.raises(ConfigError) as caught:
        spanned(sweep, plan)
    return str(caught.value)


@pytest.mark.parametrize(
    "axis",
    [
        "account.capital: [100000, 100000.000001]",
        "window.start: [2018-01-02, 2018-01-03, 2018-01-05]",
        "account.capital: [50000, 100000, 200000]",
    ],
)
def test_figures_that_are_equal_up_to_rounding_fall_in_one_bin(axis: str, tmp_path: Path) -> None:
    summary, _ = swept(f"\n  axes: {{{axis}}}\n", tmp_path / "small")
    folder = read_sweep(tmp_path / "small")
    for metric in RANKING_SIGNS:
        values = folder.metric(metric)
        bounds = value_range(values)
        if bounds is None:
            assert draw_histogram(values, metric, summary.standings, None) is None
            continue
        known = values[np.isfinite(values)]
        same = np.ptp(known) <= 1e-9 * np.abs(known).max()
        counts = count_bins(values, bounds)[0]
        assert len(counts) == (1 if same else HISTOGRAM_BINS), metric
        assert counts.sum() == len(known)
        assert draw_histogram(values, metric, summary.standings, None).chart.count('class="bin"') == len(counts)


def test_the_extent_of_values_has_no_width_below_a_billionth_of_them() -> None:
    assert value_range(np.array([1.0, 1.0 + 1e-10])).width == 0.0
    assert value_range(np.array([-1.0, 1e-12, np.nan])).width == 1.0 + 1e-12
    assert value_range(np.array([0.0, 0.0])).width == 0.0
    assert value_range(np.array([1e-15, 3e-15])).width == 3e-15 - 1e-15
    assert value_range(np.array([np.nan])) is None
    assert value_range(np.array([2.0, np.inf, 4.0])).high == 4.0


def test_a_figure_that_no_variant_has_is_dashes_and_a_line_that_says_so(tmp_path: Path, capsys) -> None:
    """Over three sessions without a loss there is no Calmar; JSON knows no NaN."""
    found, space = swept("\n  rank_by: calmar\n  axes: {strategy.core.SIZE: [5%, 10%]}\n", tmp_path / "small", SHORT)
    assert (found.ranked_count, found.best, found.worst) == (0, (), ())
    assert not found.maps
    print_sweep(found, space, tmp_path / "small", tried=0)
    told = " ".join(capsys.readouterr().out.split())
    assert "No variant has calmar: their windows are too short or too calm for it; none is ranked" in told
    assert "Best variants" not in told
    assert "No variant has this figure." in (tmp_path / "small" / "report.html").read_text()


def test_variants_ranked_by_a_cap_that_none_has_say_so(tmp_path: Path) -> None:
    first, _, rest = PLAN.partition("  kind: core_satellite\n")
    plan = first + "  kind: fixed_mix\n  weights: {QUAL: 50%, SIZE: 5%}\n" + rest[rest.index("costs:") :]
    found, _ = swept("\n  rank_by: max_weight\n  axes: {strategy.weights.SIZE: [5%, 10%]}\n", tmp_path / "small", plan)
    assert found.warnings[1].startswith("No variant has max_weight: nothing in them has a cap")


def test_the_best_of_few_variants_are_not_printed_as_the_worst_too(tmp_path: Path, capsys) -> None:
    found, space = swept("\n  axes: {strategy.core.SIZE: {from: 5%, to: 16%, step: 1%}}\n", tmp_path / "small")
    print_sweep(found, space, tmp_path / "small", tried=0)
    told = capsys.readouterr().out
    ids = [f"{one.id} " for one in found.best]
    assert len(ids) == 12
    assert [told.count(one) for one in ids[1:]] == [1] * 11
    assert "Worst variants" in told
    read = read_sweep(tmp_path / "small")
    assert (len(read.summary.best), worst_variants(read)) == (12, [])


REFUSED = {
    "strategy.core.SIZE: {from: 5, to: 25, step: 5}": "none of 5 values is valid; strategy.core.SIZE: 5 could mean 5% or 5 times the whole; write 5% or 0.05",
    "strategy.core.SIZE: [nan, inf]": "none of 2 values is valid; strategy.core.SIZE: 'nan' is not a number",
    "strategy: [a, b]": "write {kind: a}",
    "strategy.satellites: {choose: 3, of: [HD, JNJ, PG], weight: [abc]}": "the only value is not valid; strategy.satellites.HD: 'abc' is not a number",
    "strategy.satellites: {choose: 3, of: [QUAL, HD, JNJ], weight: 2%}": "the only value is not valid; ",
    "strategy.rebalance.month: [jan, feb]": "none of 2 values is valid; ",
    "strategy.cap: [1%, 2%], strategy.core.SIZE: [5%]": "sweep.axes.strategy.cap: none of 2 values is valid; ",
}


@pytest.mark.parametrize("axis", REFUSED)
def test_an_axis_of_which_no_value_is_valid_is_a_fault_of_the_config(axis: str) -> None:
    told = message("\n  axes: {" + axis + "}\n")
    assert told.startswith("sweep.yaml:13: sweep.axes.strategy")
    assert REFUSED[axis] in told
    assert len(told.splitlines()) == 1
    assert len(told) < 1000


@pytest.mark.parametrize(
    "axis",
    ["costs.spread: [5, {rest: 2, HDD: 0.1%}]", "costs: [{kind: none}, {kind: none, spread: {rest: 2, HDD: 1}}]"],
)
def test_a_spread_of_a_name_that_no_variant_holds_is_a_fault_of_its_axis(axis: str) -> None:
    """It would be charged as the rest, in silence."""
    key = axis.partition(":")[0]
    told = message("\n  axes: {" + axis + "}\n")
    assert told == f"sweep.yaml:13: sweep.axes.{key}.HDD: the plan has no asset 'HDD'; did you mean 'HD'?"


BY_NAME = PLAN.replace("rate: 0.1%}", "rate: 0.1%, spread: {HD: 3, rest: 2}}")


def test_the_spread_of_one_name_is_an_axis() -> None:
    told = message("\n  axes: {costs.spread.HDD: [1, 2]}\n", plan=BY_NAME)
    assert told.endswith("costs.spread has no key 'HDD' in this config; did you mean 'HD'?")
    assert spanned("\n  axes: {costs.spread.HD: [1, 2 bp]}\n", plan=BY_NAME)[2].sizes == (2,)


def test_axes_that_are_valid_only_together_are_left_alone() -> None:
    _, _, space = spanned(
        "\n  axes: {strategy.cap: [1%, 2%], strategy.satellites: {choose: 3, of: [HD, JNJ, PG], weight: 1%}}\n"
    )
    assert space.sizes == (1, 2)


def test_axes_of_which_no_combination_is_valid_are_named_together() -> None:
    told = message("\n  axes: {strategy.core.SIZE: [50%], strategy.core.QUAL: [50%, 60%]}\n")
    assert "sweep.axes: no combination of strategy.core.SIZE, strategy.core.QUAL is valid; strategy" in told


def test_a_sweep_without_one_valid_point_says_why_and_leaves_what_was_there(tmp_path: Path) -> None:
    """Only the whole config tells: a band waits for flows, and no variant has any."""
    folder = tmp_path / "small"
    swept("\n  axes: {account.contributions.amount: [100, 200]}\n", folder, BAND)
    before = {path.name: digest(path) for path in folder.iterdir()}
    empty = "\n  axes:\n    account.contributions.amount: [0]\n    strategy.core.SIZE: [5%, 10%]\n"
    for resume in (False, True):
        with pytest.raises(ConfigError) as caught:
            swept(empty, folder, BAND, resume=resume)
        assert str(caught.value).startswith(
            "sweep.yaml:16: sweep.axes: none of 2 points is a valid run; 2: strategy.funding: "
        )
        assert {path.name: digest(path) for path in folder.iterdir()} == before


def test_a_sweep_that_prices_refuse_everywhere_leaves_no_folder(tmp_path: Path) -> None:
    plan = PLAN.replace("window: {start: 2018-01-02, end: 2021-12-30}", "window: {start: 2018-01-02}")
    with pytest.raises(ConfigError, match="none of 2 points is a valid run"):
        swept("\n  axes: {window.start: [2180-01-02, 2180-01-03]}\n", tmp_path / "small", plan)
    assert not (tmp_path / "small").exists()
    (tmp_path / "small").mkdir()  # it is the user's then
    with pytest.raises(ConfigError, match="none of 2 points is a valid run"):
        swept("\n  axes: {window.start: [2180-01-02, 2180-01-03]}\n", tmp_path / "small", plan)
    assert not list((tmp_path / "small").iterdir())


ALL = {
    "strategy.rebalance.kind": "`all` knows only 'annual' here; write a list of mappings at strategy.rebalance",
    "costs.kind": "`all` knows only 'percent' here; write a list of mappings at costs",
}


@pytest.mark.parametrize("name", ALL)
def test_all_kinds_are_more_than_the_one_that_the_plan_has(name: str) -> None:
    assert ALL[name] in message("\n  axes: {" + name + ": all}\n")


LONG = "9" * 500
WRITTEN = {
    "strategy.core.SIZE: 5%": "'5%' is no list of values; write a list, as [5%, 10%], or {from, to, step}",
    "strategy.core.SIZE: ": "no values; write a list, as [5%, 10%], or {from, to, step}",
    "strategy.satellites: {choose: [3]}": "sweep.axes.strategy.satellites.of: key 'of' is missing",
    "account.capital: {from: 1000, to: 100000}": "add step, as {from: 1000, to: 100000, step: 9900}",
    "strategy.core.SIZE: {from: 5%, to: 25%}": "add step, as {from: 5%, to: 25%, step: 2%}",
    "strategy.satellites: {choose: 3, of: [HD, JNJ, PG], weight: [2%, 0.02]}": "weight: a value stands there twice",
    f"strategy.core.SIZE: {{from: 1%, to: {LONG}%, step: 1%}}": "is too long; write at most 20 digits",
    f"strategy.core.SIZE: [{LONG}, {LONG}%]": "is too large; write a number up to 1e15",
    f"strategy.core.SIZE: [{LONG[:400]}x, {LONG[:400]}x]": "stands there twice; write each value once",
}


@pytest.mark.parametrize("axis", WRITTEN)
def test_an_axis_that_is_half_written_says_how_to_end_it(axis: str) -> None:
    told = message("\n  axes:\n    " + axis + "\n")
    assert WRITTEN[axis] in told
    assert all(len(line) < 400 for line in told.splitlines())


def test_a_rank_that_is_misspelt_and_a_seed_that_is_too_large_are_told_so() -> None:
    axes = "  axes: {strategy.core.SIZE: [5%]}\n"
    assert "found 'sharp'; did you mean 'sharpe'?" in message("\n  rank_by: sharp\n" + axes)
    seed = message("\n  mode: {kind: random, samples: 5, seed: 99999999999999999999}\n" + axes)
    assert "'99999999999999999999' is too large; write a number up to 1e15" in seed


def test_hours_that_are_few_are_minutes() -> None:
    wide = "\n  axes: {account.capital: {from: 1, to: 10000, step: 1}, strategy.core.SIZE: {from: 0.01%, to: 50%, step: 0.01%}}\n"
    assert "= 50,000,000 points, about 17 minutes at 50,000 a second" in message(wide)
