"""Compiled templates, kept on disk: compiling that of a run takes longer than filling it in."""

from __future__ import annotations

from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Final

import jinja2
from jinja2.bccache import Bucket, BytecodeCache

from engine.core.cache_folder import find_cache_folder, hash_files, remove_stale_caches
from engine.core.errors import OutputError
from engine.core.files import atomic_write
from engine.core.seal import prepend_digest, strip_digest

_PACKAGE: Final = Path(__file__).parent


@cache
def template_folder() -> Path | None:
    """Return where templates compiled by this jinja and with this package's filters are kept, None without a place."""
    name = f"templates-{jinja2.__version__}-{hash_files(sorted(_PACKAGE.rglob('*.py')))}"
    return find_cache_folder(name, _PACKAGE).path


class TemplateCache(BytecodeCache):
    """Templates in ``folder``; jinja compares each with its source. Without a folder all of them are compiled anew.

    A file begins with the hash of the rest: one that is damaged is as good as none.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def load_bytecode(self, bucket: Bucket) -> None:
        """Fill ``bucket`` where this template has a whole file."""
        if self._folder is None:
            return
        with suppress(OSError):
            code = strip_digest((self._folder / bucket.key).read_bytes())
            if code is not None:
                bucket.bytecode_from_string(code)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Write what is in ``bucket``, where it can be written; a page does not fail for that."""
        if self._folder is None:
            return
        with suppress(OutputError, OSError):
            atomic_write(self._folder / bucket.key, prepend_digest(bucket.bytecode_to_string()))
        remove_stale_caches(self._folder)
