"""The command, asked thousands of times in processes that are watched: what it answers, how long, in how much memory.

Inputs are made from seeds, so that a number is enough to see one again. They run in forked processes of this one, a
few hundred in each, under timers and a limit of memory: what hangs, crashes or blows up ends its process, is counted
as a failure by its seed, and the next one goes on behind it.
"""

from __future__ import annotations

import csv
import io
import os
import re
import resource
import signal
import socket
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from multiprocessing import connection, get_context
from pathlib import Path
from unicodedata import category

import typer.main

from engine import cli
from engine.core.errors import escape_controls, unsafe_characters

MAX_SECONDS = 2.0
MAX_MEGABYTES = 300.0
KILLED_AFTER_SECONDS = 20.0
_GROWTH_MEGABYTES = 150.0
"""What an input may take where the process that asks is large already, as one that ran a thousand tests before."""
_KILLED_AFTER_WAITING = 120.0
_MORE_ADDRESSES = 3_000_000_000
_BATCH = 500
_SHOWN_EVERY = 2000
_UNSAFE = {"Cc", "Cf", "Cs", "Zl", "Zp"}


@dataclass(frozen=True)
class Command:
    """What is asked: the words behind ``engine``, and in ``names`` what a message has to name, one of them.

    What only reads has little time and memory, what simulates has what its compiled kernels take.
    """

    kind: str
    words: tuple[str, ...]
    names: tuple[str, ...]
    simulates: bool = False


@dataclass(frozen=True)
class Answer:
    """What a command printed, its exit code and its CPU time [s]."""

    code: int
    out: str
    err: str
    seconds: float


Make = Callable[[int, Path], Command]
"""Writes the input of a seed into a folder, which is the working directory too."""


@dataclass
class Outcomes:
    """What became of the inputs: how many by kind and outcome, which failed, the slowest, the one of most memory."""

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    failures: list[tuple[str, int, str]] = field(default_factory=list)
    slowest: dict[str, tuple[float, int]] = field(default_factory=dict)
    largest: dict[str, tuple[float, int]] = field(default_factory=dict)

    def add(self, kind: str, seed: int, outcome: str, failure: str, seconds: float, megabytes: float) -> None:
        self.counts[kind, outcome] += 1
        if self.counts.total() % _SHOWN_EVERY == 0:
            sys.stderr.write("\n".join([*table(self), ""]))
        if failure:
            self.failures.append((kind, seed, failure))
            sys.stderr.write(f"{kind}, seed {seed}: {failure}\n")
        self.slowest[kind] = max(self.slowest.get(kind, (0.0, 0)), (seconds, seed))
        self.largest[kind] = max(self.largest.get(kind, (0.0, 0)), (megabytes, seed))

    def merge(self, other: Outcomes) -> None:
        self.counts += other.counts
        self.failures += other.failures
        self.slowest |= other.slowest
        self.largest |= other.largest


def ask(*words: str) -> Answer:
    """Return what the command answers in this process, through the function that ends every command."""
    before = sys.argv, sys.stdout, sys.stderr
    streams = [io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="\n") for _ in range(2)]
    sys.argv, (sys.stdout, sys.stderr) = ["engine", *words], streams
    begun = time.process_time()
    try:
        code = cli.main()
    finally:
        sys.argv, sys.stdout, sys.stderr = before
    seconds = time.process_time() - begun
    for stream in streams:
        stream.flush()
    out, err = (stream.buffer.getvalue().decode() for stream in streams)
    return Answer(code, out, err, seconds)


