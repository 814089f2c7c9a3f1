"""Folders for what is compiled once for an installation, each named by all that the result depends on.

What lies in them is run as it is. So they stand in a folder that nobody but its user can enter, and what others could
have put there is not used. Only what the engine has written into them is ever removed, after a month without use.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from itertools import takewhile
from pathlib import Path
from typing import Final, NamedTuple

import platformdirs

PRIVATE_FOLDER: Final = "portfolio-engine-compiled"
"""Holds all that is compiled, wherever it stands."""
MARKER: Final = "CACHEDIR.TAG"
"""In each folder of a state; its time is that of the last use. Programs that make backups know this name."""
MARK: Final = b"Signature: 8a477f597d28d172789f06886806bc55\n# Made by portfolio-engine; see bford.info/cachedir\n"
MONTH: Final = 30 * 86_400
"""How long a state is kept without being used [s]."""

_STATE_NAME: Final = re.compile(r"(?:kernel|templates)-[0-9][-0-9A-Za-z.+]*-[0-9a-f]{16}(?:\.\w{8}\.tmp)?")
_FILE_NAME: Final = re.compile(
    r".+-[0-9]+\.py[0-9]+t?\.(?:nbi|[0-9]+\.nbc)(?:\.tmp\.[0-9a-f]{16})?|[0-9a-f]{40}|\.portfolio-engine-\S+\.tmp"
)
"""What numba and the cache of templates write, whole or not."""


class CacheFolder(NamedTuple):
    """Where compiled things are kept, or else why nowhere."""

    path: Path | None
    refusal: str = ""


def hash_files(files: Iterable[Path], more: str = "") -> str:
    """Return what names one state of ``files``: a hash of their names and contents, and of what ``more`` counts."""
    digest = hashlib.sha256(more.encode())
    for file in files:
        digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def find_cache_folder(name: str, package: Path, told: str | None = None) -> CacheFolder:
    """Return the folder ``name``: where the user has ``told``, or else beside the sources or with the user.

    Beside the sources comes first: there it goes when they go, and never meets that of another version.
    """
    homes = [Path(told).absolute] if told else [(package / "__pycache__").absolute, platformdirs.user_cache_path]
    refusal = ""
    for home in homes:
        try:
            folder = home() / PRIVATE_FOLDER / name
            _open_folder(folder)
        except OSError as error:
            refusal = f"{error.filename or package}: {error.strerror}"
        except RuntimeError as error:  # a user without a home
            refusal = str(error)
        else:
            return CacheFolder(folder)
    return CacheFolder(None, refusal)


def _open_folder(folder: Path) -> None:
    """Make ``folder`` where it is missing, and note that it is in use; raises OSError where it cannot be trusted."""
    private, home = folder.parent, folder.parent.parent
    nearest = next(one for one in (home, *home.parents) if os.path.lexists(one))
    _refuse_shared(nearest)  # before anything is left in a folder of somebody else's
    for one in reversed([*takewhile(lambda place: place != nearest, (private, home, *home.parents))]):
        one.mkdir(0o700, exist_ok=True)
    _refuse_shared(home)
    _refuse_shared(private, own=True)
    if not os.path.lexists(folder):
        _make_state(folder)
    _refuse_shared(folder, own=True)
    if not _bears_marker(folder):
        raise FileExistsError(0, "is not a cache of the engine", str(folder))
    os.utime(folder / MARKER)


def _make_state(folder: Path) -> None:
    """Make a folder with its marker in one step: another process sees both or none."""
    made = Path(tempfile.mkdtemp(prefix=f"{folder.name}.", suffix=".tmp", dir=folder.parent))
    try:
        (made / MARKER).write_bytes(MARK)
        with suppress(OSError):  # another process was faster; whether it is one of the engine's is seen next
            made.rename(folder)
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _refuse_shared(folder: Path, *, own: bool = False) -> None:
    """Raise OSError where others than the user can write into ``folder``, or replace what the user has in it.

    A folder of the engine's ``own`` belongs to the user; what it stands in may be the system's, as a temporary folder.
    """
    found = folder.lstat() if own else folder.stat()
    if not stat.S_ISDIR(found.st_mode):
        raise NotADirectoryError(0, "is a link or no folder", str(folder))
    if os.name != "posix":
        return
    if found.st_uid != os.geteuid() and (own or found.st_uid != 0):
        raise PermissionError(0, "belongs to another user", str(folder))
    mode = found.st_mode
    shared = mode & stat.S_IWOTH or (mode & stat.S_IWGRP and (own or not _is_own_group(found.st_gid)))
    if shared and (own or not mode & stat.S_ISVTX):
        raise PermissionError(0, "others can write there", str(folder))


def _is_own_group(group_id: int) -> bool:
    """Tell whether a group is one that many systems make for each user, with nobody else in it."""
    import grp  # noqa: PLC0415  (not there on Windows)
    import pwd  # noqa: PLC0415  (not there on Windows)

    try:
        group, user = grp.getgrgid(group_id), pwd.getpwuid(os.geteuid())
    except KeyError:
        return False
    return group.gr_gid == user.pw_gid and group.gr_name == user.pw_name and set(group.gr_mem) <= {user.pw_name}


def remove_stale_caches(folder: Path | None) -> None:
    """Remove what other states of the sources left beside ``folder`` and nobody has used for a month."""
    if folder is None:
        return
    with suppress(OSError):
        now = (folder / MARKER).stat().st_mtime  # of this use, by the clock of the place where it lies
        for other in [*folder.parent.iterdir()]:
            if _STATE_NAME.fullmatch(other.name) and _is_stale(other, now):
                _remove_state(other)


def _bears_marker(folder: Path) -> bool:
    """Tell whether the engine has made ``folder``."""
    marker = folder / MARKER
    with suppress(OSError):
        return stat.S_ISREG(marker.lstat().st_mode) and marker.read_bytes() == MARK
    return False


def _is_stale(folder: Path, now: float) -> bool:
    """Tell whether the engine has made ``folder`` and not used it for a month."""
    if folder.is_symlink() or not _bears_marker(folder):
        return False
    with suppress(OSError):
        return now - (folder / MARKER).stat().st_mtime > MONTH
    return False


def _remove_state(folder: Path) -> None:
    """Remove the files of a state, its marker last; what somebody else put there stays, with the folders it is in."""
    for place, _, names in os.walk(folder, topdown=False):
        for path in (Path(place, name) for name in names if _FILE_NAME.fullmatch(name)):
            with suppress(OSError):
                if stat.S_ISREG(path.lstat().st_mode):
                    path.unlink()
        if Path(place) == folder:
            (folder / MARKER).unlink(missing_ok=True)
        with suppress(OSError):
            Path(place).rmdir()
