"""What takes a while, as a download or many runs, told to whoever shows it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True)
class Wait:
    """What is waited for: one of several things, ``done`` of the ``total`` are over, this one for ``seconds``."""

    what: str
    done: int
    total: int
    seconds: float

    def __str__(self) -> str:
        """Return it as shown beside a number of what is done, or alone."""
        return f"waiting for {self.what}, {self.seconds:.0f} s"


Listener: TypeAlias = Callable[[Wait | None], None]
"""Called while something is waited for, some times a second, and with None once it is over."""


class _Waiting:
    """The one wait of this process; downloads run one after another."""

    def __init__(self) -> None:
        self.listener: Listener | None = None
        self._current = ("", 0, 1)
        self._since = 0.0

    def start(self, what: str, done: int = 0, total: int = 1) -> None:
        """Begin to wait for the next thing."""
        self._current, self._since = (what, done, total), time.monotonic()
        self.tick()

    def advance(self, done: int) -> None:
        """Tell that of one long thing so many parts are over."""
        what, _, total = self._current
        self._current = (what, done, total)
        self.tick()

    def tick(self) -> None:
        """Tell that it still takes."""
        if self.listener:
            self.listener(Wait(*self._current, time.monotonic() - self._since))

    @contextmanager
    def heard_by(self, listener: Listener) -> Iterator[None]:
        """Let another one listen for the length of the block."""
        before, self.listener = self.listener, listener
        try:
            yield
        finally:
            self.listener = before

    @contextmanager
    def until_over(self) -> Iterator[None]:
        """Tell at the end of the block, however it ends, that nothing is waited for any longer."""
        try:
            yield
        finally:
            if self.listener:
                self.listener(None)


WAITING = _Waiting()
"""Whoever waits tells it; whoever has a terminal listens to it."""
