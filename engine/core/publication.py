"""Publishing a folder of files whole: a reader finds the old files or the new ones, also after a kill at any instant.

The new files are written to a staging folder beside the old folder, which one step puts in its place: a rename, or an
exchange of the two. Before the exchange whatever else the old folder holds is linked into the new one; after it what
cannot be linked (sub-folders) is moved over. A marker lies in the staging folder from its beginning to the end of its
way. At a staging folder's place it says "nothing here is wanted", at the place of results "bring the rest over from the
folder named here": so the next command that touches the folder cleans up after a process that was killed, or finishes
what it began. A folder without the marker is never touched.

Where the system has no exchange the marker is written anew, which commits the files, and they are moved one by one;
a kill between two moves leaves a mixture, until the next command has moved the rest.
"""

from __future__ import annotations

import ctypes
import errno
import hashlib
import os
import re
import secrets
import shutil
import sys
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from engine.core.errors import OutputError
from engine.core.files import sync_folder
from engine.core.interrupts import defer_interrupts, raised_interrupts
from engine.core.locks import FolderLock
from engine.core.regular_files import read_regular

MARKER_FILE: Final = ".portfolio-engine-publication"
"""Lies in every folder that is being published."""
_STAGING_NAME: Final = re.compile(r"\.[\w.-]{0,40}-[0-9a-f]{16}\.tmp")
_MAX_MARKER_BYTES: Final = 100_000
_END: Final = "end"
"""Last line of a marker: one that was half written has none."""


@contextmanager
def stage_folder(
    folder: Path, check: Callable[[Path], None] = lambda _: None, *, exchange: bool = True
) -> Iterator[Path]:
    """Yield an empty staging folder; when all is written there, its files take their places in ``folder`` together.

    A disk that fills up, a fault, an interrupt or a kill while they are made leaves ``folder`` as it was, and so does
    what ``check`` raises at the sight of it. An interrupt while they take their places is raised afterwards. Nothing
    else in ``folder`` changes, and no other process publishes into it meanwhile. Nothing staged, nothing published.

    ``exchange`` False moves the files one by one, for a folder of the user's that is more than results; so it is done
    in a folder that this process stands in, that is mounted, or whose parent cannot be written to.

    Raises OutputError when a file's place is taken by a folder or a symbolic link.
    """
    folder = resolve_links(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    exchange = exchange and _is_exchangeable(folder)
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"{folder}: a folder is expected there; move the file away or choose another --out")
    if not exchange:
        folder.mkdir(exist_ok=True)
    lock = FolderLock(folder)
    try:
        lock.acquire()
        _settle(folder)
        with raised_interrupts(), _make_staging(folder.parent if exchange else folder, folder) as staging:
            yield staging
            while not _publish(staging, folder, lock, check, exchange=exchange):
                lock.acquire()
    finally:
        lock.release()


@contextmanager
def lock_folder(folder: Path) -> Iterator[None]:
    """Keep other processes that ask for it out of ``folder``, in which whatever a killed one began is finished first.

    The folder itself is locked: no lock file stays behind, and a process that dies lets go. Systems and network folders
    without such locks do without; a manifest still tells whose its files are. Not to be nested with `stage_folder`.
    """
    folder = resolve_links(folder)
    lock = FolderLock(folder)
    try:
        lock.acquire()
        with suppress(OSError):  # a folder that can only be read is read as it is
            _settle(folder)
        yield
    finally:
        lock.release()


def resolve_links(path: Path) -> Path:
    """Return ``path`` without links; raises OutputError for one that leads back to itself."""
    try:
        return path.resolve()
    except RuntimeError:
        raise OutputError(f"{path}: is a symbolic link that leads back to itself; remove it") from None


def _publish(staging: Path, folder: Path, lock: FolderLock, check: Callable[[Path], None], *, exchange: bool) -> bool:
    """Put the staged files in place; False when another process has changed ``folder``, so that it is locked anew."""
    files = sorted(file.name for file in staging.iterdir() if file.name != MARKER_FILE)
    if not files:
        return True
    if not lock.is_current():
        return False
    if folder.exists():
        _settle(folder)  # what another process made meanwhile, and was killed
        check(folder)
        _refuse_taken_places(folder, files)
    with defer_interrupts():
        _Marker(staging, files).write(staging)
        sync_folder(staging)
        if not folder.exists():
            try:
                staging.rename(folder)
            except OSError:
                if folder.exists():  # made by another process just now
                    return False
                raise
        elif not (exchange and _complete(staging, folder, files) and _exchange(staging, folder)):
            _Marker(staging, files, committed=True).write(staging)
        _settle_staging(staging, folder)
        _finish_exchange(folder)
        sync_folder(folder)
        sync_folder(folder.parent)
    return True


def _refuse_taken_places(folder: Path, files: Collection[str]) -> None:
    for name in files:
        place = folder / name
        if place.is_symlink() or place.is_dir():
            raise OutputError(f"{place}: a plain file is expected there; move it away or choose another --out")
    if not os.access(folder, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(folder))


@dataclass(frozen=True)
class _Marker:
    """What a marker says: the staging folder that it was made in, the files that were staged, whether to move them."""

    staging: Path
    files: Collection[str] = ()
    committed: bool = False

    def write(self, folder: Path) -> None:
        """Write the marker into ``folder``, to the disk."""
        state = "committed" if self.committed else "staged"
        lines = [self.staging.name, str(folder.stat().st_ino), state, *self.files, _END]
        with (folder / MARKER_FILE).open("w", encoding="utf-8", newline="") as stream:
            stream.write("\n".join(lines))
            stream.flush()
            os.fsync(stream.fileno())

    @classmethod
    def read(cls, folder: Path) -> _Marker | None:
        """Return the marker in ``folder``; None where there is none, or the one of a folder that was copied."""
        try:
            text = read_regular(folder / MARKER_FILE, _MAX_MARKER_BYTES).decode("utf-8")
            name, inode, state, *files = text.split("\n")
        except OSError:
            return None
        except ValueError:  # killed while it was written, before anything else happened
            return cls(folder)
        if not files or files[-1] != _END:
            return cls(folder)
        if not _STAGING_NAME.fullmatch(name) or inode != str(folder.stat().st_ino):
            return None
        return cls(folder.parent / name, files[:-1], state == "committed")


