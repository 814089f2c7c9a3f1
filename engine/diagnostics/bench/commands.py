"""Whole commands, each a process of its own: wall time, CPU time with all it starts, kernels' time, and memory."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from engine.diagnostics.bench import kernel_clock
from engine.diagnostics.bench.stopwatch import RunTime

SWEEP_TEXT: Final = """
sweep:
  axes:
    strategy.core.QUAL: {from: 10%, to: 35%, step: 1%}
    strategy.rebalance.month: all
    strategy.satellites.JNJ: [2%, 2.5%, 3%]
    strategy.satellites.KO: [2%, 2.5%, 3%]
"""
"""What makes a sweep of the plan that ``engine init`` writes."""


_UNKNOWN: Final[dict[str, Any]] = {"kernel": math.nan, "peak": 0}


@dataclass
class CommandRun:
    """A command in a new process, with the kernels of this engine's timed; ``memory`` is the most it held [bytes]."""

    title: str
    arguments: Sequence[str]
    folder: Path
    own: bool = True
    rounds: int = 100
    result: object = None
    memory: int = 0

    def warm_up(self) -> None:
        """Run once: kernels that were never compiled are now, and what compiling holds is none of the command's."""
        self.sample()
        self.memory = 0

    def sample(self) -> RunTime:
        """Run the command to its end; what it prints goes nowhere."""
        with tempfile.TemporaryDirectory() as place:
            note = Path(place) / "note.json"
            clocked = [sys.executable, "-m", kernel_clock.__name__, str(note)] if self.own else [sys.executable]
            begin = time.perf_counter()
            process = subprocess.Popen(  # noqa: S603
                [*clocked, *self.arguments],
                cwd=self.folder,
                env=_environment(),
                stdout=subprocess.DEVNULL,
            )
            _, status, usage = os.wait4(process.pid, 0)
            wall = time.perf_counter() - begin
            process.returncode = os.waitstatus_to_exitcode(status)
            if process.returncode != 0:
                raise subprocess.CalledProcessError(process.returncode, list(self.arguments))
            told = _UNKNOWN | (json.loads(note.read_text(encoding="ascii")) if self.own else {})
        self.memory = max(self.memory, told["peak"])
        return RunTime(wall, usage.ru_utime + usage.ru_stime, told["kernel"])


def _environment() -> dict[str, str]:
    """Return what commands start with: this engine, and leave to keep bytecode, as every installation does."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return kept | {"PYTHONPATH": str(Path(__file__).parents[3])}


def own_commands(folder: Path) -> tuple[CommandRun, ...]:
    """Return commands on prices that come with the installation, which write into ``folder``, and a start of numba."""
    plan, sweep = folder / "plan.yaml", folder / "sweep.yaml"
    CommandRun("", ["init", str(plan)], folder).sample()
    sweep.write_text(plan.read_text(encoding="utf-8") + SWEEP_TEXT, encoding="utf-8")
    return (
        CommandRun("python -c 'import numba'", ["-c", "import numba"], folder, own=False),
        CommandRun("engine --help", ["--help"], folder),
        CommandRun("engine run, with its report", ["run", str(plan)], folder),
        CommandRun("engine sweep of 2,808 variants, with its report", ["sweep", str(sweep), "--out", "sweeps"], folder),
    )