def fault_of(answer: Answer, names: Iterable[str]) -> str:  # noqa: PLR0911  (a list of faults)
    """Return what is wrong with an answer, or ``""``: each line of a refusal says where, what and how to mend it."""
    if answer.code == 3:
        log = re.search(r"please report it with (\S+)", answer.err)
        last = Path(log[1]).read_text().strip().splitlines()[-1] if log and Path(log[1]).is_file() else answer.err
        return f"a bug: {last[:300]}"
    said = answer.out + answer.err
    if answer.code not in {0, 1}:
        return f"exit code {answer.code}"
    if "Traceback (most" in said or "Warning: " in answer.err:
        return f"a traceback or a library's warning: {answer.err[-300:]}"
    if steering := [char for char in said if char != "\n" and category(char) in _UNSAFE]:
        return f"control characters on the terminal: {steering[:5]!r}"
    if answer.code == 1 and not said.strip():
        return "no word of why"
    lines = answer.err.removesuffix("\n").split("\n") if answer.err else []
    if answer.code == 1 and lines and not lines[0].startswith("error: "):
        return f"not an error's line: {lines[0][:300]}"
    for line in lines if answer.code == 1 else ():
        if not any(escape_controls(name) in line for name in (*names, "--set")) and not line.startswith("and "):
            return f"not located: {line[:300]}"
        if "; " not in line:
            return f"no remedy: {line[:300]}"
        if len(line) > 1100:
            return f"{len(line):,} characters in a line: {line[:300]}"
    return ""


def fault_of_files(folder: Path) -> str:
    """Return what a result has in it that is a command elsewhere, or ``""``."""
    for page in folder.rglob("*.html"):
        text = re.sub(r"<script[^>]*>[^<]*(?:<(?!/script)[^<]*)*</script>", "", page.read_text(encoding="utf-8"))
        if live := re.search(r"<script>alert|<img src=x", text):
            return f"{page.name} has {live[0]!r}"
        if steering := unsafe_characters(text) - {"\n", "\t"}:
            return f"{page.name} has {steering!r}"
    for listing in folder.rglob("*.csv"):
        for row in csv.reader(io.StringIO(listing.read_text(encoding="utf-8"))):
            if formula := next((cell for cell in row if re.match(r"[=+@\t\r]|-(?![0-9.])", cell)), None):
                return f"{listing.name} has the formula {formula!r}"
    for record in folder.rglob("*.json"):
        if steering := unsafe_characters(record.read_text(encoding="utf-8")) - {"\n"}:
            return f"{record.name} has {steering!r}"
    return ""


def watch(make: Make, seeds: range, jobs: int = 1) -> Outcomes:
    """Ask the command for each seed, in forked processes."""
    outcomes, context = Outcomes(), get_context("fork")
    ranges = [seeds[at : at + _BATCH] for at in range(0, len(seeds), _BATCH)][::-1]
    running: dict[connection.Connection, tuple[object, range, list[tuple[str, int]]]] = {}
    while ranges or running:
        while ranges and len(running) < jobs:
            begin = ranges.pop()
            reader, writer = context.Pipe(duplex=False)
            process = context.Process(target=_ask_batch, args=(make, begin, writer))
            process.start()
            writer.close()
            running[reader] = process, begin, []
        for reader in connection.wait(list(running)):
            process, begin, now = running[reader]
            try:
                found = reader.recv()
            except EOFError:
                del running[reader]
                process.join()
                reader.close()
                if now:
                    kind, seed = now[0]
                    outcomes.add(kind, seed, "broken", f"its process ended with {process.exitcode}", 0.0, 0.0)
                    if rest := range(seed + 1, begin.stop):
                        ranges.append(rest)
                continue
            now[:] = [found] if len(found) == 2 else []
            if len(found) > 2:
                outcomes.add(*found)
    return outcomes


