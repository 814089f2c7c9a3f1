"""A sweep as a user meets it: every variant is its own run to the bit, the files do not depend on how they were made."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import pty
import re
import resource
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from engine.backtest import workflow
from engine.backtest.config import RunConfig
from engine.backtest.outputs import folder_kind
from engine.composition import run_config_class
from engine.core.errors import DataError, OutputError
from engine.report.sweep.charts import chart_axes
from engine.report.sweep.folder import read_sweep
from engine.report.sweep.page import build_sweep_report
from engine.sweep import dask_executor as cluster
from engine.sweep.batch.run_batch import SWEEP_METRICS
from engine.sweep.chunk import Chunk
from engine.sweep.computation import compute_results, prepare
from engine.sweep.executors import SerialExecutor
from engine.sweep.journal import Journal
from engine.sweep.outputs import is_finished
from engine.sweep.pipeline import SweepOptions, run_sweep
from engine.sweep.space import COLUMN_ALIASES
from engine.sweep.statistics import label_effects, rank_among, rank_rows
from engine.sweep.variant_lookup import find_variant
from engine.sweep.worker import ChunkEvaluator
from tests.support.sweeps import ARTICLE, PLAN, QUICK, SMALL, digest, spanned, sweeping

FILES = {"config.resolved.yaml", "manifest.json", "report.html", "results.parquet", "summary.json"}


def engine(
    *arguments: object, cwd: Path, check: int | None = 0, limit: int | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own, which may not write files above ``limit`` bytes."""
    home = {"XDG_STATE_HOME": str(cwd / "state"), "COLUMNS": "100"}

    def small_files() -> None:
        if limit:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    done = subprocess.run(
        [sys.executable, "-m", "engine", *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, **home, **environment},
        capture_output=True,
        text=True,
        timeout=290,
        check=False,
        preexec_fn=small_files,
    )
    assert check is None or done.returncode == check, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A small sweep as a file, and its finished folder."""
    place = tmp_path_factory.mktemp("sweep")
    config = place / "small.yaml"
    config.write_text(PLAN + SMALL)
    engine("sweep", config, "--json", cwd=place)
    return config, place / "runs" / "small"


def own_run(found) -> dict[str, float | None]:
    run = workflow.run_backtest(found, intervals=False)
    return run.comparison.strategy.metrics


MIXED = """
  mode: {kind: random, samples: 60, seed: 4}
  axes:
    strategy.satellites: {choose: [3, 4], of: [HD, JNJ, PG, UNH, MSFT], weight: [2%, 3%]}
    strategy.core.SIZE: {from: 5%, to: 25%}
    strategy.rebalance: [{kind: annual, month: june}, {kind: every, period: month}, {kind: band, absolute: 2%}, {kind: never}]
    strategy.caps: all
    account.shares: all
    account.execution: all
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
        variant = find_variant(plan, space, str(chunk.point_numbers[row]))
        assert variant.sha256() == chunk.ids[row].tobytes().hex()
        own = own_run(variant)
        for name, value in zip(SWEEP_METRICS, chunk.metrics[row].tolist(), strict=True):
            if name in own:
                assert value == own[name] or (np.isnan(value) and own[name] is None), (name, row)


@pytest.mark.parametrize("count", [10, pytest.param(200, marks=pytest.mark.slow)])
def test_variants_of_the_article_space_equal_their_own_runs_to_the_last_bit(count: int, shared_data: Path) -> None:
    """Late listings included: five of the ten stocks were listed after 2014."""
    from engine.backtest.loading import open_document
    from engine.composition import run_config_class, validate_sweep
    from engine.sweep.computation import prepare

    source = ("data.source.kind=files", f"data.source.path={shared_data / 'prices.parquet'}")
    config, plan, space = validate_sweep(open_document(ARTICLE, source))
    worker = ChunkEvaluator(prepare(config, plan, space, run_config_class).job)
    points = space.points()
    chosen = np.sort(np.random.default_rng(count).choice(points.count, size=count, replace=False))
    for number in chosen.tolist():
        chunk = worker.evaluate(number, points.indices_between(number, number + 1))
        own = own_run(find_variant(plan, space, str(number)))
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
        assert alone.ids.tobytes() == together.ids[number].tobytes()


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


