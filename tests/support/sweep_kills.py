"""Kill a sweep with signal 9 at random moments and go on with it: ``python -m tests.support.sweep_kills [KILLS] [SEED]``.

After every kill the journal is read: no chunk that was finished is lost, none stands there twice, every record is
whole; a result that was there before verifies. Each sweep that comes to its end has the bytes of one never interrupted.
"""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from engine.composition import open_document, run_config_class, validate_sweep
from engine.sweep.computation import prepare
from engine.sweep.finished_sweep import read_sweep
from engine.sweep.journal import Journal
from tests.support.sweeps import QUICK, digest

OPTIONS = ("--json", "--workers", "2", "--memory", "1")
RECORD = 100_000
"""More bytes than a journal's header, fewer than the record of any chunk."""


@dataclass
class Tally:
    """What happened: kills, sweeps that came to their end, chunks found finished after a kill."""

    kills: int = 0
    ends: int = 0
    kept: list[int] = field(default_factory=list)


def command(out: Path, *options: str) -> list[str]:
    return [sys.executable, "-m", "engine", "sweep", str(QUICK), "--out", str(out), *OPTIONS, *options]


def reference(folder: Path) -> tuple[str, float]:
    """Return the digest of a sweep that is left alone, and how long it takes."""
    begin = time.monotonic()
    subprocess.run(command(folder), check=True, stdout=subprocess.DEVNULL)
    return digest(folder / "quickstart-sweep.sweep" / "results.parquet"), time.monotonic() - begin


def finished(folder: Path, identity: dict[str, str]) -> dict[int, tuple[int, bytes]]:
    """Return the finished chunks of an interrupted sweep: first point -> last point and content."""
    path = folder / "unfinished" / "sweep.journal"
    if not path.exists() or not path.stat().st_size:
        return {}
    with Journal.open(path, identity, resume=True) as journal:
        chunks = {first: journal.read_chunk(first) for first in sorted(journal.chunk_locations)}
    ends = [(first, chunk.last) for first, chunk in chunks.items()]
    assert all(a[1] <= b[0] for a, b in pairwise(ends)), "a chunk stands there twice"
    return {first: (chunk.last, chunk.encode()) for first, chunk in chunks.items()}


def _lives(process: subprocess.Popen[bytes], folder: Path, chance: random.Random, whole: float, watched: bool) -> bool:
    """Wait for the moment of a kill and return whether the process lives to see it.

    A moment between its start and its end, which on a busy machine is mostly while it still loads; or, ``watched``,
    one soon after its journal has become longer.
    """
    journal = folder / "unfinished" / "sweep.journal"
    known = _length(journal)
    while watched and process.poll() is None and _length(journal) < known + RECORD:
        time.sleep(0.001)
    try:
        process.wait(timeout=chance.uniform(0.0, 0.1) * whole if watched else chance.uniform(0.2, 1.0) * whole)
    except subprocess.TimeoutExpired:
        return True
    return False


def _length(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def kill_and_go_on(kills: int, seed: int, place: Path) -> Tally:
    """Kill ``kills`` times; raises AssertionError when anything is not as it should be."""
    wanted, whole = reference(place / "reference")
    identity = prepare(*validate_sweep(open_document(QUICK, ())), run_config_class).identity
    chance, tally, out = random.Random(seed), Tally(), place / "killed"
    folder, before = out / "quickstart-sweep.sweep", {}
    while tally.kills < kills:
        begin = time.monotonic()
        process = subprocess.Popen(command(out, "--resume"), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        if _lives(process, folder, chance, whole, watched=tally.kills % 2 == 0):
            process.kill()
            process.wait()
            tally.kills += 1
            after = finished(folder, identity)
            gone = not (folder / "unfinished").exists()  # killed between the last rename and the end
            assert gone or before.items() <= after.items(), "a finished chunk was lost"
            tally.kept.append(len(after))
            before = {} if gone else after
            if (folder / "manifest.json").exists() and not (folder / "unfinished").exists():
                read_sweep(folder)
        else:
            assert process.returncode == 0, process.stderr.read().decode()
            assert digest(folder / "results.parquet") == wanted, "other bytes than without interruption"
            read_sweep(folder)
            shutil.rmtree(folder)
            whole = time.monotonic() - begin  # of a machine that is less busy now, or more
            tally.ends += 1
            before = {}
        process.stderr.close()
    assert subprocess.run(command(out, "--resume"), check=True, stdout=subprocess.DEVNULL).returncode == 0
    assert digest(folder / "results.parquet") == wanted
    return tally


if __name__ == "__main__":
    asked = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    with tempfile.TemporaryDirectory() as scratch:
        made = kill_and_go_on(asked, int(sys.argv[2]) if len(sys.argv) > 2 else 1, Path(scratch))
    sys.stdout.write(
        f"{made.kills} kills, {made.ends} sweeps finished between them with the same bytes; after a kill "
        f"{min(made.kept)} to {max(made.kept)} chunks were kept, none lost, none doubled\n"
    )
