"""What takes a while, in a notebook: one line below the cell that is replaced, and empty again once it is over."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

from engine.core.waiting import WAITING
from engine.report.waiting_line import PATIENCE, WaitingLine

if TYPE_CHECKING:
    from engine.core.waiting import Wait

_BETWEEN: Final = 0.2
"""Seconds from one line to the next."""
_BAR: Final = 24
"""Letters of a whole bar."""

Counted: TypeAlias = Callable[[int, int], None]
"""Called with how many of how many parts are done."""


class _Shown(Protocol):
    """An output of a cell that can be replaced."""

    def update(self, content: dict[str, str], *, raw: bool) -> None: ...


class NotebookLine:
    """Shows a wait or a count in a notebook once it has taken longer than a moment."""

    def __init__(self, show: Callable[[dict[str, str]], _Shown]) -> None:
        """Take what ``show`` puts below the cell."""
        self._show = show
        self._shown: _Shown | None = None
        self._begun = time.monotonic()
        self._next = self._begun + PATIENCE

    def __call__(self, wait: Wait | None) -> None:
        """Show how a wait goes on; that it is over shows with the next line, or at the end."""
        if wait is not None:
            place = f" ({wait.done + 1} of {wait.total})" if wait.total > 1 else ""
            self._write(f"{wait}{place}")

    def count(self, done: int, total: int) -> None:
        """Show how many of how many parts are done."""
        self._write(count_line(done, total, time.monotonic() - self._begun))

    def close(self) -> None:
        """Leave nothing behind."""
        if self._shown is not None:
            self._shown.update({"text/plain": ""}, raw=True)

    def _write(self, line: str) -> None:
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + _BETWEEN
        if self._shown is None:
            self._shown = self._show({"text/plain": line})
        else:
            self._shown.update({"text/plain": line}, raw=True)


def count_line(done: int, total: int, seconds: float) -> str:
    """Return a bar with how many are done, how fast, and how long the others will take.

    >>> count_line(50, 200, 10.0)
    '██████                    50 of 200, 5/s, 30 s left'
    """
    full = _BAR * done // max(total, 1)
    pace = done / seconds if seconds > 0.0 else 0.0
    left = f", {pace:,.0f}/s, {(total - done) / pace:.0f} s left" if pace > 0.0 else ""
    return f"{'█' * full}{' ' * (_BAR - full)}  {done:,} of {total:,}{left}"


@contextmanager
def show_progress() -> Iterator[Counted]:
    """Show in the block what is waited for, in a notebook or on a terminal, and elsewhere nothing.

    What is yielded takes how many of how many parts are done.
    """
    show = notebook_output()
    if show is not None:
        line = NotebookLine(show)
        try:
            with WAITING.heard_by(line):
                yield line.count
        finally:
            line.close()
    elif sys.stderr.isatty():
        with WAITING.heard_by(WaitingLine()), WAITING.until_over():
            yield _ignore
    else:
        yield _ignore


def notebook_output() -> Callable[[dict[str, str]], _Shown] | None:
    """Return what puts an output below the cell that runs, None where no notebook does."""
    ipython = sys.modules.get("IPython")  # who has not imported it is in no notebook
    shell = ipython.get_ipython() if ipython else None
    if getattr(shell, "kernel", None) is None:
        return None
    display: Callable[..., _Shown] = import_module("IPython.display").display
    return lambda content: display(content, raw=True, display_id=True)


def _ignore(done: int, total: int) -> None:
    """Show nothing."""
