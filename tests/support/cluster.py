"""A Dask cluster in processes of its own, as a user starts one, encrypted with certificates as the README makes them."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from engine.sweep.scheduler import Scheduler
from tests.support.sweeps import ROOT


def make_certificates(folder: Path) -> None:
    """Run the README's commands in ``folder``, word by word."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl, which makes the certificates, is not installed")
    found = re.search(r"<!-- certificates -->\n```\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert found is not None
    folder.mkdir(parents=True, exist_ok=True)
    for line in found[1].splitlines():
        subprocess.run(line.partition("#")[0], shell=True, cwd=folder, check=True, capture_output=True)


def tls_options(folder: Path) -> list[str]:
    return ["--tls-ca-file", f"{folder}/ca.pem", "--tls-cert", f"{folder}/cert.pem", "--tls-key", f"{folder}/key.pem"]


@dataclass
class Cluster:
    """A scheduler and its workers; ``certificates`` is the folder that has theirs, None for a plain one."""

    folder: Path
    certificates: Path | None = None
    port: int = 0
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def scheduler(self) -> Scheduler:
        """The scheduler as a client of the same CA names it."""
        if self.certificates is None:
            return Scheduler(f"tcp://127.0.0.1:{self.port}")
        names = (self.certificates / f"{name}.pem" for name in ("ca", "cert", "key"))
        return Scheduler(f"tls://127.0.0.1:{self.port}", *names)

    def start_scheduler(self) -> None:
        self.port = self.port or _free_port()
        protocol = "tls" if self.certificates else "tcp"
        self._start("scheduler", "--protocol", protocol, "--host", "127.0.0.1", "--port", str(self.port))
        _await(lambda: _answers(self.port))

    def start_worker(self, *options: str, **environment: str) -> subprocess.Popen[bytes]:
        """Start one; it joins after a few seconds."""
        address = self.scheduler.address
        return self._start("worker", address, "--nthreads", "1", "--no-nanny", *options, **environment)

    def stop(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait()

    def _start(self, kind: str, *options: str, **environment: str) -> subprocess.Popen[bytes]:
        tls = tls_options(self.certificates) if self.certificates else []
        with (self.folder / f"{kind}-{len(self.processes)}.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "dask", kind, *options, "--no-dashboard", *tls],
                cwd=self.folder,
                env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
                stdout=subprocess.DEVNULL,
                stderr=log,
            )
        self.processes.append(process)
        return process


@contextmanager
def cluster(
    folder: Path, workers: int, certificates: Path | None = None, preload: Path | None = None
) -> Iterator[Cluster]:
    """Run a cluster whose workers have joined; each runs the file ``preload`` first."""
    pytest.importorskip("distributed")
    made = Cluster(folder, certificates)
    options = ("--preload", str(preload)) if preload else ()
    try:
        made.start_scheduler()
        for _ in range(workers):
            made.start_worker(*options)
        _await(lambda: sum("Registered to" in log.read_text() for log in folder.glob("worker-*.log")) == workers)
        yield made
    finally:
        made.stop()


def _await(condition) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "the cluster does not start"
        time.sleep(0.05)


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def _answers(port: int) -> bool:
    with socket.socket() as asked:
        return asked.connect_ex(("127.0.0.1", port)) == 0