def _ask_batch(make: Make, seeds: range, writer: connection.Connection) -> None:
    """Ask for each seed and send what came of it; this process is thrown away afterwards."""
    _limit_process()
    before = _peak_megabytes()
    typer.main.get_command = cache(typer.main.get_command)  # made anew for each, it would take two thirds of the time
    with tempfile.TemporaryDirectory() as place:
        os.environ["XDG_STATE_HOME"] = os.environ["PORTFOLIO_ENGINE_STORE"] = f"{place}/state"
        for seed in seeds:
            writer.send(("?", seed))
            signal.setitimer(signal.ITIMER_PROF, KILLED_AFTER_SECONDS)
            signal.setitimer(signal.ITIMER_REAL, _KILLED_AFTER_WAITING)
            folder = Path(place, "work")
            folder.mkdir()
            os.chdir(folder)
            command = make(seed, folder)
            writer.send((command.kind, seed))
            writer.send((command.kind, seed, *_ask_watched(command, before)))
            os.chdir(place)
            _remove(folder)
    writer.close()
    os._exit(0)


def _ask_watched(command: Command, before: float) -> tuple[str, str, float, float]:
    """Return outcome, failure, CPU time and the most memory so far of one command."""
    _peak_megabytes()  # what making the input took does not count
    limits = (10.0, 600.0) if command.simulates else (MAX_SECONDS, max(MAX_MEGABYTES, before + _GROWTH_MEGABYTES))
    try:
        answer = ask(*command.words)
        failure = fault_of(answer, command.names) or fault_of_files(Path("runs"))
        seconds = answer.seconds
    except BaseException as error:  # noqa: BLE001  whatever leaves `main` is a failure to be counted
        failure, seconds = f"{type(error).__name__} left main: {error}"[:300], 0.0
    signal.setitimer(signal.ITIMER_PROF, 0)
    signal.setitimer(signal.ITIMER_REAL, 0)
    megabytes = _peak_megabytes()
    outcome = "broken" if failure else ("accepted", "refused")[answer.code]
    if not failure and seconds > limits[0]:
        failure = f"{seconds:.1f} s of CPU"
    if not failure and megabytes > limits[1]:
        failure = f"{megabytes:,.0f} MB"
    return outcome, failure, seconds, megabytes


def _peak_megabytes() -> float:
    """Return the most memory since this was asked for last [MB]; elsewhere than on Linux since the process began."""
    if sys.platform != "linux":
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_000_000
    peak = re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())
    Path("/proc/self/clear_refs").write_text("5")
    return int(peak[1]) / 1000 if peak else 0.0


def _limit_process() -> None:
    """Let this process be ended by its timers, allocate no more than so much, and reach no network."""
    for alarm in (signal.SIGPROF, signal.SIGALRM):
        signal.signal(alarm, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        most = pages * resource.getpagesize() + _MORE_ADDRESSES
        resource.setrlimit(resource.RLIMIT_AS, (most, resource.RLIM_INFINITY))

    def refuse(*_: object) -> None:
        raise OSError(101, "Network is unreachable")

    socket.socket.connect = refuse  # type: ignore[assignment,method-assign]


def _remove(folder: Path) -> None:
    """Remove a folder with all that is in it, and nothing that its links lead to."""
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            _remove(path)
        else:
            path.unlink()
    folder.rmdir()


def table(outcomes: Outcomes) -> Iterator[str]:
    """Yield a table: kind, count, accepted, refused, bugs, slowest, most memory."""
    yield "| kind | inputs | accepted | refused | failed | slowest, s of CPU | most memory, MB |"
    yield "|---|---:|---:|---:|---:|---:|---:|"
    kinds = sorted({kind for kind, _ in outcomes.counts})
    for kind in [*kinds, "all"]:
        own = [one for one in kinds if kind in (one, "all")]
        counts = [sum(outcomes.counts[one, what] for one in own) for what in ("accepted", "refused")]
        count = sum(number for (one, _), number in outcomes.counts.items() if one in own)
        failed = sum(one in own for one, _, _ in outcomes.failures)
        slowest, largest = (max(found[one] for one in own) for found in (outcomes.slowest, outcomes.largest))
        row = [
            f"{count:,}",
            *(f"{number:,}" for number in (*counts, failed)),
            f"{slowest[0]:.2f}",
            f"{largest[0]:,.0f}",
        ]
        yield f"| {' | '.join([kind, *row])} |"
