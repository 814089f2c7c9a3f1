"""What several verbs print: JSON on standard output, warnings and the one compilation on standard error."""

from __future__ import annotations

import sys
from functools import cache
from typing import TYPE_CHECKING

from engine.core.errors import escape_controls

if TYPE_CHECKING:
    from engine.core.json_files import Json


def print_json(data: Json) -> None:
    """Print data as a file of JSON would hold them."""
    from engine.core.json_files import to_json

    sys.stdout.buffer.write(to_json(data))


def warn(line: str) -> None:
    """Print what does not end the verb, but has to be known."""
    sys.stderr.write(f"warning: {line}\n")


@cache
def warn_of_compilation() -> None:
    """Tell once, should a kernel be compiled, why nothing else seems to happen."""
    from engine.simulation.kernel.jit import CACHE_REFUSAL, announce_compilation

    remedy = "name a folder of your own in NUMBA_CACHE_DIR"
    often = f"every time: {escape_controls(CACHE_REFUSAL)}; {remedy}" if CACHE_REFUSAL else "once for this installation"
    announce_compilation(lambda: sys.stderr.write(f"compiling numerical kernels (10 to 30 s), {often}\n"))
