"""The files of a sweep: the same bytes however they were made, all of them in place or none."""

from __future__ import annotations

import hashlib
import json
import os
import pty
import re
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from engine.backtest.output_folders import folder_kind, refuse_other_kind
from engine.core.errors import DataError, OutputError
from engine.report.sweep.page import build_sweep_report, render_sweep
from engine.sweep.batch.run_batch import SWEEP_METRICS
from engine.sweep.finished_sweep import read_sweep
from engine.sweep.outputs import is_finished
from engine.sweep.pipeline import SweepOptions, run_sweep
from engine.sweep.variant_lookup import variant_id
from tests.support.sweeps import FILES, PLAN, QUICK, SMALL, digest, engine, sweeping, swept


def test_a_sweep_writes_every_file_and_names_the_best(written) -> None:
    _, folder = written
    assert {path.name for path in folder.iterdir()} == FILES
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["sweep"]["variants"] == summary["sweep"]["distinct"] == summary["sweep"]["points"] == 60
    assert summary["warnings"][0].startswith("Best of 60:")
    manifest = json.loads((folder / "manifest.json").read_text())
    table = pq.read_table(folder / "results.parquet")
    stated = {key.decode(): value.decode() for key, value in table.schema.metadata.items()}
    assert (stated["plan_sha256"], stated["data_sha256"]) == (manifest["plan_sha256"], manifest["data_sha256"])
    assert list(json.loads(stated["sweep"])["axes"]) == sorted(
        ["strategy.satellites", "strategy.core.SIZE", "strategy.rebalance.month"]
    )
    assert (table.column_names[0], table.column_names[-len(SWEEP_METRICS) - 3]) == ("point", "start")
    assert table.column_names[-len(SWEEP_METRICS) :] == list(SWEEP_METRICS)
    sharpe = table.column("sharpe").to_numpy()
    assert summary["best"][0]["figures"]["sharpe"] == sharpe.max()
    best = table.column("point")[int(sharpe.argmax())].as_py()
    assert summary["best"][0]["id"] == variant_id(manifest["plan_sha256"], best)
    assert summary["worst"][0]["figures"]["sharpe"] == sharpe.min()
    assert summary["standings"]["strategy"]["sharpe"]["rank"] == 1 + int(
        (sharpe > summary["portfolios"]["strategy"]["sharpe"]).sum()
    )
    june = (
        table.filter(pq.filters_to_expression([("strategy.rebalance.month", "==", "june")])).column("sharpe").to_numpy()
    )
    effect = {one["label"]: one for one in summary["effects"]["strategy.rebalance.month"]["values"]}["june"]
    assert effect["count"] == len(june) == 30
    assert effect["mean"] == pytest.approx(june.mean(), rel=1e-14)
    january = sharpe[[month == "january" for month in table.column("strategy.rebalance.month").to_pylist()]]
    assert effect["effect"] == pytest.approx(june.mean() - january.mean(), abs=1e-14)


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
        best,
        "--variant",
        "report.html",
    ):
        assert words in done.stdout
    assert "\x1b" not in done.stdout
    assert done.stderr == ""


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
            assert digest(tmp_path / str(number) / "small.sweep" / name) == digest(folder / name), (name, options)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_whole_matrix_gives_the_same_bytes(tmp_path: Path) -> None:
    """Threads, budgets, hash seeds, and once with an empty cache of compiled code."""
    found = set()
    for number, (options, environment) in enumerate(WHOLE_MATRIX):
        out = tmp_path / str(number)
        engine("sweep", QUICK, *options.split(), "--json", "--out", out, cwd=tmp_path, **environment)
        found.add(digest(out / "quickstart-sweep.sweep" / "results.parquet"))
    cold = {"NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    engine("sweep", QUICK, "--json", "--out", tmp_path / "cold", cwd=tmp_path, **cold)
    found.add(digest(tmp_path / "cold" / "quickstart-sweep.sweep" / "results.parquet"))
    assert len(found) == 1


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


def test_a_full_disk_is_a_message_and_leaves_the_old_result(tmp_path: Path, written) -> None:
    config, _ = written
    engine("sweep", config, "--json", cwd=tmp_path)
    before = {name: digest(tmp_path / "runs" / "small.sweep" / name) for name in FILES}
    done = engine("sweep", config, "--set", "strategy.cap=3.5%", cwd=tmp_path, check=1, limit=20_000)
    assert "free some space" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert {name: digest(tmp_path / "runs" / "small.sweep" / name) for name in FILES} == before
    engine("sweep", config, "--set", "strategy.cap=3.5%", "--resume", "--json", cwd=tmp_path)
    assert {path.name for path in (tmp_path / "runs" / "small.sweep").iterdir()} == FILES


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
    with pytest.raises(OutputError, match=r"results\.parquet: is missing"):
        read_sweep(folder)


def test_the_page_is_self_contained_and_lets_no_markup_through(
    tmp_path: Path, written, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hostile description stays text; and the table, which may be long, is read for its digest only once."""
    page = (written[1] / "report.html").read_text()
    text = page[: page.index("<script>")]
    assert "default-src 'none'" in text
    assert len(page) < 150_000
    assert not any(word in text for word in ("http://", "https://", "src=", "@import"))
    for words in (
        "Best variants by Sharpe",
        "What each value of an axis does",
        "engine run config.resolved.yaml --variant",
        "Best of 60",
    ):
        assert words in text
    made = sweeping(
        SMALL, PLAN.replace("name: small", "name: small\ndescription: '<b>&amp;</b><script>alert(1)</script>'")
    )
    hashed: list[str] = []
    digest_of = hashlib.file_digest
    monkeypatch.setattr(hashlib, "file_digest", lambda file, name: hashed.append(file.name) or digest_of(file, name))
    found = run_sweep(
        made, SweepOptions(tmp_path / "small", 1, None, 10**8, resume=False), lambda done, total: None, render_sweep
    )
    assert found.ranked_count == 60
    assert [Path(name).name for name in hashed] == ["results.parquet"]
    page = (tmp_path / "small" / "report.html").read_text()
    assert "<script>alert" not in page
    assert "&lt;b&gt;&amp;amp;&lt;/b&gt;" in page


def test_a_plan_and_its_sweep_share_a_name(tmp_path: Path, written) -> None:
    """The plan, run by itself or as the base of the sweep, has a folder beside the sweep's; neither changes the other."""
    config, folder = written
    before = {name: digest(folder / name) for name in FILES}
    run = tmp_path / "run.yaml"
    run.write_text(PLAN.replace("sweep:\n", ""))
    engine("run", run, "--json", "--out", folder.parent, cwd=tmp_path)
    own = {path.name: digest(path) for path in (folder.parent / "small").iterdir()}
    engine("run", config, "--json", "--out", folder.parent, cwd=tmp_path)
    assert {path.name: digest(path) for path in (folder.parent / "small").iterdir()} == own
    assert {path.name: digest(path) for path in folder.iterdir()} == before


def test_a_sweep_never_writes_into_the_folder_of_a_run(tmp_path: Path, written) -> None:
    """Who moved a run to where a sweep goes is told; nothing is replaced in part."""
    place = tmp_path / "runs" / "small.sweep"
    place.mkdir(parents=True)
    (place / "manifest.json").write_text('{"kind": "run"}')
    done = engine("sweep", written[0], cwd=tmp_path, check=1)
    assert done.stderr == f"error: {place}: holds a run; give the sweep another name or another --out\n"
    assert [path.name for path in place.iterdir()] == ["manifest.json"]


@pytest.mark.parametrize(("kind", "table"), [("run", "equity.parquet"), ("sweep", "results.parquet")])
def test_files_of_somebody_elses_in_a_folder_of_that_name_are_not_replaced(tmp_path: Path, kind, table) -> None:
    """Where neither a run nor a sweep is, a file that is called as one of theirs is not the engine's."""
    for name in ("manifest.json", "summary.json", "report.html", table):
        (tmp_path / name).write_text('{"kind": "another program\'s"}')
        with pytest.raises(OutputError, match=rf"{name}: is no {kind}'s and would be replaced; move it away or"):
            refuse_other_kind(tmp_path, kind)
        (tmp_path / name).unlink()
    (tmp_path / "notes").touch()
    refuse_other_kind(tmp_path, kind)


def test_what_a_folder_holds_is_what_its_manifest_says_or_else_its_files(tmp_path: Path, written) -> None:
    assert folder_kind(written[1]) == "sweep"
    assert not folder_kind(tmp_path / "nothing")
    for name, content, kind in (
        ("equity.parquet", "", ""),
        ("config.resolved.yaml", "", "run"),
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
    assert "results.parquet: is missing; sweep again to write it" in done.stderr


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
    unfinished, theirs = tmp_path / "runs" / "small.sweep" / "unfinished", tmp_path / "theirs"
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
    with pytest.raises(OutputError, match=r"results\.parquet: is no sweep's, which has a journal; move it away or"):
        swept(SMALL, unfinished.parent)
    (unfinished / "results.parquet").unlink()
    (unfinished / "sweep.journal").write_text("theirs")
    for resume in (True, False):
        with pytest.raises(OutputError, match=r"sweep\.journal: is no journal of a sweep; move it away or"):
            swept(SMALL, unfinished.parent, resume=resume)
    assert (unfinished / "sweep.journal").read_text() == "theirs"
    (unfinished / "sweep.journal").unlink()
    engine("sweep", written[0], "--json", cwd=tmp_path)
    assert theirs.read_text() == "precious"
    assert {path.name for path in unfinished.parent.iterdir()} == FILES | {"unfinished"}
    assert [path.name for path in unfinished.iterdir()] == ["letter.txt"]


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
