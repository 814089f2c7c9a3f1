"""What is waited for, on standard error: a line that is replaced on a terminal, now and then a line elsewhere."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Final

from engine.core.errors import escape_controls

if TYPE_CHECKING:
    from engine.core.waiting import Wait

PATIENCE: Final = 2.0
"""Seconds that nobody wonders about."""
_BETWEEN_LINES: Final = 10.0
"""Seconds from one line to the next where none can be replaced."""
_ERASE: Final = "\r\x1b[K"


class WaitingLine:
    """Shows a wait once it has taken longer than a moment, with all that was waited for before it."""

    def __init__(self) -> None:
        """Start with nothing to wait for."""
        self._begun: float | None = None
        self._next = 0.0
        self._shown = False

    def __call__(self, wait: Wait | None) -> None:
        """Show how the wait goes on, or that it is over."""
        now = time.monotonic()
        if wait is None:
            self._write(_ERASE if self._shown and sys.stderr.isatty() else "")
            self._begun, self._shown = None, False
            return
        if self._begun is None:
            self._begun, self._next = now, now + PATIENCE
        if now < self._next:
            return
        place = f" ({wait.done + 1} of {wait.total})" if wait.total > 1 else ""
        line = f"{escape_controls(str(wait))}{place}"
        replaced = sys.stderr.isatty()
        self._write(f"{_ERASE}{line}" if replaced else f"{line}\n")
        self._next, self._shown = now + (0.2 if replaced else _BETWEEN_LINES), True

    def _write(self, text: str) -> None:
        sys.stderr.write(text)
        sys.stderr.flush()
