"""The timing report: jobs in this engine and in others, timed in turns on one machine."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from engine.diagnostics.bench.commands import own_commands
from engine.diagnostics.bench.contenders import (
    batch_run,
    matrix_contenders,
    own_contenders,
    peer_contenders,
    weight_contenders,
)
from engine.diagnostics.bench.jobs import SESSIONS, PolicyFactory, TimingJob, core_satellite_job, fixed_mix_job
from engine.diagnostics.bench.kernel_clock import peak_memory
from engine.diagnostics.bench.machine import describe_machine, load_text, system_load
from engine.diagnostics.bench.peer_process import RemoteRun
from engine.diagnostics.bench.stopwatch import LocalRun, TimeGrowth, time_in_turns
from engine.diagnostics.bench.timings import COMMAND_JOB, Timing, TimingReport

MILLION_RUNS = 1_000_000


def time_jobs(
    make_policy: PolicyFactory, *, rounds: int, threads: int, peers: bool, say: Callable[[str], None]
) -> TimingReport:
    """Time all jobs and return the report; ``say`` is called with what is being timed."""
    load = system_load()
    say("a million runs")
    counted = _time_million_runs(make_policy, threads)
    contenders = [*own_contenders(make_policy, threads), *matrix_contenders(threads), *weight_contenders(peers)]
    missing: list[str] = []
    if peers:
        contenders += peer_contenders(make_policy, missing)
    samples = time_in_turns(
        [one.run for one in contenders], rounds, lambda number: say(f"all jobs, round {number} of {rounds}")
    )
    lines = [one.timing(taken) for one, taken in zip(contenders, samples, strict=True)]
    for one in contenders:
        if isinstance(one.run, RemoteRun):
            one.run.close()
    say("growth")
    growth = tuple(_time_growths(make_policy, rounds))
    say("whole commands")
    lines += _command_timings(rounds)
    machine = {**describe_machine(threads), "load": load_text(load, system_load())}
    return TimingReport(machine, tuple(lines), growth, tuple(missing), counted)


def _time_growths(make_policy: PolicyFactory, rounds: int) -> Iterator[TimeGrowth]:
    """Yield how the CPU time of batches grows with sessions, assets and variants."""
    cases: dict[str, dict[int, TimingJob]] = {
        "sessions": {n: fixed_mix_job(make_policy, 4096, sessions=n) for n in (SESSIONS, 2 * SESSIONS, 4 * SESSIONS)},
        "assets": {n: fixed_mix_job(make_policy, 4096, assets=n) for n in (6, 12, 24)},
        "variants": {n: fixed_mix_job(make_policy, n) for n in (8_192, 16_384, 32_768)},
    }
    for dimension, jobs in cases.items():
        taken = time_in_turns([LocalRun(batch_run(job)) for job in jobs.values()], rounds)
        seconds = tuple(tuple(sample.cpu for sample in turn) for turn in zip(*taken, strict=True))
        yield TimeGrowth(dimension, tuple(jobs), seconds)


def _command_timings(rounds: int) -> Iterator[Timing]:
    """Yield the lines of whole commands."""
    with tempfile.TemporaryDirectory() as folder:
        commands = own_commands(Path(folder))
        for command, samples in zip(commands, time_in_turns(commands, rounds), strict=True):
            yield Timing(COMMAND_JOB, command.title, tuple(samples), memory=command.memory or None)


def _time_million_runs(make_policy: PolicyFactory, threads: int, step: int = 50_000) -> tuple[float, int]:
    """Make a million runs in batches of ``step``; return seconds and the peak memory of the process [bytes]."""
    run = batch_run(core_satellite_job(make_policy, step), threads)
    start = time.perf_counter()
    for _ in range(MILLION_RUNS // step):
        run()
    return time.perf_counter() - start, peak_memory()
