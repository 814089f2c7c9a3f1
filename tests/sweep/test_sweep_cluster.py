"""The same sweep on a Dask cluster: the same bytes, also when a worker is killed on the way."""

from __future__ import annotations

import dataclasses
import os
import signal
import subprocess
import sys
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from engine.composition import open_document, run_config_class, validate_sweep
from engine.core.errors import OutputError
from engine.sweep import dask_executor
from engine.sweep.computation import prepare, write_results
from engine.sweep.dask_executor import DaskExecutor
from engine.sweep.executors import ProcessExecutor, ThreadExecutor
from engine.sweep.journal import Journal
from engine.sweep.scheduler import Scheduler
from tests.support.cluster import cluster
from tests.support.sweeps import QUICK, digest


@pytest.fixture(scope="module")
def made():
    return prepare(*validate_sweep(open_document(QUICK, ())), run_config_class)


@pytest.fixture(scope="module")
def alone(made, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The digest of the sweep in this process."""
    return _digest(made, tmp_path_factory.mktemp("alone"), ThreadExecutor())


def _digest(made, folder: Path, executor, progress=lambda done, total: None) -> str:
    with Journal.open(folder / "sweep.journal", made.identity, resume=False) as journal:
        write_results(made, journal, executor, 300, progress)
    return digest(folder / "results.parquet")


@pytest.mark.slow
def test_a_cluster_that_loses_a_worker_on_the_way_gives_the_same_bytes(made, alone: str, tmp_path: Path) -> None:
    with cluster(tmp_path, 2) as running:
        assert _digest(made, tmp_path, DaskExecutor(running.scheduler)) == alone
        killed: list[int] = []

        def kill_one(done: int, total: int) -> None:
            if 0 < done < total and not killed:
                killed.append(running.processes[-1].pid)
                running.processes[-1].kill()

        assert _digest(made, tmp_path, DaskExecutor(running.scheduler), kill_one) == alone
        assert killed


@pytest.mark.slow
@pytest.mark.parametrize("lost", [signal.SIGKILL, signal.SIGSTOP])
def test_a_task_that_was_finished_but_is_lost_before_it_was_fetched_is_given_again(
    made, alone: str, tmp_path: Path, monkeypatch, lost: signal.Signals
) -> None:
    """The only worker is killed between both, the job goes with it and another joins; or it does not send in time."""
    distributed = pytest.importorskip("distributed")
    fetch, done = distributed.Future.result, []

    def lose_and_fetch(future, timeout):
        if done:
            return fetch(future, timeout)
        done.append(future)
        worker = running.processes[-1]
        worker.send_signal(lost)
        if lost == signal.SIGKILL:
            running.start_worker()
            return fetch(future, timeout)
        try:
            return fetch(future, 1)
        finally:
            worker.send_signal(signal.SIGCONT)

    monkeypatch.setattr(distributed.Future, "result", lose_and_fetch)
    with cluster(tmp_path, 1) as running:
        assert _digest(made, tmp_path, DaskExecutor(running.scheduler)) == alone
    assert done


@pytest.mark.slow
def test_a_sweep_whose_cluster_is_lost_keeps_what_is_finished_and_goes_on_without(
    made, alone: str, tmp_path: Path
) -> None:
    """The scheduler is killed in the middle: one message, and --resume on this machine gives the same bytes."""
    finished: list[int] = []

    def kill_all(done: int, total: int) -> None:
        finished.append(done)
        if 0 < done < total:
            for process in running.processes:
                process.kill()

    with cluster(tmp_path, 1) as running, pytest.raises(OutputError, match=r"is gone; start it .* then --resume"):
        _digest(made, tmp_path, DaskExecutor(running.scheduler), kill_all)
    counts: list[int] = []
    with Journal.open(tmp_path / "sweep.journal", made.identity, resume=True) as journal:
        write_results(made, journal, ThreadExecutor(), 300, lambda done, total: counts.append(done))
    assert digest(tmp_path / "results.parquet") == alone
    assert counts[0] == finished[-1] > 0


@pytest.mark.slow
def test_a_scheduler_whose_workers_stay_away_is_not_waited_for_for_ever(made, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(dask_executor, "WORKERLESS_TIMEOUT", 2)

    def kill_one(done: int, total: int) -> None:
        if 0 < done < total:
            running.processes[-1].kill()

    with (
        cluster(tmp_path, 1) as running,
        pytest.raises(OutputError, match=r"has had no worker for 2 seconds; start some, then --resume"),
    ):
        _digest(made, tmp_path, DaskExecutor(running.scheduler), kill_one)


def test_processes_that_lose_one_on_the_way_give_the_same_bytes(made, alone: str, tmp_path: Path) -> None:
    import multiprocessing

    killed: list[int] = []

    def kill_one(done: int, total: int) -> None:
        if 0 < done < total and not killed:
            killed.append(multiprocessing.active_children()[0].pid or 0)
            os.kill(killed[0], signal.SIGKILL)

    assert _digest(made, tmp_path, ProcessExecutor(2), kill_one) == alone
    assert killed


def test_a_process_that_is_killed_as_it_starts_is_replaced(made, alone: str, tmp_path: Path, monkeypatch) -> None:
    """The job is larger than a pipe holds: whoever writes it to a process that is gone must not wait for it."""
    start, killed = BaseProcess.start, []

    def start_and_kill_two(process) -> None:
        start(process)
        if len(killed) < 2:
            killed.append(process.pid)
            os.kill(process.pid, signal.SIGKILL)

    monkeypatch.setattr(BaseProcess, "start", start_and_kill_two)
    assert _digest(made, tmp_path, ProcessExecutor(2)) == alone
    assert len(killed) == 2


def test_there_are_never_more_processes_than_tasks(made, alone: str, tmp_path: Path, monkeypatch) -> None:
    start, started = BaseProcess.start, []
    monkeypatch.setattr(BaseProcess, "start", lambda process: (started.append(process), start(process)))
    with Journal.open(tmp_path / "sweep.journal", made.identity, resume=False) as journal:
        write_results(made, journal, ProcessExecutor(8), 3000, lambda done, total: None)
    assert digest(tmp_path / "results.parquet") == alone
    assert 1 <= len(started) <= 2


def broken_schema():
    raise ValueError("a bug in a process")


def test_a_bug_in_a_process_is_a_bug_not_a_lost_process(made, tmp_path: Path) -> None:
    faulty = dataclasses.replace(made, job=dataclasses.replace(made.job, schema=broken_schema))
    with pytest.raises(RuntimeError, match="a bug in a process"):
        _digest(faulty, tmp_path, ProcessExecutor(2))


def test_a_process_that_dies_again_and_again_is_one_message(made, tmp_path: Path) -> None:
    faulty = dataclasses.replace(made, job=dataclasses.replace(made.job, schema=dying_schema))
    with pytest.raises(
        OutputError, match="a worker process died 4 times, killed or out of memory; take fewer --workers"
    ):
        _digest(faulty, tmp_path, ProcessExecutor(1))


def dying_schema():
    os._exit(9)


def test_a_scheduler_that_does_not_answer_or_is_no_address_is_one_message(made, tmp_path: Path, monkeypatch) -> None:
    """Whatever the address, within the time that a scheduler is given to answer: here less than a user has."""
    monkeypatch.setattr(dask_executor, "CONNECT_TIMEOUT", 0.3)
    for address, words in (
        ("tcp://127.0.0.1:9", "does not answer; start one with `dask scheduler`"),
        ("nowhere", "--scheduler: nowhere: is no address, as tls://host:8786 or tcp://host:8786"),
        ("htp://127.0.0.1:9", "--scheduler: htp://127.0.0.1:9: is no address"),
        ("ucx://127.0.0.1:9", "--scheduler: ucx://127.0.0.1:9: is no address"),
        ("tcp://127.0.0.1:99999", "--scheduler: tcp://127.0.0.1:99999: is no address"),
        ("tls://127.0.0.1:9", "--tls-ca: is missing, tls://127.0.0.1:9 is encrypted; name a file"),
        ("127.0.0.1:9", "does not answer"),
    ):
        with pytest.raises(OutputError) as caught:
            _digest(made, tmp_path, DaskExecutor(Scheduler(address)))
        assert words in str(caught.value)


def test_without_dask_the_message_says_what_to_install(tmp_path: Path) -> None:
    code = "import sys; sys.modules['distributed'] = None; from engine.cli import main; sys.exit(main())"
    done = subprocess.run(
        [sys.executable, "-c", code, "sweep", str(QUICK), "--scheduler", "tcp://127.0.0.1:9", "--out", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "Dask is not installed; run `pip install 'portfolio-engine[cluster]'`" in done.stderr
