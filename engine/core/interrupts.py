"""Ctrl-C in a command: one line and the end at once, whatever runs; where something has to be undone, after that.

Raised as an exception it would come up in the middle of an import, a callback or a library that catches it, and end as
a traceback, as another fault or not at all. Where it has to be raised it is kept in mind: one that got lost is raised
again at the end of the block.
"""

from __future__ import annotations

import _thread
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
_SENT_AGAIN: list[int] = []
"""What was raised where nothing can be, and will come once more."""


def end_on_interrupt() -> None:
    """From here on Ctrl-C ends the process; where the process is to ignore it, it goes on to."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _answer)
        sys.unraisablehook = _send_again


@contextmanager
def raised_interrupts() -> Iterator[None]:
    """Let Ctrl-C be raised inside the block, whose end undoes something; pressed again, it ends the process.

    What the block makes of it, if it goes on or ends with another fault, is an interrupt again at its end.
    """
    block = object()
    before = len(_PRESSED)
    _UNDOING.add(block)
    try:
        yield
    except Exception as error:
        if _is_lost(before):
            raise KeyboardInterrupt from error
        raise
    else:
        if _is_lost(before):
            raise KeyboardInterrupt
    finally:
        _UNDOING.discard(block)


def _is_lost(before: int) -> bool:
    """Tell, at the end of a block, whether Ctrl-C was raised since it began; then it need not come once more."""
    if threading.current_thread() is not threading.main_thread() or len(_PRESSED) == before:
        return False
    _SENT_AGAIN.clear()
    return True


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


def _send_again(found: sys.UnraisableHookArgs) -> None:
    """Hand an interrupt that came while C called back, where nothing can be raised, to the main thread."""
    if not issubclass(found.exc_type, KeyboardInterrupt):
        sys.__unraisablehook__(found)
        return
    _SENT_AGAIN.append(signal.SIGINT)
    later = threading.Timer(0.01, _send_unless_raised)  # at once it would be raised, and lost, in here
    later.daemon = True
    later.start()


def _send_unless_raised() -> None:
    if _SENT_AGAIN:
        _thread.interrupt_main()


def _answer(number: int, _: FrameType | None) -> None:
    if _UNDOING and (_SENT_AGAIN or not _PRESSED):
        _SENT_AGAIN.clear()
        _PRESSED.append(number)
        raise KeyboardInterrupt
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with suppress(OSError, ValueError, AttributeError):  # of a process without one it is None
        if sys.stderr.isatty():
            os.write(sys.stderr.fileno(), b"\r\x1b[2K\x1b[?25h")  # instead of a bar, and its cursor again
        os.write(sys.stderr.fileno(), interrupt_line().encode())
    os._exit(EXIT_CODE)
