"""Press Ctrl-C at every moment of a command's life: ``python -m tests.support.interrupts [STEP] [VERB...]``.

After each the command must have ended with 130 and one line, or have been done already; no process of it is left, and
no file but what a sweep keeps to go on with. A terminal sends the signal to every process of the command.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

from tests.support.sweeps import PLAN, ROOT

AXES = "\n  axes: {strategy.core.SIZE: {from: 1%, to: 20%, step: 0.05%}}\n"
PLANS = {
    "run": ("run", PLAN.replace("sweep:\n", "")),
    "fetch": ("data fetch", PLAN.replace("sweep:\n", "")),
    "threads": ("sweep --workers 2 --memory 1", PLAN + AXES),
    "processes": ("sweep --workers 2 --memory 1", PLAN.replace("sweep:", "account: {shares: whole}\nsweep:") + AXES),
}
"""Of each kind the words of the command and its config: whole shares run in processes."""

PAST_ITS_END = 3
"""How many moments after its end are tried too: on a busy machine one run takes longer than another."""

WAIT = 60
"""How long a command may take from the signal on, on a busy machine [s]."""


def interrupted(kind: str, after: float, place: Path) -> tuple[str, float]:
    """Return what became of a command that was interrupted ``after`` seconds, and how long it lived."""
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    words, config = PLANS[kind]
    (place / "plan.yaml").write_text(config)
    out = [] if kind == "fetch" else ["--json", "--out", "out"]
    begin = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "engine", *words.split(), "plan.yaml", *out],
        cwd=place,
        env={**os.environ, "PYTHONPATH": str(ROOT), "XDG_STATE_HOME": str(place / "state")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    time.sleep(max(0.0, after - (time.monotonic() - begin)))
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGINT)
    said = process.communicate(timeout=WAIT)[1]
    life = time.monotonic() - begin
    logs = [log.read_text()[-1500:] for log in (place / "state").rglob("*crash*.log")]
    return "\n".join([_outcome(process, said, place / "out"), *logs]), life


def _outcome(process: subprocess.Popen[str], said: str, out: Path) -> str:
    """Return "one line", "before the engine", "done", or what is not as it should be."""
    lines = [line for line in said.splitlines() if not line.startswith("compiling")]
    left = _session(process.pid)
    if left:
        return f"left processes: {left}"
    if process.returncode == 0 and not lines:
        return "done"
    kept = [path for path in out.rglob("*") if path.is_file() and "unfinished" not in path.parts]
    if process.returncode != 130 or len(lines) != 1 or "interrupted" not in lines[0]:
        told = any(line.startswith("error:") for line in lines)  # Python tells of a "Fatal Python error:"
        if process.returncode in {1, -signal.SIGINT} and f"{ROOT}/engine" not in said and not told:
            return "before the engine"  # Python itself was still starting
        return f"exit {process.returncode}: {lines[-12:]}"
    if (out / "small.sweep" / "unfinished" / "sweep.journal").exists() and "--resume" not in lines[0]:
        return "keeps a journal and does not say so"
    return f"left files: {kept}" if kept else "one line"


def _session(leader: int) -> list[str]:
    """Return the processes of a session that still run, a moment after its leader has ended."""
    found: list[str] = []
    for _ in range(40):
        found.clear()
        for status in Path("/proc").glob("[0-9]*/stat"):
            with suppress(OSError):
                fields = status.read_text().rpartition(")")[2].split()
                if int(fields[3]) == leader and fields[0] not in "ZX":
                    found.append((status.parent / "cmdline").read_text().replace("\0", " "))
        if not found:
            return []
        time.sleep(0.05)
    return found


def scan(kind: str, step: float, place: Path) -> Counter[str]:
    """Interrupt a command at every ``step`` of its life; return how often what became of it."""
    tally: Counter[str] = Counter()
    after, longest = 0.0, 0.0
    while tally["done"] < PAST_ITS_END:
        became, life = interrupted(kind, after, place)
        tally[became] += 1
        longest = max(longest, life - after)
        if became not in {"done", "one line"}:
            sys.stdout.write(f"{kind} at {after:.2f} s: {became}\n")
            sys.stdout.flush()
        after += step
    sys.stdout.write(f"{kind}: every {step} s up to {after:.2f} s, ended {longest:.1f} s after it at the latest: ")
    sys.stdout.write(f"{', '.join(f'{count} {became[:40]}' for became, count in tally.items())}\n")
    sys.stdout.flush()
    return tally


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # what a shell starts in the background ignores it
    every = float(sys.argv[1]) if len(sys.argv) > 1 else 0.05
    with tempfile.TemporaryDirectory() as scratch:
        counts = [scan(kind, every, Path(scratch) / kind) for kind in sys.argv[2:] or PLANS]
    sys.exit(any(set(count) - {"done", "one line", "before the engine"} for count in counts))
