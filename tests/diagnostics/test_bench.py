"""The timing report: what it asserts, counts and prints; how long things take is not tested."""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from pydantic import TypeAdapter

from engine.diagnostics.bench import contenders
from engine.diagnostics.bench.jobs import core_satellite_job, fixed_mix_job, mix_job
from engine.diagnostics.bench.kernel_clock import clock_kernels
from engine.diagnostics.bench.machine import commit_text, session_flops
from engine.diagnostics.bench.peer_process import RemoteRun
from engine.diagnostics.bench.peers import PEERS, Peer, run_quietly
from engine.diagnostics.bench.stopwatch import RunTime, Spread, TimeGrowth, time_in_turns
from engine.diagnostics.bench.timings import (
    COMMAND_JOB,
    MATRIX_JOB,
    MIX_JOB,
    ONE_RUN_METRICS,
    RESULT_TOLERANCE,
    Timing,
    TimingReport,
)
from engine.report.bench import bench_json, print_bench, render_bench, timing_tables
from engine.report.bench_page import job_chart, speed_sentence
from engine.sweep.batch import run_batch
from engine.sweep.batch.planner import VariantColumns, planner_for
from engine.sweep.batch.run_batch import variant_metric_table
from strategies import AnyStrategy

MAKE_POLICY = TypeAdapter(AnyStrategy).validate_python


def timing(engine: str, *walls: float, kernel: float = float("nan"), **more) -> Timing:
    samples = tuple(RunTime(wall, 0.5 * wall, kernel) for wall in walls)
    return Timing(more.pop("job", "the job"), engine, samples, **more)


@pytest.fixture
def report() -> TimingReport:
    lines = (
        timing("lanes", 1.6e-5, 0.8e-5, 2.4e-5, kernel=6e-6, variants=8, threads=2, flops=1.4e5),
        timing("a <b>peer</b>", 8e-3, difference=1e-12),
        timing("another", 1e-9, difference=0.5),
        timing("2 threads", 2.0, 1.0, 3.0, job=MATRIX_JOB, threads=2, flops=2.8e11),
        timing("engine run", 2.0, 3.0, 2.5, job=COMMAND_JOB, kernel=0.125, memory=200_000_000),
    )
    growth = (TimeGrowth("assets", (6, 12, 24), ((1.0, 2.0, 4.0), (1.0, 4.0, 16.0), (2.0, 4.0, 8.0))),)
    return TimingReport({"cores": "2"}, lines, growth, ("absent is not installed",), (2.5, 300_000_000))


def test_the_table_says_how_many_times_slower_and_how_much_of_the_time_is_in_kernels(report, capsys) -> None:
    (_, _, jobs), (_, _, commands), (_, _, growth) = timing_tables(report)
    assert jobs[0] == ("lanes", "2 µs", "1 to 3 µs", "1.0", "75%", "50%", "")
    assert jobs[1] == ("a <b>peer</b>", "8 ms", "8 to 8 ms", "4,000", "", "", "1.0e-12")
    assert commands == [("engine run", "2.5 s", "2 to 3 s", "1.25 s", "10%", "200 MB")]
    assert growth == [("assets", "6: 1 s", "12: 4 s", "24: 8 s", "1.00")]
    print_bench(report)
    said = " ".join(capsys.readouterr().out.split())
    assert "140 Gflop/s here on 2 threads" in said
    assert "absent is not installed" in said
    assert "2.5 s, at most 300 MB" in said


def test_an_engine_with_other_results_has_no_ratio_and_is_nobody_s_fastest(report: TimingReport) -> None:
    (_, _, rows), *_ = timing_tables(report)
    assert rows[2] == ("another", "1 ns", "1 to 1 ns", "another job", "", "", "5.0e-01")
    assert bench_json(report)["lines"][2]["same_job"] is False


def test_one_thread_is_compared_with_the_matrix_product_by_cpu_time_and_two_by_the_clock() -> None:
    lanes = [timing("lanes", 4.0, threads=number, flops=10.0) for number in (1, 2)]
    products = [timing(f"{number} threads", 1.0, job=MATRIX_JOB, threads=number, flops=5.0) for number in (1, 2)]
    slept = Timing("the job", "lanes", (RunTime(8.0, 2.0),), threads=1, flops=10.0)
    report = TimingReport({}, (*lanes, *products), (), (), (1.0, 1))
    assert [report.share_of_dgemm(line).median for line in (*lanes, slept)] == [0.5, 0.5, 0.5]
    waited = Timing("the job", "lanes", (RunTime(8.0, 2.0),), threads=2, flops=10.0)
    assert report.share_of_dgemm(waited).median == 0.25


