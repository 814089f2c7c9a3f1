"""Variants are ranked over the plan's own sessions only, and effects are distances from one baseline, with their noise."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from engine import composition
from engine.analysis.summation import block_ends
from engine.backtest.workflow import run_backtest
from engine.core.yaml_document import parse_document
from engine.report.sweep.page import build_sweep_report
from engine.report.sweep.terminal import print_sweep
from engine.sweep.batch.batch_metrics import block_sums
from engine.sweep.noise_band import BlockFigure, standard_error
from engine.sweep.variants import PointConfigs
from tests.support.sweeps import PLAN, QUICK, ROOT, spanned, swept

INCOMPLETE = """
  axes:
    strategy.satellites: {choose: [3, 4], of: [HD, JNJ, PG, UNH], weight: [2%, 3%]}
    strategy.cap: [2.5%, 3%]
    strategy.rebalance.month: [june, january, march]
"""
WINDOWS = """
  rank_by: cagr
  axes:
    window.start: [2018-01-02, 2019-01-02, 2020-01-02]
    strategy.core.SIZE: [5%, 15%, 25%]
"""
LATE_BENCHMARK = """
name: late
data: {source: {kind: sample}}
window: {start: START, end: 2016-12-30}
strategy: {kind: fixed_mix, weights: {HD: 60%, JNJ: 40%}, rebalance: {kind: annual, month: january}}
compare: {benchmarks: [JNJ, {name: late, kind: buy_and_hold, weights: {QUAL: 100%}}]}
sweep:
"""
"""A plan before its sweep, beside a benchmark that lists in 2013."""


@pytest.fixture(scope="module")
def incomplete(tmp_path_factory: pytest.TempPathFactory):
    """A grid of which a quarter is no valid run: its summary and its table."""
    folder = tmp_path_factory.mktemp("incomplete") / "small"
    summary, _ = swept(INCOMPLETE, folder, PLAN.replace("cap: 3%", "cap: 2.5%"))  # so that baselines are missing, too
    return summary, pq.read_table(folder / "results.parquet").to_pylist()


@pytest.fixture(scope="module")
def windowed(tmp_path_factory: pytest.TempPathFactory):
    """A sweep over three starts: its summary, its space, its folder."""
    folder = tmp_path_factory.mktemp("windows") / "small"
    return *swept(WINDOWS, folder), folder


def by_hand(row: dict, without: int, metric: str = "sharpe") -> float:
    """Return a variant's Sharpe or volatility from its block sums, without one block."""
    n = row["sessions"] - 1
    sizes = np.diff([0, *block_ends(n)])
    kept = [block for block in range(16) if block != without]
    count, s, q = (
        sum(sizes[b] for b in kept),
        sum(row[f"return_sum_{b:02d}"] for b in kept),
        sum(row[f"square_sum_{b:02d}"] for b in kept),
    )
    deviation = np.sqrt((q - s * s / count) / (count - 1))
    return float((deviation if metric == "volatility" else s / count / deviation) * np.sqrt(252.0))


def test_effects_are_means_over_the_pairs_that_are_both_there(incomplete) -> None:
    """Every axis of an incomplete grid, pair by pair in plain Python: effect, how many pairs, and the band."""
    summary, rows = incomplete
    assert summary.sweep.refused == 15
    names = ["strategy.satellites", "strategy.satellites.weight", "strategy.cap", "strategy.rebalance.month"]
    plan = {"strategy.satellites": "HD JNJ PG", "strategy.satellites.weight": 0.02, "strategy.cap": 0.025}
    plan["strategy.rebalance.month"] = "january"
    known = {tuple(row[name] for name in names): row for row in rows}
    for at, name in enumerate(names):
        found = summary.effects[name]
        assert (found.baseline, found.matched) == (plan[name], True)
        for value in found.values:
            pairs = [
                (row, known[(*key[:at], plan[name], *key[at + 1 :])])
                for key, row in known.items()
                if key[at] == value.label and (*key[:at], plan[name], *key[at + 1 :]) in known
            ]
            assert value.pairs == len(pairs)
            if value.label == plan[name]:
                assert (value.effect, value.band) == (0.0, None)
                continue
            assert value.effect == pytest.approx(np.mean([a["sharpe"] - b["sharpe"] for a, b in pairs]), abs=1e-13)
            parts = [np.mean([by_hand(a, block) - by_hand(b, block) for a, b in pairs]) for block in range(16)]
            error = np.sqrt(15 / 16 * np.sum((np.array(parts) - np.mean(parts)) ** 2))
            assert value.band == pytest.approx((value.effect - 2.131 * error, value.effect + 2.131 * error), abs=1e-12)


