"""A sweep's numbers: every variant is its own run to the bit, and what is said of all of them."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from engine.backtest import workflow
from engine.backtest.config import RunConfig
from engine.composition import run_config_class
from engine.report.sweep.heat_tables import heat_tables
from engine.sweep import worker
from engine.sweep.batch.run_batch import SWEEP_METRICS, batch_metric_table
from engine.sweep.cluster_answer import compute_answer, open_answer
from engine.sweep.computation import prepare
from engine.sweep.finished_sweep import read_sweep
from engine.sweep.space import COLUMN_ALIASES, Space
from engine.sweep.statistics import rank_among_results, rank_rows
from engine.sweep.variant_lookup import find_variant_config
from engine.sweep.worker import ChunkEvaluator
from tests.support.sweeps import ARTICLE, PLAN, SMALL, engine, spanned, sweeping


def own_run(found) -> dict[str, float | None]:
    run = workflow.run_backtest(found, intervals=False)
    return run.comparison.strategy.metrics


def variant_at(plan: RunConfig, space: Space, point: int) -> RunConfig:
    return find_variant_config(plan, space, str(point), str)


MIXED = """
  mode: {kind: random, samples: 60, seed: 4}
  axes:
    strategy.satellites: {choose: [3, 4], of: [HD, JNJ, PG, UNH, MSFT], weight: [2%, 3%]}
    strategy.core.SIZE: {from: 5%, to: 25%}
    strategy.rebalance: [{kind: annual, month: june}, {kind: every, period: month}, {kind: band, absolute: 2%}, {kind: never}]
    strategy.caps: all
    account.shares: all
    account.execution: [close, next_close, {kind: limit, margin: 0.5%}]
    account.contributions.amount: [0, 0.5, 250]
    costs: [{kind: none}, {kind: percent, rate: 0.2%}, {kind: per_order, fixed: 1, rate: 0.1%, minimum: 5}]
    window.start: [2012-03-01, 2018-01-02]
    window.end: [2019-06-28, 2021-12-30]
"""


def test_every_variant_equals_its_own_run_to_the_last_bit() -> None:
    _, plan, space = spanned(MIXED)
    job = sweeping(MIXED).job
    points = space.points()
    chunk = ChunkEvaluator(job).evaluate(0, points.indices_between(0, points.count))
    assert len(chunk.point_numbers) > 50
    for row in range(0, len(chunk.point_numbers), 4):
        run = workflow.run_backtest(variant_at(plan, space, chunk.point_numbers[row]), intervals=False)
        own, dates = run.comparison.strategy.metrics, run.comparison.strategy.ledger.dates
        first, last, sessions = chunk.spans[row].tolist()
        assert (np.datetime64(first, "D"), np.datetime64(last, "D"), sessions) == (dates[0], dates[-1], len(dates))
        for name, value in zip(SWEEP_METRICS, chunk.metrics[row].tolist(), strict=True):
            if name in own:
                assert value == own[name] or (np.isnan(value) and own[name] is None), (name, row)


@pytest.mark.parametrize("count", [10, pytest.param(200, marks=pytest.mark.slow)])
def test_variants_of_the_article_space_equal_their_own_runs_to_the_last_bit(count: int, shared_data: Path) -> None:
    """Late listings included: five of the ten stocks were listed after 2014."""
    from engine.backtest.loading import open_document
    from engine.composition import validate_sweep

    source = ("data.source.kind=files", f"data.source.path={shared_data / 'prices.parquet'}")
    config, plan, space = validate_sweep(open_document(ARTICLE, source))
    worker = ChunkEvaluator(prepare(config, plan, space, run_config_class).job)
    points = space.points()
    chosen = np.sort(np.random.default_rng(count).choice(points.count, size=count, replace=False))
    for number in chosen.tolist():
        chunk = worker.evaluate(number, points.indices_between(number, number + 1))
        own = own_run(variant_at(plan, space, number))
        table = dict(zip(SWEEP_METRICS, chunk.metrics[0].tolist(), strict=True))
        assert {name: own[name] for name in own if name in table} == {
            name: table[name] for name in own if name in table
        }


def test_variants_beside_each_other_have_the_figures_that_each_has_alone() -> None:
    job = sweeping(SMALL).job
    worker, points = ChunkEvaluator(job), sweeping(SMALL).points
    together = worker.evaluate(0, points.indices_between(0, points.count))
    assert len(together.point_numbers) == points.count == 60
    for number in (0, 17, 59):
        alone = ChunkEvaluator(job).evaluate(number, points.indices_between(number, number + 1))
        assert alone.metrics.tobytes() == together.metrics[number].tobytes()
        assert alone.spans.tobytes() == together.spans[number].tobytes()


def test_points_that_are_no_run_are_counted_with_their_reason() -> None:
    made = sweeping(
        """
  axes:
    strategy.core.SIZE: [10%, 95%]
    strategy.cap: [2%, 3%]
    window.start: [2018-01-02, 2030-01-01]
    account.contributions.amount: [0, -90000]