def test_ratios_are_taken_round_by_round() -> None:
    assert Spread.of_ratios((1.0, 10.0, 300.0), (1.0, 5.0, 100.0)) == Spread(2.0, 1.0, 3.0)


def test_everything_runs_in_turns_and_nobody_more_often_than_asked() -> None:
    calls = []

    class Run:
        def __init__(self, name: str, rounds: int) -> None:
            self.name, self.rounds, self.result = name, rounds, None

        def warm_up(self) -> None:
            calls.append(self.name.upper())

        def sample(self) -> RunTime:
            calls.append(self.name)
            return RunTime(1.0, 1.0)

    samples = time_in_turns([Run("a", 9), Run("b", 2)], 3)
    assert "".join(calls) == "ABababa"
    assert [len(taken) for taken in samples] == [3, 2]


def test_time_that_doubles_with_the_size_grows_with_its_first_power(report: TimingReport) -> None:
    assert report.growth[0].power.median == pytest.approx(1.0)
    assert report.growth[0].power.highest == pytest.approx(2.0)


def test_the_page_needs_nothing_else_and_reads_names_as_text(report: TimingReport) -> None:
    page = render_bench(report)
    assert "a &lt;b&gt;peer&lt;/b&gt;" in page
    assert "<script" not in page
    assert "http" not in page.replace("http-equiv", "")


def test_the_page_says_first_how_long_a_variant_takes_and_has_no_empty_column() -> None:
    lanes = [
        timing(f"lanes, {n} thread{'s' * (n > 1)}", 4.0 / n, job=MIX_JOB, variants=2**18, threads=n) for n in (1, 2)
    ]
    single, peer = timing(ONE_RUN_METRICS, 7e-4, job=MIX_JOB), timing("peer", 1e-3, job=MIX_JOB, is_peer=True)
    growth = (TimeGrowth("assets", (6, 12, 24), ((1.0, 2.0, 4.0),)),)
    alone = TimingReport({"cores": "2", "load": "0.10 before"}, (*lanes, single), growth, (), (1.0, 1))
    assert (
        speed_sentence(alone) == "One variant takes 7.63 µs; 131,072 a second on 2 threads, 92 times one run at a time."
    )
    page = render_bench(alone)
    assert "time grows as n^1.00 with assets (1: proportional)" in page
    assert "pip install &#39;portfolio-engine[bench]&#39;" in page
    assert ">differs</th>" not in page
    assert "0.10 before" in page
    both = dataclasses.replace(alone, lines=(*alone.lines, dataclasses.replace(peer, difference=1e-12)))
    assert "portfolio-engine[bench]" not in render_bench(both)
    assert ">differs</th>" in render_bench(both)
    other = dataclasses.replace(alone, lines=(*lanes, dataclasses.replace(single, difference=0.5)))
    assert speed_sentence(other) == "One variant takes 7.63 µs; 131,072 a second on 2 threads."
    assert speed_sentence(TimingReport({}, (), (), (), (1.0, 1))).startswith("Nothing of this engine")


def test_a_job_has_a_bar_for_each_engine_and_another_job_is_hatched(report: TimingReport) -> None:
    chart = str(job_chart(report, "the job", 0))
    assert chart.count('role="listitem"') == 3
    assert chart.count(' hatched"') == 1
    assert "2\N{NO-BREAK SPACE}µs" in chart or "2 µs" in chart
    assert job_chart(report, MATRIX_JOB, 1) == ""