def test_what_cannot_be_matched_is_a_difference_of_means_and_says_so(incomplete) -> None:
    """The size of a basket and a name in it have no pair that differs in nothing else."""
    summary, rows = incomplete
    counts, names = summary.effects["strategy.satellites.count"], summary.effects["strategy.satellites holds"]
    sharpe = np.array([row["sharpe"] for row in rows])
    size = np.array([row["strategy.satellites.count"] for row in rows])
    assert (counts.matched, names.matched, names.baseline) == (False, False, None)
    four = {one.label: one for one in counts.values}[4.0]
    assert four.effect == pytest.approx(sharpe[size == 4].mean() - sharpe[size == 3].mean(), abs=1e-13)
    holds = np.array(["UNH" in row["strategy.satellites"].split() for row in rows])
    unh = {one.label: one for one in names.values}["UNH"]
    assert unh.effect == pytest.approx(sharpe[holds].mean() - sharpe[~holds].mean(), abs=1e-13)
    assert unh.band is not None


@pytest.mark.parametrize(("metric", "best"), [("sharpe", max), ("volatility", min)])
def test_who_is_near_the_best_is_counted_variant_by_variant(metric: str, best, tmp_path: Path) -> None:
    """The distance from the best, held against the noise of just that difference; by value as many in all."""
    weights = ", ".join(f"{{HD: {100 - share}%, JNJ: {share}%}}" for share in (1, 2, 5, 10, 50, 99))
    sweep = f"\n  rank_by: {metric}\n  axes: {{strategy.weights: [{weights}]}}\n"
    mix = "strategy: {kind: fixed_mix, weights: {HD: 60%, JNJ: 40%}}\n"
    summary, _ = swept(sweep, tmp_path / "small", re.sub(r"(?s)strategy:.*?(?=costs)", mix, PLAN))
    rows = pq.read_table(tmp_path / "small" / "results.parquet").to_pylist()
    first = best(rows, key=lambda row: row[metric])
    near = 0
    for row in rows:
        apart = np.array([by_hand(row, block, metric) - by_hand(first, block, metric) for block in range(16)])
        error = np.sqrt(15 / 16 * np.sum((apart - apart.mean()) ** 2))
        near += abs(first[metric] - row[metric]) <= 2.131 * error
    assert summary.near_best == near
    assert sum(one.near_best for one in summary.effects["strategy.weights"].values) == near
    assert summary.best[0].near_best
    assert metric == "sharpe" or 0 < near < len(rows)


def test_points_that_were_sampled_are_unmatched(tmp_path: Path) -> None:
    """Of points drawn at random no two differ in one axis alone but by luck."""
    sweep = INCOMPLETE.replace("  axes:", "  mode: {kind: random, samples: 12, seed: 3}\n  axes:", 1)
    summary, _ = swept(sweep, tmp_path / "small")
    assert not any(one.matched for one in summary.effects.values())


def test_variants_of_other_windows_are_not_ranked(windowed) -> None:
    """Six of nine begin later: best, worst, distribution, ranks and effects are of the three with the plan's sessions."""
    summary, space, folder = windowed
    assert (summary.sweep.variants, summary.sweep.compared, summary.ranked_count) == (9, 3, 3)
    assert {one.parameters["window.start"] for one in (*summary.best, *summary.worst)} == {"2018-01-02"}
    assert len(summary.best) == 3
    table = pq.read_table(folder / "results.parquet").to_pylist()
    own = [row["cagr"] for row in table if str(row["start"]) == "2018-01-02"]
    assert (summary.distribution["cagr"]["least"], summary.distribution["cagr"]["most"]) == (min(own), max(own))
    assert max(row["cagr"] for row in table) > max(own)  # else this would show nothing
    assert [one.count for one in summary.effects["strategy.core.SIZE"].values] == [1, 1, 1]
    assert [one.effect for one in summary.effects["window.start"].values] == [0.0, None, None]
    assert "Windows differ: 6 of 9 variants" in "\n".join(summary.warnings)
    assert space.sweep.rank_by == "cagr"


def test_each_window_shows_the_plan_beside_its_own_buy_and_hold(windowed) -> None:
    """The figures are those of the plan run in that window by hand."""
    summary, _, _ = windowed
    assert [one.parameters["window.start"] for one in summary.windows] == ["2018-01-02", "2019-01-02", "2020-01-02"]
    assert [one.variants for one in summary.windows] == [3, 3, 3]
    plan = PLAN.replace("sweep:\n", "").replace("2018-01-02", "2019-01-02")
    done = composition.validate_run(parse_document(plan, "plan.yaml"))
    run = run_backtest(done, intervals=False)
    found = summary.windows[1]
    assert found.figures["strategy"]["cagr"] == run.comparison.strategy.metrics["cagr"]
    assert found.figures["buy_and_hold"]["cagr"] == run.comparison.portfolios["buy_and_hold"].metrics["cagr"]
    assert found.cagr_difference["buy_and_hold"] == run.comparison.versus["buy_and_hold"].cagr_difference
    assert not summary.other_sessions  # these are the windows that are shown


