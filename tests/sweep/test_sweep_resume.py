"""The journal of a sweep: it goes on where it ended, and with nothing that is not its own."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from engine.core import interrupts
from engine.core.errors import OutputError
from engine.report.sweep.page import render_sweep
from engine.sweep.batch.run_batch import SWEEP_METRICS
from engine.sweep.chunk import Chunk
from engine.sweep.computation import write_results
from engine.sweep.executors import ThreadExecutor
from engine.sweep.journal import Journal
from engine.sweep.pipeline import SweepOptions, run_sweep
from engine.sweep.worker import ChunkEvaluator
from tests.support.sweeps import PLAN, QUICK, SMALL, digest, engine, sweeping


def test_the_chunks_may_be_of_any_size_and_come_in_any_order(tmp_path: Path, written) -> None:
    made = sweeping(SMALL)
    worker = ChunkEvaluator(made.job)

    class Backwards:
        def chunks(self, job, tasks):
            for first, indices in reversed(list(tasks)):
                yield worker.evaluate(first, indices)

    for rows in (1, 7, 64):
        with Journal.open(tmp_path / str(rows) / "sweep.journal", made.identity, resume=False) as journal:
            write_results(made, journal, Backwards(), rows, lambda done, total: None)
        assert digest(tmp_path / str(rows) / "results.parquet") == digest(written[1] / "results.parquet")


def test_an_interrupt_while_the_journal_is_opened_says_how_to_go_on(tmp_path: Path, monkeypatch) -> None:
    """By then it may be there, and what an earlier one has finished is."""

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Journal, "open", interrupted)
    monkeypatch.setattr(interrupts, "_ADVICE", [])
    options = SweepOptions(tmp_path / "small.sweep", 1, None, 100_000_000, resume=False)
    with pytest.raises(KeyboardInterrupt):
        run_sweep(sweeping(SMALL), options, lambda done, total: None, render_sweep)
    assert interrupts.interrupt_line() == "interrupted; what is finished is kept, go on with --resume\n"


def test_a_sweep_goes_on_where_it_ended_and_cuts_off_what_was_torn(tmp_path: Path, written) -> None:
    made = sweeping(SMALL)
    path = tmp_path / "sweep.journal"
    worker, points = ChunkEvaluator(made.job), made.points
    with Journal.open(path, made.identity, resume=False) as journal:
        for first, last in ((40, 50), (0, 10)):
            journal.append(worker.evaluate(first, points.indices_between(first, last)))
        last = journal.chunk_locations[0][1]
    whole = path.read_bytes()
    record = whole[last - 44 :]  # the last one, from its head on
    done: list[int] = []

    class Counting(ThreadExecutor):
        def chunks(self, job, tasks):
            for first, indices in tasks:
                done.extend(range(first, first + len(indices)))
                yield worker.evaluate(first, indices)

    for torn in (b"", b"SWP1", record[:-1], record[: len(record) // 2], b"\0" * 100):
        done.clear()
        path.write_bytes(whole + torn)
        with Journal.open(path, made.identity, resume=True) as journal:
            write_results(made, journal, Counting(), 16, lambda done, total: None)
        assert sorted(done) == [*range(10, 40), *range(50, 60)]
        assert digest(tmp_path / "results.parquet") == digest(written[1] / "results.parquet")


def test_an_interrupted_sweep_says_how_to_go_on(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "engine", "sweep", str(QUICK), "--memory", "1", "--workers", "1", "--json"]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    journal = tmp_path / "runs" / "quickstart-sweep.sweep" / "unfinished" / "sweep.journal"
    while process.poll() is None and not (journal.exists() and journal.stat().st_size > 10_000):
        time.sleep(0.002)
    process.send_signal(signal.SIGINT)
    out, said = process.communicate()
    assert (process.returncode, out) == (130, "")
    said = "\n".join(line for line in said.splitlines() if not line.startswith("compiling"))
    assert said == "interrupted; what is finished is kept, go on with --resume"
    engine("sweep", QUICK, "--resume", "--json", cwd=tmp_path)
    assert not journal.exists()


def test_processes_that_are_still_starting_say_nothing_of_an_interrupt(tmp_path: Path) -> None:
    """A terminal sends it to all of them; whole shares run in processes."""
    config = tmp_path / "processes.yaml"
    axes = "\n  axes: {strategy.core.SIZE: {from: 1%, to: 60%, step: 0.01%}}"
    config.write_text(PLAN.replace("sweep:", "account: {shares: whole}\nsweep:") + axes)
    command = [sys.executable, "-m", "engine", "sweep", str(config), "--workers", "2", "--json"]
    process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True, start_new_session=True)
    journal = tmp_path / "runs" / "small.sweep" / "unfinished" / "sweep.journal"
    while process.poll() is None and not journal.exists():
        time.sleep(0.002)
    time.sleep(0.3)
    os.killpg(process.pid, signal.SIGINT)
    said = process.communicate()[1]
    assert "Traceback" not in said
    assert said.endswith("interrupted; what is finished is kept, go on with --resume\n")
    assert process.returncode == 130


def test_a_finished_sweep_is_not_done_again_when_asked_to_go_on(tmp_path: Path, written) -> None:
    config, folder = written
    (counted,) = (folder.parents[1] / "state").rglob("trials/*.txt")
    counted.unlink()  # as after a kill at the very end
    (folder / "unfinished").mkdir()
    done = engine("sweep", config, "--resume", cwd=folder.parents[1])
    assert "is finished; leave --resume away to sweep anew" in done.stdout
    assert counted.read_text().split()[2] == "60"
    assert not (folder / "unfinished").exists()
    done = engine("sweep", config, "--resume", "--json", cwd=folder.parents[1])
    assert done.stdout == (folder / "summary.json").read_text()
    done = engine("sweep", config, "--resume", "--set", "costs.rate=0.3%", "--json", "--out", tmp_path, cwd=tmp_path)
    assert json.loads(done.stdout)["sweep"]["variants"] == 60


def test_a_damaged_record_is_computed_again(tmp_path: Path, written) -> None:
    made = sweeping(SMALL)
    path = tmp_path / "sweep.journal"
    with Journal.open(path, made.identity, resume=False) as journal:
        write_results(made, journal, ThreadExecutor(), 20, lambda done, total: None)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    path.write_bytes(bytes(content))
    with Journal.open(path, made.identity, resume=True) as journal:
        assert journal.finished_count() < 60
        write_results(made, journal, ThreadExecutor(), 20, lambda done, total: None)
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


def test_a_chunk_reads_back_as_it_was() -> None:
    made = sweeping(SMALL)
    chunk = ChunkEvaluator(made.job).evaluate(3, made.points.indices_between(3, 9))
    again = Chunk.decode(chunk.encode())
    assert (again.first, again.last, again.rejections) == (3, 9, {})
    assert again.metrics.tobytes() == chunk.metrics.tobytes()
    assert again.encode() == chunk.encode()


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
        b'{"first": 40, "last": 41, "rows": 1, "refused": {}}\n' + bytes(20 + 8 * len(SWEEP_METRICS)),
    ],
)
def test_a_chunk_of_another_sweep_is_not_gone_on_with(tmp_path: Path, content: bytes) -> None:
    made = sweeping(SMALL)
    path = tmp_path / "sweep.journal"
    worker = ChunkEvaluator(made.job)
    with Journal.open(path, made.identity, resume=False) as journal:
        journal.append(worker.evaluate(20, made.points.indices_between(20, 30)))
    path.write_bytes(path.read_bytes() + _record(content))
    with (
        pytest.raises(OutputError, match=r"sweep.journal: holds a chunk of no such sweep; leave --resume away"),
        Journal.open(path, made.identity, resume=True) as journal,
    ):
        write_results(made, journal, ThreadExecutor(), 16, lambda done, total: None)
