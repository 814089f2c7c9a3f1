"""Numba's cache on disk, in which nothing damaged is loaded, nothing is mistaken, and a full disk ends nothing.

Numba writes machine code without a checksum: a file cut short by a power failure ends every later run, and a turned bit
runs. Here a SHA-256 follows each file, after the end of what numba reads of it; a file without is as good as none.
"""

# mypy: disallow-untyped-calls=False, disable-error-code="attr-defined"

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from llvmlite.binding import get_host_cpu_name
from numba import config
from numba.core import caching
from numba.core.codegen import get_host_cpu_features

_DIGEST_SIZE = hashlib.sha256().digest_size


class SealedFiles(caching.IndexDataCacheFile):
    """The files of one function: an index of its signatures, and the machine code of each."""

    def _load_index(self) -> dict[object, str]:
        """Return the file name of each signature; none where the index is damaged."""
        return super()._load_index() if _is_whole(self._index_path) else {}

    def _load_data(self, name: str) -> object:
        """Return the machine code in a file; raises OSError where it is damaged, and it is compiled anew."""
        if not _is_whole(self._data_path(name)):
            raise OSError(f"{name}: is damaged")
        return super()._load_data(name)

    @contextmanager
    def _open_for_write(self, filepath: str) -> Iterator[BinaryIO]:
        with super()._open_for_write(filepath) as file:
            yield file
            file.flush()
            file.write(hashlib.sha256(Path(file.name).read_bytes()).digest())


class SealedCache(caching.FunctionCache):
    """The cache of one function."""

    def __init__(self, function: object) -> None:
        """Look for a place; raises RuntimeError where there is none."""
        super().__init__(function)
        state = ""  # of the sources: the folder is named by it, better than by the time of a change, which git renews
        self._cache_file = SealedFiles(self.cache_path, self._impl.filename_base, state)

    def load_overload(self, sig: tuple[object, ...], target_context: object) -> object:
        """Return the compiled function for ``sig`` or None; two processes may have given one name to two signatures."""
        found = super().load_overload(sig, target_context)
        return found if found is not None and tuple(found.signature.args) == tuple(sig) else None

    def save_overload(self, sig: tuple[object, ...], data: object) -> None:
        """Keep a compiled function where there is room."""
        with suppress(OSError):
            super().save_overload(sig, data)


def target_processor() -> str:
    """Return what machine code is made for here, as numba sees it; machines with one home may differ."""
    return f"{config.CPU_NAME or get_host_cpu_name()} {config.CPU_FEATURES or get_host_cpu_features()}"


def _is_whole(path: str) -> bool:
    """Tell whether a file ends with the SHA-256 of the rest."""
    try:
        content = Path(path).read_bytes()
    except OSError:
        return False
    return content[-_DIGEST_SIZE:] == hashlib.sha256(content[:-_DIGEST_SIZE]).digest()
