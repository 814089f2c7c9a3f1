"""The timing report: what it asserts, counts and prints; how long things take is not tested."""

from __future__ import annotations

import json

import numpy as np
import pytest
from pydantic import TypeAdapter

from engine.diagnostics.bench import measure
from engine.diagnostics.bench.jobs import core_satellite_job, fixed_mix_job
from engine.diagnostics.bench.measure import TimeGrowth, Timing, TimingReport
from engine.diagnostics.bench.peers import PEERS, run_quietly
from engine.report.bench import bench_html, bench_json, print_bench
from engine.sweep.batch.planner import policy_cache_for
from engine.sweep.batch.run_batch import variant_metric_table
from strategies import AnyStrategy

MAKE_POLICY = TypeAdapter(AnyStrategy).validate_python


@pytest.fixture
def report() -> TimingReport:
    lines = (
        Timing("the job", "lanes", 8, 5, 2e-6, 1e-6, 3e-6, flops=7e10),
        Timing("the job", "a <b>peer</b>", 1, 5, 8e-3, 7e-3, 9e-3, difference=1e-12),
        Timing("the job", "another", 1, 5, 9e-3, 7e-3, 9e-3, difference=0.5),
    )
    growth = (TimeGrowth("assets", (6, 12, 24), (1.0, 2.0, 4.0)),)
    return TimingReport({"cores": "2"}, 1.4e11, lines, growth, ("absent",), (2.5, 300_000_000))


def test_the_table_says_how_many_times_slower_and_who_did_another_job(report: TimingReport, capsys) -> None:
    print_bench(report)
    said = " ".join(capsys.readouterr().out.split())
    assert "4,000.0" in said
    assert "not the same" in said
    assert "70 Gflop/s, 50% of that" in said
    assert "absent is not installed" in said
    assert "2.5 s, at most 300 MB" in said


def test_time_that_doubles_with_the_size_grows_with_its_first_power(report: TimingReport) -> None:
    assert report.growth[0].slope == pytest.approx(1.0)


def test_the_page_needs_nothing_else_and_reads_names_as_text(report: TimingReport) -> None:
    page = bench_html(report)
    assert "a &lt;b&gt;peer&lt;/b&gt;" in page
    assert "<script" not in page
    assert "http" not in page.replace("http-equiv", "")


def test_the_json_holds_every_number(report: TimingReport) -> None:
    data = json.loads(json.dumps(bench_json(report), allow_nan=False))
    assert data["lines"][0]["a_second"] == 500_000.0
    assert data["million"] == {"seconds": 2.5, "peak_bytes": 300_000_000}
    assert data["growth"][0]["power"] == pytest.approx(1.0)


def test_flops_are_counted_by_hand_for_two_assets() -> None:
    """Value 4, cash 1, return 3 with what it is divided by, its deviation and sums 4, shortfall 2, values 1, days 1, drawdown 2, its square 2."""
    assert measure.session_flops(2, 0) == 4 + 1 + 3 + 4 + 2 + 1 + 1 + 2 + 2
    # a cap: one more product of money, 5 for limit, count and peak
    assert measure.session_flops(2, 1) == measure.session_flops(2, 0) + 6


@pytest.mark.parametrize("peer", [peer for peer in PEERS if peer.title != "cvxportfolio"], ids=lambda peer: peer.title)
@pytest.mark.filterwarnings("ignore")
def test_a_peer_given_the_same_weights_finds_the_same_figures(peer) -> None:
    if peer.version is None:
        pytest.skip(f"{peer.title} is not installed")
    job = fixed_mix_job(MAKE_POLICY, 1, sessions=700)
    known = measure.comparable_figures(job)
    for name, values in run_quietly(peer.prepare(job)).items():
        assert values == pytest.approx(known[name], rel=measure.RESULT_TOLERANCE), name


def test_the_jobs_run_in_batches_and_differ_from_variant_to_variant() -> None:
    for job in (fixed_mix_job(MAKE_POLICY, 16, sessions=600), core_satellite_job(MAKE_POLICY, 16, caps="always")):
        cache = policy_cache_for(job.market)
        assert len({cache.batch_key(variant) for variant in job.variants}) == 1
        assert cache.batch_key(job.variants[0]) is not None
        assert len(np.unique(variant_metric_table(job.market, job.variants)[:, 0])) == 16


@pytest.mark.slow
def test_the_verb_prints_tables_and_writes_its_files(tmp_path, capsys, monkeypatch) -> None:
    from engine.cli import main

    monkeypatch.setattr("sys.argv", ["engine", "bench", "--rounds", "1", "--no-peers", "--out", str(tmp_path)])
    assert main() == 0
    assert "How time grows" in capsys.readouterr().out
    assert json.loads((tmp_path / "bench.json").read_text())["lines"]
    assert (tmp_path / "bench.html").read_text().startswith("<!DOCTYPE html>")
