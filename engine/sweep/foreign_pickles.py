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
from weakref import WeakSet

_RECEIVING: list[int] = []
"""Threads that wait for a cluster; every other thread reads what comes from it."""

_FOREIGN: WeakSet[threading.Thread] = WeakSet()
"""Threads that a connection began and that outlive it: a scheduler that does not let go may still send."""


class ForeignPickleError(TypeError):
    """A pickle names what it may not. Dask takes a TypeError here for one that cannot be read."""


@contextmanager
def refuse_foreign_pickles() -> Iterator[None]:
    """Let no thread but this one unpickle anything except bytes and Python's own exceptions."""
    _install()
    own, before = threading.get_ident(), set(threading.enumerate())
    _RECEIVING.append(own)
    try:
        yield
    finally:
        _FOREIGN.update(set(threading.enumerate()) - before)
        _RECEIVING.remove(own)


@cache
def _install() -> None:
    """Look at every name that a pickle asks for; this stays, and does nothing while nothing of a cluster is left."""

    def look(event: str, arguments: tuple[object, ...]) -> None:
        if event == "pickle.find_class" and (_RECEIVING or _FOREIGN) and _is_foreign():
            module, name = map(str, arguments[:2])
            if not (module == "builtins" and _is_harmless(name)):
                raise ForeignPickleError(f"a pickle names {module}.{name}")

    sys.addaudithook(look)


def _is_foreign() -> bool:
    """Tell whether this thread reads what a cluster sends."""
    connected = bool(_RECEIVING) and threading.get_ident() not in _RECEIVING
    return connected or threading.current_thread() in _FOREIGN


def _is_harmless(name: str) -> bool:
    found = getattr(builtins, name, None)
    return found is bytes or (isinstance(found, type) and issubclass(found, Exception))
