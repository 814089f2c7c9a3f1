"""What comes back from a cluster's worker: taken when it is the whole chunk that was asked for, and never run."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import pickle
import threading
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from engine.core.errors import OutputError
from engine.sweep.cluster_answer import (
    _evaluator,
    _version,
    compute_answer,
    open_answer,
    require_equal_versions,
    source_digest,
    worker_versions,
)
from engine.sweep.foreign_pickles import ForeignPickleError, refuse_foreign_pickles
from engine.sweep.worker import ChunkEvaluator
from tests.support.sweeps import sweeping

WORKER = "tls://10.0.0.7:4242"


@pytest.fixture(scope="module")
def sweep():
    return sweeping()


@pytest.fixture(scope="module")
def task(sweep):
    return 4, sweep.points.indices_between(4, 12)


@pytest.fixture(scope="module")
def chunk(sweep, task):
    return ChunkEvaluator(sweep.job).evaluate(*task)


def answer(content: bytes, **changed: object) -> bytes:
    head = {
        "worker": WORKER,
        "versions": worker_versions(),
        "bug": "",
        "sha256": hashlib.sha256(content).hexdigest(),
        **changed,
    }
    return json.dumps(head).encode() + b"\n" + content


def test_the_answer_to_a_task_is_its_chunk(sweep, task, chunk) -> None:
    """What a worker sends is what this process computes itself; it prepares itself once for all tasks of a job."""
    assert open_answer(compute_answer(sweep.job, WORKER, *task), *task).encode() == chunk.encode()
    assert _evaluator(sweep.job) is _evaluator(sweep.job)


def test_what_is_not_the_chunk_that_was_asked_for_is_refused_with_its_worker(chunk, task) -> None:
    """Another range, a point outside of it, a figure that cannot be, a byte too many, and what is no chunk at all."""
    metrics, spans, numbers = chunk.metrics.copy(), chunk.spans.copy(), chunk.point_numbers.copy()
    metrics[1, 2], spans[0, 2], numbers[-1] = np.inf, 0, 99
    unfinished = chunk.metrics.copy()
    unfinished[0, 0] = np.nan
    others = [
        dataclasses.replace(chunk, metrics=metrics),
        dataclasses.replace(chunk, metrics=unfinished),
        dataclasses.replace(chunk, spans=spans),
        dataclasses.replace(chunk, point_numbers=numbers),
        dataclasses.replace(chunk, first=3, rejections={"no": (1, 3)}),
        dataclasses.replace(chunk, last=13, rejections={"no": (1, 99)}),
        dataclasses.replace(chunk, last=13, rejections={"no": (1, 12)}),
    ]
    encoded = chunk.encode()
    contents = [*(other.encode() for other in others), b"{ " + encoded[1:], encoded.replace(b": ", b":", 1)]
    for content in (*contents, chunk.encode() + b"\0", chunk.encode()[:-8], b"", b"{}\n", b"[" * 10_000):
        with pytest.raises(OutputError, match=f"worker {WORKER} sent what is not the chunk of points 4 to 11; "):
            open_answer(answer(content), *task)


def test_a_flipped_bit_is_found_by_its_digest(chunk, task) -> None:
    content = bytearray(chunk.encode())
    content[-3] ^= 1
    wrong = answer(chunk.encode()).partition(b"\n")[0] + b"\n" + bytes(content)
    with pytest.raises(OutputError, match=f"worker {WORKER} sent a chunk that was changed on the way"):
        open_answer(wrong, *task)


def test_what_is_no_answer_is_refused(task) -> None:
    for wrong in (None, 7, "text", b"", b"\x80\x05.", b"[1]\n", b"[" * 100_000):
        with pytest.raises(OutputError, match="worker unknown sent what is no chunk"):
            open_answer(wrong, *task)


def test_a_worker_with_other_versions_is_refused_with_what_differs(chunk, task) -> None:
    """In every answer: one that joins while the sweep runs is found by its first. What it says cannot steer a terminal."""
    changed = {**worker_versions(), "numpy": "1.0\x1b[2J", "its files": "0"}
    with pytest.raises(OutputError, match=r"its files 0 instead of .*, numpy 1.0\\x1b\[2J instead of .*; install the"):
        open_answer(answer(chunk.encode(), versions=changed), *task)
    for nothing in (b"{}", b"[1]", b"", b"{", b"[" * 100_000, b"\xff"):
        with pytest.raises(OutputError, match=f"worker {WORKER} has python unknown instead of "):
            require_equal_versions(WORKER, nothing)
    with pytest.raises(OutputError, match=rf"worker {WORKER} cannot run this engine \(ImportError: no engine\\x1b\);"):
        require_equal_versions(WORKER, ImportError("no engine\x1b"))


def test_two_working_copies_are_told_apart_by_what_computes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By name and content of code and tariffs, wherever the copy lies and whatever else lies in it."""
    real = source_digest()
    place = SimpleNamespace(submodule_search_locations=[tmp_path])
    monkeypatch.setattr("engine.sweep.cluster_answer.find_spec", lambda package: place)
    digests = [real, source_digest()]
    (tmp_path / "deep").mkdir()
    for name, content in (("a.py", b"1"), ("a.py", b"2"), ("deep/a.py", b"2"), ("fees.yaml", b"1")):
        (tmp_path / name).write_bytes(content)
        digests.append(source_digest())
    (tmp_path / "notes.txt").write_bytes(b"1")
    assert source_digest() == digests[-1]
    place.submodule_search_locations = [tmp_path.rename(tmp_path.parent / "elsewhere")]
    assert source_digest() == digests[-1]
    for nowhere in (SimpleNamespace(submodule_search_locations=None), None):
        monkeypatch.setattr("engine.sweep.cluster_answer.find_spec", lambda package, found=nowhere: found)
        assert source_digest() == digests[1]
    assert len({*digests}) == 6


