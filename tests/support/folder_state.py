"""What a tree of files is, so that a test can say that nothing has become of it."""

from __future__ import annotations

import os
import stat
from pathlib import Path


def folder_state(root: Path) -> dict[str, tuple[object, ...]]:
    """Return mode, time of change and content of everything in ``root``, by its path; links are not followed."""
    state = {}
    for place, folders, files in os.walk(root):
        for path in (Path(place), *(Path(place, name) for name in (*folders, *files))):
            found = path.lstat()
            if stat.S_ISLNK(found.st_mode):
                content: object = path.readlink()
            else:
                content = path.read_bytes() if stat.S_ISREG(found.st_mode) else None
            state[str(path.relative_to(root))] = found.st_mode, found.st_mtime_ns, content
    return state
