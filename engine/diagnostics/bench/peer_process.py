"""Peers that need an environment of their own: its Python runs this module, which answers every line with one of JSON.

The environment stands beside this one, as ``.venv-bench`` beside ``.venv``; ``make bench`` builds both.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from engine.diagnostics.bench.jobs import mix_job
from engine.diagnostics.bench.peers import PEERS, Peer, run_quietly
from engine.diagnostics.bench.stopwatch import RunTime

ENVIRONMENT: Final = Path(sys.prefix).with_name(".venv-bench")


class RemoteRun:
    """A peer's job in a process of the other environment, which waits while others are timed."""

    def __init__(self, peer: Peer, environment: Path = ENVIRONMENT) -> None:
        """Name the peer; nothing is started before it is asked for."""
        self.peer, self.rounds, self._python = peer, peer.rounds, environment / "bin" / "python"
        self.result: object = None

    @cached_property
    def version(self) -> str | None:
        """The version installed there; None where there is no such environment, or not the peer in it."""
        if not self._python.is_file():
            return None
        ask = f"import importlib.metadata as m; print(m.version({self.peer.distribution!r}))"
        told = subprocess.run([self._python, "-c", ask], check=False, capture_output=True, text=True)  # noqa: S603
        return told.stdout.strip() if told.returncode == 0 else None

    @cached_property
    def _process(self) -> subprocess.Popen[str]:
        root = str(Path(__file__).parents[3])
        return subprocess.Popen(  # noqa: S603
            [self._python, "-m", __name__, self.peer.title],
            env=os.environ | {"PYTHONPATH": root},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def warm_up(self) -> None:
        """Start the process and wait until it has imported the peer and prepared the job; it may take long to run."""
        self._answer()

    def sample(self) -> RunTime:
        """Have the job run once; the process times itself."""
        print(file=self._process.stdin, flush=True)
        told = self._answer()
        self.result = told["figures"]
        return RunTime(told["wall"], told["cpu"])

    def _answer(self) -> dict[str, Any]:
        answer = self._process.stdout.readline() if self._process.stdout else ""
        if not answer:
            raise RuntimeError(f"{self.peer.title} ended with exit code {self._process.wait()}")
        told: dict[str, Any] = json.loads(answer)
        return told

    def close(self) -> None:
        """End the process."""
        if "_process" in self.__dict__:
            self._process.communicate()


def serve(title: str) -> None:
    """Run a peer's job for every line of the input, and answer with times and figures; the first answer is empty."""
    answers, sys.stdout = sys.stdout, sys.stderr  # what the other engine prints is no answer
    (peer,) = (one for one in PEERS if one.title == title)
    call, figures = peer.prepare(mix_job(peer.batch))
    print("{}", file=answers, flush=True)
    for _ in sys.stdin:
        wall, cpu = time.perf_counter(), time.process_time()
        found = run_quietly(call)
        taken = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
        known = {name: values.tolist() for name, values in figures(found).items()}
        print(json.dumps({**taken, "figures": known}), file=answers, flush=True)


if __name__ == "__main__":
    serve(sys.argv[1])
