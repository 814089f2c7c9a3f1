"""Reading plain files only: a pipe has no end, a device none either, and a link leads to somebody else's file."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import Final

_KINDS: Final = {stat.S_IFDIR: "a folder", stat.S_IFLNK: "a symbolic link", stat.S_IFIFO: "a named pipe"}
REGULAR_FLAGS: Final = sum(getattr(os, name, 0) for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY"))
"""For ``os.open``: of what somebody puts there after it was looked at, no link is followed and no pipe waited for."""


def read_regular(path: Path, most: int) -> bytes:
    """Return the content of a plain file of at most ``most`` bytes.

    Raises OSError, whose ``strerror`` says what is there instead.
    """
    with _open_regular(path, most) as file:
        return file.read(min(most, os.fstat(file.fileno()).st_size))  # so many bytes are reserved before any is read


def regular_sha256(path: Path, most: int) -> str:
    """Return the SHA-256 of such a file, whose content is not kept; raises as ``read_regular`` does."""
    with _open_regular(path, most) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def _open_regular(path: Path, most: int) -> Iterator[BufferedReader]:
    _require_regular(path, path.lstat(), most)  # opening a device may do something
    with os.fdopen(os.open(path, os.O_RDONLY | REGULAR_FLAGS), "rb") as file:
        _require_regular(path, os.fstat(file.fileno()), most)
        yield file


def _require_regular(path: Path, status: os.stat_result, most: int) -> None:
    found = ""
    if not stat.S_ISREG(status.st_mode):
        found = f"{_KINDS.get(stat.S_IFMT(status.st_mode), 'a device or socket')}, a plain file is expected"
    elif status.st_size > most:
        found = f"{status.st_size:,} bytes, at most {most:,} are read"
    if found:
        raise OSError(errno.EINVAL, found, str(path))
