"""Ctrl-C in a command: one line and the end at once, whatever runs; where something has to be undone, after that.

Raised as an exception it would come up in the middle of an import, a callback or a library that catches it, and end as
a traceback, as another fault or not at all.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

EXIT_CODE = 130
"""Of a command that was interrupted."""

_UNDOING: set[object] = set()
"""Blocks, of any thread, at whose end something is undone."""
_ADVICE: list[str] = []
_PRESSED: list[int] = []


def end_on_interrupt() -> None:
    """From here on Ctrl-C ends the process; where the process is to ignore it, it goes on to."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _answer)


@contextmanager
def raised_interrupts() -> Iterator[None]:
    """Let Ctrl-C be raised inside the block, whose end undoes something; pressed again, it ends the process."""
    block = object()
    _UNDOING.add(block)
    try:
        yield
    finally:
        _UNDOING.discard(block)


@contextmanager
def defer_interrupts() -> Iterator[None]:
    """Hold Ctrl-C back until the end of the block; there it is raised."""
    if threading.current_thread() is not threading.main_thread():  # which alone is interrupted
        yield
        return
    caught: list[int] = []
    handler = signal.signal(signal.SIGINT, lambda number, _: caught.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.SIG_DFL if handler is None else handler)
        if caught:
            signal.raise_signal(signal.SIGINT)


def advise_on_interrupt(advice: str) -> None:
    """Say ``advice`` from here on in the line of an interrupt."""
    _ADVICE[:] = [advice] if advice else []


def interrupt_line() -> str:
    """Return what a command says that was interrupted."""
    return "; ".join(["interrupted", *_ADVICE]) + "\n"


def was_interrupted() -> bool:
    """Return whether Ctrl-C was pressed: whatever was raised since then may come of it."""
    return bool(_PRESSED)


def forget_interrupt() -> None:
    """Take the next Ctrl-C for the first one: what was raised got lost, and is sent again."""
    _PRESSED.clear()


def _answer(number: int, _: FrameType | None) -> None:
    if _UNDOING and not _PRESSED:
        _PRESSED.append(number)
        raise KeyboardInterrupt
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with suppress(OSError, ValueError, AttributeError):  # of a process without one it is None
        if sys.stderr.isatty():
            os.write(sys.stderr.fileno(), b"\r\x1b[2K\x1b[?25h")  # instead of a bar, and its cursor again
        os.write(sys.stderr.fileno(), interrupt_line().encode())
    os._exit(EXIT_CODE)
