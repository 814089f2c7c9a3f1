"""Nothing that comes back from a cluster is run here: what a pickle may name while one is connected.

A pickle does what it names. Dask unpickles in many places (types, results, exceptions, tracebacks, messages); Python
asks at each name, so this is one place for all of them.
"""

from __future__ import annotations

import builtins
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

_RECEIVING: list[int] = []
"""Threads that wait for a cluster; every other thread reads what comes from it."""


class ForeignPickleError(TypeError):
    """A pickle names what it may not. Dask takes a TypeError here for one that cannot be read."""


@contextmanager
def refuse_foreign_pickles() -> Iterator[None]:
    """Let no thread but this one unpickle anything except bytes and Python's own exceptions."""
    _install()
    own = threading.get_ident()
    _RECEIVING.append(own)
    try:
        yield
    finally:
        _RECEIVING.remove(own)


@cache
def _install() -> None:
    """Look at every name that a pickle asks for; this stays, and does nothing while no cluster is connected."""

    def look(event: str, arguments: tuple[object, ...]) -> None:
        if event == "pickle.find_class" and _RECEIVING and threading.get_ident() not in _RECEIVING:
            module, name = map(str, arguments[:2])
            if not (module == "builtins" and _is_harmless(name)):
                raise ForeignPickleError(f"a pickle names {module}.{name}")

    sys.addaudithook(look)


def _is_harmless(name: str) -> bool:
    found = getattr(builtins, name, None)
    return found is bytes or (isinstance(found, type) and issubclass(found, Exception))