def test_a_sweep_writes_every_file_and_names_the_best(written) -> None:
    _, folder = written
    assert {path.name for path in folder.iterdir()} == FILES
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["sweep"]["variants"] == summary["sweep"]["distinct"] == summary["sweep"]["points"] == 60
    assert summary["warnings"][0].startswith("Best of 60:")
    table = pq.read_table(folder / "results.parquet")
    assert table.column_names[:2] == ["number", "id"]
    assert table.column_names[-len(SWEEP_METRICS) :] == list(SWEEP_METRICS)
    sharpe = table.column("sharpe").to_numpy()
    assert summary["best"][0]["figures"]["sharpe"] == sharpe.max()
    assert summary["best"][0]["id"] == table.column("id")[int(sharpe.argmax())].as_py()
    assert summary["worst"][0]["figures"]["sharpe"] == sharpe.min()
    assert summary["standings"]["strategy"]["sharpe"]["rank"] == 1 + int(
        (sharpe > summary["portfolios"]["strategy"]["sharpe"]).sum()
    )
    june = (
        table.filter(pq.filters_to_expression([("strategy.rebalance.month", "==", "june")])).column("sharpe").to_numpy()
    )
    effect = {one["label"]: one for one in summary["effects"]["strategy.rebalance.month"]}["june"]
    assert effect["count"] == len(june) == 30
    assert effect["mean"] == pytest.approx(june.mean(), rel=1e-14)
    assert effect["median"] == np.median(june)


def test_the_terminal_says_what_the_summary_says(tmp_path: Path, written) -> None:
    config, folder = written
    done = engine("sweep", config, cwd=tmp_path)
    best = json.loads((folder / "summary.json").read_text())["best"][0]["id"]
    for words in (
        "60 variants",
        "Best variants",
        "Worst variants",
        "Buy & hold",
        "Best of 60",
        best[:12],
        "--variant",
        "report.html",
    ):
        assert words in done.stdout
    assert "\x1b" not in done.stdout
    assert done.stderr == ""


def test_a_variant_is_run_whole_by_its_id(tmp_path: Path, written) -> None:
    _, folder = written
    best = json.loads((folder / "summary.json").read_text())["best"][0]
    engine("run", folder / "config.resolved.yaml", "--variant", best["id"][:12], "--json", cwd=tmp_path)
    made = tmp_path / "runs" / f"small-{best['id'][:12]}"
    assert json.loads((made / "manifest.json").read_text())["config_sha256"] == best["id"]
    figures = json.loads((made / "summary.json").read_text())["portfolios"]["strategy"]
    assert {name: figures[name] for name in best["figures"]} == best["figures"]


def test_the_config_s_own_plan_runs_without_its_sweep(tmp_path: Path, written) -> None:
    config, folder = written
    engine("run", config, "--json", cwd=tmp_path)
    (made,) = (tmp_path / "runs").iterdir()
    assert made.name.startswith("small-")  # a sweep's folder is never written into by a run
    figures = json.loads((made / "summary.json").read_text())["portfolios"]["strategy"]
    assert json.loads((folder / "summary.json").read_text())["portfolios"]["strategy"] == figures


MATRIX = [
    ("--workers 2", {}),
    ("--workers 1 --memory 1", {"PYTHONHASHSEED": "0", "NUMBA_NUM_THREADS": "1"}),
    ("--workers 2 --memory 1", {"PYTHONHASHSEED": "1"}),
]
WHOLE_MATRIX = [
    (f"--workers {workers} --memory {memory}", {"PYTHONHASHSEED": seed, "NUMBA_NUM_THREADS": threads})
    for workers in (1, 2)
    for memory in (8, 64, 256)
    for seed in ("0", "1", "random")
    for threads in ("1", "2")
]