"""
    )
    chunk = ChunkEvaluator(made.job).evaluate(0, made.points.indices_between(0, made.points.count))
    assert len(chunk.point_numbers) == 1
    reasons = dict(chunk.rejections)
    assert sum(count for count, _ in reasons.values()) == 15
    assert any("satellite HD at 2.5% is above the cap of 2%" in reason for reason in reasons)
    assert any("end 2021-12-30 is not after start 2030-01-01" in reason for reason in reasons)
    assert any("withdraw" in reason for reason in reasons)  # only the run itself can tell
    assert any("add up to" in reason for reason in reasons)


def test_targets_that_are_all_of_it_leave_a_rest_of_nothing() -> None:
    """92.5 % and three times 2.5 % are more than 1 as binary numbers."""
    sweep = "\n  axes: {strategy.core.SIZE: [15%, 92.5%, 92.50000001%]}"
    _, plan, space = spanned(sweep)
    chunk = ChunkEvaluator(sweeping(sweep).job).evaluate(0, space.points().indices_between(0, 3))
    assert len(chunk.point_numbers) == 3
    for row in range(3):
        own, table = own_run(variant_at(plan, space, row)), dict(zip(SWEEP_METRICS, chunk.metrics[row], strict=True))
        assert {name: table[name] for name in own if name in table} == {
            name: own[name] for name in own if name in table
        }


def test_spreads_by_name_beside_one_for_all_are_each_the_own_run_s() -> None:
    """The lanes take what is alike for all assets; the terms of the others were asked of them too, and ended it."""
    sweep = "\n  axes: {costs.spread: [5, {rest: 2, HD: 0.1%}, {rest: 5}]}"
    _, plan, space = spanned(sweep)
    chunk = ChunkEvaluator(sweeping(sweep).job).evaluate(0, space.points().indices_between(0, 3))
    tables = [dict(zip(SWEEP_METRICS, row, strict=True)) for row in chunk.metrics.tolist()]
    for at, table in enumerate(tables):
        own = own_run(variant_at(plan, space, at))
        assert {name: table[name] for name in own if name in table} == {
            name: own[name] for name in table if name in own
        }
    assert tables[0]["cagr"] == pytest.approx(tables[2]["cagr"], rel=1e-12)
    assert tables[1]["cagr"] > tables[0]["cagr"]


def test_a_session_that_no_month_has_refuses_those_who_ask_for_it() -> None:
    sweep = "\n  axes: {strategy.rebalance.session: [23, first], strategy.core.SIZE: [15%, 20%]}"
    made = sweeping(sweep)
    chunk = ChunkEvaluator(made.job).evaluate(0, made.points.indices_between(0, 4))
    assert [made.points.indices(chunk.point_numbers)[:, at].tolist() for at in (0, 1)] == [[0, 1], [1, 1]]
    assert [count for count, _ in chunk.rejections.values()] == [2]


def test_a_variant_is_run_whole_by_its_id(tmp_path: Path, written) -> None:
    _, folder = written
    best = json.loads((folder / "summary.json").read_text())["best"][0]
    engine("run", folder / "config.resolved.yaml", "--variant", best["id"], "--json", cwd=tmp_path)
    made = tmp_path / "runs" / f"small-{best['sha256'][:12]}"
    assert json.loads((made / "manifest.json").read_text())["config_sha256"] == best["sha256"]
    figures = json.loads((made / "summary.json").read_text())["portfolios"]["strategy"]
    assert {name: figures[name] for name in best["figures"]} == best["figures"]


def test_the_config_s_own_plan_runs_without_its_sweep(tmp_path: Path, written) -> None:
    config, folder = written
    engine("run", config, "--json", cwd=tmp_path)
    (made,) = (tmp_path / "runs").iterdir()
    assert made.name == "small"  # the sweep's own is small.sweep
    figures = json.loads((made / "summary.json").read_text())["portfolios"]["strategy"]
    assert json.loads((folder / "summary.json").read_text())["portfolios"]["strategy"] == figures


def test_the_data_verbs_ask_for_what_any_variant_may_hold(tmp_path: Path, written) -> None:
    done = engine("data", "check", written[0], cwd=tmp_path)
    assert "UNH" in done.stdout  # not in the plan itself
    assert "HD" in done.stdout


COSTS = """
  axes:
    costs: [{kind: percent, rate: 0.1%}, {kind: per_order, fixed: 5}, {kind: none}]
    strategy.satellites.HD: [2.5%, 3%]
    strategy.core.SIZE: [15%]
