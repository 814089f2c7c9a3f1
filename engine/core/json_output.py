"""The JSON that a verb prints, kept apart from what the code of plug-ins prints."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import BinaryIO, Final


class JsonOutput:
    """Standard output; once plug-ins are loaded in a process that prints JSON, what they print goes to standard error.

    ``asked`` is whether this process prints nothing but JSON.
    """

    def __init__(self) -> None:
        self.asked = False
        self._own: BinaryIO | None = None

    def set_apart(self) -> None:
        """Let everything else that this process and its children print go to standard error from now on."""
        if self.asked and self._own is None:
            with suppress(OSError, ValueError):  # without an output nothing has to be kept apart
                sys.stdout.flush()
                own = os.dup(1)
                os.dup2(2, 1)
                self._own = os.fdopen(own, "wb")

    def write(self, content: bytes) -> None:
        """Print content."""
        stream = self._own or sys.stdout.buffer
        stream.write(content)
        if self._own is not None:
            stream.flush()


JSON_OUTPUT: Final = JsonOutput()
"""That of this process."""
