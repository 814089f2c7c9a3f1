"""What files and folders are, so that a test can say that nothing has become of them."""

from __future__ import annotations

import stat
from pathlib import Path


def folder_state(*paths: Path) -> dict[Path, tuple[object, ...]]:
    """Return mode, time of change and content of each path and of all that lies in it; nothing where it is gone.

    Links are not followed.
    """
    state: dict[Path, tuple[object, ...]] = {}
    for path in paths:
        try:
            found = path.lstat()
        except FileNotFoundError:
            continue
        content: object = None
        if stat.S_ISLNK(found.st_mode):
            content = path.readlink()
        elif stat.S_ISREG(found.st_mode):
            content = path.read_bytes()
        state[path] = found.st_mode, found.st_mtime_ns, content
        if stat.S_ISDIR(found.st_mode):
            state |= folder_state(*path.iterdir())
    return state
