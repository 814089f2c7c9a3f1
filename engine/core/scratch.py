"""A folder for a while, in the system's place for such, that the next process removes when this one was killed.

It has a file in it that no other program's folder has, from its beginning to its end: a folder without is never
touched, but for an empty one of such a name.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import gettempdir
from typing import Final

from engine.core.interrupts import defer_interrupts, raised_interrupts
from engine.core.locks import FolderLock

MARKER_FILE: Final = ".portfolio-engine-scratch"
_PREFIX: Final = "portfolio-engine-scratch-"
_NAME: Final = re.compile(rf"{_PREFIX}[0-9a-f]{{16}}")


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Yield a folder that is removed afterwards, and remove those of processes that were killed before."""
    place = Path(gettempdir())
    _remove_left(place)
    folder = place / f"{_PREFIX}{secrets.token_hex(8)}"
    lock = FolderLock(folder)
    with raised_interrupts():
        try:
            folder.mkdir(mode=0o700)
            lock.acquire()
            if not folder.is_dir():  # another process took it for one that was left, before it was locked
                folder.mkdir(mode=0o700)
                lock.acquire()
            (folder / MARKER_FILE).touch()
            yield folder
        finally:
            with defer_interrupts():
                _remove(folder)
                lock.release()


def _remove_left(place: Path) -> None:
    """Remove this user's folders that no living process has locked; where there are no locks they stay."""
    if sys.platform == "win32":
        return
    for folder in place.iterdir() if os.access(place, os.R_OK) else ():
        with suppress(OSError):
            if not _NAME.fullmatch(folder.name) or folder.is_symlink() or folder.lstat().st_uid != os.getuid():
                continue
            lock = FolderLock(folder)
            try:
                if lock.try_acquire():
                    _remove(folder)
            finally:
                lock.release()


def _remove(folder: Path) -> None:
    """Remove a folder of ours, its marker last; one with other things and no marker stays."""
    with suppress(OSError):
        marker = folder / MARKER_FILE
        if marker.is_file():
            for path in folder.iterdir():
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path, ignore_errors=True)
                elif path.name != MARKER_FILE:
                    path.unlink()
            marker.unlink()
        folder.rmdir()