def test_the_commit_is_read_from_branches_packed_or_not(tmp_path: Path) -> None:
    assert commit_text(tmp_path) == ""
    (tmp_path / ".git" / "refs" / "heads").mkdir(parents=True)
    (tmp_path / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    assert commit_text(tmp_path) == ""
    (tmp_path / ".git" / "packed-refs").write_text("# pack-refs\n" + "a" * 40 + " refs/heads/main\n")
    assert commit_text(tmp_path) == "commit aaaaaaaaaaaa"
    (tmp_path / ".git" / "refs" / "heads" / "main").write_text("b" * 40 + "\n")
    assert commit_text(tmp_path) == "commit bbbbbbbbbbbb"
    (tmp_path / ".git" / "HEAD").write_text("c" * 40 + "\n")
    assert commit_text(tmp_path) == "commit cccccccccccc"


def test_the_json_holds_every_number(report: TimingReport) -> None:
    data = json.loads(json.dumps(bench_json(report), allow_nan=False))
    assert data["lines"][0]["in_kernels"] == pytest.approx(0.75)
    assert data["lines"][0]["of_dgemm"] == pytest.approx(0.5)
    assert data["million"] == {"seconds": 2.5, "peak_bytes": 300_000_000}
    assert data["growth"][0]["power"] == pytest.approx(1.0)


def test_flops_are_counted_by_hand_for_two_assets() -> None:
    """Value 4, cash 1, return 3 with what it is divided by, its deviation and sums 4, shortfall 2, values 1, days 1, drawdown 2, its square 2."""
    assert session_flops(2, 0) == 4 + 1 + 3 + 4 + 2 + 1 + 1 + 2 + 2
    # a cap: one more product of money, 5 for limit, count and peak
    assert session_flops(2, 1) == session_flops(2, 0) + 6


def test_a_clock_counts_kernels_while_it_runs_and_leaves_no_trace() -> None:
    job, kernel = fixed_mix_job(MAKE_POLICY, 8, sessions=500), run_batch.run_lanes
    with clock_kernels() as clock:
        assert clock.seconds == 0.0
        watched = variant_metric_table(job.market, job.variants)
        assert (clock.seconds > 0.0) == hasattr(kernel, "py_func")
    assert run_batch.run_lanes is kernel
    with clock_kernels() as clock:
        watched_ledger = contenders.single_run(job)()
        assert (clock.seconds > 0.0) == hasattr(kernel, "py_func")
    assert np.array_equal(watched_ledger.value, contenders.single_run(job)().value)
    assert np.array_equal(watched, variant_metric_table(job.market, job.variants), equal_nan=True)


HERE = [
    pytest.param(peer, id=peer.title, marks=[pytest.mark.slow] if peer.title == "vectorbt, numba" else [])
    for peer in PEERS
    if not peer.elsewhere
]  # vectorbt compiles for half a minute, and every audit replays in it


@pytest.mark.parametrize("peer", HERE)
@pytest.mark.filterwarnings("ignore")
def test_a_peer_given_the_same_weights_finds_the_same_figures(peer: Peer) -> None:
    if peer.version is None:
        pytest.skip(f"{peer.title} is not installed")
    known = contenders.comparable_figures(fixed_mix_job(MAKE_POLICY, 1, sessions=700))
    call, figures = peer.prepare(mix_job(1, sessions=700))
    for name, values in figures(run_quietly(call)).items():
        assert values == pytest.approx(known[name], rel=RESULT_TOLERANCE), name


def test_a_peer_whose_environment_is_not_there_is_missing_with_a_remedy(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(contenders, "PEERS", [peer for peer in PEERS if peer.elsewhere])
    monkeypatch.setattr(contenders, "RemoteRun", lambda peer: RemoteRun(peer, tmp_path))
    missing: list[str] = []
    assert list(contenders.peer_contenders(MAKE_POLICY, missing)) == []
    assert missing == [
        "cvxportfolio is not installed and was not timed; `make bench` gives it an environment of its own"
    ]


def test_an_environment_without_the_peer_has_no_version_of_it(tmp_path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").symlink_to(sys.executable)
    nobody = Peer("nobody", "no-such-engine", 1, lambda job: (dict, dict), elsewhere=True)
    assert RemoteRun(nobody, tmp_path).version is None


@pytest.mark.slow
def test_a_peer_in_another_process_answers_with_times_and_figures() -> None:
    remote = RemoteRun(next(peer for peer in PEERS if peer.title == "bt"), Path(sys.prefix))
    if remote.version is None:
        pytest.skip("bt is not installed")
    remote.warm_up()
    assert remote.sample().wall > 0.0
    remote.close()
    assert set(remote.result) == {"final_value", "max_drawdown"}


def test_the_jobs_run_in_batches_and_differ_from_variant_to_variant() -> None:
    for job in (fixed_mix_job(MAKE_POLICY, 16, sessions=600), core_satellite_job(MAKE_POLICY, 16, caps="always")):
        planner = planner_for(job.market)
        batches = [VariantColumns.from_variants(planner, [variant]) for variant in job.variants]
        assert len({batch.key for batch in batches}) == 1
        assert len(np.unique(variant_metric_table(job.market, job.variants)[:, 0])) == 16


@pytest.mark.slow
def test_the_verb_prints_tables_and_writes_its_files(tmp_path, capsys, monkeypatch) -> None:
    from engine.cli import main

    monkeypatch.setattr("sys.argv", ["engine", "bench", "--rounds", "1", "--no-peers", "--out", str(tmp_path)])
    assert main() == 0
    said = capsys.readouterr().out
    assert "How CPU time grows" in said
    assert "engine run" in said
    assert json.loads((tmp_path / "bench.json").read_text())["lines"]
    assert (tmp_path / "bench.html").read_text().startswith("<!DOCTYPE html>")
