"""Everything that is wrong with a broker's file, gathered while it is read: one line each."""

from __future__ import annotations

from typing import Final

from engine.core.errors import DataError, shorten

MAX_CELL: Final = 20
"""Characters of a cell that a message shows: enough to find it, too little to give anybody away."""
_MOST: Final = 200
"""Faults of which a line is made; of the rest only the number."""


class Faults:
    """The faults of the file ``name``; nothing is raised before all of it was read."""

    def __init__(self, name: str) -> None:
        """Start without a fault."""
        self.name = name
        self.lines: list[str] = []
        self.uncounted = 0

    def add(self, line: int, message: str, remedy: str) -> None:
        """Keep what is wrong in ``line``, 0 for the file as a whole, and how to mend it."""
        place = f"{self.name}:{line}" if line else self.name
        if len(self.lines) < _MOST:
            self.lines.append(f"{place}: {message}; {remedy}")
        else:
            self.uncounted += 1

    def raise_all(self) -> None:
        """Raise one DataError with every fault; do nothing when there is none."""
        if self.lines:
            error = DataError(*self.lines)
            error.uncounted = self.uncounted
            raise error


def quote_cell(text: str) -> str:
    """Return a cell as a message shows it.

    >>> quote_cell("12,5O"), quote_cell("a note that goes on for long")
    ("'12,5O'", "'a note that...r long'")
    """
    return f"'{shorten(text, MAX_CELL)}'"
