"""Locks on files and folders that end with the process that holds them, and leave no file behind."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from io import FileIO
from pathlib import Path
from typing import BinaryIO


def lock_file(file: int | FileIO | BinaryIO, *, wait: bool = True) -> bool:
    """Lock an open file until it is closed; False where the system or the network folder has no such locks.

    Raises BlockingIOError where another process has it, unless that is waited for.
    """
    if sys.platform != "win32":
        import fcntl  # noqa: PLC0415  (not there on Windows)

        try:
            fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise
        except OSError:
            return False
        return True
    return False


class FolderLock:
    """An exclusive lock on the folder that stands at a path, as long as this process lives or until it is released."""

    def __init__(self, folder: Path) -> None:
        """Lock nothing yet."""
        self._folder = folder
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Wait for the lock on the folder that is at the path then; where there is none, nothing is locked."""
        while True:
            self.release()
            self._open()
            if self._descriptor is None:
                return
            lock_file(self._descriptor)
            if self.is_current():
                return

    def try_acquire(self) -> bool:
        """Return whether the lock was free, and take it; where there are no locks it never is."""
        self._open()
        with suppress(BlockingIOError):
            return self._descriptor is not None and lock_file(self._descriptor, wait=False) and self.is_current()
        return False

    def is_current(self) -> bool:
        """Return whether the locked folder still is the one at the path."""
        if sys.platform == "win32":
            return True
        if self._descriptor is None:
            return not (self._folder.is_dir() and os.access(self._folder, os.R_OK))
        try:
            return os.path.samestat(os.fstat(self._descriptor), self._folder.stat())
        except OSError:
            return False

    def release(self) -> None:
        """Let go."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _open(self) -> None:
        if sys.platform != "win32":
            with suppress(OSError):  # of a folder that is not there, what follows has a better message
                self._descriptor = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
