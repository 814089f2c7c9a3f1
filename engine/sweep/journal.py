"""The journal of a sweep: finished chunks, appended and never rewritten, each with its length and checksum.

A process that is killed leaves at most one record that is not whole, at the end; it is cut off when the journal is
opened again. The lock is the operating system's on the open file: it ends with the process that holds it.
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final, Self

from engine.core.errors import OutputError
from engine.core.locks import lock_file
from engine.core.regular_files import REGULAR_FLAGS
from engine.sweep.chunk import Chunk, decode_chunk

JOURNAL_FILE: Final = "sweep.journal"

LOCK_TIMEOUT: Final = 1.0
"""How long the lock is asked for again [s]: a process killed while it starts another leaves it there for an instant."""

_RECORD_HEADER = struct.Struct("<4sQ32s")
_MAGIC = b"SWP1"


@dataclass
class Journal:
    """An open journal; ``chunk_locations`` has the place of every finished chunk by its first point."""

    path: Path
    file: BinaryIO
    chunk_locations: dict[int, tuple[int, int, int]] = field(default_factory=dict)

    @classmethod
    def open(cls, path: Path, identity: dict[str, str], *, resume: bool) -> Journal:
        """Open the journal at ``path`` for a sweep that ``identity`` names; without ``resume`` it starts empty.

        Raises OutputError when another process writes it, the folder cannot be written to, or it belongs to another
        sweep.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        journal = cls(path, os.fdopen(_open_plain_file(path), "r+b"))
        try:
            _lock(journal.file, path)
            journal._start_or_resume(identity, resume=resume)
        except BaseException:
            journal.close()
            raise
        return journal

    def _start_or_resume(self, identity: dict[str, str], *, resume: bool) -> None:
        """Go on with what is there, or start empty; what is no journal is somebody else's and stays as it is."""
        self.file.seek(0)
        if not _MAGIC.startswith(self.file.read(len(_MAGIC))):
            message = "is no journal of a sweep; move it away or choose another --out"
            raise OutputError(f"{self.path}: {message}")
        found = self._recover() if resume else None
        if found is None:
            self.file.seek(0)
            self.file.truncate()
            self._append_record(json.dumps(identity).encode())
        elif found != identity:
            keys = dict.fromkeys([*identity, *found])
            changed = ", ".join(key for key in keys if found.get(key) != identity.get(key))
            raise self._foreign_error(f"belongs to another sweep ({changed} differs)")

    def append(self, chunk: Chunk) -> None:
        """Append a chunk; when this returns it is on the disk."""
        content = chunk.encode()
        self.chunk_locations[chunk.first] = (chunk.last, self._append_record(content), len(content))

    def read_chunk(self, first: int) -> Chunk:
        """Return the finished chunk that begins with point ``first``."""
        _, at, length = self.chunk_locations[first]
        self.file.seek(at)
        return Chunk.decode(self.file.read(length))

    def missing_ranges(self, count: int) -> Iterator[tuple[int, int]]:
        """Yield the ranges of ``count`` points that are not finished; raises OutputError when a chunk has others."""
        begin = 0
        for first in sorted(self.chunk_locations):
            if begin < first:
                yield begin, first
            elif begin > first:
                raise self._foreign_error()
            begin = self.chunk_locations[first][0]
        if begin > count:
            raise self._foreign_error()
        if begin < count:
            yield begin, count

    def finished_count(self) -> int:
        """Return how many points are finished."""
        return sum(last - first for first, (last, _, _) in self.chunk_locations.items())

    def __enter__(self) -> Self:
        """Return the journal itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of the file and its lock."""
        self.close()

    def close(self) -> None:
        """Close the file: all that counts was written through, and what a full disk did not take is said already."""
        with suppress(OSError):
            self.file.close()

    def _append_record(self, content: bytes) -> int:
        begin = self.file.seek(0, os.SEEK_END)
        try:
            self.file.write(_RECORD_HEADER.pack(_MAGIC, len(content), hashlib.sha256(content).digest()))
            self.file.write(content)
            self.file.flush()
            os.fsync(self.file.fileno())
        except OSError as error:
            reason = error.strerror or type(error).__name__
            message = f"cannot append {len(content):,} bytes: {reason}; free some space, then --resume"
            raise OutputError(f"{self.path}: {message}") from error
        return begin + _RECORD_HEADER.size

    def _recover(self) -> dict[str, str] | None:
        """Read every whole record, cut off what follows the last, and return whose journal it is; None when empty."""
        identity: dict[str, str] | None = None
        end = self.file.seek(0)
        while content := self._read_record():
            if identity is None:
                identity = self._parse_identity(content)
            else:
                chunk = decode_chunk(content)
                if chunk is None or chunk.first in self.chunk_locations:
                    raise self._foreign_error()
                self.chunk_locations[chunk.first] = (chunk.last, end + _RECORD_HEADER.size, len(content))
            end += _RECORD_HEADER.size + len(content)
        self.file.seek(end)
        self.file.truncate()
        return identity

    def _parse_identity(self, content: bytes) -> dict[str, str]:
        try:
            found = json.loads(content)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise self._foreign_error("belongs to no sweep")
        return found

    def _foreign_error(self, message: str = "holds a chunk of no such sweep") -> OutputError:
        return OutputError(f"{self.path}: {message}; leave --resume away to start anew")

    def _read_record(self) -> bytes | None:
        head = self.file.read(_RECORD_HEADER.size)
        if len(head) < _RECORD_HEADER.size:
            return None
        magic, length, digest = _RECORD_HEADER.unpack(head)
        left = os.fstat(self.file.fileno()).st_size - self.file.tell()
        if magic != _MAGIC or length > left:
            return None
        content = self.file.read(length)
        return content if hashlib.sha256(content).digest() == digest else None


def _open_plain_file(path: Path) -> int:
    """Open a plain file to read and append, and make it where there is none; a link is not followed."""
    if path.exists() and not path.is_file():
        raise OutputError(f"{path}: a plain file is expected there; move it away or choose another --out")
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | REGULAR_FLAGS, 0o666)
    except OSError as error:
        if not path.is_symlink():
            raise
        message = "is a symbolic link, a plain file is expected; remove the link or choose another --out"
        raise OutputError(f"{path}: {message}") from error


def _lock(file: BinaryIO, path: Path) -> None:
    """Take the journal for this process alone; systems and network folders without such locks do without."""
    deadline = time.monotonic() + LOCK_TIMEOUT
    while True:
        try:
            lock_file(file, wait=False)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                message = "another process is sweeping into this folder; wait for it, or choose another --out"
                raise OutputError(f"{path.parent}: {message}") from None
            time.sleep(0.05)
        else:
            return