def test_without_a_variant_of_the_plan_s_window_nothing_is_ranked(tmp_path: Path, capsys) -> None:
    """Windows that are all others than the plan's: shown side by side, no best, said on terminal and page."""
    summary, space = swept(WINDOWS.replace("2018-01-02, ", ""), tmp_path / "small")
    assert (summary.sweep.compared, summary.best, summary.worst, summary.near_best) == (0, (), (), None)
    print_sweep(summary, space, tmp_path / "small", tried=0)
    said = " ".join(capsys.readouterr().out.split())
    assert "no variant has the plan's, so nothing is ranked" in said
    assert "2019-01-02" in said
    assert "Window by window" in build_sweep_report(tmp_path / "small").read_text()


def test_names_that_delay_the_start_are_listed_apart(tmp_path: Path) -> None:
    """A plan that holds what lists later begins later than the others: its figures are of other sessions."""
    plan = """
name: late
data: {source: {kind: sample}}
window: {start: 1999-01-04, end: 2016-12-30}
strategy: {kind: fixed_mix, weights: {HD: 60%, JNJ: 40%}, rebalance: {kind: annual, month: january}}
sweep:
"""
    axes = "\n  axes: {strategy.weights: [{HD: 60%, JNJ: 40%}, {HD: 50%, JNJ: 50%}, {QUAL: 60%, SIZE: 40%}]}\n"
    summary, _ = swept(axes, tmp_path / "late", plan)
    assert (summary.sweep.variants, summary.sweep.compared) == (3, 2)
    (other,) = summary.other_sessions
    assert (other.variants, other.example["strategy.weights"]) == (1, "{QUAL: 60%, SIZE: 40%}")
    assert other.window.start > "2013"
    assert summary.sweep.names == ("HD", "JNJ", "QUAL", "SIZE")


def test_hindsight_is_said_of_the_names_that_were_swept(incomplete) -> None:
    """Four names were tried, the plan names three: the four are said, once."""
    summary, _ = incomplete
    assert summary.sweep.names == ("HD", "JNJ", "PG", "UNH")
    said = [one for one in summary.warnings if one.startswith("Hindsight")]
    assert len(said) == 1
    assert "4 names were tried (HD, JNJ, PG, UNH)" in said[0]


def test_the_plan_s_own_values_are_found_however_they_are_written() -> None:
    """0.15 is 15 %, January is january, a basket has no order; where the plan's is not there, the first stands in."""
    _, plan, space = spanned(
        "\n  axes:\n    strategy.core.SIZE: [0.1, 0.15]\n    strategy.rebalance.month: [June, January]\n"
        "    strategy.satellites: [{HD: 2%, JNJ: 2%, PG: 2%}, {PG: 2.5%, HD: 2.5%, JNJ: 2.5%}]\n    strategy.cap: [4%, 5%]\n"
    )
    found = dict(zip((axis.name for axis in space.axes), PointConfigs(plan, space).plan_values(), strict=True))
    assert found == {
        "strategy.core.SIZE": 1,
        "strategy.rebalance.month": 1,
        "strategy.satellites": 1,
        "strategy.cap": 0,
    }


def test_the_quickstart_s_effects_are_those_computed_elsewhere(shared_data: Path, tmp_path: Path) -> None:
    """Effects, standard errors, who is near the best, the plan's distance from it and the names, by another program."""
    oracles = json.loads((shared_data / "oracles" / "report.json").read_text())
    prefix = "sweep/quickstart/"
    text = QUICK.read_text()
    plan, _, sweep = text.partition("sweep:\n")
    summary, _ = swept(sweep, tmp_path / "quick", plan + "sweep:\n")
    errors = 0
    for key, oracle in oracles.items():
        if not key.startswith((prefix + "effect/", prefix + "se/")):
            continue
        kind, name, label = key.removeprefix(prefix).split("/")
        values = {str(one.label): one for one in summary.effects[name].values}
        found = values[label].effect if kind == "effect" else (values[label].band[1] - values[label].effect) / 2.131
        assert found == pytest.approx(oracle["value"], abs=1e-10), key
        errors += kind == "se"
    assert errors == 6
    assert summary.near_best == oracles[prefix + "near_best/count"]["value"]
    assert " ".join(summary.sweep.names) == oracles[prefix + "swept_names"]["value"]
    best = summary.best[0]
    assert best.figures["sharpe"] == pytest.approx(oracles[prefix + "best/sharpe"]["value"], abs=1e-10)
    assert -best.difference == pytest.approx(oracles[prefix + "plan_minus_best/effect"]["value"], abs=1e-10)
    width = (best.band[1] - best.band[0]) / 2.0 / 2.131
    assert width == pytest.approx(oracles[prefix + "plan_minus_best/se"]["value"], abs=1e-10)