"""


def test_cost_models_are_an_axis_and_the_plan_stands_where_its_own_row_does(tmp_path: Path) -> None:
    """``costs`` is a figure of the results too; and the plan is the first point of this grid."""
    config = tmp_path / "small.yaml"
    config.write_text(PLAN + COSTS)
    engine("sweep", config, "--json", cwd=tmp_path)
    folder = tmp_path / "runs" / "small.sweep"
    table, summary = pq.read_table(folder / "results.parquet"), json.loads((folder / "summary.json").read_text())
    assert set(table["costs.model"].to_pylist()) == {
        "{kind: percent, rate: 0.1%}",
        "{kind: per_order, fixed: 5}",
        "{kind: none}",
    }
    own = next(
        row for row in table.to_pylist() if "percent" in row["costs.model"] and row["strategy.satellites.HD"] == 0.025
    )
    stands = {name: one["value"] for name, one in summary["standings"]["strategy"].items()}
    assert stands == {name: own[name] for name in stands}
    assert own["sessions_over_cap"] > 0
    names = {path for one in heat_tables(read_sweep(folder).summary) for path in (one.rows_path, one.columns_path)}
    assert "costs.model holds" not in names
    assert "costs.model" in names


def test_no_axis_is_called_as_a_figure_of_the_results() -> None:
    sections = set(RunConfig.model_fields)
    assert {COLUMN_ALIASES.get(name, name) for name in sections}.isdisjoint(
        {*SWEEP_METRICS, "point", "start", "end", "sessions"}
    )


def test_a_worker_that_lives_on_does_not_compute_on_the_closes_of_the_job_before() -> None:
    one = sweeping()
    closes = one.job.closes
    dearer = np.array(closes.closes)
    dearer[-100:] *= 1.1
    job = dataclasses.replace(one.job, closes=dataclasses.replace(closes, closes=dearer))
    indices = one.points.indices_between(0, 2)
    first, second = (open_answer(compute_answer(job, "one", 0, indices), 0, indices) for job in (one.job, job))
    assert (first.metrics[:, 0] < second.metrics[:, 0]).all()


def test_variants_that_a_batch_leaves_to_simulate_have_the_same_bytes(monkeypatch) -> None:
    made = sweeping(SMALL)
    indices = made.points.indices_between(0, made.points.count)
    whole = ChunkEvaluator(made.job).evaluate(0, indices).encode()

    def leave_some(*of):
        table = batch_metric_table(*of)
        left.append(table[::7, 0])
        left[-1][:] = np.nan
        return table

    left: list[np.ndarray] = []
    monkeypatch.setattr(worker, "batch_metric_table", leave_some)
    assert ChunkEvaluator(made.job).evaluate(0, indices).encode() == whole
    assert sum(map(len, left)) >= 9


def test_ranks_of_numbers_written_out() -> None:
    values = np.array([3.0, 1.0, np.nan, 2.0, 3.0])
    assert rank_rows(values, 1, 9).tolist() == [0, 4, 3, 1]
    assert rank_rows(values, -1, 9).tolist() == [1, 3, 0, 4]
    assert rank_rows(values, 1, 2).tolist() == [0, 4]
    assert not rank_rows(np.full(3, np.nan), 1, 2).size
    at = rank_among_results(2.0, values, 1)
    assert (at.rank, at.better_than) == (3, 0.25)
    assert rank_among_results(2.0, values, -1).rank == 2
    assert rank_among_results(None, values, 1).rank is None
