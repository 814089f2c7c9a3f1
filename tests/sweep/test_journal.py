"""The journal of a sweep, byte by byte: what is whole is kept, what is not is cut off, and nobody else's is touched."""

from __future__ import annotations

import fcntl
import hashlib
import struct
from pathlib import Path

import numpy as np
import pytest

from engine.core.errors import OutputError
from engine.sweep.batch.batch_metrics import SWEEP_METRICS
from engine.sweep.chunk import Chunk
from engine.sweep.journal import Journal

OURS = {"config": "abc", "data": "def"}
HEADER = 4 + 8 + 32


def chunk(first: int, last: int) -> Chunk:
    """A chunk of points that are all valid, each with metrics of its own."""
    numbers = np.arange(first, last)
    spans = np.tile(np.array([10, 20, 5], np.int32), (len(numbers), 1))
    return Chunk(first, last, numbers, spans, np.add.outer(numbers, np.arange(len(SWEEP_METRICS))) / 7.0)


def written(folder: Path, *ranges: tuple[int, int]) -> Path:
    """A journal of OURS that holds chunks, closed again."""
    path = folder / "new" / "folder" / "sweep.journal"
    with Journal.open(path, OURS, resume=False) as journal:
        for first, last in ranges:
            journal.append(chunk(first, last))
    return path


def record(content: bytes) -> bytes:
    return struct.pack("<4sQ32s", b"SWP1", len(content), hashlib.sha256(content).digest()) + content


def test_what_was_appended_is_read_again_as_it_was(tmp_path: Path) -> None:
    """In any order, with the ranges between them that are missing."""
    path = written(tmp_path, (6, 9), (2, 4), (9, 10))
    with Journal.open(path, OURS, resume=True) as journal:
        assert journal.finished_count() == 6
        assert list(journal.missing_ranges(12)) == [(0, 2), (4, 6), (10, 12)]
        assert list(journal.missing_ranges(10)) == [(0, 2), (4, 6)]
        for first, last in ((2, 4), (6, 9), (9, 10)):
            assert journal.read_chunk(first).encode() == chunk(first, last).encode()
        journal.append(chunk(0, 2))
        assert journal.read_chunk(0).encode() == chunk(0, 2).encode()
    assert path.read_bytes().endswith(record(chunk(0, 2).encode()))


def test_a_journal_may_hold_many_points(tmp_path: Path) -> None:
    """Nothing is missing between chunks that touch, nor after one that ends the plan."""
    with Journal.open(written(tmp_path, (0, 1000), (1000, 3000)), OURS, resume=True) as journal:
        assert list(journal.missing_ranges(3000)) == []
        assert list(journal.missing_ranges(3001)) == [(3000, 3001)]


def test_a_journal_can_be_read_while_it_is_written(tmp_path: Path) -> None:
    """Reading moves the place in the file; the next chunk is appended all the same."""
    path = written(tmp_path, (0, 2), (2, 4))
    with Journal.open(path, OURS, resume=True) as journal:
        assert journal.read_chunk(0).last == 2
        journal.append(chunk(4, 6))
    with Journal.open(path, OURS, resume=True) as journal:
        assert [journal.read_chunk(first).last for first in (0, 2, 4)] == [2, 4, 6]


def test_without_resume_a_journal_starts_empty(tmp_path: Path) -> None:
    """Nothing of the old one is left, were it longer than the new one."""
    path = written(tmp_path, (0, 9))
    with Journal.open(path, {"config": "other"}, resume=False) as journal:
        assert journal.finished_count() == 0
    assert path.read_bytes() == record(b'{"config": "other"}')


def test_cut_anywhere_it_keeps_every_whole_chunk(tmp_path: Path) -> None:
    """Before, at and after every border of what is in it; what is cut off is written anew."""
    path = written(tmp_path, (0, 2), (2, 3))
    whole = path.read_bytes()
    start = len(record(b'{"config": "abc", "data": "def"}'))
    one = start + len(record(chunk(0, 2).encode()))
    near = (-1, 0, 1)
    borders = [start, start + HEADER, one, one + HEADER]
    for length in [0, 1, 3, *(border + step for border in borders for step in near), len(whole) - 1]:
        path.write_bytes(whole[:length])
        with Journal.open(path, OURS, resume=True) as journal:
            assert journal.finished_count() == (2 if length >= one else 0), length
            assert path.stat().st_size == (one if length >= one else start), length
            if length < one:
                journal.append(chunk(0, 2))
            journal.append(chunk(2, 3))
        assert path.read_bytes() == whole, length