def test_the_noise_of_a_difference_is_that_computed_elsewhere(shared_data: Path) -> None:
    """The plan of the article against buy and hold, the market and small caps: effect and standard error of Sharpe."""
    oracles = json.loads((shared_data / "oracles" / "report.json").read_text())
    source = ["data.source.kind=files", f"data.source.path={shared_data / 'prices.parquet'}"]
    run = run_backtest(composition.load_run(ROOT / "configs" / "us_small_caps.yaml", source), intervals=False)
    portfolios = run.comparison.portfolios
    figure = BlockFigure.of("sharpe", portfolios["strategy"].performance)
    assert figure.counts.tolist() == oracles["noise/block_sizes"]["value"]

    def of(name: str) -> np.ndarray:
        sums, squares = block_sums(portfolios[name].performance)
        return figure.without_each_block(sums[:, None], squares[:, None])[:, 0]

    for other in ("buy_and_hold", "SPY", "IWM"):
        effect = portfolios["strategy"].metrics["sharpe"] - portfolios[other].metrics["sharpe"]
        error = float(standard_error(of("strategy") - of(other)))
        for name, found in (("effect", effect), ("se", error), ("t", effect / error)):
            oracle = oracles[f"noise/sharpe_difference/{other}/{name}"]
            assert found == pytest.approx(oracle["value"], abs=oracle["tol"]), (other, name)


def test_a_portfolio_of_other_sessions_has_no_rank_and_a_short_window_is_said(tmp_path: Path, capsys) -> None:
    """A benchmark that lists later than the plan begins is shown without a rank; months are not a yearly figure."""
    sweep = "\n  rank_by: cagr\n  axes: {strategy.rebalance.month: [january, june], window.start: [2012-01-03, 2016-06-01]}\n"
    summary, space = swept(sweep, tmp_path / "ranks", LATE_BENCHMARK.replace("START", "2012-01-03"))
    ranks = {name: one["cagr"] for name, one in summary.standings.items()}
    assert ranks["strategy"].rank is not None
    assert ranks["JNJ"].rank is not None
    assert ranks["late"].value is not None
    assert ranks["late"].rank is None
    print_sweep(summary, space, tmp_path / "ranks", tried=0)
    assert "1 window of under a year" in " ".join(capsys.readouterr().out.split())


def test_a_level_of_evidence_is_that_of_the_bands(tmp_path: Path) -> None:
    """At 99 % a band reaches 2.947 standard errors to each side, at 95 % 2.131."""
    sweep = "\n  axes: {strategy.core.SIZE: [5%, 15%]}\n"
    usual, _ = swept(sweep, tmp_path / "usual")
    wide, _ = swept(sweep, tmp_path / "wide", PLAN.replace("sweep:\n", "evidence: {level: 99%}\nsweep:\n"))
    reach = [one.effects["strategy.core.SIZE"].values[0] for one in (usual, wide)]
    widths = [value.band[1] - value.effect for value in reach]
    assert widths[1] / widths[0] == pytest.approx(2.9467 / 2.131, rel=1e-4)


def test_what_is_no_function_of_block_sums_has_no_band_and_says_so(tmp_path: Path, capsys) -> None:
    """A drawdown depends on the order of days: its effects stand without a band, nobody is called near the best."""
    summary, space = swept("\n  rank_by: max_drawdown\n  axes: {strategy.core.SIZE: [5%, 15%]}\n", tmp_path / "small")
    first = summary.effects["strategy.core.SIZE"].values[0]
    assert first.effect is not None
    assert (first.band, summary.near_best, summary.best[0].band) == (None, None, None)
    print_sweep(summary, space, tmp_path / "small", tried=0)
    assert "no band: only Sharpe, volatility and CAGR have one" in " ".join(capsys.readouterr().out.split())
    build_sweep_report(tmp_path / "small")


def test_a_window_without_a_benchmark_shows_the_others(tmp_path: Path) -> None:
    """What lists after a window's end has no figure there; the plan, buy and hold and older benchmarks have theirs."""
    sweep = "\n  axes: {window.end: [2011-12-30, 2016-12-30]}\n"
    summary, _ = swept(sweep, tmp_path / "ends", LATE_BENCHMARK.replace("START", "2010-01-04"))
    early, whole = summary.windows
    assert (
        set(early.figures) == set(whole.figures) == {"strategy", "buy_and_hold", "JNJ"}
    )  # late begins within the other
    assert set(early.cagr_difference) == {"buy_and_hold", "JNJ"}
    assert set(whole.cagr_difference) == {"buy_and_hold", "JNJ", "late"}
