"""Writing files so that a reader finds the old content or the new one, never a part of either."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Final

from engine.core.errors import DataError, OutputError
from engine.core.interrupts import raised_interrupts
from engine.core.locks import lock_file

_TEMPORARY_NAME: Final = re.compile(r"\.portfolio-engine-(\d+)-[0-9a-f]{12}\.tmp")


def expand_home(path: Path, key: str) -> Path:
    """Return ``path`` with a leading ``~`` or ``~user`` replaced by the home folder; ``key`` is what named it.

    Raises DataError when there is no such user, or the user has no home.
    """
    try:
        return path.expanduser()
    except RuntimeError:
        raise DataError(f"{key}: {path}: found no home folder for {path.parts[0]}; write the whole path") from None


def atomic_write(path: Path, content: bytes) -> None:
    """Put ``content`` at ``path`` in one step; folders on the way are made.

    The bytes go to a temporary file in the same folder, reach the disk, and take the name by a rename; of two writers
    the later one wins, whole. A symbolic link is refused: only the link would be replaced, not what it leads to. The
    temporary file of a process that was killed is removed by the next one that writes into the folder.

    Raises OutputError when the disk is full, the folder cannot be written to, or ``path`` is a folder or a symbolic
    link; what was there before is untouched and no temporary file is left.
    """
    if path.is_symlink():
        message = "is a symbolic link, a plain file is expected; remove the link or choose another path"
        raise OutputError(f"{path}: {message}")
    temporary = path.parent / f".portfolio-engine-{os.getpid()}-{secrets.token_hex(6)}.tmp"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(path.parent)
        with raised_interrupts():
            _write_and_rename(temporary, content, path)
        sync_folder(path.parent)
    except OSError as error:
        message = f"cannot write {len(content):,} bytes: {error.strerror or type(error).__name__}"
        raise OutputError(f"{path}: {message}; free some space or choose another folder") from error


def _write_and_rename(temporary: Path, content: bytes, path: Path) -> None:
    try:
        with temporary.open("xb") as stream:
            lock_file(stream)
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    except BaseException:  # an interrupt must not leave the temporary file either
        temporary.unlink(missing_ok=True)
        raise


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sync_folder(folder: Path) -> None:
    """Make what was renamed in ``folder`` durable; systems that cannot open a folder do without."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@cache
def _remove_abandoned(folder: Path) -> None:
    """Remove the temporary files of processes that are dead, once a process and folder."""
    for path in folder.glob(".portfolio-engine-*.tmp"):
        name = _TEMPORARY_NAME.fullmatch(path.name)
        if name and path.is_file() and not path.is_symlink() and not _is_alive(int(name[1])):  # a pipe has no end
            with suppress(OSError), path.open("rb") as stream:
                if lock_file(stream, wait=False):
                    path.unlink()


def _is_alive(process: int) -> bool:
    """Tell whether a process may still be there; where that cannot be told, yes."""
    try:
        if os.name == "posix":
            os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):  # another user's
        return True
    return True