def test_a_changed_byte_ends_what_is_kept(tmp_path: Path) -> None:
    """In the head of a record or in what it holds: neither it nor what follows is believed."""
    path = written(tmp_path, (0, 2), (2, 3))
    whole = path.read_bytes()
    start = len(record(b'{"config": "abc", "data": "def"}'))
    for at in [*range(start, start + 12), *range(start + 12, start + HEADER + 60, 5)]:
        damaged = bytearray(whole)
        damaged[at] ^= 4
        path.write_bytes(bytes(damaged))
        with Journal.open(path, OURS, resume=True) as journal:
            assert journal.finished_count() == 0, at
        assert path.stat().st_size == start


def test_a_journal_of_another_sweep_stays_as_it_is_and_says_what_differs(tmp_path: Path) -> None:
    """A key that only one of the two has differs too."""
    path = written(tmp_path, (0, 2))
    before = path.read_bytes()
    with pytest.raises(OutputError) as told:
        Journal.open(path, {"config": "abc", "data": "new", "seed": "1"}, resume=True)
    assert str(told.value) == (
        f"{path}: belongs to another sweep (data, seed differs); leave --resume away to start anew"
    )
    assert path.read_bytes() == before


@pytest.mark.parametrize("content", [b"[1]", b"3", b"no JSON", b"[" * 100_000])
def test_a_record_that_names_no_sweep_is_refused(tmp_path: Path, content: bytes) -> None:
    """Whatever the first record is, when it is whole."""
    path = tmp_path / "sweep.journal"
    path.write_bytes(record(content))
    with pytest.raises(OutputError) as told:
        Journal.open(path, OURS, resume=True)
    assert str(told.value) == f"{path}: belongs to no sweep; leave --resume away to start anew"


@pytest.mark.parametrize("ranges", [[(0, 2), (0, 2)], [(0, 3), (2, 4)], [(4, 9)]])
def test_chunks_that_overlap_or_end_too_late_are_refused(tmp_path: Path, ranges: list[tuple[int, int]]) -> None:
    """They are of another plan: a point would be there twice, or never was."""
    path = written(tmp_path, *ranges)
    with pytest.raises(OutputError) as told, Journal.open(path, OURS, resume=True) as journal:
        list(journal.missing_ranges(8))
    assert str(told.value) == f"{path}: holds a chunk of no such sweep; leave --resume away to start anew"


@pytest.mark.parametrize("content", [b"SWEEP", b"mine", b"SWP2"])
@pytest.mark.parametrize("resume", [True, False])
def test_a_file_that_is_no_journal_is_left_alone(tmp_path: Path, content: bytes, resume: bool) -> None:
    """With ``--resume`` and without."""
    path = tmp_path / "sweep.journal"
    path.write_bytes(content)
    with pytest.raises(OutputError) as told:
        Journal.open(path, OURS, resume=resume)
    assert str(told.value) == f"{path}: is no journal of a sweep; move it away or choose another --out"
    assert path.read_bytes() == content


def test_a_link_or_a_folder_in_its_place_is_refused(tmp_path: Path) -> None:
    """What a link leads to is somebody else's."""
    path = tmp_path / "sweep.journal"
    (tmp_path / "theirs").write_bytes(b"")
    path.symlink_to(tmp_path / "theirs")
    with pytest.raises(OutputError) as told:
        Journal.open(path, OURS, resume=False)
    assert str(told.value).startswith(f"{path}: is a symbolic link, a plain file is expected;")
    assert (tmp_path / "theirs").read_bytes() == b""
    path.unlink()
    path.mkdir()
    with pytest.raises(OutputError, match="a plain file is expected there"):
        Journal.open(path, OURS, resume=False)


def test_one_process_writes_and_the_others_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lock goes with the file; a journal that could not be opened holds none."""
    monkeypatch.setattr("engine.sweep.journal.LOCK_TIMEOUT", 0.1)
    path = written(tmp_path)
    with Journal.open(path, OURS, resume=True), pytest.raises(OutputError) as told:
        Journal.open(path, OURS, resume=True)
    expected = "another process is sweeping into this folder; wait for it, or choose another --out"
    assert str(told.value) == f"{path.parent}: {expected}"
    with pytest.raises(OutputError):
        Journal.open(path, {}, resume=True)
    with path.open("rb") as free:
        fcntl.flock(free, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_a_lock_that_is_let_go_meanwhile_is_had(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that was killed while it started another leaves its lock there for an instant."""
    path = written(tmp_path)
    holder = Journal.open(path, OURS, resume=True)
    monkeypatch.setattr("engine.sweep.journal.time.sleep", lambda seconds: holder.close())
    with Journal.open(path, OURS, resume=True) as journal:
        assert journal.finished_count() == 0