def _settle(folder: Path) -> None:
    """Finish what processes that were killed had begun to publish into ``folder``, and remove what they had not."""
    _finish_exchange(folder)
    stem = _staging_stem(folder)
    for home in (folder.parent, folder):
        found: list[Path] = []
        with suppress(OSError):  # there is none, or it cannot be listed
            found = [path for path in home.iterdir() if path.name.startswith(stem)]
        for staging in sorted(path for path in found if _STAGING_NAME.fullmatch(path.name)):
            lock = FolderLock(staging)
            try:
                if lock.try_acquire():  # else its process lives
                    _settle_staging(staging, folder)
            finally:
                lock.release()


def _settle_staging(staging: Path, folder: Path) -> None:
    """Move committed files from a staging folder to their places, and remove it."""
    marker = _Marker.read(staging)
    if marker is not None and marker.staging.name == staging.name:
        if marker.committed:
            folder.mkdir(exist_ok=True)
            for file in marker.files:
                with suppress(FileNotFoundError):  # moved already
                    (staging / file).replace(folder / file)
            sync_folder(folder)
        for path in staging.iterdir():
            if path.name != MARKER_FILE:
                path.unlink()
        (staging / MARKER_FILE).unlink()
    with suppress(OSError):  # a process that is killed between making it and marking it leaves it empty
        staging.rmdir()


def _finish_exchange(folder: Path) -> None:
    """Bring over what the folder that was there before holds, and remove it and the marker."""
    marker = _Marker.read(folder)
    if marker is not None and marker.staging.name != folder.name and marker.staging.is_dir():
        _carry_over(marker.staging, folder, marker.files)
        marker.staging.rmdir()
    with suppress(FileNotFoundError, NotADirectoryError):
        (folder / MARKER_FILE).unlink()


def _carry_over(old: Path, new: Path, replaced: Collection[str]) -> None:
    """Move what ``old`` holds into ``new``, but for the files that were ``replaced``; of two the later one stays."""
    for path in sorted(old.iterdir()):
        place = new / path.name
        if path.is_symlink() or not path.is_dir():
            if path.name in replaced or not _is_later(path, place):
                path.unlink()
            else:
                path.replace(place)
        elif place.is_dir():
            _carry_over(path, place, ())
            path.rmdir()
        else:
            path.rename(place)


def _is_later(path: Path, place: Path) -> bool:
    """Tell whether a file is another one than that at ``place``, and was not written before it."""
    if not os.path.lexists(place):
        return True
    one, other = path.lstat(), place.lstat()
    return one.st_ino != other.st_ino and one.st_mtime_ns >= other.st_mtime_ns


def _complete(staging: Path, folder: Path, files: Collection[str]) -> bool:
    """Give a staging folder what else is in ``folder``, its owner and mode; False where that cannot be done."""
    if sys.platform == "win32":
        return False
    try:
        for path in folder.iterdir():
            if path.name not in files and (path.is_symlink() or not path.is_dir()):
                os.link(path, staging / path.name, follow_symlinks=False)
        present = folder.stat()
        os.chown(staging, present.st_uid, present.st_gid)
        shutil.copystat(folder, staging)
    except OSError:
        return False
    return True


def _exchange(one: Path, other: Path) -> bool:
    """Exchange two folders in one step; False where the system has no such step, or not for them."""
    if sys.platform == "win32":
        return False
    library, names = ctypes.CDLL(None), (os.fsencode(one), os.fsencode(other))
    try:
        if sys.platform == "darwin":
            return bool(library.renamex_np(*names, 2) == 0)
        here = -100  # AT_FDCWD; 2 is RENAME_EXCHANGE
        return bool(library.renameat2(here, names[0], here, names[1], 2) == 0)
    except AttributeError:  # an old C library
        return False


def _is_exchangeable(folder: Path) -> bool:
    """Tell whether ``folder`` may be replaced by another one: nobody here stands in it, and its parent allows it."""
    if not folder.exists():
        return True
    stands_in = False
    with suppress(OSError):  # this process stands in a folder that is gone
        stands_in = folder in (here := Path.cwd(), *here.parents)
    return not stands_in and not folder.is_mount() and os.access(folder.parent, os.W_OK)


def _staging_stem(folder: Path) -> str:
    """Return what the names of the staging folders of ``folder`` begin with, and those of no other."""
    plain = re.sub(r"[^\w.-]", "_", folder.name[:40])  # a marker has lines of UTF-8; a folder's name may be any bytes
    return f".{plain}-{hashlib.sha256(os.fsencode(folder.name)).hexdigest()[:8]}"


@contextmanager
def _make_staging(home: Path, folder: Path) -> Iterator[Path]:
    """Yield a new staging folder in ``home``, locked, so that nobody takes it for one whose process is dead."""
    while True:
        staging = home / f"{_staging_stem(folder)}{secrets.token_hex(4)}.tmp"
        lock = FolderLock(staging)
        try:
            staging.mkdir()
            lock.acquire()
            try:
                _Marker(staging).write(staging)
            except FileNotFoundError:  # another process found it empty
                continue
            yield staging
            return
        finally:
            with suppress(OSError), defer_interrupts():
                _settle_staging(staging, folder)
            lock.release()