def test_the_same_sweep_gives_the_same_bytes_whoever_computes_it(tmp_path: Path, written) -> None:
    config, folder = written
    for number, (options, environment) in enumerate(MATRIX):
        engine(
            "sweep", config, *options.split(), "--json", "--out", tmp_path / str(number), cwd=tmp_path, **environment
        )
        for name in FILES:
            assert digest(tmp_path / str(number) / "small" / name) == digest(folder / name), (name, options)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_whole_matrix_gives_the_same_bytes(tmp_path: Path) -> None:
    """Threads, budgets, hash seeds, and once with an empty cache of compiled code."""
    found = set()
    for number, (options, environment) in enumerate(WHOLE_MATRIX):
        out = tmp_path / str(number)
        engine("sweep", QUICK, *options.split(), "--json", "--out", out, cwd=tmp_path, **environment)
        found.add(digest(out / "quickstart-sweep" / "results.parquet"))
    cold = {"NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    engine("sweep", QUICK, "--json", "--out", tmp_path / "cold", cwd=tmp_path, **cold)
    found.add(digest(tmp_path / "cold" / "quickstart-sweep" / "results.parquet"))
    assert len(found) == 1


def test_the_chunks_may_be_of_any_size_and_come_in_any_order(tmp_path: Path, written) -> None:
    made = sweeping(SMALL)
    worker = ChunkEvaluator(made.job)

    class Backwards:
        def chunks(self, job, tasks):
            for first, digits in reversed(list(tasks)):
                yield worker.evaluate(first, digits).encode()

    for rows in (1, 7, 64):
        with Journal.open(tmp_path / str(rows) / "sweep.journal", made.identity, resume=False) as journal:
            compute_results(made, journal, Backwards(), rows, lambda done, total: None)
        assert digest(tmp_path / str(rows) / "results.parquet") == digest(written[1] / "results.parquet")


def test_a_sweep_goes_on_where_it_ended_and_cuts_off_what_was_torn(tmp_path: Path, written) -> None:
    made = sweeping(SMALL)
    path = tmp_path / "sweep.journal"
    worker, points = ChunkEvaluator(made.job), made.points
    with Journal.open(path, made.identity, resume=False) as journal:
        for first, last in ((40, 50), (0, 10)):
            journal.append(worker.evaluate(first, points.indices_between(first, last)).encode())
        last = journal.chunk_locations[0][1]
    whole = path.read_bytes()
    record = whole[last - 44 :]  # the last one, from its head on
    done: list[int] = []

    class Counting(SerialExecutor):
        def chunks(self, job, tasks):
            for first, digits in tasks:
                done.extend(range(first, first + len(digits)))
                yield worker.evaluate(first, digits).encode()

    for torn in (b"", b"SWP1", record[:-1], record[: len(record) // 2], b"\0" * 100):
        done.clear()
        path.write_bytes(whole + torn)
        with Journal.open(path, made.identity, resume=True) as journal:
            compute_results(made, journal, Counting(), 16, lambda done, total: None)
        assert sorted(done) == [*range(10, 40), *range(50, 60)]
        assert digest(tmp_path / "results.parquet") == digest(written[1] / "results.parquet")


def test_an_interrupted_sweep_says_how_to_go_on(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "engine", "sweep", str(QUICK), "--memory", "1", "--workers", "1", "--json"]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    journal = tmp_path / "runs" / "quickstart-sweep" / "unfinished" / "sweep.journal"
    while process.poll() is None and not (journal.exists() and journal.stat().st_size > 10_000):
        time.sleep(0.002)
    process.send_signal(signal.SIGINT)
    out, said = process.communicate()
    assert (process.returncode, out) == (130, "")
    assert said == "what is finished is kept; go on with --resume\ninterrupted\n"
    engine("sweep", QUICK, "--resume", "--json", cwd=tmp_path)
    assert not journal.exists()


def test_a_terminal_shows_a_bar_with_the_rate(tmp_path: Path, written) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "engine", "sweep", str(QUICK), "--memory", "1"]
    process = subprocess.Popen(
        command,
        cwd=tmp_path,
        stdout=theirs,
        stderr=subprocess.STDOUT,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "100"},
    )
    os.close(theirs)
    shown = b""
    with suppress(OSError):  # the end of a terminal
        while part := os.read(ours, 65536):
            shown += part
    os.close(ours)
    assert process.wait() == 0
    assert re.search(rb"variants .*[0-9,]+/4200.*[0-9,]+/s", shown)
    assert b"Best variants" in shown


def test_a_finished_sweep_is_not_done_again_when_asked_to_go_on(tmp_path: Path, written) -> None:
    config, folder = written
    done = engine("sweep", config, "--resume", cwd=folder.parents[1])
    assert "is finished; leave --resume away to sweep anew" in done.stdout
    done = engine("sweep", config, "--resume", "--json", cwd=folder.parents[1])
    assert done.stdout == (folder / "summary.json").read_text()
    done = engine("sweep", config, "--resume", "--set", "costs.rate=0.3%", "--json", "--out", tmp_path, cwd=tmp_path)
    assert json.loads(done.stdout)["sweep"]["variants"] == 60


def test_a_damaged_record_is_computed_again(tmp_path: Path, written) -> None:
    made = sweeping(SMALL)
    path = tmp_path / "sweep.journal"
    with Journal.open(path, made.identity, resume=False) as journal:
        compute_results(made, journal, SerialExecutor(), 20, lambda done, total: None)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    path.write_bytes(bytes(content))
    with Journal.open(path, made.identity, resume=True) as journal:
        assert journal.finished_count() < 60
        compute_results(made, journal, SerialExecutor(), 20, lambda done, total: None)
    assert digest(tmp_path / "results.parquet") == digest(written[1] / "results.parquet")


def test_the_journal_of_another_sweep_is_not_gone_on_with(tmp_path: Path) -> None:
    made = sweeping(SMALL)
    path = tmp_path / "sweep.journal"
    Journal.open(path, {**made.identity, "data": "other"}, resume=False).file.close()
    with pytest.raises(OutputError, match="belongs to another sweep \\(data differs\\); leave --resume away"):
        Journal.open(path, made.identity, resume=True)


def test_two_sweeps_do_not_write_one_folder(tmp_path: Path) -> None:
    made = sweeping(SMALL)
    path = tmp_path / "sweep.journal"
    with (
        Journal.open(path, made.identity, resume=False),
        pytest.raises(OutputError, match="another process is sweeping"),
    ):
        Journal.open(path, made.identity, resume=False)


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
    folder = tmp_path / "runs" / "small"
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
    names = [view.name for view in chart_axes(read_sweep(folder).parameters)]
    assert "costs.model holds" not in names
    assert "costs.model" in names


def test_no_axis_is_called_as_a_figure_of_the_results() -> None:
    sections = set(RunConfig.model_fields)
    assert {COLUMN_ALIASES.get(name, name) for name in sections}.isdisjoint({*SWEEP_METRICS, "number", "id"})


def test_a_worker_that_lives_on_does_not_compute_on_the_closes_of_the_job_before() -> None:
    one = sweeping()
    closes = one.job.closes
    dearer = np.array(closes.closes)
    dearer[-100:] *= 1.1
    provenance = dataclasses.replace(closes.provenance, sha256="0" * 64)
    later = dataclasses.replace(closes, closes=dearer, provenance=provenance)
    other = prepare(*spanned(SMALL), run_config_class)
    job = dataclasses.replace(other.job, closes=later, key=other.job.key.replace(closes.provenance.sha256, "0" * 64))
    digits = one.points.indices_between(0, 2)
    first, second = (Chunk.decode(cluster._compute_chunk(job, 0, digits)) for job in (one.job, job))
    assert closes.provenance.sha256 in one.job.key
    assert (first.metrics[:, 0] < second.metrics[:, 0]).all()


def test_a_chunk_reads_back_as_it_was() -> None:
    made = sweeping(SMALL)
    chunk = ChunkEvaluator(made.job).evaluate(3, made.points.indices_between(3, 9))
    again = Chunk.decode(chunk.encode())
    assert (again.first, again.last, again.rejections) == (3, 9, {})
    assert again.metrics.tobytes() == chunk.metrics.tobytes()
    assert again.encode() == chunk.encode()


def test_a_full_disk_is_a_message_and_leaves_the_old_result(tmp_path: Path, written) -> None:
    config, _ = written
    engine("sweep", config, "--json", cwd=tmp_path)
    before = {name: digest(tmp_path / "runs" / "small" / name) for name in FILES}
    done = engine("sweep", config, "--set", "strategy.cap=3.5%", cwd=tmp_path, check=1, limit=20_000)
    assert "free some space" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert {name: digest(tmp_path / "runs" / "small" / name) for name in FILES} == before
    engine("sweep", config, "--set", "strategy.cap=3.5%", "--resume", "--json", cwd=tmp_path)
    assert {path.name for path in (tmp_path / "runs" / "small").iterdir()} == FILES


def test_a_folder_that_cannot_be_written_is_a_message(tmp_path: Path, written) -> None:
    (tmp_path / "runs").write_text("in the way")
    done = engine("sweep", written[0], cwd=tmp_path, check=1)
    assert "runs" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_the_page_is_rebuilt_from_the_files_and_refuses_changed_ones(tmp_path: Path, written) -> None:
    folder = tmp_path / "copy"
    folder.mkdir()
    for name in FILES - {"report.html"}:
        (folder / name).write_bytes((written[1] / name).read_bytes())
    assert build_sweep_report(folder).read_bytes() == (written[1] / "report.html").read_bytes()
    for name in ("results.parquet", "summary.json", "config.resolved.yaml"):
        content = bytearray((folder / name).read_bytes())
        content[len(content) // 2] ^= 1
        (folder / name).write_bytes(bytes(content))
        with pytest.raises(DataError, match="damaged"):
            read_sweep(folder)
        content[len(content) // 2] ^= 1
        (folder / name).write_bytes(bytes(content))
    (folder / "results.parquet").unlink()
    with pytest.raises(OutputError, match=r"results.parquet: cannot be read"):
        read_sweep(folder)


def test_the_page_is_self_contained_and_lets_no_markup_through(tmp_path: Path, written) -> None:
    page = (written[1] / "report.html").read_text()
    text = page[: page.index('<script type="application/json"')]
    assert "default-src 'none'" in text
    assert not any(word in text for word in ("http://", "https://", "src=", "@import"))
    for words in (
        "Best variants by Sharpe",
        "What each axis does",
        "engine run config.resolved.yaml --variant",
        "Best of 60",
    ):
        assert words in text
    made = sweeping(
        SMALL, PLAN.replace("name: small", "name: small\ndescription: '<b>&amp;</b><script>alert(1)</script>'")
    )
    found = run_sweep(
        made, SweepOptions(tmp_path / "small", 1, "", 10**8, resume=False), lambda done, total: None, build_sweep_report
    )
    assert found.ranked_count == 60
    page = (tmp_path / "small" / "report.html").read_text()
    assert "<script>alert" not in page
    assert "&lt;b&gt;&amp;amp;&lt;/b&gt;" in page


def test_ranks_and_effects_of_numbers_written_out() -> None:
    values = np.array([3.0, 1.0, np.nan, 2.0, 3.0])
    assert rank_rows(values, 1).tolist() == [0, 4, 3, 1]
    assert rank_rows(values, -1).tolist() == [1, 3, 0, 4]
    at = rank_among(2.0, values, 1)
    assert (at.rank, at.better_than) == (3, 0.25)
    assert rank_among(2.0, values, -1).rank == 2
    assert rank_among(None, values, 1).rank is None
    first, second = label_effects(np.array([0, 0, 1, 1, 0]), ("a", "b"), values)
    assert (first.count, first.mean, first.median) == (3, 7.0 / 3.0, 3.0)
    assert (second.count, second.mean, second.median) == (1, 2.0, 2.0)


def test_a_run_and_a_sweep_of_one_name_leave_each_other_s_folder_alone(tmp_path: Path, written) -> None:
    config, folder = written
    run = tmp_path / "run.yaml"
    run.write_text(PLAN.replace("sweep:\n", ""))
    before = {name: digest(folder / name) for name in FILES}
    done = engine("run", run, "--out", folder.parent, cwd=tmp_path, check=1)
    assert done.stderr == f"error: {folder}: holds a sweep; give the run another name or another --out\n"
    assert {path.name: digest(path) for path in folder.iterdir()} == before
    engine("run", run, "--json", cwd=tmp_path)
    own = tmp_path / "runs" / "small"
    held = {path.name: digest(path) for path in own.iterdir()}
    done = engine("sweep", config, cwd=tmp_path, check=1)
    assert done.stderr == f"error: {own}: holds a run; give the sweep another name or another --out\n"
    assert {path.name: digest(path) for path in own.iterdir()} == held


def test_what_a_folder_holds_is_what_its_manifest_says_or_else_its_files(tmp_path: Path, written) -> None:
    assert folder_kind(written[1]) == "sweep"
    assert not folder_kind(tmp_path / "nothing")
    for name, content, kind in (
        ("equity.parquet", "", "run"),
        ("unfinished/sweep.journal", "", "sweep"),
        ("manifest.json", '{"kind": "run"}', "run"),
        ("manifest.json", "[1]", "sweep"),
        ("manifest.json", "{", "sweep"),
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
        assert folder_kind(tmp_path) == kind, name


def test_a_sweep_s_folder_without_its_table_is_still_a_sweep_s(tmp_path: Path, written) -> None:
    for name in FILES - {"results.parquet"}:
        (tmp_path / name).write_bytes((written[1] / name).read_bytes())
    done = engine("report", tmp_path, cwd=tmp_path, check=1)
    assert "results.parquet: cannot be read (No such file or directory); sweep again to write it" in done.stderr


def test_a_sweep_with_a_changed_file_is_not_finished(tmp_path: Path, written) -> None:
    made = sweeping(SMALL)
    for name in FILES:
        (tmp_path / name).write_bytes((written[1] / name).read_bytes())
    assert is_finished(made, tmp_path)
    (tmp_path / "summary.json").write_text("{}")
    assert not is_finished(made, tmp_path)


def test_what_others_put_into_unfinished_is_neither_published_nor_deleted_nor_written_through(
    tmp_path: Path, written
) -> None:
    unfinished, theirs = tmp_path / "runs" / "small" / "unfinished", tmp_path / "theirs"
    unfinished.mkdir(parents=True)
    theirs.write_text("precious")
    (unfinished / "letter.txt").write_text("hello")
    (unfinished / "results.parquet").symlink_to(theirs)
    (unfinished / "sweep.journal").symlink_to(theirs)
    done = engine("sweep", written[0], cwd=tmp_path, check=1)
    assert done.stderr.endswith(
        "sweep.journal: is a symbolic link, a plain file is expected; remove the link or choose another --out\n"
    )
    (unfinished / "sweep.journal").unlink()
    engine("sweep", written[0], "--json", cwd=tmp_path)
    assert theirs.read_text() == "precious"
    assert {path.name for path in unfinished.parent.iterdir()} == FILES | {"unfinished"}
    assert [path.name for path in unfinished.iterdir()] == ["letter.txt"]


def _record(content: bytes) -> bytes:
    return b"SWP1" + len(content).to_bytes(8, "little") + hashlib.sha256(content).digest() + content


@pytest.mark.parametrize("content", [b"abc", b"[1, 2]", b"null", b"\xff", b'"text"', b"[" * 100_000])
def test_a_journal_that_says_nothing_of_a_sweep_is_not_gone_on_with(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "sweep.journal"
    path.write_bytes(_record(content))
    with pytest.raises(OutputError, match=r"sweep.journal: belongs to no sweep; leave --resume away to start anew"):
        Journal.open(path, sweeping(SMALL).identity, resume=True)


@pytest.mark.parametrize(
    "content",
    [
        b"abc",
        b"[1]\n",
        b'{"first": 0}\n',
        b'{"first": 0, "last": 10, "rows": 3, "refused": {}}\nshort',
        b'{"first": 0, "last": 10, "rows": 0, "refused": {"a": 1}}\n',
        b'{"first": [0], "last": 10, "rows": 0, "refused": {"a": [10, 0]}}\n',
        b'{"first": "0", "last": "9", "rows": 0, "refused": {}}\n',
        b'{"first": 0, "last": 10.0, "rows": 0, "refused": {"a": [10, 0]}}\n',
        b'{"first": 0, "last": 10, "rows": 0, "refused": [1]}\n',
        b'{"first": 0, "last": 10, "rows": 1e400, "refused": {}}\n',
        b'{"first": 0, "last": 10, "rows": %d, "refused": {}}\n' % 10**30,
        b'{"first": 5, "last": 5, "rows": 0, "refused": {}}\n',
        b'{"first": 0, "last": 61, "rows": 0, "refused": {"a": [61, 0]}}\n',
        b'{"first": 25, "last": 35, "rows": 0, "refused": {"a": [10, 25]}}\n',
        b'{"first": 40, "last": 41, "rows": 1, "refused": {}}\n' + bytes(40 + 8 * len(SWEEP_METRICS)),
    ],
)
def test_a_chunk_of_another_sweep_is_not_gone_on_with(tmp_path: Path, content: bytes) -> None:
    made = sweeping(SMALL)
    path = tmp_path / "sweep.journal"
    worker = ChunkEvaluator(made.job)
    with Journal.open(path, made.identity, resume=False) as journal:
        journal.append(worker.evaluate(20, made.points.indices_between(20, 30)).encode())
    path.write_bytes(path.read_bytes() + _record(content))
    with (
        pytest.raises(OutputError, match=r"sweep.journal: holds a chunk of no such sweep; leave --resume away"),
        Journal.open(path, made.identity, resume=True) as journal,
    ):
        compute_results(made, journal, SerialExecutor(), 16, lambda done, total: None)


@pytest.mark.parametrize("limit", [100, 1_000])
def test_a_disk_that_is_full_at_once_is_one_line_with_the_file_s_name(tmp_path: Path, written, limit: int) -> None:
    done = engine("sweep", written[0], cwd=tmp_path, check=1, limit=limit)
    assert "unfinished/" in done.stderr
    assert "free some space, then --resume" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_more_workers_than_a_machine_has_are_refused(tmp_path: Path, written) -> None:
    done = engine("sweep", written[0], "--workers", "257", cwd=tmp_path, check=1)
    assert "--workers" in done.stderr
    assert "256" in done.stderr
    assert len(done.stderr.splitlines()) == 1
