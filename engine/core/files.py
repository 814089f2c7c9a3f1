"""Writing files so that a reader finds the old content or the new one, never a part of either."""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from engine.core.errors import DataError, OutputError


def expand_home(path: Path, key: str) -> Path:
    """Return ``path`` with a leading ``~`` or ``~user`` replaced by the home folder; ``key`` is what named it.

    Raises DataError when there is no such user, or the user has no home.
    """
    try:
        return path.expanduser()
    except RuntimeError:
        raise DataError(f"{key}: {path}: found no home folder for {path.parts[0]}; write the whole path") from None


@contextmanager
def stage_files(folder: Path, check: Callable[[Path], None] = lambda _: None) -> Iterator[Path]:
    """Yield an empty folder beside ``folder``; when all is written there, its files take their places in ``folder``.

    A disk that fills up, a fault or an interrupt while they are made leaves ``folder`` as it was, and so does what
    ``check`` raises at the sight of it.

    Raises OutputError when a file's place is taken by a folder or a symbolic link.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=f".{folder.name[:40]}-", suffix=".tmp", dir=folder.parent))
    try:
        yield staging
        folder.mkdir(exist_ok=True)
        with lock_folder(folder):
            check(folder)
            move_into_place(sorted(staging.iterdir()), folder)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


@contextmanager
def lock_folder(folder: Path) -> Iterator[None]:
    """Keep other processes that ask for it out of ``folder``; they wait, so that files of two runs never mix.

    The folder itself is locked: no lock file stays behind, and a process that dies lets go. Systems and network folders
    without such locks do without; a run's manifest still tells whose its files are.
    """
    with ExitStack() as stack:
        if sys.platform != "win32":
            import fcntl  # noqa: PLC0415  (not there on Windows)

            with suppress(OSError):  # of a folder that is not there, what follows has a better message
                descriptor = os.open(folder, os.O_RDONLY)
                stack.callback(os.close, descriptor)
                fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield


def move_into_place(made: list[Path], folder: Path) -> None:
    """Move files into ``folder``, all of them or, where one would displace something else, none."""
    for file in made:
        place = folder / file.name
        if place.is_symlink() or place.is_dir():
            raise OutputError(f"{place}: a plain file is expected there; move it away or choose another --out")
    for file in made:
        file.replace(folder / file.name)
    _sync_folder(folder)


def atomic_write(path: Path, content: bytes) -> None:
    """Put ``content`` at ``path`` in one step; folders on the way are made.

    The bytes go to a temporary file in the same folder, reach the disk, and take the name by a rename; of two writers
    the later one wins, whole. A symbolic link is refused: only the link would be replaced, not what it leads to.

    Raises OutputError when the disk is full, the folder cannot be written to, or ``path`` is a folder or a symbolic
    link; what was there before is untouched and no temporary file is left.
    """
    if path.is_symlink():
        message = "is a symbolic link, a plain file is expected; remove the link or choose another path"
        raise OutputError(f"{path}: {message}")
    temporary = path.parent / f".{os.getpid()}-{secrets.token_hex(6)}.tmp"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with temporary.open("xb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            temporary.replace(path)
        except BaseException:  # an interrupt must not leave the temporary file either
            temporary.unlink(missing_ok=True)
            raise
        _sync_folder(path.parent)
    except OSError as error:
        message = f"cannot write {len(content):,} bytes: {error.strerror or type(error).__name__}"
        raise OutputError(f"{path}: {message}; free some space or choose another folder") from error


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync_folder(folder: Path) -> None:
    """Make the rename itself durable; systems that cannot open a folder do without."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