def test_a_package_that_is_not_there_has_no_version() -> None:
    assert worker_versions()["numpy"] == np.__version__
    assert _version("no-such-package-of-ours") == "none"


def test_a_bug_on_a_worker_is_a_bug_and_no_wrong_chunk(sweep, task) -> None:
    broken = dataclasses.replace(sweep.job, schema=broken_schema)
    with pytest.raises(RuntimeError, match="a bug on a worker"):
        open_answer(compute_answer(broken, WORKER, *task), *task)


def broken_schema():
    raise ValueError("a bug on a worker")


class Hostile:
    """Makes a folder when it is unpickled."""

    def __init__(self, place: Path) -> None:
        self.place = place

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.place),)


def test_no_other_thread_unpickles_what_could_run(tmp_path: Path) -> None:
    """Bytes and Python's own exceptions pass; a pickle that names anything else is not opened, and names it."""
    caught: list[object] = []

    def unpickle(content: bytes) -> None:
        try:
            caught.append(pickle.loads(content))
        except ForeignPickleError as error:
            caught.append(str(error))

    for found in (bytes, ValueError, Hostile(tmp_path / "hostile"), eval, SystemExit, dataclasses.dataclass):
        with refuse_foreign_pickles():
            thread = threading.Thread(target=unpickle, args=(pickle.dumps(found),))
            thread.start()
            thread.join()
    refused = [f"a pickle names {name}" for name in (f"{os.name}.mkdir", "builtins.eval", "builtins.SystemExit")]
    assert caught == [bytes, ValueError, *refused, "a pickle names dataclasses.dataclass"]
    assert not (tmp_path / "hostile").exists()
    assert pickle.loads(pickle.dumps(eval)) is eval, "refused while no cluster is connected"


def test_a_thread_that_outlives_its_cluster_still_unpickles_nothing_of_it(tmp_path: Path) -> None:
    """A scheduler that does not let go may send after the connection was closed; other threads are free again."""
    content, closed, caught = pickle.dumps(Hostile(tmp_path / "hostile")), threading.Event(), []

    def receive() -> None:
        closed.wait()
        try:
            pickle.loads(content)
        except ForeignPickleError as error:
            caught.append(str(error))

    with refuse_foreign_pickles():
        thread = threading.Thread(target=receive)
        thread.start()
    closed.set()
    thread.join()
    assert caught == [f"a pickle names {os.name}.mkdir"]
    assert not (tmp_path / "hostile").exists()
    free = threading.Thread(target=lambda: caught.append(pickle.loads(pickle.dumps(eval))))
    free.start()
    free.join()
    assert caught[1:] == [eval]
