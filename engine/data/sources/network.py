"""Whether anything may be asked of the network."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from engine.core.errors import UnavailableError

_OFFLINE: Final = ContextVar("offline", default=False)


@contextmanager
def network(*, offline: bool) -> Iterator[None]:
    """Let nothing within ask the network where that is to be ``offline``."""
    before = _OFFLINE.set(offline or _OFFLINE.get())
    try:
        yield
    finally:
        _OFFLINE.reset(before)


def is_offline() -> bool:
    """Return whether nothing may be asked."""
    return _OFFLINE.get()


def require_network() -> None:
    """Raise UnavailableError within :func:`network` that is offline."""
    if is_offline():
        raise UnavailableError("nothing is fetched with --offline")
