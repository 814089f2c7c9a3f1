"""What a worker of a cluster sends back: its versions, and a chunk as bytes with their digest. Nothing in it is run."""

from __future__ import annotations

import hashlib
import json
import platform
import traceback
from functools import cache, lru_cache
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from engine.core.errors import OutputError, escape_controls, shorten
from engine.core.plug_in_entries import PlugInError, installed_plug_ins, versions_of
from engine.portfolio.policy import PolicyT
from engine.sweep.chunk import Chunk, decode_chunk
from engine.sweep.space import AxisIndices
from engine.sweep.worker import ChunkEvaluator, SweepJob

_PACKAGES: Final = (
    "numba",
    "llvmlite",
    "numpy",
    "scipy",
    "pandas",
    "pyarrow",
    "pydantic",
    "exchange_calendars",
    "cvxpy-base",
    "clarabel",
    "highspy",
    "osqp",
)


@cache
def worker_versions() -> dict[str, str]:
    """Return what has to be equal on two machines for their bits to be equal."""
    packages = {name: _version(name) for name in _PACKAGES} | versions_of(installed_plug_ins())
    engine = {"portfolio-engine": _version("portfolio-engine"), "its files": source_digest()[:12]}
    return {"python": platform.python_version(), "processor": platform.machine(), **engine, **packages}


def source_digest() -> str:
    """Return the SHA-256 of the files that compute: a version alone does not tell one working copy from another."""
    digest = hashlib.sha256()
    for package in ("engine", "strategies"):
        spec = find_spec(package)
        roots = [Path(place) for place in (spec.submodule_search_locations or ())] if spec else []
        for root in roots:
            files = [*root.rglob("*.py"), *root.rglob("*.yaml")]
            for path in sorted(files, key=lambda path: path.relative_to(root).as_posix()):
                digest.update(f"{package}/{path.relative_to(root).as_posix()}\n".encode())
                digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def encode_versions() -> bytes:
    """Return this machine's versions as bytes, as a cluster's worker is asked for them."""
    return json.dumps(worker_versions()).encode()


def require_equal_versions(worker: str, answer: object) -> None:
    """Raise OutputError when a worker's answer to ``encode_versions`` is not this machine's, or is none."""
    if not isinstance(answer, bytes):
        found = shorten(f"{type(answer).__name__}: {answer}", 120)
        raise _worker_error(worker, f"cannot run this engine ({found}); install the same there")
    _compare_versions(worker, _parse(answer))


def _compare_versions(worker: str, there: object) -> None:
    here, said = worker_versions(), there if isinstance(there, dict) else {}
    differing = [
        f"{name} {said.get(name, 'unknown')} instead of {here[name]}" for name in here if said.get(name) != here[name]
    ]
    if differing:
        raise _worker_error(worker, f"has {', '.join(differing)}; install the same there")


def compute_answer(job: SweepJob[PolicyT], worker: str, first: int, indices: AxisIndices) -> bytes:
    """Return the answer to a task, on the worker: a line of JSON, then the chunk."""
    content, bug, fault = b"", "", ""
    try:
        content = _evaluator(job).evaluate(first, indices).encode()
    except PlugInError as error:
        fault = str(error)
    except Exception:  # noqa: BLE001  (whatever it is, it is ours, and the first process reports it)
        bug = traceback.format_exc()
    head = {
        "worker": worker,
        "versions": worker_versions(),
        "bug": bug,
        "plug_in": fault,
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    return json.dumps(head).encode() + b"\n" + content


def open_answer(answer: object, first: int, indices: AxisIndices) -> Chunk:
    """Return the chunk of a worker's answer to a task.

    Raises OutputError when the worker has other versions or the answer is not the whole chunk that was asked for,
    PlugInError when a plug-in failed there, and RuntimeError with the traceback of a bug that the worker met.
    """
    line, _, content = answer.partition(b"\n") if isinstance(answer, bytes) else (b"", b"", b"")
    head = _parse(line)
    if not isinstance(head, dict):
        raise _worker_error("", "sent what is no chunk; look at its log, then --resume")
    worker = str(head.get("worker"))
    _compare_versions(worker, head.get("versions"))
    if head.get("plug_in"):
        raise PlugInError(f"worker {worker}: {head['plug_in']}")
    if head.get("bug"):
        raise RuntimeError(f"worker {worker}: {head['bug']}")
    if hashlib.sha256(content).hexdigest() != head.get("sha256"):
        raise _worker_error(worker, "sent a chunk that was changed on the way; look at its log, then --resume")
    chunk = decode_chunk(content)
    if chunk is None or (chunk.first, chunk.last) != (first, first + len(indices)) or chunk.encode() != content:
        points = f"{first:,} to {first + len(indices) - 1:,}"
        raise _worker_error(worker, f"sent what is not the chunk of points {points}; look at its log, then --resume")
    return chunk


def _parse(line: bytes) -> object:
    """Return what a line of JSON says; None where it is none."""
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _worker_error(worker: str, why: str) -> OutputError:
    named = escape_controls(shorten(worker or "unknown", 80))
    return OutputError(f"--scheduler: worker {named} {escape_controls(why)}")


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "none"


@lru_cache(maxsize=1)
def _evaluator(job: SweepJob[PolicyT]) -> ChunkEvaluator[PolicyT]:
    """Return what computes a job: a worker keeps the one object that was scattered, so it prepares itself once."""
    return ChunkEvaluator(job)
