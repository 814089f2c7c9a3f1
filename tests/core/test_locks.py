"""Locks of files and folders: one holder at a time, of what stands at the path now, and nothing left behind."""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path

import pytest

from engine.core import locks
from engine.core.locks import FolderLock, lock_file


def is_free(path: Path) -> bool:
    """Tell whether nobody holds a lock there."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True


def refuse(code: int):
    def flock(file: object, how: int) -> None:
        raise OSError(code, os.strerror(code))

    return flock


def test_a_file_is_locked_until_it_is_closed(tmp_path: Path) -> None:
    """Who does not wait is told so; after that it is free."""
    path = tmp_path / "file"
    for wait in (True, False):
        with path.open("wb") as first, path.open("rb") as second:
            assert lock_file(first, wait=wait) is True
            with pytest.raises(BlockingIOError):
                lock_file(second, wait=False)
        assert is_free(path)


def test_a_file_is_waited_for_unless_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    monkeypatch.setattr(fcntl, "flock", lambda file, how: asked.append(how))
    with (tmp_path / "file").open("wb") as file:
        lock_file(file)
        lock_file(file, wait=False)
    assert asked == [fcntl.LOCK_EX, fcntl.LOCK_EX | fcntl.LOCK_NB]


def test_where_there_are_no_locks_none_is_had(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A network folder refuses: a file is written all the same, a folder is never free to be removed."""
    monkeypatch.setattr(fcntl, "flock", refuse(errno.ENOLCK))
    with (tmp_path / "file").open("wb") as file:
        assert lock_file(file) is False
    lock = FolderLock(tmp_path)
    lock.acquire()
    assert lock.is_current()
    lock.release()
    assert lock.try_acquire() is False
    lock.release()


def test_a_folder_is_held_by_one_until_it_is_let_go(tmp_path: Path) -> None:
    """Of two that ask for it the second has nothing, until the first lets go; letting go twice does no harm."""
    first, second = FolderLock(tmp_path), FolderLock(tmp_path)
    first.acquire()
    assert first.is_current()
    assert not is_free(tmp_path)
    assert second.try_acquire() is False
    second.release()
    first.release()
    first.release()
    assert is_free(tmp_path)
    assert second.try_acquire() is True
    assert not is_free(tmp_path)
    second.release()


def test_asking_again_lets_go_of_what_was_held(tmp_path: Path) -> None:
    """No descriptor stays open, so one release is enough."""
    lock = FolderLock(tmp_path)
    lock.acquire()
    lock.acquire()
    lock.release()
    assert is_free(tmp_path)


def test_a_folder_that_is_not_there_is_not_locked(tmp_path: Path) -> None:
    """Nor is a file in its place; when it is made, the lock is out of date."""
    place = tmp_path / "run"
    lock = FolderLock(place)
    lock.acquire()
    assert lock.is_current()
    assert lock.try_acquire() is False
    place.write_bytes(b"")
    lock.acquire()
    assert lock.is_current()
    assert is_free(place)
    place.unlink()
    place.mkdir()
    assert not lock.is_current()
    lock.acquire()
    assert lock.is_current()
    assert not is_free(place)
    lock.release()


def test_a_folder_that_cannot_be_read_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What follows says why it cannot be."""
    asked: list[tuple[Path, int]] = []
    monkeypatch.setattr(os, "access", lambda path, how: asked.append((path, how)))
    assert FolderLock(tmp_path).is_current()
    assert asked == [(tmp_path, os.R_OK)]


def test_a_folder_that_was_replaced_is_locked_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the opening and the lock another folder took the path: the one that stands there is locked in the end."""
    place, old = tmp_path / "run", tmp_path / "old"
    place.mkdir()
    lock = FolderLock(place)
    real, tries = lock_file, []

    def replaced(file: int, *, wait: bool = True) -> bool:
        tries.append(wait)
        if len(tries) == 1:
            place.rename(old)
            place.mkdir()
        return real(file, wait=wait)

    monkeypatch.setattr(locks, "lock_file", replaced)
    lock.acquire()
    assert tries == [True, True]
    assert is_free(old)
    assert not is_free(place)
    place.rmdir()
    assert not lock.is_current()
    lock.release()


def test_a_lock_of_what_is_gone_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who does not wait gets the lock of the folder at the path or none."""
    place = tmp_path / "run"
    place.mkdir()
    lock = FolderLock(place)

    def removed(file: int, *, wait: bool = True) -> bool:
        place.rmdir()
        return True

    monkeypatch.setattr(locks, "lock_file", removed)
    assert lock.try_acquire() is False
    lock.release()
